package validate_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
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
	centred   bool     // a stationary law on a line through centres of cells: paths start there
	coarse    []string // a mesh half as fine, whose distance from the mesh is the error of a scheme of first order
}

var short = func(until string) []string { return []string{"evolve.until=" + until, "evolve.outputs=2"} }

// samples holds a step with a few dozen to a few hundred of them in a run, about a
// relaxation time of the case or what a run can afford.
var samples = map[string]sample{
	"active":         {step: .01, last: .5, overrides: []string{"axis.x.cells=80", "axis.y.cells=80", "axis.theta.cells=32"}},
	"anisotropic":    {step: .04, last: .4},
	"approximations": {step: .05, last: .5},
	"bayes":          {step: .02, last: .5},
	"crossing":       {step: .02, last: .5},
	"balance":        {step: .005, last: .5},
	"barrier":        {step: .02, overrides: []string{"parameters.T=0.1", "evolve.times=[8.0]"}},
	"cars":           {step: .05, overrides: []string{"axis.slope.cells=96", "axis.intercept.cells=96", "evolve.steps=10", "evolve.outputs=2"}},
	"chain3":         {step: .01, overrides: on(24, "u1", "u2", "u3"), coarse: on(12, "u1", "u2", "u3")},
	"collapse":       {step: .01, last: .5},
	"decay":          {step: .003},
	"degenerate":     {step: .0025, overrides: append(short("1"), on(8000, "w")...)},
	"diagonalnet":    {step: .02, overrides: []string{"axis.s1.cells=90", "axis.s2.cells=100", "evolve.until=0.5", "evolve.outputs=2"}, coarse: []string{"axis.s1.cells=45", "axis.s2.cells=50"}},
	"dirac":          {step: .005, overrides: []string{"evolve.times=[1.0]"}},
	"doublewell":     {step: .02, overrides: short("2")},
	"edge":           {step: .02, last: 1},
	"gbm":            {step: .01},
	"gyrator":        {step: .02, last: 1},
	"inertia":        {step: .005, overrides: append(short("1"), on(128, "x", "v")...), coarse: on(64, "x", "v")},
	"influence":      {step: .05, last: .5},
	"iris":           {step: .5, last: 3, overrides: on(256, "length", "width")},
	"labelnoise":     {step: .02, overrides: append(short("0.5"), on(96, "u", "v")...), coarse: on(48, "u", "v")},
	"logistic":       {step: .2, last: 2, overrides: append([]string{"sgd.data.x=bernoulli(0.3) ? -1 : 1"}, on(128, "a", "b")...)},
	"langevin":       {step: .005, overrides: append(short("1"), on(128, "x", "v")...), coarse: on(64, "x", "v")},
	"limitcycle":     {step: .005, last: .25},
	"ou2d":           {step: .01, overrides: short("1")},
	"ou3d":           {step: .02, last: 1},
	"ou4d":           {step: .05, last: 2},
	"p2":             {step: .02, last: 1},
	"randominput":    {step: .02, last: .4, centred: true, coarse: on(48, "u", "v")},
	"release":        {step: .01, overrides: []string{"evolve.times=[1.0]"}},
	"resonance":      {step: .02, overrides: short("10")},
	"singular":       {step: .001, last: .1},
	"singularwells":  {step: .0005, overrides: []string{"evolve.times=[0.05]"}},
	"singularline":   {step: .005, overrides: append(short("0.1"), on(64, "w1", "w2")...), coarse: on(32, "w1", "w2")},
	"stratonovich":   {step: .0025, overrides: append(short("1"), on(8000, "w")...)},
	"student":        {step: .02, last: 1},
	"tilted":         {step: .02, last: 1},
	"whirl":          {step: .01, last: 1},
	"turning":        {step: .01, last: .1, overrides: on(192, "x", "y")},
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
	particles := 50_000
	if s := os.Getenv("FOKKER_PARTICLES"); s != "" {
		var err error
		if particles, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range cases.Gallery() {
		t.Run(name, func(t *testing.T) {
			c, err := cases.FromGallery(name)
			switch {
			case err != nil:
				t.Fatal(err)
			case c.Problem.Chain != nil:
				t.Skip("whose particles are no paths of an equation: see TestVerifyFollowsTheStepsOfAChain")
			case c.Problem.Stationary == nil && c.Problem.Evolve == nil:
				t.Skip("has the law of what has not left alone: see TestVerifyTestsWhatHasNotLeft")
			}
			s, ok := samples[name]
			if !ok {
				t.Fatal("no step is given for this case")
			}
			against(t, name, s, particles)
		})
	}
}

func against(t *testing.T, name string, s sample, particles int) {
	p, law := lawOf(t, name, s.overrides, s.centred)
	wants := law.figures(t, p)
	var coarse []figure
	if s.coarse != nil {
		p, law := lawOf(t, name, append(append([]string(nil), s.overrides...), s.coarse...), s.centred)
		coarse = law.figures(t, p)
	}
	long := law.follow(t, p, s, 2*s.step, particles, 2)
	fine := law.follow(t, p, s, s.step, particles, 1)
	worst, which := 0., ""
	for i, f := range wants {
		if f.rare(particles) {
			continue
		}
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

func lawOf(t *testing.T, name string, overrides []string, centred bool) (*cases.Problem, *law) {
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
	p = r.AsRun().Problem // with the axes that a case may leave open
	if r.Stationary != nil {
		return p, &law{g: r.Grid, masses: r.Stationary.Masses, start: inCells(r.Grid, r.Stationary.Masses, centred)}
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
	return inCells(g, m, false)
}

// inCells draws cells by their masses and points uniformly in them, or their
// centres.
func inCells(g *grid.Grid, m []float64, centred bool) func(x [][]float64, r *rand.Rand) {
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
				if x[k][i] = g.Centers(k)[at[k]]; !centred {
					x[k][i] = g.Axis(k).Edges[at[k]] + r.Float64()*g.Widths(k)[at[k]]
				}
			}
		}
	}
}

// follow returns the particles at the time of the law.
func (l *law) follow(t *testing.T, p *cases.Problem, s sample, step float64, particles int, seed uint64) *crowd {
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
	c := &crowd{e[0], make([]int, particles)}
	for i := range c.cell {
		c.cell[i] = cellOf(g, e[0].X, i)
	}
	return c
}

// crowd is an ensemble and the cells its particles are in.
type crowd struct {
	validate.Ensemble
	cell []int
}

func cellOf(g *grid.Grid, x [][]float64, i int) (cell int) {
	for k := g.Dim() - 1; k >= 0; k-- {
		edges := g.Axis(k).Edges
		at := sort.Search(len(edges), func(j int) bool { return edges[j] > x[k][i] }) - 1
		cell = cell*g.Cells(k) + min(max(at, 0), g.Cells(k)-1) // the upper end belongs to the last cell
	}
	return cell
}

// figure is an expectation Σ φ m over cells. An observable of a particle is that
// of its cell; a moment is that of the particle itself, as the masses stand at the
// centres where second moments are concerned.
type figure struct {
	name         string
	phi          []float64
	axes         []int   // of a moment, a product of coordinates
	value, scale float64 // scale: that of rounding, Σ |φ| m and a little of φ anywhere
}

// figures are mass, mean, second moments and observables.
func (l *law) figures(t *testing.T, p *cases.Problem) (out []figure) {
	t.Helper()
	add := func(name string, phi []float64, axes []int) {
		f := figure{name: name, phi: phi, axes: axes}
		for i, m := range l.masses {
			f.value += m * phi[i]
			f.scale += m*math.Abs(phi[i]) + 1e-6*math.Abs(phi[i])/float64(len(phi))
		}
		out = append(out, f)
	}
	g := l.g
	x := operators.Columns(g.Dim(), g.Size())
	g.Points(x, grid.Range{Hi: g.Size()})
	for _, axes := range products(g.Dim()) {
		phi := make([]float64, g.Size())
		for i := range phi {
			phi[i] = product(x, axes, i)
		}
		add(fmt.Sprintf("moment %d", axes), phi, axes)
	}
	for _, o := range p.Observables {
		phi, err := o.OnCells(g, l.time)
		if err != nil {
			t.Fatal(err)
		}
		add(o.Name, phi, nil)
	}
	return out
}

// products returns the axes of all products of up to two coordinates.
func products(dim int) [][]int {
	out := [][]int{{}}
	for k := range dim {
		out = append(out, []int{k})
		for j := range k + 1 {
			out = append(out, []int{j, k})
		}
	}
	return out
}

func product(x [][]float64, axes []int, i int) float64 {
	v := 1.
	for _, k := range axes {
		v *= x[k][i]
	}
	return v
}

// rare reports whether a probability is so small that few particles show it.
func (f *figure) rare(particles int) bool {
	const few = 20
	return f.axes == nil && slices.Min(f.phi) == 0 && slices.Max(f.phi) == 1 && f.value > 0 && f.value*float64(particles) < few
}

// over returns the expectation over particles, those lost counting as 0, and its
// standard error.
func (f *figure) over(c *crowd) (value, standardError float64) {
	return c.Mean(func(dst []float64, x [][]float64) {
		for i := range dst {
			if f.axes != nil {
				dst[i] = product(x, f.axes, i)
			} else {
				dst[i] = f.phi[c.cell[i]]
			}
		}
	})
}
