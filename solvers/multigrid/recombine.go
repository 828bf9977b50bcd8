package multigrid

import (
	"math"

	"fokker/grid"
)

// depth is the number of earlier iterates a recombination draws on. With one or
// with three the hard cases take as much work.
const depth = 2

// history holds the last iterates x, the masses Π that they give to the cells of
// the next level and the masses X that this level finds for them. recombine takes
// the combination of the iterates for which the correction X − Π is least (Washio
// and Oosterlee 1997): what converges slowly is smooth, and is judged on the next
// level at a fraction of the work.
type history struct {
	fine, coarse *level
	x            [depth + 1][]float64 // newest first; x[0] is the iterate before the cycle
	whole, found [depth + 1][]float64 // Π and X
	kept         int
	gamma        [depth]float64
	excess       float64 // by which distances of iterates exceeded those of their corrections, over these

	norm     float64    // makes X sum to what Π sums to
	products []products // per piece of the next level
	jumps    []float64  // per piece: L1 distance of the combination to the newest iterate
	jump     float64    // their sum

	take, combineCoarse, combineFine func(piece int)
}

func newHistory(l *level) *history {
	h := &history{fine: l, coarse: l.next}
	for j := range h.x {
		h.x[j] = grid.Zeros[float64](len(l.p))
		h.whole[j], h.found[j] = grid.Zeros[float64](len(l.next.p)), grid.Zeros[float64](len(l.next.p))
	}
	pieces := (len(l.next.p) + sumCells - 1) / sumCells
	h.products, h.jumps = make([]products, pieces), make([]float64, pieces)
	h.take, h.combineCoarse, h.combineFine = h.takePiece, h.combineCoarsePiece, h.combineFinePiece
	return h
}

// hold copies the iterate before a cycle.
func (h *history) hold(p []float64) {
	turn(&h.x)
	copy(h.x[0], p)
}

func turn(v *[depth + 1][]float64) {
	last := v[depth]
	copy(v[1:], v[:depth])
	v[0] = last
}

// recombine takes the correction of the iterate held, as the next level left it,
// and puts the combinations x₀ − Σ γⱼ(x₀ − xⱼ), Π₀ − …, X₀ − … in the places of
// the law, Π and X.
func (h *history) recombine(pool *pool) {
	turn(&h.whole)
	turn(&h.found)
	h.kept = min(h.kept+1, depth+1)
	h.norm, h.jump = sum(h.coarse.whole)/sum(h.coarse.p), 0
	pool.do(len(h.products), h.take)
	all := products{}
	for b := range h.products {
		all.add(&h.products[b])
	}
	h.gamma = all.weights(h.kept - 1)
	h.excess = max(h.excess/2, all.excess(h.kept-1))
	if h.kept > 1 {
		pool.do(len(h.products), h.combineCoarse)
		h.jump = sum(h.jumps)
		pool.do((len(h.fine.p)+sumCells-1)/sumCells, h.combineFine)
	}
}

// takePiece copies one piece of Π and X and sums its products with those kept.
// Written out for depth 2: the sums stay in registers.
func (h *history) takePiece(piece int) {
	lo, hi := bounds(piece, len(h.coarse.p))
	p := h.coarse.p[lo:hi]
	part := func(a []float64) []float64 { return a[lo:hi][:len(p)] }
	whole, x0, x1, x2 := part(h.coarse.whole), part(h.found[0]), part(h.found[1]), part(h.found[2])
	w0, w1, w2 := part(h.whole[0]), part(h.whole[1]), part(h.whole[2])
	var s11, s12, s22, s10, s20, e1, e2 float64
	for i, x := range p {
		x *= h.norm
		w := whole[i]
		x0[i], w0[i] = x, w
		f, inv := x-w, 1/w
		d1, d2 := f-(x1[i]-w1[i]), f-(x2[i]-w2[i])
		s11, s12, s22 = s11+d1*d1*inv, s12+d1*d2*inv, s22+d2*d2*inv
		s10, s20 = s10+d1*f*inv, s20+d2*f*inv
		g1, g2 := w-w1[i], w-w2[i]
		e1, e2 = e1+g1*g1*inv, e2+g2*g2*inv
	}
	h.products[piece] = products{{s11, s12, s10, e1}, {0, s22, s20, e2}}
}

func (h *history) combineCoarsePiece(piece int) {
	lo, hi := bounds(piece, len(h.coarse.p))
	h.combine(h.coarse.p[lo:hi], &h.found, lo)
	whole := h.coarse.whole[lo:hi]
	h.combine(whole, &h.whole, lo)
	jump := 0.
	for i, w := range h.whole[0][lo:hi] {
		jump += math.Abs(whole[i] - w)
	}
	h.jumps[piece] = jump
}

func (h *history) combineFinePiece(piece int) {
	lo, hi := bounds(piece, len(h.fine.p))
	h.combine(h.fine.p[lo:hi], &h.x, lo)
}

// combine writes the combination of the cells from lo on. Where it would change a
// mass by more than a factor of four it stops there: the result is only the next
// guess, and stays positive.
func (h *history) combine(dst []float64, v *[depth + 1][]float64, lo int) {
	n, g1, g2 := len(dst), h.gamma[0], h.gamma[1]
	v0, v1, v2 := v[0][lo:][:n], v[1][lo:][:n], v[2][lo:][:n]
	for i, x := range v0 {
		y := x - g1*(x-v1[i]) - g2*(x-v2[i])
		if low := x * 0.25; y < low {
			y = low
		} else if high := 4 * x; y > high {
			y = high
		}
		dst[i] = y
	}
}

// products are sums over cells of dᵢdⱼ/Π₀ for dⱼ = f₀ − fⱼ and f = X − Π, with f₀
// then dᵢf₀ and (Π₀ − Πᵢ)².
type products [depth][depth + 2]float64

func (p *products) add(q *products) {
	for i := range depth {
		for j := range depth + 2 {
			p[i][j] += q[i][j]
		}
	}
}

// excess returns by how much two of the iterates were farther apart than their
// corrections, over these. If a cycle leaves the part ρ of an error e the correction
// is (1 − ρ)e, and this is ρ/(1 − ρ) for the slowest part seen.
func (p *products) excess(m int) float64 {
	worst := 1.0
	for j := range m {
		if f := p[j][j]; f > 0 {
			worst = max(worst, math.Sqrt(p[j][depth+1]/f))
		}
	}
	return worst - 1
}

// weights solves the normal equations Σⱼ dᵢ·dⱼ γⱼ = dᵢ·f₀ of m directions by
// elimination. One that the others span to rounding is left out.
func (p *products) weights(m int) (gamma [depth]float64) {
	a := *p
	var used [depth]bool
	for i := range m {
		used[i] = a[i][i] > 1e-12*p[i][i] // squares: 1e-6 in the vectors
		if !used[i] {
			continue
		}
		for r := i + 1; r < m; r++ {
			f := a[i][r] / a[i][i]
			for j := r; j <= depth; j++ {
				a[r][j] -= f * a[i][j]
			}
		}
	}
	for i := m - 1; i >= 0; i-- {
		if !used[i] {
			continue
		}
		s := a[i][depth]
		for j := i + 1; j < m; j++ {
			s -= a[i][j] * gamma[j]
		}
		gamma[i] = s / a[i][i]
	}
	return gamma
}
