package cases

import (
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/floats"
)

const (
	lowest  = 0.5 // that is believed of differences
	falling = 0.4 // from here down, differences that are much do not fall
	chance  = 5.0 // how many times too small it may make a difference
	much    = 0.1 // of what one path may differ from the figure
)

// estimate of the errors of a law's figures.
type estimate struct {
	run       *run
	at        string               // of the figures: "stationary" or "evolve at 3"
	counted   bool                 // in the accuracy
	width     []float64            // of the cells of coarser meshes
	coarser   []map[string]float64 // figures there, by path
	period    map[string]float64   // of figures that are angles
	to        map[string]sensitivity
	walls     []wall             // of the parts that it has of walls
	cut       map[string]float64 // error of expectations by cells in which a comparison is partly true
	tolerance float64            // L1 error of the law on the mesh
	left      float64            // and on the next coarser one, which is in the differences
	mass      float64            // of the law, by which figures of survivors are divided
	highest   float64            // order of the scheme
	atoms     bool               // the law is narrower than cells, or on lines: its entropy is that of cells, and falls without end with them
	fall      float64            // of differences from coarser to finer meshes: that of the order, or what most figures do
}

// newEstimate looks at figures beside those of coarser meshes, to which they converge with
// an order at most.
func (r *run) newEstimate(fine Figures, meshes []*coarse, highest float64, figures func(*coarse) Figures) *estimate {
	e := &estimate{run: r, walls: meshes[0].walls, mass: fine.Mass, period: map[string]float64{}, highest: highest}
	for _, a := range r.problem.Axes {
		e.period["circular_mean."+a.Name] = a.Hi - a.Lo
	}
	for _, c := range meshes {
		values := map[string]float64{}
		figures(c).mapped(func(path string, v float64) float64 {
			values[path] = v
			return v
		})
		e.width, e.coarser = append(e.width, c.width), append(e.coarser, values)
	}
	if len(meshes) > 1 {
		e.fall = min(max(e.typical(fine), e.theory()), chance*e.theory())
	}
	return e
}

// theory is how differences fall with the order of the scheme, (w₂ᵖ − w₁ᵖ)/(w₁ᵖ − 1).
func (e *estimate) theory() float64 {
	return (math.Pow(e.width[1], e.highest) - math.Pow(e.width[0], e.highest)) / (math.Pow(e.width[0], e.highest) - 1)
}

// typical is the median of how they fall. More than by the order it is where the
// coarsest mesh shows little of the law: a figure that falls alike does not do so by
// chance.
func (e *estimate) typical(fine Figures) float64 {
	var all []float64
	fine.mapped(func(path string, v float64) float64 {
		near := e.coarser[0][path]
		d1, d2 := math.Abs(apart(v, near, e.period[path])), math.Abs(apart(near, e.coarser[1][path], e.period[path]))
		if d1 > rounding*math.Abs(v) && d2 > 0 {
			all = append(all, d2/d1)
		}
		return v
	})
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// measure is the error of a figure, and what it is an error of.
type measure struct {
	at, path     string
	value, error float64
	scale        float64 // of the figure, of which the accuracy is a part
	mesh, box    float64 // parts of the error
	solver       float64 // its part of steps in time, or of iteration
	wall         wall    // that has the most of the box's part
	order        float64 // of the mesh's part
}

// of returns the estimated error of a figure, NaN where it is not known.
func (e *estimate) of(path string, v float64) float64 {
	m := e.measure(path, v)
	if e.counted {
		e.run.result.measures = append(e.run.result.measures, m)
	}
	return m.error
}

// scaleOf returns the size of a figure, or its standard deviation where that is
// more; entropies and masses are measured by 1.
func (e *estimate) scaleOf(path string, v float64) float64 {
	switch {
	case path == "mass" || path == "entropy":
		return 1
	case path == "free_energy":
		t, _ := e.run.problem.temperature()
		return math.Max(math.Abs(v), t)
	case e.period[path] > 0:
		return e.to[path].deviation
	case strings.HasPrefix(path, "learning."):
		return e.run.seen.learner.scale(path, v)
	}
	scale := max(math.Abs(v), e.to[path].deviation)
	if scale == math.Abs(v) && e.run.figures.inequality(path) { // the coarse law has next to none of that set
		scale = max(scale, math.Sqrt(max(0, v*(1-v))))
	}
	return scale
}

// divisor is what a figure divides an expectation by: the mass, if it is conditional on
// survival, so that what is wrong with the law counts the more the less is left.
func (e *estimate) divisor(path string) float64 {
	if path == "mass" || strings.HasPrefix(path, "observables.") {
		return 1
	}
	return e.mass
}

// noise is how far a figure may be off for the sake of its law on the mesh, and with that of
// the next coarser one's.
func (e *estimate) noise(path string, v float64) (solver, noise float64) {
	s := e.to[path]
	solver = e.tolerance / e.divisor(path) * s.deviation
	return solver, solver + e.left*s.deviation + rounding*math.Max(math.Abs(v), s.deviation)
}

// differs reports whether the next coarser mesh says more of some figure than noise.
func (e *estimate) differs(fine Figures) (more bool) {
	fine.mapped(func(path string, v float64) float64 {
		_, noise := e.noise(path, v)
		more = more || !(math.Abs(apart(v, e.coarser[0][path], e.period[path])) <= noise)
		return v
	})
	return more
}

func (e *estimate) measure(path string, v float64) measure {
	s, period := e.to[path], e.period[path]
	solver, noise := e.noise(path, v)
	near := e.coarser[0][path]
	d1, order := apart(v, near, period), math.NaN()
	mesh := math.Abs(d1) / (e.width[0] - 1) // as if of first order
	if len(e.width) > 1 && math.Abs(d1) > noise {
		d2 := apart(near, e.coarser[1][path], period)
		order = orderOf(d1, d2, e.width, e.highest)
		mesh = e.meshError(d1, d2, order)
	}
	mesh = math.Max(mesh, e.cut[path])
	all := mesh + s.box + noise
	scale := e.scaleOf(path, v) // that of an entropy is not its deviation: that of atoms falls without end
	if order == falling && math.Abs(d1) > much*math.Min(s.deviation, scale) || period > 0 && all > period/2 || e.atoms && (path == "entropy" || path == "free_energy") {
		all = math.NaN()
	}
	out := measure{at: e.at, path: path, value: v, error: all, scale: scale, mesh: mesh, box: s.box, solver: solver, order: order}
	if len(s.walls) > 0 {
		out.wall = e.walls[floats.MaxIdx(s.walls)]
	}
	return out
}

// ofClasses writes the errors of several closed classes, if every mesh has as
// many.
func (e *estimate) ofClasses(classes []ClassResult, meshes []*coarse, start *InitialResult) {
	several := func(c *coarse) bool { return len(c.classes) == len(classes) && len(classes) > 1 }
	if slices.ContainsFunc(meshes, func(c *coarse) bool { return !several(c) }) {
		return
	}
	for i := range classes {
		p := classes[i].Probability
		e.to["probability"] = sensitivity{deviation: math.Sqrt(p * (1 - p)), box: start.Cut}
		for k, c := range meshes {
			e.coarser[k]["probability"] = c.classes[i].Probability
			for axis, mean := range c.classes[i].Mean {
				e.coarser[k]["mean."+axis] = mean // that of the mixture is done with
			}
		}
		classes[i].Error = &ClassErrors{Probability: e.of("probability", p), Mean: map[string]float64{}}
		e.counted = false // means of classes are parts of that of the law
		for axis, mean := range classes[i].Mean {
			classes[i].Error.Mean[axis] = e.of("mean."+axis, mean)
		}
		e.counted = true
	}
}

// ofLearning writes the errors of what the law is to the posterior.
func (e *estimate) ofLearning(meshes []*coarse) {
	out := e.run.result.Learning
	if out == nil {
		return
	}
	for k, c := range meshes {
		c.learnt.mapped(func(path string, v float64) float64 {
			e.coarser[k][path] = v
			return v
		})
	}
	e.run.seen.learner.weigh(e.to, e.walls)
	all := out.Stationary.mapped(e.of)
	missing := e.run.seen.learner.unresolved
	all.KL, all.Variation, all.Excess = all.KL+missing, all.Variation+missing, all.Excess+missing*out.Temperature
	out.Error = &all
}

// apart returns a − b, of angles the shorter way round.
func apart(a, b, period float64) float64 {
	if period > 0 {
		return math.Remainder(a-b, period)
	}
	return a - b
}

// orderOf returns the order p with which the differences of figures on cells of
// widths 1, w₁ and w₂ fall, d₂/d₁ = (w₂ᵖ − w₁ᵖ)/(w₁ᵖ − 1), as far as it is between
// falling and highest; NaN if they have no common sign.
func orderOf(d1, d2 float64, w []float64, highest float64) float64 {
	if d1*d2 <= 0 {
		return math.NaN()
	}
	lo, hi := falling, highest
	for hi-lo > 1e-6 { // the error changes as little
		p := (lo + hi) / 2
		if (math.Pow(w[1], p)-math.Pow(w[0], p))/(math.Pow(w[0], p)-1) < d2/d1 {
			lo = p
		} else {
			hi = p
		}
	}
	if hi == highest {
		return hi
	}
	return lo
}

// meshError estimates the error on cells of width 1 from the differences: of
// order p, d₁ is w₁ᵖ − 1 times as large. Where they fall faster than by the order
// of the terms, or change sign, d₁ is smaller than usual after d₂, by chance or
// because it is exact: it counts as usual, up to some times itself.
func (e *estimate) meshError(d1, d2, order float64) float64 {
	step, usual := math.Abs(d1), math.Max(math.Abs(d1), math.Abs(d2)/e.fall)
	usual = math.Min(usual/(math.Pow(e.width[0], e.highest)-1), chance*step)
	switch {
	case math.IsNaN(order):
		return math.Max(step/(e.width[0]-1), usual)
	case order == e.highest:
		return usual
	}
	return step / (math.Pow(e.width[0], math.Max(order, lowest)) - 1)
}

// cuts returns, for every comparison, what it may change of its expectation
// that the law is taken to be even in each cell: where a fraction θ of the cell
// counts, θ(1 − θ)/4 of the difference of its neighbours' masses. Where sums of
// masses are interpolated, and on lines, it is not.
func (f *figures) cuts(m []float64, t float64) (map[string]float64, error) {
	out, l := map[string]float64{}, thinLine{offset: make([]int, f.grid.Dim())}
	for o := range f.observed {
		if f.observed[o].points == 1 || f.observed[o].edges > 2 {
			continue
		}
		phi, err := f.on(o, t)
		if err != nil {
			return nil, err
		}
		total := 0.0
		for i, part := range phi {
			if part > 0 && part < 1 && m[i] > 0 && !f.lineOf(&l, m, i) {
				total += part * (1 - part) / 4 * f.slope(i, m, phi)
			}
		}
		out["observables."+f.observed[o].Name] = math.Abs(total)
	}
	return out, nil
}

// slope returns the difference of the law across a cell towards where more of φ counts.
func (f *figures) slope(i int, m, phi []float64) (out float64) {
	g := f.grid
	for k := range g.Dim() {
		at, step := g.Along(k, i), g.Stride(k)
		if at == 0 || at == g.Cells(k)-1 {
			continue
		}
		x, lo, hi := g.Centers(k), i-step, i+step
		rise := (m[hi]/g.Volume(hi) - m[lo]/g.Volume(lo)) / (x[at+1] - x[at-1])
		out += (phi[hi] - phi[lo]) * rise * 2 * g.Widths(k)[at] * g.Volume(i)
	}
	return out
}
