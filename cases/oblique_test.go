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
