package multigrid

import (
	"math"
	"os"
	"strconv"
	"testing"
)

func TestTwo(t *testing.T) {
	T, _ := strconv.ParseFloat(os.Getenv("T"), 64)
	w := process{terms: func(x, b, d []float64) { d[0], d[1] = T, T },
		potential: func(x []float64) float64 {
			s := x[0]*x[0] - 1
			return (s*s/4 + x[1]*x[1]/2 + x[0]*x[1]/4 + x[0]*T/2) / T
		}}
	for _, tol := range []float64{1e-8} {
		hi, _ := strconv.ParseFloat(os.Getenv("HI"), 64)
		q := build(mesh(uniform(256, -2, hi, 0), uniform(256, -2, 2, 0)), w)
		debug = os.Getenv(`DBG`) != `` 
		r, err := Solve(t.Context(), q, Options{Workers: 1, Tolerance: tol})
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
		a, b := 0.0, 0.0
		for i := range want {
			if q.g.Along(0, i) < int(256*2/(2+hi)) {
				a += want[i]
				b += r.Mass[i]
			}
		}
		t.Log(T, l1(r.Mass, want), r.Error, r.Cycles, r.WorkUnits, r.Method, "wells", a, b)
		for col := 300; col < 160; col += 4 {
			f, g := 0.0, 0.0
			for y := range 256 {
				i := col + 256*y
				f += q.up[0][i]*r.Mass[i] - q.down[0][i+1]*r.Mass[i+1]
				g += q.up[0][i] * r.Mass[i]
			}
			t.Log("flux", col, f, g, f/g)
		}
		for i := 0; i < 256; i += 16 {
			c := i + 128*256
			t.Logf("%.3g %.5f", want[c], r.Mass[c]/want[c])
		}
	}
}
