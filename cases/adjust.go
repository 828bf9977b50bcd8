package cases

import (
	"math"
	"slices"
)

// widen moves out the open walls that carry more than few cells showed, and are what a
// figure lacks most. Their axes are not narrowed any more.
func (s *reaching) widen(axes []AxisSpec, list []measure) {
	if s.run.outrun {
		return // the cells, not the process, spread the law that far
	}
	for k, a := range s.from.Problem.Axes {
		width := s.axes[k].Hi - s.axes[k].Lo
		for end := range 2 {
			carries := func(m measure) bool { return m.box > m.mesh && m.wall.axis == k && m.wall.end() == end }
			if !a.open(end) || !slices.ContainsFunc(list, carries) {
				continue
			}
			s.widened[k] = true
			axes[k].moveOut(end, width/8)
		}
		if s.widened[k] {
			axes[k].roundOut(a)
		}
	}
}

// narrow takes off what a law on fewer cells, which spread it, seemed to need.
func (s *reaching) narrow(axes []AxisSpec) {
	if s.narrowed = false; s.graded {
		return // graded cells belong to their box
	}
	laws := magnitudes(s.run.laws())
	if s.run.initial != nil {
		laws = append(laws, s.run.initial) // a point as well
	}
	if l := s.run.seen.learner; l != nil {
		laws = append(laws, l.law.Mass)
	}
	for k, a := range s.from.Problem.Axes {
		lo, hi, much := s.run.needs(k, laws, s.from.Problem.Accuracy/100)
		if !much || s.widened[k] || !a.open(0) && !a.open(1) {
			continue
		}
		edges := s.run.grid.Axis(k).Edges
		from, to := s.wellsWithin(k, edges[lo], edges[hi])
		if to-from > math.Pow(settled, 1/float64(len(axes)))*(axes[k].Hi-axes[k].Lo) {
			continue
		}
		s.misses, s.narrowed = nil, true // errors were those of another box
		axes[k].close(a, from, to)
		axes[k].roundOut(a)
	}
}

// magnitudes are masses without their signs: those below 0 of a high order need as much room
// as others.
func magnitudes(laws [][]float64) (out [][]float64) {
	for _, m := range laws {
		size := make([]float64, len(m))
		for i, v := range m {
			size[i] = math.Abs(v)
		}
		out = append(out, size)
	}
	return out
}

// moveOut moves an end away from the other.
func (a *AxisSpec) moveOut(end int, by float64) {
	if end == 0 {
		a.Lo -= by
	} else {
		a.Hi += by
	}
}

// close sets the ends that were left open.
func (a *AxisSpec) close(asked AxisSpec, lo, hi float64) {
	if asked.open(0) {
		a.Lo = lo
	}
	if asked.open(1) {
		a.Hi = hi
	}
}

// roundOut gives the ends that were left open few digits, in a range that is no narrower.
func (a *AxisSpec) roundOut(asked AxisSpec) {
	step := roundStep((a.Hi - a.Lo) / 40)
	a.close(asked, decimal(math.Floor(a.Lo/step)*step), decimal(math.Ceil(a.Hi/step)*step))
}

// needs returns the cells [lo, hi) of an axis that laws need but for a part, with one
// more on either side, and whether that leaves out many.
func (r *run) needs(k int, laws [][]float64, part float64) (lo, hi int, much bool) {
	n := r.grid.Cells(k)
	lo, hi = n, 0
	for _, m := range laws {
		from, to := needed(r.grid.Centers(k), r.figures.along(k, m), part)
		lo, hi = min(lo, from), max(hi, to)
	}
	lo, hi = max(0, lo-1), min(n, hi+1)
	return lo, hi, r.fewer(lo, hi, n)
}
