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

// Examples is minibatch gradient descent on data, as a diffusion of first order
// in the learning rate.
type Examples struct {
	Axes        []string
	Data        *Data
	Loss        *expr.Node // of one example
	Regularizer *expr.Node // full batch; nil: none
	Scale       float64    // D = Scale·C: η s/(2B), s the factor of the sampling
	NoiseKind   NoiseKind

	gradient, regular, loss, hessian *expr.Program
}

// Compile prepares evaluation.
func (e *Examples) Compile() error {
	inputs := append(append([]string(nil), e.Axes...), e.Data.Columns...)
	gradient, err := derivatives(e.Loss, e.Axes)
	if err != nil {
		return err
	}
	second, err := hessian(e.Loss, e.Axes)
	if err != nil {
		return err
	}
	if e.gradient, err = expr.Compile(inputs, gradient...); err != nil {
		return err
	}
	if e.loss, err = expr.Compile(inputs, e.Loss); err != nil {
		return err
	}
	if e.hessian, err = expr.Compile(inputs, second...); err != nil {
		return err
	}
	return e.compileRegularizer()
}

// compileRegularizer prepares the regularizer, its gradient and its Hessian,
// in this order.
func (e *Examples) compileRegularizer() error {
	if e.Regularizer == nil {
		return nil
	}
	gradient, err := derivatives(e.Regularizer, e.Axes)
	if err != nil {
		return err
	}
	second, err := hessian(e.Regularizer, e.Axes)
	if err != nil {
		return err
	}
	all := append(append([]*expr.Node{e.Regularizer}, gradient...), second...)
	e.regular, err = expr.Compile(e.Axes, all...)
	return err
}

func derivatives(f *expr.Node, axes []string) ([]*expr.Node, error) {
	out := make([]*expr.Node, len(axes))
	for k, axis := range axes {
		d, err := f.Diff(axis)
		if err != nil {
			return nil, err
		}
		out[k] = d
	}
	return out, nil
}

// hessian returns the lower triangle of second derivatives, row by row.
func hessian(f *expr.Node, axes []string) (out []*expr.Node, err error) {
	first, err := derivatives(f, axes)
	if err != nil {
		return nil, err
	}
	for k := range axes {
		for l := range k + 1 {
			d, err := first[k].Diff(axes[l])
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
	}
	return out, nil
}

// Dim returns the number of parameters.
func (e *Examples) Dim() int { return len(e.Axes) }

// Columns returns the number of columns of σ.
func (e *Examples) Columns() int { return len(e.Axes) }

// each evaluates a program for every example with a weight at all points and
// hands the results over, in the order of the data.
func (e *Examples) each(program *expr.Program, outputs int, x [][]float64, visit func(weight float64, out [][]float64)) {
	out := operators.Columns(outputs, len(x[0]))
	in, row := e.inputs(x)
	for i := range e.Data.Len() {
		weight := e.Data.Weight(i)
		if weight == 0 {
			continue
		}
		e.Data.row(row, i)
		program.Eval(out, in)
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

// Example writes loss ℓᵢ and gradient gᵢ of example i, without the regularizer.
// With W = Σ wᵢ and means ℓ̄, ḡ over the examples, the derivatives by its weight are
//
//	∂L/∂wᵢ = (ℓᵢ − ℓ̄)/W,  ∂∇L/∂wᵢ = (gᵢ − ḡ)/W,  ∂C/∂wᵢ = ((gᵢ − ḡ)(gᵢ − ḡ)ᵀ − C)/W.
func (e *Examples) Example(i int, loss []float64, gradient, x [][]float64) {
	in, row := e.inputs(x)
	e.Data.row(row, i)
	e.loss.Eval([][]float64{loss}, in)
	e.gradient.Eval(gradient, in)
}

// Mean writes ℓ̄ and ḡ, means over the examples without the regularizer.
func (e *Examples) Mean(loss []float64, gradient, x [][]float64) {
	e.mean([][]float64{loss}, e.loss, x)
	e.mean(gradient, e.gradient, x)
}

// mean averages a program's outputs over the examples.
func (e *Examples) mean(dst [][]float64, program *expr.Program, x [][]float64) {
	for k := range dst {
		clear(dst[k])
	}
	total := 0.0
	e.each(program, len(dst), x, func(weight float64, out [][]float64) {
		total += weight
		for k := range dst {
			for i, v := range out[k] {
				dst[k][i] += weight * v
			}
		}
	})
	for k := range dst {
		for i := range dst[k] {
			dst[k][i] /= total
		}
	}
}

// regularize adds outputs [from, from+len(dst)) of the regularizer's program.
func (e *Examples) regularize(dst [][]float64, from int, x [][]float64) {
	if e.regular == nil {
		return
	}
	dim := len(e.Axes)
	out := operators.Columns(1+dim+dim*(dim+1)/2, len(x[0]))
	e.regular.Eval(out, x)
	for k := range dst {
		for i := range dst[k] {
			dst[k][i] += out[from+k][i]
		}
	}
}

// PopulationLoss writes L, the mean loss of the examples plus the regularizer.
func (e *Examples) PopulationLoss(dst []float64, x [][]float64) {
	e.mean([][]float64{dst}, e.loss, x)
	e.regularize([][]float64{dst}, 0, x)
}

// PopulationGradient writes ∇L.
func (e *Examples) PopulationGradient(dst, x [][]float64) {
	e.mean(dst, e.gradient, x)
	e.regularize(dst, 1, x)
}

// PopulationHessian writes the lower triangle of second derivatives of L, row
// by row.
func (e *Examples) PopulationHessian(dst, x [][]float64) {
	e.mean(dst, e.hessian, x)
	e.regularize(dst, 1+len(e.Axes), x)
}

// Drift writes b = −∇L.
func (e *Examples) Drift(b, x [][]float64, _ float64) {
	e.PopulationGradient(b, x)
	for k := range b {
		for i := range b[k] {
			b[k][i] = -b[k][i]
		}
	}
}

// Covariance writes C, the covariance of one example's gradient with divisor
// Σ wᵢ, row by row, by updating mean and products together, so that examples that
// agree give exactly 0 (Welford 1962; with weights West 1979).
func (e *Examples) Covariance(c, x [][]float64) {
	dim, n := len(e.Axes), len(x[0])
	mean, before := operators.Columns(dim, n), operators.Columns(dim, n)
	for k := range c {
		clear(c[k])
	}
	total := 0.0
	e.each(e.gradient, dim, x, func(weight float64, g [][]float64) {
		total += weight
		for k := range dim {
			for i, v := range g[k] {
				before[k][i] = v - mean[k][i]
				mean[k][i] += weight * before[k][i] / total
			}
			for l := range k + 1 {
				out := c[k*dim+l]
				for i, v := range g[k] {
					out[i] += weight * before[l][i] * (v - mean[k][i])
				}
			}
		}
	})
	for k := range dim {
		for l := range k + 1 {
			for i := range c[k*dim+l] {
				c[k*dim+l][i] /= total
			}
			copy(c[l*dim+k], c[k*dim+l])
		}
	}
}

// Diffusion writes D.
func (e *Examples) Diffusion(d, x [][]float64, _ float64) {
	dim := len(e.Axes)
	if e.NoiseKind == None {
		for k := range d {
			clear(d[k])
		}
		return
	}
	e.Covariance(d, x)
	for i := range d[0] {
		trace := 0.0
		for k := range dim {
			trace += d[k*dim+k][i]
		}
		for k := range dim {
			for l := range dim {
				v := &d[k*dim+l][i]
				switch {
				case e.NoiseKind == Gradient:
					*v *= e.Scale
				case k == l:
					*v = e.Scale * trace / float64(dim)
				default:
					*v = 0
				}
			}
		}
	}
}

// Noise writes the symmetric root σ = √(2D).
func (e *Examples) Noise(s, x [][]float64, t float64) {
	e.Diffusion(s, x, t)
	operators.Root(s, s, len(e.Axes))
}
