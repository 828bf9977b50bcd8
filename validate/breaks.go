package validate

import (
	"fmt"
	"slices"

	"fokker/cases"
)

// Causes of a description's failure.
const (
	nonGaussian  = "non-Gaussian batches"
	finiteRate   = "finite learning rate"
	edge         = "edge of stability"
	noLaw        = "no law at all"
	beyondStable = 2 // learning rate × curvature, above which a step overshoots by more than it corrects
)

// outward is the order in which an optimiser is approximated, from itself.
var outward = []string{"chain", "sde1", "sde2", "sde2+"}

// conclude names the first approximation that fails, going from the optimiser to its
// equations, and why. A cause by which probabilities are wrong goes before one by which
// moments alone are, which a little mass far away may make.
func (a *approximating) conclude() error {
	for i := range a.out.Laws {
		if err := a.causes(&a.out.Laws[i]); err != nil {
			return err
		}
	}
	first, named := map[string]string{}, false // by cause; by probabilities
	for _, name := range outward {
		for i := range a.out.Laws {
			l := &a.out.Laws[i]
			d, cause, far := l.of(name), noLaw, true
			switch {
			case d != nil && d.fails():
				cause, far = d.Cause, d.far
			case d == nil && l.output < 0 && a.lawless[name] && len(l.Models) > 0:
			default:
				continue
			}
			if first[cause] == "" {
				first[cause] = name
			}
			if a.out.Cause == "" || far && !named {
				a.out.Cause, named = cause, far
			}
			a.say("%s %s %s", name, l.when(), failure(d, cause))
		}
	}
	a.out.First = first[a.out.Cause]
	if a.out.First == "" {
		a.say("no approximation is seen to fail")
		return nil
	}
	a.out.Words = append([]string{fmt.Sprintf("the first approximation that fails is %s: %s", a.out.First, a.out.Cause)}, a.out.Words...)
	return nil
}

// failure says how a description fails.
func failure(d *Described, cause string) string {
	if d == nil {
		return "has no law, and others do"
	}
	return fmt.Sprintf("fails, %s is off by %.2g: %s", d.Worst, d.Off, cause)
}

// causes notes why descriptions of a law fail.
func (a *approximating) causes(l *Beside) error {
	for i := range l.Models {
		d := &l.Models[i]
		if !d.fails() {
			continue
		}
		if chain := l.of("chain"); d == chain || chain != nil && chain.fails() && l.near(d.Name, "chain", a.task.Tolerance) {
			d.Cause = nonGaussian
			continue
		}
		unstable, err := a.unstable(l, d.Law)
		if err != nil {
			return err
		}
		if d.Cause = finiteRate; unstable > a.task.Tolerance {
			d.Cause = edge
		}
	}
	return nil
}

func (d *Described) fails() bool { return d.Holds != nil && !*d.Holds }

// near reports whether two descriptions are within a total variation.
func (l *Beside) near(one, other string, tolerance float64) bool {
	return slices.ContainsFunc(l.TotalVariation, func(tv TotalVariation) bool {
		return tv.Between == [2]string{one, other} && tv.Value <= tolerance
	})
}

// unstable returns the mass where a step overshoots by more than it corrects.
func (a *approximating) unstable(l *Beside, law []float64) (mass float64, err error) {
	p := a.of.Problem
	at := slices.IndexFunc(p.Observables, func(o cases.Observable) bool { return o.Name == "sharpness" })
	sharpness, err := p.Observables[at].OnCells(a.result.Grid, l.Time)
	for i, s := range sharpness {
		if p.LearningRate*s > beyondStable {
			mass += law[i]
		}
	}
	return mass, err
}

func (a *approximating) say(format string, args ...any) {
	a.out.Words = append(a.out.Words, fmt.Sprintf(format, args...))
}

func (l *Beside) when() string {
	if l.output < 0 {
		return "at rest"
	}
	return "at " + l.Name
}

// of returns the law by a description, nil if it has none.
func (l *Beside) of(name string) *Described {
	i := slices.IndexFunc(l.Models, func(d Described) bool { return d.Name == name })
	if i < 0 {
		return nil
	}
	return &l.Models[i]
}
