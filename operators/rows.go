package operators

import (
	"fmt"
	"math"
	"slices"

	"fokker/grid"
)

// Term is a mechanism that moves mass. AppendRows writes all of its rates out
// of the cells of r, and nothing else: coefficients of neighbours are evaluated
// again, never communicated, so that blocks do not depend on how the cells are
// divided among workers.
type Term interface {
	AppendRows(rows *Rows, r grid.Range, t float64) error
}

// Rows collects rates out of the cells of a range. Those to face neighbours
// have a place of their own, which costs neither numbers of cells nor sorting.
type Rows struct {
	grid   *grid.Grid
	span   grid.Range
	near   []pair    // per axis
	total  []float64 // per cell, all that leaves it
	wide   jumpList
	exits  []exit
	killed []float64 // nil before the first
	err    error
}

// pair holds rates to the neighbours along one axis, 0 where there is none.
type pair struct{ down, up []float64 }

// side returns one of the two.
func (p pair) side(s int) []float64 {
	if s == 0 {
		return p.down
	}
	return p.up
}

// jumpList is rates between cells that are no neighbours, in the order given.
type jumpList struct {
	from, to []int32 // from is counted in the span
	rate     []float64
}

// grow doubles the room, which append does for short slices only.
func (j *jumpList) grow() {
	more := len(j.rate) + 64
	j.from, j.to, j.rate = slices.Grow(j.from, more), slices.Grow(j.to, more), slices.Grow(j.rate, more)
}

// exit is a rate of leaving through an absorbing wall, by an offset that meets
// it.
type exit struct {
	from, axis, side int
	offset           [4]int
	rate             float64
}

// newRows collects the rows of r, a part of all that the arrays are for.
func newRows(g *grid.Grid, all, r grid.Range, near []pair, total []float64) *Rows {
	lo, hi := r.Lo-all.Lo, r.Hi-all.Lo
	rows := &Rows{grid: g, span: r, total: total[lo:hi]}
	for _, p := range near {
		rows.near = append(rows.near, pair{p.down[lo:hi], p.up[lo:hi]})
	}
	return rows
}

// Grid returns the grid of the rows.
func (r *Rows) Grid() *grid.Grid { return r.grid }

// Jump adds a rate of jumping between two cells. Rates of the same jump add up.
func (r *Rows) Jump(from, to int, rate float64) {
	if rate == 0 || !r.take(from, rate) {
		return
	}
	i := from - r.span.Lo
	if axis, side := neighborAxis(r.grid, from, to); axis >= 0 {
		r.near[axis].side(side)[i] += rate
		return
	}
	if len(r.wide.rate) == cap(r.wide.rate) {
		r.wide.grow()
	}
	r.wide.from = append(r.wide.from, int32(i))
	r.wide.to = append(r.wide.to, int32(to))
	r.wide.rate = append(r.wide.rate, rate)
}

// cross adds rates of jumping to the neighbours on one side of cells from first
// on, all of which have one.
func (r *Rows) cross(axis, side, first int, rate []float64) {
	lo, hi := first-r.span.Lo, first-r.span.Lo+len(rate)
	near, total := r.near[axis].side(side)[lo:hi][:len(rate)], r.total[lo:hi][:len(rate)]
	for i, v := range rate {
		if !(v >= 0 && v <= math.MaxFloat64) {
			r.refuse(first+i, v)
			return
		}
		near[i] += v
		total[i] += v
	}
}

// Leave adds a rate of being absorbed by the wall that an offset meets.
func (r *Rows) Leave(from int, offset []int, rate float64) {
	if rate == 0 || !r.take(from, rate) {
		return
	}
	out := exit{from: from, rate: rate}
	out.axis, out.side, _ = r.grid.Wall(from, offset)
	copy(out.offset[:], offset)
	r.exits = append(r.exits, out)
}

// Kill adds a rate of being removed.
func (r *Rows) Kill(from int, rate float64) {
	if !r.take(from, rate) {
		return
	}
	if r.killed == nil {
		r.killed = make([]float64, r.span.Len())
	}
	r.killed[from-r.span.Lo] += rate
}

// take adds a rate to the total of a cell unless it is none.
func (r *Rows) take(from int, rate float64) bool {
	if !(rate >= 0 && rate <= math.MaxFloat64) {
		r.refuse(from, rate)
		return false
	}
	r.total[from-r.span.Lo] += rate
	return true
}

// refuse remembers the first of the rates that are none.
func (r *Rows) refuse(from int, rate float64) {
	if r.err == nil {
		r.err = fmt.Errorf("operators: rate out of cell %d is %v, expected finite and nonnegative", from, rate)
	}
}

// neighborAxis returns along which axis and to which side two cells are
// neighbours, −1 if they are not.
func neighborAxis(g *grid.Grid, from, to int) (axis, side int) {
	for k := range g.Dim() {
		s, n := g.Stride(k), g.Cells(k)
		switch to - from {
		case s, -s, (n - 1) * s, -(n - 1) * s:
		default:
			continue // most jumps, without a division
		}
		i, circle := g.Along(k, from), g.Axis(k).Ends[0] == grid.Periodic
		switch {
		case to == from+s && i < n-1, to == from-(n-1)*s && i == n-1 && circle:
			return k, 1
		case to == from-s && i > 0, to == from+(n-1)*s && i == 0 && circle:
			return k, 0
		}
	}
	return -1, 0
}

// PointError says that a coefficient has no usable value at a point.
type PointError struct {
	Quantity string // "drift", "diffusion", …
	Axis     int
	Value    float64
	Point    []float64
	Wanted   string
}

func (e *PointError) Error() string {
	return fmt.Sprintf("operators: %s along axis %d is %v at %v, expected %s", e.Quantity, e.Axis, e.Value, e.Point, e.Wanted)
}

// point reads point i of columns.
func point(x [][]float64, i int) []float64 {
	p := make([]float64, len(x))
	for k := range x {
		p[k] = x[k][i]
	}
	return p
}

// finite checks columns of a coefficient, one per axis, at the points that at
// tells; nil stands for zeros.
func finite(quantity string, columns [][]float64, at func(i int) []float64) error {
	for k, c := range columns {
		var odd, even float64 // two chains of sums are done at the same time
		i := 0
		for ; i+1 < len(c); i += 2 {
			even += c[i] - c[i] // 0, or NaN where c is not finite
			odd += c[i+1] - c[i+1]
		}
		if i < len(c) {
			even += c[i] - c[i]
		}
		if even+odd == 0 {
			continue
		}
		i = slices.IndexFunc(c, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
		return &PointError{quantity, k, c[i], at(i), "a finite number"}
	}
	return nil
}
