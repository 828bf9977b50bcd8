package solvers

import "slices"

// strang makes steps of dm/dt = Σₖ Aₖ(m), a part for each axis, by
//
//	A₁(h/2) A₂(h/2) … Aₙ(h) … A₂(h/2) A₁(h/2)
//
// (Strang 1968), of order 2. Axes without noise are streams, which are not linear;
// the others are solved along their lines by SDIRK4. It serves processes whose
// noise leaves an axis out, as that of a particle with a position and a velocity
// (Cheng and Knorr 1976).
type strang struct {
	parts   []motion
	workers int
	lost    float64
}

// motion moves a law by a time under one part and returns what is absorbed.
type motion interface {
	advance(m []float64, tau float64, workers int) (lost float64)
}

// newStrang returns false if jumps are wider than to face neighbours, or no axis
// streams.
func newStrang(q stencil, workers int) (*strang, bool) {
	axes, ok := along(q)
	if !ok || !slices.ContainsFunc(axes, (*lines).streams) {
		return nil, false
	}
	s := &strang{workers: workers}
	for _, l := range axes { // streams cost least: outside, where there are two of them
		if l.streams() {
			s.parts = append(s.parts, &streaming{l, l.fastest()})
		}
	}
	for _, l := range axes {
		if !l.streams() {
			s.parts = append(s.parts, newDiffusing(l, q.Size()))
		}
	}
	return s, true
}

// step moves m, whose last entry is what is absorbed, by h.
func (s *strang) step(m []float64, h float64) {
	n := len(m) - 1
	last := len(s.parts) - 1
	for _, p := range s.parts[:last] {
		m[n] += p.advance(m[:n], h/2, s.workers)
	}
	m[n] += s.parts[last].advance(m[:n], h, s.workers)
	for _, p := range slices.Backward(s.parts[:last]) {
		m[n] += p.advance(m[:n], h/2, s.workers)
	}
}

// diffusing is motion along an axis with noise.
type diffusing struct {
	*lines
	ready []*lineSolver // the last used first
	rhs   []float64
	k     [sdirkStages][]float64
}

func newDiffusing(l *lines, size int) *diffusing {
	d := &diffusing{lines: l, rhs: make([]float64, size)}
	for i := range d.k {
		d.k[i] = make([]float64, size)
	}
	return d
}

// solver returns the equations of a step; two sizes are kept, as steps come whole
// and by halves.
func (d *diffusing) solver(tau float64, workers int) *lineSolver {
	for i, s := range d.ready {
		if s.tau == tau {
			d.ready[0], d.ready[i] = d.ready[i], d.ready[0]
			return d.ready[0]
		}
	}
	if len(d.ready) < 3 {
		d.ready = append(d.ready, newLineSolver(d.lines, len(d.rhs)))
	}
	last := len(d.ready) - 1
	d.ready[0], d.ready[last] = d.ready[last], d.ready[0]
	d.ready[0].eliminate(tau, workers)
	return d.ready[0]
}

func (d *diffusing) advance(m []float64, tau float64, workers int) (lost float64) {
	solver := d.solver(sdirkDiagonal*tau, workers)
	before := 0.
	if d.loss != nil {
		before = sum(m)
	}
	y := d.rhs
	for i := range d.k {
		copy(y, m)
		for j, k := range d.k[:i] {
			addScaled(y, sdirkWeights[i][j], k)
		}
		copy(d.k[i], y)
		solver.solve(y, workers)
		for c, v := range y {
			d.k[i][c] = (v - d.k[i][c]) / sdirkDiagonal
		}
	}
	copy(m, y)
	if d.loss != nil {
		lost = before - sum(m)
	}
	return lost
}
