package operators_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// oblique has a full tensor, periodic in both coordinates.
var oblique = operators.Pointwise{
	Dimension: 2, Noises: 2,
	DriftAt: func(b, x []float64, _ float64) { b[0], b[1] = math.Sin(x[1])+0.3, math.Cos(x[0]+x[1]) },
	NoiseAt: func(s, x []float64, _ float64) {
		s[0], s[1] = 1.1+0.4*math.Sin(x[0]), 0.5*math.Cos(x[1])
		s[2], s[3] = 0.3, 1+0.2*math.Cos(x[0])
	},
}

// highGrid returns a grid on [0, 2π]² with n cells along the first axis.
func highGrid(t *testing.T, n int, ends [2]grid.Boundary, spacing grid.Spacing) *grid.Grid {
	t.Helper()
	axes := make([]grid.Axis, 2)
	for k, cells := range []int{n, n + 3} {
		edges, _, err := spacing.Edges(0, 2*math.Pi, cells)
		if err != nil {
			t.Fatal(err)
		}
		axes[k] = grid.Axis{Name: string(rune('x' + k)), Edges: edges, Ends: ends}
	}
	g, err := grid.New(axes...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func high(t *testing.T, order operators.Order, g *grid.Grid, p operators.Process) *operators.HighOrder {
	t.Helper()
	near, err := operators.Build(g, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	h, err := operators.NewHighOrder(order, p, operators.Killing{}, near)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func random(n int, seed uint64) []float64 {
	r, out := rand.New(rand.NewPCG(seed, 0)), make([]float64, n)
	for i := range out {
		out[i] = r.Float64()
	}
	return out
}

func total(x []float64) (sum, size float64) {
	for _, v := range x {
		sum, size = sum+v, size+math.Abs(v)
	}
	return sum, size
}

func TestHighOrderConservesAndHasAdjoint(t *testing.T) {
	reflecting, ring := [2]grid.Boundary{}, [2]grid.Boundary{grid.Periodic, grid.Periodic}
	for _, c := range []struct {
		name    string
		order   operators.Order
		ends    [2]grid.Boundary
		spacing grid.Spacing
	}{
		{"fourth, walls", operators.Fourth, reflecting, grid.Uniform()},
		{"fourth, ring", operators.Fourth, ring, grid.Uniform()},
		{"fourth, graded", operators.Fourth, reflecting, grid.Sinh()},
		{"fourier", operators.Spectral, ring, grid.Uniform()},
		{"chebyshev", operators.Spectral, reflecting, grid.Chebyshev(0, 2*math.Pi)},
		{"absorbing", operators.Fourth, [2]grid.Boundary{grid.Absorbing, grid.Reflecting}, grid.Uniform()},
	} {
		h := high(t, c.order, highGrid(t, 16, c.ends, c.spacing), oblique)
		m, f := random(h.Size(), 1), random(h.Size(), 2)
		moved, looked := make([]float64, h.Size()), make([]float64, h.Size())
		h.Forward(moved, m)
		h.Backward(looked, f)
		left, right, scale := 0., 0., 0.
		for i := range m {
			left, right, scale = left+moved[i]*f[i], right+m[i]*looked[i], scale+math.Abs(moved[i]*f[i])
		}
		if math.Abs(left-right) > 1e-12*scale { // rounding of some thousand terms
			t.Errorf("%s: Σ f Lᵀm = %v, Σ m Lf = %v", c.name, left, right)
		}
		sum, size := total(moved)
		if a := h.Absorption(); a != nil {
			for i, v := range a {
				sum += v * m[i]
			}
		}
		if math.Abs(sum) > 1e-12*size {
			t.Errorf("%s: mass changes by %v of %v", c.name, sum, size)
		}
	}
}

// even has fluxes that vanish at multiples of π along both axes, as has any law
// that is even there.
var even = field{2,
	func(b, x []float64, _ float64) {
		b[0], b[1] = math.Sin(x[0])*(1+0.5*math.Cos(x[1])), math.Sin(2*x[1])
	},
	func(d, x []float64, _ float64) {
		d[0], d[1] = 1+0.4*math.Cos(x[0]), 1+0.2*math.Cos(x[0])*math.Cos(x[1])
	},
}

// truncation returns the L1 distance of Lᵀm on n × (n + 3) cells from that by
// trigonometric interpolation on four times as many along each axis.
func truncation(t *testing.T, order operators.Order, n int, ends [2]grid.Boundary, p operators.Process) float64 {
	t.Helper()
	const fine = 4
	ring := [2]grid.Boundary{grid.Periodic, grid.Periodic}
	near, far := highGrid(t, n, ends, grid.Uniform()), make([]grid.Axis, 2)
	for k := range far {
		edges, _, _ := grid.Uniform().Edges(0, 2*math.Pi, fine*near.Cells(k))
		far[k] = grid.Axis{Name: near.Axis(k).Name, Edges: edges, Ends: ring}
	}
	wide, err := grid.New(far...)
	if err != nil {
		t.Fatal(err)
	}
	exact, m := high(t, operators.Spectral, wide, p), make([]float64, wide.Size())
	x := operators.Columns(2, wide.Size())
	wide.Points(x, grid.Range{Hi: wide.Size()})
	for i := range m {
		m[i] = math.Exp(math.Cos(x[0][i])-0.5*math.Cos(x[1][i])) * wide.Volume(i)
	}
	want := make([]float64, wide.Size())
	exact.Forward(want, m)
	coarse := func(x []float64) []float64 {
		out, at := make([]float64, near.Size()), make([]int, 2)
		for i, v := range x {
			wide.Locate(at, i)
			out[near.Cell([]int{at[0] / fine, at[1] / fine})] += v
		}
		return out
	}
	h, got, sum := high(t, order, near, p), make([]float64, near.Size()), 0.
	h.Forward(got, coarse(m))
	for i, v := range coarse(want) {
		sum += math.Abs(got[i] - v)
	}
	return sum
}

func TestHighOrderTruncation(t *testing.T) {
	ring, walls := [2]grid.Boundary{grid.Periodic, grid.Periodic}, [2]grid.Boundary{}
	for _, c := range []struct {
		name string
		ends [2]grid.Boundary
		p    operators.Process
	}{{"full tensor on a ring", ring, oblique}, {"walls", walls, even}} {
		a, b := truncation(t, operators.Fourth, 24, c.ends, c.p), truncation(t, operators.Fourth, 48, c.ends, c.p)
		if order := math.Log2(a / b); order < 3.8 { // theory: 4
			t.Errorf("%s: order %.2f (%.3g, %.3g), want 4", c.name, order, a, b)
		}
	}
	// of a law with the Fourier coefficients I_k(1)/I_0(1), 2e-15 at k = 12
	if e := truncation(t, operators.Spectral, 24, ring, oblique); e > 1e-8 {
		t.Errorf("waves: truncation %.3g", e)
	}
}

func TestHighOrderRefusesAxesWithoutABasis(t *testing.T) {
	ring, absorbing := [2]grid.Boundary{grid.Periodic, grid.Periodic}, [2]grid.Boundary{grid.Absorbing, grid.Absorbing}
	closed := highGrid(t, 16, [2]grid.Boundary{}, grid.Uniform()).Axes()
	closed[1].Closed = []int{8}
	shut, err := grid.New(closed...)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what  string
		order operators.Order
		g     *grid.Grid
	}{
		{"few cells", operators.Fourth, highGrid(t, 4, ring, grid.Uniform())},
		{"a closed face", operators.Fourth, shut},
		{"absorbing waves", operators.Spectral, highGrid(t, 16, absorbing, grid.Uniform())},
		{"graded waves", operators.Spectral, highGrid(t, 16, [2]grid.Boundary{}, grid.Sinh())},
		{"polynomials on a ring", operators.Spectral, highGrid(t, 16, ring, grid.Chebyshev(0, 2*math.Pi))},
	} {
		near, err := operators.Build(c.g, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := operators.NewHighOrder(c.order, oblique, operators.Killing{}, near); err == nil {
			t.Errorf("%s: no error", c.what)
		}
	}
}

// Any number of workers gives the same bits, on arrays that are divided among them.
func TestHighOrderDoesNotDependOnWorkers(t *testing.T) {
	g := highGrid(t, 150, [2]grid.Boundary{}, grid.Uniform())
	m := random(g.Size(), 3)
	var first []float64
	for _, workers := range []int{1, 3, 8} {
		near, err := operators.Build(g, 0, workers)
		if err != nil {
			t.Fatal(err)
		}
		h, err := operators.NewHighOrder(operators.Fourth, oblique, operators.Killing{}, near)
		if err != nil {
			t.Fatal(err)
		}
		moved := make([]float64, g.Size())
		h.Forward(moved, m)
		if first == nil {
			first = moved
		}
		if !slices.Equal(first, moved) {
			t.Errorf("other bits with %d workers", workers)
		}
	}
}

// What the currents bring is what moves.
func TestHighOrderMovesByItsCurrents(t *testing.T) {
	for _, ends := range [][2]grid.Boundary{{}, {grid.Periodic, grid.Periodic}, {grid.Absorbing, grid.Absorbing}} {
		g := highGrid(t, 12, ends, grid.Uniform())
		h, m, at := high(t, operators.Fourth, g, oblique), random(g.Size(), 4), make([]int, 2)
		moved := make([]float64, g.Size())
		h.Forward(moved, m)
		size := 0.
		for _, v := range moved {
			size = max(size, math.Abs(v))
		}
		for k := range 2 {
			n, s := g.Cells(k), g.Stride(k)
			flow := make([]float64, g.Size()/n*(n+1))
			h.Current(k, flow, m)
			for i := range moved {
				g.Locate(at, i)
				face := i + i/(n*s)*s
				moved[i] += flow[face+s] - flow[face]
			}
		}
		for i, v := range moved {
			if math.Abs(v) > 1e-12*size {
				t.Fatalf("ends %v: cell %d: currents leave %v of %v", ends, i, v, size)
			}
		}
	}
}
