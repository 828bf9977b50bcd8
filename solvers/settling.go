package solvers

import (
	"math"
	"slices"
)

// law returns the masses of which Qᵀ is zero, with the pivot seed as unit and
// every rate larger by floor.
func (f *factor) law(seed int, floor float64) []scaled {
	if f.line {
		return f.chain.law()
	}
	w := f.widest()
	s := settling{f, seed, floor, make([]scaled, len(f.cell)), make([]float64, w), make([]float64, w)}
	for t := len(f.fronts) - 1; t >= 0; t-- {
		s.front(&f.fronts[t])
	}
	out := make([]scaled, len(s.mass))
	for i, c := range f.cell {
		out[c] = s.mass[i]
	}
	return out
}

// settling is the computation of a law, from the last pivot to the first.
type settling struct {
	*factor
	seed    int
	floor   float64
	mass    []scaled // by elimination number
	x, flow []float64
}

// unit returns the binary exponent of the largest mass around a front; ok is
// false where there is none and the seed is not within.
func (s *settling) unit(t *front) (unit int, ok bool) {
	ok = s.seed >= t.lo && s.seed < t.hi
	for _, j := range t.border {
		if m := s.mass[j]; m.x != 0 && (!ok || m.e > unit) {
			unit, ok = m.e, true
		}
	}
	return unit, ok
}

// front computes x_k = Σ_j x_j r_jk / s_k for the pivots of a front.
func (s *settling) front(t *front) {
	unit, ok := s.unit(t)
	if !ok {
		return
	}
	p := t.pivots()
	x, flow := s.x[:p], s.flow[:p]
	total := s.around(t, flow, unit)
	for k := p - 1; k >= 0; k-- {
		row := s.low[t.low+k*p:][:k+1]
		switch in := flow[k] + s.floor*total; {
		case s.seed == t.lo+k:
			x[k] = math.Ldexp(1, -unit)
		case in == 0: // above the seed
			x[k] = 0
		default:
			x[k] = in / row[k]
		}
		if x[k] > 0x1p300 { // far from overflow with any rate
			unit += 300
			total *= 0x1p-300
			rescale(x[k:], 0x1p-300)
			rescale(flow[:k], 0x1p-300)
		}
		total += x[k]
		axpy(flow[:k], x[k], row)
	}
	for k := range x {
		s.mass[t.lo+k] = scale(x[k], unit)
	}
}

// around returns the mass around a front and writes how it flows into the pivots.
func (s *settling) around(t *front, flow []float64, unit int) (total float64) {
	clear(flow)
	p := len(flow)
	for i, j := range t.border {
		m := math.Ldexp(s.mass[j].x, s.mass[j].e-unit)
		total += m
		axpy(flow, m, s.low[t.low+(p+i)*p:][:p])
	}
	return total
}

func rescale(x []float64, by float64) {
	for i := range x {
		x[i] *= by
	}
}

// visible is the binary exponent, relative to the largest mass, down to which
// masses are promised to have their digits.
const visible = -1000

// spoiled reports whether underflow may have changed a visible mass: a well
// behind a barrier that no float64 crosses has a mass all the same.
func (f *factor) spoiled(law []scaled) bool {
	if f.line {
		return false
	}
	t := top(law)
	if !slices.ContainsFunc(law, func(s scaled) bool { return s.e < t+visible || s.x == 0 }) {
		return false
	}
	upper := f.law(len(law)-1, 0x1p-1074*float64(len(law))) // one underflow per elimination
	for i, u := range upper {
		// the floor counts every rate at once, so it may show where it does no harm
		if u.e > t+visible && u.x > law[i].x*math.Ldexp(1+0x1p-30, law[i].e-u.e) {
			return true
		}
	}
	return false
}
