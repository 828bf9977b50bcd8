package cases

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"fokker/grid"
	"fokker/operators"
	"fokker/solvers"
)

const escaped = 1e9 // times the first box: no box holds the law

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
// a tenth of the accuracy. Where particles went ahead, and wider cells take as much to
// the walls as narrower ones did, it is they that spread the law: the box is that before.
func (b *box) grow() error {
	first, narrower := slices.Clone(b.problem.Axes), (*walled)(nil)
	for {
		c, err := b.solved()
		if failed := (unsolved{}); errors.As(err, &failed) {
			return b.problem.unevaluated(failed.error)
		}
		if err != nil {
			return err
		}
		if b.scouted && narrower != nil && !(slices.Max(c.excess) < slices.Max(narrower.excess)) {
			b.problem.Axes, b.last, b.spread = narrower.axes, narrower, true
			return nil
		}
		if b.scouted && c.outrun {
			b.last, b.spread = c, true
			return nil
		}
		grown, before := false, slices.Clone(b.problem.Axes)
		c.axes, narrower = before, c
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
			a.moveOut(w.end(), step)
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
	for k, asked := range b.asked {
		edges := b.last.grid.Axis(k).Edges
		lo, hi, many := b.last.needs(k, b.last.laws, b.problem.Accuracy/100)
		if many {
			b.problem.Axes[k].close(asked, edges[lo], edges[hi])
			much = much || asked.open(0) || asked.open(1)
		}
	}
	return much
}

const (
	drawn = 3   // times, at most, that walls are drawn in
	pull  = 8.0 // parts of a box, of which one is taken off at once: wide cells show little more of a slope
)

// drawIn moves walls inwards by as much as the law falls from what mass beyond them may
// change down to what it does, by its slope at the wall: that of a law which falls faster and
// faster, as a Gaussian, is the steepest of the way. It reports whether that is much. Only on
// four axes, of so few cells that one is wider than the law's deviation, are walls so far out.
func (b *box) drawIn() bool {
	if len(b.ends) < 4 {
		return false
	}
	part := 1.0
	for i, w := range b.last.walls {
		a := &b.problem.Axes[w.axis]
		width := a.Hi - a.Lo
		by := math.Log(b.problem.Accuracy/10/float64(len(b.last.walls))/b.last.excess[i]) / b.last.steepest(w)
		by = max(0, min(by, width/pull))
		a.moveOut(w.end(), -by)
		part *= 1 - by/width
	}
	return part < settled
}

// steepest is the highest rate with which a law falls towards a wall.
func (w *walled) steepest(at wall) (rate float64) {
	for _, m := range w.laws {
		if _, falls := at.slope(w.grid, w.figures.along(at.axis, m)); falls > rate && !math.IsInf(falls, 1) {
			rate = falls
		}
	}
	return rate
}

// walled is a law on the box at hand and what mass beyond its open walls would
// change, over what it is measured by.
type walled struct {
	*coarse
	excess []float64 // the most of all figures, by wall
	laws   [][]float64
	axes   []AxisSpec // of the box
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
		m, err := b.rest(c)
		if err != nil {
			return nil, err
		}
		if err := out.rest(m); err != nil {
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
const crossed = 300

// chooseMethod avoids such methods in boxes that mass crosses at once. Where an axis
// streams, which leaves waves far from a law that is no wider than these cells, upwind
// rates show where it is.
func (b *box) chooseMethod(c *coarse) {
	task := b.problem.Evolve
	task.Method = ""
	if known := b.problem.linearise(); known != nil && known.end == task.Times[len(task.Times)-1] {
		return
	}
	for k := range b.ends {
		drift, noise := b.problem.largest(c.grid, k, 0, nil)
		if drift*task.Times[len(task.Times)-1]/slices.Min(c.grid.Widths(k)) > crossed || drift > 0 && noise == 0 {
			task.Method = implicit
		}
	}
}

func (w *walled) rest(m []float64) error {
	figures, err := w.figures.of(m, 0)
	if err != nil {
		return err
	}
	if err := w.note(m, 0, figures); err != nil {
		return err
	}
	return w.compare(m)
}

// compare takes note of the walls under the posterior with which the law is compared.
func (w *walled) compare(m []float64) error {
	w.result.Stationary = &StationaryResult{Masses: m}
	l, posterior, err := w.run.posterior()
	if l == nil || err != nil {
		return err
	}
	for i, part := range l.beyond(w.walls, posterior) {
		w.excess[i] = max(w.excess[i], part)
	}
	return nil
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
	last := len(e.Times) - 1
	seen, err := w.problem.resolves(w.grid, e.Masses[last], e.Times[last])
	w.outrun = seen.outrun > mostly
	return err
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
