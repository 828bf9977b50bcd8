package grid_test

import (
	"slices"
	"testing"

	"fokker/grid"
)

// A box keeps walls that it reaches, and ends at others of its own: absorbing ones, but
// for a closed face, which nothing reaches.
func TestABoxEndsWhereItIsCut(t *testing.T) {
	edges := []float64{0, 1, 2, 3, 4, 5}
	walls := [2]grid.Boundary{grid.Reflecting, grid.Absorbing}
	around := [2]grid.Boundary{grid.Periodic, grid.Periodic}
	for _, c := range []struct {
		name   string
		axis   grid.Axis
		within []bool
		want   grid.Axis
		ok     bool
	}{
		{"all", grid.Axis{Edges: edges, Ends: walls, Closed: []int{2}}, []bool{true, true, true, true, true}, grid.Axis{Edges: edges, Ends: walls, Closed: []int{2}}, true},
		{"the lower part", grid.Axis{Edges: edges, Ends: walls, Closed: []int{1}}, []bool{true, true, false, false, false}, grid.Axis{Edges: edges[:3], Ends: [2]grid.Boundary{grid.Reflecting, grid.Absorbing}, Closed: []int{1}}, true},
		{"from a closed face on", grid.Axis{Edges: edges, Ends: walls, Closed: []int{2, 3}}, []bool{false, false, true, true, true}, grid.Axis{Edges: edges[2:], Ends: walls, Closed: []int{1}}, true},
		{"a part of a ring", grid.Axis{Edges: edges, Ends: around}, []bool{true, true, true, true, false}, grid.Axis{Edges: edges[:5], Ends: [2]grid.Boundary{grid.Absorbing, grid.Absorbing}}, true},
		{"two parts", grid.Axis{Edges: edges, Ends: walls}, []bool{true, false, true, true, true}, grid.Axis{}, false},
		{"nothing", grid.Axis{Edges: edges, Ends: walls}, make([]bool, 5), grid.Axis{}, false},
	} {
		g, err := grid.New(c.axis)
		if err != nil {
			t.Fatal(err)
		}
		axes, ok := g.Box(c.within)
		if ok != c.ok {
			t.Errorf("%s: a box is %v, want %v", c.name, ok, c.ok)
			continue
		}
		if !ok {
			continue
		}
		if got := axes[0]; !slices.Equal(got.Edges, c.want.Edges) || got.Ends != c.want.Ends || !slices.Equal(got.Closed, c.want.Closed) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
