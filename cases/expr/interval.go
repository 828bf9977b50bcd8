package expr

import (
	"math"
	"slices"
)

// Intervals says where a truth holds that is made of comparisons, joined by "and", "or" and
// "not", each linear in the same one of the axes and constant in all else: x > 2, 0 < x < 1,
// not 2*x + 1 >= 0. It holds between the ends of each of some intervals of that axis, from
// below upwards (an end may be infinite; whether it belongs is not told). For
// every other node, a truth that folded to a number among them, ok is false.
func Intervals(n *Node, axes []string) (axis string, holds [][2]float64, ok bool) {
	names := n.Variables()
	if len(names) != 1 || !slices.Contains(axes, names[0]) {
		return "", nil, false
	}
	truth := func(n *Node) bool { return n.op.truth() }
	sets := map[*Node]set{}
	for _, n := range reachable(truth, n) {
		a, isA := sets[n.a]
		b, isB := sets[n.b]
		switch {
		case n.op == opAnd && isA && isB:
			sets[n] = a.and(b)
		case n.op == opOr && isA && isB:
			sets[n] = a.not().and(b.not()).not()
		case n.op == opNot && isA:
			sets[n] = a.not()
		default:
			lo, hi, linear := halfLine(n)
			if !linear {
				return "", nil, false
			}
			sets[n] = set{{lo, hi}}
		}
	}
	holds, ok = sets[n]
	return names[0], holds, ok
}

// set is a union of intervals, from below upwards, that do not meet.
type set [][2]float64

// not returns what is between them.
func (s set) not() (out set) {
	from := math.Inf(-1)
	for _, i := range append(slices.Clone(s), [2]float64{math.Inf(1), math.Inf(1)}) {
		if from < i[0] {
			out = append(out, [2]float64{from, i[0]})
		}
		from = i[1]
	}
	return out
}

// and returns what both have.
func (s set) and(other set) (out set) {
	for _, a := range s {
		for _, b := range other {
			if both := [2]float64{max(a[0], b[0]), min(a[1], b[1])}; both[0] < both[1] {
				out = append(out, both)
			}
		}
	}
	return out
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
