package operators

import (
	"math"

	"fokker/grid"
)

// chunk is how many cells have their coefficients evaluated together: few
// enough to stay in cache, many enough to make the call free.
const chunk = 1024

// Transport is drift with diagonal, possibly vanishing diffusion in row form:
// the row of cell i takes b and D at its centre, so that Q is exact on linear
// functions, with several axes on x xᵀ where the mesh resolves the drift, and its
// adjoint is the Fokker–Planck equation of Itô, ∂p/∂t = −∂(bp) + ∂²(Dp). Axes lists the axes
// along which it acts, nil being all; noise must not couple them to any other.
type Transport struct {
	Process Process
	Axes    []int
}

// AppendRows adds the two-point rates of every axis.
func (t Transport) AppendRows(rows *Rows, r grid.Range, at float64) error {
	g, axes := rows.grid, t.Axes
	if axes == nil {
		axes = []int{0, 1, 2, 3}[:t.Process.Dim()]
	}
	along := make([]*twoPoint, len(axes))
	for i, k := range axes {
		along[i] = newTwoPoint(g, k)
	}
	return Coefficients(t.Process, g, r, at, func(r grid.Range, b, d [][]float64) error {
		for i, k := range axes {
			if err := diagonal(g, k, r, d); err != nil {
				return err
			}
			along[i].append(rows, r, b[k], d[k*g.Dim()+k])
		}
		return nil
	})
}

// rounding of a diffusion, against the trace.
const rounding = 1e-12

// diagonal checks that D is not negative along an axis, and does not couple it
// to another, but for rounding.
func diagonal(g *grid.Grid, k int, r grid.Range, d [][]float64) error {
	dim := g.Dim()
	trace := func(i int) (sum float64) {
		for l := range dim {
			if own := d[l*dim+l]; own != nil {
				sum += math.Abs(own[i])
			}
		}
		return sum
	}
	for l := range dim {
		for i, v := range d[k*dim+l] {
			if l != k && v != 0 && math.Abs(v) > rounding*trace(i) {
				return &PointError{"off-diagonal diffusion", k, v, center(g, r.Lo+i), "0"}
			}
			if l == k && v < 0 && v < -rounding*trace(i) {
				return &PointError{"diffusion", k, v, center(g, r.Lo+i), "a number ≥ 0"}
			}
		}
	}
	return nil
}

// twoPoint makes the rates to the neighbours at distances h0 below and h1
// above from drift b and diffusion d ≥ 0 of cells. The central ones,
//
//	up   = (2d + b h0) / (h1 (h0 + h1)),
//	down = (2d − b h1) / (h0 (h0 + h1)),
//
// are exact on x and x². As |b|h/d grows, h being the larger distance, they turn into
// the exponentially fitted ones (Scharfetter and Gummel 1969),
//
//	up   = 2d / (h1 (h0 + h1)) B(−z),  down = 2d / (h0 (h0 + h1)) B(z),  z = b (h0 + h1)/(2d),
//
// which are positive, exact on x, have the right ratio eᶻ, and become the
// upwind rate |b|/h as d → 0.
type twoPoint struct {
	*neighbors
	spans           []span // per position along the axis
	turn            turn
	down, up, zeros []float64 // of a piece
}

// span is the distances of the neighbours, twice the larger one, and the weights
// 1/(h (h0 + h1)).
type span struct{ h0, h1, far, down, up float64 }

func newTwoPoint(g *grid.Grid, axis int) *twoPoint {
	t := &twoPoint{neighbors: newNeighbors(g, axis)}
	if g.Dim() > 1 {
		t.turn = outrun
	}
	for i := range g.Cells(axis) {
		h0, h1 := g.Distances(axis, i)
		t.spans = append(t.spans, span{h0, h1, 2 * max(h0, h1), 1 / (h0 * (h0 + h1)), 1 / (h1 * (h0 + h1))})
	}
	n := min(chunk, g.Cells(0))
	t.down, t.up, t.zeros = make([]float64, n), make([]float64, n), make([]float64, n)
	return t
}

// append adds the rates of a piece of a line.
func (t *twoPoint) append(rows *Rows, r grid.Range, b, d []float64) {
	n := r.Len()
	down, up := t.down[:n], t.up[:n]
	if b == nil {
		b = t.zeros[:n]
	}
	if d == nil {
		d = t.zeros[:n]
	}
	t.rates(down, up, b, d, t.along(r.Lo))
	t.absorb(down, 0, b, d, t.along(r.Lo))
	t.absorb(up, 1, b, d, t.along(r.Lo))
	t.add(rows, r, 0, down)
	t.add(rows, r, 1, up)
}

// absorb sets the rates of reaching an absorbing wall, at half the distance of its
// ghost cell: twice the rate keeps the row exact on linear functions. Where drift
// outruns noise this would halve the mass in the cell, through which as much must
// flow as through the one before: there the rate is fitted over the half distance
// and tends to the upwind one.
func (t *twoPoint) absorb(rate []float64, side int, b, d []float64, at int) {
	step := 0
	if t.axis == 0 {
		step = 1
	}
	for i := range rate {
		if !t.beside[side][at+i*step].lost {
			continue
		}
		s := &t.spans[at+i*step]
		h := [2]float64{s.h0, s.h1}[side]
		rate[i] *= 2
		if part := outrun.part(math.Abs(b[i])*h, max(d[i], 0)); part > 0 {
			down, up := fitted(max(d[i], 0), b[i]*h/2)
			rate[i] += part * ([2]float64{down, up}[side]*2/(h*h) - rate[i])
		}
	}
}

func (t *twoPoint) rates(down, up, b, d []float64, at int) {
	spans, step := t.spans[at:], 0
	if t.axis == 0 {
		step = 1
	}
	up, b, d = up[:len(down)], b[:len(down)], d[:len(down)]
	for i := range down {
		s := &spans[i*step]
		drift, noise := b[i], max(2*d[i], 0) // below 0 is rounding
		above, below := noise+drift*s.h0, noise-drift*s.h1
		switch part := t.turn.part(math.Abs(drift)*s.far, noise); {
		case part == 1:
			below, above = fitted(noise, drift*(s.h0+s.h1))
		case part > 0:
			down, up := fitted(noise, drift*(s.h0+s.h1))
			below, above = below+part*(down-below), above+part*(up-above)
		}
		down[i], up[i] = below*s.down, above*s.up
	}
}

// neighbors knows what lies beside the cells of one axis. That depends on the
// position along the axis alone, so the grid is asked once per position.
type neighbors struct {
	grid   *grid.Grid
	axis   int
	beside [2][]beside // per side and position
}

// beside is what lies on one side of a cell.
type beside struct {
	to           int // relative to the cell
	inside, lost bool
	open         int // how many cells, from this one on along the axis, have a neighbour on this side
}

func newNeighbors(g *grid.Grid, axis int) *neighbors {
	n := &neighbors{grid: g, axis: axis}
	offset := make([]int, g.Dim())
	for side := range n.beside {
		offset[axis] = 2*side - 1
		n.beside[side] = make([]beside, g.Cells(axis))
		for i := range n.beside[side] {
			cell := i * g.Stride(axis)
			to, inside, lost := g.Step(cell, offset)
			n.beside[side][i] = beside{to: to - cell, inside: inside, lost: lost}
		}
		open := 0
		for i := g.Cells(axis) - 1; i >= 0; i-- {
			if open++; !n.beside[side][i].inside {
				open = 0
			}
			n.beside[side][i].open = open
		}
	}
	return n
}

func (n *neighbors) along(cell int) int { return n.grid.Along(n.axis, cell) }

// add adds rates of crossing the faces on one side of the cells of a piece of a
// line: to the neighbours, to the absorbing wall, or nowhere if nothing crosses.
func (n *neighbors) add(rows *Rows, r grid.Range, side int, rate []float64) {
	at, step := n.along(r.Lo), 0
	if n.axis == 0 {
		step = 1
	}
	for i := 0; i < len(rate); i++ {
		open := n.beside[side][at+i*step].open
		if n.axis > 0 && open > 0 {
			open = len(rate) // all are at one position
		}
		open = min(open, len(rate)-i)
		rows.cross(n.axis, side, r.Lo+i, rate[i:i+open])
		if i += open; i < len(rate) && n.beside[side][at+i*step].lost {
			offset := [4]int{}
			offset[n.axis] = 2*side - 1
			rows.Leave(r.Lo+i, offset[:n.grid.Dim()], rate[i])
		}
	}
}
