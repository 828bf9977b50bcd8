package operators_test

import (
	"testing"

	"fokker/grid"
	"fokker/operators"
)

func BenchmarkAssembleCoupled(b *testing.B) {
	edges, _, err := grid.Uniform().Edges(-2, 2, 512)
	if err != nil {
		b.Fatal(err)
	}
	g, err := grid.New(grid.Axis{Name: "x", Edges: edges}, grid.Axis{Name: "y", Edges: edges})
	if err != nil {
		b.Fatal(err)
	}
	for name, ratio := range map[string]float64{"correlation=.95": 1. / 39, "rank=1": 0} {
		b.Run("cells=262144/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := operators.Build(g, 0, 2, operators.Coupled{Process: turning{ratio: ratio, spin: 1.3, pull: 1}, Axes: []int{0, 1}}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(g.Size())*float64(b.N)/b.Elapsed().Seconds(), "cells/s")
		})
	}
}
