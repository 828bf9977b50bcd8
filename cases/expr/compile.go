package expr

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// Program evaluates expressions together over columns of points.
//
// Its values live in slots: first the inputs, then the numbers, then one slot
// for each instruction. What depends only on numbers and on inputs of length 1
// is computed once per call. The rest is computed in chunks of points, each
// slot in a short column that is reused as soon as nobody reads it any more.
type Program struct {
	inputs       int
	numbers      []float64
	instructions []instruction
	places       []place         // of the slots
	columns      int             // chunk columns needed at the same time
	outputs      []int           // slot of each output
	idle         chan *Evaluator // kept for the next Eval
}

// instruction computes slot dst from the slots a, b and c; an operation with
// fewer operands repeats a.
type instruction struct {
	op      op
	order   int
	dst     int
	a, b, c int
}

// place says where the column of a slot is: in an input, in an output, or in a
// chunk column. The slot of a number has none.
type place struct {
	kind  placeKind
	index int
}

type placeKind uint8

const (
	nowhere placeKind = iota
	inInput
	inOutput
	inChunk
)

// Compile makes a program for the outputs. The inputs are the names of the
// variables in the order of Eval's columns; it may list more than are used.
func Compile(inputs []string, outputs ...*Node) (*Program, error) {
	return compile(nil, inputs, outputs)
}

// compile makes a program whose first inputs are the values of given nodes.
func compile(given []*Node, inputs []string, outputs []*Node) (*Program, error) {
	p := &Program{inputs: len(given) + len(inputs), outputs: make([]int, len(outputs))}
	slots := map[*Node]int{}
	for i, n := range given {
		slots[n] = i
	}
	live := reachable(func(n *Node) bool { _, known := slots[n]; return !known }, outputs...)
	for _, n := range outputs {
		if n.scope.full {
			return nil, &Error{Source: n.String(), Reason: tooLarge}
		}
	}
	if err := p.bind(inputs, live, slots); err != nil {
		return nil, err
	}
	for _, n := range live {
		if n.op == opNumber || n.op == opVariable {
			continue
		}
		slots[n] = p.inputs + len(p.numbers) + len(p.instructions)
		p.instructions = append(p.instructions, translate(n, slots))
	}
	for k, n := range outputs {
		p.outputs[k] = slots[n]
	}
	p.place()
	p.idle = make(chan *Evaluator, runtime.GOMAXPROCS(0))
	return p, nil
}

// bind gives slots to the variables, which are the last inputs, and the numbers.
func (p *Program) bind(inputs []string, live []*Node, slots map[*Node]int) error {
	for _, n := range live {
		switch n.op {
		case opVariable:
			i := slices.Index(inputs, n.name)
			if i < 0 {
				return fmt.Errorf("expr: variable %q is not an input, wanted one of %s", n.name, strings.Join(inputs, ", "))
			}
			slots[n] = p.inputs - len(inputs) + i
		case opNumber:
			slots[n] = p.inputs + len(p.numbers)
			p.numbers = append(p.numbers, n.value)
		}
	}
	return nil
}

func translate(n *Node, slots map[*Node]int) instruction {
	i := instruction{op: n.op, order: n.order, dst: slots[n], a: slots[n.a]}
	i.b, i.c = i.a, i.a
	if n.b != nil {
		i.b = slots[n.b]
	}
	if n.c != nil {
		i.c = slots[n.c]
	}
	return i
}

// place assigns the columns. An output is computed where the caller wants it;
// any other slot gives its chunk column back after its last reader.
func (p *Program) place() {
	first := p.inputs + len(p.numbers)
	p.places = make([]place, first+len(p.instructions))
	for i := range p.inputs {
		p.places[i] = place{inInput, i}
	}
	for k, slot := range p.outputs {
		if p.places[slot].kind == nowhere && slot >= first {
			p.places[slot] = place{inOutput, k}
		}
	}
	last := make([]int, len(p.places)) // the instruction that reads a slot last
	for i, in := range p.instructions {
		last[in.a], last[in.b], last[in.c] = i, i, i
	}
	var free []int
	for i, in := range p.instructions {
		for _, slot := range slices.Compact([]int{in.a, in.b, in.c}) {
			// Numbers have no column; in x^(x) the operand appears twice.
			if p.places[slot].kind == inChunk && last[slot] == i && !slices.Contains(free, p.places[slot].index) {
				free = append(free, p.places[slot].index)
			}
		}
		if p.places[in.dst].kind != nowhere {
			continue
		}
		if len(free) == 0 {
			free = append(free, p.columns)
			p.columns++
		}
		p.places[in.dst] = place{inChunk, free[len(free)-1]}
		free = free[:len(free)-1]
	}
}
