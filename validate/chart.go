package validate

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"
	"strconv"
	"strings"

	"codeberg.org/go-fonts/liberation/liberationserifregular"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// The picture, in points.
const (
	pictureWidth, pictureHeight = 600, 420
	left, right, lower, upper   = 72, 410, 52, 370 // sides of the panel
	letters                     = 11               // size
	mostCurves                  = 12
)

// point is a width of cells and an error, or a place in the picture.
type point struct{ x, y float64 }

// chart is a panel with logarithmic axes.
type chart struct {
	*vgimg.Canvas
	face       font.Face
	x1, y0, y1 float64 // natural logarithms at the right, lower and upper side; at the left is 0
}

// newChart makes room for the curves and for h up to the coarsest.
func newChart(curves [][]point, coarsest float64) (*chart, error) {
	serif, err := opentype.Parse(liberationserifregular.TTF)
	if err != nil {
		return nil, err
	}
	named := font.Font{Typeface: "Liberation", Variant: "Serif"}
	cache := font.NewCache(font.Collection{{Font: named, Face: serif}})
	p := &chart{
		Canvas: vgimg.NewWith(vgimg.UseWH(pictureWidth, pictureHeight), vgimg.UseDPI(144)),
		face:   cache.Lookup(named, letters), x1: math.Log(coarsest), y0: math.Inf(1), y1: math.Inf(-1),
	}
	for _, curve := range curves {
		for _, q := range curve {
			p.y0, p.y1 = min(p.y0, math.Log(q.y)), max(p.y1, math.Log(q.y))
		}
	}
	p.y0, p.y1 = p.y0-math.Ln2, p.y1+math.Ln2 // a margin of a factor of 2
	return p, nil
}

// hue returns color i of n: from dark to light by colours of viridis (van der
// Walt and Smith 2015).
func hue(i, n int) color.Color {
	stops := [][3]float64{{68, 1, 84}, {49, 104, 142}, {53, 183, 121}, {178, 200, 40}}
	u := float64(i) / float64(max(1, n-1)) * float64(len(stops)-1)
	k := min(int(u), len(stops)-2)
	mix := func(c int) uint8 { return uint8(stops[k][c] + (u-float64(k))*(stops[k+1][c]-stops[k][c])) }
	return color.RGBA{mix(0), mix(1), mix(2), 255}
}

// at returns the place of a point.
func (p *chart) at(q point) point {
	const margin = 0.04 // of the width, at both sides
	u := margin + (1-2*margin)*math.Log(q.x)/p.x1
	v := (math.Log(q.y) - p.y0) / (p.y1 - p.y0)
	return point{left + u*(right-left), lower + v*(upper-lower)}
}

// stroke joins places by a line.
func (p *chart) stroke(width float64, c color.Color, places ...point) {
	var path vg.Path
	path.Move(vg.Point{X: vg.Length(places[0].x), Y: vg.Length(places[0].y)})
	for _, q := range places[1:] {
		path.Line(vg.Point{X: vg.Length(q.x), Y: vg.Length(q.y)})
	}
	p.SetLineWidth(vg.Length(width))
	p.SetColor(c)
	p.Stroke(path)
}

// dot fills a circle.
func (p *chart) dot(q point, c color.Color) {
	const radius = 2.6
	var path vg.Path
	path.Move(vg.Point{X: vg.Length(q.x + radius), Y: vg.Length(q.y)})
	path.Arc(vg.Point{X: vg.Length(q.x), Y: vg.Length(q.y)}, radius, 0, 2*math.Pi)
	path.Close()
	p.SetColor(c)
	p.Fill(path)
}

func (p *chart) curve(points []point, width float64, c color.Color, dots bool) {
	places := make([]point, len(points))
	for i, q := range points {
		places[i] = p.at(q)
		if dots {
			p.dot(places[i], c)
		}
	}
	p.stroke(width, c, places...)
}

// text writes s at x, y, the fraction align of it to the left of x.
func (p *chart) text(s string, x, y, align float64) {
	p.SetColor(color.Black)
	p.FillString(p.face, vg.Point{X: vg.Length(x) - vg.Length(align)*p.face.Width(s), Y: vg.Length(y)}, s)
}

func (p *chart) upwards(s string, x, y float64) {
	p.Push()
	defer p.Pop()
	p.Rotate(math.Pi / 2)
	p.text(s, y, -x, 0.5)
}

// frame draws the sides, the widths of cells, and powers of ten.
func (p *chart) frame(levels []Level, in string) {
	p.stroke(0.7, color.Black, point{left, lower}, point{right, lower}, point{right, upper}, point{left, upper}, point{left, lower}, point{right, lower})
	for _, l := range levels {
		x := p.at(point{l.H, 1}).x
		p.stroke(0.7, color.Black, point{x, lower}, point{x, lower - 5})
		name := fmt.Sprintf("%.3g", l.H)
		switch in {
		case "order":
			name = l.Label
		case "time":
			name = scientific(l.Tolerance)
		}
		p.text(name, x, lower-18, 0.5)
	}
	lo, hi := int(math.Ceil(p.y0/math.Ln10)), int(math.Floor(p.y1/math.Ln10))
	const most = 9 // labels
	for e, every := lo, 1+(hi-lo)/most; e <= hi; e += every {
		y := p.at(point{1, math.Pow10(e)}).y
		p.stroke(0.7, color.Black, point{left, y}, point{left - 5, y})
		p.text(scientific(math.Pow10(e)), left-8, y-letters/3, 1)
	}
}

// scientific writes a number below 10 as 1e−5, 2.5e−5 or 1.
func scientific(v float64) string {
	return strings.NewReplacer(".0e-0", "e−", ".0e-", "e−", "e-0", "e−", "e-", "e−", ".0e+00", "").Replace(strconv.FormatFloat(v, 'e', 1, 64))
}

func (p *chart) save(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = vgimg.PngCanvas{Canvas: p.Canvas}.WriteTo(f)
	return errors.Join(err, f.Close())
}
