package rundir

import (
	"image/color"
	"math"

	"fokker/grid"
)

// currentNoise is the part of the largest one-way flow below which a net flow
// is rounding: millions of roundings of 1e-16.
const currentNoise = 1e-10

// drawCurrent draws the probability current of two axes as arrows on the
// density, of the stationary law or, failing that, at the last time.
func drawCurrent(r *Result) *page {
	g := r.Grid
	law, current, when := r.Stationary, r.StationaryCurrent, "stationary"
	if law == nil || current == nil {
		last := len(r.Times) - 1
		law, current, when = r.Masses[last], r.FinalCurrent, timeLabel(r.Times[last])
	}
	density := perArea(g, law, 0, 1)
	tone := tones(density, false)
	pg := newPage(pageWidth, pageHeight)
	p := panel{pg, box{66, 50, 512, 450}, windowOf(g, law, 0, false), windowOf(g, law, 1, false)}
	p.heat(g.Axis(0).Edges, g.Axis(1).Edges, levels(density, tone), blues())
	arrows, longest := p.arrows(g, current, currentNoise*r.CurrentScale)
	if arrows == nil {
		pg.heading(r.title(), "density and no current, "+when)
	} else {
		pg.heading(r.title(), "density and probability current, "+when+"; arrow length as "+superscript("|"+italic("J")+"|", "1/2")+", longest arrow |"+italic("J")+"| = "+number(longest))
	}
	pg.polygons(arrows, color.RGBA{0xb4, 0x2a, 0x1e, 255})
	p.frame(axes{x: italic(plain(g.Axis(0).Name)), y: italic(plain(g.Axis(1).Name))})
	pg.colorBar(box{524, 50, 536, 450}, tone, blues(), densityName(g.Axis(0).Name, g.Axis(1).Name))
	return pg
}

const (
	lattice  = 21  // arrows along each side
	shortest = 3.5 // points: below, it no longer looks like an arrow
)

// arrows returns the outlines of arrows on a lattice, each the mean current
// of the cells around it as it looks in the panel, and |J| of the longest; nil
// if no flow exceeds the noise.
func (p *panel) arrows(g *grid.Grid, current [][]float64, noise float64) (out [][]point, longest float64) {
	mean, largest := p.gather(g, current)
	if largest <= noise {
		return nil, 0
	}
	strongest := 0.0
	for _, f := range mean {
		if size := math.Hypot(f.drawn.x, f.drawn.y); size > strongest {
			strongest, longest = size, math.Hypot(f.density.x, f.density.y)
		}
	}
	if strongest == 0 {
		return nil, 0
	}
	w, h := (p.x1-p.x0)/lattice, (p.y1-p.y0)/lattice
	for i, f := range mean {
		s := f.drawn
		size := math.Hypot(s.x, s.y)
		length := 1.15 * min(w, h) * math.Sqrt(size/strongest)
		if length < shortest {
			continue
		}
		middle := point{p.x0 + w*(float64(i%lattice)+0.5), p.y0 + h*(float64(i/lattice)+0.5)}
		out = append(out, arrow(middle, point{s.x / size, s.y / size}, length))
	}
	return out, longest
}

// flow is a current density, as it is and in points of the page.
type flow struct{ density, drawn point }

// plus returns the sum of a and b.
func (a point) plus(b point) point { return point{a.x + b.x, a.y + b.y} }

// over returns a/n.
func (a point) over(n float64) point { return point{a.x / n, a.y / n} }

// gather returns the mean current density around each point of the lattice,
// and the largest flow through a face.
func (p *panel) gather(g *grid.Grid, current [][]float64) (mean []flow, largest float64) {
	mean = make([]flow, lattice*lattice)
	count := make([]float64, len(mean))
	for _, c := range current {
		for _, f := range c {
			largest = max(largest, math.Abs(f))
		}
	}
	at := func(i, j int) flow {
		nx := g.Cells(0)
		wx, wy := g.Widths(0)[i], g.Widths(1)[j]
		jx := (current[0][i+j*(nx+1)] + current[0][i+1+j*(nx+1)]) / 2 / wy
		jy := (current[1][i+j*nx] + current[1][i+(j+1)*nx]) / 2 / wx
		return flow{point{jx, jy}, point{
			jx * p.x.slope(g.Centers(0)[i]) * (p.x1 - p.x0),
			jy * p.y.slope(g.Centers(1)[j]) * (p.y1 - p.y0),
		}}
	}
	for j, y := range g.Centers(1) {
		for i, x := range g.Centers(0) {
			u, v := math.Floor(lattice*p.x.at(x)), math.Floor(lattice*p.y.at(y))
			if u >= 0 && u < lattice && v >= 0 && v < lattice {
				k := int(u) + lattice*int(v)
				q := at(i, j)
				mean[k], count[k] = flow{mean[k].density.plus(q.density), mean[k].drawn.plus(q.drawn)}, count[k]+1
			}
		}
	}
	// Where cells are larger than the lattice, its points take the cell they are in.
	across, up := covered(g.Axis(0).Edges, p.x, lattice), covered(g.Axis(1).Edges, p.y, lattice)
	for k := range mean {
		if count[k] == 0 {
			mean[k], count[k] = at(across[k%lattice][0], up[k/lattice][0]), 1
		}
		mean[k] = flow{mean[k].density.over(count[k]), mean[k].drawn.over(count[k])}
	}
	return mean, largest
}

// arrow returns the outline of an arrow of a length centred at middle.
func arrow(middle, direction point, length float64) []point {
	head := min(5, 0.45*length)
	half, shaft := 0.36*head, 0.5+0.012*length
	along := []float64{-length / 2, length/2 - 0.8*head, length/2 - head, length / 2}
	put := func(a, b float64) point {
		return point{middle.x + a*direction.x - b*direction.y, middle.y + a*direction.y + b*direction.x}
	}
	return []point{
		put(along[0], shaft), put(along[1], shaft), put(along[2], half), put(along[3], 0),
		put(along[2], -half), put(along[1], -shaft), put(along[0], -shaft),
	}
}
