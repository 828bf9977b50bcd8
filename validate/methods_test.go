package validate_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"fokker/grid"
	"fokker/operators"
	"fokker/validate"
)

// geometric is dX = 0.4 X dt + 0.8 X dW.
func geometric(method validate.Method, particles int, step float64) validate.Paths {
	p := operators.Pointwise{Dimension: 1, Noises: 1,
		DriftAt: func(b, x []float64, _ float64) { b[0] = 0.4 * x[0] },
		NoiseAt: func(s, x []float64, _ float64) { s[0] = 0.8 * x[0] }}
	return validate.Paths{Process: p, Method: method, Axes: []grid.Axis{axis(-1e6, 1e6, 4, R, R)}, Initial: from(1), Particles: particles, Step: step, Seed: 21}
}

func both(t *testing.T, p validate.Paths, time float64) (long, short validate.Ensemble) {
	t.Helper()
	a, b, err := p.Both(context.Background(), []float64{time}, p.Particles, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a[0], b[0]
}

// Paths of two steps on the same noise are apart by the strong order of the method:
// ½ and 1 for multiplicative noise (Kloeden and Platen 1992, 10.2 and 10.3).
func TestStrongOrders(t *testing.T) {
	for method, want := range map[validate.Method]float64{validate.EulerMaruyama: 0.5, validate.Milstein: 1} {
		var apart []float64
		for _, step := range []float64{1.0 / 16, 1.0 / 64} {
			long, short := both(t, geometric(method, 20000, step), 1)
			sum := 0.0
			for i, x := range long.X[0] {
				sum += math.Abs(x-short.X[0][i]) / float64(len(long.X[0]))
			}
			apart = append(apart, sum)
		}
		order := math.Log2(apart[0]/apart[1]) / 2
		t.Logf("%v: mean distances %v, order %.3f", method, apart, order)
		if math.Abs(order-want) > 0.07 { // of distances known to 1 %, and the next order
			t.Errorf("%v: order %v, want %v", method, order, want)
		}
	}
}

// rotating is dX = AX dt + B₁X dW₁ + B₂X dW₂, B₁ and B₂ not commuting: P = E XXᵀ
// obeys P′ = AP + PAᵀ + ΣBPBᵀ.
var rotating = struct{ a, b1, b2 [4]float64 }{[4]float64{-0.6, 0.5, -0.3, -0.4}, [4]float64{0.5, 0.3, 0, 0.2}, [4]float64{0, -0.4, 0.6, 0.1}}

func multiply(m [4]float64, x []float64) [2]float64 {
	return [2]float64{m[0]*x[0] + m[1]*x[1], m[2]*x[0] + m[3]*x[1]}
}

func rotatingPaths(method validate.Method, particles int, step float64) validate.Paths {
	p := operators.Pointwise{Dimension: 2, Noises: 2,
		DriftAt: func(b, x []float64, _ float64) { v := multiply(rotating.a, x); copy(b, v[:]) },
		NoiseAt: func(s, x []float64, _ float64) {
			u, v := multiply(rotating.b1, x), multiply(rotating.b2, x)
			copy(s, []float64{u[0], v[0], u[1], v[1]})
		}}
	far := axis(-1e6, 1e6, 4, R, R)
	return validate.Paths{Process: p, Method: method, Axes: []grid.Axis{far, far}, Initial: from(1, 0.5), Particles: particles, Step: step, Seed: 22}
}

// secondMoments returns P at a time from (1, 0.5).
func secondMoments(time float64) [4]float64 {
	kron := mat.NewDense(4, 4, nil)
	add := func(a, b [4]float64) { // P → aPbᵀ as a matrix on the entries of P
		for e := range 16 {
			i, j, k, l := e>>3, e>>2&1, e>>1&1, e&1
			kron.Set(2*i+j, 2*k+l, kron.At(2*i+j, 2*k+l)+time*a[2*i+k]*b[2*j+l])
		}
	}
	one := [4]float64{1, 0, 0, 1}
	add(rotating.a, one)
	add(one, rotating.a)
	add(rotating.b1, rotating.b1)
	add(rotating.b2, rotating.b2)
	var flow mat.Dense
	flow.Exp(kron)
	var out mat.VecDense
	out.MulVec(&flow, mat.NewVecDense(4, []float64{1, 0.5, 0.5, 0.25}))
	return [4]float64(out.RawVector().Data)
}

// With noise that does not commute the second moments of Euler's steps are wrong
// by order 1, those of Platen's by order 2.
func TestWeakOrders(t *testing.T) {
	const time = 1.6
	want := secondMoments(time)
	for _, c := range []struct {
		method    validate.Method
		steps     float64
		particles int
	}{{validate.EulerMaruyama, 0.4, 100000}, {validate.Platen, 0.8, 400000}} {
		long, short := both(t, rotatingPaths(c.method, c.particles, c.steps), time)
		var errs, ses [2]float64
		for e, at := range []validate.Ensemble{long, short} {
			value, se := at.Mean(func(f []float64, x [][]float64) {
				for i := range f {
					f[i] = x[0][i]*x[0][i] + x[1][i]*x[1][i]
				}
			})
			errs[e], ses[e] = value-want[0]-want[3], se
		}
		want := errs[0] / math.Pow(2, c.method.Weak())
		t.Logf("%v: errors %.4g ± %.1g, want half the step to have %.4g", c.method, errs, ses, want)
		if math.Abs(errs[1]-want) > 4*ses[1]+0.35*math.Abs(want) || math.Abs(errs[0]) < 10*ses[0] { // the next order adds that on steps so long
			t.Errorf("%v: errors %v, want order %v", c.method, errs, c.method.Weak())
		}
	}
}

// dX = (X/2 + √(X²+1)) dt + √(X²+1) dW from 0 is sinh(t + W): with
// p(z) = z³ − 6z² + 8z, E p(arsinh X) = t³ − 3t² + 2t (Rößler 2010).
func TestPlatenIsOfOrderTwoOnACurvedProcess(t *testing.T) {
	p := operators.Pointwise{Dimension: 1, Noises: 1,
		DriftAt: func(b, x []float64, _ float64) { b[0] = x[0]/2 + math.Sqrt(x[0]*x[0]+1) },
		NoiseAt: func(s, x []float64, _ float64) { s[0] = math.Sqrt(x[0]*x[0] + 1) }}
	paths := validate.Paths{Process: p, Axes: []grid.Axis{axis(-1e9, 1e9, 4, R, R)}, Initial: from(0), Particles: 100000, Step: 0.125, Seed: 23}
	phi := of(func(x float64) float64 { z := math.Asinh(x); return z*z*z - 6*z*z + 8*z })
	const time, want = 0.5, 0.375
	wrong := map[validate.Method]float64{}
	for _, method := range []validate.Method{validate.EulerMaruyama, validate.Platen} {
		paths.Method = method
		got, se := run(t, paths, time)[0].Mean(phi)
		t.Logf("%v: %.4f ± %.4f, want %v", method, got, se, want)
		wrong[method] = math.Abs(got-want) / se
	}
	if wrong[validate.EulerMaruyama] < 6 || wrong[validate.Platen] > 4 {
		t.Errorf("errors over standard errors %v, want Euler's seen and Platen's not", wrong)
	}
}

// kicked is a pendulum with friction and noise on a circle.
func kicked(method validate.Method, particles int, step float64) validate.Paths {
	p := operators.Pointwise{Dimension: 2, Noises: 1,
		DriftAt: func(b, x []float64, _ float64) { b[0], b[1] = x[1], -math.Sin(x[0])-0.5*x[1] },
		NoiseAt: func(s, x []float64, _ float64) { s[1] = 0.8 }}
	return validate.Paths{Process: p, Method: method, Axes: []grid.Axis{axis(-math.Pi, math.Pi, 4, P, P), axis(-30, 30, 4, R, R)},
		Initial: from(0.5, 1), Particles: particles, Step: step, Seed: 24}
}

// The differences between steps on the same noise fall with the weak order.
func TestBAOABIsOfOrderTwo(t *testing.T) {
	phi := func(f []float64, x [][]float64) {
		for i := range f {
			f[i] = x[1][i]*x[1][i]/2 - math.Cos(x[0][i])
		}
	}
	for method, step := range map[validate.Method]float64{validate.EulerMaruyama: 0.1, validate.BAOAB: 0.5} {
		var diffs []float64
		for _, h := range []float64{step, step / 2} {
			long, short := both(t, kicked(method, 50000, h), 4)
			a, _ := long.Mean(phi)
			b, _ := short.Mean(phi)
			diffs = append(diffs, a-b)
		}
		order := math.Log2(diffs[0] / diffs[1])
		t.Logf("%v: differences %.4g, order %.2f", method, diffs, order)
		if math.Abs(order-method.Weak()) > 0.4 { // differences are known to a tenth
			t.Errorf("%v: order %v, want %v", method, order, method.Weak())
		}
	}
}

// One long step has the stationary covariance of a rotating linear process, D =
// diag(1, 0.3); two make the same law as one.
func TestExactStepsHaveNoBias(t *testing.T) {
	p := operators.Pointwise{Dimension: 2, Noises: 2,
		DriftAt: func(b, x []float64, _ float64) { b[0], b[1] = 1-x[0]-2*x[1], 2*x[0]-1.5*x[1] },
		NoiseAt: func(s, x []float64, _ float64) { s[0], s[3] = math.Sqrt(2), math.Sqrt(0.6) }}
	far := axis(-30, 30, 4, R, R)
	paths := validate.Paths{Process: p, Method: validate.Exact, Axes: []grid.Axis{far, far}, Initial: from(0, 0), Particles: 100000, Step: 20, Seed: 25}
	e := run(t, paths, 20)[0]
	mean := [2]float64{1.5 / 5.5, 2 / 5.5} // A x = −a
	for _, c := range []struct {
		k, l int
		want float64
	}{{0, 0, 0.650909}, {0, 1, 0.174545}, {1, 1, 0.432727}} { // AΣ + ΣAᵀ = −2D solved by hand
		near(t, fmt.Sprintf("covariance %d %d", c.k, c.l), e, func(f []float64, x [][]float64) {
			for i := range f {
				f[i] = (x[c.k][i] - mean[c.k]) * (x[c.l][i] - mean[c.l])
			}
		}, c.want)
	}
	long, short := both(t, validate.Paths{Process: p, Method: validate.Exact, Axes: []grid.Axis{far, far}, Initial: from(2, 1), Particles: 50000, Step: 0.7, Seed: 26}, 0.7)
	product := func(f []float64, x [][]float64) {
		for i := range f {
			f[i] = x[0][i] * x[1][i]
		}
	}
	a, sa := long.Mean(product)
	b, sb := short.Mean(product)
	if math.Abs(a-b) > 4*math.Hypot(sa, sb) {
		t.Errorf("E xy = %v ± %v in one step, %v ± %v in two", a, sa, b, sb)
	}
}

func TestMethodsRefuseWhatTheyCannotDo(t *testing.T) {
	good := geometric(validate.EulerMaruyama, 10, 0.1)
	coupled := rotatingPaths(validate.EulerMaruyama, 10, 0.1)
	driven := kicked(validate.EulerMaruyama, 10, 0.1)
	pendulum := driven.Process.(operators.Pointwise)
	pendulum.DriftAt = func(b, x []float64, _ float64) { b[0], b[1] = math.Sin(x[1]), -x[1] }
	driven.Process = pendulum
	for _, c := range []struct {
		paths  validate.Paths
		method validate.Method
		want   string
	}{
		{coupled, validate.Milstein, `method "milstein" needs noise along every axis`},
		{good, validate.Exact, `method "exact" needs a drift that is linear`},
		{good, validate.BAOAB, `method "baoab" needs axes without noise`},
		{driven, validate.BAOAB, `method "baoab" needs axes without noise`},
	} {
		c.paths.Method = c.method
		if _, err := c.paths.Run(context.Background(), []float64{1}, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want …%s…", c.method, err, c.want)
		}
	}
}

// halving makes the half of every number, in time 1.
type halving struct{}

func (halving) Start(n int, r *rand.Rand) func(x [][]float64) {
	return func(x [][]float64) {
		for i := range x[0] {
			x[0][i] /= 2
		}
	}
}

func TestAlgorithmMovesInWholeSteps(t *testing.T) {
	p := validate.Paths{Process: line(constant(0), constant(0)), Algorithm: halving{}, Axes: []grid.Axis{axis(-1, 16, 4, R, A)}, Initial: from(8), Particles: 3, Step: 0.25}
	e := run(t, p, 0, 0.5, 1)
	if e[1].X[0][2] != 2 || e[2].X[0][2] != 0.5 {
		t.Errorf("x = %v and %v after 2 and 4 steps, want 2 and 0.5", e[1].X[0][2], e[2].X[0][2])
	}
	if _, err := p.Run(context.Background(), []float64{0.6}, nil); err == nil || !strings.Contains(err.Error(), "expected a whole number of steps of 0.25") {
		t.Errorf("error %v", err)
	}
}

func TestMethodsHaveTheSameBitsForAnyWorkers(t *testing.T) {
	for _, method := range []validate.Method{validate.Milstein, validate.Platen} {
		var want validate.Ensemble
		for _, workers := range []int{1, 3} {
			p := plane(5000, 0.05, 27)
			p.Method, p.Workers = method, workers
			got := run(t, p, 0.5)[0]
			if workers == 1 {
				want = got
			}
			for i, x := range got.X[1] {
				if x != want.X[1][i] {
					t.Fatalf("%v, %d workers: particle %d at %v, want %v", method, workers, i, x, want.X[1][i])
				}
			}
		}
	}
}
