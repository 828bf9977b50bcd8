package rundir

import (
	"math"
	"slices"

	"fokker/grid"
)

const (
	drawnTail    = 1e-6 // mass that curves may leave outside
	faintest     = 1e-3 // density over its maximum, and mass, that a linear map may leave outside
	drawnDecades = 12   // below the maximum, of a logarithmic picture
)

// marginal returns the masses of the law by the cells of the axes kept, the
// first of them fastest.
func marginal(g *grid.Grid, law []float64, keep ...int) []float64 {
	to := make([]int, g.Dim()) // stride in the result, 0 for an axis summed over
	size := 1
	for _, k := range keep {
		to[k], size = size, size*g.Cells(k)
	}
	out := make([]float64, size)
	n := g.Cells(0)
	for lo := 0; lo < g.Size(); lo += n {
		base := 0
		for k := 1; k < g.Dim(); k++ {
			base += to[k] * g.Along(k, lo)
		}
		for i, m := range law[lo : lo+n] {
			out[base+i*to[0]] += m
		}
	}
	return out
}

// perWidth returns masses over widths.
func perWidth(mass, width []float64) []float64 {
	out := make([]float64, len(mass))
	for i, m := range mass {
		out[i] = m / width[i]
	}
	return out
}

// perArea returns the density of the masses of axes k and l.
func perArea(g *grid.Grid, mass []float64, k, l int) []float64 {
	out, wx, wy := make([]float64, len(mass)), g.Widths(k), g.Widths(l)
	for j := range wy {
		for i := range wx {
			at := i + j*len(wx)
			out[at] = mass[at] / (wx[i] * wy[j])
		}
	}
	return out
}

// tones returns the scale of the densities: from 0, or by logarithm from the
// smallest one above 0, at most drawnDecades below the largest.
func tones(density []float64, log bool) scale {
	top := slices.Max(density)
	if !(top > 0) || math.IsInf(top, 0) { // nothing there: any scale will do
		return scale{btof(log), 1 + 9*btof(log), log}
	}
	if !log {
		return scale{0, top, false}
	}
	low := top
	for _, d := range density {
		if d > 0 {
			low = min(low, d)
		}
	}
	low = min(low, top/10)
	return scale{max(low, top*math.Pow(10, -drawnDecades), math.SmallestNonzeroFloat64), top, true}
}

func btof(b bool) float64 { return float64(btoi(b)) }

// levels returns the level of a palette for each density.
func levels(density []float64, s scale) []uint8 {
	out := make([]uint8, len(density))
	for i, d := range density {
		if u := s.at(d); u > 0 { // not so for NaN
			out[i] = uint8(min(255, 255*u+0.5))
		}
	}
	return out
}

// distinct returns n numbers of laws, or all if they are fewer, the first and
// the last among them, such that the law changes equally much between them:
// equal steps of the sum of L1 distances between neighbours.
func distinct(laws [][]float64, n int) []int {
	last := len(laws) - 1
	change := make([]float64, len(laws))
	for t := 1; t <= last; t++ {
		d := 0.0
		for i, m := range laws[t] {
			d += math.Abs(m - laws[t-1][i])
		}
		// A law at rest is cut evenly: 1e-9 is far below any change one sees.
		change[t] = change[t-1] + d + 1e-9
	}
	out := []int{0}
	for k := 1; k < n; k++ {
		t := nearest(change, change[last]*float64(k)/float64(n-1))
		if t > out[len(out)-1] {
			out = append(out, t)
		}
	}
	for len(out) < min(n, len(laws)) { // one step was a large change: halve what is left
		out = halved(out, change)
	}
	return out
}

// nearest returns the position of the number nearest to x in an increasing list.
func nearest(list []float64, x float64) int {
	t, _ := slices.BinarySearch(list, x)
	if t == len(list) || t > 0 && x-list[t-1] < list[t]-x {
		t--
	}
	return t
}

// halved adds a number in the middle of the largest change between two of
// which others lie between.
func halved(chosen []int, change []float64) []int {
	at, largest := 0, -1.0
	for i := 1; i < len(chosen); i++ {
		if d := change[chosen[i]] - change[chosen[i-1]]; chosen[i] > chosen[i-1]+1 && d > largest {
			at, largest = i, d
		}
	}
	lo, hi := chosen[at-1], chosen[at]
	t := lo + nearest(change[lo:hi+1], (change[lo]+change[hi])/2)
	return slices.Insert(chosen, at, min(max(t, lo+1), hi-1))
}
