// Package validate says whether the answer is right.
package validate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"fokker/grid"
	"fokker/operators"
)

// Paths follows particles of a process from time 0 by a Method, or those of an
// algorithm. Walls and closed faces are those of the axes:
//
//   - a reflecting wall pushes back along Dn, so that the law has no flux
//     n·(bp − ∇·(Dp)). The push is the depth of the Brownian bridge beyond the
//     wall (Lépingle 1995), exact for one wall and constant b and D;
//   - an absorbing wall takes what ends beyond it, and what ends inside with the
//     probability exp(−d₀d₁/(D dt)) that the bridge between distances d₀ and d₁
//     crossed (Gobet 2000);
//   - closed faces are not reached by the process, so that only a step too long
//     crosses one: it is mirrored there, likewise what a push leaves outside. Steps
//     of an algorithm go across.
//
// D is taken at the start of the step and along the axis of the wall. Where
// noise of several axes is correlated, each wall is met as if alone. At walls
// the order is at most 1, whatever the method.
type Paths struct {
	Process   operators.Process
	Method    Method    // zero: Euler and Maruyama's
	Algorithm Algorithm // moves the particles instead of a method; Step is the time of one of its steps
	Axes      []grid.Axis
	Killing   func(k []float64, x [][]float64, t float64) // rate, 1/time; nil: none
	Initial   func(x [][]float64, r *rand.Rand)           // fills columns of starting points
	Particles int
	Step      float64 // the longest; steps end on the asked times
	Seed      uint64
	Workers   int // 0 is GOMAXPROCS; results do not depend on it

	halved bool // steps are half as long, on the Brownian motion of whole ones
}

// Algorithm moves points by a rule of its own, all by one step. It knows no
// walls: one that reflects leaves on the wall what would be beyond.
type Algorithm interface {
	Start(n int, r *rand.Rand) (step func(x [][]float64)) // for n points, what they remember included
}

// Ensemble is all particles at one time: X[k][i] is coordinate k of particle
// i. One that is not alive stays where it was lost, on a wall or where it was
// killed.
type Ensemble struct {
	Time  float64
	X     [][]float64
	Alive []bool
}

// Mean returns the sum of φ over the particles alive divided by the number of
// all, ∫φp undivided by survival, and its standard error. phi writes the value at
// each point of columns, as a coefficient does.
func (e Ensemble) Mean(phi func(f []float64, x [][]float64)) (value, standardError float64) {
	n := float64(len(e.Alive))
	f := make([]float64, len(e.Alive))
	phi(f, e.X)
	for i, v := range f {
		if e.Alive[i] {
			value += v
		} else {
			f[i] = 0
		}
	}
	value /= n
	square := 0.0
	for _, v := range f {
		square += (v - value) * (v - value)
	}
	return value, math.Sqrt(square / (n - 1) / n)
}

// block is how many particles share random streams and are moved together: their
// columns stay in the second-level cache.
const block = 1024

// Run returns the ensembles at increasing times ≥ 0. Progress, if not nil, is
// called now and then with the fraction done, from this goroutine.
func (p *Paths) Run(ctx context.Context, times []float64, progress func(float64)) ([]Ensemble, error) {
	plan, err := p.plan(times)
	if err != nil {
		return nil, err
	}
	out := make([]Ensemble, len(times))
	for j, t := range times {
		out[j] = Ensemble{t, operators.Columns(p.Process.Dim(), p.Particles), make([]bool, p.Particles)}
	}
	err = p.inBlocks(ctx, (p.Particles+block-1)/block, progress, func() func(id int) error {
		c := newCrowd(p, plan)
		return func(id int) error { return c.run(ctx, id, out) }
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// inBlocks calls what each worker makes for itself with all numbers of blocks.
func (p *Paths) inBlocks(ctx context.Context, blocks int, progress func(float64), worker func() func(id int) error) error {
	errs, done := make([]error, blocks), make(chan struct{}, blocks)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(p.workers(), blocks) {
		wait.Go(func() {
			do := worker()
			for i := int(next.Add(1)) - 1; i < blocks; i = int(next.Add(1)) - 1 {
				if errs[i] = ctx.Err(); errs[i] == nil {
					errs[i] = do(i)
				}
				done <- struct{}{}
			}
		})
	}
	for i := range blocks {
		<-done
		if progress != nil {
			progress(float64(i+1) / float64(blocks))
		}
	}
	wait.Wait()
	for _, err := range errs { // of the lowest block, whichever failed earliest
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *Paths) workers() int {
	if p.Workers > 0 {
		return p.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// Both returns the ensembles of a run, and those of so many of its first particles
// on the same Brownian motion with steps half as long: their difference is what the
// step does and little of chance (Giles 2008).
func (p *Paths) Both(ctx context.Context, times []float64, companions int, progress func(float64)) (long, short []Ensemble, err error) {
	half := *p
	half.halved, half.Particles = true, p.companions(companions)
	part := 1 / (1 + 2*float64(half.Particles)/float64(p.Particles)) // of the work
	share := func(from, part float64) func(float64) {
		return func(done float64) {
			if progress != nil {
				progress(from + part*done)
			}
		}
	}
	if long, err = p.Run(ctx, times, share(0, part)); err != nil {
		return nil, nil, err
	}
	short, err = half.Run(ctx, times, share(part, 1-part))
	return long, short, err
}

// with is Both where there are companions, and a run with empty ensembles beside it
// where there are none.
func (p *Paths) with(ctx context.Context, times []float64, companions int, progress func(float64)) (long, short []Ensemble, err error) {
	if companions > 0 {
		return p.Both(ctx, times, companions, progress)
	}
	long, err = p.Run(ctx, times, progress)
	return long, make([]Ensemble, len(times)), err
}

// companions rounds a number of particles up to whole blocks, whose random streams
// depend on their length.
func (p *Paths) companions(n int) int {
	return min(p.Particles, (max(n, 2)+block-1)/block*block)
}

// plan is what a run needs to know before it starts.
type plan struct {
	walls []walls
	shape shape
	steps []int // to every time from the one before
}

// plan checks what is asked.
func (p *Paths) plan(times []float64) (*plan, error) {
	switch {
	case p.Particles < 2:
		return nil, fmt.Errorf("validate: %d particles, expected at least 2", p.Particles)
	case !(p.Step > 0) || math.IsInf(p.Step, 1):
		return nil, fmt.Errorf("validate: a step of %v, expected a positive number", p.Step)
	case len(p.Axes) != p.Process.Dim():
		return nil, fmt.Errorf("validate: %d axes for a process in %d dimensions", len(p.Axes), p.Process.Dim())
	}
	steps, err := p.count(times)
	if err != nil {
		return nil, err
	}
	axes := slices.Clone(p.Axes)
	if p.Algorithm != nil {
		for k := range axes {
			axes[k].Closed = nil
		}
	}
	g, err := grid.New(axes...)
	if err != nil {
		return nil, err
	}
	out := &plan{walls: make([]walls, len(p.Axes)), steps: steps}
	for k := range out.walls {
		out.walls[k] = newWalls(g, k)
	}
	if p.Algorithm == nil && p.Method != EulerMaruyama {
		out.shape = probe(p.Process, p.Axes, times)
		err = p.Method.check(out.shape)
	}
	return out, err
}

// count returns the number of steps to every time from the one before.
func (p *Paths) count(times []float64) (steps []int, err error) {
	last := 0.0
	for _, t := range times {
		if !(t >= last) || math.IsInf(t, 1) {
			return nil, fmt.Errorf("validate: time %v after %v, expected finite times that do not decrease from 0", t, last)
		}
		const rounding = 1e-9 // of a step: no reason for another one
		n := math.Ceil((t-last)/p.Step - rounding)
		if p.Algorithm != nil && math.Abs((t-last)/p.Step-n) > rounding*max(1, n) {
			return nil, fmt.Errorf("validate: time %v after %v, expected a whole number of steps of %v", t, last, p.Step)
		}
		if p.halved {
			n *= 2
		}
		steps, last = append(steps, int(n)), t
	}
	return steps, nil
}
