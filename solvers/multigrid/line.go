package multigrid

// chunk is the number of neighbouring lines, across the first axis, that one
// task eliminates together: as few as memory still streams for.
const chunk = 512

// abreast is the number of lines along the first axis that one task eliminates
// together: while one waits for a division the others go on.
const abreast = 4

// lines is the work of sweeping along one axis, by colour.
type lines struct {
	tasks      [2]int
	red, black func(task int)
}

// rowLines are the lines along the first axis.
func (l *level) rowLines() *lines {
	var groups [2][][]int
	for r := range l.rows {
		of := &groups[0]
		if l.odd[r] {
			of = &groups[1]
		}
		if last := len(*of) - 1; last < 0 || len((*of)[last]) == abreast {
			*of = append(*of, nil)
		}
		last := len(*of) - 1
		(*of)[last] = append((*of)[last], r)
	}
	tasks := [2]int{len(groups[0]), len(groups[1])}
	buffers := make([][]float64, max(tasks[0], tasks[1]))
	for i := range buffers {
		buffers[i] = make([]float64, 2*abreast*(l.n[0]+late))
	}
	do := func(groups [][]int) func(int) {
		return func(task int) { l.linesAlongRows(groups[task], buffers[task]) }
	}
	return &lines{tasks, do(groups[0]), do(groups[1])}
}

// sheetLines are the lines along another axis. A sheet is all that start in
// one row; it is cut into chunks.
func (l *level) sheetLines(axis int) *lines {
	var sheets []int
	for r := range l.rows {
		if l.g.Along(axis, r*l.n[0]) == 0 {
			sheets = append(sheets, r)
		}
	}
	chunks := (l.n[0] + chunk - 1) / chunk
	buffers := make([][]float64, len(sheets)*chunks)
	for i := range buffers {
		buffers[i] = make([]float64, 4*min(chunk, l.n[0]))
	}
	do := func(black bool) func(int) {
		return func(task int) {
			row, lo := sheets[task/chunks], task%chunks*chunk
			hi := min(lo+chunk, l.n[0])
			if l.odd[row] != (black != (lo%2 == 1)) {
				lo++
			}
			if lo < hi {
				l.linesAcrossRows(axis, row, lo, hi, newSheet(buffers[task]))
			}
		}
	}
	return &lines{[2]int{len(buffers), len(buffers)}, do(false), do(true)}
}

// sweepLines balances whole lines at once, along each axis that has several
// cells in turn: first the lines of even sum of positions, then the others.
func (l *level) sweepLines(p *pool) {
	if l.lines == nil {
		l.pivot = l.vector()
		for k, n := range l.n {
			switch {
			case n == 1:
			case k == 0:
				l.lines = append(l.lines, l.rowLines())
			default:
				l.lines = append(l.lines, l.sheetLines(k))
			}
		}
	}
	run := p.do
	if l.ringOdd {
		run = inOrder
	}
	for _, s := range l.lines {
		run(s.tasks[0], s.red)
		run(s.tasks[1], s.black)
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

// linesAlongRows solves for the masses of some rows, those of all others given.
// With s the inflow from other rows and e the rate of leaving to them,
// eliminating cell i (Grassmann, Taksar and Heyman 1985) adds to the next
//
//	e += down·eᵢ/(eᵢ + up),  s += up·sᵢ/(eᵢ + up),
//
// all positive. What crosses the ends of a ring counts as another row. The rows
// go abreast, cell by cell.
func (l *level) linesAlongRows(rows []int, buffer []float64) {
	n, step := l.n[0], l.n[0]+late
	flow, exit := buffer[:abreast*step], buffer[abreast*step:]
	var s, e [abreast]float64
	for j, r := range rows {
		flow, exit := flow[j*step:j*step+n], exit[j*step:j*step+n]
		l.around(r, flow, exit)
		s[j], e[j] = flow[0], exit[0]
	}
	p, up, down, pivot := l.p, l.up[0], l.down[0], l.pivot
	for i := range n - 1 {
		for j, r := range rows {
			at, beside := r*n+i, j*step+i+1
			f := 1 / max(e[j]+up[at], leak)
			m := s[j] * f
			p[at], pivot[at] = m, f
			s[j] = flow[beside] + up[at]*m
			e[j] = exit[beside] + down[at+1]*(e[j]*f)
		}
	}
	for j, r := range rows {
		last := (r+1)*n - 1
		closeLine(&p[last], s[j], e[j]+up[last])
	}
	for i := n - 2; i >= 0; i-- {
		for _, r := range rows {
			at := r*n + i
			p[at] += pivot[at] * down[at+1] * p[at+1]
		}
	}
}

// around writes what comes into the cells of row r from other rows, and the
// rates of leaving to them.
func (l *level) around(r int, flow, exit []float64) {
	copy(flow, l.springs)
	clear(exit)
	for k := 1; k < len(l.n); k++ {
		l.inflow(flow, flow, k, r, 0, 1)
		addRates(exit, l.row(l.up[k], r), l.row(l.down[k], r), 1)
	}
	p, up, down, last := l.row(l.p, r), l.row(l.up[0], r), l.row(l.down[0], r), l.n[0]-1
	flow[0] += p[last] * up[last]
	flow[last] += p[0] * down[0]
	exit[0] += down[0]
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
