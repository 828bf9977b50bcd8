package cases

import (
	"math"
	"testing"
)

// P(x + 0.7 y > 0.3) and P(r < 1) of the standard Gaussian, by erfc and exp. With a law that is
// even in every cell they would be of second order.
func TestObliqueComparisonsFollowTheSlopeOfTheLaw(t *testing.T) {
	const text = axisXY + "[process]\ndrift = { x = \"-x\", y = \"-y\" }\ndiffusion = 1\n[observables]\nbeyond = \"x + 0.7*y > 0.3\"\nnear = \"x^2 + y^2 < 1\"\n[numerics]\norder = 4\n"
	var beyond, near []float64
	for _, n := range []int{24, 48} {
		o := run1(t, text, cells(n, "x", "y")...).Stationary.Observables
		beyond, near = append(beyond, o["beyond"]-upper(.3/math.Hypot(1, .7))), append(near, o["near"]+math.Expm1(-.5))
	}
	t.Logf("errors of P(x + 0.7 y > 0.3) %.2g, of P(r < 1) %.2g", beyond, near)
	falls(t, "P(x + 0.7 y > 0.3)", beyond[0], beyond[1], 2, 3)
	falls(t, "P(r < 1)", near[0], near[1], 2, 3)
}

const axisXY = "[[axis]]\nname = \"x\"\nrange = [-6.3, 6.1]\ncells = 24\n[[axis]]\nname = \"y\"\nrange = [-6.2, 6.2]\ncells = 24\n"

// What does not hold holds outside, to the last part of a cell: ends at 0.3, of cells of 1/2.
func TestComparisonsAndTheirNegationsShareCells(t *testing.T) {
	c := read(t, "[process]\ndrift = { x = \"-x\" }\ndiffusion = 1\n[[axis]]\nname = \"x\"\nrange = [-2.0, 2.0]\ncells = 8\n[observables]\nin = \"-0.3 < x < 0.3\"\nout = \"not (-0.3 < x < 0.3)\"\nbeyond = \"x < -0.3 or x > 0.3\"\n[stationary]\n")
	g, err := c.Problem.Grid()
	if err != nil {
		t.Fatal(err)
	}
	phi := map[string][]float64{}
	for _, o := range c.Problem.Observables {
		if phi[o.Name], err = o.OnCells(g, 0); err != nil {
			t.Fatal(err)
		}
	}
	for i, in := range phi["in"] {
		want := 0.0
		if i == 3 || i == 4 {
			want = .6
		}
		if math.Abs(in-want) > 1e-15 || math.Abs(in+phi["out"][i]-1) > 1e-15 || math.Abs(in+phi["beyond"][i]-1) > 1e-15 {
			t.Errorf("cell %d: %v, %v, %v", i, in, phi["out"][i], phi["beyond"][i])
		}
	}
}
