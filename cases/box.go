package cases

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"fokker/operators"
	"fokker/solvers"
)

const searches = 100 // laws, at most, until a box is found: each at least doubles or halves something

// box chooses the open ends of ranges: for a stationary law from far outside
// inwards, for laws in time from the initial law outwards, both on few cells.
// The walls are to carry less than a tenth of the accuracy.
type box struct {
	*run     // whose problem is a copy with the axes of the search
	asked    []AxisSpec
	ends     [][2]bool   // open
	scale    []float64   // near the middle of the law, within which cells are equal
	left     int         // laws that may still be solved
	last     *walled     // the law on the box at hand
	scouted  bool        // particles were where laws in time get
	spread   bool        // cells, not noise, take the law beyond what particles need
	doubtful bool        // wider boxes are not known to hold the law
	beyond   [][]float64 // places outside at which drift comes to rest
	wells    []well      // in it, if there are several
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
		var err error
		if b.scouted, err = b.sendScouts(); err != nil {
			return nil, err
		}
	}
	if err := b.grow(); err != nil {
		return nil, err
	}
	if b.problem.Evolve != nil && !b.spread && b.trim() {
		if err := b.grow(); err != nil {
			return nil, err
		}
	}
	for left := drawn; left > 0 && !b.spread && b.drawIn(); left-- {
		if err := b.grow(); err != nil {
			return nil, err
		}
	}
	if b.problem.Stationary != nil {
		b.holdWells()
	}
	out := slices.Clone(b.asked)
	for k := range out {
		a := b.problem.Axes[k]
		out[k].close(b.asked[k], a.Lo, a.Hi)
		out[k].roundOut(b.asked[k])
	}
	return out, nil
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

// law solves on the box at hand.
func (b *box) law() (*coarse, []float64, error) {
	c, err := b.mesh()
	if err != nil {
		return nil, nil, err
	}
	m, err := b.rest(c)
	return c, m, err
}

// rest returns the stationary law on a mesh. Where no class leads to another, all count
// alike.
func (b *box) rest(c *coarse) ([]float64, error) {
	if m := b.gibbs(c.grid); m != nil {
		return m, finiteMass(m)
	}
	law, err := c.lawBy(&solvers.Settings{Context: b.ctx, Workers: b.workers, Tolerance: b.problem.Accuracy / 100})
	if errors.Is(err, solvers.ErrLost) {
		return nil, b.problem.lost()
	}
	if err != nil {
		return nil, err
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
	return m, finiteMass(m)
}

// lawBy solves for the stationary law of rates or of a chain.
func (r *run) lawBy(s *solvers.Settings) (*solvers.Law, error) {
	if r.chain != nil {
		return solvers.StationaryChain(r.chain, s)
	}
	return solvers.Stationary(r.generator, s)
}

func finiteMass(m []float64) error {
	if s := sum(m); !finite(s) {
		return unsolved{fmt.Errorf("the law has the mass %v", s)}
	}
	return nil
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

// unconfined is the answer that no box holds the law.
func (p *Problem) unconfined(found string) error {
	hint := "a `range` gives the process walls, [evolve] follows what spreads"
	if p.LearningRate > 0 {
		hint = "a smaller learning_rate or a regularizer may hold it; " + hint
	}
	return fmt.Errorf("%w: %s\n    hint: %s", ErrUnconfined, found, hint)
}

// unevaluated says which coefficient leaves no box.
func (p *Problem) unevaluated(err error) error {
	var m *Mistake
	if errors.As(err, &m) {
		m.Hint = "where the variables have no such values, give a `range`, of which an end may be left open as in [0.0, inf]"
	}
	return err
}
