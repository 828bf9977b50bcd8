package solvers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"fokker/operators"
)

const (
	evolveTolerance = 1e-5

	rungs      = 4              // steps are powers of 2^¼, so that they recur and with them the equations
	order      = 5              // of the error of a step
	safety     = 0.85           // of the step, for its error to be as estimated nearly always
	growth     = 8.0            // at most, from a step to the next: the estimate knows one step only
	carry      = 0.5            // of the tolerance not spent before may go into one step
	noiseLeast = 256 * roundoff // rounding of an estimate, relative to the mass
	noiseMost  = 1e5 * roundoff // the same where equations are badly conditioned
	doubling   = 3.4            // distance of two half steps from the whole one over their error, for any decay at least; 15 for short steps
	linearPart = 1e-3           // of the tolerance, for linear equations
	linearBest = 1e-13
)

// Evolve solves dm/dt = Qᵀm from m0 at time 0 to the given times, increasing
// and nonnegative, by SDIRK4. With constant rates the steps are as long as the
// error allows, past the times asked for, where a continuous extension is
// evaluated; with rates that depend on time the steps end there, and errors
// are measured by halving each step.
//
// Tolerance bounds the sum of the estimated L1 errors of all steps, relative
// to the mass of m0. The sum bounds the error at the end, as exp(tQᵀ) never
// increases an L1 distance: what one step has got wrong does not grow later.
// Half of it is spread evenly over time, half over its logarithm, so that
// early transients and long horizons get their due. Rounding makes errors of
// about 1e-14 a step: where that exceeds the tolerance, Error says so.
//
// Masses are nonnegative and Σ mass + lost = Σ m0 by construction.
//
// With constant rates, method "contour" inverts Laplace transforms instead: some
// 20 complex shifts a decade, solved in a space that 30 real solutions make, give
// the laws at all times within it. It suits long horizons, many times and high
// accuracy, and is the only one whose masses may fall below zero, within the
// tolerance. Steps are its spaces then, Rejected those too small for their times,
// Iterations the complex shifts; Error is the largest of all times.
func Evolve(q operators.Generator, m0 []float64, times []float64, s *Settings) (*Evolution, error) {
	began := time.Now()
	if err := checkEvolve(q, m0, times); err != nil {
		return nil, err
	}
	if s != nil && s.Method == byContour {
		return exponential(q, m0, times, s)
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

// evolver is an evolution under way. Errors are relative to the mass.
type evolver struct {
	*sdirk
	ctx           context.Context
	progress      func(float64)
	limiter       *limiter
	clock         clock
	tolerance     float64
	mass          float64 // Σ m0
	t, lost       float64
	longest       float64   // step the linear solver is at its best with
	cheapest      float64   // least work per time so far
	best          float64   // the step of that
	noise         float64   // below which an estimate says nothing
	rejected      float64   // estimate of the last step if that was rejected, or +Inf
	asked         []float64 // times to come
	start, coarse []float64 // for halving
	look          float64   // longest step with rates that depend on time
	out           *Evolution
}

func newEvolver(q operators.Generator, m0, times []float64, s *Settings) (*evolver, error) {
	set, err := s.forEvolve()
	if err != nil {
		return nil, err
	}
	shifts, err := newShifts(q, set.Method, set.Workers)
	if err != nil {
		return nil, err
	}
	e := &evolver{
		sdirk: newSdirk(shifts, m0), ctx: set.Context, progress: set.Progress,
		tolerance: set.Tolerance, mass: sum(m0), asked: times,
		longest: math.Inf(1), cheapest: math.Inf(1), noise: noiseLeast, rejected: math.Inf(1),
		out: &Evolution{Report: Report{Method: shifts.method}, Times: times},
	}
	if shifts.timed != nil {
		e.start, e.coarse = make([]float64, len(m0)+1), make([]float64, len(m0)+1)
		e.look = times[len(times)-1] / looks
		if set.Period > 0 {
			e.look = set.Period / periodLooks
		}
	}
	e.clock = newClock(times[len(times)-1], e.pace(q, m0))
	return e, nil
}

// forEvolve returns the settings with their defaults.
func (s *Settings) forEvolve() (Settings, error) {
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
	if set.Context == nil {
		set.Context = context.Background()
	}
	if !(set.Tolerance > 0) || math.IsInf(set.Tolerance, 1) {
		return set, fmt.Errorf("solvers: evolve: tolerance is %v, expected positive", set.Tolerance)
	}
	return set, nil
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
	return clock{end, math.Max(math.Min(scale, end), shortest)}
}

// shortest is the least time that can be divided into steps.
const shortest = math.SmallestNonzeroFloat64 / roundoff

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
	if e.mass == 0 {
		e.stay()
	}
	if len(e.asked) == 0 {
		return nil
	}
	h := e.first()
	for {
		next, err := e.advance(h)
		if err != nil || len(e.asked) == 0 {
			return err
		}
		h = e.rung(next)
	}
}

// first returns the first step: its error is about (h/pace)⁵.
func (e *evolver) first() float64 {
	allowed := e.tolerance * e.clock.spent(e.clock.scale)
	return e.rung(e.clock.scale * math.Min(1, math.Pow(allowed, 1./order)))
}

// looks is the least number of steps with rates that depend on time: with some
// twenty instants in each, what happens within a thousandth of the time is
// seen.
const looks = 64

// periodLooks is the same within a period that is known: whatever the time until
// the end, all of it is seen.
const periodLooks = 8

// rung returns a step of about h. With constant rates it is the next shorter
// one of the ladder, and not longer than needed to reach the end; otherwise
// it divides the time to the next law asked for.
func (e *evolver) rung(h float64) float64 {
	if e.shifts.timed != nil {
		left := e.asked[0] - e.t
		return left / math.Ceil(left/math.Min(h, e.look))
	}
	h = math.Exp2(math.Floor(rungs*math.Log2(math.Min(h, e.longest))+1./64) / rungs) // a rung is its own, whatever the rounding
	return math.Min(h, math.Exp2(math.Ceil(rungs*math.Log2(e.clock.end-e.t))/rungs))
}

// advance tries a step and returns the one to try next.
func (e *evolver) advance(h float64) (float64, error) {
	if e.t+h == e.t || !(h >= shortest) {
		return 0, &NotConverged{e.out.Method, h, e.out.Steps}
	}
	allowed := e.allowance(h)
	found, debt, err := e.attempt(h, e.accuracy(h, allowed))
	if errors.As(err, new(*NotConverged)) { // the linear equations: easier for shorter steps
		e.out.Rejected++
		e.longest = h / 2
		return h / 2, nil
	}
	if err != nil {
		return 0, err
	}
	if found <= allowed {
		e.weigh(h)
		e.rejected = math.Inf(1)
		err := e.accept(h, found, debt)
		return h * e.grow(e.allowance(h), found), err
	}
	return h * e.reject(allowed, found), nil
}

// reject returns the factor of the step after a rejected one. An estimate that
// does not fall with the step is rounding.
func (e *evolver) reject(allowed, found float64) float64 {
	e.out.Rejected++
	if found < noiseMost && found > e.rejected/2 {
		e.noise = 2 * found
	}
	e.rejected = found
	factor := safety * math.Pow(allowed/found, 1./order)
	if !(factor > 1/growth) { // or not a number
		factor = 1 / growth
	}
	return math.Min(factor, safety)
}

// attempt computes next, a step later, with its error and what is overdrawn
// in it, both relative to the mass. What the limiter will move is part of the
// error.
func (e *evolver) attempt(h, accuracy float64) (found, debt float64, err error) {
	if e.shifts.timed != nil {
		found, debt, err = e.halve(h, accuracy)
	} else {
		err = e.step(e.ctx, e.t, h, accuracy)
		debt = overdrawn(e.next)
		found = e.estimate()
	}
	return (found + 2*debt) / e.mass, debt / e.mass, err
}

// halve makes two half steps and measures their error by a whole one
// (Richardson 1911).
func (e *evolver) halve(h, accuracy float64) (found, debt float64, err error) {
	copy(e.start, e.m)
	defer copy(e.m, e.start)
	if err := e.step(e.ctx, e.t, h, accuracy); err != nil {
		return 0, 0, err
	}
	copy(e.coarse, e.next)
	if err := e.step(e.ctx, e.t, h/2, accuracy); err != nil {
		return 0, 0, err
	}
	debt = overdrawn(e.next)
	if err := e.settle(e.next); err != nil {
		return 0, 0, err
	}
	copy(e.m, e.next)
	if err := e.step(e.ctx, e.t+h/2, h/2, accuracy); err != nil {
		return 0, 0, err
	}
	for i, m := range e.next {
		found += math.Abs(m-e.coarse[i]) / doubling
	}
	missed, err := e.missed(h)
	return found + missed, debt + overdrawn(e.next), err
}

// Where a step looks at the rates: instants that the stages see too, and others
// that no period has in common with them, multiples of the golden section.
var (
	regular = [...]float64{0, 1. / 4, 1. / 2, 3. / 4, 1}
	golden  = [...]float64{0.2360679774997897, 0.6180339887498949, 0.8541019662496845}
)

// missed returns what rates do to the law in a step that its regular instants
// do not show: h times how much farther Qᵀm at another instant is from all of
// them than they are from one another.
func (e *evolver) missed(h float64) (float64, error) {
	n := len(e.start) - 1
	var seen [len(regular)][]float64
	spread, worst := 0.0, 0.0
	for i, c := range regular {
		rate, err := e.rateAt(e.t+c*h, n)
		if err != nil {
			return 0, err
		}
		seen[i] = rate
		if i > 0 {
			spread = math.Max(spread, apart(rate, seen[i-1]))
		}
	}
	for _, c := range golden {
		rate, err := e.rateAt(e.t+c*h, n)
		if err != nil {
			return 0, err
		}
		least := math.Inf(1)
		for _, other := range seen {
			least = math.Min(least, apart(rate, other))
		}
		worst = math.Max(worst, least)
	}
	return h * math.Max(0, worst-2*spread), nil
}

// rateAt returns Qᵀm of the law at the start of a step with the rates of
// another time.
func (e *evolver) rateAt(t float64, n int) ([]float64, error) {
	q, err := e.shifts.timed.At(t)
	if err != nil {
		return nil, err
	}
	out := make([]float64, n)
	q.Forward(out, e.start[:n])
	e.shifts.work += 2
	return out, nil
}

// apart returns ‖x − y‖₁.
func apart(x, y []float64) (sum float64) {
	for i, v := range x {
		sum += math.Abs(v - y[i])
	}
	return sum
}

// weigh finds the step with which time passes at the least work: beyond it,
// iterations become more faster than steps become fewer.
func (e *evolver) weigh(h float64) {
	rate := e.effort / h
	if rate < e.cheapest {
		e.cheapest, e.best = rate, h
	} else if rate > 2*e.cheapest && h > e.best && h < e.clock.end-e.t {
		e.longest = math.Min(e.longest, e.best)
	}
}

// allowance returns the error that a step may have, so that the sum never
// exceeds what the clock allows: its own share and a part of what was left.
func (e *evolver) allowance(h float64) float64 {
	now, then := e.clock.spent(e.t), e.clock.spent(e.t+h)
	left := math.Max(0, e.tolerance*now-e.out.Error)
	return math.Max(e.noise, e.tolerance*(then-now)+carry*left)
}

// accuracy returns that of linear equations: small against the error allowed,
// and enough to see the law at rest.
func (e *evolver) accuracy(h, allowed float64) float64 {
	motion := e.tolerance * h / (e.clock.end - e.t)
	return math.Max(linearBest, linearPart*math.Min(allowed, motion))
}

// grow returns the factor of the step after an accepted one. An estimate that
// is noise does not hold it back.
func (e *evolver) grow(allowed, found float64) float64 {
	factor := safety * math.Pow(allowed/found, 1./order)
	if found <= e.noise {
		factor = math.Max(factor, 2)
	}
	if factor < e.shifts.worthwhile() && factor > safety*safety {
		return 1
	}
	return math.Min(factor, growth)
}

// accept answers what was asked for until the end of the step and moves on.
func (e *evolver) accept(h, found, debt float64) error {
	e.out.Steps++
	e.out.Error += found
	e.out.Method = e.shifts.method // sweeps may have given way to elimination
	end := e.t + h
	if e.shifts.timed != nil && h >= e.asked[0]-e.t {
		end = e.asked[0] // whatever the rounding
	}
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
	e.rest(h)
	if e.progress != nil {
		e.progress(e.clock.spent(e.t))
	}
	return nil
}

// rest answers all that is left where the law hardly moves any more: with
// constant rates ‖Qᵀm‖₁ never increases, so that until the end it moves by no
// more than the time left times that.
func (e *evolver) rest(h float64) {
	left := e.clock.end - e.t
	bound := left * l1(e.k[sdirkStages-1]) / h / e.mass
	if e.shifts.timed != nil || !(left > 0) || !(e.out.Error+bound <= e.tolerance) {
		return
	}
	e.out.Error += bound
	e.t = e.clock.end
	e.stay()
}

// stay answers all that is left by the law as it is.
func (e *evolver) stay() {
	for len(e.asked) > 0 {
		e.record(e.m)
	}
}

// settle makes a law nonnegative by the jumps of the step.
func (e *evolver) settle(x []float64) error {
	debt := overdrawn(x)
	if debt == 0 {
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
		return &NotConverged{"limiter", debt / e.mass, e.out.Steps}
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
