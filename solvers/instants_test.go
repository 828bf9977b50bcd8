package solvers

import (
	"math"
	"testing"

	"fokker/operators"
)

// evCounted counts how often rates are made.
type evCounted struct {
	evSwitch
	made *int
}

func (c evCounted) At(t float64) (operators.Generator, error) {
	*c.made++
	return c.evSwitch.At(t)
}

// Where rates recur so do steps and what they are made of: of the twenty generators
// of a step less than one is made.
func TestPeriodsRecur(t *testing.T) {
	const omega, periods = 5., 64
	period, made := 2*math.Pi/omega, 0
	q := evCounted{evSwitch{evChain{[][]float64{{0, 1}, {1, 0}}, []float64{0, 0}}, omega}, &made}
	times := []float64{periods * period / 2, periods * period}
	out := evRun(t, q, []float64{1, 0}, times, &Settings{Tolerance: 1e-6, Period: period})
	for i, at := range times {
		// p₁′ = 1 + sin ωt − 2p₁
		want := 0.5 + (2*math.Sin(omega*at)-omega*math.Cos(omega*at))/(4+omega*omega) + (omega/(4+omega*omega)-0.5)*math.Exp(-2*at)
		if got := out.Masses[i][1]; 2*math.Abs(got-want) > 1e-6 {
			t.Errorf("time %g: %v, want %v", at, got, want)
		}
	}
	t.Logf("%d steps, %d rejected, %d generators", out.Steps, out.Rejected, made)
	if made > out.Steps {
		t.Errorf("%d generators for %d steps, want fewer", made, out.Steps)
	}
}

// Phases and steps recur to the last bit, whatever the rounding of times, but for
// the few that lie where a quantum ends.
func TestPhasesAreCountedInQuanta(t *testing.T) {
	s, missed := newInstants(nil, 0.3), 0
	for n := range 100 {
		for k := range 40 {
			begin, from, to := 0.3*float64(n), 0.3*float64(k)/41, 0.3*float64(k+1)/41
			if s.phase(begin+from) != s.phase(from) || s.round((begin+to)-(begin+from)) != s.round(to-from) {
				missed++
			}
		}
	}
	if missed > 4000/25 {
		t.Errorf("%d of 4000 steps do not recur, want 4 %% at most", missed)
	}
	if s.phase(0.3-1e-16) != 0 {
		t.Error("the end of a period is not its beginning")
	}
}
