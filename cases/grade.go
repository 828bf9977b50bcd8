package cases

import (
	"math"
	"slices"

	"fokker/grid"
	"fokker/operators"
)

const (
	worth     = 3.0  // times fewer cells make graded ones worth it
	promising = 2.0  // times fewer, by a law that may be seen badly, are worth a trial
	evenly    = 0.25 // of the cells lie evenly, whatever the law: what it does between outputs is not seen
	stretch   = 0.25 // the most by which logarithms of neighbouring widths differ: widths of a quarter of the cells differ by e
	fitting   = 0.7  // of a cell's width, which another law would not make smaller, is near enough
	trials    = 2    // of graded cells
	nearly    = 0.2  // of a width may be left to straight lines between points
)

// rounds are how many laws are solved, at most, until widths fit the law they give,
// by the number of axes.
var rounds = [...]int{16, 5, 4, 3}

// trial is a mesh of graded cells that has to beat another one of as many.
type trial struct {
	run   *run
	took  float64
	worst []float64
	next  []AxisSpec // after it, without grading
	cells float64    // that it asks for
	known int        // errors
}

// asks returns the cells of a mesh with some times as many as now along every axis,
// infinite where the law is not seen yet.
func (s *reaching) asks(factor []float64) float64 {
	if s.unseen() {
		return math.Inf(1)
	}
	n := cellsOf(s.axes)
	for k, f := range factor {
		if s.free(k) {
			n *= f
		}
	}
	return n
}

// known is how many figures have an error.
func (s *reaching) known() (n int) {
	for _, m := range s.run.result.measures {
		if !math.IsNaN(m.error) {
			n++
		}
	}
	return n
}

// tries takes up graded cells where the next mesh would have many times as many as
// this one, and graded ones promise to do with fewer.
func (s *reaching) tries(next []AxisSpec, cells float64) bool {
	if s.graded || s.trials == trials || cells < worth*cellsOf(s.axes) {
		return false
	}
	axes, gain, _ := s.run.regraded(s.axes)
	if gain < promising {
		return false
	}
	s.trials++
	axes, err := s.settles(axes)
	if err != nil {
		return false
	}
	s.trial = &trial{run: s.run, took: s.took, worst: slices.Clone(s.worst), next: next, cells: cells, known: s.known()}
	s.axes, s.graded = axes, true
	return true
}

// gives up on graded cells that are on trial.
func (s *reaching) givesUp() (why string) {
	t := s.trial
	s.run, s.took, s.worst, s.trial, s.graded = t.run, t.took, t.worst, nil, false
	s.axes = slices.Clone(s.axes)
	for k := range s.axes {
		s.axes[k] = t.run.problem.Axes[k]
	}
	return s.afford(t.next)
}

// grades fits graded cells of the next mesh to the law of the last, and where that makes
// some much narrower, to their own.
func (s *reaching) grades(axes []AxisSpec) ([]AxisSpec, error) {
	axes, _, shrinks := s.run.regraded(axes)
	if shrinks > fitting || len(axes) > 1 { // where laws are dear
		return axes, nil
	}
	return s.settles(axes)
}

// settles solves for the law on graded cells and grades them by it, until they fit.
func (s *reaching) settles(axes []AxisSpec) ([]AxisSpec, error) {
	for range rounds[len(axes)-1] {
		r, err := s.sketch(axes)
		if err != nil {
			return nil, err
		}
		next, _, shrinks := r.regraded(axes)
		if shrinks > fitting {
			break
		}
		axes = next
	}
	return axes, nil
}

// sketch solves for the laws alone.
func (s *reaching) sketch(axes []AxisSpec) (*run, error) {
	o := s.options
	if o.Errors = false; s.options.Progress != nil {
		o.Progress = func(_ string, done float64) { s.options.Progress("grading", done) }
	}
	ctx, cancel := s.within()
	defer cancel()
	c := s.from.on(axes, s.order)
	c.Problem.Learning, c.Problem.Influence, c.Problem.Compare = nil, nil, nil
	r := c.newRun(ctx, o)
	return r, r.do()
}

// gradable reports whether cells along an axis may be graded.
func (p *Problem) gradable(k int) bool {
	coupled := slices.ContainsFunc(p.coupled, func(g []int) bool { return slices.Contains(g, k) })
	return p.Axes[k].gradable && !coupled && p.Order != operators.Spectral && p.Chain == nil
}

// blocks are what cells along an axis are taken together to for the curvature of a
// law, at most: where widths change their slope, second differences from cell to cell
// are wrong by as much as they are.
const blocks = 64

// regraded returns the axes with the same cells graded by the laws of a run, how many
// times fewer cells would do as those of the run do, and how many times as wide the
// cell is that becomes narrower by most.
func (r *run) regraded(axes []AxisSpec) (out []AxisSpec, gain, least float64) {
	out, gain, least = slices.Clone(axes), 1, 1
	for k := range axes {
		a := &out[k]
		if !r.problem.gradable(k) {
			continue
		}
		wide := merged(r.grid.Axis(k), (r.grid.Cells(k)+blocks-1)/blocks)
		c := r.curvature(k, wide)
		w := widthsFor(c, wide, stretch*float64(a.Cells))
		h, now := wide.widths(), make([]float64, len(w))
		for i := range now {
			now[i] = h[i] / float64(wide.cells[i]) * float64(r.grid.Cells(k))
			least = min(least, w[i]/now[i])
		}
		fewer := math.Sqrt(spread(c, h, now) / spread(c, h, w))
		if !(fewer > 1) {
			continue
		}
		gain *= fewer
		a.Widths = profile(wide.middles(), w, h)
		var err error
		if a.Spacing, err = a.Widths.Spacing(); err != nil {
			panic(err) // its points increase and its widths are above 0
		}
		a.Spaced = "graded"
	}
	return out, gain, least
}

// wideAxis is an axis whose cells are taken together.
type wideAxis struct {
	edges    []float64
	cells    []int // in each block
	of       []int // block of each cell
	periodic bool
}

// merged takes cells together, at most some in a block, single ones at the ends, where a
// law may be singular.
func merged(a grid.Axis, each int) wideAxis {
	n := a.Cells()
	out := wideAxis{edges: a.Edges[:1:1], of: make([]int, n), periodic: a.Ends[0] == grid.Periodic}
	for lo := 0; lo < n; {
		size := max(1, min(each, lo/2, (n-lo)/3))
		for i := range size {
			out.of[lo+i] = len(out.cells)
		}
		lo += size
		out.edges, out.cells = append(out.edges, a.Edges[lo]), append(out.cells, size)
	}
	return out
}

func (a wideAxis) widths() []float64 {
	out := make([]float64, len(a.cells))
	for i := range out {
		out[i] = a.edges[i+1] - a.edges[i]
	}
	return out
}

func (a wideAxis) middles() []float64 {
	out := make([]float64, len(a.cells))
	for i := range out {
		out[i] = a.edges[i] + (a.edges[i+1]-a.edges[i])/2
	}
	return out
}

// spread is Σ cᵢ hᵢ wᵢ², to which errors of second order are proportional when a law
// of curvature c has n cells of widths w/n.
func spread(c, h, w []float64) (sum float64) {
	for i, v := range c {
		sum += v * h[i] * w[i] * w[i]
	}
	return sum
}

// laws are those of the run that say where cells have to be small: not a point, which
// has no width at all.
func (r *run) laws() (out [][]float64) {
	if s := r.result.Stationary; s != nil {
		out = append(out, s.Masses)
	}
	if q := r.result.Quasistationary; q != nil {
		out = append(out, q.Masses)
	}
	if e := r.result.Evolve; e != nil {
		for i, m := range e.Masses {
			if e.Times[i] > 0 {
				out = append(out, m)
			}
		}
	}
	if r.initial != nil && r.problem.Initial.Point == nil { // which decides between classes too
		out = append(out, r.initial)
	}
	return out
}

// curvature returns ∫|∂²p| over the other axes, in the blocks along axis k, the most
// of all laws: h² times that is the error of p between cells. Where figures up to the
// fourth moment weigh it more, it counts so.
func (r *run) curvature(k int, a wideAxis) []float64 {
	out, x := make([]float64, len(a.cells)), a.middles()
	for _, m := range r.laws() {
		marginal := make([]float64, len(x))
		for i, v := range r.figures.along(k, m) {
			marginal[a.of[i]] += v
		}
		weight := momentWeights(x, marginal)
		for i, v := range bends(r.grid, k, a, m) {
			out[i] = max(out[i], v*weight[i])
		}
	}
	return out
}

// bends returns Σ |∂²p| of a law over all lines of blocks along axis k.
func bends(g *grid.Grid, k int, a wideAxis, m []float64) []float64 {
	n, stride, x, h := len(a.cells), g.Stride(k), a.middles(), a.widths()
	out, p := make([]float64, n), make([]float64, n)
	for first := range m {
		if g.Along(k, first) != 0 {
			continue
		}
		clear(p)
		for i, to := range a.of {
			p[to] += m[first+i*stride] / h[to]
		}
		for i := 1; i < n-1; i++ {
			up, down := (p[i+1]-p[i])/(x[i+1]-x[i]), (p[i]-p[i-1])/(x[i]-x[i-1])
			out[i] += 2 * math.Abs(up-down) / (x[i+1] - x[i-1])
		}
	}
	out[0] = towards(out[1], out[2], x[1]-a.edges[0], x[2]-a.edges[0], h[0])
	out[n-1] = towards(out[n-2], out[n-3], a.edges[n]-x[n-2], a.edges[n]-x[n-3], h[n-1])
	return out
}

// towards continues what is c₁ and c₂ at distances from a wall to the cell of width h
// there: if it grows like a power s < 0 of the distance, by the mean of its cube root,
// which is more than in the middle.
func towards(c1, c2, x1, x2, h float64) float64 {
	if !(c1 > c2 && c2 > 0) {
		return c1
	}
	const steepest = -3 * (1 - 1./30) // a density has less than −3, beyond which there is no mean
	s := max(math.Log(c1/c2)/math.Log(x1/x2), steepest)
	return c1 * math.Pow(h/x1, s) / math.Pow(1+s/3, 3)
}

// momentWeights returns Σ |x − μ|ᵖ/√(E|x − μ|²ᵖ), p = 0…4.
func momentWeights(x, marginal []float64) []float64 {
	mass, mean := 0.0, 0.0
	for i, v := range marginal {
		mass, mean = mass+v, mean+v*x[i]
	}
	mean /= mass
	out := make([]float64, len(x))
	for p := range 5 {
		size := 0.0
		for i, v := range marginal {
			size += v * math.Pow(x[i]-mean, float64(2*p))
		}
		for i := range out {
			if size > 0 { // otherwise all mass is in one block
				out[i] += math.Pow(math.Abs(x[i]-mean), float64(p)) / math.Sqrt(size/mass)
			}
		}
	}
	return out
}

// widthsFor returns the widths of cells, as if of a single one, that equidistribute the
// cube root of a curvature (de Boor 1974), which for a given number makes errors of
// second order least, but for a part of the cells, which lie evenly, and so that they
// change by no more than a slope, which bounds the ratio of neighbours (Huang and
// Russell 2011).
func widthsFor(c []float64, a wideAxis, slope float64) []float64 {
	n, h, total := len(c), a.widths(), 0.0
	w := make([]float64, n)
	for i := range w {
		w[i] = math.Cbrt(slices.Max(c[max(0, i-1):min(n, i+2)])) // cells where c changes sign lie between others
		total += w[i] * h[i]
	}
	least := total * evenly / (1 - evenly) / (a.edges[n] - a.edges[0])
	if total == 0 {
		least = 1
	}
	for i := range w {
		w[i] = 1 / (w[i] + least)
	}
	normalise(w, h)
	for range 4 { // as widths are bounded, others grow
		bound(w, a, slope)
		normalise(w, h)
	}
	return w
}

// normalise scales widths so that Σ h/w = 1.
func normalise(w, h []float64) {
	cells := 0.0
	for i := range w {
		cells += h[i] / w[i]
	}
	for i := range w {
		w[i] *= cells
	}
}

// bound makes widths no larger than those elsewhere and a slope allow.
func bound(w []float64, a wideAxis, slope float64) {
	n, x := len(w), a.middles()
	once := func(i, j int, away float64) { w[i] = min(w[i], w[j]+slope*away) }
	for range 2 { // the second time with what came around
		for i := 1; i < n; i++ {
			once(i, i-1, x[i]-x[i-1])
		}
		for i := n - 2; i >= 0; i-- {
			once(i, i+1, x[i+1]-x[i])
		}
		if !a.periodic {
			return
		}
		across := x[0] - a.edges[0] + a.edges[n] - x[n-1]
		once(0, n-1, across)
		once(n-1, 0, across)
	}
}

// profile returns few points between which widths are straight lines, nearly, with few
// digits; cells of the width h tell points apart.
func profile(x, w, h []float64) (out grid.Profile) {
	keep := make([]bool, len(x))
	keep[0], keep[len(x)-1] = true, true
	simplify(x, w, 0, len(x)-1, keep)
	most := slices.Max(w)
	for i, is := range keep {
		if !is {
			continue
		}
		step := roundStep(h[i] / 2)
		at := decimal(math.Round(x[i]/step) * step)
		if n := len(out.At); n > 0 && at <= out.At[n-1] {
			continue
		}
		width := w[i] / most
		digit := roundStep(width / 100)
		out.At, out.Width = append(out.At, at), append(out.Width, decimal(math.Round(width/digit)*digit))
	}
	return out
}

// simplify keeps points of a curve between two (Douglas and Peucker 1973), by the
// logarithm of what a straight line misses.
func simplify(x, w []float64, lo, hi int, keep []bool) {
	worst, at := nearly, 0
	for i := lo + 1; i < hi; i++ {
		line := w[lo] + (w[hi]-w[lo])*(x[i]-x[lo])/(x[hi]-x[lo])
		if off := math.Abs(math.Log(line / w[i])); off > worst {
			worst, at = off, i
		}
	}
	if at == 0 {
		return
	}
	keep[at] = true
	simplify(x, w, lo, at, keep)
	simplify(x, w, at, hi, keep)
}
