package solvers

import (
	"math"
	"slices"
	"testing"

	"fokker/grid"
)

// The law of the oscillator is that of Gibbs, of variances T/ω² and T, whatever the
// friction (Kramers 1940). Upwind rates leave an error of first order; streams and
// central rates are exact on squares, wherever the mesh resolves the law.
func TestStationaryLawsOfStreamsHaveTheirMoments(t *testing.T) {
	var errs []float64
	for _, n := range []int{24, 48, 96} {
		q := oscillator(t, n)
		law, err := Stationary(q, &Settings{Tolerance: 1e-8})
		if err != nil {
			t.Fatal(err)
		}
		_, c := moments(q.Mesh(), law.Mass)
		errs = append(errs, max(math.Abs(c[0]-heat/stiffness), math.Abs(c[1]), math.Abs(c[2]-heat)))
		if off := math.Abs(sum(law.Mass) - 1); off > 1e-12 || slices.Min(law.Mass) < 0 {
			t.Errorf("%d²: mass − 1 = %.1e, least %.1e", n, off, slices.Min(law.Mass))
		}
		t.Logf("%d²: %s, %d corrections, residual %.1e", n, law.Method, law.Iterations, law.Residual)
	}
	if t.Logf("errors of the covariance %.2e", errs); errs[1] > 1e-4 || errs[2] > 1e-9 {
		t.Errorf("errors %.2e of the covariance, want none but for the sign of masses", errs)
	}
}

// What streams come to rest at is the law at rest.
func TestStreamsComeToRestAtTheStationaryLaw(t *testing.T) {
	q := oscillator(t, 48)
	law, err := Stationary(q, &Settings{Tolerance: 1e-9})
	if err != nil {
		t.Fatal(err)
	}
	s, m := evStreams(t, q), append(slices.Clone(law.Mass), 0)
	var moved []float64
	for _, steps := range []int{16, 32} {
		copy(m, law.Mass)
		for range steps {
			s.move(m, .2/float64(steps))
		}
		moved = append(moved, evDistance(m, append(slices.Clone(law.Mass), 0)))
	}
	// the error of splitting falls by 4
	if t.Logf("moved by %.2e", moved); moved[1] > moved[0]/3.5 || moved[1] > 1e-4 {
		t.Errorf("the law moves by %.2e in steps of .2/16 and .2/32, want the error of these", moved)
	}
}

// A rotor that is kicked and slowed down: the angle streams around a ring.
func TestStationaryLawsOfStreamsAroundARing(t *testing.T) {
	q := evKinetic(t, func(b, x []float64) { b[0], b[1] = x[1], -friction*x[1]-math.Sin(x[0]) }, evAxis(0, 2*math.Pi, 40, grid.Periodic), evAxis(-3, 3, 40, grid.Reflecting))
	law, err := Stationary(q, nil)
	if err != nil {
		t.Fatal(err)
	}
	// Gibbs: the angle has the density e^(cos x/T)
	g, along := q.Mesh(), make([]float64, 40)
	for i, m := range law.Mass {
		along[g.Along(0, i)] += m
	}
	total, distance := 0., 0.
	for i := range along {
		total += math.Exp(math.Cos(g.Centers(0)[i]) / heat)
	}
	for i, m := range along {
		distance += math.Abs(m - math.Exp(math.Cos(g.Centers(0)[i])/heat)/total)
	}
	if distance > 0.02 { // upwind rates leave 0.106
		t.Errorf("distance from the law of Gibbs %.3f, want 0.02", distance)
	}
	t.Logf("distance %.4f", distance)
}

// The tolerance bounds the distance from the fixed point of limited laws, which a much
// smaller one stands for, and what is told of the way there goes up to 1.
func TestToleranceIsTheTrueErrorOfLimitedLaws(t *testing.T) {
	q := oscillator(t, 24)
	exact, err := Stationary(q, &Settings{Tolerance: 1e-11})
	if err != nil {
		t.Fatal(err)
	}
	for _, tol := range []float64{1e-3, 1e-5, 1e-7} {
		last := 0.
		law, err := Stationary(q, &Settings{Tolerance: tol, Progress: func(done float64) {
			if done < last || done > 1 {
				t.Errorf("progress %v after %v", done, last)
			}
			last = done
		}})
		if err != nil {
			t.Fatal(err)
		}
		if d := evDistance(law.Mass, exact.Mass); d > tol || last == 0 {
			t.Errorf("tolerance %.0e: distance %.1e, progress until %v", tol, d, last)
		} else {
			t.Logf("tolerance %.0e: distance %.1e after %d corrections of %d", tol, d, law.Iterations, exact.Iterations)
		}
	}
}
