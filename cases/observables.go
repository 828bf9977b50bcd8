package cases

import (
	"fmt"
	"math"
	"runtime"
	"slices"

	"gonum.org/v1/gonum/mat"

	"fokker/cases/expr"
	"fokker/cases/sgd"
	"fokker/grid"
	"fokker/operators"
)

// Observable is a function φ of the state whose expectation is asked for.
type Observable struct {
	Name string

	at     func(dst []float64, x [][]float64, t float64)
	margin func(dst []float64, x [][]float64, t float64) // nil unless inequalities
	node   *expr.Node                                    // nil for one that comes with an optimiser
	timed  bool                                          // φ depends on t
	file   string
	line   int
	key    string
	points int // per axis and cell; 1 is the centre
	edges  int // through which sums of masses are interpolated where a comparison divides a cell, or the law has its slope there; 0: two
}

// subPoints is the number of points per axis and cell at which a comparison is
// counted that is no interval of one axis.
const subPoints = 8

func (r *reader) readObservables(file *table, p *Problem) {
	if p.landscape != nil {
		p.Observables = append(landscape(p.landscape, r.file), p.test...)
	}
	t := r.sub(file, "observables")
	if t == nil {
		return
	}
	for _, e := range t.entries {
		path := join(t.path, e.key)
		o, ok := r.observable(e, path, p)
		if !ok {
			continue
		}
		for _, other := range p.Observables {
			if other.Name == e.key {
				r.fail(e.line, path, "an optimiser has an observable of this name", "another name", "")
			}
		}
		p.Observables = append(p.Observables, o)
	}
}

// observable reads one.
func (r *reader) observable(e entry, path string, p *Problem) (o Observable, ok bool) {
	if !r.checkName(e.line, path, e.key) {
		return o, false
	}
	axes := p.names()
	n := r.node(r.scope, e.line, path, e.value)
	c, err := compile(axes, n)
	if err != nil {
		r.failExpression(e.line, path, err)
		return o, false
	}
	o = Observable{Name: e.key, node: n, timed: n.Uses("t"), file: r.file, line: e.line, key: path, points: 1}
	o.at = func(dst []float64, x [][]float64, t float64) { c.eval([][]float64{dst}, x, t) }
	if m, ok := expr.Margin(n); ok {
		if c, err := compile(axes, m); err == nil {
			o.margin = func(dst []float64, x [][]float64, t float64) { c.eval([][]float64{dst}, x, t) }
		}
	}
	if n.Boolean() {
		o.points = subPoints
	}
	return o, true
}

// landscape returns the observables of an optimiser: the loss, the length of
// its gradient, and the largest eigenvalue of its Hessian.
func landscape(e *sgd.Examples, file string) []Observable {
	dim := e.Dim()
	loss := func(dst []float64, x [][]float64, _ float64) { e.PopulationLoss(dst, x) }
	length := func(dst []float64, x [][]float64, _ float64) {
		g := operators.Columns(dim, len(dst))
		e.PopulationGradient(g, x)
		for i := range dst {
			square := 0.0
			for k := range g {
				square += g[k][i] * g[k][i]
			}
			dst[i] = math.Sqrt(square)
		}
	}
	sharpness := func(dst []float64, x [][]float64, _ float64) {
		h := operators.Columns(dim*(dim+1)/2, len(dst))
		e.PopulationHessian(h, x)
		for i := range dst {
			dst[i] = largestEigenvalue(h, i, dim)
		}
	}
	return []Observable{
		{Name: "loss", at: loss, file: file, key: "sgd.loss", points: 1},
		{Name: "gradient_norm", at: length, file: file, key: "sgd.loss", points: 1},
		{Name: "sharpness", at: sharpness, file: file, key: "sgd.loss", points: 1},
	}
}

// largestEigenvalue of the symmetric matrix whose lower triangle is in entry i
// of the columns; NaN where it is not finite.
func largestEigenvalue(h [][]float64, i, dim int) float64 {
	if dim == 1 {
		return h[0][i]
	}
	largest := 0.0 // taken out: LAPACK's own scaling of entries near the ends of float64 fails on a matrix that small
	for _, column := range h {
		largest = max(largest, math.Abs(column[i]))
	}
	if largest == 0 || math.IsNaN(largest) || math.IsInf(largest, 0) {
		return 0 * largest
	}
	m, e := mat.NewSymDense(dim, nil), 0
	for k := range dim {
		for l := range k + 1 {
			m.SetSym(k, l, h[e][i]/largest)
			e++
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(m, false) {
		return math.NaN()
	}
	return largest * eigen.Values(nil)[dim-1]
}

// Probability reports whether φ is a comparison, 0 or 1.
func (o *Observable) Probability() bool { return o.node != nil && o.node.Boolean() }

// OnCells returns φ of every cell: its value at the centre, or the fraction of
// the cell where a comparison holds.
func (o *Observable) OnCells(g *grid.Grid, t float64) ([]float64, error) {
	phi := make([]float64, g.Size())
	if o.node != nil {
		names := make([]string, g.Dim())
		for k := range names {
			names[k] = g.Axis(k).Name
		}
		if axis, holds, ok := expr.Intervals(o.node, names); ok {
			fractions(phi, g, indexOf(names, axis), o.edges, holds...)
			return phi, nil
		}
	}
	switch {
	case o.edges > 0 && o.margin != nil:
		o.oblique(phi, g, t)
	case o.points > 1:
		o.count(phi, g, t)
	default:
		o.centres(phi, g, t)
	}
	for i, v := range phi {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, o.unusable(v, g, i)
		}
	}
	return phi, nil
}

// Margin returns a function that is positive where inequalities hold and negative
// where they do not, nil for other observables.
func (o *Observable) Margin() func(dst []float64, x [][]float64, t float64) { return o.margin }

func (o *Observable) unusable(v float64, g *grid.Grid, cell int) error {
	x := operators.Columns(g.Dim(), 1)
	g.Points(x, grid.Range{Lo: cell, Hi: cell + 1})
	found := fmt.Sprintf("%s is %v", o.Name, v)
	if o.node != nil {
		found = fmt.Sprintf("%s is %v", shortened(o.node.String()), v)
	}
	for k := range x {
		found += fmt.Sprintf(", %s = %.6g", g.Axis(k).Name, x[k][0])
	}
	return &Mistake{File: o.file, Line: o.line, Key: o.key, Found: found, Expected: "a finite number in the whole box"}
}

// smoothEdges is how many edges schemes of high order interpolate: the error is of
// order eight.
const smoothEdges = 8

// fractions writes the part of each cell's mass that counts where axis k is in one of
// some intervals. Between two edges this is the part of the width. Between more, a
// polynomial through the sums of masses below each gives cells about an end
// another part of theirs, below 0 or above 1 as well.
func fractions(phi []float64, g *grid.Grid, k, count int, holds ...[2]float64) {
	edges := g.Axis(k).Edges
	part := make([]float64, len(edges)-1)
	for _, ends := range holds {
		below(part, edges, count, ends[1], 1)
		below(part, edges, count, ends[0], -1)
	}
	for i := range phi {
		phi[i] = part[g.Along(k, i)]
	}
}

// Fractions writes the part of the width of each cell where axis k is in [lo, hi].
func Fractions(phi []float64, g *grid.Grid, k int, lo, hi float64) {
	fractions(phi, g, k, 2, [2]float64{lo, hi})
}

// below adds a factor times the parts of cells below a point.
func below(part, edges []float64, count int, x, factor float64) {
	n := len(part)
	if !(x > edges[0]) {
		return
	}
	at := n // of the edges above it
	if x < edges[n] {
		at, _ = slices.BinarySearch(edges, x)
	}
	count = min(max(count, 2), n+1)
	first := max(0, min(at-count/2, n+1-count))
	rest := 0.0 // of the weights of the edges above
	for e := first + count - 1; e > first; e-- {
		rest += lagrange(edges[first:first+count], e-first, min(x, edges[n]))
		part[e-1] += factor * rest
	}
	for i := range part[:first] {
		part[i] += factor
	}
}

// lagrange is the polynomial that is 1 at one of some points and 0 at the others.
func lagrange(points []float64, one int, x float64) float64 {
	product := 1.0
	for j, p := range points {
		if j != one {
			product *= (x - p) / (points[one] - p)
		}
	}
	return product
}

// centres writes φ at the centres of cells. The loss of many examples costs as much
// as assembly: all cores take part.
func (o *Observable) centres(phi []float64, g *grid.Grid, t float64) {
	grid.Range{Hi: g.Size()}.Each(runtime.GOMAXPROCS(0), func(part grid.Range) {
		x := operators.Columns(g.Dim(), 1024)
		_ = part.Chunks(1024, func(r grid.Range) error {
			x := head(x, r.Len())
			g.Points(x, r)
			o.at(phi[r.Lo:r.Hi], x, t)
			return nil
		})
	})
}

// count writes the fraction of sub-points of each cell at which φ holds.
func (o *Observable) count(phi []float64, g *grid.Grid, t float64) {
	dim, n := g.Dim(), 1
	for range dim {
		n *= o.points
	}
	x, value, at := operators.Columns(dim, n), make([]float64, n), make([]int, dim)
	for cell := range phi {
		g.Locate(at, cell)
		for j := range n {
			rest := j
			for k := range dim {
				part := (float64(rest%o.points) + 0.5) / float64(o.points)
				rest /= o.points
				x[k][j] = g.Axis(k).Edges[at[k]] + part*g.Widths(k)[at[k]]
			}
		}
		o.at(value, x, t)
		phi[cell] = sum(value) / float64(n)
	}
}
