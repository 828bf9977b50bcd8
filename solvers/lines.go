package solvers

import (
	"slices"

	"fokker/grid"
	"fokker/operators"
)

// stencil is a generator whose jumps all lead to face neighbours: Neighbors
// returns the rates from each cell to its lower and upper neighbour along an
// axis, 0 where there is none; around a periodic axis the first cell is above
// the last.
type stencil interface {
	operators.Rowed
	Mesh() *grid.Grid
	Neighbors(axis int) (down, up []float64, ok bool)
}

// lines is the part of a generator along one axis: on every line of cells
// along it a chain of rates up and down, which closes to a ring on a periodic
// axis.
type lines struct {
	axis          int
	cells, stride int
	ring, shut    bool // closed to a ring; a face between cells is not crossed
	rough         bool // a cell is much wider than its neighbour
	up, down      []float64
	loss          []float64 // nil without absorption
	bundles       []bundle
}

// bundle is lines that are solved at once, the first of which starts at cell
// first. What a solver keeps of them starts at number at: the cells of each line
// in turn have their places side by side.
type bundle struct{ first, width, at int }

const (
	tile     = 32 // neighbouring lines at most: a plane of them stays in the cache
	together = 4  // lines of adjacent cells, whose recurrences do not wait for each other
)

// along returns the parts of a stencil, one for each axis of several cells, or
// for the last. ok is false where jumps are wider.
func along(q stencil) (parts []*lines, ok bool) {
	g := q.Mesh()
	for k := range g.Dim() {
		if g.Cells(k) == 1 && (k < g.Dim()-1 || len(parts) > 0) {
			continue
		}
		down, up, ok := q.Neighbors(k)
		if !ok {
			return nil, false
		}
		l := &lines{axis: k, cells: g.Cells(k), stride: g.Stride(k), up: up, down: down}
		l.ring = l.cells > 2 && g.Axis(k).Ends[0] == grid.Periodic
		for f := range l.cells {
			l.shut = l.shut || g.Shut(k, f)
		}
		l.rough = Rough(g.Widths(k), l.ring)
		l.bundle(g.Size())
		parts = append(parts, l)
	}
	if anyPositive(q.Absorption()) {
		absorb(q, parts)
	}
	return parts, true
}

// absorb gives every axis what its walls absorb, as far as the generator tells, and
// the first what remains.
func absorb(q stencil, parts []*lines) {
	rest := slices.Clone(q.Absorption())
	if s, ok := q.(operators.Split); ok {
		all := s.Parts()
		for _, l := range parts[1:] {
			if r, ok := all[l.axis].(operators.Rowed); ok && anyPositive(r.Absorption()) {
				l.loss = r.Absorption()
				addScaled(rest, -1, l.loss)
			}
		}
	}
	if anyPositive(rest) {
		parts[0].loss = rest
	}
}

func anyPositive(x []float64) bool {
	for _, v := range x {
		if v > 0 {
			return true
		}
	}
	return false
}

// abreast reports whether the cells of a line are adjacent, so that a bundle is
// whole lines one after the other.
func (l *lines) abreast() bool { return l.stride == 1 && !l.ring }

func (l *lines) bundle(size int) {
	if l.abreast() {
		for first := 0; first < size; first += together * l.cells {
			l.bundles = append(l.bundles, bundle{first, min(together, (size-first)/l.cells), first})
		}
		return
	}
	for plane := 0; plane < size; plane += l.stride * l.cells {
		for lo := 0; lo < l.stride; lo += tile {
			l.bundles = append(l.bundles, bundle{plane + lo, min(tile, l.stride-lo), plane + lo*l.cells})
		}
	}
}

// addForward adds τAᵀx to dst. What leaves a cell through a face is the same
// number that enters the next one, so the sum over the cells changes only by
// the rounding of the net fluxes, which are smaller than the rates.
func (l *lines) addForward(dst, x []float64, tau float64, workers int) {
	if workers == 1 { // without a closure, nothing is allocated
		l.addBundles(dst, x, tau, l.all())
		return
	}
	l.all().Each(workers, func(r grid.Range) { l.addBundles(dst, x, tau, r) })
}

// all returns the bundles.
func (l *lines) all() grid.Range { return grid.Range{Hi: len(l.bundles)} }

func (l *lines) addBundles(dst, x []float64, tau float64, r grid.Range) {
	for _, b := range l.bundles[r.Lo:r.Hi] {
		if l.abreast() {
			l.exchangeAlong(dst, x, tau, b)
			continue
		}
		end := b.first + (l.cells-1)*l.stride
		for j := b.first; j < end; j += l.stride {
			l.exchange(dst, x, tau, j, j+l.stride, b.width)
		}
		if l.ring {
			l.exchange(dst, x, tau, end, b.first, b.width)
		}
		for j := b.first; j <= end; j += l.stride {
			l.lose(dst, x, tau, grid.Range{Lo: j, Hi: j + b.width})
		}
	}
}

func (l *lines) lose(dst, x []float64, tau float64, r grid.Range) {
	if l.loss == nil {
		return
	}
	for i := r.Lo; i < r.Hi; i++ {
		dst[i] -= tau * l.loss[i] * x[i]
	}
}

// exchangeAlong is exchange on lines of adjacent cells.
func (l *lines) exchangeAlong(dst, x []float64, tau float64, b bundle) {
	n := l.cells
	for first := b.first; first < b.first+b.width*n; first += n {
		up, down := l.up[first:first+n], l.down[first:first+n]
		x, dst := x[first:first+n], dst[first:first+n]
		into := 0.0
		for i := 1; i < n; i++ {
			flux := tau * (up[i-1]*x[i-1] - down[i]*x[i])
			dst[i-1] += into - flux
			into = flux
		}
		dst[n-1] += into
	}
	l.lose(dst, x, tau, grid.Range{Lo: b.first, Hi: b.first + b.width*n})
}

// exchange moves τ times the net flux from the cells that start at lower to
// those that start at upper.
func (l *lines) exchange(dst, x []float64, tau float64, lower, upper, width int) {
	up, from, give := l.up[lower:lower+width], x[lower:lower+width], dst[lower:lower+width]
	down, to, take := l.down[upper:upper+width], x[upper:upper+width], dst[upper:upper+width]
	for i := range give {
		flux := tau * (up[i]*from[i] - down[i]*to[i])
		give[i] -= flux
		take[i] += flux
	}
}
