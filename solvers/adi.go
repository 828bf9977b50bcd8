package solvers

import "fokker/operators"

// adi makes substeps of dm/dt = Qᵀm, Q = Σ A_k being a sum of chains along the
// axes, by alternating directions. One of length 2τ is
//
//	M(τ) m₁ = M(−τ) m₀,   M(τ) = Π_k (I − τA_kᵀ),
//
// for two axes the scheme of Peaceman and Rachford (1955) and Douglas (1955).
// On two axes M(−τ) − M(τ) = 2τQᵀ: a stationary law stays as it is however long
// the step.
//
// With w = (I + τA_d)m the substeps become, on two axes, nothing but line
// solutions: S = (I − τA)⁻¹ and the contractions C = (I + τA)S = 2S − I alternate.
//
// What decays much faster than a step keeps its size, as C tends to −1: numbers
// of substeps are even, so that extrapolation does not enlarge it, and steps
// begin short enough for it to vanish first.
type adi struct {
	parts   []*lines
	workers int
	stock[*lineSolver]
	now     factors[*lineSolver]
	w, y    []float64
	flow    []float64 // A_dᵀm, where every row begins
	arrived bool      // y is a law from which w is still to be made
}

// newADI returns nil for a generator that is no sum of chains along two axes
// or more.
func newADI(s *state, q operators.Rowed, workers int) *extrapolated {
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
	return newExtrapolated(s, &adi{parts: parts, workers: workers, w: make([]float64, n), y: make([]float64, n), flow: make([]float64, n)})
}

func (a *adi) name() string { return byADI }

func (a *adi) bold() float64 { return 5 } // the estimate is 2e-5 z⁵, not z⁵

// judge returns the error of the law of order 4.
func (a *adi) judge(fourth, _ float64) float64 { return fourth }

func (a *adi) work() float64 { return a.done }

// The last cell of a law holds what was absorbed: it is an unknown that takes
// τ·absorption and gives nothing, hence the same S, C and I + τA.

// begin computes flow.
func (a *adi) begin(m []float64) {
	n := len(m) - 1
	l := a.parts[len(a.parts)-1]
	clear(a.flow)
	l.addForward(a.flow[:n], m[:n], 1, a.workers)
	if l.loss != nil {
		a.flow[n] = dot(l.loss, m[:n])
	}
	a.spend()
}

func (a *adi) start(m []float64, tau float64) {
	a.now, a.arrived = a.at(tau, a.workers, a.solvers), false
	for c, v := range m {
		a.w[c] = v + tau*a.flow[c]
	}
}

func (a *adi) solvers() (all []*lineSolver) {
	for _, l := range a.parts {
		all = append(all, newLineSolver(l, len(a.w)-1))
	}
	return all
}

func (a *adi) pass() {
	a.advance()
	a.reflect(a.last())
}

func (a *adi) arrive() []float64 {
	a.advance()
	a.implicit(a.last())
	a.arrived = true
	return a.y
}

func (a *adi) last() *lineSolver { return a.now.parts[len(a.now.parts)-1] }

// advance does all of a substep but the solution along the last axis.
func (a *adi) advance() {
	if a.arrived {
		for c, y := range a.y {
			a.w[c] = 2*y - a.w[c]
		}
		a.arrived = false
	}
	axes := a.now.parts
	last := len(axes) - 1
	for k := last - 1; k > 0; k-- {
		a.explicit(axes[k])
	}
	a.reflect(axes[0])
	for _, axis := range axes[1:last] {
		a.implicit(axis)
		a.w, a.y = a.y, a.w
	}
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

func (a *adi) change(dst, m []float64, h float64) {
	n := len(m) - 1
	clear(dst)
	for _, l := range a.parts {
		l.addForward(dst[:n], m[:n], h, a.workers)
	}
	dst[n] = -sum(dst[:n])
	a.done++
}
