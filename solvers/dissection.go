package solvers

import (
	"context"
	"slices"

	"fokker/operators"
)

// leafCells is where dissection stops: below this the dense elimination of
// all cells at once is faster than the fronts of further halves.
const leafCells = 24

// ordering says in which order the cells of a graph are eliminated and what
// each elimination touches. It depends on which rates may be nonzero, not on
// their values, and on the direction of no jump.
//
// The order is nested dissection (George 1973): the cells are halved along
// the axis on which they spread most, those of one half that are joined to
// the other half are eliminated after both halves, and each half is treated
// in the same way. The halves do not touch, so their eliminations fill in
// no more than the rates between the cells around them.
type ordering struct {
	line   bool      // jumps lead to the next and the last cell only; nothing below is set
	number []int32   // when a cell is eliminated
	cell   []int32   // its inverse
	fronts []front   // children before parents; the last one is the root
	low    int       // numbers in the columns of the factor
	side   int       // numbers in its rows towards the borders
	last   int       // the first of those eliminated at the end by request
	flops  float64   // of the elimination
	weight []float64 // flops of a front and all below it
}

// front is a group of cells eliminated together, those numbered [lo, hi), as a
// dense matrix (Duff and Reid 1983). Around them lie the cells numbered
// border, increasing, all ≥ hi.
type front struct {
	lo, hi   int
	border   []int32
	children []int
	low      int // where its columns begin in the factor
	side     int // where its rows towards the border begin
}

func (f *front) pivots() int { return f.hi - f.lo }
func (f *front) size() int   { return f.hi - f.lo + len(f.border) }

// newOrdering orders the cells of a generator.
func newOrdering(q operators.Rowed) (*ordering, error) {
	g, err := read(q)
	if err != nil {
		return nil, err
	}
	return g.order(positions(q, g.cells), nil), nil
}

// factor eliminates I − τQᵀ in this order. The jumps of q must be among those
// that were ordered, in either direction.
func (o *ordering) factor(ctx context.Context, q operators.Rowed, tau float64, workers int) (*factor, error) {
	g, err := read(q)
	if err != nil {
		return nil, err
	}
	for i := range g.loss {
		g.loss[i] = 1 + tau*g.loss[i]
	}
	for e := range g.rate {
		g.rate[e] *= tau
	}
	return o.eliminate(ctx, g, both, workers, nil)
}

// positions returns where cells lie, at[k][i] along axis k. Without a grid the
// numbers of the cells are all that is known.
func positions(q operators.Generator, cells []int) [][]int32 {
	m, ok := q.(operators.Meshed)
	if !ok || m.Mesh() == nil || m.Mesh().Size() != q.Size() {
		at := make([]int32, len(cells))
		for i, c := range cells {
			at[i] = int32(c)
		}
		return [][]int32{at}
	}
	g := m.Mesh()
	at := make([][]int32, g.Dim())
	for k := range at {
		at[k] = make([]int32, len(cells))
		for i, c := range cells {
			at[k][i] = int32(g.Along(k, c))
		}
	}
	return at
}

// isLine reports whether all jumps join consecutive cells.
func (g *graph) isLine() bool {
	for i := range g.size() {
		to, _ := g.row(i)
		for _, j := range to {
			if int(j) != i-1 && int(j) != i+1 {
				return false
			}
		}
	}
	return true
}

// order dissects the graph. The cells named last are eliminated last.
func (g *graph) order(at [][]int32, last []int32) *ordering {
	n := g.size()
	if g.isLine() {
		return &ordering{line: true, last: n, low: 3 * n, flops: 5 * float64(n)}
	}
	d := dissector{
		out: g, in: g.transpose(), at: at, half: make([]int32, n),
		ordering: &ordering{number: make([]int32, n), cell: make([]int32, 0, n), last: n - len(last)},
	}
	cells := make([]int32, 0, n)
	for i := range int32(n) {
		if !slices.Contains(last, i) {
			cells = append(cells, i)
		}
	}
	root := d.dissect(cells)
	if len(last) > 0 {
		d.close(last, root)
	}
	d.borders()
	return d.ordering
}

type dissector struct {
	*ordering
	out, in *graph
	at      [][]int32
	half    []int32 // which half a cell belongs to, distinct in all bisections
	halves  int32
}

// dissect orders some cells, and returns their front.
func (d *dissector) dissect(cells []int32) int {
	if len(cells) <= leafCells {
		return d.close(cells)
	}
	lower, upper, between := d.bisect(cells)
	if 2*len(between) >= len(cells) { // joined so widely that halving gains nothing
		return d.close(cells)
	}
	var children []int
	for _, half := range [][]int32{lower, upper} {
		if len(half) > 0 {
			children = append(children, d.dissect(half))
		}
	}
	return d.close(between, children...)
}

// close numbers the pivots of a front.
func (d *dissector) close(pivots []int32, children ...int) int {
	lo := len(d.cell)
	for _, c := range pivots {
		d.number[c] = int32(len(d.cell))
		d.cell = append(d.cell, c)
	}
	d.fronts = append(d.fronts, front{lo: lo, hi: len(d.cell), children: children})
	return len(d.fronts) - 1
}

// bisect splits cells into two halves that no jump joins
// and the cells between, taken from the half that has fewer of them.
func (d *dissector) bisect(cells []int32) (lower, upper, between []int32) {
	k, cut := d.cut(cells)
	d.halves += 2
	for _, c := range cells {
		d.half[c] = d.halves
		if d.at[k][c] >= cut {
			d.half[c]++
		}
	}
	var touching [2][]int32
	for _, c := range cells {
		if side := d.half[c] - d.halves; d.touches(c) {
			touching[side] = append(touching[side], c)
		}
	}
	between = touching[0]
	if len(touching[1]) < len(between) {
		between = touching[1]
	}
	for _, c := range between {
		d.half[c] = 0 // of no half
	}
	for _, c := range cells {
		switch d.half[c] {
		case d.halves:
			lower = append(lower, c)
		case d.halves + 1:
			upper = append(upper, c)
		}
	}
	return lower, upper, between
}

// cut returns the axis on which cells spread most and the position that
// halves them.
func (d *dissector) cut(cells []int32) (axis int, position int32) {
	var low, spread int32
	for k, at := range d.at {
		lo, hi := at[cells[0]], at[cells[0]]
		for _, c := range cells {
			lo, hi = min(lo, at[c]), max(hi, at[c])
		}
		if hi-lo > spread {
			axis, low, spread = k, lo, hi-lo
		}
	}
	count := make([]int, spread+1)
	for _, c := range cells {
		count[d.at[axis][c]-low]++
	}
	below := count[0]
	for position = 1; position < spread && 2*below+count[position] <= len(cells); position++ {
		below += count[position]
	}
	return axis, low + position
}

// touches reports whether a cell is joined to the other half.
func (d *dissector) touches(c int32) bool {
	other := d.half[c] ^ 1
	joined := func(j int32) bool { return d.half[j] == other }
	to, _ := d.out.row(int(c))
	if slices.ContainsFunc(to, joined) {
		return true
	}
	from, _ := d.in.row(int(c))
	return slices.ContainsFunc(from, joined)
}

// borders finds the cells around every front: those joined to its pivots and
// those around its children, if they are eliminated later.
func (d *dissector) borders() {
	seen := make([]int32, len(d.cell)) // 1 + the front that last counted a cell
	d.weight = make([]float64, len(d.fronts))
	for t := range d.fronts {
		f := &d.fronts[t]
		add := func(j int32) {
			if int(j) >= f.hi && seen[j] != int32(t+1) {
				seen[j] = int32(t + 1)
				f.border = append(f.border, j)
			}
		}
		for _, c := range d.cell[f.lo:f.hi] {
			for _, g := range []*graph{d.out, d.in} {
				to, _ := g.row(int(c))
				for _, j := range to {
					add(d.number[j])
				}
			}
		}
		for _, child := range f.children {
			d.weight[t] += d.weight[child]
			for _, j := range d.fronts[child].border {
				add(j)
			}
		}
		slices.Sort(f.border)
		d.account(t)
	}
}

// account adds up storage and work.
func (d *dissector) account(t int) {
	f := &d.fronts[t]
	f.low, f.side = d.low, d.side
	d.low += f.pivots() * f.size()
	d.side += f.pivots() * len(f.border)
	for k := range f.pivots() {
		left := float64(f.size() - k)
		d.weight[t] += 2 * left * left
	}
	d.flops = d.weight[len(d.fronts)-1]
}

// bytes returns the memory that the columns of the factor and the largest
// front with its children take.
func (o *ordering) bytes() float64 {
	w := float64(o.widest())
	return 8 * (float64(o.low) + 3*w*w)
}
