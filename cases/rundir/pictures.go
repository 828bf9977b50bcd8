package rundir

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Pictures draws into dir what r has to show:
//
//	stationary.png, stationary-log.png   the stationary law
//	quasistationary.png, …-log.png       the law of what has not left a region
//	final.png, final-log.png             the law at the last time
//	evolution.png                        the law at up to six times, between which it changes equally much
//	evolution-map.png                    one axis, eight times or more: density over space and time
//	current.png                          two axes: the stationary current, or else the final one
//	marginals.png                        several axes: each one's density at up to six times
//	observables.png                      expectations in time, at most twelve
//	learning.png                         a law beside the tempered posterior, λ by temperature
//	influence.png                        what taking away each example changes
//	validate.png                         samples against the law they should have
//	compare.png                          a law by several descriptions of an optimiser
//
// One axis is drawn as curves; two as a heat map with its marginals; more as a
// triangle of pair marginals. Linear maps show the part of the box where the
// density exceeds 1e-3 of its maximum, and all but 1e-3 of the mass; curves all
// but 1e-6 of it; logarithmic pictures the whole box.
func Pictures(dir string, r *Result) error {
	if err := r.check(); err != nil {
		return err
	}
	return together(context.Background(), pictures(dir, r))
}

// fewestRows of a map in time: fewer say nothing that curves do not.
const fewestRows = 8

// picture is a file and what draws it.
type picture struct {
	name string
	draw func(r *Result) *page
}

// pictures returns the jobs that draw, the longest first.
func pictures(dir string, r *Result) (jobs []func(context.Context) error) {
	for _, p := range gallery(r) {
		jobs = append(jobs, func(context.Context) error {
			f, err := os.Create(filepath.Join(dir, p.name+".png"))
			if err != nil {
				return fmt.Errorf("rundir: %w", err)
			}
			if err := encodePNG(f, p.draw(r).pixels); err != nil {
				f.Close() // the first error is the one to know
				return fmt.Errorf("rundir: %s: %w", f.Name(), err)
			}
			if err := f.Close(); err != nil {
				return fmt.Errorf("rundir: %w", err)
			}
			return nil
		})
	}
	return jobs
}

// gallery lists the pictures of a result.
func gallery(r *Result) (list []picture) {
	dim := r.Grid.Dim()
	evolved := len(r.Masses) > 0
	add := func(name string, draw func(r *Result) *page) { list = append(list, picture{name, draw}) }
	if evolved && dim <= 2 {
		add("evolution", []func(*Result) *page{drawEvolution1, drawEvolution2}[dim-1])
	}
	if dim == 2 && (r.StationaryCurrent != nil && r.Stationary != nil || r.FinalCurrent != nil && evolved) {
		add("current", drawCurrent)
	}
	if r.Stationary != nil {
		add("stationary", func(r *Result) *page { return drawLaw(r, r.Stationary, "stationary density", false) })
		add("stationary-log", func(r *Result) *page { return drawLaw(r, r.Stationary, "stationary density, logarithmic", true) })
	}
	if r.Quasistationary != nil {
		add("quasistationary", func(r *Result) *page { return drawLaw(r, r.Quasistationary, "density of what has not left", false) })
		add("quasistationary-log", func(r *Result) *page {
			return drawLaw(r, r.Quasistationary, "density of what has not left, logarithmic", true)
		})
	}
	if evolved && dim > 1 {
		last := len(r.Times) - 1
		when := "density at " + timeLabel(r.Times[last])
		add("final", func(r *Result) *page { return drawLaw(r, r.Masses[last], when, false) })
		add("final-log", func(r *Result) *page { return drawLaw(r, r.Masses[last], when+", logarithmic", true) })
		add("marginals", drawMarginals)
	}
	if evolved && dim == 1 && len(r.Times) >= fewestRows {
		add("evolution-map", drawEvolutionMap)
	}
	if len(r.Times) > 1 && len(shown(r)) > 0 {
		add("observables", drawObservables)
	}
	if r.Learning != nil {
		add("learning", drawLearning)
	}
	if r.Influence != nil {
		add("influence", drawInfluence)
	}
	if r.Comparison != nil {
		add("validate", drawComparison)
	}
	if r.Beside != nil {
		add("compare", drawBeside)
	}
	return list
}

func drawLaw(r *Result, law []float64, shows string, log bool) *page {
	switch r.Grid.Dim() {
	case 1:
		return drawLine(r, law, shows, log)
	case 2:
		return drawJoint(r, law, shows, log)
	}
	return drawCorner(r, law, shows, log)
}

func timeLabel(t float64) string { return italic("t") + " = " + number(t) }
