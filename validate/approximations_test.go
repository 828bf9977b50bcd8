package validate_test

import (
	"context"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"fokker/cases"
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

// Once the time is over, the law of the run is there alone, and the others are named.
func TestCompareNamesWhatIsLate(t *testing.T) {
	c, r := solved(t, "approximations", "axis.*.cells=16")
	ctx, cancel := context.WithDeadline(context.Background(), time.Now())
	defer cancel()
	a, err := validate.Approximate(ctx, c, r, validate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if l := a.Laws[0]; len(l.Models) != 1 || l.Reference != "sde1" {
		t.Errorf("found %+v, want sde1 alone", l.Models)
	}
	for _, name := range []string{"sde2", "sde2+", "chain", "algorithm"} {
		if want := "its laws take longer than the time limit"; a.Missing[name] != want {
			t.Errorf("%s: %q, want %q", name, a.Missing[name], want)
		}
	}
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

// At a = 2 the regular minimum is beyond the edge of stability, 16ηa⁴ = 2.56, and the
// chain leaves it (0.014377 per step); no equation does. At a = 1.5, 0.81, both stay.
func TestCompareFindsTheEdgeOfStability(t *testing.T) {
	models := "compare.models=[\"sde1\", \"chain\"]"
	a := compared(t, "escape", models)
	if a.First != "sde1" || a.Cause != "edge of stability" {
		t.Errorf("first %q: %q; %q", a.First, a.Cause, a.Words)
	}
	for model, want := range map[string]float64{"sde1": 0.348484848, "chain": 0.348484848 * math.Exp(-0.014377*400)} {
		left := figureOf(t, a.Laws[0], model, "E left")
		if math.Abs(left.Value-want) > 0.03*want { // by what happens before the slowest mode is alone
			t.Errorf("%s: %v of the mass is left, want about %v", model, left.Value, want)
		}
	}
	for _, l := range compared(t, "escape", models, "a=1.5").Laws {
		sde, chain := figureOf(t, l, "sde1", "E left"), figureOf(t, l, "chain", "E left")
		if math.Abs(sde.Value-chain.Value) > 1e-6 {
			t.Errorf("a = 1.5: %v is left by the equation, %v by the chain", sde.Value, chain.Value)
		}
	}
}

// Steps of SGD hardly ever leave either well: particles that started by the masses of the
// diffusion still have them after 10000 steps, which says nothing of the masses of SGD.
// With more noise they forget them, after more steps than it takes to diffuse through the law.
func TestCompareDoesNotTakeAStartForRest(t *testing.T) {
	const text = `
[[axis]]
name = "w"
range = [-2.5, 2.5]
cells = 200
[sgd]
loss = "0.25*(w^2 - 1)^2 + 0.02*w + w*g"
data = "signs.csv"
learning_rate = 0.1
batch_size = 1
[stationary]
[compare]
models = ["sde1", "algorithm"]
particles = 2000
[observables]
right = "w > 0"
`
	for noise, leaves := range map[string]bool{"0.7": false, "2": true} {
		open := func(string) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("g\n" + noise + "\n-" + noise + "\n")), nil
		}
		c, err := cases.Parse("wells.toml", []byte(text), open)
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.Run(context.Background(), cases.Options{})
		if err != nil {
			t.Fatal(err)
		}
		a, err := validate.Approximate(context.Background(), c, r, validate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		l := a.Laws[0]
		memory, said := l.Models[1].Memory, strings.Contains(strings.Join(a.Words, "; "), "are not at rest")
		if right := figureOf(t, l, "algorithm", "E right"); leaves && (memory > 0 || said || right.Sampling > 0.02) {
			t.Errorf("noise %s: memory %v, %v on the right ± %v, %q", noise, memory, right.Value, right.Sampling, a.Words)
		} else if !leaves && (memory < 0.9 || !said || right.Sampling < 0.1 || l.Models[0].Holds != nil) {
			t.Errorf("noise %s: memory %v, %v on the right ± %v, %q", noise, memory, right.Value, right.Sampling, a.Words)
		}
	}
}
