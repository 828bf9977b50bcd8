package multigrid

import "math"

// share is the work of one pass over l.
func (s *solver) share(l *level) float64 { return float64(len(l.p)) / float64(s.finest) }

// cycle improves the law of l: first by the coarser levels, then by two
// sweeps.
func (s *solver) cycle(l *level) {
	if l.next == nil {
		l.eliminate()
		s.restless = l.restless(s.Tolerance)
		return
	}
	s.descend(l)
	s.ascend(l, 1)
}

// descend leaves on the next level the masses of its cells and what they should
// be.
func (s *solver) descend(l *level) {
	c := l.next
	l.do.coarsen.run(s.pool)
	c.stale()
	s.cycle(c)
	if c.twice {
		s.cycle(c)
	}
}

// ascend corrects l by the next level and smooths it so many times.
func (s *solver) ascend(l *level, times int) {
	l.next.do.compare.run(s.pool)
	s.work += 2 * s.share(l)
	if !gears[s.gear].lines {
		l.do.refine.run(s.pool)
		s.work += 2 * s.share(l)
		return
	}
	l.do.correct.run(s.pool)
	for range times {
		s.smooth(l)
	}
}

// smooth sweeps over the points twice, or over the lines along every axis.
func (s *solver) smooth(l *level) {
	if gears[s.gear].lines {
		for range l.n {
			s.work += l.sweepLines(s.pool) * s.share(l)
		}
		return
	}
	l.do.smooth.run(s.pool)
	s.work += 2 * s.share(l)
}

// eliminate solves the coarsest level.
func (l *level) eliminate() {
	clear(l.matrix)
	n := len(l.p)
	for k := range l.n {
		for i := range n {
			if to, inside := l.neighbour(k, i, 1); inside {
				l.matrix[i*n+to] += l.up[k][i]
			}
			if to, inside := l.neighbour(k, i, -1); inside {
				l.matrix[i*n+to] += l.down[k][i]
			}
		}
	}
	dense(l.p, l.matrix)
	for i := range l.p {
		l.p[i] += spring
	}
}

// restless returns the greatest relative correction where the law has a
// maximum, on the coarsest level. A metastable state may hold next to nothing
// because it fills slowly: that is no small error, though it changes little.
// The error may be 1/√tolerance times the correction; where that is still less
// than the tolerance, in far tails, it does not matter.
func (l *level) restless(tolerance float64) float64 {
	worst := 0.0
	if l.whole == nil { // the finest level, solved exactly
		return worst
	}
	for i, m := range l.p {
		if r := math.Abs(m/l.whole[i] - 1); r*m > tolerance*math.Sqrt(tolerance) && l.peak(i) {
			worst = max(worst, r)
		}
	}
	return worst
}

// peak reports whether no neighbour of the cell holds more.
func (l *level) peak(cell int) bool {
	for k := range l.n {
		for _, step := range [2]int{-1, 1} {
			if to, inside := l.neighbour(k, cell, step); inside && l.p[to] > l.p[cell] {
				return false
			}
		}
	}
	return true
}

// neighbour returns the cell one step along axis k.
func (l *level) neighbour(k, cell, step int) (int, bool) {
	i, n := l.g.Along(k, cell), l.n[k]
	j := i + step
	wraps := j < 0 || j == n
	if wraps && !l.ring(k) {
		return 0, false
	}
	return cell + ((j+n)%n-i)*l.g.Stride(k), true
}

// residual returns ‖Qᵀp‖₁ / Σ pᵢ|Qᵢᵢ|.
func (l *level) residual() float64 {
	flow := make([]float64, l.n[0])
	var off, all float64
	for r := range l.rows {
		clear(flow)
		for k := 1; k < len(l.n); k++ {
			l.inflow(flow, flow, k, r, 0, 1)
		}
		p, u, d, exit := l.row(l.p, r), l.row(l.up[0], r), l.row(l.down[0], r), l.row(l.exit, r)
		last := len(p) - 1
		west := p[last] * u[last]
		for i, m := range p {
			east := i + 1
			if i == last {
				east = 0
			}
			out := m * exit[i]
			off += math.Abs(flow[i] + west + p[east]*d[east] - out)
			all += out
			west = m * u[i]
		}
	}
	return off / all
}
