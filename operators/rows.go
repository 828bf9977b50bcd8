package operators

import (
	"fmt"
	"math"

	"fokker/grid"
)

// Term is a mechanism that moves mass. AppendRows writes all of its rates out
// of the cells of r, and nothing else: coefficients of neighbours are evaluated
// again, never communicated, so that blocks do not depend on how the cells are
// divided among workers.
type Term interface {
	AppendRows(rows *Rows, r grid.Range, t float64) error
}

// Rows collects rates out of the cells of a range.
type Rows struct {
	grid   *grid.Grid
	span   grid.Range
	from   []int32
	to     []int32
	rate   []float64
	exits  []exit
	killed []float64
	err    error
}

// exit is a rate of leaving through an absorbing wall, by an offset that meets
// it.
type exit struct {
	from, axis, side int
	offset           [4]int
	rate             float64
}

func newRows(g *grid.Grid, r grid.Range) *Rows {
	n := 2 * g.Dim() * r.Len() // what two-point fluxes need
	return &Rows{
		grid: g, span: r, killed: make([]float64, r.Len()),
		from: make([]int32, 0, n), to: make([]int32, 0, n), rate: make([]float64, 0, n),
	}
}

// Grid returns the grid of the rows.
func (r *Rows) Grid() *grid.Grid { return r.grid }

// Jump adds a rate of jumping between two cells. Rates of the same jump add up.
func (r *Rows) Jump(from, to int, rate float64) {
	if rate == 0 || !r.valid(from, rate) {
		return
	}
	r.from = append(r.from, int32(from-r.span.Lo))
	r.to = append(r.to, int32(to))
	r.rate = append(r.rate, rate)
}

// Leave adds a rate of being absorbed by the wall that an offset meets.
func (r *Rows) Leave(from int, offset []int, rate float64) {
	if rate == 0 || !r.valid(from, rate) {
		return
	}
	out := exit{from: from, rate: rate}
	out.axis, out.side, _ = r.grid.Wall(from, offset)
	copy(out.offset[:], offset)
	r.exits = append(r.exits, out)
}

// Kill adds a rate of being removed.
func (r *Rows) Kill(from int, rate float64) {
	if r.valid(from, rate) {
		r.killed[from-r.span.Lo] += rate
	}
}

func (r *Rows) valid(from int, rate float64) bool {
	if rate >= 0 && !math.IsInf(rate, 1) {
		return true
	}
	if r.err == nil {
		r.err = fmt.Errorf("operators: rate out of cell %d is %v, expected finite and nonnegative", from, rate)
	}
	return false
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

// finite checks columns of a coefficient, one per axis.
func finite(quantity string, columns, x [][]float64) error {
	for k, c := range columns {
		for i, v := range c {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return &PointError{quantity, k, v, point(x, i), "a finite number"}
			}
		}
	}
	return nil
}
