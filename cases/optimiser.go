package cases

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"fokker/cases/expr"
	"fokker/cases/sgd"
)

// optimiser is [sgd] as read.
type optimiser struct {
	table  *table
	axes   []string
	batch  float64
	factor float64 // of the covariance by the way of sampling
	noise  sgd.NoiseKind
}

var noiseKinds = map[string]sgd.NoiseKind{"gradient": sgd.Gradient, "isotropic": sgd.Isotropic, "none": sgd.None}

// readOptimiser reads [sgd] and makes its process.
func (r *reader) readOptimiser(t *table, c *Case) {
	p := c.Problem
	r.chooseModel(t)
	p.LearningRate = r.readLearningRate(t)
	o := &optimiser{table: t, axes: p.names(), batch: float64(r.whole(t, "batch_size", 1, 1))}
	o.noise = noiseKinds[r.choice(t, "noise", "gradient", "gradient", "isotropic", "none")]
	r.required(t, "batch_size", "the number of examples of a step")
	r.fill(t, "sampling", "with replacement")
	r.fill(t, "noise", "gradient")
	data, covariance := t.find("data"), t.find("covariance")
	switch {
	case (data == nil) == (covariance == nil):
		r.fail(t.line, "sgd", "found both or neither of `data` and `covariance`", "one of them", "")
	case data != nil:
		r.readExamples(o, c)
	default:
		r.readPopulation(o, c)
	}
}

// chooseModel refuses what this version has not.
func (r *reader) chooseModel(t *table) {
	for _, key := range []struct{ name, has, other string }{
		{"optimizer", "sgd", "momentum rmsprop adam"},
		{"model", "diffusion", "chain central-flow"},
		{"equation", "sde1", "sde2 sde2+"},
		{"batches", "gaussian", "enumerated"},
	} {
		r.chooseAvailable(t, key.name, key.has, strings.Fields(key.other))
	}
}

func (r *reader) chooseAvailable(t *table, key, has string, other []string) {
	e := t.find(key)
	r.fill(t, key, has)
	if e == nil || e.value == has {
		return
	}
	word, _ := e.value.(string)
	if slices.Contains(other, word) {
		r.fail(e.line, join(t.path, key), fmt.Sprintf("%q is not available in this version", word), fmt.Sprintf("%q", has), "")
		return
	}
	r.fail(e.line, join(t.path, key), describe(e.value), fmt.Sprintf("%q", has), didYouMean(word, append(other, has)))
}

func (r *reader) readLearningRate(t *table) float64 {
	long, short := t.find("learning_rate"), t.find("lr")
	switch {
	case (long == nil) == (short == nil):
		r.fail(t.line, "sgd.learning_rate", "found both or neither of `learning_rate` and `lr`", "one of them", "")
		return 1
	case long != nil:
		return r.positive(t, "learning_rate", 1)
	}
	return r.positive(t, "lr", 1)
}

// samplings are the names of sgd.WithReplacement and so on.
var samplings = []string{"with replacement", "without replacement", "epochs"}

// samplingFactor returns by what the way of drawing a batch multiplies the
// covariance: 1 with replacement, (n − B)/(n − 1) without.
func (r *reader) samplingFactor(o *optimiser, examples int) float64 {
	e := o.table.find("sampling")
	switch r.choice(o.table, "sampling", "with replacement", samplings...) {
	case "epochs":
		r.fail(e.line, "sgd.sampling", `found "epochs", whose memory no equation in the parameters has`, `"with replacement" or "without replacement"`, "sampling in [validate] draws the batches of particles in this way")
	case "without replacement":
		switch {
		case o.table.find("weights") != nil:
			r.fail(e.line, "sgd.sampling", `found "without replacement" beside weights`, `"with replacement"`, "an example is drawn with a probability in proportion to its weight")
		case examples == 0:
			r.fail(e.line, "sgd.sampling", `found "without replacement" for a population`, `"with replacement"`, "a finite number of examples comes from `data`")
		case o.batch > float64(examples):
			r.fail(e.line, "sgd.batch_size", fmt.Sprintf("found %v examples in a batch drawn without replacement", o.batch), fmt.Sprintf("at most the %d there are", examples), "")
		case examples > 1:
			return (float64(examples) - o.batch) / (float64(examples) - 1)
		}
	}
	return 1
}

func (r *reader) readExamples(o *optimiser, c *Case) {
	if c.Data == nil {
		return // a mistake was reported
	}
	o.factor = r.samplingFactor(o, c.Data.Len())
	e := &sgd.Examples{Axes: o.axes, Data: c.Data, Scale: c.Problem.LearningRate / (2 * o.batch) * o.factor, NoiseKind: o.noise}
	e.Loss, e.Regularizer = r.readLoss(o.table, c.Data.Columns)
	if len(r.mistakes) > 0 {
		return
	}
	if err := e.Compile(); err != nil {
		r.failExpression(o.table.line, "sgd.loss", err)
		return
	}
	c.Problem.Process, c.Problem.landscape = e, e
	sampling := slices.Index(samplings, r.text(o.table, "sampling", samplings[0]))
	c.Problem.descent = &sgd.Descent{Examples: e, Rate: c.Problem.LearningRate, Batch: int(o.batch), Sampling: sgd.Sampling(sampling)}
	if len(o.axes) > 1 && o.noise == sgd.Gradient {
		c.Problem.coupled = [][]int{allAxes(len(o.axes))}
		r.checkCoupling(c.Problem, lineOf(o.table, "data"), "sgd.data")
	}
}

// readData reads the examples of [sgd] and makes their columns known to
// expressions.
func (r *reader) readData(t *table, open Open) *sgd.Data {
	e := t.find("data")
	if e == nil {
		for _, key := range []string{"columns", "standardize", "weights"} {
			if other := t.find(key); other != nil {
				r.fail(other.line, join(t.path, key), "found without `data`", "", "it says how to read the columns of a data file")
			}
		}
		return nil
	}
	name, ok := e.value.(string)
	if !ok {
		r.fail(e.line, "sgd.data", describe(e.value), "the name of a CSV file", "random examples are not available in this version")
		return nil
	}
	data := r.loadData(t, e, name, open)
	if data == nil {
		return nil
	}
	r.columns = data.Columns
	for _, column := range data.Columns {
		r.declareColumn(e.line, column)
	}
	if e := t.find("weights"); e != nil {
		column := r.text(t, "weights", "")
		if err := data.Weigh(column); err != nil && r.isText(t, "weights") {
			r.fail(e.line, "sgd.weights", err.Error(), "a column of numbers of at least 0", didYouMean(column, data.Columns))
		}
	}
	for _, column := range r.texts(t, "standardize") {
		if err := data.Standardize(column); err != nil {
			r.fail(lineOf(t, "standardize"), "sgd.standardize", err.Error(), "", didYouMean(column, data.Columns))
		}
	}
	return data
}

func allAxes(n int) []int { return []int{0, 1, 2, 3}[:n] }

func (r *reader) loadData(t *table, e *entry, name string, open Open) *sgd.Data {
	rename := map[string]string{}
	if s := r.sub(t, "columns"); s != nil {
		for _, c := range s.entries {
			rename[c.key] = r.text(s, c.key, "")
		}
	}
	file, err := open(name)
	if err != nil {
		r.fail(e.line, "sgd.data", fmt.Sprintf("%q cannot be opened: %s", name, reason(err)), "a file beside the case", "")
		return nil
	}
	defer file.Close()
	var kept keeper
	data, err := sgd.ReadData(name, io.TeeReader(file, &kept), rename)
	var column *sgd.RenameError
	switch {
	case errors.As(err, &column):
		s := t.find("columns").value.(*table)
		r.fail(lineOf(s, column.To), join(s.path, column.To), err.Error(), "", "")
		return nil
	case err != nil:
		r.failExpression(e.line, "sgd.data", err)
		return nil
	}
	r.raw = kept.all
	return data
}

// keeper keeps what is written to it, or nothing if that is more than mostKept.
type keeper struct {
	all  []byte
	full bool
}

// mostKept is the size of a data file that is copied into run directories.
const mostKept = 16 << 20

func (k *keeper) Write(p []byte) (int, error) {
	if k.full = k.full || len(k.all)+len(p) > mostKept; k.full {
		k.all = nil
	} else {
		k.all = append(k.all, p...)
	}
	return len(p), nil
}

func (r *reader) declareColumn(line int, name string) {
	const hint = "rename it with `columns`"
	switch {
	case !identifier.MatchString(name):
		r.fail(line, "sgd.data", fmt.Sprintf("found a column called %q", name), "letters, digits and _, not starting with a digit", hint)
	case slices.Contains(reserved, name):
		r.fail(line, "sgd.data", fmt.Sprintf("found a column called %q, which is reserved", name), "", hint)
	default:
		if err := r.scope.Variable(name); err != nil {
			r.fail(line, "sgd.data", "column: "+strings.TrimPrefix(err.Error(), "expr: "), "", hint)
		}
	}
}

// readLoss reads loss and regularizer.
func (r *reader) readLoss(t *table, data []string) (loss, regularizer *expr.Node) {
	if r.required(t, "loss", "the loss of one example") {
		loss = r.steady(t, "loss")
	}
	if e := t.find("regularizer"); e != nil {
		regularizer = r.steady(t, "regularizer")
		for _, name := range data {
			if regularizer.Uses(name) {
				r.fail(e.line, "sgd.regularizer", fmt.Sprintf("it uses the data column %q", name), "parameters of the optimiser only", "what depends on an example belongs into the loss")
			}
		}
	}
	return loss, regularizer
}

// steady reads an expression that may not depend on t.
func (r *reader) steady(t *table, key string) *expr.Node {
	e := t.find(key)
	n := r.node(r.scope, e.line, join(t.path, key), e.value)
	if n.Uses("t") {
		r.fail(e.line, join(t.path, key), "it depends on t", "an expression in axes, parameters and data columns", "")
	}
	return n
}

// readPopulation makes the process of a population loss with the covariance of
// one example's gradient.
func (r *reader) readPopulation(o *optimiser, c *Case) {
	o.factor = r.samplingFactor(o, 0)
	loss, regularizer := r.readLoss(o.table, nil)
	t := r.sub(o.table, "covariance")
	if t == nil || loss == nil {
		return
	}
	covariance := r.matrix(t, o.axes, true)
	for k := range covariance {
		r.orZero(covariance[k])
	}
	total := loss
	if regularizer != nil {
		total = expr.Add(loss, regularizer)
	}
	e := o.table.find("loss")
	eq := &equation{axes: o.axes, calculus: "ito", drift: make([]*expr.Node, len(o.axes)), table: o.table}
	for k, axis := range o.axes {
		eq.drift[k] = expr.Neg(r.diff(e, total, axis))
	}
	eq.diffusion = r.scaled(covariance, o, c.Problem.LearningRate/(2*o.batch)*o.factor)
	if isDiagonal(eq.diffusion) {
		eq.noise = diagonalMatrix(r.scope, roots(r.scope, eq.diffusion))
	}
	r.finishEquation(c.Problem, eq, o.table)
	if len(r.mistakes) == 0 {
		r.setLandscape(total, o, c.Problem)
	}
}

// scaled returns D = scale·C with the noise asked for.
func (r *reader) scaled(covariance [][]*expr.Node, o *optimiser, scale float64) [][]*expr.Node {
	n := len(covariance)
	switch o.noise {
	case sgd.None:
		return r.zerosMatrix(n)
	case sgd.Isotropic:
		trace := r.scope.Number(0)
		for k := range n {
			trace = expr.Add(trace, covariance[k][k])
		}
		d := make([]*expr.Node, n)
		for k := range d {
			d[k] = expr.Mul(r.scope.Number(scale/float64(n)), trace)
		}
		return diagonalMatrix(r.scope, d)
	}
	out := make([][]*expr.Node, n)
	for k := range out {
		out[k] = make([]*expr.Node, n)
		for l := range out[k] {
			out[k][l] = expr.Mul(r.scope.Number(scale), covariance[k][l])
		}
	}
	return out
}

// setLandscape makes the built-in observables of a population loss.
func (r *reader) setLandscape(total *expr.Node, o *optimiser, p *Problem) {
	// One example that is the population has the same loss, gradient and Hessian.
	whole := &sgd.Data{Columns: nil, Values: [][]float64{{0}}}
	e := &sgd.Examples{Axes: o.axes, Data: whole, Loss: total}
	if err := e.Compile(); err != nil {
		r.failExpression(o.table.line, "sgd.loss", err)
		return
	}
	p.landscape = e
}
