package multigrid

import "fokker/grid"

// stage does its part on one slab.
type stage func(slab int, scratch []float64)

// wave runs stages over the slabs of a level, each one slab behind the stage
// before, so that memory is read once for all of them. On a slab a stage may
// use what the one before it leaves there and on both neighbouring slabs, and
// nothing that the one after it writes. Then neither the order of the blocks
// nor the number of workers matters.
type wave struct {
	stages       []stage
	slabs        int
	blocks       []grid.Range
	scratch      [][]float64 // per block
	inTurn       bool        // one block after the other
	inside, seam func(block int)
	parts        []*wave // instead, where there are too few slabs
}

// blockCells is about the least number of cells of a block: enough to hide the
// cost of handing it out.
const blockCells = 1 << 14

func (l *level) newWave(stages ...stage) *wave {
	w := &wave{stages: stages, slabs: l.rows / l.slabRows, inTurn: l.ringOdd}
	shortest := 2*len(stages) - 1 // so that seams do not meet
	if w.slabs < shortest {
		for _, s := range stages {
			w.parts = append(w.parts, l.newWave(s))
		}
		return w
	}
	w.blocks = grid.Range{Hi: w.slabs}.Split(min(max(1, l.g.Size()/blockCells), 64, w.slabs/shortest))
	for range w.blocks {
		w.scratch = append(w.scratch, make([]float64, 2*(l.n[0]+beyondEnds)))
	}
	w.inside, w.seam = w.runInside, w.runSeam
	return w
}

func (w *wave) run(p *pool) {
	for _, part := range w.parts {
		part.run(p)
	}
	run := p.do
	if w.inTurn {
		run = inOrder
	}
	run(len(w.blocks), w.inside)
	if len(w.stages) > 1 {
		run(len(w.blocks), w.seam)
	}
}

// runInside does what needs no other block: stage t but for t slabs at either
// end.
func (w *wave) runInside(block int) {
	b := w.blocks[block]
	for s := b.Lo; s < b.Hi; s++ {
		for t, do := range w.stages {
			if s-t >= b.Lo+t {
				do(s-t, w.scratch[block])
			}
		}
	}
}

// runSeam does what is left where the block meets the one before it; the first
// one meets the last.
func (w *wave) runSeam(block int) {
	at := w.blocks[block].Lo
	for t, do := range w.stages {
		for s := at - t; s < at+t; s++ {
			do((s+w.slabs)%w.slabs, w.scratch[block])
		}
	}
}
