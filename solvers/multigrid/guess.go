package multigrid

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"fokker/grid"
)

// The first guess on a level comes from the law of the next one, where the same
// terms are discretised anew: the logarithm of its density, interpolated by
// cubics along every axis, and continued by what the refinement of the mesh does
// to it. That is a part θ of what the last refinement did: ¼ where the scheme is
// of second order, ½ where of first. θ is fitted to the two refinements before
// (extrapolated full multigrid, Brandt and Livne 2011).

// trend is what a level remembers of its law for the guess on the finer one.
type trend struct {
	log    []float64   // of the density
	step   []float64   // the logarithm less the interpolant of that of the next level
	seen   int         // how many of the two are known
	sums   []agreement // per slab
	theta  float64
	fit    *wave
	extend *wave
}

// agreement is sums over cells, weighted with the law, of the squares of the step
// and of the one that the next level took, and of their product.
type agreement struct{ own, next, both float64 }

func (l *level) newTrend() trend {
	return trend{
		log: l.vector(), step: l.vector(), sums: make([]agreement, l.rows/l.slabRows),
		fit: l.newWave(l.remember), extend: l.newWave(l.extend),
	}
}

// guess leaves on l a guess of its law from that of the next level.
func (s *solver) guess(l *level) {
	c := l.next
	c.trend.seen = 1
	if c.next != nil && c.next.trend.seen > 0 {
		c.trend.seen = 2
	}
	c.trend.fit.run(s.pool)
	c.trend.theta = 0
	if l.refines(c) && c.refines(c.next) {
		c.trend.theta = c.contraction()
	}
	c.trend.extend.run(s.pool)
	l.do.guess.run(s.pool)
}

// refines reports whether c was made from l along the same axes as the level after
// it from c.
func (l *level) refines(c *level) bool {
	if c.next == nil {
		return false
	}
	for k, n := range c.n {
		if (l.n[k] > n) != (n > c.next.n[k]) {
			return false
		}
	}
	return true
}

// foreseen reports whether the guess continues what refinements did before: then
// it is as smooth as the law.
func (l *level) foreseen() bool { return l.next != nil && l.next.trend.theta > 0 }

// remember takes the logarithm of the density and compares it with those of the
// next level.
func (l *level) remember(slab int, scratch []float64) {
	sums := agreement{}
	for r := slab * l.slabRows; r < (slab+1)*l.slabRows; r++ {
		v, log, p := l.volume(r), l.row(l.trend.log, r), l.row(l.p, r)
		for i, h := range l.g.Widths(0) {
			log[i] = math.Log(p[i] / (v * h))
		}
		if l.trend.seen < 2 {
			continue
		}
		step, before := l.row(l.trend.step, r), scratch[:l.n[0]]
		l.interpolate(step, l.next.trend.log, r, scratch[l.n[0]:])
		floats.SubTo(step, log, step)
		if l.next.trend.seen == 2 {
			l.interpolate(before, l.next.trend.step, r, scratch[l.n[0]:])
			sums.add(p, step, before)
		}
	}
	l.trend.sums[slab] = sums
}

func (a *agreement) add(p, own, next []float64) {
	own, next = own[:len(p)], next[:len(p)]
	for i, m := range p {
		d, e := own[i], next[i]
		a.own, a.next, a.both = a.own+m*d*d, a.next+m*e*e, a.both+m*d*e
	}
}

// contraction returns θ, 0 where the steps are not alike.
func (l *level) contraction() float64 {
	const (
		alike   = 0.7 // part of the square of the step that the fit explains
		slowest = 0.5 // the first order
	)
	var all agreement
	for _, s := range l.trend.sums {
		all.own, all.next, all.both = all.own+s.own, all.next+s.next, all.both+s.both
	}
	if !(all.both > 0 && all.both*all.both > alike*all.own*all.next) {
		return 0
	}
	return min(all.both/all.next, slowest)
}

// extend writes the logarithm that the next refinement is expected to lead to
// where the corrections stand, and the density in the place of the law.
func (l *level) extend(slab int, _ []float64) {
	const most = 1 // in the tails the steps may be large, and not alike
	for r := slab * l.slabRows; r < (slab+1)*l.slabRows; r++ {
		v, log, step, to, p := l.volume(r), l.row(l.trend.log, r), l.row(l.trend.step, r), l.row(l.whole, r), l.row(l.p, r)
		for i, h := range l.g.Widths(0) {
			d := min(max(l.trend.theta*step[i], -most), most)
			to[i] = log[i] + d
			p[i] = grown(p[i]/(v*h), d)
		}
	}
}

// predict takes the law from the interpolated logarithm of the coarse density.
func (l *level) predict(slab int, scratch []float64) {
	c, near := l.next, l.merge[0].near
	log := scratch[:l.n[0]]
	for r := slab * l.slabRows; r < (slab+1)*l.slabRows; r++ {
		l.interpolate(log, c.whole, r, scratch[l.n[0]:])
		coarse, v := l.over(r), l.volume(r)
		from, density, p := c.row(c.whole, coarse), c.row(c.p, coarse), l.row(l.p, r)
		for i, h := range l.g.Widths(0) {
			p[i] = grown(density[near[i]], log[i]-from[near[i]])*(v*h) + spring
		}
	}
}

// grown returns x eᵈ, to eight digits, and at most 8x: where more comes out of a
// cubic, in tails that the coarse mesh does not resolve, it is no cubic.
func grown(x, d float64) float64 {
	if d > math.Ln2*3 {
		return 8 * x
	}
	if math.Abs(d) < 0.25 { // d⁷/7! is left out
		return x * (1 + d*(1+d/2*(1+d/3*(1+d/4*(1+d/5*(1+d/6))))))
	}
	return x * math.Exp(d)
}

// over returns the row of the next level over row r.
func (l *level) over(r int) int {
	row := 0
	for k := 1; k < len(l.n); k++ {
		row += int(l.merge[k].near[l.along(k, r)]) * l.next.g.Stride(k) / l.next.n[0]
	}
	return row
}

// along returns the position of row r along axis k > 0.
func (l *level) along(k, r int) int { return r * l.n[0] / l.g.Stride(k) % l.n[k] }

// interpolate writes to dst, of row r, the interpolant of an array of the next
// level.
func (l *level) interpolate(dst, coarse []float64, r int, scratch []float64) {
	n := l.next.n[0]
	row := scratch[:n+2*beyondEnds]
	clear(row)
	l.join(row[beyondEnds:n+beyondEnds], coarse, len(l.n)-1, r, 0, 1)
	copy(row, row[n:n+beyondEnds]) // around the ring
	copy(row[n+beyondEnds:], row[beyondEnds:2*beyondEnds])
	c := l.merge[0].cubic
	from, w := c.from[:len(dst)], c.w[:len(dst)]
	for i := range dst {
		f, w := (*[4]float64)(row[int(from[i])+beyondEnds:]), &w[i]
		dst[i] = (f[0]*w[0] + f[1]*w[1]) + (f[2]*w[2] + f[3]*w[3])
	}
}

// beyondEnds is how many numbers of a row may be asked for beyond either end;
// those that are not on a ring have weight 0.
const beyondEnds = 3

// join adds the coarse rows around fine row r, weighted, from axis k down.
func (l *level) join(dst, coarse []float64, k, r, row int, weight float64) {
	c := l.next
	if k == 0 {
		floats.AddScaled(dst, weight, c.row(coarse, row))
		return
	}
	m, i, step := l.merge[k].cubic, l.along(k, r), c.g.Stride(k)/c.n[0]
	for a, w := range m.w[i] {
		if w != 0 {
			at := (int(m.from[i]) + a + c.n[k]) % c.n[k]
			l.join(dst, coarse, k-1, r, row+at*step, weight*w)
		}
	}
}

// cubic reads a coarse function at the cells of a finer axis: at cell i it is
// Σₐ w[i][a]·f[from[i]+a], counted around a ring.
type cubic struct {
	from []int32
	w    [][4]float64
}

// newCubic is exact on cubics that stay between closed faces; where fewer than
// four coarse cells do, on what these determine. near is the coarse cell that
// every fine cell is a part of.
func newCubic(fine, coarse grid.Axis, near []int32) cubic {
	n := coarse.Cells()
	c := cubic{make([]int32, len(near)), make([][4]float64, len(near))}
	for i := range near {
		x, at := middle(fine, i), int(near[i])
		lo, hi := between(coarse, at)
		first := at - 1
		if x < middle(coarse, at) {
			first--
		}
		if hi-lo < n || coarse.Ends[0] != grid.Periodic {
			first = max(min(first, hi-4), lo)
		}
		c.from[i] = int32(first)
		points := min(4, hi-lo)
		for a := range points {
			w := 1.0
			for b := range points {
				if b != a {
					w *= (x - unrolled(coarse, first+b)) / (unrolled(coarse, first+a) - unrolled(coarse, first+b))
				}
			}
			c.w[i][a] = w
		}
	}
	return c
}

// same is the cubic of an axis that is not coarsened.
func same(n int) cubic {
	c := cubic{make([]int32, n), make([][4]float64, n)}
	for i := range n {
		c.from[i], c.w[i][0] = int32(i), 1
	}
	return c
}

// between returns the cells lo … hi−1 around one that no closed face divides.
func between(a grid.Axis, cell int) (lo, hi int) {
	shut := shutFaces(a)
	for lo = cell; lo > 0 && !shut[lo]; lo-- {
	}
	for hi = cell + 1; hi < a.Cells() && !shut[hi]; hi++ {
	}
	return lo, hi
}

// unrolled returns the middle of a cell, of a ring also those before and after.
func unrolled(a grid.Axis, cell int) float64 {
	n := a.Cells()
	turn := (cell+n)/n - 1
	return middle(a, cell-turn*n) + float64(turn)*(a.Edges[n]-a.Edges[0])
}
