package cases

import (
	"math"
	"strings"
	"testing"
)

// Where no fixed point of streams is found on the wide cells of a search, upwind rates
// have the law of a particle in a well, of variances T/U″ and T (Kramers 1940).
func TestSearchesOutlastStreams(t *testing.T) {
	s := run1(t, "accuracy = 1e-2\n[process]\ndrift = { x = \"y\", y = \"x - x^3 - y\" }\ndiffusion = { y = 0.005 }\n").Stationary
	near(t, "variance of y", s.Covariance["y,y"], 0.005, 5e-5)
	if well := math.Abs(math.Abs(s.Mean["x"]) - 1); s.Covariance["x,x"] < 0.5 && well > 0.01 {
		t.Errorf("mean of x = %v, want a well", s.Mean["x"])
	}
}

// Cells that keep an axis without noise from streaming are named; others are not.
func TestCellsInTheWayOfStreamsAreNamed(t *testing.T) {
	const rough = "cells = 40\nspacing = { at = [-3, 0, 0.001, 3], width = [1, 1, 6, 6] }\n"
	axis := func(name, cells string) string {
		return "[[axis]]\nname = \"" + name + "\"\nrange = [-3, 3]\n" + cells
	}
	for _, c := range []struct {
		x, v string
		want string
	}{
		{rough, "cells = 24\n", `to first order in the cells; axis "x" has cells more than three times`},
		{"cells = 24\n", rough, ""},
	} {
		r := run1(t, axis("x", c.x)+axis("v", c.v)+"[process]\ndrift = { x = \"v\", v = \"-v - x\" }\ndiffusion = { v = 0.3 }\n[numerics]\nerrors = false\n")
		all := strings.Join(r.Warnings, "\n")
		if got := strings.Contains(all, "without which it would have streams"); got != (c.want != "") || !strings.Contains(all, c.want) {
			t.Errorf("warnings %q, want %q", r.Warnings, c.want)
		}
	}
}
