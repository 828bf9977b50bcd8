package operators

import "fokker/grid"

// Backward writes Qf: (Qf)ᵢ = Σⱼ Qᵢⱼ(fⱼ − fᵢ) − (absorption)ᵢ fᵢ.
func (b *Block) Backward(dst, f []float64) {
	b.whole()
	b.apply((*Block).backward, dst, f, b.span)
}

// apply does the parts of all with every worker; one alone needs no closure,
// which would be an allocation.
func (b *Block) apply(part func(b *Block, dst, v []float64, r grid.Range), dst, v []float64, all grid.Range) {
	if b.workers <= 1 {
		part(b, dst, v, all)
		return
	}
	all.Each(b.workers, func(r grid.Range) { part(b, dst, v, r) })
}

func (b *Block) backward(dst, f []float64, r grid.Range) {
	rows := b.rows()
	for i := r.Lo; i < r.Hi; i++ {
		sum := 0.0
		if b.absorbed != nil {
			sum = -b.absorbed[i] * f[i]
		}
		for e := rows.start[i]; e < rows.start[i+1]; e++ {
			sum += rows.rate[e] * (f[rows.to[e]] - f[i])
		}
		dst[i] = sum
	}
}

// Forward writes Qᵀm.
func (b *Block) Forward(dst, m []float64) {
	b.whole()
	if b.near == nil {
		b.apply((*Block).gather, dst, m, b.span)
		return
	}
	b.apply((*Block).forwardLines, dst, m, grid.Range{Hi: b.Size() / b.grid.Cells(0)})
}

func (b *Block) gather(dst, m []float64, r grid.Range) {
	t := b.turned()
	for j := r.Lo; j < r.Hi; j++ {
		sum := -b.total[j] * m[j]
		for e := t.start[j]; e < t.start[j+1]; e++ {
			sum += t.rate[e] * m[t.to[e]]
		}
		dst[j] = sum
	}
}

// forwardLines does lines of the first axis.
func (b *Block) forwardLines(dst, m []float64, lines grid.Range) {
	for line := lines.Lo; line < lines.Hi; line++ {
		b.forwardLine(dst, m, line, lines)
	}
}

// forwardLine does the cells of one of several lines of the first axis: what comes
// through the faces of the line, then through those to the lines beside it. A face
// takes from one cell the very number that it gives the other.
func (b *Block) forwardLine(dst, m []float64, line int, lines grid.Range) {
	n := b.grid.Cells(0)
	lo, hi := line*n, (line+1)*n
	out, own, up, down := dst[lo:hi], m[lo:hi], b.near[0].up[lo:hi], b.near[0].down[lo:hi]
	around := up[n-1]*own[n-1] - down[0]*own[0] // 0 unless it is a ring
	if b.grid.Dim() == 1 {
		throughLine(out, up, down, own, around)
	} else {
		b.alongLines(dst, m, line, lines, around)
	}
	for k := 2; k < b.grid.Dim(); k++ {
		throughSides(out, b.sides(m, k, lo))
	}
	if b.absorbed != nil {
		for i, rate := range b.absorbed[lo:hi] {
			out[i] -= rate * own[i]
		}
	}
}

// alongLines does the faces of a line and those to the lines beside it along the
// second axis. What passes to the next of the lines waits where that is about to
// be written, so that no face is done twice and no rate is read twice.
func (b *Block) alongLines(dst, m []float64, line int, lines grid.Range, around float64) {
	n := b.grid.Cells(0)
	lo := line * n
	s, out, at := b.sides(m, 1, lo), dst[lo:lo+n], b.grid.Along(1, lo)
	if at == 0 || line == lines.Lo {
		crossing(out, s.rateBelow, s.below, s.down, s.own)
	}
	up, down := b.near[0].up[lo:lo+n], b.near[0].down[lo:lo+n]
	if at == b.grid.Cells(1)-1 || line == lines.Hi-1 {
		throughLast(out, up, down, s, around)
		return
	}
	through(dst[lo+n:lo+2*n], out, up, down, s, around)
}

// sides is a line and those beside it along one axis, with the rates out of it
// and those into it from below and from above.
type sides struct{ own, up, down, rateBelow, below, rateAbove, above []float64 }

func (b *Block) sides(m []float64, k, lo int) sides {
	n := b.grid.Cells(0)
	line := func(of []float64, lo int) []float64 { return of[lo : lo+n : lo+n] }
	up, down := b.near[k].up, b.near[k].down
	s := sides{own: line(m, lo), up: line(up, lo), down: line(down, lo)}
	s.rateBelow, s.below = s.down, s.own // 0 beyond a wall, as the rate to it is
	s.rateAbove, s.above = s.up, s.own
	if from, ok := b.lineBeside(k, lo, -1); ok {
		s.rateBelow, s.below = line(up, from), line(m, from)
	}
	if from, ok := b.lineBeside(k, lo, 1); ok {
		s.rateAbove, s.above = line(down, from), line(m, from)
	}
	return s
}

// throughLine writes what comes through the faces of a line; around is what
// crosses the face between its ends, upwards.
func throughLine(out, up, down, m []float64, around float64) {
	last := len(out) - 1
	inside, next := out[:last], m[1:]
	up, fall, m, next := up[:last], down[1:][:last], m[:last], next[:last]
	below := around
	for i := range inside {
		above := up[i]*m[i] - fall[i]*next[i]
		inside[i] = below - above
		below = above
	}
	out[last] = below - around
}

// throughSides adds what comes through the faces on both sides.
func throughSides(out []float64, s sides) {
	n := len(out)
	own, up, down := s.own[:n], s.up[:n], s.down[:n]
	rateBelow, below, rateAbove, above := s.rateBelow[:n], s.below[:n], s.rateAbove[:n], s.above[:n]
	for i := range out {
		m := own[i]
		out[i] += (rateBelow[i]*below[i] - down[i]*m) - (up[i]*m - rateAbove[i]*above[i])
	}
}

// through is throughLine and throughSides at once, out being what comes from
// below; it writes to next what goes up.
func through(next, out, up, down []float64, s sides, around float64) {
	last := len(out) - 1
	inside, up, fall, east := out[:last], up[:last], down[1:][:last], s.own[1:][:last]
	upwards, rateAbove, above, rise := s.up[:last], s.rateAbove[:last], s.above[:last], next[:last]
	west, m := around, s.own[0]
	for i := range inside {
		n := east[i]
		right := up[i]*m - fall[i]*n
		north := upwards[i]*m - rateAbove[i]*above[i]
		inside[i] = (west - right) + (inside[i] - north)
		rise[i] = north
		west, m = right, n
	}
	next[last] = s.up[last]*m - s.rateAbove[last]*s.above[last]
	out[last] = (west - around) + (out[last] - next[last])
}

// throughLast is through for the last of some lines.
func throughLast(out, up, down []float64, s sides, around float64) {
	last := len(out) - 1
	west := around
	for i, m := range s.own {
		right := around
		if i < last {
			right = up[i]*m - down[i+1]*s.own[i+1]
		}
		out[i] = (west - right) + (out[i] - (s.up[i]*m - s.rateAbove[i]*s.above[i]))
		west = right
	}
}

// lineBeside returns the first cell of the line next to the one that starts at
// lo.
func (b *Block) lineBeside(k, lo, step int) (int, bool) {
	n, s := b.grid.Cells(k), b.grid.Stride(k)
	i := b.grid.Along(k, lo) + step
	if i >= 0 && i < n {
		return lo + step*s, true
	}
	return lo - step*(n-1)*s, b.grid.Axis(k).Ends[0] == grid.Periodic
}

// Current writes the mass per unit time that crosses each face of an axis, by
// the same rates that move the mass: rate × mass one way less rate × mass the
// other. A jump to a cell farther away crosses the faces on the straight way
// there; where that passes an edge of cells, half goes round either side. What
// an absorbing wall takes crosses its face. The two ends of a periodic axis are
// one face, written twice.
func (b *Block) Current(axis int, dst, m []float64) {
	b.whole()
	if b.near != nil {
		b.currentBeside(axis, dst, m)
	} else {
		clear(dst)
		b.currentAcross(axis, dst, m)
	}
	w := newWalk(b.grid, axis, dst)
	for _, x := range b.exits {
		copy(w.all, x.offset[:])
		for order := range 2 {
			w.along(x.from, order, x.rate*m[x.from]/2)
		}
	}
}

// currentBeside does the blocks of cells that end at both ends of the axis.
func (b *Block) currentBeside(axis int, dst, m []float64) {
	up, down := b.near[axis].up, b.near[axis].down
	s := b.grid.Stride(axis)
	size := b.grid.Cells(axis) * s
	for lo := 0; lo < len(m); lo += size {
		faces := dst[lo+lo/size*s:][:size+s]
		own, up, down := m[lo:lo+size], up[lo:lo+size], down[lo:lo+size]
		below, above := faces[:s], faces[size:]
		crossing(below, up[size-s:], own[size-s:], down[:s], own[:s]) // 0 unless it is a ring
		copy(above, below)
		crossing(faces[s:size], up[:size-s], own[:size-s], down[s:], own[s:])
	}
}

// crossing writes the net flow upwards between cells below and above faces.
func crossing(flow, up, below, down, above []float64) {
	n := len(flow)
	up, below, down, above = up[:n], below[:n], down[:n], above[:n]
	for i := range flow {
		flow[i] = up[i]*below[i] - down[i]*above[i]
	}
}

// currentAcross walks every jump from face to face.
func (b *Block) currentAcross(axis int, dst, m []float64) {
	w := newWalk(b.grid, axis, dst)
	for i := range b.Size() {
		to, rate := b.Row(i)
		for e, j := range to {
			w.offset(i, j)
			for order := range 2 {
				w.along(i, order, rate[e]*m[i]/2)
			}
		}
	}
}

// walk follows jumps through faces.
type walk struct {
	grid          *grid.Grid
	axis          int
	dst           []float64
	at, left, all []int
}

func newWalk(g *grid.Grid, axis int, dst []float64) *walk {
	n := g.Dim()
	return &walk{g, axis, dst, make([]int, n), make([]int, n), make([]int, n)}
}

// offset finds the jump's offset, on periodic axes the shorter way round.
func (w *walk) offset(from, to int) {
	for k := range w.all {
		n := w.grid.Cells(k)
		o := w.grid.Along(k, to) - w.grid.Along(k, from)
		if w.grid.Axis(k).Ends[0] == grid.Periodic {
			switch {
			case 2*o > n:
				o -= n
			case 2*o < -n:
				o += n
			}
		}
		w.all[k] = o
	}
}

// along adds a flow to the faces of the axis on the way, which passes edges of
// cells with the lower axes first (order 0) or last, and ends at a wall.
func (w *walk) along(from, order int, flow float64) {
	w.grid.Locate(w.at, from)
	for k, o := range w.all {
		w.left[k] = max(o, -o)
	}
	for {
		next, when := -1, 2.0
		for k, left := range w.left {
			if left == 0 {
				continue
			}
			whole := max(w.all[k], -w.all[k])
			t := (float64(whole-left) + 0.5) / float64(whole)
			if t < when || t == when && order == 1 {
				next, when = k, t
			}
		}
		if next < 0 || !w.cross(next, flow) {
			return
		}
	}
}

// cross takes one step along axis k and reports whether that stays inside.
func (w *walk) cross(k int, flow float64) (inside bool) {
	up, n := w.all[k] > 0, w.grid.Cells(k)
	if k == w.axis {
		w.add(up, flow)
	}
	if up {
		w.at[k]++
	} else {
		w.at[k]--
	}
	w.left[k]--
	if w.grid.Axis(k).Ends[0] == grid.Periodic {
		w.at[k] = (w.at[k] + n) % n
	}
	return w.at[k] >= 0 && w.at[k] < n
}

func (w *walk) add(up bool, flow float64) {
	n, s := w.grid.Cells(w.axis), w.grid.Stride(w.axis)
	cell := w.grid.Cell(w.at)
	face := cell + cell/(n*s)*s
	i := w.at[w.axis]
	if up {
		face, i = face+s, i+1
	} else {
		flow = -flow
	}
	w.dst[face] += flow
	if w.grid.Axis(w.axis).Ends[0] != grid.Periodic {
		return
	}
	switch i { // both ends are one face
	case 0:
		w.dst[face+n*s] += flow
	case n:
		w.dst[face-n*s] += flow
	}
}
