package validate

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Counts between edges, the last in the tail of the lowest layer, have the
// probabilities of the error function: a χ² of 40 cells is below 83 with
// probability 0.9999.
func TestNormalsAreNormal(t *testing.T) {
	const n, cells, width = 4_000_000, 40, 0.2
	x := make([]float64, n)
	normals(x, 1, rand.NewPCG(1, 2))
	var counts [cells]float64
	edge := func(i int) float64 { // …−3.8, −3.6, …, 3.8…
		return width * float64(i-cells/2)
	}
	for _, v := range x {
		counts[min(max(int(math.Floor(v/width))+cells/2, 0), cells-1)]++
	}
	below := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	sum := 0.0
	for i, found := range counts {
		lo, hi := below(edge(i)), below(edge(i+1))
		if i == 0 {
			lo = 0
		}
		if i == cells-1 {
			hi = 1
		}
		want := n * (hi - lo)
		sum += (found - want) * (found - want) / want
	}
	if sum > 83 {
		t.Errorf("χ² = %v of %d cells", sum, cells)
	}
	var far float64
	for _, v := range x {
		if math.Abs(v) > 4 {
			far++
		}
	}
	if want := n * math.Erfc(4/math.Sqrt2); math.Abs(far-want) > 4*math.Sqrt(want) {
		t.Errorf("%v numbers beyond 4, want %v", far, want)
	}
}

// The layers have equal areas, and the last one closes the stack.
func TestLayersHaveEqualAreas(t *testing.T) {
	z := normalLayers()
	for i := 1; i < layers; i++ {
		width := z.width[i] * (1 << 52)
		if got := width * (z.height[i+1] - z.height[i]); math.Abs(got-area) > 1e-11 {
			t.Fatalf("layer %d has area %v, want %v", i, got, area)
		}
	}
	lowest := tail*z.height[1] + math.Sqrt(math.Pi/2)*math.Erfc(tail/math.Sqrt2)
	if math.Abs(lowest-area) > 1e-12 {
		t.Errorf("the lowest layer has area %v, want %v", lowest, area)
	}
}

func BenchmarkNormals(b *testing.B) {
	x, p := make([]float64, block), rand.NewPCG(1, 2)
	for b.Loop() {
		normals(x, 1, p)
	}
	b.ReportMetric(float64(b.N)*block/b.Elapsed().Seconds(), "normals/s")
}
