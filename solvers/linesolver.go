package solvers

import "fokker/grid"

// lineSolver solves (I − τAᵀ)x = b on every line by elimination of one cell
// after the other without subtractions (Grassmann, Taksar and Heyman 1985):
// the pivot of cell i is τupᵢ + eᵢ with
//
//	eᵢ = 1 + τlossᵢ + τdownᵢ eᵢ₋₁/pᵢ₋₁,
//
// which is the part of its mass that is not handed up. Every factor is
// nonnegative, so b ≥ 0 gives x ≥ 0, and every entry of x has a small relative
// error. On a ring the last cell is eliminated last; wrap is what the others
// exchange with it directly.
//
// The factors of a bundle are read as one stream each: with i = at + c·width + l
// for cell c of line l, and j = i + at + c·width.
type lineSolver struct {
	*lines
	tau  float64
	pass []float64 // τup/p at i
	rest []float64 // 1/p at j, τ × down of the next cell / p at j + width
	wrap []float64 // τ × rate to the last cell / p at j, τ × rate from it / p at j + width
	room []float64 // of one worker
}

func newLineSolver(l *lines, size int) *lineSolver {
	s := &lineSolver{lines: l, pass: make([]float64, size), rest: make([]float64, 2*size)}
	if l.ring {
		s.wrap = make([]float64, 2*size)
	}
	return s
}

// eliminate prepares for a τ.
func (s *lineSolver) eliminate(tau float64, workers int) {
	s.tau = tau
	if workers == 1 { // without a closure, nothing is allocated
		s.eliminateBundles(s.all())
		return
	}
	s.all().Each(workers, s.eliminateBundles)
}

func (s *lineSolver) eliminateBundles(r grid.Range) {
	for _, b := range s.bundles[r.Lo:r.Hi] {
		switch {
		case s.ring:
			for line := range b.width {
				s.eliminateRing(b, line)
			}
		case s.stride > 1:
			s.eliminateBeside(b)
		case b.width == together && s.loss == nil:
			s.eliminateFour(b.first)
		default:
			for line := range b.width {
				s.eliminateLine(b, line)
			}
		}
	}
}

// own returns 1 + τloss.
func (s *lineSolver) own(i int) float64 {
	if s.loss == nil {
		return 1
	}
	return 1 + s.tau*s.loss[i]
}

// eliminateLine does one of some lines of adjacent cells.
func (s *lineSolver) eliminateLine(b bundle, line int) {
	n, w := s.cells, b.width
	first := b.first + line*n
	e := s.own(first)
	for c := range n - 1 {
		i := b.at + c*w
		up, down := s.tau*s.up[first+c], s.tau*s.down[first+c+1]
		r := 1 / (e + up)
		s.pass[i+line], s.rest[2*i+line], s.rest[2*i+w+line] = up*r, r, down*r
		e = s.own(first+c+1) + down*(e*r)
	}
	s.rest[2*(b.at+(n-1)*w)+line] = 1 / e
}

// eliminateFour is eliminateLine for four lines at once that lose nothing, whose
// divisions do not wait for each other.
func (s *lineSolver) eliminateFour(first int) {
	n, tau := s.cells, s.tau
	u0, u1, u2, u3 := fourRows(s.up, first, n)
	d0, d1, d2, d3 := fourRows(s.down, first, n)
	pass, rest := s.pass[first:first+4*n], s.rest[2*first:2*first+8*n]
	e0, e1, e2, e3 := 1., 1., 1., 1.
	for c := range n - 1 {
		up0, up1, up2, up3 := tau*u0[c], tau*u1[c], tau*u2[c], tau*u3[c]
		r0, r1, r2, r3 := 1/(e0+up0), 1/(e1+up1), 1/(e2+up2), 1/(e3+up3)
		p, f := (*[4]float64)(pass[4*c:]), (*[8]float64)(rest[8*c:])
		p[0], p[1], p[2], p[3] = up0*r0, up1*r1, up2*r2, up3*r3
		f[0], f[1], f[2], f[3] = r0, r1, r2, r3
		down0, down1, down2, down3 := tau*d0[c+1], tau*d1[c+1], tau*d2[c+1], tau*d3[c+1]
		f[4], f[5], f[6], f[7] = down0*r0, down1*r1, down2*r2, down3*r3
		e0, e1, e2, e3 = 1+down0*(e0*r0), 1+down1*(e1*r1), 1+down2*(e2*r2), 1+down3*(e3*r3)
	}
	f := (*[4]float64)(rest[8*(n-1):])
	f[0], f[1], f[2], f[3] = 1/e0, 1/e1, 1/e2, 1/e3
}

// eliminateBeside keeps eᵢ where 1/pᵢ will be.
func (s *lineSolver) eliminateBeside(b bundle) {
	w, at := b.width, b.at
	for i := range w {
		s.rest[2*at+i] = s.own(b.first + i)
	}
	for j := b.first; j < b.first+(s.cells-1)*s.stride; j += s.stride {
		next := j + s.stride
		pass, stay, back, e := s.pass[at:at+w], s.rest[2*at:2*at+w], s.rest[2*at+w:2*at+2*w], s.rest[2*at+2*w:2*at+3*w]
		ups, downs := s.up[j:j+w], s.down[next:next+w]
		for i := range pass {
			up, down := s.tau*ups[i], s.tau*downs[i]
			r := 1 / (stay[i] + up)
			e[i] = s.own(next+i) + down*(stay[i]*r)
			pass[i], stay[i], back[i] = up*r, r, down*r
		}
		at += w
	}
	for i := range w {
		s.rest[2*at+i] = 1 / s.rest[2*at+i]
	}
}

// eliminateRing is eliminateLine with the rates out from each cell to the last
// one and in from it, which the elimination of the cells before has made.
func (s *lineSolver) eliminateRing(b bundle, line int) {
	first, w := b.first+line, b.width
	last := first + (s.cells-1)*s.stride
	e, out, in := s.own(first), s.tau*s.down[first], s.tau*s.up[last]
	end := s.own(last)
	for j, at := first, b.at; j != last; j, at = j+s.stride, at+w {
		next := j + s.stride
		up, down := s.tau*s.up[j], s.tau*s.down[next]
		if next == last { // its upper neighbour is the last cell
			up, out, down, in = 0, out+up, 0, in+down
		}
		p := e + up + out
		s.pass[at+line], s.rest[2*at+line], s.rest[2*at+w+line] = up/p, 1/p, down/p
		s.wrap[2*at+line], s.wrap[2*at+w+line] = out/p, in/p
		end += in * (e / p)
		e, out, in = s.own(next)+down*(e/p), down*(out/p), in*(up/p)
	}
	s.rest[2*(b.at+(s.cells-1)*w)+line] = 1 / end
}

// solve overwrites b by x.
func (s *lineSolver) solve(b []float64, workers int) { s.run(b, 0, workers) }

// reflect overwrites b by 2x − b.
func (s *lineSolver) reflect(b []float64, workers int) { s.run(b, 1, workers) }

// run overwrites b by x + beyond·(x − b).
func (s *lineSolver) run(b []float64, beyond float64, workers int) {
	if workers == 1 {
		if s.room == nil {
			s.room = s.newRoom()
		}
		s.solveBundles(mix{b, s.room, beyond}, s.all())
		return
	}
	s.all().Each(workers, func(r grid.Range) {
		s.solveBundles(mix{b, s.newRoom(), beyond}, r)
	})
}

// newRoom returns room for the cells of one bundle.
func (s *lineSolver) newRoom() []float64 { return make([]float64, s.cells*s.bundles[0].width) }

// mix is what becomes of b: x + beyond·(x − b). Until then the lines of a bundle
// are in room, which stays in the cache.
type mix struct {
	b, room []float64
	beyond  float64
}

func (s *lineSolver) solveBundles(m mix, r grid.Range) {
	for _, u := range s.bundles[r.Lo:r.Hi] {
		switch {
		case s.ring:
			s.solveRing(m, u)
		case s.stride > 1 && u.width == tile:
			s.solveTile(m, u)
		case s.stride > 1:
			s.solveBeside(m, u)
		case u.width == together:
			s.solveFour(m, u.first)
		default:
			for line := range u.width {
				s.solveLine(m, u, line)
			}
		}
	}
}

func (s *lineSolver) solveLine(m mix, u bundle, line int) {
	n, w := s.cells, u.width
	first := u.first + line*n
	b, room := m.b[first:first+n], m.room[:n]
	pass, rest := s.pass[u.at+line:], s.rest[2*u.at+line:]
	y := 0.0
	for i := range n {
		y += b[i]
		room[i] = y
		y *= pass[i*w]
	}
	y = 0
	for i := n - 1; i >= 0; i-- {
		y = room[i]*rest[2*i*w] + rest[(2*i+1)*w]*y
		b[i] = y + m.beyond*(y-b[i])
	}
}

// solveFour is solveLine for four lines at once.
func (s *lineSolver) solveFour(m mix, first int) {
	n, beyond := s.cells, m.beyond
	b0, b1, b2, b3 := fourRows(m.b, first, n)
	pass, rest, room := s.pass[first:first+4*n], s.rest[2*first:2*first+8*n], m.room[:4*n]
	var y0, y1, y2, y3 float64
	for i := range n {
		p, r := (*[4]float64)(pass[4*i:]), (*[4]float64)(room[4*i:])
		y0, y1, y2, y3 = y0+b0[i], y1+b1[i], y2+b2[i], y3+b3[i]
		r[0], r[1], r[2], r[3] = y0, y1, y2, y3
		y0, y1, y2, y3 = y0*p[0], y1*p[1], y2*p[2], y3*p[3]
	}
	y0, y1, y2, y3 = 0, 0, 0, 0
	for i := n - 1; i >= 0; i-- {
		f, r := (*[8]float64)(rest[8*i:]), (*[4]float64)(room[4*i:])
		y0, y1, y2, y3 = r[0]*f[0]+f[4]*y0, r[1]*f[1]+f[5]*y1, r[2]*f[2]+f[6]*y2, r[3]*f[3]+f[7]*y3
		b0[i], b1[i] = y0+beyond*(y0-b0[i]), y1+beyond*(y1-b1[i])
		b2[i], b3[i] = y2+beyond*(y2-b2[i]), y3+beyond*(y3-b3[i])
	}
}

func fourRows(x []float64, first, n int) (a, b, c, d []float64) {
	x = x[first : first+4*n]
	return x[:n], x[n : 2*n][:n], x[2*n : 3*n][:n], x[3*n:][:n]
}

// solveTile is solveBeside with a width that the compiler knows, two cells of a
// line at a time.
func (s *lineSolver) solveTile(m mix, u bundle) {
	j, at, step, beyond := u.first, 0, s.stride, m.beyond
	copy(m.room[:tile], m.b[j:])
	left := s.cells - 1
	for ; left > 1; left -= 2 {
		b1, b2 := (*[tile]float64)(m.b[j+step:]), (*[tile]float64)(m.b[j+2*step:])
		p, r := (*[2 * tile]float64)(s.pass[u.at+at:]), (*[3 * tile]float64)(m.room[at:])
		for i := range tile {
			v := b1[i] + p[i]*r[i]
			r[tile+i] = v
			r[2*tile+i] = b2[i] + p[tile+i]*v
		}
		j, at = j+2*step, at+2*tile
	}
	if left == 1 {
		b, p, r := (*[tile]float64)(m.b[j+step:]), (*[tile]float64)(s.pass[u.at+at:]), (*[2 * tile]float64)(m.room[at:])
		for i := range tile {
			r[tile+i] = b[i] + p[i]*r[i]
		}
		j, at = j+step, at+tile
	}
	end, r := (*[tile]float64)(s.rest[2*(u.at+at):]), (*[tile]float64)(m.room[at:])
	for i := range tile {
		r[i] *= end[i]
	}
	m.row(j, r[:])
	for left = s.cells - 1; left > 1; left -= 2 {
		j, at = j-2*step, at-2*tile
		b0, b1 := (*[tile]float64)(m.b[j:]), (*[tile]float64)(m.b[j+step:])
		f, r := (*[4 * tile]float64)(s.rest[2*(u.at+at):]), (*[3 * tile]float64)(m.room[at:])
		for i := range tile {
			v := r[tile+i]*f[2*tile+i] + f[3*tile+i]*r[2*tile+i]
			b1[i] = v + beyond*(v-b1[i])
			v = r[i]*f[i] + f[tile+i]*v
			r[i] = v
			b0[i] = v + beyond*(v-b0[i])
		}
	}
	if left == 1 {
		f, r := (*[2 * tile]float64)(s.rest[2*u.at:]), (*[2 * tile]float64)(m.room)
		for i := range tile {
			r[i] = r[i]*f[i] + f[tile+i]*r[tile+i]
		}
		m.row(u.first, r[:tile])
	}
}

// row does neighbouring cells from j on.
func (m mix) row(j int, x []float64) {
	b := m.b[j : j+len(x)]
	for i, v := range x {
		b[i] = v + m.beyond*(v-b[i])
	}
}

func (s *lineSolver) solveBeside(m mix, u bundle) {
	w, j, at := u.width, u.first, 0
	copy(m.room[:w], m.b[j:])
	for range s.cells - 1 {
		j += s.stride
		pass, from, to, b := s.pass[u.at+at:u.at+at+w], m.room[at:at+w], m.room[at+w:at+2*w], m.b[j:j+w]
		for i := range to {
			to[i] = b[i] + pass[i]*from[i]
		}
		at += w
	}
	next, stay := m.room[at:at+w], s.rest[2*(u.at+at):2*(u.at+at)+w]
	for i := range next {
		next[i] *= stay[i]
	}
	m.row(j, next)
	for range s.cells - 1 {
		j, at = j-s.stride, at-w
		f := 2 * (u.at + at)
		y, next, stay, back := m.room[at:at+w], m.room[at+w:at+2*w], s.rest[f:f+w], s.rest[f+w:f+2*w]
		for i := range y {
			y[i] = y[i]*stay[i] + back[i]*next[i]
		}
		m.row(j, y)
	}
}

func (s *lineSolver) solveRing(m mix, u bundle) {
	w, x := u.width, m.room
	for c := range s.cells {
		copy(x[c*w:(c+1)*w], m.b[u.first+c*s.stride:])
	}
	last := (s.cells - 1) * w
	end := x[last : last+w]
	for at := 0; at < last; at += w {
		addProduct(end, s.wrap[2*(u.at+at):], x[at:])
		if at+w < last {
			addProduct(x[at+w:at+2*w], s.pass[u.at+at:], x[at:])
		}
	}
	for i := range end {
		end[i] *= s.rest[2*(u.at+last)+i]
	}
	for at := last - w; at >= 0; at -= w {
		f := 2 * (u.at + at)
		stay, back, in := s.rest[f:f+w], s.rest[f+w:f+2*w], s.wrap[f+w:f+2*w]
		y, next := x[at:at+w], x[at+w:at+2*w]
		for i := range y {
			y[i] = y[i]*stay[i] + in[i]*end[i] + back[i]*next[i]
		}
	}
	for c := range s.cells {
		j := u.first + c*s.stride
		m.row(j, x[c*w:(c+1)*w])
	}
}

// addProduct adds the products of the first entries of a and b to dst.
func addProduct(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] += a[i] * b[i]
	}
}
