package solvers

import (
	"errors"
	"math"
	"math/cmplx"
	"slices"
	"time"

	"fokker/operators"
)

// byContour is Laplace inversion on hyperbolas,
//
//	exp(tA) m = m + (1/2πi) ∫ e^{st}/s (s − A)⁻¹ A m ds,  A = Qᵀ.
//
// The integral is of laws that sum to zero, so the mass is that of m whatever
// the errors of quadrature and equations; the pole at 0 lies within the contour
// with the spectrum.
const byContour = "contour"

const (
	decade     = 10. // times from the first to the last that one contour serves
	dimensions = 100 // of a space at most: its basis is kept
	halvings   = 40  // of a step
)

// sectors that may enclose the spectrum.
var sectors = [...]float64{0, .1, .2, .3, .4, .5, .65, .8, 1, 1.2, 1.35, 1.45}

const (
	better = 2    // how much smaller errors are than estimated, nearly always, as a logarithm
	best   = 5    // the same at most, where the spectrum weighs little
	finer  = 4    // how much smaller those of the contour are that checks another
	most   = 0.8  // of the tolerance that a contour may take, the rest is for the space
	coarse = 1e-5 // the largest tolerance of contours, whose nodes cost little
)

// quiet is the error by rounding, relative to the mass, up to which a space is
// used again: it grows with time over τ.
const quiet = 1e-12

// exponentials is an evolution under way. Windows of times share a contour,
// windows in a row share a space of resolvents while that is large enough. All
// are exponentials of the first law, unless times are too many turns of a
// rotation away: then a step is made, and what follows is counted from there.
// Errors are relative to the mass; an error once made does not grow in L1.
type exponentials struct {
	Settings
	shifts  *shifts
	limiter *limiter  // nil until it is wanted
	m       []float64 // with one cell more where something may be lost
	base    float64   // the time of m
	spent   float64   // error of m
	mass    float64
	clock   clock
	width   float64 // of windows, last time over first
	stride  float64 // of the last step, +Inf before the first
	longest float64 // τ of real equations that converge
	space   *resolvents
	out     *Evolution
}

// exponential returns the laws at all times by contours.
func exponential(q operators.Rowed, m0, times []float64, set Settings) (*Evolution, error) {
	began := time.Now()
	shifts, err := newShifts(q, byAny, 0, set.Workers)
	if err != nil {
		return nil, err
	}
	if shifts.instants != nil {
		return nil, unsuited(byContour)
	}
	if err := shifts.prefer(); err != nil {
		return nil, err
	}
	e := newExponentials(shifts, m0, times, set)
	if err := e.run(); err != nil {
		return nil, err
	}
	e.out.WorkUnits, e.out.Elapsed = shifts.work, time.Since(began)
	return e.out, nil
}

// Elimination is less work than the some 20 solutions by iteration that make a
// space up to so many flops a cell.
const (
	perCellOfCycles = 2e4
	perCell         = 4e5 // where iteration is not by multigrid
)

// prefer chooses elimination where that pays when many equations have one shift,
// or multigrid, as the shift is far from the fastest rates.
func (s *shifts) prefer() (err error) {
	if s.method != bySplit && s.method != bySweeps {
		return nil
	}
	if s.ordering == nil {
		s.ordering, err = newOrdering(s.rows)
	}
	if err != nil {
		return err
	}
	switch {
	case s.method == bySweeps && s.flopsPerCell() > perCellOfCycles && coarsens(s.rows):
		s.method = byCycles
	case s.flopsPerCell() <= perCell:
		s.method = byDirect
	}
	return nil
}

// flopsPerCell is the work of elimination, +Inf if it is not known.
func (s *shifts) flopsPerCell() float64 {
	if s.ordering == nil {
		return math.Inf(1)
	}
	return s.ordering.flops / float64(s.rows.Size())
}

func newExponentials(shifts *shifts, m0, times []float64, set Settings) *exponentials {
	e := &exponentials{
		Settings: set, shifts: shifts, m: slices.Clone(m0), mass: sum(m0),
		width: decade, stride: math.Inf(1), longest: math.Inf(1),
		out: &Evolution{Report: Report{Method: byContour}, Times: times},
	}
	rate := make([]float64, len(m0))
	shifts.rows.Forward(rate, m0)
	e.clock = newClock(times[len(times)-1], e.mass/l1(rate))
	if anyPositive(shifts.rows.Absorption()) {
		e.m = append(e.m, 0)
	}
	return e
}

func (e *exponentials) run() error {
	for len(e.out.Masses) < len(e.out.Times) {
		asked := e.out.Times[len(e.out.Masses):]
		if asked[0] == e.base || e.mass == 0 {
			e.record(e.m)
			continue
		}
		if err := e.advance(e.window(asked)); err != nil {
			return err
		}
	}
	return nil
}

// window returns the times that one contour will serve, counted from the base.
func (e *exponentials) window(asked []float64) []float64 {
	w := []float64{asked[0] - e.base}
	for _, t := range asked[1:] {
		if t-e.base > w[0]*e.width {
			break
		}
		w = append(w, t-e.base)
	}
	return w
}

// advance answers a window, makes windows narrower or makes a step towards it.
func (e *exponentials) advance(window []float64) error {
	if window[0] > 4*e.stride {
		return e.step(2 * e.stride)
	}
	allowed := (e.Tolerance - e.spent) / 2 // the limiter may add as much
	if e.space != nil {
		if q, ok := e.integrate(window, allowed); ok && q.noise <= quiet {
			return e.publish(q)
		}
	}
	q, ok, err := e.build(window, allowed)
	switch {
	case err != nil:
		return err
	case ok:
		if e.space.size() < dimensions/2 {
			e.width = math.Min(e.width*e.width, decade)
		}
		return e.publish(q)
	case len(window) > 1:
		e.out.Rejected++
		e.width = math.Sqrt(window[len(window)-1] / window[0])
	default:
		return e.step(window[0] / 2)
	}
	return nil
}

// publish records the laws of a window, made nonnegative.
func (e *exponentials) publish(q quadrature) error {
	e.out.Iterations += q.nodes
	for _, g := range q.laws {
		law := slices.Clone(e.m)
		e.space.add(law, 1, g)
		debt := overdrawn(law)
		if debt > 0 {
			if e.limiter == nil {
				e.limiter = newLimiter(e.shifts.rows)
			}
			if !e.limiter.settle(law) {
				return &NotConverged{"limiter", debt / e.mass, e.out.Steps}
			}
			e.out.Limited++
		}
		e.out.Error = math.Max(e.out.Error, e.spent+q.error+q.noise+2*debt/e.mass)
		e.record(law)
	}
	return nil
}

// record keeps the law at the next time asked for.
func (e *exponentials) record(law []float64) {
	n, lost := e.shifts.rows.Size(), 0.
	if n < len(law) {
		lost = law[n]
	}
	e.out.Masses, e.out.Lost = append(e.out.Masses, slices.Clone(law[:n])), append(e.out.Lost, lost)
	if e.Progress != nil {
		e.Progress(float64(len(e.out.Masses)) / float64(len(e.out.Times)))
	}
}

// step moves the base by a time, or by what part of it a space allows.
func (e *exponentials) step(h float64) (err error) {
	var q quadrature
	ok := false
	for n := 0; ; n++ {
		if e.space == nil || n%4 == 3 { // one that was made for a longer step
			q, ok, err = e.build([]float64{h}, e.allowance(h))
		} else {
			q, ok = e.integrate([]float64{h}, e.allowance(h))
		}
		if ok || err != nil {
			break
		}
		if n == halvings {
			return &NotConverged{byContour, q.error, e.out.Steps}
		}
		h /= 2
	}
	if err != nil {
		return err
	}
	e.space.add(e.m, 1, q.laws[0])
	e.base, e.stride, e.space = e.base+h, h, nil
	e.spent += q.error + q.noise
	e.out.Iterations += q.nodes
	return nil
}

// allowance returns the error that a step may make: all of them, half of the
// tolerance.
func (e *exponentials) allowance(h float64) float64 {
	return e.Tolerance / 2 * (e.clock.spent(e.base+h) - e.clock.spent(e.base))
}

// pole returns the real shift, times the last time of a window, with which
// spaces are small: more digits are those of faster decay.
func pole(ratio, allowed float64) float64 {
	return min(20, -math.Log(min(allowed, 1e-4))) + 10*math.Log10(ratio)
}

// build makes a space for a window. It returns the integral and whether the
// space is large enough for it.
func (e *exponentials) build(window []float64, allowed float64) (q quadrature, ok bool, err error) {
	last := window[len(window)-1]
	tau := math.Min(e.longest, last/pole(last/window[0], allowed))
	for {
		q, ok, err = e.grow(window, tau, allowed)
		switch cycling := e.shifts.method == byCycles; {
		case !errors.As(err, new(*NotConverged)) || tau < shortest:
			return q, ok, err
		case cycling && e.shifts.flopsPerCell() <= perCell:
			e.shifts.turnTo(byDirect)
		case e.Method == "": // SDIRK4 takes over
			return q, ok, err
		case cycling:
			e.shifts.turnTo(bySweeps)
		default: // the real equations are easier for shorter steps
			tau /= 4
			e.longest = tau
		}
	}
}

func (e *exponentials) grow(window []float64, tau, allowed float64) (q quadrature, ok bool, err error) {
	equation, err := e.shifts.at(e.Context, 0, tau)
	if err != nil {
		return q, false, err
	}
	e.out.Steps++
	e.space, err = newResolvents(e.Context, equation, e.m, math.Max(linearBest, linearPart*allowed), e.Workers)
	defer func() { e.shifts.work += e.space.work() }()
	for look := 3; err == nil; {
		n := e.space.size()
		if full := e.space.whole() || n == dimensions; full || n == look {
			look = n + max(2, n/8)
			if q, ok = e.integrate(window, allowed); ok || full {
				return q, ok, nil
			}
		}
		if 0 < q.error && q.error < 1 { // what comes later matters less (Simoncini and Szyld 2003)
			e.space.accuracy = math.Max(linearBest, linearPart*math.Min(1, allowed/q.error))
		}
		err = e.space.grow(e.Context)
	}
	return q, false, err
}

// quadrature is the integral at some times by one contour.
type quadrature struct {
	nodes int
	laws  [][]float64 // their coefficients in the space
	error float64     // largest by the space and the contour, relative to the mass
	noise float64     // by rounding
}

// integrate returns the integral by a short contour, and whether its error is
// allowed. Every contour is checked by a wider and finer one. Where eigenvectors
// are far from orthogonal, more than the spectrum must be enclosed: sectors are
// widened until the contour errs as it should, and then as long as that helps.
func (e *exponentials) integrate(window []float64, allowed float64) (q quadrature, ok bool) {
	digits := -math.Log(min(max(allowed, roundoff), coarse))
	extra, before := -float64(better), math.Inf(1)
	for sector := 0; extra < finer; {
		enclosing, c := e.enclose(window, sector, digits+extra)
		_, wide := e.enclose(window, enclosing+1, digits+finer)
		if c.node == nil || wide.node == nil {
			return q, false
		}
		q = e.along(c, window)
		check := e.along(wide, window)
		limit := math.Max(allowed, math.Min(4*check.noise, noiseMost)) // rounding allows no less
		apart, space := e.apart(q, check, 0), math.Min(q.error, check.error)
		q.error += apart
		lacking := math.Log(apart / (most * limit))
		switch {
		case q.error <= limit && q.noise <= limit:
			return e.fewest(window, digits, limit, space, q, check), true
		case enclosing < len(sectors)-2 && (lacking > 2*better || lacking <= 0 && q.error < before/4):
			sector, before = enclosing+1, q.error
		case lacking <= 0:
			return q, false
		default:
			extra += math.Max(lacking, 0.5)
		}
	}
	return q, false
}

// fewest returns the integral by the contour with fewest nodes that agrees with the
// check of one found. It need not enclose all of the spectrum, parts of which weigh
// little; the error of the space is that along contours which do. The nodes of trials
// are solved in the space, not on the mesh.
func (e *exponentials) fewest(window []float64, digits, limit, space float64, found, check quadrature) quadrature {
	room := limit - space
	for _, sector := range sectors {
		for extra := -float64(best); extra < finer; {
			c := hyperbola(window[0], window[len(window)-1], sector, digits+extra)
			if len(c.node) >= found.nodes {
				break
			}
			q := e.along(c, window)
			apart := e.apart(q, check, room)
			lacking := math.Log(apart / room)
			if lacking <= 0 && q.noise <= limit {
				q.error = space + apart
				found = q
			}
			if !(0 < lacking && lacking <= 2*best) {
				break
			}
			extra += math.Max(lacking/2, 0.5)
		}
	}
	return found
}

// apart returns the largest distance of the laws of two integrals, relative to the
// mass, or a bound of it that is less than room or many times more.
func (e *exponentials) apart(q, check quadrature, room float64) (apart float64) {
	for i, g := range q.laws {
		apart = math.Max(apart, e.space.distance(g, check.laws[i], room*e.mass)/e.mass)
	}
	return apart
}

// enclose returns the first contour from a sector on that has within it all of
// the spectrum that matters, as far as the space knows it, and its sector. There
// is none where the spectrum turns too fast for these times.
func (e *exponentials) enclose(window []float64, sector int, digits float64) (int, contour) {
	first, last := window[0], window[len(window)-1]
	ritz := e.space.ritz()
	for {
		c := hyperbola(first, last, sectors[min(sector, len(sectors)-1)], digits)
		outside := slices.ContainsFunc(ritz, func(l complex128) bool {
			return !(math.Max(c.misses(l, first), c.misses(l, last)) <= 1-digits)
		})
		if !outside {
			return sector, c
		}
		if sector++; sector >= len(sectors) {
			return sector, contour{}
		}
	}
}

// along returns the integral by a contour, error being that of the space.
func (e *exponentials) along(c contour, window []float64) quadrature {
	q := quadrature{nodes: len(c.node), laws: operators.Columns(len(window), e.space.size())}
	bound, noise := make([]float64, len(window)), make([]float64, len(window))
	y := make([]complex128, e.space.size())
	for k, s := range c.node {
		inexact, inaccurate := e.space.solve(y, s)
		for i, t := range window {
			f := c.factor(k, t)
			for j, v := range y {
				q.laws[i][j] += real(f)*real(v) - imag(f)*imag(v)
			}
			bound[i] += cmplx.Abs(f) * inexact
			noise[i] += cmplx.Abs(f) * inaccurate
		}
	}
	q.error, q.noise = slices.Max(bound)/e.mass, slices.Max(noise)/e.mass
	return q
}
