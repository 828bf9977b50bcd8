package validate

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"fokker/grid"
	"fokker/operators"
)

// shape is what a process shows at points of the box.
type shape struct {
	constant bool     // σ is constant, in time as well
	diagonal bool     // every motion acts along one axis and depends on it alone, and no axis has two
	linear   *linear  // nil unless b = Ax + a and σ are constant, in time as well
	kinetic  *kinetic // nil unless positions and velocities
}

// linear is b = Ax + a with constant σ.
type linear struct {
	matrix *mat.Dense
	offset []float64
	noise  *mat.Dense // dim × motions
}

// kinetic is dq = Sv dt, dv = (f(q, t) − γv) dt + σ dW with constant S, γ and σ,
// no motion in two velocities.
type kinetic struct {
	velocity []bool
	speed    [][]float64 // S, rows of positions
	friction []float64   // γ of velocities
}

const (
	// probes is at how many points a process is looked at: what it is not in a
	// hundredth of the box is seen with probability 1 − 0.99²⁵⁶ = 0.92, in a
	// thirtieth with 0.9998.
	probes = 256
	// same is how far numbers may be apart by rounding, of their scale.
	same = 1e-9
)

// look is a process at random points of the box at one time.
type look struct {
	process operators.Process
	axes    []grid.Axis
	time    float64
	x, b, s [][]float64
}

func probe(p operators.Process, axes []grid.Axis, times []float64) shape {
	out := shape{diagonal: true}
	var first *look
	for i, t := range append([]float64{0}, times...) {
		l := newLook(p, axes, t)
		out.diagonal = out.diagonal && l.diagonal()
		if i == 0 {
			first = l
			if out.constant = l.noiseIsConstant(); out.constant {
				out.linear, out.kinetic = l.fit()
			}
			continue
		}
		if !l.agrees(l.s, first.s) {
			out.constant, out.linear, out.kinetic = false, nil, nil
		}
		if out.linear != nil && !l.agrees(l.b, first.b) {
			out.linear = nil
		}
		if _, k := l.fit(); out.kinetic != nil && (k == nil || !k.equal(out.kinetic)) {
			out.kinetic = nil
		}
	}
	return out
}

func newLook(p operators.Process, axes []grid.Axis, t float64) *look {
	r := rand.New(rand.NewPCG(0, 0))
	l := &look{process: p, axes: axes, time: t, x: operators.Columns(p.Dim(), probes)}
	for k, a := range axes {
		lo, hi := a.Edges[0], a.Edges[a.Cells()]
		for i := range l.x[k] {
			l.x[k][i] = lo + (hi-lo)*r.Float64()
		}
	}
	l.b, l.s = l.drift(l.x), l.noise(l.x)
	return l
}

func (l *look) drift(x [][]float64) [][]float64 {
	b := operators.Columns(l.process.Dim(), len(x[0]))
	l.process.Drift(b, x, l.time)
	return b
}

func (l *look) noise(x [][]float64) [][]float64 {
	s := operators.Columns(l.process.Dim()*l.process.Columns(), len(x[0]))
	l.process.Noise(s, x, l.time)
	return s
}

// agrees reports whether columns are equal but for rounding.
func (l *look) agrees(a, b [][]float64) bool {
	for k := range a {
		scale := largest(a[k])
		for i, v := range a[k] {
			if !(math.Abs(v-b[k][i]) <= same*scale) {
				return false
			}
		}
	}
	return true
}

func largest(x []float64) (m float64) {
	for _, v := range x {
		m = max(m, math.Abs(v))
	}
	return m
}

func (l *look) noiseIsConstant() bool {
	for _, s := range l.s {
		if slices.Max(s)-slices.Min(s) > same*largest(s) {
			return false
		}
	}
	return true
}

// axisOf returns the axis along which motion m acts, −1 if there is none and −2
// if there are several.
func (l *look) axisOf(m int) int {
	found := -1
	for k := range l.x {
		switch {
		case zero(l.s[k*l.process.Columns()+m]):
		case found >= 0:
			return -2
		default:
			found = k
		}
	}
	return found
}

func (l *look) diagonal() bool {
	taken := make([]bool, len(l.x))
	for m := range l.process.Columns() {
		k := l.axisOf(m)
		if k == -1 {
			continue
		}
		if k == -2 || taken[k] {
			return false
		}
		taken[k] = true
		moved := slices.Clone(l.x) // all other coordinates those of another point
		for other := range moved {
			if other != k {
				moved[other] = append(slices.Clone(l.x[other][1:]), l.x[other][0])
			}
		}
		column := k*l.process.Columns() + m
		if s := l.noise(moved); !l.agrees(l.s[column:column+1], s[column:column+1]) {
			return false
		}
	}
	return true
}

// fit finds A and a from the centre of the box and points beside it, and what
// they describe.
func (l *look) fit() (*linear, *kinetic) {
	dim := len(l.x)
	at, step := operators.Columns(dim, dim+1), make([]float64, dim)
	for k, a := range l.axes {
		lo, hi := a.Edges[0], a.Edges[a.Cells()]
		step[k] = (hi - lo) / 4
		for i := range at[k] {
			at[k][i] = lo + 2*step[k]
		}
		at[k][k+1] += step[k]
	}
	b := l.drift(at)
	out := &linear{mat.NewDense(dim, dim, nil), make([]float64, dim), mat.NewDense(dim, l.process.Columns(), nil)}
	for k := range dim {
		out.offset[k] = b[k][0]
		for j := range dim {
			slope := (b[k][j+1] - b[k][0]) / step[j]
			out.matrix.Set(k, j, slope)
			out.offset[k] -= slope * at[j][0]
		}
		for m := range l.process.Columns() {
			out.noise.Set(k, m, l.s[k*l.process.Columns()+m][0])
		}
	}
	kinetic := l.kinetic(out)
	for k := range dim {
		if !l.isLinear(out, k) {
			return nil, kinetic
		}
	}
	return out, kinetic
}

// isLinear reports whether row k of the drift is that of a linear one.
func (l *look) isLinear(f *linear, k int) bool {
	scale := math.Abs(f.offset[k])
	for j := range l.x {
		scale += math.Abs(f.matrix.At(k, j)) * largest(l.x[j])
	}
	for i, b := range l.b[k] {
		want := f.offset[k]
		for j := range l.x {
			want += f.matrix.At(k, j) * l.x[j][i]
		}
		if !(math.Abs(b-want) <= same*scale) {
			return false
		}
	}
	return true
}

// kinetic returns positions and velocities, nil if the process has none.
func (l *look) kinetic(f *linear) *kinetic {
	dim := len(l.x)
	out := &kinetic{make([]bool, dim), make([][]float64, dim), make([]float64, dim)}
	for m := range l.process.Columns() {
		switch k := l.axisOf(m); k {
		case -2:
			return nil
		case -1:
		default:
			out.velocity[k] = true
		}
	}
	if !slices.Contains(out.velocity, false) || !slices.Contains(out.velocity, true) {
		return nil
	}
	still := slices.Clone(l.x)
	for k, v := range out.velocity {
		if v {
			still[k] = make([]float64, probes)
		}
	}
	rest := l.drift(still)
	for k, v := range out.velocity {
		if v {
			out.friction[k] = tidy(-f.matrix.At(k, k), f.matrix)
			if !l.isFriction(out.friction[k], k, rest[k]) {
				return nil
			}
			continue
		}
		if !l.isLinear(f, k) || largest(rest[k]) > same*largest(l.b[k]) {
			return nil
		}
		out.speed[k] = make([]float64, dim)
		for j := range dim {
			if out.velocity[j] {
				out.speed[k][j] = tidy(f.matrix.At(k, j), f.matrix)
			}
		}
	}
	return out
}

// tidy returns 0 for what is rounding of a slope.
func tidy(v float64, of *mat.Dense) float64 {
	if math.Abs(v) <= same*max(math.Abs(mat.Max(of)), math.Abs(mat.Min(of))) {
		return 0
	}
	return v
}

// isFriction reports whether row k of the drift is rest − γv.
func (l *look) isFriction(gamma float64, k int, rest []float64) bool {
	scale := largest(l.b[k]) + math.Abs(gamma)*largest(l.x[k])
	for i, b := range l.b[k] {
		if !(math.Abs(b-rest[i]+gamma*l.x[k][i]) <= same*scale) {
			return false
		}
	}
	return true
}

func (k *kinetic) equal(o *kinetic) bool {
	near := func(a, b []float64) bool {
		for i := range a {
			if math.Abs(a[i]-b[i]) > same*max(largest(a), largest(b)) {
				return false
			}
		}
		return true
	}
	for i := range k.speed {
		if !near(k.speed[i], o.speed[i]) {
			return false
		}
	}
	return slices.Equal(k.velocity, o.velocity) && near(k.friction, o.friction)
}

// over writes the mean of a step from the origin, and returns e^(A dt) and the
// symmetric root of the covariance ∫₀^dt e^(As) σσᵀ e^(Aᵀs) ds, from the
// exponentials of [A a; 0 0] and [−A σσᵀ; 0 Aᵀ] (Van Loan 1978).
func (f *linear) over(dt float64, mean []float64) (carry, root *mat.Dense) {
	dim := len(mean)
	affine, block := mat.NewDense(dim+1, dim+1, nil), mat.NewDense(2*dim, 2*dim, nil)
	var square mat.Dense
	square.Mul(f.noise, f.noise.T())
	for k := range dim {
		affine.Set(k, dim, dt*f.offset[k])
		for l := range dim {
			a := dt * f.matrix.At(k, l)
			affine.Set(k, l, a)
			block.Set(k, l, -a)
			block.Set(dim+l, dim+k, a)
			block.Set(k, dim+l, dt*square.At(k, l))
		}
	}
	var all, pair, covariance mat.Dense
	all.Exp(affine)
	pair.Exp(block)
	carry = mat.DenseCopyOf(all.Slice(0, dim, 0, dim))
	for k := range mean {
		mean[k] = all.At(k, dim)
	}
	covariance.Mul(carry, pair.Slice(0, dim, dim, 2*dim))
	half := operators.Columns(dim*dim, 1) // of the covariance, D of a unit of time
	for k := range dim {
		for l := range dim {
			half[k*dim+l][0] = (covariance.At(k, l) + covariance.At(l, k)) / 4
		}
	}
	operators.Root(half, half, dim)
	root = mat.NewDense(dim, dim, nil)
	for k := range dim {
		for l := range dim {
			root.Set(k, l, half[k*dim+l][0])
		}
	}
	return carry, root
}
