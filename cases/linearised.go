package cases

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/integrate/quad"

	"fokker/grid"
	"fokker/operators"
)

// linearised follows the law from a point as long as it is about a Gaussian g. Its mean
// and covariance obey
//
//	dμ/dt = E b,  dΣ/dt = E b(x − μ)ᵀ + E (x − μ)bᵀ + 2D,
//
// expectations under g itself, with constant D (statistical linearisation, Särkkä 2013;
// Ozaki 1992 linearises at μ). With δb what b is more than its linear part and κ the
// rate of killing, g solves the equation of the law but for ∇·(δb g) + κg. As no L1
// distance between laws grows,
//
//	‖p − g‖₁ ≤ ∫ E|f| dt ≤ ∫ √(E f²) dt,  f = ∇·δb − δb·Σ⁻¹(x − μ) + κ,
//
// which is 0 for linear drift. The square is summed exactly by Gauss and Hermite's nodes
// where drift is cubic. What they do not see is added: beyond the last of them |f| at
// points out along every axis, and where drift jumps between them, so that ∇·δb has no
// value there, what the mean of f lacks, which is E κ. Noise may leave axes out, if
// drift hands it on to them.
//
// What lies beyond walls is no part of g that p has: by as much, twice for p and g and
// twice for what has come back (Lévy's reflection principle), they are apart, and as
// much again whenever the law has turned over (see arrivals).
type linearised struct {
	problem   *Problem
	dim       int
	z         [][]float64 // nodes of the standard normal law, by axis, and points farther out
	weight    []float64   // of the nodes
	tail      []float64   // of the points after them
	diffusion matrix4
	points
	now   gaussLaw
	t     float64
	error float64 // of g until now, without walls
	rate  float64 // at which it grows
	walls float64 // the most that has been beyond
}

// points is room for coefficients at the nodes.
type points struct {
	x, b, moved, near   [][]float64
	killing, divergence []float64
	d                   [][]float64
}

// knownLaw is what a Gaussian says of the law until a time.
type knownLaw struct {
	end, error float64
	laws       []gaussLaw // at the outputs after 0 until the end
	last       gaussLaw   // at the end
}

const (
	atOnce       = 1e-6 // of the time of the last output, at most for the first step
	series       = 1e-3 // the most that drift may change in it
	smallPart    = 1e-3 // of the tolerance for each step of μ and Σ
	mostFollowed = 1000 // of μ and Σ

	outermostPoint = 6 // deviations: beyond 6½ lies 1e-10
)

// linearise returns what a Gaussian says of the law from a point with an error of at
// most half the tolerance; nil where that is nothing.
func (p *Problem) linearise() *knownLaw {
	if p.Initial == nil || p.Initial.Point == nil || p.Evolve.Method != "" || p.Chain != nil || p.Order != 0 {
		return nil
	}
	for _, a := range p.Axes {
		if len(a.Faces) > 0 {
			return nil
		}
	}
	times, tolerance := p.Evolve.Times, p.Evolve.Tolerance/2
	l := newLinearised(p)
	if times[0] == 0 {
		times = times[1:]
	}
	if len(times) == 0 || !l.begin(min(times[0], atOnce*times[len(times)-1])) {
		return nil
	}
	out := &knownLaw{}
	for _, t := range times {
		if !l.follow(t, tolerance) {
			break
		}
		out.laws = append(out.laws, l.now)
	}
	out.end, out.last, out.error = l.t, l.now, l.bound()
	if !(out.error <= tolerance) || p.Unsteady && len(out.laws) < len(times) { // rates go on from 0
		return nil
	}
	return out
}

func newLinearised(p *Problem) *linearised {
	l := &linearised{problem: p, dim: len(p.Axes)}
	n := []int{9, 7, 5, 4}[l.dim-1] // nodes along an axis, ≥ 4 for squares of cubics
	z, w := make([]float64, n), make([]float64, n)
	quad.Hermite{}.FixedLocations(z, w, math.Inf(-1), math.Inf(1))
	nodes := 1
	for range l.dim {
		nodes *= n
	}
	outer := int(math.Ceil(math.Sqrt2 * slices.Max(z))) // the first whole deviation beyond the nodes
	all := nodes + 2*l.dim*(outermostPoint-outer+1)
	l.z, l.weight = operators.Columns(l.dim, all), make([]float64, nodes)
	for i := range nodes {
		l.weight[i] = 1
		for k, rest := 0, i; k < l.dim; k, rest = k+1, rest/n {
			l.z[k][i] = math.Sqrt2 * z[rest%n]
			l.weight[i] *= w[rest%n] / math.Sqrt(math.Pi)
		}
	}
	for k := range l.dim {
		for out := outer; out <= outermostPoint; out++ {
			for _, sign := range [...]float64{1, -1} {
				l.z[k][nodes+len(l.tail)] = sign * float64(out)
				l.tail = append(l.tail, between(float64(out)-0.5, float64(out)+0.5))
			}
		}
	}
	columns := func() [][]float64 { return operators.Columns(l.dim, all) }
	l.points = points{columns(), columns(), columns(), columns(), make([]float64, all), make([]float64, all), operators.Columns(l.dim*l.dim, all)}
	return l
}

// begin makes the first step, at most so long, by the series of μ and Σ in time with
// drift linearised at the point: M₀ = 2D, Mₖ₊₁ = AMₖ + MₖAᵀ, Σ = Σ Mₖ tᵏ⁺¹/(k + 1)!.
func (l *linearised) begin(longest float64) bool {
	dim := l.dim
	x, b, d := operators.Columns(dim, 2*dim+1), operators.Columns(dim, 2*dim+1), operators.Columns(dim*dim, 2*dim+1)
	const part = 1e-6 // of the box, for differences
	for k, a := range l.problem.Axes {
		for i := range x[k] {
			x[k][i] = l.problem.Initial.Point[k]
		}
		x[k][1+2*k] -= part * (a.Hi - a.Lo)
		x[k][2+2*k] += part * (a.Hi - a.Lo)
	}
	l.problem.Process.Drift(b, x, 0)
	l.problem.Process.(operators.Diffusive).Diffusion(d, x, 0)
	var jacobian, term matrix4
	fastest := 0.
	for k := range dim {
		for j := range dim {
			jacobian[k][j] = (b[k][2+2*j] - b[k][1+2*j]) / (x[j][2+2*j] - x[j][1+2*j])
			fastest = max(fastest, float64(dim)*math.Abs(jacobian[k][j]))
			l.diffusion[k][j] = d[k*dim+j][0]
			term[k][j] = 2 * l.diffusion[k][j]
		}
	}
	l.t = min(longest, series/fastest)
	var push [4]float64
	for k := range dim {
		push[k] = b[k][0]
	}
	factor := 1.
	for k := 1; k <= 2*len(push); k++ {
		factor *= l.t / float64(k)
		var next matrix4
		var pushed [4]float64
		for i := range dim {
			l.now.mean[i] += factor * push[i]
			for j := range dim {
				l.now.covariance[i][j] += factor * term[i][j]
				pushed[i] += jacobian[i][j] * push[j]
				for m := range dim {
					next[i][j] += jacobian[i][m]*term[m][j] + term[i][m]*jacobian[j][m]
				}
			}
		}
		term, push = next, pushed
	}
	ok := l.judge()
	l.error = 2 * (l.rate + l.unlike(0)) * l.t // the rate grows with time, or falls as t^−½ from a jump of drift
	return ok
}

// unlike returns by how much the linear part of drift is other than at a time before: the rate at
// which the laws of both part, at most.
func (l *linearised) unlike(before float64) float64 {
	lower, ok := l.place(l.now)
	then, ok0 := l.slope(l.now, before)
	now, ok1 := l.slope(l.now, l.t)
	if !ok || !ok0 || !ok1 {
		return math.NaN()
	}
	return now.plus(-1, then).size(lower, l.dim)
}

// follow goes on to a time, and returns false where the bound is more than a tolerance
// before.
func (l *linearised) follow(end, tolerance float64) bool {
	h := l.t
	for range mostFollowed {
		last := l.t+h >= end
		if last {
			h = end - l.t
		}
		next, found, ok := l.advance(h)
		if !ok || found > smallPart*tolerance {
			h /= 2
			continue
		}
		before := *l
		l.now, l.t = next, l.t+h
		if !l.judge() {
			*l = before
			return false
		}
		l.error += found + h*(before.rate+l.rate)/2
		if l.bound() > tolerance {
			*l = before
			return false
		}
		if last {
			l.t = end
			return true
		}
		if h *= 2; found > smallPart*tolerance/32 {
			h /= 2
		}
	}
	return false
}

func (l *linearised) bound() float64 { return l.error + 4*l.walls }

// advance returns the law a step later, by Runge and Kutta's steps of order 4 and
// half as long, and their L1 distance at most: with LLᵀ = Σ that of Gaussians whose mean
// and covariance differ by little, E|z·L⁻¹δμ + ½(zᵀSz − tr S)| ≤ ‖L⁻¹δμ‖ + ‖S‖,
// S = L⁻¹δΣL⁻ᵀ.
func (l *linearised) advance(h float64) (next gaussLaw, found float64, ok bool) {
	whole, ok0 := l.classical(l.now, l.t, h)
	half, ok1 := l.classical(l.now, l.t, h/2)
	if !ok0 || !ok1 {
		return next, 0, false
	}
	if half, ok = l.classical(half, l.t+h/2, h/2); !ok {
		return next, 0, false
	}
	lower, ok := half.factor(l.dim)
	if !ok {
		return next, 0, false
	}
	missed := half.plus(-1, whole).times(1. / 15)
	return half.plus(1, missed), missed.size(lower, l.dim), true
}

// classical is the method of Runge and Kutta from a time.
func (l *linearised) classical(g gaussLaw, t, h float64) (next gaussLaw, ok bool) {
	next = g
	stage := g
	for i, part := range [...]float64{.5, .5, 1, 0} {
		slope, ok := l.slope(stage, t+h*[...]float64{0, .5, .5, 1}[i])
		if !ok {
			return g, false
		}
		next = next.plus(h*[...]float64{1. / 6, 1. / 3, 1. / 3, 1. / 6}[i], slope)
		stage = g.plus(h*part, slope)
	}
	return next, true
}

// place puts the nodes around a law and returns the factor of its covariance.
func (l *linearised) place(g gaussLaw) (lower matrix4, ok bool) {
	if lower, ok = g.factor(l.dim); !ok {
		return lower, false
	}
	for k, x := range l.x {
		for i := range x {
			x[i] = l.problem.Initial.Point[k] + g.mean[k]
			for j := range k + 1 {
				x[i] += lower[k][j] * l.z[j][i]
			}
		}
	}
	l.problem.wind(l.x)
	return lower, true
}

// regress returns E b and the matrix C of its linear part E b + Cz.
func (l *linearised) regress() (mean [4]float64, c matrix4) {
	for k, b := range l.b {
		for i, w := range l.weight {
			mean[k] += w * b[i]
			for j := range l.dim {
				c[k][j] += w * b[i] * l.z[j][i]
			}
		}
	}
	return mean, c
}

func (l *linearised) slope(g gaussLaw, t float64) (d gaussLaw, ok bool) {
	lower, ok := l.place(g)
	if !ok {
		return d, false
	}
	l.problem.Process.Drift(l.b, l.x, t)
	mean, c := l.regress()
	d.mean = mean
	for k := range l.dim {
		for j := range l.dim {
			d.covariance[k][j] = 2 * l.diffusion[k][j]
			for m := range l.dim {
				d.covariance[k][j] += c[k][m]*lower[j][m] + lower[k][m]*c[j][m]
			}
		}
	}
	return d, true
}

// judge finds the rate at which the error grows now, or that nothing can be said.
func (l *linearised) judge() bool {
	lower, ok := l.place(l.now)
	if !ok || !l.sameNoise() {
		return false
	}
	p := l.problem
	p.Process.Drift(l.b, l.x, l.t)
	l.diverge()
	clear(l.killing)
	if p.Killing != nil {
		p.Killing(l.killing, l.x, l.t)
	}
	mean, c := l.regress()
	spread, pace := turning(lower, c, l.dim)
	beyond, arrivals := l.beyond()
	l.walls = max(l.walls, beyond)
	l.rate = l.misfit(lower, mean, c, spread) + 4*arrivals*pace
	return l.rate >= 0 // a number
}

// turning returns the divergence of linear drift and how fast the standard law turns by it.
func turning(lower, c matrix4, dim int) (spread, pace float64) {
	for j := range dim {
		column := solved(lower, [4]float64{c[0][j], c[1][j], c[2][j], c[3][j]}, dim)
		spread += column[j]
		for k := range dim {
			pace += column[k] * column[k]
		}
	}
	return spread, math.Sqrt(pace)
}

// misfit returns √(E f²), what nodes do not see included.
func (l *linearised) misfit(lower matrix4, mean [4]float64, c matrix4, spread float64) float64 {
	squares, lacks, tails := 0., 0., 0.
	for i, kappa := range l.killing {
		var rest [4]float64
		for k := range l.dim {
			rest[k] = l.b[k][i] - mean[k]
			for j := range l.dim {
				rest[k] -= c[k][j] * l.z[j][i]
			}
		}
		f := l.divergence[i] - spread
		rest = solved(lower, rest, l.dim)
		for k := range l.dim {
			f -= rest[k] * l.z[k][i]
		}
		switch {
		case i < len(l.weight):
			lacks += l.weight[i] * f
			squares += l.weight[i] * (f + kappa) * (f + kappa)
		case l.inside(i):
			tails += l.tail[i-len(l.weight)] * math.Abs(f+kappa)
		}
	}
	return math.Sqrt(squares) + math.Abs(lacks) + tails
}

// inside reports whether a point is between the walls.
func (l *linearised) inside(i int) bool {
	for k, a := range l.problem.Axes {
		if x := l.x[k][i]; x < a.Lo || x > a.Hi {
			return false
		}
	}
	return true
}

// sameNoise reports whether D is the same at all nodes.
func (l *linearised) sameNoise() bool {
	l.problem.Process.(operators.Diffusive).Diffusion(l.d, l.x, l.t)
	trace := 0.
	for k := range l.dim {
		trace += l.diffusion[k][k]
	}
	for k, column := range l.d {
		for _, v := range column {
			if !(math.Abs(v-l.diffusion[k/l.dim][k%l.dim]) <= rounding*trace) {
				return false
			}
		}
	}
	return true
}

// diverge writes ∇·b at the nodes, by differences over a small part of the law.
func (l *linearised) diverge() {
	const part, least = 1e-3, 1e-7
	clear(l.divergence)
	for k := range l.dim {
		step := max(part*math.Sqrt(l.now.covariance[k][k]), least*math.Abs(l.problem.Initial.Point[k]+l.now.mean[k]))
		for _, sign := range [...]float64{1, -1} {
			for j := range l.x {
				copy(l.moved[j], l.x[j])
			}
			for i := range l.moved[k] {
				l.moved[k][i] += sign * step
			}
			l.problem.wind(l.moved)
			l.problem.Process.Drift(l.near, l.moved, l.t)
			for i, v := range l.near[k] {
				l.divergence[i] += sign * v / (2 * step)
			}
		}
	}
}

// beyond returns the mass beyond the walls, and how much of it arrives anew while the
// standard law turns: through a wall z deviations away a law at rest passes z² times as
// often as it is beyond it (Kramers 1940; Rice 1944).
func (l *linearised) beyond() (mass, arrivals float64) {
	for k, a := range l.problem.Axes {
		if a.Ends[0] == grid.Periodic {
			continue
		}
		mean, width := l.problem.Initial.Point[k]+l.now.mean[k], math.Sqrt(l.now.covariance[k][k])
		for _, away := range [...]float64{(mean - a.Lo) / width, (a.Hi - mean) / width} {
			part := between(away, math.Inf(1))
			mass += part
			arrivals += part * max(1, away*away)
		}
	}
	return mass, arrivals
}
