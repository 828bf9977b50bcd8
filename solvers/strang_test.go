package solvers

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"fokker/grid"
	"fokker/operators"
)

const (
	friction, stiffness, heat = 1., 2.25, .3 // of a kinetic oscillator
)

func oscillator(t testing.TB, n int) *operators.Block {
	t.Helper()
	return evKinetic(t, func(b, x []float64) { b[0], b[1] = x[1], -friction*x[1]-stiffness*x[0] }, evAxis(-3, 3, n, grid.Reflecting), evAxis(-4, 4, n, grid.Reflecting))
}

// evKinetic has noise on the second axis alone.
func evKinetic(t testing.TB, drift func(b, x []float64), axes ...grid.Axis) *operators.Block {
	t.Helper()
	g, err := grid.New(axes...)
	if err != nil {
		t.Fatal(err)
	}
	q, err := operators.Build(g, 0, 1, operators.Transport{Process: operators.Pointwise{
		Dimension: 2, Noises: 1,
		DriftAt: func(b, x []float64, _ float64) { drift(b, x) },
		NoiseAt: func(s, _ []float64, _ float64) { s[0], s[1] = 0, math.Sqrt(2*friction*heat) },
	}})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// The moments of a Gaussian start: m(t) = e^(At)m₀, Σ(t) = Σ∞ + e^(At)(Σ₀ − Σ∞)e^(Aᵀt)
// (Chandrasekhar 1943).
func TestStreamingIsOfSecondOrder(t *testing.T) {
	const at = 1.0
	var flow, inner, want mat.Dense
	flow.Exp(mat.NewDense(2, 2, []float64{0, at, -stiffness * at, -friction * at}))
	inner.Product(&flow, mat.NewDiagDense(2, []float64{.09 - heat/stiffness, .16 - heat}), flow.T())
	want.Add(mat.NewDiagDense(2, []float64{heat / stiffness, heat}), &inner)
	var errs []float64
	for _, n := range []int{32, 64, 128} {
		q := oscillator(t, n)
		m, s := gaussian(q.Mesh(), 1, .09, .16), evStreams(t, q)
		for range 2 * n { // the error in time falls with that in space
			s.move(m, at/float64(2*n))
		}
		mean, covariance := moments(q.Mesh(), m)
		got := append(mean, covariance...)
		exact := []float64{flow.At(0, 0), flow.At(1, 0), want.At(0, 0), want.At(0, 1), want.At(1, 1)}
		worst := 0.
		for i := range got {
			worst = max(worst, math.Abs(got[i]-exact[i]))
		}
		errs = append(errs, worst)
		if off := math.Abs(sum(m) - 1); off > 1e-12 {
			t.Errorf("%d²: mass − 1 = %.2e", n, off)
		}
	}
	t.Logf("errors of the moments %.2e", errs)
	for i := range len(errs) - 1 {
		if order := math.Log2(errs[i] / errs[i+1]); order < 1.9 {
			t.Errorf("errors %.2e: order %.2f, want at least 1.9", errs[i:i+2], order)
		}
	}
}

func evStreams(t *testing.T, q *operators.Block) *strang {
	t.Helper()
	s := newStrang(newState(make([]float64, q.Size())), q, 1)
	if s == nil {
		t.Fatal("no axis streams")
	}
	return s
}

// gaussian returns the masses of a Gaussian around (x, 0), by values at centres,
// and a last entry for what is absorbed.
func gaussian(g *grid.Grid, x, xx, vv float64) []float64 {
	at, m, total := operators.Columns(2, g.Size()), make([]float64, g.Size()+1), 0.
	g.Points(at, grid.Range{Hi: g.Size()})
	for i := range g.Size() {
		m[i] = math.Exp(-(at[0][i]-x)*(at[0][i]-x)/2/xx - at[1][i]*at[1][i]/2/vv)
		total += m[i]
	}
	for i := range m {
		m[i] /= total
	}
	return m
}

func moments(g *grid.Grid, m []float64) (mean, covariance []float64) {
	at := operators.Columns(2, g.Size())
	g.Points(at, grid.Range{Hi: g.Size()})
	mean, covariance = make([]float64, 2), make([]float64, 3)
	for i := range g.Size() {
		mean[0] += m[i] * at[0][i]
		mean[1] += m[i] * at[1][i]
	}
	for i := range g.Size() {
		x, v := at[0][i]-mean[0], at[1][i]-mean[1]
		covariance[0] += m[i] * x * x
		covariance[1] += m[i] * x * v
		covariance[2] += m[i] * v * v
	}
	return mean, covariance
}

// A block carried around a ring keeps its mass, its bounds and more of its shape
// than upwind rates leave.
func TestStreamsMakeNoNewExtremes(t *testing.T) {
	const n = 40
	axes := []grid.Axis{evAxis(0, 1, n, grid.Periodic), evAxis(-1, 1, 2, grid.Reflecting)}
	q := evKinetic(t, func(b, _ []float64) { b[0], b[1] = 1, 0 }, axes...)
	s := evStreams(t, q)
	m := make([]float64, q.Size())
	for i := range n / 4 {
		m[i], m[n+i] = 1, 1
	}
	s.parts[0].advance(m, 1, 1) // once around
	full := 0.
	for i, v := range m {
		if v < 0 || v > 1+1e-14 {
			t.Errorf("cell %d holds %v, want within [0, 1]", i, v)
		}
		if i < n/4 {
			full += v
		}
	}
	if math.Abs(sum(m)-n/2) > 1e-12 {
		t.Errorf("mass %v, want %d", sum(m), n/2)
	}
	if full < .8*n/4 { // upwind rates spread it with the variance h = 1/40: 0.53
		t.Errorf("of the block %.3g are in place, want 0.8", full/(n/4))
	}
}

// Whatever the law, the mean moves with the drift, and linear drift moves it as it does
// a point: E x(t) = x₀eᵗ.
func TestStreamsMoveTheMeanExactly(t *testing.T) {
	const n = 60
	axes := []grid.Axis{evAxis(-3, 3, n, grid.Reflecting), evAxis(-1, 1, 2, grid.Reflecting)}
	for name, drift := range map[string]func(x float64) float64{
		"constant": func(float64) float64 { return -1 },
		"linear":   func(x float64) float64 { return x },
	} {
		q := evKinetic(t, func(b, x []float64) { b[0], b[1] = drift(x[0]), 0 }, axes...)
		s, m := evStreams(t, q), make([]float64, q.Size())
		m[20], m[27], m[28], m[35] = .2, .4, .1, .3
		before := evMoment(q, 0, 1, m)
		s.parts[0].advance(m, .5, 1)
		want := before - .5
		if name == "linear" {
			want = before * math.Exp(.5)
		}
		if got := evMoment(q, 0, 1, m); math.Abs(got-want) > 1e-5 { // steps in time are of order 3
			t.Errorf("%s drift: mean %.9f, want %.9f", name, got, want)
		}
	}
}

// What runs into an absorbing wall is lost, and nothing else.
func TestStreamsAreAbsorbed(t *testing.T) {
	axes := []grid.Axis{evAxis(0, 1, 20, grid.Absorbing), evAxis(-1, 1, 2, grid.Reflecting)}
	q := evKinetic(t, func(b, _ []float64) { b[0], b[1] = 1, 0 }, axes...)
	s := evStreams(t, q)
	m := make([]float64, q.Size()+1)
	m[2], m[22] = .5, .5
	for range 10 {
		s.move(m, .05)
	}
	if lost := m[q.Size()]; lost > 1e-3 || math.Abs(sum(m)-1) > 1e-13 {
		t.Errorf("halfway: lost %v of %v", lost, sum(m))
	}
	for range 20 {
		s.move(m, .05)
	}
	if lost := m[q.Size()]; lost < .999 || math.Abs(sum(m)-1) > 1e-13 {
		t.Errorf("after all has arrived: lost %v of %v", lost, sum(m))
	}
}

// Steps are of order 2 towards the exact flow of the semi-discrete law, which many
// small ones stand for.
func TestStrangIsOfOrderTwoInTime(t *testing.T) {
	q := oscillator(t, 32)
	s := evStreams(t, q)
	run := func(steps int) []float64 {
		m := gaussian(q.Mesh(), 1, .09, .16)
		for range steps {
			s.move(m, .5/float64(steps))
		}
		return m
	}
	exact := run(4096)
	var errs []float64
	for _, steps := range []int{32, 64, 128} {
		errs = append(errs, evDistance(run(steps), exact))
	}
	t.Logf("errors %.2e", errs)
	if order := math.Log2(errs[0]/errs[2]) / 2; order < 1.9 {
		t.Errorf("errors %.2e: order %.2f, want 2", errs, order)
	}
}

// The tolerance bounds the distance from the converged integration of the same
// streams, which small steps stand for.
func TestToleranceIsTheTrueErrorOfStreams(t *testing.T) {
	q := oscillator(t, 24)
	m0 := gaussian(q.Mesh(), 1, .09, .16)[:q.Size()]
	times := []float64{.1, .5, 2}
	exact := evRun(t, q, m0, times, &Settings{Tolerance: 1e-7})
	if exact.Method != Strang {
		t.Fatalf("method %q, want %q", exact.Method, Strang)
	}
	for _, tol := range []float64{1e-2, 1e-3, 1e-4, 1e-5} {
		out := evRun(t, q, m0, times, &Settings{Tolerance: tol})
		worst := 0.
		for i := range times {
			worst = max(worst, evDistance(out.Masses[i], exact.Masses[i]))
		}
		t.Logf("tolerance %.0e: error %.1e, reported %.1e, %d steps, %d rejected, work %.0f", tol, worst, out.Error, out.Steps, out.Rejected, out.WorkUnits)
		if worst > tol || out.Error > tol {
			t.Errorf("tolerance %.0e: error %.1e, reported %.1e", tol, worst, out.Error)
		}
	}
}

// A sum that no reduction reaches leaves what there is.
func TestBalanceOfNothingToReduce(t *testing.T) {
	for _, want := range []float64{-1, 1} {
		x := []float64{0, 0, 0}
		if balance(x, want); !slices.Equal(x, []float64{0, 0, 0}) {
			t.Errorf("of 0 for the sum %v: %v", want, x)
		}
	}
	x := []float64{1, -2, 3}
	if balance(x, 0); !(math.Abs(sum(x)) < 1e-15) || x[1] != -2 {
		t.Errorf("%v, want a sum of 0 by less of what is positive", x)
	}
}
