package rundir

import (
	"math"
	"slices"
)

// Learning is a law beside the tempered posterior, and what the posterior says of the
// loss at several temperatures.
type Learning struct {
	Posterior    []float64 // masses of cells
	Law          []float64
	Name         string  // of the law
	Temperature  float64 // of the posterior
	Temperatures []float64
	Lambda       []float64
	Corrected    *float64 // nil: not known
}

// drawLearning draws the law and the posterior, in two dimensions as maps of the same
// colours, else as densities of every axis, and below λ(T).
func drawLearning(r *Result) *page {
	l, g := r.Learning, r.Grid
	pg := newPage(pageWidth, pageHeight)
	pg.heading(r.title(), l.Name+" and posterior at temperature "+number(l.Temperature)+"; below: learning coefficient by temperature")
	top := box{66, 236, 584, 440}
	if g.Dim() == 2 {
		l.maps(r, pg, top)
	} else {
		l.curves(r, pg, top)
	}
	l.lambda(pg, box{66, 52, 440, 180})
	return pg
}

// maps draws both laws of two axes in the same colours.
func (l *Learning) maps(r *Result, pg *page, all box) {
	g := r.Grid
	law, posterior := perArea(g, l.Law, 0, 1), perArea(g, l.Posterior, 0, 1)
	tone := sharedTones(tones(law, false), tones(posterior, false))
	x := windowOf(g, l.Law, 0, false).joined(windowOf(g, l.Posterior, 0, false))
	y := windowOf(g, l.Law, 1, false).joined(windowOf(g, l.Posterior, 1, false))
	all.x1 -= 60
	names, densities := []string{l.Name, "posterior"}, [][]float64{law, posterior}
	for i, b := range tiles(2, 2, all, 14, 0) {
		p := panel{pg, b, x, y}
		p.heat(g.Axis(0).Edges, g.Axis(1).Edges, levels(densities[i], tone), viridis())
		a := axes{x: italic(plain(g.Axis(0).Name)), noNumY: i > 0, countX: 4, crowned: true}
		if i == 0 {
			a.y = italic(plain(g.Axis(1).Name))
		}
		p.frame(a)
		pg.text(names[i], textSize+1, (b.x0+b.x1)/2, b.y1+5, 0.5, black, false)
	}
	pg.colorBar(box{all.x1 + 12, all.y0, all.x1 + 22, all.y1}, tone, viridis(), densityName(g.Axis(0).Name, g.Axis(1).Name))
}

// sharedTones are logarithmic where one law would leave the other black.
func sharedTones(a, b scale) scale {
	const muchHigher, decades = 10, 4
	both := a.joined(b)
	if both.hi > muchHigher*min(a.hi, b.hi) {
		return scale{both.hi * math.Pow(10, -decades), both.hi, true}
	}
	return both
}

// curves draws the density of every axis under both laws.
func (l *Learning) curves(r *Result, pg *page, all box) {
	g := r.Grid
	all.x1 -= 110
	for k, b := range tiles(g.Dim(), g.Dim(), all, 44, 0) {
		a := g.Axis(k)
		law, posterior := marginal(g, l.Law, k), marginal(g, l.Posterior, k)
		p := panel{page: pg, box: b, x: window(a, law, drawnTail).joined(window(a, posterior, drawnTail))}
		law, posterior = perWidth(law, g.Widths(k)), perWidth(posterior, g.Widths(k))
		p.y = sharedHeights(p.x.hi-p.x.lo, law, posterior)
		p.curve(g.Centers(k), law, 1.5, 0, lineColor)
		p.curve(g.Centers(k), posterior, 1, 4, black)
		p.frame(axes{x: italic(plain(a.Name)), y: densityName(a.Name), countX: max(2, 6/g.Dim())})
	}
	pg.legend([]entry{{l.Name, lineColor, 0}, {"posterior", black, 4}}, all.x1+14, all.y1-14)
}

// lambda draws λ(T) on a logarithmic axis, with the corrected value.
func (l *Learning) lambda(pg *page, b box) {
	t := l.Temperatures
	p := panel{page: pg, box: b, x: scale{slices.Min(t), slices.Max(t), true}, y: extent(Series{Values: l.Lambda, Stationary: l.Corrected})}
	if p.x.lo == p.x.hi {
		p.x = scale{p.x.lo / 2, p.x.hi * 2, true}
	}
	p.x = p.x.padded(0.03)
	p.curve(t, l.Lambda, 1.5, 0, lineColor)
	for i, at := range t {
		if q := p.place(at, l.Lambda[i]); !math.IsNaN(q.y) {
			p.block(box{q.x - 2, q.y - 2, q.x + 2, q.y + 2}, lineColor)
		}
	}
	entries := []entry{{"(E " + italic("L") + " − least " + italic("L") + ")/" + italic("T"), lineColor, 0}}
	if l.Corrected != nil {
		p.curve([]float64{p.x.lo, p.x.hi}, []float64{*l.Corrected, *l.Corrected}, 1, 4, black)
		entries = append(entries, entry{"corrected: " + number(*l.Corrected), black, 4})
	}
	p.frame(axes{x: "temperature " + italic("T"), y: italic("λ")})
	pg.legend(entries, b.x1+14, b.y1-14)
}
