package multigrid

import (
	"math"
	"testing"
)

func TestCold(t *testing.T) {
	for _, T := range []float64{0.05, 0.02, 0.01, 0.005, 0.002} {
		w := process{terms: func(x, b, d []float64) { d[0], d[1] = T, T },
			potential: func(x []float64) float64 {
				s := x[0]*x[0] - 1
				return (s*s/4 + x[1]*x[1]/2 + x[0]*x[1]/4 + x[0]*T/2) / T
			}}
		q := build(box(2, 256, 256), w)
		r, err := Solve(t.Context(), q, Options{Workers: 1})
		if err != nil {
			t.Log(T, err)
			continue
		}
		want, x := make([]float64, q.Size()), make([]float64, 2)
		for i := range want {
			x[0], x[1] = q.g.Centers(0)[q.g.Along(0, i)], q.g.Centers(1)[q.g.Along(1, i)]
			want[i] = math.Exp(-w.potential(x))
		}
		scale(want, 1/sum(want))
		t.Log(T, l1(r.Mass, want), r.Error, r.Cycles, r.WorkUnits, r.Method)
	}
	for _, D := range []float64{0.02, 0.01, 0.005, 0.002} {
		q := build(box(2, 128, 128), process{terms: func(x, b, d []float64) {
			d[0], d[1] = D, D
			b[0], b[1] = x[0]-x[0]*x[0]*x[0]+x[1]+0.05, -x[1]-x[0]+x[0]*x[0]*x[0]
		}})
		a, e1 := Solve(t.Context(), q, Options{Workers: 1})
		b, e2 := Solve(t.Context(), q, Options{Workers: 1, Tolerance: 1e-12})
		if e1 != nil || e2 != nil {
			t.Log(D, e1, e2)
			continue
		}
		t.Log(D, l1(a.Mass, b.Mass), a.Error, a.Cycles, b.Cycles)
	}
}
