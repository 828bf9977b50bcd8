package solvers

import (
	"math"
	"slices"

	"fokker/grid"
	"fokker/operators"
)

// rerated is a generator that is the same with other rates along an axis.
type rerated interface {
	operators.Rowed
	Mesh() *grid.Grid
	WithRates(axis int, down, up []float64) *operators.Block
}

// Limited returns the generator that moves a law along axes without noise by the flows
// of streaming instead of upwind ones: the rate up from a cell is what flows through
// the face above it over the mass of the cell, and alike down, as far as that is
// between a tenth of the upwind rate and twice it. It is for this law alone. Without
// such axes, or without noise on any other, it is q itself.
func Limited(q operators.Generator, m []float64) operators.Generator {
	r, streams := limitable(q)
	if streams == nil {
		return q
	}
	return limitedBy(r, streams, m)
}

// limitable returns the axes that stream beside others with noise, nil without.
func limitable(q operators.Generator) (r rerated, streams []*streaming) {
	r, ok := q.(rerated)
	if !ok {
		return nil, nil
	}
	axes, noisy := streamed(r), false
	for _, l := range axes {
		if l.streams() {
			streams = append(streams, newStreaming(l, r.Mesh()))
		} else {
			noisy = true
		}
	}
	if !noisy {
		return nil, nil
	}
	return r, streams
}

func limitedBy(q rerated, streams []*streaming, m []float64) rerated {
	for _, l := range streams {
		down, up, work := slices.Clone(l.down), slices.Clone(l.up), newStream(l.cells)
		for line := range l.fastest {
			l.limit(down, up, m, l.first(line), work)
		}
		q = q.WithRates(l.axis, down, up)
	}
	return q
}

// slowest and fastest are the bounds of limited rates over upwind ones. With rates of 0
// cells would become closed classes that are none of the process, and traps of its law.
const slowest, fastest = 0.1, 2

// limit replaces the rates of a line by what flows of streaming are of the masses they
// come from, within bounds.
func (s *streaming) limit(down, up, m []float64, first int, w *stream) {
	limited := func(rate []float64, c int, flow float64) {
		if m[c] > 0 {
			rate[c] = max(slowest*rate[c], min(flow/m[c], fastest*rate[c]))
		}
	}
	for i := range w.term {
		c := first + i*s.stride
		w.term[i], w.rise[i], w.fall[i] = m[c], max(s.rate[c], 0), min(s.rate[c], 0)
	}
	clear(w.through)
	s.carry(w, w.rise, 1, upwards)
	for i := range s.cells {
		limited(up, first+i*s.stride, w.through[i+1])
	}
	clear(w.through)
	s.carry(w, w.fall, 1, downwards)
	for i := range s.cells {
		limited(down, first+i*s.stride, -w.through[i])
	}
}

// Streams begins the name of a method by which a law is that of limited flows.
const Streams = "streams"

const (
	corrections = 200 // of a law along streams; its error falls to about a half by each
	lazy        = 0.9 // error over that of the correction before, from which on half of each is taken
	enough      = 50  // corrections without a fall to half, after which there are no more
)

// correct replaces a law by that of limited flows along axes without noise. It is the
// fixed point of laws of generators, each limited by the law before, so that all of them
// are nonnegative and keep their mass. Where a generator has several closed classes the
// limited ones have the same. Where no fixed point is found, as on cells much wider than
// the law, that of upwind rates remains.
func (t *task) correct(law *Law, q rerated, streams []*streaming) error {
	now, first, last, part, done := law.all(q.Size()), 0., math.Inf(1), 1., 0.
	upwind, rates, low, since := *law, t.q, math.Inf(1), 0
	for made := 0; made < corrections && since < enough; made++ {
		step := *t
		step.q = limitedBy(q, streams, now)
		step.Progress = func(float64) {} // each is a small part
		step.copied, step.beside = nil, newBeside(step.q)
		if step.beside == nil {
			if _, err := step.graph(); err != nil {
				return err
			}
		}
		next := &Law{Report: Report{WorkUnits: law.WorkUnits}}
		if err := step.classes(next); err != nil {
			return err
		}
		*law = *next
		found := law.all(q.Size())
		change := apart(found, now)
		ratio := change / last
		if ratio > lazy {
			part = 0.5
		}
		if first == 0 {
			first = change
		}
		done = max(done, min(1, math.Log(change/first)/math.Log(t.Tolerance/first)))
		t.Progress(done)
		for i, v := range found {
			now[i] += part * (v - now[i])
		}
		t.q, last = step.q, change
		if change <= t.Tolerance*(1-ratio) || change <= float64(len(law.Classes))*linearBest {
			law.Method, law.Iterations = Streams+", "+law.Method, made+1
			return nil
		}
		if since++; change < low/2 {
			low, since = change, 0
		}
	}
	upwind.WorkUnits = law.WorkUnits
	*law, t.q = upwind, rates
	return nil
}

// all returns the laws of all classes.
func (l *Law) all(size int) []float64 {
	m := make([]float64, size)
	for _, c := range l.Classes {
		for x, i := range c.Cells {
			m[i] = c.Mass[x]
		}
	}
	return m
}
