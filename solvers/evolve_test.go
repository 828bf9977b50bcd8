package solvers

import (
	"context"
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
	rounding := 1e-13 + 4*roundoff*float64(out.Steps)
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

var _ = fmt.Sprint
var _ = context.Background
var _ = time.Now
