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
// Where m0 stands for a law that is narrower than cells its masses may have any sign; the
// laws that are asked for do not.
//
// Method "chebyshev" sums the series of the exponential, with products alone. Steps are series
// then, Rejected those in which rounding grew.
//
// An operator that is no generator is followed by series, or where its rates depend on
// time or products would be too many by SDIRK4, without the limiter: masses are of any sign.
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
	if set.Method == byJumps || set.Method == "" && overdrawn(m0) == 0 && calm(rows, times) {
		return uniformise(rows, m0, times, set)
	}
	if set.Method == byContour {
		return exponential(rows, m0, times, set)
	}
	if set.Method == byChebyshev {
		return byProducts(rows, m0, times, set)
	}
	e, err := newEvolver(rows, m0, times, set)
	if err != nil {
		return nil, err
	}
	return e.answerAll(began)
}

func checkEvolve(q operators.Generator, m0, times []float64) error {
	if len(m0) != q.Size() {
		return fmt.Errorf("solvers: evolve: found %d masses, expected %d", len(m0), q.Size())
	}
	for i, m := range m0 {
		if !finite(m) {
			return fmt.Errorf("solvers: evolve: mass of cell %d is %v, expected a finite number", i, m)
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
	looked         looked    // the same
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
		longest: math.Inf(1), cheapest: math.Inf(1), noise: noiseLeast, rejected: math.Inf(1), debt: overdrawn(m0) / sum(m0),
		out: &Evolution{Times: times},
	}
	if e.timed, _ = q.(operators.Timed); e.timed != nil {
		e.looked = newLooked(len(m0))
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

func (e *evolver) run() error {
	if e.asked[0] == 0 {
		copy(e.rhs, e.m)
		if err := e.answer(e.rhs); err != nil {
			return err
		}
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

// attempt computes next, a step later, with its error and what is overdrawn
// in it, both relative to the mass. What the limiter would move beyond what it
// would have moved before is part of the error, unless it is cells that streams overdraw,
// whatever the step.
func (e *evolver) attempt(h, accuracy float64) (found, debt float64, err error) {
	if e.timed != nil {
		found, err = e.halve(h, accuracy)
	} else {
		found, err = e.way.step(e.settings.Context, try{e.t, h, accuracy, len(e.asked) > 0 && e.asked[0] < e.after(h)})
	}
	if e.signed || e.streams != nil {
		return found / e.mass, 0, err
	}
	debt = overdrawn(e.next) / e.mass
	return found/e.mass + 2*math.Max(0, debt-e.debt), debt, err
}
