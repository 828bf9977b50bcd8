package cases

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
)

// polynomials solves dX = b dt + √(2D) dW between two walls by Galerkin's method
// (Canuto and others 2006): p = Σ cⱼ Pⱼ, Pⱼ those of Legendre, orthonormal on [lo, hi],
// whose expectations move by d/dt E Pᵢ = ∫ (b p − D p′) Pᵢ′ dx. It is as exact as the law
// is smooth, to some digits less than rounding, and has no cells.
type polynomials struct {
	lo, hi     float64
	x, w       []float64  // of Gauss and Legendre
	at, slopes *mat.Dense // Pⱼ and Pⱼ′ there
	diffusion  float64
	drift      func(t, x float64) float64
}

func newPolynomials(n int, lo, hi, diffusion float64, drift func(t, x float64) float64) *polynomials {
	p := &polynomials{lo: lo, hi: hi, x: make([]float64, 2*n), w: make([]float64, 2*n), diffusion: diffusion, drift: drift}
	quad.Legendre{}.FixedLocations(p.x, p.w, lo, hi)
	p.at, p.slopes = mat.NewDense(n, 2*n, nil), mat.NewDense(n, 2*n, nil)
	for i, x := range p.x {
		value, slope := p.values(n, x)
		p.at.SetCol(i, value)
		p.slopes.SetCol(i, slope)
	}
	return p
}

// values returns the polynomials at a point, and their derivatives: (j+1) P_{j+1} =
// (2j+1) s P_j − j P_{j−1} and P′_{j+1} = P′_{j−1} + (2j+1) P_j.
func (p *polynomials) values(n int, x float64) (value, slope []float64) {
	half := (p.hi - p.lo) / 2
	s := (x-p.lo)/half - 1
	value, slope = make([]float64, n), make([]float64, n)
	value[0], value[1], slope[1] = 1, s, 1
	for j := 1; j+1 < n; j++ {
		k := float64(j)
		value[j+1] = ((2*k+1)*s*value[j] - k*value[j-1]) / (k + 1)
		slope[j+1] = slope[j-1] + (2*k+1)*value[j]
	}
	for j := range value {
		norm := math.Sqrt((float64(j) + .5) / half)
		value[j], slope[j] = value[j]*norm, slope[j]*norm/half
	}
	return value, slope
}

// rates returns the matrix A of dc/dt = A c at a time.
func (p *polynomials) rates(t float64) *mat.Dense {
	flux, out := mat.DenseCopyOf(p.slopes), new(mat.Dense)
	flux.Apply(func(j, i int, slope float64) float64 {
		return p.w[i] * (p.drift(t, p.x[i])*p.at.At(j, i) - p.diffusion*slope)
	}, flux)
	out.Mul(p.slopes, flux.T())
	return out
}

// from returns the coefficients of a density.
func (p *polynomials) from(density func(x float64) float64) *mat.VecDense {
	v := mat.NewVecDense(len(p.x), nil)
	for i, x := range p.x {
		v.SetVec(i, p.w[i]*density(x))
	}
	n, _ := p.at.Dims()
	out := mat.NewVecDense(n, nil)
	out.MulVec(p.at, v)
	return out
}

// point returns the coefficients of a unit mass.
func (p *polynomials) point(x float64) *mat.VecDense {
	n, _ := p.at.Dims()
	value, _ := p.values(n, x)
	return mat.NewVecDense(n, value)
}

// mean is E f.
func (p *polynomials) mean(c *mat.VecDense, f func(x float64) float64) (sum float64) {
	return mat.Dot(c, p.from(f))
}

// moved returns the coefficients at times that rise, from t = 0, by exp(A h) of rates in
// the middle of steps, at most that long.
func (p *polynomials) moved(c *mat.VecDense, times []float64, longest float64) (out []*mat.VecDense) {
	t := 0.0
	var last, e mat.Dense
	for _, end := range times {
		steps := math.Ceil((end-t)/longest - 1e-9)
		for h := (end - t) / steps; steps > 0; steps-- {
			step := p.rates(t + h/2)
			if step.Scale(h, step); last.IsEmpty() || !mat.EqualApprox(step, &last, 1e-12) {
				e.Reset()
				e.Exp(step)
				last.CloneFrom(step)
			}
			next := mat.NewVecDense(c.Len(), nil)
			next.MulVec(&e, c)
			c, t = next, t+h
		}
		t = end
		out = append(out, c)
	}
	return out
}

// swung does so by the trapezoidal rule (Crank and Nicolson 1947), for smooth laws.
func (p *polynomials) swung(c *mat.VecDense, times []float64, longest float64) (out []*mat.VecDense) {
	t, before := 0.0, p.rates(0)
	for _, end := range times {
		steps := math.Ceil((end-t)/longest - 1e-9)
		for h := (end - t) / steps; steps > 0; steps-- {
			after := p.rates(t + h)
			var left, right mat.Dense
			left.Scale(-h/2, after)
			right.Scale(h/2, before)
			for i := range c.Len() {
				left.Set(i, i, left.At(i, i)+1)
				right.Set(i, i, right.At(i, i)+1)
			}
			next := mat.NewVecDense(c.Len(), nil)
			next.MulVec(&right, c)
			if err := next.SolveVec(&left, next); err != nil {
				panic(err)
			}
			c, t, before = next, t+h, after
		}
		t = end
		out = append(out, c)
	}
	return out
}

// extrapolated is the limit of a figure of second order in steps, from those of steps
// twice as long (Richardson 1911).
func extrapolated(long, short float64) float64 { return short + (short-long)/3 }

// stepwise is the law of x ← N(at(x), deviation(x)²) by quadrature of its kernel
// (Nyström 1930) at the points of Gauss and Legendre in equal pieces.
type stepwise struct {
	x, w []float64
	k    *mat.Dense // density of a step from i at j, times w[i]
}

func newStepwise(pieces int, lo, hi float64, at, deviation func(x float64) float64) *stepwise {
	const points = 20
	s := &stepwise{x: make([]float64, points*pieces), w: make([]float64, points*pieces)}
	for i := range pieces {
		h := (hi - lo) / float64(pieces)
		from := points * i
		quad.Legendre{}.FixedLocations(s.x[from:from+points], s.w[from:from+points], lo+float64(i)*h, lo+float64(i+1)*h)
	}
	n := len(s.x)
	s.k = mat.NewDense(n, n, nil)
	for i, x := range s.x {
		to, std := at(x), deviation(x)
		for j, y := range s.x {
			s.k.Set(i, j, s.w[i]*normalDensity(y, to, std))
		}
	}
	return s
}

func normalDensity(x, mean, std float64) float64 {
	z := (x - mean) / std
	return math.Exp(-z*z/2) / (std * math.Sqrt(2*math.Pi))
}

// step returns the density after another step.
func (s *stepwise) step(p []float64) []float64 {
	out := make([]float64, len(p))
	mat.NewVecDense(len(p), out).MulVec(s.k.T(), mat.NewVecDense(len(p), p))
	return out
}

// rest is the density that a step does not change, of mass 1.
func (s *stepwise) rest() []float64 {
	n := len(s.x)
	a, b, out := mat.DenseCopyOf(s.k.T()), mat.NewVecDense(n, nil), make([]float64, n)
	for i := range n {
		a.Set(i, i, a.At(i, i)-1)
	}
	a.SetRow(0, s.w) // of the equations one follows from the others
	b.SetVec(0, 1)
	if err := mat.NewVecDense(n, out).SolveVec(a, b); err != nil {
		panic(err)
	}
	return out
}

// mean is ∫ p f.
func (s *stepwise) mean(p []float64, f func(x float64) float64) (sum float64) {
	for i, x := range s.x {
		sum += s.w[i] * p[i] * f(x)
	}
	return sum
}
