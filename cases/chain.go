package cases

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"fokker/cases/sgd"
	"fokker/grid"
	"fokker/operators"
	"fokker/solvers"
)

// Chain is the optimiser's own Markov chain in the place of an equation: a step
// θ ← θ − η ĝ with the batch noise of every step, Gaussian or batch by batch.
type Chain struct {
	Batches *sgd.Batches // all that there are; nil: Gaussian with their covariance
}

const (
	cheapBatches = 64      // as many cost no more than the cells of a Gaussian
	mostBatches  = 1 << 16 // some seconds on 1000 cells
)

// readBatches chooses how the batches of an optimiser on data are followed.
func (r *reader) readBatches(o *optimiser, p *Problem) {
	listed := p.descent != nil && p.descent.Data.Listed()
	count, exact := 0.0, listed && o.noise == sgd.Gradient
	if exact {
		count = p.descent.CountBatches()
	}
	asked := r.text(o.table, "batches", "")
	e := o.table.find("batches")
	switch {
	case asked == "enumerated" && !listed:
		r.fail(e.line, "sgd.batches", `found "enumerated" for a population`, `"gaussian"`, "a finite number of examples comes from `data`")
	case asked == "enumerated" && !exact:
		r.fail(e.line, "sgd.batches", fmt.Sprintf(`found "enumerated" beside noise = %q`, o.table.find("noise").value), `noise = "gradient"`, "batches have the noise that they have")
	case asked == "enumerated" && count > mostBatches:
		r.fail(e.line, "sgd.batches", fmt.Sprintf("found %.4g different batches of %v among %d examples", count, o.batch, p.descent.Data.Len()), fmt.Sprintf("at most %d", mostBatches), `batches = "gaussian" has their mean and covariance`)
	case asked == "enumerated" || asked == "" && exact && count <= cheapBatches:
		p.Chain.Batches = p.descent.Enumerate()
		r.fill(o.table, "batches", "enumerated")
	default:
		r.fill(o.table, "batches", "gaussian")
	}
}

// diffusing returns the case with the diffusion of first order in the place of its
// chain: far outside, where a box is looked for, cells are wider than any step.
func (c *Case) diffusing() *Case {
	if c.Problem.Chain == nil {
		return c
	}
	out, p := *c, *c.Problem
	out.Problem, p.Chain, p.coupled = &p, nil, p.coupling()
	return &out
}

// Steps is the law of a step of the optimiser, whether or not the case asks for its
// chain: batch by batch where that was chosen, otherwise Gaussian.
func (p *Problem) Steps() operators.Steps {
	if p.Chain != nil && p.Chain.Batches != nil {
		return operators.Discrete{Moves: p.Chain.Batches}
	}
	return operators.Normal{Process: p.Process, Interval: p.LearningRate}
}

// keptRows is the memory in bytes up to which the rows of a chain are kept: 128² cells
// with some thousand probabilities each.
const keptRows = 2 << 30

// Kernel makes the chain of the optimiser on a grid.
func (p *Problem) Kernel(g *grid.Grid, workers int) (*operators.Kernel, error) {
	k, err := operators.NewKernel(g, p.Steps(), workers, p.rowBudget())
	var wide *operators.WideError
	if errors.As(err, &wide) {
		return nil, &Mistake{File: p.file, Key: "axis.cells", Found: fmt.Sprintf("a step of the chain leads to %d cells: the rows that are made at a time take %s", wide.Cells, size(wide.Bytes)), Expected: "at most " + size(wide.Most), Hint: "fewer cells, a smaller learning rate or fewer workers"}
	}
	if err != nil {
		return nil, p.explain(err)
	}
	return k, nil
}

// rowBudget is what rows may take in bytes.
func (p *Problem) rowBudget() float64 {
	if limit := p.memoryLimit(); limit > 0 {
		return min(keptRows, limit/2)
	}
	return keptRows
}

// checkSteps refuses a mesh whose cells are wider than twice a step's deviation
// everywhere: their own variance would take the place of the step's.
func (p *Problem) checkSteps(k *operators.Kernel) error {
	for axis := range p.Axes {
		variance, _ := k.Noise(axis)
		if err := p.checkStep(axis, slices.Max(variance), slices.Min(k.Mesh().Widths(axis))); err != nil {
			return err
		}
	}
	return nil
}

// checkStep does so for an axis, with the largest variance and the smallest cell.
func (p *Problem) checkStep(axis int, most, width float64) error {
	a, std := p.Axes[axis], math.Sqrt(most)
	if std > rounding*max(math.Abs(a.Lo), math.Abs(a.Hi)) && 2*std < width { // less is no noise at all
		return &narrowSteps{Mistake{
			File: p.file, Key: "axis." + a.Name,
			Found:    fmt.Sprintf("a step of the chain has a standard deviation of at most %.3g along %s, less than half of a cell, %.3g", std, a.Name, width),
			Expected: fmt.Sprintf("at least %.0f cells", math.Ceil((a.Hi-a.Lo)/(2*std))),
			Hint:     `more cells or a narrower range; model = "diffusion" does without steps`,
		}}
	}
	return nil
}

// narrowSteps is that cells are too wide for the steps of a chain.
type narrowSteps struct{ Mistake }

func (n *narrowSteps) Unwrap() error { return &n.Mistake }

// checkStepsOn does so for the cells of a survey.
func (p *Problem) checkStepsOn(s *survey) error {
	for axis := range p.Axes {
		if s.grid == nil {
			return nil
		}
		if err := p.checkStep(axis, 2*p.LearningRate*s.axis[axis].noise, slices.Min(s.grid.Widths(axis))); err != nil {
			return err
		}
	}
	return nil
}

// ChainResult says what the chain was.
type ChainResult struct {
	Batches string             `json:"batches"`          // "gaussian" or "enumerated"
	Count   int                `json:"distinct_batches"` // enumerated; 0: Gaussian
	Step    float64            `json:"step"`             // time of one
	Entries int                `json:"probabilities"`    // of all rows together
	Kept    bool               `json:"kept"`             // false: made anew in every step
	Added   map[string]float64 `json:"added_variance"`   // by cells over that of a step, means over the last law
}

// assembleChain makes the chain. On the coarser meshes that errors come from, cells may
// be wider than steps: that is in the errors.
func (r *run) assembleChain() (err error) {
	if r.chain, err = r.problem.Kernel(r.grid, r.workers); err != nil {
		return err
	}
	if r.result.of != nil {
		if err := r.problem.checkSteps(r.chain); err != nil {
			return err
		}
	}
	entries, kept := r.chain.Entries()
	out := &ChainResult{Batches: "gaussian", Step: r.chain.Time(), Entries: entries, Kept: kept, Added: map[string]float64{}}
	if b := r.problem.Chain.Batches; b != nil {
		out.Batches, out.Count = "enumerated", len(b.Weights())
	}
	r.result.Chain = out
	return nil
}

// method names the chain and how its law was found.
func (c *ChainResult) method(how string) string {
	if c.Count > 0 {
		return fmt.Sprintf("chain (%d batches), %s", c.Count, how)
	}
	return "chain (Gaussian batches), " + how
}

// chainLaw solves for the stationary law of the chain.
func (r *run) chainLaw() (*solvers.Law, error) {
	task := r.problem.Stationary
	law, err := solvers.StationaryChain(r.chain, r.settings("stationary", task.Method, task.Tolerance))
	if err == nil {
		law.Method = r.result.Chain.method(law.Method)
	}
	return law, err
}

// steps follows the chain to every time.
func (r *run) steps() (*solvers.Evolution, error) {
	counts := make([]int, len(r.problem.Evolve.Times))
	for i, t := range r.problem.Evolve.Times {
		counts[i] = int(math.Round(t / r.problem.LearningRate))
	}
	e, err := solvers.Steps(r.chain, r.initial, counts, r.settings("evolve", "", 0))
	if err == nil {
		e.Method, e.Times = r.result.Chain.method(e.Method), r.problem.Evolve.Times
	}
	return e, err
}

// weighAdded notes what the cells add to the variance of a step, under a law of a task.
func (r *run) weighAdded(task string, law []float64) {
	for axis, a := range r.problem.Axes {
		variance, added := r.chain.Noise(axis)
		own, more := 0.0, 0.0
		for i, m := range law {
			own, more = own+m*variance[i], more+m*added[i]
		}
		share := more / own // infinite where steps have no noise
		r.result.Chain.Added[a.Name] = share
		switch {
		case math.IsInf(share, 1):
			r.warn("%s: steps have no noise along %s: the law's width there is that of cells", task, a.Name)
		case share > noticeable:
			r.warn("%s: cells add %s to the variance of steps along %s: smaller ones would change the figures to second order", task, percent(share), a.Name)
		}
	}
}

// wholeSteps moves the outputs of a chain to whole steps, and refuses times asked for
// that are none.
func (r *reader) wholeSteps(t *table, p *Problem) {
	const rounding = 1e-9 // of a step
	e := p.Evolve
	var times []float64
	for _, v := range e.Times {
		n := math.Round(v / p.LearningRate)
		if listed := t.find("times"); listed != nil && math.Abs(v/p.LearningRate-n) > rounding*max(1, n) {
			r.fail(listed.line, "evolve.times", fmt.Sprintf("found %v, which is %.6g steps", v, v/p.LearningRate), fmt.Sprintf("whole multiples of the learning rate, such as %.6g", n*p.LearningRate), "a chain has no law between its steps")
			return
		}
		if at := n * p.LearningRate; len(times) == 0 || at > times[len(times)-1] {
			times = append(times, at)
		}
	}
	e.Times = times
}

// lawOn returns the stationary law on another grid.
func (p *Problem) lawOn(g *grid.Grid, s *solvers.Settings) (*solvers.Law, error) {
	if p.Chain != nil {
		k, err := p.Kernel(g, s.Workers)
		if err != nil {
			return nil, err
		}
		return solvers.StationaryChain(k, s)
	}
	q, err := p.Generator(g, s.Workers)
	if err != nil {
		return nil, err
	}
	return solvers.Stationary(q, s)
}

// rows says what the rows of a chain need.
func (d *description) rows() {
	p := d.Problem
	g, err := p.Grid()
	if err != nil {
		return // said by the survey
	}
	touched, err := operators.Touched(g, p.Steps(), p.rowBudget())
	if err != nil {
		return
	}
	entries := touched * float64(p.size())
	kept := "kept"
	if 8*entries > keptRows {
		kept = "made anew in every step, which takes some fifty times as long"
	}
	d.line("chain", fmt.Sprintf("a step leads to about %.0f cells from each; %.3g probabilities in all, %s, %s", touched, entries, size(8*entries), kept))
	d.line("time", "very roughly "+duration(p.chainSeconds(entries)))
}

// Seconds per probability, to make and to use it once, and how often a stationary law
// uses them.
const (
	makingOne = 6e-8
	usingOne  = 1e-9
	usesOfLaw = 60
)

func (p *Problem) chainSeconds(entries float64) float64 {
	making, uses := makingOne, 0.0
	if p.Stationary != nil {
		uses = usesOfLaw
	}
	if e := p.Evolve; e != nil {
		uses += e.Times[len(e.Times)-1] / p.LearningRate
	}
	if 8*entries > keptRows {
		making *= uses
	}
	return entries * (making + usingOne*uses)
}
