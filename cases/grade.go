package cases

import (
	"math"
	"slices"
)

const (
	worth     = 3.0 // times fewer cells make graded ones worth it
	promising = 2.0 // times fewer, by a law that may be seen badly, are worth a trial
	fitting   = 0.7 // of a cell's width, which another law would not make smaller, is near enough
	trials    = 2   // of graded cells
)

// rounds are how many laws are solved, at most, until widths fit the law they give,
// by the number of axes.
var rounds = [...]int{16, 5, 4, 3}

// trial is a mesh of graded cells that has to beat another one of as many.
type trial struct {
	run    *run
	took   float64
	misses []misses
	next   []AxisSpec // after it, without grading
	cells  float64    // that it asks for
	known  int        // errors
}

// asks returns the cells of a mesh with some times as many as now along every axis,
// infinite where the law is not seen yet.
func (s *reaching) asks(factor []float64) float64 {
	if s.unseen() {
		return math.Inf(1)
	}
	n := cellsOf(s.axes)
	for k, f := range factor {
		if s.free(k) {
			n *= f
		}
	}
	return n
}

// known is how many figures have an error.
func (s *reaching) known() (n int) {
	for _, m := range s.run.result.measures {
		if !math.IsNaN(m.error) {
			n++
		}
	}
	return n
}

// tries takes up graded cells where the next mesh would have many times as many as
// this one, and graded ones promise to do with fewer.
func (s *reaching) tries(next []AxisSpec, cells float64) bool {
	if s.graded || s.trials == trials || cells < worth*cellsOf(s.axes) {
		return false
	}
	axes, gain, _ := s.run.regraded(s.axes)
	if gain < promising {
		return false
	}
	s.trials++
	axes, err := s.settles(axes)
	if err != nil {
		return false
	}
	s.trial = &trial{run: s.run, took: s.took, misses: slices.Clone(s.misses), next: next, cells: cells, known: s.known()}
	s.axes, s.graded = axes, true
	return true
}

// givesUp goes back from graded cells that are on trial.
func (s *reaching) givesUp() (why string) {
	t := s.trial
	s.run, s.took, s.misses, s.trial, s.graded = t.run, t.took, t.misses, nil, false
	s.axes = t.run.problem.Axes
	return s.afford(t.next)
}

// fails reports whether graded cells that are on trial do not pay.
func (s *reaching) fails(cells float64) bool {
	return s.trial != nil && (math.IsInf(cells, 1) || worth*cells > s.trial.cells)
}

// grades fits graded cells of the next mesh to the law of the last, and where that makes
// some much narrower, to their own.
func (s *reaching) grades() (why string) {
	axes, _, shrinks := s.run.regraded(s.axes)
	if shrinks < fitting && len(axes) == 1 { // where laws are cheap
		var err error
		if axes, err = s.settles(axes); err != nil {
			return err.Error()
		}
	}
	s.axes = axes
	return ""
}

// settles solves for the law on graded cells and grades them by it, until they fit, and
// returns those that fitted best.
func (s *reaching) settles(axes []AxisSpec) (best []AxisSpec, err error) {
	most := 0.0
	for left := rounds[len(axes)-1]; left > 0 && most < fitting; left-- {
		r, err := s.sketch(axes)
		if err != nil {
			return nil, err
		}
		next, gain, shrinks := r.regraded(axes)
		if shrinks > most {
			best, most = axes, shrinks
		}
		if gain == 1 { // no others are better
			break
		}
		axes = next
	}
	return best, nil
}

// sketch solves for the laws alone.
func (s *reaching) sketch(axes []AxisSpec) (*run, error) {
	o := s.options
	o.Errors = false
	o.Progress = func(_ string, done float64) { s.options.Progress("grading", done) }
	ctx, cancel := s.within()
	defer cancel()
	c := s.from.on(axes, s.order)
	c.Problem.Learning, c.Problem.Influence, c.Problem.Compare = nil, nil, nil
	r := c.newRun(ctx, o)
	return r, r.do()
}
