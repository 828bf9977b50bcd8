package solvers

import (
	"fmt"
	"math"
	"slices"

	"fokker/operators"
	"fokker/solvers/multigrid"
)

// coarsest eliminates the generator of a coarse grid. Where the mass of the
// heaviest cell is left as it is, −Qᵀu = f has one solution, the times that f
// spends in the other cells before it comes to that one.
func (t *task) coarsest(q operators.Rowed) (*multigrid.Direct, error) {
	law, err := Stationary(q, &Settings{Method: "gth", Context: t.Context, Workers: t.Workers})
	if err != nil {
		return nil, err
	}
	if len(law.Classes) > 1 {
		return nil, fmt.Errorf("solvers: %d closed classes", len(law.Classes))
	}
	g, err := read(q)
	if err != nil {
		return nil, err
	}
	top, others := 0, make([]int, g.size())
	for i, m := range law.Mass {
		others[i] = i
		if m > law.Mass[top] {
			top = i
		}
	}
	others = slices.Delete(others, top, top+1)
	work := law.WorkUnits * 2 * float64(len(g.to)+g.size())
	g = g.restrict(others, make([]int32, g.size()))
	even, by := g.even()
	f, err := g.order(positions(q, g.cells), nil).eliminate(t.Context, even, both, t.Workers, nil)
	if err != nil {
		return nil, err
	}
	if len(f.stuck) > 0 {
		return nil, ErrRange
	}
	y := make([]float64, len(others))
	solve := func(u, rhs []float64) {
		for x, i := range others {
			y[x] = rhs[i]
		}
		f.solve(y, y)
		u[top] = 0
		for x, i := range others {
			u[i] = math.Ldexp(y[x], -by[x])
		}
	}
	return &multigrid.Direct{Law: law.Mass, Solve: solve, Flops: work + f.flops, Each: 2 * float64(len(f.low)+len(f.side))}, nil
}
