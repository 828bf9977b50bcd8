package posterior

import "math"

// Learning is what falling temperatures say of the singularities of a loss, by
// Z ~ T^λ (ln 1/T)^(m−1) (Watanabe 2009): λ is the learning coefficient, ½ per
// parameter at a regular minimum, m its multiplicity.
type Learning struct {
	Coefficient  float64 // λ
	Multiplicity int     // m
	Residual     float64 // largest distance of −ln Z from the fit
}

// leastFitted is how many temperatures a fit needs: it has three constants.
const leastFitted = 4

// Fit fits −ln Z − L₀/T = λx − (m−1) ln(x + a) + c, x = ln 1/T, to temperatures of
// the posterior, L₀ being the least loss, with each m up to the dimension, of which
// it takes the one that fits best. The shift a, which is no part of the asymptotics,
// stands for the unit of the loss: the volume of L < ε is ε^λ times a polynomial of
// degree m − 1 in ln 1/ε. It returns false with too few temperatures.
func Fit(all []Thermal, least float64, dim int) (Learning, bool) {
	if len(all) < leastFitted {
		return Learning{}, false
	}
	x, y := make([]float64, len(all)), make([]float64, len(all))
	for i, t := range all {
		x[i], y[i] = -math.Log(t.Temperature), -t.LogZ-least/t.Temperature
	}
	best := Learning{Residual: math.Inf(1)}
	for m := 1; m <= dim; m++ {
		one := fitted(x, y, m)
		// A higher multiplicity has to explain something: its shift is one more constant.
		if one.Residual < best.Residual/10 {
			best = one
		}
	}
	return best, true
}

// fitted fits with a given m: the line by least squares, the shift by golden section.
func fitted(x, y []float64, m int) Learning {
	if m == 1 {
		slope, wrong := straight(x, y)
		return Learning{slope, m, wrong}
	}
	line := func(shift float64) Learning {
		z := make([]float64, len(y))
		for i := range z {
			z[i] = y[i] + float64(m-1)*math.Log(x[i]+shift)
		}
		slope, wrong := straight(x, z)
		return Learning{slope, m, wrong}
	}
	least := math.Inf(1)
	for _, v := range x {
		least = min(least, v)
	}
	// x + a from 0.01 to 1000 at the highest temperature, by its logarithm.
	shift := func(u float64) float64 { return math.Exp(u) - least }
	lo, hi := math.Log(0.01), math.Log(1000.)
	ratio := (math.Sqrt(5) - 1) / 2
	a, b := hi-ratio*(hi-lo), lo+ratio*(hi-lo)
	fa, fb := line(shift(a)), line(shift(b))
	for hi-lo > 1e-9 {
		if fa.Residual < fb.Residual {
			hi, b, fb = b, a, fa
			a = hi - ratio*(hi-lo)
			fa = line(shift(a))
		} else {
			lo, a, fa = a, b, fb
			b = lo + ratio*(hi-lo)
			fb = line(shift(b))
		}
	}
	return fa
}

// straight returns the slope of the line by least squares and its largest distance.
func straight(x, y []float64) (slope, wrong float64) {
	n, mx, my, xx, xy := float64(len(x)), 0.0, 0.0, 0.0, 0.0
	for i := range x {
		mx, my = mx+x[i]/n, my+y[i]/n
	}
	for i := range x {
		xx, xy = xx+(x[i]-mx)*(x[i]-mx), xy+(x[i]-mx)*(y[i]-my)
	}
	slope = xy / xx
	for i := range x {
		wrong = math.Max(wrong, math.Abs(y[i]-my-slope*(x[i]-mx)))
	}
	return slope, wrong
}
