package cases

import (
	"cmp"
	"fmt"
	"slices"

	"fokker/grid"
)

// findBasins takes those of the case, or finds the wells of the loss.
func (l *learner) findBasins() error {
	for i := range l.task.Basins {
		o := &l.task.Basins[i]
		phi, err := o.OnCells(l.grid, 0)
		if err != nil {
			return err
		}
		l.names, l.basins = append(l.names, o.Name), append(l.basins, phi)
	}
	if l.names != nil {
		return nil
	}
	label, bottoms := watershed(l.grid, l.loss, l.temperature)
	l.bottoms = bottoms
	for w := range bottoms {
		phi := make([]float64, l.grid.Size())
		for i, own := range label {
			if own == w {
				phi[i] = 1
			}
		}
		l.names, l.basins = append(l.names, fmt.Sprint(w+1)), append(l.basins, phi)
	}
	return nil
}

// mostWells are reported; more are no wells but the mesh's own.
const mostWells = 20

// watershed divides the cells into the wells of a loss that are deeper than T: every cell
// joins its lowest neighbour, from the lowest cell up, and where two wells meet, the
// shallower is no well of its own if it is less than T deep (Edelsbrunner, Letscher and
// Zomorodian 2002). It returns the number of the well of each cell, −1 beyond
// mostWells, and the cell of least loss of each, the deepest first.
func watershed(g *grid.Grid, loss []float64, temperature float64) (label []int, bottoms []int) {
	n := g.Size()
	order := make([]int, n)
	f := &flood{grid: g, loss: loss, above: make([]int, n), offset: make([]int, g.Dim())}
	for i := range order {
		order[i], f.above[i] = i, dry
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(loss[a], loss[b]) })
	for _, i := range order {
		f.rise(i, temperature)
	}
	number := map[int]int{}
	for _, i := range order {
		if f.above[i] == i && len(bottoms) < mostWells {
			number[i] = len(bottoms)
			bottoms = append(bottoms, i)
		}
	}
	label = make([]int, n)
	for i := range label {
		w, known := number[f.bottom(i)]
		if label[i] = w; !known {
			label[i] = -1
		}
	}
	return label, bottoms
}

// flood is wells up to some level of the loss.
type flood struct {
	grid   *grid.Grid
	loss   []float64
	above  []int // a cell nearer to the bottom of the well, itself at a bottom; dry above the level
	offset []int
}

const dry = -1

// bottom returns the lowest cell of the well of a cell.
func (f *flood) bottom(i int) int {
	for f.above[i] != i {
		f.above[i] = f.above[f.above[i]]
		i = f.above[i]
	}
	return i
}

// rise adds the next higher cell.
func (f *flood) rise(i int, temperature float64) {
	lowest := i
	f.wet(i, func(to int) {
		if f.loss[to] < f.loss[lowest] || lowest == i {
			lowest = to
		}
	})
	f.above[i] = i
	own := f.bottom(lowest)
	f.wet(i, func(to int) {
		deep, other := own, f.bottom(to)
		if f.loss[other] < f.loss[deep] {
			deep, other = other, deep
		}
		if deep != other && f.loss[i]-f.loss[other] < temperature {
			f.above[other], own = deep, deep
		}
	})
	f.above[i] = own
}

// wet goes through the neighbours of a cell below the level.
func (f *flood) wet(i int, do func(to int)) {
	for e := range 2 * f.grid.Dim() {
		f.offset[e/2] = 2*(e%2) - 1
		to, inside, _ := f.grid.Step(i, f.offset)
		f.offset[e/2] = 0
		if inside && to != i && f.above[to] != dry {
			do(to)
		}
	}
}

// basinResults says what the posterior has in each.
func (l *learner) basinResults() []BasinResult {
	out := make([]BasinResult, len(l.names))
	for b, name := range l.names {
		one := BasinResult{Name: name}
		var where []float64
		one.Minimum, where = l.least(b)
		if l.bottoms != nil {
			one.MinimumAt = map[string]float64{}
			for k, x := range where {
				one.MinimumAt[l.grid.Axis(k).Name] = x
			}
		}
		mean := 0.0
		for i, part := range l.basins[b] {
			m := part * l.law.Mass[i]
			one.Posterior, mean = one.Posterior+m, mean+m*(l.law.Loss[i]-one.Minimum)
		}
		one.Lambda = mean / one.Posterior / l.temperature
		out[b] = one
	}
	return out
}

// least returns the least loss of a basin, by descent from its lowest cell. A descent
// that leads out of it stands for a minimum on its rim, which cells know.
func (l *learner) least(b int) (float64, []float64) {
	lowest := -1
	for i, part := range l.basins[b] {
		if part > 0 && (lowest < 0 || l.loss[i] < l.loss[lowest]) {
			lowest = i
		}
	}
	if lowest < 0 {
		return 0, nil
	}
	x, from := make([]float64, l.grid.Dim()), make([]float64, l.grid.Dim())
	for k := range x {
		x[k] = l.grid.Centers(k)[l.grid.Along(k, lowest)]
	}
	copy(from, x)
	value := l.landscape.Descend(x)
	if l.basins[b][l.cellOf(x)] == 0 {
		return l.loss[lowest], from
	}
	return value, x
}

// cellOf returns the cell of a point in the box.
func (l *learner) cellOf(x []float64) int {
	at := make([]int, len(x))
	for k := range x {
		edges := l.grid.Axis(k).Edges
		above, _ := slices.BinarySearch(edges, x[k])
		at[k] = min(max(above-1, 0), len(edges)-2)
	}
	return l.grid.Cell(at)
}
