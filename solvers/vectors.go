package solvers

import "math"

// apart returns ‖x − y‖₁.
func apart(x, y []float64) (sum float64) {
	for i, v := range x {
		sum += math.Abs(v - y[i])
	}
	return sum
}

// roundoff is half the distance from 1 to the next number.
const roundoff = 0x1p-53

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func l1(x []float64) (s float64) {
	for _, v := range x {
		s += math.Abs(v)
	}
	return s
}

func dot(x, y []float64) (s float64) {
	for i, v := range x {
		s += v * y[i]
	}
	return s
}

func addScaled(dst []float64, a float64, x []float64) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] += a * x[i]
	}
}
