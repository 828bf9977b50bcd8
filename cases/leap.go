package cases

import (
	"errors"
	"fmt"
	"slices"
)

const (
	leaps   = 12   // doublings of a box at most
	thrice  = 64.0 // a law with a variance loses more than that beyond a box that doubles three times
	partly  = 0.3  // of a law at the walls is not its tail yet
	marches = 1e4  // steps of a chain that its box may take
)

// leap widens the box of a diffusion to what the steps of its chain need, which are
// discrete and go further. The mass that they take to the walls falls as the box
// doubles, of a law with a variance in the end more than fourfold each time; where it
// does not, steps go ever further.
func (b *box) leap(from []AxisSpec) ([]AxisSpec, error) {
	if e := b.problem.Evolve; e != nil && e.Times[len(e.Times)-1] > marches*b.problem.LearningRate {
		return from, nil
	}
	b.cut(finer)
	for k := range b.ends {
		a := &b.problem.Axes[k]
		a.Lo, a.Hi = from[k].Lo, from[k].Hi
		b.focus(k, (a.Lo+a.Hi)/2, (a.Hi-a.Lo)/4)
	}
	var at []float64
	for range leaps {
		w, err := b.solved()
		if errors.As(err, &unsolved{}) && len(at) > 0 { // no wider one has values
			return b.leaves(at)
		}
		if err != nil {
			return nil, err
		}
		wide := w.carrying(b.problem.Accuracy / 10)
		if !slices.Contains(wide, true) {
			return b.landed(w, from), nil
		}
		at = append(at, w.stays(wide))
		if n := len(at); n > 3 && at[n-4] < partly && at[n-1]*thrice > at[n-4] {
			return b.leaves(at)
		}
		before := slices.Clone(b.problem.Axes)
		for i, wall := range w.walls {
			if a := &b.problem.Axes[wall.axis]; wide[i] {
				a.moveOut(wall.end(), (before[wall.axis].Hi-before[wall.axis].Lo)/2)
			}
		}
	}
	return b.leaves(at)
}

// leaves refuses a chain whose steps take mass to the walls of every box.
func (b *box) leaves(at []float64) ([]AxisSpec, error) {
	a := b.problem.Axes[0]
	return nil, b.problem.unconfined(fmt.Sprintf("steps of this learning rate go ever further: however wide the box, up to %s in [%.3g, %.3g], they take the law to its walls (%s of it is there, and was %s where the box was %.0f times narrower)", a.Name, a.Lo, a.Hi, percent(at[len(at)-1]), percent(at[0]), float64(int(1)<<(len(at)-1))))
}

// carrying reports by wall whether more beyond it than a part would change a figure.
func (w *walled) carrying(part float64) []bool {
	out := make([]bool, len(w.walls))
	for i, excess := range w.excess {
		out[i] = excess*float64(len(w.walls)) > part
	}
	return out
}

// stays returns the mass at some walls, the most of all laws.
func (w *walled) stays(at []bool) (most float64) {
	for _, m := range w.laws {
		total := 0.0
		for i, wall := range w.walls {
			if at[i] {
				total += w.figures.along(wall.axis, m)[wall.cell]
			}
		}
		most = max(most, total/sum(m))
	}
	return most
}

// landed returns the axes with what the chain needs of its box.
func (b *box) landed(w *walled, from []AxisSpec) []AxisSpec {
	out := slices.Clone(from)
	for k := range out {
		edges := w.grid.Axis(k).Edges
		lo, hi, _ := w.needs(k, w.laws, b.problem.Accuracy/100)
		out[k].close(b.asked[k], edges[lo], edges[hi])
		out[k].roundOut(b.asked[k])
	}
	return out
}
