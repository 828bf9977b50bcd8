package cases

import (
	"math"

	"fokker/operators"
)

// take takes the quadrature of a generator of high order.
func (f *figures) take(q operators.Generator) {
	l, ok := q.(operators.Accurate)
	if !ok {
		return
	}
	f.accurate = l
	if g := l.Ghosts(); len(g.Image) > 0 {
		f.ghosts = g
	}
}

// beyond returns what the ends of periodic axes add to an expectation, by how far a
// function is at every ghost from its value at the image.
func (f *figures) beyond(l reading, jump func(ghost int) float64) (sum float64) {
	if f.ghosts == nil {
		return 0
	}
	for i, image := range f.ghosts.Image {
		sum += f.ghosts.Share[i] * l.density[image] * jump(i)
	}
	return sum
}

// coordinates of a ghost and of its image along axis k.
func (f *figures) coordinates(k, ghost int) (x, image float64) {
	return f.ghosts.X[k][ghost], f.grid.Centers(k)[f.grid.Along(k, f.ghosts.Image[ghost])]
}

// observed beyond the ends: where φ is not finite there it has no jump.
func (f *figures) observedBeyond(l reading, i int, phi []float64, t float64) float64 {
	if f.ghosts == nil {
		return 0
	}
	there := make([]float64, len(f.ghosts.Image))
	f.observed[i].at(there, f.ghosts.X, t)
	return f.beyond(l, func(g int) float64 {
		if jump := there[g] - phi[f.ghosts.Image[g]]; !math.IsNaN(jump) && !math.IsInf(jump, 0) {
			return jump
		}
		return 0
	})
}
