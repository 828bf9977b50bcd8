package cases

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"fokker/grid"
	"fokker/operators"
)

// scout is particles that go ahead of the cells. In a box that mass crosses at once,
// few cells spread a law by more than its noise does, and the wider the box the more:
// where the law goes is seen without them.
type scout struct {
	problem      *Problem
	x, b, c, s   [][]float64 // places, drift there and after a trial step, noise
	trial, noise [][]float64
	random       *rand.Rand
	lo, hi       []float64 // what the law needs along every axis, over all times
	far          float64   // of the extremes of the particles from their mean, what the law needs
}

const (
	scouts    = 1000 // no more than the search has cells: their drift is not what takes time
	firstPart = 0.01 // of all time; where drift bends less, steps double
	leastPart = 0.1  // of a mean step by which all of them are spent: what is stiffer is given up
	outermost = 3.24 // standard deviations, of the mean largest of so many Gaussian numbers
	mostSteps = 3000 // more are for stiff drift, whose laws keep together
	bend      = 0.05 // of the ensemble, by which drift may change a step
)

// newScout places particles by masses on cells.
func newScout(p *Problem, g *grid.Grid, m []float64) *scout {
	dim := g.Dim()
	s := &scout{problem: p, random: rand.New(rand.NewPCG(0, 0)), lo: make([]float64, dim), hi: make([]float64, dim)}
	for _, columns := range []*[][]float64{&s.x, &s.b, &s.c, &s.trial, &s.noise} {
		*columns = operators.Columns(dim, scouts)
	}
	s.s = operators.Columns(dim*p.Process.Columns(), scouts)
	// Beyond z deviations a Gaussian has a tenth of the accuracy, one more for its moments.
	s.far = (1 + math.Sqrt(2*math.Log(10/p.Accuracy))) / outermost
	at, cell, so := make([]int, dim), 0, m[0]
	for i := range scouts {
		for part := (float64(i) + 0.5) / scouts * sum(m); so < part && cell < len(m)-1; so += m[cell] {
			cell++
		}
		g.Locate(at, cell)
		for k := range dim {
			edges := g.Axis(k).Edges
			s.x[k][i] = edges[at[k]] + s.random.Float64()*(edges[at[k]+1]-edges[at[k]])
		}
	}
	for k := range dim {
		s.lo[k], s.hi[k] = math.Inf(1), math.Inf(-1)
	}
	return s
}

// run follows the particles to a time by the rule of Heun for the drift and Euler's for
// the noise. It reports whether that could be done.
func (s *scout) run(end float64) bool {
	t, dt := 0.0, firstPart*end
	for range mostSteps {
		s.note()
		dt = min(dt, end-t)
		if !(dt > 0) {
			return true
		}
		bent := s.step(t, dt)
		for ; !(bent <= bend); bent = s.step(t, dt) {
			if dt /= 2; dt < leastPart*end/mostSteps {
				return false
			}
		}
		for k := range s.x {
			for i := range s.x[k] {
				s.x[k][i] = s.problem.Axes[k].within(s.x[k][i] + (s.b[k][i]+s.c[k][i])/2*dt + s.noise[k][i])
			}
		}
		if t += dt; bent < bend/3 { // noise makes it 2^1.5 times as much in a step twice as long
			dt *= 2
		}
	}
	return false
}

// step tries a step and returns by how much drift changes it, over the size of the
// ensemble.
func (s *scout) step(t, dt float64) (bent float64) {
	p, columns := s.problem.Process, s.problem.Process.Columns()
	p.Drift(s.b, s.x, t)
	p.Noise(s.s, s.x, t)
	root := math.Sqrt(dt)
	for i := range scouts {
		for k := range s.x {
			s.noise[k][i] = 0
		}
		for j := range columns {
			w := root * s.random.NormFloat64()
			for k := range s.x {
				s.noise[k][i] += s.s[k*columns+j][i] * w
			}
		}
		for k := range s.x {
			s.trial[k][i] = s.problem.Axes[k].within(s.x[k][i] + s.b[k][i]*dt + s.noise[k][i])
		}
	}
	p.Drift(s.c, s.trial, t+dt)
	for k := range s.x {
		size := s.hi[k] - s.lo[k]
		for i, b := range s.b[k] {
			change := math.Abs(s.c[k][i]-b) * dt / 2 / size
			if !(change < math.Inf(1)) || math.IsNaN(s.noise[k][i]) {
				return math.Inf(1)
			}
			bent = max(bent, change)
		}
	}
	return bent
}

// note widens what the law needs to where the particles are.
func (s *scout) note() {
	for k, x := range s.x {
		mean := sum(x) / scouts
		s.lo[k] = min(s.lo[k], mean-s.far*(mean-slices.Min(x)))
		s.hi[k] = max(s.hi[k], mean+s.far*(slices.Max(x)-mean))
	}
}

// within keeps a point between the ends that the case states.
func (a AxisSpec) within(x float64) float64 {
	if a.Ends[0] == grid.Periodic {
		return x
	}
	return min(max(x, a.Lo), a.Hi)
}

// sendScouts widens the box to where particles get from the initial law, and reports
// whether they did.
func (b *box) sendScouts() (bool, error) {
	if d := b.problem.descent; d != nil && d.Data.Len() > mostScouted {
		return false, nil
	}
	c, err := b.mesh()
	if errors.As(err, &unsolved{}) {
		return false, nil // said where the box grows
	}
	if err == nil {
		err = c.start()
	}
	if err != nil {
		return false, err
	}
	open := *b.problem
	open.Axes = b.asked
	times := b.problem.Evolve.Times
	s := newScout(&open, c.grid, c.initial)
	if !s.run(times[len(times)-1]) {
		return false, nil
	}
	for k, ends := range b.ends {
		b.include(k, ends, s.lo[k], s.hi[k], false)
	}
	return true, nil
}

// mostScouted is the number of examples beyond which drift costs too much.
const mostScouted = 1000
