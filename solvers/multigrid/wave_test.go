package multigrid

import (
	"math"
	"slices"
	"testing"

	"fokker/grid"
)

// Blocks and seams, or too few slabs for them, change no bit of what the
// stages do one after the other.
func TestWaveDoesItsStagesInTurn(t *testing.T) {
	around := uniform(200, 0, 2*math.Pi/3, grid.Periodic)
	for name, q := range map[string]*jumps{
		"plane":      build(box(2.5, 220, 230), p2),
		"odd":        build(box(2.5, 301, 223), p2),
		"cylinder":   build(mesh(uniform(250, -2, 2, grid.Reflecting), around), p2),
		"few slabs":  build(box(2.5, 4000, 9), p2),
		"three axes": build(box(2.5, 50, 40, 46), p3),
	} {
		waved, plain := made(t, q), made(t, q)
		pool := newPool(3)
		waved.do.coarsen.run(pool)
		inTurn(plain.next, plain.aggregate, plain.next.narrow, plain.next.convert, plain.next.settle)
		for k := range waved.n {
			if !slices.Equal(waved.next.up[k], plain.next.up[k]) || !slices.Equal(waved.next.down[k], plain.next.down[k]) {
				t.Errorf("%s: coarse rates along axis %d differ", name, k)
			}
		}
		for _, l := range []*level{waved, plain} {
			for i := range l.next.whole {
				l.next.whole[i] = 1 + 0.1*math.Sin(float64(i))
			}
		}
		waved.do.refine.run(pool)
		inTurn(plain, plain.correct, plain.red, plain.black, plain.red, plain.black)
		if !slices.Equal(waved.p, plain.p) {
			t.Errorf("%s: masses differ", name)
		}
		pool.close()
	}
}

// made returns the finest level of q with rough masses, and the next.
func made(t *testing.T, q *jumps) *level {
	l := newLevel(q.g)
	l.use(q)
	if l.coarsen(slices.Repeat([]bool{true}, q.g.Dim())) == nil {
		t.Fatal("no coarser grid")
	}
	for i := range l.p {
		l.p[i] = 1 + 0.5*math.Sin(float64(i*i))
	}
	l.exit = l.vector()
	inTurn(l, l.leave)
	return l
}

func inTurn(l *level, stages ...stage) {
	scratch := make([]float64, 2*(l.n[0]+beyondEnds))
	for _, do := range stages {
		for slab := range l.rows / l.slabRows {
			do(slab, scratch)
		}
	}
}
