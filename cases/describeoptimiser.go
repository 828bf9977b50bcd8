package cases

import (
	"fmt"
	"strings"

	"fokker/cases/sgd"
)

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
