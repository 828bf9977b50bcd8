package operators

import (
	"fmt"
	"math"

	"fokker/grid"
)

// Isothermal is a reversible process in face form: across the face between
// cells i and j at distance h, with D = MT and F at the face,
//
//	rate(i→j) = D/(h wᵢ) B((Uⱼ − Uᵢ)/T − F h/D),
//
// w being cell widths (Scharfetter and Gummel 1969). For F = 0 detailed balance
// holds with masses volume·e^(−U/T) to rounding, on every mesh.
type Isothermal struct{ Process Reversible }

// faces holds coefficients on one side of a piece of a line.
type faces struct {
	x, mobility, force [][]float64
	here, there        []float64   // U at the centre and beyond the face
	place              [][]float64 // coordinates of centres and faces, distances beyond
	rate               []float64
}

func (f *faces) point(i int) []float64 { return point(f.x, i) }

// AppendRows adds the two-point rates of every axis.
func (s Isothermal) AppendRows(rows *Rows, r grid.Range, t float64) error {
	if err := s.singleValued(rows.grid, r, t); err != nil {
		return err
	}
	dim := s.Process.Dim()
	beside := allNeighbors(rows.grid)
	all := Columns(3*dim+6, chunk)
	return pieces(rows.grid, r, func(r grid.Range) error {
		c := cut(all, r.Len())
		f := faces{c[:dim], c[dim : 2*dim], c[2*dim : 3*dim], c[3*dim], c[3*dim+1], c[3*dim+2 : 3*dim+5], c[3*dim+5]}
		rows.grid.Points(f.x, r)
		s.Process.Potential(f.here, f.x, t)
		if err := finite("potential", [][]float64{f.here}, f.point); err != nil {
			return err
		}
		for k := range dim {
			for side := range 2 {
				if err := s.appendSide(rows, beside[k], r, side, t, &f); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (s Isothermal) appendSide(rows *Rows, n *neighbors, r grid.Range, side int, t float64, f *faces) error {
	k, widths := n.axis, rows.grid.Widths(n.axis)
	own, face, reach := f.place[0], f.place[1], f.place[2]
	copy(own, f.x[k])
	defer copy(f.x[k], own)
	for i := range own {
		f.x[k][i], face[i], reach[i] = n.beyond(r.Lo+i, side)
	}
	s.Process.Potential(f.there, f.x, t)
	if err := finite("potential", [][]float64{f.there}, f.point); err != nil {
		return err
	}
	copy(f.x[k], face)
	s.Process.Mobility(f.mobility, f.x, t)
	s.Process.Force(f.force, f.x, t)
	if err := usable(f); err != nil {
		return err
	}
	temperature, sign := s.Process.Temperature()[k], float64(2*side-1)
	for i, h := range reach {
		d := f.mobility[k][i] * temperature
		rise := f.mobility[k][i]*(f.there[i]-f.here[i]) - sign*f.force[k][i]*h
		rate, _ := fitted(d, rise)
		f.rate[i] = rate / (h * widths[n.along(r.Lo+i)])
	}
	n.add(rows, r, side, f.rate, 1)
	return nil
}

// beyond returns the coordinate of the next centre on a side, that of the face
// between, and the distance of the centres. An absorbing wall is its own
// centre; where nothing crosses, all is the cell's own, so that no coefficient
// is asked for where it may not exist.
func (n *neighbors) beyond(cell, side int) (x, face, distance float64) {
	i, axis := n.along(cell), n.grid.Axis(n.axis)
	next := n.beside[side][i]
	switch edge := axis.Edges[i+side]; {
	case next.inside:
		down, up := n.grid.Distances(n.axis, i)
		return n.grid.Centers(n.axis)[n.along(cell+next.to)], edge, [2]float64{down, up}[side]
	case next.lost:
		return edge, edge, n.grid.Widths(n.axis)[i] / 2
	}
	x, distance = n.grid.Centers(n.axis)[i], n.grid.Widths(n.axis)[i]
	return x, x, distance
}

func usable(f *faces) error {
	if err := finite("mobility", f.mobility, f.point); err != nil {
		return err
	}
	for k, m := range f.mobility {
		for i, v := range m {
			if v < 0 {
				return &PointError{"mobility", k, v, point(f.x, i), "a number ≥ 0"}
			}
		}
	}
	return finite("force", f.force, f.point)
}

// singleValued checks that U has the same value at both ends of periodic axes,
// on every line of the range that begins in it.
func (s Isothermal) singleValued(g *grid.Grid, r grid.Range, t float64) error {
	x, ends := Columns(g.Dim(), 1), [2][]float64{{0}, {0}}
	for k := range g.Dim() {
		axis := g.Axis(k)
		if axis.Ends[0] != grid.Periodic {
			continue
		}
		for cell := r.Lo; cell < r.Hi; cell++ {
			if g.Along(k, cell) != 0 {
				continue
			}
			g.Points(x, grid.Range{Lo: cell, Hi: cell + 1})
			for side, edge := range []float64{axis.Edges[0], axis.Edges[axis.Cells()]} {
				x[k][0] = edge
				s.Process.Potential(ends[side], x, t)
			}
			low, high := ends[0][0], ends[1][0]
			// Far above the rounding of any formula, far below any tilt meant.
			if math.Abs(high-low) > 1e-9*(1+math.Abs(low)) {
				return fmt.Errorf("operators: the potential is %v at one end of the periodic axis %q and %v at the other; a tilt belongs into the drift", low, axis.Name, high)
			}
		}
	}
	return nil
}

// Killing removes mass at a rate that depends on place and time.
type Killing struct {
	Rate func(k []float64, x [][]float64, t float64)
}

// AppendRows adds the rates of being removed.
func (s Killing) AppendRows(rows *Rows, r grid.Range, t float64) error {
	x, rate := Columns(rows.grid.Dim(), chunk), make([]float64, chunk)
	return r.Chunks(chunk, func(r grid.Range) error {
		x, rate := cut(x, r.Len()), rate[:r.Len()]
		rows.grid.Points(x, r)
		s.Rate(rate, x, t)
		if err := finite("killing", [][]float64{rate}, func(i int) []float64 { return point(x, i) }); err != nil {
			return err
		}
		for i, v := range rate {
			if v < 0 {
				return &PointError{"killing", 0, v, point(x, i), "a number ≥ 0"}
			}
			rows.Kill(r.Lo+i, v)
		}
		return nil
	})
}
