package operators

import (
	"math"
	"math/rand/v2"

	"fokker/grid"
)

// Normal is the step of Euler and Maruyama, X + τ b + √τ σ ξ with ξ standard normal:
// for stochastic gradient descent with learning rate τ, b = −∇L and σσᵀ = (τ/B) C it
// is the algorithm with Gaussian batch noise.
type Normal struct {
	Process  Process
	Interval float64 // τ
}

// Time returns τ.
func (s Normal) Time() float64 { return s.Interval }

// Start returns a step of n points, which draws their noise.
func (s Normal) Start(n int, r *rand.Rand) func(x [][]float64) {
	dim, columns := s.Process.Dim(), s.Process.Columns()
	b, noise, root := Columns(dim, n), Columns(dim*columns, n), math.Sqrt(s.Interval)
	z := make([]float64, n)
	return func(x [][]float64) {
		s.Process.Drift(b, x, 0)
		s.Process.Noise(noise, x, 0)
		for k := range x {
			for i := range x[k] {
				x[k][i] += s.Interval * b[k][i]
			}
		}
		for c := range columns {
			for i := range z {
				z[i] = root * r.NormFloat64()
			}
			for k := range x {
				for i, v := range noise[k*columns+c] {
					x[k][i] += v * z[i]
				}
			}
		}
	}
}

// Reach in standard deviations: along a line beyond lies less than 1e-32 of a step, in
// more dimensions 2e-11, which the last cells get.
const (
	lineReach = 12
	boxReach  = 7
)

func (s Normal) land(to *landing, g *grid.Grid, r grid.Range, done func(cell int)) error {
	dim, at := g.Dim(), make([]int, g.Dim())
	top := dim - 1
	return Coefficients(s.Process, g, r, 0, func(r grid.Range, b, d [][]float64) error {
		for i := range r.Len() {
			g.Locate(at, r.Lo+i)
			for k := range dim {
				to.mean[top*dim+k] = g.Centers(k)[at[k]] + s.Interval*column(b[k], i)
				for l := range dim {
					to.tensors[top][k*dim+l] = s.Interval * (column(d[k*dim+l], i) + column(d[l*dim+k], i))
				}
				to.noise[k], to.added[k] = to.tensors[top][k*dim+k], 0
				if to.noise[k] < 0 && to.noise[k] > -1e-12*s.trace(d, i, dim) { // rounding of a singular tensor
					to.tensors[top][k*dim+k], to.noise[k] = 0, 0
				}
				if to.noise[k] < 0 {
					return &PointError{"diffusion", k, column(d[k*dim+k], i), center(g, r.Lo+i), "a number ≥ 0"}
				}
			}
			for k, l := range to.lattices {
				if mean, std := to.mean[top*dim+k], math.Sqrt(to.noise[k]); l.winds(mean, std) {
					return &PointError{"step", k, max(math.Abs(mean), std), center(g, r.Lo+i), winding}
				}
			}
			reach := float64(boxReach)
			if dim == 1 {
				reach = lineReach
			}
			to.normal(top, reach, 1, 0)
			done(r.Lo + i)
		}
		return nil
	})
}

func (s Normal) trace(d [][]float64, i, dim int) (sum float64) {
	for k := range dim {
		sum += math.Abs(column(d[k*dim+k], i))
	}
	return 2 * s.Interval * sum
}

// column reads a number of a column, of which nil is zeros.
func column(c []float64, i int) float64 {
	if c == nil {
		return 0
	}
	return c[i]
}

// normal spreads the part `mass` of a Gaussian: along axis k by its law there, then
// along the axes below given where it landed. So mean and covariance are kept where
// those of every line are: given a place y of axis k, which has the variance v on
// places, the others have the mean μ + c(y − μₖ)/v and the covariance C − ccᵀ/v, c
// being their covariances with it.
func (t *landing) normal(k int, reach, mass float64, line int) {
	dim := t.grid.Dim()
	mean, tensor, s, l := t.mean[k*dim:], t.tensors[k], &t.shares[k], t.lattices[k]
	variance := max(tensor[k*dim+k], 0) // below is rounding of a singular tensor
	l.normal(s, mean[k], variance, reach)
	t.added[k] += mass * (s.variance - variance)
	if k == 0 {
		t.drop(s, mass, line)
		return
	}
	if s.variance > 0 {
		variance = s.variance
	}
	below := t.tensors[k-1]
	for i := range k {
		for j := range k {
			below[i*dim+j] = tensor[i*dim+j]
			if variance > 0 {
				below[i*dim+j] -= tensor[i*dim+k] * tensor[j*dim+k] / variance
			}
		}
	}
	slope := t.slope(k, s, variance)
	for e, m := range s.mass {
		if m == 0 {
			continue
		}
		cell, lost := l.land(s.first + e)
		if lost {
			t.lost += mass * m
			continue
		}
		z, d := 0.0, s.at[e]-s.mean
		if variance > 0 {
			z = d * d / variance
		}
		for i := range k {
			t.mean[(k-1)*dim+i] = mean[i] + slope[i]*d
		}
		t.normal(k-1, math.Sqrt(max(reach*reach-z, 1)), mass*m, line+cell*t.stride(k))
	}
}

// slope returns by how much the means along the axes below axis k move with where a
// share of it stands, c/v. Of two axes the one below, where noise is of rank one or
// nearly so, would have the variance that places add on top of its own: its mean moves
// by so much less that its variance is right, and the covariance short.
func (t *landing) slope(k int, s *share, variance float64) []float64 {
	dim := t.grid.Dim()
	out := t.slopes[k*dim:][:k]
	clear(out)
	if variance == 0 {
		return out
	}
	for i := range out {
		out[i] = t.tensors[k][i*dim+k] / variance
	}
	own, whole := max(t.tensors[k-1][0], 0), t.tensors[k][0]
	if dim > 2 || out[0] == 0 {
		return out
	}
	full := out[0]
	for range 3 { // as places add a little else when it moves less
		across := 0.0
		for e, m := range s.mass {
			across += m * t.lattices[0].least(t.mean[k*dim]+out[0]*(s.at[e]-s.mean), own)
		}
		if across == own || across >= whole {
			break
		}
		out[0] = math.Copysign(math.Sqrt((whole-across)/variance), full)
	}
	return out
}

// drop puts a share along the first axis on a line.
func (t *landing) drop(s *share, mass float64, line int) {
	if l := t.lattices[0]; s.first >= 0 && s.first+len(s.mass) <= l.cells() {
		addMultiple(t.touch(line, s.first, s.first+len(s.mass)), mass, s.mass)
		return
	}
	for e, m := range s.mass {
		if m == 0 {
			continue
		}
		if cell, lost := t.lattices[0].land(s.first + e); lost {
			t.lost += mass * m
		} else {
			t.add(line, cell, mass*m)
		}
	}
}
