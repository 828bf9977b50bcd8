package cases

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

	"fokker/grid"
)

func run1(t *testing.T, text string, overrides ...string) *Result {
	t.Helper()
	r, err := read(t, text, overrides...).Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// values of the observable a of a case on its cells.
func values(t *testing.T, text, a string, at float64) (*grid.Grid, []float64) {
	t.Helper()
	p := read(t, text+"[process]\ndiffusion = 1\n[observables]\na = "+quoteText(a)+"\n").Problem
	g, err := p.Grid()
	if err != nil {
		t.Fatal(err)
	}
	phi, err := p.Observables[0].OnCells(g, at)
	if err != nil {
		t.Fatal(err)
	}
	return g, phi
}

func TestComparisonsInOneAxisCountFractionsOfCells(t *testing.T) {
	box := axis("x", "range = [-1, 2]\ncells = 7\nspacing = \"sinh\"") + axis("y", "range = [0, 1]\ncells = 2")
	for source, ends := range map[string][2]float64{
		"x > 0.3":                  {.3, 2},
		"0.3 >= x":                 {-1, .3},
		"0.1 < x < 0.7":            {.1, .7},
		"-0.5 < 2*x - 1 and x < 1": {.25, 1},
		"x > 5":                    {5, 2},
		"x < 5":                    {-1, 2},
	} {
		g, phi := values(t, box, source, 0)
		e := g.Axis(0).Edges
		for i, v := range phi {
			a := g.Along(0, i)
			near(t, source, v, max(0, min(e[a+1], ends[1])-max(e[a], ends[0]))/(e[a+1]-e[a]), 1e-15)
		}
	}
}

func TestOtherComparisonsCountEightPointsAnAxis(t *testing.T) {
	box := axis("x", "range = [0, 2]\ncells = 2") + axis("y", "range = [0, 1]\ncells = 1")
	_, phi := values(t, box, "x + y > 1", 0)
	// of 64 points ((i + ½)/8, (j + ½)/8) those with i + j ≥ 8, in the second cell all
	near(t, "fraction", phi[0], 28./64, 0)
	near(t, "fraction", phi[1], 1, 0)
	_, phi = values(t, box, "x^2 < 0.25", 0)
	near(t, "fraction", phi[0], .5, 0)
	_, phi = values(t, box, "(x > 0.5)*3", 0) // no comparison: at the centre
	near(t, "value", phi[0], 0, 0)
	_, phi = values(t, box, "x > t", 0.5)
	near(t, "fraction in time", phi[0], .5, 0)
}

func TestObservablesFollowTime(t *testing.T) {
	r := run1(t, line+"[process]\ndiffusion = 0\ndrift = { x = 0 }\n[initial]\npoint = { x = 0.5 }\n[evolve]\ntimes = [0, 1, 3]\n[observables]\na = \"t*x\"\nb = \"x + 1\"\n")
	for i, at := range r.Evolve.Times {
		near(t, "E tx", r.Evolve.Observables["a"][i], at/2, 1e-15)
		near(t, "E x + 1", r.Evolve.Observables["b"][i], 1.5, 1e-15)
	}
}

func TestObservablesWithoutAValueNameExpressionAndPoint(t *testing.T) {
	_, err := read(t, line+"[process]\ndiffusion = 1\n[observables]\na = \"log(x)\"\n").Run(context.Background(), Options{})
	var m *Mistake
	if !errors.As(err, &m) {
		t.Fatalf("%v, want a mistake", err)
	}
	if m.File != "case.toml" || m.Line != 9 || m.Key != "observables.a" || !strings.Contains(m.Found, "log(x) is NaN, x = -3.5") || m.Expected == "" {
		t.Errorf("%v, want file, line, key, expression and point", m)
	}
}

func TestCircularMeanTurnsWithTheAxis(t *testing.T) {
	box := axis("x", "range = [1, 5]\ncells = 64\nboundary = \"periodic\"") + "[process]\ndiffusion = 1\n[initial]\nmean = { x = MEAN }\nstd = { x = 0.2 }\n[evolve]\ntimes = [0]\n"
	for _, mean := range []float64{2.5, 4.99, 1.01, 5.5} {
		e := run1(t, strings.Replace(box, "MEAN", literalOf(mean), 1)).Evolve
		want := mean
		if want > 5 {
			want -= 4
		}
		near(t, "circular mean", e.CircularMean["x"][0], want, 1e-12)
	}
	if e := run1(t, line+"[process]\ndiffusion = 1\n[initial]\nuniform = true\n[evolve]\ntimes = [0]\n").Evolve; e.CircularMean != nil {
		t.Error("an axis with walls has a circular mean")
	}
}

func TestMomentsOfAUniformLaw(t *testing.T) {
	r := run1(t, axis("x", "range = [0, 2]\ncells = 100")+axis("y", "range = [-1, 3]\ncells = 10\nspacing = \"sinh\"")+"[process]\ndiffusion = 1\n[initial]\nuniform = true\n[evolve]\ntimes = [0]\n")
	e := r.Evolve
	const h = .02
	near(t, "E x", e.Mean["x"][0], 1, 1e-14)
	near(t, "variance", e.Covariance["x,x"][0], 1./3-h*h/12, 1e-14)
	near(t, "covariance", e.Covariance["x,y"][0], 0, 1e-14)
	near(t, "entropy", e.Entropy[0], math.Log(8), 1e-13)
	for k, want := range []float64{1, 1, 4./3 - h*h/12} {
		near(t, "raw moment", e.RawMoments["x"][0][k], want, 1e-13)
	}
	wy := r.Grid.Widths(1)
	ends := (wy[0] + wy[9]) / 4
	near(t, "wall mass", e.WallMass[0], .02+ends-.02*ends, 1e-14)
	if _, lower := e.Covariance["y,x"]; lower {
		t.Error("covariance has keys below its diagonal")
	}
	around := run1(t, axis("x", "range = [0, 2]\ncells = 100\nboundary = \"periodic\"")+"[process]\ndiffusion = 1\n")
	near(t, "wall mass on a circle", around.Stationary.WallMass, 0, 0)
}

func TestFreeEnergyIsMinusTLogZ(t *testing.T) {
	r := run1(t, axis("x", "range = [-6, 6]\ncells = 400")+"[process]\npotential = \"x^2/2\"\ntemperature = 0.5\n")
	near(t, "F", *r.Stationary.FreeEnergy, -.5*math.Log(math.Sqrt(math.Pi)), 1e-12) // ∫e^(−x²) by the midpoint rule
	if r := run1(t, line+"[process]\ndiffusion = 1\n"); r.Stationary.FreeEnergy != nil {
		t.Error("a process without a temperature has a free energy")
	}
}

func TestARunCanBeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := read(t, line+"[process]\ndiffusion = 1\n").Run(ctx, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	c, err := FromGallery("gyrator")
	if err != nil {
		t.Fatal(err)
	}
	phases := map[string]bool{}
	_, err = c.Run(ctx, Options{Progress: func(phase string, done float64) {
		phases[phase] = true
		if phase == "stationary" {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || !phases["assemble"] {
		t.Errorf("%v after %v, want that it was cancelled", err, phases)
	}
}

const divided = `
[[axis]]
name = "x"
range = [-2, 2]
cells = 200
faces = [0]
[process]
drift = { x = "x*(1 - x^2)" }
noise = "0.5*x"
`

func TestSeveralClosedClassesHaveTheirProbabilities(t *testing.T) {
	_, err := read(t, divided).Run(context.Background(), Options{})
	var m *Mistake
	if !errors.As(err, &m) || m.File != "case.toml" || !strings.Contains(m.Error(), "2 closed classes") || !strings.Contains(m.Expected, "[initial]") {
		t.Errorf("%v, want that [initial] decides", err)
	}
	s := run1(t, divided+"[initial]\ndensity = \"-1 < x < 0.5\"\n[observables]\nleft = \"x < 0\"\n").Stationary
	if len(s.Classes) != 2 {
		t.Fatalf("%d classes, want 2", len(s.Classes))
	}
	for i, want := range []float64{2. / 3, 1. / 3} {
		c := s.Classes[i]
		near(t, "probability", c.Probability, want, 1e-12)
		near(t, "mass", c.Mass, want, 1e-12)
		if c.Cells != 100 || (c.Mean["x"] > 0) != (i == 1) {
			t.Errorf("class %d: %d cells around %v", i, c.Cells, c.Mean["x"])
		}
	}
	near(t, "P(x < 0)", s.Observables["left"], 2./3, 1e-12)
	near(t, "mean", s.Mean["x"], s.Classes[0].Mean["x"]*2/3+s.Classes[1].Mean["x"]/3, 1e-12)
}

func TestFacesAreClosedOnlyWhereNothingCrosses(t *testing.T) {
	for process, closed := range map[string]bool{
		"noise = \"x\"\n":                                             true,
		"noise = \"x\"\ndrift = { x = \"-x\" }\n":                     true,
		"noise = \"x\"\ndrift = { x = \"1 - x\" }\n":                  false,
		"noise = \"x + 1e-3\"\n":                                      false,
		"noise = \"sin(1e8*3.141592653589793*(x + 0))\"\n":            true,
		"noise = \"x\"\ndrift = { x = \"t - 0.5\" }\n#":               false,
		"noise = \"x\"\ndrift = { x = \"x*sin(t)\" }\n":               true,
		"noise = \"x\"\ndrift = { x = \"sin(6.283185307179586*t)\" }": false,
	} {
		p := read(t, axis("x", "range = [-2, 2]\ncells = 40\nfaces = [0]")+"[process]\n"+process+"\n[initial]\nuniform = true\n[evolve]\nuntil = 1\n").Problem
		g, err := p.Grid()
		if err != nil {
			t.Fatal(err)
		}
		if got := g.Shut(0, 20); got != closed {
			t.Errorf("%s: closed %v, want %v", process, got, closed)
		}
	}
}

// Whether anything crosses a face is decided by numbers on it.
func TestFacesNeedNumbers(t *testing.T) {
	p := read(t, axis("x", "range = [-2, 2]\ncells = 40\nfaces = [0]")+"[process]\ndrift = { x = \"sin(x)^2/x\" }\nnoise = \"x\"\n[initial]\nuniform = true\n[evolve]\nuntil = 1\n").Problem
	_, err := p.Grid()
	var m *Mistake
	if !errors.As(err, &m) || !strings.Contains(m.Error(), "face x = 0") {
		t.Errorf("%v, want a mistake that names the face", err)
	}
}

func TestLossEverywhereIsNoStationaryLaw(t *testing.T) {
	for _, text := range []string{
		axis("x", "range = [-2, 2]\ncells = 40\nboundary = \"absorbing\"") + "[process]\ndiffusion = 1\n",
		line + "[process]\ndiffusion = 1\nkilling = 1\n",
	} {
		_, err := read(t, text).Run(context.Background(), Options{})
		var m *Mistake
		if !errors.As(err, &m) || m.File != "case.toml" || m.Key != "stationary" || !strings.Contains(m.Hint, "[quasistationary]") || errors.Is(err, ErrNoLaw) {
			t.Errorf("%v, want a mistake with a hint", err)
		}
	}
}

func TestOnlyCollapseIsNoLaw(t *testing.T) {
	wide := axis("x", "range = [-2, 2]\ncells = 101")
	for name, c := range map[string]struct {
		text string
		law  bool
	}{
		"no noise":             {wide + "[process]\ndrift = { x = \"-x\" }\n", false},
		"noise that vanishes":  {wide + "[process]\ndrift = { x = \"-x\" }\nnoise = \"x\"\n", false},
		"narrower than a cell": {wide + "[process]\npotential = \"x^2/2\"\ntemperature = 1e-6\n", true},
		"narrow, by drift":     {wide + "[process]\ndrift = { x = \"-x\" }\ndiffusion = 1e-6\n", true},
		"as wide as a cell":    {wide + "[process]\npotential = \"x^2/2\"\ntemperature = 1e-3\n", true},
		"few cells":            {line + "[process]\npotential = \"x^2/2\"\ntemperature = 1e-3\n", true},
		"log towards 0":        {axis("x", "range = [1e-9, 2]\ncells = 100\nspacing = \"log\"") + "[process]\ndrift = { x = \"-x\" }\nnoise = \"x\"\n", false},
		"log away from 0":      {axis("x", "range = [-2, -1e-9]\ncells = 100\nspacing = \"log\"") + "[process]\ndrift = { x = \"-x - 1\" }\nnoise = \"x\"\n", true},
		"log towards 0, below": {axis("x", "range = [-2, -1e-9]\ncells = 100\nspacing = \"log\"") + "[process]\ndrift = { x = \"-x\" }\nnoise = \"x\"\n", false},
		"in a plane":           {axis("x", "range = [-1, 1]\ncells = 33") + axis("y", "range = [-1, 1]\ncells = 33") + "[process]\ndrift = { x = \"-x\", y = \"-y\" }\nnoise = { x = \"x\", y = \"y\" }\n", false},
	} {
		r, err := read(t, c.text).Run(context.Background(), Options{})
		switch {
		case c.law && err != nil:
			t.Errorf("%s: %v, want a law", name, err)
		case !c.law && !errors.Is(err, ErrNoLaw):
			t.Errorf("%s: %v, want that there is no law", name, err)
		case c.law && strings.HasPrefix(name, "narrow") && len(r.Warnings) == 0:
			t.Errorf("%s: no warning that the mesh does not resolve it", name)
		}
	}
}

func TestARunBeyondMemoryIsRefusedBeforeItBegins(t *testing.T) {
	big := axis("x", "range = [-2, 2]\ncells = 30000") + axis("y", "range = [-2, 2]\ncells = 30000") + "[process]\ndiffusion = 1\n[numerics]\nmemory_limit = 1e9\n"
	asked := false
	_, err := read(t, big).Run(context.Background(), Options{Progress: func(string, float64) { asked = true }})
	var m *Mistake
	if !errors.As(err, &m) || asked || m.File != "case.toml" || !strings.Contains(m.Hint, "memory_limit") || !strings.Contains(m.Expected, "1 GB") {
		t.Errorf("%v, want a refusal before anything is assembled", err)
	}
	many := line + "[process]\ndiffusion = 1\n[validate]\nparticles = 1e12\n[numerics]\nmemory_limit = 1e9\n"
	if _, err = read(t, many).Run(context.Background(), Options{}); !errors.As(err, &m) || m.Key != "validate.particles" || !strings.Contains(m.Found, "1000000000000") {
		t.Errorf("%v, want a refusal of so many particles", err)
	}
	if free := availableMemory(); !(free > 0) {
		t.Errorf("available memory %v on a system that tells it", free)
	}
	if run1(t, line+"[process]\ndiffusion = 1\n[numerics]\nmemory_limit = 1e6\n").Stationary == nil {
		t.Error("a small run was refused")
	}
}

func TestMethodsAreThoseOfTheSolvers(t *testing.T) {
	for _, method := range []string{"gth", "multigrid"} {
		if s := run1(t, plane+"[process]\npotential = \"x^2/2\"\ntemperature = 1\n[stationary]\nmethod = \""+method+"\"\n").Stationary; !strings.HasPrefix(s.Method, method) {
			t.Errorf("method %q, want %q", s.Method, method)
		}
	}
	if e := run1(t, plane+"[process]\ndiffusion = 1\n[initial]\nuniform = true\n[evolve]\ntimes = [0, 1, 1e8]\nmethod = \"contour\"\n").Evolve; e.Method != "contour" || len(e.Min) != 3 {
		t.Errorf("method %q with minima %v, want \"contour\" with three", e.Method, e.Min)
	}
	for _, task := range []string{"[stationary]\nmethod = \"none\"\n", "[initial]\nuniform = true\n[evolve]\nuntil = 1\nmethod = \"none\"\n"} {
		_, err := read(t, line+"[process]\ndiffusion = 1\n"+task).Run(context.Background(), Options{})
		if err == nil || !strings.Contains(err.Error(), `method "none"`) || !strings.Contains(err.Error(), "expected") {
			t.Errorf("%v, want that there is no such method", err)
		}
	}
}

// The names of summary.json, as far as what they name exists.
func TestSummaryHasTheNamesOfTheContract(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	r := run1(t, axis("x", "range = [-6, 6]\ncells = 24\nboundary = \"periodic\"")+axis("y", "range = [-6, 6]\ncells = 24")+"[process]\npotential = \"cos(x) + y^2/2\"\ntemperature = 1\n[initial]\nuniform = true\n[stationary]\n[evolve]\ntimes = [0, 1]\n[observables]\nenergy = \"y^2\"\n")
	if err := r.Write(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for path, names := range map[string]string{
		"":                      "schema case version cells stationary evolve",
		"stationary":            "method residual iterations work_units seconds mass min wall_mass mean covariance raw_moments entropy observables classes circular_mean free_energy",
		"evolve":                "method steps rejected work_units seconds times mass min lost mean covariance raw_moments entropy observables circular_mean free_energy",
		"stationary.covariance": "x,x x,y y,y",
		"evolve.covariance":     "x,x x,y y,y",
		"stationary.mean":       "x y",
	} {
		table := got
		for _, key := range strings.FieldsFunc(path, func(c rune) bool { return c == '.' }) {
			table, _ = table[key].(map[string]any)
		}
		for _, name := range strings.Fields(names) {
			if _, ok := table[name]; !ok {
				t.Errorf("%s has no %q", path, name)
			}
		}
	}
	class := got["stationary"].(map[string]any)["classes"].([]any)[0].(map[string]any)
	for _, name := range []string{"probability", "mass", "cells", "mean"} {
		if _, ok := class[name]; !ok {
			t.Errorf("a class has no %q", name)
		}
	}
	if moments := got["evolve"].(map[string]any)["raw_moments"].(map[string]any)["y"].([]any); len(moments) != 2 || len(moments[0].([]any)) != 5 {
		t.Errorf("raw moments %v, want five at each of two times", moments)
	}
	if cells := got["cells"].([]any); !slices.Equal(cells, []any{24., 24.}) {
		t.Errorf("cells %v, want [24 24]", cells)
	}
	if _, modes := got["modes"]; modes {
		t.Error("an absent task is a key")
	}
}

// −T ln p is U where p itself is far below what a float64 holds, U/T = 8000 at the
// walls.
func TestTailsKeepTheirMeaning(t *testing.T) {
	const temperature = .0015
	r := run1(t, `
[[axis]]
name = "x"
range = [-5, 5]
cells = 51
[process]
potential = "x^2/2"
temperature = 0.0015
`)
	if len(r.Stationary.Logs) != 51 {
		t.Fatal("no logarithms of masses that a float64 does not hold")
	}
	for i, x := range r.Grid.Centers(0) {
		near(t, "ln p over its maximum", r.Stationary.Logs[i]-r.Stationary.Logs[25], -x*x/2/temperature, 1e-8)
	}
}
