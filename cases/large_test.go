package cases

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"fokker/cases/sgd"
	"fokker/operators"
)

const largeRows = 60_000

// largeData is 60 000 rows of x and y = 2x + 1 + noise.
func largeData() string {
	random, b := rand.New(rand.NewPCG(1, 2)), &bytes.Buffer{}
	b.WriteString("x,y\n")
	for range largeRows {
		x := random.NormFloat64()
		fmt.Fprintf(b, "%.6f,%.6f\n", x, 2*x+1+random.NormFloat64())
	}
	return b.String()
}

// The rates of 512² cells from 60 000 examples of a polynomial loss cost as much as
// those of some dozen examples: assembled in less than a hundredth of the time that
// sums over all of them would take at the speed of a few cells, 1.6e10 losses.
func TestLargeDataAreReadOnce(t *testing.T) {
	const text = `
[[axis]]
name = "u"
range = [0, 4]
cells = 512
[[axis]]
name = "v"
range = [-1, 3]
cells = 512
[sgd]
data = "large.csv"
loss = "0.5*(u*x + v - y)^2 + 0.1*(u*x + v - y)^4"
lr = 0.01
batch_size = 8
[stationary]
`
	c := readWith(t, map[string]string{"large.csv": largeData()}, text)
	e := c.Problem.Process.(*sgd.Examples)
	if e.Rows() != 1 || e.Terms() > 16 {
		t.Fatalf("sums over %d examples with %d terms, want one of at most 16 terms", e.Rows(), e.Terms())
	}
	g, err := c.Problem.Grid()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, err := c.Problem.Generator(g, 1); err != nil {
		t.Fatal(err)
	}
	assembled := time.Since(began)

	// The same sums by hand at a few points.
	const points = 16
	x, b, d := operators.Columns(2, points), operators.Columns(2, points), operators.Columns(4, points)
	for i := range points {
		x[0][i], x[1][i] = 4*float64(i)/points, -1+4*float64(i*7%points)/points
	}
	e.Drift(b, x, 0)
	e.Diffusion(d, x, 0)
	began = time.Now()
	inputs, outputs := c.Data.Column("x"), c.Data.Column("y")
	for i := range points {
		mean, square := [2]float64{}, [4]float64{}
		for j, z := range inputs {
			r := x[0][i]*z + x[1][i] - outputs[j]
			f := r + .4*r*r*r
			for k, gk := range [2]float64{f * z, f} {
				mean[k] += gk / largeRows
				for l, gl := range [2]float64{f * z, f} {
					square[2*k+l] += gk * gl / largeRows
				}
			}
		}
		for k := range 2 {
			near(t, "b", b[k][i], -mean[k], 1e-11*math.Sqrt(square[3*k]))
			for l := range 2 {
				near(t, "D", d[2*k+l][i], .01/16*(square[2*k+l]-mean[k]*mean[l]), 1e-11*math.Sqrt(square[0]*square[3]))
			}
		}
	}
	one := time.Since(began) / points
	if whole := one * time.Duration(g.Size()); assembled > whole/100 {
		t.Errorf("assembled in %v, sums over the examples would take %v", assembled, whole)
	}
}

// What a loss costs that no few functions of an example have is said before.
func TestCostOfLargeDataIsSaid(t *testing.T) {
	text := "[[axis]]\nname = \"u\"\nrange = [0, 4]\ncells = 32\n[sgd]\ndata = \"large.csv\"\nloss = \"softplus(-u*x*y)\"\nlr = 0.01\nbatch_size = 8\n[stationary]\n"
	var b strings.Builder
	c := readWith(t, map[string]string{"large.csv": largeData()}, text)
	if err := c.Describe(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "over 60000 examples in each of 32 cells: 1.9e+06 losses") {
		t.Errorf("no cost is said in\n%s", b.String())
	}
}
