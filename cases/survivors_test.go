package cases

import (
	"math"
	"testing"
)

// evenStart is Brownian motion, D = 1, from an even law on (0, 1) between absorbing ends:
// p = Σ (4/nπ) e^(−n²π²t) sin nπx over odd n, of which ∫p and ∫x²p/∫p − ¼ are integrals of
// sines (Cox and Miller 1965, 5.7).
func evenStart(t float64) (mass, variance float64) {
	square := 0.0
	for n := 1.0; n < 200; n += 2 {
		k := n * math.Pi
		e := 4 / k * math.Exp(-k*k*t)
		mass, square = mass+e*2/k, square+e*(1/k-4/(k*k*k))
	}
	return mass, square/mass - .25
}

// A law of which little is left is known to the error in time over its mass. By contour,
// whose laws are wrong by as much at all times, the variance is then off by as much as it
// says; where most is left errors are no larger than they were.
func TestErrorsOfSurvivorsCountWhatIsLeft(t *testing.T) {
	for _, method := range []string{"contour", "sdirk4"} {
		c, err := Parse("released", []byte("[[axis]]\nname = \"x\"\nrange = [0, 1]\ncells = 200\nboundary = \"absorbing\"\n[process]\ndiffusion = 1\n[initial]\nuniform = true\n[evolve]\ntimes = [0.01, 0.1, 0.6, 1, 1.5]\ntolerance = 1e-4\nmethod = \""+method+"\"\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		e := withErrors(t, c).Evolve
		for i, at := range e.Times {
			mass, variance := evenStart(at)
			off, said := math.Abs(e.Covariance["x,x"][i]-variance), e.Error.Covariance["x,x"][i]
			t.Logf("%s, t = %v, %.2g left: off by %.2g, said %.2g", method, at, mass, off, said)
			if off > said {
				t.Errorf("%s: at %v the variance is off by %.2g, more than its error of %.2g", method, at, off, said)
			}
			// (x − ½)² is ¼ at most; 1e-5 is of the mesh
			if most := e.TimeError/mass/4 + 1e-5; said > most {
				t.Errorf("%s: at %v an error of %.2g is said, want at most %.2g", method, at, said, most)
			}
			if off := math.Abs(e.Mass[i] - mass); off > e.Error.Mass[i] {
				t.Errorf("%s: at %v the mass is off by %.2g, more than its error of %.2g", method, at, off, e.Error.Mass[i])
			}
		}
	}
}
