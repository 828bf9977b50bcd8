package solvers

import (
	"context"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// table is a generator given by its rates.
type table struct {
	to   [][]int
	rate [][]float64
	loss []float64
	mesh *grid.Grid
}

func newTable(n int) *table {
	return &table{to: make([][]int, n), rate: make([][]float64, n), loss: make([]float64, n)}
}

func (q *table) jump(i, j int, r float64) {
	at, found := slices.BinarySearch(q.to[i], j)
	if found {
		q.rate[i][at] += r
		return
	}
	q.to[i], q.rate[i] = slices.Insert(q.to[i], at, j), slices.Insert(q.rate[i], at, r)
}

func (q *table) Size() int                    { return len(q.loss) }
func (q *table) Row(i int) ([]int, []float64) { return q.to[i], q.rate[i] }
func (q *table) Absorption() []float64        { return q.loss }
func (q *table) Mesh() *grid.Grid             { return q.mesh }

func (q *table) On(*grid.Grid) (operators.Generator, error) { panic("solvers: not for tables") }

func (q *table) Backward(dst, f []float64) {
	for i := range q.loss {
		dst[i] = -q.loss[i] * f[i]
		for e, j := range q.to[i] {
			dst[i] += q.rate[i][e] * (f[j] - f[i])
		}
	}
}

func (q *table) Forward(dst, m []float64) {
	for i := range q.loss {
		dst[i] = -q.loss[i] * m[i]
	}
	for i := range q.loss {
		for e, j := range q.to[i] {
			flow := q.rate[i][e] * m[i]
			dst[i] -= flow
			dst[j] += flow
		}
	}
}

// path is a generator on a line with rates up[i] from i to i+1 and down[i] back.
func path(up, down []float64) *table {
	q := newTable(len(up) + 1)
	for i := range up {
		q.jump(i, i+1, up[i])
		q.jump(i+1, i, down[i])
	}
	return q
}

// uniform is a grid of unit cells.
func uniform(t testing.TB, ends []grid.Boundary, closed [][]int, cells ...int) *grid.Grid {
	t.Helper()
	axes := make([]grid.Axis, len(cells))
	for k, n := range cells {
		edges := make([]float64, n+1)
		for i := range edges {
			edges[i] = float64(i)
		}
		axes[k] = grid.Axis{Name: string(rune('x' + k)), Edges: edges}
		if ends != nil {
			axes[k].Ends = [2]grid.Boundary{ends[k], ends[k]}
		}
		if closed != nil {
			axes[k].Closed = closed[k]
		}
	}
	g, err := grid.New(axes...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// lattice jumps by offsets and their opposites at rates drawn by draw.
func lattice(g *grid.Grid, offsets [][]int, draw func() float64) *table {
	q := newTable(g.Size())
	q.mesh = g
	for i := range g.Size() {
		for _, o := range offsets {
			for _, sign := range []int{1, -1} {
				step := make([]int, len(o))
				for k := range o {
					step[k] = sign * o[k]
				}
				to, inside, lost := g.Step(i, step)
				switch r := draw(); {
				case inside && to != i:
					q.jump(i, to, r)
				case lost:
					q.loss[i] += r
				}
			}
		}
	}
	return q
}

// basin is the five-point walk on an n × n grid that falls towards the
// point (a, b), in units of the grid, at noise T: law e^(−|x−(a,b)|²/2T),
// a product of one-dimensional laws.
func basin(t testing.TB, n int, a, b, temperature float64) *table {
	g := uniform(t, nil, nil, n, n)
	q := newTable(n * n)
	q.mesh = g
	h := 1 / float64(n)
	rate := func(from, to int, center float64) float64 {
		x, y := (float64(from)+.5)*h-center, (float64(to)+.5)*h-center
		return math.Exp(-(y*y-x*x)/(4*temperature)) * temperature / (h * h)
	}
	for i := range n {
		for j := range n {
			c := i + n*j
			if i+1 < n {
				q.jump(c, c+1, rate(i, i+1, a))
				q.jump(c+1, c, rate(i+1, i, a))
			}
			if j+1 < n {
				q.jump(c, c+n, rate(j, j+1, b))
				q.jump(c+n, c, rate(j+1, j, b))
			}
		}
	}
	return q
}

// dense is the elimination by its definition, in 300-bit arithmetic so that
// its exponents do not end.
func dense(q *table) []float64 {
	x := denseBig(q)
	m := make([]float64, len(x))
	for i := range m {
		m[i], _ = x[i].Float64()
	}
	return m
}

// denseBig is dense, not rounded.
func denseBig(q *table) []*big.Float {
	n := q.Size()
	f := func(x float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(x) }
	r := make([][]*big.Float, n)
	for i := range r {
		r[i] = make([]*big.Float, n)
		for j := range r[i] {
			r[i][j] = f(0)
		}
		for e, j := range q.to[i] {
			r[i][j] = f(q.rate[i][e])
		}
	}
	s := make([]*big.Float, n)
	for k := range n {
		s[k] = f(0)
		for j := k + 1; j < n; j++ {
			s[k].Add(s[k], r[k][j])
		}
		for i := k + 1; i < n && k < n-1; i++ {
			if r[i][k].Sign() == 0 {
				continue
			}
			l := f(0).Quo(r[i][k], s[k])
			for j := k + 1; j < n; j++ {
				if r[k][j].Sign() != 0 {
					r[i][j] = f(0).Add(r[i][j], f(0).Mul(l, r[k][j]))
				}
			}
		}
	}
	x, total := make([]*big.Float, n), f(1)
	x[n-1] = f(1)
	for k := n - 2; k >= 0; k-- {
		x[k] = f(0)
		for j := k + 1; j < n; j++ {
			x[k].Add(x[k], f(0).Mul(x[j], r[j][k]))
		}
		x[k].Quo(x[k], s[k])
		total.Add(total, x[k])
	}
	for i := range x {
		x[i].Quo(x[i], total)
	}
	return x
}

// worst returns the largest relative difference of entries, where want is a
// normal number.
func worst(got, want []float64) float64 {
	w := 0.0
	for i := range want {
		if want[i] > 0x1p-1022 {
			w = max(w, math.Abs(got[i]/want[i]-1))
		}
	}
	return w
}

func drawing(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// spread draws rates over many orders of magnitude.
func spread(r *rand.Rand, orders float64) func() float64 {
	return func() float64 { return math.Pow(10, orders*(r.Float64()-.5)) }
}

func stationary(t testing.TB, q operators.Generator, s *Settings) *Law {
	t.Helper()
	law, err := Stationary(q, s)
	if err != nil {
		t.Fatal(err)
	}
	return law
}

func factored(t testing.TB, q operators.Rowed, tau float64, workers int) *factor {
	t.Helper()
	f, err := newFactor(context.Background(), q, tau, workers)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
