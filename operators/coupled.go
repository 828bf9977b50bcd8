package operators

import (
	"fmt"
	"math"
	"slices"

	"fokker/grid"
)

// Coupled is drift with a full diffusion tensor, of any anisotropy and rank, on
// two or three axes. In units of cells the tensor of a cell is
// written as D = Σ w e eᵀ with w ≥ 0 and integer e (see selling); the jump by ±e
// has the rate
//
//	w (1 ± z/2),  turning into  w B(∓z) where |z| is large,   z = e·η,  Dη = b∥,
//
// and the part b⊥ of the drift that D cannot carry, or not without more numerical
// diffusion than by itself, goes by upwind rates along the axes (see divisions). On
// equal cells rows are exact on linear functions, and on x xᵀ where all rates are
// central, b⊥ = 0 and the tensor needs no offset beyond Radius. On graded cells the unit
// is that of the cell at hand (see units), and both hold to second order.
type Coupled struct {
	Process Process
	Axes    []int
	Radius  int // longest entry of e; 0 is ⌈n^⅓⌉, n being the smallest number of cells of the axes

	units []units // of the axes, on a grid
}

// defaultRadius balances the cross-diffusion that rank-one noise is given, which
// falls as R⁻³ in the mean over directions and R⁻² beside an axis, with the error
// of long jumps, of order (R/n)².
func defaultRadius(g *grid.Grid, axes []int) int {
	n := g.Cells(axes[0])
	for _, k := range axes {
		n = min(n, g.Cells(k))
	}
	return max(2, int(math.Ceil(math.Cbrt(float64(n))-1e-9)))
}

// AppendRows adds the rates of every cell.
func (c Coupled) AppendRows(rows *Rows, r grid.Range, t float64) error {
	c, err := c.prepare(rows.grid)
	if err != nil {
		return err
	}
	dim := c.Process.Dim()
	w := &writer{Coupled: c, rows: rows, time: t, offset: make([]int, dim), middle: Columns(dim, 1), noise: Columns(dim*dim, 1)}
	for _, k := range c.Axes {
		w.clear = append(w.clear, clearance(rows.grid, k, c.Radius))
	}
	return c.cells(rows.grid, r, t, w.appendCell)
}

// writer adds the jumps of cells.
type writer struct {
	Coupled
	rows   *Rows
	time   float64
	offset []int
	middle [][]float64 // a point on the way of a jump, and D there
	noise  [][]float64
	clear  [][]bool // per axis and position: no jump meets a wall or a closed face, nor goes round
	inner  bool     // so it is for the cell at hand
}

// clearance tells at which positions along an axis nothing is in the way of
// steps of up to radius cells, the ends of a periodic axis included.
func clearance(g *grid.Grid, axis, radius int) []bool {
	n := g.Cells(axis)
	out, last := make([]bool, n), 0 // the last face in the way
	for i := range out {
		if g.Shut(axis, i) {
			last = i
		}
		out[i] = i-last >= radius
	}
	last = n
	for i := n - 1; i >= 0; i-- {
		if g.Shut(axis, i+1) {
			last = i + 1
		}
		out[i] = out[i] && last-1-i >= radius
	}
	return out
}

// Cross is diffusion across the noise, per cell, as traces over the axes.
type Cross struct {
	Added  []float64 // by the scheme, whose jumps are no longer than Radius
	Across []float64 // of the process, in the same directions
	Trace  []float64 // of the process, in all directions
}

// CrossDiffusion measures what the scheme adds across the noise in the cells of
// r. It falls under refinement; where it exceeds the physical diffusion across,
// it decides how wide the law is there.
func (c Coupled) CrossDiffusion(g *grid.Grid, r grid.Range, t float64) (Cross, error) {
	n := r.Len()
	out := Cross{make([]float64, n), make([]float64, n), make([]float64, n)}
	c, err := c.prepare(g)
	if err != nil {
		return out, err
	}
	err = c.cells(g, r, t, func(cell int, one *coupling) {
		i := cell - r.Lo
		for k := range one.dim {
			length := 0.0
			for p := range one.dim {
				length += one.axis[k][p] * one.axis[k][p] * one.width[p] * one.width[p]
			}
			if k == 0 {
				out.Trace[i] = one.value[0] * length
				continue
			}
			out.Added[i] += one.added * length
			out.Across[i] += (one.value[k] - one.added) * length
		}
		out.Trace[i] += out.Across[i]
	})
	return out, err
}

// prepare checks the axes and sets the radius.
func (c Coupled) prepare(g *grid.Grid) (Coupled, error) {
	if len(c.Axes) < 2 || len(c.Axes) > 3 {
		return c, fmt.Errorf("operators: noise couples %d axes, expected 2 or 3", len(c.Axes))
	}
	for _, k := range c.Axes {
		if err := smoothCells(g, k); err != nil {
			return c, err
		}
	}
	if c.Radius == 0 {
		c.Radius = defaultRadius(g, c.Axes)
	}
	c.units = make([]units, len(c.Axes))
	for p, k := range c.Axes {
		c.units[p] = newUnits(g, k)
	}
	return c, nil
}

// cells decomposes the tensor of every cell of r.
func (c Coupled) cells(g *grid.Grid, r grid.Range, t float64, visit func(cell int, one *coupling)) error {
	dim, zeros := g.Dim(), make([]float64, chunk)
	allB, allD := make([][]float64, dim), make([][]float64, dim*dim)
	return Coefficients(c.Process, g, r, t, func(r grid.Range, b, d [][]float64) error {
		filled(allB, b, zeros[:r.Len()])
		filled(allD, d, zeros[:r.Len()])
		return c.decompose(g, r, allB, allD, visit)
	})
}

// steepestGrading is how many times wider than its neighbour a cell may be.
const steepestGrading = 4

// smoothCells refuses axes on which nothing says how wide the cells are that a jump
// leads to.
func smoothCells(g *grid.Grid, k int) error {
	w := g.Widths(k)
	for i := 1; i < len(w); i++ {
		if max(w[i]/w[i-1], w[i-1]/w[i]) > steepestGrading {
			return fmt.Errorf("operators: noise couples axis %q, where a cell of width %v is beside one of %v, expected cells at most %v times as wide as their neighbours", g.Axis(k).Name, w[i-1], w[i], steepestGrading)
		}
	}
	return nil
}

// units is the lengths that cells of an axis are counted by: with centres x(i), x″ = 0
// on equal cells, a smooth function f(x(i)) has ∂f/∂i = x′f′, ∂²f/∂i² = x′²f″ + x″f′.
type units struct {
	places *lattice
	length []float64 // x′
}

func newUnits(g *grid.Grid, k int) units {
	u := units{places: newLattice(g, k), length: make([]float64, g.Cells(k))}
	for i := range u.length {
		if u.length[i] = (u.places.center(i+1) - u.places.center(i-1)) / 2; u.places.even {
			u.length[i] = g.Widths(k)[0] // in every cell, or noise of rank one turns by the rounding of edges
		}
	}
	return u
}

// bend returns x(i + e) + x(i − e) − 2x(i), by which the two jumps ±e move a mean.
func (u *units) bend(i, e int) float64 {
	return u.places.center(i+e) + u.places.center(i-e) - 2*u.places.center(i)
}

// coupling is the row of one cell.
type coupling struct {
	dim   int
	drift tripel // in cells per unit time
	rays  []ray
	at    [3]int     // place along each axis
	width tripel     // of a cell, the unit of length
	value [3]float64 // eigenvalues of what the rays make, the largest first
	added float64    // part of all but the first that the tensor does not have
	axis  [3]tripel  // eigenvectors
}

type tripel [3]float64

func (a tripel) dot(b tripel) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func (a tripel) size() float64 { return math.Abs(a[0]) + math.Abs(a[1]) + math.Abs(a[2]) }

func (q ray) along(eta tripel) float64 {
	return float64(q.e[0])*eta[0] + float64(q.e[1])*eta[1] + float64(q.e[2])*eta[2]
}

func (c Coupled) decompose(g *grid.Grid, r grid.Range, b, d [][]float64, visit func(cell int, one *coupling)) error {
	dim := c.Process.Dim()
	one := coupling{dim: len(c.Axes), rays: make([]ray, 0, 6)}
	for i := range b[0] {
		var m tensor
		for p, k := range c.Axes {
			one.at[p] = g.Along(k, r.Lo+i)
			one.width[p] = c.units[p].length[one.at[p]]
		}
		for p, k := range c.Axes {
			one.drift[p] = b[k][i] / one.width[p]
			for q, l := range c.Axes {
				m[p][q] = (d[k*dim+l][i] + d[l*dim+k][i]) / 2 / (one.width[p] * one.width[q])
			}
		}
		if least, ok := one.decompose(&m, c.Radius); !ok {
			return &PointError{"diffusion", c.Axes[0], least, center(g, r.Lo+i), "no negative eigenvalue"}
		}
		one.unbend(c.units)
		visit(r.Lo+i, &one)
	}
	return nil
}

// unbend takes from the drift what jumps do to the mean by leading to cells of other
// widths.
func (one *coupling) unbend(axes []units) {
	for p := range axes {
		u := &axes[p]
		if u.places.even {
			continue
		}
		for _, q := range one.rays {
			if q.w > 0 {
				one.drift[p] -= q.w * u.bend(one.at[p], q.e[p]) / one.width[p]
			}
		}
	}
}

// indefinite is how far below zero, against the trace, an eigenvalue of D may
// lie to be rounding.
const indefinite = 1e-12

// decompose finds eigenvectors and rays; it returns false and the eigenvalue if
// one is negative.
func (one *coupling) decompose(m *tensor, radius int) (least float64, ok bool) {
	if one.dim == 2 {
		p := plane{m[0][0], m[0][1], m[1][1]}
		if det := p.xx*p.yy - p.xy*p.xy; p.xx < 0 || p.yy < 0 || det < -indefinite*m.trace()*m.trace() {
			return det / m.trace(), false
		}
		first, second, n := p.axes()
		one.value, one.axis = [3]float64{first, second}, [3]tripel{{n[0], n[1]}, {-n[1], n[0]}}
		rays, added := selling(p, radius)
		one.added = added
		one.value[1] += added
		one.rays = append(one.rays[:0], rays[:]...)
		return 0, true
	}
	values, vectors := m.eigen()
	if values[2] < -indefinite*m.trace() {
		return values[2], false
	}
	rays, added := shorten(m, radius)
	one.added = added
	for k := range 3 {
		one.value[k], one.axis[k] = max(values[k], 0), vectors[k]
		if k > 0 {
			one.value[k] += added
		}
	}
	one.rays = append(one.rays[:0], rays[:]...)
	return 0, true
}

// appendCell adds the jumps along the rays, and the rest of the drift along the
// axes.
func (w *writer) appendCell(cell int, one *coupling) {
	divisions, rest := one.divisions(), tripel{}
	w.inner = true
	for p, k := range w.Axes {
		w.inner = w.inner && w.clear[p][w.rows.grid.Along(k, cell)]
	}
	free := false
	for _, q := range one.rays {
		if q.w == 0 {
			continue
		}
		forward, backward, left := w.ray(cell, one, q, &divisions)
		for p := range w.Axes { // the drift that jumps would carry which do not happen
			rest[p] += left * float64(q.e[p])
		}
		free = free || forward > 0 || backward > 0
		w.jump(cell, q.e, 1, forward)
		w.jump(cell, q.e, -1, backward)
	}
	for _, s := range divisions {
		for p := range w.Axes {
			rest[p] += s.part * s.rest[p]
		}
	}
	// A corner that no jump of the noise leaves is not entered by one either; what
	// starts there goes to its neighbours at the rate of the noise.
	push := 0.0
	if !free {
		push = one.value[0]
	}
	for p := range w.Axes {
		var e [3]int
		e[p] = 1
		w.jump(cell, e, 1, push+max(rest[p], 0))
		w.jump(cell, e, -1, push+max(-rest[p], 0))
	}
}

// ray returns the rates of jumping by e and by −e, and what of the drift, w e·η, is left
// where they do not happen.
func (w *writer) ray(cell int, one *coupling, q ray, divisions *[4]division) (forward, backward, left float64) {
	open := w.open(cell, q.e)
	for _, s := range divisions {
		if s.part == 0 {
			continue
		}
		z := q.along(s.eta)
		if !open || math.Abs(z) > outrun.from && w.stops(cell, one, q.e, z) {
			left += s.part * q.w * z
			continue
		}
		f, b := jumps(q.w, z)
		forward, backward = forward+s.part*f, backward+s.part*b
	}
	return forward, backward, left
}

// stops reports whether noise of rank one vanishes on the jump by e, or −e if z is
// negative. What follows the drift does not get across, as the jump would, and
// lies on either side of the line on which it comes.
func (w *writer) stops(cell int, one *coupling, e [3]int, z float64) bool {
	if one.value[1] > sameSign*one.value[0] {
		return false
	}
	if z < 0 {
		e = [3]int{-e[0], -e[1], -e[2]}
	}
	halfway := w.traceOn(cell, one, e, .5)
	if halfway <= indefinite*one.value[0] {
		return true
	}
	// About its zero the trace is a square, which successive parabolas find (Jarratt 1967).
	at := [3]float64{0, .5, 1}
	trace := [3]float64{one.value[0], halfway, w.traceOn(cell, one, e, 1)}
	for {
		lowest, part := slices.Min(trace[:]), vertex(at, trace)
		if !(part > 0 && part < 1) {
			return false
		}
		value := w.traceOn(cell, one, e, part)
		if value <= indefinite*one.value[0] {
			return true
		}
		if !(value < lowest/4) { // a square has nothing left, but for its rounding
			return false
		}
		worst := slices.Index(trace[:], slices.Max(trace[:]))
		at[worst], trace[worst] = part, value
	}
}

// vertex returns where the parabola through three points ends to fall or to rise.
func vertex(x, y [3]float64) float64 {
	left, right := (x[1]-x[0])*(y[1]-y[2]), (x[1]-x[2])*(y[1]-y[0])
	return x[1] - ((x[1]-x[0])*left-(x[1]-x[2])*right)/(2*(left-right))
}

// traceOn returns the trace of D, in units of the cell, at a part of the way of a jump.
func (w *writer) traceOn(cell int, one *coupling, e [3]int, part float64) (trace float64) {
	g, dim := w.rows.grid, w.Process.Dim()
	for k, c := range w.middle {
		c[0] = g.Centers(k)[g.Along(k, cell)]
	}
	for p, k := range w.Axes {
		w.middle[k][0] += part * (w.units[p].places.center(g.Along(k, cell)+e[p]) - w.middle[k][0])
	}
	diffusion(w.noise, w.middle, w.time, w.Process)
	for p, k := range w.Axes {
		trace += w.noise[k*dim+k][0] / (one.width[p] * one.width[p])
	}
	return trace
}

// open reports whether a jump by e or −e ends inside or in an absorbing wall.
func (w *writer) open(cell int, e [3]int) (open bool) {
	if w.inner {
		return true
	}
	for _, sign := range []int{1, -1} {
		for p, k := range w.Axes {
			w.offset[k] = sign * e[p]
		}
		_, inside, lost := w.rows.grid.Step(cell, w.offset)
		open = open || inside || lost
	}
	return open
}

// jumps returns the rates of jumping by e and by −e.
func jumps(w, z float64) (forward, backward float64) {
	forward, backward = w*(1+z/2), w*(1-z/2)
	if part := outrun.part(math.Abs(z), 1); part > 0 {
		f, b := fitted(w, -w*z)
		forward, backward = forward+part*(f-forward), backward+part*(b-backward)
	}
	return forward, backward
}

// jump adds a rate of jumping by sign·e. A jump that meets a reflecting wall or
// a closed face does not happen, which is the closure without flux; one that
// meets an absorbing wall part of the way ends there, at a rate as much larger
// as the way is shorter, so that rows stay exact on linear functions.
func (w *writer) jump(cell int, e [3]int, sign int, rate float64) {
	if rate == 0 {
		return
	}
	g := w.rows.grid
	if w.inner {
		to := cell
		for p, k := range w.Axes {
			to += sign * e[p] * g.Stride(k)
		}
		w.rows.Jump(cell, to, rate)
		return
	}
	for p, k := range w.Axes {
		w.offset[k] = sign * e[p]
	}
	to, inside, lost := g.Step(cell, w.offset)
	switch {
	case inside:
		w.rows.Jump(cell, to, rate)
	case lost:
		_, _, part := g.Wall(cell, w.offset)
		w.rows.Leave(cell, w.offset, rate/part)
	}
}
