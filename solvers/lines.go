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

// bundleCells is how many neighbouring lines are swept together: enough for
// long inner loops, few enough for a plane of them to stay in the cache.
const bundleCells = 128

// lines is the part of a generator along one axis: on every line of cells
// along it a chain of rates up and down, which closes to a ring on a periodic
// axis.
type lines struct {
	axis          int
	cells, stride int
	ring          bool
	up, down      []float64
	loss          []float64 // nil without absorption
	bundles       []bundle
}

// together is how many lines of adjacent cells are solved at once, so that
// their recurrences do not wait for each other.
const together = 4

// bundle is width neighbouring lines, the first of which starts at cell first.
type bundle struct{ first, width int }

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
			l.bundles = append(l.bundles, bundle{first, min(together, (size-first)/l.cells)})
		}
		return
	}
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
	room            []float64 // of one worker
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
			switch {
			case s.ring:
				for i := b.first; i < b.first+b.width; i++ {
					s.eliminateRing(i)
				}
			case s.stride == 1:
				s.eliminateLines(b)
			default:
				s.eliminateBundle(b.first, b.width)
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

// eliminateLines finds 1/p on several lines at once, whose divisions do not wait
// for each other, then what follows from it.
func (s *lineSolver) eliminateLines(b bundle) {
	n := s.cells
	var e [together]float64
	for line := range b.width {
		e[line] = s.own(b.first + line*n)
	}
	if b.width == together && s.loss == nil {
		s.pivotsAbreast(b.first, &e)
	} else {
		for line := range b.width {
			e[line] = s.pivots(b.first+line*n, e[line])
		}
	}
	for line := range b.width {
		first, last := b.first+line*n, b.first+(line+1)*n-1
		s.stay[last] = 1 / e[line]
		pass, stay, back := s.pass[first:last], s.stay[first:last], s.back[first:last]
		up, down := s.up[first:last], s.down[first+1:last+1]
		for i, r := range stay {
			pass[i], back[i] = s.tau*up[i]*r, s.tau*down[i]*r
		}
	}
}

// pivots writes 1/p of all cells of a line but the last, whose e it returns.
func (s *lineSolver) pivots(first int, e float64) float64 {
	for c := first; c < first+s.cells-1; c++ {
		r := 1 / (e + s.tau*s.up[c])
		s.stay[c] = r
		e = s.own(c+1) + s.tau*s.down[c+1]*(e*r)
	}
	return e
}

// pivotsAbreast is pivots for four lines that lose nothing.
func (s *lineSolver) pivotsAbreast(first int, e *[together]float64) {
	n, tau := s.cells, s.tau
	u0, u1, u2, u3 := fourRows(s.up, first, n)
	d0, d1, d2, d3 := fourRows(s.down, first, n)
	s0, s1, s2, s3 := fourRows(s.stay, first, n)
	e0, e1, e2, e3 := e[0], e[1], e[2], e[3]
	for i := range n - 1 {
		r0, r1 := 1/(e0+tau*u0[i]), 1/(e1+tau*u1[i])
		r2, r3 := 1/(e2+tau*u2[i]), 1/(e3+tau*u3[i])
		s0[i], s1[i], s2[i], s3[i] = r0, r1, r2, r3
		e0, e1 = 1+tau*d0[i+1]*(e0*r0), 1+tau*d1[i+1]*(e1*r1)
		e2, e3 = 1+tau*d2[i+1]*(e2*r2), 1+tau*d3[i+1]*(e3*r3)
	}
	*e = [together]float64{e0, e1, e2, e3}
}

// eliminateBundle keeps eᵢ where 1/pᵢ will be.
func (s *lineSolver) eliminateBundle(first, width int) {
	last := first + (s.cells-1)*s.stride
	for i := first; i < first+width; i++ {
		s.stay[i] = s.own(i)
	}
	for j := first; j < last; j += s.stride {
		next := j + s.stride
		pass, stay, back, e := s.pass[j:j+width], s.stay[j:j+width], s.back[j:j+width], s.stay[next:next+width]
		ups, downs := s.up[j:j+width], s.down[next:next+width]
		for i := range pass {
			up, down := s.tau*ups[i], s.tau*downs[i]
			r := 1 / (stay[i] + up)
			e[i] = s.own(next+i) + down*(stay[i]*r)
			pass[i], stay[i], back[i] = up*r, r, down*r
		}
	}
	for i := last; i < last+width; i++ {
		s.stay[i] = 1 / s.stay[i]
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
func (s *lineSolver) solve(b []float64, workers int) { s.combine(b, b, 1, 0, workers) }

// combine writes αx + βb, to b itself or elsewhere.
func (s *lineSolver) combine(dst, b []float64, alpha, beta float64, workers int) {
	if workers == 1 {
		if s.room == nil {
			s.room = s.newRoom()
		}
		s.combineBundles(mix{dst, b, s.room, alpha, beta}, s.all())
		return
	}
	s.all().Each(workers, func(r grid.Range) {
		s.combineBundles(mix{dst, b, s.newRoom(), alpha, beta}, r)
	})
}

// newRoom returns room for the cells of one bundle.
func (s *lineSolver) newRoom() []float64 { return make([]float64, s.cells*s.bundles[0].width) }

// mix is what becomes of b: αx + βb. Until then the lines of a bundle are in room,
// which stays in the cache.
type mix struct {
	dst, b, room []float64
	alpha, beta  float64
}

func (s *lineSolver) combineBundles(m mix, r grid.Range) {
	for _, u := range s.bundles[r.Lo:r.Hi] {
		switch {
		case s.ring:
			s.solveRing(m, u)
		case s.stride > 1:
			s.solveBundle(m, u)
		case u.width == together:
			s.solveAbreast(m, u.first)
		default:
			for line := range u.width {
				s.solveLine(m, u.first+line*s.cells)
			}
		}
	}
}

func (s *lineSolver) solveLine(m mix, first int) {
	n := s.cells
	pass, stay, back := s.pass[first:first+n], s.stay[first:first+n], s.back[first:first+n]
	dst, b, room := m.dst[first:first+n], m.b[first:first+n], m.room[:n]
	y := 0.0
	for i := range n {
		y += b[i]
		room[i] = y
		y *= pass[i]
	}
	y = 0
	for i := n - 1; i >= 0; i-- {
		y = room[i]*stay[i] + back[i]*y
		dst[i] = m.alpha*y + m.beta*b[i]
	}
}

// solveAbreast is solveLine for four lines at once.
func (s *lineSolver) solveAbreast(m mix, first int) {
	n := s.cells
	b0, b1, b2, b3 := fourRows(m.b, first, n)
	p0, p1, p2, p3 := fourRows(s.pass, first, n)
	var y0, y1, y2, y3 float64
	for i := range n {
		y0, y1, y2, y3 = y0+b0[i], y1+b1[i], y2+b2[i], y3+b3[i]
		at := m.room[together*i : together*i+4 : together*i+4]
		at[0], at[1], at[2], at[3] = y0, y1, y2, y3
		y0, y1, y2, y3 = y0*p0[i], y1*p1[i], y2*p2[i], y3*p3[i]
	}
	s0, s1, s2, s3 := fourRows(s.stay, first, n)
	k0, k1, k2, k3 := fourRows(s.back, first, n)
	d0, d1, d2, d3 := fourRows(m.dst, first, n)
	y0, y1, y2, y3 = 0, 0, 0, 0
	for i := n - 1; i >= 0; i-- {
		at := m.room[together*i : together*i+4 : together*i+4]
		y0, y1 = at[0]*s0[i]+k0[i]*y0, at[1]*s1[i]+k1[i]*y1
		y2, y3 = at[2]*s2[i]+k2[i]*y2, at[3]*s3[i]+k3[i]*y3
		d0[i], d1[i] = m.alpha*y0+m.beta*b0[i], m.alpha*y1+m.beta*b1[i]
		d2[i], d3[i] = m.alpha*y2+m.beta*b2[i], m.alpha*y3+m.beta*b3[i]
	}
}

func fourRows(x []float64, first, n int) (a, b, c, d []float64) {
	x = x[first : first+4*n]
	return x[:n], x[n : 2*n][:n], x[2*n : 3*n][:n], x[3*n:][:n]
}

func (s *lineSolver) solveBundle(m mix, u bundle) {
	w := u.width
	copy(m.room[:w], m.b[u.first:])
	for j, at := u.first, 0; at < (s.cells-1)*w; j, at = j+s.stride, at+w {
		from, to := m.room[at:at+w], m.room[at+w:at+2*w]
		pass, b := s.pass[j:j+w], m.b[j+s.stride:j+s.stride+w]
		for i := range to {
			to[i] = b[i] + pass[i]*from[i]
		}
	}
	last := u.first + (s.cells-1)*s.stride
	at := (s.cells - 1) * w
	next := m.room[at : at+w]
	for i := range next {
		next[i] *= s.stay[last+i]
		m.dst[last+i] = m.alpha*next[i] + m.beta*m.b[last+i]
	}
	for j := last - s.stride; j >= u.first; j -= s.stride {
		at -= w
		y, next := m.room[at:at+w], m.room[at+w:at+2*w]
		stay, back := s.stay[j:j+w], s.back[j:j+w]
		dst, b := m.dst[j:j+w], m.b[j:j+w]
		for i := range y {
			v := y[i]*stay[i] + back[i]*next[i]
			y[i] = v
			dst[i] = m.alpha*v + m.beta*b[i]
		}
	}
}

func (s *lineSolver) solveRing(m mix, u bundle) {
	w, x := u.width, m.room
	for i := range s.cells {
		copy(x[i*w:(i+1)*w], m.b[u.first+i*s.stride:])
	}
	last := (s.cells - 1) * w
	end := x[last : last+w]
	for i := range s.cells - 1 {
		at, j := i*w, u.first+i*s.stride
		addProduct(end, s.wrapOut[j:], x[at:])
		if i < s.cells-2 {
			addProduct(x[at+w:at+2*w], s.pass[j:], x[at:])
		}
	}
	for i := range end {
		end[i] *= s.stay[u.first+(s.cells-1)*s.stride+i]
	}
	for k := s.cells - 2; k >= 0; k-- {
		at, j := k*w, u.first+k*s.stride
		for i := range w {
			x[at+i] = x[at+i]*s.stay[j+i] + s.wrapIn[j+i]*end[i] + s.back[j+i]*x[at+w+i]
		}
	}
	for k := range s.cells {
		at, j := k*w, u.first+k*s.stride
		for i := range w {
			m.dst[j+i] = m.alpha*x[at+i] + m.beta*m.b[j+i]
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
