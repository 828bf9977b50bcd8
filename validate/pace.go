package validate

import (
	"math"

	"fokker/grid"
	"fokker/operators"
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
	rate := ofRate
	if v.method == EulerMaruyama || v.method == Milstein {
		rate /= 5
	}
	rest := 0.0 // the longest time to diffuse through a law
	for _, l := range laws {
		s, err := v.scales(l)
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
			s, err := v.scales(&subject{time: e.Times[i], raw: e.Masses[i]})
			if err != nil {
				return 0, err
			}
			step = min(step, rate/s.rate)
		}
	}
	scale := math.Pow(10, math.Floor(math.Log10(step))-1)
	step = math.Floor(step/scale) * scale // two digits
	for _, l := range v.laws {
		used := step
		if v.task.Step > 0 {
			used = v.task.Step
		}
		l.move = used * math.Ceil(min(turns*rest/used, settling))
	}
	return step, nil
}

// scales are times of a process in a law.
type scales struct {
	rate              float64 // root of the mean square of ∂b and (∂σ)², 1/time
	quickest, slowest float64 // variance over D, of the axes with noise
}

func (v *verifier) scales(l *subject) (scales, error) {
	g, dim := v.result.Grid, v.result.Grid.Dim()
	b, d := operators.Columns(dim, g.Size()), operators.Columns(dim, g.Size())
	err := operators.Coefficients(v.of.Problem.Process, g, grid.Range{Hi: g.Size()}, l.time, func(r grid.Range, bs, ds [][]float64) error {
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
	mass := total(l.raw)
	for k := range dim {
		diffusion, mean, variance := 0.0, 0.0, 0.0
		for i, m := range l.raw {
			diffusion += m / mass * d[k][i]
			mean += m / mass * g.Centers(k)[g.Along(k, i)]
			d[k][i] = math.Sqrt(2 * max(0, d[k][i])) // below 0 is rounding
		}
		for i, m := range l.raw {
			x := g.Centers(k)[g.Along(k, i)] - mean
			variance += m / mass * x * x
		}
		if diffusion > 0 && variance > 0 {
			out.quickest, out.slowest = min(out.quickest, variance/diffusion), max(out.slowest, variance/diffusion)
		}
		for j := range dim {
			square += slopes(g, l.raw, j, b[k], 1)/mass + slopes(g, l.raw, j, d[k], 2)/mass
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
