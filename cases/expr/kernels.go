package expr

import "math"

// kernel holds loops for the operations worth one of their own; the others go
// point by point through unaries and binaries. All give the bits of apply.
type kernel struct {
	unary  func(dst, a []float64)
	binary func(dst, a, b []float64)
	left   func(dst []float64, a float64, b []float64)
	right  func(dst, a []float64, b float64)
}

var kernels = [opCount]kernel{
	opNeg:          {unary: negs},
	opSqrt:         {unary: sqrts},
	opAbs:          {unary: abss},
	opRelu:         {unary: relus},
	opExp:          {unary: exps},
	opTanh:         {unary: tanhs},
	opSigmoid:      {unary: sigmoids},
	opAdd:          {binary: adds, left: addLeft, right: addRight},
	opSub:          {binary: subs, left: subLeft, right: subRight},
	opMul:          {binary: muls, left: mulLeft, right: mulRight},
	opDiv:          {binary: divs, left: divLeft, right: divRight},
	opMin:          {binary: mins},
	opMax:          {binary: maxs},
	opLess:         {binary: lesses},
	opGreater:      {binary: greaters},
	opLessEqual:    {binary: lessEquals},
	opGreaterEqual: {binary: greaterEquals},
	opAnd:          {binary: ands},
	opOr:           {binary: ors},
}

// The reslicing in each loop tells the compiler that no index is out of range.

func each(dst, a []float64, f func(float64) float64) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = f(a[i])
	}
}

func each2(dst, a, b []float64, f func(a, b float64) float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = f(a[i], b[i])
	}
}

func rest(dst, a, b []float64, s *instruction) {
	for i := range dst {
		dst[i] = apply(s.op, s.order, a[i], b[i], 0)
	}
}

func selects(dst, a, b, c []float64) {
	a, b, c = a[:len(dst)], b[:len(dst)], c[:len(dst)]
	for i := range dst {
		dst[i] = choose(a[i], b[i], c[i])
	}
}

// powers computes powi(a, n), with the multiplications of small n written out.
func powers(dst, a []float64, n int) {
	a = a[:len(dst)]
	switch n {
	case 2:
		for i, x := range a {
			dst[i] = x * x
		}
	case 3:
		for i, x := range a {
			dst[i] = x * (x * x)
		}
	case 4:
		for i, x := range a {
			x *= x
			dst[i] = x * x
		}
	case -2:
		for i, x := range a {
			dst[i] = 1 / (x * x)
		}
	default:
		for i, x := range a {
			dst[i] = powi(x, n)
		}
	}
}

func negs(dst, a []float64) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = -a[i]
	}
}

func sqrts(dst, a []float64) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = math.Sqrt(a[i])
	}
}

func abss(dst, a []float64) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = math.Abs(a[i])
	}
}

func relus(dst, a []float64) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = max(a[i], 0)
	}
}

func exps(dst, a []float64) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = math.Exp(a[i])
	}
}

func adds(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

func addLeft(dst []float64, a float64, b []float64) {
	b = b[:len(dst)]
	for i := range dst {
		dst[i] = a + b[i]
	}
}

func addRight(dst, a []float64, b float64) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b
	}
}

func subs(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

func subLeft(dst []float64, a float64, b []float64) {
	b = b[:len(dst)]
	for i := range dst {
		dst[i] = a - b[i]
	}
}

func subRight(dst, a []float64, b float64) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - b
	}
}

func muls(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

func mulLeft(dst []float64, a float64, b []float64) {
	b = b[:len(dst)]
	for i := range dst {
		dst[i] = a * b[i]
	}
}

func mulRight(dst, a []float64, b float64) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b
	}
}

func divs(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
}

func divLeft(dst []float64, a float64, b []float64) {
	b = b[:len(dst)]
	for i := range dst {
		dst[i] = a / b[i]
	}
}

func divRight(dst, a []float64, b float64) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = a[i] / b
	}
}

func mins(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = min(a[i], b[i])
	}
}

func maxs(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = max(a[i], b[i])
	}
}

func lesses(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = known(a[i] < b[i], a[i], b[i])
	}
}

func greaters(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = known(a[i] > b[i], a[i], b[i])
	}
}

func lessEquals(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = known(a[i] <= b[i], a[i], b[i])
	}
}

func greaterEquals(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = known(a[i] >= b[i], a[i], b[i])
	}
}

func ands(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = and(a[i], b[i])
	}
}

func ors(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = or(a[i], b[i])
	}
}

func tanhs(dst, a []float64) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = tanh(a[i])
	}
}

func sigmoids(dst, a []float64) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = sigmoid(a[i])
	}
}
