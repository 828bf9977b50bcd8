package solvers

import (
	"math"
	"slices"
)

// Masses that are less than 2^visible of the heaviest are lost to the range of
// float64 during an elimination: rates between the cells that remain underflow
// before they are multiplied by the heavy mass. But the heavy cells are known by
// then, and the masses m of a set of others follow from what comes into it,
//
//	−Q_TTᵀ m_T = Q_BTᵀ m_B,
//
// the elimination of these cells alone. Its unit is the heaviest mass at the
// border, so that it sees as many orders of magnitude as the first one, but further
// down; and so on, window after window.

// deep is the binary exponent, relative to the heaviest mass of a window, below
// which the next window begins. It leaves a part of the range to the ratios of
// masses of neighbours.
const deep = -700

// high is the binary exponent of the heaviest mass of a window in its own units:
// what underflow may change, down to 2^visible of that, is then no underflow itself.
const high = 60

// tails computes the masses of an even graph below the range of the elimination
// that found law. It reports whether all are right.
func (t *task) tails(g *graph, law []scaled, r *Report) (bool, error) {
	for from := top(law); ; {
		if !slices.ContainsFunc(law, func(m scaled) bool { return m.below(from + visible) }) {
			return true, nil
		}
		var cells []int
		for i, m := range law {
			if m.below(from + deep) {
				cells = append(cells, i)
			}
		}
		m, ok, err := t.window(g, cells, law, r)
		if !ok {
			return false, err
		}
		from = min(top(m), from+deep)
		for i, c := range cells {
			law[c] = m[i]
		}
	}
}

// below reports whether a mass is less than 2^(e−1).
func (m scaled) below(e int) bool { return m.x == 0 || m.e < e }

// window returns the masses of some cells by those of the others, which stand in
// law; ok is false if underflow may have changed some, or memory is short.
func (t *task) window(g *graph, cells []int, law []scaled, r *Report) (out []scaled, ok bool, err error) {
	part := g.restrict(cells, make([]int32, g.size()))
	o := t.order(part, nil)
	if o.bytes()+8*float64(o.side) > roomy {
		return nil, false, nil
	}
	f, err := o.eliminate(t.Context, part, both, t.Workers, nil)
	if err != nil || len(f.stuck) > 0 {
		return nil, false, err
	}
	r.WorkUnits += t.applications(o.flops)
	m, in := make([]float64, len(cells)), make([]float64, len(cells))
	unit := g.inflow(in, cells, law, math.MinInt)
	f.solve(m, in)
	if most := slices.Max(m); most == 0 || math.IsInf(most, 1) {
		return nil, false, nil
	} else if _, e := math.Frexp(most); e != high {
		unit = g.inflow(in, cells, law, unit+e-high)
		f.solve(m, in)
		if !(slices.Max(m) <= math.MaxFloat64) { // more orders of magnitude than one window has
			return nil, false, nil
		}
	}
	lost := 0x1p-1074 * float64(len(cells)) * sum(m) // one underflow per elimination, as in spoiled
	for i := range in {
		in[i] += lost
	}
	f.solve(in, in)
	out = make([]scaled, len(cells))
	for i, upper := range in {
		if upper > math.Ldexp(1, high+visible) && upper > m[i]*(1+0x1p-30) {
			return nil, false, nil
		}
		out[i] = scale(m[i], unit)
	}
	return out, true, nil
}

// inflow writes what comes per unit time into some cells from the others, in units
// of 2^unit, and returns that; by default the heaviest mass that it comes from.
func (g *graph) inflow(in []float64, cells []int, law []scaled, unit int) int {
	place := make([]int, g.size())
	for i, c := range cells {
		place[c] = 1 + i
	}
	border := func(do func(from scaled, to int, rate float64)) {
		for i, m := range law {
			if place[i] > 0 || m.x == 0 {
				continue
			}
			to, rate := g.row(i)
			for e, j := range to {
				if place[j] > 0 && rate[e] > 0 {
					do(m, place[j]-1, rate[e])
				}
			}
		}
	}
	if unit == math.MinInt {
		border(func(m scaled, _ int, _ float64) { unit = max(unit, m.e) })
	}
	clear(in)
	border(func(m scaled, to int, rate float64) { in[to] += math.Ldexp(m.x, m.e-unit) * rate })
	return unit
}
