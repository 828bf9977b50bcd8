package solvers

import "math"

// chain is the elimination of cells joined to the next and the last only, in
// their order: s_k = up_k + loss_k, loss_k+1 += down_k+1 loss_k / s_k.
type chain struct {
	s, p []float64 // p_k = up_k / s_k
	down []float64 // from k+1 to k
}

// newChain eliminates a graph, or returns nil if other cells are joined.
func newChain(g *graph) *chain {
	n := g.size()
	c := &chain{s: make([]float64, n), p: make([]float64, n), down: make([]float64, n)}
	for i := range n {
		to, rate := g.row(i)
		for e, j := range to {
			switch int(j) {
			case i + 1:
				c.p[i] += rate[e]
			case i - 1:
				c.down[i-1] += rate[e]
			default:
				return nil
			}
		}
	}
	loss := 0.0 // after the cells before
	for k := range n {
		loss += g.loss[k]
		c.s[k] = c.p[k] + loss
		if c.s[k] > 0 {
			c.p[k] /= c.s[k]
			loss = c.down[k] * (loss / c.s[k])
		}
	}
	return c
}

func (c *chain) solve(dst, rhs []float64) {
	n := len(c.s)
	before := 0.0
	for k := range n {
		before = rhs[k] + before
		dst[k] = before
		before *= c.p[k]
	}
	x := 0.0
	for k := n - 1; k >= 0; k-- {
		x = (dst[k] + x*c.down[k]) / c.s[k]
		dst[k] = x
	}
}

func (c *chain) solveRows(dst, rhs []float64) {
	n := len(c.s)
	before := 0.0
	for k := range n {
		dst[k] = (rhs[k] + before) / c.s[k]
		before = c.down[k] * dst[k]
	}
	for k := n - 2; k >= 0; k-- {
		dst[k] += c.p[k] * dst[k+1]
	}
}

// law returns x_k = x_k+1 down_k / up_k from x = 1 at the end.
func (c *chain) law() []scaled {
	n := len(c.s)
	v := make([]scaled, n)
	v[n-1] = scale(1, 0)
	for k := n - 2; k >= 0; k-- {
		down, a := math.Frexp(c.down[k]) // the ratio may leave the range of float64
		away, b := math.Frexp(c.s[k])
		v[k] = scale(v[k+1].x*(down/away), v[k+1].e+a-b)
	}
	return v
}
