package validate

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Method is how a step is taken.
type Method int

const (
	EulerMaruyama Method = iota // any process (Maruyama 1955)
	Milstein                    // diagonal noise, without derivatives (Kloeden and Platen 1992, 11.1)
	Platen                      // any process, weak order 2 (Kloeden and Platen 1992, 15.1.3)
	BAOAB                       // kinetic processes (Leimkuhler and Matthews 2013)
	Exact                       // linear drift, constant noise: the law of a step without walls (Van Loan 1978)
)

// methods is the table of methods. Orders are those of the step where
// coefficients are smooth and no wall is near; infinite: no error.
var methods = [...]struct {
	name         string
	strong, weak float64
	fits         func(shape) bool
	needs        string
	mover        func(*crowd) func(t, dt float64)
}{
	EulerMaruyama: {"euler", 0.5, 1, anything, "", euler},
	Milstein:      {"milstein", 1, 1, func(s shape) bool { return s.diagonal }, "noise along every axis that depends on this axis alone", milstein},
	Platen:        {"platen", 0.5, 2, anything, "", platen},
	BAOAB:         {"baoab", 1, 2, func(s shape) bool { return s.kinetic != nil }, "axes without noise whose drift is linear in others, velocities, with constant noise and linear friction", baoab},
	Exact:         {"exact", math.Inf(1), math.Inf(1), func(s shape) bool { return s.linear != nil }, "a drift that is linear in the axes, and constant noise", exact},
}

func anything(shape) bool { return true }

// Methods lists the names of all methods.
func Methods() (names []string) {
	for _, m := range methods {
		names = append(names, m.name)
	}
	return names
}

// String returns the method's name.
func (m Method) String() string { return methods[m].name }

// Weak returns the order with which the error of expectations falls.
func (m Method) Weak() float64 { return methods[m].weak }

func (m Method) check(s shape) error {
	if row := methods[m]; !row.fits(s) {
		return fmt.Errorf("validate: method %q needs %s, as points of the box show", row.name, row.needs)
	}
	return nil
}

// noise evaluates σ at the start of a step, once in a run if it is constant, and notes
// which of its columns are not 0.
func (c *crowd) noise(t float64) {
	if c.shape.constant && c.known {
		return
	}
	c.Process.Noise(c.s, c.from, t)
	c.known = true
	for i, s := range c.s {
		c.acts[i] = !zero(s)
	}
}

// euler moves by b dt + σ dW.
func euler(c *crowd) func(t, dt float64) {
	return func(t, dt float64) {
		c.Process.Drift(c.b, c.from, t)
		c.noise(t)
		c.draw(dt)
		c.along(c.x, dt)
	}
}

// along writes from + b dt + σ dW.
func (c *crowd) along(dst [][]float64, dt float64) {
	motions := len(c.w)
	for k := range dst {
		out, from, b := dst[k], c.from[k], c.b[k]
		from, b = from[:len(out)], b[:len(out)]
		for i := range out {
			out[i] = from[i] + b[i]*dt
		}
		for m, w := range c.w {
			if c.acts[k*motions+m] {
				addProduct(out, c.s[k*motions+m], w)
			}
		}
	}
}

// addProduct adds s·w.
func addProduct(dst, s, w []float64) {
	s, w = s[:len(dst)], w[:len(dst)]
	for i := range dst {
		dst[i] += s[i] * w[i]
	}
}

// zero reports whether a column is 0, as most of σ are in several dimensions.
func zero(column []float64) bool {
	for _, v := range column {
		if v != 0 {
			return false
		}
	}
	return true
}

// milstein adds ½ σσ′(dW² − dt), the derivative by a difference over σ√dt.
func milstein(c *crowd) func(t, dt float64) {
	var shifted, changed [][]float64
	c.allocate(&shifted, len(c.x))
	c.allocate(&changed, len(c.s))
	motions := len(c.w)
	return func(t, dt float64) {
		c.Process.Drift(c.b, c.from, t)
		c.noise(t)
		c.draw(dt)
		c.along(c.x, dt)
		root := math.Sqrt(dt)
		for k := range shifted {
			copy(shifted[k], c.from[k])
			for m := range motions { // one of them acts on this axis
				addScaled(shifted[k], c.s[k*motions+m], root)
			}
		}
		c.Process.Noise(changed, shifted, t)
		for k, x := range c.x {
			for m, w := range c.w {
				s, s1 := c.s[k*motions+m], changed[k*motions+m]
				if !c.acts[k*motions+m] {
					continue
				}
				for i := range x {
					x[i] += (s1[i] - s[i]) * (w[i]*w[i] - dt) / (2 * root)
				}
			}
		}
	}
}

func addScaled(dst, a []float64, factor float64) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] += factor * a[i]
	}
}

// supports is the working memory of Platen's scheme.
type supports struct {
	*crowd
	at, drift, noise [][]float64
	areas            [][]float64 // ±dt for pairs of motions, in the place of areas between them
	groups           [][]int     // of motions that are shifted together
}

func platen(c *crowd) func(t, dt float64) {
	p := &supports{crowd: c, groups: groups(c.shape, len(c.w))}
	motions := len(c.w)
	c.allocate(&p.at, len(c.x))
	c.allocate(&p.drift, len(c.x))
	c.allocate(&p.noise, len(c.s))
	if !c.shape.diagonal && !c.shape.constant {
		c.allocate(&p.areas, motions*(motions-1)/2)
	}
	return p.step
}

// groups are all motions together where each depends on its own axis alone, one by
// one otherwise, and none where σ is constant.
func groups(s shape, motions int) (out [][]int) {
	if s.constant {
		return nil
	}
	for j := range motions {
		if s.diagonal && j > 0 {
			out[0] = append(out[0], j)
		} else {
			out = append(out, []int{j})
		}
	}
	return out
}

// step is from + ½(b + b(Y)) dt and, for motions j and r ≠ j with increments w,
//
//	½ σʲ wʲ + ¼ Σ± σʲ(R±ʲ)(wʲ ± (wʲ² − dt)/√dt)
//	        + ¼ Σ± (σʲ(U±ʳ) − σʲ) wʲ ± σʲ(U±ʳ)(wʲwʳ + Vʳʲ)/√dt
//
// with Y = from + b dt + σw, R± = from + b dt ± σʲ√dt, U± = from ± σʳ√dt and
// V antisymmetric, ±dt at random. Where noise is diagonal the last sum has mean 0
// and is left out, and R± are one point for all motions; where it is constant only
// σw is left.
func (p *supports) step(t, dt float64) {
	c := p.crowd
	c.Process.Drift(c.b, c.from, t)
	c.noise(t)
	c.draw(dt)
	c.along(p.at, dt)
	c.Process.Drift(p.drift, p.at, t+dt)
	share := 0.5
	if c.shape.constant {
		share = 1
	}
	for k, x := range c.x {
		addScaled(x, c.b[k], dt/2)
		addScaled(x, p.drift[k], dt/2)
		for j, w := range c.w {
			if s := c.s[k*len(c.w)+j]; c.acts[k*len(c.w)+j] {
				for i := range x {
					x[i] += share * s[i] * w[i]
				}
			}
		}
	}
	for _, v := range p.areas {
		p.signs(v, dt)
	}
	for _, group := range p.groups {
		p.vary(group, t, dt)
	}
}

// vary adds what σ at the supports of a group of motions contributes.
func (p *supports) vary(group []int, t, dt float64) {
	root := math.Sqrt(dt)
	for _, sign := range []float64{1, -1} {
		p.shift(group, dt, sign*root)
		p.Process.Noise(p.noise, p.at, t+dt)
		for _, j := range group {
			p.own(j, dt, sign/root)
		}
		if len(p.areas) > 0 {
			p.shift(group, 0, sign*root)
			p.Process.Noise(p.noise, p.at, t)
			p.others(group[0], sign/root)
		}
	}
}

// signs draws ±size.
func (p *supports) signs(v []float64, size float64) {
	var bits uint64
	for i := range v {
		if i%64 == 0 {
			bits = p.random.Uint64()
		}
		v[i] = size * float64(int64(bits&1)*2-1)
		bits >>= 1
	}
}

// shift writes from + b dt + Σσʲ·length over a group of motions.
func (p *supports) shift(group []int, dt, length float64) {
	for k, at := range p.at {
		copy(at, p.from[k])
		if dt != 0 {
			addScaled(at, p.b[k], dt)
		}
		for _, j := range group {
			if p.acts[k*len(p.w)+j] {
				addScaled(at, p.s[k*len(p.w)+j], length)
			}
		}
	}
}

// own adds ¼ σʲ(R)(wʲ + signed (wʲ² − dt)).
func (p *supports) own(j int, dt, signed float64) {
	w := p.w[j]
	for k, x := range p.x {
		if s := p.noise[k*len(p.w)+j]; !zero(s) {
			for i := range x {
				x[i] += s[i] * (w[i] + signed*(w[i]*w[i]-dt)) / 4
			}
		}
	}
}

// others adds ¼ (σʲ(U) − σʲ) wʲ + ¼ signed σʲ(U)(wʲwʳ + Vʳʲ) for all j ≠ r.
func (p *supports) others(r int, signed float64) {
	for j, w := range p.w {
		if j == r {
			continue
		}
		lo, hi := min(j, r), max(j, r)
		v, direction := p.areas[hi*(hi-1)/2+lo], signed
		if r > j {
			direction = -signed // of V
		}
		for k, x := range p.x {
			s, s0 := p.noise[k*len(p.w)+j], p.s[k*len(p.w)+j]
			for i := range x {
				x[i] += ((s[i]-s0[i])*w[i] + s[i]*(signed*w[i]*p.w[r][i]+direction*v[i])) / 4
			}
		}
	}
}

// baoab moves velocities by half a step of the force, positions by half a step,
// velocities by friction and noise exactly, and the same backwards.
func baoab(c *crowd) func(t, dt float64) {
	b := &splitting{crowd: c, kinetic: c.shape.kinetic}
	c.allocate(&b.at, len(c.x))
	return b.step
}

// splitting is the working memory of BAOAB: positions with velocities 0, at which
// the drift of velocities is the force.
type splitting struct {
	*crowd
	*kinetic
	at [][]float64
}

func (b *splitting) step(t, dt float64) {
	b.noise(t)
	b.draw(dt)
	b.kick(t, dt/2)
	b.glide(dt / 2)
	b.thermalise(dt)
	b.glide(dt / 2)
	b.kick(t+dt, dt/2)
}

// kick adds f dt to velocities.
func (b *splitting) kick(t, dt float64) {
	for k, x := range b.x {
		if !b.velocity[k] {
			copy(b.at[k], x)
		}
	}
	b.Process.Drift(b.b, b.at, t)
	for k, x := range b.x {
		if b.velocity[k] {
			addScaled(x, b.b[k], dt)
		}
	}
}

// glide adds Sv dt to positions.
func (b *splitting) glide(dt float64) {
	for k, x := range b.x {
		for l, a := range b.speed[k] {
			if a != 0 {
				addScaled(x, b.x[l], a*dt)
			}
		}
	}
}

// thermalise writes e^(−γdt) v + √((1 − e^(−2γdt))/(2γ dt)) σ dW.
func (b *splitting) thermalise(dt float64) {
	for k, x := range b.x {
		if !b.velocity[k] {
			continue
		}
		decay, root := math.Exp(-b.friction[k]*dt), 1.0
		if turns := 2 * b.friction[k] * dt; turns != 0 {
			root = math.Sqrt(-math.Expm1(-turns) / turns)
		}
		for i := range x {
			x[i] *= decay
		}
		for m, w := range b.w {
			if s := b.s[k*len(b.w)+m]; b.acts[k*len(b.w)+m] {
				for i := range x {
					x[i] += root * s[i] * w[i]
				}
			}
		}
	}
}

// exact draws the normal law after a step of dX = (AX + a) dt + σ dW: mean
// e^(A dt) x + ∫e^(As) a ds, covariance ∫e^(As) σσᵀ e^(Aᵀs) ds.
func exact(c *crowd) func(t, dt float64) {
	dim := len(c.x)
	var known float64
	var carry, root *mat.Dense
	mean := make([]float64, dim)
	c.allocate(&c.w, max(dim, len(c.w))) // a normal number per axis
	return func(t, dt float64) {
		if dt != known {
			known = dt
			carry, root = c.shape.linear.over(dt, mean)
		}
		c.noise(t)
		c.draw(dt)
		for k, x := range c.x {
			for i := range x {
				x[i] = mean[k]
			}
			for l := range dim {
				addScaled(x, c.from[l], carry.At(k, l))
				addScaled(x, c.w[l], root.At(k, l)/math.Sqrt(dt))
			}
		}
	}
}
