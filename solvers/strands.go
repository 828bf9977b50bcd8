package solvers

import (
	"cmp"
	"slices"

	"fokker/grid"
	"fokker/operators"
)

// strands is the part of a generator whose jumps have some offsets no two of which
// meet in a cell, so that it is a set of chains of cells. One chain after the other
// makes a strand, four of which are solved at once, place by place, as their
// recurrences do not wait for each other.
type strands struct {
	cell     []int32   // at places; those of strand k of a sheaf are at + 4i + k
	up, down []float64 // rates from the cell at a place to the next of its chain and to the one before
	gone     []float64 // rates of absorption, nil without any
	loss     []leak    // the same by cells
	sheaves  []sheaf
	share    float64 // of all jumps
}

// sheaf is four strands of the same number of places. Those beyond the end of a strand
// repeat the first cell of the last strand, which is written after them.
type sheaf struct{ at, length int }

type leak struct {
	cell int32
	rate float64
}

// strandLength is about that of a strand: four of them and their factors stay in the
// cache.
const strandLength = 512

// walled is a generator that tells by which offsets mass meets absorbing walls, and
// what is killed.
type walled interface {
	Exits(visit func(cell int, offset [4]int, rate float64))
	Killed() []float64
}

// heading is an offset between cells, the last of its nonzero entries being positive.
type heading struct {
	offset [4]int
	jumps  int
	met    []uint64 // cells that its jumps begin or end in, a bit each
	group  int
}

// tangle sorts the jumps of a generator by headings.
type tangle struct {
	q        operators.Rowed
	mesh     *grid.Grid
	headings []*heading
	known    map[[4]int]int32
	of       []int32 // heading of every jump, row by row, negated and less one if it leads against it
	exits    []exit
	at       []int
}

// exit is a rate of walled the mesh.
type exit struct {
	leak
	heading int32
}

// strandsOf returns the parts of a generator with constant rates on a mesh, nil for
// others and where chains close to rings.
func strandsOf(q operators.Rowed) (parts []*strands) {
	meshed, ok := q.(interface{ Mesh() *grid.Grid })
	if !ok || changes(q) {
		return nil
	}
	t := &tangle{q: q, mesh: meshed.Mesh(), known: map[[4]int]int32{}, at: make([]int, meshed.Mesh().Dim())}
	t.collect()
	w := newWeaver(t)
	for k := range t.groups() {
		s := w.weave(k)
		if s == nil {
			return nil
		}
		parts = append(parts, s)
	}
	return parts
}

// collect reads all rows.
func (t *tangle) collect() {
	var recent []int32 // of the jumps of the row before: mostly the same again
	for i := range t.q.Size() {
		to, _ := t.q.Row(i)
		t.mesh.Locate(t.at, i)
		for e, j := range to {
			if e == len(recent) {
				recent = append(recent, t.heading(t.offset(j)))
			} else if !t.leads(recent[e], i, j) {
				recent[e] = t.heading(t.offset(j))
			}
			t.of = append(t.of, recent[e])
			t.meet(recent[e], i, j)
		}
	}
	if l, ok := t.q.(walled); ok && t.q.Absorption() != nil {
		l.Exits(func(cell int, offset [4]int, rate float64) {
			h := t.heading(offset)
			t.exits = append(t.exits, exit{leak{int32(cell), rate}, h})
			t.meet(h, cell, cell)
		})
	}
}

// leads reports whether a heading leads from the cell at hand to another one, without
// crossing the ends of a ring.
func (t *tangle) leads(of int32, from, to int) bool {
	h, sign := t.headings[max(of, -1-of)], 1
	if of < 0 {
		sign = -1
	}
	for k, at := range t.at {
		o := sign * h.offset[k]
		if at += o; at < 0 || at >= t.mesh.Cells(k) {
			return false
		}
		from += o * t.mesh.Stride(k)
	}
	return from == to
}

// offset returns that from the cell at hand to another, the shorter way round a ring.
func (t *tangle) offset(cell int) (o [4]int) {
	for k, from := range t.at {
		n := t.mesh.Cells(k)
		o[k] = t.mesh.Along(k, cell) - from
		if t.mesh.Axis(k).Ends[0] == grid.Periodic {
			switch {
			case 2*o[k] > n:
				o[k] -= n
			case 2*o[k] < -n:
				o[k] += n
			}
		}
	}
	return o
}

// heading returns the heading of an offset as of keeps it.
func (t *tangle) heading(o [4]int) int32 {
	against := false
	for k := len(o) - 1; k >= 0; k-- {
		if o[k] != 0 {
			against = o[k] < 0
			break
		}
	}
	if against {
		for k := range o {
			o[k] = -o[k]
		}
	}
	h, ok := t.known[o]
	if !ok {
		h = int32(len(t.headings))
		t.known[o] = h
		t.headings = append(t.headings, &heading{offset: o, met: make([]uint64, (t.q.Size()+63)/64)})
	}
	if against {
		return -1 - h
	}
	return h
}

func (t *tangle) meet(of int32, i, j int) {
	h := t.headings[max(of, -1-of)]
	h.jumps++
	h.met[i/64] |= 1 << (i % 64)
	h.met[j/64] |= 1 << (j % 64)
}

// groups joins headings that do not meet, those with most jumps first, and returns how
// many groups there are.
func (t *tangle) groups() int {
	order := slices.Clone(t.headings)
	slices.SortStableFunc(order, func(a, b *heading) int { return cmp.Compare(b.jumps, a.jumps) })
	var met [][]uint64
	for _, h := range order {
		h.group = slices.IndexFunc(met, func(m []uint64) bool { return disjoint(m, h.met) })
		if h.group < 0 {
			h.group = len(met)
			met = append(met, make([]uint64, len(h.met)))
		}
		for i, bits := range h.met {
			met[h.group][i] |= bits
		}
	}
	return len(met)
}

func disjoint(a, b []uint64) bool {
	for i, v := range a {
		if v&b[i] != 0 {
			return false
		}
	}
	return true
}

// weaver makes strands, with room for all cells.
type weaver struct {
	*tangle
	next           []int32 // −1 at the end of a chain, −2 for cells of none
	led            []bool  // from another cell of the chain
	up, down, gone []float64
	absorbing      bool
	strand         [4][]int32
}

func newWeaver(t *tangle) *weaver {
	n := t.q.Size()
	return &weaver{
		tangle: t, next: make([]int32, n), led: make([]bool, n),
		up: make([]float64, n), down: make([]float64, n), gone: make([]float64, n),
	}
}

// weave returns the strands of a group, nil if a chain has no end. Those of the first
// take what is killed, if anything is, on the way.
func (w *weaver) weave(group int) *strands {
	for i := range w.next {
		w.next[i], w.led[i] = -2, false
	}
	clear(w.up)
	clear(w.down)
	clear(w.gone)
	w.absorbing = false
	s := &strands{share: float64(w.linkJumps(group)) / float64(len(w.of))}
	w.linkExits(group)
	left := 0
	for _, n := range w.next {
		if n > -2 {
			left++
		}
	}
	s.room(left, w.absorbing)
	for i, n := range w.next {
		if n > -2 && !w.led[i] {
			left -= w.chain(int32(i))
			w.close(s, 4*strandLength)
		}
	}
	if left > 0 {
		return nil
	}
	w.close(s, 1)
	return s
}

// linkJumps enters the jumps of a group and returns how many they are.
func (w *weaver) linkJumps(group int) (count int) {
	k := 0
	for i := range w.q.Size() {
		to, rate := w.q.Row(i)
		for e, j := range to {
			of := w.of[k]
			k++
			if w.headings[max(of, -1-of)].group != group || rate[e] == 0 {
				continue
			}
			count++
			lower, upper := i, j
			if of < 0 {
				lower, upper = j, i
				w.down[i] = rate[e]
			} else {
				w.up[i] = rate[e]
			}
			w.next[lower], w.led[upper] = int32(upper), true
			w.next[upper] = max(w.next[upper], -1)
		}
	}
	return count
}

func (w *weaver) linkExits(group int) {
	leave := func(l leak) {
		w.absorbing = true
		w.gone[l.cell] += l.rate
		w.next[l.cell] = max(w.next[l.cell], -1)
	}
	for _, x := range w.exits {
		if w.headings[max(x.heading, -1-x.heading)].group == group {
			leave(x.leak)
		}
	}
	if l, ok := w.q.(walled); ok && group == 0 {
		for i, rate := range l.Killed() {
			if rate > 0 {
				leave(leak{int32(i), rate})
			}
		}
	}
}

// chain adds the chain that begins at a cell to the shortest of the strands and returns
// its length.
func (w *weaver) chain(first int32) (length int) {
	short := 0
	for k := range w.strand {
		if len(w.strand[k]) < len(w.strand[short]) {
			short = k
		}
	}
	for c := first; c >= 0; c = w.next[c] {
		w.strand[short] = append(w.strand[short], c)
		length++
	}
	return length
}

// close makes a sheaf of the strands if they have so many cells.
func (w *weaver) close(s *strands, enough int) {
	total, longest := 0, 0
	for k, cells := range w.strand {
		total += len(cells)
		if len(cells) > len(w.strand[longest]) {
			longest = k
		}
	}
	if total < enough {
		return
	}
	w.strand[3], w.strand[longest] = w.strand[longest], w.strand[3]
	b := sheaf{len(s.cell), len(w.strand[3])}
	s.sheaves = append(s.sheaves, b)
	for i := range b.length {
		for _, cells := range w.strand {
			if i < len(cells) {
				w.place(s, cells[i])
			} else {
				s.place(w.strand[3][0], 0, 0, 0)
			}
		}
	}
	for k := range w.strand {
		w.strand[k] = w.strand[k][:0]
	}
}

func (w *weaver) place(s *strands, c int32) {
	s.place(c, w.up[c], w.down[c], w.gone[c])
	if w.gone[c] > 0 {
		s.loss = append(s.loss, leak{c, w.gone[c]})
	}
}

// room makes room for so many cells.
func (s *strands) room(cells int, absorbing bool) {
	cells += cells / 8 // strands of a sheaf end at about the same place
	s.cell, s.up, s.down = grid.Zeros[int32](cells)[:0], grid.Zeros[float64](cells)[:0], grid.Zeros[float64](cells)[:0]
	if absorbing {
		s.gone = make([]float64, 0, cells)
	}
}

func (s *strands) place(c int32, up, down, gone float64) {
	s.cell, s.up, s.down = append(s.cell, c), append(s.up, up), append(s.down, down)
	if s.gone != nil {
		s.gone = append(s.gone, gone)
	}
}

// strandSolver is lineSolver for strands.
type strandSolver struct {
	*strands
	tau  float64
	pass []float64 // τup/p
	rest []float64 // of four places 1/p, then τ × down of the next ones / p
	room []float64 // of one worker
}

func newStrandSolver(s *strands) *strandSolver {
	return &strandSolver{strands: s, pass: grid.Zeros[float64](len(s.cell)), rest: grid.Zeros[float64](2 * len(s.cell))}
}

func (s *strandSolver) all() grid.Range { return grid.Range{Hi: len(s.sheaves)} }

// newRoom returns room for the places of two sheaves.
func (s *strandSolver) newRoom() []float64 {
	longest := 0
	for _, b := range s.sheaves {
		longest = max(longest, b.length)
	}
	return make([]float64, 8*longest)
}

func (s *strandSolver) eliminate(tau float64, workers int) {
	s.tau = tau
	s.all().Each(workers, func(r grid.Range) {
		for _, b := range s.sheaves[r.Lo:r.Hi] {
			s.eliminateSheaf(b)
		}
	})
}

func (s *strandSolver) eliminateSheaf(b sheaf) {
	lo, hi, tau := b.at, b.at+4*b.length, s.tau
	ups, downs, pass, rest := s.up[lo:hi], s.down[lo:hi], s.pass[lo:hi], s.rest[2*lo:2*hi]
	var e0, e1, e2, e3 float64 = 1, 1, 1, 1
	if s.gone != nil {
		g := s.gone[lo:]
		e0, e1, e2, e3 = 1+tau*g[0], 1+tau*g[1], 1+tau*g[2], 1+tau*g[3]
	}
	for i := 0; ; i += 4 {
		u, p, f := (*[4]float64)(ups[i:]), (*[4]float64)(pass[i:]), (*[8]float64)(rest[2*i:])
		up0, up1, up2, up3 := tau*u[0], tau*u[1], tau*u[2], tau*u[3]
		r0, r1, r2, r3 := 1/(e0+up0), 1/(e1+up1), 1/(e2+up2), 1/(e3+up3)
		p[0], p[1], p[2], p[3] = up0*r0, up1*r1, up2*r2, up3*r3
		f[0], f[1], f[2], f[3] = r0, r1, r2, r3
		if i+4 == len(ups) {
			return
		}
		d := (*[4]float64)(downs[i+4:])
		down0, down1, down2, down3 := tau*d[0], tau*d[1], tau*d[2], tau*d[3]
		f[4], f[5], f[6], f[7] = down0*r0, down1*r1, down2*r2, down3*r3
		e0, e1, e2, e3 = 1+down0*(e0*r0), 1+down1*(e1*r1), 1+down2*(e2*r2), 1+down3*(e3*r3)
		if s.gone != nil {
			g := s.gone[lo+i+4:]
			e0, e1, e2, e3 = e0+tau*g[0], e1+tau*g[1], e2+tau*g[2], e3+tau*g[3]
		}
	}
}

// reflect overwrites b by 2x − b.
func (s *strandSolver) reflect(b []float64, workers int) { s.run(b, (*strandSolver).once, workers) }

// reflectTwice does so two times.
func (s *strandSolver) reflectTwice(b []float64, workers int) {
	s.run(b, (*strandSolver).twice, workers)
}

func (s *strandSolver) run(b []float64, do func(s *strandSolver, b, room []float64, at sheaf), workers int) {
	if workers == 1 {
		if s.room == nil {
			s.room = s.newRoom()
		}
		for _, at := range s.sheaves {
			do(s, b, s.room, at)
		}
		return
	}
	s.all().Each(workers, func(r grid.Range) {
		room := s.newRoom()
		for _, at := range s.sheaves[r.Lo:r.Hi] {
			do(s, b, room, at)
		}
	})
}

func (s *strandSolver) once(b, room []float64, at sheaf) {
	lo, hi := at.at, at.at+4*at.length
	cell, pass, rest, room := s.cell[lo:hi], s.pass[lo:hi], s.rest[2*lo:2*hi], room[:hi-lo]
	var y0, y1, y2, y3 float64
	for i := 0; i+4 <= len(cell); i += 4 {
		c, p, r := (*[4]int32)(cell[i:]), (*[4]float64)(pass[i:]), (*[4]float64)(room[i:])
		y0, y1, y2, y3 = y0+b[c[0]], y1+b[c[1]], y2+b[c[2]], y3+b[c[3]]
		r[0], r[1], r[2], r[3] = y0, y1, y2, y3
		y0, y1, y2, y3 = y0*p[0], y1*p[1], y2*p[2], y3*p[3]
	}
	y0, y1, y2, y3 = 0, 0, 0, 0
	for i := len(cell) - 4; i >= 0; i -= 4 {
		c, f, r := (*[4]int32)(cell[i:]), (*[8]float64)(rest[2*i:]), (*[4]float64)(room[i:])
		y0, y1, y2, y3 = r[0]*f[0]+f[4]*y0, r[1]*f[1]+f[5]*y1, r[2]*f[2]+f[6]*y2, r[3]*f[3]+f[7]*y3
		c0, c1, c2, c3 := c[0], c[1], c[2], c[3]
		b[c0] = 2*y0 - b[c0]
		b[c1] = 2*y1 - b[c1]
		b[c2] = 2*y2 - b[c2]
		b[c3] = 2*y3 - b[c3]
	}
}

func (s *strandSolver) twice(b, room []float64, at sheaf) {
	lo, hi := at.at, at.at+4*at.length
	cell, pass, rest, own := s.cell[lo:hi], s.pass[lo:hi], s.rest[2*lo:2*hi], room[hi-lo:2*(hi-lo)]
	room = room[:hi-lo]
	var y0, y1, y2, y3 float64
	for i := 0; i+4 <= len(cell); i += 4 {
		c, p, r, o := (*[4]int32)(cell[i:]), (*[4]float64)(pass[i:]), (*[4]float64)(room[i:]), (*[4]float64)(own[i:])
		b0, b1, b2, b3 := b[c[0]], b[c[1]], b[c[2]], b[c[3]]
		o[0], o[1], o[2], o[3] = b0, b1, b2, b3
		y0, y1, y2, y3 = y0+b0, y1+b1, y2+b2, y3+b3
		r[0], r[1], r[2], r[3] = y0, y1, y2, y3
		y0, y1, y2, y3 = y0*p[0], y1*p[1], y2*p[2], y3*p[3]
	}
	y0, y1, y2, y3 = 0, 0, 0, 0
	for i := len(cell) - 4; i >= 0; i -= 4 {
		f, r, o := (*[8]float64)(rest[2*i:]), (*[4]float64)(room[i:]), (*[4]float64)(own[i:])
		y0, y1, y2, y3 = r[0]*f[0]+f[4]*y0, r[1]*f[1]+f[5]*y1, r[2]*f[2]+f[6]*y2, r[3]*f[3]+f[7]*y3
		o[0], o[1], o[2], o[3] = 2*y0-o[0], 2*y1-o[1], 2*y2-o[2], 2*y3-o[3]
	}
	y0, y1, y2, y3 = 0, 0, 0, 0
	for i := 0; i+4 <= len(cell); i += 4 {
		p, r, o := (*[4]float64)(pass[i:]), (*[4]float64)(room[i:]), (*[4]float64)(own[i:])
		y0, y1, y2, y3 = y0+o[0], y1+o[1], y2+o[2], y3+o[3]
		r[0], r[1], r[2], r[3] = y0, y1, y2, y3
		y0, y1, y2, y3 = y0*p[0], y1*p[1], y2*p[2], y3*p[3]
	}
	y0, y1, y2, y3 = 0, 0, 0, 0
	for i := len(cell) - 4; i >= 0; i -= 4 {
		c, f, r, o := (*[4]int32)(cell[i:]), (*[8]float64)(rest[2*i:]), (*[4]float64)(room[i:]), (*[4]float64)(own[i:])
		y0, y1, y2, y3 = r[0]*f[0]+f[4]*y0, r[1]*f[1]+f[5]*y1, r[2]*f[2]+f[6]*y2, r[3]*f[3]+f[7]*y3
		b[c[0]], b[c[1]], b[c[2]], b[c[3]] = 2*y0-o[0], 2*y1-o[1], 2*y2-o[2], 2*y3-o[3]
	}
}
