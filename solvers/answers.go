package solvers

import (
	"math"
	"time"

	"fokker/operators"
)

// answerAll runs an evolution that began at a time of the clock on the wall.
func (e *evolver) answerAll(began time.Time) (*Evolution, error) {
	if err := e.run(); err != nil {
		return nil, err
	}
	e.out.WorkUnits, e.out.Elapsed = e.work(), time.Since(began)
	return e.out, nil
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
		copy(e.rhs, e.next) // what the limiter does is no part of the next step
		if err := e.answer(e.rhs); err != nil {
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
		e.lull(h)
		return
	}
	e.out.Error += bound
	e.t = e.clock.end
}

// lull halves the steps of streams whose errors are as much as the law moves: they would
// add up to all that the tolerance leaves, and hide that it has come to rest.
func (e *evolver) lull(h float64) {
	if e.streams != nil && e.streams.found > apart(e.m, e.next) {
		e.look = min(e.look, h/2)
	}
}

// stay answers all that is left by the law as it is.
func (e *evolver) stay() error {
	for len(e.asked) > 0 {
		copy(e.rhs, e.m)
		if err := e.answer(e.rhs); err != nil {
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
