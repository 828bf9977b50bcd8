package operators

import (
	"slices"

	"fokker/grid"
)

// Ghosts are centres beyond the ends of periodic axes, where a function that has not
// their period goes on as it does inside. With the differences from its values one
// period away, at the centres of the cells Image,
//
//	∫φp = Σ wᵢ φᵢ + Σ_g Share_g p(Image_g) (φ(X_g) − φ(Image_g)),
//
// w being the weights of Values. What has the period needs the first sum alone, the
// midpoint rule, whose error falls faster than any power of the width of cells.
type Ghosts struct {
	X     [][]float64 // coordinates, by axis
	Image []int       // cells
	Share []float64   // volumes
}

// differences are as many as are taken at the ends of waves, whose error is of order
// 2 + 2·differences.
const differences = 8

// encke returns the first coefficients of δ, δ³, … in 1/(2 arsinh ½δ) − 1/δ, by which an
// integral in cells differs from the midpoint rule at its ends (Encke 1837): ¹⁄₂₄,
// −¹⁷⁄₅₇₆₀, ….
func encke(count int) []float64 {
	series, inverse := []float64{1}, []float64{1} // of 2 arsinh(½δ)/δ and δ/(2 arsinh ½δ), in δ²
	for k := 1; k <= count; k++ {
		odd := float64(2*k - 1)
		series = append(series, -series[k-1]*odd*odd/float64(8*k*(2*k+1)))
		next := 0.
		for j := range k {
			next -= inverse[j] * series[k-j]
		}
		inverse = append(inverse, next)
	}
	return inverse[1:]
}

// seam returns the shares of ghosts, from the end on: of the values at half a cell
// from it, 1½ and so on, in its odd differences.
func seam(width float64, count int) []float64 {
	out := make([]float64, count)
	for j, c := range encke(count) {
		binomial := width * c // times 2j + 1 over i, of alternating sign
		for i := range j + 1 {
			out[j-i] += binomial
			binomial *= -float64(2*j+1-i) / float64(i+1)
		}
	}
	return out
}

// ghosted is the places along an axis and its ghosts: their cells, coordinates and
// weights, those of cells without what ghosts share.
type ghosted struct {
	cell   []int
	x      []float64
	weight []float64
	deep   int // ghosts at either end
}

func (b *basis) ghosted(a grid.Axis, centers []float64) ghosted {
	n, deep, period := len(centers), len(b.beyond[0]), a.Edges[len(centers)]-a.Edges[0]
	own := slices.Clone(b.weight)
	for d := range deep {
		own[n-1-d] -= b.beyond[0][d]
		own[d] -= b.beyond[1][d]
	}
	out := ghosted{deep: deep}
	add := func(cell int, turns, weight float64) {
		out.cell, out.x, out.weight = append(out.cell, cell), append(out.x, centers[cell]+turns*period), append(out.weight, weight)
	}
	for d := range deep {
		add(n-1-d, -1, b.beyond[0][d])
	}
	for i := range n {
		add(i, 0, own[i])
	}
	for d := range deep {
		add(d, 1, b.beyond[1][d])
	}
	return out
}

// Ghosts returns those of all periodic axes together.
func (h *HighOrder) Ghosts() *Ghosts {
	axes, all := make([]ghosted, h.grid.Dim()), 1
	for k, b := range h.bases {
		axes[k] = b.ghosted(h.grid.Axis(k), h.grid.Centers(k))
		all *= len(axes[k].cell)
	}
	out := &Ghosts{X: make([][]float64, len(axes))}
	if all == h.Size() {
		return out
	}
	x := make([]float64, len(axes))
	for j := range all {
		image, share, beyond := 0, 1., false
		for k, a := range axes {
			n := len(a.cell)
			i := j % n
			image, share, x[k] = image+a.cell[i]*h.grid.Stride(k), share*a.weight[i], a.x[i]
			beyond = beyond || i < a.deep || i >= n-a.deep
			j /= n
		}
		if !beyond {
			continue
		}
		out.Image, out.Share = append(out.Image, image), append(out.Share, share)
		for k := range x {
			out.X[k] = append(out.X[k], x[k])
		}
	}
	return out
}
