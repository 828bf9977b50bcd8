package solvers

import (
	"context"
	"math"

	"fokker/operators"
)

// system is a shifted equation that is solved by iteration. Its preconditioner
// P is nonnegative and keeps mass, so that x + P r has exactly the mass that x
// lacked.
type system interface {
	precondition(x []float64) // overwrites x by P x
	apply(dst, x []float64)   // writes (I − τQᵀ)x
	fastest() float64         // largest diagonal of τQ
	numbers() int             // that it holds, besides the generator
	exact() bool              // P is the inverse itself
	passes() float64          // work of P
}

// iterated solves a system by BiCGStab and last corrections by P.
type iterated struct {
	system
	name string
	rho  float64
	most int // iterations before a restart
	done float64

	tired *bool // told when more than patience iterations are needed; may be nil

	*scratch
}

// scratch is the vectors of an iteration, the same for all τ.
type scratch struct{ rhs, r, shadow, p, v, s, t []float64 }

func newScratch(n int) *scratch {
	v := operators.Columns(7, n)
	return &scratch{v[0], v[1], v[2], v[3], v[4], v[5], v[6]}
}

func newIterated(name string, system system, work *scratch) *iterated {
	return &iterated{system: system, name: name, rho: system.fastest(), most: splitIterations, scratch: work}
}

func (c *iterated) work() (done float64) {
	done, c.done = c.done, 0
	return done
}

func (c *iterated) precondition(x []float64) {
	c.system.precondition(x)
	c.done += c.passes()
}

func (c *iterated) apply(dst, x []float64) {
	c.system.apply(dst, x)
	c.done++
}

func (c *iterated) solve(ctx context.Context, x, b []float64, accuracy float64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	copy(c.rhs, b)
	copy(x, b)
	c.precondition(x)
	limit := accuracy * l1(b)
	for range restarts {
		if c.exact() {
			break
		}
		c.residual(x)
		if l1(c.r) <= limit {
			break
		}
		if err := c.iterate(ctx, x, limit); err != nil {
			return err
		}
	}
	return c.polish(x, limit)
}

// residual sets r to rhs − (I − τQᵀ)x.
func (c *iterated) residual(x []float64) {
	c.apply(c.r, x)
	for i := range c.r {
		c.r[i] = c.rhs[i] - c.r[i]
	}
}

const (
	restarts        = 2   // of BiCGStab after a breakdown or to catch up with the true residual
	splitIterations = 100 // per restart
	polishes        = 6   // each gains the factor of P, and mass at once
)

// iterate improves x by BiCGStab, preconditioned from the right (van der Vorst
// 1992), until the residual is within limit or the recurrence breaks down.
func (c *iterated) iterate(ctx context.Context, x []float64, limit float64) error {
	copy(c.shadow, c.r)
	copy(c.p, c.r)
	rho := dot(c.shadow, c.r)
	for n := range c.most {
		if err := c.goOn(ctx, n); err != nil {
			return err
		}
		c.preconditioned(c.v, c.t, c.p)
		alpha := rho / dot(c.shadow, c.v)
		if !finite(alpha) {
			return nil
		}
		addScaled(x, alpha, c.t)
		addScaled(c.r, -alpha, c.v)
		c.preconditioned(c.t, c.s, c.r)
		omega := dot(c.t, c.r) / dot(c.t, c.t)
		if !finite(omega) {
			return nil
		}
		addScaled(x, omega, c.s)
		addScaled(c.r, -omega, c.t)
		if l1(c.r) <= limit {
			return nil
		}
		next := dot(c.shadow, c.r)
		beta := next / rho * alpha / omega
		if !finite(beta) || beta == 0 {
			return nil
		}
		rho = next
		for i := range c.p {
			c.p[i] = c.r[i] + beta*(c.p[i]-omega*c.v[i])
		}
	}
	return nil
}

// preconditioned writes y = P x and (I − τQᵀ)y.
func (c *iterated) preconditioned(dst, y, x []float64) {
	copy(y, x)
	c.precondition(y)
	c.apply(dst, y)
}

// goOn reports a cancelled context, and notes an iteration that takes long.
func (c *iterated) goOn(ctx context.Context, n int) error {
	if n == patience && c.tired != nil {
		*c.tired = true
	}
	return ctx.Err()
}

// polish adds P r until what is missing of the mass, and the residual, are
// rounding. Below the rounding of the largest terms, a residual says nothing;
// it is a sum of net fluxes then, which P takes away.
func (c *iterated) polish(x []float64, limit float64) error {
	mass := l1(c.rhs)
	var left float64
	for range polishes {
		c.residual(x)
		left = l1(c.r)
		if math.Abs(sum(c.r)) <= 4*roundoff*mass && left <= limit+4*roundoff*c.rho*l1(x) {
			return nil
		}
		c.precondition(c.r)
		addScaled(x, 1, c.r)
	}
	if left <= 10*limit+100*roundoff*c.rho*l1(x) {
		return nil
	}
	return &NotConverged{c.name, left / mass, restarts * c.most}
}
