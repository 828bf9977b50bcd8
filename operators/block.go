package operators

import (
	"fmt"
	"slices"
	"sync"

	"github.com/james-bowman/sparse"

	"fokker/grid"
)

// Block is the rows of the cells of a range. A block of all cells is a
// Generator. Off-diagonal rates are stored by rows with increasing columns;
// a block whose jumps all go to face neighbours keeps them by axis as well,
// which is what the hot loops run on.
type Block struct {
	grid     *grid.Grid
	span     grid.Range
	terms    []Term
	time     float64
	workers  int
	start    []int // row i of the span is to[start[i]:start[i+1]]
	to       []int
	rate     []float64
	absorbed []float64 // per row, walls and killing
	absorbs  bool      // some of it
	total    []float64 // per row, −Qᵢᵢ
	exits    []exit
	killed   []float64
	near     []pair // per axis; nil where some jump is wider
	turned   func() *transposed
}

// pair holds rates to the neighbours along one axis, 0 where there is none.
type pair struct{ down, up []float64 }

// Assemble returns the rows of r at time t. It does not depend on how the
// cells are divided: joining the blocks of a split gives the same bits.
func Assemble(g *grid.Grid, r grid.Range, t float64, terms ...Term) (*Block, error) {
	rows := newRows(g, r)
	for _, term := range terms {
		if err := term.AppendRows(rows, r, t); err != nil {
			return nil, err
		}
	}
	if rows.err != nil {
		return nil, rows.err
	}
	b := &Block{grid: g, span: r, terms: terms, time: t, workers: 1, exits: rows.exits, killed: rows.killed}
	b.sort(rows)
	b.finish()
	return b, nil
}

// Build returns the generator of the terms on all cells, assembled by a number
// of workers.
func Build(g *grid.Grid, t float64, workers int, terms ...Term) (*Block, error) {
	all := grid.Range{Hi: g.Size()}
	parts := all.Split(workers)
	blocks, errs := make([]*Block, len(parts)), make([]error, len(parts))
	grid.Range{Hi: len(parts)}.Each(len(parts), func(one grid.Range) {
		blocks[one.Lo], errs[one.Lo] = Assemble(g, parts[one.Lo], t, terms...)
	})
	for _, err := range errs { // the lowest cells first, whatever the number of workers
		if err != nil {
			return nil, err
		}
	}
	return join(blocks, workers), nil
}

func join(blocks []*Block, workers int) *Block {
	first := blocks[0]
	if len(blocks) == 1 {
		return first
	}
	b := &Block{grid: first.grid, span: grid.Range{Hi: first.grid.Size()}, terms: first.terms, time: first.time, workers: workers}
	b.start = append(b.start, 0)
	for _, p := range blocks {
		for _, s := range p.start[1:] {
			b.start = append(b.start, s+len(b.to))
		}
		b.to, b.rate = append(b.to, p.to...), append(b.rate, p.rate...)
		b.exits, b.killed = append(b.exits, p.exits...), append(b.killed, p.killed...)
	}
	b.finish()
	return b
}

// sort orders the collected rates by row and column and adds up equal jumps in
// the order they were given.
func (b *Block) sort(rows *Rows) {
	n := b.span.Len()
	first := make([]int, n+1)
	for _, i := range rows.from {
		first[i+1]++
	}
	for i := range n {
		first[i+1] += first[i]
	}
	to, rate, next := make([]int, len(rows.to)), make([]float64, len(rows.to)), slices.Clone(first)
	for e, i := range rows.from {
		p := next[i]
		next[i]++
		for ; p > first[i] && to[p-1] > int(rows.to[e]); p-- {
			to[p], rate[p] = to[p-1], rate[p-1]
		}
		to[p], rate[p] = int(rows.to[e]), rows.rate[e]
	}
	b.start, b.to, b.rate = merge(first, to, rate)
}

func merge(first, to []int, rate []float64) ([]int, []int, []float64) {
	start, kept := make([]int, len(first)), 0
	for i := range len(first) - 1 {
		for e := first[i]; e < first[i+1]; e++ {
			if kept > start[i] && to[kept-1] == to[e] {
				rate[kept-1] += rate[e]
				continue
			}
			to[kept], rate[kept] = to[e], rate[e]
			kept++
		}
		start[i+1] = kept
	}
	return start, to[:kept], rate[:kept]
}

// finish derives what the loops need from the rows.
func (b *Block) finish() {
	b.absorbed = slices.Clone(b.killed)
	for _, x := range b.exits {
		b.absorbed[x.from-b.span.Lo] += x.rate
	}
	b.absorbs = slices.ContainsFunc(b.absorbed, func(rate float64) bool { return rate > 0 })
	b.total = slices.Clone(b.absorbed)
	for i := range b.total {
		for _, rate := range b.rate[b.start[i]:b.start[i+1]] {
			b.total[i] += rate
		}
	}
	if b.span.Len() < b.Size() {
		return // rows alone are not applied
	}
	b.near = b.byAxis()
	b.turned = sync.OnceValue(b.transpose)
}

// byAxis sorts the rates by axis and side, or returns nil if some jump does not
// go to a face neighbour.
func (b *Block) byAxis() []pair {
	g := b.grid
	near := make([]pair, g.Dim())
	for k := range near {
		near[k] = pair{staggered(g.Size(), 2*k), staggered(g.Size(), 2*k+1)}
	}
	for i := range g.Size() {
		for e := b.start[i]; e < b.start[i+1]; e++ {
			k, side := neighborAxis(g, i, b.to[e])
			if k < 0 {
				return nil
			}
			[]([]float64){near[k].down, near[k].up}[side][i] = b.rate[e]
		}
	}
	return near
}

// staggered returns n zeros. Large arrays begin at pages: loops over several at
// once would need the same few places of the cache for all of them. So the
// i-th begins i lines of the cache late, by threes.
func staggered(n, i int) []float64 {
	const line = 8 // numbers of a line
	return make([]float64, n+3*line*i)[3*line*i:]
}

// neighborAxis returns along which axis and to which side two cells are
// neighbours, −1 if they are not.
func neighborAxis(g *grid.Grid, from, to int) (axis, side int) {
	for k := range g.Dim() {
		s, n := g.Stride(k), g.Cells(k)
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

// Size returns the number of cells of the grid.
func (b *Block) Size() int { return b.grid.Size() }

// Mesh returns the grid.
func (b *Block) Mesh() *grid.Grid { return b.grid }

// On discretises the same terms on another grid.
func (b *Block) On(g *grid.Grid) (Generator, error) { return Build(g, b.time, b.workers, b.terms...) }

// Range returns the cells whose rows these are.
func (b *Block) Range() grid.Range { return b.span }

// Row returns the rates out of cell i.
func (b *Block) Row(i int) (to []int, rate []float64) {
	lo, hi := b.start[i-b.span.Lo], b.start[i-b.span.Lo+1]
	return b.to[lo:hi:hi], b.rate[lo:hi:hi]
}

// Absorption returns the rate of being lost from each cell, by walls or
// killing.
func (b *Block) Absorption() []float64 { return b.absorbed }

// Exit returns −Qᵢᵢ, the total rate of leaving each cell.
func (b *Block) Exit() []float64 { return b.total }

// Neighbors returns the rates from each cell to its lower and upper neighbour
// along an axis, 0 where there is none; ok is false if some jump is wider.
func (b *Block) Neighbors(axis int) (down, up []float64, ok bool) {
	if b.near == nil {
		return nil, nil, false
	}
	return b.near[axis].down, b.near[axis].up, true
}

// Matrix returns the rows with their diagonal as a compressed sparse matrix.
func (b *Block) Matrix() *sparse.CSR {
	n := b.span.Len()
	start := make([]int, 1, n+1)
	to, rate := make([]int, 0, len(b.to)+n), make([]float64, 0, len(b.to)+n)
	for i := range n {
		cell, done := b.span.Lo+i, false
		for e := b.start[i]; e < b.start[i+1]; e++ {
			if !done && b.to[e] > cell {
				to, rate, done = append(to, cell), append(rate, -b.total[i]), true
			}
			to, rate = append(to, b.to[e]), append(rate, b.rate[e])
		}
		if !done {
			to, rate = append(to, cell), append(rate, -b.total[i])
		}
		start = append(start, len(to))
	}
	return sparse.NewCSR(n, b.Size(), start, to, rate)
}

// Parts returns one generator per axis, the jumps along it and the exits
// through its walls; killing goes with the first. Without two-point fluxes
// there is one part, the block itself.
func (b *Block) Parts() []Generator {
	if b.near == nil {
		return []Generator{b}
	}
	parts := make([]Generator, b.grid.Dim())
	for k := range parts {
		parts[k] = b.part(k)
	}
	return parts
}

func (b *Block) part(k int) *Block {
	p := &Block{grid: b.grid, span: b.span, time: b.time, workers: b.workers, killed: make([]float64, b.Size())}
	if k == 0 {
		copy(p.killed, b.killed)
	}
	for _, x := range b.exits {
		if x.axis == k {
			p.exits = append(p.exits, x)
		}
	}
	p.start = make([]int, 1, b.Size()+1)
	for i := range b.Size() {
		to, rate := b.Row(i)
		for e := range to {
			if axis, _ := neighborAxis(b.grid, i, to[e]); axis == k {
				p.to, p.rate = append(p.to, to[e]), append(p.rate, rate[e])
			}
		}
		p.start = append(p.start, len(p.to))
	}
	p.finish()
	return p
}

// Driven is a generator whose rates depend on time.
type Driven struct{ *Block }

// At returns the generator at time t.
func (d Driven) At(t float64) (Generator, error) {
	return Build(d.grid, t, d.workers, d.terms...)
}

func (b *Block) whole() {
	if b.span.Len() != b.Size() {
		panic(fmt.Sprintf("operators: the rows of cells [%d, %d) are not a generator of %d cells", b.span.Lo, b.span.Hi, b.Size()))
	}
}

// Killed returns the rate of removal of each cell by killing alone.
func (b *Block) Killed() []float64 { return b.killed }
