package solvers

// panel is the number of pivots whose rows are applied together to the rest
// of a front; their stripes of 64 kB stay in a second-level cache.
const (
	panel  = 16
	stripe = 512 // columns
	band   = 32  // rows of a front that one worker updates at a time
)

// sum adds in eight interleaved parts, so that its rounding error, which is
// mass lost or gained, grows with an eighth of the length.
func sum(x []float64) float64 {
	var part [8]float64
	for ; len(x) >= 8; x = x[8:] {
		for i := range part {
			part[i] += x[i]
		}
	}
	for i, v := range x {
		part[i] += v
	}
	return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]))
}

// square is the rates between n cells by rows, each followed by the rate of
// loss. The diagonal has no meaning until a pivot is written there.
type square struct {
	v []float64
	n int
}

func (a square) row(i int) []float64 { return a.v[i*(a.n+1) : (i+1)*(a.n+1)] }

// reduce applies the pivots [lo, hi) to row i.
func (a square) reduce(i, lo, hi int) {
	row := a.row(i)
	for k := lo; k < hi; k++ {
		if r := row[k]; r != 0 {
			axpy(row[k+1:], r, a.row(k)[k+1:])
		}
	}
}

// update applies the pivots [k, end) to rows [lo, hi).
func (a square) update(k, end, lo, hi int) {
	for i := lo; i < hi; i++ { // within the panel, one pivot after another
		row := a.row(i)[:end]
		for l := k; l < end-1; l++ {
			if r := row[l]; r != 0 {
				axpy(row[l+1:], r, a.row(l)[l+1:end])
			}
		}
	}
	for c := end; c <= a.n; c += stripe {
		d := min(c+stripe, a.n+1)
		i := lo
		for ; i+1 < hi; i += 2 {
			a.pair(i, k, end, c, d)
		}
		if i < hi {
			row := a.row(i)
			for l := k; l < end; l++ {
				axpy(row[c:d], row[l], a.row(l)[c:d])
			}
		}
	}
}

// pair applies the pivots [k, end) to columns [c, d) of rows i and i+1.
func (a square) pair(i, k, end, c, d int) {
	u, v := a.row(i), a.row(i+1)
	for ; k+4 <= end; k += 4 {
		x, y := (*[4]float64)(u[k:]), (*[4]float64)(v[k:])
		if *x == [4]float64{} && *y == [4]float64{} {
			continue
		}
		rank4(u[c:d], v[c:d], a.row(k)[c:d], a.row(k + 1)[c:d], a.row(k + 2)[c:d], a.row(k + 3)[c:d], x, y)
	}
	for ; k < end; k++ {
		axpy(u[c:d], u[k], a.row(k)[c:d])
		axpy(v[c:d], v[k], a.row(k)[c:d])
	}
}

// rank4 adds Σ x_k b_k to u and Σ y_k b_k to v.
func rank4(u, v, b0, b1, b2, b3 []float64, x, y *[4]float64) {
	v, b0, b1, b2, b3 = v[:len(u)], b0[:len(u)], b1[:len(u)], b2[:len(u)], b3[:len(u)]
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
	y0, y1, y2, y3 := y[0], y[1], y[2], y[3]
	for j := range u {
		c0, c1, c2, c3 := b0[j], b1[j], b2[j], b3[j]
		u[j] += (x0*c0 + x1*c1) + (x2*c2 + x3*c3)
		v[j] += (y0*c0 + y1*c1) + (y2*c2 + y3*c3)
	}
}

// axpy adds r·x to dst.
func axpy(dst []float64, r float64, x []float64) {
	x = x[:len(dst)]
	for j := range dst {
		dst[j] += r * x[j]
	}
}

// axpy4 adds Σ r_k x_k to dst, where x_k begins at x[k·n].
func axpy4(dst []float64, r *[4]float64, x []float64, n int) {
	if len(dst) == 0 {
		return
	}
	r0, r1, r2, r3 := r[0], r[1], r[2], r[3]
	x0, x1, x2, x3 := x[:len(dst)], x[n:][:len(dst)], x[2*n:][:len(dst)], x[3*n:][:len(dst)]
	for j := range dst {
		dst[j] += (r0*x0[j] + r1*x1[j]) + (r2*x2[j] + r3*x3[j])
	}
}
