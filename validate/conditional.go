package validate

import (
	"context"
	"fmt"
	"math"

	"fokker/operators"
)

// Conditional is particles conditional on survival, and how many would be left.
type Conditional struct {
	Ensembles     []Ensemble // all alive
	Survival      []float64  // to each time
	SurvivalError []float64  // standard
	Rate          Rare       // of loss between the first time and the last
}

// FlemingViot returns ensembles at increasing times whose lost particles jump at once
// onto another of their block that is left, drawn uniformly (Burdzy, Hołyst and March
// 2000). Their law goes to that conditional on survival, after long times to the
// quasi-stationary law ν with Qᵀν = −λν, and the rate of loss to λ, with errors of
// order 1/1024, the number of a block. Survival is the product over steps of the parts
// that are left, and has no bias.
func (p *Paths) FlemingViot(ctx context.Context, times []float64, progress func(float64)) (*Conditional, error) {
	if p.Algorithm != nil || len(times) < 2 || p.Particles < leastBlocks*block {
		return nil, fmt.Errorf("validate: conditional on survival, %d particles at %d times, expected those of a process, %d at least, at two times at least", p.Particles, len(times), leastBlocks*block)
	}
	plan, err := p.plan(times)
	if err != nil {
		return nil, err
	}
	blocks := p.Particles / block
	out := &Conditional{Ensembles: make([]Ensemble, len(times))}
	for j, t := range times {
		out.Ensembles[j] = Ensemble{t, operators.Columns(p.Process.Dim(), blocks*block), make([]bool, blocks*block)}
	}
	logs := operators.Columns(len(times), blocks) // of survival
	err = p.inBlocks(ctx, blocks, progress, func() func(id int) error {
		c := newCrowd(p, plan)
		return func(id int) error { return c.survive(id, out.Ensembles, logs) }
	})
	if err != nil {
		return nil, err
	}
	out.count(logs)
	return out, nil
}

// count makes numbers of the logarithms of survival of every block.
func (c *Conditional) count(logs [][]float64) {
	rates := make([]float64, len(logs[0]))
	last := len(logs) - 1
	for i := range rates {
		rates[i] = (logs[0][i] - logs[last][i]) / (c.Ensembles[last].Time - c.Ensembles[0].Time)
	}
	c.Rate.Estimates = rates
	c.Rate.Value, c.Rate.Error = meanOf(rates)
	for _, log := range logs {
		part := make([]float64, len(log))
		for i, v := range log {
			part[i] = math.Exp(v)
		}
		value, se := meanOf(part)
		c.Survival, c.SurvivalError = append(c.Survival, value), append(c.SurvivalError, se)
	}
}

// survive follows block id through all times.
func (c *crowd) survive(id int, out []Ensemble, logs [][]float64) error {
	if err := c.start(id); err != nil {
		return err
	}
	t, log := 0.0, 0.0
	left := make([]int, 0, block)
	for j, e := range out {
		steps := c.steps[j]
		for i := range steps {
			if err := c.step(t+(e.Time-t)*(float64(i)/float64(steps)), (e.Time-t)/float64(steps)); err != nil {
				return err
			}
			left = left[:0]
			for i, alive := range c.alive {
				if alive {
					left = append(left, i)
				}
			}
			if len(left) == 0 {
				return fmt.Errorf("validate: conditional on survival: all of %d particles are lost in a step of %v, expected a shorter one", block, c.Step)
			}
			if len(left) < block {
				log += math.Log(float64(len(left)) / block)
				c.refill(left)
			}
		}
		t, logs[j][id] = e.Time, log
		for k, x := range c.x {
			copy(e.X[k][id*block:], x)
		}
		copy(e.Alive[id*block:], c.alive)
	}
	return nil
}

// refill puts the lost particles on others, with a new life.
func (c *crowd) refill(left []int) {
	for i, alive := range c.alive {
		if alive {
			continue
		}
		j := left[c.random.IntN(len(left))]
		for k, x := range c.x {
			x[i], c.room[k][i] = x[j], c.room[k][j]
		}
		c.rate[i], c.fuse[i], c.alive[i] = c.rate[j], c.random.ExpFloat64(), true
	}
}
