package solvers

import (
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

// bundleCells is how many neighbouring lines are swept together: enough for
// long inner loops, few enough for a plane of them to stay in the cache.
const bundleCells = 256

// lines is the part of a generator along one axis: on every line of cells
// along it a chain of rates up and down, which closes to a ring on a periodic
// axis.
type lines struct {
	cells, stride int
	ring          bool
	up, down      []float64
	loss          []float64 // nil without absorption
	bundles       []bundle
}

// bundle is width neighbouring lines, the first of which starts at cell first.
type bundle struct{ first, width int }

// along returns the parts of a stencil, one for each axis of several cells;
// absorption goes with the first. ok is false where jumps are wider.
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
		l := &lines{cells: g.Cells(k), stride: g.Stride(k), up: up, down: down}
		l.ring = l.cells > 2 && g.Axis(k).Ends[0] == grid.Periodic
		if len(parts) == 0 && anyPositive(q.Absorption()) {
			l.loss = q.Absorption()
		}
		l.bundle(g.Size())
		parts = append(parts, l)
	}
	return parts, true
}

func anyPositive(x []float64) bool {
	for _, v := range x {
		if v > 0 {
			return true
		}
	}
	return false
}

func (l *lines) bundle(size int) {
	for plane := 0; plane < size; plane += l.stride * l.cells {
		for lo := 0; lo < l.stride; lo += bundleCells {
			l.bundles = append(l.bundles, bundle{plane + lo, min(bundleCells, l.stride-lo)})
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
		end := b.first + (l.cells-1)*l.stride
		for j := b.first; j < end; j += l.stride {
			l.exchange(dst, x, tau, j, j+l.stride, b.width)
		}
		if l.ring {
			l.exchange(dst, x, tau, end, b.first, b.width)
		}
		for j := b.first; l.loss != nil && j <= end; j += l.stride {
			for i := j; i < j+b.width; i++ {
				dst[i] -= tau * l.loss[i] * x[i]
			}
		}
	}
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

// lineSolver solves (I − τAᵀ)x = b on every line by elimination of one cell
// after the other without subtractions (Grassmann, Taksar and Heyman 1985):
// the pivot of cell i is τupᵢ + eᵢ with
//
//	eᵢ = 1 + τlossᵢ + τdownᵢ eᵢ₋₁/pᵢ₋₁,
//
// which is the part of its mass that is not handed up. Every factor is
// nonnegative, so b ≥ 0 gives x ≥ 0, and every entry of x has a small relative
// error. On a ring the last cell is eliminated last; wrapOut and wrapIn are
// what the others exchange with it directly.
type lineSolver struct {
	*lines
	tau             float64
	pass            []float64 // τup/p
	stay            []float64 // 1/p
	back            []float64 // τ × down of the next cell / p
	wrapOut, wrapIn []float64 // τ × rate to the last cell / p, τ × rate from it / p
}

func newLineSolver(l *lines, size int) *lineSolver {
	s := &lineSolver{lines: l}
	s.pass, s.stay, s.back = make([]float64, size), make([]float64, size), make([]float64, size)
	if l.ring {
		s.wrapOut, s.wrapIn = make([]float64, size), make([]float64, size)
	}
	return s
}

// eliminate prepares for a τ.
func (s *lineSolver) eliminate(tau float64, workers int) {
	s.tau = tau
	s.all().Each(workers, func(r grid.Range) {
		for _, b := range s.bundles[r.Lo:r.Hi] {
			for i := b.first; i < b.first+b.width; i++ {
				if s.ring {
					s.eliminateRing(i)
				} else {
					s.eliminateLine(i)
				}
			}
		}
	})
}

// own returns 1 + τloss.
func (s *lineSolver) own(i int) float64 {
	if s.loss == nil {
		return 1
	}
	return 1 + s.tau*s.loss[i]
}

func (s *lineSolver) eliminateLine(first int) {
	last := first + (s.cells-1)*s.stride
	e := s.own(first)
	for i := first; ; i += s.stride {
		if i == last {
			s.stay[i] = 1 / e
			return
		}
		up, down := s.tau*s.up[i], s.tau*s.down[i+s.stride]
		p := e + up
		s.pass[i], s.stay[i], s.back[i] = up/p, 1/p, down/p
		e = s.own(i+s.stride) + down*(e/p)
	}
}

// eliminateRing is eliminateLine with the rates out from each cell to the last
// one and in from it, which the elimination of the cells before has made.
func (s *lineSolver) eliminateRing(first int) {
	last := first + (s.cells-1)*s.stride
	e, out, in := s.own(first), s.tau*s.down[first], s.tau*s.up[last]
	end := s.own(last)
	for i := first; i != last; i += s.stride {
		next := i + s.stride
		up, down := s.tau*s.up[i], s.tau*s.down[next]
		if next == last { // its upper neighbour is the last cell
			up, out, down, in = 0, out+up, 0, in+down
		}
		p := e + up + out
		s.pass[i], s.stay[i], s.back[i] = up/p, 1/p, down/p
		s.wrapOut[i], s.wrapIn[i] = out/p, in/p
		end += in * (e / p)
		e, out, in = s.own(next)+down*(e/p), down*(out/p), in*(up/p)
	}
	s.stay[last] = 1 / end
}

// solve overwrites b by x.
func (s *lineSolver) solve(b []float64, workers int) {
	if workers == 1 {
		s.solveBundles(b, s.all())
		return
	}
	s.all().Each(workers, func(r grid.Range) { s.solveBundles(b, r) })
}

func (s *lineSolver) solveBundles(x []float64, r grid.Range) {
	for _, b := range s.bundles[r.Lo:r.Hi] {
		switch {
		case s.ring:
			s.solveRing(x, b)
		case s.stride == 1:
			s.solveLine(x[b.first:b.first+s.cells], b.first)
		default:
			s.solveBundle(x, b)
		}
	}
}

func (s *lineSolver) solveLine(x []float64, first int) {
	n := len(x)
	pass, stay, back := s.pass[first:first+n], s.stay[first:first+n], s.back[first:first+n]
	y := x[0]
	for i := 1; i < n; i++ {
		y = x[i] + pass[i-1]*y
		x[i] = y
	}
	y = x[n-1] * stay[n-1]
	x[n-1] = y
	for i := n - 2; i >= 0; i-- {
		y = x[i]*stay[i] + back[i]*y
		x[i] = y
	}
}

func (s *lineSolver) solveBundle(x []float64, u bundle) {
	last := u.first + (s.cells-1)*s.stride
	for j := u.first; j < last; j += s.stride {
		addProduct(x[j+s.stride:j+s.stride+u.width], s.pass[j:], x[j:])
	}
	for i := last; i < last+u.width; i++ {
		x[i] *= s.stay[i]
	}
	for j := last - s.stride; j >= u.first; j -= s.stride {
		out, next := x[j:j+u.width], x[j+s.stride:j+s.stride+u.width]
		stay, back := s.stay[j:j+u.width], s.back[j:j+u.width]
		for i := range out {
			out[i] = out[i]*stay[i] + back[i]*next[i]
		}
	}
}

func (s *lineSolver) solveRing(x []float64, u bundle) {
	last := u.first + (s.cells-1)*s.stride
	end := x[last : last+u.width]
	for j := u.first; j < last; j += s.stride {
		addProduct(end, s.wrapOut[j:], x[j:])
		if j+s.stride < last {
			addProduct(x[j+s.stride:j+s.stride+u.width], s.pass[j:], x[j:])
		}
	}
	for i := range end {
		end[i] *= s.stay[last+i]
	}
	for j := last - s.stride; j >= u.first; j -= s.stride {
		for i := range u.width {
			x[j+i] = x[j+i]*s.stay[j+i] + s.wrapIn[j+i]*end[i] + s.back[j+i]*x[j+s.stride+i]
		}
	}
}

// addProduct adds the products of the first entries of a and b to dst.
func addProduct(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] += a[i] * b[i]
	}
}
