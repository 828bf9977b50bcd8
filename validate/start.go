package validate

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"

	"fokker/cases"
	"fokker/grid"
)

// starting draws from the initial law as the case states it: a point or a Gaussian
// by itself, within the walls, anything else by the masses of cells.
func starting(p *cases.Problem, g *grid.Grid) (func(x [][]float64, r *rand.Rand), error) {
	in := p.Initial
	switch {
	case in.Point != nil:
		return func(x [][]float64, _ *rand.Rand) {
			for k := range x {
				for i := range x[k] {
					x[k][i] = in.Point[k]
				}
			}
		}, nil
	case in.Mean != nil:
		return gaussian(in, g), nil
	}
	m, _, err := in.Masses(g)
	return inCells(g, m, false), err
}

// gaussian draws until a point lies in the box; periodic axes are wound up.
func gaussian(in *cases.Initial, g *grid.Grid) func(x [][]float64, r *rand.Rand) {
	root := mat.NewTriDense(len(in.Mean), mat.Lower, nil)
	for k, s := range in.Std {
		root.SetTri(k, k, s)
	}
	if in.Covariance != nil {
		var factor mat.Cholesky
		factor.Factorize(in.Covariance) // a case has been refused if it is not positive
		factor.LTo(root)
	}
	rooms := make([]walls, g.Dim())
	for k := range rooms {
		rooms[k] = newWalls(g, k)
	}
	return func(x [][]float64, r *rand.Rand) {
		z := make([]float64, len(x))
		for i := range x[0] {
			for inside := false; !inside; {
				for k := range z {
					z[k] = r.NormFloat64()
				}
				inside = true
				for k := range x {
					v := in.Mean[k]
					for l := range k + 1 {
						v += root.At(k, l) * z[l]
					}
					x[k][i] = rooms[k].wrap(v)
					inside = inside && rooms[k].find(x[k][i]) >= 0
				}
			}
		}
	}
}

// inCells draws cells by their masses and points uniformly in them; their centres
// from a law that may lie on a curve, beside which nothing moves.
func inCells(g *grid.Grid, m []float64, rough bool) func(x [][]float64, r *rand.Rand) {
	upTo, sum := make([]float64, len(m)), 0.0
	for i, v := range m {
		sum += v
		upTo[i] = sum
	}
	return func(x [][]float64, r *rand.Rand) {
		at := make([]int, g.Dim())
		for i := range x[0] {
			g.Locate(at, sort.SearchFloat64s(upTo, sum*(1-r.Float64())))
			for k := range x {
				if x[k][i] = g.Centers(k)[at[k]]; !rough {
					lo, width := g.Axis(k).Edges[at[k]], g.Widths(k)[at[k]]
					x[k][i] = min(lo+r.Float64()*width, g.Axis(k).Edges[at[k]+1])
				}
			}
		}
	}
}

// cellOf returns the cell of point i of columns, which lies in the box; the upper
// end of an axis belongs to its last cell.
func cellOf(g *grid.Grid, x [][]float64, i int) (cell int) {
	for k := g.Dim() - 1; k >= 0; k-- {
		edges := g.Axis(k).Edges
		at, exact := slices.BinarySearch(edges, x[k][i])
		if !exact {
			at--
		}
		cell = cell*g.Cells(k) + min(max(at, 0), g.Cells(k)-1)
	}
	return cell
}

// cellsOf returns the cells of all particles.
func cellsOf(g *grid.Grid, e Ensemble) []int32 {
	out := make([]int32, len(e.Alive))
	for i := range out {
		out[i] = int32(cellOf(g, e.X, i))
	}
	return out
}

// counted counts the particles alive in every cell, and all of them.
func counted(g *grid.Grid, e Ensemble) (weights []float64, alive float64) {
	weights = make([]float64, g.Size())
	for i, yes := range e.Alive {
		if yes {
			weights[cellOf(g, e.X, i)]++
			alive++
		}
	}
	return weights, alive
}

// meshChange returns by how much a mesh may change the masses of cells: what the
// law on a coarse one lacks in its cells, shared among the fine cells there by
// their masses. Whatever the order of the terms, from 1 up, the error of the fine
// mesh is no larger.
func meshChange(g *grid.Grid, fine []float64, half *grid.Grid, coarse []float64) []float64 {
	c := newCover(g, half)
	lack := make([]float64, half.Size())
	for i, m := range fine {
		c.each(i, func(to int, part float64) { lack[to] += part * m })
	}
	for i, m := range lack {
		if m > 0 {
			lack[i] = (m - coarse[i]) / m
		}
	}
	out := make([]float64, g.Size())
	for i, m := range fine {
		c.each(i, func(to int, part float64) { out[i] += m * part * lack[to] })
	}
	return out
}

// cover says in which cells of a coarse grid those of a finer one lie.
type cover struct {
	fine, coarse *grid.Grid
	shares       [][][]share // by axis and cell of the finer
	at           []int
}

func newCover(fine, coarse *grid.Grid) *cover {
	c := &cover{fine, coarse, make([][][]share, fine.Dim()), make([]int, fine.Dim())}
	for k := range c.shares {
		c.shares[k] = overlaps(fine.Axis(k).Edges, coarse.Axis(k).Edges)
	}
	return c
}

// each calls do for the coarse cells that a fine one has parts in.
func (c *cover) each(cell int, do func(coarse int, part float64)) {
	c.fine.Locate(c.at, cell)
	c.over(0, 0, 1, do)
}

func (c *cover) over(k, to int, part float64, do func(coarse int, part float64)) {
	if k == len(c.at) {
		do(to, part)
		return
	}
	for _, s := range c.shares[k][c.at[k]] {
		c.over(k+1, to+s.cell*c.coarse.Stride(k), part*s.part, do)
	}
}

// share is a part of a fine cell in a coarse one.
type share struct {
	cell int
	part float64
}

// overlaps returns in which cells of a coarser axis the cells of a finer one lie.
func overlaps(fine, coarse []float64) [][]share {
	out, c := make([][]share, len(fine)-1), 0
	for i := range out {
		lo, hi := fine[i], fine[i+1]
		for c > 0 && coarse[c] > lo {
			c--
		}
		for ; c < len(coarse)-1 && coarse[c] < hi; c++ {
			if part := math.Min(hi, coarse[c+1]) - math.Max(lo, coarse[c]); part > 0 {
				out[i] = append(out[i], share{c, part / (hi - lo)})
			}
		}
		c = min(c, len(coarse)-2)
	}
	return out
}
