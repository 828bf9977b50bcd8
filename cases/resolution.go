package cases

import (
	"math"

	"fokker/grid"
	"fokker/operators"
)

// resolution is how a mesh carries drift along the axes that noise does not
// couple, weighted with a law.
type resolution struct {
	outrun float64 // mass where |b|h > 2D along an axis: rates are fitted, numerical diffusion is of first order
	upwind float64 // mass where there is drift and no noise along an axis: rates are upwind
}

// resolves measures it. In a potential the rates are exact for the Gibbs law,
// and no cell counts.
func (p *Problem) resolves(g *grid.Grid, law []float64, t float64) (out resolution) {
	axes := p.single()
	if p.reversible != nil || len(axes) == 0 {
		return out
	}
	const chunk = 1024
	dim := g.Dim()
	x, b, d := operators.Columns(dim, chunk), operators.Columns(dim, chunk), operators.Columns(dim*dim, chunk)
	for lo := 0; lo < g.Size(); lo += chunk {
		r := grid.Range{Lo: lo, Hi: min(lo+chunk, g.Size())}
		x, b, d := head(x, r.Len()), head(b, r.Len()), head(d, r.Len())
		g.Points(x, r)
		p.Process.Drift(b, x, t)
		p.Process.(operators.Diffusive).Diffusion(d, x, t)
		for i := range x[0] {
			outrun, upwind := false, false
			for _, k := range axes {
				drift, noise := math.Abs(b[k][i]), d[k*dim+k][i]
				outrun = outrun || noise > 0 && drift*g.Widths(k)[g.Along(k, r.Lo+i)] > 2*noise
				upwind = upwind || noise == 0 && drift > 0
			}
			if outrun {
				out.outrun += law[r.Lo+i]
			}
			if upwind {
				out.upwind += law[r.Lo+i]
			}
		}
	}
	return out
}

// noticeable is the mass from which on coarse cells are warned of.
const noticeable = 0.01

// warnResolution says where the mesh is too coarse for the law it gave.
func (r *run) warnResolution(law []float64, t float64) {
	seen := r.problem.resolves(r.grid, law, t)
	if seen.outrun > noticeable {
		r.warn("%s of the mass lies in cells so wide that drift outruns noise (|b|h > 2D): smaller cells would change the figures to first order", percent(seen.outrun))
	}
	if seen.upwind > noticeable {
		r.warn("%s of the mass lies where an axis has drift but no noise: the mesh itself spreads it there, to first order in the cells", percent(seen.upwind))
	}
}

// warnSharpness says where a diffusion cannot stand for its optimiser.
func (r *run) warnSharpness(sharpness float64) {
	if product := r.problem.LearningRate * sharpness; product > 1 {
		r.warn("learning rate × sharpness is %.3g: SGD itself diverges above 2, and the diffusion is near it only well below 1", product)
	}
}
