package cases

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"fokker/cases/expr"
	"fokker/grid"
	"fokker/solvers"
)

// QuasistationaryTask asks for the law of what has not left a region for long.
type QuasistationaryTask struct {
	Method    string
	Tolerance float64
	Within    *Observable // 1 at the centres of the cells of the region; nil: the box
}

// QuasistationaryResult is that law, and the rate at which it leaves.
type QuasistationaryResult struct {
	Method     string   `json:"method"`
	Iterations int      `json:"iterations"`
	WorkUnits  float64  `json:"work_units"`
	Seconds    float64  `json:"seconds"`
	EscapeRate float64  `json:"escape_rate"` // per unit time
	PerStep    *float64 `json:"per_step"`    // of a chain: −ln λ
	Cells      int      `json:"cells"`       // of the region
	Figures
	Exit  map[string]float64    `json:"exit_mean"` // of where it leaves from
	Error *QuasistationaryError `json:"error,omitempty"`

	Masses []float64 `json:"-"`
}

// QuasistationaryError is the estimated distance of every figure from that of the
// process.
type QuasistationaryError struct {
	Figures
	EscapeRate float64  `json:"escape_rate"`
	PerStep    *float64 `json:"per_step"`
}

// readQuasistationary reads the task. The names of the optimiser's observables are
// known to its region, as in loss < 0.1.
func (r *reader) readQuasistationary(t *table, p *Problem) {
	p.Quasistationary = &QuasistationaryTask{Method: r.regionMethod(t, p), Tolerance: r.positive(t, "tolerance", p.tolerance(1e-8, 1e-3))}
	r.fill(t, "tolerance", p.tolerance(1e-8, 1e-3))
	if p.Unsteady {
		r.fail(t.line, "quasistationary", "the coefficients depend on t: no law is kept by them", "", "ask for [evolve]")
	}
	if p.Order != 0 {
		r.fail(t.line, "quasistationary", fmt.Sprintf("found beside order %v", p.Order), "order 2", "")
	}
	if p.Stationary == nil && p.Evolve == nil && slices.ContainsFunc(p.Axes, func(a AxisSpec) bool { return a.open(0) || a.open(1) }) {
		r.fail(t.line, "quasistationary", "found alone with a range that is left open", "a `range` for every axis", "a box is sought by a stationary law, or one in time")
	}
	e := t.find("within")
	switch {
	case e != nil:
		p.Quasistationary.Within = r.readRegion(e, join(t.path, "within"), p)
	case !p.loses():
		r.fail(t.line, "quasistationary", "found no region, in a box that nothing leaves", "`within`, such as \"x < 0\"", "or absorbing ends")
	}
}

// regionMethod reads the method, of which a generator has one.
func (r *reader) regionMethod(t *table, p *Problem) string {
	if p.Chain == nil {
		return r.choice(t, "method", "", "gth")
	}
	return r.choice(t, "method", "", "gth", "lumping")
}

// readRegion reads a comparison that says where a region is.
func (r *reader) readRegion(e *entry, path string, p *Problem) *Observable {
	var own []Observable
	for _, o := range p.Observables {
		if o.node == nil && r.scope.Variable(o.Name) == nil { // unless the case calls something else so
			own = append(own, o)
		}
	}
	inputs := p.names()
	for _, o := range own {
		inputs = append(inputs, o.Name)
	}
	before := len(r.mistakes)
	n := r.node(r.scope, e.line, path, e.value)
	if len(r.mistakes) > before {
		return nil
	}
	if !n.Boolean() {
		r.fail(e.line, path, describe(e.value), `a comparison, such as "x < 0"`, "")
		return nil
	}
	program, err := expr.Compile(inputs, n)
	if err != nil {
		r.failExpression(e.line, path, err)
		return nil
	}
	o := &Observable{Name: "within", node: n, points: 1, file: r.file, line: e.line, key: path}
	o.at = func(dst []float64, x [][]float64, t float64) {
		in := append([][]float64(nil), x...)
		for _, one := range own {
			values := make([]float64, len(dst))
			one.at(values, x, t)
			in = append(in, values)
		}
		program.Eval([][]float64{dst}, in)
	}
	return o
}

// Region returns which cells lie within, by their centres; nil: all.
func (q *QuasistationaryTask) Region(g *grid.Grid) ([]bool, error) {
	if q.Within == nil {
		return nil, nil
	}
	phi, err := q.Within.OnCells(g, 0)
	within := make([]bool, len(phi))
	for i, v := range phi {
		within[i] = v != 0
	}
	return within, err
}

// survivors solves for the law within the region, and returns its figures.
func (r *run) survivors() (*solvers.Survivors, Figures, error) {
	task := r.problem.Quasistationary
	within, err := task.Region(r.grid)
	if err != nil {
		return nil, Figures{}, err
	}
	if within != nil && !slices.Contains(within, true) {
		return nil, Figures{}, &Mistake{File: task.Within.file, Line: task.Within.line, Key: task.Within.key, Found: "no cell has its centre in the region", Expected: "one at least", Hint: "another region, or more cells"}
	}
	s := r.settings("quasistationary", task.Method, task.Tolerance)
	var q *solvers.Survivors
	if r.chain != nil {
		if q, err = solvers.QuasistationaryChain(r.chain, within, s); err == nil && r.result.Chain != nil {
			q.Method = r.result.Chain.method(q.Method)
		}
	} else {
		q, err = r.remaining(within, s)
	}
	switch {
	case errors.Is(err, solvers.ErrStays):
		return nil, Figures{}, fmt.Errorf("%w that leaves the region: mass need not ever leave it, the escape rate is 0", ErrNoLaw)
	case err != nil:
		return nil, Figures{}, err
	}
	figures, err := r.figures.of(q.Mass, 0)
	return q, figures, err
}

// remaining solves for the law of an equation. A region that is a box of cells ends at
// their faces, as at absorbing walls, to second order; any other where the centre of a
// cell outside is reached.
func (r *run) remaining(within []bool, s *solvers.Settings) (*solvers.Survivors, error) {
	axes, box := r.grid.Box(within)
	if !box {
		return solvers.Quasistationary(r.generator, within, s)
	}
	g, err := grid.New(axes...)
	if err != nil {
		return nil, err
	}
	generator, err := r.problem.Generator(g, r.workers)
	if err != nil {
		return nil, err
	}
	inside := *s
	inside.Initial = nil
	for i, m := range s.Initial {
		if within[i] {
			inside.Initial = append(inside.Initial, m)
		}
	}
	q, err := solvers.Quasistationary(generator, nil, &inside)
	if err != nil {
		return nil, err
	}
	part := *q
	q.Mass, q.Leaves = make([]float64, len(within)), make([]float64, len(within))
	at := 0
	for i, yes := range within {
		if yes {
			q.Mass[i], q.Leaves[i] = part.Mass[at], part.Leaves[at]
			at++
		}
	}
	return q, nil
}

// quasistationary does the task.
func (r *run) quasistationary() error {
	if r.problem.Quasistationary == nil {
		return nil
	}
	begin := time.Now()
	r.options.Progress("quasistationary", 0)
	q, figures, err := r.survivors()
	if err != nil {
		return err
	}
	r.seen.quasistationary = &survival{figures, r.perTime(q.Rate)}
	out := &QuasistationaryResult{
		Method: q.Method, Iterations: q.Iterations, WorkUnits: q.WorkUnits, EscapeRate: r.perTime(q.Rate),
		Figures: figures, Masses: q.Mass, Exit: map[string]float64{},
	}
	if r.chain != nil {
		out.PerStep = &q.Rate
		r.weighAdded("quasistationary", q.Mass)
	}
	leaving := make([]float64, len(q.Mass))
	for i, m := range q.Mass {
		leaving[i] = m * q.Leaves[i]
		if m > 0 {
			out.Cells++
		}
	}
	for name, mean := range r.figures.moments(r.figures.read(leaving)).Mean {
		out.Exit[name] = mean
	}
	r.result.Quasistationary = out
	out.Seconds = (r.assembly + time.Since(begin)).Seconds()
	return nil
}

// perTime returns a rate per unit time.
func (r *run) perTime(rate float64) float64 {
	if r.chain != nil {
		return rate / r.chain.Time()
	}
	return rate
}

// survival is what was seen of a quasi-stationary law.
type survival struct {
	figures Figures
	rate    float64
}

// remain reads the law within the region on a coarser mesh.
func (c *coarse) remain() error {
	q, figures, err := c.survivors()
	if err != nil {
		return err
	}
	c.seen.quasistationary = &survival{figures, c.perTime(q.Rate)}
	for i := range c.walls {
		c.walls[i].beyond = 0 // of other laws
	}
	c.quasistationary, err = c.weigh(q.Mass, 0, figures)
	return err
}

// estimateSurvivors writes the errors of the law and of the rate.
func (r *run) estimateSurvivors(meshes []*coarse) error {
	out := r.result.Quasistationary
	e := r.newEstimate(out.Figures, meshes, r.problem.order(), func(c *coarse) Figures { return c.seen.quasistationary.figures })
	e.to, e.at, e.counted = meshes[0].quasistationary, "quasistationary", true
	var err error
	if e.cut, err = r.figures.cuts(out.Masses, 0); err != nil {
		return err
	}
	out.Error = &QuasistationaryError{Figures: out.Figures.mapped(e.of)}
	e.to["escape_rate"] = sensitivity{deviation: out.EscapeRate}
	for k, c := range meshes {
		e.coarser[k]["escape_rate"] = c.seen.quasistationary.rate
	}
	out.Error.EscapeRate = e.of("escape_rate", out.EscapeRate)
	if out.PerStep != nil {
		per := out.Error.EscapeRate * r.problem.LearningRate
		out.Error.PerStep = &per
	}
	return nil
}
