package validate_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"fokker/grid"
	"fokker/validate"
)

// The rates at which mass leaves the quasi-stationary law, and its mean where it has
// a simple form: of dX = −X dt + √2 dW absorbed at 0 it is x e^(−x²/2), with rate 1; at
// −1 the rate is a zero of the parabolic cylinder function D_λ(−1). Free diffusion with
// D = 1 leaves (0, 1) at π² and has a sine. In U = (x² − 1)²/4 at T = 0.1 particles leave
// x > 0 at 0.0335452873 (Chebyshev collocation).
func TestFlemingViotFindsTheQuasiStationaryLaw(t *testing.T) {
	pull := func(x float64) float64 { return -x }
	for _, c := range []struct {
		name       string
		drift      func(float64) float64
		diffusion  float64
		axis       grid.Axis
		start      float64
		blocks     int
		step       float64
		from, to   float64
		rate, mean float64 // mean 0: not known
	}{
		{"OU at 0", pull, 1, axis(0, 14, 4, A, R), 1, 16, 0.01, 3, 8, 1, math.Sqrt(math.Pi / 2)},
		{"OU at −1", pull, 1, axis(-1, 14, 4, A, R), 0, 8, 0.02, 3, 13, 0.3882382947, 0},
		{"Brownian", constant(0), 1, axis(0, 1, 4, A, A), 0.5, 8, 0.002, 0.3, 1.3, math.Pi * math.Pi, 0.5},
		{"double well", func(x float64) float64 { return x - x*x*x }, 0.1, axis(0, 3, 4, A, R), 1, 8, 0.04, 10, 60, 0.0335452873, 0},
	} {
		p := validate.Paths{Process: line(c.drift, constant(c.diffusion)), Method: validate.Platen, Axes: []grid.Axis{c.axis}, Initial: from(c.start), Particles: c.blocks * 1024, Step: c.step, Seed: 31}
		got, err := p.FlemingViot(context.Background(), []float64{c.from, c.to}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: rate %.5f ± %.2g, want %.5f", c.name, got.Rate.Value, got.Rate.Error, c.rate)
		if math.Abs(got.Rate.Value-c.rate) > 4*got.Rate.Error+2*c.rate/1024 || got.Rate.Error > 0.03*c.rate { // and a block's own bias
			t.Errorf("%s: rate %v ± %v, want %v", c.name, got.Rate.Value, got.Rate.Error, c.rate)
		}
		if c.mean == 0 {
			continue
		}
		// Particles that stem from the same one are correlated: some twice the error.
		if mean, se := got.Ensembles[1].Mean(of(func(x float64) float64 { return x })); math.Abs(mean-c.mean) > 8*se {
			t.Errorf("%s: mean %v ± %v, want %v", c.name, mean, se, c.mean)
		}
	}
}

// Survival is the product of the parts left at each step: of free diffusion from a sine
// e^(−π²t), down to one in 1e8.
func TestFlemingViotKnowsHowManyAreLeft(t *testing.T) {
	p := validate.Paths{Process: line(constant(0), constant(1)), Axes: []grid.Axis{axis(0, 1, 4, A, A)},
		Initial: func(x [][]float64, r *rand.Rand) {
			for i := range x[0] {
				x[0][i] = math.Acos(1-2*r.Float64()) / math.Pi // density π/2 sin(πx)
			}
		}, Particles: 32 * 1024, Step: 0.005, Seed: 32}
	got, err := p.FlemingViot(context.Background(), []float64{0.2, 1.9}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for j, e := range got.Ensembles {
		want := math.Exp(-math.Pi * math.Pi * e.Time)
		t.Logf("survival to %v: %.3g ± %.2g, want %.3g", e.Time, got.Survival[j], got.SurvivalError[j], want)
		if math.Abs(got.Survival[j]-want) > 4*got.SurvivalError[j] || got.SurvivalError[j] > 0.1*want {
			t.Errorf("survival to %v: %v ± %v, want %v", e.Time, got.Survival[j], got.SurvivalError[j], want)
		}
	}
}

// Killing takes particles as walls do: Brownian motion killed at rate x² leaves
// e^(−x²/√2), of which (cosh √2t)^(−1/2) is left from 0 (Cameron and Martin 1945).
func TestFlemingViotTakesKilling(t *testing.T) {
	p := validate.Paths{Process: line(constant(0), constant(0.5)), Axes: []grid.Axis{axis(-20, 20, 4, R, R)}, Initial: from(0),
		Killing: func(k []float64, x [][]float64, _ float64) {
			for i, v := range x[0] {
				k[i] = v * v
			}
		}, Particles: 8 * 1024, Step: 0.02, Seed: 33}
	got, err := p.FlemingViot(context.Background(), []float64{3, 8}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := math.Sqrt2 / 2; math.Abs(got.Rate.Value-want) > 4*got.Rate.Error+2*want/1024 {
		t.Errorf("rate %v ± %v, want %v", got.Rate.Value, got.Rate.Error, want)
	}
	if want := 1 / math.Sqrt(math.Cosh(3*math.Sqrt2)); math.Abs(got.Survival[0]-want) > 4*got.SurvivalError[0] {
		t.Errorf("survival %v ± %v, want %v", got.Survival[0], got.SurvivalError[0], want)
	}
}
