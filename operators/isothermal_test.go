package operators_test

import (
	"math"
	"strings"
	"testing"

	"fokker/grid"
	"fokker/operators"
	"fokker/operators/operatorstest"
)

func TestIsothermalIsAGenerator(t *testing.T) {
	bump := func(x []float64) float64 { // two wells, coupled
		u := 0.0
		for k, v := range x {
			u += v*v*v*v/4 - v*v/2 + 0.3*v*x[(k+1)%len(x)]
		}
		return u
	}
	uneven := func(m, x []float64, _ float64) { // vanishes where x = −1
		for k := range m {
			m[k] = float64(k+1) * (1 + x[k]) * (1 + x[k])
		}
	}
	hot := func(n int) []float64 { // one temperature, 1/2, on all axes
		out := make([]float64, n)
		for k := range out {
			out[k] = 0.5
		}
		return out
	}
	gibbs := func(x []float64) float64 { return bump(x) / 0.5 }
	waves := func(x []float64) float64 { return math.Cos(2*math.Pi*x[0]) + 0.5*math.Sin(4*math.Pi*x[0]) }
	flat, fine := grid.Uniform(), graded(t, -2, 3, 0.4, 12)
	turning := func(f, x []float64, time float64) { f[0], f[1] = -x[1]*time, x[0]*time }
	for _, c := range []struct {
		name string
		term operators.Isothermal
		p    operatorstest.Promise
	}{
		{"1D", operators.Isothermal{Process: landscape{u: bump, t: hot(1)}},
			operatorstest.Promise{Potential: gibbs, Grid: mesh(t, axis(t, flat, -2, 3, 50, ends{R, R}))}},
		{"1D mobility that vanishes on a face", operators.Isothermal{Process: landscape{u: bump, m: uneven, t: hot(1)}},
			operatorstest.Promise{Potential: gibbs, Grid: mesh(t, axis(t, fine, -2, 3, 50, ends{R, R}, -1))}},
		{"2D graded, uneven mobility", operators.Isothermal{Process: landscape{u: bump, m: uneven, t: hot(2)}},
			operatorstest.Promise{Potential: gibbs, Grid: mesh(t, axis(t, fine, -2, 3, 20, ends{R, R}), axis(t, fine, -2, 3, 31, ends{R, R}))}},
		{"2D closed faces", operators.Isothermal{Process: landscape{u: bump, m: uneven, t: hot(2)}},
			operatorstest.Promise{Potential: gibbs, Grid: mesh(t, axis(t, fine, -2, 3, 20, ends{R, R}, 0), axis(t, fine, -2, 3, 31, ends{R, R}, 1, 2))}},
		{"3D", operators.Isothermal{Process: landscape{u: bump, m: uneven, t: hot(3)}},
			operatorstest.Promise{Potential: gibbs, Grid: mesh(t, axis(t, fine, -2, 3, 7, ends{R, R}), axis(t, flat, -2, 3, 8, ends{R, R}), axis(t, fine, -2, 3, 9, ends{R, R}))}},
		{"circle", operators.Isothermal{Process: landscape{u: waves, t: []float64{1}}},
			operatorstest.Promise{Potential: waves, Grid: mesh(t, axis(t, flat, 0, 1, 30, ends{P, P}))}},
		{"graded circle", operators.Isothermal{Process: landscape{u: waves, t: []float64{1}}},
			operatorstest.Promise{Potential: waves, Grid: mesh(t, axis(t, graded(t, 0, 1, 0.5, 5), 0, 1, 30, ends{P, P}))}},
		{"steep potential", operators.Isothermal{Process: landscape{u: func(x []float64) float64 { return 300 * x[0] }, t: []float64{1}}},
			operatorstest.Promise{Potential: func(x []float64) float64 { return 300 * x[0] }, Grid: mesh(t, axis(t, flat, 0, 1, 10, ends{R, R}))}},
		{"absorbing walls and force", operators.Isothermal{Process: landscape{u: bump, m: uneven, f: turning, t: []float64{0.5, 2}}},
			operatorstest.Promise{Time: 0.3, Grid: mesh(t, axis(t, fine, -2, 3, 20, ends{R, A}), axis(t, fine, -2, 3, 31, ends{A, R}))}},
		{"no temperature on one axis", operators.Isothermal{Process: landscape{u: bump, f: turning, t: []float64{0, 2}}},
			operatorstest.Promise{Time: 0.3, Grid: mesh(t, axis(t, fine, -2, 3, 20, ends{R, A}), axis(t, fine, -2, 3, 31, ends{A, R}))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.p.Terms = []operators.Term{c.term}
			operatorstest.Generator(t, c.p)
		})
	}
}

// No coefficient is asked for beyond what a path can reach.
func TestIsothermalDoesNotLookBeyondWalls(t *testing.T) {
	l := landscape{u: func(x []float64) float64 { return -math.Log(x[0]) + x[0] }, t: []float64{1},
		undefine: func(x []float64) bool { return x[0] <= 0 }}
	g := mesh(t, axis(t, grid.Uniform(), 0, 4, 40, ends{R, A}))
	operatorstest.Generator(t, operatorstest.Promise{Grid: g, Terms: []operators.Term{operators.Isothermal{Process: l}}})
}

func TestIsothermalExitTimeWithDrift(t *testing.T) {
	const v, d = 1.5, 0.3
	want := driftedLifetime(v, d)
	tilt := landscape{u: func(x []float64) float64 { return -v * x[0] }, t: []float64{d}}
	push := landscape{u: func([]float64) float64 { return 0 }, t: []float64{d}, f: func(f, _ []float64, _ float64) { f[0] = v }}
	for _, l := range []landscape{tilt, push} {
		order2(t, -1, 1, ends{A, A}, 0.2, worstLifetime(t, operators.Isothermal{Process: l}, want))
	}
}

// (Dτ′)′ = −1, τ′(0) = 0 = τ(1), D = 1 + x: τ = 1 − x − log(2/(1+x)). The same D
// in the reading of Itô has another answer, TestExitTimeWithMultiplicativeNoise.
func TestIsothermalExitTimeWithUnevenMobility(t *testing.T) {
	l := landscape{u: func([]float64) float64 { return 0 }, t: []float64{1}, m: func(m, x []float64, _ float64) { m[0] = 1 + x[0] }}
	order2(t, 0, 1, ends{R, A}, 0, worstLifetime(t, operators.Isothermal{Process: l}, func(x float64) float64 {
		return 1 - x - math.Log(2/(1+x))
	}))
}

// Over a periodic potential with a constant force f the flow is (Stratonovich
// 1958) J = T(1 − e^(−fL/T)) / ∫₀ᴸ dx ∫ₓˣ⁺ᴸ dy exp((V(y) − V(x))/T), V = U − fx.
func TestForceDrivesACurrentAroundTheCircle(t *testing.T) {
	const f, temperature = 1.3, 0.7
	u := func(x float64) float64 { return math.Cos(2*math.Pi*x) / 2 }
	v := func(x float64) float64 { return u(x) - f*x }
	const n = 600 // Simpson in y, the periodic rectangle rule in x
	double := 0.0
	for i := range n {
		x := float64(i) / n
		for j := range n + 1 {
			weight := []float64{2, 4}[j%2]
			if j == 0 || j == n {
				weight = 1
			}
			double += weight / 3 / (n * n) * math.Exp((v(x+float64(j)/n)-v(x))/temperature)
		}
	}
	want := temperature * (1 - math.Exp(-f/temperature)) / double
	l := landscape{u: func(x []float64) float64 { return u(x[0]) }, t: []float64{temperature}, f: func(out, _ []float64, _ float64) { out[0] = f }}
	var h, errs []float64
	for _, cells := range []int{20, 40, 80, 160} {
		g := mesh(t, axis(t, grid.Uniform(), 0, 1, cells, ends{P, P}))
		q := build(t, g, operators.Isothermal{Process: l})
		flow := make([]float64, cells+1)
		q.Current(0, flow, stationary(q))
		for i, j := range flow {
			if math.Abs(j-flow[0]) > 1e-12*q.Exit()[0] {
				t.Errorf("%d cells: current %v through face %d, %v through face 0", cells, j, i, flow[0])
			}
		}
		h, errs = append(h, 1/float64(cells)), append(errs, math.Abs(flow[0]-want))
	}
	operatorstest.Order(t, 1.95, h, errs)
}

func TestConstantForceMovesAUniformLawExactly(t *testing.T) {
	l := landscape{u: func([]float64) float64 { return 0 }, t: []float64{0.01}, f: func(out, _ []float64, _ float64) { out[0] = 2 }}
	g := mesh(t, axis(t, grid.Uniform(), 0, 5, 20, ends{P, P}))
	q := build(t, g, operators.Isothermal{Process: l})
	m, flow := make([]float64, 20), make([]float64, 21)
	for i := range m {
		m[i] = 0.05
	}
	q.Current(0, flow, m)
	for i, j := range flow {
		if math.Abs(j-0.4) > 1e-15 {
			t.Errorf("face %d: current %v, want force/length = 0.4", i, j)
		}
	}
}

func TestIsothermalRefuses(t *testing.T) {
	circle := mesh(t, axis(t, grid.Uniform(), 0, 1, 8, ends{P, P}))
	flat := func([]float64) float64 { return 0 }
	for _, c := range []struct {
		name string
		l    landscape
		want string
	}{
		{"a tilted circle", landscape{u: func(x []float64) float64 { return x[0] }}, "a tilt belongs into the drift"},
		{"no number", landscape{u: func(x []float64) float64 { return math.Log(0.5-x[0]) * math.Log(0.5+x[0]) }}, "potential along axis 0 is NaN"},
		{"negative mobility", landscape{u: flat, m: func(m, x []float64, _ float64) { m[0] = x[0] - 0.5 }}, "mobility along axis 0 is -0.5"},
		{"infinite force", landscape{u: flat, f: func(f, _ []float64, _ float64) { f[0] = math.Inf(1) }}, "force along axis 0 is +Inf"},
	} {
		c.l.t = []float64{1}
		_, err := operators.Build(circle, 0, 1, operators.Isothermal{Process: c.l})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want …%s…", c.name, err, c.want)
		}
	}
}
