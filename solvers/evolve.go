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

	rungs      = 16             // steps are powers of 2^(1/16), so that they recur and with them the equations
	order      = 5              // of the error of a step
	trust      = 1.5            // in a trend of estimates, as a factor of the step
	growth     = 8.0            // at most, from a step to the next: the estimate knows one step only
	carry      = 0.5            // of the tolerance not spent before may go into one step
	noiseLeast = 256 * roundoff // rounding of an estimate, relative to the mass
	noiseMost  = 1e5 * roundoff // the same where equations are badly conditioned
	doubling   = 3.4            // distance of two half steps from the whole one over their error, for any decay at least; 15 for short steps
	linearPart = 1e-3           // of the tolerance, for linear equations
	linearBest = 1e-13
	restless   = 16 // times the tolerance in the time left, and it is not asked whether the law has come to rest
)

// Evolve solves dm/dt = Qᵀm from m0 at time 0 to the given times, increasing
// and nonnegative, by one of the methods of the
// table evolutions. With constant rates the steps are as long as the error allows, past the times asked for, where a continuous extension is
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
// Masses are nonnegative and Σ mass + lost = Σ m0 by construction: the limiter
// acts on the laws that are asked for, as steps are linear and need no sign.
//
// Method "contour" inverts Laplace transforms instead: some
// 20 complex shifts a decade, solved in a space that 30 real solutions make, give
// the laws at all times within it. It suits long horizons, many times and high
// accuracy. Steps are its spaces then, Rejected those too small for their times, Iterations the complex
// shifts; Error is the largest of all times.
//
// An operator that is no generator is followed by SDIRK4, without the limiter: masses
// are of any sign.
func Evolve(q operators.Generator, m0 []float64, times []float64, s *Settings) (*Evolution, error) {
	began := time.Now()
	if err := checkEvolve(q, m0, times); err != nil {
		return nil, err
	}
	set, err := s.forEvolve()
	if err != nil {
		return nil, err
	}
	if l, ok := q.(operators.Accurate); ok {
		return follow(l, m0, times, set)
	}
	rows, ok := q.(operators.Rowed)
	if !ok {
		return nil, fmt.Errorf("solvers: evolve: %T does not show its rows", q)
	}
	if set.Method == byJumps || set.Method == "" && calm(rows, times) {
		return uniformise(rows, m0, times, set)
	}
	if set.Method == byContour {
		return exponential(rows, m0, times, set)
	}
	e, err := newEvolver(rows, m0, times, set)
	if err != nil {
		return nil, err
	}
	return e.answerAll(began)
}

// answerAll runs an evolution that began at a time of the clock on the wall.
func (e *evolver) answerAll(began time.Time) (*Evolution, error) {
	if err := e.run(); err != nil {
		return nil, err
	}
	e.out.WorkUnits, e.out.Elapsed = e.work(), time.Since(began)
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

// state is what all ways of stepping share. Its laws have one cell more than
// the mesh, the last, for what is absorbed during the step: it is an unknown like
// the others, so that the sum over all cells is that of m.
type state struct {
	m    []float64 // at the beginning of a step, 0 absorbed
	next []float64 // at the end, of any sign
	rhs  []float64
}

func newState(m []float64) *state {
	n := len(m) + 1
	s := &state{make([]float64, n), make([]float64, n), make([]float64, n)}
	copy(s.m, m)
	return s
}

// try is a step to be made.
type try struct {
	t, h     float64
	accuracy float64 // of linear equations, relative to the mass
	dense    bool    // laws within the step are asked for
}

// stepper makes steps of dm/dt = Qᵀm with constant rates.
type stepper interface {
	name() string
	step(ctx context.Context, s try) (found float64, err error) // next and the L1 norm of its error
	between(dst []float64, theta float64)                       // the law at time t + θh, of any sign
	motion(h float64) float64                                   // h‖Qᵀm‖₁ at the end of the step, what is absorbed included
	safety() float64                                            // of the step, for its error to be as estimated nearly always
	bold() float64                                              // first step over pace × (error allowed)^(1/5)
	effort() float64                                            // of the last step, as it grows with h
	worthwhile() float64                                        // least growth of the step that is
	work() float64                                              // all that was done
}

// evolver is an evolution under way. Errors are relative to the mass.
type evolver struct {
	*state
	way            stepper
	turns          turns
	sdirk          *sdirk  // nil until it is wanted
	streams        *strang // nil unless it is the way
	generator      operators.Rowed
	timed          operators.Timed // nil when the rates are constant
	settings       Settings
	limiter        *limiter
	clock          clock
	tolerance      float64
	mass           float64 // Σ m0
	t, lost        float64
	longest        float64   // step the linear solver is at its best with
	cheapest       float64   // least work per time so far
	best           float64   // the step of that
	noise          float64   // below which an estimate says nothing
	last           measured  // the last accepted step
	debt           float64   // the most that was overdrawn
	rejected       float64   // estimate of the last step if that was rejected, or +Inf
	asked          []float64 // times to come
	before, coarse []float64 // for halving
	look           float64   // longest step where steps end at the times asked for, otherwise 0
	period         float64   // of the rates, 0 without one
	looking        float64   // work of looking at the rates
	signed         bool      // masses may be negative, beside a generator that only helps
	out            *Evolution
}

func newEvolver(q operators.Rowed, m0, times []float64, s Settings) (*evolver, error) {
	e := &evolver{
		state: newState(m0), generator: q, settings: s,
		tolerance: s.Tolerance, mass: sum(m0), asked: times,
		longest: math.Inf(1), cheapest: math.Inf(1), noise: noiseLeast, rejected: math.Inf(1),
		out: &Evolution{Times: times},
	}
	if e.timed, _ = q.(operators.Timed); e.timed != nil {
		e.before, e.coarse = make([]float64, len(e.m)), make([]float64, len(e.m))
		e.look = times[len(times)-1] / looks
		if s.Period > 0 {
			e.look, e.period = s.Period/periodLooks, s.Period
		}
	}
	if err := e.begin(q); err != nil {
		return nil, err
	}
	e.clock = newClock(times[len(times)-1], e.pace(m0))
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
	if set.Method != "" {
		if err := named(set.Method); err != nil {
			return set, err
		}
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
func (e *evolver) pace(m0 []float64) float64 {
	n := len(m0)
	e.generator.Forward(e.rhs[:n], m0)
	e.looking++
	return e.mass / l1(e.rhs[:n]) // +Inf when nothing changes
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
		return e.stay()
	}
	if len(e.asked) == 0 {
		return nil
	}
	if e.way == nil {
		if err := e.byContours(); err != nil || len(e.asked) == 0 {
			return err
		}
		if err := e.withoutContours(); err != nil {
			return err
		}
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

// first returns the first step: its error grows like (h/pace)⁵. The time in which
// the rate of change changes by its own size is shorter than the pace where
// little mass moves fast.
func (e *evolver) first() float64 {
	n := len(e.m) - 1
	e.generator.Forward(e.rhs[:n], e.m[:n])
	e.generator.Forward(e.next[:n], e.rhs[:n])
	e.looking += 2
	scale := math.Min(e.clock.scale, l1(e.rhs[:n])/l1(e.next[:n]))
	allowed := e.tolerance * e.clock.spent(e.clock.scale)
	return e.rung(math.Max(scale*math.Min(1, e.way.bold()*math.Pow(allowed, 1./order)), shortest))
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
	if e.look > 0 {
		return e.division(math.Min(h, e.look))
	}
	h = math.Exp2(math.Floor(rungs*math.Log2(math.Min(h, e.longest))+1./64) / rungs) // a rung is its own, whatever the rounding
	left := e.clock.end - e.t
	switch {
	case e.way.worthwhile() > slight: // rather past the end than equations for its sake
		return math.Min(h, math.Exp2(math.Ceil(rungs*math.Log2(left))/rungs))
	case h >= left:
		return left
	case 2*h > left:
		return left / 2
	}
	return h
}

// division returns a step of about h that divides the time to the next stop. Where
// rates recur it is the step of the period before, if that will do.
func (e *evolver) division(h float64) float64 {
	left := e.stop() - e.t
	whole := left / math.Ceil(left/h)
	if e.period == 0 {
		return whole
	}
	instants := e.sdirk.shifts.instants
	if was, ok := instants.again(e.t, h, left); ok {
		return was
	}
	return instants.round(whole)
}

// stop returns the next time at which a step ends where steps end at the times
// asked for. Long before that it is a part of the period, so that steps recur.
func (e *evolver) stop() float64 {
	asked := e.asked[0]
	if part := e.period / periodLooks; part > 0 && asked-e.t > 2*part {
		return part * (math.Floor(e.t/part+negligiblePart) + 1)
	}
	return asked
}

// negligiblePart of a part of the period is rounding.
const negligiblePart = 1e-9

// slight is the least growth of a step for which equations are made that cost no
// more than a few solutions.
const slight = 1.19 // 2^¼

// advance tries a step and returns the one to try next.
func (e *evolver) advance(h float64) (float64, error) {
	if e.t+h == e.t || !(h >= shortest) {
		return 0, &NotConverged{e.out.Method, h, e.out.Steps}
	}
	allowed := e.allowance(h)
	found, debt, err := e.attempt(h, e.accuracy(h, allowed))
	stuck := errors.As(err, new(*NotConverged)) // the linear equations: easier for shorter steps
	switch {
	case err != nil && !stuck:
		return 0, err
	case !stuck && found <= allowed:
		e.weigh(h)
		most := growth
		if !math.IsInf(e.rejected, 1) {
			most = 1 // a longer step has just failed
		}
		e.rejected = math.Inf(1)
		if err := e.accept(h, found, debt); err != nil {
			return 0, err
		}
		return e.reconsider(h, h*math.Min(most, e.grow(h, found)))
	}
	e.out.Rejected++
	if old := e.back(); old > 0 {
		return old, nil
	}
	if stuck {
		e.longest = h / 2
		return h / 2, nil
	}
	return h * e.reject(allowed, found), nil
}

// reject returns the factor of the step after a rejected one. An estimate that
// does not fall with the step is rounding.
func (e *evolver) reject(allowed, found float64) float64 {
	if found < noiseMost && found > e.rejected/2 {
		e.noise = 2 * found
	}
	e.rejected = found
	factor := e.way.safety() * math.Pow(allowed/found, 1./order)
	if !(factor > 1/growth) { // or not a number
		factor = 1 / growth
	}
	return math.Min(factor, e.way.safety())
}

// attempt computes next, a step later, with its error and what is overdrawn
// in it, both relative to the mass. What the limiter would move beyond what it
// would have moved before is part of the error.
func (e *evolver) attempt(h, accuracy float64) (found, debt float64, err error) {
	if e.timed != nil {
		found, err = e.halve(h, accuracy)
	} else {
		found, err = e.way.step(e.settings.Context, try{e.t, h, accuracy, len(e.asked) > 0 && e.asked[0] < e.after(h)})
	}
	if e.signed {
		return found / e.mass, 0, err
	}
	debt = overdrawn(e.next) / e.mass
	return found/e.mass + 2*math.Max(0, debt-e.debt), debt, err
}

// halve makes two half steps and measures their error by a whole one
// (Richardson 1911).
func (e *evolver) halve(h, accuracy float64) (found float64, err error) {
	copy(e.before, e.m)
	defer copy(e.m, e.before)
	for _, part := range []struct{ from, to float64 }{{0, 1}, {0, 0.5}, {0.5, 1}} {
		if err := e.sdirk.stages(e.settings.Context, e.t+part.from*h, (part.to-part.from)*h, accuracy); err != nil {
			return 0, err
		}
		switch {
		case part.from == 0 && part.to == 1:
			copy(e.coarse, e.next)
		case part.from == 0:
			copy(e.m, e.next)
		}
	}
	missed, err := e.missed(h)
	return apart(e.next, e.coarse)/doubling + missed, err
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
	n := len(e.before) - 1
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
	q, err := e.sdirk.shifts.instants.at(t)
	if err != nil {
		return nil, err
	}
	out := make([]float64, n)
	q.Forward(out, e.before[:n])
	e.looking++
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
	rate := e.way.effort() / h
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

// grow returns the factor of the step after an accepted one. What the estimate
// fell short of that expected from the step before, it is expected to fall short
// of again: laws become smoother (Gustafsson 1994). An estimate that is noise
// holds nothing back.
func (e *evolver) grow(h, found float64) float64 {
	trend, safety := 1., e.way.safety()
	if was := e.last; was.found > 0 {
		trend = math.Min(math.Max(math.Pow(was.found/found, 1./order)*h/was.h, 1), trust)
	}
	e.last = measured{h, found}
	factor := 1.
	for range 4 { // a longer step has more to spend: a contraction by 1/order
		factor = math.Min(safety*trend*math.Pow(e.allowance(factor*h)/found, 1./order), growth)
	}
	if found <= e.noise {
		factor = math.Max(factor, 2)
	}
	if factor < e.way.worthwhile() && factor > safety*safety {
		return 1
	}
	return factor
}

// after returns the time after a step, that of a law where one ends there, whatever
// the rounding.
func (e *evolver) after(h float64) float64 {
	switch {
	case e.look > 0 && h >= e.stop()-e.t-e.period/quanta:
		return e.stop()
	case h == e.clock.end-e.t:
		return e.clock.end
	}
	return e.t + h
}

// measured is the estimate of a step.
type measured struct{ h, found float64 }

// accept answers what was asked for until the end of the step and moves on.
func (e *evolver) accept(h, found, debt float64) error {
	e.out.Steps++
	e.out.Error += found
	e.out.Method = e.turns.left + e.way.name() // sweeps may have given way to elimination
	end := e.after(h)
	for len(e.asked) > 0 && e.asked[0] < end {
		e.way.between(e.rhs, (e.asked[0]-e.t)/h)
		if err := e.answer(e.rhs); err != nil {
			return err
		}
	}
	if len(e.asked) > 0 && e.asked[0] == end {
		if err := e.answer(e.next); err != nil {
			return err
		}
	}
	e.debt = math.Max(e.debt, debt)
	if e.period > 0 {
		e.sdirk.shifts.instants.took(e.t, h)
	}
	n := len(e.m) - 1
	e.t = end
	e.lost += e.next[n]
	e.rest(h)
	e.m, e.next = e.next, e.m
	e.m[n] = 0
	if e.settings.Progress != nil {
		e.settings.Progress(e.clock.spent(e.t))
	}
	if e.t == e.clock.end {
		return e.stay()
	}
	return nil
}

// rest answers all that is left where the law hardly moves any more: with
// constant rates ‖Qᵀm‖₁ never increases, so that until the end it moves by no
// more than the time left times that.
func (e *evolver) rest(h float64) {
	left := e.clock.end - e.t
	if e.timed != nil || !(left > 0) || !(left*apart(e.m, e.next)/h/e.mass <= restless*e.tolerance) {
		return
	}
	bound := left * e.way.motion(h) / h / e.mass
	if !(e.out.Error+bound <= e.tolerance) {
		return
	}
	e.out.Error += bound
	e.t = e.clock.end
}

// stay answers all that is left by the law as it is.
func (e *evolver) stay() error {
	for len(e.asked) > 0 {
		if err := e.answer(e.m); err != nil {
			return err
		}
	}
	return nil
}

// answer records a law, made nonnegative by the jumps of the step.
func (e *evolver) answer(x []float64) error {
	if debt := overdrawn(x); debt > 0 && !e.signed {
		e.out.Limited++
		if e.limit(); !e.limiter.settle(x) {
			return &NotConverged{"limiter", debt / e.mass, e.out.Steps}
		}
	}
	e.record(x)
	return nil
}

// limit prepares the limiter.
func (e *evolver) limit() {
	if e.timed != nil {
		var rows [sdirkStages]operators.Rowed
		for i, k := range e.sdirk.rows {
			rows[i] = k.rows
		}
		e.limiter = newLimiter(rows[:]...)
	} else if e.limiter == nil {
		e.limiter = newLimiter(e.generator)
	}
}

// record keeps a law, with what was absorbed since the step began, as the one
// at the next time asked for.
func (e *evolver) record(x []float64) {
	n := len(x) - 1
	e.out.Masses = append(e.out.Masses, append([]float64(nil), x[:n]...))
	e.out.Lost = append(e.out.Lost, e.lost+x[n])
	e.asked = e.asked[1:]
}
