package rundir

import (
	"math"
	"slices"

	"fokker/grid"
)

// drawJoint draws the density of two axes, its marginals above and to the
// right.
func drawJoint(r *Result, law []float64, shows string, log bool) *page {
	g := r.Grid
	density := perArea(g, law, 0, 1)
	tone := tones(density, log)
	pg := newPage(pageWidth, pageHeight)
	pg.heading(r.title(), shows)
	p := panel{pg, box{66, 50, 422, 390}, windowOf(g, law, 0, log), windowOf(g, law, 1, log)}
	p.heat(g.Axis(0).Edges, g.Axis(1).Edges, levels(density, tone), viridis())
	p.frame(axes{x: italic(plain(g.Axis(0).Name)), y: italic(plain(g.Axis(1).Name)), crowned: true})

	x := perWidth(marginal(g, law, 0), g.Widths(0))
	above := panel{pg, box{p.x0, p.y1 + 6, p.x1, p.y1 + 62}, p.x, heights(log, x)}
	above.shade(g.Centers(0), x, shadeColor)
	above.curve(g.Centers(0), x, 1.2, 0, lineColor)
	above.frame(axes{noNumX: true, noMarkX: true, noMarkY: true})

	y := perWidth(marginal(g, law, 1), g.Widths(1))
	aside := panel{pg, box{p.x1 + 6, p.y0, p.x1 + 62, p.y1}, heights(log, y), p.y}
	aside.shadeLeft(y, g.Centers(1))
	aside.curve(y, g.Centers(1), 1.2, 0, lineColor)
	aside.frame(axes{noMarkX: true, noMarkY: true})

	pg.colorBar(box{p.x1 + 78, p.y0, p.x1 + 90, p.y1}, tone, viridis(), densityName(g.Axis(0).Name, g.Axis(1).Name))
	return pg
}

// windowOf returns what is drawn of axis k: the whole of it by logarithm.
func windowOf(g *grid.Grid, law []float64, k int, log bool) scale {
	if log {
		return spanning(g.Axis(k).Edges)
	}
	mass := marginal(g, law, k)
	height := perWidth(mass, g.Widths(k))
	if g.Dim() == 2 {
		height = ridge(g, law, k)
	}
	return windowAbove(g.Axis(k), height, faintest, mass, faintest/float64(g.Dim()))
}

// ridge returns the highest density of two axes at each cell of axis k.
func ridge(g *grid.Grid, law []float64, k int) []float64 {
	out := make([]float64, g.Cells(k))
	for i, d := range perArea(g, law, 0, 1) {
		at := g.Along(k, i)
		out[at] = max(out[at], d)
	}
	return out
}

// shadeLeft fills the ground between a curve and the left side.
func (p *panel) shadeLeft(x, y []float64) {
	turned := make([]float64, len(x)) // a logarithm of zero is far left, not missing
	for i := range x {
		turned[i] = max(x[i], p.x.lo)
	}
	for _, run := range p.inside(turned, y) {
		last := run[len(run)-1]
		p.polygons([][]point{append(slices.Clone(run), point{p.x0, last.y}, point{p.x0, run[0].y})}, shadeColor)
	}
}

// drawEvolution2 draws the density of two axes at several times, each in
// colours of its own maximum.
func drawEvolution2(r *Result) *page {
	g := r.Grid
	times := distinct(r.Masses, atMost)
	pg := newPage(pageWidth, pageHeight)
	pg.heading(r.title(), "density in time, each over its maximum")
	x, y := windowOf(g, r.Masses[times[0]], 0, false), windowOf(g, r.Masses[times[0]], 1, false)
	for _, t := range times[1:] {
		x, y = x.joined(windowOf(g, r.Masses[t], 0, false)), y.joined(windowOf(g, r.Masses[t], 1, false))
	}
	columns := min(3, len(times))
	for i, b := range tiles(len(times), columns, box{60, 50, 528, 436}, 12, 30) {
		density := perArea(g, r.Masses[times[i]], 0, 1)
		p := panel{pg, b, x, y}
		p.heat(g.Axis(0).Edges, g.Axis(1).Edges, levels(density, tones(density, false)), viridis())
		a := axes{noNumX: i+columns < len(times), noNumY: i%columns > 0, countX: 3}
		if !a.noNumX {
			a.x = italic(plain(g.Axis(0).Name))
		}
		if !a.noNumY {
			a.y = italic(plain(g.Axis(1).Name))
		}
		p.frame(a)
		pg.text(timeLabel(r.Times[times[i]]), textSize+1, (b.x0+b.x1)/2, b.y1+5, 0.5, black, false)
	}
	pg.colorBar(box{540, 50, 552, 436}, scale{0, 1, false}, viridis(), "")
	return pg
}

// drawCorner draws the pair marginals of three or four axes as a triangle, and
// on its diagonal the density of each.
func drawCorner(r *Result, law []float64, shows string, log bool) *page {
	g, dim := r.Grid, r.Grid.Dim()
	pg := newPage(pageWidth, pageHeight)
	pg.heading(r.title(), shows+"; pairs over their maximum")
	cells := tiles(dim*dim, dim, box{62, 52, 588, 440}, 9, 9)
	lowest := 1.0
	scales := make([]scale, dim)
	for k := range dim {
		scales[k] = windowOf(g, law, k, log)
	}
	for row := range dim {
		for col := range row {
			density := perArea(g, marginal(g, law, col, row), col, row)
			tone := tones(density, log)
			if log {
				tone.lo = tone.hi * math.Pow(10, -drawnDecades)
				lowest = math.Pow(10, -drawnDecades)
			}
			p := panel{pg, cells[row*dim+col], scales[col], scales[row]}
			p.heat(g.Axis(col).Edges, g.Axis(row).Edges, levels(density, tone), viridis())
			p.frame(cornerAxes(g, col, row))
		}
		density := perWidth(marginal(g, law, row), g.Widths(row))
		p := panel{pg, cells[row*dim+row], scales[row], heights(log, density)}
		p.shade(g.Centers(row), density, shadeColor)
		p.curve(g.Centers(row), density, 1.5, 0, lineColor)
		a := cornerAxes(g, row, row)
		a.noMarkY = true
		p.frame(a)
		pg.text(densityName(g.Axis(row).Name), textSize+1, (p.x0+p.x1)/2, p.y1+5, 0.5, black, false)
	}
	top := cells[dim-1]
	bar := box{top.x1 - 60, top.y0 - 20, top.x1 - 48, top.y1}
	pg.colorBar(bar, scale{lowest * btof(log), 1, log}, viridis(), "")
	return pg
}

// cornerAxes puts names and numbers only along the left and the lower side.
func cornerAxes(g *grid.Grid, col, row int) axes {
	a := axes{noNumX: row < g.Dim()-1, noNumY: col > 0, countX: 3, countY: 4, noEnds: true}
	if !a.noNumX {
		a.x = italic(plain(g.Axis(col).Name))
	}
	if !a.noNumY {
		a.y = italic(plain(g.Axis(row).Name))
	}
	return a
}
