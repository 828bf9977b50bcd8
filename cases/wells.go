package cases

import (
	"math"
	"math/rand/v2"

	"fokker/operators"
)

// rests are places where drift alone comes to rest, found by particles that follow it.
type rests struct {
	problem       *Problem
	x, b, c, next [][]float64
	dt, spent     []float64 // of every particle: its step, and the time so far
	middle, size  []float64 // of the box at hand
}

const (
	wanderers = 256
	reachOut  = 1e3  // sizes of the box, from where they come
	strides   = 1500 // steps of each
	curve     = 0.05 // of its distance from the middle, what a step may change by drift
	resting   = 1e-3 // of the size: what drift would do in all the time so far, and between two places
	arrivals  = 4    // at one place; along a line of minima there is none
	farWells  = 30   // sizes of the box
)

// rests returns places, on several axes, at which drift alone comes to rest, in the box and
// outside it: where the law may be as well, though with little noise nothing gets there
// from the box in any time that a search sees.
func (b *box) rests() (out [][]float64) {
	p := b.problem
	if d := p.descent; len(p.Axes) == 1 || p.Unsteady || d != nil && d.Data.Len() > mostScouted {
		return nil
	}
	if _, known := p.temperature(); known && !p.loses() && p.conservative() {
		return nil // e^(−U/T) divides as it should on all cells
	}
	w := newRests(p)
	for range strides {
		w.step()
	}
	for _, at := range w.found() {
		if b.reaches(at) {
			out = append(out, at)
		}
	}
	return out
}

// reaches reports whether a place is within what ends are stated.
func (b *box) reaches(at []float64) bool {
	for k, a := range b.problem.Axes {
		if !b.ends[k][0] && at[k] < a.Lo || !b.ends[k][1] && at[k] > a.Hi {
			return false
		}
	}
	return true
}

func newRests(p *Problem) *rests {
	dim := len(p.Axes)
	w := &rests{problem: p, dt: make([]float64, wanderers), spent: make([]float64, wanderers)}
	for _, columns := range []*[][]float64{&w.x, &w.b, &w.c, &w.next} {
		*columns = operators.Columns(dim, wanderers)
	}
	for _, a := range p.Axes {
		w.middle, w.size = append(w.middle, (a.Lo+a.Hi)/2), append(w.size, a.Hi-a.Lo)
	}
	random := rand.New(rand.NewPCG(0, 0))
	for i := range wanderers {
		away := math.Pow(reachOut, float64(i)/wanderers)
		for k := range dim {
			w.x[k][i] = w.middle[k] + away*w.size[k]*(random.Float64()-0.5)
		}
	}
	w.problem.wind(w.x)
	p.Process.Drift(w.b, w.x, 0)
	for i := range wanderers {
		w.dt[i] = math.Inf(1)
		for k := range dim {
			w.dt[i] = min(w.dt[i], w.size[k]/math.Abs(w.b[k][i]))
		}
	}
	return w
}

// step tries a step of Heun for each, of its own length.
func (w *rests) step() {
	p := w.problem.Process
	p.Drift(w.b, w.x, 0)
	for k := range w.x {
		for i, b := range w.b[k] {
			w.next[k][i] = w.x[k][i] + b*w.dt[i]
		}
	}
	w.problem.wind(w.next)
	p.Drift(w.c, w.next, 0)
	for i, dt := range w.dt {
		bent, pull, change := 0.0, 0.0, 0.0
		for k := range w.x {
			near := math.Abs(w.x[k][i]-w.middle[k]) + w.size[k]
			turn := math.Abs(w.c[k][i] - w.b[k][i])
			bent = math.Max(bent, turn*dt/2/near)
			pull, change = pull+math.Abs(w.b[k][i])/w.size[k], change+turn/w.size[k]
		}
		if !(bent <= curve && change <= pull) {
			w.dt[i] /= 2
			continue
		}
		for k := range w.x {
			w.next[k][i] = w.x[k][i] + (w.b[k][i]+w.c[k][i])/2*dt
		}
		if w.spent[i] += dt; bent < curve/4 && change < pull/4 {
			w.dt[i] *= 2
		}
		for k := range w.x {
			w.x[k][i] = w.next[k][i]
		}
	}
	w.problem.wind(w.x)
}

// found returns the places at which several have come to rest.
func (w *rests) found() (places [][]float64) {
	w.problem.Process.Drift(w.b, w.x, 0)
	var many []int
	for i := range wanderers {
		at, still := make([]float64, len(w.x)), true
		for k := range w.x {
			at[k] = w.x[k][i]
			still = still && math.Abs(w.b[k][i])*w.spent[i] <= resting*w.size[k] && math.Abs(at[k]-w.middle[k]) <= farWells*w.size[k]
		}
		if !still {
			continue
		}
		same := w.among(places, at)
		if same == len(places) {
			places, many = append(places, at), append(many, 0)
		}
		many[same]++
	}
	var out [][]float64
	for i, at := range places {
		if many[i] >= arrivals {
			out = append(out, at)
		}
	}
	return out
}

// among returns the place that a point is at, or how many there are.
func (w *rests) among(places [][]float64, x []float64) int {
	for i, at := range places {
		apart := 0.0
		for k := range x {
			apart = max(apart, math.Abs(x[k]-at[k])/w.size[k])
		}
		if apart <= resting {
			return i
		}
	}
	return len(places)
}
