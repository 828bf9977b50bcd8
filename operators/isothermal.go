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

// faces holds coefficients on one side of a chunk of cells.
type faces struct {
	x, mobility, force [][]float64
	here, there        []float64 // U at the centre and beyond the face
}

// AppendRows adds the two-point rates of every axis.
func (s Isothermal) AppendRows(rows *Rows, r grid.Range, t float64) error {
	if err := s.singleValued(rows.grid, r, t); err != nil {
		return err
	}
	dim := s.Process.Dim()
	f := faces{Columns(dim, chunk), Columns(dim, chunk), Columns(dim, chunk), make([]float64, chunk), make([]float64, chunk)}
	return r.Chunks(chunk, func(r grid.Range) error {
		n := r.Len()
		f := faces{cut(f.x, n), cut(f.mobility, n), cut(f.force, n), f.here[:n], f.there[:n]}
		rows.grid.Points(f.x, r)
		s.Process.Potential(f.here, f.x, t)
		if err := finite("potential", [][]float64{f.here}, f.x); err != nil {
			return err
		}
		for k := range dim {
			for side := range 2 {
				if err := s.appendSide(rows, r, k, side, t, &f); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (s Isothermal) appendSide(rows *Rows, r grid.Range, k, side int, t float64, f *faces) error {
	g, n := rows.grid, newNeighbors(rows.grid, k)
	own, face, reach := make([]float64, r.Len()), make([]float64, r.Len()), make([]float64, r.Len())
	copy(own, f.x[k])
	defer copy(f.x[k], own)
	for i := range own {
		f.x[k][i], face[i], reach[i] = n.beyond(r.Lo+i, side)
	}
	s.Process.Potential(f.there, f.x, t)
	if err := finite("potential", [][]float64{f.there}, f.x); err != nil {
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
		d, width := f.mobility[k][i]*temperature, g.Widths(k)[n.along(r.Lo+i)]
		rise := f.mobility[k][i]*(f.there[i]-f.here[i]) - sign*f.force[k][i]*h
		rate := fitted(d, rise) / (h * width)
		n.add(rows, r.Lo+i, side, rate, rate)
	}
	return nil
}

// beyond returns the coordinate of the next centre on a side, that of the face
// between, and the distance of the centres. An absorbing wall is its own
// centre; where nothing crosses, all is the cell's own, so that no coefficient
// is asked for where it may not exist.
func (n *neighbors) beyond(cell, side int) (x, face, distance float64) {
	i, axis := n.along(cell), n.grid.Axis(n.axis)
	to, inside, lost := n.grid.Step(cell, n.offset[side])
	switch edge := axis.Edges[i+side]; {
	case inside:
		down, up := n.grid.Distances(n.axis, i)
		return n.grid.Centers(n.axis)[n.along(to)], edge, []float64{down, up}[side]
	case lost:
		return edge, edge, n.grid.Widths(n.axis)[i] / 2
	}
	x, distance = n.grid.Centers(n.axis)[i], n.grid.Widths(n.axis)[i]
	return x, x, distance
}

func usable(f *faces) error {
	if err := finite("mobility", f.mobility, f.x); err != nil {
		return err
	}
	for k, m := range f.mobility {
		for i, v := range m {
			if v < 0 {
				return &PointError{"mobility", k, v, point(f.x, i), "a number ≥ 0"}
			}
		}
	}
	return finite("force", f.force, f.x)
}

// singleValued checks that U has the same value at both ends of periodic axes.
func (s Isothermal) singleValued(g *grid.Grid, r grid.Range, t float64) error {
	x := Columns(g.Dim(), 1)
	var low, high [1]float64
	for k := range g.Dim() {
		axis := g.Axis(k)
		if axis.Ends[0] != grid.Periodic {
			continue
		}
		g.Points(x, grid.Range{Lo: r.Lo, Hi: r.Lo + 1})
		x[k][0] = axis.Edges[0]
		s.Process.Potential(low[:], x, t)
		x[k][0] = axis.Edges[axis.Cells()]
		s.Process.Potential(high[:], x, t)
		// Far above the rounding of any formula, far below any tilt meant.
		if math.Abs(high[0]-low[0]) > 1e-9*(1+math.Abs(low[0])) {
			return fmt.Errorf("operators: the potential is %v at one end of the periodic axis %q and %v at the other; a tilt belongs into the drift", low[0], axis.Name, high[0])
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
		if err := finite("killing", [][]float64{rate}, x); err != nil {
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
