package cases

import (
	"math"

	"fokker/operators"
)

// Where noise has one direction and what is across it dies out, a law comes to lie on
// lines of cells, next to which there is none. It is not even in these cells, so that
// a comparison which divides them counts by their line.

// faint is the mass beside a line over that of its neighbours on it up to which a law
// is thin there.
const faint = 1e-2

// thinLine is the straight piece of a thin law in one cell, from the face or corner shared
// with the neighbour below to that shared with the one above.
type thinLine struct {
	offset       []int   // to the cell above; that below is at −offset
	below, above float64 // masses there, over that of the cell
}

// mass returns the part of the cell's mass on the first part θ of the line, by the
// parabola that has the masses of the three cells: an error of order h⁴ of all mass.
func (l *thinLine) mass(theta float64) float64 {
	rise, bend := (l.above-l.below)/2, l.above-2+l.below
	return theta - rise*theta*(1-theta)/2 + bend*theta*(theta-0.5)*(theta-1)/6
}

// lineOf finds the line in a cell. There is none where the law is spread over more
// cells, beside a wall, and on one axis.
func (f *figures) lineOf(l *thinLine, m []float64, cell int) bool {
	g := f.grid
	if m[cell] <= 0 || g.Dim() < 2 {
		return false
	}
	pairs := 1.0
	for k := range g.Dim() {
		if at := g.Along(k, cell); at == 0 || at == g.Cells(k)-1 {
			return false
		}
		pairs *= 3
	}
	most, all, offset := 0.0, 0.0, make([]int, g.Dim())
	for pair := range int(pairs) / 2 {
		step, rest := 0, pair
		for k := range offset {
			offset[k] = rest%3 - 1
			step += offset[k] * g.Stride(k)
			rest /= 3
		}
		both := m[cell-step] + m[cell+step]
		if all += both; both > most {
			most = both
			copy(l.offset, offset)
			l.below, l.above = m[cell-step]/m[cell], m[cell+step]/m[cell]
		}
		if all-most > faint*max(most, all/2) {
			return false
		}
	}
	return most > 0
}

// onLines returns by how much an expectation of a comparison changes as the cells of
// a thin law count by their lines.
func (f *figures) onLines(o *Observable, m, phi []float64, t float64) (more float64) {
	if o.margin == nil || f.accurate != nil {
		return 0
	}
	const points = subPoints + 1
	dim := f.grid.Dim()
	l, x, side := thinLine{offset: make([]int, dim)}, operators.Columns(dim, points), make([]float64, points)
	for cell := range m {
		if !f.lineOf(&l, m, cell) {
			continue
		}
		for k, e := range l.offset {
			at := f.grid.Along(k, cell)
			half := float64(e) * f.grid.Widths(k)[at] / 2
			for j := range points {
				x[k][j] = f.grid.Centers(k)[at] + half*(2*float64(j)/subPoints-1)
			}
		}
		o.margin(side, x, t)
		more += m[cell] * (l.positive(side) - phi[cell])
	}
	return more
}

// positive returns the part of the mass where a function with these values at equal
// distances is positive.
func (l *thinLine) positive(values []float64) (part float64) {
	last := float64(len(values) - 1)
	for j, b := range values[1:] {
		a, lo, hi := values[j], float64(j), float64(j+1)
		switch crossing := lo + a/(a-b); {
		case a <= 0 && b <= 0:
			continue
		case a < 0:
			lo = crossing
		case b < 0:
			hi = crossing
		case math.IsNaN(a + b):
			return math.NaN()
		}
		part += l.mass(hi/last) - l.mass(lo/last)
	}
	return part
}
