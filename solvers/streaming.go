package solvers

import (
	"math"

	"fokker/grid"
)

// streaming is transport along an axis without noise, where the rates of a
// generator are upwind ones and spread what they carry as diffusion |b|h/2 would.
// With u_i the flow up out of cell i and w_i that down, a face between i and i+1 is
// crossed by the limited flow of second order
//
//	F = u_i + ½ψ(u_i − u_{i−1}, u_{i+1} − u_i) − w_{i+1} − ½ψ(w_{i+1} − w_{i+2}, w_i − w_{i+1}),
//	ψ(a, b) = 2ab/(a + b) if ab > 0, else 0
//
// (van Leer 1974). As ψ ≤ 2a, no more than twice the upwind flow leaves a cell:
// steps of at most ½/rate keep masses nonnegative, and what one cell loses
// another gains. Upwind flows move the mean of a line exactly, and so would the
// mean of a and b in the place of ψ, whose sum along a line is that of its ends. On
// the side of a hump where limiters take less from it than on the other, ψ is
// reduced until its sum is that. Where lines lose mass no mean is kept, and the flow
// out of their last cells, of first order, says nothing of that sum: ψ is left as it
// is. Flows depend on the law, so this is no generator.
type streaming struct {
	*lines
	fastest float64
}

// streams reports whether all rates along an axis are upwind, and some are not 0.
func (l *lines) streams() bool {
	some := false
	for i, up := range l.up {
		if up > 0 && l.down[i] > 0 {
			return false
		}
		some = some || up > 0 || l.down[i] > 0
	}
	return some
}

// advance moves the law by a time, in steps of the third order that are convex
// combinations of Euler steps (Shu and Osher 1988), and returns what is absorbed.
func (s *streaming) advance(m []float64, tau float64, workers int) (lost, work float64) {
	steps := math.Ceil(2 * tau * s.fastest)
	h := tau / steps
	count := s.count()
	parts := make([]float64, count)
	grid.Range{Hi: count}.Each(workers, func(r grid.Range) {
		work := newStream(s.cells)
		for line := r.Lo; line < r.Hi; line++ {
			parts[line] = s.line(work, m, s.first(line), h, int(steps))
		}
	})
	return sum(parts), 3 * steps
}

// count returns the number of lines.
func (l *lines) count() int { return len(l.up) / l.cells }

// first returns the first cell of a line.
func (l *lines) first(line int) int {
	return line/l.stride*l.stride*l.cells + line%l.stride
}

// stream is the scratch of a line: the mass, two stages, flows up and down out of
// cells, what limited flows are more than these, and flows through the faces above
// cells.
type stream struct{ m, a, b, up, down, moreUp, moreDown, through []float64 }

func newStream(cells int) *stream {
	v := make([]float64, 8*cells)
	cut := func(k int) []float64 { return v[k*cells : (k+1)*cells : (k+1)*cells] }
	return &stream{cut(0), cut(1), cut(2), cut(3), cut(4), cut(5), cut(6), cut(7)}
}

func (s *streaming) line(w *stream, m []float64, first int, h float64, steps int) (lost float64) {
	for i := range w.m {
		w.m[i] = m[first+i*s.stride]
	}
	for range steps {
		out0 := s.euler(w, w.a, w.m, first, h)
		out1 := s.euler(w, w.b, w.a, first, h)
		for i, v := range w.m {
			w.a[i] = .75*v + .25*w.b[i]
		}
		out2 := s.euler(w, w.b, w.a, first, h)
		for i, v := range w.m {
			w.m[i] = v/3 + 2./3*w.b[i]
		}
		lost += out0/6 + out1/6 + 2./3*out2
	}
	for i, v := range w.m {
		m[first+i*s.stride] = v
	}
	return lost
}

// euler writes the law a step h later and returns what is absorbed.
func (s *streaming) euler(w *stream, dst, m []float64, first int, h float64) (lost float64) {
	n := s.cells
	for i, v := range m {
		c := first + i*s.stride
		w.up[i], w.down[i] = h*s.up[c]*v, h*s.down[c]*v
	}
	s.faces(w, n)
	for i, v := range m {
		below := n - 1
		if i > 0 {
			below = i - 1
		}
		dst[i] = v + w.through[below] - w.through[i]
	}
	if s.loss == nil {
		return 0
	}
	for i, v := range m {
		gone := h * s.loss[first+i*s.stride] * v
		dst[i] -= gone
		lost += gone
	}
	return lost
}

// faces computes the flows through the faces above the cells. Where a line ends,
// flows from its end cell are upwind, and nothing passes the wall: what is absorbed
// there counts as loss.
func (s *streaming) faces(w *stream, n int) {
	w.correct(s.lines)
	up, down, moreUp, moreDown, through := w.up[:n], w.down[:n], w.moreUp[:n], w.moreDown[:n], w.through[:n]
	for i := range n - 1 {
		through[i] = up[i] + moreUp[i] - down[i+1] - moreDown[i+1]
	}
	through[n-1] = 0
	if s.ring {
		through[n-1] = up[n-1] + moreUp[n-1] - down[0] - moreDown[0]
	}
}

// correct computes what limited flows are more than up and down.
func (w *stream) correct(l *lines) {
	n := len(w.up)
	up, down, moreUp, moreDown := w.up[:n], w.down[:n], w.moreUp[:n], w.moreDown[:n]
	moreUp[0], moreUp[n-1], moreDown[0], moreDown[n-1] = 0, 0, 0, 0
	for i := 1; i < n-1; i++ {
		moreUp[i], moreDown[i] = more(up[i-1], up[i], up[i+1]), more(down[i+1], down[i], down[i-1])
	}
	if l.ring {
		moreUp[0], moreUp[n-1] = more(up[n-1], up[0], up[1]), more(up[n-2], up[n-1], up[0])
		moreDown[0], moreDown[n-1] = more(down[1], down[0], down[n-1]), more(down[0], down[n-1], down[n-2])
	}
	switch {
	case l.loss != nil:
	case l.ring:
		balance(moreUp, 0)
		balance(moreDown, 0)
	default:
		balance(moreUp, (up[n-1]+up[n-2]-up[1]-up[0])/4)
		balance(moreDown, (down[0]+down[1]-down[n-2]-down[n-1])/4)
	}
}

// more returns what the limited flow at the face ahead of a cell is more than its
// own, from the flows of the cell behind, itself and the cell ahead.
func more(behind, own, ahead float64) float64 {
	a, b := own-behind, ahead-own
	if a*b <= 0 {
		return 0
	}
	return a * b / (a + b)
}

// balance reduces what is positive or what is negative of x for the sum to be as
// given, or as near as that allows.
func balance(x []float64, sum float64) {
	rise, fall := 0., 0.
	for _, v := range x {
		rise, fall = rise+max(v, 0), fall+min(v, 0)
	}
	high, low := 1., 1.
	if excess := rise + fall - sum; excess > 0 {
		high = max(0, 1-excess/rise)
	} else if excess < 0 && fall < 0 { // nothing that falls is as near as that allows
		low = max(0, 1-excess/fall)
	}
	for i, v := range x {
		if v > 0 {
			x[i] = v * high
		} else {
			x[i] = v * low
		}
	}
}
