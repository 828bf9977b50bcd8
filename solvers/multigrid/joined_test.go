package multigrid

import (
	"context"
	"errors"
	"math"
	"testing"

	"fokker/grid"
)

func singly(k int) map[[2]int]float64 {
	strength := map[[2]int]float64{{1, 0}: 1, {0, 1}: 1, {1, 1}: 1, {2, -3}: 1}
	strength[[][2]int{{1, 0}, {0, 1}, {1, 1}, {2, -3}}[k]] = 20
	return strength
}

// The law of a few hundred cells by dense elimination is the reference, entry by
// entry, and so is what is estimated.
func TestJoinedCellsHaveTheLawOfElimination(t *testing.T) {
	ring, line := uniform(18, 0, 1, grid.Periodic), uniform(21, 0, 1, grid.Reflecting)
	for _, g := range []*grid.Grid{mesh(line, line), mesh(ring, line), mesh(ring, ring)} {
		for k := range 4 {
			q := tangled(g, singly(k))
			want := q.law()
			got, err := SolveJoined(context.Background(), q, Options{Tolerance: 1e-10})
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range got.Mass {
				if d := math.Abs(p/want[i] - 1); d > got.Error || got.Error > 1e-10 {
					t.Fatalf("strongest jump %d: mass of cell %d is %v, want %v to the estimate %v", k, i, p, want[i], got.Error)
				}
			}
		}
	}
}

// The law is a fixed point of sweeps and of corrections, and cycles allocate
// nothing.
func TestCyclesOfJoinedCellsKeepTheLaw(t *testing.T) {
	line := uniform(20, 0, 1, grid.Reflecting)
	q := tangled(mesh(line, line), singly(3))
	want, l := q.law(), newJoined(q)
	copy(l.p, want)
	l.link()
	s := &joinedSolver{rates: l.size()}
	s.prepare(l)
	s.cycle(l)
	l.normalise(want)
	if d := l1(l.p, want); d > 1e-13 {
		t.Errorf("a cycle moves the law by %v", d)
	}
	if n := testing.AllocsPerRun(3, func() { s.cycle(l) }); n > 0 {
		t.Errorf("%v allocations per cycle", n)
	}
}

// Pairs are whole: every cell is in one, none is alone, and the strongest flows
// are within.
func TestPairsFollowTheStrongestFlows(t *testing.T) {
	line := uniform(20, 0, 1, grid.Reflecting)
	for k, step := range []int{1, 20, 21, 58} { // 2 − 3·20 = −58
		l := newJoined(tangled(mesh(line, line), singly(k)))
		l.pair()
		seen, along := 0, 0
		for a := range l.pairs.count {
			cells := l.pairs.members(a)
			if len(cells) < 2 {
				t.Fatalf("pair %d has %d cells", a, len(cells))
			}
			seen += len(cells)
			for _, i := range cells[1:] {
				if d := int(i - cells[0]); d == step || d == 2*step {
					along += 2
				}
			}
		}
		if seen != len(l.p) || along < len(l.p)/2 {
			t.Errorf("jumps %d: pairs of %d of %d cells, about %d along the strongest jumps", k, seen, len(l.p), along)
		}
	}
}

func TestJoinedCellsSayThatTheyHaveNotConverged(t *testing.T) {
	line := uniform(20, 0, 1, grid.Reflecting)
	q := tangled(mesh(line, line), singly(3))
	var stalled *Stalled
	if _, err := SolveJoined(context.Background(), q, Options{MaxCycles: 2}); !errors.As(err, &stalled) || stalled.Cycles != 2 {
		t.Errorf("error %v, want Stalled after 2 cycles", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := SolveJoined(ctx, q, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want Canceled", err)
	}
}
