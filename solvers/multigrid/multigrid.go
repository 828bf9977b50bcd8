// Package multigrid finds stationary laws on large grids.
//
// It solves Qᵀp = 0, Σp = 1 for the rates of a process that jumps between
// neighbouring cells of a tensor grid. A coarse level is again such a process:
// cells are joined in pairs and the rates are those of the joined process if
// it had the law of the current iterate, so that the correction multiplies
// (Horton and Leutenegger 1994) and every number at every level is positive.
// The first guess comes from the same terms discretised on coarser grids.
//
// It does not ask whether the law is unique: that is for the caller.
package multigrid

import (
	"context"
	"fmt"
	"math"

	"fokker/operators"
)

// Generator is a process that jumps to neighbouring cells only.
type Generator interface {
	operators.Meshed
	// Neighbors returns the rates from every cell to its lower and its upper
	// neighbour along the axis, 0 where there is none; ok is false if some
	// jump is wider.
	Neighbors(axis int) (down, up []float64, ok bool)
}

// Options of Solve; the zero value means the defaults.
type Options struct {
	Tolerance float64 // L1 error on the mesh; 0 is 1e-8
	MaxCycles int     // on the finest mesh; 0 is 200
	Workers   int     // 0 is GOMAXPROCS; results do not depend on it
	Progress  func(done float64)
}

// Result is a law and what it cost.
type Result struct {
	Mass      []float64
	Residual  float64 // ‖Qᵀm‖₁ / Σ mᵢ|Qᵢᵢ|
	Cycles    int     // on the finest mesh
	WorkUnits float64 // sweeps over the finest mesh, or work equal to that
	Method    string
	Error     float64 // estimated L1 error on the mesh, discretisation not counted
}

// Stalled says that the cycles did not converge.
type Stalled struct {
	Residual float64
	Cycles   int
}

func (s *Stalled) Error() string {
	return fmt.Sprintf("multigrid: residual %.1e after %d cycles, not converged", s.Residual, s.Cycles)
}

// Solve returns the stationary law of q, every entry nonnegative.
func Solve(ctx context.Context, q Generator, o Options) (Result, error) {
	if o.Tolerance == 0 {
		o.Tolerance = 1e-8
	}
	if o.MaxCycles == 0 {
		o.MaxCycles = 200
	}
	s := &solver{Options: o, ctx: ctx, pool: newPool(o.Workers)}
	defer s.pool.close()
	top := newLevel(q.Mesh())
	if !top.use(q) {
		return Result{}, fmt.Errorf("multigrid: some jumps are wider than to the neighbouring cell")
	}
	if q.Mesh().Dim() == 1 {
		return s.direct(top)
	}
	s.finest = float64(q.Size())
	s.gear = startGear
	s.hierarchy(top)
	return s.solve(top, q)
}

// solver is the state of one Solve.
var startGear = 0
var debug = false

type solver struct {
	Options
	ctx    context.Context
	pool   *pool
	finest float64 // cells
	work   float64
	gear   int

	restless float64 // relative change of the fullest places by the last elimination
}

// gear is a kind of cycle. Where one contracts badly the next is taken.
type gear struct {
	name      string
	lines     bool
	recombine bool
	worst     float64 // contraction per cycle that is still good enough
}

var gears = [...]gear{
	{"W cycles, points", false, false, 0.5},
	{"W cycles, points, recombination", false, true, 0.6},
	{"W cycles, lines, recombination", true, true, 1},
}

// direct eliminates cell by cell: on a line that takes less than one cycle.
func (s *solver) direct(l *level) (Result, error) {
	ring(l.p, l.up[0], l.down[0])
	s.finest, s.work = float64(len(l.p)), 1
	return Result{Mass: l.p, Residual: s.residual(l), WorkUnits: s.work, Method: "elimination"}, nil
}

// smallest is the size below which a level is solved by elimination, which
// then takes less than a sweep over a hundred times as many cells.
const smallest = 100

// hierarchy makes the levels below l. An axis is coarsened while its cells
// are coupled about as strongly as any.
func (s *solver) hierarchy(l *level) {
	coupling, last := l.couplings(), len(l.p)
	for len(l.p) > smallest {
		chosen := choose(l, coupling)
		c := l.coarsen(chosen)
		if c == nil {
			break
		}
		for k := range coupling {
			if chosen[k] {
				coupling[k] /= 4 // as 1/h²
			}
		}
		if c.twice = 3*len(c.p) < last; c.twice {
			last = len(c.p) // W cycles cost at most 1 + ⅔ + ⅔² + …
		}
		l = c
	}
	l.twice = false
	l.matrix = make([]float64, len(l.p)*len(l.p))
}

// choose returns which axes to coarsen: those not much weaker coupled than the
// strongest, for points smooth only along these.
func choose(l *level, coupling []float64) []bool {
	const fair = 0.35 // between 1 and the ¼ that coarsening the others makes equal
	strongest := 0.0
	for k, c := range coupling {
		if l.n[k] > 3 {
			strongest = max(strongest, c)
		}
	}
	chosen := make([]bool, len(coupling))
	for k, c := range coupling {
		chosen[k] = l.n[k] > 3 && c >= fair*strongest
	}
	return chosen
}

// solve is full multigrid: guess from the solution on the next grid, cycle.
func (s *solver) solve(top *level, q Generator) (Result, error) {
	s.start(top, q)
	result, err := s.converge(top, s.Tolerance, s.MaxCycles)
	result.Mass, result.WorkUnits = top.p, s.work
	return result, err
}

// start leaves on l the interpolant of the law on the next level, where q is
// discretised anew; where it cannot be, the uniform law.
func (s *solver) start(l *level, q Generator) {
	for i := range l.p {
		l.p[i] = l.g.Volume(i)
	}
	c := l.next
	if c == nil {
		return
	}
	coarse, err := q.On(c.g)
	if err != nil {
		return
	}
	r, ok := coarse.(Generator)
	if !ok || !c.use(r) {
		return
	}
	s.start(c, r)
	s.converge(c, s.Tolerance, coarseCycles) // any positive outcome is a guess
	c.logarithm()
	s.pool.do(len(l.blocks), l.do.guess)
	c.up, c.down = c.own[0], c.own[1]
}

// coarseCycles bounds the work spent on a guess.
const coarseCycles = 12

// converge cycles on l until the estimated error is below the tolerance; on a
// coarse level, which only provides a guess, until it is a small part of what
// the first cycles changed.
func (s *solver) converge(l *level, tolerance float64, most int) (Result, error) {
	s.pool.do(len(l.blocks), l.do.invert)
	s.smooth(l) // the guess is rough, and the cycle begins with the coarse levels
	s.normalise(l)
	run := run{level: l, before: make([]float64, len(l.p))}
	top := float64(len(l.p)) == s.finest
	for cycle := 1; cycle <= most; cycle++ {
		if s.ctx.Err() != nil {
			return Result{}, s.ctx.Err()
		}
		estimate := s.improve(&run)
		if debug {
			fmt.Println("  size", len(l.p), "cycle", cycle, "gear", s.gear, "change", run.change, "est", estimate, "ratio", run.ratio)
		}
		if top {
			s.report(estimate, run.largest)
		}
		if estimate <= tolerance || !top && estimate < enough*run.largest {
			return Result{Residual: s.residual(l), Cycles: cycle, Method: gears[s.gear].name, Error: estimate}, nil
		}
	}
	return Result{}, &Stalled{s.residual(l), most}
}

// enough is the error left in a guess, as a part of the change by the first
// cycles, which is about the distance of the laws on two meshes.
const enough = 0.05

// report tells the progress: the part of the digits wanted that are there.
func (s *solver) report(estimate, start float64) {
	if s.Progress != nil && estimate < start {
		s.Progress(min(1, math.Log(estimate/start)/math.Log(s.Tolerance/start)))
	}
}

// run is the state of the cycles on one level.
type run struct {
	*level
	before  []float64
	history *history
	change  float64    // ‖p_k − p_{k−1}‖₁ by the last cycle
	largest float64    // of the changes
	ratio   [2]float64 // of successive changes, newest first
	cycles  int        // in this gear
}

// improve does one cycle, from a combination of the earlier laws where they
// are kept, and returns the estimated error.
func (s *solver) improve(r *run) float64 {
	if r.history != nil {
		r.history.recombine(r.p)
		s.normalise(r.level)
	}
	copy(r.before, r.p)
	s.cycle(r.level)
	s.normalise(r.level)
	r.observe(s.distance(r.before, r.p))
	if !(r.change <= 2) { // not a number: the cycle is too bold for this law
		copy(r.p, r.before)
		s.shift(r)
		return math.Inf(1)
	}
	amplification := r.amplification()
	if gears[s.gear].recombine {
		s.keep(r)
		amplification = max(amplification, r.history.amplification())
	}
	if r.cycles >= 3 && r.ratio[0] > gears[s.gear].worst {
		s.shift(r)
	}
	if s.restless > math.Sqrt(s.Tolerance) {
		return math.Inf(1)
	}
	return r.change * amplification
}

// shift takes the next gear.
func (s *solver) shift(r *run) {
	if s.gear+1 < len(gears) {
		s.gear++
		r.cycles, r.history = 0, nil
	}
}

// observe takes the change by a cycle.
func (r *run) observe(change float64) {
	if r.cycles > 0 {
		r.ratio = [2]float64{change / r.change, r.ratio[0]}
	}
	r.change, r.largest = change, max(r.largest, change)
	r.cycles++
}

// amplification returns the error left per change, ρ/(1 − ρ) for the worse of
// the last contractions ρ.
func (r *run) amplification() float64 {
	rho := max(r.ratio[0], r.ratio[1], 0.1) // chance may make one cycle look better
	if r.ratio[0] == 0 || rho >= 0.99 {
		return 100
	}
	return rho / (1 - rho)
}

// keep adds the law to the history.
func (s *solver) keep(r *run) {
	if r.history == nil {
		r.history = newHistory(len(r.p))
	}
	r.history.add(r.before, r.p)
	r.history.measure(s.pool)
	s.work += (4 + depth) * s.share(r.level)
}

// share is the work of one pass over l.
func (s *solver) share(l *level) float64 { return float64(len(l.p)) / s.finest }

// cycle improves the law of l: first by the coarser levels, then by two
// sweeps.
func (s *solver) cycle(l *level) {
	c := l.next
	if c == nil {
		l.eliminate()
		s.restless = l.restless()
		return
	}
	s.pool.do(len(c.blocks), l.do.aggregate)
	s.pool.do(len(c.blocks), l.do.narrow)
	s.pool.do(len(c.blocks), l.do.convert)
	s.pool.do(len(c.blocks), c.do.invert)
	s.cycle(c)
	if c.twice {
		s.cycle(c)
	}
	s.pool.do(len(c.blocks), c.do.compare)
	s.pool.do(len(l.blocks), l.do.correct)
	s.smooth(l)
	s.work += 2 * s.share(l)
}

// smooth sweeps twice.
func (s *solver) smooth(l *level) {
	for range 2 {
		if gears[s.gear].lines {
			l.sweepLines(s.pool)
			s.work += 2 * float64(len(l.n)) * s.share(l)
		} else {
			l.sweep(s.pool)
			s.work += s.share(l)
		}
	}
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
func (l *level) restless() float64 {
	const empty = 1e-100 // tails reach below; no state fills from there in a computation
	worst := 0.0
	for i, m := range l.p {
		if m > empty && l.peak(i) {
			worst = max(worst, math.Abs(m/l.whole[i]-1))
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

// normalise makes the law of l sum to one; it is a null vector, free up to a
// factor.
func (s *solver) normalise(l *level) {
	total := 0.0
	for lo := 0; lo < len(l.p); lo += sumCells {
		total += sum(l.p[lo:min(lo+sumCells, len(l.p))])
	}
	scale(l.p, 1/total)
}

// distance returns ‖a − b‖₁.
func (s *solver) distance(a, b []float64) float64 {
	total := 0.0
	for lo := 0; lo < len(a); lo += sumCells {
		part := 0.0
		for i := lo; i < min(lo+sumCells, len(a)); i++ {
			part += math.Abs(a[i] - b[i])
		}
		total += part
	}
	return total
}

// residual returns ‖Qᵀp‖₁ / Σ pᵢ|Qᵢᵢ|.
func (s *solver) residual(l *level) float64 {
	if l.g.Dim() == 1 {
		l.invert(l.blocks[0])
	}
	flow := make([]float64, l.n[0])
	var off, all float64
	for r := range l.rows {
		clear(flow)
		for k := 1; k < len(l.n); k++ {
			l.inflow(flow, k, r, 0, 1)
		}
		p, u, d, inv := l.row(l.p, r), l.row(l.up[0], r), l.row(l.down[0], r), l.row(l.inv, r)
		n := len(p)
		for i := range p {
			w, e := (i+n-1)%n, (i+1)%n
			out := p[i] / inv[i]
			off += math.Abs(flow[i] + p[w]*u[w] + p[e]*d[e] - out)
			all += out
		}
	}
	return off / all
}
