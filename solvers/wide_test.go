package solvers

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"fokker/grid"
	"fokker/operators"
	"fokker/solvers/multigrid"
)

// tensorial is a process with drift b and diffusion tensor d, row-major.
type tensorial struct {
	operators.Pointwise
	tensor func(d, x []float64)
}

func (p tensorial) Diffusion(d, x [][]float64, _ float64) {
	at, out := make([]float64, len(x)), make([]float64, len(d))
	for i := range x[0] {
		for k := range x {
			at[k] = x[k][i]
		}
		p.tensor(out, at)
		for k := range d {
			d[k][i] = out[k]
		}
	}
}

// ellipse writes the tensor with eigenvalues 1 and small, the first along an
// angle, into the first two of dim axes.
func ellipse(d []float64, dim int, angle, small float64) {
	c, s := math.Cos(angle), math.Sin(angle)
	d[0], d[dim+1] = c*c+small*s*s, s*s+small*c*c
	d[1] = (1 - small) * s * c
	d[dim] = d[1]
}

// correlation95 is the ratio of the eigenvalues of a tensor of correlation 0.95
// and equal diagonal.
const correlation95 = 0.05 / 1.95

// example is a process whose jumps are wide.
type example struct {
	half   []float64 // axes are −half … half
	ring   int       // the first so many are periodic
	b      func(b, x []float64)
	d      func(d, x []float64)
	couple []int // axes
}

func (e example) build(t testing.TB, cells ...int) *operators.Block {
	t.Helper()
	var axes []grid.Axis
	for k, n := range cells {
		edges, _, err := grid.Uniform().Edges(-e.half[k], e.half[k], n)
		if err != nil {
			t.Fatal(err)
		}
		a := grid.Axis{Name: string(rune('x' + k)), Edges: edges}
		if k < e.ring {
			a.Ends = [2]grid.Boundary{grid.Periodic, grid.Periodic}
		}
		axes = append(axes, a)
	}
	g, err := grid.New(axes...)
	if err != nil {
		t.Fatal(err)
	}
	dim := len(cells)
	p := tensorial{operators.Pointwise{Dimension: dim, DriftAt: func(b, x []float64, _ float64) { e.b(b, x) }}, e.d}
	terms := []operators.Term{operators.Coupled{Process: p, Axes: e.couple}}
	for k := range dim {
		if k >= len(e.couple) {
			terms = append(terms, operators.Transport{Process: p, Axes: []int{k}})
		}
	}
	q, err := operators.Build(g, 0, 2, terms...)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, near := q.Neighbors(0); near {
		t.Fatal("all jumps are to neighbours")
	}
	return q
}

func whirl(speed float64) func(b, x []float64) {
	return func(b, x []float64) { b[0], b[1] = -x[0]+speed*x[1], -x[1]-speed*x[0] }
}

var plane = []int{0, 1}

var (
	aligned = example{half: []float64{4.5, 4.5}, couple: plane, b: whirl(0.5),
		d: func(d, _ []float64) { ellipse(d, 2, math.Pi/4, correlation95) }}
	turning = example{half: []float64{4.5, 4.5}, couple: plane, b: whirl(0.4),
		d: func(d, x []float64) { ellipse(d, 2, 0.44*(x[0]+x[1])+2.3, correlation95) }}
	circling = example{half: []float64{5, 5}, couple: plane, b: whirl(20),
		d: func(d, _ []float64) { ellipse(d, 2, math.Pi/4, 0.05) }}
	// label noise of a net of two weights (Ziyin, Li and Ueda 2023) with decay of
	// the weights, and a little noise in all directions
	regularised = example{half: []float64{3, 3}, couple: plane,
		b: func(b, x []float64) {
			b[0], b[1] = -x[1]*(x[0]*x[1]-1)-0.1*x[0], -x[0]*(x[0]*x[1]-1)-0.1*x[1]
		},
		d: func(d, x []float64) {
			d[0], d[3], d[1] = 0.25*x[1]*x[1]+0.01, 0.25*x[0]*x[0]+0.01, 0.25*x[0]*x[1]
			d[2] = d[1]
		}}
	// the same without either: the law has a maximum on each branch of |u| = |v|
	singular = example{half: []float64{3, 3}, couple: plane,
		b: func(b, x []float64) { b[0], b[1] = -x[1]*(x[0]*x[1]-1), -x[0]*(x[0]*x[1]-1) },
		d: func(d, x []float64) {
			d[0], d[3], d[1] = 0.25*x[1]*x[1], 0.25*x[0]*x[0], 0.25*x[0]*x[1]
			d[2] = d[1]
		}}
	limitCycle = example{half: []float64{4, 4}, couple: plane,
		b: func(b, x []float64) { b[0], b[1] = x[1], (1-x[0]*x[0])*x[1]-x[0] },
		d: func(d, _ []float64) { d[0], d[1], d[2], d[3] = 0.02, 0.018, 0.018, 0.02 }}
	periodic = example{half: []float64{math.Pi, math.Pi}, ring: 2, couple: plane,
		b: func(b, x []float64) { b[0], b[1] = 1+math.Sin(x[0])+0.5*math.Cos(x[1]), 0.5*math.Sin(x[0]+x[1]) },
		d: func(d, x []float64) { ellipse(d, 2, math.Sin(x[0]), 0.05) }}
	walls = example{half: []float64{1, 1}, couple: plane,
		b: func(b, _ []float64) { b[0], b[1] = 2, 1 },
		d: func(d, _ []float64) { ellipse(d, 2, -math.Pi/4, 0.005) }}
	// a swimmer in a trap whose noise is along its heading
	swimmer = example{half: []float64{4, 4, math.Pi}, couple: plane,
		b: func(b, x []float64) { b[0], b[1], b[2] = 2*math.Cos(x[2])-x[0], 2*math.Sin(x[2])-x[1], 0 },
		d: func(d, x []float64) {
			clear(d)
			ellipse(d, 3, x[2], 0.2)
			d[8] = 0.5
		}}
	space = example{half: []float64{4, 4, 4}, couple: []int{0, 1, 2},
		b: func(b, x []float64) { b[0], b[1], b[2] = -x[0]+0.5*x[1], -x[1]-0.5*x[0], -x[2] },
		d: func(d, x []float64) {
			s := 0.5 * math.Sin(x[0])
			copy(d, []float64{1, 0.8, s, 0.8, 1, 0.8 * s, s, 0.8 * s, 1})
		}}
)

// well is two wells along a line, in noise that joins both axes.
func well(temperature float64) example {
	return example{half: []float64{2, 2}, couple: plane,
		b: func(b, x []float64) { b[0], b[1] = x[0]-x[0]*x[0]*x[0]+0.2*x[1], -x[1]+0.1*x[0] },
		d: func(d, _ []float64) {
			d[0], d[1], d[2], d[3] = temperature, 0.7*temperature, 0.7*temperature, temperature
		}}
}

// Elimination is right entry by entry, so its law is the reference.
func TestWideJumpsHaveTheLawOfElimination(t *testing.T) {
	for _, c := range []struct {
		name   string
		of     example
		cells  []int
		cycles int // at 1e-6, as measured, and two more
	}{
		{"aligned", aligned, []int{128, 128}, 6},
		{"turning", turning, []int{128, 128}, 9},
		{"cells cut", turning, []int{101, 93}, 9},
		{"circling", circling, []int{128, 128}, 15},
		{"regularised", regularised, []int{128, 128}, 7},
		{"limit cycle", limitCycle, []int{160, 160}, 10},
		{"periodic", periodic, []int{96, 96}, 7},
		{"odd periodic", periodic, []int{81, 81}, 7},
		{"walls", walls, []int{96, 96}, 4},
		{"wells", well(0.03), []int{128, 128}, 9},
		{"swimmer", swimmer, []int{24, 24, 28}, 9},
		{"space", space, []int{27, 24, 24}, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := c.of.build(t, c.cells...)
			want := stationary(t, q, &Settings{Method: "gth"}).Mass
			for _, tolerance := range []float64{1e-4, 1e-6, 1e-9} {
				got := stationary(t, q, &Settings{Method: "multigrid", Tolerance: tolerance})
				d := distance(got.Mass, want)
				t.Logf("tolerance %.0e: error %.1e, residual %.1e, %d cycles, %.0f work units, %s", tolerance, d, got.Residual, got.Iterations, got.WorkUnits, got.Method)
				if d > tolerance {
					t.Errorf("tolerance %v: error %v", tolerance, d)
				}
				if tolerance == 1e-6 && got.Iterations > c.cycles {
					t.Errorf("%d cycles, want at most %d", got.Iterations, c.cycles)
				}
				for i, m := range got.Mass {
					if !(m >= 0) {
						t.Fatalf("mass of cell %d is %v", i, m)
					}
				}
			}
		})
	}
}

func distance(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += math.Abs(a[i] - b[i])
	}
	return s
}

// The work grows no faster than the number of cells: 150 units is what full
// multigrid of a five-point operator with a small factor takes.
func TestWideJumpsTakeBoundedWork(t *testing.T) {
	for _, c := range []struct {
		name  string
		of    example
		cells []int
		work  float64
	}{
		{"aligned", aligned, []int{512, 512}, 75},
		{"turning", turning, []int{512, 512}, 150},
		{"space", space, []int{48, 48, 48}, 150},
	} {
		r := stationary(t, c.of.build(t, c.cells...), &Settings{Method: "multigrid", Tolerance: 1e-6})
		t.Logf("%s: %d cycles, %.0f work units", c.name, r.Iterations, r.WorkUnits)
		if r.WorkUnits > c.work {
			t.Errorf("%s: %.0f work units, want at most %v", c.name, r.WorkUnits, c.work)
		}
	}
}

func TestWideLawsAreTheSameBitsForAnyWorkers(t *testing.T) {
	for name, q := range map[string]*operators.Block{
		"turning": turning.build(t, 256, 230), "periodic": periodic.build(t, 250, 250), "swimmer": swimmer.build(t, 32, 32, 32),
	} {
		want := stationary(t, q, &Settings{Method: "multigrid", Workers: 1}).Mass
		for _, workers := range []int{2, 7} {
			got := stationary(t, q, &Settings{Method: "multigrid", Workers: workers}).Mass
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%s: %d workers: mass of cell %d is %v, want %v", name, workers, i, got[i], want[i])
				}
			}
		}
	}
}

// net is a diagonal net under label noise (Pesme, Pillaud-Vivien and Flammarion
// 2021), in the logarithms of its weights: constant noise along one direction.
var net = example{half: []float64{2.25, 2.5}, couple: plane,
	b: func(b, x []float64) {
		r := math.Exp(2*x[0]-2.5) + 2*math.Exp(2*x[1]-4) - 1
		b[0], b[1] = -2*r-0.2, -4*r-0.8
	},
	d: func(d, _ []float64) { d[0], d[1], d[2], d[3] = 0.2, 0.4, 0.4, 0.8 }}

// Where noise is of rank one only the mesh joins the parts of the law, at rates
// that rounding hides from balances. Elimination is right entry by entry, and the
// law of joined cells is as near to it as it says, in every mass.
func TestSingularNoiseJoinsCells(t *testing.T) {
	for _, c := range []struct {
		name   string
		of     example
		cells  []int
		cycles int // at 1e-8, as measured, and a third more
	}{
		{"singular", singular, []int{126, 110}, 40}, // of a square mesh the diagonal is a class of its own
		{"net", net, []int{128, 120}, 35},
	} {
		q := c.of.build(t, c.cells...)
		want := stationary(t, q, &Settings{Method: "gth"}).Mass
		for _, tolerance := range []float64{1e-4, 1e-8} {
			got := stationary(t, q, &Settings{Method: "multigrid", Tolerance: tolerance})
			if got.Method != "multigrid (W cycles, joined cells)" {
				t.Errorf("%s: method %q, want joined cells", c.name, got.Method)
			}
			if tolerance == 1e-8 && got.Iterations > c.cycles {
				t.Errorf("%s: %d cycles, want at most %d", c.name, got.Iterations, c.cycles)
			}
			for i, m := range got.Mass {
				if d := math.Abs(m/want[i] - 1); d > tolerance {
					t.Fatalf("%s: mass of cell %d is %v, want %v to %v", c.name, i, m, want[i], tolerance)
				}
			}
			t.Logf("%s: error %.1e, %d cycles, %.0f work units", c.name, distance(got.Mass, want), got.Iterations, got.WorkUnits)
		}
	}
}

// Left to itself, the cheaper of joining cells and eliminating follows coarser
// grids that are of no use.
func TestTheCheaperFollowsCoarserGrids(t *testing.T) {
	if got := stationary(t, singular.build(t, 144, 142), nil); got.Method != "multigrid (W cycles, joined cells)" {
		t.Errorf("method %q, want joined cells", got.Method)
	}
	if got := stationary(t, well(0.01).build(t, 256, 256), nil); !strings.HasPrefix(got.Method, "gth (multigrid stalled") {
		t.Errorf("method %q, want gth after multigrid", got.Method)
	}
}

// unfit returns why coarser grids are of no use.
func unfit(t *testing.T, q multigrid.Wide) error {
	t.Helper()
	task, err := newTask(q, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = task.multigrid(q, multigrid.Options{Tolerance: 1e-6})
	var stalled *multigrid.Stalled
	if !errors.As(err, &stalled) {
		t.Fatalf("error %v, want Stalled", err)
	}
	return stalled.Cause
}

// At T = 0.01 the wells exchange about e^(−30) of their mass per unit time, and
// 1e-16 of that of a cell at a rate of 1e3 is more.
func TestSharesThatRoundingHidesAreNotConverged(t *testing.T) {
	if err := unfit(t, well(0.01).build(t, 256, 256)); err == nil || !strings.Contains(err.Error(), "rounding") {
		t.Errorf("error %v, want rounding", err)
	}
}

// stubborn cannot be discretised on another grid.
type stubborn struct{ *operators.Block }

var errStubborn = errors.New("no")

func (stubborn) On(*grid.Grid) (operators.Generator, error) { return nil, errStubborn }

// Without coarser grids cells are joined still.
func TestWideJumpsNeedACoarseGrid(t *testing.T) {
	q := stubborn{aligned.build(t, 96, 96)}
	if err := unfit(t, q); !errors.Is(err, errStubborn) {
		t.Errorf("error %v, want the reason that On gives", err)
	}
	got, want := stationary(t, q, &Settings{Method: "multigrid"}).Mass, stationary(t, q, &Settings{Method: "gth"}).Mass
	if d := distance(got, want); d > 1e-8 {
		t.Errorf("L1 distance to the law of elimination is %v", d)
	}
}

func TestWideCyclesCanBeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	q := turning.build(t, 128, 128)
	done := 0.0
	_, err := Stationary(q, &Settings{Method: "multigrid", Context: ctx, Progress: func(d float64) {
		if done = d; d > 0.3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || done == 1 {
		t.Errorf("error %v at progress %v, want Canceled before the end", err, done)
	}
	stationary(t, q, &Settings{Method: "multigrid", Progress: func(d float64) { done = d }})
	if done != 1 {
		t.Errorf("progress ended at %v, want 1", done)
	}
}

func BenchmarkWide(b *testing.B) {
	for _, c := range []struct {
		name  string
		of    example
		cells []int
	}{
		{"aligned/cells=262144", aligned, []int{512, 512}},
		{"turning/cells=262144", turning, []int{512, 512}},
		{"space/cells=262144", space, []int{64, 64, 64}},
	} {
		b.Run(c.name, func(b *testing.B) {
			q := c.of.build(b, c.cells...)
			b.ReportAllocs()
			var r *Law
			for b.Loop() {
				r = stationary(b, q, &Settings{Method: "multigrid", Tolerance: 1e-6, Workers: 1})
			}
			b.ReportMetric(float64(q.Size())*float64(b.N)/b.Elapsed().Seconds(), "unknowns/s")
			b.ReportMetric(r.WorkUnits, "workunits")
			b.ReportMetric(float64(b.Elapsed()/time.Duration(b.N))/float64(apply(q)), "applications")
		})
	}
}

// apply returns the time of Qᵀm.
func apply(q operators.Generator) time.Duration {
	m, flow := make([]float64, q.Size()), make([]float64, q.Size())
	for i := range m {
		m[i] = 1 / float64(len(m))
	}
	q.Forward(flow, m)
	const times = 20
	begin := time.Now()
	for range times {
		q.Forward(flow, m)
	}
	return time.Since(begin) / times
}
