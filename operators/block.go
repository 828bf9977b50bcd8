package operators

import (
	"fmt"
	"slices"
	"sync"

	"github.com/james-bowman/sparse"

	"fokker/grid"
)

// Block is the rows of the cells of a range. A block of all cells is a
// Generator. Where all jumps go to face neighbours it keeps their rates by axis,
// which is what the hot loops run on and all that it stores of them.
type Block struct {
	grid     *grid.Grid
	span     grid.Range
	terms    []Term
	time     float64
	workers  int
	near     []pair             // per axis; nil where some jump is wider
	rows     func() *compressed // made when asked for where there is near
	absorbed []float64          // per row, walls and killing; nil where nothing is lost
	total    []float64          // per row, −Qᵢᵢ
	exits    []exit
	killed   []float64 // nil without killing
	turned   func() *compressed
}

// Assemble returns the rows of r at time t. It does not depend on how the
// cells are divided: joining the blocks of a split gives the same bits.
func Assemble(g *grid.Grid, r grid.Range, t float64, terms ...Term) (*Block, error) {
	return assemble(g, r, t, 1, terms)
}

// Build returns the generator of the terms on all cells, assembled by a number
// of workers.
func Build(g *grid.Grid, t float64, workers int, terms ...Term) (*Block, error) {
	return assemble(g, grid.Range{Hi: g.Size()}, t, workers, terms)
}

func assemble(g *grid.Grid, span grid.Range, t float64, workers int, terms []Term) (*Block, error) {
	near, total := make([]pair, g.Dim()), grid.Zeros[float64](span.Len())
	for k := range near {
		near[k] = pair{staggered(span.Len(), 2*k), staggered(span.Len(), 2*k+1)}
	}
	parts := span.Split(workers)
	rows := make([]*Rows, len(parts))
	grid.Range{Hi: len(parts)}.Each(len(parts), func(one grid.Range) {
		r := newRows(g, span, parts[one.Lo], near, total)
		r.collect(terms, t)
		rows[one.Lo] = r
	})
	for _, r := range rows { // the lowest cells first, whatever the number of workers
		if r.err != nil {
			return nil, r.err
		}
	}
	b := &Block{grid: g, span: span, terms: terms, time: t, workers: workers, total: total}
	b.losses(rows)
	b.store(near, rows)
	return b, nil
}

// staggered returns n zeros. Large arrays begin at pages: loops over several at
// once would need the same few places of the cache for all of them. So the
// i-th begins i lines of the cache late, by threes.
func staggered(n, i int) []float64 {
	const line = 8 // numbers of a line
	return grid.Zeros[float64](n + 3*line*i)[3*line*i:]
}

// collect asks the terms for their rates.
func (r *Rows) collect(terms []Term, t float64) {
	for _, term := range terms {
		if err := term.AppendRows(r, r.span, t); err != nil {
			r.err = err
		}
		if r.err != nil {
			return
		}
	}
}

// losses joins what is lost of all parts.
func (b *Block) losses(parts []*Rows) {
	for _, p := range parts {
		b.exits = append(b.exits, p.exits...)
		switch {
		case p.killed == nil:
		case len(parts) == 1:
			b.killed = p.killed
		default:
			if b.killed == nil {
				b.killed = make([]float64, b.span.Len())
			}
			copy(b.killed[p.span.Lo-b.span.Lo:], p.killed)
		}
	}
	b.absorb()
}

// absorb adds up what is lost.
func (b *Block) absorb() {
	b.absorbed = b.killed
	if len(b.exits) == 0 {
		return
	}
	b.absorbed = make([]float64, b.span.Len())
	copy(b.absorbed, b.killed)
	for _, x := range b.exits {
		b.absorbed[x.from-b.span.Lo] += x.rate
	}
}

// store keeps the rates in the form that suits them.
func (b *Block) store(near []pair, parts []*Rows) {
	if slices.ContainsFunc(parts, func(p *Rows) bool { return len(p.wide.rate) > 0 }) {
		all := compressAll(b.grid, parts)
		b.rows = func() *compressed { return all }
	} else {
		b.near = near
		b.rows = sync.OnceValue(func() *compressed { return compress(b.grid, b.span, b.near, jumpList{}) })
	}
	b.turned = sync.OnceValue(func() *compressed { return b.rows().transpose(b.Size()) })
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
	return b.rows().row(i - b.span.Lo)
}

// Column returns the rates into cell i of a block of all cells, from cells in
// increasing order.
func (b *Block) Column(i int) (from []int, rate []float64) {
	b.whole()
	return b.turned().row(i)
}

// Absorption returns the rate of being lost from each cell, by walls or
// killing, nil where nothing is lost.
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
	n, rows := b.span.Len(), b.rows()
	start := make([]int, 1, n+1)
	to, rate := make([]int, 0, len(rows.to)+n), make([]float64, 0, len(rows.to)+n)
	for i := range n {
		there, out := rows.row(i)
		below, _ := slices.BinarySearch(there, b.span.Lo+i)
		to, rate = append(to, there[:below]...), append(rate, out[:below]...)
		to, rate = append(to, b.span.Lo+i), append(rate, -b.total[i])
		to, rate = append(to, there[below:]...), append(rate, out[below:]...)
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
	n := b.Size()
	p := &Block{grid: b.grid, span: b.span, time: b.time, workers: b.workers, total: make([]float64, n)}
	nothing := make([]float64, n)
	near := slices.Repeat([]pair{{nothing, nothing}}, len(b.near))
	near[k] = b.near[k]
	if k == 0 {
		p.killed = b.killed
	}
	for _, x := range b.exits {
		if x.axis == k {
			p.exits = append(p.exits, x)
		}
	}
	p.absorb()
	copy(p.total, p.absorbed)
	for i := range p.total {
		p.total[i] += near[k].down[i] + near[k].up[i]
	}
	p.store(near, nil)
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

// Killed returns the rate of removal of each cell by killing alone, nil where
// there is none.
func (b *Block) Killed() []float64 { return b.killed }

// Exits calls visit for all rates of leaving through walls, with the offset that meets
// one.
func (b *Block) Exits(visit func(cell int, offset [4]int, rate float64)) {
	for _, x := range b.exits {
		visit(x.from, x.offset, x.rate)
	}
}
