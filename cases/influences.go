package cases

import (
	"math"
)

// sensitivity is what errors of a law do to a figure.
type sensitivity struct {
	deviation float64   // of the influence function: what an L1 distance of 1 does, about
	box       float64   // what mass beyond the walls would change
	walls     []float64 // its part of every wall
}

// sensitivities returns those of every figure of a law.
func (c *coarse) sensitivities(m []float64, t float64, f Figures) (map[string]sensitivity, error) {
	g := c.grid
	s := &influences{figures: c.figures, values: f, law: m, walls: c.walls, psi: make([]float64, g.Size()), out: map[string]sensitivity{}}
	lost := 0.0 // where mass is lost, undivided figures depend on how much
	if c.problem.loses() {
		lost = 1
	}
	s.out["mass"] = sensitivity{}
	if lost > 0 {
		s.each("mass", func(int) float64 { return lost })
	}
	for k := range g.Dim() {
		s.moments(k)
		for l := k + 1; l < g.Dim(); l++ {
			s.covariance(k, l)
		}
	}
	logs := s.logarithms()
	s.each("entropy", func(i int) float64 { return -logs[i] - f.Entropy })
	for o, observable := range c.figures.observed {
		phi, err := c.figures.on(o, t)
		if err != nil {
			return nil, err
		}
		if c.figures.isPotential(o) {
			s.each("free_energy", func(i int) float64 { return phi[i] + c.figures.temperature*logs[i] - *f.FreeEnergy })
			continue
		}
		center := (1 - lost) * f.Observables[observable.Name]
		s.each("observables."+observable.Name, func(i int) float64 { return phi[i] - center })
	}
	return s.out, nil
}

// influences goes through the influence functions ψ of figures: to first order,
// mass at x changes one by ψ(x) (Hampel 1974).
type influences struct {
	*figures
	values Figures
	law    []float64
	walls  []wall
	psi    []float64 // by cell
	out    map[string]sensitivity

	marginal []float64   // of the law along an axis
	atWalls  [][]float64 // of the law at each wall along it, Σ = 1; nil at its own ends
}

// note notes what ψ says of a figure.
func (s *influences) note(path string) {
	for i, v := range s.psi {
		s.work[i] = s.law[i] * v * v
	}
	one := sensitivity{deviation: math.Sqrt(sum(s.work) / s.values.Mass)}
	for _, w := range s.walls {
		part := 0.0
		if w.beyond > 0 {
			part = w.beyond * math.Abs(w.mean(s.law, s.psi))
		}
		one.box, one.walls = one.box+part, append(one.walls, part)
	}
	s.out[path] = one
}

func (s *influences) each(path string, psi func(i int) float64) {
	for i := range s.psi {
		s.psi[i] = psi(i)
	}
	s.note(path)
}

// along is for a figure that depends on the axis of the marginals.
func (s *influences) along(k int, path string, psi func(x float64) float64) {
	one, square, parts := sensitivity{walls: make([]float64, len(s.walls))}, 0.0, make([]float64, len(s.walls))
	for i, x := range s.grid.Centers(k) {
		v := psi(x)
		square += s.marginal[i] * v * v
		for w, law := range s.atWalls {
			if law != nil {
				parts[w] += law[i] * v
			}
		}
	}
	for w, wall := range s.walls {
		if wall.axis == k {
			parts[w] = psi(s.grid.Centers(k)[wall.cell])
		}
	}
	one.deviation = math.Sqrt(square / s.values.Mass)
	for w := range parts {
		if s.walls[w].beyond > 0 {
			one.walls[w] = s.walls[w].beyond * math.Abs(parts[w])
		}
		one.box += one.walls[w]
	}
	s.out[path] = one
}

// moments are those along an axis.
func (s *influences) moments(k int) {
	a := s.grid.Axis(k)
	s.marginal, s.atWalls = s.figures.along(k, s.law), s.atWalls[:0]
	for _, w := range s.walls {
		if w.axis == k {
			s.atWalls = append(s.atWalls, nil)
			continue
		}
		s.atWalls = append(s.atWalls, w.marginal(s.grid, k, s.law))
	}
	mean, square := s.values.Mean[a.Name], a.Name+","+a.Name
	s.along(k, "covariance."+square, func(x float64) float64 { return (x-mean)*(x-mean) - s.values.Covariance[square] })
	s.along(k, "mean."+a.Name, func(x float64) float64 { return x - mean })
	for p, raw := range s.values.RawMoments[a.Name] {
		s.along(k, rawMoment(a.Name, p), func(x float64) float64 { return power(x, p) - raw })
	}
	around, ok := s.values.CircularMean[a.Name]
	if !ok {
		return
	}
	radian := (a.Edges[a.Cells()] - a.Edges[0]) / (2 * math.Pi)
	length := 0.0 // of E exp(iφ), φ the angle from the circular mean
	for i, v := range s.marginal {
		length += v / s.values.Mass * math.Cos((s.grid.Centers(k)[i]-around)/radian)
	}
	s.along(k, "circular_mean."+a.Name, func(x float64) float64 { return radian * math.Sin((x-around)/radian) / length })
}

// power returns xᵖ of a small p ≥ 0.
func power(x float64, p int) float64 {
	out := 1.0
	for range p {
		out *= x
	}
	return out
}

func (s *influences) covariance(k, l int) {
	a, b := s.grid.Axis(k).Name, s.grid.Axis(l).Name
	x, y, value := s.grid.Centers(k), s.grid.Centers(l), s.values.Covariance[a+","+b]
	s.runs(k, func(at, lo, hi int) {
		for i := lo; i < hi; i++ {
			s.psi[i] = x[at] - s.values.Mean[a]
		}
	})
	s.runs(l, func(at, lo, hi int) {
		for i := lo; i < hi; i++ {
			s.psi[i] = s.psi[i]*(y[at]-s.values.Mean[b]) - value
		}
	})
	s.note("covariance." + a + "," + b)
}

// logarithms returns those of the density, 0 where there is none.
func (s *influences) logarithms() []float64 {
	out := make([]float64, len(s.law))
	for i, m := range s.law {
		if m > 0 {
			out[i] = math.Log(m / s.values.Mass / s.grid.Volume(i))
		}
	}
	return out
}
