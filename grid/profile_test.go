package grid_test

import (
	"math"
	"slices"
	"testing"

	"fokker/grid"
)

// Widths of cells are those of the profile, to O(1/n): u is found by quadrature.
func TestCellsHaveTheWidthsOfAProfile(t *testing.T) {
	p := grid.Profile{At: []float64{0, 1, 3}, Width: []float64{0.05, 0.5, 0.1}}
	s, err := p.Spacing()
	if err != nil {
		t.Fatal(err)
	}
	const n = 2000
	edges, _, err := s.Edges(-1, 4, n)
	if err != nil {
		t.Fatal(err)
	}
	width := func(x float64) float64 { // as the profile says
		switch {
		case x < 0:
			return 0.05
		case x < 1:
			return 0.05 + x*(0.5-0.05)
		case x < 3:
			return 0.5 - (x-1)*0.2
		}
		return 0.1
	}
	scale := (edges[1] - edges[0]) / width(edges[0])
	for i := range n {
		middle := (edges[i] + edges[i+1]) / 2
		if got, want := edges[i+1]-edges[i], scale*width(middle); math.Abs(got/want-1) > 1e-3 {
			t.Errorf("cell at %v is %v wide, want %v", middle, got, want)
		}
	}
}

// Widths hold the integral of the cube root of a curvature, but for a quarter of them,
// which lie evenly, and change by no more than the slope; a profile has them nearly.
func TestEquidistributedWidths(t *testing.T) {
	a := grid.Axis{Name: "x"}
	for i := range 401 {
		a.Edges = append(a.Edges, float64(i)/400)
	}
	x, h := a.Middles(), a.Widths()
	c := make([]float64, len(x))
	for i, v := range x {
		c[i] = math.Exp(-60 * v)
	}
	w := grid.Equidistributed(c, a, 50)
	// ∫₀¹ e^(−20x) = (1 − e^(−20))/20 is three quarters of 1/w.
	integral := -math.Expm1(-20) / 20
	cells := 0.0
	for i := range w {
		cells += h[i] / w[i]
		if want := 1 / (.75*math.Exp(-20*x[i])/integral + .25); math.Abs(w[i]/want-1) > .06 {
			t.Errorf("width %v at %v, want %v", w[i], x[i], want)
		}
	}
	if math.Abs(cells-1) > 1e-12 {
		t.Errorf("%v cells, want 1", cells)
	}
	flat := grid.Equidistributed(c, a, 2)
	steepest := 0.0
	for i := 1; i < len(x); i++ {
		steepest = max(steepest, math.Abs(flat[i]-flat[i-1])/(x[i]-x[i-1]))
	}
	if steepest > 2*1.011 {
		t.Errorf("slope %v, want at most 2", steepest)
	}
	p := grid.Through(w, a)
	if len(p.At) > 20 {
		t.Errorf("%d points", len(p.At))
	}
	s, err := p.Spacing()
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range x[1 : len(x)-1] {
		const small = 1e-6
		if got := small / (s.Of(v+small) - s.Of(v)) * slices.Max(w); math.Abs(math.Log(got/w[i+1])) > .25 {
			t.Errorf("the profile has the width %v at %v, want %v", got, v, w[i+1])
		}
	}
}
