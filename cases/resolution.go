package cases

import (
	"fmt"
	"math"

	"fokker/grid"
	"fokker/operators"
	"fokker/solvers"
)

// resolution is how a mesh carries drift along the axes that noise does not
// couple, weighted with a law.
type resolution struct {
	outrun float64 // mass where |b|h > 2D along an axis: rates are fitted, numerical diffusion is of first order
	upwind float64 // mass where there is drift and no noise along an axis: rates are upwind
	still  []bool  // by axis: there is such a place
}

// resolves measures it. In a potential the rates are exact for the Gibbs law,
// and schemes of high order have no such rates: no cell counts.
func (p *Problem) resolves(g *grid.Grid, law []float64, t float64) (out resolution, err error) {
	axes := p.single()
	if p.reversible != nil || p.Order != 0 || len(axes) == 0 {
		return out, nil
	}
	dim, at := g.Dim(), make([]int, g.Dim())
	out.still = make([]bool, dim)
	err = operators.Coefficients(p.Process, g, occupied(g, law), t, func(r grid.Range, b, d [][]float64) error {
		g.Locate(at, r.Lo)
		if carried(g, axes, at, r.Len(), b, d) {
			return nil
		}
		for i, m := range law[r.Lo:r.Hi] {
			outrun, upwind := false, false
			for _, k := range axes {
				drift, noise := math.Abs(value(b[k], i)), value(d[k*dim+k], i)
				outrun = outrun || noise > 0 && drift*g.Widths(k)[at[k]] > 2*noise
				if noise == 0 && drift > 0 {
					upwind, out.still[k] = true, true
				}
			}
			if outrun {
				out.outrun += m
			}
			if upwind {
				out.upwind += m
			}
			at[0]++
		}
		return nil
	})
	return out, err
}

// carried reports whether noise outruns drift along the axes in all of a piece of
// a line, which is the rule and quickly seen.
func carried(g *grid.Grid, axes, at []int, n int, b, d [][]float64) bool {
	for _, k := range axes {
		drift, noise, h, step := b[k], d[k*g.Dim()+k], g.Widths(k)[at[k]:], 0
		if drift == nil {
			continue
		}
		if noise == nil {
			return false
		}
		if k == 0 {
			step = 1
		}
		for i, v := range drift[:n] {
			if math.Abs(v)*h[i*step] > 2*noise[i] {
				return false
			}
		}
	}
	return true
}

// occupied returns the lines of cells along the first axis but for those before
// the first and after the last with mass to speak of.
func occupied(g *grid.Grid, law []float64) grid.Range {
	n, r := g.Cells(0), grid.Range{Hi: g.Size()}
	least := 1e-4 * noticeable * float64(n) / float64(g.Size()) // all such lines together change no digit
	for r.Len() > n && sum(law[r.Lo:r.Lo+n]) < least {
		r.Lo += n
	}
	for r.Len() > n && sum(law[r.Hi-n:r.Hi]) < least {
		r.Hi -= n
	}
	return r
}

// value returns a number of a column, of which nil is zeros.
func value(column []float64, i int) float64 {
	if column == nil {
		return 0
	}
	return column[i]
}

// rough returns the most of Σ|mᵢ₊₁ − mᵢ| over Σ mᵢ along an axis, which is 0.8 h/σ for
// narrow Gaussians of deviation σ in cells of width h, however many.
func (f *figures) rough(m []float64) (most float64) {
	total := sum(m)
	for k := range f.grid.Dim() {
		step, last, varies := f.grid.Stride(k), f.grid.Cells(k)-1, 0.0
		f.runs(k, func(at, lo, hi int) {
			for i := lo; i < hi && at < last; i++ {
				varies += math.Abs(m[i+step] - m[i])
			}
		})
		most = max(most, varies/total)
	}
	return most
}

// mostly is more than half: of a law's mass, where cells say little of it; of its
// changes from cell to cell, beyond 1.6 cells per deviation.
const mostly = 0.5

// noticeable is the mass from which on coarse cells are warned of.
const noticeable = 0.01

// warnResolution says where the mesh is too coarse for the law it gave, by upwind
// rates where an axis has no noise unless it streams.
func (r *run) warnResolution(law []float64, t float64, streams bool) error {
	seen, err := r.problem.resolves(r.grid, law, t)
	if err != nil {
		return r.problem.explain(err)
	}
	r.outrun = seen.outrun > mostly
	r.unresolved = r.unresolved || r.outrun && r.figures.rough(law) > mostly
	if seen.outrun > noticeable {
		r.warn("%s of the mass lies in cells so wide that drift outruns noise (|b|h > 2D): smaller cells would change the figures to first order", percent(seen.outrun))
	}
	if seen.upwind > noticeable && !streams {
		r.warn("%s of the mass lies where an axis has drift but no noise: the mesh itself spreads it there, to first order in the cells%s", percent(seen.upwind), seen.roughly(r.grid))
	}
	return nil
}

// roughly names axes without noise whose cells are in the way of streams.
func (o resolution) roughly(g *grid.Grid) (words string) {
	for k, still := range o.still {
		if a := g.Axis(k); still && solvers.Rough(g.Widths(k), a.Ends[0] == grid.Periodic) {
			words += fmt.Sprintf("; axis %q has cells more than three times as wide as their neighbours, without which it would have streams of high order", a.Name)
		}
	}
	return words
}

// warnSharpness says where a diffusion cannot stand for its optimiser.
func (r *run) warnSharpness(sharpness float64) {
	if product := r.problem.LearningRate * sharpness; product > 1 {
		r.warn("learning rate × sharpness is %.3g: SGD itself diverges above 2, and the diffusion is near it only well below 1", product)
	}
}
