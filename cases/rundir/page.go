package rundir

import (
	"image"
	"image/color"
	"math"
	"sort"
	"strings"
	"sync"

	"codeberg.org/go-fonts/liberation/liberationserifitalic"
	"codeberg.org/go-fonts/liberation/liberationserifregular"
	"git.sr.ht/~sbinet/gg"
	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// A page is measured in points from its lower left corner. A point is two
// pixels, so that lines at whole and half points are sharp.
const (
	dotsPerPoint = 2
	pageWidth    = 600.0
	pageHeight   = 500.0
	textSize     = 11.0 // points: of numbers; of names and titles one and two more
)

var black = color.RGBA{A: 255}

// page is a picture being drawn.
type page struct {
	canvas        *vgimg.Canvas
	pixels        *image.RGBA
	width, height float64
}

// A canvas that vgimg makes by itself allocates and copies the image three
// times, which is a fifth of the time of a picture.
func newPage(width, height float64) *page {
	img := image.NewRGBA(image.Rect(0, 0, column(width), column(height)))
	context := gg.NewContextForRGBA(img)
	context.SetLineCapButt()
	context.InvertY()
	c := vgimg.NewWith(vgimg.UseDPI(72*dotsPerPoint), vgimg.UseImageWithContext(img, context))
	return &page{c, img, width, height}
}

// fonts parses the two faces when the first picture is drawn.
var fonts = sync.OnceValue(func() *font.Cache {
	face := func(style xfont.Style, data []byte) font.Face {
		parsed, err := opentype.Parse(data)
		if err != nil {
			panic("rundir: embedded font: " + err.Error())
		}
		return font.Face{Font: font.Font{Typeface: "Liberation", Variant: "Serif", Style: style}, Face: parsed}
	}
	return font.NewCache(font.Collection{
		face(xfont.StyleNormal, liberationserifregular.TTF),
		face(xfont.StyleItalic, liberationserifitalic.TTF),
	})
})

// Two marks switch italics and superscripts on and off inside a text.
const (
	italicMark = "\x01"
	superMark  = "\x02"
)

// greek lists the names of letters.
var greek = map[string]string{
	"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
	"iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "omicron": "ο", "pi": "π", "rho": "ρ",
	"sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
	"Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ",
	"Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}

// italic returns the name of a variable: in italics when it is one letter, or
// the name of a Greek one, which is then drawn.
func italic(name string) string {
	if letter := greek[name]; letter != "" {
		name = letter
	}
	if len([]rune(name)) == 1 {
		return italicMark + name + italicMark
	}
	return name
}

// superscript returns base with the exponent.
func superscript(base, exponent string) string { return base + superMark + exponent + superMark }

// plain returns a text of the user's without marks.
func plain(s string) string {
	return strings.NewReplacer(italicMark, "", superMark, "", "\n", " ").Replace(s)
}

// piece is a text of one face.
type piece struct {
	face  font.Face
	text  string
	raise float64
	width float64
}

// pieces cuts a text at its marks.
func pieces(s string, size float64) (out []piece, width float64) {
	slanted, raised := false, false
	for s != "" {
		i := strings.IndexAny(s, italicMark+superMark)
		switch i {
		case 0:
			slanted, raised = slanted != (s[:1] == italicMark), raised != (s[:1] == superMark)
			s = s[1:]
			continue
		case -1:
			i = len(s)
		}
		p := piece{text: s[:i]}
		wanted := font.Font{Typeface: "Liberation", Variant: "Serif"}
		if slanted {
			wanted.Style = xfont.StyleItalic
		}
		scale := 1.0
		if raised {
			scale, p.raise = 0.72, 0.36*size
		}
		p.face = fonts().Lookup(wanted, vg.Length(scale*size))
		p.width = float64(p.face.Width(p.text))
		out, width, s = append(out, p), width+p.width, s[i:]
	}
	return out, width
}

// text writes s with its baseline's point at x, y, the fraction align of its
// width to the left of it; up turns it a quarter to the left.
func (p *page) text(s string, size, x, y, align float64, c color.Color, up bool) {
	parts, width := pieces(s, size)
	p.canvas.SetColor(c)
	if up {
		p.canvas.Push()
		p.canvas.Rotate(math.Pi / 2)
		defer p.canvas.Pop()
		x, y = y, -x
	}
	x -= align * width
	for _, part := range parts {
		p.canvas.FillString(part.face, vg.Point{X: vg.Length(x), Y: vg.Length(y + part.raise)}, part.text)
		x += part.width
	}
}

// fitted returns as much of a plain text as there is room for.
func fitted(s string, size, room float64) string {
	if _, width := pieces(s, size); width <= room {
		return s
	}
	runes := []rune(s)
	return cutTo(runes, sort.Search(len(runes), func(n int) bool {
		_, width := pieces(cutTo(runes, n+1), size)
		return width > room
	}))
}

// cutTo returns the first n letters and a sign that there were more.
func cutTo(runes []rune, n int) string { return string(runes[:n]) + "…" }

// heading writes the user's title and what the picture shows at the top.
func (p *page) heading(title, shows string) {
	title = plain(title)
	size := textSize + 3
	_, width := pieces(title, size)
	if room := p.width - 24; width > room {
		size = max(textSize, size*room/width)
		title = fitted(title, size, room)
	}
	if title != "" {
		p.text(title, size, p.width/2, p.height-19, 0.5, black, false)
	}
	p.text(shows, textSize, p.width/2, p.height-34, 0.5, color.RGBA{70, 70, 70, 255}, false)
}

type point struct{ x, y float64 }

func path(points []point) vg.Path {
	var out vg.Path
	for i, q := range points {
		at := vg.Point{X: vg.Length(q.x), Y: vg.Length(q.y)}
		if i == 0 {
			out.Move(at)
		} else {
			out.Line(at)
		}
	}
	return out
}

// line draws a polygon line; dash is the length of dashes, 0 for a whole line.
func (p *page) line(points []point, width, dash float64, c color.Color) {
	if len(points) < 2 {
		return
	}
	p.canvas.SetColor(c)
	p.canvas.SetLineWidth(vg.Length(width))
	if dash > 0 {
		p.canvas.SetLineDash([]vg.Length{vg.Length(dash), vg.Length(0.7 * dash)}, 0)
		defer p.canvas.SetLineDash(nil, 0)
	}
	p.canvas.Stroke(path(points))
}

// polygons fills closed shapes with one colour.
func (p *page) polygons(shapes [][]point, c color.Color) {
	var all vg.Path
	for _, s := range shapes {
		all = append(all, path(s)...)
		all.Close()
	}
	p.canvas.SetColor(c)
	p.canvas.Fill(all)
}

// block fills the pixels of a box with a colour, straight into the image.
func (p *page) block(b box, c color.RGBA) {
	for row := p.row(b.y1); row < p.row(b.y0); row++ {
		line := p.pixels.Pix[row*p.pixels.Stride:]
		for col := column(b.x0); col < column(b.x1); col++ {
			copy(line[4*col:], []byte{c.R, c.G, c.B, 255})
		}
	}
}

// column and row return the pixel that begins at a coordinate.
func column(x float64) int        { return int(math.Round(dotsPerPoint * x)) }
func (p *page) row(y float64) int { return p.pixels.Rect.Dy() - column(y) }

// snap moves a coordinate to the middle of a line one pixel wide.
func snap(x float64) float64 { return (math.Floor(dotsPerPoint*x) + 0.5) / dotsPerPoint }
