package expr

import "fmt"

// Draw is a random number that an expression asks for, independent of all others:
// a variable of its own, whose name no source can spell.
type Draw struct {
	Name   string
	Kind   DrawKind
	Chance *Node // of 1, where the number is 1 or 0
	Width  *Node // standard deviation of a normal number, length of the range of a uniform one
}

// DrawKind is the law of a Draw.
type DrawKind int

const (
	Normal    DrawKind = iota // mean 0, standard deviation 1
	Uniform                   // between 0 and 1
	Bernoulli                 // 1 with a chance, else 0
)

// lawCall is a function that draws.
type lawCall struct {
	kind      DrawKind
	arguments int
	build     func(z *Node, a []*Node) *Node
}

// laws lists the functions that draw: normal(mean, std), uniform(lower, upper),
// bernoulli(p).
var laws = map[string]lawCall{
	"normal":    {Normal, 2, func(z *Node, a []*Node) *Node { return add(a[0], mul(a[1], z)) }},
	"uniform":   {Uniform, 2, func(z *Node, a []*Node) *Node { return add(a[0], mul(Sub(a[1], a[0]), z)) }},
	"bernoulli": {Bernoulli, 1, func(z *Node, _ []*Node) *Node { return z }},
}

// ParseRandom reads an expression that may draw random numbers, a new one for
// every call it contains.
func (s *Scope) ParseRandom(src string) (n *Node, draws []Draw, err error) {
	subject := func() string { return src }
	n, err = s.bounded(subject, func() (*Node, error) { return s.readDrawing(src, nil, &draws) })
	return n, draws, err
}

// draw reads a call that draws.
func (r *reader) draw(name string, arguments []*Node) (*Node, error) {
	law := laws[name]
	if len(arguments) != law.arguments {
		return nil, wrongCount(name, len(arguments), plural(law.arguments))
	}
	z := r.scope.newVariable(fmt.Sprintf("%s %d", name, len(r.scope.ordered)), false)
	d := Draw{Name: z.name, Kind: law.kind}
	switch law.kind {
	case Normal:
		d.Width = arguments[1]
	case Uniform:
		d.Width = Sub(arguments[1], arguments[0])
	default:
		d.Chance = arguments[0]
	}
	*r.draws = append(*r.draws, d)
	return law.build(z, arguments), nil
}

// Degree returns the degree of n as a polynomial in variables of given degrees,
// those not listed being constant, and false if it is none. A negative degree
// says that a variable is no polynomial itself.
func (n *Node) Degree(of map[string]int) (int, bool) {
	known := map[*Node]int{nil: 0}
	for _, m := range reachable(func(*Node) bool { return true }, n) {
		known[m] = m.degree(of, known)
	}
	return known[n], known[n] >= 0
}

// degree returns that of a node from those of its operands, −1 for none.
func (n *Node) degree(of map[string]int, known map[*Node]int) int {
	a, b, c := known[n.a], known[n.b], known[n.c]
	switch {
	case n.op == opVariable:
		return of[n.name]
	case min(a, b, c) < 0:
		return -1
	case max(a, b, c) == 0:
		return 0
	}
	switch n.op {
	case opNeg:
		return a
	case opAdd, opSub:
		return max(a, b)
	case opMul:
		return a + b
	case opPowi:
		if n.order > 0 {
			return n.order * a
		}
	case opDiv:
		if b == 0 {
			return a
		}
	case opSelect:
		if a == 0 {
			return max(b, c)
		}
	}
	return -1
}
