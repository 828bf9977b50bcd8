package solvers

import (
	"context"
	"errors"
	"fmt"

	"fokker/operators"
	"fokker/solvers/multigrid"
)

// cycles is the system of a generator with wide jumps. Its preconditioner is a
// cycle of multigrid.
type cycles struct{ *multigrid.Shifted }

// coarsens reports whether there are coarser grids for cycles. They know
// of closed faces only roughly, and mass would leak through.
func coarsens(q operators.Rowed) bool {
	wide, ok := q.(multigrid.Wide)
	if !ok || q.Size() <= multigrid.WideSmallest {
		return false
	}
	if near, ok := q.(stencil); ok {
		if _, _, near := near.Neighbors(0); near {
			return false
		}
	}
	for _, a := range wide.Mesh().Axes() {
		if len(a.Closed) > 0 {
			return false
		}
	}
	return true
}

func newCycles(ctx context.Context, q operators.Rowed, tau float64, workers int) (cycles, error) {
	direct := func(coarse operators.Rowed) (*multigrid.Direct, error) {
		f, err := newFactor(ctx, coarse, tau, workers)
		if err != nil {
			return nil, err
		}
		solve := func(u, rhs []float64) {
			f.solve(u, rhs)
			for i := range u {
				u[i] *= tau
			}
		}
		return &multigrid.Direct{Solve: solve, Flops: f.flops, Each: 2 * float64(len(f.low)+len(f.side))}, nil
	}
	s, err := multigrid.NewShifted(ctx, q.(multigrid.Wide), tau, workers, direct)
	if stalled := (*multigrid.Stalled)(nil); errors.As(err, &stalled) {
		err = fmt.Errorf("%w: %w", &NotConverged{byCycles, stalled.Residual, 0}, stalled.Cause)
	}
	return cycles{s}, err
}

func (c cycles) precondition(x []float64) { c.Precondition(x) }
func (c cycles) apply(dst, x []float64)   { c.Apply(dst, x) }
func (c cycles) fastest() float64         { return c.Fastest() }
func (c cycles) numbers() int             { return c.Numbers() }
func (c cycles) exact() bool              { return false }
func (c cycles) passes() float64          { return c.Passes() }
