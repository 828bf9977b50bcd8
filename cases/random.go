package cases

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"fokker/cases/expr"
	"fokker/cases/sgd"
	"fokker/operators"
)

// declareRandom makes the columns of random examples known to expressions.
func (r *reader) declareRandom(t *table) {
	for _, e := range t.entries {
		r.columns = append(r.columns, e.key)
		r.declareColumn(e.line, e.key)
	}
	if len(t.entries) == 0 {
		r.fail(t.line, t.path, "found no column", `columns such as x = "normal(0, 1)"`, "")
	}
}

// readLaw reads the law of random examples: a column may depend on those before it.
func (r *reader) readLaw(t *table, axes []string) *sgd.Random {
	law := &sgd.Random{}
	for i, e := range t.entries {
		path := join(t.path, e.key)
		source, ok := e.value.(string)
		if !ok {
			source = literalOf(e.value)
		}
		n, draws, err := r.scope.ParseRandom(source)
		if err != nil {
			r.failExpression(e.line, path, err)
			continue
		}
		for _, name := range slices.Concat(axes, []string{"t"}, r.columns[i:]) {
			if n.Uses(name) {
				r.fail(e.line, path, fmt.Sprintf("it uses %q", name), "random numbers, parameters, and columns that stand before it", "")
			}
		}
		r.checkWidths(e, path, draws)
		law.Columns, law.Values, law.Draws = append(law.Columns, e.key), append(law.Values, n), append(law.Draws, draws)
	}
	return law
}

// checkWidths refuses numbers that are known to have no law.
func (r *reader) checkWidths(e entry, path string, draws []expr.Draw) {
	for _, d := range draws {
		if d.Width == nil {
			continue
		}
		if w, known := d.Width.Constant(); known && !(w >= 0) {
			found := fmt.Sprintf("found a normal number with a standard deviation of %v", w)
			if d.Kind == expr.Uniform {
				found = fmt.Sprintf("found a uniform number with %v from its lower to its upper end", w)
			}
			r.fail(e.line, path, found, "a number of at least 0", "")
		}
	}
}

// integrate takes random examples into the process by quadrature.
func (r *reader) integrate(e *sgd.Examples, law *sgd.Random, line int, p *Problem) {
	if err := e.Integrate(law, p.samplePoints()); err != nil {
		r.failExpression(line, "sgd.data", err)
	}
}

// samplePoints returns points of the box, of −2 to 2 where it is open.
func (p *Problem) samplePoints() [][]float64 {
	random := rand.New(rand.NewPCG(1, 1))
	x := operators.Columns(len(p.Axes), 64)
	for k, a := range p.Axes {
		lo, hi := a.Lo, a.Hi
		switch {
		case a.open(0) && a.open(1):
			lo, hi = -2, 2
		case a.open(0):
			lo = hi - 4
		case a.open(1):
			hi = lo + 4
		}
		for i := range x[k] {
			x[k][i] = lo + (hi-lo)*random.Float64()
		}
	}
	return x
}

// random writes the law of random examples and how it is integrated.
func (d *description) random(t *table, law *sgd.Random) {
	for _, e := range t.entries {
		d.line("data "+e.key, fmt.Sprint(e.value))
	}
	counts := make([]string, len(law.Counts))
	for j, n := range law.Counts {
		counts[j] = fmt.Sprint(n)
	}
	nodes := fmt.Sprintf("%s nodes of Gauss, %d examples", strings.Join(counts, " × "), d.Problem.landscape.Data.Len())
	if law.Error == 0 {
		d.line("quadrature", nodes+", exact")
		return
	}
	d.line("quadrature", fmt.Sprintf("%s, error %.0e of the largest loss, gradient and covariance in the box", nodes, law.Error))
}

// warnQuadrature says where random examples are not integrated to six digits.
func (r *run) warnQuadrature() {
	e := r.problem.landscape
	if e == nil || e.Data.Random == nil || e.Data.Random.Error <= 1e-6 {
		return
	}
	r.warn("means over random examples are integrated to %.1g of their largest values in the box only: a loss without kinks would do better", e.Data.Random.Error)
}
