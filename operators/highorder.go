package operators

import (
	"fmt"

	"fokker/grid"
)

// Order is that of a HighOrder operator.
type Order int

const (
	Fourth   Order = 4  // stencils of few cells
	Spectral Order = -1 // interpolation by all cells: trigonometric, or by Chebyshev's polynomials
)

// String returns the name used in case files.
func (o Order) String() string {
	if o == Fourth {
		return "4"
	}
	return "spectral"
}

// Accurate is an operator on masses that is more accurate than a generator can be
// and therefore none: dm/dt = Lᵀm conserves, but masses may fall below 0. Monotone
// is a generator of the same process, which all iterations lean on. Values writes
// what masses say of the centres: the density there, and the weights of a function's
// values in its expectation, which sum to the mass; Ghosts are what
// functions without the period of an axis take besides.
type Accurate interface {
	Generator
	Mesh() *grid.Grid
	Monotone() Rowed
	Absorption() []float64
	Values(density, weights, m []float64)
	Ghosts() *Ghosts
}

// HighOrder is the equation of Itô, in the form of finite volumes,
//
//	dmᵢ/dt = −Σ faces ± ∫ J·n − ∫ κp,   J_k = b_k p − Σ_l ∂_l(D_kl p),
//
// with fluxes J made of values at centres, and these of averages over cells, by
// the matrices of a basis along every axis. Fluxes are made at the middles of faces and
// averaged over these along the other axes. (Fourth order: Barad and Colella 2005;
// by all cells: Orszag 1972.) It is neither positive nor exact for Gibbs laws, as
// generators are; what leaves a cell enters the next, so that mass is kept.
type HighOrder struct {
	grid     *grid.Grid
	order    Order
	process  Process
	killing  Killing
	near     *Block
	bases    []*basis
	drift    [][]float64 // by axis; nil where 0
	tensor   [][]float64 // D, dim × dim; nil where 0
	killed   []float64   // nil without killing
	absorbed []float64
	volume   []float64
	scratch  [3][]float64
	point    []float64 // the density at the centres
}

// NewHighOrder discretises a process, with killing where its Rate is not nil, on
// the grid and at the time of a generator of it.
func NewHighOrder(order Order, p Process, killing Killing, near *Block) (*HighOrder, error) {
	g := near.grid
	h := &HighOrder{grid: g, order: order, process: p, killing: killing, volume: make([]float64, g.Size())}
	for i := range h.volume {
		h.volume[i] = g.Volume(i)
	}
	for k := range g.Dim() {
		if err := fits(order, g, k); err != nil {
			return nil, err
		}
		h.bases = append(h.bases, newBasis(g, k, order))
	}
	return h.beside(near)
}

// LeastCells of an axis are those of the widest stencil.
const LeastCells = 5

// fits refuses axes that have no basis.
func fits(order Order, g *grid.Grid, k int) error {
	a := g.Axis(k)
	if a.Cells() < LeastCells {
		return fmt.Errorf("operators: order %v: axis %q has %d cells, expected at least %d", order, a.Name, a.Cells(), LeastCells)
	}
	if len(a.Closed) > 0 {
		return fmt.Errorf("operators: order %v: axis %q has a face that nothing crosses, where a law is not smooth", order, a.Name)
	}
	if order == Spectral && (a.Ends[0] == grid.Absorbing || a.Ends[1] == grid.Absorbing) {
		return fmt.Errorf("operators: order %v: axis %q has an absorbing end; order 4 has absorbing ends", order, a.Name)
	}
	if order == Spectral && !uniform(g.Widths(k)) && (a.Ends[0] == grid.Periodic || !extrema(a.Edges)) {
		return fmt.Errorf("operators: order %v: axis %q has unequal cells, expected equal ones or, between walls, those of grid.Chebyshev", order, a.Name)
	}
	return nil
}

// beside returns the operator with the coefficients of the time of a generator.
func (h *HighOrder) beside(near *Block) (*HighOrder, error) {
	n, dim, t := h.grid.Size(), h.grid.Dim(), near.time
	out := &HighOrder{
		grid: h.grid, order: h.order, process: h.process, killing: h.killing, near: near, bases: h.bases, volume: h.volume,
		drift: make([][]float64, dim), tensor: make([][]float64, dim*dim), point: make([]float64, n),
	}
	err := Coefficients(h.process, h.grid, grid.Range{Hi: n}, t, func(r grid.Range, b, d [][]float64) error {
		keep(out.drift, b, r, n)
		keep(out.tensor, d, r, n)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if h.killing.Rate != nil {
		out.killed = make([]float64, n)
		x := Columns(dim, n)
		h.grid.Points(x, grid.Range{Hi: n})
		h.killing.Rate(out.killed, x, t)
	}
	faces := 0
	for k := range dim {
		faces = max(faces, n/h.grid.Cells(k)*(h.grid.Cells(k)+1))
	}
	for i := range out.scratch {
		out.scratch[i] = make([]float64, faces)
	}
	out.absorb()
	return out, nil
}

// keep copies the columns of a range that are not 0.
func keep(dst, columns [][]float64, r grid.Range, n int) {
	for k, c := range columns {
		if c == nil {
			continue
		}
		if dst[k] == nil {
			dst[k] = make([]float64, n)
		}
		copy(dst[k][r.Lo:r.Hi], c)
	}
}

// absorb notes what is lost of the mass of every cell per unit time.
func (h *HighOrder) absorb() {
	lossy := h.killed != nil
	for k := range h.grid.Dim() {
		for _, end := range h.grid.Axis(k).Ends {
			lossy = lossy || end == grid.Absorbing
		}
	}
	if !lossy {
		return
	}
	ones := make([]float64, h.Size())
	for i := range ones {
		ones[i] = 1
	}
	absorbed := make([]float64, h.Size())
	h.Backward(absorbed, ones)
	for i, v := range absorbed {
		absorbed[i] = -v
	}
	h.absorbed = absorbed
}

// Size returns the number of cells.
func (h *HighOrder) Size() int { return h.grid.Size() }

// Mesh returns the grid.
func (h *HighOrder) Mesh() *grid.Grid { return h.grid }

// Monotone returns the generator beside it.
func (h *HighOrder) Monotone() Rowed { return h.near }

// Absorption returns the rate at which the mass of every cell is lost, nil where
// nothing is. By the fluxes through walls it is of either sign.
func (h *HighOrder) Absorption() []float64 { return h.absorbed }

// Exit returns the rates of leaving cells by the generator beside it: the scale of
// what flows to and fro.
func (h *HighOrder) Exit() []float64 { return h.near.Exit() }

// shape is the sizes of an array: cells along every axis, but for faces along one.
func (h *HighOrder) shape(k, faces int) (inner, outer int) {
	inner, outer = 1, 1
	for l := range h.grid.Dim() {
		n := h.grid.Cells(l)
		if l == faces {
			n++
		}
		if l < k {
			inner *= n
		} else if l > k {
			outer *= n
		}
	}
	return inner, outer
}

// none is no axis of faces.
const none = -1

// along applies a matrix along axis k of an array of cells, or of faces of
// another axis.
func (h *HighOrder) along(m *matrix, k, faces int, dst, x []float64) {
	inner, outer := h.shape(k, faces)
	m.apply(dst[:inner*outer*m.rows], x[:inner*outer*m.columns], inner, outer, h.near.workers)
}

// across applies the transpose.
func (h *HighOrder) across(m *matrix, k, faces int, dst, x []float64) {
	inner, outer := h.shape(k, faces)
	m.transposed(dst[:inner*outer*m.columns], x[:inner*outer*m.rows], inner, outer, h.near.workers)
}

// density writes the density at the centres.
func (h *HighOrder) density(dst, m []float64) {
	x, y := h.scratch[0][:len(m)], h.scratch[1][:len(m)]
	for i, v := range m {
		x[i] = v / h.volume[i]
	}
	for k, b := range h.bases {
		h.along(b.values, k, none, y, x)
		x, y = y, x
	}
	copy(dst, x)
}

// Values writes the density at the centres and the weights of a function's values
// in its expectation ∫φp: with a quadrature of the order of the basis, exact for
// constants,
//
//	w = m + quadrature × p − volume × (average of p).
//
// Functions that have not the period of an axis take Ghosts besides.
func (h *HighOrder) Values(density, weights, m []float64) {
	h.density(density, m)
	copy(h.scratch[0], density)
	average, at := h.averaged(h.along, h.scratch[0][:len(m)], none), make([]int, h.grid.Dim())
	for i, p := range density {
		h.grid.Locate(at, i)
		for k, b := range h.bases {
			p *= b.weight[at[k]]
		}
		weights[i] = m[i] + p - h.volume[i]*average[i]
	}
}

// Forward writes Lᵀm.
func (h *HighOrder) Forward(dst, m []float64) {
	h.density(h.point, m)
	clear(dst)
	for k := range h.bases {
		h.collect(dst, h.flux(k), k)
	}
	if h.killed == nil {
		return
	}
	x := product(h.scratch[0], h.killed, h.point)
	x = h.averaged(h.along, x, none)
	for i := range dst {
		dst[i] -= x[i] * h.volume[i]
	}
}

// flux returns the flux density through the faces of axis k, averaged over each.
func (h *HighOrder) flux(k int) []float64 {
	dim, b := h.grid.Dim(), h.bases[k]
	carried := h.carried(k)
	flow, more := h.scratch[1], h.scratch[2]
	h.along(b.face, k, none, flow, carried)
	if d := h.tensor[k*dim+k]; d != nil {
		spread := product(h.scratch[0], d, h.point)
		h.along(b.rise, k, none, more, spread)
		for f := range more[:h.faces(k)] {
			flow[f] -= more[f]
		}
	}
	h.scratch[0], h.scratch[1] = flow, h.scratch[0]
	return h.averaged(h.along, flow[:h.faces(k)], k)
}

// carried returns b_k p − Σ_l ∂_l(D_kl p), l ≠ k, at the centres.
func (h *HighOrder) carried(k int) []float64 {
	n, dim := h.Size(), h.grid.Dim()
	out := product(h.scratch[0], h.drift[k], h.point)
	for l, b := range h.bases {
		d := h.tensor[k*dim+l]
		if l == k || d == nil {
			continue
		}
		x, y := product(h.scratch[1], d, h.point), h.scratch[2][:n]
		h.along(b.slope, l, none, y, x)
		for i, v := range y {
			out[i] -= v
		}
	}
	return out
}

// product writes a p; a nil is 0.
func product(dst, a, p []float64) []float64 {
	dst = dst[:len(p)]
	if a == nil {
		clear(dst)
		return dst
	}
	for i, v := range p {
		dst[i] = a[i] * v
	}
	return dst
}

// faces returns the number of faces of an axis.
func (h *HighOrder) faces(k int) int { return h.Size() / h.grid.Cells(k) * (h.grid.Cells(k) + 1) }

// averaged turns x, in the first of the scratch, from values into averages along
// all axes but one; applied across, it does the transpose of this.
func (h *HighOrder) averaged(apply func(m *matrix, k, faces int, dst, x []float64), x []float64, faces int) []float64 {
	y := h.scratch[1][:len(x)]
	for l, b := range h.bases {
		if l != faces {
			apply(b.averages, l, faces, y, x)
			x, y = y, x
		}
	}
	return x
}

// collect adds what fluxes through the faces of axis k bring to the cells.
func (h *HighOrder) collect(dst, flux []float64, k int) {
	h.lines(k, func(cell, face, inner int, width float64) {
		below, above := flux[face:face+inner], flux[face+inner:face+2*inner]
		to, volume := dst[cell:cell+inner], h.volume[cell:cell+inner]
		for i, v := range volume {
			to[i] -= v / width * (above[i] - below[i])
		}
	})
}

// lines calls do for the runs of cells at the same position along axis k, with
// the first cell, the face below it and the width there.
func (h *HighOrder) lines(k int, do func(cell, face, inner int, width float64)) {
	inner, outer := h.shape(k, none)
	widths := h.grid.Widths(k)
	for o := range outer {
		for i, w := range widths {
			at := (o*len(widths) + i) * inner
			do(at, at+o*inner, inner, w)
		}
	}
}

// Current writes the mass per unit time that crosses every face of an axis.
func (h *HighOrder) Current(axis int, dst, m []float64) {
	h.density(h.point, m)
	flux := h.flux(axis)
	h.lines(axis, func(cell, face, inner int, width float64) {
		for i, v := range h.volume[cell : cell+inner] {
			dst[face+i] = v / width * flux[face+i]
			dst[face+inner+i] = v / width * flux[face+inner+i]
		}
	})
}

// Backward writes Lf, by the transposes of all that Forward does.
func (h *HighOrder) Backward(dst, f []float64) {
	clear(h.point)
	for k := range h.bases {
		h.differ(f, k)
		h.gather(k)
	}
	if h.killed != nil {
		x := h.scratch[0][:len(f)]
		for i, v := range f {
			x[i] = v * h.volume[i]
		}
		x = h.averaged(h.across, x, none)
		for i, v := range x {
			h.point[i] -= h.killed[i] * v
		}
	}
	x, y := h.point, h.scratch[0][:len(f)]
	for k, b := range h.bases {
		h.across(b.values, k, none, y, x)
		x, y = y, x
	}
	for i, v := range x {
		dst[i] = v / h.volume[i]
	}
}

// differ writes into the first of the scratch what a flux through each face of
// axis k does to Σ f m.
func (h *HighOrder) differ(f []float64, k int) {
	out := h.scratch[0][:h.faces(k)]
	clear(out)
	h.lines(k, func(cell, face, inner int, width float64) {
		for i, v := range h.volume[cell : cell+inner] {
			out[face+i] += v / width * f[cell+i]
			out[face+inner+i] -= v / width * f[cell+i]
		}
	})
}

// gather adds to point the transpose of flux.
func (h *HighOrder) gather(k int) {
	n, dim, b := h.Size(), h.grid.Dim(), h.bases[k]
	flow := h.averaged(h.across, h.scratch[0][:h.faces(k)], k)
	other := h.scratch[0]
	if &flow[0] == &other[0] {
		other = h.scratch[1]
	}
	out := h.scratch[2][:n]
	if d := h.tensor[k*dim+k]; d != nil {
		h.across(b.rise, k, none, out, flow)
		for i, v := range out {
			h.point[i] -= d[i] * v
		}
	}
	h.across(b.face, k, none, out, flow)
	if drift := h.drift[k]; drift != nil {
		for i, v := range out {
			h.point[i] += drift[i] * v
		}
	}
	for l, along := range h.bases {
		d := h.tensor[k*dim+l]
		if l == k || d == nil {
			continue
		}
		h.across(along.slope, l, none, other[:n], out)
		for i, v := range other[:n] {
			h.point[i] -= d[i] * v
		}
	}
}

// Moving is a HighOrder operator whose coefficients depend on time.
type Moving struct{ *HighOrder }

// Monotone returns the generator beside it, whose rates depend on time as well.
func (m Moving) Monotone() Rowed { return Driven{m.near} }

// At returns the operator at a time.
func (m Moving) At(t float64) (Generator, error) {
	q, err := Driven{m.near}.At(t)
	if err != nil {
		return nil, err
	}
	return m.beside(q.(*Block))
}
