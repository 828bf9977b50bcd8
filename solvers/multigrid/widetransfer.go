package multigrid

import (
	"math"

	"fokker/grid"
)

// transfer carries masses along an axis to a coarser one and functions back.
// Fine cell i gives share[i] of its mass to coarse cell to[i] and the rest to the
// one above; at it a coarse function is read as (1−w)·f[near] + w·f[far].
type transfer struct {
	from      []int // per coarse cell: the first fine cell that gives to it
	to        []int32
	share     []float64
	near, far []int32
	w         []float64
}

func newTransfer(fine, coarse grid.Axis) transfer {
	n := fine.Cells()
	t := transfer{make([]int, 1, coarse.Cells()), make([]int32, n), make([]float64, n), make([]int32, n), make([]int32, n), make([]float64, n)}
	const same = 1e-9 // of a cell: edges equal to rounding
	shut, c := shutFaces(coarse), 0
	for i := range n {
		lo, hi := fine.Edges[i], fine.Edges[i+1]
		if coarse.Edges[c+1] <= lo+same*(hi-lo) {
			c, t.from = c+1, append(t.from, i)
		}
		t.to[i], t.share[i] = int32(c), 1
		near := c
		if top := coarse.Edges[c+1]; top < hi-same*(hi-lo) {
			t.share[i] = (top - lo) / (hi - lo)
			if t.share[i] < 0.5 {
				near++
			}
			c, t.from = c+1, append(t.from, i)
		}
		t.read(i, near, middle(fine, i), coarse, shut)
	}
	return t
}

// read sets where a function is read at fine cell i with centre x.
func (t *transfer) read(i, near int, x float64, coarse grid.Axis, shut []bool) {
	n := coarse.Cells()
	t.near[i], t.far[i] = int32(near), int32(near)
	if off := x - middle(coarse, near); off > 0 && open(coarse, shut, near+1) {
		t.far[i], t.w[i] = int32((near+1)%n), off/distance(coarse, near)
	} else if off < 0 && open(coarse, shut, near) {
		below := (near + n - 1) % n
		t.far[i], t.w[i] = int32(below), -off/distance(coarse, below)
	}
}

// restrict sums a quantity over the cells of the next level.
func (l *wideLevel) restrict(dst, src []float64, p *pool) {
	slabs := l.next.g.Cells(l.g.Dim() - 1)
	p.do(slabs, func(s int) { l.receive(dst, src, s) })
}

// receive fills slab s of the next level.
func (l *wideLevel) receive(dst, src []float64, s int) {
	last, row := l.g.Dim()-1, l.g.Cells(0)
	size, fine, t := l.next.g.Stride(last), l.g.Stride(last), &l.move[last]
	clear(dst[s*size : (s+1)*size])
	for i := t.from[s]; i < len(t.to) && int(t.to[i]) <= s; i++ {
		weight := t.share[i]
		if int(t.to[i]) < s {
			weight = 1 - weight
		}
		for at := i * fine; at < (i+1)*fine; at += row {
			l.gather(dst, src[at:at+row], last-1, at, s*size, weight)
		}
	}
}

// gather adds a fine row, at cell at, to the coarse rows that it belongs to.
func (l *wideLevel) gather(dst, src []float64, k, at, to int, weight float64) {
	t := &l.move[k]
	if k == 0 {
		for i, v := range src {
			v *= weight
			if s := t.share[i]; s < 1 {
				dst[to+int(t.to[i])+1] += v * (1 - s)
				v *= s
			}
			dst[to+int(t.to[i])] += v
		}
		return
	}
	i, step := l.g.Along(k, at), l.next.g.Stride(k)
	l.gather(dst, src, k-1, at, to+int(t.to[i])*step, weight*t.share[i])
	if t.share[i] < 1 {
		l.gather(dst, src, k-1, at, to+(int(t.to[i])+1)*step, weight*(1-t.share[i]))
	}
}

// interpolate writes the multilinear interpolant of y of the next level into the
// row at cell at; coarse is scratch.
func (l *wideLevel) interpolate(dst, coarse []float64, at int) {
	clear(coarse)
	l.blend(coarse, l.g.Dim()-1, at, 0, 1)
	t := &l.move[0]
	for i := range dst {
		f := coarse[t.near[i]]
		dst[i] = f + t.w[i]*(coarse[t.far[i]]-f)
	}
}

// blend adds the coarse rows around a fine row, weighted, from axis k down.
func (l *wideLevel) blend(dst []float64, k, at, row int, weight float64) {
	if k == 0 {
		for i, y := range l.next.y[row : row+len(dst)] {
			dst[i] += weight * y
		}
		return
	}
	t, i, step := &l.move[k], l.g.Along(k, at), l.next.g.Stride(k)
	l.blend(dst, k-1, at, row+int(t.near[i])*step, weight*(1-t.w[i]))
	if t.w[i] > 0 {
		l.blend(dst, k-1, at, row+int(t.far[i])*step, weight*t.w[i])
	}
}

// correct adds the interpolated relative correction to a block.
func (l *wideLevel) correct(block int) {
	row := l.g.Cells(0)
	f, coarse := l.scratch[block][:row], l.scratch[block][row:][:l.next.g.Cells(0)]
	lo, hi := l.cells(block)
	for at := lo; at < hi; at += row {
		l.interpolate(f, coarse, at)
		for i, y := range f {
			l.u[at+i] += l.p[at+i] * y
		}
	}
}

// guess takes the law from the interpolated logarithm of the coarse density.
func (l *wideLevel) guess(block int) {
	row := l.g.Cells(0)
	f, coarse := l.scratch[block][:row], l.scratch[block][row:][:l.next.g.Cells(0)]
	lo, hi := l.cells(block)
	for at := lo; at < hi; at += row {
		l.interpolate(f, coarse, at)
		for i, y := range f {
			l.p[at+i] = math.Exp(y)*l.g.Volume(at+i) + spring
		}
	}
}
