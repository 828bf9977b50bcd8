package cases

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

func TestCalculusAddsTheDriftOfItsDefinition(t *testing.T) {
	const x, y = 0.7, -0.4
	for _, c := range []struct {
		name, process string
		b, d          [2]float64 // by hand
	}{
		{"Itô", `diffusion = { x = "1 + x^2", y = "exp(y)*(2 + x)" }`,
			[2]float64{}, [2]float64{1 + x*x, math.Exp(y) * (2 + x)}},
		// σ = √(2D): ½ σσ' = D'/2
		{"Stratonovich by D", "calculus = \"stratonovich\"\n" + `diffusion = { x = "1 + x^2", y = "exp(y)*(2 + x)" }`,
			[2]float64{x, math.Exp(y) * (2 + x) / 2}, [2]float64{1 + x*x, math.Exp(y) * (2 + x)}},
		{"isothermal by D", "calculus = \"isothermal\"\n" + `diffusion = { x = "1 + x^2", y = "exp(y)*(2 + x)" }`,
			[2]float64{2 * x, math.Exp(y) * (2 + x)}, [2]float64{1 + x*x, math.Exp(y) * (2 + x)}},
		{"Stratonovich by σ", "calculus = \"stratonovich\"\n" + `noise = { x = "1 + x^2" }`,
			[2]float64{(1 + x*x) * x, 0}, [2]float64{(1 + x*x) * (1 + x*x) / 2, 0}},
		{"isothermal by σ", "calculus = \"isothermal\"\n" + `noise = { x = "1 + x^2" }`,
			[2]float64{2 * x * (1 + x*x), 0}, [2]float64{(1 + x*x) * (1 + x*x) / 2, 0}},
		// One noise that turns: σ = [[x, y], [−y, x]], σσᵀ = (x² + y²) I;
		// bx = ½ (x ∂x x + y ∂x y − y ∂y x + x ∂y y) = ½ (x + 0 − 0 + x) = x,
		// by = ½ (x ∂x(−y) + y ∂x x − y ∂y(−y) + x ∂y x) = ½ (y + y) = y.
		{"turning noise, Stratonovich", "calculus = \"stratonovich\"\n" + `noise = [["x", "y"], ["-y", "x"]]`,
			[2]float64{x, y}, [2]float64{(x*x + y*y) / 2, (x*x + y*y) / 2}},
		{"turning noise, isothermal", "calculus = \"isothermal\"\n" + `noise = [["x", "y"], ["-y", "x"]]`,
			[2]float64{x, y}, [2]float64{(x*x + y*y) / 2, (x*x + y*y) / 2}},
		{"three columns", `noise = [["x", 0, "y"], [0, 2, 0]]`,
			[2]float64{}, [2]float64{(x*x + y*y) / 2, 2}},
		{"one for all", "diffusion = \"2 + x\"\ndrift = { y = \"x*y\" }",
			[2]float64{0, x * y}, [2]float64{2 + x, 2 + x}},
		{"potential and noise", "potential = \"x^2*y\"\ndiffusion = 0.5\ndrift = { x = 1 }",
			[2]float64{1 - 2*x*y, -x * x}, [2]float64{.5, .5}},
		{"potential and mobility", "potential = \"x^2*y\"\nmobility = \"1 + x\"\ndiffusion = 0.5",
			[2]float64{-(1 + x) * 2 * x * y, -(1 + x) * x * x}, [2]float64{.5, .5}},
		{"mobility per axis", "potential = \"x^2*y\"\nmobility = { x = 2, y = \"y^2\" }\ndiffusion = 0.5",
			[2]float64{-2 * 2 * x * y, -y * y * x * x}, [2]float64{.5, .5}},
		{"potential, isothermal", "potential = \"x^2*y\"\ncalculus = \"isothermal\"\ndiffusion = \"1 + x^2\"",
			[2]float64{-2*x*y + 2*x, -x * x}, [2]float64{1 + x*x, 1 + x*x}},
		// b = −M∇U + F + T∂M, D = MT
		{"temperatures", "potential = \"x^2*y\"\nmobility = { x = \"1 + x^2\", y = \"y^2\" }\ntemperature = { x = 2, y = 3 }\ndrift = { x = \"y\" }",
			[2]float64{-(1+x*x)*2*x*y + y + 2*2*x, -y*y*x*x + 3*2*y}, [2]float64{2 * (1 + x*x), 3 * y * y}},
		{"one temperature", "potential = \"x^2*y\"\ntemperature = 2",
			[2]float64{-2 * x * y, -x * x}, [2]float64{2, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := read(t, plane+"[process]\n"+c.process+"\n").Problem
			b, d := coefficients(p, []float64{x, y}, 0)
			for k := range 2 {
				near(t, "b", b[k], c.b[k], 1e-15*(1+math.Abs(c.b[k])))
				near(t, "D", d[3*k], c.d[k], 1e-15*(1+c.d[k]))
			}
			if d[1] != 0 || d[2] != 0 {
				t.Errorf("D between the axes is %v, want 0", d[1])
			}
			sigma := operators.Columns(2*p.Process.Columns(), 1)
			p.Process.Noise(sigma, [][]float64{{x}, {y}}, 0)
			checkRoot(t, sigma, d)
		})
	}
}

// checkRoot checks σσᵀ/2 = D.
func checkRoot(t *testing.T, sigma [][]float64, d []float64) {
	t.Helper()
	columns := len(sigma) / 2
	for k := range 2 {
		for l := range 2 {
			sum := 0.0
			for c := range columns {
				sum += sigma[k*columns+c][0] * sigma[l*columns+c][0] / 2
			}
			near(t, "σσᵀ/2", sum, d[2*k+l], 1e-15*(1+d[2*k+l]))
		}
	}
}

func TestCoefficientsMayDependOnTime(t *testing.T) {
	from := "[initial]\nuniform = true\n[evolve]\nuntil = 1\n"
	for _, process := range []string{
		"drift = { x = \"sin(t)\" }\ndiffusion = 1\n",
		"diffusion = \"1 + t\"\n",
		"potential = \"t*x^2\"\ntemperature = 1\n",
		"potential = \"x^2\"\nmobility = \"1 + t\"\ntemperature = 1\n",
		"diffusion = 1\nkilling = \"t\"\n",
	} {
		if p := read(t, line+"[process]\n"+process+from).Problem; !p.Unsteady {
			t.Errorf("%q is taken as steady", process)
		}
	}
	p := read(t, line+"[process]\ndrift = { x = \"t*x\" }\ndiffusion = \"1 + t\"\nkilling = \"x^2*t\"\n"+from).Problem
	b, d := coefficients(p, []float64{2}, 3)
	k := make([]float64, 1)
	p.Killing(k, [][]float64{{2}}, 3)
	if b[0] != 6 || d[0] != 4 || k[0] != 12 {
		t.Errorf("b, D, killing = %v, %v, %v, want 6, 4, 12", b[0], d[0], k[0])
	}
}

// m(t) = m(0) e^(−kt) for a uniform rate of killing, and the mean of the law
// conditional on survival does not move.
func TestKillingRemovesMass(t *testing.T) {
	c := read(t, line+"[process]\ndiffusion = 1\nkilling = 0.5\n[initial]\nuniform = true\n[evolve]\ntimes = [0, 1, 2]\ntolerance = 1e-9\n[observables]\none = \"1\"\nright = \"x > 0\"\n")
	r, err := c.Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := r.Evolve
	for i, at := range e.Times {
		near(t, "mass", e.Mass[i], math.Exp(-at/2), 1e-9)
		near(t, "mass + lost", e.Mass[i]+e.Lost[i], 1, 1e-12)
		near(t, "∫ p", e.Observables["one"][i], e.Mass[i], 1e-15)
		near(t, "∫ p over x > 0", e.Observables["right"][i], e.Mass[i]/2, 1e-12)
		near(t, "conditional mean", e.Mean["x"][i], 0, 1e-12)
		near(t, "conditional E 1", e.RawMoments["x"][i][0], 1, 1e-15)
		near(t, "conditional variance", e.Covariance["x,x"][i], 64./12-1./12, 1e-12) // of 8 cells of width 1
		near(t, "conditional entropy", e.Entropy[i], math.Log(8), 1e-12)
	}
}

func TestCoefficientsWithoutAValueNameExpressionAndPoint(t *testing.T) {
	box := strings.Replace(line, "-4, 4", "-3, 4", 1)
	for _, c := range []struct {
		process, key string
		line         int
		part         string
	}{
		{"[process]\ndrift = { x = \"log(x)\" }\ndiffusion = 1\n", "process.drift.x", 7, "log(x) is NaN at x ="},
		{"[process]\ndiffusion = \"x\"\n", "process.diffusion", 7, "x is -"},
		{"[process]\nnoise = \"sqrt(x)\"\n", "process.noise", 7, "NaN"},
		{"[process]\ndiffusion = 1\nkilling = \"x\"\n", "process.killing", 8, "x is -"},
		{"[process]\npotential = \"log(x)\"\ntemperature = 1\n", "process.potential", 7, "log(x) is NaN"},
		{"[process]\npotential = \"x^2\"\nmobility = \"x\"\ntemperature = 1\n", "process.mobility", 8, "is -"},
		{"[process]\npotential = \"x^2\"\ntemperature = 1\n[process.drift]\nx = \"sqrt(x)\"\n", "process.drift.x", 10, "sqrt(x) is NaN"},
		{"[sgd]\nloss = \"x*log(x)\"\ncovariance = { \"x,x\" = 1 }\nlr = 1\nbatch_size = 1\n", "sgd.loss", 7, "drift"},
	} {
		_, err := read(t, box+c.process).Run(context.Background(), Options{})
		var m *Mistake
		if !errors.As(err, &m) {
			t.Fatalf("%q: %v, want a mistake", c.process, err)
		}
		if m.File != "case.toml" || m.Key != c.key || m.Line != c.line || !strings.Contains(m.Found, c.part) || m.Hint == "" {
			t.Errorf("%q: %v, want key %s in line %d and %q", c.process, m, c.key, c.line, c.part)
		}
	}
}

func TestATiltedPotentialIsRefusedOnACircle(t *testing.T) {
	c := read(t, line+"boundary = \"periodic\"\n[process]\npotential = \"-x\"\ntemperature = 1\n")
	_, err := c.Run(context.Background(), Options{})
	var m *Mistake
	if !errors.As(err, &m) || m.File == "" || !strings.Contains(m.Found, "a tilt belongs into the drift") {
		t.Errorf("%v, want a mistake", err)
	}
}

// e^(−U/T)·volume holds to rounding on a graded mesh with any mobility.
func TestOneTemperatureGivesGibbsToRounding(t *testing.T) {
	c := read(t, line+"spacing = { finest = 1, ratio = 5 }\n[process]\npotential = \"x^4/4 - x\"\nmobility = \"1 + x^2\"\ntemperature = 0.7\n")
	r, err := c.Run(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	z, want := 0.0, make([]float64, r.Grid.Size())
	for i, x := range r.Grid.Centers(0) {
		want[i] = math.Exp(-(x*x*x*x/4-x)/.7) * r.Grid.Volume(i)
		z += want[i]
	}
	for i, m := range r.Stationary.Masses {
		near(t, "mass", m, want[i]/z, 1e-13*want[i]/z)
	}
}

// Along lines of a grid b and D have the bits they have at any points.
func TestLinesAreDriftAndDiffusionBitForBit(t *testing.T) {
	tested := 0
	for _, name := range Gallery() {
		c, err := FromGallery(name, "--cells 8")
		if err != nil {
			t.Fatal(err)
		}
		p, ok := c.Problem.Process.(operators.Lined)
		if !ok || c.Problem.Open() {
			continue
		}
		tested++
		g, err := c.Problem.Grid()
		if err != nil {
			t.Fatal(err)
		}
		dim, n, now := g.Dim(), g.Size(), 0.37
		x, want := operators.Columns(dim, n), operators.Columns(dim+dim*dim, n)
		g.Points(x, grid.Range{Hi: n})
		p.Drift(want[:dim], x, now)
		p.Diffusion(want[dim:], x, now)
		at, from := make([][]float64, dim), make([]int, dim)
		for k := range at {
			at[k] = g.Centers(k)
		}
		lines := p.Lines(at, now)
		for cell := 0; cell < n; cell += g.Cells(0) {
			g.Locate(from, cell)
			b, d := lines(from, g.Cells(0))
			for k, column := range slices.Concat(b, d) {
				if column == nil {
					column = make([]float64, g.Cells(0))
				}
				if !slices.Equal(column, want[k][cell:cell+g.Cells(0)]) {
					t.Fatalf("%s: coefficient %d from cell %d is %v along the line, want %v", name, k, cell, column, want[k][cell:cell+g.Cells(0)])
				}
			}
		}
	}
	if tested < 10 {
		t.Errorf("%d cases tested, want most", tested)
	}
}

// Along lines of a grid a potential gives the rates it gives at any points, on
// circles, at walls of both kinds, beside closed faces and where U is infinite
// beyond a wall.
func TestPotentialsHaveTheSameRatesAlongLines(t *testing.T) {
	const force = "drift = { x = 0.5, y = \"x*y\" }\n"
	for _, text := range []string{
		axis("x", "range = [0, 1]\ncells = 9\nboundary = \"periodic\"") + axis("y", "range = [-1, 2]\ncells = 7\nboundary = [\"absorbing\", \"reflecting\"]") +
			"[process]\npotential = \"sin(2*pi*x)*y^2 + y^4\"\nmobility = { x = \"1 + y^2\", y = \"2 + cos(2*pi*x)\" }\ntemperature = { x = 1, y = 3 }\n" + force,
		axis("x", "range = [-1, 1]\ncells = 8\nfaces = [0]") + axis("y", "range = [0, 2]\ncells = 5\nspacing = \"sinh\"\nboundary = \"reflecting\"") +
			"[process]\npotential = \"x^2*y - log(y)\"\nmobility = { x = \"x^2\", y = \"y\" }\ntemperature = 0.5\n",
		axis("x", "range = [-1, 1]\ncells = 12") + "[process]\npotential = \"x^4 - x^2\"\ntemperature = 0.1\n",
		axis("x", "range = [-1, 1]\ncells = 4") + axis("y", "range = [0, 2]\ncells = 3") + axis("z", "range = [0, 2]\ncells = 5") +
			"[process]\npotential = \"x*y*z + z^2\"\ntemperature = { x = 1, y = 2, z = 0.1 }\n",
	} {
		p := read(t, text+"\n[stationary]\n").Problem
		g, err := p.Grid()
		if err != nil {
			t.Fatal(err)
		}
		got, err := operators.Build(g, 0.3, 1, operators.Isothermal{Process: p.reversible})
		if err != nil {
			t.Fatal(err)
		}
		plain := struct{ operators.Reversible }{p.reversible} // hides Lines
		for _, workers := range []int{1, 4} {
			want, err := operators.Build(g, 0.3, workers, operators.Isothermal{Process: plain})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Exit(), want.Exit()) {
				t.Errorf("%s: exits %v, want %v", text, got.Exit(), want.Exit())
			}
			for i := range g.Size() {
				a, x := got.Row(i)
				b, y := want.Row(i)
				if !slices.Equal(a, b) || !slices.Equal(x, y) {
					t.Fatalf("%s: row %d is %v %v, want %v %v", text, i, a, x, b, y)
				}
			}
		}
	}
}
