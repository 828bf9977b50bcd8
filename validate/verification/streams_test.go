package verification

import (
	"math"
	"strings"

	"gonum.org/v1/gonum/mat"
)

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
	halved := func(x []float64, t float64) float64 { return gauss(x[0], 0, .5*math.Exp(-2*t)) }
	const grownText = "[process]\ndrift = { x = 'x' }\n[initial]\ndensity = 'exp(-x^2/0.8)*(x > 0 ? 3 : 1)'\n"
	grown := func(x []float64, t float64) float64 {
		return gauss(x[0], 0, .4*math.Exp(2*t)) * (2 + math.Copysign(1, x[0]))
	}
	const fadingText = "[process]\ndrift = { x = 1 }\nkilling = 0.5\n[initial]\ndensity = 'exp(cos(x))'\n"
	fades := func(t float64) float64 { return math.Exp(-.5 * t) }
	const descentText = "[sgd]\nloss = '0.5*x^2'\ncovariance = { 'x,x' = 1 }\nnoise = 'none'\nlearning_rate = 0.1\nbatch_size = 1\n[initial]\nmean = { x = 1 }\nstd = { x = 0.4 }\n"
	gibbs := func(x []float64, _ float64) float64 { return math.Exp(-x[0]*x[0] - x[1]*x[1]) }
	// D(v) = ½(1 + 0.4 sin v), v driven by −x − 2Dv + D′ in Itô's sense: e^(−x² − v²).
	const unevenKinetic = "[process]\ndrift = { x = 'v', v = '-x - v*(1 + 0.4*sin(v)) + 0.2*cos(v)' }\ndiffusion = { v = '0.5*(1 + 0.4*sin(v))' }\n"
	cut := func(x []float64, t float64) float64 { return gauss(x[0], 1+t, .16) }
	return section{
		title: "Axes without noise",
		about: "Along them rates are upwind, of first order; `strang` carries laws in time by flows of seventh order instead, which laws at rest have as well. These are flows of densities at centres: where the speed is not the same everywhere, masses that stand for integrals over cells differ from those by second order, and laws that begin with them do; so do the rates along axes with noise.",
		problems: []problem{
			{kind: "no noise", scheme: upwind, walls: "far", name: "Gaussian that shrinks", at: .7, method: "sdirk4",
				text:    axis("x", -2, 4) + shrinkText,
				density: shrinking, order: 1, from: courant},
			{kind: "no noise", scheme: streams, walls: "far", name: "Gaussian that shrinks", at: .7,
				text:    axis("x", -2, 4) + shrinkText,
				density: shrinking, order: 2, from: shu},
			{kind: "no noise", scheme: streams, walls: "periodic", name: "bump that goes round", at: 2,
				text:    axis("x", 0, turn, periodic) + carriedText,
				density: carried, figure: "cos(x)", order: 7, from: shu},
			{kind: "no noise", scheme: streams, walls: "absorbing", name: "half of a Gaussian has left", at: 1.2,
				text:    axis("x", -1, 2.2, absorbing) + leaving,
				density: cut, mass: left, figure: "x", order: 2, from: shu},
			{kind: "no noise", scheme: upwind, walls: "absorbing", name: "half of a Gaussian has left", at: 1.2, method: "sdirk4",
				text:    axis("x", -1, 2.2, absorbing) + leaving,
				density: cut, mass: left, figure: "x", order: 1, from: courant},
			{kind: "no noise", scheme: upwind, walls: "periodic", name: "bump that goes round", at: 2, method: "sdirk4",
				text:    axis("x", 0, turn, periodic) + carriedText,
				density: carried, figure: "cos(x)", order: 1, from: courant},
			{kind: "no noise", scheme: upwind, walls: "reflecting", name: "half of a Gaussian shrinks", at: .7, method: "sdirk4",
				text:    axis("x", 0, 5) + "[process]\ndrift = { x = '-x' }\n[initial]\ndensity = 'exp(-x^2)'\n",
				density: halved, order: 1, from: courant},
			{kind: "no noise", scheme: streams, walls: "reflecting", name: "half of a Gaussian shrinks", at: .7,
				text:    axis("x", 0, 5) + "[process]\ndrift = { x = '-x' }\n[initial]\ndensity = 'exp(-x^2)'\n",
				density: halved, order: 2, from: shu},
			{kind: "no noise", scheme: upwind, walls: "closed face", name: "Gaussian that grows from two halves", at: .7, method: "sdirk4",
				text:    axis("x", -6, 6, "faces = [0.0]") + grownText,
				density: grown, figure: "x", order: 1, from: courant},
			{kind: "no noise", scheme: streams, walls: "closed face", name: "Gaussian that grows from two halves", at: .7,
				text:    axis("x", -6, 6, "faces = [0.0]") + grownText,
				density: grown, figure: "x", order: 2, from: shu},
			{kind: "no noise", scheme: upwind, walls: "far, sinh axis", name: "Gaussian that shrinks", at: .7, method: "sdirk4",
				text:    axis("x", -2, 4, sinh) + shrinkText,
				density: shrinking, order: 1, from: courant},
			{kind: "no noise", scheme: streams, walls: "far, sinh axis", name: "Gaussian that shrinks", at: .7,
				text:    axis("x", -2, 4, sinh) + shrinkText,
				density: shrinking, order: 2, from: shu},
			{kind: "no noise, in t", scheme: upwind, walls: "periodic", name: "bump that goes to and fro", at: 2, method: "sdirk4",
				text:    axis("x", 0, turn, periodic) + "[process]\ndrift = { x = 'cos(t)' }\n[initial]\ndensity = 'exp(cos(x))'\n",
				density: func(x []float64, t float64) float64 { return math.Exp(math.Cos(x[0] - math.Sin(t))) }, figure: "cos(x)", order: 1, from: courant},
			{kind: "no noise, killing", scheme: upwind, walls: "periodic", name: "bump that goes round and is killed", at: 1, method: "sdirk4",
				text:    axis("x", 0, turn, periodic) + fadingText,
				density: carried, mass: fades, figure: "cos(x)", order: 1, from: courant},
			{kind: "no noise, killing", scheme: streams, walls: "periodic", name: "bump that goes round and is killed", at: 1,
				text:    axis("x", 0, turn, periodic) + fadingText,
				density: carried, mass: fades, figure: "cos(x)", order: 7, from: shu},
			{kind: "optimiser, no noise", scheme: upwind, walls: "far", name: "Gaussian in gradient descent", at: .7, method: "sdirk4",
				text:    axis("x", -2, 4) + descentText,
				density: shrinking, order: 1, from: courant},
			{kind: "optimiser, no noise", scheme: streams, walls: "far", name: "Gaussian in gradient descent", at: .7,
				text:    axis("x", -2, 4) + descentText,
				density: shrinking, order: 2, from: shu},
			{kind: "potential, no noise", scheme: streams, walls: "far", name: "Gaussian that shrinks", at: .7,
				text:    axis("x", -2, 4) + strings.Replace(shrinkText, "drift = { x = '-x' }", "potential = 'x^2/2'\ndiffusion = 0", 1),
				density: shrinking, order: 2, from: shu},
			{kind: "multiplicative, Itô, along v, none along x, rotation", scheme: streams, walls: "far", name: "oscillator under uneven noise, at rest",
				text:    phase + unevenKinetic,
				density: gibbs, figure: "x^2", order: 2, from: shu},
			{kind: "multiplicative, Itô, along v, none along x, rotation", scheme: upwind, walls: "far", name: "oscillator under uneven noise, in time: a law that stays", at: .5, method: "sdirk4", cells: []int{24, 48, 96},
				text:    phase + unevenKinetic + "[initial]\ndensity = 'exp(-x^2 - v^2)'\n",
				density: gibbs, figure: "x^2", order: 1, from: courant},
			{kind: "multiplicative, Stratonovich, along v, none along x, rotation", scheme: streams, walls: "far", name: "oscillator under uneven noise, at rest",
				text:    phase + "[process]\ndrift = { x = 'v', v = '-x - v*(1 + 0.4*sin(v)) + 0.1*cos(v)' }\nnoise = { v = 'sqrt(1 + 0.4*sin(v))' }\ncalculus = 'stratonovich'\n",
				density: gibbs, figure: "x^2", order: 2, from: shu},
			{kind: "additive along v, none along x", scheme: streams, walls: "far", name: "kinetic oscillator, at rest",
				text:    phase + kineticText,
				density: kinetic.law(0), figure: "x^2", order: 2, from: shu},
			{kind: "additive along v, none along x", scheme: upwind, walls: "far", name: "kinetic oscillator, in time", at: 1, method: "sdirk4",
				text:    phase + kineticText + start,
				density: kinetic.law(1), figure: "x^2", order: 1, from: courant, cells: []int{24, 48, 96}},
			{kind: "additive along v, none along x", scheme: streams, walls: "far", name: "kinetic oscillator, in time", at: 1,
				text:    phase + kineticText + start,
				density: kinetic.law(1), figure: "x^2", order: 2, from: shu},
		},
	}
}

// leftOf is P(X < x) of a Gaussian.
func leftOf(x, mean, std float64) float64 { return math.Erfc((mean-x)/std/math.Sqrt2) / 2 }
