package cases

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"fokker/grid"
	"fokker/operators"
	"fokker/solvers"
)

const (
	widest    = 1e6   // distance from the start at which the search for a stationary law begins
	narrowing = 3.2   // of a box in which coefficients are not finite, half a decade
	kept      = 1e-12 // of a coarse law, what may be cut off before it is known well
	spreading = 1e-3  // of a law that mesh diffusion may carry into the outer half of a box
	settled   = 0.7   // of the cells that the law needs: the box is about its own
	searches  = 100   // laws, at most, until a box is found: each at least doubles or halves something
	pointLike = 1e-10 // of the distance from 0, a law as narrow as that is not looked into
	tiny      = 1e-20 // lengths beyond any use
	escaped   = 1e9   // times the first box: no box holds the law
)

// box chooses the open ends of ranges: for a stationary law from far outside
// inwards, for laws in time from the initial law outwards, both on few cells.
// The walls are to carry less than a tenth of the accuracy.
type box struct {
	*run  // whose problem is a copy with the axes of the search
	asked []AxisSpec
	ends  [][2]bool // open
	scale []float64 // near the middle of the law, within which cells are equal
	left  int       // laws that may still be solved
	last  *walled   // the law on the box at hand
}

// newBox prepares the search.
func (r *run) newBox() *box {
	b := &box{run: &run{ctx: r.ctx, workers: r.workers, options: r.options}, asked: r.problem.Axes, scale: make([]float64, len(r.problem.Axes)), left: searches}
	p := *r.problem
	b.problem, p.Axes = &p, slices.Clone(p.Axes)
	if p.Order == operators.Spectral { // whose walls may carry less
		p.Accuracy = min(p.Accuracy, unwanted/100)
	}
	p.Order = 0
	for _, a := range p.Axes {
		b.ends = append(b.ends, [2]bool{a.open(0), a.open(1)})
	}
	b.cut(coarser)
	if p.Stationary == nil {
		b.cut(moving)
	}
	if p.Evolve != nil {
		task := *p.Evolve
		task.Tolerance = max(task.Tolerance, p.Accuracy/2)
		p.Evolve = &task
	}
	return b
}

// Cells of an axis in the search, by the number of axes: for finding the law, for
// its tails, and for laws in time alone.
var coarser, finer, moving = [...]int{200, 48, 16, 8}, [...]int{200, 64, 32, 16}, [...]int{200, 32, 12, 8}

// cut gives the axes no more cells than that.
func (b *box) cut(cells [4]int) {
	for k, a := range b.asked {
		n := max(cells[len(b.asked)-1], 4*len(a.Faces)+4)
		if a.Cells > 0 {
			n = min(n, a.Cells)
		}
		b.problem.Axes[k].Cells = n
	}
}

// find returns the axes with all ranges closed.
func (b *box) find() ([]AxisSpec, error) {
	b.options.Progress("box", 0)
	if b.problem.Stationary != nil {
		if err := b.settle(); err != nil {
			return nil, err
		}
	}
	if b.problem.Evolve != nil {
		if err := b.includeStart(); err != nil {
			return nil, err
		}
	}
	if err := b.grow(); err != nil {
		return nil, err
	}
	if b.problem.Evolve != nil && b.trim() {
		if err := b.grow(); err != nil {
			return nil, err
		}
	}
	out := slices.Clone(b.asked)
	for k := range out {
		a := b.problem.Axes[k]
		out[k].Lo, out[k].Hi = roundedOut(a.Lo, a.Hi, b.ends[k])
	}
	return out, nil
}

// roundedOut returns a range whose open ends have few digits, no narrower.
func roundedOut(lo, hi float64, open [2]bool) (float64, float64) {
	step := roundStep((hi - lo) / 40)
	if open[0] {
		lo = decimal(math.Floor(lo/step) * step)
	}
	if open[1] {
		hi = decimal(math.Ceil(hi/step) * step)
	}
	return lo, hi
}

// decimal takes off the rounding of a number that is meant to have few digits.
func decimal(x float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 14, 64), 64)
	if err != nil {
		panic(err) // it was written just before
	}
	return short
}

// roundStep returns 1, 2 or 5 times a power of ten, at most x.
func roundStep(x float64) float64 {
	power := math.Pow10(int(math.Floor(math.Log10(x))))
	for _, step := range []float64{5, 2} {
		if step*power <= x {
			return step * power
		}
	}
	return power
}

// unsolved is that a law cannot be had in the box at hand because a coefficient
// has no usable value.
type unsolved struct{ error }

func (u unsolved) Unwrap() error { return u.error }

// law solves on the box at hand. Where no class leads to another, all count alike.
func (b *box) law() (*coarse, []float64, error) {
	c, err := b.mesh()
	if err != nil {
		return nil, nil, err
	}
	law, err := solvers.Stationary(c.generator, &solvers.Settings{Context: b.ctx, Workers: b.workers, Tolerance: b.problem.Accuracy / 100})
	if errors.Is(err, solvers.ErrLost) {
		return nil, nil, b.problem.lost()
	}
	if err != nil {
		return nil, nil, err
	}
	m := law.Mass
	if m == nil {
		m = make([]float64, c.grid.Size())
		for _, one := range law.Classes {
			for i, cell := range one.Cells {
				m[cell] += one.Mass[i] / float64(len(law.Classes))
			}
		}
	}
	if s := sum(m); !finite(s) {
		return nil, nil, unsolved{fmt.Errorf("the law has the mass %v", s)}
	}
	return c, m, nil
}

// mesh assembles the box at hand.
func (b *box) mesh() (*coarse, error) {
	if err := b.ctx.Err(); err != nil {
		return nil, err
	}
	if b.left--; b.left < 0 {
		return nil, &NotReached{Wanted: b.problem.Accuracy, Reason: fmt.Sprintf("no box was found in %d attempts; a `range` does without the search", searches)}
	}
	b.options.Progress("box", 1-float64(b.left)/searches)
	c := &coarse{run: &run{ctx: b.ctx, problem: b.problem, workers: b.workers, result: &Result{}}}
	c.options.Progress = func(string, float64) {}
	if err := c.assemble(); err != nil {
		return nil, unsolved{err}
	}
	return c, nil
}

// settle finds where the stationary law is: on the widest box that has finite
// coefficients, then on what of it the law needs, and again.
func (b *box) settle() error {
	c, m, err := b.firstLaw()
	if err != nil {
		return err
	}
	part, known := kept, false
	for {
		changed := false
		for k := range b.ends {
			changed = b.narrow(c, k, c.figures.along(k, m), part) || changed
		}
		if !changed {
			if known {
				return nil
			}
			part, known = b.problem.Accuracy/100, true
			b.cut(finer)
		}
		if b.vanishes() {
			return fmt.Errorf("%w with a density: the mass collapses onto the point %s", ErrNoLaw, b.middle())
		}
		if c, m, err = b.law(); err != nil {
			return err
		}
	}
}

// vanishes reports whether an open axis has become too short to be cut.
func (b *box) vanishes() bool {
	for k, a := range b.problem.Axes {
		if b.ends[k] != [2]bool{} && a.Hi-a.Lo < pointLike*(tiny+max(math.Abs(a.Lo), math.Abs(a.Hi))) {
			return true
		}
	}
	return false
}

// middle names the middle of the box.
func (b *box) middle() string {
	parts := make([]string, len(b.problem.Axes))
	for k, a := range b.problem.Axes {
		at := (a.Lo + a.Hi) / 2
		if math.Abs(at) < tiny {
			at = 0
		}
		parts[k] = fmt.Sprintf("%s = %.6g", a.Name, at)
	}
	return strings.Join(parts, ", ")
}

// firstLaw solves on the widest box that has finite coefficients. Where noise
// couples axes, whose equal cells add diffusion to it, that says little: there it
// solves on the narrowest that holds the law, as the next wider one confirms.
func (b *box) firstLaw() (c *coarse, m []float64, err error) {
	if len(b.problem.coupled) > 0 {
		return b.narrowestLaw()
	}
	for width := widest; width > 1/widest; width /= narrowing {
		c, m, err = b.lawWithin(width)
		if err == nil && width == widest {
			err = b.checkTails(c, m, b.problem.Accuracy/10)
		}
		if !errors.As(err, &unsolved{}) {
			return c, m, err
		}
	}
	return nil, nil, b.problem.unevaluated(err)
}

func (b *box) narrowestLaw() (c *coarse, m []float64, err error) {
	held := 0
	var out error
	for width := 1.0; width <= widest && held < 2; width *= narrowing {
		wider, law, err := b.lawWithin(width)
		if errors.As(err, &unsolved{}) && c != nil { // no wider one
			for k, a := range c.grid.Axes() {
				b.problem.Axes[k].Lo, b.problem.Axes[k].Hi = a.Edges[0], a.Edges[a.Cells()]
			}
			break
		}
		if err != nil {
			return nil, nil, err
		}
		c, m = wider, law
		if out = b.checkTails(c, m, max(spreading, b.problem.Accuracy/10)); out == nil {
			held++
		} else {
			held = 0
		}
	}
	if held == 0 {
		return nil, nil, out
	}
	return c, m, nil
}

// lawWithin solves at most so far from the start.
func (b *box) lawWithin(width float64) (*coarse, []float64, error) {
	for k := range b.ends {
		b.open(k, b.center(k), 1, width)
	}
	return b.law()
}

// center returns a point of the axis that the case names.
func (b *box) center(k int) float64 {
	a, at := b.problem.Axes[k], 0.0
	if in := b.problem.Initial; in != nil && in.Point != nil {
		at = in.Point[k]
	} else if in != nil && in.Mean != nil {
		at = in.Mean[k]
	}
	return min(max(at, a.Lo), a.Hi)
}

// open sets the open ends of an axis at a distance from a point. Near the point,
// as far as scale, cells are equal; beyond they grow in proportion to distance.
func (b *box) open(k int, at, scale, width float64) {
	a := &b.problem.Axes[k]
	if b.ends[k][0] {
		a.Lo = at - width
	}
	if b.ends[k][1] {
		a.Hi = at + width
	}
	b.focus(k, at, scale)
}

// focus sets where cells are small, unless noise that couples axes needs equal ones.
func (b *box) focus(k int, at, scale float64) {
	if b.isCoupled(k) || !b.ends[k][0] && !b.ends[k][1] {
		return
	}
	b.scale[k] = scale
	b.problem.Axes[k].Spacing = grid.Spacing{
		At: func(u float64) float64 { return at + scale*math.Sinh(u) },
		Of: func(x float64) float64 { return math.Asinh((x - at) / scale) },
	}
}

func (b *box) isCoupled(k int) bool {
	return slices.ContainsFunc(b.problem.coupled, func(g []int) bool { return slices.Contains(g, k) })
}

// checkTails refuses a law of which more than a part is far out, so that the box
// does not hold all of it, or that has no variance.
func (b *box) checkTails(c *coarse, m []float64, part float64) error {
	for k, ends := range b.ends {
		marginal, a := c.figures.along(k, m), b.problem.Axes[k]
		mass, square := farOut(c.grid.Centers(k), marginal, b.center(k), [2]float64{a.Lo, a.Hi})
		for end, is := range ends {
			side := [2]string{"lower", "upper"}[end]
			switch {
			case !is:
			case mass[end] > part:
				return b.problem.unconfined(fmt.Sprintf("of the law in [%.3g, %.3g], %s is in the outer half towards the %s wall of %s", a.Lo, a.Hi, percent(mass[end]), side, a.Name))
			case square[end] > 0.1: // of a law like x⁻ᵏ, the last tenth of a box of 10⁶ has as much where k < 3
				return b.problem.unconfined(fmt.Sprintf("the tail of the law towards the %s wall of %s is so heavy that its variance grows with the box: %s of it comes from beyond a tenth of [%.3g, %.3g]", side, a.Name, percent(square[end]), a.Lo, a.Hi))
			}
		}
	}
	return nil
}

// farOut returns for both sides of a law the mass nearer to the wall than to the
// start, and the part of the side's variance from beyond a tenth of the distance
// of the wall from the median.
func farOut(x, marginal []float64, start float64, walls [2]float64) (mass, square [2]float64) {
	q1, q2, q3 := quartiles(marginal)
	var total [2]float64
	usual := x[q3] - x[q1]
	for i, v := range marginal {
		side := 0
		if x[i] > x[q2] {
			side = 1
		}
		away, width := math.Abs(x[i]-x[q2]), math.Abs(walls[side]-x[q2])
		for end, wall := range walls {
			if math.Abs(x[i]-wall) < math.Abs(x[i]-start) {
				mass[end] += v
			}
		}
		if away > width/10 && width/10 > 10*usual { // otherwise it is no tail
			square[side] += v * away * away
		}
		total[side] += v * away * away
	}
	for side := range square {
		square[side] /= max(total[side], math.SmallestNonzeroFloat64) // nothing of nothing
	}
	return mass, square
}

// narrow moves the open ends of an axis to the cells beyond which moments up to
// the fourth have only a part, and cells to where the law is. It reports whether
// that changed much.
func (b *box) narrow(c *coarse, k int, marginal []float64, part float64) bool {
	if !b.ends[k][0] && !b.ends[k][1] {
		return false
	}
	a, edges, n := &b.problem.Axes[k], c.grid.Axis(k).Edges, len(marginal)
	lo, hi := needed(c.grid.Centers(k), marginal, part)
	lo, hi = max(0, lo-1), min(n, hi+1)
	changed := false
	if b.ends[k][0] && lo > 0 {
		a.Lo, changed = edges[lo], true
	}
	if b.ends[k][1] && hi < n {
		a.Hi, changed = edges[hi], true
	}
	q1, q2, q3 := quartiles(marginal)
	at, scale := c.grid.Centers(k)[q2], (edges[q3+1]-edges[q1])/2
	unseen := q3-q1 < min(4, n/8) && !b.isCoupled(k) && scale > pointLike*(tiny+math.Abs(at))
	if unseen {
		scale /= 4
		unseen = scale < b.scale[k]/2 // smaller than it was
	}
	b.focus(k, at, scale)
	return changed && float64(hi-lo) < settled*float64(n) || unseen
}

// needed returns the cells [lo, hi) beyond which E|x − μ|ᵖ changes by less than a
// part of the root of E|x − μ|²ᵖ, p = 0…4.
func needed(x, marginal []float64, part float64) (lo, hi int) {
	mass, mean := 0.0, 0.0
	for i, v := range marginal {
		mass, mean = mass+v, mean+v*x[i]
	}
	mean /= mass
	const powers = 5
	var size, sum [powers]float64
	for p := range size {
		for i, v := range marginal {
			size[p] += v * math.Pow(x[i]-mean, float64(2*p))
		}
		size[p] = math.Sqrt(size[p] * mass)
	}
	exceeds := func(i int) (yes bool) {
		for p := range sum {
			sum[p] += marginal[i] * math.Pow(math.Abs(x[i]-mean), float64(p))
			yes = yes || sum[p] > part*size[p]
		}
		return yes
	}
	for lo < len(x)-1 && !exceeds(lo) {
		lo++
	}
	sum = [powers]float64{}
	for hi = len(x); hi > lo+1 && !exceeds(hi-1); hi-- {
	}
	return lo, hi
}

// quartiles returns the cells that hold them.
func quartiles(marginal []float64) (q1, q2, q3 int) {
	total, so := sum(marginal), 0.0
	for i, v := range marginal {
		if so += v; so < total/4 {
			q1 = i + 1
		}
		if so < total/2 {
			q2 = i + 1
		}
		if so < total*3/4 {
			q3 = i + 1
		}
	}
	return q1, q2, q3
}

// includeStart widens the box to the initial law. In time alone, the box begins
// with that.
func (b *box) includeStart() error {
	in, alone := b.problem.Initial, b.problem.Stationary == nil
	if in.Density != nil {
		return b.includeDensity(alone)
	}
	for k, ends := range b.ends {
		at, reach := b.center(k), 0.0
		switch {
		case in.Std != nil:
			reach = in.Std[k]
		case in.Covariance != nil:
			reach = math.Sqrt(in.Covariance.At(k, k))
		}
		reach *= deviations
		if reach == 0 && alone { // what grows must have a size
			reach = b.firstStep(k, at)
		}
		b.include(k, ends, at-reach, at+reach, alone)
	}
	return nil
}

// deviations of a Gaussian hold all of it but 1e-15.
const deviations = 8

func (b *box) include(k int, ends [2]bool, lo, hi float64, alone bool) {
	a := &b.problem.Axes[k]
	if ends[0] && (alone || lo < a.Lo) {
		a.Lo = lo
	}
	if ends[1] && (alone || hi > a.Hi) {
		a.Hi = hi
	}
	if alone {
		a.Spacing = grid.Uniform()
	}
}

// firstStep is how far a point moves until the first output, about.
func (b *box) firstStep(k int, at float64) float64 {
	dim, t := len(b.ends), b.problem.Evolve.Times[0]
	if t == 0 && len(b.problem.Evolve.Times) > 1 {
		t = b.problem.Evolve.Times[1]
	}
	x, drift, d := operators.Columns(dim, 1), operators.Columns(dim, 1), operators.Columns(dim*dim, 1)
	for l := range x {
		x[l][0] = b.center(l)
	}
	b.problem.Process.Drift(drift, x, 0)
	b.problem.Process.(operators.Diffusive).Diffusion(d, x, 0)
	step := math.Sqrt(2*math.Abs(d[k*dim+k][0])*t) + math.Abs(drift[k][0])*t
	if step > 0 && finite(step) {
		return step
	}
	return max(1, math.Abs(at)) / 10
}

// includeDensity finds where an initial density is, from far outside inwards.
func (b *box) includeDensity(alone bool) error {
	other := *b
	p := *b.problem
	other.problem, p.Axes = &p, slices.Clone(p.Axes)
	for k := range other.ends {
		other.open(k, other.center(k), 1, widest)
	}
	for width := widest; ; {
		g, err := p.Grid()
		if err != nil {
			return err
		}
		m, _, err := p.Initial.Masses(g)
		if err != nil && width > 1/widest { // not finite so far out
			width /= narrowing
			for k := range other.ends {
				other.open(k, other.center(k), 1, width)
			}
			continue
		}
		if err != nil {
			return p.unevaluated(err)
		}
		c, changed := &coarse{run: &run{grid: g, figures: newFigures(g)}}, false
		for k := range other.ends {
			changed = other.narrow(c, k, c.figures.along(k, m), kept) || changed
		}
		if other.left--; !changed || other.left < 0 {
			break
		}
	}
	for k, ends := range b.ends {
		b.include(k, ends, p.Axes[k].Lo, p.Axes[k].Hi, alone)
	}
	return nil
}

// grow widens the box until mass beyond the open walls would change no figure by
// a tenth of the accuracy.
func (b *box) grow() error {
	first := slices.Clone(b.problem.Axes)
	for {
		c, err := b.solved()
		if failed := (unsolved{}); errors.As(err, &failed) {
			return b.problem.unevaluated(failed.error)
		}
		if err != nil {
			return err
		}
		grown, before := false, slices.Clone(b.problem.Axes)
		for i, w := range c.walls {
			excess := c.excess[i] * float64(len(c.walls)) / (b.problem.Accuracy / 10)
			if !(excess > 1) {
				continue
			}
			grown = true
			a := &b.problem.Axes[w.axis]
			step := (before[w.axis].Hi - before[w.axis].Lo) / 8
			if excess > 10 {
				step *= 4
			}
			if w.cell == 0 {
				a.Lo -= step
			} else {
				a.Hi += step
			}
			if old := first[w.axis]; a.Hi-a.Lo > escaped*(old.Hi-old.Lo) {
				return b.problem.unconfined(fmt.Sprintf("the law along %s leaves every box up to [%.3g, %.3g]", a.Name, a.Lo, a.Hi))
			}
		}
		if !grown {
			b.last = c
			return nil
		}
	}
}

// trim takes off what growing added in vain and reports whether that is much.
func (b *box) trim() (much bool) {
	for k, ends := range b.ends {
		lo, hi, n := b.last.grid.Cells(k), 0, b.last.grid.Cells(k)
		for _, m := range b.last.laws {
			from, to := needed(b.last.grid.Centers(k), b.last.figures.along(k, m), b.problem.Accuracy/100)
			lo, hi = min(lo, from), max(hi, to)
		}
		a, edges := &b.problem.Axes[k], b.last.grid.Axis(k).Edges
		if lo, hi = max(0, lo-1), min(n, hi+1); float64(hi-lo) > settled*float64(n) {
			continue
		}
		if ends[0] {
			a.Lo, much = edges[lo], true
		}
		if ends[1] {
			a.Hi, much = edges[hi], true
		}
	}
	return much
}

// walled is a law on the box at hand and what mass beyond its open walls would
// change, over what it is measured by.
type walled struct {
	*coarse
	excess []float64 // the most of all figures, by wall
	laws   [][]float64
}

// solved does the tasks on the box at hand.
func (b *box) solved() (*walled, error) {
	c, err := b.mesh()
	if err != nil {
		return nil, err
	}
	for k, ends := range b.ends {
		for end, is := range ends {
			if is {
				c.walls = append(c.walls, c.wall(k, end))
			}
		}
	}
	out := &walled{coarse: c, excess: make([]float64, len(c.walls))}
	if err := out.start(); err != nil {
		return nil, err
	}
	if b.problem.Stationary != nil {
		if err := out.rest(); err != nil {
			return nil, err
		}
	}
	if b.problem.Evolve != nil {
		if err := b.moves(out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// moves follows the law in time; by implicit steps where others do not get through
// such wide cells.
func (b *box) moves(w *walled) error {
	b.chooseMethod(w.coarse)
	err := w.move()
	if errors.As(err, new(*solvers.NotConverged)) && b.problem.Evolve.Method != implicit {
		b.problem.Evolve.Method = implicit
		return w.move()
	}
	return err
}

const implicit = "sdirk4"

// crossed is how many cells mass may cross until the end of [evolve] before
// methods whose steps see single cells take too long.
const crossed = 1e5

// chooseMethod avoids such methods in boxes that mass crosses at once.
func (b *box) chooseMethod(c *coarse) {
	task := b.problem.Evolve
	task.Method = ""
	for k := range b.ends {
		drift, _ := b.problem.largest(c.grid, k, 0, nil)
		if drift*task.Times[len(task.Times)-1]/slices.Min(c.grid.Widths(k)) > crossed {
			task.Method = implicit
		}
	}
}

func (w *walled) rest() error {
	law, err := w.law()
	if err != nil {
		return err
	}
	figures, err := w.figures.of(law.Mass, 0)
	if err != nil {
		return err
	}
	return w.note(law.Mass, 0, figures)
}

func (w *walled) move() error {
	e, err := w.march()
	if err != nil {
		return err
	}
	for i, m := range e.Masses {
		if err := w.note(m, e.Times[i], w.seen.evolve[i]); err != nil {
			return err
		}
	}
	return nil
}

// note takes note of the walls under a law. One that does not fall towards a wall
// goes on beyond it for ever.
func (w *walled) note(m []float64, t float64, f Figures) error {
	w.laws = append(w.laws, m)
	for i := range w.walls {
		wall := &w.walls[i]
		marginal := w.figures.along(wall.axis, m)
		at, rate := wall.slope(w.grid, marginal)
		wall.beyond = 0
		switch {
		case at > 0 && rate > 0:
			wall.beyond = tail(at, rate, w.grid.Widths(wall.axis)[wall.cell]) / sum(marginal)
		case at > 0:
			wall.beyond = marginal[wall.cell] / sum(marginal) * float64(len(marginal))
		}
	}
	all, err := w.sensitivities(m, t, f)
	if err != nil {
		return err
	}
	e := &estimate{run: w.run, to: all}
	f.mapped(func(path string, v float64) float64 {
		for i, part := range all[path].walls {
			if scale := e.scaleOf(path, v); scale > 0 {
				w.excess[i] = max(w.excess[i], part/scale)
			}
		}
		return 0
	})
	return nil
}

// unconfined is the answer that no box holds the law.
func (p *Problem) unconfined(found string) error {
	return fmt.Errorf("%w: %s\n    hint: a `range` gives the process walls, [evolve] follows what spreads", ErrUnconfined, found)
}

// unevaluated says which coefficient leaves no box.
func (p *Problem) unevaluated(err error) error {
	var m *Mistake
	if errors.As(err, &m) {
		m.Hint = "where the variables have no such values, give a `range`, of which an end may be left open as in [0.0, inf]"
	}
	return err
}
