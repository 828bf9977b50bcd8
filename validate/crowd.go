package validate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"fokker/operators"
)

// crowd moves the particles of one block after another. Brownian increments have
// a random stream of their own, drawn for the dead as well, so that two runs can
// share them.
type crowd struct {
	*Paths
	*plan
	motion     *rand.PCG // of Brownian increments
	bridge     *rand.PCG // of their halves
	random     *rand.Rand
	move       func(t, dt float64) // from → x, noise at the start in s
	id         int
	x, from    [][]float64 // now, and at the start of the step
	b, s       [][]float64
	known      bool        // s, where it is constant
	acts       []bool      // columns of s that are not 0
	w, rest    [][]float64 // Brownian increments, and those of the second half of a step
	second     bool        // half of a step
	z          []float64   // a normal number
	rate, was  []float64   // killing now and at the start of the step
	fuse       []float64   // what is left of an exponential life, spent at the killing rate
	room       [][]int     // per axis, between which barriers
	alive, met []bool      // met: a barrier may have been met in this step

	columns []*[][]float64 // all of the above, and those of the method
}

func newCrowd(p *Paths, q *plan) *crowd {
	dim, motions, n := p.Process.Dim(), p.Process.Columns(), min(block, p.Particles)
	c := &crowd{Paths: p, plan: q, acts: make([]bool, dim*motions), room: make([][]int, dim), alive: make([]bool, n), met: make([]bool, n)}
	for k := range c.room {
		c.room[k] = make([]int, n)
	}
	c.allocate(&c.x, dim)
	c.allocate(&c.from, dim)
	c.allocate(&c.b, dim)
	c.allocate(&c.s, dim*motions)
	c.allocate(&c.w, motions)
	if p.halved {
		c.allocate(&c.rest, max(dim, motions)) // some methods have a motion per axis
	}
	var each [][]float64
	c.allocate(&each, 4)
	c.z, c.rate, c.was, c.fuse = each[0], each[1], each[2], each[3]
	if p.Algorithm == nil {
		c.move = methods[p.Method].mover(c)
	}
	return c
}

// allocate makes columns of all particles of a block.
func (c *crowd) allocate(to *[][]float64, k int) {
	*to = operators.Columns(k, len(c.alive))
	c.columns = append(c.columns, to)
}

// resize cuts all columns to n particles.
func (c *crowd) resize(n int) {
	for _, columns := range c.columns {
		for i := range *columns {
			(*columns)[i] = (*columns)[i][:n]
		}
	}
	c.z, c.rate, c.was, c.fuse = c.z[:n], c.rate[:n], c.was[:n], c.fuse[:n]
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
	for j, e := range out {
		dt := (e.Time - t) / float64(c.steps[j])
		for i := range c.steps[j] {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := c.step(t+(e.Time-t)*(float64(i)/float64(c.steps[j])), dt); err != nil {
				return err
			}
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
	c.id = id
	c.motion, c.random = rand.NewPCG(c.Seed, uint64(2*id)), rand.New(rand.NewPCG(c.Seed, uint64(2*id+1)))
	c.bridge = rand.NewPCG(^c.Seed, uint64(id))
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
	if c.Algorithm != nil {
		step := c.Algorithm.Start(len(c.alive), c.random)
		c.move = func(_, _ float64) { step(c.x) } // s stays 0: the way of a step is no bridge
	}
	return nil
}

func (c *crowd) step(t, dt float64) error {
	if !slices.Contains(c.alive, true) {
		return nil
	}
	for k, x := range c.x {
		copy(c.from[k], x)
	}
	c.move(t, dt)
	clear(c.met)
	for k := range c.x {
		c.watch(k, dt)
	}
	for i, met := range c.met {
		if met {
			if err := c.meet(i, t, dt); err != nil {
				return err
			}
		}
	}
	if c.Killing != nil {
		return c.kill(t+dt, dt)
	}
	return nil
}

// draw draws the Brownian increments of a step.
func (c *crowd) draw(dt float64) {
	if c.halved {
		c.split(dt)
		return
	}
	root := math.Sqrt(dt)
	for _, w := range c.w {
		normals(w, root, c.motion)
	}
}

// split draws the increments of a whole step, 2dt, at its first half, and divides
// them by a Brownian bridge: W/2 ± a normal number of variance dt/2.
func (c *crowd) split(dt float64) {
	if c.second = !c.second; !c.second {
		for m, w := range c.w {
			copy(w, c.rest[m])
		}
		return
	}
	for m, w := range c.w {
		normals(w, math.Sqrt(2*dt), c.motion)
		normals(c.z, math.Sqrt(dt/2), c.bridge)
		for i, z := range c.z {
			c.rest[m][i] = w[i]/2 - z
			w[i] = w[i]/2 + z
		}
	}
}

// kill spends the fuses at the killing rate, by the trapezoidal rule.
func (c *crowd) kill(t, dt float64) error {
	c.was, c.rate = c.rate, c.was
	c.Killing(c.rate, c.x, t)
	for i, rate := range c.rate {
		if !c.alive[i] {
			continue
		}
		if !(rate >= 0) {
			return fmt.Errorf("validate: killing at rate %v at time %v, expected a number ≥ 0", rate, t)
		}
		c.fuse[i] -= dt / 2 * (c.was[i] + rate)
		c.alive[i] = c.fuse[i] > 0
	}
	return nil
}
