package solvers

import (
	"math"
	"os"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// evJump leaves state 0 at rate 2 from a time on.
type evJump struct {
	evChain
	from float64
}

func (j evJump) At(t float64) (operators.Generator, error) {
	rate := 0.0
	if t > j.from {
		rate = 2
	}
	return evChain{[][]float64{{0, rate}, {0, 0}}, []float64{0, 0}}, nil
}

// The instants at which a step looks lie on either side of the jump until it is so short
// that it comes to lie before the first stage: p₀ = exp(−2 (t − from)).
func TestEvolveSeesRatesThatJump(t *testing.T) {
	for from := 0.05; from < 0.95; from += 0.0731 {
		q := evJump{evChain{[][]float64{{0, 1}, {0, 0}}, []float64{0, 0}}, from}
		for tol := 1e-3; tol > 1e-8; tol /= 10 {
			out := evRun(t, q, []float64{1, 0}, []float64{1}, &Settings{Tolerance: tol})
			off := 2 * math.Abs(out.Masses[0][0]-math.Exp(-2*(1-from)))
			if off > tol || off > 3*out.Error {
				t.Errorf("from %.4f, tolerance %.0e: error %.2e, reported %.2e", from, tol, off, out.Error)
			}
		}
	}
}

// Rates of cells about which the drift, or the noise, grows in time turn from central to
// fitted. The truth is the law at a tenth of the least tolerance, whose error is a
// thirtieth of that.
func TestErrorsInTimeHoldWhereDriftOutrunsNoise(t *testing.T) {
	cells, tolerances := []int{18}, []float64{1e-3, 1e-4, 1e-5}
	if os.Getenv("FOKKER_FINE") != "" { // some minutes
		cells, tolerances = []int{30, 60}, []float64{1e-3, 1e-4, 1e-5, 1e-6, 1e-7}
	}
	for _, c := range []struct {
		name   string
		period float64
		drift  func(b, x []float64, t float64)
		noise  func(t float64) float64 // D along each axis
		cross  float64                 // and of both
	}{
		{"drift in time", 0, func(b, x []float64, t float64) { b[0], b[1] = 3*math.Sin(3*t)-x[0], x[0]-2*x[1] }, func(float64) float64 { return 0.05 }, 0},
		{"drift in time, coupled noise", 0, func(b, x []float64, t float64) { b[0], b[1] = 3*math.Sin(3*t)-x[0], x[0]-2*x[1] }, func(float64) float64 { return 0.05 }, 0.03},
		{"periodic drift", 0.5, func(b, x []float64, t float64) { b[0], b[1] = 3*math.Sin(4*math.Pi*t)-x[0], x[0]-2*x[1] }, func(float64) float64 { return 0.05 }, 0},
		{"noise in time", 0, func(b, x []float64, _ float64) { b[0], b[1] = x[1]-x[0], -x[0]-2*x[1] }, func(t float64) float64 { return 0.1 * (1.2 + math.Sin(5*t)) }, 0},
	} {
		for _, n := range cells {
			g, err := grid.New(evAxis(-4, 4, n, grid.Reflecting), evAxis(-4, 4, n, grid.Reflecting))
			if err != nil {
				t.Fatal(err)
			}
			p := operators.Pointwise{Dimension: 2, Noises: 2, DriftAt: c.drift, NoiseAt: func(s, _ []float64, t float64) {
				s[0], s[2] = math.Sqrt(2*c.noise(t)), c.cross*math.Sqrt(2/c.noise(t))
				s[3] = math.Sqrt(2*c.noise(t) - s[2]*s[2])
			}}
			var term operators.Term = operators.Transport{Process: p}
			if c.cross != 0 {
				term = operators.Coupled{Process: p, Axes: []int{0, 1}}
			}
			b, err := operators.Build(g, 0, 1, term)
			if err != nil {
				t.Fatal(err)
			}
			m0 := evPoint(b.Size(), b.Size()/2+n/2)
			follow := func(tol float64) *Evolution {
				return evRun(t, operators.Driven{Block: b}, m0, []float64{0.7}, &Settings{Tolerance: tol, Period: c.period})
			}
			want := follow(tolerances[len(tolerances)-1] / 10)
			for _, tol := range tolerances {
				out, off := follow(tol), 0.0
				for i, m := range out.Masses {
					off = max(off, distance(m, want.Masses[i]))
				}
				t.Logf("%s, %d², tolerance %.0e: error %.2e, reported %.2e, %d steps, %d rejected, %.0f work units", c.name, n, tol, off, out.Error, out.Steps, out.Rejected, out.WorkUnits)
				if off > out.Error || out.Error > tol {
					t.Errorf("%s, %d², tolerance %.0e: error %.2e, reported %.2e", c.name, n, tol, off, out.Error)
				}
			}
		}
	}
}
