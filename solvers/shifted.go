package solvers

import (
	"context"
	"math"

	"fokker/operators"
)

// shifted is the equation (I − τQᵀ)x = b of one generator and one τ ≥ 0. The
// inverse of its matrix is nonnegative and, where nothing is absorbed, its
// columns sum to 1, so that ‖x‖₁ ≤ ‖b‖₁.
type shifted interface {
	// solve may be given the same slice twice. The residual is at most
	// accuracy × ‖b‖₁, or rounding where the solver is direct.
	solve(ctx context.Context, x, b []float64, accuracy float64) error
	work() float64 // done since it was last asked for
	numbers() int  // that it holds, besides the generator
}

// The ways of solving shifted equations.
const (
	byAny    = "sdirk4"           // whichever suits
	byLines  = "sdirk4-lines"     // one axis, by elimination along it
	byDirect = "sdirk4-direct"    // elimination by nested dissection
	bySplit  = "sdirk4-split"     // BiCGStab preconditioned by the axes in turn
	bySweeps = "sdirk4-sweeps"    // BiCGStab preconditioned by symmetric Gauss–Seidel sweeps
	byCycles = "sdirk4-multigrid" // BiCGStab preconditioned by cycles over coarser grids
)

// directCells is the size, by number of axes, up to which elimination of all
// cells is cheaper than iteration.
var directCells = [...]int{1: math.MaxInt, 2: 300 * 300, 3: 4096, 4: 1296}

// changes reports whether rates depend on time.
func changes(q operators.Generator) bool {
	_, timed := q.(operators.Timed)
	return timed
}

// choose returns the method of a name that a generator allows, and the order of
// elimination where it was needed to know.
func choose(name string, q operators.Rowed) (string, *ordering, error) {
	l, near := q.(stencil)
	if near {
		_, _, near = l.Neighbors(0)
	}
	switch {
	case name == byDirect || name == bySweeps:
		return name, nil, nil
	case name == byCycles:
		if !coarsens(q) {
			return "", nil, unsuited(name)
		}
		return name, nil, nil
	case (name == bySplit || name == byLines) && !near, name == byLines && l.Mesh().Dim() > 1:
		return "", nil, unsuited(name)
	case name == bySplit:
		return name, nil, nil
	case near && l.Mesh().Dim() == 1:
		return byLines, nil, nil
	case near && (q.Size() > directCells[l.Mesh().Dim()] || changes(q)): // an elimination would serve one stage of a step
		return bySplit, nil, nil
	case near || q.Size() <= 1024: // never dear
		return byDirect, nil, nil
	}
	o, err := newOrdering(q)
	if err == nil && o.flops > 2.5e8 { // an elimination serves some twenty solutions
		return bySweeps, o, nil
	}
	return byDirect, o, err
}

// shifts makes the shifted equations of a generator and keeps the last ones,
// as a step size that was left is often taken up again.
type shifts struct {
	method   string
	workers  int
	rows     operators.Rowed
	instants *instants // nil when the rates are constant
	ordering *ordering
	kept     []kept // the last used first
	scratch  *scratch
	work     float64
	dear     float64            // time to make an equation / time to solve it
	tired    bool               // sweeps took too many iterations once
	named    bool               // method was asked for by its name
	accurate operators.Accurate // what the equations are of where that is no generator; nil otherwise
}

// kept is a shifted equation and what it was made of.
type kept struct {
	t, tau float64
	rows   operators.Rowed
	leaner *leaning // nil where it is an equation of rows
	shifted
}

// absorption is that of the operator of the equation.
func (k *kept) absorption() []float64 {
	if k.leaner != nil {
		return k.leaner.operator.Absorption()
	}
	return k.rows.Absorption()
}

// keptConstant bounds the storage for several step sizes; a step with changing
// rates has one equation for each stage.
const (
	keptConstant = 3
	keptTimed    = sdirkStages
)

func newShifts(q operators.Rowed, method string, period float64, workers int) (*shifts, error) {
	chosen, o, err := choose(method, q)
	if err != nil {
		return nil, err
	}
	s := &shifts{method: chosen, workers: workers, rows: q, ordering: o, named: chosen == method}
	if timed, ok := q.(operators.Timed); ok {
		s.instants = newInstants(timed, period)
	}
	return s, nil
}

// at returns the equation at time t with the generator it is made of.
func (s *shifts) at(ctx context.Context, t, tau float64) (kept, error) {
	if s.instants == nil {
		t = 0
	} else if k, ok := s.instants.equation(t, tau); ok {
		return k, nil
	}
	if s.tired && s.method == bySweeps && s.affordable() {
		s.turnTo(byDirect)
	}
	for i, k := range s.kept {
		if k.t == t && k.tau == tau {
			copy(s.kept[1:i+1], s.kept[:i])
			s.kept[0] = k
			return k, nil
		}
	}
	k, err := s.make(ctx, t, tau)
	if err != nil {
		return k, err
	}
	limit := keptConstant
	if s.instants != nil {
		limit = keptTimed
		s.instants.keep(k)
	}
	s.kept = append(s.kept, kept{})
	copy(s.kept[1:], s.kept)
	s.kept[0] = k
	s.kept = s.kept[:min(limit, len(s.kept))]
	return k, nil
}

// turnTo makes the equations to come by another method.
func (s *shifts) turnTo(method string) { s.method, s.kept = method, nil }

// patience is how many iterations of sweeps are about as dear as an elimination
// of a system that is not too large for it.
const patience = 40

// affordable reports whether elimination is bearable although it is dear.
func (s *shifts) affordable() bool {
	if s.ordering == nil {
		o, err := newOrdering(s.rows)
		if err != nil {
			return false
		}
		s.ordering = o
	}
	return s.ordering.flops < 6e10
}

func (s *shifts) make(ctx context.Context, t, tau float64) (kept, error) {
	k, accurate := kept{t: t, tau: tau, rows: s.rows}, s.accurate
	var err error
	switch {
	case s.instants != nil && accurate != nil:
		q, err := accurate.(operators.Timed).At(t)
		if err != nil {
			return k, err
		}
		accurate = q.(operators.Accurate)
		k.rows = accurate.Monotone()
		s.work++
	case s.instants != nil:
		if k.rows, err = s.instants.at(t); err != nil {
			return k, err
		}
	}
	if s.method == bySplit && s.instants != nil {
		if err = s.widen(k.rows); err != nil {
			return k, err
		}
	}
	if s.method == byDirect {
		k.shifted, err = s.eliminate(ctx, k.rows, tau)
	} else {
		if s.scratch == nil {
			s.scratch = newScratch(k.rows.Size())
		}
		k.shifted, err = s.iterate(ctx, k.rows, tau)
	}
	if err == nil && accurate != nil {
		s.lean(&k, accurate)
	}
	return k, err
}

// widen leaves the axes in turn where jumps have become wider than to face
// neighbours: noise that couples axes may begin to do so later than at the start.
func (s *shifts) widen(rows operators.Rowed) error {
	if q, ok := rows.(stencil); ok {
		if _, _, near := q.Neighbors(0); near {
			return nil
		}
	}
	if s.named {
		return unsuited(bySplit)
	}
	method, o, err := choose(byAny, rows)
	if err != nil {
		return err
	}
	s.turnTo(method)
	s.ordering = o
	return nil
}

func (s *shifts) iterate(ctx context.Context, q operators.Rowed, tau float64) (shifted, error) {
	switch s.method {
	case byCycles:
		system, err := newCycles(ctx, q, tau, s.workers)
		if err != nil {
			return nil, err
		}
		c := newIterated(s.method, system, s.scratch)
		c.most = patience / restarts // of cycles, each the work of some four sweeps
		return c, nil
	case bySweeps:
		system, err := newSweeps(q, tau)
		if err != nil {
			return nil, err
		}
		c := newIterated(s.method, system, s.scratch)
		c.tired = &s.tired
		return c, nil
	}
	system, err := newSplit(q, tau, s.workers)
	if err != nil {
		return nil, err
	}
	return newIterated(s.method, system, s.scratch), nil
}

func (s *shifts) eliminate(ctx context.Context, q operators.Rowed, tau float64) (shifted, error) {
	if s.ordering == nil || s.instants != nil { // rates that were 0 may not stay so
		o, err := newOrdering(q)
		if err != nil {
			return nil, err
		}
		s.ordering = o
	}
	f, err := s.ordering.factor(ctx, q, tau, s.workers)
	if err != nil {
		return nil, err
	}
	apply := applyFlops(q)
	solution := 2 * float64(s.ordering.low+s.ordering.side)
	s.work += s.ordering.flops / apply
	s.dear = s.ordering.flops / solution / 4 // the elimination of fronts runs 4 times as many flops a second
	return &eliminated{factor: f, cost: solution / apply}, nil
}

// applyFlops returns the floating-point operations of one Qᵀm.
func applyFlops(q operators.Rowed) float64 {
	jumps := q.Size()
	for i := range q.Size() {
		to, _ := q.Row(i)
		jumps += len(to)
	}
	return 2 * float64(jumps)
}

// eliminated solves a shifted equation by its factor.
type eliminated struct {
	*factor
	cost, done float64
}

func (e *eliminated) solve(ctx context.Context, x, b []float64, _ float64) error {
	e.factor.solve(x, b)
	e.done += e.cost
	return ctx.Err()
}

func (e *eliminated) numbers() int {
	return len(e.factor.low) + len(e.factor.side) + 8*len(e.factor.work) // with its ordering
}

func (e *eliminated) work() (done float64) {
	done, e.done = e.done, 0
	return done
}

// worthwhile returns the least growth of a step for which new equations are
// made: where the law relaxes, 5 steps of 5 solutions are made while time
// doubles, and equations as dear as 2 or 8 solutions are best made about 4
// times or twice in the meantime.
func (s *shifts) worthwhile() float64 {
	switch {
	case s.method != byDirect || s.instants != nil || s.dear < 2:
		return slight
	case s.dear < 8:
		return math.Sqrt2
	}
	return 2
}
