package cases

import "math"

// flat is the part of a variance that others leave over in a law without one.
const flat = 1e-9

type matrix4 [4][4]float64

// gaussLaw is a law by its mean, as far as it is from the point, and its covariance.
type gaussLaw struct {
	mean       [4]float64
	covariance matrix4
}

// size returns ‖L⁻¹μ‖ + ‖L⁻¹ΣL⁻ᵀ‖ of a difference of laws.
func (g gaussLaw) size(lower matrix4, dim int) float64 {
	mean, covariance, rows := 0., 0., matrix4{}
	for k, v := range solved(lower, g.mean, dim) {
		mean += v * v
		for j, v := range solved(lower, g.covariance[k], dim) { // symmetric: L⁻¹Σ by columns
			rows[j][k] = v
		}
	}
	for _, row := range rows {
		for _, v := range solved(lower, row, dim) {
			covariance += v * v
		}
	}
	return math.Sqrt(mean) + math.Sqrt(covariance)
}

func (g gaussLaw) times(a float64) gaussLaw { return gaussLaw{}.plus(a, g) }

func (g gaussLaw) plus(a float64, o gaussLaw) gaussLaw {
	for k := range g.mean {
		g.mean[k] += a * o.mean[k]
		for j := range g.mean {
			g.covariance[k][j] += a * o.covariance[k][j]
		}
	}
	return g
}

// factor returns L of Σ = LLᵀ, or that a variance is no more than the others leave.
func (g gaussLaw) factor(dim int) (lower matrix4, ok bool) {
	for k := range dim {
		for j := range k + 1 {
			rest := g.covariance[k][j]
			for m := range j {
				rest -= lower[k][m] * lower[j][m]
			}
			if j < k {
				lower[k][j] = rest / lower[j][j]
				continue
			}
			if !(rest > flat*g.covariance[k][k]) || math.IsInf(rest, 1) {
				return lower, false
			}
			lower[k][k] = math.Sqrt(rest)
		}
	}
	return lower, true
}

// solved returns L⁻¹x.
func solved(lower matrix4, x [4]float64, dim int) [4]float64 {
	for k := range dim {
		for j := range k {
			x[k] -= lower[k][j] * x[j]
		}
		x[k] /= lower[k][k]
	}
	return x
}
