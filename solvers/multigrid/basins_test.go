package multigrid_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"fokker/operators"
	"fokker/solvers/multigrid"
)

// toggle is two genes that repress each other, of the same law if they are exchanged:
// each of its wells holds half. At D = 2e-4 a well holds 1e195 times what the pass
// between does.
func toggle(dst, x []float64) {
	dst[0] = 1.5/(1+math.Pow(x[1], 4)) - x[0]
	dst[1] = 1.5/(1+math.Pow(x[0], 4)) - x[1]
}

// right returns what the law holds where x > y, and half of what it does where x = y.
func right(m []float64, n int) (s float64) {
	for i, v := range m {
		switch x, y := i%n, i/n; {
		case x > y:
			s += v
		case x == y:
			s += v / 2
		}
	}
	return s
}

// A residual of 1e-16 is compatible with any shares of such wells. Those that are given
// are right, or they are said not to be known.
func TestSharesOfWellsThatHardlyExchangeAreRightOrNotKnown(t *testing.T) {
	joined := func(q *operators.Block) (multigrid.Result, error) {
		return multigrid.SolveJoined(context.Background(), q, multigrid.Options{MaxCycles: 40})
	}
	grids := func(q *operators.Block) (multigrid.Result, error) {
		return multigrid.Solve(context.Background(), q, multigrid.Options{})
	}
	for _, c := range []struct {
		n     int
		noise float64
		solve func(*operators.Block) (multigrid.Result, error)
		known bool
	}{{100, 1e-3, grids, true}, {75, 2e-4, grids, false}, {100, 2e-4, grids, false}, {90, 2e-4, joined, false}} {
		h := hard{p: diffuse(2, toggle, equal(c.noise, c.noise)), axes: both(-0.3, 2.2)}
		r, err := c.solve(h.build(t, c.n))
		switch {
		case errors.As(err, new(*multigrid.Stalled)) && !c.known:
			continue
		case err != nil:
			t.Errorf("D = %g, %d² cells: %v", c.noise, c.n, err)
		case math.Abs(right(r.Mass, c.n)-0.5) > 3e-8: // three tolerances
			t.Errorf("D = %g, %d² cells: one well holds %v, want ½", c.noise, c.n, right(r.Mass, c.n))
		}
	}
}

func TestWellsOfUnknownSharesAreAnError(t *testing.T) {
	h := hard{p: diffuse(2, toggle, equal(2e-4, 2e-4)), axes: both(-0.3, 2.2)}
	_, err := multigrid.Solve(context.Background(), h.build(t, 100), multigrid.Options{})
	if !errors.Is(err, multigrid.ErrShares) {
		t.Errorf("error %v, want ErrShares", err)
	}
}
