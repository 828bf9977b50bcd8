package cases

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"

	"fokker/cases/sgd"
	"fokker/grid"
	"fokker/operators"
)

// Problem is what a case asks: a process, axes, where it starts, tasks and
// observables.
type Problem struct {
	Process         operators.Process // Itô
	Axes            []AxisSpec
	Killing         func(k []float64, x [][]float64, t float64) // nil: none
	Unsteady        bool                                        // coefficients depend on t
	Period          float64                                     // of coefficients that recur in t; 0: not known
	Initial         *Initial
	Stationary      *StationaryTask
	Evolve          *EvolveTask
	Quasistationary *QuasistationaryTask
	Validate        *ValidateTask
	Learning        *LearningTask
	Influence       *InfluenceTask
	Compare         *CompareTask
	Observables     []Observable
	LearningRate    float64         // time per step of an optimiser, 0 if the process is none
	Chain           *Chain          // the optimiser's own steps; nil: the process
	Order           operators.Order // 0: of a generator, 2
	Nonnegative     bool            // laws of a higher order are made so where they are not
	WithoutErrors   bool            // errors of figures are not estimated
	Workers         int             // 0: as many as the machine grants
	Accuracy        float64         // wanted error of every figure, over its size or its standard deviation; 0: none
	MemoryLimit     float64         // bytes; 0: 80 % of the memory available
	TimeLimit       float64         // seconds that the search for an accuracy may take; 0: ten minutes

	file       string
	equation   *equation // nil where data make the process
	coupled    [][]int   // groups of axes that noise couples
	reversible operators.Reversible
	landscape  *sgd.Examples // nil unless an optimiser
	test       []Observable  // loss that the optimiser does not see
	energy     *sgd.Examples // the loss or potential of [learning]
	descent    *sgd.Descent  // nil unless one on data
	corrected  bool          // the noise of an optimiser is that of sde2+
}

// StationaryTask asks for the stationary law.
type StationaryTask struct {
	Method    string
	Tolerance float64 // L1 on the mesh
	stated    bool    // in the case, and not the run's to choose
}

// EvolveTask asks for the law in time.
type EvolveTask struct {
	Method    string
	Times     []float64
	Tolerance float64 // L1 in time on the mesh, over the run
	stated    bool    // in the case, and not the run's to choose
}

// ValidateTask asks for particles and what they say of the laws. What is 0 or ""
// is chosen.
type ValidateTask struct {
	Particles int
	Step      float64 // of time
	Seed      uint64
	At        []float64 // outputs of [evolve] that are tested
	Level     float64   // over all tests
	Method    string    // of the particles' steps
	Sampling  string    // how an optimiser on data draws its batches, instead of [sgd]'s
}

// Mistaken returns a mistake of the file that the problem stands in.
func (p *Problem) Mistaken(key, found, expected, hint string) *Mistake {
	return &Mistake{File: p.file, Key: key, Found: found, Expected: expected, Hint: hint}
}

// Descent returns the optimiser itself, drawing batches as [validate] may say, nil
// unless it has data.
func (p *Problem) Descent() *sgd.Descent { return p.descent }

// LawsOnly leaves out the tasks that start from a law, and those that are about
// another: what is asked on a second mesh or of samples is the law itself.
func (p *Problem) LawsOnly() {
	p.Learning, p.Influence, p.Compare, p.Quasistationary = nil, nil, nil, nil
}

// Open reports whether a range or a number of cells is left to the run.
func (p *Problem) Open() bool { return p.LeftOpen() != "" }

// LeftOpen names the first of these, or is "".
func (p *Problem) LeftOpen() string {
	for _, a := range p.Axes {
		switch {
		case a.open(0) || a.open(1):
			return fmt.Sprintf("the range of axis %q", a.Name)
		case a.Cells == 0:
			return fmt.Sprintf("the number of cells of axis %q", a.Name)
		}
	}
	return ""
}

func (p *Problem) names() []string {
	out := make([]string, len(p.Axes))
	for k, a := range p.Axes {
		out[k] = a.Name
	}
	return out
}

// compile makes the process of a symbolic equation.
func (p *Problem) compile() error {
	eq := p.equation
	process, err := eq.compile()
	if err != nil {
		return err
	}
	p.Process, p.Unsteady = process, eq.usesTime()
	if eq.gibbs != nil {
		if p.reversible, err = eq.compileGibbs(process); err != nil {
			return err
		}
	}
	if eq.killing == nil {
		return nil
	}
	killing, err := compile(eq.axes, eq.killing)
	p.Killing = func(k []float64, x [][]float64, t float64) { killing.eval([][]float64{k}, x, t) }
	return err
}

// Terms returns the mechanisms that move the mass. This is the only place that
// chooses them.
func (p *Problem) Terms() []operators.Term {
	var terms []operators.Term
	if p.reversible != nil {
		terms = append(terms, operators.Isothermal{Process: p.reversible})
	} else if single := p.single(); len(single) > 0 {
		terms = append(terms, operators.Transport{Process: p.Process, Axes: single})
	}
	for _, axes := range p.coupled {
		if p.Order != 0 && (len(axes) > 2 || p.uneven(axes)) { // wide jumps fill an elimination, and leave out corners
			terms = append(terms, operators.Uncoupled{Process: p.Process, Axes: axes})
		} else {
			terms = append(terms, operators.Coupled{Process: p.Process, Axes: axes})
		}
	}
	if p.Killing != nil {
		terms = append(terms, operators.Killing{Rate: p.Killing})
	}
	return terms
}

// uneven reports whether one of the axes has unequal cells.
func (p *Problem) uneven(axes []int) bool {
	return slices.ContainsFunc(axes, func(k int) bool { return p.Axes[k].Spaced != "uniform" && p.Axes[k].Spaced != "" })
}

// single returns the axes that noise does not couple.
func (p *Problem) single() (axes []int) {
	for k := range p.Axes {
		if !p.couples(k) {
			axes = append(axes, k)
		}
	}
	return axes
}

// couples reports whether noise couples an axis to others.
func (p *Problem) couples(k int) bool {
	return slices.ContainsFunc(p.coupled, func(g []int) bool { return slices.Contains(g, k) })
}

// wind takes points around periodic axes into the range.
func (p *Problem) wind(x [][]float64) {
	for k, a := range p.Axes {
		if a.Ends[0] != grid.Periodic {
			continue
		}
		for i, v := range x[k] {
			x[k][i] = v - (a.Hi-a.Lo)*math.Floor((v-a.Lo)/(a.Hi-a.Lo))
		}
	}
}

// Generator assembles the rates on a grid at time 0.
func (p *Problem) Generator(g *grid.Grid, workers int) (operators.Generator, error) {
	block, err := operators.Build(g, 0, workers, p.Terms()...)
	var known *operators.PointError
	if err != nil && !errors.As(err, &known) {
		return nil, &Mistake{File: p.file, Key: "process", Found: trimmed(err, "operators: ").Error()}
	}
	if err != nil {
		return nil, p.explain(err)
	}
	if p.Order != 0 {
		return p.highOrder(block)
	}
	if p.Unsteady {
		return operators.Driven{Block: block}, nil
	}
	return block, nil
}

// named writes a point by its coordinates: x = 1, y = 2.
func (p *Problem) named(point []float64) string {
	at := make([]string, len(point))
	for k, x := range point {
		at[k] = fmt.Sprintf("%s = %.6g", p.Axes[k].Name, x)
	}
	return strings.Join(at, ", ")
}

// explain names the expression behind a coefficient without a usable value.
func (p *Problem) explain(err error) error {
	var bad *operators.PointError
	if !errors.As(err, &bad) {
		return err
	}
	source := shortened(p.source(bad))
	if source != "" {
		source = " = " + source
	}
	m := &Mistake{
		File:     p.file,
		Found:    fmt.Sprintf("%s%s is %v at %s", bad.Quantity, source, bad.Value, p.named(bad.Point)),
		Expected: bad.Wanted,
		Hint:     "the box and its cells decide at which points coefficients are needed",
	}
	m.Key, m.Line = p.place(bad)
	if bad.Quantity == "step" {
		m.Key, m.Line, m.Hint = "sgd.learning_rate", 0, "a smaller learning rate"
	}
	if p.corrected && bad.Quantity == "diffusion" && bad.Value < 0 {
		m.Key, m.Hint = "sgd.equation", `the corrections to noise of "sde2+" are not small there: a smaller learning rate or a smaller box; noise that leaves out directions needs equation = "sde1" or model = "chain" at any rate`
	}
	return m
}

// source returns the expression of a coefficient, "" where data make it.
func (p *Problem) source(bad *operators.PointError) string {
	eq := p.equation
	if eq == nil {
		return ""
	}
	switch bad.Quantity {
	case "drift":
		return eq.drift[bad.Axis].String()
	case "diffusion":
		return eq.diffusion[bad.Axis][bad.Axis].String()
	case "killing":
		return eq.killing.String()
	case "potential":
		return eq.gibbs.potential.String()
	case "mobility":
		return eq.gibbs.mobility[bad.Axis].String()
	case "force":
		return eq.gibbs.force[bad.Axis].String()
	}
	return ""
}

// origins lists the keys a coefficient may come from, the likelier first.
var origins = map[string][]string{
	"drift":     {"loss", "drift", "potential", "noise", "diffusion"},
	"force":     {"drift"},
	"diffusion": {"covariance", "diffusion", "noise"},
}

// place returns the key a coefficient comes from, and its line.
func (p *Problem) place(bad *operators.PointError) (key string, line int) {
	if p.equation == nil {
		return "sgd.loss", 0
	}
	t, names := p.equation.table, origins[bad.Quantity]
	if names == nil {
		names = []string{bad.Quantity}
	}
	for _, name := range names {
		e := t.find(name)
		if e == nil {
			continue
		}
		axis := p.Axes[bad.Axis].Name
		if s, ok := e.value.(*table); ok && s.find(axis) != nil {
			return join(s.path, axis), s.find(axis).line
		}
		return join(t.path, name), e.line
	}
	return t.path, t.line
}

func shortened(s string) string {
	if r := []rune(s); len(r) > 120 {
		return string(r[:117]) + "..."
	}
	return s
}

// MostWorkers that may be asked for: more than cores of any machine, fewer than
// goroutines that stall it.
const MostWorkers = 1024

// workers returns how many goroutines a run may use.
func (p *Problem) workers(asked int) int {
	switch {
	case asked > 0:
		return asked
	case p.Workers > 0:
		return p.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// Grid cuts the axes into cells and closes the named faces that nothing
// crosses.
func (p *Problem) Grid() (*grid.Grid, error) {
	axes, faces := make([]grid.Axis, len(p.Axes)), make([][]int, len(p.Axes))
	for k, a := range p.Axes {
		edges, at, err := a.Spacing.Edges(a.Lo, a.Hi, a.Cells, a.Faces...)
		if err != nil {
			return nil, fmt.Errorf("axis %q: %w", a.Name, err)
		}
		axes[k], faces[k] = grid.Axis{Name: a.Name, Edges: edges, Ends: a.Ends}, at
	}
	g, err := grid.New(axes...)
	if err != nil || p.Chain != nil || !slices.ContainsFunc(faces, func(f []int) bool { return len(f) > 0 }) {
		return g, err // steps of a chain go across what an equation does not cross
	}
	for k := range axes {
		if axes[k].Closed, err = p.closed(g, k, faces[k]); err != nil {
			return nil, err
		}
	}
	return grid.New(axes...)
}

// impassable is how small, against their largest values on the axis, normal
// drift and noise must be all along a face for nothing to cross it: far above
// the rounding of a coefficient that vanishes, far below one that does not.
const impassable = 1e-12

// closed returns the faces of axis k on which normal drift and noise vanish.
func (p *Problem) closed(g *grid.Grid, k int, faces []int) (out []int, err error) {
	if len(faces) == 0 {
		return nil, nil
	}
	for _, t := range p.probes() {
		drift, noise := p.largest(g, k, t, nil)
		keep := []int(nil)
		for _, f := range faces {
			b, d := p.largest(g, k, t, &f)
			if math.IsNaN(b) || math.IsNaN(d) {
				return nil, p.undecided(k, g.Axis(k).Edges[f])
			}
			if b <= impassable*drift && d <= impassable*noise {
				keep = append(keep, f)
			}
		}
		faces = keep
	}
	return faces, nil
}

// undecided is the error of a face along which drift or noise is not a number.
func (p *Problem) undecided(k int, at float64) error {
	return &Mistake{
		File: p.file, Key: "axis.faces", Found: fmt.Sprintf("drift or diffusion along %s is not a number at the face %s = %v", p.Axes[k].Name, p.Axes[k].Name, at),
		Expected: "numbers there, which decide whether anything crosses it", Hint: "a factor that cancels, as in x^2/x, has to be cancelled",
	}
}

// probes are the times at which a face must be impassable.
func (p *Problem) probes() []float64 {
	if !p.Unsteady || p.Evolve == nil {
		return []float64{0}
	}
	end := p.Evolve.Times[len(p.Evolve.Times)-1]
	return []float64{0, 0.1234567 * end, 0.567891 * end, end} // no simple fractions of a period
}

// largest returns the largest |b| and D along axis k over all cells, or over
// one of its faces.
func (p *Problem) largest(g *grid.Grid, k int, t float64, face *int) (drift, noise float64) {
	dim, all := g.Dim(), grid.Range{Hi: g.Size()}
	const chunk = 1024
	x, b, d := operators.Columns(dim, chunk), operators.Columns(dim, chunk), operators.Columns(dim*dim, chunk)
	_ = all.Chunks(chunk, func(r grid.Range) error {
		x, b, d := head(x, r.Len()), head(b, r.Len()), head(d, r.Len())
		g.Points(x, r)
		if face != nil {
			for i := range x[k] {
				x[k][i] = g.Axis(k).Edges[*face]
			}
		}
		p.Process.Drift(b, x, t)
		p.Process.(operators.Diffusive).Diffusion(d, x, t)
		for i := range x[k] {
			drift, noise = max(drift, math.Abs(b[k][i])), max(noise, d[k*dim+k][i])
		}
		return nil
	})
	return drift, noise
}

func head(columns [][]float64, n int) [][]float64 {
	out := make([][]float64, len(columns))
	for k := range out {
		out[k] = columns[k][:n]
	}
	return out
}
