package verification

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"

	"codeberg.org/go-fonts/liberation/liberationserifregular"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// shades are the colours of schemes, by the kind of order they have (Okabe and Ito
// 2008).
var shades = map[string]color.RGBA{
	fitted: {0, 114, 178, 255}, central: {86, 180, 233, 255}, isothermal: {0, 158, 115, 255},
	selling: {230, 159, 0, 255}, selling3: {204, 121, 167, 255}, rank: {160, 160, 160, 255},
	upwind: {120, 90, 60, 255}, normal: {170, 51, 119, 255}, batches: {238, 102, 119, 255}, streams: {240, 190, 60, 255}, fourth: {213, 94, 0, 255}, spectral: {0, 0, 0, 255},
}

// picture is a panel with logarithmic axes, the width of cells and the error over
// those of the coarsest mesh, in points.
type picture struct {
	*vgimg.Canvas
	face font.Face
}

const (
	width, height            = 640, 460
	left, right, under, over = 62, 500, 48, 446
	narrowest, smallest      = .115, 1e-5 // at the left and lower side
	largest                  = 2          // near the upper one: some errors grow at first
)

func newPicture() (*picture, error) {
	serif, err := opentype.Parse(liberationserifregular.TTF)
	if err != nil {
		return nil, err
	}
	named := font.Font{Typeface: "Liberation", Variant: "Serif"}
	cache := font.NewCache(font.Collection{{Font: named, Face: serif}})
	return &picture{vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(144)), cache.Lookup(named, 12)}, nil
}

// at returns the place of a width and an error.
func (p *picture) at(h, e float64) vg.Point {
	x := left + (right-left)*(1-math.Log(h)/math.Log(narrowest))*.98
	y := under + (over-under)*(1-math.Log(e/largest)/math.Log(smallest/largest))*.98
	return vg.Point{X: vg.Length(x), Y: vg.Length(y)}
}

// stroke joins places by a line.
func (p *picture) stroke(thickness float64, c color.Color, places ...vg.Point) {
	var path vg.Path
	path.Move(places[0])
	for _, q := range places[1:] {
		path.Line(q)
	}
	p.SetLineWidth(vg.Length(thickness))
	p.SetColor(c)
	p.Stroke(path)
}

// text writes s with the fraction align of it to the left of a place.
func (p *picture) text(s string, q vg.Point, align float64) {
	p.SetColor(color.Black)
	q.X -= vg.Length(align) * p.face.Width(s)
	p.FillString(p.face, q, s)
}

// draw writes verification.png: the errors of all ladders, with slopes 1, 2 and 4.
func (r *report) draw(dir string) error {
	p, err := newPicture()
	if err != nil {
		return err
	}
	p.SetColor(color.White)
	p.Fill(vg.Rectangle{Max: vg.Point{X: width, Y: height}}.Path())
	p.frame()
	for i, scheme := range schemeOrder {
		for _, outcomes := range r.outcomes {
			for _, o := range outcomes {
				if o.scheme == scheme {
					p.ladder(o)
				}
			}
		}
		y := vg.Length(over - 10 - 17*i)
		p.stroke(2, shades[scheme], vg.Point{X: right + 10, Y: y + 4}, vg.Point{X: right + 30, Y: y + 4})
		p.text(scheme, vg.Point{X: right + 35, Y: y}, 0)
	}
	p.slopes()
	f, err := os.Create(filepath.Join(dir, "verification.png"))
	if err != nil {
		return err
	}
	_, err = vgimg.PngCanvas{Canvas: p.Canvas}.WriteTo(f)
	return errors.Join(err, f.Close())
}

// frame draws sides and their labels.
func (p *picture) frame() {
	corner := func(x, y float64) vg.Point { return vg.Point{X: vg.Length(x), Y: vg.Length(y)} }
	p.stroke(.7, color.Black, corner(left, under), corner(right, under), corner(right, over), corner(left, over), corner(left, under))
	for n := 1; n <= 8; n *= 2 {
		q := p.at(1/float64(n), smallest)
		p.text(strings.TrimSuffix(fmt.Sprintf("1/%d", n), "/1"), vg.Point{X: q.X, Y: under - 16}, .5)
	}
	for e := -4; e <= 0; e++ {
		q := p.at(1, math.Pow10(e))
		p.text(strings.Replace(fmt.Sprintf("1e%d", e), "-", "−", 1), vg.Point{X: left - 6, Y: q.Y - 4}, 1)
	}
	p.text("width of a cell, over that on the coarsest mesh", corner((left+right)/2, 10), .5)
	p.text("L1 error, over that on the coarsest mesh", corner(left+8, under+8), 0)
}

// slopes draws what orders 1, 2 and 4 would be.
func (p *picture) slopes() {
	p.SetLineDash([]vg.Length{5, 4}, 0)
	for _, slope := range []float64{1, 2, 4} {
		end := p.at(.125, math.Pow(.125, slope))
		p.stroke(1.2, color.Black, p.at(1, 1), end)
		p.text(fmt.Sprint(slope), vg.Point{X: end.X - 4, Y: end.Y - 4}, 1)
	}
	p.SetLineDash(nil, 0)
}

// ladder draws the errors of a problem, down to rounding and to the lower side.
func (p *picture) ladder(o *outcome) {
	places := []vg.Point{p.at(1, 1)}
	for i, m := range o.on[1:] {
		if e := m.law / o.on[0].law; m.law > exact && e > smallest {
			places = append(places, p.at(float64(o.cells[0])/float64(o.cells[i+1]), e))
		}
	}
	p.stroke(1, shades[o.scheme], places...)
}
