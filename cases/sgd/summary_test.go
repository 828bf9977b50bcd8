package sgd

import (
	"math"
	"math/rand/v2"
	"testing"

	"fokker/operators"
)

// table generates rows: a year far from 0 with a small spread, x, y = 3x − 2 + noise,
// and a group 0 or 1.
func table(n int, noise float64, random *rand.Rand) *Data {
	d := &Data{Name: "table", Columns: []string{"year", "x", "y", "group"}, Values: operators.Columns(4, n)}
	for i := range n {
		x := random.NormFloat64()
		d.Values[0][i], d.Values[1][i], d.Values[2][i] = 2000+10*random.NormFloat64(), x, 3*x-2+noise*random.NormFloat64()
		d.Values[3][i] = float64(random.IntN(2))
	}
	return d
}

// both evaluates all that an equation needs, from the summary and from all examples.
func both(t *testing.T, e *Examples, x [][]float64) (short, long [][][]float64) {
	t.Helper()
	if e.Terms() == 0 {
		t.Fatal("no summary was found")
	}
	all := func() (out [][][]float64) {
		dim, n := len(e.Axes), len(x[0])
		for order := range 4 {
			d := operators.Columns(e.count(order), n)
			e.mean(d, order, x)
			out = append(out, d)
		}
		c, along, p := operators.Columns(dim*dim, n), operators.Columns(dim*dim, n), operators.Columns(dim, n)
		e.PopulationGradient(p, x)
		e.Covariance(c, x)
		e.CovarianceAlong(along, p, x)
		return append(out, c, along)
	}
	short = all()
	kept := e.summary
	e.summary = nil
	long = all()
	e.summary = kept
	return short, long
}

// Means and covariances of a few functions of an example give what the sum over all
// examples gives, but for rounding: relative to the largest values at 20 points,
// though years lie 200 deviations from 0.
func TestSummaryIsTheSumOverExamples(t *testing.T) {
	for _, loss := range []string{
		"0.5*(u*x + v - y)^2",
		"0.5*(u*year/10 + v*x - y)^2",
		"(u*x^2 + v*(year - 1990)/10 - y)^4/4 + u^2*v^2",
		"(u*v*x - y)^2/(1 + x^2)",
		"group > 0.5 ? 0.5*(u - x)^2 : exp(v)*abs(y)",
		"cosh(u)*y^2 - sin(u*v)*x*y",
	} {
		for _, weighted := range []string{"", "weighted"} {
			random := rand.New(rand.NewPCG(3, 4))
			d := table(700, 0.5, random)
			for range d.Len() {
				if weighted != "" {
					d.Weights = append(d.Weights, float64(random.IntN(3)))
				}
			}
			e := examples(t, []string{"u", "v"}, d, loss, "")
			e.Equation, e.Rate = SDE2Plus, .1
			if err := e.Compile(); err != nil {
				t.Fatal(err)
			}
			short, long := both(t, e, columnsOf(2, 20))
			for q := range short {
				apart, size := 0.0, 0.0
				for k := range short[q] {
					for i, v := range long[q][k] {
						apart, size = max(apart, math.Abs(short[q][k][i]-v)), max(size, math.Abs(v))
					}
				}
				if apart > 1e-12*size {
					t.Errorf("%s %s, quantity %d: off by %.2g of %.2g with %d terms", weighted, loss, q, apart, size, e.Terms())
				}
			}
		}
	}
}

// Where the model fits every example, the noise vanishes to the rounding of a
// gradient, squared: no difference of large numbers is left.
func TestSummaryKnowsWhereNoiseVanishes(t *testing.T) {
	e := examples(t, []string{"u", "v"}, table(700, 0, rand.New(rand.NewPCG(3, 4))), "0.5*(u*x + v - y)^2", "")
	if e.Terms() == 0 {
		t.Fatal("no summary was found")
	}
	c := operators.Columns(4, 2)
	e.Covariance(c, [][]float64{{3, 4}, {-2, -2}}) // the truth, and beside it
	for k := range c {
		if math.Abs(c[k][0]) > 1e-28*c[0][1] {
			t.Errorf("C = %v where every example fits, %v beside it", c[k][0], c[k][1])
		}
	}
}

func TestLossesThatMixThemGoOverAllExamples(t *testing.T) {
	d := table(700, 0.5, rand.New(rand.NewPCG(3, 4)))
	for _, loss := range []string{"softplus(u*x + v)", "abs(u*x - y)", "(y < 0 ? log(y) : u)*v"} { // the last: no number for some
		if e := examples(t, []string{"u", "v"}, d, loss, ""); e.Terms() != 0 || e.Rows() != d.Len() {
			t.Errorf("%s: %d terms", loss, e.Terms())
		}
	}
}
