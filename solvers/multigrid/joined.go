package multigrid

import (
	"cmp"
	"context"
	"math"

	"fokker/operators"
)

// SolveJoined returns the stationary law of q, one closed class, every entry
// nonnegative. It knows the jumps and no grid.
//
// Cells are joined in pairs along the strongest flows, again and again, and the
// joined process has the rates that it would have if its law were the iterate,
//
//	r_IJ = Σ_{i∈I, j∈J} p_i r_ij / Σ_{i∈I} p_i,
//
// so that the correction multiplies (Horton and Leutenegger 1994). What is joined is
// decided anew in every cycle, by the flows of the iterate (De Sterck et al. 2008):
// cells joined before their law was known may belong to wells that hardly exchange,
// whose shares no later cycle corrects. Nothing is ever subtracted.
//
// The share of a well hangs on the flow across barriers, where there is next to no
// mass. The error is therefore estimated by the greatest relative change of any
// mass above 1e-150, which bounds that of the law in L1.
func SolveJoined(ctx context.Context, q Wide, o Options) (Result, error) {
	o.Tolerance, o.MaxCycles = cmp.Or(o.Tolerance, 1e-8), cmp.Or(o.MaxCycles, joinedCycles)
	s := &joinedSolver{Options: o}
	l := newJoined(q)
	s.rates = l.size()
	l.link()
	var r progress
	before := make([]float64, len(l.p))
	for cycle := range o.MaxCycles {
		if ctx.Err() != nil {
			return Result{}, ctx.Err()
		}
		copy(before, l.p)
		s.prepare(l)
		s.cycle(l)
		r.observe(l.normalise(before))
		estimate := 2 * r.change * r.amplification() // what is joined changes, and with it what a cycle leaves
		s.report(estimate, r.largest)
		allowed := o.allowed(l.p)
		if !(estimate <= allowed) {
			continue
		}
		residual := l.residual()
		if residual > allowed {
			continue
		}
		known, err := s.doubts.resolved(l, q.Mesh(), allowed)
		s.work += look * float64(len(l.p)) / s.rates
		if err != nil {
			return Result{}, &Stalled{Residual: residual, Cycles: cycle + 1, Cause: err}
		}
		if known {
			return Result{Mass: l.p, Residual: residual, Cycles: cycle + 1, WorkUnits: s.work, Method: "W cycles, joined cells", Error: estimate}, nil
		}
	}
	return Result{}, &Stalled{Residual: l.residual(), Cycles: o.MaxCycles}
}

const (
	joinedCycles   = 100 // a contraction of 0.8 makes 1e-8
	joinedSmallest = 64  // cells eliminated at once
)

// joinedSolver is the state of one SolveJoined.
type joinedSolver struct {
	Options
	rates  float64 // on the finest level, with the diagonal
	work   float64
	doubts doubts
}

// prepare joins cells by the flows of the iterate, down to the coarsest level.
func (s *joinedSolver) prepare(l *joined) {
	if len(l.p) <= joinedSmallest {
		return
	}
	if l.next == nil {
		l.next = &joined{}
	}
	l.pair()
	l.shape()
	l.weigh()
	l.next.link()
	s.work += 8 * l.size() / s.rates // passes over the rates, random access counted twice
	s.prepare(l.next)
}

// cycle improves the law of l: by a sweep, twice by the next level, by a sweep back.
func (s *joinedSolver) cycle(l *joined) {
	if n := len(l.p); n <= joinedSmallest {
		l.eliminate()
		s.work += float64(n*n*n) / (3 * s.rates)
		return
	}
	l.pivots()
	l.forth()
	l.weigh()
	s.cycle(l.next)
	s.cycle(l.next)
	l.correct()
	l.back()
	s.work += 5 * l.size() / s.rates
}

// joined is one level of the hierarchy of joined cells.
type joined struct {
	// into cell i come rate[e] p[from[e]], start[i] ≤ e < start[i+1]
	start []int32
	from  []int32
	rate  []float64
	out   []float64 // rate out
	p     []float64 // law, up to a factor
	joinedChains

	next  *joined
	of    []int32   // cell of the next level
	to    []int32   // per rate: that of the next level it is part of, −1 within a cell
	whole []float64 // masses of the cells of the next level
	pairs pairing
	full  []float64 // of the coarsest level, n × n
}

// newJoined reads the rates by the cells they lead to; the first guess is even.
func newJoined(q operators.Rowed) *joined {
	n := q.Size()
	l := &joined{start: make([]int32, n+1), out: make([]float64, n), p: make([]float64, n)}
	for i := range n {
		to, rate := q.Row(i)
		for _, j := range to {
			l.start[j+1]++
		}
		l.out[i], l.p[i] = sum(rate), 1/float64(n)
	}
	for i := range n {
		l.start[i+1] += l.start[i]
	}
	l.from, l.rate = make([]int32, l.start[n]), make([]float64, l.start[n])
	at := append([]int32(nil), l.start[:n]...)
	for i := range n {
		to, rate := q.Row(i)
		for e, j := range to {
			l.from[at[j]], l.rate[at[j]] = int32(i), rate[e]
			at[j]++
		}
	}
	return l
}

// size is the number of rates with the diagonal.
func (l *joined) size() float64 { return float64(len(l.from) + len(l.p)) }

// row returns the rates into cell i and where they come from.
func (l *joined) row(i int32) (from []int32, rate []float64) {
	lo, hi := l.start[i], l.start[i+1]
	return l.from[lo:hi], l.rate[lo:hi:hi]
}

// shape finds which rates the next level has.
func (l *joined) shape() {
	c, n := l.next, l.pairs.count
	c.p, c.out, l.whole = sized(c.p, n), sized(c.out, n), sized(l.whole, n)
	c.start, l.to = sized(c.start, n+1), sized(l.to, len(l.from))
	c.from = c.from[:0]
	seen := sized(l.pairs.seen, n)
	for i := range seen {
		seen[i] = -1
	}
	for a := range n {
		begin := int32(len(c.from))
		c.start[a] = begin
		for _, i := range l.pairs.members(a) {
			for e := l.start[i]; e < l.start[i+1]; e++ {
				b := l.of[l.from[e]]
				if l.to[e] = -1; int(b) == a {
					continue
				}
				if seen[b] < begin {
					seen[b] = int32(len(c.from))
					c.from = append(c.from, b)
				}
				l.to[e] = seen[b]
			}
		}
	}
	c.start[n] = int32(len(c.from))
	c.rate, l.pairs.seen = sized(c.rate, len(c.from)), seen
}

// weigh gives the next level its masses and rates.
func (l *joined) weigh() {
	c := l.next
	clear(c.rate)
	clear(c.p)
	clear(c.out)
	for i, a := range l.of {
		c.p[a] += l.p[i]
	}
	copy(l.whole, c.p)
	for e, j := range l.from {
		if t := l.to[e]; t >= 0 {
			c.rate[t] += l.rate[e] * l.p[j]
		}
	}
	for e, a := range c.from {
		c.rate[e] /= c.p[a]
		c.out[a] += c.rate[e]
	}
}

// correct multiplies the masses by what the next level makes of its cells.
func (l *joined) correct() {
	c := l.next
	norm := sum(l.whole) / sum(c.p)
	for a := range c.p {
		l.whole[a] = c.p[a] * norm / l.whole[a]
	}
	for i, a := range l.of {
		l.p[i] *= l.whole[a]
	}
}

// eliminate solves the coarsest level.
func (l *joined) eliminate() {
	n := len(l.p)
	l.full = sized(l.full, n*n)
	clear(l.full)
	for i := range n {
		from, rate := l.row(int32(i))
		for e, j := range from {
			l.full[int(j)*n+i] += rate[e]
		}
	}
	dense(l.p, l.full)
	for i := range l.p {
		l.p[i] += spring
	}
}

// normalise makes the law sum to one and returns the greatest relative change of a
// mass. Masses of 1e-280, which settle last, are left out: should wells exchange
// across so little, their shares follow it within a cycle.
func (l *joined) normalise(before []float64) float64 {
	const seen = 1e-150
	c, change := 1/sum(l.p), 0.
	for i, b := range before {
		l.p[i] *= c
		if p := l.p[i]; p > seen {
			change = max(change, math.Abs(p-b)/max(p, b))
		}
	}
	return change
}

// residual returns ‖Qᵀp‖₁ / Σ pᵢ|Qᵢᵢ|.
func (l *joined) residual() float64 {
	var off, all float64
	for i, p := range l.p {
		in, out := l.inflow(int32(i)), p*l.out[i]
		off += math.Abs(in - out)
		all += out
	}
	return off / all
}

// inflow returns what comes into a cell.
func (l *joined) inflow(i int32) (s float64) {
	from, rate := l.row(i)
	for e, j := range from {
		s += rate[e] * l.p[j]
	}
	return s
}

// sized returns n elements, in the memory of v if that is enough.
func sized[T any](v []T, n int) []T {
	if cap(v) >= n {
		return v[:n]
	}
	return make([]T, n, n+n/8) // the next cycle may want a few more
}
