package cases

import (
	"math"

	"fokker/grid"
)

// restricted returns a law on cells that are each a whole number of others, nil where
// they are not.
func restricted(wide, fine *grid.Grid, m []float64) []float64 {
	times := make([]int, fine.Dim())
	for k := range times {
		if times[k] = multiple(wide, fine, k); times[k] == 0 {
			return nil
		}
	}
	out := make([]float64, wide.Size())
	n := fine.Cells(0) // whose cells follow each other
	for lo := 0; lo < len(m); lo += n {
		at := 0
		for k := 1; k < len(times); k++ {
			at += fine.Along(k, lo) / times[k] * wide.Stride(k)
		}
		row, to := m[lo:lo+n], out[at:at+n/times[0]]
		for i := range to {
			for _, v := range row[i*times[0] : (i+1)*times[0]] {
				to[i] += v
			}
		}
	}
	return out
}

// multiple returns how many cells of a grid make one of a wider one along an axis, 0 where
// their faces do not meet.
func multiple(wide, fine *grid.Grid, k int) int {
	const same = 1e-9 // of a width: rounding of coordinates
	n := wide.Cells(k)
	times := fine.Cells(k) / n
	if times*n != fine.Cells(k) {
		return 0
	}
	for j, x := range wide.Axis(k).Edges {
		if !(math.Abs(fine.Axis(k).Edges[j*times]-x) <= same*wide.Widths(k)[min(j, n-1)]) {
			return 0
		}
	}
	return times
}
