package cases

import (
	"fmt"
	"slices"
	"strings"

	"fokker/cases/expr"
	"fokker/cases/sgd"
)

// optimiser is [sgd] as read.
type optimiser struct {
	table    *table
	axes     []string
	batch    float64
	factor   float64 // of the covariance by the way of sampling
	noise    sgd.NoiseKind
	equation sgd.Equation
}

var noiseKinds = map[string]sgd.NoiseKind{"gradient": sgd.Gradient, "isotropic": sgd.Isotropic, "none": sgd.None}

var equations = map[string]sgd.Equation{"sde1": sgd.SDE1, "sde2": sgd.SDE2, "sde2+": sgd.SDE2Plus}

// readOptimiser reads [sgd] and makes its process.
func (r *reader) readOptimiser(t *table, c *Case) {
	p := c.Problem
	if r.chooseModel(t); t.find("model").value == "chain" {
		p.Chain = &Chain{}
	}
	p.LearningRate = r.readLearningRate(t)
	o := &optimiser{table: t, axes: p.names(), batch: float64(r.whole(t, "batch_size", 1, 1))}
	o.noise = noiseKinds[r.choice(t, "noise", "gradient", "gradient", "isotropic", "none")]
	o.equation = equations[r.choice(t, "equation", "sde1", "sde1", "sde2", "sde2+")]
	if p.Chain != nil {
		o.equation = sgd.SDE1 // of which a step of Euler's is one of SGD
	}
	p.corrected = o.equation == sgd.SDE2Plus
	r.required(t, "batch_size", "the number of examples of a step")
	r.fill(t, "sampling", "with replacement")
	r.fill(t, "noise", "gradient")
	r.fill(t, "equation", "sde1")
	data, covariance := t.find("data"), t.find("covariance")
	switch {
	case (data == nil) == (covariance == nil):
		r.fail(t.line, "sgd", "found both or neither of `data` and `covariance`", "one of them", "")
	case data != nil:
		r.readExamples(o, c)
	default:
		r.readPopulation(o, c)
	}
	if p.Chain != nil && len(r.mistakes) == 0 {
		r.readBatches(o, p)
	}
}

// chooseModel refuses what this version has not.
func (r *reader) chooseModel(t *table) {
	for _, key := range []struct{ name, has, other string }{
		{"optimizer", "sgd", "momentum rmsprop adam"},
		{"model", "diffusion chain", "central-flow"},
	} {
		r.chooseAvailable(t, key.name, strings.Fields(key.has), strings.Fields(key.other))
	}
	r.choice(t, "batches", "", "gaussian", "enumerated")
}

// chooseAvailable reads one of some words, the first of which is the default.
func (r *reader) chooseAvailable(t *table, key string, has, other []string) {
	e := t.find(key)
	r.fill(t, key, has[0])
	if e == nil {
		return
	}
	word, _ := e.value.(string)
	expected := `"` + strings.Join(has, `" or "`) + `"`
	switch {
	case slices.Contains(has, word):
	case slices.Contains(other, word):
		r.fail(e.line, join(t.path, key), fmt.Sprintf("%q is not available in this version", word), expected, "")
	default:
		r.fail(e.line, join(t.path, key), describe(e.value), expected, didYouMean(word, append(other, has...)))
	}
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
	random, drawn := o.table.at("data")
	examples := 0
	switch {
	case c.Data != nil:
		examples = c.Data.Len()
	case !drawn:
		return // a mistake was reported
	}
	o.factor = r.samplingFactor(o, examples)
	p := c.Problem
	e := &sgd.Examples{Axes: o.axes, Data: c.Data, Rate: p.LearningRate, Scale: p.LearningRate / (2 * o.batch) * o.factor, NoiseKind: o.noise, Equation: o.equation}
	var law *sgd.Random
	if drawn {
		law = r.readLaw(random, o.axes)
	}
	e.Loss, e.Regularizer = r.readLoss(o.table, r.columns)
	if len(r.mistakes) > 0 {
		return
	}
	if drawn {
		r.integrate(e, law, lineOf(o.table, "data"), p)
	} else if err := e.Compile(); err != nil {
		r.failExpression(o.table.line, "sgd.loss", err)
	}
	if len(r.mistakes) > 0 {
		return
	}
	p.Process, p.landscape = e, e
	sampling := slices.Index(samplings, r.text(o.table, "sampling", samplings[0]))
	p.descent = &sgd.Descent{Examples: e, Batch: int(o.batch), Sampling: sgd.Sampling(sampling)}
	if p.Chain == nil {
		p.coupled = p.coupling()
		r.checkCoupling(p, lineOf(o.table, "data"), "sgd.data")
	}
}

// coupling returns the groups of axes that the noise of the equation couples, which
// the steps of a chain do not mind.
func (p *Problem) coupling() [][]int {
	if p.equation != nil {
		return p.equation.coupled()
	}
	e := p.landscape
	if len(e.Axes) > 1 && (e.NoiseKind == sgd.Gradient || e.NoiseKind == sgd.Isotropic && e.Equation == sgd.SDE2Plus) {
		return [][]int{allAxes(len(e.Axes))}
	}
	return nil
}

func allAxes(n int) []int { return []int{0, 1, 2, 3}[:n] }

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
