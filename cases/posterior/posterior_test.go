package posterior

import (
	"context"
	"math"
	"testing"

	"fokker/grid"
)

// pointwise makes a landscape of a loss on [-side, side]^dim, with slopes by formula.
func pointwise(side float64, dim int, loss func(x []float64) float64) Landscape {
	l := Landscape{Workers: 2}
	for range dim {
		l.Lower, l.Upper = append(l.Lower, -side), append(l.Upper, side)
	}
	l.Loss = func(dst []float64, x [][]float64) {
		at := make([]float64, dim)
		for i := range dst {
			for k := range at {
				at[k] = x[k][i]
			}
			dst[i] = loss(at)
		}
	}
	return l
}

// thermal is the posterior at some temperatures in turn.
func thermal(t *testing.T, l Landscape, temperatures ...float64) (out []Thermal) {
	t.Helper()
	p, err := New(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range temperatures {
		one, err := p.At(context.Background(), at, 1e-9)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, one)
	}
	t.Logf("%d values of the loss in %d boxes", p.known, len(p.boxes))
	return out
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.12g, want %.12g ± %.2g", what, got, want, tolerance)
	}
}

// digits is half a unit of the tenth decimal place, with the tolerance of the
// integrals.
const digits = 2e-9

// x^2k on [−1, 1] has λ = 1/2k, by incomplete gamma functions, and its −ln Z.
func TestPowersHaveTheirLearningCoefficient(t *testing.T) {
	at10 := []float64{.4999190003, .2499777323, .1666546950}
	logZ := []float64{1.7302201501, .5564172024, .1494072179}
	for k := 1; k <= 3; k++ {
		l := pointwise(1, 1, func(x []float64) float64 { return math.Pow(x[0], float64(2*k)) })
		all := thermal(t, l, .1, .01, 1e-8)
		near(t, "λ at 0.1", all[0].Loss/.1, at10[k-1], digits)
		near(t, "λ at 0.01", all[1].Loss/.01, 1/float64(2*k), digits)
		near(t, "−ln Z at 0.01", -all[1].LogZ, logZ[k-1], digits)
		near(t, "λ at 1e-8", all[2].Loss/1e-8, 1/float64(2*k), digits)
		// Var L = λT² of a power
		near(t, "heat capacity", all[2].HeatCapacity, 1/float64(2*k), digits)
	}
}

// λ(β) = ½ − 1/(ln β + 2 ln 2 + γ) and Z of x²y², by exponential integrals.
func TestCrossedValleysHaveTheirLogarithm(t *testing.T) {
	l := pointwise(1, 2, func(x []float64) float64 { return x[0] * x[0] * x[1] * x[1] })
	all := thermal(t, l, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
	for i, want := range []float64{.2655954525, .3477624168, .3872765084, .4105053348, math.NaN(), .4366247103} {
		if i != 4 {
			near(t, "λ", all[i].Loss/all[i].Temperature, want, digits)
		}
	}
	for i, want := range []float64{2.3911429495, 1.1642682537, .4972336411, .1980513417} {
		near(t, "Z", math.Exp(all[i].LogZ), want, digits*want)
	}
	fit, ok := Fit(all[2:], 0, 2)
	if !ok || fit.Multiplicity != 2 {
		t.Errorf("multiplicity %d, want 2", fit.Multiplicity)
	}
	near(t, "corrected λ", fit.Coefficient, .5, 1e-6) // Z is such a function but for e^(−β)
}

// ½(uv − 1)² on [−3, 3]² has regular minima on a curve.
func TestACurveOfMinimaCountsForOneParameter(t *testing.T) {
	l := pointwise(3, 2, func(x []float64) float64 { return math.Pow(x[0]*x[1]-1, 2) / 2 })
	all := thermal(t, l, 1e-1, 1e-2, 1e-3, 3e-4, 1e-4)
	for i, want := range []float64{.5347525273, .5023421301, .5002281939} {
		near(t, "λ", all[i].Loss/all[i].Temperature, want, digits)
	}
	near(t, "Z", math.Exp(all[0].LogZ), 3.5821514413, 4*digits)
	fit, _ := Fit(all[1:], 0, 2)
	if fit.Multiplicity != 1 {
		t.Errorf("multiplicity %d, want 1", fit.Multiplicity)
	}
	near(t, "fitted λ", fit.Coefficient, .5, 1e-3) // λ(T) − ½ falls as 0.23 T from 2e-3
}

// ½(uvw)² on a cube, λ = ½ and m = 3.
func TestThreeCrossedValleysHaveTheirLogarithm(t *testing.T) {
	l := pointwise(1, 3, func(x []float64) float64 { return math.Pow(x[0]*x[1]*x[2], 2) / 2 })
	p, err := New(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ t, want float64 }{{1e-1, .0962644789}, {1e-2, .2021781127}, {1e-4, .3173774437}} {
		one, err := p.At(context.Background(), c.t, 1e-7)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "λ", one.Loss/c.t, c.want, 2e-7)
		if c.t == 1e-4 {
			near(t, "Z", math.Exp(one.LogZ), 1.4385532415, 2e-7)
		}
	}
	t.Logf("%d values of the loss in %d boxes", p.known, len(p.boxes))
}

// onDiscs is a loss on the product of unit discs, in the squares of radii and the angles of
// which areas are even: 0 to 1 and −π to π here are −1 to 1.
func onDiscs(discs int, loss func(x []float64) float64) Landscape {
	at := make([]float64, 2*discs)
	l := pointwise(1, 2*discs, func(x []float64) float64 {
		for k := range discs {
			r := math.Sqrt((1 + x[2*k]) / 2)
			at[2*k], at[2*k+1] = r*math.Cos(math.Pi*x[2*k+1]), r*math.Sin(math.Pi*x[2*k+1])
		}
		return loss(at)
	})
	l.Workers = 1 // at is one
	return l
}

// Q²/2 with Q = |w|⁴w₁² on a disc: λ(T) goes to 1/6 of the origin, not to the ¼ of the line
// w₁ = 0, and reaches neither (gamma functions and quadrature).
func TestTheOriginOfALineOfMinimaIsPreferred(t *testing.T) {
	l := onDiscs(1, func(w []float64) float64 {
		q := math.Pow(w[0]*w[0]+w[1]*w[1], 2) * w[0] * w[0]
		return q * q / 2
	})
	for i, at := range thermal(t, l, 1, 1e-2, 1e-4, 1e-8) {
		want := []float64{.022749, .112527, .136735, .155040}[i]
		near(t, "λ", at.Loss/at.Temperature, want, 6e-7) // six digits
	}
}

// ½|u|²|v|² on two discs, as of a factorisation uvᵀ of nothing: Z = 2π² Ein(β/2)/β and
// λ = 1 − (1 − e^(−β/2))/Ein(β/2), λ = 1 and m = 2.
func TestFourWeightsOnDiscsHaveTheirLogarithm(t *testing.T) {
	l := onDiscs(2, func(x []float64) float64 { return (x[0]*x[0] + x[1]*x[1]) * (x[2]*x[2] + x[3]*x[3]) / 2 })
	p, err := New(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ t, want float64 }{{1e-1, .5459999988}, {1e-2, .7772450802}, {1e-4, .8900423309}} {
		one, err := p.At(context.Background(), c.t, 1e-5)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "λ", one.Loss/c.t, c.want, 1e-5)
		ein := (1 - math.Exp(-0.5/c.t)) / (1 - c.want)
		near(t, "Z", math.Exp(one.LogZ), 16*2*c.t*ein, 2e-5*math.Exp(one.LogZ)) // of the box, 2⁴ in place of π²
	}
	t.Logf("%d values of the loss in %d boxes", p.known, len(p.boxes))
}

// Z = .1980513417 of x²y² at β = 1e4 is within what partitions say of themselves.
func TestErrorsHoldTheTruth(t *testing.T) {
	l := pointwise(1, 2, func(x []float64) float64 { return x[0] * x[0] * x[1] * x[1] })
	for _, tolerance := range []float64{1e-2, 1e-4, 1e-6, 1e-8} {
		p, err := New(context.Background(), l)
		if err != nil {
			t.Fatal(err)
		}
		one, err := p.At(context.Background(), 1e-4, tolerance)
		if err != nil {
			t.Fatal(err)
		}
		if wrong := math.Abs(math.Exp(one.LogZ)/.1980513417 - 1); wrong > one.Error+1e-9 || one.Error > tolerance {
			t.Errorf("off by %.2g, estimated %.2g, asked for %.2g", wrong, one.Error, tolerance)
		}
	}
}

// truncated is the variance of N(0, s²) between −1 and 1.
func truncated(s float64) float64 {
	return s*s - 2*s*math.Exp(-1/(2*s*s))/math.Sqrt(2*math.Pi)/math.Erf(1/s/math.Sqrt2)
}

// The masses of cells of a quadratic loss are differences of error functions,
// whether the mesh resolves the law or not.
func TestCellsOfAGaussian(t *testing.T) {
	l := pointwise(1, 2, func(x []float64) float64 { return x[0]*x[0]/2 + x[1]*x[1] })
	edges := make([]float64, 21)
	for i := range edges {
		edges[i] = float64(i-10) / 10
	}
	g, err := grid.New(grid.Axis{Name: "x", Edges: edges}, grid.Axis{Name: "y", Edges: edges})
	if err != nil {
		t.Fatal(err)
	}
	square := func(dst []float64, x [][]float64) {
		for i := range dst {
			dst[i] = x[0][i] * x[0][i]
		}
	}
	for _, temperature := range []float64{0.1, 0.01, 0.0004} { // widths of 3, 1 and 0.2 cells
		law, err := l.Cells(context.Background(), g, temperature, square)
		if err != nil {
			t.Fatal(err)
		}
		sx, sy := math.Sqrt(temperature), math.Sqrt(temperature/2)
		part := func(lo, hi, s float64) float64 {
			return (math.Erf(hi/s/math.Sqrt2) - math.Erf(lo/s/math.Sqrt2)) / 2 / math.Erf(1/s/math.Sqrt2)
		}
		wrong, mean := 0.0, 0.0
		for i, m := range law.Mass {
			a, b := i%20, i/20
			want := part(edges[a], edges[a+1], sx) * part(edges[b], edges[b+1], sy)
			wrong += math.Abs(m - want)
			mean += m * law.Means[0][i]
			if want > 1e-4 { // others count less
				near(t, "ln of a mass", law.Log[i], math.Log(want), 1e-4)
			}
		}
		if wrong > cellTolerance || law.Error > cellTolerance {
			t.Errorf("T = %v: off by %.2g, estimated %.2g", temperature, wrong, law.Error)
		}
		if temperature == 0.1 {
			near(t, "mean square", mean, truncated(sx), 1e-6)
		}
	}
}

// A minimum of fourth order, one on a curve, and one pressed to a wall and a corner.
func TestMinimaAreFound(t *testing.T) {
	quartic := pointwise(4, 1, func(x []float64) float64 { return math.Pow((x[0]+1.8)*math.Pow(x[0]-1.8, 2), 2)/2 + 0.25 })
	quartic.Gradient = func(dst, x [][]float64) { dst[0][0] = quarticSlopes(x[0][0])[0] }
	quartic.Hessian = func(dst, x [][]float64) { dst[0][0] = quarticSlopes(x[0][0])[1] }
	for _, from := range []float64{-3, 0, 3} {
		x := []float64{from}
		near(t, "least loss", quartic.Descend(x), 0.25, 1e-16)
	}
	curve := pointwise(3, 2, func(x []float64) float64 { return math.Pow(x[0]*x[1]-1, 2) / 2 })
	curve.Gradient = func(dst, x [][]float64) {
		r := x[0][0]*x[1][0] - 1
		dst[0][0], dst[1][0] = r*x[1][0], r*x[0][0]
	}
	curve.Hessian = func(dst, x [][]float64) {
		u, v := x[0][0], x[1][0]
		dst[0][0], dst[1][0], dst[2][0] = v*v, 2*u*v-1, u*u
	}
	p, err := New(context.Background(), curve)
	if err != nil {
		t.Fatal(err)
	}
	least, _ := p.Minimum()
	near(t, "least loss on a curve", least, 0, 1e-25)
	// x + (y − ½)² has its least value on the wall x = −1.
	slope := pointwise(1, 2, func(x []float64) float64 { return x[0] + math.Pow(x[1]-0.5, 2) })
	slope.Gradient = func(dst, x [][]float64) { dst[0][0], dst[1][0] = 1, 2*(x[1][0]-0.5) }
	slope.Hessian = func(dst, x [][]float64) { dst[0][0], dst[1][0], dst[2][0] = 0, 0, 2 }
	x := []float64{0.3, -0.7}
	near(t, "least loss at a wall", slope.Descend(x), -1, 1e-15)
	near(t, "its place", x[1], 0.5, 1e-7)
}

// quarticSlopes are ½(q²)′ and ½(q²)″, q = (w + a)(w − a)², a = 1.8.
func quarticSlopes(w float64) [2]float64 {
	const a = 1.8
	q, d, dd := (w+a)*(w-a)*(w-a), (w-a)*(w-a)+2*(w+a)*(w-a), 4*(w-a)+2*(w+a)
	return [2]float64{q * d, d*d + q*dd}
}
