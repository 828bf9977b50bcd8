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

// pairing is a law and a function between which rates stand: Σ w m (Qu).
type pairing struct {
	law, function []float64
	weight        float64
}

// slopes is how the sum of some pairings changes with b and D of every cell: one column
// per axis, and one per pair of axes, either order standing for both.
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
	pairings  []pairing
	out       slopes
	work      [3][]float64
}

// slopes returns those of the sum of pairings.
func (p *Problem) slopes(g *grid.Grid, q operators.Generator, workers int, pairings ...pairing) (slopes, error) {
	dim, size := g.Dim(), g.Size()
	n := &nudger{problem: p, workers: workers, generator: q, pairings: pairings}
	n.out = slopes{operators.Columns(dim, size), operators.Columns(dim*(dim+1)/2, size)}
	for i := range n.work {
		n.work[i] = make([]float64, size)
	}
	var err error
	if n.at, err = p.tabulate(g); err != nil {
		return n.out, p.explain(err)
	}
	for k := range dim {
		if err := n.byDrift(k); err != nil {
			return n.out, err
		}
	}
	for k := range dim {
		if err := n.byDiffusion(k, k); err != nil {
			return n.out, err
		}
	}
	if len(p.coupled) == 0 {
		return n.out, nil
	}
	for k := range dim {
		for l := range k {
			if err := n.byDiffusion(k, l); err != nil {
				return n.out, err
			}
		}
	}
	return n.out, nil
}

// byDrift differentiates by b along axis k, in the scale of what noise makes of a cell.
func (n *nudger) byDrift(k int) error {
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
	return n.differ(n.out.b[k], step, func(times float64) *tabulated {
		moved.b[k] = shifted(n.at.b[k], step, times)
		return &moved
	})
}

// byDiffusion differentiates by D along axis k, or, for two axes, along both at once
// in proportion to their noise, of which what each does alone is taken away.
func (n *nudger) byDiffusion(k, l int) error {
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
	slope := n.out.d[pairOf(k, l)]
	err := n.differ(slope, step, func(times float64) *tabulated {
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
	for i, v := range both {
		if v > 0 {
			slope[i] -= (n.out.d[pairOf(k, k)][i]*a[i] + n.out.d[pairOf(l, l)][i]*b[i]) / v
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
func (n *nudger) differ(slope, step []float64, moved func(times float64) *tabulated) error {
	generators := [3]operators.Generator{n.generator}
	for times := 1; times <= 2; times++ {
		other := *n.problem
		other.Process = moved(float64(times))
		q, err := operators.Build(n.at.grid, 0, n.workers, other.Terms()...)
		if err != nil {
			return n.problem.explain(err)
		}
		generators[times] = q
	}
	for _, p := range n.pairings {
		for i, q := range generators {
			q.Backward(n.work[i], p.function)
		}
		for i, h := range step {
			if h == 0 {
				continue
			}
			a, b := n.work[1][i]-n.work[0][i], n.work[2][i]-n.work[1][i]
			if math.Abs(b) < math.Abs(a) {
				a = b
			}
			slope[i] += p.weight * p.law[i] * a / h
		}
	}
	return nil
}
