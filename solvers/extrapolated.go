package solvers

import (
	"context"
	"math"

	"fokker/operators"
)

// extrapolated makes steps of dm/dt = Qᵀm by substeps of a splitting that is its own
// inverse backwards in time: its error has even powers of the substep only, and a
// step by 2, 4 and 6 of them is extrapolated to order 6 (Richardson 1911).
type extrapolated struct {
	*state
	splitting
	gap    []float64   // the law of order 6 less that of order 4
	second []float64   // the law of order 4 less that of order 2, of the rows with most substeps; nil where it is not judged by
	middle [][]float64 // m and its derivatives at the middle, times (h/2)ᵏ/k!
}

// splitting makes substeps of equal lengths.
type splitting interface {
	name() string
	begin(m []float64)                    // a step from m
	start(m []float64, tau float64)       // substeps of length 2τ from the same m
	pass()                                // a substep that another one follows
	arrive() []float64                    // a substep whose law is wanted, good until the next
	change(dst, m []float64, h float64)   // hQᵀm, what is absorbed included
	bold() float64                        // as that of a stepper
	judge(fourth, second float64) float64 // error by those of the laws of orders 4 and 2, or 4 and 0
	work() float64
}

// row is one row of the extrapolation: the weights of its law in that of
// order 6, in what this differs by from the law of order 4 without the first
// row, in derivatives that the first row does not know, and in what the law of order 4
// differs by from that of the last row alone.
type row struct {
	substeps                  int
	weight, gap, late, second float64
}

var rows = [...]row{{2, 1. / 24, 1. / 24, 0, 0}, {4, -16. / 15, -4. / 15, -4. / 5, -4. / 5}, {6, 81. / 40, 9. / 40, 9. / 5, 4. / 5}}

func newExtrapolated(s *state, by splitting) *extrapolated {
	return &extrapolated{state: s, splitting: by, gap: make([]float64, len(s.m))}
}

func (x *extrapolated) safety() float64 { return 0.9 }

// worthwhile is the next step of the ladder: the factors of a step are as dear
// as a third of it.
func (x *extrapolated) worthwhile() float64 { return slight }

// effort is the same for every step.
func (x *extrapolated) effort() float64 { return 1 }

// step returns the error judged by the L1 distances of the laws of order 6, 4 and 2 or, if
// it is more, how far apart polynomials of degree five and four are within a dense step.
func (x *extrapolated) step(ctx context.Context, s try) (found float64, err error) {
	clear(x.next)
	clear(x.gap)
	clear(x.second)
	x.begin(x.m)
	if s.dense {
		x.clearMiddle()
	}
	for _, r := range rows {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		x.extrapolate(r, s)
	}
	found = x.judge(l1(x.gap), l1(x.second))
	if s.dense {
		found = max(found, x.quintic())
	}
	return found, nil
}

// quintic returns the L1 norm of the coefficient of s⁵ in between times the
// largest value of s³ − s⁵: without the third derivative the polynomial would be
// of degree four and differ by that.
func (x *extrapolated) quintic() (norm float64) {
	for c, v := range x.next {
		norm += math.Abs((v-x.m[c])/2 - x.middle[1][c] - x.middle[3][c])
	}
	return norm * 6 * math.Sqrt(0.6) / 25
}

func (x *extrapolated) clearMiddle() {
	if x.middle == nil {
		x.middle = operators.Columns(middleTerms, len(x.m))
	}
	for _, c := range x.middle {
		clear(c)
	}
}

// extrapolate makes the substeps of a row and adds what it contributes.
func (x *extrapolated) extrapolate(r row, s try) {
	x.start(x.m, s.h/float64(2*r.substeps))
	if s.dense {
		x.differ(r, 0, x.m)
	}
	for i := 1; i < r.substeps; i++ {
		if s.dense {
			x.differ(r, i, x.arrive())
		} else {
			x.pass()
		}
	}
	law := x.arrive()
	if s.dense {
		x.differ(r, r.substeps, law)
	}
	for c, y := range law {
		x.next[c] += r.weight * y
		x.gap[c] += r.gap * y
	}
	if x.second != nil && r.second != 0 {
		addScaled(x.second, r.second, law)
	}
}

// middleTerms is how many derivatives at the middle of a step are known, with
// the law itself.
const middleTerms = 4

// differ adds what the law after some substeps of a row contributes to the
// derivatives at the middle: central differences, extrapolated like the law.
// (The same serves dense output of extrapolated steps of Gragg: Hairer and Ostermann 1990.)
func (x *extrapolated) differ(r row, substep int, law []float64) {
	at := substep - r.substeps/2
	width := 2 / float64(r.substeps) // of a substep, in half steps
	switch at {
	case 0:
		addScaled(x.middle[0], r.weight, law)
		addScaled(x.middle[2], -r.weight/(width*width), law)
	case -1, 1:
		addScaled(x.middle[1], float64(at)*r.weight/(2*width), law)
		addScaled(x.middle[2], r.weight/(2*width*width), law)
	}
	third := r.late / (12 * width * width * width)
	switch at {
	case -1, 1:
		addScaled(x.middle[3], -2*float64(at)*third, law)
	case -2, 2:
		addScaled(x.middle[3], float64(at)/2*third, law)
	}
}

// between writes the law at time t + θh of a dense step, of any sign: with
// s = 2θ − 1 the polynomial of degree five in s through both ends that has the
// derivatives of the middle.
func (x *extrapolated) between(dst []float64, theta float64) {
	s := 2*theta - 1
	even, odd := s*s*s*s, s*s*s*s*s
	clear(dst)
	addScaled(dst, (even+odd)/2, x.next)
	addScaled(dst, (even-odd)/2, x.m)
	power := 1.0
	for k, c := range x.middle {
		addScaled(dst, power-[2]float64{even, odd}[k%2], c)
		power *= s
	}
}

// motion returns h‖Qᵀm‖₁ at the end of a step.
func (x *extrapolated) motion(h float64) float64 {
	x.change(x.gap, x.next, h)
	return l1(x.gap)
}

// solver is equations that are prepared for a τ.
type solver interface {
	eliminate(tau float64, workers int)
}

// stock keeps the equations of several τ: of one step and of half of it, from
// which it has one τ at least.
type stock[S solver] struct {
	kept []factors[S] // the last used first
	done float64
}

// factors is the equations of one τ.
type factors[S solver] struct {
	tau   float64
	parts []S
}

const factorsKept = len(rows) + 1

// at returns the equations of a τ, with room that prepare makes where there is none to
// be had.
func (s *stock[S]) at(tau float64, workers int, prepare func() []S) factors[S] {
	for i, f := range s.kept {
		if f.tau == tau {
			copy(s.kept[1:i+1], s.kept[:i])
			s.kept[0] = f
			return f
		}
	}
	if len(s.kept) < factorsKept {
		s.kept = append(s.kept, factors[S]{parts: prepare()})
	}
	f := s.kept[len(s.kept)-1]
	copy(s.kept[1:], s.kept)
	f.tau = tau
	for _, p := range f.parts {
		p.eliminate(tau, workers)
	}
	s.kept[0] = f
	s.done += 2
	return f
}
