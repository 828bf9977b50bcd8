package cases

import (
	"context"
	"math"
	"testing"
)

// The posterior N(0, H⁻¹/n) of bayes has the deviation 1/√(200·¼) along b, more than the law
// has: the box is as wide as that wants.
func TestBoxesHoldThePosterior(t *testing.T) {
	r, err := bayes().opened(t, "1e-3").Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := r.Grid.Axis(1).Edges
	deviation := 1 / math.Sqrt(200*.25)
	if beyond := math.Erfc(min(-b[0], b[len(b)-1]) / deviation / math.Sqrt2); beyond > 1e-4 {
		t.Errorf("beyond [%g, %g] the posterior has %.2g", b[0], b[len(b)-1], beyond)
	}
}

// Where walls cut 4e-4 off the posterior, KL lacks as much, and its error says so.
func TestErrorsSeeThePosteriorCut(t *testing.T) {
	k := bayes()
	k.set = []string{"axis.a.cells=192", "axis.b.cells=160", "axis.b.range=[-0.5, 0.5]"}
	r := k.run(t)
	want := math.Erfc(.5 * math.Sqrt(200*.25) / math.Sqrt2)
	off := math.Abs(r.Learning.Stationary.KL - k.rest["learning.kl"])
	if got := r.Learning.Error.KL; off < want/2 || got < off || got > 3*off {
		t.Errorf("off by %.3g ± %.3g, %.3g of the posterior is beyond the walls", off, got, want)
	}
}
