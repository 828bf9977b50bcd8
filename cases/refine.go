package cases

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/floats"

	"fokker/grid"
	"fokker/operators"
)

const (
	most       = 12   // meshes
	sure       = 1.15 // times the cells that the last mesh asks for
	grudging   = 1.3  // times as many cells are worth another mesh at the end of a budget
	leastCells = 16   // of an axis: a quarter of them gives errors
	costly     = 1.25 // power of the number of cells with which time grows, about
	costlier   = 2.0  // the same of a chain, whose steps reach as many more of them
	far        = 3.0  // times a budget are out of reach
)

// steepest is how many times as many cells an axis may get from mesh to mesh, by
// the number of axes: where cells are many, what coarse ones say of errors is
// looked at before it is believed.
var steepest = [...]float64{8, 3, 2.5, 2}

// gentle is the same for the fourth order where no cell has most of the law: on few cells it shows a
// lower one, by which far too many would be asked for.
var gentle = [...]float64{8, 2, 1.6, 1.5}

func (s *reaching) steepest() float64 {
	if s.run.problem.Order == operators.Fourth && !s.run.unresolved {
		return gentle[len(s.axes)-1]
	}
	return steepest[len(s.axes)-1]
}

// refine chooses the next mesh, or says why there is none.
func (s *reaching) refine() (why string) {
	if s.trial != nil && s.known() < s.trial.known {
		return s.givesUp()
	}
	list, unknown := s.missed()
	if len(s.run.result.measures) == 0 { // no coarser mesh had a law
		unknown++
	}
	hopeless := s.unknown == 2 || s.run.onLines() // where there is no entropy
	if len(list) == 0 && (unknown == 0 || hopeless) && !s.unseen() {
		return reached
	}
	if wall := s.cutting(list); wall != "" {
		return "the wall " + wall + " cuts the law"
	}
	tighter, held := s.tightens(list)
	if tighter {
		return ""
	}
	if s.trial == nil && s.spent() {
		return s.tooSlow()
	}
	factor, least, err := s.factors(list)
	if err != nil {
		return err.Error()
	}
	cells := s.asks(factor)
	if s.fails(cells) {
		return s.givesUp()
	}
	s.trial = nil
	axes, changed := s.next(factor, list)
	if !changed {
		return cmp.Or(held, s.settled())
	}
	if why := s.stuck(list); why != "" {
		return cmp.Or(held, why)
	}
	raises := !s.run.onLines() && s.mayRaise(axes)                           // on lines it fails on any cells
	if !s.narrowed && !raises && len(s.wells) == 0 && s.tries(axes, cells) { // in a box that is the next one's too
		return ""
	}
	if why := s.hopeless(least); why != "" {
		return why
	}
	if why := s.afford(axes); why != "" || !s.graded {
		if raises {
			s.raises()
		}
		return why
	}
	return s.grades()
}

// next returns the axes of a mesh with some times as many cells, as far as one step
// goes, and with open walls moved to where the law turned out to need them.
func (s *reaching) next(factor []float64, list []measure) (axes []AxisSpec, changed bool) {
	axes = slices.Clone(s.axes)
	s.widen(axes, list)
	s.narrow(axes)
	for k := range axes {
		a, old := &axes[k], s.axes[k]
		if s.free(k) {
			a.Cells = max(leastCells, 4*int(math.Ceil(float64(old.Cells)*s.more(factor[k], (a.Hi-a.Lo)/(old.Hi-old.Lo))/4)))
		}
		changed = changed || a.Cells != old.Cells || a.Lo != old.Lo || a.Hi != old.Hi
	}
	return axes, changed
}

// more is how many times as many cells an axis gets of which a part stays in the box. It
// is cells that a step shrinks so far at most: those of a wider box say too much of errors.
func (s *reaching) more(factor, part float64) float64 {
	return max(part*min(factor, s.steepest()), min(part*factor, 1))
}

// cutting names the wall that the case states and that no mesh would mend: what the
// worst figure lacks beyond it is more than is wanted, and more than its mesh does.
func (s *reaching) cutting(list []measure) string {
	if len(list) == 0 {
		return ""
	}
	m := list[0]
	if !(m.box > s.from.Problem.Accuracy*m.scale && m.box > m.mesh) || s.from.Problem.Axes[m.wall.axis].open(m.wall.end()) {
		return ""
	}
	a := s.axes[m.wall.axis]
	return fmt.Sprintf("%s = %.6g", a.Name, [2]float64{a.Lo, a.Hi}[m.wall.end()])
}

// unseen reports whether a mesh shows so little of the law that more cells are
// wanted whatever the errors: most of it lies in single cells, making laws nonnegative changed
// much of them, or the order, which is the run's choice, leaves negative masses.
func (s *reaching) unseen() bool {
	return s.run.unresolved || s.run.moved > ragged || s.order != s.from.Problem.Order && s.ripples() > 1
}

// waves are ripples, and what making laws nonnegative changed, over what is borne with.
func (s *reaching) waves() float64 { return max(s.ripples(), s.run.moved/ragged) }

// ripples are the masses below 0 that a scheme of high order leaves, over what no figure
// sees and nobody is warned of.
func (s *reaching) ripples() float64 { return s.run.negative / s.unseenRipples() }

// unseenRipples are the masses below 0 that are borne with: those that a stated tolerance
// leaves, at least.
func (s *reaching) unseenRipples() float64 {
	few := min(unwanted, s.from.Problem.Accuracy/100)
	if t := s.from.Problem.Stationary; t != nil && t.stated {
		return max(few, t.Tolerance)
	}
	return few
}

// seen is how many times as many cells may show the law: those that leave no negative mass
// by the order of the scheme, where that is all that is wrong.
func (s *reaching) seen() float64 {
	if s.run.unresolved {
		return s.steepest()
	}
	return min(s.steepest(), sure*math.Pow(s.waves(), 1/s.run.problem.order()))
}

// staysBelow reports whether the waves that an order of the run's choice leaves do not even
// fall as the errors of the second one, h²: the law is not smooth.
func (s *reaching) staysBelow() bool {
	if s.order == s.from.Problem.Order || s.waves() <= 1 {
		return false
	}
	before, cells := s.rippled, cellsOf(s.axes)
	s.rippled = rippled{s.waves(), cells}
	return s.rippled.waves > before.waves*math.Pow(before.cells/cells, 2/float64(len(s.axes))) && before.cells > 0
}

// rippled is what waves a mesh has.
type rippled struct{ waves, cells float64 }

// factors returns how many times as many cells every axis gets: as many as may be
// where the law is not seen yet, whatever the errors. If no figure misses, half as
// many more may tell the errors that are not known. The least is what it would take if
// errors fell by the order of the scheme from now on.
func (s *reaching) factors(list []measure) (factor, least []float64, err error) {
	same := func(times float64) []float64 { return slices.Repeat([]float64{times}, len(s.axes)) }
	if s.unseen() {
		return same(s.seen()), same(1), nil
	}
	if len(list) == 0 {
		s.unknown++
		return same(1.5), same(1), nil
	}
	factor, least = same(1), same(1)
	shares, err := s.shares()
	highest := s.run.problem.order()
	for _, m := range list {
		order := m.order
		if math.IsNaN(order) {
			order = highest
		}
		s.ask(factor, m, shares[m.at+m.path], max(order, 1))
		s.ask(least, m, shares[m.at+m.path], highest)
	}
	return factor, least, err
}

// ask raises the factors of cells to what a figure wants. Of an error e of order
// p, axis k has the share sₖ; the fewest cells that bring it to w have
// (d sₖ e/w)^(1/p) times those of now, d axes. Where that is fewer, as many stay and
// the others bring the rest to what these leave of w.
func (s *reaching) ask(factor []float64, m measure, share []float64, order float64) {
	wanted := s.from.Problem.Accuracy * m.scale
	rest := m.error - m.mesh
	left := max(wanted-rest, max(wanted, rest)/4) / m.mesh
	part := leastWork(share, left)
	for k := range share {
		factor[k] = max(factor[k], sure*math.Pow(share[k]/part, 1/order))
	}
}

// leastWork returns the part w of an error to which the shares of axes above it fall, where
// Σ min(sₖ, w) is what is left of it.
func leastWork(share []float64, left float64) (w float64) {
	sorted := slices.Sorted(slices.Values(share))
	for i, s := range sorted {
		if w = left / float64(len(sorted)-i); s > w {
			break
		}
		left -= s
	}
	return w
}

// shares returns by figure the part that each axis has in the error of the mesh: what
// halving its cells alone changes. On four axes four such runs take twice as long as the mesh
// itself, and are done on the one beside it that its errors are from.
func (s *reaching) shares() (map[string][]float64, error) {
	out, dim := map[string][]float64{}, len(s.axes)
	even := 1 / float64(dim)
	for _, m := range s.run.result.measures {
		out[m.at+m.path] = slices.Repeat([]float64{even}, dim)
	}
	if dim == 1 || s.run.onLines() {
		return out, nil
	}
	on, wider, before := 1.0, 2.0, s.run.values()
	if dim == 4 {
		if wider, before = s.run.wider(), s.run.beside; before == nil {
			return out, nil
		}
		on = wider
	}
	changes := make([]map[string]float64, dim)
	for k := range dim {
		factors := slices.Repeat([]float64{on}, dim)
		if factors[k] *= wider; !s.free(k) {
			continue
		}
		c, err := s.run.coarse(factors, figuresAlone, float64(k)/float64(dim), float64(k+1)/float64(dim))
		if err != nil {
			return out, err
		}
		changes[k] = c.values()
	}
	for key, part := range out {
		for k := range dim {
			if part[k] = 0; changes[k] != nil {
				part[k] = math.Abs(changes[k][key] - before[key])
			}
		}
		if total := sum(part); total > 0 {
			floats.Scale(1/total, part)
		} else {
			copy(part, slices.Repeat([]float64{even}, dim))
		}
	}
	return out, nil
}

// onLines reports whether the stationary law lies in few of the cells, on lines that noise
// does not leave: cells wider along one axis have others.
func (r *run) onLines() bool {
	law, held := r.seen.law, 0
	if law == nil || len(r.problem.coupled) == 0 {
		return false
	}
	for _, c := range law.Classes {
		held += len(c.Cells)
	}
	return held < r.grid.Size()/8
}

// values returns all figures by task and path.
func (r *run) values() map[string]float64 {
	out := map[string]float64{}
	note := func(at string) func(string, float64) float64 {
		return func(path string, v float64) float64 {
			out[at+path] = v
			return v
		}
	}
	if r.seen.stationary != nil {
		r.seen.stationary.mapped(note("stationary"))
	}
	for i, f := range r.seen.evolve {
		f.mapped(note(atTime(r.problem.Evolve.Times[i])))
	}
	return out
}

// atTime names an output of [evolve].
func atTime(t float64) string { return fmt.Sprintf("evolve at %.6g", t) }

// misses are the figures that miss on a mesh.
type misses struct {
	worst   float64 // error over what is wanted
	figures int
	cells   float64 // of the mesh
}

// stuck says that errors do not fall.
func (s *reaching) stuck(list []measure) string {
	if s.meshes >= most {
		return fmt.Sprintf("%d meshes were tried", s.meshes)
	}
	if s.staysBelow() {
		return stalled
	}
	if len(list) == 0 || s.unseen() {
		return ""
	}
	now := misses{list[0].over(s.from.Problem.Accuracy), len(list), cellsOf(s.axes)}
	s.misses = append(s.misses, now)
	for i := len(s.misses) - 3; i > 0; i-- { // the first mesh may show nothing
		if before := s.misses[i]; 2*before.cells <= now.cells { // on fewer errors may wait to fall
			// laws in time that are narrow at first are seen one after the other
			if now.worst > 0.9*before.worst && now.figures >= before.figures {
				return stalled
			}
			break
		}
	}
	return ""
}

// hopeless says that the accuracy is out of reach, even if errors fall by the order of
// the scheme from now on: on two meshes they have been seen, and the cells that are then
// wanted are far more than may be had. Limits that the case states are made use of all the
// same.
func (s *reaching) hopeless(least []float64) string {
	if p := s.from.Problem; p.TimeLimit > 0 || p.MemoryLimit > 0 || len(s.misses) < 2 {
		return ""
	}
	more := 1.0
	for k, factor := range least {
		if s.free(k) {
			more *= factor
		}
	}
	cells, seconds := more*cellsOf(s.axes), s.took*math.Pow(more, s.costly())
	memory := s.run.problem.bytesPerCell() * cells
	switch limit := s.from.Problem.memoryLimit(); {
	case limit > 0 && memory > far*limit:
		return fmt.Sprintf("it needs at least %.2g cells and %s of memory", cells, size(memory))
	case seconds > far*s.from.Problem.searchLimit():
		return fmt.Sprintf("it needs at least %.2g cells and about %s (time_limit in [numerics] says how long to go on all the same)", cells, duration(seconds))
	}
	return ""
}

// afford takes the mesh as far as memory and time allow.
func (s *reaching) afford(axes []AxisSpec) string {
	limit, why := s.limit(axes)
	need, free := cellsOf(axes), 0.0
	if need <= limit {
		s.axes = axes
		return ""
	}
	for k := range axes {
		if s.free(k) {
			free++
		}
	}
	for k := range axes {
		if s.free(k) {
			axes[k].Cells = max(leastCells, 4*int(float64(axes[k].Cells)*math.Pow(limit/need, 1/free)/4))
		}
	}
	if n := cellsOf(axes); n > limit || n < grudging*cellsOf(s.axes) {
		return why
	}
	s.axes = axes
	return ""
}

func cellsOf(axes []AxisSpec) float64 {
	n := 1.0
	for _, a := range axes {
		n *= float64(a.Cells)
	}
	return n
}

// limit returns the most cells that may be had, and why no more.
func (s *reaching) limit(axes []AxisSpec) (cells float64, why string) {
	p := *s.from.Problem
	p.Axes, p.Order = axes, s.order
	cells, why = grid.MaxCells, "more cells cannot be numbered"
	if memory := p.memoryLimit(); memory > 0 && memory/p.bytesPerCell() < cells {
		cells, why = memory/p.bytesPerCell(), "more cells need more memory than "+size(memory)
	}
	if n := s.inTime(); n < cells {
		cells, why = n, s.tooSlow()
	}
	return cells, why
}

// spent reports whether the time that is left has room for no mesh that would be worth it.
func (s *reaching) spent() bool {
	for k := range s.axes {
		if s.free(k) {
			return s.inTime() < grudging*cellsOf(s.axes)
		}
	}
	return false
}

// inTime returns the cells of a mesh that is done when time is over.
func (s *reaching) inTime() float64 {
	left := max(0, s.from.Problem.searchLimit()-time.Since(s.begin).Seconds())
	return cellsOf(s.axes) * math.Pow(left/s.took, 1/s.costly())
}

func (s *reaching) costly() float64 {
	if s.from.Problem.Chain != nil {
		return costlier
	}
	return costly
}

func (s *reaching) tooSlow() string {
	return fmt.Sprintf("more cells would take longer than the time limit of %g s", s.from.Problem.searchLimit())
}

// searchLimit returns the seconds that the search may take: half of all where laws of
// other descriptions follow.
func (p *Problem) searchLimit() float64 {
	if p.Compare != nil {
		return p.timeLimit() / 2
	}
	return p.timeLimit()
}

// Deadline is when a run that began then is to be done; far off where no limit holds.
func (p *Problem) Deadline(begin time.Time) time.Time {
	if p.Accuracy == 0 && p.TimeLimit == 0 {
		return after(begin, math.Inf(1))
	}
	return after(begin, p.timeLimit())
}

// timeLimit returns the seconds that the run may take.
func (p *Problem) timeLimit() float64 {
	if p.TimeLimit > 0 {
		return p.TimeLimit
	}
	return usualLimit
}

const usualLimit = 600 // seconds
