package cases

import (
	"context"
	"math"
	"testing"
)

// A toggle of two genes, each of which keeps the other off (Gardner, Cantor and Collins 2000): as
// both are alike, so are the wells, though the law on few cells is in one of them, and a
// ten-thousandth of the barrier between them decides. Their weights are as exact as is said.
func TestWellsOfOneKindHaveOneWeight(t *testing.T) {
	r, err := read(t, "accuracy = 1e-2\n[process]\ndrift = { x = \"1.5/(1 + y^4) - x\", y = \"1.5/(1 + x^4) - y\" }\ndiffusion = 0.0015\n").Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	mean, off := r.Stationary.Mean, r.Stationary.Error.Mean
	if apart := math.Abs(mean["x"] - mean["y"]); apart > 3*(off["x"]+off["y"]) || !(off["x"]+off["y"] < 1e-2) {
		t.Errorf("means %v ± %v", mean, off)
	}
}

// U = ¼(x² − 1)² − x/20 + (y − ½x²)²: beside the right well the left one has 3e-15 of the law at
// D = 0.003, once cells have shown both, and no room any more.
func TestAFaintWellNeedsNoRoom(t *testing.T) {
	r, err := read(t, "accuracy = 1e-2\n[define]\nU = \"(x^2 - 1)^2/4 - x/20 + (y - x^2/2)^2\"\n[process]\ndrift = { x = \"-diff(U, x)\", y = \"-diff(U, y)\" }\ndiffusion = 0.003\n").Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if a := r.of.Problem.Axes[0]; a.Lo < 0 || len(r.Warnings) > 0 {
		t.Errorf("x in [%g, %g], %q", a.Lo, a.Hi, r.Warnings)
	}
}

// Two wells that both have half of the law need the room that it shows, where quartic walls keep
// it nearer than Gaussians of the wells: |x| < 1.9 holds all of e^(−4U), U = x⁴/4 − x²/2, but 1e-4.
func TestFullWellsNeedTheRoomOfTheirLaw(t *testing.T) {
	r, err := read(t, "accuracy = 1e-2\n[process]\ndrift = { x = \"v\", v = \"-v + x - x^3\" }\ndiffusion = { v = 0.25 }\n[initial]\npoint = { x = 0.0, v = 0.0 }\n[stationary]\n[evolve]\nuntil = 3.0\noutputs = 2\n").Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if a := r.of.Problem.Axes[0]; a.Hi > 2.5 || a.Lo < -2.5 {
		t.Errorf("x in [%g, %g], %v cells", a.Lo, a.Hi, r.Cells)
	}
}

// AΣ + ΣAᵀ + 2D = 0 with A = −[[1, 1], [0, 1]] and D = ½: Σxx = ¾, Σyy = ½.
func TestAWellHasTheWidthOfItsGaussian(t *testing.T) {
	p := read(t, "[process]\ndrift = { x = \"-x - y + 1\", y = \"2 - y\" }\ndiffusion = 0.5\n").Problem
	for k := range p.Axes {
		p.Axes[k].Lo, p.Axes[k].Hi = -5, 5
	}
	w, ok := p.wellAt([]float64{-1, 2})
	if !ok {
		t.Fatal("no well")
	}
	near(t, "along x", w.std[0], math.Sqrt(.75), 1e-9)
	near(t, "along y", w.std[1], math.Sqrt(.5), 1e-9)
	saddle := read(t, "[process]\ndrift = { x = \"x\", y = \"-2*y\" }\ndiffusion = 0.5\n").Problem
	for k := range saddle.Axes {
		saddle.Axes[k].Lo, saddle.Axes[k].Hi = -5, 5
	}
	if _, ok := saddle.wellAt([]float64{0, 0}); ok {
		t.Error("a saddle is no well")
	}
}
