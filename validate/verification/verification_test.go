// Package verification holds the program against laws that are known: closed
// forms, and laws that were chosen first and a process made to have them (the
// method of exact and of manufactured solutions, Roache 1998). Every scheme,
// boundary and kind of process is solved on a ladder of meshes; the errors must
// fall with the order of theory, or the problem says why they do not.
//
// The tests are the coarser meshes of all ladders; with FOKKER_VERIFICATION set to
// a directory the whole ladders are solved and verification.md is written there.
package verification

import (
	"cmp"
	"context"
	"math"
	"os"
	"slices"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"

	"fokker/cases"
	"fokker/grid"
)

// problem is a process with a known law.
type problem struct {
	kind   string // calculus, noise
	scheme string
	walls  string
	name   string
	text   string // the case; the ladder sets its cells and what is asked
	cells  []int  // along every axis, from mesh to mesh
	quick  int    // how many of the meshes are solved in the test; 0 is 2
	at     float64
	method string // of evolve; "" is its own choice

	tolerance float64 // far below the error of the finest mesh
	pair      bool    // solved by elimination and by multigrid as well

	density func(x []float64, t float64) float64 // up to a factor
	mass    func(t float64) float64              // not yet lost; nil: 1
	figure  string                               // one of figures

	order float64 // of theory, from source
	from  string
	judge yardstick
	note  string
}

// yardstick is what must have the order of theory.
type yardstick int

const (
	byLaw    yardstick = iota // the law, from the finest mesh but one to the finest
	byLadder                  // the law, from the coarsest to the finest
	byFigure                  // the figure, from the coarsest to the finest
)

// figures are expectations whose exact values are integrated like the masses.
var figures = map[string]func(x []float64) float64{
	"x":              func(x []float64) float64 { return x[0] },
	"x^2":            func(x []float64) float64 { return x[0] * x[0] },
	"log(x)":         func(x []float64) float64 { return math.Log(x[0]) },
	"x*y":            func(x []float64) float64 { return x[0] * x[1] },
	"sin(x)":         func(x []float64) float64 { return math.Sin(x[0]) },
	"cos(x)":         func(x []float64) float64 { return math.Cos(x[0]) },
	"sin(x + y)":     func(x []float64) float64 { return math.Sin(x[0] + x[1]) },
	"sin(x + y + z)": func(x []float64) float64 { return math.Sin(x[0] + x[1] + x[2]) },
	"cos(x + y + z)": func(x []float64) float64 { return math.Cos(x[0] + x[1] + x[2]) },
	"cos(x + y)":     func(x []float64) float64 { return math.Cos(x[0] + x[1]) },
}

// measured is what one mesh says of a problem.
type measured struct {
	law    float64 // L1 distance of the masses from those of the exact law
	figure float64 // distance of the figure from its exact value
	method string
	least  float64 // mass of a cell
}

// outcome is a problem on its ladder.
type outcome struct {
	*problem
	on []measured
}

// slack is how far below theory an observed order may lie: the next power of h
// adds as much on meshes like these.
const slack = 0.2

// exact is an error that is rounding, or what solvers leave open.
const exact = 2e-10

// solve solves the problem on its first meshes.
func (p *problem) solve(t *testing.T, meshes int) *outcome {
	t.Helper()
	out := &outcome{problem: p}
	for _, n := range p.cells[:meshes] {
		out.on = append(out.on, p.on(t, n))
	}
	return out
}

// run runs the case on n cells along every axis; task is more of its last table.
func (p *problem) run(t *testing.T, n int, task string) *cases.Result {
	t.Helper()
	table := "\n[stationary]\n"
	if p.at > 0 {
		table = "\n[evolve]\ntimes = [" + literal(p.at) + "]\n"
	}
	text := p.text + table + task + "[observables]\nfigure = '" + p.figure + "'\n"
	c, err := cases.Parse(p.name, []byte(text), nil, "--cells "+literal(n))
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Run(context.Background(), cases.Options{})
	if err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	return r
}

func (p *problem) on(t *testing.T, n int) measured {
	t.Helper()
	task := "tolerance = " + literal(p.tolerance) + "\n"
	if p.method != "" {
		task += "method = '" + p.method + "'\n"
	}
	r := p.run(t, n, task)
	var law []float64
	var figure float64
	var out measured
	if e := r.Evolve; e != nil {
		law, figure, out.method, out.least = e.Masses[0], e.Observables["figure"][0], e.Method, e.Min[0]
	} else {
		s := r.Stationary
		law, figure, out.method, out.least = s.Masses, s.Observables["figure"], s.Method, s.Min
	}
	want, value := p.masses(r.Grid)
	out.law, out.figure = distance(law, want), math.Abs(figure-value)
	return out
}

// masses integrates the density, and the figure with it, over cells by
// Gauss–Legendre points, and scales them to the mass that is left.
func (p *problem) masses(g *grid.Grid) (want []float64, figure float64) {
	points := []int{0, 8, 5, 3, 2}[g.Dim()] // of an order far above that of any scheme
	z, w := make([]float64, points), make([]float64, points)
	quad.Legendre{}.FixedLocations(z, w, -1, 1)
	want = make([]float64, g.Size())
	at, x, phi := make([]int, g.Dim()), make([]float64, g.Dim()), figures[p.figure]
	total := 0.
	for cell := range want {
		g.Locate(at, cell)
		for j := range int(math.Pow(float64(points), float64(g.Dim()))) {
			weight := 1.
			for k := range x {
				half := g.Widths(k)[at[k]] / 2
				x[k] = g.Centers(k)[at[k]] + z[j%points]*half
				weight *= w[j%points] * half
				j /= points
			}
			v := weight * p.density(x, p.at)
			want[cell] += v
			figure += v * phi(x)
		}
		total += want[cell]
	}
	scale := 1 / total
	if p.mass != nil {
		scale *= p.mass(p.at)
	}
	for i := range want {
		want[i] *= scale
	}
	return want, figure * scale
}

// orders between meshes: log(e/e′)/log(n′/n).
func (o *outcome) orders(of func(measured) float64) (out []float64) {
	for i := range o.on[1:] {
		ratio := float64(o.cells[i+1]) / float64(o.cells[i])
		out = append(out, math.Log(of(o.on[i])/of(o.on[i+1]))/math.Log(ratio))
	}
	return out
}

func law(m measured) float64    { return m.law }
func figure(m measured) float64 { return m.figure }

// expected is the least order that must be observed: on coarse meshes the next power
// of h adds more.
func (p *problem) expected() float64 {
	if directory == "" {
		return p.order - 2*slack
	}
	return p.order - slack
}

// finest returns the last observed order and error.
func (o *outcome) finest(of func(measured) float64) (order, err float64) {
	orders := o.orders(of)
	return orders[len(orders)-1], of(o.on[len(o.on)-1])
}

// overall returns the order from the coarsest mesh to the finest, and the last error.
func (o *outcome) overall(of func(measured) float64) (order, err float64) {
	last := len(o.on) - 1
	ratio := float64(o.cells[last]) / float64(o.cells[0])
	return math.Log(of(o.on[0])/of(o.on[last])) / math.Log(ratio), of(o.on[last])
}

// observed returns the order, and the error, that are held against theory.
func (o *outcome) observed() (order, err float64) {
	switch o.judge {
	case byLadder:
		return o.overall(law)
	case byFigure:
		return o.overall(figure)
	}
	return o.finest(law)
}

// passes reports whether the order is that of theory.
func (o *outcome) passes() bool {
	order, err := o.observed()
	return order >= o.expected() || err < exact
}

// directory is where the page goes; "" outside of `make verification`.
var directory = os.Getenv("FOKKER_VERIFICATION")

// The laws are reached with the orders of theory, errors in time are those reported,
// and solvers agree. What is found is the page, if that is asked for.
func TestKnownLawsAreReachedWithTheirOrders(t *testing.T) {
	r := &report{sections: sections(), stepping: steppings()}
	for _, s := range r.sections {
		r.outcomes = append(r.outcomes, s.solve(t))
	}
	for i := range r.stepping {
		s := &r.stepping[i]
		t.Run("steps in time/"+s.method+"/"+s.problem, func(t *testing.T) {
			s.run(t)
			s.check(t)
		})
	}
	for _, s := range r.sections {
		for i := range s.problems {
			if p := &s.problems[i]; p.pair {
				t.Run("solvers/"+p.name, func(t *testing.T) { r.settled = append(r.settled, settle(t, p, pairs(p))) })
			}
		}
	}
	t.Run("methods and equations", func(t *testing.T) { r.takes = methodsTake(t) })
	for _, no := range refusals() {
		no.ask(t)
		r.refused = append(r.refused, no)
	}
	if directory == "" {
		return
	}
	if solved, rows := r.solved(); solved < rows {
		t.Logf("verification.md is not written: it needs all of its %d rows, and %d were solved", rows, solved)
		return
	}
	if err := r.write(directory); err != nil {
		t.Error(err)
	}
}

// A page of a few rows would panic on the others, or replace a whole one.
func TestPageNeedsAllRows(t *testing.T) {
	r := &report{sections: sections(), stepping: steppings()}
	for _, s := range r.sections {
		outcomes := make([]*outcome, len(s.problems))
		r.outcomes, r.settled = append(r.outcomes, outcomes), append(r.settled, make([]settled, s.paired())...)
	}
	for i := range r.stepping {
		r.stepping[i].truth = make([]float64, len(tolerances))
	}
	r.takes = make([]takes, len(kinds()))
	if solved, rows := r.solved(); solved != rows {
		t.Fatalf("%d rows of %d are solved, want all", solved, rows)
	}
	r.outcomes[0], r.stepping[0].truth, r.takes = r.outcomes[0][1:], nil, nil
	if solved, rows := r.solved(); solved != rows-2-len(kinds()) {
		t.Errorf("%d rows of %d are solved, want %d fewer", solved, rows, 2+len(kinds()))
	}
}

// solve solves the problems of a section and checks their orders.
func (s section) solve(t *testing.T) (out []*outcome) {
	for i := range s.problems {
		p := &s.problems[i]
		t.Run(s.title+"/"+p.scheme+"/"+p.walls+"/"+p.name, func(t *testing.T) {
			if directory == "" && p.quick == whole {
				t.Skip("its order shows on the finest meshes alone, which make verification solves")
			}
			o := p.solve(t, p.meshes())
			out = append(out, o)
			t.Logf("%v: L1 %.3g, orders %.2f; %s %.3g, orders %.2f", o.cells[:len(o.on)], o.errors(law), o.orders(law), p.figure, o.errors(figure), o.orders(figure))
			if order, err := o.observed(); !o.passes() {
				t.Errorf("order %.2f to an error of %.2g, want %.2f", order, err, o.expected())
			}
			if worst := slices.MinFunc(o.on, func(a, b measured) int { return cmp.Compare(a.least, b.least) }); worst.least < 0 && p.scheme != fourth && p.scheme != spectral {
				t.Errorf("a mass of %.2g by %s", worst.least, worst.method)
			}
		})
	}
	return out
}

// whole is the quick of ladders of which a part does not tell.
const whole = -1

func (p *problem) meshes() int {
	switch {
	case directory != "":
		return len(p.cells)
	case p.quick > 0:
		return p.quick
	}
	return 2
}

// pairs is the mesh on which solvers are compared.
func pairs(p *problem) int {
	if directory != "" {
		return p.cells[len(p.cells)-1]
	}
	return p.cells[0]
}

func (o *outcome) errors(of func(measured) float64) (out []float64) {
	for _, m := range o.on {
		out = append(out, of(m))
	}
	return out
}
