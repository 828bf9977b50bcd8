package multigrid

import (
	"math"
	"slices"

	"fokker/grid"
)

// sumCells is the number of cells summed at once; the sums of the pieces are
// added in order, so that the workers do not matter.
const sumCells = 4096

// run is the state of the cycles on one level.
type run struct {
	*level
	before  []float64
	history *history   // nil on the coarsest level
	change  float64    // ‖p_k − p_{k−1}‖₁ by the last cycle
	largest float64    // of the changes
	ratio   [3]float64 // of successive changes, newest first
	usual   float64    // what it was on a coarser mesh, 0 if not known
	cycles  int        // in this gear
	refused int        // cycles that did harm
	least   float64    // change by a cycle, now and then
	since   int        // cycles without one half as great

	parts         []float64 // sums per piece
	total         float64
	addUp, divide func(piece int)
}

func newRun(l *level) *run {
	r := &run{level: l, parts: make([]float64, (len(l.p)+sumCells-1)/sumCells)}
	if l.next != nil {
		r.history = newHistory(l)
		r.before = r.history.x[0]
	} else {
		r.before = grid.Zeros[float64](len(l.p))
	}
	r.addUp = func(piece int) {
		lo, hi := bounds(piece, len(r.p))
		r.parts[piece] = sum(r.p[lo:hi])
	}
	r.divide = func(piece int) {
		lo, hi := bounds(piece, len(r.p))
		r.parts[piece] = rescaled(r.p[lo:hi], r.before[lo:hi], 1/r.total)
	}
	return r
}

// bounds returns the cells of a piece of n.
func bounds(piece, n int) (lo, hi int) { return piece * sumCells, min((piece+1)*sumCells, n) }

// normalise makes the law sum to one, it is a null vector and free up to a
// factor, and returns its L1 distance to the law before.
func (r *run) normalise(p *pool) float64 {
	p.do(len(r.parts), r.addUp)
	r.total = sum(r.parts)
	p.do(len(r.parts), r.divide)
	return sum(r.parts)
}

// rescaled multiplies p by c and returns its L1 distance to before.
func rescaled(p, before []float64, c float64) float64 {
	var even, odd float64
	before = before[:len(p)]
	for i := 1; i < len(p); i += 2 {
		p[i-1], p[i] = p[i-1]*c, p[i]*c
		even += math.Abs(p[i-1] - before[i-1])
		odd += math.Abs(p[i] - before[i])
	}
	if last := len(p) - 1; last%2 == 0 {
		p[last] *= c
		even += math.Abs(p[last] - before[last])
	}
	return even + odd
}

// credible returns the greatest change by a cycle that may have done good: any
// by the first, then a small part of the law, or some times that before.
func (r *run) credible() float64 {
	const small, times, almostAll = 0.25, 4, 1.9
	switch {
	case r.largest == 0 && r.refused < 2:
		return almostAll
	case r.largest == 0:
		return 2 // and not NaN
	}
	return max(small, times*r.change) + r.jump()
}

// jump returns how far the last combination was from the law before.
func (r *run) jump() float64 {
	if r.history == nil {
		return 0
	}
	return r.history.jump
}

// observe takes the change by a cycle.
func (r *run) observe(change float64) {
	if r.cycles > 0 {
		copy(r.ratio[1:], r.ratio[:])
		r.ratio[0] = change / r.change
	}
	r.change, r.largest = change, max(r.largest, change)
	r.cycles++
	if r.since++; r.least == 0 || change < r.least/2 {
		r.least, r.since = change, 0
	}
}

// restart forgets the cycles so far.
func (r *run) restart() {
	r.cycles, r.ratio, r.usual = 0, [3]float64{}, 0
	if r.history != nil {
		r.history.kept = 0
	}
}

// idle reports whether the cycles lead nowhere.
func (r *run) idle() bool {
	const patience = 25 // some histories, and two shifts of gear
	return r.since > patience
}

// amplification returns the error left per change, ρ/(1 − ρ) for the worst of
// the last contractions ρ: one error may hide another that decays more slowly.
func (r *run) amplification() float64 {
	const (
		unknown = 100  // where no contraction is known, or none is seen
		best    = 0.1  // chance may make a cycle look better
		lucky   = 0.02 // so much better that its change tells less than the one before
		none    = 0.99 // as unknown
	)
	rho := r.contraction()
	if rho == 0 || rho >= none {
		return unknown
	}
	rho = max(rho, best)
	left := rho / (1 - rho)
	if r.history != nil {
		left = max(left, r.history.excess)
	}
	if last := r.ratio[0]; last > 0 && last < lucky {
		left *= lucky / last
	}
	return left
}

// contraction returns the worst of the last contractions, before one was seen
// twice the usual one if that is little, and 0 where it is not known.
func (r *run) contraction() float64 {
	const little = 0.1
	if r.ratio[0] == 0 && 2*r.usual < little {
		return 2 * r.usual
	}
	return slices.Max(r.ratio[:])
}
