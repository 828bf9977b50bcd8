package validate

import (
	"math"
	"strings"
	"testing"

	"fokker/cases"
	"fokker/grid"
	"fokker/validate/compare"
)

// gaussianOn is a normal law by cell integrals.
func gaussianOn(g *grid.Grid, mean, deviation float64) []float64 {
	m, edges := make([]float64, g.Size()), g.Axis(0).Edges
	for i := range m {
		z := func(x float64) float64 { return math.Erfc(-(x-mean)/deviation/math.Sqrt2) / 2 }
		m[i] = z(edges[i+1]) - z(edges[i])
	}
	return divided(m, compare.Sum(m))
}

func lineOfCells(t *testing.T, cells int) *grid.Grid {
	edges := make([]float64, cells+1)
	for i := range edges {
		edges[i] = -8 + 16*float64(i)/float64(cells)
	}
	g, err := grid.New(grid.Axis{Name: "x", Edges: edges, Ends: [2]grid.Boundary{grid.Reflecting, grid.Reflecting}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// measured compares an equation with a chain, both on two meshes.
func measured(t *testing.T, sde, coarse, chain float64) *Beside {
	t.Helper()
	fine, half := lineOfCells(t, 400), lineOfCells(t, 200)
	a := &approximating{of: &cases.Case{Problem: &cases.Problem{LearningRate: 1}}, result: &cases.Result{Grid: fine}, half: half, task: &cases.CompareTask{Tolerance: 0.02}}
	l := &Beside{Name: "stationary", output: -1, Models: []Described{
		{Name: "sde1", Law: gaussianOn(fine, 0, sde), half: gaussianOn(half, 0, coarse)},
		{Name: "chain", Law: gaussianOn(fine, 0, chain), half: gaussianOn(half, 0, chain)},
	}}
	if err := a.measure(l); err != nil {
		t.Fatal(err)
	}
	return l
}

// Of normal laws with variances v and 1 the covariance is off by v − 1. Errors of the
// mesh are differences between the two meshes.
func TestADescriptionHoldsToTheTolerance(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		variance, coarse float64
		holds            *bool
	}{
		{1.01, 1.01, &yes},
		{1.05, 1.05, &no},
		{0.95, 0.95, &no},
		{1.05, 1.045, &no}, // sure to 0.005
		{1.05, 1.01, nil},  // sure to 0.04
		{1.00, 0.95, nil},  // right, and not known to be
		{1.30, 1.20, &no},  // off by 0.3, sure to 0.1
	} {
		l := measured(t, math.Sqrt(c.variance), math.Sqrt(c.coarse), 1)
		d := l.of("sde1")
		if (d.Holds == nil) != (c.holds == nil) || d.Holds != nil && *d.Holds != *c.holds {
			t.Errorf("variance %v, on the coarse mesh %v: holds %v, %s off by %v", c.variance, c.coarse, d.Holds, d.Worst, d.Off)
		}
		if off := math.Abs(c.variance - 1); off > 0 && (d.Worst != "covariance x,x" || math.Abs(d.Off-off) > 1e-3) {
			t.Errorf("variance %v: %s is off by %v, want the covariance by %v", c.variance, d.Worst, d.Off, off)
		}
	}
}

// ½∫|N(0, 1) − N(0, s²)| = 2(Φ(z/s) − Φ(z)) less in size, z² = 2 s² ln s/(s² − 1).
func TestTotalVariationIsThatOfTheDensities(t *testing.T) {
	const s = 1.5
	l := measured(t, s, s, 1)
	z := s * math.Sqrt(2*math.Log(s)/(s*s-1))
	want := math.Erf(z/math.Sqrt2) - math.Erf(z/s/math.Sqrt2)
	if tv := l.TotalVariation[0]; math.Abs(tv.Value-want) > 1e-4 || tv.Mesh > 1e-3 {
		t.Errorf("total variation %v ± %v, want %v", tv.Value, tv.Mesh, want)
	}
	if !l.near("sde1", "chain", want+1e-3) || l.near("sde1", "chain", want-1e-3) {
		t.Errorf("near to less than %v", want)
	}
}

// Probabilities go before moments, and a law that there is not before both.
func TestConclusionNamesTheFirstFailureFromTheAlgorithm(t *testing.T) {
	no, yes := false, true
	for _, c := range []struct {
		chain, sde   Described
		lawless      bool
		first, cause string
	}{
		{Described{Holds: &no, far: true}, Described{Holds: &no, far: true}, false, "chain", nonGaussian},
		{Described{Holds: &no}, Described{Holds: &no}, true, "sde2", noLaw},
		{Described{Holds: &no}, Described{Holds: &no}, false, "chain", nonGaussian},
		{Described{Holds: &yes}, Described{}, true, "sde2", noLaw},
		{Described{Holds: &yes}, Described{}, false, "", ""},
	} {
		a := &approximating{out: &Approximations{}, lawless: map[string]bool{"sde2": c.lawless}, task: &cases.CompareTask{Tolerance: 0.02}}
		c.chain.Name, c.sde.Name = "chain", "sde1"
		l := Beside{Name: "stationary", output: -1, Models: []Described{c.sde, c.chain, {Name: "algorithm"}}}
		l.TotalVariation = []TotalVariation{{Between: [2]string{"sde1", "chain"}, Value: 0.01}}
		a.out.Laws = []Beside{l}
		if err := a.conclude(); err != nil {
			t.Fatal(err)
		}
		if a.out.First != c.first || a.out.Cause != c.cause {
			t.Errorf("%+v: first %q: %q", c, a.out.First, a.out.Cause)
		}
		if all := strings.Join(a.out.Words, "\n"); c.lawless != strings.Contains(all, "sde2 at rest has no law, and others do") {
			t.Errorf("words %s", all)
		}
	}
}

// Of a probability of which no particle has been seen one may have been missed.
func TestAProbabilityOfNoneHasTheErrorOfOne(t *testing.T) {
	g := lineOfCells(t, 100)
	q := &questions{grid: g, names: []string{"E far"}, phi: [][]float64{make([]float64, g.Size())}, units: []float64{1}}
	d := Described{Law: gaussianOn(g, 0, 1), number: 1000}
	d.read(q, nil)
	if got := d.Figures[len(d.Figures)-1]; got.Name != "E far" || got.Value != 0 || got.Sampling != 1e-3 {
		t.Errorf("%+v, want 0 ± 0.001", got)
	}
}
