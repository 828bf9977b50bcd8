package solvers

import "fokker/operators"

// sweeps is the system of any generator with rows. Its preconditioner is a
// Gauss–Seidel sweep forth and one back,
//
//	S = (D − U)⁻¹ D (D − L)⁻¹,   D − L − U = I − τQᵀ,
//
// with the columns scaled so that P = S diag(c)⁻¹, c = Sᵀ(1 + τ·absorption),
// keeps mass.
type sweeps struct {
	start, from []int     // Qᵀ off the diagonal by rows
	rate        []float64 // times τ
	diagonal    []float64
	scale       []float64 // 1/c
}

func newSweeps(q operators.Rowed, tau float64) *sweeps {
	n, lost := q.Size(), q.Absorption()
	s := &sweeps{start: make([]int, n+1), diagonal: make([]float64, n), scale: make([]float64, n)}
	for i := range n {
		to, rate := q.Row(i)
		s.diagonal[i] = 1 + tau*lost[i]
		for e, j := range to {
			s.start[j+1]++
			s.diagonal[i] += tau * rate[e]
		}
	}
	for j := range n {
		s.start[j+1] += s.start[j]
	}
	s.from, s.rate = make([]int, s.start[n]), make([]float64, s.start[n])
	next := append([]int(nil), s.start...)
	for i := range n {
		to, rate := q.Row(i)
		for e, j := range to {
			s.from[next[j]], s.rate[next[j]] = i, tau*rate[e]
			next[j]++
		}
	}
	s.balance(q, tau, lost)
	return s
}

// balance computes c, the sums of the columns of S weighted with what a unit of
// mass becomes, by the transposed sweeps.
func (s *sweeps) balance(q operators.Rowed, tau float64, lost []float64) {
	c, n := s.scale, q.Size()
	for j := range n { // (D − U)ᵀ z = 1 + τ·absorption
		sum := 1 + tau*lost[j]
		to, rate := q.Row(j)
		for e, k := range to {
			if k < j {
				sum += tau * rate[e] * c[k]
			}
		}
		c[j] = sum / s.diagonal[j]
	}
	for j := n - 1; j >= 0; j-- { // (D − L)ᵀ c = D z
		sum := s.diagonal[j] * c[j]
		to, rate := q.Row(j)
		for e, k := range to {
			if k > j {
				sum += tau * rate[e] * c[k]
			}
		}
		c[j] = sum / s.diagonal[j]
	}
	for j := range c {
		c[j] = 1 / c[j]
	}
}

func (s *sweeps) precondition(x []float64) {
	for j := range x {
		sum := x[j] * s.scale[j]
		for e := s.start[j]; e < s.start[j+1]; e++ {
			if i := s.from[e]; i < j {
				sum += s.rate[e] * x[i]
			}
		}
		x[j] = sum / s.diagonal[j]
	}
	for j := len(x) - 1; j >= 0; j-- {
		sum := 0.0
		for e := s.start[j]; e < s.start[j+1]; e++ {
			if i := s.from[e]; i > j {
				sum += s.rate[e] * x[i]
			}
		}
		x[j] += sum / s.diagonal[j]
	}
}

func (s *sweeps) apply(dst, x []float64) {
	for j := range x {
		sum := s.diagonal[j] * x[j]
		for e := s.start[j]; e < s.start[j+1]; e++ {
			sum -= s.rate[e] * x[s.from[e]]
		}
		dst[j] = sum
	}
}

func (s *sweeps) fastest() (rho float64) {
	for _, d := range s.diagonal {
		rho = max(rho, d-1)
	}
	return rho
}

func (s *sweeps) exact() bool { return false }
