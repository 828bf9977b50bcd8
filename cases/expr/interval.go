package expr

import (
	"math"
	"slices"
)

// Interval says where a truth holds if it is one comparison, or several joined
// by "and", each linear in the same one of the axes and constant in all else:
// x > 2, 0 < x < 1, 2*x + 1 >= 0. It holds for lo < x < hi on that axis (an end
// may be infinite; whether it belongs is not told); never, if lo ≥ hi. For
// every other node, a truth that folded to a number among them, ok is false.
func Interval(n *Node, axes []string) (axis string, lo, hi float64, ok bool) {
	names := n.Variables()
	if len(names) != 1 || !slices.Contains(axes, names[0]) {
		return "", 0, 0, false
	}
	lo, hi = math.Inf(-1), math.Inf(1)
	open := []*Node{n}
	for seen := map[*Node]bool{}; len(open) > 0; {
		m := open[len(open)-1]
		open = open[:len(open)-1]
		if seen[m] {
			continue
		}
		seen[m] = true
		if m.op == opAnd {
			open = append(open, m.a, m.b)
			continue
		}
		below, above, linear := halfLine(m)
		if !linear {
			return "", 0, 0, false
		}
		lo, hi = max(lo, below), min(hi, above)
	}
	return names[0], lo, hi, true
}

// halfLine returns the interval on which a linear comparison holds.
func halfLine(n *Node) (lo, hi float64, ok bool) {
	if n.op < opLess || n.op > opGreaterEqual {
		return 0, 0, false
	}
	slopeA, atA, linearA := line(n.a)
	slopeB, atB, linearB := line(n.b)
	slope, threshold := slopeA-slopeB, (atB-atA)/(slopeA-slopeB)
	if !linearA || !linearB || slope == 0 || math.IsNaN(threshold) {
		return 0, 0, false
	}
	greater := n.op == opGreater || n.op == opGreaterEqual
	if greater == (slope > 0) {
		return threshold, math.Inf(1), true
	}
	return math.Inf(-1), threshold, true
}

// line returns slope and value at 0 of a node that is linear in its only
// variable, as it is written.
func line(root *Node) (slope, at0 float64, ok bool) {
	type form struct{ slope, at0 float64 }
	forms := map[*Node]form{}
	for _, n := range reachable(func(*Node) bool { return true }, root) {
		a, b := forms[n.a], forms[n.b]
		switch {
		case n.op == opNumber:
			forms[n] = form{0, n.value}
		case n.op == opVariable:
			forms[n] = form{1, 0}
		case n.op == opNeg:
			forms[n] = form{-a.slope, -a.at0}
		case n.op == opAdd:
			forms[n] = form{a.slope + b.slope, a.at0 + b.at0}
		case n.op == opSub:
			forms[n] = form{a.slope - b.slope, a.at0 - b.at0}
		case n.op == opMul && n.a.op == opNumber:
			forms[n] = form{a.at0 * b.slope, a.at0 * b.at0}
		case n.op == opDiv && n.b.op == opNumber:
			forms[n] = form{a.slope / b.at0, a.at0 / b.at0}
		default:
			return 0, 0, false
		}
	}
	return forms[root].slope, forms[root].at0, true
}
