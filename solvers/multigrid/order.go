package multigrid

import "fokker/grid"

// Lines are balanced whole, one after the other, so that mass which drifts in
// the order of the lines is carried to the other end of the grid by one sweep,
// whatever the ratio of the couplings. Along a line the cells are eliminated
// without subtractions (Grassmann, Taksar and Heyman 1985), from both ends to
// the middle, which is two independent chains of operations instead of one.
// With s the inflow from other lines and e the rate of leaving to them, the
// elimination of cell i adds to the next one towards the middle
//
//	e += back·eᵢ/(eᵢ + forth),  s += forth·sᵢ/(eᵢ + forth),
//
// forth being the rate from cell i to the next and back that from there. What
// crosses the ends of a ring counts as another line.

// order is the work of sweeping over the lines along one axis: over the rows of
// the level if that is the first, else of a copy that has it first.
type order struct {
	axis  int
	rows  *level
	pivot []float64    // per cell 1/(e + forth); in the middle 1/e, or 0 where nothing leaves
	stale bool         // they and the rates of the copy are of an earlier process
	parts []grid.Range // slabs, eliminated by themselves
	slabs []grid.Range // per block, swept in order
	flow  [][]float64  // per block, a row
	turn  int          // sweeps done

	dst, src                         []float64 // arguments of take and give
	eliminate, even, odd, take, give func(task int)
}

func (l *level) newOrder(axis int) *order {
	o := &order{axis: axis, rows: l, stale: true}
	if axis > 0 {
		o.rows = l.turned(axis)
	}
	o.pivot = o.rows.vector()
	last := o.rows.n[len(l.n)-1]
	o.parts = grid.Range{Hi: last}.Split(len(l.p)/blockCells + 1)
	o.slabs = grid.Range{Hi: last}.Split(apart(last, len(l.p)))
	for range o.slabs {
		o.flow = append(o.flow, make([]float64, l.n[axis]))
	}
	o.eliminate = func(part int) { o.eliminateRows(o.parts[part]) }
	o.even = func(task int) { o.sweep(2 * task) }
	o.odd = func(task int) { o.sweep(2*task + 1) }
	o.take = func(band int) { transpose(o.dst, o.src, l.n[axis], l.g.Stride(axis), band) }
	o.give = func(band int) { transpose(o.dst, o.src, l.g.Stride(axis), l.n[axis], band) }
	return o
}

// turned returns a level with an axis first and the others in their order.
func (l *level) turned(axis int) *level {
	axes := l.g.Axes()
	first := axes[axis]
	copy(axes[1:], axes[:axis])
	axes[0] = first
	g, err := grid.New(axes...)
	if err != nil {
		panic(err) // the same axes made a grid before
	}
	t := newLevel(g)
	for range axes {
		t.up, t.down = append(t.up, t.vector()), append(t.down, t.vector())
	}
	return t
}

// apart returns into how many blocks the slabs are divided, of which every
// second may be swept at a time: 1 or an even number, for around a ring the
// last meets the first. Few and large, for the order ends with the block: van
// der Pol's cycle with noise in y takes 6, 9 and 11 cycles on 512² with 1, 4
// and 8 blocks.
func apart(slabs, cells int) int {
	return max(1, min(slabs/8, cells>>16, 8)/2*2)
}

// sweepLines sweeps over the lines along the next axis in turn and returns the
// work.
func (l *level) sweepLines(p *pool) (work float64) {
	if l.orders == nil {
		for k, n := range l.n {
			if n > 1 {
				l.orders = append(l.orders, l.newOrder(k))
			}
		}
	}
	const sweep, renewal = 1.6, 2.2 // times that of a sweep over points, measured: the mean of both axes of 256²
	o := l.orders[l.turn%len(l.orders)]
	l.turn++
	if o.stale {
		o.renew(l, p)
		work += renewal
	}
	o.turnTo(o.take, p, o.rows.p, l.p, l.n[o.axis])
	p.do((len(o.slabs)+1)/2, o.even)
	p.do(len(o.slabs)/2, o.odd)
	o.turnTo(o.give, p, l.p, o.rows.p, l.g.Stride(o.axis))
	o.turn++
	return work + sweep
}

// renew takes the rates of l as they are now.
func (o *order) renew(l *level, p *pool) {
	for k := range l.n {
		to := k
		switch {
		case k == o.axis:
			to = 0
		case k < o.axis:
			to = k + 1
		}
		o.turnTo(o.take, p, o.rows.up[to], l.up[k], l.n[o.axis])
		o.turnTo(o.take, p, o.rows.down[to], l.down[k], l.n[o.axis])
	}
	p.do(len(o.parts), o.eliminate)
	o.stale = false
}

// turnTo copies src to dst by the task take or give, unless they are the same.
func (o *order) turnTo(task func(band int), p *pool, dst, src []float64, rows int) {
	if o.axis > 0 {
		o.dst, o.src = dst, src
		p.do((rows+band-1)/band, task)
	}
}

// band is the number of rows transposed by one task.
const band = 64

// transpose writes the transposes of rows × columns matrices, one after the
// other in src, for a band of the rows. Eight at a time fill a cache line.
func transpose(dst, src []float64, rows, columns, task int) {
	for at := 0; at < len(src); at += rows * columns {
		to, from := dst[at:at+rows*columns], src[at:at+rows*columns]
		m, end := task*band, min((task+1)*band, rows)
		for ; m+8 <= end; m += 8 {
			row := func(i int) []float64 { return from[(m+i)*columns:][:columns] }
			r0, r1, r2, r3, r4, r5, r6, r7 := row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7)
			for j := range r0 {
				d := (*[8]float64)(to[j*rows+m:])
				d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7] = r0[j], r1[j], r2[j], r3[j], r4[j], r5[j], r6[j], r7[j]
			}
		}
		for ; m < end; m++ {
			for j, x := range from[m*columns : (m+1)*columns] {
				to[j*rows+m] = x
			}
		}
	}
}

// directions are those of four successive sweeps: bit 0 reverses the rows
// within a slab, bit 1 the slabs.
var directions = [4]int{0, 3, 1, 2}

func (o *order) sweep(block int) {
	b, d, flow := o.slabs[block], directions[o.turn%4], o.flow[block]
	for i := range b.Len() {
		slab := b.Lo + i
		if d&2 != 0 {
			slab = b.Hi - 1 - i
		}
		for j := range o.rows.slabRows {
			if d&1 != 0 {
				j = o.rows.slabRows - 1 - j
			}
			o.solveRow(slab*o.rows.slabRows+j, flow)
		}
	}
}

// eliminateRows computes the pivots of some slabs.
func (o *order) eliminateRows(slabs grid.Range) {
	for r := slabs.Lo * o.rows.slabRows; r < slabs.Hi*o.rows.slabRows; r++ {
		l := o.rows
		e, up, down := l.row(o.pivot, r), l.row(l.up[0], r), l.row(l.down[0], r)
		clear(e)
		for k := 1; k < len(l.n); k++ {
			addRates(e, l.row(l.up[k], r), l.row(l.down[k], r))
		}
		e[0] += down[0]
		e[len(e)-1] += up[len(e)-1]
		eliminateLine(e, up, down)
	}
}

// addRates adds both rates.
func addRates(exit, up, down []float64) {
	up, down = up[:len(exit)], down[:len(exit)]
	for i := range exit {
		exit[i] += up[i] + down[i]
	}
}

// eliminateLine turns the rates of leaving a line into pivots.
func eliminateLine(e, up, down []float64) {
	n, middle := len(e), len(e)/2
	up, down = up[:n], down[:n]
	between, i := e[middle], 0
	e[middle] = 0
	x, y := e[0], e[n-1]
	if n%2 == 0 {
		out := x + up[0] + leak
		x, i = e[1]+down[1]*x/out, 1
		e[0] = 1 / out
	}
	for j := n - 1; j > middle; i, j = i+1, j-1 {
		f, g := x+up[i]+leak, y+down[j]+leak
		x, y = e[i+1]+down[i+1]*x/f, e[j-1]+up[j-1]*y/g
		e[i], e[j] = 1/f, 1/g
	}
	if x += between + y; x > 0 {
		e[middle] = 1 / x
	}
}

// solveRow balances row r.
func (o *order) solveRow(r int, flow []float64) {
	l := o.rows
	from := l.springs
	for k := 1; k < len(l.n); k++ {
		l.inflow(flow, from, k, r, 0, 1)
		from = flow
	}
	p, up, down, n := l.row(l.p, r), l.row(l.up[0], r), l.row(l.down[0], r), len(flow)
	flow[0] += p[n-1] * up[n-1]
	flow[n-1] += p[0] * down[0]
	solveLine(p, flow, up, down, l.row(o.pivot, r))
}

// solveLine writes into p the masses that balance the inflow. A line that
// nothing leaves keeps the mass in the middle: the other cells follow, and the
// total is for coarser levels.
func solveLine(p, flow, up, down, pivot []float64) {
	n, middle := len(p), len(p)/2
	flow, up, down, pivot = flow[:n], up[:n], down[:n], pivot[:n]
	between, i := flow[middle], 0
	flow[middle] = 0
	s, t := flow[0], flow[n-1]
	if n%2 == 0 {
		p[0], i = s*pivot[0], 1
		s = flow[1] + s*(up[0]*pivot[0])
	}
	for j := n - 1; j > middle; i, j = i+1, j-1 {
		f, g := pivot[i], pivot[j]
		p[i], p[j] = s*f, t*g
		s, t = flow[i+1]+s*(up[i]*f), flow[j-1]+t*(down[j]*g)
	}
	if f := pivot[middle]; f > 0 {
		p[middle] = (between + s + t) * f
	}
	s, t, i = p[middle], p[middle], middle-1
	for j := middle + 1; j < n; i, j = i-1, j+1 {
		s, t = p[i]+s*(pivot[i]*down[i+1]), p[j]+t*(pivot[j]*up[j-1])
		p[i], p[j] = s, t
	}
	if n%2 == 0 {
		p[0] += s * (pivot[0] * down[1])
	}
}

// stale says that the rates have changed.
func (l *level) stale() {
	for _, o := range l.orders {
		o.stale = true
	}
}
