package cases

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"fokker/operators"
)

// solve runs a gallery case.
func solve(t *testing.T, name string, overrides ...string) *Result {
	t.Helper()
	c, err := FromGallery(name, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.11g, want %.11g ± %.2g", what, got, want, tolerance)
	}
}

// Every law keeps its mass to 1e-12 and has no negative cell, but for the rounding
// of schemes of high order.
func TestGalleryKeepsMassAndSign(t *testing.T) {
	for _, name := range Gallery() {
		t.Run(name, func(t *testing.T) {
			r := solve(t, name)
			least := 0.0
			if r.of.Problem.Order != 0 {
				least = -1e-15
			}
			if s := r.Stationary; s != nil {
				near(t, "stationary mass", s.Mass, 1, 1e-12)
				if s.Min < least {
					t.Errorf("stationary minimum %v", s.Min)
				}
			}
			if e := r.Evolve; e != nil {
				for i := range e.Times {
					near(t, "mass + lost", e.Mass[i]+e.Lost[i], 1, 1e-12)
					if e.Min[i] < least {
						t.Errorf("minimum %v at t = %v", e.Min[i], e.Times[i])
					}
				}
			}
		})
	}
}

// Z, F, moments and the slowest rate of U = (x² − 1)²/4 by quadrature and a
// spectral method to ten digits.
func TestDoubleWellHasItsGibbsLawAndGap(t *testing.T) {
	for _, c := range []struct{ T, free, x2, x4, energy, gap float64 }{
		{0.1, -0.0219332725, 0.8713629080, 0.9713629080, 0.0571592730, 0.0335452873},
		{0.05, 0.0090725685, 0.9368339404, 0.9868339404, 0.0282915150, 0.0027761406},
	} {
		r := solve(t, "doublewell", "T="+literalOf(c.T), "evolve.tolerance=1e-8")
		near(t, "F", *r.Stationary.FreeEnergy, c.free, 1e-9)
		near(t, "E x²", r.Stationary.RawMoments["x"][2], c.x2, 1e-9)
		near(t, "E x⁴", r.Stationary.RawMoments["x"][4], c.x4, 1e-9)
		near(t, "E U", r.Stationary.Observables["energy"], c.energy, 1e-9)
		x := r.Evolve.Mean["x"]
		// The next modes decay at 0.8 and faster: nothing is left of them at t = 30.
		gap := math.Log(x[30]/x[60]) / 30
		near(t, "gap", gap, c.gap, 1e-3*c.gap) // mesh error at 400 cells
	}
}

// The rate at which U = (x² − 1)²/4 is left at T = 0.1 for a wall on the barrier is the
// slowest of the whole, whose mode is odd: 0.0335452873 by Chebyshev collocation.
func TestAWellIsLeftAtTheRateOfItsSlowestMode(t *testing.T) {
	const want = 0.0335452873
	c, err := FromGallery("leaving")
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Run(context.Background(), Options{Errors: true})
	if err != nil {
		t.Fatal(err)
	}
	q := r.Quasistationary
	near(t, "rate", q.EscapeRate, want, 1e-3*want) // of the mesh
	if e := q.Error.EscapeRate; math.Abs(q.EscapeRate-want) > 3*e || e > 5e-3*want {
		t.Errorf("rate %v ± %v, want %v", q.EscapeRate, e, want)
	}
	near(t, "place of exit", q.Exit["x"], 0, 0.02) // half a cell
}

// AΣ + ΣAᵀ = 2D solved by hand for A = [[1, 2], [−2, 1.5]], D = diag(1, .3).
func TestRotatingLinearDriftHasItsCovarianceAndCurrent(t *testing.T) {
	r := solve(t, "ou2d")
	s := r.Stationary
	near(t, "Σxx", s.Covariance["x,x"], .650909, 2e-6)
	near(t, "Σxy", s.Covariance["x,y"], .174545, 2e-6)
	near(t, "Σyy", s.Covariance["y,y"], .432727, 2e-6)
	// ½⟨x dy − y dx⟩/dt = ½(2⟨x²⟩ − 1.5⟨xy⟩ + ⟨xy⟩ + 2⟨y²⟩)
	near(t, "areal velocity", arealVelocity(r), (2*.650909-.5*.174545+2*.432727)/2, 1e-3)
	// From N((2,1), .09 I) the mean is e^(−At)(2, 1), whose eigenvalues are
	// 1.25 ± iω, ω² = 4 − 1/16.
	w, at := math.Sqrt(4-1./16), r.Evolve.Times[10]
	decay := math.Exp(-1.25 * at)
	mx := decay * (2*math.Cos(w*at) + (0.25*2-2*1)/w*math.Sin(w*at))
	my := decay * (math.Cos(w*at) + (-0.25*1+2*2)/w*math.Sin(w*at))
	near(t, "E x(1)", r.Evolve.Mean["x"][10], mx, 2e-5)
	near(t, "E y(1)", r.Evolve.Mean["y"][10], my, 2e-5)
}

// arealVelocity is ½ Σ (x Jy − y Jx) over faces.
func arealVelocity(r *Result) (sum float64) {
	g, c := r.Grid, r.Stationary.Current
	for f, j := range c[0] {
		i := f % (g.Cells(0) + 1)
		if i > 0 && i < g.Cells(0) { // a flow crosses one distance of centres
			sum -= j * g.Centers(1)[f/(g.Cells(0)+1)] * (g.Centers(0)[i] - g.Centers(0)[i-1]) / 2
		}
	}
	for f, j := range c[1] {
		i := f / g.Cells(0)
		if i > 0 && i < g.Cells(1) {
			sum += j * g.Centers(0)[f%g.Cells(0)] * (g.Centers(1)[i] - g.Centers(1)[i-1]) / 2
		}
	}
	return sum
}

// Σ from AΣ + ΣA = 2 diag(1, 2) with A = [[1, ½], [½, 1]].
func TestGyratorHasItsCovarianceAndCurrent(t *testing.T) {
	r := solve(t, "gyrator")
	near(t, "Σxx", r.Stationary.Covariance["x,x"], 1.5, 1e-8)
	near(t, "Σxy", r.Stationary.Covariance["x,y"], -1, 1e-8)
	near(t, "Σyy", r.Stationary.Covariance["y,y"], 2.5, 1e-8)
	// ½⟨x dy − y dx⟩/dt = ½(−uΣxx − kΣxy + kΣxy + uΣyy) = u(Σyy − Σxx)/2
	near(t, "areal velocity", arealVelocity(r), 0.25, 1e-6)
}

// Mean velocity on a washboard by quadrature (Stratonovich 1958):
// v = L T (1 − e^(−LF/T)) / ∫₀ᴸdx ∫₀ᴸdy e^((V(x) − V(x−y) − yF)/T).
func TestTiltedPotentialHasItsVelocityAndAUniformCurrent(t *testing.T) {
	const F, T, L = 0.7, 0.4, 2 * math.Pi
	double := quad.Fixed(func(x float64) float64 {
		return quad.Fixed(func(y float64) float64 {
			return math.Exp((math.Cos(x) - math.Cos(x-y) - y*F) / T)
		}, 0, L, 60, quad.Legendre{}, 0)
	}, 0, L, 60, quad.Legendre{}, 0)
	want := L * T * (1 - math.Exp(-L*F/T)) / double
	for _, form := range [][]string{
		nil, // face form
		{"process.potential=0", "process.drift.x=sin(x) + F", "process.diffusion=T"}, // row form
	} {
		var r *Result
		if form == nil {
			r = solve(t, "tilted")
		} else {
			r = rowForm(t, form)
		}
		flow := r.Stationary.Current[0]
		near(t, "velocity of the current", flow[0]*L, want, 1e-4*want)
		near(t, "E(F − V')", r.Stationary.Observables["velocity"], want, 1e-4*want)
		for f, j := range flow {
			near(t, "current", j, flow[0], 1e-12*math.Abs(flow[0])*float64(f+1))
		}
	}
}

// rowForm is the tilted case with its temperature taken out.
func rowForm(t *testing.T, overrides []string) *Result {
	t.Helper()
	data, err := gallery.ReadFile("tilted.toml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	text = cutLine(text, "temperature")
	c, err := Parse("tilted.toml", []byte(text), nil, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Beyond five standard deviations of a Gaussian φ lies Q = erfc(5/√2)/2. Masses are
// densities at centres times widths, which is less by h²/24 · 5φ(5), 26 Q of it.
func TestTheEdgeOfAGaussianHasItsMass(t *testing.T) {
	want := math.Erfc(5/math.Sqrt2) / 2
	const h = 16.0 / 640
	near(t, "edge", solve(t, "edge").Stationary.Observables["edge"], want, want*26*h*h/24*1.01)
}

// Student's law of the diffusion, ησ²/(2(B−η)) and tail, for three learning
// rates and batch sizes.
func TestOneWeightHasStudentsLaw(t *testing.T) {
	for _, c := range []struct{ eta, batch, m, variance, p0 float64 }{
		{.1, 1, 6, .0555555556, 1.8292141027},
		{.2, 1, 3.5, .125, 1.3258252147},
		{.1, 4, 21, .0128205128, 3.5906172856},
	} {
		r := solve(t, "student", "sgd.learning_rate="+literalOf(c.eta), "sgd.batch_size="+literalOf(int64(c.batch)), "axis.w.cells=6400")
		near(t, "variance", r.Stationary.Covariance["w,w"], c.variance, 2e-5*c.variance) // h²/12 of fitted rates
		i := 3200                                                                        // half the cells of a symmetric range: the cell above 0
		density := r.Stationary.Masses[i] / r.Grid.Volume(i)
		x := r.Grid.Centers(0)[i]
		near(t, "p near 0", density, c.p0*math.Pow(1+2*x*x, -c.m), 1e-4*c.p0)
		// p ∝ (2w² + 1)^(−m) out to w = 10, where it has fallen by up to 1e-48
		for _, at := range []float64{2, 5, 10} {
			j := searchEdge(r.Grid.Axis(0).Edges, at)
			y := r.Grid.Centers(0)[j]
			got := r.Stationary.Masses[j] / r.Grid.Volume(j) / density
			want := math.Pow((2*y*y+1)/(2*x*x+1), -c.m)
			near(t, "tail", got/want, 1, 0.03) // central rates miss e^z by z³/12 a cell, 0.026 in all at m = 21
		}
	}
}

// Gibbs masses of the two basins by quadrature.
func TestColdMassMovesToTheDegenerateMinimum(t *testing.T) {
	for _, c := range []struct{ T, regular, degenerate, regularLambda float64 }{
		{10, .2392842504, .3072454954, .5936492264},
		{1, .1440517978, .2621742732, .5105896830},
		{0.1, .0869405971, .2532425273, .5009729578},
		{0.01, .0509914159, .2509798324, .5000965540},
		{0.001, .0293645471, .2503056289, .5000096481},
	} {
		r := solve(t, "singular", "T="+literalOf(c.T))
		o := r.Stationary.Observables
		near(t, "P(regular)", o["regular"], c.regular, 1e-6)
		near(t, "λ degenerate", o["degenerate_loss"]/(1-o["regular"])/c.T, c.degenerate, 1e-4)
		near(t, "λ regular", o["regular_loss"]/o["regular"]/c.T, c.regularLambda, 1e-4)
	}
}

func TestGeometricBrownianMotionSticks(t *testing.T) {
	o := solve(t, "gbm").Evolve
	last := len(o.Times) - 1
	near(t, "E x", o.Mean["x"][last], .5, 1e-12)
	near(t, "E x²", o.Observables["square"][last], .6795704571, 2e-4) // .25 e; the start is h wide
	near(t, "P(x < .1)", o.Observables["stuck"][last], .1336206574, 1e-4)
	near(t, "P(x < median)", o.Observables["median"][last], .5, 1e-4)
}

// θ² is Gamma(μ/ζ² − ½, scale ζ²) while ζ² < 2μ.
func TestCollapseHasItsLawBeforeTheTransitionAndNoneBeyond(t *testing.T) {
	for _, c := range []struct{ zeta, square, small float64 }{
		{1, .5, .1124629160},
		{1.3, .155, .6539806969},
	} {
		o := solve(t, "collapse", "zeta="+literalOf(c.zeta)).Stationary.Observables
		near(t, "E θ²", o["square"], c.square, 2e-4)
		near(t, "P(θ < .1)", o["small"], c.small, 3e-4)
	}
	for _, zeta := range []string{"1.5", "2"} {
		c, err := FromGallery("collapse", "zeta="+zeta)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = c.Run(context.Background(), Options{}); !errors.Is(err, ErrNoLaw) {
			t.Errorf("ζ = %s: %v, want that there is no stationary law", zeta, err)
		}
	}
}

// w = uv on |u| = |v| is Gamma(y0/τ − ½, scale τ) while τ < 2 y0; probabilities by the
// incomplete Γ.
func TestBalancedNetHasALawOfGammaBeforeItCollapses(t *testing.T) {
	for _, c := range []struct{ tau, mean, variance, low, high float64 }{
		{.5, .75, .375, .1987480431, .2614641299},
		{.2, .9, .18, .0191165086, .3504852123},
	} {
		s := solve(t, "balance", "tau="+literalOf(c.tau)).Stationary
		near(t, "E w", s.Mean["w"], c.mean, 5e-6) // (h/w)² of the mesh, 1e-4
		near(t, "Var w", s.Covariance["w,w"], c.variance, 5e-6)
		near(t, "P(w < .25)", s.Observables["low"], c.low, 2e-5)
		near(t, "P(w > 1)", s.Observables["high"], c.high, 2e-5)
	}
	c, err := FromGallery("balance", "tau=2.5")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Run(context.Background(), Options{}); !errors.Is(err, ErrNoLaw) {
		t.Errorf("τ = 2.5: %v, want that there is no stationary law", err)
	}
}

// Of three layers with |uᵢ| = u = w^(1/3), duᵢ = −u²(w − y0)dt + √τ u² dW, the product has the
// law p ∝ w⁻² exp(−(w^(2/3) + 2 y0 w^(−1/3))/τ); its figures by quadrature.
func TestBalancedNetOfThreeLayersHasItsLaw(t *testing.T) {
	for _, c := range []struct{ tau, mean, variance, low float64 }{
		{.5, .6112448815, .3907013939, .2933300235},
		{.2, .8191855287, .2300659298, .0381002757},
	} {
		s := solve(t, "balance", "tau="+literalOf(c.tau), "axis.w.range=[1e-4, 300.0]",
			"process.drift.w=-3*w^(4/3)*(w - y0) + 3*tau*w^(5/3)", "process.noise.w=3*sqrt(tau)*w^(4/3)").Stationary
		near(t, "E w", s.Mean["w"], c.mean, 5e-6) // (h/w)² of the mesh, 2.5e-5
		near(t, "Var w", s.Covariance["w,w"], c.variance, 5e-6)
		near(t, "P(w < .25)", s.Observables["low"], c.low, 2e-5)
	}
}

// Nothing crosses the barrier or the degenerate minimum, in either calculus;
// only Itô's reading sticks.
func TestNothingCrossesAZeroOfTheGradient(t *testing.T) {
	for _, noise := range [][2]string{{"0.01", "20"}, {"0.1", "1"}} {
		ito := solve(t, "degenerate", "sgd.learning_rate="+noise[0], "sgd.batch_size="+noise[1]).Evolve
		other := solve(t, "stratonovich", "eta="+noise[0], "B="+noise[1]).Evolve
		for _, e := range []*EvolveResult{ito, other} {
			for i := range e.Times {
				near(t, "P(left)", e.Observables["left"][i], 13./36, 1e-12) // (1.2 − 1/3)/2.4
				near(t, "P(middle)", e.Observables["middle"][i], 20./36, 1e-12)
			}
		}
		last := len(ito.Times) - 1
		if a, b := ito.Observables["stuck"][last], other.Observables["stuck"][last]; a < 1.2*b {
			t.Errorf("η = %s: P(stuck) = %v in Itô's and %v in Stratonovich's sense, want clearly more in the former", noise[0], a, b)
		}
	}
}

// Beyond its faces the process collapses onto the degenerate minimum: there is
// no stationary density.
func TestCollapseOntoAPointIsSaid(t *testing.T) {
	c, err := FromGallery("degenerate", "sgd.learning_rate=0.1", "sgd.batch_size=1", "stationary.tolerance=1e-8")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Run(context.Background(), Options{}); !errors.Is(err, ErrNoLaw) {
		t.Errorf("%v, want that there is no stationary law", err)
	}
}

func TestAbsorbedMassDecaysWithTheFirstMode(t *testing.T) {
	e := solve(t, "decay").Evolve
	for i, at := range e.Times {
		near(t, "survival", e.Observables["survival"][i], math.Exp(-math.Pi*math.Pi*at), 2e-5) // h² π⁴t/12 at 200 cells
	}
}

// AΣ + ΣAᵀ = 2D by linear algebra.
func TestRingsOfThreeAndFourHaveTheirCovariance(t *testing.T) {
	for name, c := range map[string]struct {
		coupling  float64
		diffusion []float64
		axes      []string
	}{
		"ou3d": {.4, []float64{1, .7, .5}, []string{"x", "y", "z"}},
		"ou4d": {.3, []float64{1, .7, .5, .8}, []string{"x", "y", "z", "w"}},
	} {
		n := len(c.axes)
		a := mat.NewDense(n, n, nil)
		for i := range n {
			a.Set(i, i, 1)
			a.Set(i, (i+1)%n, -c.coupling)
		}
		want, got := lyapunov(a, c.diffusion), solve(t, name).Stationary
		for i := range n {
			for j := i; j < n; j++ {
				near(t, name+" Σ", got.Covariance[c.axes[i]+","+c.axes[j]], want.At(i, j), 1e-3) // h is half a standard deviation
			}
		}
	}
}

// lyapunov solves AΣ + ΣAᵀ = 2 diag(d).
func lyapunov(a *mat.Dense, d []float64) *mat.Dense {
	n := len(d)
	system, right := mat.NewDense(n*n, n*n, nil), mat.NewVecDense(n*n, nil)
	for i := range n {
		right.SetVec(i*n+i, 2*d[i])
		for j := range n {
			for k := range n {
				row := i*n + j
				system.Set(row, k*n+j, system.At(row, k*n+j)+a.At(i, k))
				system.Set(row, i*n+k, system.At(row, i*n+k)+a.At(j, k))
			}
		}
	}
	var x mat.VecDense
	if err := x.SolveVec(system, right); err != nil {
		panic(err)
	}
	return mat.NewDense(n, n, x.RawVector().Data)
}

// The drift is linear, so mean and covariance of the diffusion close: the mean
// is the least-squares fit, and HΣ + ΣH = (η/2B) E tr C · I, where
// E tr C = mean (r² + xᵀΣx)|x|² − tr HΣH.
func TestCarsSettlesAtTheLeastSquaresFit(t *testing.T) {
	r := solve(t, "cars", "sgd.noise=isotropic")
	s := r.Stationary
	near(t, "slope", s.Mean["slope"], 0.81794102, 1e-8) // least squares
	near(t, "intercept", s.Mean["intercept"], -0.0008, 1e-8)
	want := isotropicCovariance(r.of, []float64{s.Mean["slope"], s.Mean["intercept"]}, 0.1/5)
	near(t, "Σ slope", s.Covariance["slope,slope"], want.At(0, 0), 1e-6*want.At(0, 0))
	near(t, "Σ intercept", s.Covariance["intercept,intercept"], want.At(1, 1), 1e-6*want.At(1, 1))
}

// The covariance of the diffusion, HΣ + ΣH = (η/B) E C, whose equations close,
// solved to ten digits.
func TestCarsHasItsFullCovariance(t *testing.T) {
	s := solve(t, "cars").Stationary
	near(t, "slope", s.Mean["slope"], 0.81794102, 1e-7)
	near(t, "intercept", s.Mean["intercept"], -0.0008, 1e-7)
	near(t, "Σ slope", s.Covariance["slope,slope"], 0.0035686294, 1e-8)
	near(t, "Σ slope, intercept", s.Covariance["slope,intercept"], 0.0015786600, 1e-8)
	near(t, "Σ intercept", s.Covariance["intercept,intercept"], 0.0036692881, 1e-8)
}

func isotropicCovariance(c *Case, fit []float64, scale float64) *mat.Dense {
	speed, dist := c.Data.Column("speed"), c.Data.Column("dist")
	n := float64(len(speed))
	h := mat.NewDense(2, 2, nil)
	for i := range speed {
		x := []float64{(speed[i] - 15.4) / 5.2, 1}
		for k := range x {
			for l := range x {
				h.Set(k, l, h.At(k, l)+x[k]*x[l]/n)
			}
		}
	}
	sigma := mat.NewDense(2, 2, nil)
	for range 50 { // contracts by about η/B a step
		trace := 0.0
		for i := range speed {
			x := mat.NewVecDense(2, []float64{(speed[i] - 15.4) / 5.2, 1})
			r := x.AtVec(0)*fit[0] + fit[1] - (dist[i]-43)/25
			trace += (r*r + mat.Inner(x, sigma, x)) * mat.Dot(x, x) / n
		}
		var hsh mat.Dense
		hsh.Product(h, sigma, h)
		d := scale / 2 * (trace - mat.Trace(&hsh)) / 2
		sigma = lyapunov(h, []float64{d, d})
	}
	return sigma
}

// Moments by a pseudo-spectral method to eleven digits.
func TestP2HasItsMomentsToSecondOrder(t *testing.T) {
	want := map[string]float64{"x,x": 0.75479005852, "x,y": 0.14819130212, "y,y": 0.11147401167}
	var before map[string]float64
	for _, n := range []string{"64", "128", "256"} {
		s := solve(t, "p2", "axis.x.cells="+n, "axis.y.cells="+n).Stationary
		now := map[string]float64{}
		for k, v := range want {
			now[k] = math.Abs(s.Covariance[k] - v) // the means are 0 by symmetry
			if n == "256" {
				near(t, "E "+k, s.Covariance[k], v, 1.5e-4)
			}
			if before != nil {
				if order := math.Log2(before[k] / now[k]); order < 1.9 {
					t.Errorf("E %s: order %.2f to %s², want 2", k, order, n)
				}
			}
		}
		before = now
	}
}

func TestAnyNumberOfWorkersGivesTheSameBits(t *testing.T) {
	for _, name := range []string{"gyrator", "cars", "ou3d", "degenerate"} {
		var first *Result
		for _, workers := range []int{1, 2, 7} {
			c, err := FromGallery(name)
			if err != nil {
				t.Fatal(err)
			}
			if c.Problem.Evolve != nil {
				c.Problem.Evolve.Times = c.Problem.Evolve.Times[:3]
			}
			r, err := c.Run(context.Background(), Options{Workers: workers})
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = r
				continue
			}
			if r.Stationary != nil && !slices.Equal(r.Stationary.Masses, first.Stationary.Masses) {
				t.Errorf("%s: %d workers give other stationary masses", name, workers)
			}
			if r.Evolve != nil && !slices.Equal(r.Evolve.Masses[2], first.Evolve.Masses[2]) {
				t.Errorf("%s: %d workers give other masses in time", name, workers)
			}
		}
	}
}

// cutLine removes the line that begins with a word.
func cutLine(text, word string) string {
	lines := strings.Split(text, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, word) }), "\n")
}

// The covariance of the degenerate well by quadrature over x and y is that by
// hand, and so are drift, closed faces and masses.
func TestRandomExamplesAreThePopulationByHand(t *testing.T) {
	hand, err := FromGallery("degenerate", "evolve.until=1", "evolve.outputs=2")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(hand.TOML()), `covariance`, "covariance_by_hand", 1)
	i := strings.Index(text, "[sgd.covariance_by_hand]")
	j := i + strings.Index(text[i:], "\n\n")
	text = strings.Replace(text[:i]+"[sgd.data]\nx = \"normal(0, 1)\"\ny = \"normal(0, sigma)\""+text[j:], `"0.5*(q^2 + sigma^2)"`, `"0.5*(q*x - y)^2"`, 1)
	drawn := read(t, text)
	for _, w := range []float64{-2.5, -1, -1. / 3, .1, 1, 2} {
		b1, d1 := coefficients(hand.Problem, []float64{w}, 0)
		b2, d2 := coefficients(drawn.Problem, []float64{w}, 0)
		near(t, "b", b2[0], b1[0], 1e-14*math.Abs(b1[0]))
		near(t, "D", d2[0], d1[0], 1e-14*d1[0])
	}
	a, err := hand.Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := drawn.Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range a.Evolve.Observables {
		near(t, name, b.Evolve.Observables[name][1], want[1], 1e-8*(1+math.Abs(want[1])))
	}
	near(t, "left of the barrier", b.Evolve.Observables["left"][1], b.Evolve.Observables["left"][0], 1e-12)
}

// At the truth C is the Hessian H, so that near it SGD has covariance ηI/(2B) =
// 0.0125: what is added is of the next order in η/B.
func TestLogisticNoiseIsItsHessian(t *testing.T) {
	r := solve(t, "logistic")
	_, d := coefficients(r.of.Problem, []float64{2, -1}, 0)
	h := operators.Columns(3, 1)
	r.of.Problem.landscape.PopulationHessian(h, [][]float64{{2}, {-1}})
	for k, want := range []float64{h[0][0], h[1][0], h[1][0], h[2][0]} {
		near(t, "D", d[k], .0125*want, 1e-10)
	}
	near(t, "mean a", r.Stationary.Mean["a"], 2, .0125)
	near(t, "mean b", r.Stationary.Mean["b"], -1, .0125)
	for _, pair := range []string{"a,a", "b,b"} {
		near(t, "covariance "+pair, r.Stationary.Covariance[pair], .0125, .0125*.02)
	}
}

// Two values drawn at random are two examples: the chain goes over all batches, and
// at η = ¼ its law is that of two examples in a file, of variance ⅓.
func TestTwoValuesAtRandomAreEnumerated(t *testing.T) {
	const text = `
[[axis]]
name = "x"
range = [-2, 2]
cells = 256
[sgd]
loss = "(x - sign)^2"
data = { sign = "bernoulli(0.5) ? 1 : -1" }
learning_rate = 0.25
batch_size = 1
model = "chain"
[stationary]
`
	r, err := read(t, text).Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Chain.Batches != "enumerated" || r.Chain.Count != 2 {
		t.Errorf("found %+v, want 2 batches", r.Chain)
	}
	near(t, "variance", r.Stationary.Covariance["x,x"], 1./3, 1e-12)
}
