package validate

import (
	"context"
	"strings"
	"testing"

	"fokker/cases"
)

const rotation = `
[[axis]]
name = "x"
range = [-4, 4]
cells = 80
[[axis]]
name = "y"
range = [-3, 3]
cells = 80
[process]
drift = { x = "-x - 2*y", y = "2*x - 1.5*y" }
diffusion = { x = 1, y = 0.3 }
`

// A process without a current that has the law of one with a current is told apart
// by nothing else: b = −DΣ⁻¹x, Σ = (0.650909, 0.174545; 0.174545, 0.432727).
func TestOnlyCurrentsTellARotationApart(t *testing.T) {
	parse := func(text string) *cases.Case {
		c, err := cases.Parse("rotation.toml", []byte(text), cases.Beside("."))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := parse(rotation)
	r, err := c.Run(context.Background(), cases.Options{})
	if err != nil {
		t.Fatal(err)
	}
	still := strings.Replace(rotation, `x = "-x - 2*y", y = "2*x - 1.5*y"`, `x = "-1.722640*x + 0.694845*y", y = "0.208454*x - 0.777360*y"`, 1)
	turning := c.Problem.Process
	for _, rotates := range []bool{true, false} {
		v := &verifier{ctx: context.Background(), of: c, result: r, task: cases.ValidateTask{Particles: 50_000}, out: &Verdict{}}
		c.Problem.Process = turning
		for _, step := range []func() error{v.plan, v.solveCoarse, v.prepare, v.follows, v.try} {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
		if !rotates { // the particles, not the meshes
			c.Problem.Process = parse(still).Problem.Process
		}
		if err := v.follow(); err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, test := range v.out.Tests {
			isCurrent := strings.Contains(test.Name, "current")
			if pass := rotates || !isCurrent; pass != (test.P > 1e-4) { // of thirty tests
				t.Errorf("rotates %v: %+v", rotates, test)
			}
			if isCurrent {
				seen++
			}
		}
		if seen != 2 {
			t.Errorf("%d currents tested, want 2", seen)
		}
	}
}
