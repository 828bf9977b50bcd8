package cases

import (
	"math"
	"testing"
)

// The law is uniform on [−1, 1]: variance 1/3, fourth moment 1/5, and a total variation
// of 0.2284562394 to the N(0, ¼) of its diffusion.
func TestSGDOnTwoExamplesIsUniform(t *testing.T) {
	r := solve(t, "bernoulli")
	s := r.Stationary
	if r.Chain.Batches != "enumerated" || r.Chain.Count != 2 {
		t.Errorf("found %+v, want 2 batches", r.Chain)
	}
	near(t, "variance", s.Covariance["x,x"], 1./3, 1e-12) // two moments of every step are exact on cells
	near(t, "fourth moment", s.RawMoments["x"][4], .2, 1e-5)
	near(t, "outside", s.Observables["outside"], 0, 1e-3) // cells at ±1 spread it by one
	tv, edges := 0.0, r.Grid.Axis(0).Edges
	for i, m := range s.Masses {
		tv += math.Abs(m-between(2*edges[i], 2*edges[i+1])) / 2
	}
	near(t, "total variation", tv, totalVariation(), 1e-3)
	near(t, "total variation", totalVariation(), .2284562394, 1e-10)
}

// totalVariation is that between U(−1, 1) and N(0, ¼): the Gaussian has the larger
// density within ±x, 2φ(2x) = ½, and beyond ±1.
func totalVariation() float64 {
	x := math.Sqrt(-2*math.Log(math.Sqrt(2*math.Pi)/4)) / 2
	return between(-2*x, 2*x) - x + 2*between(2, 20)
}

// E x² of the exact transfer operator, by quadrature with ten digits.
func TestQuarticWellHasTheLawOfItsSteps(t *testing.T) {
	for _, c := range []struct{ rate, c, square float64 }{
		{.1, 0, .0468017902}, {.025, 0, .0122250143}, {.1, 1, .0485157288}, {.025, 1, .0123620304},
	} {
		r := solve(t, "quartic", "rate="+literalOf(c.rate), "c="+literalOf(c.c))
		near(t, "E x²", r.Stationary.Observables["square"], c.square, 2e-9) // (h/σ)⁴ of the cells
	}
}

// SGD of linear regression keeps two moments to itself: Σ = ησ²/B / (2 − η(1 + 2/B)) of
// Gaussian inputs, whatever the tails.
func TestStudentStepsHaveTheVarianceOfSGD(t *testing.T) {
	for _, c := range []struct {
		rate      string
		batch     string
		want, sde float64
	}{{"0.1", "1", .0588235294, .0555555556}, {"0.2", "1", .1428571429, .125}, {"0.1", "4", .0135135135, .0128205128}} {
		set := []string{"sgd.learning_rate=" + c.rate, "sgd.batch_size=" + c.batch, "axis.w.cells=600"}
		near(t, "Var of SGD", solve(t, "student", append(set, "sgd.model=chain")...).Stationary.Covariance["w,w"], c.want, 1e-7)
		near(t, "Var of the diffusion", solve(t, "student", set...).Stationary.Covariance["w,w"], c.sde, 2e-4)
	}
}

// Moments of linear regression close: those of the chain of 50 examples, η = 0.1,
// B = 5, by linear algebra.
func TestCarsStepByStepHaveTheCovarianceOfSGD(t *testing.T) {
	s := solve(t, "cars", "sgd.model=chain", "axis.*.cells=64", "evolve.steps=1", "evolve.outputs=2").Stationary
	near(t, "Σ slope", s.Covariance["slope,slope"], .0037639042, 2e-9)
	near(t, "Σ both", s.Covariance["slope,intercept"], .0016629823, 2e-9)
	near(t, "Σ intercept", s.Covariance["intercept,intercept"], .0038644915, 2e-9)
}

// AΣ + ΣA − ηAΣA = (η/B)C, solved for A = ((2, .5), (.5, 1)), C = ((1, .6), (.6, .5)),
// η = .1, B = 4.
func TestLinearStepsHaveTheirCovariance(t *testing.T) {
	const file = `
[[axis]]
name = "x"
range = [-0.5, 0.5]
cells = 64
[[axis]]
name = "y"
range = [-0.5, 0.5]
cells = 64
[sgd]
loss = "x^2 + x*y/2 + y^2/2"
covariance = { "x,x" = 1, "x,y" = 0.6, "y,y" = 0.5 }
learning_rate = 0.1
batch_size = 4
model = "chain"
[stationary]
tolerance = 1e-9
`
	s := run1(t, file).Stationary
	near(t, "Σxx", s.Covariance["x,x"], .0061506691, 2e-9)
	near(t, "Σxy", s.Covariance["x,y"], .0037249710, 2e-9)
	near(t, "Σyy", s.Covariance["y,y"], .0048954173, 2e-9)
}
