package solvers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"fokker/grid"
	"fokker/operators"
)

// evChain is a chain of a few states: rate[i][j] off the diagonal, loss[i].
type evChain struct {
	rate [][]float64
	loss []float64
}

func (c evChain) Size() int             { return len(c.loss) }
func (c evChain) Absorption() []float64 { return c.loss }

func (c evChain) Row(i int) (to []int, rate []float64) {
	for j, r := range c.rate[i] {
		if j != i && r > 0 {
			to, rate = append(to, j), append(rate, r)
		}
	}
	return to, rate
}

func (c evChain) Forward(dst, m []float64) {
	for i := range dst {
		dst[i] = -c.loss[i] * m[i]
		for j := range dst {
			if j != i {
				dst[i] += c.rate[j][i]*m[j] - c.rate[i][j]*m[i]
			}
		}
	}
}

func (c evChain) Backward(dst, f []float64) { panic("solvers: not needed") }

// exp returns exp(tQᵀ)m by uniformisation, all of whose terms are nonnegative
// (Jensen 1953), of t/2ˢ, squared s times.
func (c evChain) exp(t float64, m []float64) []float64 {
	n := c.Size()
	fastest := 0.0
	for i := range n {
		out := c.loss[i]
		for j, r := range c.rate[i] {
			if j != i {
				out += r
			}
		}
		fastest = max(fastest, out)
	}
	squarings := max(0, int(math.Ceil(math.Log2(fastest*t)))+1)
	t = math.Ldexp(t, -squarings)
	p, term := evIdentity(n), evIdentity(n)
	jump := evIdentity(n) // I + Qᵀ/fastest
	for j := range n {
		column := make([]float64, n)
		unit := make([]float64, n)
		unit[j] = 1
		c.Forward(column, unit)
		for i := range n {
			jump[i][j] += column[i] / fastest
		}
		jump[j][j] = max(0, jump[j][j])
	}
	for k := 1; k < 30; k++ {
		term = evProduct(term, jump, fastest*t/float64(k))
		for i := range n {
			for j := range n {
				p[i][j] += term[i][j]
			}
		}
	}
	p = evProduct(p, evIdentity(n), math.Exp(-fastest*t))
	for range squarings {
		p = evProduct(p, p, 1)
	}
	out := make([]float64, n)
	for i := range n {
		out[i] = dot(p[i], m)
	}
	return out
}

func evIdentity(n int) [][]float64 {
	a := operators.Columns(n, n)
	for i := range a {
		a[i][i] = 1
	}
	return a
}

func evProduct(a, b [][]float64, factor float64) [][]float64 {
	c := operators.Columns(len(a), len(a))
	for i := range c {
		for k := range c {
			addScaled(c[i], factor*a[i][k], b[k])
		}
	}
	return c
}

// evRandom has rates over five orders of magnitude, a third of them absent.
func evRandom(seed uint64, n int, lossy bool) evChain {
	r := rand.New(rand.NewPCG(seed, 7))
	c := evChain{operators.Columns(n, n), make([]float64, n)}
	for i := range n {
		for j := range n {
			if i != j && (r.Float64() > 0.3 || j == (i+1)%n) {
				c.rate[i][j] = math.Pow(10, 5*r.Float64()-3)
			}
		}
		if lossy && r.Float64() < 0.4 {
			c.loss[i] = math.Pow(10, 3*r.Float64()-2)
		}
	}
	return c
}

func evDistance(a, b []float64) (d float64) {
	for i := range a {
		d += math.Abs(a[i] - b[i])
	}
	return d
}

func evRun(t testing.TB, q operators.Generator, m0, times []float64, s *Settings) *Evolution {
	t.Helper()
	out, err := Evolve(q, m0, times, s)
	if err != nil {
		t.Fatal(err)
	}
	evKeeps(t, out, sum(m0))
	return out
}

// evKeeps tests that masses are nonnegative and that none is missing.
func evKeeps(t testing.TB, out *Evolution, mass float64) {
	t.Helper()
	// A line of n cells is eliminated with n roundings, √n of them in the mean.
	cells := float64(len(out.Masses[0]))
	rounding := 1e-13 + 4*roundoff*float64(out.Steps) + 8*roundoff*math.Sqrt(cells)
	for i, m := range out.Masses {
		for c, v := range m {
			if !(v >= 0) {
				t.Fatalf("time %g: mass of cell %d is %v, want ≥ 0", out.Times[i], c, v)
			}
		}
		if got := sum(m) + out.Lost[i]; math.Abs(got-mass) > rounding*mass {
			t.Errorf("time %g: Σ mass + lost = 1 %+.3g, want 1 ± %.2g", out.Times[i], got/mass-1, rounding)
		}
	}
}

func evAxis(lo, hi float64, n int, ends grid.Boundary) grid.Axis {
	edges := make([]float64, n+1)
	for i := range edges {
		edges[i] = lo + (hi-lo)*float64(i)/float64(n)
	}
	return grid.Axis{Name: "x", Edges: edges, Ends: [2]grid.Boundary{ends, ends}}
}

// evOU is dX = −kX dt + √(2D) dW on every axis, with the drift turned by spin
// between the first two.
func evOU(t testing.TB, k, d, spin float64, axes ...grid.Axis) *operators.Block {
	t.Helper()
	g, err := grid.New(axes...)
	if err != nil {
		t.Fatal(err)
	}
	dim := len(axes)
	q, err := operators.Build(g, 0, 1, operators.Transport{Process: operators.Pointwise{
		Dimension: dim, Noises: dim,
		DriftAt: func(b, x []float64, _ float64) {
			for i := range b {
				b[i] = -k * x[i]
			}
			if spin != 0 {
				b[0] -= spin * x[1]
				b[1] += spin * x[0]
			}
		},
		NoiseAt: func(s, x []float64, _ float64) {
			for i := range dim {
				s[i*dim+i] = math.Sqrt(2 * d)
			}
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func evPoint(n, cell int) []float64 {
	m := make([]float64, n)
	m[cell] = 1
	return m
}

func TestEvolveKeepsItsToleranceOnRandomChains(t *testing.T) {
	for _, lossy := range []bool{false, true} {
		for seed := range uint64(4) {
			c := evRandom(seed, 5, lossy)
			m0, times := evPoint(5, 0), []float64{0.01, 0.5, 3, 40}
			for tol := 1e-3; tol > 1e-10; tol /= 100 {
				out := evRun(t, c, m0, times, &Settings{Tolerance: tol})
				worst := 0.0
				for i, at := range times {
					worst = max(worst, evDistance(out.Masses[i], c.exp(at, m0)))
				}
				t.Logf("lossy %v seed %d tol %.0e: error %.2e reported %.2e, %d steps %d rejected %d limited", lossy, seed, tol, worst, out.Error, out.Steps, out.Rejected, out.Limited)
				if worst > tol || worst < tol/1e5 {
					t.Errorf("error %.2e, want between %.0e and %.0e", worst, tol/1e5, tol)
				}
				if out.Error > tol*1.01 {
					t.Errorf("reported error %.2e above the tolerance %.0e", out.Error, tol)
				}
			}
		}
	}
}

func TestEvolveFromAPointStaysNonnegative(t *testing.T) {
	for name, q := range map[string]*operators.Block{
		"1D":      evOU(t, 1, 0.5, 0, evAxis(-5, 5, 400, grid.Reflecting)),
		"1D ring": evOU(t, 1, 0.5, 0, evAxis(-5, 5, 400, grid.Periodic)),
		"1D lost": evOU(t, 1, 0.5, 0, evAxis(-1, 3, 200, grid.Absorbing)),
		"2D":      evOU(t, 1, 0.3, 3, evAxis(-4, 4, 48, grid.Reflecting), evAxis(-4, 4, 50, grid.Absorbing)),
	} {
		t.Run(name, func(t *testing.T) {
			m0 := evPoint(q.Size(), q.Size()/3)
			times := []float64{0, 1e-4, 0.01, 0.1, 1, 5}
			fine := evRun(t, q, m0, times, &Settings{Tolerance: 1e-9})
			for _, tol := range []float64{1e-2, 1e-3, 1e-5} {
				out := evRun(t, q, m0, times, &Settings{Tolerance: tol})
				for i := range times {
					d := evDistance(out.Masses[i], fine.Masses[i])
					if d > tol {
						t.Errorf("tolerance %.0e: error %.2e at %g", tol, d, times[i])
					}
				}
				t.Logf("tol %.0e: error %.2e reported %.2e, %d steps %d rejected %d limited, work %.0f", tol, evDistance(out.Masses[5], fine.Masses[5]), out.Error, out.Steps, out.Rejected, out.Limited, out.WorkUnits)
			}
			t.Logf("fine: %d steps %d rejected %d limited, work %.0f", fine.Steps, fine.Rejected, fine.Limited, fine.WorkUnits)
		})
	}
}

// evMoment returns Σ m xⁿ along an axis.
func evMoment(q *operators.Block, axis, power int, m []float64) (sum float64) {
	g := q.Mesh()
	for c, v := range m {
		sum += v * math.Pow(g.Centers(axis)[g.Along(axis, c)], float64(power))
	}
	return sum
}

// evGauss returns the masses of a product of normal laws.
func evGauss(q *operators.Block, mean, variance float64) []float64 {
	g := q.Mesh()
	m := make([]float64, g.Size())
	for c := range m {
		m[c] = g.Volume(c)
		for k := range g.Dim() {
			x := g.Centers(k)[g.Along(k, c)] - mean
			m[c] *= math.Exp(-x*x/(2*variance)) / math.Sqrt(2*math.Pi*variance)
		}
	}
	return m
}

// On two axes the rates are exact on x and x² where they are central, so the
// discrete moments obey the equations of the process.
func TestEvolveMovesMomentsOfOrnsteinUhlenbeckExactly(t *testing.T) {
	q := evOU(t, 1, 0.5, 0, evAxis(-6, 6, 120, grid.Reflecting), evAxis(-1, 1, 6, grid.Reflecting))
	m0 := evPoint(720, 3*120+85)
	x0 := q.Mesh().Centers(0)[85]
	times := []float64{0.1, 0.3, 1, 4}
	out := evRun(t, q, m0, times, &Settings{Tolerance: 1e-7})
	for i, at := range times {
		mean, second := evMoment(q, 0, 1, out.Masses[i]), evMoment(q, 0, 2, out.Masses[i])
		wantMean := x0 * math.Exp(-at)
		wantSecond := wantMean*wantMean + 0.5*(1-math.Exp(-2*at))
		if math.Abs(mean-wantMean) > 6e-7 || math.Abs(second-wantSecond) > 36e-7 {
			t.Errorf("time %g: moments %.9f, %.9f, want %.9f, %.9f", at, mean, second, wantMean, wantSecond)
		}
	}
}

// A chain 0 → 1 → 2 → lost with rates 3, 2 and 1.
func TestEvolveLosesByExactExponentials(t *testing.T) {
	c := evChain{[][]float64{{0, 3, 0}, {0, 0, 2}, {0, 0, 0}}, []float64{0, 0, 1}}
	times := []float64{0.1, 1, 3, 10, 60}
	out := evRun(t, c, evPoint(3, 0), times, &Settings{Tolerance: 1e-8})
	for i, at := range times {
		// survival of a sum of exponential times (Cox 1962)
		want := 3*math.Exp(-at) - 3*math.Exp(-2*at) + math.Exp(-3*at)
		if got := 1 - out.Lost[i]; math.Abs(got-want) > 1e-8 {
			t.Errorf("time %g: %v left, want %v", at, got, want)
		}
	}
}

func TestEvolveLosesToAbsorbingWallsByTheirEigenvalue(t *testing.T) {
	const n = 200
	q := evOU(t, 0, 1, 0, evAxis(0, 1, n, grid.Absorbing))
	m0 := make([]float64, n)
	for i := range m0 { // the slowest mode: walls stand half a cell from the last centres
		m0[i] = math.Sin(math.Pi * (float64(i) + 0.5) / n)
	}
	rate := 4 * n * n * math.Pow(math.Sin(math.Pi/(2*n)), 2)
	mass := sum(m0)
	times := []float64{0.01, 0.1, 1}
	out := evRun(t, q, m0, times, &Settings{Tolerance: 1e-8})
	for i, at := range times {
		want := mass * math.Exp(-rate*at)
		if got := sum(out.Masses[i]); math.Abs(got-want) > 1e-8*mass {
			t.Errorf("time %g: mass %v, want %v", at, got, want)
		}
	}
}

// evSwitch jumps from 0 to 1 at rate 1 + sin ωt, and back at 1 − sin ωt.
type evSwitch struct {
	evChain
	omega float64
}

func (s evSwitch) At(t float64) (operators.Generator, error) {
	x := math.Sin(s.omega * t)
	return evChain{[][]float64{{0, 1 + x}, {1 - x, 0}}, []float64{0, 0}}, nil
}

func TestEvolveFollowsRatesThatDependOnTime(t *testing.T) {
	const omega = 5.0
	q := evSwitch{evChain{[][]float64{{0, 1}, {1, 0}}, []float64{0, 0}}, omega}
	times := []float64{0.2, 1, 7, 20}
	for tol := 1e-3; tol > 1e-8; tol /= 10 {
		out := evRun(t, q, []float64{1, 0}, times, &Settings{Tolerance: tol})
		worst := 0.0
		for i, at := range times {
			// p₁′ = 1 + sin ωt − 2p₁
			want := 0.5 + (2*math.Sin(omega*at)-omega*math.Cos(omega*at))/(4+omega*omega) + (omega/(4+omega*omega)-0.5)*math.Exp(-2*at)
			worst = max(worst, 2*math.Abs(out.Masses[i][1]-want))
		}
		t.Logf("tolerance %.0e: error %.2e, reported %.2e, %d steps, %d rejected", tol, worst, out.Error, out.Steps, out.Rejected)
		if worst > tol || worst < tol/1e5 {
			t.Errorf("error %.2e, want between %.0e and %.0e", worst, tol/1e5, tol)
		}
	}
}

// evPulses leaves state 0 in pulses a hundredth of the period 1 long.
type evPulses struct{ evChain }

func (p evPulses) At(t float64) (operators.Generator, error) {
	return evChain{[][]float64{{0, math.Exp(200 * (math.Cos(2*math.Pi*t) - 1))}, {0, 0}}, []float64{0, 0}}, nil
}

// p₀ = exp(−n e⁻²⁰⁰ I₀(200)) after n periods; the Bessel function by its asymptotic
// series (Abramowitz and Stegun 1964, 9.7.1).
func TestEvolveSeesEveryPeriod(t *testing.T) {
	const periods, z = 200., 200.
	area := (1 + 1/(8*z) + 9/(128*z*z) + 225/(3072*z*z*z)) / math.Sqrt(2*math.Pi*z)
	q := evPulses{evChain{[][]float64{{0, 1}, {0, 0}}, []float64{0, 0}}}
	out := evRun(t, q, []float64{1, 0}, []float64{periods}, &Settings{Tolerance: 1e-4, Period: 1})
	if got, want := out.Masses[0][0], math.Exp(-periods*area); math.Abs(got-want) > 1e-4 {
		t.Errorf("left after %g pulses: %v, want %v", periods, got, want)
	}
}

// dX = (sin ωt − X) dt + √(2D) dW on both axes of a grid; rates are exact on x.
func TestEvolveFollowsADrivenProcess(t *testing.T) {
	const omega, n = 3.0, 30
	g, err := grid.New(evAxis(-3, 3, n, grid.Reflecting), evAxis(-3, 3, n, grid.Reflecting))
	if err != nil {
		t.Fatal(err)
	}
	b, err := operators.Build(g, 0, 1, operators.Transport{Process: operators.Pointwise{
		Dimension: 2, Noises: 2,
		DriftAt: func(b, x []float64, t float64) {
			b[0], b[1] = math.Sin(omega*t)-x[0], math.Sin(omega*t)-x[1]
		},
		NoiseAt: func(s, _ []float64, _ float64) { s[0], s[3] = 1, 1 }, // central rates everywhere, hence smooth in time
	}})
	if err != nil {
		t.Fatal(err)
	}
	m0 := evPoint(b.Size(), b.Size()/2+n/2)
	x0 := g.Centers(0)[n/2]
	times := []float64{0.1, 0.11, 0.3}
	for _, method := range []string{byDirect, bySplit} {
		out := evRun(t, operators.Driven{Block: b}, m0, times, &Settings{Method: method, Tolerance: 1e-4})
		for i, at := range times {
			want := (math.Sin(omega*at)-omega*math.Cos(omega*at))/(1+omega*omega) + (x0+omega/(1+omega*omega))*math.Exp(-at)
			if got := evMoment(b, 1, 1, out.Masses[i]); math.Abs(got-want) > 3e-4 {
				t.Errorf("%s, time %g: mean %v, want %v", method, at, got, want)
			}
		}
		t.Logf("%s: %d steps, %d rejected, %d limited, %v", method, out.Steps, out.Rejected, out.Limited, out.Elapsed)
	}
}

func TestEvolveBySplittingAgreesWithElimination(t *testing.T) {
	axes := []grid.Axis{evAxis(-3, 3, 10, grid.Reflecting), evAxis(-3, 3, 9, grid.Absorbing), evAxis(-3, 3, 8, grid.Periodic)}
	q := evOU(t, 1, 0.7, 2, axes...)
	m0 := evPoint(q.Size(), q.Size()/2+3)
	times := []float64{0.05, 0.5, 20}
	direct := evRun(t, q, m0, times, &Settings{Method: byDirect, Tolerance: 2e-9})
	split := evRun(t, q, m0, times, &Settings{Method: bySplit, Tolerance: 2e-9})
	for i, at := range times {
		d := evDistance(direct.Masses[i], split.Masses[i]) + math.Abs(direct.Lost[i]-split.Lost[i])
		if d > 1e-10 {
			t.Errorf("time %g: distance %.2e, want 1e-10", at, d)
		}
	}
	t.Logf("work %.0f by elimination, %.0f by splitting", direct.WorkUnits, split.WorkUnits)
}

func TestEvolveInThreeDimensions(t *testing.T) {
	axis := evAxis(-4.8, 4.8, 24, grid.Reflecting)
	q := evOU(t, 1, 1, 0, axis, axis, axis)
	m0 := evGauss(q, 0.4, 0.3)
	mass, first, second := sum(m0), evMoment(q, 0, 1, m0), evMoment(q, 2, 2, m0)
	const at = 0.3
	out := evRun(t, q, m0, []float64{at}, &Settings{Tolerance: 1e-5})
	mean, square := evMoment(q, 0, 1, out.Masses[0]), evMoment(q, 2, 2, out.Masses[0])
	if want := first * math.Exp(-at); math.Abs(mean-want) > 4.8e-5 {
		t.Errorf("mean %v, want %v", mean, want)
	}
	if want := second*math.Exp(-2*at) + mass*(1-math.Exp(-2*at)); math.Abs(square-want) > 23e-5 {
		t.Errorf("second moment %v, want %v", square, want)
	}
	t.Logf("%s: %d steps, work %.0f, %v, reported %.2e", out.Method, out.Steps, out.WorkUnits, out.Elapsed, out.Error)
}

func TestEvolveOverALongHorizonComesToRest(t *testing.T) {
	q := evOU(t, 1, 0.5, 0, evAxis(-4, 4, 200, grid.Reflecting))
	times := []float64{30, 1e3, 1e6, 1e8}
	out := evRun(t, q, evPoint(200, 20), times, nil)
	for i := 2; i < 4; i++ {
		if d := evDistance(out.Masses[i], out.Masses[i-1]); d > 1e-12 {
			t.Errorf("the law moves by %.2e from %g to %g, want 1e-12", d, times[i-1], times[i])
		}
	}
	if out.Steps > 400 {
		t.Errorf("%d steps, want at most 400", out.Steps)
	}
	t.Logf("%d steps, %d rejected, %d limited, reported %.2e", out.Steps, out.Rejected, out.Limited, out.Error)
}

// Between the wells of U = (x² − 1)²/4 at T = 0.03 mass passes at rates of
// 1e-4; the time scales of the problem span eight orders.
func TestEvolveCrossesABarrierSlowly(t *testing.T) {
	g, err := grid.New(evAxis(-2.5, 2.5, 1000, grid.Reflecting))
	if err != nil {
		t.Fatal(err)
	}
	q, err := operators.Build(g, 0, 1, operators.Transport{Process: operators.Pointwise{
		Dimension: 1, Noises: 1,
		DriftAt: func(b, x []float64, _ float64) { b[0] = x[0] - x[0]*x[0]*x[0] },
		NoiseAt: func(s, _ []float64, _ float64) { s[0] = math.Sqrt(2 * 0.03) },
	}})
	if err != nil {
		t.Fatal(err)
	}
	times := []float64{1, 100, 1e4, 1e6, 1e8}
	coarse := evRun(t, q, evPoint(1000, 700), times, nil)
	fine := evRun(t, q, evPoint(1000, 700), times, &Settings{Tolerance: 1e-8})
	for i, at := range times {
		if d := evDistance(coarse.Masses[i], fine.Masses[i]); d > evolveTolerance {
			t.Errorf("time %g: distance %.2e of tolerances 1e-5 and 1e-8", at, d)
		}
	}
	if left := sum(fine.Masses[4][:500]); math.Abs(left-0.5) > 1e-8 {
		t.Errorf("mass of the left well is %v in the end, want ½", left)
	}
	t.Logf("%d and %d steps", coarse.Steps, fine.Steps)
}

func TestEvolveDoesNotDependOnWorkers(t *testing.T) {
	axis := evAxis(-3, 3, 12, grid.Reflecting)
	q := evOU(t, 1, 0.7, 2, axis, axis, evAxis(-3, 3, 9, grid.Absorbing))
	for _, method := range []string{byDirect, bySplit, byADI} {
		var first *Evolution
		for _, workers := range []int{1, 2, 7} {
			out := evRun(t, q, evPoint(q.Size(), 100), []float64{0.03, 0.4}, &Settings{Method: method, Workers: workers, Tolerance: 1e-4})
			if first == nil {
				first = out
			}
			for i, m := range out.Masses {
				for c := range m {
					if m[c] != first.Masses[i][c] || out.Lost[i] != first.Lost[i] {
						t.Fatalf("%s, %d workers: cell %d is %v, want %v as for one worker", method, workers, c, m[c], first.Masses[i][c])
					}
				}
			}
		}
	}
}

func TestEvolveStopsWhenCancelled(t *testing.T) {
	axis := evAxis(-3, 3, 40, grid.Reflecting)
	q := evOU(t, 1, 0.7, 2, axis, axis)
	for _, method := range []string{byDirect, bySplit, byADI} {
		ctx, cancel := context.WithCancel(context.Background())
		var cancelled time.Time
		told := 0
		_, err := Evolve(q, evPoint(q.Size(), 100), []float64{1e3}, &Settings{
			Method: method, Tolerance: 1e-9, Context: ctx,
			Progress: func(done float64) {
				if told++; told == 3 {
					cancelled = time.Now()
					cancel()
				}
				if done < 0 || done > 1 {
					t.Errorf("progress %v, want within [0, 1]", done)
				}
			},
		})
		if !errors.Is(err, context.Canceled) || told != 3 {
			t.Errorf("%s: error %v after %d reports, want context.Canceled after 3", method, err, told)
		}
		if late := time.Since(cancelled); late > 100*time.Millisecond {
			t.Errorf("%s: stopped after %v, want 100 ms", method, late)
		}
	}
}

func TestEvolveReturnsTheStartAtTimeZero(t *testing.T) {
	c := evRandom(1, 4, true)
	m0 := []float64{0.1, 0.2, 0.3, 0.4}
	for _, times := range [][]float64{{0}, {0, 1}} {
		out := evRun(t, c, m0, times, nil)
		if evDistance(out.Masses[0], m0) != 0 || out.Lost[0] != 0 || len(out.Masses) != len(times) {
			t.Errorf("times %v: %v and %v lost at 0, want the start", times, out.Masses[0], out.Lost[0])
		}
	}
}

func TestEvolveOfNothingIsNothing(t *testing.T) {
	out := evRun(t, evRandom(1, 3, true), make([]float64, 3), []float64{0, 1, 5}, nil)
	if len(out.Masses) != 3 || sum(out.Masses[2]) != 0 {
		t.Errorf("got %v, want three empty laws", out.Masses)
	}
}

func TestEvolveRefusesBadInput(t *testing.T) {
	c := evRandom(1, 3, false)
	good, times := []float64{1, 0, 0}, []float64{1}
	for name, try := range map[string]func() (*Evolution, error){
		"length":      func() (*Evolution, error) { return Evolve(c, []float64{1}, times, nil) },
		"NaN":         func() (*Evolution, error) { return Evolve(c, []float64{math.NaN(), 0, 1}, times, nil) },
		"no mass":     func() (*Evolution, error) { return Evolve(c, []float64{math.Inf(1), 0, 2}, times, nil) },
		"no times":    func() (*Evolution, error) { return Evolve(c, good, nil, nil) },
		"equal times": func() (*Evolution, error) { return Evolve(c, good, []float64{1, 1}, nil) },
		"before 0":    func() (*Evolution, error) { return Evolve(c, good, []float64{-1, 1}, nil) },
		"infinite":    func() (*Evolution, error) { return Evolve(c, good, []float64{math.Inf(1)}, nil) },
		"method":      func() (*Evolution, error) { return Evolve(c, good, times, &Settings{Method: "euler"}) },
		"no lines":    func() (*Evolution, error) { return Evolve(c, good, times, &Settings{Method: bySplit}) },
		"tolerance":   func() (*Evolution, error) { return Evolve(c, good, times, &Settings{Tolerance: -1}) },
		"infinite rate": func() (*Evolution, error) {
			return Evolve(evChain{[][]float64{{0, math.Inf(1)}, {1, 0}}, []float64{0, 0}}, []float64{1, 0}, times, nil)
		},
	} {
		if out, err := try(); err == nil || out != nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkEvolve(b *testing.B) {
	for _, axes := range [][]grid.Axis{
		{evAxis(-5, 5, 16384, grid.Reflecting)},
		{evAxis(-5, 5, 128, grid.Reflecting), evAxis(-5, 5, 128, grid.Reflecting)},
		{evAxis(-4.8, 4.8, 24, grid.Reflecting), evAxis(-4.8, 4.8, 24, grid.Reflecting), evAxis(-4.8, 4.8, 24, grid.Reflecting)},
	} {
		q := evOU(b, 1, 0.5, 0, axes...)
		m0 := evGauss(q, 1, 0.1)
		b.Run(fmt.Sprintf("dim=%d/cells=%d", len(axes), q.Size()), func(b *testing.B) {
			b.ReportAllocs()
			var out *Evolution
			for b.Loop() {
				out = evRun(b, q, m0, []float64{5}, nil)
			}
			b.ReportMetric(float64(out.Steps), "steps")
			b.ReportMetric(out.WorkUnits, "work")
			b.ReportMetric(float64(q.Size())*float64(out.Steps)/out.Elapsed.Seconds(), "cells·steps/s")
		})
	}
}
