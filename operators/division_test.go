package operators_test

import (
	"math"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// tensors is a process of coefficients at a point, D being a full tensor.
type tensors struct {
	dim  int
	b, d func(out, x []float64, t float64)
}

func (p tensors) Dim() int                              { return p.dim }
func (p tensors) Columns() int                          { return p.dim }
func (p tensors) Drift(b, x [][]float64, t float64)     { each(p.b, b, x, t) }
func (p tensors) Diffusion(d, x [][]float64, t float64) { each(p.d, d, x, t) }
func (p tensors) Noise(_, _ [][]float64, _ float64)     { panic("grids prefer D") }

// turned writes the tensor with two eigenvalues, the first at an angle to x.
func turned(d []float64, first, second, angle float64) {
	c, s := math.Cos(angle), math.Sin(angle)
	d[0], d[3] = first*c*c+second*s*s, first*s*s+second*c*c
	d[1] = (first - second) * c * s
	d[2] = d[1]
}

// Rates of coupled noise beyond rank one follow what changes in time without a jump, whichever part of
// the drift the noise carries: over half the time the change of Qf, for an f without
// symmetry, is half as large at most, and over a jump it would stay.
func TestWhatNoiseCarriesChangesWithoutAJump(t *testing.T) {
	swings := func(b, _ []float64, t float64) {
		copy(b, []float64{20 * math.Sin(1.5*t), 12 * math.Cos(2*t), 9 * math.Sin(t)})
	}
	for name, p := range map[string]tensors{
		"drift":       {2, swings, func(d, _ []float64, _ float64) { copy(d, []float64{1, .3, .3, .5}) }},
		"anisotropic": {2, swings, func(d, _ []float64, _ float64) { turned(d, 2, .1, .4) }},
		"noise turns": {2, swings, func(d, _ []float64, t float64) { turned(d, 1, .1, t) }},
		"equal, once": {2, func(b, _ []float64, _ float64) { b[0], b[1] = 200, 20 }, func(d, _ []float64, t float64) { turned(d, 2+t, 4-t, 0) }},
		"three axes":  {3, swings, func(d, _ []float64, _ float64) { copy(d, []float64{1, .3, .1, .3, .5, .1, .1, .1, .3}) }},
	} {
		var axes []grid.Axis
		for range p.dim {
			axes = append(axes, axis(t, grid.Uniform(), -1, 1, 6-2*(p.dim-2), ends{R, A}))
		}
		g := mesh(t, axes...)
		q := operators.Driven{Block: build(t, g, operators.Coupled{Process: p, Axes: []int{0, 1, 2}[:p.dim]})}
		coarse, fine := largestChange(t, q, 1000), largestChange(t, q, 2000)
		if t.Logf("%s: %.3g, %.3g", name, coarse, fine); !(fine < .6*coarse) {
			t.Errorf("%s: Qf changes by %.3g in a time of .002, by %.3g in half of that", name, coarse, fine)
		}
	}
}

// largestChange of Qf in any cell between instants that divide the time until 2.
func largestChange(t *testing.T, q operators.Driven, instants int) (most float64) {
	n := q.Size()
	f, before, now := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range f {
		f[i] = math.Sin(float64(i * i))
	}
	for k := range instants {
		at, err := q.At(2 * float64(k) / float64(instants))
		if err != nil {
			t.Fatal(err)
		}
		at.Backward(now, f)
		for i := range now {
			if k > 0 {
				most = max(most, math.Abs(now[i]-before[i]))
			}
		}
		before, now = now, before
	}
	return most
}
