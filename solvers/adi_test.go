package solvers

import (
	"context"
	"math"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// adiP2 is the problem P2 of the benchmarks: two metastable wells with a
// circulation and noise that depends on place, from a Gaussian.
func adiP2(t testing.TB, n int) (*operators.Block, []float64) {
	t.Helper()
	axis := evAxis(-2.5, 2.5, n, grid.Reflecting)
	q := smBuild(t, func(b, x []float64, _ float64) {
		b[0] = x[0] - x[0]*x[0]*x[0] - x[1]/2
		b[1] = -x[1] + (x[0]*x[0]*x[0]-x[0])/2 + 0.3*math.Sin(x[0])
	}, func(s, x []float64, _ float64) {
		s[0] = math.Sqrt(0.2 * (1 + 0.25*x[0]*x[0]/(1+x[0]*x[0])))
		s[3] = math.Sqrt(0.1 * (1 + 0.5*math.Exp(-x[1]*x[1])))
	}, axis, axis)
	m := make([]float64, q.Size())
	for c := range m {
		x, y := q.Mesh().Centers(0)[q.Mesh().Along(0, c)]+0.8, q.Mesh().Centers(1)[q.Mesh().Along(1, c)]-0.4
		m[c] = math.Exp(-(x*x + y*y) / (2 * 0.04))
	}
	total := sum(m)
	for c := range m {
		m[c] /= total
	}
	return q, m
}

// fixed returns the law after equal steps of a method.
func fixed(t *testing.T, q operators.Rowed, method string, m0 []float64, end float64, steps int) []float64 {
	t.Helper()
	e, err := newEvolver(q, m0, []float64{end}, Settings{Method: method, Workers: 1, Tolerance: evolveTolerance, Context: context.Background()})
	if err != nil {
		t.Fatal(err)
	}
	h := end / float64(steps)
	for i := range steps {
		if _, err := e.way.step(context.Background(), try{t: float64(i) * h, h: h, accuracy: linearBest}); err != nil {
			t.Fatal(err)
		}
		e.m, e.next = e.next, e.m
		e.m[len(m0)] = 0
	}
	return e.m[:len(m0)]
}

func adiFixed(t *testing.T, q operators.Rowed, m0 []float64, end float64, steps int) []float64 {
	t.Helper()
	return fixed(t, q, byADI, m0, end, steps)
}

// The order is that of the table. (Strang and cycles, for other processes, have tests of their own.)
func TestEveryMethodHasItsOrder(t *testing.T) {
	axis, short := evAxis(-3, 3, 24, grid.Reflecting), evAxis(-3, 3, 12, grid.Reflecting)
	for name, q := range map[string]*operators.Block{
		"one axis":            evOU(t, 1, 0.5, 0, axis),
		"two axes":            evOU(t, 1, 0.5, 2, axis, axis),
		"two axes, absorbing": evOU(t, 1, 0.5, 2, axis, evAxis(-3, 3, 24, grid.Absorbing)),
		"three axes":          evOU(t, 1, 0.5, 2, short, short, evAxis(-3, 3, 6, grid.Reflecting)),
	} {
		m0 := evGauss(q, 0.3, 0.4)
		want := fixed(t, q, byDirect, m0, 1, 192)
		for _, m := range evolutions {
			one := q.Mesh().Dim() == 1 // exact to rounding by directions
			if m.order == 0 || m.name == Strang || m.name == byCycles || (m.name == byADI || m.name == byDirections) && one || m.name == byLines && !one {
				continue
			}
			last := 0.0
			for _, n := range []int{3, 6, 12} {
				e := evDistance(fixed(t, q, m.name, m0, 1, n), want)
				order := math.Log2(last / e)
				t.Logf("%s by %s, %d steps: error %.3e, order %.2f", name, m.name, n, e, order)
				if n == 12 && math.Abs(order-float64(m.order)) > 0.7 {
					t.Errorf("%s by %s: order %.2f, want %d", name, m.name, order, m.order)
				}
				last = e
			}
		}
	}
}

// On two axes M(−τ) − M(τ) = 2τQᵀ.
func TestADIKeepsStationaryLawsHoweverLongTheStep(t *testing.T) {
	q, _ := adiP2(t, 32)
	law, err := Stationary(q, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []float64{0.1, 1, 100} {
		// 1e-8 is the tolerance of the stationary law, 3.1 the sum of the weights
		if d := evDistance(adiFixed(t, q, law.Mass, h, 1), law.Mass); d > 4e-8 {
			t.Errorf("step %g: the law moved by %.2e, want 4e-8", h, d)
		}
	}
}

// Dense output is of order six in the step as well.
func TestADIIsDense(t *testing.T) {
	axis := evAxis(-3, 3, 24, grid.Reflecting)
	q := evOU(t, 1, 0.5, 2, axis, axis)
	m0 := adiFixed(t, q, evGauss(q, 0.3, 0.4), 1, 16) // smooth at the walls
	last := 0.0
	for _, h := range []float64{0.1, 0.05, 0.025} {
		a := newADI(newState(m0), q, 1)
		if _, err := a.step(context.Background(), try{h: h, dense: true}); err != nil {
			t.Fatal(err)
		}
		worst := 0.0
		for _, theta := range []float64{0, 0.1, 0.3, 0.8, 1} {
			law := make([]float64, len(m0)+1)
			a.between(law, theta)
			worst = max(worst, evDistance(law[:len(m0)], adiFixed(t, q, m0, theta*h, 4)))
		}
		t.Logf("step %g: error %.2e, order %.2f", h, worst, math.Log2(last/worst))
		if order := math.Log2(last / worst); last > 0 && (order < 5.3 || order > 7.5) {
			t.Errorf("order %.2f to step %g, want about 6", order, h)
		}
		last = worst
	}
}

// The mesh does not matter: error and work are those of the process.
func TestADIWorkDoesNotDependOnTheMesh(t *testing.T) {
	first := 0.0
	for _, n := range []int{48, 96, 192} {
		q, m0 := adiP2(t, n)
		out := evRun(t, q, m0, []float64{5}, &Settings{Tolerance: 1e-4})
		t.Logf("%d²: %s, %d steps, work %.0f, reported %.1e", n, out.Method, out.Steps, out.WorkUnits, out.Error)
		if first == 0 {
			first = out.WorkUnits
		}
		if math.Abs(out.WorkUnits/first-1) > 0.3 || out.WorkUnits > 180 {
			t.Errorf("%d²: work %.0f, want at most 180 and within 30 %% of %.0f", n, out.WorkUnits, first)
		}
	}
}

// Between the wells mass passes at a rate of about 1e-5; the law relaxes in each of them
// within 1, and is at rest after 1e6.
func TestADIHandsOverWhereLawsMoveSlowly(t *testing.T) {
	axis := evAxis(-2, 2, 40, grid.Reflecting)
	q := smBuild(t, func(b, x []float64, _ float64) { b[0], b[1] = x[0]-x[0]*x[0]*x[0], x[0]-x[1] }, smDiagonal(0.025, 0.025), axis, axis)
	m0 := evPoint(q.Size(), 30+40*30)
	var times []float64
	for at := 1.0; at < 2e8; at *= 10 {
		times = append(times, at)
	}
	for _, tol := range []float64{1e-3, 1e-6} {
		out := evRun(t, q, m0, times, &Settings{Tolerance: tol})
		t.Logf("%.0e: %s, %d steps, %d rejected, work %.0f, reported %.1e", tol, out.Method, out.Steps, out.Rejected, out.WorkUnits, out.Error)
		if out.Method != byADI+", "+byDirect || out.Steps > 600 {
			t.Errorf("%s took %d steps, want to hand over and at most 600", out.Method, out.Steps)
		}
		last := 1.0
		for i, m := range out.Masses {
			right := 0.0
			for c, v := range m {
				if q.Mesh().Centers(0)[q.Mesh().Along(0, c)] > 0 {
					right += v
				}
			}
			// the mesh is symmetric, so half of the mass comes to rest in each well
			if right > last+tol || right < 0.5-tol {
				t.Errorf("time %g: mass of the right well is %v after %v, want it to fall to ½", times[i], right, last)
			}
			last = right
		}
		if math.Abs(last-0.5) > tol {
			t.Errorf("mass of the right well is %v in the end, want ½", last)
		}
	}
}

func TestADIDoesNotAllocate(t *testing.T) {
	axis := evAxis(-5, 5, 20, grid.Reflecting)
	q := evOU(t, 1, 0.5, 1, axis, axis)
	a := newADI(newState(evGauss(q, 0, 1)), q, 1)
	if got := testing.AllocsPerRun(5, func() {
		if _, err := a.step(context.Background(), try{h: 0.125, dense: true}); err != nil {
			t.Fatal(err)
		}
	}); got > 0 {
		t.Errorf("%v allocations per step, want 0", got)
	}
}

func TestUniformisationIsExactEntryByEntry(t *testing.T) {
	c := evRandom(3, 6, true)
	m0 := evPoint(6, 2)
	times := []float64{0.001, 0.1, 3}
	out := evRun(t, c, m0, times, &Settings{Method: byJumps})
	for i, at := range times {
		want := c.exp(at, m0)
		for j, v := range out.Masses[i] {
			if math.Abs(v-want[j]) > 1e-12*want[j] {
				t.Errorf("time %g: state %d has %v, want %v", at, j, v, want[j])
			}
		}
	}
}

func TestPoissonWeightsSumToOne(t *testing.T) {
	for _, mu := range []float64{1e-9, 0.3, 1, 50, 1e5} {
		first, weight := poisson(mu)
		mean := 0.0
		for i, w := range weight {
			mean += float64(first+i) * w
		}
		if math.Abs(sum(weight)-1) > 1e-13 || math.Abs(mean/mu-1) > 1e-11 {
			t.Errorf("μ = %g: %d weights of sum %v and mean %v", mu, len(weight), sum(weight), mean)
		}
	}
}

// Where little happens nothing is approximated.
func TestEvolveChoosesByTheGenerator(t *testing.T) {
	axis := evAxis(-3, 3, 30, grid.Reflecting)
	line, plane, wide := evOU(t, 1, 0.5, 0, axis), evOU(t, 1, 0.5, 1, axis, axis), aligned.build(t, 30, 30)
	for _, c := range []struct {
		q    operators.Rowed
		end  float64
		want string
	}{{line, 0.1, byJumps}, {line, 10, byLines}, {plane, 0.1, byJumps}, {plane, 10, byADI}, {wide, 1e-3, byJumps}, {wide, 10, byDirections}, {sdirkSteady{evRandom(1, 5, false)}, 1, byDirect}} {
		out := evRun(t, c.q, evPoint(c.q.Size(), c.q.Size()/2), []float64{c.end}, &Settings{Tolerance: 1e-3})
		if out.Method != c.want {
			t.Errorf("%d cells until %g: by %s, want %s", c.q.Size(), c.end, out.Method, c.want)
		}
	}
}
