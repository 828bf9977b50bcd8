package solvers

import (
	"errors"
	"math"

	"fokker/operators"
)

// Poisson is the equation −Q u = φ − E φ of a stationary law, whose solution with
// E u = 0 says what a change of the rates does to an expectation: with Q + εP the law
// has E φ + ε Σ mᵢ(Pu)ᵢ + O(ε²) (Schweitzer 1968; Glynn and Meyn 1996). One elimination
// serves any number of functions. Not for use by several goroutines at a time.
type Poisson struct {
	factor *factor
	by     []int
	pin    int
	law    []float64
	rest   []float64
}

// NewPoisson eliminates a generator whose law is that of Stationary, for all of its
// cells but the heaviest, where u is 0 until a constant makes E u = 0.
func NewPoisson(q operators.Generator, law *Law, s *Settings) (*Poisson, error) {
	if len(law.Classes) != 1 {
		return nil, errors.New("solvers: the law is a mixture of several closed classes, and Poisson's equation has no solution")
	}
	t, err := newTask(q, s)
	if err != nil {
		return nil, err
	}
	pin := heaviestOf(law.Mass)
	f, by, err := t.without(pin)
	if err != nil {
		return nil, err
	}
	return &Poisson{f, by, pin, law.Mass, make([]float64, len(law.Mass)-1)}, nil
}

// Solve writes u for a function φ and returns E φ.
func (p *Poisson) Solve(u, phi []float64) (mean float64) {
	mean = dot(p.law, phi) / sum(p.law)
	for i := range p.rest {
		p.rest[i] = math.Ldexp(phi[p.cell(i)]-mean, -p.by[i])
	}
	p.factor.solveRows(p.rest, p.rest)
	u[p.pin] = 0
	for i, v := range p.rest {
		u[p.cell(i)] = v
	}
	level := dot(p.law, u) / sum(p.law)
	for i := range u {
		u[i] -= level
	}
	return mean
}

// cell returns the number of an eliminated cell.
func (p *Poisson) cell(i int) int {
	if i >= p.pin {
		return i + 1
	}
	return i
}

// solveRows computes A dst = rhs where the factor is that of Aᵀ, as of I − τQ where
// solve is of I − τQᵀ: what is watched last is known first, and
// u_k = f_k/s_k + Σ_j p_kj u_j. The right-hand side may be dst. Not for use by several
// goroutines at a time.
func (f *factor) solveRows(dst, rhs []float64) {
	if f.line {
		f.chain.solveRows(dst, rhs)
		return
	}
	for i, c := range f.cell {
		f.work[i] = rhs[c]
	}
	for t := range f.fronts {
		f.gather(&f.fronts[t])
	}
	for t := len(f.fronts) - 1; t >= 0; t-- {
		f.hand(&f.fronts[t])
	}
	for i, c := range f.cell {
		dst[c] = f.work[i]
	}
}

// gather computes f_k/s_k and adds r_ik f_k/s_k to the cells i watched after k.
func (f *factor) gather(t *front) {
	p := t.pivots()
	y, low := f.work[t.lo:t.hi], f.low[t.low:]
	for k := range y {
		row := low[k*p : (k+1)*p]
		y[k] = (y[k] + dot(row[:k], y[:k])) / row[k]
	}
	for i, j := range t.border {
		f.work[j] += dot(low[(p+i)*p:(p+i+1)*p], y)
	}
}

// hand adds Σ_j p_kj u_j.
func (f *factor) hand(t *front) {
	p, b := t.pivots(), len(t.border)
	y, z := f.work[t.lo:t.hi], f.local[:b]
	low, side := f.low[t.low:], f.side[t.side:]
	for i, j := range t.border {
		z[i] = f.work[j]
	}
	for k := p - 1; k >= 0; k-- {
		y[k] += dot(low[k*p+k+1:(k+1)*p], y[k+1:]) + dot(side[k*b:(k+1)*b], z)
	}
}

func (c *chain) solveRows(dst, rhs []float64) {
	n := len(c.s)
	before := 0.0
	for k := range n {
		dst[k] = (rhs[k] + before) / c.s[k]
		before = c.down[k] * dst[k]
	}
	for k := n - 2; k >= 0; k-- {
		dst[k] += c.p[k] * dst[k+1]
	}
}
