package operators

import "fokker/grid"

// WithRates returns a block with other rates to the neighbours along an axis, all
// else being the same. Jumps must lead to face neighbours.
func (b *Block) WithRates(axis int, down, up []float64) *Block {
	c := *b
	near := append([]pair(nil), b.near...)
	near[axis] = pair{down: down, up: up}
	c.total = grid.Zeros[float64](b.Size())
	copy(c.total, b.absorbed)
	for _, p := range near {
		for i := range c.total {
			c.total[i] += p.down[i] + p.up[i]
		}
	}
	c.store(near, nil)
	return &c
}
