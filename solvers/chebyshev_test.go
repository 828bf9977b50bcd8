package solvers

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"fokker/grid"
	"fokker/operators"
)

// plate returns an operator of high order on [−2, 2]² or, of one dimension, [−2, 2].
func plate(t *testing.T, order operators.Order, n int, ends [2]grid.Boundary, spacing grid.Spacing, p operators.Process) *operators.HighOrder {
	t.Helper()
	var axes []grid.Axis
	for k := range p.Dim() {
		edges, _, err := spacing.Edges(-2, 2, n)
		if err != nil {
			t.Fatal(err)
		}
		axes = append(axes, grid.Axis{Name: string(rune('x' + k)), Edges: edges, Ends: ends})
	}
	g, err := grid.New(axes...)
	if err != nil {
		t.Fatal(err)
	}
	var term operators.Term = operators.Transport{Process: p}
	if p.Dim() > 1 {
		term = operators.Uncoupled{Process: p}
	}
	return above(t, order, g, p, term)
}

// alongNoise has noise of rank one whose direction turns, as that of one label.
var alongNoise = operators.Pointwise{
	Dimension: 2, Noises: 1,
	DriftAt: func(b, x []float64, _ float64) {
		r := 1 - x[0]*x[1]
		b[0], b[1] = r*x[1], r*x[0]
	},
	NoiseAt: func(s, x []float64, _ float64) { s[0], s[1] = 0.7*x[1], 0.7*x[0] },
}

// returning is dX = −X dt + √½ dW.
var returning = operators.Pointwise{
	Dimension: 1, Noises: 1,
	DriftAt: func(b, x []float64, _ float64) { b[0] = -x[0] },
	NoiseAt: func(s, _ []float64, _ float64) { s[0] = math.Sqrt(0.5) },
}

// bump returns the masses of a Gaussian about (0.3, 0.3, …).
func bump(g *grid.Grid) []float64 {
	x, m := operators.Columns(g.Dim(), g.Size()), make([]float64, g.Size())
	g.Points(x, grid.Range{Hi: g.Size()})
	for i := range m {
		m[i] = g.Volume(i)
		for _, c := range x {
			m[i] *= math.Exp(-4 * (c[i] - 0.3) * (c[i] - 0.3))
		}
	}
	total := sum(m)
	for i := range m {
		m[i] /= total
	}
	return m
}

// Against matrix exponentials by scaling and squaring (Al-Mohy and Higham 2009).
func TestSeriesAreExponentials(t *testing.T) {
	walls, ring, out := [2]grid.Boundary{}, [2]grid.Boundary{grid.Periodic, grid.Periodic}, [2]grid.Boundary{grid.Absorbing, grid.Reflecting}
	for _, c := range []struct {
		name string
		h    *operators.HighOrder
	}{
		{"noise of rank one", plate(t, operators.Fourth, 14, walls, grid.Uniform(), alongNoise)},
		{"ring of waves", onTorus(t, operators.Spectral, 14)},
		{"ring", plate(t, operators.Fourth, 40, ring, grid.Uniform(), returning)},
		{"absorbing end", plate(t, operators.Fourth, 60, out, grid.Uniform(), returning)},
		{"graded cells", plate(t, operators.Fourth, 60, walls, grid.Sinh(), returning)},
		{"polynomials", plate(t, operators.Spectral, 12, walls, grid.Chebyshev(-2, 2), alongNoise)},
	} {
		n := c.h.Size()
		m0, times := bump(c.h.Mesh()), []float64{0, 0.05, 0.6, 2}
		rates, column, unit := mat.NewDense(n, n, nil), make([]float64, n), make([]float64, n)
		for j := range n {
			unit[j] = 1
			c.h.Forward(column, unit)
			rates.SetCol(j, column)
			unit[j] = 0
		}
		for _, tolerance := range []float64{1e-3, 1e-6, 1e-10} {
			e, err := Evolve(c.h, m0, times, &Settings{Tolerance: tolerance})
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if e.Method != byChebyshev {
				t.Errorf("%s by %s", c.name, e.Method)
			}
			for i, at := range times {
				var scaled, power mat.Dense
				scaled.Scale(at, rates)
				power.Exp(&scaled)
				want := mat.NewVecDense(n, nil)
				want.MulVec(&power, mat.NewVecDense(n, m0))
				// rounding of squaring, by the norm of what is squared
				if d := apart(e.Masses[i], want.RawVector().Data); d > min(tolerance, e.Error+1e-11) || e.Error > tolerance {
					t.Errorf("%s at %v: %.2g from the law, reported %.2g, tolerance %v", c.name, at, d, e.Error, tolerance)
				}
				if missing := sum(e.Masses[i]) + e.Lost[i] - 1; math.Abs(missing) > 1e-13 {
					t.Errorf("%s at %v: mass is off by %.2g", c.name, at, missing)
				}
			}
		}
	}
}

// Decay is four times as fast on half as wide cells, and products are as its root.
func TestProductsAreAsTheRootOfTheFastestDecay(t *testing.T) {
	work := func(n int) float64 {
		h := plate(t, operators.Fourth, n, [2]grid.Boundary{}, grid.Uniform(), returning)
		e, err := Evolve(h, bump(h.Mesh()), []float64{1}, &Settings{Tolerance: 1e-6})
		if err != nil {
			t.Fatal(err)
		}
		return e.WorkUnits - enclosing
	}
	if coarse, fine := work(64), work(128); fine > 2.2*coarse {
		t.Errorf("%v products, and %v on half as wide cells", coarse, fine)
	}
}

// Polynomials of many cells decay as the fourth power of their number: implicit steps do
// with less.
func TestImplicitStepsTakeOverWhereProductsAreMany(t *testing.T) {
	h := plate(t, operators.Spectral, 160, [2]grid.Boundary{}, grid.Chebyshev(-2, 2), returning)
	e, err := Evolve(h, bump(h.Mesh()), []float64{50}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(e.Method, byAny) {
		t.Errorf("by %s", e.Method)
	}
}

// After a thousand times of relaxation the law is at rest, which is seen long before.
func TestSeriesEndWhereTheLawRests(t *testing.T) {
	h := plate(t, operators.Fourth, 48, [2]grid.Boundary{}, grid.Uniform(), returning)
	e, err := Evolve(h, bump(h.Mesh()), []float64{10, 1000}, &Settings{Method: byChebyshev, Tolerance: 1e-8})
	if err != nil {
		t.Fatal(err)
	}
	law, err := Stationary(h, &Settings{Tolerance: 1e-10})
	if err != nil {
		t.Fatal(err)
	}
	all := newChebyshev(h, e.Masses[0], e.Times, Settings{Tolerance: 1e-8}).products(1000)
	if d := apart(e.Masses[1], law.Mass); d > 2e-8 || e.WorkUnits > all/10 {
		t.Errorf("%.2g from rest after %v products of %.0f", d, e.WorkUnits, all)
	}
}

// Of a short time all coefficients are summed that are more than rounding, few or not.
func TestShortSeriesKnowTheirErrors(t *testing.T) {
	h := plate(t, operators.Fourth, 40, [2]grid.Boundary{}, grid.Uniform(), returning)
	m0 := bump(h.Mesh())
	for _, at := range []float64{1e-9, 1e-6, 1e-4, 3e-4, 1e-3, 3e-3} {
		e, err := Evolve(h, m0, []float64{at}, &Settings{Method: byChebyshev, Tolerance: 1e-8})
		if err != nil {
			t.Fatal(err)
		}
		if !(e.Error >= 0 && e.Error <= 1e-8) {
			t.Errorf("an error of %v at %v", e.Error, at)
		}
	}
}

// Around a part of the spectrum polynomials grow where the rest is: series become shorter, not wrong.
func TestSeriesOfTooSmallEllipsesAreRight(t *testing.T) {
	h := plate(t, operators.Fourth, 40, [2]grid.Boundary{}, grid.Uniform(), returning)
	m0, times, set := bump(h.Mesh()), []float64{0.05, 0.3}, Settings{Method: byChebyshev, Tolerance: 1e-8}
	want, err := Evolve(h, m0, times, &set)
	if err != nil {
		t.Fatal(err)
	}
	set.Context = t.Context()
	for _, part := range []float64{2, 4, 8} {
		c := newChebyshev(h, m0, times, set)
		c.a /= part
		e, err := c.run()
		if err != nil {
			t.Fatal(err)
		}
		for i, at := range times {
			if d := apart(e.Masses[i], want.Masses[i]); d > e.Error+want.Error || e.Error > set.Tolerance {
				t.Errorf("1/%v of the ellipse, at %v: %.2g from the law, reported %.2g", part, at, d, e.Error)
			}
		}
	}
}
