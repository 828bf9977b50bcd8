package grid_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"fokker/grid"
)

type spaced struct {
	name    string
	spacing grid.Spacing
	lo, hi  float64
	faces   []float64
}

func spacings(t *testing.T) []spaced {
	t.Helper()
	must := func(s grid.Spacing, err error) grid.Spacing {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	return []spaced{
		{"uniform", grid.Uniform(), -1, 2, []float64{-1.0 / 3, 0.1}},
		{"log", must(grid.Log(1e-6, 10)), 1e-6, 10, []float64{1e-3 / 7, 1.1}},
		{"log below zero", must(grid.Log(-10, -0.1)), -10, -0.1, []float64{-math.E}},
		{"sinh", grid.Sinh(), -50, 80, []float64{-1.0 / 3, 0.1, 7}},
		{"graded", must(grid.Graded(-4, 6, 0.3, 40)), -4, 6, []float64{-0.6, 0.3}},
		{"graded at the end", must(grid.Graded(0, 1, 0, 10)), 0, 1, []float64{0.77}},
		{"by widths", must(grid.Profile{At: []float64{-1, 0.3, 2}, Width: []float64{1, 0.05, 0.7}}.Spacing()), -4, 6, []float64{-0.6, 0.3}},
		{"by widths at a point", must(grid.Profile{At: []float64{0.3}, Width: []float64{7}}.Spacing()), -4, 6, []float64{-0.6, 0.3}},
		{"graded by 1", must(grid.Graded(0, 1, 0.5, 1)), 0, 1, nil},
	}
}

func TestEdgesIncreaseAndHoldFacesToTheBit(t *testing.T) {
	for _, s := range spacings(t) {
		for _, n := range []int{16, 33, 1000} {
			for _, faces := range [][]float64{nil, s.faces} {
				edges, at, err := s.spacing.Edges(s.lo, s.hi, n, faces...)
				if err != nil {
					t.Fatalf("%s: %v", s.name, err)
				}
				if len(edges) != n+1 || edges[0] != s.lo || edges[n] != s.hi || len(at) != len(faces) {
					t.Fatalf("%s: %d edges on [%v, %v] with %d faces, want %d on [%v, %v] with %d", s.name, len(edges), edges[0], edges[n], len(at), n+1, s.lo, s.hi, len(faces))
				}
				for i := range n {
					if !(edges[i] < edges[i+1]) {
						t.Fatalf("%s, n = %d: edge %d is %v, then %v", s.name, n, i, edges[i], edges[i+1])
					}
				}
				for i, f := range faces {
					if edges[at[i]] != f {
						t.Errorf("%s: edge %d is %v, want the face %v", s.name, at[i], edges[at[i]], f)
					}
				}
			}
		}
	}
}

// With every mesh twice as fine, neighbouring widths differ half as much,
// beside forced faces too: |ratio − 1| = O(1/n).
func TestWidthsOfNeighborsTendToEachOther(t *testing.T) {
	for _, s := range spacings(t) {
		worst := func(n int) float64 {
			edges, _, err := s.spacing.Edges(s.lo, s.hi, n, s.faces...)
			if err != nil {
				t.Fatal(err)
			}
			w := 0.0
			for i := 1; i < n; i++ {
				w = max(w, math.Abs((edges[i+1]-edges[i])/(edges[i]-edges[i-1])-1))
			}
			return w
		}
		// A face moves the edges by up to half a cell, whatever n: the bound is
		// that of the coarsest mesh, not what it happens to be there.
		bound := func(n int) float64 { return 40 / float64(n) }
		for _, n := range []int{64, 256, 1024, 4096} {
			if got := worst(n); got > bound(n) {
				t.Errorf("%s: widths of neighbours differ by %v at n = %d, want at most %v", s.name, got, n, bound(n))
			}
		}
	}
}

func TestGradedWidthsHaveTheRatio(t *testing.T) {
	s, err := grid.Graded(-1, 3, 0, 25)
	if err != nil {
		t.Fatal(err)
	}
	edges, _, err := s.Edges(-1, 3, 4000)
	if err != nil {
		t.Fatal(err)
	}
	least, n := math.Inf(1), len(edges)-1
	for i := range n {
		least = min(least, edges[i+1]-edges[i])
	}
	// The last centre lies half a cell inside, where widths are smaller by
	// tan(su) s du < √24 π/n of themselves.
	if got := (edges[n] - edges[n-1]) / least; math.Abs(got-25) > 25*math.Sqrt(24)*math.Pi/float64(n) {
		t.Errorf("widths have ratio %v, want 25 to O(1/n)", got)
	}
}

func TestOfInvertsAt(t *testing.T) {
	for _, s := range spacings(t) {
		for i := range 101 {
			x := s.lo + (s.hi-s.lo)*float64(i)/100
			if got := s.spacing.At(s.spacing.Of(x)); math.Abs(got-x) > 1e-13*max(math.Abs(s.lo), math.Abs(s.hi)) {
				t.Errorf("%s: At(Of(%v)) = %v", s.name, x, got)
			}
		}
	}
}

func TestFaceTakesTheNearestEdge(t *testing.T) {
	edges, at, err := grid.Uniform().Edges(0, 1, 4, 0.3)
	if err != nil {
		t.Fatal(err)
	}
	if want := []float64{0, 0.3, 0.3 + 0.7/3, 0.3 + 0.7*2/3, 1}; at[0] != 1 || !slices.EqualFunc(edges, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-15 }) {
		t.Errorf("edges %v, face at %v, want %v, face at [1]", edges, at, want)
	}
}

func TestSpacingsRefuse(t *testing.T) {
	edges := func(lo, hi float64, n int, faces ...float64) error {
		_, _, err := grid.Uniform().Edges(lo, hi, n, faces...)
		return err
	}
	fails := func(_ grid.Spacing, err error) error { return err }
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"empty range", edges(1, 1, 4), "range [1, 1]"},
		{"infinite range", edges(0, math.Inf(1), 4), "range [0, +Inf]"},
		{"not a number", edges(math.NaN(), 1, 4), "range [NaN, 1]"},
		{"no cells", edges(0, 1, 0), "0 cells on [0, 1], expected at least 1"},
		{"face outside", edges(0, 1, 4, 2), "face at 2, expected a point inside (0, 1)"},
		{"face on the wall", edges(0, 1, 4, 1), "face at 1, expected a point inside"},
		{"face that is no number", edges(0, 1, 4, math.NaN()), "face at NaN"},
		{"face beside the lower wall", edges(0, 1, 4, 0.01), "4 cells on [0, 1] are too few for faces at [0.01]"},
		{"face beside the upper wall", edges(0, 1, 4, 0.99), "too few for faces"},
		{"faces in one cell", edges(0, 1, 4, 0.5, 0.51), "too few for faces"},
		{"faces out of order", edges(0, 1, 4, 0.75, 0.25), "faces"},
		{"logarithm across 0", fails(grid.Log(-1, 1)), "expected a range on one side of 0"},
		{"logarithm from 0", fails(grid.Log(0, 1)), "expected a range on one side of 0"},
		{"grading below 1", fails(grid.Graded(0, 1, 0.5, 0.5)), "ratio of 0.5, expected a number ≥ 1"},
		{"widths without points", fails(grid.Profile{}.Spacing()), "widths of cells and their points: found 0 and 0, expected as many of both, at least one"},
		{"points that do not increase", fails(grid.Profile{At: []float64{1, 1}, Width: []float64{1, 2}}.Spacing()), "point 1 of cell widths is 1"},
		{"a width of 0", fails(grid.Profile{At: []float64{1, 2}, Width: []float64{1, 0}}.Spacing()), "a cell width of 0 at 2"},
		{"grading without a number", fails(grid.Graded(0, 1, 0.5, math.NaN())), "ratio of NaN"},
		{"finest cells outside", fails(grid.Graded(0, 1, 2, 3)), "finest cells at 2, expected a point in [0, 1]"},
	} {
		if c.err == nil || !strings.HasPrefix(c.err.Error(), "grid: ") || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: error %v, want grid: … %s", c.name, c.err, c.want)
		}
	}
}
