package validate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"fokker/cases"
	"fokker/cases/sgd"
	"fokker/grid"
	"fokker/operators"
	"fokker/validate/compare"
)

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
	series    []*series
	glance    float64 // the time in which currents are seen
	equations int     // tests of particles of the equation, which come first
	out       *Verdict
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
	v.out.Step = cmp.Or(v.task.Step, step)
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
	moves := float64(v.task.Particles) * 3 * time / v.out.Step // with companions at half the step
	if time == 0 || moves <= mostMoves {                       // without laws there is no step either
		return nil
	}
	key, found, hint := "validate.particles", fmt.Sprintf("found %d", v.task.Particles), "fewer particles, or earlier times in `at`"
	if v.task.Step > 0 {
		key, found, hint = "validate.step", fmt.Sprintf("found %v", v.task.Step), "a longer step, or earlier times in `at`"
	}
	return v.of.Problem.Mistaken(key, fmt.Sprintf("%s: %d particles take %.2g steps in all", found, v.task.Particles, moves), fmt.Sprintf("at most %g", mostMoves), hint)
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

// paths are the particles of the process, over data a quarter as many.
func (v *verifier) paths() Paths {
	p := v.of.Problem
	out := Paths{Process: p.Process, Method: v.method, Axes: v.axes(), Killing: p.Killing, Particles: v.task.Particles,
		Step: v.out.Step, Seed: v.task.Seed, Workers: v.options.Workers}
	if _, data := p.Process.(*sgd.Examples); data {
		out.Particles = max(2, out.Particles/4)
	}
	return out
}

// series are laws whose particles are the same, at several times.
type series struct {
	laws       []*subject
	start      func(x [][]float64, r *rand.Rand)
	times      []float64
	companions int // at half the step; 0: none are needed
}

// follows makes series of the stationary law, whose particles start from itself, and
// of the laws in time.
func (v *verifier) follows() error {
	var moving series
	for _, l := range v.laws {
		if l.time > 0 {
			moving.laws, moving.times = append(moving.laws, l), append(moving.times, l.time)
			continue
		}
		v.series = append(v.series, &series{laws: []*subject{l}, start: inCells(v.result.Grid, l.Mass, l.Rough), times: []float64{l.move}})
	}
	if len(moving.laws) == 0 {
		return nil
	}
	var err error
	moving.start, err = starting(v.of.Problem, v.result.Grid)
	v.series = append(v.series, &moving)
	return err
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
	for _, s := range v.series {
		p, times := v.paths(), s.times
		p.Initial = s.start
		rest := s.laws[0].time == 0
		if rest {
			times = []float64{times[0], times[0] + v.glance/2, times[0] + v.glance}
		}
		long, short, err := p.with(v.ctx, times, s.companions, v.options.progress("particles"))
		if err != nil {
			return err
		}
		for i, l := range s.laws {
			v.judge("", l, long[i], short[i])
		}
		if rest {
			v.currents(s.laws[0], [3]Ensemble(long))
		}
	}
	v.equations = len(v.out.Tests)
	return nil
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
	for _, s := range v.series {
		p, times := v.paths(), s.times
		p.Particles, p.Initial, p.Algorithm, p.Step = v.task.Particles, s.start, a, rate
		if s.laws[0].time == 0 {
			times = []float64{rate * math.Ceil(longer*times[0]/rate)}
		}
		e, err := p.Run(v.ctx, times, v.options.progress("optimiser"))
		if err != nil {
			return err
		}
		for i, l := range s.laws {
			v.judge(who, l, e[i], Ensemble{})
		}
	}
	return nil
}

// judge tests particles against a law; short are the first of them at half the step,
// if any.
func (v *verifier) judge(who string, l *subject, e, short Ensemble) {
	weights, alive := counted(v.result.Grid, e)
	law, allowed := *l.Law, l.allowed
	if len(short.Alive) > 0 {
		long := e.first(len(short.Alive))
		law.Changes = append(slices.Clone(law.Changes), v.stepChange(l, long, short))
		lost := differ(v.result.Grid, long, short, nil)[0]
		allowed += extrapolation(v.order(l)) * (math.Abs(lost.mean) + lost.error) * l.mass
		v.shifts(who+l.name, l, long, short)
	}
	var tests []compare.Test
	if l.mass < 1-1e-9 || alive < float64(len(e.Alive)) { // what the masses sum to is known to rounding
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
