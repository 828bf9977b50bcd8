package verification

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

const turn = 2 * math.Pi

// gaussian is the density of a Gaussian up to a factor.
func gaussian(x, mean []float64, covariance *mat.SymDense) float64 {
	var c mat.Cholesky
	c.Factorize(covariance)
	z, y := mat.NewVecDense(len(x), nil), new(mat.VecDense)
	for k := range x {
		z.SetVec(k, x[k]-mean[k])
	}
	if err := c.SolveVecTo(y, z); err != nil {
		panic(err)
	}
	return math.Exp(-mat.Dot(z, y) / 2)
}

// linear is dX = −AX dt + √(2D) dW from N(m, s I): mean e^(−At) m, covariance from
// AΣ + ΣAᵀ = 2D at rest, Σ∞ − e^(−At)(Σ∞ − s I)e^(−Aᵀt) in time.
type linear struct {
	a, d  *mat.Dense
	start []float64
	s     float64
}

// rest solves AΣ + ΣAᵀ = 2D.
func (l linear) rest() *mat.Dense {
	n, _ := l.a.Dims()
	system, right := mat.NewDense(n*n, n*n, nil), mat.NewVecDense(n*n, nil)
	for i := range n {
		for j := range n {
			row := i*n + j
			right.SetVec(row, 2*l.d.At(i, j))
			for k := range n {
				system.Set(row, k*n+j, system.At(row, k*n+j)+l.a.At(i, k))
				system.Set(row, i*n+k, system.At(row, i*n+k)+l.a.At(j, k))
			}
		}
	}
	var x mat.VecDense
	if err := x.SolveVec(system, right); err != nil {
		panic(err)
	}
	return mat.NewDense(n, n, x.RawVector().Data)
}

// law returns the density at time t, at rest if t is 0.
func (l linear) law(t float64) func(x []float64, t float64) float64 {
	n, _ := l.a.Dims()
	covariance, mean := l.rest(), make([]float64, n)
	if t > 0 {
		var scaled, flow, gap, moved mat.Dense
		scaled.Scale(-t, l.a)
		flow.Exp(&scaled)
		gap.CloneFrom(covariance)
		for k := range n {
			gap.Set(k, k, gap.At(k, k)-l.s)
		}
		moved.Product(&flow, &gap, flow.T())
		covariance.Sub(covariance, &moved)
		var m mat.VecDense
		m.MulVec(&flow, mat.NewVecDense(n, l.start))
		copy(mean, m.RawVector().Data)
	}
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			s.SetSym(i, j, (covariance.At(i, j)+covariance.At(j, i))/2)
		}
	}
	return func(x []float64, _ float64) float64 { return gaussian(x, mean, s) }
}

func torus() string {
	return axis("x", 0, turn, periodic) + axis("y", 0, turn, periodic)
}

func square(lo, hi float64, more ...string) string {
	return axis("x", lo, hi, more...) + axis("y", lo, hi, more...)
}

// driven is the drift that makes p the law under D = diag(Dx, Dy), with a current
// along the lines of ψ: b p = ∇·(Dp) + ∇×ψ.
const driven = `
[process]
drift = { x = "(diff(Dx*p, x) + diff(psi, y))/p", y = "(diff(Dy*p, y) - diff(psi, x))/p" }
diffusion = { x = "Dx", y = "Dy" }
`

// turned is a linear drift with rotation.
var turned = linear{mat.NewDense(2, 2, []float64{1, 2, -2, 1.5}), mat.NewDense(2, 2, []float64{1, 0, 0, .3}), []float64{1.5, .8}, .25}

const turnedDrift = "[process]\ndrift = { x = '-x - 2*y', y = '2*x - 1.5*y' }\n"

func waves(x []float64, _ float64) float64 {
	return math.Exp(.5*math.Cos(x[0]) + .3*math.Sin(x[1]) + .2*math.Cos(x[0]-x[1]))
}

const wavesText = "[define]\np = 'exp(0.5*cos(x) + 0.3*sin(y) + 0.2*cos(x - y))'\npsi = '0.3*sin(x + y)'\n"

func slope(x []float64, _ float64) float64 { return math.Exp(.5*x[0] - .3*x[1] + .4*x[0]*x[1]) }

const slopeText = "[define]\np = 'exp(0.5*x - 0.3*y + 0.4*x*y)'\npsi = '0.1*sin(pi*x)*sin(pi*y)'\n"

func planeAtRest() section {
	const unit, uneven = "Dx = 0.5\nDy = 0.3\n", "Dx = '0.5*(1 + 0.5*sin(y)*cos(x))'\nDy = '0.3*(1 + 0.5*cos(x + y))'\n"
	hill := func(x []float64, _ float64) float64 {
		return math.Exp(-(x[0]*x[0]-1)*(x[0]*x[0]-1)/4 - x[1]*x[1]/2)
	}
	const hillText = "[define]\nPhi = '(x^2 - 1)^2/4 + y^2/2'\nspeed = '0.5*exp(Phi - (x^2 + y^2)^2/4)'\n[process]\ndrift = { x = '-diff(Phi, x) - speed*y', y = '-diff(Phi, y) + speed*x' }\ndiffusion = 1\n"
	const gibbs = "[process]\npotential = '-log(p)'\nmobility = { x = '1 + 0.3*sin(y)', y = '0.7 + 0.2*cos(x)' }\ntemperature = 1\ndrift = { x = 'diff(psi, y)/p', y = '-diff(psi, x)/p' }\n"
	halfTorus := axis("x", 0, turn, periodic) + axis("y", -.5, 1.5)
	mixed := func(x []float64, _ float64) float64 {
		return math.Exp(.5*math.Cos(x[0]) + .4*x[1]*math.Sin(x[0]) - .3*x[1])
	}
	const mixedText = "[define]\np = 'exp(0.5*cos(x) + 0.4*y*sin(x) - 0.3*y)'\npsi = '0.2*(2 + cos(x))*(y + 0.5)*(1.5 - y)'\n"
	gyrator := linear{a: mat.NewDense(2, 2, []float64{1, .5, .5, 1}), d: mat.NewDense(2, 2, []float64{1, 0, 0, 2})}
	const gyratorText = "[process]\npotential = '(x^2 + y^2 + x*y)/2'\ntemperature = { x = 1, y = 2 }\n"
	return section{
		title: "Two axes, noise along them, at rest",
		about: "With more than one axis rates are central where the mesh resolves the drift, |b|h < 1.8 D, and fitted where it does not, |b|h > 2.4 D; in between they go over from the one to the other. Every law here has a current that circulates, so that none is a matter of one axis; b p = ∇·(Dp) + ∇×ψ makes p the law.",
		problems: []problem{
			{kind: "additive, rotation", scheme: central, walls: "far", name: "Gaussian of a linear drift",
				text:    square(-6, 6) + turnedDrift + "diffusion = { x = 1, y = 0.3 }\n",
				density: turned.law(0), figure: "x*y"},
			{kind: "additive, rotation", scheme: central, pair: true, walls: "far", name: "two wells and a current",
				text:    square(-5, 5) + hillText,
				density: hill},
			{kind: "additive, rotation", scheme: central, walls: "far, graded axes", name: "two wells and a current",
				text:    square(-5, 5, finest) + hillText,
				density: hill},
			{kind: "additive, rotation", scheme: central, walls: "far, sinh axes", name: "two wells and a current",
				text:    square(-5, 5, sinh) + hillText,
				density: hill},
			{kind: "additive, rotation", scheme: central, walls: "periodic", name: "waves on a torus",
				text:    torus() + wavesText + unit + driven,
				density: waves, figure: "cos(x)"},
			{kind: "multiplicative, Itô, rotation", scheme: central, pair: true, walls: "periodic", name: "waves on a torus",
				text:    torus() + wavesText + uneven + driven,
				density: waves, figure: "cos(x)"},
			{kind: "multiplicative, Itô, rotation", scheme: central, walls: "periodic, graded axes", name: "waves on a torus", quick: 3,
				text:    axis("x", 0, turn, periodic, middle) + axis("y", 0, turn, periodic, middle) + wavesText + uneven + driven,
				density: waves, figure: "cos(x)"},
			{kind: "multiplicative, Itô, rotation", scheme: central, walls: "reflecting", name: "slope between walls",
				text:    square(0, 1) + slopeText + uneven + driven,
				density: slope, figure: "x*y"},
			{kind: "multiplicative, Itô, rotation", scheme: central, walls: "reflecting, graded axes", name: "slope between walls",
				text:    square(0, 1, finest) + slopeText + uneven + driven,
				density: slope, figure: "x*y"},
			{kind: "multiplicative, Itô, rotation", scheme: central, walls: "periodic × reflecting", name: "waves between walls",
				text:    halfTorus + mixedText + uneven + driven,
				density: mixed, figure: "cos(x)"},
			{kind: "multiplicative, Itô, rotation", scheme: central, quick: 3, walls: "closed face", name: "two classes, p ∝ x² near the face",
				text:    axis("x", -4, 4, "faces = [0.0]") + axis("y", -6, 6) + "[process]\ndrift = { x = '2*x - x^3 - 0.2*x*y', y = '0.4*x^2 - 0.6 - 0.5*y' }\ndiffusion = { x = 'x^2/2', y = 0.5 }\n[initial]\ndensity = 'x > 0 ? 3*exp(-x^2 - y^2) : exp(-x^2 - y^2)'\n",
				density: atFace, figure: "x"},
			{kind: "two temperatures", scheme: isothermal, walls: "far", name: "gyrator",
				text:    square(-9, 9) + gyratorText,
				density: gyrator.law(0), figure: "x*y"},
			{kind: "potential, mobility, force", scheme: isothermal, walls: "periodic", name: "waves on a torus",
				text:    torus() + wavesText + gibbs,
				density: waves, figure: "cos(x)"},
			{kind: "potential, mobility, force", scheme: isothermal, pair: true, walls: "reflecting", name: "slope between walls",
				text:    square(0, 1) + slopeText + gibbs,
				density: slope, figure: "x*y"},
			{kind: "potential, mobility, force", scheme: isothermal, walls: "reflecting, graded axes", name: "slope between walls",
				text:    square(0, 1, finest) + slopeText + gibbs,
				density: slope, figure: "x*y"},
			{kind: "potential, mobility, force", scheme: isothermal, walls: "periodic × reflecting", name: "waves between walls",
				text:    halfTorus + mixedText + gibbs,
				density: mixed, figure: "cos(x)"},
			{kind: "multiplicative, isothermal", scheme: central, walls: "far", name: "Gaussian under uneven noise",
				text:    square(-6, 6) + "[process]\ndrift = { x = '-x*(1 + 0.5*sin(y))', y = '-y*(1 + 0.3*cos(x))' }\ndiffusion = { x = '1 + 0.5*sin(y)', y = '1 + 0.3*cos(x)' }\ncalculus = 'isothermal'\n",
				density: func(x []float64, _ float64) float64 { return gauss(x[0], 0, 1) * gauss(x[1], 0, 1) }},
			{kind: "multiplicative, Stratonovich", scheme: central, walls: "far", name: "Gaussian under uneven noise",
				text:    square(-6, 6) + "[define]\ns = '1 + 0.3*sin(x)'\n[process]\ndrift = { x = 's*diff(s, x) - s^2*x', y = '-y' }\nnoise = { x = 'sqrt(2)*s', y = 'sqrt(2)' }\ncalculus = 'stratonovich'\n",
				density: func(x []float64, _ float64) float64 { return gauss(x[0], 0, 1) * gauss(x[1], 0, 1) }},
			{kind: "optimiser", scheme: central, walls: "far", name: "Gaussian of SGD with noise along the axes",
				text:    square(-1, 1) + "[sgd]\nloss = 'x^2 + 0.5*x*y + 0.5*y^2'\ncovariance = { 'x,x' = 1.0, 'y,y' = 0.5 }\nlearning_rate = 0.1\nbatch_size = 2\n",
				density: linear{a: mat.NewDense(2, 2, []float64{2, .5, .5, 1}), d: mat.NewDense(2, 2, []float64{.025, 0, 0, .0125})}.law(0), figure: "x*y"},
		},
	}
}

func planeInTime() section {
	pi := math.Pi
	start := "[initial]\nmean = { x = 1.5, y = 0.8 }\nstd = { x = 0.5, y = 0.5 }\n"
	sines := func(x []float64, _ float64) float64 { return math.Sin(pi*x[0]) * math.Sin(pi*x[1]/2) }
	killed := func(x []float64, _ float64) float64 { return math.Sin(pi*x[0]) * (1 + .5*math.Cos(pi*x[1])) }
	return section{
		title: "Two axes, noise along them, in time",
		about: "Where coefficients depend on time, p∂b follows from p as before with a flow J, ∇·J = −∂p/∂t, in the place of ∇×ψ.",
		problems: []problem{
			{kind: "additive, rotation", scheme: central, walls: "far", name: "Gaussian relaxes", at: .7,
				text:    square(-6, 6) + turnedDrift + "diffusion = { x = 1, y = 0.3 }\n" + start,
				density: turned.law(.7), figure: "x*y"},
			{kind: "additive, rotation", scheme: central, walls: "far, sinh axes", name: "Gaussian relaxes", at: .7,
				text:    square(-6, 6, sinh) + turnedDrift + "diffusion = { x = 1, y = 0.3 }\n" + start,
				density: turned.law(.7), figure: "x*y"},
			{kind: "two temperatures", scheme: isothermal, walls: "far", name: "Gaussian relaxes", at: .7,
				text: square(-9, 9) + "[process]\npotential = '(x^2 + y^2 + x*y)/2'\ntemperature = { x = 1, y = 2 }\n" + start, figure: "x*y",
				density: linear{mat.NewDense(2, 2, []float64{1, .5, .5, 1}), mat.NewDense(2, 2, []float64{1, 0, 0, 2}), []float64{1.5, .8}, .25}.law(.7)},
			{kind: "additive", scheme: central, walls: "absorbing × absorbing, reflecting", name: "sines that decay", at: .4,
				text:    axis("x", 0, 1, absorbing) + axis("y", 0, 1, half) + "[process]\ndiffusion = { x = 0.2, y = 0.4 }\n[initial]\ndensity = 'sin(pi*x)*sin(pi*y/2)'\n",
				density: sines, mass: func(t float64) float64 { return math.Exp(-.3 * pi * pi * t) }, figure: "x*y"},
			{kind: "potential", scheme: isothermal, walls: "absorbing × absorbing, reflecting", name: "sines that decay", at: .4,
				text:    axis("x", 0, 1, absorbing) + axis("y", 0, 1, half) + "[process]\npotential = 0\nmobility = { x = 1, y = 2 }\ntemperature = 0.2\n[initial]\ndensity = 'sin(pi*x)*sin(pi*y/2)'\n",
				density: sines, mass: func(t float64) float64 { return math.Exp(-.3 * pi * pi * t) }, figure: "x*y"},
			{kind: "additive", scheme: central, walls: "absorbing, graded axes", name: "sines that decay", at: .4,
				text:    axis("x", 0, 1, absorbing, finest) + axis("y", 0, 1, half, finest) + "[process]\ndiffusion = { x = 0.2, y = 0.4 }\n[initial]\ndensity = 'sin(pi*x)*sin(pi*y/2)'\n",
				density: sines, mass: func(t float64) float64 { return math.Exp(-.3 * pi * pi * t) }, figure: "x*y"},
			{kind: "additive", scheme: central, walls: "periodic", name: "wave that moves and decays", at: 1,
				text:    torus() + "[process]\ndrift = { x = 1, y = 0.4 }\ndiffusion = { x = 0.3, y = 0.2 }\n[initial]\ndensity = '1 + 0.5*cos(x + y)'\n",
				density: func(x []float64, t float64) float64 { return 1 + .5*math.Exp(-.5*t)*math.Cos(x[0]+x[1]-1.4*t) }, figure: "cos(x + y)"},
			{kind: "multiplicative, Itô, in t", scheme: central, walls: "reflecting", name: "wave driven between walls", at: 1, method: "sdirk4-split",
				text: square(0, 1) + "[define]\np = '1 + 0.5*cos(pi*x)*cos(pi*y)*cos(t)'\nDx = '0.2*(1 + x*y)'\nDy = '0.1*(2 - x)'\n[process]\ndrift = { x = '(diff(Dx*p, x) + sin(pi*x)*cos(pi*y)*sin(t)/(4*pi))/p', y = '(diff(Dy*p, y) + cos(pi*x)*sin(pi*y)*sin(t)/(4*pi))/p' }\ndiffusion = { x = 'Dx', y = 'Dy' }\n[initial]\ndensity = '1 + 0.5*cos(pi*x)*cos(pi*y)'\n",
				density: func(x []float64, t float64) float64 {
					return 1 + .5*math.Cos(pi*x[0])*math.Cos(pi*x[1])*math.Cos(t)
				}, figure: "x*y"},
			{kind: "multiplicative, Itô, killing", scheme: central, walls: "absorbing × reflecting", name: "sine killed and absorbed", at: .8,
				text:    axis("x", 0, 1, absorbing) + axis("y", 0, 1) + "[define]\nDx = '0.1*(1 + x*y/2)'\nDy = '0.2 - 0.1*x'\ng = '1 + 0.5*cos(pi*y)'\n[process]\ndrift = { x = '2*diff(Dx, x)', y = 'Dy*diff(g, y)/g' }\ndiffusion = { x = 'Dx', y = 'Dy' }\nkilling = '2 - pi^2*Dx'\n[initial]\ndensity = 'sin(pi*x)*g'\n",
				density: killed, mass: func(t float64) float64 { return math.Exp(-2 * t) }, figure: "x*y"},
		},
	}
}
