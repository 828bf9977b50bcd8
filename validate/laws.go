package validate

import (
	"fmt"
	"math"
	"slices"

	"fokker/cases"
	"fokker/grid"
	"fokker/validate/compare"
)

// subject is a law under test.
type subject struct {
	*compare.Law
	name    string
	time    float64 // of [evolve]; 0: stationary
	raw     []float64
	mass    float64 // Σm
	allowed float64 // of the mass
	center  []float64
	basis   *basis
	move    float64 // for how long particles of a stationary law move
}

func (v *verifier) listStationary() {
	if s := v.result.Stationary; s != nil {
		v.laws = append(v.laws, &subject{name: "stationary", raw: s.Masses})
	}
}

// list adds the laws at outputs.
func (v *verifier) list(times []float64) {
	e := v.result.Evolve
	for _, t := range times {
		v.laws = append(v.laws, &subject{name: fmt.Sprintf("t = %.6g", t), time: t, raw: e.Masses[slices.Index(e.Times, t)]})
	}
}

// times returns the outputs under test: those asked for, or the last one within
// the number of steps that a run can afford.
func (v *verifier) times(outputs []float64) []float64 {
	if len(v.task.At) > 0 {
		return v.task.At
	}
	chosen := -1
	for i, t := range outputs {
		if t > 0 && (chosen < 0 || t <= mostSteps*v.out.Step) {
			chosen = i
		}
	}
	if chosen < 0 {
		return nil
	}
	return outputs[chosen : chosen+1]
}

// on returns a case with the axes of the run's mesh, which may have been chosen, and
// so many times fewer cells.
func (v *verifier) on(p *cases.Problem, fewer int) *cases.Case {
	c, q := *v.of, *p
	c.Problem, q.Axes, q.Validate, q.Accuracy = &q, slices.Clone(p.Axes), nil, 0
	q.LawsOnly()
	for k, a := range v.axes() {
		cells := (a.Cells() + fewer - 1) / fewer
		if cells < fewestCells/2 {
			cells = a.Cells()
		}
		q.Axes[k].Lo, q.Axes[k].Hi, q.Axes[k].Cells = a.Edges[0], a.Edges[a.Cells()], cells
	}
	return &c
}

// solveCoarse solves the case on half as many cells along every axis.
func (v *verifier) solveCoarse() error {
	half := v.on(v.of.Problem, 2)
	p := half.Problem
	if v.result.Quasistationary != nil && p.Chain == nil {
		p.Quasistationary = v.of.Problem.Quasistationary
	}
	if p.Evolve != nil {
		task := *p.Evolve
		task.Times = nil
		for _, l := range v.laws {
			if l.time > 0 {
				task.Times = append(task.Times, l.time)
			}
		}
		p.Evolve = &task
		if len(task.Times) == 0 {
			p.Evolve = nil
		}
	}
	r, err := half.Run(v.ctx, v.options.solving("coarse"))
	if v.ctx.Err() != nil {
		return v.ctx.Err()
	}
	if err != nil {
		v.out.Words = append(v.out.Words, fmt.Sprintf("nothing is allowed for the mesh: on half as many cells %v", err))
		return nil
	}
	v.coarse = r
	return nil
}

// prepare makes of every law what its tests need.
func (v *verifier) prepare() error {
	for _, l := range v.laws {
		if err := v.ready(l, v.coarseMasses(l)); err != nil {
			return err
		}
	}
	return nil
}

// ready does so for one, given its masses on the coarse mesh, nil if there are none.
func (v *verifier) ready(l *subject, masses []float64) error {
	g := v.result.Grid
	l.mass = compare.Sum(l.raw)
	l.Law = &compare.Law{Grid: g, Mass: divided(l.raw, l.mass)}
	l.Rough = unresolved(g, l.Mass)
	factor := 1.0 // how many times the error of the mesh may be its change: of order 1
	if masses != nil {
		mass := compare.Sum(masses)
		change := meshChange(g, l.Mass, v.coarse.Grid, divided(masses, mass))
		if l.Rough = l.Rough || smeared(l.Law, change); l.Rough {
			factor = slow
		}
		l.allowed = factor * math.Abs(l.mass-mass)
		l.Changes = [][]float64{divided(change, 1/factor)}
	}
	if err := v.functions(l); err != nil {
		return err
	}
	l.basis = newBasis(l)
	return nil
}

// steepest is the part of a law's mass by which it may change between neighbouring
// cells along an axis, in all: for a Gaussian, √(2/π) cells over the standard
// deviation. Beyond, as on a curve, its density is not resolved.
const steepest = 0.5

// slow is how many times the error of the mesh may be its change where it is of
// order ½, as the width of what a mesh smears falls.
const slow = 1 / (math.Sqrt2 - 1)

// widened is by how much half as many cells may change the mean of −ln p of a law
// that the mesh resolves, or its density in the mean. That of a curve, as wide as its
// smearing, changes by ½ ln 2 and more.
const widened = 0.025

func smeared(l *compare.Law, change []float64) bool {
	shift := 0.0
	for i, m := range l.Mass {
		if m > 0 {
			shift -= change[i] * math.Log(m/l.Grid.Volume(i))
		}
	}
	return math.Abs(shift) > widened
}

func unresolved(g *grid.Grid, mass []float64) bool {
	for k := range g.Dim() {
		change, stride := 0.0, g.Stride(k)
		for i, m := range mass {
			if g.Along(k, i) < g.Cells(k)-1 {
				change += math.Abs(mass[i+stride] - m)
			}
		}
		if change > steepest {
			return true
		}
	}
	return false
}

func (v *verifier) coarseMasses(l *subject) []float64 {
	switch {
	case v.coarse == nil:
		return nil
	case l.time == 0:
		return v.coarse.Stationary.Masses
	}
	return v.coarse.Evolve.Masses[slices.Index(v.coarse.Evolve.Times, l.time)]
}

func divided(x []float64, by float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v / by
	}
	return out
}

// functions are coordinates, products of their distances from the mean, and
// observables.
func (v *verifier) functions(l *subject) error {
	g := v.result.Grid
	centred := make([][]float64, g.Dim())
	for k := range centred {
		x, mean := make([]float64, g.Size()), 0.0
		for i := range x {
			x[i] = g.Centers(k)[g.Along(k, i)]
			mean += l.Mass[i] * x[i]
		}
		l.Functions = append(l.Functions, compare.Function{Name: "mean " + g.Axis(k).Name, Values: x})
		l.center = append(l.center, mean)
		centred[k] = make([]float64, g.Size())
		for i := range x {
			centred[k][i] = x[i] - mean
		}
	}
	for k := range centred {
		for j := k; j < len(centred); j++ {
			product := make([]float64, g.Size())
			for i := range product {
				product[i] = centred[k][i] * centred[j][i]
			}
			l.Functions = append(l.Functions, compare.Function{Name: "covariance " + g.Axis(k).Name + "," + g.Axis(j).Name, Values: product})
		}
	}
	for i := range v.of.Problem.Observables {
		o := &v.of.Problem.Observables[i]
		phi, err := o.OnCells(g, l.time)
		if err != nil {
			return err
		}
		l.Functions = append(l.Functions, compare.Function{Name: "E " + o.Name, Values: phi})
	}
	return nil
}
