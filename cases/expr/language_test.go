package expr

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// newScope has the variables x, y, z, the constants k = 2 and gamma = 3, and
// some definitions.
func newScope(t testing.TB) *Scope {
	t.Helper()
	s := NewScope()
	for _, name := range []string{"x", "y", "z"} {
		must(t, s.Variable(name))
	}
	must(t, s.Constant("k", 2))
	must(t, s.Constant("gamma", 3))
	must(t, s.Define("U", "k*x^2/2 + slope"))
	must(t, s.Define("slope", "x*y"))
	must(t, s.Define("hill(z)", "z^2/(1 + z^2)"))
	must(t, s.Define("gradient(f)", "diff(f, x)"))
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func parsed(t testing.TB, s *Scope, src string) *Node {
	t.Helper()
	n, err := s.Parse(src)
	must(t, err)
	return n
}

// at evaluates n at one point.
func at(t testing.TB, n *Node, x, y, z float64) float64 {
	t.Helper()
	p, err := Compile([]string{"x", "y", "z"}, n)
	must(t, err)
	dst := [][]float64{{0}}
	p.Eval(dst, [][]float64{{x}, {y}, {z}})
	return dst[0][0]
}

func TestPrecedence(t *testing.T) {
	const x, y = 0.75, 1.25
	for _, c := range []struct {
		src  string
		want float64
	}{
		{"-x^2", -x * x},
		{"(-x)^2", x * x},
		{"2^-1", 0.5},
		{"2^-x^2", math.Pow(2, -x*x)},
		{"2^3^2", 512},
		{"2**3**2", 512},
		{"-2^2", -4},
		{"x - y - 1", x - y - 1},
		{"x/y/2", x / y / 2},
		{"x/y*2", x / y * 2},
		{"x + y*2", x + y*2},
		{"x*-y", -x * y},
		{"2 - -x", 2 + x},
		{"- - x", x},
		{"x < y", 1},
		{"0 < x < 1", 1},
		{"0 < y < 1", 0},
		{"1 > x >= 0.75", 1},
		{"not x > y", 1},
		{"! x > y", 1},
		{"not x > y and y > 1", 1},
		{"not (x > y or y > 1)", 0},
		{"not not x < y", 1},
		{"x > 1 or y > 1 and x < 0", 0},
		{"(x > 1 or y > 1) && x > 0", 1},
		{"x > 1 || y > 1", 1},
		{"(x < y) + (x < 1)", 2},
		{"x > y ? 1 : x > 0 ? 2 : 3", 2},
		{"x > 0 ?.5:1", 0.5},
		{"(x > y ? 1 : 2) * 3", 6},
		{"x and y", 1},
		{"x == 0.75", 1},
		{"x != 0.75", 0},
		{"x^2^0.5", math.Pow(x, math.Sqrt2)},
		{"1e3 + .5 + 5.", 1005.5},
		{"100000000000000000000", 1e20},
		{"min(x, y, 0.5)", 0.5},
		{"max(3, x, y, 1)", 3},
		{"e^x", math.Exp(x)},
		{"2*pi", 2 * math.Pi},
	} {
		s := newScope(t)
		if got := at(t, parsed(t, s, c.src), x, y, 0); math.Abs(got-c.want) > 1e-15*math.Abs(c.want) {
			t.Errorf("%s = %v, want %v", c.src, got, c.want)
		}
	}
}

// Of something that is no number nothing is true or false, unless the rest decides
// (Kleene 1952).
func TestComparisonsOfNoNumberAreNone(t *testing.T) {
	nan := math.NaN()
	for src, want := range map[string]float64{
		"log(x) < 0":           nan,
		"not log(x) < 0":       nan,
		"log(x) == log(x)":     nan,
		"x > 0 and log(x) < 0": 0,
		"log(x) < 0 and y > 0": nan,
		"x < 0 or log(x) < 0":  1,
		"x > 0 or log(x) < 0":  nan,
		"log(x) < 0 ? 1 : 2":   nan,
		"x > 0 ? log(x) : 3":   3,
		"not log(x)":           nan,
		"log(x + 1) < 0":       1, // −∞ is below
	} {
		s := newScope(t)
		if got := at(t, parsed(t, s, src), -1, 2, 0); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%s = %v, want %v", src, got, want)
		}
	}
}

func TestValuesAndFunctionsHaveSeparateNameSpaces(t *testing.T) {
	s := newScope(t)
	must(t, s.Variable("min"))
	must(t, s.Constant("sum", 5))
	must(t, s.Define("sum(a, b)", "a + b"))
	for src, want := range map[string]float64{
		"gamma*gamma(4)":                   18,
		"gamma(gamma + 1)":                 6,
		"sum(sum, 1)":                      6,
		"diff(min(min, 3)*0 + 5*min, min)": 5,
	} {
		if got, err := s.Value(src); err != nil || got != want {
			t.Errorf("%s = %v, %v, want %v", src, got, err, want)
		}
	}
}

func TestUserHidesEAndPi(t *testing.T) {
	s := newScope(t)
	parsed(t, s, "e") // remembered nothing that a later name contradicts
	must(t, s.Define("twice", "2*e"))
	must(t, s.Check())
	must(t, s.Constant("e", 10))
	if got, err := s.Value("twice"); err != nil || got != 20 {
		t.Errorf("2*e = %v, %v, want 20", got, err)
	}
}

func TestArgumentsHideEverything(t *testing.T) {
	s := newScope(t)
	must(t, s.Define("f(x, k)", "x - k"))
	if got := at(t, parsed(t, s, "f(y, 10*x)"), 1, 2, 0); got != -8 {
		t.Errorf("f(y, 10x) = %v, want −8", got)
	}
}

func TestDefinitionsMayStandInAnyOrder(t *testing.T) {
	s := newScope(t)
	must(t, s.Check())
	if got := at(t, parsed(t, s, "-diff(U, x)"), 0.5, 0.25, 0); got != -1.25 {
		t.Errorf("−∂U/∂x = %v, want −1.25", got)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for src, want := range map[string]string{
		"":                  `empty, wanted an expression`,
		"x +":               `unexpected end`,
		"x y":               `unexpected "y" at column 3`,
		"(x":                `a closing ) is missing`,
		"sqrt(x + (2*x)":    `a closing ) is missing`,
		"2(x + 1)":          `unexpected "(" at column 2: write 2*(…)`,
		"x > 1 and 0.5 x":   `write 0.5*x`,
		"3e":                `invalid`,
		"1 + np.exp(x)":     `"." is access to a member: not part of the language at column 7: write exp(x)`,
		"math.pi*x":         `write pi`,
		"x)":                `")" closes nothing at column 2`,
		"()":                `unexpected ")" at column 2`,
		"not":               `unexpected`,
		"x + not y":         `"not" needs parentheses around it here at column 5`,
		"2x":                `bad number syntax: "2x" at column 2: write 2*x`,
		"slop":              `unknown name "slop", did you mean "slope"?`,
		"sni(x)":            `unknown function "sni", did you mean "sin"?`,
		"hil(x)":            `unknown function "hil", did you mean "hill"?`,
		"ln(x)":             `unknown function "ln": write log(x)`,
		"x(2)":              `"x" is a value, not a function: write x*(…) for a product`,
		"sin":               `"sin" is a function, wanted sin(…)`,
		"hill":              `"hill" is a function, wanted hill(…)`,
		"sin(x, y)":         `sin: 2 arguments, wanted 1 argument`,
		"atan2(x)":          `atan2: 1 argument, wanted 2 arguments`,
		"min(x)":            `min: 1 argument, wanted at least 2 arguments`,
		"hill(x, y)":        `hill: 2 arguments, wanted 1 argument`,
		"diff(x)":           `diff: 1 argument, wanted 2 arguments, an expression and a variable`,
		"diff(x, x + 1)":    `diff: the second argument is an expression, wanted a variable's name`,
		"diff(x, k)":        `diff: "k" is a constant, wanted a variable`,
		"diff(x, U)":        `diff: "U" is a definition, wanted a variable`,
		"diff(x, pi)":       `diff: "pi" is a constant, wanted a variable`,
		"diff(x, q)":        `diff: unknown variable "q"`,
		"polygamma(x,x)":    `polygamma: order x, wanted a whole number from 0 to 60`,
		"x == y < z":        `== or != beside another comparison needs parentheses at column 8`,
		"x = 1":             `"=" is an assignment, wanted ==: not part of the language at column 3`,
		"let a = 1; a":      `"let" is a declaration`,
		"if x {1} else {2}": `"if" is a statement, wanted c ? a : b`,
		"x | abs()":         `"|" is a pipe`,
		"x; y":              `";" is a sequence`,
		"[x]":               `"[" is an array or an index`,
		"x[0]":              `"[" is an array or an index`,
		"{x: 1}":            `"{" is a map or a block`,
		"x.y":               `"." is access to a member`,
		"x?.y":              `"?." is access to a member`,
		"x ?? y":            `"??" is a default`,
		"x ?: y":            `nothing stands between "?" and ":"`,
		"::abs(x)":          `"::" is a name space`,
		"1..2":              `".." is a range`,
		"x in y":            `"in" is membership`,
		"x not in y":        `"not" needs parentheses`,
		"x matches y":       `"matches" is a text operator`,
		"x contains y":      `"contains" is a text operator`,
		"x % 2":             `"%" is a remainder`,
		"x & y":             `"&" is a single &, wanted && or and`,
		"'x'":               `text is not part of the language`,
		"`x`":               `text is not part of the language`,
		"b'x'":              `text is not part of the language`,
		"true":              `"true" is a truth value, wanted 1`,
		"nil":               `"nil" is an empty value`,
		"#":                 `"#" is a pointer`,
		"x // 2":            `a comment is not part of the language`,
		"x /* 2 */":         `a comment is not part of the language`,
		"1e400":             `value out of range`,
		"count(x, # > 1)":   `"#" is a pointer`,
		"map(x, y)":         `unknown function "map"`,
		"\xff":              `unrecognized character`,
		"gradient(x, )":     `unexpected ")"`,
	} {
		s := newScope(t)
		_, err := s.Parse(src)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "expr: ") {
			t.Errorf("%q: error %v, want %s", src, err, want)
		}
	}
}

func TestUnknownNamesAreTold(t *testing.T) {
	s := newScope(t)
	for src, want := range map[string]string{"x + nothing": "nothing", "x +": "", "nothing(x)": ""} {
		_, err := s.Parse(src)
		if wrong := (*Error)(nil); !errors.As(err, &wrong) || wrong.Unknown != want {
			t.Errorf("%q: %#v, want the unknown name %q", src, err, want)
		}
	}
}

func TestDeclarationsAreChecked(t *testing.T) {
	s := newScope(t)
	for want, err := range map[string]error{
		`variable "x": the name is already a variable`:    s.Variable("x"),
		`constant "x": the name is already a variable`:    s.Constant("x", 1),
		`definition "k": the name is already a constant`:  s.Define("k", "1"),
		`definition "and": a word of the language`:        s.Define("and", "1"),
		`variable "2x": wanted a letter`:                  s.Variable("2x"),
		`variable "": empty`:                              s.Variable(""),
		`variable "$": wanted a letter`:                   s.Variable("$"),
		`constant "c": value NaN, wanted a finite number`: s.Constant("c", math.NaN()),
		`function "sin": the language has a function`:     s.Define("sin(x)", "1"),
		`function "diff": the language has a function`:    s.Define("diff(x)", "1"),
		`function "hill": defined twice`:                  s.Define("hill(q)", "1"),
		`definition "f(x": no closing parenthesis`:        s.Define("f(x", "1"),
		`definition "f()": argument "": empty`:            s.Define("f()", "1"),
		`definition "f(a, a)": two arguments "a"`:         s.Define("f(a, a)", "1"),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestCyclesAreNamed(t *testing.T) {
	s := newScope(t)
	must(t, s.Define("a", "b + 1"))
	must(t, s.Define("b", "2*a"))
	must(t, s.Define("f(z)", "f(z - 1)"))
	must(t, s.Define("bad", "x +"))
	must(t, s.Define("worse", "bad + 1"))
	err := s.Check()
	if err == nil {
		t.Fatal("no error, want two cycles and a mistake")
	}
	for _, want := range []string{"a → b → a", "f → f", `definition "bad" = "x +": unexpected end`} {
		if strings.Count(err.Error(), want) != 1 {
			t.Errorf("error %v, want once %s", err, want)
		}
	}
	if n := strings.Count(err.Error(), "\n"); n != 2 {
		t.Errorf("%d lines, want 3: %v", n+1, err)
	}
	_, err = s.Parse("x + worse")
	if e := new(Error); !errors.As(err, &e) || e.Definition != "bad" {
		t.Errorf("error %v, want one of the definition bad", err)
	}
}

func TestValueWantsConstants(t *testing.T) {
	s := newScope(t)
	if v, err := s.Value("k/4 + pi"); err != nil || v != 0.5+math.Pi {
		t.Errorf("k/4 + pi = %v, %v", v, err)
	}
	for src, want := range map[string]string{
		"x + k*y":  "depends on x, y, wanted constants only",
		"sqrt(-1)": "value NaN, wanted a finite number",
		"1/0":      "value +Inf, wanted a finite number",
	} {
		if _, err := s.Value(src); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", src, err, want)
		}
	}
}

// TestBombsAreRefused gives sources that would exhaust a stack or the memory.
func TestBombsAreRefused(t *testing.T) {
	const n = 20_000
	deep := map[string]string{
		"parentheses": strings.Repeat("(", n) + "x" + strings.Repeat(")", n),
		"open":        strings.Repeat("(", n),
		"calls":       strings.Repeat("abs(", n/2) + "x" + strings.Repeat(")", n/2),
		"minus":       strings.Repeat("-", n) + "x",
		"powers":      strings.Repeat("x^", n) + "x",
		"not":         strings.Repeat("not ", n/2) + "x",
		"!":           strings.Repeat("!", n) + "x",
		"choices":     strings.Repeat("x?x:", n/2) + "x",
		"conditions":  strings.Repeat("x?", n) + "x",
		"mixed":       strings.Repeat("x+(x*-", n/4) + "x" + strings.Repeat(")", n/4),
		"long":        strings.Repeat("x+", 5<<20) + "x",
		"chains":      strings.Repeat("(0<", 150) + "x" + strings.Repeat("<y)", 150), // shared middles
	}
	for name, src := range deep {
		start := time.Now()
		_, err := newScope(t).Parse(src)
		if name != "chains" && err == nil {
			t.Errorf("%s: no error", name)
		}
		if name != "chains" && len(err.Error()) > 300 {
			t.Errorf("%s: message of %d bytes", name, len(err.Error()))
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
	}
}

func TestExpansionIsBounded(t *testing.T) {
	for name, body := range map[string]string{
		"shifts":    "f%[1]d(z + 1)*f%[1]d(2*z)",
		"products":  "f%[1]d(z*y) + f%[1]d(z/(1 + z))",
		"nested":    "f%[1]d(f%[1]d(z)^2 + 1)",
		"diff":      "diff(f%[1]d(z), z)*f%[1]d(z)",
		"constants": "f%[1]d(z*1.1)*sin(f%[1]d(z/1.3))",
	} {
		s := newScope(t)
		must(t, s.Define("f0(z)", "sin(z)*exp(z)"))
		for i := range 60 {
			must(t, s.Define(fmt.Sprintf("f%d(z)", i+1), fmt.Sprintf(body, i)))
		}
		start := time.Now()
		_, err := s.Parse("f60(x)")
		if err == nil || !strings.Contains(err.Error(), "expands to more than") {
			t.Errorf("%s: error %v, want one about its expansion", name, err)
		}
		if d := time.Since(start); d > 30*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
		if n, err := s.Parse("f0(x) + 1"); err != nil || len(s.nodes) > maxNodes {
			t.Errorf("%s: afterwards %v, %v, want the scope to work on", name, n, err)
		}
	}
}

// TestFoldingKeepsShiftsSmall has 2⁶⁰ calls, with 61 different arguments.
func TestFoldingKeepsShiftsSmall(t *testing.T) {
	s := newScope(t)
	must(t, s.Define("f0(z)", "sin(z)"))
	for i := range 60 {
		must(t, s.Define(fmt.Sprintf("f%d(z)", i+1), fmt.Sprintf("f%d(z + 1)*f%d(z + 2)", i, i)))
	}
	parsed(t, s, "f60(x)")
}

func TestSharingKeepsDoublingSmall(t *testing.T) {
	s := newScope(t)
	must(t, s.Define("a0", "sin(x)"))
	for i := range 150 {
		must(t, s.Define(fmt.Sprintf("a%d", i+1), fmt.Sprintf("a%d*cos(a%d + y)", i, i)))
	}
	n := parsed(t, s, "a150")
	if _, err := n.Diff("x"); err != nil {
		t.Error(err)
	}
	if got := len(s.nodes); got > 3000 {
		t.Errorf("%d nodes, want some thousand at most", got)
	}
	if got := len(n.String()); got > maxPrinted+3 {
		t.Errorf("printed %d bytes, want at most %d", got, maxPrinted)
	}
}

func TestLongSumsAreNoNesting(t *testing.T) {
	s := newScope(t)
	var b strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&b, "sin(%d*x) + ", i)
	}
	n := parsed(t, s, b.String()+"1")
	d, err := n.Diff("x")
	must(t, err)
	if got := at(t, d, 0, 0, 0); got != 4000*3999/2 {
		t.Errorf("derivative %v, want %v", got, 4000*3999/2)
	}
}
