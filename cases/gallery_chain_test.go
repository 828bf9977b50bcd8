package cases

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// The law is uniform on [−1, 1]: variance 1/3, fourth moment 1/5, and a total variation
// of 0.2284562394 to the N(0, ¼) of its diffusion.
func TestSGDOnTwoExamplesIsUniform(t *testing.T) {
	r := solve(t, "bernoulli")
	s := r.Stationary
	if r.Chain.Batches != "enumerated" || r.Chain.Count != 2 {
		t.Errorf("found %+v, want 2 batches", r.Chain)
	}
	near(t, "variance", s.Covariance["x,x"], 1./3, 1e-12) // two moments of every step are exact on cells
	near(t, "fourth moment", s.RawMoments["x"][4], .2, 1e-5)
	near(t, "outside", s.Observables["outside"], 0, 1e-3) // cells at ±1 spread it by one
	tv, edges := 0.0, r.Grid.Axis(0).Edges
	for i, m := range s.Masses {
		tv += math.Abs(m-between(2*edges[i], 2*edges[i+1])) / 2
	}
	near(t, "total variation", tv, totalVariation(), 1e-3)
	near(t, "total variation", totalVariation(), .2284562394, 1e-10)
}

// totalVariation is that between U(−1, 1) and N(0, ¼): the Gaussian has the larger
// density within ±x, 2φ(2x) = ½, and beyond ±1.
func totalVariation() float64 {
	x := math.Sqrt(-2*math.Log(math.Sqrt(2*math.Pi)/4)) / 2
	return between(-2*x, 2*x) - x + 2*between(2, 20)
}

// E x² of the exact transfer operator, by quadrature with ten digits.
func TestQuarticWellHasTheLawOfItsSteps(t *testing.T) {
	for _, c := range []struct{ rate, c, square float64 }{
		{.1, 0, .0468017902}, {.025, 0, .0122250143}, {.1, 1, .0485157288}, {.025, 1, .0123620304},
	} {
		r := solve(t, "quartic", "rate="+literalOf(c.rate), "c="+literalOf(c.c))
		near(t, "E x²", r.Stationary.Observables["square"], c.square, 2e-9) // (h/σ)⁴ of the cells
	}
}

// SGD of linear regression keeps two moments to itself: Σ = ησ²/B / (2 − η(1 + 2/B)) of
// Gaussian inputs, whatever the tails.
func TestStudentStepsHaveTheVarianceOfSGD(t *testing.T) {
	for _, c := range []struct {
		rate      string
		batch     string
		want, sde float64
	}{{"0.1", "1", .0588235294, .0555555556}, {"0.2", "1", .1428571429, .125}, {"0.1", "4", .0135135135, .0128205128}} {
		set := []string{"sgd.learning_rate=" + c.rate, "sgd.batch_size=" + c.batch, "axis.w.cells=600"}
		near(t, "Var of SGD", solve(t, "student", append(set, "sgd.model=chain")...).Stationary.Covariance["w,w"], c.want, 1e-7)
		near(t, "Var of the diffusion", solve(t, "student", set...).Stationary.Covariance["w,w"], c.sde, 2e-4)
	}
}

// With labels of σ = 2 at η = 0.01 the steps are narrower than cells of that mesh.
func TestNarrowStudentStepsHaveTheVarianceOfSGD(t *testing.T) {
	for _, c := range []struct {
		batch     float64
		want, sde float64
	}{{10, .0020120724, .0020020020}, {20, .0010055304, .0010005003}, {50, .00040209087, .00040008002}} {
		set := []string{"sigma=2", "sgd.learning_rate=0.01", "sgd.batch_size=" + literalOf(int64(c.batch)), "axis.w.range=[-0.5, 0.5]", "axis.w.spacing=uniform", "axis.w.cells=500"}
		near(t, "Var of SGD", solve(t, "student", append(set, "sgd.model=chain")...).Stationary.Covariance["w,w"], c.want, 1e-10)
		near(t, "Var of the diffusion", solve(t, "student", set...).Stationary.Covariance["w,w"], c.sde, 1e-6)
	}
}

// E|1 − ηx²|^α = 1 of normal x at α = 17.2846 (Kesten 1973), by quadrature; P(|w| > r)
// wavers about r^(−α), as it takes rare large x to get that far. The diffusion has 11, and
// a chain with Gaussian batches 11.39, of E|1 − η + η√2 z|^α = 1.
func TestTailsOfStepsAreThoseOfTheirExamples(t *testing.T) {
	power := func(r *Result) float64 {
		o := r.Stationary.Observables
		return math.Log(o["beyond4"]/o["beyond32"]) / math.Log(8)
	}
	r := solve(t, "tails")
	near(t, "Var", r.Stationary.Covariance["w,w"], .0588235294, 1e-8)
	near(t, "power of SGD", power(r), 17.2846, .5)
	near(t, "power of Gaussian batches", power(solve(t, "tails", "sgd.batches=gaussian")), 11.39, .2)
	near(t, "power of the diffusion", power(solve(t, "tails", "sgd.model=diffusion", "axis.w.cells=4000")), 11, .1)
}

// At a = 2 SGD leaves the regular minimum, at a ≤ 1.5 it does not, and hardly at 1.8:
// the leading eigenvalue of the kernel on (−4.2, −2/3) by cell overlap on 1600 cells
// gives 0.014377 a step. The law in time decays alike. At no a does the diffusion leave.
func TestSGDEscapesBeyondTheEdgeOfStability(t *testing.T) {
	for _, c := range []struct{ a, least, most float64 }{
		{2, .014377 * .995, .014377 * 1.005}, {1.8, 0, 1e-7}, {1.5, 0, 1e-20},
	} {
		r := solve(t, "escape", "a="+literalOf(c.a), "axis.w.cells=800")
		q := r.Quasistationary
		if per := *q.PerStep; per < c.least || per > c.most {
			t.Errorf("a = %v: %v a step, want %v to %v", c.a, per, c.least, c.most)
		}
		near(t, "escape rate", q.EscapeRate, *q.PerStep/.01, 1e-12*q.EscapeRate)
		left := r.Evolve.Observables["left"]
		near(t, "decay in 200 steps", math.Log(left[40]/left[80])/200, *q.PerStep, 2e-5)
		near(t, "mass", q.Mass, 1, 1e-13)
	}
	c, err := FromGallery("escape", "sgd.model=diffusion", "evolve.steps=100", "evolve.outputs=2", "axis.w.cells=400", "axis.w.boundary=reflecting")
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Run(context.Background(), Options{})
	if !errors.Is(err, ErrNoLaw) {
		t.Errorf("error %v, want that nothing leaves", err)
	}
	left := r.Evolve.Observables["left"]
	near(t, "left of the barrier by the diffusion", left[1], left[0], 1e-10)
}

// All mass collapses onto the degenerate minimum, and yet what has not left the regular
// one has its law: that of its own run.
func TestWhatHasNotLeftIsFoundWhereNothingSettles(t *testing.T) {
	const file = `
[define]
q = "(w + 1)*(w - 1)^2"
[[axis]]
name = "w"
range = [-2.0, 2.5]
cells = 400
[sgd]
loss = "0.5*(q*x - y)^2"
data = { x = "normal(0, 1)", y = "normal(0, 1)" }
learning_rate = 0.1
batch_size = 8
model = "chain"
[quasistationary]
within = "w < -1/3"
`
	alone := run1(t, file)
	both, err := read(t, file+"[stationary]\n").Run(context.Background(), Options{})
	if !errors.Is(err, ErrNoLaw) || both == nil || both.Quasistationary == nil {
		t.Fatalf("%v, want no stationary law, and that of what has not left", err)
	}
	if got, want := both.Quasistationary.EscapeRate, alone.Quasistationary.EscapeRate; got != want || got == 0 {
		t.Errorf("escape rate %v, want %v", got, want)
	}
}

// Steps of L = w²/2 + w⁴/20 from beyond w² = 5(2/η − 1) end further out: with η = 0.5 SGD
// leaves by |w| = 3.9 for ever, and a wall beyond holds it.
func TestWallsThatHoldAChainAreToldOf(t *testing.T) {
	const file = `
[[axis]]
name = "w"
range = [-5.0, 5.0]
cells = 200
[sgd]
loss = "0.5*w^2 + 0.05*w^4"
covariance = { "w,w" = "4 + w^2" }
learning_rate = 0.5
batch_size = 2
model = "chain"
[stationary]
`
	for rate, held := range map[string]bool{"0.5": true, "0.05": false} {
		all := strings.Join(run1(t, file, "sgd.learning_rate="+rate).Warnings, "\n")
		if strings.Contains(all, "the walls that hold the law") != held {
			t.Errorf("η = %s, warnings: %q", rate, all)
		}
	}
}

// OU absorbed at c loses a slowest mode that is a parabolic cylinder function; at 0 it is
// x e^(−x²/2) at rate 1.
func TestWhatHasNotLeftHasItsLawAndRate(t *testing.T) {
	const file = `
[[axis]]
name = "x"
range = [0.0, 9.0]
cells = 900
boundary = ["absorbing", "reflecting"]
[process]
drift = { x = "-x" }
diffusion = 1
[quasistationary]
`
	q := run1(t, file).Quasistationary
	near(t, "rate", q.EscapeRate, 1, 2e-5) // (h/1)² of the mesh
	near(t, "mean", q.Mean["x"], 1.2533141373, 2e-5)
	near(t, "variance", q.Covariance["x,x"], .4292036732, 2e-5)
	if q.PerStep != nil {
		t.Errorf("%v a step of a process without steps", *q.PerStep)
	}
	q = run1(t, file, "axis.x.range=[-1.0, 9.0]", "axis.x.cells=1000").Quasistationary
	near(t, "rate at −1", q.EscapeRate, .3882382947, 2e-5)
}

// Regions may use what comes with an optimiser; one that nothing leaves has no rate.
func TestRegionsAreComparisons(t *testing.T) {
	r := solve(t, "quartic", "quasistationary.within=loss < 0.3", "axis.x.cells=200")
	q, x := r.Quasistationary, r.Grid.Centers(0)
	for i, m := range q.Masses {
		if inside := x[i]*x[i]/2+math.Pow(x[i], 4)/4 < .3; (m > 0) != inside {
			t.Fatalf("mass %v at %v", m, x[i])
		}
	}
	c, err := FromGallery("bernoulli", "quasistationary.within=-1.1 < x < 1.1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run(context.Background(), Options{}); !errors.Is(err, ErrNoLaw) || !strings.Contains(err.Error(), "need not ever leave") {
		t.Errorf("error %v, want that nothing leaves", err)
	}
	for set, want := range map[string]string{
		"quasistationary.within=x^2":        "a comparison",
		"quasistationary.tolerance=1e-8":    "found no region",
		"quasistationary.within=[1]":        "",
		"quasistationary.within=los < 0.1":  "los",
		"quasistationary.within=x < 1 or 3": "",
	} {
		_, err := FromGallery("quartic", set)
		if err == nil || !strings.Contains(err.Error(), "quasistationary") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", set, err, want)
		}
	}
}

// Moments of linear regression close: those of the chain of 50 examples, η = 0.1,
// B = 5, by linear algebra.
func TestCarsStepByStepHaveTheCovarianceOfSGD(t *testing.T) {
	s := solve(t, "cars", "sgd.model=chain", "axis.*.cells=64", "evolve.steps=1", "evolve.outputs=2").Stationary
	near(t, "Σ slope", s.Covariance["slope,slope"], .0037639042, 2e-9)
	near(t, "Σ both", s.Covariance["slope,intercept"], .0016629823, 2e-9)
	near(t, "Σ intercept", s.Covariance["intercept,intercept"], .0038644915, 2e-9)
}

// AΣ + ΣA − ηAΣA = (η/B)C, solved for A = ((2, .5), (.5, 1)), C = ((1, .6), (.6, .5)),
// η = .1, B = 4.
func TestLinearStepsHaveTheirCovariance(t *testing.T) {
	const file = `
[[axis]]
name = "x"
range = [-0.5, 0.5]
cells = 64
[[axis]]
name = "y"
range = [-0.5, 0.5]
cells = 64
[sgd]
loss = "x^2 + x*y/2 + y^2/2"
covariance = { "x,x" = 1, "x,y" = 0.6, "y,y" = 0.5 }
learning_rate = 0.1
batch_size = 4
model = "chain"
[stationary]
tolerance = 1e-9
`
	s := run1(t, file).Stationary
	near(t, "Σxx", s.Covariance["x,x"], .0061506691, 2e-9)
	near(t, "Σxy", s.Covariance["x,y"], .0037249710, 2e-9)
	near(t, "Σyy", s.Covariance["y,y"], .0048954173, 2e-9)
	near(t, "⟨L⟩", s.Observables["loss"], .0104608632, 2e-9) // ½ tr AΣ
}

// Beyond η = 2 SGD on ln cosh x goes to and fro between ±x, 2x = 3 tanh x at η = 3; noise
// of variance s² with the multiplier k = (1 − 3(1 − tanh² x))² of two steps spreads each
// by s²(1 + k)/(1 − k) or so, and moves it by the third derivative. The difference of the
// laws at even and odd steps decays as its eigenvalue says.
func TestSGDBeyondTheEdgeGoesToAndFro(t *testing.T) {
	place := 1.0
	for range 100 {
		place = 1.5 * math.Tanh(place)
	}
	r := solve(t, "periodtwo", "noise=0.01")
	p := r.Stationary.PeriodTwo
	if p == nil {
		t.Fatal("no period")
	}
	near(t, "eigenvalue", p.Eigenvalue, -1, 1e-9)  // powers stop at changes of 1e-12
	near(t, "even", p.Even.Mean["x"], place, 2e-4) // noise moves it by its variance
	near(t, "odd", p.Odd.Mean["x"], -place, 2e-4)
	near(t, "probability", p.Even.Probability, .5, 1e-12)
	near(t, "E right", p.Even.Observables["right"], 1, 1e-12)

	r = solve(t, "periodtwo", "noise=0.3")
	x := r.Evolve.Mean["x"]
	near(t, "decay", x[50]/x[49], r.Stationary.PeriodTwo.Eigenvalue, 1e-6)
	if p := solve(t, "quartic").Stationary.PeriodTwo; p != nil {
		t.Errorf("found %+v below the edge", p)
	}
}

// Near the saddle u = 0 of uuᵀ ≈ diag(1, ½), one of four entries a step multiplies u1 by
// 1 + 8η with probability ¼: its logarithm grows at ln(1 + 8η)/4η per unit time, 1.92403
// and 1.46947 for η = 0.01 and 0.1, where gradient flow has 2.
func TestSGDLeavesASaddleAtTheRateOfItsLogarithm(t *testing.T) {
	for _, c := range []struct {
		rate    string
		eta     float64
		want    float64
		cells   string
		through int
	}{{"0.1", .1, 1.46947, "400", 20}, {"0.01", .01, 1.92403, "1500", 200}} {
		e := solve(t, "saddle", "sgd.learning_rate="+c.rate, "axis.u1.cells="+c.cells, "axis.u2.cells=16",
			fmt.Sprintf("evolve.steps=%d", c.through), "evolve.outputs=2").Evolve
		log := e.Observables["log_u1"]
		near(t, "log u1", (log[1]-log[0])/2, c.want, 1e-3)
		near(t, "closed form", math.Log1p(8*c.eta)/(4*c.eta), c.want, 5e-6)
	}
}

// A step of SGD multiplies Q = u² − v² by 1 − η²r², whatever the noise. From the law of
// the case, with η = 0.02 and label noise of variance 25, Q is 0.59986(12) of what it was
// after t = 1 by 2·10⁶ runs of SGD, where its diffusion has e^(−½) = 0.60653.
func TestLawOfBalanceOfStepsOfSGD(t *testing.T) {
	q := solve(t, "labelnoise", "sgd.model=chain", "sgd.learning_rate=0.02", "sigma=5", "evolve.outputs=2").Evolve.Observables["Q"]
	near(t, "Q over Q at first", q[1]/q[0], .59986, 2e-3) // h² of the cells
}

// What a chain cannot take is refused in plain words, with the numbers that would do.
func TestChainsRefuseWhatTheyCannotTake(t *testing.T) {
	for _, c := range []struct{ name, set, want string }{
		{"quartic", "axis.x.cells=16", "less than half of a cell, 0.25, expected at least 20 cells"}, // 4/(2·0.1)
		{"quartic", "evolve.method=adi", `found "adi" for a chain, expected "steps"`},
		{"quartic", "numerics.order=4", "whose steps are of fourth order"},
		{"quartic", "sgd.batches=enumerated", `found "enumerated" for a population`},
		{"cars", "sgd.batches=enumerated", "3.163e+06 different batches of 5 among 50 examples"}, // C(54, 5)
		{"bernoulli", "sgd.noise=isotropic", `found "enumerated" beside noise = "isotropic"`},
	} {
		sgd := "sgd.model=chain"
		one, err := FromGallery(c.name, sgd, c.set)
		if err == nil {
			_, err = one.Run(context.Background(), Options{})
		}
		m := (*Mistake)(nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &m) && !errors.As(err, new(Mistakes)) {
			t.Errorf("%s: %v, want %q", c.set, err, c.want)
		}
	}
}

// Times of a chain are whole steps: outputs are moved there, listed times must be.
func TestChainsHaveLawsAtWholeSteps(t *testing.T) {
	c, err := FromGallery("quartic", "evolve.steps=10", "evolve.outputs=4")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0, .3, .7, 1} { // of 0, 1/3, 2/3, 1 in steps of 0.1
		near(t, "time", c.Problem.Evolve.Times[i], want, 1e-15)
	}
	const file = "[[axis]]\nname = \"x\"\nrange = [-2, 2]\ncells = 100\n[sgd]\nloss = \"x^2/2\"\ncovariance = { \"x,x\" = 1 }\nlearning_rate = 0.1\nbatch_size = 1\nmodel = \"chain\"\n[initial]\npoint = { x = 0 }\n[evolve]\ntimes = [0.1, 0.25]\n"
	if all := mistakes(t, file).Error(); !strings.Contains(all, "found 0.25, which is 2.5 steps") {
		t.Errorf("found %v", all)
	}
}

// From a Gaussian with variance v, SGD of w²/2 with unit noise has m′ = (1 − η)m and
// v′ = (1 − η)²v + η². Steps keep both, but the variance of the cells' masses is h²/12 more
// at first (Sheppard 1898): by so much second moments are off, and say so.
func TestErrorsOfAChainInTimeHoldThoseOfItsStart(t *testing.T) {
	c, err := Parse("chain", []byte("[[axis]]\nname = \"w\"\nrange = [-4, 4]\ncells = 128\n[sgd]\nloss = \"w^2/2\"\ncovariance = { \"w,w\" = 1 }\nlearning_rate = 0.1\nbatch_size = 1\nmodel = \"chain\"\n[initial]\nmean = { w = 1 }\nstd = { w = 0.3 }\n[evolve]\nsteps = 10\noutputs = 11\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	e := withErrors(t, c).Evolve
	v, more := .09, 1./16*1/16/12
	for i := range e.Times {
		off, said := e.Covariance["w,w"][i]-v, e.Error.Covariance["w,w"][i]
		near(t, "variance", off, more, 1e-9)
		if off > 1.01*said || said > 10*off {
			t.Errorf("after %d steps the variance is off by %.3g and said to be by %.3g", i, off, said)
		}
		v, more = .81*v+.01, .81*more
	}
}
