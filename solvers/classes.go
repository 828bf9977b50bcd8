package solvers

import (
	"fmt"
	"math"

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
			return nil, fmt.Errorf("solvers: absorption of cell %d is %v, expected finite and nonnegative", i, g.loss[i])
		}
		to, rate := q.Row(i)
		for e, j := range to {
			if !valid(rate[e]) {
				return nil, fmt.Errorf("solvers: rate from cell %d to %d is %v, expected finite and nonnegative", i, j, rate[e])
			}
			g.to = append(g.to, int32(j))
			g.rate = append(g.rate, rate[e])
		}
		g.start = append(g.start, len(g.to))
	}
	return g, nil
}

func valid(rate float64) bool { return rate >= 0 && !math.IsInf(rate, 1) }

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
// into [½, 1). Masses divided by these powers are those of the even graph.
func (g *graph) even() (h *graph, by []int) {
	h = &graph{cells: g.cells, start: g.start, to: g.to, rate: make([]float64, len(g.rate)), loss: make([]float64, g.size())}
	by = make([]int, g.size())
	for i := range by {
		lo, hi := g.start[i], g.start[i+1]
		_, by[i] = math.Frexp(g.loss[i] + sum(g.rate[lo:hi]))
		h.loss[i] = math.Ldexp(g.loss[i], -by[i])
		for e := lo; e < hi; e++ {
			h.rate[e] = math.Ldexp(g.rate[e], -by[i])
		}
	}
	return h, by
}

// components numbers the strongly connected components of the jumps of
// positive rate; jumps between components lead to lower numbers (Tarjan 1972,
// with an explicit stack).
func (g *graph) components() (of []int32, count int) {
	n := g.size()
	s := search{
		graph: g, of: make([]int32, n), order: make([]int32, n), low: make([]int32, n),
		next: make([]int, n), above: make([]int32, n),
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
	*graph
	of    []int32 // component, −1 while open
	order []int32 // of the visit, from 1
	low   []int32 // least order known to be reachable and open
	next  []int   // the jump to follow, counted in to
	above []int32 // the cell from which a cell was reached
	open  []int32 // cells visited and not yet in a component
	count int
	seen  int32
}

func (s *search) enter(i, above int32) {
	s.seen++
	s.order[i], s.low[i] = s.seen, s.seen
	s.next[i], s.above[i] = s.start[i], above
	s.open = append(s.open, i)
}

// from visits all that can be reached from a cell.
func (s *search) from(root int32) {
	s.enter(root, -1)
	for i := root; i >= 0; {
		if s.next[i] < s.start[i+1] {
			e := s.next[i]
			s.next[i]++
			switch j := s.to[e]; {
			case s.rate[e] == 0:
			case s.order[j] == 0:
				s.enter(j, i)
				i = j
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

// split returns the closed classes, ordered by their first cells, and the
// cells outside of them.
func (g *graph) split() (closed [][]int, transient []int) {
	of, count := g.components()
	left := make([]bool, count)
	for i := range g.size() {
		left[of[i]] = left[of[i]] || g.loss[i] > 0
		to, rate := g.row(i)
		for e, j := range to {
			left[of[i]] = left[of[i]] || of[j] != of[i] && rate[e] > 0
		}
	}
	place := make([]int, count)
	for i := range g.size() {
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
