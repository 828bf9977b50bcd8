package solvers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"fokker/grid"
	"fokker/operators"
)

// ctRun runs the method and tests what it promises: mass to rounding, no cell
// below zero, and that the error does not exceed the tolerance.
func ctRun(t testing.TB, q operators.Generator, m0, times []float64, tolerance float64) *Evolution {
	t.Helper()
	out, err := Evolve(q, m0, times, &Settings{Method: byContour, Tolerance: tolerance})
	if err != nil {
		t.Fatal(err)
	}
	ctKeeps(t, out, m0, tolerance)
	return out
}

func ctKeeps(t testing.TB, out *Evolution, m0 []float64, tolerance float64) {
	t.Helper()
	mass := sum(m0)
	for i, m := range out.Masses {
		if least := slices.Min(m); least < 0 {
			t.Errorf("time %g: a mass of %g", out.Times[i], least)
		}
		if got := sum(m) + out.Lost[i]; math.Abs(got-mass) > 1e-13*mass {
			t.Errorf("time %g: Σ mass + lost = 1 %+.3g, want 1 ± 1e-13", out.Times[i], got/mass-1)
		}
	}
	if out.Error > tolerance {
		t.Errorf("reported error %.2e, want at most %.0e", out.Error, tolerance)
	}
}

// ctExact returns exp(tQᵀ)m by Padé approximation, squared (Higham 2005).
func ctExact(q operators.Rowed, t float64, m []float64) []float64 {
	n := q.Size()
	a := mat.NewDense(n, n, nil)
	unit, column := make([]float64, n), make([]float64, n)
	for j := range n {
		unit[j] = 1
		q.Forward(column, unit)
		a.SetCol(j, column)
		unit[j] = 0
	}
	a.Scale(t, a)
	var e mat.Dense
	e.Exp(a)
	var out mat.VecDense
	out.MulVec(&e, mat.NewVecDense(n, m))
	return out.RawVector().Data
}

func TestContourIsTheExponential(t *testing.T) {
	wall, free, ring := evAxis(-4, 4, 14, grid.Absorbing), evAxis(-4, 4, 14, grid.Reflecting), evAxis(-4, 4, 14, grid.Periodic)
	for name, q := range map[string]operators.Rowed{
		"real spectrum":   evOU(t, 1, 0.5, 0, free, free),
		"rotation":        evOU(t, 1, 0.5, 3, free, free),
		"strong rotation": evOU(t, 1, 1, 30, free, free),
		"absorbing":       evOU(t, 0.2, 1, 2, wall, free),
		"periodic":        evOU(t, 0.5, 1, 4, ring, free),
		"line":            evOU(t, 1, 0.1, 0, evAxis(-4, 4, 100, grid.Reflecting)),
		"ring":            evOU(t, 0, 1, 0, evAxis(-4, 4, 100, grid.Periodic)),
		"wide jumps":      evRandom(1, 60, true),
	} {
		t.Run(name, func(t *testing.T) {
			m0 := evPoint(q.Size(), 17)
			times := []float64{0, 1e-3, 0.01, 0.02, 0.1, 0.4, 1, 3, 20}
			var exact [][]float64
			for _, at := range times {
				exact = append(exact, ctExact(q, at, m0))
			}
			for _, tol := range []float64{1e-3, 1e-6, 1e-10} {
				out := ctRun(t, q, m0, times, tol)
				worst, least := 0.0, 0.0
				for i, m := range out.Masses {
					worst, least = max(worst, evDistance(m, exact[i])), min(least, slices.Min(m))
				}
				t.Logf("tolerance %.0e: error %.1e, reported %.1e, least mass %.1e, %d spaces, %d nodes, work %.0f", tol, worst, out.Error, least, out.Steps, out.Iterations, out.WorkUnits)
				if worst > tol || worst < tol/1e5 {
					t.Errorf("error %.2e, want between %.0e and %.0e", worst, tol/1e5, tol)
				}
			}
		})
	}
}

// A cell is left for the next one at rate 1: the number of jumps is Poisson's.
// Spectra like this, on a circle that touches the imaginary axis, need steps.
func TestContourTurnsWithARing(t *testing.T) {
	const n = 600
	c := make([]float64, n)
	q := ctRing{evChain{nil, c}}
	times := []float64{1, 30, 400, 1000, 3000}
	const tol = 1e-7
	out := ctRun(t, q, evPoint(n, 0), times, tol)
	for i, at := range times {
		want := make([]float64, n)
		for k := range 10 * n {
			lnGamma, _ := math.Lgamma(float64(k + 1))
			want[k%n] += math.Exp(float64(k)*math.Log(at) - at - lnGamma)
		}
		if d := evDistance(out.Masses[i], want); d > tol {
			t.Errorf("time %g: error %.2e, want at most %.0e", at, d, tol)
		}
	}
	t.Logf("reported %.1e, %d spaces, %d nodes, work %.0f", out.Error, out.Steps, out.Iterations, out.WorkUnits)
}

type ctRing struct{ evChain }

func (c ctRing) Row(i int) (to []int, rate []float64) { return []int{(i + 1) % c.Size()}, []float64{1} }
func (c ctRing) Forward(dst, m []float64) {
	n := len(m)
	for i := range dst {
		dst[i] = m[(i+n-1)%n] - m[i]
	}
}

// ctP2 is the problem P2 on [−2.5, 2.5]² and its first law, a Gaussian at
// (−0.8, 0.4) of standard deviation 0.2.
func ctP2(t testing.TB, n int) (*operators.Block, []float64) {
	t.Helper()
	g, err := grid.New(evAxis(-2.5, 2.5, n, grid.Reflecting), evAxis(-2.5, 2.5, n, grid.Reflecting))
	if err != nil {
		t.Fatal(err)
	}
	q, err := operators.Build(g, 0, 1, operators.Transport{Process: operators.Pointwise{
		Dimension: 2, Noises: 2,
		DriftAt: func(b, x []float64, _ float64) {
			b[0] = x[0] - x[0]*x[0]*x[0] - x[1]/2
			b[1] = -x[1] + (x[0]*x[0]*x[0]-x[0])/2 + 0.3*math.Sin(x[0])
		},
		NoiseAt: func(s, x []float64, _ float64) {
			s[0] = math.Sqrt(0.2 * (1 + 0.25*x[0]*x[0]/(1+x[0]*x[0])))
			s[3] = math.Sqrt(0.1 * (1 + 0.5*math.Exp(-x[1]*x[1])))
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	m := make([]float64, g.Size())
	for c := range m {
		x, y := g.Centers(0)[g.Along(0, c)]+0.8, g.Centers(1)[g.Along(1, c)]-0.4
		m[c] = math.Exp(-(x*x + y*y) / (2 * 0.04))
	}
	total := sum(m)
	for c := range m {
		m[c] /= total
	}
	return q, m
}

// ctTimes returns n times that grow by a factor.
func ctTimes(n int, first, last float64) []float64 {
	times := make([]float64, n)
	for i := range times {
		times[i] = first * math.Pow(last/first, float64(i)/float64(n-1))
	}
	return times
}

// ctExponentials is the way to laws by contours, by a method of solving with shifts.
func ctExponentials(t *testing.T, q operators.Rowed, m0, times []float64, tol float64, method string) *exponentials {
	t.Helper()
	shifts, err := newShifts(q, method, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	set, err := (&Settings{Method: byContour, Tolerance: tol, Workers: 1}).forEvolve()
	if err != nil {
		t.Fatal(err)
	}
	return newExponentials(shifts, m0, times, set)
}

// Every window takes at most 24 nodes, whatever it has to enclose, and all of them
// far fewer solutions of real equations on the mesh.
func TestContourServesADecadeByFewNodes(t *testing.T) {
	q, m0 := ctP2(t, 32)
	times := ctTimes(50, 0.01, 1e6)
	const tol, decades = 1e-9, 8
	e := ctExponentials(t, q, m0, times, tol, byDirect)
	solutions := 0
	for done := 0; done < len(times); done = len(e.out.Masses) {
		nodes, space := e.out.Iterations, e.space
		if err := e.advance(e.window(times[done:])); err != nil {
			t.Fatal(err)
		}
		if e.space != space {
			solutions += 1 + e.space.size()
		}
		nodes = e.out.Iterations - nodes
		t.Logf("%.3g to %.3g: %d nodes, %d dimensions", times[done], times[len(e.out.Masses)-1], nodes, e.space.size())
		if nodes > 24 {
			t.Errorf("%.3g to %.3g: %d nodes, want at most 24", times[done], times[len(e.out.Masses)-1], nodes)
		}
	}
	ctKeeps(t, e.out, m0, tol)
	fine := evRun(t, q, m0, times, &Settings{Tolerance: 1e-11})
	worst := 0.0
	for i, m := range e.out.Masses {
		worst = max(worst, evDistance(m, fine.Masses[i]))
	}
	t.Logf("error %.1e, reported %.1e, %d spaces, %d nodes, %d solutions, work %.0f", worst, e.out.Error, e.out.Steps, e.out.Iterations, solutions, e.shifts.work)
	if worst > tol {
		t.Errorf("error %.2e, want at most %.0e", worst, tol)
	}
	if solutions > 16*decades {
		t.Errorf("%d real solutions, want at most 16 per decade", solutions)
	}
}

// A well of depth ΔU/D = 16 below the barrier is left at about 1e-6 (Kramers
// 1940). Near the end the law is the stationary one; between, the excess in
// the wells is the slowest mode, so that its logarithm falls linearly.
func TestContourWaitsForRareJumps(t *testing.T) {
	const d = 1. / 64 // U = (x²−1)²/4 + x/20: barriers of about ¼ ± 1/20
	q := ctWell(t, 240, d)
	m0 := evPoint(240, 190)
	times := append(ctTimes(9, 1e-3, 1e4), 1e5, 2e5, 3e5, 1e8, 2e8)
	const tol = 1e-10
	out := ctRun(t, q, m0, times, tol)
	law, err := Stationary(q, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := evDistance(out.Masses[13], law.Mass); got > tol {
		t.Errorf("time 2e8: %.2e from the stationary law, want at most %.0e", got, tol)
	}
	var excess [3]float64
	for i := range excess {
		excess[i] = sum(out.Masses[9+i][120:]) - sum(law.Mass[120:])
	}
	if excess[0] < 1e-3 {
		t.Fatalf("an excess of %.1e at 1e5 tests nothing", excess[0])
	}
	if got, want := excess[2]/excess[1], excess[1]/excess[0]; math.Abs(got/want-1) > 4*tol/excess[2] {
		t.Errorf("ratios %.12g, %.12g, want equal", want, got)
	}
}

func ctWell(t testing.TB, n int, d float64) *operators.Block {
	t.Helper()
	g, err := grid.New(evAxis(-2, 2, n, grid.Reflecting))
	if err != nil {
		t.Fatal(err)
	}
	q, err := operators.Build(g, 0, 1, operators.Transport{Process: operators.Pointwise{
		Dimension: 1, Noises: 1,
		DriftAt: func(b, x []float64, _ float64) { b[0] = x[0] - x[0]*x[0]*x[0] - 0.05 },
		NoiseAt: func(s, _ []float64, _ float64) { s[0] = math.Sqrt(2 * d) },
	}})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestContourIteratesAsItEliminates(t *testing.T) {
	axis := evAxis(-3, 3, 17, grid.Reflecting)
	q := evOU(t, 1, 0.5, 1, axis, axis, evAxis(-3, 3, 17, grid.Absorbing))
	m0, times := evPoint(q.Size(), 1500), ctTimes(6, 0.05, 1e3)
	const tol = 1e-8
	want := ctRun(t, q, m0, times, tol/100)
	for _, method := range []string{bySplit, bySweeps} {
		e := ctExponentials(t, q, m0, times, tol, method)
		if err := e.run(); err != nil {
			t.Fatal(err)
		}
		ctKeeps(t, e.out, m0, tol)
		for i := range times {
			if d := evDistance(e.out.Masses[i], want.Masses[i]); d > tol {
				t.Errorf("%s, time %g: error %.2e, want at most %.0e", method, times[i], d, tol)
			}
		}
	}
}

func TestContourDoesNotDependOnWorkers(t *testing.T) {
	q, m0 := ctP2(t, 40)
	var first *Evolution
	for _, workers := range []int{1, 2, 7} {
		out, err := Evolve(q, m0, []float64{0.1, 0.5, 1e3}, &Settings{Method: byContour, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = out
		}
		for i, m := range out.Masses {
			if !slices.Equal(m, first.Masses[i]) {
				t.Errorf("%d workers: law %d differs from that of one", workers, i)
			}
		}
	}
}

func TestContourLeavesALawAtRest(t *testing.T) {
	q := ctRing{evChain{nil, make([]float64, 8)}}
	m0 := slices.Repeat([]float64{0.125}, 8)
	for _, m := range ctRun(t, q, m0, []float64{0, 1, 1e6}, 1e-9).Masses {
		if d := evDistance(m, m0); d > 1e-14 {
			t.Errorf("moved by %.2e", d)
		}
	}
}

// Nothing passes between two parts of a chain: each keeps its own mass.
func TestContourKeepsTheMassOfClosedClasses(t *testing.T) {
	a, b := evRandom(1, 20, false), evRandom(2, 30, false)
	rate := operators.Columns(50, 50)
	for i := range 20 {
		copy(rate[i], a.rate[i])
	}
	for i := range 30 {
		copy(rate[20+i][20:], b.rate[i])
	}
	m0 := make([]float64, 50)
	m0[0], m0[20] = 0.25, 0.75
	for _, m := range ctRun(t, evChain{rate, make([]float64, 50)}, m0, ctTimes(30, 0.01, 1e8), 1e-7).Masses {
		if got := sum(m[:20]); math.Abs(got-0.25) > 1e-12 {
			t.Errorf("a mass of %.15f, want 0.25", got)
		}
	}
}

func TestContourStopsWhenCancelled(t *testing.T) {
	q, m0 := ctP2(t, 16)
	ctx, cancel := context.WithCancel(context.Background())
	told := 0.
	_, err := Evolve(q, m0, []float64{0.1, 10}, &Settings{Method: byContour, Context: ctx, Progress: func(done float64) {
		told += done
		cancel()
	}})
	if !errors.Is(err, context.Canceled) || told != 0.5 {
		t.Errorf("error %v after %g was done, want context.Canceled after one time of two", err, told)
	}
}

func TestContourSaysWhatRoundingAllows(t *testing.T) {
	c := evRandom(2, 30, true)
	out, err := Evolve(c, evPoint(30, 0), []float64{0.5, 3}, &Settings{Method: byContour, Tolerance: 1e-16})
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for i, at := range out.Times {
		worst = max(worst, evDistance(out.Masses[i], c.exp(at, evPoint(30, 0))))
	}
	if !(out.Error > 1e-16 && out.Error < 1e-11 && worst < out.Error) {
		t.Errorf("error %.2e, reported %.2e, want reported between that and 1e-11", worst, out.Error)
	}
}

func TestContourRefusesRatesThatDependOnTime(t *testing.T) {
	q := evSwitch{evChain{[][]float64{{0, 1}, {1, 0}}, []float64{0, 0}}, 1}
	_, err := Evolve(q, []float64{1, 0}, []float64{1}, &Settings{Method: byContour})
	if err == nil || !strings.Contains(err.Error(), "time") {
		t.Errorf("got %v, want an error that says time", err)
	}
}

func BenchmarkContour(b *testing.B) {
	for _, n := range []int{128, 256} {
		q, m0 := ctP2(b, n)
		b.Run(fmt.Sprintf("cells=%d", q.Size()), func(b *testing.B) {
			b.ReportAllocs()
			var out *Evolution
			for b.Loop() {
				out = ctRun(b, q, m0, ctTimes(50, 0.01, 1e6), 1e-9)
			}
			b.ReportMetric(float64(out.Iterations)/8, "nodes/decade")
			b.ReportMetric(float64(out.Steps), "spaces")
			b.ReportMetric(out.WorkUnits, "work")
		})
	}
}
