package cases

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"fokker/grid"
	"fokker/operators"
)

// gradable reports whether cells along an axis may be graded.
func (p *Problem) gradable(k int) bool {
	return p.Axes[k].gradable && !p.couples(k) && p.Order != operators.Spectral && p.Chain == nil
}

// blocks are what cells along an axis are taken together to for the curvature of a
// law, at most: where widths change their slope, second differences from cell to cell
// are wrong by as much as they are.
const blocks = 64

// stretch is the most by which logarithms of neighbouring widths differ: those of a
// quarter of the cells differ by a factor e.
const stretch = 0.25

// little is how many times fewer cells along an axis are too few to grade those that lie
// evenly.
const little = 1.3

// regraded returns the axes with the same cells graded by the laws of a run, how many
// times fewer cells would do as those of the run do, and how many times as wide the
// cell is that becomes narrower by most.
func (r *run) regraded(axes []AxisSpec) (out []AxisSpec, gain, least float64) {
	out, gain, least = slices.Clone(axes), 1, 1
	for k := range axes {
		a := &out[k]
		if !r.problem.gradable(k) {
			continue
		}
		wide := merged(r.grid.Axis(k), (r.grid.Cells(k)+blocks-1)/blocks)
		c := r.curvature(k, wide)
		w := grid.Equidistributed(c, wide.Axis, stretch*float64(a.Cells))
		h, now := wide.Widths(), make([]float64, len(w))
		for i := range now {
			now[i] = h[i] / float64(wide.cells[i]) * float64(r.grid.Cells(k))
			least = min(least, w[i]/now[i])
		}
		fewer := math.Sqrt(spread(c, h, now) / spread(c, h, w))
		if !(fewer > 1) || len(a.Widths.At) == 0 && fewer < little {
			continue
		}
		gain *= fewer
		a.grade(grid.Through(w, wide.Axis))
	}
	return out, gain, least
}

// grade gives the axis cells of other widths.
func (a *AxisSpec) grade(p grid.Profile) {
	var err error
	if a.Spacing, err = p.Spacing(); err != nil {
		panic(err) // points of a profile increase, and its widths are above 0
	}
	a.Spaced, a.Widths = "graded", p
}

// wideAxis is an axis whose cells are taken together to blocks.
type wideAxis struct {
	grid.Axis
	cells []int // in each block
	of    []int // block of each cell
}

// merged takes cells together, at most some in a block, single ones at the ends, where a
// law may be singular.
func merged(a grid.Axis, each int) wideAxis {
	n := a.Cells()
	out := wideAxis{Axis: grid.Axis{Edges: a.Edges[:1:1], Ends: a.Ends}, of: make([]int, n)}
	for lo := 0; lo < n; {
		size := max(1, min(each, lo/2, (n-lo)/3))
		for i := range size {
			out.of[lo+i] = len(out.cells)
		}
		lo += size
		out.Edges, out.cells = append(out.Edges, a.Edges[lo]), append(out.cells, size)
	}
	return out
}

// spread is Σ cᵢ hᵢ wᵢ², to which errors of second order are proportional when a law
// of curvature c has n cells of widths w/n.
func spread(c, h, w []float64) (sum float64) {
	for i, v := range c {
		sum += v * h[i] * w[i] * w[i]
	}
	return sum
}

// laws are those of the run that say where cells have to be small: not a point, which
// has no width at all.
func (r *run) laws() (out [][]float64) {
	if s := r.result.Stationary; s != nil {
		out = append(out, s.Masses)
	}
	if q := r.result.Quasistationary; q != nil {
		out = append(out, q.Masses)
	}
	if e := r.result.Evolve; e != nil {
		for i, m := range e.Masses {
			if e.Times[i] > 0 {
				out = append(out, m)
			}
		}
	}
	if r.initial != nil && r.problem.Initial.Point == nil { // which decides between classes too
		out = append(out, r.initial)
	}
	return out
}

// curvature returns, in the blocks along axis k, what h² is multiplied with in the error
// that a unit of length makes in figures over their size, the most of all laws given
// that mass is left: of the law between cells, ∫|∂²p| over the other axes, as figures up
// to the fourth moment weigh it; and of the ratio of what is on either side, which
// rates get wrong by E|∂²(b/D)| unless they have the Gibbs law, times the standard
// deviation of being there.
func (r *run) curvature(k int, a wideAxis) []float64 {
	out, x, q := make([]float64, a.Cells()), a.Middles(), r.steepness(k)
	for _, m := range r.laws() {
		mass := sum(m)
		if !(mass > 0) {
			continue
		}
		marginal, below := make([]float64, len(x)), 0.0
		for i, v := range r.figures.along(k, m) {
			marginal[a.of[i]] += v / mass
		}
		weight, law, rates := momentWeights(x, marginal), a.bends(r.grid, k, m), a.bendsOf(r.grid, k, q, m)
		for i, v := range marginal {
			part := max(0, min(1, below+v/2)) // by schemes of high order masses may be below 0
			out[i] = max(out[i], law[i]/mass*weight[i]+rates[i]*math.Sqrt(part*(1-part)))
			below += v
		}
	}
	if !a.periodic() {
		toWall(out, a.Edges)
		slices.Reverse(out)
		toWall(out, mirrored(a.Edges))
		slices.Reverse(out)
	}
	return out
}

// steepness returns b/D along axis k in all cells, 0 without noise; nil where rates have
// the Gibbs law, or where a coefficient has no usable value.
func (r *run) steepness(k int) []float64 {
	if r.problem.reversible != nil {
		return nil
	}
	out, dim := make([]float64, r.grid.Size()), r.grid.Dim()
	err := operators.Coefficients(r.problem.Process, r.grid, grid.Range{Hi: len(out)}, 0, func(piece grid.Range, b, d [][]float64) error {
		for i := range piece.Len() {
			if noise := value(d[k*dim+k], i); noise > 0 {
				out[piece.Lo+i] = value(b[k], i) / noise
			}
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return out
}

func (a wideAxis) periodic() bool { return a.Ends[0] == grid.Periodic }

// second writes the absolute second differences of values in blocks over the squares of
// their distances: 0 beside walls.
func (a wideAxis) second(dst, p []float64) {
	n, x := len(p), a.Middles()
	for i := range dst {
		lo, hi, down, up := i-1, i+1, 0.0, 0.0
		switch dst[i] = 0; {
		case i > 0 && i < n-1:
			down, up = x[i]-x[lo], x[hi]-x[i]
		case !a.periodic():
			continue
		default: // around the circle
			lo, hi = (i+n-1)%n, (i+1)%n
			period := a.Edges[n] - a.Edges[0]
			down, up = math.Mod(x[i]-x[lo]+period, period), math.Mod(x[hi]-x[i]+period, period)
		}
		dst[i] = 2 * math.Abs((p[hi]-p[i])/up-(p[i]-p[lo])/down) / (up + down)
	}
}

// bends returns Σ |∂²p| of a law over all lines of blocks along axis k.
func (a wideAxis) bends(g *grid.Grid, k int, m []float64) []float64 {
	h, out, p, bent := a.Widths(), make([]float64, a.Cells()), make([]float64, a.Cells()), make([]float64, a.Cells())
	for first := range m {
		if g.Along(k, first) != 0 {
			continue
		}
		clear(p)
		for i, to := range a.of {
			p[to] += m[first+i*g.Stride(k)] / h[to]
		}
		a.second(bent, p)
		floats.Add(out, bent)
	}
	return out
}

// bendsOf returns E|∂²q| over lines of blocks along axis k, given the block.
func (a wideAxis) bendsOf(g *grid.Grid, k int, q, m []float64) []float64 {
	out, masses := make([]float64, a.Cells()), make([]float64, a.Cells())
	if q == nil {
		return out
	}
	mean, here, bent := make([]float64, a.Cells()), make([]float64, a.Cells()), make([]float64, a.Cells())
	for first := range m {
		if g.Along(k, first) != 0 {
			continue
		}
		clear(mean)
		clear(here)
		for i, to := range a.of {
			cell := first + i*g.Stride(k)
			mean[to] += q[cell] / float64(a.cells[to])
			here[to] += m[cell]
		}
		a.second(bent, mean)
		floats.Mul(bent, here)
		floats.Add(out, bent)
		floats.Add(masses, here)
	}
	for i, v := range masses {
		if v > 0 {
			out[i] /= v
		}
	}
	return out
}

// mirrored returns −x from last to first.
func mirrored(x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[len(x)-1-i] = -v
	}
	return out
}

// toWall continues a curvature to the two cells at a lower wall, of which the first has
// no second difference, nor the second one that means much where the law is singular:
// as a power s < 0 of the distance if it grows so from the ninth to the fifth and from
// there to the third, in the first cell by the mean of its cube root, which is more
// than in the middle. Of an exponential, whose powers tend to 0, s is 0.
func toWall(c, edges []float64) {
	away := func(i int) float64 { return (edges[i]+edges[i+1])/2 - edges[0] }
	power := func(i, j int) float64 { return math.Log(c[i]/c[j]) / math.Log(away(i)/away(j)) }
	const steepest = -3 * (1 - 1./30) // a density has less than −3, beyond which there is no mean
	s := max(power(2, 4), 2*power(2, 4)-power(4, 8), steepest)
	if !(s < 0) {
		c[0] = c[1]
		return
	}
	c[1] = max(c[1], c[2]*math.Pow(away(1)/away(2), s))
	c[0] = c[2] * math.Pow((edges[1]-edges[0])/away(2), s) / math.Pow(1+s/3, 3)
}

// momentWeights returns Σ |x − μ|ᵖ/√(E|x − μ|²ᵖ), p = 0…4, of a marginal of mass 1.
func momentWeights(x, marginal []float64) []float64 {
	mean := floats.Dot(marginal, x)
	out := make([]float64, len(x))
	for p := range 5 {
		size := 0.0
		for i, v := range marginal {
			size += v * math.Pow(x[i]-mean, float64(2*p))
		}
		for i := range out {
			if size > 0 { // otherwise all mass is in one block
				out[i] += math.Pow(math.Abs(x[i]-mean), float64(p)) / math.Sqrt(size)
			}
		}
	}
	return out
}
