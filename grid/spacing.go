package grid

import (
	"fmt"
	"math"
	"slices"
)

// Spacing is a smooth increasing map from a computational coordinate u, in
// which cells are equal, to the axis, with its inverse.
type Spacing struct {
	At, Of func(float64) float64 // x = At(u), u = Of(x)
}

// Uniform has equal cells.
func Uniform() Spacing {
	same := func(x float64) float64 { return x }
	return Spacing{same, same}
}

// Log has cells whose widths grow in proportion to x > 0, or to −x below 0:
// x = ±eᵘ.
func Log(lo, hi float64) (Spacing, error) {
	switch {
	case lo > 0:
		return Spacing{math.Exp, math.Log}, nil
	case hi < 0:
		return Spacing{
			func(u float64) float64 { return -math.Exp(-u) },
			func(x float64) float64 { return -math.Log(-x) },
		}, nil
	}
	return Spacing{}, fmt.Errorf("grid: logarithmic cells on [%v, %v], expected a range on one side of 0", lo, hi)
}

// Sinh has cells that are equal near 0 and grow in proportion to |x| beyond 1:
// x = sinh u.
func Sinh() Spacing { return Spacing{math.Sinh, math.Asinh} }

// Graded has its smallest cells at finest; they grow smoothly to ratio times
// that at the farther end of [lo, hi]: dx/du = 1 + (ratio − 1)(x − finest)²/r²,
// r being the distance of that end, so x = finest + r tan(su)/s up to scale,
// s = √(ratio − 1).
func Graded(lo, hi, finest, ratio float64) (Spacing, error) {
	if !(ratio >= 1) || math.IsInf(ratio, 1) {
		return Spacing{}, fmt.Errorf("grid: cells graded by a ratio of %v, expected a number ≥ 1", ratio)
	}
	if !(finest >= lo && finest <= hi) {
		return Spacing{}, fmt.Errorf("grid: finest cells at %v, expected a point in [%v, %v]", finest, lo, hi)
	}
	r, s := max(hi-finest, finest-lo), math.Sqrt(ratio-1)
	if s == 0 {
		return Uniform(), nil
	}
	return Spacing{
		func(u float64) float64 { return finest + r/s*math.Tan(u) },
		func(x float64) float64 { return math.Atan((x - finest) * s / r) },
	}, nil
}

// Chebyshev has edges at the extrema of Chebyshev's polynomial, x = −cos u on
// [−1, 1]: cells shrink towards both ends as those through which polynomials of
// high degree are known do.
func Chebyshev(lo, hi float64) Spacing {
	middle, half := lo+(hi-lo)/2, (hi-lo)/2
	return Spacing{
		func(u float64) float64 { return middle - half*math.Cos(u) },
		func(x float64) float64 { return math.Acos(max(-1, min(1, (middle-x)/half))) },
	}
}

// Edges cuts [lo, hi] into n cells equal in u. The faces, increasing and inside
// the range, become edges exactly as given: each takes the nearest edge, and
// the edges between are equal in u again. It returns the edges and which of
// them are the faces.
func (s Spacing) Edges(lo, hi float64, n int, faces ...float64) (edges []float64, at []int, err error) {
	if !(lo < hi) || math.IsInf(hi-lo, 0) {
		return nil, nil, fmt.Errorf("grid: range [%v, %v], expected a lower and a higher finite number", lo, hi)
	}
	if n < 1 {
		return nil, nil, fmt.Errorf("grid: %d cells on [%v, %v], expected at least 1", n, lo, hi)
	}
	if !slices.IsSorted(faces) {
		return nil, nil, fmt.Errorf("grid: faces at %v, expected in increasing order", faces)
	}
	u0, u1 := s.Of(lo), s.Of(hi)
	edges = make([]float64, n+1)
	knot, uKnot := 0, u0
	for i, f := range append(append([]float64(nil), faces...), hi) {
		k, u := n, u1
		if i < len(faces) {
			if u = s.Of(f); !(f > lo && f < hi) {
				return nil, nil, fmt.Errorf("grid: face at %v, expected a point inside (%v, %v)", f, lo, hi)
			}
			k = int(math.Round((u - u0) / (u1 - u0) * float64(n)))
			at = append(at, k)
		}
		if k <= knot || k >= n && i < len(faces) {
			return nil, nil, fmt.Errorf("grid: %d cells on [%v, %v] are too few for faces at %v", n, lo, hi, faces)
		}
		for j := knot; j < k; j++ {
			edges[j] = s.At(uKnot + (u-uKnot)*float64(j-knot)/float64(k-knot))
		}
		knot, uKnot = k, u
	}
	edges[0], edges[n] = lo, hi
	for i, k := range at {
		edges[k] = faces[i]
	}
	return edges, at, nil
}
