package cases

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"fokker/grid"
	"fokker/operators"
)

// cells overrides the number of cells of axes.
func cells(n int, axes ...string) (out []string) {
	for _, a := range axes {
		out = append(out, "axis."+a+".cells="+strconv.Itoa(n))
	}
	return out
}

// falls checks that an error falls with at least an order from one mesh to a
// finer one, unless it is rounding already.
func falls(t *testing.T, what string, coarse, fine, ratio, order float64) {
	t.Helper()
	coarse, fine = math.Abs(coarse), math.Abs(fine)
	if got := math.Log(coarse/fine) / math.Log(ratio); fine > 1e-12 && got < order {
		t.Errorf("%s: error %.3g, then %.3g: order %.2f, want %.2f", what, coarse, fine, got, order)
	}
}

// AΣ + ΣA = (η/B)C solved by hand for A = [[2, ½], [½, 1]]; the areal velocity is
// −½[(AΣ)₂₁ − (AΣ)₁₂] (Mandt, Hoffman and Blei 2017).
func TestAnisotropicNoiseHasItsCovarianceAndCurrent(t *testing.T) {
	r := solve(t, "anisotropic")
	near(t, "Σxx", r.Stationary.Covariance["x,x"], .0054166667, 1e-9)
	near(t, "Σxy", r.Stationary.Covariance["x,y"], .0033333333, 1e-9)
	near(t, "Σyy", r.Stationary.Covariance["y,y"], .0045833333, 1e-9)
	near(t, "E loss", r.Stationary.Observables["loss"], .009375, 1e-9) // tr AΣ/2 = (η/4B) tr C
	near(t, "areal velocity", arealVelocity(r), .0014583333, 1e-8)
}

// E x² = Σ of e^(−Φ) by quadrature; the current λ e^(−r⁴/4)(−y, x)/Z turns
// λπ/Z of area a unit of time, Z = 7.6234684296.
func TestLimitCycleKeepsItsLawUnderAnyCurrent(t *testing.T) {
	for _, c := range []struct{ lambda, areal float64 }{{.5, .2060474627}, {1.5, .6181423881}} {
		var square, areal []float64
		for _, n := range []int{64, 128, 256} {
			r := solve(t, "limitcycle", append(cells(n, "x", "y"), "lambda="+literalOf(c.lambda))...)
			square = append(square, r.Stationary.Observables["square"]-1.0417972965)
			areal = append(areal, arealVelocity(r)-c.areal)
		}
		t.Logf("λ = %v: errors of E x² %.3g, of the areal velocity %.3g", c.lambda, square, areal)
		for i := range 2 {
			falls(t, "E x²", square[i], square[i+1], 2, 1.8) // second, after jumps fitted far out at 64²
			falls(t, "areal velocity", areal[i], areal[i+1], 2, 1.9)
		}
		near(t, "E x²", square[2], 0, 2e-5)
		near(t, "areal velocity", areal[2], 0, 1e-3*c.areal)
	}
}

// dQ/dt = −τQ for every path, whatever the noise along (v, u) does (Ziyin, Li
// and Ueda 2023); E Q² falls too slowly by the diffusion that the mesh adds
// across that direction.
func TestLabelNoiseDecaysByTheLawOfBalance(t *testing.T) {
	meshes := []int{64, 128}
	if os.Getenv("FOKKER_FINE") != "" {
		meshes = append(meshes, 256) // a third of a minute
	}
	var excess []float64
	for _, n := range meshes {
		e := solve(t, "labelnoise", cells(n, "u", "v")...).Evolve
		q, q2 := e.Observables["Q"], e.Observables["Q2"]
		for i, at := range e.Times {
			near(t, "E Q", q[i]/q[0], math.Exp(-.5*at), 1e-3*max(1, 128/float64(n)))
		}
		last := len(q2) - 1
		excess = append(excess, q2[last]/q2[0]-math.Exp(-1))
		t.Logf("%d²: E Q %.7f, E Q² %.7f of the start", n, q[last]/q[0], q2[last]/q2[0])
	}
	near(t, "E Q²/E Q₀²", excess[1], 0, 2e-2)
	for i := range len(excess) - 1 {
		falls(t, "E Q²/E Q₀²", excess[i], excess[i+1], 2, 1)
	}
}

// On Q = 0 the law of w = uv is Gamma with shape 1/τ − ½ and scale τ (Ziyin, Li
// and Ueda 2023). The mesh, whose longest jumps grow in whole cells, approaches it
// unevenly.
func TestLabelNoiseEndsInAGammaLaw(t *testing.T) {
	var mean, variance []float64
	for _, n := range []int{64, 128} {
		s := solve(t, "labelnoise", append(cells(n, "u", "v"), "stationary.tolerance=1e-8", "evolve.until=1e-3", "evolve.outputs=2", "observables.w2=(u*v)^2")...).Stationary
		w := s.Observables["w"]
		mean, variance = append(mean, w-.75), append(variance, s.Observables["w2"]-w*w-.375)
	}
	t.Logf("errors of E w %.3g, of Var w %.3g", mean, variance)
	falls(t, "E w", mean[0], mean[1], 2, 1)
	falls(t, "Var w", variance[0], variance[1], 2, 1)
	near(t, "E w", mean[1], 0, 1e-2)
	near(t, "Var w", variance[1], 0, 1e-2)
}

// p(w) ∝ w^(−3/2) V⁻¹ exp(−∫ L′/(T w V) dw) on |u| = |v|, V = 2(w − 1)² + 1, by
// quadrature (Ziyin, Li and Ueda 2023). The law is like |u|^(4/3) near 0, and nothing
// is left on u = −v.
func TestRandomInputsHaveTheirLaw(t *testing.T) {
	var mean, low []float64
	for _, n := range []int{96, 192, 384} {
		s := solve(t, "randominput", append(cells(n, "u", "v"), "axis.u.range=[-42, 42]", "axis.v.range=[-42, 42]", "numerics.errors=false")...).Stationary
		mean, low = append(mean, s.Observables["w"]-.8449364706), append(low, s.Observables["low"]-.0773927097)
		near(t, "distance from |u| = |v|", s.Observables["width"], 0, 1e-12)
		if len(s.Classes) != 1 || s.Classes[0].Cells != n {
			t.Errorf("%d cells: classes %+v, want the diagonal", n, s.Classes)
		}
	}
	t.Logf("errors of E w %.3g, of P(w < ¼) %.3g", mean, low)
	falls(t, "E w", mean[0], mean[2], 4, 1.5)
	falls(t, "P(w < ¼)", low[0], low[2], 4, 1.8)
	near(t, "E w", mean[2], 0, 1.3e-4)
	near(t, "P(w < ¼)", low[2], 0, 2.6e-4)
}

// The same law comes of a mesh on which u = v is no diagonal, and 0 somewhere on the way
// between two centres of u = −v.
func TestRandomInputsHaveTheirLawOnAShiftedMesh(t *testing.T) {
	s := solve(t, "randominput", append(cells(120, "u", "v"), "axis.u.spacing=uniform", "axis.v.spacing=uniform", "numerics.errors=false",
		"axis.u.range=[-2.985, 3.015]", "axis.v.range=[-3.015, 2.985]")...).Stationary // by 0.3 of a cell
	near(t, "E w", s.Observables["w"], .8449364706, 3e-3) // diffusion across, 0.3 % of all
	near(t, "P(w < ¼)", s.Observables["low"], .0773927097, 6e-3)
}

// Z = s₁/x₁ − s₂/x₂ has no noise and moves by −2τ(x₁ − x₂)t = 0.2 t. The other
// figures are those of paths, with standard errors of 9e-4 and 8e-4; drift across
// the noise makes the mesh one of first order.
func TestDiagonalNetMovesBetweenItsInputs(t *testing.T) {
	var beta1, beta2 []float64
	for _, n := range []int{72, 144} {
		e := solve(t, "diagonalnet", "axis.s1.cells="+strconv.Itoa(n), "axis.s2.cells="+strconv.Itoa(n/9*10)).Evolve
		for i, at := range e.Times {
			near(t, "E Z", e.Observables["Z"][i]-e.Observables["Z"][0], .2*at, 1e-7)
		}
		last := len(e.Times) - 1
		beta1, beta2 = append(beta1, e.Observables["beta1"][last]), append(beta2, e.Observables["beta2"][last])
	}
	t.Logf("E β₁ %.6f, E β₂ %.6f", beta1, beta2)
	near(t, "E β₁, extrapolated", 2*beta1[1]-beta1[0], .4538, 3*.0009)
	near(t, "E β₂, extrapolated", 2*beta2[1]-beta2[0], .1942, 3*.0008)
}

// The normal derivative and the noise of w₁ vanish on w₁ = 0, which nothing
// crosses; the loss falls all the time, to the noise that no weights explain.
func TestNothingCrossesALineOfMinima(t *testing.T) {
	e := solve(t, "singularline").Evolve
	for i := range e.Times {
		near(t, "P(left)", e.Observables["left"][i], e.Observables["left"][0], 1e-12)
		if i > 0 && e.Observables["loss"][i] >= e.Observables["loss"][i-1] {
			t.Errorf("E loss = %v at t = %v after %v", e.Observables["loss"][i], e.Times[i], e.Observables["loss"][i-1])
		}
	}
}

// d(u₁² − u₂²)/dt = −τ u₃² (u₁² − u₂²) for every path, and so for every pair
// (Ziyin, Li and Ueda 2023): the change of the expectation is the integral of the
// expected rate, by Simpson's rule.
func TestChainOfThreeBalancesItsWeights(t *testing.T) {
	e := solve(t, "chain3", "observables.rate13=-tau*u2^2*(u1^2 - u3^2)").Evolve
	for q, rate := range map[string]string{"Q12": "rate", "Q13": "rate13"} {
		f, h := e.Observables[rate], e.Times[1]
		want := h / 3 * (f[0] + 4*f[1] + 2*f[2] + 4*f[3] + f[4])
		got := e.Observables[q][4] - e.Observables[q][0]
		t.Logf("change of E %s: %.6f, want %.6f", q, got, want)
		near(t, "change of E "+q, got/want, 1, 5e-2) // fitted rates and short jumps of 32 cells
	}
}

// ⟨r²⟩ = 2D/k + v²/(k(k + Dr)) and ⟨r·n⟩ = v/(k + Dr) (Chaudhuri and Dhar 2021).
func TestActiveParticleStaysAwayFromTheCentre(t *testing.T) {
	const r2, forward = .2 + 4/1.5, 2 / 1.5
	var errs [2][]float64
	for _, n := range []int{64, 96} { // at 32 the drift of a seventh of the mass outruns the noise
		o := solve(t, "active", append(cells(n, "x", "y"), cells(n/2, "theta")...)...).Stationary.Observables
		errs[0], errs[1] = append(errs[0], o["r2"]-r2), append(errs[1], o["forward"]-forward)
	}
	t.Logf("errors of ⟨r²⟩ %.3g, of ⟨r·n⟩ %.3g", errs[0], errs[1])
	for i, what := range []string{"⟨r²⟩", "⟨r·n⟩"} {
		falls(t, what, errs[i][0], errs[i][1], 1.5, 1.9)
		near(t, what, errs[i][1], 0, 2e-3) // it falls faster than h² while fitted cells become central ones
	}
}

// Newton's method and the covariance of the gradient at its end, from the file
// itself; near the optimum HΣ + ΣH = (η/B)C.
func TestIrisHasTheGradientNoiseOfItsData(t *testing.T) {
	x, y := flowers(t)
	fit, h, c := logistic(x, y, .05)
	r := solve(t, "iris")
	p := r.of.Problem.Process
	at, b, d := [][]float64{{fit[0]}, {fit[1]}}, operators.Columns(2, 1), operators.Columns(4, 1)
	p.Drift(b, at, 0)
	near(t, "drift of length at the optimum", b[0][0], 0, 1e-12)
	near(t, "drift of width at the optimum", b[1][0], 0, 1e-12)
	p.(operators.Diffusive).Diffusion(d, at, 0)
	const scale = .5 / (2 * 5) // η/2B
	for k := range 4 {
		near(t, "D at the optimum", d[k][0], scale*c.At(k/2, k%2), 1e-14)
	}
	want := lyapunovOf(h, c, 2*scale)
	for k, name := range []string{"length,length", "length,width", "width,width"} {
		v := want.At(k/2, (k+1)/2)
		t.Logf("Σ %s = %.6g, linearised %.6g", name, r.Stationary.Covariance[name], v)
		near(t, "Σ "+name, r.Stationary.Covariance[name], v, .05*math.Abs(v)) // the loss is not quadratic
	}
}

// flowers reads iris2.csv: petal length and width, standardised, and the kind.
func flowers(t *testing.T) (x [][2]float64, y []float64) {
	t.Helper()
	text, err := gallery.ReadFile("iris2.csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		var v [3]float64
		for k := range v {
			if v[k], err = strconv.ParseFloat(row[k], 64); err != nil {
				t.Fatal(err)
			}
		}
		x, y = append(x, [2]float64{v[0], v[1]}), append(y, v[2])
	}
	for k := range 2 {
		mean, square := 0., 0.
		for _, v := range x {
			mean += v[k] / float64(len(x))
		}
		for _, v := range x {
			square += (v[k] - mean) * (v[k] - mean) / float64(len(x))
		}
		for i := range x {
			x[i][k] = (x[i][k] - mean) / math.Sqrt(square)
		}
	}
	return x, y
}

// logistic returns the minimum of the regularised mean loss, the Hessian and the
// covariance of the gradient there.
func logistic(x [][2]float64, y []float64, lambda float64) (fit [2]float64, h, c *mat.Dense) {
	n := float64(len(x))
	for range 30 { // Newton's method from 0 converges in about six
		h, c = mat.NewDense(2, 2, []float64{lambda, 0, 0, lambda}), mat.NewDense(2, 2, nil)
		var mean [2]float64 // gradient without the regulariser
		for i, v := range x {
			p := 1 / (1 + math.Exp(-fit[0]*v[0]-fit[1]*v[1]))
			for k := range 2 {
				mean[k] += (p - y[i]) * v[k] / n
				for l := range 2 {
					h.Set(k, l, h.At(k, l)+p*(1-p)*v[k]*v[l]/n)
					c.Set(k, l, c.At(k, l)+(p-y[i])*(p-y[i])*v[k]*v[l]/n)
				}
			}
		}
		for k := range 2 {
			for l := range 2 {
				c.Set(k, l, c.At(k, l)-mean[k]*mean[l])
			}
		}
		var step mat.VecDense
		if err := step.SolveVec(h, mat.NewVecDense(2, []float64{mean[0] + lambda*fit[0], mean[1] + lambda*fit[1]})); err != nil {
			panic(err)
		}
		fit[0], fit[1] = fit[0]-step.AtVec(0), fit[1]-step.AtVec(1)
	}
	return fit, h, c
}

// lyapunovOf solves HΣ + ΣH = scale·C for symmetric H in the frame of its
// eigenvectors.
func lyapunovOf(h, c *mat.Dense, scale float64) *mat.Dense {
	var eigen mat.EigenSym
	if !eigen.Factorize(mat.NewSymDense(2, []float64{h.At(0, 0), h.At(0, 1), h.At(1, 0), h.At(1, 1)}), true) {
		panic("no eigenvalues")
	}
	var v, inner, out mat.Dense
	eigen.VectorsTo(&v)
	inner.Product(v.T(), c, &v)
	value := eigen.Values(nil)
	for k := range 2 {
		for l := range 2 {
			inner.Set(k, l, scale*inner.At(k, l)/(value[k]+value[l]))
		}
	}
	out.Product(&v, &inner, v.T())
	return &out
}

// The drift of the case makes p = e^(−Φ) stationary exactly; its moments come
// from quadrature. With walls through the middle of the law the current is a
// stream function that vanishes on them.
func TestTurningTensorConverges(t *testing.T) {
	for _, c := range []struct {
		name      string
		half      float64
		meshes    []int
		overrides []string
		order     float64
	}{
		{"no mass at the walls", 5.5, []int{128, 256, 384}, nil, 1.9}, // from 343 cells on no jump the tensor needs is too long

		{"mass at the walls", 1.5, []int{64, 128, 256}, []string{"axis.x.range=[-1.5, 1.5]", "axis.y.range=[-1.5, 1.5]", "define.psi=twist*p*(1 - (x/1.5)^2)*(1 - (y/1.5)^2)"}, .9},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := turningMoments(c.half)
			var errs, apart []float64
			for _, n := range c.meshes {
				r := solve(t, "turning", append(cells(n, "x", "y"), c.overrides...)...)
				s, square := r.Stationary, 0.
				for i, got := range []float64{s.Mean["x"], s.Mean["y"], s.Covariance["x,x"], s.Covariance["x,y"], s.Covariance["y,y"]} {
					square += (got - want[i]) * (got - want[i])
				}
				errs = append(errs, math.Sqrt(square))
				apart = append(apart, turningDistance(r.Grid, s.Masses))
			}
			t.Logf("error of the moments %.3g, L1 of the density %.3g", errs, apart)
			for i := range len(errs) - 1 {
				ratio := float64(c.meshes[i+1]) / float64(c.meshes[i])
				falls(t, "moments", errs[i], errs[i+1], ratio, c.order)
				falls(t, "L1 of the density", apart[i], apart[i+1], ratio, c.order)
			}
		})
	}
}

// turningDensity is the law of the turning tensor up to a factor.
func turningDensity(x, y float64) float64 {
	return math.Exp(-x*x/2 - y*y/2 - .3*x*y - .2*math.Sin(x))
}

// turningDistance is the L1 distance of a law to it at the centres of cells.
func turningDistance(g *grid.Grid, masses []float64) float64 {
	x, want, sum := operators.Columns(2, g.Size()), make([]float64, g.Size()), 0.
	g.Points(x, grid.Range{Hi: g.Size()})
	for i := range want {
		want[i] = turningDensity(x[0][i], x[1][i])
		sum += want[i]
	}
	distance := 0.
	for i, m := range masses {
		distance += math.Abs(m - want[i]/sum)
	}
	return distance
}

// turningMoments returns mean and covariance of the density e^(−Φ) of the turning tensor
// in a square.
func turningMoments(half float64) (out [5]float64) {
	moment := func(f func(x, y float64) float64) float64 {
		return quad.Fixed(func(x float64) float64 {
			return quad.Fixed(func(y float64) float64 {
				return f(x, y) * turningDensity(x, y)
			}, -half, half, 80, quad.Legendre{}, 0)
		}, -half, half, 80, quad.Legendre{}, 0)
	}
	z := moment(func(_, _ float64) float64 { return 1 })
	x, y := moment(func(x, _ float64) float64 { return x })/z, moment(func(_, y float64) float64 { return y })/z
	xx := moment(func(x, _ float64) float64 { return x * x }) / z
	xy := moment(func(x, y float64) float64 { return x * y }) / z
	yy := moment(func(_, y float64) float64 { return y * y }) / z
	return [5]float64{x, y, xx - x*x, xy - x*y, yy - y*y}
}
