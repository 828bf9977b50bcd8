package operators

import (
	"fmt"
	"math"
	"sync/atomic"

	"fokker/grid"
)

// Chain is a Markov process in discrete time on cells. Step moves masses by one step,
// dst = Pᵀm, where Pᵢⱼ ≥ 0 is the probability of going from cell i to cell j and rows
// sum to 1 less what is lost; dst and m may not be the same. Its clock is P, never
// (P − I)/time, which would jump at random times.
type Chain interface {
	Size() int
	Step(dst, m []float64)
	Time() float64 // of a step
}

// Tabled is a chain on a grid whose probabilities can be read. Backward writes the
// expectation of f after a step from every cell, Pf. Row calls visit for runs of
// consecutive cells in order, from cell `to` on. Lost returns the probability of
// being lost from every cell, nil where nothing is. Lump adds to dst, a square of so
// many blocks row by row, the mass that goes in a step from block to block: cell i is
// in block of[i], or in none where that is −1.
type Tabled interface {
	Chain
	Mesh() *grid.Grid
	Backward(dst, f []float64)
	Row(i int, visit func(to int, mass []float64))
	Lost() []float64
	Lump(dst []float64, blocks int, of []int32, m []float64)
}

// Steps is the law of a step of a process in discrete time, from any point.
type Steps interface {
	// Time is that of a step.
	Time() float64
	// land writes where a step leads from every cell of a range, in order, and calls
	// done after each.
	land(to *landing, g *grid.Grid, r grid.Range, done func(cell int)) error
}

// Kernel is a chain on the cells of a grid: where mass at the centre of a cell is
// after a step, on centres again, with the mean and covariance of the step as far as
// cells allow (see lattice.normal). Rows sum to 1 by construction.
//
// Rows that together need more than a budget are made anew in every step.
type Kernel struct {
	grid    *grid.Grid
	steps   Steps
	workers int
	slabs   []*slab // nil: made anew
	lost    []float64
	noise   [][]float64 // per axis and cell: variance of a step
	added   [][]float64 // the same, by cells
	entries int
	most    float64 // bytes of the rows that are made at a time
}

// slab is the rows of consecutive cells: runs first[i] to first[i+1] are those of
// row i, and run r goes to cells from to[r] on with mass[at[r]:at[r+1]].
type slab struct {
	first, to, at []int32
	mass          []float64
	lost          []float64
	noise, added  [][]float64
}

const (
	slabCells = 128     // rows are made and kept together
	leastRows = 1 << 26 // bytes that so many rows may take, however little there is
)

// NewKernel makes the chain of steps on a grid. Rows are kept if they need no more
// than a budget in bytes.
func NewKernel(g *grid.Grid, steps Steps, workers int, budget float64) (*Kernel, error) {
	n := g.Size()
	k := &Kernel{grid: g, steps: steps, workers: max(1, workers), slabs: make([]*slab, (n+slabCells-1)/slabCells)}
	k.most = max(budget/float64(2*k.workers), leastRows) // half, as they grow by being copied
	k.lost, k.noise, k.added = make([]float64, n), Columns(g.Dim(), n), Columns(g.Dim(), n)
	var bytes, entries atomic.Int64
	errs := make([]error, len(k.slabs))
	var next atomic.Int64
	var failed atomic.Bool // in a slab below all that are not begun
	grid.Range{Hi: k.workers}.Each(k.workers, func(grid.Range) {
		to := newLanding(g)
		for b := int(next.Add(1)) - 1; b < len(k.slabs) && !failed.Load(); b = int(next.Add(1)) - 1 {
			var s *slab
			if s, errs[b] = k.make(to, b); errs[b] != nil {
				failed.Store(true)
				return
			}
			lo := b * slabCells
			copy(k.lost[lo:], s.lost)
			for axis := range k.noise {
				copy(k.noise[axis][lo:], s.noise[axis])
				copy(k.added[axis][lo:], s.added[axis])
			}
			entries.Add(int64(len(s.mass)))
			if float64(bytes.Add(int64(8*len(s.mass)+8*len(s.to)))) <= budget {
				k.slabs[b] = s
			}
		}
	})
	for _, err := range errs { // of the lowest cells, whatever the number of workers
		if err != nil {
			return nil, err
		}
	}
	k.entries = int(entries.Load())
	if float64(bytes.Load()) > budget {
		k.slabs = nil
	}
	return k, nil
}

// Touched returns how many cells a step leads to from a cell, the mean over some of
// them, without making a chain.
func Touched(g *grid.Grid, steps Steps, budget float64) (float64, error) {
	k := &Kernel{grid: g, steps: steps, most: max(budget/2, leastRows)}
	all, looked := (g.Size()+slabCells-1)/slabCells, 0
	to := newLanding(g)
	for i := range sampled {
		b := all * (2*i + 1) / (2 * sampled)
		s, err := k.make(to, b)
		if err != nil {
			return 0, err
		}
		k.entries, looked = k.entries+len(s.mass), looked+len(s.lost)
	}
	return float64(k.entries) / float64(looked), nil
}

// sampled is how many slabs are looked at.
const sampled = 8

// make makes the rows of slab b.
func (k *Kernel) make(to *landing, b int) (*slab, error) {
	r := grid.Range{Lo: b * slabCells, Hi: min((b+1)*slabCells, k.Size())}
	s := &slab{first: make([]int32, 1, r.Len()+1), at: make([]int32, 1), noise: Columns(k.grid.Dim(), r.Len()), added: Columns(k.grid.Dim(), r.Len())}
	s.mass = make([]float64, 0, to.usual+to.usual/16)
	var bad error
	err := k.steps.land(to, k.grid, r, func(cell int) {
		for axis := range s.noise {
			s.noise[axis][cell-r.Lo], s.added[axis][cell-r.Lo] = to.noise[axis], to.added[axis]
		}
		if bad == nil {
			bad = s.take(to, cell)
		}
		if need := float64(8 * len(s.mass)); bad == nil && need > k.most {
			bad = &WideError{Cells: len(s.mass) / (cell - r.Lo + 1), Bytes: 8 * float64(len(s.mass)) / float64(cell-r.Lo+1) * slabCells, Most: k.most}
		}
	})
	if err == nil {
		err = bad
	}
	to.usual = len(s.mass)
	return s, err
}

// WideError says that the rows of a chain are too long to be made.
type WideError struct {
	Cells       int     // that a step leads to
	Bytes, Most float64 // of the rows that are made at a time
}

func (e *WideError) Error() string {
	return fmt.Sprintf("operators: a step leads to %d cells, and so many rows take %.3g bytes, expected at most %.3g", e.Cells, e.Bytes, e.Most)
}

// negligibleRow is what rounding may leave of a row's sum: of some thousand
// probabilities, each right to a few roundings of 1.
const negligibleRow = 1e-12

// take adds the row that has landed. Its largest probability is what the others
// leave, so that mass is kept to the last digit.
func (s *slab) take(to *landing, cell int) error {
	begin := len(s.mass)
	to.runs(func(first int, mass []float64) {
		s.to, s.mass = append(s.to, int32(first)), append(s.mass, mass...)
		s.at = append(s.at, int32(len(s.mass)))
	})
	s.first = append(s.first, int32(len(s.to)))
	s.lost = append(s.lost, to.lost)
	row, total := s.mass[begin:], to.lost
	largest := 0
	for i, m := range row {
		if !(m >= 0 && m <= math.MaxFloat64) {
			return fmt.Errorf("operators: a probability of going from cell %d is %v", cell, m)
		}
		if m > row[largest] {
			largest = i
		}
		total += m
	}
	to.lost = 0
	if math.Abs(1-total) > negligibleRow {
		return fmt.Errorf("operators: the probabilities of going from cell %d sum to %v, expected 1", cell, total)
	}
	if len(row) > 0 {
		row[largest] += 1 - total
	}
	return nil
}

// Size returns the number of cells.
func (k *Kernel) Size() int { return k.grid.Size() }

// Mesh returns the grid.
func (k *Kernel) Mesh() *grid.Grid { return k.grid }

// Time returns that of a step.
func (k *Kernel) Time() float64 { return k.steps.Time() }

// Entries returns how many probabilities there are, and whether they are kept.
func (k *Kernel) Entries() (n int, kept bool) { return k.entries, k.slabs != nil }

// Noise returns the variance of a step along an axis from every cell, and what the
// cells add to it.
func (k *Kernel) Noise(axis int) (variance, added []float64) { return k.noise[axis], k.added[axis] }

// Lost returns the probability of being lost from every cell, nil where nothing is.
func (k *Kernel) Lost() []float64 {
	for _, v := range k.lost {
		if v > 0 {
			return k.lost
		}
	}
	return nil
}

// slab returns the rows of slab b, which to is there to make anew.
func (k *Kernel) slab(to *landing, b int) *slab {
	if k.slabs != nil {
		return k.slabs[b]
	}
	s, err := k.make(to, b)
	if err != nil {
		panic(err) // NewKernel has made the same
	}
	return s
}

// Row shows the probabilities of going from cell i.
func (k *Kernel) Row(i int, visit func(to int, mass []float64)) {
	var to *landing
	if k.slabs == nil {
		to = newLanding(k.grid)
	}
	s := k.slab(to, i/slabCells)
	s.row(i%slabCells, visit)
}

func (s *slab) row(i int, visit func(to int, mass []float64)) {
	for r := s.first[i]; r < s.first[i+1]; r++ {
		visit(int(s.to[r]), s.mass[s.at[r]:s.at[r+1]])
	}
}

// Step writes Pᵀm.
func (k *Kernel) Step(dst, m []float64) {
	if k.slabs == nil {
		k.stepAnew(dst, m)
		return
	}
	grid.Range{Hi: len(dst)}.Each(k.workers, func(r grid.Range) {
		clear(dst[r.Lo:r.Hi])
		for b, s := range k.slabs {
			s.scatter(dst, m[b*slabCells:], r)
		}
	})
}

// scatter adds what goes to the cells of r.
func (s *slab) scatter(dst, m []float64, r grid.Range) {
	for i := range len(s.first) - 1 {
		v := m[i]
		if v == 0 {
			continue
		}
		for run := s.first[i]; run < s.first[i+1]; run++ {
			lo, from, end := int(s.to[run]), s.at[run], s.at[run+1]
			hi := lo + int(end-from)
			if hi <= r.Lo {
				continue
			}
			if lo >= r.Hi {
				break
			}
			mass := s.mass[from:end]
			if lo < r.Lo {
				mass, lo = mass[r.Lo-lo:], r.Lo
			}
			if hi > r.Hi {
				mass = mass[:r.Hi-lo]
			}
			addMultiple(dst[lo:], v, mass)
		}
	}
}

// addMultiple adds v·x to dst, four at a time.
func addMultiple(dst []float64, v float64, x []float64) {
	dst = dst[:len(x)]
	for len(x) >= 4 {
		a, b := (*[4]float64)(dst), (*[4]float64)(x)
		a[0] += v * b[0]
		a[1] += v * b[1]
		a[2] += v * b[2]
		a[3] += v * b[3]
		dst, x = dst[4:], x[4:]
	}
	for i, p := range x {
		dst[i] += v * p
	}
}

// groups of slabs that are made anew are added in order: so many, whatever the number
// of workers.
const groups = 16

func (k *Kernel) stepAnew(dst, m []float64) {
	all := (k.Size() + slabCells - 1) / slabCells
	parts, sums := grid.Range{Hi: all}.Split(groups), Columns(groups, len(dst))
	var next atomic.Int64
	grid.Range{Hi: k.workers}.Each(k.workers, func(grid.Range) {
		to := newLanding(k.grid)
		for p := int(next.Add(1)) - 1; p < len(parts); p = int(next.Add(1)) - 1 {
			for b := parts[p].Lo; b < parts[p].Hi; b++ {
				k.slab(to, b).scatter(sums[p], m[b*slabCells:], grid.Range{Hi: len(dst)})
			}
		}
	})
	copy(dst, sums[0])
	for _, s := range sums[1:] {
		addMultiple(dst, 1, s)
	}
}

// Backward writes Pf.
func (k *Kernel) Backward(dst, f []float64) {
	k.each(func(cell int, s *slab, i int) {
		sum := 0.0
		s.row(i, func(to int, mass []float64) {
			f := f[to:][:len(mass)]
			for e, p := range mass {
				sum += p * f[e]
			}
		})
		dst[cell] = sum
	})
}

// each calls do for the rows of all cells, in order for the cells of a slab.
func (k *Kernel) each(do func(cell int, s *slab, i int)) {
	all := (k.Size() + slabCells - 1) / slabCells
	grid.Range{Hi: all}.Each(k.workers, func(r grid.Range) {
		var to *landing
		if k.slabs == nil {
			to = newLanding(k.grid)
		}
		for b := r.Lo; b < r.Hi; b++ {
			s := k.slab(to, b)
			for i := range len(s.first) - 1 {
				do(b*slabCells+i, s, i)
			}
		}
	})
}

// Lump adds up what goes from block to block.
func (k *Kernel) Lump(dst []float64, blocks int, of []int32, m []float64) {
	var to *landing
	if k.slabs == nil {
		to = newLanding(k.grid)
	}
	for b := range (k.Size() + slabCells - 1) / slabCells {
		s := k.slab(to, b)
		for i := range len(s.first) - 1 {
			cell := b*slabCells + i
			if m[cell] == 0 || of[cell] < 0 {
				continue
			}
			row := dst[int(of[cell])*blocks:][:blocks]
			s.row(i, func(to int, mass []float64) {
				for e, p := range mass {
					if j := of[to+e]; j >= 0 {
						row[j] += m[cell] * p
					}
				}
			})
		}
	}
}
