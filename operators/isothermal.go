package operators

import (
	"fmt"
	"math"
	"slices"

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

// AppendRows adds the two-point rates of every axis.
func (s Isothermal) AppendRows(rows *Rows, r grid.Range, t float64) error {
	g := rows.grid
	if err := s.singleValued(g, r, t); err != nil {
		return err
	}
	here := potentialLines(s.Process, centers(g), t)
	axes := make([]*uphill, g.Dim())
	for k := range axes {
		axes[k] = newUphill(g, k, s.Process, t)
	}
	from := make([]int, g.Dim())
	return pieces(g, r, func(r grid.Range) error {
		g.Locate(from, r.Lo)
		u := here(from, r.Len())
		err := finite("potential", [][]float64{u}, func(i int) []float64 { return center(g, r.Lo+i) })
		for k := 0; k < len(axes) && err == nil; k++ {
			err = axes[k].append(rows, r, from, u)
		}
		return err
	})
}

// uphill makes the rates along one axis.
type uphill struct {
	*neighbors
	temperature float64
	widths      []float64
	reach       [2][]float64 // per side and position: distance of the centres
	next, faces [][]float64  // coordinates: of centres, with one more beyond each end, and of faces
	beyond      func(from []int, n int) []float64
	through     func(from []int, n int) (m, f [][]float64)
	from        []int
	rate, zeros []float64 // of a piece
}

// newUphill lays out where coefficients are needed. The wall that absorbs is its
// own centre. Where nothing crosses a face, no coefficient is asked for there: it
// may not exist.
func newUphill(g *grid.Grid, k int, p Reversible, t float64) *uphill {
	a := &uphill{neighbors: newNeighbors(g, k), temperature: p.Temperature()[k], widths: g.Widths(k), from: make([]int, g.Dim())}
	x, n, edges := g.Centers(k), g.Cells(k), g.Axis(k).Edges
	faces := slices.Clone(edges)
	for side := range a.reach {
		a.reach[side] = slices.Clone(a.widths)
		for i := range n {
			switch next := a.beside[side][i]; {
			case next.inside:
				down, up := g.Distances(k, i)
				a.reach[side][i] = [2]float64{down, up}[side]
			case next.lost:
				a.reach[side][i] /= 2
			default:
				faces[i+side] = x[i]
			}
		}
	}
	ends := [2]float64{x[0], x[n-1]}
	for side, i := range []int{0, n - 1} {
		switch next := a.beside[side][i]; {
		case next.inside:
			ends[side] = x[n-1-i]
		case next.lost:
			ends[side] = edges[i+side]
		}
	}
	a.next, a.faces = centers(g), centers(g)
	a.next[k], a.faces[k] = slices.Concat(ends[:1], x, ends[1:]), faces
	a.beyond, a.through = potentialLines(p, a.next, t), faceLines(p, a.faces, t)
	longest := min(chunk, g.Cells(0))
	a.rate, a.zeros = make([]float64, longest), make([]float64, longest)
	return a
}

// append adds the rates of a piece of a line with potential here.
func (a *uphill) append(rows *Rows, r grid.Range, from []int, here []float64) error {
	at, n := from[a.axis], r.Len()
	copy(a.from, from)
	for side := range 2 {
		a.from[a.axis] = at + 2*side
		there := a.beyond(a.from, n)
		if err := finite("potential", [][]float64{there}, a.point(a.next)); err != nil {
			return err
		}
		a.from[a.axis] = at + side
		m, f := a.through(a.from, n)
		if err := a.usable(m[a.axis], f[a.axis]); err != nil {
			return err
		}
		a.rates(side, at, here, there, m[a.axis], f[a.axis])
		a.add(rows, r, side, a.rate[:n])
	}
	return nil
}

func (a *uphill) rates(side, at int, here, there, m, f []float64) {
	zeros, step, sign := a.zeros[:len(here)], 0, float64(2*side-1)
	if a.axis == 0 {
		step = 1
	}
	if m == nil {
		m = zeros
	}
	if f == nil {
		f = zeros
	}
	for i := range here {
		h := a.reach[side][at+i*step]
		rate, _ := fitted(m[i]*a.temperature, m[i]*(there[i]-here[i])-sign*f[i]*h)
		a.rate[i] = rate / (h * a.widths[at+i*step])
	}
}

// point tells the points of the present line among coordinates.
func (a *uphill) point(among [][]float64) func(i int) []float64 {
	return func(i int) []float64 {
		x := make([]float64, len(among))
		for k := range x {
			x[k] = among[k][a.from[k]]
		}
		x[0] = among[0][a.from[0]+i]
		return x
	}
}

func (a *uphill) usable(m, f []float64) error {
	columns := make([][]float64, len(a.from))
	columns[a.axis] = m
	if err := finite("mobility", columns, a.point(a.faces)); err != nil {
		return err
	}
	for i, v := range m {
		if v < 0 {
			return &PointError{"mobility", a.axis, v, a.point(a.faces)(i), "a number ≥ 0"}
		}
	}
	columns[a.axis] = f
	return finite("force", columns, a.point(a.faces))
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
