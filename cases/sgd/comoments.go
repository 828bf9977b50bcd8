package sgd

import "fokker/operators"

// comoments are covariances of u and v over examples at points, by updating means
// and products together, so that what agrees gives exactly 0 (Welford 1962; with
// weights West 1979).
type comoments struct {
	sums   [][]float64 // Σ w (u − ū)(v − v̄), row by row
	mean   [][]float64 // of u
	cross  [][]float64 // mean of v; nil where u and v are the same
	before [][]float64 // u less the mean before it
	total  float64
}

func newComoments(sums [][]float64, dim, n int) *comoments {
	for k := range sums {
		clear(sums[k])
	}
	return &comoments{sums: sums, mean: operators.Columns(dim, n), before: operators.Columns(dim, n)}
}

// add takes another example in.
func (c *comoments) add(weight float64, u, v [][]float64) {
	c.total += weight
	part, mean := weight/c.total, c.mean
	for k := range u {
		shift(c.before[k], c.mean[k], u[k], part)
	}
	if c.cross != nil {
		mean = c.cross
	}
	for l := range v {
		if c.cross != nil {
			approach(mean[l], v[l], part)
		}
		for k := range u[:c.rows(l)] {
			out, before := c.sums[l*len(v)+k], c.before[k]
			for i, value := range v[l] {
				out[i] += weight * before[i] * (value - mean[l][i])
			}
		}
	}
}

// rows returns how many entries of a row are summed: the lower triangle where u
// and v are the same.
func (c *comoments) rows(l int) int {
	if c.cross == nil {
		return l + 1
	}
	return len(c.mean)
}

// shift writes u − mean and moves the mean towards u.
func shift(before, mean, u []float64, part float64) {
	for i, value := range u {
		before[i] = value - mean[i]
		mean[i] += part * before[i]
	}
}

func approach(mean, v []float64, part float64) {
	for i, value := range v {
		mean[i] += part * (value - mean[i])
	}
}

// finish makes sums the covariance, or Cov(u, v) + Cov(v, u) where they differ.
func (c *comoments) finish() {
	dim := len(c.mean)
	for l := range dim {
		for k := range l + 1 {
			lower, upper := c.sums[l*dim+k], c.sums[k*dim+l]
			for i := range lower {
				if c.cross != nil {
					lower[i] += upper[i]
				}
				lower[i] /= c.total
			}
			copy(upper, lower)
		}
	}
}
