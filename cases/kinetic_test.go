package cases

import (
	"context"
	"testing"

	"fokker/operators"
)

// Noise on v alone, in boxes that a search begins far too wide: walls come nearer as the
// law is seen, negative masses of the fourth order or not, and what a tolerance leaves of
// these asks for no more cells. At rest d/dt E of xv, of x²/2 − x⁴/4 and of v²/2 are 0, hence
// E v² = E x² and E x²v² = E v² + D (of the equation of van der Pol, 1926).
func TestAxesWithoutNoiseEndNearTheirLaw(t *testing.T) {
	r, err := read(t, "accuracy = 1e-2\n[process]\ndrift = { x = \"v\", v = \"(1 - x^2)*v - x\" }\ndiffusion = { v = 0.3 }\n[observables]\nboth = \"x^2*v^2\"\n").Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	square := r.Stationary.Covariance["x,x"]
	near(t, "E v²", r.Stationary.Covariance["v,v"], square, 1e-2*square)
	near(t, "E x²v²", r.Stationary.Observables["both"], square+.3, 1e-2*(square+.3))
	if a := r.of.Problem.Axes[1]; a.Hi-a.Lo > 13 || r.Grid.Size() > 40000 || r.of.Problem.Order != operators.Fourth {
		t.Errorf("v in [%g, %g], %v cells of order %v", a.Lo, a.Hi, r.Cells, r.of.Problem.Order)
	}
}

// A box of half the width with as many cells has cells half as wide: that is all that a step
// does unless errors of these still ask for more.
func TestCellsShrinkSoFarAtOnceInANarrowerBox(t *testing.T) {
	s := &reaching{axes: make([]AxisSpec, 2), run: &run{problem: &Problem{}}}
	for _, c := range []struct{ factor, part, want float64 }{
		{10, 1, 3}, {10, .5, 1.5}, {10, .1, 1}, {2, 1, 2}, {2, .25, .5}, {1, .25, .25},
	} {
		near(t, "more", s.more(c.factor, c.part), c.want, 1e-15)
	}
}

// Axes with less of an error than their part of what is wanted keep their cells, and what they
// leave of it is that of the others: shares of .5 and .4 fall to .2 each beside .1 that stays.
func TestOthersHaveWhatSmallSharesLeave(t *testing.T) {
	for _, c := range []struct {
		share      []float64
		left, want float64
	}{
		{[]float64{.5, .5}, .5, .25}, {[]float64{0, 1}, .5, .5}, {[]float64{.5, .1, .4}, .5, .2}, {[]float64{.75, .25}, .25, .125},
	} {
		near(t, "the part of each", leastWork(c.share, c.left), c.want, 1e-15)
	}
	if p := leastWork([]float64{.4, .6}, 1.1); p < .6 {
		t.Errorf("of nothing too much a part of %g is wanted", p)
	}
	s := &reaching{from: &Case{Problem: &Problem{Accuracy: 1e-3}}}
	factor := []float64{1, 1}
	s.ask(factor, measure{error: 4e-3, mesh: 4e-3, scale: 1}, []float64{0, 1}, 2)
	near(t, "cells along the second axis", factor[1], 2*sure, 1e-12)
	near(t, "cells along the first axis", factor[0], 1, 0)
}

// The fourth order, which fails on few cells, is tried again on four times as many, and if
// it fails there as well, the second goes on from the law that it had.
func TestTheFourthOrderIsTriedAgain(t *testing.T) {
	c := read(t, "accuracy = 1e-3\n[process]\ndrift = { x = \"y\", y = \"-y - x\" }\ndiffusion = { y = 1 }\n")
	s := c.reaching(context.Background(), Options{})
	s.axes[0].Cells, s.axes[1].Cells = 48, 48
	if s.order != operators.Fourth || !s.lowers() || s.order != 0 {
		t.Fatalf("order %v", s.order)
	}
	next := append([]AxisSpec(nil), s.axes...)
	if next[0].Cells = 191; s.mayRaise(next) {
		t.Error("raised on less than four times as many cells")
	}
	if next[0].Cells = 192; !s.mayRaise(next) {
		t.Error("not raised on four times as many cells")
	}
	s.axes, s.run = next, &run{}
	s.raises()
	if s.order != operators.Fourth || !s.fallsBack() || s.order != 0 || s.run == nil || s.fallsBack() || s.mayRaise(next) {
		t.Errorf("after it failed again: order %v, law %v", s.order, s.run)
	}
}
