package multigrid

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"fokker/operators"
)

// Wide is a process whose jumps may be of any length.
type Wide interface {
	operators.Meshed
	operators.Rowed
}

// Direct is a generator solved by elimination.
type Direct struct {
	Law   []float64
	Solve func(u, f []float64) // −Qᵀu = f, Σf = 0; u is fixed up to a multiple of the law
	Flops float64              // of the elimination
	Each  float64              // of one Solve
}

// SolveWide returns the stationary law of q, every entry nonnegative.
//
// With ω the law of the last sweep the error is sought relative to it: on the
// next grid, where the process is discretised anew as Q_c,
//
//	−Q_cᵀ d = R Qᵀω,   ω ← ω (1 + I(d/Rω)),
//
// R being the sum over the cells of a coarse one and I multilinear (the full
// approximation scheme of Brandt 1977 in relative form). Aggregation, as
// Solve does it, would have to round jumps to whole coarse cells, and so add
// diffusion across them. A jump by e on the coarse grid is one by 2e here: the
// anisotropy stays what it was in cells. What couples cells strongly along some
// path is smoothed by elimination along it. The coarsest grid is still fine
// enough to know the law, and is given to direct.
func SolveWide(ctx context.Context, q Wide, o Options, direct func(operators.Rowed) (*Direct, error)) (Result, error) {
	o.Tolerance, o.MaxCycles = cmp.Or(o.Tolerance, 1e-8), cmp.Or(o.MaxCycles, wideCycles)
	s := &wideSolver{Options: o, ctx: ctx, pool: newPool(o.Workers)}
	defer s.pool.close()
	top := newWideLevel(q.Mesh(), q, nil)
	s.rates = top.rates()
	if err := s.hierarchy(top, q, direct); err != nil {
		return Result{}, err
	}
	if top.next == nil {
		return Result{Mass: top.direct.Law, WorkUnits: s.work, Method: "elimination"}, nil
	}
	if s.Other != nil {
		s.guess(top.p)
	} else {
		s.start(top)
	}
	return s.converge(top)
}

// wideCycles is where slow cycles have cost as much as an elimination.
const wideCycles = 40

// wideSolver is the state of one SolveWide.
type wideSolver struct {
	Options
	ctx   context.Context
	pool  *pool
	rates float64 // on the finest grid
	shift float64 // 1/τ of Shifted, otherwise 0
	work  float64
}

// share is the work of one pass over the rates of l.
func (s *wideSolver) share(l *wideLevel) float64 { return l.rates() / s.rates }

// start leaves on l the interpolant of the law on the next level.
func (s *wideSolver) start(l *wideLevel) {
	c := l.next
	if c.next == nil {
		copy(c.p, c.direct.Law)
	} else {
		s.start(c)
		s.refine(c)
	}
	for i, m := range c.p {
		c.y[i] = math.Log((m + spring) / c.g.Volume(i))
	}
	s.pool.do(len(l.blocks), l.guess)
	s.work += s.share(l)
}

// refine cycles on a coarse level until the error is a small part of what the
// first cycles changed.
func (s *wideSolver) refine(l *wideLevel) {
	r := s.begin(l)
	for range coarseCycles {
		if s.ctx.Err() != nil || s.improve(r) < max(enough*r.largest, s.Tolerance) {
			return
		}
	}
}

// converge cycles on the finest level until the estimated error is below the
// tolerance.
func (s *wideSolver) converge(l *wideLevel) (Result, error) {
	r := s.begin(l)
	noise := s.rounding(l)
	if noise > s.Tolerance {
		return Result{}, &Stalled{l.residual(), 0, fmt.Errorf("rounding alone makes an L1 error of about %.1e", noise)}
	}
	for cycle := range s.MaxCycles {
		if s.ctx.Err() != nil {
			return Result{}, s.ctx.Err()
		}
		estimate := s.improve(r) + noise
		s.report(estimate, r.largest)
		allowed := s.allowed(l.p)
		if !(estimate <= allowed) {
			continue
		}
		if residual := l.residual(); residual <= allowed { // as it is, far below, unless the estimate fails
			return Result{Mass: l.p, Residual: residual, Cycles: cycle + 1, WorkUnits: s.work, Method: "W cycles, wide jumps", Error: estimate}, nil
		}
	}
	return Result{}, &Stalled{Residual: l.residual(), Cycles: s.MaxCycles}
}

// begin makes the law of l the unknown and smooths what was guessed.
func (s *wideSolver) begin(l *wideLevel) *wideRun {
	l.u = l.p
	for i := range l.f {
		l.f[i] = spring
	}
	s.smooth(l)
	r := &wideRun{wideLevel: l, before: make([]float64, len(l.p))}
	r.normalise()
	return r
}

// wideRun is the state of the cycles on one level.
type wideRun struct {
	*wideLevel
	before   []float64
	progress // of ‖p_k − p_{k−1}‖₁
}

// progress is how the changes of a law by cycles fall.
type progress struct {
	change  float64    // by the last cycle
	largest float64    // of the changes
	ratio   [3]float64 // of successive changes, newest first
}

// normalise makes the law sum to one and returns its L1 distance to the law
// before.
func (r *wideRun) normalise() float64 {
	c, d := 1/sum(r.p), 0.
	for i, p := range r.p {
		p *= c
		r.p[i] = p
		d += math.Abs(p - r.before[i])
	}
	return d
}

// improve does one cycle and returns the estimated error.
func (s *wideSolver) improve(r *wideRun) float64 {
	copy(r.before, r.p)
	s.weigh(r.wideLevel)
	s.cycle(r.wideLevel)
	r.observe(r.normalise())
	s.work += s.share(r.wideLevel)
	return r.change * r.amplification()
}

// observe takes the change by a cycle.
func (r *progress) observe(change float64) {
	if r.change > 0 {
		r.ratio = [3]float64{change / r.change, r.ratio[0], r.ratio[1]}
	}
	r.change, r.largest = change, max(r.largest, change)
}

// rounding returns what errors of rounding in the balance of every cell do to
// the law, as far as the coarsest grid knows: there the slowest modes live, which
// make the most of them. Wells that exchange next to nothing have shares that no
// balance of float64 can tell.
func (s *wideSolver) rounding(l *wideLevel) float64 {
	signs := rand.NewPCG(0, 0)
	for x, i := range l.cell {
		l.r[i] = math.Ldexp(l.p[i]/l.inv[x], -49) // eight roundings
		if signs.Uint64()&1 == 0 {
			l.r[i] = -l.r[i]
		}
	}
	for ; l.next != nil; l = l.next {
		l.restrict(l.next.f, l.r, s.pool)
		copy(l.next.r, l.next.f)
		s.work += s.share(l) / 4
	}
	s.eliminate(l)
	size := 0.0
	for _, d := range l.d {
		size += math.Abs(d)
	}
	return size
}

// amplification returns the error left per change, ρ/(1 − ρ) for the worse of
// the last contractions ρ.
func (r *progress) amplification() float64 {
	const (
		unknown = 100  // before a contraction was seen, or where there is none
		best    = 0.5  // the first cycles take away what contracts better than the rest
		none    = 0.99 // as unknown
	)
	rho := max(r.ratio[0], r.ratio[1], r.ratio[2], best)
	if r.ratio[0] == 0 || rho >= none {
		return unknown
	}
	return rho / (1 - rho)
}

// weigh sums the law over the cells of the coarse levels.
func (s *wideSolver) weigh(l *wideLevel) {
	for ; l.next != nil; l = l.next {
		c := l.next
		l.restrict(c.p, l.p, s.pool)
		s.pool.do(len(c.blocks), c.judge)
		s.work += s.share(l)/4 + s.share(c)
	}
}

// cycle improves the unknown of l: first by the coarser levels, then by sweeps.
func (s *wideSolver) cycle(l *wideLevel) {
	c := l.next
	if c == nil {
		s.eliminate(l)
		return
	}
	s.pool.do(len(l.blocks), l.defect)
	l.restrict(c.f, l.r, s.pool)
	clear(c.d)
	c.u = c.d
	s.cycle(c)
	if c.twice {
		s.cycle(c)
	}
	s.pool.do(len(c.blocks), c.compare)
	s.pool.do(len(l.blocks), l.correct)
	s.work += 2 * s.share(l)
	s.smooth(l)
}

// smooth sweeps forth and back, twice: once saves little and fails on limit
// cycles at small noise.
func (s *wideSolver) smooth(l *wideLevel) {
	for range 2 {
		l.sweep(s.pool)
		s.work += 2 * s.share(l)
	}
}

// eliminate solves the coarsest level, with Σd = 0.
func (s *wideSolver) eliminate(l *wideLevel) {
	l.direct.Solve(l.d, l.f)
	total := sum(l.d)
	for i, p := range l.direct.Law {
		l.d[i] -= total * p
	}
	s.work += l.direct.Each / (2 * s.rates)
}
