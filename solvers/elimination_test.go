package solvers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"fokker/grid"
)

// products returns the law of a path, m_i+1 / m_i = up_i / down_i.
func products(up, down []float64) []float64 {
	m := make([]float64, len(up)+1)
	for i, x := range productsBig(up, down) {
		m[i], _ = x.Float64()
	}
	return m
}

// productsBig is products in arithmetic whose exponents do not end.
func productsBig(up, down []float64) []*big.Float {
	f := func(x float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(x) }
	x, total := []*big.Float{f(1)}, f(1)
	for i := range up {
		next := f(0).Quo(f(0).Mul(x[i], f(up[i])), f(down[i]))
		x, total = append(x, next), f(0).Add(total, next)
	}
	for i := range x {
		x[i].Quo(x[i], total)
	}
	return x
}

func TestPathHasDetailedBalanceInEveryCell(t *testing.T) {
	for seed := range uint64(20) {
		draw := spread(drawing(seed), 12)
		up, down := make([]float64, 200), make([]float64, 200)
		for i := range up {
			up[i], down[i] = draw(), draw()
		}
		got, want := stationary(t, path(up, down), nil).Mass, products(up, down)
		// each cell adds three roundings of 1.1e-16
		if w := worst(got, want); w > 1e-13 {
			t.Errorf("seed %d: relative error %g, want ≤ 1e-13; smallest mass %g", seed, w, slices.Min(want))
		}
	}
}

func TestGibbsLawOfDeepWellIsRightDownTo1e300(t *testing.T) {
	const n, temperature = 400, 1.0 / 700
	up, down := make([]float64, n-1), make([]float64, n-1)
	u := func(i int) float64 { x := (float64(i) + .5) / n; return x * x } // from 0 to 1
	for i := range up {
		du := u(i+1) - u(i)
		up[i], down[i] = math.Exp(-du/(2*temperature)), math.Exp(du/(2*temperature))
	}
	m := stationary(t, path(up, down), nil).Mass
	for i := range m {
		// e^(−ΔU/T) itself has an error of ε ΔU/T, at most 700 ε
		want := math.Exp(-(u(i) - u(0)) / temperature)
		if got := m[i] / m[0]; math.Abs(got/want-1) > 1e-11 {
			t.Fatalf("cell %d: got %g, want %g", i, got, want)
		}
	}
	if m[n-1]/m[0] > 1e-300 {
		t.Errorf("last cell %g, meant to be below 1e-300", m[n-1]/m[0])
	}
}

// random is an irreducible chain: a cycle through all cells and some jumps.
func random(n, jumps int, r *rand.Rand, orders float64) *table {
	q, draw := newTable(n), spread(r, orders)
	order := r.Perm(n)
	for i, c := range order {
		q.jump(c, order[(i+1)%n], draw())
	}
	for range jumps {
		if i, j := r.IntN(n), r.IntN(n); i != j {
			q.jump(i, j, draw())
		}
	}
	return q
}

func TestRandomChainsAreRightEntrywise(t *testing.T) {
	for seed := range uint64(60) {
		r := drawing(seed)
		n := 2 + r.IntN(90)
		q := random(n, r.IntN(4*n), r, 16)
		if w := worst(stationary(t, q, nil).Mass, dense(q)); w > 1e-13 {
			t.Errorf("seed %d, %d cells: relative error %g, want ≤ 1e-13", seed, n, w)
		}
	}
}

func TestOneWayCycleStaysInProportionToMeanTimes(t *testing.T) {
	const n = 3000
	q, draw := newTable(n), spread(drawing(1), 10)
	want, total := make([]float64, n), 0.0
	for i := range n {
		r := draw()
		q.jump(i, (i+1)%n, r)
		want[i] = 1 / r
		total += want[i]
	}
	for i := range want {
		want[i] /= total
	}
	if w := worst(stationary(t, q, nil).Mass, want); w > 1e-12 {
		t.Errorf("relative error %g, want ≤ 1e-12", w)
	}
}

func TestOneWayTorusIsUniform(t *testing.T) {
	g := uniform(t, []grid.Boundary{grid.Periodic, grid.Periodic}, nil, 30, 17)
	q := newTable(g.Size())
	q.mesh = g
	for i := range g.Size() {
		for _, o := range [][]int{{1, 0}, {0, 1}, {2, -1}} {
			to, _, _ := g.Step(i, o)
			q.jump(i, to, float64(1+o[0]))
		}
	}
	for i, m := range stationary(t, q, nil).Mass {
		if math.Abs(m*float64(g.Size())-1) > 1e-13 {
			t.Fatalf("cell %d: %g × uniform, want 1", i, m*float64(g.Size()))
		}
	}
}

// TestBasinIsProductOfItsAxes covers laws whose mass sits where the order of
// elimination did not expect it: they span up to 1e-2000.
func TestBasinIsProductOfItsAxes(t *testing.T) {
	for _, c := range []struct{ a, b, temperature float64 }{
		{.5, .5, .01}, {.5, .5, 1e-4}, {.1, .9, 1e-3}, {.02, .98, 2e-4}, {.26, .49, 1e-4},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			const n = 64
			q := basin(t, n, c.a, c.b, c.temperature)
			x, y := axis(q, n, 1), axis(q, n, n)
			want := make([]float64, n*n)
			for i := range want {
				want[i] = x[i%n] * y[i/n]
			}
			law := stationary(t, q, nil)
			if w := worst(law.Mass, want); w > 1e-12 {
				t.Errorf("relative error %g, want ≤ 1e-12", w)
			}
		})
	}
}

// axis returns the law along one axis of a basin.
func axis(q *table, n, stride int) []float64 { return products(ratesAlong(q, n, stride)) }

// axisBig is axis, not rounded.
func axisBig(q *table, n, stride int) []*big.Float { return productsBig(ratesAlong(q, n, stride)) }

// ratesAlong returns the rates along one axis of a basin.
func ratesAlong(q *table, n, stride int) (up, down []float64) {
	up, down = make([]float64, n-1), make([]float64, n-1)
	for i := range up {
		up[i], down[i] = rateOf(q, i*stride, (i+1)*stride), rateOf(q, (i+1)*stride, i*stride)
	}
	return up, down
}

// wells is a reversible walk with law e^(−U/T), U = ((x²−1)² + tilt x)/4 + y²
// on [−1.5, 1.5]².
func twoWells(t testing.TB, n int, tilt, temperature float64) (q *table, law []float64) {
	g := uniform(t, nil, nil, n, n)
	q = newTable(n * n)
	q.mesh = g
	law = make([]float64, n*n)
	potential := func(c int) float64 {
		x, y := 3*(float64(c%n)+.5)/float64(n)-1.5, 3*(float64(c/n)+.5)/float64(n)-1.5
		return ((x*x-1)*(x*x-1)+tilt*x)/4 + y*y
	}
	least, total := math.Inf(1), 0.0
	for c := range law {
		least = min(least, potential(c))
	}
	for c := range law {
		law[c] = math.Exp(-(potential(c) - least) / temperature)
		total += law[c]
		for k, s := range []int{1, n} {
			if g.Along(k, c)+1 < n {
				du := (potential(c+s) - potential(c)) / (2 * temperature)
				q.jump(c, c+s, math.Exp(-du))
				q.jump(c+s, c, math.Exp(du))
			}
		}
	}
	for c := range law {
		law[c] /= total
	}
	return q, law
}

func TestWellsBehindHighBarriersShareTheMass(t *testing.T) {
	for _, temperature := range []float64{.01, .001, .0005, .0004} { // barriers up to e^−625
		q, want := twoWells(t, 48, 1e-4, temperature)
		// U/T has an error of some ε U/T, and U/T is at most 6000
		if w := worst(stationary(t, q, nil).Mass, want); w > 1e-11 {
			t.Errorf("T = %g: relative error %g, want ≤ 1e-11", temperature, w)
		}
	}
}

func TestBarrierBeyondFloat64IsAnError(t *testing.T) {
	q, _ := twoWells(t, 48, 0, .0003) // e^−833
	if law, err := Stationary(q, nil); !errors.Is(err, ErrRange) {
		t.Errorf("got %d masses, error %v, want %v", len(law.Mass), err, ErrRange)
	}
}

// residual returns the largest |(I − τQᵀ)x − b| relative to the sizes of its terms.
func (q *table) residual(x, b []float64, tau float64) float64 {
	flow, size := make([]float64, len(x)), make([]float64, len(x))
	q.Forward(flow, x)
	for i := range x {
		size[i] += math.Abs(x[i])*(1+tau*q.loss[i]) + math.Abs(b[i])
		for e, j := range q.to[i] {
			size[i] += tau * q.rate[i][e] * math.Abs(x[i])
			size[j] += tau * q.rate[i][e] * math.Abs(x[i])
		}
	}
	w := 0.0
	for i := range x {
		w = max(w, math.Abs(x[i]-tau*flow[i]-b[i])/size[i])
	}
	return w
}

func factorCases(t *testing.T) map[string]*table {
	r := drawing(3)
	lossy := basin(t, 30, .3, .8, .02)
	for i := range lossy.loss {
		lossy.loss[i] = r.Float64()
	}
	up, down := make([]float64, 300), make([]float64, 300)
	for i := range up {
		up[i], down[i] = r.ExpFloat64(), r.ExpFloat64()
	}
	ring := uniform(t, []grid.Boundary{grid.Periodic}, nil, 500)
	return map[string]*table{
		"basin":  basin(t, 50, .5, .5, .01),
		"lossy":  lossy,
		"path":   path(up, down),
		"ring":   lattice(ring, [][]int{{1}, {3}}, r.ExpFloat64),
		"random": random(70, 200, r, 8),
		"apart":  newTable(100),
	}
}

func TestImplicitStepKeepsMassAndSign(t *testing.T) {
	for name, q := range factorCases(t) {
		for _, tau := range []float64{1e-6, 1e-2, 1, 1e3} {
			f := factored(t, q, tau, 2)
			b, x := make([]float64, q.Size()), make([]float64, q.Size())
			for i := range b {
				b[i] = math.Exp(-float64(i))
			}
			f.solve(x, b)
			in, out := sum(b), 0.0
			for i := range x {
				if !(x[i] >= 0) {
					t.Fatalf("%s, τ = %g: cell %d: mass %g, want ≥ 0", name, tau, i, x[i])
				}
				out += x[i] * (1 + tau*q.loss[i])
			}
			if math.Abs(out/in-1) > 1e-14 {
				t.Errorf("%s, τ = %g: mass and losses changed by %g, want ≤ 1e-14", name, tau, out/in-1)
			}
			if r := q.residual(x, b, tau); r > 1e-14 {
				t.Errorf("%s, τ = %g: relative residual %g, want ≤ 1e-14", name, tau, r)
			}
		}
	}
}

func TestImplicitStepTakesAnySignInPlace(t *testing.T) {
	for name, q := range factorCases(t) {
		f := factored(t, q, .5, 1)
		r := drawing(9)
		b := make([]float64, q.Size())
		for i := range b {
			b[i] = r.NormFloat64()
		}
		x := slices.Clone(b)
		f.solve(x, x)
		if r := q.residual(x, b, .5); r > 1e-14 {
			t.Errorf("%s: relative residual %g, want ≤ 1e-14", name, r)
		}
		if n := testing.AllocsPerRun(3, func() { f.solve(x, b) }); n > 0 {
			t.Errorf("%s: %v allocations per solve, want 0", name, n)
		}
	}
}

func TestLongStepsTendToTheLaw(t *testing.T) {
	q := basin(t, 40, .3, .6, .003)
	law := stationary(t, q, nil).Mass
	x := make([]float64, q.Size())
	x[0] = 1
	factored(t, q, 1e20, 2).solve(x, x)
	for i, want := range law {
		// what is left of the start is some 1/τ
		if math.Abs(x[i]-want) > 1e-12*want+1e-18 {
			t.Fatalf("cell %d: got %g, want %g", i, x[i], want)
		}
	}
}

func TestOrderingServesOtherStepsAndRates(t *testing.T) {
	q := basin(t, 30, .5, .5, .01)
	o, err := newOrdering(q)
	if err != nil {
		t.Fatal(err)
	}
	for _, tau := range []float64{.1, 2} {
		p := basin(t, 30, .2, tau, .05)
		f, err := o.factor(context.Background(), p, tau, 2)
		if err != nil {
			t.Fatal(err)
		}
		x, y := make([]float64, 900), make([]float64, 900)
		x[17], y[17] = 1, 1
		f.solve(x, x)
		factored(t, p, tau, 1).solve(y, y)
		if !slices.Equal(x, y) {
			t.Errorf("τ = %g: the reused ordering gives other bits", tau)
		}
	}
	q.jump(0, 899, 1)
	if _, err := o.factor(context.Background(), q, 1, 2); !errors.Is(err, errPattern) {
		t.Errorf("a jump that was not ordered: got %v, want %v", err, errPattern)
	}
}

func TestSumOfManyNumbersIsRight(t *testing.T) {
	for n := range 40 {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(i + 1)
		}
		if got, want := sum(x), float64(n*(n+1)/2); got != want {
			t.Errorf("1 + … + %d: got %v, want %v", n, got, want)
		}
	}
}
