package operators

import (
	"cmp"
	"math"
	"slices"
)

// tensor is a symmetric 3×3 tensor in units of cells.
type tensor [3][3]float64

func (m *tensor) dot(a, b [3]int) float64 {
	sum := 0.0
	for k := range 3 {
		if a[k] == 0 {
			continue
		}
		for l := range 3 {
			sum += float64(a[k]) * m[k][l] * float64(b[l])
		}
	}
	return sum
}

func (m *tensor) trace() float64 { return m[0][0] + m[1][1] + m[2][2] }

func cross(a, b [3]int) [3]int {
	return [3]int{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

// sellingSpace is selling in three dimensions: a superbase of four vectors, six
// pieces along e = b_k × b_l with the weight −⟨bᵢ, M bⱼ⟩ of the other two. ok is
// false if some e would exceed radius.
func sellingSpace(m *tensor, radius int) (rays [6]ray, ok bool) {
	base := [4][3]int{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {-1, -1, -1}}
	zero := sameSign * m.trace()
	for {
		i, j, worst := 0, 0, zero
		for p := range 4 {
			for q := range p {
				if d := m.dot(base[p], base[q]); d > worst {
					i, j, worst = p, q, d
				}
			}
		}
		if i == j {
			return acuteSpace(m, &base, radius)
		}
		for k := range 4 {
			if k == i || k == j {
				continue
			}
			for c := range 3 {
				base[k][c] += base[i][c]
			}
			if longest(base[k]) > 8*radius { // far beyond any base whose e are short enough
				return rays, false
			}
		}
		for c := range 3 {
			base[i][c] = -base[i][c]
		}
	}
}

func abs(i int) int { return max(i, -i) }

func longest(e [3]int) int { return max(abs(e[0]), abs(e[1]), abs(e[2])) }

func acuteSpace(m *tensor, base *[4][3]int, radius int) (rays [6]ray, ok bool) {
	n := 0
	for i := range 4 {
		for j := range i {
			k, l := others(i, j)
			e := cross(base[k], base[l])
			// What is positive here is below rounding of the trace and means zero.
			w := max(0, -m.dot(base[i], base[j]))
			if w > 0 && longest(e) > radius {
				return rays, false
			}
			rays[n] = ray{e, w}
			n++
		}
	}
	return rays, true
}

// others returns the two of 0…3 that are neither i nor j.
func others(i, j int) (k, l int) {
	for k == i || k == j {
		k++
	}
	l = k + 1
	for l == i || l == j {
		l++
	}
	return k, l
}

// shorten returns the pieces of M, or of M + added·(1 − nnᵀ) with an added part for which
// they fit the radius and for half of which they do not; n is the eigenvector of the largest
// eigenvalue, which stays.
func shorten(m *tensor, radius int) (rays [6]ray, added float64) {
	rays, ok := sellingSpace(m, radius)
	if ok {
		return rays, 0
	}
	values, vectors := m.eigen()
	n, largest := vectors[0], values[0]
	wider := func(halvings int) tensor {
		out, added := *m, largest/math.Exp2(float64(halvings))
		for k := range 3 {
			for l := range 3 {
				out[k][l] -= added * n[k] * n[l]
			}
			out[k][k] += added
		}
		return out
	}
	fits, fails := 0, mostHalvings+1 // an eigenvalue ratio of 1 always fits
	for fails-fits > 1 {
		half := (fits + fails) / 2
		w := wider(half)
		if _, ok = sellingSpace(&w, radius); ok {
			fits = half
		} else {
			fails = half
		}
	}
	w := wider(fits)
	rays, _ = sellingSpace(&w, radius)
	return rays, largest / math.Exp2(float64(fits))
}

// mostHalvings of the largest eigenvalue leave a millionth of it, the least that is added.
const mostHalvings = 20

// eigen returns the eigenvalues, the largest first, and unit eigenvectors, by
// Jacobi rotations (Jacobi 1846).
func (m *tensor) eigen() (values [3]float64, vectors [3]tripel) {
	a, v := *m, tensor{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	for range 30 { // converges quadratically; five sweeps of three are plenty
		p, q := 0, 1
		if math.Abs(a[0][2]) > math.Abs(a[p][q]) {
			p, q = 0, 2
		}
		if math.Abs(a[1][2]) > math.Abs(a[p][q]) {
			p, q = 1, 2
		}
		if math.Abs(a[p][q]) <= 1e-16*m.trace() {
			break
		}
		a.rotate(&v, p, q)
	}
	order := []int{0, 1, 2}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(a[j][j], a[i][i]) })
	for k, o := range order {
		values[k], vectors[k] = a[o][o], tripel{v[0][o], v[1][o], v[2][o]}
	}
	return values, vectors
}

// rotate makes entry (p, q) zero and turns v along.
func (m *tensor) rotate(v *tensor, p, q int) {
	theta := math.Atan2(2*m[p][q], m[q][q]-m[p][p]) / 2
	c, s := math.Cos(theta), math.Sin(theta)
	for k := range 3 {
		m[k][p], m[k][q] = c*m[k][p]-s*m[k][q], s*m[k][p]+c*m[k][q]
	}
	for k := range 3 {
		m[p][k], m[q][k] = c*m[p][k]-s*m[q][k], s*m[p][k]+c*m[q][k]
		v[k][p], v[k][q] = c*v[k][p]-s*v[k][q], s*v[k][p]+c*v[k][q]
	}
}
