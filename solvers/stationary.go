package solvers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"fokker/grid"
	"fokker/operators"
	"fokker/solvers/multigrid"
)

// ErrLost says that no closed class exists.
var ErrLost = errors.New("solvers: no stationary law: all mass is lost sooner or later; close or reflect a wall, or ask for the evolution")

// Stationary returns the law m with Qᵀm = 0.
//
// The cells are sorted into closed classes and those that are left for good.
// Every class has a law of its own. Where there is more than one class,
// Settings.Initial decides how much mass ends in each; without it the classes
// are returned with Probability NaN, and Mass is nil. Mass started where it
// may also be lost leaves probabilities that sum to less than one; the law of
// a single class is given as it is, Σ = 1.
//
// Along an axis with drift and without noise, beside others with noise, the law is
// that of the flows with which Strang evolves it, limited, and Q is
// Limited by it: the Method begins with Streams. It does not where none was found.
//
// Methods are "gth", direct elimination, for any generator with rows, and
// "multigrid", for one closed class on a grid of two axes or more. The default
// is the cheaper by an estimate of the elimination. Multigrid tries coarser grids
// first, then cells joined along the strongest flows. An operator that is no
// generator is solved by "gmres" with the generator beside it; its law has masses
// of any sign.
func Stationary(q operators.Generator, s *Settings) (*Law, error) {
	if l, ok := q.(operators.Accurate); ok {
		return settle(l, s)
	}
	begin := time.Now()
	t, err := newTask(q, s)
	if err != nil {
		return nil, err
	}
	law, told := &Law{}, t.Progress
	r, streams := limitable(t.q)
	if streams != nil {
		t.Progress = func(float64) {} // of the first of many laws
	}
	if err := t.classes(law); err != nil {
		return nil, err
	}
	if t.Progress = told; streams != nil {
		if err := t.correct(law, r, streams); err != nil {
			return nil, err
		}
	}
	t.mix(law)
	if law.Mass != nil && law.Residual == 0 { // or known by the way
		if law.Residual, err = t.residual(law.Mass); err != nil {
			return nil, err
		}
		if !finite(law.Residual) {
			return nil, ErrRange
		}
	}
	law.Elapsed = time.Since(begin)
	return law, nil
}

// task is a request for a stationary law.
type task struct {
	Settings
	q      operators.Rowed
	beside *beside // nil unless a stencil
	copied *graph  // nil until asked for
	blank  []int32 // zeros, one per cell
}

// forLaws returns the settings with the defaults of stationary laws.
func (s *Settings) forLaws() (set Settings) {
	if s != nil {
		set = *s
	}
	if set.Context == nil {
		set.Context = context.Background()
	}
	if set.Progress == nil {
		set.Progress = func(float64) {}
	}
	set.Workers = cmp.Or(max(set.Workers, 0), runtime.GOMAXPROCS(0))
	set.Tolerance = cmp.Or(set.Tolerance, 1e-8)
	return set
}

func newTask(q operators.Generator, s *Settings) (*task, error) {
	rowed, ok := q.(operators.Rowed)
	if !ok {
		return nil, fmt.Errorf("solvers: a stationary law needs a generator with rows, found %T", q)
	}
	t := &task{q: rowed, Settings: s.forLaws()}
	if t.Initial != nil && len(t.Initial) != q.Size() {
		return nil, fmt.Errorf("solvers: initial law of %d cells, expected %d", len(t.Initial), q.Size())
	}
	for i, m := range t.Initial {
		if !valid(m) {
			return nil, fmt.Errorf("solvers: initial mass of cell %d is %v, expected finite and nonnegative", i, m)
		}
	}
	if t.Method != "" && !slices.Contains(methods, t.Method) {
		return nil, fmt.Errorf("solvers: no method %q for stationary laws, expected one of %q", t.Method, methods)
	}
	if t.beside = newBeside(rowed); t.beside != nil {
		return t, t.beside.check()
	}
	_, err := t.graph()
	return t, err
}

// graph returns the rates by rows. Large stencils are solved without.
func (t *task) graph() (*graph, error) {
	if t.copied == nil {
		g, err := read(t.q)
		if err != nil {
			return nil, err
		}
		t.copied, t.blank = g, make([]int32, g.size())
	}
	return t.copied, nil
}

// restrict returns the rates between some cells.
func (t *task) restrict(cells []int) (*graph, error) {
	g, err := t.graph()
	if err != nil {
		return nil, err
	}
	return g.restrict(cells, t.blank), nil
}

// split returns the closed classes and the cells outside of them.
func (t *task) split() (closed [][]int, transient []int) {
	if t.beside == nil {
		return sortOut(t.copied)
	}
	if !t.beside.whole {
		return sortOut(t.beside)
	}
	return [][]int{t.all()}, nil
}

// all returns the cells.
func (t *task) all() []int {
	out := grid.Zeros[int](t.q.Size())
	for i := range out {
		out[i] = i
	}
	return out
}

var methods = []string{"gth", "multigrid"}

// classes finds the closed classes, their laws and their probabilities.
func (t *task) classes(law *Law) error {
	closed, transient := t.split()
	if len(closed) == 0 {
		return ErrLost
	}
	told, done, all := t.Progress, 0., float64(t.q.Size())
	defer func() { t.Progress = told }()
	for _, cells := range closed {
		part := float64(len(cells)) / all
		t.Progress = func(f float64) { told(done + part*f) }
		c := Class{Cells: cells}
		if err := t.law(&c, &law.Report); err != nil {
			return err
		}
		law.Classes = append(law.Classes, c)
		done += part
	}
	return t.endings(law, transient)
}

// cheap is the work, in flops, up to which elimination is preferred, as it gives
// every mass to many digits however small: what it takes on 170² cells with
// five-point rows, less than a tenth of a second.
const cheap = 3e8

// roomy is the memory, in bytes, above which elimination is not chosen unasked.
const roomy = 4 << 30

// joining is the work of joining cells, in flops of an elimination a rate: on label
// noise both take as long at 128².
const joining = 5e4

// wells bounds how many places that are hardly ever left are looked at. More
// are not wells: the noise is too small for the mesh.
const wells = 100

// law computes the law on a closed class.
func (t *task) law(c *Class, r *Report) error {
	q, iterable := t.meshed(c.Cells)
	switch {
	case t.Method == "multigrid" && !iterable:
		return errors.New("solvers: multigrid needs a grid of two axes or more, all of it one closed class")
	case t.Method == "multigrid":
		return t.insist(c, q, r)
	case t.Method == "" && iterable && dissection(q.Mesh()) > cheap:
		return t.choose(c, q, r)
	}
	g, err := t.restrict(c.Cells)
	if err != nil {
		return err
	}
	o := t.order(g, nil)
	if t.Method == "" && iterable && o.flops > cheap { // a long grid, or long jumps
		return t.choose(c, q, r)
	}
	if t.Method == "" && o.bytes() > roomy {
		return fmt.Errorf("solvers: elimination of %d cells takes about %.1f GB; take a coarser grid, or insist by method \"gth\"", g.size(), o.bytes()/(1<<30))
	}
	return t.direct(c, g, o, r)
}

// dissection estimates the flops of an elimination of all cells of a grid that
// jump to their neighbours, the least that it takes: N s² / s^(1/(d−1)) times a constant, s being the
// cells of a section through N of them in d dimensions (George 1973).
func dissection(g *grid.Grid) float64 {
	all, longest := float64(g.Size()), 1
	for k := range g.Dim() {
		longest = max(longest, g.Cells(k))
	}
	constant := [...]float64{2: 40, 3: 11, 4: 6.3} // counted on grids of equal axes; twice as much on long ones
	return constant[g.Dim()] * all * math.Pow(all/float64(longest), 2-1/float64(g.Dim()-1))
}

// meshed returns the generator as multigrid wants it, if it can be.
func (t *task) meshed(cells []int) (q multigrid.Wide, ok bool) {
	q, ok = t.q.(multigrid.Wide)
	return q, ok && len(cells) == q.Size() && q.Mesh() != nil && q.Mesh().Dim() >= 2
}

// choose iterates on coarser grids. Where that does not converge it joins cells or
// eliminates, whichever is cheaper.
func (t *task) choose(c *Class, q multigrid.Wide, r *Report) error {
	err := t.iterate(c, q, r, t.multigrid)
	var stalled *NotConverged
	if !errors.As(err, &stalled) {
		return err
	}
	g, failed := t.restrict(c.Cells)
	if failed != nil {
		return failed
	}
	o := t.order(g, nil)
	if o.flops > joining*float64(len(g.to)+g.size()) {
		again := t.iterate(c, q, r, t.join)
		var idle *NotConverged
		if !errors.As(again, &idle) {
			return again
		}
	}
	if o.bytes() > roomy {
		return err
	}
	err = t.direct(c, g, o, r)
	r.Method = fmt.Sprintf("gth (multigrid stalled at residual %.1e)", stalled.Residual)
	return err
}

// insist iterates on coarser grids, and joins cells where that does not converge.
func (t *task) insist(c *Class, q multigrid.Wide, r *Report) error {
	err := t.iterate(c, q, r, t.multigrid)
	var stalled *NotConverged
	if !errors.As(err, &stalled) {
		return err
	}
	return t.iterate(c, q, r, t.join)
}

// multigridOf is one of the iterations.
type multigridOf func(multigrid.Wide, multigrid.Options) (multigrid.Result, error)

// iterate solves by multigrid.
func (t *task) iterate(c *Class, q multigrid.Wide, r *Report, solve multigridOf) error {
	got, err := solve(q, multigrid.Options{Tolerance: t.Tolerance, Workers: t.Workers, Progress: t.Progress, Other: t.Other})
	r.Method, r.Iterations = "multigrid", got.Cycles
	r.WorkUnits += got.WorkUnits
	if got.Method != "" {
		r.Method = "multigrid (" + got.Method + ")"
	}
	var stalled *multigrid.Stalled
	if errors.As(err, &stalled) {
		err = &NotConverged{Method: r.Method, Residual: stalled.Residual, Iterations: stalled.Cycles}
		if stalled.Cause != nil {
			err = fmt.Errorf("%w: %w", err, stalled.Cause)
		}
		return err
	}
	c.Mass, c.Error, r.Residual = got.Mass, got.Error, got.Residual
	return err
}

// multigrid takes the solver for jumps between neighbours where there are no
// others.
func (t *task) multigrid(q multigrid.Wide, o multigrid.Options) (multigrid.Result, error) {
	if near, ok := q.(multigrid.Generator); ok {
		if _, _, ok = near.Neighbors(0); ok {
			return multigrid.Solve(t.Context, near, o)
		}
	}
	return multigrid.SolveWide(t.Context, q, o, t.coarsest)
}

// join joins cells by their flows, whatever the grid.
func (t *task) join(q multigrid.Wide, o multigrid.Options) (multigrid.Result, error) {
	return multigrid.SolveJoined(t.Context, q, o)
}

func (t *task) order(g *graph, last []int32) *ordering {
	return g.order(positions(t.q, g.cells), last)
}

// direct eliminates a closed class. Where some cells are left so rarely that
// the rates underflow, most of the mass is there, and the elimination is done
// again with the heaviest of these cells at the end of the order.
func (t *task) direct(c *Class, g *graph, o *ordering, r *Report) error {
	r.Method = "gth"
	even, by := g.even()
	var last []int32
	for {
		f, err := o.eliminate(t.Context, even, columns, t.Workers, t.Progress)
		if err != nil {
			return err
		}
		r.WorkUnits += t.applications(o.flops)
		if len(f.stuck) == 0 {
			law := f.law(g.size()-1, 0)
			if f.spoiled(law) {
				return ErrRange
			}
			right := f.line // its masses have exponents of their own
			if !right {
				if right, err = t.tails(even, law, r); err != nil {
					return err
				}
			}
			for i := range law {
				law[i].e -= by[i]
			}
			c.Mass = normalize(law)
			if right {
				c.Log = logarithms(law)
			}
			return nil
		}
		for _, seed := range f.stuck {
			if seed >= o.last || len(last) > wells {
				return ErrRange
			}
			last = append(last, heaviest(f.law(seed, 0)))
		}
		slices.Sort(last)
		last = slices.Compact(last)
		o = t.order(g, last)
	}
}

// applications returns how many of Qᵀ take so many flops: a product and a sum for
// every entry.
func (t *task) applications(flops float64) float64 {
	return flops / (2 * float64(len(t.copied.to)+t.copied.size()))
}

// heaviest returns the cell of most mass.
func heaviest(law []scaled) int32 {
	top := slices.MaxFunc(law, func(a, b scaled) int {
		if a.x == 0 || b.x == 0 {
			return cmp.Compare(a.x, b.x)
		}
		return cmp.Or(cmp.Compare(a.e, b.e), cmp.Compare(a.x, b.x))
	})
	return int32(slices.Index(law, top))
}

// endings computes the probability of ending in each class. Mass m started in
// the transient cells stays in them for the times y with Q_TTᵀ y = −m, and
// y_i r_ij of it goes from there to cell j (Kemeny and Snell 1960).
func (t *task) endings(law *Law, transient []int) error {
	if t.Initial == nil {
		if len(law.Classes) == 1 && !t.loses(transient) {
			law.Classes[0].Probability = 1
			return nil
		}
		for c := range law.Classes {
			law.Classes[c].Probability = math.NaN()
		}
		return nil
	}
	for c := range law.Classes {
		for _, i := range law.Classes[c].Cells {
			law.Classes[c].Probability += t.Initial[i]
		}
	}
	if len(transient) == 0 {
		return nil
	}
	return t.arrivals(law, transient)
}

// arrivals adds what comes from the transient cells.
func (t *task) arrivals(law *Law, transient []int) error {
	y, err := t.stay(transient)
	if err != nil {
		return err
	}
	class := make([]int, t.q.Size()) // 1 + class
	for c := range law.Classes {
		for _, i := range law.Classes[c].Cells {
			class[i] = c + 1
		}
	}
	for x, i := range transient {
		to, rate := t.copied.row(i)
		for e, j := range to {
			if c := class[j]; c > 0 {
				law.Classes[c-1].Probability += y[x] * rate[e]
			}
		}
	}
	return nil
}

// loses reports whether any of the cells absorbs.
func (t *task) loses(cells []int) bool {
	loss := t.q.Absorption()
	return loss != nil && slices.ContainsFunc(cells, func(i int) bool { return loss[i] > 0 })
}

// stay returns the mean times spent in the transient cells.
func (t *task) stay(transient []int) ([]float64, error) {
	g, err := t.restrict(transient)
	if err != nil {
		return nil, err
	}
	even, by := g.even()
	f, err := t.order(g, nil).eliminate(t.Context, even, both, t.Workers, nil)
	if err != nil {
		return nil, err
	}
	if len(f.stuck) > 0 {
		return nil, ErrRange
	}
	y := make([]float64, len(transient))
	for x, i := range transient {
		y[x] = t.Initial[i]
	}
	f.solve(y, y)
	for i := range y {
		y[i] = math.Ldexp(y[i], -by[i])
	}
	return y, nil
}

// mix sets the law of the whole process.
func (t *task) mix(law *Law) {
	single := len(law.Classes) == 1
	if !single && t.Initial == nil {
		return
	}
	if single && len(law.Classes[0].Mass) == t.q.Size() {
		law.Mass, law.Log = law.Classes[0].Mass, law.Classes[0].Log
		return
	}
	law.Mass = make([]float64, t.q.Size())
	for _, c := range law.Classes {
		share := c.Probability
		if single {
			share = 1
		}
		for x, i := range c.Cells {
			law.Mass[i] = share * c.Mass[x]
		}
	}
	t.mixLogs(law, single)
}

// mixLogs does the same with logarithms, if a class has them.
func (t *task) mixLogs(law *Law, single bool) {
	if !slices.ContainsFunc(law.Classes, func(c Class) bool { return c.Log != nil }) {
		return
	}
	law.Log = make([]float64, t.q.Size())
	for i := range law.Log {
		law.Log[i] = math.Inf(-1)
	}
	for _, c := range law.Classes {
		share := 0.
		if !single {
			share = math.Log2(c.Probability) * math.Ln2 // math.Log is wrong below the normal numbers on some machines
		}
		for x, i := range c.Cells {
			if c.Log != nil {
				law.Log[i] = share + c.Log[x]
			} else {
				law.Log[i] = share + math.Log(c.Mass[x])
			}
		}
	}
}

// residual returns ‖Qᵀm‖₁ / Σ mᵢ|Qᵢᵢ|, 0 where nothing moves.
func (t *task) residual(m []float64) (float64, error) {
	flow := grid.Zeros[float64](len(m))
	t.q.Forward(flow, m)
	leave, err := t.exits()
	if err != nil {
		return 0, err
	}
	norm, all := 0.0, 0.0
	for i := range m {
		norm += math.Abs(flow[i])
		all += m[i] * leave[i]
	}
	if all == 0 {
		return 0, nil
	}
	return norm / all, nil
}

// exits returns |Qᵢᵢ|, which some generators know.
func (t *task) exits() ([]float64, error) {
	if q, ok := t.q.(interface{ Exit() []float64 }); ok {
		return q.Exit(), nil
	}
	g, err := t.graph()
	if err != nil {
		return nil, err
	}
	out := slices.Clone(g.loss)
	for i := range out {
		_, rate := g.row(i)
		out[i] += sum(rate)
	}
	return out, nil
}
