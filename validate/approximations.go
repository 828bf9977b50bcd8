package validate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"fokker/cases"
	"fokker/cases/rundir"
	"fokker/grid"
	"fokker/validate/compare"
)

// Approximations sets descriptions of an optimiser side by side: diffusions of
// growing order in its learning rate, the chain of its steps with Gaussian batches,
// and particles that are the optimiser. The one nearest to the optimiser is the
// reference.
type Approximations struct {
	Tolerance float64           `json:"tolerance"`
	Particles int               `json:"particles,omitempty"`
	Seed      uint64            `json:"seed"`
	Laws      []Beside          `json:"laws"`
	Missing   map[string]string `json:"missing,omitempty"`       // descriptions without any law, and why
	First     string            `json:"first_failing,omitempty"` // going from the optimiser to its equations
	Cause     string            `json:"cause,omitempty"`
	Words     []string          `json:"words"`
}

// Beside is one law by all descriptions.
type Beside struct {
	Name           string           `json:"name"`
	Time           float64          `json:"time"`
	Step           int              `json:"step"`
	Reference      string           `json:"reference"`
	Models         []Described      `json:"models"`
	TotalVariation []TotalVariation `json:"total_variation"`

	output int // of [evolve]; −1: the stationary law
}

// Described is a law by one description.
type Described struct {
	Name    string     `json:"name"`
	Figures []Compared `json:"figures"`
	Holds   *bool      `json:"holds,omitempty"` // nil of the reference, and where errors are too large to tell
	Worst   string     `json:"worst,omitempty"` // what is furthest from the reference
	Off     float64    `json:"off"`             // by how much: a probability, or standard deviations
	Cause   string     `json:"cause,omitempty"`
	Memory  float64    `json:"memory,omitempty"` // of particles at rest: correlation with where they started
	Law     []float64  `json:"-"`                // masses of cells, of sum 1

	half     []float64 // the same on half as many cells along every axis; nil: unknown
	far      bool      // fails by a probability or the total variation
	gone     float64   // mass that is lost
	halfGone float64   // the same with half as many cells
	number   float64   // of particles; 0: the law is one of a mesh
	start    []float64 // the law that particles at rest started from; nil: they have forgotten it
}

// Compared is a figure, with what mesh and sampling may have done to it.
type Compared struct {
	Name     string  `json:"name"`
	Value    float64 `json:"value"`
	Mesh     float64 `json:"mesh_error"`
	Sampling float64 `json:"sampling_error"` // standard

	unit        float64 // that Tolerance counts in
	probability bool
}

// TotalVariation is ½Σ|p − q| of two descriptions, over parts of the box that hold
// enough particles if one of the two is made of these.
type TotalVariation struct {
	Between  [2]string `json:"between"`
	Value    float64   `json:"value"`
	Mesh     float64   `json:"mesh_error"`
	Sampling float64   `json:"sampling_error"` // the mean distance of so many samples from their own law
}

// Approximate does the task [compare] of a case, as run, with the result at hand.
func Approximate(ctx context.Context, c *cases.Case, r *cases.Result, o Options) (*Approximations, error) {
	task := c.Problem.Compare
	a := &approximating{ctx: ctx, of: c, result: r, options: o, task: task, lawless: map[string]bool{}}
	a.out = &Approximations{Tolerance: task.Tolerance, Seed: task.Seed, Missing: map[string]string{}}
	a.list()
	if len(a.out.Laws) == 0 {
		return nil, c.Problem.Mistaken("compare", "there is no law to compare", "[stationary], or steps of [evolve]", "")
	}
	for _, name := range task.Models {
		err := a.describe(name)
		if errors.Is(err, context.DeadlineExceeded) {
			a.out.Missing[name] = "its laws take longer than the time limit"
		} else if err != nil {
			return nil, err
		}
	}
	for i := range a.out.Laws {
		if err := a.measure(&a.out.Laws[i]); err != nil {
			return nil, err
		}
	}
	return a.out, a.conclude()
}

// approximating is the state of a comparison.
type approximating struct {
	ctx     context.Context
	of      *cases.Case
	result  *cases.Result
	options Options
	task    *cases.CompareTask
	half    *grid.Grid      // with half as many cells along every axis
	lawless map[string]bool // descriptions without a stationary law
	out     *Approximations
}

func (a *approximating) list() {
	rate := a.of.Problem.LearningRate
	for _, t := range a.task.Times {
		step := math.Round(t / rate)
		a.out.Laws = append(a.out.Laws, Beside{Name: fmt.Sprintf("step %.0f", step), Time: t, Step: int(step)})
	}
	if a.of.Problem.Stationary != nil {
		a.out.Laws = append(a.out.Laws, Beside{Name: "stationary", output: -1})
	}
}

// describe adds the laws by one description.
func (a *approximating) describe(name string) error {
	if name == algorithm {
		return a.descend()
	}
	r, err := a.solve(name, 1)
	if err != nil {
		a.missing(name, err)
	}
	coarse, _ := a.solve(name, 2) // without one, errors of the mesh are not known
	if late := a.ctx.Err(); late != nil && (r == nil || !errors.Is(late, context.DeadlineExceeded)) {
		return late
	}
	for i := range a.out.Laws {
		l := &a.out.Laws[i]
		m, gone := l.masses(r)
		if m == nil {
			continue
		}
		d := Described{Name: name, Law: divided(m, compare.Sum(m)), gone: gone}
		if half, gone := l.masses(coarse); half != nil {
			a.half, d.half, d.halfGone = coarse.Grid, divided(half, compare.Sum(half)), gone
		}
		l.Models = append(l.Models, d)
	}
	return nil
}

// missing notes why a description lacks laws.
func (a *approximating) missing(name string, err error) {
	a.lawless[name] = errors.Is(err, cases.ErrNoLaw)
	text := err.Error()
	var one *cases.Mistake
	if errors.As(err, &one) { // of a file that was read again: its lines are none of the user's
		text = one.Key + ": " + one.Found
	}
	a.out.Missing[name] = text
}

// solve solves a description on the mesh of the run, with so many times fewer cells.
func (a *approximating) solve(name string, fewer int) (*cases.Result, error) {
	if fewer == 1 && name == a.of.Model() {
		return a.result, nil
	}
	c, err := a.of.As(name)
	if err != nil {
		return nil, err
	}
	p := c.Problem
	for k := range p.Axes {
		p.Axes[k].Cells = (p.Axes[k].Cells + fewer - 1) / fewer
	}
	if p.Evolve != nil {
		p.Evolve.Times = a.task.Times
	}
	return c.Run(a.ctx, a.options.solving(name))
}

// masses returns those of a result and what is lost, nil if it has no such law.
func (l *Beside) masses(r *cases.Result) (masses []float64, lost float64) {
	switch {
	case r == nil:
	case l.output < 0 && r.Stationary != nil:
		return r.Stationary.Masses, 0
	case l.output >= 0 && r.Evolve != nil:
		at := slices.Index(r.Evolve.Times, l.Time)
		return r.Evolve.Masses[at], r.Evolve.Lost[at]
	}
	return nil, 0
}

// algorithm is the description by particles.
const algorithm = "algorithm"

// descend follows the optimiser itself.
func (a *approximating) descend() error {
	p := a.of.Problem
	d := p.Descent()
	if d == nil {
		a.out.Missing[algorithm] = "its examples are not known, only their covariance"
		return nil
	}
	a.out.Particles = a.task.Particles
	paths := Paths{Process: p.Process, Algorithm: d, Axes: a.result.Grid.Axes(), Particles: a.task.Particles, Step: d.Rate, Seed: a.task.Seed, Workers: a.options.Workers}
	if len(a.task.Times) > 0 {
		start, err := starting(p, a.result.Grid)
		if err != nil {
			return err
		}
		paths.Initial = start
		e, err := paths.Run(a.ctx, a.task.Times, a.options.progress(algorithm))
		if err != nil {
			return err
		}
		for i := range e {
			a.count(&a.out.Laws[i], e[i])
		}
	}
	last := &a.out.Laws[len(a.out.Laws)-1]
	if last.output >= 0 || len(last.Models) == 0 {
		return nil
	}
	return a.settle(&paths, last)
}

// count makes a law of particles.
func (a *approximating) count(l *Beside, e Ensemble) {
	weights, alive := counted(a.result.Grid, e)
	if alive == 0 {
		a.out.Missing[algorithm] = fmt.Sprintf("%s: no particle is left", l.Name)
		return
	}
	l.Models = append(l.Models, Described{Name: algorithm, Law: divided(weights, alive), gone: (float64(len(e.Alive)) - alive) / float64(len(e.Alive)), number: alive})
}

// Picture returns the last law by all descriptions, for a picture; nil if there is
// none.
func (a *Approximations) Picture() *rundir.Beside {
	for _, l := range slices.Backward(a.Laws) {
		out := &rundir.Beside{Name: l.Name}
		for _, d := range l.Models {
			if d.number > 0 {
				out.Drawn = d.Law
			} else {
				out.Laws = append(out.Laws, rundir.Described{Name: d.Name, Mass: d.Law})
			}
		}
		if len(out.Laws) > 0 {
			return out
		}
	}
	return nil
}
