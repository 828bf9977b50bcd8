package solvers

import (
	"math"
	"slices"

	"fokker/grid"
	"fokker/operators"
)

// limiter makes the result of a step nonnegative. No linear method above first
// order is nonnegative for all steps (Bolley and Crouzeix 1978): cells near a
// front are overdrawn by less than the error of the step. As with flux
// corrected transport (Zalesak 1979) the cure is to change fluxes and nothing
// else: an overdrawn cell sends less to its neighbours, or receives more from
// them, until it is empty, and what they lack in turn they get from theirs.
// Hence the sum is kept within every set of cells that no jump leaves, what
// is nonnegative is not touched, and as the exact law has no negative cell,
//
//	‖limited − x‖₁ = 2 Σ max(−x, 0) ≤ 2 ‖exact − x‖₁,
//
// by which no order is lost. (Zalesak's own bound on the sum of the outflows
// ignores the inflows, which cancel them but for a fraction of order
// cell/length when steps are long: it falls back to first order in all of
// the bulk as soon as one cell of the tail is negative.)
//
// What is absorbed is a cell as well, the last one.
type limiter struct {
	beside         neighborhood
	level          []int32 // of debtors: distance to the nearest cell with mass; 0 for all others
	debtors, queue []int32
}

// neighborhood tells the neighbours of cells, each once. The slice is good until
// the next call.
type neighborhood interface{ of(i int32) []int32 }

// newLimiter joins the cells between which any of the generators jumps.
func newLimiter(rows ...operators.Rowed) *limiter {
	l := &limiter{level: make([]int32, rows[0].Size()+1)}
	q, ok := rows[0].(columned)
	if f := newFaces(rows); f != nil {
		l.beside = f
	} else if ok && len(rows) == 1 {
		l.beside = newCrossed(q)
	} else {
		l.beside = newJoined(rows)
	}
	return l
}

// columned is a generator that tells what enters a cell as well as what leaves it.
type columned interface {
	operators.Rowed
	Column(i int) (from []int, rate []float64)
}

// crossed joins the cells of the rows and columns of one generator, which are read when
// they are first asked for: few cells are debtors.
type crossed struct {
	q           columned
	first, last []int32 // of a cell that was asked for beside[first:last]
	beside      []int32
}

func newCrossed(q columned) *crossed {
	return &crossed{q: q, first: make([]int32, q.Size()+1), last: make([]int32, q.Size()+1)}
}

func (c *crossed) of(cell int32) []int32 {
	if c.last[cell] == 0 {
		c.first[cell] = int32(len(c.beside))
		c.find(int(cell))
		c.last[cell] = int32(len(c.beside))
	}
	return c.beside[c.first[cell]:c.last[cell]]
}

func (c *crossed) find(cell int) {
	n, lost := c.q.Size(), c.q.Absorption()
	if cell == n {
		for i, rate := range lost {
			c.add(i, rate)
		}
		return
	}
	to, out := c.q.Row(cell)
	from, in := c.q.Column(cell)
	for len(to) > 0 || len(from) > 0 { // both increase
		switch {
		case len(from) == 0 || len(to) > 0 && to[0] < from[0]:
			c.add(to[0], out[0])
			to, out = to[1:], out[1:]
		case len(to) == 0 || from[0] < to[0]:
			c.add(from[0], in[0])
			from, in = from[1:], in[1:]
		default:
			c.add(to[0], out[0]+in[0])
			to, out, from, in = to[1:], out[1:], from[1:], in[1:]
		}
	}
	if lost != nil {
		c.add(n, lost[cell])
	}
}

func (c *crossed) add(i int, rate float64) {
	if rate > 0 {
		c.beside = append(c.beside, int32(i))
	}
}

// faces joins cells on either side of a face that something crosses.
type faces struct {
	axes  []faceAxis
	open  []uint8 // of a cell: bit k for its upper face along axis k, the next one for absorption
	found []int32
}

type faceAxis struct {
	cells, stride int
	ring          bool
}

// newFaces returns nil if jumps are wider.
func newFaces(rows []operators.Rowed) *faces {
	f := &faces{open: make([]uint8, rows[0].Size())}
	for _, q := range rows {
		near, ok := q.(stencil)
		if !ok {
			return nil
		}
		g := near.Mesh()
		f.axes = f.axes[:0]
		for k := range g.Dim() {
			down, up, ok := near.Neighbors(k)
			if !ok {
				return nil
			}
			a := faceAxis{g.Cells(k), g.Stride(k), g.Axis(k).Ends[0] == grid.Periodic}
			f.axes = append(f.axes, a)
			a.mark(f.open, 1<<k, up, down)
		}
		for i, loss := range q.Absorption() {
			if loss > 0 {
				f.open[i] |= 1 << len(f.axes)
			}
		}
	}
	return f
}

// mark sets a bit for every cell from which a jump leads up, or down to it. Rates
// through walls are 0.
func (a faceAxis) mark(open []uint8, bit uint8, up, down []float64) {
	for i, rate := range up {
		above := i + a.stride
		if a.ring {
			_, above = a.beside(i)
		}
		if rate > 0 || above < len(down) && down[above] > 0 {
			open[i] |= bit
		}
	}
}

// beside returns the neighbours of a cell, which are none beyond a wall.
func (a faceAxis) beside(i int) (below, above int) {
	below, above = i-a.stride, i+a.stride
	if a.ring {
		line := a.stride * a.cells
		at := i / a.stride % a.cells
		if at == 0 {
			below += line
		}
		if at == a.cells-1 {
			above -= line
		}
	}
	return below, above
}

func (f *faces) of(cell int32) []int32 {
	i, n := int(cell), len(f.open)
	absorbed := uint8(1) << len(f.axes)
	f.found = f.found[:0]
	if i == n {
		for c, open := range f.open {
			if open&absorbed != 0 {
				f.found = append(f.found, int32(c))
			}
		}
		return f.found
	}
	for k, a := range f.axes {
		bit := uint8(1) << k
		below, above := a.beside(i)
		if below >= 0 && f.open[below]&bit != 0 {
			f.found = append(f.found, int32(below))
		}
		if f.open[i]&bit != 0 {
			f.found = append(f.found, int32(above))
		}
	}
	if f.open[i]&absorbed != 0 {
		f.found = append(f.found, int32(n))
	}
	return f.found
}

// joined lists the neighbours of cells: of cell i beside[start[i]:start[i+1]],
// increasing.
type joined struct{ start, beside []int32 }

func newJoined(rows []operators.Rowed) *joined {
	n := rows[0].Size()
	l := &joined{start: make([]int32, n+2)}
	eachJump(rows, func(i, j int) { l.start[i+1]++; l.start[j+1]++ })
	for i := range n + 1 {
		l.start[i+1] += l.start[i]
	}
	l.beside = make([]int32, l.start[n+1])
	next := slices.Clone(l.start)
	eachJump(rows, func(i, j int) {
		l.beside[next[i]], l.beside[next[j]] = int32(j), int32(i)
		next[i]++
		next[j]++
	})
	l.unite()
	return l
}

// eachJump calls do for all jumps; absorption leads to cell n.
func eachJump(rows []operators.Rowed, do func(i, j int)) {
	for _, q := range rows {
		for i := range q.Size() {
			to, rate := q.Row(i)
			for e, j := range to {
				if rate[e] > 0 {
					do(i, j)
				}
			}
		}
		for i, loss := range q.Absorption() {
			if loss > 0 {
				do(i, q.Size())
			}
		}
	}
}

// unite leaves each neighbour once.
func (l *joined) unite() {
	kept, lo := int32(0), int32(0)
	for i := range len(l.start) - 1 {
		hi := l.start[i+1]
		list := l.beside[lo:hi]
		slices.Sort(list)
		list = slices.Compact(list)
		copy(l.beside[kept:], list)
		kept += int32(len(list))
		l.start[i+1], lo = kept, hi
	}
	l.beside = slices.Clip(l.beside[:kept])
}

func (l *joined) of(i int32) []int32 { return l.beside[l.start[i]:l.start[i+1]] }

// overdrawn returns Σ max(−x, 0).
func overdrawn(x []float64) (debt float64) {
	for _, v := range x {
		if v < 0 {
			debt -= v
		}
	}
	return debt
}

// settle makes x nonnegative; ok is false if some debts have no cell with mass
// to turn to, so that the sum is negative on a set that no jump enters or
// leaves. Debts are handed on towards the nearest cells with mass, from the
// farthest debtors to the nearest; those who cannot pay all become debtors.
func (l *limiter) settle(x []float64) (ok bool) {
	l.debtors = l.debtors[:0]
	for i, v := range x {
		if v < 0 {
			l.debtors = append(l.debtors, int32(i))
		}
	}
	for len(l.debtors) > 0 {
		if !l.reach(x) {
			return false
		}
		left := l.debtors[:0]
		for _, i := range slices.Backward(l.queue) {
			if l.level[i] > 1 {
				l.handOn(x, i)
			} else if l.collect(x, i); x[i] < 0 {
				left = append(left, i)
			}
		}
		for _, i := range l.queue {
			l.level[i] = 0
		}
		l.debtors = left
	}
	return true
}

// reach queues the debtors by their distance from the cells with mass, through
// debtors and, where they are surrounded by empty cells, those.
func (l *limiter) reach(x []float64) bool {
	l.queue = l.queue[:0]
	for _, i := range l.debtors {
		l.level[i] = -1 // to be reached
	}
	for known, head := 0, 0; ; {
		added := l.debtors[known:]
		for _, i := range added {
			if l.touches(x, i) {
				l.enter(i, 1)
			}
		}
		for _, i := range added {
			if known > 0 && l.level[i] < 0 {
				l.join(i)
			}
		}
		for ; head < len(l.queue); head++ {
			i := l.queue[head]
			for _, j := range l.beside.of(i) {
				if l.level[j] < 0 {
					l.enter(j, l.level[i]+1)
				}
			}
		}
		known = len(l.debtors)
		if len(l.queue) == known {
			l.arrange()
			return true
		}
		if l.surround(added); len(l.debtors) == known {
			return false
		}
	}
}

// arrange sorts the queue by level, which it is unless cells were added.
func (l *limiter) arrange() {
	nearer := func(i, j int32) int { return int(l.level[i] - l.level[j]) }
	if !slices.IsSortedFunc(l.queue, nearer) {
		slices.SortStableFunc(l.queue, nearer)
	}
}

func (l *limiter) enter(i, level int32) {
	l.level[i] = level
	l.queue = append(l.queue, i)
}

// join enters a cell beside others that were reached before it was added.
func (l *limiter) join(i int32) {
	nearest := int32(math.MaxInt32)
	for _, j := range l.beside.of(i) {
		if l.level[j] > 0 {
			nearest = min(nearest, l.level[j])
		}
	}
	if nearest < math.MaxInt32 {
		l.enter(i, nearest+1)
	}
}

func (l *limiter) touches(x []float64, i int32) bool {
	for _, j := range l.beside.of(i) {
		if x[j] > 0 {
			return true
		}
	}
	return false
}

// surround adds the empty neighbours of cells that were not reached.
func (l *limiter) surround(cells []int32) {
	for _, i := range cells {
		if l.level[i] > 0 {
			continue
		}
		for _, j := range l.beside.of(i) {
			if l.level[j] == 0 {
				l.level[j] = -1
				l.debtors = append(l.debtors, j)
			}
		}
	}
}

// handOn divides the debt of a cell among its neighbours one level nearer.
func (l *limiter) handOn(x []float64, i int32) {
	near, count := l.beside.of(i), 0
	for _, j := range near {
		if l.level[j] == l.level[i]-1 {
			count++
		}
	}
	for _, j := range near {
		if l.level[j] == l.level[i]-1 {
			x[j] += x[i] / float64(count)
		}
	}
	x[i] = 0
}

// collect takes the debt of a cell from its neighbours in proportion to their
// masses, or all they have.
func (l *limiter) collect(x []float64, i int32) {
	near, have := l.beside.of(i), 0.0
	for _, j := range near {
		if x[j] > 0 {
			have += x[j]
		}
	}
	if have == 0 {
		return // others have emptied them meanwhile
	}
	part := min(1, -x[i]/have)
	for _, j := range near {
		if x[j] > 0 {
			x[j] -= x[j] * part // ≥ 0 as part ≤ 1
		}
	}
	if x[i] += have; x[i] > 0 || part < 1 {
		x[i] = 0
	}
}
