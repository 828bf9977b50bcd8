package cases

import (
	"math"
	"slices"
)

// beyond returns the mass that a posterior has beyond every wall, over all, by how it
// falls towards there.
func (l *learner) beyond(walls []wall, posterior []float64) []float64 {
	c, out := &coarse{run: l.run}, make([]float64, len(walls))
	for i, w := range walls {
		marginal := l.figures.along(w.axis, posterior)
		out[i] = c.wall(w.axis, w.end()).extrapolate(l.grid, marginal) / sum(marginal)
	}
	return out
}

// weigh writes what mass beyond the walls does to KL = ⟨L⟩/T − S + ln Z and what follows
// from it: that of the law to ⟨L⟩ and S, that of the posterior to Z.
func (l *learner) weigh(to map[string]sensitivity, walls []wall) {
	kl := sensitivity{walls: l.beyond(walls, l.law.Mass)}
	for i := range kl.walls {
		for path, times := range map[string]float64{"entropy": 1, "observables.loss": 1 / l.temperature} {
			if s := to[path]; len(s.walls) > 0 {
				kl.walls[i] += times * s.walls[i]
			}
		}
	}
	kl.box = sum(kl.walls)
	to["learning.kl"], to["learning.total_variation"] = kl, kl
	excess := sensitivity{box: l.temperature * kl.box, walls: slices.Clone(kl.walls)}
	for i := range excess.walls {
		excess.walls[i] *= l.temperature
	}
	to["learning.excess_free_energy"] = excess
}

// posterior returns e^(−L/T) at the centres of cells, nil where no law is compared with it.
func (r *run) posterior() (*learner, []float64, error) {
	if r.problem.Learning == nil {
		return nil, nil, nil
	}
	t, _, err := r.learningTemperature()
	if err != nil {
		return nil, nil, err
	}
	l := r.newLearner(t)
	least, out := slices.Min(l.loss), make([]float64, len(l.loss))
	for i, v := range l.loss {
		out[i] = r.grid.Volume(i) * math.Exp((least-v)/t)
	}
	return l, out, nil
}
