package validate

import (
	"math"
	"slices"

	"fokker/grid"
	"fokker/operators"
	"fokker/validate/compare"
)

const (
	ofRate  = 0.1  // a step of second order over the time in which neighbouring drifts or noises part
	ofWidth = 0.05 // a step over the time to diffuse through the width of the law
	turns   = 2    // of that time, for which particles of a stationary law move
)

// pace chooses the step for particles, and for how long those of a stationary law
// move, from the drift, the noise and the width of the laws.
func (v *verifier) pace() (step float64, err error) {
	step = math.Inf(1)
	laws := v.laws
	if e := v.result.Evolve; e != nil {
		last := len(e.Times) - 1
		laws = append(laws[:len(laws):len(laws)], &subject{time: e.Times[last], raw: e.Masses[last]})
	}
	rate := v.ofRate()
	rest := 0.0 // the longest time to diffuse through a law
	for _, l := range laws {
		s, err := scalesOf(v.of.Problem.Process, v.result.Grid, l.raw, l.time)
		if err != nil {
			return 0, err
		}
		step = min(step, ofWidth*s.quickest)
		if v.method != Exact {
			step = min(step, rate/s.rate)
		}
		if l.time > 0 {
			step = min(step, l.time/20)
		} else {
			rest = s.slowest
		}
	}
	if e := v.result.Evolve; e != nil && v.method != Exact { // on the way as well
		for i := 0; i < len(e.Times); i += 1 + len(e.Times)/10 {
			s, err := scalesOf(v.of.Problem.Process, v.result.Grid, e.Masses[i], e.Times[i])
			if err != nil {
				return 0, err
			}
			step = min(step, rate/s.rate)
		}
	}
	step = digits(step)
	for _, l := range v.laws {
		used := step
		if v.task.Step > 0 {
			used = v.task.Step
		}
		l.move = used * math.Ceil(min(turns*rest/used, settling))
	}
	return step, nil
}

// ofRate is a step over the time in which neighbouring drifts or noises part.
func (v *verifier) ofRate() float64 {
	if v.method == EulerMaruyama || v.method == Milstein {
		return ofRate / 5
	}
	return ofRate
}

const (
	trying = 32   // the part of all particles that try the step
	unseen = 1    // standard error of all particles, that the step may move an expectation by
	known  = 0.35 // of one, to which it is known
	change = 4    // of the step at most, by the trial
)

// try moves a few particles and their companions with the first guess of a step. It
// chooses the step from what that one does to expectations, so that it is just not
// seen, and the number of companions from the variance of their differences (Giles
// 2008).
func (v *verifier) try() error {
	if v.of.Problem.Chain != nil {
		return nil // its step is the rate
	}
	v.glance = v.out.Step
	factor := change * 1.0
	variances := make([]float64, len(v.series))
	for i, s := range v.series {
		if v.isExact(s) {
			continue
		}
		p := v.paths()
		all := float64(p.Particles)
		p.Initial, p.Particles = s.start, p.companions(p.Particles/trying)
		long, short, err := p.Both(v.ctx, s.times, p.Particles, v.options.progress("trial"))
		if err != nil {
			return err
		}
		for j, l := range s.laws {
			found := differ(v.result.Grid, long[j], short[j], l.basis.psi...)
			factor = min(factor, v.faster(l, found, unseen/math.Sqrt(all)))
			for _, d := range found {
				variances[i] = max(variances[i], d.variance*math.Pow(extrapolation(v.order(l)), 2))
			}
		}
	}
	if v.task.Step > 0 {
		factor = 1
	} else if len(v.series) > 0 {
		v.out.Step = digits(v.out.Step * factor)
	}
	for i, s := range v.series {
		if v.isExact(s) {
			continue
		}
		part := variances[i] * factor * factor / (known * known)
		s.companions = int(min(1, max(part, 1.0/trying)) * float64(v.paths().Particles))
	}
	return nil
}

// isExact reports whether no step has an error.
func (v *verifier) isExact(s *series) bool {
	return !slices.ContainsFunc(s.laws, func(l *subject) bool { return !math.IsInf(v.order(l), 1) })
}

// faster returns how many times the step may be longer: what surely is no more than
// unseen, or what is seen, says so.
func (v *verifier) faster(l *subject, found []difference, unseen float64) float64 {
	order := v.order(l)
	most, least := 0.0, 0.0
	for _, d := range found {
		most = max(most, extrapolation(order)*(math.Abs(d.mean)+d.error))
		least = max(least, extrapolation(order)*(math.Abs(d.mean)-2*d.error))
	}
	order = min(order, 2)
	if up := math.Pow(unseen/most, 1/order); up > 1 {
		return min(up, change)
	}
	if down := math.Pow(unseen/least, 1/order); down < 1 {
		return max(down, 1.0/change)
	}
	return 1
}

// digits rounds a number down to two of them.
func digits(x float64) float64 {
	scale := math.Pow(10, math.Floor(math.Log10(x))-1)
	return math.Floor(x/scale) * scale
}

// scales are times of a process in a law.
type scales struct {
	rate              float64 // root of the mean square of ∂b and (∂σ)², 1/time
	quickest, slowest float64 // variance over D, of the axes with noise
}

func scalesOf(p operators.Process, g *grid.Grid, law []float64, t float64) (scales, error) {
	dim := g.Dim()
	b, d := operators.Columns(dim, g.Size()), operators.Columns(dim, g.Size())
	err := operators.Coefficients(p, g, grid.Range{Hi: g.Size()}, t, func(r grid.Range, bs, ds [][]float64) error {
		for k := range dim {
			if bs[k] != nil {
				copy(b[k][r.Lo:], bs[k])
			}
			if ds[k*dim+k] != nil {
				copy(d[k][r.Lo:], ds[k*dim+k])
			}
		}
		return nil
	})
	if err != nil {
		return scales{}, err
	}
	out, square := scales{quickest: math.Inf(1)}, 0.0
	mass := compare.Sum(law)
	for k := range dim {
		diffusion, mean, variance := 0.0, 0.0, 0.0
		for i, m := range law {
			diffusion += m / mass * d[k][i]
			mean += m / mass * g.Centers(k)[g.Along(k, i)]
			d[k][i] = math.Sqrt(2 * max(0, d[k][i])) // below 0 is rounding
		}
		for i, m := range law {
			x := g.Centers(k)[g.Along(k, i)] - mean
			variance += m / mass * x * x
		}
		if diffusion > 0 && variance > 0 {
			out.quickest, out.slowest = min(out.quickest, variance/diffusion), max(out.slowest, variance/diffusion)
		}
		for j := range dim {
			square += slopes(g, law, j, b[k], 1)/mass + slopes(g, law, j, d[k], 2)/mass
		}
	}
	out.rate = math.Sqrt(square)
	if math.IsInf(out.quickest, 1) { // no noise: the drift alone
		out.quickest, out.slowest = 1/out.rate, 1/out.rate
	}
	return out, nil
}

// slopes returns Σ m |∂f/∂xⱼ|^(2p) of differences between neighbours.
func slopes(g *grid.Grid, m []float64, j int, f []float64, p float64) (s float64) {
	x, stride, n := g.Centers(j), g.Stride(j), g.Cells(j)
	for i, w := range m {
		if at := g.Along(j, i); at > 0 && at < n-1 && w > 0 {
			s += w * math.Pow(math.Abs((f[i+stride]-f[i-stride])/(x[at+1]-x[at-1])), 2*p)
		}
	}
	return s
}
