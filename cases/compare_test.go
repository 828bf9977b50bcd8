package cases

import (
	"slices"
	"strings"
	"testing"
)

func TestCompareTakesStepsThatAreOutputs(t *testing.T) {
	text := line + "[sgd]\nloss = \"x^2/2\"\ncovariance = { \"x,x\" = 1 }\nlr = 0.1\nbatch_size = 1\n[initial]\npoint = { x = 0 }\n[evolve]\nuntil = 1.05\noutputs = 3\n[compare]\n"
	for more, want := range map[string][]float64{
		"":                    {1},      // the last whole step
		"steps = [3, 10]\n":   {0.3, 1}, // 3·0.1 rounds to no 0.3
		"steps = [5, 8, 9]\n": {0.5, 0.8, 0.9},
	} {
		c, err := Parse("c.toml", []byte(text+more), nil)
		if err != nil {
			t.Fatal(err)
		}
		got := c.Problem.Compare.Times
		if !slices.EqualFunc(got, want, func(a, b float64) bool { return a-b < 1e-12 && b-a < 1e-12 }) {
			t.Errorf("%q: times %v, want %v", more, got, want)
		}
		for _, at := range got {
			if !slices.Contains(c.Problem.Evolve.Times, at) {
				t.Errorf("%q: %v is none of the outputs %v", more, at, c.Problem.Evolve.Times)
			}
		}
		if !slices.IsSorted(c.Problem.Evolve.Times) || !slices.Equal(c.Problem.Compare.Models, Models) {
			t.Errorf("%q: outputs %v, models %v", more, c.Problem.Evolve.Times, c.Problem.Compare.Models)
		}
	}
}

// The last model is what the others are held against, so they have one order.
func TestModelsHaveOneOrder(t *testing.T) {
	text := line + "[sgd]\nloss = \"x^2/2\"\ncovariance = { \"x,x\" = 1 }\nlr = 0.1\nbatch_size = 1\n[compare]\nmodels = [\"algorithm\", \"chain\", \"sde1\"]\n"
	c, err := Parse("c.toml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Problem.Compare.Models; !slices.Equal(got, []string{"sde1", "chain", "algorithm"}) {
		t.Errorf("models %v", got)
	}
}

// A description is one of the laws alone: tasks that it does not allow are no part of it.
func TestDescriptionsHaveNoOtherTasks(t *testing.T) {
	c, err := FromGallery("influence", "compare.seed=1", "validate.seed=1", "accuracy=1e-2")
	if err != nil {
		t.Fatal(err)
	}
	chain, err := c.As("chain")
	if err != nil {
		t.Fatal(err)
	}
	if p := chain.Problem; p.Chain == nil || p.Stationary == nil || p.Influence != nil || p.Compare != nil || p.Validate != nil || p.Accuracy != 0 {
		t.Errorf("%+v", p)
	}
}

func TestCompareRefusesWhatItCannotDo(t *testing.T) {
	sgd := line + "[sgd]\nloss = \"x^2/2\"\ncovariance = { \"x,x\" = 1 }\nlr = 0.1\nbatch_size = 1\n"
	evolve := "[initial]\npoint = { x = 0 }\n[evolve]\nuntil = 1\n"
	for text, want := range map[string]string{
		line + "[process]\ndiffusion = 1\n[compare]\n":     "a process without steps",
		sgd + "[compare]\nmodels = [\"sde1\", \"sde3\"]\n": `found "sde3"`,
		sgd + "[compare]\nmodels = [\"sde1\"]\n":           "found 1, expected two at least",
		sgd + "[compare]\nmodels = [\"sde1\", \"sde1\"]\n": "a second time",
		sgd + "[compare]\nsteps = [3]\n":                   "found without [evolve]",
		sgd + evolve + "[compare]\nsteps = [11]\n":         "up to the 10 steps of [evolve]",
		sgd + evolve + "[compare]\nsteps = [1.5]\n":        "whole numbers",
		sgd + "[compare]\ntolerance = 1\n":                 "a probability",
		sgd + "[compare]\nparticles = 1\n":                 "at least 100",
	} {
		if all := mistakes(t, text).Error(); !strings.Contains(all, want) {
			t.Errorf("%q: %s\nwant %q", strings.TrimPrefix(text, line), all, want)
		}
	}
}

// A case as run is the same case when it is read again.
func TestACaseIsReadAgainWithOtherOverrides(t *testing.T) {
	c, err := FromGallery("cars", "sgd.batch_size=7")
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.With("sgd.noise=isotropic")
	if err != nil {
		t.Fatal(err)
	}
	if again.Name != "cars" || again.Data.Len() != 50 || again.Problem.descent.Batch != 7 || again.Problem.coupled != nil {
		t.Errorf("%q with %d examples, batches of %d, coupled axes %v", again.Name, again.Data.Len(), again.Problem.descent.Batch, again.Problem.coupled)
	}
}
