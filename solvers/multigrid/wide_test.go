package multigrid

import (
	"math"
	"math/rand/v2"
	"testing"

	"fokker/grid"
)

// jumpy is a process with jumps of any length.
type jumpy struct {
	*jumps
	to   [][]int
	rate [][]float64
}

func (q *jumpy) Row(i int) ([]int, []float64) { return q.to[i], q.rate[i] }
func (q *jumpy) Absorption() []float64        { return make([]float64, len(q.to)) }

// tangled is a process on a grid in which every cell jumps by each of the
// offsets and back, at rates around their strengths.
func tangled(g *grid.Grid, strength map[[2]int]float64) *jumpy {
	r := rand.New(rand.NewPCG(1, 2))
	q := &jumpy{jumps: &jumps{g: g}}
	for i := range g.Size() {
		rates := map[int]float64{}
		for _, e := range [][2]int{{1, 0}, {0, 1}, {1, 1}, {2, -3}} {
			for _, sign := range []int{1, -1} {
				if to, inside, _ := g.Step(i, []int{sign * e[0], sign * e[1]}); inside {
					rates[to] += strength[e] * (0.8 + 0.4*r.Float64())
				}
			}
		}
		var to []int
		var rate []float64
		for j := range g.Size() {
			if rates[j] > 0 {
				to, rate = append(to, j), append(rate, rates[j])
			}
		}
		q.to, q.rate = append(q.to, to), append(q.rate, rate)
	}
	return q
}

func (q *jumpy) law() []float64 {
	n := len(q.to)
	a, p := make([]float64, n*n), make([]float64, n)
	for i, to := range q.to {
		for e, j := range to {
			a[i*n+j] = q.rate[i][e]
		}
	}
	dense(p, a)
	return p
}

// Chains go along the strongest jumps, around a ring if they lead there, and
// cross other jumps of their cells.
func TestSweepsOfChainsKeepTheLaw(t *testing.T) {
	ring, line := uniform(14, 0, 1, grid.Periodic), uniform(15, 0, 1, grid.Reflecting)
	for _, g := range []*grid.Grid{mesh(line, line), mesh(ring, line), mesh(line, ring), mesh(ring, ring)} {
		for _, strong := range [][2]int{{1, 0}, {0, 1}, {1, 1}, {2, -3}} {
			strength := map[[2]int]float64{{1, 0}: 1, {0, 1}: 1, {1, 1}: 1, {2, -3}: 1}
			strength[strong] = 20
			q := tangled(g, strength)
			want, l := q.law(), newWideLevel(g, q, nil)
			if longest := len(l.p) - len(l.first) + 2; longest < len(l.p)/2 {
				t.Errorf("%d chains of %d cells, expected most cells to be linked", len(l.first)-1, len(l.p))
			}
			copy(l.p, want)
			l.u = l.p
			l.forth(0)
			l.back(0)
			if d := l1(l.p, want); d > 1e-13 {
				t.Errorf("jumps %v: a sweep moves the law by %v", strong, d)
			}
		}
	}
}

// A sweep solves exactly for cells that are coupled along chains only.
func TestSweepSolvesAChain(t *testing.T) {
	g := box(1, 40, 3)
	q := tangled(g, map[[2]int]float64{{1, 0}: 1, {0, 1}: 1e-12})
	l := newWideLevel(g, q, nil)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range l.p {
		l.p[i] = r.Float64()
	}
	l.u = l.p
	l.forth(0)
	if got := l.residual(); got > 1e-11 {
		t.Errorf("residual %v after a sweep, want the weak coupling 1e-12", got)
	}
}

// Masses are moved without loss and linear functions read exactly, also where
// coarse cells cut fine ones.
func TestTransferKeepsMassAndReadsLinearFunctions(t *testing.T) {
	closed := uniform(11, 0, 1, grid.Reflecting)
	closed.Closed = []int{4}
	for _, a := range []grid.Axis{
		uniform(16, -1, 2, grid.Reflecting), uniform(27, -1, 2, grid.Reflecting), uniform(9, 0, 1, grid.Absorbing),
		uniform(15, 0, 1, grid.Periodic), graded(21), closed,
	} {
		coarse := halved(a)
		l := &wideLevel{g: mesh(a, a), next: &wideLevel{g: mesh(coarse, coarse)}}
		l.move = []transfer{newTransfer(a, coarse), newTransfer(a, coarse)}
		src, dst := make([]float64, l.g.Size()), make([]float64, l.next.g.Size())
		for i := range src {
			src[i] = l.g.Volume(i)
		}
		pool := newPool(2)
		l.restrict(dst, src, pool)
		pool.close()
		for i, v := range dst {
			if want := l.next.g.Volume(i); math.Abs(v/want-1) > 1e-12 {
				t.Fatalf("%d to %d cells: volume %v of coarse cell %d, want %v", a.Cells(), coarse.Cells(), v, i, want)
			}
		}
		for i := range a.Cells() {
			m := &l.move[0]
			x, near, far := middle(a, i), middle(coarse, int(m.near[i])), middle(coarse, int(m.far[i]))
			if got := near + m.w[i]*(far-near); m.near[i] != m.far[i] && math.Abs(far-near) < 0.5 && math.Abs(got-x) > 1e-12 {
				t.Errorf("%d to %d cells: cell at %v reads at %v", a.Cells(), coarse.Cells(), x, got)
			}
		}
	}
}
