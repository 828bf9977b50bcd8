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
	errs, done := make([]error, blocks), make(chan struct{}, blocks)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(p.workers(), blocks) {
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
	for _, err := range errs { // of the lowest block, whichever failed earliest
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (p *Paths) workers() int {
	if p.Workers > 0 {
		return p.Workers
	}
	return runtime.GOMAXPROCS(0)
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
	if !slices.Contains(c.alive, true) {
		return nil
	}
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

// watch marks the particles that may have met a barrier of axis k, and puts the
// lost ones back.
func (c *crowd) watch(k int, dt float64) {
	motions, one := c.Process.Columns(), c.walls[k].rooms[0]
	clear(c.spread)
	for _, column := range c.s[k*motions : (k+1)*motions] {
		for i, s := range column {
			c.spread[i] += s * s / 2 * dt
		}
	}
	x, from, many := c.x[k], c.from[k], len(c.walls[k].rooms) > 1
	for i, alive := range c.alive {
		if !alive {
			x[i] = from[i]
			continue
		}
		r, d0, d1 := one, from[i], x[i]
		if many {
			r, d0, d1 = c.inRoom(k, i)
		}
		reach := surely * c.spread[i]
		// Written so that what is no number is marked too.
		if !((d0-r.at[0])*(d1-r.at[0]) > reach && (r.at[1]-d0)*(r.at[1]-d1) > reach) {
			c.met[i] = true
		}
	}
}

// surely is −log of a probability below every uniform random number, 2⁻⁵³ and
// up: a bridge with d₀d₁ > surely · D dt stays inside.
const surely = 37

// inRoom returns the room of particle i along axis k and its coordinate before
// and after the step, turned around the circle into that room.
func (c *crowd) inRoom(k, i int) (r room, from, to float64) {
	w := &c.walls[k]
	r, from, to = w.rooms[c.room[k][i]], c.from[k][i], c.x[k][i]
	if w.circle && from < r.at[0] {
		return r, from + (w.hi - w.lo), to + (w.hi - w.lo)
	}
	return r, from, to
}

// meet lets the barriers act on particle i: first all that push, then all
// that absorb, then mirrors and circles.
func (c *crowd) meet(i int, t, dt float64) error {
	for k := range c.x {
		if v := c.x[k][i]; math.IsNaN(v) || math.IsInf(v, 0) {
			return c.tooLong(i, k, t, dt)
		}
	}
	for k := range c.x {
		r, from, to := c.inRoom(k, i)
		for side, kind := range r.kind {
			if kind != pushes {
				continue
			}
			inward := float64(1 - 2*side)
			depth := c.dip(inward*(from-r.at[side]), inward*(to-r.at[side]), c.diffusion(i, k, k)*dt)
			if depth > 0 {
				c.push(i, k, inward*depth)
				to += inward * depth
			}
		}
	}
	for k := range c.x {
		r, from, to := c.inRoom(k, i)
		for side, kind := range r.kind {
			inward := float64(1 - 2*side)
			if kind == absorbs && c.dip(inward*(from-r.at[side]), inward*(to-r.at[side]), c.diffusion(i, k, k)*dt) > 0 {
				c.alive[i], c.x[k][i] = false, r.at[side]
				return nil
			}
		}
	}
	for k := range c.x {
		r, _, to := c.inRoom(k, i)
		if to = r.fold(to); math.IsNaN(to) {
			return c.tooLong(i, k, t, dt)
		}
		c.x[k][i] = c.walls[k].wrap(to)
	}
	return nil
}

func (c *crowd) tooLong(i, k int, t, dt float64) error {
	return fmt.Errorf("validate: particle %d goes from %v to %v on axis %q at time %v; a step of %v is too long", c.id*block+i, c.from[k][i], c.x[k][i], c.Axes[k].Name, t, dt)
}

// diffusion returns D of axes k and l = ½ Σ σₖσₗ for particle i.
func (c *crowd) diffusion(i, k, l int) (d float64) {
	motions := c.Process.Columns()
	for w := range motions {
		d += c.s[k*motions+w][i] * c.s[l*motions+w][i] / 2
	}
	return d
}

// push moves particle i by a depth along axis k, and with it along Dn.
func (c *crowd) push(i, k int, depth float64) {
	own := c.diffusion(i, k, k)
	for l := range c.x {
		if l != k && own > 0 {
			c.x[l][i] += depth * c.diffusion(i, k, l) / own
		}
	}
	c.x[k][i] += depth
}

// dip draws how deep a Brownian bridge goes beyond a wall, 0 if it does not,
// between distances d0 ≥ 0 and d1 inside of it: the least value m of the bridge
// has P(m < v) = exp(−(d0 − v)(d1 − v)/spread), spread = D dt.
func (c *crowd) dip(d0, d1, spread float64) float64 {
	if d0*d1 > surely*spread {
		return 0
	}
	u := 1 - c.random.Float64() // in (0, 1]
	return max(0, (math.Sqrt((d1-d0)*(d1-d0)-4*spread*math.Log(u))-(d0+d1))/2)
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

// barrier is what ends a room on one side.
type barrier int

const (
	open    barrier = iota // the seam of a circle
	pushes                 // a reflecting wall
	absorbs                // an absorbing wall
	mirrors                // a closed face
)

// room is where a particle can be along one axis, between two barriers; on a
// circle it may reach beyond the seam.
type room struct {
	at   [2]float64
	kind [2]barrier
}

// walls are the rooms of one axis from low to high.
type walls struct {
	lo, hi float64
	circle bool
	rooms  []room
}

func newWalls(g *grid.Grid, k int) walls {
	a, n := g.Axis(k), g.Cells(k)
	w := walls{lo: a.Edges[0], hi: a.Edges[n], circle: a.Ends[0] == grid.Periodic}
	var closed []float64
	for f := 1; f < n; f++ {
		if g.Shut(k, f) {
			closed = append(closed, a.Edges[f])
		}
	}
	kind := [2]barrier{open, open}
	for side, f := range []int{0, n} {
		switch {
		case a.Ends[side] == grid.Reflecting:
			kind[side] = pushes
		case g.Shut(k, f):
			kind[side] = mirrors
		case a.Ends[side] == grid.Absorbing:
			kind[side] = absorbs
		}
	}
	r := room{[2]float64{w.lo, w.hi}, kind}
	for _, face := range closed {
		below := r
		below.at[1], below.kind[1] = face, mirrors
		w.rooms = append(w.rooms, below)
		r.at[0], r.kind[0] = face, mirrors
	}
	if len(closed) > 0 && r.kind[1] == open { // around the seam into the first room
		r.at[1], r.kind[1] = w.rooms[0].at[1]+(w.hi-w.lo), mirrors
		w.rooms = slices.Delete(w.rooms, 0, 1)
	}
	w.rooms = append(w.rooms, r)
	return w
}

// find returns the room of a point, of two rooms the upper one, −1 outside the
// axis.
func (w *walls) find(x float64) int {
	if !(x >= w.lo && x <= w.hi) {
		return -1
	}
	for i, r := range slices.Backward(w.rooms) {
		if x >= r.at[0] {
			return i
		}
	}
	return len(w.rooms) - 1 // below the first room of a circle is the last
}

// wrap turns a point around the circle into [lo, hi].
func (w *walls) wrap(x float64) float64 {
	if !w.circle || x >= w.lo && x <= w.hi {
		return x
	}
	length := w.hi - w.lo
	x -= length * math.Floor((x-w.lo)/length)
	return max(w.lo, min(x, w.hi)) // rounding alone puts it outside
}

// fold mirrors a point back into the room, and is not a number for a point
// farther away than the room is wide.
func (r *room) fold(x float64) float64 {
	switch lo, hi := r.at[0], r.at[1]; {
	case r.kind[0] == open || x >= lo && x <= hi:
		return x
	case x < lo && 2*lo-x <= hi:
		return 2*lo - x
	case x > hi && 2*hi-x >= lo:
		return 2*hi - x
	}
	return math.NaN()
}
