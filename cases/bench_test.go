package cases

import (
	"context"
	"fmt"
	"testing"

	"fokker/grid"
	"fokker/solvers"
)

// bench runs a step of a gallery case on meshes of several sizes and reports
// the cells done per second.
func bench(b *testing.B, name string, sizes []int, step func(p *Problem, g *grid.Grid) error) {
	for _, n := range sizes {
		c, err := FromGallery(name, fmt.Sprintf("--cells %d", n))
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

// From expressions to rates.
func BenchmarkAssemble(b *testing.B) {
	assemble := func(p *Problem, g *grid.Grid) error {
		_, err := p.Generator(g, 1)
		return err
	}
	bench(b, "p2", []int{256, 1024}, assemble)
	bench(b, "tilted", []int{256, 1024}, assemble)
	bench(b, "turning", []int{512}, assemble)
}

// From expressions to the law.
func BenchmarkStationary(b *testing.B) {
	bench(b, "p2", []int{256, 512, 1024}, func(p *Problem, g *grid.Grid) error {
		q, err := p.Generator(g, 1)
		if err != nil {
			return err
		}
		_, err = solvers.Stationary(q, &solvers.Settings{Workers: 1, Context: context.Background()})
		return err
	})
}
