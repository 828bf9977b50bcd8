package cases

import (
	"fmt"
	"math"

	"fokker/grid"
)

// figures computes expectations of a law on a grid.
type figures struct {
	grid        *grid.Grid
	observed    []Observable
	phi         [][]float64 // of every cell; nil where φ depends on time
	temperature float64     // above 0: the last of observed is the potential
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

// isPotential reports whether observable i belongs to the free energy.
func (f *figures) isPotential(i int) bool { return f.temperature > 0 && i == len(f.observed)-1 }

// expect returns Σ mᵢ φᵢ, in blocks of fixed length.
func (f *figures) expect(m, phi []float64) float64 {
	for i := range f.work {
		f.work[i] = m[i] * phi[i]
	}
	return sum(f.work)
}

// along returns the masses of each cell of axis k, summed over the others.
func (f *figures) along(k int, m []float64) []float64 {
	out := make([]float64, f.grid.Cells(k))
	f.runs(k, func(at, lo, hi int) {
		for _, v := range m[lo:hi] {
			out[at] += v
		}
	})
	return out
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
	out := f.moments(m)
	out.Observables = map[string]float64{}
	for i := range f.observed {
		phi, err := f.on(i, t)
		if err != nil {
			return out, err
		}
		value := f.expect(m, phi)
		if f.isPotential(i) {
			free := value/out.Mass - f.temperature*out.Entropy
			out.FreeEnergy = &free
			continue
		}
		out.Observables[f.observed[i].Name] = value
	}
	return out, nil
}

// moments computes everything that needs no observable.
func (f *figures) moments(m []float64) Figures {
	out := Figures{
		Mass: sum(m), Mean: map[string]float64{}, Covariance: map[string]float64{}, RawMoments: map[string][5]float64{},
	}
	for k := range f.grid.Dim() {
		f.axisMoments(&out, k, f.along(k, m))
	}
	f.covariances(&out, m)
	out.Entropy = f.entropy(m, out.Mass)
	return out
}

func (f *figures) axisMoments(out *Figures, k int, marginal []float64) {
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

// covariances are central; keys are in axis order, upper triangle.
func (f *figures) covariances(out *Figures, m []float64) {
	g := f.grid
	for k := range g.Dim() {
		for l := k; l < g.Dim(); l++ {
			a, b := g.Axis(k).Name, g.Axis(l).Name
			copy(f.work, m)
			f.scale(k, out.Mean[a])
			f.scale(l, out.Mean[b])
			out.Covariance[a+","+b] = sum(f.work) / out.Mass
		}
	}
}

// scale multiplies the work by the distance along axis k from a point.
func (f *figures) scale(k int, from float64) {
	x := f.grid.Centers(k)
	f.runs(k, func(at, lo, hi int) {
		for i := lo; i < hi; i++ {
			f.work[i] *= x[at] - from
		}
	})
}

func (f *figures) entropy(m []float64, mass float64) float64 {
	for i, v := range m {
		f.work[i] = 0
		if v > 0 {
			f.work[i] = -v / mass * math.Log(v/mass/f.grid.Volume(i))
		}
	}
	return sum(f.work)
}

// wallMass is the mass of the cells that touch an end that is not periodic.
func (f *figures) wallMass(m []float64) float64 {
	g := f.grid
	clear(f.work)
	for k := range g.Dim() {
		if g.Axis(k).Ends[0] == grid.Periodic {
			continue
		}
		f.runs(k, func(at, lo, hi int) {
			if at == 0 || at == g.Cells(k)-1 {
				copy(f.work[lo:hi], m[lo:hi])
			}
		})
	}
	return sum(f.work)
}
