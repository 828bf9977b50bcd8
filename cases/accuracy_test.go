package cases

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"fokker/operators"
)

// bounded are cases whose ranges belong to the process, as walls, periods, faces
// or the ends of logarithms; and those with a natural wall at 0.
var bounded = map[string]string{
	"between walls": "all", "decay": "all", "tilted": "all", "tilted, by rows": "all", "collapse": "all", "collapse, nearer to it": "all",
	"balance": "all", "degenerate": "all", "stratonovich": "all", "singularline": "all", "crossing": "all", "whirl": "all", "escape": "all", "saddle": "all", "leaving": "all",
	"logistic": "all", "gbm": "all", "singular": "all", "singular, colder": "all", "log-loss": "", "active": "theta",
	"root of x, on graded cells": "all", "peaks far from each other, on graded cells": "all",
	"root of x": "[0, inf]", "root of x, against its wall": "[0, inf]",
}

var (
	rangeLine = regexp.MustCompile(`(?m)^range *=.*\n`)
	cellsLine = regexp.MustCompile(`(?m)^cells *=.*\n`)
)

// opened returns the case without cells, and without the ranges that are cuts.
func (k known) opened(t *testing.T, accuracy string, set ...string) *Case {
	t.Helper()
	name, _, _ := strings.Cut(k.name, ",")
	text, open := k.text, Beside(".")
	if text == "" {
		data, err := gallery.ReadFile(name + ".toml")
		if err != nil {
			t.Fatal(err)
		}
		text = string(data)
	}
	text = cellsLine.ReplaceAllString(text, "")
	switch keep := bounded[k.name]; {
	case keep == "all":
	case strings.HasPrefix(keep, "["):
		text = rangeLine.ReplaceAllString(text, "range = "+keep+"\n")
	case keep != "": // the range after the name of that axis
		before, after, _ := strings.Cut(text, `"`+keep+`"`)
		text = rangeLine.ReplaceAllString(before, "") + `"` + keep + `"` + after
	default:
		text = rangeLine.ReplaceAllString(text, "")
	}
	for _, s := range k.set {
		if !strings.Contains(s, ".cells=") {
			set = append(set, s)
		}
	}
	c, err := Parse(k.name, []byte(text), open, append(set, "accuracy="+accuracy)...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", k.name, err, text)
	}
	return c
}

// check compares the known figures with what was asked.
func (k known) check(t *testing.T, r *Result, accuracy float64) (worst float64) {
	t.Helper()
	scales := map[string]float64{}
	for _, m := range r.measures {
		scales[m.at+m.path] = m.scale
	}
	one := func(at, path string, got, want float64) {
		scale, counted := scales[at+path]
		if !counted || math.IsNaN(want) {
			return
		}
		part := math.Abs(got-want) / (accuracy * scale)
		worst = max(worst, part)
		t.Logf("%-24s %-12s %-26s %13.9g  error over what is wanted %6.2g", k.name, at, path, got, part)
		if !(part <= 1) {
			t.Errorf("%s: %s, %s = %.9g, want %.9g ± %.2g", k.name, at, path, got, want, accuracy*scale)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(k.rest)) {
		got, _ := atRest(t, r, path)
		one("stationary", path, got, k.rest[path])
	}
	for _, path := range slices.Sorted(maps.Keys(k.left)) {
		got, _ := survived(t, r, path)
		one("quasistationary", path, got, k.left[path])
	}
	for _, path := range slices.Sorted(maps.Keys(k.moved)) {
		for i, at := range r.Evolve.Times {
			one(atTime(at), path, output(r.Evolve.Series, path, i), k.moved[path](at))
		}
	}
	return worst
}

const fourLines = "[process]\ndrift = { x = \"x - x^3\" }\ndiffusion = 0.1\n"

// U = (x² − 1)²/4 at T = 0.1 by quadrature.
func TestFourLinesAreACase(t *testing.T) {
	for _, accuracy := range []float64{1e-2, 1e-3, 1e-4, 1e-6} {
		r, err := read(t, "accuracy = "+literalOf(accuracy)+"\n"+fourLines).Run(context.Background(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "E x²", r.Stationary.RawMoments["x"][2], .8713629080, accuracy)
		near(t, "E x⁴", r.Stationary.RawMoments["x"][4], .9713629080, accuracy)
		if a := r.Accuracy; !(a.Reached > 0 && a.Reached <= accuracy) || a.Wanted != accuracy || r.of.Problem.Open() {
			t.Errorf("accuracy %+v of %v", a, accuracy)
		}
	}
}

// Some known laws, without cells and, where they confine, without ranges.
func TestSomeKnownFiguresHaveTheAccuracy(t *testing.T) {
	slow := []string{"root of x, against its wall", "ou2d", "ou3d", "labelnoise", "randominput", "langevin", "active", "cars",
		"resonance", "approximations", "influence", "iris", "logistic, of random examples", "ou4d", "degenerate", "stratonovich", "singularline", "diagonalnet", "escape", "saddle", "bernoulli"}
	for _, k := range answers() {
		if slices.Contains(slow, k.name) {
			continue
		}
		r, err := k.opened(t, "1e-3").Run(context.Background(), Options{})
		if err != nil {
			t.Errorf("%s: %v", k.name, err)
			continue
		}
		k.check(t, r, 1e-3)
	}
}

// Along y, where the law is Gaussian, few cells do what many along x have to.
func TestEveryAxisHasItsOwnCells(t *testing.T) {
	r, err := read(t, "[process]\ndrift = { x = \"120*(x - x^3)\", y = \"-y\" }\ndiffusion = 0.3\n[numerics]\norder = 2\n").Run(context.Background(), Options{})
	if err != nil || r.Cells[0] < 2*r.Cells[1] {
		t.Errorf("%v cells, %v; want more along x", r.Cells, err)
	}
}

// AΣ + ΣAᵀ = 2D with A = [[1, 1], [0, 1]] and D = ½: Σyy = ½, Σxy = −¼, Σxx = ¾. On several axes the fourth order is the run's choice unless the case
// states one, the law is positive all the same, and the case that is written gives it
// again.
func TestTheFourthOrderIsChosen(t *testing.T) {
	const text = "accuracy = 1e-4\n[process]\ndrift = { x = \"-x - y\", y = \"-y\" }\ndiffusion = 0.5\n"
	cells := map[string]int{}
	for name, c := range map[string]struct {
		text string
		want operators.Order
	}{
		"open": {text, operators.Fourth}, "second": {text + "[numerics]\norder = 2\n", 0},
		"kink": {strings.Replace(text, "-x - y", "-x - y + 1e-9*abs(y)", 1), 0},
	} {
		r, err := read(t, c.text).Run(context.Background(), Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for path, want := range map[string]float64{"x,x": .75, "x,y": -.25, "y,y": .5} {
			near(t, name+" "+path, r.Stationary.Covariance[path], want, 1e-4)
		}
		if cells[name] = r.Grid.Size(); r.of.Problem.Order != c.want || r.Stationary.Min < 0 {
			t.Errorf("%s: order %d, least mass %v", name, r.of.Problem.Order, r.Stationary.Min)
		}
		again, err := Parse(name, r.of.TOML(), nil)
		if err != nil || again.Problem.Order != c.want || again.Problem.Nonnegative != (c.want != 0) {
			t.Errorf("%s: the case that is written: %v\n%s", name, err, r.of.TOML())
		}
	}
	if 4*cells["open"] > cells["second"] {
		t.Errorf("%v cells", cells)
	}
}

// In time as well where noise couples axes, of rank one here: the covariance is that of
// Σ′ = −2Σ + 2D from 0.09, and laws have no negative cell. The case that is written gives the same bits.
func TestTheFourthOrderIsChosenInTime(t *testing.T) {
	r, err := read(t, "accuracy = 1e-2\n[process]\ndrift = { x = \"-x\", y = \"-y\" }\nnoise = [[\"0.8\"], [\"0.5\"]]\n[initial]\nmean = { x = 1, y = 0 }\nstd = { x = 0.3, y = 0.3 }\n[evolve]\ntimes = [0.5]\n").Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	grown := -math.Expm1(-1) / 2
	for path, want := range map[string]float64{"x,x": .09*math.Exp(-1) + .64*grown, "x,y": .4 * grown, "y,y": .09*math.Exp(-1) + .25*grown} {
		near(t, path, r.Evolve.Covariance[path][0], want, 2e-3)
	}
	if r.of.Problem.Order != operators.Fourth || r.Evolve.Min[0] < 0 || len(r.Evolve.Moved) != 1 {
		t.Errorf("order %d, least mass %v, moved %v", r.of.Problem.Order, r.Evolve.Min, r.Evolve.Moved)
	}
	written, err := Parse("again", r.of.TOML(), nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := written.Run(context.Background(), Options{})
	if err != nil || !slices.Equal(again.Evolve.Masses[0], r.Evolve.Masses[0]) {
		t.Errorf("the case that is written gives another law, %v", err)
	}
}

// The same choice for any number of workers.
func TestAccuracyDoesNotDependOnWorkers(t *testing.T) {
	var first *Result
	for _, n := range []int{1, 3} {
		r, err := read(t, "[process]\ndrift = { x = \"-x + y\", y = \"-y - x\" }\ndiffusion = 0.5\n").Run(context.Background(), Options{Workers: n})
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = r
		} else if !slices.Equal(r.Stationary.Masses, first.Stationary.Masses) {
			t.Errorf("%v and %v cells, or other masses", r.Cells, first.Cells)
		}
	}
}

// A budget that is spent leaves the best figures there are and says which miss.
func TestASpentBudgetIsSaid(t *testing.T) {
	const closed = "[[axis]]\nname = \"x\"\nrange = [-2.3, 2.3]\n"
	for limit, reason := range map[string]string{"memory_limit = 3e5": "more memory than 300 kB", "time_limit = 1e-9": "the time limit of 1e-09 s"} {
		r, err := read(t, "accuracy = 1e-7\n"+closed+fourLines+"[numerics]\n"+limit+"\n").Run(context.Background(), Options{})
		no := (*NotReached)(nil)
		if !errors.As(err, &no) || !strings.Contains(err.Error(), reason) || r == nil {
			t.Fatalf("%v, %v; want %q", r, err, reason)
		}
		if m := no.Missed[0]; m.Path != "entropy" || m.Task != "stationary" || !(m.Error > m.Wanted && m.Wanted == 1e-7) || r.Accuracy.Reached != m.Error {
			t.Errorf("missed %+v, reached %+v", m, r.Accuracy)
		}
	}
}

// A mesh that takes longer than was thought is given up, but for the first.
func TestLaterMeshesKeepTheTimeLimit(t *testing.T) {
	c := read(t, "[[axis]]\nname = \"x\"\nrange = [-2.3, 2.3]\ncells = 64\n"+fourLines)
	s := &reaching{from: c, ctx: context.Background(), begin: time.Now().Add(-2 * time.Hour), axes: c.Problem.Axes}
	if err := s.try(); err != nil || s.meshes != 1 {
		t.Errorf("the first of %d meshes: %v", s.meshes, err)
	}
	if err := s.try(); !errors.Is(err, errLate) || s.meshes != 1 || s.run.ctx.Err() != nil {
		t.Errorf("%v, %d meshes", err, s.meshes)
	}
}

// Rows of a chain have as many more entries as there are more cells: in four times the time there
// are twice as many.
func TestMeshesOfChainsTakeTheSquareOfTheirCells(t *testing.T) {
	c := read(t, "accuracy = 1e-3\n[sgd]\nloss = \"0.5*x^2\"\ncovariance = { \"x,x\" = 1 }\nlearning_rate = 0.1\nbatch_size = 1\nmodel = \"chain\"\n[stationary]\n[[axis]]\nname = \"x\"\nrange = [-3.0, 3.0]\n")
	s := c.reaching(context.Background(), Options{})
	s.axes[0].Cells, s.took, s.begin = 100, 1, time.Now().Add(time.Duration(4-usualLimit)*time.Second)
	if got := s.inTime(); math.Abs(got/200-1) > 1e-2 {
		t.Errorf("%v cells", got)
	}
}

// Where no mesh would be done in time, none is solved to see which.
func TestSharesOfAxesAreNotAskedForInVain(t *testing.T) {
	c := read(t, "accuracy = 1e-6\n[process]\ndrift = { x = \"-x - y\", y = \"-y\" }\ndiffusion = 0.5\n[[axis]]\nname = \"x\"\nrange = [-5.0, 5.0]\n[[axis]]\nname = \"y\"\nrange = [-4.0, 4.0]\n")
	s := c.reaching(context.Background(), Options{})
	if err := errors.Join(s.begins(), s.try()); err != nil {
		t.Fatal(err)
	}
	s.begin = time.Now().Add(-2 * time.Hour)
	s.options.Progress = nil // a run would call it
	s.run.options.Progress = nil
	if why := s.refine(); why != s.tooSlow() {
		t.Errorf("%q", why)
	}
}

// With half the cells along two axes an error of the second order falls to a quarter.
func TestNegativeMassesThatStayAreOfNoUse(t *testing.T) {
	c := read(t, "accuracy = 1e-4\n[process]\ndrift = { x = \"-x\", y = \"-y\" }\ndiffusion = 0.5\n")
	for second, stays := range map[float64]bool{.1: true, .04: false, 1e-9: false} {
		s := &reaching{from: c, order: operators.Fourth, run: c.newRun(context.Background(), Options{}), axes: []AxisSpec{{Cells: 48}, {Cells: 48}}}
		for i, negative := range []float64{.2, second} {
			s.run.negative = negative
			if got := s.staysBelow(); got != (stays && i == 1) {
				t.Errorf("%v of .2: %v", negative, got)
			}
			s.axes = []AxisSpec{{Cells: 96}, {Cells: 96}}
		}
	}
}

// A narrow law on cells of half its size: that its figures miss nothing of a rough accuracy is no
// success where a tenth of the law had to be changed to be nonnegative.
func TestLawsThatHadToBeChangedAreNotTheLast(t *testing.T) {
	text := func(n string) string {
		return "accuracy = 0.9\n" + axis("x", "range = [-5, 5]\ncells = "+n) + axis("y", "range = [-5, 5]\ncells = "+n) + `
[process]
drift = { x = "-x - 3*y", y = "3*x - y" }
diffusion = 0.05
[initial]
mean = { x = 1.5, y = 0 }
std = { x = 0.15, y = 0.15 }
[evolve]
times = [0.4]
[numerics]
order = 4
nonnegative = true
`
	}
	r, err := read(t, text("24")).Run(context.Background(), Options{})
	if no := (*NotReached)(nil); !errors.As(err, &no) || !strings.Contains(err.Error(), "making laws nonnegative changed") {
		t.Errorf("%v, moved %v", err, r.Evolve.Moved)
	}
	if r, err = read(t, text("96")).Run(context.Background(), Options{}); err != nil {
		t.Errorf("%v, moved %v", err, r.Evolve.Moved)
	}
}

// The limit holds for the search for a box as well.
func TestTheSearchForABoxKeepsTheTimeLimit(t *testing.T) {
	_, err := read(t, fourLines+"[numerics]\ntime_limit = 1e-9\n").Run(context.Background(), Options{})
	if no := (*NotReached)(nil); !errors.As(err, &no) || !strings.Contains(err.Error(), "finding a box takes longer than the time limit of 1e-09 s") {
		t.Errorf("%v", err)
	}
}

// A memory in which the run's own first mesh does not fit is the mistake.
func TestTooLittleMemoryIsNoMatterOfCells(t *testing.T) {
	_, err := read(t, fourLines+"[numerics]\nmemory_limit = 1e4\n").Run(context.Background(), Options{})
	if m := (*Mistake)(nil); !errors.As(err, &m) || m.Key != "numerics.memory_limit" || strings.Contains(m.Hint, "fewer cells") {
		t.Errorf("%v", err)
	}
}

// The end of a half-open axis that the case states is the process's own: x at
// rest is N(1, ½) above 0, whose mean is 1 + √½ φ(√2)/Φ(√2) (Johnson, Kotz and
// Balakrishnan 1994), φ and Φ of the standard normal law. Between walls
// that are both stated, one that cuts is named.
func TestAStatedEndBesideAnOpenOneIsNoCut(t *testing.T) {
	const half = "accuracy = 1e-3\n[[axis]]\nname = \"x\"\nrange = [0.0, inf]\n[process]\ndrift = { x = \"1 - x\" }\ndiffusion = 0.5\n"
	r, err := read(t, half).Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := 1 + math.Sqrt(.5)*math.Exp(-1)/math.Sqrt(2*math.Pi)*2/math.Erfc(-1)
	near(t, "E x", r.Stationary.Mean["x"], want, 1e-3)
	if len(r.Warnings) > 0 {
		t.Error(r.Warnings)
	}
	written, err := Parse("half", r.of.TOML(), nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := written.Run(context.Background(), Options{})
	if err != nil {
		t.Fatalf("the case that is written: %v\n%s", err, r.of.TOML())
	}
	if a, b := again.Stationary, r.Stationary; a.Mean["x"] != b.Mean["x"] || a.Error.Mean["x"] != b.Error.Mean["x"] || len(again.Warnings) > 0 {
		t.Errorf("E x %v ± %v, again %v ± %v, %v", b.Mean["x"], b.Error.Mean["x"], a.Mean["x"], a.Error.Mean["x"], again.Warnings)
	}
	_, err = read(t, strings.Replace(half, "inf", "10", 1)).Run(context.Background(), Options{})
	if err == nil || !strings.Contains(err.Error(), "not reached: the wall x = 0 cuts the law") {
		t.Errorf("%v", err)
	}
}

// Wells of deviation σ = √(D/2) around ±1000, far narrower than the first cells:
// by symmetry E x² = 10⁶, but for D and less.
func TestALawInSingleCellsIsNotAccepted(t *testing.T) {
	const wells = "accuracy = 1e-3\n[process]\ndrift = { x = \"-(x - 1000)*(x + 1000)*x/1e6\" }\ndiffusion = 0.1\n[initial]\nmean = { x = 1 }\nstd = { x = 1 }\n[stationary]\n"
	r, err := read(t, wells).Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if most := slices.Max(r.Stationary.Masses); most > crowded || math.Abs(r.Stationary.RawMoments["x"][2]/1e6-1) > 1e-3 || !(r.Accuracy.Reached > 0) {
		t.Errorf("%v in a cell, E x² = %v, %+v", most, r.Stationary.RawMoments["x"][2], r.Accuracy)
	}
	r, err = read(t, strings.Replace(wells, "1e-3", "0.5", 1)+"[[axis]]\nname = \"x\"\ncells = 256\n").Run(context.Background(), Options{})
	if no := (*NotReached)(nil); !errors.As(err, &no) || !math.IsNaN(r.Accuracy.Reached) || r.Accuracy.Worst() != "" {
		t.Errorf("%v, %+v", err, r)
	}
}

// The least accuracy has a box: 7.1 deviations leave 1e-12 of a Gaussian outside.
func TestTheLeastAccuracyHasABox(t *testing.T) {
	c := read(t, "accuracy = 1e-10\n[process]\ndrift = { x = \"-x\" }\ndiffusion = 0.5\n")
	axes, err := c.newRun(context.Background(), Options{}).newBox().find()
	if err != nil || axes[0].Lo > -7*math.Sqrt(.5) || axes[0].Lo < -9 {
		t.Errorf("%+v, %v", axes, err)
	}
}

// Errors that are all unknown reach nothing.
func TestNoKnownErrorReachesNothing(t *testing.T) {
	c := read(t, "accuracy = 1e-3\n"+fourLines)
	s := &reaching{from: c, run: c.newRun(context.Background(), Options{})}
	s.run.result.measures = []measure{{at: "stationary", path: "entropy", error: math.NaN(), scale: 1}}
	err := s.verdict("reached")
	if err == nil || !strings.Contains(err.Error(), "no errors are known") || !math.IsNaN(s.run.result.Accuracy.Reached) {
		t.Errorf("%v, %+v", err, s.run.result.Accuracy)
	}
}

// Of an order that led nowhere the law is kept where its errors are smaller and none more is
// unknown.
func TestTheBetterOfTwoOrdersIsHandedOut(t *testing.T) {
	c := read(t, "accuracy = 1e-3\n"+fourLines)
	mesh := func(errors ...float64) *run {
		r := c.newRun(context.Background(), Options{})
		for _, e := range errors {
			r.result.measures = append(r.result.measures, measure{at: "stationary", path: "entropy", error: e, scale: 1})
		}
		return r
	}
	for name, pair := range map[string]struct {
		before, last *run
		kept         bool
	}{
		"smaller":          {mesh(.1, .2), mesh(.1, .3), true},
		"larger":           {mesh(.1, .4), mesh(.1, .3), false},
		"one more unknown": {mesh(.1, math.NaN()), mesh(.1, .3), false},
	} {
		s := &reaching{from: c, ctx: context.Background(), run: pair.last, before: pair.before}
		got, err := s.end(s.verdict(stalled))
		if want := map[bool]*run{true: pair.before, false: pair.last}[pair.kept]; err == nil || got != want.result || got.Accuracy == nil {
			t.Errorf("%s: %p of %p and %p, %v", name, got, pair.before.result, pair.last.result, err)
		}
	}
}

// A probability p is measured by √(p(1 − p)), also where a coarse law has none of it.
func TestProbabilitiesAreMeasuredByTheirDeviation(t *testing.T) {
	of := &figures{observed: []Observable{{Name: "left", margin: func([]float64, [][]float64, float64) {}}, {Name: "energy"}}}
	e := &estimate{run: &run{figures: of}, to: map[string]sensitivity{"observables.energy": {deviation: 0.5}}}
	for path, want := range map[string]float64{"observables.left": 1e-14, "observables.energy": 0.5} {
		if got := e.scaleOf(path, 1e-28); got != want {
			t.Errorf("%s is measured by %g, want %g", path, got, want)
		}
	}
}

// The initial law is stated, and its figures are not counted.
func TestTheInitialLawIsNotCounted(t *testing.T) {
	r, err := read(t, "accuracy = 1e-2\n[process]\ndrift = { x = \"-x\" }\ndiffusion = 0.5\n[initial]\nmean = { x = 1 }\nstd = { x = 0.3 }\n[evolve]\nuntil = 1\noutputs = 3\n").Run(context.Background(), Options{})
	if err != nil || slices.ContainsFunc(r.measures, func(m measure) bool { return m.at == atTime(0) }) || len(r.measures) == 0 {
		t.Errorf("%v, %v", err, r)
	}
}

// Where explicit steps do not get through wide cells, implicit ones do: at t = 20 x
// is e⁻²⁰ from 100 and its variance is D.
func TestTheSearchForABoxFallsBackToImplicitSteps(t *testing.T) {
	c := read(t, "accuracy = 1e-2\n[process]\ndrift = { x = \"-x + 1e2\" }\ndiffusion = 0.01\n[initial]\nmean = { x = 1 }\nstd = { x = 1 }\n[evolve]\nuntil = 20\noutputs = 3\n")
	axes, err := c.newRun(context.Background(), Options{}).newBox().find()
	if err != nil || axes[0].Lo > -5 || axes[0].Hi < 101 {
		t.Errorf("%+v, %v", axes, err)
	}
}

// What no box holds is refused in words, whatever the way out.
func TestWhatDoesNotConfineIsRefused(t *testing.T) {
	const from = "[initial]\npoint = { x = 1 }\n[evolve]\nuntil = 3\n"
	for text, want := range map[string]error{
		"drift = { x = \"0\" }\ndiffusion = 1\n":                                       ErrUnconfined,
		"drift = { x = \"x\" }\ndiffusion = 1\n":                                       ErrUnconfined,
		"drift = { x = \"1\" }\ndiffusion = 1\n":                                       ErrUnconfined,
		"drift = { x = \"-x + 0.1*x^3\" }\ndiffusion = 0.1\n":                          ErrUnconfined, // its well is not for ever
		"drift = { x = \"-x/(1 + x^2)\" }\ndiffusion = 0.5\n":                          ErrUnconfined, // p ∝ (1 + x²)⁻¹: no mean
		"drift = { x = \"-1.5*x/(1 + x^2)\" }\ndiffusion = 0.5\n":                      ErrUnconfined, // p ∝ (1 + x²)^−3/2: no variance
		"drift = { x = \"-x\", y = \"0\" }\ndiffusion = 1\n":                           ErrUnconfined,
		"drift = { x = \"y\", y = \"-sin(x) - y/2\" }\ndiffusion = { y = 0.3 }\n":      ErrUnconfined, // over the wells for ever
		"drift = { x = \"y\", y = \"1.5 - sin(x) - y/2\" }\ndiffusion = { y = 0.3 }\n": ErrUnconfined,
		"drift = { x = \"x^3\" }\ndiffusion = 1\n" + from:                              ErrUnconfined, // gone before the end
		"drift = { x = \"-2.5*x/(1 + x^2)\" }\ndiffusion = 0.5\n":                      nil,           // p ∝ (1 + x²)^−5/2
		"drift = { x = \"1e3 - x\" }\ndiffusion = 1e-6\n":                              nil,           // narrow, and far away
		"drift = { x = \"-1e9*x\" }\ndiffusion = 1e-9\n":                               nil,
		"drift = { x = \"-x\" }\ndiffusion = 0\n":                                      ErrNoLaw, // a point
		"drift = { x = \"-(x - 40)*(x + 40)*x/1e3\" }\ndiffusion = 0.5\n":              nil,      // two wells, and all mass in them
	} {
		if _, err := read(t, "[process]\n"+text).Run(context.Background(), Options{}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

// Beyond the cells that are needed, no moment of a Gaussian has more than a part.
func TestNeededCellsHoldTheMoments(t *testing.T) {
	x, m := make([]float64, 401), make([]float64, 401)
	for i := range x {
		x[i] = float64(i-200) / 20
		m[i] = math.Exp(-x[i]*x[i]/2) / math.Sqrt(2*math.Pi) / 20
	}
	for _, part := range []float64{1e-3, 1e-6, 1e-12} {
		lo, hi := needed(x, m, part)
		// ∫ x⁴ over a tail, against the root of E x⁸ = 105
		fourth := func(from int) (s float64) {
			for i := from; i < len(x); i++ {
				s += m[i] * x[i] * x[i] * x[i] * x[i]
			}
			return s / math.Sqrt(105)
		}
		if lo != 401-hi || fourth(hi) > part || fourth(hi-1) <= part/10 {
			t.Errorf("%v: cells %d to %d, beyond which E x⁴ has %v", part, lo, hi, fourth(hi))
		}
	}
}

// The long study: every known law without cells, and without ranges where it
// confines itself, to the accuracy that the environment names.
func TestEveryKnownFigureHasTheAccuracy(t *testing.T) {
	accuracy, err := strconv.ParseFloat(os.Getenv("FOKKER_ACCURACY"), 64)
	if err != nil {
		t.Skip("FOKKER_ACCURACY is not set; `make accuracy` sets it")
	}
	limit := os.Getenv("FOKKER_SECONDS")
	for _, k := range answers() {
		t.Run(k.name, func(t *testing.T) {
			c := k.opened(t, literalOf(accuracy), "numerics.time_limit="+limit)
			begin := time.Now()
			r, err := c.Run(context.Background(), Options{})
			took := time.Since(begin).Seconds()
			if no := (*NotReached)(nil); errors.As(err, &no) {
				t.Logf("%s: %v", k.name, err)
				if r == nil { // no box in time
					return
				}
			} else if err != nil {
				t.Fatalf("%s: %v", k.name, err)
			}
			worst := k.check(t, r, accuracy)
			a := r.Accuracy
			box := ""
			for _, axis := range r.of.Problem.Axes {
				box += fmt.Sprintf(" [%g, %g]", axis.Lo, axis.Hi)
			}
			fmt.Printf("%-30s %v cells, box%s, %d meshes, %.2f s: estimated %.2g, true %.2g of the accuracy\n", k.name, r.Cells, box, a.Meshes, took, a.Reached/accuracy, worst)
		})
	}
}
