package multigrid

import "math"

// depth is the number of earlier iterates a recombination draws on; 4, 6 and 8
// take as many cycles, on limit cycles at small noise too.
const depth = 3

// history holds the last iterates and what the cycles changed in them, from
// which recombine extrapolates (Anderson 1965; Washio and Oosterlee 1997).
type history struct {
	x, f  [][]float64 // newest first: iterate after the cycle, its change by the cycle
	kept  int
	parts []products // per piece
	all   products
	gamma [depth]float64

	before, after []float64 // arguments of the tasks
	take, combine func(piece int)
}

func newHistory(size int) *history {
	h := &history{parts: make([]products, (size+sumCells-1)/sumCells)}
	h.take, h.combine = h.takePart, h.combinePart
	for range depth + 1 {
		h.x, h.f = append(h.x, make([]float64, size)), append(h.f, make([]float64, size))
	}
	return h
}

// add takes the iterate before and after a cycle.
func (h *history) add(before, after []float64, pool *pool) {
	last := len(h.x) - 1
	x, f := h.x[last], h.f[last]
	copy(h.x[1:], h.x[:last])
	copy(h.f[1:], h.f[:last])
	h.x[0], h.f[0] = x, f
	h.kept = min(h.kept+1, last+1)
	h.before, h.after = before, after
	pool.do(len(h.parts), h.take)
	h.all = products{}
	for b := range h.parts {
		h.all.add(&h.parts[b])
	}
}

// takePart copies one piece and sums its products with the kept ones.
func (h *history) takePart(piece int) {
	s, m := &h.parts[piece], h.kept-1
	*s = products{}
	for c, hi := bounds(piece, len(h.after)); c < hi; c++ {
		x := h.after[c]
		f := x - h.before[c]
		h.x[0][c], h.f[0][c] = x, f
		w := 1 / x
		var d [depth + 1]float64
		d[depth] = f
		for j := range m {
			d[j] = f - h.f[j+1][c]
			e := x - h.x[j+1][c]
			s.x[j] += e * e * w
		}
		for i := range m {
			for j := i; j <= depth; j++ {
				s.f[i][j] += d[i] * d[j] * w
			}
		}
	}
}

// wild is the sum of |γ| above which the changes are rounding errors, or not
// those of a linear iteration, and the last iterate is taken as it is.
const wild = 10

// recombine writes into p the combination x₀ − Σ γⱼ(x₀ − xⱼ) whose change
// f₀ − Σ γⱼ(f₀ − fⱼ) is least in the norm Σ f²/x₀.
func (h *history) recombine(p []float64, pool *pool) {
	h.gamma, h.after = h.weights(h.kept-1), p
	total := 0.0
	for _, g := range h.gamma {
		total += math.Abs(g)
	}
	if total > wild {
		clear(h.gamma[:])
	}
	pool.do(len(h.parts), h.combine)
}

// combinePart does so for a piece. Where the combination would take away more
// than three quarters of a mass it takes that: the result is only the next
// guess, and stays positive.
func (h *history) combinePart(piece int) {
	for c, hi := bounds(piece, len(h.after)); c < hi; c++ {
		x := h.x[0][c]
		y := x
		for j := range h.kept - 1 {
			y -= h.gamma[j] * (x - h.x[j+1][c])
		}
		h.after[c] = max(y, x/4)
	}
}

// products are sums over cells, weighted by 1/x₀, of dᵢdⱼ for dⱼ = f₀ − fⱼ,
// with f₀ in the last column, and of (x₀ − xⱼ)².
type products struct {
	f [depth][depth + 1]float64
	x [depth]float64
}

func (p *products) add(q *products) {
	for i := range depth {
		p.x[i] += q.x[i]
		for j := range depth + 1 {
			p.f[i][j] += q.f[i][j]
		}
	}
}

// amplification returns how far two of the iterates were apart, compared with
// what the cycles changed in them: the error left per change, as far as seen.
func (h *history) amplification() float64 {
	worst := 0.0
	for j := range max(h.kept-1, 0) {
		if f := h.all.f[j][j]; f > 0 {
			worst = max(worst, math.Sqrt(h.all.x[j]/f))
		}
	}
	return worst
}

// weights solves the normal equations Σⱼ dᵢ·dⱼ γⱼ = dᵢ·f₀ by elimination. A
// direction that the earlier ones span to rounding is left out.
func (h *history) weights(m int) (gamma [depth]float64) {
	a := h.all.f
	var used [depth]bool
	for i := range m {
		used[i] = a[i][i] > 1e-12*h.all.f[i][i] // squares: 1e-6 in the vectors
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
