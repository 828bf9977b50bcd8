package rundir

import (
	"image/color"
	"math"
	"slices"
)

// box is a rectangle in points.
type box struct{ x0, y0, x1, y1 float64 }

// panel is a box with two scales.
type panel struct {
	*page
	box
	x, y scale
}

// place returns the point of numbers x, y.
func (p *panel) place(x, y float64) point {
	return point{p.x0 + p.x.at(x)*(p.x1-p.x0), p.y0 + p.y.at(y)*(p.y1-p.y0)}
}

// axes says what stands along the sides of a panel. A side without a name has
// marks only.
type axes struct {
	x, y             string
	noNumX, noNumY   bool
	noMarkX, noMarkY bool
	countX, countY   int  // labelled marks, 0: by the length
	crowned          bool // something stands on the upper side
	noEnds           bool // no numbers at the very ends, where neighbours have theirs
}

// frame draws the border, marks, numbers and names.
func (p *panel) frame(a axes) {
	x0, x1, y0, y1 := snap(p.x0-0.25), snap(p.x1), snap(p.y0-0.25), snap(p.y1)
	p.line([]point{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}, {x0, y0}, {x1, y0}}, 0.5, 0, black)
	if !a.noMarkX {
		p.marksX(a)
	}
	if !a.noMarkY {
		p.marksY(a)
	}
}

// atEnd reports whether a place is too near an end for a number.
func atEnd(u float64) bool { return u < 0.04 || u > 0.96 }

const longMark, shortMark = 4.5, 2.5 // points

func (p *panel) marksX(a axes) {
	n := a.countX
	if n == 0 {
		n = max(2, int((p.x1-p.x0)/55))
	}
	marks, power := p.x.ticks(n)
	for _, t := range marks {
		length := shortMark
		at := p.place(t.x, p.y.lo).x
		if t.label != "" {
			length = longMark
			if !a.noNumX && !(a.noEnds && atEnd(p.x.at(t.x))) {
				p.text(t.label, textSize, at, p.y0-longMark-textSize, 0.5, black, false)
			}
		}
		p.line([]point{{snap(at), p.y0}, {snap(at), p.y0 - length}}, 0.5, 0, black)
	}
	if power != 0 && !a.noNumX {
		p.text("× "+tenTo(power), textSize, p.x1, p.y0-longMark-2.3*textSize, 1, black, false)
	}
	p.text(a.x, textSize+2, (p.x0+p.x1)/2, p.y0-longMark-2.45*textSize, 0.5, black, false)
}

func (p *panel) marksY(a axes) {
	n := a.countY
	if n == 0 {
		n = max(2, int((p.y1-p.y0)/42))
	}
	marks, power := p.y.ticks(n)
	widest := 0.0
	for _, t := range marks {
		length := shortMark
		at := p.place(p.x.lo, t.x).y
		if t.label != "" {
			length = longMark
			if !a.noNumY && !(a.noEnds && atEnd(p.y.at(t.x))) {
				_, width := pieces(t.label, textSize)
				widest = max(widest, width)
				p.text(t.label, textSize, p.x0-longMark-2.5, at-0.33*textSize, 1, black, false)
			}
		}
		p.line([]point{{p.x0, snap(at)}, {p.x0 - length, snap(at)}}, 0.5, 0, black)
	}
	if power != 0 && !a.noNumY {
		if a.crowned {
			p.text("× "+tenTo(power), textSize, p.x0-4, p.y1+9, 1, black, false)
		} else {
			p.text("× "+tenTo(power), textSize, p.x0, p.y1+5, 0, black, false)
		}
	}
	p.text(a.y, textSize+2, p.x0-longMark-widest-11, (p.y0+p.y1)/2, 0.5, black, true)
}

// between returns the place nearest to x about which a width does not touch the sides.
func (p *panel) between(x, width float64) float64 {
	const gap = 2
	return min(max(x, p.x0+gap+width/2), p.x1-gap-width/2)
}

// inside maps the numbers to points and cuts the line where it leaves the
// panel.
func (p *panel) inside(x, y []float64) [][]point {
	var out [][]point
	var run []point
	for i := range x {
		q := p.place(x[i], y[i])
		if math.IsNaN(q.x) || math.IsNaN(q.y) {
			run, out = nil, append(out, run)
			continue
		}
		q.x, q.y = max(q.x, p.x0-1e4), max(q.y, p.y0-1e4) // where a logarithm of zero is
		run = append(run, q)
	}
	out = append(out, run)
	var cut [][]point
	for _, run := range out {
		cut = append(cut, p.clip(run)...)
	}
	return cut
}

// clip returns the parts of a line inside the panel (Liang and Barsky 1984).
func (p *panel) clip(run []point) [][]point {
	var out [][]point
	var part []point
	for i := 1; i < len(run); i++ {
		a, b := run[i-1], run[i]
		d := point{b.x - a.x, b.y - a.y}
		from, to := 0.0, 1.0
		for _, side := range [4][2]float64{{-d.x, a.x - p.x0}, {d.x, p.x1 - a.x}, {-d.y, a.y - p.y0}, {d.y, p.y1 - a.y}} {
			switch t := side[1] / side[0]; {
			case side[0] < 0:
				from = max(from, t)
			case side[0] > 0:
				to = min(to, t)
			case side[1] < 0:
				from = 2 // parallel and outside
			}
		}
		if from > to {
			continue
		}
		if from > 0 || len(part) == 0 {
			if len(part) > 0 {
				out = append(out, part)
			}
			part = []point{{a.x + from*d.x, a.y + from*d.y}}
		}
		part = append(part, point{a.x + to*d.x, a.y + to*d.y})
	}
	if len(part) > 1 {
		out = append(out, part)
	}
	return out
}

// curve draws y over x.
func (p *panel) curve(x, y []float64, width, dash float64, c color.Color) {
	for _, run := range p.inside(x, y) {
		p.line(run, width, dash, c)
	}
}

// shade fills the ground below a curve.
func (p *panel) shade(x, y []float64, c color.Color) {
	for _, run := range p.inside(x, y) {
		last := run[len(run)-1]
		p.polygons([][]point{append(slices.Clone(run), point{last.x, p.y0}, point{run[0].x, p.y0})}, c)
	}
}

// heat fills the panel with the levels of the cells between the edges: level
// i + j·(cells along x). A pixel that shows several cells has the highest.
func (p *panel) heat(xEdges, yEdges []float64, level []uint8, colors *palette) {
	c0, c1, r0, r1 := column(p.x0), column(p.x1), p.row(p.y1), p.row(p.y0)
	across := covered(xEdges, p.x, c1-c0)
	down := covered(yEdges, p.y, r1-r0)
	nx := len(xEdges) - 1
	strip := make([]byte, 4*(c1-c0))
	var shown [2]int
	for row := r1 - 1; row >= r0; row-- {
		cells := down[r1-1-row]
		if row == r1-1 || cells != shown {
			for i, columns := range across {
				c := colors[highest(level, nx, columns, cells)]
				copy(strip[4*i:], []byte{c.R, c.G, c.B, 255})
			}
			shown = cells
		}
		copy(p.pixels.Pix[row*p.pixels.Stride+4*c0:], strip)
	}
}

// highest returns the highest level of cells [x[0], x[1]] × [y[0], y[1]].
func highest(level []uint8, nx int, x, y [2]int) uint8 {
	top := uint8(0)
	for j := y[0]; j <= y[1]; j++ {
		for i := x[0]; i <= x[1]; i++ {
			top = max(top, level[i+j*nx])
		}
	}
	return top
}

// covered returns the first and the last cell of every pixel: the one at its
// middle, and those that lie wholly inside it.
func covered(edges []float64, s scale, pixels int) [][2]int {
	out := make([][2]int, pixels)
	n := len(edges) - 1
	cell := 0
	advance := func(u float64) int {
		x := s.inverse(u)
		for cell < n-1 && edges[cell+1] <= x {
			cell++
		}
		return cell
	}
	for i := range out {
		low := advance(float64(i) / float64(pixels))
		mid := advance((float64(i) + 0.5) / float64(pixels))
		end := advance((float64(i) + 1) / float64(pixels))
		out[i] = [2]int{min(low+1, mid), max(end-1, mid)}
	}
	return out
}

// colorBar draws the palette in the box, with numbers to the right.
func (p *page) colorBar(b box, s scale, colors *palette, name string) {
	rows := b.y1 - b.y0
	for i := range int(rows * dotsPerPoint) {
		y := b.y0 + float64(i)/dotsPerPoint
		u := (float64(i) + 0.5) / dotsPerPoint / rows
		p.block(box{b.x0, y, b.x1, y + 0.5}, colors[int(255*u+0.5)])
	}
	bar := panel{p, b, scale{0, 1, false}, s}
	bar.frame(axes{noMarkX: true, noMarkY: true})
	marks, power := s.ticks(max(2, int(rows/42)))
	widest := 0.0
	for _, t := range marks {
		length, at := shortMark, bar.place(0, t.x).y
		if t.label != "" {
			length = longMark
			_, width := pieces(t.label, textSize)
			widest = max(widest, width)
			p.text(t.label, textSize, b.x1+longMark+2.5, at-0.33*textSize, 0, black, false)
		}
		p.line([]point{{b.x1, snap(at)}, {b.x1 + length, snap(at)}}, 0.5, 0, black)
	}
	if power != 0 {
		p.text("× "+tenTo(power), textSize, b.x0, b.y1+5, 0, black, false)
	}
	p.text(name, textSize+2, b.x1+longMark+widest+20, (b.y0+b.y1)/2, 0.5, black, true)
}

// entry is a line of a legend.
type entry struct {
	label string
	color color.Color
	dash  float64
}

// legend writes the entries from the upper left corner x, y down.
func (p *page) legend(entries []entry, x, y float64) {
	for i, e := range entries {
		at := y - 15*float64(i)
		p.line([]point{{x, snap(at + 3.5)}, {x + 22, snap(at + 3.5)}}, 1.5, e.dash, e.color)
		p.text(e.label, textSize, x+28, at, 0, black, false)
	}
}
