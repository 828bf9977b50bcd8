package cases

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"fokker/operators"
)

// AccuracyResult says how near the figures are to the accuracy asked for.
type AccuracyResult struct {
	Wanted  float64 `json:"wanted"`
	Reached float64 `json:"reached"` // the largest error, over the size of its figure or its standard deviation
	Figure  string  `json:"figure"`  // that has it
	Meshes  int     `json:"meshes"`  // that were tried

	worst measure
}

// Worst names the figure with the largest error in words, "" where no error is known.
func (a *AccuracyResult) Worst() string {
	if a.Figure == "" {
		return ""
	}
	return a.worst.at + ", " + inWords(a.worst.path)
}

// inWords names a figure by its path in the summary as tables do.
func inWords(path string) string {
	kind, of, _ := strings.Cut(path, ".")
	switch kind {
	case "raw_moments":
		i := strings.LastIndex(of, ".")
		power := []string{"⁰", "", "²", "³", "⁴"}[of[i+1]-'0']
		return "E " + of[:i] + power
	case "observables":
		return "E " + of
	}
	return strings.TrimSpace(strings.ReplaceAll(kind, "_", " ") + " " + of)
}

// NotReached says which figures miss the accuracy, the worst first.
type NotReached struct {
	Wanted float64
	Missed []Missed
	Reason string
}

// Missed is a figure whose error is too large.
type Missed struct {
	Task, Path           string
	Value, Error, Wanted float64
}

func (e *NotReached) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "the accuracy %g is not reached: %s", e.Wanted, e.Reason)
	const shown = 5
	for i, m := range e.Missed {
		if i == shown {
			fmt.Fprintf(&s, "\n    and %d more", len(e.Missed)-shown)
			break
		}
		fmt.Fprintf(&s, "\n    %s, %s = %.6g: error %.2g, wanted %.2g", m.Task, inWords(m.Path), m.Value, m.Error, m.Wanted)
	}
	return s.String()
}

// reach runs the case with what it leaves open chosen so that every figure has
// the accuracy: a box whose walls carry less than a tenth of it, then meshes with
// as many cells along each axis as its share of the error asks for.
func (c *Case) reach(ctx context.Context, o Options) (*Result, error) {
	s := c.reaching(ctx, o)
	if slices.ContainsFunc(s.axes, func(a AxisSpec) bool { return a.open(0) || a.open(1) }) {
		if err := s.encloses(); err != nil {
			return nil, err
		}
	}
	if err := s.begins(); err != nil {
		return nil, err
	}
	for {
		err := s.try()
		if errors.Is(err, errLate) {
			return s.end(s.verdict(s.tooSlow()))
		}
		if err != nil && s.ctx.Err() == nil && s.trial != nil {
			if why := s.givesUp(); why != "" {
				return s.end(s.verdict(why))
			}
			continue
		}
		if err != nil && s.ctx.Err() == nil && s.fallsBack() {
			continue
		}
		if coarseness(err) && s.doubles() || err != nil && s.ctx.Err() == nil && s.lowers() {
			continue
		}
		if err != nil && s.run != nil && !errors.Is(err, ErrNoLaw) {
			return s.end(s.verdict("on more cells, " + err.Error()))
		}
		if err != nil {
			return s.end(err)
		}
		why := s.refine()
		if (why == stalled || why != "" && s.unseen()) && s.lowers() {
			continue
		}
		if why != "" {
			return s.end(s.verdict(why))
		}
	}
}

// reaching prepares the way.
func (c *Case) reaching(ctx context.Context, o Options) *reaching {
	s := &reaching{from: c, ctx: ctx, options: o, begin: time.Now(), axes: slices.Clone(c.Problem.Axes), widened: make([]bool, len(c.Problem.Axes))}
	s.options.Errors = true
	if s.options.Progress == nil {
		s.options.Progress = func(string, float64) {}
	}
	if c.mayBeFourth() {
		s.order = operators.Fourth
	} else {
		s.order = c.Problem.Order
	}
	return s
}

// Why the search for an accuracy ends.
const (
	reached = "reached"
	stopped = "the search was interrupted"
	stalled = "the errors do not fall as cells shrink"
)

// mayBeFourth reports whether the order is the run's to choose, and may be 4: on several
// axes, where cells are dear, that of a stationary law alone which rates do not have as that
// of Gibbs, and of laws in time where noise couples axes, whose rates lead to cells far apart.
func (c *Case) mayBeFourth() bool {
	p := c.Problem
	if t, ok := c.file.at("numerics"); ok && t.find("order") != nil || len(p.Axes) < 2 || p.reversible != nil || p.Chain != nil {
		return false
	}
	settles, moves := p.Stationary != nil, p.Evolve != nil
	switch {
	case settles && p.Stationary.Method != "", moves && p.Evolve.Method != "", !settles && !moves:
		return false
	case moves && (len(p.coupled) == 0 || p.Unsteady || p.Initial.kink() != ""):
		return false
	}
	_, err := c.WithOrder(operators.Fourth)
	return err == nil
}

// lowers takes the second order where the fourth leads nowhere, if that was the
// run's choice. What is known of its errors does not hold then.
func (s *reaching) lowers() bool {
	if s.order == s.from.Problem.Order {
		return false
	}
	s.failed, s.before = cellsOf(s.axes), s.run
	s.order, s.run, s.misses, s.unknown, s.doubled, s.trials = s.from.Problem.Order, nil, nil, 0, 0, 0
	return true
}

// hasBetter reports whether the order that led nowhere had known errors of as many figures as
// the last mesh has, and smaller ones.
func (s *reaching) hasBetter() bool {
	if s.before == nil {
		return false
	}
	before, unknown := s.before.worst()
	now, more := s.run.worst()
	return unknown <= more && before.over(1) < now.over(1)
}

// worst returns the measure with the largest known error over the size of its figure, and how
// many are unknown.
func (r *run) worst() (worst measure, unknown int) {
	for _, m := range r.result.measures {
		if math.IsNaN(m.error) {
			unknown++
		} else if m.over(1) > worst.over(1) {
			worst = m
		}
	}
	return worst, unknown
}

// again is how many times as many cells as those on which the fourth order led nowhere may
// resolve the law for it.
const again = 4

// mayRaise reports whether the second order wants many more cells than the fourth failed on.
func (s *reaching) mayRaise(axes []AxisSpec) bool {
	return s.failed > 0 && s.order == s.from.Problem.Order && !s.graded && cellsOf(axes) >= again*s.failed
}

// raises takes the fourth order again.
func (s *reaching) raises() {
	s.order, s.raised, s.misses = operators.Fourth, true, nil
}

// fallsBack goes on with the second order where the fourth failed again: the law that it
// had is the last one still.
func (s *reaching) fallsBack() bool {
	if !s.raised {
		return false
	}
	s.order, s.raised, s.failed = s.from.Problem.Order, false, cellsOf(s.axes)
	return true
}

// reaching is the way to an accuracy.
type reaching struct {
	from     *Case
	ctx      context.Context
	options  Options
	begin    time.Time
	axes     []AxisSpec // of the next mesh
	order    operators.Order
	run      *run    // on the last mesh
	before   *run    // on the last mesh of the order that led nowhere; nil: none did
	took     float64 // seconds, on the last mesh
	meshes   int
	misses   []misses    // by mesh
	rippled  rippled     // on the last mesh that was not taken for that
	unknown  int         // meshes on which no figure missed but those without an error
	doubled  int         // meshes without a law
	failed   float64     // cells on which the fourth order led nowhere; 0: it did not
	raised   bool        // it is tried again, on the next mesh
	trial    *trial      // of the graded cells of the last mesh; nil: none
	trials   int         // so far
	graded   bool        // cells are
	widened  []bool      // axes along which the box was found too narrow
	narrowed bool        // the last box was found too wide
	doubtful bool        // the box may be left for ever
	beyond   [][]float64 // places outside it at which drift comes to rest
	wells    []well      // in it: cells are to be fine in all of them
}

// coarseness reports whether an answer may be one of too few cells: that a law is
// a point or in parts, that its waves reach the walls, or that steps are narrower than
// cells.
func coarseness(err error) bool {
	m := (*Mistake)(nil)
	return errors.Is(err, ErrNoLaw) || errors.As(err, new(*narrowSteps)) || errors.As(err, new(*separate)) || errors.As(err, &m) && m.Key == "numerics.order"
}

// doubles asks for twice the cells along every axis where that was done less than
// twice.
func (s *reaching) doubles() (yes bool) {
	if s.doubled++; s.doubled > 2 {
		return false
	}
	for k := range s.axes {
		if s.free(k) {
			s.axes[k].Cells, yes = 2*s.axes[k].Cells, true
		}
	}
	return yes
}

// encloses finds the box, within the time limit.
func (s *reaching) encloses() (err error) {
	ctx, cancel := context.WithDeadline(s.ctx, s.deadline())
	defer cancel()
	b := s.from.diffusing().newRun(ctx, s.options).newBox()
	s.axes, err = b.find()
	s.doubtful, s.beyond = b.doubtful, b.beyond
	if s.from.Problem.Chain == nil && len(b.wells) > 1 {
		s.wells = b.wells
	}
	if err == nil && s.from.Problem.Chain != nil {
		s.axes, err = s.from.newRun(ctx, s.options).newBox().leap(s.axes)
	}
	if err != nil && ctx.Err() != nil && s.ctx.Err() == nil {
		return &NotReached{Wanted: s.from.Problem.Accuracy, Reason: fmt.Sprintf("finding a box takes longer than the time limit of %g s", s.from.Problem.searchLimit())}
	}
	return err
}

// begins chooses the cells of the first mesh.
func (s *reaching) begins() error {
	few := []int{128, 48, 24, 16}[len(s.axes)-1]
	for k := range s.axes {
		if s.axes[k].Cells == 0 {
			s.axes[k].Cells = max(few, 8*(len(s.axes[k].Faces)+1), min(sharpest*few, s.finestWell(k)))
		}
	}
	p := *s.from.Problem
	p.Axes, p.Order = s.axes, s.order
	err := p.checkMemory()
	if err != nil && s.lowers() {
		p.Order = s.order
		err = p.checkMemory()
	}
	if m := (*Mistake)(nil); errors.As(err, &m) && slices.ContainsFunc(s.from.Problem.Axes, func(a AxisSpec) bool { return a.Cells == 0 }) {
		m.Key, m.Found, m.Hint = "numerics.memory_limit", strings.Replace(m.Found, "the run", "the coarsest mesh of the run", 1), "a larger memory_limit, or fewer outputs"
		return m
	}
	return nil
}

// free reports whether the cells of an axis are the run's to choose.
func (s *reaching) free(k int) bool { return s.from.Problem.Axes[k].Cells == 0 }

// on returns the case with closed axes and an order.
func (c *Case) on(axes []AxisSpec, order operators.Order) *Case {
	out, p := *c, *c.Problem
	out.Problem, p.Axes = &p, slices.Clone(axes)
	p.setOrder(order)
	tables := slices.Clone(c.file.find("axis").value.([]*table))
	for k, t := range tables {
		own := &table{path: t.path, line: t.line, entries: slices.Clone(t.entries)}
		if a := c.Problem.Axes[k]; a.open(0) || a.open(1) {
			own.set("range", []any{axes[k].Lo, axes[k].Hi})
			for word, which := range walls {
				if which == a.natural {
					own.set("walls", word)
				}
			}
		}
		own.set("cells", int64(axes[k].Cells))
		if c.Problem.Axes[k].gradable {
			own.set("spacing", axes[k].spacing())
		}
		tables[k] = own
	}
	out.file = c.file.with("axis", tables)
	if order != c.Problem.Order {
		numerics, ok := c.file.at("numerics")
		if !ok {
			numerics = &table{path: "numerics"}
		}
		p.Nonnegative = true // laws of an accuracy are
		out.file = out.file.with("numerics", numerics.with("order", int64(order)).with("nonnegative", true))
	}
	return &out
}

// spacing is what a case says of it.
func (a AxisSpec) spacing() any {
	if len(a.Widths.At) == 0 {
		return a.Spaced
	}
	at, width := make([]any, len(a.Widths.At)), make([]any, len(a.Widths.At))
	for i := range at {
		at[i], width[i] = a.Widths.At[i], a.Widths.Width[i]
	}
	out := &table{}
	out.set("at", at)
	out.set("width", width)
	return out
}

// try runs on the next mesh.
func (s *reaching) try() error {
	o := s.options
	if s.from.Problem.Open() {
		on := s.at()
		o.Progress = func(phase string, done float64) { s.options.Progress(phase+on, done) }
	}
	ctx, cancel := s.within()
	defer cancel()
	r, begin := s.from.on(s.axes, s.order).newRun(ctx, o), time.Now()
	if s.doubtful {
		r.warn("the box holds the law, which the search lost in much wider ones, on coarse cells: if the process leaves for ever after a long time, this is its law until then")
	}
	for _, at := range s.beyond {
		r.warn("drift comes to rest outside the box as well, at %s: the law is that of particles which have not got there; ranges that hold both give the law of both", s.from.Problem.named(at))
	}
	err := r.do()
	if err != nil && ctx.Err() != nil && s.ctx.Err() == nil {
		return errLate
	}
	r.ctx = s.ctx // for more runs of it
	if err == nil || errors.Is(err, ErrNoLaw) && r.result.answers() {
		s.run, s.took, s.raised = r, time.Since(begin).Seconds(), false
		s.meshes++
		s.offer(err)
	}
	return err
}

// offer hands out the mesh at hand as it is where nothing better follows.
func (s *reaching) offer(no error) {
	if s.options.Best == nil || s.hasBetter() {
		return
	}
	of, r, result := *s, *s.run, *s.run.result
	of.run, r.result, result.Warnings = &r, &result, slices.Clone(result.Warnings)
	s.options.Best(&result, errors.Join(no, of.verdict(stopped)))
}

// at says on which mesh the search is, and how near the one before was.
func (s *reaching) at() string {
	var cells, ranges []string
	for _, a := range s.axes {
		cells, ranges = append(cells, strconv.Itoa(a.Cells)), append(ranges, fmt.Sprintf("%s in [%.4g, %.4g]", a.Name, a.Lo, a.Hi))
	}
	on := " on " + strings.Join(cells, " × ")
	if n := len(s.misses); n > 0 && !math.IsInf(s.misses[n-1].worst, 1) {
		wanted := s.from.Problem.Accuracy
		on += fmt.Sprintf(", error %.2g of %g so far", s.misses[n-1].worst*wanted, wanted)
	}
	return on + ", " + strings.Join(ranges, ", ")
}

// errLate is that a mesh took longer than it was given.
var errLate = errors.New("the time is over")

// within is the time of a mesh: the first has as much as it needs, others the limit.
func (s *reaching) within() (context.Context, context.CancelFunc) {
	if s.run == nil {
		return context.WithCancel(s.ctx)
	}
	return context.WithDeadline(s.ctx, s.deadline())
}

func after(begin time.Time, seconds float64) time.Time {
	return begin.Add(time.Duration(min(seconds, 1e9) * float64(time.Second)))
}

func (s *reaching) deadline() time.Time {
	return after(s.begin, s.from.Problem.searchLimit())
}

// end hands out the last mesh with what there is to say.
func (s *reaching) end(err error) (*Result, error) {
	if s.run == nil {
		return nil, err
	}
	if s.ctx.Err() != nil {
		no := s.verdict(stopped)
		return s.run.result, errors.Join(s.ctx.Err(), no)
	}
	return s.run.result, err
}

// missed are the figures whose errors are more than wanted, the worst first, and
// how many have none that is known.
func (s *reaching) missed() (out []measure, unknown int) {
	for _, m := range s.run.result.measures {
		switch {
		case math.IsNaN(m.error):
			unknown++
		case m.over(s.from.Problem.Accuracy) > 1:
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b measure) int { return cmp.Compare(b.over(1), a.over(1)) })
	return out, unknown
}

// over is the error over a part of the figure's scale.
func (m measure) over(part float64) float64 {
	if m.error == 0 {
		return 0
	}
	return m.error / (part * m.scale)
}

// verdict is nil where the accuracy is reached.
func (s *reaching) verdict(why string) error {
	if why != reached && s.hasBetter() {
		s.run = s.before
	}
	p, out := s.from.Problem, &AccuracyResult{Wanted: s.from.Problem.Accuracy, Meshes: s.meshes}
	list, unknown := s.missed()
	known := len(s.run.result.measures) - unknown
	out.Reached = math.NaN()
	if known > 0 && !s.run.unresolved {
		worst, _ := s.run.worst()
		if out.Reached = worst.over(1); out.Reached > 0 {
			out.Figure, out.worst = worst.at+", "+worst.path, worst
		}
	}
	s.run.result.Accuracy = out
	no := &NotReached{Wanted: p.Accuracy, Reason: why}
	switch {
	case known == 0:
		no.Reason = "no errors are known"
	case unknown > 0:
		s.run.warn("%d errors are not known, and may be larger than the accuracy", unknown)
	}
	if s.run.unresolved {
		no.Reason = "the mesh does not resolve the law, and " + why
	}
	if s.run.moved > ragged {
		no.Reason = fmt.Sprintf("making laws nonnegative changed %s of them, and %s", percent(s.run.moved), why)
	}
	if len(list) == 0 && known > 0 && !s.run.unresolved && !(s.run.moved > ragged) {
		return nil
	}
	for _, m := range list {
		no.Missed = append(no.Missed, Missed{m.at, m.path, m.value, m.error, p.Accuracy * m.scale})
	}
	return no
}
