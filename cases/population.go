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
	e := o.table.find("loss")
	eq := &equation{axes: o.axes, calculus: "ito", drift: make([]*expr.Node, len(o.axes)), table: o.table}
	for k, axis := range o.axes {
		eq.drift[k] = expr.Neg(r.diff(e, total, axis))
	}
	eq.diffusion = r.scaled(covariance, o, c.Problem.LearningRate/(2*o.batch)*o.factor)
	if isDiagonal(eq.diffusion) {
		eq.noise = diagonalMatrix(r.scope, roots(r.scope, eq.diffusion))
	}
	r.finishEquation(c.Problem, eq, o.table)
	if len(r.mistakes) == 0 {
		r.setLandscape(total, o, c.Problem)
	}
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
	// One example that is the population has the same loss, gradient and Hessian.
	whole := &sgd.Data{Columns: nil, Values: [][]float64{{0}}}
	e := &sgd.Examples{Axes: o.axes, Data: whole, Loss: total}
	if err := e.Compile(); err != nil {
		r.failExpression(o.table.line, "sgd.loss", err)
		return
	}
	p.landscape = e
}
