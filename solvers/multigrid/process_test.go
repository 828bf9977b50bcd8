package multigrid

import (
	"math"

	"fokker/grid"
	"fokker/operators"
)

// process is a diffusion along axes, discretised in row form: with z = bh/D
// the rates are D/h²(1 ± z/2) for |z| ≤ 2 and D/h² B(∓z) beyond (Scharfetter
// and Gummel 1969). With potential set they are those of detailed balance.
type process struct {
	terms     func(x, b, d []float64)
	potential func(x []float64) float64 // over the temperature
}

type jumps struct {
	process
	g        *grid.Grid
	up, down [][]float64
}

func build(g *grid.Grid, p process) *jumps {
	q := &jumps{process: p, g: g}
	n := g.Size()
	x, b, d := make([]float64, g.Dim()), make([]float64, g.Dim()), make([]float64, g.Dim())
	for range g.Dim() {
		q.up, q.down = append(q.up, make([]float64, n)), append(q.down, make([]float64, n))
	}
	offset := make([]int, g.Dim())
	for i := range n {
		for k := range x {
			x[k] = g.Centers(k)[g.Along(k, i)]
		}
		p.terms(x, b, d)
		for k := range x {
			h1, h2 := g.Distances(k, g.Along(k, i))
			for _, step := range []int{-1, 1} {
				offset[k] = step
				to, inside, _ := g.Step(i, offset)
				offset[k] = 0
				if !inside {
					continue
				}
				rate := row(b[k], d[k], h1, h2, step)
				if p.potential != nil {
					rate = q.gibbs(i, to, k, d[k], h1, h2, step)
				}
				if step > 0 {
					q.up[k][i] = rate
				} else {
					q.down[k][i] = rate
				}
			}
		}
	}
	return q
}

func row(b, d, h1, h2 float64, step int) float64 {
	h := h2
	if step < 0 {
		h, b = h1, -b
	}
	w := 2 / (h * (h1 + h2)) // 1/h² on uniform axes
	if d == 0 {
		return max(b, 0) * w * h
	}
	z := b * h / d
	if math.Abs(z) <= 2 {
		return d * w * (1 + z/2)
	}
	return d * w * -z / math.Expm1(-z)
}

// gibbs returns rates in detailed balance with volume·e^{−U}.
func (q *jumps) gibbs(i, to, k int, d, h1, h2 float64, step int) float64 {
	h := h2
	if step < 0 {
		h = h1
	}
	at := func(i int) float64 {
		x := make([]float64, q.g.Dim())
		for k := range x {
			x[k] = q.g.Centers(k)[q.g.Along(k, i)]
		}
		return q.potential(x)
	}
	z := at(to) - at(i)
	w := d / (h * q.g.Widths(k)[q.g.Along(k, i)])
	if math.Abs(z) < 1e-9 {
		return w
	}
	return w * z / math.Expm1(z)
}

func (q *jumps) Size() int        { return q.g.Size() }
func (q *jumps) Mesh() *grid.Grid { return q.g }
func (q *jumps) On(g *grid.Grid) (operators.Generator, error) {
	return build(g, q.process), nil
}
func (q *jumps) Neighbors(k int) (down, up []float64, ok bool) { return q.down[k], q.up[k], true }

func (q *jumps) each(do func(i, to int, rate float64)) {
	offset := make([]int, q.g.Dim())
	for i := range q.Size() {
		for k := range q.up {
			for _, step := range []int{-1, 1} {
				offset[k] = step
				to, inside, _ := q.g.Step(i, offset)
				offset[k] = 0
				rate := q.up[k][i]
				if step < 0 {
					rate = q.down[k][i]
				}
				if inside {
					do(i, to, rate)
				}
			}
		}
	}
}

func (q *jumps) Backward(dst, f []float64) {
	clear(dst)
	q.each(func(i, to int, rate float64) { dst[i] += rate * (f[to] - f[i]) })
}

func (q *jumps) Forward(dst, m []float64) {
	clear(dst)
	q.each(func(i, to int, rate float64) { dst[to] += rate * m[i]; dst[i] -= rate * m[i] })
}

func uniform(n int, lo, hi float64, end grid.Boundary) grid.Axis {
	a := grid.Axis{Name: "x", Ends: [2]grid.Boundary{end, end}}
	for i := range n + 1 {
		a.Edges = append(a.Edges, lo+(hi-lo)*float64(i)/float64(n))
	}
	return a
}

// box is [−half, half]ᵈ with reflecting walls.
func box(half float64, cells ...int) *grid.Grid {
	var axes []grid.Axis
	for _, n := range cells {
		axes = append(axes, uniform(n, -half, half, grid.Reflecting))
	}
	return mesh(axes...)
}

func mesh(axes ...grid.Axis) *grid.Grid {
	g, err := grid.New(axes...)
	if err != nil {
		panic(err)
	}
	return g
}

// p2 is the test problem P2: a double well that a drift couples to a second axis,
// with noise that varies.
var p2 = process{terms: func(x, b, d []float64) {
	b[0] = x[0] - x[0]*x[0]*x[0] - x[1]/2
	b[1] = -x[1] + (x[0]*x[0]*x[0]-x[0])/2 + 0.3*math.Sin(x[0])
	d[0] = 0.1 * (1 + 0.25*x[0]*x[0]/(1+x[0]*x[0]))
	d[1] = 0.05 * (1 + 0.5*math.Exp(-x[1]*x[1]))
}}

// p3 is P2 driven by a third coordinate, which it drives back.
var p3 = process{terms: func(x, b, d []float64) {
	well := x[0] - x[0]*x[0]*x[0]
	b[0] = well - x[1]/2
	b[1] = -x[1] - well/2 - x[2]/2 + 0.3*math.Sin(x[0])
	b[2] = -x[2] + x[1]/2 + 0.2*math.Sin(x[1])
	d[0], d[1], d[2] = 0.1*(1+0.25*x[0]*x[0]/(1+x[0]*x[0])), 0.05*(1+0.5*math.Exp(-x[1]*x[1])), 0.08
}}

// rotation is b = 20 (−y, x) − (x, y), D = 1: the law is N(0, 1).
var rotation = process{terms: func(x, b, d []float64) {
	b[0], b[1] = -20*x[1]-x[0], 20*x[0]-x[1]
	d[0], d[1] = 1, 1
}}

// vanDerPol is x' = y, y' = (1 − x²)y − x with noise on both.
func vanDerPol(noise float64) process {
	return process{terms: func(x, b, d []float64) {
		b[0], b[1] = x[1], (1-x[0]*x[0])*x[1]-x[0]
		d[0], d[1] = noise, noise
	}}
}

// kinetic is x' = v with noise on v only, in a double well.
var kinetic = process{terms: func(x, b, d []float64) {
	b[0], b[1] = x[1], x[0]-x[0]*x[0]*x[0]-x[1]
	d[0], d[1] = 0, 0.5
}}

// anisotropic is an Ornstein–Uhlenbeck process, a thousand times slower in y.
var anisotropic = process{terms: func(x, b, d []float64) {
	b[0], b[1] = -x[0], -x[1]/1000
	d[0], d[1] = 1, 1e-3
}}

// skewed has coefficients whose anisotropy turns from 1:1000 to 1000:1.
var skewed = process{terms: func(x, b, d []float64) {
	b[0], b[1] = -x[0]+x[1]/2, -x[1]
	d[0], d[1] = math.Pow(10, 3*math.Tanh(2*x[0])), 1
}}

// ou is independent Ornstein–Uhlenbeck processes with some rotation.
var ou = process{terms: func(x, b, d []float64) {
	for k := range x {
		b[k], d[k] = -x[k], 1
	}
	b[0] -= x[1]
	b[1] += x[0]
}}

// well is the double well (x²−1)²/4 + y²/2 at T = 0.1, in detailed balance.
var well = process{
	terms:     func(x, b, d []float64) { d[0], d[1] = 0.1, 0.1 },
	potential: func(x []float64) float64 { s := x[0]*x[0] - 1; return (s*s/4 + x[1]*x[1]/2) / 0.1 },
}
