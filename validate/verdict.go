package validate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"fokker/cases"
	"fokker/cases/rundir"
	"fokker/validate/compare"
)

const (
	usualParticles = 100_000
	usualLevel     = 1e-3
	mostSteps      = 1000 // to the output that is tested where no time is given
	settling       = 300  // steps, at most, that particles of a stationary law move
)

// Options of a verdict. The zero value means the defaults.
type Options struct {
	Workers  int // 0: what the machine grants
	Progress func(phase string, done float64)
}

// progress reports on a phase.
func (o Options) progress(phase string) func(float64) {
	return func(done float64) {
		if o.Progress != nil {
			o.Progress(phase, done)
		}
	}
}

// solving are the options of a run of which the whole is one phase.
func (o Options) solving(phase string) cases.Options {
	report := o.progress(phase)
	return cases.Options{Workers: o.Workers, Progress: func(_ string, done float64) { report(done) }}
}

// Verdict is what particles say of the laws of a case.
type Verdict struct {
	Particles int            `json:"particles"`        // or samples
	Method    string         `json:"method,omitempty"` // "" of samples, which have neither step nor seed
	Step      float64        `json:"step,omitempty"`   // companions have half of it
	Seed      uint64         `json:"seed"`
	Samples   string         `json:"samples,omitempty"` // the file
	Outside   int            `json:"outside,omitempty"` // samples outside the box, which are not compared
	Tolerance float64        `json:"tolerance,omitempty"`
	Level     float64        `json:"level"` // over all tests
	Tests     []compare.Test `json:"tests"`
	StepBias  []Shift        `json:"step_bias,omitempty"`
	Skipped   []string       `json:"skipped,omitempty"` // for which there are too few particles
	Words     []string       `json:"diagnosis,omitempty"`
	Pass      bool           `json:"pass"`

	Comparisons []Comparison `json:"-"`
}

// Shift is what the step in time does to an expectation of the particles.
type Shift struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Error float64 `json:"error"` // standard
}

// Comparison is a law and the samples held against it.
type Comparison struct {
	Name    string
	Law     *compare.Law
	Weights []float64 // of samples by cell
	Result  *compare.Result
	Worst   float64 // the smallest p-value
}

// Verify draws particles of the case's process, for an optimiser on data those of
// the optimiser as well, and tests whether they have the laws of a run. Particles
// start from [initial], or from the stationary law itself, which they must keep.
// What half as many cells along every axis, and twice as long a step on the same
// noise, change in a law is allowed for.
func Verify(ctx context.Context, c *cases.Case, r *cases.Result, o Options) (*Verdict, error) {
	v := &verifier{ctx: ctx, of: c, result: r, options: o}
	if c.Problem.Validate != nil {
		v.task = *c.Problem.Validate
	}
	v.task.Particles = cmp.Or(v.task.Particles, usualParticles)
	v.task.Level = cmp.Or(v.task.Level, usualLevel)
	v.out = &Verdict{Particles: v.task.Particles, Seed: v.task.Seed, Level: v.task.Level}
	for _, step := range []func() error{v.plan, v.solveCoarse, v.prepare, v.follows, v.try, v.follow, v.split, v.remain, v.descend} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if len(v.out.Tests) == 0 {
		return nil, c.Problem.Mistaken("validate", "there is nothing to test", "a stationary law, outputs of [evolve] after its start, or a region of [quasistationary] that is left often enough", "")
	}
	v.out.Pass = compare.Decide(v.out.Tests, v.task.Level)
	v.explain()
	return v.out, nil
}

// Worst returns the comparison with the least probable test, for a picture; nil if
// there is none.
func (v *Verdict) Worst() *rundir.Comparison {
	if len(v.Comparisons) == 0 {
		return nil
	}
	c := slices.MinFunc(v.Comparisons, func(a, b Comparison) int { return cmp.Compare(a.Worst, b.Worst) })
	out := &rundir.Comparison{Name: c.Name, Law: c.Law.Mass, Samples: divided(c.Weights, compare.Sum(c.Weights)), Effective: c.Result.Effective}
	out.Deviation = make([]float64, len(c.Weights))
	for i, part := range c.Result.Parts.Of {
		out.Deviation[i] = c.Result.Deviation[part]
	}
	return out
}

func smallest(tests []compare.Test) float64 {
	p := 1.0
	for _, t := range tests {
		p = min(p, t.P)
	}
	return p
}

// much is how many standard errors a shift by the step has where more than its
// first order may be at work.
const much = 5

// explain says in words what the tests found.
func (v *verifier) explain() {
	all := func(tests []compare.Test) bool {
		return !slices.ContainsFunc(tests, func(t compare.Test) bool { return !t.Pass })
	}
	equation, optimiser := all(v.out.Tests[:v.equations]), all(v.out.Tests[v.equations:])
	clear := slices.ContainsFunc(v.out.StepBias, func(s Shift) bool { return math.Abs(s.Value) > much*s.Error })
	switch {
	case !equation && clear:
		v.out.Words = append(v.out.Words, fmt.Sprintf("the step may be too long for these tests: a shorter one, such as step = %.2g, tells", v.out.Step/2))
	case equation && !optimiser:
		v.out.Words = append(v.out.Words, v.difference())
	}
}

// difference says what makes the law of the optimiser another than that of the
// particles which have passed.
func (v *verifier) difference() string {
	words, chain := "", v.of.Problem.Chain
	switch {
	case chain == nil:
		words = fmt.Sprintf("particles of the equation have the law, those of the optimiser do not: the difference is that of a finite learning rate, %g", v.of.Problem.LearningRate)
	case chain.Batches == nil:
		words = "particles with Gaussian batch noise have the law, those of the optimiser do not: the difference is that of its batches"
	default:
		words = "the optimiser has another law: cells spread what lies on points, as where few batches lead"
	}
	if v.task.Sampling != "" {
		words += ", and of batches drawn otherwise, " + v.task.Sampling
	}
	return words
}
