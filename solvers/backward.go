package solvers

import (
	"context"
	"fmt"

	"fokker/operators"
)

// Backward solves the equation of expectations, du/ds = Qu from u = φ at s = 0, so that
// u(x, s) = E[φ(X_s) | X_0 = x] (Kolmogorov 1931), by steps of SDIRK4 with given
// lengths, which the caller answers for: Σ m₀u(s) = Σ m(s)φ shows what they miss. Within
// each step it calls visit at the fractions of it, with the time from 0, and at last
// with the end. Equations are eliminated once for each length.
func Backward(q operators.Rowed, phi, steps, fractions []float64, s *Settings, visit func(at float64, u []float64) error) error {
	if changes(q) {
		return fmt.Errorf("solvers: backward: the rates depend on time")
	}
	b, err := newBackward(q, phi, s)
	if err != nil {
		return err
	}
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

// backward is the state of such a run.
type backward struct {
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

func newBackward(q operators.Rowed, phi []float64, s *Settings) (*backward, error) {
	t, err := newTask(q, s)
	if err != nil {
		return nil, err
	}
	if len(phi) != q.Size() {
		return nil, fmt.Errorf("solvers: backward: a function of %d cells, expected %d", len(phi), q.Size())
	}
	n := q.Size()
	b := &backward{settings: t.Settings, q: q, factors: map[float64]*factor{}}
	b.u, b.next, b.dense, b.rhs = append([]float64(nil), phi...), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range b.k {
		b.k[i] = make([]float64, n)
	}
	b.order, err = newOrdering(q)
	return b, err
}

// at returns the elimination of I − τQ.
func (b *backward) at(ctx context.Context, tau float64) (*factor, error) {
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
func (b *backward) step(h float64) error {
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
func (b *backward) between(dst []float64, theta float64) {
	copy(dst, b.u)
	for i, c := range sdirkDense {
		addScaled(dst, c[0]+theta*(c[1]+theta*(c[2]+theta*(c[3]+theta*c[4]))), b.k[i])
	}
}
