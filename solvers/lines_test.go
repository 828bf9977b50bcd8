package solvers

import (
	"math"
	"math/rand/v2"
	"testing"

	"fokker/grid"
)

// linesRandom is a stencil with rates over some orders of magnitude.
type linesRandom struct {
	*lines
	size int
}

func newLinesRandom(seed uint64, before, cells, after int, ring, lossy bool) linesRandom {
	r := rand.New(rand.NewPCG(seed, 5))
	n := before * cells * after
	l := &lines{cells: cells, stride: before, ring: ring, up: make([]float64, n), down: make([]float64, n)}
	if lossy {
		l.loss = make([]float64, n)
	}
	for i := range n {
		at := i / before % cells
		if ring || at < cells-1 {
			l.up[i] = math.Pow(10, 6*r.Float64()-3)
		}
		if ring || at > 0 {
			l.down[i] = math.Pow(10, 6*r.Float64()-3)
		}
		if lossy {
			l.loss[i] = max(0, r.NormFloat64())
		}
	}
	l.bundle(n)
	return linesRandom{l, n}
}

func TestLinesAreSolvedToRounding(t *testing.T) {
	for seed, shape := range [][3]int{{1, 50, 1}, {1, 7, 6}, {5, 9, 1}, {300, 4, 2}, {3, 3, 3}, {2, 2, 2}} {
		for _, ring := range []bool{false, true} {
			for _, lossy := range []bool{false, true} {
				if ring && shape[1] < 3 {
					continue
				}
				l := newLinesRandom(uint64(seed), shape[0], shape[1], shape[2], ring, lossy)
				for _, tau := range []float64{1e-3, 1, 1e4} {
					linesCheck(t, l, tau)
				}
			}
		}
	}
}

func linesCheck(t *testing.T, l linesRandom, tau float64) {
	t.Helper()
	s := newLineSolver(l.lines, l.size)
	s.eliminate(tau, 2)
	r := rand.New(rand.NewPCG(9, 9))
	x, want, b := make([]float64, l.size), make([]float64, l.size), make([]float64, l.size)
	for i := range want {
		want[i] = math.Pow(10, -9*r.Float64())
	}
	copy(b, want)
	l.addForward(b, want, -tau, 2)
	copy(x, b)
	s.solve(x, 2)
	if d := evDistance(x, want); d > 1e-13*(1+tau*1e3)*l1(want) {
		t.Errorf("%d cells, ring %v, τ = %g: error %.2e", l.cells, l.ring, tau, d/l1(want))
	}
	for i := range b {
		b[i] = math.Pow(10, -200*r.Float64())
	}
	copy(x, b)
	s.solve(x, 2)
	kept := sum(x)
	for i, v := range x {
		if v < 0 {
			t.Errorf("cell %d is %v, want ≥ 0", i, v)
		}
		if l.loss != nil {
			kept += tau * l.loss[i] * v
		}
	}
	if mass := sum(b); math.Abs(kept-mass) > 1e-14*mass {
		t.Errorf("%d cells, ring %v, τ = %g: mass and loss are %v of what was given", l.cells, l.ring, tau, kept/mass)
	}
}

func TestLinesOfAGridMakeUpTheGenerator(t *testing.T) {
	q := evOU(t, 1, 0.5, 2, evAxis(-3, 3, 7, grid.Periodic), evAxis(-2, 3, 1, grid.Absorbing), evAxis(-3, 3, 6, grid.Absorbing), evAxis(-3, 3, 2, grid.Reflecting))
	parts, ok := along(q)
	if !ok {
		t.Fatal("no lines")
	}
	x, want, got := evGauss(q, 0.3, 2), make([]float64, q.Size()), make([]float64, q.Size())
	q.Forward(want, x)
	for _, l := range parts {
		l.addForward(got, x, 1, 2)
	}
	if d := evDistance(got, want); d > 1e-14*l1(want) {
		t.Errorf("distance %.2e", d)
	}
}
