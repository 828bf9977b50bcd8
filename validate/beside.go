package validate

import (
	"fmt"
	"math"
	"slices"

	"fokker/cases"
	"fokker/grid"
	"fokker/validate/compare"
)

const (
	farAway   = 3   // standard deviations from the mean, beyond which a tail begins
	doubt     = 2   // standard errors of sampling that a difference is given
	mostParts = 400 // of the box, over which particles are counted
)

// questions are the functions on a grid whose expectations are compared.
type questions struct {
	grid  *grid.Grid
	names []string
	phi   [][]float64
	units []float64 // that Tolerance counts in; 0: the standard deviation
}

// ask lists what is asked of every description: observables, and tails of the
// reference along every axis.
func (a *approximating) ask(g *grid.Grid, l *Beside, reference *Described) (*questions, error) {
	q := &questions{grid: g}
	for i := range a.of.Problem.Observables {
		o := &a.of.Problem.Observables[i]
		phi, err := o.OnCells(g, l.Time)
		if err != nil {
			return nil, err
		}
		unit := 0.0
		if o.Probability() {
			unit = 1
		}
		q.names, q.phi, q.units = append(q.names, "E "+o.Name), append(q.phi, phi), append(q.units, unit)
	}
	for k := range g.Dim() {
		mean, variance := covarianceOf(a.result.Grid, reference.Law, k, k)
		far := farAway * math.Sqrt(variance)
		if math.Abs(mean) < rounding*far {
			mean = 0
		}
		q.names = append(q.names, fmt.Sprintf("P(|%s − %.4g| > %.4g)", g.Axis(k).Name, mean, far))
		q.phi, q.units = append(q.phi, outside(g, k, mean-far, mean+far)), append(q.units, 1)
	}
	return q, nil
}

// outside returns the part of every cell that lies outside an interval of an axis.
func outside(g *grid.Grid, k int, lo, hi float64) []float64 {
	out := make([]float64, g.Size())
	cases.Fractions(out, g, k, lo, hi)
	for i, inside := range out {
		out[i] = 1 - inside
	}
	return out
}

// covarianceOf returns the mean along axis k and the covariance with axis j.
func covarianceOf(g *grid.Grid, law []float64, k, j int) (mean, covariance float64) {
	x, y := g.Centers(k), g.Centers(j)
	other := 0.0
	for i, m := range law {
		mean, other = mean+m*x[g.Along(k, i)], other+m*y[g.Along(j, i)]
	}
	for i, m := range law {
		covariance += m * (x[g.Along(k, i)] - mean) * (y[g.Along(j, i)] - other)
	}
	return mean, covariance
}

// figures returns all figures of a law. Their units are those of the law itself, no
// smaller than rounding of what hardly varies.
func (q *questions) figures(law []float64) (out []Compared) {
	g, dim := q.grid, q.grid.Dim()
	add := func(name string, value, square, unit float64) {
		unit = max(unit, 1e-6*math.Abs(value))
		out = append(out, Compared{Name: name, Value: value, Sampling: math.Sqrt(max(0, square-value*value)), unit: unit})
	}
	mean, deviation := make([]float64, dim), make([]float64, dim)
	for k := range dim {
		m, v := covarianceOf(g, law, k, k)
		mean[k], deviation[k] = m, math.Sqrt(v)
		add("mean "+g.Axis(k).Name, m, v+m*m, deviation[k])
	}
	for k := range dim {
		for j := k; j < dim; j++ {
			value, square := twoMoments(law, func(i int) float64 {
				return (g.Centers(k)[g.Along(k, i)] - mean[k]) * (g.Centers(j)[g.Along(j, i)] - mean[j])
			})
			add("covariance "+g.Axis(k).Name+","+g.Axis(j).Name, value, square, deviation[k]*deviation[j])
		}
	}
	for n, phi := range q.phi {
		value, square := twoMoments(law, func(i int) float64 { return phi[i] })
		unit := q.units[n]
		if unit == 0 {
			unit = math.Sqrt(max(0, square-value*value))
		}
		add(q.names[n], value, square, unit)
		out[len(out)-1].probability = q.units[n] > 0
	}
	return out
}

// twoMoments returns the expectations of a function of the cell and of its square.
func twoMoments(law []float64, phi func(i int) float64) (value, square float64) {
	for i, m := range law {
		p := phi(i)
		value, square = value+m*p, square+m*p*p
	}
	return value, square
}

// measure compares all descriptions of a law.
func (a *approximating) measure(l *Beside) error {
	if len(l.Models) == 0 {
		return nil
	}
	reference := &l.Models[len(l.Models)-1]
	l.Reference = reference.Name
	q, err := a.ask(a.result.Grid, l, reference)
	if err != nil {
		return err
	}
	var half *questions
	if a.half != nil {
		if half, err = a.ask(a.half, l, reference); err != nil {
			return err
		}
	}
	lossy := slices.ContainsFunc(l.Models, func(d Described) bool { return d.gone > rounding })
	for i := range l.Models {
		d := &l.Models[i]
		d.read(q, half)
		if lossy {
			d.Figures = append(d.Figures, d.lost(float64(a.task.Particles)))
		}
	}
	a.distances(l)
	for i := range l.Models[:len(l.Models)-1] {
		l.decide(&l.Models[i], reference, a.task.Tolerance)
	}
	return nil
}

// read notes the figures of a description and their errors.
func (d *Described) read(q, half *questions) {
	d.Figures = q.figures(d.Law)
	var coarse, start []Compared
	if d.half != nil {
		coarse = half.figures(d.half)
	}
	if d.start != nil {
		start = q.figures(d.start)
	}
	for i := range d.Figures {
		f := &d.Figures[i]
		switch {
		case d.number > 0:
			if f.Sampling /= math.Sqrt(d.number); f.probability {
				f.Sampling = max(f.Sampling, 1/d.number) // as of one particle, where there is none
			}
			if start != nil {
				f.Sampling = math.Hypot(f.Sampling, d.unforgotten(math.Abs(f.Value-start[i].Value)+f.Sampling))
			}
		case coarse != nil: // of order 1 or higher
			f.Mesh, f.Sampling = math.Abs(f.Value-coarse[i].Value), 0
		default:
			f.Mesh, f.Sampling = math.NaN(), 0
		}
	}
}

// lost is the mass that is no more.
func (d *Described) lost(particles float64) Compared {
	out := Compared{Name: "lost", Value: d.gone, unit: 1, probability: true, Mesh: math.NaN()}
	switch {
	case d.number > 0:
		out.Mesh, out.Sampling = 0, max(math.Sqrt(d.gone*(1-d.gone)/particles), 1/particles)
	case d.half != nil:
		out.Mesh = math.Abs(d.gone - d.halfGone)
	}
	return out
}

// distances notes the total variation of every pair.
func (a *approximating) distances(l *Beside) {
	mean := make([]float64, a.result.Grid.Size())
	for _, d := range l.Models {
		for i, m := range d.Law {
			mean[i] += m / float64(len(l.Models))
		}
	}
	for j := range l.Models {
		for i := range j {
			l.TotalVariation = append(l.TotalVariation, a.variation(&l.Models[i], &l.Models[j], mean))
		}
	}
}

// variation is the distance of two descriptions, of which the second may be particles;
// the mean of all laws divides the box then.
func (a *approximating) variation(p, q *Described, mean []float64) TotalVariation {
	tv := TotalVariation{Between: [2]string{p.Name, q.Name}}
	if q.number == 0 {
		tv.Value, tv.Mesh = apart(p.Law, q.Law), math.NaN()
		if p.half != nil && q.half != nil {
			tv.Mesh = math.Abs(tv.Value - apart(p.half, q.half))
		}
		return tv
	}
	parts := compare.Divide(a.result.Grid, mean, max(1./mostParts, 20/q.number))
	drawn := parts.Sums(q.Law)
	tv.Value, tv.Mesh = apart(parts.Sums(p.Law), drawn), a.moved(p, parts)
	for _, m := range drawn {
		tv.Sampling += math.Sqrt(m * (1 - m) / (2 * math.Pi * q.number)) // half the mean of |count/n − m|
	}
	return tv
}

// moved returns by how much the mesh of a description may change its distance from
// another, over parts.
func (a *approximating) moved(d *Described, parts *compare.Parts) float64 {
	if d.half == nil {
		return math.NaN()
	}
	change, size := parts.Sums(meshChange(a.result.Grid, d.Law, a.half, d.half)), 0.0
	for _, c := range change {
		size += math.Abs(c) / 2
	}
	return size
}

func apart(p, q []float64) (distance float64) {
	for i := range p {
		distance += math.Abs(p[i]-q[i]) / 2
	}
	return distance
}

// decide says whether a description has the law of the reference, to the tolerance.
// Where errors may be larger than that, it is left open unless it fails all the same.
func (l *Beside) decide(d, reference *Described, tolerance float64) {
	fails, open := false, false
	weigh := func(name string, off, mesh, sampling, unit float64) (wrong bool) {
		if !(unit > 0) {
			return false
		}
		off, doubt := off/unit, (mesh+doubt*sampling)/unit
		if math.IsNaN(mesh) || doubt > tolerance {
			open = true
		}
		wrong = off-doubt > tolerance
		if wrong && !fails || wrong == fails && off > d.Off {
			d.Worst, d.Off = name, off
		}
		fails = fails || wrong
		return wrong
	}
	for i, f := range d.Figures {
		r := reference.Figures[i]
		wrong := weigh(f.Name, math.Abs(f.Value-r.Value), f.Mesh+r.Mesh, math.Hypot(f.Sampling, r.Sampling), r.unit)
		d.far = d.far || wrong && f.probability
	}
	for _, tv := range l.TotalVariation {
		if tv.Between == [2]string{d.Name, reference.Name} {
			wrong := weigh("total variation", tv.Value-tv.Sampling, tv.Mesh, 0, 1)
			d.far = d.far || wrong
		}
	}
	if fails || !open {
		holds := !fails
		d.Holds = &holds
	}
}
