package expr

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// universal holds the constants that a user's names may hide.
var universal = map[string]float64{"pi": math.Pi, "e": math.E}

// function is a function of the language.
type function struct {
	least, most int // arguments
	build       func([]*Node) (*Node, error)
}

func (f function) wanted() string {
	if f.most > f.least {
		return fmt.Sprintf("at least %s", plural(f.least))
	}
	return plural(f.least)
}

// functions lists the functions of the language; diff is read by the parser.
var functions = map[string]function{
	"sqrt": of1(opSqrt), "exp": of1(opExp), "log": of1(opLog),
	"sin": of1(opSin), "cos": of1(opCos), "tan": of1(opTan),
	"sinh": of1(opSinh), "cosh": of1(opCosh), "tanh": of1(opTanh),
	"asin": of1(opAsin), "acos": of1(opAcos), "atan": of1(opAtan),
	"abs": of1(opAbs), "sign": of1(opSign), "relu": of1(opRelu),
	"erf": of1(opErf), "gamma": of1(opGamma),
	"softplus": of1(opSoftplus), "sigmoid": of1(opSigmoid),
	"atan2": of2(opAtan2, 2), "hypot": of2(opHypot, 2),
	"min": of2(opMin, math.MaxInt), "max": of2(opMax, math.MaxInt),
	"polygamma": {2, 2, readPolygamma},
}

func of1(o op) function {
	return function{1, 1, func(a []*Node) (*Node, error) { return unary(o, a[0]), nil }}
}

func of2(o op, most int) function {
	return function{2, most, func(a []*Node) (*Node, error) {
		n := a[0]
		for _, b := range a[1:] {
			n = binary(o, n, b)
		}
		return n, nil
	}}
}

func readPolygamma(a []*Node) (*Node, error) {
	n, ok := a[0].Constant()
	if !ok || n != math.Trunc(n) || n < 0 || n > maxPolygamma {
		return nil, fmt.Errorf("polygamma: order %v, wanted a whole number from 0 to %d", a[0], maxPolygamma)
	}
	return psi(int(n), a[1]), nil
}

// Functions returns the names of the language's functions, sorted.
func Functions() []string { return slices.Sorted(maps.Keys(functions)) }

// customary gives this language's word for what other languages call otherwise.
var customary = map[string]string{
	"ln": "log(x)", "arcsin": "asin(x)", "arccos": "acos(x)", "arctan": "atan(x)", "arctan2": "atan2(y, x)",
	"pow": "x^y", "fabs": "abs(x)", "sgn": "sign(x)", "heaviside": "x > 0", "step": "x > 0",
	"logistic": "sigmoid(x)", "tgamma": "gamma(x)", "digamma": "polygamma(0, x)", "trigamma": "polygamma(1, x)",
	"where": "c ? a : b", "derivative": "diff(f, x)", "square": "x^2",
}

func (r *reader) unknownFunction(name string) error {
	s := r.scope
	if _, random := laws[name]; random {
		return fmt.Errorf("%s(…) draws a random number, which only random examples do", name)
	}
	if word := customary[name]; word != "" {
		return fmt.Errorf("unknown function %q: write %s", name, word)
	}
	if r.locals[name] != nil || s.kindOf(name) != "" || universal[name] != 0 {
		return fmt.Errorf("%q is a value, not a function: write %s*(…) for a product", name, name)
	}
	names := append(Functions(), "diff")
	if r.draws != nil {
		names = append(names, keys(laws)...)
	}
	return fmt.Errorf("unknown function %q%s", name, suggest(name, append(names, keys(s.functions)...)))
}

func (r *reader) unknownValue(name string) error {
	s := r.scope
	if d := s.functions[name]; d != nil {
		return fmt.Errorf("%q is a function, wanted %s(…)", name, name)
	}
	names := slices.Concat(keys(r.locals), keys(s.variables), keys(s.constants), keys(s.values), keys(universal))
	close := suggest(name, names)
	if _, ok := functions[name]; ok && close == "" {
		return fmt.Errorf("%q is a function, wanted %s(…)", name, name)
	}
	return &unknownName{name, close}
}

// unknownName is a name that stands for no value.
type unknownName struct{ name, close string }

func (u *unknownName) Error() string { return fmt.Sprintf("unknown name %q%s", u.name, u.close) }

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// suggest returns a hint at the nearest name, "" if none is near.
func suggest(name string, known []string) string {
	length := len([]rune(name))
	best, least := "", max(1, min(length, 12)/3)+1
	for _, k := range known {
		if apart := length - len([]rune(k)); apart >= least || -apart >= least {
			continue
		}
		if d := distance(name, k); d < least && d < length {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", best)
}

// distance returns the number of runes to insert, delete, replace or swap with
// a neighbour that leads from a to b (Damerau 1964).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	d := make([][]int, len(x)+1)
	for i := range d {
		d[i] = make([]int, len(y)+1)
		d[i][0] = i
	}
	for j := range y {
		d[0][j+1] = j + 1
	}
	for i := range x {
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			d[i+1][j+1] = min(d[i][j+1]+1, d[i+1][j]+1, d[i][j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				d[i+1][j+1] = min(d[i+1][j+1], d[i-1][j-1]+1)
			}
		}
	}
	return d[len(x)][len(y)]
}
