package cases

import (
	"fmt"
	"math"

	"fokker/grid"
	"fokker/operators"
)

// survey is what the coefficients are at t = 0 on the cells, or on some of
// them.
type survey struct {
	problem *Problem
	grid    *grid.Grid // nil where the run would be refused
	at      [][]int    // per axis: positions of the cells looked at
	closed  [][]float64
	looked  int
	axis    []seen
}

// seen is what was seen along an axis.
type seen struct {
	fitted, upwind int     // cells where |b|h > 2D, with D above 0 and D = 0
	peclet         float64 // largest |b|h/(2D) where D is above 0
	noise          float64 // largest D
	wall           [2]wallSeen
}

// wallSeen is what was seen in the cells at a wall.
type wallSeen struct {
	cells, outwards, still int // drift towards the wall; none, with noise
}

const (
	surveyed = 1 << 20 // cells that are looked at, at most about
	sums     = 1 << 26 // examples that are summed over, at most about
	longest  = 1 << 24 // cells of an axis whose edges are computed
)

// survey looks at the coefficients. Its error is what a run would refuse.
func (p *Problem) survey() (*survey, error) {
	s := &survey{problem: p, closed: make([][]float64, len(p.Axes)), axis: make([]seen, len(p.Axes))}
	if p.Open() {
		return s, nil
	}
	if err := p.checkMemory(); err != nil {
		return s, err
	}
	for _, a := range p.Axes {
		if a.Cells > longest {
			return s, nil
		}
	}
	bare := *p
	bare.Axes = append([]AxisSpec(nil), p.Axes...)
	s.choose()
	for k := range bare.Axes {
		bare.Axes[k].Cells = max(len(s.at[k]), min(3, p.Axes[k].Cells))
	}
	if err := s.cut(&bare); err != nil {
		return s, err
	}
	return s, s.look()
}

// looked returns how many cells may be looked at.
func (p *Problem) looked() float64 { return min(surveyed, sums/max(1, p.rows())) }

// choose takes every so many cells of each axis, the first and the last among
// them.
func (s *survey) choose() {
	most := s.problem.looked()
	stride := max(1, int(math.Ceil(math.Pow(float64(s.problem.size())/most, 1/float64(len(s.problem.Axes))))))
	for _, a := range s.problem.Axes {
		var at []int
		for i := 0; i < a.Cells-1; i += stride {
			at = append(at, i)
		}
		s.at = append(s.at, append(at, a.Cells-1))
	}
}

// cut makes the grid, without closed faces, and finds those on a mesh that is
// as coarse as the cells looked at.
func (s *survey) cut(coarse *Problem) error {
	axes := make([]grid.Axis, len(s.problem.Axes))
	for k, a := range s.problem.Axes {
		edges, _, err := a.Spacing.Edges(a.Lo, a.Hi, a.Cells, a.Faces...)
		if err != nil {
			return fmt.Errorf("axis %q: %w", a.Name, err)
		}
		axes[k] = grid.Axis{Name: a.Name, Edges: edges, Ends: a.Ends}
	}
	var err error
	if s.grid, err = grid.New(axes...); err != nil {
		return err
	}
	g, err := coarse.Grid()
	if err != nil {
		return nil // too coarse for the faces: none is known to be closed
	}
	for k := range axes {
		for _, f := range g.Axis(k).Closed {
			s.closed[k] = append(s.closed[k], g.Axis(k).Edges[f])
		}
	}
	return nil
}

// look evaluates drift and diffusion in the cells chosen.
func (s *survey) look() error {
	dim, total := len(s.at), 1
	for _, at := range s.at {
		total *= len(at)
	}
	const chunk = 1024
	x, b, d := operators.Columns(dim, chunk), operators.Columns(dim, chunk), operators.Columns(dim*dim, chunk)
	return grid.Range{Hi: total}.Chunks(chunk, func(r grid.Range) error {
		x, b, d := head(x, r.Len()), head(b, r.Len()), head(d, r.Len())
		for i := range r.Len() {
			s.place(x, i, r.Lo+i)
		}
		s.problem.Process.Drift(b, x, 0)
		s.problem.Process.(operators.Diffusive).Diffusion(d, x, 0)
		for i := range r.Len() {
			trace := 0.0
			for k := range dim {
				trace += d[k*dim+k][i]
			}
			for k := range dim {
				if err := s.usable(k, b[k][i], d[k*dim+k][i], math.Abs(trace), x, i); err != nil {
					return err
				}
				s.see(k, r.Lo+i, b[k][i], max(0, d[k*dim+k][i]))
			}
		}
		s.looked += r.Len()
		return nil
	})
}

// place writes the centre of a chosen cell.
func (s *survey) place(x [][]float64, i, chosen int) {
	for k, at := range s.at {
		x[k][i] = s.grid.Centers(k)[at[chosen%len(at)]]
		chosen /= len(at)
	}
}

// position returns where a chosen cell stands along axis k.
func (s *survey) position(k, chosen int) int {
	for _, at := range s.at[:k] {
		chosen /= len(at)
	}
	return s.at[k][chosen%len(s.at[k])]
}

// usable refuses what a run would refuse.
func (s *survey) usable(k int, b, d, trace float64, x [][]float64, i int) error {
	quantity, value, wanted := "", 0.0, "a finite number"
	switch {
	case !finite(b):
		quantity, value = "drift", b
	case !finite(d):
		quantity, value = "diffusion", d
	case d < -1e-12*trace: // less is rounding
		quantity, value, wanted = "diffusion", d, "a number ≥ 0"
	default:
		return nil
	}
	return s.problem.explain(&operators.PointError{Quantity: quantity, Axis: k, Value: value, Point: pointOf(x, i), Wanted: wanted})
}

// see takes note of the coefficients along axis k in one cell.
func (s *survey) see(k, chosen int, b, d float64) {
	at, seen := s.position(k, chosen), &s.axis[k]
	seen.noise = max(seen.noise, d)
	down, h := s.grid.Distances(k, at)
	if b < 0 {
		h = down
	}
	switch flow := math.Abs(b) * h; {
	case flow > 0 && d == 0:
		seen.upwind++
	case flow > 2*d:
		seen.fitted++
		seen.peclet = max(seen.peclet, flow/(2*d))
	}
	for side, end := range [2]int{0, s.grid.Cells(k) - 1} {
		if at == end && s.problem.Axes[k].Ends[side] == grid.Reflecting {
			seen.wall[side].see(b*float64(2*side-1), d)
		}
	}
}

func (w *wallSeen) see(outwards, d float64) {
	w.cells++
	switch {
	case outwards > 0:
		w.outwards++
	case outwards == 0 && d > 0:
		w.still++
	}
}
