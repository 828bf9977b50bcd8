package operators

import (
	"slices"

	"fokker/grid"
)

// compressed is rates between different cells by rows: those out of row i are
// to[start[i]:start[i+1]], columns increasing.
type compressed struct {
	start, to []int
	rate      []float64
}

func (c *compressed) row(i int) (to []int, rate []float64) {
	lo, hi := c.start[i], c.start[i+1]
	return c.to[lo:hi:hi], c.rate[lo:hi:hi]
}

// compressAll joins the rows of consecutive parts.
func compressAll(g *grid.Grid, parts []*Rows) *compressed {
	rows := make([]*compressed, len(parts))
	grid.Range{Hi: len(parts)}.Each(len(parts), func(one grid.Range) {
		p := parts[one.Lo]
		rows[one.Lo] = compress(g, p.span, p.near, p.wide)
		p.wide = jumpList{}
	})
	if len(rows) == 1 {
		return rows[0]
	}
	length, n := 0, 0
	for _, r := range rows {
		length, n = length+len(r.to), n+len(r.start)-1
	}
	all := &compressed{make([]int, n+1), make([]int, length), make([]float64, length)}
	row, at := 0, 0
	for _, r := range rows {
		for i, s := range r.start {
			all.start[row+i] = at + s
		}
		copy(all.to[at:], r.to)
		at, row = at+copy(all.rate[at:], r.rate), row+len(r.start)-1
	}
	return all
}

// compress orders rates by row and column and adds up equal jumps in the order
// they were given.
func compress(g *grid.Grid, span grid.Range, near []pair, wide jumpList) *compressed {
	n := span.Len()
	first := make([]int, n+1)
	for _, i := range wide.from {
		first[i+1]++
	}
	for _, p := range near {
		for i := range n {
			first[i+1] += count(p.down[i]) + count(p.up[i])
		}
	}
	for i := range n {
		first[i+1] += first[i]
	}
	c := &compressed{first, make([]int, first[n]), make([]float64, first[n])}
	next := slices.Clone(first[:n])
	for e, i := range wide.from {
		c.insert(next, int(i), int(wide.to[e]), wide.rate[e])
	}
	for k, p := range near {
		c.insertNear(next, g, span, k, 0, p.down)
		c.insertNear(next, g, span, k, 1, p.up)
	}
	if len(wide.from) > 0 { // neighbours are there once
		c.merge()
	}
	return c
}

func count(rate float64) int {
	if rate > 0 {
		return 1
	}
	return 0
}

func (c *compressed) insertNear(next []int, g *grid.Grid, span grid.Range, axis, side int, rate []float64) {
	beside := newNeighbors(g, axis).beside[side]
	for i, v := range rate {
		if v > 0 {
			c.insert(next, i, span.Lo+i+beside[g.Along(axis, span.Lo+i)].to, v)
		}
	}
}

// insert puts a rate among those of its row, behind equal jumps.
func (c *compressed) insert(next []int, row, to int, rate float64) {
	p := next[row]
	next[row]++
	for ; p > c.start[row] && c.to[p-1] > to; p-- {
		c.to[p], c.rate[p] = c.to[p-1], c.rate[p-1]
	}
	c.to[p], c.rate[p] = to, rate
}

// merge adds up equal jumps.
func (c *compressed) merge() {
	kept, lo := 0, 0
	for i := range len(c.start) - 1 {
		hi := c.start[i+1]
		for e := lo; e < hi; e++ {
			if kept > c.start[i] && c.to[kept-1] == c.to[e] {
				c.rate[kept-1] += c.rate[e]
				continue
			}
			c.to[kept], c.rate[kept] = c.to[e], c.rate[e]
			kept++
		}
		c.start[i+1], lo = kept, hi
	}
	c.to, c.rate = c.to[:kept], c.rate[:kept]
}

// transpose returns the columns of c, of which there are n, as rows.
func (c *compressed) transpose(n int) *compressed {
	t := &compressed{make([]int, n+1), make([]int, len(c.to)), make([]float64, len(c.to))}
	for _, j := range c.to {
		t.start[j+1]++
	}
	for j := range n {
		t.start[j+1] += t.start[j]
	}
	next := slices.Clone(t.start[:n])
	for i := range n {
		for e := c.start[i]; e < c.start[i+1]; e++ {
			p := next[c.to[e]]
			next[c.to[e]]++
			t.to[p], t.rate[p] = i, c.rate[e]
		}
	}
	return t
}
