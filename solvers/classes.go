package solvers

import (
	"fmt"
	"math"
	"slices"

	"fokker/grid"
	"fokker/operators"
)

// graph is the rates between some cells, by rows: the jumps out of cell i are
// to[start[i]:start[i+1]]. Cells are counted within the graph; cells[i] is the
// cell of the mesh.
type graph struct {
	cells []int
	start []int
	to    []int32
	rate  []float64
	loss  []float64 // rate of leaving the graph
}

func (g *graph) size() int { return len(g.loss) }

func (g *graph) degree(cell int) int { return g.start[cell+1] - g.start[cell] }

func (g *graph) arrow(cell, e int) (to int, open bool) {
	e += g.start[cell]
	return int(g.to[e]), g.rate[e] > 0
}

func (g *graph) loses(cell int) bool { return g.loss[cell] > 0 }

// row returns the jumps out of cell i.
func (g *graph) row(i int) (to []int32, rate []float64) {
	lo, hi := g.start[i], g.start[i+1]
	return g.to[lo:hi], g.rate[lo:hi]
}

// read copies the rates of a generator and refuses those that are not rates.
func read(q operators.Rowed) (*graph, error) {
	n, jumps := q.Size(), 0
	for i := range n {
		to, _ := q.Row(i)
		jumps += len(to)
	}
	g := &graph{
		cells: make([]int, n), start: make([]int, 1, n+1),
		to: make([]int32, 0, jumps), rate: make([]float64, 0, jumps), loss: make([]float64, n),
	}
	copy(g.loss, q.Absorption())
	for i := range n {
		g.cells[i] = i
		if !valid(g.loss[i]) {
			return nil, notAbsorption(i, g.loss[i])
		}
		to, rate := q.Row(i)
		for e, j := range to {
			if !valid(rate[e]) {
				return nil, notRate(i, j, rate[e])
			}
			g.to = append(g.to, int32(j))
			g.rate = append(g.rate, rate[e])
		}
		g.start = append(g.start, len(g.to))
	}
	return g, nil
}

func valid(rate float64) bool { return rate >= 0 && rate <= math.MaxFloat64 }

func notAbsorption(cell int, rate float64) error {
	return fmt.Errorf("solvers: absorption of cell %d is %v, expected finite and nonnegative", cell, rate)
}

func notRate(from, to int, rate float64) error {
	return fmt.Errorf("solvers: rate from cell %d to %d is %v, expected finite and nonnegative", from, to, rate)
}

// transpose returns the jumps into every cell, as a graph whose rows they are.
func (g *graph) transpose() *graph {
	n := g.size()
	t := &graph{cells: g.cells, start: make([]int, n+1), to: make([]int32, len(g.to)), rate: make([]float64, len(g.to)), loss: g.loss}
	for _, j := range g.to {
		t.start[j+1]++
	}
	for i := range n {
		t.start[i+1] += t.start[i]
	}
	next := make([]int, n)
	copy(next, t.start)
	for i := range n {
		to, rate := g.row(i)
		for e, j := range to {
			t.to[next[j]], t.rate[next[j]] = int32(i), rate[e]
			next[j]++
		}
	}
	return t
}

// restrict returns the rates between the given cells; rates to other cells
// are losses. Of at, one zero per cell of the graph, it leaves zeros.
func (g *graph) restrict(cells []int, at []int32) *graph {
	if len(cells) == g.size() {
		return g
	}
	r := &graph{start: make([]int, 1, len(cells)+1), loss: make([]float64, len(cells))}
	for i, c := range cells {
		at[c] = int32(i + 1) // 1 + place in cells
		r.cells = append(r.cells, g.cells[c])
	}
	for i, c := range cells {
		r.loss[i] = g.loss[c]
		to, rate := g.row(c)
		for e, j := range to {
			if at[j] == 0 {
				r.loss[i] += rate[e]
				continue
			}
			r.to, r.rate = append(r.to, at[j]-1), append(r.rate, rate[e])
		}
		r.start = append(r.start, len(r.to))
	}
	for _, c := range cells {
		at[c] = 0
	}
	return r
}

// even multiplies every row by a power of two, 2^−by[i], that brings its sum
// into [½, 1), or as near as it can without taking digits from its least rate.
// Masses divided by these powers are those of the even graph.
func (g *graph) even() (h *graph, by []int) {
	h = &graph{cells: g.cells, start: g.start, to: g.to, rate: make([]float64, len(g.rate)), loss: make([]float64, g.size())}
	by = make([]int, g.size())
	for i := range by {
		lo, hi := g.start[i], g.start[i+1]
		_, by[i] = math.Frexp(g.loss[i] + sum(g.rate[lo:hi]))
		by[i] = min(by[i], max(0, g.spare(i)))
		h.loss[i] = math.Ldexp(g.loss[i], -by[i])
		for e := lo; e < hi; e++ {
			h.rate[e] = math.Ldexp(g.rate[e], -by[i])
		}
	}
	return h, by
}

// spare returns by which power of two all positive rates of a row can be divided and
// remain normal numbers.
func (g *graph) spare(i int) int {
	const normal = -1021 // exponent of the least of them, as Frexp has it
	least := math.MaxFloat64
	if g.loss[i] > 0 {
		least = g.loss[i]
	}
	for _, rate := range g.rate[g.start[i]:g.start[i+1]] {
		if rate > 0 {
			least = min(least, rate)
		}
	}
	_, e := math.Frexp(least)
	return e - normal
}

// arrows is which cells jump to which, all that classes depend on. Of the
// arrows of a cell those are open that have a positive rate.
type arrows interface {
	size() int
	degree(cell int) int
	arrow(cell, e int) (to int, open bool)
	loses(cell int) bool
}

// components numbers the strongly connected components; open arrows between
// components lead to lower numbers (Tarjan 1972, with an explicit stack).
func components(a arrows) (of []int32, count int) {
	n := a.size()
	s := search{
		arrows: a, of: make([]int32, n), order: make([]int32, n), low: make([]int32, n),
		next: make([]int32, n), above: make([]int32, n),
	}
	for i := range n {
		s.of[i] = -1
	}
	for i := range n {
		if s.order[i] == 0 {
			s.from(int32(i))
		}
	}
	return s.of, s.count
}

// search is the state of Tarjan's depth-first search.
type search struct {
	arrows
	of    []int32 // component, −1 while open
	order []int32 // of the visit, from 1
	low   []int32 // least order known to be reachable and open
	next  []int32 // the arrow to follow
	above []int32 // the cell from which a cell was reached
	open  []int32 // cells visited and not yet in a component
	count int
	seen  int32
}

func (s *search) enter(i, above int32) {
	s.seen++
	s.order[i], s.low[i], s.above[i] = s.seen, s.seen, above
	s.open = append(s.open, i)
}

// from visits all that can be reached from a cell.
func (s *search) from(root int32) {
	s.enter(root, -1)
	for i := root; i >= 0; {
		if e := int(s.next[i]); e < s.degree(int(i)) {
			s.next[i]++
			switch j, open := s.arrow(int(i), e); {
			case !open:
			case s.order[j] == 0:
				s.enter(int32(j), i)
				i = int32(j)
			case s.of[j] < 0:
				s.low[i] = min(s.low[i], s.order[j])
			}
			continue
		}
		if s.low[i] == s.order[i] {
			s.close(i)
		}
		if up := s.above[i]; up >= 0 {
			s.low[up] = min(s.low[up], s.low[i])
		}
		i = s.above[i]
	}
}

// close makes a component of the open cells visited since the root was.
func (s *search) close(root int32) {
	for {
		last := len(s.open) - 1
		i := s.open[last]
		s.open = s.open[:last]
		s.of[i] = int32(s.count)
		if i == root {
			break
		}
	}
	s.count++
}

// sortOut returns the closed classes, ordered by their first cells, and the
// cells outside of them.
func sortOut(a arrows) (closed [][]int, transient []int) {
	of, count := components(a)
	left := make([]bool, count)
	for i := range a.size() {
		c := of[i]
		left[c] = left[c] || a.loses(i)
		for e := 0; e < a.degree(i) && !left[c]; e++ {
			j, open := a.arrow(i, e)
			left[c] = open && of[j] != c
		}
	}
	place := make([]int, count)
	for i := range a.size() {
		c := of[i]
		if left[c] {
			transient = append(transient, i)
			continue
		}
		if place[c] == 0 {
			closed = append(closed, nil)
			place[c] = len(closed)
		}
		closed[place[c]-1] = append(closed[place[c]-1], i)
	}
	return closed, transient
}

// beside is the arrows of a stencil, read where it keeps its rates.
type beside struct {
	grid     *grid.Grid
	down, up [][]float64 // per axis
	loss     []float64   // nil where nothing is lost
	whole    bool        // mass gets from every cell to each of its neighbours and none is lost: all cells are one closed class
}

// newBeside returns nil for other generators than stencils.
func newBeside(q operators.Rowed) *beside {
	near, ok := q.(stencil)
	if !ok || near.Mesh() == nil || near.Mesh().Size() != q.Size() {
		return nil
	}
	b := &beside{grid: near.Mesh(), loss: q.Absorption()}
	for k := range b.grid.Dim() {
		down, up, ok := near.Neighbors(k)
		if !ok {
			return nil
		}
		b.down, b.up = append(b.down, down), append(b.up, up)
	}
	b.whole = b.united()
	return b
}

func (b *beside) size() int { return b.grid.Size() }

func (b *beside) degree(int) int { return 2 * len(b.up) }

func (b *beside) arrow(cell, e int) (to int, open bool) {
	k := e / 2
	s, n := b.grid.Stride(k), b.grid.Cells(k)
	if e%2 == 0 {
		if b.down[k][cell] == 0 {
			return cell, false
		}
		if to = cell - s; b.ring(k) && b.grid.Along(k, cell) == 0 {
			to += n * s
		}
		return to, true
	}
	if b.up[k][cell] == 0 {
		return cell, false
	}
	if to = cell + s; b.ring(k) && b.grid.Along(k, cell) == n-1 {
		to -= n * s
	}
	return to, true
}

func (b *beside) ring(k int) bool { return b.grid.Axis(k).Ends[0] == grid.Periodic }

func (b *beside) loses(cell int) bool { return b.loss != nil && b.loss[cell] > 0 }

// check refuses what are no rates.
func (b *beside) check() error {
	for i, v := range b.loss {
		if !valid(v) {
			return notAbsorption(i, v)
		}
	}
	if b.whole {
		return nil
	}
	for k := range b.up {
		for side, rates := range [][]float64{b.down[k], b.up[k]} {
			for i, v := range rates {
				if !valid(v) {
					j, _ := b.arrow(i, 2*k+side)
					return notRate(i, j, v)
				}
			}
		}
	}
	return nil
}

// united reports whether all that could be a rate between neighbours is one, and
// positive, and nothing is lost.
func (b *beside) united() bool {
	if anyPositive(b.loss) {
		return false
	}
	for k := range b.up {
		s := b.grid.Stride(k)
		plane := s * b.grid.Cells(k)
		for lo := 0; lo < len(b.up[k]); lo += plane {
			up, down, last := b.up[k][lo:lo+plane], b.down[k][lo:lo+plane], plane-s
			if !positive(up[:last]) || !positive(down[s:]) || !allValid(up[last:]) || !allValid(down[:s]) {
				return false
			}
		}
	}
	return true
}

func positive(rates []float64) bool {
	for _, r := range rates {
		if !(r > 0 && r <= math.MaxFloat64) {
			return false
		}
	}
	return true
}

func allValid(rates []float64) bool {
	return !slices.ContainsFunc(rates, func(r float64) bool { return !valid(r) })
}
