package validate_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"

	"fokker/cases"
	"fokker/grid"
	"fokker/validate"
)

// fromLaw draws samples of a law, uniform in its cells, as a file.
func fromLaw(g *grid.Grid, masses []float64, n int, seed uint64) io.Reader {
	upTo, sum := make([]float64, len(masses)), 0.0
	for i, m := range masses {
		sum += m
		upTo[i] = sum
	}
	r, rows := rand.New(rand.NewPCG(seed, 2)), make([][]float64, n)
	at := make([]int, g.Dim())
	for i := range rows {
		g.Locate(at, sort.SearchFloat64s(upTo, sum*(1-r.Float64())))
		for k := range at {
			rows[i] = append(rows[i], g.Axis(k).Edges[at[k]]+r.Float64()*g.Widths(k)[at[k]])
		}
	}
	return bytes.NewReader(array("<f8", false, []int{n, g.Dim()}, func(i []int) float64 { return rows[i[0]][i[1]] }))
}

// multiplicative has a law by x² that depends on how its noise is read.
const multiplicative = `
[[axis]]
name = "x"
range = [-8, 8]
cells = 320
[process]
drift = { x = "-x" }
noise = "sqrt(0.4 + 0.2*x^2)"
calculus = "ito"
[stationary]
`

// halfway is Brownian motion beside a wall.
const halfway = `
[[axis]]
name = "x"
range = [0, 4]
cells = 200
boundary = "reflecting"
[process]
diffusion = 0.5
[initial]
point = { x = 1 }
[evolve]
times = [0.5]
`

// read parses a case, of the gallery if it is a name.
func read(t *testing.T, text string, overrides ...string) *cases.Case {
	t.Helper()
	var c *cases.Case
	var err error
	if strings.Contains(text, "\n") {
		c, err = cases.Parse("case.toml", []byte(text), cases.Beside("."), overrides...)
	} else {
		c, err = cases.FromGallery(text, overrides...)
	}
	if err != nil {
		t.Fatal(err)
	}
	if c.Problem.Stationary != nil {
		c.Problem.Evolve = nil
	}
	return c
}

// law returns the masses of a case and the times of samples.
func lawOfCase(t *testing.T, c *cases.Case) (*cases.Result, []float64, []float64) {
	t.Helper()
	r, err := c.Run(context.Background(), cases.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Stationary != nil {
		return r, r.Stationary.Masses, nil
	}
	return r, r.Evolve.Masses[0], r.Evolve.Times
}

// A hundred thousand samples of a process that is wrong by little are rejected, and
// those of the right one are not; what is recognised is said.
func TestPower(t *testing.T) {
	p2, well := []string{"axis.*.cells=96"}, []string{"axis.x.cells=200"}
	for _, c := range []struct {
		name, text string
		base       []string
		wrong      []string // overrides; nil: none
		words      string
	}{
		{"right", "p2", p2, []string{}, ""},
		{"D off by 3 %", "p2", p2, []string{"process.diffusion.x=1.03*0.1*(1 + 0.25*x^2/(1 + x^2))", "process.diffusion.y=1.03*0.05*(1 + 0.5*exp(-y^2))"}, "times the diffusion, would deviate so"},
		{"drift off by 3 %", "p2", p2, []string{"process.drift.x=1.03*(x - x^3 - y/2)", "process.drift.y=1.03*(-y + (x^3 - x)/2 + 0.3*sin(x))"}, "with 0.97 times the diffusion, would deviate so"},
		{"temperature off by 3 %", "doublewell", well, []string{"T=0.103"}, "with 1.03 times the diffusion, would deviate so"},
		{"D for σ²", "doublewell", well, []string{"T=0.2"}, "with twice the diffusion"},
		{"σ²/2 for σ²", "p2", p2, []string{"process.diffusion.x=0.05*(1 + 0.25*x^2/(1 + x^2))", "process.diffusion.y=0.025*(1 + 0.5*exp(-y^2))"}, "with half the diffusion"},
		{"Stratonovich for Itô", multiplicative, nil, []string{"process.calculus=stratonovich"}, "read in the sense of Stratonovich"},
		{"Itô for Stratonovich", multiplicative, []string{"process.calculus=stratonovich"}, []string{"process.calculus=ito"}, "in the sense of Itô where Stratonovich is meant"},
		{"absorbing for reflecting", halfway, nil, []string{"axis.x.boundary=absorbing"}, ""},
	} {
		right := read(t, c.text, c.base...)
		result, _, times := lawOfCase(t, right)
		_, masses, _ := lawOfCase(t, read(t, c.text, append(c.base, c.wrong...)...))
		v, err := validate.VerifySamples(context.Background(), right, result, validate.Samples{Name: c.name, Reader: fromLaw(result.Grid, masses, 100_000, 1), Times: times}, validate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if pass := len(c.wrong) == 0; v.Pass != pass {
			t.Errorf("%s: pass %v, want %v: %+v", c.name, v.Pass, pass, v.Tests)
		}
		if said := strings.Join(v.Words, "; "); !strings.Contains(said, c.words) || c.words == "" && said != "" {
			t.Errorf("%s: said %q, want %q", c.name, said, c.words)
		}
	}
}

// One in a hundred samples in the wrong well, or in none, and steps too long.
func TestPowerOfPathsAndWells(t *testing.T) {
	c := read(t, "doublewell", "axis.x.cells=200")
	r, masses, _ := lawOfCase(t, c)
	moved, right := append([]float64(nil), masses...), append([]float64(nil), masses...)
	for i := range moved {
		if r.Grid.Centers(0)[i] > 0 {
			moved[i] *= 1.02
		} else {
			moved[i], right[i] = moved[i]*0.98, 0
		}
	}
	verdict := func(c *cases.Case, r *cases.Result, s io.Reader) *validate.Verdict {
		v, err := validate.VerifySamples(context.Background(), c, r, validate.Samples{Name: "samples", Reader: s}, validate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := verdict(c, r, fromLaw(r.Grid, moved, 100_000, 2)); v.Pass {
		t.Errorf("1 %% of the mass in the wrong well passed: %+v", v.Tests)
	}
	v := verdict(c, r, fromLaw(r.Grid, right, 100_000, 3))
	if said := strings.Join(v.Words, "; "); v.Pass || !strings.Contains(said, "50 % of its mass, around x = -0.8") || !strings.Contains(said, "a well may have been missed") {
		t.Errorf("one well: pass %v, said %q", v.Pass, said)
	}

	c = read(t, "p2", "axis.*.cells=96")
	r, _, _ = lawOfCase(t, c)
	p := plane(100_000, 0.1, 4) // the process of p2
	p.Axes = r.Grid.Axes()
	e := run(t, p, 12)[0]
	file := array("<f8", true, []int{100_000, 2}, func(i []int) float64 { return e.X[i[1]][i[0]] })
	v = verdict(c, r, bytes.NewReader(file))
	if v.Pass {
		t.Errorf("Euler's steps of 0.1 passed: %+v", v.Tests)
	}
	var step float64
	if n, _ := fmt.Sscanf(strings.Join(v.Words, "; "), "stationary: samples of Euler's steps of about %g, would deviate so", &step); n != 1 || math.Abs(step-0.1) > 0.02 || strings.Contains(strings.Join(v.Words, "; "), "diffusion") {
		t.Errorf("Euler's steps of 0.1: said %q", v.Words)
	}
}
