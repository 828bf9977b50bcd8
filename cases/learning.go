package cases

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"fokker/cases/posterior"
	"fokker/cases/rundir"
	"fokker/grid"
	"fokker/operators"
)

// learner computes them on the mesh of a run.
type learner struct {
	*run
	task        *LearningTask
	landscape   posterior.Landscape
	temperature float64
	loss        []float64 // of every cell, at its centre
	law         *posterior.Law
	lowest      float64
	exactLogZ   float64
	logZ        float64     // of the posterior by its densities at the centres
	unresolved  float64     // distance of the two
	names       []string    // of basins
	basins      [][]float64 // parts of cells
	bottoms     []int       // cells of least loss, of wells that were found; nil where the case has basins
	means       []string    // observables with means of their own in cells
}

// quadratureTolerance is what integrals of the posterior are computed to, relative.
const quadratureTolerance = 1e-7

// learning does the task.
func (r *run) learning() error {
	task := r.problem.Learning
	if task == nil || r.result.Stationary == nil && r.result.Evolve == nil {
		return nil
	}
	begin := time.Now()
	r.options.Progress("learning", 0)
	out := &LearningResult{MinimumAt: map[string]float64{}}
	var err error
	if out.Temperature, out.From, err = r.learningTemperature(); err != nil {
		return err
	}
	l := r.newLearner(out.Temperature)
	if err := l.thermodynamics(out); err != nil {
		return err
	}
	if err := l.findBasins(); err != nil {
		return err
	}
	if err := l.distances(out); err != nil {
		return err
	}
	r.seen.learner = l
	r.result.Learning = out
	out.Seconds = time.Since(begin).Seconds()
	return nil
}

// learningTemperature returns the temperature of the posterior, and where it is from.
func (r *run) learningTemperature() (temperature float64, from string, err error) {
	if stated := r.problem.Learning.Temperature; stated > 0 {
		return stated, "case", nil
	}
	if known, ok := r.problem.temperature(); ok {
		return known, "case", nil
	}
	return r.noiseTemperature()
}

// noiseTemperature returns tr⟨D⟩/d under the stationary law, or the last one.
func (r *run) noiseTemperature() (temperature float64, from string, err error) {
	var m []float64
	at := 0.0
	if s := r.result.Stationary; s != nil {
		m, from = s.Masses, "stationary"
	} else {
		e := r.result.Evolve
		m, at, from = e.Masses[len(e.Masses)-1], e.Times[len(e.Times)-1], "evolve"
	}
	dim, total := r.grid.Dim(), 0.0
	err = operators.Coefficients(r.problem.Process, r.grid, grid.Range{Hi: r.grid.Size()}, at, func(part grid.Range, _, d [][]float64) error {
		for k := range dim {
			for i := range part.Len() {
				total += m[part.Lo+i] * value(d[k*dim+k], i)
			}
		}
		return nil
	})
	if err != nil {
		return 0, "", r.problem.explain(err)
	}
	if temperature = total / sum(m) / float64(dim); !(temperature > 0) {
		return 0, "", r.problem.Mistaken("learning", "the law has no noise that would give a temperature", "`temperature`", "")
	}
	return temperature, from, nil
}

// newLearner finds the loss of every cell.
func (r *run) newLearner(temperature float64) *learner {
	l := &learner{run: r, task: r.problem.Learning, temperature: temperature, loss: make([]float64, r.grid.Size())}
	energy := r.problem.energy
	l.landscape = posterior.Landscape{Loss: energy.PopulationLoss, Gradient: energy.PopulationGradient, Hessian: energy.PopulationHessian, Workers: r.workers}
	for k := range r.grid.Dim() {
		edges := r.grid.Axis(k).Edges
		l.landscape.Lower, l.landscape.Upper = append(l.landscape.Lower, edges[0]), append(l.landscape.Upper, edges[len(edges)-1])
	}
	if rows := energy.Rows(); rows > 1 { // every value is a sum over them
		l.landscape.Most = int(max(2e5, 1e9/float64(rows)))
	}
	grid.Range{Hi: r.grid.Size()}.Each(r.workers, func(part grid.Range) {
		x := operators.Columns(r.grid.Dim(), 1024)
		_ = part.Chunks(1024, func(part grid.Range) error {
			x := head(x, part.Len())
			r.grid.Points(x, part)
			energy.PopulationLoss(l.loss[part.Lo:part.Hi], x)
			return nil
		})
	})
	return l
}

// cells integrates the posterior over the cells.
func (l *learner) cells() (err error) {
	var functions []func(dst []float64, x [][]float64)
	for i, o := range l.figures.observed {
		// What else comes with an optimiser costs more than it is worth.
		if !l.figures.isPotential(i) && o.points == 1 && !o.timed && (o.node != nil || o.Name == "test_loss") {
			l.means = append(l.means, o.Name)
			functions = append(functions, func(dst []float64, x [][]float64) { o.at(dst, x, 0) })
		}
	}
	l.law, err = l.landscape.Cells(l.ctx, l.grid, l.temperature, functions...)
	return l.explained(err)
}

// explained names the loss in an error of its values.
func (l *learner) explained(err error) error {
	var bad *posterior.PointError
	if !errors.As(err, &bad) {
		return err
	}
	found := fmt.Sprintf("the loss is %v", bad.Value)
	for k, x := range bad.Point {
		found += fmt.Sprintf(", %s = %.6g", l.grid.Axis(k).Name, x)
	}
	return l.problem.Mistaken("learning", found, "a finite number in the whole box", "")
}

// thermodynamics computes what the posterior is at the temperature and at others.
func (l *learner) thermodynamics(out *LearningResult) error {
	p, err := posterior.New(l.ctx, l.landscape)
	if err != nil {
		return l.explained(err)
	}
	asked := append([]float64{l.temperature}, l.temperatures()...)
	if d := l.problem.descent; d != nil && d.Data.Random == nil && d.Data.Total() > 1 {
		n := d.Data.Total()
		out.WBIC = &WBICResult{Temperature: math.Log(n) / n}
		asked = append(asked, out.WBIC.Temperature)
	}
	known, err := l.integrate(p, asked)
	if err != nil {
		return err
	}
	var where []float64
	l.lowest, where = p.Minimum()
	out.Minimum = l.lowest
	for k, x := range where {
		out.MinimumAt[l.grid.Axis(k).Name] = x
	}
	l.exactLogZ = known[l.temperature].LogZ
	l.ofPosterior(&out.Posterior, known[l.temperature])
	l.ofTemperatures(&out.Lambda, known)
	if w := out.WBIC; w != nil {
		w.Loss = known[w.Temperature].Loss
		w.Lambda = (w.Loss - l.lowest) / w.Temperature
	}
	return nil
}

// integrate returns the posterior at temperatures, from high to low.
func (l *learner) integrate(p *posterior.Partition, asked []float64) (map[float64]posterior.Thermal, error) {
	slices.Sort(asked)
	asked = slices.Compact(asked)
	known := map[float64]posterior.Thermal{}
	for i, t := range slices.Backward(asked) {
		l.options.Progress("learning", 0.8*float64(len(asked)-1-i)/float64(len(asked)))
		one, err := p.At(l.ctx, t, quadratureTolerance)
		if errors.Is(err, posterior.ErrRough) {
			l.warn("the posterior at temperature %.3g is integrated to a relative error of %.2g only", t, one.Error)
		} else if err != nil {
			return nil, l.explained(err)
		}
		known[t] = one
	}
	return known, nil
}

// decades and steps of the temperatures below that of the law where none are asked for.
const decades, perDecade = 3, 2

func (l *learner) temperatures() []float64 {
	if l.task.Temperatures != nil {
		return l.task.Temperatures
	}
	out := make([]float64, decades*perDecade+1)
	for i := range out {
		out[i] = l.temperature * math.Pow(10, -float64(i)/perDecade)
	}
	return out
}

func (l *learner) ofPosterior(out *PosteriorResult, t posterior.Thermal) {
	out.Loss, out.HeatCapacity, out.Error = t.Loss, t.HeatCapacity, t.Error
	out.FreeEnergy, out.Lambda = -l.temperature*t.LogZ, (t.Loss-l.lowest)/l.temperature
	out.Entropy = t.Loss/l.temperature + t.LogZ
}

// fitted is how many of the lowest temperatures the logarithm is fitted to.
const fittedTemperatures = 5

func (l *learner) ofTemperatures(out *LambdaResult, known map[float64]posterior.Thermal) {
	var all []posterior.Thermal
	for _, t := range l.temperatures() {
		one := known[t]
		all = append(all, one)
		out.Temperatures, out.LogZ, out.Loss = append(out.Temperatures, t), append(out.LogZ, one.LogZ), append(out.Loss, one.Loss)
		out.Lambda, out.HeatCapacity = append(out.Lambda, (one.Loss-l.lowest)/t), append(out.HeatCapacity, one.HeatCapacity)
		out.Error = append(out.Error, one.Error)
	}
	if fit, ok := posterior.Fit(all[max(0, len(all)-fittedTemperatures):], l.lowest, l.grid.Dim()); ok {
		out.Corrected, out.Multiplicity, out.Residual = &fit.Coefficient, fit.Multiplicity, &fit.Residual
	}
}

// distances computes what the laws are to the posterior.
func (l *learner) distances(out *LearningResult) (err error) {
	if err := l.cells(); err != nil {
		return err
	}
	l.normalize(l.exactLogZ)
	out.Masses, out.Posterior.Error = l.law.Mass, max(out.Posterior.Error, l.law.Error)
	out.Posterior.Observables = l.observables()
	out.Basins = l.basinResults()
	if s := l.result.Stationary; s != nil {
		one := l.learnt(s.Masses, s.Figures)
		out.Stationary = &one
	}
	if e := l.result.Evolve; e != nil {
		out.Evolve = &LearntSeries{}
		for i, m := range e.Masses {
			out.Evolve.add(l.learnt(m, l.seen.evolve[i]))
		}
	}
	return nil
}

// observables are their expectations under the posterior: from points within cells
// where that was worth it, else from their centres.
func (l *learner) observables() map[string]float64 {
	out := map[string]float64{}
	for i, o := range l.figures.observed {
		if o.timed || l.figures.isPotential(i) {
			continue
		}
		phi := l.figures.phi[i]
		if m := slices.Index(l.means, o.Name); m >= 0 {
			phi = l.law.Means[m]
		} else if o.Name == "loss" && o.node == nil {
			phi = l.law.Loss
		}
		out[o.Name] = l.figures.expect(l.law.Mass, phi)
	}
	return out
}

// on is the same with the law of a coarser mesh.
func (l *learner) on(r *run, m []float64, f Figures) LearntResult {
	c := r.newLearner(l.temperature)
	c.lowest = l.lowest
	c.normalize(l.exactLogZ)
	return c.learnt(m, f)
}

// mapped returns the figures that f makes of these, but for basins and observables, each from its path
// and its value.
func (a LearntResult) mapped(f func(path string, v float64) float64) LearntResult {
	return LearntResult{
		Loss: f("learning.loss", a.Loss), KL: f("learning.kl", a.KL), Variation: f("learning.total_variation", a.Variation),
		FreeEnergy: f("learning.free_energy", a.FreeEnergy), Excess: f("learning.excess_free_energy", a.Excess), Complexity: f("learning.complexity", a.Complexity),
	}
}

// scale is what the error of such a figure is measured by.
func (l *learner) scale(path string, v float64) float64 {
	switch path {
	case "learning.kl", "learning.total_variation", "learning.complexity":
		return math.Max(math.Abs(v), 1)
	}
	return math.Max(math.Abs(v), l.temperature)
}

// learnt is what a law is to the posterior. What is lost does not count.
func (l *learner) learnt(m []float64, f Figures) LearntResult {
	out := LearntResult{Loss: l.figures.expect(l.figures.read(m).weights, l.loss) / f.Mass}
	if v, ok := f.Observables["test_loss"]; ok {
		v /= f.Mass
		out.TestLoss = &v
	}
	out.KL, out.Variation = l.divergence(m, f.Mass)
	out.FreeEnergy, out.Excess = out.Loss-l.temperature*f.Entropy, l.temperature*out.KL
	out.Complexity = (out.Loss - l.lowest) / l.temperature
	for i, name := range l.names {
		if out.Basins == nil {
			out.Basins = map[string]float64{}
		}
		out.Basins[name] = l.figures.expect(m, l.basins[i]) / f.Mass
	}
	return out
}

// divergence returns KL and total variation of a law from the posterior, both by their
// densities at the centres, as E φ is: laws of a temperature then are 0 away.
func (l *learner) divergence(m []float64, mass float64) (kl, variation float64) {
	law := l.figures.read(m)
	for i, w := range law.weights {
		volume := l.grid.Volume(i)
		p := w / volume
		if law.density != nil {
			p = law.density[i]
		}
		p /= mass
		q := -l.loss[i]/l.temperature - l.logZ
		variation += volume * math.Abs(p-math.Exp(q)) / 2
		if p > 0 { // densities of high order may be below 0 by rounding
			kl += w / mass * (math.Log(p) - q)
		}
	}
	return kl, variation
}

// normalize finds ln Z of the densities at the centres, which a generator's sum gives,
// and the error that is in it. Schemes of high order have a quadrature of their own.
func (l *learner) normalize(logZ float64) {
	if l.logZ = logZ; l.problem.Order != 0 {
		return
	}
	total := 0.0
	for i, v := range l.loss {
		total += l.grid.Volume(i) * math.Exp(-v/l.temperature-logZ)
	}
	l.logZ += math.Log(total)
	l.unresolved = math.Abs(math.Log(total))
	if l.unresolved > 0.01 {
		l.warn("the mesh does not resolve the posterior: its sum over the cells is off by %s", percent(l.unresolved))
	}
}

// learningPicture is what is drawn of it: the stationary law, or the last one.
func (r *Result) learningPicture() *rundir.Learning {
	l := r.Learning
	if l == nil {
		return nil
	}
	out := &rundir.Learning{
		Posterior: l.Masses, Temperature: l.Temperature, Temperatures: l.Lambda.Temperatures, Lambda: l.Lambda.Lambda, Corrected: l.Lambda.Corrected,
	}
	if s := r.Stationary; s != nil {
		out.Law, out.Name = s.Masses, "stationary law"
		return out
	}
	e := r.Evolve
	out.Law, out.Name = e.Masses[len(e.Masses)-1], fmt.Sprintf("law at t = %g", e.Times[len(e.Times)-1])
	return out
}
