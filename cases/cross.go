package cases

import (
	"fmt"

	"fokker/grid"
	"fokker/operators"
)

// crossing is what the mesh adds to noise across its own direction.
type crossing struct {
	added, across, trace float64 // means over a law, or over the cells
	exceeds              float64 // fraction in which added exceeds across
}

// crossDiffusion measures it, weighted with a law or, if that is nil, with
// equal weights; ok is false where noise couples no axes.
func (p *Problem) crossDiffusion(g *grid.Grid, law []float64, t float64) (c crossing, ok bool, err error) {
	weight := func(i int) float64 { return 1 / float64(g.Size()) }
	if law != nil {
		weight = func(i int) float64 { return law[i] }
	}
	for _, axes := range p.coupled {
		one, err := operators.Coupled{Process: p.Process, Axes: axes}.CrossDiffusion(g, grid.Range{Hi: g.Size()}, t)
		if err != nil {
			return c, false, p.explain(err)
		}
		for i := range one.Added {
			w := weight(i)
			c.added += w * one.Added[i]
			c.across += w * one.Across[i]
			c.trace += w * one.Trace[i]
			if one.Added[i] > one.Across[i] {
				c.exceeds += w / float64(len(p.coupled))
			}
		}
	}
	return c, len(p.coupled) > 0 && c.trace > 0, nil
}

// negligible is cross-diffusion, against all diffusion, that is rounding.
const negligible = 1e-12

// warning says what a mesh adds that is more than there is; part names what
// the fraction is of.
func (c crossing) warning(part string) string {
	return fmt.Sprintf("the mesh adds diffusion across the direction of the noise, %s of all, and more than the process has there in %s of %s; it falls as cells shrink, but until then the density across shows the mesh", percent(c.added/c.trace), percent(c.exceeds), part)
}
