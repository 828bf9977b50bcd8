// Package multigrid finds stationary laws on large grids.
//
// It solves Qᵀp = 0, Σp = 1 for the rates of a process that jumps between
// neighbouring cells of a tensor grid. A coarse level is again such a process:
// cells are joined in pairs and the rates are those of the joined process if
// it had the law of the current iterate, so that the correction multiplies
// (Horton and Leutenegger 1994) and every number at every level is positive.
// The first guess comes from the same terms discretised on coarser grids.
// Processes with longer jumps are discretised anew on every level (SolveWide); so
// are their implicit steps in time (Shifted). Where no coarse grid has the law of the
// fine one, cells are joined along the strongest flows (SolveJoined).
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
	Other     []float64 // a law that this one is for comparing with, of Σ = 1, or nil: where cycles begin, and an error that is a small part of their distance is small enough
}

// allowed returns the error that a law may have.
func (o *Options) allowed(p []float64) float64 {
	const small = 1. / 100 // differences of figures, too, are right to two digits
	if o.Other == nil {
		return o.Tolerance
	}
	apart := 0.
	for i, m := range o.Other {
		apart += math.Abs(p[i] - m)
	}
	return max(o.Tolerance, small*apart)
}

// guess writes the other law, made positive.
func (o *Options) guess(p []float64) {
	for i, m := range o.Other {
		p[i] = m + spring
	}
}

// report tells the progress: the part of the digits wanted that are there.
func (o *Options) report(estimate, start float64) {
	if o.Progress != nil && estimate < start {
		o.Progress(min(1, math.Log(estimate/start)/math.Log(o.Tolerance/start)))
	}
}

// Result is a law and what it cost.
type Result struct {
	Mass      []float64
	Residual  float64 // ‖Qᵀm‖₁ / Σ mᵢ|Qᵢᵢ|
	Cycles    int     // on the finest mesh
	WorkUnits float64 // sweeps over the finest mesh, or work equal to that
	Method    string
	Error     float64 // estimated L1 error on the mesh, discretisation not counted; a fifth of the tolerance if less
}

// Stalled says that the cycles did not converge.
type Stalled struct {
	Residual float64
	Cycles   int
	Cause    error // nil where there were cycles
}

func (s *Stalled) Error() string {
	text := fmt.Sprintf("multigrid: residual %.1e after %d cycles, not converged", s.Residual, s.Cycles)
	if s.Cause != nil {
		text += ": " + s.Cause.Error()
	}
	return text
}

func (s *Stalled) Unwrap() error { return s.Cause }

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
		return direct(top)
	}
	s.finest = q.Size()
	if err := s.hierarchy(top); err != nil {
		return Result{}, err
	}
	return s.solve(top, q)
}

// direct eliminates cell by cell: on a line that takes less than one cycle.
func direct(l *level) (Result, error) {
	l.exit = l.vector()
	l.leave(0, nil)
	ring(l.p, l.up[0], l.down[0])
	return Result{Mass: l.p, Residual: l.residual(), WorkUnits: 1, Method: "elimination"}, nil
}
