package multigrid

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"
)

func TestExplore(t *testing.T) {
	cases := []struct {
		name string
		p    process
		half float64
		n    []int
	}{
		{"p2", p2, 2.5, []int{256, 256}},
		{"p2", p2, 2.5, []int{512, 512}},
		{"p2odd", p2, 2.5, []int{255, 130}},
		{"well", well, 2, []int{256, 256}},
		{"rotation", rotation, 5, []int{256, 256}},
		{"aniso", anisotropic, 5, []int{256, 256}},
		{"skewed", skewed, 4, []int{256, 256}},
		{"kinetic", kinetic, 3.5, []int{256, 256}},
		{"vdp.1", vanDerPol(0.1), 5, []int{256, 256}},
		{"vdp.01", vanDerPol(0.01), 5, []int{256, 256}},
		{"vdp.002", vanDerPol(0.002), 4, []int{512, 512}},
		{"vdp.01", vanDerPol(0.01), 4, []int{512, 512}},
		{"skewed", skewed, 4, []int{512, 512}},
		{"ousmall", smallou, 3, []int{256, 256}},
		{"wellcold", cold, 2, []int{256, 256}},
		{"lorenz", lorenz, 30, []int{64, 64, 64}},
		{"turn3", turn3, 4, []int{48, 48, 48}},
		{"kin4", kin4, 3.5, []int{24, 24, 24, 24}},
		{"ou3", ou, 5, []int{64, 64, 64}},
		{"ou4", ou, 5, []int{20, 20, 20, 20}},
	}
	for _, c := range cases {
		if os.Getenv("CASE") != "" && os.Getenv("CASE") != c.name {
			continue
		}
		q := build(box(c.half, c.n...), c.p)
		start := time.Now()
		r, err := Solve(context.Background(), q, Options{Workers: 1})
		e := time.Since(start)
		start = time.Now()
		for _, s := range []int{1} {
			_ = s
			build(box(c.half, c.n...), c.p)
		}
		fmt.Println(c.name, c.n, "time", e, "build", time.Since(start), "cycles", r.Cycles, "wu", r.WorkUnits, "res", r.Residual, "err", r.Error, r.Method, err)
	}
}

var smallou = process{terms: func(x, b, d []float64) {
	b[0], b[1] = -x[0]-2*x[1], 2*x[0]-1.5*x[1]
	d[0], d[1] = 0.003, 0.001
}}
var cold = process{
	terms:     func(x, b, d []float64) { d[0], d[1] = 0.1, 0.1 },
	potential: func(x []float64) float64 { s := x[0]*x[0] - 1; return (s*s/4 + x[1]*x[1]/2 + x[0]*x[1]/4) / 0.01 },
}
var lorenz = process{terms: func(x, b, d []float64) {
	z := x[2] + 25
	b[0], b[1], b[2] = 10*(x[1]-x[0]), x[0]*(28-z)-x[1], x[0]*x[1]-8*z/3
	d[0], d[1], d[2] = 5, 5, 5
}}
var turn3 = process{terms: func(x, b, d []float64) {
	b[0], b[1], b[2] = 5*x[1]-x[0], -5*x[0]-x[1]+x[2], -x[2]
	d[0], d[1], d[2] = 0.2, 0.5, 0.1
}}
var kin4 = process{terms: func(x, b, d []float64) {
	b[0], b[1], b[2], b[3] = x[2], x[3], x[0]-x[0]*x[0]*x[0]-x[2], -x[1]-x[3]
	d[0], d[1], d[2], d[3] = 0, 0, 0.5, 0.5
}}
