package multigrid

import (
	"fmt"
	"math"
	"slices"

	"fokker/grid"
	"fokker/operators"
)

// WideSmallest is the size up to which a level is solved by elimination: where
// grids are coarser still, long jumps reach across the law, and what they make
// of it is of no use.
const WideSmallest = 1 << 12

// hierarchy makes the levels below l, whose rates are those of q.
func (s *wideSolver) hierarchy(l *wideLevel, q Wide, direct func(operators.Rowed) (*Direct, error)) error {
	last := len(l.p)
	for len(l.p) > WideSmallest {
		g := l.coarser()
		if g == nil {
			break
		}
		again, err := q.On(g)
		if err != nil {
			return l.unfit(err)
		}
		coarse, ok := again.(Wide)
		if !ok {
			return l.unfit(fmt.Errorf("%T has no rows", again))
		}
		c := newWideLevel(g, coarse, s.gone(coarse))
		c.d, c.y, c.t = make([]float64, len(c.p)), make([]float64, len(c.p)), make([]float64, len(c.p))
		for k := range g.Dim() {
			l.move = append(l.move, newTransfer(l.g.Axis(k), g.Axis(k)))
		}
		if c.twice = 3*len(c.p) < last && len(c.p) > WideSmallest; c.twice {
			last = len(c.p) // W cycles cost at most 1 + ⅔ + ⅔² + …
		}
		l.next = c
		l, q = c, coarse
	}
	var err error
	if l.direct, err = direct(q); err != nil {
		return l.unfit(err)
	}
	s.work += l.direct.Flops / (2 * s.rates)
	return nil
}

// gone returns the rates of leaving for no other cell.
func (s *wideSolver) gone(q operators.Rowed) []float64 {
	if s.shift == 0 {
		return nil
	}
	out := slices.Repeat([]float64{s.shift}, q.Size())
	for i, a := range q.Absorption() {
		out[i] += a
	}
	return out
}

// unfit says that nothing comes of the levels below.
func (l *wideLevel) unfit(err error) error {
	for i := range l.p {
		l.p[i] = l.g.Volume(i)
	}
	return &Stalled{l.residual(), 0, fmt.Errorf("below %d cells: %w", len(l.p), err)}
}

// coarser returns the grid with cells joined two by two, along the axes where
// mass spreads over about as many cells as along any: points and chains smooth
// only along these. It returns nil if there is none.
func (l *wideLevel) coarser() *grid.Grid {
	const (
		shortest = 8    // cells of an axis that is coarsened
		fair     = 0.35 // between 1 and the ¼ that coarsening the others makes equal
	)
	coupling, strongest := l.couplings(), 0.0
	for k, c := range coupling {
		if l.g.Cells(k) >= shortest {
			strongest = max(strongest, c)
		}
	}
	axes, shorter := l.g.Axes(), false
	for k, a := range axes {
		if a.Cells() >= shortest && coupling[k] >= fair*strongest {
			axes[k] = halved(a)
			shorter = shorter || axes[k].Cells() < a.Cells()
		}
	}
	g, err := grid.New(axes...)
	if err != nil || !shorter {
		return nil
	}
	return g
}

// halved joins the cells of an axis two by two. Where all are equal they stay so:
// of an odd number of them the coarse cells cut some.
func halved(a grid.Axis) grid.Axis {
	n := a.Cells()
	lo, hi := a.Edges[0], a.Edges[n]
	for i := range n {
		const same = 1e-9 // of a cell: widths equal to rounding
		if len(a.Closed) > 0 || math.Abs((a.Edges[i+1]-a.Edges[i])*float64(n)/(hi-lo)-1) > same {
			coarse, _ := pairs(a)
			return coarse
		}
	}
	coarse, m := a, (n+1)/2
	coarse.Edges = make([]float64, m+1)
	for i := range m {
		coarse.Edges[i] = lo + (hi-lo)*float64(i)/float64(m)
	}
	coarse.Edges[m] = hi
	return coarse
}
