package solvers

import (
	"math"
	"math/cmplx"
	"testing"
)

// invert returns the inverse transform of 1/(s − λ), of which e^{λt} is exact.
func (c contour) invert(lambda complex128, t float64) (sum complex128) {
	for k, s := range c.node {
		e := c.weight[k] * cmplx.Exp(s*complex(t, 0))
		sum += (e/(s-lambda) + cmplx.Conj(e)/(cmplx.Conj(s)-lambda)) / 2
	}
	return sum
}

// worst returns the largest error for singularities in a sector, from far left
// of 1/t to 0, at times of a window.
func (c contour) worst(first, last, sector float64) (worst float64) {
	for _, angle := range []float64{0, sector / 2, sector} {
		for size := 1e-9; size < 1e4; size *= 1.5 {
			lambda := -cmplx.Rect(size, angle) / complex(last, 0)
			for _, t := range []float64{first, math.Sqrt(first * last), last} {
				worst = max(worst, cmplx.Abs(c.invert(lambda, t)-cmplx.Exp(lambda*complex(t, 0))))
			}
		}
	}
	return worst
}

func TestHyperbolaErrsAsEstimated(t *testing.T) {
	for _, sector := range sectors {
		for _, ratio := range []float64{1, 3, 10} {
			for digits := 4.; digits < 26; digits += 3 {
				c := hyperbola(1e3, 1e3*ratio, sector, digits)
				if got := c.worst(1e3, 1e3*ratio, sector); got > 4*math.Exp(-digits) {
					t.Errorf("sector %g, times 1 to %g, %d nodes: error %.2e, want about %.2e", sector, ratio, len(c.node), got, math.Exp(-digits))
				}
			}
		}
	}
}

// For one time and a real spectrum Weideman and Trefethen (2007) give α = 1.172104229,
// h = 1.081792140/n and μ = 4.492075287 n/t.
func TestHyperbolaIsThatOfWeidemanAndTrefethen(t *testing.T) {
	c := hyperbola(3, 3, 0, 20)
	n := float64(len(c.node))
	got := [3]float64{c.tilt, c.gap * n, c.scale * 3 / n}
	for i, want := range [3]float64{1.172104229, 1.081792140, 4.492075287} {
		if math.Abs(got[i]/want-1) > 1e-7 { // where the decay is largest, half of the digits of α are known
			t.Errorf("got %.9f, want %.9f", got[i], want)
		}
	}
}

func TestHyperbolaConvergesAtItsRate(t *testing.T) {
	for _, ratio := range []float64{1, 10} {
		rate, _, _ := decay(steepest(ratio, 0), ratio, 0)
		few, many := hyperbola(1, ratio, 0, 6), hyperbola(1, ratio, 0, 24)
		got := math.Log(few.worst(1, ratio, 0)/many.worst(1, ratio, 0)) / float64(len(many.node)-len(few.node))
		if math.Abs(got/rate-1) > 0.1 {
			t.Errorf("times 1 to %g: e^(−%.3f n), want e^(−%.3f n)", ratio, got, rate)
		}
	}
}

func TestContourKnowsWhatItMisses(t *testing.T) {
	c := hyperbola(1, 10, 0.3, 20)
	for _, lambda := range []complex128{-0.1, -3 + 1i, -1 + 2i, -0.3 + 1i, 0.05i, -0.01, -1 + 8i} {
		for _, at := range []float64{1, 10} {
			got, want := cmplx.Abs(c.invert(lambda, at)-cmplx.Exp(lambda*complex(at, 0))), c.misses(lambda, at)
			if math.Log(got) > max(want, -20)+2 || want > -15 && math.Log(got) < want-3 {
				t.Errorf("λ = %v, t = %g: error e^(%.1f), estimated e^(%.1f)", lambda, at, math.Log(got), want)
			}
		}
	}
}
