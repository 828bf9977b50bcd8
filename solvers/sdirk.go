package solvers

import (
	"context"
	"math"
)

// SDIRK4, the singly diagonally implicit Runge–Kutta method of order 4 that is
// L-stable and stiffly accurate: the last stage is the result (Hairer and Wanner 1996, table 6.5). With k_i = h Qᵀ Y_i,
//
//	(I − γhQᵀ) Y_i = m + Σ_{j<i} a_ij k_j,   k_i = (Y_i − right-hand side)/γ.
//
// k_i is never computed as hQᵀY_i, which would amplify the residual of Y_i by
// h‖Q‖.
const (
	sdirkStages   = 5
	sdirkDiagonal = 0.25 // γ
)

// sdirkWeights is a_ij below the diagonal.
var sdirkWeights = [sdirkStages][sdirkStages]float64{
	{},
	{1. / 2},
	{17. / 50, -1. / 25},
	{371. / 1360, -137. / 2720, 15. / 544},
	{25. / 24, -49. / 48, 125. / 16, -85. / 12},
}

// sdirkTimes is Σ_j a_ij, where rates that depend on time are taken.
var sdirkTimes = [sdirkStages]float64{1. / 4, 3. / 4, 11. / 20, 1. / 2, 1}

// With Q constant, k_i is a rational function of z = hQᵀ times m, and what five
// of them can be combined to need not hold for other equations:
//
//	Σ e_i k_i = C z⁵ m + O(z⁶), C being 3/2 of the error constant of SDIRK4,
//	            13/15360: on z ≤ 0 it is no less than the error itself, nor
//	            where z is imaginary and |z| ≤ 2;
//	Σ b_i(θ) k_i = (e^{θz} − 1) m + O(z⁵) with R(−∞) = 0 for every θ in (0, 1],
//	            b_i(1) = a_5i: the law at time t + θh. For z ≤ 0 its error is
//	            below the estimate too.
//
// (The embedded method of order 3 would estimate 10 to 1000 times as much.)
var (
	sdirkError = [sdirkStages]float64{-2327. / 720, 1807. / 1440, -5525. / 288, 1547. / 72, -13. / 40}

	// coefficients of 1, θ, θ², θ³, θ⁴ in b_i
	sdirkDense = [sdirkStages][5]float64{
		{179. / 72, -749. / 18, 845. / 6, -3764. / 27, 1046. / 27},
		{-139. / 144, 613. / 36, -649. / 12, 1292. / 27, -293. / 27},
		{2125. / 144, -9475. / 36, 10375. / 12, -22400. / 27, 5975. / 27},
		{-595. / 36, 2635. / 9, -2890. / 3, 25160. / 27, -6800. / 27},
		{1. / 4, -4, 12, -32. / 3, 8. / 3},
	}
)

// sdirk makes steps of dm/dt = Qᵀm.
type sdirk struct {
	*state
	shifts *shifts
	k      [sdirkStages][]float64
	rows   [sdirkStages]kept // what the stages were made with
	solved float64           // work of the solutions of a step
}

func newSdirk(s *state, shifts *shifts) *sdirk {
	d := &sdirk{state: s, shifts: shifts}
	for i := range d.k {
		d.k[i] = make([]float64, len(s.m))
	}
	return d
}

func (s *sdirk) name() string        { return s.shifts.method }
func (s *sdirk) bold() float64       { return 2 } // the estimate is 1e-3 z⁵
func (s *sdirk) worthwhile() float64 { return s.shifts.worthwhile() }
func (s *sdirk) effort() float64     { return s.solved }
func (s *sdirk) work() float64       { return s.shifts.work }

// safety allows for rates that change.
func (s *sdirk) safety() float64 {
	if s.shifts.instants != nil {
		return 0.8
	}
	return 0.9
}

// motion returns h‖Qᵀm‖₁ at the end of a step.
func (s *sdirk) motion(float64) float64 { return l1(s.k[sdirkStages-1]) }

// step makes a step with constant rates.
func (s *sdirk) step(ctx context.Context, a try) (found float64, err error) {
	if err := s.stages(ctx, a.t, a.h, a.accuracy); err != nil {
		return 0, err
	}
	return s.estimate(), nil
}

// stages computes next, a step h after time t, every linear equation to an
// accuracy relative to the mass.
func (s *sdirk) stages(ctx context.Context, t, h, accuracy float64) error {
	s.solved = 0
	for i := range s.k {
		if err := s.stage(ctx, i, t, h, accuracy); err != nil {
			return err
		}
	}
	return nil
}

// taken returns what (I − τQᵀ)x = b absorbs, τ·absorption·x. Where equations are
// solved by iteration this differs from the mass that x lacks by the sum of the
// residual; then the balance decides, since what has left the cells is lost.
func taken(absorption []float64, tau float64, x, b []float64) float64 {
	lost := tau * dot(absorption, x)
	if lost == 0 {
		return 0
	}
	missing := sum(b) - sum(x) - lost
	if math.Abs(missing) > 4*roundoff*l1(b) {
		lost += missing
	}
	return lost
}

func (s *sdirk) stage(ctx context.Context, i int, t, h, accuracy float64) error {
	s.add(s.rhs, &sdirkWeights[i], i)
	tau := sdirkDiagonal * h
	at, err := s.shifts.at(ctx, t+sdirkTimes[i]*h, tau)
	if err != nil {
		return err
	}
	s.rows[i] = at
	n := len(s.m) - 1
	err = at.solve(ctx, s.next[:n], s.rhs[:n], accuracy)
	work := at.work()
	s.solved += work
	s.shifts.work += work
	if err != nil {
		return err
	}
	s.next[n] = s.rhs[n] + taken(at.absorption(), tau, s.next[:n], s.rhs[:n])
	k := s.k[i]
	for c, y := range s.next {
		k[c] = (y - s.rhs[c]) / sdirkDiagonal
	}
	return nil
}

// sdirkBlock cells of all stages fit into the first-level cache.
const sdirkBlock = 512

// add writes m + Σ w_i k_i over the first stages.
func (s *sdirk) add(dst []float64, w *[sdirkStages]float64, stages int) {
	for lo := 0; lo < len(dst); lo += sdirkBlock {
		hi := min(lo+sdirkBlock, len(dst))
		part := dst[lo:hi]
		copy(part, s.m[lo:hi])
		for i, k := range s.k[:stages] {
			if w[i] != 0 {
				addScaled(part, w[i], k[lo:hi])
			}
		}
	}
}

// estimate returns the L1 norm of the error estimate for constant rates.
func (s *sdirk) estimate() float64 {
	clear(s.rhs)
	total := 0.0
	for lo := 0; lo < len(s.rhs); lo += sdirkBlock {
		hi := min(lo+sdirkBlock, len(s.rhs))
		for i, k := range s.k {
			addScaled(s.rhs[lo:hi], sdirkError[i], k[lo:hi])
		}
		total += l1(s.rhs[lo:hi])
	}
	return total
}

// between writes the law at time t + θh for constant rates, of any sign.
func (s *sdirk) between(dst []float64, theta float64) {
	var w [sdirkStages]float64
	for i, c := range sdirkDense {
		w[i] = c[0] + theta*(c[1]+theta*(c[2]+theta*(c[3]+theta*c[4])))
	}
	s.add(dst, &w, sdirkStages)
}
