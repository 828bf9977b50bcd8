package multigrid

// spring feeds every cell a mass flow so small that it changes no sum, but
// keeps the tails of the law away from the slow subnormal numbers and from 0,
// where the multiplicative correction could not lift them again.
const spring = 1e-290

// tasks are the loops over blocks, made once so that no cycle allocates.
type tasks struct {
	red, black, invert, aggregate, narrow, convert, compare, correct, guess func(block int)
}

func (l *level) newTasks() tasks {
	return tasks{
		red:       l.red,
		black:     l.black,
		invert:    func(b int) { l.invert(l.blocks[b]) },
		aggregate: func(b int) { l.aggregate(l.next.blocks[b]) },
		narrow:    func(b int) { l.next.narrow(l.merge, l.next.blocks[b]) },
		convert:   func(b int) { l.next.convert(l.next.blocks[b]) },
		compare:   func(b int) { l.compare(l.blocks[b]) },
		correct:   l.correct,
		guess:     l.guess,
	}
}

// sweep replaces every mass by its balance p_i = Σⱼ pⱼ rⱼᵢ / Σⱼ rᵢⱼ: first the
// red cells, of even sum of positions, then the black. Cells of one colour do
// not meet, so neither the order nor the number of workers matters.
func (l *level) sweep(p *pool) {
	run := p.do
	if l.ringOdd {
		run = inOrder
	}
	run(len(l.blocks), l.do.red)
	run(len(l.blocks), l.do.black)
}

// red relaxes the red cells of a block and, one slab behind so that memory is
// read once, the black ones but for the first and last slabs.
func (l *level) red(block int) {
	slabs, flow := l.blocks[block], l.scratch[block][:l.n[0]]
	for s := slabs.Lo; s < slabs.Hi; s++ {
		l.relaxSlab(s, false, flow)
		if s-1 > slabs.Lo {
			l.relaxSlab(s-1, true, flow)
		}
	}
}

// black relaxes the black cells that red has left.
func (l *level) black(block int) {
	slabs, flow := l.blocks[block], l.scratch[block][:l.n[0]]
	l.relaxSlab(slabs.Lo, true, flow)
	if slabs.Len() > 1 {
		l.relaxSlab(slabs.Hi-1, true, flow)
	}
}

func (l *level) relaxSlab(slab int, black bool, flow []float64) {
	for r := slab * l.slabRows; r < (slab+1)*l.slabRows; r++ {
		i := 0
		if l.odd[r] != black {
			i = 1
		}
		for j := range flow {
			flow[j] = spring
		}
		for k := 2; k < len(l.n); k++ {
			l.inflow(flow, k, r, i, 2)
		}
		ps, us := l.across(l.up[1], l.below[1][r], r)
		pn, dn := l.across(l.down[1], l.above[1][r], r)
		relax(l.row(l.p, r), l.row(l.up[0], r), l.row(l.down[0], r), ps, us, pn, dn, flow, l.row(l.inv, r), i)
	}
}

// inflow adds to flow what comes into row r along axis k > 0, at the cells
// start, start+step, ….
func (l *level) inflow(flow []float64, k, r, start, step int) {
	pb, ub := l.across(l.up[k], l.below[k][r], r)
	pa, da := l.across(l.down[k], l.above[k][r], r)
	n := len(flow)
	pb, ub, pa, da = pb[:n], ub[:n], pa[:n], da[:n]
	for i := start; i < n; i += step {
		flow[i] += pb[i]*ub[i] + pa[i]*da[i]
	}
}

// relax balances the cells i, i+2, … of a row. The rates across the ends of
// the row are zero unless it is a ring.
func relax(p, u, d, ps, us, pn, dn, flow, inv []float64, i int) {
	n := len(p)
	u, d, ps, us, pn, dn, flow, inv = u[:n], d[:n], ps[:n], us[:n], pn[:n], dn[:n], flow[:n], inv[:n]
	if i == 0 {
		p[0] = (p[n-1]*u[n-1] + p[1%n]*d[1%n] + ps[0]*us[0] + pn[0]*dn[0] + flow[0]) * inv[0]
		i = 2
	}
	for ; i < n-1; i += 2 {
		p[i] = (p[i-1]*u[i-1] + p[i+1]*d[i+1] + ps[i]*us[i] + pn[i]*dn[i] + flow[i]) * inv[i]
	}
	if i == n-1 {
		p[i] = (p[i-1]*u[i-1] + p[0]*d[0] + ps[i]*us[i] + pn[i]*dn[i] + flow[i]) * inv[i]
	}
}
