package multigrid

// joinedChains are the chains of a level of joined cells, whose rates change with
// the iterate: see chains.
type joinedChains struct {
	order         []int32 // of the sweeps
	first         []int32 // chain c is order[first[c]] … order[first[c+1]−1]
	before, after []int32 // per place: the rate from the cell before and after in its chain, −1 if there is none
	within        []bool  // per rate: between neighbours in a chain
	exit          []float64
	pivot         []float64 // per place: 1/s
	half          []float64 // per place: what is between the two ways
	partner       [][2]int32
	mutual        [][2]int32
	done          []bool
}

// link makes the chains.
func (l *joined) link() {
	n := len(l.p)
	l.partners()
	l.order, l.first = l.order[:0], l.first[:0]
	l.done = sized(l.done, n)
	clear(l.done)
	for i := range int32(n) {
		if !l.done[i] {
			l.first = append(l.first, int32(len(l.order)))
			l.order = collect(l.order, l.done, l.mutual, end(l.mutual, i))
		}
	}
	l.first = append(l.first, int32(n))
	l.exit, l.pivot, l.half = sized(l.exit, n), sized(l.pivot, n), sized(l.half, n)
	l.findChained()
}

// partners finds for each cell the cells, at most two, that give most to it and to
// which it gives most.
func (l *joined) partners() {
	n := len(l.p)
	l.partner, l.mutual = sized(l.partner, n), sized(l.mutual, n)
	for i := range int32(n) {
		l.partner[i] = l.strongest(i)
	}
	for i, two := range l.partner {
		for x, j := range two {
			if j >= 0 && l.partner[j][0] != int32(i) && l.partner[j][1] != int32(i) {
				two[x] = -1
			}
		}
		l.mutual[i] = two
	}
}

// strongest returns the two cells that give most to cell i.
func (l *joined) strongest(i int32) [2]int32 {
	least := strong * l.out[i]
	two, most := [2]int32{-1, -1}, [2]float64{least, least}
	from, rate := l.row(i)
	for e, j := range from {
		switch r := rate[e]; {
		case r <= most[1]:
		case r > most[0]:
			two, most = [2]int32{j, two[0]}, [2]float64{r, most[0]}
		default:
			two[1], most[1] = j, r
		}
	}
	return two
}

// findChained finds the rates between neighbours in a chain.
func (l *joined) findChained() {
	n := len(l.p)
	l.before, l.after, l.within = sized(l.before, n), sized(l.after, n), sized(l.within, len(l.from))
	clear(l.within)
	for c := range len(l.first) - 1 {
		lo, hi := l.first[c], l.first[c+1]
		for x := lo; x < hi; x++ {
			l.before[x], l.after[x] = -1, -1
			for e := l.start[l.order[x]]; e < l.start[l.order[x]+1]; e++ {
				if x > lo && l.from[e] == l.order[x-1] {
					l.before[x], l.within[e] = e, true
				} else if x+1 < hi && l.from[e] == l.order[x+1] {
					l.after[x], l.within[e] = e, true
				}
			}
		}
	}
}

// along returns a rate by its number, 0 if there is none.
func (l *joined) along(e int32) float64 {
	if e < 0 {
		return 0
	}
	return l.rate[e]
}

// pivots eliminates along the chains.
func (l *joined) pivots() {
	clear(l.exit)
	for e, j := range l.from {
		if !l.within[e] {
			l.exit[j] += l.rate[e]
		}
	}
	for c := range len(l.first) - 1 {
		lo, hi := l.first[c], l.first[c+1]
		lost := 0.0 // exit_k / s_k of the cell before
		for x := lo; x < hi; x++ {
			up, exit := 0.0, l.exit[l.order[x]]
			if x+1 < hi {
				up = l.along(l.before[x+1])
			}
			if x > lo {
				exit += l.along(l.after[x-1]) * lost
			}
			s := max(up+exit, leak)
			lost, l.pivot[x] = exit/s, 1/s
		}
	}
}

// forth balances chain after chain.
func (l *joined) forth() {
	for c := range len(l.first) - 1 {
		l.balance(l.first[c], l.first[c+1])
	}
}

// back does so in the opposite order.
func (l *joined) back() {
	for c := len(l.first) - 2; c >= 0; c-- {
		l.balance(l.first[c], l.first[c+1])
	}
}

// balance solves for the cells of a chain.
func (l *joined) balance(lo, hi int32) {
	if hi == lo+1 {
		l.p[l.order[lo]] = l.inflow(l.order[lo])*l.pivot[lo] + spring
		return
	}
	u := 0.0
	for x := lo; x < hi; x++ {
		u = l.pivot[x] * (l.elsewhere(x) + l.along(l.before[x])*u)
		l.half[x] = u
	}
	l.p[l.order[hi-1]] = u + spring
	for x := hi - 2; x >= lo; x-- {
		u = l.half[x] + l.pivot[x]*l.along(l.after[x])*u
		l.p[l.order[x]] = u + spring
	}
}

// elsewhere returns what comes into a cell from others than its neighbours in its
// chain.
func (l *joined) elsewhere(x int32) (s float64) {
	before, after := l.before[x], l.after[x]
	i := l.order[x]
	for e := l.start[i]; e < l.start[i+1]; e++ {
		if e != before && e != after {
			s += l.rate[e] * l.p[l.from[e]]
		}
	}
	return s
}
