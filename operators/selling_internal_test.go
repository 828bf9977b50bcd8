package operators

import (
	"math"
	"math/rand/v2"
	"testing"
)

func rebuilt(rays []ray) (m plane) {
	for _, r := range rays {
		x, y := float64(r.e[0]), float64(r.e[1])
		m.xx, m.xy, m.yy = m.xx+r.w*x*x, m.xy+r.w*x*y, m.yy+r.w*y*y
	}
	return m
}

func TestSellingRebuildsTheTensorWithNonnegativeWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	exact, cut := 0, 0
	for range 20000 {
		angle, ratio := 2*math.Pi*r.Float64(), math.Pow(10, -6*r.Float64())
		if r.IntN(8) == 0 {
			ratio = 0
		}
		c, s := math.Cos(angle), math.Sin(angle)
		m := plane{c*c + ratio*s*s, c * s * (1 - ratio), s*s + ratio*c*c}
		rays, added := selling(m, 6)
		got := rebuilt(rays[:])
		want := plane{m.xx + added*s*s, m.xy - added*c*s, m.yy + added*c*c}
		for _, d := range []float64{got.xx - want.xx, got.xy - want.xy, got.yy - want.yy} {
			if math.Abs(d) > 1e-12 {
				t.Fatalf("angle %v, ratio %v: rebuilt %v, want %v (added %v)", angle, ratio, got, want, added)
			}
		}
		for _, q := range rays {
			if q.w < 0 || max(abs(q.e[0]), abs(q.e[1])) > 6 {
				t.Fatalf("angle %v, ratio %v: ray %v", angle, ratio, q)
			}
		}
		if added > 1./36/4 { // (1/2R)²: the middle between an axis and the next direction
			t.Fatalf("angle %v, ratio %v: added %v", angle, ratio, added)
		}
		if added == 0 {
			exact++
		} else {
			cut++
		}
	}
	if exact == 0 || cut == 0 {
		t.Fatalf("%d exact and %d cut, want both", exact, cut)
	}
}

func TestSellingRebuildsTensorsInSpace(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	cut := 0
	for trial := range 5000 {
		var m tensor
		terms := 1 + r.IntN(4)
		for range terms {
			v := [3]float64{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
			if trial%3 == 0 {
				v[r.IntN(3)] = 0
			}
			for k := range 3 {
				for l := range 3 {
					m[k][l] += v[k] * v[l]
				}
			}
		}
		rays, added := shorten(&m, 4)
		values, vectors := m.eigen()
		n, largest := vectors[0], values[0]
		if added > 0 {
			cut++
		}
		for k := range 3 {
			for l := range 3 {
				got, want := 0.0, m[k][l]-added*n[k]*n[l]
				if k == l {
					want += added
				}
				for _, q := range rays {
					got += q.w * float64(q.e[k]*q.e[l])
				}
				if math.Abs(got-want) > 1e-11*m.trace() {
					t.Fatalf("%v: entry %d %d rebuilt %v, want %v", m, k, l, got, want)
				}
			}
		}
		for _, q := range rays {
			if q.w < 0 || q.w > 0 && longest(q.e) > 4 {
				t.Fatalf("%v: ray %v", m, q)
			}
		}
		if added > largest/4 {
			t.Fatalf("%v: added %v of %v", m, added, largest)
		}
	}
	if cut == 0 {
		t.Fatal("no tensor was cut")
	}
}
