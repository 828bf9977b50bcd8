package operators_test

import (
	"math"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// wavesOn returns a scheme on [0, 2π]² whose axes are rings, and the masses there of
// p = (1 + ½ cos(x − y) + ½ sin y)/4π².
func wavesOn(t *testing.T, order operators.Order, n int, spacing grid.Spacing) (h *operators.HighOrder, m []float64) {
	t.Helper()
	g := highGrid(t, n, [2]grid.Boundary{grid.Periodic, grid.Periodic}, spacing)
	h, m = high(t, order, g, oblique), make([]float64, g.Size())
	at := make([]int, 2)
	for i := range m {
		g.Locate(at, i)
		xs, ys := g.Axis(0).Edges[at[0]:at[0]+2], g.Axis(1).Edges[at[1]:at[1]+2]
		for _, a := range []struct{ x, y, sign float64 }{{xs[1], ys[1], 1}, {xs[0], ys[1], -1}, {xs[1], ys[0], -1}, {xs[0], ys[0], 1}} {
			m[i] += a.sign * (a.x*a.y + math.Cos(a.x-a.y)/2 - a.x*math.Cos(a.y)/2) / (4 * math.Pi * math.Pi) // ∂x∂y of it is p
		}
	}
	return h, m
}

// expected is ∫φp by the scheme.
func expected(h *operators.HighOrder, m []float64, phi func(x, y float64) float64) (sum float64) {
	density, weights, x := make([]float64, len(m)), make([]float64, len(m)), operators.Columns(2, len(m))
	h.Values(density, weights, m)
	h.Mesh().Points(x, grid.Range{Hi: len(m)})
	for i, w := range weights {
		sum += w * phi(x[0][i], x[1][i])
	}
	g := h.Ghosts()
	for i, image := range g.Image {
		sum += g.Share[i] * density[image] * (phi(g.X[0][i], g.X[1][i]) - phi(x[0][image], x[1][image]))
	}
	return sum
}

// Functions without the period of a ring jump at its ends: with stencils errors are of
// fourth order, where cells grow towards the ends as well; eight differences at the ends leave waves the eighteenth. Of p above E x = π,
// E y = π − ½, as ∫y sin y = −2π, and E xy = π(π − ½) + ½.
func TestRingsMeasureWhatHasNotTheirPeriod(t *testing.T) {
	functions := []struct {
		name string
		phi  func(x, y float64) float64
		want float64
	}{
		{"x²", func(x, _ float64) float64 { return x * x }, 4 * math.Pi * math.Pi / 3},
		{"e^(x/3)", func(x, _ float64) float64 { return math.Exp(x / 3) }, 3 * math.Expm1(2*math.Pi/3) / (2 * math.Pi)},
		{"y", func(_, y float64) float64 { return y }, math.Pi - .5},
		{"xy", func(x, y float64) float64 { return x * y }, math.Pi*(math.Pi-.5) + .5},
	}
	graded, err := grid.Graded(0, 2*math.Pi, math.Pi, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		order   operators.Order
		spacing grid.Spacing
		cells   [2]int
		theory  float64
	}{
		{operators.Fourth, grid.Uniform(), [2]int{24, 48}, 4},
		{operators.Fourth, graded, [2]int{48, 96}, 4},
		{operators.Spectral, grid.Uniform(), [2]int{10, 16}, 18},
	} {
		for _, f := range functions {
			var off [2]float64
			for k, n := range c.cells {
				h, m := wavesOn(t, c.order, n, c.spacing)
				off[k] = math.Abs(expected(h, m, f.phi) - f.want)
			}
			order := math.Log(off[0]/off[1]) / math.Log(float64(c.cells[1]+3)/float64(c.cells[0]+3))
			if order < c.theory-.3 && off[1] > 1e-11 {
				t.Errorf("order %v: E %s: errors %.3g, order %.2f, want %v", c.order, f.name, off, order, c.theory)
			}
		}
	}
}

// Functions with the period have the midpoint rule: of waves that their cells resolve
// nothing but rounding is left by waves, and with stencils what they make of masses, of
// fourth order. E sin y = ¼, E cos(x − y) = ¼.
func TestRingsMeasureWhatHasTheirPeriod(t *testing.T) {
	sin := func(_, y float64) float64 { return math.Sin(y) }
	both := func(x, y float64) float64 { return math.Cos(x - y) }
	for _, phi := range []func(x, y float64) float64{sin, both} {
		var off [2]float64
		for k, n := range []int{24, 48} {
			h, m := wavesOn(t, operators.Fourth, n, grid.Uniform())
			off[k] = math.Abs(expected(h, m, phi) - .25)
		}
		if order := math.Log(off[0]/off[1]) / math.Log(51./27); order < 3.8 {
			t.Errorf("stencils: errors %.3g, order %.2f, want 4", off, order)
		}
		h, m := wavesOn(t, operators.Spectral, 8, grid.Uniform())
		if e := math.Abs(expected(h, m, phi) - .25); e > 1e-14 {
			t.Errorf("waves: error %.3g", e)
		}
	}
	h, m := wavesOn(t, operators.Fourth, 24, grid.Uniform())
	if e := math.Abs(expected(h, m, func(_, _ float64) float64 { return 1 }) - 1); e > 1e-14 {
		t.Errorf("E 1 is off by %v", e)
	}
}
