package expr

import "slices"

// Lattice evaluates expressions at points that combine coordinates of each axis
// with those of all others, line by line of the first axis. What depends on one
// axis alone is computed once for each of its coordinates, what does not depend
// on the first one once per line. Its numbers are those of a Program bit for bit.
type Lattice struct {
	groups  []group  // per axis, and last of what is the same at all points
	program *Program // from the nodes of all groups to the outputs of several axes
	outputs []output
}

// group is nodes that depend on the same single axis, or on none.
type group struct {
	nodes   []*Node
	program *Program
}

// output says where a column comes from: node of a group, or of the program
// where group is −1.
type output struct {
	zero        bool
	group, node int
}

// CompileLattice makes a lattice for the outputs. The other variables, such as
// time, have one value.
func CompileLattice(axes, others []string, outputs ...*Node) (*Lattice, error) {
	l := &Lattice{groups: make([]group, len(axes)+1)}
	l.divide(axes, outputs)
	var given []*Node
	for g := range l.groups {
		names := others
		if g < len(axes) {
			names = append([]string{axes[g]}, others...)
		}
		p, err := compile(nil, names, l.groups[g].nodes)
		if err != nil {
			return nil, err
		}
		l.groups[g].program = p
		given = append(given, l.groups[g].nodes...)
	}
	var mixed []*Node
	for _, n := range outputs {
		at := output{zero: n.is(0), group: groupOf(n, axes)}
		if at.group < 0 {
			at.node, mixed = len(mixed), append(mixed, n)
		} else {
			at.node = slices.Index(l.groups[at.group].nodes, n)
		}
		l.outputs = append(l.outputs, at)
	}
	var err error
	l.program, err = compile(given, others, mixed)
	return l, err
}

// divide finds the nodes of one axis or none that are outputs or operands of
// nodes of several axes.
func (l *Lattice) divide(axes []string, outputs []*Node) {
	seen := map[*Node]bool{}
	take := func(n *Node) {
		if n == nil || seen[n] {
			return
		}
		if g := groupOf(n, axes); g >= 0 {
			seen[n] = true
			l.groups[g].nodes = append(l.groups[g].nodes, n)
		}
	}
	for _, n := range reachable(func(n *Node) bool { return groupOf(n, axes) < 0 }, outputs...) {
		take(n.a)
		take(n.b)
		take(n.c)
	}
	for _, n := range outputs {
		take(n)
	}
}

// groupOf returns the only axis n depends on, len(axes) if there is none, −1 if
// there are several.
func groupOf(n *Node, axes []string) int {
	group := len(axes)
	for k, name := range axes {
		if !n.Uses(name) {
			continue
		}
		if group < len(axes) {
			return -1
		}
		group = k
	}
	return group
}

// Lines is a lattice with its coordinates, for one goroutine.
type Lines struct {
	*Lattice
	evaluator *Evaluator
	tables    [][][]float64 // per group and node: a value for each coordinate
	in        [][]float64
	results   [][]float64 // of the program
	columns   [][]float64 // per output of another group than the first
	out       [][]float64
}

// Lines prepares for coordinates at[k] on axis k and values of the other
// variables.
func (l *Lattice) Lines(at [][]float64, others ...float64) *Lines {
	n := len(at[0])
	lines := &Lines{Lattice: l, evaluator: newEvaluator(l.program), out: make([][]float64, len(l.outputs))}
	var rest [][]float64
	for i := range others {
		rest = append(rest, others[i:i+1])
	}
	for g, group := range l.groups {
		in, length := rest, 1
		if g < len(at) {
			in, length = append([][]float64{at[g]}, rest...), len(at[g])
		}
		table := newColumns(len(group.nodes), length)
		group.program.Eval(table, in)
		lines.tables = append(lines.tables, table)
		for _, column := range table {
			lines.in = append(lines.in, column[:1])
		}
	}
	lines.in = append(lines.in, rest...)
	lines.results = newColumns(len(l.program.outputs), n)
	lines.columns = make([][]float64, len(l.outputs))
	for k, o := range l.outputs {
		if o.zero || o.group <= 0 {
			continue
		}
		lines.columns[k] = make([]float64, n)
		if o.group == len(at) {
			fill(lines.columns[k], lines.tables[o.group][o.node][0])
		}
	}
	return lines
}

func newColumns(k, n int) [][]float64 {
	out := make([][]float64, k)
	for i := range out {
		out[i] = make([]float64, n)
	}
	return out
}

// Eval returns the outputs at n points along the first axis, from the point of
// coordinates numbered from[k] on; an output that is 0 everywhere is nil. They
// are to be read only, and good until the next call.
func (l *Lines) Eval(from []int, n int) [][]float64 {
	l.evaluate(from, n)
	for k, o := range l.outputs {
		switch {
		case o.zero:
		case o.group < 0:
			l.out[k] = l.results[o.node]
		case o.group == 0:
			l.out[k] = l.tables[0][o.node][from[0] : from[0]+n]
		default:
			l.out[k] = l.columns[k][:n]
			if o.group < len(from) {
				fill(l.out[k], l.tables[o.group][o.node][from[o.group]])
			}
		}
	}
	return l.out
}

// evaluate runs the program on a line.
func (l *Lines) evaluate(from []int, n int) {
	i := 0
	for g, table := range l.tables {
		for _, column := range table {
			switch {
			case g == 0:
				l.in[i] = column[from[0] : from[0]+n]
			case g < len(from):
				l.in[i] = column[from[g] : from[g]+1]
			}
			i++
		}
	}
	for k, column := range l.results {
		l.results[k] = column[:n]
	}
	l.evaluator.Eval(l.results, l.in)
}
