package operators_test

import (
	"math"
	"slices"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// evenAxis has n cells of equal width.
func evenAxis(name string, lo, hi float64, n int, end grid.Boundary) grid.Axis {
	edges := make([]float64, n+1)
	for i := range edges {
		edges[i] = lo + (hi-lo)*float64(i)/float64(n)
	}
	return grid.Axis{Name: name, Edges: edges, Ends: [2]grid.Boundary{end, end}}
}

// logAxis has cells as wide as e^(i·ratio).
func logAxis(name string, lo, hi float64, n int) grid.Axis {
	a := evenAxis(name, math.Log(lo), math.Log(hi), n, grid.Reflecting)
	for i, x := range a.Edges {
		a.Edges[i] = math.Exp(x)
	}
	return a
}

func chainOn(t *testing.T, steps operators.Steps, workers int, budget float64, axes ...grid.Axis) *operators.Kernel {
	t.Helper()
	g, err := grid.New(axes...)
	if err != nil {
		t.Fatal(err)
	}
	k, err := operators.NewKernel(g, steps, workers, budget)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const roomy = 1e9

// shearing has correlated noise that varies; its rank is one where thin.
func shearing(thin bool) operators.Pointwise {
	return operators.Pointwise{
		Dimension: 2, Noises: 2,
		DriftAt: func(b, x []float64, _ float64) { b[0], b[1] = -x[0]+0.3*x[1], -0.5*x[1]+x[0]*x[1] },
		NoiseAt: func(s, x []float64, _ float64) {
			s[0], s[1], s[2], s[3] = 0.3+0.1*x[0], 0.1, 0.2, 0.25-0.1*x[1]
			if thin {
				s[1], s[3] = 0, 0
			}
		},
	}
}

// moments of a row: sum, mean and covariance.
func moments(k *operators.Kernel, i int) (sum float64, mean []float64, covariance []float64) {
	g := k.Mesh()
	dim := g.Dim()
	mean, covariance = make([]float64, dim), make([]float64, dim*dim)
	each := func(do func(cell int, p float64)) {
		k.Row(i, func(to int, mass []float64) {
			for e, p := range mass {
				do(to+e, p)
			}
		})
	}
	x := func(axis, cell int) float64 { return g.Centers(axis)[g.Along(axis, cell)] }
	each(func(cell int, p float64) {
		sum += p
		for a := range dim {
			mean[a] += p * x(a, cell)
		}
	})
	each(func(cell int, p float64) {
		for a := range dim {
			for b := range dim {
				covariance[a*dim+b] += p * (x(a, cell) - mean[a]) * (x(b, cell) - mean[b])
			}
		}
	})
	return sum, mean, covariance
}

// Mean and covariance of a step are those of the process wherever it is wider than
// half of a cell and no wall is near. With noise of rank one the covariance is short of
// what places add across its line, at most a quarter of h².
func TestStepsKeepMeanAndCovariance(t *testing.T) {
	for _, c := range []struct {
		name      string
		thin      bool
		axes      []grid.Axis
		tolerance float64
	}{
		{"fine", false, []grid.Axis{evenAxis("x", -2, 2, 100, grid.Reflecting), evenAxis("y", -2, 2, 90, grid.Reflecting)}, 1e-12},
		{"as wide as steps", false, []grid.Axis{evenAxis("x", -2, 2, 40, grid.Reflecting), evenAxis("y", -2, 2, 37, grid.Reflecting)}, 1e-12},
		{"of rank one", true, []grid.Axis{evenAxis("x", -2, 2, 100, grid.Reflecting), evenAxis("y", -2, 2, 90, grid.Reflecting)}, 1e-12},
	} {
		const rate = 0.2
		p := shearing(c.thin)
		k := chainOn(t, operators.Normal{Process: p, Interval: rate}, 1, roomy, c.axes...)
		g := k.Mesh()
		_, added := k.Noise(0)
		h := g.Widths(0)[0]
		for i := range g.Size() {
			x := []float64{g.Centers(0)[g.Along(0, i)], g.Centers(1)[g.Along(1, i)]}
			if math.Hypot(x[0], x[1]) > 0.5 {
				continue
			}
			b, s := make([]float64, 2), make([]float64, 4)
			p.DriftAt(b, x, 0)
			p.NoiseAt(s, x, 0)
			sum, mean, covariance := moments(k, i)
			near(t, c.name+", sum", sum, 1, 1e-15)
			for a := range 2 {
				near(t, c.name+", mean", mean[a], x[a]+rate*b[a], c.tolerance)
				for e := range 2 {
					want := rate * (s[2*a]*s[2*e] + s[2*a+1]*s[2*e+1])
					switch short := want - covariance[2*a+e]; {
					case !c.thin || a+e == 2:
						near(t, c.name+", covariance", covariance[2*a+e], want, c.tolerance)
					case a == e: // in three rounds, after which places add a little else
						near(t, c.name+", variance", covariance[2*a+e], want, h*h/50)
					case short < 0 || short > h*h/2: // across the line places spread it
						t.Fatalf("%s: covariance %v, want up to %v", c.name, covariance[2*a+e], want)
					}
				}
			}
			if added[i] < -c.tolerance || added[i] > h*h/4+c.tolerance || !c.thin && math.Abs(added[i]) > c.tolerance {
				t.Fatalf("%s: %v added to the variance of %v", c.name, added[i], h*h)
			}
		}
	}
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Fatalf("%s: %.17g, want %.17g ± %.2g", what, got, want, tolerance)
	}
}

// On cells that grow by 3, 6 or 9 % each; the walls are 14 deviations away and more.
func TestStepsKeepMeanAndVarianceOnUnequalCells(t *testing.T) {
	for _, cells := range []int{300, 150, 100} {
		p := operators.Pointwise{
			Dimension: 1, Noises: 1,
			DriftAt: func(b, x []float64, _ float64) { b[0] = -x[0] },
			NoiseAt: func(s, x []float64, _ float64) { s[0] = 0.2 * x[0] },
		}
		k := chainOn(t, operators.Normal{Process: p, Interval: 0.1}, 1, roomy, logAxis("x", 1e-3, 10, cells))
		for i := cells / 4; i < cells*3/4; i++ {
			x := k.Mesh().Centers(0)[i]
			_, mean, variance := moments(k, i)
			near(t, "mean", mean[0]/x, 0.9, 1e-12)
			near(t, "variance", variance[0]/(x*x), 0.1*0.04, 1e-12)
		}
	}
}

// Narrow steps keep the mean, and the variance or the least that two places f and 1 − f
// beside it have, f(1 − f)h².
func TestNarrowStepsKeepTheMean(t *testing.T) {
	for _, std := range []float64{0, 0.1, 0.3, 0.45, 0.6} {
		p := operators.Pointwise{
			Dimension: 1, Noises: 1,
			DriftAt: func(b, x []float64, _ float64) { b[0] = -0.3 * x[0] },
			NoiseAt: func(s, x []float64, _ float64) { s[0] = std },
		}
		k := chainOn(t, operators.Normal{Process: p, Interval: 1}, 1, roomy, evenAxis("x", 0, 20, 20, grid.Reflecting))
		for i := 5; i < 15; i++ {
			want := 0.7 * (float64(i) + 0.5)
			_, mean, variance := moments(k, i)
			near(t, "mean", mean[0], want, 1e-14)
			f := want - 0.5 - math.Floor(want-0.5)
			near(t, "variance", variance[0], math.Max(std*std, f*(1-f)), 1e-13)
		}
	}
}

// quartic is SGD on L = x²/2 + x⁴/4 with unit gradient noise.
func quartic(rate float64) operators.Normal {
	return operators.Normal{Interval: rate, Process: operators.Pointwise{
		Dimension: 1, Noises: 1,
		DriftAt: func(b, x []float64, _ float64) { b[0] = -x[0] - x[0]*x[0]*x[0] },
		NoiseAt: func(s, x []float64, _ float64) { s[0] = math.Sqrt(rate) },
	}}
}

// The error of E x² at rest, 0.0468017902 by quadrature of the exact operator, falls
// with h⁴: with h² it is right by the correction of the variance (Sheppard 1898).
func TestChainsAreOfFourthOrder(t *testing.T) {
	var errors []float64
	for _, n := range []int{50, 100, 200} {
		k := chainOn(t, quartic(0.1), 1, roomy, evenAxis("x", -2, 2, n, grid.Reflecting))
		m, next := make([]float64, n), make([]float64, n)
		for i := range m {
			m[i] = 1 / float64(n)
		}
		for range 200 {
			k.Step(next, m)
			m, next = next, m
		}
		square := 0.0
		for i, x := range k.Mesh().Centers(0) {
			square += m[i] * x * x
		}
		errors = append(errors, square-0.0468017902)
	}
	for i := range 2 {
		if order := math.Log2(errors[i] / errors[i+1]); math.Abs(order-4) > 0.1 {
			t.Errorf("order %.3f, want 4: errors %.3g", order, errors)
		}
	}
}

// One step has the same bits for any number of workers, kept or made anew, and both
// agree to rounding; P and Pᵀ are adjoint.
func TestStepsHaveTheSameBits(t *testing.T) {
	axes := []grid.Axis{evenAxis("x", -2, 2, 60, grid.Absorbing), evenAxis("y", -2, 2, 50, grid.Periodic)}
	steps := operators.Normal{Process: shearing(false), Interval: 0.2}
	n := 3000
	m, f := make([]float64, n), make([]float64, n)
	for i := range m {
		m[i], f[i] = 1/float64(1+i%7), math.Sin(float64(i))
	}
	var kept []float64
	for _, budget := range []float64{roomy, 0} {
		var first []float64
		for _, workers := range []int{1, 2, 5} {
			k := chainOn(t, steps, workers, budget, axes...)
			if _, is := k.Entries(); is != (budget > 0) {
				t.Fatalf("kept %v with a budget of %v", is, budget)
			}
			got, back := make([]float64, n), make([]float64, n)
			k.Step(got, m)
			if first == nil {
				first = got
				k.Backward(back, f)
				near(t, "adjoint", inner(back, m), inner(f, got), 1e-11)
				near(t, "kept and lost", inner(ones(n), got)+inner(k.Lost(), m), inner(ones(n), m), 1e-11)
			}
			if !slices.Equal(got, first) {
				t.Errorf("%d workers, budget %v: other bits", workers, budget)
			}
		}
		if kept == nil {
			kept = first
		}
		for i := range first {
			near(t, "made anew", first[i], kept[i], 1e-14)
		}
	}
}

func inner(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

func ones(n int) []float64 { return slices.Repeat([]float64{1}, n) }

// What a Gaussian has beyond a wall is lost, or stays in the last cell.
func TestStepsMeetWalls(t *testing.T) {
	p := operators.Pointwise{
		Dimension: 1, Noises: 1,
		DriftAt: func(b, x []float64, _ float64) { b[0] = 0.5 },
		NoiseAt: func(s, x []float64, _ float64) { s[0] = 1 },
	}
	const cells, h = 200, 0.05
	beyond := 0.5 * math.Erfc((h/2-0.5)/math.Sqrt2) // of N(x + ½, 1) from the last centre
	for _, end := range []grid.Boundary{grid.Absorbing, grid.Reflecting} {
		k := chainOn(t, operators.Normal{Process: p, Interval: 1}, 1, roomy, evenAxis("x", 0, 10, cells, end))
		last := 0.0
		k.Row(cells-1, func(to int, mass []float64) {
			if to+len(mass) == cells {
				last = mass[len(mass)-1]
			}
		})
		inside := h * math.Exp(-0.5*0.5/2) / math.Sqrt(2*math.Pi) // of the last cell
		if lost := k.Lost(); end == grid.Absorbing {
			near(t, "lost", lost[cells-1], beyond, h*h)
		} else {
			near(t, "at the wall", last, beyond+inside, h*h)
			if lost != nil {
				t.Errorf("lost %v at reflecting walls", lost)
			}
		}
	}
}

// A step narrower than cells that ends beyond a wall, however far, is lost or stays in
// the last cell: no more than all of it, no less than nothing.
func TestNarrowStepsBeyondAWallStayThere(t *testing.T) {
	for _, end := range []grid.Boundary{grid.Absorbing, grid.Reflecting} {
		for _, far := range []float64{-25, -6, -4, -1.6, 21.6, 24, 26, 45} {
			for _, std := range []float64{0, 0.1, 0.3, 0.5, 0.69, 0.8} {
				p := operators.Pointwise{
					Dimension: 1, Noises: 1,
					DriftAt: func(b, x []float64, _ float64) { b[0] = far - x[0] },
					NoiseAt: func(s, x []float64, _ float64) { s[0] = std },
				}
				k := chainOn(t, operators.Normal{Process: p, Interval: 1}, 1, roomy, evenAxis("x", 0, 20, 20, end))
				inside, _, _ := moments(k, 3)
				if end == grid.Reflecting {
					near(t, "stays", inside, 1, 1e-14)
					continue
				}
				want := 0.0 // of the Gaussian
				if std > 0 {
					want = math.Erfc((math.Abs(far-10)-10)/std/math.Sqrt2) / 2
				}
				near(t, "inside", inside, want, 0.15) // places move what is beside the wall
				near(t, "inside and lost", inside+k.Lost()[3], 1, 1e-14)
			}
		}
	}
}

// dice move by one of some ends, contracted towards 0.
type dice struct {
	ends    [][]float64
	weights []float64
}

func (d dice) Dim() int           { return len(d.ends[0]) }
func (d dice) Time() float64      { return 1 }
func (d dice) Weights() []float64 { return d.weights }
func (d dice) Move(dst [][][]float64, x [][]float64) {
	for m, end := range d.ends {
		for k, v := range end {
			for i := range x[k] {
				dst[m][k][i] = x[k][i]/2 + v
			}
		}
	}
}

// Mean and covariance of a step by one of some moves are kept on cells.
func TestMovesKeepMeanAndCovariance(t *testing.T) {
	d := dice{[][]float64{{0.3, 0.11}, {-0.2, 0.23}, {0.05, -0.3}, {-0.37, -0.15}}, []float64{0.1, 0.3, 0.4, 0.2}}
	k := chainOn(t, operators.Discrete{Moves: d}, 1, roomy, evenAxis("x", -1, 1, 50, grid.Reflecting), evenAxis("y", -1, 1, 41, grid.Reflecting))
	g := k.Mesh()
	mean, square := make([]float64, 2), make([]float64, 4)
	for m, w := range d.weights {
		for a := range 2 {
			mean[a] += w * d.ends[m][a]
			for b := range 2 {
				square[2*a+b] += w * d.ends[m][a] * d.ends[m][b]
			}
		}
	}
	for i := range g.Size() {
		x := []float64{g.Centers(0)[g.Along(0, i)], g.Centers(1)[g.Along(1, i)]}
		sum, got, covariance := moments(k, i)
		near(t, "sum", sum, 1, 1e-15)
		for a := range 2 {
			near(t, "mean", got[a], x[a]/2+mean[a], 1e-14)
			for b := range 2 {
				// The ends are drawn together in three rounds, until places add what they did.
				near(t, "covariance", covariance[2*a+b], square[2*a+b]-mean[a]*mean[b], 1e-5)
			}
		}
	}
}
