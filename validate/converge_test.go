package validate

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fokker/cases"
)

// ladder solves a gallery case, or one whose text is given.
func ladder(t *testing.T, l Ladder, text string, overrides ...string) *Convergence {
	t.Helper()
	read := func() (*cases.Case, error) { return cases.FromGallery(text, overrides...) }
	if strings.Contains(text, "\n") {
		read = func() (*cases.Case, error) { return cases.Parse("test.toml", []byte(text), nil, overrides...) }
	}
	c, err := read()
	if err != nil {
		t.Fatal(err)
	}
	out, err := Converge(context.Background(), c, l)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (c *Convergence) figure(t *testing.T, name string) *Figure {
	t.Helper()
	i := slices.IndexFunc(c.Figures, func(f *Figure) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("no figure %q", name)
	}
	return c.Figures[i]
}

// Covariances from a finer computation by a spectral method, as in the tests of
// the gallery; the finite volumes are of order 2 where noise is everywhere.
func TestSmoothNoiseIsOfOrderTwo(t *testing.T) {
	c := ladder(t, Ladder{}, "p2")
	for pair, want := range map[string]float64{"x,x": 0.75479005852, "x,y": 0.14819130212, "y,y": 0.11147401167} {
		f := c.figure(t, "stationary.covariance."+pair)
		finest := f.Values[len(f.Values)-1]
		if math.Abs(f.Order-2) > 0.12 {
			t.Errorf("%s: order %.3f of %v, want 2", pair, f.Order, f.Values)
		}
		if off := math.Abs(f.Limit - want); off > f.LimitError {
			t.Errorf("%s: limit %.9g ± %.2g, want %.9g", pair, f.Limit, f.LimitError, want)
		}
		if off := math.Abs(finest - want); off > f.Error {
			t.Errorf("%s: finest value %.9g ± %.2g, want %.9g", pair, finest, f.Error, want)
		}
	}
}

// Without noise rates are upwind: what moves by v for a time t spreads by v h t,
// so that the variance has an error of order 1.
func TestUpwindIsOfOrderOne(t *testing.T) {
	c := ladder(t, Ladder{}, drifting+"method = \"sdirk4\"\n")
	f := c.figure(t, "evolve.covariance.x,x")
	if math.Abs(f.Order-1) > 0.02 || math.Abs(f.Limit-0.09) > 1e-3*0.09 {
		t.Errorf("order %.4f, limit %.6g of %v, want 1 and 0.09", f.Order, f.Limit, f.Values)
	}
	if m := c.figure(t, "evolve.mean.x"); m.Note == "" || math.Abs(m.Limit-1) > m.LimitError {
		t.Errorf("mean %v: limit %v ± %v, %q, want 1 on every mesh", m.Values, m.Limit, m.LimitError, m.Note)
	}
}

const drifting = `
[[axis]]
name = "x"
range = [-2, 4]
cells = 480
[process]
drift = { x = "1" }
[initial]
mean = { x = 0 }
std = { x = 0.3 }
[evolve]
until = 1
outputs = 5
`

// Streams carry integrals over cells as they are: of second order are those of x² at the
// beginning.
func TestStreamsBeginWithOrderTwo(t *testing.T) {
	c := ladder(t, Ladder{}, drifting)
	for figure, want := range map[string]float64{"evolve.covariance.x,x": .09, "evolve.mean.x": 1} {
		f := c.figure(t, figure)
		if f.Order < 1.9 || math.Abs(f.Limit-want) > 1e-3*want {
			t.Errorf("%s: order %.4f, limit %.6g of %v, want at least 2 and %g", figure, f.Order, f.Limit, f.Values, want)
		}
	}
}

// E x² of e^(−U/T) by quadrature; the masses are those of Gibbs on every mesh
// and the sum over centres converges faster than any order.
func TestGibbsIsExactToRounding(t *testing.T) {
	c := ladder(t, Ladder{}, "doublewell", "axis.x.cells=200")
	f := c.figure(t, "stationary.covariance.x,x")
	if f.Note != "exact to rounding" || math.Abs(f.Limit-0.8713629080) > 5e-11 {
		t.Errorf("E x² %v: limit %.12g, %q, want 0.8713629080 exact to rounding", f.Values, f.Limit, f.Note)
	}
	if m := c.figure(t, "evolve.mean.x"); math.Abs(m.Order-2) > 0.05 || m.Note != "" {
		t.Errorf("mean in time: order %v of %v, %q, want 2", m.Order, m.Values, m.Note)
	}
	for _, name := range []string{"stationary.mean.x", "evolve.mass"} {
		if f := c.figure(t, name); f.Note != "does not change" || f.Error > 2*f.Noise {
			t.Errorf("%s: %v ± %v, %q, want no change", name, f.Values, f.Error, f.Note)
		}
	}
}

// levels is a ladder of given widths whose solvers are exact to rounding.
func levels(h ...float64) (out []Level) {
	for _, h := range h {
		out = append(out, Level{H: h, StationaryNoise: rounding})
	}
	return out
}

func analysed(list []Level, f func(h float64) float64) *Figure {
	out := &Figure{Task: "stationary", scale: 1, scheme: 2}
	for _, l := range list {
		out.Values = append(out.Values, f(l.H))
	}
	out.analyse(list)
	return out
}

func TestOrdersOfPowersAreFoundOnUnevenMeshes(t *testing.T) {
	for _, h := range [][]float64{{8, 4, 2, 1}, {250. / 31, 250. / 63, 2, 1}, {27, 9, 3}, {5, 4, 2, 1.5, 1}} {
		for _, p := range []float64{0.5001, 1, 1.5, 2, 3, 4.4} {
			f := analysed(levels(h...), func(h float64) float64 { return 7 - 0.01*math.Pow(h, p) })
			for _, got := range f.Orders {
				if math.Abs(got-p) > 1e-8 {
					t.Errorf("h %v: order %v, want %v", h, got, p)
				}
			}
			if math.Abs(f.Limit-7) > 1e-10 || f.Note != "" {
				t.Errorf("h %v, order %v: limit %v, %q, want 7", h, p, f.Limit, f.Note)
			}
		}
	}
}

// Errors of fourth order, and such that fall faster on the way to it.
func TestSchemesOfFourthOrderHaveTheirs(t *testing.T) {
	c := ladder(t, Ladder{Levels: 3}, "p2", "axis.x.cells=128", "axis.y.cells=128", "numerics.order=4")
	f := c.figure(t, "stationary.covariance.x,y")
	const want = .14819130212 // a pseudo-spectral method, to eleven digits
	if f.Order < 3.8 || strings.Contains(f.Note, "order 2") || !(math.Abs(f.Limit-want) < f.LimitError) {
		t.Errorf("%v: order %v, limit %v ± %v, %q", f.Values, f.Order, f.Limit, f.LimitError, f.Note)
	}
}

// What differences do not tell is not made up: the error grows with them.
func TestIrregularDifferencesAreFlagged(t *testing.T) {
	for _, c := range []struct {
		note  string
		least float64 // error of the limit
		f     func(h float64) float64
	}{
		{"change sign", 2, func(h float64) float64 { return math.Pow(-1, math.Log2(h)) }},
		{"differences grow", math.Inf(1), func(h float64) float64 { return math.Pow(h, -0.3) }},
		{"slower than order 0.5", 2, func(h float64) float64 { return 2 * math.Pow(h, 0.2) }},
		{"faster than order 4.5", 1e-8, func(h float64) float64 { return math.Pow(h, 8) * 1e-8 }},
	} {
		f := analysed(levels(8, 4, 2, 1), c.f)
		if !strings.Contains(f.Note, c.note) || f.LimitError < c.least || f.Order != 2 {
			t.Errorf("%v: %q, limit ± %v by order %v, want %q and an error of at least %v", f.Values, f.Note, f.LimitError, f.Order, c.note, c.least)
		}
	}
	if f := analysed(levels(2, 1), func(h float64) float64 { return h }); !strings.Contains(f.Note, "two meshes") || f.Error < 1 {
		t.Errorf("two meshes: %q ± %v", f.Note, f.Error)
	}
	if f := analysed(levels(4, 2, 1), func(h float64) float64 { return math.Exp(-100 / h) }); f.Note != "exact to rounding" {
		t.Errorf("%v: %q, want exact to rounding", f.Values, f.Note)
	}
}

const line = `
[[axis]]
name = "x"
range = [-2, 2]
cells = 40
faces = [-1.3]
[process]
drift = { x = "-x" }
diffusion = 0.1
`

func TestLadderEndsWhereAxesAreTooShort(t *testing.T) {
	widths := func(c *Convergence) (cells []int) {
		for _, l := range c.Levels {
			cells = append(cells, l.Cells[0])
		}
		return cells
	}
	if c := ladder(t, Ladder{}, line); !slices.Equal(widths(c), []int{10, 20, 40}) || !strings.Contains(strings.Join(c.Warnings, "\n"), "after 3 of 4") {
		t.Errorf("cells %v, %q", widths(c), c.Warnings)
	}
	if c := ladder(t, Ladder{Finer: true, Levels: 3}, line); !slices.Equal(widths(c), []int{40, 80, 160}) || c.Levels[0].H != 4 {
		t.Errorf("finer: %v", c.Levels)
	}
	short, err := cases.Parse("test.toml", []byte(line), nil, "axis.x.cells=12")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Converge(context.Background(), short, Ladder{}); err == nil || !strings.Contains(err.Error(), "fewer than 8") {
		t.Errorf("12 cells: %v", err)
	}
}

func TestErrorsAreThoseOfTheSolve(t *testing.T) {
	c, err := cases.FromGallery("collapse", "zeta=2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Converge(context.Background(), c, Ladder{}); !errors.Is(err, cases.ErrNoLaw) || !strings.Contains(err.Error(), "cells: ") {
		t.Errorf("got %v, want no law on a mesh that is named", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Converge(ctx, c, Ladder{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
}

func TestDirectoryIsReplacedWhole(t *testing.T) {
	c := ladder(t, Ladder{}, "doublewell")
	dir := filepath.Join(t.TempDir(), "sub", "d")
	for range 2 {
		if err := c.Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	if beside, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(beside) != 1 {
		t.Errorf("left %v (%v)", beside, err)
	}
	for _, name := range []string{"case.toml", "converge-evolve.png"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Schema   int
		Converge struct {
			Levels  []struct{ Cells []int }
			Figures map[string]struct {
				Values, Orders []float64
				Limit, Error   float64
			}
		}
	}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	f, want := read.Converge.Figures["evolve.mean.x"], c.figure(t, "evolve.mean.x")
	if read.Schema != 1 || len(read.Converge.Levels) != 4 || !slices.Equal(f.Values, want.Values) || len(f.Orders) != 2 || f.Limit != want.Limit || f.Error != want.Error {
		t.Errorf("read %+v, want %+v", f, want)
	}
	if err := os.WriteFile(filepath.Join(dir, "summary.json"), []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := c.Write(dir); err == nil {
		t.Error("replaced what is no run directory")
	}
}

// The law of what has not left a well, and its rate, are of second order.
func TestWhatHasNotLeftIsComparedAsWell(t *testing.T) {
	const well = `
[[axis]]
name = "x"
range = [-3, 0]
boundary = ["reflecting", "absorbing"]
cells = 160
[process]
drift = { x = "x - x^3" }
diffusion = 0.1
[quasistationary]
`
	c := ladder(t, Ladder{}, well)
	for _, name := range []string{"escape_rate", "mean.x"} {
		if f := c.figure(t, "quasistationary."+name); math.Abs(f.Order-2) > .05 || f.Note != "" {
			t.Errorf("%s %v: order %v, %q, want 2", name, f.Values, f.Order, f.Note)
		}
	}
	for in, text := range map[string]string{"order": well, "time": well} {
		parsed, err := cases.Parse("test.toml", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Converge(context.Background(), parsed, Ladder{In: in}); err == nil {
			t.Errorf("in %s: no error where nothing differs", in)
		}
	}
}

// A chain makes its steps: it has no tolerance in time, and one scheme.
func TestChainsHaveNoLadderInTimeAndOrder(t *testing.T) {
	for _, in := range []string{"time", "order"} {
		c, err := cases.FromGallery("quartic")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Converge(context.Background(), c, Ladder{In: in}); err == nil || !strings.Contains(err.Error(), `found "chain"`) {
			t.Errorf("in %s: %v, want the chain refused", in, err)
		}
	}
}

// Waves take five cells: the ladder ends there.
func TestLadderEndsWhereAnOrderDoes(t *testing.T) {
	if c := ladder(t, Ladder{}, "whirl", "axis.x.cells=24", "axis.y.cells=24"); len(c.Levels) != 3 || !strings.Contains(strings.Join(c.Warnings, "\n"), "fewer than 5") {
		t.Errorf("%d levels, %q", len(c.Levels), c.Warnings)
	}
}
