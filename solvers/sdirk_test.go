package solvers

import (
	"context"
	"math"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// sdirkFixed returns the law after equal steps, and in how many of them the
// limiter acted.
func sdirkFixed(t *testing.T, q operators.Rowed, m0 []float64, end float64, steps int) (law []float64, limited int) {
	t.Helper()
	shifts, err := newShifts(q, "", 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	s, l := newSdirk(newState(m0), shifts), newLimiter(shifts.rows)
	for i := range steps {
		h := end / float64(steps)
		if err := s.stages(context.Background(), float64(i)*h, h, linearBest); err != nil {
			t.Fatal(err)
		}
		if overdrawn(s.next) > 0 {
			limited++
			if !l.settle(s.next) {
				t.Fatal("debts that nobody pays")
			}
		}
		s.m, s.next = s.next, s.m
		s.m[len(m0)] = 0
	}
	return s.m[:len(m0)], limited
}

// sdirkOrder asserts that halving the step divides the error by 2ⁿ.
func sdirkOrder(t *testing.T, q operators.Rowed, m0, want []float64, end float64, steps int, low, high float64) {
	t.Helper()
	last := 0.0
	for n := steps; n <= 8*steps; n *= 2 {
		law, limited := sdirkFixed(t, q, m0, end, n)
		e := evDistance(law, want)
		t.Logf("%d steps, %d limited: error %.3e, order %.2f", n, limited, e, math.Log2(last/e))
		if order := math.Log2(last / e); n > steps && (order < low || order > high) {
			t.Errorf("order %.2f from %d steps to %d, want %.1f to %.1f", order, n/2, n, low, high)
		}
		last = e
	}
}

func TestSdirkHasOrderFour(t *testing.T) {
	t.Run("constant rates", func(t *testing.T) {
		q := evOU(t, 1, 0.5, 0, evAxis(-5, 5, 100, grid.Reflecting))
		m0 := evGauss(q, 1, 0.3)
		want, _ := sdirkFixed(t, q, m0, 1, 1024)
		sdirkOrder(t, q, m0, want, 1, 8, 3.7, 4.6)
	})
	t.Run("rates that depend on time", func(t *testing.T) {
		q := evSwitch{evChain{[][]float64{{0, 1}, {1, 0}}, []float64{0, 0}}, 5}
		want, _ := sdirkFixed(t, q, []float64{1, 0}, 1, 4096)
		sdirkOrder(t, q, []float64{1, 0}, want, 1, 16, 3.7, 4.6)
	})
}

// Far from a narrow law every step overdraws some cells.
func TestLimiterKeepsTheOrder(t *testing.T) {
	q := evOU(t, 0.2, 0.05, 0, evAxis(-5, 5, 300, grid.Reflecting))
	m0 := evGauss(q, 1, 0.01)
	want, _ := sdirkFixed(t, q, m0, 1, 2048)
	if _, limited := sdirkFixed(t, q, m0, 1, 32); limited == 0 {
		t.Error("the limiter did not act")
	}
	sdirkOrder(t, q, m0, want, 1, 8, 3.3, 6)
}

// sdirkSteady is a chain that does not say that it is constant.
type sdirkSteady struct{ evChain }

func (s sdirkSteady) At(float64) (operators.Generator, error) { return s.evChain, nil }

// A cell that decays at rate 1 is the test equation of Dahlquist: the error at
// the end of a step and within it is no more than estimated, whatever its length.
func TestEstimateBoundsTheErrorOfEveryDecay(t *testing.T) {
	decay := evChain{[][]float64{{0}}, []float64{1}}
	for name, q := range map[string]operators.Rowed{"constant": decay, "timed": sdirkSteady{decay}} {
		e, err := newEvolver(q, []float64{1}, []float64{1e9}, Settings{Tolerance: evolveTolerance, Workers: 1, Context: context.Background()})
		if err != nil {
			t.Fatal(err)
		}
		between := make([]float64, 2)
		for h := 0.02; h < 1e8; h *= 1.3 {
			found, debt, err := e.attempt(h, 0)
			if err != nil {
				t.Fatal(err)
			}
			bound := found/2 - debt // half of it is in the cell, half in what it lost
			if got := math.Abs(e.next[0] - math.Exp(-h)); got > bound+1e-15 {
				t.Errorf("%s, step %.3g: error %.3g, estimated %.3g", name, h, got, bound)
			}
			for theta := 0.0625; theta <= 1 && name == "constant"; theta += 0.0625 {
				e.way.between(between, theta)
				if got := math.Abs(between[0] - math.Exp(-theta*h)); got > bound+1e-14 {
					t.Errorf("step %.3g at %.3g: error %.3g, estimated %.3g", h, theta, got, bound)
				}
			}
		}
	}
}

func TestSdirkDenseOutputEndsWithTheStep(t *testing.T) {
	for i, c := range sdirkDense {
		want := sdirkWeights[4][i]
		if i == 4 {
			want = sdirkDiagonal
		}
		if got := c[0] + c[1] + c[2] + c[3] + c[4]; math.Abs(got-want) > 1e-12 {
			t.Errorf("b_%d(1) = %v, want %v", i, got, want)
		}
	}
}

func TestSdirkDoesNotAllocate(t *testing.T) {
	q := evOU(t, 1, 0.5, 1, evAxis(-5, 5, 20, grid.Reflecting), evAxis(-5, 5, 20, grid.Reflecting))
	for _, method := range []string{byDirect, bySplit} {
		shifts, err := newShifts(q, method, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		s := newSdirk(newState(evGauss(q, 0, 1)), shifts)
		if got := testing.AllocsPerRun(5, func() {
			if err := s.stages(context.Background(), 0, 0.125, 1e-10); err != nil {
				t.Fatal(err)
			}
			s.estimate()
		}); got > 0 {
			t.Errorf("%s: %v allocations per step, want 0", method, got)
		}
	}
}

// smSlanting is noise that begins to couple axes at a time.
type smSlanting struct {
	*operators.Block
	later *operators.Block
	at    float64
}

func (s smSlanting) At(t float64) (operators.Generator, error) {
	if t <= s.at {
		return s.Block, nil
	}
	return s.later, nil
}

// The first rates may have jumps to face neighbours alone and later ones wider jumps.
func TestSdirkFollowsNoiseThatBeginsToCoupleAxes(t *testing.T) {
	axis := evAxis(-2.5, 2.5, 10, grid.Reflecting)
	even := smBuild(t, smLinear(0.5, 0), smDiagonal(0.4, 0.4), axis, axis)
	if _, _, near := even.Neighbors(0); !near {
		t.Fatal("noise along the axes has wide jumps")
	}
	slant := smWide(t, 10, grid.Reflecting, slanted)
	const at, tolerance = 0.3, 1e-4
	m0, times := evGauss(even, 0.4, 0.3), []float64{0.2, 0.3, 0.6}
	want := sample{"", smSwitched{even, slant, at}, m0, times}.exact(t)
	for _, method := range []string{"", byAny} {
		out := evRun(t, smSlanting{even, slant, at}, m0, times, &Settings{Tolerance: tolerance, Method: method})
		for i, law := range want {
			if off := distance(out.Masses[i], law); off > tolerance {
				t.Errorf("method %q, time %g: error %.2g, want %.2g", method, times[i], off, tolerance)
			}
		}
	}
	_, err := Evolve(smSlanting{even, slant, at}, m0, times, &Settings{Tolerance: tolerance, Method: bySplit})
	if want := unsuited(bySplit).Error(); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
