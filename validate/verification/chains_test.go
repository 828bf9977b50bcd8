package verification

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
)

const (
	normal    = "kernel, Gaussian"
	batches   = "kernel, batches"
	sheppard  = "Sheppard 1898"
	ulam      = "Ulam 1960"
	centred   = "masses stand for centres: moments keep what steps make of them, integrals over cells differ by second order"
	chainText = "[sgd]\nmodel = 'chain'\nlearning_rate = 0.5\nbatch_size = 1\n"
)

// steps is X′ = AX + N(0, C): mean Aᵏm and covariance A(Σ)Aᵀ + C, k times from N(m, s I);
// at rest after very many.
type steps struct {
	a, c  *mat.Dense
	start []float64
	s     float64
}

func (l steps) law(count int) func(x []float64, t float64) float64 {
	n := len(l.start)
	mean, covariance := mat.NewVecDense(n, append([]float64(nil), l.start...)), mat.NewDense(n, n, nil)
	for k := range n {
		covariance.Set(k, k, l.s)
	}
	for range count {
		var m mat.VecDense
		m.MulVec(l.a, mean)
		mean.CopyVec(&m)
		var next mat.Dense
		next.Product(l.a, covariance, l.a.T())
		covariance.Add(&next, l.c)
	}
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			s.SetSym(i, j, (covariance.At(i, j)+covariance.At(j, i))/2)
		}
	}
	return func(x []float64, _ float64) float64 { return gaussian(x, mean.RawVector().Data, s) }
}

// atRest is far more steps than any of these laws remembers.
const atRest = 400

// cut is the density of what has stayed within [lo, hi] in every one of some steps
// x′ = ax + N(0, s²) from N(m, v), and the mass of it, by 60 points of Gauss and Legendre.
func cut(lo, hi, a, s, m, v float64, count int) (density func(x []float64, t float64) float64, mass float64) {
	const points = 60
	z, w, p := make([]float64, points), make([]float64, points), make([]float64, points)
	quad.Legendre{}.FixedLocations(z, w, lo, hi)
	for i, x := range z {
		p[i] = gauss(x, m, v)
	}
	after := func(p []float64) func(x float64) float64 {
		return func(x float64) (sum float64) {
			for i, y := range z {
				sum += w[i] * p[i] * gauss(x, a*y, s*s)
			}
			return sum
		}
	}
	begun := leftOf(hi, m, math.Sqrt(v)) - leftOf(lo, m, math.Sqrt(v))
	for range count - 1 {
		next, of := make([]float64, points), after(p)
		for i, x := range z {
			next[i] = of(x)
		}
		p = next
	}
	of := after(p)
	for i, x := range z {
		mass += w[i] * of(x)
	}
	return func(x []float64, _ float64) float64 { return of(x[0]) }, mass / begun
}

// mixture is the law of x′ = x/2 ± ½ after some steps from N(m, v): that of as many
// Gaussians as there are sequences of signs.
func mixture(m, v float64, count int) func(x []float64, t float64) float64 {
	means := []float64{m}
	for range count {
		var next []float64
		for _, x := range means {
			next = append(next, x/2-.5, x/2+.5)
		}
		means, v = next, v/4
	}
	return func(x []float64, _ float64) (sum float64) {
		for _, at := range means {
			sum += gauss(x[0], at, v)
		}
		return sum
	}
}

func chains() section {
	plane := steps{mat.NewDense(2, 2, []float64{.5, -.1, -.1, .7}), mat.NewDense(2, 2, []float64{.25, .1, .1, .15}), []float64{1, -.5}, .3}
	const planeText = chainText + "loss = '0.5*x^2 + 0.2*x*y + 0.3*y^2'\ncovariance = { 'x,x' = 1.0, 'x,y' = 0.4, 'y,y' = 0.6 }\n"
	line := steps{mat.NewDense(1, 1, []float64{.5}), mat.NewDense(1, 1, []float64{.25}), []float64{1}, .3}
	const lineText = chainText + "loss = '0.5*x^2'\ncovariance = { 'x,x' = 1.0 }\n"
	const start = "[initial]\nmean = { x = 1 }\ncovariance = { 'x,x' = 0.3 }\n"
	within, left := cut(-1.2, 1.5, .5, .5, .4, .3, 4)
	return section{
		title: "Chains: SGD step by step",
		about: "A step begins at the centre of a cell and is put on centres again so that its mean and its covariance are right. A time is steps times the learning rate, ½. What stays between absorbing walls is known by quadrature; at reflecting ones mass that steps beyond stays in the last cell, and there is no density.",
		problems: []problem{
			{kind: "optimiser", scheme: normal, walls: "far", name: "Gaussian of linear steps, at rest", cells: []int{12, 24, 48}, tolerance: 1e-12,
				text:    axis("x", -4.5, 4.5) + lineText,
				density: line.law(atRest), figure: "x^2", order: 2, from: sheppard, note: centred},
			{kind: "optimiser", scheme: normal, walls: "far", name: "Gaussian of linear steps, in time", at: 1.5, cells: []int{12, 24, 48},
				text:    axis("x", -5, 5) + lineText + start,
				density: line.law(3), figure: "x^2", order: 2, from: sheppard, note: centred},
			{kind: "optimiser", scheme: normal, walls: "absorbing", name: "Gaussian of linear steps, cut at every step", at: 2, cells: []int{12, 24, 48},
				text:    axis("x", -1.2, 1.5, absorbing) + lineText + "[initial]\nmean = { x = 0.4 }\ncovariance = { 'x,x' = 0.3 }\n",
				density: within, mass: func(float64) float64 { return left }, figure: "x", order: 2, from: sheppard},
			{kind: "optimiser", scheme: normal, walls: "periodic", name: "wave that fades, step by step", at: 1.5, cells: []int{12, 24, 48},
				text:    axis("x", 0, turn, periodic) + chainText + "loss = '0*x'\ncovariance = { 'x,x' = 1.0 }\n[initial]\ndensity = '1 + 0.5*cos(x)'\n",
				density: func(x []float64, t float64) float64 { return 1 + .5*math.Exp(-.25*t)*math.Cos(x[0]) }, figure: "cos(x)", order: 4, from: sheppard},
			{kind: "optimiser", scheme: normal, walls: "far, sinh axis", name: "Gaussian of linear steps, at rest", cells: []int{24, 48, 96}, tolerance: 1e-12,
				text:    axis("x", -4.5, 4.5, sinh) + lineText,
				density: line.law(atRest), figure: "x^2", order: 2, from: sheppard, note: centred},
			{kind: "optimiser", scheme: normal, walls: "far", name: "Gaussian of linear steps in two parameters, at rest", cells: []int{16, 24, 36}, tolerance: 1e-12,
				text:    square(-4.5, 4.5) + planeText,
				density: plane.law(atRest), figure: "x*y", order: 2, from: sheppard, note: centred},
			{kind: "optimiser", scheme: normal, walls: "far", name: "Gaussian of linear steps in two parameters, in time", at: 1.5, cells: []int{16, 24, 36},
				text:    square(-5, 5) + planeText + "[initial]\nmean = { x = 1, y = -0.5 }\nstd = { x = 0.5477225575051661, y = 0.5477225575051661 }\n",
				density: plane.law(3), figure: "x*y", order: 2, from: sheppard, note: centred},
			{kind: "optimiser", scheme: batches, walls: "far", name: "Gaussians of two examples, in time", at: .75, cells: []int{100, 200, 400},
				text:    axis("x", -3, 3) + "[sgd]\nmodel = 'chain'\nbatches = 'enumerated'\nlearning_rate = 0.25\nbatch_size = 1\nloss = '(x - s)^2'\ndata = { s = 'bernoulli(0.5) ? 1 : -1' }\n[initial]\nmean = { x = 0.3 }\nstd = { x = 0.8 }\n",
				density: mixture(.3, .64, 3), figure: "x^2", order: 2, from: ulam},
		},
	}
}
