package expr

import (
	"math"
	"math/rand/v2"
	"testing"
)

// curves lists every function with an interval on which it is smooth.
var curves = []struct {
	src    string
	lo, hi float64
}{
	{"sqrt(x)", 0.5, 3}, {"exp(x)", -2, 2}, {"log(x)", 0.5, 3}, {"sin(x)", -3, 3}, {"cos(x)", -3, 3},
	{"tan(x)", -1, 1}, {"tanh(x)", -2, 2}, {"sinh(x)", -2, 2}, {"cosh(x)", -2, 2},
	{"asin(x)", -0.7, 0.7}, {"acos(x)", -0.7, 0.7}, {"atan(x)", -2, 2},
	{"atan2(x, y)", 0.5, 2}, {"atan2(y, x)", 0.5, 2}, {"atan2(x^2, x + y)", 0.5, 2},
	{"abs(x)", 0.5, 2}, {"abs(x)*x", -2, -0.5}, {"sign(x)*x^3", -2, -0.5},
	{"min(x^2, sin(x), x^3)", 0.1, 0.3}, {"max(x^2, y*x^3)", 1.5, 3},
	{"erf(x)", -2, 2}, {"gamma(x)", 0.7, 4}, {"gamma(x)", -0.8, -0.2}, {"gamma(x)", -2.8, -2.2},
	{"polygamma(1, x)", 0.5, 3}, {"polygamma(2, x)", -1.8, -1.2},
	{"softplus(x)", -3, 3}, {"sigmoid(x)", -3, 3}, {"relu(x)*x^2", 0.5, 2}, {"relu(x)*x^2", -2, -0.5},
	{"hypot(x, y)", -2, 2}, {"hypot(x^2, x)", 0.5, 2},
	{"x^5", -2, 2}, {"x^-3", 0.5, 2}, {"x^-3", -2, -0.5}, {"x^2.5", 0.5, 2}, {"2^x", -2, 2}, {"x^y", 0.5, 2},
	{"x^x", 0.5, 2}, {"x^(x*y)", 0.5, 2}, {"y^(x^2)", -1, 1},
	{"(x^2 + 1)/(x - 3)", -2, 2}, {"x > 0 ? x^3 : -x^2", -2, -0.5}, {"x > 0 ? x^3 : -x^2", 0.5, 2},
	{"hill(x)", -2, 2}, {"hill(hill(x)*y)", -2, 2}, {"exp(-x^2/2)*sin(3*x)", -2, 2},
	{"log(1 + exp(x))/x", 0.5, 2}, {"tanh(y*tanh(x) + 0.3)", -2, 2},
}

// TestDerivativesMatchDifferences compares each derivative to the third with
// the five-point central difference of the one below it, whose error is
// h⁴f⁽⁵⁾/30 + ε|f|/h.
func TestDerivativesMatchDifferences(t *testing.T) {
	const h = 1e-3
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range curves {
		s := newScope(t)
		n := parsed(t, s, c.src)
		for order := 1; order <= 3; order++ {
			d, err := n.Diff("x")
			must(t, err)
			for range 20 {
				x, y := c.lo+(c.hi-c.lo)*r.Float64(), 0.7+r.Float64()
				f := func(x float64) float64 { return at(t, n, x, y, 0) }
				want := (8*(f(x+h)-f(x-h)) - f(x+2*h) + f(x-2*h)) / (12 * h)
				got := at(t, d, x, y, 0)
				if scale := 1 + math.Abs(want) + math.Abs(f(x)); math.Abs(got-want) > 1e-6*scale {
					t.Errorf("%s, derivative %d at (%v, %v): %v, want %v", c.src, order, x, y, got, want)
				}
			}
			n = d
		}
	}
}

// TestDerivativesHaveClosedForms compares printed derivatives with the forms a
// person would write.
func TestDerivativesHaveClosedForms(t *testing.T) {
	for src, want := range map[string]string{
		"diff(x - x^3, x)":                "1 - 3*x^2",
		"diff(diff(x^4/4 - x^2/2, x), x)": "3*x^2 - 1",
		"diff(k*x^2/2, x)":                "2*x",
		"diff(sin(y), x)":                 "0",
		"diff(x^y, x)":                    "y*x^(y - 1)",
		"diff(x^y, y)":                    "x^y*log(x)",
		"diff(2^x, x)":                    "0.6931471805599453*2^x",
		"diff(e^x, x)":                    "exp(x)",
		"diff(abs(x), x)":                 "sign(x)",
		"diff(relu(x), x)":                "x > 0",
		"diff(x > 0, x)":                  "0",
		"diff((x > 0)*x^2, x)":            "2*(x > 0)*x",
		"diff(min(x, y), x)":              "x <= y ? 1 : 0",
		"diff(x < 0 ? x : x^2, x)":        "x < 0 ? 1 : 2*x",
		"diff(softplus(x), x)":            "sigmoid(x)",
		"diff(log(x), x)":                 "1/x",
		"diff(log(1 + x^2), x)":           "2*x/(1 + x^2)",
		"diff(sqrt(x), x)":                "0.5/sqrt(x)",
		"diff(gamma(x), x)":               "gamma(x)*polygamma(0, x)",
		"diff(polygamma(1, x), x)":        "polygamma(2, x)",
		"diff(0.5*(y*x + z)^2, x)":        "(y*x + z)*y",
		"gradient(x^3*y)":                 "3*x^2*y",
		"-diff(U, y)":                     "-x",
	} {
		s := newScope(t) // x*y may be y*x where another source made it first
		if got := parsed(t, s, src).String(); got != want {
			t.Errorf("%s = %s, want %s", src, got, want)
		}
	}
}

// TestDiffInsideFunctions tells the derivative by an argument, which is taken
// before the call, from the derivative by a variable, which is taken of what
// the call gives.
func TestDiffInsideFunctions(t *testing.T) {
	s := newScope(t)
	must(t, s.Define("slopeOf(z)", "diff(z^3, z)"))
	must(t, s.Define("total(z)", "diff(z^3*x, x)"))
	must(t, s.Define("second(f)", "gradient(gradient(f))"))
	must(t, s.Define("partial(a, b)", "diff(a^2*b^3, a)"))
	for src, want := range map[string]string{
		"slopeOf(x^2)":          "3*x^4",
		"total(y)":              "y^3",
		"total(x^2) - 7*x^6":    "0",
		"second(x^3*y)":         "6*x*y",
		"diff(second(x^5), x)":  "60*x^2",
		"partial(y, x)":         "2*x^3*y",
		"partial(x, x)":         "2*x^4",
		"diff(slopeOf(x*y), y)": "6*x^2*y",
	} {
		if got := parsed(t, s, src); got != parsed(t, s, want) {
			t.Errorf("%s = %s, want %s", src, got, want)
		}
	}
	must(t, s.Define("d(f, v)", "diff(f, v)"))
	if n, err := s.Parse("d(x^2, x)"); err == nil {
		t.Errorf("d(f, v) = diff(f, v) gives %v, want an error", n)
	}
}

func TestPowersAtZero(t *testing.T) {
	s := newScope(t)
	for src, want := range map[string]float64{
		"x^2.5":                     0,
		"diff(x^y, y)":              0,
		"diff(diff(x^y, y), y)":     0,
		"diff(diff(x^y, y), x)":     0,
		"diff(x^3, x)":              0,
		"diff(diff(x^(y+1), y), x)": 0,
	} {
		if got := at(t, parsed(t, s, src), 0, 2, 0); got != want {
			t.Errorf("%s at x = 0, y = 2: %v, want %v", src, got, want)
		}
	}
}

func TestStableFarOut(t *testing.T) {
	s := newScope(t)
	for _, c := range []struct {
		src     string
		x, want float64
	}{
		{"softplus(x)", 1000, 1000}, {"softplus(x)", -1000, 0}, {"softplus(x)", -30, 9.357622968839e-14},
		{"sigmoid(x)", 1000, 1}, {"sigmoid(x)", -1000, 0}, {"sigmoid(x)", -40, 4.248354255291589e-18},
		{"diff(sigmoid(x), x)", 40, 4.248354255291589e-18}, {"diff(sigmoid(x), x)", 1000, 0},
		{"diff(diff(softplus(x), x), x)", -1000, 0}, {"diff(tanh(x), x)", 1000, 0},
		{"hypot(x, x)", 1e300, math.Sqrt2 * 1e300}, {"relu(x)", -5, 0},
	} {
		if got := at(t, parsed(t, s, c.src), c.x, 0, 0); math.Abs(got-c.want) > 1e-12*c.want {
			t.Errorf("%s at %v = %v, want %v", c.src, c.x, got, c.want)
		}
	}
}

// TestPolygammaHasExactValues uses Abramowitz and Stegun 1964, 6.3.2–6.4.5, and
// ψ⁽ⁿ⁾(1) = (−1)ⁿ⁺¹ n! ζ(n+1).
func TestPolygammaHasExactValues(t *testing.T) {
	const euler, zeta3, zeta5 = 0.57721566490153286061, 1.20205690315959428540, 1.03692775514336992633
	pi2 := math.Pi * math.Pi
	for _, c := range []struct {
		n       int
		x, want float64
	}{
		{0, 1, -euler}, {0, 0.5, -euler - 2*math.Ln2}, {0, 2, 1 - euler}, {0, 0.25, -euler - math.Pi/2 - 3*math.Ln2},
		{0, 100, 4.6001618527380874002}, {0, -0.5, 2 - euler - 2*math.Ln2}, {0, -1.5, 2./3 + 2 - euler - 2*math.Ln2},
		{1, 1, pi2 / 6}, {1, 0.5, pi2 / 2}, {1, 2, pi2/6 - 1}, {1, -0.5, pi2/2 + 4},
		{2, 1, -2 * zeta3}, {2, 0.5, -14 * zeta3}, {2, -0.5, 16 - 14*zeta3},
		{3, 1, pi2 * pi2 / 15}, {3, 0.5, pi2 * pi2}, {3, -0.5, pi2*pi2 + 96},
		{4, 1, -24 * zeta5}, {5, 1, 120 * pi2 * pi2 * pi2 / 945}, {20, 0.5, -math.Gamma(21) * (math.Exp2(21) + math.Pow(1.5, -21) + math.Pow(2.5, -21))},
	} {
		if got := polygamma(c.n, c.x); math.Abs(got-c.want) > 1e-14*(1+math.Abs(c.want)) {
			t.Errorf("ψ⁽%d⁾(%v) = %v, want %v", c.n, c.x, got, c.want)
		}
	}
	for _, x := range []float64{0, -1, -2, math.Inf(-1), math.NaN()} {
		if got := polygamma(1, x); !math.IsNaN(got) {
			t.Errorf("ψ′(%v) = %v, want NaN", x, got)
		}
	}
}

// TestThirdDerivativesStaySmall bounds the operations of a third derivative of
// a network's loss.
func TestThirdDerivativesStaySmall(t *testing.T) {
	s := newScope(t)
	n := parsed(t, s, "0.5*(x*tanh(y*z + x) + y*sigmoid(x*z - y) - tanh(x*y))^2")
	for _, v := range []string{"x", "y", "x"} {
		var err error
		n, err = n.Diff(v)
		must(t, err)
	}
	if got := len(reachable(func(*Node) bool { return true }, n)); got > 400 {
		t.Errorf("%d operations, want at most 400", got)
	}
}

func TestTanhIsAccurate(t *testing.T) {
	for x := -25.0; x < 25; x += 0.00317 {
		for _, v := range []float64{x, x * 1e-3, x * 1e-9} {
			if got, want := tanh(v), math.Tanh(v); math.Abs(got-want) > 4e-16*math.Abs(want) {
				t.Fatalf("tanh(%v) = %v, want %v", v, got, want)
			}
		}
	}
	for _, v := range []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 1e300} {
		if got := tanh(v); !identical(got, math.Tanh(v)) {
			t.Errorf("tanh(%v) = %v, want %v", v, got, math.Tanh(v))
		}
	}
}
