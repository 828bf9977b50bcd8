package validate

import (
	"fmt"

	"fokker/cases"
	"fokker/validate/compare"
)

const (
	trials    = 20_000 // particles that show what Euler's steps do
	relaxing  = 3      // times to diffuse through the law that they move
	coarser   = 5      // times the usual step of Euler's, for what it does to be seen
	heated    = 1.05   // a temperature beside the case's
	explained = 0.9    // part of the squared deviation in means of the basis
)

// slightly says whether stationary samples deviate as those of Euler's steps that are
// too long would, to first order in the step (Talay and Tubaro 1990), or as those of
// another temperature near that of the case, or both.
func (v *verifier) slightly() error {
	l, c := v.laws[0], v.out.Comparisons[0]
	if l.time != 0 || v.of.Problem.Chain != nil || l.Rough {
		return nil
	}
	found := l.basis.means(divided(c.Weights, compare.Sum(c.Weights)))
	said := ""
	for _, cause := range []struct {
		direction func(*subject) ([]float64, error)
		least     float64 // size
		words     func(size float64) string
	}{
		{v.perStep, 0, func(size float64) string { return fmt.Sprintf("samples of Euler's steps of about %.2g", size) }},
		{v.perDegree, -1, func(size float64) string {
			return fmt.Sprintf("those of a process with %.3g times the diffusion", 1+size)
		}},
	} {
		direction, err := cause.direction(l)
		if v.ctx.Err() != nil {
			return v.ctx.Err()
		}
		if err != nil {
			continue // Euler's particles leave the box, or there is no such law
		}
		if size, rest := fit(found, direction, c.Result.Effective); rest <= 1-explained && size > cause.least {
			if said != "" {
				said += ", or "
			}
			said += cause.words(size)
		}
	}
	if said != "" {
		v.out.Words = append(v.out.Words, l.name+": "+said+", would deviate so")
	}
	return nil
}

// means of the basis under masses.
func (b *basis) means(mass []float64) []float64 {
	out := make([]float64, len(b.psi))
	for j, psi := range b.psi {
		for i, m := range mass {
			out[j] += m * psi[i]
		}
	}
	return out
}

// fit returns the multiple of a direction that is nearest to deviations found by n
// samples, and the part of their square beyond chance that it leaves.
func fit(found, direction []float64, n float64) (size, rest float64) {
	square, product := 0.0, 0.0
	for j, d := range direction {
		square += d * d
		product += d * found[j]
	}
	size = product / square
	all, left := 0.0, 0.0
	for j, f := range found {
		all += f * f
		left += (f - size*direction[j]) * (f - size*direction[j])
	}
	chance := float64(len(found)) / n
	return size, max(0, left-chance) / max(all-chance, chance)
}

// perStep returns what Euler's steps change in the means of the basis, over the step.
func (v *verifier) perStep(l *subject) ([]float64, error) {
	step, err := v.pace()
	if err != nil {
		return nil, err
	}
	s, err := scalesOf(v.of.Problem.Process, v.result.Grid, l.raw, l.time)
	if err != nil {
		return nil, err
	}
	p := v.paths()
	p.Method, p.Particles, p.Step = EulerMaruyama, trials, coarser*step
	p.Initial = inCells(v.result.Grid, l.Mass, false)
	long, short, err := p.Both(v.ctx, []float64{relaxing * s.slowest}, trials, v.options.progress("diagnosis"))
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(l.basis.psi))
	for j, d := range differ(v.result.Grid, long[0], short[0], l.basis.psi...) {
		out[j] = -d.mean * extrapolation(1) / p.Step
	}
	return out, nil
}

// perDegree returns what another temperature changes in the means of the basis, over
// its relative change.
func (v *verifier) perDegree(l *subject) ([]float64, error) {
	p, err := v.of.Problem.Heated(heated)
	if err != nil {
		return nil, err
	}
	r, err := v.on(p, 1).Run(v.ctx, cases.Options{Workers: v.options.Workers})
	if err != nil {
		return nil, err
	}
	return divided(l.basis.means(divided(r.Stationary.Masses, compare.Sum(r.Stationary.Masses))), heated-1), nil
}
