package cases

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"fokker/grid"
)

// narrow puts Gaussians on a mesh that may be wider than they are.
type narrow struct {
	grid *grid.Grid
	axes []AxisSpec
	mean []float64
	law  gaussLaw
}

// resolves is the least variance, in widths of cells, of a Gaussian that is summed
// over the centres of cells: what the sum of a smooth function is wrong by is
// e^(−2π² variance) of it, 1e-7.
const resolves = 0.8

// on returns a law on the cells around it.
func (k *knownLaw) on(g *grid.Grid, p *Problem, law gaussLaw) *narrow {
	n := &narrow{grid: g, axes: p.Axes, law: law}
	for i, x := range p.Initial.Point {
		n.mean = append(n.mean, x+law.mean[i])
	}
	return n
}

// masses returns those of a law: the density at the centres of cells where these
// resolve it, and otherwise the weights that the values at some centres along each axis
// have in functions interpolated by them, at many points of the law. With two they are
// nonnegative and keep the mean, with six expectations of smooth functions to sixth
// order in the width of cells, however narrow the law is.
func (n *narrow) masses(centres int) ([]float64, error) {
	if n.resolved() {
		return n.sampled(), nil
	}
	if m := n.scattered(centres); m != nil {
		return m, nil
	}
	m, _, err := n.initial().Masses(n.grid) // exact integrals
	return m, err
}

func (n *narrow) initial() *Initial {
	dim := n.grid.Dim()
	in := &Initial{Mean: n.mean}
	if dim == 1 {
		in.Std = []float64{math.Sqrt(n.law.covariance[0][0])}
		return in
	}
	in.Covariance = mat.NewSymDense(dim, nil)
	for k := range dim {
		for j := range k + 1 {
			in.Covariance.SetSym(k, j, n.law.covariance[k][j])
		}
	}
	return in
}

// resolved compares the least variance in any direction with the widest cells that
// hold some of the law.
func (n *narrow) resolved() bool {
	dim := n.grid.Dim()
	s, widest := mat.NewSymDense(dim, nil), make([]float64, dim)
	for k := range dim {
		_, widest[k] = n.widths(k)
		for j := range k + 1 {
			s.SetSym(k, j, n.law.covariance[k][j]/(widest[k]*widest[j]))
		}
	}
	var eigen mat.EigenSym
	return eigen.Factorize(s, false) && eigen.Values(nil)[0] >= resolves
}

// widths returns those of the narrowest and the widest cell within some deviations along
// an axis.
func (n *narrow) widths(k int) (narrowest, widest float64) {
	a, h := n.grid.Axis(k), n.grid.Widths(k)
	narrowest = math.Inf(1)
	for _, s := range spans(a, n.mean[k], deviations*math.Sqrt(n.law.covariance[k][k])) {
		narrowest, widest = min(narrowest, h[s.cell]), max(widest, h[s.cell])
	}
	return narrowest, widest
}

// sampled returns the density at the centres, times volumes, Σ = 1.
func (n *narrow) sampled() []float64 {
	dim, g := n.grid.Dim(), n.grid
	lower, _ := n.law.factor(dim)
	cells := make([][]span, dim)
	for k := range cells {
		cells[k] = spans(g.Axis(k), n.mean[k], reach*math.Sqrt(n.law.covariance[k][k]))
	}
	m := make([]float64, g.Size())
	var visit func(k, base int, weight float64, from [4]float64)
	visit = func(k, base int, weight float64, from [4]float64) {
		if k == dim {
			square := 0.
			for _, z := range solved(lower, from, dim) {
				square += z * z
			}
			m[base] += weight * math.Exp(-square/2)
			return
		}
		for _, s := range cells[k] {
			from[k] = (s.lo+s.hi)/2 - n.mean[k]
			visit(k+1, base+s.cell*g.Stride(k), weight*(s.hi-s.lo), from)
		}
	}
	visit(0, 0, 1, [4]float64{})
	return normalised(m)
}

// normalised divides masses by their sum.
func normalised(m []float64) []float64 {
	total := sum(m)
	for i := range m {
		m[i] /= total
	}
	return m
}

const (
	hats, quintics = 2, 6 // centres along an axis by which functions are interpolated
	farthest       = 6.5  // deviations of points of a Gaussian; beyond lies 1e-10 of it
	apartMost      = 0.75 // deviations between points: sums of smooth functions are right to e^(−2π²/0.75²)
	mostPoints     = 1 << 18
)

// scattered interpolates at the points of a lattice of the law in standard form, no
// two of them farther apart than half a cell; nil if these are too many.
func (n *narrow) scattered(centres int) []float64 {
	dim := n.grid.Dim()
	lower, _ := n.law.factor(dim)
	step, count, all, narrowest := make([]float64, dim), make([]int, dim), 1., make([]float64, dim)
	for k := range dim {
		narrowest[k], _ = n.widths(k)
	}
	for j := range dim {
		step[j] = apartMost
		for k := j; k < dim; k++ {
			step[j] = min(step[j], narrowest[k]/2/math.Abs(lower[k][j]))
		}
		count[j] = int(math.Ceil(farthest / step[j]))
		all *= float64(2*count[j] + 1)
	}
	if all > mostPoints {
		return nil
	}
	m := make([]float64, n.grid.Size())
	var visit func(j int, weight float64, x [4]float64)
	visit = func(j int, weight float64, x [4]float64) {
		if j == dim {
			n.scatter(m, weight, x, centres)
			return
		}
		for i := -count[j]; i <= count[j]; i++ {
			z, at := float64(i)*step[j], x
			for k := j; k < dim; k++ {
				at[k] += lower[k][j] * z
			}
			visit(j+1, weight*math.Exp(-z*z/2), at)
		}
	}
	visit(0, 1, [4]float64(append(append([]float64(nil), n.mean...), 0, 0, 0, 0)[:4]))
	return normalised(m)
}

// scatter gives a mass at a point to the centres around it, by the weights of the
// polynomial that interpolates there, unless it is outside.
func (n *narrow) scatter(m []float64, mass float64, x [4]float64, centres int) {
	var near [4]around
	for k := range n.grid.Dim() {
		if !near[k].find(n.grid, k, x[k], centres) {
			return
		}
	}
	n.share(m, mass, near[:n.grid.Dim()], 0)
}

// share divides a mass over the centres around a point along the axes from one on, in
// the cells that those before have chosen.
func (n *narrow) share(m []float64, mass float64, near []around, cell int) {
	k := n.grid.Dim() - len(near)
	if len(near) == 0 {
		m[cell] += mass
		return
	}
	cells := n.grid.Cells(k)
	for i, w := range near[0].weight[:near[0].count] {
		at := ((near[0].first+i)%cells + cells) % cells
		n.share(m, mass*w, near[1:], cell+at*n.grid.Stride(k))
	}
}

// around is the centres around a point of an axis, and the weights of their values at it.
type around struct {
	first, count int
	weight       [quintics]float64
}

// find reports whether the point is inside.
func (r *around) find(g *grid.Grid, k int, x float64, centres int) bool {
	a, c := g.Axis(k), g.Centers(k)
	cells := len(c)
	lo, hi := a.Edges[0], a.Edges[cells]
	periodic := a.Ends[0] == grid.Periodic
	if periodic {
		x -= (hi - lo) * math.Floor((x-lo)/(hi-lo))
	}
	if x < lo || x > hi {
		return false
	}
	count := min(centres, cells)
	first := min(searchEdge(a.Edges, x), cells-1) - (count-1)/2
	if i := first + (count-1)/2; count%2 == 0 && x < c[i] {
		first--
	}
	if !periodic {
		first = max(0, min(first, cells-count))
	}
	var points [quintics]float64
	for i := range count {
		at := first + i
		turn := math.Floor(float64(at) / float64(cells))
		points[i] = c[at-int(turn)*cells] + turn*(hi-lo)
	}
	for i := range count {
		r.weight[i] = lagrange(points[:count], i, x)
	}
	r.first, r.count = first, count
	return true
}
