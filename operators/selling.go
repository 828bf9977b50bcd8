package operators

import (
	"cmp"
	"math"
	"slices"
)

// ray is a weight on the jumps ±e, e in cells: a piece w e eᵀ of a tensor.
type ray struct {
	e [3]int
	w float64
}

// plane is a symmetric 2×2 tensor in units of cells.
type plane struct{ xx, xy, yy float64 }

func (m plane) dot(a, b whole) float64 {
	return a[0]*(m.xx*b[0]+m.xy*b[1]) + a[1]*(m.xy*b[0]+m.yy*b[1])
}

// whole is a vector of whole numbers, kept in the form they are computed with.
type whole [2]float64

// axes returns the eigenvalues, the larger first, and the unit eigenvector of
// the first; that of the second is (−n[1], n[0]).
func (m plane) axes() (first, second float64, n [2]float64) {
	middle, half := (m.xx+m.yy)/2, (m.xx-m.yy)/2
	radius := math.Hypot(half, m.xy)
	first = middle + radius
	if first > 0 { // λ₁λ₂ = det loses no digits where λ₂ is small and the determinant is known well
		second = max(0, (m.xx*m.yy-m.xy*m.xy)/first)
	}
	switch { // of the two forms of the same vector the one without cancellation
	case radius == 0:
		return first, second, [2]float64{1, 0}
	case half >= 0:
		n = [2]float64{half + radius, m.xy}
	default:
		n = [2]float64{math.Abs(m.xy), math.Copysign(radius-half, m.xy)}
	}
	length := math.Hypot(n[0], n[1])
	return first, second, [2]float64{n[0] / length, n[1] / length}
}

// sameSign is the size, against the trace, below which an inner product of a
// superbase is rounding.
const sameSign = 1e-14

// selling writes M = Σ w e eᵀ with w ≥ 0 and integer e, by Selling's reduction
// (Selling 1874; Fehrenbach and Mirebeau 2014): a superbase b₀ + b₁ + b₂ = 0 is
// changed until no inner product ⟨bᵢ, M bⱼ⟩ is positive; then e is each b turned
// by 90°, its weight the other two's −⟨bᵢ, M bⱼ⟩. A fourth ray makes the weights
// smooth (see smooth).
//
// No entry of e may exceed radius. A tensor so anisotropic that it needs longer
// ones lies between two of them, a and b: they are given the weights that keep
// the larger eigenvalue λ₁ and the directions of M,
//
//	wₐ = λ₁/(xₐ(xₐ − x_b yₐ/y_b)),  x = e·n, y = e·n⊥,
//
// and the smaller eigenvalue grows by added ≥ 0, of order λ₁/radius⁴ in general
// and λ₁/radius² beside an axis.
func selling(m plane, radius int) (rays [4]ray, added float64) {
	base := [3]whole{{1, 0}, {0, 1}, {-1, -1}}
	zero := sameSign * (m.xx + m.yy)
	for {
		i, j, worst := 0, 0, zero
		for k := range 3 {
			p, q := (k+1)%3, (k+2)%3
			if d := m.dot(base[p], base[q]); d > worst {
				i, j, worst = p, q, d
			}
		}
		if i == j {
			rays = acute(m, base, zero)
			smooth(&rays, radius)
			return rays, 0
		}
		next := whole{base[i][0] - base[j][0], base[i][1] - base[j][1]}
		if max(math.Abs(next[0]), math.Abs(next[1])) > float64(radius) {
			return between(m, turned(base[i]), turned(base[j]))
		}
		base = [3]whole{{-base[i][0], -base[i][1]}, base[j], next}
	}
}

func turned(b whole) whole { return whole{-b[1], b[0]} }

func (e whole) offset() [3]int { return [3]int{int(e[0]), int(e[1])} }

func acute(m plane, base [3]whole, zero float64) (rays [4]ray) {
	for k := range 3 {
		w := -m.dot(base[(k+1)%3], base[(k+2)%3])
		if w <= zero { // of either sign it is rounding of the trace
			w = 0
		}
		rays[k] = ray{turned(base[k]).offset(), w}
	}
	return rays
}

// smooth moves weight from the two heavier rays e₁, e₂ to the lightest, e₀, and to
// e₁ − e₂, by e₀e₀ᵀ + (e₁ − e₂)(e₁ − e₂)ᵀ = 2e₁e₁ᵀ + 2e₂e₂ᵀ. That changes no tensor,
// but weights that would have a kink where e₀ gives way to e₁ − e₂, as a tensor
// turns, are differentiable (Bonnans, Bonnet and Mirebeau 2023): the moved weight
//
//	v = max(0, μ − w₀)²/2μ,  μ = s/(2√((w₂ − w₁)² + 2s)) ≤ w₁,  s = w₀w₁ + w₁w₂ + w₂w₀,
//
// is 0 where another ray becomes the lightest, and μ is the same on both sides of
// the kink. Without it the density has streaks, an error of order h where the
// kinks are.
func smooth(rays *[4]ray, radius int) {
	slices.SortFunc(rays[:3], func(a, b ray) int { return cmp.Compare(a.w, b.w) })
	e, f := rays[1].e, rays[2].e
	across := [3]int{e[0] - f[0], e[1] - f[1]}
	w0, w1, w2 := rays[0].w, rays[1].w, rays[2].w
	s := w0*w1 + w1*w2 + w2*w0
	if s == 0 || max(abs(across[0]), abs(across[1])) > radius {
		return
	}
	mu := s / (2 * math.Sqrt((w2-w1)*(w2-w1)+2*s))
	more := max(0, mu-w0)
	v := more * more / (2 * mu)
	rays[0].w, rays[3] = w0+v/2, ray{across, v / 2}
	rays[1].w, rays[2].w = w1-v, w2-v
}

// between writes a tensor that lies beyond the chord of a and b.
func between(m plane, a, b whole) (rays [4]ray, added float64) {
	first, second, n := m.axes()
	along := func(e whole) (x, y float64) { return e[0]*n[0] + e[1]*n[1], e[1]*n[0] - e[0]*n[1] }
	xa, ya := along(a)
	xb, yb := along(b)
	if xa < 0 {
		a, xa, ya = whole{-a[0], -a[1]}, -xa, -ya
	}
	if xb < 0 {
		b, xb, yb = whole{-b[0], -b[1]}, -xb, -yb
	}
	rays[0].e, rays[1].e = a.offset(), b.offset()
	if ya*yb >= 0 { // n is one of the two to rounding
		near := 0
		if math.Abs(yb) < math.Abs(ya) {
			near, xa = 1, xb
		}
		rays[near].w = first / (xa * xa)
		return rays, 0
	}
	rays[0].w = first / (xa * (xa - xb*ya/yb))
	rays[1].w = first / (xb * (xb - xa*yb/ya))
	return rays, max(0, rays[0].w*ya*ya+rays[1].w*yb*yb-second)
}
