package cases

import (
	"math"

	"fokker/grid"
)

// figures computes expectations of a law on a grid.
type figures struct {
	grid *grid.Grid
	work []float64
}

func newFigures(g *grid.Grid) *figures { return &figures{g, make([]float64, g.Size())} }

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
	for i, v := range m {
		out[f.grid.Along(k, i)] += v
	}
	return out
}

// Moments are those of the law conditional on survival. Periodic axes are read
// on the given range.
type Moments struct {
	Mean         map[string]float64    `json:"mean"`
	Covariance   map[string]float64    `json:"covariance"`
	RawMoments   map[string][5]float64 `json:"raw_moments"` // E xᵏ, k = 0…4
	CircularMean map[string]float64    `json:"circular_mean,omitempty"`
	Entropy      float64               `json:"entropy"` // −∫ p ln p
	Mass         float64               `json:"mass"`
	Min          float64               `json:"min"`
	WallMass     float64               `json:"wall_mass"`
}

// moments computes everything that needs no observable.
func (f *figures) moments(m []float64) Moments {
	g := f.grid
	out := Moments{
		Mean: map[string]float64{}, Covariance: map[string]float64{}, RawMoments: map[string][5]float64{},
		Mass: sum(m), Min: math.Inf(1),
	}
	for _, v := range m {
		out.Min = min(out.Min, v)
	}
	for k := range g.Dim() {
		f.axisMoments(&out, k, f.along(k, m))
	}
	f.covariances(&out, m)
	out.Entropy = f.entropy(m, out.Mass)
	out.WallMass = f.wallMass(m)
	return out
}

func (f *figures) axisMoments(out *Moments, k int, marginal []float64) {
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
func (f *figures) covariances(out *Moments, m []float64) {
	g := f.grid
	for k := range g.Dim() {
		for l := k; l < g.Dim(); l++ {
			a, b := g.Axis(k).Name, g.Axis(l).Name
			x, y := g.Centers(k), g.Centers(l)
			for i, v := range m {
				f.work[i] = v * (x[g.Along(k, i)] - out.Mean[a]) * (y[g.Along(l, i)] - out.Mean[b])
			}
			out.Covariance[a+","+b] = sum(f.work) / out.Mass
		}
	}
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
	for i, v := range m {
		f.work[i] = 0
		for k := range g.Dim() {
			at := g.Along(k, i)
			if g.Axis(k).Ends[0] != grid.Periodic && (at == 0 || at == g.Cells(k)-1) {
				f.work[i] = v
			}
		}
	}
	return sum(f.work)
}

// observables returns E φ of every observable, φ being evaluated once unless
// it depends on time.
type observed struct {
	list []Observable
	phi  [][]float64
}

func (f *figures) observe(list []Observable) (*observed, error) {
	o := &observed{list, make([][]float64, len(list))}
	for i := range list {
		if list[i].timed {
			continue
		}
		phi, err := list[i].OnCells(f.grid, 0)
		if err != nil {
			return nil, err
		}
		o.phi[i] = phi
	}
	return o, nil
}

func (f *figures) expectations(o *observed, m []float64, t float64) ([]float64, error) {
	out := make([]float64, len(o.list))
	for i := range o.list {
		phi := o.phi[i]
		if phi == nil {
			var err error
			if phi, err = o.list[i].OnCells(f.grid, t); err != nil {
				return nil, err
			}
		}
		out[i] = f.expect(m, phi)
	}
	return out, nil
}
