//go:build unix

package validate_test

import (
	"math"
	"syscall"
	"testing"

	"fokker/cases"
	"fokker/validate"
)

// processorTime is what this process has used, in seconds.
func processorTime(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// written is the process of plane as one writes it in Go for speed.
type written struct{}

func (written) Dim() int     { return 2 }
func (written) Columns() int { return 2 }

func (written) Drift(b, c [][]float64, _ float64) {
	x, y, bx, by := c[0], c[1], b[0], b[1]
	y, bx, by = y[:len(x)], bx[:len(x)], by[:len(x)]
	for i, x := range x {
		force := x - x*x*x
		bx[i], by[i] = force-y[i]/2, -y[i]-force/2+0.3*math.Sin(x)
	}
}

func (written) Noise(s, c [][]float64, _ float64) {
	x, y, sx, sy := c[0], c[1], s[0], s[3]
	y, sx, sy = y[:len(x)], sx[:len(x)], sy[:len(x)]
	clear(s[1])
	clear(s[2])
	for i, x := range x {
		sx[i], sy[i] = math.Sqrt(0.2+0.05*x*x/(1+x*x)), math.Sqrt(0.1+0.05*math.Exp(-y[i]*y[i]))
	}
}

// Steps of 65536 particles of plane: coefficients in plain Go, and the case p2,
// whose expressions are interpreted. A step of Platen's has five times as many
// evaluations.
func BenchmarkPaths(b *testing.B) {
	c, err := cases.FromGallery("p2")
	if err != nil {
		b.Fatal(err)
	}
	compiled := plane(65536, 0.01, 1)
	compiled.Process = written{}
	interpreted := compiled
	interpreted.Process = c.Problem.Process
	for _, m := range []struct {
		name   string
		paths  validate.Paths
		method validate.Method
	}{
		{"euler/compiled", compiled, validate.EulerMaruyama},
		{"euler/interpreted", interpreted, validate.EulerMaruyama},
		{"milstein/interpreted", interpreted, validate.Milstein},
		{"platen/interpreted", interpreted, validate.Platen},
	} {
		b.Run(m.name, func(b *testing.B) {
			m.paths.Method, m.paths.Workers = m.method, 1
			b.ReportAllocs()
			begin := processorTime(b)
			for b.Loop() {
				run(b, m.paths, 0.5)
			}
			b.ReportMetric(50*65536*float64(b.N)/(processorTime(b)-begin), "particle-steps/cpu-s")
		})
	}
}
