package solvers

import "math"

// A law may span more than the range of float64: scaled is x·2^e with x in
// [½, 1), or 0.
type scaled struct {
	x float64
	e int
}

func scale(x float64, e int) scaled {
	m, s := math.Frexp(x)
	return scaled{m, e + s}
}

// top returns the largest binary exponent.
func top(v []scaled) int {
	t := math.MinInt
	for _, s := range v {
		if s.x != 0 {
			t = max(t, s.e)
		}
	}
	return t
}

// normalize returns the masses with Σ = 1. Those below the range of float64
// are 0.
func normalize(v []scaled) []float64 {
	t, total := top(v), 0.0
	m := make([]float64, len(v))
	for i, s := range v {
		m[i] = math.Ldexp(s.x, s.e-t)
		total += m[i]
	}
	for i := range m {
		m[i] /= total
	}
	return m
}

// logarithms returns those of the masses, nil where none is below the range of
// float64.
func logarithms(v []scaled) []float64 {
	t, total, least := top(v), 0.0, math.Inf(1)
	for _, s := range v {
		m := math.Ldexp(s.x, s.e-t)
		total, least = total+m, min(least, m)
	}
	if least/total >= 0x1p-1022 {
		return nil
	}
	logs := make([]float64, len(v))
	for i, s := range v {
		logs[i] = math.Log(s.x) + float64(s.e-t)*math.Ln2 - math.Log(total)
	}
	return logs
}
