package validate

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"fokker/cases"
)

// reading is a figure on one mesh. Scale is what a change of the law by 1 in
// L1 would change it by, about.
type reading struct {
	task, key, label string
	value, scale     float64
}

// name is where the figure stands in the summary of a run.
func (r reading) name() string { return r.task + "." + r.key }

// readings lists the figures of a result, in a fixed order.
func readings(r *cases.Result, p *cases.Problem) (out []reading, err error) {
	if s := r.Stationary; s != nil {
		f := &reader{task: "stationary", result: r, problem: p, law: s.Masses}
		f.moments(s.Mean, s.Covariance, s.Entropy, s.FreeEnergy)
		f.classes(s.Classes)
		if err := f.observables(s.Observables); err != nil {
			return nil, err
		}
		out = append(out, f.list...)
	}
	if e := r.Evolve; e != nil {
		last := len(e.Times) - 1
		f := &reader{task: "evolve", result: r, problem: p, law: e.Masses[last], time: e.Times[last]}
		f.add("mass", "mass", e.Mass[last], 1)
		f.add("lost", "lost", e.Lost[last], 1)
		var free *float64
		if e.FreeEnergy != nil {
			free = &e.FreeEnergy[last]
		}
		f.moments(final(e.Mean), final(e.Covariance), e.Entropy[last], free)
		if err := f.observables(final(e.Observables)); err != nil {
			return nil, err
		}
		out = append(out, f.list...)
	}
	if q := r.Quasistationary; q != nil {
		f := &reader{task: "quasistationary", result: r, problem: p, law: q.Masses}
		f.add("escape_rate", "escape rate", q.EscapeRate, 0)
		f.moments(q.Mean, q.Covariance, q.Entropy, q.FreeEnergy)
		if err := f.observables(q.Observables); err != nil {
			return nil, err
		}
		out = append(out, f.list...)
	}
	return out, nil
}

// final returns the last of every series.
func final(series map[string][]float64) map[string]float64 {
	out := map[string]float64{}
	for name, v := range series {
		out[name] = v[len(v)-1]
	}
	return out
}

// reader collects the figures of one task.
type reader struct {
	task    string
	result  *cases.Result
	problem *cases.Problem
	law     []float64
	time    float64
	list    []reading
}

func (f *reader) add(key, label string, value, scale float64) {
	f.list = append(f.list, reading{f.task, key, label, value, max(scale, math.Abs(value))})
}

func (f *reader) moments(mean, covariance map[string]float64, entropy float64, free *float64) {
	axes := f.result.Grid.Axes()
	deviation := func(x string) float64 { return math.Sqrt(covariance[x+","+x]) }
	for _, a := range axes {
		f.add("mean."+a.Name, "mean "+a.Name, mean[a.Name], deviation(a.Name))
	}
	for k, a := range axes {
		for _, b := range axes[k:] {
			pair := a.Name + "," + b.Name
			f.add("covariance."+pair, "covariance "+pair, covariance[pair], deviation(a.Name)*deviation(b.Name))
		}
	}
	f.add("entropy", "entropy", entropy, 1)
	if free != nil {
		f.add("free_energy", "free energy", *free, 0)
	}
}

// classes adds the probabilities of several closed classes.
func (f *reader) classes(all []cases.ClassResult) {
	if len(all) < 2 {
		return
	}
	for i, c := range all {
		f.add(fmt.Sprintf("classes.%d.probability", i), fmt.Sprintf("probability %d", i+1), c.Probability, 1)
	}
}

// observables adds E φ, whose scale is the root of E φ².
func (f *reader) observables(values map[string]float64) error {
	for i := range f.problem.Observables {
		o := &f.problem.Observables[i]
		phi, err := o.OnCells(f.result.Grid, f.time)
		if err != nil {
			return err
		}
		square := 0.0
		for j, v := range phi {
			square += f.law[j] * v * v
		}
		f.add("observables."+o.Name, "E "+o.Name, values[o.Name], math.Sqrt(square))
	}
	return nil
}

// collect turns the readings of all meshes into figures. Closed classes whose
// number differs between meshes are not compared.
func (c *Convergence) collect(read [][]reading) {
	finest := len(read) - 1
	values := make([]map[string]float64, len(read))
	for k, list := range read {
		values[k] = map[string]float64{}
		for _, r := range list {
			values[k][r.name()] = r.value
		}
	}
	same := func(m map[string]float64) bool { return len(m) == len(values[finest]) }
	comparable := !slices.ContainsFunc(values, func(m map[string]float64) bool { return !same(m) })
	if !comparable {
		c.warn("the number of closed classes differs between the meshes: their probabilities are not compared")
	}
	for _, r := range read[finest] {
		if comparable || !strings.HasPrefix(r.key, "classes.") {
			f := &Figure{Name: r.name(), Task: r.task, Label: r.label, scale: r.scale}
			for _, v := range values {
				f.Values = append(f.Values, v[f.Name])
			}
			if c.In == "cells" {
				f.scheme = schemeOrder(c.of.Problem)
				f.analyse(c.Levels)
			} else {
				f.settle(c.Levels)
			}
			c.Figures = append(c.Figures, f)
		}
	}
}
