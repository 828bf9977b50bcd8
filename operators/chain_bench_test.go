package operators_test

import (
	"fmt"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// spinning has correlated noise.
var spinning = operators.Pointwise{
	Dimension: 2, Noises: 2,
	DriftAt: func(b, x []float64, _ float64) { b[0], b[1] = -x[0]-x[1], x[0]-x[1] },
	NoiseAt: func(s, x []float64, _ float64) { s[0], s[1], s[2], s[3] = 0.6, 0.2, 0.2, 0.6+0.1*x[0] },
}

// A chain in a plane whose steps are about four cells wide.
func benchmarkChain(b *testing.B, n int, budget float64) *operators.Kernel {
	g, err := grid.New(evenAxis("x", -2, 2, n, grid.Reflecting), evenAxis("y", -2, 2, n, grid.Reflecting))
	if err != nil {
		b.Fatal(err)
	}
	k, err := operators.NewKernel(g, operators.Normal{Process: spinning, Interval: 0.1}, 1, budget)
	if err != nil {
		b.Fatal(err)
	}
	return k
}

func BenchmarkChain(b *testing.B) {
	for _, c := range []struct {
		name   string
		budget float64
	}{{"kept", roomy}, {"anew", 0}} {
		const n = 64
		k := benchmarkChain(b, n, c.budget)
		m, next := ones(n*n), make([]float64, n*n)
		entries, _ := k.Entries()
		b.Run(fmt.Sprintf("step=%s/cells=%d", c.name, n*n), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				k.Step(next, m)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n*n), "ns/cell")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(entries), "ns/probability")
		})
	}
}
