package expr

import "math"

// maxPolygamma bounds the order: beyond it n! leaves little of the range of a
// float64, and no derivative of that order is of use.
const maxPolygamma = 60

// bernoulli holds B₂, B₄, …, B₂₄ (Abramowitz and Stegun 1964, table 23.2).
var bernoulli = [...]float64{
	1. / 6, -1. / 30, 1. / 42, -1. / 30, 5. / 66, -691. / 2730, 7. / 6,
	-3617. / 510, 43867. / 798, -174611. / 330, 854513. / 138, -236364091. / 2730,
}

// polygamma returns ψ⁽ⁿ⁾(x), the (n+1)-th derivative of log Γ(x), for
// 0 ≤ n ≤ maxPolygamma; NaN at the poles x = 0, −1, −2, … Left of 0 it reflects
// (Abramowitz and Stegun 1964, 6.3.7 and 6.4.7):
//
//	ψ⁽ⁿ⁾(x) = (−1)ⁿ ψ⁽ⁿ⁾(1−x) − π dⁿ/dxⁿ cot(πx)
func polygamma(n int, x float64) float64 {
	switch {
	case math.IsNaN(x) || x <= 0 && x == math.Floor(x):
		return math.NaN()
	case x < 0:
		return alternate(n)*polygammaRight(n, 1-x) - math.Pi*cotangent(n, x)
	}
	return polygammaRight(n, x)
}

// alternate returns (−1)ⁿ.
func alternate(n int) float64 { return float64(1 - n%2*2) }

// polygammaRight returns ψ⁽ⁿ⁾(x) for x > 0. It steps to the right,
// ψ⁽ⁿ⁾(x) = ψ⁽ⁿ⁾(x+1) − (−1)ⁿ n! x⁻ⁿ⁻¹ (6.3.5, 6.4.6), until the asymptotic
// series has converged to rounding.
func polygammaRight(n int, x float64) float64 {
	factorial := math.Gamma(float64(n + 1))
	far := 10 + float64(n) // the series' last term is there below 1e-17 of the first
	sum := 0.0
	for ; x < far; x++ {
		sum += factorial / powi(x, n+1)
	}
	return polygammaSeries(n, x, factorial) - alternate(n)*sum
}

// polygammaSeries returns the asymptotic series (6.3.18, 6.4.11)
//
//	ψ(x) ~ log x − 1/2x − Σ B₂ₖ/(2k x²ᵏ)
//	ψ⁽ⁿ⁾(x) ~ (−1)ⁿ⁻¹ [(n−1)!/xⁿ + n!/2xⁿ⁺¹ + Σ B₂ₖ (2k+n−1)!/((2k)! x²ᵏ⁺ⁿ)]
func polygammaSeries(n int, x, factorial float64) float64 {
	first := -math.Log(x)
	power := 1.0
	if n > 0 {
		power = powi(x, -n)
		first = factorial / float64(n) * power
	}
	sum := first + factorial*power/(2*x)
	ratio := factorial * power / 2 // (2k+n−1)!/((2k)! xⁿ⁺²ᵏ⁻²) at k = 1: (n+1)!/(2! xⁿ)
	ratio *= float64(n + 1)
	for i, b := range bernoulli {
		k := float64(2 * (i + 1))
		ratio /= x * x
		sum += b * ratio
		ratio *= (k + float64(n)) * (k + float64(n) + 1) / ((k + 1) * (k + 2))
	}
	return -alternate(n) * sum
}

// cotangent returns the n-th derivative of cot(πx), a polynomial P in
// c = cot(πx): P₀ = c and Pₙ₊₁ = −π (1 + c²) P′ₙ.
func cotangent(n int, x float64) float64 {
	var p [maxPolygamma + 2]float64
	p[1] = 1
	for k := range n {
		cotangentStep(&p, k+1)
	}
	c := 1 / math.Tan(math.Pi*(x-math.Round(x)))
	sum := 0.0
	for i := n + 1; i >= 0; i-- {
		sum = sum*c + p[i]
	}
	return sum
}

// cotangentStep replaces the polynomial p of the given degree by −π (1 + c²) p′.
func cotangentStep(p *[maxPolygamma + 2]float64, degree int) {
	var q [maxPolygamma + 2]float64
	for i := 1; i <= degree; i++ {
		q[i-1] -= math.Pi * float64(i) * p[i]
		q[i+1] -= math.Pi * float64(i) * p[i]
	}
	*p = q
}
