package multigrid

// chunk is the number of neighbouring lines, across the first axis, that one
// task eliminates together: their rows fit the nearest cache.
const chunk = 128

// lines is the work of sweeping along one axis.
type lines struct {
	axis       int
	sheets     []int32 // rows at position 0 of the axis
	chunks     int     // per sheet
	red, black func(task int)
	buffers    [][]float64 // per task, 4 rows of a chunk, or of the whole first axis
}

func (l *level) newLines(axis int) *lines {
	s := &lines{axis: axis, chunks: 1}
	width := l.n[0]
	if axis > 0 {
		s.chunks, width = (l.n[0]+chunk-1)/chunk, min(chunk, l.n[0])
	}
	for r := range l.rows {
		if axis == 0 || l.g.Along(axis, r*l.n[0]) == 0 {
			s.sheets = append(s.sheets, int32(r))
		}
	}
	for range len(s.sheets) * s.chunks {
		s.buffers = append(s.buffers, make([]float64, 4*width))
	}
	s.red = func(task int) { l.lineTask(s, task, false) }
	s.black = func(task int) { l.lineTask(s, task, true) }
	return s
}

// sweepLines balances whole lines at once, along each axis that has several
// cells in turn: first the lines of even sum of positions, then the others.
func (l *level) sweepLines(p *pool) {
	if l.lines == nil {
		l.pivot = l.vector()
		for k, n := range l.n {
			if n > 1 {
				l.lines = append(l.lines, l.newLines(k))
			}
		}
	}
	run := p.do
	if l.ringOdd {
		run = inOrder
	}
	for _, s := range l.lines {
		tasks := len(s.sheets) * s.chunks
		run(tasks, s.red)
		run(tasks, s.black)
	}
}

func (l *level) lineTask(s *lines, task int, black bool) {
	row, buffer := int(s.sheets[task/s.chunks]), s.buffers[task]
	if s.axis == 0 {
		if l.odd[row] == black {
			l.lineAlongRow(row, buffer)
		}
		return
	}
	lo := task % s.chunks * chunk
	hi := min(lo+chunk, l.n[0])
	if l.odd[row] != (black != (lo%2 == 1)) {
		lo++
	}
	if lo < hi {
		l.linesAcrossRows(s.axis, row, lo, hi, newSheet(buffer))
	}
}

// sheet is the scratch of some lines side by side: the inflow and the rate of
// leaving of the current cells, what is carried on of the latter, and the
// inflow from the first cells around a ring into the last.
type sheet struct{ flow, exit, carried, around []float64 }

func newSheet(buffer []float64) sheet {
	w := len(buffer) / 4
	return sheet{buffer[:w], buffer[w : 2*w], buffer[2*w : 3*w], buffer[3*w:]}
}

// lineAlongRow solves for the masses of row r, those of all others given. With
// s the inflow from other rows and e the rate of leaving to them, eliminating
// cell i (Grassmann, Taksar and Heyman 1985) adds to the next
//
//	e += down·eᵢ/(eᵢ + up),  s += up·sᵢ/(eᵢ + up),
//
// all positive. What crosses the ends of a ring counts as another row.
func (l *level) lineAlongRow(r int, buffer []float64) {
	n := l.n[0]
	flow, exit := buffer[:n], buffer[n:2*n]
	copy(flow, l.springs)
	clear(exit)
	for k := 1; k < len(l.n); k++ {
		l.inflow(flow, flow, k, r, 0, 1)
		addRates(exit, l.row(l.up[k], r), l.row(l.down[k], r), 1)
	}
	p, up, down, pivot := l.row(l.p, r), l.row(l.up[0], r), l.row(l.down[0], r), l.row(l.pivot, r)
	flow[0] += p[n-1] * up[n-1]
	flow[n-1] += p[0] * down[0]
	exit[0] += down[0]
	s, e := flow[0], exit[0]
	for i := 0; i < n-1; i++ {
		f := 1 / max(e+up[i], leak)
		p[i], pivot[i] = s*f, f
		s = flow[i+1] + up[i]*p[i]
		e = exit[i+1] + down[i+1]*(e*f)
	}
	closeLine(&p[n-1], s, e+up[n-1])
	for i := n - 2; i >= 0; i-- {
		p[i] += pivot[i] * down[i+1] * p[i+1]
	}
}

// closeLine sets the mass of the last cell of a line. A line nothing leaves
// keeps it: its other cells follow, and its total is for coarser levels.
func closeLine(p *float64, s, e float64) {
	if e > 0 {
		*p = s / e
	}
}

// addRates adds both rates out of the cells at every step-th place.
func addRates(exit, up, down []float64, step int) {
	up, down = up[:len(exit)], down[:len(exit)]
	for i := 0; i < len(exit); i += step {
		exit[i] += up[i] + down[i]
	}
}

// linesAcrossRows does the same for the lines along axis k > 0 that start in
// row base at the cells lo, lo+2, … below hi.
func (l *level) linesAcrossRows(k, base, lo, hi int, b sheet) {
	step, n := l.g.Stride(k)/l.n[0], l.n[k]
	clear(b.carried)
	clear(b.around)
	if l.ring(k) {
		addFlow(b.around, l.row(l.p, base)[lo:hi], l.row(l.down[k], base)[lo:hi])
	}
	for m := range n {
		r := base + m*step
		l.sideFlow(k, r, lo, hi, m == 0, b.flow, b.exit)
		if m > 0 {
			addFlow(b.flow, l.row(l.p, r-step)[lo:hi], l.row(l.up[k], r-step)[lo:hi])
			addFlow(b.exit, b.carried[:hi-lo], l.row(l.down[k], r)[lo:hi])
		}
		if m < n-1 {
			b.eliminate(l.row(l.p, r)[lo:hi], l.row(l.pivot, r)[lo:hi], l.row(l.up[k], r)[lo:hi])
			continue
		}
		p, up := l.row(l.p, r)[lo:hi], l.row(l.up[k], r)[lo:hi]
		for i := 0; i < len(p); i += 2 {
			closeLine(&p[i], b.flow[i]+b.around[i], b.exit[i]+up[i])
		}
	}
	for m := n - 2; m >= 0; m-- {
		r := base + m*step
		p, pivot := l.row(l.p, r)[lo:hi], l.row(l.pivot, r)[lo:hi]
		after, down := l.row(l.p, r+step)[lo:hi], l.row(l.down[k], r+step)[lo:hi]
		for i := 0; i < len(p); i += 2 {
			p[i] += pivot[i] * down[i] * after[i]
		}
	}
}

// eliminate does one cell of each line.
func (b sheet) eliminate(p, pivot, up []float64) {
	flow, exit, carried := b.flow[:len(p)], b.exit[:len(p)], b.carried[:len(p)]
	for i := 0; i < len(p); i += 2 {
		f := 1 / max(exit[i]+up[i], leak)
		p[i], pivot[i], carried[i] = flow[i]*f, f, exit[i]*f
	}
}

// sideFlow writes the inflow from other lines into cells lo, lo+2, … of row r
// and their rates of leaving to them; around a ring, if first, too.
func (l *level) sideFlow(k, r, lo, hi int, first bool, flow, exit []float64) {
	n := l.n[0]
	p, up, down := l.row(l.p, r), l.row(l.up[0], r), l.row(l.down[0], r)
	for i := lo; i < hi; i += 2 {
		w, e := i-1, i+1
		if w < 0 {
			w = n - 1
		}
		if e == n {
			e = 0
		}
		flow[i-lo] = spring + p[w]*up[w] + p[e]*down[e]
		exit[i-lo] = up[i] + down[i]
	}
	for a := 1; a < len(l.n); a++ {
		pb, ub := l.across(l.up[a], l.below[a][r], r)
		pa, da := l.across(l.down[a], l.above[a][r], r)
		if a != k || first {
			addFlow(flow, pb[lo:hi], ub[lo:hi])
		}
		if a != k {
			addFlow(flow, pa[lo:hi], da[lo:hi])
			addRates(exit[:hi-lo], l.row(l.up[a], r)[lo:hi], l.row(l.down[a], r)[lo:hi], 2)
		} else if first {
			addFlow(exit, l.row(l.down[a], r)[lo:hi], nil)
		}
	}
}

// addFlow adds p·rate, or p if rate is nil, at every second place.
func addFlow(flow, p, rate []float64) {
	if rate == nil {
		for i := 0; i < len(p); i += 2 {
			flow[i] += p[i]
		}
		return
	}
	for i := 0; i < len(p); i += 2 {
		flow[i] += p[i] * rate[i]
	}
}
