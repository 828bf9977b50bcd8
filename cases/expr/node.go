package expr

import (
	"math"
	"math/bits"
	"slices"
)

// maxNodes bounds the distinct nodes of a scope. A third derivative of a loss
// with a dozen parameters needs some thousands; what needs more than this is a
// definition that doubles at every level.
const maxNodes = 200_000

// Node is an immutable expression. Equal expressions of one Scope are the same
// *Node, so == compares expressions and shared subexpressions cost nothing.
type Node struct {
	op      op
	boolean bool // its value is 0 or 1
	formal  bool // it contains a function's argument
	order   int  // n of x^n, of ψ⁽ⁿ⁾(x), and of x^y·log(x)^n
	id      int  // creation number: operands come before what uses them
	a, b, c *Node
	value   float64 // of a number
	name    string  // of a variable
	uses    varset
	scope   *Scope
}

// key identifies a node by what it computes.
type key struct {
	op      op
	order   int
	a, b, c *Node
}

// varset is a set of variables, one bit for each in order of declaration.
// Sets are shared between nodes and never changed.
type varset []uint64

func (v varset) has(i int) bool {
	return i/64 < len(v) && v[i/64]>>(i%64)&1 == 1
}

// with returns the union of v and w, v itself when it holds all of w.
func (v varset) with(w varset) varset {
	if len(v) < len(w) {
		v, w = w, v
	}
	for i := range w {
		if w[i]&^v[i] == 0 {
			continue
		}
		u := slices.Clone(v)
		for j := range w {
			u[j] |= w[j]
		}
		return u
	}
	return v
}

func single(i int) varset {
	v := make(varset, i/64+1)
	v[i/64] = 1 << (i % 64)
	return v
}

// Number returns the constant v as an expression.
func (s *Scope) Number(v float64) *Node {
	if math.IsNaN(v) {
		v = math.NaN() // one NaN, one node
	}
	k := math.Float64bits(v)
	if n := s.numbers[k]; n != nil {
		return n
	}
	n := &Node{op: opNumber, value: v}
	if m := s.add(n); m != n {
		return m
	}
	s.numbers[k] = n
	return n
}

// add enters a new node, or marks the scope full and returns its first node.
func (s *Scope) add(n *Node) *Node {
	if len(s.nodes) >= maxNodes {
		s.full = true
		return s.nodes[0]
	}
	n.scope, n.id = s, len(s.nodes)
	s.nodes = append(s.nodes, n)
	return n
}

// intern returns the node that applies o to its operands; b and c may be nil.
// a+b and b+a are one node, whichever was written first.
func intern(o op, order int, a, b, c *Node) *Node {
	s := a.scope
	k := key{o, order, a, b, c}
	if n := s.table[k]; n != nil {
		return n
	}
	if o.commutes() {
		if n := s.table[key{o, order, b, a, c}]; n != nil {
			return n
		}
	}
	n := &Node{op: o, order: order, a: a, b: b, c: c, uses: a.uses, formal: a.formal}
	for _, x := range []*Node{b, c} {
		if x != nil {
			n.uses, n.formal = n.uses.with(x.uses), n.formal || x.formal
		}
	}
	n.boolean = o.truth() || isBoolean(o, b, c) && (o != opMul || a.boolean)
	if m := s.add(n); m != n {
		return m
	}
	s.table[k] = n
	return n
}

// isBoolean says whether a product of truths or a choice between truths is one.
func isBoolean(o op, b, c *Node) bool {
	switch o {
	case opMul:
		return b.boolean
	case opSelect:
		return b.truthLike() && c.truthLike()
	}
	return false
}

func (n *Node) truthLike() bool {
	return n.boolean || n.is(0) || n.is(1)
}

func (n *Node) is(v float64) bool { return n.op == opNumber && n.value == v }

// dependsOn says whether the derivative of n by v can differ from 0. A
// function's argument may depend on every variable until the call is known.
func (n *Node) dependsOn(v *Node) bool {
	return n.uses.has(v.order) || n.formal && !v.formal
}

// Uses reports whether the variable appears in n.
func (n *Node) Uses(variable string) bool {
	v := n.scope.variables[variable]
	return v != nil && n.uses.has(v.order)
}

// Constant returns the value of n if it is a number.
func (n *Node) Constant() (float64, bool) { return n.value, n.op == opNumber }

// Boolean reports whether n is a comparison or a logical expression, so that
// its value is 0 or 1 everywhere. A truth that folded to a number is not.
func (n *Node) Boolean() bool { return n.boolean }

// Variables returns the names of the variables in n, in order of declaration.
func (n *Node) Variables() []string {
	var names []string
	for i, w := range n.uses {
		for ; w != 0; w &= w - 1 {
			names = append(names, n.scope.ordered[64*i+bits.TrailingZeros64(w)].name)
		}
	}
	return names
}

// reachable returns the nodes below the roots that enter accepts, operands
// before what uses them.
func reachable(enter func(*Node) bool, roots ...*Node) []*Node {
	var found []*Node
	seen := map[*Node]bool{}
	stack := slices.Clone(roots)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n == nil || seen[n] || !enter(n) {
			continue
		}
		seen[n] = true
		found = append(found, n)
		stack = append(stack, n.a, n.b, n.c)
	}
	slices.SortFunc(found, func(a, b *Node) int { return a.id - b.id })
	return found
}
