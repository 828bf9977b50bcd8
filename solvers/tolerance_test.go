package solvers

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"fokker/grid"
	"fokker/operators"
)

// sample is a generator with a law to start from.
type sample struct {
	name  string
	q     operators.Rowed
	m0    []float64
	times []float64
}

// smBuild is dX = b dt + √(2D) dW, D a full tensor or diagonal, by the terms of
// the program.
func smBuild(t testing.TB, drift, noise func(b, x []float64, t float64), axes ...grid.Axis) *operators.Block {
	t.Helper()
	return smTerms(t, axes, operators.Transport{Process: smProcess(drift, noise, len(axes))})
}

func smProcess(drift, noise func(b, x []float64, t float64), dim int) operators.Process {
	return operators.Pointwise{Dimension: dim, Noises: dim, DriftAt: drift, NoiseAt: noise}
}

func smTerms(t testing.TB, axes []grid.Axis, terms ...operators.Term) *operators.Block {
	t.Helper()
	g, err := grid.New(axes...)
	if err != nil {
		t.Fatal(err)
	}
	q, err := operators.Build(g, 0, 1, terms...)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// smKilled is a rotation that ends at a rate that depends on place.
func smKilled(t testing.TB, spin float64, rate func(x, y float64) float64, axes ...grid.Axis) *operators.Block {
	t.Helper()
	process := smProcess(smLinear(1, spin), smDiagonal(0.4, 0.4), 2)
	return smTerms(t, axes, operators.Transport{Process: process}, operators.Killing{Rate: func(k []float64, x [][]float64, _ float64) {
		for i := range k {
			k[i] = rate(x[0][i], x[1][i])
		}
	}})
}

// smLinear is a drift inwards that turns.
func smLinear(k, spin float64) func(b, x []float64, t float64) {
	return func(b, x []float64, _ float64) { b[0], b[1] = -k*x[0]-spin*x[1], spin*x[0]-k*x[1] }
}

// smDiagonal is noise of the same strengths everywhere.
func smDiagonal(d ...float64) func(s, x []float64, t float64) {
	return func(s, _ []float64, _ float64) {
		for i, v := range d {
			s[i*len(d)+i] = math.Sqrt(2 * v)
		}
	}
}

func smGraded(lo, hi float64, n int, ends grid.Boundary) grid.Axis {
	a := evAxis(0, 1, n, ends)
	for i, v := range a.Edges {
		a.Edges[i] = lo + (hi-lo)*v*v
	}
	return a
}

// smSwitched is rates that are piecewise constant in time, so that matrix
// exponentials remain exact.
type smSwitched struct {
	operators.Rowed
	other operators.Rowed
	at    float64
}

func (s smSwitched) At(t float64) (operators.Generator, error) {
	if t <= s.at {
		return s.Rowed, nil
	}
	return s.other, nil
}

// twenty problems, one of each kind of trouble.
func twenty(t testing.TB) []sample {
	r, a, p := grid.Reflecting, grid.Absorbing, grid.Periodic
	box := func(n int, ends grid.Boundary) grid.Axis { return evAxis(-2.5, 2.5, n, ends) }
	well := func(b, x []float64, _ float64) {
		b[0] = x[0] - x[0]*x[0]*x[0]
		if len(b) > 1 {
			b[1] = x[0] - x[1]
		}
	}
	short, long := []float64{0.01, 0.1, 1}, []float64{1, 30, 3e3}
	plain := smBuild(t, smLinear(1, 0), smDiagonal(0.4, 0.4), box(14, r), box(13, r))
	spun := smBuild(t, smLinear(1, 10), smDiagonal(0.4, 0.4), box(14, r), box(14, r))
	calm := smBuild(t, smLinear(1, 0), smDiagonal(0.4, 0.2), box(14, r), box(14, r))
	wells := smBuild(t, well, smDiagonal(0.05, 0.05), box(15, r), box(12, r))
	stiff := smBuild(t, func(b, x []float64, _ float64) { b[0], b[1] = -x[0], 300*(math.Sin(x[0])-x[1]) }, smDiagonal(0.2, 60), box(13, r), box(13, r))
	walls := smBuild(t, smLinear(0.5, 1), smDiagonal(0.3, 0.1), box(13, a), box(14, a))
	kinetic := smBuild(t, func(b, x []float64, _ float64) { b[0], b[1] = x[1], -x[0]-0.5*x[1] }, smDiagonal(0, 0.5), box(14, r), box(14, r))
	ring := smBuild(t, func(b, x []float64, _ float64) { b[0], b[1] = 1+math.Sin(2*x[0])*x[1], -x[1] }, smDiagonal(0.1, 0.3), evAxis(0, 2*math.Pi, 14, p), box(13, r))
	graded := smBuild(t, func(b, x []float64, _ float64) { b[0], b[1] = 1-x[0], x[0]-x[1] }, func(s, x []float64, _ float64) {
		s[0], s[3] = 0.5*math.Sqrt(x[0]), 0.5
	}, smGraded(0, 4, 14, r), smGraded(-2, 3, 12, r))
	aniso := smBuild(t, smLinear(1, 0.3), smDiagonal(2, 0.002), box(13, r), box(13, r))
	tensor := smTerms(t, []grid.Axis{box(13, r), box(13, r)}, operators.Coupled{Process: smProcess(smLinear(1, 1), func(s, x []float64, _ float64) {
		s[0], s[1], s[2], s[3] = 0.8, 0.5, 0, 0.6
	}, 2), Axes: []int{0, 1}})
	cube := smBuild(t, func(b, x []float64, _ float64) {
		b[0], b[1], b[2] = -x[0]-3*x[1], 3*x[0]-x[1]+x[2], -x[2]-x[0]
	}, smDiagonal(0.4, 0.3, 0.5), box(6, r), box(5, a), box(6, r))
	line := smBuild(t, well, smDiagonal(0.1), box(120, r))
	point := func(q operators.Rowed) []float64 { return evPoint(q.Size(), q.Size()/2+q.Size()/5) }
	flat := func(q operators.Rowed) []float64 {
		m := make([]float64, q.Size())
		for i := range m {
			m[i] = 1 / float64(len(m))
		}
		return m
	}
	bump := func(q *operators.Block) []float64 { return evGauss(q, 0.4, 0.3) }
	trap := smKilled(t, 10, func(x, _ float64) float64 { return 1e4 * math.Max(0, x-1) }, box(14, r), box(14, r))
	mild := smKilled(t, 0, func(_, y float64) float64 { return 0.3 * (1 + y*y/4) }, box(14, r), box(12, r))
	return []sample{
		{"plain, smooth", plain, bump(plain), short},
		{"plain, point", plain, point(plain), short},
		{"plain, flat", plain, flat(plain), []float64{0.3, 40}},
		{"rotating, smooth", spun, bump(spun), short},
		{"rotating, point", spun, point(spun), short},
		{"metastable, smooth", wells, bump(wells), long},
		{"metastable, point", wells, point(wells), long},
		{"stiff, smooth", stiff, bump(stiff), short},
		{"stiff, point", stiff, point(stiff), short},
		{"absorbing, smooth", walls, bump(walls), short},
		{"absorbing, flat", walls, flat(walls), []float64{0.2, 20}},
		{"killing, mild", mild, bump(mild), short},
		{"killing, a trap", trap, bump(trap), short},
		{"kinetic, point", kinetic, point(kinetic), short},
		{"kinetic, smooth", kinetic, bump(kinetic), []float64{0.5, 5}},
		{"periodic", ring, point(ring), short},
		{"graded", graded, point(graded), short},
		{"anisotropic", aniso, point(aniso), []float64{0.1, 10}},
		{"full tensor", tensor, point(tensor), short},
		{"three axes", cube, point(cube), short},
		{"one axis", line, point(line), []float64{1, 100}},
		{"switched in time", smSwitched{calm, spun, 0.5}, bump(calm), []float64{0.25, 0.5, 1}},
	}
}

// exact returns the laws of a sample by matrix exponentials.
func (s sample) exact(t testing.TB) [][]float64 {
	t.Helper()
	n := s.q.Size()
	now, law, out := 0.0, mat.NewVecDense(n, slices.Clone(s.m0)), [][]float64(nil)
	powers := map[string]*mat.Dense{}
	for _, at := range s.times {
		q := s.q
		if timed, ok := q.(smSwitched); ok && now >= timed.at {
			q = timed.other
		}
		key := fmt.Sprintf("%p %v", q, at-now)
		if powers[key] == nil {
			a := mat.NewDense(n, n, nil)
			for i := range n {
				to, rate := q.Row(i)
				total := 0.0
				if loss := q.Absorption(); loss != nil {
					total = loss[i]
				}
				for e, j := range to {
					a.Set(j, i, rate[e]*(at-now))
					total += rate[e]
				}
				a.Set(i, i, -total*(at-now))
			}
			powers[key] = new(mat.Dense)
			powers[key].Exp(a)
		}
		next := new(mat.VecDense)
		next.MulVec(powers[key], law)
		law, now = next, at
		out = append(out, slices.Clone(law.RawVector().Data))
	}
	return out
}

// methods returns the methods that a sample allows and that follow its generator,
// which streams do not; "" is the one chosen by itself.
func (s sample) methods(t testing.TB) (names []string) {
	if streamed(s.q) == nil {
		names = append(names, "")
	}
	for _, m := range evolutions {
		if m.name == Strang {
			continue
		}
		if m.name == byJumps && fastestExit(s.q)*s.times[len(s.times)-1] > 3e4 {
			continue // as many roundings
		}
		_, err := Evolve(s.q, s.m0, s.times[:1], &Settings{Method: m.name, Tolerance: 0.1})
		if err == nil {
			names = append(names, m.name)
		} else if m.needs == "" {
			t.Errorf("%s by %s: %v", s.name, m.name, err)
		}
	}
	return names
}

// The tolerance bounds the distance from the exact law of the mesh (matrix
// exponentials by squaring, Higham 2005), whatever the method and the problem.
func TestToleranceIsTheTrueError(t *testing.T) {
	for _, s := range twenty(t) {
		want := s.exact(t)
		for _, method := range s.methods(t) {
			for _, tol := range []float64{1e-3, 1e-5} {
				out, err := Evolve(s.q, s.m0, s.times, &Settings{Method: method, Tolerance: tol})
				if err != nil {
					t.Fatal(err)
				}
				worst, missing, least := 0.0, 0.0, 0.0
				for i := range want {
					worst = max(worst, evDistance(out.Masses[i], want[i]))
					missing = max(missing, math.Abs(sum(out.Masses[i])+out.Lost[i]-sum(s.m0)))
					least = min(least, slices.Min(out.Masses[i]))
				}
				if missing > 1e-12 || least < 0 {
					t.Errorf("%s by %s: %.2e of the mass is missing, the least is %.2e, want 1e-12 and 0", s.name, out.Method, missing, least)
				}
				t.Logf("%-20s %-14s %.0e: true %.1e reported %.1e, %d steps, %d rejected, %d limited, work %.0f", s.name, out.Method, tol, worst, out.Error, out.Steps, out.Rejected, out.Limited, out.WorkUnits)
				if worst > min(tol, out.Error+1e-12) || out.Error > 1.01*tol {
					t.Errorf("%s by %s: error %.2e, reported %.2e, want at most %.0e", s.name, out.Method, worst, out.Error, tol)
				}
			}
		}
	}
}
