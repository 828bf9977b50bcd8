package verification

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

func box(lo, hi float64, more ...string) string {
	return square(lo, hi, more...) + axis("z", lo, hi, more...)
}

// ringed is the linear drift of three coordinates, each driven by the next.
func ringed(d ...float64) linear {
	return linear{mat.NewDense(3, 3, []float64{1, -.4, 0, 0, 1, -.4, -.4, 0, 1}), mat.NewDense(3, 3, d), []float64{1, .5, -.5}, .4}
}

const (
	ringedDrift = "[process]\ndrift = { x = '0.4*y - x', y = '0.4*z - y', z = '0.4*x - z' }\n"
	ringedStart = "[initial]\nmean = { x = 1, y = 0.5, z = -0.5 }\ncovariance = { 'x,x' = 0.4, 'y,y' = 0.4, 'z,z' = 0.4 }\n"
	full        = "diffusion = { 'x,x' = 0.6, 'x,y' = 0.2, 'x,z' = -0.1, 'y,y' = 0.5, 'y,z' = 0.15, 'z,z' = 0.4 }\n"
	cubeText    = `
[define]
p = "exp(0.5*cos(x) + 0.3*sin(y) + 0.2*cos(x - z))"
`
	// turning3 turns in the plane of x and y and leans towards z.
	turning3 = `
c = "cos((x - y)/2)"
s = "sin((x - y)/2)"
`
)

func cube(x []float64, _ float64) float64 {
	return math.Exp(.5*math.Cos(x[0]) + .3*math.Sin(x[1]) + .2*math.Cos(x[0]-x[2]))
}

const (
	uneven3   = "[initial]\ndensity = 'x > 0 ? 3*exp(-x^2 - y^2 - z^2) : exp(-x^2 - y^2 - z^2)'\n"
	waveInBox = "[define]\np = '1 + 0.5*cos(pi*x)*cos(pi*y)*cos(pi*z)*cos(t)'\nDx = '0.2*(1 + x*y)'\nDy = '0.1*(2 - z)'\nDz = '0.15*(1 + y/2)'\n[process]\ndrift = { x = '(diff(Dx*p, x) + sin(pi*x)*cos(pi*y)*cos(pi*z)*sin(t)/(6*pi))/p', y = '(diff(Dy*p, y) + cos(pi*x)*sin(pi*y)*cos(pi*z)*sin(t)/(6*pi))/p', z = '(diff(Dz*p, z) + cos(pi*x)*cos(pi*y)*sin(pi*z)*sin(t)/(6*pi))/p' }\ndiffusion = { x = 'Dx', y = 'Dy', z = 'Dz' }\n[initial]\ndensity = '1 + 0.5*cos(pi*x)*cos(pi*y)*cos(pi*z)'\n"
	// strata3 is noise of three columns (a, b, 0), (0, d, 0.3), (0.2, 0, 0.6), of which a, b and d vary.
	strata3 = cubeText + `
a = "0.9 + 0.2*sin(y)"
b = "0.3*cos(x)"
d = "0.8 + 0.2*cos(z)"
xx = "(a^2 + 0.04)/2"
xy = "a*b/2"
xz = 0.06
yy = "(b^2 + d^2)/2"
yz = "0.15*d"
zz = 0.225
[process]
drift = { x = "(diff(xx*p, x) + diff(xy*p, y) + diff(xz*p, z) + 0.3*cos(y))/p - b*diff(a, y)/2", y = "(diff(xy*p, x) + diff(yy*p, y) + diff(yz*p, z) + 0.2*sin(z))/p - (a*diff(b, x) + 0.3*diff(d, z))/2", z = "(diff(xz*p, x) + diff(yz*p, y) + diff(zz*p, z) + 0.4*cos(x))/p" }
noise = [["a", 0, 0.2], ["b", "d", 0], [0, 0.3, 0.6]]
calculus = "stratonovich"
`
)

// turning4 is two planes that turn.
var turning4 = linear{
	a: mat.NewDense(4, 4, []float64{1, .5, 0, 0, -.5, 1, 0, 0, 0, 0, 1, .5, 0, 0, -.5, 1}),
	d: mat.NewDense(4, 4, []float64{1, 0, 0, 0, 0, .7, 0, 0, 0, 0, .8, 0, 0, 0, 0, .9}),
}

// twoClasses is a box that nothing crosses at x = 0.
var twoClasses = axis("x", -2.2, 2.2, "faces = [0.0]") + axis("y", -2.2, 2.2) + axis("z", -2.2, 2.2)

func atFace3(x []float64, _ float64) float64 {
	return math.Pow(x[0], 6) * math.Exp(-4*x[0]*x[0]-x[1]*x[1]/2-x[2]*x[2]/2) * (2 + math.Copysign(1, x[0]))
}

func killed3(x []float64, _ float64) float64 { return 1 + .3*math.Cos(x[0]+x[1]+x[2]) }

func space() section {
	pi := math.Pi
	diagonal := ringed(1, 0, 0, 0, .7, 0, 0, 0, .5)
	tensor := ringed(.6, .2, -.1, .2, .5, .15, -.1, .15, .4)
	torus3 := torus() + axis("z", 0, turn, periodic)
	drift3 := func(xx, xy, xz, yy, yz, zz string) string {
		row := func(a, b, c string) string {
			return "(diff((" + a + ")*p, x) + diff((" + b + ")*p, y) + diff((" + c + ")*p, z))/p"
		}
		return "[process]\ndrift = { x = '" + row(xx, xy, xz) + " + 0.3*cos(y)/p', y = '" + row(xy, yy, yz) + " + 0.2*sin(z)/p', z = '" + row(xz, yz, zz) + " + 0.4*cos(x)/p' }\n" +
			"diffusion = { 'x,x' = '" + xx + "', 'x,y' = '" + xy + "', 'x,z' = '" + xz + "', 'y,y' = '" + yy + "', 'y,z' = '" + yz + "', 'z,z' = '" + zz + "' }\n"
	}
	waves3 := func(x []float64, t float64) float64 {
		return 1 + .5*math.Exp(-2*t)*math.Cos(x[0]+x[1]+x[2]-1.2*t) // k·Dk, k = (1, 1, 1), is the sum of all entries
	}
	sines := func(x []float64, t float64) float64 {
		return math.Sin(pi*x[0]) * (1 + .5*math.Exp(-.1*pi*pi*t)*math.Cos(pi*x[1])) * (1 + .5*math.Exp(-.3*t)*math.Cos(x[2]-t))
	}
	return section{
		title: "Three and four axes",
		about: "On the torus the current is (0.3 cos y, 0.2 sin z, 0.4 cos x), which has no divergence.",
		problems: []problem{
			{kind: "additive, rotation", scheme: central, walls: "far", name: "Gaussian of a linear drift, at rest",
				text:    box(-4.4, 4.4) + ringedDrift + "diffusion = { x = 1, y = 0.7, z = 0.5 }\n",
				density: diagonal.law(0), figure: "x*y"},
			{kind: "multiplicative, Itô, rotation", scheme: central, walls: "periodic", name: "waves on a torus, at rest",
				text:    torus3 + cubeText + drift3("0.5 + 0.2*sin(y)", "0", "0", "0.4 + 0.2*cos(z)", "0", "0.3 + 0.1*sin(x)"),
				density: cube, figure: "cos(x)"},
			{kind: "additive, rotation", scheme: selling3, walls: "far", name: "Gaussian of a linear drift, at rest", quick: whole,
				text:    box(-3.6, 3.6) + ringedDrift + full,
				density: tensor.law(0), figure: "x*y"},
			{kind: "additive, rotation", scheme: selling3, walls: "periodic", name: "waves on a torus, at rest",
				text:    torus3 + cubeText + drift3("0.6", "0.2", "-0.1", "0.5", "0.15", "0.4"),
				density: cube, figure: "cos(x)"},
			{kind: "multiplicative, Itô, rotation", scheme: selling3, walls: "periodic", name: "waves on a torus, turning, at rest",
				text:    torus3 + cubeText + turning3 + drift3("0.5*(c^2 + 0.3*s^2)", "0.35*s*c", "0.05*cos(x - y)", "0.5*(s^2 + 0.3*c^2)", "0.05*sin(x - y)", "0.3"),
				density: cube, figure: "cos(x)"},
			{kind: "multiplicative, Itô, rotation", scheme: selling + " × central", walls: "periodic", name: "waves on a torus, x and y coupled, at rest",
				text:    torus3 + cubeText + turning3 + drift3("0.5*(c^2 + 0.3*s^2)", "0.35*s*c", "0", "0.5*(s^2 + 0.3*c^2)", "0", "0.3 + 0.1*sin(x)"),
				density: cube, figure: "cos(x)"},
			{kind: "additive", scheme: selling3, walls: "reflecting", name: "slope between walls, at rest",
				text: box(0, 1) + "[process]\ndrift = { x = '0.24 - 0.04*x + 0.24*z', y = '0.06*x + 0.08*z - 0.05', z = '0.16*x - 0.04*z - 0.095' }\n" + full, order: 1, from: "first order at walls", note: wallNote, figure: "x*y",
				density: func(x []float64, _ float64) float64 { return math.Exp(.5*x[0] - .3*x[1] + .4*x[0]*x[2]) }},
			{kind: "additive", scheme: selling3, walls: "periodic × absorbing", name: "sine that decays, in time", at: .4,
				text:    axis("x", 0, turn, periodic) + axis("y", 0, turn, periodic) + axis("z", 0, 1, absorbing) + "[define]\ng = '1 + 0.5*cos(x)'\n[process]\ndrift = { x = '0.5*diff(g, x)/g', z = '0.2*diff(g, x)/g' }\ndiffusion = { 'x,x' = 0.5, 'x,y' = 0.2, 'x,z' = 0.1, 'y,y' = 0.4, 'y,z' = 0.05, 'z,z' = 0.1 }\n[initial]\ndensity = 'g*sin(pi*z)'\n",
				density: func(x []float64, _ float64) float64 { return (1 + .5*math.Cos(x[0])) * math.Sin(pi*x[2]) }, mass: func(t float64) float64 { return math.Exp(-.1 * pi * pi * t) }, figure: "cos(x)"},
			{kind: "additive", scheme: central, walls: "absorbing × reflecting × periodic", name: "product of waves, in time", at: .5,
				text:    axis("x", 0, 1, absorbing) + axis("y", 0, 1) + axis("z", 0, turn, periodic) + "[process]\ndrift = { z = 1 }\ndiffusion = { x = 0.2, y = 0.1, z = 0.3 }\n[initial]\ndensity = 'sin(pi*x)*(1 + 0.5*cos(pi*y))*(1 + 0.5*cos(z))'\n",
				density: sines, mass: func(t float64) float64 { return math.Exp(-.2 * pi * pi * t) }, figure: "x*y"},
			{kind: "additive, rotation", scheme: central, walls: "far", name: "Gaussian relaxes, in time", at: .7,
				text: box(-4.2, 4.2) + ringedDrift + "diffusion = { x = 1, y = 0.7, z = 0.5 }\n" + ringedStart, cells: []int{12, 24, 36},
				density: diagonal.law(.7), figure: "x*y"},
			{kind: "additive", scheme: selling3, walls: "periodic", name: "wave that moves and decays, in time", at: .5,
				text:    torus3 + "[process]\ndrift = { x = 1, z = 0.2 }\n" + full + "[initial]\ndensity = '1 + 0.5*cos(x + y + z)'\n",
				density: waves3, figure: "sin(x + y + z)"},
			{kind: "multiplicative, Itô", scheme: central, walls: "closed face", name: "two classes, p ∝ x⁶ near the face, at rest", quick: whole,
				text:    twoClasses + "[process]\ndrift = { x = 'x - x^3', y = '-0.5*y', z = '-0.5*z' }\ndiffusion = { x = 'x^2/8', y = 0.5, z = 0.5 }\n" + uneven3,
				density: atFace3, figure: "x", judge: byFigure, note: "the figure; the density near the face has its order on finer meshes, as along one axis"},
			{kind: "multiplicative, Itô", scheme: selling3, walls: "closed face", name: "two classes, p ∝ x⁶ near the face, at rest", quick: whole,
				text:    twoClasses + "[process]\ndrift = { x = 'x - x^3 - 0.1*x*y', y = '0.7 - 0.8*x^2 - 0.5*y - 0.1*z', z = '-0.1*y - 0.5*z' }\ndiffusion = { 'x,x' = 'x^2/8', 'x,y' = '0.1*x', 'y,y' = 0.5, 'y,z' = 0.1, 'z,z' = 0.5 }\n" + uneven3,
				density: atFace3, figure: "x", order: 1, from: "first order at walls", note: wallNote},
			{kind: "multiplicative, Itô, rotation", scheme: central, walls: "periodic, graded axis", name: "waves on a torus, at rest", judge: byFigure, note: "the figure; the law as in two axes, on finer meshes",
				text:    torus() + axis("z", 0, turn, periodic, middle) + cubeText + drift3("0.5 + 0.2*sin(y)", "0", "0", "0.4 + 0.2*cos(z)", "0", "0.3 + 0.1*sin(x)"),
				density: cube, figure: "cos(x)"},
			{kind: "additive, killing", scheme: central, walls: "periodic", name: "wave killed, in time", at: .5,
				text:    torus3 + "[define]\np = '1 + 0.3*cos(x + y + z)'\n[process]\ndiffusion = { x = 0.6, y = 0.5, z = 0.4 }\nkilling = '1.5*diff(diff(p, x), x)/p + 1'\n[initial]\ndensity = 'p'\n",
				density: killed3, mass: func(t float64) float64 { return math.Exp(-t) }, figure: "cos(x + y + z)"},
			{kind: "additive, rotation", scheme: selling3, walls: "periodic, graded axis", name: "waves on a torus, at rest", quick: whole,
				text:    torus() + axis("z", 0, turn, periodic, middle) + cubeText + drift3("0.6", "0.2", "-0.1", "0.5", "0.15", "0.4"),
				density: cube, figure: "cos(x)", judge: byFigure, note: "the figure; the law as in two axes, on finer meshes"},
			{kind: "additive, killing", scheme: selling3, walls: "periodic", name: "wave killed, in time", at: .5,
				text:    torus3 + "[define]\np = '1 + 0.3*cos(x + y + z)'\n[process]\n" + full + "killing = '2*diff(diff(p, x), x)/p + 1'\n[initial]\ndensity = 'p'\n",
				density: killed3, mass: func(t float64) float64 { return math.Exp(-t) }, figure: "cos(x + y + z)"},
			{kind: "multiplicative, Itô, in t", scheme: central, walls: "reflecting", name: "wave driven between walls, in time", at: 1, method: "sdirk4-split",
				text: box(0, 1) + waveInBox,
				density: func(x []float64, t float64) float64 {
					return 1 + .5*math.Cos(pi*x[0])*math.Cos(pi*x[1])*math.Cos(pi*x[2])*math.Cos(t)
				}, figure: "x*y"},
			{kind: "additive, in t", scheme: selling3, walls: "periodic", name: "wave under noise that turns in time", at: .5, method: "sdirk4-sweeps", tolerance: 1e-4, cells: []int{8, 12, 16}, quick: whole,
				text: torus3 + "[process]\ndiffusion = { 'x,x' = 0.6, 'x,y' = '0.2*cos(3*t)', 'x,z' = -0.1, 'y,y' = 0.5, 'y,z' = 0.15, 'z,z' = 0.4 }\n[initial]\ndensity = '1 + 0.5*cos(x + y + z)'\n",
				density: func(x []float64, t float64) float64 {
					return 1 + .5*math.Exp(-1.6*t-.4*math.Sin(3*t)/3)*math.Cos(x[0]+x[1]+x[2])
				}, figure: "cos(x + y + z)"},
			{kind: "multiplicative, Stratonovich", scheme: selling3, walls: "periodic", name: "waves on a torus, two columns of noise, at rest",
				text:    torus3 + strata3,
				density: cube, figure: "cos(x)"},
			{kind: "multiplicative, isothermal", scheme: selling3, walls: "periodic", name: "waves on a torus, turning, at rest",
				text:    torus3 + cubeText + turning3 + "U = '-log(p)'\n[process]\ndrift = { x = '-0.5*(c^2 + 0.3*s^2)*diff(U, x) - 0.35*s*c*diff(U, y) - 0.05*cos(x - y)*diff(U, z)', y = '-0.35*s*c*diff(U, x) - 0.5*(s^2 + 0.3*c^2)*diff(U, y) - 0.05*sin(x - y)*diff(U, z)', z = '-0.05*cos(x - y)*diff(U, x) - 0.05*sin(x - y)*diff(U, y) - 0.3*diff(U, z)' }\ndiffusion = { 'x,x' = '0.5*(c^2 + 0.3*s^2)', 'x,y' = '0.35*s*c', 'x,z' = '0.05*cos(x - y)', 'y,y' = '0.5*(s^2 + 0.3*c^2)', 'y,z' = '0.05*sin(x - y)', 'z,z' = 0.3 }\ncalculus = 'isothermal'\n",
				density: cube, figure: "cos(x)"},
			{kind: "optimiser, rotation", scheme: selling3, walls: "far", name: "Gaussian of SGD, at rest", quick: whole,
				text:    box(-1, 1) + "[sgd]\nloss = '0.5*x^2 + 0.4*y^2 + 0.6*z^2 + 0.2*x*y - 0.1*y*z'\ncovariance = { 'x,x' = 1.2, 'x,y' = 0.4, 'x,z' = -0.2, 'y,y' = 1.0, 'y,z' = 0.3, 'z,z' = 0.8 }\nlearning_rate = 0.1\nbatch_size = 1\n",
				density: linear{a: mat.NewDense(3, 3, []float64{1, .2, 0, .2, .8, -.1, 0, -.1, 1.2}), d: mat.NewDense(3, 3, []float64{.06, .02, -.01, .02, .05, .015, -.01, .015, .04})}.law(0), figure: "x*y"},
			{kind: "potential, mobility, force", scheme: isothermal, walls: "periodic × reflecting", name: "waves, at rest",
				text: torus() + axis("z", -.5, 1.5) + "[define]\nU = '-0.5*cos(x) - 0.3*sin(y) - 0.4*z*sin(x)'\n[process]\npotential = 'U'\nmobility = { x = '1 + 0.3*sin(y)', y = '0.7 + 0.2*cos(z)', z = '0.5 + 0.2*cos(x)' }\ntemperature = 1\ndrift = { x = '0.3*cos(y)*exp(U)', y = '0.2*sin(z)*exp(U)' }\n",
				density: func(x []float64, _ float64) float64 {
					return math.Exp(.5*math.Cos(x[0]) + .3*math.Sin(x[1]) + .4*x[2]*math.Sin(x[0]))
				}, figure: "cos(x)"},
			{kind: "additive, rotation", scheme: central, walls: "far, four axes", name: "Gaussian of a linear drift, at rest", cells: []int{10, 14, 20}, quick: whole,
				text:    box(-3.8, 3.8) + axis("w", -3.8, 3.8) + "[process]\ndrift = { x = '-x - 0.5*y', y = '0.5*x - y', z = '-z - 0.5*w', w = '0.5*z - w' }\ndiffusion = { x = 1, y = 0.7, z = 0.8, w = 0.9 }\n",
				density: turning4.law(0), figure: "x*y"},
			{kind: "potential", scheme: isothermal, walls: "far, four axes", name: "two wells, at rest",
				text: box(-4, 4) + axis("w", -4, 4) + "[process]\npotential = '(x^2 - 1)^2/4 + (y^2 + z^2 + w^2)/2 + 0.3*x*y + 0.2*z*w'\ntemperature = 1\n", cells: []int{10, 14, 20}, figure: "x*y",
				density: func(x []float64, _ float64) float64 {
					u := (x[0]*x[0]-1)*(x[0]*x[0]-1)/4 + (x[1]*x[1]+x[2]*x[2]+x[3]*x[3])/2 + .3*x[0]*x[1] + .2*x[2]*x[3]
					return math.Exp(-u)
				}},
		},
	}
}
