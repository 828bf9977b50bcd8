package sgd

import (
	"fmt"
	"math"
	"slices"

	"fokker/operators"
)

const (
	mostNodes = 1 << 20 // of all random numbers
	mostTried = 1 << 12 // examples of a quadrature that only converges, and nodes of a random number
	converged = 1e-10   // error of a quadrature over the size of what it integrates
	useful    = 1e-2    // the largest such error that is taken
)

// Integrate takes random examples by the nodes of a quadrature: as many as make L,
// ∇L and C exact where the loss is a polynomial of the random numbers; otherwise
// twice as many again and again, until they agree at points to 1e-10 of their
// largest values, or until they are some thousand examples. The last difference is
// kept as the error; more than a hundredth is refused, as where a mean is infinite.
func (e *Examples) Integrate(law *Random, x [][]float64) error {
	if err := e.choose(law, x); err != nil {
		return err
	}
	return e.summarize()
}

// choose takes the nodes.
func (e *Examples) choose(law *Random, x [][]float64) error {
	if err := law.Compile(); err != nil {
		return err
	}
	exact := law.Nodes(e.Loss)
	e.Data = &Data{Columns: law.Columns}
	if err := e.differentiate(); err != nil {
		return err
	}
	var before [][][]float64
	for each := 4; ; each *= 2 {
		counts, total := open(exact, each)
		switch {
		case before != nil && !math.IsInf(law.Error, 0) && (total > mostNodes || max(each, 2*e.Data.Len()) > mostTried):
			if !(law.Error <= useful) {
				return fmt.Errorf("found a quadrature of random examples that does not converge: %d nodes differ by %.2g of the loss, its gradient or their covariance from half as many", e.Data.Len(), law.Error)
			}
			return nil
		case total > mostNodes:
			return fmt.Errorf("found %d random numbers, for which a quadrature has %.3g nodes, expected at most %d", len(counts), total, mostNodes)
		}
		var err error
		if e.Data, err = law.Quadrature(counts); err != nil {
			return err
		}
		if law.Counts = counts; slices.Equal(counts, exact) {
			return nil
		}
		after := e.integrals(x)
		if law.Error = difference(after, before); law.Error <= converged {
			return nil
		}
		before = after
	}
}

// open returns counts with a number for those that are 0, and their product.
func open(counts []int, each int) (out []int, total float64) {
	out, total = slices.Clone(counts), 1
	for j, n := range out {
		if n == 0 {
			out[j] = each
		}
		total *= float64(out[j])
	}
	return out, total
}

// integrals returns L, ∇L and C.
func (e *Examples) integrals(x [][]float64) [][][]float64 {
	dim, n := len(e.Axes), len(x[0])
	l, g, c := operators.Columns(1, n), operators.Columns(dim, n), operators.Columns(dim*dim, n)
	e.mean(l, 0, x)
	e.mean(g, 1, x)
	e.Covariance(c, x)
	return [][][]float64{l, g, c}
}

// difference returns the largest of L, of ∇L and of C, over the largest values,
// infinite where there is nothing to compare.
func difference(after, before [][][]float64) float64 {
	if before == nil {
		return math.Inf(1)
	}
	worst := 0.0
	for q := range after {
		apart, size := 0.0, 0.0
		for k := range after[q] {
			for i, v := range after[q][k] {
				apart, size = max(apart, math.Abs(v-before[q][k][i])), max(size, math.Abs(v))
			}
		}
		if size != 0 { // or no number
			worst = max(worst, apart/size)
		}
	}
	return worst
}
