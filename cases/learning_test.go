package cases

import (
	"context"
	"io"
	"math"
	"strings"
	"testing"
)

// beside runs a case with files of its own.
func beside(t *testing.T, text string, files map[string]string, o Options) *Result {
	t.Helper()
	open := func(name string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(files[name])), nil }
	c, err := Parse("case.toml", []byte(text), open)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Masses of the two wells and λ in each under the posterior, by quadrature to ten
// digits; the law is that of Gibbs.
func TestSingularWellTakesTheMassAsTheTemperatureFalls(t *testing.T) {
	for _, c := range []struct{ T, regular, singularLambda, regularLambda float64 }{
		{10, .2392842504, .3072454954, .5936492264},
		{1, .1440517978, .2621742732, .5105896830},
		{0.1, .0869405971, .2532425273, .5009729578},
		{0.01, .0509914159, .2509798324, .5000965540},
		{0.001, .0293645471, .2503056289, .5000096481},
	} {
		r := solve(t, "singularwells", "T="+literalOf(c.T), "learning.temperatures=log(0.5, 1, 2)", "evolve.times=[0]", "axis.w.cells=8000")
		l := r.Learning
		near(t, "regular, posterior", l.Basins[0].Posterior, c.regular, 1e-9)
		near(t, "degenerate, posterior", l.Basins[1].Posterior, 1-c.regular, 1e-9)
		near(t, "λ, regular", l.Basins[0].Lambda, c.regularLambda, 1e-8) // means within cells by three points
		near(t, "λ, degenerate", l.Basins[1].Lambda, c.singularLambda, 1e-8)
		near(t, "regular, law", l.Stationary.Basins["regular"], c.regular, 1e-6)
		near(t, "KL", l.Stationary.KL, 0, 1e-12)
		near(t, "least loss", l.Minimum, 0, 1e-20)
	}
}

// Excess losses ½T tr H of SGD, T = ησ²/2B, and tr(H′H⁻¹)/2n of the posterior, in and
// out of distribution.
func TestSGDDoesNotAmplifyRareDirections(t *testing.T) {
	l := solve(t, "bayes").Learning
	near(t, "SGD, in", l.Stationary.Loss, .01328125, 1e-9)
	near(t, "SGD, out", *l.Stationary.TestLoss, .01328125, 1e-6) // walls at 7 widths of the posterior
	near(t, "Bayes, in", l.Posterior.Loss, .005, 1e-9)
	near(t, "Bayes, out", l.Posterior.Observables["test_loss"], .04015625, 1e-7)
	near(t, "λ", l.Posterior.Lambda, 1, 1e-8) // two regular parameters
	near(t, "corrected λ", *l.Lambda.Corrected, 1, 1e-8)
	// KL of N(0, T I) from N(0, H⁻¹/n)
	near(t, "KL", l.Stationary.KL, (5+.3125-2+math.Log(.64))/2, 1e-4)
}

// Curl of anisotropic noise: KL(N(0, Σ)‖e^(−L/T)) with T = tr D/2, ⟨L⟩ = ½ tr AΣ =
// (η/4B) tr C, by matrices. The estimated errors hold.
func TestAnisotropicNoiseIsNoTemperature(t *testing.T) {
	text := `
[[axis]]
name = "x"
range = [-0.5, 0.5]
cells = 96
[[axis]]
name = "y"
range = [-0.5, 0.5]
cells = 96
[sgd]
loss = "(2*x^2 + x*y + y^2)/2"
covariance = { "x,x" = 1, "x,y" = 0.6, "y,y" = 0.5 }
learning_rate = 0.1
batch_size = 4
[learning]
temperatures = [1e-3]
`
	r := beside(t, text, nil, Options{Errors: true})
	l := r.Learning
	near(t, "T", l.Temperature, .0125*1.5/2, 1e-12)
	near(t, "⟨L⟩", l.Stationary.Loss, .009375, 1e-9)
	near(t, "KL", l.Stationary.KL, .6489834890, 1e-3)
	near(t, "KL within its error", l.Stationary.KL, .6489834890, 3*l.Error.KL)
	near(t, "T·KL", l.Stationary.Excess, l.Temperature*l.Stationary.KL, 1e-15)
	// F[p] − F = T·KL, up to what the mesh does to either
	near(t, "F − F₀", l.Stationary.FreeEnergy-l.Posterior.FreeEnergy, l.Stationary.Excess, 3*(l.Error.FreeEnergy+l.Error.Excess))
	if l.From != "stationary" || l.Lambda.Corrected != nil {
		t.Errorf("temperature from %q, corrected λ %v of one temperature", l.From, l.Lambda.Corrected)
	}
}

// Relaxation of N(2, ¼) in a harmonic potential, KL by formula.
func TestExcessFreeEnergyFalls(t *testing.T) {
	text := `
[[axis]]
name = "x"
range = [-7, 7]
cells = 400
[process]
potential = "x^2/2"
temperature = 1
[initial]
mean = { x = 2 }
std = { x = 0.5 }
[evolve]
times = [0, 1]
[learning]
temperatures = [1]
`
	r := beside(t, text, nil, Options{})
	l := r.Learning
	for i, want := range []float64{2.3181471806, 0.2734349355} {
		near(t, "KL", l.Evolve.KL[i], want, 3e-4)                                    // the start is integrated over cells: h²/24σ²
		near(t, "F − F₀", l.Evolve.FreeEnergy[i]-l.Posterior.FreeEnergy, want, 1e-3) // h²/24σ² of the entropy
	}
	near(t, "F₀", l.Posterior.FreeEnergy, -math.Log(2*math.Pi)/2, 1e-9)
	near(t, "entropy", l.Posterior.Entropy, (1+math.Log(2*math.Pi))/2, 1e-8)
}

const trained = "x,y\n1,1.5\n2,1\n3,4\n6,5\n"

// The examples of a test have the columns' names in any order, and are shifted and
// scaled as the data were: x to mean 3 and deviation √3.5, by hand.
func TestLossOfExamplesThatWereNotSeen(t *testing.T) {
	text := `
[[axis]]
name = "w"
range = [-5, 8]
cells = 400
[sgd]
loss = "0.5*(w*x - y)^2"
regularizer = "0.1*w^2"
data = "train.csv"
test_data = "test.csv"
standardize = ["x"]
learning_rate = 0.1
batch_size = 2
[learning]
temperatures = "log(1e-4, 1e-1, 4)"
`
	r := beside(t, text, map[string]string{"train.csv": trained, "test.csv": "z,y,x\n9,2,4\n9,1,-1\n"}, Options{})
	s, l := r.Stationary, r.Learning
	mean, square := s.Mean["w"], s.RawMoments["w"][2]
	want := 0.0
	for _, e := range [][2]float64{{4, 2}, {-1, 1}} {
		x := (e[0] - 3) / math.Sqrt(3.5)
		want += (x*x*square - 2*x*e[1]*mean + e[1]*e[1]) / 4
	}
	near(t, "E test_loss", s.Observables["test_loss"], want, 1e-12)
	near(t, "in [learning]", *l.Stationary.TestLoss, want, 1e-12)
	// A regular minimum of one parameter: E(L − least) = T/2.
	near(t, "WBIC", l.WBIC.Lambda, 0.5, 1e-6)
	near(t, "its temperature", l.WBIC.Temperature, math.Log(4)/4, 1e-15)
	files := r.of.Files()
	if len(files) != 2 || !strings.Contains(string(r.of.TOML()), "# data test.csv: 2 examples") {
		t.Errorf("%d files, want the data and the test data", len(files))
	}
}

// The two wells of a potential, and the two curves uv = 1.
func TestWellsAreFound(t *testing.T) {
	l := solve(t, "doublewell", "T=0.05", "evolve.until=1", "evolve.outputs=2", "learning.temperatures=[0.1]").Learning
	if len(l.Basins) != 2 {
		t.Fatalf("%d wells, want 2", len(l.Basins))
	}
	for _, b := range l.Basins {
		near(t, "|x| of a minimum", math.Abs(b.MinimumAt["x"]), 1, 1e-7)
		near(t, "its mass", b.Posterior, 0.5, 1e-8)
		near(t, "mass of the law", l.Stationary.Basins[b.Name], 0.5, 1e-8)
	}
	curves := `
[[axis]]
name = "u"
range = [-3, 3]
cells = 60
[[axis]]
name = "v"
range = [-3, 3]
cells = 60
[process]
potential = "(u*v - 1)^2/2"
temperature = 0.1
[learning]
temperatures = [0.1]
`
	if l = beside(t, curves, nil, Options{}).Learning; len(l.Basins) != 2 {
		t.Errorf("%d wells, want 2", len(l.Basins))
	}
	near(t, "mass", l.Basins[0].Posterior, 0.5, 1e-6)
	near(t, "Z", math.Exp(l.Lambda.LogZ[0]), 3.5821514413, 1e-6) // by quadrature
}

func TestMistakesAboutLearning(t *testing.T) {
	axis := "[[axis]]\nname = \"w\"\nrange = [-1, 1]\ncells = 10\n"
	population := axis + "[sgd]\nloss = \"w^2\"\ncovariance = { \"w,w\" = 1 }\nlr = 0.1\nbatch_size = 1\n"
	for _, c := range []struct{ name, text, key, says string }{
		{"no loss", axis + "[process]\ndrift = { w = \"-w\" }\ndiffusion = 1\n[learning]\n", "learning", "without a loss"},
		{"driven", axis + "[process]\npotential = \"w^2*(1 + sin(t))\"\ntemperature = 1\n[initial]\nuniform = true\n[evolve]\nuntil = 1\n[learning]\n", "process.potential", "depends on t"},
		{"temperature", population + "[learning]\ntemperature = 0\n", "learning.temperature", "above 0"},
		{"list", population + "[learning]\ntemperatures = [1, -1]\n", "learning.temperatures", "-1"},
		{"no law", population + "[learning]\n[quasistationary]\nwithin = \"w < 0\"\n", "learning", "without [stationary]"},
		{"empty", population + "[learning]\ntemperatures = []\n", "learning.temperatures", "found 0"},
		{"text", population + "[learning]\ntemperatures = \"1, 2\"\n", "learning.temperatures", "log(from, to, count)"},
		{"range", population + "[learning]\ntemperatures = \"log(0, 1, 3)\"\n", "learning.temperatures", "above 0"},
		{"basin", population + "[learning.basins]\nleft = \"w + 1\"\n", "learning.basins.left", "comparison"},
		{"timed basin", population + "[learning.basins]\nleft = \"w < t\"\n", "learning.basins.left", "depends on t"},
		{"key", population + "[learning]\ntemperatur = 1\n", "learning.temperatur", "temperature"},
		{"test data", population + "test_data = \"a.csv\"\n", "sgd.test_data", "test_loss"},
		{"home", population + "[learning]\ntest_data = \"a.csv\"\n", "learning.test_data", "belongs in [sgd]"},
	} {
		_, err := Parse("case.toml", []byte(c.text), nil)
		if err == nil || !strings.Contains(err.Error(), c.key) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want a mistake of %s that says %q", c.name, err, c.key, c.says)
		}
	}
}

// only opens the same file under every name.
func only(text string) Open {
	return func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
}

// λ of u²v² at T = 0.1 to 1e-6 by exponential integrals, ½ and 2 of the theory; the law
// is that of Gibbs.
func TestCrossedValleysNeedTheirLogarithm(t *testing.T) {
	l := solve(t, "crossing").Learning
	for i, want := range []float64{.2655954525, .3477624168, .3872765084, .4105053348, math.NaN(), .4366247103} {
		if i != 4 {
			near(t, "λ", l.Lambda.Lambda[i], want, 2e-7)
		}
	}
	for i, want := range []float64{2.3911429495, 1.1642682537, .4972336411, .1980513417} {
		near(t, "Z", math.Exp(l.Lambda.LogZ[i]), want, 2e-7*want)
	}
	if l.Lambda.Multiplicity != 2 {
		t.Errorf("multiplicity %d, want 2", l.Lambda.Multiplicity)
	}
	near(t, "corrected λ", *l.Lambda.Corrected, 0.5, 1e-4) // quadrature of ln Z
	near(t, "KL", l.Stationary.KL, 0, 1e-6)
	near(t, "complexity", l.Stationary.Complexity, .3477624168, 1e-3) // cells of 0.02 beside valleys of 0.1
}
