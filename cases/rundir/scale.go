package rundir

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"fokker/grid"
)

// scale maps the numbers lo to hi to 0 to 1, linearly or by logarithm.
type scale struct {
	lo, hi float64
	log    bool
}

// decadesForLog is how many a positive axis must span to be drawn on a
// logarithmic scale.
const decadesForLog = 3

// spanning returns the scale of the edges of an axis.
func spanning(edges []float64) scale {
	lo, hi := edges[0], edges[len(edges)-1]
	return scale{lo, hi, lo > 0 && scale{lo: lo, hi: hi}.octaves() > decadesForLog*math.Ln10/math.Ln2}
}

// at returns the place of x; −Inf where a logarithm has none.
func (s scale) at(x float64) float64 {
	if !s.log {
		return (x - s.lo) / (s.hi - s.lo)
	}
	if x <= 0 {
		return math.Inf(-1)
	}
	return (math.Log2(x) - math.Log2(s.lo)) / s.octaves()
}

// octaves returns the binary logarithm of hi/lo. Other logarithms of the library are
// wrong below 2⁻¹⁰²² on some machines.
func (s scale) octaves() float64 { return math.Log2(s.hi) - math.Log2(s.lo) }

// inverse returns the number at place u.
func (s scale) inverse(u float64) float64 {
	if s.log {
		part := math.Exp2(u * s.octaves() / 4) // the whole ratio may be beyond numbers
		return min(s.lo*part*part*part*part, math.MaxFloat64)
	}
	return s.lo + u*(s.hi-s.lo)
}

// slope returns the derivative of at.
func (s scale) slope(x float64) float64 {
	if s.log {
		return 1 / (x * s.octaves() * math.Ln2)
	}
	return 1 / (s.hi - s.lo)
}

// padded returns the scale wider by the fraction at both ends.
func (s scale) padded(fraction float64) scale {
	return scale{s.inverse(-fraction), s.inverse(1 + fraction), s.log}
}

// window returns the part of an axis that holds all but the fraction tail of
// the masses, a margin included; the whole axis if that is most of it.
func window(a grid.Axis, mass []float64, tail float64) scale {
	lo, hi := holding(mass, tail)
	return cropped(a, lo, hi)
}

// windowAbove returns the part of an axis where heights exceed the fraction
// faint of the highest, wider where more than the fraction tail of the masses
// would be outside.
func windowAbove(a grid.Axis, height []float64, faint float64, mass []float64, tail float64) scale {
	lo, hi := holding(mass, tail)
	least := faint * slices.Max(height)
	for i, h := range height {
		if h > least {
			lo, hi = min(lo, i), max(hi, i)
		}
	}
	return cropped(a, lo, hi)
}

// holding returns the first and the last cell of the part that holds all but
// the fraction tail of the masses.
func holding(mass []float64, tail float64) (lo, hi int) {
	total := 0.0
	for _, m := range mass {
		total += m
	}
	hi = len(mass) - 1
	for sum := mass[lo]; lo < hi && sum < tail/2*total; sum += mass[lo] {
		lo++
	}
	for sum := mass[hi]; hi > lo && sum < tail/2*total; sum += mass[hi] {
		hi--
	}
	return lo, hi
}

// cropped returns the part of an axis from cell lo to cell hi, with a margin;
// the whole axis if that is most of it.
func cropped(a grid.Axis, lo, hi int) scale {
	whole := spanning(a.Edges)
	const margin, most = 0.02, 0.85
	cut := scale{a.Edges[lo], a.Edges[hi+1], whole.log}.padded(margin)
	if u, v := max(whole.at(cut.lo), 0), min(whole.at(cut.hi), 1); v-u < most {
		return scale{whole.inverse(u), whole.inverse(v), whole.log}
	}
	return whole
}

// joined returns the smallest scale with both.
func (s scale) joined(t scale) scale { return scale{min(s.lo, t.lo), max(s.hi, t.hi), s.log} }

// tick is a mark on an axis, without a label a short one.
type tick struct {
	x     float64
	label string
}

// ticks returns about n labelled marks, at least two, and the power of ten that the labels
// have to be multiplied with.
func (s scale) ticks(n int) (marks []tick, power int) {
	if s.log && s.hi >= 10*s.lo {
		return s.decades(n), 0
	}
	if !(s.hi > s.lo) {
		return nil, 0
	}
	step := niceStep((s.hi-s.lo)/float64(n), 1, 2, 5)
	for range 2 { // two at least, three if there is room for them
		if math.Floor(s.hi/step)-math.Ceil(s.lo/step)+1 < max(2, min(3, float64(n-1))) {
			step = niceStep(step*0.39, 1, 2, 5) // the next smaller one
		}
	}
	if largest := max(math.Abs(s.lo), math.Abs(s.hi)); largest >= 1e4 || largest < 1e-2 {
		power = int(math.Floor(math.Log10(largest)))
	}
	unit := math.Pow(10, float64(power))
	digits := max(0, -int(math.Floor(math.Log10(step/unit)+1e-9))) // step is a rounded power of ten, times 1, 2 or 5
	minor := niceStep(step/6, 1, 2, 5)
	per := int(math.Round(step / minor))
	const rounding = 1e-9 // of a step: marks at the very ends count
	first, last := math.Ceil(s.lo/minor-rounding), math.Floor(s.hi/minor+rounding)
	for k := range int(min(last-first, 1000)) + 1 { // fewer than 1000 unless i is beyond the integers of a float64
		i := first + float64(k)
		t := tick{x: i * minor}
		if math.Mod(i, float64(per)) == 0 {
			t.label = signed(strconv.FormatFloat(i*minor/unit, 'f', digits, 64))
		}
		marks = append(marks, t)
	}
	return marks, power
}

// decades returns marks at powers of ten, and between them if they are few.
func (s scale) decades(n int) (marks []tick) {
	lo, hi := math.Ceil(math.Log2(s.lo)*math.Log10(2)-1e-9), math.Floor(math.Log2(s.hi)*math.Log10(2)+1e-9)
	every := max(1, niceStep((hi-lo)/float64(n), 1, 2, 3, 4, 6))
	for e := lo - 1; e <= hi; e++ {
		decade := math.Pow(10, e)
		if e >= lo {
			t := tick{x: decade}
			if math.Mod(e, every) == 0 {
				t.label = tenTo(int(e))
			}
			marks = append(marks, t)
		}
		for m := 2.0; m < 10 && every == 1; m++ {
			t := tick{x: m * decade}
			if hi-lo < 2 && (m == 2 || m == 5) {
				t.label = number(t.x)
			}
			if t.x >= s.lo && t.x <= s.hi {
				marks = append(marks, t)
			}
		}
	}
	return marks
}

// niceStep returns the smallest factor times a power of ten that is at least x.
func niceStep(x float64, factors ...float64) float64 {
	if !(x > 0) {
		return 1
	}
	decade := math.Pow(10, math.Floor(math.Log10(x)))
	for _, f := range factors {
		if f*decade >= x*(1-1e-9) {
			return f * decade
		}
	}
	return 10 * decade
}

// signed sets the minus sign.
func signed(s string) string {
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return strings.Replace(s, "-", "−", 1)
}

func tenTo(e int) string {
	if e == 0 || e == 1 {
		return strconv.Itoa(1 + 9*e)
	}
	return superscript("10", signed(strconv.Itoa(e)))
}

// number returns x to three digits.
func number(x float64) string {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(x, 'e', 2, 64), "e")
	e, _ := strconv.Atoi(exponent) // written by FormatFloat
	if x == 0 || e >= -3 && e < 5 {
		return signed(strconv.FormatFloat(rounded(x), 'f', -1, 64))
	}
	mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	return signed(mantissa) + "·" + tenTo(e)
}

// rounded returns x to three significant digits.
func rounded(x float64) float64 {
	y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	if err != nil {
		return x
	}
	return y
}
