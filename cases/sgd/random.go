package sgd

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/integrate/quad"

	"fokker/cases/expr"
	"fokker/operators"
)

// Random is the law of one example: every column is a function of the columns
// before it and of independent random numbers.
type Random struct {
	Columns []string
	Values  []*expr.Node  // of the columns
	Draws   [][]expr.Draw // of the columns, in the order in which they are needed

	Counts []int   // nodes of each draw in a quadrature, of Integrate's choice
	Error  float64 // of that quadrature; 0: exact

	values  []*expr.Program
	chances map[string]*expr.Program
}

// Compile prepares evaluation.
func (r *Random) Compile() (err error) {
	inputs := append([]string(nil), r.Columns...)
	for _, d := range r.all() {
		inputs = append(inputs, d.Name)
	}
	r.values, r.chances = make([]*expr.Program, len(r.Columns)), map[string]*expr.Program{}
	for c, value := range r.Values {
		if r.values[c], err = expr.Compile(inputs, value); err != nil {
			return err
		}
	}
	for _, d := range r.all() {
		if d.Kind != expr.Bernoulli {
			continue
		}
		if r.chances[d.Name], err = expr.Compile(inputs, d.Chance); err != nil {
			return err
		}
	}
	return nil
}

// all returns the draws of all columns.
func (r *Random) all() (out []expr.Draw) {
	for _, d := range r.Draws {
		out = append(out, d...)
	}
	return out
}

// filler returns a function that writes columns from random numbers: number gives
// those of a draw at all rows, from the chances of 1 where it is Bernoulli's.
func (r *Random) filler(dst [][]float64) func(number func(z []float64, draw int, kind expr.DrawKind, chance []float64)) {
	all, n := r.all(), len(dst[0])
	numbers, chance := operators.Columns(len(all), n), make([]float64, n)
	in := append(append([][]float64(nil), dst...), numbers...)
	return func(number func(z []float64, draw int, kind expr.DrawKind, chance []float64)) {
		draw := 0
		for c := range dst {
			for range r.Draws[c] {
				d := all[draw]
				if d.Kind == expr.Bernoulli {
					r.chances[d.Name].Eval([][]float64{chance}, in)
				}
				number(numbers[draw], draw, d.Kind, chance)
				draw++
			}
			r.values[c].Eval(dst[c:c+1], in)
		}
	}
}

// Drawer returns a function that writes examples drawn from the law.
func (r *Random) Drawer(dst [][]float64, random *rand.Rand) func() {
	fill := r.filler(dst)
	number := func(z []float64, _ int, kind expr.DrawKind, chance []float64) {
		for i := range z {
			switch kind {
			case expr.Normal:
				z[i] = random.NormFloat64()
			case expr.Uniform:
				z[i] = random.Float64()
			default:
				z[i] = 0
				if random.Float64() < chance[i] {
					z[i] = 1
				}
			}
		}
	}
	return func() { fill(number) }
}

// Nodes returns how many nodes each draw needs for means over examples of products
// of two gradients of the loss to be exact: those of Gauss integrate polynomials of
// a degree below twice their number. It is 0 for a draw in which they are no
// polynomial.
func (r *Random) Nodes(loss *expr.Node) []int {
	out := make([]int, len(r.all()))
	for j, d := range r.all() {
		if d.Kind == expr.Bernoulli {
			out[j] = 2
			continue
		}
		if degree := r.degree(loss, d); degree >= 0 {
			out[j] = degree/2 + 1
		}
	}
	return out
}

// degree returns that of loss² times all chances in one draw, −1 for none.
func (r *Random) degree(loss *expr.Node, of expr.Draw) int {
	degrees, total := map[string]int{of.Name: 1}, 0
	add := func(n *expr.Node, times int) {
		degree, polynomial := n.Degree(degrees)
		if total += times * degree; !polynomial {
			total = math.MinInt / 2
		}
	}
	for c, value := range r.Values {
		for _, d := range r.Draws[c] {
			if d.Kind == expr.Bernoulli {
				add(d.Chance, 1)
			}
		}
		degrees[r.Columns[c]], _ = value.Degree(degrees)
	}
	add(loss, 2)
	return max(total, -1)
}

// Quadrature returns examples at the nodes of Gauss's rules with their weights,
// counts[j] nodes for draw j: Hermite's for normal numbers, Legendre's for uniform
// ones, 0 and 1 for Bernoulli's.
func (r *Random) Quadrature(counts []int) (*Data, error) {
	total := 1
	for _, n := range counts {
		total *= n
	}
	d := &Data{Name: "random examples", Columns: r.Columns, Values: operators.Columns(len(r.Columns), total), Weights: make([]float64, total), Random: r}
	for i := range d.Weights {
		d.Weights[i] = 1
	}
	var failed error
	stride := 1
	r.filler(d.Values)(func(z []float64, draw int, kind expr.DrawKind, chance []float64) {
		nodes, weights := rule(kind, counts[draw])
		for i := range z {
			j := i / stride % len(nodes)
			z[i] = nodes[j]
			if kind != expr.Bernoulli {
				d.Weights[i] *= weights[j]
				continue
			}
			if p := chance[i]; !(0 <= p && p <= 1) {
				failed = fmt.Errorf("bernoulli: found the chance %v of 1, expected a number from 0 to 1", p)
			}
			d.Weights[i] *= chance[i]*z[i] + (1-chance[i])*(1-z[i])
		}
		stride *= len(nodes)
	})
	d.merge()
	return d, failed
}

// merge makes one of examples that are equal, as where a column draws one of
// several numbers, and leaves out those without weight.
func (d *Data) merge() {
	place, row, kept := map[string]int{}, make([]byte, 8*len(d.Columns)), 0
	for i, weight := range d.Weights {
		for c := range d.Columns {
			binary.LittleEndian.PutUint64(row[8*c:], math.Float64bits(d.Values[c][i]))
		}
		j, known := place[string(row)]
		switch {
		case weight == 0:
		case known:
			d.Weights[j] += weight
		default:
			place[string(row)] = kept
			for c := range d.Columns {
				d.Values[c][kept] = d.Values[c][i]
			}
			d.Weights[kept] = weight
			kept++
		}
	}
	for c := range d.Columns {
		d.Values[c] = d.Values[c][:kept]
	}
	d.Weights = d.Weights[:kept]
}

// rule returns nodes and weights of a law.
func rule(kind expr.DrawKind, n int) (x, w []float64) {
	x, w = make([]float64, n), make([]float64, n)
	switch kind {
	case expr.Normal: // Hermite's weight is e^(−x²)
		quad.Hermite{}.FixedLocations(x, w, math.Inf(-1), math.Inf(1))
		for i := range x {
			x[i] *= math.Sqrt2
			w[i] /= math.Sqrt(math.Pi)
		}
	case expr.Uniform:
		quad.Legendre{}.FixedLocations(x, w, 0, 1)
	default:
		x[1] = 1
	}
	return x, w
}
