package operators_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"fokker/grid"
	"fokker/operators"
	"fokker/operators/operatorstest"
	"fokker/solvers"
)

// turning has a diffusion tensor with eigenvalues 1 and ratio whose axes turn
// from point to point, and a drift towards the origin.
type turning struct {
	ratio, pull, spin float64
}

func (p turning) Dim() int     { return 2 }
func (p turning) Columns() int { return 2 }
func (p turning) Drift(b, x [][]float64, _ float64) {
	for i := range b[0] {
		b[0][i], b[1][i] = -p.pull*x[0][i], -p.pull*x[1][i]
	}
}
func (p turning) Noise(_, _ [][]float64, _ float64) { panic("grids prefer D") }
func (p turning) Diffusion(d, x [][]float64, _ float64) {
	for i := range d[0] {
		c, s := math.Cos(p.spin*(x[0][i]+x[1][i])), math.Sin(p.spin*(x[0][i]+x[1][i]))
		d[0][i], d[3][i] = c*c+p.ratio*s*s, s*s+p.ratio*c*c
		d[1][i] = c * s * (1 - p.ratio)
		d[2][i] = d[1][i]
	}
}

func box2(t *testing.T, n int, half float64, ends grid.Boundary, closed ...int) *grid.Grid {
	t.Helper()
	return box2By(t, grid.Uniform(), n, half, ends, closed...)
}

func box2By(t *testing.T, s grid.Spacing, n int, half float64, ends grid.Boundary, closed ...int) *grid.Grid {
	t.Helper()
	var axes []grid.Axis
	for _, name := range []string{"x", "y"} {
		edges, _, err := s.Edges(-half, half, n)
		if err != nil {
			t.Fatal(err)
		}
		axes = append(axes, grid.Axis{Name: name, Edges: edges, Ends: [2]grid.Boundary{ends, ends}})
	}
	axes[0].Closed = closed
	g, err := grid.New(axes...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestCoupledNoiseKeepsTheInvariants(t *testing.T) {
	for name, c := range map[string]struct {
		process turning
		ends    grid.Boundary
		closed  []int
		half    float64
	}{
		"correlation .95":     {turning{ratio: 1. / 39, spin: 1.3}, grid.Reflecting, nil, 2},
		"with drift":          {turning{ratio: 1. / 39, spin: 1.3, pull: 1}, grid.Reflecting, nil, 2},
		"strong drift":        {turning{ratio: 1. / 39, spin: 1.3, pull: 300}, grid.Reflecting, nil, 2},
		"rank one":            {turning{ratio: 0, spin: 1.3, pull: 1}, grid.Reflecting, nil, 2},
		"rank one, absorbing": {turning{ratio: 0, spin: 1.3, pull: 1}, grid.Absorbing, nil, 2},
		"periodic":            {turning{ratio: 1e-3, spin: 1.3}, grid.Periodic, nil, 2},
		"closed face":         {turning{ratio: .1, spin: 1.3, pull: 1}, grid.Reflecting, []int{11}, 2},
		"graded":              {turning{ratio: 1. / 39, spin: 1.3, pull: 1}, grid.Reflecting, nil, 20},
		"graded, absorbing":   {turning{ratio: 0, spin: 1.3, pull: 1}, grid.Absorbing, nil, 20},
	} {
		t.Run(name, func(t *testing.T) {
			spacing := grid.Uniform()
			if c.half > 2 {
				spacing = grid.Sinh()
			}
			operatorstest.Generator(t, operatorstest.Promise{
				Grid:  box2By(t, spacing, 32, c.half, c.ends, c.closed...),
				Terms: []operators.Term{operators.Coupled{Process: c.process, Axes: []int{0, 1}}},
			})
		})
	}
}

// Rows are exact on x, y, and where D needs no offset beyond the radius and the
// drift is resolved, on x², xy, y².
func TestCoupledRowsHaveTheMomentsOfTheProcess(t *testing.T) {
	p := turning{ratio: 1. / 39, spin: 1.3, pull: .5}
	g := box2(t, 64, 2, grid.Reflecting)
	q, err := operators.Build(g, 0, 1, operators.Coupled{Process: p, Axes: []int{0, 1}, Radius: 20})
	if err != nil {
		t.Fatal(err)
	}
	n := g.Size()
	x, b, d := operators.Columns(2, n), operators.Columns(2, n), operators.Columns(4, n)
	g.Points(x, grid.Range{Hi: n})
	p.Drift(b, x, 0)
	p.Diffusion(d, x, 0)
	tested := 0
	for i := range n {
		if inner := func(k int) bool { return g.Along(k, i) >= 20 && g.Along(k, i) < 44 }; !inner(0) || !inner(1) {
			continue
		}
		tested++
		var first [2]float64
		var second [4]float64
		to, rate := q.Row(i)
		for e, j := range to {
			dx := [2]float64{x[0][j] - x[0][i], x[1][j] - x[1][i]}
			for k := range 2 {
				first[k] += rate[e] * dx[k]
				for l := range 2 {
					second[2*k+l] += rate[e] * dx[k] * dx[l]
				}
			}
		}
		for k := range 2 {
			if math.Abs(first[k]-b[k][i]) > 1e-11 {
				t.Fatalf("cell %d: drift %v, want %v", i, first[k], b[k][i])
			}
		}
		for k := range second {
			if math.Abs(second[k]-2*d[k][i]) > 1e-11 {
				t.Fatalf("cell %d: second moment %d is %v, want %v", i, k, second[k], 2*d[k][i])
			}
		}
	}
	if tested == 0 {
		t.Fatal("no cell was tested")
	}
}

// Σ of dX = −X dt + σ dW with constant D at an angle is D itself.
func TestAnisotropyOfAThousandKeepsTheCovariance(t *testing.T) {
	const ratio = 1e-3
	angle := math.Pi / 6
	c, s := math.Cos(angle), math.Sin(angle)
	want := [3]float64{c*c + ratio*s*s, c * s * (1 - ratio), s*s + ratio*c*c}
	var before float64
	for _, n := range []int{64, 128} {
		g := box2(t, n, 5, grid.Reflecting)
		p := straight{drift: -1, d: []float64{want[0], want[1], want[1], want[2]}}
		law := coupledLaw(t, g, p)
		got := secondMoments(g, law.Mass)
		miss := math.Hypot(math.Hypot(got[0]-want[0], got[2]-want[2]), math.Sqrt2*(got[1]-want[1]))
		t.Logf("%d²: Σ = %v, want %v: %.3g, %s %v", n, got, want, miss, law.Method, law.Elapsed)
		if n == 128 && miss > 0.01 {
			t.Errorf("128²: Σ = %v, want %v", got, want)
		}
		if n == 128 && miss >= before {
			t.Errorf("the error rose from %v to %v", before, miss)
		}
		before = miss
	}
}

// balanced is noise and drift along (v, u): of the lines |u| = |v| the drift leads out
// on u = v and towards 0 on u = −v.
type balanced struct{}

func (balanced) Dim() int                          { return 2 }
func (balanced) Columns() int                      { return 2 }
func (balanced) Noise(_, _ [][]float64, _ float64) { panic("grids prefer D") }
func (balanced) Drift(b, x [][]float64, _ float64) {
	for i := range b[0] {
		w := 1 - x[0][i]*x[1][i]
		b[0][i], b[1][i] = w*x[1][i], w*x[0][i]
	}
}
func (balanced) Diffusion(d, x [][]float64, _ float64) {
	for i := range d[0] {
		u, v := x[0][i], x[1][i]
		d[0][i], d[1][i], d[2][i], d[3][i] = v*v/8, u*v/8, u*v/8, u*u/8
	}
}

// On cells of u = v noise leads to no others, to the last digit. On u = −v the drift
// ends at 0, and what follows it does not jump over to where it would come from.
func TestNoiseOfRankOneKeepsItsLines(t *testing.T) {
	for name, s := range map[string]grid.Spacing{"equal cells": grid.Uniform(), "graded": grid.Sinh()} {
		const n = 34
		g := box2By(t, s, n, 2.7, grid.Reflecting)
		q, err := operators.Build(g, 0, 1, operators.Coupled{Process: balanced{}, Axes: []int{0, 1}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			to, rate := q.Row(g.Cell([]int{i, i}))
			for e, j := range to {
				if rate[e] > 0 && g.Along(0, j) != g.Along(1, j) {
					t.Errorf("%s: from cell %d of the diagonal to cell %d", name, i, j)
				}
			}
		}
		away := 0.0
		to, rate := q.Row(g.Cell([]int{n / 2, n/2 - 1}))
		for e, j := range to {
			if g.Along(0, j) == g.Along(1, j) {
				away += rate[e]
			}
		}
		if total := q.Exit()[g.Cell([]int{n / 2, n/2 - 1})]; !(away > total/2) {
			t.Errorf("%s: from beside 0 on the other diagonal %v of %v leads to u = v", name, away, total)
		}
	}
}

// Wherever on its way between two cells of u = −v the noise vanishes, what follows the
// drift does not get across 0.
func TestNoiseThatEndsOnTheWayIsSeen(t *testing.T) {
	const n = 34
	h := 5.4 / n
	for _, part := range []float64{.02, .15, 1. / 3, .7, .96} {
		var axes []grid.Axis
		for k, shift := range []float64{part * h, -part * h} {
			edges := make([]float64, n+1)
			for i := range edges {
				edges[i] = float64(i-n/2)*h + h/2 + shift
			}
			axes = append(axes, grid.Axis{Name: string(rune('x' + k)), Edges: edges})
		}
		g, err := grid.New(axes...)
		if err != nil {
			t.Fatal(err)
		}
		q, err := operators.Build(g, 0, 1, operators.Coupled{Process: balanced{}, Axes: []int{0, 1}})
		if err != nil {
			t.Fatal(err)
		}
		// v = −u on cells (i, n − 2 − i); 0 lies between those of i = n/2 − 2 and n/2 − 1
		before, after := g.Cell([]int{n/2 - 2, n / 2}), g.Cell([]int{n/2 - 1, n/2 - 1})
		if x := g.Centers(0); !(x[n/2-2] < 0 && x[n/2-1] > 0) || math.Abs(x[n/2-1]+g.Centers(1)[n/2-1]) > 1e-14 {
			t.Fatalf("centres at %v and %v, %v, want 0 between them on the diagonal", x[n/2-2], x[n/2-1], g.Centers(1)[n/2-1])
		}
		for from, across := range map[int]int{before: after, after: before} {
			to, rate := q.Row(from)
			if at := slices.Index(to, across); at >= 0 && rate[at] > 0 {
				t.Errorf("0 at %v of the way: a rate of %v from cell %d to cell %d, want none", part, rate[at], from, across)
			}
			if !(q.Exit()[from] > 0) {
				t.Errorf("0 at %v of the way: nothing leaves cell %d", part, from)
			}
		}
	}
}

// On graded cells the covariance of dX = −X dt + σ dW, which is D, is of second order.
func TestGradedCellsKeepTheOrder(t *testing.T) {
	p := straight{drift: -1, d: []float64{1, .8, .8, 1.5}}
	var miss []float64
	for _, n := range []int{40, 80, 160} {
		g := box2By(t, grid.Sinh(), n, 12, grid.Reflecting)
		law := coupledLaw(t, g, p)
		got := secondMoments(g, law.Mass)
		miss = append(miss, math.Hypot(math.Hypot(got[0]-1, got[2]-1.5), got[1]-.8))
	}
	t.Logf("errors of Σ %.3g", miss)
	for i := range 2 {
		if r := miss[i] / miss[i+1]; !(r > 3.5 && r < 4.6) {
			t.Errorf("errors %v, want a fourth by each halving", miss)
		}
	}
	_, err := operators.Build(twice(t, []float64{0, 1, 2, 3, 8, 13}), 0, 1, operators.Coupled{Process: p, Axes: []int{0, 1}})
	if err == nil || !strings.Contains(err.Error(), "a cell of width 1 is beside one of 5") {
		t.Errorf("%v", err)
	}
}

func twice(t *testing.T, edges []float64) *grid.Grid {
	t.Helper()
	g, err := grid.New(grid.Axis{Name: "x", Edges: edges}, grid.Axis{Name: "y", Edges: edges})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

type straight struct {
	drift float64
	d     []float64
}

func (p straight) Dim() int                          { return 2 }
func (p straight) Columns() int                      { return 2 }
func (p straight) Noise(_, _ [][]float64, _ float64) { panic("grids prefer D") }
func (p straight) Drift(b, x [][]float64, _ float64) {
	for k := range b {
		for i := range b[k] {
			b[k][i] = p.drift * x[k][i]
		}
	}
}
func (p straight) Diffusion(d, x [][]float64, _ float64) {
	for k := range d {
		for i := range d[k] {
			d[k][i] = p.d[k]
		}
	}
}

// across has constant noise along (1, 1) and a constant drift, most of it across.
type across struct{ straight }

func (across) Drift(b, _ [][]float64, _ float64) {
	for i := range b[0] {
		b[0][i], b[1][i] = 1, -0.5
	}
}

// Widths of equal cells differ by rounding, by which noise of rank one does not turn: on
// rings the uniform law stays.
func TestRoundingOfEdgesDoesNotTurnNoise(t *testing.T) {
	edges, _, err := grid.Uniform().Edges(0, 2*math.Pi, 64)
	if err != nil {
		t.Fatal(err)
	}
	ring := [2]grid.Boundary{grid.Periodic, grid.Periodic}
	g, err := grid.New(grid.Axis{Name: "x", Edges: edges, Ends: ring}, grid.Axis{Name: "y", Edges: edges, Ends: ring})
	if err != nil {
		t.Fatal(err)
	}
	q, err := operators.Build(g, 0, 1, operators.Coupled{Process: across{straight{d: []float64{.245, .245, .245, .245}}}, Axes: []int{0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	uniform, change := make([]float64, g.Size()), make([]float64, g.Size())
	for i := range uniform {
		uniform[i] = 1
	}
	q.Forward(change, uniform)
	for i, c := range change {
		if exit := q.Exit()[i]; math.Abs(c) > 1e-12*exit {
			t.Fatalf("the uniform law changes at the rate %v in cell %d, which is left at %v", c, i, exit)
		}
	}
}

// coupledLaw is the stationary law where noise couples two axes.
func coupledLaw(t *testing.T, g *grid.Grid, p operators.Process) *solvers.Law {
	t.Helper()
	q, err := operators.Build(g, 0, 2, operators.Coupled{Process: p, Axes: []int{0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	law, err := solvers.Stationary(q, nil)
	if err != nil {
		t.Fatal(err)
	}
	return law
}

func secondMoments(g *grid.Grid, m []float64) (out [3]float64) {
	x := operators.Columns(2, g.Size())
	g.Points(x, grid.Range{Hi: g.Size()})
	for i, v := range m {
		out[0] += v * x[0][i] * x[0][i]
		out[1] += v * x[0][i] * x[1][i]
		out[2] += v * x[1][i] * x[1][i]
	}
	return out
}

// twisted couples the first and third of four axes; the others have noise of
// their own.
type twisted struct{ turning }

func (p twisted) Dim() int     { return 4 }
func (p twisted) Columns() int { return 4 }
func (p twisted) Drift(b, x [][]float64, _ float64) {
	for k := range b {
		for i := range b[k] {
			b[k][i] = -x[k][i]
		}
	}
}
func (p twisted) Diffusion(d, x [][]float64, _ float64) {
	for k := range d {
		clear(d[k])
	}
	p.turning.Diffusion([][]float64{d[0], d[2], d[8], d[10]}, [][]float64{x[0], x[2]}, 0)
	for i := range d[0] {
		d[5][i], d[15][i] = 1, .5
	}
}

func TestTwoOfFourAxesAreCoupled(t *testing.T) {
	var axes []grid.Axis
	for _, name := range []string{"x", "y", "z", "w"} {
		edges, _, err := grid.Uniform().Edges(-2, 2, 7)
		if err != nil {
			t.Fatal(err)
		}
		axes = append(axes, grid.Axis{Name: name, Edges: edges})
	}
	g, err := grid.New(axes...)
	if err != nil {
		t.Fatal(err)
	}
	p := twisted{turning{ratio: .1, spin: 1}}
	operatorstest.Generator(t, operatorstest.Promise{Grid: g, Terms: []operators.Term{
		operators.Coupled{Process: p, Axes: []int{0, 2}}, operators.Transport{Process: p, Axes: []int{1, 3}},
	}})
}

// A constant tensor without drift leaves the uniform law alone, whatever offsets
// meet walls; only corners that no jump enters or leaves have none of it.
func TestConstantTensorKeepsTheUniformLaw(t *testing.T) {
	for name, d := range map[string][]float64{"correlation .95": {1, .95, .95, 1}, "correlation −.8": {1, -.8, -.8, 1}} {
		g := box2(t, 37, 1, grid.Reflecting)
		q, err := operators.Build(g, 0, 1, operators.Coupled{Process: straight{d: d}, Axes: []int{0, 1}})
		if err != nil {
			t.Fatal(err)
		}
		law, err := solvers.Stationary(q, nil)
		if err != nil || len(law.Classes) != 1 {
			t.Fatalf("%s: %v, %d classes, want one", name, err, len(law.Classes))
		}
		n := len(law.Classes[0].Cells)
		if n < g.Size()-12 {
			t.Errorf("%s: %d of %d cells have mass", name, n, g.Size())
		}
		for _, m := range law.Classes[0].Mass {
			if math.Abs(m*float64(n)-1) > 1e-12 {
				t.Fatalf("%s: a cell has %v of the uniform mass", name, m*float64(n))
			}
		}
	}
}

// σ = √(2D) is symmetric and σσᵀ/2 = D, also for a singular D.
func TestRootIsTheRoot(t *testing.T) {
	for _, d := range [][]float64{{2}, {1, .5, .5, 2}, {1, 2, 2, 4}, {0, 0, 0, 0}, {2, 1, 0, 1, 2, 1, 0, 1, 2}, {1, 1, 1, 1, 1, 1, 1, 1, 1}} {
		dim := int(math.Sqrt(float64(len(d))))
		in, s := operators.Columns(len(d), 1), operators.Columns(len(d), 1)
		for k := range d {
			in[k][0] = d[k]
		}
		operators.Root(s, in, dim)
		for k := range dim {
			for l := range dim {
				got := 0.0
				for c := range dim {
					got += s[k*dim+c][0] * s[l*dim+c][0] / 2
				}
				if math.Abs(got-d[k*dim+l]) > 1e-13 || math.Abs(s[k*dim+l][0]-s[l*dim+k][0]) > 1e-14 {
					t.Errorf("D = %v: entry %d %d of σσᵀ/2 is %v", d, k, l, got)
				}
			}
		}
	}
}
