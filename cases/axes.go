package cases

import (
	"fmt"
	"math"
	"slices"

	"fokker/grid"
)

// AxisSpec is an axis as the case states it. What it leaves open, a run chooses
// by its accuracy.
type AxisSpec struct {
	Name     string
	Lo, Hi   float64 // infinite: open
	Cells    int     // 0: open
	Ends     [2]grid.Boundary
	Spacing  grid.Spacing
	Spaced   string       // "uniform", "log", "sinh", "chebyshev", "graded"
	Widths   grid.Profile // of graded cells that are stated by them
	Faces    []float64
	natural  [2]bool // ends that are walls of the process, no cuts: said to be, or stated beside an open one
	gradable bool    // the case states neither cells nor how they are spaced
}

func (r *reader) readAxes(file *table, p *Problem) {
	e := file.find("axis")
	if e == nil {
		r.fail(0, "axis", "found no [[axis]], and no drift whose keys would name the state variables", "one [[axis]] with a name per state variable", "range and cells may be left out: the accuracy chooses them")
		return
	}
	list, ok := e.value.([]*table)
	if !ok {
		r.fail(e.line, "axis", describe(e.value), "tables [[axis]]", "write [[axis]]")
		return
	}
	if len(list) > 4 {
		r.fail(list[4].line, "axis", fmt.Sprintf("found %d axes", len(list)), "1 to 4", "")
		return
	}
	for _, t := range list {
		a := r.readAxis(t)
		p.Axes = append(p.Axes, a)
	}
	r.checkSize(list, p)
}

// implyAxes takes the keys of the drift for the axes of a case without any.
func (r *reader) implyAxes(file *table) {
	process, _ := file.at("process")
	if process == nil || file.find("axis") != nil {
		return
	}
	drift, ok := process.at("drift")
	if !ok || len(drift.entries) == 0 {
		return
	}
	var axes []*table
	for k, e := range drift.entries {
		t := &table{path: fmt.Sprintf("axis.%d", k), line: e.line}
		t.set("name", e.key)
		axes = append(axes, t)
	}
	file.set("axis", axes)
}

func lineOf(t *table, key string) int {
	if e := t.find(key); e != nil {
		return e.line
	}
	return t.line
}

// nameAxes takes note of the axes' names before anything is read, for messages
// and hints.
func (r *reader) nameAxes(file *table) {
	e := file.find("axis")
	if e == nil {
		return
	}
	list, _ := e.value.([]*table)
	for _, t := range list {
		name := ""
		if n := t.find("name"); n != nil {
			name, _ = n.value.(string)
		}
		if !identifier.MatchString(name) || slices.Contains(r.axes, name) {
			name = ""
		}
		r.axes = append(r.axes, name)
	}
}

// checkSize refuses grids whose cells cannot be numbered.
func (r *reader) checkSize(list []*table, p *Problem) {
	size, longest := 1.0, 0
	for k, a := range p.Axes {
		size *= float64(a.Cells)
		if a.Cells > p.Axes[longest].Cells {
			longest = k
		}
	}
	if size > grid.MaxCells {
		r.fail(lineOf(list[longest], "cells"), join(list[longest].path, "cells"), fmt.Sprintf("found %.3g cells in all", size), fmt.Sprintf("at most %d", grid.MaxCells), "")
	}
}

func (r *reader) readAxis(t *table) AxisSpec {
	a := AxisSpec{Name: r.text(t, "name", "")}
	if r.required(t, "name", "the name of the state variable") && r.isText(t, "name") && r.checkName(lineOf(t, "name"), join(t.path, "name"), a.Name) {
		if err := r.scope.Variable(a.Name); err != nil {
			r.failExpression(lineOf(t, "name"), join(t.path, "name"), err)
		}
	}
	a.Lo, a.Hi = math.Inf(-1), math.Inf(1)
	if t.find("range") != nil {
		a.Lo, a.Hi = r.readRange(t)
	}
	a.Cells = r.whole(t, "cells", 0, 1)
	a.Ends = r.readBoundary(t)
	if a.Ends[0] == grid.Periodic && t.find("cells") != nil && a.Cells < 3 {
		r.fail(lineOf(t, "cells"), join(t.path, "cells"), fmt.Sprintf("found %d", a.Cells), "at least 3 on a periodic axis", "")
	}
	r.readWalls(t, &a)
	a.Faces = r.numbers(t, "faces")
	if a.Lo < a.Hi && r.closable(t, a) {
		r.readSpacing(t, &a)
		r.checkEdges(t, a)
	}
	r.fill(t, "boundary", "reflecting")
	if a.gradable = t.find("cells") == nil && t.find("spacing") == nil; !a.gradable {
		r.fill(t, "spacing", "uniform")
	}
	return a
}

// walls are the words for the ends of a range that are walls of the process.
var walls = map[string][2]bool{"lower": {true, false}, "upper": {false, true}, "both": {true, true}}

// readWalls notes which ends are no cuts: those said to be, or that beside an open one.
func (r *reader) readWalls(t *table, a *AxisSpec) {
	if a.natural = [2]bool{!a.open(0), !a.open(1)}; a.natural[0] == a.natural[1] {
		a.natural = [2]bool{}
	}
	word := r.choice(t, "walls", "", "lower", "upper", "both")
	if word == "" {
		return
	}
	line, path := lineOf(t, "walls"), join(t.path, "walls")
	switch a.natural = walls[word]; {
	case a.Ends[0] == grid.Periodic:
		r.fail(line, path, fmt.Sprintf("found %q on a periodic axis", word), "an axis with ends", "")
	case a.natural[0] && a.open(0) || a.natural[1] && a.open(1):
		r.fail(line, path, fmt.Sprintf("found %q, an end that is left open", word), "a `range` with that end", "")
	}
}

// Cuts reports whether an end may cut the law: reflecting, and not said to be a wall
// of the process.
func (a AxisSpec) Cuts(end int) bool { return a.Ends[end] == grid.Reflecting && !a.natural[end] }

// open reports whether an end of the range is chosen by the run.
func (a AxisSpec) open(end int) bool { return math.IsInf([2]float64{a.Lo, a.Hi}[end], 0) }

// closable refuses an open range where something else on the axis rests on it.
func (r *reader) closable(t *table, a AxisSpec) bool {
	if !a.open(0) && !a.open(1) {
		return true
	}
	graded, ok := t.at("spacing")
	byWidths := ok && graded.find("at") != nil
	why := ""
	switch e := t.find("spacing"); {
	case a.Ends[0] == grid.Periodic:
		why = "a periodic axis needs its period"
	case a.open(0) && a.Ends[0] == grid.Absorbing || a.open(1) && a.Ends[1] == grid.Absorbing:
		why = "an absorbing wall stands at an end of the range"
	case len(a.Faces) > 0:
		why = "faces stand inside a range"
	case ok && !byWidths || e != nil && (e.value == "log" || e.value == "chebyshev"):
		why = "the spacing depends on it"
	default:
		return true
	}
	r.fail(lineOf(t, "range"), join(t.path, "range"), "open: "+why, "[lower, upper]", "")
	return false
}

func (r *reader) required(t *table, key, expected string) bool {
	if t.find(key) != nil {
		return true
	}
	r.fail(t.line, join(t.path, key), "missing", expected, "")
	return false
}

func (r *reader) readRange(t *table) (lo, hi float64) {
	e, before := t.find("range"), len(r.mistakes)
	v := r.ends(e, join(t.path, "range"))
	if len(r.mistakes) > before {
		return 0, 0
	}
	finite := len(v) == 2 && !math.IsInf(v[0], 0) && !math.IsInf(v[1], 0)
	if len(v) != 2 || !(v[0] < v[1]) || finite && math.IsInf(v[1]-v[0], 0) {
		r.fail(e.line, join(t.path, "range"), fmt.Sprintf("found [%s]", listed(v)), "[lower, upper] with lower < upper", "")
		return 0, 0
	}
	return v[0], v[1]
}

// ends reads a list of numbers, of which the first may be −inf and the last inf.
func (r *reader) ends(e *entry, path string) (out []float64) {
	list, ok := e.value.([]any)
	if !ok {
		r.wrong(e, path, "a list of numbers")
		return nil
	}
	for i, v := range list {
		x, infinite := v.(float64)
		if !infinite || i == 0 && x != math.Inf(-1) || i > 0 && x != math.Inf(1) {
			x = r.value(e.line, fmt.Sprintf("%s[%d]", path, i), v)
		}
		out = append(out, x)
	}
	return out
}

var boundaries = map[string]grid.Boundary{"reflecting": grid.Reflecting, "absorbing": grid.Absorbing, "periodic": grid.Periodic}

func (r *reader) readBoundary(t *table) (ends [2]grid.Boundary) {
	e := t.find("boundary")
	if e == nil {
		return ends
	}
	pair, ok := e.value.([]any)
	if !ok {
		pair = []any{e.value, e.value}
	}
	if len(pair) != 2 {
		r.wrong(e, join(t.path, "boundary"), "one word, or [lower, upper]")
		return ends
	}
	for i, v := range pair {
		word, _ := v.(string)
		b, known := boundaries[word]
		if !known {
			r.fail(e.line, join(t.path, "boundary"), describe(v), `"reflecting", "absorbing" or "periodic"`, didYouMean(word, []string{"reflecting", "absorbing", "periodic"}))
			return ends
		}
		ends[i] = b
	}
	if (ends[0] == grid.Periodic) != (ends[1] == grid.Periodic) {
		r.fail(e.line, join(t.path, "boundary"), "periodic at one end", "periodic at both ends or at neither", "")
	}
	return ends
}

func (r *reader) readSpacing(t *table, a *AxisSpec) {
	a.Spaced, a.Spacing = "uniform", grid.Uniform()
	e := t.find("spacing")
	if e == nil {
		return
	}
	var err error
	if s, ok := e.value.(*table); ok {
		a.Spaced = "graded"
		profile, point := s.find("at") != nil || s.find("width") != nil, s.find("finest") != nil || s.find("ratio") != nil
		if profile == point {
			found := "found neither { finest, ratio } nor { at, width }"
			if point {
				found = "found { finest, ratio } and { at, width }"
			}
			r.fail(e.line, join(t.path, "spacing"), found, "one of them", "")
			return
		}
		if profile {
			a.Widths = grid.Profile{At: r.numbers(s, "at"), Width: r.numbers(s, "width")}
			a.Spacing, err = a.Widths.Spacing()
		} else {
			a.Spacing, err = grid.Graded(a.Lo, a.Hi, r.number(s, "finest", a.Lo), r.number(s, "ratio", 8))
		}
	} else {
		a.Spaced = r.choice(t, "spacing", "uniform", "uniform", "log", "sinh", "chebyshev")
		switch a.Spaced {
		case "log":
			a.Spacing, err = grid.Log(a.Lo, a.Hi)
		case "sinh":
			a.Spacing = grid.Sinh()
		case "chebyshev":
			a.Spacing = grid.Chebyshev(a.Lo, a.Hi)
		}
	}
	if err != nil {
		r.failExpression(e.line, join(t.path, "spacing"), trimmed(err, "grid: "))
		a.Spacing = grid.Uniform()
	}
}

// checkEdges tries whether the faces fit the cells, and the cells the numbers.
func (r *reader) checkEdges(t *table, a AxisSpec) {
	if a.Cells < 1 || a.Cells > 1<<20 || a.open(0) || a.open(1) {
		return
	}
	edges, _, err := a.Spacing.Edges(a.Lo, a.Hi, a.Cells, a.Faces...)
	if err != nil {
		r.failExpression(lineOf(t, "faces"), join(t.path, "faces"), trimmed(err, "grid: "))
		return
	}
	if _, err = grid.New(grid.Axis{Name: a.Name, Edges: edges}); err != nil {
		r.failExpression(lineOf(t, "range"), join(t.path, "range"), trimmed(err, "grid: "))
	}
}
