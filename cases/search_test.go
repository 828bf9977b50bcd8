package cases

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
)

// searched runs a case that leaves its box to the run.
func searched(t *testing.T, text string, set ...string) (*Result, error) {
	t.Helper()
	c, err := Parse("case", []byte(text), Beside("."), set...)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return c.Run(context.Background(), Options{})
}

// Across a valley rates of wide cells are below the range of float64. Along y = x² of
// U = x²/2 + 5(y − x²)² at T = 1, E x² = 1, E y = 1 and Var y = Var x² + 1/10; of U =
// x²/2 + 500(y − x)², Var x = 1 and Var y = 1 + 1e-3.
func TestValleysHaveABox(t *testing.T) {
	const valley = "accuracy = 1e-2\n[process]\ntemperature = 1\npotential = \"x^2/2 + %\"\n[[axis]]\nname = \"x\"\n[[axis]]\nname = \"y\"\n"
	for across, want := range map[string]map[string]float64{"5*(y - x^2)^2": {"x,x": 1, "y,y": 2.1}, "500*(y - x)^2": {"x,x": 1, "y,y": 1.001}} {
		r, err := searched(t, strings.Replace(valley, "%", across, 1))
		if err != nil {
			t.Errorf("%s: %v", across, err)
			continue
		}
		for path, v := range want {
			near(t, across+" "+path, r.Stationary.Covariance[path], v, 2*1e-2*v) // of a square, √2 at least of its mean
		}
	}
}

// Where wide cells lose the law of several axes, a box is sought from inside: the
// oscillator of van der Pol is drawn back by 1/(2x) alone, far out. That it may leave
// for ever is said.
func TestALawThatWideCellsLoseHasABox(t *testing.T) {
	r, err := searched(t, "accuracy = 0.3\n[process]\ndrift = { x = \"y\", y = \"(1 - x^2)*y - x\" }\ndiffusion = { x = 0.05, y = 0.2 }\n")
	if err != nil || len(r.Warnings) == 0 || !strings.Contains(r.Warnings[0], "leaves for ever") {
		t.Fatalf("%v, %+v", err, r)
	}
	if a := r.of.Problem.Axes; a[0].Hi > 10 || a[1].Hi > 15 || a[0].Hi < 3 {
		t.Errorf("%+v", a)
	}
}

// Examples in two parameters: labels that a line divides let it grow for ever, however
// flat the loss gets there; decay of weights holds it, and the chain of least squares
// has a box as well.
func TestNetsHaveABoxOrNone(t *testing.T) {
	const net = "accuracy = 0.05\n[sgd]\nlearning_rate = 0.1\nbatch_size = 4\n%\n[[axis]]\nname = \"a\"\n[[axis]]\nname = \"b\"\n"
	for text, want := range map[string]error{
		"loss = \"softplus(-(speed > 15 ? 1 : -1)*(a*speed/10 - b))\"\ndata = \"cars.csv\"":                                                          ErrUnconfined,
		"loss = \"softplus(-(speed > 15 ? 1 : -1)*(a*speed/10 - b))\"\ndata = \"cars.csv\"\nregularizer = \"0.1*(a^2 + b^2)\"":                       nil,
		"loss = \"0.5*(a*speed + b - dist)^2\"\ndata = \"cars.csv\"\nstandardize = [\"speed\", \"dist\"]\nmodel = \"chain\"\nbatches = \"gaussian\"": nil,
	} {
		c, err := Parse("net", []byte(strings.Replace(net, "%", text, 1)), Beside("."))
		if err != nil {
			t.Fatal(err)
		}
		s := c.reaching(context.Background(), Options{})
		if err := s.encloses(); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

// Four axes have 16 cells each, a deviation wide. Beyond 4.9 of these a Gaussian's fourth moment has
// 1e-4 of √E x⁸, 2 (z³ + 3z) φ(z)/√105, beyond 5.4 a tenth of that.
func TestBoxesOfFourAxesAreNotWide(t *testing.T) {
	text := "accuracy = 1e-4\n[process]\ndiffusion = 0.5\n[process.drift]\n"
	for _, name := range []string{"x", "y", "z", "w"} {
		text += name + " = \"-" + name + "\"\n"
	}
	axes, err := read(t, text).newRun(context.Background(), Options{}).newBox().find()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range axes {
		for _, end := range []float64{-a.Lo, a.Hi} {
			if far := end / math.Sqrt(.5); far < 4.9 || far > 6.6 {
				t.Errorf("%s in [%g, %g]", a.Name, a.Lo, a.Hi)
			}
		}
	}
}

// [[2, 1], [1, 2]] has 3, however small.
func TestTheLargestEigenvalueOfTinyMatrices(t *testing.T) {
	for _, scale := range []float64{1, 1e-200, 1e200, 1e-310} {
		if got := largestEigenvalue([][]float64{{2 * scale}, {scale}, {2 * scale}}, 0, 2); math.Abs(got/(3*scale)-1) > 1e-12 {
			t.Errorf("%v of %v", got, scale)
		}
	}
}

// Where few cells spread a law more than its noise does, particles find the box. From
// rest at 0.1, x of dx = x/2 dt + dW has the variance e^t − 1 at t; a vortex turns a
// Gaussian and keeps it within its radius and 8 deviations; what drifts goes vt.
func TestScoutsFindTheBoxOfLawsInTime(t *testing.T) {
	for text, widest := range map[string][][2]float64{
		"drift = { x = \"0.5*x\" }\ndiffusion = 0.5\n[initial]\npoint = { x = 0.1 }\n[evolve]\nuntil = 5\n":                                                             {{-120, 120}},
		"drift = { x = \"10*y\", y = \"-10*x\" }\ndiffusion = 0.05\n[initial]\nmean = { x = 2, y = 0 }\nstd = { x = 0.3, y = 0.3 }\n[evolve]\nuntil = 4\noutputs = 3\n": {{-9, 9}, {-9, 9}},
		"drift = { x = \"10\" }\ndiffusion = 0.1\n[initial]\nmean = { x = 0.1 }\nstd = { x = 0.3 }\n[evolve]\nuntil = 5\n":                                              {{-6, 62}},
	} {
		c := read(t, "accuracy = 1e-3\n[process]\n"+text)
		axes, err := c.newRun(context.Background(), Options{}).newBox().find()
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		for k, a := range axes {
			if outer := widest[k]; a.Lo < outer[0] || a.Hi > outer[1] || a.Lo > outer[0]/4 || a.Hi < outer[1]/4 {
				t.Errorf("%s: [%v, %v], within %v", text, a.Lo, a.Hi, outer)
			}
		}
	}
}

// Errors that the order of the scheme cannot bring down within the budget end the
// search, unless the case states how long it may take.
func TestAnAccuracyOutOfReachEndsTheSearch(t *testing.T) {
	c := read(t, "accuracy = 1e-6\n"+fourLines)
	s := c.reaching(context.Background(), Options{})
	s.run, s.misses, s.took = c.newRun(context.Background(), Options{}), []misses{{worst: 9e3}, {worst: 8e3}}, 100
	s.axes[0].Cells = 1000
	if why := s.hopeless([]float64{90}); !strings.Contains(why, "at least 9e+04 cells and about") {
		t.Error(why) // 90^1.25 times 100 s are eight hours
	}
	if why := s.hopeless([]float64{2}); why != "" {
		t.Error(why)
	}
	c.Problem.TimeLimit = 60
	if why := s.hopeless([]float64{90}); why != "" {
		t.Error(why)
	}
}

// θ′ = (1 − η)θ + ηξ has the variance η/(2 − η), its diffusion η/2: at η = 1.9 a chain
// of SGD is √20 times as wide, beyond 2 it grows for ever, and where the loss is of fourth
// degree it does so from where η θ² is more than 2, which noise reaches at rates that are
// not small.
func TestTheBoxOfAChainIsItsOwn(t *testing.T) {
	const descent = "accuracy = 1e-3\n[sgd]\nloss = \"%\"\ncovariance = { \"w,w\" = 1 }\nbatch_size = 1\nmodel = \"chain\"\nlearning_rate = "
	for _, c := range []struct {
		loss, rate string
		std        float64 // 0: there is no law
	}{{"w^2/2", "0.1", .2294}, {"w^2/2", "1.9", 4.3589}, {"w^2/2", "2.01", 0}, {"w^2/2", "40", 0}, {"w^2/2 + w^4/4", "0.01", .07}, {"w^2/2 + w^4/4", "0.9", 0}} {
		text := strings.Replace(descent, "%", c.loss, 1) + c.rate + "\n[[axis]]\nname = \"w\"\n"
		s := read(t, text).reaching(context.Background(), Options{})
		err := s.encloses()
		switch a := s.axes; {
		case c.std == 0:
			if !errors.Is(err, ErrUnconfined) || !strings.Contains(err.Error(), "steps of this learning rate go ever further") {
				t.Errorf("%s at %s: %v", c.loss, c.rate, err)
			}
		case err != nil || a[0].Hi < 4.5*c.std || a[0].Hi > 9*c.std || a[0].Lo > -4.5*c.std || a[0].Lo < -9*c.std:
			t.Errorf("%s at %s: %+v, %v", c.loss, c.rate, a, err)
		}
	}
}

// Noise along (1, 2) alone: what crosses its lines is spread by cells, the more the wider
// they are, up to where e^{2s} has no value. Particles from ln ½ are ±5 deviations of √(1/20) and
// √(1/5) about the way of their means, −0.69 to −0.44 and −0.69 to −0.99.
func TestCellsThatSpreadALawDoNotWidenItsBox(t *testing.T) {
	data, err := gallery.ReadFile("diagonalnet.toml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse("diagonalnet", rangeLine.ReplaceAll(data, nil), Beside("."), "accuracy=1e-4")
	if err != nil {
		t.Fatal(err)
	}
	axes, err := c.newRun(context.Background(), Options{}).newBox().find()
	if err != nil {
		t.Fatal(err)
	}
	for k, needs := range [][2]float64{{-1.7, .3}, {-3.2, .9}} { // from, to
		if a := axes[k]; a.Lo > needs[0] || a.Hi < needs[1] || a.Hi-a.Lo > 2.5*(needs[1]-needs[0]) {
			t.Errorf("%s in [%g, %g]", a.Name, a.Lo, a.Hi)
		}
	}
}

// A chain whose first box already has no values, as its steps go round a ring too often, is
// refused for that.
func TestAChainWithoutAFirstBoxIsRefused(t *testing.T) {
	s := read(t, "accuracy = 1e-3\n[sgd]\nloss = \"w^2/2 - cos(a)\"\ncovariance = { \"w,w\" = 0.1, \"a,a\" = 1e6 }\nbatch_size = 2\nmodel = \"chain\"\nlearning_rate = 0.3\n[[axis]]\nname = \"w\"\n[[axis]]\nname = \"a\"\nrange = [0, \"2*pi\"]\ncells = 16\nboundary = \"periodic\"\n").reaching(context.Background(), Options{})
	if err := s.encloses(); err == nil || !strings.Contains(s.from.Problem.explain(err).Error(), "goes around the axis less often") {
		t.Errorf("got %v, want that steps go around too often", err)
	}
}
