package solvers

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"fokker/grid"
)

// projection makes laws of operators that are no generators nonnegative. Of the
// nonnegative laws with the same moments it finds the one nearest to a law x,
//
//	min Σ (mᵢ − xᵢ)²/wᵢ   with m ≥ 0, Φᵀm = Φᵀx,
//
// where columns of Φ are 1, coordinates and products of these up to the fourth
// degree, and w is the mean of |x| about each cell, so that empty places stay so. As the
// exact law is one of these but for what moments of x lack, x changes in that norm by no more than it
// errs by, and no order is lost (Bochev, Ridzal and Shashkov 2013, who keep the mass). With multipliers λ it is m = max(0, x + wΦλ),
// and Φᵀm = Φᵀx are as many equations as moments, solved by Newton's method with a line search
// on the convex function whose gradient they are.
type projection struct {
	mesh   *grid.Grid
	mean   []float64
	root   *mat.TriDense // of the covariance
	values [][]float64   // of polynomials of a cell, by axis and degree
	powers [][]int       // degrees of a column of Φ along every axis
	weight []float64
	row    []float64 // of Φ
}

const (
	highest     = 4  // degree of moments that are kept
	highestMany = 2  // the same of products where there are three axes and more
	newtonMost  = 60 // steps of Newton's method
)

func newProjection(g *grid.Grid) *projection {
	p := &projection{mesh: g, weight: make([]float64, g.Size())}
	for range g.Dim() {
		p.values = append(p.values, append([]float64{1}, make([]float64, highest)...))
	}
	return p
}

// center takes coordinates in which x has mean 0 and the covariance 1: in those of the axes
// moments of a narrow law hardly differ.
func (p *projection) center(x []float64) {
	dim, total := p.mesh.Dim(), 0.
	p.mean, p.root = make([]float64, dim), mat.NewTriDense(dim, mat.Lower, nil)
	square := mat.NewSymDense(dim, nil)
	for i, v := range x {
		v = max(v, 0)
		total += v
		for k := range dim {
			p.mean[k] += v * p.coordinate(k, i)
		}
	}
	for k := range p.mean {
		p.mean[k] /= total
	}
	for i, v := range x {
		for k := range dim {
			for l := range k + 1 {
				square.SetSym(k, l, square.At(k, l)+max(v, 0)/total*(p.coordinate(k, i)-p.mean[k])*(p.coordinate(l, i)-p.mean[l]))
			}
		}
	}
	for k := range dim { // at least a part of a cell
		square.SetSym(k, k, square.At(k, k)+p.mesh.Widths(k)[0]*p.mesh.Widths(k)[0]/1e6)
	}
	var c mat.Cholesky
	c.Factorize(square)
	c.LTo(p.root)
}

func (p *projection) coordinate(k, cell int) float64 { return p.mesh.Centers(k)[p.mesh.Along(k, cell)] }

// keep chooses the moments: of products up to a degree, and of single coordinates up to
// another.
func (p *projection) keep(degree, single int) {
	p.powers = p.powers[:0]
	each(make([]int, p.mesh.Dim()), 0, max(degree, single), func(d []int) {
		total, axes := 0, 0
		for _, v := range d {
			if total += v; v > 0 {
				axes++
			}
		}
		if total <= degree || axes == 1 && total <= single {
			p.powers = append(p.powers, slices.Clone(d))
		}
	})
	p.row = make([]float64, len(p.powers))
}

// each calls do for all degrees of axes from k on with a sum of at most left.
func each(d []int, k, left int, do func(d []int)) {
	if k == len(d) {
		do(d)
		return
	}
	for d[k] = 0; d[k] <= left; d[k]++ {
		each(d, k+1, left-d[k], do)
	}
	d[k] = 0
}

// of replaces x by its projection and returns the L1 distance. Where there is no law with all
// of its moments, as on cells much wider than the law, fewer are kept, the mass at least.
func (p *projection) of(x []float64) (moved float64, err error) {
	if overdrawn(x) == 0 {
		return 0, nil
	}
	p.weigh(x)
	p.center(x)
	most := highest
	if p.mesh.Dim() > 2 {
		most = highestMany
	}
	for _, kept := range [][2]int{{most, highest}, {2, 2}, {1, 1}, {0, 0}} {
		p.keep(kept[0], kept[1])
		if m, ok := p.solve(x); ok {
			moved = apart(m, x)
			copy(x, m)
			return moved, nil
		}
	}
	return 0, &NotConverged{"projection on nonnegative laws", overdrawn(x), newtonMost}
}

// weigh sets w to the mean of |x| over a cell and those beside it along every axis.
func (p *projection) weigh(x []float64) {
	for i, v := range x {
		p.weight[i] = math.Abs(v)
	}
	line := make([]float64, 0)
	for k := range p.mesh.Dim() {
		n, s := p.mesh.Cells(k), p.mesh.Stride(k)
		for first := range x {
			if p.mesh.Along(k, first) > 0 {
				continue
			}
			line = line[:0]
			for i := range n {
				line = append(line, p.weight[first+i*s])
			}
			for i := range n {
				p.weight[first+i*s] = (line[max(0, i-1)] + line[i] + line[min(n-1, i+1)]) / 3
			}
		}
	}
}

// at sets the row of Φ of a cell: products of polynomials of Hermite.
func (p *projection) at(cell int) {
	for k := range p.values {
		z := p.coordinate(k, cell) - p.mean[k]
		for l := range k {
			z -= p.root.At(k, l) * p.values[l][1]
		}
		z /= p.root.At(k, k)
		v := p.values[k]
		v[1] = z
		for d := 2; d <= highest; d++ {
			v[d] = (z*v[d-1] - math.Sqrt(float64(d-1))*v[d-2]) / math.Sqrt(float64(d))
		}
	}
	for j, d := range p.powers {
		p.row[j] = 1
		for k, degree := range d {
			p.row[j] *= p.values[k][degree]
		}
	}
}

// solve finds λ.
func (p *projection) solve(x []float64) (m []float64, ok bool) {
	n := len(p.powers)
	lambda, wanted, size := make([]float64, n), make([]float64, n), make([]float64, n)
	for i, v := range x {
		p.at(i)
		for j, f := range p.row {
			wanted[j] += f * v
			size[j] += math.Abs(f * v)
		}
	}
	m = make([]float64, len(x))
	now := p.look(m, x, lambda, wanted)
	for range newtonMost {
		if now.within(size) {
			return m, true
		}
		step, solved := now.newton()
		if !solved {
			return nil, false
		}
		better := false
		for part := 1.0; part > 1e-4 && !better; part /= 2 {
			trial := make([]float64, n)
			for j := range trial {
				trial[j] = lambda[j] + part*step[j]
			}
			next := p.look(m, x, trial, wanted)
			if next.within(size) || next.value < now.value-1e-4*part*math.Abs(dot(now.gradient, step)) || next.misses(size) < now.misses(size)/2 {
				lambda, now, better = trial, next, true
			}
		}
		if !better {
			return nil, false
		}
	}
	return nil, false
}

// look returns the convex function ½Σ m²/w − λᵀΦᵀx at λ, with its derivatives, and writes m.
func (p *projection) look(m, x, lambda, wanted []float64) dual {
	n := len(lambda)
	l := dual{gradient: make([]float64, n), hessian: mat.NewSymDense(n, nil), value: -dot(lambda, wanted)}
	h := l.hessian.RawSymmetric().Data
	for i, v := range x {
		w := p.weight[i]
		p.at(i)
		if m[i] = max(0, v+w*dot(p.row, lambda)); m[i] == 0 {
			continue
		}
		l.value += m[i] * m[i] / w / 2
		for j, f := range p.row {
			l.gradient[j] += f * m[i]
			f *= w
			for e, other := range p.row[j:] {
				h[j*n+j+e] += f * other
			}
		}
	}
	for j, v := range wanted {
		l.gradient[j] -= v
	}
	return l
}

// dual is the convex function at a place.
type dual struct {
	value    float64
	gradient []float64
	hessian  *mat.SymDense
}

// misses returns by how much moments are wrong, over the sum of the sizes of their terms.
func (l dual) misses(size []float64) (worst float64) {
	for j, g := range l.gradient {
		worst = max(worst, math.Abs(g)/size[j])
	}
	return worst
}

// within reports whether moments are those wanted but for rounding.
func (l dual) within(size []float64) bool { return l.misses(size) <= 16*roundoff }

// newton returns the step; moments that depend on others do not count twice.
func (l dual) newton() (step []float64, ok bool) {
	var eigen mat.EigenSym
	if !eigen.Factorize(l.hessian, true) {
		return nil, false
	}
	values := eigen.Values(nil)
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	n := len(values)
	step = make([]float64, n)
	for e, v := range values {
		if v <= 1e-14*values[n-1] { // rounding of sums
			continue
		}
		part := 0.
		for j, g := range l.gradient {
			part += vectors.At(j, e) * g
		}
		for j := range step {
			step[j] -= part / v * vectors.At(j, e)
		}
	}
	return step, true
}
