package operators

import (
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"fokker/grid"
)

// matrix acts along an axis of an array: on columns of `inner` numbers, of which
// there are `outer`. It is dense, or has a few entries a row.
type matrix struct {
	rows, columns int
	full          []float64 // by rows; nil where sparse
	own, turned   []stencil // of the rows, and of the transpose
}

// stencil is the entries of a row.
type stencil struct {
	to     []int
	weight []float64
}

func dense(m *mat.Dense) *matrix {
	r, c := m.Dims()
	return &matrix{rows: r, columns: c, full: slices.Clone(m.RawMatrix().Data)}
}

func sparseOf(rows []stencil, columns int) *matrix {
	m := &matrix{rows: len(rows), columns: columns, own: rows, turned: make([]stencil, columns)}
	for i, r := range rows {
		for e, j := range r.to {
			t := &m.turned[j]
			t.to, t.weight = append(t.to, i), append(t.weight, r.weight[e])
		}
	}
	return m
}

// apply writes A x.
func (m *matrix) apply(dst, x []float64, inner, outer, workers int) {
	if m.full != nil {
		m.multiply(dst, x, inner, outer, blas.NoTrans)
		return
	}
	gather(dst, x, inner, m.columns, m.own, workers)
}

// transposed writes Aᵀ x.
func (m *matrix) transposed(dst, x []float64, inner, outer, workers int) {
	if m.full != nil {
		m.multiply(dst, x, inner, outer, blas.Trans)
		return
	}
	gather(dst, x, inner, m.rows, m.turned, workers)
}

// alone is how many numbers are gathered sooner by one worker than by several.
const alone = 1 << 14

// gather writes sums of rows of x.
func gather(dst, x []float64, inner, columns int, rows []stencil, workers int) {
	if len(dst) <= alone {
		workers = 1
	}
	grid.Range{Hi: len(dst) / inner}.Each(workers, func(r grid.Range) {
		i := r.Lo % len(rows)
		from := x[r.Lo/len(rows)*columns*inner:]
		for at := r.Lo; at < r.Hi; at++ {
			if inner == 1 {
				dst[at] = rows[i].dot(from)
			} else {
				rows[i].sum(dst[at*inner:(at+1)*inner], from)
			}
			if i++; i == len(rows) && at+1 < r.Hi {
				i, from = 0, from[columns*inner:]
			}
		}
	})
}

// dot returns Σ weight x, most often of cells that follow each other.
func (s *stencil) dot(x []float64) (sum float64) {
	if n := len(s.to); n > 0 && s.to[n-1] == s.to[0]+n-1 {
		x = x[s.to[0]:][:n]
		switch w := s.weight; n {
		case 3:
			return w[0]*x[0] + w[1]*x[1] + w[2]*x[2]
		case 4:
			return w[0]*x[0] + w[1]*x[1] + w[2]*x[2] + w[3]*x[3]
		case 5:
			return w[0]*x[0] + w[1]*x[1] + w[2]*x[2] + w[3]*x[3] + w[4]*x[4]
		}
		for e, w := range s.weight {
			sum += w * x[e]
		}
		return sum
	}
	for e, j := range s.to {
		sum += s.weight[e] * x[j]
	}
	return sum
}

// sum writes Σ weight × row of x, four rows at a time.
func (s *stencil) sum(dst, x []float64) {
	n := len(dst)
	row := func(e int) []float64 { return x[s.to[e]*n:][:n] }
	clear(dst)
	e := 0
	for ; e+4 <= len(s.to); e += 4 {
		w := (*[4]float64)(s.weight[e:])
		a, b, c, d := row(e), row(e+1), row(e+2), row(e+3)
		for i := range dst {
			dst[i] += w[0]*a[i] + w[1]*b[i] + w[2]*c[i] + w[3]*d[i]
		}
	}
	for ; e < len(s.to); e++ {
		w := s.weight[e]
		for i, v := range row(e) {
			dst[i] += w * v
		}
	}
}

// multiply is the product of dense matrices.
func (m *matrix) multiply(dst, x []float64, inner, outer int, t blas.Transpose) {
	a := blas64.General{Rows: m.rows, Cols: m.columns, Stride: m.columns, Data: m.full}
	in, out := m.columns, m.rows
	if t == blas.Trans {
		in, out = out, in
	}
	if inner == 1 { // lines are rows
		turn := blas.Trans
		if t == blas.Trans {
			turn = blas.NoTrans
		}
		blas64.Gemm(blas.NoTrans, turn, 1, general(x, outer, in), a, 0, general(dst, outer, out))
		return
	}
	for o := range outer {
		blas64.Gemm(t, blas.NoTrans, 1, a, general(x[o*in*inner:], in, inner), 0, general(dst[o*out*inner:], out, inner))
	}
}

func general(x []float64, rows, columns int) blas64.General {
	return blas64.General{Rows: rows, Cols: columns, Stride: columns, Data: x[:rows*columns]}
}
