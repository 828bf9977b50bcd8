package validate

import (
	"fmt"
	"math"
	"slices"

	"fokker/cases"
	"fokker/validate/compare"
)

const (
	shortenings = 4 // of the step by half, at most, for the sake of a rare set
	ofAll       = 4 // one of so many particles takes part in each estimate of a rare set
	longer      = 2 // of a stationary law, than others move: the way up takes time
)

// split estimates by splitting the expectations of inequalities that too few particles
// would show.
func (v *verifier) split() error {
	if v.of.Problem.Chain != nil {
		return nil // whose particles take no steps of a process
	}
	for _, s := range v.series {
		for i, l := range s.laws {
			for o := range v.of.Problem.Observables {
				if err := v.splitOne(s, i, l, &v.of.Problem.Observables[o]); err != nil {
					return err
				}
			}
		}
	}
	v.equations = len(v.out.Tests)
	return nil
}

func (v *verifier) splitOne(s *series, time int, l *subject, o *cases.Observable) error {
	name := l.name + ": E " + o.Name
	at, blocks := slices.Index(v.out.Skipped, name), v.paths().Particles/ofAll/block
	if at < 0 || o.Margin() == nil || blocks < leastBlocks {
		return nil
	}
	f := l.Functions[slices.IndexFunc(l.Functions, func(f compare.Function) bool { return f.Name == "E "+o.Name })]
	law, allowed, _ := l.expect(f)
	law, allowed = law*l.mass, allowed*l.mass // undivided
	p := Splitting{Paths: v.paths(), Level: o.Margin()}
	p.Initial, p.Particles = s.start, blocks*block
	found, shift, err := v.rarely(&p, l, s.times[time])
	if v.ctx.Err() != nil {
		return v.ctx.Err()
	}
	if err != nil {
		v.out.Words = append(v.out.Words, fmt.Sprintf("%s: %v", name, err))
		return nil
	}
	allowed += math.Abs(shift)
	v.out.Skipped = slices.Delete(v.out.Skipped, at, at+1)
	v.estimated(name+" by splitting", *found, law, allowed)
	return nil
}

// rarely returns the probability at half the step, and how far it may be off for the
// step's sake. A step that carries particles over many levels at once leaves copies of
// few; shorter ones are tried.
func (v *verifier) rarely(p *Splitting, l *subject, time float64) (found *Rare, shift float64, err error) {
	estimate := func() (*Rare, error) {
		if l.time == 0 {
			return p.Occupation(v.ctx, longer*time, v.options.progress("splitting"))
		}
		return p.At(v.ctx, time, v.options.progress("splitting"))
	}
	var long *Rare
	for range shortenings {
		p.Step /= 2
		if long, err = estimate(); err == nil || v.ctx.Err() != nil {
			break
		}
	}
	order := v.order(l)
	if err != nil || math.IsInf(order, 1) {
		return long, 0, err
	}
	p.Step /= 2
	if found, err = estimate(); err != nil {
		return nil, 0, err
	}
	return found, (extrapolation(order) - 1) * (found.Value - long.Value), nil
}
