package compare

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"fokker/grid"
)

// inPlane is how many parts a plane is divided into.
const inPlane = 200

// plane is the test of energy distance (Székely and Rizzo 2004) between the laws
// of two axes, each in units of its standard deviation: −Σ dᵢdⱼ|xᵢ − xⱼ| over
// parts with centres x and differences d of the masses. Under the null n times it
// is Σλχ², with the eigenvalues of √m(δᵢⱼ − √mᵢmⱼ) around −|xᵢ − xⱼ|. Its root is a
// distance, so a law that may be wrong lies within those of its changes.
func (r *runner) plane(k, l int) {
	g, flat := onto(r.Grid, k, l)
	law := flat(r.Mass)
	parts := Divide(g, law, max(1.0/inPlane, fewest/r.n))
	if len(parts.Mass) < 2 {
		return
	}
	distance := parts.distances(g, law)
	energy := func(cells []float64) float64 {
		d := mat.NewVecDense(len(parts.Mass), parts.Sums(flat(cells)))
		return math.Max(0, -mat.Inner(d, distance, d))
	}
	difference := make([]float64, len(r.Mass))
	for i, w := range r.weight {
		difference[i] = w/r.total - r.Mass[i]
	}
	lambda := eigenvalues(distance, parts.Mass)
	statistic, allowed := energy(difference), r.Tolerance*math.Sqrt(slices.Max(lambda))
	for _, c := range r.Changes {
		allowed += math.Sqrt(energy(c))
	}
	root := math.Max(0, math.Sqrt(statistic)-allowed)
	p := quadratic(r.n*root*root, lambda)
	name := "energy " + r.Grid.Axis(k).Name + "," + r.Grid.Axis(l).Name
	r.out.Tests = append(r.out.Tests, Test{Name: name, Statistic: statistic, P: p})
}

// onto returns the grid of two axes and what sums numbers of cells over all others.
func onto(g *grid.Grid, k, l int) (*grid.Grid, func(x []float64) []float64) {
	pair, err := grid.New(g.Axis(k), g.Axis(l))
	if err != nil {
		panic(err) // both are axes of a grid
	}
	return pair, func(x []float64) []float64 {
		out := make([]float64, pair.Size())
		for i, v := range x {
			out[g.Along(k, i)+g.Cells(k)*g.Along(l, i)] += v
		}
		return out
	}
}

// distances between the centres of mass of parts, axes in units of the standard
// deviations of the law.
func (p *Parts) distances(g *grid.Grid, law []float64) *mat.SymDense {
	var x [2][]float64
	for k := range x {
		at := make([]float64, len(law))
		for i := range at {
			at[i] = law[i] * g.Centers(k)[g.Along(k, i)]
		}
		mean, square := Sum(at), 0.0
		for i, m := range law {
			d := g.Centers(k)[g.Along(k, i)] - mean
			square += m * d * d
		}
		x[k] = p.Sums(at)
		for i := range x[k] {
			x[k][i] /= p.Mass[i]
			if square > 0 {
				x[k][i] /= math.Sqrt(square)
			}
		}
	}
	out := mat.NewSymDense(len(p.Mass), nil)
	for i := range p.Mass {
		for j := range i {
			out.SetSym(i, j, math.Hypot(x[0][i]-x[0][j], x[1][i]-x[1][j]))
		}
	}
	return out
}

// eigenvalues of the quadratic form −dᵀAd of multinomial differences, those above
// rounding.
func eigenvalues(distance *mat.SymDense, mass []float64) (out []float64) {
	n := len(mass)
	mean, all := make([]float64, n), 0.0 // of distances from a part
	for i := range mean {
		for j, m := range mass {
			mean[i] += m * distance.At(i, j)
		}
		all += mass[i] * mean[i]
	}
	form := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			form.SetSym(i, j, -math.Sqrt(mass[i]*mass[j])*(distance.At(i, j)-mean[i]-mean[j]+all))
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(form, false) {
		panic("compare: a symmetric matrix has no eigenvalues")
	}
	values := eigen.Values(nil)
	for _, v := range values {
		if v > rounding*values[n-1] {
			out = append(out, v)
		}
	}
	return out
}

// quadratic returns P(Σ λχ² > q), every χ² of one degree of freedom, by the saddle
// point of its cumulants K(z) = −½ Σ ln(1 − 2zλ) (Lugannani and Rice 1980; Kuonen
// 1999).
func quadratic(q float64, lambda []float64) float64 {
	if q <= 0 {
		return 1
	}
	cumulants := func(z float64) (k, k1, k2, k3 float64) {
		for _, l := range lambda {
			a := l / (1 - 2*z*l)
			k -= math.Log1p(-2*z*l) / 2
			k1, k2, k3 = k1+a, k2+2*a*a, k3+8*a*a*a
		}
		return k, k1, k2, k3
	}
	largest := 0.0
	for _, l := range lambda {
		largest = max(largest, l)
	}
	// K′ grows from 0 at −∞ to +∞ at 1/2λ.
	hi := 1 / (2 * largest)
	lo := -hi
	for _, k1, _, _ := cumulants(lo); k1 > q; _, k1, _, _ = cumulants(lo) {
		lo *= 2
	}
	for range 200 {
		z := lo + (hi-lo)/2
		if _, k1, _, _ := cumulants(z); k1 < q {
			lo = z
		} else {
			hi = z
		}
	}
	z := lo
	k, _, k2, k3 := cumulants(z)
	v := z * math.Sqrt(k2)
	if math.Abs(v) < 1e-3 { // at the mean: the limit, of the skewness
		return 0.5 - k3/math.Pow(k2, 1.5)/(6*math.Sqrt(2*math.Pi))
	}
	w := math.Copysign(math.Sqrt(2*(z*q-k)), z)
	return above(w + math.Log(v/w)/w)
}

// above returns the probability that a normal number is larger than x.
func above(x float64) float64 { return math.Erfc(x/math.Sqrt2) / 2 }
