package solvers

import (
	"slices"

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
	start          []int32 // neighbours of cell i are beside[start[i]:start[i+1]], increasing
	beside         []int32
	level          []int32 // of debtors: distance to the nearest cell with mass; 0 for all others
	debtors, queue []int32
}

// newLimiter joins the cells between which any of the generators jumps.
func newLimiter(rows ...operators.Rowed) *limiter {
	n := rows[0].Size()
	l := &limiter{start: make([]int32, n+2), level: make([]int32, n+1)}
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
		if near, ok := q.(stencil); !ok || !eachNeighbor(near, do) {
			eachEntry(q, do)
		}
		for i, loss := range q.Absorption() {
			if loss > 0 {
				do(i, q.Size())
			}
		}
	}
}

// eachNeighbor reads no rows, which may have to be made; it returns false if jumps
// are wider.
func eachNeighbor(q stencil, do func(i, j int)) bool {
	g := q.Mesh()
	for k := range g.Dim() {
		down, up, ok := q.Neighbors(k)
		if !ok {
			return false
		}
		n, s := g.Cells(k), g.Stride(k)
		for i := range g.Size() {
			at := g.Along(k, i)
			if up[i] > 0 {
				do(i, i+((at+1)%n-at)*s)
			}
			if down[i] > 0 {
				do(i, i+((at+n-1)%n-at)*s)
			}
		}
	}
	return true
}

func eachEntry(q operators.Rowed, do func(i, j int)) {
	for i := range q.Size() {
		to, rate := q.Row(i)
		for e, j := range to {
			if rate[e] > 0 {
				do(i, j)
			}
		}
	}
}

// unite leaves each neighbour once.
func (l *limiter) unite() {
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

func (l *limiter) neighbors(i int32) []int32 { return l.beside[l.start[i]:l.start[i+1]] }

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
	for {
		l.queue = l.queue[:0]
		for _, i := range l.debtors {
			if l.touches(x, i) {
				l.level[i] = 1
				l.queue = append(l.queue, i)
			} else {
				l.level[i] = -1 // to be reached
			}
		}
		for head := 0; head < len(l.queue); head++ {
			i := l.queue[head]
			for _, j := range l.neighbors(i) {
				if l.level[j] < 0 {
					l.level[j] = l.level[i] + 1
					l.queue = append(l.queue, j)
				}
			}
		}
		before := len(l.debtors)
		if len(l.queue) == before {
			return true
		}
		if l.surround(); len(l.debtors) == before {
			return false
		}
	}
}

func (l *limiter) touches(x []float64, i int32) bool {
	for _, j := range l.neighbors(i) {
		if x[j] > 0 {
			return true
		}
	}
	return false
}

// surround adds the empty neighbours of debtors that were not reached.
func (l *limiter) surround() {
	for _, i := range l.debtors {
		if l.level[i] > 0 {
			continue
		}
		for _, j := range l.neighbors(i) {
			if l.level[j] == 0 {
				l.level[j] = -1
				l.debtors = append(l.debtors, j)
			}
		}
	}
}

// handOn divides the debt of a cell among its neighbours one level nearer.
func (l *limiter) handOn(x []float64, i int32) {
	count := 0
	for _, j := range l.neighbors(i) {
		if l.level[j] == l.level[i]-1 {
			count++
		}
	}
	for _, j := range l.neighbors(i) {
		if l.level[j] == l.level[i]-1 {
			x[j] += x[i] / float64(count)
		}
	}
	x[i] = 0
}

// collect takes the debt of a cell from its neighbours in proportion to their
// masses, or all they have.
func (l *limiter) collect(x []float64, i int32) {
	have := 0.0
	for _, j := range l.neighbors(i) {
		if x[j] > 0 {
			have += x[j]
		}
	}
	if have == 0 {
		return // others have emptied them meanwhile
	}
	part := min(1, -x[i]/have)
	for _, j := range l.neighbors(i) {
		if x[j] > 0 {
			x[j] -= x[j] * part // ≥ 0 as part ≤ 1
		}
	}
	if x[i] += have; x[i] > 0 || part < 1 {
		x[i] = 0
	}
}
