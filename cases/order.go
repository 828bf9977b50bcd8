package cases

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"fokker/cases/expr"
	"fokker/grid"
	"fokker/operators"
)

// readOrder reads the order of the scheme: 2, that of generators, 4 or "spectral".
func (r *reader) readOrder(t *table, p *Problem) {
	e := t.find("order")
	if e == nil {
		return
	}
	switch e.value {
	case int64(2), 2.0:
	case int64(4), 4.0:
		p.Order = operators.Fourth
	case "spectral":
		p.Order = operators.Spectral
	default:
		r.fail(e.line, "numerics.order", describe(e.value), `2, 4 or "spectral"`, "")
	}
}

// readNonnegative reads whether laws of high order are made nonnegative.
func (r *reader) readNonnegative(t *table, p *Problem) {
	p.Nonnegative = r.flag(t, "nonnegative")
	if p.Nonnegative && p.Order == 0 {
		r.fail(lineOf(t, "nonnegative"), "numerics.nonnegative", "found true with order 2, whose laws have no negative masses", `order = 4 or "spectral" beside it`, "")
	}
}

// FewestOf is the cells along an axis from which on stencils of five say anything about
// a law, and those that waves and polynomials take.
var FewestOf = map[operators.Order]int{operators.Fourth: 8, operators.Spectral: 5}

// checkSmooth refuses what a scheme of high order cannot follow.
func (r *reader) checkSmooth(file *table, p *Problem) {
	if p.Order == 0 || len(r.mistakes) > 0 {
		return
	}
	line := 0
	if t, ok := file.at("numerics"); ok {
		line = lineOf(t, "order")
	}
	refuse := func(found, hint string) {
		r.fail(line, "numerics.order", fmt.Sprintf("order %v: %s", p.Order, found), "order 2, or what is smooth", hint)
	}
	if p.Chain != nil {
		refuse(`found model = "chain", whose steps are of fourth order by themselves`, "")
		return
	}
	if p.Influence != nil {
		refuse("found [influence], which is about the rates of order 2", "")
	}
	if p.Order == operators.Spectral && len(p.Axes) > 3 {
		refuse(fmt.Sprintf("found %d axes, of which it takes 3", len(p.Axes)), "order = 4 takes them")
	}
	if kink := p.kink(); kink != "" {
		refuse(fmt.Sprintf("found %s in a coefficient, where the law is not smooth", kink), "softplus, tanh and sigmoid are smooth")
	}
	if p.Initial != nil && p.Initial.Point != nil {
		refuse("the process starts at a point, which is not smooth", "a small std in [initial]")
	}
	for _, a := range p.Axes {
		switch {
		case len(a.Faces) > 0:
			refuse(fmt.Sprintf("found faces on axis %q, at which a law need not be smooth", a.Name), "")
		case a.Cells > 0 && a.Cells < FewestOf[p.Order]:
			r.fail(line, "numerics.order", fmt.Sprintf("order %v: found %d cells on axis %q", p.Order, a.Cells, a.Name), fmt.Sprintf("at least %d", FewestOf[p.Order]), "more cells, or order 2")
		case p.Order != operators.Spectral:
		case a.Ends[0] == grid.Absorbing || a.Ends[1] == grid.Absorbing:
			refuse(fmt.Sprintf("found an absorbing end of axis %q, which waves cannot have", a.Name), "order = 4 takes absorbing ends")
		case a.Ends[0] == grid.Periodic && a.Spaced != "uniform":
			refuse(fmt.Sprintf("found unequal cells on the periodic axis %q", a.Name), "order = 4 takes them")
		case a.Spaced != "uniform" && a.Spaced != "chebyshev":
			refuse(fmt.Sprintf("found spacing %q on axis %q", a.Spaced, a.Name), `spacing = "chebyshev", "uniform" where the walls carry no mass, or order = 4`)
		}
	}
}

// setOrder takes an order for the scheme and for what is measured of its laws: high
// orders interpolate sums of masses where a comparison of one axis divides a cell, and
// look at the law's slope where another one does.
func (p *Problem) setOrder(order operators.Order) {
	p.Order, p.Observables = order, slices.Clone(p.Observables)
	for i := range p.Observables {
		o := &p.Observables[i]
		if o.edges = 0; order == 0 || o.node == nil {
			continue
		}
		if _, _, ok := expr.Intervals(o.node, p.names()); ok || o.margin != nil {
			o.edges = smoothEdges
		}
	}
}

// WithOrder returns the case with a scheme of another order, 0 that of generators,
// or why its law cannot be had with it.
func (c *Case) WithOrder(order operators.Order) (*Case, error) {
	out, p := *c, *c.Problem
	out.Problem = &p
	p.setOrder(order)
	r := &reader{file: p.file}
	if r.checkSmooth(c.file, &p); len(r.mistakes) > 0 {
		return nil, r.mistakes
	}
	return &out, nil
}

// kink returns the name of an operation in the coefficients that is not smooth, or "".
func (p *Problem) kink() string { return expr.Kink(p.coefficients()...) }

// coefficients returns the expressions that make the process.
func (p *Problem) coefficients() []*expr.Node {
	eq := p.equation
	if eq == nil {
		return []*expr.Node{p.landscape.Loss, p.landscape.Regularizer}
	}
	nodes := slices.Clone(eq.drift)
	for _, row := range eq.diffusion {
		nodes = append(nodes, row...)
	}
	if eq.killing != nil {
		nodes = append(nodes, eq.killing)
	}
	return nodes
}

// kink returns the name of an operation in a density that is not smooth, or "".
func (in *Initial) kink() string {
	if in.Density == nil {
		return ""
	}
	return expr.Kink(in.Density)
}

// highOrder returns the operator of high order beside a generator.
func (p *Problem) highOrder(near *operators.Block) (operators.Generator, error) {
	h, err := operators.NewHighOrder(p.Order, p.Process, operators.Killing{Rate: p.Killing}, near)
	if err != nil {
		var known *operators.PointError
		if !errors.As(err, &known) {
			return nil, &Mistake{File: p.file, Key: "numerics.order", Found: trimmed(err, "operators: ").Error()}
		}
		return nil, p.explain(err)
	}
	if p.Unsteady {
		return operators.Moving{HighOrder: h}, nil
	}
	return h, nil
}

// unwanted is the density at a wall, against that of an even law, from which on
// waves across the wall are refused, and the negative mass that is warned of.
const unwanted = 1e-6

// waves reports whether waves go through the walls of an axis.
func (p *Problem) waves(k int) bool {
	return p.Order == operators.Spectral && p.Axes[k].Ends[0] != grid.Periodic && p.Axes[k].Spaced == "uniform"
}

// checkWalls refuses a law whose walls carry mass where its waves go through them.
func (r *run) checkWalls(m []float64) error {
	for k, a := range r.problem.Axes {
		if !r.problem.waves(k) {
			continue
		}
		marginal := r.figures.along(k, m)
		n := len(marginal)
		most := math.Max(math.Abs(marginal[0]), math.Abs(marginal[n-1])) * float64(n) / sum(m)
		if most > unwanted {
			return &Mistake{
				File: r.problem.file, Key: "numerics.order",
				Found:    fmt.Sprintf("the walls of axis %q carry mass, %.2g of an even law's, which waves cannot follow", a.Name, most),
				Expected: fmt.Sprintf("at most %.0e", unwanted),
				Hint:     `a wider range, spacing = "chebyshev" on that axis, or order = 4`,
			}
		}
	}
	return nil
}

// warnNegative says so where cells are too wide for a scheme of high order.
func (r *run) warnNegative() error {
	if r.negative > unwanted && !r.problem.Nonnegative {
		r.warn("cells with negative masses have up to %.2g of a law together: smaller cells would have less, and order = 2 none", r.negative)
	}
	if r.moved > ragged {
		r.warn("making laws nonnegative changed up to %s of them: smaller cells would have less of that", percent(r.moved))
	}
	return nil
}

// ragged is the change of laws made nonnegative from which on cells hardly resolve them.
const ragged = 0.01

// negative returns the sum of the negative masses, made positive.
func negative(m []float64) (sum float64) {
	for _, v := range m {
		sum -= math.Min(v, 0)
	}
	return sum
}

// order is that with which figures converge as cells shrink. With interpolation by
// all cells they do faster than with any order: so it is taken for the eighth, which
// is more than halving cells gains before it gains more than that.
func (p *Problem) order() float64 {
	switch {
	case p.Order == operators.Fourth, p.Chain != nil && p.Chain.Batches == nil:
		return 4
	case p.Order == operators.Spectral:
		return 8
	}
	return 2
}
