package solvers

import "fokker/operators"

// directions makes substeps of dm/dt = Qᵀm, Q = Σ A_k being a sum of chains along
// whatever offsets its jumps have (see strands), by
//
//	C₁ C₂ … C_d C_d … C₂ C₁,   C_k = (I − τA_kᵀ)⁻¹(I + τA_kᵀ),
//
// 2τ long with A_k for τ twice: the product of Strang (1968) with the exponentials by
// Crank and Nicolson (1947). Every C is a contraction where its A has real
// eigenvalues, whatever the others do, and what decays much faster than a step
// keeps its sign and size. The last factor of a substep and the first of the next are
// done at once.
type directions struct {
	q       operators.Rowed
	parts   []*strands
	workers int
	stock[*strandSolver]
	now  factors[*strandSolver]
	m    []float64
	open bool // the first factor of the next substep is done
}

func newDirections(s *state, q operators.Rowed, parts []*strands, workers int) *extrapolated {
	x := newExtrapolated(s, &directions{q: q, parts: parts, workers: workers, m: make([]float64, len(s.m))})
	x.second = make([]float64, len(s.m))
	return x
}

func (d *directions) name() string { return byDirections }

func (d *directions) bold() float64 { return 10 } // the estimate is 1e-5 z⁵

func (d *directions) judge(fourth, second float64) float64 { return sixth(fourth, second) }

// sixth returns the error of the law of order 6. Were errors of orders 2, 4 and 6 a
// geometric sequence it would be fourth²/second; it is taken for so many times that, and
// for no small part of that of order 4. Where extrapolation gains less than that, as with
// steps in which jumps change their offsets, it is more than that of order 4.
func sixth(fourth, second float64) float64 {
	return fourth * max(1./8, uneven*fourth/max(second, fourth))
}

// uneven is how far the errors of three orders may be from a geometric sequence.
const uneven = 32

func (d *directions) work() float64 { return d.done }

func (d *directions) begin([]float64) {}

func (d *directions) start(m []float64, tau float64) {
	d.now, d.open = d.at(tau/2, d.workers, d.solvers), false
	copy(d.m, m)
}

func (d *directions) solvers() (all []*strandSolver) {
	for _, s := range d.parts {
		all = append(all, newStrandSolver(s))
	}
	return all
}

func (d *directions) pass() {
	d.advance()
	if len(d.parts) > 1 {
		d.twice(d.now.parts[0])
		d.open = true
	}
}

func (d *directions) arrive() []float64 {
	d.advance()
	if len(d.parts) > 1 {
		d.once(d.now.parts[0])
		d.open = false
	}
	return d.m
}

// advance does all of a substep but its last factor, or the first if that is done.
func (d *directions) advance() {
	last := len(d.parts) - 1
	first := 0
	if d.open {
		first = 1
	}
	for k := first; k < last; k++ {
		d.once(d.now.parts[k])
	}
	d.twice(d.now.parts[last])
	for k := last - 1; k > 0; k-- {
		d.once(d.now.parts[k])
	}
}

// once multiplies by C.
func (d *directions) once(s *strandSolver) {
	d.lose(s)
	s.reflect(d.m, d.workers)
	d.lose(s)
	d.done += s.share
}

// twice multiplies by C².
func (d *directions) twice(s *strandSolver) {
	if s.loss != nil {
		d.once(s)
		d.once(s)
		return
	}
	s.reflectTwice(d.m, d.workers)
	d.done += 2 * s.share
}

// lose adds what is absorbed in half of the time of a factor to the last cell.
func (d *directions) lose(s *strandSolver) {
	n := len(d.m) - 1
	for _, l := range s.loss {
		d.m[n] += s.tau * l.rate * d.m[l.cell]
	}
}

func (d *directions) change(dst, m []float64, h float64) {
	n := len(m) - 1
	d.q.Forward(dst[:n], m[:n])
	for i := range dst[:n] {
		dst[i] *= h
	}
	dst[n] = -sum(dst[:n])
	d.done++
}
