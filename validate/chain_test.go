package validate_test

import (
	"strings"
	"testing"
)

// Particles that make the steps of a chain have its law at rest and in time: with
// Gaussian noise, and those of the optimiser where batches are enumerated. With
// Gaussian noise instead of two batches the optimiser has not.
func TestVerifyFollowsTheStepsOfAChain(t *testing.T) {
	for _, c := range []struct {
		name, who string
		set       []string
		pass      bool
	}{
		{"quartic", "t = 10: ", nil, true},
		{"bernoulli", "optimiser, stationary: ", nil, true},
		{"bernoulli", "optimiser, stationary: ", []string{"sgd.batches=gaussian"}, false},
	} {
		one, r := solved(t, c.name, append(c.set, "validate.particles=20000", "validate.seed=1")...)
		v := verified(t, one, r, 0)
		found(t, v, c.who+"covariance x,x")
		if v.Pass != c.pass || v.Method != "chain" {
			t.Errorf("%s %v: pass %v by %s, want %v: %+v", c.name, c.set, v.Pass, v.Method, c.pass, v.Tests)
		}
		if words := strings.Join(v.Words, " "); !c.pass && !strings.Contains(words, "that of its batches") {
			t.Errorf("words %q, want that batches are not Gaussian", words)
		}
	}
}
