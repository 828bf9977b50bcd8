package multigrid

import (
	"fokker/grid"
	"math"
)

// aggregate sums the law and its flows over the cells that make a cell of the
// next level, for the coarse rows of some slabs: Π in p, Σ Rω in up, Σ Lω in
// down.
func (l *level) aggregate(slabs grid.Range) {
	c := l.next
	for r := slabs.Lo * c.slabRows; r < slabs.Hi*c.slabRows; r++ {
		clear(c.row(c.p, r))
		for k := range c.n {
			clear(c.row(c.up[k], r))
			clear(c.row(c.down[k], r))
			clear(c.row(c.within[k], r))
		}
		for _, row := range l.kids[r] {
			l.gather(r, row)
		}
		copy(c.row(c.whole, r), c.row(c.p, r))
	}
}

// gather adds one fine row to coarse row r.
func (l *level) gather(r int, row kid) {
	c, first, f := l.next, l.merge[0].first, int(row.row)
	p := l.row(l.p, f)
	gatherRow(c.row(c.p, r), p, first)
	gatherEnds(c.row(c.up[0], r), c.row(c.down[0], r), p, l.row(l.up[0], f), l.row(l.down[0], f), first)
	gatherWithin(c.row(c.within[0], r), p, l.row(l.up[0], f), l.row(l.down[0], f), first)
	for k := 1; k < len(l.n); k++ {
		up, down := c.within[k], c.within[k]
		if row.last>>k&1 == 1 {
			up = c.up[k]
		}
		if row.first>>k&1 == 1 {
			down = c.down[k]
		}
		gatherFlow(c.row(up, r), p, l.row(l.up[k], f), first)
		gatherFlow(c.row(down, r), p, l.row(l.down[k], f), first)
	}
}

func gatherRow(dst, p []float64, first []int) {
	lo := first[0]
	for c, hi := range first[1:] {
		for ; lo < hi; lo++ {
			dst[c] += p[lo]
		}
	}
}

func gatherEnds(up, down, p, u, d []float64, first []int) {
	lo := first[0]
	for c, hi := range first[1:] {
		down[c] += p[lo] * d[lo]
		up[c] += p[hi-1] * u[hi-1]
		lo = hi
	}
}

func gatherWithin(dst, p, u, d []float64, first []int) {
	i := first[0]
	for c, hi := range first[1:] {
		for ; i < hi-1; i++ {
			dst[c] += p[i]*u[i] + p[i+1]*d[i+1]
		}
		i = hi
	}
}

func gatherFlow(dst, p, rate []float64, first []int) {
	lo := first[0]
	for c, hi := range first[1:] {
		for ; lo < hi; lo++ {
			dst[c] += p[lo] * rate[lo]
		}
	}
}

// narrow turns the flows within the cells of level l, an aggregate, into half
// their resistance between the centre and an end, that is half/flow; negative
// where no bottleneck is inside.
func (l *level) narrow(m []merge, slabs grid.Range) {
	for r := slabs.Lo * l.slabRows; r < slabs.Hi*l.slabRows; r++ {
		l.narrowAlong(m[0].half, r)
		for k := 1; k < len(l.n); k++ {
			l.narrowAcross(m[k].half, k, r)
		}
	}
}

func (l *level) narrowAlong(half []float64, r int) {
	up, down, within := l.row(l.up[0], r), l.row(l.down[0], r), l.row(l.within[0], r)
	n := len(within)
	for i, w := range within {
		below, above := i-1, i+1
		if i == 0 {
			below = n - 1
		}
		if above == n {
			above = 0
		}
		within[i] = resistance(half[i], w, up[below]+down[i], up[i]+down[above])
	}
}

func (l *level) narrowAcross(half []float64, k, r int) {
	h := half[r*l.n[0]/l.g.Stride(k)%l.n[k]]
	up, down, within := l.row(l.up[k], r), l.row(l.down[k], r), l.row(l.within[k], r)
	u, d := l.nothing, l.nothing
	if below := int(l.below[k][r]); below >= 0 {
		u = l.row(l.up[k], below)
	}
	if above := int(l.above[k][r]); above >= 0 {
		d = l.row(l.down[k], above)
	}
	for i, w := range within {
		within[i] = resistance(h, w, u[i]+down[i], up[i]+d[i])
	}
}

// resistance returns half/within, with a minus sign unless both faces at the
// ends carry more than those within.
func resistance(half, within, below, above float64) float64 {
	if half == 0 {
		return 0
	}
	r := half / max(within, math.SmallestNonzeroFloat64)
	if within < below && within < above {
		return r
	}
	return -r
}

// convert turns the flows of level l, an aggregate, into rates, at the faces
// above the cells of some slabs. With R and L the flows of the fine law ω
// through a coarse face in both directions the half net flow is J = ½(R − L).
// The mobility S = ½(R + L) is halved in a coarsened direction, where the
// correction is smooth. At a bottleneck it is not, and S is put in series
// with the mobilities of the faces within both cells instead: else metastable
// states would be filled twice over, or never. The rates (S + J)/Π up and
// (S − J)/Π down are positive if S ≥ |J|, and carry what the fine law carries
// if X = Π (Horton and Leutenegger 1994).
func (l *level) convert(slabs grid.Range) {
	for r := slabs.Lo * l.slabRows; r < slabs.Hi*l.slabRows; r++ {
		l.convertAlong(r)
		for k := 1; k < len(l.n); k++ {
			if above := int(l.above[k][r]); above >= 0 {
				l.convertAcross(k, r, above)
			}
		}
	}
}

// convertAlong does the faces within row r.
func (l *level) convertAlong(r int) {
	n, whole, within := l.n[0], l.row(l.whole, r), l.row(l.within[0], r)
	up, down := l.row(l.up[0], r), l.row(l.down[0], r)
	for i := range n {
		j := i + 1
		if j == n {
			j = 0
		}
		s, f := net(up[i], down[j], within[i], within[j])
		up[i], down[j] = (s+f)/whole[i], (s-f)/whole[j]
	}
}

// convertAcross does those between row r and the row above along axis k.
func (l *level) convertAcross(k, r, above int) {
	up, whole, within := l.row(l.up[k], r), l.row(l.whole, r), l.row(l.within[k], r)
	down, to, beyond := l.row(l.down[k], above), l.row(l.whole, above), l.row(l.within[k], above)
	for i := range up {
		s, f := net(up[i], down[i], within[i], beyond[i])
		up[i], down[i] = (s+f)/whole[i], (s-f)/to[i]
	}
}

// keep is the share of the lesser flow that a coarse face keeps at least, so
// that no cell of a rough iterate becomes a trap.
const keep = 0.1

// net returns the mobility and the half net flow at a face with the flows r and
// l, between cells of the resistances below and above.
func net(r, l, below, above float64) (mobility, half float64) {
	half = (r - l) / 2
	mobility = (r + l) / 2 / (1 + series(r+l, below) + series(r+l, above))
	return max(mobility, math.Abs(half)+keep*min(r, l)), half
}

// series returns the resistance of a half cell over that of its end face,
// which carries flow; it is a half, as where all is smooth, if that is less
// and no bottleneck is within.
func series(flow, resistance float64) float64 {
	if resistance < 0 {
		return min(-flow*resistance, 0.5)
	}
	return flow * resistance
}

// bold bounds a correction. Where a rough iterate is wrong by orders of
// magnitude, in the tails, interpolation would carry them to heavier cells.
const bold = 8

// compare turns Π into the correction X/Π.
func (l *level) compare(slabs grid.Range) {
	size := l.slabRows * l.n[0]
	x, whole := l.p[slabs.Lo*size:slabs.Hi*size], l.whole[slabs.Lo*size:slabs.Hi*size]
	for i, m := range x {
		whole[i] = min(max(m/whole[i], 1/bold), bold)
	}
}

// logarithm writes the logarithm of the density where the correction stands.
func (l *level) logarithm() {
	for i, m := range l.p {
		l.whole[i] = math.Log(m / l.g.Volume(i))
	}
}

// interpolate writes, for row r, the multilinear interpolant of the array
// whole of the next level into dst; coarse is scratch.
func (l *level) interpolate(dst, coarse []float64, r int) {
	c, m := l.next, l.merge[0]
	coarse = coarse[:c.n[0]]
	clear(coarse)
	l.blend(coarse, len(l.n)-1, r, 0, 1)
	near, far, w := m.near[:len(dst)], m.far[:len(dst)], m.w[:len(dst)]
	for i := range dst {
		f := coarse[near[i]]
		dst[i] = f + w[i]*(coarse[far[i]]-f)
	}
}

// blend adds the coarse rows around fine row r, weighted, from axis k down.
func (l *level) blend(dst []float64, k, r, row int, weight float64) {
	c := l.next
	if k == 0 {
		for i, f := range c.row(c.whole, row) {
			dst[i] += weight * f
		}
		return
	}
	i, step := r*l.n[0]/l.g.Stride(k)%l.n[k], c.g.Stride(k)/c.n[0]
	m := l.merge[k]
	l.blend(dst, k-1, r, row+int(m.near[i])*step, weight*(1-m.w[i]))
	if m.w[i] > 0 {
		l.blend(dst, k-1, r, row+int(m.far[i])*step, weight*m.w[i])
	}
}

// correct multiplies the law by the interpolated correction.
func (l *level) correct(block int) {
	slabs, n := l.blocks[block], l.n[0]
	f, coarse := l.scratch[block][:n], l.scratch[block][n:]
	for r := slabs.Lo * l.slabRows; r < slabs.Hi*l.slabRows; r++ {
		l.interpolate(f, coarse, r)
		for i, p := range l.row(l.p, r) {
			l.p[r*n+i] = p * f[i]
		}
	}
}

// guess takes the law from the interpolated logarithm of the coarse density.
func (l *level) guess(block int) {
	slabs, n := l.blocks[block], l.n[0]
	f, coarse := l.scratch[block][:n], l.scratch[block][n:]
	for r := slabs.Lo * l.slabRows; r < slabs.Hi*l.slabRows; r++ {
		l.interpolate(f, coarse, r)
		for i := range f {
			l.p[r*n+i] = math.Exp(f[i])*l.g.Volume(r*n+i) + spring
		}
	}
}
