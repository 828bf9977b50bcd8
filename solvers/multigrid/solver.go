package multigrid

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// solver is the state of one Solve.
type solver struct {
	Options
	ctx    context.Context
	pool   *pool
	finest int // cells
	work   float64
	gear   int
	last   float64             // contraction by the last cycle on the level before
	usual  [len(gears)]float64 // contraction per cycle on the mesh before, 0 if not known

	doubts   doubts
	restless float64 // relative change of the fullest places by the last elimination
}

// gear is a kind of cycle. Where one contracts badly the next is taken.
type gear struct {
	name  string
	lines bool
	times int     // smooths on the level whose law is sought
	worst float64 // contraction per cycle that is still good enough
}

// The limits are where as much work in the next gear is known to do as much.
var gears = [...]gear{
	{"W cycles, points", false, 1, 0.4},
	{"W cycles, lines in order", true, 1, 0.1},
	{"W cycles, lines there and back", true, 2, 1},
}

// smallest is the size below which a level is solved by elimination, which
// then takes less than a sweep over a hundred times as many cells.
const smallest = 100

// largest is the size above which that elimination takes more than a second;
// closed faces at every cell may leave so many.
const largest = 2000

// hierarchy makes the levels below l. An axis is coarsened while its cells
// are coupled about as strongly as any.
func (s *solver) hierarchy(l *level) error {
	coupling, last := l.couplings(), len(l.p)
	for len(l.p) > smallest {
		chosen := choose(l, coupling)
		c := l.coarsen(chosen)
		if c == nil {
			break
		}
		for k := range coupling {
			if chosen[k] {
				coupling[k] /= 4 // as 1/h²
			}
		}
		if c.twice = 3*len(c.p) < last; c.twice {
			last = len(c.p) // W cycles cost at most 1 + ⅔ + ⅔² + …
		}
		l = c
	}
	l.twice = false
	if len(l.p) > largest {
		return fmt.Errorf("multigrid: %d cells are left that cannot be joined, expected at most %d", len(l.p), largest)
	}
	l.matrix = make([]float64, len(l.p)*len(l.p))
	return nil
}

// choose returns which axes to coarsen: those not much weaker coupled than the
// strongest, for points smooth only along these.
func choose(l *level, coupling []float64) []bool {
	const fair = 0.35 // between 1 and the ¼ that coarsening the others makes equal
	strongest := 0.0
	for k, c := range coupling {
		if l.n[k] > 3 {
			strongest = max(strongest, c)
		}
	}
	chosen := make([]bool, len(coupling))
	for k, c := range coupling {
		chosen[k] = l.n[k] > 3 && c >= fair*strongest
	}
	return chosen
}

// solve is full multigrid: guess from the solution on the next grid, or another law that is
// no farther off, cycle.
func (s *solver) solve(top *level, q Generator) (Result, error) {
	if s.Other != nil {
		s.Options.guess(top.p)
	} else {
		s.start(top, q)
	}
	result, err := s.converge(top, s.Tolerance, s.MaxCycles)
	if err != nil {
		return Result{}, err
	}
	result.Mass, result.WorkUnits = top.p, s.work
	return result, nil
}

// start leaves on l the interpolant of the law on the next level, where q is
// discretised anew; where it cannot be, the uniform law.
func (s *solver) start(l *level, q Generator) {
	c := l.next
	if c == nil {
		l.uniform()
		return
	}
	defer c.useOwn()
	coarse, ok := c.rediscretise(q)
	if !ok {
		l.uniform()
		return
	}
	s.start(c, coarse)
	s.converge(c, s.Tolerance, coarseCycles) // any positive outcome is a guess
	s.guess(l)
}

// rediscretise returns q on the grid of l, which works on its rates from then on;
// false if they are not two-point there.
func (l *level) rediscretise(q Generator) (Generator, bool) {
	other, err := q.On(l.g)
	if err != nil {
		return nil, false
	}
	r, ok := other.(Generator)
	return r, ok && l.use(r)
}

// coarseCycles bounds the work spent on a guess.
const coarseCycles = 12

// converge cycles on l until the estimated error is below the tolerance; on a
// coarse level, which only provides a guess, until it is a small part of what
// the first cycles changed.
func (s *solver) converge(l *level, tolerance float64, most int) (Result, error) {
	l.leaving(s.pool)
	l.stale()
	s.gear = s.suited(l)
	if s.gear > 0 || !l.foreseen() {
		s.smooth(l) // the guess is rough, and the cycle begins with the coarse levels
	}
	r := newRun(l)
	r.usual = s.usual[s.gear]
	defer s.learn(r)
	r.normalise(s.pool)
	top := len(l.p) == s.finest
	for cycle := 1; cycle <= most; cycle++ {
		if s.ctx.Err() != nil {
			return Result{}, s.ctx.Err()
		}
		estimate := s.improve(r)
		if top {
			s.report(estimate, r.largest)
		}
		if !top && estimate < enough*r.largest {
			return Result{}, nil
		}
		if r.idle() {
			return Result{}, &Stalled{Residual: l.residual(), Cycles: cycle}
		}
		if !top {
			if estimate <= tolerance {
				return Result{}, nil
			}
			continue
		}
		switch result, done, err := s.settled(l, estimate); {
		case err != nil:
			return Result{}, &Stalled{Residual: l.residual(), Cycles: cycle, Cause: err}
		case done:
			result.Cycles = cycle
			return result, nil
		}
	}
	return Result{}, &Stalled{Residual: l.residual(), Cycles: most}
}

// settled returns the result where the estimate of the error is as small as allowed and
// the shares of wells are known; err where cycles do not find these.
func (s *solver) settled(l *level, estimate float64) (result Result, done bool, err error) {
	allowed := s.allowed(l.p)
	if estimate > allowed {
		return Result{}, false, nil
	}
	result = Result{Residual: l.residual(), Method: gears[s.gear].name, Error: max(estimate, allowed/5)}
	if result.Residual > allowed { // it is far below, unless the estimate fails
		return Result{}, false, nil
	}
	c := s.overview(l)
	done, err = s.doubts.resolved(c, c.g, allowed)
	return result, done, err
}

// overview returns a level of few cells that has the masses of l and its net flows.
func (s *solver) overview(l *level) *level {
	const few = 1 << 11 // looked at in the time of two sweeps over 256²
	for ; len(l.p) > few && l.next != nil; l = l.next {
		l.do.coarsen.run(s.pool)
		l.next.stale()
		s.work += s.share(l)
	}
	s.work += look * s.share(l)
	return l
}

// learn remembers how the cycles contract on a mesh, for the next finer one.
func (s *solver) learn(r *run) {
	rho := slices.Max(r.ratio[:])
	if rho == 0 { // one cycle was enough
		rho = r.usual
	}
	s.usual = [len(gears)]float64{}
	s.usual[s.gear] = rho
}

// enough is the error left in a guess, as a part of the change by the first
// cycles, which is about the distance of the laws on two meshes.
const enough = 0.05

// suited returns the gear to begin with. By a sample of the cells, points are
// enough where most of the mass is calm, but they leave tails far behind it, where
// the drift directs the jumps, and at tight tolerances these are wanted too. Lines
// are swept there and back if they contracted badly on the level before.
func (s *solver) suited(l *level) int {
	const tight = 1e-10
	switch {
	case s.Tolerance >= tight && l.calmMass():
		return 0
	case s.last > gears[1].worst:
		return 2
	}
	return 1
}

// calmMass reports whether most of the mass is calm.
func (l *level) calmMass() bool {
	const (
		samples = 1 << 13
		most    = 0.95
	)
	calm, all := 0., 0.
	for i := 0; i < len(l.p); i += len(l.p)/samples | 1 { // odd, not to stay in one column
		all += l.p[i]
		if l.calm(i) {
			calm += l.p[i]
		}
	}
	return calm >= most*all
}

// calm reports whether points smooth around a cell: where the mesh resolves
// the drift, and the axes coarsened are about as strongly coupled as any.
func (l *level) calm(cell int) bool {
	const (
		directed = 0.5 // difference of the rates to and fro over their sum
		fair     = 1. / 8
	)
	strongest := 0.
	for k := range l.n {
		strongest = max(strongest, l.up[k][cell]+l.down[k][cell])
	}
	for k := range l.n {
		up, down := l.up[k][cell], l.down[k][cell]
		coarsened := l.next != nil && l.next.n[k] < l.n[k]
		if math.Abs(up-down) > directed*(up+down) || coarsened && up+down < fair*strongest {
			return false
		}
	}
	return true
}

// improve does one cycle and returns the estimated error: what the last
// contractions leave of the change.
func (s *solver) improve(r *run) float64 {
	s.step(r)
	change := r.normalise(s.pool)
	s.work += 2 * s.share(r.level)
	if !(change <= r.credible()) {
		s.refuse(r)
		return math.Inf(1)
	}
	r.observe(change)
	s.last = r.ratio[0]
	estimate := change * r.amplification()
	if r.cycles >= 2 && r.ratio[0] > gears[s.gear].worst {
		s.shift(r)
	}
	if s.restless > math.Sqrt(s.Tolerance) && len(r.p) == s.finest {
		return math.Inf(1)
	}
	return estimate
}

// step does a cycle, the correction of the last laws recombined.
func (s *solver) step(r *run) {
	h := r.history
	if h == nil {
		copy(r.before, r.p)
		s.cycle(r.level)
		return
	}
	h.hold(r.p)
	r.before = h.x[0]
	s.descend(r.level)
	h.recombine(s.pool)
	s.work += (0.4 + 0.2*depth) * s.share(r.level) // by what is read and written
	s.ascend(r.level, gears[s.gear].times)
}

// refuse takes back a cycle too bold for the law, and smooths it instead.
func (s *solver) refuse(r *run) {
	copy(r.p, r.before)
	s.shift(r)
	r.restart()
	r.refused++
	r.since++
	s.smooth(r.level)
	s.smooth(r.level)
	r.normalise(s.pool)
}

// shift takes the next gear.
func (s *solver) shift(r *run) {
	if s.gear+1 < len(gears) {
		s.gear++
		r.restart()
	}
}
