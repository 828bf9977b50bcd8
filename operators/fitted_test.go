package operators_test

import (
	"math"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// Rates follow the drift without a jump, from where noise resolves it to where it outruns
// noise: what steps in time, with a drift that depends on it, can be told the error of.
// |b|h/D passes all kinds of rates from 0 to 6, by 1/2000 of it. From central to fitted it is
// .3 D/h², which the turn takes at a slope of 1 at most; upwind rates have one of 1, and into
// walls, along both axes, all are twice that and a half more.
func TestRatesFollowTheDriftWithoutAJump(t *testing.T) {
	const cells, steps, fastest = 8, 2000, 6.
	const h = 2. / cells
	const change = fastest / steps // of |b|h/D
	for name, c := range map[string]struct {
		walls ends
		term  func(p operators.Process) operators.Term
	}{
		"transport":         {ends{R, R}, func(p operators.Process) operators.Term { return operators.Transport{Process: p} }},
		"transport, leaves": {ends{A, A}, func(p operators.Process) operators.Term { return operators.Transport{Process: p} }},
	} {
		g := mesh(t, axis(t, grid.Uniform(), -1, 1, cells, c.walls), axis(t, grid.Uniform(), -1, 1, cells, c.walls))
		var before *operators.Block
		most := 0.0
		for i := range steps {
			speed := fastest / h * float64(i) / steps
			q := build(t, g, c.term(field{2,
				func(b, _ []float64, _ float64) { b[0], b[1] = speed, speed/3 },
				func(d, _ []float64, _ float64) { d[0], d[1] = 1, 1 }}))
			if before != nil {
				for cell, rate := range q.Exit() {
					most = max(most, math.Abs(rate-before.Exit()[cell])*h*h)
				}
			}
			before = q
		}
		if t.Logf("%s: %.2g of the noise", name, most); most > 6*change {
			t.Errorf("%s: the rate of leaving a cell changes by %.2g of the noise, want at most %.2g", name, most, 6*change)
		}
	}
}
