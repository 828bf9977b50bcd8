package expr

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxPrinted bounds a printed expression: written out, a graph with shared
// nodes can be exponentially longer than it is.
const maxPrinted = 4000

// Binding strengths, weakest first.
const (
	bindChoice = iota
	bindOr
	bindAnd
	bindNot
	bindComparison
	bindSum
	bindProduct
	bindSign
	bindPower
	bindAtom
)

// infix gives an operator's text, its strength, and the least strength of its
// operands.
var infix = map[op]struct {
	text                  string
	strength, left, right int
}{
	opAdd:          {" + ", bindSum, bindSum, bindProduct},
	opSub:          {" - ", bindSum, bindSum, bindProduct},
	opMul:          {"*", bindProduct, bindProduct, bindSign},
	opDiv:          {"/", bindProduct, bindProduct, bindSign},
	opLess:         {" < ", bindComparison, bindSum, bindSum},
	opLessEqual:    {" <= ", bindComparison, bindSum, bindSum},
	opGreater:      {" > ", bindComparison, bindSum, bindSum},
	opGreaterEqual: {" >= ", bindComparison, bindSum, bindSum},
	opEqual:        {" == ", bindComparison, bindSum, bindSum},
	opNotEqual:     {" != ", bindComparison, bindSum, bindSum},
	opAnd:          {" and ", bindAnd, bindAnd, bindNot},
	opOr:           {" or ", bindOr, bindOr, bindAnd},
}

// calls gives the names of the operations written as calls.
var calls = map[op]string{
	opSqrt: "sqrt", opExp: "exp", opLog: "log", opSin: "sin", opCos: "cos", opTan: "tan",
	opTanh: "tanh", opSinh: "sinh", opCosh: "cosh", opAsin: "asin", opAcos: "acos", opAtan: "atan",
	opAbs: "abs", opSign: "sign", opErf: "erf", opGamma: "gamma", opSoftplus: "softplus",
	opSigmoid: "sigmoid", opRelu: "relu", opAtan2: "atan2", opHypot: "hypot", opMin: "min", opMax: "max",
}

// String returns n in the language, with as few parentheses as it needs; after
// some thousand characters it breaks off with "…".
func (n *Node) String() string {
	var p printer
	p.print(n, bindChoice)
	if p.Len() > maxPrinted {
		return strings.ToValidUTF8(p.Builder.String()[:maxPrinted], "") + "…"
	}
	return p.Builder.String()
}

type printer struct{ strings.Builder }

// print writes n, in parentheses if it binds weaker than asked for.
func (p *printer) print(n *Node, strength int) {
	if p.Len() > maxPrinted {
		return
	}
	if n.strength() < strength {
		p.WriteByte('(')
		defer p.WriteByte(')')
	}
	if f, ok := infix[n.op]; ok {
		right := f.right
		if n.op == opMul && n.a.op == opNumber {
			right = bindProduct // 2*x*y reads as 2*(x*y) does
		}
		p.print(n.a, f.left)
		p.WriteString(f.text)
		p.print(n.b, right)
		return
	}
	p.printOther(n)
}

func (p *printer) printOther(n *Node) {
	switch n.op {
	case opNumber:
		p.WriteString(literal(n.value))
	case opVariable:
		p.WriteString(n.name)
	case opNeg:
		p.WriteByte('-')
		p.print(n.a, bindProduct)
	case opNot:
		p.WriteString("not ")
		p.print(n.a, bindNot)
	case opSelect:
		p.print(n.a, bindOr)
		p.WriteString(" ? ")
		p.print(n.b, bindChoice)
		p.WriteString(" : ")
		p.print(n.c, bindChoice)
	case opPowi:
		p.print(n.a, bindAtom)
		p.WriteString("^" + strconv.Itoa(n.order))
	case opPow:
		p.printPower(n)
	case opPolygamma:
		fmt.Fprintf(p, "polygamma(%d, ", n.order)
		p.print(n.a, bindChoice)
		p.WriteByte(')')
	case opSlope:
		p.call("diff", n.a, n.b)
	default:
		p.call(calls[n.op], n.a, n.b)
	}
}

// printPower writes a^b·log(a)^n.
func (p *printer) printPower(n *Node) {
	p.print(n.a, bindAtom)
	p.WriteByte('^')
	p.print(n.b, bindSign)
	if n.order > 0 {
		p.WriteByte('*')
		p.call("log", n.a, nil)
	}
	if n.order > 1 {
		p.WriteString("^" + strconv.Itoa(n.order))
	}
}

// call writes name(a) or name(a, b).
func (p *printer) call(name string, a, b *Node) {
	p.WriteString(name + "(")
	p.print(a, bindChoice)
	if b != nil {
		p.WriteString(", ")
		p.print(b, bindChoice)
	}
	p.WriteByte(')')
}

// strength returns how strongly the text of n binds.
func (n *Node) strength() int {
	if f, ok := infix[n.op]; ok {
		return f.strength
	}
	switch {
	case n.op == opSelect:
		return bindChoice
	case n.op == opNot:
		return bindNot
	case n.op == opNumber && (math.IsInf(n.value, 0) || math.IsNaN(n.value)):
		return bindProduct
	case n.op == opPow && n.order > 0:
		return bindProduct
	case n.op == opNeg:
		return min(bindSign, max(bindProduct, n.a.strength())) // -x*y is a product to what stands around it
	case n.op == opNumber && math.Signbit(n.value):
		return bindSign
	case n.op == opPow || n.op == opPowi:
		return bindPower
	}
	return bindAtom
}

// literal writes a number so that it reads back as the same one.
func literal(v float64) string {
	switch {
	case math.IsNaN(v):
		return "0/0"
	case math.IsInf(v, 1):
		return "1/0"
	case math.IsInf(v, -1):
		return "-1/0"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
