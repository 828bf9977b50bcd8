package cases

import (
	"context"
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// relaxation is an Ornstein–Uhlenbeck process from a Gaussian.
const relaxation = `
[[axis]]
name  = "x"
range = [-8, 10]
cells = 180

[process]
drift     = { x = "-x" }
diffusion = 1

[initial]
mean = { x = 2 }
std  = { x = 0.5 }

[evolve]
times     = [0.25, 1, 3]
tolerance = 1e-6
`

// momentum is descent with momentum on A x²/2 as a diffusion: learning rate η,
// batch B, memory μ and noise C in the units t = k√η, v = the buffer over √η.
const momentum = `
[parameters]
eta = 0.1
A   = 1.3
C   = 0.8
B   = 2
mu  = 0.9

[[axis]]
name  = "x"
range = [-4, 4]
cells = 20

[[axis]]
name  = "v"
range = [-4, 4]
cells = 20

[process]
drift = { x = "v", v = "-(1 - mu)/sqrt(eta)*v - A*x" }
noise = { v = "sqrt(sqrt(eta)*C/B)" }

[initial]
mean = { x = 0.6, v = -0.2 }
std  = { x = 0.4, v = 0.4 }

[evolve]
times     = [0.5, 2, 6]
tolerance = 1e-6
method    = "adi"
`

// parsed runs a case that stands in a test.
func parsed(t *testing.T, text string, overrides ...string) *Result {
	t.Helper()
	c, err := Parse("case.toml", []byte(text), nil, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// fromExponential returns the largest L1 distance of the laws of a run from those by matrix
// exponentials of its rates (by squaring, Higham 2005).
func fromExponential(t *testing.T, r *Result) (worst float64) {
	t.Helper()
	q := dense(t, r, 0)
	n, first := r.Grid.Size(), mat.NewVecDense(r.Grid.Size(), nil)
	start, _, err := r.of.Problem.Initial.Masses(r.Grid)
	if err != nil {
		t.Fatal(err)
	}
	copy(first.RawVector().Data, start)
	for i, at := range r.Evolve.Times {
		var power, flow mat.Dense
		power.Scale(at, q.T())
		flow.Exp(&power)
		var law mat.VecDense
		law.MulVec(&flow, first)
		distance := 0.
		for c := range n {
			distance += math.Abs(law.AtVec(c) - r.Evolve.Masses[i][c])
		}
		worst = max(worst, distance)
	}
	return worst
}

func TestLawsInTimeAreMatrixExponentials(t *testing.T) {
	runs := map[string]*Result{
		"relaxation": parsed(t, relaxation),
		"geometric":  solve(t, "gbm", "axis.x.cells=150", "evolve.outputs=5", "evolve.tolerance=1e-6", `evolve.method="sdirk4"`),
	}
	for _, method := range []string{"adi", "sdirk4"} {
		runs["momentum, "+method] = parsed(t, momentum, fmt.Sprintf("evolve.method=%q", method))
	}
	for name, r := range runs {
		distance := fromExponential(t, r)
		t.Logf("%s by %s: %.1e", name, r.Evolve.Method, distance)
		if !(distance <= 1e-6) {
			t.Errorf("%s by %s: %.2e from the exponential, want the tolerance of 1e-6", name, r.Evolve.Method, distance)
		}
	}
}

// m = 2e⁻ᵗ, which rates keep to exactly, and Var = 1 − ¾e⁻²ᵗ. Cells add h²/12 to the
// variance of the start, exponential fitting h²/12 E x² to that of the noise, where
// E x² ≤ 4¼ (Scharfetter and Gummel 1969). The distance from the law at rest is that of
// Gaussians, ½(v + m² − 1 − ln v): 0.2734349355 at t = 1.
func TestRelaxationHasItsMomentsAndItsFreeEnergy(t *testing.T) {
	const h, most = .1, 5.25
	e := parsed(t, relaxation).Evolve
	for i, at := range e.Times {
		variance := 1 - .75*math.Exp(-2*at)
		near(t, "mean", e.Mean["x"][i], 2*math.Exp(-at), 1e-5) // |x| ≤ 10 times the tolerance
		near(t, "variance", e.Covariance["x,x"][i], variance, most*h*h/12)
		near(t, "entropy", e.Entropy[i], .5*math.Log(2*math.Pi*math.E*variance), most*h*h/24/variance)
	}
	square := e.Covariance["x,x"][1] + e.Mean["x"][1]*e.Mean["x"][1]
	near(t, "distance from rest at t = 1", square/2+.5*math.Log(2*math.Pi)-e.Entropy[1], .2734349355, most*h*h/12)
}

// Rates are exact on x and v, upwind or not: E(x, v) = e^(At)(x₀, v₀) with
// A = (0, 1; −A, −γ), γ = (1 − μ)/√η.
func TestMomentumMovesItsMeanExactly(t *testing.T) {
	e := parsed(t, momentum, cells(48, "x", "v")...).Evolve
	for i, at := range e.Times {
		var flow mat.Dense
		flow.Exp(mat.NewDense(2, 2, []float64{0, at, -1.3 * at, -.1 / math.Sqrt(.1) * at}))
		near(t, "E x", e.Mean["x"][i], .6*flow.At(0, 0)-.2*flow.At(0, 1), 4e-6) // |x| ≤ 4
		near(t, "E v", e.Mean["v"][i], .6*flow.At(1, 0)-.2*flow.At(1, 1), 4e-6)
	}
}
