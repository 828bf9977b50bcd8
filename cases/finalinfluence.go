package cases

import (
	"math"
	"slices"

	"fokker/solvers"
)

const (
	stepsPerHalving = 4    // of the run back in time, of fourth order
	mostHalvings    = 30   // of the times towards either end
	cellsPerStep    = 8    // about as far as mass spreads in the shortest step
	lawTolerance    = 1e-7 // of the laws between which it stands, L1
	missing         = 1e-3 // of a figure's deviation that is warned of
)

// abscissae and weights of Gauss with two points on [0, 1], of fourth order.
var gaussPair = []float64{0.5 - math.Sqrt(3)/6, 0.5 + math.Sqrt(3)/6}

// finalAdjoints integrates Σ m(t) Qu(T − t) over the time of the run, in steps that are
// short at both ends, where the law has just started and where φ may be rough, and grow
// with the distance from them.
func (r *run) finalAdjoints(targets []*target) error {
	times := r.problem.Evolve.Times
	end := times[len(times)-1]
	if end == 0 {
		return r.problem.Mistaken("influence", "the last law is that of [initial]", "a time after 0", "")
	}
	back, err := r.timesBack(end)
	if err != nil {
		return err
	}
	working := 0
	settings := r.settings("influence", "", 0)
	settings.Progress = func(done float64) {
		r.options.Progress("influence", (float64(working)+done)/float64(len(targets))/2)
	}
	solver, err := solvers.NewBackward(r.generator, settings)
	if err != nil {
		return err
	}
	for i, t := range targets {
		working = i
		var pairings []pairing
		var last []float64
		err := solver.Run(t.phi, back.steps, gaussPair, func(_ float64, u []float64) error {
			last = slices.Clone(u)
			if j := len(pairings); j < len(back.laws) {
				pairings = append(pairings, pairing{back.laws[j], last, back.weights[j]})
			}
			return nil
		})
		if err != nil {
			return err
		}
		if t.slopes, err = r.problem.slopes(r.grid, r.generator, r.workers, pairings...); err != nil {
			return err
		}
		r.checkDuality(t, last)
	}
	return nil
}

// timesBack is the steps of a run back in time, and the weights of the points within them
// with the laws there, from the end.
type timesBack struct {
	steps, weights []float64
	laws           [][]float64
}

func (r *run) timesBack(end float64) (out timesBack, err error) {
	out.steps = r.gradedSteps(end)
	var times []float64
	at := end
	for _, h := range out.steps {
		for _, theta := range gaussPair {
			times, out.weights = append(times, at-theta*h), append(out.weights, h/2)
		}
		at -= h
	}
	slices.Reverse(times)
	settings := r.settings("influence", r.problem.Evolve.Method, math.Min(r.problem.Evolve.Tolerance, lawTolerance))
	settings.Progress = nil
	e, err := solvers.Evolve(r.generator, r.initial, times, settings)
	if err != nil {
		return out, r.problem.explain(err)
	}
	slices.Reverse(e.Masses)
	out.laws = e.Masses
	return out, nil
}

// gradedSteps divides a time into steps that double from both ends to the middle, the
// shortest about the time in which mass spreads over some cells under the last law:
// what is rough on a finer scale is smoothed by what it is paired with.
func (r *run) gradedSteps(end float64) []float64 {
	rate := 0.0
	law, _ := r.influencedLaw()
	if q, ok := r.generator.(interface{ Exit() []float64 }); ok {
		for i, exit := range q.Exit() {
			rate += law[i] * exit
		}
	}
	halvings := min(mostHalvings, max(4, int(math.Ceil(math.Log2(1+end*rate/(cellsPerStep*cellsPerStep))))))
	var half []float64
	for k := range halvings + 1 {
		length := end / 2 / math.Exp2(float64(min(k+1, halvings)))
		for range stepsPerHalving {
			half = append(half, length/stepsPerHalving)
		}
	}
	out := slices.Clone(half) // from the middle
	slices.Reverse(out)
	return append(out, half...)
}

// checkDuality compares the figure with what the run back in time finds for it.
func (r *run) checkDuality(t *target, u []float64) {
	law, _ := r.influencedLaw()
	mean, square := 0.0, 0.0
	for i, m := range law {
		mean, square = mean+m*t.phi[i], square+m*t.phi[i]*t.phi[i]
	}
	back := r.figures.expect(r.initial, u)
	t.error = math.Abs(back - mean)
	if deviation := math.Sqrt(math.Max(square-mean*mean, 0)); t.error > missing*deviation {
		r.warn("the run back in time misses %s by %.2g: its influences are as uncertain", t.name, t.error)
	}
}
