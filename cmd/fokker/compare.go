package main

import (
	"fmt"
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
		table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
		head := []string{"  "}
		for _, d := range l.Models {
			head = append(head, d.Name)
		}
		fmt.Fprintln(table, strings.Join(head, "\t"))
		for i, f := range l.Models[0].Figures {
			row := []string{"  " + f.Name}
			for _, d := range l.Models {
				row = append(row, measured(d.Figures[i].Value, d.Figures[i].Mesh+d.Figures[i].Sampling))
			}
			fmt.Fprintln(table, strings.Join(row, "\t"))
		}
		row := []string{"  total variation"}
		for _, d := range l.Models {
			row = append(row, distance(l, d.Name))
		}
		fmt.Fprintln(table, strings.Join(row, "\t"))
		row = []string{"  holds"}
		for _, d := range l.Models {
			row = append(row, holds(l, d))
		}
		fmt.Fprintln(table, strings.Join(row, "\t"))
		table.Flush()
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
