package operators

import "fokker/grid"

// Generator is the matrix of rates of a Markov process on cells: off the
// diagonal Qᵢⱼ ≥ 0 is the rate of jumping from cell i to cell j (1/time), and
// every row sums to minus the rate of absorption. Its adjoint moves masses:
// dm/dt = Qᵀm (Kolmogorov 1931).
type Generator interface {
	Size() int
	Backward(dst, f []float64) // Q f
	Forward(dst, m []float64)  // Qᵀ m
}

// Meshed is a generator that knows its grid and can be discretised on another.
type Meshed interface {
	Generator
	Mesh() *grid.Grid
	On(g *grid.Grid) (Generator, error)
}

// Split is a generator that is a sum of simpler ones: Q = Σ parts.
type Split interface {
	Generator
	Parts() []Generator
}

// Rowed is a generator whose rows can be read. Row returns the off-diagonal
// entries of row i, columns increasing; the slices are not to be changed.
// Absorption returns the rate of being lost from every cell.
type Rowed interface {
	Generator
	Row(i int) (to []int, rate []float64)
	Absorption() []float64
}

// Flows is a generator whose net flow of mass through faces is known.
// Current writes, for axis k, the mass per unit time that crosses each face
// in the direction of the axis: face f of line l is at position f along the
// axis in an array with Cells(k)+1 faces along axis k, first axis fastest.
type Flows interface {
	Generator
	Current(axis int, dst, m []float64)
}

// Timed is a generator whose rates depend on time.
type Timed interface {
	Generator
	At(t float64) (Generator, error)
}
