package expr

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// separated returns the terms of a source in u, v against x, y, z, whose innermost
// functions are centred by ½.
func separated(t *testing.T, source string, most int) (n *Node, terms []Factors, ok bool) {
	t.Helper()
	s := NewScope()
	for _, name := range []string{"u", "v", "x", "y", "z"} {
		if err := s.Variable(name); err != nil {
			t.Fatal(err)
		}
	}
	n, err := s.Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	split := &Separation{Outer: []string{"u", "v"}, Center: func(*Node) float64 { return 0.5 }, Most: most}
	terms, ok = split.Of(n)
	return n, terms, ok
}

func TestSeparatedTermsSumToTheExpression(t *testing.T) {
	for source, count := range map[string]int{
		"u": 1, "x": 2, "3": 1, "(u*x + v - y)^2": 6, "(u^2 - 1)^2*x/y": 4, "exp(u)*log(z) - sin(v)": 2,
		"u*x/v/z": 4, "u/(v*x)^2": 3, "(u*x - v)^3": 4, "x > 0 ? u*y : -v^2": 5, "-(u - x)*(v - y)": 4, "(u*x + v*y)^4/4": 15,
	} {
		n, terms, ok := separated(t, source, 64)
		if !ok || len(terms) != count {
			t.Errorf("%s: %d terms, %v, want %d", source, len(terms), ok, count)
			continue
		}
		all := []*Node{n}
		for _, f := range terms {
			if f.A.Uses("x") || f.A.Uses("y") || f.A.Uses("z") || f.B.Uses("u") || f.B.Uses("v") {
				t.Errorf("%s: the term %v · %v is not separated", source, f.A, f.B)
			}
			all = append(all, Mul(f.A, f.B))
		}
		p, err := Compile([]string{"u", "v", "x", "y", "z"}, all...)
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(1, 2))
		in, out := make([][]float64, 5), make([][]float64, len(all))
		for j := range in {
			in[j] = []float64{random.Float64() + .1}
		}
		for j := range out {
			out[j] = make([]float64, 1)
		}
		p.Eval(out, in)
		sum, size := 0.0, 0.0
		for _, v := range out[1:] {
			sum, size = sum+v[0], size+math.Abs(v[0])
		}
		if math.Abs(sum-out[0][0]) > 1e-14*size {
			t.Errorf("%s: terms sum to %v, want %v", source, sum, out[0][0])
		}
	}
}

func TestWhatCannotBeSeparatedIsNot(t *testing.T) {
	for _, source := range []string{
		"softplus(u*x)", "1/(u + x)", "u/(u + x)", "abs(u - x)", "(u*x)^0.5", "u > x", "u > 0 ? x : v", "exp(u + x)", "max(u, x)", "(u + x)^-2",
		"(u + v*x + y)^20", strings.Repeat("(u + x*v + y)*", 20) + "1",
	} {
		if _, terms, ok := separated(t, source, 64); ok {
			t.Errorf("%s: %d terms, want none", source, len(terms))
		}
	}
	if _, _, ok := separated(t, "(u*x + v - y)^2", 5); ok {
		t.Error("6 terms were no more than 5")
	}
}
