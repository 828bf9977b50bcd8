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
	return apart(e.next, e.coarse)/doubling + missed, err
}

// Where a step looks at the rates: instants that the stages see too, and others
// that no period has in common with them, multiples of the golden section.
var (
	regular = [...]float64{0, 1. / 4, 1. / 2, 3. / 4, 1}
	golden  = [...]float64{0.2360679774997897, 0.6180339887498949, 0.8541019662496845}
)

// missed returns what rates do to the law in a step that its regular instants
// do not show: h times how much farther Qᵀm at another instant is from all of
// them than they are from one another.
func (e *evolver) missed(h float64) (float64, error) {
	n := len(e.before) - 1
	var seen [len(regular)][]float64
	spread, worst := 0.0, 0.0
	for i, c := range regular {
		rate, err := e.rateAt(e.t+c*h, n)
		if err != nil {
			return 0, err
		}
		seen[i] = rate
		if i > 0 {
			spread = math.Max(spread, apart(rate, seen[i-1]))
		}
	}
	for _, c := range golden {
		rate, err := e.rateAt(e.t+c*h, n)
		if err != nil {
			return 0, err
		}
		least := math.Inf(1)
		for _, other := range seen {
			least = math.Min(least, apart(rate, other))
		}
		worst = math.Max(worst, least)
	}
	return h * math.Max(0, worst-2*spread), nil
}

// rateAt returns Qᵀm of the law at the start of a step with the rates of
// another time.
func (e *evolver) rateAt(t float64, n int) ([]float64, error) {
	q, err := e.sdirk.shifts.instants.at(t)
	if err != nil {
		return nil, err
	}
	out := make([]float64, n)
	q.Forward(out, e.before[:n])
	e.looking++
	return out, nil
}
