package expr

// Angle reports whether expressions recur in a variable as in an angle, or do without it: it
// stands in sines, cosines and tangents alone, of which each argument changes with it at a
// constant rate.
func Angle(variable string, nodes ...*Node) bool {
	round := func(n *Node) bool { return (n.op == opSin || n.op == opCos || n.op == opTan) && n.a.steady(variable) }
	for _, n := range reachable(func(n *Node) bool { return !round(n) }, nodes...) {
		if n.op == opVariable && n.name == variable {
			return false
		}
	}
	return true
}

// steady reports whether the derivative of n by a variable is a number.
func (n *Node) steady(variable string) bool {
	d, err := n.Diff(variable)
	if err != nil {
		return false
	}
	_, constant := d.Constant()
	return constant
}
