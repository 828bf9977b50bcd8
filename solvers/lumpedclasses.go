package solvers

import (
	"math"
	"slices"
)

// wayIn is how many steps mass may take to a closed class of a chain.
const wayIn = 100 * rounds

// severally solves for every closed class of a chain by itself, and follows the initial
// law until all of it, but for the tolerance, is in one of them.
func (t *lumping) severally(classes [][]int) (*Law, error) {
	law := &Law{}
	t.report.Residual = 0
	for _, cells := range classes {
		c, err := t.alone(cells)
		if err != nil {
			return nil, err
		}
		law.Classes = append(law.Classes, c)
	}
	ends, err := t.ends(law.Classes)
	if err != nil {
		return nil, err
	}
	if t.Initial != nil {
		law.Mass = make([]float64, t.chain.Size())
	}
	for k := range law.Classes {
		c := &law.Classes[k]
		c.Probability = ends[k]
		for x, i := range c.Cells {
			if law.Mass != nil {
				law.Mass[i] = c.Probability * c.Mass[x]
			}
		}
	}
	law.Report = t.report
	law.Method = "lumping"
	return law, nil
}

// alone solves for one closed class.
func (t *lumping) alone(cells []int) (Class, error) {
	part := newLumping(t.chain, &t.Settings)
	part.within = t.mask(cells)
	m := part.start()
	if err := part.run(m); err != nil {
		return Class{}, err
	}
	t.report.Iterations += part.report.Iterations
	t.report.WorkUnits += part.report.WorkUnits
	t.report.Residual = max(t.report.Residual, part.report.Residual)
	c := Class{Cells: cells, Mass: make([]float64, len(cells))}
	for x, i := range cells {
		c.Mass[x] = m[i]
	}
	return c, nil
}

// ends returns the probabilities of ending in each class, NaN without an initial law.
func (t *lumping) ends(classes []Class) ([]float64, error) {
	out, m := make([]float64, len(classes)), slices.Clone(t.Initial)
	if m == nil {
		for k := range out {
			out[k] = math.NaN()
		}
		return out, nil
	}
	all := sum(m)
	for range wayIn {
		if err := t.Context.Err(); err != nil {
			return nil, err
		}
		arrived := 0.0
		for k, c := range classes {
			out[k] = 0
			for _, i := range c.Cells {
				out[k] += m[i]
			}
			arrived += out[k]
		}
		if all-arrived <= t.Tolerance*all {
			return out, nil
		}
		t.chain.Step(t.next, m)
		t.report.WorkUnits++
		m, t.next = t.next, m
	}
	return nil, &NotConverged{"steps to the closed classes", (all - sum(out)) / all, wayIn}
}

// closed returns the cells of every closed class. From any cell a way leads to one: where
// there is no way back it is nearer.
func (t *lumping) closed() (classes [][]int) {
	done := make([]bool, t.chain.Size())
	for goal := 0; goal >= 0; goal = slices.Index(done, false) {
		to, from := t.reach(goal, t.chain.Step), t.reach(goal, t.chain.Backward)
		for away := beyond(to, from); away >= 0; away = beyond(to, from) {
			to, from = t.reach(away, t.chain.Step), t.reach(away, t.chain.Backward)
		}
		var cells []int
		for i := range done {
			if to[i] {
				cells = append(cells, i)
			}
			done[i] = done[i] || from[i]
		}
		classes = append(classes, cells)
	}
	return classes
}

// beyond returns a cell that is reached and from which there is no way back, −1 if there
// is none.
func beyond(to, from []bool) int {
	for i, yes := range to {
		if yes && !from[i] {
			return i
		}
	}
	return -1
}

// reach returns which cells steps, or steps back, lead to from one.
func (t *lumping) reach(cell int, step func(dst, x []float64)) []bool {
	reached, x := make([]bool, t.chain.Size()), make([]float64, t.chain.Size())
	reached[cell], x[cell] = true, 1
	for before, now := 0, 1; now > before; {
		step(t.next, x)
		t.report.WorkUnits++
		before, now = now, 0
		for i, v := range t.next {
			if reached[i] = reached[i] || v > 0; reached[i] {
				x[i] = 1
				now++
			}
		}
	}
	return reached
}

// mask says which cells these are.
func (t *lumping) mask(cells []int) []bool {
	out := make([]bool, t.chain.Size())
	for _, i := range cells {
		out[i] = true
	}
	return out
}
