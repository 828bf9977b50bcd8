package multigrid

import (
	"math"
)

// aggregate sums the law and its flows over the cells that make a cell of the
// next level, for a coarse slab: Π in p, Σ Rω in up, Σ Lω in down.
func (l *level) aggregate(slab int, _ []float64) {
	c := l.next
	for r := slab * c.slabRows; r < (slab+1)*c.slabRows; r++ {
		if kids := l.kids[r]; l.inSquares && len(kids) == 2 {
			l.gatherSquares(r, int(kids[0].row), int(kids[1].row))
		} else {
			l.gatherRows(r, kids)
		}
		copy(c.row(c.whole, r), c.row(c.p, r))
	}
}

// gatherSquares is gatherRows for squares of cells, in two rows of pairs.
func (l *level) gatherSquares(r, lower, upper int) {
	c := l.next
	a := flows{l.row(l.p, lower), l.row(l.up[0], lower), l.row(l.down[0], lower)}
	b := flows{l.row(l.p, upper), l.row(l.up[0], upper), l.row(l.down[0], upper)}
	squaresAlong(c.row(c.p, r), c.row(c.up[0], r), c.row(c.down[0], r), c.row(c.within[0], r), a, b)
	a.up, a.down = l.row(l.up[1], lower), l.row(l.down[1], lower)
	b.up, b.down = l.row(l.up[1], upper), l.row(l.down[1], upper)
	squaresAcross(c.row(c.up[1], r), c.row(c.down[1], r), c.row(c.within[1], r), a, b)
}

// flows is a row of masses and their rates along an axis.
type flows struct{ p, up, down []float64 }

func squaresAlong(mass, up, down, within []float64, a, b flows) {
	n := len(a.p)
	up, down, within = up[:len(mass)], down[:len(mass)], within[:len(mass)]
	pa, ua, da, pb, ub, db := a.p, a.up[:n], a.down[:n], b.p[:n], b.up[:n], b.down[:n]
	for c := range mass {
		i, j := 2*c, 2*c+1
		if j >= n {
			break
		}
		mass[c] = (pa[i] + pa[j]) + (pb[i] + pb[j])
		up[c] = pa[j]*ua[j] + pb[j]*ub[j]
		down[c] = pa[i]*da[i] + pb[i]*db[i]
		within[c] = (pa[i]*ua[i] + pa[j]*da[j]) + (pb[i]*ub[i] + pb[j]*db[j])
	}
}

func squaresAcross(up, down, within []float64, a, b flows) {
	n := len(a.p)
	down, within = down[:len(up)], within[:len(up)]
	pa, ua, da, pb, ub, db := a.p, a.up[:n], a.down[:n], b.p[:n], b.up[:n], b.down[:n]
	for c := range up {
		i, j := 2*c, 2*c+1
		if j >= n {
			break
		}
		up[c] = pb[i]*ub[i] + pb[j]*ub[j]
		down[c] = pa[i]*da[i] + pa[j]*da[j]
		within[c] = (pa[i]*ua[i] + pa[j]*ua[j]) + (pb[i]*db[i] + pb[j]*db[j])
	}
}

// gatherRows adds the fine rows to coarse row r.
func (l *level) gatherRows(r int, rows []kid) {
	c := l.next
	clear(c.row(c.p, r))
	for k := range c.n {
		clear(c.row(c.up[k], r))
		clear(c.row(c.down[k], r))
		clear(c.row(c.within[k], r))
	}
	for _, row := range rows {
		l.gather(r, row)
	}
}

// gather adds one fine row to coarse row r.
func (l *level) gather(r int, row kid) {
	c, f := l.next, int(row.row)
	p := l.row(l.p, f)
	along := [...][]float64{c.row(c.p, r), c.row(c.up[0], r), c.row(c.down[0], r), c.row(c.within[0], r)}
	for _, s := range l.merge[0].stretches {
		s.gatherAlong(along, p, l.row(l.up[0], f), l.row(l.down[0], f))
	}
	for k := 1; k < len(l.n); k++ {
		up, down := c.within[k], c.within[k]
		if row.last>>k&1 == 1 {
			up = c.up[k]
		}
		if row.first>>k&1 == 1 {
			down = c.down[k]
		}
		for _, s := range l.merge[0].stretches {
			s.gatherAcross(c.row(up, r), c.row(down, r), p, l.row(l.up[k], f), l.row(l.down[k], f))
		}
	}
}

// gatherAlong adds the masses and their flows along the row: to the mass, the
// flows up and down through the ends and those within.
func (s stretch) gatherAlong(to [4][]float64, p, u, d []float64) {
	mass, up, down, within := to[0][s.lo:s.hi], to[1][s.lo:s.hi], to[2][s.lo:s.hi], to[3][s.lo:s.hi]
	p, u, d = p[s.from:s.to], u[s.from:s.to], d[s.from:s.to]
	if s.size == 2 {
		gatherPairsAlong(mass, up, down, within, p, u, d)
		return
	}
	for c := range mass {
		first, last := c*s.size, (c+1)*s.size-1
		down[c] += p[first] * d[first]
		up[c] += p[last] * u[last]
		for i := first; i <= last; i++ {
			mass[c] += p[i]
			if i < last {
				within[c] += p[i]*u[i] + p[i+1]*d[i+1]
			}
		}
	}
}

func gatherPairsAlong(mass, up, down, within, p, u, d []float64) {
	n := len(p)
	u, d, up, down, within = u[:n], d[:n], up[:len(mass)], down[:len(mass)], within[:len(mass)]
	for c := range mass {
		i := 2 * c
		if i+1 >= n {
			break
		}
		a, b := p[i], p[i+1]
		mass[c] += a + b
		up[c] += b * u[i+1]
		down[c] += a * d[i]
		within[c] += a*u[i] + b*d[i+1]
	}
}

// gatherAcross adds the flows to neighbouring rows.
func (s stretch) gatherAcross(up, down, p, u, d []float64) {
	up, down = up[s.lo:s.hi], down[s.lo:s.hi]
	p, u, d = p[s.from:s.to], u[s.from:s.to], d[s.from:s.to]
	if s.size == 2 {
		gatherPairsAcross(up, down, p, u, d)
		return
	}
	for c := range up {
		for i := c * s.size; i < (c+1)*s.size; i++ {
			up[c] += p[i] * u[i]
			down[c] += p[i] * d[i]
		}
	}
}

func gatherPairsAcross(up, down, p, u, d []float64) {
	n := len(p)
	u, d, down = u[:n], d[:n], down[:len(up)]
	for c := range up {
		i := 2 * c
		if i+1 >= n {
			break
		}
		a, b := p[i], p[i+1]
		up[c] += a*u[i] + b*u[i+1]
		down[c] += a*d[i] + b*d[i+1]
	}
}

// narrow turns the flows within the cells of a slab of l, an aggregate, into
// half their resistance between the centre and an end, that is half/flow;
// negative where no bottleneck is inside.
func (l *level) narrow(slab int, _ []float64) {
	for r := slab * l.slabRows; r < (slab+1)*l.slabRows; r++ {
		l.narrowAlong(r)
		for k := 1; k < len(l.n); k++ {
			l.narrowAcross(k, r)
		}
	}
}

func (l *level) narrowAlong(r int) {
	half, up, down, within := l.half[0], l.row(l.up[0], r), l.row(l.down[0], r), l.row(l.within[0], r)
	n := len(within)
	half, up, down = half[:n], up[:n], down[:n]
	below := up[n-1] + down[0]
	around := below
	for i, w := range within {
		above := around
		if i+1 < n {
			above = up[i] + down[i+1]
		}
		within[i] = resistance(half[i], w, below, above)
		below = above
	}
}

func (l *level) narrowAcross(k, r int) {
	h := l.half[k][l.along(k, r)]
	up, down, within := l.row(l.up[k], r), l.row(l.down[k], r), l.row(l.within[k], r)
	u, d := l.nothing, l.nothing
	if below := int(l.below[k][r]); below >= 0 {
		u = l.row(l.up[k], below)
	}
	if above := int(l.above[k][r]); above >= 0 {
		d = l.row(l.down[k], above)
	}
	up, down, u, d = up[:len(within)], down[:len(within)], u[:len(within)], d[:len(within)]
	for i, w := range within {
		within[i] = resistance(h, w, u[i]+down[i], up[i]+d[i])
	}
}

// resistance returns half/within, with a minus sign unless both faces at the
// ends carry more than those within.
func resistance(half, within, below, above float64) float64 {
	const nothing = 1e-300 // its inverse is finite
	r := half / max(within, nothing)
	if within < below && within < above {
		return r
	}
	return -r
}

// convert turns the flows of level l, an aggregate, into those of a correction
// by the rates times Π, at the faces above the cells of a slab. With R and L
// the flows of the fine law ω through a coarse face in both directions the half
// net flow is J = ½(R − L). The mobility S = ½(R + L) is halved in a coarsened
// direction, where the correction is smooth. At a bottleneck it is not, and S
// is put in series with the mobilities of the faces within both cells instead:
// else metastable states would be filled twice over, or never. The rates
// (S + J)/Π up and (S − J)/Π down are positive if S ≥ |J|, and carry what the
// fine law carries if X = Π (Horton and Leutenegger 1994).
func (l *level) convert(slab int, _ []float64) {
	for r := slab * l.slabRows; r < (slab+1)*l.slabRows; r++ {
		up, down, within, last := l.row(l.up[0], r), l.row(l.down[0], r), l.row(l.within[0], r), l.n[0]-1
		convertFaces(up[:last], down[1:], within[:last], within[1:])
		convertFaces(up[last:], down[:1], within[last:], within[:1])
		for k := 1; k < len(l.n); k++ {
			if above := int(l.above[k][r]); above >= 0 {
				convertFaces(l.row(l.up[k], r), l.row(l.down[k], above), l.row(l.within[k], r), l.row(l.within[k], above))
			}
		}
	}
}

// keep is the share of the lesser flow that a coarse face keeps at least, so
// that no cell of a rough iterate becomes a trap.
const keep = 0.1

// convertFaces does the faces between cells and those above them, of the
// resistances below and above.
func convertFaces(up, down, below, above []float64) {
	n := len(up)
	down, below, above = down[:n], below[:n], above[:n]
	for i, r := range up {
		l := down[i]
		both, half := r+l, (r-l)/2
		s := both / 2 / (1 + series(both, below[i]) + series(both, above[i]))
		s = max(s, math.Abs(half)+keep*min(r, l))
		up[i], down[i] = s+half, s-half
	}
}

// settle divides the flows by Π and computes the rates of leaving. Their place is
// that of a resistance within, which no stage asks for any more.
func (l *level) settle(slab int, scratch []float64) {
	for r := slab * l.slabRows; r < (slab+1)*l.slabRows; r++ {
		exit, share := l.row(l.exit, r), scratch[:l.n[0]]
		for i, m := range l.row(l.whole, r) {
			share[i] = 1 / m
		}
		clear(exit)
		for k := range l.n {
			settleRow(exit, share, l.row(l.up[k], r), l.row(l.down[k], r))
		}
	}
}

func settleRow(out, share, up, down []float64) {
	share, up, down = share[:len(out)], up[:len(out)], down[:len(out)]
	for i := range out {
		u, d := up[i]*share[i], down[i]*share[i]
		up[i], down[i] = u, d
		out[i] += u + d
	}
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
func (l *level) compare(slab int, _ []float64) {
	size := l.slabRows * l.n[0]
	x, whole := l.p[slab*size:(slab+1)*size], l.whole[slab*size:(slab+1)*size]
	for i, m := range x {
		whole[i] = min(max(m/whole[i], 1/bold), bold)
	}
}

// volume returns the product of the widths of row r across the first axis.
func (l *level) volume(r int) float64 {
	v := 1.0
	for k := 1; k < len(l.n); k++ {
		v *= l.g.Widths(k)[l.along(k, r)]
	}
	return v
}

// uniform sets the law to the uniform one.
func (l *level) uniform() {
	for r := range l.rows {
		v := l.volume(r)
		p := l.row(l.p, r)
		for i, h := range l.g.Widths(0) {
			p[i] = v * h
		}
	}
}

// correct multiplies the law by the interpolated correction.
func (l *level) correct(slab int, scratch []float64) {
	for r := slab * l.slabRows; r < (slab+1)*l.slabRows; r++ {
		l.multiply(l.row(l.p, r), r, scratch)
	}
}

// multiply multiplies dst, of row r, by the multilinear interpolant of the
// array whole of the next level.
func (l *level) multiply(dst []float64, r int, scratch []float64) {
	c := l.next
	n := c.n[0]
	row := scratch[:n+2] // with its neighbours around the ring, or any numbers
	clear(row)
	l.blend(row[1:n+1], len(l.n)-1, r, 0, 1)
	row[0], row[n+1] = row[n], row[1]
	m := l.merge[0]
	for _, s := range m.stretches {
		if to := dst[s.from:s.to]; s.size == 2 {
			spreadPairs(to, row[s.lo:s.hi+2], m.w[s.from:s.to])
		} else {
			spread(to, row[1:], m.near[s.from:s.to], m.far[s.from:s.to], m.w[s.from:s.to])
		}
	}
}

// spread multiplies by the interpolant of a coarse row.
func spread(dst, row []float64, near, far []int32, w []float64) {
	near, far, w = near[:len(dst)], far[:len(dst)], w[:len(dst)]
	for i := range dst {
		f := row[near[i]]
		dst[i] *= f + w[i]*(row[far[i]]-f)
	}
}

// spreadPairs is spread for pairs: the first of them leans on the pair below,
// the second on the one above. row begins with the pair below the first.
func spreadPairs(dst, row, w []float64) {
	below, row, above := row[:len(row)-2], row[1:len(row)-1], row[2:]
	n := len(dst)
	w, below, above = w[:n], below[:len(row)], above[:len(row)]
	for c, f := range row {
		i := 2 * c
		if i+1 >= n {
			break
		}
		dst[i] *= f + w[i]*(below[c]-f)
		dst[i+1] *= f + w[i+1]*(above[c]-f)
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
	i, step := l.along(k, r), c.g.Stride(k)/c.n[0]
	m := l.merge[k]
	l.blend(dst, k-1, r, row+int(m.near[i])*step, weight*(1-m.w[i]))
	if m.w[i] > 0 {
		l.blend(dst, k-1, r, row+int(m.far[i])*step, weight*m.w[i])
	}
}
