package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"fokker/cases"
)

// summary is what a person wants to know first about a run, and what in its
// case was changed.
func summary(r *cases.Result, changed ...string) string {
	s := &sheet{names: axisNames(r)}
	s.table = tabwriter.NewWriter(&s.text, 0, 0, 2, ' ', 0)
	head := append(append([]string{r.Case}, changed...), joined(r.Cells, " × ")+" cells")
	fmt.Fprintln(s.table, strings.Join(head, ", "))
	if a := r.Accuracy; a != nil {
		s.accuracy(r, a)
	}
	if r.Stationary != nil {
		s.stationary(r.Stationary)
	}
	if r.Quasistationary != nil {
		s.quasistationary(r.Quasistationary)
	}
	if r.Evolve != nil {
		s.evolve(r.Evolve)
	}
	if r.Learning != nil {
		s.learning(r.Learning)
	}
	if r.Influence != nil {
		s.influence(r.Influence, r.AsRun().Data)
	}
	s.table.Flush()
	return trimmedLines(s.text.String())
}

// accuracy says how near the figures are to what was asked, and in which box.
func (s *sheet) accuracy(r *cases.Result, a *cases.AccuracyResult) {
	var ranges []string
	for _, axis := range r.Grid.Axes() {
		ranges = append(ranges, fmt.Sprintf("%s in [%g, %g]", axis.Name, axis.Edges[0], axis.Edges[axis.Cells()]))
	}
	reached := "not known how near"
	if worst := a.Worst(); worst != "" {
		reached = fmt.Sprintf("errors up to %.2g of their figures (%s)", a.Reached, worst)
	}
	fmt.Fprintf(s.table, "accuracy %g: %s, %s\n", a.Wanted, reached, strings.Join(ranges, ", "))
}

// trimmedLines drops the blanks that padding leaves at the ends of lines.
func trimmedLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// sheet collects the lines of a summary.
type sheet struct {
	text  strings.Builder
	table *tabwriter.Writer
	names []string // of the axes
}

func axisNames(r *cases.Result) (names []string) {
	for _, a := range r.Grid.Axes() {
		names = append(names, a.Name)
	}
	return names
}

func joined[T any](items []T, by string) string {
	parts := make([]string, len(items))
	for i, v := range items {
		parts[i] = fmt.Sprint(v)
	}
	return strings.Join(parts, by)
}

func number(x float64) string { return fmt.Sprintf("%.6g", x) }

func (s *sheet) row(name string, cells ...string) {
	fmt.Fprintf(s.table, "  %s\t%s\n", name, strings.Join(cells, "\t"))
}

// heading starts a block, whose columns are aligned on their own.
func (s *sheet) heading(format string, args ...any) {
	s.table.Flush()
	fmt.Fprintf(&s.text, "\n"+format+"\n", args...)
}

func (s *sheet) stationary(r *cases.StationaryResult) {
	s.heading("stationary: %s, residual of the equations %.2g, %.2g s", r.Method, r.Residual, r.Seconds)
	s.row("mass", number(r.Mass))
	var figures, errors cases.Series // one entry each
	figures.Add(r.Figures)
	if r.Error != nil {
		errors.Add(*r.Error)
	}
	s.figures(&figures, &errors, []int{0})
	if len(r.Classes) > 1 {
		s.classes(r.Classes)
	}
	if r.PeriodTwo != nil {
		s.phases(r.PeriodTwo)
	}
}

// phases are those between which a chain goes to and fro.
func (s *sheet) phases(p *cases.PeriodTwo) {
	s.heading("period two: a step multiplies the difference of even and odd steps by %s", number(p.Eigenvalue))
	s.row("", "even", "odd")
	s.row("probability", number(p.Even.Probability), number(p.Odd.Probability))
	for _, x := range s.names {
		s.row("mean "+x, number(p.Even.Mean[x]), number(p.Odd.Mean[x]))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Even.Observables)) {
		s.row("E "+name, number(p.Even.Observables[name]), number(p.Odd.Observables[name]))
	}
}

// quasistationary is the law of what has not left, and how fast it leaves.
func (s *sheet) quasistationary(r *cases.QuasistationaryResult) {
	s.heading("quasistationary: %s, %d cells, %.2g s", r.Method, r.Cells, r.Seconds)
	var figures, errors cases.Series // one entry each
	figures.Add(r.Figures)
	e := r.Error
	if e == nil {
		e = &cases.QuasistationaryError{PerStep: new(float64)} // an error of 0 is not printed
	} else {
		errors.Add(e.Figures)
	}
	s.row("escape rate", measured(r.EscapeRate, e.EscapeRate))
	if r.PerStep != nil {
		s.row("per step", measured(*r.PerStep, *e.PerStep))
	}
	s.figures(&figures, &errors, []int{0})
}

// figures writes all but the mass, at some outputs.
func (s *sheet) figures(f, e *cases.Series, at []int) {
	for _, x := range s.names {
		s.series("mean "+x, f.Mean[x], e.Mean[x], at)
	}
	for _, x := range s.names {
		s.series("circular mean "+x, f.CircularMean[x], e.CircularMean[x], at)
	}
	for _, key := range s.pairs() {
		s.series("covariance "+key, f.Covariance[key], e.Covariance[key], at)
	}
	s.series("entropy", f.Entropy, e.Entropy, at)
	s.series("free energy", f.FreeEnergy, e.FreeEnergy, at)
	for _, name := range slices.Sorted(maps.Keys(f.Observables)) {
		s.series("E "+name, f.Observables[name], e.Observables[name], at)
	}
}

// series writes a line of values, with their errors where these are estimated.
func (s *sheet) series(name string, values, errors []float64, at []int) {
	if len(values) == 0 {
		return
	}
	line := make([]string, len(at))
	for i, j := range at {
		if line[i] = number(values[j]); errors != nil {
			line[i] = measured(values[j], errors[j])
		}
	}
	s.row(name, line...)
}

// pairs returns the keys of covariances in axis order.
func (s *sheet) pairs() (keys []string) {
	for k, x := range s.names {
		for _, y := range s.names[k:] {
			keys = append(keys, x+","+y)
		}
	}
	return keys
}

// shown is how many closed classes are listed.
const shown = 10

func (s *sheet) classes(all []cases.ClassResult) {
	s.heading("closed classes: %d", len(all))
	s.row("", append([]string{"probability", "cells"}, s.prefixed("mean ")...)...)
	for i, c := range all {
		if i == shown {
			s.row(fmt.Sprintf("and %d more", len(all)-shown))
			return
		}
		e := c.Error
		if e == nil {
			e = &cases.ClassErrors{} // an error of 0 is not printed
		}
		line := []string{measured(c.Probability, e.Probability), fmt.Sprint(c.Cells)}
		for _, x := range s.names {
			line = append(line, measured(c.Mean[x], e.Mean[x]))
		}
		s.row(fmt.Sprint(i+1), line...)
	}
}

func (s *sheet) prefixed(prefix string) (out []string) {
	for _, x := range s.names {
		out = append(out, prefix+x)
	}
	return out
}

func (s *sheet) evolve(r *cases.EvolveResult) {
	s.heading("evolve: %s, %d steps, %.2g s, error in time %.2g", r.Method, r.Steps, r.Seconds, r.TimeError)
	at := slices.Compact([]int{0, (len(r.Times) - 1) / 2, len(r.Times) - 1})
	s.series("time", r.Times, nil, at)
	s.series("step", r.Step, nil, at)
	errors := r.Error
	if errors == nil {
		errors = &cases.EvolveErrors{}
	}
	if slices.Max(r.Lost) > 0 {
		s.series("mass", r.Mass, errors.Mass, at)
		s.series("lost", r.Lost, errors.Lost, at)
	} else {
		s.series("mass", r.Mass, nil, at) // it is kept
	}
	s.figures(&r.Series, &errors.Series, at)
}
