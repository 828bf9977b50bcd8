package solvers

import "context"

// SDIRK4, the singly diagonally implicit Runge–Kutta method of order 4 with an
// embedded one of order 3, L-stable and stiffly accurate: the last stage is
// the result (Hairer and Wanner 1996, table 6.5). With k_i = h Qᵀ Y_i,
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

// embedding says how to measure the error of a step and what the law is within
// it. With Q constant, k_i is a rational function of z = hQᵀ times m, and five
// of them suffice for combinations that hold on that account alone:
//
//	Σ e_i k_i = C z⁵ m + O(z⁶), C being 3/2 of the error constant of SDIRK4,
//	            13/15360: on z ≤ 0 and on |z| ≤ 2 imaginary it is no less
//	            than the error itself;
//	Σ b_i(θ) k_i = (e^{θz} − 1) m + O(z⁵) with R(−∞) = 0 for every θ in (0, 1],
//	            b_i(1) = a_5i; for z ≤ 0 its error is below the estimate too.
//
// With Q a function of time what is left are the method of order 3 embedded in
// SDIRK4 and its continuous extension, also of order 3 (Hairer and Wanner 1996,
// IV.6), whose error is below the estimate in the same sense.
type embedding struct {
	order int // of the estimate: it falls with this power of the step
	error [sdirkStages]float64
	dense [sdirkStages][5]float64 // coefficients of 1, θ, θ², θ³, θ⁴ in b_i
}

var sdirkConstant = embedding{
	5,
	[sdirkStages]float64{-2327. / 720, 1807. / 1440, -5525. / 288, 1547. / 72, -13. / 40},
	[sdirkStages][5]float64{
		{179. / 72, -749. / 18, 845. / 6, -3764. / 27, 1046. / 27},
		{-139. / 144, 613. / 36, -649. / 12, 1292. / 27, -293. / 27},
		{2125. / 144, -9475. / 36, 10375. / 12, -22400. / 27, 5975. / 27},
		{-595. / 36, 2635. / 9, -2890. / 3, 25160. / 27, -6800. / 27},
		{1. / 4, -4, 12, -32. / 3, 8. / 3},
	},
}

var sdirkTimed = embedding{
	4,
	[sdirkStages]float64{-3. / 16, -27. / 32, 25. / 32, 0, 1. / 4},
	[sdirkStages][5]float64{
		{0, 11. / 3, -463. / 72, 217. / 36, -20. / 9},
		{0, 11. / 2, -385. / 16, 661. / 24, -10},
		{0, -125. / 18, 20125. / 432, -8875. / 216, 250. / 27},
		{0, 0, -85. / 4, 85. / 6, 0},
		{0, -11. / 9, 557. / 108, -359. / 54, 80. / 27},
	},
}

// sdirk makes steps of dm/dt = Qᵀm. All its laws have one cell more than the
// mesh, the last, for what is absorbed during the step: it is an unknown like
// the others, so that the sum over all cells is that of m.
type sdirk struct {
	*embedding
	shifts *shifts
	m      []float64 // at the beginning, 0 absorbed
	next   []float64 // at the end, of any sign
	rhs    []float64
	k      [sdirkStages][]float64
	rows   [sdirkStages]kept // what the stages were made with
}

func newSdirk(shifts *shifts, m []float64) *sdirk {
	n := len(m) + 1
	s := &sdirk{embedding: &sdirkConstant, shifts: shifts, m: make([]float64, n), next: make([]float64, n), rhs: make([]float64, n)}
	if shifts.timed != nil {
		s.embedding = &sdirkTimed
	}
	copy(s.m, m)
	for i := range s.k {
		s.k[i] = make([]float64, n)
	}
	return s
}

// step computes next, a step h after time t, every linear equation to an
// accuracy relative to the mass.
func (s *sdirk) step(ctx context.Context, t, h, accuracy float64) error {
	for i := range s.k {
		if err := s.stage(ctx, i, t, h, accuracy); err != nil {
			return err
		}
	}
	return nil
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
	s.shifts.work += at.work()
	if err != nil {
		return err
	}
	s.next[n] = s.rhs[n] + tau*dot(at.rows.Absorption(), s.next[:n])
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

// difference returns the L1 norm of the error estimate.
func (s *sdirk) difference() float64 {
	clear(s.rhs)
	total := 0.0
	for lo := 0; lo < len(s.rhs); lo += sdirkBlock {
		hi := min(lo+sdirkBlock, len(s.rhs))
		for i, k := range s.k {
			addScaled(s.rhs[lo:hi], s.error[i], k[lo:hi])
		}
		total += l1(s.rhs[lo:hi])
	}
	return total
}

// between writes the law at time t + θh, of any sign.
func (s *sdirk) between(dst []float64, theta float64) {
	var w [sdirkStages]float64
	for i, c := range s.dense {
		w[i] = c[0] + theta*(c[1]+theta*(c[2]+theta*(c[3]+theta*c[4])))
	}
	s.add(dst, &w, sdirkStages)
}
