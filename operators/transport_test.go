package operators_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"fokker/grid"
	"fokker/operators"
	"fokker/operators/operatorstest"
)

func TestTransportIsAGenerator(t *testing.T) {
	wavy := func(dim int, drift, noise float64) field {
		return field{dim,
			func(b, x []float64, time float64) {
				for k := range b {
					b[k] = drift * (math.Sin(x[k]+x[(k+1)%dim]) - x[k]*math.Cos(time))
				}
			},
			func(d, x []float64, time float64) {
				for k := range d {
					d[k] = noise * (0.1 + x[k]*x[k] + math.Sin(x[(k+1)%dim])*math.Sin(x[(k+1)%dim])) * (1 + time)
				}
			}}
	}
	vanishing := field{2,
		func(b, x []float64, _ float64) { b[0], b[1] = x[1], -x[0] },
		func(d, x []float64, _ float64) { d[0], d[1] = x[0]*x[0], max(0, x[1]) }}
	flat, fine := grid.Uniform(), graded(t, -2, 3, 0.4, 12)
	for _, c := range []struct {
		name string
		p    operatorstest.Promise
	}{
		{"1D", operatorstest.Promise{Process: wavy(1, 1, 1), Grid: mesh(t, axis(t, flat, -2, 3, 50, ends{R, A}))}},
		{"1D circle", operatorstest.Promise{Process: wavy(1, 1, 1), Grid: mesh(t, axis(t, flat, -2, 3, 17, ends{P, P}))}},
		{"1D one cell", operatorstest.Promise{Terms: []operators.Term{operators.Transport{Process: wavy(1, 1, 1)}}, Grid: mesh(t, axis(t, flat, -2, 3, 1, ends{A, A}))}},
		{"1D more cells than a chunk", operatorstest.Promise{Process: wavy(1, 1, 1), Grid: mesh(t, axis(t, fine, -2, 3, 2500, ends{A, R}))}},
		{"2D graded", operatorstest.Promise{Process: wavy(2, 1, 1), Grid: mesh(t, axis(t, fine, -2, 3, 20, ends{R, A}), axis(t, fine, -2, 3, 23, ends{A, R}))}},
		{"2D circle by walls", operatorstest.Promise{Process: wavy(2, 1, 1), Grid: mesh(t, axis(t, fine, -2, 3, 20, ends{P, P}), axis(t, flat, -2, 3, 11, ends{A, A}))}},
		{"2D walls by circle", operatorstest.Promise{Process: wavy(2, 1, 1), Grid: mesh(t, axis(t, flat, -2, 3, 20, ends{A, R}), axis(t, fine, -2, 3, 11, ends{P, P}))}},
		{"2D strong drift", operatorstest.Promise{Process: wavy(2, 1, 1e-4), Grid: mesh(t, axis(t, fine, -2, 3, 20, ends{R, A}), axis(t, flat, -2, 3, 23, ends{A, R}))}},
		{"2D no noise", operatorstest.Promise{Process: wavy(2, 1, 0), Grid: mesh(t, axis(t, fine, -2, 3, 20, ends{R, A}), axis(t, flat, -2, 3, 23, ends{P, P}))}},
		{"2D vanishing noise", operatorstest.Promise{Process: vanishing, Grid: mesh(t, axis(t, flat, -2, 3, 25, ends{R, R}), axis(t, flat, -2, 3, 25, ends{A, R}))}},
		{"2D closed faces", operatorstest.Promise{Process: wavy(2, 1, 1), Grid: mesh(t, axis(t, fine, -2, 3, 20, ends{R, A}, -1, 1), axis(t, flat, -2, 3, 23, ends{P, P}, 0))}},
		{"3D", operatorstest.Promise{Process: wavy(3, 1, 1), Grid: mesh(t, axis(t, flat, -2, 3, 7, ends{R, A}), axis(t, fine, -2, 3, 9, ends{P, P}), axis(t, fine, -2, 3, 8, ends{A, R}))}},
		{"4D at a time", operatorstest.Promise{Process: wavy(4, 1, 1), Time: 0.7, Grid: mesh(t, axis(t, flat, -2, 3, 5, ends{R, A}), axis(t, fine, -2, 3, 4, ends{P, P}), axis(t, fine, -2, 3, 6, ends{A, R}), axis(t, flat, -2, 3, 3, ends{P, P}))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.p.Terms == nil {
				c.p.Terms = []operators.Term{operators.Transport{Process: c.p.Process}}
			}
			operatorstest.Generator(t, c.p)
		})
	}
}

func TestTransportWithKillingIsAGenerator(t *testing.T) {
	f := line(func(x float64) float64 { return -x }, func(x float64) float64 { return 1 + x*x })
	kill := operators.Killing{Rate: func(k []float64, x [][]float64, time float64) {
		for i := range k {
			k[i] = time * x[0][i] * x[0][i]
		}
	}}
	g := mesh(t, axis(t, grid.Uniform(), -1, 2, 40, ends{R, A}))
	operatorstest.Generator(t, operatorstest.Promise{Grid: g, Time: 2, Terms: []operators.Term{operators.Transport{Process: f}, kill}})
	operatorstest.Generator(t, operatorstest.Promise{Grid: g, Time: 2, Terms: []operators.Term{kill, kill, operators.Transport{Process: f}, operators.Transport{Process: f}}})
}

func TestKillingAloneRemovesAtItsRate(t *testing.T) {
	g := mesh(t, axis(t, grid.Uniform(), 0, 1, 4, ends{R, R}))
	q := build(t, g, operators.Killing{Rate: func(k []float64, x [][]float64, _ float64) { copy(k, x[0]) }})
	for i, got := range q.Absorption() {
		if want := g.Centers(0)[i]; got != want || q.Exit()[i] != want || q.Killed()[i] != want {
			t.Errorf("cell %d is removed at rate %v, want %v", i, got, want)
		}
	}
}

// D = σσᵀ/2 is formed where the process gives only σ, with more columns than axes too.
func TestTransportReadsNoise(t *testing.T) {
	p := operators.Pointwise{Dimension: 2, Noises: 3,
		DriftAt: func(b, x []float64, _ float64) { b[0], b[1] = -x[0], x[1] },
		NoiseAt: func(s, x []float64, _ float64) { copy(s, []float64{1, x[0], 0, 0, 0, 2}) }} // D = diag((1 + x²)/2, 2)
	want := field{2, func(b, x []float64, _ float64) { b[0], b[1] = -x[0], x[1] },
		func(d, x []float64, _ float64) { d[0], d[1] = (1+x[0]*x[0])/2, 2 }}
	g := mesh(t, axis(t, grid.Uniform(), -1, 1, 9, ends{R, A}), axis(t, grid.Uniform(), -1, 1, 8, ends{R, R}))
	operatorstest.Generator(t, operatorstest.Promise{Grid: g, Process: want, Terms: []operators.Term{operators.Transport{Process: p}}})
}

func TestTransportRefuses(t *testing.T) {
	g := mesh(t, axis(t, grid.Uniform(), 0, 1, 4, ends{R, R}), axis(t, grid.Uniform(), 0, 1, 4, ends{R, R}))
	process := func(b, s float64, cross float64) operators.Term {
		return operators.Transport{Process: operators.Pointwise{Dimension: 2, Noises: 2,
			DriftAt: func(out, _ []float64, _ float64) { out[1] = b },
			NoiseAt: func(out, _ []float64, _ float64) { copy(out, []float64{s, 0, cross, 1}) }}}
	}
	negative := operators.Transport{Process: field{2, func(_, _ []float64, _ float64) {},
		func(d, x []float64, _ float64) { d[0], d[1] = 1, x[0]-0.5 }}}
	for _, c := range []struct {
		name     string
		term     operators.Term
		quantity string
		axis     int
	}{
		{"drift", process(math.NaN(), 1, 0), "drift", 1},
		{"infinite noise", process(0, math.Inf(1), 0), "diffusion", 0},
		{"correlated noise", process(0, 1, 0.5), "off-diagonal diffusion", 0},
		{"negative diffusion", negative, "diffusion", 1},
		{"negative killing", operators.Killing{Rate: func(k []float64, _ [][]float64, _ float64) { k[3] = -1 }}, "killing", 0},
	} {
		_, err := operators.Build(g, 0, 1, c.term)
		var at *operators.PointError
		if !errors.As(err, &at) || at.Quantity != c.quantity || at.Axis != c.axis {
			t.Errorf("%s: error %v, want one about %s along axis %d", c.name, err, c.quantity, c.axis)
		}
	}
}

// The stationary law of dw = −w dt + √(ε(2w²+1)) dW is ∝ (2w²+1)^(−1−1/(2ε)):
// E w² = ε/(2(1−ε)), E w⁴ = 3ε E w²/(2 − 6ε) from Q w⁴ = 0.
func TestMultiplicativeNoise(t *testing.T) {
	const eps = 0.1
	f := line(func(x float64) float64 { return -x }, func(x float64) float64 { return eps / 2 * (2*x*x + 1) })
	const second = eps / (2 * (1 - eps))
	const fourth = 3 * eps * second / (2 - 6*eps)
	for _, s := range []struct {
		name    string
		spacing grid.Spacing
	}{{"uniform", grid.Uniform()}, {"graded", graded(t, -20, 20, 0.1, 30)}, {"sinh", grid.Sinh()}} {
		t.Run(s.name, func(t *testing.T) {
			var h, squares, errs []float64
			for _, n := range []int{400, 800, 1600} {
				g := mesh(t, axis(t, s.spacing, -20, 20, n, ends{R, R}))
				m := stationary(build(t, g, operators.Transport{Process: f}))
				got := expect(g, m, func(x []float64) float64 { return x[0] * x[0] })
				squares = append(squares, math.Abs(got-second))
				h, errs = append(h, 1/float64(n)), append(errs, math.Abs(expect(g, m, func(x []float64) float64 { return math.Pow(x[0], 4) })-fourth))
			}
			operatorstest.Order(t, 1.95, h, squares) // 2
			operatorstest.Order(t, 1.95, h, errs)
		})
	}
}

// An Ornstein–Uhlenbeck process that turns, A = [[1, 2], [−2, 3/2]], D = 1:
// AΣ + ΣAᵀ = 2D.
func TestRotatingGaussianHasExactMoments(t *testing.T) {
	f := field{2,
		func(b, x []float64, _ float64) { b[0], b[1] = -x[0]-2*x[1], 2*x[0]-1.5*x[1] },
		func(d, _ []float64, _ float64) { d[0], d[1] = 1, 1 }}
	// Rates are central where |b|h ≤ 1.5 D, here up to 3.5 deviations of b; walls
	// stand at 5 of x. The law beyond is the error.
	a := axis(t, grid.Uniform(), -4.6, 4.6, 46, ends{R, R})
	g := mesh(t, a, a)
	m := stationary(build(t, g, operators.Transport{Process: f}))
	for _, c := range []struct {
		name string
		phi  func(x []float64) float64
		want float64
	}{
		{"xx", func(x []float64) float64 { return x[0] * x[0] }, 47.0 / 55},
		{"xy", func(x []float64) float64 { return x[0] * x[1] }, 4.0 / 55},
		{"yy", func(x []float64) float64 { return x[1] * x[1] }, 42.0 / 55},
	} {
		if got := expect(g, m, c.phi); math.Abs(got-c.want) > 1e-4 {
			t.Errorf("E %s = %v, want %v", c.name, got, c.want)
		}
	}
}

// A wall through the mean of a Gaussian leaves half of it: E x = √(2/π).
func TestReflectingWallKeepsHalfAGaussian(t *testing.T) {
	f := line(func(x float64) float64 { return -x }, func(float64) float64 { return 1 })
	order2(t, 0, 9, ends{R, R}, 0, func(g *grid.Grid) float64 {
		m := stationary(build(t, g, operators.Transport{Process: f}))
		return expect(g, m, func(x []float64) float64 { return x[0] }) - math.Sqrt(2/math.Pi)
	})
}

// A constant drift into a wall leaves an exponential law of rate |b|/D = 2:
// fitted rates give the ratio of neighbouring masses exactly, and E cos x = 4/5.
func TestReflectingWallCarriesMass(t *testing.T) {
	f := line(func(float64) float64 { return -2 }, func(float64) float64 { return 1 })
	order2(t, 0, 15, ends{R, R}, 0, func(g *grid.Grid) float64 {
		m := stationary(build(t, g, operators.Transport{Process: f}))
		for i, h := 1, g.Widths(0); i < g.Size() && h[1] == h[0]; i++ { // equal cells
			if got, want := m[i]/m[i-1], math.Exp(-2*h[0]); math.Abs(got-want) > 1e-11*want {
				t.Fatalf("mass of cell %d over that below = %v, want %v", i, got, want)
			}
		}
		return expect(g, m, func(x []float64) float64 { return math.Cos(x[0]) }) - 0.8
	})
}

// Itô noise that changes up to a reflecting wall: D τ″ = −1, τ′(0) = 0 = τ(1),
// D = 1 + x: τ = 2 log 2 − (1+x) log(1+x) − 1 + x.
func TestExitTimeWithMultiplicativeNoise(t *testing.T) {
	f := line(func(float64) float64 { return 0 }, func(x float64) float64 { return 1 + x })
	order2(t, 0, 1, ends{R, A}, 0, worstLifetime(t, operators.Transport{Process: f}, func(x float64) float64 {
		return 2*math.Ln2 - (1+x)*math.Log(1+x) - 1 + x
	}))
}

func TestExitTimeOfBrownianMotion(t *testing.T) {
	const d = 0.3
	f := line(func(float64) float64 { return 0 }, func(float64) float64 { return d })
	order2(t, -1, 1, ends{A, A}, 0.2, worstLifetime(t, operators.Transport{Process: f}, func(x float64) float64 { return (1 - x*x) / (2 * d) }))
}

// Dτ″ + vτ′ = −1 on (−1, 1).
func driftedLifetime(v, d float64) func(x float64) float64 {
	q := v / d
	return func(x float64) float64 {
		return (1-x)/v - (math.Exp(-q*x)-math.Exp(-q))/(v*math.Sinh(q))
	}
}

func TestExitTimeWithDrift(t *testing.T) {
	f := line(func(float64) float64 { return 0.6 }, func(float64) float64 { return 0.3 })
	order2(t, -1, 1, ends{A, A}, 0.2, worstLifetime(t, operators.Transport{Process: f}, driftedLifetime(0.6, 0.3)))
}

// Without noise the time to reach 1 along b = 1 + x² is π/4 − arctan x; upwind
// rates have order 1.
func TestUpwindHasOrderOne(t *testing.T) {
	f := line(func(x float64) float64 { return 1 + x*x }, func(float64) float64 { return 0 })
	worst := worstLifetime(t, operators.Transport{Process: f}, func(x float64) float64 { return math.Pi/4 - math.Atan(x) })
	var h, errs []float64
	for _, n := range []int{50, 100, 200, 400} {
		h, errs = append(h, 1/float64(n)), append(errs, worst(mesh(t, axis(t, graded(t, -1, 1, 0, 4), -1, 1, n, ends{A, A}))))
	}
	operatorstest.Order(t, 0.95, h, errs)
}

// What drift carries to an absorbing wall leaves at the rate at which it comes: a
// steady stream has an even law up to the last cell, whether there is no noise or
// little, and the wall towards which nothing drifts takes nothing.
func TestStreamsLeaveAsTheyCome(t *testing.T) {
	for _, noise := range []float64{0, 1e-4} {
		p := line(func(float64) float64 { return 2 }, func(float64) float64 { return noise })
		q := build(t, mesh(t, axis(t, grid.Uniform(), 0, 1, 10, ends{grid.Absorbing, grid.Absorbing})), operators.Transport{Process: p})
		lost := q.Absorption()
		if math.Abs(lost[9]-20) > 1e-9 || lost[0] > 1e-9 {
			t.Errorf("D = %v: rates %v and %v of leaving, want 0 and b/h = 20", noise, lost[0], lost[9])
		}
	}
}

// order2 asserts order 2 of an error on uniform and graded meshes. A ghost cell
// as wide as the last is not what grading would make of it: that is one order
// less in one cell, an error ∝ h³ still seen at 200 cells.
func order2(t *testing.T, lo, hi float64, walls ends, finest float64, miss func(*grid.Grid) float64) {
	t.Helper()
	for _, s := range []grid.Spacing{grid.Uniform(), graded(t, lo, hi, finest, 10)} {
		var h, errs []float64
		for _, n := range []int{200, 400, 800, 1600} {
			g := mesh(t, axis(t, s, lo, hi, n, walls))
			h, errs = append(h, 1/float64(n)), append(errs, math.Abs(miss(g)))
		}
		operatorstest.Order(t, 1.88, h, errs)
	}
}

// worstLifetime returns the greatest error of the mean time until absorption.
func worstLifetime(t *testing.T, term operators.Term, want func(x float64) float64) func(*grid.Grid) float64 {
	return func(g *grid.Grid) (worst float64) {
		for i, got := range lifetime(build(t, g, term)) {
			worst = max(worst, math.Abs(got-want(g.Centers(0)[i])))
		}
		return worst
	}
}

// Drift and noise vanish at 0 together; with the face there closed no mass
// crosses, however long.
func TestClosedFaceKeepsTheMassOfEitherSide(t *testing.T) {
	f := line(func(x float64) float64 { return x * (1 - x*x) }, func(x float64) float64 { return 3 * x * x })
	g := mesh(t, axis(t, grid.Uniform(), -2, 3, 64, ends{R, R}, 0))
	q := build(t, g, operators.Transport{Process: f})
	m, change := make([]float64, g.Size()), make([]float64, g.Size())
	for i := range m {
		m[i] = 1 / float64(i+1)
	}
	q.Forward(change, m)
	left, gross := 0.0, 0.0
	for i := 0; g.Centers(0)[i] < 0; i++ {
		left += change[i]
		gross += q.Exit()[i] * m[i]
	}
	if math.Abs(left) > 1e-15*gross {
		t.Errorf("mass on the left changes at rate %v, want 0 of a gross %v", left, gross)
	}
}

// rates of the middle one of three unequal cells, h0 = 1.5, h1 = 3.
func middle(t *testing.T, b, d float64) (down, up float64) {
	t.Helper()
	g := mesh(t, grid.Axis{Name: "x", Edges: []float64{0, 1, 3, 7}})
	q := build(t, g, operators.Transport{Process: line(func(float64) float64 { return b }, func(float64) float64 { return d })})
	below, above, _ := q.Neighbors(0)
	return below[1], above[1]
}

func TestRatesTendToUpwindAsNoiseVanishes(t *testing.T) {
	for _, b := range []float64{-2, 2} {
		for d := 1e-2; d > 1e-320; d /= 7 {
			down, up := middle(t, b, d)
			// Beyond the upwind rate stands 2d/h² B(−z), which is all there is on the
			// other side.
			wantDown, wantUp := max(-b, 0)/1.5, max(b, 0)/3
			if slack := d + 1e-15; math.Abs(down-wantDown) > slack || math.Abs(up-wantUp) > slack {
				t.Errorf("b = %v, d = %v: rates %v, %v, want %v, %v", b, d, down, up, wantDown, wantUp)
			}
		}
		down, up := middle(t, b, 0)
		if down != max(-b, 0)/1.5 || up != max(b, 0)/3 {
			t.Errorf("b = %v, d = 0: rates %v, %v, want the upwind ones", b, down, up)
		}
	}
}

// Within central and within fitted rates a small change of the drift is a
// small change of the rates; where one gives way to the other (d = b h/2) rates step, and
// the drift stays exact.
func TestRatesAreContinuousInTheDrift(t *testing.T) {
	const h0, h1, d = 1.5, 3.0, 1.0
	for b := -100.0; b <= 100; b += 0.0625 {
		down, up := middle(t, b, d)
		if got := up*h1 - down*h0; math.Abs(got-b) > 1e-15*(up*h1+down*h0) {
			t.Fatalf("b = %v: Qx = %v", b, got)
		}
		beside, above := middle(t, b+1e-9, d)
		if switches := (b < 2*d/h1) != (b+1e-9 < 2*d/h1) || (b < -2*d/h0) != (b+1e-9 < -2*d/h0); switches {
			continue
		}
		if math.Abs(beside-down) > 2e-9 || math.Abs(above-up) > 2e-9 {
			t.Fatalf("b = %v: rates go from %v, %v to %v, %v within 1e-9", b, down, up, beside, above)
		}
	}
}

// bernoulli computes z/(eᶻ − 1) with 200 bits, the exponential by its series at
// z/2¹² and repeated squaring of e^x − 1.
func bernoulli(z float64) *big.Float {
	const bits, halvings = 400, 12
	number := func(v float64) *big.Float { return new(big.Float).SetPrec(bits).SetFloat64(v) }
	x := number(math.Ldexp(z, -halvings))
	sum, power := number(0), number(1)
	for k := 1; k < 90; k++ {
		power.Mul(power, x).Quo(power, number(float64(k)))
		sum.Add(sum, power)
	}
	for range halvings { // (1+s)² − 1 = s(2+s)
		sum.Mul(sum, new(big.Float).SetPrec(bits).Add(sum, number(2)))
	}
	return sum.Quo(number(z), sum)
}

func TestBernoulliAgreesWithManyDigits(t *testing.T) {
	worst := 0.0
	check := func(z float64) {
		want := bernoulli(z)
		got, mirrored := operators.Bernoulli(z)
		if _, again := operators.Bernoulli(-z); again != got {
			t.Errorf("B(%v) is %v, and %v as the mirror image of B(%v), %v", z, got, again, -z, mirrored)
		}
		if f, _ := want.Float64(); f < 0x1p-1022 { // no relative accuracy among subnormal numbers
			if math.Abs(got-f) > 1e-320 {
				t.Errorf("B(%v) = %v, want %v", z, got, f)
			}
			return
		}
		miss := new(big.Float).SetPrec(400).SetFloat64(got)
		miss.Sub(miss, want).Quo(miss, want)
		m, _ := miss.Float64()
		worst = max(worst, math.Abs(m))
		if math.Abs(m) > 1e-15 {
			t.Errorf("B(%v) = %v, want %v, relative error %v", z, got, want, m)
		}
	}
	for _, size := range []float64{1e-300, 1e-16, 1e-9, 0.99e-5, 1e-5, 1.01e-5, 1e-4, 1e-3, 699, 700, 701, 709.5, 710, 715, 720} {
		check(size)
		check(-size)
	}
	for z := -1000.0; z <= 1000; z += 0.7371 {
		check(z)
	}
	for z := -4.0; z <= 4; z += 0.00731 {
		check(z)
	}
	t.Logf("greatest relative error %.3g", worst)
}

func TestBernoulliIdentities(t *testing.T) {
	if plus, minus := operators.Bernoulli(0); plus != 1 || minus != 1 {
		t.Errorf("B(0) = %v, %v, want 1", plus, minus)
	}
	for z := -700.0; z <= 700; z += 0.37 {
		plus, minus := operators.Bernoulli(z)
		if math.Abs(minus-plus-z) > 1e-15*(plus+minus) {
			t.Errorf("B(−z) − B(z) = %v, want %v", minus-plus, z)
		}
		if want := math.Exp(z) * plus; math.Abs(minus-want) > 2e-15*minus {
			t.Errorf("B(−%v) = %v, want eᶻB(z) = %v", z, minus, want)
		}
	}
}
