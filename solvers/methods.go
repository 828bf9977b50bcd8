package solvers

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"fokker/operators"
)

// method is a way to evolve a law.
type method struct {
	name  string
	order int // of the laws at the ends of equal steps; 0 where there are no steps
	needs string
}

const (
	byADI        = "adi"            // alternating directions along axes, extrapolated
	byDirections = "directions"     // along all offsets, extrapolated
	byJumps      = "uniformisation" // sums of powers of I + Q/Λ
)

// Strang is the method that takes axes in turn, those without noise as streams of
// seventh order where all others spread them by upwind rates.
const Strang = "strang"

// evolutions is all that Settings.Method names for Evolve. Without a name it is
// byJumps where little happens, byDirections where jumps of constant rates lead beyond
// face neighbours and few laws are asked for, byContour where that does not pay, Strang
// where an axis streams, byADI where the generator is a sum over axes, and SDIRK4
// otherwise.
var evolutions = []method{
	{byADI, 6, "rates that do not depend on time, jumps to face neighbours along two axes or more"},
	{byDirections, 6, "rates that do not depend on time, on a mesh where no chain of equal jumps is a ring"},
	{Strang, 2, "rates that do not depend on time, jumps to face neighbours, an axis with drift and no noise"},
	{byAny, 4, ""},
	{byLines, 4, "jumps to face neighbours, one axis"},
	{byDirect, 4, ""},
	{bySplit, 4, "jumps to face neighbours"},
	{bySweeps, 4, ""},
	{byCycles, 4, "jumps beyond face neighbours on more than 4096 cells, and no closed faces"},
	{byJumps, 0, "rates that do not depend on time"},
	{byContour, 0, "rates that do not depend on time"},
	{byChebyshev, 0, "rates that do not depend on time"},
}

// leaping reports whether rates are constant and some jumps lead beyond face
// neighbours, so that no axes can be taken in turn.
func leaping(q operators.Rowed) bool {
	near, ok := q.(stencil)
	if !ok || changes(q) {
		return false
	}
	_, _, ok = near.Neighbors(0)
	return !ok
}

// named returns an error unless a method has the name.
func named(name string) error {
	var known []string
	for _, m := range evolutions {
		if m.name == name {
			return nil
		}
		known = append(known, m.name)
	}
	return fmt.Errorf("solvers: evolve: method %q, expected one of %s", name, strings.Join(known, ", "))
}

// unsuited is the error of a method that a generator does not allow.
func unsuited(name string) error {
	for _, m := range evolutions {
		if m.name == name {
			return fmt.Errorf("solvers: evolve: method %q needs %s", name, m.needs)
		}
	}
	return named(name)
}

// turns says when ways of stepping take turns. Steps of splittings are short where
// fast decay hides slow motion along a curve, or from one well to another: after
// some of them, with many to come, a long one of SDIRK4 is tried. Where jumps are wide
// implicit equations are dear, and what is left is done by contours before that.
type turns struct {
	split   *extrapolated // nil once SDIRK4 has taken over, or from the beginning
	contour float64       // so many steps cost what a contour does, 0 where none may serve
	since   int           // steps made when SDIRK4 was tried last
	old     float64       // step of the splitting while SDIRK4 is on trial, otherwise 0
	left    string        // name of the way that was left, for the report
}

const (
	patient = 32  // steps of a splitting before SDIRK4 is tried, and between trials
	distant = 256 // steps to come for which it is tried
	leap    = 6   // how much longer its step is to be: about what it costs more
)

// fewTimes is how many laws are worth steps along offsets: with more of them steps are
// short for laws within them to be right, and a contour serves all at once.
const fewTimes = 8

// costOfContour returns how many steps along offsets, of 30 work units each, cost about what
// a contour does: up to 1100 units, but several times that for noise of rank one, which
// has some four jumps a cell where any other has six and more: coarse meshes have others.
func costOfContour(q operators.Rowed) float64 {
	jumps := 0
	for i := range q.Size() {
		to, _ := q.Row(i)
		jumps += len(to)
	}
	if jumps < 5*q.Size() {
		return 128
	}
	return 32
}

// begin chooses the way of stepping.
func (e *evolver) begin(q operators.Rowed) error {
	if name := e.settings.Method; name == "" || name == Strang {
		if streams := newStrang(e.state, q, e.settings.Workers); streams != nil {
			e.way, e.streams, e.look = streams, streams, math.Inf(1)
			return nil
		}
		if name == Strang {
			return unsuited(name)
		}
	}
	if name := e.settings.Method; name == "" || name == byADI {
		e.turns.split = newADI(e.state, q, e.settings.Workers)
		if e.turns.split != nil {
			e.way = e.turns.split
			return nil
		}
		if name == byADI {
			return unsuited(name)
		}
	}
	switch name := e.settings.Method; {
	case name == byDirections:
		if !e.useDirections(q) {
			return unsuited(name)
		}
		return nil
	case name == "" && leaping(q):
		if len(e.asked) <= fewTimes && e.useDirections(q) {
			e.turns.contour = costOfContour(q)
		}
		return nil
	}
	return e.useSdirk(q, e.settings.Method)
}

// useDirections returns false where the generator is no sum of chains.
func (e *evolver) useDirections(q operators.Rowed) bool {
	parts := strandsOf(q)
	if len(parts) == 0 {
		return false
	}
	e.turns.split = newDirections(e.state, q, parts, e.settings.Workers)
	e.way = e.turns.split
	return true
}

// withoutContours chooses a way where contours were to be the first and do not serve.
func (e *evolver) withoutContours() error {
	if e.useDirections(e.generator) {
		return nil
	}
	return e.useSdirk(e.generator, byAny)
}

func (e *evolver) useSdirk(q operators.Rowed, name string) error {
	shifts, err := newShifts(q, name, e.period, e.settings.Workers)
	if err != nil {
		return err
	}
	e.sdirk = newSdirk(e.state, shifts)
	e.way = e.sdirk
	return nil
}

// reconsider returns the step that follows one of length last, of a splitting or, where
// its steps do not become longer in time, of SDIRK4.
func (e *evolver) reconsider(last, h float64) (float64, error) {
	w := &e.turns
	if len(e.asked) == 0 {
		return h, nil
	}
	settled := h < slight*last || float64(e.out.Steps) >= w.contour
	if w.contour > 0 && settled && e.clock.end-e.t > w.contour*h*e.windows() {
		if err := e.byContours(); err != nil || len(e.asked) == 0 {
			return h, err
		}
	}
	if w.old > 0 { // SDIRK4 has passed
		e.looking += w.split.work()
		*w = turns{left: w.split.name() + ", "}
	}
	if w.split == nil || e.out.Steps-w.since < patient || e.clock.end-e.t < distant*h {
		return h, nil
	}
	w.since, w.old = e.out.Steps, h
	e.longest, e.cheapest, e.last = math.Inf(1), math.Inf(1), measured{} // of another way
	if e.sdirk == nil {
		return leap * h, e.useSdirk(e.generator, byAny)
	}
	e.way = e.sdirk
	return leap * h, nil
}

// windows returns how many contours serve the times asked for.
func (e *evolver) windows() float64 {
	first, last := e.asked[0]-e.t, e.asked[len(e.asked)-1]-e.t
	return math.Ceil(math.Log(last/first)/math.Log(decade)) + 1
}

// byContours answers all that is left by contours, or nothing if their equations do not
// converge.
func (e *evolver) byContours() error {
	e.turns.contour = 0
	n := len(e.m) - 1
	times, set := make([]float64, len(e.asked)), e.settings
	for i, t := range e.asked {
		times[i] = t - e.t
	}
	mass := sum(e.m[:n]) / e.mass
	set.Tolerance = (e.tolerance - e.out.Error) / mass
	if report, done := set.Progress, e.clock.spent(e.t); report != nil {
		set.Progress = func(part float64) { report(done + (1-done)*part) }
	}
	rest, err := exponential(e.generator, e.m[:n], times, set)
	if errors.As(err, new(*NotConverged)) {
		return nil
	}
	if err != nil {
		return err
	}
	e.looking += rest.WorkUnits
	e.out.add(rest, mass, e.lost)
	if e.asked = nil; e.way != nil {
		e.out.Method = e.way.name() + ", " + e.out.Method
	}
	return nil
}

// add appends the laws of what is left, from a law with a part of the mass on, when so
// much was lost before.
func (o *Evolution) add(rest *Evolution, mass, lost float64) {
	o.Method = rest.Method
	o.Masses = append(o.Masses, rest.Masses...)
	for _, l := range rest.Lost {
		o.Lost = append(o.Lost, lost+l)
	}
	o.Error += mass * rest.Error
	o.Steps += rest.Steps
	o.Rejected += rest.Rejected
	o.Limited += rest.Limited
	o.Iterations += rest.Iterations
}

// back returns to the splitting and its step after a trial of SDIRK4 has failed; 0 if
// there was none.
func (e *evolver) back() (h float64) {
	if h = e.turns.old; h > 0 {
		e.way, e.turns.old = e.turns.split, 0
		e.longest, e.cheapest = math.Inf(1), math.Inf(1)
	}
	return h
}

func (e *evolver) work() float64 {
	done := e.looking
	if e.sdirk != nil {
		done += e.sdirk.work()
		if e.timed != nil {
			done += e.sdirk.shifts.instants.made
		}
	}
	if e.streams != nil {
		done += e.streams.work()
	}
	if e.turns.split != nil {
		done += e.turns.split.work()
	}
	return done
}
