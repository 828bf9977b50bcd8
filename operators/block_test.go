package operators_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"fokker/grid"
	"fokker/operators"
)

func swirl() field {
	return field{2,
		func(b, x []float64, t float64) { b[0], b[1] = x[1]-x[0], -x[0]*(1+t) },
		func(d, x []float64, _ float64) { d[0], d[1] = 1+x[1]*x[1], 0.5 }}
}

func square(t testing.TB, n int, walls ends) *grid.Grid {
	a := axis(t, grid.Uniform(), -1, 1, n, walls)
	return mesh(t, a, a)
}

func TestAssembleDoesNotDependOnSplit(t *testing.T) {
	g := square(t, 40, ends{R, A})
	kill := operators.Killing{Rate: func(k []float64, x [][]float64, _ float64) {
		for i := range k {
			k[i] = x[0][i] * x[0][i]
		}
	}}
	terms := []operators.Term{kill, operators.Transport{Process: swirl()}, operators.Transport{Process: columns{}}}
	whole, err := operators.Assemble(g, grid.Range{Hi: g.Size()}, 0, terms...)
	if err != nil {
		t.Fatal(err)
	}
	matrix := whole.Matrix().RawMatrix()
	for _, r := range (grid.Range{Hi: g.Size()}).Split(7) {
		part, err := operators.Assemble(g, r, 0, terms...)
		if err != nil {
			t.Fatal(err)
		}
		raw := part.Matrix().RawMatrix()
		lo, hi := matrix.Indptr[r.Lo], matrix.Indptr[r.Hi]
		if !slices.Equal(raw.Ind, matrix.Ind[lo:hi]) || !slices.Equal(raw.Data, matrix.Data[lo:hi]) {
			t.Errorf("rows %v assembled alone differ from those of the whole", r)
		}
		if !slices.Equal(part.Absorption(), whole.Absorption()[r.Lo:r.Hi]) || !slices.Equal(part.Exit(), whole.Exit()[r.Lo:r.Hi]) {
			t.Errorf("rows %v assembled alone are left at other rates", r)
		}
	}
}

func TestAssembledBlockOfAllCellsIsAGenerator(t *testing.T) {
	g := square(t, 12, ends{R, A})
	q, err := operators.Assemble(g, grid.Range{Hi: g.Size()}, 0, operators.Transport{Process: swirl()})
	if err != nil {
		t.Fatal(err)
	}
	want := build(t, g, operators.Transport{Process: swirl()})
	m, got, expected := make([]float64, g.Size()), make([]float64, g.Size()), make([]float64, g.Size())
	m[77] = 1
	q.Forward(got, m)
	want.Forward(expected, m)
	if !slices.Equal(got, expected) {
		t.Errorf("Qᵀm differs from that of Build")
	}
}

// With other rates the rows still sum to minus the absorption, and Q and Qᵀ are
// adjoint.
func TestOtherRatesMakeAnotherGenerator(t *testing.T) {
	q := build(t, square(t, 9, ends{R, A}), operators.Transport{Process: swirl()})
	down, up, _ := q.Neighbors(0)
	down, up = slices.Clone(down), slices.Clone(up)
	for i := range up {
		up[i], down[i] = up[i]*float64(i%3), down[i]/2
	}
	other, n := q.WithRates(0, down, up), q.Size()
	ones, x, y := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range ones {
		ones[i], x[i], y[i] = 1, math.Sin(float64(i)), math.Cos(float64(3*i))
	}
	backward, forward := make([]float64, n), make([]float64, n)
	other.Backward(backward, ones)
	for i, v := range backward {
		if want := -other.Absorption()[i]; math.Abs(v-want) > 1e-12 {
			t.Errorf("row %d sums to %v, want %v", i, v, want)
		}
		if _, rate := other.Row(i); i == 40 && !slices.Contains(rate, up[i]) {
			t.Errorf("rates out of cell %d are %v, want %v among them", i, rate, up[i])
		}
	}
	other.Backward(backward, x)
	other.Forward(forward, y)
	left, right := 0., 0.
	for i := range x {
		left, right = left+y[i]*backward[i], right+x[i]*forward[i]
	}
	if math.Abs(left-right) > 1e-11*math.Abs(left) {
		t.Errorf("y·Qx = %v, Qᵀy·x = %v", left, right)
	}
}

func TestRowsOfSomeCellsAreNoGenerator(t *testing.T) {
	g := square(t, 12, ends{R, A})
	q, err := operators.Assemble(g, grid.Range{Lo: 3, Hi: 9}, 0, operators.Transport{Process: swirl()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if message := fmt.Sprint(recover()); !strings.Contains(message, "the rows of cells [3, 9) are not a generator") {
			t.Errorf("panic %q, want one that names the cells", message)
		}
	}()
	q.Forward(make([]float64, g.Size()), make([]float64, g.Size()))
}

// leaps jumps by an offset from every cell at rate 1.
type leaps struct{ by []int }

func (l leaps) AppendRows(rows *operators.Rows, r grid.Range, _ float64) error {
	for i := r.Lo; i < r.Hi; i++ {
		if to, inside, lost := rows.Grid().Step(i, l.by); inside {
			rows.Jump(i, to, 1)
		} else if lost {
			rows.Leave(i, l.by, 1)
		}
	}
	return nil
}

// On three cells with walls a jump over both is no step around a circle.
func TestWideJumpsMoveMassWhereRowsSay(t *testing.T) {
	for _, c := range []struct {
		walls ends
		by    []int
		near  bool
	}{
		{ends{R, R}, []int{2, 0}, false}, {ends{R, R}, []int{0, -2}, false}, {ends{A, A}, []int{1, 1}, false},
		{ends{P, P}, []int{2, 0}, true}, {ends{P, P}, []int{1, -1}, false}, {ends{R, A}, []int{0, 1}, true},
	} {
		g := square(t, 3, c.walls)
		q := build(t, g, leaps{c.by})
		if _, _, near := q.Neighbors(0); near != c.near {
			t.Errorf("%v by %v: jumps between neighbours %v, want %v", c.walls, c.by, near, c.near)
		}
		for i := range g.Size() {
			m, got := make([]float64, g.Size()), make([]float64, g.Size())
			m[i] = 1
			q.Forward(got, m)
			want := make([]float64, g.Size())
			want[i] = -q.Exit()[i]
			to, rate := q.Row(i)
			for e, j := range to {
				want[j] += rate[e]
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v by %v: from cell %d Qᵀ gives %v, want %v", c.walls, c.by, i, got, want)
			}
		}
	}
}

func TestRefusedRatesAreErrors(t *testing.T) {
	g := square(t, 3, ends{R, R})
	for _, rate := range []float64{-1, math.NaN(), math.Inf(1)} {
		_, err := operators.Build(g, 0, 2, one{rate})
		if err == nil || !strings.Contains(err.Error(), "rate out of cell 5 is") {
			t.Errorf("rate %v: error %v, want one that names cell 5", rate, err)
		}
	}
}

type one struct{ rate float64 }

func (o one) AppendRows(rows *operators.Rows, r grid.Range, _ float64) error {
	if r.Lo <= 5 && 5 < r.Hi {
		rows.Jump(5, 4, o.rate)
	}
	return nil
}

func TestDrivenFollowsTime(t *testing.T) {
	g := square(t, 8, ends{R, A})
	driven := operators.Driven{Block: build(t, g, operators.Transport{Process: swirl()})}
	later, err := driven.At(2)
	if err != nil {
		t.Fatal(err)
	}
	want, err := operators.Build(g, 2, 1, operators.Transport{Process: swirl()})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(later.(*operators.Block).Exit(), want.Exit()) || slices.Equal(want.Exit(), driven.Exit()) {
		t.Error("the generator at time 2 is not that of the terms at time 2")
	}
}

func TestOnAnotherMeshIsTheSameProcess(t *testing.T) {
	q := build(t, square(t, 8, ends{R, A}), operators.Transport{Process: swirl()})
	fine := square(t, 16, ends{R, A})
	got, err := q.On(fine)
	if err != nil {
		t.Fatal(err)
	}
	if want := build(t, fine, operators.Transport{Process: swirl()}); !slices.Equal(got.(*operators.Block).Exit(), want.Exit()) {
		t.Error("rates on the finer mesh are not those of the terms there")
	}
}

func TestApplyingAllocatesNothing(t *testing.T) {
	for _, q := range []*operators.Block{
		build(t, square(t, 64, ends{P, P}), operators.Transport{Process: swirl()}),
		build(t, square(t, 64, ends{R, A}), leaps{[]int{1, 2}}),
	} {
		m, out := make([]float64, q.Size()), make([]float64, q.Size())
		q.Forward(out, m) // transposes once
		if got := testing.AllocsPerRun(20, func() { q.Forward(out, m); q.Backward(out, m) }); got != 0 {
			t.Errorf("%v allocations for Qᵀm and Qf, want 0", got)
		}
	}
}

func BenchmarkAssemble(b *testing.B) {
	p := columns{}
	for _, n := range []int{256} {
		b.Run(fmt.Sprintf("cells=%d", n*n), func(b *testing.B) {
			g := square(b, n, ends{R, A})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := operators.Build(g, 0, 1, operators.Transport{Process: p}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(n*n)/b.Elapsed().Seconds(), "cells/s")
		})
	}
}

func BenchmarkForward(b *testing.B) {
	for _, n := range []int{512, 1024, 2048} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("cells=%d/workers=%d", n*n, workers), func(b *testing.B) {
				benchmarkApply(b, n, workers, (*operators.Block).Forward)
			})
		}
	}
}

func BenchmarkBackward(b *testing.B) {
	b.Run("cells=1048576", func(b *testing.B) { benchmarkApply(b, 1024, 1, (*operators.Block).Backward) })
}

// benchmarkApply reports the time also as a multiple of that of a triad
// aᵢ = bᵢ + s·cᵢ by as many workers, measured in turn: the medians' ratio; and the
// least time of either, which other programs disturb less.
func benchmarkApply(b *testing.B, n, workers int, apply func(q *operators.Block, dst, v []float64)) {
	q, err := operators.Build(square(b, n, ends{R, R}), 0, workers, operators.Transport{Process: columns{}})
	if err != nil {
		b.Fatal(err)
	}
	m, out, other := grid.Zeros[float64](q.Size()), grid.Zeros[float64](q.Size()), grid.Zeros[float64](q.Size())
	for i := range m {
		m[i] = 1 / float64(len(m))
	}
	applied, triads := make([]float64, 0, 1<<16), make([]float64, 0, 1<<16)
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		apply(q, out, m)
		half := time.Now()
		grid.Range{Hi: len(m)}.Each(workers, func(r grid.Range) { triad(other[r.Lo:r.Hi], m[r.Lo:r.Hi], out[r.Lo:r.Hi]) })
		applied, triads = append(applied, half.Sub(start).Seconds()), append(triads, time.Since(half).Seconds())
	}
	slices.Sort(applied)
	slices.Sort(triads)
	median := applied[len(applied)/2]
	b.ReportMetric(0, "ns/op") // that of both
	b.ReportMetric(1e9*median/float64(len(m)), "ns/cell")
	b.ReportMetric(median/triads[len(triads)/2], "triads")
	b.ReportMetric(1e9*applied[0]/float64(len(m)), "least-ns/cell")
	b.ReportMetric(1e9*triads[0]/float64(len(m)), "least-triad-ns/cell")
}

func triad(a, b, c []float64) {
	b, c = b[:len(a)], c[:len(a)]
	for i := range a {
		a[i] = b[i] + 0.5*c[i]
	}
}

// columns is swirl without a call per point.
type columns struct{ field }

func (columns) Dim() int     { return 2 }
func (columns) Columns() int { return 2 }

func (columns) Drift(b, x [][]float64, t float64) {
	for i := range x[0] {
		b[0][i], b[1][i] = x[1][i]-x[0][i], -x[0][i]*(1+t)
	}
}

func (columns) Diffusion(d, x [][]float64, _ float64) {
	for i := range x[0] {
		d[0][i], d[1][i], d[2][i], d[3][i] = 1+x[1][i]*x[1][i], 0, 0, 0.5
	}
}

// lined is a process along lines, by the same functions as at any points; what
// is zero on all of a line is nil.
type lined struct{ operators.Diffusive }

func (l lined) Lines(at [][]float64, t float64) func(from []int, n int) (b, d [][]float64) {
	return func(from []int, n int) (b, d [][]float64) {
		dim := l.Dim()
		x := operators.Columns(dim, n)
		for k := range x {
			for i := range x[k] {
				x[k][i] = at[k][from[k]]
			}
		}
		copy(x[0], at[0][from[0]:])
		b, d = operators.Columns(dim, n), operators.Columns(dim*dim, n)
		l.Drift(b, x, t)
		l.Diffusion(d, x, t)
		for _, columns := range [][][]float64{b, d} {
			for k, c := range columns {
				if !slices.ContainsFunc(c, func(v float64) bool { return v != 0 }) {
					columns[k] = nil
				}
			}
		}
		return b, d
	}
}

func TestLinesMakeTheRatesThatPointsMake(t *testing.T) {
	partly := field{2, // neither drift nor noise on some lines, or along some axis
		func(b, x []float64, _ float64) { b[0] = 30 * max(x[1], 0) },
		func(d, x []float64, _ float64) { d[1] = max(x[0], 0) }}
	square := square(t, 40, ends{R, A})
	long := mesh(t, axis(t, grid.Uniform(), -1, 1, 2500, ends{P, P}), axis(t, grid.Uniform(), -1, 1, 3, ends{R, A}))
	for _, g := range []*grid.Grid{square, long} {
		for name, terms := range map[string]func(p operators.Process) operators.Term{
			"transport": func(p operators.Process) operators.Term { return operators.Transport{Process: p} },
			"one axis":  func(p operators.Process) operators.Term { return operators.Transport{Process: p, Axes: []int{1}} },
			"coupled":   func(p operators.Process) operators.Term { return operators.Coupled{Process: p, Axes: []int{0, 1}} },
		} {
			for _, p := range []operators.Diffusive{swirl(), columns{}, partly} {
				want := build(t, g, terms(p))
				for _, workers := range []int{1, 3} {
					got, err := operators.Build(g, 0, workers, terms(lined{p}))
					if err != nil {
						t.Fatal(err)
					}
					for i := range g.Size() {
						a, x := got.Row(i)
						b, y := want.Row(i)
						if !slices.Equal(a, b) || !slices.Equal(x, y) {
							t.Fatalf("%s, %d workers: row %d is %v %v, want %v %v", name, workers, i, a, x, b, y)
						}
					}
				}
			}
		}
	}
}

// Rates between neighbours are all that is stored: 2 numbers per axis and the
// total, beside what is made for a line.
func TestAssemblyTakesNoMoreMemoryThanTheRates(t *testing.T) {
	g := square(t, 256, ends{R, A})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	build(t, g, operators.Transport{Process: columns{}})
	runtime.ReadMemStats(&after)
	if numbers := float64(after.TotalAlloc-before.TotalAlloc) / 8 / float64(g.Size()); numbers > 8 {
		t.Errorf("%.1f numbers per cell allocated, want 5, 1 for absorption and little else", numbers)
	}
}
