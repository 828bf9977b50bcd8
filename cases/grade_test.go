package cases

import (
	"context"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"

	"fokker/grid"
)

// layered is an axis between walls, beside one of which is a layer of width 1/200.
const layered = "[[axis]]\nname = \"x\"\nrange = [0, 1]\nwalls = \"both\"\n"

// layer returns expectations under p ∝ exp(−200x − 10 cos 6x) by quadrature.
func layer() (mean func(f func(x float64) float64) float64) {
	mean, _ = quadrature(0, 1, func(x float64) float64 { return 200*x + 10*math.Cos(6*x) })
	return mean
}

// Where it takes several times fewer cells, an accuracy grades them: towards a wall
// where p ∝ x^(−1/4) (Feller 1951), in a layer, along the axis that has one. What is
// even stays so.
func TestAccuracyGradesCellsWhereThatPays(t *testing.T) {
	square := func(x float64) float64 { return x * x }
	x := layer()(func(x float64) float64 { return x })
	for _, c := range []struct {
		name, text string
		spaced     []string
		most       int // cells: a third at most of the even ones, which are 5 180 080, 6648 and 3016 × 144
		want       map[string]float64
	}{
		{"towards a wall", "[[axis]]\nname = \"x\"\nrange = [0.0, inf]\n[process]\ndrift = { x = \"1.5*(1 - x)\" }\nnoise = { x = \"2*sqrt(x)\" }\n[observables]\nlow = \"x < 0.4\"\n", []string{"graded"}, 1500,
			map[string]float64{"mean.x": 1, "observables.low": distuv.Gamma{Alpha: .75, Beta: .75}.CDF(.4)}},
		{"in a layer", layered + "[process]\ndrift = { x = \"-200 + 60*sin(6*x)\" }\ndiffusion = 1\n", []string{"graded"}, 2216,
			map[string]float64{"mean.x": x, "raw_moments.x.2": layer()(square)}},
		{"along one axis", layered + "[[axis]]\nname = \"y\"\n[process]\ndrift = { x = \"-200 + 60*sin(6*x)\", y = \"-y\" }\ndiffusion = 1\n[numerics]\norder = 2\n", []string{"graded", "uniform"}, 60000,
			map[string]float64{"mean.x": x, "covariance.y,y": 1}},
		{"nowhere", "[process]\ndrift = { x = \"-x\" }\ndiffusion = 1\n", []string{"uniform"}, 1000, map[string]float64{"covariance.x,x": 1}},
	} {
		accuracy := 1e-4
		if len(c.spaced) > 1 {
			accuracy = 1e-3
		}
		r, err := read(t, "accuracy = "+literalOf(accuracy)+"\n"+c.text).Run(context.Background(), Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var spaced []string
		for _, a := range r.of.Problem.Axes {
			spaced = append(spaced, a.Spaced)
		}
		if !slices.Equal(spaced, c.spaced) || r.Grid.Size() > c.most {
			t.Errorf("%s: %v cells that are %v, want at most %d that are %v", c.name, r.Cells, spaced, c.most, c.spaced)
		}
		known{name: c.name, rest: c.want}.check(t, r, accuracy)
	}
}

// On cells of stated widths errors fall with the second order (Scharfetter and Gummel
// 1969; Manteuffel and White 1986), which cells that are all alike lose where
// p ∝ x^(−1/4): E x² and entropy of Gamma(¾, scale 4/3).
func TestCellsOfStatedWidthsKeepTheOrder(t *testing.T) {
	const grading = "spacing = { at = [2e-6, 1.3e-4, 1.8e-3, 0.024, 0.39, 1.3, 7.4, 28], width = [4e-6, 1.3e-4, 9.6e-4, 0.007, 0.06, 0.14, 0.27, 1] }\n"
	at := func(spacing string, n int) *Result {
		return run1(t, interval(0, 28, n)+spacing+"[process]\ndrift = { x = \"1.5*(1 - x)\" }\nnoise = { x = \"2*sqrt(x)\" }\n")
	}
	order := func(spacing string, figure func(*Result) float64, want float64) float64 {
		return math.Log2(math.Abs(figure(at(spacing, 80))-want) / math.Abs(figure(at(spacing, 160))-want))
	}
	entropy := func(r *Result) float64 { return r.Stationary.Entropy }
	second := func(r *Result) float64 { return r.Stationary.RawMoments["x"][2] }
	if p := order(grading, entropy, .75-math.Log(.75)+math.Log(math.Gamma(.75))+.25*mathext.Digamma(.75)); p < 1.8 {
		t.Errorf("the entropy converges with order %v, want 2", p)
	}
	if p := order(grading, second, 1+1/.75); p < 1.8 {
		t.Errorf("E x² converges with order %v, want 2", p)
	}
	if p := order("", second, 1+1/.75); p > 1.2 {
		t.Errorf("on equal cells E x² converges with order %v, which grading would not raise", p)
	}
}

// A curvature like a power of the distance from a wall is continued to it, of which
// ∛c has a mean; that of an exponential stays.
func TestCurvatureIsContinuedToAWall(t *testing.T) {
	edges := make([]float64, 21)
	for i := range edges {
		edges[i] = 3 + float64(i)*.1
	}
	c := func(f func(x float64) float64) []float64 {
		out := make([]float64, 20)
		for i := 2; i < 20; i++ {
			out[i] = f(.1 * (float64(i) + .5))
		}
		return out
	}
	singular := c(func(x float64) float64 { return math.Pow(x, -2.25) })
	toWall(singular, edges)
	// ∛c = x^(−¾), of which the mean from 0 to h is 4 h^(−¾).
	near(t, "in the first cell", math.Cbrt(singular[0]), 4*math.Pow(.1, -.75), 1e-10)
	near(t, "in the second", singular[1], math.Pow(.15, -2.25), 1e-10)
	smooth := c(func(x float64) float64 { return math.Exp(-x) })
	smooth[1] = math.Exp(-.15)
	toWall(smooth, edges)
	near(t, "of an exponential", smooth[0], math.Exp(-.15), .05)
}

// Points of a profile come back in the case that is written.
func TestWidthsOfCellsAreWritten(t *testing.T) {
	a := AxisSpec{gradable: true}
	a.grade(grid.Profile{At: []float64{0, 1}, Width: []float64{.1, 1}})
	c := read(t, "accuracy = 1e-3\n"+fourLines)
	axes := slices.Clone(c.Problem.Axes)
	axes[0].Lo, axes[0].Hi, axes[0].Cells = -2, 2, 64
	axes[0].Spacing, axes[0].Spaced, axes[0].Widths = a.Spacing, a.Spaced, a.Widths
	again := read(t, string(c.on(axes, 0).TOML()))
	if got := again.Problem.Axes[0]; got.Spaced != "graded" || !slices.Equal(got.Widths.At, a.Widths.At) || !slices.Equal(got.Widths.Width, a.Widths.Width) {
		t.Errorf("%+v, want %+v", got, a.Widths)
	}
}
