package expr

import "math"

// largestPower bounds the exponents that become multiplications.
const largestPower = 64

// fold applies an operation to numbers.
func fold(o op, order int, a, b, c *Node) (*Node, bool) {
	var v [3]float64
	for i, x := range []*Node{a, b, c} {
		if x == nil {
			break
		}
		if x.op != opNumber {
			return nil, false
		}
		v[i] = x.value
	}
	return a.scope.Number(apply(o, order, v[0], v[1], v[2])), true
}

// build applies any operation, with all simplifications.
func build(o op, order int, a, b, c *Node) *Node {
	switch o {
	case opAdd:
		return add(a, b)
	case opSub:
		return Sub(a, b)
	case opMul:
		return mul(a, b)
	case opDiv:
		return Div(a, b)
	case opPow:
		return powerLog(a, b, order)
	case opPowi:
		return integerPower(a, order)
	case opNeg:
		return Neg(a)
	case opNot:
		return not(a)
	case opAnd, opOr:
		return logical(o, a, b)
	case opSelect:
		return choice(a, b, c)
	case opMin, opMax:
		if a == b {
			return a
		}
	}
	if n, ok := fold(o, order, a, b, c); ok {
		return n
	}
	return intern(o, order, a, b, c)
}

func unary(o op, a *Node) *Node { return build(o, 0, a, nil, nil) }

func binary(o op, a, b *Node) *Node { return build(o, 0, a, b, nil) }

// Add returns the sum of one or more expressions.
func Add(a ...*Node) *Node {
	sum := a[0]
	for _, b := range a[1:] {
		sum = add(sum, b)
	}
	return sum
}

// Mul returns the product of one or more expressions.
func Mul(a ...*Node) *Node {
	product := a[0]
	for _, b := range a[1:] {
		product = mul(product, b)
	}
	return product
}

// coefficient splits n into a number times the rest.
func coefficient(n *Node) (float64, *Node) {
	switch {
	case n.op == opNeg:
		return -1, n.a
	case n.op == opMul && n.a.op == opNumber:
		return n.a.value, n.b
	}
	return 1, n
}

// Times returns c·rest, the inverse of coefficient.
func Times(c float64, rest *Node) *Node { return mul(rest.scope.Number(c), rest) }

// like returns a + sign·b for terms that differ only in their coefficients.
func like(a, b *Node, sign float64) (*Node, bool) {
	if a.op == opNumber && b.op == opNumber {
		return a.scope.Number(a.value + sign*b.value), true
	}
	ca, ra := coefficient(a)
	cb, rb := coefficient(b)
	if ra != rb {
		return nil, false
	}
	return Times(ca+sign*cb, ra), true
}

// gather adds sign·b to a like term within the sum or difference a.
func gather(a, b *Node, sign float64) (*Node, bool) {
	switch a.op {
	case opAdd:
		if n, ok := like(a.b, b, sign); ok {
			return add(a.a, n), true
		}
	case opSub:
		if n, ok := like(a.b, b, -sign); ok {
			return Sub(a.a, n), true
		}
	default:
		return nil, false
	}
	if n, ok := like(a.a, b, sign); ok {
		return build(a.op, 0, n, a.b, nil), true
	}
	return nil, false
}

// add prefers a difference to a sum with a negative term.
func add(a, b *Node) *Node {
	switch {
	case a.is(0):
		return b
	case b.is(0):
		return a
	}
	if n, ok := like(a, b, 1); ok {
		return n
	}
	if n, ok := gather(a, b, 1); ok {
		return n
	}
	if n, ok := gather(b, a, 1); ok {
		return n
	}
	switch {
	case b.negative():
		return intern(opSub, 0, a, Neg(b), nil)
	case a.negative():
		return intern(opSub, 0, b, Neg(a), nil)
	}
	return intern(opAdd, 0, a, b, nil)
}

// negative says that n is a negative number or a term with one in front.
func (n *Node) negative() bool {
	c, rest := coefficient(n)
	return c < 0 || rest.op == opNumber && rest.value < 0
}

// Sub returns a − b.
func Sub(a, b *Node) *Node {
	switch {
	case a.is(0):
		return Neg(b)
	case b.is(0):
		return a
	}
	if n, ok := like(a, b, -1); ok {
		return n
	}
	if n, ok := gather(a, b, -1); ok {
		return n
	}
	if b.negative() {
		return add(a, Neg(b))
	}
	return intern(opSub, 0, a, b, nil)
}

// Neg returns −a.
func Neg(a *Node) *Node {
	s := a.scope
	switch {
	case a.op == opNumber:
		return s.Number(-a.value)
	case a.op == opNeg:
		return a.a
	case a.op == opSub:
		return Sub(a.b, a.a)
	case a.op == opMul && a.a.op == opNumber:
		return Times(-a.a.value, a.b)
	}
	return intern(opNeg, 0, a, nil, nil)
}

// mul keeps one number in front of a product and equal factors in one power.
func mul(a, b *Node) *Node {
	if b.op == opNumber {
		a, b = b, a
	}
	if a.op == opNumber {
		return scale(a, b)
	}
	ca, ra := coefficient(a)
	cb, rb := coefficient(b)
	if ca != 1 || cb != 1 {
		return Times(ca*cb, mul(ra, rb))
	}
	if n, ok := samePower(a, b); ok {
		return n
	}
	if n, ok := gatherPower(a, b); ok {
		return n
	}
	if n, ok := gatherPower(b, a); ok {
		return n
	}
	switch {
	case a.op == opDiv && a.a.is(1):
		return Div(b, a.b)
	case b.op == opDiv && b.a.is(1):
		return Div(a, b.b)
	}
	return intern(opMul, 0, a, b, nil)
}

// scale returns c·b for a number c.
func scale(c, b *Node) *Node {
	s := c.scope
	switch {
	case b.op == opNumber:
		return s.Number(c.value * b.value)
	case c.value == 0:
		return s.Number(0)
	case c.value == 1:
		return b
	case c.value == -1 && b.op != opMul && b.op != opNeg:
		return Neg(b)
	case b.op == opNeg:
		return Times(-c.value, b.a)
	case b.op == opMul && b.a.op == opNumber:
		return Times(c.value*b.a.value, b.b)
	case b.op == opDiv:
		return Div(mul(c, b.a), b.b)
	case c.value == -1:
		return intern(opNeg, 0, b, nil, nil)
	}
	return intern(opMul, 0, c, b, nil)
}

// base splits n into a base and a positive integer exponent.
func base(n *Node) (*Node, int) {
	if n.op == opPowi && n.order > 0 {
		return n.a, n.order
	}
	return n, 1
}

func samePower(a, b *Node) (*Node, bool) {
	x, m := base(a)
	y, n := base(b)
	if x != y || m+n > largestPower {
		return nil, false
	}
	return integerPower(x, m+n), true
}

// gatherPower multiplies b into an equal factor of the product a.
func gatherPower(a, b *Node) (*Node, bool) {
	if a.op != opMul {
		return nil, false
	}
	if n, ok := samePower(a.b, b); ok {
		return mul(a.a, n), true
	}
	if n, ok := samePower(a.a, b); ok {
		return mul(n, a.b), true
	}
	return nil, false
}

// Div returns a/b.
func Div(a, b *Node) *Node {
	if n, ok := fold(opDiv, 0, a, b, nil); ok {
		return n
	}
	c, rest := coefficient(a)
	switch {
	case a.is(0):
		return a
	case b.is(1):
		return a
	case b.is(-1):
		return Neg(a)
	case a.negative():
		return Neg(Div(Neg(a), b))
	case b.negative():
		return Neg(Div(a, Neg(b)))
	case b.op == opNumber && c != 1:
		return Times(c/b.value, rest)
	case a.op == opDiv:
		return Div(a.a, mul(a.b, b))
	case b.op == opDiv:
		return Div(mul(a, b.b), b.a)
	}
	return intern(opDiv, 0, a, b, nil)
}

// Sqrt returns the square root of a.
func Sqrt(a *Node) *Node { return unary(opSqrt, a) }

// Pow returns a^b: products for integer b, exp(b) for a = e.
func Pow(a, b *Node) *Node { return powerLog(a, b, 0) }

// powerLog returns a^b·log(a)^order, whose derivative by b has the same form.
func powerLog(a, b *Node, order int) *Node {
	if a.op == opNumber && a.value > 0 && order > 0 {
		return mul(a.scope.Number(powi(math.Log(a.value), order)), Pow(a, b))
	}
	if n, ok := fold(opPow, order, a, b, nil); ok {
		return n
	}
	switch v := b.value; {
	case order > 0:
	case a.is(1):
		return a
	case a.is(math.E):
		return unary(opExp, b)
	case b.is(0.5):
		return Sqrt(a)
	case b.op == opNumber && v == math.Trunc(v) && math.Abs(v) <= largestPower:
		return integerPower(a, int(v))
	}
	return intern(opPow, order, a, b, nil)
}

// integerPower returns aⁿ.
func integerPower(a *Node, n int) *Node {
	s := a.scope
	switch {
	case a.op == opNumber:
		return s.Number(powi(a.value, n))
	case n == 0:
		return s.Number(1)
	case n == 1:
		return a
	case n == -1:
		return Div(s.Number(1), a)
	case a.op == opNeg && n%2 == 0:
		return integerPower(a.a, n)
	case a.op == opNeg:
		return Neg(integerPower(a.a, n))
	case a.op == opPowi && n > 0 && a.order > 0 && a.order*n <= largestPower:
		return integerPower(a.a, a.order*n)
	}
	return intern(opPowi, n, a, nil, nil)
}

// opposite gives the negation of a comparison.
var opposite = map[op]op{
	opLess: opGreaterEqual, opGreaterEqual: opLess,
	opGreater: opLessEqual, opLessEqual: opGreater,
	opEqual: opNotEqual, opNotEqual: opEqual,
}

func not(a *Node) *Node {
	switch o, comparison := opposite[a.op]; {
	case a.op == opNumber:
		return a.scope.Number(number(a.value == 0))
	case comparison:
		return binary(o, a.a, a.b)
	case a.op == opNot && a.a.boolean:
		return a.a
	}
	return intern(opNot, 0, a, nil, nil)
}

// logical returns a and b, or a or b, deciding what one number decides.
func logical(o op, a, b *Node) *Node {
	if n, ok := fold(o, 0, a, b, nil); ok {
		return n
	}
	if b.op == opNumber {
		a, b = b, a
	}
	if a.op == opNumber {
		decided := (a.value != 0) == (o == opOr)
		switch {
		case decided:
			return a.scope.Number(number(o == opOr))
		case b.boolean:
			return b
		}
	}
	if a == b && a.boolean {
		return a
	}
	return intern(o, 0, a, b, nil)
}

func choice(condition, a, b *Node) *Node {
	switch {
	case a == b:
		return a
	case condition.op == opNumber && condition.value != 0:
		return a
	case condition.op == opNumber:
		return b
	}
	return intern(opSelect, 0, condition, a, b)
}
