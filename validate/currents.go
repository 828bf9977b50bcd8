package validate

import (
	"math"

	"fokker/grid"
	"fokker/validate/compare"
)

const (
	inCurrents = 32  // parts in which the current is measured
	perPart    = 200 // particles in each, at least
)

// currents tests the probability current J of a stationary law, axis by axis: the
// mean displacement in a short time τ of particles halfway in a part of the box, over
// that time, is ∫J over the part, and off by order τ; twice that of both halves of the
// time, less it, by order τ². (Both ways of a reversible process cancel in every part
// whatever the time.) The sum of squares over standard errors is χ², shifted by what
// half as many cells change. The three ensembles are τ/2 apart.
func (v *verifier) currents(l *subject, seen [3]Ensemble) {
	g, n := l.Grid, float64(len(seen[0].Alive))
	if v.result.Stationary.Current == nil || l.mass < 1-1e-9 {
		return
	}
	p := compare.Divide(g, l.Mass, max(1.0/inCurrents, perPart/n))
	first, second, whole := displacements(g, seen[0], seen[1]), displacements(g, seen[1], seen[2]), displacements(g, seen[0], seen[2])
	for k := range g.Dim() {
		want, allowed := integrals(g, k, v.result.Stationary.Current[k]), make([]float64, g.Size())
		if v.coarse != nil && v.coarse.Stationary.Current != nil {
			coarse := v.coarse.Grid
			spread(allowed, g, coarse, integrals(coarse, k, v.coarse.Stationary.Current[k]))
			for i := range allowed {
				allowed[i] -= want[i]
			}
		}
		sums, squares := make([]float64, len(p.Mass)), make([]float64, len(p.Mass))
		for i := range first.half {
			var shares partShares
			for _, d := range []struct {
				*displacement
				factor float64
			}{{first, 2}, {second, 2}, {whole, -1}} {
				shares.add(p.Of[d.half[i]], d.factor*d.length[k][i]/(seen[2].Time-seen[0].Time))
			}
			for _, s := range shares.all[:shares.n] {
				sums[s.part] += s.value / n
				squares[s.part] += s.value * s.value / n
			}
		}
		means, changes := p.Sums(want), p.Sums(allowed)
		chi, shift, degrees := 0.0, 0.0, 0.0
		for i, m := range means {
			if variance := (squares[i] - sums[i]*sums[i]) / n; variance > 0 {
				chi += (sums[i] - m) * (sums[i] - m) / variance
				shift += changes[i] * changes[i] / variance
				degrees++
			}
		}
		if degrees > 0 {
			v.out.Tests = append(v.out.Tests, compare.Test{Name: l.name + ": current " + g.Axis(k).Name, Statistic: chi, P: compare.Beyond(chi, degrees, shift)})
		}
	}
}

// partShares are what one particle gives to parts, summed in each.
type partShares struct {
	all [3]struct {
		part  int32
		value float64
	}
	n int
}

func (s *partShares) add(part int32, value float64) {
	for i := range s.all[:s.n] {
		if s.all[i].part == part {
			s.all[i].value += value
			return
		}
	}
	s.all[s.n].part, s.all[s.n].value = part, value
	s.n++
}

// displacement is the cells halfway between the places of particles at two times, and
// by how much each has moved along every axis, the shorter way around a periodic one.
type displacement struct {
	half   []int32
	length [][]float64
}

func displacements(g *grid.Grid, from, to Ensemble) *displacement {
	middle := Ensemble{X: make([][]float64, g.Dim()), Alive: from.Alive}
	length := make([][]float64, g.Dim())
	for k := range length {
		w := newWalls(g, k)
		middle.X[k], length[k] = make([]float64, len(from.Alive)), make([]float64, len(from.Alive))
		for i, x := range from.X[k] {
			d := to.X[k][i] - x
			if w.circle {
				d = math.Remainder(d, w.hi-w.lo)
			}
			length[k][i], middle.X[k][i] = d, w.wrap(x+d/2)
		}
	}
	return &displacement{cellsOf(g, middle), length}
}

// integrals returns ∫J of every cell from the flow through its faces along axis k.
func integrals(g *grid.Grid, k int, flow []float64) []float64 {
	out, stride, n := make([]float64, g.Size()), g.Stride(k), g.Cells(k)
	for i := range out {
		at := g.Along(k, i)
		face := i/(stride*n)*stride*(n+1) + at*stride + i%stride
		out[i] = g.Widths(k)[at] * (flow[face] + flow[face+stride]) / 2
	}
	return out
}

// spread shares integrals over the cells of a coarse grid among those of a finer one
// by volume.
func spread(dst []float64, g, coarse *grid.Grid, integral []float64) {
	c := newCover(g, coarse)
	for i := range dst {
		dst[i] = 0
		c.each(i, func(to int, part float64) { dst[i] += integral[to] / coarse.Volume(to) * part * g.Volume(i) })
	}
}
