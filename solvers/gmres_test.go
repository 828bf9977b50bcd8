package solvers

import (
	"context"
	"errors"
	"math"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// whirling is dX = (−∇U + 2 rot U) dt + √(2T) dW on a torus, U = cos x + cos y +
// cos(x − y)/2 and T = ½: its law is e^(−U/T).
var whirling = operators.Pointwise{
	Dimension: 2, Noises: 2,
	DriftAt: func(b, x []float64, _ float64) {
		ux, uy := -math.Sin(x[0])-math.Sin(x[0]-x[1])/2, -math.Sin(x[1])+math.Sin(x[0]-x[1])/2
		b[0], b[1] = -ux+2*uy, -uy-2*ux
	},
	NoiseAt: func(s, _ []float64, _ float64) { s[0], s[1], s[2], s[3] = 1, 0, 0, 1 },
}

func onTorus(t *testing.T, order operators.Order, n int) *operators.HighOrder {
	t.Helper()
	edges, _, err := grid.Uniform().Edges(0, 2*math.Pi, n)
	if err != nil {
		t.Fatal(err)
	}
	ends := [2]grid.Boundary{grid.Periodic, grid.Periodic}
	g, err := grid.New(grid.Axis{Name: "x", Edges: edges, Ends: ends}, grid.Axis{Name: "y", Edges: edges, Ends: ends})
	if err != nil {
		t.Fatal(err)
	}
	return above(t, order, g, whirling, operators.Transport{Process: whirling})
}

// above returns the operator of high order of a process beside the generator of a term.
func above(t *testing.T, order operators.Order, g *grid.Grid, p operators.Process, term operators.Term) *operators.HighOrder {
	t.Helper()
	near, err := operators.Build(g, 0, 1, term)
	if err != nil {
		t.Fatal(err)
	}
	h, err := operators.NewHighOrder(order, p, operators.Killing{}, near)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// gibbsPoints returns e^(−U/T) at the centres over its sum.
func gibbsPoints(g *grid.Grid) []float64 {
	x, out := operators.Columns(2, g.Size()), make([]float64, g.Size())
	g.Points(x, grid.Range{Hi: g.Size()})
	for i := range out {
		out[i] = math.Exp(-2 * (math.Cos(x[0][i]) + math.Cos(x[1][i]) + math.Cos(x[0][i]-x[1][i])/2))
	}
	total := sum(out)
	for i := range out {
		out[i] /= total
	}
	return out
}

func TestLawsOfHighOrder(t *testing.T) {
	for _, c := range []struct {
		order     operators.Order
		n         int
		tolerance float64 // L1; waves to rounding, stencils by (h/σ)⁴ of the mesh
	}{{operators.Spectral, 40, 1e-10}, {operators.Fourth, 80, 1e-4}} {
		h := onTorus(t, c.order, c.n)
		law, err := Stationary(h, &Settings{Tolerance: 1e-11})
		if err != nil {
			t.Fatal(err)
		}
		density, weights := make([]float64, h.Size()), make([]float64, h.Size())
		h.Values(density, weights, law.Mass)
		for i := range density {
			density[i] *= h.Mesh().Volume(i)
		}
		if d := apart(density, gibbsPoints(h.Mesh())); d > c.tolerance {
			t.Errorf("order %v: law %.3g from e^(−U/T)", c.order, d)
		}
		if math.Abs(sum(law.Mass)-1) > 1e-12 || len(law.Classes) != 1 || law.Residual > 1e-9 {
			t.Errorf("order %v: mass %v, %d classes, residual %v", c.order, sum(law.Mass), len(law.Classes), law.Residual)
		}
	}
}

// Both ways to lean on a generator give one law.
func TestDirectionsAndEliminationLeadToOneLaw(t *testing.T) {
	h := onTorus(t, operators.Spectral, 32)
	task, err := newTask(h.Monotone(), nil)
	if err != nil {
		t.Fatal(err)
	}
	near, err := Stationary(h.Monotone(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var laws [][]float64
	for _, make := range []func() (inverse, error){
		func() (inverse, error) { return task.pin(near.Mass, &Report{}) },
		func() (inverse, error) { return task.sweep(task.q.(stencil), near.Mass) },
	} {
		p, err := make()
		if err != nil {
			t.Fatal(err)
		}
		g := &gmres{operator: h, inverse: p, tolerance: 1e-11, m: near.Mass}
		if err := g.run(context.Background(), func(float64) {}); err != nil {
			t.Fatal(err)
		}
		laws = append(laws, g.m)
	}
	if d := apart(laws[0], laws[1]); d > 1e-10 {
		t.Errorf("laws %.3g apart", d)
	}
}

// The elimination beside a heavy cell inverts Qᵀ on what sums to zero.
func TestPinnedInvertsTheGenerator(t *testing.T) {
	h := onTorus(t, operators.Fourth, 16)
	task, err := newTask(h.Monotone(), nil)
	if err != nil {
		t.Fatal(err)
	}
	near, err := Stationary(h.Monotone(), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := task.pin(near.Mass, &Report{})
	if err != nil {
		t.Fatal(err)
	}
	n := h.Size()
	r, x, back := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range r {
		r[i] = math.Sin(float64(7 * i))
	}
	level(r)
	p.solve(x, r)
	h.Monotone().Forward(back, x)
	for i := range back {
		back[i] += r[i]
	}
	if l1(back) > 1e-10*l1(r) || math.Abs(sum(x)) > 1e-12*l1(x) {
		t.Errorf("residual %.3g of %.3g, sum %.3g", l1(back), l1(r), sum(x))
	}
}

func TestHighOrderSaysWhyThereIsNoAnswer(t *testing.T) {
	h := onTorus(t, operators.Fourth, 16)
	if _, err := Stationary(h, &Settings{Tolerance: 1e-30}); !errors.As(err, new(*NotConverged)) {
		t.Errorf("below rounding: error %v, want that it did not converge", err)
	}
	if _, err := Stationary(h, &Settings{Method: "gth"}); err == nil {
		t.Error("gth of what is no generator: no error")
	}
	ended, end := context.WithCancel(context.Background())
	end()
	if _, err := Stationary(h, &Settings{Context: ended}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
	for _, method := range []string{"adi", "contour", "uniformisation"} {
		if _, err := Evolve(h, gibbsPoints(h.Mesh()), []float64{1}, &Settings{Method: method}); err == nil {
			t.Errorf("%s of what is no generator: no error", method)
		}
	}
}

// What is disturbed comes to rest in the stationary law, and mass is kept, whichever
// equation the stages lean on.
func TestHighOrderComesToRest(t *testing.T) {
	h := onTorus(t, operators.Spectral, 20)
	law, err := Stationary(h, &Settings{Tolerance: 1e-11})
	if err != nil {
		t.Fatal(err)
	}
	start := append([]float64(nil), law.Mass...)
	for i := range start {
		start[i] = math.Max(0, start[i])
		start[i] *= 1 + 0.5*math.Sin(2*math.Pi*float64(i%20)/20)
	}
	for _, method := range []string{"", "sdirk4-split", "sdirk4-direct", "sdirk4-sweeps"} {
		e, err := Evolve(h, start, []float64{0.1, 20}, &Settings{Method: method, Tolerance: 1e-5})
		if err != nil {
			t.Fatalf("%q: %v", method, err)
		}
		mass := sum(start)
		for _, m := range e.Masses {
			if math.Abs(sum(m)-mass) > 1e-12 {
				t.Errorf("%q: mass changes by %.3g", method, sum(m)-mass)
			}
		}
		for i := range law.Mass {
			e.Masses[1][i] /= mass
		}
		if d := apart(e.Masses[1], law.Mass); d > 1e-5 {
			t.Errorf("%q: law at rest %.3g from the stationary one", method, d)
		}
	}
}

// What is negative gives way to the generator's if that changes less than a hundredth of
// the tolerance.
func TestNegativeTailsGiveWay(t *testing.T) {
	near := []float64{.4, .6 - 3e-11, 2e-11, 1e-11}
	for _, c := range []struct {
		name      string
		law, want []float64
	}{
		{"a tail", []float64{.5, .5 + 2e-11, -3e-11, 1e-11}, []float64{.5 / (1 + 5e-11), (.5 + 2e-11) / (1 + 5e-11), 2e-11, 1e-11}},
		{"positive", []float64{.5, .5 - 2e-12, 1e-12, 1e-12}, []float64{.5, .5 - 2e-12, 1e-12, 1e-12}},
		{"too much", []float64{.5, .5 + 2e-9, -2e-9, 0}, []float64{.5, .5 + 2e-9, -2e-9, 0}},
	} {
		g := &gmres{tolerance: 1e-8, m: c.law}
		g.giveWay(near)
		for i, m := range g.m {
			if math.Abs(m-c.want[i]) > 1e-15 {
				t.Errorf("%s: mass %d is %v, want %v", c.name, i, m, c.want[i])
			}
		}
		if s := sum(g.m); math.Abs(s-1) > 1e-15 {
			t.Errorf("%s: masses sum to %v", c.name, s)
		}
	}
}
