package compare

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"fokker/grid"
)

// Of equal λ the form is λχ², of two different ones known by its integral: P(χ²₁ +
// 3χ²₁ > 12) by numerical quadrature.
func TestQuadraticFormsHaveTheirTails(t *testing.T) {
	for _, x := range []float64{0.5, 5, 9.99, 10, 10.01, 30, 80} {
		got, want := quadratic(0.3*x, []float64{.3, .3, .3, .3, .3, .3, .3, .3, .3, .3}), distuv.ChiSquared{K: 10}.Survival(x)
		if math.Abs(got/want-1) > 0.01 { // of the saddle point in far tails (Kuonen 1999)
			t.Errorf("P(χ²₁₀ > %v) = %v, want %v", x, got, want)
		}
	}
	tail, h := 0.0, 1e-4 // ∫ P(χ² > 12 − 3z²) over a normal z
	for z := h / 2; z < 8; z += h {
		rest := 1.0
		if left := 12 - 3*z*z; left > 0 {
			rest = math.Erfc(math.Sqrt(left / 2))
		}
		tail += 2 * h * distuv.UnitNormal.Prob(z) * rest
	}
	if got := quadratic(12, []float64{1, 3}); math.Abs(got/tail-1) > 0.03 { // two terms only
		t.Errorf("P = %v, want %v", got, tail)
	}
}

// A χ² of one degree and noncentrality λ is (z + √λ)².
func TestNoncentralTails(t *testing.T) {
	for _, lambda := range []float64{0, 0.5, 7, 300, 1e6} {
		for _, x := range []float64{0.1, 4, 200, 500, 1000, 1.01e6} {
			root, shift := math.Sqrt(x), math.Sqrt(lambda)
			want := above(root-shift) + above(root+shift)
			if got := Beyond(x, 1, lambda); math.Abs(got-want) > 1e-8*want || got > 1 {
				t.Errorf("P(χ²(%v) > %v) = %v, want %v", lambda, x, got, want)
			}
		}
	}
}

// However large the noncentrality, the tail is bounded from above, in no time.
func TestTailsOfHugeNoncentralityAreBounded(t *testing.T) {
	for _, lambda := range []float64{2e7, 1e30, math.MaxFloat64, math.Inf(1)} {
		if got := Beyond(1000, 10, lambda); got != 1 {
			t.Errorf("P(χ²(%v) > 1000) = %v, want 1", lambda, got)
		}
	}
	const lambda, away = 2e7, 6.0
	x := math.Pow(math.Sqrt(lambda)+away, 2)
	want := above(away)
	if got := Beyond(x, 1, lambda); got < want || got > 2.001*want { // of one degree the other side counts as well
		t.Errorf("P = %v, want from %v to twice as much", got, want)
	}
}

// Parts have the least mass and cover all cells; none could be cut again.
func TestPartsCoverTheGrid(t *testing.T) {
	edges := func(n int) (e []float64) {
		for i := range n + 1 {
			e = append(e, float64(i))
		}
		return e
	}
	g, err := grid.New(grid.Axis{Name: "x", Edges: edges(20)}, grid.Axis{Name: "y", Edges: edges(13)}, grid.Axis{Name: "z", Edges: edges(7)})
	if err != nil {
		t.Fatal(err)
	}
	r, mass, total := rand.New(rand.NewPCG(5, 5)), make([]float64, g.Size()), 0.0
	for i := range mass {
		mass[i] = math.Exp(6 * r.Float64())
		total += mass[i]
	}
	for i := range mass {
		mass[i] /= total
	}
	const least = 0.01
	p := Divide(g, mass, least)
	whole := 0.0
	for i, m := range p.Sums(mass) {
		whole += m
		if m < least || m > 4*least || math.Abs(m-p.Mass[i]) > 1e-12 {
			t.Errorf("part %d has mass %v, by itself %v, want %v at least", i, m, p.Mass[i], least)
		}
	}
	if math.Abs(whole-1) > 1e-12 || len(p.Mass) < 30 {
		t.Errorf("%d parts of mass %v", len(p.Mass), whole)
	}
}
