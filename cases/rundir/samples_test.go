package rundir

import (
	"math"
	"testing"

	"fokker/grid"
)

// edges returns n cells from lo to hi, by logarithm if log.
func edges(lo, hi float64, n int, log bool) []float64 {
	s := scale{lo, hi, log}
	out := make([]float64, n+1)
	for i := range out {
		out[i] = s.inverse(float64(i) / float64(n))
	}
	return out
}

func newGrid(t testing.TB, axes ...grid.Axis) *grid.Grid {
	t.Helper()
	g, err := grid.New(axes...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// lawOf returns the masses of a density that need not be normalised.
func lawOf(g *grid.Grid, density func(x []float64) float64) []float64 {
	law, x, sum := make([]float64, g.Size()), make([]float64, g.Dim()), 0.0
	for c := range law {
		for k := range x {
			x[k] = g.Centers(k)[g.Along(k, c)]
		}
		law[c] = density(x) * g.Volume(c)
		sum += law[c]
	}
	for c := range law {
		law[c] /= sum
	}
	return law
}

// gyrator is two particles at two temperatures with its exact law and current:
// the drift is −A x, the noise D = diag(T), the law Gaussian with S, and
// J = (−A + D S⁻¹) x p.
func gyrator(t testing.TB, n int) *Result {
	g := newGrid(t, grid.Axis{Name: "x", Edges: edges(-6, 6, n, false)}, grid.Axis{Name: "y", Edges: edges(-6, 6, n, false)})
	k, u, tx, ty := 1.0, 0.5, 1.0, 0.25
	// A S + S A = 2 D for symmetric A = [[k, u], [u, k]].
	sxy := -u * (tx + ty) / (2 * (k*k - u*u))
	sxx, syy := (tx-u*sxy)/k, (ty-u*sxy)/k
	det := sxx*syy - sxy*sxy
	gauss := func(mx, my, a, b, c float64) func(x []float64) float64 {
		d := a*c - b*b
		return func(x []float64) float64 {
			x0, x1 := x[0]-mx, x[1]-my
			return math.Exp(-(c*x0*x0 - 2*b*x0*x1 + a*x1*x1) / (2 * d))
		}
	}
	r := &Result{
		Name: "gyrator", Title: "Brownian gyrator", Grid: g, CaseTOML: []byte("title = \"Brownian gyrator\"\n"),
		Summary:      map[string]any{"schema": 1, "case": "gyrator", "cells": []int{n, n}, "bad": math.NaN()},
		Parameters:   []Parameter{{"k", k}, {"u", u}, {"Tx", tx}, {"Ty", ty}},
		Stationary:   lawOf(g, gauss(0, 0, sxx, sxy, syy)),
		CurrentScale: 1,
	}
	current := func(x, y float64, axis int) float64 {
		p := math.Exp(-(syy*x*x-2*sxy*x*y+sxx*y*y)/(2*det)) / (2 * math.Pi * math.Sqrt(det))
		gx, gy := (syy*x-sxy*y)/det, (sxx*y-sxy*x)/det
		if axis == 0 {
			return p * (-k*x - u*y + tx*gx)
		}
		return p * (-k*y - u*x + ty*gy)
	}
	h := 12 / float64(n)
	jx, jy := make([]float64, (n+1)*n), make([]float64, (n+1)*n)
	for j := range n {
		for i := range n + 1 {
			jx[i+j*(n+1)] = h * current(-6+h*float64(i), -6+h*(float64(j)+0.5), 0)
			jy[j+i*n] = h * current(-6+h*(float64(j)+0.5), -6+h*float64(i), 1)
		}
	}
	r.StationaryCurrent, r.FinalCurrent = [][]float64{jx, jy}, [][]float64{jx, jy}
	energy, unsafe := Series{Name: "energy"}, Series{Name: "unsafe"}
	es, us := 0.625, 0.021
	energy.Stationary, unsafe.Stationary = &es, &us
	for i := range 51 {
		tm := 5 * float64(i) / 50
		f := math.Exp(-tm)
		r.Times = append(r.Times, tm)
		r.Masses = append(r.Masses, lawOf(g, gauss(2*f*math.Cos(tm), -2*f*math.Sin(tm), 0.04*f*f+sxx*(1-f*f), sxy*(1-f*f), 0.04*f*f+syy*(1-f*f))))
		energy.Values = append(energy.Values, es+1.4*f)
		unsafe.Values = append(unsafe.Values, us+0.5*f*f)
	}
	r.Series = []Series{energy, unsafe}
	return r
}

// well is the double well from its left side.
func well(t testing.TB, n int) *Result {
	g := newGrid(t, grid.Axis{Name: "x", Edges: edges(-2.5, 2.5, n, false)})
	stationary := lawOf(g, func(x []float64) float64 { return math.Exp(-(math.Pow(x[0], 4)/4 - x[0]*x[0]/2) / 0.1) })
	r := &Result{
		Name: "well", Title: "Double well", Grid: g, Summary: map[string]any{"schema": 1},
		Stationary: stationary, StationaryCurrent: [][]float64{make([]float64, n+1)},
	}
	left := Series{Name: "left"}
	for i := range 31 {
		tm := 60 * float64(i) / 30
		f, s := math.Exp(-tm/10), 1-math.Exp(-tm)*0.98
		a := lawOf(g, func(x []float64) float64 { return math.Exp(-(x[0] + 1) * (x[0] + 1) / (2 * 0.06 * s)) })
		law := make([]float64, n)
		q := 0.0
		for c := range law {
			law[c] = f*a[c] + (1-f)*stationary[c]
			if g.Centers(0)[c] < 0 {
				q += law[c]
			}
		}
		r.Times, r.Masses = append(r.Times, tm), append(r.Masses, law)
		left.Values = append(left.Values, q)
	}
	half := 0.5
	left.Stationary = &half
	r.Series = []Series{left}
	return r
}

// ring is a law in dim dimensions: two peaks, and a spiral in the first pair.
func ring(t testing.TB, dim, n int) *Result {
	var axes []grid.Axis
	for k := range dim {
		axes = append(axes, grid.Axis{Name: []string{"x", "y", "z", "speed"}[k], Edges: edges(-4, 4, n+k, false)})
	}
	g := newGrid(t, axes...)
	density := func(shift float64) func(x []float64) float64 {
		return func(x []float64) float64 {
			s := math.Pow(math.Hypot(x[0]-shift, x[1])-1.5, 2) / 0.1
			for k, v := range x[2:] {
				s += math.Pow(v-0.5*x[k], 2) / 0.5
			}
			return math.Exp(-s)
		}
	}
	r := &Result{
		Name: "ring", Title: "A ring, and what follows it", Grid: g, Summary: map[string]any{"schema": 1},
		Stationary: lawOf(g, density(0)), Times: []float64{0, 1, 2},
	}
	for _, shift := range []float64{1, 0.5, 0.1} {
		r.Masses = append(r.Masses, lawOf(g, density(shift)))
	}
	r.Lost = []float64{0, 0.01, 0.02}
	return r
}

// lognormal has one logarithmic axis and one linear axis far too wide for it.
func lognormal(t testing.TB) *Result {
	g := newGrid(t, grid.Axis{Name: "size", Edges: edges(1e-3, 1e3, 90, true)}, grid.Axis{Name: "learning_rate", Edges: edges(-5e4, 5e4, 400, false)})
	law := lawOf(g, func(x []float64) float64 {
		l := math.Log(x[0])
		return math.Exp(-l*l/2-math.Pow(x[1]-500*l, 2)/(2*500*500)) / x[0]
	})
	return &Result{Name: "lognormal", Grid: g, Summary: map[string]any{"schema": 1}, Stationary: law}
}
