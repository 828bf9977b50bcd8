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
