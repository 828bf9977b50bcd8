package cases

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"

	"fokker/grid"
)

const still = "[process]\ndiffusion = 1\n[initial]\n"

// start returns the initial law of a case.
func start(t *testing.T, text string) (g *grid.Grid, m []float64, cut float64) {
	t.Helper()
	p := read(t, text).Problem
	g, err := p.Grid()
	if err != nil {
		t.Fatal(err)
	}
	m, cut, err = p.Initial.Masses(g)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "Σ m", sum(m), 1, 1e-14)
	return g, m, cut
}

func axis(name, rest string) string { return "[[axis]]\nname = \"" + name + "\"\n" + rest + "\n" }

// Φ(b) − Φ(a) in the tail it lies in.
func normal(a, b float64) float64 {
	if a > 0 {
		return (math.Erfc(a/math.Sqrt2) - math.Erfc(b/math.Sqrt2)) / 2
	}
	return (math.Erfc(-b/math.Sqrt2) - math.Erfc(-a/math.Sqrt2)) / 2
}

func TestAGaussianHasItsIntegralsOverCells(t *testing.T) {
	for _, spacing := range []string{"", "spacing = \"sinh\"", "spacing = { finest = 1, ratio = 6 }"} {
		g, m, cut := start(t, axis("x", "range = [-30, 30]\ncells = 300\n"+spacing)+still+"mean = { x = 1.3 }\nstd = { x = 0.8 }\n")
		if !(cut >= 0 && cut < 1e-200) {
			t.Errorf("cut %v, want what lies beyond 36 standard deviations", cut)
		}
		for i, e := range g.Axis(0).Edges[1:] {
			want := normal((g.Axis(0).Edges[i]-1.3)/.8, (e-1.3)/.8)
			if want > 1e-300 { // also in the tail
				near(t, "mass", m[i], want, 1e-12*want)
			}
		}
	}
	g, m, _ := start(t, axis("x", "range = [-8, 8]\ncells = 64")+still+"mean = { x = 0.3 }\nstd = { x = 0.8 }\n")
	f := momentsOf(g, m)
	h := 0.25
	near(t, "mean", f.Mean["x"], .3, 1e-12)
	near(t, "variance", f.Covariance["x,x"], .64+h*h/12, 1e-9) // Sheppard's correction, to e^(−2π²σ²/h²)
	near(t, "entropy", f.Entropy, math.Log(2*math.Pi*math.E*.64)/2, h*h/.64/24*1.1)
}

func TestTheMassCutOffByWallsIsReported(t *testing.T) {
	for _, c := range []struct{ mean, std string }{{"0", "1"}, {"0.9", "0.05"}, {"0", "0.05"}, {"3", "1"}} {
		text := axis("x", "range = [-1, 1]\ncells = 40") + still + "mean = { x = " + c.mean + " }\nstd = { x = " + c.std + " }\n"
		p := read(t, text).Problem
		mean, std := p.Initial.Mean[0], p.Initial.Std[0]
		want := normal(math.Inf(-1), (-1-mean)/std) + normal((1-mean)/std, math.Inf(1))
		r, err := read(t, text+"[evolve]\ntimes = [0]\n").Run(context.Background(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "cut", r.Initial.Cut, want, 1e-13*want)
		near(t, "mass", r.Evolve.Mass[0], 1, 1e-14)
		warned := len(r.Warnings) > 0 && strings.Contains(r.Warnings[0], "cut off")
		if warned != (want > 1e-6) {
			t.Errorf("warnings %q for a cut of %v", r.Warnings, want)
		}
	}
}

// On a circle a Gaussian is wound up: masses are sums over all turns, and
// E e^(2πix/L) = e^(2πiμ/L − 2π²σ²/L²).
func TestAGaussianIsWoundAroundACircle(t *testing.T) {
	for _, c := range []struct{ mean, std float64 }{{.5, .1}, {3.9, .5}, {-9.5, 1}, {1, 7}, {0, 1e9}} {
		for _, spread := range []string{"std = { x = S }", "covariance = { \"x,x\" = \"S^2\" }"} {
			if c.std > 1e6 && strings.HasPrefix(spread, "covariance") {
				continue
			}
			text := axis("x", "range = [0, 4]\ncells = 200\nboundary = \"periodic\"") + still +
				"mean = { x = " + literalOf(c.mean) + " }\n" + strings.Replace(spread, "S", literalOf(c.std), 1)
			g, m, cut := start(t, text)
			near(t, "cut", cut, 0, 1e-13)
			var re, im float64
			for i, x := range g.Centers(0) {
				re += m[i] * math.Cos(math.Pi*x/2)
				im += m[i] * math.Sin(math.Pi*x/2)
			}
			// Masses of cells of width h carry the factor sinc(kh/2) of mode k.
			z := math.Pi / 2 * .02 / 2
			length := math.Exp(-math.Pi*math.Pi/8*c.std*c.std) * math.Sin(z) / z
			near(t, "Re", re, length*math.Cos(math.Pi*c.mean/2), 1e-12)
			near(t, "Im", im, length*math.Sin(math.Pi*c.mean/2), 1e-12)
		}
	}
	if m := mistakes(t, axis("x", "range = [0, 4]\ncells = 200\nboundary = \"periodic\"")+still+"mean = { x = 0 }\ncovariance = { \"x,x\" = 1e18 }\n")[0]; m.Key != "initial.covariance" {
		t.Errorf("%v, want a refusal of too many turns", m)
	}
}

func gaussianPlane(cells, mean, covariance string) string {
	return axis("x", "range = [-4, 4]\ncells = "+cells) + axis("y", "range = [-4, 4]\ncells = "+cells) + still +
		"mean = " + mean + "\ncovariance = " + covariance + "\n"
}

// Probability of a cell by integrating the conditional probability along y with
// 200 points in each of several pieces of x.
func bivariate(xlo, xhi, ylo, yhi, mx, my, sx, sy, rho float64) float64 {
	conditional := sy * math.Sqrt(1-rho*rho)
	f := func(x float64) float64 {
		z := (x - mx) / sx
		mean := my + rho*sy*z
		return math.Exp(-z*z/2) / (sx * math.Sqrt(2*math.Pi)) * normal((ylo-mean)/conditional, (yhi-mean)/conditional)
	}
	total := 0.0
	lo, hi := max(xlo, mx-12*sx), min(xhi, mx+12*sx)
	for i := range 8 {
		if lo < hi {
			total += quad.Fixed(f, lo+(hi-lo)*float64(i)/8, lo+(hi-lo)*float64(i+1)/8, 200, quad.Legendre{}, 0)
		}
	}
	return total
}

func TestACorrelatedGaussianHasItsIntegralsOverCells(t *testing.T) {
	for _, c := range []struct {
		name                   string
		cells                  string
		mx, my, sx, sy, rho, h float64
	}{
		{"resolved", "32", .3, -.2, .6, .4, .5, .25},
		{"as wide as a cell", "32", .3, -.2, .25, .3, -.9, .25},
		{"steep", "32", .3, -.2, .6, .6, .995, .25},
		{"narrower than a cell", "16", .26, -.24, .02, .03, .7, .5},
		{"much narrower", "8", .9999, -.0002, .0003, .0002, -.6, 1},
		{"cut", "16", 3.9, 3.8, .5, .5, .3, .5},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, m, cut := start(t, gaussianPlane(c.cells,
				"{ x = "+literalOf(c.mx)+", y = "+literalOf(c.my)+" }",
				`{ "x,x" = `+literalOf(c.sx*c.sx)+`, "y,x" = `+literalOf(c.rho*c.sx*c.sy)+`, "y,y" = `+literalOf(c.sy*c.sy)+" }"))
			outside := 1 - bivariate(-4, 4, -4, 4, c.mx, c.my, c.sx, c.sy, c.rho)
			near(t, "cut", cut, outside, 2e-8)
			for i := range m {
				ex, ey := g.Axis(0).Edges, g.Axis(1).Edges
				a, b := g.Along(0, i), g.Along(1, i)
				want := bivariate(ex[a], ex[a+1], ey[b], ey[b+1], c.mx, c.my, c.sx, c.sy, c.rho) / (1 - outside)
				near(t, "mass", m[i], want, 2e-8)
			}
			if f := momentsOf(g, m); c.name == "resolved" {
				near(t, "E x", f.Mean["x"], c.mx, 1e-7)
				near(t, "Σxx", f.Covariance["x,x"], c.sx*c.sx+c.h*c.h/12, 1e-7)
				near(t, "Σxy", f.Covariance["x,y"], c.rho*c.sx*c.sy, 1e-7)
				near(t, "Σyy", f.Covariance["y,y"], c.sy*c.sy+c.h*c.h/12, 1e-7)
			}
		})
	}
}

func TestADiagonalCovarianceIsAProduct(t *testing.T) {
	box := axis("x", "range = [-4, 4]\ncells = 16") + axis("y", "range = [-9, 4]\ncells = 13") + axis("z", "range = [0, 1]\ncells = 5\nboundary = \"periodic\"") + still + "mean = { x = 0.1, y = 0.2, z = 0.9 }\n"
	_, a, _ := start(t, box+"std = { x = 0.5, y = 1, z = 0.3 }\n")
	_, b, _ := start(t, box+"covariance = { \"x,x\" = 0.25, \"y,y\" = 1, \"z,z\" = \"0.3^2\" }\n")
	for i := range a {
		near(t, "mass", b[i], a[i], 1e-9+1e-7*a[i])
	}
}

func TestAPointHasItsMeanAndCrossesNoClosedFace(t *testing.T) {
	for _, spacing := range []string{"", "spacing = \"sinh\"", "spacing = { finest = 1, ratio = 6 }"} {
		for _, x := range []float64{0.3, -2.71, 1, 3.1, 0.123456789} {
			g, m, _ := start(t, axis("x", "range = [-5, 5]\ncells = 20\n"+spacing)+axis("y", "range = [-5, 5]\ncells = 20")+still+"point = { x = "+literalOf(x)+", y = 0.77 }\n")
			f := momentsOf(g, m)
			near(t, "E x", f.Mean["x"], x, 1e-14*5)
			near(t, "E y", f.Mean["y"], .77, 1e-14*5)
			cells := 0
			for _, v := range m {
				if v != 0 {
					cells++
				}
			}
			if cells > 4 {
				t.Errorf("a point in %d cells, want at most 4", cells)
			}
		}
	}
	faced := axis("x", "range = [-1, 1]\ncells = 10\nfaces = [0]") + "[process]\ndrift = { x = \"-x^3\" }\nnoise = \"x\"\n[initial]\n"
	for _, x := range []float64{-.05, .05, .01, -1e-9} {
		g, m, _ := start(t, faced+"point = { x = "+literalOf(x)+" }\n")
		for i, v := range m {
			if v > 0 && (g.Centers(0)[i] > 0) != (x > 0) {
				t.Errorf("mass %v of the point %v lies at %v", v, x, g.Centers(0)[i])
			}
		}
	}
	g, m, _ := start(t, axis("x", "range = [0, 1]\ncells = 10\nboundary = \"periodic\"")+still+"point = { x = 0.99 }\n")
	near(t, "mass beyond the seam", m[0], .4, 1e-13)
	near(t, "mass before the seam", m[g.Size()-1], .6, 1e-13)
}

func TestDensitiesAreIntegratedOverCells(t *testing.T) {
	for _, spacing := range []string{"", "spacing = \"log\"", "spacing = { finest = 2, ratio = 6 }"} {
		box := axis("x", "range = [0.5, 4]\ncells = 16\n"+spacing) + still
		g, m, cut := start(t, box+"density = \"5*x^3\"\n") // exact: of degree 7 at most
		e := g.Axis(0).Edges
		for i := range m {
			near(t, "mass", m[i], (math.Pow(e[i+1], 4)-math.Pow(e[i], 4))/(256-1./16), 1e-14)
		}
		near(t, "cut", cut, 0, 0)
		_, m, _ = start(t, box+"uniform = true\n")
		for i := range m {
			near(t, "uniform mass", m[i], (e[i+1]-e[i])/3.5, 1e-15)
		}
		_, m, _ = start(t, box+"density = \"1.03 < x < 2.9\"\n") // by fractions of cells
		for i := range m {
			near(t, "mass in a set", m[i], max(0, min(e[i+1], 2.9)-max(e[i], 1.03))/1.87, 1e-14)
		}
	}
}

func TestDensitiesThatAreNoneAreMistakes(t *testing.T) {
	for text, part := range map[string]string{
		"density = \"-1\"":                           "found -1",
		"density = \"log(x)\"":                       "a finite number ≥ 0",
		"density = \"1/(x - x)\"":                    "",
		"density = \"0\"":                            "the mass inside the box is 0",
		"density = \"x > 100\"":                      "the mass inside the box is 0",
		"mean = { x = 1000 }\nstd = { x = 0.1 }":     "the mass inside the box is 0",
		"mean = { x = 0 }\ncovariance = { x = 0.1 }": "",
		"density = \"q\"":                            `"q"`,
	} {
		c, err := Parse("case.toml", []byte(axis("x", "range = [-4, 4]\ncells = 8")+still+text+"\n[evolve]\nuntil = 1\n"), nil)
		if err == nil {
			_, err = c.Run(context.Background(), Options{})
		}
		var m *Mistake
		var all Mistakes
		if errors.As(err, &all) {
			m = all[0]
		}
		if m == nil && !errors.As(err, &m) || m.File != "case.toml" || !strings.HasPrefix(m.Key, "initial") || m.Line == 0 || !strings.Contains(m.Error(), part) {
			t.Errorf("%s: %v, want a mistake of [initial] with %q", text, err, part)
		}
	}
}

func momentsOf(g *grid.Grid, m []float64) Figures {
	f := newFigures(g)
	return f.moments(f.read(m))
}
