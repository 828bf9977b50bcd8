package solvers

import (
	"context"
	"errors"
	"fmt"

	"fokker/operators"
)

// Backward solves the equation of expectations, du/ds = Qu from u = φ at s = 0, so that
// u(x, s) = E[φ(X_s) | X_0 = x] (Kolmogorov 1931), by steps of SDIRK4 with given
// lengths, which the caller answers for: Σ m₀u(s) = Σ m(s)φ shows what they miss.
// Equations are eliminated once for each length, and serve any number of functions. Not
// for use by several goroutines at a time.
type Backward struct {
	settings Settings
	q        operators.Rowed
	order    *ordering
	factors  map[float64]*factor
	u        []float64
	next     []float64
	dense    []float64
	rhs      []float64
	k        [sdirkStages][]float64
}

// NewBackward prepares a generator whose rates do not depend on time.
func NewBackward(q operators.Generator, s *Settings) (*Backward, error) {
	t, err := newTask(q, s)
	if err != nil {
		return nil, err
	}
	if changes(t.q) {
		return nil, errors.New("solvers: backward: the rates depend on time")
	}
	n := q.Size()
	b := &Backward{settings: t.Settings, q: t.q, factors: map[float64]*factor{}}
	b.u, b.next, b.dense, b.rhs = make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range b.k {
		b.k[i] = make([]float64, n)
	}
	b.order, err = newOrdering(t.q)
	return b, err
}

// Run makes the steps from a function. Within each it calls visit at the fractions of
// it, with the time from 0, and at last with the end; u is good until visit returns.
func (b *Backward) Run(phi, steps, fractions []float64, visit func(at float64, u []float64) error) error {
	if len(phi) != len(b.u) {
		return fmt.Errorf("solvers: backward: a function of %d cells, expected %d", len(phi), len(b.u))
	}
	copy(b.u, phi)
	at := 0.0
	for i, h := range steps {
		if err := b.step(h); err != nil {
			return err
		}
		for _, theta := range fractions {
			b.between(b.dense, theta)
			if err := visit(at+theta*h, b.dense); err != nil {
				return err
			}
		}
		copy(b.u, b.next)
		at += h
		b.settings.Progress(float64(i+1) / float64(len(steps)))
	}
	return visit(at, b.u)
}

// at returns the elimination of I − τQ.
func (b *Backward) at(ctx context.Context, tau float64) (*factor, error) {
	if f := b.factors[tau]; f != nil {
		return f, nil
	}
	if held := b.order.bytes() * float64(len(b.factors)+1); held > roomy && len(b.factors) > 0 {
		clear(b.factors)
	}
	f, err := b.order.factor(ctx, b.q, tau, b.settings.Workers)
	b.factors[tau] = f
	return f, err
}

// step computes next, a time h later: the last stage is the result.
func (b *Backward) step(h float64) error {
	f, err := b.at(b.settings.Context, sdirkDiagonal*h)
	if err != nil {
		return err
	}
	for i, k := range b.k {
		copy(b.rhs, b.u)
		for j, w := range sdirkWeights[i][:i] {
			addScaled(b.rhs, w, b.k[j])
		}
		f.solveRows(b.next, b.rhs)
		for c, y := range b.next {
			k[c] = (y - b.rhs[c]) / sdirkDiagonal
		}
	}
	return b.settings.Context.Err()
}

// between writes u at a fraction of the step.
func (b *Backward) between(dst []float64, theta float64) {
	copy(dst, b.u)
	for i, c := range sdirkDense {
		addScaled(dst, c[0]+theta*(c[1]+theta*(c[2]+theta*(c[3]+theta*c[4]))), b.k[i])
	}
}
