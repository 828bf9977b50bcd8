package solvers

import (
	"math"
	"slices"

	"fokker/grid"
)

// streaming is transport along an axis without noise, where the rates of a
// generator are upwind ones and spread what they carry as diffusion |b|h/2 would.
// With u_i the flow up out of cell i, which is b p at its centre, the face above it
// is crossed by
//
//	F = (−3u_{i−3} + 25u_{i−2} − 101u_{i−1} + 319u_i + 214u_{i+1} − 38u_{i+2} + 4u_{i+3})/420,
//
// of order 7 in the difference of two faces (Shu 1998), and by as much of the flows
// down, mirrored. Nearer to a wall or to a face that nothing crosses stencils are
// narrower, of two cells for the last face: ½(u_i + u_{i+1}) where flows begin, and where
// they end, as none comes out of the last cell, ½(3u_i − u_{i−1}). What leaves a cell
// enters another, and a function of the state sees
//
//	d/dt Σ m φ = Σ m b Dφ,
//
// D a difference that is exact up to the seventh power: away from walls streams
// move moments as the process does, however narrow the law is. On axes with unequal
// cells they move as fast through cells as makes D exact on x.
//
// This is linear in the law, and hence no method that keeps its sign above first
// order (Godunov 1959): the limiter makes laws nonnegative that are asked for.
type streaming struct {
	*lines
	rate    []float64 // cells passed in a time, upwards
	fastest []float64 // by lines, of rates and losses
	parts   []grid.Range
}

// upwinded are the weights of the flows out of the cells around a face, the one
// that it is above in the middle, for stencils of 1, 3, 5 and 7 cells (Shu 1998).
var upwinded = [...][]float64{
	{1},
	{-1. / 6, 5. / 6, 2. / 6},
	{2. / 60, -13. / 60, 47. / 60, 27. / 60, -3. / 60},
	{-3. / 420, 25. / 420, -101. / 420, 319. / 420, 214. / 420, -38. / 420, 4. / 420},
}

// centred and extrapolating are those where flows begin and end.
var centred, extrapolating = []float64{.5, .5}, []float64{-.5, 1.5}

const (
	halfWidth = 3   // cells of the widest stencil on either side of its middle
	degree    = 8   // of Taylor's series in time
	courant   = 1.6 // cells passed within one series, which is stable up to 2.4
)

// streams reports whether all rates along an axis are upwind, and some are not 0. A ring
// with a face that nothing crosses, and cells much wider than their neighbours, are left
// to these.
func (l *lines) streams() bool {
	some := false
	if l.ring && l.shut || l.rough {
		return false
	}
	for i, up := range l.up {
		if up > 0 && l.down[i] > 0 {
			return false
		}
		some = some || up > 0 || l.down[i] > 0
	}
	return some
}

// roughest is how many times wider than its neighbour a cell may be for streams. Where
// all cells from one on are 16 times as wide as those before, the difference of the
// centres has the other sign (see pace); from 4 times on laws at rest were seen not to
// be found.
const roughest = 3

// Rough reports whether some cells of an axis are too much wider than their neighbours,
// around a ring those of its other end as well, for streams along it.
func Rough(w []float64, ring bool) bool {
	for i, h := range w {
		if i == 0 && !ring {
			continue
		}
		if before := w[(i+len(w)-1)%len(w)]; max(h/before, before/h) > roughest {
			return true
		}
	}
	return false
}

func newStreaming(l *lines, g *grid.Grid) *streaming {
	s := &streaming{lines: l, rate: make([]float64, len(l.up)), fastest: make([]float64, l.count())}
	up, down := l.pace(g)
	for line := range s.fastest {
		first := l.first(line)
		for i := range l.cells {
			c := first + i*l.stride
			s.rate[c] = l.up[c]*up[i] - l.down[c]*down[i]
			out := math.Abs(s.rate[c])
			if l.loss != nil {
				out += l.loss[c]
			}
			s.fastest[line] = max(s.fastest[line], out)
		}
	}
	lo := 0
	for f := 1; f < l.cells; f++ {
		if g.Shut(l.axis, f) {
			s.parts, lo = append(s.parts, grid.Range{Lo: lo, Hi: f}), f
		}
	}
	s.parts = append(s.parts, grid.Range{Lo: lo, Hi: l.cells})
	return s
}

// pace returns by positions along the axis how much faster streams pass cells than
// upwind rates do: by the distance to the neighbour over the difference that streams
// make of the centres, near walls half of that between the neighbours. On equal cells
// both are 1.
func (l *lines) pace(g *grid.Grid) (up, down []float64) {
	n, weights := l.cells, upwinded[halfWidth]
	up, down = slices.Repeat([]float64{1}, n), slices.Repeat([]float64{1}, n)
	above := func(i int) float64 {
		_, gap := g.Distances(l.axis, (i%n+n)%n)
		return gap
	}
	for i := range n {
		below, rise, fall := above(i-1), 0., 0.
		switch {
		case l.ring || i > halfWidth && i < n-1-halfWidth:
			for k, w := range weights {
				rise += w * above(i+halfWidth-k)
				fall += w * above(i-1-halfWidth+k)
			}
		case i > 0 && i < n-1:
			rise = (below + above(i)) / 2
			fall = rise
		default:
			continue
		}
		up[i], down[i] = above(i)/rise, below/fall
	}
	return up, down
}

// advance moves the law by a time and returns what is absorbed.
func (s *streaming) advance(m []float64, tau float64, workers int) (lost, work float64) {
	count := s.count()
	gone, done := make([]float64, count), make([]float64, count)
	grid.Range{Hi: count}.Each(workers, func(r grid.Range) {
		w := newStream(s.cells)
		for line := r.Lo; line < r.Hi; line++ {
			if s.fastest[line] == 0 {
				continue
			}
			steps := math.Ceil(tau * s.fastest[line] / courant)
			gone[line] = s.line(w, m, s.first(line), tau/steps, int(steps))
			done[line] = degree * steps
		}
	})
	return sum(gone), sum(done) / float64(count)
}

// count returns the number of lines.
func (l *lines) count() int { return len(l.up) / l.cells }

// first returns the first cell of a line.
func (l *lines) first(line int) int {
	return line/l.stride*l.stride*l.cells + line%l.stride
}

// stream is the scratch of a line: its masses, a term of their series, rates up and
// down, what cells lose, flows out of them with a margin of others before and behind, and flows
// through faces, that below the first cell first.
type stream struct{ m, term, rise, fall, gone, out, through []float64 }

// margin is how far stencils reach beyond the cells of a ring.
const margin = halfWidth + 1

func newStream(cells int) *stream {
	zeros := func(n int) []float64 { return make([]float64, n) }
	return &stream{zeros(cells), zeros(cells), zeros(cells), zeros(cells), zeros(cells), zeros(cells + 2*margin), zeros(cells + 1)}
}

// line sums the series exp(hA)m = Σ (hA)ᵏm/k! of one line for every step.
func (s *streaming) line(w *stream, m []float64, first int, h float64, steps int) (lost float64) {
	for i := range w.m {
		w.m[i] = m[first+i*s.stride]
	}
	rises, falls := s.split(w, first)
	for range steps {
		copy(w.term, w.m)
		for k := 1; k <= degree; k++ {
			tau := h / float64(k)
			clear(w.through)
			if rises {
				s.carry(w, w.rise, tau, upwards)
			}
			if falls {
				s.carry(w, w.fall, tau, downwards)
			}
			lost += s.lose(w, first, tau)
			for i := range w.term {
				v := w.through[i] - w.through[i+1] - w.gone[i]
				w.term[i] = v
				w.m[i] += v
			}
		}
	}
	for i, v := range w.m {
		m[first+i*s.stride] = v
	}
	return lost
}

// split divides the rates of a line into those that rise and those that fall, and
// reports whether there are any. Where the drift changes its sign their flows are not
// smooth: both are half of the rate and of the fastest there (Shu 1998).
func (s *streaming) split(w *stream, first int) (rises, falls bool) {
	fastest := 0.
	for i := range w.rise {
		r := s.rate[first+i*s.stride]
		w.rise[i], w.fall[i] = max(r, 0), min(r, 0)
		rises, falls, fastest = rises || r > 0, falls || r < 0, max(fastest, math.Abs(r))
	}
	if rises && falls {
		for i := range w.rise {
			r := s.rate[first+i*s.stride]
			w.rise[i], w.fall[i] = (r+fastest)/2, (r-fastest)/2
		}
	}
	return rises, falls
}

// carry adds the flows of a time by rates that rise, or that fall.
func (s *streaming) carry(w *stream, rate []float64, tau float64, to heads) {
	for i, r := range rate {
		w.out[margin+i] = tau * r * w.term[i]
	}
	s.cross(w, to)
}

// heads is how flows cross a face: out of the cell below it or the one above, and in
// which direction stencils are read.
type heads struct {
	from, step int
	widest     []float64 // weights, those of lower cells first
}

var (
	upwards   = heads{0, 1, upwinded[halfWidth]}
	downwards = heads{1, -1, mirrored(upwinded[halfWidth])}
)

func mirrored(x []float64) []float64 {
	x = slices.Clone(x)
	slices.Reverse(x)
	return x
}

// cross adds what flows out of cells through the faces above them, downwards flows
// being negative.
func (s *streaming) cross(w *stream, to heads) {
	n, u := s.cells, w.out
	if s.ring {
		for k := range margin {
			u[k], u[margin+n+k] = u[margin+((k-margin)%n+n)%n], u[margin+k%n]
		}
		convolve(w.through[1:], u[margin-halfWidth+to.from:], to.widest)
		w.through[0] = w.through[n]
		return
	}
	for _, p := range s.parts {
		for i := p.Lo; i < p.Hi-1; i++ { // the face between cells i and i + 1
			half := min(i-p.Lo, p.Hi-2-i)
			if half >= halfWidth {
				next := p.Hi - 1 - halfWidth
				convolve(w.through[i+1:next+1], u[margin+i-halfWidth+to.from:], to.widest)
				i = next - 1
				continue
			}
			weights, first := upwinded[half], -half
			if half == 0 {
				weights, first = to.last(i, p)
			}
			for k, weight := range weights {
				w.through[i+1] += weight * u[margin+i+to.from+to.step*(first+k)]
			}
		}
	}
}

// last returns the weights for the first or the last face of a part, and where they
// begin, in the direction of the flow.
func (to heads) last(face int, p grid.Range) (weights []float64, first int) {
	begins := face == p.Lo
	if to.step < 0 {
		begins = face == p.Hi-2
	}
	switch {
	case p.Len() == 2:
		return upwinded[0], 0
	case begins:
		return centred, 0
	}
	return extrapolating, -1
}

// convolve adds Σ weightₖ u_{i+k} to every entry i of dst.
func convolve(dst, u, weight []float64) {
	w := (*[2*halfWidth + 1]float64)(weight)
	w0, w1, w2, w3, w4, w5, w6 := w[0], w[1], w[2], w[3], w[4], w[5], w[6]
	n := len(dst)
	u0, u1, u2, u3, u4, u5, u6 := u[:n], u[1:][:n], u[2:][:n], u[3:][:n], u[4:][:n], u[5:][:n], u[6:][:n]
	for i := range dst {
		dst[i] += w0*u0[i] + w1*u1[i] + w2*u2[i] + w3*u3[i] + w4*u4[i] + w5*u5[i] + w6*u6[i]
	}
}

// lose writes what the cells of the term lose in a time and returns their sum.
func (s *streaming) lose(w *stream, first int, tau float64) (lost float64) {
	if s.loss == nil {
		return 0
	}
	for i, v := range w.term {
		w.gone[i] = tau * s.loss[first+i*s.stride] * v
		lost += w.gone[i]
	}
	return lost
}
