// Package validate says whether the answer is right.
package validate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"fokker/grid"
	"fokker/operators"
)

// Paths follows particles of a process from time 0 by the method of Euler and
// Maruyama (Maruyama 1955), weak order 1 in the step. Walls and closed faces
// are those of the axes:
//
//   - a reflecting wall pushes back along Dn, so that the law has no flux
//     n·(bp − ∇·(Dp)). The push is the depth of the Brownian bridge beyond the
//     wall (Lépingle 1995), exact for one wall and constant b and D;
//   - an absorbing wall takes what ends beyond it, and what ends inside with the
//     probability exp(−d₀d₁/(D dt)) that the bridge between distances d₀ and d₁
//     crossed (Gobet 2000);
//   - closed faces are not reached by the process, so that only a step too long
//     crosses one: it is mirrored there, likewise what a push leaves outside.
//
// D is taken at the start of the step and along the axis of the wall. Where
// noise of several axes is correlated, each wall is met as if alone.
type Paths struct {
	Process   operators.Process
	Axes      []grid.Axis
	Killing   func(k []float64, x [][]float64, t float64) // rate, 1/time; nil: none
	Initial   func(x [][]float64, r *rand.Rand)           // fills columns of starting points
	Particles int
	Step      float64 // the longest; steps end on the asked times
	Seed      uint64
	Workers   int // 0 is GOMAXPROCS; results do not depend on it
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

// block is how many particles share a random stream and are moved together.
const block = 4096

// Run returns the ensembles at increasing times ≥ 0. Progress, if not nil, is
// called now and then with the fraction done, from this goroutine.
func (p *Paths) Run(ctx context.Context, times []float64, progress func(float64)) ([]Ensemble, error) {
	plans, err := p.plan(times)
	if err != nil {
		return nil, err
	}
	out := make([]Ensemble, len(times))
	for j, t := range times {
		out[j] = Ensemble{t, operators.Columns(p.Process.Dim(), p.Particles), make([]bool, p.Particles)}
	}
	blocks := (p.Particles + block - 1) / block
	workers := p.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = min(workers, blocks)
	errs, done := make([]error, blocks), make(chan struct{}, blocks)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			c := newCrowd(p, plans)
			for i := int(next.Add(1)) - 1; i < blocks; i = int(next.Add(1)) - 1 {
				errs[i] = c.run(ctx, i, out)
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
	return out, errors.Join(first(errs))
}

// first returns the error of the lowest block, whichever failed earliest.
func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// plan checks what is asked and returns how each axis is walled.
func (p *Paths) plan(times []float64) ([]walls, error) {
	switch {
	case p.Particles < 2:
		return nil, fmt.Errorf("validate: %d particles, expected at least 2", p.Particles)
	case !(p.Step > 0) || math.IsInf(p.Step, 1):
		return nil, fmt.Errorf("validate: a step of %v, expected a positive number", p.Step)
	case len(p.Axes) != p.Process.Dim():
		return nil, fmt.Errorf("validate: %d axes for a process in %d dimensions", len(p.Axes), p.Process.Dim())
	}
	last := 0.0
	for _, t := range times {
		if !(t >= last) || math.IsInf(t, 1) {
			return nil, fmt.Errorf("validate: time %v after %v, expected finite times that do not decrease from 0", t, last)
		}
		last = t
	}
	g, err := grid.New(p.Axes...)
	if err != nil {
		return nil, err
	}
	plans := make([]walls, len(p.Axes))
	for k := range plans {
		plans[k] = newWalls(g, k)
	}
	return plans, nil
}

// crowd moves the particles of one block after another.
type crowd struct {
	*Paths
	walls      []walls
	random     *rand.Rand
	id         int
	x, from    [][]float64 // now, and at the start of the step
	b, s       [][]float64
	z, spread  []float64 // Brownian increment; D dt along an axis
	rate, was  []float64 // killing now and at the start of the step
	fuse       []float64 // what is left of an exponential life, spent at the killing rate
	room       [][]int   // per axis, between which barriers
	alive, met []bool    // met: a barrier may have been met in this step
}

func newCrowd(p *Paths, plans []walls) *crowd {
	dim, n := p.Process.Dim(), min(block, p.Particles)
	columns := func(k int) [][]float64 { return operators.Columns(k, n) }
	each := columns(5)
	c := &crowd{Paths: p, walls: plans, x: columns(dim), from: columns(dim), b: columns(dim), s: columns(dim * p.Process.Columns()),
		z: each[0], spread: each[1], rate: each[2], was: each[3], fuse: each[4],
		room: make([][]int, dim), alive: make([]bool, n), met: make([]bool, n)}
	for k := range c.room {
		c.room[k] = make([]int, n)
	}
	return c
}

// resize cuts all columns to n particles.
func (c *crowd) resize(n int) {
	for _, columns := range [][][]float64{c.x, c.from, c.b, c.s} {
		for i := range columns {
			columns[i] = columns[i][:n]
		}
	}
	c.z, c.spread, c.rate, c.was, c.fuse = c.z[:n], c.spread[:n], c.rate[:n], c.was[:n], c.fuse[:n]
	c.alive, c.met = c.alive[:n], c.met[:n]
}

// run follows block id through all times.
func (c *crowd) run(ctx context.Context, id int, out []Ensemble) error {
	lo := id * block
	c.resize(min(block, c.Particles-lo)) // only the last block is shorter, and no worker has another after it
	if err := c.start(id); err != nil {
		return err
	}
	t := 0.0
	for _, e := range out {
		// A step longer than asked by rounding is no reason for another one.
		steps := math.Ceil((e.Time - t) / c.Step * (1 - 1e-12))
		for i, t0 := 0.0, t; i < steps; i++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			to := t0 + (e.Time-t0)*((i+1)/steps)
			if err := c.step(t, to-t); err != nil {
				return err
			}
			t = to
		}
		t = e.Time
		for k, x := range c.x {
			copy(e.X[k][lo:], x)
		}
		copy(e.Alive[lo:], c.alive)
	}
	return nil
}

func (c *crowd) start(id int) error {
	c.id, c.random = id, rand.New(rand.NewPCG(c.Seed, uint64(id)))
	c.Initial(c.x, c.random)
	for i := range c.alive {
		c.alive[i] = true
		for k, w := range c.walls {
			if c.room[k][i] = w.find(c.x[k][i]); c.room[k][i] < 0 {
				return fmt.Errorf("validate: particle %d starts at %v on axis %q, expected a point in [%v, %v]", id*block+i, c.x[k][i], c.Axes[k].Name, w.lo, w.hi)
			}
		}
	}
	if c.Killing != nil {
		c.Killing(c.rate, c.x, 0)
		for i := range c.fuse {
			c.fuse[i] = c.random.ExpFloat64()
		}
	}
	return nil
}

func (c *crowd) step(t, dt float64) error {
	c.Process.Drift(c.b, c.x, t)
	c.Process.Noise(c.s, c.x, t)
	for k, x := range c.x {
		copy(c.from[k], x)
		for i, b := range c.b[k] {
			x[i] += b * dt
		}
	}
	c.scatter(math.Sqrt(dt))
	clear(c.met)
	for k := range c.x {
		c.watch(k, dt)
	}
	for i, met := range c.met {
		if met && c.alive[i] {
			if err := c.meet(i, t, dt); err != nil {
				return err
			}
		}
	}
	for k, x := range c.x {
		for i, alive := range c.alive {
			if !alive && !c.met[i] {
				x[i] = c.from[k][i]
			}
		}
	}
	if c.Killing != nil {
		return c.kill(t+dt, dt)
	}
	return nil
}

// scatter adds σ dW, one Brownian motion after the other.
func (c *crowd) scatter(root float64) {
	motions := c.Process.Columns()
	for w := range motions {
		for i, alive := range c.alive {
			if alive {
				c.z[i] = root * c.random.NormFloat64()
			}
		}
		for k, x := range c.x {
			for i, s := range c.s[k*motions+w] {
				x[i] += s * c.z[i]
			}
		}
	}
}
