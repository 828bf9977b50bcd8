package solvers

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"fokker/grid"
	"fokker/operators"
)

func TestAbsorbingWallsLeaveNoLaw(t *testing.T) {
	g := uniform(t, []grid.Boundary{grid.Absorbing, grid.Reflecting}, nil, 12, 10)
	q := lattice(g, [][]int{{1, 0}, {0, 1}}, drawing(1).ExpFloat64)
	if law, err := Stationary(q, nil); !errors.Is(err, ErrLost) {
		t.Errorf("got %v, %v, want %v", law, err, ErrLost)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	good, infinite, negative, lossy := path([]float64{1}, []float64{1}), path([]float64{math.Inf(1)}, []float64{1}), path([]float64{-1}, []float64{1}), path([]float64{1}, []float64{1})
	lossy.loss[1] = math.NaN()
	for _, c := range []struct {
		name     string
		q        operators.Generator
		settings Settings
		says     []string
	}{
		{"method", good, Settings{Method: "gauss"}, []string{`"gauss"`, `"gth"`, `"multigrid"`}},
		{"length", good, Settings{Initial: []float64{1}}, []string{"initial", "1 cells", "expected 2"}},
		{"initial", good, Settings{Initial: []float64{-1, 1}}, []string{"initial", "cell 0", "-1"}},
		{"infinite rate", infinite, Settings{}, []string{"rate from cell 0 to 1", "+Inf"}},
		{"negative rate", negative, Settings{}, []string{"rate from cell 0 to 1", "-1"}},
		{"absorption", lossy, Settings{}, []string{"absorption of cell 1", "NaN"}},
		{"rows", rowless{good}, Settings{}, []string{"rows", "rowless"}},
		{"multigrid", good, Settings{Method: "multigrid"}, []string{"multigrid needs"}},
	} {
		_, err := Stationary(c.q, &c.settings)
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, want := range append(c.says, "solvers: ") {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q does not say %q", c.name, err, want)
			}
		}
	}
}

type rowless struct{ operators.Generator }

func TestCancellationStopsTheElimination(t *testing.T) {
	q := basin(t, 60, .5, .5, .01)
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	_, err := Stationary(q, &Settings{Method: "gth", Context: ctx, Progress: func(float64) {
		if calls++; calls == 5 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if _, err := newFactor(ctx, q, 1, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("factor: got %v, want %v", err, context.Canceled)
	}
}

func TestProgressRisesToOne(t *testing.T) {
	last := 0.0
	stationary(t, basin(t, 80, .5, .5, .01), &Settings{Method: "gth", Workers: 2, Progress: func(done float64) {
		if done < last || done > 1 {
			t.Errorf("progress %g after %g", done, last)
		}
		last = done
	}})
	if last < .999 {
		t.Errorf("last progress %g, want 1", last)
	}
}

func TestReportIsFilled(t *testing.T) {
	law := stationary(t, basin(t, 40, .5, .5, .01), nil)
	if law.Method != "gth" || law.Residual > 1e-15 || law.WorkUnits < 1 || law.Elapsed <= 0 {
		t.Errorf("report %+v, want method gth, residual ≤ 1e-15, work and time", law.Report)
	}
}

// ornstein is a rotating Ornstein–Uhlenbeck process, which has no detailed
// balance.
func ornstein(t testing.TB, n int) *operators.Block {
	edges := make([]float64, n+1)
	for i := range edges {
		edges[i] = -4 + 8*float64(i)/float64(n)
	}
	g, err := grid.New(grid.Axis{Name: "x", Edges: edges}, grid.Axis{Name: "y", Edges: edges})
	if err != nil {
		t.Fatal(err)
	}
	q, err := operators.Build(g, 0, 2, rotation{})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// rotation is the term of dx = −(x + y) dt + dW₁, dy = (x − y) dt + dW₂.
type rotation struct{}

func (rotation) AppendRows(rows *operators.Rows, r grid.Range, _ float64) error {
	g := rows.Grid()
	for c := r.Lo; c < r.Hi; c++ {
		at := [2]float64{g.Centers(0)[g.Along(0, c)], g.Centers(1)[g.Along(1, c)]}
		drift := [2]float64{-at[0] - at[1], at[0] - at[1]}
		for k, b := range drift {
			h := g.Widths(k)[g.Along(k, c)]
			for _, side := range []int{1, -1} {
				offset := make([]int, 2)
				offset[k] = side
				if to, inside, _ := g.Step(c, offset); inside {
					rows.Jump(c, to, 1/(2*h*h)+max(float64(side)*b, 0)/h)
				}
			}
		}
	}
	return nil
}

func TestMultigridAgreesWithElimination(t *testing.T) {
	q := ornstein(t, 64)
	direct := stationary(t, q, &Settings{Method: "gth"})
	cycles := stationary(t, q, &Settings{Method: "multigrid", Tolerance: 1e-8})
	distance := 0.0
	for i := range direct.Mass {
		distance += math.Abs(direct.Mass[i] - cycles.Mass[i])
	}
	if distance > 1e-8 {
		t.Errorf("L1 distance %g, want ≤ the tolerance 1e-8", distance)
	}
	if !strings.HasPrefix(cycles.Method, "multigrid") || cycles.Iterations == 0 {
		t.Errorf("report %+v, want multigrid with iterations", cycles.Report)
	}
}

func TestChoiceIsDirectOnSmallGridsAndMultigridOnLarge(t *testing.T) {
	for _, c := range []struct {
		n    int
		want string
	}{{64, "gth"}, {320, "multigrid"}} {
		if law := stationary(t, ornstein(t, c.n), nil); !strings.HasPrefix(law.Method, c.want) {
			t.Errorf("%d² cells: method %q, want %s", c.n, law.Method, c.want)
		}
	}
}

func TestStalledMultigridIsReplacedByElimination(t *testing.T) {
	q := ornstein(t, 24)
	k, err := newTask(q, &Settings{Tolerance: 1e-300})
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	closed, _ := k.split()
	c := Class{Cells: closed[0]}
	if err := k.choose(&c, q, &r); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(r.Method, "gth (multigrid stalled") {
		t.Errorf("method %q, want gth after multigrid", r.Method)
	}
	if w := worst(c.Mass, stationary(t, q, nil).Mass); w > 0 {
		t.Errorf("relative difference from gth %g, want none", w)
	}
	var stalled *NotConverged
	if _, err := Stationary(q, &Settings{Method: "multigrid", Tolerance: 1e-300}); !errors.As(err, &stalled) {
		t.Errorf("multigrid asked for by name: got %v, want NotConverged", err)
	}
}

// A law that is for comparing with another takes fewer cycles, and its error is a small part
// of their distance: a hundredth, three times that as of any tolerance.
func TestALawToCompareWithIsAsExactAsThatNeeds(t *testing.T) {
	q := ornstein(t, 128)
	solve := func(s Settings) *Law {
		s.Method = "multigrid"
		law, err := Stationary(q, &s)
		if err != nil {
			t.Fatal(err)
		}
		return law
	}
	tight := solve(Settings{Tolerance: 1e-12})
	other := make([]float64, q.Size())
	for i, m := range tight.Mass { // neighbours exchange a thousandth
		other[i^1] += 1e-3 * m
		other[i] += (1 - 1e-3) * m
	}
	from := apart(other, tight.Mass)
	loose := solve(Settings{Tolerance: 1e-12, Other: other})
	got := apart(loose.Mass, tight.Mass)
	if !(got < 3*from/100) || loose.Iterations >= tight.Iterations {
		t.Errorf("error %.2g after %d cycles, want %.2g and less than %d", got, loose.Iterations, from/100, tight.Iterations)
	}
	if e := loose.Classes[0].Error; !(got < 3*e && e < from) {
		t.Errorf("error %.2g is said to be %.2g", got, e)
	}
}
