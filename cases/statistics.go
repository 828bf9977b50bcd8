package cases

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/floats"

	"fokker/grid"
	"fokker/operators"
)

// figures computes expectations of a law on a grid.
type figures struct {
	grid        *grid.Grid
	observed    []Observable
	phi         [][]float64        // of every cell; nil where φ depends on time
	temperature float64            // above 0: the last of observed is the potential
	accurate    operators.Accurate // has its own quadrature; nil for generators
	ghosts      *operators.Ghosts  // of accurate; nil where there are none
	work        []float64
}

func newFigures(g *grid.Grid) *figures { return &figures{grid: g, work: make([]float64, g.Size())} }

// figures of the problem on a grid. Where a temperature makes an energy of the
// potential, that is observed last.
func (p *Problem) figures(g *grid.Grid) (*figures, error) {
	f := newFigures(g)
	f.observed = p.observables()
	f.temperature, _ = p.temperature()
	f.phi = make([][]float64, len(f.observed))
	for i := range f.observed {
		if f.observed[i].timed {
			continue
		}
		var err error
		if f.phi[i], err = f.observed[i].OnCells(g, 0); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// on returns observable i of every cell.
func (f *figures) on(i int, t float64) ([]float64, error) {
	if f.phi[i] != nil {
		return f.phi[i], nil
	}
	return f.observed[i].OnCells(f.grid, t)
}

// inequality reports whether a figure is the probability of an observable made of inequalities.
func (f *figures) inequality(path string) bool {
	name, ok := strings.CutPrefix(path, "observables.")
	return ok && slices.ContainsFunc(f.observed, func(o Observable) bool { return o.Name == name && o.margin != nil })
}

// isPotential reports whether observable i belongs to the free energy.
func (f *figures) isPotential(i int) bool { return f.temperature > 0 && i == len(f.observed)-1 }

// expect returns Σ mᵢ φᵢ, in blocks of fixed length.
func (f *figures) expect(m, phi []float64) float64 {
	total := 0.0
	for lo := 0; lo < len(m); lo += block {
		hi := min(lo+block, len(m))
		total += floats.Dot(m[lo:hi], phi[lo:hi])
	}
	return total
}

// along returns the masses of each cell of axis k, summed over the others.
func (f *figures) along(k int, m []float64) []float64 {
	out := make([]float64, f.grid.Cells(k))
	if k == 0 {
		f.lines(func(_, lo, hi int) {
			for i, v := range m[lo:hi] {
				out[i] += v
			}
		})
		return out
	}
	f.runs(k, func(at, lo, hi int) { out[at] += sum(m[lo:hi]) })
	return out
}

// lines calls do for every line of cells along the first axis.
func (f *figures) lines(do func(line, lo, hi int)) {
	n := f.grid.Cells(0)
	for line := range f.grid.Size() / n {
		do(line, line*n, (line+1)*n)
	}
}

// runs calls do for the runs of consecutive cells at the same position along
// axis k.
func (f *figures) runs(k int, do func(at, lo, hi int)) {
	s, n, at := f.grid.Stride(k), f.grid.Cells(k), 0
	for lo := 0; lo < f.grid.Size(); lo += s {
		do(at, lo, lo+s)
		if at++; at == n {
			at = 0
		}
	}
}

// Figures are the numbers asked of a law, or their errors. All but observables
// are conditional on survival. Periodic axes are read on the given range.
type Figures struct {
	Mass         float64               `json:"mass"`
	Mean         map[string]float64    `json:"mean"`
	Covariance   map[string]float64    `json:"covariance"`
	RawMoments   map[string][5]float64 `json:"raw_moments"` // E xᵏ, k = 0…4
	CircularMean map[string]float64    `json:"circular_mean,omitempty"`
	Entropy      float64               `json:"entropy"`               // −∫ p ln p
	FreeEnergy   *float64              `json:"free_energy,omitempty"` // ⟨U⟩ + T∫p ln p
	Observables  map[string]float64    `json:"observables"`
}

// mapped returns the figures that f makes of these, each from its path in
// summary.json and its value.
func (a Figures) mapped(f func(path string, v float64) float64) Figures {
	table := func(name string, values map[string]float64) map[string]float64 {
		if values == nil {
			return nil
		}
		out := map[string]float64{}
		for key, v := range values {
			out[key] = f(name+"."+key, v)
		}
		return out
	}
	out := Figures{
		Mass: f("mass", a.Mass), Mean: table("mean", a.Mean), Covariance: table("covariance", a.Covariance),
		RawMoments: map[string][5]float64{}, CircularMean: table("circular_mean", a.CircularMean),
		Entropy: f("entropy", a.Entropy), Observables: table("observables", a.Observables),
	}
	for key, raw := range a.RawMoments {
		for k, v := range raw {
			raw[k] = f(rawMoment(key, k), v)
		}
		out.RawMoments[key] = raw
	}
	if a.FreeEnergy != nil {
		free := f("free_energy", *a.FreeEnergy)
		out.FreeEnergy = &free
	}
	return out
}

// rawMoment is the path of E xᵏ.
func rawMoment(axis string, k int) string { return fmt.Sprintf("raw_moments.%s.%d", axis, k) }

// of computes every figure of the law at a time.
func (f *figures) of(m []float64, t float64) (Figures, error) {
	l := f.read(m)
	out := f.moments(l)
	out.Observables = map[string]float64{}
	for i := range f.observed {
		phi, err := f.on(i, t)
		if err != nil {
			return out, err
		}
		value := f.expect(l.weights, phi)
		if f.observed[i].points > 1 { // φ is the fraction of a cell
			value = f.expect(m, phi) + f.onLines(&f.observed[i], m, phi, t)
		} else {
			value += f.observedBeyond(l, i, phi, t)
		}
		if f.isPotential(i) {
			free := value/out.Mass - f.temperature*out.Entropy
			out.FreeEnergy = &free
			continue
		}
		out.Observables[f.observed[i].Name] = value
	}
	return out, nil
}

// reading is what a law says of the centres.
type reading struct {
	mass    float64
	weights []float64 // of a function's values there: the masses of a generator
	density []float64 // nil: masses over volumes
}

func (f *figures) read(m []float64) reading {
	l := reading{sum(m), m, nil}
	if f.accurate != nil {
		l.weights, l.density = make([]float64, len(m)), make([]float64, len(m))
		f.accurate.Values(l.density, l.weights, m)
	}
	return l
}

// moments computes everything that needs no observable.
func (f *figures) moments(l reading) Figures {
	m := l.weights
	out := Figures{
		Mass: l.mass, Mean: map[string]float64{}, Covariance: map[string]float64{}, RawMoments: map[string][5]float64{},
	}
	for k := range f.grid.Dim() {
		marginal := f.along(k, m)
		f.axisMoments(&out, k, marginal, l)
		f.variance(&out, k, marginal, l)
	}
	f.covariances(&out, l)
	if l.density == nil {
		out.Entropy = f.entropy(m, l.mass)
	} else {
		out.Entropy = l.entropy()
	}
	return out
}

func (f *figures) axisMoments(out *Figures, k int, marginal []float64, l reading) {
	a := f.grid.Axis(k)
	var raw [5]float64
	var c, s float64
	period := a.Edges[a.Cells()] - a.Edges[0]
	for i, x := range f.grid.Centers(k) {
		power := marginal[i] / out.Mass
		for p := range raw {
			raw[p] += power
			power *= x
		}
		angle := 2 * math.Pi * (x - a.Edges[0]) / period
		c, s = c+marginal[i]*math.Cos(angle), s+marginal[i]*math.Sin(angle)
	}
	for p := range raw {
		raw[p] += f.beyond(l, func(g int) float64 {
			x, image := f.coordinates(k, g)
			return math.Pow(x, float64(p)) - math.Pow(image, float64(p))
		}) / out.Mass
	}
	out.RawMoments[a.Name], out.Mean[a.Name] = raw, raw[1]
	if a.Ends[0] != grid.Periodic {
		return
	}
	if out.CircularMean == nil {
		out.CircularMean = map[string]float64{}
	}
	turn := math.Atan2(s, c) / (2 * math.Pi)
	out.CircularMean[a.Name] = a.Edges[0] + period*(turn-math.Floor(turn))
}

// variance is central.
func (f *figures) variance(out *Figures, k int, marginal []float64, l reading) {
	name, total := f.grid.Axis(k).Name, 0.0
	for i, x := range f.grid.Centers(k) {
		d := x - out.Mean[name]
		total += marginal[i] * d * d
	}
	total += f.beyond(l, func(g int) float64 {
		x, image := f.coordinates(k, g)
		return (x - image) * (x + image - 2*out.Mean[name])
	})
	out.Covariance[name+","+name] = total / out.Mass
}

// covariances of two axes are central; keys are in axis order.
func (f *figures) covariances(out *Figures, law reading) {
	g, m := f.grid, law.weights
	n, from := g.Cells(0), make([][]float64, g.Dim())
	for k := range from {
		for _, x := range g.Centers(k) {
			from[k] = append(from[k], x-out.Mean[g.Axis(k).Name])
		}
	}
	for k := range from {
		perLine := make([]float64, g.Size()/n) // Σ m, times the distance along the first axis if that is k
		f.lines(func(line, lo, hi int) {
			if k == 0 {
				perLine[line] = floats.Dot(m[lo:hi], from[0])
			} else {
				perLine[line] = sum(m[lo:hi]) * from[k][g.Along(k, lo)]
			}
		})
		for l := k + 1; l < g.Dim(); l++ {
			total := 0.0
			for line, v := range perLine {
				total += v * from[l][g.Along(l, line*n)]
			}
			total += f.beyond(law, func(ghost int) float64 {
				x, ix := f.coordinates(k, ghost)
				y, iy := f.coordinates(l, ghost)
				p, q := out.Mean[g.Axis(k).Name], out.Mean[g.Axis(l).Name]
				return (x-p)*(y-q) - (ix-p)*(iy-q)
			})
			out.Covariance[g.Axis(k).Name+","+g.Axis(l).Name] = total / out.Mass
		}
	}
}

// entropy returns −∫p ln p by the quadrature of the scheme, where p > 0.
func (l reading) entropy() (sum float64) {
	for i, p := range l.density {
		if p > 0 {
			sum -= l.weights[i] / l.mass * math.Log(p/l.mass)
		}
	}
	return sum
}

// entropy returns −Σ m ln(m/volume), of masses divided by their sum.
func (f *figures) entropy(m []float64, mass float64) float64 {
	const nothing = 1e-30 // all smaller masses together add less than rounding
	per, total := make([]float64, f.grid.Cells(0)), 0.0
	for i, h := range f.grid.Widths(0) {
		per[i] = 1 / h
	}
	f.lines(func(_, lo, hi int) {
		part, scale := 0.0, f.grid.Widths(0)[0]/(mass*f.grid.Volume(lo))
		for i, v := range m[lo:hi] {
			if v > nothing*mass {
				part += v * math.Log(v*scale*per[i])
			}
		}
		total -= part
	})
	return total / mass
}

// wallMass is the mass of the cells that touch an end that is not periodic.
func (f *figures) wallMass(m []float64) (total float64) {
	g := f.grid
	f.lines(func(_, lo, hi int) {
		switch last := hi - 1; {
		case f.atWall(lo):
			total += sum(m[lo:hi])
		case g.Axis(0).Ends[0] == grid.Periodic:
		case lo < last:
			total += m[lo] + m[last]
		default:
			total += m[lo]
		}
	})
	return total
}

// atWall reports whether the line of cells along the first axis that begins at
// a cell touches a wall along another.
func (f *figures) atWall(cell int) bool {
	for k := 1; k < f.grid.Dim(); k++ {
		at := f.grid.Along(k, cell)
		if f.grid.Axis(k).Ends[0] != grid.Periodic && (at == 0 || at == f.grid.Cells(k)-1) {
			return true
		}
	}
	return false
}
