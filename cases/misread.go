package cases

import (
	"math"
	"slices"

	"fokker/cases/expr"
)

// Misreading is a process that is easily taken for that of a case.
type Misreading struct {
	Words   string
	Problem *Problem
}

// Misreadings returns the processes with twice and half the diffusion, and where
// noise depends on the state those with the noise of an Itô equation read in the
// sense of Stratonovich or the other way round.
func (p *Problem) Misreadings() (out []Misreading) {
	add := func(words string, change func(q *Problem) error) {
		q := *p
		q.Validate = nil
		if err := change(&q); err == nil {
			out = append(out, Misreading{words, &q})
		}
	}
	add("with twice the diffusion, as when D is taken for σ² or T for T/2", func(q *Problem) error { return q.heat(2) })
	add("with half the diffusion, as when σ²/2 is taken for σ²", func(q *Problem) error { return q.heat(0.5) })
	if eq := p.equation; eq != nil && eq.noise != nil && eq.multiplicative() {
		words := map[float64]string{1: "with the noise of this Itô equation read in the sense of Stratonovich", -1: "with the noise read in the sense of Itô where Stratonovich is meant"}
		for _, sign := range []float64{1, -1} {
			add(words[sign], func(q *Problem) error { return q.reread(sign) })
		}
	}
	return out
}

// Heated returns the problem with D times a factor.
func (p *Problem) Heated(factor float64) (*Problem, error) {
	q := *p
	q.Validate = nil
	return &q, q.heat(factor)
}

// heat multiplies D by a factor.
func (p *Problem) heat(factor float64) error {
	if p.equation == nil {
		e := *p.landscape
		e.Scale *= factor
		p.Process = &e
		return nil
	}
	eq := *p.equation
	eq.diffusion, eq.noise = scaledMatrix(eq.diffusion, factor), scaledMatrix(eq.noise, math.Sqrt(factor))
	if eq.gibbs != nil {
		g := *eq.gibbs
		g.temperature = slices.Clone(g.temperature)
		for k := range g.temperature {
			g.temperature[k] *= factor
		}
		eq.gibbs = &g
	}
	p.equation = &eq
	return p.compile()
}

func scaledMatrix(m [][]*expr.Node, by float64) [][]*expr.Node {
	if m == nil {
		return nil // of noise: the root of D
	}
	out := make([][]*expr.Node, len(m))
	for k := range m {
		for _, n := range m[k] {
			out[k] = append(out[k], expr.Times(by, n))
		}
	}
	return out
}

// multiplicative reports whether noise depends on the state.
func (eq *equation) multiplicative() bool {
	for _, row := range eq.noise {
		for _, n := range row {
			if slices.ContainsFunc(eq.axes, n.Uses) {
				return true
			}
		}
	}
	return false
}

// reread adds the drift ½ σⱼₖ ∂ⱼσᵢₖ of Stratonovich's reading, or takes it away.
func (p *Problem) reread(sign float64) error {
	eq := *p.equation
	eq.gibbs, eq.drift = nil, slices.Clone(eq.drift)
	for i := range eq.drift {
		for j, axis := range eq.axes {
			for c, s := range eq.noise[i] {
				d, err := s.Diff(axis)
				if err != nil {
					return err
				}
				eq.drift[i] = expr.Add(eq.drift[i], expr.Times(sign/2, expr.Mul(eq.noise[j][c], d)))
			}
		}
	}
	p.equation, p.reversible = &eq, nil
	return p.compile()
}
