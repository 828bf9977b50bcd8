package validate_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"fokker/grid"
	"fokker/operators"
	"fokker/solvers"
	"fokker/validate"
)

// process is given by columns; d and root hold the diagonals of D and σ.
type process struct {
	dim  int
	b, d func(out, x [][]float64)
}

func (p process) Dim() int                          { return p.dim }
func (p process) Columns() int                      { return p.dim }
func (p process) Drift(b, x [][]float64, _ float64) { p.b(b, x) }

func (p process) Noise(s, x [][]float64, _ float64) {
	p.Diffusion(s, x, 0)
	for k := range p.dim {
		for i, d := range s[k*p.dim+k] {
			s[k*p.dim+k][i] = math.Sqrt(2 * d)
		}
	}
}

func (p process) Diffusion(d, x [][]float64, _ float64) {
	for _, c := range d {
		clear(c)
	}
	p.d(d, x)
}

// line is dX = b(X) dt + √(2D(X)) dW in one dimension.
func line(b, d func(x float64) float64) process {
	at := func(f func(float64) float64) func(out, x [][]float64) {
		return func(out, x [][]float64) {
			for i, v := range x[0] {
				out[0][i] = f(v)
			}
		}
	}
	return process{dim: 1, b: at(b), d: at(d)}
}

func constant(c float64) func(float64) float64 { return func(float64) float64 { return c } }

// axis has n equal cells; closed are numbers of faces.
func axis(lo, hi float64, n int, lower, upper grid.Boundary, closed ...int) grid.Axis {
	edges, _, err := grid.Uniform().Edges(lo, hi, n)
	if err != nil {
		panic(err)
	}
	return grid.Axis{Name: "x", Edges: edges, Ends: [2]grid.Boundary{lower, upper}, Closed: closed}
}

const (
	R = grid.Reflecting
	A = grid.Absorbing
	P = grid.Periodic
)

// from starts all particles at one point.
func from(at ...float64) func(x [][]float64, r *rand.Rand) {
	return func(x [][]float64, _ *rand.Rand) {
		for k := range x {
			for i := range x[k] {
				x[k][i] = at[k]
			}
		}
	}
}

func run(t testing.TB, p validate.Paths, times ...float64) []validate.Ensemble {
	t.Helper()
	out, err := p.Run(context.Background(), times, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// of turns a function of one coordinate into one of columns.
func of(f func(x float64) float64) func(out []float64, x [][]float64) {
	return func(out []float64, x [][]float64) {
		for i, v := range x[0] {
			out[i] = f(v)
		}
	}
}

// near asserts a mean within 4 standard errors.
func near(t *testing.T, what string, e validate.Ensemble, phi func(out []float64, x [][]float64), want float64) {
	t.Helper()
	got, se := e.Mean(phi)
	t.Logf("%s at %v: %.6f ± %.2g, want %.6f", what, e.Time, got, se, want)
	if !(math.Abs(got-want) <= 4*se) {
		t.Errorf("%s at time %v = %v ± %v, want %v", what, e.Time, got, se, want)
	}
}

// Euler's steps of dX = −X dt + √2 dW are a chain of variance v ← (1 − dt)² v + 2dt:
// its law is known at every step, bias included.
func TestLinearProcessHasTheLawOfItsChain(t *testing.T) {
	const dt = 0.05
	e := run(t, validate.Paths{Process: line(func(x float64) float64 { return -x }, constant(1)),
		Axes: []grid.Axis{axis(-30, 30, 10, R, R)}, Initial: from(3), Particles: 100000, Step: dt, Seed: 1}, 0, 0.5, 2)
	if got, se := e[0].Mean(of(func(x float64) float64 { return x })); got != 3 || se != 0 {
		t.Errorf("mean at the start %v ± %v, want 3 exactly", got, se)
	}
	for _, e := range e[1:] {
		decay := math.Pow(1-dt, math.Round(e.Time/dt))
		mean, variance := 3*decay, (1-decay*decay)/(1-dt/2)
		near(t, "E x", e, of(func(x float64) float64 { return x }), mean)
		near(t, "variance", e, of(func(x float64) float64 { return (x - mean) * (x - mean) }), variance)
		near(t, "fourth moment", e, of(func(x float64) float64 { return math.Pow(x-mean, 4) }), 3*variance*variance)
	}
}

// From the first eigenfunction of −D∂² on (−1, 1), both ends absorbing, the law
// keeps its shape and decays at rate Dπ²/4; the bridge leaves no bias.
func TestAbsorbingWallsTakeTheFirstModeAtItsRate(t *testing.T) {
	const d = 0.7
	e := run(t, validate.Paths{Process: line(constant(0), constant(d)), Axes: []grid.Axis{axis(-1, 1, 4, A, A)},
		Initial: func(x [][]float64, r *rand.Rand) { // density π/4 cos(πx/2)
			for i := range x[0] {
				x[0][i] = 2 / math.Pi * math.Asin(2*r.Float64()-1)
			}
		}, Particles: 100000, Step: 0.01, Seed: 2}, 0.3, 1)
	for _, e := range e {
		left := math.Exp(-d * math.Pi * math.Pi / 4 * e.Time)
		near(t, "mass", e, of(constant(1)), left)
		near(t, "∫ x² p", e, of(func(x float64) float64 { return x * x }), left*(1-8/(math.Pi*math.Pi)))
	}
}

// With constant drift v the upper end of (−1, 1) is left with probability
// (1 − e^(−q(1+x)))/(1 − e^(−2q)), q = v/D. The bridge is exact for one wall.
func TestExitSideHasItsProbability(t *testing.T) {
	const v, d, start = 0.8, 0.5, -0.3
	e := run(t, validate.Paths{Process: line(constant(v), constant(d)), Axes: []grid.Axis{axis(-1, 1, 4, A, A)},
		Initial: from(start), Particles: 40000, Step: 0.02, Seed: 3}, 20)[0]
	if i := slices.Index(e.Alive, true); i >= 0 {
		t.Fatalf("particle %d is still alive at %v", i, e.X[0][i])
	}
	up := 0.0
	for _, x := range e.X[0] {
		if x != 1 && x != -1 {
			t.Fatalf("a lost particle stays at %v, want on a wall", x)
		}
		up += (x + 1) / 2
	}
	up /= float64(len(e.Alive))
	want := (1 - math.Exp(-v/d*(1+start))) / (1 - math.Exp(-2*v/d))
	if se := math.Sqrt(want * (1 - want) / float64(len(e.Alive))); math.Abs(up-want) > 4*se {
		t.Errorf("upper end left with probability %v ± %v, want %v", up, se, want)
	}
}

// Brownian motion with drift −v on (0, ∞) settles in an exponential law; the
// push is exact however long the step.
func TestReflectingWallCarriesMass(t *testing.T) {
	const v, d = 1.0, 1.0
	e := run(t, validate.Paths{Process: line(constant(-v), constant(d)), Axes: []grid.Axis{axis(0, 40, 4, R, R)},
		Initial: func(x [][]float64, r *rand.Rand) {
			for i := range x[0] {
				x[0][i] = min(r.ExpFloat64(), 40)
			}
		}, Particles: 100000, Step: 0.5, Seed: 4}, 4)[0]
	near(t, "E x", e, of(func(x float64) float64 { return x }), d/v)
	near(t, "E x²", e, of(func(x float64) float64 { return x * x }), 2)
	near(t, "P(x < 0.1)", e, of(func(x float64) float64 {
		if x < 0.1 {
			return 1
		}
		return 0
	}), 1-math.Exp(-0.1))
}

// A wall through the mean of a Gaussian leaves half of it: E x = √(2/π) σ; the
// step's bias is of order dt.
func TestReflectingWallKeepsHalfAGaussian(t *testing.T) {
	const dt = 0.004
	e := run(t, validate.Paths{Process: line(func(x float64) float64 { return -x }, constant(1)), Axes: []grid.Axis{axis(0, 20, 4, R, R)},
		Initial: func(x [][]float64, r *rand.Rand) {
			for i := range x[0] {
				x[0][i] = math.Abs(r.NormFloat64())
			}
		}, Particles: 50000, Step: dt, Seed: 5}, 1)[0]
	near(t, "E x", e, of(func(x float64) float64 { return x }), math.Sqrt(2/math.Pi))
	near(t, "E x²", e, of(func(x float64) float64 { return x * x }), 1)
}

// Correlated noise is pushed along Dn: without drift the law stays uniform.
func TestPushAlongDnKeepsTheUniformLaw(t *testing.T) {
	p := operators.Pointwise{Dimension: 2, Noises: 2, DriftAt: func(_, _ []float64, _ float64) {},
		NoiseAt: func(s, _ []float64, _ float64) { copy(s, []float64{1, 0, 0.8, 0.6}) }}
	a := axis(0, 1, 4, R, R)
	e := run(t, validate.Paths{Process: p, Axes: []grid.Axis{a, axis(0, 1, 4, P, P)},
		Initial: func(x [][]float64, r *rand.Rand) {
			for i := range x[0] {
				x[0][i], x[1][i] = r.Float64(), r.Float64()
			}
		}, Particles: 50000, Step: 0.005, Seed: 6}, 0.25)[0]
	near(t, "E x²", e, of(func(x float64) float64 { return x * x }), 1.0/3)
	near(t, "E cos 2π(y − x)", e, func(out []float64, x [][]float64) {
		for i := range out {
			out[i] = math.Cos(2 * math.Pi * (x[1][i] - x[0][i]))
		}
	}, 0)
}

// On a tilted circle the law has the constant current J of Stratonovich (1958).
// The mean drift along it is J L, here from the grid at order 2.
func TestPeriodicAxisCarriesACurrent(t *testing.T) {
	const f, d = 1.3, 0.7
	b := func(x float64) float64 { return f + math.Pi*math.Sin(2*math.Pi*x) } // −U′ + f, U = cos(2πx)/2
	p := line(b, constant(d))
	current := func(n int) float64 {
		g, err := grid.New(axis(0, 1, n, P, P))
		if err != nil {
			t.Fatal(err)
		}
		q, err := operators.Build(g, 0, 1, operators.Transport{Process: p})
		if err != nil {
			t.Fatal(err)
		}
		law, err := solvers.Stationary(q, nil)
		if err != nil {
			t.Fatal(err)
		}
		flow := make([]float64, n+1)
		q.Current(0, flow, law.Mass)
		return flow[0]
	}
	coarse, fine := current(100), current(200)
	e := run(t, validate.Paths{Process: p, Axes: []grid.Axis{axis(0, 1, 4, P, P)}, Initial: from(0.5), Particles: 20000, Step: 0.002, Seed: 7}, 1)[0]
	for _, x := range e.X[0] {
		if !(x >= 0 && x <= 1) {
			t.Fatalf("a particle is at %v, want in [0, 1]", x)
		}
	}
	near(t, "E b", e, of(b), fine+(fine-coarse)/3)
}

func TestKillingLeavesTheExponentOfTheRate(t *testing.T) {
	const dt = 0.02
	e := run(t, validate.Paths{Process: line(constant(0), constant(0)), Axes: []grid.Axis{axis(0, 1, 4, R, R)}, Initial: from(0.3),
		Killing: func(k []float64, x [][]float64, time float64) {
			for i := range k {
				k[i] = x[0][i] + 2*time // the trapezoidal rule is exact
			}
		}, Particles: 100000, Step: dt, Seed: 8}, 0.5, 1)
	for _, e := range e {
		near(t, "survival", e, of(constant(1)), math.Exp(-0.3*e.Time-e.Time*e.Time))
	}
}

// Brownian motion killed at rate x²: E exp(−∫₀ᵗ X²) = (cosh √2 t)^(−1/2).
func TestKillingAlongBrownianPaths(t *testing.T) {
	e := run(t, validate.Paths{Process: line(constant(0), constant(0.5)), Axes: []grid.Axis{axis(-20, 20, 4, R, R)}, Initial: from(0),
		Killing: func(k []float64, x [][]float64, _ float64) {
			for i, v := range x[0] {
				k[i] = v * v
			}
		}, Particles: 100000, Step: 0.01, Seed: 9}, 1)[0]
	near(t, "survival", e, of(constant(1)), 1/math.Sqrt(math.Cosh(math.Sqrt2))) // Cameron and Martin 1945
}

// Nothing crosses a closed face, at an end, inside, or on a circle, however
// rough the step; every particle stays in its room.
func TestClosedFacesAreNotCrossed(t *testing.T) {
	p := line(constant(0.3), func(x float64) float64 { return 0.02 })
	for _, c := range []struct {
		name  string
		axis  grid.Axis
		rooms func(x float64) int
	}{
		{"inside", axis(0, 4, 4, R, R, 1, 3), func(x float64) int { return map[bool]int{true: 1}[x > 1] + map[bool]int{true: 1}[x > 3] }},
		{"absorbing end", axis(0, 4, 4, A, A, 0, 4), func(float64) int { return 0 }},
		{"circle", axis(0, 4, 4, P, P, 1, 3), func(x float64) int { return map[bool]int{true: 1}[x > 1 && x < 3] }},
		{"seam of a circle", axis(0, 4, 4, P, P, 0, 2), func(x float64) int { return map[bool]int{true: 1}[x > 2] }},
	} {
		e := run(t, validate.Paths{Process: p, Axes: []grid.Axis{c.axis}, Particles: 5000, Step: 0.1, Seed: 10,
			Initial: func(x [][]float64, r *rand.Rand) {
				for i := range x[0] {
					x[0][i] = 4 * r.Float64()
				}
			}}, 0, 20)
		for i, x := range e[1].X[0] {
			if c.rooms(x) != c.rooms(e[0].X[0][i]) || !e[1].Alive[i] {
				t.Errorf("%s: particle %d went from %v to %v, alive %v", c.name, i, e[0].X[0][i], x, e[1].Alive[i])
			}
		}
	}
}

// hop is an algorithm that moves by 1.
type hop struct{}

func (hop) Start(int, *rand.Rand) func(x [][]float64) {
	return func(x [][]float64) {
		for i := range x[0] {
			x[0][i]++
		}
	}
}

// An equation does not cross a closed face, the steps that it stands for may.
func TestAlgorithmsCrossClosedFaces(t *testing.T) {
	e := run(t, validate.Paths{Process: line(constant(0), constant(0)), Algorithm: hop{}, Axes: []grid.Axis{axis(0, 4, 4, R, R, 1, 2)}, Particles: 10, Step: 1,
		Initial: func(x [][]float64, _ *rand.Rand) {
			for i := range x[0] {
				x[0][i] = 0.5
			}
		}}, 2)
	for i, x := range e[0].X[0] {
		if x != 2.5 {
			t.Errorf("particle %d is at %v, want 2.5", i, x)
		}
	}
}

func TestAnyNumberOfWorkersGivesTheSameBits(t *testing.T) {
	var want []validate.Ensemble
	for _, workers := range []int{1, 2, 7} {
		p := plane(6*4096+17, 0.05, 11) // seven blocks, the last one short
		p.Axes[1].Ends = [2]grid.Boundary{R, A}
		p.Killing = func(k []float64, x [][]float64, _ float64) {
			for i := range k {
				k[i] = x[1][i] * x[1][i]
			}
		}
		p.Workers = workers
		got := run(t, p, 0.3, 1)
		if want == nil {
			want = got
		}
		for j := range want {
			if !slices.Equal(got[j].X[0], want[j].X[0]) || !slices.Equal(got[j].X[1], want[j].X[1]) || !slices.Equal(got[j].Alive, want[j].Alive) {
				t.Errorf("%d workers: other bits at time %v", workers, want[j].Time)
			}
		}
	}
	if got, _ := want[1].Mean(of(constant(1))); got == 0 || got == 1 {
		t.Errorf("a share of %v is alive, want some lost and some not", got)
	}
}

// plane is b = (x − x³ − y/2, −y + (x³ − x)/2 + 0.3 sin x) with
// D = diag(0.1(1 + 0.25 x²/(1+x²)), 0.05(1 + 0.5 e^(−y²))).
func plane(particles int, step float64, seed uint64) validate.Paths {
	p := process{dim: 2,
		b: func(b, c [][]float64) {
			for i, x := range c[0] {
				y := c[1][i]
				b[0][i], b[1][i] = x-x*x*x-y/2, -y+(x*x*x-x)/2+0.3*math.Sin(x)
			}
		},
		d: func(d, c [][]float64) {
			for i, x := range c[0] {
				y := c[1][i]
				d[0][i], d[3][i] = 0.1*(1+0.25*x*x/(1+x*x)), 0.05*(1+0.5*math.Exp(-y*y))
			}
		}}
	return validate.Paths{Process: p, Axes: []grid.Axis{axis(-2.5, 2.5, 64, R, R), axis(-2, 2, 64, R, R)},
		Initial: func(x [][]float64, r *rand.Rand) {
			for i := range x[0] {
				x[0][i], x[1][i] = 2*r.Float64()-1, r.Float64()-0.5
			}
		}, Particles: particles, Step: step, Seed: seed}
}

// Three answers to one question: a spectral solution of order 40, paths at two
// steps, and the grid at two meshes, all from one process.
func TestGridAndPathsAgree(t *testing.T) {
	product := func(k, l int) func(out []float64, x [][]float64) {
		return func(out []float64, x [][]float64) {
			for i := range out {
				out[i] = x[k][i] * x[l][i]
			}
		}
	}
	const dt = 0.04
	coarse, fine := plane(30000, dt, 12), plane(30000, dt/2, 13)
	rough, smooth := run(t, coarse, 8)[0], run(t, fine, 8)[0]
	for _, c := range []struct {
		name string
		phi  func(out []float64, x [][]float64)
		want float64
	}{
		{"xx", product(0, 0), 0.75479005852}, {"xy", product(0, 1), 0.14819130212}, {"yy", product(1, 1), 0.11147401167},
	} {
		half := onGrid(t, fine, 64, c.phi)
		whole := onGrid(t, fine, 128, c.phi)
		fromGrid, gridError := whole+(whole-half)/3, math.Abs(whole-half)/3
		if math.Abs(fromGrid-c.want) > gridError/10 {
			t.Errorf("E %s from the grid, extrapolated, = %v, want %v within a tenth of the correction %v", c.name, fromGrid, c.want, gridError)
		}
		a, sa := rough.Mean(c.phi)
		b, sb := smooth.Mean(c.phi)
		paths, se := 2*b-a, math.Hypot(2*sb, sa) // the bias is of order dt
		t.Logf("E %s: paths %.5f ± %.5f, grid %.8f (128²: %.8f), want %.8f", c.name, paths, se, fromGrid, whole, c.want)
		if math.Abs(paths-fromGrid) > 4*se {
			t.Errorf("E %s = %v ± %v on paths, %v on the grid", c.name, paths, se, fromGrid)
		}
	}
}

func onGrid(t *testing.T, p validate.Paths, n int, phi func(out []float64, x [][]float64)) (sum float64) {
	t.Helper()
	g, err := grid.New(axis(-2.5, 2.5, n, R, R), axis(-2, 2, n, R, R))
	if err != nil {
		t.Fatal(err)
	}
	q, err := operators.Build(g, 0, 1, operators.Transport{Process: p.Process})
	if err != nil {
		t.Fatal(err)
	}
	law, err := solvers.Stationary(q, nil)
	if err != nil {
		t.Fatal(err)
	}
	x, f := operators.Columns(2, g.Size()), make([]float64, g.Size())
	g.Points(x, grid.Range{Hi: g.Size()})
	phi(f, x)
	for i, m := range law.Mass {
		sum += m * f[i]
	}
	return sum
}

func TestStepsEndOnTheAskedTimes(t *testing.T) {
	var asked []float64
	p := validate.Paths{Process: line(constant(1), constant(0)), Axes: []grid.Axis{axis(0, 10, 2, R, R)}, Initial: from(0), Particles: 2, Step: 0.1, Workers: 1,
		Killing: func(_ []float64, _ [][]float64, time float64) { asked = append(asked, time) }}
	e := run(t, p, 0, 0.25, 0.25, 0.55)
	for _, want := range []float64{0, 0.25, 0.55} {
		if !slices.Contains(asked, want) {
			t.Errorf("no step ends at %v: %v", want, asked)
		}
	}
	if len(asked) != 1+3+3 {
		t.Errorf("%d times %v, want the start and 3 steps twice", len(asked), asked)
	}
	if got := e[3].X[0][1]; math.Abs(got-0.55) > 1e-15 {
		t.Errorf("x = %v at 0.55", got)
	}
}

func TestRunRefuses(t *testing.T) {
	good := validate.Paths{Process: line(constant(0), constant(1)), Axes: []grid.Axis{axis(-1, 1, 4, R, R)}, Initial: from(0), Particles: 10, Step: 0.1}
	for _, c := range []struct {
		name  string
		spoil func(p *validate.Paths)
		times []float64
		want  string
	}{
		{"one particle", func(p *validate.Paths) { p.Particles = 1 }, []float64{1}, "1 particles, expected at least 2"},
		{"no step", func(p *validate.Paths) { p.Step = 0 }, []float64{1}, "a step of 0"},
		{"two axes", func(p *validate.Paths) { p.Axes = append(p.Axes, p.Axes[0]) }, []float64{1}, "2 axes for a process in 1 dimensions"},
		{"bad axis", func(p *validate.Paths) { p.Axes = []grid.Axis{{Name: "x"}} }, []float64{1}, `axis "x": found 0 edges`},
		{"time before 0", func(p *validate.Paths) {}, []float64{-1}, "time -1 after 0"},
		{"times that fall", func(p *validate.Paths) {}, []float64{2, 1}, "time 1 after 2"},
		{"start outside", func(p *validate.Paths) { p.Initial = from(3) }, []float64{1}, "starts at 3 on axis"},
		{"blow-up", func(p *validate.Paths) { p.Process = line(func(x float64) float64 { return math.Inf(1) }, constant(1)) }, []float64{1}, "is too long"},
		{"not a number", func(p *validate.Paths) { p.Process = line(math.Log, constant(1)) }, []float64{1}, "is too long"},
		{"over both walls", func(p *validate.Paths) { p.Particles, p.Step, p.Axes[0].Closed = 1000, 1, []int{1, 2} }, []float64{1}, "is too long"},
		{"negative killing", func(p *validate.Paths) {
			p.Killing = func(k []float64, _ [][]float64, _ float64) { k[0] = -1 }
		}, []float64{1}, "killing at rate -1"},
	} {
		p := good
		p.Axes = slices.Clone(good.Axes)
		c.spoil(&p)
		_, err := p.Run(context.Background(), c.times, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want …%s…", c.name, err, c.want)
		}
	}
}

func TestRunCanBeCancelledAndTellsProgress(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p := plane(10000, 0.01, 1)
	if _, err := p.Run(ctx, []float64{1}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	var done []float64
	if _, err := p.Run(context.Background(), []float64{0.1}, func(f float64) { done = append(done, f) }); err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(done) || done[len(done)-1] != 1 {
		t.Errorf("progress %v, want rising to 1", done)
	}
}

func TestStepsAllocateNothing(t *testing.T) {
	p := plane(4096, 0.01, 1)
	p.Workers = 1
	p.Axes[0].Ends, p.Axes[0].Closed = [2]grid.Boundary{A, R}, []int{32}
	p.Killing = func(k []float64, x [][]float64, _ float64) { clear(k) }
	per := func(time float64) float64 {
		return testing.AllocsPerRun(5, func() { run(t, p, time) })
	}
	// Goroutines may cost one or two at random; a hundred steps would show.
	if short, long := per(0.1), per(1.1); long-short > 10 {
		t.Errorf("%v allocations in 10 steps, %v in 110, want as many", short, long)
	}
}

func ExamplePaths_Run() {
	brownian := operators.Pointwise{Dimension: 1, Noises: 1,
		DriftAt: func(b, x []float64, t float64) { b[0] = 0 },
		NoiseAt: func(s, x []float64, t float64) { s[0] = 1 }}
	p := validate.Paths{Process: brownian,
		Axes:      []grid.Axis{{Name: "x", Edges: []float64{-1, 0, 1}, Ends: [2]grid.Boundary{grid.Absorbing, grid.Absorbing}}},
		Initial:   func(x [][]float64, r *rand.Rand) { clear(x[0]) },
		Particles: 100000, Step: 0.01, Seed: 1}
	law, _ := p.Run(context.Background(), []float64{1}, nil)
	mass, _ := law[0].Mean(func(f []float64, x [][]float64) {
		for i := range f {
			f[i] = 1
		}
	})
	fmt.Printf("still inside: %.2f\n", mass) // 4/π e^(−π²/8) = 0.371
	// Output:
	// still inside: 0.37
}
