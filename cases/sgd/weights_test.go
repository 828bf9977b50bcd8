package sgd

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"fokker/operators"
)

// Loss, b and D of every equation and kind of noise change with the weight of an
// example as differences of them do.
func TestDerivativesByAWeight(t *testing.T) {
	for _, m := range models {
		for _, equation := range []Equation{SDE1, SDE2, SDE2Plus} {
			for _, noise := range []NoiseKind{Gradient, Isotropic, None} {
				name := fmt.Sprintf("%s, equation %d, noise %d", m.file, equation, noise)
				d := load(t, m.file)
				d.Weights = make([]float64, d.Len())
				for i := range d.Weights {
					d.Weights[i] = 1 + float64(i%3)
				}
				e := examples(t, m.axes, d, m.loss, m.axes[0]+"^4")
				e.Rate, e.Scale, e.NoiseKind, e.Equation = 0.2, 0.3, noise, equation
				if err := e.Compile(); err != nil {
					t.Fatal(err)
				}
				byWeight(t, name, e)
			}
		}
	}
}

func byWeight(t *testing.T, name string, e *Examples) {
	t.Helper()
	const one, step = 7, 1e-4
	dim := len(e.Axes)
	x := columnsOf(dim, 3)
	coefficients := func() [][]float64 {
		loss, b, d := operators.Columns(1, 3), operators.Columns(dim, 3), operators.Columns(dim*dim, 3)
		e.PopulationLoss(loss[0], x)
		e.Drift(b, x, 0)
		e.Diffusion(d, x, 0)
		return append(append(loss, b...), d...)
	}
	w := e.ByWeight(x)
	c := w.NewChange()
	for j := range one + 1 { // what is written for one example does not stay
		w.Example(c, j)
	}
	got := append(append([][]float64{c.Loss}, c.B...), c.D...)
	size := coefficients()
	move := func(by float64) {
		weights := slices.Clone(e.Data.Weights)
		weights[one] += by
		if err := e.Reweigh(weights); err != nil {
			t.Fatal(err)
		}
	}
	move(step)
	upper := coefficients()
	move(-2 * step)
	lower := coefficients()
	for k := range got {
		for i, v := range got[k] {
			want := (upper[k][i] - lower[k][i]) / (2 * step)
			near(t, fmt.Sprintf("%s: coefficient %d", name, k), v, want, 1e-6*math.Abs(want)+1e-8*math.Abs(size[k][i])+1e-12)
		}
	}
}
