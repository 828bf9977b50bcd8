package solvers

import "math"

// halve makes two half steps and measures their error by a whole one
// (Richardson 1911).
func (e *evolver) halve(h, accuracy float64) (found float64, err error) {
	copy(e.before, e.m)
	defer copy(e.m, e.before)
	for _, part := range []struct{ from, to float64 }{{0, 1}, {0, 0.5}, {0.5, 1}} {
		if err := e.sdirk.stages(e.settings.Context, e.t+part.from*h, (part.to-part.from)*h, accuracy); err != nil {
			return 0, err
		}
		switch {
		case part.from == 0 && part.to == 1:
			copy(e.coarse, e.next)
		case part.from == 0:
			copy(e.m, e.next)
		}
	}
	missed, err := e.missed(h)
	if err != nil {
		return 0, err
	}
	return math.Max(apart(e.next, e.coarse)/doubling, e.early(h)) + missed, nil
}

// Where a step looks at the rates: instants that the stages see too, and others
// that no period has in common with them, multiples of the golden section.
var (
	regular = [...]float64{0, 1. / 8, 1. / 4, 3. / 8, 1. / 2, 3. / 4, 1}
	golden  = [...]float64{0.2360679774997897, 0.6180339887498949, 0.8541019662496845}
)

// looked is Qᵀm of the law at the start of a step with the rates of its regular
// instants, and of one instant more.
type looked [len(regular) + 1][]float64

func newLooked(cells int) (l looked) {
	for i := range l {
		l[i] = make([]float64, cells)
	}
	return l
}

// missed returns what rates do to the law in a step that its regular instants
// do not show: h times how much farther Qᵀm at another instant is from all of
// them than they are from one another.
func (e *evolver) missed(h float64) (float64, error) {
	seen, other := e.looked[:len(regular)], e.looked[len(regular)]
	spread, worst := 0.0, 0.0
	for i, c := range regular {
		if err := e.rateAt(seen[i], e.t+c*h); err != nil {
			return 0, err
		}
		if i > 0 {
			spread = math.Max(spread, apart(seen[i], seen[i-1]))
		}
	}
	for _, c := range golden {
		if err := e.rateAt(other, e.t+c*h); err != nil {
			return 0, err
		}
		least := math.Inf(1)
		for _, rate := range seen {
			least = math.Min(least, apart(other, rate))
		}
		worst = math.Max(worst, least)
	}
	return h * math.Max(0, worst-2*spread), nil
}

// early returns the most that rates do which jump before the first stage of a half step,
// h/8 after the start: no stage, of the halves or of the whole, sees those before it, and a
// step that is shortened until its error is small enough would come to lie like this. By
// how much Qᵀm at the start is off the cubic through the next four instants is the
// jump, and of smooth rates O(h⁴).
func (e *evolver) early(h float64) float64 {
	off, at := 0.0, &e.looked
	for i, v := range at[0] {
		off += math.Abs(v - 4*at[1][i] + 6*at[2][i] - 4*at[3][i] + at[4][i])
	}
	return h * regular[1] * off
}

// rateAt writes Qᵀm of the law at the start of a step with the rates of
// another time.
func (e *evolver) rateAt(dst []float64, t float64) error {
	q, err := e.sdirk.shifts.instants.at(t)
	if err != nil {
		return err
	}
	q.Forward(dst, e.before[:len(dst)])
	e.looking++
	return nil
}
