package operators

import (
	"math"

	"fokker/grid"
)

// stencils makes the matrices of fourth order of an axis: the weights of the
// data of a few near cells are those of the polynomial through them. Four cells
// give a value at a face to fourth order; between equal cells they give the
// derivative as well, elsewhere five do, and likewise three cells, or four, give
// what a function has in the middle of one. On smoothly graded cells the
// asymmetry that costs an order is itself of the order of their width.
type stencils struct {
	axis   grid.Axis
	center []float64
	period float64 // 0: walls at both ends
}

func newStencils(g *grid.Grid, k int) *stencils {
	s := &stencils{axis: g.Axis(k), center: g.Centers(k)}
	if n := len(s.center); s.axis.Ends[0] == grid.Periodic {
		s.period = s.axis.Edges[n] - s.axis.Edges[0]
	}
	return s
}

func (s *stencils) basis() *basis {
	n := len(s.center)
	rows := func(count int, make func(i int) stencil) *matrix {
		out := []stencil{}
		for i := range count {
			out = append(out, make(i))
		}
		return sparseOf(out, n)
	}
	return &basis{
		beyond:   s.beyond(),
		values:   rows(n, func(i int) stencil { return s.fit(s.around(i, 5, 5), s.center[i], averageOf, valueAt) }),
		averages: rows(n, s.average),
		slope:    rows(n, func(i int) stencil { return s.fit(s.around(i, 5, 5), s.center[i], centerOf, slopeAt) }),
		face:     rows(n+1, func(f int) stencil { return s.atFace(f, 4, valueAt) }),
		rise:     rows(n+1, func(f int) stencil { return s.atFace(f, 5, slopeAt) }),
	}
}

// beyond returns the shares of ghosts: what the first below and above adds to the
// average over the cell next to it.
func (s *stencils) beyond() (out [2][]float64) {
	if s.period == 0 {
		return out
	}
	n, edges := len(s.center), s.axis.Edges
	below, above := s.average(0).weight, s.average(n-1).weight
	out[0] = []float64{(edges[1] - edges[0]) * below[0]}
	out[1] = []float64{(edges[n] - edges[n-1]) * above[len(above)-1]}
	return out
}

// around returns the cells about one, so many inside and so many near a wall.
func (s *stencils) around(i, inside, wall int) []int {
	if first := i - inside/2; s.period > 0 || first >= 0 && first+inside <= len(s.center) {
		return run(first, inside)
	}
	return s.inwards(i-wall/2, wall)
}

// inwards returns consecutive cells, shifted to lie between the walls.
func (s *stencils) inwards(first, count int) []int {
	n := len(s.center)
	return run(max(0, min(first, n-count)), min(count, n))
}

func run(first, count int) []int {
	out := make([]int, count)
	for e := range out {
		out[e] = first + e
	}
	return out
}

func (s *stencils) average(i int) stencil {
	over := func(x, h float64, power int) float64 {
		lo, hi := (s.axis.Edges[i]-x)/h, (s.axis.Edges[i+1]-x)/h
		return averageOf(lo, hi, 0, power)
	}
	return s.fit(s.around(i, 3, 4), s.center[i], centerOf, over)
}

// atFace is a value or derivative at a face: nothing passes a reflecting wall, and
// at an absorbing one functions are 0.
func (s *stencils) atFace(f, wall int, want func(x, h float64, power int) float64) stencil {
	n := len(s.center)
	first := f - 2
	if s.period > 0 || first >= 0 && first+4 <= n {
		return s.fit(run(first, 4), s.axis.Edges[f], centerOf, want)
	}
	near := s.inwards(f-wall/2, wall)
	if f > 0 && f < n {
		return s.fit(near, s.axis.Edges[f], centerOf, want)
	}
	if s.axis.Ends[min(f, 1)] == grid.Reflecting || want(0, 1, 1) == 0 {
		return stencil{}
	}
	return s.fit(near, s.axis.Edges[f], centerOf, want, 0)
}

// Moments of data, power by power, in the coordinate (x − at)/unit.
func averageOf(lo, hi, _ float64, power int) float64 {
	p := float64(power + 1)
	return (math.Pow(hi, p) - math.Pow(lo, p)) / (p * (hi - lo))
}

func centerOf(_, _, center float64, power int) float64 { return math.Pow(center, float64(power)) }

func valueAt(_, _ float64, power int) float64 {
	if power == 0 {
		return 1
	}
	return 0
}

func slopeAt(_, h float64, power int) float64 {
	if power == 1 {
		return 1 / h
	}
	return 0
}

// fit returns the weights of cells, numbered beyond the ends on a ring, that give
// what is wanted at a point of every polynomial with as many coefficients; of
// those that are 0 at the zeros, where there are some.
func (s *stencils) fit(cells []int, at float64, data func(lo, hi, center float64, power int) float64, want func(x, h float64, power int) float64, zeros ...float64) stencil {
	n := len(s.center)
	turn := func(c int) (int, float64) {
		i := (c%n + n) % n
		return i, s.period * float64((c-i)/n)
	}
	middle, _ := turn(cells[len(cells)/2])
	unit := s.axis.Edges[middle+1] - s.axis.Edges[middle]
	count := len(cells) + len(zeros)
	system, right := make([][]float64, count), make([]float64, count)
	out := stencil{}
	for power := range count {
		right[power] = want(at, unit, power)
		system[power] = make([]float64, count)
		for range zeros { // at the point itself
			system[power][count-1] = valueAt(0, 0, power)
		}
	}
	for e, c := range cells {
		i, far := turn(c)
		lo, hi, center := (s.axis.Edges[i]+far-at)/unit, (s.axis.Edges[i+1]+far-at)/unit, (s.center[i]+far-at)/unit
		for power := range count {
			system[power][e] = data(lo, hi, center, power)
		}
		out.to = append(out.to, i)
	}
	out.weight = eliminate(system, right)[:len(cells)]
	return out
}

// eliminate solves a small system of equations.
func eliminate(a [][]float64, b []float64) []float64 {
	for i := range a {
		best := i
		for r := i + 1; r < len(a); r++ {
			if math.Abs(a[r][i]) > math.Abs(a[best][i]) {
				best = r
			}
		}
		a[i], a[best], b[i], b[best] = a[best], a[i], b[best], b[i]
		for r := i + 1; r < len(a); r++ {
			f := a[r][i] / a[i][i]
			for c := i; c < len(a); c++ {
				a[r][c] -= f * a[i][c]
			}
			b[r] -= f * b[i]
		}
	}
	for i := len(b) - 1; i >= 0; i-- {
		for c := i + 1; c < len(b); c++ {
			b[i] -= a[i][c] * b[c]
		}
		b[i] /= a[i][i]
	}
	return b
}
