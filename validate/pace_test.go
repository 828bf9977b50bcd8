package validate

import (
	"context"
	"math"
	"testing"

	"fokker/cases"
)

// prepared is a verifier of a rotation, up to what its laws need.
func prepared(t *testing.T) *verifier {
	t.Helper()
	c, err := cases.Parse("rotation.toml", []byte(rotation), cases.Beside("."))
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Run(context.Background(), cases.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := &verifier{ctx: context.Background(), of: c, result: r, task: cases.ValidateTask{Particles: 10_000}, out: &Verdict{}}
	for _, step := range []func() error{v.plan, v.solveCoarse, v.prepare} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

// Of order 1, as at walls that the law reaches, an error is twice the difference from half
// the step, and falls with the step.
func TestTheStepIsChosenFromWhatItDoes(t *testing.T) {
	v := prepared(t)
	v.method = Platen
	const unseen = 0.01
	for _, test := range []struct {
		mean, error float64 // of what is found, over half of unseen
		want        float64
	}{
		{2, 0, 0.5},       // clearly too long
		{-0.5, 0, 2},      // clearly shorter than need be
		{1e-4, 0, change}, // no farther than the trial reaches
		{1e4, 0, 1. / change},
		{2, 2, 1},   // not known
		{0, 0.5, 2}, // known to be small enough
	} {
		found := []difference{{mean: 0.5 * unseen * test.mean, error: 0.5 * unseen * test.error}}
		if got := v.faster(v.laws[0], found, unseen); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("difference %v ± %v: %v times the step, want %v", test.mean, test.error, got, test.want)
		}
	}
}

// Functions of the basis have mean 0 and are orthonormal under the law.
func TestTheBasisIsOrthonormal(t *testing.T) {
	v := prepared(t)
	b := v.laws[0].basis
	for j, f := range b.psi {
		if mean := b.product(f, b.of(func(int) float64 { return 1 })); math.Abs(mean) > 1e-9 {
			t.Errorf("function %d has mean %v, want 0", j, mean)
		}
		for k, g := range b.psi {
			want := 0.0
			if j == k {
				want = 1
			}
			if got := b.product(f, g); math.Abs(got-want) > 1e-9 {
				t.Errorf("functions %d and %d have product %v, want %v", j, k, got, want)
			}
		}
	}
	if len(b.psi) < 9 { // two coordinates, three products, four powers; −ln p of a Gaussian is one of products
		t.Errorf("%d functions, want 9", len(b.psi))
	}
}
