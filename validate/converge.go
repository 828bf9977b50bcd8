package validate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"codeberg.org/go-fonts/liberation/liberationserifregular"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"

	"fokker/cases"
	"fokker/cases/rundir"
	"fokker/grid"
	"fokker/operators"
)

const (
	usualLevels   = 4
	fewestCells   = 8 // of an axis on the coarsest mesh
	fewestAround  = 3 // of a periodic one
	tighter       = 100
	tightest      = 1e-9  // of [evolve], an L1 error: far above what rounding allows it
	rounding      = 1e-11 // of a figure, relative to its scale: rates, laws and sums of many cells lose five digits of sixteen
	leastOrder    = 0.5   // an observed order below is a sign that the meshes are too coarse
	better        = 2.5   // so much above that of the scheme is one as well
	steepestOrder = 64    // that is looked for; beyond, a difference is zero
)

// MostLevels of boxes and tolerances: by then a box is four times the case's, and
// tolerances span eleven decades.
const MostLevels = 12

// Ladder says how Converge solves a case several times. The zero value is four
// meshes, with an eighth of the case's cells along every axis, a quarter, a
// half and all.
type Ladder struct {
	In       string // what differs: "cells", which "" is, "box", "time" or "order"
	Levels   int    // of the ladder; 0 is 4, of orders there are 3
	Finer    bool   // begin with the case's own mesh and double
	Workers  int    // 0: what the case or the machine says
	Progress func(phase string, done float64)
}

// Convergence is a case on a ladder of meshes, boxes, tolerances or orders.
type Convergence struct {
	Case     string
	In       string
	Time     float64 // of the figures of [evolve]
	Levels   []Level // the coarsest first, or the smallest box, or the loosest tolerance
	Own      int     // the level that is the case's own
	Figures  []*Figure
	Warnings []string

	of *cases.Case
}

// Level is one rung: what is solved on it.
type Level struct {
	Label     string       `json:"label"`
	Cells     []int        `json:"cells"`
	Ranges    [][2]float64 `json:"ranges,omitempty"`    // of the ladder of boxes
	Tolerance float64      `json:"tolerance,omitempty"` // of that of times
	Seconds   float64      `json:"seconds,omitempty"`   // of that of orders
	H         float64      `json:"h"`                   // width of a cell over that on the finest mesh; of boxes, of tolerances: over the case's, the tightest; the order's place
	// Noise of the law that no mesh explains, as an L1 distance: of the
	// stationary solver and of the integration in time.
	StationaryNoise float64 `json:"stationary_noise,omitempty"`
	EvolveNoise     float64 `json:"evolve_noise,omitempty"`

	change func(c *cases.Case) (*cases.Case, error) // of a case whose problem and axes are its own
}

// Figure is one number on every mesh, with what the differences between them
// say: the order p from (f₁ − f₂)/(f₂ − f₃) = (h₁ᵖ − h₂ᵖ)/(h₂ᵖ − h₃ᵖ), and
// the limit f₃ + (f₃ − f₂)/((h₂/h₃)ᵖ − 1) (Richardson 1911).
type Figure struct {
	Name   string    `json:"-"` // its path in the summary of a run, without places in lists
	Task   string    `json:"-"` // the first part of it
	Label  string    `json:"-"` // what a person calls it
	Values []float64 `json:"values"`
	Errors []float64 `json:"errors"` // |value − limit|
	Orders []float64 `json:"orders"` // of each three meshes in a row, NaN where there is none

	Order      float64 `json:"order"` // the limit rests on; NaN where values agree
	Limit      float64 `json:"limit"`
	LimitError float64 `json:"limit_error"` // estimated; infinite where differences do not fall
	Error      float64 `json:"error"`       // of the finest value, estimated: its distance from the limit and LimitError
	Noise      float64 `json:"noise"`       // of every value, left by the solvers
	Note       string  `json:"note,omitempty"`

	scale  float64
	scheme float64 // its order
}

// Converge solves the case on every mesh of the ladder, the finest first: what
// it cannot do is known before the rest. Time is integrated to a hundredth of
// the case's tolerance, so that differences are those of the meshes.
func Converge(ctx context.Context, c *cases.Case, l Ladder) (*Convergence, error) {
	out := &Convergence{Case: c.Name, of: c}
	if e := c.Problem.Evolve; e != nil {
		out.Time = e.Times[len(e.Times)-1]
	}
	if c.Problem.Open() {
		return nil, &cases.Mistake{File: c.Name, Key: "axis", Found: "a range or a number of cells is left open", Expected: "both, for every axis", Hint: "`fokker run` chooses them; the case.toml that it writes has them"}
	}
	out.In = cmp.Or(l.In, "cells")
	if out.In != "cells" && l.Levels > MostLevels {
		return nil, fmt.Errorf("validate: %d levels in %q, expected at most %d", l.Levels, out.In, MostLevels)
	}
	plan, known := plans[out.In]
	if !known {
		return nil, fmt.Errorf("validate: no ladder in %q, expected cells, box, time or order", l.In)
	}
	if err := plan(out, c.Problem, l); err != nil {
		return nil, err
	}
	if out.In == "order" {
		return out, out.compareOrders(ctx, l)
	}
	read := make([][]reading, len(out.Levels))
	for k := len(read) - 1; k >= 0; k-- {
		r, err := solveOn(ctx, c, l, &out.Levels[k])
		if err != nil {
			return nil, fmt.Errorf("on %s: %w", out.Levels[k].place(), err)
		}
		out.Levels[k].noises(r, c.Problem)
		if read[k], err = readings(r, c.Problem); err != nil {
			return nil, err
		}
		if k == len(read)-1 {
			out.Warnings = append(out.Warnings, r.Warnings...)
		}
	}
	out.collect(read)
	return out, nil
}

func times(cells []int) string {
	return strings.Join(strings.Fields(strings.Trim(fmt.Sprint(cells), "[]")), " × ")
}

// plan chooses the meshes.
func (c *Convergence) plan(p *cases.Problem, l Ladder) error {
	levels := cmp.Or(l.Levels, usualLevels)
	if levels < 2 {
		return fmt.Errorf("validate: %d meshes, expected at least 2", levels)
	}
	for k := range levels {
		factor := math.Ldexp(1, -k)
		if l.Finer {
			factor = math.Ldexp(1, levels-1-k)
		}
		cells, why := scaled(p, factor)
		if why != "" {
			c.warn("the ladder ends after %d of %d meshes: on the next %s", k, levels, why)
			break
		}
		c.Levels = append(c.Levels, Level{Label: times(cells), Cells: cells, change: onCells(cells)})
	}
	if len(c.Levels) < 2 {
		hint := "--cells gives it more, --finer climbs instead"
		if l.Finer {
			hint = "--levels asks for fewer meshes"
		}
		return &cases.Mistake{File: c.Case, Key: "axis.cells", Found: strings.Join(c.Warnings, ""), Hint: hint}
	}
	slices.Reverse(c.Levels)
	if c.Own = len(c.Levels) - 1; l.Finer {
		c.Own = 0
	}
	c.measure()
	return nil
}

// onCells is a case on other meshes.
func onCells(cells []int) func(*cases.Case) (*cases.Case, error) {
	return func(c *cases.Case) (*cases.Case, error) {
		for k, n := range cells {
			c.Problem.Axes[k].Cells = n
		}
		return c, nil
	}
}

// place names the level in messages.
func (l *Level) place() string {
	if l.Ranges == nil && l.Tolerance == 0 {
		return l.Label + " cells"
	}
	return l.Label
}

func (c *Convergence) warn(format string, args ...any) {
	c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...))
}

// scaled returns the numbers of cells times the factor, or why there is no such
// mesh.
func scaled(p *cases.Problem, factor float64) (cells []int, why string) {
	all := 1.0
	for _, a := range p.Axes {
		exact := factor * float64(a.Cells)
		if all *= exact; all > grid.MaxCells {
			return nil, fmt.Sprintf("there would be %.3g cells, more than %d", all, grid.MaxCells)
		}
		n := int(math.Round(exact))
		if factor < 1 {
			why = tooFew(a, n)
		}
		if why != "" {
			return nil, why
		}
		cells = append(cells, n)
	}
	return cells, ""
}

// tooFew says why an axis cannot have so few cells, "" if it can.
func tooFew(a cases.AxisSpec, n int) string {
	least := fewestCells
	if a.Ends[0] == grid.Periodic {
		least = fewestAround
	}
	if n < least {
		return fmt.Sprintf("axis %q would have %d cells, fewer than %d", a.Name, n, least)
	}
	if _, _, err := a.Spacing.Edges(a.Lo, a.Hi, n, a.Faces...); err != nil {
		return fmt.Sprintf("axis %q would have %d cells, too few for its faces", a.Name, n)
	}
	return ""
}

// measure sets the widths h, the geometric mean over axes, and warns of meshes
// that are no multiples of each other.
func (c *Convergence) measure() {
	finest := c.Levels[len(c.Levels)-1].Cells
	uneven := false
	for k := range c.Levels {
		product := 1.0
		for axis, n := range c.Levels[k].Cells {
			product *= float64(finest[axis]) / float64(n)
			uneven = uneven || finest[axis]%n != 0
		}
		c.Levels[k].H = math.Pow(product, 1/float64(len(finest)))
	}
	if uneven {
		c.warn("the cells of the meshes do not divide each other: orders are approximate; a number of cells divisible by %d would do", 1<<(len(c.Levels)-1))
	}
}

// solveOn runs the case on another level.
func solveOn(ctx context.Context, c *cases.Case, l Ladder, on *Level) (*cases.Result, error) {
	level, p := *c, *c.Problem
	level.Problem, p.Axes, p.Accuracy = &p, slices.Clone(p.Axes), 0
	p.LawsOnly()
	if p.Evolve != nil {
		task := *p.Evolve
		task.Tolerance = min(task.Tolerance, max(task.Tolerance/tighter, tightest))
		task.Times = task.Times[len(task.Times)-1:]
		p.Evolve = &task
	}
	if p.Stationary != nil {
		task := *p.Stationary
		task.Tolerance /= tighter
		p.Stationary = &task
	}
	o := cases.Options{Workers: l.Workers}
	if l.Progress != nil {
		o.Progress = func(phase string, done float64) { l.Progress(phase+" on "+on.Label, done) }
	}
	changed, err := on.change(&level)
	if err != nil {
		return nil, err
	}
	return changed.Run(ctx, o)
}

// noises reads how exactly the mesh was solved.
func (l *Level) noises(r *cases.Result, p *cases.Problem) {
	if r.Stationary != nil {
		l.StationaryNoise = rounding
		if !strings.HasPrefix(r.Stationary.Method, "gth") { // elimination is exact to rounding
			l.StationaryNoise = p.Stationary.Tolerance / tighter
		}
	}
	if r.Evolve != nil {
		l.EvolveNoise = max(rounding, r.Evolve.TimeError)
	}
}

// reading is a figure on one mesh. Scale is what a change of the law by 1 in
// L1 would change it by, about.
type reading struct {
	task, key, label string
	value, scale     float64
}

// name is where the figure stands in the summary of a run.
func (r reading) name() string { return r.task + "." + r.key }

// readings lists the figures of a result, in a fixed order.
func readings(r *cases.Result, p *cases.Problem) (out []reading, err error) {
	if s := r.Stationary; s != nil {
		f := &reader{task: "stationary", result: r, problem: p, law: s.Masses}
		f.moments(s.Mean, s.Covariance, s.Entropy, s.FreeEnergy)
		f.classes(s.Classes)
		if err := f.observables(s.Observables); err != nil {
			return nil, err
		}
		out = append(out, f.list...)
	}
	if e := r.Evolve; e != nil {
		last := len(e.Times) - 1
		f := &reader{task: "evolve", result: r, problem: p, law: e.Masses[last], time: e.Times[last]}
		f.add("mass", "mass", e.Mass[last], 1)
		f.add("lost", "lost", e.Lost[last], 1)
		var free *float64
		if e.FreeEnergy != nil {
			free = &e.FreeEnergy[last]
		}
		f.moments(final(e.Mean), final(e.Covariance), e.Entropy[last], free)
		if err := f.observables(final(e.Observables)); err != nil {
			return nil, err
		}
		out = append(out, f.list...)
	}
	return out, nil
}

// final returns the last of every series.
func final(series map[string][]float64) map[string]float64 {
	out := map[string]float64{}
	for name, v := range series {
		out[name] = v[len(v)-1]
	}
	return out
}

// reader collects the figures of one task.
type reader struct {
	task    string
	result  *cases.Result
	problem *cases.Problem
	law     []float64
	time    float64
	list    []reading
}

func (f *reader) add(key, label string, value, scale float64) {
	f.list = append(f.list, reading{f.task, key, label, value, max(scale, math.Abs(value))})
}

func (f *reader) moments(mean, covariance map[string]float64, entropy float64, free *float64) {
	axes := f.result.Grid.Axes()
	deviation := func(x string) float64 { return math.Sqrt(covariance[x+","+x]) }
	for _, a := range axes {
		f.add("mean."+a.Name, "mean "+a.Name, mean[a.Name], deviation(a.Name))
	}
	for k, a := range axes {
		for _, b := range axes[k:] {
			pair := a.Name + "," + b.Name
			f.add("covariance."+pair, "covariance "+pair, covariance[pair], deviation(a.Name)*deviation(b.Name))
		}
	}
	f.add("entropy", "entropy", entropy, 1)
	if free != nil {
		f.add("free_energy", "free energy", *free, 0)
	}
}

// classes adds the probabilities of several closed classes.
func (f *reader) classes(all []cases.ClassResult) {
	if len(all) < 2 {
		return
	}
	for i, c := range all {
		f.add(fmt.Sprintf("classes.%d.probability", i), fmt.Sprintf("probability %d", i+1), c.Probability, 1)
	}
}

// observables adds E φ, whose scale is the root of E φ².
func (f *reader) observables(values map[string]float64) error {
	for i := range f.problem.Observables {
		o := &f.problem.Observables[i]
		phi, err := o.OnCells(f.result.Grid, f.time)
		if err != nil {
			return err
		}
		square := 0.0
		for j, v := range phi {
			square += f.law[j] * v * v
		}
		f.add("observables."+o.Name, "E "+o.Name, values[o.Name], math.Sqrt(square))
	}
	return nil
}

// collect turns the readings of all meshes into figures. Closed classes whose
// number differs between meshes are not compared.
func (c *Convergence) collect(read [][]reading) {
	finest := len(read) - 1
	values := make([]map[string]float64, len(read))
	for k, list := range read {
		values[k] = map[string]float64{}
		for _, r := range list {
			values[k][r.name()] = r.value
		}
	}
	same := func(m map[string]float64) bool { return len(m) == len(values[finest]) }
	comparable := !slices.ContainsFunc(values, func(m map[string]float64) bool { return !same(m) })
	if !comparable {
		c.warn("the number of closed classes differs between the meshes: their probabilities are not compared")
	}
	for _, r := range read[finest] {
		if comparable || !strings.HasPrefix(r.key, "classes.") {
			f := &Figure{Name: r.name(), Task: r.task, Label: r.label, scale: r.scale}
			for _, v := range values {
				f.Values = append(f.Values, v[f.Name])
			}
			if c.In == "cells" {
				f.scheme = schemeOrder(c.of.Problem)
				f.analyse(c.Levels)
			} else {
				f.settle(c.Levels)
			}
			c.Figures = append(c.Figures, f)
		}
	}
}

// analyse finds orders, limit and errors.
func (f *Figure) analyse(levels []Level) {
	h, tolerance := make([]float64, len(levels)), 0.0
	for k, l := range levels {
		h[k] = l.H
		tolerance = max(tolerance, map[string]float64{"stationary": l.StationaryNoise, "evolve": l.EvolveNoise}[f.Task])
	}
	f.Noise = tolerance * f.scale
	for k := 2; k < len(h); k++ {
		f.Orders = append(f.Orders, f.observe(f.Values[k-2:k+1], h[k-2:k+1]))
	}
	if !f.agree(tolerance) {
		f.extrapolate(h)
	}
	f.Error = math.Abs(f.Values[len(h)-1]-f.Limit) + f.LimitError
	for _, v := range f.Values {
		f.Errors = append(f.Errors, math.Abs(v-f.Limit))
	}
}

// difference returns f of level k less that of level k − 1.
func (f *Figure) difference(k int) float64 { return f.Values[k] - f.Values[k-1] }

// agree reports whether the last values differ by no more than the noise, and
// then takes the finest for the limit.
func (f *Figure) agree(tolerance float64) bool {
	last := len(f.Values) - 1
	if math.Abs(f.difference(last)) > f.Noise {
		return false
	}
	f.Order, f.Limit, f.LimitError = math.NaN(), f.Values[last], f.Noise
	switch least, most := slices.Min(f.Values), slices.Max(f.Values); {
	case most-least <= f.Noise:
		f.Note = "does not change"
	case tolerance > rounding:
		f.Note = "exact to the solver's tolerance"
	default:
		f.Note = "exact to rounding"
	}
	return true
}

// observe returns the order of three values, NaN where the differences have no
// common sign or one is noise.
func (f *Figure) observe(v, h []float64) float64 {
	d1, d2 := v[1]-v[0], v[2]-v[1]
	if min(math.Abs(d1), math.Abs(d2)) <= f.Noise || d1*d2 <= 0 {
		return math.NaN()
	}
	return orderOf(d1/d2, math.Log(h[0]/h[1]), math.Log(h[1]/h[2]))
}

// orderOf solves (e^(pa) − 1)/(1 − e^(−pb)) = ratio for p by bisection: the
// left side increases with p. For a = b it is e^(pa).
func orderOf(ratio, a, b float64) float64 {
	if a == b {
		return math.Log(ratio) / a
	}
	lo, hi := -float64(steepestOrder), float64(steepestOrder)
	for mid := lo + (hi-lo)/2; lo < mid && mid < hi; mid = lo + (hi-lo)/2 {
		left := a / b
		if mid != 0 {
			left = math.Expm1(mid*a) / -math.Expm1(-mid*b)
		}
		if left < ratio {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// extrapolate finds the limit, with the observed order if it is a plausible
// one.
func (f *Figure) extrapolate(h []float64) {
	last := len(h) - 1
	observed := math.NaN()
	if last >= 2 {
		observed = f.Orders[last-2]
	}
	if !f.regular(observed) {
		f.assume(h, observed)
		return
	}
	f.Order = observed
	f.Limit = f.limit(h, last, observed)
	if last < 3 || !f.regular(f.Orders[last-3]) { // nothing says how well the order is known
		f.LimitError = max(math.Abs(f.Limit-f.Values[last]), math.Abs(f.difference(last)))
		return
	}
	coarser := f.limit(h, last-1, f.Orders[last-3])
	whole := f.limit(h, last, max(1, math.Round(observed))) // of a smooth problem on a fine mesh
	f.LimitError = max(f.Noise, math.Abs(f.Limit-coarser), math.Abs(f.Limit-whole))
}

func (f *Figure) regular(p float64) bool { return p >= leastOrder && p <= f.scheme+better }

// schemeOrder is the order of a case's scheme where noise resolves the drift. With
// interpolation by all cells errors fall faster than with any; the eighth is what
// halving cells gains before that.
func schemeOrder(p *cases.Problem) float64 {
	switch p.Order {
	case operators.Fourth:
		return 4
	case operators.Spectral:
		return 8
	}
	return 2
}

// limit is Richardson's from level k and the one before.
func (f *Figure) limit(h []float64, k int, p float64) float64 {
	return f.Values[k] + f.difference(k)/(math.Pow(h[k-1]/h[k], p)-1)
}

// assume takes the order of the scheme, and an error that does not rely on it.
func (f *Figure) assume(h []float64, observed float64) {
	last := len(h) - 1
	f.Order = f.scheme
	f.Limit = f.limit(h, last, f.scheme)
	step, before := math.Abs(f.difference(last)), 0.0
	if last >= 2 {
		before = math.Abs(f.difference(last - 1))
	}
	ratio := h[last-1] / h[last]
	why := ""
	switch {
	case last < 2:
		why, f.LimitError = "two meshes", step
	case observed > f.scheme+better:
		why, f.LimitError = fmt.Sprintf("faster than order %g", f.scheme+better), step
		if last < 3 || !(f.Orders[last-3] >= f.scheme) { // it may be chance
			f.LimitError = max(step, before/math.Pow(ratio, f.scheme))
		}
	case observed > 0:
		why, f.LimitError = "slower than order 0.5", max(before, step/(math.Pow(ratio, observed)-1))
	case observed <= 0:
		why, f.LimitError = "differences grow", math.Inf(1)
	default:
		why, f.LimitError = "differences change sign", max(step, before)
	}
	f.Note = fmt.Sprintf("order %g assumed: %s", f.scheme, why)
}

// Write writes the directory dir, whole or not at all: summary.json, case.toml
// and a picture per task. What stands there is replaced if it is a run
// directory or empty.
func (c *Convergence) Write(dir string) error {
	return rundir.Replace(dir, func(fresh string) error {
		summary, err := rundir.Marshal(c.summary())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(fresh, "summary.json"), summary, 0o666); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(fresh, "case.toml"), c.of.TOML(), 0o666); err != nil {
			return err
		}
		for _, task := range []string{"stationary", "evolve"} {
			if err := c.picture(filepath.Join(fresh, "converge-"+task+".png"), task); err != nil {
				return err
			}
		}
		return nil
	})
}

// summary is what goes into summary.json.
func (c *Convergence) summary() any {
	figures := map[string]*Figure{}
	for _, f := range c.Figures {
		figures[f.Name] = f
	}
	type converge struct {
		In      string             `json:"in"`
		Own     int                `json:"own"`
		Levels  []Level            `json:"levels"`
		Figures map[string]*Figure `json:"figures"`
	}
	return struct {
		Schema   int      `json:"schema"`
		Case     string   `json:"case"`
		Version  string   `json:"version"`
		Cells    []int    `json:"cells"`
		Converge converge `json:"converge"`
		Warnings []string `json:"warnings,omitempty"`
	}{1, c.Case, cases.Version, c.Levels[len(c.Levels)-1].Cells, converge{c.In, c.Own, c.Levels, figures}, c.Warnings}
}

// The picture, in points.
const (
	pictureWidth, pictureHeight = 600, 420
	left, right, lower, upper   = 72, 410, 52, 370 // sides of the panel
	letters                     = 11               // size
	mostCurves                  = 12
)

// drawn returns the figures of a task whose errors are known and not noise, the
// largest first.
func (c *Convergence) drawn(task string) []*Figure {
	list := slices.DeleteFunc(slices.Clone(c.Figures), func(f *Figure) bool {
		return f.Task != task || math.IsInf(f.LimitError, 1) || len(f.points(c.Levels)) < 2
	})
	slices.SortStableFunc(list, func(a, b *Figure) int {
		return cmp.Compare(b.Errors[0]/b.scale, a.Errors[0]/a.scale)
	})
	return list[:min(len(list), mostCurves)]
}

// point is a width of cells and an error, or a place in the picture.
type point struct{ x, y float64 }

// points returns the errors above the noise, over the scale of the figure.
func (f *Figure) points(levels []Level) (out []point) {
	for k, e := range f.Errors {
		if e > f.Noise {
			out = append(out, point{levels[k].H, e / f.scale})
		}
	}
	return out
}

// picture draws errors against h, with slopes 1 and 2 as guides, dashed where no
// order was observed; nothing where no figure changes.
func (c *Convergence) picture(path, task string) error {
	figures := c.drawn(task)
	if len(figures) == 0 {
		return nil
	}
	curves := make([][]point, len(figures))
	for i, f := range figures {
		curves[i] = f.points(c.Levels)
	}
	p, err := newChart(curves, max(c.Levels[0].H, c.Levels[len(c.Levels)-1].H))
	if err != nil {
		return err
	}
	p.text(cmp.Or(c.of.Title, c.Case)+": errors, "+task, (left+right)/2, pictureHeight-28, 0.5)
	p.text(across[c.In], (left+right)/2, lower-36, 0.5)
	p.upwards("error over the scale of the figure", left-52, (lower+upper)/2)
	p.frame(c.Levels, c.In)
	p.guides(curves, powers[c.In])
	for i, f := range figures {
		if c.In == "cells" && f.Note != "" { // the limit is no extrapolation by an observed order
			p.SetLineDash([]vg.Length{4, 2}, 0)
		}
		p.curve(curves[i], 1.3, hue(i, len(figures)), true)
		p.entry(f.Label, i, hue(i, len(figures)))
		p.SetLineDash(nil, 0)
	}
	return p.save(path)
}

// chart is a panel with logarithmic axes.
type chart struct {
	*vgimg.Canvas
	face       font.Face
	x1, y0, y1 float64 // natural logarithms at the right, lower and upper side; at the left is 0
}

// newChart makes room for the curves and for h up to the coarsest.
func newChart(curves [][]point, coarsest float64) (*chart, error) {
	serif, err := opentype.Parse(liberationserifregular.TTF)
	if err != nil {
		return nil, err
	}
	named := font.Font{Typeface: "Liberation", Variant: "Serif"}
	cache := font.NewCache(font.Collection{{Font: named, Face: serif}})
	p := &chart{
		Canvas: vgimg.NewWith(vgimg.UseWH(pictureWidth, pictureHeight), vgimg.UseDPI(144)),
		face:   cache.Lookup(named, letters), x1: math.Log(coarsest), y0: math.Inf(1), y1: math.Inf(-1),
	}
	for _, curve := range curves {
		for _, q := range curve {
			p.y0, p.y1 = min(p.y0, math.Log(q.y)), max(p.y1, math.Log(q.y))
		}
	}
	p.y0, p.y1 = p.y0-math.Ln2, p.y1+math.Ln2 // a margin of a factor of 2
	return p, nil
}

// at returns the place of a point.
func (p *chart) at(q point) point {
	const margin = 0.04 // of the width, at both sides
	u := margin + (1-2*margin)*math.Log(q.x)/p.x1
	v := (math.Log(q.y) - p.y0) / (p.y1 - p.y0)
	return point{left + u*(right-left), lower + v*(upper-lower)}
}

// stroke joins places by a line.
func (p *chart) stroke(width float64, c color.Color, places ...point) {
	var path vg.Path
	path.Move(vg.Point{X: vg.Length(places[0].x), Y: vg.Length(places[0].y)})
	for _, q := range places[1:] {
		path.Line(vg.Point{X: vg.Length(q.x), Y: vg.Length(q.y)})
	}
	p.SetLineWidth(vg.Length(width))
	p.SetColor(c)
	p.Stroke(path)
}

// dot fills a circle.
func (p *chart) dot(q point, c color.Color) {
	const radius = 2.6
	var path vg.Path
	path.Move(vg.Point{X: vg.Length(q.x + radius), Y: vg.Length(q.y)})
	path.Arc(vg.Point{X: vg.Length(q.x), Y: vg.Length(q.y)}, radius, 0, 2*math.Pi)
	path.Close()
	p.SetColor(c)
	p.Fill(path)
}

func (p *chart) curve(points []point, width float64, c color.Color, dots bool) {
	places := make([]point, len(points))
	for i, q := range points {
		places[i] = p.at(q)
		if dots {
			p.dot(places[i], c)
		}
	}
	p.stroke(width, c, places...)
}

// text writes s at x, y, the fraction align of it to the left of x.
func (p *chart) text(s string, x, y, align float64) {
	p.SetColor(color.Black)
	p.FillString(p.face, vg.Point{X: vg.Length(x) - vg.Length(align)*p.face.Width(s), Y: vg.Length(y)}, s)
}

func (p *chart) upwards(s string, x, y float64) {
	p.Push()
	defer p.Pop()
	p.Rotate(math.Pi / 2)
	p.text(s, y, -x, 0.5)
}

// frame draws the sides, the widths of cells, and powers of ten.
func (p *chart) frame(levels []Level, in string) {
	p.stroke(0.7, color.Black, point{left, lower}, point{right, lower}, point{right, upper}, point{left, upper}, point{left, lower}, point{right, lower})
	for _, l := range levels {
		x := p.at(point{l.H, 1}).x
		p.stroke(0.7, color.Black, point{x, lower}, point{x, lower - 5})
		name := fmt.Sprintf("%.3g", l.H)
		if in == "order" || in == "time" {
			name = l.Label
		}
		p.text(name, x, lower-18, 0.5)
	}
	lo, hi := int(math.Ceil(p.y0/math.Ln10)), int(math.Floor(p.y1/math.Ln10))
	const most = 9 // labels
	for e, every := lo, 1+(hi-lo)/most; e <= hi; e += every {
		y := p.at(point{1, math.Pow10(e)}).y
		p.stroke(0.7, color.Black, point{left, y}, point{left - 5, y})
		p.text(strings.Replace(fmt.Sprintf("1e%d", e), "-", "−", 1), left-8, y-letters/3, 1)
	}
}

// guides draws slopes 1 and so on through the geometric mean of the coarsest
// errors, as far as they are in the panel.
func (p *chart) guides(curves [][]point, powers int) {
	gray, mean := color.Gray{0x90}, 0.0
	for _, curve := range curves {
		mean += math.Log(curve[0].y) / float64(len(curves))
	}
	for i, dash := range []vg.Length{2, 6}[:powers] {
		slope := float64(i + 1)
		p.SetLineDash([]vg.Length{dash, 3}, 0)
		from := max(0, p.x1-(mean-p.y0)/slope)
		p.curve([]point{{math.Exp(from), math.Exp(mean - slope*(p.x1-from))}, {math.Exp(p.x1), math.Exp(mean)}}, 1, gray, false)
		y := upper - 15*float64(i) - 8
		p.stroke(1, gray, point{right + 12, y + 3.5}, point{right + 34, y + 3.5})
		p.SetLineDash(nil, 0)
		p.text(fmt.Sprintf("slope %d", i+1), right+40, y, 0)
	}
}

// entry is line i of the legend, below the guides.
func (p *chart) entry(label string, i int, c color.Color) {
	const room = 22
	if r := []rune(label); len(r) > room {
		label = string(r[:room-1]) + "…"
	}
	y := upper - 15*float64(i+2) - 8
	p.stroke(1.3, c, point{right + 12, y + 3.5}, point{right + 34, y + 3.5})
	p.dot(point{right + 23, y + 3.5}, c)
	p.text(label, right+40, y, 0)
}

// hue returns color i of n: from dark to light by colours of viridis (van der
// Walt and Smith 2015).
func hue(i, n int) color.Color {
	stops := [][3]float64{{68, 1, 84}, {49, 104, 142}, {53, 183, 121}, {178, 200, 40}}
	u := float64(i) / float64(max(1, n-1)) * float64(len(stops)-1)
	k := min(int(u), len(stops)-2)
	mix := func(c int) uint8 { return uint8(stops[k][c] + (u-float64(k))*(stops[k+1][c]-stops[k][c])) }
	return color.RGBA{mix(0), mix(1), mix(2), 255}
}

func (p *chart) save(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = vgimg.PngCanvas{Canvas: p.Canvas}.WriteTo(f)
	return errors.Join(err, f.Close())
}
