package cases

import (
	"math"
	"testing"
)

// A standard normal law on the diagonal: P(x + y < 0.73) = Φ(0.365). By lines the
// error falls as h⁴, by cells that the law would fill evenly it does as h at best.
func TestThinLawsCountByTheirLines(t *testing.T) {
	const text = "[[axis]]\nname = \"x\"\nrange = [-6, 6]\ncells = 40\n[[axis]]\nname = \"y\"\nrange = [-6, 6]\ncells = 40\n[process]\ndrift = { x = \"-x\", y = \"-y\" }\ndiffusion = 1\n[observables]\nlow = \"x + y < 0.73\"\n"
	normal := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	var miss []float64
	for _, n := range []string{"40", "80", "160"} {
		p := read(t, text, "axis.x.cells="+n, "axis.y.cells="+n).Problem
		g, err := p.Grid()
		if err != nil {
			t.Fatal(err)
		}
		f, err := p.figures(g)
		if err != nil {
			t.Fatal(err)
		}
		m, even := make([]float64, g.Size()), make([]float64, g.Size())
		edges := g.Axis(0).Edges
		for i := range g.Cells(0) {
			m[i*g.Stride(1)+i] = normal(edges[i+1]) - normal(edges[i])
		}
		for i := range even {
			even[i] = 1 / float64(len(even))
		}
		figures, err := f.of(m, 0)
		if err != nil {
			t.Fatal(err)
		}
		miss = append(miss, math.Abs(figures.Observables["low"]-normal(.365)))
		if cut, err := f.cuts(m, 0); err != nil || cut["observables.low"] != 0 {
			t.Errorf("%v, %v: a line is not cut", cut, err)
		}
		if more := f.onLines(&f.observed[0], even, f.phi[0], 0); more != 0 {
			t.Errorf("an even law changes by %v", more)
		}
	}
	t.Logf("errors %.3g", miss)
	if !(miss[2] < miss[0]/256) {
		t.Errorf("errors %v, want 16 times less by each halving", miss)
	}
}
