package solvers

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"fokker/operators"
)

// cyBump is a law around the middle of the box.
func cyBump(q *operators.Block) []float64 {
	g, m := q.Mesh(), make([]float64, q.Size())
	for i := range m {
		square := 0.0
		for k := range g.Dim() {
			x := g.Centers(k)
			at, width := x[g.Along(k, i)]-0.3*x[len(x)-1], 0.2*x[len(x)-1]
			square += at * at / (width * width)
		}
		m[i] = math.Exp(-square / 2)
	}
	total := sum(m)
	for i := range m {
		m[i] /= total
	}
	return m
}

// cyContour returns laws by contours whose equations a method solves.
func cyContour(t testing.TB, q operators.Rowed, method string, m0, times []float64, tolerance float64, workers int) *Evolution {
	t.Helper()
	shifts, err := newShifts(q, method, 0, workers)
	if err != nil {
		t.Fatal(err)
	}
	set, err := (&Settings{Method: byContour, Tolerance: tolerance, Workers: workers}).forEvolve()
	if err != nil {
		t.Fatal(err)
	}
	e := newExponentials(shifts, m0, times, set)
	if err := e.run(); err != nil {
		t.Fatal(err)
	}
	if shifts.method != method {
		t.Errorf("%s gave way to %s", method, shifts.method)
	}
	e.out.WorkUnits = shifts.work
	ctKeeps(t, e.out, m0, tolerance)
	return e.out
}

var cyExamples = []struct {
	name  string
	of    example
	cells []int
}{
	{"turning", turning, []int{80, 75}},
	{"periodic", periodic, []int{66, 66}},
	{"regularised", regularised, []int{72, 70}},
	{"space", space, []int{18, 17, 16}},
}

// Elimination is exact to rounding, so its laws are the reference.
func TestCyclesAgreeWithElimination(t *testing.T) {
	times := []float64{0.05, 0.2, 1}
	const tol = 1e-7
	for _, c := range cyExamples {
		q := c.of.build(t, c.cells...)
		m0 := cyBump(q)
		want := cyContour(t, q, byDirect, m0, times, tol/100, 1)
		contour := cyContour(t, q, byCycles, m0, times, tol, 1)
		steps := evRun(t, q, m0, times, &Settings{Method: byCycles, Tolerance: 1e-5, Workers: 1})
		evKeeps(t, steps, 1)
		for i, at := range times {
			if d := evDistance(contour.Masses[i], want.Masses[i]); d > tol {
				t.Errorf("%s, time %g: error %.2e, want at most %.0e", c.name, at, d, tol)
			}
			if d := evDistance(steps.Masses[i], want.Masses[i]); d > steps.Error || steps.Error > 1e-5 {
				t.Errorf("%s by %s, time %g: error %.2e, reported %.2e, want at most 1e-5", c.name, steps.Method, at, d, steps.Error)
			}
		}
		t.Logf("%s: contour work %.0f, SDIRK4 work %.0f in %d steps", c.name, contour.WorkUnits, steps.WorkUnits, steps.Steps)
	}
}

func TestCyclesHaveOrderFour(t *testing.T) {
	q := turning.build(t, 80, 75)
	m0, last := cyBump(q), 0.0
	want := cyContour(t, q, byDirect, m0, []float64{0.5}, 1e-9, 1).Masses[0]
	for _, n := range []int{5, 10} {
		e := evDistance(fixed(t, q, byCycles, m0, 0.5, n), want)
		order := math.Log2(last / e)
		t.Logf("%d steps: error %.3e, order %.2f", n, e, order)
		if n == 10 && math.Abs(order-4) > 0.7 {
			t.Errorf("order %.2f, want 4 (Hairer and Wanner 1996)", order)
		}
		last = e
	}
}

// A solution to 1e-8 takes work that does not grow with the mesh, however
// stiff it is.
func TestCyclesTakeBoundedWork(t *testing.T) {
	for _, c := range []struct {
		name string
		of   example
	}{{"aligned", aligned}, {"turning", turning}, {"circling", circling}} {
		for _, n := range []int{96, 192} {
			q := c.of.build(t, n, n)
			for _, tau := range []float64{0.02, 0.2, 2} {
				s, err := newShifts(q, byCycles, 0, 1)
				if err != nil {
					t.Fatal(err)
				}
				equation, err := s.at(context.Background(), 0, tau)
				if err != nil {
					t.Fatal(err)
				}
				x, b := make([]float64, q.Size()), cyBump(q)
				if err := equation.solve(context.Background(), x, b, 1e-8); err != nil {
					t.Fatal(err)
				}
				work := equation.work()
				t.Logf("%s, %d² cells, τ = %g: %.0f work units, mass %.1e", c.name, n, tau, work, sum(x)-sum(b))
				if work > 180 { // 17 iterations: as measured, and two more
					t.Errorf("%s, %d² cells, τ = %g: %.0f work units, want at most 180", c.name, n, tau, work)
				}
				// rates times τ are known to their rounding
				if d := math.Abs(sum(x) - sum(b)); d > 1e-14+roundoff*equation.shifted.(*iterated).rho {
					t.Errorf("%s, %d² cells, τ = %g: a mass of %.1e is missing", c.name, n, tau, d)
				}
			}
		}
	}
}

func TestCyclesAreTheSameBitsForAnyWorkers(t *testing.T) {
	for _, c := range cyExamples {
		q := c.of.build(t, c.cells...)
		m0, times := cyBump(q), []float64{0.1}
		want := cyContour(t, q, byCycles, m0, times, 1e-4, 1).Masses[0]
		for _, workers := range []int{2, 7} {
			if got := cyContour(t, q, byCycles, m0, times, 1e-4, workers).Masses[0]; !slices.Equal(got, want) {
				t.Errorf("%s: %d workers give another law than one", c.name, workers)
			}
		}
	}
}

// Where there is no coarser grid contours go on with sweeps if they were asked for;
// chosen by themselves they leave it to SDIRK4.
func TestContoursWithoutCyclesGoOn(t *testing.T) {
	q := stubborn{aligned.build(t, 72, 72)}
	m0 := cyBump(q.Block)
	run := func(method string) (*exponentials, error) {
		shifts, err := newShifts(q, byCycles, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		e := newExponentials(shifts, m0, []float64{0.1}, Settings{Method: method, Tolerance: 1e-4, Workers: 1, Context: context.Background()})
		return e, e.run()
	}
	e, err := run(byContour)
	if err != nil || e.shifts.method != bySweeps {
		t.Errorf("error %v by %s, want a law by sweeps", err, e.shifts.method)
	}
	if _, err = run(""); !errors.As(err, new(*NotConverged)) || !errors.Is(err, errStubborn) {
		t.Errorf("error %v, want NotConverged for the reason that On gives", err)
	}
}

func TestCyclesNeedWideJumpsOnManyCells(t *testing.T) {
	plane, _ := adiP2(t, 70)
	for name, q := range map[string]operators.Rowed{"neighbours": plane, "few cells": turning.build(t, 60, 60)} {
		if _, err := Evolve(q, evPoint(q.Size(), 100), []float64{1}, &Settings{Method: byCycles}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
