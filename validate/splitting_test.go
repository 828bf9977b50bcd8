package validate_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"fokker/grid"
	"fokker/validate"
)

func coordinate(f []float64, x [][]float64, _ float64) { copy(f, x[0]) }

// split asserts a probability within 4 standard errors, and that it is known to a
// part of itself.
func split(t *testing.T, got *validate.Rare, err error, want, part float64) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.4g ± %.2g by %d levels and %d estimates, want %.4g", got.Value, got.Error, len(got.Levels), len(got.Estimates), want)
	if math.Abs(got.Value-want) > 4*got.Error || got.Error > part*want {
		t.Errorf("%v ± %v, want %v to a part of %v", got.Value, got.Error, want, part)
	}
}

// settled is dX = −X dt + √2 dW in its stationary law N(0, 1), which exact steps keep
// at all times.
func settled(particles int, seed uint64) validate.Splitting {
	return validate.Splitting{Paths: validate.Paths{Process: line(func(x float64) float64 { return -x }, constant(1)), Method: validate.Exact,
		Axes: []grid.Axis{axis(-30, 30, 4, R, R)}, Particles: particles, Step: 0.1, Seed: seed,
		Initial: func(x [][]float64, r *rand.Rand) {
			for i := range x[0] {
				x[0][i] = r.NormFloat64()
			}
		}}, Level: coordinate}
}

// P(X > 6) = erfc(6/√2)/2 = 9.9e-10 at any time of a stationary law: by the part of
// time, at one time, and by levels that are far too few.
func TestSplittingFindsTheTailOfAStationaryLaw(t *testing.T) {
	s := settled(8*1024, 1)
	s.Target, s.Step = 6, 0.05
	want := math.Erfc(6/math.Sqrt2) / 2
	got, err := s.Occupation(context.Background(), 9, nil)
	split(t, got, err, want, 0.25)
	got, err = s.At(context.Background(), 1.5, nil)
	split(t, got, err, want, 0.5)
	s.Levels, s.Seed = []float64{2, 3, 4.2, 5}, 2
	got, err = s.Occupation(context.Background(), 9, nil)
	split(t, got, err, want, 0.35)
}

// Means over many seeds have no bias, and the spread of estimates that their errors
// say: with 7 degrees of freedom Student's z² has mean 7/5 and variance 7.84.
func TestSplittingHasNoBiasAndKnowsItsError(t *testing.T) {
	const seeds = 40
	want, square := math.Erfc(4/math.Sqrt2)/2, 0.0
	values := make([]float64, seeds)
	for seed := range values {
		s := settled(8*1024, 100+uint64(seed))
		s.Target, s.Levels, s.Step = 4, []float64{1, 2, 2.7, 3.4}, 0.25
		got, err := s.Occupation(context.Background(), 3, nil)
		if err != nil {
			t.Fatal(err)
		}
		z := (got.Value - want) / got.Error
		values[seed], square = got.Value/want, square+z*z
	}
	mean, spread := 0.0, 0.0
	for _, v := range values {
		mean += v / seeds
	}
	for _, v := range values {
		spread += (v - mean) * (v - mean) / (seeds - 1)
	}
	se := math.Sqrt(spread / seeds)
	t.Logf("mean over the truth %.4f ± %.2g, z² %.1f", mean, se, square)
	if math.Abs(mean-1) > 4*se || se > 0.03 {
		t.Errorf("mean of estimates over the truth %v ± %v, want 1", mean, se)
	}
	if expected, deviation := 1.4*seeds, math.Sqrt(7.84*seeds); math.Abs(square-expected) > 4*deviation {
		t.Errorf("Σz² = %v, want %v ± %v", square, expected, deviation)
	}
}

// With drift v the upper end of (−1, 1) is left with probability
// (1 − e^(−q(1+x)))/(1 − e^(−2q)), q = v/D; against a drift it is rare.
func TestSplittingFindsTheImprobableExit(t *testing.T) {
	const v, d, start = -4, 0.5, -0.3
	s := validate.Splitting{Paths: validate.Paths{Process: line(constant(v), constant(d)), Axes: []grid.Axis{axis(-1, 1, 4, A, A)},
		Initial: from(start), Particles: 16 * 1024, Step: 0.01, Seed: 3}, Level: coordinate, Target: 1}
	got, err := s.Before(context.Background(), 2, nil) // ten times as long as the way takes
	split(t, got, err, (1-math.Exp(-v/d*(1+start)))/(1-math.Exp(-2*v/d)), 0.15)
}

// In U = (x² − 1)²/4 at T = 0.04 a particle at −0.8 is at 1 before −1 with the
// probability ∫₋₁^x e^(U/T) / ∫₋₁¹ e^(U/T), by Simpson's rule.
func TestSplittingFindsTheCommittorOfADoubleWell(t *testing.T) {
	const temperature, start = 0.04, -0.8
	weight := func(x float64) float64 { return math.Exp((x*x - 1) * (x*x - 1) / 4 / temperature) }
	integral := func(lo, hi float64) (s float64) {
		const n = 400
		for i := range n {
			a, h := lo+(hi-lo)*float64(i)/n, (hi-lo)/n
			s += h / 6 * (weight(a) + 4*weight(a+h/2) + weight(a+h))
		}
		return s
	}
	s := validate.Splitting{Paths: validate.Paths{Process: line(func(x float64) float64 { return x - x*x*x }, constant(temperature)),
		Method: validate.Platen, Axes: []grid.Axis{axis(-1, 1, 4, A, A)}, Initial: from(start), Particles: 8 * 1024, Step: 0.02, Seed: 4}, Level: coordinate, Target: 1}
	got, err := s.Before(context.Background(), 16, nil)
	split(t, got, err, integral(-1, start)/integral(-1, 1), 0.2)
}

func TestSplittingDoesNotDependOnWorkers(t *testing.T) {
	var want []float64
	for _, workers := range []int{1, 3} {
		s := settled(8*1024, 5)
		s.Target, s.Workers = 4, workers
		got, err := s.At(context.Background(), 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got.Estimates
		} else if !slices.Equal(want, got.Estimates) {
			t.Errorf("%d workers: %v, one: %v", workers, got.Estimates, want)
		}
	}
}

func TestSplittingSaysWhatCannotBeReached(t *testing.T) {
	s := settled(8*1024, 6)
	s.Target = 31 // beyond the wall
	if got, err := s.At(context.Background(), 1, nil); err == nil {
		t.Errorf("found %v beyond a wall", got)
	}
	s.Particles = 1024
	if _, err := s.At(context.Background(), 1, nil); err == nil {
		t.Error("one block has no standard error and was no mistake")
	}
}
