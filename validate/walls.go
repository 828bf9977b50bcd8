package validate

import (
	"fmt"
	"math"
	"slices"

	"fokker/grid"
)

// watch marks the particles that may have met a barrier of axis k, as if the noise of
// all were that of the most driven, and puts the lost ones back.
func (c *crowd) watch(k int, dt float64) {
	motions, one := c.Process.Columns(), c.walls[k].rooms[0]
	reach := 0.0
	for m := range motions {
		if c.acts[k*motions+m] {
			reach += surely * dt / 2 * largestSquare(c.s[k*motions+m])
		}
	}
	x, from, many := c.x[k], c.from[k], len(c.walls[k].rooms) > 1
	for i, alive := range c.alive {
		if !alive {
			x[i] = from[i]
			continue
		}
		r, d0, d1 := &one, from[i], x[i]
		if many {
			there, f, t := c.inRoom(k, i)
			r, d0, d1 = &there, f, t
		}
		// Written so that what is no number is marked too.
		if !((d0-r.at[0])*(d1-r.at[0]) > reach && (r.at[1]-d0)*(r.at[1]-d1) > reach) {
			c.met[i] = true
		}
	}
}

func largestSquare(x []float64) (m float64) {
	for _, v := range x {
		if v*v > m {
			m = v * v
		}
	}
	return m
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
