package cases

import (
	"math"
	"slices"
	"testing"
)

// A law on cells that are whole numbers of others keeps the mass of each; on cells whose
// faces do not meet there is none.
func TestRestrictionAddsTheCellsOfEach(t *testing.T) {
	p := read(t, axis("x", "range = [0, 1]\ncells = 8")+axis("y", "range = [1, 9]\ncells = 6\nspacing = \"log\"")+"[process]\ndiffusion = 1\n").Problem
	fine, err := p.Grid()
	if err != nil {
		t.Fatal(err)
	}
	wide, err := p.coarser(4, 2)
	if err != nil {
		t.Fatal(err)
	}
	m := make([]float64, fine.Size())
	for i := range m {
		m[i] = math.Ldexp(1, i) // every sum says what is in it
	}
	want := make([]float64, wide.Size())
	for i, v := range m {
		want[i%8/4+i/8/2*2] += v
	}
	if got := restricted(wide, fine, m); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if wide, err = p.coarser(3, 1); err != nil || restricted(wide, fine, m) != nil {
		t.Errorf("3 cells of 8 have a law, %v", err)
	}
}
