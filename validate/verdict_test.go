package validate_test

import (
	"context"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"fokker/cases"
	"fokker/validate"
	"fokker/validate/compare"
)

// solved reads a case of the gallery and runs it.
func solved(t *testing.T, name string, overrides ...string) (*cases.Case, *cases.Result) {
	t.Helper()
	c, err := cases.FromGallery(name, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Run(context.Background(), cases.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c, r
}

func verified(t *testing.T, c *cases.Case, r *cases.Result, workers int) *validate.Verdict {
	t.Helper()
	v, err := validate.Verify(context.Background(), c, r, validate.Options{Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// found returns the test of a name.
func found(t *testing.T, v *validate.Verdict, name string) compare.Test {
	t.Helper()
	i := slices.IndexFunc(v.Tests, func(t compare.Test) bool { return t.Name == name })
	if i < 0 {
		t.Fatalf("no test %q among %v", name, v.Tests)
	}
	return v.Tests[i]
}

var quickly = []string{"axis.x.cells=120", "evolve.until=2", "validate.particles=20000"}

// A law has its particles, the same ones for any number of workers; that of another
// temperature has not.
func TestVerifyTellsLawsApart(t *testing.T) {
	c, r := solved(t, "doublewell", quickly...)
	v := verified(t, c, r, 1)
	if !v.Pass {
		t.Errorf("rejected: %+v", v.Tests)
	}
	if again := verified(t, c, r, 3); !slices.EqualFunc(v.Tests, again.Tests, func(a, b compare.Test) bool { return a.Name == b.Name && a.P == b.P }) {
		t.Errorf("3 workers find %+v, 1 finds %+v", again.Tests, v.Tests)
	}
	if got := found(t, v, "t = 2: mean x"); math.Abs(*got.Bias) > 5**got.Error {
		t.Errorf("mean is off by %v ± %v", *got.Bias, *got.Error)
	}
	warm, err := cases.FromGallery("doublewell", append(quickly, "T=0.12")...)
	if err != nil {
		t.Fatal(err)
	}
	c.Problem.Process = warm.Problem.Process // of particles; the terms of the mesh are another
	if v := verified(t, c, r, 0); v.Pass || found(t, v, "t = 2: −ln p").Pass || found(t, v, "stationary: cells").Pass {
		t.Errorf("the law of another temperature passed: %+v", v.Tests)
	}
}

// SGD at η = 0.1 has the covariance (0.0037639042, 0.0016629823, 0.0038644915) on
// cars, by its own fixed point, and the diffusion (0.0035686294, 0.0015786600,
// 0.0036692881), by its Lyapunov equation.
func TestVerifyFindsTheFiniteLearningRate(t *testing.T) {
	c, err := cases.FromGallery("cars", "axis.*.cells=80", "validate.particles=40000", "validate.step=0.1")
	if err != nil {
		t.Fatal(err)
	}
	c.Problem.Evolve = nil
	r, err := c.Run(context.Background(), cases.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := verified(t, c, r, 0)
	if v.Pass || len(v.Words) != 1 || !strings.Contains(v.Words[0], "that of a finite learning rate, 0.1") {
		t.Errorf("pass %v, said %q", v.Pass, v.Words)
	}
	for name, want := range map[string]float64{"slope,slope": 0.0037639042 - 0.0035686294, "slope,intercept": 0.0016629823 - 0.0015786600, "intercept,intercept": 0.0038644915 - 0.0036692881} {
		equation, optimiser := found(t, v, "stationary: covariance "+name), found(t, v, "optimiser, stationary: covariance "+name)
		t.Logf("covariance %s: off by %.3g ± %.1g, want %.3g; equation %.2g", name, *optimiser.Bias, *optimiser.Error, want, *equation.Bias)
		if math.Abs(*optimiser.Bias-want) > 4**optimiser.Error+*optimiser.Allowed || !equation.Pass {
			t.Errorf("covariance %s off by %v ± %v, want %v", name, *optimiser.Bias, *optimiser.Error, want)
		}
	}
}

// What too few particles would show is tested by splitting: P(X > 5) of a Gaussian to a
// tenth, which a temperature off by a fifth multiplies by nine.
func TestVerifyFindsRareSetsBySplitting(t *testing.T) {
	c, r := solved(t, "edge", "validate.particles=60000")
	v := verified(t, c, r, 0)
	got, want := found(t, v, "stationary: E edge by splitting"), math.Erfc(5/math.Sqrt2)/2
	if !v.Pass || *got.Error > 0.3*want || math.Abs(*got.Bias) > 4**got.Error || len(v.Skipped) > 0 {
		t.Errorf("pass %v, off by %v ± %v of %v, skipped %v", v.Pass, *got.Bias, *got.Error, want, v.Skipped)
	}
	t.Logf("off by %v ± %v of %v", *got.Bias, *got.Error, want)
	warm, err := cases.FromGallery("edge", "process.temperature=1.2")
	if err != nil {
		t.Fatal(err)
	}
	c.Problem.Process = warm.Problem.Process // of particles
	if got := found(t, verified(t, c, r, 0), "stationary: E edge by splitting"); got.Pass {
		t.Errorf("the edge of a warmer law passed: %+v", got)
	}
}

// Particles that jump onto others where they leave keep the quasi-stationary law and its
// rate, which a temperature higher by a third doubles. A region that is no box is said
// not to be tested.
func TestVerifyTestsWhatHasNotLeft(t *testing.T) {
	c, r := solved(t, "leaving", "validate.particles=40000")
	v := verified(t, c, r, 0)
	rate := found(t, v, "quasistationary: escape rate")
	found(t, v, "quasistationary: covariance x,x")
	if !v.Pass || *rate.Error > 0.1*r.Quasistationary.EscapeRate {
		t.Errorf("pass %v, %+v", v.Pass, v.Tests)
	}
	warm, err := cases.FromGallery("leaving", "process.temperature=0.1333")
	if err != nil {
		t.Fatal(err)
	}
	c.Problem.Process = warm.Problem.Process // of particles
	if got := found(t, verified(t, c, r, 0), "quasistationary: escape rate"); got.Pass || *got.Bias < 0.5*r.Quasistationary.EscapeRate {
		t.Errorf("the rate of a warmer well passed: %+v", got)
	}
	c, r = solved(t, "leaving", "quasistationary.within=x < -0.5 or -0.2 < x < 0", "validate.particles=20000")
	if _, err := validate.Verify(context.Background(), c, r, validate.Options{}); err == nil || !strings.Contains(err.Error(), "there is nothing to test") {
		t.Errorf("a region in two parts: %v", err)
	}
}

// A result without a law is nothing to test.
func TestVerifyNeedsALawToTest(t *testing.T) {
	c, r := solved(t, "doublewell", "axis.x.cells=40", "evolve.until=1")
	r.Stationary, r.Evolve = nil, nil
	if _, err := validate.Verify(context.Background(), c, r, validate.Options{}); err == nil || !strings.Contains(err.Error(), "there is nothing to test") {
		t.Errorf("error %v", err)
	}
}

// Mass that is lost is tested as well, by walls and by killing.
func TestVerifyTestsSurvival(t *testing.T) {
	c, r := solved(t, "decay", "axis.x.cells=64", "evolve.until=0.1", "validate.particles=20000")
	if v := verified(t, c, r, 0); !v.Pass || *found(t, v, "t = 0.1: mass").Error == 0 {
		t.Errorf("found %+v", v.Tests)
	}
}

func TestVerifyRefusesAMethodThereIsNot(t *testing.T) {
	c, r := solved(t, "doublewell", append(quickly, "validate.method=magic")...)
	if _, err := validate.Verify(context.Background(), c, r, validate.Options{}); err == nil || !strings.Contains(err.Error(), `no method "magic"`) || !strings.Contains(err.Error(), "euler, milstein") {
		t.Errorf("error %v", err)
	}
}

// Every case of the gallery passes; of an optimiser on data the particles of the
// equation do. With FOKKER_PARTICLES only: some minutes.
func TestVerifyOnEveryGalleryCase(t *testing.T) {
	particles := os.Getenv("FOKKER_PARTICLES")
	if particles == "" {
		t.Skip("FOKKER_PARTICLES is not set")
	}
	for _, name := range cases.Gallery() {
		t.Run(name, func(t *testing.T) {
			c, r := solved(t, name, "validate.particles="+particles)
			v := verified(t, c, r, 0)
			for _, test := range v.Tests {
				if !test.Pass && !strings.HasPrefix(test.Name, "optimiser, ") {
					t.Errorf("%s: statistic %v, p = %.2g", test.Name, test.Statistic, test.P)
				}
			}
			t.Logf("%d tests, pass %v, %v", len(v.Tests), v.Pass, v.Words)
		})
	}
}
