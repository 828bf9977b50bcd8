package compare

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"fokker/grid"
)

// Parts divides the cells of a grid into boxes of about equal mass.
type Parts struct {
	Of   []int32   // the part of every cell
	Mass []float64 // of every part
}

// Divide cuts the grid into boxes, each across the axis along which it is widest
// beside the whole law, as near to its median as faces are, as long as both sides
// have the least mass.
func Divide(g *grid.Grid, mass []float64, least float64) *Parts {
	d := &divider{grid: g, mass: mass, least: least, parts: &Parts{Of: make([]int32, g.Size())}}
	lo, hi := make([]int, g.Dim()), make([]int, g.Dim())
	for k := range hi {
		hi[k] = g.Cells(k)
	}
	d.wide = d.widths(d.marginals(lo, hi), lo)
	d.divide(lo, hi)
	return d.parts
}

type divider struct {
	grid  *grid.Grid
	mass  []float64
	least float64
	wide  []float64 // standard deviations of the whole law
	parts *Parts
}

// each calls do for the cells of a box along the first axis, run by run.
func (d *divider) each(lo, hi []int, do func(at []int, first int)) {
	at := slices.Clone(lo)
	for {
		do(at, d.grid.Cell(at))
		k := 1
		for ; k < len(at); k++ {
			if at[k]++; at[k] < hi[k] {
				break
			}
			at[k] = lo[k]
		}
		if k >= len(at) {
			return
		}
	}
}

// marginals of the masses in a box.
func (d *divider) marginals(lo, hi []int) [][]float64 {
	out := make([][]float64, len(lo))
	for k := range out {
		out[k] = make([]float64, hi[k]-lo[k])
	}
	d.each(lo, hi, func(at []int, first int) {
		run := 0.0
		for i, m := range d.mass[first : first+hi[0]-lo[0]] {
			out[0][i] += m
			run += m
		}
		for k := 1; k < len(at); k++ {
			out[k][at[k]-lo[k]] += run
		}
	})
	return out
}

// widths are standard deviations by axis.
func (d *divider) widths(marginals [][]float64, lo []int) []float64 {
	out := make([]float64, len(marginals))
	for k, m := range marginals {
		x, total, mean := d.grid.Centers(k)[lo[k]:], Sum(m), 0.0
		for i, v := range m {
			mean += v * x[i] / total
		}
		for i, v := range m {
			out[k] += v * (x[i] - mean) * (x[i] - mean) / total
		}
		out[k] = math.Sqrt(out[k])
	}
	return out
}

func (d *divider) divide(lo, hi []int) {
	marginals := d.marginals(lo, hi)
	if k, at, ok := d.cut(marginals, lo); ok {
		middle := slices.Clone(hi)
		middle[k] = lo[k] + at
		d.divide(lo, middle)
		middle = slices.Clone(lo)
		middle[k] = lo[k] + at
		d.divide(middle, hi)
		return
	}
	d.each(lo, hi, func(_ []int, first int) {
		for i := first; i < first+hi[0]-lo[0]; i++ {
			d.parts.Of[i] = int32(len(d.parts.Mass))
		}
	})
	d.parts.Mass = append(d.parts.Mass, Sum(marginals[0]))
}

// cut returns where to cut: below cell at of axis k.
func (d *divider) cut(marginals [][]float64, lo []int) (k, at int, ok bool) {
	if Sum(marginals[0]) < 2*d.least {
		return 0, 0, false
	}
	widths, order := d.widths(marginals, lo), make([]int, len(lo))
	for k := range order {
		order[k] = k
	}
	relative := func(k int) float64 {
		if d.wide[k] == 0 {
			return 0
		}
		return widths[k] / d.wide[k]
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if relative(a) > relative(b) {
			return -1
		}
		return 1
	})
	for _, k := range order {
		if at, ok := d.median(marginals[k]); ok {
			return k, at, true
		}
	}
	return 0, 0, false
}

// median returns the cut that leaves the smaller side most, if that is enough.
func (d *divider) median(m []float64) (at int, ok bool) {
	total, below, most := Sum(m), 0.0, 0.0
	for i, v := range m[:len(m)-1] {
		below += v
		if side := min(below, total-below); side > most {
			at, most = i+1, side
		}
	}
	return at, at > 0 && most >= d.least
}

// Sums adds up numbers of cells by parts.
func (p *Parts) Sums(x []float64) []float64 {
	out := make([]float64, len(p.Mass))
	for i, v := range x {
		out[p.Of[i]] += v
	}
	return out
}

// surely is the quantile of a normal number that Mann and Wald's number of parts
// rests on, that of 1e-3.
const surely = 3.09

// divide makes parts with at least 20 expected samples, no more of them than
// 4 (2n²/c²)^(1/5) (Mann and Wald 1942), and counts.
func (r *runner) divide() {
	most := 4 * math.Pow(2*r.n*r.n/(surely*surely), 0.2)
	p := Divide(r.Grid, r.Mass, max(fewest/r.n, 1/most))
	r.out.Parts, r.counts, r.out.Deviation = p, p.Sums(r.weight), make([]float64, len(p.Mass))
	for i, m := range p.Mass {
		r.counts[i] *= r.n / r.total
		r.out.Deviation[i] = (r.counts[i] - r.n*m) / math.Sqrt(r.n*m*(1-min(m, 1-1/r.n)))
	}
}

// cells is the G-test, 2 Σ Nᵢ ln(Nᵢ/nmᵢ), of the parts. It is divided by
// 1 + (Σ1/mᵢ − 1)/(6n(k − 1)) (Williams 1976) and has a χ² law, shifted where the
// law may be wrong: masses off by eᵢ add n Σeᵢ²/mᵢ.
func (r *runner) cells() {
	p, k := r.out.Parts, float64(len(r.out.Parts.Mass))
	if k < 2 {
		return
	}
	g, inverse := 0.0, 0.0
	for i, m := range p.Mass {
		if found := r.counts[i]; found > 0 {
			g += 2 * found * math.Log(found/(r.n*m))
		}
		inverse += 1 / m
	}
	g /= 1 + (inverse-1)/(6*r.n*(k-1))
	root := math.Sqrt(r.n) * r.Tolerance
	for _, c := range r.Changes {
		square := 0.0
		for i, e := range p.Sums(c) {
			square += e * e / p.Mass[i]
		}
		root += math.Sqrt(r.n * square)
	}
	r.out.Tests = append(r.out.Tests, Test{Name: "cells", Statistic: g, P: Beyond(g, k-1, root*root)})
}

// mixed is the noncentrality up to which Beyond adds up its mixture, of some
// 24 √(λ/2) terms.
const mixed = 1e7

// Beyond returns the probability that a χ² number of so many degrees of freedom
// and noncentrality λ is larger than x, or a little more: a Poisson mixture of
// central ones. Of a large λ it is bounded: the number is the square of the distance
// √λ away from a point at a central one.
func Beyond(x, degrees, lambda float64) float64 {
	switch {
	case x <= 0:
		return 1
	case lambda == 0:
		return distuv.ChiSquared{K: degrees}.Survival(x)
	case lambda > mixed:
		root := max(0, math.Sqrt(x)-math.Sqrt(lambda))
		return distuv.ChiSquared{K: degrees}.Survival(root * root)
	}
	half, total, weights := lambda/2, 0.0, 0.0
	first := max(0, math.Floor(half-12*math.Sqrt(half)-12)) // what is below weighs less than 1e-30
	for j := first; ; j++ {
		log, _ := math.Lgamma(j + 1)
		w := math.Exp(-half + j*math.Log(half) - log)
		total += w * distuv.ChiSquared{K: degrees + 2*j}.Survival(x)
		weights += w
		if rest := w * half / (j + 1 - half); j > half && rest <= 1e-12*total { // what follows falls by half/(j + 1) at least
			return (total + rest) / (weights + rest) // 1 but for the rounding of log, which all weights share
		}
	}
}
