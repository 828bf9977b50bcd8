package multigrid

import (
	"fokker/grid"
	"slices"
)

// blockCells is about the number of cells of a task: enough to hide the cost
// of handing it out, and fixed, so that sums do not depend on the workers.
const blockCells = 1 << 14

// level is one grid of the hierarchy with the rates and the law upon it. A row
// is a line of cells along the first axis, contiguous in memory; a slab is
// all rows at one position along the last axis.
type level struct {
	g        *grid.Grid
	n        []int // cells along each axis
	rows     int
	slabRows int
	up, down [][]float64    // per axis and cell: rate to the upper, lower neighbour
	own      [2][][]float64 // storage of up and down when they are aggregates
	within   [][]float64    // per axis and cell, while aggregating: flows through the faces inside
	p        []float64      // law, up to a factor
	whole    []float64      // Π: what p was when aggregated; then p/Π, the correction
	inv      []float64      // 1/Σ rates out of the cell
	below    [][]int32      // per axis but the first and row: neighbouring row, −1 beyond a wall
	above    [][]int32
	odd      []bool       // per row: parity of the sum of positions
	nothing  []float64    // a row of zeros, the law beyond a wall
	blocks   []grid.Range // slabs, per task
	scratch  [][]float64  // per block, 2 rows
	ringOdd  bool         // a periodic axis with an odd number of cells: two neighbours share a colour

	next   *level
	twice  bool      // to be visited twice by W cycles
	merge  []merge   // to next, per axis
	kids   [][]kid   // per coarse row
	matrix []float64 // of the coarsest level
	do     tasks
	orders []*order // one per axis of several cells, made when first swept
	turn   int      // sweeps along lines done
}

// kid is a fine row of a coarse one. Bit k of first and last: it is at the
// lower or upper end of it along axis k.
type kid struct {
	row         int32
	first, last uint8
}

func newLevel(g *grid.Grid) *level {
	l := &level{g: g, p: make([]float64, g.Size()), inv: make([]float64, g.Size())}
	for k := range g.Dim() {
		l.n = append(l.n, g.Cells(k))
		l.ringOdd = l.ringOdd || g.Axis(k).Ends[0] == grid.Periodic && g.Cells(k)%2 == 1
	}
	l.rows = g.Size() / l.n[0]
	l.slabRows = l.rows / l.n[g.Dim()-1]
	l.nothing = make([]float64, l.n[0])
	l.neighbours()
	slabs := grid.Range{Lo: 0, Hi: l.n[g.Dim()-1]}
	l.blocks = slabs.Split(min(max(1, g.Size()/blockCells), 64, max(1, slabs.Hi/2)))
	for range l.blocks {
		l.scratch = append(l.scratch, make([]float64, 2*l.n[0]))
	}
	l.do = l.newTasks()
	return l
}

// neighbours fills the tables of rows.
func (l *level) neighbours() {
	l.odd = make([]bool, l.rows)
	l.below, l.above = make([][]int32, len(l.n)), make([][]int32, len(l.n))
	for k := 1; k < len(l.n); k++ {
		l.below[k], l.above[k] = make([]int32, l.rows), make([]int32, l.rows)
		step := l.g.Stride(k) / l.n[0]
		wraps := l.g.Axis(k).Ends[0] == grid.Periodic
		for r := range l.rows {
			i := r / step % l.n[k]
			l.odd[r] = l.odd[r] != (i%2 == 1)
			l.below[k][r], l.above[k][r] = int32(r-step), int32(r+step)
			if i == 0 {
				l.below[k][r] = beyond(r+(l.n[k]-1)*step, wraps)
			}
			if i == l.n[k]-1 {
				l.above[k][r] = beyond(r-(l.n[k]-1)*step, wraps)
			}
		}
	}
}

func beyond(row int, wraps bool) int32 {
	if wraps {
		return int32(row)
	}
	return -1
}

// coarsen makes the next level, by pairs along the chosen axes. It returns
// nil if none of them gets shorter.
func (l *level) coarsen(chosen []bool) *level {
	axes := l.g.Axes()
	shorter := false
	l.merge = nil
	for k, a := range axes {
		if !chosen[k] {
			l.merge = append(l.merge, alone(l.n[k]))
			continue
		}
		coarse, first := pairs(a)
		l.merge = append(l.merge, newMerge(a, coarse, first))
		shorter = shorter || coarse.Cells() < a.Cells()
		axes[k] = coarse
	}
	g, err := grid.New(axes...)
	if err != nil || !shorter {
		return nil
	}
	c := newLevel(g)
	c.whole = make([]float64, g.Size())
	for range axes {
		c.own[0] = append(c.own[0], make([]float64, g.Size()))
		c.own[1] = append(c.own[1], make([]float64, g.Size()))
		c.within = append(c.within, make([]float64, g.Size()))
	}
	c.useOwn()
	l.next = c
	l.family()
	return c
}

// family lists the rows of every coarse row.
func (l *level) family() {
	c := l.next
	l.kids = make([][]kid, c.rows)
	at := make([]int, len(l.n))
	for r := range l.rows {
		l.g.Locate(at, r*l.n[0])
		row := kid{row: int32(r)}
		for k := 1; k < len(at); k++ {
			i, m := at[k], l.merge[k]
			at[k] = int(m.near[i])
			if i == m.first[at[k]] {
				row.first |= 1 << k
			}
			if i+1 == m.first[at[k]+1] {
				row.last |= 1 << k
			}
		}
		at[0] = 0
		to := c.g.Cell(at) / c.n[0]
		l.kids[to] = append(l.kids[to], row)
	}
}

// use makes the level work on the rates of q; false if they are not two-point.
func (l *level) use(q Generator) bool {
	l.up, l.down = nil, nil
	for k := range l.n {
		down, up, ok := q.Neighbors(k)
		if !ok {
			return false
		}
		l.up, l.down = append(l.up, up), append(l.down, down)
	}
	return true
}

// useOwn makes the level work on aggregates.
func (l *level) useOwn() { l.up, l.down = l.own[0], l.own[1] }

// row returns the part of a that belongs to row r.
func (l *level) row(a []float64, r int) []float64 { return a[r*l.n[0] : (r+1)*l.n[0] : (r+1)*l.n[0]] }

// across returns the law and the rates towards row r of a neighbouring row.
func (l *level) across(rate []float64, neighbour int32, r int) (p, towards []float64) {
	if neighbour < 0 {
		return l.nothing, l.row(rate, r)
	}
	return l.row(l.p, int(neighbour)), l.row(rate, int(neighbour))
}

// invert computes the waiting times of the cells of some slabs.
func (l *level) invert(slabs grid.Range) {
	for r := slabs.Lo * l.slabRows; r < slabs.Hi*l.slabRows; r++ {
		inv := l.row(l.inv, r)
		clear(inv)
		for k := range l.n {
			for i, u := range l.row(l.up[k], r) {
				inv[i] += u
			}
			for i, d := range l.row(l.down[k], r) {
				inv[i] += d
			}
		}
		for i, out := range inv {
			inv[i] = 1 / max(out, leak)
		}
	}
}

// couplings returns for each axis the median over a sample of faces of the
// mean of the rates in both directions.
func (l *level) couplings() []float64 {
	const samples = 4096 // the median is then good to a few percent
	c := make([]float64, len(l.n))
	for k := range c {
		var seen []float64
		step := 1 + l.g.Size()/samples
		for i := 0; i < l.g.Size(); i += step {
			if l.g.Along(k, i)+1 < l.n[k] {
				seen = append(seen, (l.up[k][i]+l.down[k][i+l.g.Stride(k)])/2)
			}
		}
		if len(seen) > 0 {
			slices.Sort(seen)
			c[k] = seen[len(seen)/2]
		}
	}
	return c
}

// ring reports whether axis k is periodic.
func (l *level) ring(k int) bool { return l.g.Axis(k).Ends[0] == grid.Periodic }
