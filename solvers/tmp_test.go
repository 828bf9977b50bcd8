package solvers

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"
	"fokker/operators"
	"fokker/grid"
)

func cpu() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(0, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

type ou struct{}

func (ou) AppendRows(rows *operators.Rows, r grid.Range, _ float64) error {
	g := rows.Grid()
	offset := make([]int, g.Dim())
	for c := r.Lo; c < r.Hi; c++ {
		for k := range g.Dim() {
			x := g.Centers(k)[g.Along(k, c)]
			y := g.Centers((k+1)%g.Dim())[g.Along((k+1)%g.Dim(), c)]
			b := -x - y
			if k == 1 { b = -x + y }
			h := g.Widths(k)[g.Along(k, c)]
			for _, side := range []int{1, -1} {
				clear(offset)
				offset[k] = side
				if to, inside, _ := g.Step(c, offset); inside {
					rows.Jump(c, to, 1/(2*h*h)+max(float64(side)*b, 0)/h)
				}
			}
		}
	}
	return nil
}

func TestMassTmp(t *testing.T) {
	for _, c := range [][2]int{{2, 256}, {2, 256}, {2, 512}, {2, 512}, {3, 24}, {3, 32}, {3,40}, {2, 1024}, {1, 1000000}} {
		d, n := c[0], c[1]
		axes := make([]grid.Axis, d)
		for k := range axes {
			axes[k].Name = "x"
			axes[k].Edges = make([]float64, n+1)
			for i := range axes[k].Edges {
				axes[k].Edges[i] = -4 + 8*float64(i)/float64(n)
			}
		}
		g, _ := grid.New(axes...)
		q, err := operators.Build(g, 0, 2, ou{})
		if err != nil { t.Fatal(err) }
		runtime.GC()
		b, u := time.Now(), cpu()
		law := stationary(t, q, &Settings{Method: "gth"})
		fmt.Printf("%dD %d: %v cpu %v residual %.1e WU %.0f  ", d, n, time.Since(b), cpu()-u, law.Residual, law.WorkUnits)
		var ms runtime.MemStats
		runtime.ReadMemStats(&ms)
		b = time.Now()
		o, _ := newOrdering(q)
		fmt.Printf("ordering %v, low %.1fM side %.1fM  %.2f GF sys %d MB est %.0f MB\n", time.Since(b), float64(o.low)/1e6, float64(o.side)/1e6, o.flops/1e9, ms.Sys>>20, o.bytesIf()/1e6)
	}
}
func (o *ordering) bytesIf() float64 { if o.line { return 0 }; return o.bytes() }
