package grid

import "slices"

// Box returns the axes of some cells, with absorbing ends where they are cut out of the
// grid; ok is false where the cells are no box. Those that lie within are in the same
// order in both.
func (g *Grid) Box(within []bool) (axes []Axis, ok bool) {
	axes = g.Axes()
	cells, product := 0, 1
	for _, yes := range within {
		if yes {
			cells++
		}
	}
	for k, a := range axes {
		lo, hi := a.Cells(), 0
		for i, yes := range within {
			if yes {
				lo, hi = min(lo, g.Along(k, i)), max(hi, g.Along(k, i)+1)
			}
		}
		if lo >= hi {
			return nil, false
		}
		product *= hi - lo
		axes[k] = a.part(lo, hi)
	}
	return axes, cells == product
}

// part is an axis from cell lo to below hi, absorbing where it is cut, unless the face is
// closed.
func (a Axis) part(lo, hi int) Axis {
	around := a.Ends[0] == Periodic && hi-lo < a.Cells()
	out := Axis{Name: a.Name, Edges: a.Edges[lo : hi+1], Ends: a.Ends}
	for side, face := range [2]int{lo, hi} {
		switch cut := face > 0 && face < a.Cells() || around; {
		case cut && slices.Contains(a.Closed, face):
			out.Ends[side] = Reflecting
		case cut:
			out.Ends[side] = Absorbing
		}
	}
	for _, f := range a.Closed {
		if f > lo && f < hi {
			out.Closed = append(out.Closed, f-lo)
		}
	}
	return out
}
