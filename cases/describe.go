package cases

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"fokker/cases/expr"
	"fokker/cases/sgd"
	"fokker/grid"
	"fokker/operators"
)

// Describe writes what the case states and what a run of it will need, without
// solving anything. Coefficients are evaluated on the cells, or on so many of
// them that it stays quick. What a run would refuse is an error, after all that
// could be said.
func (c *Case) Describe(w io.Writer) error {
	d := &description{Case: c}
	d.heading("%s: %s", c.Name, c.Title)
	if c.About != "" {
		d.line("", c.About)
	}
	d.equation()
	s, err := d.Problem.survey()
	if err == nil && d.Problem.Chain != nil {
		err = d.Problem.checkStepsOn(s)
	}
	d.axes(s)
	d.tasks()
	d.needs()
	cross, bad := d.cross(s, err)
	d.warnings(append(append(d.Problem.lossWarnings(), s.warnings()...), cross...))
	_, failed := io.WriteString(w, d.String())
	return errors.Join(failed, err, bad)
}

// description collects text in blocks of aligned columns.
type description struct {
	*Case
	text  strings.Builder
	table *tabwriter.Writer
}

// heading starts a block.
func (d *description) heading(format string, args ...any) {
	if d.table != nil {
		d.table.Flush()
		fmt.Fprintln(&d.text)
	}
	fmt.Fprintf(&d.text, format+"\n", args...)
	d.table = tabwriter.NewWriter(&d.text, 0, 0, 2, ' ', 0)
}

// line writes a name and what there is to say; no name, no column.
func (d *description) line(name string, cells ...string) {
	if name != "" {
		cells = append([]string{name}, cells...)
	}
	fmt.Fprintf(d.table, "  %s\n", strings.Join(cells, "\t"))
}

// String returns the text without blanks at the ends of lines.
func (d *description) String() string {
	d.table.Flush()
	lines := strings.Split(d.text.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func (d *description) equation() {
	if optimiser := d.file.find("sgd"); optimiser != nil {
		d.optimiser(optimiser.value.(*table))
	}
	if eq := d.Problem.equation; eq != nil && d.Problem.Chain == nil {
		d.heading("equation: dX = b dt + σ dW in the sense of Itô, D = σσᵀ/2")
		d.coefficients(eq)
		d.calculus(eq)
	}
}

func (d *description) coefficients(eq *equation) {
	for k, axis := range eq.axes {
		d.line("b "+axis, eq.drift[k].String())
	}
	for k, axis := range eq.axes {
		d.line("D "+axis, eq.diffusion[k][k].String())
		for l := range k {
			if n := eq.diffusion[k][l]; !isZero(n) {
				d.line("D "+eq.axes[l]+","+axis, n.String())
			}
		}
	}
	for k, axis := range eq.axes {
		d.sigma(axis, k, eq.noise)
	}
	if eq.killing != nil {
		d.line("killing", eq.killing.String())
	}
	if d.Problem.Unsteady {
		d.line("time", "coefficients depend on t"+d.recurrence()+"; what follows looks at t = 0")
	}
	if g := eq.gibbs; g != nil {
		d.line("U", g.potential.String())
		for k, axis := range eq.axes {
			d.line("M "+axis, g.mobility[k].String())
			d.line("T "+axis, fmt.Sprintf("%g", g.temperature[k]))
		}
	}
}

func (d *description) recurrence() string {
	if d.Problem.Period == 0 {
		return ""
	}
	return fmt.Sprintf(" with period %g", d.Problem.Period)
}

// sigma writes a row of σ: one entry where noise is diagonal.
func (d *description) sigma(axis string, k int, noise [][]*expr.Node) {
	if noise == nil {
		d.line("σ "+axis, "the symmetric root of 2D")
		return
	}
	if isDiagonal(noise) {
		d.line("σ "+axis, noise[k][k].String())
		return
	}
	row := make([]string, len(noise[k]))
	for c, n := range noise[k] {
		row[c] = n.String()
	}
	d.line("σ "+axis, "["+strings.Join(row, ", ")+"]")
}

func isDiagonal(m [][]*expr.Node) bool {
	for k := range m {
		for l, n := range m[k] {
			if k != l && !isZero(n) || len(m[k]) != len(m) {
				return false
			}
		}
	}
	return true
}

func isZero(n *expr.Node) bool {
	v, number := n.Constant()
	return number && v == 0
}

// calculus says in which sense the process was given and what that added to the
// drift.
func (d *description) calculus(eq *equation) {
	if eq.calculus == "ito" {
		d.line("given", "in the sense of Itô: nothing was added to the drift")
		return
	}
	sense := map[string]string{"stratonovich": "Stratonovich", "isothermal": "Hänggi and Klimontovich (isothermal)"}[eq.calculus]
	d.line("given", "in the sense of "+sense+"; b above holds what this adds to Itô's drift:")
	for k, axis := range eq.axes {
		d.line("  + b "+axis, d.conversion(eq, k))
	}
}

// conversion returns the drift that reader.toIto added along axis k.
func (d *description) conversion(eq *equation, k int) string {
	var terms []*expr.Node
	process := d.file.find("process").value.(*table)
	byNoise := eq.calculus == "stratonovich" && process.find("noise") != nil
	for j, axis := range eq.axes {
		if !byNoise {
			terms = append(terms, slope(eq.diffusion[k][j], axis))
			continue
		}
		for c, s := range eq.noise[k] {
			terms = append(terms, expr.Mul(eq.noise[j][c], slope(s, axis)))
		}
	}
	sum := expr.Add(terms...)
	if eq.calculus == "isothermal" || isZero(sum) {
		return sum.String()
	}
	return "(" + sum.String() + ")/2"
}

// slope returns a derivative that the reader has formed before.
func slope(n *expr.Node, axis string) *expr.Node {
	d, err := n.Diff(axis)
	if err != nil {
		panic(err)
	}
	return d
}

// optimiser writes [sgd].
func (d *description) optimiser(t *table) {
	if d.Problem.Chain != nil {
		d.heading("optimiser: the chain θ′ = θ − η(ĝ + ∇R) of its own steps, ĝ the mean gradient of a batch, t = η × step")
	} else {
		d.heading("optimiser: dθ = b dt + √(2D) dW in the sense of Itô, t = η × step")
	}
	for _, key := range []string{"loss", "regularizer"} {
		if e := t.find(key); e != nil {
			d.line(key, fmt.Sprint(e.value))
		}
	}
	if data := d.Data; data != nil {
		d.line("data", fmt.Sprintf("%s: %d rows of %s", data.Name, data.Len(), strings.Join(data.Columns, ", ")))
		if e := t.find("weights"); e != nil {
			d.line("weights", fmt.Sprintf("%v, in all %g", e.value, data.Total()))
		}
		d.line("SHA-256", data.Checksum)
	}
	if random, drawn := t.at("data"); drawn {
		d.random(random, d.Problem.landscape.Data.Random)
	}
	d.means()
	sampling := fmt.Sprint(t.find("sampling").value)
	d.line("η", fmt.Sprintf("%g", d.Problem.LearningRate))
	d.line("B", fmt.Sprintf("%v, drawn %s", t.find("batch_size").value, sampling))
	noise := noiseKinds[fmt.Sprint(t.find("noise").value)]
	d.line("noise", fmt.Sprintf("%v: %s", t.find("noise").value, noiseFormula(noise, sampling)))
	switch c := d.Problem.Chain; {
	case c == nil:
		kind := equations[fmt.Sprint(t.find("equation").value)]
		d.line("equation", fmt.Sprintf("%v: %s", t.find("equation").value, formula(kind, noise)))
	case c.Batches != nil:
		d.line("batches", fmt.Sprintf("all %d that there are", len(c.Batches.Weights())))
	default:
		d.line("batches", "Gaussian, so that a step has the covariance η²Ĉ")
	}
}

// means says how means over examples are computed.
func (d *description) means() {
	e := d.Problem.landscape
	switch n := d.Problem.size(); {
	case e.Terms() > 0:
		d.line("means", fmt.Sprintf("by means and covariances of %d functions of an example, once for all cells", e.Terms()))
	case e.Rows() > 1 && n > 0:
		d.line("means", fmt.Sprintf("over %d examples in each of %d cells: %.2g losses of one example for every coefficient", e.Rows(), n, float64(e.Rows())*float64(n)))
	}
}

// noiseFormula says what the covariance Ĉ of a batch's gradient is.
func noiseFormula(kind sgd.NoiseKind, sampling string) string {
	what, factor := "C", ""
	if kind == sgd.Isotropic {
		what = "(tr C/dim) I"
	}
	if sampling == "without replacement" {
		factor = " (n − B)/(n − 1)"
	}
	if kind == sgd.None {
		return "Ĉ = 0"
	}
	return "Ĉ = " + what + "/B" + factor + ", C the covariance of one example's gradient"
}

// formula states drift and noise of an equation.
func formula(equation sgd.Equation, kind sgd.NoiseKind) string {
	switch {
	case equation == sgd.SDE1:
		return "b = −∇L, D = (η/2)Ĉ"
	case equation == sgd.SDE2 || kind == sgd.None:
		return "b = −∇(L + (η/4)|∇L|²), D = (η/2)Ĉ"
	}
	return "b = −∇(L + (η/4)|∇L|²) + (η²/4)Ĉ:∇∇∇L, D = (η/2)[Ĉ + (η/2)(HĈ + ĈH + (∇L·∇)Ĉ)], H = ∇∇L"
}

func (d *description) axes(s *survey) {
	d.heading("axes")
	d.line("", "name", "range", "cells", "spacing", "widths", "boundary", "faces")
	for k, a := range d.Problem.Axes {
		ends := a.Ends[0].String()
		if a.Ends[1] != a.Ends[0] {
			ends += ", " + a.Ends[1].String()
		}
		d.line("", a.Name, a.ends(), a.count(), a.Spaced, s.widths(k), ends, s.faces(k, a))
	}
}

// ends writes the range, and what of it is open.
func (a AxisSpec) ends() string {
	if a.open(0) && a.open(1) {
		return "open"
	}
	return strings.ReplaceAll(fmt.Sprintf("[%g, %g]", a.Lo, a.Hi), "+Inf", "inf")
}

func (a AxisSpec) count() string {
	if a.Cells == 0 {
		return "open"
	}
	return fmt.Sprint(a.Cells)
}

func (d *description) tasks() {
	p := d.Problem
	d.heading("tasks")
	if p.Accuracy > 0 {
		d.line("accuracy", fmt.Sprintf("errors of figures up to %g of their size or standard deviation", p.Accuracy))
	}
	if p.Initial != nil {
		d.line("initial", p.Initial.describe())
	}
	switch {
	case p.Order != 0:
		d.line("order", fmt.Sprintf("%v: masses may fall below 0", p.Order))
	case p.Accuracy > 0 && d.mayBeFourth():
		d.line("order", "4 if its law turns out positive, 2 otherwise")
	}
	if s := p.Stationary; s != nil {
		d.line("stationary", fmt.Sprintf("to %g in L1 on the mesh", s.Tolerance))
	}
	if e := p.Evolve; e != nil {
		times := fmt.Sprintf("%d times from %g to %g", len(e.Times), e.Times[0], e.Times[len(e.Times)-1])
		if p.LearningRate > 0 {
			times += fmt.Sprintf(" (%g steps)", e.Times[len(e.Times)-1]/p.LearningRate)
		}
		d.line("evolve", fmt.Sprintf("%s, to %g in L1 in time on the mesh", times, e.Tolerance))
	}
	if p.Learning != nil {
		d.line("learning", p.describeLearning())
	}
	if p.Influence != nil {
		d.line("influence", p.describeInfluence())
	}
	if q := p.Quasistationary; q != nil {
		region := "the box"
		if q.Within != nil {
			region = q.Within.node.String()
		}
		d.line("quasistationary", "what has not left for long: "+region)
	}
	if p.Validate != nil {
		d.line("validate", "particles of the process, and whether they have its laws")
	}
	if c := p.Compare; c != nil {
		d.line("compare", fmt.Sprintf("%s, to %g", strings.Join(c.Models, ", "), c.Tolerance))
	}
	for _, o := range p.Observables {
		text := "comes with [sgd]"
		if o.node != nil {
			text = o.node.String()
		}
		d.line("E "+o.Name, text)
	}
}

func (in *Initial) describe() string {
	switch {
	case in.Uniform:
		return "uniform in the box"
	case in.Density != nil:
		return "density proportional to " + in.Density.String()
	case in.Point != nil:
		return fmt.Sprintf("a point at %s = %v", strings.Join(in.axes, ", "), listed(in.Point))
	case in.Covariance != nil:
		return fmt.Sprintf("Gaussian with mean %s and a covariance", listed(in.Mean))
	}
	return fmt.Sprintf("Gaussian with mean %s, standard deviation %s", listed(in.Mean), listed(in.Std))
}

func listed(x []float64) string {
	parts := make([]string, len(x))
	for i, v := range x {
		parts[i] = fmt.Sprintf("%g", v)
	}
	return strings.Join(parts, ", ")
}

func (d *description) needs() {
	p := d.Problem
	d.heading("needs")
	if p.Open() {
		d.line("", d.search())
		return
	}
	memory := "about " + size(p.Memory())
	if free := availableMemory(); free > 0 {
		memory += " of " + size(free) + " available"
	}
	d.line("memory", memory)
	if p.Chain != nil {
		d.rows()
		return
	}
	d.line("time", "very roughly "+duration(p.seconds()))
}

// search says what a run chooses, and within which limits.
func (d *description) search() string {
	p := d.Problem
	within := duration(p.timeLimit())
	if memory := p.memoryLimit(); memory > 0 {
		within += " and " + size(memory)
	}
	return "as much as the accuracy asks for: a run chooses what is open, within " + within
}

func duration(seconds float64) string {
	switch {
	case seconds < 1:
		return "less than a second"
	case seconds < 120:
		return fmt.Sprintf("%.0f s", seconds)
	case seconds < 7200:
		return fmt.Sprintf("%.0f min", seconds/60)
	}
	return fmt.Sprintf("%.0f h", seconds/3600)
}

// Seconds per cell, and per cell and step, on one core of 2024, measured on the
// gallery; one axis is solved by recursion, more by elimination or multigrid.
const (
	lawOfLine, lawOfBox   = 3e-6, 1e-5
	stepOfLine, stepOfBox = 3e-7, 4e-6
	stepsOfRun            = 150  // at a tolerance of 1e-5; a method of order four needs ∝ tolerance^(−1/4)
	rowOfData             = 3e-7 // of coefficients and observables, per cell and row of data that every mean goes over
)

// seconds estimates the time of a run to a factor of several.
func (p *Problem) seconds() float64 {
	law, step := lawOfLine, stepOfLine
	if len(p.Axes) > 1 {
		law, step = lawOfBox, stepOfBox
	}
	perCell := rowOfData * p.rows()
	if p.Stationary != nil {
		perCell += law
	}
	if p.Learning != nil { // three points along every axis
		perCell += rowOfData * p.rows() * math.Pow(3, float64(len(p.Axes)))
	}
	if p.Influence != nil { // a mean, and every example beside it
		perCell += 4 * rowOfData * p.rows()
	}
	if e := p.Evolve; e != nil {
		perCell += step * stepsOfRun * math.Pow(1e-5/e.Tolerance, 0.25)
	}
	return float64(p.size()) * perCell
}

// size returns the number of cells.
func (p *Problem) size() int {
	n := 1
	for _, a := range p.Axes {
		n *= a.Cells
	}
	return n
}

// rows returns the number of examples that every coefficient is a sum over.
func (p *Problem) rows() float64 {
	if e, ok := p.Process.(*sgd.Examples); ok {
		return float64(e.Rows())
	}
	return 0
}

// cross warns of diffusion that the mesh adds across coupled noise, in all
// cells alike: which of them matter only the law can say.
func (d *description) cross(s *survey, failed error) ([]string, error) {
	if failed != nil || s.grid == nil || float64(s.grid.Size()) > d.Problem.looked() || d.Problem.Order != 0 {
		return nil, nil
	}
	c, ok, err := d.Problem.crossDiffusion(s.grid, nil, 0)
	if err != nil || !ok || c.added <= c.across || c.added < negligible*c.trace {
		return nil, err
	}
	return []string{c.warning("the cells")}, nil
}

func (d *description) warnings(found []string) {
	if len(found) == 0 {
		return
	}
	d.heading("warnings")
	for _, w := range found {
		d.line("", w)
	}
}

// lossWarnings says where a stationary law is asked of a process that loses
// mass.
func (p *Problem) lossWarnings() []string {
	lossy := p.Killing != nil
	for _, a := range p.Axes {
		lossy = lossy || a.Ends[0] == grid.Absorbing || a.Ends[1] == grid.Absorbing
	}
	if p.Stationary == nil || !lossy {
		return nil
	}
	return []string{"absorbing walls or killing: there is a stationary law only if mass cannot get there"}
}

// survey is what the coefficients are at t = 0 on the cells, or on some of
// them.
type survey struct {
	problem *Problem
	grid    *grid.Grid // nil where the run would be refused
	at      [][]int    // per axis: positions of the cells looked at
	closed  [][]float64
	looked  int
	axis    []seen
}

// seen is what was seen along an axis.
type seen struct {
	fitted, upwind int     // cells where |b|h > 2D, with D above 0 and D = 0
	peclet         float64 // largest |b|h/(2D) where D is above 0
	noise          float64 // largest D
	wall           [2]wallSeen
}

// wallSeen is what was seen in the cells at a wall.
type wallSeen struct {
	cells, outwards, still int // drift towards the wall; none, with noise
}

const (
	surveyed = 1 << 20 // cells that are looked at, at most about
	sums     = 1 << 26 // examples that are summed over, at most about
	longest  = 1 << 24 // cells of an axis whose edges are computed
)

// survey looks at the coefficients. Its error is what a run would refuse.
func (p *Problem) survey() (*survey, error) {
	s := &survey{problem: p, closed: make([][]float64, len(p.Axes)), axis: make([]seen, len(p.Axes))}
	if p.Open() {
		return s, nil
	}
	if err := p.checkMemory(); err != nil {
		return s, err
	}
	for _, a := range p.Axes {
		if a.Cells > longest {
			return s, nil
		}
	}
	bare := *p
	bare.Axes = append([]AxisSpec(nil), p.Axes...)
	s.choose()
	for k := range bare.Axes {
		bare.Axes[k].Cells = max(len(s.at[k]), min(3, p.Axes[k].Cells))
	}
	if err := s.cut(&bare); err != nil {
		return s, err
	}
	return s, s.look()
}

// looked returns how many cells may be looked at.
func (p *Problem) looked() float64 { return min(surveyed, sums/max(1, p.rows())) }

// choose takes every so many cells of each axis, the first and the last among
// them.
func (s *survey) choose() {
	most := s.problem.looked()
	stride := max(1, int(math.Ceil(math.Pow(float64(s.problem.size())/most, 1/float64(len(s.problem.Axes))))))
	for _, a := range s.problem.Axes {
		var at []int
		for i := 0; i < a.Cells-1; i += stride {
			at = append(at, i)
		}
		s.at = append(s.at, append(at, a.Cells-1))
	}
}

// cut makes the grid, without closed faces, and finds those on a mesh that is
// as coarse as the cells looked at.
func (s *survey) cut(coarse *Problem) error {
	axes := make([]grid.Axis, len(s.problem.Axes))
	for k, a := range s.problem.Axes {
		edges, _, err := a.Spacing.Edges(a.Lo, a.Hi, a.Cells, a.Faces...)
		if err != nil {
			return fmt.Errorf("axis %q: %w", a.Name, err)
		}
		axes[k] = grid.Axis{Name: a.Name, Edges: edges, Ends: a.Ends}
	}
	var err error
	if s.grid, err = grid.New(axes...); err != nil {
		return err
	}
	g, err := coarse.Grid()
	if err != nil {
		return nil // too coarse for the faces: none is known to be closed
	}
	for k := range axes {
		for _, f := range g.Axis(k).Closed {
			s.closed[k] = append(s.closed[k], g.Axis(k).Edges[f])
		}
	}
	return nil
}

// look evaluates drift and diffusion in the cells chosen.
func (s *survey) look() error {
	dim, total := len(s.at), 1
	for _, at := range s.at {
		total *= len(at)
	}
	const chunk = 1024
	x, b, d := operators.Columns(dim, chunk), operators.Columns(dim, chunk), operators.Columns(dim*dim, chunk)
	return grid.Range{Hi: total}.Chunks(chunk, func(r grid.Range) error {
		x, b, d := head(x, r.Len()), head(b, r.Len()), head(d, r.Len())
		for i := range r.Len() {
			s.place(x, i, r.Lo+i)
		}
		s.problem.Process.Drift(b, x, 0)
		s.problem.Process.(operators.Diffusive).Diffusion(d, x, 0)
		for i := range r.Len() {
			trace := 0.0
			for k := range dim {
				trace += d[k*dim+k][i]
			}
			for k := range dim {
				if err := s.usable(k, b[k][i], d[k*dim+k][i], math.Abs(trace), x, i); err != nil {
					return err
				}
				s.see(k, r.Lo+i, b[k][i], max(0, d[k*dim+k][i]))
			}
		}
		s.looked += r.Len()
		return nil
	})
}

// place writes the centre of a chosen cell.
func (s *survey) place(x [][]float64, i, chosen int) {
	for k, at := range s.at {
		x[k][i] = s.grid.Centers(k)[at[chosen%len(at)]]
		chosen /= len(at)
	}
}

// position returns where a chosen cell stands along axis k.
func (s *survey) position(k, chosen int) int {
	for _, at := range s.at[:k] {
		chosen /= len(at)
	}
	return s.at[k][chosen%len(s.at[k])]
}

// usable refuses what a run would refuse.
func (s *survey) usable(k int, b, d, trace float64, x [][]float64, i int) error {
	quantity, value, wanted := "", 0.0, "a finite number"
	switch {
	case !finite(b):
		quantity, value = "drift", b
	case !finite(d):
		quantity, value = "diffusion", d
	case d < -1e-12*trace: // less is rounding
		quantity, value, wanted = "diffusion", d, "a number ≥ 0"
	default:
		return nil
	}
	return s.problem.explain(&operators.PointError{Quantity: quantity, Axis: k, Value: value, Point: pointOf(x, i), Wanted: wanted})
}

// see takes note of the coefficients along axis k in one cell.
func (s *survey) see(k, chosen int, b, d float64) {
	at, seen := s.position(k, chosen), &s.axis[k]
	seen.noise = max(seen.noise, d)
	down, h := s.grid.Distances(k, at)
	if b < 0 {
		h = down
	}
	switch flow := math.Abs(b) * h; {
	case flow > 0 && d == 0:
		seen.upwind++
	case flow > 2*d:
		seen.fitted++
		seen.peclet = max(seen.peclet, flow/(2*d))
	}
	for side, end := range [2]int{0, s.grid.Cells(k) - 1} {
		if at == end && s.problem.Axes[k].Ends[side] == grid.Reflecting {
			seen.wall[side].see(b*float64(2*side-1), d)
		}
	}
}

func (w *wallSeen) see(outwards, d float64) {
	w.cells++
	switch {
	case outwards > 0:
		w.outwards++
	case outwards == 0 && d > 0:
		w.still++
	}
}

// widths returns the smallest and the largest cell of an axis.
func (s *survey) widths(k int) string {
	if s.grid == nil {
		return ""
	}
	least, most := math.Inf(1), 0.0
	for _, h := range s.grid.Widths(k) {
		least, most = min(least, h), max(most, h)
	}
	if most-least < 1e-6*most { // equal but for rounding
		return fmt.Sprintf("%.4g", most)
	}
	return fmt.Sprintf("%.4g to %.4g", least, most)
}

// faces lists the faces of an axis and says which nothing crosses.
func (s *survey) faces(k int, a AxisSpec) string {
	parts := make([]string, len(a.Faces))
	for i, f := range a.Faces {
		parts[i] = fmt.Sprintf("%g", f)
		if slices.Contains(s.closed[k], f) {
			parts[i] += " (closed)"
		}
	}
	return strings.Join(parts, ", ")
}

func (s *survey) warnings() (out []string) {
	p := s.problem
	if s.looked == 0 {
		return nil
	}
	if s.looked < p.size() {
		out = append(out, fmt.Sprintf("(from %d of %d cells)", s.looked, p.size()))
	}
	before := len(out)
	for k, a := range p.Axes {
		out = append(out, s.meshWarnings(a.Name, s.axis[k])...)
	}
	for k, a := range p.Axes {
		for side, name := range [2]string{"lower", "upper"} {
			out = append(out, s.axis[k].wall[side].warnings(name+" wall of "+a.Name)...)
		}
	}
	out = append(out, s.initialWarnings()...)
	if len(out) == before {
		return nil
	}
	return out
}

func (s *survey) meshWarnings(axis string, seen seen) (out []string) {
	if s.problem.Order != 0 || s.problem.Chain != nil { // its scheme has no rates
		return nil
	}
	share := func(cells int) string { return percent(float64(cells) / float64(s.looked)) }
	if seen.fitted > 0 {
		out = append(out, fmt.Sprintf("axis %s: |b|h > 2D in %s of the cells, |b|h/(2D) up to %.3g: %s; more cells help", axis, share(seen.fitted), seen.peclet, s.consequence()))
	}
	if seen.upwind > 0 {
		out = append(out, fmt.Sprintf("axis %s: drift without noise in %s of the cells: rates are upwind there, of first order", axis, share(seen.upwind)))
	}
	return out
}

// consequence is what a mesh does that does not resolve the drift.
func (s *survey) consequence() string {
	if s.problem.reversible != nil {
		return "a Gibbs law stays exact, other figures lose accuracy there"
	}
	return "rates are exponentially fitted there, of an order between 2 and 1"
}

func (w wallSeen) warnings(wall string) (out []string) {
	part := func(cells int) string {
		if cells == w.cells {
			return "everywhere"
		}
		return "in " + percent(float64(cells)/float64(w.cells)) + " of its cells"
	}
	if w.outwards > 0 {
		out = append(out, fmt.Sprintf("%s, reflecting: the drift points outwards %s, and mass that gets there piles up", wall, part(w.outwards)))
	}
	if w.still > 0 {
		out = append(out, fmt.Sprintf("%s, reflecting: noise without drift %s: only the wall confines the mass", wall, part(w.still)))
	}
	return out
}

// initialWarnings says where the initial law is narrower than a cell.
func (s *survey) initialWarnings() (out []string) {
	in := s.problem.Initial
	if in == nil || in.Std == nil {
		return nil
	}
	for k, a := range s.problem.Axes {
		i := min(max(0, searchEdge(s.grid.Axis(k).Edges, in.Mean[k])), a.Cells-1)
		if h := s.grid.Widths(k)[i]; in.Std[k] < h {
			out = append(out, fmt.Sprintf("axis %s: the standard deviation %g of the initial law is less than a cell, %.3g", a.Name, in.Std[k], h))
		}
	}
	return out
}
