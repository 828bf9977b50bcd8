package cases

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"fokker/grid"
)

// Describe writes what the case states and what a run of it will need, without
// solving anything. Coefficients are evaluated on the cells, or on so many of
// them that it stays quick. What a run would refuse is an error, after all that
// could be said.
func (c *Case) Describe(w io.Writer) error {
	d := &description{Case: c}
	if c.Title == c.Name {
		d.heading("%s", c.Name)
	} else {
		d.heading("%s: %s", c.Name, c.Title)
	}
	if c.About != "" {
		d.line("", c.About)
	}
	d.equation()
	s, err := d.Problem.survey()
	if err == nil && d.Problem.Chain != nil {
		err = d.Problem.checkStepsOn(s)
	}
	d.axes(s)
	d.tasks()
	d.needs()
	cross, bad := d.cross(s, err)
	d.warnings(append(append(d.Problem.lossWarnings(), s.warnings()...), cross...))
	_, failed := io.WriteString(w, d.String())
	return errors.Join(failed, err, bad)
}

// description collects text in blocks of aligned columns.
type description struct {
	*Case
	text  strings.Builder
	table *tabwriter.Writer
}

// heading starts a block.
func (d *description) heading(format string, args ...any) {
	if d.table != nil {
		d.table.Flush()
		fmt.Fprintln(&d.text)
	}
	fmt.Fprintf(&d.text, format+"\n", args...)
	d.table = tabwriter.NewWriter(&d.text, 0, 0, 2, ' ', 0)
}

// line writes a name and what there is to say; no name, no column.
func (d *description) line(name string, cells ...string) {
	if name != "" {
		cells = append([]string{name}, cells...)
	}
	fmt.Fprintf(d.table, "  %s\n", strings.Join(cells, "\t"))
}

// String returns the text without blanks at the ends of lines.
func (d *description) String() string {
	d.table.Flush()
	lines := strings.Split(d.text.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func (d *description) axes(s *survey) {
	d.heading("axes")
	d.line("", "name", "range", "cells", "spacing", "widths", "boundary", "faces")
	for k, a := range d.Problem.Axes {
		ends := a.Ends[0].String()
		if a.Ends[1] != a.Ends[0] {
			ends += ", " + a.Ends[1].String()
		}
		d.line("", a.Name, a.ends(), a.count(), a.spacingWords(), s.widths(k), ends, s.faces(k, a))
	}
}

// ends writes the range, and what of it is open.
func (a AxisSpec) ends() string {
	if a.open(0) && a.open(1) {
		return "open"
	}
	return strings.ReplaceAll(fmt.Sprintf("[%g, %g]", a.Lo, a.Hi), "+Inf", "inf")
}

// spacingWords says how cells are spaced, if the case does.
func (a AxisSpec) spacingWords() string {
	if a.gradable {
		return "open"
	}
	return a.Spaced
}

func (a AxisSpec) count() string {
	if a.Cells == 0 {
		return "open"
	}
	return fmt.Sprint(a.Cells)
}

// cross warns of diffusion that the mesh adds across coupled noise, in all
// cells alike: which of them matter only the law can say.
func (d *description) cross(s *survey, failed error) ([]string, error) {
	if failed != nil || s.grid == nil || float64(s.grid.Size()) > d.Problem.looked() || d.Problem.Order != 0 {
		return nil, nil
	}
	c, ok, err := d.Problem.crossDiffusion(s.grid, nil, 0)
	if err != nil || !ok || c.added <= c.across || c.added < negligible*c.trace {
		return nil, err
	}
	return []string{c.warning("the cells")}, nil
}

func (d *description) warnings(found []string) {
	if len(found) == 0 {
		return
	}
	d.heading("warnings")
	for _, w := range found {
		d.line("", w)
	}
}

// lossWarnings says where a stationary law is asked of a process that loses
// mass.
func (p *Problem) lossWarnings() []string {
	lossy := p.Killing != nil
	for _, a := range p.Axes {
		lossy = lossy || a.Ends[0] == grid.Absorbing || a.Ends[1] == grid.Absorbing
	}
	if p.Stationary == nil || !lossy {
		return nil
	}
	return []string{"absorbing walls or killing: there is a stationary law only if mass cannot get there"}
}
