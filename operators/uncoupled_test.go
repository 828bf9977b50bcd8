package operators_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"fokker/grid"
	"fokker/operators"
	"fokker/operators/operatorstest"
)

// full is a process that knows its tensor.
type full struct {
	field
	tensor func(d, x []float64, t float64)
}

func (f full) Diffusion(d, x [][]float64, t float64) { each(f.tensor, d, x, t) }

// leaning has eigenvalues of D down to 0.6 − |x|·bend/4 and less.
func leaning(bend float64) full {
	drift := func(b, x []float64, _ float64) { b[0], b[1], b[2] = -x[0], math.Sin(x[1]), 0.3 }
	return full{field{3, drift, nil}, func(d, x []float64, _ float64) {
		copy(d, []float64{0.6, 0.25 * x[0] * bend, 0.1, 0.25 * x[0] * bend, 0.6, 0, 0.1, 0, 0.4})
	}}
}

func TestUncoupledIsTransportOfTheDiagonal(t *testing.T) {
	var axes []grid.Axis
	for _, name := range []string{"x", "y", "z"} {
		edges, _, err := grid.Uniform().Edges(-3, 3, 6)
		if err != nil {
			t.Fatal(err)
		}
		axes = append(axes, grid.Axis{Name: name, Edges: edges})
	}
	g, err := grid.New(axes...)
	if err != nil {
		t.Fatal(err)
	}
	p := leaning(0.5)
	operatorstest.Generator(t, operatorstest.Promise{Grid: g, Terms: []operators.Term{operators.Uncoupled{Process: p, Axes: []int{0, 1, 2}}}})
	diagonal := field{3, p.b, func(d, _ []float64, _ float64) { copy(d, []float64{0.6, 0.6, 0.4}) }}
	one, err := operators.Build(g, 0, 1, operators.Uncoupled{Process: p, Axes: []int{0, 1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	other, err := operators.Build(g, 0, 1, operators.Transport{Process: diagonal})
	if err != nil {
		t.Fatal(err)
	}
	f, a, b := random(g.Size(), 5), make([]float64, g.Size()), make([]float64, g.Size())
	one.Backward(a, f)
	other.Backward(b, f)
	if !slices.Equal(a, b) {
		t.Error("rates differ from those of the diagonal")
	}
	_, err = operators.Build(g, 0, 1, operators.Uncoupled{Process: leaning(1.2), Axes: []int{0, 1, 2}})
	if known := new(operators.PointError); !errors.As(err, &known) {
		t.Errorf("%v, want a tensor with a negative eigenvalue refused", err)
	}
}
