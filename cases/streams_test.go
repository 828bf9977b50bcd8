package cases

import (
	"math"
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
