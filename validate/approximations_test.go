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
	a := compared(t, "approximations", "axis.*.cells=64", "compare.models=[\"sde1\", \"chain\", \"algorithm\"]")
	if a.First != "sde1" || a.Cause != "finite learning rate" {
		t.Errorf("first %q: %q; %q", a.First, a.Cause, a.Words)
	}
	l := a.Laws[len(a.Laws)-1]
	for name, want := range map[string][3]float64{
		"covariance slope,slope":         {0.0035686294, 0.0037639042, 0.0037639042},
		"covariance slope,intercept":     {0.0015786600, 0.0016629823, 0.0016629823},
		"covariance intercept,intercept": {0.0036692881, 0.0038644915, 0.0038644915},
	} {
		for i, model := range []string{"sde1", "chain", "algorithm"} {
			f := figureOf(t, l, model, name)
			if math.Abs(f.Value-want[i]) > 2*f.Mesh+4*f.Sampling+1e-9 {
				t.Errorf("%s: %s = %v ± %v ± %v, want %v", model, name, f.Value, f.Mesh, f.Sampling, want[i])
			}
		}
	}
}

// Steps x ← (x ± 1)/2 have a uniform law on [−1, 1] (Erdős 1939), its equation of first
// order N(0, ¼), and the chain of the same moments nearly N(0, ⅓). Total variations to
// the uniform law: 2Φ(−2) + the surplus about 0, .2284562394, both by quadrature.
func TestCompareFindsBatchesThatAreNotGaussian(t *testing.T) {
	a := compared(t, "bernoulli", "sgd.model=diffusion", "compare.models=[\"sde1\", \"chain\", \"algorithm\"]")
	if a.First != "chain" || a.Cause != "non-Gaussian batches" {
		t.Errorf("first %q: %q; %q", a.First, a.Cause, a.Words)
	}
	tv := a.Laws[0].TotalVariation[1]
	if tv.Between != [2]string{"sde1", "algorithm"} || math.Abs(tv.Value-0.2284562394) > tv.Mesh+2*tv.Sampling {
		t.Errorf("total variation of %v: %v ± %v ± %v, want .2285", tv.Between, tv.Value, tv.Mesh, tv.Sampling)
	}
}
