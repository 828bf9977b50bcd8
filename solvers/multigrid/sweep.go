package multigrid

// spring feeds every cell a mass flow so small that it changes no sum, but
// keeps the tails of the law away from the slow subnormal numbers and from 0,
// where the multiplicative correction could not lift them again.
const spring = 1e-290

// waves are the passes over a level, made once so that no cycle allocates.
type waves struct {
	leave   *wave // the rates of leaving
	smooth  *wave // two sweeps
	coarsen *wave // the rates of the next level, by those of this
	compare *wave // the corrections
	correct *wave // by those of the next level
	refine  *wave // correct, smooth
	guess   *wave
}

func (l *level) newWaves() waves {
	return waves{
		leave:   l.newWave(l.leave),
		smooth:  l.newWave(l.red, l.black, l.red, l.black),
		compare: l.newWave(l.compare),
		correct: l.newWave(l.correct),
		refine:  l.newWave(l.correct, l.red, l.black, l.red, l.black),
		guess:   l.newWave(l.predict),
	}
}

// red relaxes the cells of even sum of positions of a slab: every mass becomes
// that of its balance p_i = Σⱼ pⱼ rⱼᵢ / Σⱼ rᵢⱼ. Cells of one colour do not meet.
func (l *level) red(slab int, scratch []float64) { l.relaxSlab(slab, false, scratch) }

// black relaxes the others.
func (l *level) black(slab int, scratch []float64) { l.relaxSlab(slab, true, scratch) }

func (l *level) relaxSlab(slab int, black bool, scratch []float64) {
	for r := slab * l.slabRows; r < (slab+1)*l.slabRows; r++ {
		start := 0
		if l.odd[r] != black {
			start = 1
		}
		flow := l.springs
		for k := 2; k < len(l.n); k++ {
			l.inflow(scratch[:l.n[0]], flow, k, r, start, 2)
			flow = scratch[:l.n[0]]
		}
		ps, us := l.across(l.up[1], l.below[1][r], r)
		pn, dn := l.across(l.down[1], l.above[1][r], r)
		relax(l.row(l.p, r), l.row(l.up[0], r), l.row(l.down[0], r), ps, us, pn, dn, flow, l.row(l.exit, r), start)
	}
}

// inflow writes into dst what is in flow and what comes into row r along axis
// k > 0, at the cells start, start+step, ….
func (l *level) inflow(dst, flow []float64, k, r, start, step int) {
	pb, ub := l.across(l.up[k], l.below[k][r], r)
	pa, da := l.across(l.down[k], l.above[k][r], r)
	n := len(dst)
	flow, pb, ub, pa, da = flow[:n], pb[:n], ub[:n], pa[:n], da[:n]
	for i := start; i < n; i += step {
		dst[i] = flow[i] + (pb[i]*ub[i] + pa[i]*da[i])
	}
}

// relax balances the cells start, start+2, … of a row, those inside and the
// ends by themselves. The rates across the ends are zero unless it is a ring.
func relax(p, u, d, ps, us, pn, dn, flow, exit []float64, start int) {
	last := len(p) - 1
	if start == 0 {
		relaxEnd(p, u, d, ps, us, pn, dn, flow, exit, 0)
		start = 2
	}
	if m := last - 1; m > 0 {
		relaxInside(p[1:last], p[:m], u[:m], p[2:], d[2:], ps[1:last], us[1:last], pn[1:last], dn[1:last], flow[1:last], exit[1:last], start-1)
	}
	if last > 0 && (last-start)%2 == 0 {
		relaxEnd(p, u, d, ps, us, pn, dn, flow, exit, last)
	}
}

// relaxInside balances the cells start, start+2, … of p; w and e are the rows
// one cell to the west and to the east.
func relaxInside(p, w, uw, e, de, ps, us, pn, dn, flow, exit []float64, start int) {
	m := len(p)
	w, uw, e, de, ps, us, pn, dn, flow, exit = w[:m], uw[:m], e[:m], de[:m], ps[:m], us[:m], pn[:m], dn[:m], flow[:m], exit[:m]
	for i := start; i < m; i += 2 {
		p[i] = ((w[i]*uw[i] + e[i]*de[i]) + (ps[i]*us[i] + pn[i]*dn[i]) + flow[i]) / (exit[i] + leak)
	}
}

func relaxEnd(p, u, d, ps, us, pn, dn, flow, exit []float64, i int) {
	n := len(p)
	w, e := (i+n-1)%n, (i+1)%n
	p[i] = ((p[w]*u[w] + p[e]*d[e]) + (ps[i]*us[i] + pn[i]*dn[i]) + flow[i]) / (exit[i] + leak)
}
