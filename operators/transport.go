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
	dim := t.Process.Dim()
	beside, axes := allNeighbors(rows.grid), t.Axes
	if axes == nil {
		axes = []int{0, 1, 2, 3}[:dim]
	}
	return coefficients(t.Process, rows.grid, r, at, func(r grid.Range, x, b, d [][]float64) error {
		for _, k := range axes {
			if err := diagonal(k, d, x); err != nil {
				return err
			}
			transportAxis(rows, beside[k], r, b[k], d[k*dim+k])
		}
		return nil
	})
}

func transportAxis(rows *Rows, n *neighbors, r grid.Range, b, d []float64) {
	limit := resolved
	if rows.grid.Dim() == 1 {
		limit = 0
	}
	for i := range b {
		cell, at := r.Lo+i, n.along(r.Lo+i)
		h0, h1 := rows.grid.Distances(n.axis, at)
		down, up := twoPoint(b[i], d[i], h0, h1, limit)
		// An absorbing wall stands at half the distance of its ghost cell:
		// twice the rate keeps the row exact on linear functions.
		n.add(rows, cell, at, 0, down, 2*down)
		n.add(rows, cell, at, 1, up, 2*up)
	}
}

// diagonal checks that D is not negative along an axis, and does not couple it
// to another. What is within 1e-12 of the trace of 0 is rounding.
func diagonal(k int, d, x [][]float64) error {
	dim := len(x)
	for i := range d[0] {
		trace := 0.0
		for l := range dim {
			trace += math.Abs(d[l*dim+l][i])
		}
		own := &d[k*dim+k][i]
		if *own < -1e-12*trace {
			return &PointError{"diffusion", k, *own, point(x, i), "a number ≥ 0"}
		}
		*own = max(*own, 0)
		for l := range dim {
			if off := d[k*dim+l][i]; l != k && math.Abs(off) > 1e-12*trace {
				return &PointError{"off-diagonal diffusion", k, off, point(x, i), "0"}
			}
		}
	}
	return nil
}

// resolved is the largest |z| = |b|h/D at which jumps have central rates, which
// keep means and covariances exact. They are nonnegative up to 2, but at 2 a rate
// is the rounding of a difference, or 0, and what lies uphill is never reached.
// The ratio of the rates to and fro, (2+z)/(2−z) and not eᶻ, adds up over the
// cells of a barrier to an error of ∑ z³/12 in the logarithm of what is behind
// it. Along a single axis, where every process has a potential, that is worse
// than the z²/12 of diffusion that fitted rates add: there all rates are fitted.
const resolved = 1.99

// twoPoint returns the rates to the neighbours at distances h0 below and h1
// above, with drift b and diffusion d ≥ 0. With z = b (h0 + h1)/(2d), the central
// ones for |z| ≤ limit,
//
//	up   = (2d + b h0) / (h1 (h0 + h1)),
//	down = (2d − b h1) / (h0 (h0 + h1)),
//
// are exact on x and x². Otherwise the exponentially fitted ones are taken
// (Scharfetter and Gummel 1969),
//
//	up   = 2d / (h1 (h0 + h1)) B(−z),  down = 2d / (h0 (h0 + h1)) B(z),
//
// which are positive, exact on x, have the right ratio eᶻ, and become the
// upwind rate |b|/h as d → 0.
func twoPoint(b, d, h0, h1, limit float64) (down, up float64) {
	sum := h0 + h1
	// On a strongly graded mesh one of them may be negative earlier.
	if math.Abs(b)*sum <= 2*limit*d && 2*d+b*h0 >= 0 && 2*d-b*h1 >= 0 {
		return (2*d - b*h1) / (h0 * sum), (2*d + b*h0) / (h1 * sum)
	}
	return fitted(d, b*sum/2) * 2 / (h0 * sum), fitted(d, -b*sum/2) * 2 / (h1 * sum)
}

// fitted returns d B(w/d), which tends to max(−w, 0) as d → 0.
func fitted(d, w float64) float64 {
	if math.Abs(w) > 745*d { // B(745) is below the smallest float64
		return max(-w, 0)
	}
	return d * Bernoulli(w/d)
}

// Bernoulli returns B(z) = z/(eᶻ − 1), the weight of exponential fitting.
// B(z) − B(−z) = −z and B(−z) = eᶻ B(z).
func Bernoulli(z float64) float64 {
	if math.Abs(z) < 1e-5 { // the next term of the series, z⁴/720, is below rounding
		return 1 - z/2 + z*z/12
	}
	if z > 700 { // eᶻ overflows, and e⁻ᶻ loses digits, before B(z) does
		half := math.Exp(-z / 2)
		return z * half * half
	}
	return z / math.Expm1(z)
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
			n.beside[side][i] = beside{to - cell, inside, lost}
		}
	}
	return n
}

func allNeighbors(g *grid.Grid) []*neighbors {
	out := make([]*neighbors, g.Dim())
	for k := range out {
		out[k] = newNeighbors(g, k)
	}
	return out
}

func (n *neighbors) along(cell int) int { return n.grid.Along(n.axis, cell) }

// add adds the rate of crossing the face on one side of a cell at position i:
// to the neighbour, to the absorbing wall with its own rate, or nowhere if
// nothing crosses.
func (n *neighbors) add(rows *Rows, cell, i, side int, rate, absorbed float64) {
	switch b := n.beside[side][i]; {
	case b.inside:
		rows.Jump(cell, cell+b.to, rate)
	case b.lost:
		offset := [4]int{}
		offset[n.axis] = 2*side - 1
		rows.Leave(cell, offset[:n.grid.Dim()], absorbed)
	}
}
