package validate

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fokker/cases"
	"fokker/cases/rundir"
)

const (
	usualLevels = 4
	tighter     = 100
	tightest    = 1e-9 // of [evolve], an L1 error: far above what rounding allows it
)

// MostLevels of boxes and tolerances: by then a box is four times the case's, and
// tolerances span eleven decades.
const MostLevels = 12

// LadderTasks are those whose figures are compared.
var LadderTasks = []string{"stationary", "evolve", "quasistationary"}

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
	// Noise of the law that no mesh explains, as an L1 distance: of the solvers of
	// laws at rest and of the integration in time.
	StationaryNoise      float64 `json:"stationary_noise,omitempty"`
	EvolveNoise          float64 `json:"evolve_noise,omitempty"`
	QuasistationaryNoise float64 `json:"quasistationary_noise,omitempty"`

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
	if open := c.Problem.LeftOpen(); open != "" {
		return nil, &cases.Mistake{File: c.Name, Key: "axis", Found: open + " is left open", Expected: "a range and a number of cells for every axis", Hint: "`fokker run` chooses them; the case.toml that it writes has them"}
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

// solveOn runs the case on another level.
func solveOn(ctx context.Context, c *cases.Case, l Ladder, on *Level) (*cases.Result, error) {
	level, p := *c, *c.Problem
	level.Problem, p.Axes, p.Accuracy = &p, slices.Clone(p.Axes), 0
	region := p.Quasistationary
	p.LawsOnly()
	if region != nil {
		task := *region
		task.Tolerance /= tighter
		p.Quasistationary = &task
	}
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
	if r.Quasistationary != nil { // by iterations on elimination
		l.QuasistationaryNoise = max(rounding, p.Quasistationary.Tolerance/tighter)
	}
}

// noise is that of a task.
func (l *Level) noise(task string) float64 {
	return map[string]float64{"stationary": l.StationaryNoise, "evolve": l.EvolveNoise, "quasistationary": l.QuasistationaryNoise}[task]
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
		for _, task := range LadderTasks {
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
