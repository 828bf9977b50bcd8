package rundir

import (
	"path/filepath"
	"testing"
)

func BenchmarkWrite(b *testing.B) {
	for _, n := range []int{64, 256} {
		b.Run("cells="+number(float64(n*n)), func(b *testing.B) {
			r, dir := gyrator(b, n), filepath.Join(b.TempDir(), "a.run")
			b.ReportAllocs()
			for b.Loop() {
				if err := Write(b.Context(), dir, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
