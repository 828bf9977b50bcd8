// Package operatorstest holds the invariants that every generator keeps.
package operatorstest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// Promise is a generator with what it claims.
type Promise struct {
	Grid  *grid.Grid
	Terms []operators.Term
	Time  float64

	Process   operators.Diffusive        // rows are exact on linear functions against its drift and, where central, on x xᵀ against D; nil claims neither
	Potential func(x []float64) float64  // masses volume·e^(−U) are stationary to rounding; nil claims no such law
	Central   func(b, d, h float64) bool // whether rates with this cell drift, diffusion and width are central; nil means |b|h ≤ 1.8 d on several axes, never on one axis
}

// Generator tests rates ≥ 0, row sums, the adjoint, the currents' divergence,
// independence of workers, and what else is promised.
func Generator(t *testing.T, p Promise) {
	t.Helper()
	q, err := operators.Build(p.Grid, p.Time, 1, p.Terms...)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("rates are nonnegative and rows sum to minus the absorption", func(t *testing.T) { rows(t, q) })
	t.Run("forward is the adjoint of backward", func(t *testing.T) { adjoint(t, q) })
	t.Run("the sparse matrix is the generator", func(t *testing.T) { matrix(t, q) })
	t.Run("parts sum to the generator", func(t *testing.T) { parts(t, q) })
	t.Run("the divergence of the currents moves the mass", func(t *testing.T) { divergence(t, q) })
	t.Run("any number of workers gives the same bits", func(t *testing.T) { workers(t, p, q) })
	if p.Process != nil {
		t.Run("rows are exact on x and central rows on x xᵀ", func(t *testing.T) { moments(t, p, q) })
	}
	if p.Potential != nil {
		t.Run("the Gibbs law is stationary to rounding", func(t *testing.T) { gibbs(t, p, q) })
	}
}

// orZeros returns n zeros for nil.
func orZeros(x []float64, n int) []float64 {
	if x == nil {
		return make([]float64, n)
	}
	return x
}

func random(n int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]float64, n)
	for i := range out {
		out[i] = r.Float64()
	}
	return out
}

func dot(a, b []float64) (sum, size float64) {
	for i := range a {
		sum += a[i] * b[i]
		size += math.Abs(a[i] * b[i])
	}
	return sum, size
}

func rows(t *testing.T, q *operators.Block) {
	lost := orZeros(q.Absorption(), q.Size())
	for i := range q.Size() {
		sum := lost[i]
		to, rate := q.Row(i)
		for e, r := range rate {
			if r < 0 || to[e] == i || e > 0 && to[e] <= to[e-1] {
				t.Fatalf("row %d: rate %v to %d, want nonnegative, off the diagonal, columns increasing", i, r, to[e])
			}
			sum += r
		}
		if got := q.Exit()[i]; math.Abs(got-sum) > 1e-13*sum {
			t.Fatalf("row %d: exit rate %v, want rates + absorption = %v", i, got, sum)
		}
	}
	one, out := make([]float64, q.Size()), make([]float64, q.Size())
	for i := range one {
		one[i] = 1
	}
	q.Backward(out, one)
	for i, v := range out {
		if v != -lost[i] {
			t.Fatalf("(Q1)[%d] = %v, want −absorption %v exactly", i, v, -lost[i])
		}
	}
}

func adjoint(t *testing.T, q operators.Generator) {
	n := q.Size()
	f, m, qf, qm := random(n, 1), random(n, 2), make([]float64, n), make([]float64, n)
	q.Backward(qf, f)
	q.Forward(qm, m)
	left, size := dot(f, qm)
	right, _ := dot(qf, m)
	if math.Abs(left-right) > 1e-13*size {
		t.Errorf("⟨f, Qᵀm⟩ = %v, ⟨Qf, m⟩ = %v", left, right)
	}
}

func matrix(t *testing.T, q *operators.Block) {
	n := q.Size()
	f, want, got := random(n, 3), make([]float64, n), make([]float64, n)
	q.Backward(want, f)
	q.Matrix().MulVecTo(got, false, f)
	same(t, "Q f", got, want, q.Exit())
	clear(got)
	q.Forward(want, f)
	q.Matrix().MulVecTo(got, true, f)
	same(t, "Qᵀ m", got, want, q.Exit())
}

func same(t *testing.T, what string, got, want, scale []float64) {
	t.Helper()
	most := slices.Max(scale)
	for i := range got {
		if math.Abs(got[i]-want[i]) > 1e-13*most {
			t.Fatalf("%s: cell %d: %v, want %v", what, i, got[i], want[i])
		}
	}
}

func parts(t *testing.T, q *operators.Block) {
	n := q.Size()
	m, want, got, one := random(n, 4), make([]float64, n), make([]float64, n), make([]float64, n)
	q.Forward(want, m)
	for _, p := range q.Parts() {
		p.Forward(one, m)
		for i := range got {
			got[i] += one[i]
		}
	}
	same(t, "sum of parts", got, want, q.Exit())
}

func divergence(t *testing.T, q *operators.Block) {
	n := q.Size()
	m, want, got := random(n, 5), make([]float64, n), make([]float64, n)
	q.Forward(want, m)
	g := q.Mesh()
	for k := range g.Dim() {
		flow := make([]float64, n/g.Cells(k)*(g.Cells(k)+1))
		q.Current(k, flow, m)
		s := g.Stride(k)
		for i := range got {
			face := i + i/(g.Cells(k)*s)*s
			got[i] += flow[face] - flow[face+s]
		}
	}
	for i, rate := range q.Killed() {
		got[i] -= rate * m[i]
	}
	same(t, "divergence", got, want, q.Exit())
}

func workers(t *testing.T, p Promise, q *operators.Block) {
	n := q.Size()
	m, want, got := random(n, 6), make([]float64, n), make([]float64, n)
	q.Forward(want, m)
	for _, w := range []int{2, 7} {
		other, err := operators.Build(p.Grid, p.Time, w, p.Terms...)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			a, x := q.Row(i)
			b, y := other.Row(i)
			if !slices.Equal(a, b) || !slices.Equal(x, y) {
				t.Fatalf("%d workers: row %d is %v %v, want %v %v", w, i, b, y, a, x)
			}
		}
		other.Forward(got, m)
		if !slices.Equal(got, want) {
			t.Errorf("%d workers: Qᵀm has other bits", w)
		}
	}
}

// moments tests Σⱼ Qᵢⱼ (xⱼ − xᵢ) = b and Σⱼ Qᵢⱼ (xⱼ − xᵢ)² = 2D in cells that
// lose nothing and whose neighbours along the axis are both inside.
func moments(t *testing.T, p Promise, q *operators.Block) {
	g := p.Grid
	dim, n := g.Dim(), g.Size()
	x, b, d := operators.Columns(dim, n), operators.Columns(dim, n), operators.Columns(dim*dim, n)
	g.Points(x, grid.Range{Hi: n})
	p.Process.Drift(b, x, p.Time)
	p.Process.Diffusion(d, x, p.Time)
	tested := 0
	for k := range dim {
		tested += axisMoments(t, p, q, k, x[k], b[k], d[k*dim+k])
	}
	if tested == 0 {
		t.Fatal("no interior cell was tested")
	}
}

// axisMoments tests one axis and returns the number of cells tested.
func axisMoments(t *testing.T, p Promise, q *operators.Block, k int, x, b, d []float64) (tested int) {
	first, second, square := make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x))
	for i, v := range x {
		square[i] = v * v
	}
	lost := orZeros(q.Absorption(), len(x))
	q.Backward(first, x)
	q.Backward(second, square)
	for i := range x {
		if !interior(p.Grid, k, i) || lost[i] > 0 {
			continue
		}
		tested++
		scale := q.Exit()[i] * (1 + math.Abs(x[i]))
		if math.Abs(first[i]-b[i]) > 1e-13*scale {
			t.Fatalf("axis %d cell %d: Qx = %v, want drift %v", k, i, first[i], b[i])
		}
		h0, h1 := p.Grid.Distances(k, p.Grid.Along(k, i))
		want := 2*d[i] + 2*x[i]*b[i]
		if p.central(b[i], d[i], max(h0, h1)) && math.Abs(second[i]-want) > 1e-13*scale*(1+math.Abs(x[i])) {
			t.Fatalf("axis %d cell %d: Qx² = %v, want %v", k, i, second[i], want)
		}
	}
	return tested
}

func (p Promise) central(b, d, h float64) bool {
	if p.Central != nil {
		return p.Central(b, d, h)
	}
	return p.Grid.Dim() > 1 && math.Abs(b)*h <= 1.8*d
}

func interior(g *grid.Grid, k, cell int) bool {
	offset := make([]int, g.Dim())
	for _, o := range []int{-1, 1} {
		offset[k] = o
		to, inside, _ := g.Step(cell, offset)
		if !inside || to != cell+o*g.Stride(k) { // a wrapped neighbour has a wrapped coordinate
			return false
		}
	}
	return true
}

func gibbs(t *testing.T, p Promise, q *operators.Block) {
	n := q.Size()
	x := operators.Columns(p.Grid.Dim(), n)
	p.Grid.Points(x, grid.Range{Hi: n})
	m, out := make([]float64, n), make([]float64, n)
	at := make([]float64, p.Grid.Dim())
	for i := range m {
		for k := range at {
			at[k] = x[k][i]
		}
		m[i] = p.Grid.Volume(i) * math.Exp(-p.Potential(at))
	}
	q.Forward(out, m)
	for i, v := range out {
		if gross := q.Exit()[i] * m[i]; math.Abs(v) > 1e-12*gross {
			t.Fatalf("cell %d at %v: Qᵀ e^(−U) = %v of a gross flow %v", i, at, v, gross)
		}
	}
}

// Order asserts that errors fall by at least the given order from each mesh to
// the next, h being their cell widths.
func Order(t *testing.T, want float64, h, errors []float64) {
	t.Helper()
	for i := 1; i < len(h); i++ {
		got := math.Log(errors[i-1]/errors[i]) / math.Log(h[i-1]/h[i])
		if !(got >= want) {
			t.Errorf("order %.3f from h = %.4g to %.4g (errors %s), want at least %v", got, h[i-1], h[i], fmt.Sprint(errors), want)
		}
	}
}
