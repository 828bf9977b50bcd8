package expr

import "testing"

// A margin is positive exactly where its comparison holds.
func TestMarginsHaveTheSignOfTheirComparisons(t *testing.T) {
	s := NewScope()
	for _, name := range []string{"x", "y"} {
		if err := s.Variable(name); err != nil {
			t.Fatal(err)
		}
	}
	for _, source := range []string{"x > 1", "x^2 <= y + 1", "x >= 0 && y < x", "x < -1 || y > 2 || x*y > 1", "!(x > 0 && y > 0)"} {
		n := parsed(t, s, source)
		margin, ok := Margin(n)
		if !ok {
			t.Errorf("%s has no margin", source)
			continue
		}
		p, err := Compile([]string{"x", "y"}, n, margin)
		if err != nil {
			t.Fatal(err)
		}
		in, out := [][]float64{nil, nil}, [][]float64{make([]float64, 400), make([]float64, 400)}
		for i := range 400 { // off every boundary above
			in[0], in[1] = append(in[0], -2.97+0.3*float64(i%20)), append(in[1], -2.93+0.3*float64(i/20))
		}
		p.Eval(out, in)
		for i, holds := range out[0] {
			if (holds == 1) != (out[1][i] > 0) {
				t.Errorf("%s at (%v, %v) is %v with margin %v", source, in[0][i], in[1][i], holds, out[1][i])
			}
		}
	}
	for _, source := range []string{"x + y", "x == 1", "x > 0 && x != 1", "(x > 0)*2"} {
		if m, ok := Margin(parsed(t, s, source)); ok {
			t.Errorf("%s has the margin %v", source, m)
		}
	}
}
