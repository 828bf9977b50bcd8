package cases

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"fokker/cases/expr"
	"fokker/grid"
	"fokker/operators"
)

const (
	widest    = 1e6   // distance from the start at which the search for a stationary law begins
	narrowing = 3.2   // of a box in which coefficients are not finite, half a decade
	kept      = 1e-12 // of a coarse law, what may be cut off before it is known well
	spreading = 1e-3  // of a law that mesh diffusion may carry into the outer half of a box
	settled   = 0.7   // of all cells, that the law needs: the box is about its own
	equal     = 32    // cells of an axis, where they are so few that wide ones at the walls would hold much of the box
	pointLike = 1e-10 // of the distance from 0, a law as narrow as that is not looked into
	tiny      = 1e-20 // lengths beyond any use
)

// checkDrawn refuses axes along which the process is the same again and again: its law at
// rest would be as well, and without end.
func (b *box) checkDrawn() error {
	for k, a := range b.problem.Axes {
		if b.ends[k] == [2]bool{true, true} && expr.Angle(a.Name, b.problem.coefficients()...) {
			return b.problem.unconfined(fmt.Sprintf("nothing draws %s back: the process recurs along it, from one well to the next if there are any; with boundary = \"periodic\" and its period as `range` it has a law at rest", a.Name))
		}
	}
	return nil
}

// settle finds where the stationary law is: on the widest box that has finite
// coefficients, then on what of it the law needs, and again.
func (b *box) settle() error {
	if err := b.checkDrawn(); err != nil {
		return err
	}
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
	at := make([]float64, len(b.problem.Axes))
	for k, a := range b.problem.Axes {
		if at[k] = (a.Lo + a.Hi) / 2; math.Abs(at[k]) < tiny {
			at[k] = 0
		}
	}
	return b.problem.named(at)
}

// firstLaw solves on the widest box that has finite coefficients. Where noise
// couples axes, whose equal cells add diffusion to it, that says little, nor does it on
// several axes where no law is found: there it solves on the narrowest that holds the
// law, as the next wider one confirms.
func (b *box) firstLaw() (c *coarse, m []float64, err error) {
	if len(b.problem.coupled) > 0 {
		return b.narrowestLaw()
	}
	for width := widest; width > 1/widest; width /= narrowing {
		c, m, err = b.lawWithin(width)
		if err == nil && width == widest {
			err = b.checkTails(c, m, b.problem.Accuracy/10)
		}
		if errors.Is(err, ErrUnconfined) && len(b.problem.Axes) > 1 {
			break
		}
		if !errors.As(err, &unsolved{}) {
			return c, m, err
		}
	}
	if errors.Is(err, ErrUnconfined) { // or cells so wide spread it
		b.doubtful = true
		return b.narrowestLaw()
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
	if b.problem.couples(k) || !b.ends[k][0] && !b.ends[k][1] {
		return
	}
	b.scale[k] = scale
	b.problem.Axes[k].Spacing = grid.Spacing{
		At: func(u float64) float64 { return at + scale*math.Sinh(u) },
		Of: func(x float64) float64 { return math.Asinh((x - at) / scale) },
	}
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
	unseen := q3-q1 < min(4, n/8) && !b.problem.couples(k) && scale > pointLike*(tiny+math.Abs(at))
	if unseen {
		scale /= 4
		unseen = scale < b.scale[k]/2 // smaller than it was
	}
	b.focus(k, at, scale)
	if !unseen && n <= equal && a.Hi-a.Lo < 2*scale*float64(n) {
		a.Spacing = grid.Uniform()
	}
	return changed && b.fewer(lo, hi, n) || unseen
}

// fewer reports whether the cells [lo, hi) of an axis are so much less than all that the
// box, alike along every axis, would have a part of its cells.
func (r *run) fewer(lo, hi, all int) bool {
	return float64(hi-lo) < math.Pow(settled, 1/float64(len(r.problem.Axes)))*float64(all)
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

// gibbs returns e^(−U/T) at the centres of cells, which is the law of the rates, or nil
// where there is none. Elimination would take cells between which rates are below the
// range of float64, as across the valleys of wide boxes, for closed classes.
func (b *box) gibbs(g *grid.Grid) []float64 {
	p := b.problem
	t, ok := p.temperature()
	if !ok || p.loses() || !p.conservative() {
		return nil
	}
	u, x := make([]float64, g.Size()), operators.Columns(g.Dim(), g.Size())
	g.Points(x, grid.Range{Hi: g.Size()})
	p.reversible.Potential(u, x, 0)
	least := slices.Min(u)
	for i := range u {
		u[i] = g.Volume(i) * math.Exp((least-u[i])/t)
	}
	return u
}

// conservative reports whether all force is that of the potential, which is the same
// after every period.
func (p *Problem) conservative() bool {
	for _, f := range p.equation.gibbs.force {
		if v, constant := f.Constant(); !constant || v != 0 {
			return false
		}
	}
	return !slices.ContainsFunc(p.Axes, func(a AxisSpec) bool { return a.Ends[0] == grid.Periodic })
}
