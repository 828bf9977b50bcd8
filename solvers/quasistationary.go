package solvers

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"fokker/operators"
)

// ErrStays says that mass within the region need not leave it.
var ErrStays = errors.New("solvers: no mass leaves the region")

// Survivors is a quasi-stationary law, that of what has stayed within a region for
// long (Darroch and Seneta 1965).
type Survivors struct {
	Report
	Mass   []float64 // of all cells, Σ = 1 within
	Rate   float64   // at which what stays leaves: 1/time of a generator, −ln λ a step of a chain
	Leaves []float64 // per cell, 1/time or a step: the law of where it leaves from is Mass × Leaves
}

// Quasistationary returns the law ν within some cells, nil being all, with
// νQ = −λν there, λ being the rate of leaving. It solves νₖ₊₁ ∝ −νₖQ⁻¹ by elimination
// without subtraction, so that ν and λ are right to many digits however small λ is.
func Quasistationary(q operators.Generator, within []bool, s *Settings) (*Survivors, error) {
	begin := time.Now()
	t, err := newTask(q, s)
	if err != nil {
		return nil, err
	}
	out, err := t.survivors(within)
	if err != nil {
		return nil, err
	}
	for i, m := range out.Mass {
		out.Rate += m * out.Leaves[i]
	}
	out.Elapsed = time.Since(begin)
	return out, nil
}

// QuasistationaryChain returns that law of a chain, νP = λν within the cells: up to
// 2048 of them by elimination, on more by lumping (see StationaryChain).
func QuasistationaryChain(c operators.Tabled, within []bool, s *Settings) (*Survivors, error) {
	begin := time.Now()
	t := newLumping(c, s)
	n := c.Size()
	if within != nil {
		n = count(within)
	}
	if t.Method == "gth" || t.Method == "" && n <= fewCells && c.Size() <= 4*fewCells {
		direct := t.Settings
		direct.Method = "gth"
		out, err := Quasistationary(&leaving{Tabled: c}, within, &direct)
		if err == nil {
			out.Rate = -math.Log1p(-out.Rate)
		}
		return out, err
	}
	if t.Method != "" && t.Method != "lumping" {
		return nil, fmt.Errorf("solvers: no method %q for laws within a region, expected one of %q", t.Method, []string{"gth", "lumping"})
	}
	if t.within = within; within == nil {
		t.within = slices.Repeat([]bool{true}, c.Size())
	}
	out := &Survivors{Mass: t.start(), Leaves: exits(c, t.within)}
	if err := t.run(out.Mass); err != nil {
		return nil, err
	}
	leaves := dot(out.Mass, out.Leaves)
	if leaves == 0 {
		return nil, ErrStays
	}
	out.Report, out.Rate = t.report, -math.Log1p(-leaves)
	out.Elapsed = time.Since(begin)
	return out, nil
}

func count(within []bool) (n int) {
	for _, yes := range within {
		if yes {
			n++
		}
	}
	return n
}

// exits returns the probability of leaving the cells in a step, added up where it is
// small.
func exits(c operators.Tabled, within []bool) []float64 {
	out, beyond := make([]float64, c.Size()), make([]float64, c.Size())
	for i, inside := range within {
		if !inside {
			beyond[i] = 1
		}
	}
	c.Backward(out, beyond)
	for i, v := range c.Lost() {
		out[i] += v
	}
	for i, inside := range within {
		if !inside {
			out[i] = 0
		}
	}
	return out
}

// settled is the change in L1 from which on a law is as good as rounding lets it be.
const settled = 1e-14

// survivors iterates with the inverse.
func (t *task) survivors(within []bool) (*Survivors, error) {
	cells := t.all()
	if within != nil {
		cells = slices.DeleteFunc(cells, func(i int) bool { return !within[i] })
	}
	if len(cells) == 0 {
		return nil, errors.New("solvers: no cell lies within the region")
	}
	g, err := t.restrict(cells)
	if err != nil {
		return nil, err
	}
	if closed, _ := sortOut(g); len(closed) > 0 {
		return nil, ErrStays
	}
	leaves := slices.Clone(g.loss)
	even, by := g.even()
	o := t.order(g, nil)
	if o.bytes() > roomy {
		return nil, fmt.Errorf("solvers: elimination of %d cells takes about %.1f GB; take a coarser grid or a smaller region", g.size(), o.bytes()/(1<<30))
	}
	f, err := o.eliminate(t.Context, even, both, t.Workers, t.Progress)
	if err != nil {
		return nil, err
	}
	if len(f.stuck) > 0 {
		return nil, ErrRange
	}
	law, iterations, err := t.conditional(f, by)
	if err != nil {
		return nil, err
	}
	out := &Survivors{Mass: make([]float64, t.q.Size()), Leaves: make([]float64, t.q.Size())}
	for x, i := range cells {
		out.Mass[i], out.Leaves[i] = law[x], leaves[x]
	}
	out.Report = Report{Method: "gth", Iterations: iterations, WorkUnits: t.applications(o.flops)}
	return out, nil
}

// conditional returns the law that f⁻¹ multiplies by a number.
func (t *task) conditional(f *factor, by []int) (law []float64, iterations int, err error) {
	n := len(by)
	law, next := make([]float64, n), make([]float64, n)
	for i := range law {
		law[i] = 1 / float64(n)
	}
	before := math.Inf(1)
	for iterations < rounds {
		if err := t.Context.Err(); err != nil {
			return nil, iterations, err
		}
		copy(next, law)
		f.solve(next, next)
		for i := range next {
			next[i] = math.Ldexp(next[i], -by[i])
		}
		total, moved := sum(next), 0.0
		for i, v := range next {
			v /= total
			moved += math.Abs(v - law[i])
			law[i] = v
		}
		iterations++
		if moved <= settled || moved < noiseMost && moved >= before/2 { // what still changes is rounding
			return law, iterations, nil
		}
		before = moved
	}
	return nil, iterations, &NotConverged{"inverse iteration", before, iterations}
}
