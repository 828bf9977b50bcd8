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
// another gains. Flows depend on the law, so this is no generator.
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
// cells, and flows through the faces above them.
type stream struct{ m, a, b, up, down, through []float64 }

func newStream(cells int) *stream {
	v := make([]float64, 6*cells)
	cut := func(k int) []float64 { return v[k*cells : (k+1)*cells : (k+1)*cells] }
	return &stream{cut(0), cut(1), cut(2), cut(3), cut(4), cut(5)}
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
	up, down, through := w.up[:n], w.down[:n], w.through[:n]
	if s.ring {
		for i := range through {
			below, above, second := (i+n-1)%n, (i+1)%n, (i+2)%n
			through[i] = limited(up[below], up[i], up[above]) - limited(down[second], down[above], down[i])
		}
		return
	}
	through[n-1] = 0
	for i := range n - 1 {
		u, d := up[i], down[i+1]
		if i > 0 {
			u = limited(up[i-1], u, up[i+1])
		}
		if i+2 < n {
			d = limited(down[i+2], d, down[i])
		}
		through[i] = u - d
	}
}

// limited returns the flow at the face ahead of a cell, from those of the cell
// behind, itself and the cell ahead.
func limited(behind, own, ahead float64) float64 {
	a, b := own-behind, ahead-own
	if a*b <= 0 {
		return own
	}
	return own + a*b/(a+b)
}
