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

const linearDrift = `
[[axis]]
name = "x"
range = [-3, 3]
cells = 96
[process]
drift = { x = "-x" }
diffusion = 1
`

// On a cut at ±L the Gaussian has the variance 1 − 2Lφ(L)/(2Φ(L) − 1): with cells
// that stay where they are the differences are those of L alone.
func TestBoxesShowTails(t *testing.T) {
	c := ladder(t, Ladder{In: "box"}, linearDrift)
	f := c.figure(t, "stationary.covariance.x,x")
	for k, l := range c.Levels {
		edge := 3 * (1 + float64(k)/4)
		if l.Ranges[0] != [2]float64{-edge, edge} || l.Cells[0] != 96+24*k || l.H != edge/3 {
			t.Errorf("level %d: %+v", k, l)
		}
		cut := 2 * edge * math.Exp(-edge*edge/2) / math.Sqrt(2*math.Pi) / math.Erf(edge/math.Sqrt2)
		if got := f.Limit + f.Values[k] - f.Values[len(c.Levels)-1]; k < 3 && math.Abs((f.Values[3]-f.Values[k])/cut-1) > 0.05 {
			t.Errorf("cut at %v: %v of the variance is missing, want %v (%v)", edge, f.Values[3]-f.Values[k], cut, got)
		}
	}
	// What the largest box cuts off is within the error, and that of the case is seen.
	if rest := 2 * 5.25 * math.Exp(-5.25*5.25/2) / math.Sqrt(2*math.Pi); f.LimitError < rest || f.LimitError > 1e-3 || c.Own != 0 || f.Errors[0] < 0.02 {
		t.Errorf("limit error %v, want at least %v; own error %v", f.LimitError, rest, f.Errors[0])
	}
}

// Walls that belong to the process stay; where all do there is no ladder.
func TestOnlyCutsMove(t *testing.T) {
	for _, wall := range []string{"boundary = [\"absorbing\", \"reflecting\"]", "walls = \"lower\""} {
		c := ladder(t, Ladder{In: "box", Levels: 2}, strings.Replace(linearDrift, "cells = 96", "cells = 96\n"+wall, 1)+"[initial]\nmean = { x = 0 }\nstd = { x = 0.5 }\n[evolve]\nuntil = 1\n")
		if r := c.Levels[1].Ranges[0]; r != [2]float64{-3, 3.75} || c.Levels[1].Cells[0] != 108 {
			t.Errorf("%s: %+v, want the upper wall alone to move", wall, c.Levels[1])
		}
	}
	periodic, err := cases.FromGallery("tilted")
	if err != nil {
		t.Fatal(err)
	}
	m := (*cases.Mistake)(nil)
	if _, err := Converge(context.Background(), periodic, Ladder{In: "box"}); !errors.As(err, &m) || m.Key != "axis" {
		t.Errorf("%v, want a mistake", err)
	}
}

// Errors fall with the tolerance, and stay below it times the scale of a figure
// (of the mean, its deviation: an L1 distance of 1 moves it by about that).
func TestTolerancesAreKept(t *testing.T) {
	c := ladder(t, Ladder{In: "time"}, linearDrift+"[initial]\nmean = { x = 1 }\nstd = { x = 0.5 }\n[evolve]\nuntil = 1\ntolerance = 1e-5\n")
	f := c.figure(t, "evolve.mean.x")
	for k, want := range []float64{1e-3, 1e-4, 1e-5, 1e-6} {
		if got := c.Levels[k].Tolerance; math.Abs(got/want-1) > 1e-12 || f.Errors[k] > want*f.scale {
			t.Errorf("tolerance %v: error %v, want less than %v", got, f.Errors[k], want*f.scale)
		}
	}
	if c.Own != 2 || c.Levels[2].Tolerance != 1e-5 || f.Errors[0] <= f.Errors[2] {
		t.Errorf("own level %d, errors %v", c.Own, f.Errors)
	}
}

// Moments by a pseudo-spectral method to eleven digits: each order holds them
// within its own error, 4 and spectral more closely than 2.
func TestOrdersStandSideBySide(t *testing.T) {
	c := ladder(t, Ladder{In: "order"}, "p2", "axis.*.cells=64")
	f := c.figure(t, "stationary.covariance.x,x")
	var off []float64
	for k, v := range f.Values {
		off = append(off, math.Abs(v-0.75479005852))
		if !(off[k] <= 3*f.Errors[k]) {
			t.Errorf("order %s: %v ± %v is off by %v", c.Levels[k].Label, v, f.Errors[k], off[k])
		}
	}
	if len(off) != 3 || off[1] > off[0]/3 || off[2] > off[0]/10 || c.Own != 0 {
		t.Errorf("off by %v", off)
	}
	kinky := ladder(t, Ladder{In: "order"}, strings.Replace(linearDrift, "-x", "-abs(x)*x", 1))
	if len(kinky.Levels) != 1 || len(kinky.Warnings) != 2 || !strings.Contains(kinky.Warnings[0], "abs") {
		t.Errorf("%d levels, warnings %q", len(kinky.Levels), kinky.Warnings)
	}
}

// What a geometric series leaves is its rest; what does not fall has no limit.
func TestRestsOfGeometricSeries(t *testing.T) {
	levels := make([]Level, 4)
	settled := func(f func(k float64) float64) *Figure {
		out := &Figure{scale: 1}
		for k := range levels {
			out.Values = append(out.Values, f(float64(k)))
		}
		out.settle(levels)
		return out
	}
	if f := settled(func(k float64) float64 { return 2 - math.Pow(0.25, k) }); math.Abs(f.LimitError-math.Pow(0.25, 3)) > 1e-12 || f.Limit != 2-math.Pow(0.25, 3) {
		t.Errorf("%+v, want the rest of the series", f)
	}
	if f := settled(func(k float64) float64 { return k }); !math.IsInf(f.LimitError, 1) || f.Note != "changes do not fall" {
		t.Errorf("%+v, want no limit", f)
	}
	if f := settled(func(float64) float64 { return 1 }); f.Note != "does not change" {
		t.Errorf("%+v, want no change", f)
	}
}

func TestLaddersAreWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	c := ladder(t, Ladder{In: "box", Levels: 3}, linearDrift)
	if err := c.Write(dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Converge struct {
			In     string
			Own    *int
			Levels []struct {
				Ranges [][2]float64
				H      float64
			}
			Figures map[string]struct{ Values, Errors []float64 }
		}
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	if v := s.Converge; v.In != "box" || v.Own == nil || *v.Own != 0 || len(v.Levels) != 3 || v.Levels[2].H != 1.5 || len(v.Figures["stationary.entropy"].Errors) != 3 {
		t.Errorf("%+v", v)
	}
	files, err := os.ReadDir(dir)
	if err != nil || !slices.ContainsFunc(files, func(f os.DirEntry) bool { return f.Name() == "converge-stationary.png" }) {
		t.Errorf("%v, %v; want a picture", files, err)
	}
}
