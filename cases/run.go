package cases

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/floats"

	"fokker/grid"
	"fokker/operators"
	"fokker/solvers"
)

// Options of a run. The zero value means the defaults.
type Options struct {
	Workers  int                              // 0: what the case or the machine says
	Errors   bool                             // estimate the error of every figure, unless the case says no: two runs more, on coarser meshes
	Progress func(phase string, done float64) // called now and then from one goroutine
	// Best is called in the search for an accuracy after every mesh with what there is to
	// hand out if nothing better follows, and by how much it misses.
	Best func(r *Result, miss error)
}

// run is one run of a case.
type run struct {
	ctx       context.Context
	problem   *Problem
	options   Options
	workers   int
	grid      *grid.Grid
	generator operators.Generator
	chain     *operators.Kernel // instead of a generator
	assembly  time.Duration
	initial   []float64
	other     []float64 // a stationary law to compare with; nil: none
	known     *knownLaw // from a point, whatever the mesh; nil: none
	figures   *figures
	seen      readings
	beside    map[string]float64 // figures on the finer of the coarser meshes; nil: none
	negative  float64            // the most negative mass of a law, made positive
	moved     float64            // the most that a projection on nonnegative laws changed one, L1
	// unresolved is that most of a law lies in single cells, and its errors say little.
	unresolved bool
	outrun     bool // most of it lies in cells that spread it by more than its noise does
	result     *Result
}

// Run does every task of the case. The result's fields have the names of
// summary.json. Errors are Mistakes where the case is at fault, ErrNoLaw where
// the answer is no, *solvers.NotConverged where there is none. With ErrNoLaw come
// the results of the other tasks.
func (c *Case) Run(ctx context.Context, o Options) (*Result, error) {
	if c.Problem.Accuracy > 0 {
		return c.reach(ctx, o)
	}
	r := c.newRun(ctx, o)
	return r.outcome(r.do())
}

// outcome is what there is to hand out after an error.
func (r *run) outcome(err error) (*Result, error) {
	if err == nil || errors.Is(err, ErrNoLaw) && r.result.answers() {
		return r.result, err
	}
	return nil, err
}

// answers reports whether some task has its law.
func (r *Result) answers() bool {
	return r.Stationary != nil || r.Evolve != nil || r.Quasistationary != nil
}

func (c *Case) newRun(ctx context.Context, o Options) *run {
	if o.Progress == nil {
		o.Progress = func(string, float64) {}
	}
	r := &run{ctx: ctx, problem: c.Problem, options: o, workers: c.Problem.workers(o.Workers)}
	r.result = &Result{Schema: 1, Case: c.Name, Version: Version, of: c}
	return r
}

// do does every task.
func (r *run) do() error {
	p := r.problem
	if err := p.checkMemory(); err != nil {
		return err
	}
	steps := []func() error{r.assemble, r.start, r.stationary, r.evolve, r.quasistationary, r.warnNegative, r.learning, r.influence, r.errors}
	var no error
	for _, step := range steps {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		err := step()
		if errors.Is(err, ErrNoLaw) && (p.Evolve != nil || p.Quasistationary != nil || r.result.Stationary != nil) {
			no = errors.Join(no, err)
			continue
		}
		if err != nil {
			return err
		}
	}
	return no
}

func (r *run) assemble() (err error) {
	begin := time.Now()
	r.options.Progress("assemble", 0)
	if r.grid == nil {
		if r.grid, err = r.problem.Grid(); err != nil {
			return err
		}
	}
	if r.problem.Chain != nil {
		err = r.assembleChain()
	} else {
		r.generator, err = r.problem.Generator(r.grid, r.workers)
	}
	if err != nil {
		return err
	}
	r.assembly = time.Since(begin)
	r.result.Grid = r.grid
	for k := range r.grid.Dim() {
		r.result.Cells = append(r.result.Cells, r.grid.Cells(k))
	}
	if r.figures, err = r.problem.figures(r.grid); err != nil {
		return err
	}
	r.figures.take(r.generator)
	r.warnQuadrature()
	return nil
}

func (r *run) start() (err error) {
	if r.problem.Initial == nil {
		return nil
	}
	var cut float64
	r.initial, cut, err = r.problem.Initial.Masses(r.grid)
	r.result.Initial = &InitialResult{Cut: cut}
	if cut > 1e-6 { // more than any figure would be asked to
		r.warn("the walls cut off %s of the initial law", percent(cut))
	}
	return err
}

func (r *run) warn(format string, args ...any) {
	r.result.Warnings = append(r.result.Warnings, fmt.Sprintf(format, args...))
}

func (r *run) settings(phase, method string, tolerance float64) *solvers.Settings {
	return &solvers.Settings{
		Method: method, Tolerance: tolerance, Period: r.problem.Period, Nonnegative: r.problem.Nonnegative, Workers: r.workers, Initial: r.initial, Context: r.ctx,
		Progress: func(done float64) { r.options.Progress(phase, done) },
	}
}

func (r *run) stationary() error {
	if r.problem.Stationary == nil {
		return nil
	}
	begin := time.Now()
	law, err := r.law()
	if err != nil {
		return err
	}
	if err := r.checkWalls(law.Mass); err != nil {
		return err
	}
	if err := r.checkExistence(law); err != nil {
		return err
	}
	figures, err := r.figures.of(law.Mass, 0)
	if err != nil {
		return err
	}
	r.seen.stationary, r.seen.law = &figures, law
	r.result.Stationary = &StationaryResult{
		Method: law.Method, Residual: law.Residual, Iterations: law.Iterations, WorkUnits: law.WorkUnits,
		Min: slices.Min(law.Mass), WallMass: r.figures.wallMass(law.Mass), Figures: figures,
		Masses: law.Mass, Logs: law.Log,
	}
	if r.chain == nil { // whose steps go through no faces
		q := r.generator
		if strings.HasPrefix(law.Method, solvers.Streams) {
			q = solvers.Limited(q, law.Mass)
		}
		r.result.Stationary.Current = r.currents(q, law.Mass)
	}
	err = r.aboutLaw(r.result.Stationary, law)
	r.result.Stationary.Seconds = (r.assembly + time.Since(begin)).Seconds()
	return err
}

// law solves for the stationary law.
func (r *run) law() (*solvers.Law, error) {
	task := r.problem.Stationary
	r.options.Progress("stationary", 0)
	var law *solvers.Law
	var err error
	if r.chain != nil {
		law, err = r.chainLaw()
	} else {
		s := r.settings("stationary", task.Method, task.Tolerance)
		s.Other = r.other
		law, err = solvers.Stationary(r.generator, s)
	}
	if errors.Is(err, solvers.ErrLost) {
		return nil, r.problem.lost()
	}
	if err != nil {
		return nil, err
	}
	if law.Mass == nil {
		return nil, &separate{Mistake{File: r.problem.file, Key: "stationary", Found: fmt.Sprintf("there are %d closed classes, none of which leads to another", len(law.Classes)), Expected: "[initial], which decides how likely each is", Hint: "a face that nothing crosses, or noise and drift that vanish, divide the box"}}
	}
	return law, nil
}

// separate is that cells fall into several closed classes, as the law may on too few of
// them, where rates between them are below the range of float64.
type separate struct{ Mistake }

func (d *separate) Unwrap() error { return &d.Mistake }

func (p *Problem) lost() error {
	return &Mistake{File: p.file, Key: "stationary", Found: "there is no stationary law: all mass is lost", Hint: "[quasistationary] is the law conditional on survival; [evolve] follows what is left"}
}

// aboutLaw adds classes and what is to be warned of.
func (r *run) aboutLaw(out *StationaryResult, law *solvers.Law) (err error) {
	if out.Cross, err = r.cross(law.Mass, 0); err != nil {
		return err
	}
	for _, c := range law.Classes {
		out.Classes = append(out.Classes, r.class(c))
	}
	if r.chain != nil {
		if cut := r.cutMass(law.Mass); cut > 1e-6 {
			r.warn("%s of the stationary mass lies in cells at the walls, where steps beyond them stay: it may be the walls that hold the law, and [quasistationary] with absorbing ends says how fast it leaves (walls = \"both\" says that they belong to the process)", percent(cut))
		}
		r.weighAdded("stationary", law.Mass)
		out.PeriodTwo, err = r.periodTwo(law.Mass)
		return err
	}
	if err := r.warnResolution(law.Mass, 0, strings.HasPrefix(law.Method, solvers.Streams)); err != nil {
		return err
	}
	r.negative = negative(law.Mass)
	if r.problem.Nonnegative {
		out.Moved, r.moved, r.negative = &law.Moved, law.Moved, law.Negative
	}
	r.warnSharpness(out.Observables["sharpness"])
	if cut := r.cutMass(law.Mass); cut > 1e-6 {
		r.warn("%s of the stationary mass lies in cells at the walls; a wider range may be needed (walls = \"both\" says that they belong to the process)", percent(cut))
	}
	return nil
}

func (r *run) class(c solvers.Class) ClassResult {
	out := ClassResult{Probability: c.Probability, Mass: c.Probability * sum(c.Mass), Cells: len(c.Cells), Mean: map[string]float64{}}
	for k := range r.grid.Dim() {
		out.Mean[r.grid.Axis(k).Name] = r.mean(c, k)
	}
	return out
}

// mean returns that of a class along axis k.
func (r *run) mean(c solvers.Class, k int) (mean float64) {
	x := r.grid.Centers(k)
	if len(c.Cells) == r.grid.Size() {
		return floats.Dot(r.figures.along(k, r.figures.read(c.Mass).weights), x)
	}
	for i, cell := range c.Cells {
		mean += c.Mass[i] * x[r.grid.Along(k, cell)]
	}
	return mean
}

// currents returns the flow through the faces of every axis.
func (r *run) currents(q operators.Generator, m []float64) (out [][]float64) {
	flows, ok := q.(operators.Flows)
	if !ok {
		return nil
	}
	if rates, ok := q.(interface{ Exit() []float64 }); ok {
		gross := r.result.gross
		for i, rate := range rates.Exit() {
			if leaves := rate * m[i]; leaves > gross {
				gross = leaves
			}
		}
		r.result.gross = gross
	}
	for k := range r.grid.Dim() {
		n := r.grid.Cells(k)
		flow := grid.Zeros[float64](r.grid.Size() / n * (n + 1))
		flows.Current(k, flow, m)
		out = append(out, flow)
	}
	return out
}

func (r *run) evolve() error {
	if r.problem.Evolve == nil {
		return nil
	}
	begin := time.Now()
	e, err := r.march()
	if err != nil {
		return err
	}
	if tolerance := r.problem.Evolve.Tolerance; e.Error > tolerance {
		r.warn("the error in time is %.2g, above the tolerance %.2g: rounding allows no less", e.Error, tolerance)
	}
	out := newEvolveResult(e, r.problem.LearningRate)
	r.result.Evolve = out
	for i, m := range e.Masses {
		out.Add(r.seen.evolve[i])
		out.Min, out.WallMass = append(out.Min, slices.Min(m)), append(out.WallMass, r.figures.wallMass(m))
	}
	err = r.aboutEnd(out)
	out.Seconds = (r.assembly + time.Since(begin)).Seconds()
	return err
}

// march integrates in time and reads the figures at every output.
func (r *run) march() (*solvers.Evolution, error) {
	r.options.Progress("evolve", 0)
	var e *solvers.Evolution
	var err error
	if r.chain != nil {
		e, err = r.steps()
	} else {
		e, err = r.evolved()
	}
	if err != nil {
		return nil, r.problem.explain(err)
	}
	r.seen.evolve = make([]Figures, len(e.Masses))
	for i, m := range e.Masses {
		if err := r.checkWalls(m); err != nil {
			return nil, err
		}
		if r.seen.evolve[i], err = r.figures.of(m, e.Times[i]); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// evolved returns the laws of an equation: Gaussians as long as they are known to be, and
// what the rates make of the last of them.
func (r *run) evolved() (*solvers.Evolution, error) {
	task := r.problem.Evolve
	if r.known == nil {
		r.known = r.problem.linearise()
	}
	known := r.known
	if known == nil {
		return solvers.Evolve(r.generator, r.initial, task.Times, r.settings("evolve", task.Method, task.Tolerance))
	}
	out := &solvers.Evolution{Report: solvers.Report{Method: localGaussian}, Times: task.Times}
	left := task.Times
	if left[0] == 0 {
		out.Masses, out.Lost, left = append(out.Masses, r.initial), append(out.Lost, 0), left[1:]
	}
	for _, law := range known.laws {
		m, err := known.on(r.grid, r.problem, law).masses(hats)
		if err != nil {
			return nil, err
		}
		out.Masses, out.Lost, left = append(out.Masses, m), append(out.Lost, 0), left[1:]
	}
	out.Error = known.error
	if len(left) == 0 {
		return out, nil
	}
	m, err := known.on(r.grid, r.problem, known.last).masses(quintics)
	if err != nil {
		return nil, err
	}
	later := make([]float64, len(left))
	for i, t := range left {
		later[i] = t - known.end
	}
	rest, err := solvers.Evolve(r.generator, m, later, r.settings("evolve", "", task.Tolerance-known.error))
	if err != nil {
		return nil, err
	}
	rest.Method, rest.Error, rest.Times = out.Method+", "+rest.Method, rest.Error+known.error, out.Times
	rest.Masses, rest.Lost = append(out.Masses, rest.Masses...), append(out.Lost, rest.Lost...)
	return rest, nil
}

// localGaussian is the method by which laws from a point begin.
const localGaussian = "local linearisation"

// aboutEnd adds what there is to say of the last law.
func (r *run) aboutEnd(out *EvolveResult) error {
	last := len(out.Times) - 1
	law, at := out.Masses[last], out.Times[last]
	if r.chain != nil {
		r.weighAdded(atTime(at), law)
		return nil
	}
	q, err := r.at(at)
	if err != nil {
		return err
	}
	if strings.HasSuffix(out.Method, solvers.Strang) {
		q = solvers.Limited(q, law)
	}
	out.Current = r.currents(q, law)
	for _, m := range out.Masses {
		r.negative = max(r.negative, negative(m))
	}
	for _, moved := range out.Moved {
		r.moved = max(r.moved, moved)
	}
	if out.Cross, err = r.cross(law, at); err != nil {
		return err
	}
	if r.result.Stationary == nil { // which has said the same of its law
		if err := r.warnResolution(law, at, strings.HasSuffix(out.Method, solvers.Strang)); err != nil {
			return err
		}
		if sharpness := out.Observables["sharpness"]; sharpness != nil {
			r.warnSharpness(sharpness[last])
		}
	}
	return nil
}

// cross measures cross-diffusion under a law and warns where it matters.
func (r *run) cross(law []float64, t float64) (*float64, error) {
	if r.problem.Order != 0 { // is that of generators
		return nil, nil
	}
	c, ok, err := r.problem.crossDiffusion(r.grid, law, t)
	if err != nil || !ok {
		return nil, err
	}
	share := c.added / c.trace
	if c.added > c.across && share > negligible {
		r.warn("%s", c.warning("the law"))
	}
	return &share, nil
}

func (r *run) at(t float64) (operators.Generator, error) {
	if timed, ok := r.generator.(operators.Timed); ok {
		q, err := timed.At(t)
		if err != nil {
			return nil, r.problem.explain(err)
		}
		return q, nil
	}
	return r.generator, nil
}

// observables are those of the case, and the potential last where a
// temperature makes it an energy.
func (p *Problem) observables() []Observable {
	if _, ok := p.temperature(); !ok {
		return p.Observables
	}
	u := p.reversible
	energy := Observable{Name: "potential", points: 1, timed: p.Unsteady, node: p.equation.gibbs.potential, file: p.file, key: "process.potential"}
	energy.at = func(dst []float64, x [][]float64, t float64) { u.Potential(dst, x, t) }
	return append(slices.Clone(p.Observables), energy)
}

// temperature returns the one temperature of a process in a potential.
func (p *Problem) temperature() (float64, bool) {
	if p.reversible == nil {
		return 0, false
	}
	t := p.reversible.Temperature()
	for _, other := range t {
		if other != t[0] {
			return 0, false
		}
	}
	return t[0], true
}

// cutMass is the mass in cells at ends that may cut the law. Of a periodic range or a
// wall of the process, mass is no sign of a box too small.
func (r *run) cutMass(m []float64) (total float64) {
	for k, a := range r.problem.Axes {
		if a.Ends[0] == grid.Periodic || r.grid.Cells(k) == 1 {
			continue
		}
		marginal := r.figures.along(k, m)
		for end, i := range []int{0, len(marginal) - 1} {
			if !a.natural[end] {
				total += marginal[i]
			}
		}
	}
	return total
}
