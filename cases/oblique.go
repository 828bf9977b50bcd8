package cases

import (
	"math"

	"fokker/grid"
	"fokker/operators"
)

// oblique writes what the mass of every cell counts for in the probability of
// inequalities under a smooth law, by their margin. A cell counts by the part of it where they
// hold, of its sub-cells to first order: of one whose margin is a in the middle and
// changes by δₖ along it, ½ + a/Σ|δₖ| between 0 and 1. Where that is only a part, the law is
// not even in the cell: its slope, by the cells on both sides, times the first moment of
// the part counts as well, for these.
func (o *Observable) oblique(phi []float64, g *grid.Grid, t float64) {
	dim := g.Dim()
	b := newSubCells(dim)
	at := make([]int, dim)
	for cell := range phi {
		g.Locate(at, cell)
		b.fill(g, at)
		o.margin(b.margin, b.x, t)
		b.hold()
		phi[cell] += b.part
		if b.part == 0 || b.part == 1 {
			continue
		}
		for k := range dim {
			if at[k] == 0 || at[k] == g.Cells(k)-1 {
				continue
			}
			x, lo, hi := g.Centers(k), cell-g.Stride(k), cell+g.Stride(k)
			moved := g.Volume(cell) * b.first(k, x[at[k]]) / (x[at[k]+1] - x[at[k]-1])
			phi[hi] += moved / g.Volume(hi)
			phi[lo] -= moved / g.Volume(lo)
		}
	}
}

// subCells are those of a cell.
type subCells struct {
	stride []int
	x      [][]float64
	margin []float64
	holds  []float64 // the part of each
	part   float64   // of all
}

func newSubCells(dim int) *subCells {
	b, n := &subCells{}, 1
	for range dim {
		b.stride = append(b.stride, n)
		n *= subPoints
	}
	b.x, b.margin, b.holds = operators.Columns(dim, n), make([]float64, n), make([]float64, n)
	return b
}

// place returns where a sub-cell is along an axis.
func (b *subCells) place(j, k int) int { return j / b.stride[k] % subPoints }

// fill writes the middles of those of a cell.
func (b *subCells) fill(g *grid.Grid, at []int) {
	for k, x := range b.x {
		lo, h := g.Axis(k).Edges[at[k]], g.Widths(k)[at[k]]/subPoints
		for j := range x {
			x[j] = lo + (float64(b.place(j, k))+0.5)*h
		}
	}
}

// hold finds the part of each by the margins.
func (b *subCells) hold() {
	total := 0.0
	for j, a := range b.margin {
		change := 0.0
		for k, step := range b.stride {
			lo, hi := j, j
			if b.place(j, k) > 0 {
				lo -= step
			}
			if b.place(j, k) < subPoints-1 {
				hi += step
			}
			change += math.Abs(b.margin[hi]-b.margin[lo]) / float64((hi-lo)/step)
		}
		switch {
		case a > 0 && a >= change/2:
			b.holds[j] = 1
		case a > -change/2:
			b.holds[j] = 0.5 + a/change
		default:
			b.holds[j] = 0
		}
		total += b.holds[j]
	}
	b.part = total / float64(len(b.holds))
}

// first is the first moment of the part about a centre along an axis, over the volume.
func (b *subCells) first(k int, centre float64) (sum float64) {
	for j, part := range b.holds {
		sum += part * (b.x[k][j] - centre)
	}
	return sum / float64(len(b.holds))
}
