package solvers

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"fokker/grid"
)

type shape struct {
	name    string
	cells   []int
	ends    []grid.Boundary
	closed  [][]int
	offsets [][]int
}

func shapes() []shape {
	const r, p = grid.Reflecting, grid.Periodic
	near2, near3 := [][]int{{1, 0}, {0, 1}}, [][]int{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	return []shape{
		{"plane", []int{17, 15}, []grid.Boundary{r, r}, nil, near2},
		{"slab", []int{90, 3}, []grid.Boundary{r, r}, nil, near2},
		{"cylinder", []int{16, 15}, []grid.Boundary{p, r}, nil, near2},
		{"torus", []int{16, 15}, []grid.Boundary{p, p}, nil, near2},
		{"ring", []int{200}, []grid.Boundary{p}, nil, [][]int{{1}}},
		{"wide ring", []int{200}, []grid.Boundary{p}, nil, [][]int{{1}, {3}}},
		{"wide plane", []int{17, 14}, []grid.Boundary{r, r}, nil, [][]int{{1, 0}, {0, 1}, {2, 1}, {-1, 3}}},
		{"wide torus", []int{17, 14}, []grid.Boundary{p, p}, nil, [][]int{{1, 0}, {1, 1}, {2, -1}}},
		{"gap", []int{18, 12}, []grid.Boundary{r, p}, [][]int{{9}, nil}, [][]int{{1, 0}, {0, 1}, {1, 1}}},
		{"box", []int{6, 7, 6}, []grid.Boundary{r, p, r}, nil, near3},
		{"wide box", []int{6, 5, 7}, []grid.Boundary{r, r, r}, nil, append(near3, []int{1, 1, -1}, []int{0, 2, 1})},
	}
}

func (s shape) table(t *testing.T, orders float64) *table {
	return lattice(uniform(t, s.ends, s.closed, s.cells...), s.offsets, spread(drawing(5), orders))
}

func TestDissectionIsRightEntrywise(t *testing.T) {
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			q := s.table(t, 8)
			law := stationary(t, q, &Settings{Initial: make([]float64, q.Size())})
			for _, c := range law.Classes {
				want := dense(q.only(c.Cells))
				// some ten pivots deep, each with a few roundings
				if w := worst(c.Mass, want); w > 1e-13 {
					t.Errorf("%d cells: relative error %g, want ≤ 1e-13", len(c.Cells), w)
				}
			}
		})
	}
}

// only returns the rates between some cells, which no jump leaves.
func (q *table) only(cells []int) *table {
	r := newTable(len(cells))
	for i, c := range cells {
		for e, j := range q.to[c] {
			at, _ := slices.BinarySearch(cells, j)
			r.jump(i, at, q.rate[c][e])
		}
	}
	return r
}

func TestDissectionKeepsHalvesApart(t *testing.T) {
	for _, s := range shapes() {
		o, err := newOrdering(s.table(t, 1))
		if err != nil {
			t.Fatal(err)
		}
		seen := make([]bool, len(o.cell))
		for _, c := range o.cell {
			seen[c] = true
		}
		if slices.Contains(seen, false) {
			t.Errorf("%s: some cells are not ordered", s.name)
		}
		if root := o.fronts[len(o.fronts)-1]; len(root.border) > 0 {
			t.Errorf("%s: %d cells around the root, want none", s.name, len(root.border))
		}
	}
}

func TestLawDoesNotDependOnNumbering(t *testing.T) {
	q := shapes()[6].table(t, 8)
	want := stationary(t, q, nil).Mass
	for seed := range uint64(5) {
		number := drawing(seed).Perm(q.Size())
		p := newTable(q.Size()) // without a grid
		for i := range q.to {
			for e, j := range q.to[i] {
				p.jump(number[i], number[j], q.rate[i][e])
			}
		}
		m := stationary(t, p, nil).Mass
		got := make([]float64, len(m))
		for i := range got {
			got[i] = m[number[i]]
		}
		if w := worst(got, want); w > 1e-13 {
			t.Errorf("seed %d: relative difference %g, want ≤ 1e-13", seed, w)
		}
	}
}

func TestAnyNumberOfWorkersGivesTheSameBits(t *testing.T) {
	q := basin(t, 100, .3, .7, .02)
	law := stationary(t, q, &Settings{Workers: 1}).Mass
	x := make([]float64, q.Size())
	x[5] = 1
	factored(t, q, .3, 1).solve(x, x)
	for _, workers := range []int{2, 7} {
		if !slices.Equal(law, stationary(t, q, &Settings{Workers: workers}).Mass) {
			t.Errorf("%d workers: the law has other bits", workers)
		}
		y := make([]float64, q.Size())
		y[5] = 1
		factored(t, q, .3, workers).solve(y, y)
		if !slices.Equal(x, y) {
			t.Errorf("%d workers: the step has other bits", workers)
		}
	}
}

func TestFillIsThatOfNestedDissection(t *testing.T) {
	for _, n := range []int{64, 128, 256} {
		o, err := newOrdering(basin(t, n, .5, .5, 1))
		if err != nil {
			t.Fatal(err)
		}
		// 31/4 n² log₂ n for an n × n grid (George 1973), counted with both triangles
		// of the pivots here
		if want := 31. / 4 * float64(n*n) * math.Log2(float64(n)); float64(o.low) > want {
			t.Errorf("%d² cells: %d numbers in the factor, want ≤ %.0f", n, o.low, want)
		}
	}
}

func BenchmarkDissection(b *testing.B) {
	for _, n := range []int{64, 256} {
		q := basin(b, n, .4, .6, .01)
		b.Run(fmt.Sprintf("cells=%d", n*n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				stationary(b, q, nil)
			}
			b.ReportMetric(float64(n*n)*float64(b.N)/b.Elapsed().Seconds(), "unknowns/s")
		})
	}
}

func BenchmarkFactor(b *testing.B) {
	q := basin(b, 256, .4, .6, .01)
	o, err := newOrdering(q)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("ordering/cells=65536", func(b *testing.B) {
		for b.Loop() {
			if _, err := newOrdering(q); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("factor/cells=65536", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := o.factor(context.Background(), q, .1, 2); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(o.flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gflop/s")
	})
	b.Run("solve/cells=65536", func(b *testing.B) {
		f := factored(b, q, .1, 2)
		x := make([]float64, q.Size())
		x[0] = 1
		b.ReportAllocs()
		for b.Loop() {
			f.solve(x, x)
		}
		b.ReportMetric(float64(q.Size())*float64(b.N)/b.Elapsed().Seconds(), "unknowns/s")
	})
}
