package solvers

import (
	"math"
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
// (Chandrasekhar 1943). Streams and central rates are exact on squares: what is left is
// of order 2 in time, whatever the mesh.
func TestStreamsKeepTheMomentsOfTheOscillator(t *testing.T) {
	const at = 1.0
	var flow, inner, want mat.Dense
	flow.Exp(mat.NewDense(2, 2, []float64{0, at, -stiffness * at, -friction * at}))
	inner.Product(&flow, mat.NewDiagDense(2, []float64{.09 - heat/stiffness, .16 - heat}), flow.T())
	want.Add(mat.NewDiagDense(2, []float64{heat / stiffness, heat}), &inner)
	exact := []float64{flow.At(0, 0), flow.At(1, 0), want.At(0, 0), want.At(0, 1), want.At(1, 1)}
	q := oscillator(t, 128) // for all rates to be central
	var errs []float64
	for _, steps := range []int{10, 20, 40} {
		m, s := gaussian(q.Mesh(), 1, .09, .16), evStreams(t, q)
		for range steps {
			s.move(m, at/float64(steps))
		}
		mean, covariance := moments(q.Mesh(), m)
		worst := 0.
		for i, got := range append(mean, covariance...) {
			worst = max(worst, math.Abs(got-exact[i]))
		}
		errs = append(errs, worst)
		if off := math.Abs(sum(m) - 1); off > 1e-12 {
			t.Errorf("%d steps: mass − 1 = %.2e", steps, off)
		}
	}
	t.Logf("errors of the moments %.2e", errs)
	for i := range len(errs) - 1 {
		if order := math.Log2(errs[i] / errs[i+1]); math.Abs(order-2) > .1 {
			t.Errorf("errors %.2e: order %.2f, want 2", errs[i:i+2], order)
		}
	}
}

// Around a ring at the speed 1/(1 + ½cos x), mass that has gone for a time t has passed
// x + ½sin x = t more, and the density is p₀(from)(1 + ½cos x)/(1 + ½cos from).
func TestStreamsAreOfSeventhOrder(t *testing.T) {
	const at = 1.5
	passed := func(x float64) float64 { return x + math.Sin(x)/2 }
	var errs []float64
	for _, n := range []int{48, 96, 192} {
		axes := []grid.Axis{evAxis(0, 2*math.Pi, n, grid.Periodic), evAxis(-1, 1, 1, grid.Reflecting)}
		q := evKinetic(t, func(b, x []float64) { b[0], b[1] = 1/(1+math.Cos(x[0])/2), 0 }, axes...)
		m, h := make([]float64, n), 2*math.Pi/float64(n)
		start := func(x float64) float64 { return math.Exp(math.Sin(x)) }
		for i, x := range q.Mesh().Centers(0) {
			m[i] = h * start(x)
		}
		s := newStreaming(streamed(q)[0], q.Mesh())
		s.advance(m, at, 1)
		worst := 0.
		for i, x := range q.Mesh().Centers(0) {
			from := x - at
			for range 60 { // passed(from) = passed(x) − t, a contraction by a half
				from = passed(x) - at - math.Sin(from)/2
			}
			want := h * start(from) * (1 + math.Cos(x)/2) / (1 + math.Cos(from)/2)
			worst += math.Abs(m[i] - want)
		}
		errs = append(errs, worst)
	}
	t.Logf("errors %.2e", errs)
	if order := math.Log2(errs[1] / errs[2]); order < 6.5 {
		t.Errorf("errors %.2e: order %.2f, want 7", errs, order)
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

// A block carried around a ring keeps its mass, and more of its shape than limited flows
// of second order would, 0.89, or upwind rates, which spread it with the variance h: 0.53.
// The waves beside its edges have no more of it than a tenth of a cell each.
func TestABlockKeepsItsShape(t *testing.T) {
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
		if v < -.125 || v > 1.125 {
			t.Errorf("cell %d holds %v, want within [−1/8, 9/8]", i, v)
		}
		if i < n/4 {
			full += v
		}
	}
	if math.Abs(sum(m)-n/2) > 1e-12 {
		t.Errorf("mass %v, want %d", sum(m), n/2)
	}
	if full < .9*n/4 {
		t.Errorf("of the block %.3g are in place, want 0.9", full/(n/4))
	}
}

// Whatever the law, moments move with the drift as those of points do: constant drift
// moves all by as much, linear drift stretches by eᵗ. On unequal cells the mean does.
func TestStreamsMoveMomentsExactly(t *testing.T) {
	const n, last = 180, .5
	uneven := evAxis(-1, 1, n, grid.Reflecting)
	for i, x := range uneven.Edges {
		uneven.Edges[i] = math.Sinh(2*x) * 9 / math.Sinh(2)
	}
	for name, c := range map[string]struct {
		along  grid.Axis
		drift  func(x float64) float64
		moved  func(x float64) float64
		powers int
	}{
		"constant":                 {evAxis(-9, 9, n, grid.Reflecting), func(float64) float64 { return -1 }, func(x float64) float64 { return x - last }, 6},
		"linear":                   {evAxis(-9, 9, n, grid.Reflecting), func(x float64) float64 { return x }, func(x float64) float64 { return x * math.Exp(last) }, 6},
		"linear, on unequal cells": {uneven, func(x float64) float64 { return x }, func(x float64) float64 { return x * math.Exp(last) }, 1},
	} {
		q := evKinetic(t, func(b, x []float64) { b[0], b[1] = c.drift(x[0]), 0 }, c.along, evAxis(-1, 1, 2, grid.Reflecting))
		x := q.Mesh().Centers(0)
		s, m, want := evStreams(t, q), make([]float64, q.Size()), make([]float64, c.powers+1)
		for cell, mass := range map[int]float64{86: .2, 87: .4, 88: .1, 91: .3} {
			m[cell] = mass
			for k := range want {
				want[k] += mass * math.Pow(c.moved(x[cell]), float64(k))
			}
		}
		s.parts[0].advance(m, last, 1)
		for k := range want {
			got := 0.
			for i, v := range m {
				got += v * math.Pow(x[q.Mesh().Along(0, i)], float64(k))
			}
			if math.Abs(got-want[k]) > 1e-9 { // what has come to the walls by then, where stencils are narrower
				t.Errorf("%s drift: E x^%d = %.12f, want %.12f", name, k, got, want[k])
			}
		}
	}
}

// Nothing crosses a closed face, on a line or on a ring, which is left to upwind rates.
func TestStreamsDoNotCrossClosedFaces(t *testing.T) {
	const n = 40
	for name, end := range map[string]grid.Boundary{"line": grid.Reflecting, "ring": grid.Periodic} {
		axis := evAxis(-math.Pi, math.Pi, n, end)
		axis.Closed = []int{n / 2}
		q := evKinetic(t, func(b, x []float64) { b[0], b[1] = math.Abs(math.Sin(x[0])), 0 }, axis, evAxis(-1, 1, 3, grid.Reflecting))
		m := make([]float64, q.Size())
		for i := range n / 2 {
			m[i] = 2. / n
		}
		out, err := Evolve(q, m, []float64{2}, nil)
		if err != nil {
			t.Fatal(err)
		}
		left := 0.
		for i, v := range out.Masses[0] {
			if i%n < n/2 {
				left += v
			}
		}
		if math.Abs(left-1) > 1e-12 || (name == "line") != (out.Method == Strang) {
			t.Errorf("%s by %s: %v is left of the face", name, out.Method, left)
		}
	}
}

// Cells that are much wider than their neighbours are left to upwind rates, by which
// there are laws at rest and in time.
func TestRoughCellsDoNotStream(t *testing.T) {
	const n = 24
	for ratio, want := range map[float64]bool{1: true, 3: true, 4: false, 25: false} {
		axis, h := evAxis(-3, 3, n, grid.Reflecting), 12/(1+ratio)/n
		for i := range n + 1 {
			axis.Edges[i] = -3 + h*(float64(min(i, n/2))+ratio*float64(max(0, i-n/2)))
		}
		q := evKinetic(t, func(b, x []float64) { b[0], b[1] = x[1], -friction*x[1]-stiffness*x[0] }, axis, evAxis(-4, 4, n, grid.Reflecting))
		if got := streamed(q) != nil; got != want {
			t.Errorf("%v times wider: streams %v, want %v", ratio, got, want)
		}
		law, err := Stationary(q, nil)
		if err != nil {
			t.Fatalf("%v times wider: %v", ratio, err)
		}
		m := gaussian(q.Mesh(), 0, .09, .16)[:q.Size()]
		if _, err = Evolve(q, m, []float64{1}, nil); err != nil || math.Abs(sum(law.Mass)-1) > 1e-12 {
			t.Errorf("%v times wider: mass %v, %v", ratio, sum(law.Mass), err)
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

// Once streams have come to rest no more steps are made, however far the end is, and the
// law is that of small steps until then, to the error that is reported.
func TestStreamsComeToRest(t *testing.T) {
	q := oscillator(t, 24)
	m0 := gaussian(q.Mesh(), 1, .09, .16)[:q.Size()]
	rest := evRun(t, q, m0, []float64{40}, &Settings{Tolerance: 1e-6}).Masses[0]
	var steps []int
	for _, end := range []float64{100, 1e3, 1e4} {
		out := evRun(t, q, m0, []float64{end}, &Settings{Tolerance: 1e-4})
		off := evDistance(out.Masses[0], rest)
		t.Logf("until %v: %d steps, error %.1e, reported %.1e", end, out.Steps, off, out.Error)
		if off > out.Error || out.Error > 1e-4 {
			t.Errorf("until %v: error %.1e, reported %.1e of 1e-4", end, off, out.Error)
		}
		steps = append(steps, out.Steps)
	}
	// ten times the time: errors of a tenth, by steps of order 6, and as much longer to rest
	if most := 3 * steps[1]; steps[2] > most || steps[1] > 3*steps[0] {
		t.Errorf("%d steps, want at most three times as many for ten times the time", steps)
	}
}
