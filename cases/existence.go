package cases

import (
	"fmt"
	"math"
	"slices"

	"fokker/grid"
	"fokker/operators"
	"fokker/solvers"
)

// crowded is the share of all mass in one cell that raises the question whether
// the law has a density.
const crowded = 0.2

// checkExistence says so when the stationary law is no density: the mass of its
// heaviest cell does not fall as cells shrink, or it piles up at the end of a
// logarithmic axis that stands for 0.
func (r *run) checkExistence(law *solvers.Law) error {
	if err := r.checkStill(law); err != nil {
		return err
	}
	if err := r.checkLogEnds(law.Mass); err != nil {
		return err
	}
	if r.grid.Size() < 64 { // too few cells to be halved and compared
		if most := slices.Max(law.Mass); most > crowded {
			r.warn("%s of the stationary mass lies in one of %d cells: the mesh does not resolve the law", percent(most), r.grid.Size())
		}
		return nil
	}
	for _, c := range law.Classes {
		if err := r.checkAtom(c); err != nil {
			return err
		}
	}
	return nil
}

// checkStill refuses a law that rests on a cell whose centre stands where drift
// and noise along an axis vanish: on the mesh such a cell takes what comes near
// for good, whether or not the process ever gets there. With a face at the point
// no cell stands on it.
func (r *run) checkStill(law *solvers.Law) error {
	for _, c := range law.Classes {
		heaviest := largest(c.Mass)
		if len(c.Cells) == r.grid.Size() && c.Mass[heaviest] < crowded {
			continue
		}
		for k := range r.grid.Dim() {
			cell := c.Cells[heaviest]
			at := r.grid.Along(k, cell)
			if r.grid.Cells(k) == 1 || c.Mass[heaviest] < crowded && !r.oneLayer(c, k, at) || !r.still(cell, k) {
				continue
			}
			name, x := r.grid.Axis(k).Name, r.grid.Centers(k)[at]
			if with, err := r.problem.withFace(k, x); err == nil {
				if most, _, err := r.heaviestOn(with); err == nil && most >= crowded {
					continue // with the face it collapses as well
				}
			}
			return &Mistake{
				File: r.problem.file, Key: "axis." + name,
				Found:    fmt.Sprintf("drift and noise along %s vanish at %.6g, the centre of a cell, which would keep all mass that comes near", name, x),
				Expected: "a face there",
				Hint:     fmt.Sprintf("faces = [%.6g] on axis %q, or the exact point if that is none", x, name),
			}
		}
	}
	return nil
}

// withFace returns the grid with one more face.
func (p *Problem) withFace(k int, x float64) (*grid.Grid, error) {
	other := *p
	other.Axes = slices.Clone(p.Axes)
	faces := append(slices.Clone(p.Axes[k].Faces), x)
	slices.Sort(faces)
	other.Axes[k].Faces = faces
	return other.Grid()
}

func (r *run) oneLayer(c solvers.Class, k, at int) bool {
	return !slices.ContainsFunc(c.Cells, func(cell int) bool { return r.grid.Along(k, cell) != at })
}

// still reports whether drift and noise along an axis vanish at the centre of a
// cell.
func (r *run) still(cell, k int) bool {
	drift, noise := r.problem.largest(r.grid, k, 0, nil)
	dim := r.grid.Dim()
	x, b, d := operators.Columns(dim, 1), operators.Columns(dim, 1), operators.Columns(dim*dim, 1)
	r.grid.Points(x, grid.Range{Lo: cell, Hi: cell + 1})
	r.problem.Process.Drift(b, x, 0)
	r.problem.Process.(operators.Diffusive).Diffusion(d, x, 0)
	return math.Abs(b[k][0]) <= impassable*drift && d[k*dim+k][0] <= impassable*noise
}

// checkLogEnds looks at the end of a logarithmic axis next to 0: a law that can
// be normalised has less and less mass in equal steps of ln x towards it.
func (r *run) checkLogEnds(m []float64) error {
	for k, a := range r.problem.Axes {
		if a.Spaced != "log" || a.Cells < 16 {
			continue
		}
		marginal := r.figures.along(k, m)
		if a.Hi < 0 {
			for i, j := 0, len(marginal)-1; i < j; i, j = i+1, j-1 {
				marginal[i], marginal[j] = marginal[j], marginal[i]
			}
		}
		n := len(marginal) / 16
		first, second := sum(marginal[:n]), sum(marginal[n:2*n])
		if first >= second && first > 1e-3 && r.multiplicative(k) { // below, the box holds what matters
			return fmt.Errorf("%w: the mass collapses on %s = 0 as the range [%v, %v] is extended (%s of it lies in the last sixteenth of ln %s)", ErrNoLaw, a.Name, a.Lo, a.Hi, percent(first), a.Name)
		}
	}
	return nil
}

// multiplicative reports whether drift and noise along an axis shrink towards 0
// with x and x², as they do for a process that never gets there.
func (r *run) multiplicative(k int) bool {
	a, dim := r.problem.Axes[k], r.grid.Dim()
	end := a.Lo
	if a.Hi < 0 {
		end = a.Hi
	}
	x, b, d := operators.Columns(dim, 2), operators.Columns(dim, 2), operators.Columns(dim*dim, 2)
	for l := range x {
		x[l][0] = r.grid.Centers(l)[r.grid.Cells(l)/2]
		x[l][1] = x[l][0]
	}
	x[k][0], x[k][1] = end, end/100
	r.problem.Process.Drift(b, x, 0)
	r.problem.Process.(operators.Diffusive).Diffusion(d, x, 0)
	drift, noise := b[k], d[k*dim+k]
	// Along x and x² they fall by 1e-2 and 1e-4; √x and x would leave ten times that.
	return math.Abs(drift[1]) <= 0.05*math.Abs(drift[0]) && noise[1] <= 5e-4*noise[0]
}

// checkAtom compares the heaviest cell with the same place on a mesh of half
// the cells: of a density it holds about half the mass per halved axis. A law
// that is narrower than a cell does not, but the noise around it stays as it
// is, whereas it vanishes towards a point onto which mass collapses.
func (r *run) checkAtom(c solvers.Class) error {
	heaviest := largest(c.Mass)
	share := weightOf(c) * c.Mass[heaviest] // of all mass: a class into which less and less falls has no atom
	if c.Mass[heaviest] < crowded || share == 0 {
		return nil
	}
	coarse, err := r.problem.coarser(r.everyAxis(2)...)
	if err != nil { // too few for the faces
		r.warn("%s of the stationary mass lies in one cell, and the mesh cannot be halved to see whether it collapses there: %v", percent(share), err)
		return nil
	}
	most, noise, err := r.heaviestOn(coarse)
	if err != nil {
		return err
	}
	if noise == nil { // no mass there is a number
		r.unresolved = true
		r.warn("%s of the stationary mass lies in one cell, and on half as many cells there is no law to compare", percent(share))
		return nil
	}
	at, here := "", r.noiseAt(r.grid, c.Cells[heaviest])
	same := false
	for k := range r.grid.Dim() {
		at += fmt.Sprintf(" %s = %.6g", r.grid.Axis(k).Name, r.grid.Centers(k)[r.grid.Along(k, c.Cells[heaviest])])
		same = same || here[k] > 0.75*noise[k] // it would be a quarter where noise vanishes linearly
	}
	r.unresolved = r.unresolved || same && share > mostly
	if same || share < persists*most {
		r.warn("%s of the stationary mass lies in one cell: the mesh does not resolve the law", percent(share))
		return nil
	}
	return fmt.Errorf("%w with a density: the mass collapses onto the point%s as cells shrink (%s in one cell, %s with cells twice as wide)", ErrNoLaw, at, percent(share), percent(most))
}

// persists is the ratio of the mass of the heaviest cell to that with cells twice
// as wide below which the mass falls as cells shrink: for a density like
// x^(a−1) beside a point it is 2^−a, for an atom 1.
const persists = 0.98

// weightOf returns the probability of a class, 1 where nothing says how likely it is.
func weightOf(c solvers.Class) float64 {
	if math.IsNaN(c.Probability) {
		return 1
	}
	return c.Probability
}

// largest returns the place of the largest mass.
func largest(m []float64) (at int) {
	for i, v := range m {
		if v > m[at] {
			at = i
		}
	}
	return at
}

// heaviestOn returns the mass of the heaviest cell on a coarser grid, and D there.
func (r *run) heaviestOn(coarse *grid.Grid) (most float64, noise []float64, err error) {
	s := &solvers.Settings{Context: r.ctx, Workers: r.workers}
	if r.problem.Initial != nil {
		if s.Initial, _, err = r.problem.Initial.Masses(coarse); err != nil {
			return 0, nil, err
		}
	}
	law, err := r.problem.lawOn(coarse, s)
	if err != nil {
		return 0, nil, err
	}
	for _, c := range law.Classes {
		if i := largest(c.Mass); weightOf(c)*c.Mass[i] > most {
			most, noise = weightOf(c)*c.Mass[i], r.noiseAt(coarse, c.Cells[i])
		}
	}
	return most, noise, nil
}

// noiseAt returns the least diffusion along each axis inside a cell.
func (r *run) noiseAt(g *grid.Grid, cell int) []float64 {
	const points = 9
	dim := g.Dim()
	x, d, out := operators.Columns(dim, points), operators.Columns(dim*dim, points), make([]float64, dim)
	for k := range out {
		for l := range x {
			for i := range points {
				x[l][i] = g.Centers(l)[g.Along(l, cell)]
			}
		}
		edges, at := g.Axis(k).Edges, g.Along(k, cell)
		for i := range points {
			x[k][i] = edges[at] + float64(i)/(points-1)*(edges[at+1]-edges[at])
		}
		r.problem.Process.(operators.Diffusive).Diffusion(d, x, 0)
		out[k] = slices.Min(d[k*dim+k])
	}
	return out
}

// coarser returns the grid with cells fewer by a factor for every axis.
func (p *Problem) coarser(factors ...float64) (*grid.Grid, error) {
	other := *p
	other.Axes = slices.Clone(p.Axes)
	for k := range other.Axes {
		least := 1
		if other.Axes[k].Ends[0] == grid.Periodic {
			least = 3
		}
		n := max(int(math.Ceil(float64(p.Axes[k].Cells)/factors[k])), least)
		if len(p.coupled) > 0 && p.Axes[k].Cells%2 == 0 {
			n += n % 2 // a zero of the noise in the middle stays between cells
		}
		other.Axes[k].Cells = n
	}
	return other.Grid()
}
