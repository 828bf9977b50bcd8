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
		b.forwardLine(dst, m, line*b.grid.Cells(0))
	}
}

// forwardLine does the cells of one line of the first axis: what comes from the
// line itself, then from the neighbouring lines of every other axis.
func (b *Block) forwardLine(dst, m []float64, lo int) {
	n := b.grid.Cells(0)
	out, total, own := dst[lo:lo+n], b.total[lo:lo+n], m[lo:lo+n]
	down, up := b.near[0].down[lo:lo+n], b.near[0].up[lo:lo+n]
	for i := range out {
		out[i] = -total[i] * own[i]
	}
	for i := 1; i < n; i++ {
		out[i] += up[i-1] * own[i-1]
	}
	for i := range n - 1 {
		out[i] += down[i+1] * own[i+1]
	}
	if b.grid.Axis(0).Ends[0] == grid.Periodic {
		out[0] += up[n-1] * own[n-1]
		out[n-1] += down[0] * own[0]
	}
	for k := 1; k < b.grid.Dim(); k++ {
		if from, ok := b.lineBeside(k, lo, -1); ok {
			addProduct(out, b.near[k].up[from:from+n], m[from:from+n])
		}
		if from, ok := b.lineBeside(k, lo, 1); ok {
			addProduct(out, b.near[k].down[from:from+n], m[from:from+n])
		}
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

func addProduct(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] += a[i] * b[i]
	}
}

// Current writes the mass per unit time that crosses each face of an axis, by
// the same rates that move the mass: rate × mass one way less rate × mass the
// other. A jump to a cell farther away crosses the faces on the straight way
// there; where that passes an edge of cells, half goes round either side. What
// an absorbing wall takes crosses its face. The two ends of a periodic axis are
// one face, written twice.
func (b *Block) Current(axis int, dst, m []float64) {
	b.whole()
	clear(dst)
	if b.near != nil {
		b.currentBeside(axis, dst, m)
	} else {
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

// face returns the number of the face below a cell: faces have one more along
// their axis.
func (b *Block) face(axis, cell int) int {
	s := b.grid.Stride(axis)
	return cell + cell/(b.grid.Cells(axis)*s)*s
}

func (b *Block) currentBeside(axis int, dst, m []float64) {
	g, rates := b.grid, b.near[axis]
	n, s := g.Cells(axis), g.Stride(axis)
	for i := range b.Size() {
		face := b.face(axis, i)
		if g.Along(axis, i) < n-1 {
			dst[face+s] = rates.up[i]*m[i] - rates.down[i+s]*m[i+s]
			continue
		}
		first := i - (n-1)*s
		wrap := rates.up[i]*m[i] - rates.down[first]*m[first]
		dst[face+s], dst[face-(n-1)*s] = wrap, wrap
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
