package cases

import (
	"fmt"
	"strings"
	"testing"

	"fokker/grid"
	"fokker/solvers"
)

// bench runs a step of a case on meshes of several sizes and reports the cells
// done per second.
func bench(b *testing.B, name, text string, sizes []int, step func(p *Problem, g *grid.Grid) error) {
	for _, n := range sizes {
		c, err := Parse("case.toml", []byte(text), nil, fmt.Sprintf("--cells %d", n))
		if err != nil {
			b.Fatal(err)
		}
		g, err := c.Problem.Grid()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%s/cells=%d", name, g.Size()), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := step(c.Problem, g); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(g.Size())/b.Elapsed().Seconds(), "cells/s")
		})
	}
}

// wells is a potential in the plane with a mobility that depends on place.
const wells = `
[[axis]]
name = "x"
range = [-2, 2]
cells = 512

[[axis]]
name = "y"
range = [-2, 2]
cells = 512

[process]
potential   = "(x^2 - 1)^2/4 + y^2*(1 + x/4)"
mobility    = { x = "1 + y^2/4", y = 1 }
temperature = 0.2

[stationary]
`

// text returns a case that comes with the program.
func text(b *testing.B, name string) string {
	files, err := GalleryFiles(name)
	if err != nil {
		b.Fatal(err)
	}
	return string(files[name+".toml"])
}

// From expressions to rates.
func BenchmarkAssemble(b *testing.B) {
	assemble := func(p *Problem, g *grid.Grid) error {
		_, err := p.Generator(g, 1)
		return err
	}
	bench(b, "p2", text(b, "p2"), []int{256, 1024}, assemble)
	bench(b, "potential", wells, []int{512}, assemble)
	bench(b, "turning", text(b, "turning"), []int{512}, assemble)
}

// From expressions to the law.
func BenchmarkStationary(b *testing.B) {
	bench(b, "p2", text(b, "p2"), []int{256, 512, 1024}, func(p *Problem, g *grid.Grid) error {
		q, err := p.Generator(g, 1)
		if err != nil {
			return err
		}
		_, err = solvers.Stationary(q, &solvers.Settings{Workers: 1})
		return err
	})
}

// From a Gaussian aside to the law after two relaxation times, 256² cells, L1 error
// 1e-4 in time: noise along the axes first, then noise that couples them.
func BenchmarkEvolve(b *testing.B) {
	for _, c := range []struct {
		name, axes          string
		x, y, spread, until float64
	}{
		{name: "p2", axes: "x y", x: -0.8, y: 0.4, spread: 0.2, until: 4},
		{name: "gyrator", axes: "x y", x: 2, y: 2, spread: 0.3, until: 2},
		{name: "ou2d", axes: "x y", x: 2, y: 1, spread: 0.3, until: 1.5},
		{name: "cars", axes: "slope intercept", x: 0.55, y: 0.25, spread: 0.03, until: 2},
		{name: "anisotropic", axes: "x y", x: 0.2, y: -0.15, spread: 0.03, until: 2.5},
		{name: "iris", axes: "length width", x: 0.8, y: 1, spread: 0.05, until: 16},
		{name: "turning", axes: "x y", x: 1.5, y: -1, spread: 0.3, until: 6},
		{name: "labelnoise", axes: "u v", x: 1.2, y: 0.6, spread: 0.1, until: 1},
	} {
		overrides := []string{"--cells 256"}
		for k, axis := range strings.Fields(c.axes) {
			overrides = append(overrides, fmt.Sprintf("initial.mean.%s=%g", axis, []float64{c.x, c.y}[k]), fmt.Sprintf("initial.std.%s=%g", axis, c.spread))
		}
		p, err := FromGallery(c.name, overrides...)
		if err != nil {
			b.Fatal(err)
		}
		evolveBench(b, c.name, p.Problem, c.until)
	}
}

func evolveBench(b *testing.B, name string, p *Problem, until float64) {
	g, err := p.Grid()
	if err != nil {
		b.Fatal(err)
	}
	generator, err := p.Generator(g, 1)
	if err != nil {
		b.Fatal(err)
	}
	m0, _, err := p.Initial.Masses(g)
	if err != nil {
		b.Fatal(err)
	}
	b.Run(fmt.Sprintf("%s/cells=%d", name, g.Size()), func(b *testing.B) {
		b.ReportAllocs()
		var out *solvers.Evolution
		for b.Loop() {
			if out, err = solvers.Evolve(generator, m0, []float64{until}, &solvers.Settings{Tolerance: 1e-4, Workers: 1}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(out.WorkUnits, "work")
		b.ReportMetric(out.Error, "error")
	})
}
