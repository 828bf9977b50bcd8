package cases

import (
	"fmt"
	"strings"
)

func (d *description) tasks() {
	p := d.Problem
	d.heading("tasks")
	if p.Accuracy > 0 {
		d.line("accuracy", fmt.Sprintf("errors of figures up to %g of their size or standard deviation", p.Accuracy))
	}
	if p.Initial != nil {
		d.line("initial", p.Initial.describe())
	}
	switch {
	case p.Nonnegative:
		d.line("order", fmt.Sprintf("%v, laws made nonnegative", p.Order))
	case p.Order != 0:
		d.line("order", fmt.Sprintf("%v: masses may fall below 0", p.Order))
	case p.Accuracy > 0 && d.mayBeFourth():
		d.line("order", "4 where that leads to the accuracy, 2 otherwise")
	}
	d.laws()
	d.beside()
	for _, o := range p.Observables {
		text := "comes with [sgd]"
		if o.node != nil {
			text = o.node.String()
		}
		d.line("E "+o.Name, text)
	}
}

// laws writes the tasks that ask for laws.
func (d *description) laws() {
	p := d.Problem
	if s := p.Stationary; s != nil {
		d.line("stationary", fmt.Sprintf("to %g in L1 on the mesh", s.Tolerance))
	}
	if e := p.Evolve; e != nil {
		times := fmt.Sprintf("%d times from %g to %g", len(e.Times), e.Times[0], e.Times[len(e.Times)-1])
		if p.LearningRate > 0 {
			times += fmt.Sprintf(" (%g steps)", e.Times[len(e.Times)-1]/p.LearningRate)
		}
		d.line("evolve", fmt.Sprintf("%s, to %g in L1 in time on the mesh", times, e.Tolerance))
	}
	if q := p.Quasistationary; q != nil {
		region := "the box"
		if q.Within != nil {
			region = q.Within.node.String()
		}
		d.line("quasistationary", "what has not left for long: "+region)
	}
}

// beside writes what is asked of laws, and what is held against them.
func (d *description) beside() {
	p := d.Problem
	if p.Learning != nil {
		d.line("learning", p.describeLearning())
	}
	if p.Influence != nil {
		d.line("influence", p.describeInfluence())
	}
	if p.Validate != nil {
		d.line("validate", "particles of the process, and whether they have its laws")
	}
	if c := p.Compare; c != nil {
		d.line("compare", fmt.Sprintf("%s, to %g", strings.Join(c.Models, ", "), c.Tolerance))
	}
}

func (in *Initial) describe() string {
	switch {
	case in.Uniform:
		return "uniform in the box"
	case in.Density != nil:
		return "density proportional to " + in.Density.String()
	case in.Point != nil:
		return fmt.Sprintf("a point at %s = %v", strings.Join(in.axes, ", "), listed(in.Point))
	case in.Covariance != nil:
		return fmt.Sprintf("Gaussian with mean %s and a covariance", listed(in.Mean))
	}
	return fmt.Sprintf("Gaussian with mean %s, standard deviation %s", listed(in.Mean), listed(in.Std))
}

func listed(x []float64) string {
	parts := make([]string, len(x))
	for i, v := range x {
		parts[i] = fmt.Sprintf("%g", v)
	}
	return strings.Join(parts, ", ")
}
