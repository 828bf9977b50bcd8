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

// convert turns the flows of level l, an aggregate, into rates, at the faces
// above the cells of some slabs. With R and L the flows of the fine law ω
// through a coarse face in both directions the half net flow is J = ½(R − L).
// The mobility S = ½(R + L) is put in series with those of the faces within
// both cells, as far as these lie between the centres: in smooth places that
// halves it, at a bottleneck it stays. The rates (S + J)/Π up and (S − J)/Π
// down are positive if S ≥ |J|, and carry what the fine law carries if X = Π
// (Horton and Leutenegger 1994).
func (l *level) convert(m []merge, slabs grid.Range) {
	for r := slabs.Lo * l.slabRows; r < slabs.Hi*l.slabRows; r++ {
		l.convertAlong(m[0].half, r)
		for k := 1; k < len(l.n); k++ {
			if above := int(l.above[k][r]); above >= 0 {
				l.convertAcross(m[k].half, k, r, above)
			}
		}
	}
}

// convertAlong does the faces within row r.
func (l *level) convertAlong(half []float64, r int) {
	n, whole, within := l.n[0], l.row(l.whole, r), l.row(l.within[0], r)
	up, down := l.row(l.up[0], r), l.row(l.down[0], r)
	for i := range n {
		j := i + 1
		if j == n {
			j = 0
		}
		up[i], down[j] = rates(up[i], down[j], whole[i], whole[j], resist(half[i], within[i]), resist(half[j], within[j]))
	}
}

// convertAcross does those between row r and the row above along axis k.
func (l *level) convertAcross(half []float64, k, r, above int) {
	step := l.g.Stride(k) / l.n[0]
	h, ha := half[r/step%l.n[k]], half[above/step%l.n[k]]
	up, whole, within := l.row(l.up[k], r), l.row(l.whole, r), l.row(l.within[k], r)
	down, to, beyond := l.row(l.down[k], above), l.row(l.whole, above), l.row(l.within[k], above)
	for i := range up {
		up[i], down[i] = rates(up[i], down[i], whole[i], to[i], resist(h, within[i]), resist(ha, beyond[i]))
	}
}

// resist is the resistance of a cell between its centre and an end.
func resist(half, within float64) float64 {
	if half == 0 {
		return 0
	}
	return half / max(within, math.SmallestNonzeroFloat64)
}

// keep is the share of the lesser flow that a coarse face keeps at least, so
// that no cell of a rough iterate becomes a trap.
const keep = 0.1

// rates returns the coarse rates through a face between the masses below and
// above; more is the resistance besides that of the face, 1/(r + l).
func rates(r, l, below, above, m1, m2 float64) (up, down float64) {
	j, s := (r-l)/2, (r+l)/2/(1+(min((r+l)*m1,.5)+min((r+l)*m2,.5)))
	s = max(s, math.Abs(j)+keep*min(r, l))
	return (s + j) / below, (s - j) / above
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
