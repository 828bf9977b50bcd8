package solvers

import (
	"math"
	"slices"

	"fokker/operators"
)

// rerated is a generator that is the same with other rates along an axis.
type rerated interface {
	operators.Rowed
	WithRates(axis int, down, up []float64) *operators.Block
}

// Limited returns the generator that moves a law along axes without noise by the
// limited flows of streaming instead of upwind ones: as these are between 0 and
// twice what is upwind,
//
//	rate up from i = u_i/m_i (1 + ½ψ(u_i − u_{i−1}, u_{i+1} − u_i)/u_i),
//
// and alike down, is nonnegative. It is for this law alone. Without such axes, or
// without noise on any other, it is q itself.
func Limited(q operators.Generator, m []float64) operators.Generator {
	r, streams := limitable(q)
	if streams == nil {
		return q
	}
	return limitedBy(r, streams, m)
}

// limitable returns the axes that stream beside others with noise, nil without.
func limitable(q operators.Generator) (rerated, []*lines) {
	r, ok := q.(rerated)
	if !ok {
		return nil, nil
	}
	axes := streamed(r)
	streams := slices.DeleteFunc(slices.Clone(axes), func(l *lines) bool { return !l.streams() })
	if len(streams) == len(axes) {
		return nil, nil
	}
	return r, streams
}

func limitedBy(q rerated, streams []*lines, m []float64) rerated {
	for _, l := range streams {
		down, up, work := slices.Clone(l.down), slices.Clone(l.up), newStream(l.cells)
		for line := range l.count() {
			l.limit(down, up, m, l.first(line), work)
		}
		q = q.WithRates(l.axis, down, up)
	}
	return q
}

// limit multiplies the rates of a line by what limited flows are of upwind ones.
func (l *lines) limit(down, up, m []float64, first int, work *stream) {
	for i := range work.up {
		c := first + i*l.stride
		work.up[i], work.down[i] = l.up[c]*m[c], l.down[c]*m[c]
	}
	work.correct(l)
	for i, u := range work.up {
		c := first + i*l.stride
		if u > 0 {
			up[c] *= 1 + work.moreUp[i]/u
		}
		if w := work.down[i]; w > 0 {
			down[c] *= 1 + work.moreDown[i]/w
		}
	}
}

const (
	corrections = 200 // of a law along streams; its error falls to about a half by each
	lazy        = 0.9 // error over that of the correction before, from which on half of each is taken
)

// correct replaces a law by that of limited flows, to second order along axes
// without noise. It is the fixed point of laws of generators, each limited by the
// law before, so that all of them are nonnegative and keep their mass. Where a
// generator has several closed classes the limited ones have the same.
func (t *task) correct(law *Law, q rerated, streams []*lines) error {
	now, last, part := law.all(q.Size()), math.Inf(1), 1.
	for made := range corrections {
		step := *t
		step.q = limitedBy(q, streams, now)
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
		for i, v := range found {
			now[i] += part * (v - now[i])
		}
		t.q, last = step.q, change
		if change <= t.Tolerance*max(1-ratio, 0.1) || change <= float64(len(law.Classes))*linearBest {
			law.Method, law.Iterations = "streams, "+law.Method, made+1
			return nil
		}
	}
	return &NotConverged{"streams", last, corrections}
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
