package verification

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// coupled is as driven, of a full tensor.
const coupled = `
[process]
drift = { x = "(diff(Dxx*p, x) + diff(Dxy*p, y) + diff(psi, y))/p", y = "(diff(Dxy*p, x) + diff(Dyy*p, y) - diff(psi, x))/p" }
diffusion = { "x,x" = "Dxx", "x,y" = "Dxy", "y,y" = "Dyy" }
`

const (
	constantTensor = "Dxx = 0.5\nDxy = 0.25\nDyy = 0.3\n"
	turningTensor  = "angle = '(x - y)/2 + 0.3*sin(x)'\nDxx = '0.5*(cos(angle)^2 + 0.1*sin(angle)^2)'\nDxy = '0.45*sin(angle)*cos(angle)'\nDyy = '0.5*(sin(angle)^2 + 0.1*cos(angle)^2)'\n"
)

// wallNote says why coupled noise is of first order at reflecting walls.
const wallNote = "a jump that a wall is in the way of does not happen: no flux, of first order in the cells that such jumps reach"

// atFace is p ∝ x² e^(−x² − y²/2) with ¾ of the mass above 0.
func atFace(x []float64, _ float64) float64 {
	return x[0] * x[0] * math.Exp(-x[0]*x[0]-x[1]*x[1]/2) * (2 + math.Copysign(1, x[0]))
}

func tensorsAtRest() section {
	skew := linear{a: mat.NewDense(2, 2, []float64{1, 2, -2, 1.5}), d: mat.NewDense(2, 2, []float64{1, .4, .4, .3})}
	descent := linear{a: mat.NewDense(2, 2, []float64{2, .5, .5, 1}), d: mat.NewDense(2, 2, []float64{.0125, .0075, .0075, .00625})} // η/2B times C
	bowl := func(x []float64, _ float64) float64 {
		return math.Exp(-x[0]*x[0]/2 - x[1]*x[1]/2 - .3*x[0]*x[1] - .2*math.Sin(x[0]))
	}
	const bowlText = "[define]\nPhi = 'x^2/2 + y^2/2 + 0.3*x*y + 0.2*sin(x)'\np = 'exp(-Phi)'\npsi = '0.3*p'\n"
	return section{
		title: "Two axes that noise couples, at rest",
		about: "The tensor of every cell is a sum of jumps with nonnegative weights (Selling 1874).",
		problems: []problem{
			{kind: "additive, rotation", scheme: selling, pair: true, walls: "far", name: "Gaussian of a linear drift",
				text:    square(-6, 6) + turnedDrift + "diffusion = { 'x,x' = 1, 'x,y' = 0.4, 'y,y' = 0.3 }\n",
				density: skew.law(0), figure: "x*y"},
			{kind: "additive, rotation", scheme: selling, walls: "periodic", name: "waves on a torus",
				text:    torus() + wavesText + constantTensor + coupled,
				density: waves, figure: "cos(x)"},
			{kind: "multiplicative, Itô, rotation", scheme: selling, pair: true, walls: "periodic", name: "waves on a torus, 10 : 1, turning",
				text:    torus() + wavesText + turningTensor + coupled,
				density: waves, figure: "cos(x)"},
			{kind: "multiplicative, Itô, rotation", scheme: selling, walls: "far", name: "bowl, 10 : 1, turning",
				text:    square(-5.5, 5.5) + bowlText + turningTensor + coupled,
				density: bowl, figure: "x*y"},
			{kind: "multiplicative, isothermal", scheme: selling, walls: "far", name: "bowl, 10 : 1, turning",
				text:    square(-5.5, 5.5) + bowlText + turningTensor + "[process]\ndrift = { x = '-Dxx*diff(Phi, x) - Dxy*diff(Phi, y)', y = '-Dxy*diff(Phi, x) - Dyy*diff(Phi, y)' }\ndiffusion = { 'x,x' = 'Dxx', 'x,y' = 'Dxy', 'y,y' = 'Dyy' }\ncalculus = 'isothermal'\n",
				density: bowl, figure: "x*y"},
			{kind: "optimiser, rotation", scheme: selling, walls: "far", name: "Gaussian of SGD",
				text:    square(-.5, .5) + "[sgd]\nloss = 'x^2 + 0.5*x*y + 0.5*y^2'\ncovariance = { 'x,x' = 1.0, 'x,y' = 0.6, 'y,y' = 0.5 }\nlearning_rate = 0.1\nbatch_size = 4\n",
				density: descent.law(0), figure: "x*y"},
			{kind: "additive, rotation", scheme: selling, pair: true, walls: "reflecting", name: "slope between walls",
				text:    square(0, 1) + slopeText + constantTensor + coupled,
				density: slope, figure: "x*y", order: 1, from: "first order at walls", note: wallNote},
			{kind: "multiplicative, Itô, rotation", scheme: selling, walls: "reflecting", name: "slope between walls, 10 : 1, turning",
				text:    square(0, 1) + slopeText + turningTensor + coupled,
				density: slope, figure: "x*y", order: 1, from: "first order at walls", note: wallNote},
			{kind: "multiplicative, Itô, rotation", scheme: selling, quick: 3, walls: "closed face", name: "two classes, p ∝ x² near the face",
				text:    axis("x", -4, 4, "faces = [0.0]") + axis("y", -6, 6) + "[process]\ndrift = { x = '2*x - x^3 - 0.4*x*y', y = '-0.5*y' }\ndiffusion = { 'x,x' = 'x^2/2', 'x,y' = '0.2*x', 'y,y' = 0.5 }\n[initial]\ndensity = 'x > 0 ? 3*exp(-x^2 - y^2) : exp(-x^2 - y^2)'\n",
				density: atFace, figure: "x", note: "the figure is of first order, as at walls"},
			{kind: "additive, rotation", scheme: selling, walls: "far, sinh axes", name: "Gaussian of a linear drift",
				text:    square(-6, 6, sinh) + turnedDrift + "diffusion = { 'x,x' = 1, 'x,y' = 0.4, 'y,y' = 0.3 }\n",
				density: skew.law(0), figure: "x*y", quick: 3},
			{kind: "multiplicative, Itô, rotation", scheme: selling, walls: "periodic, graded axes", name: "waves on a torus, 10 : 1, turning",
				text:    axis("x", 0, turn, periodic, middle) + axis("y", 0, turn, periodic, middle) + wavesText + turningTensor + coupled,
				density: waves, figure: "cos(x)", quick: 3},
			{kind: "multiplicative, Stratonovich, rotation", scheme: selling, walls: "periodic", name: "waves on a torus, noise of two columns",
				text:    torus() + wavesText + columns + coupledStratonovich,
				density: waves, figure: "cos(x)"},
		},
	}
}

// columns is a noise σ, and the drift that Itô's equation has beside that of Stratonovich.
const columns = `
a = "0.8 + 0.2*sin(y)"
b = 0.3
c = "0.3*cos(x)"
d = "0.7 + 0.2*cos(x - y)"
Dxx = "(a^2 + b^2)/2"
Dxy = "(a*c + b*d)/2"
Dyy = "(c^2 + d^2)/2"
more_x = "(c*diff(a, y))/2"
more_y = "(a*diff(c, x) + b*diff(d, x) + d*diff(d, y))/2"
`

const coupledStratonovich = `
[process]
drift = { x = "(diff(Dxx*p, x) + diff(Dxy*p, y) + diff(psi, y))/p - more_x", y = "(diff(Dxy*p, x) + diff(Dyy*p, y) - diff(psi, x))/p - more_y" }
noise = [["a", "b"], ["c", "d"]]
calculus = "stratonovich"
`

func tensorsInTime() section {
	pi := math.Pi
	skew := linear{mat.NewDense(2, 2, []float64{1, 2, -2, 1.5}), mat.NewDense(2, 2, []float64{1, .4, .4, .3}), []float64{1.5, .8}, .25}
	carried := func(x []float64, t float64) float64 { return 1 + .5*math.Exp(-1.3*t)*math.Cos(x[0]+x[1]-1.4*t) }
	strip := func(x []float64, _ float64) float64 { return (1 + .5*math.Cos(x[0])) * math.Sin(pi*x[1]) }
	turns := func(t float64) float64 { return .5 * (1.1*t + .9*(1-math.Cos(2*t))/2) } // ∫ k·Dk, k = (1, 1)
	return section{
		title: "Two axes that noise couples, in time",
		problems: []problem{
			{kind: "additive, rotation", scheme: selling, walls: "far", name: "Gaussian relaxes", at: .7, quick: 3, cells: []int{24, 48, 96, 144},
				text:    square(-5, 5) + turnedDrift + "diffusion = { 'x,x' = 1, 'x,y' = 0.4, 'y,y' = 0.3 }\n[initial]\nmean = { x = 1.5, y = 0.8 }\nstd = { x = 0.5, y = 0.5 }\n",
				density: skew.law(.7), figure: "x*y"},
			{kind: "additive", scheme: selling, walls: "periodic", name: "wave that moves and decays", at: 1,
				text:    torus() + "[process]\ndrift = { x = 1, y = 0.4 }\ndiffusion = { 'x,x' = 0.5, 'x,y' = 0.25, 'y,y' = 0.3 }\n[initial]\ndensity = '1 + 0.5*cos(x + y)'\n",
				density: carried, figure: "cos(x + y)"},
			{kind: "additive, in t", scheme: selling, walls: "periodic", name: "wave under noise that turns in time", at: 1, method: "sdirk4-sweeps", cells: []int{12, 24, 48},
				text:    torus() + "[process]\ndiffusion = { 'x,x' = '0.5*(cos(t)^2 + 0.1*sin(t)^2)', 'x,y' = '0.45*sin(t)*cos(t)', 'y,y' = '0.5*(sin(t)^2 + 0.1*cos(t)^2)' }\n[initial]\ndensity = '1 + 0.5*cos(x + y)'\n",
				density: func(x []float64, t float64) float64 { return 1 + .5*math.Exp(-turns(t))*math.Cos(x[0]+x[1]) }, figure: "cos(x + y)"},
			{kind: "additive, killing", scheme: selling, walls: "periodic", name: "wave killed", at: 1,
				text:    torus() + "[define]\np = '1 + 0.3*cos(x + y)'\n[process]\ndiffusion = { 'x,x' = 0.5, 'x,y' = 0.25, 'y,y' = 0.3 }\nkilling = '1.3*diff(diff(p, x), x)/p + 1'\n[initial]\ndensity = 'p'\n",
				density: func(x []float64, _ float64) float64 { return 1 + .3*math.Cos(x[0]+x[1]) }, mass: func(t float64) float64 { return math.Exp(-t) }, figure: "cos(x + y)"},
			{kind: "additive", scheme: selling, walls: "periodic × absorbing", name: "sine that decays", at: .4,
				text:    axis("x", 0, turn, periodic) + axis("y", 0, 1, absorbing) + "[define]\ng = '1 + 0.5*cos(x)'\n[process]\ndrift = { x = '0.5*diff(g, x)/g', y = '0.25*diff(g, x)/g' }\ndiffusion = { 'x,x' = 0.5, 'x,y' = 0.125, 'y,y' = 0.1 }\n[initial]\ndensity = 'g*sin(pi*y)'\n",
				density: strip, mass: func(t float64) float64 { return math.Exp(-.1 * pi * pi * t) }, figure: "cos(x)"},
		},
	}
}
