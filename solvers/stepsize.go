package solvers

import "math"

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

// measured is the estimate of a step.
type measured struct{ h, found float64 }
