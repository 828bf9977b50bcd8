package multigrid

import (
	"math"

	"fokker/grid"
)

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
		h.x, h.f = append(h.x, grid.Zeros[float64](size)), append(h.f, grid.Zeros[float64](size))
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
	h.gamma = h.weights(h.kept - 1)
}

// takePart copies one piece and sums its products with the kept ones. Written
// out for depth 3: the sums stay in registers.
func (h *history) takePart(piece int) {
	lo, hi := bounds(piece, len(h.after))
	after, before := h.after[lo:hi], h.before[lo:hi]
	part := func(a []float64) []float64 { return a[lo:hi][:len(after)] }
	x0, x1, x2, x3 := part(h.x[0]), part(h.x[1]), part(h.x[2]), part(h.x[3])
	f0, f1, f2, f3 := part(h.f[0]), part(h.f[1]), part(h.f[2]), part(h.f[3])
	before = before[:len(after)]
	var s11, s12, s13, s22, s23, s33, s10, s20, s30, e1, e2, e3 float64
	for c, x := range after {
		f, w := x-before[c], 1/x
		d1, d2, d3 := f-f1[c], f-f2[c], f-f3[c]
		g1, g2, g3 := x-x1[c], x-x2[c], x-x3[c]
		x0[c], f0[c] = x, f
		e1, e2, e3 = e1+g1*g1*w, e2+g2*g2*w, e3+g3*g3*w
		s10, s20, s30 = s10+d1*f*w, s20+d2*f*w, s30+d3*f*w
		d1w, d2w := d1*w, d2*w
		s11, s12, s13 = s11+d1*d1w, s12+d2*d1w, s13+d3*d1w
		s22, s23, s33 = s22+d2*d2w, s23+d3*d2w, s33+d3*d3*w
	}
	h.parts[piece] = products{[depth][depth + 1]float64{{s11, s12, s13, s10}, {0, s22, s23, s20}, {0, 0, s33, s30}}, [depth]float64{e1, e2, e3}}
}

// recombine writes into p the combination x₀ − Σ γⱼ(x₀ − xⱼ) whose change
// f₀ − Σ γⱼ(f₀ − fⱼ) is least in the norm Σ f²/x₀.
func (h *history) recombine(p []float64, pool *pool) {
	h.after = p
	pool.do(len(h.parts), h.combine)
}

// combinePart does so for a piece. Where the combination would change a mass
// by more than a factor of four it stops there: the result is only the next
// guess, and stays positive.
func (h *history) combinePart(piece int) {
	for c, hi := bounds(piece, len(h.after)); c < hi; c++ {
		x := h.x[0][c]
		y := x
		for j := range h.kept - 1 {
			y -= h.gamma[j] * (x - h.x[j+1][c])
		}
		h.after[c] = min(max(y, x/4), 4*x)
	}
}

// ahead bounds how far the combination will be from the last iterate, in the
// norm (Σ e²/x₀)^½ ≥ Σ|e|: the error left, in the directions seen.
func (h *history) ahead() (sum float64) {
	for j, g := range h.gamma {
		sum += math.Abs(g) * math.Sqrt(h.all.x[j])
	}
	return sum
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
