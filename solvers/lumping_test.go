package solvers_test

import (
	"errors"
	"math"
	"testing"

	"fokker/grid"
	"fokker/operators"
	"fokker/solvers"
)

// wells is a chain in a double well, whose sides change every thousand steps.
func wells(t *testing.T, n int, ends grid.Boundary) *operators.Kernel {
	t.Helper()
	p := operators.Pointwise{
		Dimension: 1, Noises: 1,
		DriftAt: func(b, x []float64, _ float64) { b[0] = x[0] - x[0]*x[0]*x[0] },
		NoiseAt: func(s, x []float64, _ float64) { s[0] = 0.35 },
	}
	edges := make([]float64, n+1)
	for i := range edges {
		edges[i] = -2 + 4*float64(i)/float64(n)
	}
	g, err := grid.New(grid.Axis{Name: "x", Edges: edges, Ends: [2]grid.Boundary{ends, ends}})
	if err != nil {
		t.Fatal(err)
	}
	k, err := operators.NewKernel(g, operators.Normal{Process: p, Interval: 0.1}, 1, 1e9)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Both methods find the law that a step does not change.
func TestLawsOfChainsAreThoseOfAStep(t *testing.T) {
	c := wells(t, 500, grid.Reflecting)
	laws := map[string][]float64{}
	for _, method := range []string{"gth", "lumping"} {
		law, err := solvers.StationaryChain(c, &solvers.Settings{Method: method, Tolerance: 1e-10})
		if err != nil {
			t.Fatal(err)
		}
		if law.Method != method || len(law.Classes) != 1 {
			t.Errorf("method %q with %d classes, want %q with 1", law.Method, len(law.Classes), method)
		}
		laws[method] = law.Mass
		next := make([]float64, c.Size())
		c.Step(next, law.Mass)
		if moved := l1(next, law.Mass); moved > 1e-13 {
			t.Errorf("%s: a step moves the law by %.2g", method, moved)
		}
		sum, least := 0.0, 0.0
		for _, m := range law.Mass {
			sum, least = sum+m, math.Min(least, m)
		}
		if math.Abs(sum-1) > 1e-13 || least < 0 {
			t.Errorf("%s: mass %v, least %v", method, sum, least)
		}
		if method == "lumping" && law.WorkUnits > 100 { // a step alone takes thousands
			t.Errorf("%v steps", law.WorkUnits)
		}
	}
	if apart := l1(laws["gth"], laws["lumping"]); apart > 1e-10 {
		t.Errorf("the laws are %.2g apart", apart)
	}
}

func l1(a, b []float64) (sum float64) {
	for i := range a {
		sum += math.Abs(a[i] - b[i])
	}
	return sum
}

// Mass and what is lost of it are one, at every count of steps; a chain that loses has
// no law at rest.
func TestStepsKeepMassAndWhatIsLost(t *testing.T) {
	c := wells(t, 200, grid.Absorbing)
	m0 := make([]float64, 200)
	m0[30] = 1
	e, err := solvers.Steps(c, m0, []int{0, 1, 10, 1000}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if e.Steps != 1000 || e.Times[2] != 10*c.Time() || e.Masses[0][30] != 1 {
		t.Errorf("%d steps to %v from %v", e.Steps, e.Times, e.Masses[0][30])
	}
	for i, m := range e.Masses {
		sum := e.Lost[i]
		for _, v := range m {
			sum += v
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Errorf("mass and loss are %v after %v", sum, e.Times[i])
		}
	}
	if !(e.Lost[3] > e.Lost[2] && e.Lost[2] > 0) {
		t.Errorf("lost %v", e.Lost)
	}
	if _, err := solvers.StationaryChain(c, nil); !errors.Is(err, solvers.ErrLost) {
		t.Errorf("error %v, want that all is lost", err)
	}
}
