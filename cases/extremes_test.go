package cases

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// extreme is an optimiser on a few examples.
func extreme(axis, sgd, tasks string) string {
	return "[[axis]]\nname = \"a\"\nrange = [-1, 3]\n" + axis + "\n[sgd]\nloss = \"0.5*(a*x - y)^2\"\nmodel = \"chain\"\n" + sgd + "\n" + tasks + "\n"
}

const someRows = "x,y,w\n1,2,1\n2,3,1\n0.5,0.2,1\n-1,-0.7,2\n0.3,1.1,0.5\n"

func ran(t *testing.T, data, text string) (*Result, error) {
	t.Helper()
	c, err := Parse("c.toml", []byte(text), files(map[string]string{"d.csv": data}))
	if err != nil {
		return nil, err
	}
	return c.Run(t.Context(), Options{Workers: 2})
}

func TestExtremesOfChainsAreMistakes(t *testing.T) {
	rows := "data = \"d.csv\"\nbatch_size = 1\n"
	for _, c := range []struct{ name, text, want string }{
		{"a Gaussian step around a periodic axis", extreme("cells = 64\nboundary = \"periodic\"", rows+"batches = \"gaussian\"\nlearning_rate = 1e6", ""), "sgd.learning_rate"},
		{"a batch's step around a periodic axis", extreme("cells = 64\nboundary = \"periodic\"", rows+"learning_rate = 1e300", ""), "sgd.learning_rate"},
		{"a region without cells", extreme("cells = 64", rows+"learning_rate = 0.1", "[quasistationary]\nwithin = \"a < -5\""), "c.toml:12: quasistationary.within: no cell has its centre in the region"},
		{"a region that is none somewhere", extreme("cells = 64", rows+"learning_rate = 0.1", "[quasistationary]\nwithin = \"log(a) < 0\""), "c.toml:12: quasistationary.within: log(a) < 0 is NaN, a = -0.96875"},
		{"a probability that is none somewhere", extreme("cells = 64", rows+"learning_rate = 0.1", "[observables]\nlow = \"log(a) < 0\""), "observables.low: log(a) < 0 is NaN, a = -0.96875"},
		{"a method that is none", extreme("cells = 64", rows+"learning_rate = 0.1", "[quasistationary]\nwithin = \"a < 1\"\nmethod = \"foo\""), "quasistationary.method: found \"foo\""},
		{"a region of an open range", strings.Replace(extreme("", rows+"learning_rate = 0.1", "[quasistationary]\nwithin = \"a < 1\""), "range = [-1, 3]\n", "", 1), "c.toml:10: quasistationary: found alone with a range that is left open"},
		{"a temperature beyond numbers", extreme("cells = 64", rows+"learning_rate = 0.1", "[learning]\ntemperatures = [1, 1e-300]"), "learning.temperatures: found 1e-300"},
		{"a negative deviation", extreme("cells = 64", "data = { x = \"normal(0, -1)\", y = \"x\" }\nbatch_size = 1\nlearning_rate = 0.1", ""), "sgd.data.x: found a normal number with a standard deviation of -1"},
		{"an empty range", extreme("cells = 64", "data = { x = \"uniform(1, 0)\", y = \"x\" }\nbatch_size = 1\nlearning_rate = 0.1", ""), "sgd.data.x: found a uniform number"},
	} {
		_, err := ran(t, someRows, c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Count(err.Error(), "c.toml") != 1 {
			t.Errorf("%s: %v, want one mistake with %q", c.name, err, c.want)
		}
	}
	huge := strings.NewReplacer(",1\n", ",1e308\n", ",2\n", ",1e308\n").Replace(someRows)
	if _, err := ran(t, huge, extreme("cells = 64", rows+"learning_rate = 0.1\nweights = \"w\"", "")); err == nil || !strings.Contains(err.Error(), "above 1e+150") {
		t.Errorf("weights without a sum: %v", err)
	}
}

// Probabilities of the batches of many examples are far below numbers, one by one: two
// examples, 2000 a batch, are a binomial number of them.
func TestLargeBatchesAreEnumerated(t *testing.T) {
	const rate, batch = 0.1, 2000
	r, err := ran(t, "x,y\n1,2\n1,3\n", extreme("cells = 4000", "data = \"d.csv\"\nlearning_rate = 0.1\nbatches = \"enumerated\"\nbatch_size = 2000", ""))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "mean", r.Stationary.Mean["a"], 2.5, 1e-9)
	near(t, "variance", r.Stationary.Covariance["a,a"], rate/(2-rate)*0.25/batch, 1e-7) // of an autoregression of noise η²/(4B)
}

func TestStepsWithoutNoiseAreSaid(t *testing.T) {
	full := "data = \"d.csv\"\nbatch_size = 5\nsampling = \"without replacement\"\nlearning_rate = 0.1"
	r, err := ran(t, someRows, extreme("cells = 64", full, ""))
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(r.Warnings, "\n"); !strings.Contains(all, "steps have no noise along a") || strings.Contains(all, "Inf") {
		t.Errorf("warnings of gradient descent: %s", all)
	}
	if _, err := ran(t, "x,y,w\n1,2,3\n1,2,3\n", extreme("cells = 64", "data = \"d.csv\"\nbatch_size = 2\nlearning_rate = 0.1", "")); !errors.Is(err, ErrNoLaw) {
		t.Errorf("equal examples, whose noise is rounding: %v, want ErrNoLaw", err)
	}
}

func TestStepsBeyondTheBoxAreSaid(t *testing.T) {
	for axis, cells := range map[string]int{"cells = 1": 1, "cells = 64": 64} {
		r, err := ran(t, someRows, extreme(axis, "data = \"d.csv\"\nbatch_size = 1\nlearning_rate = 1e6", ""))
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(r.Warnings, "\n")
		if near(t, "mass", sum(r.Stationary.Masses), 1, 1e-12); cells > 1 && !strings.Contains(all, "cells at the walls") {
			t.Errorf("%d cells: warnings %s", cells, all)
		}
		if math.IsNaN(r.Stationary.Mean["a"]) {
			t.Errorf("%d cells: no mean", cells)
		}
	}
}
