package cases

import (
	"context"
	"math"
	"strings"
	"testing"
)

// Little noise leaves neither of two like wells, at x = ±√0.9, y = x/10, and the coarse
// cells of a search find one of them: the box holds both, unless they are so far from each other
// for their widths that the other is warned of. A wall between them leaves
// but one, and so does one well.
func TestWellsOutsideABoxAreWarnedOf(t *testing.T) {
	for _, s := range []struct {
		text          string
		beyond, wells int
	}{
		{"[process]\ndrift = { x = \"x - x^3 - y\", y = \"x - 10*y\" }\ndiffusion = 0.004\n", 0, 2},
		{"[process]\ndrift = { x = \"x - x^3 - y\", y = \"x - 10*y\" }\ndiffusion = 0.0005\n", 1, 1},
		{"[[axis]]\nname = \"x\"\nrange = [0.0, 3.0]\n[[axis]]\nname = \"y\"\n[process]\ndrift = { x = \"x - x^3 - y\", y = \"x - 10*y\" }\ndiffusion = 0.001\n", 0, 1},
		{"[process]\ndrift = { x = \"-x - y\", y = \"x - 2*y\" }\ndiffusion = 0.1\n", 0, 1},
		{"[process]\ndrift = { x = \"y\", y = \"(1 - x^2)*y - x\" }\ndiffusion = 0.1\n", 0, 0},
	} {
		b := read(t, s.text).newRun(context.Background(), Options{}).newBox()
		if _, err := b.find(); err != nil {
			t.Fatalf("%s: %v", s.text, err)
		}
		if len(b.beyond) != s.beyond || len(b.wells) != s.wells {
			t.Fatalf("%s: wells %v in the box and rests at %v beyond it, want %d and %d", s.text, b.wells, b.beyond, s.wells, s.beyond)
		}
		for _, at := range b.beyond {
			if well := math.Sqrt(0.9); math.Abs(math.Abs(at[0])-well) > 1e-3 || !strings.HasPrefix(b.problem.named(at), "x = ") {
				t.Errorf("at rest at %v, want ±%v", at, well)
			}
		}
	}
}
