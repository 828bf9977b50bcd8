package multigrid

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"fokker/grid"
)

// The share of a well hangs on what crosses the barriers around it, which may be
// e^(−500) of what goes to and fro within: no residual and no change by a cycle
// shows it. But what goes into a basin of attraction comes out of it, whatever the
// size of either. These flows are sums of positive numbers; where they differ, the
// share of the basin is not known, however small it is now.

const (
	// deep is how much more a well holds in its fullest cell than its highest pass,
	// from where on cycles are not trusted to have found its share.
	deep = 1e8
	// unbalanced is the difference of the flows into a basin and out of it, over
	// their sum, up to which a share is believed to be next to nothing that is.
	unbalanced = 1e-4
	// dust is the mass below which the spring counts.
	dust = 1e-280
)

// sources is a law and the rates into its cells.
type sources interface {
	law() []float64
	// into calls do for every cell that cell i gets mass from, and its rate.
	into(i int, do func(from int, rate float64))
}

// basins are the cells from which a law rises to the same peak, passes lower than deep
// not counted.
type basins struct {
	sources
	p    []float64
	peak []int32 // of every cell
	over []int32 // per peak: itself, or a higher one of the same basin
	// per highest peak: what is in the basin, and what flows into it and out of it
	share, in, out map[int32]float64
}

// ascend finds the peak of every cell along the steepest ascent, and how many there are.
func (b *basins) ascend() (peaks int) {
	b.peak = make([]int32, len(b.p))
	for i := range b.p {
		top := i
		b.into(i, func(j int, _ float64) {
			if b.p[j] > b.p[top] || b.p[j] == b.p[top] && j < top {
				top = j
			}
		})
		if b.peak[i] = int32(top); top == i {
			peaks++
		}
	}
	for i := range b.peak {
		at := b.peak[i]
		for b.peak[at] != at {
			b.peak[at] = b.peak[b.peak[at]]
			at = b.peak[at]
		}
		b.peak[i] = at
	}
	return peaks
}

// pass is the fullest way between two peaks.
type pass struct {
	one, other int32
	p          float64
}

// passes returns them, the highest first.
func (b *basins) passes() (out []pass) {
	at := map[[2]int32]int{}
	for i, one := range b.peak {
		b.into(i, func(j int, _ float64) {
			other := b.peak[j]
			if one == other {
				return
			}
			ends := [2]int32{min(one, other), max(one, other)}
			e, known := at[ends]
			if !known {
				e, at[ends] = len(out), len(out)
				out = append(out, pass{ends[0], ends[1], 0})
			}
			out[e].p = max(out[e].p, min(b.p[i], b.p[j]))
		})
	}
	slices.SortFunc(out, func(a, b pass) int {
		return cmp.Or(cmp.Compare(b.p, a.p), cmp.Compare(a.one, b.one), cmp.Compare(a.other, b.other))
	})
	return out
}

// highest returns the peak of the basin of a peak.
func (b *basins) highest(peak int32) int32 {
	for b.over[peak] != peak {
		peak = b.over[peak]
	}
	return peak
}

// join makes basins of peaks (Edelsbrunner, Letscher and Zomorodian 2002).
func (b *basins) join() {
	b.over = slices.Clone(b.peak)
	for _, w := range b.passes() {
		low, high := b.highest(w.one), b.highest(w.other)
		if b.p[low] > b.p[high] {
			low, high = high, low
		}
		if low != high && (b.p[low] < dust || b.p[low] < deep*w.p) {
			b.over[low] = high
		}
	}
}

// uncertain returns the peaks of two wells whose shares are not known, that of the least
// balanced basin first, and the difference of its flows over their sum; one is −1 where
// all are known. Where the basin has too little by the part e of what it should have, the
// net flow into it is e of that from what is outside alone, which is of the size of the
// flows to and fro: e is of the size of their difference over their sum, and the L1 error
// by it twice that times what is in the basin, or outside.
func uncertain(s sources, tolerance float64) (one, other int, worst float64) {
	b := &basins{sources: s, p: s.law()}
	if b.ascend() == 1 {
		return -1, -1, 0
	}
	b.join()
	wells := b.wells()
	if len(wells) == 1 {
		return -1, -1, 0
	}
	b.add()
	one = -1
	for _, w := range wells {
		off, all := math.Abs(b.in[w]-b.out[w]), b.in[w]+b.out[w]
		if all == 0 {
			off, all = 1, 1
		}
		share := min(b.share[w], 1-b.share[w])
		if off > worst*all && (off > unbalanced*all || 2*off*share > tolerance*all) {
			one, worst = int(w), off/all
		}
	}
	if other = int(wells[0]); other == one {
		other = int(wells[1])
	}
	return one, other, worst
}

// wells returns the highest peaks of the basins, the fullest first.
func (b *basins) wells() (out []int32) {
	for i := range int32(len(b.p)) {
		if b.peak[i] == i && b.over[i] == i {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(i, j int32) int { return cmp.Compare(b.p[j], b.p[i]) })
	return out
}

// add sums what is in every basin and what flows into it and out of it.
func (b *basins) add() {
	b.share, b.in, b.out = map[int32]float64{}, map[int32]float64{}, map[int32]float64{}
	for i, peak := range b.peak {
		to := b.highest(peak)
		b.share[to] += b.p[i]
		b.into(i, func(j int, rate float64) {
			if b.peak[j] == peak {
				return
			}
			if from := b.highest(b.peak[j]); from != to {
				b.in[to] += b.p[j] * rate
				b.out[from] += b.p[j] * rate
			}
		})
	}
}

func (l *level) law() []float64 { return l.p }

func (l *level) into(i int, do func(from int, rate float64)) {
	for k, n := range l.n {
		at, step := l.g.Along(k, i), l.g.Stride(k)
		below, above := i-step, i+step
		if l.ring(k) && at == 0 {
			below += n * step
		}
		if l.ring(k) && at == n-1 {
			above -= n * step
		}
		if at > 0 || l.ring(k) {
			do(below, l.up[k][below])
		}
		if at < n-1 || l.ring(k) {
			do(above, l.down[k][above])
		}
	}
}

func (l *joined) law() []float64 { return l.p }

func (l *joined) into(i int, do func(from int, rate float64)) {
	from, rate := l.row(int32(i))
	for e, j := range from {
		do(int(j), rate[e])
	}
}

// ErrShares says that the shares of wells are not known.
var ErrShares = errors.New("the shares of wells are not known")

// look is the work of looking at a law once, in passes over its cells, by timing.
const look = 75

// doubts follow the shares of wells from cycle to cycle.
type doubts struct {
	last float64 // by how much the flows of a basin differed
	vain int     // times that it was hardly less than before
}

// resolved reports whether the shares of all wells are known, and fails where cycles
// do not lead there.
func (d *doubts) resolved(s sources, g *grid.Grid, tolerance float64) (bool, error) {
	const (
		patience = 3
		hardly   = 0.9
	)
	one, other, off := uncertain(s, tolerance)
	if one < 0 {
		return true, nil
	}
	if d.last > 0 && off > hardly*d.last {
		d.vain++
	}
	if d.last = off; d.vain < patience {
		return false, nil
	}
	return false, fmt.Errorf("%w: between those at %s and %s so little is exchanged that cycles do not find it", ErrShares, place(g, one), place(g, other))
}

// place returns where a cell is.
func place(g *grid.Grid, cell int) string {
	text := ""
	for k := range g.Dim() {
		text += fmt.Sprintf(", %.3g", g.Centers(k)[g.Along(k, cell)])
	}
	return "(" + text[2:] + ")"
}
