package operators

import (
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
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
func (m *matrix) apply(dst, x []float64, inner, outer int) {
	if m.full != nil {
		m.multiply(dst, x, inner, outer, blas.NoTrans)
		return
	}
	gather(dst, x, inner, outer, m.columns, m.own)
}

// transposed writes Aᵀ x.
func (m *matrix) transposed(dst, x []float64, inner, outer int) {
	if m.full != nil {
		m.multiply(dst, x, inner, outer, blas.Trans)
		return
	}
	gather(dst, x, inner, outer, m.rows, m.turned)
}

// gather writes sums of rows of x.
func gather(dst, x []float64, inner, outer, columns int, rows []stencil) {
	for o := range outer {
		from := x[o*columns*inner : (o+1)*columns*inner]
		for i, r := range rows {
			to := dst[(o*len(rows)+i)*inner : (o*len(rows)+i+1)*inner]
			if inner == 1 {
				sum := 0.0
				for e, j := range r.to {
					sum += r.weight[e] * from[j]
				}
				to[0] = sum
				continue
			}
			clear(to)
			for e, j := range r.to {
				w, column := r.weight[e], from[j*inner:(j+1)*inner]
				for c, v := range column {
					to[c] += w * v
				}
			}
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
