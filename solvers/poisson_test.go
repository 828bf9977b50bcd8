package solvers

import (
	"math"
	"strings"
	"testing"
)

// Where one rate changes by a millionth of itself, E φ changes by Σ mᵢ(Pu)ᵢ, and the
// equation holds in every cell, on a line, a plane, with long jumps and between wells.
func TestPoissonForeseesChangesOfRates(t *testing.T) {
	wells, _ := twoWells(t, 12, 0.2, 0.05)
	r := drawing(7)
	for name, q := range map[string]*table{
		"line":  lattice(uniform(t, nil, nil, 40), [][]int{{1}}, spread(r, 2)),
		"plane": lattice(uniform(t, nil, nil, 9, 11), [][]int{{1, 0}, {0, 1}}, spread(r, 2)),
		"long":  lattice(uniform(t, nil, nil, 9, 11), [][]int{{1, 0}, {0, 1}, {2, 1}, {-1, 3}}, spread(r, 1)),
		"wells": wells,
	} {
		law, err := Stationary(q, &Settings{Method: "gth"})
		if err != nil {
			t.Fatal(err)
		}
		p, err := NewPoisson(q, law, nil)
		if err != nil {
			t.Fatal(err)
		}
		n := q.Size()
		phi, u, left := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range phi {
			phi[i] = r.Float64()
		}
		mean := p.Solve(u, phi)
		q.Backward(left, u)
		size := 0.0
		for i := range u {
			size = max(size, math.Abs(u[i]))
		}
		for i, v := range left {
			_, rates := q.Row(i)
			if wrong := math.Abs(v + phi[i] - mean); wrong > 1e-13*(1+size*sum(rates)) {
				t.Errorf("%s: cell %d: −Qu is off by %.2g", name, i, wrong)
			}
		}
		if at := dot(law.Mass, u); math.Abs(at) > 1e-12*size {
			t.Errorf("%s: E u = %.2g, want 0", name, at)
		}
		from := heaviestOf(law.Mass)
		to, rate := q.Row(from)
		change := 1e-6 * rate[0]
		q.rate[from][0] += change
		other, err := Stationary(q, &Settings{Method: "gth"})
		if err != nil {
			t.Fatal(err)
		}
		q.rate[from][0] -= change
		got, want := dot(other.Mass, phi)-mean, law.Mass[from]*change*(u[to[0]]-u[from])
		if math.Abs(got-want) > 1e-5*math.Abs(want)+1e-15 { // second order, and rounding of the difference
			t.Errorf("%s: E φ changes by %.6g, foreseen %.6g", name, got, want)
		}
	}
}

func TestPoissonOfAMixtureIsRefused(t *testing.T) {
	q := newTable(4)
	q.jump(0, 1, 1)
	q.jump(1, 0, 1)
	q.jump(2, 3, 1)
	q.jump(3, 2, 1)
	law, err := Stationary(q, &Settings{Initial: []float64{1, 0, 1, 0}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewPoisson(q, law, nil); err == nil || !strings.Contains(err.Error(), "several closed classes") {
		t.Errorf("got %v, want a refusal", err)
	}
}
