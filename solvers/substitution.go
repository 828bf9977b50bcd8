package solvers

// solve computes (I − τQᵀ) dst = rhs; the right-hand side may have any sign
// and be dst. Not for use by several goroutines at a time.
func (f *factor) solve(dst, rhs []float64) {
	if f.line {
		f.chain.solve(dst, rhs)
		return
	}
	f.substitute(dst, rhs, f.forward, f.backward)
}

// solveRows computes A dst = rhs where the factor is that of Aᵀ, as of I − τQ where
// solve is of I − τQᵀ: what is watched last is known first, and
// u_k = f_k/s_k + Σ_j p_kj u_j. The right-hand side may be dst. Not for use by several
// goroutines at a time.
func (f *factor) solveRows(dst, rhs []float64) {
	if f.line {
		f.chain.solveRows(dst, rhs)
		return
	}
	f.substitute(dst, rhs, f.gather, f.hand)
}

// substitute goes through the fronts in the order of their elimination and back.
func (f *factor) substitute(dst, rhs []float64, there, back func(*front)) {
	for i, c := range f.cell {
		f.work[i] = rhs[c]
	}
	for t := range f.fronts {
		there(&f.fronts[t])
	}
	for t := len(f.fronts) - 1; t >= 0; t-- {
		back(&f.fronts[t])
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

// gather computes f_k/s_k and adds r_ik f_k/s_k to the cells i watched after k.
func (f *factor) gather(t *front) {
	p := t.pivots()
	y, low := f.work[t.lo:t.hi], f.low[t.low:]
	for k := range y {
		row := low[k*p : (k+1)*p]
		y[k] = (y[k] + dot(row[:k], y[:k])) / row[k]
	}
	for i, j := range t.border {
		f.work[j] += dot(low[(p+i)*p:(p+i+1)*p], y)
	}
}

// hand adds Σ_j p_kj u_j.
func (f *factor) hand(t *front) {
	p, b := t.pivots(), len(t.border)
	y, z := f.work[t.lo:t.hi], f.local[:b]
	low, side := f.low[t.low:], f.side[t.side:]
	for i, j := range t.border {
		z[i] = f.work[j]
	}
	for k := p - 1; k >= 0; k-- {
		y[k] += dot(low[k*p+k+1:(k+1)*p], y[k+1:]) + dot(side[k*b:(k+1)*b], z)
	}
}
