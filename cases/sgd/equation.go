package sgd

import "fokker/operators"

// Equation says how closely the diffusion follows the optimiser. With H = ∇∇L and
// Ĉ = s C/B, the covariance of a batch's gradient, it is dθ = b dt + √(2D) dW in
// the sense of Itô.
type Equation int

const (
	// SDE1 has b = −∇L and D = (η/2)Ĉ: expectations at a fixed time are right to
	// first order in η (Mandt, Hoffman and Blei 2017; Li, Tai and E 2017).
	SDE1 Equation = iota
	// SDE2 has b = −∇(L + (η/4)|∇L|²) and the same D: second order at a fixed time
	// (Li, Tai and E 2017). In the stationary law noise lacks what drift has, and
	// moments are further off than those of SDE1.
	SDE2
	// SDE2Plus corrects noise as well,
	//
	//	b = −∇L − (η/2)H∇L + (η²/4) Ĉ:∇∇∇L,
	//	D = (η/2)[Ĉ + (η/2)(HĈ + ĈH + (∇L·∇)Ĉ)],
	//
	// the logarithm of one step's transition operator to second order
	// (Baker–Campbell–Hausdorff): moments of the stationary law are right to
	// O(η³), where both others err by O(η²).
	SDE2Plus
)

// Drift writes b.
func (e *Examples) Drift(b, x [][]float64, _ float64) {
	e.PopulationGradient(b, x)
	if e.Equation != SDE1 {
		e.bend(b, x)
	}
	if e.corrected() {
		e.third(b, x)
	}
	for k := range b {
		for i := range b[k] {
			b[k][i] = -b[k][i]
		}
	}
}

// corrected says that there is noise and that it is corrected.
func (e *Examples) corrected() bool { return e.Equation == SDE2Plus && e.NoiseKind != None }

// bend adds (η/2)H∇L to ∇L.
func (e *Examples) bend(gradient, x [][]float64) {
	h, turned := operators.Columns(e.count(2), len(x[0])), operators.Columns(len(gradient), len(x[0]))
	e.PopulationHessian(h, x)
	product(turned, h, gradient)
	for k := range gradient {
		for i, v := range turned[k] {
			gradient[k][i] += e.Rate / 2 * v
		}
	}
}

// third subtracts (η/2) D₁:∇∇∇L, D₁ = (η/2)Ĉ.
func (e *Examples) third(b, x [][]float64) {
	dim, n := len(e.Axes), len(x[0])
	t, d := operators.Columns(e.count(3), n), operators.Columns(dim*dim, n)
	e.population(t, 3, x)
	e.first(d, x)
	for k := range dim {
		for l := range dim {
			for m := range dim {
				column := t[pyramid(k, l, m)]
				for i, v := range d[l*dim+m] {
					b[k][i] -= e.Rate / 2 * v * column[i]
				}
			}
		}
	}
}

// pyramid returns the place of entry k, l, m of a symmetric tensor among those
// with k ≥ l ≥ m.
func pyramid(k, l, m int) int {
	k, l = max(k, l), min(k, l)
	l, m = max(l, m), min(l, m)
	k, l = max(k, l), min(k, l)
	return k*(k+1)*(k+2)/6 + l*(l+1)/2 + m
}

// first writes D₁ = (η/2)Ĉ.
func (e *Examples) first(d, x [][]float64) {
	e.Covariance(d, x)
	e.shape(d)
}

// shape makes noise of the kind asked for of a covariance, or of a derivative of
// it.
func (e *Examples) shape(c [][]float64) {
	dim := len(e.Axes)
	for i := range c[0] {
		trace := 0.0
		for k := range dim {
			trace += c[k*dim+k][i]
		}
		for k := range dim {
			for l := range dim {
				v := &c[k*dim+l][i]
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

// Diffusion writes D.
func (e *Examples) Diffusion(d, x [][]float64, _ float64) {
	if e.NoiseKind == None {
		for k := range d {
			clear(d[k])
		}
		return
	}
	e.first(d, x)
	if e.corrected() {
		e.correct(d, x)
	}
}

// correct adds (η/2)(HD₁ + D₁H + (∇L·∇)D₁) to D₁.
func (e *Examples) correct(d, x [][]float64) {
	dim, n := len(e.Axes), len(x[0])
	gradient, h := operators.Columns(dim, n), operators.Columns(e.count(2), n)
	along, turned := operators.Columns(dim*dim, n), operators.Columns(dim*dim, n)
	e.PopulationGradient(gradient, x)
	e.PopulationHessian(h, x)
	e.CovarianceAlong(along, gradient, x)
	e.shape(along)
	for l := range dim {
		product(turned[l*dim:(l+1)*dim], h, d[l*dim:(l+1)*dim]) // row l of D₁H
	}
	for k := range dim {
		for l := range dim {
			for i := range n {
				d[k*dim+l][i] += e.Rate / 2 * (turned[k*dim+l][i] + turned[l*dim+k][i] + along[k*dim+l][i])
			}
		}
	}
}

// Noise writes the symmetric root σ = √(2D).
func (e *Examples) Noise(s, x [][]float64, t float64) {
	e.Diffusion(s, x, t)
	operators.Root(s, s, len(e.Axes))
}
