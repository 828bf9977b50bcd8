package multigrid

import (
	"math"
	"slices"

	"fokker/grid"
	"fokker/operators"
)

// wideLevel is one grid of the hierarchy for jumps of any length. Its blocks are
// slabs at least as thick as the jumps are long, so that every second one can be
// swept at the same time.
type wideLevel struct {
	g *grid.Grid

	// The rates of Qᵀ stand in the order of the sweeps: into cell[x] comes
	// part[e] u[from[e]], start[x] ≤ e < start[x+1], and f inv[x].
	cell  []int32
	start []int
	from  []int32
	part  []float64 // rate over the rate out of the cell it leads to
	inv   []float64 // 1/rate out
	gone  []float64 // rate of leaving for no other cell; nil where nothing does
	chains
	blocks []grid.Range // slabs

	u []float64 // the unknown: p as the finest level, d below
	f []float64 // −Qᵀu = f
	r []float64 // f + Qᵀu
	p []float64 // law, up to a factor; below the finest level, that of the finer one summed
	d []float64 // correction of these masses
	y []float64 // d/p as far as trusted, bounded; or the logarithm of a density
	t []float64 // trust

	next    *wideLevel
	twice   bool       // to be visited twice by W cycles
	move    []transfer // to next, per axis
	scratch [][]float64
	direct  *Direct // of the coarsest level
}

func newWideLevel(g *grid.Grid, q operators.Rowed, gone []float64) *wideLevel {
	n := g.Size()
	l := &wideLevel{g: g, gone: gone, p: make([]float64, n), f: make([]float64, n), r: make([]float64, n)}
	l.transpose(q)
	l.divide()
	l.link(q)
	return l
}

// rates is the number of rates with the diagonal.
func (l *wideLevel) rates() float64 { return float64(len(l.from) + len(l.p)) }

// transpose reads the rates by the cells they lead to.
func (l *wideLevel) transpose(q operators.Rowed) {
	n := len(l.p)
	l.cell, l.start, l.inv = make([]int32, n), make([]int, n+1), make([]float64, n)
	for i := range n {
		to, rate := q.Row(i)
		for _, j := range to {
			l.start[j+1]++
		}
		l.inv[i] = 1 / max(l.departs(i)+sum(rate), leak)
		l.cell[i] = int32(i)
	}
	for i := range n {
		l.start[i+1] += l.start[i]
	}
	l.from, l.part = make([]int32, l.start[n]), make([]float64, l.start[n])
	at := slices.Clone(l.start[:n])
	for i := range n {
		to, rate := q.Row(i)
		for e, j := range to {
			l.from[at[j]], l.part[at[j]] = int32(i), rate[e]*l.inv[j]
			at[j]++
		}
	}
}

// departs returns the rate of leaving cell i for no other.
func (l *wideLevel) departs(i int) float64 {
	if l.gone == nil {
		return 0
	}
	return l.gone[i]
}

// divide cuts the slabs into blocks, on a ring an even number of them.
func (l *wideLevel) divide() {
	last := l.g.Dim() - 1
	slabs, size := l.g.Cells(last), l.g.Stride(last)
	thick := max(l.reach(), (blockCells+size-1)/size)
	count := max(1, slabs/thick)
	if l.g.Axis(last).Ends[0] == grid.Periodic && count > 1 {
		count -= count % 2
	}
	l.blocks = (grid.Range{Hi: slabs}).Split(count)
	for range l.blocks {
		l.scratch = append(l.scratch, make([]float64, 2*l.g.Cells(0)))
	}
}

// reach returns how many slabs the longest jump spans, or one more.
func (l *wideLevel) reach() int {
	last, longest := l.g.Dim()-1, 0
	ring := l.g.Axis(last).Ends[0] == grid.Periodic
	for i := range l.p {
		for _, j := range l.from[l.start[i]:l.start[i+1]] {
			step := max(i-int(j), int(j)-i)
			if ring {
				step = min(step, len(l.p)-step)
			}
			longest = max(longest, step)
		}
	}
	return longest/l.g.Stride(last) + 1
}

// length returns how far two cells lie apart along an axis.
func (l *wideLevel) length(k, i, j int) int {
	step := l.g.Along(k, i) - l.g.Along(k, j)
	step = max(step, -step)
	if l.g.Axis(k).Ends[0] == grid.Periodic {
		return min(step, l.g.Cells(k)-step)
	}
	return step
}

// couplings returns for each axis the median over a sample of cells of the
// rate at which mass spreads along it, Σ rate·length², in cells² per time.
func (l *wideLevel) couplings() []float64 {
	const samples = 4096 // the median is then good to a few percent
	out := make([]float64, l.g.Dim())
	for k := range out {
		var seen []float64
		for x := 0; x < len(l.p); x += 1 + len(l.p)/samples {
			square := 0.
			for e := l.start[x]; e < l.start[x+1]; e++ {
				step := float64(l.length(k, int(l.cell[x]), int(l.from[e])))
				square += l.part[e] * step * step
			}
			seen = append(seen, square/l.inv[x])
		}
		slices.Sort(seen)
		out[k] = seen[len(seen)/2]
	}
	return out
}

// cells returns those of a block.
func (l *wideLevel) cells(block int) (lo, hi int) {
	size := l.g.Stride(l.g.Dim() - 1)
	return l.blocks[block].Lo * size, l.blocks[block].Hi * size
}

// sweep balances the unknowns forth through every second block and then
// through the others, and back.
func (l *wideLevel) sweep(p *pool) {
	odd := len(l.blocks) / 2
	p.do(len(l.blocks)-odd, func(b int) { l.forth(2 * b) })
	p.do(odd, func(b int) { l.forth(2*b + 1); l.back(2*b + 1) })
	p.do(len(l.blocks)-odd, func(b int) { l.back(2 * b) })
}

// inflow returns what comes into cell[x], over the rate out, but for the last
// so many of its rates.
func (l *wideLevel) inflow(x, but int) float64 {
	lo, hi := l.start[x], l.start[x+1]-but
	from, part := l.from[lo:hi], l.part[lo:hi:hi]
	s := l.f[l.cell[x]] * l.inv[x]
	for e, j := range from {
		s += part[e] * l.u[j]
	}
	return s
}

// defect writes r = f + Qᵀu.
func (l *wideLevel) defect(block int) {
	lo, hi := l.cells(block)
	for x := lo; x < hi; x++ {
		i := l.cell[x]
		l.r[i] = (l.inflow(x, 0) - l.u[i]) / l.inv[x]
	}
}

// residual returns ‖Qᵀp‖₁ / Σ pᵢ|Qᵢᵢ|.
func (l *wideLevel) residual() float64 {
	var off, all float64
	for x, i := range l.cell {
		in, out := 0., l.p[i]/l.inv[x]
		for e := l.start[x]; e < l.start[x+1]; e++ {
			in += l.part[e] * l.p[l.from[e]]
		}
		off += math.Abs(in/l.inv[x] - out)
		all += out
	}
	return off / all
}

// judge says how far corrections of the cells of a block are to be trusted:
// t = 1/(1 + q²), where (1 + q) times what leaves the cell comes in. Where the
// law falls steeply within a coarse cell, the law of the coarse grid is another
// by orders of magnitude, and so would the corrections be, of next to no mass.
func (l *wideLevel) judge(block int) {
	lo, hi := l.cells(block)
	for x := lo; x < hi; x++ {
		in := 0.0
		for e := l.start[x]; e < l.start[x+1]; e++ {
			in += l.part[e] * l.p[l.from[e]]
		}
		q := in/l.p[l.cell[x]] - 1
		l.t[l.cell[x]] = 1 / (1 + q*q)
	}
}

// compare turns the correction of a block into its ratio to the law.
func (l *wideLevel) compare(block int) {
	lo, hi := l.cells(block)
	for i := lo; i < hi; i++ {
		l.y[i] = min(max(l.t[i]*l.d[i]/l.p[i], 1./bold-1), bold-1)
	}
}
