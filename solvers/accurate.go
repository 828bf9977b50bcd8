package solvers

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"fokker/operators"
)

// follow evolves a law by an operator that is no generator.
func follow(l operators.Accurate, m0, times []float64, set Settings) (*Evolution, error) {
	out, err := signed(l, m0, times, set)
	if err != nil || !set.Nonnegative {
		return out, err
	}
	onto, mass := newProjection(l.Mesh()), sum(m0)
	for _, m := range out.Masses {
		moved, err := onto.of(m)
		if err != nil {
			return nil, err
		}
		if moved > 0 {
			out.Limited++
		}
		out.Moved = append(out.Moved, moved/mass)
	}
	return out, nil
}

// signed evolves it with masses of any sign.
func signed(l operators.Accurate, m0, times []float64, set Settings) (*Evolution, error) {
	began := time.Now()
	if name := set.Method; (name == "" || name == byChebyshev) && !changes(l) {
		c := newChebyshev(l, m0, times, set)
		if name == byChebyshev || c.products(times[len(times)-1]) < mostProducts {
			out, err := c.run()
			if name == byChebyshev || !errors.As(err, new(*NotConverged)) {
				return out, err
			}
		}
	}
	if set.Method == "" {
		set.Method = byAny
	}
	if !strings.HasPrefix(set.Method, byAny) {
		return nil, fmt.Errorf("solvers: evolve: method %q needs a generator, of order 2; expected %q or, with rates that do not depend on time, %q", set.Method, byAny, byChebyshev)
	}
	e, err := newEvolver(l.Monotone(), m0, times, set)
	if err != nil {
		return nil, err
	}
	e.signed, e.sdirk.shifts.accurate = true, l
	return e.answerAll(began)
}

// mostProducts with the operator are about what steps of SDIRK4 cost, whose equations take some
// ten thousand of these altogether.
const mostProducts = 1.5e4

// leaning is the system (I − τLᵀ)x = b of an operator beside a generator,
// preconditioned by what solves, or preconditions, the equation of this.
type leaning struct {
	operator operators.Accurate
	tau, rho float64
	near     func(x []float64)
	effort   float64 // of near
	held     int     // numbers
}

// lean replaces the equation of rows by that of an operator beside them.
func (s *shifts) lean(k *kept, l operators.Accurate) {
	k.leaner = &leaning{operator: l, tau: k.tau, rho: k.tau * fastestExit(k.rows), held: k.numbers() + numbersOf(k.rows)}
	switch near := k.shifted.(type) {
	case *eliminated:
		k.leaner.near, k.leaner.effort = func(x []float64) { near.factor.solve(x, x) }, 1
	case *iterated:
		k.leaner.near, k.leaner.effort = near.system.precondition, near.passes()
	}
	if s.scratch == nil {
		s.scratch = newScratch(k.rows.Size())
	}
	k.shifted = newIterated(s.method, k.leaner, s.scratch)
}

func (l *leaning) precondition(x []float64) { l.near(x) }

func (l *leaning) apply(dst, x []float64) {
	l.operator.Forward(dst, x)
	for i, v := range x {
		dst[i] = v - l.tau*dst[i]
	}
}

func (l *leaning) fastest() float64 { return l.rho }

func (l *leaning) numbers() int { return l.held }

func (l *leaning) passes() float64 { return l.effort }

func (l *leaning) exact() bool { return false }
