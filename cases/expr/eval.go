package expr

import "fmt"

// chunk is the number of points computed at a time: short enough that the
// columns of an ordinary expression stay in the first-level cache, long enough
// that choosing an operation costs nothing beside applying it.
const chunk = 512

// operands is the largest number of operands of an operation.
const operands = 3

// Evaluator is the working memory of one goroutine that evaluates a Program.
type Evaluator struct {
	program *Program
	values  []float64   // of the slots that are the same at all points
	same    []bool      // the slot is the same at all points
	columns [][]float64 // of the other slots, for the present chunk
	active  []int       // the instructions that run over columns
	memory  []float64
	spread  [operands][]float64 // an operand that is the same at all points, as a column
}

// newEvaluator returns working memory for one goroutine.
func newEvaluator(p *Program) *Evaluator {
	e := &Evaluator{
		program: p,
		values:  make([]float64, len(p.places)),
		same:    make([]bool, len(p.places)),
		columns: make([][]float64, len(p.places)),
		active:  make([]int, 0, len(p.instructions)),
		memory:  make([]float64, (p.columns+operands)*chunk),
	}
	for i := range p.numbers {
		e.values[p.inputs+i], e.same[p.inputs+i] = p.numbers[i], true
	}
	for i := range e.spread {
		e.spread[i] = e.memory[(p.columns+i)*chunk:][:chunk]
	}
	return e
}

// Eval computes dst[k][i], output k at point i. Every dst[k] has length n, every
// in[j] length n, or length 1 for a value that is the same at all points. It
// panics on other lengths. dst must not overlap in. Several goroutines may call
// it at the same time.
func (p *Program) Eval(dst, in [][]float64) {
	var e *Evaluator
	select {
	case e = <-p.idle:
	default:
		e = newEvaluator(p)
	}
	e.Eval(dst, in)
	select {
	case p.idle <- e:
	default: // more goroutines than processors: let it go
	}
}

// Eval is Program.Eval with the evaluator's own memory.
func (e *Evaluator) Eval(dst, in [][]float64) {
	p := e.program
	if len(dst) == 0 {
		return
	}
	n := len(dst[0])
	p.check(n, dst, in)
	e.evalOnce(in)
	for lo := 0; lo < n; lo += chunk {
		hi := min(lo+chunk, n)
		e.locate(dst, in, lo, hi)
		for _, i := range e.active {
			e.run(&p.instructions[i])
		}
		e.deliver(dst, lo, hi)
	}
	clear(e.columns) // keep no hold of the caller's memory
}

func (p *Program) check(n int, dst, in [][]float64) {
	if len(dst) != len(p.outputs) || len(in) != p.inputs {
		panic(fmt.Sprintf("expr: Eval: %d outputs and %d inputs, wanted %d and %d", len(dst), len(in), len(p.outputs), p.inputs))
	}
	for k := range dst {
		if len(dst[k]) != n {
			panic(fmt.Sprintf("expr: Eval: output %d has length %d, wanted %d", k, len(dst[k]), n))
		}
	}
	for j := range in {
		if len(in[j]) != n && len(in[j]) != 1 {
			panic(fmt.Sprintf("expr: Eval: input %d has length %d, wanted %d or 1", j, len(in[j]), n))
		}
	}
}

// evalOnce computes what is the same at all points and lists the rest.
func (e *Evaluator) evalOnce(in [][]float64) {
	for j := range in {
		if e.same[j] = len(in[j]) == 1; e.same[j] {
			e.values[j] = in[j][0]
		}
	}
	e.active = e.active[:0]
	for i := range e.program.instructions {
		s := &e.program.instructions[i]
		if e.same[s.dst] = e.same[s.a] && e.same[s.b] && e.same[s.c]; !e.same[s.dst] {
			e.active = append(e.active, i)
			continue
		}
		e.values[s.dst] = apply(s.op, s.order, e.values[s.a], e.values[s.b], e.values[s.c])
	}
}

// locate points every slot's column at the points lo to hi.
func (e *Evaluator) locate(dst, in [][]float64, lo, hi int) {
	for slot, at := range e.program.places {
		switch {
		case e.same[slot]:
		case at.kind == inInput:
			e.columns[slot] = in[at.index][lo:hi]
		case at.kind == inOutput:
			e.columns[slot] = dst[at.index][lo:hi]
		case at.kind == inChunk:
			e.columns[slot] = e.memory[at.index*chunk:][:hi-lo]
		}
	}
}

// deliver fills the outputs that were not computed in place.
func (e *Evaluator) deliver(dst [][]float64, lo, hi int) {
	for k, slot := range e.program.outputs {
		switch {
		case e.same[slot]:
			fill(dst[k][lo:hi], e.values[slot])
		case e.program.places[slot] != place{inOutput, k}:
			copy(dst[k][lo:hi], e.columns[slot])
		}
	}
}

func fill(dst []float64, v float64) {
	for i := range dst {
		dst[i] = v
	}
}

// column returns the operand in a slot as a column of length n.
func (e *Evaluator) column(slot, operand, n int) []float64 {
	if !e.same[slot] {
		return e.columns[slot]
	}
	c := e.spread[operand][:n]
	fill(c, e.values[slot])
	return c
}

// run applies one instruction to the present chunk.
func (e *Evaluator) run(s *instruction) {
	dst := e.columns[s.dst]
	n := len(dst)
	k := &kernels[s.op]
	switch {
	case k.unary != nil:
		k.unary(dst, e.columns[s.a])
	case unaries[s.op] != nil:
		each(dst, e.columns[s.a], unaries[s.op])
	case k.right != nil && e.same[s.b]:
		k.right(dst, e.columns[s.a], e.values[s.b])
	case k.left != nil && e.same[s.a]:
		k.left(dst, e.values[s.a], e.columns[s.b])
	case k.binary != nil:
		k.binary(dst, e.column(s.a, 0, n), e.column(s.b, 1, n))
	case binaries[s.op] != nil:
		each2(dst, e.column(s.a, 0, n), e.column(s.b, 1, n), binaries[s.op])
	case s.op == opPowi:
		powers(dst, e.columns[s.a], s.order)
	case s.op == opSelect:
		selects(dst, e.column(s.a, 0, n), e.column(s.b, 1, n), e.column(s.c, 2, n))
	default:
		rest(dst, e.column(s.a, 0, n), e.column(s.b, 1, n), s)
	}
}
