package verification

import (
	"fmt"
	"math"
	"strings"
)

// section is a heading of the page.
type section struct {
	title, about string
	problems     []problem
}

func literal(v any) string { return fmt.Sprint(v) }

// axis is an entry [[axis]]; more are further lines, such as a boundary.
func axis(name string, lo, hi float64, more ...string) string {
	return fmt.Sprintf("[[axis]]\nname = %q\nrange = [%v, %v]\n%s\n", name, lo, hi, strings.Join(more, "\n"))
}

const (
	periodic  = `boundary = "periodic"`
	absorbing = `boundary = "absorbing"`
	half      = `boundary = ["absorbing", "reflecting"]`
	finest    = `spacing = { finest = 0.0, ratio = 6 }`
	middle    = `spacing = { finest = 3.141592653589793, ratio = 4 }`
	sinh      = `spacing = "sinh"`
	logs      = `spacing = "log"`
)

const (
	fitted     = "fitted"
	central    = "central"
	isothermal = "isothermal"
	upwind     = "upwind"
	streams    = "streams"
	selling    = "Selling"
	selling3   = "Selling, three axes"
	rank       = "Selling, rank one"

	scharfetter = "Scharfetter and Gummel 1969"
	bonnans     = "Bonnans, Bonnet and Mirebeau 2023"
	chord       = "jumps of at most n^⅓ cells"
	courant     = "Courant, Isaacson and Rees 1952"
	shu         = "Shu 1998, Strang 1968"
)

func gauss(x, mean, variance float64) float64 {
	return math.Exp(-(x-mean)*(x-mean)/(2*variance)) / math.Sqrt(2*math.Pi*variance)
}

// meshes, in cells along every axis.
var (
	line  = []int{50, 100, 200, 400}
	plane = []int{24, 48, 96, 192}
)

// studentLaw of dX = −X dt + √(0.6(1 + x²/4)) dW in a calculus, a = 0 in Itô's, ½ in
// Stratonovich's, 1 in the isothermal one: p ∝ D^(a−1) e^(∫b/D).
func studentLaw(a float64) func(x []float64, t float64) float64 {
	return func(x []float64, _ float64) float64 { return math.Pow(1+x[0]*x[0]/4, a-1-2/0.3) }
}

func lineAtRest() section {
	student := func(calculus string) string {
		return "[process]\ndrift = { x = '-x' }\nnoise = 'sqrt(0.6*(1 + x^2/4))'\ncalculus = '" + calculus + "'\n"
	}
	ou := "[process]\ndrift = { x = '0.3 - x' }\ndiffusion = 1\n"
	ouLaw := func(x []float64, _ float64) float64 { return gauss(x[0], .3, 1) }
	well := func(x []float64, _ float64) float64 { return math.Exp(-(x[0]*x[0] - 1) * (x[0]*x[0] - 1) / .4) }
	around := func(x []float64, _ float64) float64 { return math.Exp(.7 * math.Cos(x[0])) }
	return section{
		title: "One axis, at rest",
		about: "Rates along a single axis are exponentially fitted; with a potential and a temperature they stand in face form, whose law is that of Gibbs at the centres of cells to rounding on every mesh. Its distance from the exact masses is that of the midpoint rule.",
		problems: []problem{
			{kind: "additive", scheme: fitted, walls: "far", name: "Gaussian of a linear drift",
				text:    axis("x", -6, 6.6) + ou,
				density: ouLaw},
			{kind: "additive", scheme: fitted, walls: "reflecting", name: "the same cut by walls",
				text:    axis("x", -.6, 1.7) + ou,
				density: ouLaw},
			{kind: "additive", scheme: fitted, walls: "far, sinh axis", name: "Gaussian of a linear drift",
				text:    axis("x", -6, 6.6, sinh) + ou,
				density: ouLaw},
			{kind: "additive", scheme: fitted, walls: "far, graded axis", name: "Gaussian of a linear drift",
				text:    axis("x", -6, 6.6, finest) + ou,
				density: ouLaw},
			{kind: "multiplicative, Itô, driven", scheme: fitted, walls: "periodic, graded axis", name: "current around a circle",
				text:    axis("x", 0, turn, periodic, middle) + "[define]\np = 'exp(0.7*cos(x))'\nD = '0.4 + 0.2*sin(x)'\n[process]\ndrift = { x = '(diff(D*p, x) + 0.3)/p' }\ndiffusion = 'D'\n",
				density: around, figure: "cos(x)"},
			{kind: "additive, driven", scheme: fitted, walls: "periodic", name: "current around a circle",
				text:    axis("x", 0, turn, periodic) + "[define]\np = 'exp(0.7*cos(x))'\n[process]\ndrift = { x = '(0.4*diff(p, x) + 0.3)/p' }\ndiffusion = 0.4\n",
				density: around, figure: "cos(x)"},
			{kind: "potential", scheme: isothermal, walls: "far", name: "two wells",
				text:    axis("x", -3, 3) + "[process]\npotential = '(x^2 - 1)^2/4'\ntemperature = 0.1\n",
				density: well},
			{kind: "additive", scheme: fitted, walls: "far", name: "two wells",
				text:    axis("x", -3, 3) + "[process]\ndrift = { x = 'x - x^3' }\ndiffusion = 0.1\n",
				density: well},
			{kind: "potential, mobility", scheme: isothermal, walls: "reflecting", name: "part of a well",
				text:    axis("x", -.5, 1.4) + "[process]\npotential = '(x^2 - 1)^2/4'\nmobility = '1 + x^2/2'\ntemperature = 0.1\n",
				density: well},
			{kind: "potential", scheme: isothermal, walls: "far, graded axis", name: "two wells",
				text:    axis("x", -3, 3, finest) + "[process]\npotential = '(x^2 - 1)^2/4'\ntemperature = 0.1\n",
				density: well},
			{kind: "potential, mobility, force", scheme: isothermal, walls: "periodic", name: "current around a circle",
				text:    axis("x", 0, turn, periodic) + "[process]\npotential = '-0.7*cos(x)'\nmobility = '1 + 0.5*sin(x)'\ntemperature = 1\ndrift = { x = '0.3*exp(-0.7*cos(x))' }\n",
				density: around, figure: "cos(x)"},
			{kind: "potential, mobility", scheme: isothermal, walls: "closed face", name: "two classes, where mobility vanishes",
				text: axis("x", -5, 5, "faces = [0.0]") + "[process]\npotential = 'x^2/2 - x'\nmobility = 'x^2'\ntemperature = 1\n[initial]\ndensity = 'x > 0 ? 3 : 1'\n", figure: "x",
				density: halves},
			{kind: "multiplicative, Itô", scheme: fitted, walls: "far", name: "Student's law",
				text:    axis("x", -12, 12) + student("ito"),
				density: studentLaw(0)},
			{kind: "multiplicative, Stratonovich", scheme: fitted, walls: "far", name: "Student's law",
				text:    axis("x", -12, 12) + student("stratonovich"),
				density: studentLaw(.5)},
			{kind: "multiplicative, isothermal", scheme: fitted, walls: "far", name: "Student's law",
				text:    axis("x", -12, 12) + student("isothermal"),
				density: studentLaw(1)},
			{kind: "multiplicative, Itô", scheme: fitted, walls: "far, sinh axis", name: "Student's law",
				text:    axis("x", -30, 30, sinh) + student("ito"),
				density: studentLaw(0)},
			{kind: "optimiser, multiplicative", scheme: fitted, walls: "far, sinh axis", name: "Student's law of SGD",
				text:    axis("x", -60, 60, sinh) + "[sgd]\nloss = '0.5*(x^2 + 1)'\ncovariance = { 'x,x' = '2*x^2 + 1' }\nlearning_rate = 0.2\nbatch_size = 1\n",
				density: func(x []float64, _ float64) float64 { return math.Pow(1+2*x[0]*x[0], -3.5) }},
			{kind: "multiplicative, Itô", scheme: fitted, walls: "reflecting", name: "Student's law cut by walls",
				text:    axis("x", -.7, 1.1) + student("ito"),
				density: studentLaw(0)},
			{kind: "multiplicative, Itô, driven", scheme: fitted, walls: "periodic", name: "current around a circle",
				text:    axis("x", 0, turn, periodic) + "[define]\np = 'exp(0.7*cos(x))'\nD = '0.4 + 0.2*sin(x)'\n[process]\ndrift = { x = '(diff(D*p, x) + 0.3)/p' }\ndiffusion = 'D'\n",
				density: around, figure: "cos(x)"},
			{kind: "multiplicative, Itô", scheme: fitted, walls: "far, log axis", name: "Gamma law of the logistic equation",
				text: axis("x", 1e-6, 30, logs) + "[process]\ndrift = { x = '2.5*x - 2*x^2' }\nnoise = { x = '2*x*sqrt(0.5)' }\n", figure: "x",
				density: func(x []float64, _ float64) float64 { return math.Sqrt(x[0]) * math.Exp(-2*x[0]) }},
			{kind: "multiplicative, Itô", scheme: fitted, walls: "noise vanishes at the wall", name: "Gamma law, p ∝ x near it", cells: []int{100, 200, 400, 800}, quick: 3, note: "the error has a logarithm, h² log h, where noise vanishes at the wall",
				text: axis("x", 0, 14) + "[process]\ndrift = { x = '1 - x' }\nnoise = { x = 'sqrt(x)' }\n", figure: "x",
				density: func(x []float64, _ float64) float64 { return x[0] * math.Exp(-2*x[0]) }},
			{kind: "multiplicative, Itô", scheme: fitted, walls: "closed face", name: "two classes, p ∝ x⁶ e^(−4x²)",
				text: axis("x", -3, 3, "faces = [0.0]") + "[process]\ndrift = { x = 'x - x^3' }\ndiffusion = 'x^2/8'\n[initial]\ndensity = 'x > 0 ? 3 : 1'\n", figure: "x",
				density: func(x []float64, _ float64) float64 {
					return (2 + math.Copysign(1, x[0])) * math.Pow(x[0], 6) * math.Exp(-4*x[0]*x[0])
				}},
		},
	}
}

// halves is e^(−U) of U = x²/2 − x with ¾ of the mass above 0.
func halves(x []float64, _ float64) float64 {
	above := leftOf(5, 1, 1) - leftOf(0, 1, 1)
	if x[0] > 0 {
		return .75 * gauss(x[0], 1, 1) / above
	}
	return .25 * gauss(x[0], 1, 1) / (leftOf(0, 1, 1) - leftOf(-5, 1, 1))
}

// absorbedBelow is the law of Brownian motion with drift v and diffusion d from
// x₀, absorbed at 0, up to a factor, and the mass left (Cox and Miller 1965).
func absorbedBelow(x, x0, v, d, t float64) float64 {
	return gauss(x, x0+v*t, 2*d*t) - math.Exp(-v*x0/d)*gauss(x, -x0+v*t, 2*d*t)
}

func survival(x0, v, d, t float64) float64 {
	upper := func(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }
	s := math.Sqrt(2 * d * t)
	return upper(-(x0+v*t)/s) - math.Exp(-v*x0/d)*upper((x0-v*t)/s)
}

func lineInTime() section {
	pi := math.Pi
	relax := func(x []float64, t float64) float64 { return gauss(x[0], .3+1.4*math.Exp(-t), 1-.75*math.Exp(-2*t)) }
	start := "[initial]\nmean = { x = 1.7 }\nstd = { x = 0.5 }\n"
	wave := func(x []float64, t float64) float64 { return 1 + .5*math.Exp(-.2*pi*pi*t)*math.Cos(pi*x[0]) }
	unit := "[process]\ndiffusion = 0.2\n"
	const x0, v, d, t0 = .8, -.4, .25, .08
	c := math.Atanh(.25)
	breathing := func(t float64) float64 { // ∫₀ᵗ 2D e^(−2(t−s)) ds, D = ½(1 + ½ sin 3s)
		return (1-math.Exp(-2*t))/2 + .5*(2*math.Sin(3*t)-3*math.Cos(3*t)+3*math.Exp(-2*t))/13
	}
	return section{
		title: "One axis, in time",
		about: "Laws at one time, integrated to 1e-7.",
		problems: []problem{
			{kind: "additive", scheme: fitted, walls: "far", name: "Gaussian relaxes", at: 1,
				text:    axis("x", -6, 6.6) + "[process]\ndrift = { x = '0.3 - x' }\ndiffusion = 1\n" + start,
				density: relax},
			{kind: "potential", scheme: isothermal, walls: "far", name: "Gaussian relaxes", at: 1,
				text:    axis("x", -6, 6.6) + "[process]\npotential = '(x - 0.3)^2/2'\ntemperature = 1\n" + start,
				density: relax},
			{kind: "additive", scheme: fitted, walls: "far, sinh axis", name: "Gaussian relaxes", at: 1,
				text:    axis("x", -6, 6.6, sinh) + "[process]\ndrift = { x = '0.3 - x' }\ndiffusion = 1\n" + start,
				density: relax},
			{kind: "additive", scheme: fitted, walls: "reflecting", name: "wave between walls", at: .5,
				text:    axis("x", 0, 1) + unit + "[initial]\ndensity = '1 + 0.5*cos(pi*x)'\n",
				density: wave, figure: "x"},
			{kind: "additive", scheme: isothermal, walls: "reflecting", name: "wave between walls", at: .5,
				text:    axis("x", 0, 1) + "[process]\npotential = 0\ntemperature = 0.2\n[initial]\ndensity = '1 + 0.5*cos(pi*x)'\n",
				density: wave, figure: "x"},
			{kind: "additive", scheme: fitted, walls: "reflecting, graded axis", name: "wave between walls", at: .5,
				text:    axis("x", 0, 1, finest) + unit + "[initial]\ndensity = '1 + 0.5*cos(pi*x)'\n",
				density: wave, figure: "x"},
			{kind: "additive", scheme: fitted, walls: "reflecting", name: "Brownian motion and its image", at: .5,
				text: axis("x", 0, 5) + "[process]\ndiffusion = 0.25\n[initial]\ndensity = 'exp(-(x - 0.5)^2/0.2) + exp(-(x + 0.5)^2/0.2)'\n", figure: "x",
				density: func(x []float64, t float64) float64 { return gauss(x[0], .5, .1+.5*t) + gauss(x[0], -.5, .1+.5*t) }},
			{kind: "additive", scheme: fitted, walls: "absorbing", name: "sine that decays", at: .5,
				text: axis("x", 0, 1, absorbing) + unit + "[initial]\ndensity = 'sin(pi*x)'\n", figure: "x",
				density: func(x []float64, _ float64) float64 { return math.Sin(pi * x[0]) }, mass: func(t float64) float64 { return math.Exp(-.2 * pi * pi * t) }},
			{kind: "additive", scheme: isothermal, walls: "absorbing", name: "sine that decays", at: .5,
				text: axis("x", 0, 1, absorbing) + "[process]\npotential = 0\ntemperature = 0.2\n[initial]\ndensity = 'sin(pi*x)'\n", figure: "x",
				density: func(x []float64, _ float64) float64 { return math.Sin(pi * x[0]) }, mass: func(t float64) float64 { return math.Exp(-.2 * pi * pi * t) }},
			{kind: "additive", scheme: fitted, walls: "absorbing, reflecting", name: "quarter of a wave", at: .5,
				text: axis("x", 0, 1, half) + unit + "[initial]\ndensity = 'sin(pi*x/2)'\n", figure: "x",
				density: func(x []float64, _ float64) float64 { return math.Sin(pi * x[0] / 2) }, mass: func(t float64) float64 { return math.Exp(-.05 * pi * pi * t) }},
			{kind: "additive", scheme: fitted, walls: "absorbing", name: "drift towards the wall", at: .6,
				text: axis("x", 0, 5, half) + fmt.Sprintf("[process]\ndrift = { x = %v }\ndiffusion = %v\n[initial]\ndensity = 'exp(-(x - %v)^2/%v) - exp(%v - (x + %v)^2/%v)'\n", v, d, x0+v*t0, 4*d*t0, -v*x0/d, x0-v*t0, 4*d*t0), figure: "x",
				density: func(x []float64, t float64) float64 { return absorbedBelow(x[0], x0, v, d, t+t0) }, mass: func(t float64) float64 { return survival(x0, v, d, t+t0) / survival(x0, v, d, t0) }},
			{kind: "additive", scheme: fitted, walls: "periodic", name: "wave that moves and decays", at: 1,
				text: axis("x", 0, turn, periodic) + "[process]\ndrift = { x = 1 }\ndiffusion = 0.3\n[initial]\ndensity = '1 + 0.5*cos(x)'\n", figure: "cos(x)",
				density: func(x []float64, t float64) float64 { return 1 + .5*math.Exp(-.3*t)*math.Cos(x[0]-t) }},
			{kind: "multiplicative, Itô", scheme: fitted, walls: "far, log axis", name: "geometric Brownian motion", at: 1,
				text: axis("x", .002, 500, logs) + "[process]\ndrift = { x = '0.2*x' }\nnoise = '0.5*x'\n[initial]\ndensity = 'exp(-log(x)^2/0.5)/x'\n", figure: "log(x)",
				density: func(x []float64, t float64) float64 { return gauss(math.Log(x[0]), .075*t, .25+.25*t) / x[0] }},
			{kind: "multiplicative, Stratonovich", scheme: fitted, walls: "closed face", name: "geometric Brownian motion on half of a uniform axis", at: 1,
				text: axis("x", -1, 15, "faces = [0.0]") + "[process]\nnoise = '0.25*x'\ncalculus = 'stratonovich'\n[initial]\ndensity = 'x > 0 ? exp(-log(x)^2/0.1)/x : 0'\n", figure: "x", cells: []int{320, 640, 1280, 2560},
				density: func(x []float64, t float64) float64 {
					if x[0] < 0 {
						return 0
					}
					return gauss(math.Log(x[0]), 0, .05+.0625*t) / x[0]
				}},
			{kind: "multiplicative, Itô, in t", scheme: fitted, walls: "reflecting", name: "wave driven between walls", at: 1.3,
				text: axis("x", 0, 1) + "[define]\np = '1 + 0.5*cos(pi*x)*cos(2*t)'\nD = '0.2*(1 + x/2)'\n[process]\ndrift = { x = '(diff(D*p, x) + sin(pi*x)*sin(2*t)/pi)/p' }\ndiffusion = 'D'\n[initial]\ndensity = '1 + 0.5*cos(pi*x)'\n", figure: "x",
				density: func(x []float64, t float64) float64 { return 1 + .5*math.Cos(pi*x[0])*math.Cos(2*t) }},
			{kind: "multiplicative, isothermal, in t", scheme: fitted, walls: "periodic", name: "shape carried to and fro", at: 1,
				text: axis("x", 0, turn, periodic) + "[define]\np = '1 + 0.5*cos(x - sin(t))'\nD = '0.3 + 0.2*sin(x)'\n[process]\ndrift = { x = '(D*diff(p, x) + cos(t)*(p - 1))/p' }\ndiffusion = 'D'\ncalculus = 'isothermal'\n[initial]\ndensity = '1 + 0.5*cos(x)'\n", figure: "sin(x)",
				density: func(x []float64, t float64) float64 { return 1 + .5*math.Cos(x[0]-math.Sin(t)) }},
			{kind: "additive, in t", scheme: fitted, walls: "far", name: "Gaussian pushed and breathing", at: 1,
				text: axis("x", -6, 6.6) + "[process]\ndrift = { x = 'sin(2*t) - x' }\ndiffusion = '0.5*(1 + 0.5*sin(3*t))'\n[initial]\nmean = { x = 0.5 }\nstd = { x = 0.5 }\n",
				density: func(x []float64, t float64) float64 {
					mean := (math.Sin(2*t)-2*math.Cos(2*t)+2*math.Exp(-t))/5 + .5*math.Exp(-t)
					return gauss(x[0], mean, .25*math.Exp(-2*t)+breathing(t))
				}},
			{kind: "potential, in t", scheme: isothermal, walls: "far", name: "Gaussian in a bowl that moves", at: 1,
				text: axis("x", -6, 6.6) + "[process]\npotential = '(x - sin(2*t))^2/2'\ntemperature = 1\n[initial]\nmean = { x = 0.5 }\nstd = { x = 0.5 }\n",
				density: func(x []float64, t float64) float64 {
					mean := (math.Sin(2*t)-2*math.Cos(2*t)+2*math.Exp(-t))/5 + .5*math.Exp(-t)
					return gauss(x[0], mean, 1-.75*math.Exp(-2*t))
				}},
			{kind: "killing", scheme: fitted, walls: "far", name: "Gaussian killed at x²/2 (Cameron and Martin 1944)", at: 1,
				text:    axis("x", -7, 7) + "[process]\ndiffusion = 0.5\nkilling = 'x^2/2'\n[initial]\nmean = { x = 0 }\nstd = { x = 0.5 }\n",
				density: func(x []float64, t float64) float64 { return gauss(x[0], 0, math.Tanh(t+c)) }, mass: func(t float64) float64 { return math.Sqrt(math.Cosh(c) / math.Cosh(t+c)) }},
			{kind: "multiplicative, Itô, killing in t", scheme: fitted, walls: "absorbing", name: "sine killed and absorbed", at: .8,
				text: axis("x", 0, 1, absorbing) + "[define]\nD = '0.1*(1 + x^2/2)'\n[process]\ndrift = { x = '2*diff(D, x)' }\ndiffusion = 'D'\nkilling = '2 - pi^2*D - diff(diff(D, x), x) + 0.4*sin(3*t) + 0.4'\n[initial]\ndensity = 'sin(pi*x)'\n", figure: "x",
				density: func(x []float64, _ float64) float64 { return math.Sin(pi * x[0]) }, mass: func(t float64) float64 { return math.Exp(-2.4*t - .4*(1-math.Cos(3*t))/3) }},
			{kind: "killing, potential", scheme: isothermal, walls: "reflecting", name: "wave killed", at: 1,
				text: axis("x", 0, 1) + "[define]\np = '1 + 0.5*cos(pi*x)'\n[process]\npotential = 0\ntemperature = 0.1\nkilling = '0.1*diff(diff(p, x), x)/p + 1'\n[initial]\ndensity = 'p'\n", figure: "x",
				density: func(x []float64, _ float64) float64 { return 1 + .5*math.Cos(pi*x[0]) }, mass: func(t float64) float64 { return math.Exp(-t) }},
		},
	}
}

// sections of the page, with what most problems of each have in common filled in.
func sections() []section {
	all := []section{lineAtRest(), lineInTime(), planeAtRest(), planeInTime(), tensorsAtRest(), tensorsInTime(), rankOne(), space(), streaming(), chains(), higherOrders()}
	for _, s := range all {
		for i := range s.problems {
			p := &s.problems[i]
			axes := strings.Count(p.text, "[[axis]]")
			if axes == 1 && p.quick == 0 {
				p.quick = 3
			}
			switch {
			case p.cells != nil:
			case axes == 1:
				p.cells = line
			case axes == 2:
				p.cells = plane
				if p.at > 0 && strings.HasPrefix(p.scheme, selling) {
					p.cells = []int{16, 32, 64, 96}
				} else if p.at > 0 {
					p.cells = []int{24, 48, 96}
				}
			case axes == 3:
				p.cells = []int{10, 20, 32}
			}
			switch {
			case p.tolerance > 0:
			case p.at > 0 && axes == 1:
				p.tolerance = 1e-7
			case p.at > 0:
				p.tolerance = 1e-6
			default:
				p.tolerance = 1e-9
			}
			if p.figure == "" {
				p.figure = "x^2"
			}
			if p.order == 0 {
				p.order, p.from = 2, scharfetter
				if strings.HasPrefix(p.scheme, selling) {
					p.from = bonnans
				}
			}
		}
	}
	return all
}
