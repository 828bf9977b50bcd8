package multigrid

import "math"

// sumCells is the number of cells summed at once; the sums of the pieces are
// added in order, so that the workers do not matter.
const sumCells = 4096

// run is the state of the cycles on one level.
type run struct {
	*level
	before  []float64
	history *history
	change  float64    // ‖p_k − p_{k−1}‖₁ by the last cycle
	largest float64    // of the changes
	ratio   [2]float64 // of successive changes, newest first
	cycles  int        // in this gear

	parts         []float64 // sums per piece
	total         float64
	addUp, divide func(piece int)
}

func newRun(l *level) *run {
	r := &run{level: l, before: make([]float64, len(l.p)), parts: make([]float64, (len(l.p)+sumCells-1)/sumCells)}
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

// observe takes the change by a cycle.
func (r *run) observe(change float64) {
	if r.cycles > 0 {
		r.ratio = [2]float64{change / r.change, r.ratio[0]}
	}
	r.change, r.largest = change, max(r.largest, change)
	r.cycles++
}

// amplification returns the error left per change, ρ/(1 − ρ) for the worse of
// the last contractions ρ.
func (r *run) amplification() float64 {
	const (
		unknown = 100  // before a contraction was seen, or where there is none
		best    = 0.1  // chance may make a cycle look better
		none    = 0.99 // as unknown
	)
	rho := max(r.ratio[0], r.ratio[1], best)
	if r.ratio[0] == 0 || rho >= none {
		return unknown
	}
	return rho / (1 - rho)
}
