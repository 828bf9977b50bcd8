package sgd

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"fokker/cases/expr"
	"fokker/operators"
)

// summary stands for all examples of a loss ℓ = Σ aₖ(θ)bₖ(z): L = Σ b̄ₖaₖ, and with
// Cov(bₖ, bₗ) = (RᵀR)ₖₗ the covariance of gradients is C = Σᵣ ∇sᵣ∇sᵣᵀ, sᵣ = ΣₖRᵣₖaₖ.
// Functions of an example are centred before they are multiplied out, and R comes
// from the examples themselves by orthogonal transformations, so that C has the
// rounding of the sum over examples, and is 0 where they agree.
type summary struct {
	parts derived // of the aₖ, one after the other
	mean  []float64
	root  [][]float64 // R, row by row, upper triangular
}

// mostTerms bounds the terms of a summary: so many cost as much as some hundred
// examples.
const mostTerms = 64

// summarize finds a summary that is cheaper than the examples, if there is one.
func (e *Examples) summarize() error {
	e.summary = nil
	split := expr.Separation{Outer: e.Axes, Center: e.Data.center, Most: min(mostTerms, e.Data.Len()/2)}
	terms, ok := split.Of(e.Loss)
	if !ok {
		return nil
	}
	a, b := make([]*expr.Node, len(terms)), make([]*expr.Node, len(terms))
	for k, t := range terms {
		a[k], b[k] = t.A, t.B
	}
	s := &summary{}
	var err error
	if s.parts, err = derive(e.Axes, e.Axes, e.most(), a...); err != nil {
		return err
	}
	if s.look(e.Data, b) { // otherwise the sum over examples will say where it is no number
		e.summary = s
	}
	return nil
}

// Reweigh gives the examples other weights.
func (e *Examples) Reweigh(weights []float64) error {
	e.Data.Weights = weights
	return e.summarize()
}

// Rows returns how many examples every mean is a sum over: 1 where a summary stands
// for all of them.
func (e *Examples) Rows() int {
	if e.summary != nil {
		return 1
	}
	return e.Data.Len()
}

// Terms returns the number of terms of the summary, 0 if there is none.
func (e *Examples) Terms() int {
	if e.summary == nil {
		return 0
	}
	return len(e.summary.mean)
}

// center returns the mean of a function of an example where it is of the size of its
// deviation or above, otherwise 0.
func (d *Data) center(b *expr.Node) float64 {
	s := &summary{}
	if !s.look(d, []*expr.Node{b}) || 4*math.Abs(s.mean[0]) < math.Abs(s.root[0][0]) {
		return 0
	}
	return s.mean[0]
}

// look computes means and R of functions of an example, and reports whether they are
// finite.
func (s *summary) look(d *Data, b []*expr.Node) bool {
	program, err := expr.Compile(d.Columns, b...)
	if err != nil {
		return false
	}
	s.mean, s.root = make([]float64, len(b)), operators.Columns(len(b), len(b))
	d.average(s.mean, program)
	r := mat.NewDense(len(b), len(b), nil)
	d.blocks(program, len(b), func(weights []float64, out [][]float64) { s.turn(r, weights, out) })
	norm := mat.Norm(r, 1)
	for k := range b {
		mat.Row(s.root[k], k, r)
		floats.Scale(1/math.Sqrt(d.Total()), s.root[k])
		norm += math.Abs(s.mean[k])
	}
	return norm <= math.MaxFloat64
}

// average writes means over the examples, exact where all agree.
func (d *Data) average(mean []float64, program *expr.Program) {
	sum := 0.0
	d.blocks(program, len(mean), func(weights []float64, out [][]float64) {
		for i, w := range weights {
			if w == 0 {
				continue
			}
			sum += w
			for k := range out {
				mean[k] += w / sum * (out[k][i] - mean[k])
			}
		}
	})
}

// turn takes more examples into R: that of the rows √w(b − b̄) below R itself, by
// orthogonal transformations (Householder 1958).
func (s *summary) turn(r *mat.Dense, weights []float64, out [][]float64) {
	terms := len(out)
	all := mat.NewDense(terms+len(weights), terms, nil)
	all.Slice(0, terms, 0, terms).(*mat.Dense).Copy(r)
	for i, w := range weights {
		if w == 0 {
			continue
		}
		for k := range out {
			all.Set(terms+i, k, math.Sqrt(w)*(out[k][i]-s.mean[k]))
		}
	}
	var qr mat.QR
	var triangle mat.Dense
	qr.Factorize(all)
	qr.RTo(&triangle)
	r.Copy(triangle.Slice(0, terms, 0, terms))
}

// blocks evaluates functions of an example for some thousand examples at a time.
func (d *Data) blocks(program *expr.Program, outputs int, visit func(weights []float64, out [][]float64)) {
	const rows = 4096
	out, weights, in := operators.Columns(outputs, rows), make([]float64, rows), make([][]float64, len(d.Columns))
	for lo := 0; lo < d.Len(); lo += rows {
		n := min(rows, d.Len()-lo)
		for c := range in {
			in[c] = d.Values[c][lo : lo+n]
		}
		for k := range out {
			out[k] = out[k][:n]
		}
		for i := range n {
			weights[i] = d.Weight(lo + i)
		}
		program.Eval(out, in)
		visit(weights[:n], out)
	}
}

// population writes means of derivatives of some order, Σ b̄ₖ ∂aₖ.
func (s *summary) population(dst [][]float64, order int, x [][]float64) {
	parts := s.evaluate(order, len(dst), x)
	for j := range dst {
		clear(dst[j])
		for k, mean := range s.mean {
			if mean != 0 {
				floats.AddScaled(dst[j], mean, parts[k*len(dst)+j])
			}
		}
	}
}

func (s *summary) evaluate(order, each int, x [][]float64) [][]float64 {
	out := operators.Columns(len(s.mean)*each, len(x[0]))
	s.parts[order].Eval(out, x)
	return out
}

// roots writes ΣₖRᵣₖvₖ for a row r of R and vectors vₖ that follow each other.
func (s *summary) roots(dst [][]float64, row int, v [][]float64) {
	for j := range dst {
		clear(dst[j])
		for k := row; k < len(s.mean); k++ { // R is upper triangular
			if f := s.root[row][k]; f != 0 {
				floats.AddScaled(dst[j], f, v[k*len(dst)+j])
			}
		}
	}
}

// covariance writes C = Σᵣ ∇sᵣ∇sᵣᵀ, or with directions p its derivative along them,
// Σᵣ (∇∇sᵣp)∇sᵣᵀ and its transpose added.
func (s *summary) covariance(c [][]float64, dim int, p, x [][]float64) {
	n := len(x[0])
	gradients, slope := s.evaluate(1, dim, x), operators.Columns(dim, n)
	along, turned := slope, [][]float64(nil)
	if p != nil {
		along, turned = operators.Columns(dim, n), s.turned(dim, p, x)
	}
	for k := range c {
		clear(c[k])
	}
	for row := range s.root {
		s.roots(slope, row, gradients)
		if p != nil {
			s.roots(along, row, turned)
		}
		for k := range dim {
			for l := range dim {
				for i, v := range slope[l] {
					c[k*dim+l][i] += along[k][i] * v
				}
			}
		}
	}
	if p != nil {
		symmetrize(c, dim)
	}
}

// turned returns ∇∇aₖp, one after the other.
func (s *summary) turned(dim int, p, x [][]float64) [][]float64 {
	each := dim * (dim + 1) / 2
	hessians, out := s.evaluate(2, each, x), operators.Columns(len(s.mean)*dim, len(x[0]))
	for k := range s.mean {
		product(out[k*dim:(k+1)*dim], hessians[k*each:(k+1)*each], p)
	}
	return out
}

// symmetrize adds the transpose.
func symmetrize(c [][]float64, dim int) {
	for k := range dim {
		for l := range k + 1 {
			upper, lower := c[l*dim+k], c[k*dim+l]
			for i := range lower {
				lower[i] += upper[i]
				upper[i] = lower[i]
			}
		}
	}
}
