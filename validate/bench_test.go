//go:build unix

package validate_test

import (
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

// Steps of 65536 particles of plane: coefficients in plain Go, and the case p2,
// whose expressions are interpreted. A step of Platen's has five times as many
// evaluations.
func BenchmarkPaths(b *testing.B) {
	c, err := cases.FromGallery("p2")
	if err != nil {
		b.Fatal(err)
	}
	compiled := plane(65536, 0.01, 1)
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
