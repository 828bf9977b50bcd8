package solvers

import (
	"context"
	"math"

	"fokker/operators"
)

// adi makes steps of dm/dt = Qᵀm, Q = Σ A_k being a sum of chains along the
// axes, by alternating directions. A substep of length 2τ is
//
//	M(τ) m₁ = M(−τ) m₀,   M(τ) = Π_k (I − τA_kᵀ),
//
// for two axes the scheme of Peaceman and Rachford (1955) and Douglas (1955).
// It is its own inverse with τ negated, so that its error has even powers of τ
// only, and a step by 2, 4 and 6 substeps is extrapolated to order 6
// (Richardson 1911). On two axes M(−τ) − M(τ) = 2τQᵀ: a stationary law stays
// as it is however long the step.
//
// With w = (I + τA_d)m the substeps become, on two axes, nothing but line
// solutions: S = (I − τA)⁻¹ and the contractions C = (I + τA)S = 2S − I alternate.
//
// What decays much faster than a step keeps its size, as C tends to −1: numbers
// of substeps are even, so that extrapolation does not enlarge it, and steps
// begin short enough for it to vanish first.
type adi struct {
	*state
	parts   []*lines
	workers int
	kept    []factors // the last used first
	w, y    []float64
	flow    []float64   // A_dᵀm, where every row begins
	gap     []float64   // the law of order 6 less that of order 4
	middle  [][]float64 // m and its derivatives at the middle, times (h/2)ᵏ/k!
	done    float64
}

// row is one row of the extrapolation: the weights of its law in that of
// order 6, in what this differs by from the law of order 4 without the first
// row, and in derivatives that the first row does not know.
type row struct {
	substeps          int
	weight, gap, late float64
}

var rows = [...]row{{2, 1. / 24, 1. / 24, 0}, {4, -16. / 15, -4. / 15, -4. / 5}, {6, 81. / 40, 9. / 40, 9. / 5}}

// factors is the line solutions of one τ.
type factors struct {
	tau  float64
	axes []*lineSolver
}

// adiKept bounds the storage for several τ: of one step and of half of it, from
// which it has one τ at least.
const adiKept = len(rows) + 1

// newADI returns nil for a generator that is no sum of chains along two axes
// or more.
func newADI(s *state, q operators.Rowed, workers int) *adi {
	if changes(q) {
		return nil
	}
	near, ok := q.(stencil)
	if !ok {
		return nil
	}
	parts, ok := along(near)
	if !ok || len(parts) < 2 {
		return nil
	}
	n := len(s.m)
	return &adi{state: s, parts: parts, workers: workers, w: make([]float64, n), y: make([]float64, n), flow: make([]float64, n), gap: make([]float64, n)}
}

func (a *adi) name() string { return byADI }

func (a *adi) safety() float64 { return 0.9 }

func (a *adi) bold() float64 { return 5 } // the estimate is 2e-5 z⁵, not z⁵

// worthwhile is the next step of the ladder: the factors of a step are as dear
// as a third of it.
func (a *adi) worthwhile() float64 { return slight }

// effort is the same for every step.
func (a *adi) effort() float64 { return 1 }

func (a *adi) work() float64 { return a.done }

// at returns the factors of a τ.
func (a *adi) at(tau float64) factors {
	for i, f := range a.kept {
		if f.tau == tau {
			copy(a.kept[1:i+1], a.kept[:i])
			a.kept[0] = f
			return f
		}
	}
	if len(a.kept) < adiKept {
		f := factors{axes: make([]*lineSolver, len(a.parts))}
		for k, l := range a.parts {
			f.axes[k] = newLineSolver(l, len(a.m)-1)
		}
		a.kept = append(a.kept, f)
	}
	f := a.kept[len(a.kept)-1]
	copy(a.kept[1:], a.kept)
	f.tau = tau
	for _, axis := range f.axes {
		axis.eliminate(tau, a.workers)
	}
	a.kept[0] = f
	a.done += 2
	return f
}

// step returns the L1 distance of the laws of order 6 and 4 or, if it is more,
// how far apart polynomials of degree five and four are within a dense step.
func (a *adi) step(ctx context.Context, s try) (found float64, err error) {
	clear(a.next)
	clear(a.gap)
	a.begin()
	if s.dense {
		a.clearMiddle()
	}
	for _, r := range rows {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		a.extrapolate(r, s)
	}
	found = l1(a.gap)
	if s.dense {
		found = max(found, a.quintic())
	}
	return found, nil
}

// quintic returns the L1 norm of the coefficient of s⁵ in between times the
// largest value of s³ − s⁵: without the third derivative the polynomial would be
// of degree four and differ by that.
func (a *adi) quintic() (norm float64) {
	for c, v := range a.next {
		norm += math.Abs((v-a.m[c])/2 - a.middle[1][c] - a.middle[3][c])
	}
	return norm * 6 * math.Sqrt(0.6) / 25
}

func (a *adi) clearMiddle() {
	if a.middle == nil {
		a.middle = operators.Columns(middleTerms, len(a.m))
	}
	for _, c := range a.middle {
		clear(c)
	}
}

// extrapolate makes the substeps of a row and adds what it contributes.
func (a *adi) extrapolate(r row, s try) {
	f := a.at(s.h / float64(2*r.substeps))
	last := len(f.axes) - 1
	for c, v := range a.m {
		a.w[c] = v + f.tau*a.flow[c]
	}
	if s.dense {
		a.differ(r, 0, a.m)
	}
	for i := 1; i <= r.substeps; i++ {
		for k := last - 1; k > 0; k-- {
			a.explicit(f.axes[k])
		}
		a.reflect(f.axes[0])
		for _, axis := range f.axes[1:last] {
			a.implicit(axis)
			a.w, a.y = a.y, a.w
		}
		switch {
		case i == r.substeps:
			a.implicit(f.axes[last])
		case s.dense:
			a.implicit(f.axes[last])
			a.differ(r, i, a.y)
			for c, y := range a.y {
				a.w[c] = 2*y - a.w[c]
			}
		default:
			a.reflect(f.axes[last])
		}
	}
	if s.dense {
		a.differ(r, r.substeps, a.y)
	}
	for c, y := range a.y {
		a.next[c] += r.weight * y
		a.gap[c] += r.gap * y
	}
}

// The last cell of a law holds what was absorbed: it is an unknown that takes
// τ·absorption and gives nothing, hence the same S, C and I + τA.

// begin computes flow.
func (a *adi) begin() {
	n := len(a.m) - 1
	l := a.parts[len(a.parts)-1]
	clear(a.flow)
	l.addForward(a.flow[:n], a.m[:n], 1, a.workers)
	if l.loss != nil {
		a.flow[n] = dot(l.loss, a.m[:n])
	}
	a.spend()
}

// explicit multiplies w by I + τA.
func (a *adi) explicit(axis *lineSolver) {
	n := len(a.w) - 1
	copy(a.y, a.w)
	axis.addForward(a.w[:n], a.y[:n], axis.tau, a.workers)
	if axis.loss != nil {
		a.w[n] += axis.tau * dot(axis.loss, a.y[:n])
	}
	a.spend()
}

// implicit writes y = S w.
func (a *adi) implicit(axis *lineSolver) {
	n := len(a.w) - 1
	copy(a.y, a.w)
	axis.solve(a.y[:n], a.workers)
	if axis.loss != nil {
		a.y[n] += axis.tau * dot(axis.loss, a.y[:n])
	}
	a.spend()
}

// reflect turns w into C w = 2S w − w.
func (a *adi) reflect(axis *lineSolver) {
	n := len(a.w) - 1
	if axis.loss != nil {
		a.w[n] += axis.tau * dot(axis.loss, a.w[:n])
	}
	axis.reflect(a.w[:n], a.workers)
	if axis.loss != nil {
		a.w[n] += axis.tau * dot(axis.loss, a.w[:n])
	}
	a.spend()
}

// spend counts one axis of an application of Qᵀ.
func (a *adi) spend() { a.done += 1 / float64(len(a.parts)) }

// middleTerms is how many derivatives at the middle of a step are known, with
// the law itself.
const middleTerms = 4

// differ adds what the law after some substeps of a row contributes to the
// derivatives at the middle: central differences, extrapolated like the law.
// (The same serves dense output of extrapolated steps of Gragg: Hairer and Ostermann 1990.)
func (a *adi) differ(r row, substep int, law []float64) {
	at := substep - r.substeps/2
	width := 2 / float64(r.substeps) // of a substep, in half steps
	switch at {
	case 0:
		addScaled(a.middle[0], r.weight, law)
		addScaled(a.middle[2], -r.weight/(width*width), law)
	case -1, 1:
		addScaled(a.middle[1], float64(at)*r.weight/(2*width), law)
		addScaled(a.middle[2], r.weight/(2*width*width), law)
	}
	third := r.late / (12 * width * width * width)
	switch at {
	case -1, 1:
		addScaled(a.middle[3], -2*float64(at)*third, law)
	case -2, 2:
		addScaled(a.middle[3], float64(at)/2*third, law)
	}
}

// between writes the law at time t + θh of a dense step, of any sign: with
// s = 2θ − 1 the polynomial of degree five in s through both ends that has the
// derivatives of the middle.
func (a *adi) between(dst []float64, theta float64) {
	s := 2*theta - 1
	even, odd := s*s*s*s, s*s*s*s*s
	clear(dst)
	addScaled(dst, (even+odd)/2, a.next)
	addScaled(dst, (even-odd)/2, a.m)
	power := 1.0
	for k, c := range a.middle {
		addScaled(dst, power-[2]float64{even, odd}[k%2], c)
		power *= s
	}
}

// motion returns h‖Qᵀm‖₁ at the end of a step.
func (a *adi) motion(h float64) float64 {
	n := len(a.next) - 1
	clear(a.y)
	for _, l := range a.parts {
		l.addForward(a.y[:n], a.next[:n], h, a.workers)
	}
	a.y[n] = -sum(a.y[:n])
	a.done++
	return l1(a.y)
}
