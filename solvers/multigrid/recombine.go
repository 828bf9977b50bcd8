package multigrid

import "math"

// depth is the number of earlier iterates a recombination draws on; more
// gained nothing on limit cycles at small noise.
const depth = 4

// sumCells is the number of cells summed at once; the sums of the pieces are
// added in order, so that the workers do not matter.
const sumCells = 4096

// history holds the last iterates and what the cycles changed in them, from
// which recombine extrapolates (Anderson 1965; Washio and Oosterlee 1997).
type history struct {
	x, f  [][]float64 // newest first: iterate after the cycle, its change by the cycle
	kept  int
	parts []products // per piece
	all   products
	task  func(piece int)
}

func newHistory(size int) *history {
	h := &history{parts: make([]products, (size+sumCells-1)/sumCells)}
	h.task = h.part
	for range depth + 1 {
		h.x, h.f = append(h.x, make([]float64, size)), append(h.f, make([]float64, size))
	}
	return h
}

// add takes the iterate before and after a cycle.
func (h *history) add(before, after []float64) {
	last := len(h.x) - 1
	x, f := h.x[last], h.f[last]
	copy(h.x[1:], h.x[:last])
	copy(h.f[1:], h.f[:last])
	h.x[0], h.f[0] = x, f
	copy(x, after)
	for i := range f {
		f[i] = after[i] - before[i]
	}
	h.kept = min(h.kept+1, last+1)
}

// recombine writes into p the combination x₀ − Σ γⱼ(x₀ − xⱼ) whose change
// f₀ − Σ γⱼ(f₀ − fⱼ) is least in the norm Σ f²/x₀. Where it would take away
// more than three quarters of a mass it takes that: the result is only the
// next guess, and stays positive.
func (h *history) recombine(p []float64) {
	m := h.kept - 1
	if m < 1 {
		return
	}
	gamma := h.weights(m)
	for i, x := range h.x[0] {
		y := x
		for j := range m {
			y -= gamma[j] * (x - h.x[j+1][i])
		}
		p[i] = max(y, x/4)
	}
}

// products are sums over cells, weighted by 1/x₀, of dᵢdⱼ for dⱼ = f₀ − fⱼ,
// with f₀ in the last column, and of (x₀ − xⱼ)².
type products struct {
	f [depth][depth + 1]float64
	x [depth]float64
}

// measure sums the products of the kept iterates.
func (h *history) measure(pool *pool) {
	pool.do(len(h.parts), h.task)
	h.all = products{}
	for b := range h.parts {
		for i := range depth {
			h.all.x[i] += h.parts[b].x[i]
			for j := range depth + 1 {
				h.all.f[i][j] += h.parts[b].f[i][j]
			}
		}
	}
}

// part sums those of one piece.
func (h *history) part(b int) {
	s, m := &h.parts[b], h.kept-1
	*s = products{}
	for c := b * sumCells; c < min((b+1)*sumCells, len(h.f[0])); c++ {
		x, f := h.x[0][c], h.f[0][c]
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
