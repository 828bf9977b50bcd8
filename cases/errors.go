package cases

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/floats"

	"fokker/grid"
	"fokker/operators"
	"fokker/solvers"
)

// readings are the figures of a run.
type readings struct {
	stationary      *Figures
	evolve          []Figures // one per output
	quasistationary *survival
	learner         *learner // nil without [learning]
	law             *solvers.Law
}

const (
	fewest   = 4     // cells of an axis on a coarser mesh
	lowest   = 0.5   // that is believed of differences
	falling  = 0.25  // from here down, differences that are much do not fall
	chance   = 5.0   // how many times too small it may make a difference
	much     = 0.1   // of what one path may differ from the figure
	rounding = 1e-12 // of a figure: sums over many cells of laws good to some roundings each
)

// errors estimates how far every figure is from that of the equation: what the
// mesh does to it by the same run on cells twice and four times as wide
// (Richardson 1911); what time steps, the solver and the box do by how far they
// move the law and by the figure's influence function.
func (r *run) errors() error {
	if !r.options.Errors || r.problem.WithoutErrors {
		return nil
	}
	r.generator, r.chain = nil, nil // the coarser ones may need its memory
	// Of their work this part is that of the finer.
	most := 1 - 1/(1+math.Exp2(float64(r.grid.Dim())))
	half, err := r.coarse(r.everyAxis(2), 0, most)
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	if err != nil {
		r.warn("the errors of the figures are not estimated: on half as many cells %v", err)
		return nil
	}
	meshes := []*coarse{half}
	quarter, err := r.coarse(r.everyAxis(4), most, 1)
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	if err == nil { // without it no order is seen, and errors are larger
		meshes = append(meshes, quarter)
	}
	return r.estimate(meshes)
}

// coarse is a run on a coarser mesh.
type coarse struct {
	*run
	width           float64 // of cells, over that on the mesh itself
	walls           []wall
	stationary      map[string]sensitivity
	evolve          []map[string]sensitivity
	quasistationary map[string]sensitivity
	classes         []ClassResult
	learnt          LearntResult
}

func (r *run) everyAxis(factor int) []int { return slices.Repeat([]int{factor}, r.grid.Dim()) }

// coarse runs the tasks on a mesh with fewer cells by a factor for every axis, as
// the part of all progress between two fractions.
func (r *run) coarse(factors []int, from, to float64) (*coarse, error) {
	g, err := r.problem.coarser(factors...)
	if err != nil {
		return nil, err
	}
	c := &coarse{run: &run{ctx: r.ctx, problem: r.alike(), workers: r.workers, grid: g, result: &Result{}}}
	c.seen.learner = r.seen.learner
	c.options.Progress = func(phase string, done float64) {
		if r.seen.stationary != nil && r.seen.evolve != nil {
			done /= 2
			if phase == "evolve" {
				done += 0.5
			}
		}
		r.options.Progress("errors", from+(to-from)*done)
	}
	least := fewest
	if r.problem.Order != 0 {
		least = operators.LeastCells
	}
	if c.width, err = widening(r.grid, g, least); err != nil {
		return nil, err
	}
	steps := []func() error{c.assemble, c.start, c.findWalls}
	if r.seen.stationary != nil {
		steps = append(steps, c.rest)
	}
	if r.seen.evolve != nil {
		steps = append(steps, c.move)
	}
	if r.seen.quasistationary != nil {
		steps = append(steps, c.remain)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// alike returns the problem with the solver that the law took, which costs less than
// elimination would on a mesh that is not much coarser, unless its rows are long.
func (r *run) alike() *Problem {
	if s := r.result.Stationary; s == nil || !strings.HasPrefix(s.Method, "multigrid") || len(r.problem.coupled) > 0 {
		return r.problem
	}
	p, task := *r.problem, *r.problem.Stationary
	p.Stationary, task.Method = &task, "multigrid"
	return &p
}

// widening returns how much wider cells are, a geometric mean over the axes, of which
// each has some at least.
func widening(fine, wide *grid.Grid, least int) (float64, error) {
	ratio, axes := 1.0, 0.0
	for k := range fine.Dim() {
		n, m := fine.Cells(k), wide.Cells(k)
		if n == 1 {
			continue
		}
		if m < least {
			return 0, fmt.Errorf("axis %q would have %d of them, fewer than %d", fine.Axis(k).Name, m, least)
		}
		ratio, axes = ratio*float64(n)/float64(m), axes+1
	}
	if axes == 0 {
		return 0, errors.New("there would be no fewer")
	}
	return math.Pow(ratio, 1/axes), nil
}

// rest reads the stationary law.
func (c *coarse) rest() error {
	law, err := c.law()
	if err != nil {
		return err
	}
	figures, err := c.figures.of(law.Mass, 0)
	if err != nil {
		return err
	}
	c.seen.stationary = &figures
	for _, one := range law.Classes {
		c.classes = append(c.classes, c.class(one))
	}
	if l := c.seen.learner; l != nil {
		if c.learnt, err = l.on(c.run, law.Mass, figures); err != nil {
			return err
		}
	}
	c.look(law.Mass)
	c.stationary, err = c.sensitivities(law.Mass, 0, figures)
	return err
}

// move reads the laws in time.
func (c *coarse) move() error {
	e, err := c.march()
	if err != nil {
		return err
	}
	for i := range c.walls {
		c.walls[i].beyond = 0 // of the stationary law
	}
	c.evolve = make([]map[string]sensitivity, len(e.Times))
	for i, m := range e.Masses {
		c.look(m)
		if c.evolve[i], err = c.sensitivities(m, e.Times[i], c.seen.evolve[i]); err != nil {
			return err
		}
	}
	return nil
}

// estimate writes the errors into the result.
func (r *run) estimate(meshes []*coarse) error {
	if s := r.result.Stationary; s != nil {
		e := r.newEstimate(meshes, func(c *coarse) Figures { return *c.seen.stationary })
		e.to, e.at, e.counted = meshes[0].stationary, "stationary", true
		if !strings.Contains(s.Method, "gth") { // elimination is exact to rounding
			e.tolerance = r.problem.Stationary.Tolerance
		}
		var err error
		if e.cut, err = r.figures.cuts(s.Masses, 0); err != nil {
			return err
		}
		all := s.Figures.mapped(e.of)
		s.Error = &all
		e.ofClasses(s.Classes, meshes, r.result.Initial)
		e.ofLearning(meshes)
	}
	if r.result.Quasistationary != nil {
		if err := r.estimateSurvivors(meshes); err != nil {
			return err
		}
	}
	if r.result.Evolve != nil {
		return r.estimateSeries(r.result.Evolve, meshes)
	}
	return nil
}

func (r *run) estimateSeries(out *EvolveResult, meshes []*coarse) (err error) {
	out.Error = &EvolveErrors{}
	for i, at := range out.Times {
		e := r.newEstimate(meshes, func(c *coarse) Figures { return c.seen.evolve[i] })
		e.to, e.at = meshes[0].evolve[i], atTime(at)
		e.counted = at > 0 // before, [initial] states the law, and no equation is solved
		if at > 0 {
			e.tolerance = out.TimeError
		}
		if e.cut, err = r.figures.cuts(out.Masses[i], at); err != nil {
			return err
		}
		out.Error.Add(r.seen.evolve[i].mapped(e.of))
	}
	out.Error.Lost = out.Error.Mass // mass + lost is kept
	return nil
}

// estimate of the errors of a law's figures.
type estimate struct {
	run       *run
	at        string               // of the figures: "stationary" or "evolve at 3"
	counted   bool                 // in the accuracy
	width     []float64            // of the cells of coarser meshes
	coarser   []map[string]float64 // figures there, by path
	period    map[string]float64   // of figures that are angles
	to        map[string]sensitivity
	walls     []wall             // of the parts that it has of walls
	cut       map[string]float64 // error of expectations by cells in which a comparison is partly true
	tolerance float64            // L1 error of the law on the mesh
	highest   float64            // order of the scheme
}

func (r *run) newEstimate(meshes []*coarse, figures func(*coarse) Figures) *estimate {
	e := &estimate{run: r, walls: meshes[0].walls, period: map[string]float64{}, highest: r.problem.order()}
	for _, a := range r.problem.Axes {
		e.period["circular_mean."+a.Name] = a.Hi - a.Lo
	}
	for _, c := range meshes {
		values := map[string]float64{}
		figures(c).mapped(func(path string, v float64) float64 {
			values[path] = v
			return v
		})
		e.width, e.coarser = append(e.width, c.width), append(e.coarser, values)
	}
	return e
}

// measure is the error of a figure, and what it is an error of.
type measure struct {
	at, path     string
	value, error float64
	scale        float64 // of the figure, of which the accuracy is a part
	mesh, box    float64 // parts of the error
	wall         wall    // that has the most of the box's part
	order        float64 // of the mesh's part
}

// of returns the estimated error of a figure, NaN where it is not known.
func (e *estimate) of(path string, v float64) float64 {
	m := e.measure(path, v)
	if e.counted {
		e.run.result.measures = append(e.run.result.measures, m)
	}
	return m.error
}

// scaleOf returns the size of a figure, or its standard deviation where that is
// more; entropies and masses are measured by 1.
func (e *estimate) scaleOf(path string, v float64) float64 {
	switch {
	case path == "mass" || path == "entropy":
		return 1
	case path == "free_energy":
		t, _ := e.run.problem.temperature()
		return math.Max(math.Abs(v), t)
	case e.period[path] > 0:
		return e.to[path].deviation
	case strings.HasPrefix(path, "learning."):
		return e.run.seen.learner.scale(path, v)
	}
	return math.Max(math.Abs(v), e.to[path].deviation)
}

func (e *estimate) measure(path string, v float64) measure {
	s, period := e.to[path], e.period[path]
	noise := e.tolerance*s.deviation + rounding*math.Max(math.Abs(v), s.deviation)
	near := e.coarser[0][path]
	d1, order := apart(v, near, period), math.NaN()
	mesh := math.Abs(d1) / (e.width[0] - 1) // as if of first order
	if len(e.width) > 1 && math.Abs(d1) > noise {
		d2 := apart(near, e.coarser[1][path], period)
		order = orderOf(d1, d2, e.width, e.highest)
		mesh = meshError(d1, d2, order, e.width, e.highest)
	}
	mesh = math.Max(mesh, e.cut[path])
	all := mesh + s.box + noise
	if order == falling && math.Abs(d1) > much*s.deviation || period > 0 && all > period/2 {
		all = math.NaN()
	}
	out := measure{at: e.at, path: path, value: v, error: all, scale: e.scaleOf(path, v), mesh: mesh, box: s.box, order: order}
	if len(s.walls) > 0 {
		out.wall = e.walls[floats.MaxIdx(s.walls)]
	}
	return out
}

// ofClasses writes the errors of several closed classes, if every mesh has as
// many.
func (e *estimate) ofClasses(classes []ClassResult, meshes []*coarse, start *InitialResult) {
	several := func(c *coarse) bool { return len(c.classes) == len(classes) && len(classes) > 1 }
	if slices.ContainsFunc(meshes, func(c *coarse) bool { return !several(c) }) {
		return
	}
	for i := range classes {
		p := classes[i].Probability
		e.to["probability"] = sensitivity{deviation: math.Sqrt(p * (1 - p)), box: start.Cut}
		for k, c := range meshes {
			e.coarser[k]["probability"] = c.classes[i].Probability
			for axis, mean := range c.classes[i].Mean {
				e.coarser[k]["mean."+axis] = mean // that of the mixture is done with
			}
		}
		classes[i].Error = &ClassErrors{Probability: e.of("probability", p), Mean: map[string]float64{}}
		e.counted = false // means of classes are parts of that of the law
		for axis, mean := range classes[i].Mean {
			classes[i].Error.Mean[axis] = e.of("mean."+axis, mean)
		}
		e.counted = true
	}
}

// ofLearning writes the errors of what the law is to the posterior.
func (e *estimate) ofLearning(meshes []*coarse) {
	out := e.run.result.Learning
	if out == nil {
		return
	}
	for k, c := range meshes {
		c.learnt.mapped(func(path string, v float64) float64 {
			e.coarser[k][path] = v
			return v
		})
	}
	all := out.Stationary.mapped(e.of)
	missing := e.run.seen.learner.unresolved
	all.KL, all.Variation, all.Excess = all.KL+missing, all.Variation+missing, all.Excess+missing*out.Temperature
	out.Error = &all
}

// apart returns a − b, of angles the shorter way round.
func apart(a, b, period float64) float64 {
	if period > 0 {
		return math.Remainder(a-b, period)
	}
	return a - b
}

// orderOf returns the order p with which the differences of figures on cells of
// widths 1, w₁ and w₂ fall, d₂/d₁ = (w₂ᵖ − w₁ᵖ)/(w₁ᵖ − 1), as far as it is between
// falling and highest; NaN if they have no common sign.
func orderOf(d1, d2 float64, w []float64, highest float64) float64 {
	if d1*d2 <= 0 {
		return math.NaN()
	}
	lo, hi := falling, highest
	for hi-lo > 1e-6 { // the error changes as little
		p := (lo + hi) / 2
		if (math.Pow(w[1], p)-math.Pow(w[0], p))/(math.Pow(w[0], p)-1) < d2/d1 {
			lo = p
		} else {
			hi = p
		}
	}
	if hi == highest {
		return hi
	}
	return lo
}

// meshError estimates the error on cells of width 1 from the differences: of
// order p, d₁ is w₁ᵖ − 1 times as large. Where they fall faster than by the order
// of the terms, or change sign, d₁ is smaller than usual after d₂, by chance or
// because it is exact: it counts as usual, up to some times itself.
func meshError(d1, d2, order float64, w []float64, highest float64) float64 {
	step := math.Abs(d1)
	usual := math.Min(math.Abs(d2)/(math.Pow(w[1], highest)-math.Pow(w[0], highest)), chance*step)
	switch {
	case math.IsNaN(order):
		return math.Max(step/(w[0]-1), usual)
	case order == highest:
		return usual
	}
	return step / (math.Pow(w[0], math.Max(order, lowest)) - 1)
}

// cuts returns, for every comparison, what it may change of its expectation
// that the law is taken to be even in each cell: where a fraction θ of the cell
// counts, θ(1 − θ)/4 of the difference of its neighbours' masses. Where sums of
// masses are interpolated it is not.
func (f *figures) cuts(m []float64, t float64) (map[string]float64, error) {
	out := map[string]float64{}
	for o := range f.observed {
		if f.observed[o].points == 1 || f.observed[o].edges > 2 {
			continue
		}
		phi, err := f.on(o, t)
		if err != nil {
			return nil, err
		}
		total := 0.0
		for i, part := range phi {
			if part > 0 && part < 1 {
				total += part * (1 - part) / 4 * f.slope(i, m, phi)
			}
		}
		out["observables."+f.observed[o].Name] = math.Abs(total)
	}
	return out, nil
}

// slope returns the difference of the law across a cell towards where more of φ counts.
func (f *figures) slope(i int, m, phi []float64) (out float64) {
	g := f.grid
	for k := range g.Dim() {
		at, step := g.Along(k, i), g.Stride(k)
		if at == 0 || at == g.Cells(k)-1 {
			continue
		}
		x, lo, hi := g.Centers(k), i-step, i+step
		rise := (m[hi]/g.Volume(hi) - m[lo]/g.Volume(lo)) / (x[at+1] - x[at-1])
		out += (phi[hi] - phi[lo]) * rise * 2 * g.Widths(k)[at] * g.Volume(i)
	}
	return out
}

// sensitivity is what errors of a law do to a figure.
type sensitivity struct {
	deviation float64   // of the influence function: what an L1 distance of 1 does, about
	box       float64   // what mass beyond the walls would change
	walls     []float64 // its part of every wall
}

// sensitivities returns those of every figure of a law.
func (c *coarse) sensitivities(m []float64, t float64, f Figures) (map[string]sensitivity, error) {
	g := c.grid
	s := &influences{figures: c.figures, values: f, law: m, walls: c.walls, psi: make([]float64, g.Size()), out: map[string]sensitivity{}}
	lost := 0.0 // where mass is lost, undivided figures depend on how much
	if c.problem.loses() {
		lost = 1
	}
	s.out["mass"] = sensitivity{}
	if lost > 0 {
		s.each("mass", func(int) float64 { return lost })
	}
	for k := range g.Dim() {
		s.moments(k)
		for l := k + 1; l < g.Dim(); l++ {
			s.covariance(k, l)
		}
	}
	s.each("entropy", func(i int) float64 { return -s.logarithm(i) - f.Entropy })
	for o, observable := range c.figures.observed {
		phi, err := c.figures.on(o, t)
		if err != nil {
			return nil, err
		}
		if c.figures.isPotential(o) {
			s.each("free_energy", func(i int) float64 { return phi[i] + c.figures.temperature*s.logarithm(i) - *f.FreeEnergy })
			continue
		}
		center := (1 - lost) * f.Observables[observable.Name]
		s.each("observables."+observable.Name, func(i int) float64 { return phi[i] - center })
	}
	return s.out, nil
}

// influences goes through the influence functions ψ of figures: to first order,
// mass at x changes one by ψ(x) (Hampel 1974).
type influences struct {
	*figures
	values Figures
	law    []float64
	walls  []wall
	psi    []float64 // by cell
	out    map[string]sensitivity

	marginal []float64   // of the law along an axis
	atWalls  [][]float64 // of the law at each wall along it, Σ = 1
}

// note notes what ψ says of a figure.
func (s *influences) note(path string) {
	for i, v := range s.psi {
		s.work[i] = s.law[i] * v * v
	}
	one := sensitivity{deviation: math.Sqrt(sum(s.work) / s.values.Mass)}
	for _, w := range s.walls {
		part := 0.0
		if w.beyond > 0 {
			part = w.beyond * math.Abs(w.mean(s.law, s.psi))
		}
		one.box, one.walls = one.box+part, append(one.walls, part)
	}
	s.out[path] = one
}

func (s *influences) each(path string, psi func(i int) float64) {
	for i := range s.psi {
		s.psi[i] = psi(i)
	}
	s.note(path)
}

// along is for a figure that depends on the axis of the marginals.
func (s *influences) along(k int, path string, psi func(x float64) float64) {
	one, square, parts := sensitivity{walls: make([]float64, len(s.walls))}, 0.0, make([]float64, len(s.walls))
	for i, x := range s.grid.Centers(k) {
		v := psi(x)
		square += s.marginal[i] * v * v
		for w := range parts {
			parts[w] += s.atWalls[w][i] * v
		}
	}
	one.deviation = math.Sqrt(square / s.values.Mass)
	for w := range parts {
		if s.walls[w].beyond > 0 {
			one.walls[w] = s.walls[w].beyond * math.Abs(parts[w])
		}
		one.box += one.walls[w]
	}
	s.out[path] = one
}

// moments are those along an axis.
func (s *influences) moments(k int) {
	a := s.grid.Axis(k)
	s.marginal, s.atWalls = s.figures.along(k, s.law), s.atWalls[:0]
	for _, w := range s.walls {
		s.atWalls = append(s.atWalls, w.marginal(s.grid, k, s.law))
	}
	mean, square := s.values.Mean[a.Name], a.Name+","+a.Name
	s.along(k, "covariance."+square, func(x float64) float64 { return (x-mean)*(x-mean) - s.values.Covariance[square] })
	s.along(k, "mean."+a.Name, func(x float64) float64 { return x - mean })
	for p, raw := range s.values.RawMoments[a.Name] {
		s.along(k, rawMoment(a.Name, p), func(x float64) float64 { return math.Pow(x, float64(p)) - raw })
	}
	around, ok := s.values.CircularMean[a.Name]
	if !ok {
		return
	}
	radian := (a.Edges[a.Cells()] - a.Edges[0]) / (2 * math.Pi)
	length := 0.0 // of E exp(iφ), φ the angle from the circular mean
	for i, v := range s.marginal {
		length += v / s.values.Mass * math.Cos((s.grid.Centers(k)[i]-around)/radian)
	}
	s.along(k, "circular_mean."+a.Name, func(x float64) float64 { return radian * math.Sin((x-around)/radian) / length })
}

func (s *influences) covariance(k, l int) {
	a, b := s.grid.Axis(k).Name, s.grid.Axis(l).Name
	x, y, value := s.grid.Centers(k), s.grid.Centers(l), s.values.Covariance[a+","+b]
	s.runs(k, func(at, lo, hi int) {
		for i := lo; i < hi; i++ {
			s.psi[i] = x[at] - s.values.Mean[a]
		}
	})
	s.runs(l, func(at, lo, hi int) {
		for i := lo; i < hi; i++ {
			s.psi[i] = s.psi[i]*(y[at]-s.values.Mean[b]) - value
		}
	})
	s.note("covariance." + a + "," + b)
}

// logarithm returns that of the density, 0 where there is none.
func (s *influences) logarithm(i int) float64 {
	if s.law[i] <= 0 {
		return 0
	}
	return math.Log(s.law[i] / s.values.Mass / s.grid.Volume(i))
}

// loses reports whether mass can be lost.
func (p *Problem) loses() bool {
	for _, a := range p.Axes {
		if a.Ends[0] == grid.Absorbing || a.Ends[1] == grid.Absorbing {
			return true
		}
	}
	return p.Killing != nil
}

// wall is an end of an axis that the box may cut.
type wall struct {
	axis        int
	cell, inner int     // along it, at the wall and next to that
	cells       []int   // all at the wall
	beyond      float64 // mass a law would have there, over all; in time the most so far
}

// findWalls lists the reflecting ends where there is noise, or an initial law is
// cut, or waves go through. Nothing would cross others.
func (c *coarse) findWalls() error {
	g, cut := c.grid, c.result.Initial != nil && c.result.Initial.Cut > rounding
	for k := range g.Dim() {
		a, last := g.Axis(k), g.Cells(k)-1
		if last == 0 {
			continue
		}
		for end, cell := range []int{0, last} {
			if c.problem.Axes[k].Cuts(end) && (cut || c.problem.waves(k) || c.noisy(k, a.Edges[cell+end])) {
				c.walls = append(c.walls, c.wall(k, end))
			}
		}
	}
	return nil
}

// end is 0 at the lower wall and 1 at the upper one.
func (w wall) end() int {
	if w.cell > w.inner {
		return 1
	}
	return 0
}

// wall returns that at an end of an axis.
func (c *coarse) wall(k, end int) wall {
	w := wall{axis: k, inner: 1}
	if end == 1 {
		w.cell = c.grid.Cells(k) - 1
		w.inner = w.cell - 1
	}
	c.figures.runs(k, func(at, lo, hi int) {
		for i := lo; i < hi && at == w.cell; i++ {
			w.cells = append(w.cells, i)
		}
	})
	return w
}

// noisy reports whether there is noise along an axis at a point of it.
func (c *coarse) noisy(k int, at float64) bool {
	x, dim := someCells(c.grid), c.grid.Dim()
	d := operators.Columns(dim*dim, len(x[0]))
	c.problem.Process.(operators.Diffusive).Diffusion(d, x, 0)
	usual := slices.Max(d[k*dim+k])
	for i := range x[k] {
		x[k][i] = at
	}
	c.problem.Process.(operators.Diffusive).Diffusion(d, x, 0)
	return slices.Max(d[k*dim+k]) > impassable*usual
}

// look extrapolates a law beyond the walls. What reached them once has come
// back since.
func (c *coarse) look(m []float64) {
	for i := range c.walls {
		w := &c.walls[i]
		marginal := c.figures.along(w.axis, m)
		w.beyond = math.Max(w.beyond, w.extrapolate(c.grid, marginal)/sum(marginal))
	}
}

// extrapolate returns the mass beyond the wall of a law that goes on to fall as
// it does from the inner cell to that at the wall. One that does not fall by a
// factor e in the length of the box is no tail: the wall belongs to the process.
func (w wall) extrapolate(g *grid.Grid, marginal []float64) float64 {
	a := g.Axis(w.axis)
	at, rate := w.slope(g, marginal)
	if at == 0 || !(rate*(a.Edges[a.Cells()]-a.Edges[0]) > 1) {
		return 0
	}
	return tail(at, rate, g.Widths(w.axis)[w.cell])
}

// slope returns the density in the cell at the wall, and the rate at which it
// falls towards there.
func (w wall) slope(g *grid.Grid, marginal []float64) (at, rate float64) {
	x, h := g.Centers(w.axis), g.Widths(w.axis)
	at = marginal[w.cell] / h[w.cell]
	return at, math.Log(marginal[w.inner]/h[w.inner]/at) / math.Abs(x[w.cell]-x[w.inner])
}

// tail is the mass beyond a wall of a density that falls at a rate.
func tail(at, rate, width float64) float64 { return at * math.Exp(-rate*width/2) / rate }

// marginal returns the law at the wall along an axis, Σ = 1; even cells where it
// has left them.
func (w wall) marginal(g *grid.Grid, k int, m []float64) []float64 {
	out, even, mass := make([]float64, g.Cells(k)), make([]float64, g.Cells(k)), 0.0
	for _, i := range w.cells {
		at := g.Along(k, i)
		out[at], even[at], mass = out[at]+m[i], even[at]+1/float64(len(w.cells)), mass+m[i]
	}
	if mass == 0 {
		return even
	}
	for i := range out {
		out[i] /= mass
	}
	return out
}

// mean returns that of ψ over the cells at the wall, where the law is or, if it
// has left them, over all.
func (w wall) mean(m, psi []float64) float64 {
	value, mass, even := 0.0, 0.0, 0.0
	for _, i := range w.cells {
		value, mass, even = value+m[i]*psi[i], mass+m[i], even+psi[i]
	}
	if mass == 0 {
		return even / float64(len(w.cells))
	}
	return value / mass
}
