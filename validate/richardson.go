package validate

import (
	"fmt"
	"math"
	"slices"

	"fokker/cases"
	"fokker/operators"
)

const (
	rounding      = 1e-11 // of a figure, relative to its scale: rates, laws and sums of many cells lose five digits of sixteen
	leastOrder    = 0.5   // an observed order below is a sign that the meshes are too coarse
	better        = 2.5   // so much above that of the scheme is one as well
	steepestOrder = 64    // that is looked for; beyond, a difference is zero
)

// analyse finds orders, limit and errors.
func (f *Figure) analyse(levels []Level) {
	h, tolerance := make([]float64, len(levels)), 0.0
	for k, l := range levels {
		h[k] = l.H
		tolerance = max(tolerance, l.noise(f.Task))
	}
	f.Noise = tolerance * f.scale
	for k := 2; k < len(h); k++ {
		f.Orders = append(f.Orders, f.observe(f.Values[k-2:k+1], h[k-2:k+1]))
	}
	if !f.agree(tolerance) {
		f.extrapolate(h)
	}
	f.Error = math.Abs(f.Values[len(h)-1]-f.Limit) + f.LimitError
	for _, v := range f.Values {
		f.Errors = append(f.Errors, math.Abs(v-f.Limit))
	}
}

// difference returns f of level k less that of level k − 1.
func (f *Figure) difference(k int) float64 { return f.Values[k] - f.Values[k-1] }

// agree reports whether the last values differ by no more than the noise, and
// then takes the finest for the limit.
func (f *Figure) agree(tolerance float64) bool {
	last := len(f.Values) - 1
	if math.Abs(f.difference(last)) > f.Noise {
		return false
	}
	f.Order, f.Limit, f.LimitError = math.NaN(), f.Values[last], f.Noise
	switch least, most := slices.Min(f.Values), slices.Max(f.Values); {
	case most-least <= f.Noise:
		f.Note = "does not change"
	case tolerance > rounding:
		f.Note = "exact to the solver's tolerance"
	default:
		f.Note = "exact to rounding"
	}
	return true
}

// observe returns the order of three values, NaN where the differences have no
// common sign or one is noise.
func (f *Figure) observe(v, h []float64) float64 {
	d1, d2 := v[1]-v[0], v[2]-v[1]
	if min(math.Abs(d1), math.Abs(d2)) <= f.Noise || d1*d2 <= 0 {
		return math.NaN()
	}
	return orderOf(d1/d2, math.Log(h[0]/h[1]), math.Log(h[1]/h[2]))
}

// orderOf solves (e^(pa) − 1)/(1 − e^(−pb)) = ratio for p by bisection: the
// left side increases with p. For a = b it is e^(pa).
func orderOf(ratio, a, b float64) float64 {
	if a == b {
		return math.Log(ratio) / a
	}
	lo, hi := -float64(steepestOrder), float64(steepestOrder)
	for mid := lo + (hi-lo)/2; lo < mid && mid < hi; mid = lo + (hi-lo)/2 {
		left := a / b
		if mid != 0 {
			left = math.Expm1(mid*a) / -math.Expm1(-mid*b)
		}
		if left < ratio {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// extrapolate finds the limit, with the observed order if it is a plausible
// one.
func (f *Figure) extrapolate(h []float64) {
	last := len(h) - 1
	observed := math.NaN()
	if last >= 2 {
		observed = f.Orders[last-2]
	}
	if !f.regular(observed) {
		f.assume(h, observed)
		return
	}
	f.Order = observed
	f.Limit = f.limit(h, last, observed)
	if last < 3 || !f.regular(f.Orders[last-3]) { // nothing says how well the order is known
		f.LimitError = max(math.Abs(f.Limit-f.Values[last]), math.Abs(f.difference(last)))
		return
	}
	coarser := f.limit(h, last-1, f.Orders[last-3])
	whole := f.limit(h, last, max(1, math.Round(observed))) // of a smooth problem on a fine mesh
	f.LimitError = max(f.Noise, math.Abs(f.Limit-coarser), math.Abs(f.Limit-whole))
}

func (f *Figure) regular(p float64) bool { return p >= leastOrder && p <= f.scheme+better }

// schemeOrder is the order of a case's scheme where noise resolves the drift. With
// interpolation by all cells errors fall faster than with any; the eighth is what
// halving cells gains before that.
func schemeOrder(p *cases.Problem) float64 {
	switch p.Order {
	case operators.Fourth:
		return 4
	case operators.Spectral:
		return 8
	}
	return 2
}

// limit is Richardson's from level k and the one before.
func (f *Figure) limit(h []float64, k int, p float64) float64 {
	return f.Values[k] + f.difference(k)/(math.Pow(h[k-1]/h[k], p)-1)
}

// assume takes the order of the scheme, and an error that does not rely on it.
func (f *Figure) assume(h []float64, observed float64) {
	last := len(h) - 1
	f.Order = f.scheme
	f.Limit = f.limit(h, last, f.scheme)
	step, before := math.Abs(f.difference(last)), 0.0
	if last >= 2 {
		before = math.Abs(f.difference(last - 1))
	}
	ratio := h[last-1] / h[last]
	why := ""
	switch {
	case last < 2:
		why, f.LimitError = "two meshes", step
	case observed > f.scheme+better:
		why, f.LimitError = fmt.Sprintf("faster than order %g", f.scheme+better), step
		if last < 3 || !(f.Orders[last-3] >= f.scheme) { // it may be chance
			f.LimitError = max(step, before/math.Pow(ratio, f.scheme))
		}
	case observed > 0:
		why, f.LimitError = "slower than order 0.5", max(before, step/(math.Pow(ratio, observed)-1))
	case observed <= 0:
		why, f.LimitError = "differences grow", math.Inf(1)
	default:
		why, f.LimitError = "differences change sign", max(step, before)
	}
	f.Note = fmt.Sprintf("order %g assumed: %s", f.scheme, why)
}
