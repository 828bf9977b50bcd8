package expr

// Margin returns an expression that is positive where a comparison holds and negative
// where it does not: a − b for a > b, the least of those joined by and, the largest of
// those joined by or. It is false of what is no inequality.
func Margin(n *Node) (*Node, bool) {
	switch n.op {
	case opGreater, opGreaterEqual:
		return Sub(n.a, n.b), true
	case opLess, opLessEqual:
		return Sub(n.b, n.a), true
	case opNot:
		a, ok := Margin(n.a)
		if !ok {
			return nil, false
		}
		return Neg(a), true
	case opAnd, opOr:
		a, ok := Margin(n.a)
		b, both := Margin(n.b)
		if !ok || !both {
			return nil, false
		}
		if n.op == opAnd {
			return binary(opMin, a, b), true
		}
		return binary(opMax, a, b), true
	}
	return nil, false
}
