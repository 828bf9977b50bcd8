package validate_test

import (
	"context"
	"math"
	"testing"

	"fokker/validate"
)

func compared(t *testing.T, name string, overrides ...string) *validate.Approximations {
	t.Helper()
	c, r := solved(t, name, overrides...)
	a, err := validate.Approximate(context.Background(), c, r, validate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// figureOf returns that of a description.
func figureOf(t *testing.T, l validate.Beside, model, name string) validate.Compared {
	t.Helper()
	for _, d := range l.Models {
		for _, f := range d.Figures {
			if d.Name == model && f.Name == name {
				return f
			}
		}
	}
	t.Fatalf("no %s of %s in %+v", name, model, l.Models)
	return validate.Compared{}
}

// The covariance of SGD on the cars from AΣ + ΣA − ηAΣA = (η/B)C with C of the law,
// that of the diffusion from AΣ + ΣA = (η/B)C (Mandt, Hoffman and Blei 2017), both
// solved in 50 digits beside the program.
func TestCompareFindsTheFiniteLearningRateOfTheCars(t *testing.T) {
	a := compared(t, "cars", "axis.*.cells=80", "compare.models=[\"sde1\", \"algorithm\"]", "compare.particles=200000", "sgd.learning_rate=0.1")
	if a.First != "sde1" || a.Cause != "finite learning rate" {
		t.Errorf("first %q: %q; %q", a.First, a.Cause, a.Words)
	}
	l := a.Laws[len(a.Laws)-1]
	for name, want := range map[string][2]float64{
		"covariance slope,slope":         {0.0035686294, 0.0037639042},
		"covariance slope,intercept":     {0.0015786600, 0.0016629823},
		"covariance intercept,intercept": {0.0036692881, 0.0038644915},
	} {
		for i, model := range []string{"sde1", "algorithm"} {
			f := figureOf(t, l, model, name)
			if math.Abs(f.Value-want[i]) > 2*f.Mesh+4*f.Sampling+1e-9 {
				t.Errorf("%s: %s = %v ± %v ± %v, want %v", model, name, f.Value, f.Mesh, f.Sampling, want[i])
			}
		}
	}
}
