package grid

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Profile states widths of cells in proportion to each other: Width at the points
// At, linear between them, constant beyond the first and the last.
type Profile struct{ At, Width []float64 }

// Spacing has cells of these widths: du = dx/w(x), so where w changes by s per unit
// of x, u grows by ln(1 + s(x − a)/w(a))/s from a point a on, and widths of
// neighbours have a constant ratio.
func (p Profile) Spacing() (Spacing, error) {
	if err := p.check(); err != nil {
		return Spacing{}, err
	}
	x, w, u := slices.Clone(p.At), slices.Clone(p.Width), make([]float64, len(p.At))
	slope := func(j int) float64 { // between the points before and after u or x
		if j == 0 || j == len(x) {
			return 0
		}
		return (w[j] - w[j-1]) / (x[j] - x[j-1])
	}
	of := func(j int, away float64) float64 {
		if s := slope(j); s != 0 {
			return math.Log1p(s*away/w[j-1]) / s
		}
		return away / w[max(j-1, 0)]
	}
	for j := 1; j < len(x); j++ {
		u[j] = u[j-1] + of(j, x[j]-x[j-1])
	}
	return Spacing{
		At: func(v float64) float64 {
			j := after(u, v)
			i := max(j-1, 0)
			if s := slope(j); s != 0 {
				return x[i] + w[i]*math.Expm1(s*(v-u[i]))/s
			}
			return x[i] + w[i]*(v-u[i])
		},
		Of: func(v float64) float64 {
			j := after(x, v)
			i := max(j-1, 0)
			return u[i] + of(j, v-x[i])
		},
	}, nil
}

// after returns how many numbers of an increasing list are at most v.
func after(list []float64, v float64) int {
	at, found := slices.BinarySearch(list, v)
	if found {
		return at + 1
	}
	return at
}

func (p Profile) check() error {
	if len(p.At) == 0 || len(p.At) != len(p.Width) {
		return fmt.Errorf("grid: widths of cells and their points: found %d and %d, expected as many of both, at least one", len(p.Width), len(p.At))
	}
	for j, x := range p.At {
		if math.IsNaN(x) || math.IsInf(x, 0) || j > 0 && x <= p.At[j-1] {
			return fmt.Errorf("grid: point %d of cell widths is %v, expected finite and increasing", j, x)
		}
		if w := p.Width[j]; !(w > 0) || math.IsInf(w, 1) {
			return fmt.Errorf("grid: a cell width of %v at %v, expected a number above 0", w, x)
		}
	}
	return nil
}

const (
	evenly = 0.25 // of the cells lie evenly, whatever the curvature
	nearly = 0.2  // of a width may be left to straight lines between points
)

// Equidistributed returns the widths of cells, as if of a single one, that equidistribute the
// cube root of a curvature (de Boor 1974), which for a given number makes errors of
// second order least, but for a part of the cells, which lie evenly, and so that they
// change by no more than a slope, which bounds the ratio of neighbours (Huang and
// Russell 2011).
func Equidistributed(c []float64, a Axis, slope float64) []float64 {
	n, h, total := len(c), a.Widths(), 0.0
	w := make([]float64, n)
	for i := range w {
		w[i] = math.Cbrt(slices.Max(c[max(0, i-1):min(n, i+2)])) // cells where c changes sign lie between others
		total += w[i] * h[i]
	}
	least := total * evenly / (1 - evenly) / (a.Edges[n] - a.Edges[0])
	if total == 0 {
		least = 1
	}
	for i := range w {
		w[i] = 1 / (w[i] + least)
	}
	normalise(w, h)
	for grown := math.Inf(1); grown > 1.01; { // where some are bounded, others grow
		bound(w, a, slope)
		grown = normalise(w, h)
	}
	return w
}

// normalise scales widths by the number of cells that they make, Σ h/w, to 1.
func normalise(w, h []float64) (cells float64) {
	for i := range w {
		cells += h[i] / w[i]
	}
	for i := range w {
		w[i] *= cells
	}
	return cells
}

// bound makes widths no larger than those elsewhere and a slope allow.
func bound(w []float64, a Axis, slope float64) {
	n, x := len(w), a.Middles()
	once := func(i, j int, away float64) { w[i] = min(w[i], w[j]+slope*away) }
	for range 2 { // the second time with what came around
		for i := 1; i < n; i++ {
			once(i, i-1, x[i]-x[i-1])
		}
		for i := n - 2; i >= 0; i-- {
			once(i, i+1, x[i+1]-x[i])
		}
		if a.Ends[0] != Periodic {
			return
		}
		across := x[0] - a.Edges[0] + a.Edges[n] - x[n-1]
		once(0, n-1, across)
		once(n-1, 0, across)
	}
}

// Through returns a profile of few points with few digits that has, nearly, the widths w
// in the cells of an axis.
func Through(w []float64, a Axis) (out Profile) {
	x, h, keep := a.Middles(), a.Widths(), make([]bool, len(w))
	keep[0], keep[len(x)-1] = true, true
	simplify(x, w, 0, len(x)-1, keep)
	most := slices.Max(w)
	for i, is := range keep {
		if !is {
			continue
		}
		at := rounded(x[i], h[i]/2)
		if n := len(out.At); n == 0 || at > out.At[n-1] {
			out.At, out.Width = append(out.At, at), append(out.Width, rounded(w[i]/most, w[i]/most/100))
		}
	}
	return out
}

// rounded returns a number with no more digits than an error allows.
func rounded(x, by float64) float64 {
	power := math.Pow10(int(math.Floor(math.Log10(by))))
	short, err := strconv.ParseFloat(strconv.FormatFloat(math.Round(x/power)*power, 'g', 14, 64), 64)
	if err != nil {
		panic(err) // it was written just before
	}
	return short
}

// simplify keeps points of a curve between two (Douglas and Peucker 1973), by the
// logarithm of what a straight line misses.
func simplify(x, w []float64, lo, hi int, keep []bool) {
	worst, at := nearly, 0
	for i := lo + 1; i < hi; i++ {
		line := w[lo] + (w[hi]-w[lo])*(x[i]-x[lo])/(x[hi]-x[lo])
		if off := math.Abs(math.Log(line / w[i])); off > worst {
			worst, at = off, i
		}
	}
	if at == 0 {
		return
	}
	keep[at] = true
	simplify(x, w, lo, at, keep)
	simplify(x, w, at, hi, keep)
}
