package grid_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"fokker/grid"
)

// axis has n unit cells from 0.
func axis(n int, lower, upper grid.Boundary, closed ...int) grid.Axis {
	a := grid.Axis{Name: "x", Ends: [2]grid.Boundary{lower, upper}, Closed: closed}
	for i := range n + 1 {
		a.Edges = append(a.Edges, float64(i))
	}
	return a
}

func mesh(t *testing.T, axes ...grid.Axis) *grid.Grid {
	t.Helper()
	g, err := grid.New(axes...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestStep(t *testing.T) {
	const R, A, P = grid.Reflecting, grid.Absorbing, grid.Periodic
	type stop string
	const inside, stays, lost stop = "inside", "stays", "lost"
	line := func(a grid.Axis) []grid.Axis { return []grid.Axis{a} }
	for _, c := range []struct {
		name     string
		axes     []grid.Axis
		from, by []int
		to       []int // nil where the way is barred
		want     stop
	}{
		{"no step", line(axis(4, R, R)), []int{2}, []int{0}, []int{2}, inside},
		{"to the next cell", line(axis(4, R, A)), []int{2}, []int{1}, []int{3}, inside},
		{"reflecting below", line(axis(4, R, A)), []int{0}, []int{-1}, nil, stays},
		{"absorbing above", line(axis(4, R, A)), []int{3}, []int{1}, nil, lost},
		{"absorbing below", line(axis(4, A, R)), []int{0}, []int{-1}, nil, lost},
		{"reflecting above", line(axis(4, A, R)), []int{3}, []int{1}, nil, stays},
		{"wide, inside", line(axis(8, A, A)), []int{1}, []int{6}, []int{7}, inside},
		{"wide, over the wall", line(axis(8, R, A)), []int{1}, []int{7}, nil, lost},
		{"wide, far over the wall", line(axis(8, R, A)), []int{7}, []int{-50}, nil, stays},
		{"periodic up", line(axis(4, P, P)), []int{3}, []int{1}, []int{0}, inside},
		{"periodic down", line(axis(4, P, P)), []int{0}, []int{-1}, []int{3}, inside},
		{"periodic, several turns", line(axis(4, P, P)), []int{1}, []int{-10}, []int{3}, inside},
		{"one cell", line(axis(1, R, A)), []int{0}, []int{1}, nil, lost},

		{"closed face above", line(axis(4, A, A, 2)), []int{1}, []int{1}, nil, stays},
		{"closed face below", line(axis(4, A, A, 2)), []int{2}, []int{-1}, nil, stays},
		{"beside a closed face", line(axis(4, A, A, 2)), []int{1}, []int{-1}, []int{0}, inside},
		{"closed face before an absorbing wall", line(axis(8, A, A, 6)), []int{5}, []int{5}, nil, stays},
		{"absorbing wall before a closed face", line(axis(8, A, A, 6)), []int{1}, []int{-3}, nil, lost},
		{"closed absorbing wall", line(axis(4, A, A, 0)), []int{0}, []int{-1}, nil, stays},
		{"closed wall leaves the other absorbing", line(axis(4, A, A, 0)), []int{3}, []int{1}, nil, lost},
		{"closed face of a circle, lower end", line(axis(4, P, P, 0)), []int{0}, []int{-1}, nil, stays},
		{"closed face of a circle, upper end", line(axis(4, P, P, 0)), []int{3}, []int{1}, nil, stays},
		{"closed upper face of a circle", line(axis(4, P, P, 4)), []int{0}, []int{-1}, nil, stays},
		{"closed face met on the second turn", line(axis(4, P, P, 2)), []int{2}, []int{5}, nil, stays},

		{"corner, both reflecting", []grid.Axis{axis(4, R, R), axis(3, R, R)}, []int{3, 2}, []int{1, 1}, nil, stays},
		{"corner, a tie goes to the absorbing second", []grid.Axis{axis(4, R, R), axis(3, R, A)}, []int{3, 2}, []int{1, 1}, nil, lost},
		{"corner, a tie goes to the absorbing first", []grid.Axis{axis(4, R, A), axis(3, R, R)}, []int{3, 2}, []int{1, 1}, nil, lost},
		{"corner, closed and absorbing at a tie", []grid.Axis{axis(4, R, R, 2), axis(3, A, R)}, []int{2, 0}, []int{-1, -1}, nil, lost},
		{"the reflecting wall comes first", []grid.Axis{axis(4, R, R), axis(8, R, A)}, []int{3, 6}, []int{2, 2}, nil, stays},
		{"the absorbing wall comes first", []grid.Axis{axis(8, R, R), axis(4, R, A)}, []int{6, 3}, []int{2, 2}, nil, lost},
		{"different slopes, a tie", []grid.Axis{axis(4, R, R), axis(8, R, A)}, []int{3, 6}, []int{1, 3}, nil, lost}, // ½ of 1 and 3/2 of 3
		{"around the circle into a wall", []grid.Axis{axis(4, P, P), axis(4, R, A)}, []int{3, 3}, []int{3, 1}, nil, lost},
		{"around the circle", []grid.Axis{axis(4, P, P), axis(4, R, A)}, []int{3, 1}, []int{3, 2}, []int{2, 3}, inside},
		{"three axes", []grid.Axis{axis(4, R, R), axis(3, P, P), axis(5, A, A)}, []int{1, 2, 3}, []int{2, 1, -3}, []int{3, 0, 0}, inside},
		{"three axes, two walls", []grid.Axis{axis(4, R, R), axis(3, P, P), axis(5, A, A)}, []int{2, 2, 3}, []int{2, 1, 2}, nil, lost},
		{"four axes", []grid.Axis{axis(2, R, R), axis(2, A, A), axis(2, R, R), axis(3, P, P)}, []int{0, 1, 1, 0}, []int{1, 0, -1, -1}, []int{1, 1, 0, 2}, inside},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := mesh(t, c.axes...)
			to, in, gone := g.Step(g.Cell(c.from), c.by)
			wantTo := g.Cell(c.from)
			if c.to != nil {
				wantTo = g.Cell(c.to)
			}
			if to != wantTo || in != (c.want == inside) || gone != (c.want == lost) {
				t.Errorf("Step(%v, %v) = cell %d, inside %v, lost %v; want cell %d, %s", c.from, c.by, to, in, gone, wantTo, c.want)
			}
		})
	}
}

// A jump barred one way is barred back, unless it was absorbed.
func TestStepBackReturns(t *testing.T) {
	g := mesh(t, axis(5, grid.Absorbing, grid.Reflecting, 3), axis(4, grid.Periodic, grid.Periodic, 1), axis(3, grid.Reflecting, grid.Absorbing))
	for cell := range g.Size() {
		for code := range 7 * 7 * 7 {
			by := []int{code%7 - 3, code/7%7 - 3, code/49 - 3}
			to, inside, _ := g.Step(cell, by)
			if !inside {
				continue
			}
			back, inside, _ := g.Step(to, []int{-by[0], -by[1], -by[2]})
			if back != cell || !inside {
				t.Fatalf("from %d by %v to %d, but back to %d, inside %v", cell, by, to, back, inside)
			}
		}
	}
}

func TestCellNumbersPointsAndVolumesAgree(t *testing.T) {
	axes := []grid.Axis{
		{Name: "a", Edges: []float64{-1, 0, 0.5, 3}},
		{Name: "b", Edges: []float64{0, 2}},
		{Name: "c", Edges: []float64{1, 2, 4}},
		{Name: "d", Edges: []float64{-7, -6.5, -6, -1, 0}},
	}
	g := mesh(t, axes...)
	if g.Size() != 24 || g.Dim() != 4 {
		t.Fatalf("size %d in %d dimensions, want 24 in 4", g.Size(), g.Dim())
	}
	total := 0.0
	for cell := range g.Size() {
		at := make([]int, 4)
		g.Locate(at, cell)
		if got := g.Cell(at); got != cell {
			t.Errorf("cell %d lies at %v, which is cell %d", cell, at, got)
		}
		volume := 1.0
		x := [][]float64{{0}, {0}, {0}, {0}}
		g.Points(x, grid.Range{Lo: cell, Hi: cell + 1})
		for k, i := range at {
			e := axes[k].Edges
			volume *= e[i+1] - e[i]
			if want := (e[i] + e[i+1]) / 2; x[k][0] != want || g.Centers(k)[i] != want || g.Along(k, cell) != i {
				t.Errorf("cell %d axis %d: centre %v, want %v", cell, k, x[k][0], want)
			}
			if k < 3 && i+1 < g.Cells(k) && g.Along(k, cell+g.Stride(k)) != i+1 {
				t.Errorf("cell %d axis %d: the stride %d does not lead to the neighbour", cell, k, g.Stride(k))
			}
		}
		if got := g.Volume(cell); got != volume {
			t.Errorf("volume of cell %d is %v, want %v", cell, got, volume)
		}
		total += volume
	}
	if want := 4.0 * 2 * 3 * 7; math.Abs(total-want) > 1e-13*want {
		t.Errorf("volumes sum to %v, want %v", total, want)
	}
}

func TestPointsDoNotDependOnTheRange(t *testing.T) {
	g := mesh(t, axis(5, grid.Reflecting, grid.Reflecting), axis(3, grid.Reflecting, grid.Reflecting), axis(4, grid.Reflecting, grid.Reflecting))
	columns := func() [][]float64 {
		return [][]float64{make([]float64, 60), make([]float64, 60), make([]float64, 60)}
	}
	whole, pieces := columns(), columns()
	g.Points(whole, grid.Range{Hi: 60})
	for lo := 0; lo < 60; lo += 7 {
		hi := min(lo+7, 60)
		g.Points([][]float64{pieces[0][lo:hi], pieces[1][lo:hi], pieces[2][lo:hi]}, grid.Range{Lo: lo, Hi: hi})
	}
	for k := range whole {
		if !slices.Equal(whole[k], pieces[k]) {
			t.Errorf("axis %d: %v, want %v", k, pieces[k], whole[k])
		}
	}
}

func TestDistances(t *testing.T) {
	edges := []float64{0, 1, 3, 7} // centres 0.5, 2, 5
	for _, c := range []struct {
		ends     grid.Boundary
		i        int
		down, up float64
	}{
		{grid.Reflecting, 0, 1, 1.5}, {grid.Reflecting, 1, 1.5, 3}, {grid.Reflecting, 2, 3, 4},
		{grid.Absorbing, 0, 1, 1.5}, {grid.Absorbing, 2, 3, 4},
		{grid.Periodic, 0, 2.5, 1.5}, {grid.Periodic, 1, 1.5, 3}, {grid.Periodic, 2, 3, 2.5},
	} {
		g := mesh(t, grid.Axis{Name: "x", Edges: edges, Ends: [2]grid.Boundary{c.ends, c.ends}})
		if down, up := g.Distances(0, c.i); down != c.down || up != c.up {
			t.Errorf("%v cell %d: distances %v, %v, want %v, %v", c.ends, c.i, down, up, c.down, c.up)
		}
	}
}

func TestShutFacesOfACircleAreOne(t *testing.T) {
	for _, f := range []int{0, 4} {
		g := mesh(t, axis(4, grid.Periodic, grid.Periodic, f))
		if !g.Shut(0, 0) || !g.Shut(0, 4) || g.Shut(0, 2) {
			t.Errorf("closed face %d: faces 0, 2, 4 shut %v, %v, %v, want true, false, true", f, g.Shut(0, 0), g.Shut(0, 2), g.Shut(0, 4))
		}
	}
}

func TestNewRefuses(t *testing.T) {
	const R, P = grid.Reflecting, grid.Periodic
	good := axis(2, R, R)
	for _, c := range []struct {
		name string
		axes []grid.Axis
		want string
	}{
		{"no axis", nil, "found 0 axes, expected 1 to 4"},
		{"five axes", []grid.Axis{good, good, good, good, good}, "found 5 axes"},
		{"no edges", []grid.Axis{{Name: "x"}}, `axis "x": found 0 edges`},
		{"one edge", []grid.Axis{{Name: "x", Edges: []float64{1}}}, "found 1 edges, expected at least 2"},
		{"equal edges", []grid.Axis{{Name: "x", Edges: []float64{1, 1}}}, "edge 1 is 1, expected finite and increasing"},
		{"falling edges", []grid.Axis{good, {Name: "y", Edges: []float64{0, 2, 1}}}, `axis "y": edge 2 is 1`},
		{"not a number", []grid.Axis{{Name: "x", Edges: []float64{0, math.NaN()}}}, "edge 1 is NaN"},
		{"infinite", []grid.Axis{{Name: "x", Edges: []float64{math.Inf(-1), 0}}}, "edge 0 is -Inf"},
		{"half periodic", []grid.Axis{axis(4, P, R)}, "periodic at one end only"},
		{"short circle", []grid.Axis{axis(2, P, P)}, "found 2 cells, expected at least 3 on a periodic axis"},
		{"closed face below", []grid.Axis{axis(4, R, R, -1)}, "closed face -1, expected 0 to 4"},
		{"closed face above", []grid.Axis{axis(4, R, R, 5)}, "closed face 5, expected 0 to 4"},
		{"too many cells", []grid.Axis{axis(50000, R, R), axis(50000, R, R)}, "more than 2147483647 cells"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := grid.New(c.axes...)
			if err == nil || !strings.HasPrefix(err.Error(), "grid: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want grid: … %s", err, c.want)
			}
		})
	}
}

func ExampleGrid_Step() {
	x := grid.Axis{Name: "x", Edges: []float64{0, 1, 2, 3}, Ends: [2]grid.Boundary{grid.Reflecting, grid.Absorbing}}
	g, _ := grid.New(x)
	fmt.Println(g.Step(1, []int{1}))
	fmt.Println(g.Step(2, []int{1}))
	// Output:
	// 2 true false
	// 2 false true
}
