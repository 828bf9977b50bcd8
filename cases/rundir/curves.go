package rundir

import (
	"fmt"
	"image/color"
	"math"
	"slices"
)

const (
	lineHeight = 420.0 // of a page with curves
	atMost     = 6     // times in one picture
	maxSeries  = 12    // in one picture
)

var (
	lineColor  = color.RGBA{0x31, 0x68, 0x8e, 255}
	shadeColor = color.RGBA{0xc9, 0xda, 0xe6, 255}
)

// densityName returns p(x, y).
func densityName(names ...string) string {
	s := italic("p") + "("
	for i, n := range names {
		if i > 0 {
			s += ", "
		}
		s += italic(plain(n))
	}
	return s + ")"
}

// heights returns the scale of densities drawn as curves.
func heights(log bool, densities ...[]float64) scale {
	s := tones(densities[0], log)
	for _, d := range densities[1:] {
		s = s.joined(tones(d, log))
	}
	if log {
		s.lo = max(s.lo, s.hi*math.Pow(10, -drawnDecades))
		return s.padded(0.03)
	}
	s.hi *= 1.05
	return s
}

// sharedHeights returns the scale of densities of several laws: logarithmic, to some
// thousandths of the lowest peak, where the highest would leave that flat, or all but
// narrow peaks of the width that is drawn: a Gaussian is four times as high as an even law.
func sharedHeights(width float64, densities ...[]float64) scale {
	const muchHigher, narrow, seen = 10, 30, 1e-3
	s, lowest := heights(false, densities...), math.Inf(1)
	for _, d := range densities {
		lowest = min(lowest, slices.Max(d))
	}
	if lowest > 0 && (s.hi > muchHigher*lowest || s.hi*width > narrow) {
		return scale{max(seen*lowest, math.SmallestNonzeroFloat64), s.hi, true}.padded(0.03)
	}
	return s
}

// drawLine draws the density of one axis.
func drawLine(r *Result, law []float64, shows string, log bool) *page {
	g, a := r.Grid, r.Grid.Axis(0)
	density := perWidth(law, g.Widths(0))
	p := panel{newPage(pageWidth, lineHeight), box{72, 52, 580, 370}, spanning(a.Edges), heights(log, density)}
	if !log {
		p.x = window(a, law, drawnTail)
	}
	p.heading(r.title(), shows)
	p.shade(g.Centers(0), density, shadeColor)
	p.curve(g.Centers(0), density, 1.5, 0, lineColor)
	p.frame(axes{x: italic(plain(a.Name)), y: densityName(a.Name)})
	return p.page
}

// drawEvolution1 draws the density of one axis at several times.
func drawEvolution1(r *Result) *page {
	a := r.Grid.Axis(0)
	times := distinct(r.Masses, atMost)
	p := panel{page: newPage(pageWidth, lineHeight), box: box{72, 52, 478, 370}}
	densities, entries := p.lawsInTime(r, 0, times)
	p.heading(r.title(), "density in time")
	p.curves(r, 0, times, densities)
	p.frame(axes{x: italic(plain(a.Name)), y: densityName(a.Name)})
	p.legend(entries, 490, 360)
	return p.page
}

// lawsInTime returns the densities of axis k at the times, and last the
// stationary one if there is, with their legend; it sets the scales.
func (p *panel) lawsInTime(r *Result, k int, times []int) (densities [][]float64, entries []entry) {
	g, a := r.Grid, r.Grid.Axis(k)
	for i, t := range times {
		mass := marginal(g, r.Masses[t], k)
		densities = append(densities, perWidth(mass, g.Widths(k)))
		entries = append(entries, entry{timeLabel(r.Times[t]), graded(i, len(times)), 0})
		if w := window(a, mass, drawnTail); i == 0 {
			p.x = w
		} else {
			p.x = p.x.joined(w)
		}
	}
	if r.Stationary != nil {
		mass := marginal(g, r.Stationary, k)
		densities = append(densities, perWidth(mass, g.Widths(k)))
		entries = append(entries, entry{"stationary", black, 4})
		p.x = p.x.joined(window(a, mass, drawnTail))
	}
	p.y = heights(false, densities...)
	if !p.capped(densities, entries) {
		p.y = sharedHeights(p.x.hi-p.x.lo, densities...)
	}
	return densities, entries
}

// capped lowers the scale when one density, as of a point that spreads, is so
// much higher than all others that they would lie flat; above the panel then stands
// how high it is.
func (p *panel) capped(densities [][]float64, entries []entry) bool {
	peaks := make([]float64, len(densities))
	for i, d := range densities {
		peaks[i] = slices.Max(d)
	}
	sorted := slices.Sorted(slices.Values(peaks))
	const higher, room = 4, 1.6
	n := len(sorted)
	if n == 1 || sorted[n-1] <= higher*sorted[n-2] || sorted[n-2] == 0 {
		return false
	}
	p.y.hi = room * sorted[n-2]
	highest := slices.Index(peaks, sorted[n-1])
	p.text(entries[highest].label+": peak "+number(sorted[n-1]), textSize, p.x1, p.y1+5, 1, black, false)
	return true
}

func (p *panel) curves(r *Result, k int, times []int, densities [][]float64) {
	for i := range times {
		p.curve(r.Grid.Centers(k), densities[i], 1.5, 0, graded(i, len(times)))
	}
	if len(densities) > len(times) {
		p.curve(r.Grid.Centers(k), densities[len(times)], 1, 4, black)
	}
}

// drawEvolutionMap draws the density of one axis over space and time.
func drawEvolutionMap(r *Result) *page {
	g, a := r.Grid, r.Grid.Axis(0)
	var all []float64
	var x scale
	for t, law := range r.Masses {
		all = append(all, perWidth(law, g.Widths(0))...)
		if w := window(a, law, drawnTail); t == 0 {
			x = w
		} else {
			x = x.joined(w)
		}
	}
	tone, shows := tones(all, false), "density in space and time"
	// A peak of the start, or of a collapse, would leave the rest black.
	const muchHigher, decades = 10, 4
	if n := g.Size(); len(r.Masses) > 1 && tone.hi > muchHigher*slices.Max(all[n:]) {
		tone, shows = tones(all[n:], false), shows+", its start beyond the colours"
	}
	if smallest := peakOf(r.Masses, g.Widths(0)); tone.hi > muchHigher*smallest {
		tone, shows = scale{tone.hi * math.Pow(10, -decades), tone.hi, true}, shows+", logarithmic"
	}
	edges := instants(r.Times)
	p := panel{newPage(pageWidth, pageHeight), box{72, 52, 500, 450}, x, scale{edges[0], edges[len(edges)-1], false}}
	p.heading(r.title(), shows)
	p.heat(a.Edges, edges, levels(all, tone), viridis())
	p.frame(axes{x: italic(plain(a.Name)), y: "time " + italic("t")})
	p.colorBar(box{512, 52, 524, 450}, tone, viridis(), densityName(a.Name, "t"))
	return p.page
}

// peakOf returns the smallest of the highest densities of the laws.
func peakOf(laws [][]float64, width []float64) float64 {
	low := math.Inf(1)
	for _, law := range laws {
		low = min(low, slices.Max(perWidth(law, width)))
	}
	return low
}

// instants returns edges of time cells around the times: the middles between
// them, and the first and the last time.
func instants(times []float64) []float64 {
	edges := []float64{times[0]}
	for i := 1; i < len(times); i++ {
		edges = append(edges, times[i-1]+(times[i]-times[i-1])/2)
	}
	return append(edges, times[len(times)-1])
}

// tiles returns n boxes in rows of the number of columns, from the upper left.
func tiles(n, columns int, all box, gapX, gapY float64) []box {
	rows := (n + columns - 1) / columns
	w := math.Floor((all.x1 - all.x0 - gapX*float64(columns-1)) / float64(columns))
	h := math.Floor((all.y1 - all.y0 - gapY*float64(rows-1)) / float64(rows))
	out := make([]box, n)
	for i := range out {
		x := all.x0 + float64(i%columns)*(w+gapX)
		y := all.y1 - float64(i/columns+1)*h - float64(i/columns)*gapY
		out[i] = box{x, y, x + w, y + h}
	}
	return out
}

// drawMarginals draws the density of every axis at several times.
func drawMarginals(r *Result) *page {
	times := distinct(r.Masses, atMost)
	dim := r.Grid.Dim()
	pg := newPage(pageWidth, pageHeight)
	pg.heading(r.title(), "density of each variable in time")
	columns := 1 + btoi(dim > 3)
	var entries []entry
	for k, b := range tiles(dim, columns, box{70, 52, 486, 448}, 62, 48) {
		p := panel{page: pg, box: b}
		var densities [][]float64
		densities, entries = p.lawsInTime(r, k, times)
		p.curves(r, k, times, densities)
		name := r.Grid.Axis(k).Name
		p.frame(axes{x: italic(plain(name)), y: densityName(name)})
	}
	pg.legend(entries, 496, 436)
	return pg
}

// shown returns the series that go into a picture, the mass lost last if any
// is.
func shown(r *Result) (out []Series) {
	for _, s := range r.Series {
		if len(s.Values) > 0 && len(out) < maxSeries {
			out = append(out, s)
		}
	}
	if r.Lost != nil && slices.Max(r.Lost) > 0 && len(out) < maxSeries {
		out = append(out, Series{Name: "mass lost", Values: r.Lost})
	}
	return out
}

// drawObservables draws expectations in time.
func drawObservables(r *Result) *page {
	list := shown(r)
	pg := newPage(pageWidth, pageHeight)
	shows := "expectations in time"
	if slices.ContainsFunc(list, func(s Series) bool { return s.Stationary != nil }) {
		shows += "; dashed: in the stationary law"
	}
	if more := len(r.Series) - len(list); more > 0 && len(list) == maxSeries {
		shows += fmt.Sprintf("; %d more are in result.nc", more)
	}
	pg.heading(r.title(), shows)
	columns := 1 + btoi(len(list) > 3) + btoi(len(list) > 8)
	x := scale{r.Times[0], r.Times[len(r.Times)-1], false}
	if x.lo > 0 {
		x = spanning([]float64{x.lo, x.hi})
	}
	for i, b := range tiles(len(list), columns, box{66, 52, 584, 436}, 58, 34) {
		s := list[i]
		p := panel{pg, b, x, extent(s)}
		p.curve(r.Times, s.Values, 1.5, 0, lineColor)
		if s.Stationary != nil {
			p.curve([]float64{x.lo, x.hi}, []float64{*s.Stationary, *s.Stationary}, 1, 4, black)
		}
		a := axes{noNumX: i+columns < len(list)}
		if !a.noNumX {
			a.x = "time " + italic("t")
		}
		p.frame(a)
		pg.text(italic(plain(s.Name)), textSize+1, (b.x0+b.x1)/2, b.y1+5, 0.5, black, false)
	}
	return pg
}

// extent returns a scale that holds the values, with a margin.
func extent(s Series) scale {
	lo, hi := math.Inf(1), math.Inf(-1)
	values := s.Values
	if s.Stationary != nil {
		values = append(slices.Clone(values), *s.Stationary)
	}
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if lo > hi {
		return scale{0, 1, false}
	}
	// A curve that moves by less than 1e-6 of its size is drawn flat.
	if least := 1e-6 * max(math.Abs(lo), math.Abs(hi)); hi-lo <= least {
		middle := lo + (hi-lo)/2
		half := math.Abs(middle) / 10
		if half == 0 {
			half = 1
		}
		return scale{middle - half, middle + half, false}
	}
	return scale{lo, hi, false}.padded(0.07)
}
