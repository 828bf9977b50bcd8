package main

import (
	"fmt"
	"strings"

	"fokker/cases"
	"fokker/cases/sgd"
)

// told is how many examples are listed of each figure.
const told = 3

// figureName is a figure as it stands above in the summary.
func figureName(name string) string {
	if kind, rest, ok := strings.Cut(name, "."); ok {
		return kind + " " + rest
	}
	return "E " + name
}

// influence lists the examples whose removal changes figures most.
func (s *sheet) influence(i *cases.InfluenceResult, data *sgd.Data) {
	s.heading("influence of %d examples, %.2g s: what changes, to first order, where one is taken away", i.Rows, i.Seconds)
	s.row("", append([]string{"value", "change", "row"}, data.Columns...)...)
	for _, name := range i.Order() {
		one := i.Of[name]
		label, value := figureName(name), number(one.Value)
		for _, row := range one.Most[:min(told, len(one.Most))] {
			cells := []string{value, fmt.Sprintf("%+.3g", one.Removal[row-1]), fmt.Sprint(row)}
			for c := range data.Columns {
				cells = append(cells, number(data.Values[c][row-1]))
			}
			s.row(label, cells...)
			label, value = "", ""
		}
	}
}
