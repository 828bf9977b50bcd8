package cases

import (
	"fmt"
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
