package expr

import "testing"

func TestEveryCallDrawsANumberOfItsOwn(t *testing.T) {
	s := NewScope()
	n, draws, err := s.ParseRandom("normal(1, 2) - normal(1, 2) + (bernoulli(0.25) ? 1 : uniform(0, 3))")
	if err != nil {
		t.Fatal(err)
	}
	var inputs []string
	for _, d := range draws {
		inputs = append(inputs, d.Name)
	}
	if len(draws) != 4 || draws[0].Name == draws[1].Name || draws[2].Kind != Bernoulli || draws[3].Kind != Uniform {
		t.Fatalf("%v, want two normal draws, one with a chance, one uniform", draws)
	}
	if p, ok := draws[2].Chance.Constant(); !ok || p != 0.25 {
		t.Errorf("chance %v, want 0.25", draws[2].Chance)
	}
	p, err := Compile(inputs, n)
	if err != nil {
		t.Fatal(err)
	}
	out := [][]float64{make([]float64, 2)}
	p.Eval(out, [][]float64{{1, 1}, {-1, 0}, {0, 1}, {.5, .5}})
	if out[0][0] != 2*2+1.5 || out[0][1] != 2+1 {
		t.Errorf("%v, want 5.5 and 3", out[0])
	}
	if _, err := s.Parse("normal(0, 1)"); err == nil {
		t.Error("a plain expression drew a number")
	}
}

func TestDegreeOfPolynomials(t *testing.T) {
	s := NewScope()
	for _, name := range []string{"x", "y", "z"} {
		if err := s.Variable(name); err != nil {
			t.Fatal(err)
		}
	}
	of := map[string]int{"x": 1, "y": 3}
	for source, want := range map[string]int{
		"1": 0, "x": 1, "z": 0, "x*y - x": 4, "(x + z)^3/z": 3, "exp(z)*x^2 + y": 3, "-x*(x > 0 ? 1 : 2)": -1,
		"z > 0 ? x^2 : y*x": 4, "exp(x)": -1, "x/(1 + x)": -1, "x^-1": -1, "x^0.5": -1, "abs(x)": -1, "x*0": 0,
	} {
		n, err := s.Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := n.Degree(of); ok != (want >= 0) || ok && got != want {
			t.Errorf("%s: degree %d, %v, want %d", source, got, ok, want)
		}
	}
	n, _ := s.Parse("x + 1")
	if _, ok := n.Degree(map[string]int{"x": -1}); ok {
		t.Error("a sum with no polynomial is one")
	}
}
