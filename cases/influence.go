package cases

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"fokker/cases/rundir"
	"fokker/cases/sgd"
	"fokker/grid"
	"fokker/operators"
	"fokker/solvers"
)

// InfluenceTask asks how expectations change with the weight of every example.
type InfluenceTask struct {
	Of []string // figures; nil: all there are
}

// InfluenceResult is that of the stationary law.
type InfluenceResult struct {
	Rows    int                    `json:"rows"`
	Weights []float64              `json:"weights"`
	Of      map[string]InfluenceOf `json:"of"`
	Seconds float64                `json:"seconds"`

	order []string // of the figures, as asked for
}

// InfluenceOf is how one figure changes.
type InfluenceOf struct {
	Value      float64   `json:"value"`
	Derivative []float64 `json:"derivative"` // by the weight of each example
	Removal    []float64 `json:"removal"`    // change foreseen where it is taken away
	Most       []int     `json:"most"`       // examples whose removal changes it most, from 1
}

// mostInfluential is how many examples are listed.
const mostInfluential = 10

// influence does the task: with −Qu = φ − E φ, E φ changes with the weight wᵢ by
// Σ m (∂Q/∂wᵢ)u, rows of Q changing through b and D at their centres, and by what φ
// itself does. Taking an example away is a step of −wᵢ/(W − wᵢ) along the line from the
// data to it, on which its weight's derivative is 1/W of the slope.
func (r *run) influence() error {
	task, s := r.problem.Influence, r.result.Stationary
	if task == nil || s == nil {
		return nil
	}
	begin := time.Now()
	r.options.Progress("influence", 0)
	targets, err := r.targets(task, s)
	if err != nil {
		return err
	}
	if err := r.adjoints(targets); err != nil {
		return err
	}
	r.options.Progress("influence", 0.3)
	if err := r.contract(targets, s.Masses); err != nil {
		return err
	}
	r.result.Influence = r.influences(targets)
	r.result.Influence.Seconds = time.Since(begin).Seconds()
	return nil
}

// target is a figure E φ of a law.
type target struct {
	name       string
	phi        []float64
	value      float64
	own        bool // φ is the loss, which changes with the weights
	adjoint    []float64
	slopes     slopes
	derivative []float64
}

// targets finds the figures asked for.
func (r *run) targets(task *InfluenceTask, s *StationaryResult) (out []*target, err error) {
	names := task.Of
	if names == nil {
		names = r.problem.influenced()
	}
	for _, name := range names {
		t := &target{name: name, own: name == "loss", derivative: make([]float64, r.problem.descent.Data.Len())}
		kind, rest, _ := strings.Cut(name, ".")
		switch kind {
		case "mean":
			t.value, t.phi = s.Mean[rest], r.about(rest, 0)
		case "covariance":
			k, l := axisPair(rest, r.problem.names())
			x, y := r.problem.Axes[k].Name, r.problem.Axes[l].Name
			t.value, t.phi = s.Covariance[rest], r.about(x, s.Mean[x])
			for i, v := range r.about(y, s.Mean[y]) {
				t.phi[i] *= v
			}
		default:
			i := slices.IndexFunc(r.figures.observed, func(o Observable) bool { return o.Name == name })
			t.value = s.Observables[name]
			if t.phi, err = r.figures.on(i, 0); err != nil {
				return nil, err
			}
		}
		out = append(out, t)
	}
	return out, nil
}

// influenced lists the figures whose influences are known: observables, the case's own
// first, but those that are more of the loss than its mean; means and covariances.
func (p *Problem) influenced() (names []string) {
	for _, own := range []bool{true, false} {
		for _, o := range p.Observables {
			if (o.node != nil) == own && o.Name != "gradient_norm" && o.Name != "sharpness" {
				names = append(names, o.Name)
			}
		}
	}
	axes := p.names()
	for _, x := range axes {
		names = append(names, "mean."+x)
	}
	for k, x := range axes {
		for _, y := range axes[k:] {
			names = append(names, "covariance."+x+","+y)
		}
	}
	return names
}

// about returns an axis' coordinate of every cell, less a number.
func (r *run) about(axis string, less float64) []float64 {
	k, out := indexOf(r.problem.names(), axis), make([]float64, r.grid.Size())
	for i := range out {
		out[i] = r.grid.Centers(k)[r.grid.Along(k, i)] - less
	}
	return out
}

// adjoints solves for u of every target, and for the change of Qu with b and D.
func (r *run) adjoints(targets []*target) error {
	p, err := solvers.NewPoisson(r.generator, r.seen.law, r.settings("influence", "", 0))
	if err != nil {
		return err
	}
	var functions [][]float64
	for _, t := range targets {
		t.adjoint = make([]float64, r.grid.Size())
		p.Solve(t.adjoint, t.phi)
		functions = append(functions, t.adjoint)
	}
	all, err := r.problem.slopes(r.grid, r.generator, r.workers, functions)
	for i := range all {
		targets[i].slopes = all[i]
	}
	return err
}

// contract sums over the cells what b, D and φ of every example change. Every sum runs
// in the order of the cells.
func (r *run) contract(targets []*target, law []float64) error {
	examples := r.problem.descent.Examples
	n, x := examples.Data.Len(), operators.Columns(r.grid.Dim(), 1024)
	all := grid.Range{Hi: r.grid.Size()}
	return all.Chunks(1024, func(cells grid.Range) error {
		x := head(x, cells.Len())
		r.grid.Points(x, cells)
		w := examples.ByWeight(x)
		grid.Range{Hi: n}.Each(r.workers, func(some grid.Range) {
			c := w.NewChange()
			for j := some.Lo; j < some.Hi; j++ {
				w.Example(c, j)
				for _, t := range targets {
					t.derivative[j] += t.change(c, law, cells)
				}
			}
		})
		r.options.Progress("influence", 0.3+0.7*float64(cells.Hi)/float64(all.Hi))
		return r.ctx.Err()
	})
}

// change is what some cells do to the figure.
func (t *target) change(c *sgd.Change, law []float64, cells grid.Range) (sum float64) {
	dim := len(c.B)
	for i := range cells.Len() {
		cell := cells.Lo + i
		row := 0.0
		for k := range dim {
			row += t.slopes.b[k][cell] * c.B[k][i]
			for l := range k + 1 {
				row += t.slopes.d[pairOf(k, l)][cell] * c.D[k*dim+l][i]
			}
		}
		if t.own {
			row += c.Loss[i]
		}
		sum += law[cell] * row
	}
	return sum
}

// influences makes the result.
func (r *run) influences(targets []*target) *InfluenceResult {
	data := r.problem.descent.Data
	total, n := data.Total(), data.Len()
	out := &InfluenceResult{Rows: n, Weights: make([]float64, n), Of: map[string]InfluenceOf{}}
	for i := range n {
		out.Weights[i] = data.Weight(i)
	}
	for _, t := range targets {
		one := InfluenceOf{Value: t.value, Derivative: t.derivative, Removal: make([]float64, n)}
		rows := make([]int, n)
		for i, w := range out.Weights {
			rows[i] = i + 1
			one.Removal[i] = -w * total / (total - w) * t.derivative[i]
		}
		slices.SortStableFunc(rows, func(a, b int) int {
			return cmp.Compare(math.Abs(one.Removal[b-1]), math.Abs(one.Removal[a-1]))
		})
		one.Most = rows[:min(mostInfluential, n)]
		out.Of[t.name], out.order = one, append(out.order, t.name)
	}
	return out
}

// Order lists the figures as they were asked for.
func (i *InfluenceResult) Order() []string { return i.order }

// table writes influence.csv: the examples with what they change.
func (i *InfluenceResult) table(data *sgd.Data) []byte {
	var b bytes.Buffer
	head := append([]string{"row"}, data.Columns...)
	head = append(head, "weight")
	for _, name := range i.order {
		head = append(head, quotedField("d "+name), quotedField("removal "+name))
	}
	fmt.Fprintln(&b, strings.Join(head, ","))
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	for row := range i.Rows {
		line := []string{strconv.Itoa(row + 1)}
		for c := range data.Columns {
			line = append(line, number(data.Values[c][row]))
		}
		line = append(line, number(i.Weights[row]))
		for _, name := range i.order {
			line = append(line, number(i.Of[name].Derivative[row]), number(i.Of[name].Removal[row]))
		}
		fmt.Fprintln(&b, strings.Join(line, ","))
	}
	return b.Bytes()
}

// quotedField is a field of a CSV file.
func quotedField(s string) string {
	if strings.ContainsAny(s, `",`) {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

// influencePicture is the table and what is drawn of it.
func (r *Result) influencePicture() *rundir.Influence {
	i := r.Influence
	if i == nil {
		return nil
	}
	out := &rundir.Influence{Table: i.table(r.of.Data)}
	for _, name := range i.order {
		out.Names, out.Removal = append(out.Names, name), append(out.Removal, i.Of[name].Removal)
	}
	return out
}

func (p *Problem) describeInfluence() string {
	of := p.Influence.Of
	if of == nil {
		of = p.influenced()
	}
	return fmt.Sprintf("of the weights of %d examples on %s", p.descent.Data.Len(), strings.Join(of, "; "))
}

// readInfluence reads [influence].
func (r *reader) readInfluence(file *table, p *Problem) {
	t := r.sub(file, "influence")
	if t == nil {
		return
	}
	before := len(r.mistakes)
	switch {
	case p.descent == nil && before == 0:
		r.fail(t.line, "influence", "found without examples", "`data` in [sgd]", "it asks what every row of the data does")
	case p.descent != nil && p.descent.Data.Len() < 2:
		r.fail(t.line, "influence", "found for a single example", "two at least", "")
	case p.Stationary == nil && before == 0:
		r.fail(t.line, "influence", "found without [stationary], whose law it is about", "[stationary]", "")
	case p.Chain != nil:
		r.fail(t.line, "influence", `found with model = "chain"`, `model = "diffusion", whose rates it is about`, "")
	case p.descent != nil && p.descent.Data.Random != nil:
		r.fail(t.line, "influence", "found for random examples, which have no rows", "`data`, the name of a CSV file", "")
	}
	if len(r.mistakes) > before || p.descent == nil {
		return
	}
	p.Influence = &InfluenceTask{}
	e := t.find("of")
	if e == nil {
		return
	}
	if name, ok := e.value.(string); ok {
		p.Influence.Of = []string{name}
	} else {
		p.Influence.Of = r.texts(t, "of")
	}
	r.checkInfluenced(e, p)
}

func (r *reader) checkInfluenced(e *entry, p *Problem) {
	known := p.influenced()
	for i, name := range p.Influence.Of {
		if kind, rest, _ := strings.Cut(name, "."); kind == "covariance" { // in any order, with blanks
			if k, l := axisPair(rest, p.names()); k >= 0 && l >= 0 {
				k, l = min(k, l), max(k, l)
				name = fmt.Sprintf("covariance.%s,%s", p.Axes[k].Name, p.Axes[l].Name)
				p.Influence.Of[i] = name
			}
		}
		if !slices.Contains(known, name) {
			r.fail(e.line, "influence.of", fmt.Sprintf("found %q", name), "one of "+strings.Join(known, ", "), didYouMean(name, known))
		}
	}
	if len(p.Influence.Of) == 0 {
		r.fail(e.line, "influence.of", "found an empty list", "names of figures", "left out, it is all of them")
	}
}
