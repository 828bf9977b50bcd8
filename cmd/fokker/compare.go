package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"fokker/cases"
	"fokker/validate"
)

// approximations is what a person reads of descriptions set side by side.
func approximations(a *validate.Approximations) string {
	var text strings.Builder
	fmt.Fprintf(&text, "compare: tolerance %g", a.Tolerance)
	if a.Particles > 0 {
		fmt.Fprintf(&text, ", %d particles", a.Particles)
	}
	fmt.Fprintln(&text)
	for _, l := range a.Laws {
		if len(l.Models) == 0 {
			continue
		}
		fmt.Fprintf(&text, "\n%s, beside %s\n", l.Name, l.Reference)
		sideBySide(&text, l)
	}
	fmt.Fprintln(&text)
	for _, words := range a.Words {
		fmt.Fprintln(&text, words)
	}
	for _, name := range missing(a) {
		fmt.Fprintf(&text, "%s: %s\n", name, a.Missing[name])
	}
	return trimmedLines(text.String())
}

// sideBySide is a table of figures, a column a description.
func sideBySide(to io.Writer, l validate.Beside) {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	row := func(name string, of func(d validate.Described) string) {
		cells := []string{"  " + name}
		for _, d := range l.Models {
			cells = append(cells, of(d))
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	row("", func(d validate.Described) string { return d.Name })
	for i, f := range l.Models[0].Figures {
		row(f.Name, func(d validate.Described) string {
			return measured(d.Figures[i].Value, d.Figures[i].Mesh+d.Figures[i].Sampling)
		})
	}
	row("total variation", func(d validate.Described) string { return distance(l, d.Name) })
	row("holds", func(d validate.Described) string { return holds(l, d) })
	table.Flush()
}

// missing lists the descriptions without laws in their order.
func missing(a *validate.Approximations) (names []string) {
	for _, name := range cases.Models {
		if a.Missing[name] != "" {
			names = append(names, name)
		}
	}
	return names
}

func distance(l validate.Beside, name string) string {
	for _, tv := range l.TotalVariation {
		if tv.Between == [2]string{name, l.Reference} {
			return measured(tv.Value, tv.Mesh+tv.Sampling)
		}
	}
	return ""
}

func holds(l validate.Beside, d validate.Described) string {
	switch {
	case d.Name == l.Reference:
		return ""
	case d.Holds == nil:
		return "open"
	case *d.Holds:
		return "yes"
	}
	return "no"
}
