package cases

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"fokker/operators"
)

// well is a place at which drift comes to rest, and the standard deviations of the law there
// as long as it stays.
type well struct{ at, std []float64 }

const (
	roomy    = 25.0 // times as large may a box be that holds all wells
	faintest = 1e-6 // of the accuracy: a well with less of the law needs no room
	slightly = 1e-4 // of the box, for differences of drift
	sharpest = 4    // times the usual cells of a first mesh, for wells to be seen
)

// holdWells widens the box to all wells that drift alone leads to, however little of the
// law on few cells is in them: how much it is depends on the ways between, which only cells
// show that resolve all of them. Others are noted, as are all outside a box of which they would
// make one too large.
func (b *box) holdWells() {
	before := slices.Clone(b.problem.Axes)
	var outside [][]float64
	for _, at := range b.rests() {
		if !holds(before, at) {
			outside = append(outside, at)
		}
		if w, ok := b.problem.wellAt(at); ok {
			b.wells = append(b.wells, w)
		} else if !holds(before, at) {
			b.beyond = append(b.beyond, at)
		}
	}
	larger := 1.0
	for k, ends := range b.ends {
		for _, w := range b.wells {
			lo, hi := w.needs(k, b.problem.Accuracy)
			b.include(k, ends, lo, hi, false)
		}
		a := b.problem.Axes[k]
		larger *= (a.Hi - a.Lo) / (before[k].Hi - before[k].Lo)
	}
	if larger > roomy || len(b.wells) < 2 {
		b.problem.Axes, b.beyond = before, outside
		b.wells = slices.DeleteFunc(b.wells, func(w well) bool { return !holds(before, w.at) })
	}
}

// holds reports whether a place is between the ends of axes.
func holds(axes []AxisSpec, at []float64) bool {
	for k, a := range axes {
		if at[k] < a.Lo || at[k] > a.Hi {
			return false
		}
	}
	return true
}

// needs returns the ends between which an axis holds the well but for a tenth of the accuracy,
// as scouts have it.
func (w well) needs(k int, accuracy float64) (lo, hi float64) {
	far := (1 + math.Sqrt(2*math.Log(10/accuracy))) * w.std[k]
	return w.at[k] - far, w.at[k] + far
}

// wellAt returns the well around a place, of which Σ obeys AΣ + ΣAᵀ + 2D = 0 with drift
// linearised; false where there is none, as where noise vanishes or drift is not linear.
func (p *Problem) wellAt(at []float64) (w well, ok bool) {
	dim := len(at)
	x, b, d := operators.Columns(dim, 2*dim+1), operators.Columns(dim, 2*dim+1), operators.Columns(dim*dim, 2*dim+1)
	for k, a := range p.Axes {
		for i := range x[k] {
			x[k][i] = at[k]
		}
		x[k][1+2*k] -= slightly * (a.Hi - a.Lo)
		x[k][2+2*k] += slightly * (a.Hi - a.Lo)
	}
	p.Process.Drift(b, x, 0)
	p.Process.(operators.Diffusive).Diffusion(d, x, 0)
	system, right := mat.NewDense(dim*dim, dim*dim, nil), mat.NewVecDense(dim*dim, nil)
	for k := range dim {
		for j := range dim {
			right.SetVec(k*dim+j, -2*d[k*dim+j][0])
			for m := range dim { // Aₖₘ Σₘⱼ + Σₖₘ Aⱼₘ
				system.Set(k*dim+j, m*dim+j, system.At(k*dim+j, m*dim+j)+ratio(x, b, k, m))
				system.Set(k*dim+j, k*dim+m, system.At(k*dim+j, k*dim+m)+ratio(x, b, j, m))
			}
		}
	}
	var solution mat.VecDense
	if err := solution.SolveVec(system, right); err != nil {
		return w, false
	}
	covariance := mat.NewSymDense(dim, solution.RawVector().Data)
	var factor mat.Cholesky
	if !factor.Factorize(covariance) {
		return w, false
	}
	for k := range dim {
		w.std = append(w.std, math.Sqrt(covariance.At(k, k)))
	}
	w.at = at
	return w, true
}

// ratio returns ∂bₖ/∂xₘ by the difference of points beside each other.
func ratio(x, b [][]float64, k, m int) float64 {
	return (b[k][2+2*m] - b[k][1+2*m]) / (x[m][2+2*m] - x[m][1+2*m])
}

// finestWell returns how many cells of an axis show every well: one in each standard
// deviation.
func (s *reaching) finestWell(k int) (cells int) {
	for _, w := range s.wells {
		cells = max(cells, 4*int(math.Ceil((s.axes[k].Hi-s.axes[k].Lo)/w.std[k]/4)))
	}
	return cells
}

// wellsWithin widens what an axis needs to the wells that have little of the law so far: of
// more it shows itself what room it needs.
func (s *reaching) wellsWithin(k int, lo, hi float64) (float64, float64) {
	accuracy := s.from.Problem.Accuracy
	for _, w := range s.wells {
		if mass := s.run.massOf(w, accuracy); s.run.unresolved || mass > faintest*accuracy && mass < accuracy {
			from, to := w.needs(k, accuracy)
			lo, hi = min(lo, from), max(hi, to)
		}
	}
	return lo, hi
}

// massOf returns what the stationary law has in a well, as far as its box goes.
func (r *run) massOf(w well, accuracy float64) (mass float64) {
	at, ends := make([]int, r.grid.Dim()), make([][2]float64, r.grid.Dim())
	for k := range ends {
		ends[k][0], ends[k][1] = w.needs(k, accuracy)
	}
	for i, m := range r.result.Stationary.Masses {
		r.grid.Locate(at, i)
		inside := true
		for k, e := range ends {
			x := r.grid.Centers(k)[at[k]]
			inside = inside && e[0] <= x && x <= e[1]
		}
		if inside {
			mass += m
		}
	}
	return mass
}
