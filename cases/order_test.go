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
)

// observedOrder asserts with which order errors fall from the coarser to the finer of
// two runs.
func observedOrder(t *testing.T, what string, coarse, fine, widths, least float64) {
	t.Helper()
	if order := math.Log(math.Abs(coarse/fine)) / math.Log(widths); !(order >= least) {
		t.Errorf("%s: order %.2f (%.3g, %.3g), want at least %v", what, order, coarse, fine, least)
	}
}

// apart is an L1 distance.
func apartL1(a, b []float64) (sum float64) {
	for i := range a {
		sum += math.Abs(a[i] - b[i])
	}
	return sum
}

// joined returns the masses of cells twice as wide of n × n.
func joined(m []float64, n int) []float64 {
	out := make([]float64, n*n/4)
	for i, v := range m {
		out[i/n/2*(n/2)+i%n/2] += v
	}
	return out
}

const sharp = "stationary.tolerance=1e-12"

func ofOrder(order, n string) []string {
	return []string{"numerics.order=" + order, "axis.x.cells=" + n, "axis.y.cells=" + n, sharp}
}

// Moments of p2 to eleven digits by Fourier collocation on 256², another program;
// theory: order 4.
func TestFourthOrderOnTwoWells(t *testing.T) {
	want := map[string]float64{"x,x": 0.75479005852, "x,y": 0.14819130212, "y,y": 0.11147401167}
	coarse, fine := solve(t, "p2", ofOrder("4", "64")...).Stationary, solve(t, "p2", ofOrder("4", "128")...).Stationary
	for k, v := range want {
		observedOrder(t, "covariance "+k, coarse.Covariance[k]-v, fine.Covariance[k]-v, 2, 3.8)
	}
	near(t, "mass", fine.Mass, 1, 1e-12)
	if coarse.Min >= 0 || coarse.Min < -1e-9 {
		t.Errorf("minimum %v, want what the scheme has below 0 reported", coarse.Min)
	}
	exact := solve(t, "p2", ofOrder("spectral", "128")...).Stationary
	observedOrder(t, "law", apartL1(coarse.Masses, joined(exact.Masses, 128)), apartL1(fine.Masses, exact.Masses), 2, 3.8)
}

func TestWavesOnTwoWells(t *testing.T) {
	exact := solve(t, "p2", ofOrder("spectral", "128")...).Stationary
	for k, v := range map[string]float64{"x,x": 0.75479005852, "x,y": 0.14819130212, "y,y": 0.11147401167} {
		near(t, "covariance "+k, exact.Covariance[k], v, 1e-11) // its last digit
	}
	near(t, "mass", exact.Mass, 1, 1e-12)
	coarse := solve(t, "p2", ofOrder("spectral", "64")...).Stationary
	if d := apartL1(coarse.Masses, joined(exact.Masses, 128)); !(d < 1e-7) { // 3e-8; the mesh of 64² of a program of its own: 1.4e-7
		t.Errorf("law on 64² is %.3g from that on 128²", d)
	}
}

// The law is e^(−U/T), whose means the trapezoidal rule has to rounding.
func TestWhirlHasItsLaw(t *testing.T) {
	const n, T = 96, 0.5
	z, energy, east, entropy := 0.0, 0.0, 0.0, 0.0
	for i := range n * n {
		x, y := 2*math.Pi*float64(i%n)/n, 2*math.Pi*float64(i/n)/n
		u := math.Cos(x) + 0.6*math.Cos(y) + 0.4*math.Cos(x-y)
		p := math.Exp(-u / T)
		z, energy, east = z+p, energy+u*p, east+math.Cos(x)*p
	}
	energy, east = energy/z, east/z
	entropy = energy/T + math.Log(z*4*math.Pi*math.Pi/n/n)
	s := solve(t, "whirl").Stationary
	near(t, "E U", s.Observables["energy"], energy, 1e-12)
	near(t, "E cos x", s.Observables["east"], east, 1e-12)
	near(t, "entropy", s.Entropy, entropy, 1e-12)
}

// rotating is correlated noise with linear drift: a Gaussian law with the covariance of
// Lyapunov's equation.
const rotating = `
[process]
drift = { x = "-x - 2*y", y = "2*x - 1.5*y" }
diffusion = { x = 1.0, y = 0.6, "x,y" = 0.4 }
[stationary]
tolerance = 1e-12
`

func TestHighOrderOfAFullTensor(t *testing.T) {
	// AΣ + ΣAᵀ = 2D, A = [[1, 2], [−2, 1.5]]: Σxy = 2D by elimination.
	box := func(n string, order string) string {
		return axis("x", "range = [-7, 7]\ncells = "+n) + axis("y", "range = [-7, 7]\ncells = "+n) + rotating + "[numerics]\norder = " + order + "\n"
	}
	sxx, sxy, syy := lyapunovPlane(1, 2, -2, 1.5, 1, .4, .6)
	coarse, fine, waves := run1(t, box("40", "4")).Stationary, run1(t, box("80", "4")).Stationary, run1(t, box("80", "\"spectral\"")).Stationary
	for k, v := range map[string]float64{"x,x": sxx, "x,y": sxy, "y,y": syy} {
		near(t, "covariance "+k, waves.Covariance[k], v, 1e-9)
	}
	observedOrder(t, "law", apartL1(coarse.Masses, joined(waves.Masses, 80)), apartL1(fine.Masses, waves.Masses), 2, 3.8)
	near(t, "entropy", waves.Entropy, math.Log(2*math.Pi*math.E*math.Sqrt(sxx*syy-sxy*sxy)), 1e-9)
}

// lyapunovPlane solves AΣ + ΣAᵀ = 2D by Cramer's rule.
func lyapunovPlane(a, b, c, d, dxx, dxy, dyy float64) (xx, xy, yy float64) {
	// a xx + b xy = dxx, c xy + d yy = dyy, c xx + (a + d) xy + b yy = 2 dxy
	xy = (2*dxy - c*dxx/a - b*dyy/d) / (a + d - b*c/a - b*c/d)
	return (dxx - b*xy) / a, xy, (dyy - c*xy) / d
}

// A law cut by walls, p ∝ e^(−(x − y²/2)) on [0, 2] × [−1, 1]: with a drift along the
// level lines that vanishes at the walls.
func TestHighOrderAtWallsThatCarryMass(t *testing.T) {
	box := func(n, spacing, order string) string {
		return "[parameters]\nT = 0.8\n" + axis("x", "range = [0, 2]\ncells = "+n+spacing) + axis("y", "range = [-1, 1]\ncells = "+n+spacing) +
			"[define]\nU = \"x - y^2/2 + 0.3*sin(x*y)\"\n[process]\ndrift = { x = \"-diff(U, x)\", y = \"-diff(U, y)\" }\ndiffusion = \"T\"\n[stationary]\ntolerance = 1e-13\n[observables]\nu = \"U\"\n[numerics]\norder = " + order + "\n"
	}
	u := func(x, y float64) float64 { return x - y*y/2 + 0.3*math.Sin(x*y) }
	z := overPlate(func(x, y float64) float64 { return math.Exp(-u(x, y) / .8) })
	want := overPlate(func(x, y float64) float64 { return u(x, y) * math.Exp(-u(x, y)/.8) }) / z
	entropy := want/.8 + math.Log(z)
	coarse, fine := run1(t, box("16", "", "4")).Stationary, run1(t, box("32", "", "4")).Stationary
	observedOrder(t, "E U", coarse.Observables["u"]-want, fine.Observables["u"]-want, 2, 3.8)
	observedOrder(t, "entropy", coarse.Entropy-entropy, fine.Entropy-entropy, 2, 3.8)
	waves := run1(t, box("16", "\nspacing = \"chebyshev\"", "\"spectral\"")).Stationary
	near(t, "E U", waves.Observables["u"], want, 1e-11)
	near(t, "entropy", waves.Entropy, entropy, 1e-11)
}

// overPlate integrates over [0, 2] × [−1, 1].
func overPlate(f func(x, y float64) float64) float64 {
	return quad.Fixed(func(x float64) float64 {
		return quad.Fixed(func(y float64) float64 { return f(x, y) }, -1, 1, 40, nil, 0)
	}, 0, 2, 40, nil, 0)
}

// Moments on rings, where coordinates jump at the ends: of p ∝ e^(cos(x − 1) + ½ cos(x − y))
// by 40 points of Gauss and Legendre along each axis.
func TestMomentsOfRingsAreOfHighOrder(t *testing.T) {
	ring := func(n string) string { return "range = [0, \"2*pi\"]\nboundary = \"periodic\"\ncells = " + n }
	text := func(n, order string) string {
		return axis("x", ring(n)) + axis("y", ring(n)) + "[process]\npotential = \"-cos(x - 1) - cos(x - y)/2\"\ntemperature = 1\n[stationary]\ntolerance = 1e-13\n" +
			"[observables]\nu = \"exp(x/4)*sin(y)\"\nlogs = \"log(x)\"\n[numerics]\norder = " + order + "\n"
	}
	over := func(phi func(x, y float64) float64) float64 {
		return quad.Fixed(func(x float64) float64 {
			return quad.Fixed(func(y float64) float64 { return phi(x, y) * math.Exp(math.Cos(x-1)+math.Cos(x-y)/2) }, 0, 2*math.Pi, 40, nil, 0)
		}, 0, 2*math.Pi, 40, nil, 0)
	}
	z := over(func(_, _ float64) float64 { return 1 })
	want := map[string]float64{
		"x": over(func(x, _ float64) float64 { return x }) / z, "y": over(func(_, y float64) float64 { return y }) / z,
		"xy": over(func(x, y float64) float64 { return x * y }) / z, "xx": over(func(x, _ float64) float64 { return x * x }) / z,
		"x⁴": over(func(x, _ float64) float64 { return x * x * x * x }) / z,
		"u":  over(func(x, y float64) float64 { return math.Exp(x/4) * math.Sin(y) }) / z,
	}
	of := func(n, order string) map[string]float64 {
		s := run1(t, text(n, order)).Stationary
		x, y := s.Mean["x"], s.Mean["y"]
		return map[string]float64{"x": x, "y": y, "xy": s.Covariance["x,y"] + x*y, "xx": s.Covariance["x,x"] + x*x, "x⁴": s.RawMoments["x"][4], "u": s.Observables["u"]}
	}
	coarse, fine, waves := of("24", "4"), of("48", "4"), of("32", "\"spectral\"")
	for k, v := range want {
		observedOrder(t, "E "+k, coarse[k]-v, fine[k]-v, 2, 3.8)
		near(t, "E "+k, waves[k], v, 1e-9*max(1, math.Abs(v)))
	}
}

// Velocity of a tilted particle on a ring, by Stratonovich's formula.
func TestHighOrderHasAUniformCurrent(t *testing.T) {
	const F, T, L = 0.7, 0.4, 2 * math.Pi
	v := func(x float64) float64 { return math.Cos(x) - F*x }
	inner := func(x float64) float64 {
		return quad.Fixed(func(y float64) float64 { return math.Exp((v(y) - v(x)) / T) }, x, x+L, 100, nil, 0)
	}
	want := L * T * -math.Expm1(-L*F/T) / quad.Fixed(inner, 0, L, 100, nil, 0)
	for order, tolerance := range map[string]float64{"4": 1e-5, "spectral": 1e-12} {
		s := solve(t, "tilted", "numerics.order="+order, "axis.x.cells=48", "stationary.tolerance=1e-13").Stationary
		near(t, "velocity", s.Observables["velocity"], want, tolerance)
		for _, j := range s.Current[0] {
			near(t, "current", j*L, want, tolerance)
		}
	}
}

// Ornstein–Uhlenbeck with a force that turns, dX = (cos 2t − X) dt + √2 dW: a
// Gaussian law with mean e^(−t) + (cos 2t + 2 sin 2t − e^(−t))/5 from 1 at t = 0, and
// the variance 1 − 0.84 e^(−2t) from 0.16.
func TestHighOrderFollowsALawInTime(t *testing.T) {
	text := func(n, order string) string {
		return axis("x", "range = [-8, 8]\ncells = "+n) + `
[process]
drift = { x = "cos(2*t) - x" }
diffusion = 1
[initial]
mean = { x = 1 }
std = { x = 0.4 }
[evolve]
times = [0, 0.5, 1.5]
tolerance = 1e-8
[numerics]
order = ` + order + "\n"
	}
	mean := func(t float64) float64 {
		return math.Exp(-t) + (math.Cos(2*t)+2*math.Sin(2*t)-math.Exp(-t))/5
	}
	var off []float64
	for _, c := range []struct {
		n, order  string
		tolerance float64
	}{{"80", "4", 1e-3}, {"160", "4", 1e-4}, {"96", "\"spectral\"", 1e-8}} {
		e := run1(t, text(c.n, c.order)).Evolve
		for i, at := range e.Times {
			variance := 1 - 0.84*math.Exp(-2*at)
			near(t, "mass", e.Mass[i], 1, 1e-12)
			near(t, "mean", e.Mean["x"][i], mean(at), c.tolerance)
			near(t, "variance", e.Covariance["x,x"][i], variance, c.tolerance)
			near(t, "entropy", e.Entropy[i], math.Log(2*math.Pi*math.E*variance)/2, c.tolerance)
		}
		off = append(off, e.Entropy[1]-math.Log(2*math.Pi*math.E*(1-0.84*math.Exp(-1)))/2)
	}
	observedOrder(t, "entropy", off[0], off[1], 2, 3.8)
}

// Laws in time with negative masses beside them are made nonnegative without a loss of order: a Gaussian
// turned by drift, of means and covariances as of local linearisation, from a law not much wider than cells.
func TestNonnegativeLawsAreOfHighOrder(t *testing.T) {
	text := func(n, more string) string {
		return axis("x", "range = [-5, 5]\ncells = "+n) + axis("y", "range = [-5, 5]\ncells = "+n) + `
[process]
drift = { x = "-x - 3*y", y = "3*x - y" }
diffusion = 0.05
[initial]
mean = { x = 1.5, y = 0 }
std = { x = 0.3, y = 0.3 }
[evolve]
times = [0.4]
tolerance = 1e-10
[numerics]
order = 4
` + more
	}
	const variance = 0.05 + (0.09-0.05)*0.44932896411722156 // e^(−0.8)
	var off, second []float64
	for _, n := range []string{"64", "128"} {
		r := run1(t, text(n, "nonnegative = true\n"))
		e, signed := r.Evolve, run1(t, text(n, "")).Evolve
		exact := &Initial{
			Mean:       []float64{1.5 * math.Exp(-0.4) * math.Cos(1.2), 1.5 * math.Exp(-0.4) * math.Sin(1.2)},
			Covariance: mat.NewSymDense(2, []float64{variance, 0, 0, variance}),
		}
		want, _, err := exact.Masses(r.Grid)
		if err != nil {
			t.Fatal(err)
		}
		if least := slices.Min(e.Masses[0]); least < 0 || signed.Min[0] >= 0 || e.Min[0] != least {
			t.Errorf("%s²: least mass %v, %v without", n, least, signed.Min[0])
		}
		near(t, "mass", e.Mass[0], 1, 1e-12)
		near(t, "moved", e.Moved[0], apartL1(e.Masses[0], signed.Masses[0]), 1e-12)
		for _, k := range []string{"x,x", "x,y", "y,y"} {
			near(t, "covariance "+k, e.Covariance[k][0], signed.Covariance[k][0], 1e-6) // the quadrature differs from that of polynomials at walls, where waves get
		}
		if d := apartL1(signed.Masses[0], want); e.Moved[0] > d {
			t.Errorf("%s²: moved %v of a law that is wrong by %v", n, e.Moved[0], d)
		}
		off = append(off, apartL1(e.Masses[0], want))
		second = append(second, e.Covariance["x,x"][0]-variance)
	}
	observedOrder(t, "law", off[0], off[1], 2, 3.8)
	observedOrder(t, "covariance", second[0], second[1], 2, 3.8)
}

// Between absorbing walls at 0 and π, with killing κ: sin x decays as e^(−(D + κ)t).
func TestFourthOrderLosesWhatItShould(t *testing.T) {
	text := func(n string) string {
		return axis("x", "range = [0, \"pi\"]\nboundary = \"absorbing\"\ncells = "+n) + `
[process]
diffusion = 0.7
killing = 0.2
[initial]
density = "sin(x)"
[evolve]
times = [0, 1, 2]
tolerance = 1e-10
[numerics]
order = 4
`
	}
	var off []float64
	for _, n := range []string{"12", "24"} {
		e := run1(t, text(n)).Evolve
		for i := range e.Times {
			near(t, "mass + lost", e.Mass[i]+e.Lost[i], 1, 1e-12)
		}
		off = append(off, e.Mass[2]-math.Exp(-0.9*2))
	}
	observedOrder(t, "mass", off[0], off[1], 2, 3.8)
}

// A full tensor in time: the covariance from Σ' = −AΣ − ΣAᵀ + 2D by small steps.
func TestHighOrderFollowsAFullTensor(t *testing.T) {
	e := run1(t, axis("x", "range = [-7, 7]\ncells = 72")+axis("y", "range = [-7, 7]\ncells = 72")+rotating+`
[initial]
mean = { x = 0, y = 0 }
std = { x = 0.7, y = 0.5 }
[evolve]
times = [0.25]
[numerics]
order = "spectral"
`).Evolve
	xx, xy, yy := 0.49, 0.0, 0.25
	const steps = 20000
	h := 0.25 / steps
	for range steps { // by the middle of each step: error 1e-9
		a, b, c := rotated(xx, xy, yy)
		a, b, c = rotated(xx+h/2*a, xy+h/2*b, yy+h/2*c)
		xx, xy, yy = xx+h*a, xy+h*b, yy+h*c
	}
	for k, v := range map[string]float64{"x,x": xx, "x,y": xy, "y,y": yy} {
		near(t, "covariance "+k, e.Covariance[k][0], v, 1e-5)
	}
	near(t, "mass", e.Mass[0], 1, 1e-12)
}

// rotated returns the rates of change of the covariance.
func rotated(xx, xy, yy float64) (a, b, c float64) {
	return 2 - 2*(xx+2*xy), 0.8 - (xy + 2*yy) - (-2*xx + 1.5*xy), 1.2 - 2*(-2*xy+1.5*yy)
}

// ou3d by Lyapunov's equation, as in TestRingsOfThreeAndFourHaveTheirCovariance.
func TestHighOrderInThreeDimensions(t *testing.T) {
	want := lyapunov(mat.NewDense(3, 3, []float64{1, -.4, 0, 0, 1, -.4, -.4, 0, 1}), []float64{1, .7, .5})
	s := solve(t, "ou3d", "numerics.order=spectral", "axis.x.cells=40", "axis.y.cells=40", "axis.z.cells=40",
		"axis.x.range=[-7, 7]", "axis.y.range=[-7, 7]", "axis.z.range=[-7, 7]").Stationary
	for i, a := range []string{"x", "y", "z"} {
		for j, b := range []string{"x", "y", "z"}[i:] {
			near(t, a+","+b, s.Covariance[a+","+b], want.At(i, i+j), 1e-7) // what walls at 6.7 standard deviations cut
		}
	}
	near(t, "mass", s.Mass, 1, 1e-12)
}

// Φ((c − m)/σ) of the normal law of dX = −X dt + √2 dW.
func TestProbabilitiesOfIntervalsAreOfHighOrder(t *testing.T) {
	text := func(n, order string) string {
		return axis("x", "range = [-8, 8]\ncells = "+n) + "[process]\ndrift = { x = \"-x\" }\ndiffusion = 1\n[stationary]\ntolerance = 1e-13\n" +
			"[observables]\na = \"0.377 < x < 1.93\"\nb = \"x < -0.123\"\nc = \"x < 99\"\n[numerics]\norder = " + order + "\n"
	}
	want := normal(0.377, 1.93)
	coarse, fine := run1(t, text("40", "4")).Stationary, run1(t, text("80", "4")).Stationary
	observedOrder(t, "P(a)", coarse.Observables["a"]-want, fine.Observables["a"]-want, 2, 3.8)
	waves := run1(t, text("160", "\"spectral\"")).Stationary
	near(t, "P(a)", waves.Observables["a"], want, 1e-9) // (h/σ)⁸/8! of the polynomial, and less
	near(t, "P(b)", waves.Observables["b"], normal(-99, -0.123), 1e-9)
	near(t, "P(c)", waves.Observables["c"], 1, 1e-12)
}

func TestHighOrderDoesNotDependOnWorkers(t *testing.T) {
	for _, order := range []string{"4", "spectral"} {
		var first []float64
		for _, workers := range []int{1, 2, 7} {
			c, err := FromGallery("ou2d", "numerics.order="+order, "axis.x.cells=48", "axis.y.cells=48", "axis.x.range=[-7.5, 7.5]")
			if err != nil {
				t.Fatal(err)
			}
			c.Problem.Evolve = nil
			r, err := c.Run(context.Background(), Options{Workers: workers})
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = r.Stationary.Masses
			}
			if !slices.Equal(first, r.Stationary.Masses) {
				t.Errorf("order %s: other bits with %d workers", order, workers)
			}
		}
	}
}

func TestMatricesOfAllCellsCountAsMemory(t *testing.T) {
	text := axis("x", "range = [-5, 5]\ncells = 30000") + "[process]\ndrift = { x = \"-x\" }\ndiffusion = 1\n[numerics]\norder = \"spectral\"\n"
	if need := read(t, text).Problem.Memory(); need < 40*30000*30000 {
		t.Errorf("need %v bytes, want five matrices of 30000²", need)
	}
}

// With order 2 no mass is negative anyway.
func TestNonnegativeBelongsToHighOrders(t *testing.T) {
	_, err := Parse("needless", []byte(fourLines+"[numerics]\nnonnegative = true\n"), nil)
	if err == nil || !strings.Contains(err.Error(), "numerics.nonnegative: found true with order 2") {
		t.Error(err)
	}
	s := solve(t, "p2", append(ofOrder("4", "64"), "numerics.nonnegative=true")...).Stationary
	if s.Min < 0 || s.Moved == nil || !(*s.Moved > 0 && *s.Moved < 1e-6) { // without: more than −1e-9
		t.Errorf("least mass %v, moved %v", s.Min, s.Moved)
	}
	near(t, "mass", s.Mass, 1, 1e-12)
}

func TestHighOrderRefusesWhatIsNotSmooth(t *testing.T) {
	line := axis("x", "range = [-5, 5]\ncells = 64")
	drift := "[process]\ndrift = { x = \"-x\" }\ndiffusion = 1\n"
	for _, c := range []struct{ text, order, want string }{
		{line + "[process]\ndrift = { x = \"-abs(x)\" }\ndiffusion = 1\n", "4", "abs in a coefficient"},
		{line + "[process]\ndrift = { x = \"-x\" }\ndiffusion = \"1 + (x > 0)\"\n", "4", "a comparison in a coefficient"},
		{line + "[process]\ndrift = { x = \"-relu(x)\" }\ndiffusion = 1\n", "\"spectral\"", "in a coefficient"},
		{axis("x", "range = [-5, 5]\ncells = 64\nboundary = \"absorbing\"") + drift, "\"spectral\"", "absorbing end"},
		{axis("x", "range = [-5, 5]\ncells = 64\nspacing = \"sinh\"") + drift, "\"spectral\"", "spacing \"sinh\""},
		{axis("x", "range = [-5, 5]\ncells = 64\nfaces = [0]") + drift, "4", "faces on axis"},
		{axis("x", "range = [-5, 5]\ncells = 4") + drift, "4", "found 4 cells"},
		{line + drift + "[initial]\npoint = { x = 0 }\n", "4", "starts at a point"},
		{line + drift, "3", "the number 3"},
		{line + drift, "\"fourier\"", "\"fourier\""},
	} {
		found := mistakes(t, c.text+"[numerics]\norder = "+c.order+"\n")
		if len(found) != 1 || !strings.Contains(found[0].Error(), c.want) || found[0].Key != "numerics.order" {
			t.Errorf("found %v, want one about %s", found, c.want)
		}
	}
	c := read(t, axis("x", "range = [-2, 2]\ncells = 64")+drift+"[numerics]\norder = \"spectral\"\n")
	_, err := c.Run(context.Background(), Options{})
	var m *Mistake
	if !errors.As(err, &m) || !strings.Contains(m.Found, "walls of axis \"x\" carry mass") {
		t.Errorf("found %v, want the walls refused", err)
	}
}

// Figures of laws that are known, and what is said of their errors: a box through
// whose walls waves go, walls that carry mass, a degenerate noise.
func TestErrorsOfHighOrderAreHonest(t *testing.T) {
	kinetic := func(n, order string) string {
		return axis("x", "range = [-4, 4]\ncells = "+n) + axis("v", "range = [-5, 5]\ncells = "+n) +
			"[process]\ndrift = { x = \"v\", v = \"-x - v\" }\ndiffusion = { v = 0.5 }\n[stationary]\n[numerics]\norder = " + order + "\n"
	}
	for _, c := range []struct {
		text string
		want map[string]float64
	}{
		{kinetic("64", "4"), map[string]float64{"x,x": .5, "x,v": 0, "v,v": .5}}, // e^(−x² − v²)
		{kinetic("64", "\"spectral\""), map[string]float64{"x,x": .5, "x,v": 0, "v,v": .5}},
		{axis("x", "range = [0, 3]\ncells = 32") + "[process]\ndrift = { x = \"-1\" }\ndiffusion = 1\n[stationary]\n[numerics]\norder = 4\n",
			map[string]float64{"x,x": truncatedVariance(3)}},
		{axis("x", "range = [0, 3]\ncells = 16\nspacing = \"chebyshev\"") + "[process]\ndrift = { x = \"-1\" }\ndiffusion = 1\n[stationary]\n[numerics]\norder = \"spectral\"\n",
			map[string]float64{"x,x": truncatedVariance(3)}},
	} {
		s := withErrors(t, read(t, c.text)).Stationary
		for k, v := range c.want {
			if off, said := math.Abs(s.Covariance[k]-v), s.Error.Covariance[k]; !(off <= 3*said) {
				t.Errorf("covariance %s is %.3g off, said ± %.3g, in\n%s", k, off, said, c.text)
			}
		}
	}
}

// truncatedVariance is that of the density e^(−x) on [0, a], normalised:
// 1 − a² e^(−a)/(1 − e^(−a))².
func truncatedVariance(a float64) float64 {
	z := -math.Expm1(-a)
	return 1 - a*a*math.Exp(-a)/(z*z)
}

// AΣ + ΣAᵀ = 2D in four dimensions.
func TestFourthOrderInFourDimensions(t *testing.T) {
	want := lyapunov(mat.NewDense(4, 4, []float64{1, -.3, 0, 0, 0, 1, -.3, 0, 0, 0, 1, -.3, -.3, 0, 0, 1}), []float64{1, .7, .5, .8})
	var errs []float64
	for _, n := range []int{12, 18} {
		s, worst := solve(t, "ou4d", append(cells(n, "x", "y", "z", "w"), "numerics.order=4")...).Stationary, 0.
		for i, a := range []string{"x", "y", "z", "w"} {
			for j, b := range []string{"x", "y", "z", "w"}[i:] {
				worst = max(worst, math.Abs(s.Covariance[a+","+b]-want.At(i, i+j)))
			}
		}
		near(t, "mass", s.Mass, 1, 1e-12)
		errs = append(errs, worst)
	}
	observedOrder(t, "Σ", errs[0], errs[1], 1.5, 3.8)
	near(t, "Σ", errs[1], 0, 1e-2)
}
