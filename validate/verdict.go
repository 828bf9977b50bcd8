package validate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"fokker/cases"
	"fokker/cases/rundir"
	"fokker/cases/sgd"
	"fokker/grid"
	"fokker/operators"
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

// Verdict is what particles say of the laws of a case.
type Verdict struct {
	Particles int            `json:"particles"`        // or samples
	Method    string         `json:"method,omitempty"` // "" of samples, which have neither step nor seed
	Step      float64        `json:"step,omitempty"`   // the shorter of two
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
	for _, step := range []func() error{v.plan, v.solveCoarse, v.prepare, v.follow, v.descend} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if len(v.out.Tests) == 0 {
		return nil, c.Problem.Mistaken("validate", "there is nothing to test", "a stationary law, or outputs of [evolve] after its start", "")
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
	out := &rundir.Comparison{Name: c.Name, Law: c.Law.Mass, Samples: divided(c.Weights, total(c.Weights)), Effective: c.Result.Effective}
	out.Deviation = make([]float64, len(c.Weights))
	for i, part := range c.Result.Parts.Of {
		out.Deviation[i] = c.Result.Deviation[part]
	}
	return out
}

// verifier is the state of a verdict.
type verifier struct {
	ctx       context.Context
	of        *cases.Case
	result    *cases.Result
	options   Options
	task      cases.ValidateTask
	method    Method
	laws      []*subject
	coarse    *cases.Result
	equations int // tests of particles of the equation, which come first
	out       *Verdict
}

// subject is a law under test.
type subject struct {
	*compare.Law
	name    string
	time    float64 // of [evolve]; 0: stationary
	raw     []float64
	mass    float64 // Σm
	allowed float64 // of the mass
	move    float64 // for how long particles of a stationary law move
}

func (v *verifier) progress(phase string) func(float64) {
	return func(done float64) {
		if v.options.Progress != nil {
			v.options.Progress(phase, done)
		}
	}
}

func (v *verifier) axes() []grid.Axis { return v.result.Grid.Axes() }

// plan chooses what is left open and lists the laws.
func (v *verifier) plan() (err error) {
	p := v.of.Problem
	last := 0.0
	if p.Evolve != nil {
		last = p.Evolve.Times[len(p.Evolve.Times)-1]
	}
	if v.method, err = v.chooseMethod([]float64{last / 3, last}); err != nil {
		return err
	}
	v.out.Method = v.method.String()
	v.listStationary()
	step, err := v.pace()
	if err != nil {
		return err
	}
	v.out.Step = cmp.Or(v.task.Step, step) / 2
	if p.Chain != nil {
		v.out.Method, v.out.Step = "chain", p.LearningRate
	}
	if e := v.result.Evolve; e != nil {
		v.list(v.times(e.Times))
	}
	return v.affordable()
}

// mostMoves is how many steps of how many particles are taken at most: some days.
const mostMoves = 1e14

// affordable refuses what no run would end.
func (v *verifier) affordable() error {
	time := 0.0
	for _, l := range v.laws {
		time = max(time, l.time+l.move)
	}
	moves := float64(v.task.Particles) * 3 * time / (2 * v.out.Step) // with a long step and a half of it
	if time == 0 || moves <= mostMoves {                             // without laws there is no step either
		return nil
	}
	key, found, hint := "validate.particles", fmt.Sprintf("found %d", v.task.Particles), "fewer particles, or earlier times in `at`"
	if v.task.Step > 0 {
		key, found, hint = "validate.step", fmt.Sprintf("found %v", v.task.Step), "a longer step, or earlier times in `at`"
	}
	return v.of.Problem.Mistaken(key, fmt.Sprintf("%s: %d particles take %.2g steps in all", found, v.task.Particles, moves), fmt.Sprintf("at most %g", mostMoves), hint)
}

func (v *verifier) listStationary() {
	if s := v.result.Stationary; s != nil {
		v.laws = append(v.laws, &subject{name: "stationary", raw: s.Masses})
	}
}

// list adds the laws at outputs.
func (v *verifier) list(times []float64) {
	e := v.result.Evolve
	for _, t := range times {
		v.laws = append(v.laws, &subject{name: fmt.Sprintf("t = %.6g", t), time: t, raw: e.Masses[slices.Index(e.Times, t)]})
	}
}

// times returns the outputs under test: those asked for, or the last one within
// the number of steps that a run can afford.
func (v *verifier) times(outputs []float64) []float64 {
	if len(v.task.At) > 0 {
		return v.task.At
	}
	chosen := -1
	for i, t := range outputs {
		if t > 0 && (chosen < 0 || t <= 2*mostSteps*v.out.Step) {
			chosen = i
		}
	}
	if chosen < 0 {
		return nil
	}
	return outputs[chosen : chosen+1]
}

// chooseMethod takes the asked one; or the exact one or BAOAB where they fit,
// Euler's where coefficients cost much, and otherwise Platen's if they exist a
// little beyond the box, where its supports may lie.
func (v *verifier) chooseMethod(times []float64) (Method, error) {
	p := v.of.Problem.Process
	if v.task.Method != "" {
		i := slices.Index(Methods(), v.task.Method)
		if i < 0 {
			return 0, v.of.Problem.Mistaken("validate.method", fmt.Sprintf("no method %q", v.task.Method), "", "there are "+join(Methods()))
		}
		return Method(i), nil
	}
	if _, data := p.(*sgd.Examples); data {
		return EulerMaruyama, nil
	}
	s := probe(p, v.axes(), times)
	switch {
	case s.linear != nil:
		return Exact, nil
	case s.kinetic != nil:
		return BAOAB, nil
	case p.Dim() > 2 && !s.diagonal: // roots of tensors cost as much as all else together
		return EulerMaruyama, nil
	case v.existsBeyond(times):
		return Platen, nil
	}
	return EulerMaruyama, nil
}

func join(names []string) string {
	out := ""
	for i, n := range names {
		if i > 0 {
			out += ", "
		}
		out += n
	}
	return out
}

// existsBeyond reports whether coefficients are finite in a box wider by a tenth.
func (v *verifier) existsBeyond(times []float64) bool {
	axes := v.axes()
	for k, a := range axes {
		lo, hi := a.Edges[0], a.Edges[a.Cells()]
		axes[k].Edges = []float64{lo - (hi-lo)/20, hi + (hi-lo)/20}
	}
	for _, t := range append([]float64{0}, times...) {
		l := newLook(v.of.Problem.Process, axes, t)
		for _, column := range append(l.b, l.s...) {
			for _, x := range column {
				if math.IsNaN(x) || math.IsInf(x, 0) {
					return false
				}
			}
		}
	}
	return true
}

// on returns a case with the axes of the run's mesh, which may have been chosen, and
// so many times fewer cells.
func (v *verifier) on(p *cases.Problem, fewer int) *cases.Case {
	c, q := *v.of, *p
	c.Problem, q.Axes, q.Validate, q.Accuracy = &q, slices.Clone(p.Axes), nil, 0
	for k, a := range v.axes() {
		cells := (a.Cells() + fewer - 1) / fewer
		if cells < fewestCells/2 {
			cells = a.Cells()
		}
		q.Axes[k].Lo, q.Axes[k].Hi, q.Axes[k].Cells = a.Edges[0], a.Edges[a.Cells()], cells
	}
	return &c
}

// solveCoarse solves the case on half as many cells along every axis.
func (v *verifier) solveCoarse() error {
	half := v.on(v.of.Problem, 2)
	p := half.Problem
	if p.Evolve != nil {
		task := *p.Evolve
		task.Times = nil
		for _, l := range v.laws {
			if l.time > 0 {
				task.Times = append(task.Times, l.time)
			}
		}
		p.Evolve = &task
		if len(task.Times) == 0 {
			p.Evolve = nil
		}
	}
	r, err := half.Run(v.ctx, cases.Options{Workers: v.options.Workers, Progress: func(_ string, done float64) { v.progress("coarse")(done) }})
	if v.ctx.Err() != nil {
		return v.ctx.Err()
	}
	if err != nil {
		v.out.Words = append(v.out.Words, fmt.Sprintf("nothing is allowed for the mesh: on half as many cells %v", err))
		return nil
	}
	v.coarse = r
	return nil
}

// prepare makes of every law what its tests need.
func (v *verifier) prepare() error {
	g := v.result.Grid
	for i, l := range v.laws {
		l.mass = total(l.raw)
		l.Law = &compare.Law{Grid: g, Mass: divided(l.raw, l.mass)}
		l.Rough = unresolved(g, l.Mass)
		factor := 1.0 // how many times the error of the mesh may be its change: of order 1
		if v.coarse != nil {
			masses := v.coarseMasses(i)
			mass := total(masses)
			change := meshChange(g, l.Mass, v.coarse.Grid, divided(masses, mass))
			if l.Rough = l.Rough || smeared(l.Law, change); l.Rough {
				factor = slow
			}
			l.allowed = factor * math.Abs(l.mass-mass)
			l.Changes = [][]float64{divided(change, 1/factor)}
		}
		if err := v.functions(l); err != nil {
			return err
		}
	}
	return nil
}

// steepest is the part of a law's mass by which it may change between neighbouring
// cells along an axis, in all: for a Gaussian, √(2/π) cells over the standard
// deviation. Beyond, as on a curve, its density is not resolved.
const steepest = 0.5

// slow is how many times the error of the mesh may be its change where it is of
// order ½, as the width of what a mesh smears falls.
const slow = 1 / (math.Sqrt2 - 1)

// widened is by how much half as many cells may change the mean of −ln p of a law
// that the mesh resolves, or its density in the mean. That of a curve, as wide as its
// smearing, changes by ½ ln 2 and more.
const widened = 0.025

func smeared(l *compare.Law, change []float64) bool {
	shift := 0.0
	for i, m := range l.Mass {
		if m > 0 {
			shift -= change[i] * math.Log(m/l.Grid.Volume(i))
		}
	}
	return math.Abs(shift) > widened
}

func unresolved(g *grid.Grid, mass []float64) bool {
	for k := range g.Dim() {
		change, stride := 0.0, g.Stride(k)
		for i, m := range mass {
			if g.Along(k, i) < g.Cells(k)-1 {
				change += math.Abs(mass[i+stride] - m)
			}
		}
		if change > steepest {
			return true
		}
	}
	return false
}

func (v *verifier) coarseMasses(law int) []float64 {
	l := v.laws[law]
	if l.time == 0 {
		return v.coarse.Stationary.Masses
	}
	return v.coarse.Evolve.Masses[slices.Index(v.coarse.Evolve.Times, l.time)]
}

func total(x []float64) (s float64) {
	for part := range slices.Chunk(x, 4096) {
		t := 0.0
		for _, v := range part {
			t += v
		}
		s += t
	}
	return s
}

func divided(x []float64, by float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v / by
	}
	return out
}

// functions are coordinates, products of their distances from the mean, and
// observables.
func (v *verifier) functions(l *subject) error {
	g := v.result.Grid
	centred := make([][]float64, g.Dim())
	for k := range centred {
		x, mean := make([]float64, g.Size()), 0.0
		for i := range x {
			x[i] = g.Centers(k)[g.Along(k, i)]
			mean += l.Mass[i] * x[i]
		}
		l.Functions = append(l.Functions, compare.Function{Name: "mean " + g.Axis(k).Name, Values: x})
		centred[k] = make([]float64, g.Size())
		for i := range x {
			centred[k][i] = x[i] - mean
		}
	}
	for k := range centred {
		for j := k; j < len(centred); j++ {
			product := make([]float64, g.Size())
			for i := range product {
				product[i] = centred[k][i] * centred[j][i]
			}
			l.Functions = append(l.Functions, compare.Function{Name: "covariance " + g.Axis(k).Name + "," + g.Axis(j).Name, Values: product})
		}
	}
	for i := range v.of.Problem.Observables {
		o := &v.of.Problem.Observables[i]
		phi, err := o.OnCells(g, l.time)
		if err != nil {
			return err
		}
		l.Functions = append(l.Functions, compare.Function{Name: "E " + o.Name, Values: phi})
	}
	return nil
}

// paths are the particles of the process.
func (v *verifier) paths() Paths {
	p := v.of.Problem
	return Paths{Process: p.Process, Method: v.method, Axes: v.axes(), Killing: p.Killing, Particles: v.task.Particles,
		Step: 2 * v.out.Step, Seed: v.task.Seed, Workers: v.options.Workers}
}

// runs calls do for the stationary law and for the laws in time, with where
// particles start and at what times they are looked at.
func (v *verifier) runs(do func(laws []*subject, start func(x [][]float64, r *rand.Rand), times []float64) error) error {
	var moving []*subject
	for _, l := range v.laws {
		if l.time > 0 {
			moving = append(moving, l)
			continue
		}
		if err := do([]*subject{l}, inCells(v.result.Grid, l.Mass, l.Rough), []float64{l.move}); err != nil {
			return err
		}
	}
	if len(moving) == 0 {
		return nil
	}
	start, err := starting(v.of.Problem, v.result.Grid)
	if err != nil {
		return err
	}
	times := make([]float64, len(moving))
	for i, l := range moving {
		times[i] = l.time
	}
	return do(moving, start, times)
}

// follow tests particles of the equation.
func (v *verifier) follow() error {
	if chain := v.of.Problem.Chain; chain != nil {
		if chain.Batches != nil { // whose particles are those of the optimiser itself
			return nil
		}
		err := v.walk("", operators.Normal{Process: v.of.Problem.Process, Interval: v.of.Problem.LearningRate}, 1)
		v.equations = len(v.out.Tests)
		return err
	}
	err := v.runs(func(laws []*subject, start func(x [][]float64, r *rand.Rand), times []float64) error {
		p := v.paths()
		p.Initial = start
		if _, data := p.Process.(*sgd.Examples); data { // gradients over all of them
			p.Particles = max(2, p.Particles/4)
		}
		if laws[0].time == 0 {
			times = append(times, times[0]+p.Step) // for currents
		}
		long, short, err := p.Both(v.ctx, times, v.progress("particles"))
		if err != nil {
			return err
		}
		for i, l := range laws {
			v.judge("", l, short[i], &long[i])
		}
		if laws[0].time == 0 {
			v.currents(laws[0], short[0], short[1])
		}
		return nil
	})
	v.equations = len(v.out.Tests)
	return err
}

// descend tests particles of an optimiser on data.
func (v *verifier) descend() error {
	d := v.of.Problem.Descent()
	if d == nil {
		return nil
	}
	return v.walk("optimiser, ", d, 4) // until it has forgotten the law of the equation
}

// walk tests particles that take the steps of an algorithm, those of a stationary law
// for some times as long as that law's take to move through it.
func (v *verifier) walk(who string, a Algorithm, longer float64) error {
	rate := v.of.Problem.LearningRate
	return v.runs(func(laws []*subject, start func(x [][]float64, r *rand.Rand), times []float64) error {
		p := v.paths()
		p.Initial, p.Algorithm, p.Step = start, a, rate
		if laws[0].time == 0 {
			times = []float64{rate * math.Ceil(longer*times[0]/rate)}
		}
		e, err := p.Run(v.ctx, times, v.progress("optimiser"))
		if err != nil {
			return err
		}
		for i, l := range laws {
			v.judge(who, l, e[i], nil)
		}
		return nil
	})
}

// judge tests particles against a law; long are the same at twice the step.
func (v *verifier) judge(who string, l *subject, e Ensemble, long *Ensemble) {
	g, n := v.result.Grid, float64(len(e.Alive))
	weights, alive := counted(g, e)
	law, allowed := *l.Law, l.allowed
	if long != nil {
		other, left := counted(g, *long)
		step := make([]float64, len(weights))
		for i := range step {
			step[i] = weights[i]/max(alive, 1) - other[i]/max(left, 1)
		}
		law.Changes = append(slices.Clone(law.Changes), step)
		allowed += math.Abs(alive-left) / n
		v.shifts(who+l.name, l, e, *long)
	}
	var tests []compare.Test
	if l.mass < 1-1e-9 || alive < n { // what the masses sum to is known to rounding
		tests = append(tests, compare.Survival(l.mass, allowed, int(alive), len(e.Alive)))
	}
	if alive > 0 {
		r := compare.Run(&law, &compare.Samples{Weight: weights})
		tests = append(tests, r.Tests...)
		v.out.Comparisons = append(v.out.Comparisons, Comparison{who + l.name, &law, weights, r, smallest(r.Tests)})
		for _, name := range r.Skipped {
			v.out.Skipped = append(v.out.Skipped, who+l.name+": "+name)
		}
	}
	for _, t := range tests {
		t.Name = who + l.name + ": " + t.Name
		v.out.Tests = append(v.out.Tests, t)
	}
}

func smallest(tests []compare.Test) float64 {
	p := 1.0
	for _, t := range tests {
		p = min(p, t.P)
	}
	return p
}

// shifts notes what the step does to expectations: of order p, the difference
// between the two steps is 2ᵖ − 1 times what is left at the shorter.
func (v *verifier) shifts(name string, l *subject, e, long Ensemble) {
	if math.IsInf(v.method.Weak(), 1) {
		return
	}
	order := v.method.Weak()
	for k, a := range v.axes() {
		reflects := a.Ends[0] != grid.Periodic && l.atWalls(k) > 1e-6 // walls that matter
		if reflects {
			order = 1
		}
	}
	factor := 1 / (math.Exp2(order) - 1)
	a, b := cellsOf(v.result.Grid, e), cellsOf(v.result.Grid, long)
	for _, f := range l.Functions {
		sum, square, n := 0.0, 0.0, float64(len(a))
		for i := range a {
			d := 0.0
			if e.Alive[i] {
				d += f.Values[a[i]]
			}
			if long.Alive[i] {
				d -= f.Values[b[i]]
			}
			sum, square = sum+d, square+d*d
		}
		mean := sum / n
		se := math.Sqrt(max(0, square/n-mean*mean) / n)
		v.out.StepBias = append(v.out.StepBias, Shift{name + ": " + f.Name, -factor * mean, factor * se})
	}
}

// atWalls returns the mass in cells at the ends of axis k.
func (l *subject) atWalls(k int) (mass float64) {
	n := l.Grid.Cells(k)
	for i, m := range l.Mass {
		if at := l.Grid.Along(k, i); at == 0 || at == n-1 {
			mass += m
		}
	}
	return mass
}

// much is how many standard errors a shift by the step has where more than its
// first order may be at work.
const much = 10

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
		words := fmt.Sprintf("particles of the equation have the law, those of the optimiser do not: the difference is that of a finite learning rate, %g", v.of.Problem.LearningRate)
		if v.of.Problem.Chain != nil {
			words = "particles with Gaussian batch noise have the law, those of the optimiser do not: the difference is that of its batches"
		}
		if v.task.Sampling != "" {
			words += ", and of batches drawn otherwise, " + v.task.Sampling
		}
		v.out.Words = append(v.out.Words, words)
	}
}
