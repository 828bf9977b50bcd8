package solvers

import (
	"math"
	"math/big"
	"slices"
	"testing"
)

// logarithm returns ln x, x in arithmetic whose exponents do not end.
func logarithm(x *big.Float) float64 {
	m := new(big.Float)
	e := x.MantExp(m)
	f, _ := m.Float64()
	return math.Log(f) + float64(e)*math.Ln2
}

// farthest compares logarithms. Those are rounded to ε of their size, as are those
// wanted; masses are right to 1e-12.
func farthest(t *testing.T, got, want []float64) {
	t.Helper()
	if got == nil {
		t.Fatal("no logarithms")
	}
	for i, w := range want {
		if d := math.Abs(got[i] - w); d > 1e-12-4*0x1p-52*w {
			t.Fatalf("cell %d: ln m = %v, want %v", i, got[i], w)
		}
	}
}

func TestTailsOfBasinAreProductsOfItsAxes(t *testing.T) {
	for _, c := range []struct{ a, b, temperature float64 }{{.5, .5, 1e-4}, {.02, .98, 2e-4}, {.26, .49, 1e-4}} {
		const n = 64
		q := basin(t, n, c.a, c.b, c.temperature)
		law := stationary(t, q, nil)
		x, y := axisBig(q, n, 1), axisBig(q, n, n)
		want := make([]float64, n*n)
		for i := range want {
			want[i] = logarithm(new(big.Float).Mul(x[i%n], y[i/n]))
		}
		if least := slices.Min(want); least > -1500 {
			t.Errorf("%v: least logarithm %v, meant to be far below the range of float64", c, least)
		}
		farthest(t, law.Log, want)
	}
}

func TestTailsOfWellsAreThoseOfGibbs(t *testing.T) {
	q, law := twoWells(t, 48, 1e-4, .0005)
	got := stationary(t, q, nil).Log
	if got == nil {
		t.Fatal("no logarithms")
	}
	for _, k := range []int{1, 48} { // detailed balance: m_i r_ij = m_j r_ji
		for i := range len(law) - k {
			if k == 1 && i%48 == 47 {
				continue
			}
			want := math.Log(rateOf(q, i, i+k) / rateOf(q, i+k, i))
			// rates around a square balance to ε U/T, 3e-12, along 48 squares
			if d := got[i+k] - got[i] - want; math.Abs(d) > 1.5e-10 {
				t.Fatalf("cells %d and %d: ln m differs by %v from detailed balance", i, i+k, d)
			}
		}
	}
}

func rateOf(q *table, i, j int) float64 {
	at, _ := slices.BinarySearch(q.to[i], j)
	return q.rate[i][at]
}

// whirlpool draws to its middle and round it: no detailed balance.
func whirlpool(t *testing.T, n int, pull, turn float64) *table {
	g := uniform(t, nil, nil, n, n)
	q := newTable(n * n)
	q.mesh = g
	for c := range n * n {
		x, y := float64(c%n)-float64(n-1)/2, float64(c/n)-float64(n-1)/2
		bx, by := -pull*x-turn*y, -pull*y+turn*x
		for k, b := range []float64{bx, by} {
			if i := g.Along(k, c); i+1 < n {
				q.jump(c, c+g.Stride(k), math.Exp(b/2))
			}
			if i := g.Along(k, c); i > 0 {
				q.jump(c, c-g.Stride(k), math.Exp(-b/2))
			}
		}
	}
	return q
}

func TestTailsOfWhirlpoolAreThoseOfLongArithmetic(t *testing.T) {
	for _, turn := range []float64{0, 3, 24} {
		q := whirlpool(t, 11, 80, turn)
		want := make([]float64, q.Size())
		for i, m := range denseBig(q) {
			want[i] = logarithm(m)
		}
		if least := slices.Min(want); least > -1500 {
			t.Errorf("turn %v: least logarithm %v, meant to be far below the range of float64", turn, least)
		}
		farthest(t, stationary(t, q, nil).Log, want)
	}
}
