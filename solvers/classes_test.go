package solvers

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

// reachable is the closure of a graph by its definition (Warshall 1962).
func reachable(q *table) [][]bool {
	n := q.Size()
	r := make([][]bool, n)
	for i := range r {
		r[i] = make([]bool, n)
		r[i][i] = true
		for e, j := range q.to[i] {
			r[i][j] = r[i][j] || q.rate[i][e] > 0
		}
	}
	for k := range n {
		for i := range n {
			for j := range n {
				r[i][j] = r[i][j] || r[i][k] && r[k][j]
			}
		}
	}
	return r
}

func TestClassesAreThoseOfReachability(t *testing.T) {
	for seed := range uint64(200) {
		r := drawing(seed)
		n := 1 + r.IntN(30)
		q := newTable(n)
		for range r.IntN(2 * n) {
			if i, j := r.IntN(n), r.IntN(n); i != j {
				q.jump(i, j, float64(r.IntN(4))) // zero rates are no jumps
			}
		}
		if seed%2 == 0 {
			q.loss[r.IntN(n)] = 1
		}
		g, err := read(q)
		if err != nil {
			t.Fatal(err)
		}
		closed, transient := sortOut(g)
		reach, returns := reachable(q), 0
		for i := range n {
			stays := true
			for j := range n {
				stays = stays && (!reach[i][j] || reach[j][i] && q.loss[j] == 0)
			}
			at := slices.IndexFunc(closed, func(c []int) bool { return slices.Contains(c, i) })
			if stays != (at >= 0) || stays == slices.Contains(transient, i) {
				t.Fatalf("seed %d: cell %d: closed class %d, want closed %v", seed, i, at, stays)
			}
			if !stays {
				continue
			}
			returns++
			for j := range n {
				if reach[i][j] != slices.Contains(closed[at], j) {
					t.Fatalf("seed %d: class %v of cell %d, reached %v", seed, closed[at], i, reach[i])
				}
			}
		}
		if total := len(transient) + returns; total != n {
			t.Errorf("seed %d: %d cells sorted, want %d", seed, total, n)
		}
	}
}

// drawn is jumps to neighbours, of which some do not happen.
type drawn struct {
	r    *rand.Rand
	kept float64 // the fraction that happens
	leak bool    // walls absorb
}

func (t drawn) AppendRows(rows *operators.Rows, r grid.Range, _ float64) error {
	g := rows.Grid()
	for i := r.Lo; i < r.Hi; i++ {
		for k := range g.Dim() {
			for _, o := range []int{-1, 1} {
				offset := make([]int, g.Dim())
				offset[k] = o
				if t.r.Float64() >= t.kept {
					continue
				}
				if to, inside, lost := g.Step(i, offset); inside {
					rows.Jump(i, to, 1+t.r.Float64())
				} else if lost && t.leak {
					rows.Leave(i, offset, 1)
				}
			}
		}
	}
	return nil
}

// Read from where a stencil keeps its rates, classes are those of the rows; and
// if all are united, they are one class.
func TestClassesOfAStencilAreThoseOfItsRows(t *testing.T) {
	united := 0
	for seed := range uint64(300) {
		r := drawing(seed)
		ends := []grid.Boundary{grid.Boundary(r.IntN(3)), grid.Boundary(r.IntN(3))}
		g := uniform(t, ends, [][][]int{nil, {{2}, nil}}[r.IntN(2)], 3+r.IntN(4), 3+r.IntN(4))
		term := drawn{r, []float64{.4, .7, .95, 1}[r.IntN(4)], r.IntN(2) == 0}
		q, err := operators.Build(g, 0, 1, term)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := read(q)
		if err != nil {
			t.Fatal(err)
		}
		closed, transient := sortOut(rows)
		near := newBeside(q)
		got, left := sortOut(near)
		if !slices.Equal(left, transient) || !slices.EqualFunc(got, closed, slices.Equal) {
			t.Fatalf("seed %d: classes %v and %v, want %v and %v", seed, got, left, closed, transient)
		}
		if near.united() {
			united++
			if len(closed) != 1 || len(closed[0]) != g.Size() {
				t.Fatalf("seed %d: united, but the classes are %v", seed, closed)
			}
		}
	}
	if united == 0 || united == 300 {
		t.Errorf("%d of 300 are united, want some", united)
	}
}

func TestDeepGraphNeedsNoRecursion(t *testing.T) {
	const n = 1 << 20
	g := &graph{start: make([]int, n+1), to: make([]int32, n), rate: make([]float64, n), loss: make([]float64, n)}
	for i := range n {
		g.start[i+1], g.to[i], g.rate[i] = i+1, int32((i+1)%n), 1
	}
	if _, count := components(g); count != 1 {
		t.Errorf("a cycle of %d cells: %d components, want 1", n, count)
	}
}

func TestClosedFaceKeepsMassOnEitherSide(t *testing.T) {
	g := uniform(t, nil, [][]int{{12}, nil}, 20, 9)
	q := lattice(g, [][]int{{1, 0}, {0, 1}}, drawing(2).ExpFloat64)
	initial := make([]float64, g.Size())
	initial[3], initial[15] = .3, .7
	law := stationary(t, q, &Settings{Initial: initial})
	var side [2]float64
	for c, m := range law.Mass {
		if g.Along(0, c) < 12 {
			side[0] += m
		} else {
			side[1] += m
		}
	}
	if math.Abs(side[0]-.3) > 1e-14 || math.Abs(side[1]-.7) > 1e-14 {
		t.Errorf("mass on the sides %v, want .3, .7", side)
	}
	if law.Residual > 1e-15 {
		t.Errorf("residual %g, want ≤ 1e-15", law.Residual)
	}
}

func TestSeveralClassesWithoutInitialHaveNoMixture(t *testing.T) {
	g := uniform(t, nil, [][]int{{4}}, 9)
	law := stationary(t, lattice(g, [][]int{{1}}, drawing(2).ExpFloat64), nil)
	if law.Mass != nil || len(law.Classes) != 2 {
		t.Fatalf("%d classes with mixture %v, want 2 without", len(law.Classes), law.Mass)
	}
	for _, c := range law.Classes {
		if !math.IsNaN(c.Probability) || math.Abs(sum(c.Mass)-1) > 1e-15 {
			t.Errorf("class %v: probability %v, mass %v, want NaN, 1", c.Cells, c.Probability, sum(c.Mass))
		}
	}
}

// gambler is a walk that wins at rate p, loses at rate 1−p, and stops at the
// ends. From i it ends at n with probability (1 − ρⁱ)/(1 − ρⁿ), ρ = (1−p)/p
// (Feller 1968, XIV.2).
func TestGamblerIsRuinedAsOftenAsFellerSays(t *testing.T) {
	for _, p := range []float64{.5, .45, .3, .9} {
		const n = 60
		q := newTable(n + 1)
		for i := 1; i < n; i++ {
			q.jump(i, i+1, p)
			q.jump(i, i-1, 1-p)
		}
		for _, i := range []int{1, 20, 59} {
			initial := make([]float64, n+1)
			initial[i] = 1
			law := stationary(t, q, &Settings{Initial: initial})
			rho := (1 - p) / p
			want := float64(i) / n
			if rho != 1 {
				want = math.Expm1(float64(i)*math.Log(rho)) / math.Expm1(n*math.Log(rho))
			}
			// ρ^n multiplies the rounding of ρ by n
			if got := law.Mass[n]; math.Abs(got/want-1) > 1e-13 {
				t.Errorf("p = %g from %d: wins with probability %g, want %g", p, i, got, want)
			}
			if both := law.Classes[0].Probability + law.Classes[1].Probability; math.Abs(both-1) > 1e-14 {
				t.Errorf("p = %g from %d: probabilities sum to 1%+g", p, i, both-1)
			}
		}
	}
}

func TestExitThroughSidesOfASquareIsEven(t *testing.T) {
	const n = 31 // odd: a centre exists
	g := uniform(t, []grid.Boundary{grid.Absorbing, grid.Absorbing}, nil, n, n)
	walk := lattice(g, [][]int{{1, 0}, {0, 1}}, func() float64 { return 1 })
	q := newTable(g.Size() + 4) // a class for each side
	for i := range g.Size() {
		q.to[i], q.rate[i] = walk.to[i], walk.rate[i]
		for k, side := range []int{g.Along(0, i), g.Along(1, i)} {
			if side == 0 {
				q.jump(i, g.Size()+2*k, 1)
			}
			if side == n-1 {
				q.jump(i, g.Size()+2*k+1, 1)
			}
		}
	}
	initial := make([]float64, q.Size())
	initial[(n*n-1)/2] = 1
	law := stationary(t, q, &Settings{Initial: initial})
	for _, c := range law.Classes {
		if math.Abs(c.Probability-.25) > 1e-14 {
			t.Errorf("class %v: probability %g, want ¼", c.Cells, c.Probability)
		}
	}
}

func TestTransientCellsAreExactlyEmpty(t *testing.T) {
	q := path([]float64{1, 1, 1, 2, 3}, []float64{1, 1, 0, 1, 1}) // no way back from 3 to 2
	law := stationary(t, q, nil)
	want := append(make([]float64, 3), products([]float64{2, 3}, []float64{1, 1})...)
	for i, m := range law.Mass {
		if math.Abs(m-want[i]) > 1e-15 || i < 3 && m != 0 {
			t.Errorf("cell %d: mass %g, want %g", i, m, want[i])
		}
	}
	if c := law.Classes[0]; c.Probability != 1 || !slices.Equal(c.Cells, []int{3, 4, 5}) {
		t.Errorf("class %v with probability %g, want [3 4 5] with 1", c.Cells, c.Probability)
	}
}

func TestAbsorptionBeforeTheClassTakesItsShare(t *testing.T) {
	q := newTable(3) // 0 is lost at rate 3, or goes to the pair 1, 2 at rate 1
	q.loss[0] = 3
	q.jump(0, 1, 1)
	q.jump(1, 2, 1)
	q.jump(2, 1, 1)
	law := stationary(t, q, &Settings{Initial: []float64{1, 0, 0}})
	if p := law.Classes[0].Probability; p != .25 {
		t.Errorf("probability of being kept %g, want ¼", p)
	}
	if !slices.Equal(law.Mass, []float64{0, .5, .5}) {
		t.Errorf("law %v, want [0 ½ ½]", law.Mass)
	}
	if p := stationary(t, q, nil).Classes[0].Probability; !math.IsNaN(p) {
		t.Errorf("probability without an initial law %g, want NaN", p)
	}
}

func TestCellsWithoutRatesKeepTheirMass(t *testing.T) {
	const n = 20000
	q, initial := newTable(n), make([]float64, n)
	for i := range initial {
		initial[i] = 1. / n
	}
	law := stationary(t, q, &Settings{Initial: initial})
	if !slices.Equal(law.Mass, initial) || law.Residual != 0 {
		t.Errorf("the law of cells that nothing leaves is not the initial law")
	}
}

// A rate near the least number beside a large one is a rate all the same: the law
// of a path is x_k+1/x_k = up_k/down_k+1 (detailed balance).
func TestLeastRatesAreKept(t *testing.T) {
	up, down := []float64{3, 0x1p-1070, 0x1p-1020}, []float64{1e9, 1e15, 2}
	law := stationary(t, path(up, down), nil)
	for k, u := range up {
		part, e := math.Frexp(u) // math.Log is wrong below the normal numbers
		want := math.Log(part/down[k]) + float64(e)*math.Ln2
		if got := law.Log[k+1] - law.Log[k]; math.Abs(got-want) > 1e-12*math.Abs(want) {
			t.Errorf("from cell %d to the next the logarithm of the law changes by %v, want %v", k, got, want)
		}
	}
}

// In a mixture with masses below the numbers, those of a class that is hardly ever
// entered have their logarithms too.
func TestAnImprobableClassHasLogarithms(t *testing.T) {
	q := path([]float64{1, 1, 0, 1, 1}, []float64{1e200, 1e200, 0, 1, 1})
	law := stationary(t, q, &Settings{Initial: []float64{1, 0, 0, 1e-310, 0, 0}})
	far := -310*math.Ln10 - math.Log(3)
	for i, want := range []float64{0, -200 * math.Ln10, -400 * math.Ln10, far, far, far} {
		if math.Abs(law.Log[i]-want) > 1e-12*max(1, math.Abs(want)) {
			t.Errorf("cell %d: logarithm of the mass %v, want %v", i, law.Log[i], want)
		}
	}
}
