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

// Steps that go to and fro have a law at rest all the same, and an eigenvalue next to
// −1, whose function changes sign in a step.
func TestLawsOfChainsThatGoToAndFro(t *testing.T) {
	p := operators.Pointwise{
		Dimension: 1, Noises: 1,
		DriftAt: func(b, x []float64, _ float64) { b[0] = -3 * math.Tanh(x[0]) },
		NoiseAt: func(s, x []float64, _ float64) { s[0] = 0.3 },
	}
	edges := make([]float64, 401)
	for i := range edges {
		edges[i] = -2.5 + 5*float64(i)/400
	}
	g, err := grid.New(grid.Axis{Name: "x", Edges: edges})
	if err != nil {
		t.Fatal(err)
	}
	c, err := operators.NewKernel(g, operators.Normal{Process: p, Interval: 1}, 1, 1e9)
	if err != nil {
		t.Fatal(err)
	}
	law, err := solvers.StationaryChain(c, &solvers.Settings{Method: "lumping", Tolerance: 1e-10})
	if err != nil {
		t.Fatal(err)
	}
	direct, err := solvers.StationaryChain(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if apart := l1(law.Mass, direct.Mass); apart > 1e-10 {
		t.Errorf("the laws are %.2g apart", apart)
	}
	lambda, u, err := solvers.Alternation(c, nil)
	if err != nil || u == nil {
		t.Fatalf("no eigenvalue: %v", err)
	}
	next := make([]float64, 400)
	c.Backward(next, u)
	for i, v := range next {
		if math.Abs(v-lambda*u[i]) > 1e-6 { // of powers whose eigenvalue is right to 1e-12
			t.Fatalf("Pu = %v where λu = %v, λ = %v", v, lambda*u[i], lambda)
		}
	}
	if _, u, err := solvers.Alternation(wells(t, 300, grid.Reflecting), nil); u != nil || err != nil {
		t.Errorf("a chain that does not go to and fro has %v, %v", u != nil, err)
	}
}

// Steps without noise into two wells end in one of two cells, and noise
// that ends between two wells leaves each its law: lumping finds what elimination does.
func TestLumpingFindsAllClosedClasses(t *testing.T) {
	edges := make([]float64, 202)
	for i := range edges {
		edges[i] = 4*float64(i)/200 - 2.01 // ±1 and 0 are centres
	}
	g, err := grid.New(grid.Axis{Name: "x", Edges: edges})
	if err != nil {
		t.Fatal(err)
	}
	initial := make([]float64, g.Size())
	initial[60], initial[98], initial[150], initial[170] = 0.1, 0.2, 0.3, 0.4
	for name, noise := range map[string]float64{"none": 0, "in the right well": 0.3} {
		p := operators.Pointwise{
			Dimension: 1, Noises: 1,
			DriftAt: func(b, x []float64, _ float64) { b[0] = x[0] - x[0]*x[0]*x[0] },
			NoiseAt: func(s, x []float64, _ float64) { s[0] = noise * max(0, min(x[0]-0.5, 1.5-x[0])) },
		}
		c, err := operators.NewKernel(g, operators.Normal{Process: p, Interval: 0.1}, 1, 1e9)
		if err != nil {
			t.Fatal(err)
		}
		want, err := solvers.StationaryChain(c, &solvers.Settings{Initial: initial})
		if err != nil || len(want.Classes) < 2 {
			t.Fatalf("elimination: %v", err)
		}
		got, err := solvers.StationaryChain(c, &solvers.Settings{Initial: initial, Method: "lumping"})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Classes) != len(want.Classes) || l1(got.Mass, want.Mass) > 1e-7 {
			t.Errorf("noise %s: %d classes, law off by %.2g, want %d classes", name, len(got.Classes), l1(got.Mass, want.Mass), len(want.Classes))
		}
		if law, err := solvers.StationaryChain(c, &solvers.Settings{Method: "lumping"}); err != nil || law.Mass != nil || !math.IsNaN(law.Classes[0].Probability) {
			t.Errorf("noise %s: a mixture without an initial law, %v", name, err)
		}
	}
}

func l1(a, b []float64) (sum float64) {
	for i := range a {
		sum += math.Abs(a[i] - b[i])
	}
	return sum
}

// Within a region both methods find the law that a step multiplies by λ, by as much as
// what leaves it.
func TestLawsOfSurvivorsAreMultipliedByAStep(t *testing.T) {
	c := wells(t, 500, grid.Absorbing)
	within := make([]bool, 500)
	for i := range within {
		within[i] = i < 230
	}
	rates := map[string]float64{}
	for _, method := range []string{"gth", "lumping"} {
		q, err := solvers.QuasistationaryChain(c, within, &solvers.Settings{Method: method, Tolerance: 1e-10})
		if err != nil {
			t.Fatal(err)
		}
		next, stays := make([]float64, 500), math.Exp(-q.Rate)
		c.Step(next, q.Mass)
		moved := 0.0
		for i, m := range next {
			if within[i] {
				moved += math.Abs(m - stays*q.Mass[i])
			} else if q.Mass[i] != 0 {
				t.Fatalf("mass %v outside", q.Mass[i])
			}
		}
		if moved > 1e-10 || !(q.Rate > 1e-5 && q.Rate < 1e-2) {
			t.Errorf("%s: a step misses λν by %.2g, rate %v", method, moved, q.Rate)
		}
		rates[method] = q.Rate
	}
	if off := rates["lumping"]/rates["gth"] - 1; math.Abs(off) > 1e-9 {
		t.Errorf("the rates differ by %.2g of them", off)
	}
	closed := wells(t, 200, grid.Reflecting)
	if _, err := solvers.QuasistationaryChain(closed, nil, nil); !errors.Is(err, solvers.ErrStays) {
		t.Errorf("error %v, want that nothing leaves", err)
	}
	if _, err := solvers.QuasistationaryChain(closed, make([]bool, 200), nil); err == nil {
		t.Error("no cell within is no error")
	}
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
