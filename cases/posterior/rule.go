package posterior

import "math"

// embedded is a quadrature on [0, 1] with another of fewer points among its own, whose
// error goes with the power-th part of the order.
type embedded struct {
	at, weight, lower []float64
	power             float64
}

// kronrod is Gauss's rule of 3 points, of degree 5, in Kronrod's of 7, of degree 11
// (Kronrod 1965; nodes of Laurie 1997).
var kronrod = symmetric(
	[]float64{0.9604912687080202834235, 0.7745966692414833770359, 0.4342437493468025580021, 0},
	[]float64{0.1046562260264672651938, 0.2684880898683334407286, 0.4013974147759622229051, 0.4509165386584741423451},
	[]float64{0, 5. / 9, 0, 8. / 9}, 2,
)

// gauss is that of 3 points with the middle, of degree 1, in it.
var gauss = symmetric([]float64{0.7745966692414833770359, 0}, []float64{5. / 9, 8. / 9}, []float64{0, 2}, 3)

// symmetric makes a rule of its upper half on [−1, 1], the middle last.
func symmetric(at, weight, lower []float64, power float64) embedded {
	out := embedded{power: power}
	n := len(at)
	for i := range 2*n - 1 {
		j, x := i, -at[min(i, n-1)]
		if i >= n {
			j = 2*n - 2 - i
			x = at[j]
		}
		out.at = append(out.at, (1+x)/2)
		out.weight = append(out.weight, weight[j]/2)
		out.lower = append(out.lower, lower[j]/2)
	}
	return out
}

// rule is the product of one for every axis, first axis fastest.
type rule struct {
	embedded
	dim    int
	weight []float64   // of every point
	worse  [][]float64 // per axis and point: of the difference to the rule with fewer points there
}

func newRule(e embedded, dim int) *rule {
	n, size := len(e.at), 1
	for range dim {
		size *= n
	}
	r := &rule{embedded: e, dim: dim, weight: make([]float64, size), worse: make([][]float64, dim)}
	for k := range r.worse {
		r.worse[k] = make([]float64, size)
	}
	for j := range r.weight {
		r.weight[j] = 1
		for k := range dim {
			r.weight[j] *= e.weight[r.along(j, k)]
		}
		for k := range dim {
			i := r.along(j, k)
			r.worse[k][j] = r.weight[j] * (e.lower[i]/e.weight[i] - 1)
		}
	}
	return r
}

func (r *rule) size() int { return len(r.weight) }

// along returns the position of point j along axis k.
func (r *rule) along(j, k int) int {
	for range k {
		j /= len(r.at)
	}
	return j % len(r.at)
}

// points writes those in a box.
func (r *rule) points(x [][]float64, lo, hi []float64) {
	for k := range x {
		for j := range x[k] {
			x[k][j] = lo[k] + r.at[r.along(j, k)]*(hi[k]-lo[k])
		}
	}
}

// error estimates that of a positive integrand from its values, and tells the axis
// along which it is roughest. Relative to the integral, the error of the rule with
// fewer points is about the power-th root of the other.
func (r *rule) error(value []float64) (wrong float64, axis int) {
	const caution = 10 // times what the power says, per factor
	all := 0.0
	for j, v := range value {
		all += r.weight[j] * v
	}
	if all == 0 {
		return 0, 0
	}
	largest := -1.0
	for k, worse := range r.worse {
		d := 0.0
		for j, v := range value {
			d += worse[j] * v
		}
		if d = math.Abs(d); d > largest {
			largest, axis = d, k
		}
		wrong += d * min(1, math.Pow(caution*d/all, r.power-1))
	}
	return wrong, axis
}
