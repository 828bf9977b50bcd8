package expr

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// columns returns n random points per input, some of them special.
func columns(inputs, n int) [][]float64 {
	r := rand.New(rand.NewPCG(3, 4))
	special := []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN(), 1e300, 5e-324}
	in := make([][]float64, inputs)
	for j := range in {
		in[j] = make([]float64, n)
		for i := range in[j] {
			in[j][i] = 2 * r.NormFloat64()
			if r.IntN(20) == 0 {
				in[j][i] = special[r.IntN(len(special))]
			}
		}
	}
	return in
}

func matrix(outputs, n int) [][]float64 {
	dst := make([][]float64, outputs)
	for k := range dst {
		dst[k] = make([]float64, n)
	}
	return dst
}

// everything returns an expression for every operation, with numbers and
// variables on either side.
func everything(t testing.TB, s *Scope) []*Node {
	var all []*Node
	for name, f := range functions {
		switch {
		case name == "polygamma":
			all = append(all, parsed(t, s, "polygamma(0, x) + polygamma(2, y)"))
		case f.least == 1:
			all = append(all, parsed(t, s, name+"(x*y - z)"))
		default:
			for _, list := range []string{"x, y", "x, 0.5", "0.5, x", "z, y"} {
				all = append(all, parsed(t, s, name+"("+list+")"))
			}
		}
	}
	for o := range binaryOps {
		for _, form := range []string{"x %s y", "x %s 0.5", "0.5 %s y", "z %s (x + y)"} {
			all = append(all, parsed(t, s, fmt.Sprintf(form, o)))
		}
	}
	for n := -6; n <= 6; n++ {
		all = append(all, parsed(t, s, fmt.Sprintf("x^(%d)", n)))
	}
	for _, src := range []string{"not (x - y)", "-(x*y)", "x > 0 ? y : z", "x ? 1 : z", "z ? x : 2", "diff(x^y, y)", "3", "x", "x"} {
		all = append(all, parsed(t, s, src))
	}
	return all
}

func identical(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

func TestColumnsEqualPointsBitForBit(t *testing.T) {
	const n = 2*chunk + 37
	s := newScope(t)
	all := everything(t, s)
	in, dst := columns(3, n), matrix(len(all), n)
	p, err := Compile([]string{"x", "y", "z"}, all...)
	must(t, err)
	p.Eval(dst, in)
	point := matrix(len(all), 1)
	for i := range n {
		p.Eval(point, [][]float64{in[0][i : i+1], in[1][i : i+1], in[2][i : i+1]})
		for k := range all {
			if !identical(dst[k][i], point[k][0]) {
				t.Fatalf("%v at (%v, %v, %v): column %v, point %v", all[k], in[0][i], in[1][i], in[2][i], dst[k][i], point[k][0])
			}
		}
	}
}

func TestScalarInputsEqualConstantColumns(t *testing.T) {
	const n = chunk + 5
	s := newScope(t)
	all := everything(t, s)
	p, err := Compile([]string{"x", "y", "z"}, all...)
	must(t, err)
	for scalars := range 8 {
		short, long := columns(3, n), columns(3, n)
		for j := range short {
			if scalars>>j&1 == 1 {
				short[j] = short[j][:1]
				fill(long[j], long[j][0])
			}
		}
		got, want := matrix(len(all), n), matrix(len(all), n)
		p.Eval(got, short)
		p.Eval(want, long)
		for k := range all {
			for i := range n {
				if !identical(got[k][i], want[k][i]) {
					t.Fatalf("%v, scalars %b, point %d: %v, want %v", all[k], scalars, i, got[k][i], want[k][i])
				}
			}
		}
	}
}

func TestEachOutputAloneEqualsAllTogether(t *testing.T) {
	const n = chunk + 1
	s := newScope(t)
	all := everything(t, s)
	in, together, alone := columns(3, n), matrix(len(all), n), matrix(1, n)
	p, err := Compile([]string{"x", "y", "z"}, all...)
	must(t, err)
	p.Eval(together, in)
	for k := range all {
		q, err := Compile([]string{"x", "y", "z"}, all[k])
		must(t, err)
		q.Eval(alone, in)
		for i := range n {
			if !identical(alone[0][i], together[k][i]) {
				t.Fatalf("%v, point %d: alone %v, together %v", all[k], i, alone[0][i], together[k][i])
			}
		}
	}
}

func TestEvalDoesNotAllocate(t *testing.T) {
	s := newScope(t)
	p, err := Compile([]string{"x", "y", "z"}, everything(t, s)...)
	must(t, err)
	in, dst := columns(3, 1000), matrix(len(p.outputs), 1000)
	in[2] = in[2][:1]
	e := newEvaluator(p)
	for name, eval := range map[string]func(dst, in [][]float64){"Program": p.Eval, "Evaluator": e.Eval} {
		if got := testing.AllocsPerRun(20, func() { eval(dst, in) }); got != 0 {
			t.Errorf("%s: %v allocations, want 0", name, got)
		}
	}
}

func TestConcurrentEvaluationsAgree(t *testing.T) {
	s := newScope(t)
	p, err := Compile([]string{"x", "y", "z"}, everything(t, s)...)
	must(t, err)
	in, want := columns(3, 3000), matrix(len(p.outputs), 3000)
	p.Eval(want, in)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			got := matrix(len(p.outputs), 3000)
			p.Eval(got, in)
			for k := range want {
				for i := range want[k] {
					if !identical(got[k][i], want[k][i]) {
						t.Errorf("output %d, point %d: %v, want %v", k, i, got[k][i], want[k][i])
						return
					}
				}
			}
		})
	}
	wait.Wait()
}

func TestWrongLengthsPanic(t *testing.T) {
	s := newScope(t)
	p, err := Compile([]string{"x", "y"}, parsed(t, s, "x + y"))
	must(t, err)
	for name, c := range map[string][2][][]float64{
		"outputs": {matrix(2, 3), columns(2, 3)},
		"inputs":  {matrix(1, 3), columns(1, 3)},
		"length":  {matrix(1, 3), columns(2, 2)},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			p.Eval(c[0], c[1])
		}()
	}
}

func TestCompileNamesMissingInputs(t *testing.T) {
	s := newScope(t)
	_, err := Compile([]string{"x", "y"}, parsed(t, s, "x + z"))
	if want := `expr: variable "z" is not an input, wanted one of x, y`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestCompileReadsEachSharedOperationOnce(t *testing.T) {
	s := newScope(t)
	p, err := Compile([]string{"x", "y"}, parsed(t, s, "exp(x*y) + sin(y*x)"), parsed(t, s, "exp(y*x)"))
	must(t, err)
	if got := len(p.instructions); got != 4 {
		t.Errorf("%d instructions, want 4", got)
	}
	if p.columns != 1 { // x*y, then sin in its place; both exp and the sum go to the outputs
		t.Errorf("%d columns, want 1", p.columns)
	}
}

func TestIntervals(t *testing.T) {
	inf := math.Inf(1)
	type set = [][2]float64
	for _, c := range []struct {
		src, axis string
		holds     set
	}{
		{"x > 2", "x", set{{2, inf}}}, {"2 >= x", "x", set{{-inf, 2}}}, {"0 < x < 1", "x", set{{0, 1}}}, {"2*x + 1 >= 0", "x", set{{-0.5, inf}}},
		{"1 - x/2 > x", "x", set{{-inf, 2. / 3}}}, {"y < k", "y", set{{-inf, 2}}}, {"not y < k", "y", set{{2, inf}}},
		{"x > 0 and x < 3 and 2*x < 4", "x", set{{0, 2}}}, {"-(x - 1) < 1", "x", set{{0, inf}}}, {"x > 1 and x < 0", "x", nil},
		{"3*(x + 1) < 2*(x - 1)", "x", set{{-inf, -5}}},
		{"x > 0 or x < -1", "x", set{{-inf, -1}, {0, inf}}}, {"not (0 < x < 1)", "x", set{{-inf, 0}, {1, inf}}},
		{"(x > 0 or x < -1) and not (2 < x < 3) and x < 4", "x", set{{-inf, -1}, {0, 2}, {3, 4}}}, {"x > 0 or x < 1", "x", set{{-inf, inf}}},
		{"x > y", "", nil}, {"x > 0 and y > 0", "", nil}, {"x^2 > 1", "", nil}, {"x > 0 or x^2 > 1", "", nil},
		{"x == 1", "", nil}, {"z > 1", "", nil}, {"1 > 0", "", nil}, {"x", "", nil}, {"x - x > 1", "", nil},
		{"abs(x) < 1", "", nil}, {"(x > 1) > 0.5", "", nil}, {"x*y > 0", "", nil}, {"not x", "", nil}, {"x > 0 and x", "", nil},
	} {
		s := newScope(t)
		axis, holds, ok := Intervals(parsed(t, s, c.src), []string{"x", "y"})
		near := func(a, b [2]float64) bool {
			return a == b || math.Abs(a[0]-b[0]) <= 1e-15 && a[1] == b[1] || a[0] == b[0] && math.Abs(a[1]-b[1]) <= 1e-15
		}
		if !ok {
			axis, holds = "", nil
		}
		if ok != (c.axis != "") || axis != c.axis || !slices.EqualFunc(holds, c.holds, near) {
			t.Errorf("%s: %q, %v, %v, want %q, %v", c.src, axis, holds, ok, c.axis, c.holds)
		}
	}
}

func TestBoolean(t *testing.T) {
	s := newScope(t)
	for src, want := range map[string]bool{
		"x > 2": true, "x > 0 and y": true, "not x": true, "0 < x < 1": true, "(x > 0)*(y > 0)": true,
		"x > 0 ? y > 0 : 0": true, "x > 0 ? 1 : 0": true, "x == 1": true,
		"x": false, "2*(x > 0)": false, "(x > 0) + (y > 0)": false, "x > 0 ? 2 : 0": false, "1 > 0": false, "x*(y > 0)": false,
	} {
		if got := parsed(t, s, src).Boolean(); got != want {
			t.Errorf("%s: %v, want %v", src, got, want)
		}
	}
}

func TestVariablesAndUses(t *testing.T) {
	s := newScope(t)
	for i := range 100 { // more than one word of the set
		must(t, s.Variable(fmt.Sprintf("c%d", i)))
	}
	n := parsed(t, s, "c99*x + sin(c3) + 0*y")
	if got := strings.Join(n.Variables(), " "); got != "x c3 c99" {
		t.Errorf("variables %s, want x c3 c99", got)
	}
	if !n.Uses("c99") || n.Uses("y") || n.Uses("nothing") {
		t.Error("Uses differs from Variables")
	}
}

// source draws a well-formed source.
func source(depth int) *rapid.Generator[string] {
	atom := rapid.SampledFrom([]string{"x", "y", "z", "k", "2", "0.5", "3", "-1", "pi", "slope"})
	if depth == 0 {
		return atom
	}
	return rapid.Custom(func(t *rapid.T) string {
		sub := func() string { return source(depth-1).Draw(t, "operand") }
		switch rapid.IntRange(0, 8).Draw(t, "form") {
		case 0:
			return atom.Draw(t, "atom")
		case 1, 2, 3:
			o := rapid.SampledFrom([]string{"+", "-", "*", "/", "-", "*"}).Draw(t, "operator")
			return "(" + sub() + ")" + o + "(" + sub() + ")"
		case 4:
			o := rapid.SampledFrom(keys(binaryOps)).Draw(t, "operator")
			return "(" + sub() + ")" + o + "(" + sub() + ")"
		case 5:
			return "(" + sub() + ")^" + rapid.SampledFrom([]string{"2", "3", "-1", "-2", "0.5", "y"}).Draw(t, "exponent")
		case 6:
			return rapid.SampledFrom([]string{"-", "not "}).Draw(t, "sign") + "(" + sub() + ")"
		case 7:
			return "(" + sub() + ") ? (" + sub() + ") : (" + sub() + ")"
		}
		f := rapid.SampledFrom([]string{"sin", "tanh", "exp", "sqrt", "abs", "hill", "sigmoid", "log"}).Draw(t, "function")
		return f + "(" + sub() + ")"
	})
}

// near compares up to rounding; where the two differ by an overflow or a
// vanishing division, a test must look elsewhere.
func near(a, b float64) bool {
	return identical(a, b) || math.Abs(a-b) <= 1e-9*(1+math.Abs(a)+math.Abs(b)) ||
		math.IsNaN(a) || math.IsNaN(b) || math.IsInf(a, 0) || math.IsInf(b, 0)
}

func TestPrintedExpressionsReadBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newScope(t)
		n := parsed(t, s, source(4).Draw(rt, "source"))
		text := n.String()
		back, err := s.Parse(text)
		if err != nil {
			rt.Fatalf("%s does not read back: %v", text, err)
		}
		if back == n || back.String() == text {
			return
		}
		a, b := at(t, n, 0.7, 1.3, -0.4), at(t, back, 0.7, 1.3, -0.4)
		if !near(a, b) {
			rt.Fatalf("%s reads back as %s: %v, want %v", text, back, b, a)
		}
	})
}

func TestDiffIsLinear(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newScope(t)
		f, g := parsed(t, s, source(3).Draw(rt, "f")), parsed(t, s, source(3).Draw(rt, "g"))
		c := s.Number(rapid.SampledFrom([]float64{2, -3, 0.25}).Draw(rt, "c"))
		df, err := f.Diff("x")
		must(t, err)
		dg, err := g.Diff("x")
		must(t, err)
		sum, err := Add(Mul(c, f), g).Diff("x")
		must(t, err)
		got, want := at(t, sum, 0.7, 1.3, -0.4), at(t, Add(Mul(c, df), dg), 0.7, 1.3, -0.4)
		if !near(got, want) {
			rt.Fatalf("(c·f + g)′ = %v, want %v", got, want)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, src := range []string{
		"x - x^3", "-diff(U, x)", "0 < x < 1", "not x > 2 and y < 1", "x > 0 ?.5 : 1", "hill(x)^-2", "min(x, y, 3)",
		"let a = 1; a", "x[0]", "map(x, {# > 1})", "x | abs()", "'a' contains 'b'", "diff(diff(gamma(x), x), x)", "1e308*10", "x ?? y", "b'\\u{1}'", "((", "x?y:",
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		s := newScope(t)
		n, err := s.Parse(src)
		if err != nil {
			return
		}
		text := n.String()
		if _, err := s.Parse(text); err != nil && len(text) < maxPrinted && !strings.Contains(err.Error(), errDeep.Error()) {
			t.Errorf("%q prints as %q, which does not read back: %v", src, text, err)
		}
		if _, err := n.Diff("x"); err != nil && !strings.Contains(err.Error(), tooLarge) {
			t.Error(err)
		}
		p, err := Compile([]string{"x", "y", "z"}, n)
		must(t, err)
		p.Eval(matrix(1, 3), columns(3, 3))
	})
}

func BenchmarkEval(b *testing.B) {
	const n = 65536
	for _, c := range []struct{ name, src string }{
		{"cubic", "x - x^3"},
		{"coupled", "-(k*x + 0.5*y)*x^2 + y/(1 + x^2)"},
		{"tanh", "tanh(y*x + z) - x"},
		{"gradient", "diff(0.5*(y*tanh(x*z) - 1)^2 + 0.1*x^2, x)"},
		{"third", "diff(diff(diff(exp(-x^2/2)*sin(y*x), x), x), x)"},
		{"truth", "0 < x < 1 and y > x"},
		{"gamma", "diff(gamma(1 + x^2), x)"},
	} {
		b.Run(fmt.Sprintf("%s/points=%d", c.name, n), func(b *testing.B) {
			s := newScope(b)
			p, err := Compile([]string{"x", "y", "z"}, parsed(b, s, c.src))
			must(b, err)
			in, dst := matrix(3, n), matrix(1, n)
			r := rand.New(rand.NewPCG(5, 6))
			for i := range n {
				in[0][i], in[1][i], in[2][i] = r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
			}
			b.ReportAllocs()
			for b.Loop() {
				p.Eval(dst, in)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/point")
			b.ReportMetric(float64(len(p.instructions)), "operations")
		})
	}
}
