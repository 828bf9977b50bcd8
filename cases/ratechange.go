package cases

import (
	"math"

	"fokker/grid"
	"fokker/operators"
)

// tabulated is a process with coefficients given at the centres of the cells.
type tabulated struct {
	operators.Diffusive
	grid *grid.Grid
	b, d [][]float64
}

// Lines returns b and D along lines of the grid.
func (p *tabulated) Lines([][]float64, float64) func(from []int, n int) (b, d [][]float64) {
	b, d := make([][]float64, len(p.b)), make([][]float64, len(p.d))
	return func(from []int, n int) ([][]float64, [][]float64) {
		cell := p.grid.Cell(from)
		for k := range b {
			b[k] = p.b[k][cell : cell+n]
		}
		for k := range d {
			d[k] = p.d[k][cell : cell+n]
		}
		return b, d
	}
}

// tabulate reads the coefficients of a steady process.
func (p *Problem) tabulate(g *grid.Grid) (*tabulated, error) {
	dim, n := g.Dim(), g.Size()
	out := &tabulated{Diffusive: p.Process.(operators.Diffusive), grid: g, b: operators.Columns(dim, n), d: operators.Columns(dim*dim, n)}
	err := operators.Coefficients(p.Process, g, grid.Range{Hi: n}, 0, func(r grid.Range, b, d [][]float64) error {
		for k, column := range b {
			copy(out.b[k][r.Lo:r.Hi], column)
		}
		for k, column := range d {
			copy(out.d[k][r.Lo:r.Hi], column)
		}
		return nil
	})
	return out, err
}

// slopes is how rows of Qu change with b and D of their own cells: one column per
// axis, and one per pair of axes with the first not after the second.
type slopes struct{ b, d [][]float64 }

// pairOf numbers the pairs of axes.
func pairOf(k, l int) int {
	k, l = max(k, l), min(k, l)
	return k*(k+1)/2 + l
}

// nudge is the part of a coefficient by which it is changed.
const nudge = 1e-5

// nudger makes derivatives of rates by differences. Rates of a row depend on the
// coefficients at its own centre alone, so that all cells are nudged at once, first by a
// part δ and then by 2δ, always towards more noise. A rate that takes another form in
// one of the two changes abruptly there: the smaller of the differences has not seen it.
type nudger struct {
	problem   *Problem
	workers   int
	at        *tabulated
	generator operators.Generator
	functions [][]float64
	now       [][]float64 // Qu, by function
}

// slopes returns them for functions u on the cells.
func (p *Problem) slopes(g *grid.Grid, q operators.Generator, workers int, functions [][]float64) ([]slopes, error) {
	at, err := p.tabulate(g)
	if err != nil {
		return nil, p.explain(err)
	}
	n := &nudger{problem: p, workers: workers, at: at, generator: q, functions: functions, now: operators.Columns(len(functions), g.Size())}
	for f, u := range functions {
		q.Backward(n.now[f], u)
	}
	dim := g.Dim()
	out := make([]slopes, len(functions))
	for f := range out {
		out[f] = slopes{operators.Columns(dim, g.Size()), operators.Columns(dim*(dim+1)/2, g.Size())}
	}
	for k := range dim {
		if err := n.byDrift(out, k); err != nil {
			return nil, err
		}
	}
	for k := range dim {
		if err := n.byDiffusion(out, k, k); err != nil {
			return nil, err
		}
	}
	if len(p.coupled) == 0 {
		return out, nil
	}
	for k := range dim {
		for l := range k {
			if err := n.byDiffusion(out, k, l); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// byDrift differentiates by b along axis k, in the scale of what noise makes of a cell.
func (n *nudger) byDrift(out []slopes, k int) error {
	g, dim := n.at.grid, n.at.grid.Dim()
	step := make([]float64, g.Size())
	largest := 0.0
	for i := range step {
		step[i] = nudge * (math.Abs(n.at.b[k][i]) + n.at.d[k*dim+k][i]/g.Widths(k)[g.Along(k, i)])
		largest = max(largest, step[i])
	}
	for i := range step {
		if step[i] == 0 { // neither drift nor noise
			step[i] = largest
		}
	}
	moved := *n.at
	moved.b = append([][]float64(nil), n.at.b...)
	return n.differ(out, step, func(s *slopes) []float64 { return s.b[k] }, func(times float64) *tabulated {
		moved.b[k] = shifted(n.at.b[k], step, times)
		return &moved
	})
}

// byDiffusion differentiates by D along axis k, or, for two axes, along both at once
// in proportion to their noise, of which what each does alone is taken away.
func (n *nudger) byDiffusion(out []slopes, k, l int) error {
	dim := n.at.grid.Dim()
	a, b := n.at.d[k*dim+k], n.at.d[l*dim+l]
	both := make([]float64, len(a)) // √(D_kk D_ll)
	for i := range both {
		both[i] = math.Sqrt(a[i] * b[i])
	}
	step := make([]float64, len(a)) // of D_kl
	for i, v := range both {
		step[i] = nudge * v
	}
	moved := *n.at
	moved.d = append([][]float64(nil), n.at.d...)
	err := n.differ(out, step, func(s *slopes) []float64 { return s.d[pairOf(k, l)] }, func(times float64) *tabulated {
		for _, e := range [][2]int{{k, k}, {k, l}, {l, k}, {l, l}} {
			part := both
			if e[0] == e[1] {
				part = n.at.d[e[0]*dim+e[0]]
			}
			moved.d[e[0]*dim+e[1]] = shifted(n.at.d[e[0]*dim+e[1]], part, times*nudge)
		}
		return &moved
	})
	if err != nil || k == l {
		return err
	}
	for f := range out {
		s := out[f].d[pairOf(k, l)]
		for i, v := range both {
			if v > 0 {
				s[i] -= (out[f].d[pairOf(k, k)][i]*a[i] + out[f].d[pairOf(l, l)][i]*b[i]) / v
			}
		}
	}
	return nil
}

// shifted returns x + times·step.
func shifted(x, step []float64, times float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v + times*step[i]
	}
	return out
}

// differ writes the differences over the steps; where a step is 0 there is none.
func (n *nudger) differ(out []slopes, step []float64, of func(*slopes) []float64, moved func(times float64) *tabulated) error {
	first, second := operators.Columns(len(out), len(step)), make([]float64, len(step))
	for times := 1.0; times <= 2; times++ {
		other := *n.problem
		other.Process = moved(times)
		q, err := operators.Build(n.at.grid, 0, n.workers, other.Terms()...)
		if err != nil {
			return n.problem.explain(err)
		}
		for f, u := range n.functions {
			if times == 1 {
				q.Backward(first[f], u)
				continue
			}
			q.Backward(second, u)
			slope := of(&out[f])
			for i, h := range step {
				if h == 0 {
					continue
				}
				a, b := (first[f][i]-n.now[f][i])/h, (second[i]-first[f][i])/h
				if math.Abs(b) < math.Abs(a) {
					a = b
				}
				slope[i] = a
			}
		}
	}
	return nil
}
