package validate

import (
	"cmp"
	"fmt"
	"math"

	"fokker/cases"
	"fokker/grid"
	"fokker/validate/compare"
)

const (
	fewestLosses = 100  // of all particles: their rate is then known to a tenth
	longestStay  = 1000 // steps, at most, that particles conditional on survival make
	blockBias    = 2    // over 1024, that conditioning within a block may change figures by, in their own units
)

// remain tests the quasi-stationary law and the rate at which it leaves, by particles
// that start from it and of which the lost jump onto others. A region that is no box
// has no walls that they could be held against.
func (v *verifier) remain() error {
	q := v.result.Quasistationary
	if q == nil || v.of.Problem.Chain != nil { // whose particles take no steps of a process
		return nil
	}
	within, err := v.of.Problem.Quasistationary.Region(v.result.Grid)
	if err != nil {
		return err
	}
	axes, boxed := v.axes(), true
	if within != nil {
		axes, boxed = v.result.Grid.Box(within)
	}
	if !boxed {
		v.out.Words = append(v.out.Words, "quasistationary: the region is no box of cells: particles are not held against its law")
		return nil
	}
	l, allowed, err := v.remaining(q)
	if err != nil {
		return err
	}
	p := v.paths()
	p.Axes, p.Initial = axes, inCells(v.result.Grid, l.Mass, l.Rough)
	p.Particles = min(p.Particles/block, max(p.Particles/ofAll/block, leastBlocks)) * block
	until, err := v.stay(&p, l, q.EscapeRate)
	if err != nil {
		return err
	}
	losses := float64(p.Particles) * q.EscapeRate * until
	if p.Particles < leastBlocks*block || losses < fewestLosses {
		v.out.Words = append(v.out.Words, fmt.Sprintf("quasistationary: of %d particles some %.2g would leave in %d steps, too few to know their rate: more particles, or a longer step", p.Particles, losses, int(math.Round(until/p.Step))))
		return nil
	}
	if err := v.leave(&p, l, until, q.EscapeRate, allowed); err != nil {
		return err
	}
	v.equations = len(v.out.Tests)
	return nil
}

// remaining is the law under test, and what the mesh may change its rate by.
func (v *verifier) remaining(q *cases.QuasistationaryResult) (l *subject, allowed float64, err error) {
	l = &subject{name: "quasistationary", raw: q.Masses}
	var coarse []float64
	if v.coarse != nil {
		coarse = v.coarse.Quasistationary.Masses
		allowed = math.Abs(q.EscapeRate - v.coarse.Quasistationary.EscapeRate)
	}
	return l, allowed, v.ready(l, coarse)
}

// stay chooses the step of the particles and for how long they move: twice through the
// law, and until enough have been lost.
func (v *verifier) stay(p *Paths, l *subject, rate float64) (until float64, err error) {
	s, err := scalesOf(v.of.Problem.Process, v.result.Grid, l.Mass, 0)
	if err != nil {
		return 0, err
	}
	step := ofWidth * s.quickest
	if v.method != Exact {
		step = min(step, v.ofRate()/s.rate)
	}
	p.Step = cmp.Or(v.task.Step, digits(min(step, 0.1/rate)))
	if len(v.laws) == 0 {
		v.out.Step = p.Step
	}
	enough := 4 * fewestLosses / (rate * float64(p.Particles))
	return p.Step * math.Ceil(min(max(turns*s.slowest, enough)/p.Step, longestStay)), nil
}

// leave follows the particles at half the step and at a quarter, and tests the rate and
// the expectations of the later ones. All lost in a step ask for a shorter one.
func (v *verifier) leave(p *Paths, l *subject, until, rate, allowed float64) error {
	follow := func() (c *Conditional, err error) {
		p.Step /= 2
		return p.FlemingViot(v.ctx, []float64{until / 4, until}, v.options.progress("survivors"))
	}
	var long *Conditional
	var err error
	for range shortenings {
		if long, err = follow(); err == nil || v.ctx.Err() != nil {
			break
		}
	}
	if v.ctx.Err() != nil {
		return v.ctx.Err()
	}
	if err != nil {
		v.out.Words = append(v.out.Words, fmt.Sprintf("quasistationary: %v", err))
		return nil
	}
	short, err := follow()
	if err != nil {
		return err
	}
	more := extrapolation(v.orderWithin(p, l)) - 1
	v.estimated("quasistationary: escape rate", short.Rate, rate, allowed+blockBias*rate/block+more*math.Abs(short.Rate.Value-long.Rate.Value))
	for _, f := range l.Functions {
		now, before := l.blocks(short, f), l.blocks(long, f)
		law, changes, deviation := l.expect(f)
		v.estimated("quasistationary: "+f.Name, now, law, changes+blockBias*deviation/block+more*math.Abs(now.Value-before.Value))
	}
	return nil
}

// orderWithin is that of the step's error: of a region that ends inside the box it is 1.
func (v *verifier) orderWithin(p *Paths, l *subject) float64 {
	for _, a := range p.Axes {
		if a.Ends[0] == grid.Absorbing || a.Ends[1] == grid.Absorbing {
			return 1
		}
	}
	return v.order(l)
}

// estimated adds a test of an estimate.
func (v *verifier) estimated(name string, found Rare, law, allowed float64) {
	bias := found.Value - law
	v.out.Tests = append(v.out.Tests, compare.Test{Name: name, Statistic: bias / found.Error, P: found.P(law, allowed), Bias: &bias, Error: &found.Error, Allowed: &allowed})
}

// blocks estimates an expectation from the last particles, block by block: within one
// many stem from the same.
func (l *subject) blocks(c *Conditional, f compare.Function) (out Rare) {
	last := c.Ensembles[len(c.Ensembles)-1]
	out.Estimates = make([]float64, len(last.Alive)/block)
	for i := range last.Alive {
		out.Estimates[i/block] += f.Values[cellOf(l.Grid, last.X, i)] / block
	}
	out.Value, out.Error = meanOf(out.Estimates)
	return out
}

// expect returns an expectation of the law, what the mesh may change it by, and the
// standard deviation of its function.
func (l *subject) expect(f compare.Function) (value, allowed, deviation float64) {
	square := 0.0
	for i, m := range l.Mass {
		value, square = value+m*f.Values[i], square+m*f.Values[i]*f.Values[i]
	}
	for _, c := range l.Changes {
		sum := 0.0
		for i, e := range c {
			sum += e * f.Values[i]
		}
		allowed += math.Abs(sum)
	}
	return value, allowed, math.Sqrt(max(0, square-value*value))
}
