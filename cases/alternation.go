package cases

import (
	"errors"
	"slices"

	"gonum.org/v1/gonum/floats"

	"fokker/solvers"
)

// PeriodTwo is a chain that goes to and fro between two phases: the law at even steps
// is that of the one it began in, at odd steps that of the other.
type PeriodTwo struct {
	Eigenvalue float64 `json:"eigenvalue"` // of a step, next to −1
	Even       Phase   `json:"even"`
	Odd        Phase   `json:"odd"`
}

// Phase is the stationary law in one of the phases.
type Phase struct {
	Probability float64            `json:"probability"`
	Mean        map[string]float64 `json:"mean"`
	Observables map[string]float64 `json:"observables"`
}

// overshoots is the learning rate × sharpness from which on steps that go to and fro
// may last: they are multiplied by 1 − ηH, H the Hessian.
const overshoots = 1.5

// periodTwo looks for phases that a step exchanges.
func (r *run) periodTwo(law []float64) (*PeriodTwo, error) {
	if r.grid.Size() == 1 || !r.overshoots() {
		return nil, nil
	}
	lambda, u, err := solvers.Alternation(r.chain, r.settings("stationary", "", 0))
	var stuck *solvers.NotConverged
	if errors.As(err, &stuck) {
		r.warn("whether steps go to and fro for long is not known: %v", trimmed(err, "solvers: "))
		return nil, nil
	}
	if err != nil || u == nil {
		return nil, err
	}
	if r.begins(law, u) < 0 {
		floats.Scale(-1, u)
	}
	out := &PeriodTwo{Eigenvalue: lambda}
	for _, phase := range []struct {
		to   *Phase
		sign float64
	}{{&out.Even, 1}, {&out.Odd, -1}} {
		part := slices.Clone(law)
		for i, v := range u {
			if v*phase.sign <= 0 {
				part[i] = 0
			}
		}
		share := sum(part)
		for i := range part {
			part[i] /= share
		}
		figures, err := r.figures.of(part, 0)
		if err != nil {
			return nil, err
		}
		*phase.to = Phase{share, figures.Mean, figures.Observables}
	}
	return out, nil
}

// begins is positive where the chain begins in the phase in which u is: that with most
// of the initial law or, without one, that farther up the first axis.
func (r *run) begins(law, u []float64) (sum float64) {
	if r.initial != nil {
		return floats.Dot(u, r.initial)
	}
	x, mean := r.grid.Centers(0), r.figures.moments(r.figures.read(law)).Mean[r.grid.Axis(0).Name]
	for i, v := range u {
		sum += law[i] * v * (x[r.grid.Along(0, i)] - mean)
	}
	return sum
}

// overshoots reports whether steps do anywhere in the box: mass goes across.
func (r *run) overshoots() bool {
	for o := range r.figures.observed {
		if r.figures.observed[o].Name == "sharpness" {
			return r.problem.LearningRate*slices.Max(r.figures.phi[o]) > overshoots
		}
	}
	return false
}
