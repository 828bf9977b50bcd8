package multigrid

import "fokker/operators"

// chains are paths of strongly coupled cells. A sweep solves for all cells of a
// chain at once, by eliminating them in their order: with up, down and exit the
// rates from a cell to the next, to the one before and elsewhere,
//
//	s_k = up_k + exit_k,  exit_{k+1} += down_{k+1} exit_k / s_k,
//
// which subtracts nothing (Grassmann, Taksar and Heyman 1985). A cell that no
// other is strongly coupled to is a chain of its own.
type chains struct {
	first []int32 // chain c is the cells first[c] … first[c+1]−1 in the order of the sweeps
	block []int32 // block b has the chains block[b] … block[b+1]−1
	// Per place in the order; of the rates into a cell of a chain, those from the
	// chain come last.
	pivot        []float64 // rate out of the cell over s
	below, above []float64 // part from the cell before, after, times pivot
}

// strong is the part of what flows into a cell that must come from one other to
// couple them strongly: of four equal neighbours each gives a quarter.
const strong = 0.3

// link makes the chains and puts the rates into their order.
func (l *wideLevel) link(q operators.Rowed) {
	partners, n := l.partners(), len(l.p)
	order, done := make([]int32, 0, n), make([]bool, n)
	for b := range l.blocks {
		l.block = append(l.block, int32(len(l.first)))
		lo, hi := l.cells(b)
		for i := lo; i < hi; i++ {
			if !done[i] {
				l.first = append(l.first, int32(len(order)))
				order = collect(order, done, partners, end(partners, int32(i)))
			}
		}
	}
	l.block = append(l.block, int32(len(l.first)))
	l.first = append(l.first, int32(n))
	l.arrange(order)
	l.pivots(q)
}

// partners returns for each cell the cells of its block, at most two, that give
// most to it and to which it gives most; −1 where there is none.
func (l *wideLevel) partners() [][2]int32 {
	best := make([][2]int32, len(l.p))
	for b := range l.blocks {
		lo, hi := l.cells(b)
		for i := lo; i < hi; i++ {
			best[i] = l.strongest(i, lo, hi)
		}
	}
	mutual := make([][2]int32, len(best))
	for i, two := range best {
		for x, j := range two {
			if j >= 0 && best[j][0] != int32(i) && best[j][1] != int32(i) {
				two[x] = -1
			}
		}
		mutual[i] = two
	}
	return mutual
}

// strongest returns the two of the cells lo … hi−1 that give most to cell i.
func (l *wideLevel) strongest(i, lo, hi int) [2]int32 {
	two, most := [2]int32{-1, -1}, [2]float64{strong, strong}
	for e := l.start[i]; e < l.start[i+1]; e++ {
		j, part := l.from[e], l.part[e]
		switch {
		case int(j) < lo || int(j) >= hi || part <= most[1]:
		case part > most[0]:
			two, most = [2]int32{j, two[0]}, [2]float64{part, most[0]}
		default:
			two[1], most[1] = j, part
		}
	}
	return two
}

// other returns the partner of a cell that is not the given one.
func other(two [2]int32, one int32) int32 {
	if two[0] == one {
		return two[1]
	}
	return two[0]
}

// end returns an end of the chain of cell i, or i if the chain is a ring.
func end(partners [][2]int32, i int32) int32 {
	if partners[i][0] < 0 {
		return i
	}
	before, at := partners[i][1], i
	for {
		next := other(partners[at], before)
		if next < 0 || next == i {
			return at
		}
		before, at = at, next
	}
}

// collect appends the chain that begins at a cell.
func collect(order []int32, done []bool, partners [][2]int32, at int32) []int32 {
	for before := int32(-1); at >= 0 && !done[at]; {
		order, done[at] = append(order, at), true
		before, at = at, other(partners[at], before)
	}
	return order
}

// arrange puts the rows of Qᵀ in an order, rates from the neighbours in a chain
// last.
func (l *wideLevel) arrange(order []int32) {
	old := *l
	l.cell, l.start, l.inv = order, make([]int, 1, len(old.start)), make([]float64, len(order))
	l.from, l.part = make([]int32, 0, len(old.from)), make([]float64, 0, len(old.part))
	for c := range len(l.first) - 1 {
		chain := order[l.first[c]:l.first[c+1]]
		for x, i := range chain {
			before, after := int32(-1), int32(-1)
			if x > 0 {
				before = chain[x-1]
			}
			if x+1 < len(chain) {
				after = chain[x+1]
			}
			l.inv[int(l.first[c])+x] = old.inv[i]
			l.put(old.from[old.start[i]:old.start[i+1]], old.part[old.start[i]:old.start[i+1]], before, after)
		}
	}
}

// put appends a row, the rates from two cells last.
func (l *wideLevel) put(from []int32, part []float64, before, after int32) {
	last := [2]float64{}
	for e, j := range from {
		switch j {
		case before:
			last[0] = part[e]
		case after:
			last[1] = part[e]
		default:
			l.from, l.part = append(l.from, j), append(l.part, part[e])
		}
	}
	for x, j := range [2]int32{before, after} {
		if j >= 0 {
			l.from, l.part = append(l.from, j), append(l.part, last[x])
		}
	}
	l.start = append(l.start, len(l.from))
}

// pivots eliminates along the chains.
func (l *wideLevel) pivots(q operators.Rowed) {
	n := len(l.p)
	l.pivot, l.below, l.above = make([]float64, n), make([]float64, n), make([]float64, n)
	for c := range len(l.first) - 1 {
		lo, hi := int(l.first[c]), int(l.first[c+1])
		lost := 0.0 // exit_k / s_k of the cell before
		for x := lo; x < hi; x++ {
			up, down, exit := l.leave(q, x, lo, hi)
			exit += down * lost
			s := max(up+exit, leak)
			lost = exit / s
			l.pivot[x] = 1 / (l.inv[x] * s)
			e := l.start[x+1]
			if x+1 < hi {
				e--
				l.above[x] = l.pivot[x] * l.part[e]
			}
			if x > lo {
				l.below[x] = l.pivot[x] * l.part[e-1]
			}
		}
	}
}

// leave returns the rates out of cell[x] to the next one of its chain lo … hi−1,
// to the one before and elsewhere.
func (l *wideLevel) leave(q operators.Rowed, x, lo, hi int) (up, down, exit float64) {
	to, rate := q.Row(int(l.cell[x]))
	exit = l.departs(int(l.cell[x]))
	for e, j := range to {
		switch {
		case x+1 < hi && j == int(l.cell[x+1]):
			up = rate[e]
		case x > lo && j == int(l.cell[x-1]):
			down = rate[e]
		default:
			exit += rate[e]
		}
	}
	return up, down, exit
}

// forth balances the chains of a block, u_i = (f_i + Σⱼ uⱼ rⱼᵢ)/Σⱼ rᵢⱼ.
func (l *wideLevel) forth(block int) {
	for c := l.block[block]; c < l.block[block+1]; c++ {
		l.balance(int(l.first[c]), int(l.first[c+1]))
	}
}

// back does so in the opposite order of chains.
func (l *wideLevel) back(block int) {
	for c := l.block[block+1] - 1; c >= l.block[block]; c-- {
		l.balance(int(l.first[c]), int(l.first[c+1]))
	}
}

// balance solves for the cells of a chain. What is between the two ways stands
// in r: cells may give to others of their chain than the next.
func (l *wideLevel) balance(lo, hi int) {
	if hi == lo+1 {
		l.u[l.cell[lo]] = l.inflow(lo, 0)
		return
	}
	u := l.pivot[lo] * l.inflow(lo, 1)
	l.r[l.cell[lo]] = u
	for x := lo + 1; x < hi-1; x++ {
		u = l.pivot[x]*l.inflow(x, 2) + l.below[x]*u
		l.r[l.cell[x]] = u
	}
	u = l.pivot[hi-1]*l.inflow(hi-1, 1) + l.below[hi-1]*u
	l.u[l.cell[hi-1]] = u
	for x := hi - 2; x >= lo; x-- {
		i := l.cell[x]
		u = l.r[i] + l.above[x]*u
		l.u[i] = u
	}
}
