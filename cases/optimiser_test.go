package cases

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// four examples: mean 2, variance (4 + 0 + 1 + 9)/4 with divisor n less none.
var four = map[string]string{"d.csv": "y,z\n0,1\n2,1\n1,2\n5,3\n"}

const square = "[sgd]\ndata = \"d.csv\"\nloss = \"0.5*(x - y)^2\"\nlr = 0.1\nbatch_size = 2\n"

func readWith(t *testing.T, data map[string]string, text string, overrides ...string) *Case {
	t.Helper()
	c, err := Parse("case.toml", []byte(text), files(data), overrides...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The variance of y is 14/4 = 3.5; D = η s/(2B)·C.
func TestDiffusionOfAnOptimiserIsHalfItsNoisePerTime(t *testing.T) {
	for _, c := range []struct {
		overrides []string
		d         float64
	}{
		{nil, .1 / 4 * 3.5},
		{[]string{"sgd.weights=z"}, .1 / 4 * 206 / 49}, // Σz = 7, Σzy = 19, Σzy² = 81
		{[]string{"sgd.batch_size=1"}, .1 / 2 * 3.5},
		{[]string{"sgd.lr=0.3"}, .3 / 4 * 3.5},
		{[]string{"sgd.sampling=without replacement"}, .1 / 4 * 3.5 * 2 / 3}, // (4 − 2)/(4 − 1)
		{[]string{"sgd.sampling=without replacement", "sgd.batch_size=4"}, 0},
		{[]string{"sgd.noise=none"}, 0},
		{[]string{"sgd.noise=isotropic"}, .1 / 4 * 3.5},
		{[]string{"sgd.regularizer=x^2"}, .1 / 4 * 3.5},
		{[]string{`sgd.standardize=["y"]`}, .1 / 4},
	} {
		p := readWith(t, four, line+square, c.overrides...).Problem
		_, d := coefficients(p, []float64{.7}, 0)
		near(t, strings.Join(c.overrides, " ")+" D", d[0], c.d, 1e-16)
	}
	population := line + "[sgd]\nloss = \"0.5*(x - 2)^2\"\ncovariance = { \"x,x\" = 3.5 }\nlearning_rate = 0.1\nbatch_size = 2\n"
	b, d := coefficients(read(t, population).Problem, []float64{.7}, 0)
	near(t, "b", b[0], 1.3, 1e-15)
	near(t, "D", d[0], .1/4*3.5, 1e-16)
	b, d = coefficients(readWith(t, four, line+square).Problem, []float64{.7}, 0)
	near(t, "b of data", b[0], 1.3, 1e-15)
	near(t, "D of data", d[0], .1/4*3.5, 1e-16)
}

func TestPopulationNoiseIsWhatItsKindSays(t *testing.T) {
	text := plane + "[sgd]\nloss = \"x^2 + y\"\nregularizer = \"x*y\"\ncovariance = { \"x,x\" = \"x^2\", \"y,y\" = 3 }\nlearning_rate = 0.1\nbatch_size = 5\n"
	for noise, want := range map[string][2]float64{"gradient": {.01 * 4, .03}, "isotropic": {.035, .035}, "none": {}} {
		b, d := coefficients(read(t, text, "sgd.noise="+noise).Problem, []float64{2, 3}, 0)
		near(t, noise+" Dxx", d[0], want[0], 1e-16)
		near(t, noise+" Dyy", d[3], want[1], 1e-16)
		near(t, "bx", b[0], -4-3, 0)
		near(t, "by", b[1], -1-2, 0)
	}
	_, d := coefficients(read(t, strings.Replace(text, "\"y,y\"", "\"x,y\" = 1, \"y,y\"", 1)).Problem, []float64{2, 3}, 0)
	near(t, "Dxy", d[1], .01, 1e-16)
	near(t, "Dyx", d[2], .01, 1e-16)
}

// θ ~ OU: mean ȳ + (m₀ − ȳ)e^(−t), variance D + (v₀ − D)e^(−2t), t = η·step;
// the law of cells has h²/12 more variance.
func TestOneParameterOnDataFollowsItsClosedForm(t *testing.T) {
	text := "[[axis]]\nname = \"x\"\nrange = [-1, 4]\ncells = 500\n" + square + `
[initial]
mean = { x = 0.5 }
std = { x = 0.1 }
[stationary]
[evolve]
steps = 20
outputs = 3
tolerance = 1e-9
[observables]
low = "x < 2"
`
	r, err := readWith(t, four, text).Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	const d, h = .1 / 4 * 3.5, .01
	near(t, "stationary mean", r.Stationary.Mean["x"], 2, 1e-9)
	near(t, "stationary variance", r.Stationary.Covariance["x,x"], d+h*h/12, 1e-8) // of a Gaussian's cells
	near(t, "P(x < 2)", r.Stationary.Observables["low"], .5, 1e-9)
	near(t, "E loss", r.Stationary.Observables["loss"], (d+h*h/12+3.5)/2, 1e-8)
	near(t, "sharpness", r.Stationary.Observables["sharpness"], 1, 1e-12)
	near(t, "E |∇L|", r.Stationary.Observables["gradient_norm"], math.Sqrt(2*d/math.Pi), h*h)
	for i, step := range []float64{0, 10, 20} {
		at := .1 * step
		near(t, "time", r.Evolve.Times[i], at, 1e-15)
		near(t, "step", r.Evolve.Step[i], step, 1e-13)
		near(t, "mean", r.Evolve.Mean["x"][i], 2-1.5*math.Exp(-at), 1e-7)
		near(t, "variance", r.Evolve.Covariance["x,x"][i], d+h*h/12+(.01-d)*math.Exp(-2*at), h*h) // fitted rates add (bh)²/12D of diffusion
	}
}

func TestLandscapeIsThatOfTheExamples(t *testing.T) {
	c, err := FromGallery("cars", "sgd.regularizer=slope^4", "axis.slope.cells=5", "axis.intercept.cells=3")
	if err != nil {
		t.Fatal(err)
	}
	g, err := c.Problem.Grid()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]float64{}
	for _, o := range c.Problem.Observables {
		if got[o.Name], err = o.OnCells(g, 0); err != nil {
			t.Fatal(err)
		}
	}
	speed, dist := c.Data.Column("speed"), c.Data.Column("dist")
	for i := range g.Size() {
		s, u := g.Centers(0)[g.Along(0, i)], g.Centers(1)[g.Along(1, i)]
		n, loss, gs, gu := float64(len(speed)), s*s*s*s, 4*s*s*s, 0.0
		h := mat.NewSymDense(2, []float64{12 * s * s, 0, 0, 0})
		for j := range speed {
			x := (speed[j] - 15.4) / 5.2
			r := s*x + u - (dist[j]-43)/25
			loss, gs, gu = loss+r*r/2/n, gs+r*x/n, gu+r/n
			h.SetSym(0, 0, h.At(0, 0)+x*x/n)
			h.SetSym(0, 1, h.At(0, 1)+x/n)
			h.SetSym(1, 1, h.At(1, 1)+1/n)
		}
		var eigen mat.EigenSym
		eigen.Factorize(h, false)
		near(t, "loss", got["loss"][i], loss, 1e-13)
		near(t, "gradient_norm", got["gradient_norm"][i], math.Hypot(gs, gu), 1e-13)
		near(t, "sharpness", got["sharpness"][i], eigen.Values(nil)[1], 1e-12)
	}
}

// ℓ = ½(uv − y)² has L = ½(uv − ȳ)² + ½Var y and C = Var y (v, u)(v, u)ᵀ: ȳ = 2 and
// Var y = 3.5 of the four examples.
func TestPopulationAndItsDataHaveTheSameEquations(t *testing.T) {
	const uv = "[[axis]]\nname = \"u\"\nrange = [-4, 4]\ncells = 8\n[[axis]]\nname = \"v\"\nrange = [-4, 4]\ncells = 8\n[sgd]\nlr = 0.1\nbatch_size = 2\nregularizer = \"u^4*v\"\n"
	const data = uv + "data = \"d.csv\"\nloss = \"0.5*(u*v - y)^2\"\n"
	const population = uv + "loss = \"0.5*(u*v - 2)^2\"\ncovariance = { \"u,u\" = \"3.5*v^2\", \"v,v\" = \"3.5*u^2\", \"u,v\" = \"3.5*u*v\" }\n"
	for _, equation := range []string{"sde1", "sde2", "sde2+"} {
		for _, noise := range []string{"gradient", "isotropic", "none"} {
			overrides := []string{"sgd.equation=" + equation, "sgd.noise=" + noise}
			a, b := readWith(t, four, data, overrides...).Problem, readWith(t, four, population, overrides...).Problem
			if len(a.coupled) != len(b.coupled) {
				t.Errorf("%v: coupled %v and %v", overrides, a.coupled, b.coupled)
			}
			for _, x := range [][]float64{{1, 2}, {-.5, 3}, {0, 0}, {.1, -.2}} {
				b1, d1 := coefficients(a, x, 0)
				b2, d2 := coefficients(b, x, 0)
				for k := range b1 {
					near(t, equation+" b", b1[k], b2[k], 1e-13*(1+math.Abs(b2[k])))
				}
				for k := range d1 {
					near(t, equation+" D", d1[k], d2[k], 1e-13*(1+math.Abs(d2[k])))
				}
			}
		}
	}
}

// D = (η/2)(1 + η(3x² − 60)) is negative about 0.
func TestCorrectedNoiseBelowZeroIsRefused(t *testing.T) {
	const text = line + "[sgd]\nloss = \"x^4/4 - 30*x^2\"\ncovariance = { x = 1 }\nlr = 0.1\nbatch_size = 1\nequation = \"sde2+\"\n[stationary]\n"
	const data = line + "[sgd]\nloss = \"x^4/4 - 30*x^2 + x*(y - 2)\"\ndata = \"d.csv\"\nlr = 0.1\nbatch_size = 1\nequation = \"sde2+\"\n[stationary]\n"
	for _, text := range []string{text, data} {
		_, err := readWith(t, four, text).Run(context.Background(), Options{})
		var m *Mistake
		if !errors.As(err, &m) || m.Key != "sgd.equation" || !strings.Contains(m.Error(), "at x = ") || !strings.Contains(m.Error(), "smaller learning rate") {
			t.Errorf("%v, want a refusal that names point, key and remedy", err)
		}
	}
}

func TestDefinitionsMayUseColumns(t *testing.T) {
	c := readWith(t, four, "[define]\nr = \"x - y\"\n\"half(q)\" = \"q^2/2\"\n"+line+strings.Replace(square, "0.5*(x - y)^2", "half(r)", 1))
	b, d := coefficients(c.Problem, []float64{.7}, 0)
	near(t, "b", b[0], 1.3, 1e-15)
	near(t, "D", d[0], .1/4*3.5, 1e-16)
}

func TestMistakesOfAnOptimiserNameTheirPlace(t *testing.T) {
	for _, c := range []struct {
		name, text, key string
		line            int
		part            string
	}{
		{"no data", "[sgd]\nloss = \"x\"\nlr = 1\nbatch_size = 1\n", "sgd", 6, "both or neither"},
		{"data and covariance", square + "covariance = { \"x,x\" = 1 }\n", "sgd", 6, "both or neither"},
		{"no rate", strings.Replace(square, "lr = 0.1\n", "", 1), "sgd.learning_rate", 6, "both or neither"},
		{"two rates", square + "learning_rate = 1\n", "sgd.learning_rate", 6, "both or neither"},
		{"no batch", strings.Replace(square, "batch_size = 2\n", "", 1), "sgd.batch_size", 6, "missing"},
		{"half an example", strings.Replace(square, "= 2", "= 2.5", 1), "sgd.batch_size", 10, "whole number"},
		{"rate 0", strings.Replace(square, "0.1", "0", 1), "sgd.lr", 9, "above 0"},
		{"no loss", "[sgd]\ndata = \"d.csv\"\nlr = 1\nbatch_size = 1\n", "sgd.loss", 6, "missing"},
		{"no file", strings.Replace(square, "d.csv", "none.csv", 1), "sgd.data", 7, `"none.csv" cannot be opened`},
		{"bad file", strings.Replace(square, "d.csv", "text.csv", 1), "sgd.data", 7, `text.csv:2: column "y"`},
		{"data in numbers", strings.Replace(square, `"d.csv"`, "3", 1), "sgd.data", 7, `such as { x = "normal(0, 1)" }`},
		{"random data of nothing", strings.Replace(square, `"d.csv"`, "{}", 1), "sgd.data", 7, "found no column"},
		{"unknown law", strings.Replace(square, `"d.csv"`, `{ y = "norml(0, 1)" }`, 1), "sgd.data.y", 7, `did you mean "normal"?`},
		{"law of one number", strings.Replace(square, `"d.csv"`, `{ y = "normal(1)" }`, 1), "sgd.data.y", 7, "wanted 2 arguments"},
		{"law in a loss", strings.Replace(square, "- y", "- normal(0, 1)", 1), "sgd.loss", 8, "which only random examples do"},
		{"random data of a parameter to learn", strings.Replace(square, `"d.csv"`, `{ y = "x + normal(0, 1)" }`, 1), "sgd.data.y", 7, `it uses "x"`},
		{"random data of a column below", strings.Replace(square, `"d.csv"`, `{ y = "z", z = "normal(0, 1)" }`, 1), "sgd.data.y", 7, `it uses "z"`},
		{"a chance of 2", strings.Replace(square, `"d.csv"`, `{ y = "bernoulli(2)" }`, 1), "sgd.data", 7, "the chance 2"},
		{"random data without a mean", strings.Replace(strings.Replace(square, `"d.csv"`, `{ y = "normal(0, 1)" }`, 1), "0.5*(x - y)^2", "exp(x*y^2)", 1), "sgd.data", 7, "does not converge"},
		{"random data without replacement", strings.Replace(square, `"d.csv"`, `{ y = "normal(0, 1)" }`, 1) + "sampling = \"without replacement\"\n", "sgd.sampling", 11, "for a population"},
		{"random data in epochs", strings.Replace(square, `"d.csv"`, `{ y = "normal(0, 1)" }`, 1) + "[validate]\nsampling = \"epochs\"\n", "validate.sampling", 12, "for random examples"},
		{"random batches enumerated", strings.Replace(square, `"d.csv"`, `{ y = "normal(0, 1)" }`, 1) + "model = \"chain\"\nbatches = \"enumerated\"\n", "sgd.batches", 12, "for a population"},
		{"random data standardized", strings.Replace(square, `"d.csv"`, `{ y = "normal(0, 1)" }`, 1) + "standardize = [\"y\"]\n", "sgd.standardize", 11, "without a data file"},
		{"column of an axis", square + "columns = { x = \"z\" }\n", "sgd.data", 7, "rename it with `columns`"},
		{"column of a parameter", square + "[parameters]\nz = 1\n", "sgd.data", 7, "already a constant"},
		{"column of a definition", square + "[define]\nz = \"1\"\n", "define.z", 12, "already a variable"},
		{"column called t", square + "columns = { t = \"z\" }\n", "sgd.data", 7, "reserved"},
		{"column called 2", square + "columns = { 2 = \"z\" }\n", "sgd.data", 7, "letters, digits and _"},
		{"no such column", square + "columns = { q = \"nothing\" }\n", "sgd.columns.q", 11, `no column is called "nothing"`},
		{"renamed twice", square + "[sgd.columns]\nq = \"y\"\nr = \"y\"\n", "sgd.columns.r", 13, "is renamed twice"},
		{"standardize nothing", square + "standardize = [\"yy\"]\n", "sgd.standardize", 11, `did you mean "y"?`},
		{"standardize in words", square + "standardize = \"y\"\n", "sgd.standardize", 11, "a list of texts"},
		{"weights below 0", strings.Replace(square, "d.csv", "low.csv", 1) + "weights = \"w\"\n", "sgd.weights", 11, "is -1 in row 2"},
		{"no weight", strings.Replace(square, "d.csv", "low.csv", 1) + "weights = \"v\"\n", "sgd.weights", 11, "no example has a weight"},
		{"weights of nothing", square + "weights = \"yy\"\n", "sgd.weights", 11, `did you mean "y"?`},
		{"weights in numbers", square + "weights = 1\n", "sgd.weights", 11, "a text in quotes"},
		{"weights without replacement", square + "weights = \"y\"\nsampling = \"without replacement\"\n", "sgd.sampling", 12, "beside weights"},
		{"weights in epochs", square + "weights = \"y\"\n[validate]\nsampling = \"epochs\"\n", "validate.sampling", 13, "beside weights"},
		{"standardize without data", "[sgd]\nloss = \"x^2\"\ncovariance = { \"x,x\" = 1 }\nlr = 1\nbatch_size = 1\nstandardize = [\"y\"]\n", "sgd.standardize", 11, "found without a data file"},
		{"unknown column", strings.Replace(square, "- y", "- w", 1), "sgd.loss", 8, `hint: data columns: y, z`},
		{"loss in time", strings.Replace(square, "- y", "- t", 1), "sgd.loss", 8, "depends on t"},
		{"regularizer of a column", square + "regularizer = \"x*y\"\n", "sgd.regularizer", 11, `data column "y"`},
		{"observable of a column", square + "[observables]\na = \"x*y\"\n", "observables.a", 12, `"y"`},
		{"density of a column", square + "[initial]\ndensity = \"y\"\n", "initial.density", 12, `"y"`},
		{"observable of an optimiser", square + "[observables]\nloss = \"x\"\n", "observables.loss", 12, "another name"},
		{"epochs", square + "sampling = \"epochs\"\n", "sgd.sampling", 11, "memory"},
		{"a batch beyond the data", strings.Replace(square, "= 2", "= 5", 1) + "sampling = \"without replacement\"\n", "sgd.batch_size", 11, "at most the 4"},
		{"population without replacement", "[sgd]\nloss = \"x^2\"\ncovariance = { \"x,x\" = 1 }\nlr = 1\nbatch_size = 1\nsampling = \"without replacement\"\n", "sgd.sampling", 11, "for a population"},
		{"noise misspelt", square + "noise = \"isotrop\"\n", "sgd.noise", 11, `did you mean "isotropic"?`},
		{"optimizer unknown", square + "optimizer = \"sdg\"\n", "sgd.optimizer", 11, `found the text "sdg", expected "sgd"`},
	} {
		all := mistakesWith(t, map[string]string{"d.csv": four["d.csv"], "text.csv": "y\nsetosa\n", "low.csv": "y,w,v\n1,1,0\n2,-1,0\n"}, line+c.text)
		found := false
		for _, m := range all {
			found = found || m.Key == c.key && m.Line == c.line && strings.Contains(m.Error(), c.part) && m.File == "case.toml"
		}
		if !found {
			t.Errorf("%s: %v\nwant %s in line %d with %q", c.name, all, c.key, c.line, c.part)
		}
	}
}

// Nodes of Gauss see a kink to some digits only: that is said where it is asked and
// where it is run.
func TestErrorOfAQuadratureIsSaid(t *testing.T) {
	c := readWith(t, nil, line+strings.Replace(strings.Replace(square, `"d.csv"`, `{ y = "normal(0, 1)" }`, 1), "0.5*(x - y)^2", "relu(x - y)^2", 1)+"[stationary]\n")
	var b strings.Builder
	if err := c.Describe(&b); err != nil {
		t.Fatal(err)
	}
	r, err := c.Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "examples, error ") || !strings.Contains(strings.Join(r.Warnings, "; "), "means over random examples are integrated to ") {
		t.Errorf("no error is said in\n%s\nnor in %v", b.String(), r.Warnings)
	}
}
