package validate

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

const (
	settled  = 10             // times that the law of a chain or an equation is diffused through, to begin with
	longest  = 10 * mostSteps // of particles at rest
	onward   = 4              // times more steps where particles remember where they started
	byChance = 5              // standard errors that a correlation may have
)

// settle follows particles of the optimiser from the best law at rest that there is until
// they have forgotten it, as seen from the correlation of where they are with where they
// started. What they remember after the most steps that are taken is noted.
func (a *approximating) settle(paths *Paths, l *Beside) error {
	from := l.Models[len(l.Models)-1].Law
	steps, err := a.rest(from)
	if err != nil {
		return err
	}
	paths.Initial = inCells(a.result.Grid, from, unresolved(a.result.Grid, from))
	for {
		e, err := paths.Run(a.ctx, []float64{0, float64(steps) * paths.Step}, a.options.progress(algorithm))
		if err != nil {
			return err
		}
		memory := remembered(e[0], e[1])
		if memory > 0 && steps < longest {
			steps = min(onward*steps, longest)
			continue
		}
		a.count(l, e[1])
		if d := l.of(algorithm); d != nil && memory > 0 {
			d.Memory, d.start = memory, from
			a.say("particles of the optimiser are not at rest: after %d steps their correlation with where they started is %.2g", steps, memory)
		}
		return nil
	}
}

// rest returns after how many steps particles that stay within one law have forgotten
// where they started.
func (a *approximating) rest(law []float64) (int, error) {
	s, err := scalesOf(a.of.Problem.Process, a.result.Grid, law, 0)
	if err != nil {
		return 0, err
	}
	return int(math.Ceil(min(max(settled*s.slowest/a.of.Problem.LearningRate, settled), longest))), nil
}

// remembered returns the largest correlation along an axis between two times, 0 where none
// is more than chance makes.
func remembered(start, now Ensemble) (most float64) {
	x, y := make([]float64, 0, len(now.Alive)), make([]float64, 0, len(now.Alive))
	for k := range now.X {
		x, y = x[:0], y[:0]
		for i, alive := range now.Alive {
			if alive {
				x, y = append(x, start.X[k][i]), append(y, now.X[k][i])
			}
		}
		if r := math.Abs(stat.Correlation(x, y, nil)); r*math.Sqrt(float64(len(x))) > byChance {
			most = max(most, r)
		}
	}
	return most
}

// unforgotten returns how far a figure may still be from that at rest, where what is left
// of its distance is a part ρ of what it was: ρ/(1 − ρ) of what it has moved, and of the sampling error of that.
func (d *Described) unforgotten(moved float64) float64 { return moved * d.Memory / (1 - d.Memory) }
