package solvers

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

func TestLimiterLeavesNonnegativeLawsAlone(t *testing.T) {
	c := evRandom(3, 6, true)
	x := []float64{0, 1e-300, 0.5, 0, 0.25, 0.25, 0}
	want := slices.Clone(x)
	if !newLimiter(c).settle(x) || !slices.Equal(x, want) {
		t.Errorf("got %v, want %v", x, want)
	}
}

// limiterNoise is a law with overdrawn cells in patches of all sizes, of sum 1.
func limiterNoise(n int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 3))
	x := make([]float64, n+1)
	for i := range x {
		x[i] = math.Exp(-30 * r.Float64() * float64(i%17) / 17)
		if (i/(1+int(seed)*7))%3 == 1 {
			x[i] *= -0.3
		}
		if r.Float64() < 0.1 {
			x[i] = 0
		}
	}
	x[n] = 0
	return x
}

func TestLimiterMovesTwiceWhatIsOverdrawn(t *testing.T) {
	q := evOU(t, 1, 0.5, 1, evAxis(-4, 4, 30, grid.Reflecting), evAxis(-4, 4, 20, grid.Absorbing))
	l := newLimiter(q)
	for seed := range uint64(20) {
		x := limiterNoise(q.Size(), seed)
		before, debt := slices.Clone(x), overdrawn(x)
		if !l.settle(x) {
			t.Fatal("debts that nobody pays")
		}
		if overdrawn(x) != 0 {
			t.Errorf("%v overdrawn after settling", overdrawn(x))
		}
		if got := sum(x) - sum(before); math.Abs(got) > 1e-12 {
			t.Errorf("the sum changed by %.2e", got)
		}
		if got := evDistance(x, before); math.Abs(got-2*debt) > 1e-12*debt {
			t.Errorf("moved %v, want twice %v", got, debt)
		}
		for i, v := range before {
			if v >= 0 && x[i] > v {
				t.Errorf("cell %d grew from %v to %v", i, v, x[i])
			}
		}
	}
}

// Masses on the two sides of a closed face stay what they are.
func TestLimiterMovesNothingWhereNothingJumps(t *testing.T) {
	axis := evAxis(-4, 4, 40, grid.Reflecting)
	axis.Closed = []int{15}
	q := evOU(t, 1, 0.5, 0, axis)
	x := make([]float64, 41)
	for i := range 40 {
		x[i] = []float64{-0.2, 0.3, 1}[i%3]
	}
	left := sum(x[:15])
	if !newLimiter(q).settle(x) {
		t.Fatal("debts that nobody pays")
	}
	if got := sum(x[:15]); math.Abs(got-left) > 1e-14 {
		t.Errorf("mass left of the face is %v, want %v", got, left)
	}
	for i := range x {
		x[i] = 1
	}
	x[3] = -100
	if newLimiter(q).settle(x) {
		t.Error("a debt was paid from beyond a closed face")
	}
}

func TestLimiterTakesBackWhatWasAbsorbedTooMuch(t *testing.T) {
	c := evChain{[][]float64{{0, 1}, {0, 0}}, []float64{0, 1}}
	x := []float64{-0.25, -0.25, 1.5}
	if !newLimiter(c).settle(x) || x[0] != 0 || x[1] != 0 || x[2] != 1 {
		t.Errorf("got %v, want [0 0 1]", x)
	}
}

// Faces tell the same neighbours as the rows of the generator.
func TestFacesTellTheNeighborsOfRows(t *testing.T) {
	ends := []grid.Boundary{grid.Reflecting, grid.Absorbing, grid.Periodic}
	for _, cells := range [][3]int{{5, 4, 3}, {3, 3, 6}, {4, 7, 3}} {
		for k := range 3 {
			closed := evAxis(-1, 1, cells[0], ends[k])
			if k == 0 {
				closed.Closed = []int{1}
			}
			q := evOU(t, 1, 0.5, 2, closed, evAxis(-2, 1, cells[1], ends[(k+1)%3]), evAxis(-1, 2, cells[2], ends[(k+2)%3]))
			quick, slow := newFaces([]operators.Rowed{q}), newJoined([]operators.Rowed{q})
			for i := range int32(q.Size() + 1) {
				got, want := slices.Clone(quick.of(i)), slow.of(i)
				if slices.Sort(got); !slices.Equal(got, want) {
					t.Fatalf("%v cells, cell %d: neighbours %v, want %v", cells, i, got, want)
				}
			}
		}
	}
}

// Rows and columns tell the same neighbours as rows alone.
func TestCrossedTellsTheNeighborsOfRows(t *testing.T) {
	q := smWide(t, 12, grid.Absorbing, turning.d)
	quick, slow := newCrossed(q), newJoined([]operators.Rowed{q})
	for i := range int32(q.Size() + 1) {
		if got, want := quick.of(i), slow.of(i); !slices.Equal(got, want) {
			t.Fatalf("cell %d: neighbours %v, want %v", i, got, want)
		}
	}
}
