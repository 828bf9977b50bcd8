package solvers

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"fokker/operators"
)

// The elimination of cell k watches the process only while it is elsewhere:
//
//	s_k  = Σ_j r_kj + loss_k           over the cells j that remain
//	p_kj = r_kj / s_k                  the next cell watched after k
//	r_ij += r_ik p_kj,  loss_i += r_ik loss_k / s_k
//
// (Grassmann, Taksar and Heyman 1985). The diagonal is never stored but
// always summed, so nothing is subtracted and every number keeps its relative
// accuracy (O'Cinneide 1993): a mass of 1e-200 has as many digits as one of 1.

// ErrRange says that some cells are left so rarely that float64 cannot say it.
var ErrRange = errors.New("solvers: some cells are left at less than 1e-286 of their rates, and what the wells there hold is beyond float64")

// errPattern says that a generator has jumps that were not ordered.
var errPattern = errors.New("solvers: the generator has jumps that its ordering does not know")

// parts says which parts of a factor are kept.
type parts int

const (
	columns parts = iota // enough for the law
	both                 // for solutions with a right-hand side
)

// Where the rates out of a cell sum to about 1, half of the range of float64 is
// for s_k, half for the p_kj that are left when it is divided by. At the end of
// the order no p matters any more, and s_k only wants its 53 digits.
const (
	tiny  = 0x1p-500
	least = 0x1p-950
)

// factor is the elimination of all cells.
type factor struct {
	*ordering
	low   []float64 // per front: rows of the front × its pivots; s_k on the diagonal, p above, r below
	side  []float64 // per front: its pivots × its border, p
	chain *chain    // instead of both where jumps lead to next cells only
	stuck []int     // pivots left so rarely that they count as left never
	work  []float64 // of solve, by elimination number
	local []float64 // of solve, of one front
}

// newFactor eliminates I − τQᵀ. All pivots are positive and nothing is
// subtracted: a nonnegative right-hand side has a nonnegative solution with
// entrywise relative accuracy, and mass + τ·absorption·x is kept to rounding.
func newFactor(ctx context.Context, q operators.Rowed, tau float64, workers int) (*factor, error) {
	o, err := newOrdering(q)
	if err != nil {
		return nil, err
	}
	return o.factor(ctx, q, tau, workers)
}

// eliminator is an elimination under way.
type eliminator struct {
	*factor
	ctx     context.Context
	out, in *graph
	crew    crew
	shelf   shelf
	blocks  []square      // rates around fronts whose parents have not taken them in yet
	last    int           // pivots from here on are the last resort and stuck only below least
	mutex   sync.Mutex    // of stuck
	done    atomic.Uint64 // flops
}

// eliminate runs the elimination. Progress, if not nil, is told the fraction done.
func (o *ordering) eliminate(ctx context.Context, g *graph, keep parts, workers int, progress func(float64)) (*factor, error) {
	f := &factor{ordering: o}
	if o.line {
		f.chain = newChain(g)
		if f.chain == nil {
			return nil, errPattern
		}
		return f, nil
	}
	f.low = make([]float64, o.low)
	if keep == both {
		f.side = make([]float64, o.side)
		f.work, f.local = make([]float64, g.size()), make([]float64, o.widest())
	}
	e := &eliminator{factor: f, ctx: ctx, out: g, in: g.transpose(), crew: newCrew(workers), blocks: make([]square, len(o.fronts))}
	if e.last = o.last; keep == both {
		e.last = 0
	}
	if progress == nil {
		progress = func(float64) {}
	}
	if err := e.subtree(len(o.fronts)-1, progress); err != nil {
		return nil, err
	}
	slices.Sort(f.stuck)
	return f, nil
}

// subtree eliminates a front and all below it, the children at the same time
// if workers are free.
func (e *eliminator) subtree(t int, progress func(float64)) error {
	children := e.fronts[t].children
	errs := make([]error, len(children))
	var others sync.WaitGroup
	for i, c := range children {
		if i+1 < len(children) && e.weight[c] > wake && e.crew.take() {
			others.Go(func() {
				errs[i] = e.subtree(c, func(float64) {})
				e.crew.give()
			})
			continue
		}
		errs[i] = e.subtree(c, progress)
	}
	others.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := e.ctx.Err(); err != nil {
		return err
	}
	if err := e.front(t); err != nil {
		return err
	}
	own := e.weight[t]
	for _, c := range children {
		own -= e.weight[c]
	}
	progress(float64(e.done.Add(uint64(own))) / e.flops)
	return nil
}

// front eliminates the pivots of one front.
func (e *eliminator) front(t int) error {
	f := &e.fronts[t]
	p, m := f.pivots(), f.size()
	a := square{e.shelf.get(m * (m + 1)), m}
	defer e.shelf.put(a.v)
	clear(a.v)
	if err := e.assemble(t, a); err != nil {
		return err
	}
	for k := 0; k < p; k += panel {
		end := min(k+panel, p)
		for i := k; i < end; i++ {
			a.reduce(i, k, i)
			e.leave(f.lo+i, a.row(i)[i:])
		}
		bands, left := (m-end+band-1)/band, float64(m-end)
		e.crew.each(bands, 2*panel*left*left, func(i int) {
			a.update(k, end, end+i*band, min(end+(i+1)*band, m))
		})
	}
	e.store(f, a)
	rest := square{e.shelf.get((m - p) * (m - p + 1)), m - p}
	for i := range m - p {
		copy(rest.row(i), a.row(p + i)[p:])
	}
	e.blocks[t] = rest
	return nil
}

// leave turns what is right of the diagonal of a row, rates and loss, into
// probabilities and writes their sum s on the diagonal.
func (e *eliminator) leave(pivot int, row []float64) {
	s := sum(row[1:])
	row[0] = s
	if pivot == len(e.cell)-1 {
		return
	}
	if s <= tiny && (pivot < e.last || s <= least) {
		e.mutex.Lock()
		e.stuck = append(e.stuck, pivot)
		e.mutex.Unlock()
		clear(row[1:])
		row[0], row[len(row)-1] = 1, 1 // what comes here is lost to the others
		return
	}
	for j, r := range row[1:] {
		row[1+j] = r / s
	}
}

// widest returns the size of the largest front.
func (o *ordering) widest() int {
	w := 0
	for i := range o.fronts {
		w = max(w, o.fronts[i].size())
	}
	return w
}
