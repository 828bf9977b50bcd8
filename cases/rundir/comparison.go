package rundir

import (
	"math"
	"slices"
	"sync"
)

// Comparison is samples beside the law that they should have.
type Comparison struct {
	Name         string
	Law, Samples []float64 // masses of cells, of sum 1
	Deviation    []float64 // by cell, that of the part in which the cell lies, in standard errors
	Effective    float64   // number of independent samples
}

// redBlue runs from blue through white to red (Brewer 2003).
var redBlue = sync.OnceValue(func() *palette {
	return between("0530612166ac4393c392c5ded1e5f0f7f7f7fddbc7f4a582d6604db2182b67001f")
})

const (
	farthest = 6.0 // standard errors, of the colours' ends
	bars     = 50  // along an axis of a difference
)

// drawComparison draws where samples and law differ: in one dimension both
// densities, in two the deviation of parts of the plane in standard errors, and of
// every axis the difference of the densities with a band of two standard errors.
func drawComparison(r *Result) *page {
	c, g := r.Comparison, r.Grid
	pg := newPage(pageWidth, pageHeight)
	shows := "samples less law, " + c.Name + "; band: two standard errors"
	switch g.Dim() {
	case 1:
		pg.heading(r.title(), "law, dark, and samples, light; below: "+shows)
		both := tiles(2, 1, box{80, 52, 580, 446}, 0, 40)
		c.densities(r, &panel{page: pg, box: both[0]})
		c.difference(r, &panel{page: pg, box: both[1]}, 0)
	case 2:
		pg.heading(r.title(), shows+"; left: in standard errors")
		c.plane(r, pg, box{60, 50, 322, 446})
		for k, b := range tiles(2, 1, box{424, 52, 590, 446}, 0, 48) {
			c.difference(r, &panel{page: pg, box: b}, k)
		}
	default:
		pg.heading(r.title(), shows)
		columns := 1 + btoi(g.Dim() > 3)
		for k, b := range tiles(g.Dim(), columns, box{80, 52, 580, 446}, 80, 48) {
			c.difference(r, &panel{page: pg, box: b}, k)
		}
	}
	return pg
}

// densities draws both of one axis.
func (c *Comparison) densities(r *Result, p *panel) {
	g, a := r.Grid, r.Grid.Axis(0)
	law, samples := perWidth(c.Law, g.Widths(0)), perWidth(c.Samples, g.Widths(0))
	p.x, p.y = window(a, c.Law, drawnTail), heights(false, law, samples)
	p.curve(g.Centers(0), samples, 1, 0, shadeColor)
	p.curve(g.Centers(0), law, 1.2, 0, lineColor)
	p.frame(axes{y: densityName(a.Name)})
}

// plane draws the deviation of parts.
func (c *Comparison) plane(r *Result, pg *page, b box) {
	g := r.Grid
	p := panel{pg, b, windowOf(g, c.Law, 0, false), windowOf(g, c.Law, 1, false)}
	tone := scale{-farthest, farthest, false}
	level := make([]uint8, len(c.Deviation))
	for i, d := range c.Deviation {
		level[i] = levels([]float64{max(-farthest, min(farthest, d))}, tone)[0]
	}
	p.heat(g.Axis(0).Edges, g.Axis(1).Edges, level, redBlue())
	p.frame(axes{x: italic(plain(g.Axis(0).Name)), y: italic(plain(g.Axis(1).Name)), countX: 4})
	pg.colorBar(box{b.x1 + 10, b.y0, b.x1 + 20, b.y1}, tone, redBlue(), "")
}

// cut moves places beyond the sides of a panel to its sides.
func (p *panel) cut(places []point) []point {
	for i := range places {
		places[i].x = min(max(places[i].x, p.x0), p.x1)
	}
	return places
}

// difference draws samples less law along an axis.
func (c *Comparison) difference(r *Result, p *panel, k int) {
	g, a := r.Grid, r.Grid.Axis(k)
	law, samples := marginal(g, c.Law, k), marginal(g, c.Samples, k)
	p.x = window(a, law, drawnTail)
	var x, band, found []float64
	n, largest := g.Cells(k), 0.0
	each := max(1, n/bars)
	for lo := 0; lo < n; lo += each {
		hi := min(lo+each, n)
		width, m, s := a.Edges[hi]-a.Edges[lo], 0.0, 0.0
		for i := lo; i < hi; i++ {
			m, s = m+law[i], s+samples[i]
		}
		x, found = append(x, a.Edges[lo]+width/2), append(found, (s-m)/width)
		band = append(band, 2*math.Sqrt(m*max(0, 1-m)/c.Effective)/width)
		largest = max(largest, band[len(band)-1], math.Abs(s-m)/width)
	}
	p.y = scale{-1.1 * largest, 1.1 * largest, false}
	var outline []point
	for i := range x {
		outline = append(outline, p.place(x[i], band[i]))
	}
	for i := range slices.Backward(x) {
		outline = append(outline, p.place(x[i], -band[i]))
	}
	p.polygons([][]point{p.cut(outline)}, shadeColor)
	p.curve(x, make([]float64, len(x)), 0.5, 0, black)
	p.curve(x, found, 1.2, 0, lineColor)
	p.frame(axes{x: italic(plain(a.Name)), countY: 4})
}
