package sgd

import "fokker/operators"

// ByWeight is how coefficients at some points change with the weights of examples.
// With W = Σ wᵢ and means ℓ̄, ḡ, H̄ over the examples,
//
//	∂L/∂wᵢ = (ℓᵢ − ℓ̄)/W,  ∂∇L/∂wᵢ = (gᵢ − ḡ)/W,  ∂C/∂wᵢ = ((gᵢ − ḡ)(gᵢ − ḡ)ᵀ − C)/W,
//
// and likewise for higher derivatives and their covariances; b and D are functions of
// these means.
type ByWeight struct {
	examples   *Examples
	x          [][]float64
	means      [4][][]float64 // of the loss and its derivatives, without the regularizer
	population [4][][]float64 // with it
	covariance [][]float64
	noise      [][]float64   // D₁ = (η/2)Ĉ
	mixed      [][][]float64 // cov(gₖ, H), by k; for SDE2+
	total      float64
}

// orders returns the derivatives of the loss that coefficients have.
func (e *Examples) orders() []int {
	switch {
	case e.corrected():
		return []int{0, 1, 2, 3}
	case e.Equation != SDE1:
		return []int{0, 1, 2}
	}
	return []int{0, 1}
}

// ByWeight prepares derivatives at points.
func (e *Examples) ByWeight(x [][]float64) *ByWeight {
	dim, n := len(e.Axes), len(x[0])
	w := &ByWeight{examples: e, x: x, total: e.Data.Total()}
	for _, order := range e.orders() {
		w.means[order], w.population[order] = operators.Columns(e.count(order), n), operators.Columns(e.count(order), n)
		e.mean(w.means[order], order, x)
		e.population(w.population[order], order, x)
	}
	w.covariance, w.noise = operators.Columns(dim*dim, n), operators.Columns(dim*dim, n)
	e.Covariance(w.covariance, x)
	if e.NoiseKind != None {
		e.first(w.noise, x)
	}
	if e.corrected() {
		for range dim {
			w.mixed = append(w.mixed, operators.Columns(e.count(2), n))
		}
		e.each(x, func(weight float64, d [4][][]float64) { w.mix(weight/w.total, d) }, 1, 2)
	}
	return w
}

// mix adds an example to the covariances of gradient and Hessian.
func (w *ByWeight) mix(part float64, d [4][][]float64) {
	for k, columns := range w.mixed {
		for q, out := range columns {
			for i := range out {
				out[i] += part * (d[1][k][i] - w.means[1][k][i]) * (d[2][q][i] - w.means[2][q][i])
			}
		}
	}
}

// Change is the derivatives of loss, drift and diffusion by a weight, at all points;
// D is symmetric, row by row.
type Change struct {
	Loss  []float64
	B, D  [][]float64
	own   [4][][]float64
	along [][]float64
}

// NewChange allocates what Example writes.
func (w *ByWeight) NewChange() *Change {
	dim, n := len(w.x), len(w.x[0])
	c := &Change{Loss: make([]float64, n), B: operators.Columns(dim, n), D: operators.Columns(dim*dim, n), along: operators.Columns(dim*dim, n)}
	for _, order := range w.examples.orders() {
		c.own[order] = operators.Columns(w.examples.count(order), n)
	}
	return c
}

// Example writes the derivatives by the weight of example j. It may be called by
// several goroutines with changes of their own.
func (w *ByWeight) Example(c *Change, j int) {
	e := w.examples
	in, row := e.inputs(w.x)
	e.Data.row(row, j)
	for _, order := range e.orders() {
		e.loss[order].Eval(c.own[order], in)
		for q, own := range c.own[order] {
			for i := range own {
				own[i] = (own[i] - w.means[order][q][i]) / w.total
			}
		}
	}
	copy(c.Loss, c.own[0][0])
	w.noiseBy(c)
	w.driftBy(c)
	if e.corrected() {
		w.correctBy(c)
	}
}

// noiseBy writes ∂D₁.
func (w *ByWeight) noiseBy(c *Change) {
	dim, g := len(c.B), c.own[1]
	if w.examples.NoiseKind == None {
		return
	}
	for k := range dim {
		for l := range dim {
			for i, v := range w.covariance[k*dim+l] {
				c.D[k*dim+l][i] = g[k][i]*g[l][i]*w.total - v/w.total
			}
		}
	}
	w.examples.shape(c.D)
}

// driftBy writes ∂b without the third derivatives.
func (w *ByWeight) driftBy(c *Change) {
	dim, rate := len(c.B), w.examples.Rate
	for k, b := range c.B {
		for i := range b {
			b[i] = -c.own[1][k][i]
		}
		if w.examples.Equation == SDE1 {
			continue
		}
		for l := range dim {
			q := triangle(k, l)
			for i := range b {
				b[i] -= rate / 2 * (c.own[2][q][i]*w.population[1][l][i] + w.population[2][q][i]*c.own[1][l][i])
			}
		}
	}
}

// correctBy adds what SDE2+ has more, and turns ∂D₁ into ∂D.
func (w *ByWeight) correctBy(c *Change) {
	dim, rate := len(c.B), w.examples.Rate
	for k, b := range c.B {
		for l := range dim {
			for m := range dim {
				t := pyramid(k, l, m)
				for i := range b {
					b[i] += rate / 2 * (c.D[l*dim+m][i]*w.population[3][t][i] + w.noise[l*dim+m][i]*c.own[3][t][i])
				}
			}
		}
	}
	w.alongBy(c)
	for k := range dim { // HD₁ + D₁H
		for l := range dim {
			for m := range dim {
				a, b := triangle(k, m), triangle(m, l)
				out := c.along[k*dim+l]
				for i := range out {
					out[i] += c.own[2][a][i]*w.noise[m*dim+l][i] + w.population[2][a][i]*c.D[m*dim+l][i] +
						w.noise[k*dim+m][i]*c.own[2][b][i] + c.D[k*dim+m][i]*w.population[2][b][i]
				}
			}
		}
	}
	for q, d := range c.D {
		for i := range d {
			d[i] += rate / 2 * c.along[q][i]
		}
	}
}

// alongBy writes the derivative of (∇L·∇)D₁, (∇L·∇)C being cov(g, H∇L) and its
// transpose.
func (w *ByWeight) alongBy(c *Change) {
	dim := len(c.B)
	for k := range dim {
		for l := range dim {
			out := c.along[k*dim+l]
			clear(out)
			for m := range dim {
				w.addMixed(out, c, k, l, m)
				w.addMixed(out, c, l, k, m)
			}
		}
	}
	w.examples.shape(c.along)
}

// addMixed adds the derivative of cov(gₖ, H_lm) ∂ₘL.
func (w *ByWeight) addMixed(out []float64, c *Change, k, l, m int) {
	q := triangle(l, m)
	for i, mixed := range w.mixed[k][q] {
		change := c.own[1][k][i]*c.own[2][q][i]*w.total - mixed/w.total
		out[i] += c.own[1][m][i]*mixed + w.population[1][m][i]*change
	}
}
