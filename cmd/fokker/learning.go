package main

import (
	"fmt"
	"math"
	"strings"

	"fokker/cases"
)

// learning says what laws are to the tempered posterior.
func (s *sheet) learning(l *cases.LearningResult) {
	from := map[string]string{"case": "of the case", "stationary": "of the noise under the stationary law", "evolve": "of the noise at the end"}[l.From]
	s.heading("learning: posterior e^(−L/T) at T = %s, %s, %.2g s", number(l.Temperature), from, l.Seconds)
	s.row("least L", number(l.Minimum), "at "+s.point(l.MinimumAt))
	head, laws, errors := []string{"posterior"}, []*cases.LearntResult{}, []*cases.LearntResult{}
	if l.Stationary != nil {
		head, laws, errors = append(head, "stationary"), append(laws, l.Stationary), append(errors, l.Error)
	}
	if l.Evolve != nil {
		head, laws, errors = append(head, "at the end"), append(laws, l.Evolve.Last()), append(errors, nil)
	}
	s.row("", head...)
	line := func(name, first string, of func(*cases.LearntResult) float64) {
		cells := []string{first}
		for i, law := range laws {
			cell := number(of(law))
			if errors[i] != nil && name != "E test_loss" { // whose error stands above
				cell = measured(of(law), of(errors[i]))
			}
			cells = append(cells, cell)
		}
		s.row(name, cells...)
	}
	p := l.Posterior
	line("E L", number(p.Loss), func(r *cases.LearntResult) float64 { return r.Loss })
	line("(E L − least L)/T", number(p.Lambda), func(r *cases.LearntResult) float64 { return r.Complexity })
	line("free energy", number(p.FreeEnergy), func(r *cases.LearntResult) float64 { return r.FreeEnergy })
	line("KL to posterior", "0", func(r *cases.LearntResult) float64 { return r.KL })
	line("total variation", "0", func(r *cases.LearntResult) float64 { return r.Variation })
	if v, ok := p.Observables["test_loss"]; ok {
		line("E test_loss", number(v), func(r *cases.LearntResult) float64 { return *r.TestLoss })
	}
	s.basins(l, laws)
	s.lambda(l)
}

// point writes coordinates.
func (s *sheet) point(at map[string]float64) string {
	parts := make([]string, len(s.names))
	for k, x := range s.names {
		v := at[x]
		if math.Abs(v) < 1e-12 { // where a descent came to 0
			v = 0
		}
		parts[k] = fmt.Sprintf("%s = %.4g", x, v)
	}
	return strings.Join(parts, ", ")
}

// basins lists the masses of parts of the box.
func (s *sheet) basins(l *cases.LearningResult, laws []*cases.LearntResult) {
	if len(l.Basins) < 2 {
		return
	}
	for _, b := range l.Basins {
		cells := []string{number(b.Posterior)}
		for _, law := range laws {
			cells = append(cells, number(law.Basins[b.Name]))
		}
		if b.MinimumAt != nil {
			cells = append(cells, "about "+s.point(b.MinimumAt))
		}
		s.row("mass of "+b.Name, cells...)
	}
}

// lambda lists the learning coefficient by temperature.
func (s *sheet) lambda(l *cases.LearningResult) {
	s.heading("learning coefficient λ(T) = (E L − least L)/T of the posterior")
	s.row("T", "λ", "heat capacity")
	for i, t := range l.Lambda.Temperatures {
		s.row(number(t), number(l.Lambda.Lambda[i]), number(l.Lambda.HeatCapacity[i]))
	}
	if c := l.Lambda.Corrected; c != nil {
		s.row("corrected", number(*c), fmt.Sprintf("multiplicity %d, −ln Z fitted to %.2g", l.Lambda.Multiplicity, *l.Lambda.Residual))
	}
	if w := l.WBIC; w != nil {
		s.row("WBIC", number(w.Lambda), fmt.Sprintf("at T = ln n/n = %s", number(w.Temperature)))
	}
}
