package solvers

import "slices"

// store keeps what the solution needs of a front.
func (e *eliminator) store(f *front, a square) {
	p, m := f.pivots(), f.size()
	low := e.low[f.low : f.low+p*m]
	for i := range m {
		copy(low[i*p:(i+1)*p], a.row(i))
	}
	if e.side == nil {
		return
	}
	b := m - p
	side := e.factor.side[f.side : f.side+p*b]
	for k := range p {
		copy(side[k*b:(k+1)*b], a.row(k)[p:])
	}
}

// assemble adds up the rates of the pivots and what the children left.
func (e *eliminator) assemble(t int, a square) error {
	f := &e.fronts[t]
	for i := range f.pivots() {
		c := int(e.cell[f.lo+i])
		a.row(i)[a.n] += e.out.loss[c]
		to, rate := e.out.row(c)
		for x, j := range to {
			if at := f.find(e.number[j]); at >= 0 {
				a.row(i)[at] += rate[x]
			} else if at == missing && rate[x] > 0 {
				return errPattern
			}
		}
		from, rate := e.in.row(c)
		for x, j := range from {
			if at := f.find(e.number[j]); at >= f.pivots() {
				a.row(at)[i] += rate[x]
			} else if at == missing && rate[x] > 0 {
				return errPattern
			}
		}
	}
	for _, child := range f.children {
		f.extend(a, e.fronts[child].border, e.blocks[child])
		e.shelf.put(e.blocks[child].v)
		e.blocks[child] = square{}
	}
	return nil
}

const (
	earlier = -1 // eliminated already
	missing = -2 // not in the front
)

// find returns the row of a front that belongs to an elimination number.
func (f *front) find(number int32) int {
	switch i := int(number); {
	case i < f.lo:
		return earlier
	case i < f.hi:
		return i - f.lo
	}
	at, found := slices.BinarySearch(f.border, number)
	if !found {
		return missing
	}
	return f.pivots() + at
}

// extend adds the rates between the cells of a border, whose pivots are gone,
// to those of a front that contains them.
func (f *front) extend(a square, border []int32, from square) {
	runs := f.runs(border)
	for _, r := range runs {
		for i := range r.length {
			to, row := a.row(r.to+i), from.row(r.from+i)
			for _, c := range runs {
				add(to[c.to:c.to+c.length], row[c.from:])
			}
			to[a.n] += row[from.n]
		}
	}
}

// run is consecutive rows of a border that are consecutive in a front as well.
type run struct{ from, to, length int }

func (f *front) runs(border []int32) []run {
	var runs []run
	at, next := 0, 0
	for i, c := range border {
		if int(c) < f.hi {
			at = int(c) - f.lo
		} else {
			for f.border[next] != c {
				next++
			}
			at = f.pivots() + next
		}
		if last := len(runs) - 1; last >= 0 && runs[last].to+runs[last].length == at {
			runs[last].length++
		} else {
			runs = append(runs, run{i, at, 1})
		}
	}
	return runs
}

// add adds x to dst.
func add(dst, x []float64) {
	x = x[:len(dst)]
	for j := range dst {
		dst[j] += x[j]
	}
}
