package operators

import "math"

// division of the drift into Dη, which the jumps of the noise carry, and the rest,
// which goes by upwind rates; part of the row of a cell is of this division.
type division struct {
	eta, rest tripel
	part      float64
}

// cheaper is the turn from more of the drift carried to less, over the ratio of the
// numerical diffusion they add: none to what adds more, nor where nothing is added. From
// one to the other at once, rates would jump as drift or noise change in time.
var cheaper = turn{1, 2}

// distinct is the turn over the ratio of two successive eigenvalues. As they become
// equal and change places, the eigenvectors jump: the drift along both is carried then, or
// along neither.
var distinct = turn{1, 2}

// divisions returns those that add little numerical diffusion, indexed by how many of
// the first eigenvectors have their components of the drift carried. The parts sum to 1,
// and rows, as those of each, are exact on linear functions.
func (one *coupling) divisions() (out [4]division) {
	cost := math.Inf(1)
	for carried := one.dim; carried >= 0 && cost > 0; carried-- {
		eta, rest, ok := one.carry(carried)
		if !ok {
			continue
		}
		own := one.cost(eta, rest)
		part := one.part(carried, cost, own)
		if part == 0 {
			continue
		}
		for k := range out {
			out[k].part *= 1 - part
		}
		out[carried] = division{eta, rest, part}
		if part < 1 {
			own = cost + part*(own-cost)
		}
		cost = own
	}
	return out
}

// part returns which part goes from what adds numerical diffusion of cost to what
// carries so many components and adds its own. It is all or nothing for noise of rank
// one, across which there is no other diffusion and a mixture adds more than the better
// of the two: rates jump there where drift or noise change in time from one to the other.
func (one *coupling) part(carried int, cost, own float64) float64 {
	if one.rankOne() {
		return turn{1, 1}.part(cost, own)
	}
	part := cheaper.part(cost, own)
	if carried > 0 && carried < one.dim {
		part *= distinct.part(one.value[carried-1], one.value[carried])
	}
	return part
}

// rankOne reports whether the tensor is of rank one, whatever the rays add to it.
func (one *coupling) rankOne() bool { return one.value[1]-one.added <= sameSign*one.value[0] }

// carry returns η with Dη = the drift's components along the first carried
// eigenvectors, and the rest of the drift; ok is false where D has no such
// component.
func (one *coupling) carry(carried int) (eta, left tripel, ok bool) {
	left = one.drift
	for k := range carried {
		if one.value[k] <= sameSign*one.value[0] {
			return eta, left, false
		}
		along := one.drift.dot(one.axis[k])
		for p := range eta {
			eta[p] += along / one.value[k] * one.axis[k][p]
			left[p] -= along * one.axis[k][p]
		}
	}
	if carried == one.dim || left.size() <= sameSign*one.drift.size() {
		left = tripel{} // what is left is rounding
	}
	return eta, left, true
}

// cost is the trace of the numerical diffusion: w|e|²((z/2)coth(z/2) − 1) of the
// fitted part of a jump, half the speed of an upwind one.
func (one *coupling) cost(eta, left tripel) float64 {
	sum := (math.Abs(left[0]) + math.Abs(left[1]) + math.Abs(left[2])) / 2
	for _, q := range one.rays {
		z := math.Abs(q.along(eta))
		if part := outrun.part(z, 1); part > 0 {
			e2 := float64(q.e[0]*q.e[0] + q.e[1]*q.e[1] + q.e[2]*q.e[2])
			sum += part * q.w * e2 * (z/2/math.Tanh(z/2) - 1)
		}
	}
	return sum
}
