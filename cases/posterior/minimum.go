package posterior

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"fokker/operators"
)

const (
	starts  = 8   // boxes of least loss from which a minimum is sought
	descent = 200 // steps: at a degenerate minimum x^2k each takes a share 1/(2k − 1) of the distance
)

// Minimum returns the least loss found in the box and where it is: from the least
// known values, steps of Newton's that are shortened until the loss falls (Levenberg
// 1944; Marquardt 1963), along walls where they would leave the box.
func (p *Partition) Minimum() (least float64, where []float64) {
	order := make([]int, len(p.boxes))
	low := make([]float64, len(p.boxes))
	for i := range order {
		order[i], low[i] = i, slices.Min(p.boxes[i].loss)
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case low[i] < low[j]:
			return -1
		case low[i] > low[j]:
			return 1
		}
		return 0
	})
	least = math.Inf(1)
	x := operators.Columns(len(p.Lower), p.rule.size())
	for _, i := range order[:min(starts, len(order))] {
		b := &p.boxes[i]
		p.rule.points(x, b.lo[:], b.hi[:])
		from := pointAt(x, slices.Index(b.loss, low[i]))
		if value := p.Descend(from); value < least {
			least, where = value, from
		}
	}
	return least, where
}

// Descend moves a point to a minimum and returns the loss there.
func (l Landscape) Descend(x []float64) float64 {
	value, damping := l.one(x), 1e-3
	next := make([]float64, len(x))
	for range descent {
		g, h := l.slopes(x)
		moved := false
		for ; damping < 1e12 && !moved; damping *= 4 {
			if !l.step(next, x, g, h, damping) {
				continue
			}
			if v := l.one(next); v < value {
				copy(x, next)
				value, moved = v, true
				damping /= 64
			}
		}
		if !moved {
			break
		}
		damping = max(damping, 1e-12)
	}
	return value
}

// step writes x − (H + μ tr|H|)⁻¹ ∇L, inside the box; false where that is no descent.
func (l Landscape) step(next, x, g []float64, h *mat.SymDense, damping float64) bool {
	dim, size := len(x), 0.0
	for k := range dim {
		size += math.Abs(h.At(k, k))
	}
	if size == 0 {
		size = 1
	}
	damped := mat.NewSymDense(dim, nil)
	damped.CopySym(h)
	free := make([]float64, dim)
	for k := range dim {
		damped.SetSym(k, k, h.At(k, k)+damping*size)
		free[k] = -g[k]
		if x[k] <= l.Lower[k] && g[k] > 0 || x[k] >= l.Upper[k] && g[k] < 0 { // pressed to a wall
			for j := range dim {
				damped.SetSym(k, j, 0)
			}
			damped.SetSym(k, k, 1)
			free[k] = 0
		}
	}
	var factor mat.Cholesky
	if !factor.Factorize(damped) {
		return false
	}
	var d mat.VecDense
	if factor.SolveVecTo(&d, mat.NewVecDense(dim, free)) != nil { // too near singular
		return false
	}
	for k := range next {
		next[k] = min(max(x[k]+d.AtVec(k), l.Lower[k]), l.Upper[k])
	}
	return true
}

func (l Landscape) one(x []float64) float64 {
	out := make([]float64, 1)
	l.Loss(out, column(x))
	return out[0]
}

func (l Landscape) slopes(x []float64) (g []float64, h *mat.SymDense) {
	dim := len(x)
	first, second := operators.Columns(dim, 1), operators.Columns(dim*(dim+1)/2, 1)
	l.Gradient(first, column(x))
	l.Hessian(second, column(x))
	h = mat.NewSymDense(dim, nil)
	e := 0
	for k := range dim {
		g = append(g, first[k][0])
		for j := range k + 1 {
			h.SetSym(k, j, second[e][0])
			e++
		}
	}
	return g, h
}

func column(x []float64) [][]float64 {
	out := make([][]float64, len(x))
	for k := range x {
		out[k] = x[k : k+1]
	}
	return out
}
