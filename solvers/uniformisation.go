package solvers

import (
	"fmt"
	"slices"
	"time"

	"fokker/operators"
)

// jumps is the chain of a generator at the ticks of a Poisson process of rate
// Λ = max |Qᵢᵢ| (Jensen 1953; Grassmann 1977):
//
//	exp(tQᵀ) m = Σ_k e^{−Λt} (Λt)^k/k! Pᵏm,   P = I + Qᵀ/Λ.
//
// All terms are nonnegative: the sum is exact to rounding, entry by entry, but
// has some Λt terms. The last cell holds what is absorbed.
type jumps struct {
	*graph         // Qᵀ off the diagonal by rows
	rate   float64 // Λ
	stay   []float64
	lost   []float64 // absorption/Λ, nil without any
}

// few is how many ticks are no dearer than some steps of any other method.
const few = 64

// calm reports whether a law makes few jumps at times asked for, and nothing but
// jumps.
func calm(q operators.Rowed, times []float64) bool {
	return !changes(q) && fastestExit(q)*times[len(times)-1] <= few && streamed(q) == nil
}

// fastestExit returns the largest total rate out of a cell.
func fastestExit(q operators.Rowed) (fastest float64) {
	if known, ok := q.(interface{ Exit() []float64 }); ok {
		return slices.Max(known.Exit())
	}
	loss := q.Absorption()
	for i := range q.Size() {
		_, rate := q.Row(i)
		out := sum(rate)
		if loss != nil {
			out += loss[i]
		}
		fastest = max(fastest, out)
	}
	return fastest
}

func newJumps(q operators.Rowed) (*jumps, error) {
	g, err := read(q)
	if err != nil {
		return nil, err
	}
	j := &jumps{rate: fastestExit(q), stay: make([]float64, g.size())}
	for i := range j.stay {
		_, rate := g.row(i)
		out := sum(rate) + g.loss[i]
		j.stay[i] = max(0, j.rate-out)
	}
	if anyPositive(g.loss) {
		j.lost = g.loss
	}
	j.graph = g.transpose()
	return j, nil
}

// tick writes P x.
func (j *jumps) tick(dst, x []float64) {
	n := len(j.stay)
	for i := range n {
		in := j.stay[i] * x[i]
		for e := j.start[i]; e < j.start[i+1]; e++ {
			in += j.graph.rate[e] * x[j.to[e]]
		}
		dst[i] = in / j.rate
	}
	dst[n] = x[n]
	if j.lost != nil {
		dst[n] += dot(j.lost, x[:n]) / j.rate
	}
}

// poisson returns the weights e^{−μ} μᵏ/k! for k from first on that are more
// than rounding, computed from the largest outwards and divided by their sum (Fox and
// Glynn 1988).
func poisson(mu float64) (first int, weight []float64) {
	mode := int(mu)
	var below []float64
	for k, w := mode, 1.0; k > 0; k-- {
		if w *= float64(k) / mu; w < negligible {
			break
		}
		below = append(below, w)
	}
	first = mode - len(below)
	for i := range below {
		weight = append(weight, below[len(below)-1-i])
	}
	for k, w := mode, 1.0; w >= negligible; {
		weight = append(weight, w)
		k++
		w *= mu / float64(k)
	}
	total := sum(weight)
	for i := range weight {
		weight[i] /= total
	}
	return first, weight
}

// negligible is a weight relative to the largest beyond which all together are
// less than rounding.
const negligible = roundoff / 1024

// uniformise evolves a law from one time asked for to the next.
func uniformise(q operators.Rowed, m0, times []float64, set Settings) (*Evolution, error) {
	began := time.Now()
	if changes(q) {
		return nil, unsuited(byJumps)
	}
	j, err := newJumps(q)
	if err != nil {
		return nil, err
	}
	out := &Evolution{Report: Report{Method: byJumps}, Times: times}
	s := newState(m0)
	now, end := 0.0, times[len(times)-1]
	for _, t := range times {
		if err := j.evolve(s, t-now, set, out); err != nil {
			return nil, err
		}
		now = t
		n := len(m0)
		out.Masses = append(out.Masses, append([]float64(nil), s.m[:n]...))
		out.Lost = append(out.Lost, s.m[n])
		if set.Progress != nil {
			set.Progress(now / max(end, shortest))
		}
	}
	out.Elapsed = time.Since(began)
	return out, nil
}

// mostTicks bounds the work: beyond it any other method is better.
const mostTicks = 1e9

// evolve replaces the law of a state by that a time t later.
func (j *jumps) evolve(s *state, t float64, set Settings, out *Evolution) error {
	mu := j.rate * t
	if mu == 0 {
		return nil
	}
	if !(mu < mostTicks) {
		return fmt.Errorf("solvers: evolve: %s needs %.3g ticks, expected less than %.0g: use another method", byJumps, mu, mostTicks)
	}
	first, weight := poisson(mu)
	clear(s.rhs)
	for k := range first + len(weight) {
		if err := set.Context.Err(); err != nil {
			return err
		}
		if k > 0 {
			j.tick(s.next, s.m)
			s.m, s.next = s.next, s.m
		}
		if k >= first {
			addScaled(s.rhs, weight[k-first], s.m)
		}
	}
	out.Steps += first + len(weight) - 1
	s.m, s.rhs = s.rhs, s.m
	out.WorkUnits += float64(first + len(weight))
	out.Error += roundoff * float64(first+len(weight))
	return nil
}
