package operators

import (
	"slices"

	"fokker/grid"
)

// landing collects where a step leads from one cell.
type landing struct {
	grid     *grid.Grid
	lattices []*lattice
	mass     []float64 // of all cells
	lo, hi   []int32   // per line of cells along the first axis: what is touched
	lines    []int32   // touched
	lost     float64
	usual    int       // probabilities of a slab, so many as of the last one
	noise    []float64 // variance of the step per axis
	added    []float64 // by cells
	shares   []share   // per axis
	mean     []float64
	slopes   []float64   // per axis: how the means below move with where it lands
	tensors  [][]float64 // per axis: covariance of the axes up to it, given those above
}

func newLanding(g *grid.Grid) *landing {
	dim, lines := g.Dim(), g.Size()/g.Cells(0)
	t := &landing{grid: g, mass: make([]float64, g.Size()), lo: make([]int32, lines), hi: make([]int32, lines)}
	t.noise, t.added, t.shares = make([]float64, dim), make([]float64, dim), make([]share, dim)
	t.mean, t.slopes = make([]float64, dim*dim), make([]float64, dim*dim)
	for k := range dim {
		t.lattices = append(t.lattices, newLattice(g, k))
		t.tensors = append(t.tensors, make([]float64, dim*dim))
	}
	return t
}

// add puts mass at a position of a line of cells along the first axis.
func (t *landing) add(line, at int, mass float64) { t.touch(line, at, at+1)[0] += mass }

// touch returns the masses at some positions of a line.
func (t *landing) touch(line, lo, hi int) []float64 {
	if t.hi[line] == 0 {
		t.lines = append(t.lines, int32(line))
		t.lo[line], t.hi[line] = int32(lo), int32(hi)
	}
	t.lo[line], t.hi[line] = min(t.lo[line], int32(lo)), max(t.hi[line], int32(hi))
	n := t.grid.Cells(0)
	return t.mass[line*n+lo : line*n+hi]
}

// gap is how many empty cells divide a run: it costs about as much as they do.
const gap = 4

// runs calls visit for the cells that have mass, and leaves none.
func (t *landing) runs(visit func(first int, mass []float64)) {
	slices.Sort(t.lines)
	n := t.grid.Cells(0)
	for _, line := range t.lines {
		begin := int(line) * n
		all := t.mass[begin+int(t.lo[line]) : begin+int(t.hi[line])]
		first := begin + int(t.lo[line])
		for from := 0; from < len(all); {
			if all[from] == 0 {
				from++
				continue
			}
			end, zeros := from+1, 0 // end is after the last that is not 0
			for i := end; i < len(all) && zeros < gap; i++ {
				if zeros++; all[i] != 0 {
					end, zeros = i+1, 0
				}
			}
			visit(first+from, all[from:end])
			from = end
		}
		clear(all)
		t.lo[line], t.hi[line] = 0, 0
	}
	t.lines = t.lines[:0]
}

// stride returns by how many lines of cells along the first axis a step along axis k
// shifts.
func (t *landing) stride(k int) int { return t.grid.Stride(k) / t.grid.Cells(0) }
