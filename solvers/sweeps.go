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
	*graph                    // Qᵀ off the diagonal by rows, rates times τ
	diagonal, scale []float64 // scale is 1/c
}

func newSweeps(q operators.Rowed, tau float64) (*sweeps, error) {
	g, err := read(q)
	if err != nil {
		return nil, err
	}
	s := &sweeps{g.transpose(), make([]float64, g.size()), make([]float64, g.size())}
	for i := range s.diagonal {
		_, rate := g.row(i)
		s.diagonal[i] = 1 + tau*g.loss[i]
		for _, r := range rate {
			s.diagonal[i] += tau * r
		}
	}
	for e := range s.rate {
		s.rate[e] *= tau
	}
	s.balance(q, tau, g.loss)
	return s, nil
}

func (s *sweeps) numbers() int { return 2*len(s.rate) + 4*len(s.diagonal) }

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
			if i := int(s.to[e]); i < j {
				sum += s.rate[e] * x[i]
			}
		}
		x[j] = sum / s.diagonal[j]
	}
	for j := len(x) - 1; j >= 0; j-- {
		sum := 0.0
		for e := s.start[j]; e < s.start[j+1]; e++ {
			if i := int(s.to[e]); i > j {
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
			sum -= s.rate[e] * x[s.to[e]]
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

func (s *sweeps) exact() bool     { return false }
func (s *sweeps) passes() float64 { return 1 }
