package solvers

import (
	"context"
	"math"
	"math/rand/v2"

	"fokker/operators"
)

const (
	glances  = 24   // applications after which only what is near −1 is left to speak of
	nearness = 0.93 // of (1 − λ)/2, below which λ counts as none: λ > −0.86
)

// Alternation returns the eigenvalue λ of P next to −1 and its function u, Pu = λu,
// with |u| ≤ 1: mass where u is positive is where it is negative after a step, and
// back after two, for about −1/ln|λ| steps. It is nil where there is no λ below about
// −0.9. Of (I − P)/2, which has all eigenvalues in the unit disc and 1 for λ = −1
// alone, it is the largest, found by powers.
func Alternation(c operators.Tabled, s *Settings) (lambda float64, u []float64, err error) {
	ctx := context.Background()
	if s != nil && s.Context != nil {
		ctx = s.Context
	}
	random := rand.New(rand.NewPCG(1, 2)) // has a part of every function, the same in every run
	u, next := make([]float64, c.Size()), make([]float64, c.Size())
	for i := range u {
		u[i] = 2*random.Float64() - 1
	}
	before := 0.0
	for k := range 8 * rounds {
		if err := ctx.Err(); err != nil {
			return 0, nil, err
		}
		c.Backward(next, u)
		product, square, largest := 0.0, 0.0, 0.0
		for i, v := range u {
			next[i] = (v - next[i]) / 2
			product, square = product+v*next[i], square+v*v
			largest = math.Max(largest, math.Abs(next[i]))
		}
		ratio := product / square
		for i, v := range next {
			u[i] = v / largest
		}
		if k >= glances && ratio < nearness {
			return 0, nil, nil
		}
		if k >= glances && math.Abs(ratio-before) < 1e-12 {
			return 1 - 2*ratio, u, nil
		}
		before = ratio
	}
	return 0, nil, &NotConverged{"powers of (I − P)/2", before, 8 * rounds}
}
