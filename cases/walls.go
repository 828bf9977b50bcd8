package cases

import (
	"math"
	"slices"

	"fokker/grid"
	"fokker/operators"
)

// loses reports whether mass can be lost.
func (p *Problem) loses() bool {
	for _, a := range p.Axes {
		if a.Ends[0] == grid.Absorbing || a.Ends[1] == grid.Absorbing {
			return true
		}
	}
	return p.Killing != nil
}

// wall is an end of an axis that the box may cut.
type wall struct {
	axis        int
	cell, inner int     // along it, at the wall and next to that
	cells       []int   // all at the wall
	beyond      float64 // mass a law would have there, over all; in time the most so far
}

// findWalls lists the reflecting ends where there is noise, or an initial law is
// cut, or waves go through. Nothing would cross others.
func (c *coarse) findWalls() error {
	g, cut := c.grid, c.result.Initial != nil && c.result.Initial.Cut > rounding
	for k := range g.Dim() {
		a, last := g.Axis(k), g.Cells(k)-1
		if last == 0 {
			continue
		}
		for end, cell := range []int{0, last} {
			if c.problem.Axes[k].Cuts(end) && (cut || c.problem.waves(k) || c.noisy(k, a.Edges[cell+end])) {
				c.walls = append(c.walls, c.wall(k, end))
			}
		}
	}
	return nil
}

// end is 0 at the lower wall and 1 at the upper one.
func (w wall) end() int {
	if w.cell > w.inner {
		return 1
	}
	return 0
}

// wall returns that at an end of an axis.
func (c *coarse) wall(k, end int) wall {
	w := wall{axis: k, inner: 1}
	if end == 1 {
		w.cell = c.grid.Cells(k) - 1
		w.inner = w.cell - 1
	}
	c.figures.runs(k, func(at, lo, hi int) {
		for i := lo; i < hi && at == w.cell; i++ {
			w.cells = append(w.cells, i)
		}
	})
	return w
}

// noisy reports whether there is noise along an axis at a point of it.
func (c *coarse) noisy(k int, at float64) bool {
	x, dim := someCells(c.grid), c.grid.Dim()
	d := operators.Columns(dim*dim, len(x[0]))
	c.problem.Process.(operators.Diffusive).Diffusion(d, x, 0)
	usual := slices.Max(d[k*dim+k])
	for i := range x[k] {
		x[k][i] = at
	}
	c.problem.Process.(operators.Diffusive).Diffusion(d, x, 0)
	return slices.Max(d[k*dim+k]) > impassable*usual
}

// look extrapolates a law beyond the walls. What reached them once has come
// back since.
func (c *coarse) look(m []float64) {
	for i := range c.walls {
		w := &c.walls[i]
		marginal := c.figures.along(w.axis, m)
		w.beyond = math.Max(w.beyond, w.extrapolate(c.grid, marginal)/sum(marginal))
	}
}

// extrapolate returns the mass beyond the wall of a law that goes on to fall as
// it does from the inner cell to that at the wall. One that does not fall by a
// factor e in the length of the box is no tail: the wall belongs to the process.
func (w wall) extrapolate(g *grid.Grid, marginal []float64) float64 {
	a := g.Axis(w.axis)
	at, rate := w.slope(g, marginal)
	if at == 0 || !(rate*(a.Edges[a.Cells()]-a.Edges[0]) > 1) {
		return 0
	}
	return tail(at, rate, g.Widths(w.axis)[w.cell])
}

// slope returns the density in the cell at the wall, and the rate at which it
// falls towards there.
func (w wall) slope(g *grid.Grid, marginal []float64) (at, rate float64) {
	x, h := g.Centers(w.axis), g.Widths(w.axis)
	at = marginal[w.cell] / h[w.cell]
	return at, math.Log(marginal[w.inner]/h[w.inner]/at) / math.Abs(x[w.cell]-x[w.inner])
}

// tail is the mass beyond a wall of a density that falls at a rate.
func tail(at, rate, width float64) float64 { return at * math.Exp(-rate*width/2) / rate }

// marginal returns the law at the wall along an axis, Σ = 1; even cells where it
// has left them.
func (w wall) marginal(g *grid.Grid, k int, m []float64) []float64 {
	out, even, mass := make([]float64, g.Cells(k)), make([]float64, g.Cells(k)), 0.0
	for _, i := range w.cells {
		at := g.Along(k, i)
		out[at], even[at], mass = out[at]+m[i], even[at]+1/float64(len(w.cells)), mass+m[i]
	}
	if mass == 0 {
		return even
	}
	for i := range out {
		out[i] /= mass
	}
	return out
}

// mean returns that of ψ over the cells at the wall, where the law is or, if it
// has left them, over all.
func (w wall) mean(m, psi []float64) float64 {
	value, mass, even := 0.0, 0.0, 0.0
	for _, i := range w.cells {
		value, mass, even = value+m[i]*psi[i], mass+m[i], even+psi[i]
	}
	if mass == 0 {
		return even / float64(len(w.cells))
	}
	return value / mass
}
