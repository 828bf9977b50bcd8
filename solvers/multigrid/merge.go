package multigrid

import "fokker/grid"

// merge says how the cells of an axis are joined into those of a coarser one.
// Coarse cell I is made of the fine cells first[I] … first[I+1]−1; at fine
// cell i a coarse function f is read as (1−w)·f[near] + w·f[far].
type merge struct {
	first     []int
	near, far []int32
	w         []float64
	cubic     cubic
	half      []float64 // per coarse cell: resistance of a half over that of its inner faces in parallel
	stretches []stretch
}

// stretch is the coarse cells lo … hi−1, each of size fine cells, from … to−1
// in all: loops over it need no table.
type stretch struct{ lo, hi, from, to, size int }

func stretches(first []int) []stretch {
	var all []stretch
	for c := range len(first) - 1 {
		size := first[c+1] - first[c]
		if c == 0 || all[len(all)-1].size != size {
			all = append(all, stretch{lo: c, from: first[c], size: size})
		}
		s := &all[len(all)-1]
		s.hi, s.to = c+1, first[c+1]
	}
	return all
}

// pairs joins the cells of an axis two by two. Closed faces stay faces: the
// stretches between them are paired by themselves. Of an odd stretch the last
// cell stays alone, or joins the last pair if it is smaller than its neighbour.
func pairs(a grid.Axis) (grid.Axis, []int) {
	shut, n := shutFaces(a), a.Cells()
	coarse, first := a, []int{0}
	coarse.Edges, coarse.Closed = a.Edges[:1:1], nil
	for i := 0; i < n; {
		end := i + 1
		for end < n && !shut[end] {
			end++
		}
		for i < end {
			i += together(a.Edges, i, end)
			first, coarse.Edges = append(first, i), append(coarse.Edges, a.Edges[i])
		}
	}
	for c, f := range first {
		if shut[f] {
			coarse.Closed = append(coarse.Closed, c)
		}
	}
	return coarse, first
}

// together returns how many of the cells from i to end are joined next.
func together(edges []float64, i, end int) int {
	width := func(c int) float64 { return edges[c+1] - edges[c] }
	switch left := end - i; {
	case left == 1:
		return 1
	case left == 3 && width(i+2) < 0.75*width(i+1): // halfway between equal and half as wide
		return 3
	}
	return 2
}

func shutFaces(a grid.Axis) []bool {
	shut := make([]bool, a.Cells()+1)
	for _, f := range a.Closed {
		shut[f] = true
	}
	if a.Ends[0] == grid.Periodic {
		either := shut[0] || shut[len(shut)-1]
		shut[0], shut[len(shut)-1] = either, either
	}
	return shut
}

// alone is the merge that changes nothing.
func alone(n int) merge {
	m := merge{first: make([]int, n+1), near: make([]int32, n), w: make([]float64, n), half: make([]float64, n)}
	m.far = m.near
	for i := range n {
		m.first[i+1], m.near[i] = i+1, int32(i)
	}
	m.stretches, m.cubic = stretches(m.first), same(n)
	return m
}

// newMerge returns the tables for the axes fine and coarse.
func newMerge(fine, coarse grid.Axis, first []int) merge {
	n := fine.Cells()
	m := merge{first: first, stretches: stretches(first), near: make([]int32, n), far: make([]int32, n), w: make([]float64, n), half: make([]float64, coarse.Cells())}
	shut := shutFaces(coarse)
	for c := range coarse.Cells() {
		up := distance(coarse, c)
		inner := float64(first[c+1] - first[c] - 1)
		m.half[c] = inner * inner / 2
		for i := first[c]; i < first[c+1]; i++ {
			m.near[i], m.far[i] = int32(c), int32(c)
			if off := middle(fine, i) - middle(coarse, c); off > 0 && open(coarse, shut, c+1) {
				m.far[i], m.w[i] = int32((c+1)%coarse.Cells()), off/up
			} else if off < 0 && open(coarse, shut, c) {
				below := (c + coarse.Cells() - 1) % coarse.Cells()
				m.far[i], m.w[i] = int32(below), -off/distance(coarse, below)
			}
		}
	}
	m.cubic = newCubic(fine, coarse, m.near)
	return m
}

func open(a grid.Axis, shut []bool, face int) bool {
	inside := face > 0 && face < a.Cells()
	return !shut[face] && (inside || a.Ends[0] == grid.Periodic)
}

func middle(a grid.Axis, i int) float64 { return a.Edges[i] + (a.Edges[i+1]-a.Edges[i])/2 }

// distance returns that of the centres on both sides of the face above cell i,
// around the ring at the last one.
func distance(a grid.Axis, i int) float64 {
	up := (i + 1) % a.Cells()
	return (a.Edges[i+1]-a.Edges[i])/2 + (a.Edges[up+1]-a.Edges[up])/2
}
