package solvers

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"fokker/grid"
	"fokker/operators"
)

const (
	fewCells = 2048 // of a chain, up to which it is eliminated: some seconds at most
	lumps    = 512  // blocks of cells, at most about: their elimination costs a few steps
	smooths  = 3    // steps before blocks are looked at
	rounds   = 500  // of both, at most
)

// leaving is the chain as rates P − I. Their stationary laws and closed classes, and
// where mass ends, are those of the chain; their time is not.
type leaving struct {
	operators.Tabled
	to   []int
	rate []float64
}

// Mesh returns the grid.
func (l *leaving) Mesh() *grid.Grid { return l.Tabled.Mesh() }

// On is not for these.
func (l *leaving) On(*grid.Grid) (operators.Generator, error) {
	return nil, errors.New("solvers: a chain is made of the steps of its process")
}

// Backward writes Pf − f.
func (l *leaving) Backward(dst, f []float64) {
	l.Tabled.Backward(dst, f)
	addScaled(dst, -1, f)
}

// Forward writes Pᵀm − m.
func (l *leaving) Forward(dst, m []float64) {
	l.Step(dst, m)
	addScaled(dst, -1, m)
}

// Row returns the probabilities of going from cell i to others.
func (l *leaving) Row(i int) (to []int, rate []float64) {
	l.to, l.rate = l.to[:0], l.rate[:0]
	l.Tabled.Row(i, func(first int, mass []float64) {
		for e, p := range mass {
			if first+e != i && p > 0 {
				l.to, l.rate = append(l.to, first+e), append(l.rate, p)
			}
		}
	})
	return l.to, l.rate
}

// Absorption returns the probability of being lost.
func (l *leaving) Absorption() []float64 { return l.Lost() }

// StationaryChain returns the law m with Pᵀm = m.
//
// Up to 2048 cells the chain is eliminated ("gth"), which gives every mass to many
// digits, all closed classes, and where mass ends. On more ("lumping"), steps of the
// chain, which even out what is near, take turns with the exact law between blocks of
// cells, which even out what is far: the masses of each block are multiplied by what
// it should have (Takahashi 1975). All operations are positive and keep the mass.
// Tolerance is the L1 error.
func StationaryChain(c operators.Tabled, s *Settings) (*Law, error) {
	begin := time.Now()
	t := newLumping(c, s)
	if t.Method == "gth" || t.Method == "" && c.Size() <= fewCells {
		direct := t.Settings
		direct.Method = "gth"
		return Stationary(&leaving{Tabled: c}, &direct)
	}
	if t.Method != "" && t.Method != "lumping" {
		return nil, fmt.Errorf("solvers: no method %q for stationary laws of chains, expected one of %q", t.Method, []string{"gth", "lumping"})
	}
	if c.Lost() != nil {
		return nil, ErrLost
	}
	m := t.start()
	err := t.run(m)
	if err != nil && !errors.As(err, new(*NotConverged)) {
		return nil, err
	}
	if err != nil || slices.Contains(t.reach(slices.Index(m, slices.Max(m)), c.Backward), false) {
		if classes := t.closed(); len(classes) > 1 {
			law, err := t.severally(classes)
			if err == nil {
				law.Elapsed = time.Since(begin)
			}
			return law, err
		}
	}
	if err != nil {
		return nil, err
	}
	all := make([]int, len(m))
	for i := range all {
		all[i] = i
	}
	law := &Law{Report: t.report, Mass: m, Classes: []Class{{Cells: all, Mass: m, Probability: 1}}}
	law.Elapsed = time.Since(begin)
	return law, nil
}

// lumping is an iteration for the law of a chain, or that conditional on staying
// within some cells: what leaves them is put back by the law itself, so that it is
// stationary.
type lumping struct {
	Settings
	chain  operators.Tabled
	within []bool // nil: all cells
	next   []float64
	of     []int32
	blocks int
	lumped []float64
	sums   []float64
	report Report
}

func newLumping(c operators.Tabled, s *Settings) *lumping {
	return &lumping{Settings: s.forLaws(), chain: c, next: make([]float64, c.Size())}
}

// start is even, so that everything is reached.
func (t *lumping) start() []float64 {
	m := make([]float64, t.chain.Size())
	inside := 0.0
	for i := range m {
		if t.within == nil || t.within[i] {
			m[i] = 1
			inside++
		}
	}
	for i := range m {
		m[i] /= inside
	}
	return m
}

// step replaces m by a part of the law after a step and the rest of itself, and returns
// how far a step moves it in L1. What leaves comes back by the law itself.
func (t *lumping) step(m []float64, part float64) (moved float64) {
	t.chain.Step(t.next, m)
	t.report.WorkUnits++
	stays := 1.0
	if t.within != nil {
		for i, inside := range t.within {
			if !inside {
				t.next[i] = 0
			}
		}
		stays = sum(t.next)
	}
	for i, v := range t.next {
		v /= stays
		moved += math.Abs(v - m[i])
		m[i] = part*v + (1-part)*m[i]
	}
	return moved
}

// run iterates until a law is as near as the tolerance: steps that still move it by d,
// and moved it by d′ before, leave about d²/(d′ − d).
func (t *lumping) run(m []float64) error {
	t.divide()
	before := math.Inf(1)
	start := 0.0
	for range rounds {
		if err := t.Context.Err(); err != nil {
			return err
		}
		for range smooths - 1 {
			t.step(m, 1)
		}
		moved := t.step(m, 0.5) // which takes away what goes to and fro
		t.report.Iterations++
		t.report.Residual = moved
		rate := moved / before
		if moved <= 16*roundoff || rate < 1 && moved*max(rate, 0.1)/(1-rate) <= t.Tolerance/10 {
			t.report.Method = "lumping"
			return nil
		}
		if start == 0 {
			start = moved
		}
		t.Progress(min(1, math.Log(moved/start)/math.Log(t.Tolerance/start)))
		before = moved
		t.correct(m)
	}
	return &NotConverged{"lumping", t.report.Residual, t.report.Iterations}
}

// divide cuts the mesh into blocks with about equal numbers of cells along every axis.
func (t *lumping) divide() {
	g := t.chain.Mesh()
	parts, total := make([]int, g.Dim()), 1
	for k := range parts {
		parts[k] = max(1, min(g.Cells(k), int(math.Pow(lumps, 1/float64(g.Dim())))))
		total *= parts[k]
	}
	t.of, t.blocks = make([]int32, g.Size()), total
	for i := range t.of {
		block := 0
		for k := g.Dim() - 1; k >= 0; k-- {
			block = block*parts[k] + g.Along(k, i)*parts[k]/g.Cells(k)
		}
		if t.of[i] = int32(block); t.within != nil && !t.within[i] {
			t.of[i] = -1
		}
	}
	t.lumped, t.sums = make([]float64, total*total), make([]float64, total)
}

// correct multiplies the masses of every block by what the law between blocks has
// over what they have.
func (t *lumping) correct(m []float64) {
	clear(t.lumped)
	clear(t.sums)
	n := t.blocks
	t.chain.Lump(t.lumped, n, t.of, m)
	t.report.WorkUnits++
	for i, v := range m {
		if b := t.of[i]; b >= 0 {
			t.sums[b] += v
		}
	}
	for b, mass := range t.sums {
		row := t.lumped[b*n : (b+1)*n]
		gone := mass - sum(row)
		for c := range row {
			if t.within != nil && gone > 0 {
				row[c] += gone * t.sums[c]
			}
			if mass > 0 {
				row[c] /= mass
			}
		}
	}
	law := between(t.lumped, t.sums)
	if law == nil {
		return
	}
	for b := range law {
		law[b] /= t.sums[b] // 0/0 where nothing is
	}
	for i := range m {
		if b := t.of[i]; b >= 0 && t.sums[b] > faintest {
			m[i] *= law[b]
		}
	}
}

// faintest is the least mass that a block is looked at with, whose ratios are numbers.
const faintest = 1e-290

// between returns the law of a small chain by elimination without subtraction
// (Grassmann, Taksar and Heyman 1985), of the blocks that have mass; nil where some of
// them are never left.
func between(p, mass []float64) []float64 {
	n := len(mass)
	var live []int
	for b, v := range mass {
		if v > faintest {
			live = append(live, b)
		}
	}
	k := len(live)
	a := make([]float64, k*k)
	for i, b := range live {
		for j, c := range live {
			a[i*k+j] = p[b*n+c]
		}
	}
	for e := k - 1; e > 0; e-- {
		leaves := sum(a[e*k : e*k+e])
		if !(leaves > faintest) {
			return nil
		}
		for i := range e {
			f := a[i*k+e] / leaves
			a[i*k+e] = f
			if f != 0 {
				addScaled(a[i*k:i*k+e], f, a[e*k:e*k+e])
			}
		}
	}
	out := make([]float64, n)
	law := make([]float64, k)
	law[0] = 1
	for e := 1; e < k; e++ {
		for i := range e {
			law[e] += law[i] * a[i*k+e]
		}
		if law[e] > 1 { // the first may be negligible to any extent
			rescale(law[:e+1], 1/law[e])
		}
	}
	total := sum(law)
	for i, b := range live {
		out[b] = law[i] / total
	}
	return out
}

// Steps follows a law for given numbers of steps, increasing from 0 on.
func Steps(c operators.Tabled, m0 []float64, counts []int, s *Settings) (*Evolution, error) {
	begin := time.Now()
	t := newLumping(c, s)
	m, lost, at := slices.Clone(m0), 0.0, 0
	out := &Evolution{Report: Report{Method: "steps"}}
	loss := c.Lost()
	for _, n := range counts {
		for ; at < n; at++ {
			if err := t.Context.Err(); err != nil {
				return nil, err
			}
			if loss != nil {
				lost += dot(m, loss)
			}
			c.Step(t.next, m)
			m, t.next = t.next, m
			if at%64 == 0 {
				t.Progress(float64(at) / float64(counts[len(counts)-1]))
			}
		}
		out.Times, out.Masses, out.Lost = append(out.Times, float64(n)*c.Time()), append(out.Masses, slices.Clone(m)), append(out.Lost, lost)
	}
	out.Steps, out.WorkUnits, out.Elapsed = at, float64(at), time.Since(begin)
	return out, nil
}
