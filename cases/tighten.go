package cases

import (
	"fmt"
	"math"
	"strings"
)

const (
	bearable = 0.25 // of what is wanted may be the part of a solver: cells see to the rest
	tight    = 0.1  // is what a tightened tolerance leaves it, and is of negative masses that it may have left
)

// solving is what the search knows of a task that is solved to a tolerance.
type solving struct {
	table     string
	stated    bool // by the case: it is not the run's to choose
	tolerance float64
	reached   float64 // L1 error of its laws, by the solver's own estimate
}

// solved returns the tasks of the last mesh that have tolerances.
func (s *reaching) solved() (out []solving) {
	p, r := s.run.problem, s.run.result
	if r.Stationary != nil {
		out = append(out, solving{"stationary", p.Stationary.stated, p.Stationary.Tolerance, p.Stationary.Tolerance})
	}
	if r.Evolve != nil {
		out = append(out, solving{"evolve", p.Evolve.stated, p.Evolve.Tolerance, r.Evolve.TimeError})
	}
	return out
}

// tightens lowers the tolerances of tasks whose part in the error of a figure that misses
// is so large that cells alone would not do, or says what holds them.
func (s *reaching) tightens(list []measure) (done bool, held string) {
	if s.blurs() {
		s.from = s.from.withTolerance("stationary", roundStep(tight*s.unseenRipples()))
		return true, ""
	}
	for _, task := range s.solved() {
		worst := 0.0
		for _, m := range list {
			if strings.HasPrefix(m.at, task.table) {
				worst = math.Max(worst, m.solver/(s.from.Problem.Accuracy*m.scale))
			}
		}
		switch {
		case worst <= bearable, task.stated && worst <= 1-bearable:
		case task.stated:
			held = fmt.Sprintf("the case states tolerance = %g in [%s]", task.tolerance, task.table)
		case task.reached > task.tolerance:
			held = fmt.Sprintf("rounding allows no less in [%s] than an error of %.2g", task.table, task.reached)
			if task.table == "evolve" && s.run.problem.loses() {
				held += ", over what is left in figures of survivors; [quasistationary] has what these settle to"
			}
		default:
			s.from, done = s.from.withTolerance(task.table, roundStep(tight/worst*task.reached)), true
		}
	}
	return done, held
}

// blurs reports whether masses below 0 are more than is borne with, and may be what the
// tolerance of the fourth order leaves, which has both signs: more cells have it as well.
func (s *reaching) blurs() bool {
	p := s.run.problem
	if s.order == s.from.Problem.Order || s.run.unresolved || p.Stationary == nil || p.Stationary.stated {
		return false
	}
	left := p.Stationary.Tolerance
	return s.ripples() > 1 && s.run.negative < left/tight && left > tight*s.unseenRipples()
}

// withTolerance returns the case with that of a task.
func (c *Case) withTolerance(table string, tolerance float64) *Case {
	out, p := *c, *c.Problem
	out.Problem = &p
	switch table {
	case "stationary":
		task := *p.Stationary
		task.Tolerance, p.Stationary = tolerance, &task
	case "evolve":
		task := *p.Evolve
		task.Tolerance, p.Evolve = tolerance, &task
	}
	t, _ := c.file.at(table)
	out.file = c.file.with(table, t.with("tolerance", tolerance))
	return &out
}

// settled says why no other mesh is tried.
func (s *reaching) settled() string {
	for k := range s.axes {
		if s.free(k) {
			return "rounding of laws and figures allows no less"
		}
	}
	return "the case states the cells"
}
