package cases

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"gonum.org/v1/gonum/mat"

	"fokker/cases/expr"
	"fokker/grid"
	"fokker/operators"
)

// Initial is the law at t = 0. One of Point, Density, Uniform or Mean is given.
type Initial struct {
	Mean, Std  []float64
	Covariance *mat.SymDense // instead of Std
	Point      []float64
	Density    *expr.Node // up to a factor
	Uniform    bool

	axes []string
	file string
	line int
}

func (r *reader) readInitial(file *table, p *Problem) {
	t := r.sub(file, "initial")
	if t == nil {
		return
	}
	axes := p.names()
	in := &Initial{axes: axes, file: r.file, line: t.line, Uniform: r.flag(t, "uniform")}
	kinds := 0
	if in.Uniform {
		kinds++
	}
	if s := r.sub(t, "mean"); s != nil {
		kinds++
		in.Mean = r.axisNumbers(s, axes)
		r.readSpread(t, in)
	} else {
		r.refuseSpread(t)
	}
	if s := r.sub(t, "point"); s != nil {
		kinds++
		in.Point = r.axisNumbers(s, axes)
		r.checkInside(s, in.Point, p)
	}
	if e := t.find("density"); e != nil {
		kinds++
		in.Density = r.node(r.scope, e.line, "initial.density", e.value)
		if _, err := compile(axes, in.Density); err != nil {
			r.failExpression(e.line, "initial.density", err)
		}
	}
	if kinds != 1 {
		r.fail(t.line, "initial", fmt.Sprintf("found %d of `mean`, `point`, `density` and `uniform`", kinds), "one of them", "")
	}
	if in.Covariance != nil {
		r.checkTurns(t, in, p)
	}
	p.Initial = in
}

// mostTurns bounds the work of winding a correlated Gaussian around a periodic
// axis.
const mostTurns = 1000

func (r *reader) checkTurns(t *table, in *Initial, p *Problem) {
	for k, a := range p.Axes {
		if std := math.Sqrt(in.Covariance.At(k, k)); a.Ends[0] == grid.Periodic && std > mostTurns*(a.Hi-a.Lo) {
			r.fail(lineOf(t, "covariance"), "initial.covariance", fmt.Sprintf("found a standard deviation of %.3g along %s", std, a.Name), fmt.Sprintf("at most %d turns of a periodic axis", mostTurns), "")
		}
	}
}

// axisNumbers reads one number for each axis.
func (r *reader) axisNumbers(t *table, axes []string) []float64 {
	out := make([]float64, len(axes))
	for _, e := range t.entries {
		k := indexOf(axes, e.key)
		if k < 0 {
			r.failAxis(e, t.path, axes)
			continue
		}
		out[k] = r.value(e.line, join(t.path, e.key), e.value)
	}
	for k, axis := range axes {
		if t.find(axis) == nil {
			r.fail(t.line, t.path, fmt.Sprintf("found no value for axis %q", axes[k]), "one per axis", "")
		}
	}
	return out
}

func (r *reader) checkInside(t *table, x []float64, p *Problem) {
	for k, a := range p.Axes {
		if a.Lo < a.Hi && (x[k] < a.Lo || x[k] > a.Hi) {
			r.fail(t.line, join(t.path, a.Name), fmt.Sprintf("found %v", x[k]), fmt.Sprintf("a point of the box, [%v, %v]", a.Lo, a.Hi), "")
		}
	}
}

func (r *reader) readSpread(t *table, in *Initial) {
	std, covariance := r.sub(t, "std"), r.sub(t, "covariance")
	switch {
	case (t.find("std") == nil) == (t.find("covariance") == nil):
		r.fail(t.line, "initial", "a mean needs a spread", "`std` or `covariance`", "a point law is given by `point`")
	case std == nil && covariance == nil: // said
	case std != nil:
		in.Std = r.axisNumbers(std, in.axes)
		for k, s := range in.Std {
			if !(s > 0) {
				r.fail(std.line, join(std.path, in.axes[k]), fmt.Sprintf("found %v", s), "a number above 0", "")
			}
		}
	default:
		r.readCovariance(covariance, in)
	}
}

// refuseSpread says that a spread without a mean means nothing.
func (r *reader) refuseSpread(t *table) {
	for _, key := range []string{"std", "covariance"} {
		if e := t.find(key); e != nil {
			r.fail(e.line, join(t.path, key), "found without `mean`", "", "it is the spread of a Gaussian around its mean")
		}
	}
}

func (r *reader) readCovariance(t *table, in *Initial) {
	entries := r.matrix(t, in.axes, false)
	in.Covariance = mat.NewSymDense(len(in.axes), nil)
	for k := range entries {
		for l, n := range entries[k] {
			if n == nil {
				continue
			}
			v, ok := n.Constant()
			if !ok {
				r.fail(t.line, t.path, fmt.Sprintf("found %s", n), "expressions in parameters", "")
			}
			in.Covariance.SetSym(k, l, v)
		}
	}
	var factor mat.Cholesky
	if !factor.Factorize(in.Covariance) {
		r.fail(t.line, t.path, "the matrix is not positive definite", "variances above 0 for every axis and correlations below 1", "")
	}
}

// Masses returns the law on a grid, Σ = 1, and the part of it that the walls
// cut off before normalisation.
func (in *Initial) Masses(g *grid.Grid) (m []float64, cut float64, err error) {
	switch {
	case in.Uniform:
		m = make([]float64, g.Size())
		for i := range m {
			m[i] = g.Volume(i)
		}
	case in.Point != nil:
		return in.point(g), 0, nil
	case in.Std != nil:
		m, cut = in.product(g)
	case in.Covariance != nil:
		m = in.correlated(g)
		cut = 1 - sum(m)
	default:
		if m, err = in.integrals(g); err != nil {
			return nil, 0, err
		}
	}
	total := sum(m)
	if !(total > 0) || math.IsInf(total, 1) {
		return nil, 0, &Mistake{in.file, in.line, "initial", fmt.Sprintf("the mass inside the box is %v", total), "a number above 0", ""}
	}
	for i := range m {
		m[i] /= total // a law is given up to its normalisation
	}
	return m, cut, nil
}

// block is how many numbers are summed by themselves: sums of such sums, in
// order, are accurate and reproducible.
const block = 4096

func sum(x []float64) (total float64) {
	for part := range slices.Chunk(x, block) {
		total += floats.Sum(part)
	}
	return total
}

// product returns the Gaussian with independent coordinates by exact integrals
// over cells, and its mass outside the box.
func (in *Initial) product(g *grid.Grid) (m []float64, cut float64) {
	factors, inside := make([][]float64, g.Dim()), 0.0
	for k := range factors {
		a := g.Axis(k)
		factors[k] = gaussian(a, in.Mean[k], in.Std[k])
		if a.Ends[0] != grid.Periodic {
			lo, hi := (a.Edges[0]-in.Mean[k])/in.Std[k], (a.Edges[a.Cells()]-in.Mean[k])/in.Std[k]
			inside += math.Log1p(-between(math.Inf(-1), lo) - between(hi, math.Inf(1)))
		}
	}
	m = make([]float64, g.Size())
	for i := range m {
		m[i] = 1
		for k, f := range factors {
			m[i] *= f[g.Along(k, i)]
		}
	}
	return m, -math.Expm1(inside)
}

// gaussian integrates a normal density over the cells of an axis.
func gaussian(a grid.Axis, mean, std float64) []float64 {
	out := make([]float64, a.Cells())
	if a.Ends[0] == grid.Periodic {
		std = min(std, 3*(a.Edges[a.Cells()]-a.Edges[0])) // wound up, any wider one is uniform to e^(−2π²·9) as well
	}
	for _, s := range spans(a, mean, reach*std) {
		out[s.cell] += between((s.lo-mean)/std, (s.hi-mean)/std)
	}
	return out
}

// span is a cell of an axis, or on a periodic axis one of its images.
type span struct {
	cell   int
	lo, hi float64
}

// reach is how many standard deviations of a Gaussian hold all of it that a
// float64 can.
const reach = 40

// spans returns the cells within a distance; a periodic axis is unrolled.
func spans(a grid.Axis, from, distance float64) (out []span) {
	first, last, period := 0.0, 0.0, a.Edges[a.Cells()]-a.Edges[0]
	if a.Ends[0] == grid.Periodic {
		first = math.Floor((from - distance - a.Edges[0]) / period)
		last = math.Floor((from + distance - a.Edges[0]) / period)
	}
	for w := first; w <= last; w++ {
		for i := range a.Cells() {
			lo, hi := a.Edges[i]+w*period, a.Edges[i+1]+w*period
			if hi >= from-distance && lo <= from+distance {
				out = append(out, span{i, lo, hi})
			}
		}
	}
	return out
}

// between returns the standard normal probability of [a, b], in the tail by the
// complement so that nothing cancels.
func between(a, b float64) float64 {
	if a > 0 {
		a, b = -b, -a
	}
	return (math.Erfc(-b/math.Sqrt2) - math.Erfc(-a/math.Sqrt2)) / 2
}

// point splits a unit mass linearly over the nearest centres, so that its mean
// is the point; never across a closed face or a wall.
func (in *Initial) point(g *grid.Grid) []float64 {
	m := make([]float64, g.Size())
	type share struct {
		cell int
		mass float64
	}
	shares := []share{{0, 1}}
	for k, x := range in.Point {
		i, j, w := split(g, k, x)
		next := make([]share, 0, 2*len(shares))
		for _, s := range shares {
			next = append(next, share{s.cell + i*g.Stride(k), s.mass * (1 - w)}, share{s.cell + j*g.Stride(k), s.mass * w})
		}
		shares = next
	}
	for _, s := range shares {
		m[s.cell] += s.mass
	}
	return m
}

// split returns the cell of x along axis k, the neighbour on its side, and the
// neighbour's share.
func split(g *grid.Grid, k int, x float64) (i, j int, w float64) {
	a := g.Axis(k)
	i = min(max(0, searchEdge(a.Edges, x)), a.Cells()-1)
	d, offset := x-g.Centers(k)[i], make([]int, g.Dim())
	offset[k] = 1
	if d < 0 {
		offset[k] = -1
	}
	to, inside, _ := g.Step(i*g.Stride(k), offset)
	if d == 0 || !inside {
		return i, i, 0
	}
	down, up := g.Distances(k, i)
	if d < 0 {
		return i, g.Along(k, to), -d / down
	}
	return i, g.Along(k, to), d / up
}

// searchEdge returns the cell that holds x.
func searchEdge(edges []float64, x float64) int {
	i, exact := slices.BinarySearch(edges, x)
	if exact {
		return i
	}
	return i - 1
}

// Gauss–Legendre abscissae and weights of four points on [−1, 1] (Abramowitz
// and Stegun 1964, table 25.4), exact on polynomials of degree seven.
var gaussPoints = [4]float64{-0.861136311594052575223946488892809505, -0.339981043584856264802665759103244687, 0.339981043584856264802665759103244687, 0.861136311594052575223946488892809505}
var gaussWeights = [4]float64{0.347854845137453857373063949221999407, 0.652145154862546142626936050778000593, 0.652145154862546142626936050778000593, 0.347854845137453857373063949221999407}

// integrals integrates a density over cells by Gauss–Legendre points.
//
// A density that is 1 in a set and 0 outside has the set's fraction of a cell.
func (in *Initial) integrals(g *grid.Grid) ([]float64, error) {
	if in.Density.Boolean() {
		return in.indicator(g)
	}
	density, err := compile(in.axes, in.Density)
	if err != nil {
		return nil, err
	}
	rules, n := make([][]sample, g.Dim()), 1
	for k := range rules {
		for i := range g.Cells(k) {
			a := g.Axis(k)
			rules[k] = appendRule(rules[k], a.Edges[i], a.Edges[i+1])
		}
		n *= len(gaussPoints)
	}
	m, x, weight, p := make([]float64, g.Size()), operators.Columns(g.Dim(), n), make([]float64, n), make([]float64, n)
	for i := range m {
		fillSamples(g, rules, i, x, weight)
		density.eval([][]float64{p}, x, 0)
		for j, v := range p {
			if !(v >= 0) || math.IsInf(v, 1) {
				return nil, &Mistake{in.file, in.line, "initial.density", fmt.Sprintf("found %v at %v", v, pointOf(x, j)), "a finite number ≥ 0", ""}
			}
			m[i] += weight[j] * v
		}
	}
	return m, nil
}

func (in *Initial) indicator(g *grid.Grid) ([]float64, error) {
	c, err := compile(in.axes, in.Density)
	if err != nil {
		return nil, err
	}
	o := Observable{node: in.Density, points: subPoints, edges: 2, file: in.file, line: in.line, key: "initial.density"}
	o.at = func(dst []float64, x [][]float64, t float64) { c.eval([][]float64{dst}, x, t) }
	m, err := o.OnCells(g, 0)
	for i := range m {
		m[i] *= g.Volume(i)
	}
	return m, err
}

func pointOf(x [][]float64, i int) []float64 {
	out := make([]float64, len(x))
	for k := range out {
		out[k] = x[k][i]
	}
	return out
}

// sample is a quadrature point of an axis.
type sample struct{ x, weight float64 }

// appendRule appends the samples of [lo, hi].
func appendRule(to []sample, lo, hi float64) []sample {
	middle, half := lo+(hi-lo)/2, (hi-lo)/2
	for q, z := range gaussPoints {
		to = append(to, sample{middle + z*half, gaussWeights[q] * half})
	}
	return to
}

// fillSamples writes the product of the rules of all axes in a cell.
func fillSamples(g *grid.Grid, rules [][]sample, cell int, x [][]float64, weight []float64) {
	for j := range weight {
		weight[j] = 1
		rest := j
		for k, r := range rules {
			per := len(r) / g.Cells(k)
			s := r[g.Along(k, cell)*per+rest%per]
			rest /= per
			x[k][j] = s.x
			weight[j] *= s.weight
		}
	}
}
