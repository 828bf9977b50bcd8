package cases

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Models are the descriptions of an optimiser that [compare] sets side by side:
// diffusions of growing order in the learning rate, the chain of its steps with
// Gaussian batches, and its particles themselves.
var Models = []string{"sde1", "sde2", "sde2+", "chain", "algorithm"}

// CompareTask asks which description of an optimiser has its law.
type CompareTask struct {
	Models    []string // of Models, in their order
	Times     []float64
	Particles int
	Seed      uint64
	Tolerance float64 // of probabilities, and of moments in standard deviations
}

// Defaults of a CompareTask.
const (
	usualCompared  = 200_000
	usualTolerance = 0.04
)

func (r *reader) readCompare(t *table, p *Problem) {
	task := &CompareTask{Models: r.texts(t, "models"), Particles: r.whole(t, "particles", usualCompared, 100), Seed: uint64(r.whole(t, "seed", 0, 0)), Tolerance: r.positive(t, "tolerance", usualTolerance)}
	r.fill(t, "particles", int64(usualCompared))
	r.fill(t, "tolerance", usualTolerance)
	p.Compare = task
	if p.LearningRate == 0 {
		r.fail(t.line, "compare", "found for a process without steps", "[sgd]", "it sets equations of an optimiser beside its steps")
		return
	}
	if task.Tolerance >= 1 {
		r.fail(lineOf(t, "tolerance"), "compare.tolerance", fmt.Sprintf("found %v", task.Tolerance), "a probability, such as 0.04", "")
	}
	if t.find("models") == nil {
		task.Models = slices.Clone(Models)
		r.fill(t, "models", anys(Models))
	}
	for i, name := range task.Models {
		switch {
		case !slices.Contains(Models, name):
			r.fail(lineOf(t, "models"), fmt.Sprintf("compare.models[%d]", i), fmt.Sprintf("found %q", name), strings.Join(Models, ", "), didYouMean(name, Models))
		case slices.Index(task.Models, name) < i:
			r.fail(lineOf(t, "models"), fmt.Sprintf("compare.models[%d]", i), fmt.Sprintf("found %q a second time", name), "", "")
		}
	}
	slices.SortFunc(task.Models, func(a, b string) int { return slices.Index(Models, a) - slices.Index(Models, b) })
	if len(task.Models) < 2 && len(r.mistakes) == 0 {
		r.fail(lineOf(t, "models"), "compare.models", fmt.Sprintf("found %d", len(task.Models)), "two at least", "known: "+strings.Join(Models, ", "))
	}
	r.readCompared(t, p)
}

func anys(words []string) (out []any) {
	for _, w := range words {
		out = append(out, w)
	}
	return out
}

// readCompared makes the steps at which laws are compared outputs: those asked for,
// or the last step of [evolve].
func (r *reader) readCompared(t *table, p *Problem) {
	e := t.find("steps")
	if len(r.mistakes) > 0 {
		return // outputs are not known
	}
	if p.Evolve == nil {
		if e != nil {
			r.fail(e.line, "compare.steps", "found without [evolve]", "", "the stationary law has no steps")
		}
		return
	}
	last := math.Floor(p.Evolve.Times[len(p.Evolve.Times)-1]/p.LearningRate + 1e-9)
	steps := []float64{last}
	if e != nil {
		steps = r.numbers(t, "steps")
	}
	for i, s := range steps {
		if s != math.Trunc(s) || s < 1 || s > last || i > 0 && s <= steps[i-1] {
			r.fail(lineOf(t, "steps"), "compare.steps", fmt.Sprintf("found %v at place %d", s, i), fmt.Sprintf("whole numbers that increase, up to the %v steps of [evolve]", last), "")
			return
		}
		p.Compare.Times = append(p.Compare.Times, p.Evolve.output(s*p.LearningRate))
	}
}

// output returns the output at a time, which becomes one if none is there to
// rounding.
func (t *EvolveTask) output(at float64) float64 {
	i, found := slices.BinarySearch(t.Times, at)
	const rounding = 1e-9
	for _, k := range []int{i - 1, i} {
		if k >= 0 && k < len(t.Times) && math.Abs(t.Times[k]-at) <= rounding*at {
			return t.Times[k]
		}
	}
	if !found {
		t.Times = slices.Insert(t.Times, i, at)
	}
	return at
}

// Model returns which of Models the case solves, "" for a process that is no
// optimiser and for batches that are enumerated.
func (c *Case) Model() string {
	t, ok := c.file.at("sgd")
	if !ok {
		return ""
	}
	word := func(key string) any {
		if e := t.find(key); e != nil {
			return e.value
		}
		return ""
	}
	switch {
	case word("model") == "chain" && word("batches") == "enumerated":
		return ""
	case word("model") == "chain":
		return "chain"
	}
	return fmt.Sprint(word("equation"))
}

// As returns the laws that the case asks for by another description of its optimiser,
// one of Models that has a law on a mesh.
func (c *Case) As(model string) (*Case, error) {
	laws := *c
	laws.file = c.file.without("accuracy", "learning", "influence", "compare", "quasistationary", "validate")
	overrides := []string{"sgd.model=diffusion", "sgd.equation=" + model}
	if model == "chain" {
		overrides = []string{"sgd.model=chain", "sgd.batches=gaussian"}
	}
	out, err := laws.With(overrides...)
	if err != nil {
		return nil, err
	}
	if s := out.Problem.Stationary; s != nil {
		s.Method = ""
	}
	if e := out.Problem.Evolve; e != nil {
		e.Method = ""
	}
	return out, nil
}
