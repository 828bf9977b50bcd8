package rundir

import "image/color"

// Beside is one law by several descriptions.
type Beside struct {
	Name  string
	Laws  []Described
	Drawn []float64 // the law by samples; nil: none
}

// Described is a law, masses of cells of sum 1, and whose it is.
type Described struct {
	Name string
	Mass []float64
}

// drawBeside draws the density of every axis by all descriptions, that of samples
// shaded, in bars that gather cells.
func drawBeside(r *Result) *page {
	c, g := r.Beside, r.Grid
	pg := newPage(pageWidth, pageHeight)
	shows := "density by each description, " + c.Name
	if c.Drawn != nil {
		shows += "; shaded: the algorithm itself"
	}
	pg.heading(r.title(), shows)
	var entries []entry
	for i, d := range c.Laws {
		entries = append(entries, entry{d.Name, graded(i, len(c.Laws)), dashes[i%len(dashes)]})
	}
	columns := 1 + btoi(g.Dim() > 3)
	for k, b := range tiles(g.Dim(), columns, box{70, 52, 486, 448}, 62, 48) {
		c.marginal(r, &panel{page: pg, box: b}, k, entries)
	}
	pg.legend(entries, 496, 436)
	return pg
}

// dashes tell curves apart that lie on each other.
var dashes = []float64{0, 6, 4, 2, 8}

func (c *Beside) marginal(r *Result, p *panel, k int, entries []entry) {
	g, a := r.Grid, r.Grid.Axis(k)
	var densities [][]float64
	for i, d := range c.Laws {
		mass := marginal(g, d.Mass, k)
		densities = append(densities, perWidth(mass, g.Widths(k)))
		if w := window(a, mass, drawnTail); i == 0 {
			p.x = w
		} else {
			p.x = p.x.joined(w)
		}
	}
	x, gathered := []float64(nil), []float64(nil)
	if c.Drawn != nil {
		x, gathered = gather(a.Edges, marginal(g, c.Drawn, k))
		densities = append(densities, gathered)
	}
	p.y = sharedHeights(p.x.hi-p.x.lo, densities...)
	if c.Drawn != nil {
		p.shade(x, gathered, shadeColor)
	}
	for i := range c.Laws {
		p.curve(g.Centers(k), densities[i], 1.3, entries[i].dash, entries[i].color.(color.RGBA))
	}
	p.frame(axes{x: italic(plain(a.Name)), y: densityName(a.Name)})
}

// gather returns the outline of bars, each of cells enough that there are no more
// than so many.
func gather(edges, mass []float64) (x, density []float64) {
	n := len(mass)
	each := max(1, n/(2*bars))
	for lo := 0; lo < n; lo += each {
		hi, m := min(lo+each, n), 0.0
		for _, v := range mass[lo:hi] {
			m += v
		}
		m /= edges[hi] - edges[lo]
		x, density = append(x, edges[lo], edges[hi]), append(density, m, m)
	}
	return x, density
}
