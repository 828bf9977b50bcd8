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
	Of  []string // figures; nil: all there are
	Law string   // "stationary", or "evolve" for the last one
}

// InfluenceResult is that of a law.
type InfluenceResult struct {
	Law     string                 `json:"law"` // "stationary" or "evolve"
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
	Error      float64   `json:"error"`      // of the last law: what the run back in time misses of the value
	Most       []int     `json:"most"`       // examples whose removal changes it most, from 1
}

// mostInfluential is how many examples are listed.
const mostInfluential = 10

// influence does the task. Where rates change by P, the figure E φ of the stationary law
// changes by Σ m (Pu), −Qu = φ − E φ, that of the law at a time T by ∫ Σ m(t) (Pu(T − t)) dt
// with u(s) = e^(Qs)φ; rows of P come of b and D at their centres. Taking an example away
// is a step of −wᵢ/(W − wᵢ) along the line from the data to it, on which its weight's
// derivative is 1/W of the slope.
func (r *run) influence() error {
	task := r.problem.Influence
	if task == nil || r.result.Stationary == nil && task.Law == "stationary" {
		return nil
	}
	begin := time.Now()
	r.options.Progress("influence", 0)
	law, f := r.influencedLaw()
	targets, err := r.targets(task, f)
	if err != nil {
		return err
	}
	adjoint := r.stationaryAdjoints
	if task.Law == "evolve" {
		adjoint = r.finalAdjoints
	}
	if err := adjoint(targets); err != nil {
		return err
	}
	if err := r.contract(targets, law); err != nil {
		return err
	}
	r.result.Influence = r.influences(targets)
	r.result.Influence.Law = task.Law
	r.result.Influence.Seconds = time.Since(begin).Seconds()
	r.warnForeseen()
	return nil
}

// warnForeseen warns of removals that are foreseen to leave what no law has, a probability
// below 0 or above 1, or a variance below 0: such changes are beyond first order.
func (r *run) warnForeseen() {
	in := r.result.Influence
	for _, name := range in.order {
		x, y, two := strings.Cut(strings.TrimPrefix(name, "covariance."), ",")
		most := math.Inf(1)
		if r.figures.inequality("observables." + name) {
			most = 1
		} else if !two || x != y {
			continue
		}
		one, rows := in.Of[name], []int(nil)
		for i, change := range one.Removal {
			if v := one.Value + change; v < -rounding || v > most+rounding {
				rows = append(rows, i+1)
			}
		}
		if len(rows) == 0 {
			continue
		}
		row := slices.MaxFunc(rows, func(a, b int) int {
			return cmp.Compare(math.Abs(one.Removal[a-1]), math.Abs(one.Removal[b-1]))
		})
		alike := ""
		if n := len(rows) - 1; n > 0 {
			alike = fmt.Sprintf(", as it is without %d others", n)
		}
		r.warn("influence: without row %d of the data %s is foreseen to be %.2g instead of %.2g, beyond what any law has%s: the change is too large for first order, and a run in which `weights` are 0 in that row has it",
			row, name, one.Value+one.Removal[row-1], one.Value, alike)
	}
}

// influencedLaw returns the law asked about and its figures.
func (r *run) influencedLaw() ([]float64, Figures) {
	if r.problem.Influence.Law == "stationary" {
		return r.result.Stationary.Masses, r.result.Stationary.Figures
	}
	last := len(r.seen.evolve) - 1
	return r.result.Evolve.Masses[last], r.seen.evolve[last]
}

// target is a figure E φ of a law.
type target struct {
	name       string
	phi        []float64
	value      float64
	own        bool // φ is the loss, which changes with the weights
	slopes     slopes
	error      float64
	derivative []float64
}

// targets finds the figures asked for.
func (r *run) targets(task *InfluenceTask, s Figures) (out []*target, err error) {
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

// stationaryAdjoints solves Poisson's equation for every target.
func (r *run) stationaryAdjoints(targets []*target) error {
	p, err := solvers.NewPoisson(r.generator, r.seen.law, r.settings("influence", "", 0))
	if err != nil {
		return err
	}
	u := make([]float64, r.grid.Size())
	for i, t := range targets {
		p.Solve(u, t.phi)
		if t.slopes, err = r.problem.slopes(r.grid, r.generator, r.workers, pairing{r.seen.law.Mass, u, 1}); err != nil {
			return err
		}
		r.options.Progress("influence", float64(i+1)/float64(len(targets))/2)
	}
	return nil
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
		r.options.Progress("influence", 0.5+0.5*float64(cells.Hi)/float64(all.Hi))
		return r.ctx.Err()
	})
}

// change is what some cells do to the figure.
func (t *target) change(c *sgd.Change, law []float64, cells grid.Range) (sum float64) {
	dim := len(c.B)
	for i := range cells.Len() {
		cell := cells.Lo + i
		for k := range dim {
			sum += t.slopes.b[k][cell] * c.B[k][i]
			for l := range k + 1 {
				sum += t.slopes.d[pairOf(k, l)][cell] * c.D[k*dim+l][i]
			}
		}
		if t.own {
			sum += law[cell] * c.Loss[i]
		}
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
		one := InfluenceOf{Value: t.value, Derivative: t.derivative, Removal: make([]float64, n), Error: t.error}
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
	law := map[string]string{"stationary": "the stationary law", "evolve": "the last law"}[p.Influence.Law]
	return fmt.Sprintf("of the weights of %d examples on %s of %s", p.descent.Data.Len(), strings.Join(of, "; "), law)
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
	case p.Stationary == nil && p.Evolve == nil && before == 0:
		r.fail(t.line, "influence", "found without [stationary] and [evolve], whose laws it is about", "one of them", "")
	case p.Evolve != nil && p.loses():
		r.fail(t.line, "influence", "found for a law that loses mass", "walls that reflect", "")
	case p.Chain != nil:
		r.fail(t.line, "influence", `found with model = "chain"`, `model = "diffusion"`, "it is a derivative by the rates of the equation; [compare] says how far that is from the chain")
	case p.descent != nil && p.descent.Data.Random != nil:
		r.fail(t.line, "influence", "found for random examples, which have no rows", "`data`, the name of a CSV file", "")
	}
	if len(r.mistakes) > before || p.descent == nil {
		return
	}
	r.readInfluenced(t, p)
}

// readInfluenced reads which law and which figures.
func (r *reader) readInfluenced(t *table, p *Problem) {
	p.Influence = &InfluenceTask{Law: "stationary"}
	if p.Stationary == nil {
		p.Influence.Law = "evolve"
	}
	p.Influence.Law = r.choice(t, "law", p.Influence.Law, "stationary", "evolve")
	if e := t.find("law"); e != nil && (p.Influence.Law == "stationary" && p.Stationary == nil || p.Influence.Law == "evolve" && p.Evolve == nil) {
		r.fail(e.line, "influence.law", fmt.Sprintf("found %q without [%s]", p.Influence.Law, p.Influence.Law), "a law that is asked for", "")
	}
	e := t.find("of")
	if e == nil {
		return
	}
	before := len(r.mistakes)
	if name, ok := e.value.(string); ok {
		p.Influence.Of = []string{name}
	} else {
		p.Influence.Of = r.texts(t, "of")
	}
	if len(r.mistakes) == before {
		r.checkInfluenced(e, p)
	}
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
