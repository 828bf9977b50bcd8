package solvers

import (
	"context"
	"slices"

	"fokker/operators"
)

// strang makes steps of dm/dt = Σₖ Aₖ(m), a part for each axis, by
//
//	A₁(h/2) A₂(h/2) … Aₙ(h) … A₂(h/2) A₁(h/2)
//
// (Strang 1968), of order 2. Axes without noise are streams; the others are solved
// along their lines by SDIRK4. It serves processes whose
// noise leaves an axis out, as that of a particle with a position and a velocity
// (Cheng and Knorr 1976).
//
// Backwards it is its own inverse, so that errors have even powers of h, and a step
// by 1, 2 and 3 of these is extrapolated to order 6 (Richardson 1911).
type strang struct {
	*state
	parts   []motion
	workers int
	gap     []float64 // the law of order 6 less that of order 4
	second  []float64 // the law of order 4 less that of order 2
	found   float64   // error of the last step
	done    float64
}

// motion moves a law by a time under one part and returns what is absorbed, and
// the work in passes over all cells along its axis.
type motion interface {
	advance(m []float64, tau float64, workers int) (lost, work float64)
}

// streamed returns the parts of a generator one of which streams, nil if none does.
func streamed(q operators.Rowed) []*lines {
	near, ok := q.(stencil)
	if !ok || changes(q) {
		return nil
	}
	axes, ok := along(near)
	if !ok || !slices.ContainsFunc(axes, (*lines).streams) {
		return nil
	}
	return axes
}

// newStrang returns nil if rates depend on time, jumps are wider than to face
// neighbours, or no axis streams.
func newStrang(st *state, q operators.Rowed, workers int) *strang {
	axes := streamed(q)
	if axes == nil {
		return nil
	}
	g := q.(stencil).Mesh()
	s := &strang{state: st, workers: workers, gap: make([]float64, len(st.m)), second: make([]float64, len(st.m))}
	for _, l := range axes { // streams cost least: outside, where there are two of them
		if l.streams() {
			s.parts = append(s.parts, newStreaming(l, g))
		}
	}
	for _, l := range axes {
		if !l.streams() {
			s.parts = append(s.parts, newDiffusing(l, q.Size()))
		}
	}
	return s
}

func (s *strang) name() string { return Strang }

func (s *strang) safety() float64 { return 0.9 }

func (s *strang) bold() float64 { return 1 }

func (s *strang) worthwhile() float64 { return slight }

func (s *strang) effort() float64 { return 1 }

func (s *strang) work() float64 { return s.done }

// between is not asked for: steps end at the times of laws.
func (s *strang) between([]float64, float64) { panic("solvers: no law within a step of streams") }

// motion is that of the law through the step, and what the step may hide of it: that of
// the process, h‖∂m/∂t‖₁, which never increases, is no more.
func (s *strang) motion(float64) float64 { return apart(s.m, s.next) + s.found }

// step judges by the L1 distances of the laws extrapolated to orders 6, 4 and 2, by the
// rows of adi with half their substeps.
func (s *strang) step(ctx context.Context, t try) (found float64, err error) {
	clear(s.next)
	clear(s.gap)
	clear(s.second)
	for _, r := range rows {
		n := r.substeps / 2
		copy(s.rhs, s.m)
		for range n {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			s.move(s.rhs, t.h/float64(n))
		}
		addScaled(s.next, r.weight, s.rhs)
		addScaled(s.gap, r.gap, s.rhs)
		addScaled(s.second, r.second, s.rhs)
	}
	s.found = sixth(l1(s.gap), l1(s.second))
	return s.found, nil
}

// move moves m, whose last entry is what is absorbed, by h.
func (s *strang) move(m []float64, h float64) {
	last := len(s.parts) - 1
	for _, p := range s.parts[:last] {
		s.along(p, m, h/2)
	}
	s.along(s.parts[last], m, h)
	for _, p := range slices.Backward(s.parts[:last]) {
		s.along(p, m, h/2)
	}
}

func (s *strang) along(p motion, m []float64, tau float64) {
	n := len(m) - 1
	lost, work := p.advance(m[:n], tau, s.workers)
	m[n] += lost
	s.done += work / float64(len(s.parts))
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

// solver returns the equations of a step; three sizes are kept, as steps come whole
// and by halves.
func (d *diffusing) solver(tau float64, workers int) *lineSolver {
	for i, s := range d.ready {
		if s.tau == tau {
			d.ready[0], d.ready[i] = d.ready[i], d.ready[0]
			return d.ready[0]
		}
	}
	if len(d.ready) < len(rows) {
		d.ready = append(d.ready, newLineSolver(d.lines, len(d.rhs)))
	}
	last := len(d.ready) - 1
	d.ready[0], d.ready[last] = d.ready[last], d.ready[0]
	d.ready[0].eliminate(tau, workers)
	return d.ready[0]
}

func (d *diffusing) advance(m []float64, tau float64, workers int) (lost, work float64) {
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
	return lost, sdirkStages
}
