package expr

import "math"

// op is what a node does with its operands.
type op uint8

const (
	opNumber op = iota
	opVariable
	opSlope // derivative of a function's argument a by the variable b, until the call is known

	opNeg
	opNot
	opSqrt
	opExp
	opLog
	opSin
	opCos
	opTan
	opTanh
	opSinh
	opCosh
	opAsin
	opAcos
	opAtan
	opAbs
	opSign
	opErf
	opGamma
	opSoftplus
	opSigmoid
	opRelu

	opPowi      // a^order
	opPolygamma // ψ⁽ᵒʳᵈᵉʳ⁾(a)

	opAdd
	opSub
	opMul
	opDiv
	opPow // a^b · log(a)^order
	opAtan2
	opHypot
	opMin
	opMax
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opEqual
	opNotEqual
	opAnd
	opOr

	opSelect // b where a is not 0, else c
	opCount
)

func (o op) commutes() bool {
	switch o {
	case opAdd, opMul, opHypot, opEqual, opNotEqual, opAnd, opOr:
		return true
	}
	return false
}

// truth says that the operation yields 0 or 1.
func (o op) truth() bool { return o == opNot || opLess <= o && o <= opOr }

// unaries gives the functions of one argument, by operation.
var unaries = [opCount]func(float64) float64{
	opNeg:      func(x float64) float64 { return -x },
	opNot:      func(x float64) float64 { return known(x == 0, x, x) },
	opSqrt:     math.Sqrt,
	opExp:      math.Exp,
	opLog:      math.Log,
	opSin:      math.Sin,
	opCos:      math.Cos,
	opTan:      math.Tan,
	opTanh:     tanh,
	opSinh:     math.Sinh,
	opCosh:     math.Cosh,
	opAsin:     math.Asin,
	opAcos:     math.Acos,
	opAtan:     math.Atan,
	opAbs:      math.Abs,
	opSign:     sign,
	opErf:      math.Erf,
	opGamma:    math.Gamma,
	opSoftplus: softplus,
	opSigmoid:  sigmoid,
	opRelu:     relu,
}

// binaries gives the operations on two operands.
var binaries = [opCount]func(a, b float64) float64{
	opAdd:          func(a, b float64) float64 { return a + b },
	opSub:          func(a, b float64) float64 { return a - b },
	opMul:          func(a, b float64) float64 { return a * b },
	opDiv:          func(a, b float64) float64 { return a / b },
	opAtan2:        math.Atan2,
	opHypot:        math.Hypot,
	opMin:          func(a, b float64) float64 { return min(a, b) },
	opMax:          func(a, b float64) float64 { return max(a, b) },
	opLess:         func(a, b float64) float64 { return known(a < b, a, b) },
	opLessEqual:    func(a, b float64) float64 { return known(a <= b, a, b) },
	opGreater:      func(a, b float64) float64 { return known(a > b, a, b) },
	opGreaterEqual: func(a, b float64) float64 { return known(a >= b, a, b) },
	opEqual:        func(a, b float64) float64 { return known(a == b, a, b) },
	opNotEqual:     func(a, b float64) float64 { return known(a != b, a, b) },
	opAnd:          and,
	opOr:           or,
}

// apply returns the value of one operation: the definition that folding, single
// points and columns share.
func apply(o op, order int, a, b, c float64) float64 {
	if f := unaries[o]; f != nil {
		return f(a)
	}
	if f := binaries[o]; f != nil {
		return f(a, b)
	}
	switch o {
	case opPowi:
		return powi(a, order)
	case opPow:
		return powlog(a, b, order)
	case opPolygamma:
		return polygamma(order, a)
	}
	return choose(a, b, c) // opSelect, the only one with three operands
}

// choose returns b where a is not 0, else c. Like number it does not branch: on
// scattered points a branch is predicted wrongly every other time.
func choose(a, b, c float64) float64 {
	return math.Float64frombits(math.Float64bits(pick(a != 0, b, c)) | -unknown(a, a))
}

func pick(truth bool, b, c float64) float64 {
	mask := -bit(truth)
	return math.Float64frombits(math.Float64bits(b)&mask | math.Float64bits(c)&^mask)
}

func bit(truth bool) uint64 {
	if truth {
		return 1
	}
	return 0
}

// unknown returns 1 where an operand is no number: nothing that compares it is true or
// false then, as in the logic of Kleene (1952), whose third value is NaN here.
func unknown(a, b float64) uint64 { return bit(math.IsNaN(a)) | bit(math.IsNaN(b)) }

// known returns the truth of a comparison of a and b, or NaN.
func known(truth bool, a, b float64) float64 {
	return math.Float64frombits(-bit(truth)&math.Float64bits(1) | -unknown(a, b)) // all bits set are a NaN
}

// and is 0 where one operand is, whatever the other.
func and(a, b float64) float64 {
	return math.Float64frombits((math.Float64bits(1) | -unknown(a, b)) &^ -(bit(a == 0) | bit(b == 0)))
}

// or is 1 where one operand is true, whatever the other.
func or(a, b float64) float64 {
	truth := bit(a > 0) | bit(a < 0) | bit(b > 0) | bit(b < 0)
	return math.Float64frombits(math.Float64bits(1)&-truth | -unknown(a, b)&^-truth)
}

// number returns 1 or 0.
func number(truth bool) float64 {
	return math.Float64frombits(-bit(truth) & math.Float64bits(1))
}

// sign returns −1, 0 or 1, and NaN for NaN.
func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

func relu(x float64) float64 { return max(x, 0) }

// softplus returns log(1 + eˣ) = max(x, 0) + log1p(e^−|x|), which cannot overflow.
func softplus(x float64) float64 {
	return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
}

// sigmoid returns 1/(1 + e⁻ˣ), through e^−|x|, which cannot overflow.
func sigmoid(x float64) float64 {
	z := math.Exp(-math.Abs(x))
	return pick(x >= 0, 1, z) / (1 + z)
}

// tanh returns 1 − 2/(e^2|x| + 1) with the sign of x; near 0, where that
// cancels, the rational function of Cephes (Moshier 1989), good to |x| < 0.625.
func tanh(x float64) float64 {
	z := math.Abs(x)
	s := z * z
	p := (-9.64399179425052238628e-1*s-9.92877231001918586564e1)*s - 1.61468768441708447952e3
	q := ((s+1.12811678491632931402e2)*s+2.23548839060100448583e3)*s + 4.84406305325125486048e3
	return math.Copysign(pick(z < 0.625, z+z*s*(p/q), 1-2/(math.Exp(2*z)+1)), x)
}

// powi returns xⁿ by repeated squaring.
func powi(x float64, n int) float64 {
	if n < 0 {
		return 1 / powi(x, -n)
	}
	r := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			r *= x
		}
		x *= x
	}
	return r
}

// powlog returns x^y·log(x)^n, and its limit 0 at x = 0, y > 0.
func powlog(x, y float64, n int) float64 {
	p := math.Pow(x, y)
	if n == 0 || x == 0 && y > 0 {
		return p
	}
	return p * powi(math.Log(x), n)
}
