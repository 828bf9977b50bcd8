package sgd

import (
	"fokker/cases/expr"
	"fokker/operators"
)

// NoiseKind says which covariance the gradient is given.
type NoiseKind int

const (
	Gradient  NoiseKind = iota // the exact covariance
	Isotropic                  // its trace divided by the dimension, on the diagonal
	None                       // none: gradient flow
)

// Examples is minibatch gradient descent on data, as a diffusion.
type Examples struct {
	Axes        []string
	Data        *Data
	Loss        *expr.Node // of one example
	Regularizer *expr.Node // full batch; nil: none
	Rate        float64    // η
	Scale       float64    // η s/(2B), s the factor of the sampling
	NoiseKind   NoiseKind
	Equation    Equation

	loss, regular derived
	summary       *summary // nil where every example is evaluated
}

// derived is a function and its derivatives: of order 0 itself, of order 1 the
// gradient, of order 2 the lower triangle of the Hessian, row by row, of order 3
// ∂ₖ∂ₗ∂ₘ with k ≥ l ≥ m, the last index running fastest.
type derived [4]*expr.Program

// Compile prepares evaluation; afterwards the data stay as they are, and weights change
// by Reweigh.
func (e *Examples) Compile() error {
	if err := e.differentiate(); err != nil {
		return err
	}
	return e.summarize()
}

// most returns the highest order of derivatives that the equation needs.
func (e *Examples) most() int {
	if e.Equation == SDE2Plus {
		return 3
	}
	return 2
}

// differentiate prepares derivatives of one example's loss and of the regularizer.
func (e *Examples) differentiate() (err error) {
	inputs := append(append([]string(nil), e.Axes...), e.Data.Columns...)
	if e.loss, err = derive(inputs, e.Axes, e.most(), e.Loss); err != nil || e.Regularizer == nil {
		return err
	}
	e.regular, err = derive(e.Axes, e.Axes, e.most(), e.Regularizer)
	return err
}

// derive compiles functions of the inputs and their derivatives by the axes up to
// order most.
func derive(inputs, axes []string, most int, nodes ...*expr.Node) (d derived, err error) {
	last := make([]int, len(nodes)) // index of each
	for i := range last {
		last[i] = len(axes) - 1
	}
	for order := 0; err == nil && order <= most; order++ {
		if order > 0 {
			nodes, last, err = differentiate(nodes, last, axes)
		}
		if err == nil {
			d[order], err = expr.Compile(inputs, nodes...)
		}
	}
	return d, err
}

// differentiate takes derivatives by the axes up to the last index of each node.
func differentiate(nodes []*expr.Node, last []int, axes []string) (next []*expr.Node, by []int, err error) {
	for i, n := range nodes {
		for k := range last[i] + 1 {
			d, err := n.Diff(axes[k])
			if err != nil {
				return nil, nil, err
			}
			next, by = append(next, d), append(by, k)
		}
	}
	return next, by, nil
}

// count returns the number of derivatives of an order: C(dim + order − 1, order).
func (e *Examples) count(order int) int {
	n := 1
	for k := range order {
		n = n * (len(e.Axes) + k) / (k + 1)
	}
	return n
}

// Dim returns the number of parameters.
func (e *Examples) Dim() int { return len(e.Axes) }

// Columns returns the number of columns of σ.
func (e *Examples) Columns() int { return len(e.Axes) }

// each evaluates derivatives of some orders for every example with a weight at
// all points and hands them over, in the order of the data.
func (e *Examples) each(x [][]float64, visit func(weight float64, d [4][][]float64), orders ...int) {
	var out [4][][]float64
	for _, order := range orders {
		out[order] = operators.Columns(e.count(order), len(x[0]))
	}
	in, row := e.inputs(x)
	for i := range e.Data.Len() {
		weight := e.Data.Weight(i)
		if weight == 0 {
			continue
		}
		e.Data.row(row, i)
		for _, order := range orders {
			e.loss[order].Eval(out[order], in)
		}
		visit(weight, out)
	}
}

// inputs returns the inputs of a program: points, and the row of one example.
func (e *Examples) inputs(x [][]float64) (in [][]float64, row []float64) {
	in, row = append([][]float64(nil), x...), make([]float64, len(e.Data.Columns))
	for c := range row {
		in = append(in, row[c:c+1])
	}
	return in, row
}

// row writes example i.
func (d *Data) row(dst []float64, i int) {
	for c := range dst {
		dst[c] = d.Values[c][i]
	}
}

// gradientOf writes the gradient of the loss of one example.
func (e *Examples) gradientOf(gradient, x [][]float64, example int) {
	in, row := e.inputs(x)
	e.Data.row(row, example)
	e.loss[1].Eval(gradient, in)
}

// mean averages derivatives of one example's loss.
func (e *Examples) mean(dst [][]float64, order int, x [][]float64) {
	if e.summary != nil {
		e.summary.population(dst, order, x)
		return
	}
	for k := range dst {
		clear(dst[k])
	}
	total := 0.0
	e.each(x, func(weight float64, d [4][][]float64) {
		total += weight
		for k := range dst {
			for i, v := range d[order][k] {
				dst[k][i] += weight * v
			}
		}
	}, order)
	for k := range dst {
		for i := range dst[k] {
			dst[k][i] /= total
		}
	}
}

// regularize adds derivatives of the regularizer.
func (e *Examples) regularize(dst [][]float64, order int, x [][]float64) {
	if e.Regularizer == nil {
		return
	}
	out := operators.Columns(len(dst), len(x[0]))
	e.regular[order].Eval(out, x)
	for k := range dst {
		for i, v := range out[k] {
			dst[k][i] += v
		}
	}
}

// population writes derivatives of L.
func (e *Examples) population(dst [][]float64, order int, x [][]float64) {
	e.mean(dst, order, x)
	e.regularize(dst, order, x)
}

// PopulationLoss writes L, the mean loss of the examples plus the regularizer.
func (e *Examples) PopulationLoss(dst []float64, x [][]float64) {
	e.population([][]float64{dst}, 0, x)
}

// PopulationGradient writes ∇L.
func (e *Examples) PopulationGradient(dst, x [][]float64) { e.population(dst, 1, x) }

// PopulationHessian writes the lower triangle of second derivatives of L, row
// by row.
func (e *Examples) PopulationHessian(dst, x [][]float64) { e.population(dst, 2, x) }

// Covariance writes C, the covariance of one example's gradient with divisor
// Σ wᵢ, row by row; where examples agree it is exactly 0.
func (e *Examples) Covariance(c, x [][]float64) {
	if e.summary != nil {
		e.summary.covariance(c, len(e.Axes), nil, x)
		return
	}
	sums := newComoments(c, len(e.Axes), len(x[0]))
	e.each(x, func(weight float64, d [4][][]float64) { sums.add(weight, d[1], d[1]) }, 1)
	sums.finish()
}

// CovarianceAlong writes the derivative of C along directions p, (p·∇)C =
// Cov(Hᵢp, gᵢ) + Cov(gᵢ, Hᵢp), row by row, Hᵢ being the Hessian of one example.
func (e *Examples) CovarianceAlong(c, p, x [][]float64) {
	dim, n := len(e.Axes), len(x[0])
	if e.summary != nil {
		e.summary.covariance(c, dim, p, x)
		return
	}
	sums, turned := newComoments(c, dim, n), operators.Columns(dim, n)
	sums.cross = operators.Columns(dim, n)
	e.each(x, func(weight float64, d [4][][]float64) {
		product(turned, d[2], p)
		sums.add(weight, turned, d[1])
	}, 1, 2)
	sums.finish()
}

// product writes Hp for symmetric H given by their lower triangles.
func product(dst, h, p [][]float64) {
	for k := range dst {
		clear(dst[k])
		for l := range p {
			column := h[triangle(k, l)]
			for i, v := range p[l] {
				dst[k][i] += column[i] * v
			}
		}
	}
}

// triangle returns the place of entry k, l in the lower triangle of a symmetric
// matrix.
func triangle(k, l int) int {
	k, l = max(k, l), min(k, l)
	return k*(k+1)/2 + l
}
