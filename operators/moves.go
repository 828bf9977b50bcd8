package operators

import (
	"math"

	"fokker/grid"
)

// Moves is a step that is one of finitely many.
type Moves interface {
	Dim() int
	Time() float64
	Weights() []float64                    // probabilities of the moves, Σ = 1
	Move(dst [][][]float64, x [][]float64) // dst[move][axis][i]: where the move takes point i
}

// Discrete is the step of Moves. On a grid every end is put on the centres around it,
// so that its mean is right, which adds some h²/6 of variance; the ends are drawn
// together around their mean until the variances, and the covariance, of the step are
// right again where they are more than that.
type Discrete struct{ Moves }

// winding is what is wanted of a step along a periodic axis.
const winding = "one that goes around the axis less often"

// together is how many ends are held at a time.
const together = 1 << 16

func (s Discrete) land(to *landing, g *grid.Grid, r grid.Range, done func(cell int)) error {
	dim, weights := g.Dim(), s.Weights()
	length := max(1, min(r.Len(), together/(dim*len(weights))))
	x, ends := Columns(dim, length), make([][][]float64, len(weights))
	for e := range ends {
		ends[e] = Columns(dim, length)
	}
	places := newEnds(to, weights)
	return r.Chunks(length, func(r grid.Range) error {
		x, ends := cut(x, r.Len()), ends
		if r.Len() < length {
			ends = make([][][]float64, len(weights))
			for e := range ends {
				ends[e] = Columns(dim, r.Len())
			}
		}
		g.Points(x, r)
		s.Move(ends, x)
		for i := range r.Len() {
			for e := range ends {
				for k := range dim {
					if v := ends[e][k][i]; math.IsNaN(v) || math.IsInf(v, 0) {
						return &PointError{"drift", k, v, center(g, r.Lo+i), "a finite number"}
					}
					if v := ends[e][k][i]; to.lattices[k].winds(v, 0) {
						return &PointError{"step", k, v, center(g, r.Lo+i), winding}
					}
					places.at[k][e] = ends[e][k][i]
				}
			}
			places.settle()
			done(r.Lo + i)
		}
		return nil
	})
}

// ends is where the moves lead from one point.
type ends struct {
	*landing
	weight []float64
	at     [][]float64 // per axis and move
	drawn  [][]float64 // the same, together
	mean   []float64
	tensor []float64 // covariance of the ends, row by row
	less   []float64 // the same without what places add
	whole  []float64 // lower root of tensor
	root   []float64 // of less
	part   []float64 // of an end, in standard form
}

func newEnds(t *landing, weight []float64) *ends {
	dim := len(t.lattices)
	square := func() []float64 { return make([]float64, dim*dim) }
	return &ends{
		landing: t, weight: weight, at: Columns(dim, len(weight)), drawn: Columns(dim, len(weight)), mean: make([]float64, dim),
		tensor: square(), less: square(), whole: square(), root: square(), part: make([]float64, dim),
	}
}

// settle puts all ends on places.
func (e *ends) settle() {
	e.moments()
	for k := range e.at {
		copy(e.drawn[k], e.at[k])
		e.noise[k] = e.tensor[k*len(e.at)+k]
	}
	e.draw()
	for k := range e.drawn {
		e.added[k] = e.spread(k)
		for m, x := range e.drawn[k] {
			d := x - e.mean[k]
			e.added[k] += e.weight[m] * d * d
		}
		e.added[k] -= e.noise[k]
	}
	for m, w := range e.weight {
		e.place(len(e.drawn)-1, m, w, 0)
	}
}

// moments writes mean and covariance of the ends.
func (e *ends) moments() {
	for k, at := range e.at {
		e.mean[k] = 0
		for m, w := range e.weight {
			e.mean[k] += w * (at[m] - at[0])
		}
		e.mean[k] += at[0]
	}
	dim := len(e.at)
	for k := range dim {
		for l := range k + 1 {
			sum := 0.0
			for m, w := range e.weight {
				sum += w * (e.at[k][m] - e.mean[k]) * (e.at[l][m] - e.mean[l])
			}
			e.tensor[k*dim+l], e.tensor[l*dim+k] = sum, sum
		}
	}
}

// spread returns the variance that places add along an axis.
func (e *ends) spread(k int) (sum float64) {
	for m, w := range e.weight {
		l := e.lattices[k]
		j, other, part := l.around(e.drawn[k][m])
		d := l.center(other) - l.center(j)
		sum += w * part * (1 - part) * d * d
	}
	return sum
}

// draw draws the ends together: with LLᵀ their covariance and MMᵀ that less what
// places add, the distances from the mean are multiplied by ML⁻¹. As places then add
// a little else, three times. Where that is no covariance they stay where they are.
func (e *ends) draw() {
	dim := len(e.at)
	if !factorize(e.whole, e.tensor, dim) {
		return
	}
	for range 3 {
		copy(e.less, e.tensor)
		for k := range dim {
			e.less[k*dim+k] -= e.spread(k)
		}
		if !factorize(e.root, e.less, dim) {
			for k := range e.at {
				copy(e.drawn[k], e.at[k])
			}
			return
		}
		for i := range e.weight {
			e.drawOne(i, dim)
		}
	}
}

// drawOne draws end i.
func (e *ends) drawOne(i, dim int) {
	for k := range dim {
		v := e.at[k][i] - e.mean[k]
		for l, p := range e.part[:k] {
			v -= e.whole[k*dim+l] * p
		}
		e.part[k] = v / e.whole[k*dim+k]
	}
	for k := range dim {
		v := e.mean[k]
		for l, p := range e.part[:k+1] {
			v += e.root[k*dim+l] * p
		}
		e.drawn[k][i] = v
	}
}

// factorize writes the lower root L of a tensor, LLᵀ = a (Cholesky), and reports
// whether there is one.
func factorize(l, a []float64, dim int) bool {
	for k := range dim {
		for j := range k + 1 {
			sum := a[k*dim+j]
			for m := range j {
				sum -= l[k*dim+m] * l[j*dim+m]
			}
			if j < k {
				l[k*dim+j] = sum / l[j*dim+j]
				continue
			}
			if !(sum > 1e-12*a[k*dim+k]) { // less is rounding
				return false
			}
			l[k*dim+k] = math.Sqrt(sum)
		}
	}
	return true
}

// around returns the place whose cell holds x, the one beside it on the side of x, and
// the part that the latter gets for the mean to be x. What is inside of an absorbing
// wall stays there.
func (l *lattice) around(x float64) (j, other int, part float64) {
	j = l.find(x)
	if !l.periodic() && (j < 0 || j >= l.cells()) {
		return j, j, 0
	}
	d := x - l.center(j)
	switch other = j + 1; {
	case d == 0:
		return j, j, 0
	case d < 0:
		other = j - 1
	}
	if _, lost := l.land(other); lost {
		return j, j, 0
	}
	return j, other, d / (l.center(other) - l.center(j))
}

// place puts mass of move m on the places along axis k and those below.
func (e *ends) place(k, m int, mass float64, line int) {
	l := e.lattices[k]
	j, other, part := l.around(e.drawn[k][m])
	for _, one := range [2]struct {
		place int
		part  float64
	}{{j, 1 - part}, {other, part}} {
		if one.part == 0 {
			continue
		}
		cell, lost := l.land(one.place)
		switch {
		case lost:
			e.lost += mass * one.part
		case k == 0:
			e.add(line, cell, mass*one.part)
		default:
			e.place(k-1, m, mass*one.part, line+cell*e.stride(k))
		}
	}
}
