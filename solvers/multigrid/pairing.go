package multigrid

import "math"

// pairing is how the cells of a level are joined.
type pairing struct {
	count  int     // of pairs, some with more cells
	first  []int32 // pair a has the cells cell[first[a]] … cell[first[a+1]−1]
	cell   []int32
	links  []link // by strength, strongest first
	found  []link
	class  []uint8 // strength of what was found
	number [classes + 1]int
	seen   []int32
}

// link is two cells between which there is a flow.
type link struct{ a, b int32 }

// classes of strength, four to a factor of two; what is weaker than 2^−15 is all one.
const classes = 64

func (p *pairing) members(a int) []int32 { return p.cell[p.first[a]:p.first[a+1]] }

// pair joins cells: in the order of the strength of links those of which neither is
// joined yet, then those left with the pair of their strongest link. As all are
// one class, every pair has two cells or more.
func (l *joined) pair() {
	l.sortLinks()
	l.of = sized(l.of, len(l.p))
	for i := range l.of {
		l.of[i] = -1
	}
	n := int32(0)
	for _, k := range l.pairs.links {
		if l.of[k.a] < 0 && l.of[k.b] < 0 {
			l.of[k.a], l.of[k.b] = n, n
			n++
		}
	}
	for _, k := range l.pairs.links {
		if l.of[k.a] < 0 {
			l.of[k.a] = l.of[k.b]
		} else if l.of[k.b] < 0 {
			l.of[k.b] = l.of[k.a]
		}
	}
	l.pairs.gather(l.of, int(n))
}

// gather lists the cells of each pair.
func (p *pairing) gather(of []int32, n int) {
	p.count, p.first, p.cell = n, sized(p.first, n+2), sized(p.cell, len(of))
	clear(p.first)
	for _, a := range of {
		p.first[a+2]++
	}
	for a := range n {
		p.first[a+2] += p.first[a+1]
	}
	for i, a := range of {
		p.cell[p.first[a+1]] = int32(i)
		p.first[a+1]++
	}
}

// sortLinks sorts the links by strength, the flow both ways over what flows out of
// the cell that less flows out of. Equals stay in the order of cells.
func (l *joined) sortLinks() {
	p := &l.pairs
	p.found, p.class = p.found[:0], p.class[:0]
	clear(p.number[:])
	for i := range int32(len(l.p)) {
		from, rate := l.row(i)
		for e, j := range from {
			back, both := l.between(i, j)
			if both && j < i {
				continue // found from the other end
			}
			flow := rate[e]*l.p[j] + back*l.p[i]
			c := class(flow / min(l.p[i]*l.out[i], l.p[j]*l.out[j]))
			p.found, p.class = append(p.found, link{i, j}), append(p.class, c)
			p.number[c+1]++
		}
	}
	for c := range classes {
		p.number[c+1] += p.number[c]
	}
	p.links = sized(p.links, len(p.found))
	for x, k := range p.found {
		c := p.class[x]
		p.links[p.number[c]] = k
		p.number[c]++
	}
}

// between returns the rate from cell i to cell j.
func (l *joined) between(i, j int32) (rate float64, any bool) {
	from, rates := l.row(j)
	for e, k := range from {
		if k == i {
			return rates[e], true
		}
	}
	return 0, false
}

// class returns the class of a strength, at most 2: 0 is the strongest.
func class(strength float64) uint8 {
	const top = 1024 << 2 // the exponent of 2 and two bits of fraction
	if !(strength > 0) {  // or what flows is too little for float64
		return classes - 1
	}
	return uint8(max(0, min(top-int(math.Float64bits(strength)>>50), classes-1)))
}
