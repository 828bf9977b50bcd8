package solvers

import (
	"math"
	"math/cmplx"
)

// contour is a quadrature of the integral that inverts a Laplace transform F
// with F(s̄) the conjugate of F(s):
//
//	(1/2πi) ∫ e^{st} F(s) ds ≈ Re Σ_k weight_k e^{node_k t} F(node_k).
type contour struct {
	node, weight     []complex128
	scale, tilt, gap float64 // μ, α and h of a hyperbola
}

// hyperbola returns the trapezoidal rule on s(θ) = μ(1 + sin(iθ − α)), θ = (k + ½)h,
// k = 0 … n−1, the other half of the nodes being the conjugates (Weideman and
// Trefethen 2007). One set of nodes serves all t in [first, last]. The
// singularities of F lie within an angle sector < π/2 of the negative real axis.
//
// Moving θ by iν turns α into α + ν, until the hyperbola touches the sector,
// or opens to the right. So the errors of the rule and of its end are
//
//	e^{μt(1−cos sector) − 2π(π/2−sector−α)/h},  e^{μt − 2πα/h},  e^{μt(1 − sin α cosh nh)},
//
// and h and μ make them equal, the first two at the last time, the third at
// the first. α makes them least, n is the least for which they are e^{−digits}.
func hyperbola(first, last, sector, digits float64) contour {
	alpha := steepest(last/first, sector)
	rate, stretch, length := decay(alpha, last/first, sector)
	n := math.Ceil(digits / rate)
	h := length / n
	mu := stretch / (h * last)
	c := contour{scale: mu, tilt: alpha, gap: h}
	for k := range int(n) {
		z := complex(-alpha, (float64(k)+0.5)*h)
		c.node = append(c.node, complex(mu, 0)*(1+cmplx.Sin(z)))
		c.weight = append(c.weight, complex(mu*h/math.Pi, 0)*cmplx.Cos(z))
	}
	return c
}

// decay returns the logarithm of the error per node of a hyperbola, h·μ·last,
// and the length nh.
func decay(alpha, ratio, sector float64) (rate, stretch, length float64) {
	stretch = 2 * math.Pi * (2*alpha - math.Pi/2 + sector) / math.Cos(sector)
	gain := 2*math.Pi*alpha - stretch // h times the logarithm of the error
	length = math.Acosh((1 + ratio*gain/stretch) / math.Sin(alpha))
	return gain / length, stretch, length
}

// steepest returns the α of the fastest decay, which has one maximum where both
// gain and stretch are positive.
func steepest(ratio, sector float64) float64 {
	lo := (math.Pi/2 - sector) / 2
	hi := (math.Pi/2 - sector) / (2 - math.Cos(sector))
	for range 40 { // thirds of thirds: α to (2/3)⁴⁰
		a, b := lo+(hi-lo)/3, hi-(hi-lo)/3
		left, _, _ := decay(a, ratio, sector)
		right, _, _ := decay(b, ratio, sector)
		if left < right {
			lo = a
		} else {
			hi = b
		}
	}
	return (lo + hi) / 2
}

// misses returns the logarithm of the error of e^{λt}, that is of the transform
// 1/(s − λ): if λ = s(θ + iν) with ν > 0, e^{λt − 2πν/h}, and otherwise λ is not
// enclosed.
func (c contour) misses(lambda complex128, t float64) float64 {
	nu := -real(cmplx.Asin(lambda/complex(c.scale, 0)-1)) - c.tilt
	return real(lambda)*t - math.Max(0, 2*math.Pi*nu/c.gap)
}

// factor returns weight_k e^{node_k t}/node_k, for transforms that are F(s)/s.
func (c contour) factor(k int, t float64) complex128 {
	return c.weight[k] * cmplx.Exp(c.node[k]*complex(t, 0)) / c.node[k]
}
