package solvers

import (
	"context"
	"errors"
	"math"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"fokker/operators"
)

// The elimination of cell k watches the process only while it is elsewhere:
//
//	s_k  = Σ_j r_kj + loss_k           over the cells j that remain
//	p_kj = r_kj / s_k                  the next cell watched after k
//	r_ij += r_ik p_kj,  loss_i += r_ik loss_k / s_k
//
// (Grassmann, Taksar and Heyman 1985). The diagonal is never stored but
// always summed, so nothing is subtracted and every number keeps its relative
// accuracy (O'Cinneide 1993): a mass of 1e-200 has as many digits as one of 1.

// errRange says that some cells are left so rarely that float64 cannot say it.
var errRange = errors.New("solvers: some cells are left at less than 1e-286 of their rates; cut them off by a closed face, or raise the noise")

// errPattern says that a generator has jumps that were not ordered.
var errPattern = errors.New("solvers: the generator has jumps that its ordering does not know")

// panel is the number of pivots whose rows are applied together to the rest
// of a front; their stripes of 64 kB stay in a second-level cache.
const (
	panel  = 16
	stripe = 512 // columns
	band   = 32  // rows of a front that one worker updates at a time
)

// parts says which parts of a factor are kept.
type parts int

const (
	columns parts = iota // enough for the law
	both                 // for solutions with a right-hand side
)

// Where the rates out of a cell sum to about 1, half of the range of float64 is
// for s_k, half for the p_kj that are left when it is divided by. At the end of
// the order no p matters any more, and s_k only wants its 53 digits.
const (
	tiny  = 0x1p-500
	least = 0x1p-950
)

// factor is the elimination of all cells.
type factor struct {
	*ordering
	low   []float64 // per front: rows of the front × its pivots; s_k on the diagonal, p above, r below
	side  []float64 // per front: its pivots × its border, p
	chain *chain    // instead of both where jumps lead to next cells only
	stuck []int     // pivots left so rarely that they count as left never
	work  []float64 // of solve, by elimination number
	local []float64 // of solve, of one front
}

// newFactor eliminates I − τQᵀ. All pivots are positive and nothing is
// subtracted: a nonnegative right-hand side has a nonnegative solution with
// entrywise relative accuracy, and mass + τ·absorption·x is kept to rounding.
func newFactor(ctx context.Context, q operators.Rowed, tau float64, workers int) (*factor, error) {
	o, err := newOrdering(q)
	if err != nil {
		return nil, err
	}
	return o.factor(ctx, q, tau, workers)
}

// eliminator is an elimination under way.
type eliminator struct {
	*factor
	ctx     context.Context
	out, in *graph
	crew    crew
	shelf   shelf
	blocks  []square      // rates around fronts whose parents have not taken them in yet
	last    int           // pivots from here on are the last resort and stuck only below least
	mutex   sync.Mutex    // of stuck
	done    atomic.Uint64 // flops
}

// eliminate runs the elimination. Progress, if not nil, is told the fraction done.
func (o *ordering) eliminate(ctx context.Context, g *graph, keep parts, workers int, progress func(float64)) (*factor, error) {
	f := &factor{ordering: o}
	if o.line {
		f.chain = newChain(g)
		if f.chain == nil {
			return nil, errPattern
		}
		return f, nil
	}
	f.low = make([]float64, o.low)
	if keep == both {
		f.side = make([]float64, o.side)
		f.work, f.local = make([]float64, g.size()), make([]float64, o.widest())
	}
	e := &eliminator{factor: f, ctx: ctx, out: g, in: g.transpose(), crew: newCrew(workers), blocks: make([]square, len(o.fronts))}
	if e.last = o.last; keep == both {
		e.last = 0
	}
	if progress == nil {
		progress = func(float64) {}
	}
	if err := e.subtree(len(o.fronts)-1, progress); err != nil {
		return nil, err
	}
	slices.Sort(f.stuck)
	return f, nil
}

// subtree eliminates a front and all below it, the children at the same time
// if workers are free.
func (e *eliminator) subtree(t int, progress func(float64)) error {
	children := e.fronts[t].children
	errs := make([]error, len(children))
	var others sync.WaitGroup
	for i, c := range children {
		if i+1 < len(children) && e.weight[c] > wake && e.crew.take() {
			others.Go(func() {
				errs[i] = e.subtree(c, func(float64) {})
				e.crew.give()
			})
			continue
		}
		errs[i] = e.subtree(c, progress)
	}
	others.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := e.ctx.Err(); err != nil {
		return err
	}
	if err := e.front(t); err != nil {
		return err
	}
	own := e.weight[t]
	for _, c := range children {
		own -= e.weight[c]
	}
	progress(float64(e.done.Add(uint64(own))) / e.flops)
	return nil
}

// front eliminates the pivots of one front.
func (e *eliminator) front(t int) error {
	f := &e.fronts[t]
	p, m := f.pivots(), f.size()
	a := square{e.shelf.get(m * (m + 1)), m}
	defer e.shelf.put(a.v)
	clear(a.v)
	if err := e.assemble(t, a); err != nil {
		return err
	}
	for k := 0; k < p; k += panel {
		end := min(k+panel, p)
		for i := k; i < end; i++ {
			a.reduce(i, k, i)
			e.leave(f.lo+i, a.row(i)[i:])
		}
		bands, left := (m-end+band-1)/band, float64(m-end)
		e.crew.each(bands, 2*panel*left*left, func(i int) {
			a.update(k, end, end+i*band, min(end+(i+1)*band, m))
		})
	}
	e.store(f, a)
	rest := square{e.shelf.get((m - p) * (m - p + 1)), m - p}
	for i := range m - p {
		copy(rest.row(i), a.row(p + i)[p:])
	}
	e.blocks[t] = rest
	return nil
}

// leave turns what is right of the diagonal of a row, rates and loss, into
// probabilities and writes their sum s on the diagonal.
func (e *eliminator) leave(pivot int, row []float64) {
	s := sum(row[1:])
	row[0] = s
	if pivot == len(e.cell)-1 {
		return
	}
	if s <= tiny && (pivot < e.last || s <= least) {
		e.mutex.Lock()
		e.stuck = append(e.stuck, pivot)
		e.mutex.Unlock()
		clear(row[1:])
		row[0], row[len(row)-1] = 1, 1 // what comes here is lost to the others
		return
	}
	for j, r := range row[1:] {
		row[1+j] = r / s
	}
}

// sum adds in eight interleaved parts, so that its rounding error, which is
// mass lost or gained, grows with an eighth of the length.
func sum(x []float64) float64 {
	var part [8]float64
	for ; len(x) >= 8; x = x[8:] {
		for i := range part {
			part[i] += x[i]
		}
	}
	for i, v := range x {
		part[i] += v
	}
	return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]))
}

// store keeps what the solution needs of a front.
func (e *eliminator) store(f *front, a square) {
	p, m := f.pivots(), f.size()
	low := e.low[f.low : f.low+p*m]
	for i := range m {
		copy(low[i*p:(i+1)*p], a.row(i))
	}
	if e.side == nil {
		return
	}
	b := m - p
	side := e.factor.side[f.side : f.side+p*b]
	for k := range p {
		copy(side[k*b:(k+1)*b], a.row(k)[p:])
	}
}

// assemble adds up the rates of the pivots and what the children left.
func (e *eliminator) assemble(t int, a square) error {
	f := &e.fronts[t]
	for i := range f.pivots() {
		c := int(e.cell[f.lo+i])
		a.row(i)[a.n] += e.out.loss[c]
		to, rate := e.out.row(c)
		for x, j := range to {
			if at := f.find(e.number[j]); at >= 0 {
				a.row(i)[at] += rate[x]
			} else if at == missing && rate[x] > 0 {
				return errPattern
			}
		}
		from, rate := e.in.row(c)
		for x, j := range from {
			if at := f.find(e.number[j]); at >= f.pivots() {
				a.row(at)[i] += rate[x]
			} else if at == missing && rate[x] > 0 {
				return errPattern
			}
		}
	}
	for _, child := range f.children {
		f.extend(a, e.fronts[child].border, e.blocks[child])
		e.shelf.put(e.blocks[child].v)
		e.blocks[child] = square{}
	}
	return nil
}

const (
	earlier = -1 // eliminated already
	missing = -2 // not in the front
)

// find returns the row of a front that belongs to an elimination number.
func (f *front) find(number int32) int {
	switch i := int(number); {
	case i < f.lo:
		return earlier
	case i < f.hi:
		return i - f.lo
	}
	at, found := slices.BinarySearch(f.border, number)
	if !found {
		return missing
	}
	return f.pivots() + at
}

// extend adds the rates between the cells of a border, whose pivots are gone,
// to those of a front that contains them.
func (f *front) extend(a square, border []int32, from square) {
	runs := f.runs(border)
	for _, r := range runs {
		for i := range r.length {
			to, row := a.row(r.to+i), from.row(r.from+i)
			for _, c := range runs {
				add(to[c.to:c.to+c.length], row[c.from:])
			}
			to[a.n] += row[from.n]
		}
	}
}

// run is consecutive rows of a border that are consecutive in a front as well.
type run struct{ from, to, length int }

func (f *front) runs(border []int32) []run {
	var runs []run
	at, next := 0, 0
	for i, c := range border {
		if int(c) < f.hi {
			at = int(c) - f.lo
		} else {
			for f.border[next] != c {
				next++
			}
			at = f.pivots() + next
		}
		if last := len(runs) - 1; last >= 0 && runs[last].to+runs[last].length == at {
			runs[last].length++
		} else {
			runs = append(runs, run{i, at, 1})
		}
	}
	return runs
}

// add adds x to dst.
func add(dst, x []float64) {
	x = x[:len(dst)]
	for j := range dst {
		dst[j] += x[j]
	}
}

// shelf keeps memory for reuse, by the binary logarithm of its size.
type shelf struct {
	sync.Mutex
	free [64][][]float64
}

// get returns n numbers of any value.
func (s *shelf) get(n int) []float64 {
	class := bits.Len(uint(max(n, 1) - 1))
	s.Lock()
	defer s.Unlock()
	if last := len(s.free[class]) - 1; last >= 0 {
		x := s.free[class][last]
		s.free[class] = s.free[class][:last]
		return x[:n]
	}
	return make([]float64, n, 1<<class)
}

func (s *shelf) put(x []float64) {
	class := bits.Len(uint(max(cap(x), 1) - 1))
	s.Lock()
	defer s.Unlock()
	s.free[class] = append(s.free[class], x)
}

// square is the rates between n cells by rows, each followed by the rate of
// loss. The diagonal has no meaning until a pivot is written there.
type square struct {
	v []float64
	n int
}

func (a square) row(i int) []float64 { return a.v[i*(a.n+1) : (i+1)*(a.n+1)] }

// reduce applies the pivots [lo, hi) to row i.
func (a square) reduce(i, lo, hi int) {
	row := a.row(i)
	for k := lo; k < hi; k++ {
		if r := row[k]; r != 0 {
			axpy(row[k+1:], r, a.row(k)[k+1:])
		}
	}
}

// update applies the pivots [k, end) to rows [lo, hi).
func (a square) update(k, end, lo, hi int) {
	for i := lo; i < hi; i++ { // within the panel, one pivot after another
		row := a.row(i)[:end]
		for l := k; l < end-1; l++ {
			if r := row[l]; r != 0 {
				axpy(row[l+1:], r, a.row(l)[l+1:end])
			}
		}
	}
	for c := end; c <= a.n; c += stripe {
		d := min(c+stripe, a.n+1)
		i := lo
		for ; i+1 < hi; i += 2 {
			a.pair(i, k, end, c, d)
		}
		if i < hi {
			row := a.row(i)
			for l := k; l < end; l++ {
				axpy(row[c:d], row[l], a.row(l)[c:d])
			}
		}
	}
}

// pair applies the pivots [k, end) to columns [c, d) of rows i and i+1.
func (a square) pair(i, k, end, c, d int) {
	u, v := a.row(i), a.row(i+1)
	for ; k+4 <= end; k += 4 {
		x, y := (*[4]float64)(u[k:]), (*[4]float64)(v[k:])
		if *x == [4]float64{} && *y == [4]float64{} {
			continue
		}
		rank4(u[c:d], v[c:d], a.row(k)[c:d], a.row(k + 1)[c:d], a.row(k + 2)[c:d], a.row(k + 3)[c:d], x, y)
	}
	for ; k < end; k++ {
		axpy(u[c:d], u[k], a.row(k)[c:d])
		axpy(v[c:d], v[k], a.row(k)[c:d])
	}
}

// rank4 adds Σ x_k b_k to u and Σ y_k b_k to v.
func rank4(u, v, b0, b1, b2, b3 []float64, x, y *[4]float64) {
	v, b0, b1, b2, b3 = v[:len(u)], b0[:len(u)], b1[:len(u)], b2[:len(u)], b3[:len(u)]
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
	y0, y1, y2, y3 := y[0], y[1], y[2], y[3]
	for j := range u {
		c0, c1, c2, c3 := b0[j], b1[j], b2[j], b3[j]
		u[j] += (x0*c0 + x1*c1) + (x2*c2 + x3*c3)
		v[j] += (y0*c0 + y1*c1) + (y2*c2 + y3*c3)
	}
}

// axpy adds r·x to dst.
func axpy(dst []float64, r float64, x []float64) {
	x = x[:len(dst)]
	for j := range dst {
		dst[j] += r * x[j]
	}
}

// widest returns the size of the largest front.
func (o *ordering) widest() int {
	w := 0
	for i := range o.fronts {
		w = max(w, o.fronts[i].size())
	}
	return w
}

// wake is the work, in flops, that is worth a goroutine.
const wake = 1e6

// crew is workers beyond the one that asks.
type crew struct{ free chan struct{} }

func newCrew(workers int) crew {
	c := crew{make(chan struct{}, max(workers, 1))}
	for range workers - 1 {
		c.give()
	}
	return c
}

// take reports whether a worker was free; it is to be given back.
func (c crew) take() bool {
	select {
	case <-c.free:
		return true
	default:
		return false
	}
}

func (c crew) give() { c.free <- struct{}{} }

// each calls do(0), …, do(n−1) in any order on whatever workers are free, if
// the work, in flops, is worth waking them.
func (c crew) each(n int, work float64, do func(i int)) {
	var next atomic.Int64
	run := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			do(i)
		}
	}
	var others sync.WaitGroup
	for left := work; left > wake && c.take(); left -= wake {
		others.Go(func() { run(); c.give() })
	}
	run()
	others.Wait()
}

// solve computes (I − τQᵀ) dst = rhs; the right-hand side may have any sign
// and be dst. Not for use by several goroutines at a time.
func (f *factor) solve(dst, rhs []float64) {
	if f.line {
		f.chain.solve(dst, rhs)
		return
	}
	for i, c := range f.cell {
		f.work[i] = rhs[c]
	}
	for t := range f.fronts {
		f.forward(&f.fronts[t])
	}
	for t := len(f.fronts) - 1; t >= 0; t-- {
		f.backward(&f.fronts[t])
	}
	for i, c := range f.cell {
		dst[c] = f.work[i]
	}
}

// forward hands what starts in the pivots on to the cells watched after them.
func (f *factor) forward(t *front) {
	p, b := t.pivots(), len(t.border)
	y, z := f.work[t.lo:t.hi], f.local[:b]
	low, side := f.low[t.low:], f.side[t.side:]
	clear(z)
	k := 0
	for ; k+4 <= p; k += 4 {
		for l := k; l < k+3; l++ {
			axpy(y[l+1:k+4], y[l], low[l*p+l+1:l*p+k+4])
		}
		four := (*[4]float64)(y[k:])
		axpy4(y[k+4:], four, low[k*p+k+4:], p)
		axpy4(z, four, side[k*b:], b)
	}
	for ; k < p; k++ {
		axpy(y[k+1:], y[k], low[k*p+k+1:(k+1)*p])
		axpy(z, y[k], side[k*b:(k+1)*b])
	}
	for i, j := range t.border {
		f.work[j] += z[i]
	}
}

// backward computes x_k = (y_k + Σ_j x_j r_jk) / s_k.
func (f *factor) backward(t *front) {
	p, b := t.pivots(), len(t.border)
	y, z := f.work[t.lo:t.hi], f.local[:b]
	low := f.low[t.low:]
	for i, j := range t.border {
		z[i] = f.work[j]
	}
	i, rest := 0, low[p*p:]
	for ; i+4 <= b; i += 4 {
		axpy4(y, (*[4]float64)(z[i:]), rest[i*p:], p)
	}
	for ; i < b; i++ {
		axpy(y, z[i], rest[i*p:(i+1)*p])
	}
	k := p
	for ; k >= 4; k -= 4 {
		for l := k - 1; l >= k-4; l-- {
			y[l] /= low[l*p+l]
			axpy(y[k-4:l], y[l], low[l*p+k-4:l*p+l])
		}
		axpy4(y[:k-4], (*[4]float64)(y[k-4:]), low[(k-4)*p:], p)
	}
	for k--; k >= 0; k-- {
		y[k] /= low[k*p+k]
		axpy(y[:k], y[k], low[k*p:k*p+k])
	}
}

// axpy4 adds Σ r_k x_k to dst, where x_k begins at x[k·n].
func axpy4(dst []float64, r *[4]float64, x []float64, n int) {
	if len(dst) == 0 {
		return
	}
	r0, r1, r2, r3 := r[0], r[1], r[2], r[3]
	x0, x1, x2, x3 := x[:len(dst)], x[n:][:len(dst)], x[2*n:][:len(dst)], x[3*n:][:len(dst)]
	for j := range dst {
		dst[j] += (r0*x0[j] + r1*x1[j]) + (r2*x2[j] + r3*x3[j])
	}
}

// A law may span more than the range of float64: scaled is x·2^e with x in
// [½, 1), or 0.
type scaled struct {
	x float64
	e int
}

func scale(x float64, e int) scaled {
	m, s := math.Frexp(x)
	return scaled{m, e + s}
}

// law returns the masses of which Qᵀ is zero, with the pivot seed as unit and
// every rate larger by floor.
func (f *factor) law(seed int, floor float64) []scaled {
	if f.line {
		return f.chain.law()
	}
	w := f.widest()
	s := settling{f, seed, floor, make([]scaled, len(f.cell)), make([]float64, w), make([]float64, w)}
	for t := len(f.fronts) - 1; t >= 0; t-- {
		s.front(&f.fronts[t])
	}
	out := make([]scaled, len(s.mass))
	for i, c := range f.cell {
		out[c] = s.mass[i]
	}
	return out
}

// settling is the computation of a law, from the last pivot to the first.
type settling struct {
	*factor
	seed    int
	floor   float64
	mass    []scaled // by elimination number
	x, flow []float64
}

// unit returns the binary exponent of the largest mass around a front; ok is
// false where there is none and the seed is not within.
func (s *settling) unit(t *front) (unit int, ok bool) {
	ok = s.seed >= t.lo && s.seed < t.hi
	for _, j := range t.border {
		if m := s.mass[j]; m.x != 0 && (!ok || m.e > unit) {
			unit, ok = m.e, true
		}
	}
	return unit, ok
}

// front computes x_k = Σ_j x_j r_jk / s_k for the pivots of a front.
func (s *settling) front(t *front) {
	unit, ok := s.unit(t)
	if !ok {
		return
	}
	p := t.pivots()
	x, flow := s.x[:p], s.flow[:p]
	total := s.around(t, flow, unit)
	for k := p - 1; k >= 0; k-- {
		row := s.low[t.low+k*p:][:k+1]
		switch in := flow[k] + s.floor*total; {
		case s.seed == t.lo+k:
			x[k] = math.Ldexp(1, -unit)
		case in == 0: // above the seed
			x[k] = 0
		default:
			x[k] = in / row[k]
		}
		if x[k] > 0x1p300 { // far from overflow with any rate
			unit += 300
			total *= 0x1p-300
			rescale(x[k:], 0x1p-300)
			rescale(flow[:k], 0x1p-300)
		}
		total += x[k]
		axpy(flow[:k], x[k], row)
	}
	for k := range x {
		s.mass[t.lo+k] = scale(x[k], unit)
	}
}

// around returns the mass around a front and writes how it flows into the pivots.
func (s *settling) around(t *front, flow []float64, unit int) (total float64) {
	clear(flow)
	p := len(flow)
	for i, j := range t.border {
		m := math.Ldexp(s.mass[j].x, s.mass[j].e-unit)
		total += m
		axpy(flow, m, s.low[t.low+(p+i)*p:][:p])
	}
	return total
}

func rescale(x []float64, by float64) {
	for i := range x {
		x[i] *= by
	}
}

// top returns the largest binary exponent.
func top(v []scaled) int {
	t := math.MinInt
	for _, s := range v {
		if s.x != 0 {
			t = max(t, s.e)
		}
	}
	return t
}

// normalize returns the masses with Σ = 1. Those below the range of float64
// are 0.
func normalize(v []scaled) []float64 {
	t, total := top(v), 0.0
	m := make([]float64, len(v))
	for i, s := range v {
		m[i] = math.Ldexp(s.x, s.e-t)
		total += m[i]
	}
	for i := range m {
		m[i] /= total
	}
	return m
}

// logarithms returns those of the masses, nil where none is below the range of
// float64.
func logarithms(v []scaled) []float64 {
	t, total, far := top(v), 0.0, false
	for _, s := range v {
		m := math.Ldexp(s.x, s.e-t)
		total += m
		far = far || m < 0x1p-1022
	}
	if !far {
		return nil
	}
	logs := make([]float64, len(v))
	for i, s := range v {
		logs[i] = math.Log(s.x) + float64(s.e-t)*math.Ln2 - math.Log(total)
	}
	return logs
}

// visible is the binary exponent, relative to the largest mass, down to which
// masses are promised to have their digits.
const visible = -1000

// spoiled reports whether underflow may have changed a visible mass: a well
// behind a barrier that no float64 crosses has a mass all the same.
func (f *factor) spoiled(law []scaled) bool {
	if f.line {
		return false
	}
	t := top(law)
	if !slices.ContainsFunc(law, func(s scaled) bool { return s.e < t+visible || s.x == 0 }) {
		return false
	}
	upper := f.law(len(law)-1, 0x1p-1074*float64(len(law))) // one underflow per elimination
	for i, u := range upper {
		// the floor counts every rate at once, so it may show where it does no harm
		if u.e > t+visible && u.x > law[i].x*math.Ldexp(1+0x1p-30, law[i].e-u.e) {
			return true
		}
	}
	return false
}

// chain is the elimination of cells joined to the next and the last only, in
// their order: s_k = up_k + loss_k, loss_k+1 += down_k+1 loss_k / s_k.
type chain struct {
	s, p []float64 // p_k = up_k / s_k
	down []float64 // from k+1 to k
}

// newChain eliminates a graph, or returns nil if other cells are joined.
func newChain(g *graph) *chain {
	n := g.size()
	c := &chain{s: make([]float64, n), p: make([]float64, n), down: make([]float64, n)}
	for i := range n {
		to, rate := g.row(i)
		for e, j := range to {
			switch int(j) {
			case i + 1:
				c.p[i] += rate[e]
			case i - 1:
				c.down[i-1] += rate[e]
			default:
				return nil
			}
		}
	}
	loss := 0.0 // after the cells before
	for k := range n {
		loss += g.loss[k]
		c.s[k] = c.p[k] + loss
		if c.s[k] > 0 {
			c.p[k] /= c.s[k]
			loss = c.down[k] * (loss / c.s[k])
		}
	}
	return c
}

func (c *chain) solve(dst, rhs []float64) {
	n := len(c.s)
	before := 0.0
	for k := range n {
		before = rhs[k] + before
		dst[k] = before
		before *= c.p[k]
	}
	x := 0.0
	for k := n - 1; k >= 0; k-- {
		x = (dst[k] + x*c.down[k]) / c.s[k]
		dst[k] = x
	}
}

// law returns x_k = x_k+1 down_k / up_k from x = 1 at the end.
func (c *chain) law() []scaled {
	n := len(c.s)
	v := make([]scaled, n)
	v[n-1] = scale(1, 0)
	for k := n - 2; k >= 0; k-- {
		down, a := math.Frexp(c.down[k]) // the ratio may leave the range of float64
		away, b := math.Frexp(c.s[k])
		v[k] = scale(v[k+1].x*(down/away), v[k+1].e+a-b)
	}
	return v
}
