package solvers

import (
	"context"
	"math"
	"math/cmplx"

	"gonum.org/v1/gonum/mat"

	"fokker/grid"
)

// resolvents solves the complex shifted equations
//
//	(ζ − A) y = A m,  A = Qᵀ,
//
// of one law m for any number of shifts ζ at once. With K = (I − τA)⁻¹ and
// z = τζ they read (I + (z−1)K) y = Km − m, and the Krylov space of K and this
// right-hand side is the same for all z: a basis of it, made by solutions with
// the one real shift 1/τ, serves them all (Moret and Novati 2004; van den Eshof
// and Hochbruck 2006). y is found by Galerkin's condition in the space.
//
// Where something is absorbed laws have one cell more than the mesh for that. So
// A conserves, and every y sums to zero, whatever the errors of the basis.
type resolvents struct {
	equation kept
	tau      float64
	accuracy float64 // of real solutions
	workers  int
	basis    [][]float64 // orthonormal; the last one is outside the space
	norm     []float64   // ‖basis_j‖₁
	column   [][]float64 // K basis_j = Σ_i column_ji basis_i
	start    float64     // ‖Km − m‖₂
	matrix   []complex128
	apart    []float64    // of two laws
	known    []complex128 // ritz values
	knows    int          // of so many dimensions
}

func newResolvents(ctx context.Context, equation kept, m []float64, accuracy float64, workers int) (*resolvents, error) {
	r := &resolvents{equation: equation, tau: equation.tau, accuracy: accuracy, workers: workers}
	d := make([]float64, len(m))
	if err := r.apply(ctx, d, m); err != nil {
		return r, err
	}
	addScaled(d, -1, m)
	level(d)
	r.start = math.Sqrt(dot(d, d))
	if r.start > 0 {
		r.include(d, r.start)
	}
	return r, nil
}

// size is the dimension of the space.
func (r *resolvents) size() int { return len(r.column) }

// whole reports whether the space contains all y.
func (r *resolvents) whole() bool { return len(r.basis) == len(r.column) }

// apply writes Kx; the last cell keeps what it has and what the others lose.
func (r *resolvents) apply(ctx context.Context, dst, x []float64) error {
	n := r.equation.rows.Size()
	if err := r.equation.solve(ctx, dst[:n], x[:n], r.accuracy); err != nil {
		return err
	}
	if n < len(x) {
		dst[n] = x[n] + taken(r.equation.rows.Absorption(), r.tau, dst[:n], x[:n])
	}
	return nil
}

func (r *resolvents) include(v []float64, length float64) {
	for i := range v {
		v[i] /= length
	}
	r.basis, r.norm = append(r.basis, v), append(r.norm, l1(v))
}

// grow adds a dimension (Arnoldi 1951).
func (r *resolvents) grow(ctx context.Context) error {
	last := r.basis[len(r.basis)-1]
	w := make([]float64, len(last))
	if err := r.apply(ctx, w, last); err != nil {
		return err
	}
	whole := math.Sqrt(dot(w, w))
	column := make([]float64, len(r.basis), len(r.basis)+1)
	for range 2 { // which is enough (Giraud, Langou, Rozložník and van den Eshof 2005)
		for i, c := range r.remove(w) {
			column[i] += c
		}
		level(w)
	}
	left := math.Sqrt(dot(w, w))
	if left <= 4*roundoff*whole {
		r.column = append(r.column, column)
		return nil
	}
	r.column = append(r.column, append(column, left))
	r.include(w, left)
	return nil
}

// level makes the sum zero, which differs from that by rounding as K keeps sums.
// Cells that nothing reaches stay empty.
func level(w []float64) {
	part := sum(w) / l1(w)
	if !finite(part) { // w = 0
		return
	}
	for i, v := range w {
		w[i] -= part * math.Abs(v)
	}
}

// remove subtracts from w its projection on the basis and returns the coefficients.
func (r *resolvents) remove(w []float64) []float64 {
	c := make([]float64, len(r.basis))
	grid.Range{Hi: len(c)}.Each(r.workers, func(part grid.Range) {
		for lo := 0; lo < len(w); lo += sdirkBlock {
			hi := min(lo+sdirkBlock, len(w))
			for i := part.Lo; i < part.Hi; i++ {
				c[i] += dot(r.basis[i][lo:hi], w[lo:hi])
			}
		}
	})
	r.add(w, -1, c)
	return c
}

// add adds factor × Σ c_i basis_i to dst.
func (r *resolvents) add(dst []float64, factor float64, c []float64) {
	blocks := (len(dst) + sdirkBlock - 1) / sdirkBlock
	grid.Range{Hi: blocks}.Each(r.workers, func(part grid.Range) {
		for b := part.Lo; b < part.Hi; b++ {
			lo, hi := b*sdirkBlock, min((b+1)*sdirkBlock, len(dst))
			for i, f := range c {
				addScaled(dst[lo:hi], factor*f, r.basis[i][lo:hi])
			}
		}
	})
}

// solve writes the coefficients of y(ζ) in the basis. It returns bounds of its
// error in L1, by what is not in the space and by rounding of K, that hold if
// ‖(ζ − A)⁻¹‖₁ ≤ 1/|ζ|: the residual is (1−z) column_m y_m basis_m, and
// (I + (z−1)K)⁻¹ = I + (1−z)/τ (ζ − A)⁻¹.
func (r *resolvents) solve(dst []complex128, shift complex128) (bound, noise float64) {
	z := shift * complex(r.tau, 0)
	r.project(dst, z)
	away := cmplx.Abs(z - 1)
	inverse := 1 + away/cmplx.Abs(z)
	for j, y := range dst {
		noise += 2 * roundoff * (1 + away) * inverse * cmplx.Abs(y) * r.norm[j]
	}
	if m := r.size(); !r.whole() {
		bound = away * r.column[m-1][m] * cmplx.Abs(dst[m-1]) * r.norm[m] * inverse
	}
	return bound, noise
}

// project solves Galerkin's equations by elimination with exchanges of
// neighbouring rows, as their matrix is of Hessenberg's form.
func (r *resolvents) project(dst []complex128, z complex128) {
	m := r.size()
	if m == 0 { // nothing moves
		return
	}
	a := r.shifted(z)
	row := func(i int) []complex128 { return a[i*m : (i+1)*m] }
	clear(dst)
	dst[0] = complex(r.start, 0)
	for i := range m - 1 {
		u, v := row(i), row(i+1)
		if power(v[i]) > power(u[i]) {
			for j := i; j < m; j++ {
				u[j], v[j] = v[j], u[j]
			}
			dst[i], dst[i+1] = dst[i+1], dst[i]
		}
		f := v[i] / u[i]
		for j := i + 1; j < m; j++ {
			v[j] -= f * u[j]
		}
		dst[i+1] -= f * dst[i]
	}
	for i := m - 1; i >= 0; i-- {
		u := row(i)
		for j := i + 1; j < m; j++ {
			dst[i] -= u[j] * dst[j]
		}
		dst[i] /= u[i]
	}
}

// shifted returns I + (z−1)H by rows.
func (r *resolvents) shifted(z complex128) []complex128 {
	m := r.size()
	if len(r.matrix) < m*m {
		r.matrix = make([]complex128, 4*m*m)
	}
	a := r.matrix[:m*m]
	clear(a)
	for j, column := range r.column {
		for i, h := range column[:min(len(column), m)] {
			a[i*m+j] = (z - 1) * complex(h, 0)
		}
		a[j*m+j]++
	}
	return a
}

// ritz returns the eigenvalues λ of A as the space has them, κ = 1/(1 − τλ) being
// those of the projection of K. Where |κ|² is below rounding it says nothing.
func (r *resolvents) ritz() []complex128 {
	m := r.size()
	if r.knows == m {
		return r.known
	}
	h := mat.NewDense(m, m, nil)
	for j, column := range r.column {
		for i, v := range column[:min(len(column), m)] {
			h.Set(i, j, v)
		}
	}
	var eigen mat.Eigen
	eigen.Factorize(h, mat.EigenNone)
	r.known = r.known[:0]
	for _, k := range eigen.Values(nil) {
		if power(k) > roundoff {
			r.known = append(r.known, (1-1/k)/complex(r.tau, 0))
		}
	}
	r.knows = m
	return r.known
}

// power returns |z|².
func power(z complex128) float64 { return real(z)*real(z) + imag(z)*imag(z) }

// work returns what was done since it was last asked for.
func (r *resolvents) work() float64 {
	m := float64(r.size())
	return r.equation.work() + 4*m*m*float64(r.equation.rows.Size())/applyFlops(r.equation.rows)
}

// distance returns ‖Σ (x_j − y_j) basis_j‖₁, or a bound of it that is less than a
// value or many times more.
func (r *resolvents) distance(x, y []float64, than float64) (d float64) {
	for j := range x {
		d += math.Abs(x[j]-y[j]) * r.norm[j]
	}
	if d <= than || d > 10*than {
		return d
	}
	if len(r.apart) == 0 {
		r.apart = make([]float64, len(r.basis[0]))
	}
	clear(r.apart)
	r.add(r.apart, 1, x)
	r.add(r.apart, -1, y)
	return l1(r.apart)
}
