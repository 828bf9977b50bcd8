package validate_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"sort"
	"strconv"
	"testing"

	"fokker/cases"
	"fokker/grid"
	"fokker/operators"
	"fokker/validate"
)

// sample says how paths follow a case of the gallery.
type sample struct {
	step      float64 // the shorter of two, the longer being twice as long
	last      float64 // of a stationary law: how long it must stay
	overrides []string
	coarse    []string // a coarser mesh, whose distance from the mesh counts as its error: for schemes of first order
}

var short = func(until string) []string { return []string{"evolve.until=" + until, "evolve.outputs=2"} }

// samples holds a step with a few dozen to a few hundred of them in a run, about a
// relaxation time of the case or what a run can afford.
var samples = map[string]sample{
	"active":       {step: .01, last: .5, overrides: []string{"axis.x.cells=80", "axis.y.cells=80", "axis.theta.cells=32"}},
	"anisotropic":  {step: .01, last: .5},
	"cars":         {step: .04, overrides: []string{"axis.slope.cells=120", "axis.intercept.cells=120", "evolve.steps=20", "evolve.outputs=2"}},
	"chain3":       {step: .004, overrides: on(24, "u1", "u2", "u3"), coarse: on(16, "u1", "u2", "u3")},
	"collapse":     {step: .01, last: .5},
	"decay":        {step: .003},
	"degenerate":   {step: .01, overrides: short("1")},
	"diagonalnet":  {step: .01, overrides: []string{"evolve.until=1", "evolve.outputs=2"}, coarse: []string{"axis.s1.cells=72", "axis.s2.cells=80"}},
	"doublewell":   {step: .02, overrides: short("2")},
	"gbm":          {step: .01},
	"gyrator":      {step: .02, last: 1},
	"iris":         {step: .25, last: 5},
	"labelnoise":   {step: .01, overrides: on(96, "u", "v"), coarse: on(48, "u", "v")},
	"limitcycle":   {step: .005, last: .25},
	"ou2d":         {step: .01, overrides: short("1")},
	"ou3d":         {step: .02, last: 1},
	"ou4d":         {step: .02, last: 1},
	"p2":           {step: .02, last: 1},
	"randominput":  {step: .01, last: .5, coarse: on(48, "u", "v")},
	"singular":     {step: .001, last: .1},
	"singularline": {step: .005, overrides: append(short("0.5"), on(80, "w1", "w2")...), coarse: on(40, "w1", "w2")},
	"stratonovich": {step: .01, overrides: short("1")},
	"student":      {step: .02, last: 1},
	"tilted":       {step: .02, last: 1},
	"turning":      {step: .005, last: .25, overrides: on(256, "x", "y")},
}

func on(n int, axes ...string) (out []string) {
	for _, a := range axes {
		out = append(out, fmt.Sprintf("axis.%s.cells=%d", a, n))
	}
	return out
}

// agreeing is how many standard errors a figure of the paths may lie from that of
// the grid: of some two hundred figures, one in eighty runs lies farther by chance.
const agreeing = 4

// Euler–Maruyama paths, extrapolated from two steps, have the grid's cell masses
// at the last time of a case, or keep those of its stationary law: mean, second
// moments and observables.
func TestPathsAgreeWithTheGridOnEveryGalleryCase(t *testing.T) {
	particles := 100_000
	if s := os.Getenv("FOKKER_PARTICLES"); s != "" {
		var err error
		if particles, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range cases.Gallery() {
		t.Run(name, func(t *testing.T) {
			s, ok := samples[name]
			if !ok {
				t.Fatal("no step is given for this case")
			}
			compare(t, name, s, particles)
		})
	}
}

func compare(t *testing.T, name string, s sample, particles int) {
	p, law := lawOf(t, name, s.overrides)
	wants := law.figures(t, p)
	var coarse []figure
	if s.coarse != nil {
		p, law := lawOf(t, name, append(append([]string(nil), s.overrides...), s.coarse...))
		coarse = law.figures(t, p)
	}
	long := law.follow(t, p, s, 2*s.step, particles, 2)
	fine := law.follow(t, p, s, s.step, particles, 1)
	worst, which := 0., ""
	for i, f := range wants {
		a, sa := f.over(fine)
		b, sb := f.over(long)
		got, se, mesh := 2*a-b, math.Hypot(2*sa, sb), 0.
		if coarse != nil {
			mesh = math.Abs(f.value - coarse[i].value)
		}
		// What the grid finds certain, to the rounding of its sums, the paths must
		// find certain too.
		excess := max(0, math.Abs(got-f.value)-mesh-1e-9*f.scale)
		if z := excess / max(se, 1e-12*f.scale); z > worst {
			worst, which = z, f.name
		}
		if excess > agreeing*se {
			t.Errorf("%s = %.7g ± %.2g by paths, %.7g on the grid (mesh %.2g, step %.2g)", f.name, got, se, f.value, mesh, a-b)
		}
	}
	t.Logf("%d figures, farthest %s by %.2f standard errors", len(wants), which, worst)
}

// law is the law of a case at one time, and how paths start.
type law struct {
	g      *grid.Grid
	masses []float64
	time   float64 // of evolution; 0: stationary
	start  func(x [][]float64, r *rand.Rand)
}

func lawOf(t *testing.T, name string, overrides []string) (*cases.Problem, *law) {
	t.Helper()
	c, err := cases.FromGallery(name, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	p := c.Problem
	if p.Evolve != nil {
		p.Stationary = nil
	}
	r, err := c.Run(context.Background(), cases.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Stationary != nil {
		return p, &law{g: r.Grid, masses: r.Stationary.Masses, start: inCells(r.Grid, r.Stationary.Masses)}
	}
	last := len(r.Evolve.Times) - 1
	return p, &law{r.Grid, r.Evolve.Masses[last], r.Evolve.Times[last], starting(t, p, r.Grid)}
}

// starting draws from the initial law as the case states it.
func starting(t *testing.T, p *cases.Problem, g *grid.Grid) func(x [][]float64, r *rand.Rand) {
	t.Helper()
	switch in := p.Initial; {
	case in.Point != nil:
		return from(in.Point...)
	case in.Std != nil:
		return func(x [][]float64, r *rand.Rand) {
			for k := range x {
				for i := range x[k] {
					for x[k][i] = math.Inf(1); x[k][i] < p.Axes[k].Lo || x[k][i] > p.Axes[k].Hi; {
						x[k][i] = in.Mean[k] + in.Std[k]*r.NormFloat64()
					}
				}
			}
		}
	}
	m, _, err := p.Initial.Masses(g)
	if err != nil {
		t.Fatal(err)
	}
	return inCells(g, m)
}

// inCells draws cells by their masses and points uniformly in them.
func inCells(g *grid.Grid, m []float64) func(x [][]float64, r *rand.Rand) {
	upTo, sum := make([]float64, len(m)), 0.
	for i, v := range m {
		sum += v
		upTo[i] = sum
	}
	return func(x [][]float64, r *rand.Rand) {
		at := make([]int, g.Dim())
		for i := range x[0] {
			cell := sort.SearchFloat64s(upTo, sum*(1-r.Float64()))
			g.Locate(at, cell)
			for k := range x {
				x[k][i] = g.Axis(k).Edges[at[k]] + r.Float64()*g.Widths(k)[at[k]]
			}
		}
	}
}

// follow returns the share of all particles in each cell at the time of the law.
func (l *law) follow(t *testing.T, p *cases.Problem, s sample, step float64, particles int, seed uint64) *shares {
	t.Helper()
	g, end := l.g, l.time
	if end == 0 {
		end = s.last
	}
	axes := make([]grid.Axis, g.Dim())
	for k := range axes {
		axes[k] = g.Axis(k)
	}
	paths := validate.Paths{Process: p.Process, Axes: axes, Killing: p.Killing, Initial: l.start, Particles: particles, Step: step, Seed: seed}
	e, err := paths.Run(context.Background(), []float64{end}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &shares{make([]float64, g.Size()), float64(particles)}
	for i, alive := range e[0].Alive {
		if alive {
			c.share[cellOf(g, e[0].X, i)] += 1 / c.particles
		}
	}
	return c
}

// shares are where particles are.
type shares struct {
	share     []float64
	particles float64
}

func cellOf(g *grid.Grid, x [][]float64, i int) (cell int) {
	for k := g.Dim() - 1; k >= 0; k-- {
		edges := g.Axis(k).Edges
		at := sort.Search(len(edges), func(j int) bool { return edges[j] > x[k][i] }) - 1
		cell = cell*g.Cells(k) + min(max(at, 0), g.Cells(k)-1) // the upper end belongs to the last cell
	}
	return cell
}

// figure is an expectation Σ φ m over cells.
type figure struct {
	name         string
	phi          []float64
	value, scale float64 // scale: Σ |φ| m
}

// figures are mass, mean, second moments and observables.
func (l *law) figures(t *testing.T, p *cases.Problem) (out []figure) {
	t.Helper()
	add := func(name string, phi []float64) {
		f := figure{name: name, phi: phi}
		for i, m := range l.masses {
			f.value += m * phi[i]
			f.scale += m * math.Abs(phi[i])
		}
		out = append(out, f)
	}
	g, dim := l.g, l.g.Dim()
	x := operators.Columns(dim+1, g.Size())
	g.Points(x[:dim], grid.Range{Hi: g.Size()})
	for i := range x[dim] {
		x[dim][i] = 1
	}
	for k := range dim + 1 {
		for j := range k + 1 {
			phi := make([]float64, g.Size())
			for i := range phi {
				phi[i] = x[k][i] * x[j][i]
			}
			add(fmt.Sprintf("moment %d, %d", j, k), phi)
		}
	}
	for _, o := range p.Observables {
		phi, err := o.OnCells(g, l.time)
		if err != nil {
			t.Fatal(err)
		}
		add(o.Name, phi)
	}
	return out
}

// over returns the expectation over particles and its standard error.
func (f *figure) over(c *shares) (value, standardError float64) {
	square := 0.
	for i, share := range c.share {
		if share > 0 {
			value += share * f.phi[i]
		}
	}
	all := 0.
	for i, share := range c.share {
		square += share * (f.phi[i] - value) * (f.phi[i] - value)
		all += share
	}
	square += (1 - all) * value * value // the lost count as 0
	return value, math.Sqrt(max(square, 0) / (c.particles - 1))
}
