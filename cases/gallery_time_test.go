package cases

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"fokker/grid"
	"fokker/operators"
	"fokker/solvers"
)

// With two equal wells P(right) = ½(1 − e^(−2kt)) once each is in equilibrium,
// k⁻¹ = T⁻¹ ∫₋₁¹ e^(U/T) ∫₋∞^y e^(−U/T) dz dy (Kramers 1940; Gardiner 2009, 5.5)
// up to terms of order e^(−ΔU/T) = 4e-6.
func TestBarrierIsCrossedAtTheRateOfKramers(t *testing.T) {
	const temperature = .02
	u := func(x float64) float64 { return (x*x - 1) * (x*x - 1) / 4 / temperature }
	time := quad.Fixed(func(y float64) float64 {
		return math.Exp(u(y)) * quad.Fixed(func(z float64) float64 { return math.Exp(-u(z)) }, -2, y, 400, quad.Legendre{}, 0)
	}, -1, 1, 400, quad.Legendre{}, 0) / temperature
	e := solve(t, "barrier").Evolve
	for i, at := range e.Times {
		if at < 1e4 {
			continue // the start within the well delays it by 2
		}
		want := -math.Expm1(-2*at/time) / 2
		near(t, "P(right)/P exact at t = "+strconv.FormatFloat(at, 'g', -1, 64), e.Observables["right"][i]/want, 1, 1e-3)
	}
	if last := len(e.Times) - 1; e.Steps > 500 {
		t.Errorf("%d steps to t = %g, want a number that grows with its logarithm", e.Steps, e.Times[last])
	}
}

// To first order in A the mean is A Im(e^(iωt) χ) − the transient that starts from
// the law at rest: E x = A Σ x Im[(iω − Qᵀ)⁻¹(e^(iωt) − e^(tQᵀ))] Bᵀp₀, Q + A sin(ωt) B
// being the rates (Risken 1989, 7.1); the next order is A³.
func TestDrivenWellFollowsItsLinearResponse(t *testing.T) {
	const amplitude, omega = 1e-3, .1
	r := solve(t, "resonance", "parameters.A=0.001", "axis.x.cells=80", "evolve.tolerance=1e-7", "evolve.outputs=19")
	x, q, drive := r.Grid.Centers(0), dense(t, r, 0), dense(t, r, math.Pi/2/omega)
	n := len(x)
	force := mat.NewVecDense(n, nil)
	for i := range n { // Bᵀp₀
		for j := range n {
			force.SetVec(i, force.AtVec(i)+(drive.At(j, i)-q.At(j, i))/amplitude*r.Evolve.Masses[0][j])
		}
	}
	// (ω² + Qᵀ²) y = force; then (iω − Qᵀ)⁻¹ = −(iω + Qᵀ)(ω² + Qᵀ²)⁻¹.
	var square mat.Dense
	square.Mul(q.T(), q.T())
	for i := range n {
		square.Set(i, i, square.At(i, i)+omega*omega)
	}
	var y, moved mat.VecDense
	if err := y.SolveVec(&square, force); err != nil {
		t.Fatal(err)
	}
	moved.MulVec(q.T(), &y)
	for i, at := range r.Evolve.Times {
		var decay, step mat.Dense
		step.Scale(at, q.T())
		decay.Exp(&step)
		var rest mat.VecDense
		rest.MulVec(&decay, &y)
		want := 0.
		for c := range n {
			want -= amplitude * x[c] * (omega*math.Cos(omega*at)*y.AtVec(c) + math.Sin(omega*at)*moved.AtVec(c) - omega*rest.AtVec(c))
		}
		near(t, "E x", r.Evolve.Mean["x"][i], want, 1e-2*amplitude) // the start is the law at rest of the equation, not of the mesh
	}
}

// dense returns the rates of a run at a time.
func dense(t *testing.T, r *Result, at float64) *mat.Dense {
	t.Helper()
	b, err := operators.Assemble(r.Grid, grid.Range{Hi: r.Grid.Size()}, at, r.of.Problem.Terms()...)
	if err != nil {
		t.Fatal(err)
	}
	return mat.DenseCopyOf(b.Matrix())
}

// m(t) = e^(At)m₀ and Σ(t) = Σ∞ − e^(At)(Σ∞ − Σ₀)e^(Aᵀt) (Chandrasekhar 1943), from
// the point and, by streams, from a Gaussian that cells resolve: on squares of the state
// they are exact.
func TestKineticOscillatorHasItsMoments(t *testing.T) {
	const gamma, omega, temperature = 1., 1.5, .3
	limit := mat.NewDiagDense(2, []float64{temperature / (omega * omega), temperature})
	for _, c := range []struct {
		method string
		open   []string
		xx, vv float64 // at first
	}{
		{localGaussian, []string{"axis.x.cells=240"}, 0, 0}, // which resolve the law at all outputs but the first
		{solvers.Strang, []string{"axis.x.range=[-4, 4.5]", "axis.v.range=[-5, 5]", "axis.x.cells=128", "axis.v.cells=160"}, .09, .09},
	} {
		e := solve(t, "langevin", c.open...).Evolve
		if c.xx > 0 {
			data, _ := gallery.ReadFile("langevin.toml")
			text := strings.Replace(string(data), "point = { x = 1.2, v = 0.0 }", "mean = { x = 1.2, v = 0.0 }\nstd = { x = 0.3, v = 0.3 }", 1)
			e = parsed(t, text, append(c.open, "evolve.outputs=4")...).Evolve
		}
		if e.Method != c.method {
			t.Errorf("method %q, want %q", e.Method, c.method)
		}
		for i, at := range e.Times[1:] {
			i++
			var flow, inner, covariance mat.Dense
			flow.Exp(mat.NewDense(2, 2, []float64{0, at, -omega * omega * at, -gamma * at}))
			sum := mat.NewDiagDense(2, []float64{e.Covariance["x,x"][0] - limit.At(0, 0), e.Covariance["v,v"][0] - limit.At(1, 1)})
			if c.xx == 0 {
				sum = mat.NewDiagDense(2, []float64{-limit.At(0, 0), -limit.At(1, 1)})
			}
			inner.Product(&flow, sum, flow.T())
			covariance.Add(limit, &inner)
			near(t, "E x", e.Mean["x"][i], 1.2*flow.At(0, 0), 1e-5) // the tolerance in time
			near(t, "E v", e.Mean["v"][i], 1.2*flow.At(1, 0), 1e-5)
			for k, key := range []string{"x,x", "x,v", "v,v"} {
				near(t, key, e.Covariance[key][i], covariance.At(k/2, (k+1)/2), 1e-5)
			}
		}
	}
}

// dE H/dt = γ(T − E v²), by Simpson's rule between outputs, and the law comes near to
// that of Gibbs in its well.
func TestInertiaLosesItsEnergyToFriction(t *testing.T) {
	const gamma, temperature = .5, .2
	e := solve(t, "inertia").Evolve
	energy, square := e.Observables["energy"], e.Covariance["v,v"]
	heat := func(i int) float64 {
		if i == 0 {
			return gamma * temperature
		}
		return gamma * (temperature - square[i] - e.Mean["v"][i]*e.Mean["v"][i])
	}
	gained, h := 1.25*1.25/4, e.Times[1]-e.Times[0] // H at the point: the law at t = 0 has the width of a cell
	for i := 2; i < len(energy); i += 2 {
		gained += h / 3 * (heat(i-2) + 4*heat(i-1) + heat(i))
		allowed := 5e-4
		if e.Times[i] < .5 { // when cells are no narrower than the law, whose squares have h²/6 more
			allowed = 3e-3
		}
		near(t, "E H", energy[i], gained, allowed)
	}
	if right := e.Observables["right"]; !(right[40] > .01 && right[40] < .5 && right[5] < 1e-2) {
		t.Errorf("%v to the right, want some that have crossed the barrier at last", right)
	}
}

// The same oscillator at rest has the law of Gibbs, of variances T/ω² and T. It
// turns: ½E(x v̇ − v ẋ) = −½(ω²E x² + E v²) is the flow through faces, summed.
func TestKineticOscillatorComesToRestByGibbs(t *testing.T) {
	const omega, temperature = 1.5, .3
	var errs []float64
	for _, n := range []int{24, 48, 96} {
		r := parsed(t, `[[axis]]
name = "x"
range = [-2.6, 2.6]
cells = 24
[[axis]]
name = "v"
range = [-4, 4]
cells = 24
[process]
drift = { x = "v", v = "-v - 2.25*x" }
noise = { v = "sqrt(0.6)" }
`, cells(n, "x", "v")...)
		s := r.Stationary
		errs = append(errs, max(math.Abs(s.Covariance["x,x"]-temperature/omega/omega), math.Abs(s.Covariance["x,v"]), math.Abs(s.Covariance["v,v"]-temperature)))
		if len(r.Warnings) > 0 && n == 96 {
			t.Errorf("warnings %q", r.Warnings)
		}
		turn, h := 0., r.Grid.Widths(0)[0]
		for row := range n { // ∫ v J_x, of which v·(flow through the faces above cells) is the sum
			for face := range n + 1 {
				turn += r.Grid.Centers(1)[row] * s.Current[0][row*(n+1)+face] * h
			}
		}
		if n > 24 { // where the limit of flows, twice the upwind ones, plays a part
			near(t, "E v²  by the flow along x", turn, s.RawMoments["v"][2], 1e-5)
		}
	}
	t.Logf("errors of the covariances %.2g", errs)
	falls(t, "covariances", errs[0], errs[2], 4, 1.9)
}

// The point is divided between two centres, which adds to the variance at first.
func TestDiracSpreadsToAGaussian(t *testing.T) {
	const d = .25
	e := solve(t, "dirac").Evolve
	for i, at := range e.Times {
		near(t, "E x", e.Mean["x"][i], math.Exp(-at), 2e-5)
		split := e.Covariance["x,x"][0] * math.Exp(-2*at)
		near(t, "Var x", e.Covariance["x,x"][i], -d*math.Expm1(-2*at)+split, 1e-4)
	}
}

// As long as x³ is nothing beside x, the law is Gaussian with the variance
// trap² e^(2t) + T(e^(2t) − 1) (Uhlenbeck and Ornstein 1930), of which −8T²t³ is
// missing at a small t. By symmetry E x stays 0. The case that is written has the same cells and the same law.
func TestReleasedParticlesHaveGradedCells(t *testing.T) {
	r := solve(t, "release")
	const T, trap = .1, .002
	for i, at := range r.Evolve.Times[:3] {
		variance := trap*trap*math.Exp(2*at) + T*math.Expm1(2*at)
		near(t, "variance", r.Evolve.Covariance["x,x"][i]/variance, 1, math.Sqrt2*1e-3+8*T*T*at*at*at/variance)
	}
	near(t, "E x", r.Evolve.Mean["x"][4], 0, 1e-3)
	if a := r.of.Problem.Axes[0]; r.Cells[0] > 1000 || a.Spaced != "graded" {
		t.Errorf("%d %s cells, want fewer than 1000", r.Cells[0], a.Spaced)
	}
	written, err := Parse("release", r.of.TOML(), nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := written.Run(context.Background(), Options{})
	if err != nil || !slices.Equal(again.Evolve.Masses[4], r.Evolve.Masses[4]) {
		t.Errorf("the case that is written has another law, %v\n%s", err, r.of.TOML())
	}
}
