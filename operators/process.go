// Package operators says how mass moves between cells.
//
// A process dX = b dt + σ dW (Itô) is written once, as a Process; terms turn
// it into rates between the cells of a grid, and the rates of all terms
// together are a generator. Positivity (rates ≥ 0) and conservation (rows sum
// to minus the absorption) are properties of the rates, so every solver
// inherits them and none repairs them.
//
// The package does not solve anything and does not know where processes come
// from.
package operators

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"fokker/grid"
)

// Process is dX = b(X, t) dt + σ(X, t) dW in the sense of Itô. Points come in
// columns: x[d][i] is coordinate d of point i, and the results are written in
// the same way, b[d][i] and s[d·Columns+c][i].
type Process interface {
	Dim() int
	Columns() int // of σ, the number of Brownian motions
	Drift(b, x [][]float64, t float64)
	Noise(s, x [][]float64, t float64)
}

// Diffusive is a process that knows D = σσᵀ/2, so that no root of a singular
// tensor is taken. d has Dim × Dim columns, row by row.
type Diffusive interface {
	Process
	Diffusion(d, x [][]float64, t float64)
}

// Reversible is the process dX = (−M∇U + F) dt + ∇·(MT) dt + √(2MT) dW, the
// isothermal reading of diffusion D = MT in a potential U with a diagonal
// mobility M and one constant temperature per axis. Where the temperatures are
// equal and F = 0 its law is e^(−U/T).
type Reversible interface {
	Process
	Potential(u []float64, x [][]float64, t float64)
	Mobility(m, x [][]float64, t float64) // M, one column per axis
	Force(f, x [][]float64, t float64)    // F, one column per axis
	Temperature() []float64               // T, one per axis
}

// diffusion writes the columns of D = σσᵀ/2.
func diffusion(d, x [][]float64, t float64, p Process) {
	if q, ok := p.(Diffusive); ok {
		q.Diffusion(d, x, t)
		return
	}
	dim, columns := p.Dim(), p.Columns()
	s := Columns(dim*columns, len(x[0]))
	p.Noise(s, x, t)
	for k := range dim {
		for l := range dim {
			out := d[k*dim+l]
			clear(out)
			for c := range columns {
				for i := range out {
					out[i] += s[k*columns+c][i] * s[l*columns+c][i] / 2
				}
			}
		}
	}
}

// Lined is a process that makes use of points being those of a grid. Lines
// prepares it for the points with coordinate k among at[k], at time t. What it
// returns writes nothing and gives, for n points that follow the one at
// positions from along the first axis, the columns of b and D; nil stands for a
// column of zeros. They are to be read only, and good until the next call. The
// numbers are those of Drift and Diffusion to the last bit.
type Lined interface {
	Diffusive
	Lines(at [][]float64, t float64) func(from []int, n int) (b, d [][]float64)
}

// LinedReversible is a reversible process that makes use of points being those
// of a grid, as Lined does. A column of M or F that is zero may be nil.
type LinedReversible interface {
	Reversible
	PotentialLines(at [][]float64, t float64) func(from []int, n int) (u []float64)
	FaceLines(at [][]float64, t float64) func(from []int, n int) (m, f [][]float64)
}

// potentialLines returns U along lines.
func potentialLines(p Reversible, at [][]float64, t float64) func(from []int, n int) []float64 {
	if l, ok := p.(LinedReversible); ok {
		return l.PotentialLines(at, t)
	}
	x, u := Columns(len(at), len(at[0])), make([]float64, len(at[0]))
	return func(from []int, n int) []float64 {
		p.Potential(u[:n], along(x, at, from, n), t)
		return u[:n]
	}
}

// faceLines returns M and F along lines.
func faceLines(p Reversible, at [][]float64, t float64) func(from []int, n int) (m, f [][]float64) {
	if l, ok := p.(LinedReversible); ok {
		return l.FaceLines(at, t)
	}
	dim, length := len(at), len(at[0])
	x, m, f := Columns(dim, length), Columns(dim, length), Columns(dim, length)
	return func(from []int, n int) ([][]float64, [][]float64) {
		points, m, f := along(x, at, from, n), cut(m, n), cut(f, n)
		p.Mobility(m, points, t)
		p.Force(f, points, t)
		return m, f
	}
}

// along writes the points of a line as columns.
func along(x, at [][]float64, from []int, n int) [][]float64 {
	x = cut(x, n)
	copy(x[0], at[0][from[0]:])
	for k := 1; k < len(x); k++ {
		for i := range x[k] {
			x[k][i] = at[k][from[k]]
		}
	}
	return x
}

// centers returns the coordinates of the centres, per axis.
func centers(g *grid.Grid) [][]float64 {
	x := make([][]float64, g.Dim())
	for k := range x {
		x[k] = g.Centers(k)
	}
	return x
}

// Coefficients evaluates drift and diffusion at the centres of r, a piece of a
// line along the first axis at a time, and refuses values that are not finite.
// Columns of zeros may be nil.
func Coefficients(p Process, g *grid.Grid, r grid.Range, t float64, visit func(r grid.Range, b, d [][]float64) error) error {
	dim := g.Dim()
	return evaluate(p, g, r, t, func(r grid.Range, b, d [][]float64) error {
		at := func(i int) []float64 { return center(g, r.Lo+i) }
		err := finite("drift", b, at)
		for k := 0; k < dim && err == nil; k++ {
			err = finite("diffusion", d[k*dim:(k+1)*dim], at)
		}
		if err != nil {
			return err
		}
		return visit(r, b, d)
	})
}

// evaluate hands over the coefficients of the pieces of lines that r consists of.
func evaluate(p Process, g *grid.Grid, r grid.Range, t float64, visit func(r grid.Range, b, d [][]float64) error) error {
	if lined, ok := p.(Lined); ok {
		lines, from := lined.Lines(centers(g), t), make([]int, g.Dim())
		return pieces(g, r, func(r grid.Range) error {
			g.Locate(from, r.Lo)
			b, d := lines(from, r.Len())
			return visit(r, b, d)
		})
	}
	dim := p.Dim()
	x, b, d := Columns(dim, chunk), Columns(dim, chunk), Columns(dim*dim, chunk)
	pieceB, pieceD := make([][]float64, dim), make([][]float64, dim*dim)
	return r.Chunks(chunk, func(all grid.Range) error {
		x, b, d := cut(x, all.Len()), cut(b, all.Len()), cut(d, all.Len())
		g.Points(x, all)
		p.Drift(b, x, t)
		diffusion(d, x, t, p)
		return pieces(g, all, func(r grid.Range) error {
			lo, hi := r.Lo-all.Lo, r.Hi-all.Lo
			for k := range b {
				pieceB[k] = b[k][lo:hi]
			}
			for k := range d {
				pieceD[k] = d[k][lo:hi]
			}
			return visit(r, pieceB, pieceD)
		})
	})
}

// filled writes the columns with zeros in the place of nil.
func filled(dst, columns [][]float64, zeros []float64) {
	for k, c := range columns {
		if dst[k] = c; c == nil {
			dst[k] = zeros
		}
	}
}

// pieces calls do for parts of lines along the first axis, of at most chunk
// cells.
func pieces(g *grid.Grid, r grid.Range, do func(grid.Range) error) error {
	n := g.Cells(0)
	for lo := r.Lo; lo < r.Hi; {
		hi := min(lo+chunk, lo-lo%n+n, r.Hi)
		if err := do(grid.Range{Lo: lo, Hi: hi}); err != nil {
			return err
		}
		lo = hi
	}
	return nil
}

// center returns the centre of a cell.
func center(g *grid.Grid, cell int) []float64 {
	x := make([]float64, g.Dim())
	for k := range x {
		x[k] = g.Centers(k)[g.Along(k, cell)]
	}
	return x
}

// Columns allocates k columns of n numbers.
func Columns(k, n int) [][]float64 {
	all := make([]float64, k*n)
	out := make([][]float64, k)
	for i := range out {
		out[i] = all[i*n : (i+1)*n : (i+1)*n]
	}
	return out
}

// cut returns the first n numbers of each column.
func cut(columns [][]float64, n int) [][]float64 {
	out := make([][]float64, len(columns))
	for i, c := range columns {
		out[i] = c[:n]
	}
	return out
}

// Pointwise is a process given point by point: drift and noise write b and
// σ (row by row, with the given number of columns) at one point.
type Pointwise struct {
	Dimension, Noises int
	DriftAt           func(b, x []float64, t float64)
	NoiseAt           func(s, x []float64, t float64)
}

// Dim returns the number of coordinates.
func (p Pointwise) Dim() int { return p.Dimension }

// Columns returns the number of columns of σ.
func (p Pointwise) Columns() int { return p.Noises }

// Drift writes b.
func (p Pointwise) Drift(b, x [][]float64, t float64) { pointwise(p.DriftAt, b, x, t) }

// Noise writes σ.
func (p Pointwise) Noise(s, x [][]float64, t float64) { pointwise(p.NoiseAt, s, x, t) }

func pointwise(f func(out, x []float64, t float64), out, x [][]float64, t float64) {
	to, at := make([]float64, len(out)), make([]float64, len(x))
	for i := range x[0] {
		for d := range x {
			at[d] = x[d][i]
		}
		clear(to)
		f(to, at, t)
		for d := range out {
			out[d][i] = to[d]
		}
	}
}

// Root writes σ = √(2D), the symmetric root, from the columns of D: σσᵀ/2 = D.
// s and d have dim × dim columns, row by row, and may be the same.
func Root(s, d [][]float64, dim int) {
	if dim == 1 {
		for i, v := range d[0] {
			s[0][i] = math.Sqrt(2 * v)
		}
		return
	}
	if dim == 2 {
		rootPlane(s, d)
		return
	}
	m := mat.NewSymDense(dim, nil)
	var eigen mat.EigenSym
	var vectors, root mat.Dense
	for i := range d[0] {
		for k := range dim {
			for l := range k + 1 {
				m.SetSym(k, l, 2*d[k*dim+l][i])
			}
		}
		if !eigen.Factorize(m, true) {
			for k := range s {
				s[k][i] = math.NaN()
			}
			continue
		}
		values := eigen.Values(nil)
		for k, v := range values {
			values[k] = math.Sqrt(math.Sqrt(max(v, 0))) // what is negative is rounding of a singular D
		}
		eigen.VectorsTo(&vectors)
		root.Mul(&vectors, mat.NewDiagDense(dim, values))
		vectors.Mul(&root, root.T())
		for k := range s {
			s[k][i] = vectors.At(k/dim, k%dim)
		}
	}
}

// rootPlane is Root in two dimensions: √A = (A + √det A)/√(tr A + 2√det A).
func rootPlane(s, d [][]float64) {
	for i := range d[0] {
		xx, xy, yy := 2*d[0][i], d[1][i]+d[2][i], 2*d[3][i]
		det := math.Sqrt(max(xx*yy-xy*xy, 0)) // what is negative is rounding of a singular D
		norm := math.Sqrt(xx + yy + 2*det)
		if norm == 0 {
			s[0][i], s[1][i], s[2][i], s[3][i] = 0, 0, 0, 0
			continue
		}
		s[0][i], s[3][i] = (xx+det)/norm, (yy+det)/norm
		s[1][i] = xy / norm
		s[2][i] = s[1][i]
	}
}
