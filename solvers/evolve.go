package solvers

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"time"

	"fokker/operators"
)

const (
	evolveTolerance = 1e-5

	// Steps are powers of 2^¼, so that those which recur have the same equations.
	rungs = 4

	safety     = 0.8            // of the step size, for its error to be as estimated nearly always
	growth     = 8.0            // at most from a step to the next: the estimate knows one step only
	carry      = 0.5            // of what was not spent before may be spent on one step
	noise      = 256 * roundoff // rounding of an estimate, relative to the mass
	linearPart = 1e-3           // of the tolerance of a step, for the linear equations of its stages
	linearBest = 1e-13
)

// Evolve solves dm/dt = Qᵀm from m0 at time 0 to the given times, increasing
// and nonnegative. It steps by SDIRK4 as the error allows, past the times asked
// for, and evaluates its continuous extension there.
//
// Tolerance bounds the sum of the estimated L1 errors of all steps, relative
// to the mass of m0. The sum bounds the error at the end, as exp(tQᵀ) never
// increases an L1 distance: what one step has got wrong does not grow later.
// Half of it is spread evenly over time, half over its logarithm, so that
// early transients and long horizons get their due.
//
// Masses are nonnegative and Σ mass + lost = Σ m0 by construction.
func Evolve(q operators.Generator, m0 []float64, times []float64, s *Settings) (*Evolution, error) {
	began := time.Now()
	if err := checkEvolve(q, m0, times); err != nil {
		return nil, err
	}
	e, err := newEvolver(q, m0, times, s)
	if err != nil {
		return nil, err
	}
	if err := e.run(); err != nil {
		return nil, err
	}
	e.out.WorkUnits, e.out.Elapsed = e.shifts.work, time.Since(began)
	return e.out, nil
}

func checkEvolve(q operators.Generator, m0, times []float64) error {
	if len(m0) != q.Size() {
		return fmt.Errorf("solvers: evolve: found %d masses, expected %d", len(m0), q.Size())
	}
	for i, m := range m0 {
		if !valid(m) {
			return fmt.Errorf("solvers: evolve: mass of cell %d is %v, expected finite and nonnegative", i, m)
		}
	}
	if len(times) == 0 {
		return fmt.Errorf("solvers: evolve: no times")
	}
	for i, t := range times {
		if !valid(t) || i > 0 && t <= times[i-1] {
			return fmt.Errorf("solvers: evolve: time %d is %v, expected finite, nonnegative and increasing", i, t)
		}
	}
	return nil
}

// evolver is an evolution under way.
type evolver struct {
	*sdirk
	ctx       context.Context
	progress  func(float64)
	limiter   *limiter
	clock     clock
	tolerance float64 // absolute
	mass      float64 // Σ m0
	t, lost   float64
	asked     []float64 // times to come
	out       *Evolution
}

func newEvolver(q operators.Generator, m0, times []float64, s *Settings) (*evolver, error) {
	var set Settings
	if s != nil {
		set = *s
	}
	if set.Workers == 0 {
		set.Workers = runtime.GOMAXPROCS(0)
	}
	if set.Tolerance == 0 {
		set.Tolerance = evolveTolerance
	}
	if !(set.Tolerance > 0) || math.IsInf(set.Tolerance, 1) {
		return nil, fmt.Errorf("solvers: evolve: tolerance is %v, expected positive", set.Tolerance)
	}
	if set.Context == nil {
		set.Context = context.Background()
	}
	shifts, err := newShifts(q, set.Method, set.Workers)
	if err != nil {
		return nil, err
	}
	e := &evolver{sdirk: newSdirk(shifts, m0), ctx: set.Context, progress: set.Progress, mass: sum(m0), asked: times}
	e.tolerance = set.Tolerance * e.mass
	e.clock = newClock(times[len(times)-1], e.pace(q, m0))
	e.out = &Evolution{Times: times}
	e.out.Method = shifts.method
	return e, nil
}

// pace returns the time in which the masses change by their own size.
func (e *evolver) pace(q operators.Generator, m0 []float64) float64 {
	rate := e.k[0][:len(m0)]
	q.Forward(rate, m0)
	e.shifts.work++
	return e.mass / l1(rate) // +Inf when nothing changes
}

// clock says which part of the tolerance may be spent until a time.
type clock struct{ end, scale float64 }

func newClock(end, scale float64) clock {
	return clock{end, math.Max(math.Min(scale, end), math.SmallestNonzeroFloat64/roundoff)}
}

// spent returns ½ t/T + ½ log(1 + t/s)/log(1 + T/s), in [0, 1].
func (c clock) spent(t float64) float64 {
	if t >= c.end {
		return 1
	}
	return (t/c.end + math.Log1p(t/c.scale)/math.Log1p(c.end/c.scale)) / 2
}

func (e *evolver) run() error {
	if e.asked[0] == 0 {
		e.record(e.m)
	}
	h := e.first()
	for len(e.asked) > 0 {
		next, err := e.advance(h)
		if err != nil {
			return err
		}
		h = next
	}
	return nil
}

// first returns the first step: the error of a step h is about (h/pace)ⁿ.
func (e *evolver) first() float64 {
	allowed := e.tolerance / e.mass * e.clock.spent(e.clock.scale)
	return e.rung(e.clock.scale * math.Min(1, math.Pow(allowed, 1/float64(e.order))))
}

// rung returns the largest step of the ladder that is not above h, and no
// longer than needed to reach the end.
func (e *evolver) rung(h float64) float64 {
	left := e.clock.end - e.t
	if h >= left && e.shifts.timed != nil {
		return left // rates beyond the end may not exist
	}
	last := math.Exp2(math.Ceil(rungs*math.Log2(left)) / rungs)
	return math.Min(last, math.Exp2(math.Floor(rungs*math.Log2(h)+1./64)/rungs)) // a rung is its own, whatever the rounding
}

// advance tries a step and returns the next one to try.
func (e *evolver) advance(h float64) (float64, error) {
	if e.t+h == e.t || h < math.SmallestNonzeroFloat64/roundoff {
		return 0, &NotConverged{e.out.Method, h, e.out.Steps}
	}
	allowed := e.allowance(h)
	accuracy := math.Max(linearBest, linearPart*allowed/e.mass)
	if err := e.step(e.ctx, e.t, h, accuracy); err != nil {
		return 0, err
	}
	debt := overdrawn(e.next)
	found := e.difference() + 2*debt
	factor := safety * math.Pow(allowed/found, 1/float64(e.order))
	if !(found <= allowed) {
		e.out.Rejected++
		if !(factor > 1/growth) { // or not a number
			factor = 1 / growth
		}
		return e.rung(h * math.Min(factor, safety)), nil
	}
	return e.grow(h, factor), e.accept(h, found, debt)
}

// allowance returns the error that a step may have, so that the sum never
// exceeds what the clock allows: its own share and a part of what was left.
func (e *evolver) allowance(h float64) float64 {
	now, then := e.clock.spent(e.t), e.clock.spent(e.t+h)
	left := math.Max(0, now-e.out.Error*e.mass/e.tolerance)
	return math.Max(noise*e.mass, e.tolerance*(then-now+carry*left))
}

// grow returns the step after an accepted one.
func (e *evolver) grow(h, factor float64) float64 {
	if factor < e.shifts.worthwhile() && factor > safety*safety {
		factor = 1
	}
	return e.rung(h * math.Min(factor, growth))
}

// accept answers what was asked for until the end of the step and moves on.
func (e *evolver) accept(h, found, debt float64) error {
	e.out.Steps++
	e.out.Error += found / e.mass
	end := e.t + h
	for len(e.asked) > 0 && e.asked[0] < end {
		e.between(e.rhs, (e.asked[0]-e.t)/h)
		if err := e.settle(e.rhs); err != nil {
			return err
		}
		e.record(e.rhs)
	}
	if debt > 0 {
		e.out.Limited++
		if err := e.settle(e.next); err != nil {
			return err
		}
	}
	if len(e.asked) > 0 && e.asked[0] == end {
		e.record(e.next)
	}
	e.m, e.next = e.next, e.m
	n := len(e.m) - 1
	e.lost += e.m[n]
	e.m[n], e.t = 0, end
	if e.progress != nil {
		e.progress(e.clock.spent(end))
	}
	return nil
}

// settle makes a law nonnegative by the jumps of the step.
func (e *evolver) settle(x []float64) error {
	if overdrawn(x) == 0 {
		return nil
	}
	if e.shifts.timed != nil {
		var rows [sdirkStages]operators.Rowed
		for i, k := range e.rows {
			rows[i] = k.rows
		}
		e.limiter = newLimiter(rows[:]...)
	} else if e.limiter == nil {
		e.limiter = newLimiter(e.shifts.rows)
	}
	if !e.limiter.settle(x) {
		return &NotConverged{"limiter", overdrawn(x), e.out.Steps}
	}
	return nil
}

// record keeps a law, with what was absorbed since the step began, as the one
// at the next time asked for.
func (e *evolver) record(x []float64) {
	n := len(x) - 1
	e.out.Masses = append(e.out.Masses, append([]float64(nil), x[:n]...))
	e.out.Lost = append(e.out.Lost, e.lost+x[n])
	e.asked = e.asked[1:]
}
