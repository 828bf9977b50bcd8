package expr

// Kink returns the name of an operation in the expressions that is not smooth, or
// "" where all are: abs, sign, relu, min, max, a comparison, a choice.
func Kink(nodes ...*Node) string {
	for _, n := range reachable(func(*Node) bool { return true }, nodes...) {
		switch {
		case n.op == opAbs || n.op == opSign || n.op == opRelu || n.op == opMin || n.op == opMax:
			return calls[n.op]
		case n.op == opSelect:
			return "?:"
		case n.boolean && n.op != opNumber:
			return "a comparison"
		}
	}
	return ""
}
