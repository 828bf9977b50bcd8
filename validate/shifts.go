package validate

import (
	"math"

	"fokker/grid"
)

// basis is functions of the state, by cell, orthonormal under a law.
type basis struct {
	grid *grid.Grid
	mass []float64
	psi  [][]float64
}

const (
	dependent = 1e-6 // part of a variance that others leave, below which a function is no new one
	highest   = 4.0  // power of standardised coordinates
)

// newBasis spans coordinates, their products and powers and, where the mesh resolves
// it, −ln p. Observables with jumps would need many companions, and change with these.
func newBasis(l *subject) *basis {
	out := &basis{grid: l.Grid, mass: l.Mass}
	dim := l.Grid.Dim()
	for _, f := range l.Functions[:dim+dim*(dim+1)/2] {
		out.add(f.Values)
	}
	for k := range l.Grid.Dim() {
		for power := 3.0; power <= highest; power++ {
			out.add(out.of(func(i int) float64 { return math.Pow(l.Functions[k].Values[i]-l.center[k], power) }))
		}
	}
	if !l.Rough {
		out.add(out.of(func(i int) float64 {
			if l.Mass[i] == 0 {
				return 0
			}
			return -math.Log(l.Mass[i] / l.Grid.Volume(i))
		}))
	}
	return out
}

func (b *basis) of(f func(cell int) float64) []float64 {
	out := make([]float64, len(b.mass))
	for i := range out {
		out[i] = f(i)
	}
	return out
}

// add takes from a function its parts along 1 and those there are, twice (Gram and
// Schmidt), and keeps the rest if it is not rounding.
func (b *basis) add(phi []float64) {
	rest := append([]float64(nil), phi...)
	given := 0.0 // variance
	for pass := range 2 {
		b.subtract(rest, nil)
		if pass == 0 {
			given = b.product(rest, rest)
		}
		for _, psi := range b.psi {
			b.subtract(rest, psi)
		}
	}
	if square := b.product(rest, rest); square > dependent*given {
		b.psi = append(b.psi, divided(rest, math.Sqrt(square)))
	}
}

// subtract takes from f its part along psi, nil for 1.
func (b *basis) subtract(f, psi []float64) {
	if psi == nil {
		mean := 0.0
		for i, m := range b.mass {
			mean += m * f[i]
		}
		for i := range f {
			f[i] -= mean
		}
		return
	}
	addScaled(f, psi, -b.product(f, psi))
}

func (b *basis) product(f, g []float64) (s float64) {
	for i, m := range b.mass {
		s += m * f[i] * g[i]
	}
	return s
}

// difference is by how much the mean of a function differs between particles and
// their companions at half the step, as a part of those that are left.
type difference struct{ mean, variance, error float64 }

// differ returns the differences of functions by cell; nil stands for 1, survival.
func differ(g *grid.Grid, long, short Ensemble, functions ...[]float64) []difference {
	a, b := cellsOf(g, long), cellsOf(g, short)
	n, left, out := float64(len(b)), 0.0, make([]difference, len(functions))
	for i := range b {
		if short.Alive[i] {
			left++
		}
	}
	if left == 0 {
		return out
	}
	for j, f := range functions {
		at := func(cell int32, alive bool) float64 {
			switch {
			case !alive:
				return 0
			case f == nil:
				return 1
			}
			return f[cell]
		}
		sum, square := 0.0, 0.0
		for i := range b {
			d := at(b[i], short.Alive[i]) - at(a[i], long.Alive[i])
			sum, square = sum+d, square+d*d
		}
		d := &out[j]
		d.mean = sum / left
		d.variance = max(0, square/n-(sum/n)*(sum/n)) * (n / left) * (n / left)
		d.error = math.Sqrt(d.variance / n)
	}
	return out
}

// first are the particles that have companions.
func (e Ensemble) first(n int) Ensemble {
	out := Ensemble{Time: e.Time, Alive: e.Alive[:n]}
	for _, x := range e.X {
		out.X = append(out.X, x[:n])
	}
	return out
}

// order is that with which the step's error falls: that of the method, 1 where
// particles meet walls; infinite: there is no error.
func (v *verifier) order(l *subject) float64 {
	order := v.method.Weak()
	if v.of.Problem.Killing != nil {
		order = min(order, 2) // by the trapezoidal rule
	}
	for k, a := range v.axes() {
		for side, end := range a.Ends {
			if end == grid.Absorbing || end == grid.Reflecting && l.atWall(k, side) > 1e-6 { // walls that matter
				order = 1
			}
		}
	}
	return order
}

// atWall returns the mass in cells at an end of axis k.
func (l *subject) atWall(k, side int) (mass float64) {
	end := side * (l.Grid.Cells(k) - 1)
	for i, m := range l.Mass {
		if l.Grid.Along(k, i) == end {
			mass += m
		}
	}
	return mass
}

// extrapolation is how many differences between a step and its half an error at the step is:
// 2ᵖ/(2ᵖ − 1) where it is of order p.
func extrapolation(order float64) float64 { return 1 / (1 - math.Exp2(-order)) }

// stepChange returns what the step changes in the masses of a law: ψ-wise the
// differences from the companions, a standard error larger, which leaves out what
// only a function outside the basis would show.
func (v *verifier) stepChange(l *subject, long, short Ensemble) []float64 {
	out := make([]float64, len(l.Mass))
	for j, d := range differ(l.Grid, long, short, l.basis.psi...) {
		size := extrapolation(v.order(l)) * (d.mean + math.Copysign(d.error, d.mean))
		for i, psi := range l.basis.psi[j] {
			out[i] -= l.Mass[i] * psi * size
		}
	}
	return out
}

// shifts notes what the step does to expectations.
func (v *verifier) shifts(name string, l *subject, long, short Ensemble) {
	var functions [][]float64
	for _, f := range l.Functions {
		functions = append(functions, f.Values)
	}
	factor := extrapolation(v.order(l))
	for j, d := range differ(v.result.Grid, long, short, functions...) {
		v.out.StepBias = append(v.out.StepBias, Shift{name + ": " + l.Functions[j].Name, -factor * d.mean, factor * d.error})
	}
}
