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
			{kind: "potential", scheme: isothermal, walls: "far, four axes", name: "two wells, at rest",
				text: box(-4, 4) + axis("w", -4, 4) + "[process]\npotential = '(x^2 - 1)^2/4 + (y^2 + z^2 + w^2)/2 + 0.3*x*y + 0.2*z*w'\ntemperature = 1\n", cells: []int{10, 14, 20}, figure: "x*y",
				density: func(x []float64, _ float64) float64 {
					u := (x[0]*x[0]-1)*(x[0]*x[0]-1)/4 + (x[1]*x[1]+x[2]*x[2]+x[3]*x[3])/2 + .3*x[0]*x[1] + .2*x[2]*x[3]
					return math.Exp(-u)
				}},
		},
	}
}

func streaming() section {
	phase := axis("x", -4.5, 4.5) + axis("v", -5, 5)
	kinetic := linear{mat.NewDense(2, 2, []float64{0, -1, 2.25, 1}), mat.NewDense(2, 2, []float64{0, 0, 0, .6}), []float64{1.2, 0}, .3}
	const kineticText = "[process]\ndrift = { x = 'v', v = '-v - 2.25*x' }\ndiffusion = { v = 0.6 }\n"
	const start = "[initial]\nmean = { x = 1.2, v = 0 }\ncovariance = { 'x,x' = 0.3, 'v,v' = 0.3 }\n"
	shrinking := func(x []float64, t float64) float64 { return gauss(x[0], math.Exp(-t), .16*math.Exp(-2*t)) }
	const shrinkText = "[process]\ndrift = { x = '-x' }\n[initial]\nmean = { x = 1 }\nstd = { x = 0.4 }\n"
	carried := func(x []float64, t float64) float64 { return math.Exp(math.Cos(x[0] - t)) }
	const carriedText = "[process]\ndrift = { x = 1 }\n[initial]\ndensity = 'exp(cos(x))'\n"
	const leaving = "[process]\ndrift = { x = 1 }\n[initial]\nmean = { x = 1 }\nstd = { x = 0.4 }\n"
	left := func(t float64) float64 { return leftOf(2.2, 1+t, .4) / (leftOf(2.2, 1, .4) - leftOf(-1, 1, .4)) }
	cut := func(x []float64, t float64) float64 { return gauss(x[0], 1+t, .16) }
	return section{
		title: "Axes without noise",
		about: "Along them rates are upwind, of first order; `strang` carries laws in time by limited flows of second order instead, which laws at rest have as well.",
		problems: []problem{
			{kind: "no noise", scheme: upwind, walls: "far", name: "Gaussian that shrinks", at: .7, method: "sdirk4",
				text:    axis("x", -2, 4) + shrinkText,
				density: shrinking, order: 1, from: courant},
			{kind: "no noise", scheme: streams, walls: "far", name: "Gaussian that shrinks", at: .7,
				text:    axis("x", -2, 4) + shrinkText,
				density: shrinking, order: 2, from: leer},
			{kind: "no noise", scheme: streams, walls: "periodic", name: "bump that goes round", at: 2,
				text:    axis("x", 0, turn, periodic) + carriedText,
				density: carried, figure: "cos(x)", order: 2, from: leer},
			{kind: "no noise", scheme: streams, walls: "absorbing", name: "half of a Gaussian has left", at: 1.2,
				text:    axis("x", -1, 2.2, absorbing) + leaving,
				density: cut, mass: left, figure: "x", order: 2, from: leer},
			{kind: "no noise", scheme: upwind, walls: "absorbing", name: "half of a Gaussian has left", at: 1.2, method: "sdirk4",
				text:    axis("x", -1, 2.2, absorbing) + leaving,
				density: cut, mass: left, figure: "x", order: 1, from: courant},
			{kind: "additive along v, none along x", scheme: streams, walls: "far", name: "kinetic oscillator, at rest",
				text:    phase + kineticText,
				density: kinetic.law(0), figure: "x^2", order: 2, from: leer},
			{kind: "additive along v, none along x", scheme: upwind, walls: "far", name: "kinetic oscillator, in time", at: 1, method: "sdirk4",
				text:    phase + kineticText + start,
				density: kinetic.law(1), figure: "x^2", order: 1, from: courant, cells: []int{24, 48, 96}},
			{kind: "additive along v, none along x", scheme: streams, walls: "far", name: "kinetic oscillator, in time", at: 1,
				text:    phase + kineticText + start,
				density: kinetic.law(1), figure: "x^2", order: 2, from: leer},
		},
	}
}

// leftOf is P(X < x) of a Gaussian.
func leftOf(x, mean, std float64) float64 { return math.Erfc((mean-x)/std/math.Sqrt2) / 2 }
