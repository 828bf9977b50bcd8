package expr

import "math"

// pair identifies a derivative.
type pair struct{ n, v *Node }

// slopes gives f′(u) for the functions of one argument, from u and f = f(u).
// At a kink it is the mean of the sides for abs, the left one for relu.
var slopes = [opCount]func(u, f *Node) *Node{
	opNeg:       func(u, f *Node) *Node { return u.scope.Number(-1) },
	opSqrt:      func(u, f *Node) *Node { return Div(u.scope.Number(0.5), f) },
	opExp:       func(u, f *Node) *Node { return f },
	opLog:       func(u, f *Node) *Node { return Div(u.scope.Number(1), u) },
	opSin:       func(u, f *Node) *Node { return unary(opCos, u) },
	opCos:       func(u, f *Node) *Node { return Neg(unary(opSin, u)) },
	opTan:       func(u, f *Node) *Node { return Add(u.scope.Number(1), integerPower(f, 2)) },
	opTanh:      func(u, f *Node) *Node { return Sub(u.scope.Number(1), integerPower(f, 2)) },
	opSinh:      func(u, f *Node) *Node { return unary(opCosh, u) },
	opCosh:      func(u, f *Node) *Node { return unary(opSinh, u) },
	opAsin:      func(u, f *Node) *Node { return Div(u.scope.Number(1), circle(u)) },
	opAcos:      func(u, f *Node) *Node { return Div(u.scope.Number(-1), circle(u)) },
	opAtan:      func(u, f *Node) *Node { return Div(u.scope.Number(1), Add(u.scope.Number(1), integerPower(u, 2))) },
	opAbs:       func(u, f *Node) *Node { return unary(opSign, u) },
	opErf:       func(u, f *Node) *Node { return Times(2/math.SqrtPi, unary(opExp, Neg(integerPower(u, 2)))) },
	opGamma:     func(u, f *Node) *Node { return mul(f, psi(0, u)) },
	opSoftplus:  func(u, f *Node) *Node { return unary(opSigmoid, u) },
	opSigmoid:   func(u, f *Node) *Node { return mul(f, unary(opSigmoid, Neg(u))) }, // 1 − f would cancel
	opRelu:      func(u, f *Node) *Node { return binary(opGreater, u, u.scope.Number(0)) },
	opPowi:      func(u, f *Node) *Node { return Times(float64(f.order), integerPower(u, f.order-1)) },
	opPolygamma: func(u, f *Node) *Node { return psi(f.order+1, u) },
}

// circle returns √(1 − u²).
func circle(u *Node) *Node { return Sqrt(Sub(u.scope.Number(1), integerPower(u, 2))) }

// psi returns ψ⁽ⁿ⁾(u), not a number beyond the orders that can be evaluated.
func psi(n int, u *Node) *Node {
	if n > maxPolygamma {
		return u.scope.Number(math.NaN())
	}
	return build(opPolygamma, n, u, nil, nil)
}

// partials gives the derivative of an operation n on a and b, from those of its
// operands.
var partials = [opCount]func(n, da, db *Node) *Node{
	opAdd: func(n, da, db *Node) *Node { return add(da, db) },
	opSub: func(n, da, db *Node) *Node { return Sub(da, db) },
	opMul: func(n, da, db *Node) *Node { return add(mul(da, n.b), mul(n.a, db)) },
	opDiv: func(n, da, db *Node) *Node { return Div(Sub(da, mul(n, db)), n.b) },
	opPow: diffPower,
	opAtan2: func(n, da, db *Node) *Node {
		return Div(Sub(mul(n.b, da), mul(n.a, db)), add(integerPower(n.a, 2), integerPower(n.b, 2)))
	},
	opHypot: func(n, da, db *Node) *Node { return Div(add(mul(n.a, da), mul(n.b, db)), n) },
	opMin:   func(n, da, db *Node) *Node { return choice(binary(opLessEqual, n.a, n.b), da, db) },
	opMax:   func(n, da, db *Node) *Node { return choice(binary(opGreaterEqual, n.a, n.b), da, db) },
}

// diffPower differentiates P(y, k) = x^y·log(x)^k:
//
//	dP = [y P(y−1, k) + k P(y−1, k−1)] dx + P(y, k+1) dy
//
// A logarithm appears only where the exponent varies.
func diffPower(n, dx, dy *Node) *Node {
	x, y, k := n.a, n.b, n.order
	lower := Sub(y, x.scope.Number(1))
	byBase := mul(y, powerLog(x, lower, k))
	if k > 0 {
		byBase = add(byBase, Times(float64(k), powerLog(x, lower, k-1)))
	}
	sum := mul(byBase, dx)
	if dy.is(0) {
		return sum
	}
	return add(sum, mul(powerLog(x, y, k+1), dy))
}

// Diff returns the exact derivative of n by a variable.
func (n *Node) Diff(variable string) (*Node, error) {
	s := n.scope
	v, err := s.differentiable(variable)
	if err != nil {
		return nil, &Error{Source: n.String(), Reason: err.Error()}
	}
	return s.bounded(n.String, func() (*Node, error) { return s.diff(n, v), nil })
}

// diff returns the derivative of root by the variable or argument v, operands
// first, so that neither depth nor sharing costs anything.
func (s *Scope) diff(root, v *Node) *Node {
	zero := s.Number(0)
	known := func(n *Node) *Node {
		if n == nil || !n.dependsOn(v) || n.op.truth() || n.op == opSign {
			return zero
		}
		return s.derivatives[pair{n, v}]
	}
	unknown := reachable(func(n *Node) bool { return known(n) == nil }, root)
	s.steps += len(unknown)
	for _, n := range unknown {
		if s.exhausted() {
			return zero
		}
		s.derivatives[pair{n, v}] = rule(n, v, known)
	}
	return known(root)
}

// rule returns the derivative of n by v from the known ones of its operands.
func rule(n, v *Node, known func(*Node) *Node) *Node {
	switch {
	case n == v:
		return n.scope.Number(1)
	case n.op == opVariable || n.op == opSlope:
		if v.formal {
			return n.scope.Number(0)
		}
		return intern(opSlope, 0, n, v, nil)
	case n.op == opSelect:
		return choice(n.a, known(n.b), known(n.c))
	case slopes[n.op] != nil:
		return mul(slopes[n.op](n.a, n), known(n.a))
	}
	return partials[n.op](n, known(n.a), known(n.b))
}

// substitute returns n with a function's arguments replaced by their values.
func (s *Scope) substitute(root *Node, values map[*Node]*Node) *Node {
	if !root.formal {
		return root
	}
	value := func(n *Node) *Node {
		if n == nil || !n.formal {
			return n
		}
		return values[n]
	}
	open := reachable(func(n *Node) bool { return value(n) == nil }, root)
	s.steps += len(open)
	for _, n := range open {
		switch {
		case s.exhausted():
			return s.nodes[0]
		case n.op == opSlope:
			values[n] = s.diff(value(n.a), n.b)
		default:
			values[n] = build(n.op, n.order, value(n.a), value(n.b), value(n.c))
		}
	}
	return value(root)
}
