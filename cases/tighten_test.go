package cases

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

// downhill is a law that runs down a steep potential, whose free energy passes 0: it is
// measured by the temperature, and moves by thirty times that where mass does.
const downhill = `
[[axis]]
name = "x"
[process]
potential = "50*(x-1)^2 - 0.95335"
temperature = 0.02
[initial]
mean = { x = 0.8 }
std = { x = 0.1 }
[evolve]
until = 0.01
outputs = 3
`

// Where the twentieth of the accuracy that steps in time may take moves a figure by more
// than is wanted, they are made shorter, and the case that is written gives the same law.
// E x = 1 − 0.2 e^(−100t), Var x = 0.0002 + 0.0098 e^(−200t) (Uhlenbeck and Ornstein 1930).
func TestTimeStepsAreTheSearchsToChoose(t *testing.T) {
	r, err := read(t, "accuracy = 3e-4\n"+downhill).Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := r.of.Problem
	if usual := .05 * 3e-4; !(p.Evolve.Tolerance < usual/2 && r.Evolve.TimeError <= p.Evolve.Tolerance) {
		t.Errorf("tolerance %g, error %g; want less than half of %g", p.Evolve.Tolerance, r.Evolve.TimeError, usual)
	}
	near(t, "E x", r.Evolve.Mean["x"][1], 1-.2*0.60653065971263, 3e-4)
	near(t, "Var x", r.Evolve.Covariance["x,x"][1], .0002+.0098*0.36787944117144, 3e-4*.0054)
	again, err := read(t, string(r.of.TOML())).Run(context.Background(), Options{})
	if err != nil || !slices.Equal(again.Evolve.Masses[2], r.Evolve.Masses[2]) {
		t.Errorf("the case that was written gives another law: %v", err)
	}
}

// A tolerance that the case states is kept, and named where it keeps figures from the
// accuracy; those of another task have it all the same.
func TestAStatedToleranceIsNamed(t *testing.T) {
	text := "accuracy = 1e-4\n[process]\ndrift = { x = \"-x\" }\ndiffusion = 0.5\n[initial]\nmean = { x = 0 }\nstd = { x = 0.4 }\n[stationary]\n[evolve]\nuntil = 3\noutputs = 3\ntolerance = 1e-3\n"
	_, err := read(t, text).Run(context.Background(), Options{})
	var no *NotReached
	if !errors.As(err, &no) || no.Reason != "the case states tolerance = 0.001 in [evolve]" {
		t.Fatalf("%v, want a word on the tolerance", err)
	}
	for _, m := range no.Missed {
		if !strings.HasPrefix(m.Task, "evolve") {
			t.Errorf("%s, %s misses, but its law does not depend on it", m.Task, m.Path)
		}
	}
}
