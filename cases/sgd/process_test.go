package sgd

import (
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"testing"

	"fokker/cases/expr"
	"fokker/operators"
)

// model is a loss on a data set, with the gradient and the Hessian of one
// example by hand.
type model struct {
	file, loss string
	axes       []string
	gradient   func(at []float64, row map[string]float64) []float64
	hessian    func(at []float64, row map[string]float64) [][]float64
}

var models = []model{
	{
		file: "../cars.csv", loss: "0.5*(slope*speed + intercept - dist)^2", axes: []string{"slope", "intercept"},
		gradient: func(at []float64, row map[string]float64) []float64 {
			r := at[0]*row["speed"] + at[1] - row["dist"]
			return []float64{r * row["speed"], r}
		},
		hessian: func(_ []float64, row map[string]float64) [][]float64 {
			x := row["speed"]
			return [][]float64{{x * x, x}, {x, 1}}
		},
	},
	{ // logistic regression: ℓ = ln(1 + e^z) − vz, z = a·length + b·width + c
		file: "../iris2.csv", loss: "softplus(a*petal_length + b*petal_width + c) - virginica*(a*petal_length + b*petal_width + c)", axes: []string{"a", "b", "c"},
		gradient: func(at []float64, row map[string]float64) []float64 {
			r := 1/(1+math.Exp(-logit(at, row))) - row["virginica"]
			return []float64{r * row["petal_length"], r * row["petal_width"], r}
		},
		hessian: func(at []float64, row map[string]float64) [][]float64 {
			p := 1 / (1 + math.Exp(-logit(at, row)))
			x := []float64{row["petal_length"], row["petal_width"], 1}
			h := make([][]float64, 3)
			for k := range h {
				for l := range x {
					h[k] = append(h[k], p*(1-p)*x[k]*x[l])
				}
			}
			return h
		},
	},
	{ // one parameter: ℓ = (w² − 1)² eruptions/waiting
		file: "../faithful.csv", loss: "(w^2 - 1)^2*eruptions/waiting", axes: []string{"w"},
		gradient: func(at []float64, row map[string]float64) []float64 {
			return []float64{4 * at[0] * (at[0]*at[0] - 1) * row["eruptions"] / row["waiting"]}
		},
		hessian: func(at []float64, row map[string]float64) [][]float64 {
			return [][]float64{{(12*at[0]*at[0] - 4) * row["eruptions"] / row["waiting"]}}
		},
	},
}

func logit(at []float64, row map[string]float64) float64 {
	return at[0]*row["petal_length"] + at[1]*row["petal_width"] + at[2]
}

func load(t *testing.T, file string) *Data {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := ReadData(file, f, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// examples compiles a loss on data.
func examples(t *testing.T, axes []string, d *Data, loss, regularizer string) *Examples {
	t.Helper()
	s := expr.NewScope()
	for _, name := range append(append([]string(nil), axes...), d.Columns...) {
		if err := s.Variable(name); err != nil {
			t.Fatal(err)
		}
	}
	parse := func(source string) *expr.Node {
		n, err := s.Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	e := &Examples{Axes: axes, Data: d, Loss: parse(loss), Scale: 1}
	if regularizer != "" {
		e.Regularizer = parse(regularizer)
	}
	if err := e.Compile(); err != nil {
		t.Fatal(err)
	}
	return e
}

func rows(d *Data) (out []map[string]float64) {
	for i := range d.Len() {
		row := map[string]float64{}
		for c, name := range d.Columns {
			row[name] = d.Values[c][i]
		}
		out = append(out, row)
	}
	return out
}

// exact returns mean and covariance (divisor n) of the examples' gradients in
// 200 bits.
func exact(m model, d *Data, at []float64) (mean []float64, covariance [][]float64) {
	number := func() *big.Float { return new(big.Float).SetPrec(200) }
	n, dim := number().SetInt64(int64(d.Len())), len(m.axes)
	sum := make([]*big.Float, dim)
	products := make([][]*big.Float, dim)
	for k := range dim {
		sum[k] = number()
		for range dim {
			products[k] = append(products[k], number())
		}
	}
	for _, row := range rows(d) {
		g := m.gradient(at, row)
		for k := range dim {
			sum[k].Add(sum[k], big.NewFloat(g[k]))
			for l := range dim {
				products[k][l].Add(products[k][l], number().Mul(number().SetFloat64(g[k]), number().SetFloat64(g[l])))
			}
		}
	}
	for k := range dim {
		sum[k].Quo(sum[k], n)
		v, _ := sum[k].Float64()
		mean, covariance = append(mean, v), append(covariance, make([]float64, dim))
	}
	for k := range dim {
		for l := range dim {
			c := number().Quo(products[k][l], n)
			covariance[k][l], _ = c.Sub(c, number().Mul(sum[k], sum[l])).Float64()
		}
	}
	return mean, covariance
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.17g, want %.17g ± %.2g", what, got, want, tolerance)
	}
}

// columnsOf returns random points as columns.
func columnsOf(dim, n int) [][]float64 {
	random := rand.New(rand.NewPCG(1, 2))
	x := operators.Columns(dim, n)
	for k := range x {
		for i := range x[k] {
			x[k][i] = 2 * random.NormFloat64()
		}
	}
	return x
}

func TestGradientHasItsMeanAndCovarianceOverExamples(t *testing.T) {
	for _, m := range models {
		d := load(t, m.file)
		e, dim, n := examples(t, m.axes, d, m.loss, ""), len(m.axes), 20
		x, b, c := columnsOf(dim, n), operators.Columns(dim, n), operators.Columns(dim*dim, n)
		e.Drift(b, x, 0)
		e.Covariance(c, x)
		for i := range n {
			at := make([]float64, dim)
			for k := range at {
				at[k] = x[k][i]
			}
			mean, covariance := exact(m, d, at)
			for k := range dim {
				near(t, m.file+" drift", b[k][i], -mean[k], 1e-12*(math.Abs(mean[k])+math.Sqrt(covariance[k][k])))
				for l := range dim {
					near(t, m.file+" C", c[k*dim+l][i], covariance[k][l], 1e-11*math.Sqrt(covariance[k][k]*covariance[l][l]))
				}
			}
		}
	}
}

func TestNoiseIsWhatItsKindSays(t *testing.T) {
	m := models[0]
	e := examples(t, m.axes, load(t, m.file), m.loss, "")
	e.Scale = 0.01
	x, c, d := columnsOf(2, 5), operators.Columns(4, 5), operators.Columns(4, 5)
	e.Covariance(c, x)
	for kind, want := range map[NoiseKind]func(k, l, i int) float64{
		Gradient: func(k, l, i int) float64 { return .01 * c[2*k+l][i] },
		Isotropic: func(k, l, i int) float64 {
			if k != l {
				return 0
			}
			return .01 * (c[0][i] + c[3][i]) / 2
		},
		None: func(k, l, i int) float64 { return 0 },
	} {
		e.NoiseKind = kind
		e.Diffusion(d, x, 0)
		for j := range 4 {
			for i := range 5 {
				w := want(j/2, j%2, i)
				near(t, "D", d[j][i], w, 1e-15*math.Abs(w))
			}
		}
		if kind == Gradient {
			continue
		}
		s := operators.Columns(4, 5)
		e.Noise(s, x, 0)
		for i := range 5 {
			near(t, "σ²/2", s[0][i]*s[0][i]/2, d[0][i], 1e-15*d[0][i])
			near(t, "σ between axes", s[1][i], 0, 0)
		}
	}
}

func TestRegularizerPullsWithoutNoise(t *testing.T) {
	m := models[0]
	d := load(t, m.file)
	plain, pulled := examples(t, m.axes, d, m.loss, ""), examples(t, m.axes, d, m.loss, "3*slope^2 + slope*intercept")
	x := columnsOf(2, 4)
	b1, b2, c1, c2 := operators.Columns(2, 4), operators.Columns(2, 4), operators.Columns(4, 4), operators.Columns(4, 4)
	plain.Drift(b1, x, 0)
	pulled.Drift(b2, x, 0)
	plain.Covariance(c1, x)
	pulled.Covariance(c2, x)
	l1, l2 := make([]float64, 4), make([]float64, 4)
	plain.PopulationLoss(l1, x)
	pulled.PopulationLoss(l2, x)
	for i := range 4 {
		s, u := x[0][i], x[1][i]
		near(t, "b slope", b2[0][i], b1[0][i]-6*s-u, 1e-12*math.Abs(b1[0][i]))
		near(t, "b intercept", b2[1][i], b1[1][i]-s, 1e-12*math.Abs(b1[1][i]))
		near(t, "L", l2[i], l1[i]+3*s*s+s*u, 1e-12*l1[i])
		for j := range c1 {
			near(t, "C", c2[j][i], c1[j][i], 0)
		}
	}
}

func TestLossAndHessianAreMeansOverExamples(t *testing.T) {
	for _, m := range models {
		d, dim := load(t, m.file), len(m.axes)
		e := examples(t, m.axes, d, m.loss, "")
		x, h := columnsOf(dim, 6), operators.Columns(dim*(dim+1)/2, 6)
		e.PopulationHessian(h, x)
		for i := range 6 {
			at, want := make([]float64, dim), make([]float64, len(h))
			for k := range at {
				at[k] = x[k][i]
			}
			for _, row := range rows(d) {
				one, j := m.hessian(at, row), 0
				for k := range dim {
					for l := range k + 1 {
						want[j] += one[k][l] / float64(d.Len())
						j++
					}
				}
			}
			for j := range h {
				near(t, m.file+" H", h[j][i], want[j], 1e-11*(1e-3+math.Abs(want[j])))
			}
		}
	}
}

// At w = ±1 and 0 every example of the third model has the gradient 0; with the
// same example many times the gradients agree everywhere.
func TestExamplesThatAgreeGiveNoNoiseAtAll(t *testing.T) {
	m := models[2]
	e := examples(t, m.axes, load(t, m.file), m.loss, "")
	x, c := [][]float64{{-1, 0, 1}}, operators.Columns(1, 3)
	e.Covariance(c, x)
	for i, v := range c[0] {
		near(t, "C", v, 0, 0)
		near(t, "at", x[0][i], float64(i-1), 0)
	}
	same := &Data{Name: "same", Columns: []string{"y"}, Values: [][]float64{{.1, .1, .1, .1, .1, .1, .1}}}
	e = examples(t, []string{"u", "v"}, same, "(u*v - y)^2*exp(u)", "")
	x, c = columnsOf(2, 50), operators.Columns(4, 50)
	e.Covariance(c, x)
	for _, column := range c {
		for _, v := range column {
			near(t, "C", v, 0, 0)
		}
	}
}

func TestLossWithoutADerivativeIsRefused(t *testing.T) {
	e := &Examples{Axes: []string{"w"}, Data: &Data{Columns: []string{"y"}, Values: [][]float64{{1}}}}
	s := expr.NewScope()
	for _, name := range []string{"w", "y", "z"} {
		if err := s.Variable(name); err != nil {
			t.Fatal(err)
		}
	}
	n, err := s.Parse("w*y + z")
	if err != nil {
		t.Fatal(err)
	}
	if e.Loss = n; e.Compile() == nil {
		t.Error("a loss of an unknown variable compiled")
	}
}

// repeated returns data in which every row stands as often as its weight says,
// and the same with weights.
func repeated(d *Data) (long, weighted *Data) {
	random := rand.New(rand.NewPCG(5, 6))
	long = &Data{Name: d.Name, Columns: d.Columns, Values: make([][]float64, len(d.Columns))}
	weighted = &Data{Name: d.Name, Columns: d.Columns, Values: d.Values}
	for i := range d.Len() {
		times := random.IntN(4)
		weighted.Weights = append(weighted.Weights, 2.5*float64(times)) // a common factor cancels
		for c := range d.Columns {
			for range times {
				long.Values[c] = append(long.Values[c], d.Values[c][i])
			}
		}
	}
	return long, weighted
}

func TestWeightIsHowOftenAnExampleStands(t *testing.T) {
	for _, m := range models {
		long, weighted := repeated(load(t, m.file))
		want, got := examples(t, m.axes, long, m.loss, ""), examples(t, m.axes, weighted, m.loss, "")
		dim, n := len(m.axes), 10
		x := columnsOf(dim, n)
		all := func(e *Examples) [][]float64 {
			out := operators.Columns(1+dim+dim*(dim+1)/2+dim*dim, n)
			e.PopulationLoss(out[0], x)
			e.PopulationGradient(out[1:1+dim], x)
			e.PopulationHessian(out[1+dim:1+dim+dim*(dim+1)/2], x)
			e.Covariance(out[len(out)-dim*dim:], x)
			return out
		}
		a, b := all(got), all(want)
		for k := range a {
			for i := range a[k] {
				near(t, m.file, a[k][i], b[k][i], 1e-11*(1+math.Abs(b[k][i])))
			}
		}
	}
}
