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
	if r.Stationary != nil {
		s.stationary(r.Stationary)
	}
	if r.Evolve != nil {
		s.evolve(r.Evolve)
	}
	s.table.Flush()
	return trimmedLines(s.text.String())
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
	for _, x := range s.names {
		s.row("mean "+x, number(r.Mean[x]))
	}
	for _, x := range s.names {
		if v, ok := r.CircularMean[x]; ok {
			s.row("circular mean "+x, number(v))
		}
	}
	for _, key := range s.pairs() {
		s.row("covariance "+key, number(r.Covariance[key]))
	}
	s.row("entropy", number(r.Entropy))
	if r.FreeEnergy != nil {
		s.row("free energy", number(*r.FreeEnergy))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Observables)) {
		s.row("E "+name, number(r.Observables[name]))
	}
	if len(r.Classes) > 1 {
		s.classes(r.Classes)
	}
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
		line := []string{number(c.Probability), fmt.Sprint(c.Cells)}
		for _, x := range s.names {
			line = append(line, number(c.Mean[x]))
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
	row := func(name string, values []float64) {
		if len(values) == 0 {
			return
		}
		line := make([]string, len(at))
		for i, j := range at {
			line[i] = number(values[j])
		}
		s.row(name, line...)
	}
	row("time", r.Times)
	row("step", r.Step)
	row("mass", r.Mass)
	if slices.Max(r.Lost) > 0 {
		row("lost", r.Lost)
	}
	for _, x := range s.names {
		row("mean "+x, r.Mean[x])
	}
	for _, x := range s.names {
		row("circular mean "+x, r.CircularMean[x])
	}
	for _, key := range s.pairs() {
		row("covariance "+key, r.Covariance[key])
	}
	row("entropy", r.Entropy)
	row("free energy", r.FreeEnergy)
	for _, name := range slices.Sorted(maps.Keys(r.Observables)) {
		row("E "+name, r.Observables[name])
	}
}
