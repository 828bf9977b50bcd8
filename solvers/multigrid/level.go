package multigrid

import (
	"fokker/grid"
	"slices"
)

// level is one grid of the hierarchy with the rates and the law upon it. A row
// is a line of cells along the first axis, contiguous in memory; a slab is
// all rows at one position along the last axis.
type level struct {
	g        *grid.Grid
	n        []int // cells along each axis
	rows     int
	slabRows int            // in a line, all is one slab
	vectors  int            // made so far
	up, down [][]float64    // per axis and cell: rate to the upper, lower neighbour
	own      [2][][]float64 // storage of up and down when they are aggregates
	within   [][]float64    // per axis and cell, while aggregating: flows through the faces inside, then their resistance; then there is room for exit
	half     [][]float64    // per axis and position: see merge
	p        []float64      // law, up to a factor
	whole    []float64      // Π: what p was when aggregated; then p/Π, the correction
	exit     []float64      // Σ rates out of the cell; nil if not known
	below    [][]int32      // per axis but the first and row: neighbouring row, −1 beyond a wall
	above    [][]int32
	odd      []bool    // per row: parity of the sum of positions
	nothing  []float64 // a row of zeros, the law beyond a wall
	springs  []float64 // a row of springs
	ringOdd  bool      // a periodic axis with an odd number of cells: two neighbours share a colour

	next      *level
	twice     bool      // to be visited twice by W cycles
	merge     []merge   // to next, per axis
	kids      [][]kid   // per coarse row
	inSquares bool      // a plane, joined by pairs along the first axis
	matrix    []float64 // of the coarsest level
	do        waves
	trend     trend
	orders    []*order // one per axis of several cells, made when first swept
	turn      int      // sweeps along lines done
}

// kid is a fine row of a coarse one. Bit k of first and last: it is at the
// lower or upper end of it along axis k.
type kid struct {
	row         int32
	first, last uint8
}

func newLevel(g *grid.Grid) *level {
	l := &level{g: g}
	l.p = l.vector()
	for k := range g.Dim() {
		l.n = append(l.n, g.Cells(k))
		l.ringOdd = l.ringOdd || g.Axis(k).Ends[0] == grid.Periodic && g.Cells(k)%2 == 1
	}
	l.rows = g.Size() / l.n[0]
	l.slabRows = max(1, l.rows/l.n[g.Dim()-1])
	l.nothing, l.springs = make([]float64, l.n[0]), make([]float64, l.n[0])
	for i := range l.springs {
		l.springs[i] = spring
	}
	l.neighbours()
	l.do = l.newWaves()
	return l
}

// late is by how many numbers an array begins later than the one before it.
// Large arrays begin at pages, and rows of a power of two as well: so the cells
// of one number would be after the same few places of the cache.
const late = 32 // four lines of a cache, a sixteenth of a page

// vector returns zeros, one for each cell.
func (l *level) vector() []float64 {
	l.vectors++
	skip := l.vectors % 16 * late
	return grid.Zeros[float64](l.g.Size() + skip)[skip:]
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
	c.whole, c.trend = c.vector(), c.newTrend()
	for range axes {
		c.own[0] = append(c.own[0], c.vector())
		c.own[1] = append(c.own[1], c.vector())
		c.within = append(c.within, c.vector())
	}
	for _, m := range l.merge {
		c.half = append(c.half, m.half)
	}
	c.useOwn()
	l.next = c
	l.family()
	l.do.coarsen = c.newWave(l.aggregate, c.narrow, c.convert, c.settle)
	return c
}

// family lists the rows of every coarse row.
func (l *level) family() {
	c := l.next
	l.kids = make([][]kid, c.rows)
	along := l.merge[0].stretches
	l.inSquares = len(l.n) == 2 && len(along) == 1 && along[0].size == 2
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
// Nothing is lost of a stationary law, so that all rates of leaving are between
// neighbours.
func (l *level) use(q Generator) bool {
	l.up, l.down = nil, nil
	for k := range l.n {
		down, up, ok := q.Neighbors(k)
		if !ok {
			return false
		}
		l.up, l.down = append(l.up, up), append(l.down, down)
	}
	l.exit = nil
	if known, ok := q.(interface{ Exit() []float64 }); ok {
		l.exit = known.Exit()
	}
	return true
}

// useOwn makes the level work on aggregates.
func (l *level) useOwn() { l.up, l.down, l.exit = l.own[0], l.own[1], l.within[0] }

// leaving makes sure that the rates of leaving are there.
func (l *level) leaving(p *pool) {
	if l.exit != nil {
		return
	}
	if l.within == nil {
		l.exit = l.vector()
	} else {
		l.exit = l.within[0]
	}
	l.do.leave.run(p)
}

// row returns the part of a that belongs to row r.
func (l *level) row(a []float64, r int) []float64 { return a[r*l.n[0] : (r+1)*l.n[0] : (r+1)*l.n[0]] }

// across returns the law and the rates towards row r of a neighbouring row.
func (l *level) across(rate []float64, neighbour int32, r int) (p, towards []float64) {
	if neighbour < 0 {
		return l.nothing, l.row(rate, r)
	}
	return l.row(l.p, int(neighbour)), l.row(rate, int(neighbour))
}

// leave computes the rates of leaving the cells of a slab.
func (l *level) leave(slab int, _ []float64) {
	for r := slab * l.slabRows; r < (slab+1)*l.slabRows; r++ {
		exit := l.row(l.exit, r)
		clear(exit)
		for k := range l.n {
			addRates(exit, l.row(l.up[k], r), l.row(l.down[k], r))
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
