package multigrid

import (
	"context"
	"math"
	"testing"

	"fokker/grid"
)

func TestCubicsAreInterpolatedExactly(t *testing.T) {
	cut := uniform(24, -1, 1, grid.Reflecting)
	cut.Closed = []int{10}
	for name, fine := range map[string]grid.Axis{
		"even": uniform(24, -1, 1, grid.Reflecting), "odd": uniform(19, -1, 1, grid.Reflecting), "graded": graded(22), "cut": cut,
	} {
		coarse, first := pairs(fine)
		m := newMerge(fine, coarse, first)
		cubic := func(x float64) float64 { return 1 - x + 3*x*x - 2*x*x*x }
		for i := range fine.Cells() {
			got := 0.0
			for a, w := range m.cubic.w[i] {
				if w != 0 {
					got += w * cubic(middle(coarse, int(m.cubic.from[i])+a))
				}
			}
			if want := cubic(middle(fine, i)); math.Abs(got-want) > 1e-12*(1+math.Abs(want)) {
				t.Errorf("%s: cell %d reads %v, want %v", name, i, got, want)
			}
		}
	}
}

// Around a ring the error of a cosine is of order four.
func TestCubicsGoAroundRings(t *testing.T) {
	worst := func(n int) (worst float64) {
		fine := uniform(n, 0, 2*math.Pi, grid.Periodic)
		coarse, first := pairs(fine)
		m := newMerge(fine, coarse, first)
		for i := range n {
			got := 0.0
			for a, w := range m.cubic.w[i] {
				cell := (int(m.cubic.from[i]) + a + coarse.Cells()) % coarse.Cells()
				got += w * math.Cos(middle(coarse, cell))
			}
			worst = max(worst, math.Abs(got-math.Cos(middle(fine, i))))
		}
		return worst
	}
	if order := math.Log2(worst(64) / worst(128)); math.Abs(order-4) > 0.1 {
		t.Errorf("order %v, want 4", order)
	}
}

func TestExponentialOfAGuess(t *testing.T) {
	for d := -3.0; d < 2; d += 0.01 {
		if got, want := grown(3, d), 3*math.Exp(d); math.Abs(got/want-1) > 2e-8 {
			t.Fatalf("3 exp(%v) is %v, want %v", d, got, want)
		}
	}
}

// The error of the rates is of order two: every refinement changes the law by a
// quarter of what the last one did. The guess is then far better than the law of
// the next level.
func TestGuessContinuesTheRefinement(t *testing.T) {
	q := build(box(4, 256, 256), process{terms: func(x, b, d []float64) {
		b[0], b[1] = math.Sin(x[1])/2-x[0], math.Sin(x[0])-x[1]
		d[0], d[1] = 1+math.Cos(x[0])/4, 1
	}})
	s := &solver{Options: Options{Tolerance: 1e-10, MaxCycles: 20}, ctx: context.Background(), pool: newPool(1), finest: q.Size()}
	defer s.pool.close()
	l := newLevel(q.g)
	l.use(q)
	if err := s.hierarchy(l); err != nil {
		t.Fatal(err)
	}
	s.start(l, q)
	if theta := l.next.trend.theta; math.Abs(theta-0.25) > 0.02 {
		t.Errorf("θ is %v, want ¼", theta)
	}
	want := solve1(t, q, Options{Tolerance: 1e-12}).Mass
	guess := append([]float64(nil), l.p...)
	scale(guess, 1/sum(guess))
	for i, x := range l.next.trend.log {
		l.next.whole[i], l.next.p[i] = x, math.Exp(x)
	}
	l.do.guess.run(s.pool)
	scale(l.p, 1/sum(l.p))
	if with, without := l1(guess, want), l1(l.p, want); with > without/10 {
		t.Errorf("L1 error of the guess is %v, without continuation %v", with, without)
	}
}
