package grid

import "testing"

func TestZerosOfEverySize(t *testing.T) {
	for _, n := range []int{0, 1, manyBytes/8 - 1, manyBytes / 8, 3<<18 + 5} {
		a := Zeros[float64](n)
		if len(a) != n {
			t.Fatalf("%d numbers, want %d", len(a), n)
		}
		for i := range a {
			if a[i] != 0 {
				t.Fatalf("of %d: number %d is %v, want 0", n, i, a[i])
			}
			a[i] = 1
		}
	}
}
