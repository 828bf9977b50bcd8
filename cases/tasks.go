package cases

import (
	"fmt"
	"math"
	"slices"

	"fokker/cases/sgd"
)

func (r *reader) readTasks(file *table, p *Problem) {
	s, e := r.sub(file, "stationary"), r.sub(file, "evolve")
	if s == nil && e == nil && file.find("quasistationary") == nil {
		s = &table{path: "stationary"}
		file.set("stationary", s)
	}
	if s != nil {
		p.Stationary = &StationaryTask{Method: r.text(s, "method", ""), Tolerance: r.positive(s, "tolerance", p.tolerance(1e-8, 1e-3)), stated: s.find("tolerance") != nil}
		r.fill(s, "tolerance", p.tolerance(1e-8, 1e-3))
		if p.Period > 0 {
			r.fail(s.line, "stationary", "the law over the cycle of a period is not available in this version", "", "ask for [evolve] over some periods")
		} else if p.Unsteady {
			r.fail(s.line, "stationary", "the coefficients depend on t: there is no stationary law", "", "ask for [evolve]")
		}
	}
	if e != nil {
		r.readEvolve(e, p)
		r.checkPeriods(file, p)
	}
	if v := r.sub(file, "validate"); v != nil {
		r.readValidate(v, p)
	}
	if t := r.sub(file, "compare"); t != nil {
		r.readCompare(t, p)
	}
}

func (r *reader) readValidate(t *table, p *Problem) {
	before := len(r.mistakes)
	p.Validate = &ValidateTask{
		Particles: r.whole(t, "particles", 0, 100), Step: r.positive(t, "step", 0), Seed: uint64(r.whole(t, "seed", 0, 0)),
		At: r.numbers(t, "at"), Level: r.positive(t, "level", 0), Method: r.text(t, "method", ""),
	}
	if p.Validate.Level >= 1 {
		r.fail(lineOf(t, "level"), "validate.level", fmt.Sprintf("found %v", p.Validate.Level), "a probability, such as 1e-3", "")
	}
	if e := t.find("sampling"); e != nil {
		p.Validate.Sampling = r.choice(t, "sampling", "", samplings...)
		switch {
		case p.descent == nil:
			r.fail(e.line, "validate.sampling", "found for particles that draw no examples", "", "it says how an optimiser with `data` draws its batches")
		case p.descent.Data.Random != nil && p.Validate.Sampling != samplings[sgd.WithReplacement]:
			r.fail(e.line, "validate.sampling", fmt.Sprintf("found %q for random examples", p.Validate.Sampling), `"with replacement"`, "every example is drawn anew")
		case p.descent.Data.Weights != nil && p.Validate.Sampling != samplings[sgd.WithReplacement]:
			r.fail(e.line, "validate.sampling", fmt.Sprintf("found %q beside weights", p.Validate.Sampling), `"with replacement"`, "an example is drawn with a probability in proportion to its weight")
		default:
			p.descent.Sampling = sgd.Sampling(slices.Index(samplings, p.Validate.Sampling))
		}
	}
	if e := t.find("at"); e != nil && len(r.mistakes) == before {
		r.readAt(e, p)
	}
}

// readAt checks the times at which particles are tested, and makes them outputs.
func (r *reader) readAt(e *entry, p *Problem) {
	at := p.Validate.At
	if p.Evolve == nil {
		r.fail(e.line, "validate.at", "found without [evolve]", "", "the stationary law has no times")
		return
	}
	last := p.Evolve.Times[len(p.Evolve.Times)-1]
	for i, v := range at {
		if !(v > 0 && v <= last) || i > 0 && v <= at[i-1] {
			r.fail(e.line, "validate.at", fmt.Sprintf("found %v at place %d", v, i), fmt.Sprintf("times that increase, above 0 and up to %v", last), "")
			return
		}
	}
	for _, v := range at {
		if i, found := slices.BinarySearch(p.Evolve.Times, v); !found {
			p.Evolve.Times = slices.Insert(p.Evolve.Times, i, v)
		}
	}
}

// tolerance returns a default, or the part of the accuracy that a solver may take.
func (p *Problem) tolerance(usual, part float64) float64 {
	if p.Accuracy > 0 {
		return decimal(part * p.Accuracy)
	}
	return usual
}

func (r *reader) readEvolve(t *table, p *Problem) {
	p.Evolve = &EvolveTask{Method: r.text(t, "method", ""), Tolerance: r.positive(t, "tolerance", p.tolerance(1e-5, 0.05)), stated: t.find("tolerance") != nil}
	r.fill(t, "tolerance", p.tolerance(1e-5, 0.05))
	if p.Evolve.Times = r.readTimes(t, p); p.Chain != nil {
		r.wholeSteps(t, p)
		if p.Evolve.Method != "" && p.Evolve.Method != "steps" {
			r.fail(lineOf(t, "method"), "evolve.method", fmt.Sprintf("found %q for a chain", p.Evolve.Method), `"steps"`, "")
		}
	}
	if p.Initial == nil {
		r.fail(t.line, "evolve", "found no [initial]", "the law at t = 0", "for example [initial] with mean and std")
	}
}

func (r *reader) readTimes(t *table, p *Problem) []float64 {
	until, steps, times := t.find("until"), t.find("steps"), t.find("times")
	given := 0
	for _, e := range []*entry{until, steps, times} {
		if e != nil {
			given++
		}
	}
	if given != 1 {
		r.fail(t.line, "evolve", fmt.Sprintf("found %d of `until`, `steps` and `times`", given), "one of them", "")
		return []float64{0}
	}
	if times != nil {
		return r.listedTimes(t, times)
	}
	end := r.positive(t, "until", 1)
	if steps != nil {
		if p.LearningRate == 0 {
			r.fail(steps.line, "evolve.steps", "found for a process without steps", "`until`", "steps count those of an optimiser in [sgd]")
		}
		end = float64(r.whole(t, "steps", 1, 1)) * p.LearningRate
	}
	n := r.whole(t, "outputs", 51, 2)
	r.fill(t, "outputs", int64(51))
	if n > 100000 {
		r.fail(lineOf(t, "outputs"), "evolve.outputs", fmt.Sprintf("found %d", n), "at most 100000", "")
		n = 2
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = end * float64(i) / float64(n-1)
	}
	return out
}

func (r *reader) listedTimes(t *table, e *entry) []float64 {
	times := r.numbers(t, "times")
	for i, v := range times {
		if math.IsNaN(v) || v < 0 || i > 0 && v <= times[i-1] {
			r.fail(e.line, "evolve.times", fmt.Sprintf("found %v at place %d", v, i), "times ≥ 0 that increase", "")
			break
		}
	}
	if o := t.find("outputs"); o != nil {
		r.fail(o.line, "evolve.outputs", "found beside `times`", "one of the two", "")
	}
	if len(times) == 0 {
		return []float64{0}
	}
	return times
}
