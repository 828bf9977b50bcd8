package cases

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"fokker/grid"
)

// correlated is a Gaussian with correlated coordinates as a chain of
// conditional ones: coordinate k given those before it has the mean
// μₖ + Lₖⱼzⱼ and the standard deviation Lₖₖ, with LLᵀ the covariance and z the
// coordinates before it in standard form.
type correlated struct {
	grid   *grid.Grid
	mean   []float64
	lower  mat.TriDense
	points [][]point // per axis but the last
	last   []span
	masses []float64
}

// followed is how many standard deviations out a correlated Gaussian is
// followed, in four dimensions for about a second: beyond lies less than 1e-29
// of it.
const followed = 12

// point is a sample of a cell of an axis, or of one of its images.
type point struct {
	sample
	cell int
}

// correlated returns the Gaussian with a full covariance by integrals over
// cells: exact along the last axis, by Gauss–Legendre points on pieces of the
// others, however narrow it is.
func (in *Initial) correlated(g *grid.Grid) []float64 {
	var precision mat.SymDense
	var factor mat.Cholesky
	factor.Factorize(in.Covariance)
	_ = factor.InverseTo(&precision) // positive definite, as was checked when read
	c := &correlated{grid: g, mean: in.Mean, masses: make([]float64, g.Size())}
	factor.LTo(&c.lower)
	last := g.Dim() - 1
	for k := range g.Dim() {
		std := math.Sqrt(in.Covariance.At(k, k))
		cells := spans(g.Axis(k), in.Mean[k], followed*std)
		if k == last {
			c.last = cells
			break
		}
		// Given all others, a coordinate is this wide: so finely do masses vary.
		piece := 1 / math.Sqrt(precision.At(k, k))
		c.points = append(c.points, cut(cells, in.Mean[k]-followed*std, in.Mean[k]+followed*std, piece))
	}
	c.spread(make([]float64, 0, g.Dim()), 0, 1)
	return c.masses
}

// cut samples what lies of the cells in [lo, hi] on pieces no longer than
// piece.
func cut(cells []span, lo, hi, piece float64) (out []point) {
	for _, s := range cells {
		from, to := max(lo, s.lo), min(hi, s.hi)
		n := math.Ceil((to - from) / piece)
		var samples []sample
		for i := range int(n) {
			samples = appendRule(samples, from+(to-from)*float64(i)/n, from+(to-from)*float64(i+1)/n)
		}
		for _, one := range samples {
			out = append(out, point{one, s.cell})
		}
	}
	return out
}

// spread adds the weight, which stands for the coordinates z before axis k, to
// the cells that begin at base.
func (c *correlated) spread(z []float64, base int, weight float64) {
	k := len(z)
	mean, std, square := c.mean[k], c.lower.At(k, k), 0.0
	for j, v := range z {
		mean += c.lower.At(k, j) * v
		square += v * v
	}
	if square > followed*followed {
		return
	}
	stride := c.grid.Stride(k)
	if k == len(c.points) {
		for _, s := range c.last {
			c.masses[base+s.cell*stride] += weight * between((s.lo-mean)/std, (s.hi-mean)/std)
		}
		return
	}
	for _, p := range c.points[k] {
		v := (p.x - mean) / std
		density := math.Exp(-v*v/2) / (std * math.Sqrt(2*math.Pi))
		c.spread(append(z, v), base+p.cell*stride, weight*p.weight*density)
	}
}
