package cases

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"fokker/grid"
	"fokker/operators"
)

// files opens from memory.
func files(all map[string]string) Open {
	return func(name string) (io.ReadCloser, error) {
		text, ok := all[name]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return io.NopCloser(strings.NewReader(text)), nil
	}
}

// line is the shortest case with one axis, from −4 to 4.
const line = `
[[axis]]
name = "x"
range = [-4, 4]
cells = 8
`

const plane = line + `
[[axis]]
name = "y"
range = [-4, 4]
cells = 8
`

func read(t *testing.T, text string, overrides ...string) *Case {
	t.Helper()
	c, err := Parse("case.toml", []byte(text), files(nil), overrides...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// mistakes reads a case that is wrong.
func mistakes(t *testing.T, text string, overrides ...string) Mistakes {
	t.Helper()
	return mistakesWith(t, nil, text, overrides...)
}

func mistakesWith(t *testing.T, data map[string]string, text string, overrides ...string) Mistakes {
	t.Helper()
	_, err := Parse("case.toml", []byte(text), files(data), overrides...)
	var all Mistakes
	var one *Mistake
	switch {
	case errors.As(err, &all):
		return all
	case errors.As(err, &one):
		return Mistakes{one}
	}
	t.Fatalf("%q: error %v, want mistakes", text, err)
	return nil
}

func TestDefaultsAreThoseOfTheManual(t *testing.T) {
	c := read(t, line+`
[process]
drift = { x = "-x" }
diffusion = 1
[initial]
point = { x = 1 }
[stationary]
[evolve]
until = 2
`)
	p := c.Problem
	if a := p.Axes[0]; a.Ends != [2]grid.Boundary{} || a.Spaced != "uniform" {
		t.Errorf("axis %+v, want reflecting and uniform", a)
	}
	if p.Stationary.Tolerance != 1e-8 || p.Evolve.Tolerance != 1e-5 {
		t.Errorf("tolerances %v and %v, want 1e-8 and 1e-5", p.Stationary.Tolerance, p.Evolve.Tolerance)
	}
	if n := len(p.Evolve.Times); n != 51 || p.Evolve.Times[0] != 0 || p.Evolve.Times[50] != 2 {
		t.Errorf("times %v, want 51 from 0 to 2", p.Evolve.Times)
	}
	if c.Title != "case" || c.Name != "case" {
		t.Errorf("title %q and name %q, want that of the file", c.Title, c.Name)
	}
	for _, want := range []string{`boundary = "reflecting"`, `spacing = "uniform"`, `calculus = "ito"`, "outputs = 51", "tolerance = 1e-05", "tolerance = 1e-08"} {
		if !strings.Contains(string(c.TOML()), want) {
			t.Errorf("the case as run lacks %s:\n%s", want, c.TOML())
		}
	}
}

func TestWithoutATaskTheStationaryLawIsAskedFor(t *testing.T) {
	c := read(t, line+"[process]\ndiffusion = 1\n")
	if c.Problem.Stationary == nil || c.Problem.Evolve != nil {
		t.Error("want [stationary] only")
	}
	if !strings.Contains(string(c.TOML()), "[stationary]") {
		t.Error("the case as run does not show its task")
	}
}

// Every line is a wrong case: its text, then line, key and parts of the first
// mistake.
var wrongCases = []struct {
	name, text string
	line       int
	key        string
	parts      []string
}{
	{"broken TOML", "a = \n", 1, "", []string{"case.toml:1"}},
	{"key twice", "title = \"a\"\ntitle = \"b\"\n", 2, "", []string{"title"}},
	{"no axis", "[process]\ndiffusion = 1\n", 0, "axis", []string{"found no [[axis]]", "expected one [[axis]]"}},
	{"one bracket", "[axis]\nname = \"x\"\n[process]\ndiffusion = 1\n", 1, "axis", []string{"found a table", "tables [[axis]]", "hint: write [[axis]]"}},
	{"five axes", strings.Repeat(line, 5), 22, "axis", []string{"found 5 axes", "1 to 4"}},
	{"no process", line, 0, "", []string{"found neither [process] nor [sgd]"}},
	{"both", line + "[process]\ndiffusion = 1\n[sgd]\n", 8, "sgd", []string{"found beside [process]"}},
	{"no name", "[[axis]]\nrange = [0, 1]\ncells = 4\n", 1, "axis.0.name", []string{"missing", "the name of the state variable"}},
	{"no period", "\n[[axis]]\nname = \"x\"\nboundary = \"periodic\"\n", 2, "axis.x.range", []string{"needs its period", "[lower, upper]"}},
	{"half a period", "\n[[axis]]\nname = \"x\"\nrange = [0, inf]\nboundary = \"periodic\"\n", 4, "axis.x.range", []string{"needs its period"}},
	{"a wall nowhere", "\n[[axis]]\nname = \"x\"\nboundary = [\"absorbing\", \"reflecting\"]\n", 2, "axis.x.range", []string{"absorbing wall"}},
	{"faces nowhere", "\n[[axis]]\nname = \"x\"\nfaces = [0]\n", 2, "axis.x.range", []string{"faces"}},
	{"a logarithm from nowhere", "\n[[axis]]\nname = \"x\"\nspacing = \"log\"\n", 2, "axis.x.range", []string{"spacing depends on it"}},
	{"infinities the wrong way", "\n[[axis]]\nname = \"x\"\nrange = [inf, 1]\n", 4, "axis.x.range[0]", []string{"a finite number"}},
	{"an even law without ends", "\n[[axis]]\nname = \"x\"\n[process]\ndiffusion = 1\n[initial]\nuniform = true\n[evolve]\nuntil = 1\n", 6, "initial.uniform", []string{"left open", "`range`"}},
	{"no accuracy", "accuracy = 0\n" + line + "[process]\ndiffusion = 1\n", 1, "accuracy", []string{"found 0", "above 0"}},
	{"no accuracy at all", "accuracy = 1\n" + line + "[process]\ndiffusion = 1\n", 1, "accuracy", []string{"between 0 and 1"}},
	{"an accuracy below rounding", "accuracy = 1e-12\n" + line + "[process]\ndiffusion = 1\n", 1, "accuracy", []string{"found 1e-12", "at least 1e-10", "rounding"}},
	{"an accuracy in words", "accuracy = \"high\"\n" + line + "[process]\ndiffusion = 1\n", 1, "accuracy", []string{`unknown name "high"`}},
	{"an accuracy nothing measures", "accuracy = 1e-3\n" + line + "[process]\ndiffusion = 1\n[numerics]\nerrors = false\n", 10, "numerics.errors", []string{"which errors measure"}},
	{"range turned", "[[axis]]\nname = \"x\"\nrange = [1, 0]\ncells = 4\n", 3, "axis.x.range", []string{"found [1, 0]", "lower < upper"}},
	{"range of nan", "[[axis]]\nname = \"x\"\nrange = [nan, 0]\ncells = 4\n", 3, "axis.x.range[0]", []string{"NaN", "finite"}},
	{"range of one", "[[axis]]\nname = \"x\"\nrange = [1]\ncells = 4\n", 3, "axis.x.range", []string{"found [1]"}},
	{"range too narrow", "[[axis]]\nname = \"x\"\nrange = [1e16, 1.0000000000000004e16]\ncells = 100\n", 3, "axis.x.range", []string{"increasing"}},
	{"cells in words", "[[axis]]\nname = \"x\"\nrange = [0, 1]\ncells = \"many\"\n", 4, "axis.x.cells", []string{"many"}},
	{"half a cell", "[[axis]]\nname = \"x\"\nrange = [0, 1]\ncells = 3.5\n", 4, "axis.x.cells", []string{"found 3.5", "whole number of at least 1"}},
	{"cells beyond number", "[[axis]]\nname = \"x\"\nrange = [0, 1]\ncells = 1e18\n", 4, "axis.x.cells", []string{"whole number"}},
	{"two cells on a circle", "[[axis]]\nname = \"x\"\nrange = [0, 1]\ncells = 2\nboundary = \"periodic\"\n", 4, "axis.x.cells", []string{"at least 3"}},
	{"boundary misspelt", line + "boundary = \"reflectin\"\n", 6, "axis.x.boundary", []string{`"reflectin"`, `did you mean "reflecting"?`}},
	{"half periodic", line + "boundary = [\"periodic\", \"absorbing\"]\n", 6, "axis.x.boundary", []string{"periodic at one end"}},
	{"three ends", line + "boundary = [\"reflecting\", \"reflecting\", \"reflecting\"]\n", 6, "axis.x.boundary", []string{"a list of 3"}},
	{"log across 0", line + "spacing = \"log\"\n", 6, "axis.x.spacing", []string{"on one side of 0"}},
	{"spacing misspelt", line + "spacing = \"logg\"\n", 6, "axis.x.spacing", []string{`"uniform" or "log" or "sinh"`, `did you mean "log"?`}},
	{"spacing empty", line + "spacing = \"\"\n", 6, "axis.x.spacing", []string{`found ""`}},
	{"an empty grading", line + "spacing = {}\n", 6, "axis.x.spacing", []string{"neither { finest, ratio } nor { at, width }"}},
	{"two gradings", line + "spacing = { ratio = 2, at = [0], width = [1] }\n", 6, "axis.x.spacing", []string{"{ finest, ratio } and { at, width }", "one of them"}},
	{"graded key", line + "spacing = { finest = 0, ration = 3 }\n", 6, "axis.x.spacing.ration", []string{`did you mean "ratio"?`}},
	{"face outside", line + "faces = [9]\n", 6, "axis.x.faces", []string{"face at 9"}},
	{"faces too near", line + "faces = [0, 0.01]\n", 6, "axis.x.faces", []string{"too few"}},
	{"axis twice", line + line, 8, "axis.1.name", []string{`"x"`, "already"}},
	{"axis as parameter", "[parameters]\nx = 1\n" + line, 5, "axis.x.name", []string{`"x"`, "already a constant"}},
	{"axis called t", "[[axis]]\nname = \"t\"\nrange = [0, 1]\ncells = 4\n", 2, "axis.t.name", []string{`"t" is reserved`}},
	{"axis with a blank", "[[axis]]\nname = \"a b\"\nrange = [0, 1]\ncells = 4\n", 2, "axis.0.name", []string{`"a b"`, "letters, digits and _"}},
	{"parameter called density", "[parameters]\ndensity = 1\n", 2, "parameters.density", []string{"reserved"}},
	{"parameter of a later one", "[parameters]\na = \"b\"\nb = 1\n", 2, "parameters.a", []string{`"b"`}},
	{"parameter without value", "[parameters]\na = [1]\n", 2, "parameters.a", []string{"a list of 1", "a number or an expression in parameters"}},
	{"infinite parameter", "[parameters]\na = \"1/0\"\n", 2, "parameters.a", []string{"Inf"}},
	{"definition in a circle", line + "[define]\na = \"b\"\nb = \"a\"\n", 7, "define.a", []string{"cycle"}},
	{"definition reserved", line + "[define]\ntime = \"1\"\n", 7, "define.time", []string{"reserved"}},
	{"unknown name", line + "[process]\ndrift = { x = \"-y\" }\n", 7, "process.drift.x", []string{`"y"`}},
	{"unknown axis", line + "[process]\ndrift = { z = \"1\" }\n", 7, "process.drift.z", []string{`no axis is called "z"`, `did you mean "x"?`}},
	{"drift a text", line + "[process]\ndrift = \"-x\"\n", 7, "process.drift", []string{"the text", "expected a table", `hint: drift = { x = "-x" }`}},
	{"mean a number", plane + "[process]\ndiffusion = 1\n[initial]\nmean = 2\n", 14, "initial.mean", []string{"hint: mean = { x = 2, y = 2 }"}},
	{"unquoted", line + "[define]\nU = (x^2-1)^2/4\n", 7, "", []string{"hint: put expressions in quotes"}},
	{"unquoted in braces", line + "[process]\ndrift = { x = -x, y = \"=\" } # no\n", 7, "", []string{"hint: put expressions in quotes"}},
	{"unquoted in a list", "[[axis]]\nrange = [-L, 3]\n", 2, "", []string{"hint: put expressions in quotes"}},
	{"unquoted after a number", "[parameters]\nT = 2*k\n", 2, "", []string{"hint: put expressions in quotes"}},
	{"function of another language", line + "[process]\ndrift = { x = \"np.exp(x)\" }\n", 7, "process.drift.x", []string{"write exp(x)"}},
	{"mistake in a function", line + "[define]\n\"f(z)\" = \"z +\"\n[process]\ndrift = { x = \"f(x)\" }\n", 7, "define.f(z)", []string{`"z +": unexpected end`}},
	{"drift a date", line + "[process]\ndrift = { x = 2020-01-01 }\n", 7, "process.drift.x", []string{"expected a number or an expression"}},
	{"calculus misspelt", line + "[process]\ncalculus = \"stratonovitch\"\n", 7, "process.calculus", []string{`did you mean "stratonovich"?`}},
	{"calculus empty", line + "[process]\ncalculus = \"\"\n", 7, "process.calculus", []string{`found ""`}},
	{"two noises", line + "[process]\ndiffusion = 1\nnoise = 1\n", 8, "process.noise", []string{"found beside `diffusion`", "one of the two"}},
	{"mobility alone", line + "[process]\ndiffusion = 1\nmobility = 2\n", 8, "process.mobility", []string{"found without a potential"}},
	{"temperature alone", line + "[process]\ntemperature = 2\n", 7, "process.temperature", []string{"found without a potential"}},
	{"temperature and noise", line + "[process]\npotential = \"x^2\"\ntemperature = 2\nnoise = 1\n", 9, "process.noise", []string{"found beside `temperature`", "mobility × temperature"}},
	{"cold", line + "[process]\npotential = \"x^2\"\ntemperature = 0\n", 8, "process.temperature", []string{"found 0", "above 0"}},
	{"temperature of place", line + "[process]\npotential = \"x^2\"\ntemperature = \"1 + x^2\"\n", 8, "process.temperature", []string{"depends on x"}},
	{"temperature in Itô's sense", line + "[process]\npotential = \"x^2\"\ntemperature = 1\ncalculus = \"ito\"\n", 9, "process.calculus", []string{`"isothermal" or nothing`}},
	{"temperature of one axis", plane + "[process]\npotential = \"x^2\"\ntemperature = { x = 1 }\n", 13, "process.temperature", []string{`none for "y"`}},
	{"noise of three rows", plane + "[process]\nnoise = [[1], [2], [3]]\n", 12, "process.noise", []string{"found 3 rows", "2, one per axis"}},
	{"ragged noise", plane + "[process]\nnoise = [[1, 0], [2]]\n", 12, "process.noise[1]", []string{"equally many"}},
	{"a root that is not unique", plane + "[process]\ncalculus = \"stratonovich\"\ndiffusion = { x = 1, y = 1, \"x,y\" = 0.5 }\n", 13, "process.diffusion", []string{"root", "`noise`"}},
	{"entry twice", plane + "[process]\ndiffusion = { x = 1, \"x,x\" = 2 }\n", 12, "process.diffusion.x,x", []string{"given before"}},
	{"unknown key", line + "[process]\ndrft = { x = \"1\" }\n", 7, "process.drft", []string{"unknown key", `did you mean "drift"?`}},
	{"key at home elsewhere", line + "[process]\ndiffusion = 1\nuntil = 3\n", 8, "process.until", []string{"unknown key", `"until" belongs in [evolve]`}},
	{"key of an axis at the top", "cells = 3\n" + line, 1, "cells", []string{`"cells" belongs in [[axis]]`}},
	{"tables of the top below", line + "[process.numerics]\n", 6, "process.numerics", []string{"belongs in the top"}},
	{"far from any key", line + "[stationary]\nqqqqqqqq = 1\n", 7, "stationary.qqqqqqqq", []string{"known keys: method, tolerance"}},
	{"title a number", "title = 3\n" + line, 1, "title", []string{"the number 3", "a text in quotes"}},
	{"stationary a number", "stationary = 3\n" + line, 1, "stationary", []string{"the number 3", "expected a table"}},
	{"tolerance 0", line + "[process]\ndiffusion = 1\n[stationary]\ntolerance = 0\n", 9, "stationary.tolerance", []string{"above 0"}},
	{"no stationary law in time", line + "[process]\ndrift = { x = \"sin(t) - x\" }\ndiffusion = 1\n[stationary]\n", 9, "stationary", []string{"depend on t", "ask for [evolve]"}},
	{"evolve from nowhere", line + "[process]\ndiffusion = 1\n[evolve]\nuntil = 1\n", 8, "evolve", []string{"found no [initial]"}},
	{"evolve till when", line + "[process]\ndiffusion = 1\n[initial]\nuniform = true\n[evolve]\n", 10, "evolve", []string{"found 0 of `until`"}},
	{"steps without an optimiser", line + "[process]\ndiffusion = 1\n[initial]\nuniform = true\n[evolve]\nsteps = 3\n", 11, "evolve.steps", []string{"process without steps", "`until`"}},
	{"particles of nothing", line + "[process]\ndiffusion = 1\n[validate]\nparticles = 3\n", 9, "validate.particles", []string{"found 3", "at least 100"}},
	{"tested at no time", line + "[process]\ndiffusion = 1\n[validate]\nat = [1.0]\n", 9, "validate.at", []string{"found without [evolve]"}},
	{"tested after the end", line + "[process]\ndiffusion = 1\n[initial]\nuniform = true\n[evolve]\nuntil = 2\n[validate]\nat = [1.0, 3.0]\n", 13, "validate.at", []string{"found 3 at place 1", "up to 2"}},
	{"certainly wrong", line + "[process]\ndiffusion = 1\n[validate]\nlevel = 1\n", 9, "validate.level", []string{"found 1", "a probability"}},
	{"batches of nothing", line + "[process]\ndiffusion = 1\n[validate]\nsampling = \"epochs\"\n", 9, "validate.sampling", []string{"draw no examples"}},
	{"times go back", line + "[process]\ndiffusion = 1\n[initial]\nuniform = true\n[evolve]\ntimes = [0, 2, 1]\n", 11, "evolve.times", []string{"found 1 at place 2", "increase"}},
	{"times and outputs", line + "[process]\ndiffusion = 1\n[initial]\nuniform = true\n[evolve]\ntimes = [0, 2]\noutputs = 3\n", 12, "evolve.outputs", []string{"beside `times`"}},
	{"two starts", line + "[process]\ndiffusion = 1\n[initial]\nuniform = true\npoint = { x = 0 }\n", 8, "initial", []string{"found 2 of"}},
	{"no start", line + "[process]\ndiffusion = 1\n[initial]\n", 8, "initial", []string{"found 0 of"}},
	{"mean without spread", line + "[process]\ndiffusion = 1\n[initial]\nmean = { x = 0 }\n", 8, "initial", []string{"a mean needs a spread"}},
	{"spread without mean", line + "[process]\ndiffusion = 1\n[initial]\nuniform = true\nstd = { x = 0 }\n", 10, "initial.std", []string{"found without `mean`"}},
	{"spread 0", line + "[process]\ndiffusion = 1\n[initial]\nmean = { x = 0 }\nstd = { x = 0 }\n", 10, "initial.std.x", []string{"above 0"}},
	{"mean of one axis", plane + "[process]\ndiffusion = 1\n[initial]\nmean = { x = 0 }\nstd = { x = 1, y = 1 }\n", 14, "initial.mean", []string{`no value for axis "y"`}},
	{"covariance indefinite", plane + "[process]\ndiffusion = 1\n[initial]\nmean = { x = 0, y = 0 }\ncovariance = { \"x,x\" = 1, \"y,y\" = 1, \"x,y\" = 2 }\n", 15, "initial.covariance", []string{"not positive definite"}},
	{"point outside", line + "[process]\ndiffusion = 1\n[initial]\npoint = { x = 5 }\n", 9, "initial.point.x", []string{"found 5", "[-4, 4]"}},
	{"observable of nothing", line + "[process]\ndiffusion = 1\n[observables]\na = \"q\"\n", 9, "observables.a", []string{`"q"`}},
	{"observable with a blank", line + "[process]\ndiffusion = 1\n[observables]\n\"a b\" = \"x\"\n", 9, "observables.a b", []string{"letters, digits"}},
	{"std a number", line + "[process]\ndiffusion = 1\n[initial]\nmean = { x = 0 }\nstd = 0.3\n", 10, "initial.std", []string{"hint: std = { x = 0.3 }"}},
	{"too many workers", line + "[process]\ndiffusion = 1\n[numerics]\nworkers = 1e9\n", 9, "numerics.workers", []string{"at most 1024"}},
	{"a period of nothing", line + "[process]\ndrift = { x = \"sin(1e9*t)\" }\ndiffusion = 1\nperiod = \"2e-9*pi\"\n[initial]\nuniform = true\n[evolve]\nuntil = 1\n", 9, "process.period", []string{"of which 1.59e+08 pass", "means over a period"}},
	{"order 4 on few cells", strings.Replace(line, "cells = 8", "cells = 7", 1) + "[process]\ndiffusion = 1\n[numerics]\norder = 4.0\n", 9, "numerics.order", []string{"found 7 cells", "at least 8", "hint: more cells"}},
	{"walls of nothing", strings.Replace(line, "cells = 8", "walls = \"left\"", 1) + "[process]\ndiffusion = 1\n", 5, "axis.x.walls", []string{"lower"}},
	{"a wall left open", "\n[[axis]]\nname = \"x\"\nrange = [0.0, inf]\nwalls = \"both\"\n[process]\ndiffusion = 1\n", 5, "axis.x.walls", []string{"left open", "`range`"}},
	{"walls of a ring", line + "boundary = \"periodic\"\nwalls = \"both\"\n[process]\ndiffusion = 1\n", 7, "axis.x.walls", []string{"periodic"}},
	{"workers 0", line + "[process]\ndiffusion = 1\n[numerics]\nworkers = 0\n", 9, "numerics.workers", []string{"at least 1"}},
}

func TestEveryMistakeNamesItsPlaceAndTheWayOut(t *testing.T) {
	for _, c := range wrongCases {
		t.Run(c.name, func(t *testing.T) {
			first := mistakes(t, c.text)[0]
			for _, m := range mistakes(t, c.text) {
				if m.Key == c.key && m.Line == c.line {
					first = m
				}
			}
			text := first.Error()
			if first.File != "case.toml" || first.Line != c.line || first.Key != c.key {
				t.Errorf("%s:%d: %s, want case.toml:%d: %s (%s)", first.File, first.Line, first.Key, c.line, c.key, text)
			}
			for _, part := range c.parts {
				if !strings.Contains(text, part) {
					t.Errorf("%q does not say %q", text, part)
				}
			}
		})
	}
}

func TestASpreadOfAWrongKindIsOneMistake(t *testing.T) {
	if all := mistakes(t, line+"[process]\ndiffusion = 1\n[initial]\nmean = { x = 0 }\nstd = 0.3\n"); len(all) != 1 {
		t.Errorf("%v", all)
	}
}

// One mistake in a definition is one mistake, however often it is used.
func TestAMistakeInADefinitionIsReportedThere(t *testing.T) {
	all := mistakes(t, line+`
[define]
V = "2*U"
U = "(x^2 - 1"
[process]
drift = { x = "-diff(V, x)" }
diffusion = "U"
[observables]
energy = "U + V"
`)
	want := `case.toml:9: define.U: "(x^2 - 1": a closing ) is missing`
	if all.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", all, want)
	}
}

func TestOneMistakeHidesThoseThatFollowFromIt(t *testing.T) {
	process := "[process]\ndiffusion = 1\n[initial]\npoint = { x = 0 }\n[observables]\na = \"x\"\n"
	other := strings.ReplaceAll(plane, "[-4, 4]", "[1, 4]")
	for text, keys := range map[string][]string{
		process: {"axis"},
		"[axis]\nname = \"x\"\nrange = [-1, 1]\ncells = 8\n" + process:                                                        {"axis"},
		other + "[process]\ndiffusion = 1\n[evolve]\nuntil = 1\n[initial]\npoint = { x = 2, v = 2 }\n":                        {"initial.point.v"},
		other + "[process]\ndiffusion = 1\n[evolve]\nuntil = 1\n[initial]\nmean = { x = 2 }\nstd = { x = 2 }\n":               {"initial.mean", "initial.std"},
		other + "[process]\ndiffusion = 1\n[evolve]\nuntil = 1\n[initial]\nmean = { q = 2, y = 3 }\nstd = { x = 2, y = 3 }\n": {"initial.mean.q"},
	} {
		var found []string
		for _, m := range mistakes(t, text) {
			found = append(found, m.Key)
		}
		if !slices.Equal(found, keys) {
			t.Errorf("%s\ngot %v, want mistakes of %v only", text, mistakes(t, text), keys)
		}
	}
}

func TestWhatComesLaterIsRefusedByName(t *testing.T) {
	base := line + "[process]\ndiffusion = 1\n"
	sgd := line + "[sgd]\nloss = \"x^2\"\ncovariance = { \"x,x\" = 1 }\nlr = 1\nbatch_size = 1\n"
	for text, name := range map[string]string{
		base + "[modes]\ncount = 3\n":                  "[modes]",
		base + "[passage]\n":                           "[passage]",
		base + "[balance]\n":                           "[balance]",
		base + "[correlation]\n":                       "[correlation]",
		base + "odd = [\"v\"]\n":                       `"odd"`,
		base + "caputo = 0.7\n":                        `"caputo"`,
		base + "[process.levy]\nalpha = 1.5\n":         "[process.levy]",
		base + "[[process.jump]]\nrate = 1\n":          "[[process.jump]]",
		base + "drift = { x = { file = \"a.nc\" } }\n": "an array from a file",
		base + "drift = { file = \"a.nc\" }\n":         "an array from a file",
		base + "[initial]\nfile = \"other.run\"\n":     `"file"`,
		base + "[numerics]\nengine = \"petsc\"\n":      `"engine"`,
		sgd + "fields = \"plane.nc\"\n":                `"fields"`,
		sgd + "optimizer = \"adam\"\n":                 `"adam"`,
		sgd + "momentum = 0.9\n":                       `"momentum"`,
		sgd + "model = \"central-flow\"\n":             `"central-flow"`,
		sgd + "velocity = { x = \"v\" }\n":             "velocity",
	} {
		if all := mistakes(t, text).Error(); !strings.Contains(all, name) || !strings.Contains(all, "not available in this version") {
			t.Errorf("%q: %s\nwant that %s is not available in this version", strings.TrimPrefix(text, line), all, name)
		}
	}
}

func TestAllMistakesOfAFileAreReportedOnceInItsOrder(t *testing.T) {
	text := line + `
[sgd]
loss = "(a*q - y)^2"
learning_rate = -1
batch_size = 0
[parameters]
a = "1/"
[define]
f = "nothing"
[evolve]
until = 0
wrong = 1
`
	all := mistakesWith(t, map[string]string{"d.csv": "q,y\n1,2\n"}, text, "sgd.data=d.csv")
	var lines []int
	for _, m := range all {
		lines = append(lines, m.Line)
	}
	if !slices.IsSorted(lines) {
		t.Errorf("lines %v, want them in order\n%v", lines, all)
	}
	for _, want := range []int{9, 10, 12, 14, 15, 16, 17} { // the drafting of the text above
		if !slices.Contains(lines, want) {
			t.Errorf("no mistake in line %d:\n%v", want, all)
		}
	}
	seen := map[string]bool{}
	for _, m := range all {
		if seen[m.Error()] {
			t.Errorf("reported twice: %v", m)
		}
		seen[m.Error()] = true
	}
}

func TestParametersAreReadInOrderAndMayHaveNamesOfFunctions(t *testing.T) {
	c := read(t, "[parameters]\ngamma = 2\ne = \"gamma + 1\"\npi = \"2*e\"\nmin = \"pi/4\"\n"+line+`
[process]
drift = { x = "-gamma*x + min(e, pi)" }
diffusion = "gamma(pi)"
`)
	want := []Parameter{{"gamma", 2}, {"e", 3}, {"pi", 6}, {"min", 1.5}}
	if !slices.Equal(c.Parameters, want) {
		t.Errorf("parameters %v, want %v", c.Parameters, want)
	}
	b, d := coefficients(c.Problem, []float64{1}, 0)
	near(t, "drift", b[0], -2+3, 0)
	near(t, "diffusion", d[0], 120, 1e-12) // Γ(6)
}

// coefficients of a process at one point.
func coefficients(p *Problem, at []float64, t float64) (b, d []float64) {
	dim := len(p.Axes)
	x, drift, diffusion := operators.Columns(dim, 1), operators.Columns(dim, 1), operators.Columns(dim*dim, 1)
	for k, v := range at {
		x[k][0] = v
	}
	p.Process.Drift(drift, x, t)
	p.Process.(operators.Diffusive).Diffusion(diffusion, x, t)
	for _, c := range drift {
		b = append(b, c[0])
	}
	for _, c := range diffusion {
		d = append(d, c[0])
	}
	return b, d
}

func TestOverridesReachEveryKey(t *testing.T) {
	text := "[parameters]\nT = 1\nS = \"2*T\"\n" + line + "[process]\ndrift = { x = \"-S*x\" }\ndiffusion = \"T\"\n"
	c := read(t, text, "T=3", "axis.x.cells=16", "axis.x.spacing=sinh", "stationary.tolerance=1e-6",
		"initial.point.x=0.5", "evolve.until=T", "observables.far=x > 1", "axis.x.boundary=['absorbing', 'reflecting']")
	p := c.Problem
	if c.Parameters[0].Value != 3 || c.Parameters[1].Value != 6 {
		t.Errorf("parameters %v, want T = 3, S = 6", c.Parameters)
	}
	if a := p.Axes[0]; a.Cells != 16 || a.Spaced != "sinh" || a.Ends != [2]grid.Boundary{grid.Absorbing, grid.Reflecting} {
		t.Errorf("axis %+v", a)
	}
	if p.Stationary.Tolerance != 1e-6 || p.Evolve.Times[50] != 3 || p.Initial.Point[0] != .5 || p.Observables[0].Name != "far" {
		t.Errorf("stationary %+v, evolve until %v, from %v, observables %v", p.Stationary, p.Evolve.Times[50], p.Initial.Point, p.Observables)
	}
	graded := line + "spacing = { finest = 0, ratio = 8 }\n[process]\ndiffusion = 1\n"
	if s := string(read(t, graded, "axis.x.spacing.ratio=3").TOML()); !strings.Contains(s, "ratio = 3") {
		t.Errorf("no ratio of 3:\n%s", s)
	}
	if c := read(t, text, "parameters.T=4"); c.Parameters[0].Value != 4 {
		t.Errorf("T = %v by its path, want 4", c.Parameters[0].Value)
	}
}

func TestWrongOverridesAreMistakes(t *testing.T) {
	text := "[parameters]\nTemp = 1\n" + line + "[process]\ndiffusion = 1\n"
	for override, part := range map[string]string{
		"Temp":                   "name=value",
		"=3":                     "name=value",
		"temp=3":                 `did you mean "Temp"?`,
		"parameters.temp=3":      `did you mean "Temp"?`,
		"axis.y.cells=3":         "axes: x",
		"axis.cells=3":           "axes: x",
		"axis=3":                 "no parameter is called",
		"axis.x.cels=3":          `did you mean "cells"?`,
		"proces.diffusion=2":     `no table "proces"`,
		"process.diffusion.x=2":  `"process.diffusion" is not a table`,
		"process.diffusion=-":    "process.diffusion",
		"axis.x.cells=0":         "at least 1",
		"process.calculus=other": `"ito" or "stratonovich" or "isothermal"`,
		"title=3":                "no parameter",
		"modes.count=3":          "modes",
	} {
		if all := mistakes(t, text, override).Error(); !strings.Contains(all, part) {
			t.Errorf("--set %s: %s\nwant %q", override, all, part)
		}
	}
	if m := mistakes(t, line+"[process]\n", "T=1")[0]; !strings.Contains(m.Hint, "evolve.until=3") {
		t.Errorf("%v, want an example of a path", m)
	}
}

// A mistake of the command line is not blamed on a line of the file.
func TestAMistakeOfAnOverrideNamesIt(t *testing.T) {
	text := "[parameters]\nT = 1\n" + line + "[define]\nU = \"x^4\"\n[process]\ndiffusion = \"T\"\n"
	for _, c := range []struct{ override, want string }{
		{"T=abc", `--set T=abc: parameters.T: "abc": unknown name "abc"`},
		{"Size=2", "--set Size=2: no parameter is called \"Size\"\n    hint: parameters: T"},
		{"U=x^2", "--set U=x^2: no parameter is called \"U\"\n    hint: a definition is set by its path, define.U=x^2"},
		{"define.U=x^", `--set define.U=x^: define.U: "x^": unexpected end`},
		{"axis.x.range=[3, -3]", "--set axis.x.range=[3, -3]: axis.x.range: found [3, -3], expected [lower, upper] with lower < upper"},
		{"axis.x.cels=3", "--set axis.x.cels=3: axis.x.cels: unknown key\n    hint: did you mean \"cells\"?"},
		{"--cells x=0", "--cells x=0: axis.x.cells: found 0, expected a whole number of at least 1"},
		{"--cells 0", "--cells 0: axis.x.cells: found 0, expected a whole number of at least 1"},
		{"--cells y=3", "--cells y=3: found no such axis, expected axis.NAME.key\n    hint: axes: x"},
	} {
		if got := mistakes(t, text, c.override).Error(); got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
	if c := read(t, text, "--cells x=33"); c.Problem.Axes[0].Cells != 33 {
		t.Errorf("%d cells, want 33", c.Problem.Axes[0].Cells)
	}
}

// What a case as run needs stands beside it, under the name that it uses.
func TestACaseAsRunFindsItsData(t *testing.T) {
	text := "[[axis]]\nname = \"w\"\nrange = [-1, 1]\ncells = 8\n[sgd]\nloss = \"w*u\"\ndata = \"%s\"\nlr = 0.1\nbatch_size = 1\n"
	csv := "u\n1\n2\n"
	long := csv + strings.Repeat("1\n", mostKept/2)
	for _, c := range []struct{ name, data, base string }{
		{"deep/points.csv", csv, "points.csv"},
		{"points.csv", csv, "points.csv"},
		{"deep/summary.json", csv, ""},
		{"deep/long.csv", long, ""},
	} {
		first, err := Parse("case.toml", fmt.Appendf(nil, text, c.name), files(map[string]string{c.name: c.data}))
		if err != nil {
			t.Fatal(err)
		}
		if c.base == "" {
			if first.Files() != nil || !strings.Contains(string(first.TOML()), `data = "`+c.name+`"`) {
				t.Errorf("%s: %d files, want none and the place of the data", c.name, len(first.Files()))
			}
			continue
		}
		beside := map[string]string{}
		for name, data := range first.Files() {
			beside[name] = string(data)
		}
		if beside[c.base] != c.data || len(beside) != 1 {
			t.Errorf("%s: found %v, want the data as %s", c.name, beside, c.base)
		}
		again, err := Parse("case.toml", first.TOML(), files(beside))
		if err != nil {
			t.Fatal(err)
		}
		if again.Data.Checksum != first.Data.Checksum || string(again.TOML()[20:]) != strings.Replace(string(first.TOML()[20:]), "deep/", "", 1) {
			t.Errorf("%s: run again as\n%s\nwant\n%s", c.name, again.TOML(), first.TOML())
		}
	}
}

func TestACaseAsRunGivesTheSameProblem(t *testing.T) {
	for _, name := range Gallery() {
		c, err := FromGallery(name)
		if err != nil {
			t.Fatal(err)
		}
		open := func(name string) (io.ReadCloser, error) { return gallery.Open(name) }
		again, err := Parse(name+".toml", c.TOML(), open)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, c.TOML())
		}
		if string(again.TOML()) != string(c.TOML()) {
			t.Errorf("%s: as run again\n%s\nwant\n%s", name, again.TOML(), c.TOML())
		}
		sameProblem(t, name, c.Problem, again.Problem)
		if !slices.Equal(c.Parameters, again.Parameters) || c.Title != again.Title || c.About != again.About {
			t.Errorf("%s: other parameters or texts", name)
		}
	}
}

func sameProblem(t *testing.T, name string, a, b *Problem) {
	t.Helper()
	rest, moves := b.Stationary, b.Evolve
	if rest != nil && a.Stationary != nil { // a case as run states every tolerance
		rest = &StationaryTask{rest.Method, rest.Tolerance, a.Stationary.stated}
	}
	if moves != nil && a.Evolve != nil {
		moves = &EvolveTask{moves.Method, moves.Times, moves.Tolerance, a.Evolve.stated}
	}
	if !reflect.DeepEqual(a.Stationary, rest) || !reflect.DeepEqual(a.Evolve, moves) || a.LearningRate != b.LearningRate {
		t.Errorf("%s: other tasks", name)
	}
	for k := range a.Axes {
		x, y := a.Axes[k], b.Axes[k]
		x.Spacing, y.Spacing = grid.Spacing{}, grid.Spacing{}
		if !reflect.DeepEqual(x, y) {
			t.Errorf("%s: axis %+v, want %+v", name, y, x)
		}
	}
	at := make([]float64, len(a.Axes))
	for k, axis := range a.Axes {
		if at[k] = axis.Lo + 0.37*(axis.Hi-axis.Lo); math.IsNaN(at[k]) { // open
			at[k] = 0.37
		}
	}
	b1, d1 := coefficients(a, at, 0.3)
	b2, d2 := coefficients(b, at, 0.3)
	if !slices.Equal(b1, b2) || !slices.Equal(d1, d2) {
		t.Errorf("%s: coefficients %v %v, want %v %v", name, b2, d2, b1, d1)
	}
}

func TestTextsSurviveTheCaseAsRun(t *testing.T) {
	for _, about := range []string{"", `quo"te and \ back`, "two\nlines\tand a tab\r\n", "η ∈ ℝ, 中文, 🜚", "\u0001 and \u007f", "trailing \\", `'''"""`} {
		c := read(t, "about = "+quoteText(about)+"\n"+line+"[process]\ndiffusion = 1\n")
		again := read(t, string(c.TOML()))
		if c.About != about || again.About != about {
			t.Errorf("%q became %q and %q", about, c.About, again.About)
		}
	}
	data := map[string]string{"d.csv": "weight (µg),\n1,2\n3,5\n"}
	text := line + "[sgd]\ndata = \"d.csv\"\nloss = \"(x*w - v)^2\"\nlr = 1\nbatch_size = 1\ncolumns = { w = \"weight (µg)\", v = \"\" }\n"
	c, err := Parse("a.toml", []byte(text), files(data))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse("a.toml", c.TOML(), files(data)); err != nil {
		t.Errorf("%v\n%s", err, c.TOML())
	}
	if !strings.Contains(string(c.TOML()), c.Data.Checksum) {
		t.Error("the case as run lacks the checksum of its data")
	}
}

func TestAxesInBracesAreAxes(t *testing.T) {
	for range 5 { // the order of keys may not depend on that of a map
		c := read(t, "axis = [{ name = \"x\", cells = 4, range = [0, 1] }]\n[process]\ndiffusion = 1\n")
		want := "[[axis]]\nname = \"x\"\ncells = 4\nrange = [0, 1]\n"
		if !strings.Contains(string(c.TOML()), want) {
			t.Fatalf("as run\n%s\nwant\n%s", c.TOML(), want)
		}
	}
}

func TestHostileFilesAreRefusedQuickly(t *testing.T) {
	for name, text := range map[string]string{
		"too large": strings.Repeat("#", maxFile+1),
		"too deep":  "a = " + strings.Repeat("[", 200) + strings.Repeat("]", 200),
		"long key":  strings.Repeat("a.", 20000) + "a = 1",
		"headings":  "[" + strings.Repeat("a.", 20000) + "a]",
		"binary":    "\x00\x01\xff",
		"empty":     "",
		"many axes": strings.Repeat(line, 5000),
	} {
		begin := time.Now()
		if _, err := Parse("case.toml", []byte(text), nil); err == nil {
			t.Errorf("%s: no error", name)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("%s: refused after %v, want less than a second", name, took)
		}
	}
}

func TestFilesThatCannotBeReadAreMistakes(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "none.toml"), dir} {
		var m *Mistake
		if _, err := Read(path); !errors.As(err, &m) || m.File != path {
			t.Errorf("%s: %v, want a mistake that names it", path, err)
		}
	}
	path := filepath.Join(dir, "a.toml")
	if err := os.WriteFile(path, []byte(line+"[process]\ndiffusion = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := Read(path, "process.diffusion=2")
	if err != nil {
		t.Fatal(err)
	}
	if _, d := coefficients(c.Problem, []float64{0}, 0); d[0] != 2 {
		t.Errorf("D = %v, want 2", d[0])
	}
	var m *Mistake
	if _, err := FromGallery("gyrato"); !errors.As(err, &m) || m.Hint != `did you mean "gyrator"?` {
		t.Errorf("%v, want the nearest name", err)
	}
}

func TestNumbersMayBeExpressions(t *testing.T) {
	c := read(t, fmt.Sprintf("[parameters]\nn = 4\na = 2\n%s", `
[[axis]]
name = "x"
range = ["-a", "a^2"]
cells = "2*n"
faces = ["a/2"]
[process]
diffusion = "1/n"
[initial]
mean = { x = "a/4" }
std = { x = "1/n" }
[evolve]
times = [0, "1/n", "a"]
tolerance = "10^-n"
[numerics]
memory_limit = "n*1e9"
workers = "n/2"
`))
	p := c.Problem
	got := []float64{p.Axes[0].Lo, p.Axes[0].Hi, float64(p.Axes[0].Cells), p.Axes[0].Faces[0], p.Initial.Mean[0], p.Initial.Std[0], p.Evolve.Times[1], p.Evolve.Times[2], p.Evolve.Tolerance, p.MemoryLimit, float64(p.Workers)}
	want := []float64{-2, 4, 8, 1, .5, .25, .25, 2, 1e-4, 4e9, 2}
	for i := range want {
		near(t, fmt.Sprint("number ", i), got[i], want[i], 1e-15*math.Abs(want[i]))
	}
}
