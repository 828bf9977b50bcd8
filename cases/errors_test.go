package cases

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"

	"fokker/cases/rundir"
)

// known is a case some of whose figures have known values.
type known struct {
	name   string // of the gallery as far as the first comma, if there is no text
	source string
	text   string
	set    []string
	rest   map[string]float64                 // figures of [stationary]
	left   map[string]float64                 // of [quasistationary]
	moved  map[string]func(t float64) float64 // NaN where it is not known
}

func always(v float64) func(float64) float64 { return func(float64) float64 { return v } }

// interval is an axis x.
func interval(lo, hi float64, n int) string {
	return axis("x", "range = ["+literalOf(lo)+", "+literalOf(hi)+"]\ncells = "+strconv.Itoa(n))
}

// gaussEntropy is that of a standard Gaussian, ½ ln 2πe.
const gaussEntropy = 1.4189385332046727

// upper is P(Z > x) of one.
func upper(x float64) float64 { return math.Erfc(x/math.Sqrt2) / 2 }

// quadrature returns expectations under e^(−u)/z on [lo, hi], and z.
func quadrature(lo, hi float64, u func(float64) float64) (mean func(f func(x float64) float64) float64, z float64) {
	integral := func(f func(float64) float64) (s float64) {
		const pieces = 64 // of twenty points: exact to rounding for what is used here
		for i := range pieces {
			a, h := lo+(hi-lo)*float64(i)/pieces, (hi-lo)/pieces
			s += quad.Fixed(func(x float64) float64 { return f(x) * math.Exp(-u(x)) }, a, a+h, 20, quad.Legendre{}, 0)
		}
		return s
	}
	z = integral(func(float64) float64 { return 1 })
	return func(f func(float64) float64) float64 { return integral(f) / z }, z
}

// restOnALine are laws at rest in one dimension.
func restOnALine() []known {
	square := func(x float64) float64 { return x * x }
	fourth := func(x float64) float64 { return x * x * x * x }
	well := func(x float64) float64 { return (x*x - 1) * (x*x - 1) / .4 }
	_, whole := quadrature(-3, 3, well)
	_, right := quadrature(.93, 3, well)
	gauss, _ := quadrature(-9, 9, func(x float64) float64 { return x * x / 2 })
	ripple := func(x float64) float64 { return x*x/2 - math.Sin(x) }
	rippled, ripples := quadrature(-9, 9, ripple)
	student := distuv.StudentsT{Sigma: math.Sqrt(1. / 12), Nu: 6} // p ∝ (2w² + 1)^−3.5
	gamma := distuv.Gamma{Alpha: 1.5, Beta: 2}
	washboard := washboardVelocity()
	return []known{
		{name: "linear", source: "Uhlenbeck and Ornstein 1930: at rest N(0.3, 1)", text: interval(-5.5, 6.5, 96) + "[process]\ndrift = { x = \"0.3 - x\" }\ndiffusion = 1\n[observables]\nhigh = \"x > 1.03\"\n",
			rest: map[string]float64{"mean.x": .3, "covariance.x,x": 1, "entropy": gaussEntropy, "observables.high": upper(.73), "raw_moments.x.3": .027 + .9, "raw_moments.x.4": 3 + 6*.09 + .0081}},
		{name: "in a narrow box", source: "the same, N(0, 1); P(x > 2) by erfc", text: interval(-3.5, 3.5, 80) + "[process]\ndrift = { x = \"-x\" }\ndiffusion = 1\n[observables]\nhigh = \"x > 2\"\n",
			rest: map[string]float64{"covariance.x,x": 1, "entropy": gaussEntropy, "observables.high": upper(2), "raw_moments.x.4": 3}},
		{name: "on coarse cells", source: "the same; E √(1 + x²) by quadrature", text: interval(-6, 6, 24) + "[process]\ndrift = { x = \"-x\" }\ndiffusion = 1\n[observables]\nhigh = \"x > 1\"\nroot = \"sqrt(1 + x^2)\"\n",
			rest: map[string]float64{"covariance.x,x": 1, "entropy": gaussEntropy, "observables.high": upper(1), "raw_moments.x.4": 3,
				"observables.root": gauss(func(x float64) float64 { return math.Sqrt(1 + x*x) })}},
		// U = (x² − 1)²/4 at T = 0.1 by quadrature.
		{name: "two wells, by Gibbs", source: "p ∝ e^(−U/T), Z 1.2452455320 by quadrature", text: interval(-3, 3, 60) + "[process]\npotential = \"(x^2 - 1)^2/4\"\ntemperature = 0.1\n[observables]\nenergy = \"(x^2 - 1)^2/4\"\nright = \"x > 0.93\"\n",
			rest: map[string]float64{"free_energy": -.0219332725, "covariance.x,x": .8713629080, "observables.energy": .0571592730, "observables.right": right / whole}},
		{name: "two wells, by rows", source: "the same law of another scheme", text: interval(-2.5, 2.5, 120) + "[process]\ndrift = { x = \"x - x^3\" }\ndiffusion = 0.1\n[observables]\nenergy = \"(x^2 - 1)^2/4\"\n",
			rest: map[string]float64{"covariance.x,x": .8713629080, "raw_moments.x.4": .9713629080, "observables.energy": .0571592730}},
		{name: "rippled", source: "p ∝ e^(−x²/2 + sin x) by quadrature", text: interval(-5, 5, 75) + "[process]\ndrift = { x = \"cos(x) - x\" }\ndiffusion = 1\n",
			rest: map[string]float64{"mean.x": rippled(func(x float64) float64 { return x }), "raw_moments.x.2": rippled(square), "raw_moments.x.4": rippled(fourth), "entropy": rippled(ripple) + math.Log(ripples)}},
		{name: "tilted", source: "mean velocity on a washboard (Stratonovich 1958)", set: []string{"axis.x.cells=50"}, rest: map[string]float64{"observables.velocity": washboard}},
		{name: "tilted, by rows", source: "the same of another scheme", text: axis("x", "range = [0, \"2*pi\"]\ncells = 50\nboundary = \"periodic\"") + "[process]\ndrift = { x = \"sin(x) + 0.7\" }\ndiffusion = 0.4\n[observables]\nvelocity = \"sin(x) + 0.7\"\n",
			rest: map[string]float64{"observables.velocity": washboard}},
		{name: "student", source: "p ∝ (2w² + 1)^−3.5, variance ησ²/(2(B − η))", set: []string{"axis.w.cells=200", "sgd.learning_rate=0.2"}, rest: map[string]float64{"covariance.w,w": .125, "observables.far": 2 * student.Survival(1)}},
		// Variance ησ²/(2(B − η)) at η = 0.1.
		{name: "student's at a lower rate", source: "the same at η = 0.1", text: interval(-4, 4, 160) + "[process]\ndrift = { x = \"-x\" }\ndiffusion = \"0.05*(2*x^2 + 1)\"\n", rest: map[string]float64{"covariance.x,x": .1 / 1.8}},
		// p ∝ (0.1 + x²/2)^−5 (Mori and others 2022).
		{name: "log-loss", source: "p ∝ (0.1 + x²/2)^−5 (Mori and others 2022)", text: axis("x", "range = [-6, 6]\ncells = 180\nspacing = \"sinh\"") + "[process]\ndrift = { x = \"-x\" }\ndiffusion = \"0.25*(0.1 + x^2/2)\"\n[observables]\nfar = \"x < -1 or x > 1\"\n",
			rest: map[string]float64{"covariance.x,x": .0285714286, "observables.far": 8.7713971e-5}},
		// θ² is Gamma(μ/ζ² − ½, scale ζ²).
		{name: "collapse", source: "θ² is Gamma(μ/ζ² − ½, scale ζ²)", set: []string{"axis.theta.cells=1500"}, rest: map[string]float64{"observables.square": .5, "observables.small": .1124629160}},
		{name: "collapse, nearer to it", source: "the same at ζ = 1.3", set: []string{"axis.theta.cells=1500", "zeta=1.3"}, rest: map[string]float64{"observables.square": .155, "observables.small": .6539806969}},
		// The stochastic logistic equation: Gamma(3/2, scale ½).
		{name: "logistic", source: "Gamma(3/2, scale ½)", text: axis("w", "range = [1e-6, 30]\ncells = 240\nspacing = \"log\"") + "[process]\ndrift = { w = \"2.5*w - 2*w^2\" }\nnoise = { w = \"2*w*sqrt(0.5)\" }\n[observables]\nlow = \"w < 0.25\"\nhigh = \"w > 1\"\n",
			rest: map[string]float64{"mean.w": .75, "covariance.w,w": .375, "observables.low": gamma.CDF(.25), "observables.high": gamma.Survival(1), "entropy": 1.5 - math.Log(2) + math.Log(math.Gamma(1.5)) - .5*mathext.Digamma(1.5)}},
		// p ∝ x^(2a−1) e^(−2ax) (Feller 1951), a = 1 and 3/8.
		{name: "root of x", source: "p ∝ x^(2a−1) e^(−2ax), a = 1 (Feller 1951)", text: interval(0, 9, 120) + "[process]\ndrift = { x = \"1 - x\" }\nnoise = { x = \"sqrt(x)\" }\n[observables]\nlow = \"x < 0.4\"\n",
			rest: map[string]float64{"mean.x": 1, "covariance.x,x": .5, "observables.low": distuv.Gamma{Alpha: 2, Beta: 2}.CDF(.4), "entropy": 2 - math.Ln2 - mathext.Digamma(2)}},
		{name: "root of x, against its wall", source: "the same, a = 3/8", text: interval(0, 9, 120) + "[process]\ndrift = { x = \"1.5*(1 - x)\" }\nnoise = { x = \"2*sqrt(x)\" }\n[observables]\nlow = \"x < 0.4\"\n",
			rest: map[string]float64{"mean.x": 1, "observables.low": distuv.Gamma{Alpha: .75, Beta: .75}.CDF(.4)}},
		{name: "root of x, on graded cells", source: "the same, by cells that grow from its wall", text: interval(0, 28, 72) + "spacing = { at = [2e-6, 1.3e-4, 1.8e-3, 0.024, 0.39, 1.3, 7.4, 28], width = [4e-6, 1.3e-4, 9.6e-4, 0.007, 0.06, 0.14, 0.27, 1] }\n[process]\ndrift = { x = \"1.5*(1 - x)\" }\nnoise = { x = \"2*sqrt(x)\" }\n[observables]\nlow = \"x < 0.4\"\n",
			rest: map[string]float64{"mean.x": 1, "covariance.x,x": 1 / .75, "observables.low": distuv.Gamma{Alpha: .75, Beta: .75}.CDF(.4), "entropy": .75 - math.Log(.75) + math.Log(math.Gamma(.75)) + .25*mathext.Digamma(.75)}},
		{name: "peaks far from each other, on graded cells", source: "N(−2, 0.01²) and N(2, ½²), half each", text: interval(-2.2, 6, 96) + "spacing = { at = [-2.2, -2.04, -2, -1.96, -1.3, 0.5, 2, 3.5, 6], width = [1, 0.02, 0.01, 0.02, 1, 0.4, 0.3, 0.4, 1] }\n[process]\npotential = \"-log(50*exp(-5000*(x + 2)^2) + exp(-2*(x - 2)^2) + 1e-30)\"\ntemperature = 1\n[observables]\nright = \"x > 0\"\n",
			rest: map[string]float64{"mean.x": 0, "covariance.x,x": 4 + .25005/2, "observables.right": .5, "raw_moments.x.3": 1.5 * (.25 - 1e-4) * 2, "entropy": math.Ln2 + gaussEntropy + math.Log(.01*.5)/2}},
		// Gibbs masses of a basin by quadrature.
		{name: "singular", source: "Gibbs masses of two basins by quadrature, T = 0.1", set: []string{"axis.w.cells=400"}, rest: map[string]float64{"observables.regular": .0869405971}},
		{name: "singular, colder", source: "the same, T = 0.01", set: []string{"axis.w.cells=400", "T=0.01"}, rest: map[string]float64{"observables.regular": .0509914159}},
	}
}

// washboardVelocity is that of the tilted case (Stratonovich 1958).
func washboardVelocity() float64 {
	const F, T, L = 0.7, 0.4, 2 * math.Pi
	double := quad.Fixed(func(x float64) float64 {
		return quad.Fixed(func(y float64) float64 {
			return math.Exp((math.Cos(x) - math.Cos(x-y) - y*F) / T)
		}, 0, L, 60, quad.Legendre{}, 0)
	}, 0, L, 60, quad.Legendre{}, 0)
	return L * T * (1 - math.Exp(-L*F/T)) / double
}

// normalLaw is a Gaussian of a mean and a variance in time, with P(x > high).
func normalLaw(mean, variance func(t float64) float64, high float64) map[string]func(float64) float64 {
	return map[string]func(float64) float64{
		"mean.x": mean, "covariance.x,x": variance,
		"entropy":          func(t float64) float64 { return gaussEntropy + math.Log(variance(t))/2 },
		"observables.high": func(t float64) float64 { return upper((high - mean(t)) / math.Sqrt(variance(t))) },
	}
}

// movesOnALine are laws in time in one dimension.
func movesOnALine() []known {
	first := func(t float64) float64 { return math.Exp(-math.Pi * math.Pi * t) } // mode between absorbing walls
	wave := func(t float64) float64 { return math.Exp(-.2 * math.Pi * math.Pi * t) }
	return []known{
		{name: "linear", source: "Uhlenbeck and Ornstein 1930: Gaussian at all times", text: interval(-5.5, 6.5, 96) + "[process]\ndrift = { x = \"0.3 - x\" }\ndiffusion = 1\n[initial]\nmean = { x = 1.7 }\nstd = { x = 0.5 }\n[evolve]\nuntil = 2\noutputs = 3\n[observables]\nhigh = \"x > 1.03\"\n",
			moved: normalLaw(func(t float64) float64 { return .3 + 1.4*math.Exp(-t) }, func(t float64) float64 { return 1 - .75*math.Exp(-2*t) }, 1.03)},
		{name: "towards a wall", source: "Uhlenbeck and Ornstein 1930, across the middle of an uneven box", text: interval(-4, 2.5, 130) + "[process]\ndrift = { x = \"0.5 - x\" }\ndiffusion = 0.2\n[initial]\nmean = { x = -1.5 }\nstd = { x = 0.4 }\n[evolve]\nuntil = 4\noutputs = 3\n[observables]\nhigh = \"x > 1.1\"\n",
			moved: normalLaw(func(t float64) float64 { return .5 - 2*math.Exp(-t) }, func(t float64) float64 { return .2 - .04*math.Exp(-2*t) }, 1.1)},
		{name: "onto both walls", source: "free diffusion: N(0, 0.09 + t)", text: interval(-3, 3, 100) + "[process]\ndiffusion = 0.5\n[initial]\nmean = { x = 0 }\nstd = { x = 0.3 }\n[evolve]\nuntil = 1\noutputs = 3\n[observables]\nhigh = \"x > 0.37\"\n",
			moved: normalLaw(always(0), func(t float64) float64 { return .09 + t }, .37)},
		{name: "without noise", source: "the initial Gaussian, moved by t", text: interval(-2, 4, 120) + "[process]\ndrift = { x = 1 }\n[initial]\nmean = { x = 0 }\nstd = { x = 0.3 }\n[evolve]\nuntil = 1\noutputs = 3\n[observables]\nhigh = \"x > 0.8\"\n",
			moved: normalLaw(func(t float64) float64 { return t }, always(.09), .8)},
		// x′ = sin 2t − x
		{name: "pushed", source: "x′ = sin 2t − x: Gaussian about the solution", text: interval(-6, 6, 90) + "[process]\ndrift = { x = \"sin(2*t) - x\" }\ndiffusion = 0.5\n[initial]\nmean = { x = 0 }\nstd = { x = 0.4 }\n[evolve]\nuntil = 3\noutputs = 4\n[observables]\nhigh = \"x > 0.1\"\n",
			moved: normalLaw(func(t float64) float64 { return (math.Sin(2*t) - 2*math.Cos(2*t) + 2*math.Exp(-t)) / 5 }, func(t float64) float64 { return .5 - .34*math.Exp(-2*t) }, .1)},
		{name: "dirac", source: "Uhlenbeck and Ornstein 1930, from a point", set: []string{"axis.x.cells=101", "evolve.times=[0.1, 0.3, 1, 3]", "observables.high=x > 0.33"},
			moved: normalLaw(func(t float64) float64 { return math.Exp(-t) }, func(t float64) float64 { return -.25 * math.Expm1(-2*t) }, .33)},
		{name: "gbm", source: "lognormal: E x, E x², P by erfc", set: []string{"axis.x.cells=200", "evolve.outputs=3"}, moved: map[string]func(float64) float64{
			"mean.x":             always(.5),
			"observables.square": func(t float64) float64 { return .25 * math.Exp(t) },
			"observables.stuck":  func(t float64) float64 { return upper((math.Log(5) - t/2) / math.Sqrt(t)) },
			"observables.median": func(t float64) float64 { return upper((.5 - t/2) / math.Sqrt(t)) },
		}},
		{name: "decay", source: "first mode between absorbing walls, e^(−π²t)", set: []string{"axis.x.cells=50", "evolve.outputs=3"}, moved: map[string]func(float64) float64{
			"observables.survival": first, "mass": first, "covariance.x,x": always(.25 - 2/(math.Pi*math.Pi)), "entropy": always(1 - math.Log(math.Pi)),
		}},
		// E exp(−½∫W²) = (cosh t)^−½, and the law is Gaussian (Cameron and Martin 1944).
		{name: "killed", source: "E exp(−½∫W²) = (cosh t)^−½ (Cameron and Martin 1944)", text: interval(-7, 7, 140) + "[process]\ndiffusion = 0.5\nkilling = \"x^2/2\"\n[initial]\npoint = { x = 0 }\n[evolve]\ntimes = [0.5, 1, 3]\n", moved: map[string]func(float64) float64{
			"mass": func(t float64) float64 { return 1 / math.Sqrt(math.Cosh(t)) }, "covariance.x,x": math.Tanh,
			"entropy": func(t float64) float64 { return gaussEntropy + math.Log(math.Tanh(t))/2 },
		}},
		{name: "between walls", source: "one mode between reflecting walls, e^(−π²Dt)", text: interval(0, 1, 40) + "[process]\ndiffusion = 0.2\n[initial]\ndensity = \"1 + cos(pi*x)\"\n[evolve]\nuntil = 1\noutputs = 3\n[observables]\nwave = \"cos(pi*x)\"\nlow = \"x < 0.3\"\n", moved: map[string]func(float64) float64{
			"observables.wave": func(t float64) float64 { return wave(t) / 2 },
			"mean.x":           func(t float64) float64 { return .5 - 2/math.Pi/math.Pi*wave(t) },
			"observables.low":  func(t float64) float64 { return .3 + math.Sin(.3*math.Pi)/math.Pi*wave(t) },
		}},
	}
}

// inSpace are laws in two and three dimensions; sources are with the tests of the
// gallery.
func inSpace() []known {
	const xx, xy, yy = .65090909090909091, .17454545454545455, .43272727272727273 // AΣ + ΣAᵀ = 2D of ou2d
	w := math.Sqrt(4 - 1./16)
	bistable := func(x float64) float64 { return (x*x - 1) * (x*x - 1) / 4 }
	energy, _ := quadrature(-5, 5, bistable)
	three := lyapunov(mat.NewDense(3, 3, []float64{1, -.4, 0, 0, 1, -.4, -.4, 0, 1}), []float64{1, .7, .5})
	turned := turningMoments(5.5)
	return []known{
		{name: "ou2d", source: "AΣ + ΣAᵀ = 2D, mean e^(−At)m", set: []string{"axis.x.cells=40", "axis.y.cells=36", "evolve.until=2", "evolve.outputs=3"},
			rest: map[string]float64{"covariance.x,x": xx, "covariance.x,y": xy, "covariance.y,y": yy, "entropy": 2*gaussEntropy + math.Log(xx*yy-xy*xy)/2, "observables.outside": outside(xx, xy, yy, 2)},
			moved: map[string]func(float64) float64{
				"mean.x": func(t float64) float64 { return math.Exp(-1.25*t) * (2*math.Cos(w*t) + (.25*2-2*1)/w*math.Sin(w*t)) },
				"mean.y": func(t float64) float64 { return math.Exp(-1.25*t) * (math.Cos(w*t) + (-.25*1+2*2)/w*math.Sin(w*t)) },
			}},
		{name: "ou3d", source: "AΣ + ΣAᵀ = 2D", set: cells(24, "x", "y", "z"), rest: map[string]float64{
			"covariance.x,x": three.At(0, 0), "covariance.x,y": three.At(0, 1), "covariance.z,z": three.At(2, 2), "entropy": 3*gaussEntropy + math.Log(mat.Det(three))/2}},
		{name: "gyrator", source: "AΣ + ΣAᵀ = 2D (Filliger and Reimann 2007)", set: cells(48, "x", "y"), rest: map[string]float64{"covariance.x,x": 1.5, "covariance.x,y": -1, "covariance.y,y": 2.5, "entropy": 2*gaussEntropy + math.Log(1.5*2.5-1)/2, "observables.energy": 1.5}},
		{name: "anisotropic", source: "HΣ + ΣH = (η/B) C", set: cells(40, "x", "y"), rest: map[string]float64{"covariance.x,x": .13 / 24, "covariance.x,y": .01 / 3, "covariance.y,y": .11 / 24, "observables.loss": .009375}},
		{name: "limitcycle", source: "p ∝ e^(−Φ) (Chaudhari and Soatto 2018)", set: cells(64, "x", "y"), rest: map[string]float64{"observables.square": 1.0417972965, "covariance.y,y": 1, "entropy": .5 + math.Log(7.6234684296) + energy(bistable)}},
		{name: "turning", source: "p ∝ e^(−Φ) by quadrature", set: cells(64, "x", "y"), rest: map[string]float64{"mean.x": turned[0], "mean.y": turned[1], "covariance.x,x": turned[2], "covariance.x,y": turned[3], "covariance.y,y": turned[4]}},
		{name: "labelnoise", source: "Q = u² − v² has no noise: E Q ∝ e^(−τt) (Ziyin, Li and Ueda 2023)", set: append(cells(48, "u", "v"), "evolve.outputs=3"), moved: map[string]func(float64) float64{
			"observables.Q":  func(t float64) float64 { return 1.08 * math.Exp(-.5*t) },
			"observables.Q2": func(t float64) float64 { return balance() * math.Exp(-t) },
		}},
		{name: "randominput", source: "E uv and P(uv < ¼) along |u| = |v| by quadrature (Ziyin, Li and Ueda 2023)", set: cells(48, "u", "v"), rest: map[string]float64{"observables.w": .8449364706, "observables.low": .0773927097}},
		{name: "langevin", source: "e^(At)m, Σ∞ − e^(At)Σ∞e^(Aᵀt) (Chandrasekhar 1943)", set: append(cells(64, "x", "v"), "evolve.outputs=4"), moved: oscillator()},
		{name: "active", source: "moments of an active particle in a harmonic trap, closed", set: append(cells(24, "x", "y"), "axis.theta.cells=16"), rest: map[string]float64{"observables.r2": .2 + 4/1.5, "observables.forward": 2 / 1.5}},
		{name: "p2", source: "moments by a pseudo-spectral method to eleven digits", set: cells(64, "x", "y"), rest: map[string]float64{"covariance.x,x": .75479005852, "covariance.x,y": .14819130212, "covariance.y,y": .11147401167}},
		{name: "cars", source: "moments of a linear drift close: HΣ + ΣH = (η/B) E C", set: append(cells(40, "slope", "intercept"), "evolve.steps=2", "evolve.outputs=2"),
			rest: map[string]float64{"covariance.slope,slope": .0035686294, "covariance.slope,intercept": .0015786600, "covariance.intercept,intercept": .0036692881}},
	}
}

// outside is P(x² + y² > r²) of a Gaussian, integrated along rays.
func outside(xx, xy, yy, r float64) float64 {
	det := xx*yy - xy*xy
	return quad.Fixed(func(a float64) float64 {
		c, s := math.Cos(a), math.Sin(a)
		form := (yy*c*c - 2*xy*c*s + xx*s*s) / det
		return math.Exp(-form*r*r/2) / form
	}, 0, 2*math.Pi, 200, quad.Legendre{}, 0) / (2 * math.Pi * math.Sqrt(det))
}

// balance is E (u² − v²)² of the start of labelnoise.
func balance() float64 {
	two := func(a float64) float64 { return a*a + .01 }
	four := func(a float64) float64 { return a*a*a*a + 6*a*a*.01 + 3e-4 }
	return four(1.2) + four(.6) - 2*two(1.2)*two(.6)
}

// oscillator returns m(t) = e^(At)m₀ and Σ(t) = Σ∞ − e^(At)Σ∞e^(Aᵀt) of langevin
// (Chandrasekhar 1943).
func oscillator() map[string]func(float64) float64 {
	limit := mat.NewDiagDense(2, []float64{.3 / 2.25, .3})
	flow := func(t float64) *mat.Dense {
		var e mat.Dense
		e.Exp(mat.NewDense(2, 2, []float64{0, t, -2.25 * t, -t}))
		return &e
	}
	out := map[string]func(float64) float64{
		"mean.x": func(t float64) float64 { return 1.2 * flow(t).At(0, 0) },
		"mean.v": func(t float64) float64 { return 1.2 * flow(t).At(1, 0) },
	}
	for k, key := range []string{"x,x", "x,v", "v,v"} {
		out["covariance."+key] = func(t float64) float64 {
			var inner mat.Dense
			e := flow(t)
			inner.Product(e, limit, e.T())
			return limit.At(k/2, (k+1)/2) - inner.At(k/2, (k+1)/2)
		}
	}
	return out
}

// answers are the known ones.
func answers() []known { return slices.Concat(restOnALine(), movesOnALine(), inSpace(), inGallery()) }

// Of the figures of forty known answers, 95 % and more lie within three times the
// estimated error, and half of the estimates within ten times the error.
func TestErrorsHoldTheTruth(t *testing.T) {
	held, ratios, page := 0, []float64(nil), []comparison(nil)
	if n := len(answers()); n < 40 {
		t.Errorf("%d known answers, want 40", n)
	}
	for _, k := range answers() {
		if k.source == "" {
			t.Errorf("%s has no source", k.name)
		}
		t.Logf("%s: %s", k.name, k.source)
		before := held - len(ratios)
		r := k.run(t)
		check := func(path string, got, want, estimate float64) {
			if math.IsNaN(want) {
				return
			}
			truth := math.Abs(got - want)
			page = append(page, comparison{k, path, got, want, estimate})
			t.Logf("%-24s %-30s %13.9g  error %8.2g  estimated %8.2g", k.name, path, got, truth, estimate)
			if truth > 1e-12 { // below, it is rounding
				ratios = append(ratios, estimate/truth)
				if truth <= 3*estimate {
					held++
				}
			}
		}
		for _, path := range slices.Sorted(maps.Keys(k.rest)) {
			got, estimate := atRest(t, r, path)
			check(path, got, k.rest[path], estimate)
		}
		for _, path := range slices.Sorted(maps.Keys(k.left)) {
			got, estimate := survived(t, r, path)
			check(path, got, k.left[path], estimate)
		}
		for _, path := range slices.Sorted(maps.Keys(k.moved)) {
			for i, at := range r.Evolve.Times {
				if at > 0 || k.name != "gbm" { // whose start is a point
					check(fmt.Sprintf("%s at %.3g", path, at), output(r.Evolve.Series, path, i), k.moved[path](at), output(r.Evolve.Error.Series, path, i))
				}
			}
		}
		if missed := before - (held - len(ratios)); missed > 0 {
			t.Logf("%s: %d figures beyond three times their errors", k.name, missed)
		}
	}
	if directory := os.Getenv("FOKKER_VERIFICATION"); directory != "" {
		writeKnown(t, directory, page)
	}
	slices.Sort(ratios)
	part, median := float64(held)/float64(len(ratios)), ratios[len(ratios)/2]
	t.Logf("%d figures, %.1f %% within three times the estimate, median of estimate over error %.2g", len(ratios), 100*part, median)
	if len(ratios) < 200 || part < .95 || !(median > .1 && median < 10) {
		t.Errorf("of %d figures %v within three times the estimate, median of estimate over error %v, want 95 %% and 0.1 to 10", len(ratios), part, median)
	}
}

func (k known) run(t *testing.T) *Result {
	t.Helper()
	var c *Case
	var err error
	if k.text != "" {
		c, err = Parse(k.name, []byte(k.text), nil, k.set...)
	} else {
		name, _, _ := strings.Cut(k.name, ",")
		c, err = FromGallery(name, k.set...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return withErrors(t, c)
}

func withErrors(t *testing.T, c *Case) *Result {
	t.Helper()
	r, err := c.Run(context.Background(), Options{Errors: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// atRest returns a figure of the stationary law with its error.
func atRest(t *testing.T, r *Result, path string) (v, estimate float64) {
	t.Helper()
	if !strings.HasPrefix(path, "learning.") {
		return figure(t, r.Stationary.Figures, path), figure(t, *r.Stationary.Error, path)
	}
	find := func(a LearntResult) (out float64) {
		a.mapped(func(at string, v float64) float64 {
			if at == path {
				out = v
			}
			return v
		})
		return out
	}
	return find(*r.Learning.Stationary), find(*r.Learning.Error)
}

// survived returns a figure of the law of what has not left with its error.
func survived(t *testing.T, r *Result, path string) (v, estimate float64) {
	t.Helper()
	q := r.Quasistationary
	if path == "escape_rate" {
		return q.EscapeRate, q.Error.EscapeRate
	}
	return figure(t, q.Figures, path), figure(t, q.Error.Figures, path)
}

// figure returns that of a path.
func figure(t *testing.T, f Figures, path string) float64 {
	t.Helper()
	all := map[string]float64{}
	f.mapped(func(at string, v float64) float64 {
		all[at] = v
		return v
	})
	if v, ok := all[path]; ok {
		return v
	}
	t.Fatalf("no figure %q", path)
	return 0
}

// output returns the figure of a path at output i.
func output(s Series, path string, i int) float64 {
	table, key, _ := strings.Cut(path, ".")
	switch table {
	case "mass":
		return s.Mass[i]
	case "entropy":
		return s.Entropy[i]
	case "raw_moments":
		axis, power, _ := strings.Cut(key, ".")
		return s.RawMoments[axis][i][power[0]-'0']
	}
	return map[string]map[string][]float64{"mean": s.Mean, "covariance": s.Covariance, "observables": s.Observables}[table][key][i]
}

const everything = `
[[axis]]
name = "x"
range = [0, 6]
cells = 24
boundary = "periodic"
[[axis]]
name = "y"
range = [-6, 6]
cells = 24
[process]
potential = "sin(pi/3*x) + y^2/2"
temperature = 1
[initial]
point = { x = 3, y = 0 }
[stationary]
[evolve]
times = [0, 1]
[observables]
energy = "y^2"
right = "x > 2"
`

// What is like hᵖ has its error found, p between ½ and 2; faster, it is some
// differences at most, slower, it is not known.
func TestOrdersGiveErrors(t *testing.T) {
	on := func(f func(h float64) float64) float64 {
		e := &estimate{run: &run{figures: &figures{}}, mass: 1, width: []float64{1.96, 3.9}, highest: 2, to: map[string]sensitivity{"a": {deviation: .1}}}
		for _, h := range e.width {
			e.coarser = append(e.coarser, map[string]float64{"a": 7 + f(h)})
		}
		e.fall = e.theory()
		return e.of("a", 7+f(1))
	}
	for _, p := range []float64{.5, 1, 1.5, 2} {
		near(t, fmt.Sprint("error of order ", p), on(func(h float64) float64 { return -.01 * math.Pow(h, p) })/.01, 1, 1e-5)
	}
	if e := on(func(h float64) float64 { return .01 * math.Pow(h, 5) }); e < .01 || e > chance*.01*math.Pow(1.96, 5) {
		t.Errorf("order 5: error %v", e)
	}
	if e := on(func(h float64) float64 { return .01 * h * (2.2 - h) }); e < .012/3 { // a difference small by chance
		t.Errorf("a change of sign: error %v of 0.012", e)
	}
	if e := on(func(h float64) float64 { return .1 * math.Log(h) }); !math.IsNaN(e) {
		t.Errorf("a logarithm: error %v, want none", e)
	}
	if e := on(func(h float64) float64 { return 0 }); !(e > 0 && e < 1e-11) {
		t.Errorf("no difference: error %v, want rounding", e)
	}
}

// The error of every figure has its name, and an entry for every output; what is
// not known is null: a point has no entropy on any mesh.
func TestEveryFigureHasItsError(t *testing.T) {
	r := withErrors(t, read(t, everything))
	for task, law := range map[string]any{"stationary": r.Stationary, "evolve": r.Evolve} {
		text, err := rundir.Marshal(law)
		if err != nil {
			t.Fatal(err)
		}
		var figures map[string]any
		if err := json.Unmarshal(text, &figures); err != nil {
			t.Fatal(err)
		}
		estimated := figures["error"].(map[string]any)
		for _, name := range strings.Fields("mass mean covariance raw_moments circular_mean entropy free_energy observables") {
			if !sameShape(figures[name], estimated[name]) {
				t.Errorf("%s.%s: %v has the errors %v", task, name, figures[name], estimated[name])
			}
		}
		if e, ok := estimated["entropy"].([]any); ok && (e[0] != nil || e[1] == nil) {
			t.Errorf("errors of the entropy %v, want null and a number", e)
		}
	}
}

// sameShape reports whether two JSON values have the same keys and lengths.
func sameShape(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		for key := range a {
			ok = ok && sameShape(a[key], b[key])
		}
		return ok && len(a) == len(b)
	case []any:
		b, ok := b.([]any)
		for i := range a {
			ok = ok && len(a) == len(b) && sameShape(a[i], b[i])
		}
		return ok
	}
	_, number := b.(float64)
	return number || b == nil
}

func TestErrorsAreEstimatedWhenAsked(t *testing.T) {
	if r := run1(t, everything); r.Stationary.Error != nil || r.Evolve.Error != nil {
		t.Error("errors were estimated unasked")
	}
	r := withErrors(t, read(t, everything+"[numerics]\nerrors = false\n"))
	if r.Stationary.Error != nil || r.Evolve.Error != nil || len(r.Warnings) > 0 {
		t.Errorf("errors were estimated though the case says no, %v", r.Warnings)
	}
	text, err := rundir.Marshal(r)
	if err != nil || strings.Contains(string(text), `"error"`) {
		t.Errorf("%s: %v, want no key", text, err)
	}
}

func TestErrorsDoNotDependOnWorkers(t *testing.T) {
	var all []string
	for _, n := range []int{1, 2, 5} {
		r, err := read(t, everything).Run(context.Background(), Options{Errors: true, Workers: n})
		if err != nil {
			t.Fatal(err)
		}
		text, err := rundir.Marshal([]any{r.Stationary.Error, r.Evolve.Error})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	if all[0] != all[1] || all[0] != all[2] {
		t.Errorf("%s", strings.Join(all, "\n"))
	}
}

// A mesh that cannot be halved leaves figures as they are, without errors.
func TestTooFewCellsHaveNoErrors(t *testing.T) {
	r := withErrors(t, read(t, interval(-2, 2, 6)+"[process]\ndrift = { x = \"-x\" }\ndiffusion = 0.1\n"))
	if r.Stationary.Error != nil || len(r.Warnings) == 0 || !strings.Contains(r.Warnings[len(r.Warnings)-1], `axis "x" would have 3 of them`) {
		t.Errorf("errors %v, warned %q", r.Stationary.Error, r.Warnings)
	}
	// One that can be halved once: the difference is taken as one of first order.
	twice := withErrors(t, read(t, interval(-6, 6, 14)+"[process]\ndrift = { x = \"-x\" }\ndiffusion = 1\n")).Stationary
	once := withErrors(t, read(t, interval(-6, 6, 12)+"[process]\ndrift = { x = \"-x\" }\ndiffusion = 1\n")).Stationary
	if a, b := once.Error.Covariance["x,x"], twice.Error.Covariance["x,x"]; !(a > 0 && b > 0) {
		t.Errorf("errors %v and %v", a, b)
	}
}

// An evolution asked for beside a stationary law that does not exist has its errors.
func TestErrorsWithoutAStationaryLaw(t *testing.T) {
	c := read(t, interval(-2, 2, 101)+"[process]\ndrift = { x = \"-x\" }\nnoise = \"x\"\n[initial]\nmean = { x = 1 }\nstd = { x = 0.1 }\n[stationary]\n[evolve]\nuntil = 1\noutputs = 3\n")
	r, err := c.Run(context.Background(), Options{Errors: true})
	if err == nil || r == nil || r.Stationary != nil {
		t.Fatalf("%v, want that there is no stationary law", err)
	}
	// E x = e^(−t)
	if got, e := r.Evolve.Mean["x"][2], r.Evolve.Error.Mean["x"][2]; !(math.Abs(got-math.Exp(-1)) <= 3*e) || e > .1 {
		t.Errorf("E x = %v ± %v, want %v", got, e, math.Exp(-1))
	}
}

// Progress of the coarser runs is one phase that never goes back.
func TestProgressOfErrorsIncreases(t *testing.T) {
	last, most := -1., 0.
	_, err := read(t, everything).Run(context.Background(), Options{Errors: true, Progress: func(phase string, done float64) {
		if phase != "errors" {
			return
		}
		if done < last || done > 1 {
			t.Errorf("%v after %v", done, last)
		}
		last, most = done, max(most, done)
	}})
	if err != nil || most < .5 {
		t.Errorf("%v at %v", err, most)
	}
}

// Angles differ by the shorter way round; where a law is even, none is its mean.
func TestErrorsOfCircularMeans(t *testing.T) {
	around := axis("x", "range = [0, 4]\ncells = 48\nboundary = \"periodic\"")
	r := withErrors(t, read(t, around+"[process]\ndiffusion = 0.1\n[initial]\nmean = { x = 0.01 }\nstd = { x = 0.3 }\n[evolve]\ntimes = [0, 1]\n"))
	for i, e := range r.Evolve.Error.CircularMean["x"] {
		if got := math.Abs(math.Remainder(r.Evolve.CircularMean["x"][i]-.01, 4)); !(e < .01) || got > 3*e {
			t.Errorf("distance %v of the circular mean, estimated %v", got, e)
		}
	}
	if e := withErrors(t, read(t, around+"[process]\ndiffusion = 0.1\n")).Stationary.Error.CircularMean["x"]; !math.IsNaN(e) {
		t.Errorf("the circular mean of an even law has the error %v, want none", e)
	}
}

// The probability that |x| grows does not depend on how: below 0 lies Φ(−1) of
// the initial law, which nothing changes. Within the classes the law is Gibbs's,
// p ∝ |x|^(2/0.25 − 2) e^(−x²/0.25).
func TestClassesHaveErrors(t *testing.T) {
	s := withErrors(t, read(t, divided+"[initial]\nmean = { x = 0.3 }\nstd = { x = 0.3 }\n")).Stationary
	mean := math.Sqrt(.25) * math.Gamma(4) / math.Gamma(3.5)
	for i, want := range []float64{upper(1), upper(-1)} {
		c := s.Classes[i]
		if e := c.Error.Probability; math.Abs(c.Probability-want) > 3*e || e > 1e-5 {
			t.Errorf("probability %v ± %v, want %v", c.Probability, e, want)
		}
		if e := c.Error.Mean["x"]; math.Abs(math.Abs(c.Mean["x"])-mean) > 3*e || e > 1e-2 {
			t.Errorf("mean %v ± %v, want ±%v", c.Mean["x"], e, mean)
		}
	}
}
