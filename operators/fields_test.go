package operators_test

import (
	"math"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// field is a process given by b and a diagonal D at one point.
type field struct {
	dim  int
	b, d func(out, x []float64, t float64)
}

func (f field) Dim() int     { return f.dim }
func (f field) Columns() int { return f.dim }

func (f field) Drift(b, x [][]float64, t float64) { each(f.b, b, x, t) }

func (f field) Noise(s, x [][]float64, t float64) {
	f.Diffusion(s, x, t)
	for _, column := range s {
		for i, d := range column {
			column[i] = math.Sqrt(2 * d)
		}
	}
}

func (f field) Diffusion(d, x [][]float64, t float64) {
	own := make([][]float64, f.dim)
	for k := range f.dim {
		for l := range f.dim {
			clear(d[k*f.dim+l])
		}
		own[k] = d[k*f.dim+k]
	}
	each(f.d, own, x, t)
}

func each(f func(out, x []float64, t float64), out, x [][]float64, t float64) {
	to, at := make([]float64, len(out)), make([]float64, len(x))
	for i := range x[0] {
		for k := range x {
			at[k] = x[k][i]
		}
		f(to, at, t)
		for k := range out {
			out[k][i] = to[k]
		}
	}
}

// line is a field in one dimension.
func line(b, d func(x float64) float64) field {
	return field{1,
		func(out, x []float64, _ float64) { out[0] = b(x[0]) },
		func(out, x []float64, _ float64) { out[0] = d(x[0]) }}
}

// landscape is a reversible process; what Isothermal does not read is absent.
type landscape struct {
	operators.Process
	u        func(x []float64) float64
	m, f     func(out, x []float64, t float64) // nil: 1, 0
	t        []float64
	undefine func(x []float64) bool // where the coefficients do not exist
}

func (l landscape) Dim() int               { return len(l.t) }
func (l landscape) Temperature() []float64 { return l.t }

func (l landscape) Potential(u []float64, x [][]float64, t float64) {
	each(func(out, x []float64, _ float64) {
		if out[0] = l.u(x); l.undefine != nil && l.undefine(x) {
			out[0] = math.NaN()
		}
	}, [][]float64{u}, x, t)
}

func (l landscape) Mobility(m, x [][]float64, t float64) { l.orConstant(l.m, 1, m, x, t) }

func (l landscape) Force(f, x [][]float64, t float64) { l.orConstant(l.f, 0, f, x, t) }

func (l landscape) orConstant(f func(out, x []float64, t float64), constant float64, out, x [][]float64, t float64) {
	if f == nil {
		f = func(out, _ []float64, _ float64) {
			for k := range out {
				out[k] = constant
			}
		}
	}
	each(f, out, x, t)
}

const (
	R = grid.Reflecting
	A = grid.Absorbing
	P = grid.Periodic
)

// ends are the walls of one axis.
type ends = [2]grid.Boundary

func axis(t testing.TB, s grid.Spacing, lo, hi float64, n int, walls ends, closed ...float64) grid.Axis {
	t.Helper()
	edges, at, err := s.Edges(lo, hi, n, closed...)
	if err != nil {
		t.Fatal(err)
	}
	return grid.Axis{Name: "x", Edges: edges, Ends: walls, Closed: at}
}

func mesh(t testing.TB, axes ...grid.Axis) *grid.Grid {
	t.Helper()
	g, err := grid.New(axes...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func graded(t testing.TB, lo, hi, finest, ratio float64) grid.Spacing {
	t.Helper()
	s, err := grid.Graded(lo, hi, finest, ratio)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func build(t testing.TB, g *grid.Grid, terms ...operators.Term) *operators.Block {
	t.Helper()
	q, err := operators.Build(g, 0, 1, terms...)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// stationary solves Qᵀm = 0, Σm = 1 by elimination without subtraction
// (Grassmann, Taksar and Heyman 1985).
func stationary(q operators.Rowed) []float64 {
	n := q.Size()
	a := operators.Columns(n, n)
	for i := range n {
		to, rate := q.Row(i)
		for e, j := range to {
			a[i][j] = rate[e]
		}
	}
	out := make([]float64, n)
	for k := n - 1; k > 0; k-- {
		for _, rate := range a[k][:k] {
			out[k] += rate
		}
		for i := range k {
			if a[i][k] == 0 {
				continue
			}
			a[i][k] /= out[k]
			for j, rate := range a[k][:k] {
				a[i][j] += a[i][k] * rate
			}
		}
	}
	m, total := make([]float64, n), 1.0
	m[0] = 1
	for k := 1; k < n; k++ {
		for i := range k {
			m[k] += m[i] * a[i][k]
		}
		total += m[k]
	}
	for k := range m {
		m[k] /= total
	}
	return m
}

// lifetime solves Qf = −1 on one axis without subtraction: f[i] = stay[i] f[i+1] + time[i],
// 1 − stay being kept as leave.
func lifetime(q *operators.Block) []float64 {
	down, up, _ := q.Neighbors(0)
	lost, n := q.Absorption(), q.Size() // every test of it has an absorbing wall
	stay, f := make([]float64, n), make([]float64, n)
	leave, time := 0.0, 0.0
	for i := range n {
		out := lost[i] + down[i]*leave
		time = (1 + down[i]*time) / (up[i] + out)
		stay[i], leave, f[i] = up[i]/(up[i]+out), out/(up[i]+out), time
	}
	for i := n - 2; i >= 0; i-- {
		f[i] += stay[i] * f[i+1]
	}
	return f
}

// expect returns Σ mᵢ φ(xᵢ).
func expect(g *grid.Grid, m []float64, phi func(x []float64) float64) (sum float64) {
	x, at := operators.Columns(g.Dim(), g.Size()), make([]float64, g.Dim())
	g.Points(x, grid.Range{Hi: g.Size()})
	for i, mass := range m {
		for k := range at {
			at[k] = x[k][i]
		}
		sum += mass * phi(at)
	}
	return sum
}
