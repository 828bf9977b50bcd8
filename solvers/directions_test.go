package solvers

import (
	"context"
	"math"
	"strings"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// smWide is a whirl with a tensor on a square, in which something may be lost.
func smWide(t testing.TB, n int, ends grid.Boundary, tensor func(d, x []float64), more ...operators.Term) *operators.Block {
	t.Helper()
	process := tensorial{operators.Pointwise{Dimension: 2, DriftAt: func(b, x []float64, _ float64) { whirl(0.5)(b, x) }}, tensor}
	axis := evAxis(-2.5, 2.5, n, ends)
	return smTerms(t, []grid.Axis{axis, axis}, append([]operators.Term{operators.Coupled{Process: process, Axes: plane}}, more...)...)
}

func slanted(d, _ []float64) { ellipse(d, 2, 0.5, 0.1) }

// wideSamples are laws of jumps of many offsets.
func wideSamples(t testing.TB) (all []sample) {
	add := func(name string, q *operators.Block, m0 []float64) {
		all = append(all, sample{name, q, m0, []float64{0.05, 0.4, 2}})
	}
	removal := operators.Killing{Rate: func(k []float64, x [][]float64, _ float64) {
		for i := range k {
			k[i] = x[0][i] * x[0][i]
		}
	}}
	slant := smWide(t, 18, grid.Reflecting, slanted)
	add("slanted", slant, evGauss(slant, 0.4, 0.3))
	add("slanted, point", slant, evPoint(slant.Size(), slant.Size()/3))
	open := smWide(t, 18, grid.Absorbing, slanted)
	add("walls that absorb", open, evGauss(open, 0.4, 0.3))
	killed := smWide(t, 18, grid.Absorbing, slanted, removal)
	add("removal", killed, evGauss(killed, 0.4, 0.3))
	turn := smWide(t, 20, grid.Reflecting, turning.d)
	add("turning", turn, evGauss(turn, 0.4, 0.3))
	rank1 := singular.build(t, 20, 18)
	add("rank one", rank1, evGauss(rank1, 0.6, 0.4))
	cube := space.build(t, 7, 6, 7)
	add("space", cube, evGauss(cube, 0.4, 0.6))
	return all
}

// rates returns the matrix of all strands, the last column being absorption.
func strandRates(parts []*strands, size int) map[[2]int32]float64 {
	out := map[[2]int32]float64{}
	for _, s := range parts {
		for _, b := range s.sheaves {
			for i := b.at; i < b.at+4*b.length; i++ {
				if s.up[i] > 0 {
					out[[2]int32{s.cell[i], s.cell[i+4]}] += s.up[i]
				}
				if s.down[i] > 0 {
					out[[2]int32{s.cell[i], s.cell[i-4]}] += s.down[i]
				}
			}
		}
		for _, l := range s.loss {
			out[[2]int32{l.cell, int32(size)}] += l.rate
		}
	}
	return out
}

// Every jump is in one of the parts, and the sum of their shares is 1.
func TestStrandsHaveAllJumps(t *testing.T) {
	for _, s := range wideSamples(t) {
		parts := strandsOf(s.q)
		got, share := strandRates(parts, s.q.Size()), 0.0
		for _, p := range parts {
			share += p.share
		}
		if math.Abs(share-1) > 1e-12 {
			t.Errorf("%s: shares of %v, want 1", s.name, share)
		}
		count := 0
		check := func(i, j int, rate float64) {
			count++
			if v := got[[2]int32{int32(i), int32(j)}]; math.Abs(v-rate) > 1e-13*rate {
				t.Fatalf("%s: rate from %d to %d is %v, want %v", s.name, i, j, v, rate)
			}
		}
		for i := range s.q.Size() {
			to, rate := s.q.Row(i)
			for e, j := range to {
				if rate[e] > 0 {
					check(i, j, rate[e])
				}
			}
			if lost := s.q.Absorption(); lost != nil && lost[i] > 0 {
				check(i, s.q.Size(), lost[i])
			}
		}
		t.Logf("%s: %d parts, %d jumps", s.name, len(parts), count)
		if count != len(got) {
			t.Errorf("%s: %d jumps, want %d", s.name, len(got), count)
		}
	}
}

// y = Cx if and only if (I − τAᵀ)y = (I + τAᵀ)x.
func TestStrandsAreSolved(t *testing.T) {
	for _, s := range wideSamples(t) {
		for k, part := range strandsOf(s.q) {
			solver, n := newStrandSolver(part), s.q.Size()
			const tau = 0.3
			solver.eliminate(tau, 1)
			x := evGauss(s.q.(*operators.Block), 0.1, 1)
			y := append([]float64(nil), x...)
			solver.reflect(y, 1)
			twice, again := append([]float64(nil), x...), append([]float64(nil), y...)
			solver.reflectTwice(twice, 1)
			solver.reflect(again, 2)
			left := make([]float64, n)
			for c := range left {
				left[c] = y[c] - x[c]
			}
			for jump, rate := range strandRates([]*strands{part}, n) {
				flow := tau * rate * (x[jump[0]] + y[jump[0]])
				left[jump[0]] += flow
				if int(jump[1]) < n {
					left[jump[1]] -= flow
				}
			}
			for c, v := range left {
				if math.Abs(v) > 1e-13 {
					t.Fatalf("%s, part %d: residual %.2e in cell %d", s.name, k, v, c)
				}
				if math.Abs(twice[c]-again[c]) > 1e-14 {
					t.Fatalf("%s, part %d: twice makes %v of cell %d, one after the other %v", s.name, k, twice[c], c, again[c])
				}
			}
		}
	}
}

// Weights of rays are differentiable where tensors turn, and so is what extrapolation
// is of: order 6 where offsets are the same everywhere.
func TestDirectionsHaveTheirOrder(t *testing.T) {
	for _, s := range wideSamples(t) {
		if s.name != "slanted" && s.name != "walls that absorb" && s.name != "removal" {
			continue
		}
		const end = 0.6
		want, last := fixed(t, s.q, byDirect, s.m0, end, 512), 0.0
		for _, n := range []int{4, 8} {
			e := evDistance(fixed(t, s.q, byDirections, s.m0, end, n), want)
			t.Logf("%s, %d steps: error %.2e, order %.2f", s.name, n, e, math.Log2(last/e))
			if order := math.Log2(last / e); n == 8 && math.Abs(order-6) > 0.7 {
				t.Errorf("%s: order %.2f, want 6", s.name, order)
			}
			last = e
		}
	}
}

// The tolerance bounds the distance from the exact law of the mesh.
func TestWideLawsHaveTheErrorTheySay(t *testing.T) {
	for _, s := range wideSamples(t) {
		want := s.exact(t)
		for _, method := range []string{"", byDirections} {
			for _, tol := range []float64{1e-2, 1e-3, 1e-4, 1e-6} {
				out := evRun(t, s.q, s.m0, s.times, &Settings{Tolerance: tol, Method: method})
				worst, missing := 0.0, 0.0
				for i := range want {
					worst = max(worst, evDistance(out.Masses[i], want[i]))
					missing = max(missing, math.Abs(sum(out.Masses[i])+out.Lost[i]-sum(s.m0)))
					for _, m := range out.Masses[i] {
						if !(m >= 0) {
							t.Fatalf("%s: mass %v", s.name, m)
						}
					}
				}
				t.Logf("%-18s %-20s %.0e: true %.1e reported %.1e, %d steps, %d rejected, work %.0f", s.name, out.Method, tol, worst, out.Error, out.Steps, out.Rejected, out.WorkUnits)
				if worst > min(tol, out.Error+1e-12) || out.Error > 1.01*tol || missing > 1e-12 {
					t.Errorf("%s by %s: error %.2e, reported %.2e, %.1e missing, want at most %.0e", s.name, out.Method, worst, out.Error, missing, tol)
				}
			}
		}
	}
}

func TestDirectionsAreTheSameBitsForAnyWorkers(t *testing.T) {
	q := turning.build(t, 70, 65)
	m0 := evGauss(q, 1, 0.3)
	one := evRun(t, q, m0, []float64{0.1, 0.3}, &Settings{Method: byDirections, Tolerance: 1e-3, Workers: 1})
	for _, workers := range []int{2, 7} {
		got := evRun(t, q, m0, []float64{0.1, 0.3}, &Settings{Method: byDirections, Tolerance: 1e-3, Workers: workers})
		for k, law := range got.Masses {
			for i, m := range law {
				if m != one.Masses[k][i] {
					t.Fatalf("%d workers: mass of cell %d is %v, want %v", workers, i, m, one.Masses[k][i])
				}
			}
		}
	}
}

// The mesh does not matter where offsets are the same everywhere and resolve the drift.
func TestDirectionsWorkDoesNotDependOnTheMesh(t *testing.T) {
	tilted, first := example{half: []float64{4.5, 4.5}, couple: plane, b: whirl(0.5), d: func(d, _ []float64) { ellipse(d, 2, 0.5, 0.3) }}, 0.0
	for _, n := range []int{48, 96, 192} {
		q := tilted.build(t, n, n)
		out := evRun(t, q, evGauss(q, 1, 0.3), []float64{2}, &Settings{Tolerance: 1e-4})
		t.Logf("%d²: %s, %d steps, work %.0f, reported %.1e", n, out.Method, out.Steps, out.WorkUnits, out.Error)
		if first == 0 {
			first = out.WorkUnits
		}
		if out.Method != byDirections || math.Abs(out.WorkUnits/first-1) > 0.3 || out.WorkUnits > 100 {
			t.Errorf("%d²: by %s, work %.0f, want at most 100 and within 30 %% of %.0f", n, out.Method, out.WorkUnits, first)
		}
	}
}

// Chains that close to rings are left to contours, and so is what takes many steps.
func TestContoursTakeOverFromDirections(t *testing.T) {
	ring, turn := periodic.build(t, 40, 40), turning.build(t, 80, 80)
	for _, c := range []struct {
		q    operators.Rowed
		tol  float64
		want string
	}{{ring, 1e-4, byContour}, {turn, 1e-6, byDirections + ", " + byContour}} {
		m0 := evPoint(c.q.Size(), c.q.Size()/3)
		out := evRun(t, c.q, m0, []float64{1e-3, 0.5, 5}, &Settings{Tolerance: c.tol})
		want := evRun(t, c.q, m0, []float64{1e-3, 0.5, 5}, &Settings{Tolerance: 1e-9, Method: byContour})
		for i, law := range out.Masses {
			if d := evDistance(law, want.Masses[i]); d > out.Error+1e-9 {
				t.Errorf("%s, time %v: error %.2e, reported %.2e", out.Method, out.Times[i], d, out.Error)
			}
		}
		if out.Method != c.want || len(out.Masses) != 3 || len(out.Lost) != 3 || out.Error > c.tol {
			t.Errorf("%d laws by %q, error %.1e, want 3 by %q to %.0e", len(out.Masses), out.Method, out.Error, c.want, c.tol)
		}
	}
	if _, err := Evolve(ring, evPoint(ring.Size(), 3), []float64{5}, &Settings{Method: byDirections}); err == nil {
		t.Error("no error where chains are rings")
	}
}

// Where contours were to serve many laws and do not, offsets are taken in turn, and
// SDIRK4 where chains are rings.
func TestWithoutContoursThereIsAWay(t *testing.T) {
	times := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}
	for name, q := range map[string]*operators.Block{byDirections: turning.build(t, 20, 20), byAny: periodic.build(t, 20, 20)} {
		e, err := newEvolver(q, evPoint(q.Size(), 30), times, Settings{Workers: 1, Tolerance: 1e-3, Context: context.Background()})
		if err != nil || e.way != nil {
			t.Fatalf("error %v, way %v, want none yet", err, e.way)
		}
		if err := e.withoutContours(); err != nil || !strings.HasPrefix(e.way.name(), name) {
			t.Errorf("error %v, way %q, want %q", err, e.way.name(), name)
		}
	}
}

func TestDirectionsDoNotAllocate(t *testing.T) {
	q := smWide(t, 20, grid.Absorbing, slanted)
	d := newDirections(newState(evGauss(q, 0, 1)), q, strandsOf(q), 1)
	if got := testing.AllocsPerRun(5, func() {
		if _, err := d.step(context.Background(), try{h: 0.125, dense: true}); err != nil {
			t.Fatal(err)
		}
	}); got > 0 {
		t.Errorf("%v allocations per step, want 0", got)
	}
}
