package solvers

import (
	"fmt"

	"fokker/operators"
)

// split is a system on a stencil with P = Π (I − τAₖᵀ)⁻¹ over the axes (Lie
// 1888; Trotter 1959), by elimination along lines.
type split struct {
	axes    []*lineSolver
	parts   []*lines
	tau     float64
	workers int
}

func newSplit(q operators.Rowed, tau float64, workers int) (*split, error) {
	parts, ok := along(q.(stencil))
	if !ok {
		return nil, fmt.Errorf("solvers: evolve: jumps are wider than to face neighbours")
	}
	c := &split{parts: parts, tau: tau, workers: workers}
	for _, l := range parts {
		axis := newLineSolver(l, q.Size())
		axis.eliminate(tau, workers)
		c.axes = append(c.axes, axis)
	}
	return c, nil
}

func (c *split) exact() bool     { return len(c.axes) == 1 }
func (c *split) passes() float64 { return 1 }

func (c *split) numbers() (all int) {
	for _, axis := range c.axes {
		all += len(axis.pass) + len(axis.rest) + len(axis.wrap)
	}
	return all
}

func (c *split) fastest() (rho float64) {
	for _, l := range c.parts {
		rho += c.tau * l.fastest()
	}
	return rho
}

// fastest returns the largest rate of leaving a cell.
func (l *lines) fastest() (rate float64) {
	for i := range l.up {
		out := l.up[i] + l.down[i]
		if l.loss != nil {
			out += l.loss[i]
		}
		rate = max(rate, out)
	}
	return rate
}

func (c *split) precondition(x []float64) {
	for _, axis := range c.axes {
		axis.solve(x, c.workers)
	}
}

func (c *split) apply(dst, x []float64) {
	copy(dst, x)
	for _, axis := range c.axes {
		axis.addForward(dst, x, -c.tau, c.workers)
	}
}
