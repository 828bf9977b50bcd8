package solvers

import (
	"fmt"
	"math"

	"fokker/operators"
)

// instants makes the generators of instants. Within a period, if there is one, they
// are kept as far as there is room, for the next one. Otherwise the last ones are,
// as a step and its halves see most of their instants twice.
type instants struct {
	timed   operators.Timed
	period  float64 // 0 without one
	last    [seenTwice]instant
	oldest  int
	phases  map[int64]operators.Rowed
	steps   map[recurrence]kept // their equations
	taken   map[int64]float64   // the last step from a phase
	numbers int                 // that may still be kept
	made    float64             // generators
}

// instant is a generator of a time.
type instant struct {
	t    float64
	rows operators.Rowed
}

// recurrence is a phase, in quanta, and the τ of an equation.
type recurrence struct {
	phase int64
	tau   float64
}

const (
	seenTwice = 3*sdirkStages + len(golden) // instants of a step at most
	quanta    = 1 << 40                     // of a period, in which phases and steps are counted: coarser than rounding within hundreds of periods
	recurring = 1 << 25                     // numbers to keep at most, 256 MB
)

func newInstants(timed operators.Timed, period float64) *instants {
	return &instants{timed: timed, period: period, phases: map[int64]operators.Rowed{}, steps: map[recurrence]kept{}, taken: map[int64]float64{}, numbers: recurring}
}

// quantum is 0 without a period.
func (s *instants) quantum() float64 { return s.period / quanta }

// phase counts the quanta since the period began.
func (s *instants) phase(t float64) int64 {
	return int64(math.Round(math.Mod(t, s.period)/s.quantum())) % quanta
}

// round returns a step that recurs to the last bit.
func (s *instants) round(h float64) float64 {
	if q := s.quantum(); h > q {
		return q * math.Round(h/q)
	}
	return h
}

// again returns the step that was made from this phase before, if it is about as
// long as one that may be made now, and ends in time.
func (s *instants) again(t, h, left float64) (was float64, ok bool) {
	if s.period == 0 {
		return 0, false
	}
	was = s.taken[s.phase(t)]
	return was, was >= h/2 && was <= 1.1*h && was <= left+s.quantum()
}

// took remembers a step.
func (s *instants) took(t, h float64) { s.taken[s.phase(t)] = h }

// at returns the generator of a time.
func (s *instants) at(t float64) (operators.Rowed, error) {
	for _, i := range s.last {
		if i.rows != nil && i.t == t {
			return i.rows, nil
		}
	}
	if s.period > 0 {
		if rows, ok := s.phases[s.phase(t)]; ok {
			return rows, nil
		}
	}
	q, err := s.timed.At(t)
	if err != nil {
		return nil, err
	}
	rows, ok := q.(operators.Rowed)
	if !ok {
		return nil, fmt.Errorf("solvers: evolve: %T does not show its rows", q)
	}
	s.made++
	s.last[s.oldest] = instant{t, rows}
	s.oldest = (s.oldest + 1) % len(s.last)
	if s.period > 0 && s.take(numbersOf(rows)) {
		s.phases[s.phase(t)] = rows
	}
	return rows, nil
}

// equation returns one that was kept.
func (s *instants) equation(t, tau float64) (k kept, ok bool) {
	if s.period > 0 {
		k, ok = s.steps[recurrence{s.phase(t), tau}]
	}
	return k, ok
}

// keep keeps an equation for the periods to come, if there is room.
func (s *instants) keep(k kept) {
	if s.period > 0 && s.take(k.numbers()) {
		s.steps[recurrence{s.phase(k.t), k.tau}] = k
	}
}

// take takes room for some numbers.
func (s *instants) take(numbers int) bool {
	if numbers > s.numbers {
		return false
	}
	s.numbers -= numbers
	return true
}

// numbersOf returns about how many numbers a generator holds.
func numbersOf(q operators.Rowed) int {
	if near, ok := q.(stencil); ok {
		if _, _, ok := near.Neighbors(0); ok {
			return (2*near.Mesh().Dim() + 2) * q.Size()
		}
	}
	return int(applyFlops(q)) // rates and where they lead
}
