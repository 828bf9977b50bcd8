package multigrid

// Subtraction-free elimination of states (Grassmann, Taksar and Heyman 1985):
// the law of the process watched only while outside the eliminated states is
// proportional to the old one, and its rates are sums of products of positive
// numbers, so that every entry of the law is right to a relative accuracy.

const (
	// huge bounds the entries of a law under construction: products with any
	// rate stay finite, and what it scales away is less than 1e-200 of the rest.
	huge = 1e200
	// leak lets mass out of states that nothing leaves. Such a state is an
	// artefact of a coarse grid; the finer ones decide.
	leak = 1e-100
)

// dense writes into p the law of the n × n matrix of rates a, row-major,
// which is destroyed; its diagonal is not read.
func dense(p, a []float64) {
	n := len(p)
	for m := n - 1; m > 0; m-- {
		last := a[m*n : m*n+m]
		out := sum(last)
		if out == 0 {
			last[0], out = leak, leak
		}
		first := 0 // on a grid, where rows fill up within a band
		for last[first] == 0 {
			first++
		}
		last = last[first:]
		for i := range m {
			if a[i*n+m] == 0 {
				continue
			}
			f := a[i*n+m] / out
			a[i*n+m] = f
			row := a[i*n+first : i*n+m]
			row = row[:len(last)]
			for j, r := range last {
				row[j] += f * r
			}
		}
	}
	p[0] = 1
	for m := 1; m < n; m++ {
		p[m] = 0
		for i := range m {
			p[m] += p[i] * a[i*n+m]
		}
		rescale(p[:m+1])
	}
	scale(p, 1/sum(p))
}

// ring writes into p the law of cells in a ring, or in a line if the rates
// across its ends are zero: up from cell i to i+1, down to i−1. Eliminating
// the last cell leaves a ring.
func ring(p, up, down []float64) {
	n := len(p)
	fromBelow, fromFirst := make([]float64, n), make([]float64, n) // rates into the cell over the rate out, when it is the last
	first, u, d := down[0], up[n-1], 0.0
	for m := n - 1; m > 0; m-- {
		d = down[m]
		out := u + d
		if out == 0 {
			d, out = leak, leak
		}
		fromBelow[m], fromFirst[m] = up[m-1]/out, first/out
		u, first = up[m-1]*(u/out), first*(d/out)
	}
	p[0] = 1
	for m := 1; m < n; m++ {
		p[m] = p[m-1]*fromBelow[m] + p[0]*fromFirst[m]
		rescale(p[:m+1])
	}
	scale(p, 1/sum(p))
}

// rescale divides p by its last entry if that is huge.
func rescale(p []float64) {
	if last := p[len(p)-1]; last > huge {
		scale(p, 1/last)
	}
}

// sum adds up in four threads, which do not wait for one another.
func sum(p []float64) float64 {
	var a, b, c, d float64
	for ; len(p) >= 4; p = p[4:] {
		a, b, c, d = a+p[0], b+p[1], c+p[2], d+p[3]
	}
	for _, m := range p {
		a += m
	}
	return (a + b) + (c + d)
}

func scale(p []float64, c float64) {
	for i := range p {
		p[i] *= c
	}
}
