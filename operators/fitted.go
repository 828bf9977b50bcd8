package operators

import "math"

// turn is the range of |z| = |b|h/D within which jumps go over from central rates,
// that keep means and covariances exact, to fitted ones.
//
// Central rates are nonnegative up to 2, but at 2 one is the rounding of a difference,
// or 0, and what lies uphill is never reached. From one kind to the other at one z, rates
// would jump: cells about which the drift or the noise grows in time would jump one after
// the other, and no step in time, nor the order of its method, could be told its error.
// Within the range rates have two continuous derivatives; the ones downhill are
// some fifteenth of the noise at least.
type turn struct{ from, to float64 }

// outrun is the turn with several axes. The ratio of central rates to and fro, (2+z)/(2−z)
// and not eᶻ, adds up over the cells of a barrier to an error of ∑ z³/12 in the logarithm
// of what is behind it. Along a single axis, where every process has a potential, that is
// worse than the z²/12 of diffusion that fitted rates add: there all rates are fitted, the
// zero value of turn.
var outrun = turn{1.8, 2.4}

// part returns the part of fitted rates at |z| = w/d: 0 below the range, 1 beyond it,
// and 10u³ − 15u⁴ + 6u⁵ a part u of the way through it.
func (t turn) part(w, d float64) float64 {
	switch {
	case w <= t.from*d: // both may be 0
		return 0
	case w >= t.to*d:
		return 1
	}
	u := (w/d - t.from) / (t.to - t.from)
	return u * u * u * (10 + u*(6*u-15))
}

// fitted returns d B(w/d) and d B(−w/d), which tend to max(−w, 0) and max(w, 0)
// as d → 0.
func fitted(d, w float64) (down, up float64) {
	if math.Abs(w) > 745*d { // B(745) is below the smallest float64
		return max(-w, 0), max(w, 0)
	}
	plus, minus := Bernoulli(w / d)
	return d * plus, d * minus
}

// Bernoulli returns B(z) and B(−z), B(z) = z/(eᶻ − 1) being the weight of
// exponential fitting. B(−z) = z + B(z) = eᶻ B(z); the even part of B is
//
//	(z/2) coth(z/2) = Σ B₂ₖ z²ᵏ/(2k)!,  B₂ₖ the numbers of Jacob Bernoulli.
func Bernoulli(z float64) (plus, minus float64) {
	a := math.Abs(z)
	switch {
	case a <= 1: // the first term left out is below 6e-18
		even, x := 0.0, z*z
		for _, c := range evenPart {
			even = even*x + c
		}
		return even - z/2, even + z/2
	case a <= 700:
		e := math.Exp(-a)
		plus = a * e / (1 - e)
	default: // e⁻ᵃ loses digits before B(a) does
		half := math.Exp(-a / 2)
		plus = a * half * half
	}
	if z < 0 {
		return plus + a, plus
	}
	return plus, plus + a
}

// evenPart is B₂ₖ/(2k)! for k = 10, …, 0.
var evenPart = [...]float64{
	-174611. / 802857662698291200000, 43867. / 5109094217170944000, -3617. / 10670622842880000,
	1. / 74724249600, -691. / 1307674368000, 1. / 47900160, -1. / 1209600, 1. / 30240, -1. / 720, 1. / 12, 1,
}
