package rundir

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fokker/grid"
)

func decoded(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestPicturesOfEveryKind(t *testing.T) {
	still := ring(t, 4, 5)
	still.Times, still.Masses, still.Lost = nil, nil, nil
	moving := gyrator(t, 12)
	moving.Stationary, moving.StationaryCurrent = nil, nil
	want := map[*Result]string{
		well(t, 40):        "evolution evolution-map observables stationary stationary-log",
		gyrator(t, 16):     "current evolution final final-log marginals observables stationary stationary-log",
		ring(t, 3, 8):      "final final-log marginals observables stationary stationary-log",
		lognormal(t):       "stationary stationary-log",
		still:              "stationary stationary-log",
		moving:             "current evolution final final-log marginals observables",
		{Grid: still.Grid}: "",

		learnt(well(t, 30)):    "evolution evolution-map influence learning observables stationary stationary-log",
		learnt(gyrator(t, 14)): "current evolution final final-log influence learning marginals observables stationary stationary-log",
		learnt(ring(t, 3, 6)):  "final final-log influence learning marginals observables stationary stationary-log",
	}
	for r, names := range want {
		dir := t.TempDir()
		if err := Pictures(dir, r); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, e := range entries {
			found = append(found, strings.TrimSuffix(e.Name(), ".png"))
			img := decoded(t, filepath.Join(dir, e.Name()))
			if b := img.Bounds(); b.Dx() != 1200 || b.Dy() < 800 {
				t.Errorf("%s: %v, want 1200 pixels across", e.Name(), b)
			}
			if n := inked(img); n < 5000 {
				t.Errorf("%s %s: %d pixels are not white, want a picture", r.Name, e.Name(), n)
			}
		}
		slices.Sort(found)
		if got := strings.Join(found, " "); got != names {
			t.Errorf("%s: found %s, want %s", r.Name, got, names)
		}
	}
}

// learnt adds a posterior, at one temperature or two, and influences, of which one is 0.
func learnt(r *Result) *Result {
	posterior := make([]float64, len(r.Stationary))
	for i, m := range r.Stationary {
		posterior[i] = (m + 1/float64(len(posterior))) / 2
	}
	r.Learning = &Learning{Posterior: posterior, Law: r.Stationary, Name: "stationary law", Temperature: 0.1, Temperatures: []float64{0.1}, Lambda: []float64{0.5}}
	r.Influence = &Influence{Table: []byte("row\n"), Names: []string{"mean.x"}, Removal: [][]float64{{0.1, -0.3, 0}}}
	if r.Grid.Dim() > 1 {
		corrected := 0.5
		r.Learning.Temperatures, r.Learning.Lambda, r.Learning.Corrected = []float64{0.1, 1e-3}, []float64{0.3, 0.4}, &corrected
		r.Influence.Names, r.Influence.Removal = append(r.Influence.Names, "nothing", "high", "low"), append(r.Influence.Removal, make([]float64, 3), []float64{1, 2, 3}, []float64{-1, -2, -3})
	}
	return r
}

// inked counts the pixels that are not white.
func inked(img image.Image) (n int) {
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if r, g, b, _ := img.At(x, y).RGBA(); r&g&b != 0xffff {
				n++
			}
		}
	}
	return n
}

// brightest returns the middle of the pixels of the palette's last colour in
// the part of the page given in points.
func brightest(t *testing.T, pg *page, within box) point {
	t.Helper()
	top, n, at := viridis()[255], 0.0, point{}
	for y := pg.row(within.y1); y < pg.row(within.y0); y++ {
		for x := column(within.x0); x < column(within.x1); x++ {
			if pg.pixels.RGBAAt(x, y) == top {
				at.x, at.y, n = at.x+float64(x)+0.5, at.y+float64(pg.pixels.Rect.Dy()-y)-0.5, n+1
			}
		}
	}
	if n == 0 {
		t.Fatal("the highest colour is nowhere")
	}
	return point{at.x / n / dotsPerPoint, at.y / n / dotsPerPoint}
}

// The brightest pixel stands where the law has its maximum, on uniform,
// stretched and logarithmic axes, with and without zoom.
func TestHeatMapShowsTheMaximumInItsPlace(t *testing.T) {
	stretched := edges(-3, 5, 80, false)
	for i, e := range stretched {
		stretched[i] = e * e * e / 10
	}
	g := newGrid(t, grid.Axis{Name: "a", Edges: stretched}, grid.Axis{Name: "b", Edges: edges(1e-2, 1e4, 70, true)})
	law := lawOf(g, func(x []float64) float64 {
		return math.Exp(-math.Pow(x[0]-3, 2)/0.5 - math.Pow(math.Log(x[1]/50), 2)/0.3)
	})
	density := perArea(g, law, 0, 1)
	peak := slices.Index(density, slices.Max(density))
	r := &Result{Name: "peak", Grid: g, Stationary: law}
	main := box{66, 50, 422, 390}
	for _, log := range []bool{false, true} {
		pg := drawJoint(r, law, "", log)
		at := brightest(t, pg, main)
		x, y := windowOf(g, law, 0, log), windowOf(g, law, 1, log)
		found := []float64{x.inverse((at.x - main.x0) / (main.x1 - main.x0)), y.inverse((at.y - main.y0) / (main.y1 - main.y0))}
		for k, v := range found {
			i := g.Along(k, peak)
			lo, hi := g.Axis(k).Edges[max(0, i-2)], g.Axis(k).Edges[min(g.Cells(k), i+3)]
			if v < lo || v > hi {
				t.Errorf("log %v, axis %d: brightest at %v, want within two cells of %v", log, k, v, g.Centers(k)[i])
			}
		}
	}
}

func TestWindowHoldsTheMass(t *testing.T) {
	a := grid.Axis{Name: "x", Edges: edges(-50, 50, 1000, false)}
	g := newGrid(t, a)
	law := lawOf(g, func(x []float64) float64 { return math.Exp(-(x[0] - 20) * (x[0] - 20) / 2) })
	w := window(a, law, drawnTail)
	inside := 0.0
	for i, m := range law {
		if c := g.Centers(0)[i]; c > w.lo && c < w.hi {
			inside += m
		}
	}
	if inside < 1-drawnTail {
		t.Errorf("the window [%v, %v] holds %v, want at least 1 − 1e-6", w.lo, w.hi, inside)
	}
	if w.hi-w.lo > 12 {
		t.Errorf("the window [%v, %v] is wider than the law", w.lo, w.hi)
	}
	if whole := window(a, lawOf(g, func([]float64) float64 { return 1 }), drawnTail); whole.lo != -50 || whole.hi != 50 {
		t.Errorf("a uniform law is drawn on [%v, %v], want the whole axis", whole.lo, whole.hi)
	}
}

// A map shows where there is colour, and never leaves more than 1e-3 outside.
func TestMapsAreCroppedToWhatIsSeen(t *testing.T) {
	g := newGrid(t, grid.Axis{Name: "x", Edges: edges(-20, 20, 400, false)}, grid.Axis{Name: "y", Edges: edges(-20, 20, 200, false)})
	reach := math.Sqrt(2 * math.Log(1e3)) // standard deviations up to 1e-3 of the maximum
	normal := func(x []float64) float64 { return math.Exp(-x[0]*x[0]/2 - x[1]*x[1]/8) }
	spike := func(x []float64) float64 { return normal(x) + 1e6*math.Exp(-1e3*(x[0]*x[0]+x[1]*x[1])) }
	for name, f := range map[string]func([]float64) float64{"normal": normal, "with a spike": spike} {
		law := lawOf(g, f)
		inside := 0.0
		x, y := windowOf(g, law, 0, false), windowOf(g, law, 1, false)
		for c, m := range law {
			if u, v := x.at(g.Centers(0)[g.Along(0, c)]), y.at(g.Centers(1)[g.Along(1, c)]); u > 0 && u < 1 && v > 0 && v < 1 {
				inside += m
			}
		}
		if inside < 1-faintest {
			t.Errorf("%s: the map holds %v, want at least 1 − 1e-3", name, inside)
		}
		for k, s := range []scale{x, y} {
			if widest := 1.1 * reach * float64(k+1); s.hi > widest || s.lo < -widest {
				t.Errorf("%s: axis %d is drawn on [%v, %v], want at most ±%v", name, k, s.lo, s.hi, widest)
			}
		}
	}
}

func TestGreekNamesAreLetters(t *testing.T) {
	for name, want := range map[string]string{"theta": italicMark + "θ" + italicMark, "Omega": italicMark + "Ω" + italicMark, "x": italicMark + "x" + italicMark, "thetas": "thetas"} {
		if got := italic(name); got != want {
			t.Errorf("%s is drawn as %q, want %q", name, got, want)
		}
	}
}

func TestAxisOverDecadesIsLogarithmic(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		log    bool
	}{{1e-2, 1e2, true}, {1, 999, false}, {0, 1e6, false}, {-1, 1e6, false}} {
		if s := spanning([]float64{c.lo, c.hi}); s.log != c.log {
			t.Errorf("[%v, %v]: logarithmic %v, want %v", c.lo, c.hi, s.log, c.log)
		}
	}
}

// The gyrator turns clockwise in its picture; rounding noise is not drawn.
func TestArrowsFollowTheCurrent(t *testing.T) {
	r := gyrator(t, 32)
	p := panel{newPage(pageWidth, pageHeight), box{0, 0, 210, 210}, scale{-3, 3, false}, scale{-3, 3, false}}
	arrows, longest := p.arrows(r.Grid, r.StationaryCurrent, currentNoise)
	if len(arrows) < 50 {
		t.Fatalf("found %d arrows, want a field", len(arrows))
	}
	// At the top of the law, above its centre, J points to the right.
	mean, _ := p.gather(r.Grid, r.StationaryCurrent)
	if above := mean[lattice*(lattice/2+3)+lattice/2].drawn; above.x <= 0 {
		t.Errorf("above the centre the current is %v, want it to the right", above)
	}
	largest := 0.0 // both scales are the same, so the longest arrow has the largest |J|
	for _, f := range mean {
		largest = max(largest, math.Hypot(f.density.x, f.density.y))
	}
	if math.Abs(longest-largest) > 1e-12*largest || longest == 0 {
		t.Errorf("the longest arrow has |J| = %v, want %v", longest, largest)
	}
	noise := [][]float64{slices.Clone(r.StationaryCurrent[0]), slices.Clone(r.StationaryCurrent[1])}
	for _, c := range noise {
		for i := range c {
			c[i] = 1e-15 * math.Sin(float64(i*i))
		}
	}
	if arrows, _ := p.arrows(r.Grid, noise, currentNoise); arrows != nil {
		t.Errorf("found %d arrows of rounding noise, want none", len(arrows))
	}
}

func TestArrowOutlinePointsWhereItGoes(t *testing.T) {
	outline := arrow(point{10, 10}, point{0, 1}, 8)
	tip := outline[3]
	if math.Hypot(tip.x-10, tip.y-14) > 1e-12 {
		t.Errorf("the tip is at %v, want (10, 14)", tip)
	}
}

func TestTicksAreFewAndLabelled(t *testing.T) {
	for _, c := range []struct {
		s    scale
		want string
	}{
		{scale{-4, 4, false}, "−4 −2 0 2 4"},
		{scale{0, 0.25, false}, "0.00 0.05 0.10 0.15 0.20 0.25"},
		{scale{-5e4, 5e4, false}, "−4 −2 0 2 4"},
		{scale{1e-3, 1e3, true}, "10\x02−3\x02 10\x02−2\x02 10\x02−1\x02 1 10 10\x022\x02 10\x023\x02"},
		{scale{0.8, 9, true}, "1 2 5"},
		{scale{1, 1, false}, ""},
		{scale{-4.1, 4.1, false}, "−4 −2 0 2 4"},
	} {
		marks, _ := c.s.ticks(6)
		var labels []string
		for _, m := range marks {
			if m.label != "" {
				labels = append(labels, m.label)
			}
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("%v: labels %q, want %q", c.s, got, c.want)
		}
	}
}

func TestNumberRoundsToThreeDigits(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 0.1 + 0.2: "0.3", -2.5: "−2.5", 12345: "12300", 1.5e-7: "1.5·10\x02−7\x02", 2e9: "2·10\x029\x02"} {
		if got := number(x); got != want {
			t.Errorf("number(%v) = %q, want %q", x, got, want)
		}
	}
}

func TestDistinctLawsChangeEqually(t *testing.T) {
	var laws [][]float64 // mass x moves from one cell to the other
	for i := range 101 {
		x := math.Exp(-float64(i) / 10)
		laws = append(laws, []float64{x, 1 - x})
	}
	got := distinct(laws, 6)
	for k, i := range got { // the best are where x = 1, 0.8, …, 0
		if want := 1 - float64(k)/5; k < 5 && math.Abs(laws[i][0]-want) > 0.05 {
			t.Errorf("law %d has %v, want about %v", i, laws[i][0], want)
		}
	}
	if len(got) != 6 || got[0] != 0 || got[5] != 100 {
		t.Errorf("got %v, want six with both ends", got)
	}
	rest := [][]float64{{1}, {1}, {1}}
	if got := distinct(rest, 6); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("at rest: got %v, want all three", got)
	}
	jump := [][]float64{{1, 0}, {0, 1}, {0, 1}, {0, 1}, {0, 1}}
	if got := distinct(jump, 4); len(got) != 4 || got[3] != 4 {
		t.Errorf("after one jump: got %v, want four", got)
	}
}

// A marginal is the sum over the other axes, whatever their order.
func TestMarginalSumsTheOthers(t *testing.T) {
	g := ring(t, 4, 4).Grid
	law := lawOf(g, func(x []float64) float64 { return math.Exp(x[0] + 0.5*x[1]*x[2] - x[3]) })
	got := marginal(g, law, 3, 1)
	want := make([]float64, len(got))
	for c, m := range law {
		want[g.Along(3, c)+g.Cells(3)*g.Along(1, c)] += m
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-15 {
			t.Fatalf("marginal %d = %v, want %v", i, got[i], want[i])
		}
	}
}

func TestPalettesRunFromDarkToLight(t *testing.T) {
	before := -1.0
	for i, c := range viridis() {
		// Relative luminance, Rec. 709.
		l := 0.2126*math.Pow(float64(c.R)/255, 2.2) + 0.7152*math.Pow(float64(c.G)/255, 2.2) + 0.0722*math.Pow(float64(c.B)/255, 2.2)
		if l < before-1.0/255 { // colours are rounded to 8 bits
			t.Fatalf("colour %d is darker than the one before", i)
		}
		before = l
	}
	if first := viridis()[0]; first != (color.RGBA{0x44, 0x01, 0x54, 255}) {
		t.Errorf("viridis begins with %v", first)
	}
}

// Odd results must still give pictures: nothing there, one cell, one time,
// numbers that are none.
func TestPicturesOfOddResults(t *testing.T) {
	one := newGrid(t, grid.Axis{Name: "x", Edges: []float64{0, 1}}, grid.Axis{Name: "y", Edges: []float64{0, 1, 2}})
	zero := 0.0
	for name, r := range map[string]*Result{
		"one cell across":  {Grid: one, Stationary: []float64{0.5, 0.5}, Times: []float64{0}, Masses: [][]float64{{1, 0}}},
		"no mass":          {Grid: one, Stationary: []float64{0, 0}, Times: []float64{0, 0}, Masses: [][]float64{{0, 0}, {0, 0}}, Series: []Series{{Name: "a", Values: []float64{0, 0}, Stationary: &zero}}},
		"negative and NaN": {Grid: one, Stationary: []float64{-1e-20, math.NaN()}, StationaryCurrent: [][]float64{{0, 0, 0, 0}, {0, math.NaN(), 0}}},
		"constant, NaN": {Grid: one, Title: strings.Repeat("a long title ", 30), Times: []float64{0, 1}, Masses: [][]float64{{1, 0}, {0, 1}},
			Series: []Series{{Name: "a", Values: []float64{1e300, 1e300}}, {Name: "b", Values: []float64{math.NaN(), 1}}, {Name: "c", Values: []float64{1e-320, 0}}}},
	} {
		if err := Pictures(t.TempDir(), r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Ratios beyond the largest number have logarithms all the same.
func TestLogarithmicScalesSpanAllNumbers(t *testing.T) {
	for _, s := range []scale{{math.SmallestNonzeroFloat64, math.MaxFloat64, true}, {1e-300, 1e300, true}, {1e-3, 1e5, true}} {
		if s.at(s.lo) != 0 || s.at(s.hi) != 1 || s.inverse(0) != s.lo {
			t.Errorf("%v: ends at %v and %v, begins at %v", s, s.at(s.lo), s.at(s.hi), s.inverse(0))
		}
		for _, u := range []float64{0.25, 0.5, 0.9, 1} {
			if got := s.at(s.inverse(u)); math.Abs(got-u) > 1e-13 {
				t.Errorf("%v: %v there and back is %v", s, u, got)
			}
		}
		if marks, _ := s.ticks(5); len(marks) < 3 {
			t.Errorf("%v: marks %v, want three or more", s, marks)
		}
		if p := s.padded(0.03); !(p.lo > 0) && s.lo > 1e-320 || math.IsInf(p.hi, 0) {
			t.Errorf("%v: padded to %v", s, p)
		}
	}
}

// A peak a hundred times as high leaves the other law flat on a linear scale.
func TestLawsOfUnlikePeaksAreDrawnByLogarithm(t *testing.T) {
	low, high := []float64{0.1, 1, 0.1}, []float64{0, 100, 0}
	if s := sharedHeights(3, low, high); !s.log || s.lo > 0.001 || s.hi < 100 {
		t.Errorf("got %v, want a logarithm from a thousandth of 1 to 100", s)
	}
	if s := sharedHeights(3, low, low); s.log {
		t.Errorf("got %v, want a linear scale", s)
	}
	if s := sharedHeights(100, low, low); !s.log {
		t.Errorf("narrow peaks: got %v, want a logarithm", s)
	}
}

// The number of a bar beside a longer one lies to its other side, and no number on a bar
// or on another number.
func TestNumbersOfBarsLieBesideThem(t *testing.T) {
	for _, removal := range [][]float64{
		{0, 0, 0, -3, -8, 0, 0}, {0, 0, -8, -3, 0, 0, 0}, {3, 8, 0, 0, 0}, {0, -1, -9, -1, 0}, append(make([]float64, 400), 3, 8, 7.9), slices.Repeat([]float64{1, -1}, 200),
	} {
		n := len(removal)
		p := panel{newPage(pageWidth, pageHeight), box{76, 52, 300, 160}, scale{0.5, float64(n) + 0.5, false}, around(removal)}
		got := p.numbers(removal)
		if len(got) == 0 || got[0].text != fmt.Sprint(largest(removal, 1)[0]+1) {
			t.Errorf("%d bars: numbers %v, want that of the largest first", n, got)
		}
		for i, l := range got {
			_, width := pieces(l.text, textSize)
			b := box{l.x - width/2, l.y, l.x + width/2, l.y + 0.7*textSize}
			for j, v := range removal {
				a, c := p.place(float64(j+1), 0), p.place(float64(j+1), v)
				if b.meets(box{a.x - thickness(n)/2, min(a.y, c.y), a.x + thickness(n)/2, max(a.y, c.y)}) {
					t.Errorf("%d bars: number %s lies on bar %d", n, l.text, j+1)
				}
			}
			for _, o := range got[:i] {
				if math.Abs(o.x-l.x) < width && math.Abs(o.y-l.y) < 0.7*textSize {
					t.Errorf("%d bars: numbers %s and %s lie on each other", n, o.text, l.text)
				}
			}
			if b.x0 < p.x0 || b.x1 > p.x1 {
				t.Errorf("%d bars: number %s from %v to %v, want within %v to %v", n, l.text, b.x0, b.x1, p.x0, p.x1)
			}
		}
	}
	removal := append(make([]float64, 47), -3, -8, 0)
	p := panel{newPage(pageWidth, pageHeight), box{76, 52, 300, 160}, scale{0.5, 50.5, false}, around(removal)}
	if got := p.numbers(removal); len(got) != 2 || !(got[1].x < p.place(48, 0).x) {
		t.Errorf("numbers %v, want two, that of 48 to the left of its bar", got)
	}
}

func TestLongNamesAreCutToTheirRoom(t *testing.T) {
	const long = "covariance.a_long_name,another_long_name"
	got := fitted(long, textSize, 100)
	if _, width := pieces(got, textSize); width > 100 || !strings.HasSuffix(got, "…") {
		t.Errorf("%q is %v wide, want 100 at most", got, width)
	}
	if _, width := pieces(got[:len(got)-len("…")]+"w…", textSize); width <= 100 {
		t.Errorf("%q has room for another letter", got)
	}
	if got := fitted(strings.Repeat(long, 10000), textSize, 100); !strings.HasPrefix(got, "covariance") { // in no time
		t.Errorf("got %q, want the beginning", got)
	}
	if got := fitted("loss", textSize, 100); got != "loss" {
		t.Errorf("got %q, want it whole", got)
	}
}
