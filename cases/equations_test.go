package cases

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
)

var equationNames = []string{"sde1", "sde2", "sde2+"}

const quarticWell = `
[parameters]
c = 0.0
[[axis]]
name = "x"
range = [-1.6, 1.6]
cells = 100
[sgd]
loss = "x^2/2 + x^4/4"
covariance = { "x,x" = "1 + c*x^2" }
learning_rate = 0.1
batch_size = 1
[numerics]
order = "spectral"
[stationary]
[observables]
square = "x^2"
`

// secondMoment returns the stationary E x² in the quartic well by quadrature of
// p ∝ e^(∫b/D)/D, with b and D by hand: L = x²/2 + x⁴/4, C = 1 + cx², B = 1.
func secondMoment(equation string, c, eta float64) float64 {
	ratio := func(x float64) (r, d float64) {
		l1, l2, l3, noise := x+x*x*x, 1+3*x*x, 6*x, 1+c*x*x
		b, d := -l1, eta/2*noise
		if equation != "sde1" {
			b -= eta / 2 * l2 * l1
		}
		if equation == "sde2+" {
			b += eta * eta / 4 * noise * l3
			d = eta / 2 * (noise + eta*l2*noise + eta/2*l1*2*c*x)
		}
		return b / d, d
	}
	x, w := make([]float64, 200), make([]float64, 200)
	quad.Legendre{}.FixedLocations(x, w, 0, 1.6)
	mass, square := 0.0, 0.0
	for i, at := range x {
		exponent := quad.Fixed(func(y float64) float64 { r, _ := ratio(y); return r }, 0, at, 60, quad.Legendre{}, 0)
		_, d := ratio(at)
		p := w[i] * math.Exp(exponent) / d
		mass, square = mass+p, square+p*at*at
	}
	return square / mass
}

// The table of stationary E x², to its five digits; the exact kernel is that of
// one step with Gaussian noise, by quadrature of its transition operator.
func TestQuarticTableOfEquations(t *testing.T) {
	kernel := map[float64]map[float64]float64{0: {.1: .0468017902, .025: .0122250143}, 1: {.1: .0485157288, .025: .0123620304}}
	table := map[float64][]float64{0: {.0120720701, .0119128733, .0122209521}, 1: {.0122054134, .0120423703, .0123610645}} // at η = .025
	for c, exact := range kernel {
		for k, equation := range equationNames {
			failed := map[float64]float64{}
			for eta, want := range exact {
				r, err := read(t, quarticWell, fmt.Sprintf("c=%v", c), fmt.Sprintf("sgd.learning_rate=%v", eta), "sgd.equation="+equation).Run(context.Background(), Options{})
				if err != nil {
					t.Fatal(err)
				}
				got := r.Stationary.Observables["square"]
				near(t, equation+" E x²", got, secondMoment(equation, c, eta), 1e-8*want)
				if eta == .025 {
					near(t, equation+" E x² of the table", got, table[c][k], 5e-6*want)
				}
				failed[eta] = math.Abs(got - want)
			}
			// Errors of order η² for sde1 and sde2, η³ for sde2+.
			order := math.Log(failed[.1]/failed[.025]) / math.Log(4)
			if equation == "sde2+" && c == 1 { // whose η³ nearly cancels: the table has 2.22e-4 and 9.7e-7
				near(t, equation+" order in η", order, 4, .15)
				continue
			}
			near(t, equation+" order in η", order, []float64{2, 2, 3}[k], .15)
		}
	}
}

// sumOfSteps returns Σ of θ ← (1 − ηA)θ + noise of covariance η²C/B in the
// stationary law, by the steps themselves: A = ((2, ½), (½, 1)), C = ((1, .6),
// (.6, .5)), B = 4.
func sumOfSteps(eta float64) *mat.Dense {
	step := mat.NewDense(2, 2, []float64{1 - 2*eta, -eta / 2, -eta / 2, 1 - eta})
	noise := mat.NewDense(2, 2, []float64{1, .6, .6, .5})
	noise.Scale(eta*eta/4, noise)
	var sum, next mat.Dense
	sum.CloneFrom(noise)
	for range int(60 / eta) { // the slowest mode falls by e^(−.79η) a step
		next.Product(step, &sum, step.T())
		sum.Add(&next, noise)
	}
	return &sum
}

// Σ of sde2 is the published one of A(1 + ηA/2); against the algorithm's, sde1 and
// sde2 err by O(η²), sde2+ by O(η³).
func TestCoupledNoiseOfEquationsHasItsOrders(t *testing.T) {
	const text = `
[parameters]
eta = 0.1
[[axis]]
name = "x"
range = ["-2*sqrt(eta)", "2*sqrt(eta)"]
cells = 48
[[axis]]
name = "y"
range = ["-2*sqrt(eta)", "2*sqrt(eta)"]
cells = 48
[sgd]
loss = "x^2 + 0.5*x*y + y^2/2"
covariance = { "x,x" = 1, "x,y" = 0.6, "y,y" = 0.5 }
learning_rate = "eta"
batch_size = 4
[numerics]
order = "spectral"
errors = false
[stationary]
`
	want := map[string][3]float64{
		"sde1": {.0054166667, .0033333333, .0045833333},
		"sde2": {.0048768996, .0029736689, .0042730733},
	}
	exact := map[float64]*mat.Dense{.1: sumOfSteps(.1), .05: sumOfSteps(.05)}
	near(t, "Σ of the algorithm", exact[.1].At(0, 0), .0061506691, 1e-10)
	for k, equation := range equationNames {
		failed := map[float64]float64{}
		for eta, m := range exact {
			r, err := read(t, text, fmt.Sprintf("eta=%v", eta), "sgd.equation="+equation).Run(context.Background(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := r.Stationary.Covariance
			if w, known := want[equation]; known && eta == .1 {
				near(t, equation+" Σxx", got["x,x"], w[0], 1e-8)
				near(t, equation+" Σxy", got["x,y"], w[1], 1e-8)
				near(t, equation+" Σyy", got["y,y"], w[2], 1e-8)
			}
			failed[eta] = math.Hypot(got["x,x"]-m.At(0, 0), math.Hypot(got["x,y"]-m.At(0, 1), got["y,y"]-m.At(1, 1)))
		}
		near(t, equation+" order in η", math.Log2(failed[.1]/failed[.05]), []float64{2, 2, 3}[k], .25)
	}
}

// Regression on Gaussian inputs, L = ½(w² + 1), C = 2w² + 1: the variance of
// sde2+ is (η/B)(1 + η)/(2 + η − (η/B)(2 + 4η)), that of the algorithm
// (η/B)/(2 − η(1 + 2/B)).
func TestVarianceUnderGrowingNoiseOfEquations(t *testing.T) {
	for _, eta := range []float64{.1, .05} {
		r := solve(t, "student", fmt.Sprintf("sgd.learning_rate=%v", eta), "sgd.equation=sde2+", "axis.w.cells=6400")
		want := eta * (1 + eta) / (2 + eta - eta*(2+4*eta))
		near(t, "variance", r.Stationary.Covariance["w,w"], want, 1e-5*want)
	}
}

// Of losses (x ± 1)² the second moment at t = 1 is known: of SGD it goes from s to
// (1 − 2η)²s + 4η² a step, in the limit η/(1 − η), of sde1 it is e^(−4t)s + η(1 − e^(−4t)), of sde2 that with
// a = 2(1 + η), e^(−2at)s + (2η/a)(1 − e^(−2at)). Their weak orders are 1 and 2 (Li, Tai and E 2017).
func TestEquationsInTimeHaveTheirWeakOrders(t *testing.T) {
	const text = `
[[axis]]
name = "x"
range = [-3, 3]
cells = 200
[sgd]
loss = "(x - sign)^2"
data = "signs.csv"
learning_rate = 0.01
batch_size = 1
[initial]
mean = { x = 0.9 }
std = { x = 0.3 }
[evolve]
until = 1.0
outputs = 2
tolerance = 1e-9
[numerics]
order = 4
errors = false
[observables]
square = "x^2"
`
	signs := map[string]string{"signs.csv": "sign\n1\n-1\n"}
	for k, equation := range []string{"sde1", "sde2"} {
		var failed []float64
		for _, eta := range []float64{.02, .01} {
			a := []float64{2, 2 * (1 + eta)}[k]
			set := strings.NewReplacer("learning_rate = 0.01", fmt.Sprintf("learning_rate = %v\nequation = %q", eta, equation))
			got := beside(t, set.Replace(text), signs, Options{}).Evolve.Observables["square"]
			near(t, equation+" E x²", got[1], math.Exp(-2*a)*got[0]-2*eta/a*math.Expm1(-2*a), 1e-8)
			steps := math.Pow(1-2*eta, 2/eta)
			failed = append(failed, got[1]-steps*got[0]-eta/(1-eta)*(1-steps))
		}
		// 4e⁻⁴s η of sde1, −1.88 η² of sde2, by the formulas above as η → 0
		if equation == "sde2" {
			near(t, "error over η²", failed[1]/1e-4, -1.88, .02)
			near(t, "order", math.Log2(failed[0]/failed[1]), 2, .02)
		} else {
			near(t, "limit of error over η", 2*failed[1]/.01-failed[0]/.02, 4*math.Exp(-4)*.9, 2e-3)
		}
	}
}
