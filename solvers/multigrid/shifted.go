package multigrid

import (
	"context"
	"errors"

	"fokker/operators"
)

// Shifted is an approximate inverse P of I − τQᵀ for a process whose jumps may be
// of any length: a cycle over the levels of SolveWide, whose cells are left at the
// rate 1/τ besides,
//
//	(1/τ − Qᵀ) x = b/τ.
//
// The next level, where the process is discretised anew, is solved first;
// what it gives is spread as a multilinear density and smoothed by elimination
// along the chains, forth and back. P is linear. What its x lacks of the mass all
// cells get alike, so that the residual sums to zero.
type Shifted struct {
	wideSolver
	top *wideLevel
}

// NewShifted makes the levels. Direct solves (1/τ − Qᵀ)u = f on the coarsest.
func NewShifted(ctx context.Context, q Wide, tau float64, workers int, direct func(operators.Rowed) (*Direct, error)) (*Shifted, error) {
	s := &Shifted{wideSolver: wideSolver{Options: Options{Workers: workers}, ctx: ctx, shift: 1 / tau}}
	s.top = newWideLevel(q.Mesh(), q, s.gone(q))
	s.rates = s.top.rates()
	if s.top.coarser() == nil {
		return nil, s.top.unfit(errors.New("no axis to coarsen"))
	}
	if err := s.hierarchy(s.top, q, direct); err != nil {
		return nil, err
	}
	for l := s.top; l != nil; l = l.next {
		l.u = make([]float64, len(l.p))
		for i := range l.p {
			l.p[i] = l.g.Volume(i)
		}
	}
	return s, nil
}

// Precondition overwrites b by P b.
func (s *Shifted) Precondition(b []float64) {
	s.pool = newPool(s.Workers)
	defer s.pool.close()
	l, lacks := s.top, 0.0
	for i, v := range b {
		l.f[i] = s.shift * v
		lacks += v
	}
	s.solve(l)
	room := 0.0
	for i, u := range l.u {
		keeps := l.gone[i] / s.shift // 1 + τ·absorption
		lacks -= keeps * u
		room += keeps * l.p[i]
	}
	for i, u := range l.u {
		b[i] = u + lacks/room*l.p[i]
	}
}

// solve finds u of a level, roughly: by two cycles below the finest.
func (s *Shifted) solve(l *wideLevel) {
	if l.next == nil {
		l.direct.Solve(l.u, l.f)
		return
	}
	clear(l.u)
	s.reduce(l, l.f)
	if l != s.top {
		s.pool.do(len(l.blocks), l.defect)
		s.reduce(l, l.r)
	}
}

// reduce makes the residual of a level smaller.
func (s *Shifted) reduce(l *wideLevel, residual []float64) {
	c := l.next
	l.restrict(c.f, residual, s.pool)
	s.solve(c)
	for i, u := range c.u {
		c.y[i] = u / c.p[i]
	}
	s.pool.do(len(l.blocks), l.correct)
	l.sweep(s.pool)
}

// Passes returns the work of P: of a cycle two sweeps, and a quarter each to go
// down and up.
func (s *Shifted) Passes() (work float64) {
	cycles, residuals := 1., 0.
	for l := s.top; l.next != nil; l = l.next {
		work += (2.5*cycles + residuals) * s.share(l)
		cycles, residuals = 2*cycles, cycles
	}
	return work
}

// Numbers returns how many numbers the levels hold.
func (s *Shifted) Numbers() (all int) {
	for l := s.top; l != nil; l = l.next {
		all += 3*len(l.part)/2 + 12*len(l.p) // indices are half as long
		if l.next == nil {
			all += int(l.direct.Each) / 2
		}
	}
	return all
}

// Apply writes (I − τQᵀ)x.
func (s *Shifted) Apply(dst, x []float64) {
	l := s.top
	for at, i := range l.cell {
		lo, hi := l.start[at], l.start[at+1]
		from, part := l.from[lo:hi], l.part[lo:hi:hi]
		v := x[i]
		for e, j := range from {
			v -= part[e] * x[j]
		}
		dst[i] = v / (l.inv[at] * s.shift)
	}
}

// Fastest returns the largest diagonal of −τQ.
func (s *Shifted) Fastest() (rate float64) {
	for _, inv := range s.top.inv {
		rate = max(rate, 1/(inv*s.shift)-1)
	}
	return rate
}
