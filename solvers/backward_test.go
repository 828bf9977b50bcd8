package solvers

import (
	"math"
	"testing"
)

// E[φ(X_s)] from every cell, on a line, a plane and with long jumps, by Σ m₀u(s) =
// Σ m(s)φ for laws that start in single cells, and of fourth order in the step.
func TestExpectationsAreDualToLaws(t *testing.T) {
	r := drawing(11)
	for name, q := range map[string]*table{
		"line":  lattice(uniform(t, nil, nil, 30), [][]int{{1}}, spread(r, 1)),
		"plane": lattice(uniform(t, nil, nil, 6, 7), [][]int{{1, 0}, {0, 1}}, spread(r, 1)),
		"long":  lattice(uniform(t, nil, nil, 6, 7), [][]int{{1, 0}, {0, 1}, {2, 1}}, spread(r, 1)),
	} {
		n := q.Size()
		phi := make([]float64, n)
		for i := range phi {
			phi[i] = r.Float64()
		}
		times := []float64{0.3, 0.5, 1}
		var wrong [2]float64
		for level, count := range []int{8, 16} {
			steps := make([]float64, count)
			for i := range steps {
				steps[i] = 1 / float64(count)
			}
			seen := map[float64][]float64{}
			b, err := NewBackward(q, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = b.Run(phi, steps, []float64{0.4, 1}, func(at float64, u []float64) error {
				for _, want := range times {
					if math.Abs(at-want) < 1e-12 {
						seen[want] = append([]float64(nil), u...)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for start := 0; start < n; start += 7 {
				m := make([]float64, n)
				m[start] = 1
				e, err := Evolve(q, m, times, &Settings{Tolerance: 1e-10})
				if err != nil {
					t.Fatal(err)
				}
				for i, at := range times {
					if at == 0.3 && level == 1 { // at a fraction of a step of the first level only
						continue
					}
					difference := math.Abs(seen[at][start] - dot(e.Masses[i], phi))
					if at != 0.3 {
						wrong[level] = max(wrong[level], difference)
					} else if difference > 1e-3 {
						t.Errorf("%s: within a step off by %.2g", name, difference)
					}
				}
			}
		}
		if wrong[0] > 1e-3 || wrong[0]/wrong[1] < 8 && wrong[1] > 1e-9 { // 16 by theory, once steps are short
			t.Errorf("%s: off by %.2g and %.2g with half the steps", name, wrong[0], wrong[1])
		}
		t.Logf("%s: %.2g %.2g", name, wrong[0], wrong[1])
	}
}
