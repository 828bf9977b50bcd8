package cases

import (
	"fokker/cases/expr"
	"fokker/cases/sgd"
)

// readPopulation makes the process of a population loss with the covariance of
// one example's gradient.
func (r *reader) readPopulation(o *optimiser, c *Case) {
	o.factor = r.samplingFactor(o, 0)
	loss, regularizer := r.readLoss(o.table, nil)
	t := r.sub(o.table, "covariance")
	if t == nil || loss == nil {
		return
	}
	covariance := r.matrix(t, o.axes, true)
	for k := range covariance {
		r.orZero(covariance[k])
	}
	total := loss
	if regularizer != nil {
		total = expr.Add(loss, regularizer)
	}
	eq := &equation{axes: o.axes, calculus: "ito", drift: r.gradient(o, total), table: o.table}
	eq.diffusion = r.scaled(covariance, o, c.Problem.LearningRate/(2*o.batch)*o.factor)
	r.correct(o, eq, total, c.Problem.LearningRate/2)
	for k := range eq.drift {
		eq.drift[k] = expr.Neg(eq.drift[k])
	}
	if isDiagonal(eq.diffusion) {
		eq.noise = diagonalMatrix(r.scope, roots(r.scope, eq.diffusion))
	}
	r.finishEquation(c.Problem, eq, o.table)
	if len(r.mistakes) == 0 {
		r.setLandscape(total, o, c.Problem)
	}
}

// gradient returns the gradient of a function of the loss.
func (r *reader) gradient(o *optimiser, f *expr.Node) []*expr.Node {
	e, out := o.table.find("loss"), make([]*expr.Node, len(o.axes))
	for k, axis := range o.axes {
		out[k] = r.diff(e, f, axis)
	}
	return out
}

// correct adds to −b = ∇L and to D the terms of second order that the equation has
// (see sgd.Equation), half = η/2.
func (r *reader) correct(o *optimiser, eq *equation, total *expr.Node, half float64) {
	if o.equation == sgd.SDE1 {
		return
	}
	slope, first := eq.drift, eq.diffusion
	square := r.scope.Number(0)
	for _, g := range slope {
		square = expr.Add(square, expr.Mul(g, g))
	}
	eq.drift = r.gradient(o, expr.Add(total, expr.Times(half/2, square)))
	if o.equation == sgd.SDE2 || o.noise == sgd.None {
		return
	}
	eq.diffusion = r.zerosMatrix(len(slope))
	h := make([][]*expr.Node, len(slope))
	for k := range h {
		h[k] = r.gradient(o, slope[k])
		for l := range h[k] {
			for m, third := range r.gradient(o, h[k][l]) {
				eq.drift[k] = expr.Sub(eq.drift[k], expr.Times(half, expr.Mul(first[l][m], third)))
			}
		}
	}
	for k := range h {
		for l := range h {
			eq.diffusion[k][l] = expr.Add(first[k][l], expr.Times(half, r.along(o, slope, h, first, k, l)))
		}
	}
}

// along returns entry k, l of HD + DH + (∇L·∇)D.
func (r *reader) along(o *optimiser, slope []*expr.Node, h, d [][]*expr.Node, k, l int) *expr.Node {
	sum, e := r.scope.Number(0), o.table.find("covariance")
	for m, axis := range o.axes {
		sum = expr.Add(sum, expr.Mul(h[k][m], d[m][l]), expr.Mul(d[k][m], h[m][l]), expr.Mul(slope[m], r.diff(e, d[k][l], axis)))
	}
	return sum
}

// scaled returns D = scale·C with the noise asked for.
func (r *reader) scaled(covariance [][]*expr.Node, o *optimiser, scale float64) [][]*expr.Node {
	n := len(covariance)
	switch o.noise {
	case sgd.None:
		return r.zerosMatrix(n)
	case sgd.Isotropic:
		trace := r.scope.Number(0)
		for k := range n {
			trace = expr.Add(trace, covariance[k][k])
		}
		d := make([]*expr.Node, n)
		for k := range d {
			d[k] = expr.Mul(r.scope.Number(scale/float64(n)), trace)
		}
		return diagonalMatrix(r.scope, d)
	}
	out := make([][]*expr.Node, n)
	for k := range out {
		out[k] = make([]*expr.Node, n)
		for l := range out[k] {
			out[k][l] = expr.Mul(r.scope.Number(scale), covariance[k][l])
		}
	}
	return out
}

// setLandscape makes the built-in observables of a population loss.
func (r *reader) setLandscape(total *expr.Node, o *optimiser, p *Problem) {
	e, err := population(total, o.axes)
	if err != nil {
		r.failExpression(o.table.line, "sgd.loss", err)
		return
	}
	p.landscape = e
}

// population returns a loss of the axes as that of one example that is the population:
// it has the same gradient and Hessian.
func population(loss *expr.Node, axes []string) (*sgd.Examples, error) {
	e := &sgd.Examples{Axes: axes, Data: &sgd.Data{Values: [][]float64{{0}}}, Loss: loss}
	return e, e.Compile()
}
