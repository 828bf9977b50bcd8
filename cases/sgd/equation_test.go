package sgd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"fokker/operators"
)

// moved returns points shifted by step along axis k.
func moved(x [][]float64, k int, step float64) [][]float64 {
	out := operators.Columns(len(x), len(x[0]))
	for l := range x {
		for i, v := range x[l] {
			out[l][i] = v
			if l == k {
				out[l][i] += step
			}
		}
	}
	return out
}

// Terms of second order against their definitions, with derivatives along axes by
// central differences of order four; η = 0.3.
func TestEquationsOfSecondOrderHaveTheirTerms(t *testing.T) {
	regularizers := []string{"slope^3 + slope*intercept^2", "0.3*a^2*b*c + c^4", "w^5"}
	for j, m := range models {
		d, dim, n := load(t, m.file), len(m.axes), 6
		random := rand.New(rand.NewPCG(7, 8))
		for range d.Len() {
			d.Weights = append(d.Weights, random.Float64())
		}
		e := examples(t, m.axes, d, m.loss, regularizers[j])
		e.Rate, e.Scale = .3, .3/10
		for _, e.NoiseKind = range []NoiseKind{Gradient, Isotropic, None} {
			compareTerms(t, m.file, e, columnsOf(dim, n))
		}
	}
}

func compareTerms(t *testing.T, name string, e *Examples, x [][]float64) {
	t.Helper()
	const step = 1e-3
	dim, n := len(e.Axes), len(x[0])
	e.Equation = SDE1
	if err := e.Compile(); err != nil {
		t.Fatal(err)
	}
	slope, hessian, first := operators.Columns(dim, n), operators.Columns(e.count(2), n), operators.Columns(dim*dim, n)
	e.PopulationGradient(slope, x)
	e.PopulationHessian(hessian, x)
	e.Diffusion(first, x, 0)
	h := func(k, l, i int) float64 { return hessian[triangle(k, l)][i] }
	// differences of f by axis k
	by := func(f func(dst, x [][]float64), outputs, k int) [][]float64 {
		out := operators.Columns(outputs, n)
		for j, weight := range []float64{1, -8, 0, 8, -1} {
			at := operators.Columns(outputs, n)
			f(at, moved(x, k, float64(j-2)*step))
			for o := range out {
				for i, v := range at[o] {
					out[o][i] += weight * v / (12 * step)
				}
			}
		}
		return out
	}
	thirds, slopes := make([][][]float64, dim), make([][][]float64, dim) // of H and of D₁
	for k := range dim {
		thirds[k] = by(e.PopulationHessian, e.count(2), k)
		slopes[k] = by(func(dst, x [][]float64) { e.Diffusion(dst, x, 0) }, dim*dim, k)
	}
	for _, e.Equation = range []Equation{SDE1, SDE2, SDE2Plus} {
		if err := e.Compile(); err != nil {
			t.Fatal(err)
		}
		b, d := operators.Columns(dim, n), operators.Columns(dim*dim, n)
		e.Drift(b, x, 0)
		e.Diffusion(d, x, 0)
		for i := range n {
			for k := range dim {
				want, size := -slope[k][i], math.Abs(slope[k][i])
				for l := range dim {
					if e.Equation != SDE1 {
						want -= e.Rate / 2 * h(k, l, i) * slope[l][i]
						size += math.Abs(h(k, l, i) * slope[l][i])
					}
					for m := range dim {
						if e.Equation == SDE2Plus {
							want += e.Rate / 2 * first[l*dim+m][i] * thirds[k][triangle(l, m)][i]
							size += math.Abs(first[l*dim+m][i] * thirds[k][triangle(l, m)][i])
						}
					}
				}
				near(t, fmt.Sprintf("%s, equation %d, noise %d: b", name, e.Equation, e.NoiseKind), b[k][i], want, 1e-8*(size+1))
				for l := range dim {
					want, size := first[k*dim+l][i], math.Sqrt(first[k*dim+k][i]*first[l*dim+l][i])
					for m := range dim {
						if e.Equation == SDE2Plus {
							terms := []float64{h(k, m, i) * first[m*dim+l][i], first[k*dim+m][i] * h(m, l, i), slope[m][i] * slopes[m][k*dim+l][i]}
							for _, v := range terms {
								want += e.Rate / 2 * v
								size += math.Abs(v)
							}
						}
					}
					near(t, fmt.Sprintf("%s, equation %d, noise %d: D", name, e.Equation, e.NoiseKind), d[k*dim+l][i], want, 1e-8*size)
				}
			}
		}
	}
}
