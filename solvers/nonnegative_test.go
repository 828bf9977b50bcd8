package solvers

import (
	"math"
	"slices"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// moment returns Σ m Π x^d.
func moment(g *grid.Grid, m []float64, degrees ...int) (total float64) {
	x := operators.Columns(g.Dim(), g.Size())
	g.Points(x, grid.Range{Hi: g.Size()})
	for i, v := range m {
		for k, d := range degrees {
			v *= math.Pow(x[k][i], float64(d))
		}
		total += v
	}
	return total
}

// rippled is a law with waves of a size that are alternately more and less than 0 where it is small.
func rippled(g *grid.Grid, size float64) []float64 {
	m := bump(g)
	for i := range m {
		at := make([]int, g.Dim())
		g.Locate(at, i)
		wave := 1 - 2*float64((at[0]+at[1])%2)
		m[i] += size * wave * math.Sqrt(m[i]*g.Volume(i)/16)
	}
	return m
}

func TestNonnegativeLawsKeepTheirMoments(t *testing.T) {
	g := plate(t, operators.Fourth, 32, [2]grid.Boundary{}, grid.Uniform(), alongNoise).Mesh()
	x := rippled(g, 0.02)
	m := slices.Clone(x)
	debt := overdrawn(x)
	moved, err := newProjection(g).of(m)
	if err != nil || debt == 0 {
		t.Fatalf("%v, %v below 0", err, debt)
	}
	if least := slices.Min(m); least < 0 {
		t.Errorf("least mass %v", least)
	}
	if math.Abs(sum(m)-sum(x)) > 1e-14 {
		t.Errorf("mass changes by %.2g", sum(m)-sum(x))
	}
	for i := range 5 {
		for j := range 5 - i {
			if got, want := moment(g, m, i, j), moment(g, x, i, j); math.Abs(got-want) > 1e-12 {
				t.Errorf("E x^%d y^%d is off by %.2g", i, j, got-want)
			}
		}
	}
	// no more than it was wrong by
	if got := apart(m, x); got != moved || moved < 2*debt || moved > apart(x, bump(g)) {
		t.Errorf("moved %v, reported %v, with %v below 0, and %v from a law without waves", got, moved, debt, apart(x, bump(g)))
	}
	again := slices.Clone(m)
	if moved, err = newProjection(g).of(again); err != nil || moved != 0 || !slices.Equal(again, m) {
		t.Errorf("a nonnegative law changes by %v, %v", moved, err)
	}
}

// No nonnegative law has the variance of this one, which is below 0: its mass and mean are kept.
func TestLawsWithoutTheirMomentsKeepTheirMass(t *testing.T) {
	g := plate(t, operators.Fourth, 8, [2]grid.Boundary{}, grid.Uniform(), returning).Mesh()
	m := []float64{0, 0, 0, -0.2, 1.4, -0.2, 0, 0}
	if _, err := newProjection(g).of(m); err != nil {
		t.Fatal(err)
	}
	if least := slices.Min(m); least < 0 || math.Abs(sum(m)-1) > 1e-14 || math.Abs(moment(g, m, 1)-0.25) > 1e-13 {
		t.Errorf("%v: mass %v, mean %v", m, sum(m), moment(g, m, 1))
	}
}
