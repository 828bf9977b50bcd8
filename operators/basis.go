package operators

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"fokker/grid"
)

// basis is how functions along an axis are known from their cells: matrices
// between averages over cells, values at centres, and values at faces. The
// averages of a derivative are differences of values at faces over the widths, so
// that what leaves one cell enters another, whatever the matrices.
type basis struct {
	values   *matrix // averages → values at centres
	averages *matrix // values at centres → averages, the inverse to the order of the basis
	slope    *matrix // values at centres → derivative there
	face     *matrix // values at centres → values at faces, one more than cells
	rise     *matrix // values at centres → derivative at faces
	weight   []float64
	beyond   [2][]float64 // of a periodic axis: shares of the ghosts below and above, from the end on
}

// newBasis returns the basis of an axis. Weight is that of the quadrature
// ∫f dx = Σ weight f(centre), ∑ over cells of width × average.
func newBasis(g *grid.Grid, k int, order Order) *basis {
	var b *basis
	switch {
	case order == Fourth:
		b = newStencils(g, k).basis()
	case g.Axis(k).Ends[0] == grid.Periodic || uniform(g.Widths(k)):
		b = fourier(g.Cells(k), g.Axis(k))
	default:
		b = chebyshev(g.Axis(k), g.Centers(k))
	}
	b.weight = make([]float64, g.Cells(k))
	b.averages.transposed(b.weight, g.Widths(k), 1, 1, 1)
	return b
}

// uniform reports whether widths are equal but for rounding of the edges.
func uniform(widths []float64) bool {
	for _, w := range widths {
		if math.Abs(w-widths[0]) > 1e-9*widths[0] {
			return false
		}
	}
	return true
}

// extrema reports whether edges are the extrema of Chebyshev's polynomial but for rounding.
func extrema(edges []float64) bool {
	n := len(edges) - 1
	for i, e := range edges {
		unit := 2*(e-edges[0])/(edges[n]-edges[0]) - 1
		if math.Abs(unit+math.Cos(math.Pi*float64(i)/float64(n))) > 1e-9 {
			return false
		}
	}
	return true
}

// fourier is trigonometric interpolation with the period of the axis. The mode of
// n/2 waves, seen at the centres as (−1)^i alone, is a cosine.
func fourier(n int, a grid.Axis) *basis {
	radian := 2 * math.Pi / (a.Edges[n] - a.Edges[0])
	half := math.Pi / float64(n) // from a centre to a face
	kernel := func(at float64, mode func(k int, angle float64) float64) []float64 {
		c := make([]float64, n)
		for i := range c {
			// angles are multiples of half: reduced before they lose digits
			for k := 0; 2*k <= n; k++ {
				twice := 2.0
				if k == 0 || 2*k == n {
					twice = 1
				}
				steps := math.Mod((2*float64(i)+at)*float64(k), 2*float64(n))
				c[i] += twice * mode(k, steps*half) / float64(n)
			}
		}
		return c
	}
	sinc := func(k int) float64 {
		if k == 0 {
			return 1
		}
		return math.Sin(float64(k)*half) / (float64(k) * half)
	}
	derivative := func(k int, x float64) float64 { return -float64(k) * radian * math.Sin(x) }
	var ends [2][]float64
	if a.Ends[0] == grid.Periodic {
		ends[0] = seam((a.Edges[n]-a.Edges[0])/float64(n), min(differences, n))
		ends[1] = ends[0]
	}
	return &basis{
		beyond:   ends,
		values:   circulant(n, n, kernel(0, func(k int, x float64) float64 { return math.Cos(x) / sinc(k) })),
		averages: circulant(n, n, kernel(0, func(k int, x float64) float64 { return math.Cos(x) * sinc(k) })),
		slope:    circulant(n, n, kernel(0, derivative)),
		face:     circulant(n+1, n, kernel(-1, func(_ int, x float64) float64 { return math.Cos(x) })),
		rise:     circulant(n+1, n, kernel(-1, derivative)),
	}
}

// circulant returns the matrix with entries c_(i−j).
func circulant(rows, n int, c []float64) *matrix {
	m := mat.NewDense(rows, n, nil)
	for i := range rows {
		for j := range n {
			m.Set(i, j, c[((i-j)%n+n)%n])
		}
	}
	return dense(m)
}

// chebyshev is interpolation by polynomials of degree n − 1, as sums of those of
// Chebyshev (1854). The edges are their extrema, and the centres their zeros but
// for a factor 1 − π²/8n², so that no matrix grows faster than with n². Nothing
// passes the walls.
func chebyshev(a grid.Axis, centers []float64) *basis {
	n := len(centers)
	lo, hi := a.Edges[0], a.Edges[n]
	scale := 2 / (hi - lo)
	unit := func(x float64) float64 { return math.Max(-1, math.Min(1, (x-lo)*scale-1)) }
	values, slopes, averages := mat.NewDense(n, n, nil), mat.NewDense(n, n, nil), mat.NewDense(n, n, nil)
	faces, rises := mat.NewDense(n+1, n, nil), mat.NewDense(n+1, n, nil)
	for j := range n {
		for i, x := range centers {
			values.Set(i, j, polynomial(j, unit(x)))
			slopes.Set(i, j, scale*polynomialSlope(j, unit(x)))
			from, to := unit(a.Edges[i]), unit(a.Edges[i+1])
			averages.Set(i, j, (primitive(j, to)-primitive(j, from))/(to-from))
		}
		for f := 1; f < n; f++ {
			faces.Set(f, j, polynomial(j, unit(a.Edges[f])))
			rises.Set(f, j, scale*polynomialSlope(j, unit(a.Edges[f])))
		}
	}
	return &basis{
		values: over(values, averages), averages: over(averages, values),
		slope: over(slopes, values), face: over(faces, values), rise: over(rises, values),
	}
}

// over returns A B⁻¹.
func over(a, b *mat.Dense) *matrix {
	var x mat.Dense
	if err := x.Solve(b.T(), a.T()); err != nil {
		panic(err) // centres are distinct, and their polynomials well conditioned
	}
	return dense(mat.DenseCopyOf(x.T()))
}

// polynomial returns T_j(x) = cos(j arccos x).
func polynomial(j int, x float64) float64 { return math.Cos(float64(j) * math.Acos(x)) }

// polynomialSlope returns T′_j = j sin(jθ)/sin θ, inside the interval.
func polynomialSlope(j int, x float64) float64 {
	angle := math.Acos(x)
	return float64(j) * math.Sin(float64(j)*angle) / math.Sin(angle)
}

// primitive returns ∫T_j = (T_(j+1)/(j+1) − T_(j−1)/(j−1))/2, or x, or x²/2.
func primitive(j int, x float64) float64 {
	switch j {
	case 0:
		return x
	case 1:
		return x * x / 2
	}
	return (polynomial(j+1, x)/float64(j+1) - polynomial(j-1, x)/float64(j-1)) / 2
}
