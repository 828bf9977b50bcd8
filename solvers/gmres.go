package solvers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"fokker/operators"
)

// byGMRES is the method for operators that are no generators.
const byGMRES = "gmres"

// settle returns the law m with Lᵀm = 0 of an operator that is no generator: that
// of the generator beside it, corrected by e with −P Lᵀe = P Lᵀm. P is minus the
// inverse of the generator on what sums to zero, so that P Lᵀ is near −1 and
// ‖P Lᵀm‖₁ near the error of m. The equation is solved by GMRES (Saad and Schultz
// 1986); preconditioning by a scheme of second order is due to Orszag (1980).
func settle(l operators.Accurate, set *Settings) (*Law, error) {
	begin, s := time.Now(), set.forLaws()
	if s.Method != "" && s.Method != byGMRES {
		return nil, fmt.Errorf("solvers: method %q for an operator that is no generator, expected %q", s.Method, byGMRES)
	}
	t, law, err := guess(l, s)
	if err != nil {
		return nil, err
	}
	g := &gmres{operator: l, tolerance: s.Tolerance, m: law.Mass}
	if g.inverse, err = t.inverse(law.Mass, &law.Report); err != nil {
		return nil, err
	}
	err = g.run(t.Context, s.Progress)
	if _, alternates := g.inverse.(*swept); alternates && errors.As(err, new(*NotConverged)) {
		if g.inverse, err = t.pin(law.Mass, &law.Report); err != nil {
			return nil, err
		}
		err = g.run(t.Context, s.Progress)
	}
	if err != nil {
		return nil, err
	}
	g.giveWay(law.Mass)
	if s.Nonnegative {
		law.Negative = overdrawn(g.m)
		if law.Moved, err = newProjection(l.Mesh()).of(g.m); err != nil {
			return nil, err
		}
	}
	law.Method, law.Iterations, law.Log = byGMRES+" on "+law.Method, g.iterations, nil
	law.Mass, law.Classes[0].Mass, law.Classes[0].Log, law.Classes[0].Error = g.m, g.m, nil, s.Tolerance
	law.WorkUnits += g.work
	leave, err := t.exits()
	if err != nil {
		return nil, err
	}
	all := 0.0
	l.Forward(g.r, g.m)
	for i, m := range g.m {
		all += math.Abs(m) * leave[i]
	}
	law.Residual, law.Elapsed = l1(g.r)/all, time.Since(begin)
	return law, nil
}

// guess returns the law of the generator beside the operator, and its task.
func guess(l operators.Accurate, near Settings) (*task, *Law, error) {
	near.Method, near.Tolerance, near.Progress = "", guessTolerance, nil
	t, err := newTask(l.Monotone(), &near)
	if err != nil {
		return nil, nil, err
	}
	law := &Law{}
	if err := t.classes(law); err != nil {
		return nil, nil, err
	}
	t.mix(law)
	if len(law.Classes) != 1 || len(law.Classes[0].Cells) != l.Size() {
		return nil, nil, errors.New("solvers: the mesh falls into several classes of cells, between which a law is not smooth: take a method of second order")
	}
	return t, law, nil
}

// guessTolerance is that of the law of the generator, of which the mesh error is
// more.
const guessTolerance = 1e-4

// inverse is P: it writes the x of sum zero with Qᵀx = −r, for r of sum zero, or
// something near it.
type inverse interface {
	solve(x, r []float64)
	cost() float64 // in applications of Qᵀ
}

// inverse makes P for the generator of a task: by elimination, or by alternating
// directions where that is dear.
func (t *task) inverse(law []float64, r *Report) (inverse, error) {
	if q, ok := t.meshed(t.all()); ok && dissection(q.Mesh()) > cheap {
		if near, ok := q.(stencil); ok {
			if _, _, ok := near.Neighbors(0); ok {
				return t.sweep(near, law)
			}
		}
	}
	return t.pin(law, r)
}

// pin makes P by elimination.
func (t *task) pin(law []float64, r *Report) (inverse, error) {
	pin := heaviestOf(law)
	f, by, err := t.without(pin)
	if err != nil {
		return nil, err
	}
	apply := applyFlops(t.q)
	r.WorkUnits += f.flops / apply
	return &pinned{f, by, pin, law, make([]float64, len(law)-1), 2 * float64(f.ordering.low+f.ordering.side) / apply}, nil
}

// heaviestOf returns the cell of most mass.
func heaviestOf(law []float64) (pin int) {
	for i, m := range law {
		if m > law[pin] {
			pin = i
		}
	}
	return pin
}

// without eliminates all cells but one, in rows divided by powers of two.
func (t *task) without(pin int) (*factor, []int, error) {
	rest := make([]int, 0, t.q.Size())
	for i := range t.q.Size() {
		if i != pin {
			rest = append(rest, i)
		}
	}
	g, err := t.restrict(rest)
	if err != nil {
		return nil, nil, err
	}
	o := t.order(g, nil)
	if o.bytes() > roomy/2 {
		return nil, nil, fmt.Errorf("solvers: elimination of %d cells takes about %.1f GB; take a coarser grid", g.size(), 2*o.bytes()/(1<<30))
	}
	even, by := g.even()
	f, err := o.eliminate(t.Context, even, both, t.Workers, nil)
	if err != nil {
		return nil, nil, err
	}
	if len(f.stuck) > 0 {
		return nil, nil, ErrRange
	}
	return f, by, nil
}

// pinned is P by elimination of all cells but the heaviest, where x is 0 until a
// multiple of the law makes its sum 0.
type pinned struct {
	*factor
	by    []int
	pin   int
	law   []float64
	y     []float64
	flops float64
}

func (p *pinned) cost() float64 { return p.flops }

func (p *pinned) solve(x, r []float64) {
	copy(p.y, r[:p.pin])
	copy(p.y[p.pin:], r[p.pin+1:])
	p.factor.solve(p.y, p.y)
	for i, e := range p.by {
		p.y[i] = math.Ldexp(p.y[i], -e)
	}
	copy(x, p.y[:p.pin])
	x[p.pin] = 0
	copy(x[p.pin+1:], p.y[p.pin:])
	addScaled(x, -sum(x), p.law)
}

// swept is P by alternating directions: steps of a relaxation whose lengths τ go
// through all times of the generator (Wachspress 1962), each
//
//	x += τ y,  r += τ Qᵀy,  y = Π_k (I − τA_kᵀ)⁻¹ r.
type swept struct {
	steps []*split
	left  []float64
	y, z  []float64
	law   []float64
}

// Lengths of the steps.
const (
	sweepRatio = 4  // of one to the next
	sweepMost  = 12 // of them
)

func (t *task) sweep(q stencil, law []float64) (inverse, error) {
	leave, err := t.exits()
	if err != nil {
		return nil, err
	}
	n, longest, mean, fastest := len(law), 0, 0., 0.
	for k := range q.Mesh().Dim() {
		longest = max(longest, q.Mesh().Cells(k))
	}
	for i, m := range law {
		mean, fastest = mean+m*leave[i], max(fastest, leave[i])
	}
	s := &swept{left: make([]float64, n), y: make([]float64, n), z: make([]float64, n), law: law}
	// Diffusion over all of the box takes 2dN²/π² mean stays in a cell.
	tau := 2 * float64(q.Mesh().Dim()*longest*longest) / (math.Pi * math.Pi * mean)
	for len(s.steps) < sweepMost && tau*fastest > 1 {
		step, err := newSplit(q, tau, t.Workers)
		if err != nil {
			return nil, err
		}
		s.steps, tau = append(s.steps, step), tau/sweepRatio
	}
	return s, nil
}

func (s *swept) cost() float64 { return 2 * float64(len(s.steps)) }

func (s *swept) solve(x, r []float64) {
	clear(x)
	copy(s.left, r)
	for _, step := range s.steps {
		copy(s.y, s.left)
		step.precondition(s.y)
		addScaled(x, step.tau, s.y)
		step.apply(s.z, s.y)
		for i, y := range s.y {
			s.left[i] += y - s.z[i]
		}
	}
	addScaled(x, -sum(x), s.law)
}

// gmres is the iteration under way.
type gmres struct {
	operator   operators.Accurate
	inverse    inverse
	tolerance  float64
	m          []float64
	r, z       []float64
	basis      [][]float64
	iterations int
	work       float64
}

const (
	gmresDimensions = 60 // of the space, before the iteration begins again
	gmresRestarts   = 10
)

func (g *gmres) run(ctx context.Context, progress func(float64)) error {
	n := len(g.m)
	g.m, g.r, g.z = append([]float64(nil), g.m...), make([]float64, n), make([]float64, n)
	first, before := 0., math.Inf(1)
	for restart := 0; ; restart++ {
		g.apply(g.z, g.m)
		found := l1(g.z)
		if found <= g.tolerance/2 { // P Lᵀ is −1 but for a factor between 0.4 and 1 of short waves
			return nil
		}
		if first == 0 {
			first = found
		}
		if restart == gmresRestarts || !(found < before/2) {
			return &NotConverged{byGMRES, found, g.iterations}
		}
		before = found
		tell := func(part float64) { // of the digits wanted
			progress(min(1, math.Log(found*part/first)/math.Log(g.tolerance/2/first)))
		}
		if err := g.cycle(ctx, g.tolerance/4/found, tell); err != nil {
			return err
		}
	}
}

// tailPart of the tolerance is what tails may be changed by: what is far out counts
// some hundred times as much in moments as it has mass.
const tailPart = 1e-2

// giveWay takes the law of the generator, which is positive, where that of the
// operator is negative, if all of that changes less than a part of the tolerance:
// tails which the iteration does not know, or the mesh does not resolve. (Such a
// return to a robust scheme where a law turned out wrong: Clain, Diot and Loubère
// 2011.) The whole is normalised anew.
func (g *gmres) giveWay(near []float64) {
	change := 0.
	for i, m := range g.m {
		if m < 0 {
			change += near[i] - m
		}
	}
	if change == 0 || change > tailPart*g.tolerance {
		return
	}
	for i, m := range g.m {
		if m < 0 {
			g.m[i] = near[i]
		}
		g.m[i] /= 1 + change
	}
}

// apply writes P Lᵀx.
func (g *gmres) apply(dst, x []float64) {
	g.operator.Forward(g.r, x)
	g.inverse.solve(dst, g.r)
	g.work += 1 + g.inverse.cost()
}

// cycle adds to m the e in a growing space for which ‖z + P Lᵀe‖₂ is least, until
// it has fallen by a factor.
func (g *gmres) cycle(ctx context.Context, factor float64, tell func(part float64)) error {
	k := newKrylov(math.Sqrt(dot(g.z, g.z)))
	g.vector(0, g.z, 1/k.left[0])
	for j := range gmresDimensions {
		if err := ctx.Err(); err != nil {
			return err
		}
		w := g.vector(j+1, nil, 0)
		g.apply(w, g.basis[j])
		column := make([]float64, j+2)
		for i := range j + 1 { // Gram and Schmidt, one after the other
			column[i] = dot(w, g.basis[i])
			addScaled(w, -column[i], g.basis[i])
		}
		column[j+1] = math.Sqrt(dot(w, w))
		for i := range w {
			w[i] /= column[j+1]
		}
		g.iterations++
		part := k.add(column) / k.whole
		tell(part)
		if part <= factor || !finite(1/column[j+1]) {
			break
		}
	}
	for i, y := range k.solve() {
		addScaled(g.m, -y, g.basis[i])
	}
	return nil
}

// vector returns a vector of the basis, set to a multiple of x unless that is nil.
func (g *gmres) vector(i int, x []float64, factor float64) []float64 {
	if i == len(g.basis) {
		g.basis = append(g.basis, make([]float64, len(g.m)))
	}
	v := g.basis[i]
	for c, b := range x {
		v[c] = factor * b
	}
	return v
}

// krylov is the least squares of Hessenberg's matrix, by rotations (Givens 1958).
type krylov struct {
	whole   float64
	columns [][]float64
	cos     []float64
	sin     []float64
	left    []float64
}

func newKrylov(norm float64) *krylov { return &krylov{whole: norm, left: []float64{norm}} }

// add takes a column and returns the norm that is left.
func (k *krylov) add(h []float64) float64 {
	j := len(h) - 2
	for i := range j {
		h[i], h[i+1] = k.cos[i]*h[i]+k.sin[i]*h[i+1], k.cos[i]*h[i+1]-k.sin[i]*h[i]
	}
	r := math.Hypot(h[j], h[j+1])
	c, s := h[j]/r, h[j+1]/r
	h[j] = r
	k.columns, k.cos, k.sin = append(k.columns, h), append(k.cos, c), append(k.sin, s)
	k.left = append(k.left, -s*k.left[j])
	k.left[j] *= c
	return math.Abs(k.left[j+1])
}

// solve returns the coefficients.
func (k *krylov) solve() []float64 {
	y := append([]float64(nil), k.left[:len(k.columns)]...)
	for i := len(y) - 1; i >= 0; i-- {
		y[i] /= k.columns[i][i]
		for j := range i {
			y[j] -= k.columns[i][j] * y[i]
		}
	}
	return y
}
