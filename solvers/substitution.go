package solvers

// solve computes (I − τQᵀ) dst = rhs; the right-hand side may have any sign
// and be dst. Not for use by several goroutines at a time.
func (f *factor) solve(dst, rhs []float64) {
	if f.line {
		f.chain.solve(dst, rhs)
		return
	}
	for i, c := range f.cell {
		f.work[i] = rhs[c]
	}
	for t := range f.fronts {
		f.forward(&f.fronts[t])
	}
	for t := len(f.fronts) - 1; t >= 0; t-- {
		f.backward(&f.fronts[t])
	}
	for i, c := range f.cell {
		dst[c] = f.work[i]
	}
}

// forward hands what starts in the pivots on to the cells watched after them.
func (f *factor) forward(t *front) {
	p, b := t.pivots(), len(t.border)
	y, z := f.work[t.lo:t.hi], f.local[:b]
	low, side := f.low[t.low:], f.side[t.side:]
	clear(z)
	k := 0
	for ; k+4 <= p; k += 4 {
		for l := k; l < k+3; l++ {
			axpy(y[l+1:k+4], y[l], low[l*p+l+1:l*p+k+4])
		}
		four := (*[4]float64)(y[k:])
		axpy4(y[k+4:], four, low[k*p+k+4:], p)
		axpy4(z, four, side[k*b:], b)
	}
	for ; k < p; k++ {
		axpy(y[k+1:], y[k], low[k*p+k+1:(k+1)*p])
		axpy(z, y[k], side[k*b:(k+1)*b])
	}
	for i, j := range t.border {
		f.work[j] += z[i]
	}
}

// backward computes x_k = (y_k + Σ_j x_j r_jk) / s_k.
func (f *factor) backward(t *front) {
	p, b := t.pivots(), len(t.border)
	y, z := f.work[t.lo:t.hi], f.local[:b]
	low := f.low[t.low:]
	for i, j := range t.border {
		z[i] = f.work[j]
	}
	i, rest := 0, low[p*p:]
	for ; i+4 <= b; i += 4 {
		axpy4(y, (*[4]float64)(z[i:]), rest[i*p:], p)
	}
	for ; i < b; i++ {
		axpy(y, z[i], rest[i*p:(i+1)*p])
	}
	k := p
	for ; k >= 4; k -= 4 {
		for l := k - 1; l >= k-4; l-- {
			y[l] /= low[l*p+l]
			axpy(y[k-4:l], y[l], low[l*p+k-4:l*p+l])
		}
		axpy4(y[:k-4], (*[4]float64)(y[k-4:]), low[(k-4)*p:], p)
	}
	for k--; k >= 0; k-- {
		y[k] /= low[k*p+k]
		axpy(y[:k], y[k], low[k*p:k*p+k])
	}
}
