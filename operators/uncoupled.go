package operators

import "fokker/grid"

// Uncoupled is drift and diffusion along axes as by Transport, without what the noise
// couples: of D the diagonal alone, D itself having no negative eigenvalue. It is not
// that process, but what an equation of higher order leans on where Coupled would have
// too many jumps: D against its diagonal has eigenvalues between 0 and the number of
// axes.
type Uncoupled struct {
	Process Process
	Axes    []int // two or three
}

// AppendRows adds the two-point rates of every axis.
func (u Uncoupled) AppendRows(rows *Rows, r grid.Range, at float64) error {
	g := rows.grid
	along := make([]*twoPoint, len(u.Axes))
	for i, k := range u.Axes {
		along[i] = newTwoPoint(g, k)
	}
	return Coefficients(u.Process, g, r, at, func(r grid.Range, b, d [][]float64) error {
		if err := u.definite(g, r, d); err != nil {
			return err
		}
		for i, k := range u.Axes {
			along[i].append(rows, r, b[k], d[k*g.Dim()+k])
		}
		return nil
	})
}

// definite refuses tensors with a negative eigenvalue.
func (u Uncoupled) definite(g *grid.Grid, r grid.Range, d [][]float64) error {
	for i := range r.Len() {
		var m tensor
		for p, k := range u.Axes {
			for q, l := range u.Axes {
				if c := d[k*g.Dim()+l]; c != nil {
					m[p][q] = c[i]
				}
			}
		}
		if values, _ := m.eigen(); values[2] < -indefinite*m.trace() {
			return &PointError{"diffusion", u.Axes[0], values[2], center(g, r.Lo+i), "no negative eigenvalue"}
		}
	}
	return nil
}
