package cases

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"

	"fokker/grid"
	"fokker/solvers"
)

const (
	oscillating = "drift = { x = \"v\", v = \"-v - 2.25*x\" }\nnoise = { v = \"sqrt(0.6)\" }\n[initial]\npoint = { x = 1.2, v = 0 }\n"
	phasePlane  = "[[axis]]\nname = \"x\"\nrange = [-4, 4]\ncells = 60\n[[axis]]\nname = \"v\"\nrange = [-5, 5]\ncells = 60\n[process]\n"
	lineFrom    = "[[axis]]\nname = \"x\"\nrange = [-3, 3]\ncells = 300\n[process]\n"
)

// From a point linear drift makes Gaussians for ever, of the moments of Chandrasekhar
// (1943), wherever there is noise.
func TestLinearDriftKeepsALawGaussian(t *testing.T) {
	p := read(t, phasePlane+oscillating+"[evolve]\ntimes = [0.0, 1e-3, 0.1, 1.0, 3.0]\ntolerance = 1e-6\n").Problem
	known := p.linearise()
	if known == nil || known.end != 3 || len(known.laws) != 4 || known.error > 5e-7 {
		t.Fatalf("%+v, want all laws with an error of at most half the tolerance", known)
	}
	want := oscillator()
	for i, law := range known.laws {
		at := p.Evolve.Times[i+1]
		xx, vv := want["covariance.x,x"](at), want["covariance.v,v"](at)
		near(t, "E x", 1.2+law.mean[0], want["mean.x"](at), 1e-7*math.Sqrt(xx))
		near(t, "E v", law.mean[1], want["mean.v"](at), 1e-7*math.Sqrt(vv))
		if at < .1 {
			xx = .2 * math.Pow(at, 3) * (1 - .75*at) // as Σ∞ − e^(At)Σ∞e^(Aᵀt) cancels: 2D t³/3 (1 − ¾t + …)
		}
		near(t, "variance of x", law.covariance[0][0]/xx, 1, 1e-5)
		near(t, "variance of v", law.covariance[1][1]/vv, 1, 1e-7)
	}
}

// Linear drift that depends on time as well: x″ + x′ + x = ½cos t + √(2D)ξ has E x = ½sin t +
// e^(−t/2)cos(½√3 t) from (1, 0), and x′ = −(1 + t)x + √(2D)ξ has E x = ½e^(−t−t²/2) from ½ and the
// variance 2D ∫ e^(−2(t−s)−t²+s²) ds.
func TestDrivenLinearDriftKeepsALawGaussian(t *testing.T) {
	ends := "[evolve]\ntimes = [0.1, 1.0, 7.0]\ntolerance = 1e-6\n"
	driven := read(t, phasePlane+"drift = { x = \"v\", v = \"-x - v + 0.5*cos(t)\" }\ndiffusion = { v = 0.1 }\n[initial]\npoint = { x = 1, v = 0 }\n"+ends).Problem.linearise()
	stiffer := read(t, lineFrom+"drift = { x = \"-(1 + t)*x\" }\ndiffusion = 0.1\n[initial]\npoint = { x = 0.5 }\n"+ends).Problem.linearise()
	if driven == nil || stiffer == nil || driven.end != 7 || stiffer.end != 7 {
		t.Fatalf("%+v, %+v, want Gaussians to the end", driven, stiffer)
	}
	for i, at := range []float64{.1, 1, 7} {
		near(t, "E x, driven", 1+driven.laws[i].mean[0], math.Sin(at)/2+math.Exp(-at/2)*math.Cos(math.Sqrt(3)/2*at), 1e-7)
		near(t, "E x", .5+stiffer.laws[i].mean[0], math.Exp(-at-at*at/2)/2, 1e-7)
		variance := .2 * quad.Fixed(func(s float64) float64 { return math.Exp((s - at) * (2 + s + at)) }, 0, at, 100, nil, 0)
		near(t, "variance", stiffer.laws[i].covariance[0][0]/variance, 1, 1e-6)
	}
}

// What is said of laws that other coefficients make: no more than the bound allows,
// and nothing where the Gaussian is none.
func TestOnlySomeLawsFromAPointAreGaussian(t *testing.T) {
	const ends, some = "[evolve]\nuntil = 1\n", "[initial]\npoint = { x = 0.5 }\n"
	for text, most := range map[string]float64{
		lineFrom + "drift = { x = \"x - x^3\" }\ndiffusion = 0.1\n" + some + ends:                      .05,
		lineFrom + "drift = { x = \"-x\" }\ndiffusion = 0.1\nkilling = \"x^2\"\n" + some + ends:        .05,
		lineFrom + "drift = { x = \"-x\" }\ndiffusion = \"0.1*(1 + x^2)\"\n" + some + ends:             0,
		lineFrom + "drift = { x = \"-x\" }\n" + some + ends:                                            0,
		lineFrom + "drift = { x = \"x - x^3 + t\" }\ndiffusion = 0.1\n" + some + ends:                  0,
		lineFrom + "drift = { x = \"-x\" }\ndiffusion = \"0.1*(1 + t)\"\n" + some + ends:               0,
		lineFrom + "drift = { x = \"-x\" }\ndiffusion = 0.1\n" + some + ends + "method = \"sdirk4\"\n": 0,
		strings.Replace(lineFrom, "-3, 3", "0, 1", 1) + "diffusion = 0.1\n" + some + ends:              .1,
		phasePlane + strings.Replace(oscillating, "\"v\",", "\"-x\",", 1) + ends:                       0, // nothing drives x
	} {
		known, end := read(t, text).Problem.linearise(), 0.
		if known != nil {
			end = known.end
		}
		if end > most || most > 0 && end == 0 {
			t.Errorf("%s: a Gaussian until %v, want at most until %v", text, end, most)
		}
	}
}

// The bound holds, and is no empty one, in two wells, and where drift jumps between the
// nodes of quadrature: a law from the Gaussian of an earlier time, of a hundredth of the
// tolerance, stands for the exact one.
func TestALinearisedLawIsAsNearAsItsBound(t *testing.T) {
	for _, drift := range []string{"x - x^3", "x > 0.53 ? -1 : 1"} {
		known := map[string]*knownLaw{}
		var p *Problem
		for _, tolerance := range []string{"2e-2", "2e-4"} {
			p = read(t, strings.Replace(lineFrom, "300", "3000", 1)+"drift = { x = \""+drift+"\" }\ndiffusion = 0.1\n[initial]\npoint = { x = 0.5 }\n[evolve]\nuntil = 1\ntolerance = "+tolerance+"\n").Problem
			known[tolerance] = p.linearise()
		}
		late, early := known["2e-2"], known["2e-4"]
		distance := fromEarlier(t, p, early, late)
		t.Logf("%s: Gaussian until %.3g and %.3g: %.2g from the law, bound %.2g", drift, early.end, late.end, distance, late.error)
		if distance > late.error+early.error || distance < late.error/20 {
			t.Errorf("%s: %.2g from the law, bound %.2g", drift, distance, late.error)
		}
	}
}

// fromEarlier returns the distance of a Gaussian from the law that an earlier one becomes.
func fromEarlier(t *testing.T, p *Problem, early, late *knownLaw) (distance float64) {
	t.Helper()
	g, err := p.Grid()
	if err != nil {
		t.Fatal(err)
	}
	q, err := p.Generator(g, 1)
	if err != nil {
		t.Fatal(err)
	}
	m, err := early.on(g, p, early.last).masses(quintics)
	if err != nil {
		t.Fatal(err)
	}
	e, err := solvers.Evolve(q, m, []float64{late.end - early.end}, &solvers.Settings{Tolerance: 1e-9})
	if err != nil {
		t.Fatal(err)
	}
	want, err := late.on(g, p, late.last).masses(hats)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range e.Masses[0] {
		distance += math.Abs(v - want[i])
	}
	return distance
}

// A corner of drift beyond all nodes, five deviations away, is seen: E|f| is
// 300 E|1 − (z − 5)z| over z > 5, about 300 times the mass there, 2.87e-7.
func TestWhatIsBeyondTheNodesCounts(t *testing.T) {
	l := newLinearised(read(t, lineFrom+"drift = { x = \"x > 0.7 ? -300*(x-0.7) : 0\" }\ndiffusion = 0.1\n[initial]\npoint = { x = 0.5 }\n[evolve]\nuntil = 1\n").Problem)
	if !l.begin(1) {
		t.Fatal("no Gaussian")
	}
	l.now.covariance[0][0] = .04 * .04
	if want := 300 * 2.87e-7; !l.judge() || l.rate < want || l.rate > 20*want {
		t.Errorf("the error grows at the rate %.2g, want %.2g or a few times that", l.rate, want)
	}
}

// A law that lies between walls is lost little by little: through one that is a standard
// deviations away at the rate aφ(a)(1 − 1/a² + …) (Kramers 1940), here 7.1e-8 through
// both, however little of it is beyond them at a time.
func TestALawBetweenWallsIsNoGaussianForEver(t *testing.T) {
	const lost = 2 * 6 * 6.07588285e-9 * (1 - 1./36)
	for _, tolerance := range []string{"1e-4", "1e-5", "1e-6"} {
		known := read(t, strings.Replace(lineFrom, "-3, 3]", "-6, 6]\nboundary = \"absorbing\"", 1)+"drift = { x = \"-x\" }\ndiffusion = 1.0\n[initial]\npoint = { x = 0 }\n[evolve]\nuntil = 1e4\ntolerance = "+tolerance+"\n").Problem.linearise()
		if known == nil {
			t.Fatal("no Gaussian at all")
		}
		if of := lost * known.end; known.error < of || known.error > 20*of+1e-7 {
			t.Errorf("tolerance %s: a Gaussian until %.4g with a bound of %.2g, of which %.2g has left", tolerance, known.end, known.error, of)
		}
	}
}

// However narrow a law is, its masses keep the expectations of polynomials; two
// centres keep the mean and are nonnegative.
func TestNarrowLawsKeepTheirMoments(t *testing.T) {
	for _, width := range []float64{.01, .3, .8, 3} { // of cells
		p := read(t, lineFrom+"diffusion = 0.5\n[initial]\npoint = { x = 0.123 }\n[evolve]\nuntil = 1\n").Problem
		g, err := p.Grid()
		if err != nil {
			t.Fatal(err)
		}
		s := width * 6 / 300
		n := (&knownLaw{}).on(g, p, gaussLaw{covariance: matrix4{{s * s}}})
		for _, centres := range []int{hats, quintics} {
			m, err := n.masses(centres)
			if err != nil {
				t.Fatal(err)
			}
			got := [5]float64{}
			for i, x := range g.Centers(0) {
				for k := range got {
					got[k] += m[i] * math.Pow((x-.123)/.02, float64(k))
				}
			}
			want := [5]float64{1, 0, width * width, 0, 3 * width * width * width * width}
			for k, v := range got {
				allowed := 1e-6 * max(1, want[k])
				if centres == hats && k > 1 && width < 1 {
					allowed = 2 // a cell's own
				}
				near(t, "moment", v, want[k], allowed)
			}
			if centres == hats && slices.Min(m) < 0 {
				t.Errorf("width %v: least mass %v", width, slices.Min(m))
			}
		}
	}
}

// A law that is thin across both axes, and one around a ring.
func TestNarrowLawsInThePlane(t *testing.T) {
	axes := []AxisSpec{{Name: "x", Lo: 0, Hi: 1, Cells: 40, Ends: [2]grid.Boundary{grid.Periodic, grid.Periodic}, Spacing: grid.Uniform()}, {Name: "y", Lo: -1, Hi: 1, Cells: 50, Spacing: grid.Uniform()}}
	p := &Problem{Axes: axes, Initial: &Initial{Point: []float64{.99, .1}}}
	g, err := p.Grid()
	if err != nil {
		t.Fatal(err)
	}
	const xx, yy = 4e-4, 9e-3
	xy := .99 * math.Sqrt(xx*yy)
	m, err := (&knownLaw{}).on(g, p, gaussLaw{covariance: matrix4{{xx, xy}, {xy, yy}}}).masses(quintics)
	if err != nil {
		t.Fatal(err)
	}
	var sxx, sxy, syy float64
	for i, v := range m {
		x, y := math.Remainder(g.Centers(0)[g.Along(0, i)]-.99, 1), g.Centers(1)[g.Along(1, i)]-.1
		sxx, sxy, syy = sxx+v*x*x, sxy+v*x*y, syy+v*y*y
	}
	near(t, "xx", sxx, xx, 1e-5*xx)
	near(t, "xy", sxy, xy, 1e-5*xy)
	near(t, "yy", syy, yy, 1e-5*yy)
}

// Outputs however early are those of the Gaussian, √(2Dt) wide, and none comes before the
// handover to cells. What is narrower than these has no known entropy.
func TestLawsFromAPointAtVeryEarlyTimes(t *testing.T) {
	for _, drift := range []string{"-x", "x - x^3"} {
		res, err := read(t, lineFrom+"drift = { x = \""+drift+"\" }\ndiffusion = 0.1\n[initial]\npoint = { x = 0.5 }\n[evolve]\ntimes = [0.0, 1e-300, 1e-12, 1e-6, 1.0]\n").Run(context.Background(), Options{Errors: true})
		if err != nil {
			t.Fatal(err)
		}
		out := res.Evolve
		for i, at := range out.Times[:4] {
			near(t, "mass", out.Mass[i], 1, 1e-12)
			near(t, "mean", out.Mean["x"][i], 0.5, at+1e-12)
			if !math.IsNaN(out.Error.Entropy[i]) {
				t.Errorf("the entropy at %v is known to %v", at, out.Error.Entropy[i])
			}
		}
	}
}
