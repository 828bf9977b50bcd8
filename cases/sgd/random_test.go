package sgd

import (
	"math"
	"math/rand/v2"
	"testing"

	"fokker/cases/expr"
	"fokker/operators"
)

// random integrates a loss of axes over random examples, columns as name, source.
func random(t *testing.T, axes []string, loss string, columns ...[2]string) *Examples {
	t.Helper()
	s, law := expr.NewScope(), &Random{}
	declare := func(name string) {
		if err := s.Variable(name); err != nil {
			t.Fatal(err)
		}
	}
	for _, axis := range axes {
		declare(axis)
	}
	for _, c := range columns {
		n, draws, err := s.ParseRandom(c[1])
		if err != nil {
			t.Fatal(err)
		}
		declare(c[0])
		law.Columns, law.Values, law.Draws = append(law.Columns, c[0]), append(law.Values, n), append(law.Draws, draws)
	}
	n, err := s.Parse(loss)
	if err != nil {
		t.Fatal(err)
	}
	e := &Examples{Axes: axes, Loss: n, Scale: 1}
	if err := e.Integrate(law, columnsOf(len(axes), 30)); err != nil {
		t.Fatal(err)
	}
	return e
}

// f = q(w)x, q = (w + a)(w − a)², fitted to noise: L = ½(q² + σ²) and
// C = q′²(2q² + σ²), the fourth moment of x being 3.
func TestRandomExamplesHaveTheirPolynomialMoments(t *testing.T) {
	e := random(t, []string{"w"}, "0.5*((w + 1.8)*(w - 1.8)^2*x - y)^2", [2]string{"x", "normal(0, 1)"}, [2]string{"y", "normal(0, 2)"})
	if e.Data.Random.Error != 0 || e.Data.Len() != 9 {
		t.Errorf("%d examples with error %v, want 3 × 3 that are exact", e.Data.Len(), e.Data.Random.Error)
	}
	x, c, l := columnsOf(1, 50), operators.Columns(1, 50), make([]float64, 50)
	e.Covariance(c, x)
	e.PopulationLoss(l, x)
	for i, w := range x[0] {
		q, slope := (w+1.8)*(w-1.8)*(w-1.8), (w-1.8)*(w-1.8)+2*(w+1.8)*(w-1.8)
		near(t, "L", l[i], (q*q+4)/2, 1e-14*(q*q+4))
		near(t, "C", c[0][i], slope*slope*(2*q*q+4), 2e-14*slope*slope*(2*q*q+4))
	}
}

// A column of another, with noise, of uniform and of two-valued numbers:
// y = wx + s·u with u uniform on (−1, 1), of variance ⅓, and k = ±1.
func TestColumnsDependOnColumnsBefore(t *testing.T) {
	e := random(t, []string{"a"}, "0.5*(a*x - y)^2 + a*k", [2]string{"x", "normal(1, 2)"}, [2]string{"y", "0.5*x + uniform(-1, 1)"}, [2]string{"k", "bernoulli(0.25) ? 1 : -1"})
	at := [][]float64{{-.3, .5, 2}}
	g, c := operators.Columns(1, 3), operators.Columns(1, 3)
	e.PopulationGradient(g, at)
	e.Covariance(c, at)
	for i, a := range at[0] {
		// E x² = 5, E x⁴ = 1 + 6·4 + 3·16 = 73; the gradient is (a − ½)x² − xu + k.
		r := a - .5
		near(t, "∇L", g[0][i], 5*r-.5, 1e-13)
		near(t, "C", c[0][i], r*r*(73-25)+5./3+.75, 1e-12)
	}
}

// At the truth the covariance of a logistic gradient is the Hessian (Fisher's
// information), whatever the inputs are.
func TestLogisticNoiseIsTheHessianAtTheTruth(t *testing.T) {
	e := random(t, []string{"a", "b"}, "softplus(a*x + b) - y*(a*x + b)",
		[2]string{"x", "bernoulli(0.3) ? normal(-1, 0.5) : uniform(0, 2)"}, [2]string{"y", "bernoulli(sigmoid(2*x - 1))"})
	at := [][]float64{{2}, {-1}}
	g, h, c := operators.Columns(2, 1), operators.Columns(3, 1), operators.Columns(4, 1)
	e.PopulationGradient(g, at)
	e.PopulationHessian(h, at)
	e.Covariance(c, at)
	for k := range 2 {
		near(t, "∇L", g[k][0], 0, 1e-9)
		for l := range 2 {
			near(t, "C", c[2*k+l][0], h[triangle(k, l)][0], 1e-9)
		}
	}
	if law := e.Data.Random; !(law.Error > 0 && law.Error < 1e-9) {
		t.Errorf("error %v, want one that is known and small", law.Error)
	}
}

// Means, variances and the covariance of columns drawn against those of the nodes,
// to five standard errors of 200 000 examples.
func TestDrawsHaveTheLawOfTheNodes(t *testing.T) {
	e := random(t, []string{"a"}, "(a*x - y)^2", [2]string{"x", "bernoulli(0.3) ? normal(-1, 0.5) : uniform(0, 2)"}, [2]string{"y", "x + normal(0, x)"})
	const n = 200_000
	drawn := operators.Columns(2, n)
	e.Data.Random.Drawer(drawn, rand.New(rand.NewPCG(1, 2)))()
	for _, f := range []func(x, y float64) float64{
		func(x, _ float64) float64 { return x }, func(_, y float64) float64 { return y },
		func(x, _ float64) float64 { return x * x }, func(_, y float64) float64 { return y * y }, func(x, y float64) float64 { return x * y },
	} {
		want, got, square := 0.0, 0.0, 0.0
		for i := range e.Data.Len() {
			want += e.Data.Weight(i) * f(e.Data.Values[0][i], e.Data.Values[1][i]) / e.Data.Total()
		}
		for i := range n {
			v := f(drawn[0][i], drawn[1][i])
			got, square = got+v/n, square+v*v/n
		}
		near(t, "mean", got, want, 5*math.Sqrt((square-got*got)/n))
	}
}

func TestRandomExamplesThatCannotBeIntegratedAreRefused(t *testing.T) {
	s, law := expr.NewScope(), &Random{Columns: []string{"x"}}
	if err := s.Variable("a"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ source, loss string }{
		{"normal(0, 1) + normal(0, 1) + normal(0, 1) + normal(0, 1) + normal(0, 1) + normal(0, 1) + normal(0, 1)", "exp(a*x)"}, // 8⁷ nodes
		{"bernoulli(1.5)", "a*x"},
	} {
		n, draws, err := s.ParseRandom(c.source)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Variable("x"); err != nil && c.loss != "a*x" {
			t.Fatal(err)
		}
		law.Values, law.Draws = []*expr.Node{n}, [][]expr.Draw{draws}
		loss, err := s.Parse(c.loss)
		if err != nil {
			t.Fatal(err)
		}
		e := &Examples{Axes: []string{"a"}, Loss: loss}
		if err := e.Integrate(law, [][]float64{{1}}); err == nil {
			t.Errorf("%s was integrated", c.source)
		}
	}
}
