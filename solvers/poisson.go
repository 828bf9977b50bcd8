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
