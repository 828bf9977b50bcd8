package compare_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sort"
	"strconv"
	"testing"

	"fokker/cases"
	"fokker/validate/compare"
)

// lawOf returns the law of a case of the gallery, the last one in time or the
// stationary one, with the functions a verdict would test.
func lawOf(t testing.TB, name string, overrides ...string) *compare.Law {
	t.Helper()
	c, err := cases.FromGallery(name, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	if c.Problem.Stationary != nil {
		c.Problem.Evolve = nil
	}
	r, err := c.Run(context.Background(), cases.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l := &compare.Law{Grid: r.Grid}
	if r.Stationary != nil {
		l.Mass = r.Stationary.Masses
	} else {
		l.Mass = r.Evolve.Masses[len(r.Evolve.Masses)-1]
	}
	total := 0.0
	for _, m := range l.Mass {
		total += m
	}
	l.Mass = slices.Clone(l.Mass)
	for i := range l.Mass {
		l.Mass[i] /= total
	}
	for k := range r.Grid.Dim() {
		x, square := make([]float64, r.Grid.Size()), make([]float64, r.Grid.Size())
		for i := range x {
			x[i] = r.Grid.Centers(k)[r.Grid.Along(k, i)]
			square[i] = x[i] * x[i]
		}
		l.Functions = append(l.Functions, compare.Function{Name: "mean", Values: x}, compare.Function{Name: "square", Values: square})
	}
	return l
}

// drawn counts n samples of masses.
func drawn(mass []float64, n int, r *rand.Rand) []float64 {
	upTo, total := make([]float64, len(mass)), 0.0
	for i, m := range mass {
		total += m
		upTo[i] = total
	}
	counts := make([]float64, len(mass))
	for range n {
		counts[sort.SearchFloat64s(upTo, total*(1-r.Float64()))]++
	}
	return counts
}

// uniform returns the probability of so large a distance of numbers from a uniform
// law (Kolmogorov 1933, with the correction of Stephens 1970).
func uniform(p []float64) float64 {
	p = slices.Sorted(slices.Values(p))
	n, d := float64(len(p)), 0.0
	for i, v := range p {
		d = max(d, math.Abs(v-float64(i)/n), math.Abs(v-float64(i+1)/n))
	}
	x, q := d*(math.Sqrt(n)+0.12+0.11/math.Sqrt(n)), 0.0
	for j := 1.0; j < 100; j++ {
		q -= 2 * math.Pow(-1, j) * math.Exp(-2*j*j*x*x)
	}
	return min(1, q)
}

// areUniform decides about the p-values of all tests together, those of each being
// judged by uniform: at level 0.01 over all of them (Holm 1979), whatever the seeds.
func areUniform(t *testing.T, what string, found map[string][]float64) {
	t.Helper()
	var tests []compare.Test
	for _, name := range slices.Sorted(maps.Keys(found)) {
		tests = append(tests, compare.Test{Name: name, P: uniform(found[name])})
	}
	compare.Decide(tests, 0.01)
	for _, test := range tests {
		t.Logf("%s, %s: %.3f", what, test.Name, test.P)
		if !test.Pass {
			t.Errorf("%s: p-values of %s are uniform with probability %.2g, the least of %d", what, test.Name, test.P, len(tests))
		}
	}
}

// seeds is how often the null is drawn; FOKKER_SEEDS asks for more.
func seeds(t *testing.T, usual int) int {
	if s := os.Getenv("FOKKER_SEEDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return usual
}

// Samples of the law itself have uniform p-values in every test.
func TestNullIsUniform(t *testing.T) {
	found := map[string][]float64{}
	for _, c := range []struct {
		name      string
		overrides []string
	}{
		{"p2", []string{"axis.x.cells=48", "axis.y.cells=48"}},
		{"doublewell", []string{"axis.x.cells=128"}},
		{"chain3", []string{"axis.u1.cells=16", "axis.u2.cells=16", "axis.u3.cells=16"}},
	} {
		law := lawOf(t, c.name, c.overrides...)
		for seed := range seeds(t, 60) {
			counts := drawn(law.Mass, 100_000, rand.New(rand.NewPCG(7, uint64(seed))))
			for i, test := range compare.Run(law, &compare.Samples{Weight: counts}).Tests {
				name := fmt.Sprint(c.name, " ", i, " ", test.Name)
				found[name] = append(found[name], test.P)
			}
		}
	}
	areUniform(t, "samples", found)
}

// tilted returns the law changed by a share of a function, and the change.
func tilted(l *compare.Law, phi []float64, share float64) (mass, change []float64) {
	mean, most := 0.0, 0.0
	for i, m := range l.Mass {
		mean += m * phi[i]
	}
	for _, v := range phi {
		most = max(most, math.Abs(v-mean))
	}
	mass, change = make([]float64, len(phi)), make([]float64, len(phi))
	for i, m := range l.Mass {
		change[i] = share * m * (phi[i] - mean) / most
		mass[i] = m + change[i]
	}
	return mass, change
}

// Samples of a law that is wrong by what is allowed for are not rejected more
// often than the level says, and nearly always where it is not allowed for.
func TestAllowedChangesArePartOfTheNull(t *testing.T) {
	law := lawOf(t, "p2", "axis.x.cells=32", "axis.y.cells=32")
	wrong, change := tilted(law, law.Functions[0].Values, 0.15)
	low, all, caught, n := map[string]int{}, 0, 0, seeds(t, 40)
	for seed := range n {
		s := &compare.Samples{Weight: drawn(wrong, 20_000, rand.New(rand.NewPCG(8, uint64(seed))))}
		for _, with := range []bool{true, false} {
			law.Changes = nil
			if with {
				law.Changes = [][]float64{change}
			}
			for i, test := range compare.Run(law, s).Tests {
				switch {
				case with:
					all++
					if test.P < 0.1 {
						low[fmt.Sprint(i, " ", test.Name)]++
					}
				case test.Name == "KS x" && test.P < 1e-3:
					caught++
				}
			}
		}
	}
	for name, count := range low {
		// Of n draws at probability 0.1.
		if most := 0.1*float64(n) + 4*math.Sqrt(0.09*float64(n)); float64(count) > most {
			t.Errorf("%s: %d of %d p-values below 0.1", name, count, n)
		}
	}
	if caught < n {
		t.Errorf("%d of %d wrong laws found where nothing is allowed for", caught, n)
	}
}

// chain is a walk between cells that keeps the law: with probability 1 − stay a
// fresh sample, τ = (1 + stay)/(1 − stay).
func chain(mass []float64, n int, stay float64, r *rand.Rand) *compare.Samples {
	upTo, total := make([]float64, len(mass)), 0.0
	for i, m := range mass {
		total += m
		upTo[i] = total
	}
	s := &compare.Samples{Weight: make([]float64, len(mass)), Chain: make([]int32, n)}
	cell := -1
	for i := range s.Chain {
		if cell < 0 || r.Float64() > stay {
			cell = sort.SearchFloat64s(upTo, total*(1-r.Float64()))
		}
		s.Chain[i] = int32(cell)
		s.Weight[cell]++
	}
	return s
}

// One long chain whose samples are correlated is no reason to reject, and counts
// for as many samples as its autocorrelation time leaves.
func TestChainsAreJudgedByTheirAutocorrelation(t *testing.T) {
	law := lawOf(t, "doublewell", "axis.x.cells=64")
	const n, stay = 200_000, 0.8 // τ = 9
	found, effective := map[string][]float64{}, 0.0
	runs := seeds(t, 50)
	for seed := range runs {
		r := compare.Run(law, chain(law.Mass, n, stay, rand.New(rand.NewPCG(9, uint64(seed)))))
		for i, test := range r.Tests {
			name := fmt.Sprint(i, " ", test.Name)
			found[name] = append(found[name], test.P)
		}
		effective += r.Effective / float64(runs)
	}
	areUniform(t, "chain", found)
	// One in 3τ, τ of the slowest of three functions, each known to a sixth.
	if want := n / 27.0; effective > 1.1*want || effective < want/1.8 {
		t.Errorf("%v effective samples, want about %v", effective, want)
	}
}

// Weights that do not depend on the state leave the null as it is.
func TestWeightedSamplesCountForFewer(t *testing.T) {
	law, found := lawOf(t, "doublewell", "axis.x.cells=64"), map[string][]float64{}
	for seed := range seeds(t, 50) {
		r := rand.New(rand.NewPCG(10, uint64(seed)))
		s := &compare.Samples{Weight: make([]float64, len(law.Mass))}
		for i, count := range drawn(law.Mass, 50_000, r) {
			for range int(count) {
				w := r.ExpFloat64()
				s.Weight[i] += w
				s.Squares += w * w
			}
		}
		out := compare.Run(law, s)
		if math.Abs(out.Effective-25_000) > 1000 { // E w = 1, E w² = 2
			t.Fatalf("%v effective samples, want 25000", out.Effective)
		}
		for i, test := range out.Tests {
			name := fmt.Sprint(i, " ", test.Name)
			found[name] = append(found[name], test.P)
		}
	}
	areUniform(t, "weighted", found)
}

// Holm (1979): the smallest is compared with level/m, the next with level/(m − 1).
func TestDecideIsHolms(t *testing.T) {
	tests := []compare.Test{{P: 0.02}, {P: 0.9}, {P: 0.012}, {P: 0.5}}
	if compare.Decide(tests, 0.05) || tests[2].Pass || !tests[0].Pass || !tests[1].Pass { // 0.012 < 0.05/4, 0.02 > 0.05/3
		t.Errorf("decided %v", tests)
	}
	if !compare.Decide(tests, 0.04) || !tests[2].Pass {
		t.Errorf("decided %v at a lower level", tests)
	}
	if !compare.Decide(nil, 0.1) {
		t.Error("no test: rejected")
	}
}

func TestSurvivalIsBinomial(t *testing.T) {
	if p := compare.Survival(0.5, 0, 5100, 10000).P; math.Abs(p-0.0455) > 1e-4 { // two standard errors
		t.Errorf("p = %v, want 0.0455", p)
	}
	if p := compare.Survival(0.5, 0.01, 5100, 10000).P; p != 1 {
		t.Errorf("p = %v, want 1 within what is allowed", p)
	}
	if a, b := compare.Survival(1, 0, 10, 10).P, compare.Survival(1, 0, 9, 10).P; a != 1 || b != 0 {
		t.Errorf("p = %v and %v of what is certain, want 1 and 0", a, b)
	}
}
