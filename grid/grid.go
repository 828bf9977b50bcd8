// Package grid says where the cells are.
//
// A grid is a tensor product of one to four axes, each cut into cells by
// edges. The unknown of every computation is the mass of a cell, the
// probability to be in it; its place is the cell's centre, the middle of its
// edges. Cells are numbered with the first axis running fastest.
//
// The words used in the whole program:
//
//	cell       a box between edges; never node, point or element
//	face       what separates two cells along an axis; face f of an axis lies below cell f
//	wall       a face at the end of an axis that is not periodic
//	closed     said of a face: nothing crosses it
//	mass       the probability of a cell; density is mass over volume
//	rate       of jumping from a cell to another, 1/time
//	row        the rates out of one cell
//	term       a mechanism that adds rates to rows
//	generator  the matrix Q of rates: Q acts on functions, Qᵀ on masses
//	law        the masses of all cells
//
// The package knows nothing of processes: which faces are closed is told to it.
package grid

import (
	"fmt"
	"math"
	"slices"
)

// Boundary says what happens at an end of an axis.
type Boundary int

const (
	Reflecting Boundary = iota // no flux: n·(bp − ∇·(Dp)) = 0
	Absorbing                  // what reaches the wall is lost
	Periodic                   // the two ends are one face; both ends or neither
)

// String returns the name used in case files.
func (b Boundary) String() string {
	return [...]string{"reflecting", "absorbing", "periodic"}[b]
}

// MaxCells bounds the size of a grid: cell numbers must fit the 32-bit
// indices of the sparse storage.
const MaxCells = math.MaxInt32

// Axis is one coordinate cut into cells: cell i lies between Edges[i] and
// Edges[i+1]. Closed lists the faces that nothing crosses, besides
// reflecting walls.
type Axis struct {
	Name   string
	Edges  []float64
	Ends   [2]Boundary // lower, upper
	Closed []int
}

// Cells returns the number of cells.
func (a Axis) Cells() int { return len(a.Edges) - 1 }

// Middles returns the middles of the cells.
func (a Axis) Middles() []float64 {
	out := make([]float64, a.Cells())
	for i := range out {
		out[i] = a.Edges[i] + (a.Edges[i+1]-a.Edges[i])/2
	}
	return out
}

// Widths returns those of the cells.
func (a Axis) Widths() []float64 {
	out := make([]float64, a.Cells())
	for i := range out {
		out[i] = a.Edges[i+1] - a.Edges[i]
	}
	return out
}

// Grid is a tensor product of axes.
type Grid struct {
	axes   []Axis
	stride []int
	size   int
	center [][]float64
	width  [][]float64
	shut   [][]bool // per axis and face: closed
}

// New returns the grid of the axes, at most four.
func New(axes ...Axis) (*Grid, error) {
	if len(axes) < 1 || len(axes) > 4 {
		return nil, fmt.Errorf("grid: found %d axes, expected 1 to 4", len(axes))
	}
	g := &Grid{axes: slices.Clone(axes), size: 1}
	for _, a := range axes {
		if err := a.check(); err != nil {
			return nil, err
		}
		if g.size > MaxCells/a.Cells() {
			return nil, fmt.Errorf("grid: more than %d cells", MaxCells)
		}
		g.stride = append(g.stride, g.size)
		g.size *= a.Cells()
		g.measure(a)
	}
	return g, nil
}

func (a Axis) check() error {
	if a.Cells() < 1 {
		return fmt.Errorf("grid: axis %q: found %d edges, expected at least 2", a.Name, len(a.Edges))
	}
	for i, e := range a.Edges {
		if math.IsNaN(e) || math.IsInf(e, 0) || i > 0 && e <= a.Edges[i-1] {
			return fmt.Errorf("grid: axis %q: edge %d is %v, expected finite and increasing", a.Name, i, e)
		}
	}
	for _, b := range a.Ends {
		if b < Reflecting || b > Periodic {
			return fmt.Errorf("grid: axis %q: boundary %d, expected Reflecting, Absorbing or Periodic", a.Name, int(b))
		}
	}
	if (a.Ends[0] == Periodic) != (a.Ends[1] == Periodic) {
		return fmt.Errorf("grid: axis %q: periodic at one end only", a.Name)
	}
	if a.Ends[0] == Periodic && a.Cells() < 3 {
		return fmt.Errorf("grid: axis %q: found %d cells, expected at least 3 on a periodic axis", a.Name, a.Cells())
	}
	for _, f := range a.Closed {
		if f < 0 || f > a.Cells() {
			return fmt.Errorf("grid: axis %q: closed face %d, expected 0 to %d", a.Name, f, a.Cells())
		}
	}
	return nil
}

func (g *Grid) measure(a Axis) {
	n := a.Cells()
	shut := make([]bool, n+1)
	for _, f := range a.Closed {
		shut[f] = true
	}
	if a.Ends[0] == Periodic {
		shut[0] = shut[0] || shut[n]
		shut[n] = shut[0]
	}
	g.center, g.width, g.shut = append(g.center, a.Middles()), append(g.width, a.Widths()), append(g.shut, shut)
}

// Dim returns the number of axes.
func (g *Grid) Dim() int { return len(g.axes) }

// Size returns the number of cells.
func (g *Grid) Size() int { return g.size }

// Axis returns axis k.
func (g *Grid) Axis(k int) Axis { return g.axes[k] }

// Axes returns all axes.
func (g *Grid) Axes() []Axis { return slices.Clone(g.axes) }

// Cells returns the number of cells along axis k.
func (g *Grid) Cells(k int) int { return len(g.center[k]) }

// Stride returns the difference of cell numbers between neighbours along axis k.
func (g *Grid) Stride(k int) int { return g.stride[k] }

// Centers returns the centres along axis k, to be read only.
func (g *Grid) Centers(k int) []float64 { return g.center[k] }

// Widths returns the cell widths along axis k, to be read only.
func (g *Grid) Widths(k int) []float64 { return g.width[k] }

// Along returns the position of a cell along axis k.
func (g *Grid) Along(k, cell int) int { return cell / g.stride[k] % len(g.center[k]) }

// Locate writes the position of a cell along every axis.
func (g *Grid) Locate(at []int, cell int) {
	for k := range at {
		at[k] = g.Along(k, cell)
	}
}

// Cell returns the number of the cell at the positions.
func (g *Grid) Cell(at []int) int {
	cell := 0
	for k, i := range at {
		cell += i * g.stride[k]
	}
	return cell
}

// Volume returns the product of the widths of a cell.
func (g *Grid) Volume(cell int) float64 {
	v := 1.0
	for k := range g.axes {
		v *= g.width[k][g.Along(k, cell)]
	}
	return v
}

// Points writes the centres of the cells of r as columns: x[k][i] is
// coordinate k of cell r.Lo+i.
func (g *Grid) Points(x [][]float64, r Range) {
	for k := range g.axes {
		i, left := g.Along(k, r.Lo), g.stride[k]-r.Lo%g.stride[k]
		for j := range r.Len() {
			x[k][j] = g.center[k][i]
			if left--; left == 0 {
				left = g.stride[k]
				if i++; i == len(g.center[k]) {
					i = 0
				}
			}
		}
	}
}

// Distances returns how far the centres of the neighbours of cell i of axis
// k are. Beyond a wall stands a ghost cell as wide as the last one.
func (g *Grid) Distances(k, i int) (down, up float64) {
	c, w, n := g.center[k], g.width[k], len(g.center[k])
	periodic := g.axes[k].Ends[0] == Periodic
	switch {
	case i > 0:
		down = c[i] - c[i-1]
	case periodic:
		down = w[0]/2 + w[n-1]/2
	default:
		down = w[0]
	}
	switch {
	case i < n-1:
		up = c[i+1] - c[i]
	case periodic:
		up = w[0]/2 + w[n-1]/2
	default:
		up = w[n-1]
	}
	return down, up
}

// Shut reports whether face f of axis k is closed.
func (g *Grid) Shut(k, f int) bool { return g.shut[k][f] }

// Step returns the cell at an offset, one number of cells per axis. It is
// the only reader of Boundary. On the straight segment between the centres,
// in units of cells, the first wall or closed face decides, at a tie an
// absorbing one: inside is false, and lost is true when it absorbs.
func (g *Grid) Step(cell int, offset []int) (to int, inside, lost bool) {
	first, _, lost := g.meet(cell, offset)
	if first <= 1 {
		return cell, false, lost
	}
	to = cell
	for k, o := range offset {
		if o != 0 {
			i, n := g.Along(k, cell), len(g.center[k])
			to += (((i+o)%n+n)%n - i) * g.stride[k]
		}
	}
	return to, true, false
}

// Wall returns, for a step that is lost, the axis and side of the wall that
// takes it and the part of the way to it.
func (g *Grid) Wall(cell int, offset []int) (axis, side int, part float64) {
	part, axis, _ = g.meet(cell, offset)
	if offset[axis] > 0 {
		side = 1
	}
	return axis, side, part
}

// meet returns the fraction of the way at which the first wall or closed face
// is met, +Inf if none is, its axis, and whether it absorbs.
func (g *Grid) meet(cell int, offset []int) (first float64, axis int, absorbs bool) {
	first = math.Inf(1)
	for k, o := range offset {
		if o == 0 {
			continue
		}
		when, takes := g.barrier(k, g.Along(k, cell), o)
		if when < first || when == first && takes && !absorbs {
			first, axis, absorbs = when, k, takes
		}
	}
	return first, axis, absorbs
}

// barrier returns the fraction of the way from cell i along axis k by o
// cells at which a wall or a closed face is met, +Inf if none is.
func (g *Grid) barrier(k, i, o int) (when float64, absorbs bool) {
	n, ends := len(g.center[k]), g.axes[k].Ends
	face, step := i+1, 1
	if o < 0 {
		face, step = i, -1
	}
	for s := 0; s != o; s += step {
		f := face + s
		when = (math.Abs(float64(s)) + 0.5) / math.Abs(float64(o))
		if ends[0] == Periodic {
			f = (f%n + n) % n
		} else if f <= 0 {
			return when, ends[0] == Absorbing && !g.shut[k][0]
		} else if f >= n {
			return when, ends[1] == Absorbing && !g.shut[k][n]
		}
		if g.shut[k][f] {
			return when, false
		}
	}
	return math.Inf(1), false
}
