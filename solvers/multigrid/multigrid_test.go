package multigrid

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"fokker/grid"
	"fokker/operators"
)

func solve1(t testing.TB, q *jumps, o Options) Result {
	t.Helper()
	r, err := Solve(context.Background(), q, o)
	if err != nil {
		t.Fatalf("%v: %v", q.g.Size(), err)
	}
	if total := sum(r.Mass); math.Abs(total-1) > 1e-12 {
		t.Errorf("mass is %v, want 1", total)
	}
	for i, m := range r.Mass {
		if !(m >= 0) {
			t.Fatalf("mass of cell %d is %v, want it nonnegative", i, m)
		}
	}
	return r
}

func l1(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += math.Abs(a[i] - b[i])
	}
	return s
}

// law solves densely.
func (q *jumps) law() []float64 {
	n := q.Size()
	a, p := make([]float64, n*n), make([]float64, n)
	q.each(func(i, to int, rate float64) { a[i*n+to] += rate })
	dense(p, a)
	return p
}

func graded(n int) grid.Axis {
	a := grid.Axis{Name: "x"}
	for i := range n + 1 {
		a.Edges = append(a.Edges, math.Sinh(3*(2*float64(i)/float64(n)-1))/4)
	}
	return a
}

// around is a drift along a ring that a closed face cuts.
var around = process{terms: func(x, b, d []float64) {
	for k := range x {
		b[k], d[k] = 0.5*math.Sin(3*x[0])+0.3, 0.3+0.1*math.Cos(x[len(x)-1])
	}
	b[1] = -x[1]
}}

func cases() map[string]*jumps {
	ring := uniform(24, 0, 2*math.Pi/3, grid.Periodic)
	oddRing := uniform(21, 0, 2*math.Pi/3, grid.Periodic)
	cut := ring
	cut.Closed = []int{7}
	short := uniform(20, -2.5, 2.5, grid.Reflecting)
	return map[string]*jumps{
		"P2":            build(box(2.5, 24, 24), p2),
		"odd counts":    build(box(2.5, 27, 17), p2),
		"rotation":      build(box(4, 24, 24), rotation),
		"anisotropy":    build(box(4, 24, 24), anisotropic),
		"turning":       build(box(3, 24, 24), skewed),
		"limit cycle":   build(box(4, 24, 24), vanDerPol(0.05)),
		"no noise in x": build(box(3, 24, 24), kinetic),
		"double well":   build(box(2, 24, 24), well),
		"two periodic":  build(mesh(oddRing, ring), around),
		"periodic":      build(mesh(ring, short), around),
		"odd periodic":  build(mesh(short, oddRing), p2),
		"odd ring":      build(mesh(oddRing, short), around),
		"closed face":   build(mesh(cut, short), around),
		"graded":        build(mesh(graded(24), graded(21)), p2),
		"small":         build(box(2.5, 7, 6), p2),
		"thin":          build(box(2.5, 128, 3), p2),
		"one row":       build(box(2.5, 150, 1), p2),
		"one column":    build(box(2.5, 1, 150), p2),
		"three axes":    build(box(3, 8, 9, 8), ou),
		"four axes":     build(box(3, 5, 4, 6, 5), ou),
		"line":          build(box(3, 200), process{terms: func(x, b, d []float64) { b[0], d[0] = -x[0], 0.1 }}),
		"circle":        build(mesh(uniform(50, 0, 2*math.Pi/3, grid.Periodic)), process{terms: func(x, b, d []float64) { b[0], d[0] = 0.4+math.Sin(3*x[0]), 0.05 }}),
	}
}

// Elimination is right entry by entry, so its law is the reference.
func TestLawIsThatOfElimination(t *testing.T) {
	for name, q := range cases() {
		t.Run(name, func(t *testing.T) {
			r, want := solve1(t, q, Options{Tolerance: 1e-15}), q.law()
			if !(r.Residual < 1e-14) {
				t.Errorf("residual %v, want that of rounding", r.Residual)
			}
			for i, m := range want {
				if m > 1e-12 && math.Abs(r.Mass[i]/m-1) > 1e-6 {
					t.Fatalf("mass of cell %d is %v, want %v", i, r.Mass[i], m)
				}
			}
		})
	}
}

// The law is a fixed point of every kind of cycle, and of both sweeps alone.
func TestEveryGearKeepsTheLaw(t *testing.T) {
	for name, q := range cases() {
		want := q.law()
		for g := range gears {
			if q.g.Dim() == 1 {
				continue
			}
			s := &solver{ctx: context.Background(), pool: newPool(2), finest: q.Size(), gear: g}
			l := newLevel(q.g)
			l.use(q)
			if err := s.hierarchy(l); err != nil {
				t.Fatal(err)
			}
			l.leaving(s.pool)
			for _, step := range []func(*level){s.smooth, s.cycle} {
				copy(l.p, want)
				step(l)
				if d := l1(l.p, want); d > 1e-12 {
					t.Errorf("%s: %s: moves the law by %v", name, gears[g].name, d)
				}
			}
			s.pool.close()
		}
	}
}

func TestErrorIsWithinThreeTolerances(t *testing.T) {
	large := map[string]*jumps{
		"P2":          build(box(2.5, 128, 128), p2),
		"odd":         build(box(2.5, 255, 130), p2),
		"rotation":    build(box(5, 128, 128), rotation),
		"anisotropy":  build(box(4, 128, 128), anisotropic),
		"turning":     build(box(4, 128, 128), skewed),
		"limit cycle": build(box(4, 128, 128), vanDerPol(0.05)),
		"kinetic":     build(box(3.5, 128, 128), kinetic),
		"well":        build(box(2, 128, 128), well),
		"graded":      build(mesh(graded(100), graded(120)), p2),
		"three":       build(box(4, 24, 24, 24), ou),
	}
	for name, q := range large {
		t.Run(name, func(t *testing.T) {
			want := solve1(t, q, Options{Tolerance: 1e-13}).Mass
			for _, tolerance := range []float64{1e-4, 1e-6, 1e-8} {
				r := solve1(t, q, Options{Tolerance: tolerance})
				got := l1(r.Mass, want)
				t.Logf("tolerance %.0e: error %.1e, estimate %.1e, residual %.1e, %d cycles, %.0f work units, %s", tolerance, got, r.Error, r.Residual, r.Cycles, r.WorkUnits, r.Method)
				if got > 3*tolerance {
					t.Errorf("tolerance %v: error %v, estimated %v", tolerance, got, r.Error)
				}
			}
		})
	}
}

// The generator of package operators offers what Solve needs.
func TestBlockIsSolved(t *testing.T) {
	process := operators.Pointwise{Dimension: 2, Noises: 2,
		DriftAt: func(b, x []float64, _ float64) { p2.terms(x, b, make([]float64, 2)) },
		NoiseAt: func(s, x []float64, _ float64) {
			d := make([]float64, 2)
			p2.terms(x, make([]float64, 2), d)
			s[0], s[3] = math.Sqrt(2*d[0]), math.Sqrt(2*d[1])
		}}
	g := box(2.5, 128, 128)
	q, err := operators.Build(g, 0, 2, operators.Transport{Process: process})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Solve(context.Background(), q, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := l1(got.Mass, solve1(t, build(g, p2), Options{Tolerance: 1e-12}).Mass); d > 3e-8 {
		t.Errorf("L1 distance of the laws is %v, want 3e-8", d)
	}
	flow := make([]float64, q.Size())
	q.Forward(flow, got.Mass)
	for i, f := range flow {
		if math.Abs(f) > 1e-7 {
			t.Fatalf("cell %d gains %v", i, f)
		}
	}
}

// moments returns E x², E xy, E y².
func moments(g *grid.Grid, m []float64) (s [3]float64) {
	for i, p := range m {
		x, y := g.Centers(0)[g.Along(0, i)], g.Centers(1)[g.Along(1, i)]
		s[0], s[1], s[2] = s[0]+p*x*x, s[1]+p*x*y, s[2]+p*y*y
	}
	return s
}

// The reference is a Fourier collocation (P2 by spectral methods).
func TestP2HasOrderTwo(t *testing.T) {
	want := [3]float64{0.75479005852, 0.14819130212, 0.11147401167}
	var errs []float64
	for _, n := range []int{64, 128, 256} {
		g := box(2.5, n, n)
		got := moments(g, solve1(t, build(g, p2), Options{}).Mass)
		worst := 0.0
		for k := range want {
			worst = max(worst, math.Abs(got[k]-want[k]))
		}
		errs = append(errs, worst)
	}
	t.Logf("errors %.2e", errs)
	for i := range 2 {
		if order := math.Log2(errs[i] / errs[i+1]); math.Abs(order-2) > 0.2 {
			t.Errorf("order %.2f, want 2", order)
		}
	}
}

func TestDetailedBalanceIsKept(t *testing.T) {
	q := build(box(2, 100, 90), well)
	got := solve1(t, q, Options{Tolerance: 1e-12}).Mass
	want, x := make([]float64, q.Size()), make([]float64, 2)
	for i := range want {
		x[0], x[1] = q.g.Centers(0)[q.g.Along(0, i)], q.g.Centers(1)[q.g.Along(1, i)]
		want[i] = math.Exp(-well.potential(x))
	}
	scale(want, 1/sum(want))
	if d := l1(got, want); d > 1e-11 {
		t.Errorf("L1 distance to exp(−U/T) is %v, want 1e-11", d)
	}
}

// Wells that exchange e^(−50) of their mass per unit time still get their
// shares, wherever the saddle lies between the faces of coarse cells.
func TestMetastableStatesGetTheirShares(t *testing.T) {
	const temperature = 0.005
	u := func(x []float64) float64 {
		s := x[0]*x[0] - 1
		return (s*s/4+x[1]*x[1]/2+x[0]*x[1]/4)/temperature + x[0]/2
	}
	cold := process{terms: func(x, b, d []float64) { d[0], d[1] = temperature, temperature }, potential: u}
	for _, end := range []float64{2, 2.2, 2.37} {
		g := mesh(uniform(160, -2, end, grid.Reflecting), uniform(128, -2, 2, grid.Reflecting))
		got, want, x := solve1(t, build(g, cold), Options{}).Mass, make([]float64, g.Size()), make([]float64, 2)
		for i := range want {
			x[0], x[1] = g.Centers(0)[g.Along(0, i)], g.Centers(1)[g.Along(1, i)]
			want[i] = math.Exp(-u(x))
		}
		scale(want, 1/sum(want))
		if d := l1(got, want); d > 3e-8 {
			t.Errorf("up to %v: L1 distance to exp(−U/T) is %v, want 3e-8", end, d)
		}
	}
}

func TestOrnsteinUhlenbeckIsGaussian(t *testing.T) {
	for _, n := range [][]int{{40, 40, 40}, {14, 14, 14, 14}} {
		g := box(4.5, n...)
		q := build(g, ou)
		m := solve1(t, q, Options{}).Mass
		for k := range n {
			v, h := 0.0, g.Widths(k)[0]
			for i, p := range m {
				x := g.Centers(k)[g.Along(k, i)]
				v += p * x * x
			}
			if math.Abs(v-1) > 0.05*h*h {
				t.Errorf("%d axes: variance along %d is %v, want 1", len(n), k, v)
			}
		}
	}
}

func TestVanDerPolAtSmallNoise(t *testing.T) {
	q := build(box(4, 256, 256), vanDerPol(0.01))
	r := solve1(t, q, Options{})
	t.Logf("%d cycles, %.0f work units, %s", r.Cycles, r.WorkUnits, r.Method)
	if r.Residual > 1e-9 {
		t.Errorf("residual %v", r.Residual)
	}
}

func TestSameBitsForAnyWorkers(t *testing.T) {
	odd := uniform(255, -2.5, 2.5, grid.Periodic)
	for name, q := range map[string]*jumps{
		"points": build(box(2.5, 256, 256), p2),
		"lines":  build(box(4, 200, 200), skewed),
		"blocks": build(box(4, 384, 384), vanDerPol(0.05)),
		"odd":    build(mesh(uniform(256, -2.5, 2.5, grid.Reflecting), odd), p2),
		"three":  build(box(4, 40, 40, 40), ou),
	} {
		want := solve1(t, q, Options{Workers: 1}).Mass
		for _, workers := range []int{2, 7} {
			got := solve1(t, q, Options{Workers: workers}).Mass
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%s: %d workers: mass of cell %d is %v, want %v", name, workers, i, got[i], want[i])
				}
			}
		}
	}
}

// stiff is a generator that cannot be discretised on another grid.
type stiff struct{ *jumps }

func (stiff) On(*grid.Grid) (operators.Generator, error) { return nil, errors.New("no") }

func TestNoOtherGridIsNeeded(t *testing.T) {
	q := build(box(2.5, 96, 96), p2)
	r, err := Solve(context.Background(), stiff{q}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := l1(r.Mass, solve1(t, q, Options{}).Mass); d > 4e-8 {
		t.Errorf("L1 distance of the laws is %v, want 4e-8", d)
	}
}

// The law of cells half as wide, summed, is off by the square of the width: cycles that begin
// there leave a hundredth of that, for less than those from coarser grids.
func TestALawToCompareWithIsWhereCyclesBegin(t *testing.T) {
	const n = 96
	q, other := build(box(2.5, n, n), p2), make([]float64, n*n)
	for i, m := range solve1(t, build(box(2.5, 2*n, 2*n), p2), Options{}).Mass {
		other[i/(2*n)/2*n+i%(2*n)/2] += m
	}
	want := solve1(t, q, Options{Tolerance: 1e-10})
	apart := l1(other, want.Mass)
	got := solve1(t, q, Options{Other: other})
	if d := l1(got.Mass, want.Mass); d > apart/100 || d > got.Error {
		t.Errorf("L1 error %.2g, said to be %.2g, want a hundredth of %.2g", d, got.Error, apart)
	}
	if all := solve1(t, q, Options{Tolerance: apart / 100}).WorkUnits; got.WorkUnits > 0.8*all {
		t.Errorf("%.0f work units, %.0f from coarser grids, want a fifth less", got.WorkUnits, all)
	}
}

func TestStalledIsAnError(t *testing.T) {
	r, err := Solve(context.Background(), build(box(2.5, 64, 64), p2), Options{MaxCycles: 1})
	var stalled *Stalled
	if !errors.As(err, &stalled) {
		t.Errorf("error %v, want Stalled", err)
	}
	if r.Mass != nil {
		t.Error("a law was returned that did not converge")
	}
}

func TestProgressEndsAtOne(t *testing.T) {
	last := 0.0
	solve1(t, build(box(2.5, 64, 64), p2), Options{Progress: func(done float64) { last = done }})
	if last != 1 {
		t.Errorf("progress ended at %v, want 1", last)
	}
}

func TestCancelledIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Solve(ctx, build(box(2.5, 64, 64), p2), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want Canceled", err)
	}
}

func TestCyclesDoNotAllocate(t *testing.T) {
	q := build(box(2.5, 128, 128), p2)
	for g := range gears {
		s := &solver{ctx: context.Background(), pool: newPool(2), finest: q.Size(), gear: g}
		l := newLevel(q.g)
		l.use(q)
		s.hierarchy(l)
		s.start(l, q)
		l.leaving(s.pool)
		s.cycle(l)
		if n := testing.AllocsPerRun(3, func() { s.cycle(l) }); n > 0 {
			t.Errorf("%s: %v allocations per cycle", gears[g].name, n)
		}
		s.pool.close()
	}
}

func BenchmarkSolve(b *testing.B) {
	for _, c := range []struct {
		name    string
		process process
		cells   []int
	}{
		{"P2/cells=262144", p2, []int{512, 512}},
		{"P2/cells=1048576", p2, []int{1024, 1024}},
		{"P2/cells=4194304", p2, []int{2048, 2048}},
		{"P3/cells=262144", p3, []int{64, 64, 64}},
		{"P3/cells=2097152", p3, []int{128, 128, 128}},
		{"OU4/cells=331776", ou, []int{24, 24, 24, 24}},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkSolve(b, build(box(2.5, c.cells...), c.process)) })
	}
}

// benchmarkSolve solves by one worker to the error 1e-6. The time is reported
// per cell and, per work unit, as a multiple of that of a triad aᵢ = bᵢ + s·cᵢ
// over as many numbers, measured in turn: medians both.
func benchmarkSolve(b *testing.B, q *jumps) {
	n := float64(q.Size())
	x, y, z := make([]float64, q.Size()), make([]float64, q.Size()), make([]float64, q.Size())
	solves, triads := make([]float64, 0, 1<<10), make([]float64, 0, 1<<10)
	var r Result
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		var err error
		if r, err = Solve(context.Background(), q, Options{Tolerance: 1e-6, Workers: 1}); err != nil {
			b.Fatal(err)
		}
		solves = append(solves, time.Since(start).Seconds())
		for range 3 {
			start = time.Now()
			for i := range x {
				x[i] = y[i] + 0.5*z[i]
			}
			triads = append(triads, time.Since(start).Seconds())
		}
	}
	slices.Sort(solves)
	slices.Sort(triads)
	median := solves[len(solves)/2]
	b.ReportMetric(1e9*median/n, "ns/cell")
	b.ReportMetric(r.WorkUnits, "workunits")
	b.ReportMetric(median/r.WorkUnits/triads[len(triads)/2], "triads/workunit")
}
