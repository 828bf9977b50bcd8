package validate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"fokker/cases"
	"fokker/operators"
)

// plans choose the levels of a ladder, by what differs in it.
var plans = map[string]func(*Convergence, *cases.Problem, Ladder) error{
	"cells": (*Convergence).plan, "box": (*Convergence).planBoxes, "time": (*Convergence).planTimes, "order": (*Convergence).planOrders,
}

// across is what the pictures have along the horizontal axis.
var across = map[string]string{
	"cells": "width of a cell over that on the finest mesh",
	"box":   "width of the box over that of the case",
	"time":  "tolerance of [evolve]",
	"order": "order",
}

// growing is the part of its cells that a box gets more on each side.
const growing = 1. / 8

// planBoxes lets the walls move out, by whole cells as wide as there, so that all
// other cells stay where they are. Those move that may be cuts, on axes whose spacing
// goes on.
func (c *Convergence) planBoxes(p *cases.Problem, l Ladder) error {
	levels := cmp.Or(l.Levels, usualLevels)
	if !slices.ContainsFunc(p.Axes, grows) {
		return &cases.Mistake{File: c.Case, Key: "axis", Found: "no axis has a wall that would move", Expected: "a reflecting end that is no wall of the process, cells that are uniform, sinh or log", Hint: "periods, absorbing walls, `walls` and graded cells belong to the process"}
	}
	for k := range levels {
		axes := slices.Clone(p.Axes)
		level := Level{H: 1}
		for i, a := range axes {
			if grows(a) {
				axes[i] = moved(a, int(math.Round(float64(k)*growing*float64(a.Cells))))
			}
			level.Cells = append(level.Cells, axes[i].Cells)
			level.Ranges = append(level.Ranges, [2]float64{axes[i].Lo, axes[i].Hi})
			level.H = max(level.H, float64(axes[i].Cells)/float64(a.Cells))
		}
		level.Label = fmt.Sprintf("box × %.3g", level.H)
		level.change = func(c *cases.Case) (*cases.Case, error) {
			c.Problem.Axes = axes
			return c, nil
		}
		c.Levels = append(c.Levels, level)
	}
	return nil
}

// grows reports whether a wall of the axis may be a cut.
func grows(a cases.AxisSpec) bool {
	goesOn := a.Spaced == "uniform" || a.Spaced == "sinh" || a.Spaced == "log" || len(a.Widths.At) > 0 // constant beyond its points
	return goesOn && len(a.Faces) == 0 && (a.Cuts(0) || a.Cuts(1))
}

// moved returns the axis with n more cells at every end that may be a cut.
func moved(a cases.AxisSpec, n int) cases.AxisSpec {
	u0, u1 := a.Spacing.Of(a.Lo), a.Spacing.Of(a.Hi)
	step := (u1 - u0) / float64(a.Cells) * float64(n)
	if n > 0 && a.Cuts(0) {
		a.Lo, a.Cells = a.Spacing.At(u0-step), a.Cells+n
	}
	if n > 0 && a.Cuts(1) {
		a.Hi, a.Cells = a.Spacing.At(u1+step), a.Cells+n
	}
	return a
}

// planTimes takes tolerances of [evolve], the last a tenth of the case's.
func (c *Convergence) planTimes(p *cases.Problem, l Ladder) error {
	levels := cmp.Or(l.Levels, usualLevels)
	if p.Evolve == nil {
		return &cases.Mistake{File: c.Case, Key: "evolve", Found: "found no [evolve]", Expected: "one, whose tolerance the ladder changes"}
	}
	if p.Chain != nil {
		return &cases.Mistake{File: c.Case, Key: "sgd.model", Found: `found "chain", which makes its steps and has no error in time`, Expected: `"diffusion"`, Hint: "--in cells"}
	}
	if loosest := p.Evolve.Tolerance * math.Pow10(levels-2); loosest > 1 { // laws are never further apart than 2
		return &cases.Mistake{File: c.Case, Key: "evolve.tolerance", Found: fmt.Sprintf("the loosest of %d tolerances would be %.3g", levels, loosest), Expected: "at most 1", Hint: "fewer levels, or a tighter tolerance of the case"}
	}
	var cells []int
	for _, a := range p.Axes {
		cells = append(cells, a.Cells)
	}
	for k := range levels {
		tolerance := p.Evolve.Tolerance * math.Pow10(levels-2-k)
		c.Levels = append(c.Levels, Level{
			Label: fmt.Sprintf("%.3g", tolerance), Cells: cells, Tolerance: tolerance, H: math.Pow10(levels - 1 - k),
			change: func(c *cases.Case) (*cases.Case, error) {
				task := *c.Problem.Evolve
				task.Tolerance = tolerance
				c.Problem.Evolve, c.Problem.Stationary, c.Problem.Quasistationary = &task, nil, nil
				return c, nil
			},
		})
	}
	c.Own = levels - 2
	return nil
}

// settle takes the last value for the limit. What is missing falls like the
// differences before it, which fall by equal factors: those of tails with the box,
// of steps with the tolerance.
func (f *Figure) settle(levels []Level) {
	tolerance, last := 0.0, len(levels)-1
	if levels[0].Tolerance == 0 { // of which the ladder is not made
		for _, l := range levels {
			tolerance = max(tolerance, l.noise(f.Task))
		}
	}
	f.Noise = max(tolerance, rounding) * f.scale
	if !f.agree(tolerance) {
		f.Order, f.Limit = math.NaN(), f.Values[last]
		step := math.Abs(f.difference(last))
		before := step
		if last > 1 {
			before = math.Abs(f.difference(last - 1))
		}
		switch ratio := step / before; {
		case last < 2:
			f.Note, f.LimitError = "two levels: the last difference is the error", step
		case ratio < 0.5: // the rest of a geometric series, whose ratio may be small by chance
			sure := max(ratio, 0.1)
			f.Note, f.LimitError = fmt.Sprintf("changes fall %.3g times", 1/ratio), step*sure/(1-sure)
		default:
			f.Note, f.LimitError = "changes do not fall", math.Inf(1)
		}
	}
	f.Error = f.LimitError
	for _, v := range f.Values {
		f.Errors = append(f.Errors, math.Abs(v-f.Limit))
	}
}

// planOrders takes all orders on the case's own mesh.
func (c *Convergence) planOrders(p *cases.Problem, _ Ladder) error {
	switch {
	case p.Chain != nil:
		return &cases.Mistake{File: c.Case, Key: "sgd.model", Found: `found "chain", whose steps have one scheme`, Expected: `"diffusion"`, Hint: "--in cells"}
	case p.Stationary == nil && p.Evolve == nil:
		return &cases.Mistake{File: c.Case, Key: "quasistationary", Found: "found alone, which is of order 2", Expected: "[stationary] or [evolve]", Hint: "--in cells"}
	}
	var cells []int
	for _, a := range p.Axes {
		cells = append(cells, a.Cells)
	}
	for i, order := range []operators.Order{0, operators.Fourth, operators.Spectral} {
		if order == p.Order {
			c.Own = i
		}
		c.Levels = append(c.Levels, Level{
			Label: [...]string{"2", "4", "spectral"}[i], Cells: cells, H: math.Ldexp(1, i),
			change: func(c *cases.Case) (*cases.Case, error) { return c.WithOrder(order) },
		})
	}
	return nil
}

// compareOrders solves with every order that the case allows. Errors are those
// that each estimates of itself.
func (c *Convergence) compareOrders(ctx context.Context, l Ladder) error {
	done, figures := []Level(nil), map[string]*Figure{}
	for k, level := range c.Levels {
		r, err := c.solveOrder(ctx, l, &level)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if k == 0 {
				return err
			}
			reason, _, _ := strings.Cut(err.Error(), "\n")
			c.warn("%s", reason)
			continue
		}
		if k == c.Own {
			c.Own = len(done)
		}
		done = append(done, level)
		if err := c.note(figures, r); err != nil {
			return err
		}
	}
	c.Levels = done
	return nil
}

func (c *Convergence) solveOrder(ctx context.Context, l Ladder, level *Level) (*cases.Result, error) {
	own, p := *c.of, *c.of.Problem
	own.Problem, p.Accuracy, p.WithoutErrors = &p, 0, false
	p.LawsOnly()
	if p.Evolve != nil {
		task := *p.Evolve
		task.Times, task.Method = task.Times[len(task.Times)-1:], ""
		p.Evolve = &task
	}
	if p.Stationary != nil {
		task := *p.Stationary
		task.Method = ""
		p.Stationary = &task
	}
	changed, err := level.change(&own)
	if err != nil {
		return nil, err
	}
	o := cases.Options{Workers: l.Workers, Errors: true}
	if l.Progress != nil {
		o.Progress = func(phase string, done float64) { l.Progress(phase+" with order "+level.Label, done) }
	}
	r, err := changed.Run(ctx, o)
	if err != nil {
		return nil, err
	}
	level.noises(r, c.of.Problem)
	if s := r.Stationary; s != nil {
		level.Seconds += s.Seconds
	}
	if e := r.Evolve; e != nil {
		level.Seconds += e.Seconds
	}
	return r, nil
}

// note adds the figures of one more order, and their errors.
func (c *Convergence) note(figures map[string]*Figure, r *cases.Result) error {
	values, err := readings(r, c.of.Problem)
	if err != nil {
		return err
	}
	errors, err := readings(asErrors(r), c.of.Problem)
	if err != nil {
		return err
	}
	known := map[string]float64{}
	for _, e := range errors {
		known[e.name()] = e.value
	}
	for _, v := range values {
		f := figures[v.name()]
		if f == nil {
			f = &Figure{Name: v.name(), Task: v.task, Label: v.label, scale: v.scale, Order: math.NaN()}
			figures[f.Name], c.Figures = f, append(c.Figures, f)
		}
		e, ok := known[v.name()]
		if !ok {
			e = math.NaN()
		}
		f.Values, f.Errors = append(f.Values, v.value), append(f.Errors, e)
		if f.Limit, f.LimitError, f.Error = v.value, e, e; math.IsNaN(e) {
			f.LimitError = math.Inf(1)
		}
	}
	return nil
}

// asErrors returns a result whose figures are the errors of another's.
func asErrors(r *cases.Result) *cases.Result {
	out := *r
	out.Stationary, out.Evolve = nil, nil
	if s := r.Stationary; s != nil && s.Error != nil {
		out.Stationary = &cases.StationaryResult{Figures: *s.Error, Masses: s.Masses}
	}
	if e := r.Evolve; e != nil && e.Error != nil {
		out.Evolve = &cases.EvolveResult{Times: e.Times, Series: e.Error.Series, Lost: e.Error.Lost, Masses: e.Masses}
	}
	return &out
}
