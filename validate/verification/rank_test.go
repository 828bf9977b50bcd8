package verification

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

func rankOne() section {
	fading := func(rate float64) func(x []float64, t float64) float64 {
		return func(x []float64, t float64) float64 { return 1 + .5*math.Exp(-rate*t)*math.Cos(x[0]+x[1]) }
	}
	s, c := math.Sincos(.4)
	oblique := "[process]\ndiffusion = { 'x,x' = '0.5*cos(0.4)^2', 'x,y' = '0.5*sin(0.4)*cos(0.4)', 'y,y' = '0.5*sin(0.4)^2' }\n[initial]\ndensity = '1 + 0.5*cos(x + y)'\n"
	ring := func(x []float64, t float64) float64 {
		xx, yy := x[0]*x[0], x[1]*x[1]
		return math.Exp(-(xx+yy)/2) * (xx + yy + .8*math.Exp(-4*t)*(xx-yy))
	}
	return section{
		title: "Noise of rank one, in time",
		about: "Where noise has one direction, no jumps of bounded length make it exactly. The program bounds them by n^⅓ cells, adds diffusion across, of order h in the mean over directions, and errs by long jumps, of order h^(4/3).",
		problems: []problem{
			{kind: "additive", scheme: rank, walls: "periodic", name: "wave, noise along (1, 1)", at: 1,
				text:    torus() + "[process]\nnoise = [['0.7'], ['0.7']]\n[initial]\ndensity = '1 + 0.5*cos(x + y)'\n",
				density: fading(4 * .245), figure: "cos(x + y)"},
			{kind: "additive", scheme: rank, walls: "periodic", name: "wave, noise at an angle of 0.4", at: 1,
				text:    torus() + oblique,
				density: fading(.5 * (s + c) * (s + c)), figure: "cos(x + y)", order: 1, from: chord, judge: byLadder, note: "over the whole ladder: the longest jumps grow by whole cells"},
			{kind: "multiplicative, Stratonovich", scheme: rank, walls: "far", name: "noise around a circle", at: .3, cells: []int{24, 48, 96},
				text:    square(-5.5, 5.5) + "[process]\nnoise = [['-sqrt(2)*y'], ['sqrt(2)*x']]\ncalculus = 'stratonovich'\n[initial]\ndensity = 'exp(-(x^2 + y^2)/2)*(1.8*x^2 + 0.2*y^2)'\n",
				density: ring, figure: "x^2", order: 1, from: chord, judge: byFigure, note: "the figure: what the mesh adds across the noise makes the density show the directions that fit it, and expectations alone converge"},
			{kind: "additive, drift across", scheme: rank, walls: "periodic", name: "wave, noise along (1, 1), drift along (1, −1)", at: 1,
				text:    torus() + "[process]\ndrift = { x = 1, y = -0.5 }\nnoise = [['0.7'], ['0.7']]\n[initial]\ndensity = '1 + 0.5*cos(x + y)'\n",
				density: func(x []float64, t float64) float64 { return 1 + .5*math.Exp(-.98*t)*math.Cos(x[0]+x[1]-.5*t) }, figure: "cos(x + y)", order: 1, from: courant, note: "drift that the noise cannot carry is upwind"},
			{kind: "multiplicative, isothermal", scheme: rank, walls: "periodic", name: "waves along (1, 1), none across: a law that stays", at: 1,
				text: torus() + "[process]\ndrift = { x = '-2*(0.4 + 0.2*sin(x + y))*0.7*sin(x + y)', y = '-2*(0.4 + 0.2*sin(x + y))*0.7*sin(x + y)' }\nnoise = [['sqrt(0.8 + 0.4*sin(x + y))'], ['sqrt(0.8 + 0.4*sin(x + y))']]\ncalculus = 'isothermal'\n[initial]\ndensity = 'exp(0.7*cos(x + y))*(1 + 0.5*cos(x - y))'\n",
				density: func(x []float64, _ float64) float64 {
					return math.Exp(.7*math.Cos(x[0]+x[1])) * (1 + .5*math.Cos(x[0]-x[1]))
				}, figure: "cos(x + y)"},
			{kind: "additive, killing", scheme: rank, walls: "periodic", name: "wave killed, noise along (1, 1)", at: 1,
				text:    torus() + "[define]\np = '1 + 0.3*cos(x + y)'\n[process]\nnoise = [['0.7'], ['0.7']]\nkilling = '0.98*diff(diff(p, x), x)/p + 1'\n[initial]\ndensity = 'p'\n",
				density: func(x []float64, _ float64) float64 { return 1 + .3*math.Cos(x[0]+x[1]) }, mass: func(t float64) float64 { return math.Exp(-t) }, figure: "cos(x + y)"},
			{kind: "additive, in t", scheme: rank, walls: "periodic", name: "wave, noise along (1, 1) that swells and fades", at: 1, cells: []int{12, 24, 48},
				text:    torus() + "[process]\nnoise = [['0.7*sqrt(1 + 0.5*cos(2*t))'], ['0.7*sqrt(1 + 0.5*cos(2*t))']]\n[initial]\ndensity = '1 + 0.5*cos(x + y)'\n",
				density: func(x []float64, t float64) float64 { return fading(.98)(x, t+math.Sin(2*t)/4) }, figure: "cos(x + y)"},
			{kind: "additive", scheme: rank, walls: "reflecting", name: "slope between walls, noise along (1, 1): a law that stays", at: .2,
				text:    square(0, 1) + "[process]\ndrift = { x = '0.245*(0.2 + 0.4*x + 0.4*y)', y = '0.245*(0.2 + 0.4*x + 0.4*y)' }\nnoise = [['0.7'], ['0.7']]\n[initial]\ndensity = 'exp(0.5*x - 0.3*y + 0.4*x*y)'\n",
				density: slope, figure: "x*y", order: 1, from: "first order at walls", note: wallNote},
			{kind: "additive", scheme: rank, walls: "periodic × absorbing", name: "sine that decays, noise along (2, 1)", at: .4, quick: whole,
				text:    axis("x", 0, turn, periodic) + axis("y", 0, 1, absorbing) + "[define]\ng = '1 + 0.5*cos(x)'\n[process]\ndrift = { x = '0.4*diff(g, x)/g', y = '0.4*diff(g, x)/g' }\ndiffusion = { 'x,x' = 0.4, 'x,y' = 0.2, 'y,y' = 0.1 }\n[initial]\ndensity = 'g*sin(pi*y)'\n",
				density: func(x []float64, _ float64) float64 { return (1 + .5*math.Cos(x[0])) * math.Sin(math.Pi*x[1]) }, mass: func(t float64) float64 { return math.Exp(-.1 * math.Pi * math.Pi * t) }, figure: "cos(x)", order: 1, from: courant, judge: byLadder, note: "over the whole ladder: drift that the noise cannot carry is upwind, and the longest jumps grow by whole cells"},
			{kind: "multiplicative, Itô", scheme: rank, walls: "closed face", name: "two classes, noise along (2, 1): a law that stays", at: .5, quick: whole,
				text:    axis("x", -4, 4, "faces = [0.0]") + axis("y", -6, 6) + "[define]\nb = 'x - x^2/2*(8*sign(x)*(abs(x) - 1.6) + y/2)'\n[process]\ndrift = { x = 'b', y = 'b/2' }\nnoise = [['x'], ['x/2']]\n[initial]\ndensity = 'exp(-4*(abs(x) - 1.6)^2 - y^2/2)*(x > 0 ? 3 : 1)'\n",
				density: apart, figure: "x", order: 1, from: chord, judge: byLadder, note: "over the whole ladder"},
			{kind: "additive", scheme: rank, walls: "periodic, graded axes", name: "wave, noise along (1, 1)", at: 1, quick: whole,
				text:    axis("x", 0, turn, periodic, middle) + axis("y", 0, turn, periodic, middle) + "[process]\nnoise = [['0.7'], ['0.7']]\n[initial]\ndensity = '1 + 0.5*cos(x + y)'\n",
				density: fading(4 * .245), figure: "cos(x + y)", order: 1, from: chord, judge: byFigure, note: "the figure, as around a circle"},
			{kind: "optimiser, rotation", scheme: rank, walls: "far", name: "Gaussian of SGD with one label a step", at: 1, cells: []int{24, 48, 96},
				text:    square(-1.6, 1.6) + "[sgd]\nloss = 'x^2/2 + 0.2*x*y + y^2'\ncovariance = { 'x,x' = 1.0, 'x,y' = 1.0, 'y,y' = 1.0 }\nlearning_rate = 0.1\nbatch_size = 1\n[initial]\nmean = { x = 0.4, y = -0.2 }\nstd = { x = 0.2, y = 0.2 }\n",
				density: labelled.law(1), figure: "x*y", order: 1, from: courant, judge: byFigure, note: "drift that the noise cannot carry is upwind"},
		},
	}
}

// apart is a law in two parts on either side of x = 0, ¾ above.
func apart(x []float64, _ float64) float64 {
	d := math.Abs(x[0]) - 1.6
	return math.Exp(-4*d*d-x[1]*x[1]/2) * (2 + math.Copysign(1, x[0]))
}

// labelled is SGD on x²/2 + xy/5 + y² with noise along (1, 1), D = ½η.
var labelled = linear{mat.NewDense(2, 2, []float64{1, .2, .2, 2}), mat.NewDense(2, 2, []float64{.05, .05, .05, .05}), []float64{.4, -.2}, .04}
