package validate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// Splitting estimates the probability of a rare set by fixed effort (Garvels 2000).
// The set is where a function is at least the last of increasing levels. As many
// particles start at every level, from places and times at which those of the level
// below have reached it first, and the probability is the product of the parts that
// reach the next. It has no bias, whatever the levels and the function.
//
// A block of particles is an estimate by itself; their number decides the standard
// error. Levels do not depend on the blocks: a trial chooses them (Cérou and Guyader
// 2007).
type Splitting struct {
	Paths
	Level  func(f []float64, x [][]float64, t float64)
	Target float64   // the set is where Level is at least this
	Levels []float64 // increasing, below the target; nil: those of a trial
}

// Rare is a probability or a rate with its standard error, from independent estimates.
type Rare struct {
	Value, Error float64
	Levels       []float64 // of splitting, the target last
	Estimates    []float64 // of each block
}

// P returns the probability of so large a difference by chance from a value that is
// uncertain by what is allowed, of Student's law.
func (r *Rare) P(value, allowed float64) float64 {
	excess := max(0, math.Abs(r.Value-value)-allowed)
	if r.Error == 0 {
		if excess == 0 {
			return 1
		}
		return 0
	}
	return 2 * distuv.StudentsT{Sigma: 1, Nu: float64(len(r.Estimates) - 1)}.Survival(excess/r.Error)
}

// At returns the probability that a particle is alive and in the set at a time.
func (s *Splitting) At(ctx context.Context, time float64, progress func(float64)) (*Rare, error) {
	return s.run(ctx, time, progress, (*stages).ending)
}

// Occupation returns the expected part of the steps up to a time at whose end a
// particle is alive and in the set: in a stationary law, its probability.
func (s *Splitting) Occupation(ctx context.Context, time float64, progress func(float64)) (*Rare, error) {
	return s.run(ctx, time, progress, (*stages).occupation)
}

// Before returns the probability that a particle has been in the set by a time, at
// the end of a step, or has been lost where the function is that large, as on a wall.
func (s *Splitting) Before(ctx context.Context, time float64, progress func(float64)) (*Rare, error) {
	return s.run(ctx, time, progress, func(*stages) (float64, error) { return 1, nil })
}

// leastBlocks is how many estimates a standard error rests on at least.
const leastBlocks = 8

func (s *Splitting) run(ctx context.Context, time float64, progress func(float64), last func(*stages) (float64, error)) (*Rare, error) {
	if s.Algorithm != nil || s.Particles < leastBlocks*block {
		return nil, fmt.Errorf("validate: splitting by %d particles, expected those of a process, %d at least", s.Particles, leastBlocks*block)
	}
	plan, err := s.plan([]float64{time})
	if err != nil {
		return nil, err
	}
	out := &Rare{Levels: s.Levels, Estimates: make([]float64, s.Particles/block)}
	if out.Levels == nil {
		trial := newStages(s, plan, time)
		if out.Levels, err = trial.search(); err != nil {
			return nil, err
		}
	}
	out.Levels = append(slices.Clone(out.Levels), s.Target)
	err = s.inBlocks(ctx, len(out.Estimates), progress, func() func(id int) error {
		c := newStages(s, plan, time)
		return func(id int) (err error) {
			out.Estimates[id], err = c.estimate(id, out.Levels, last)
			return err
		}
	})
	out.Value, out.Error = meanOf(out.Estimates)
	return out, err
}

// meanOf returns a mean and its standard error.
func meanOf(x []float64) (mean, standardError float64) {
	n, square := float64(len(x)), 0.0
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		square += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(square / (n - 1) / n)
}

// stages moves a block of particles from level to level.
type stages struct {
	*crowd
	of     *Splitting
	end    float64
	starts *entrances // where particles of this stage start
	level  []float64  // of the particles now
	most   []float64  // up to now, −∞ of those that have not started
}

// entrances are places of particles, and at which step.
type entrances struct {
	x    [][]float64
	step []int
	lost []bool
}

func newStages(s *Splitting, p *plan, end float64) *stages {
	c := &stages{crowd: newCrowd(&s.Paths, p), of: s, end: end}
	c.level, c.most = make([]float64, block), make([]float64, block)
	return c
}

// estimate returns the product over all levels, and the part of the last particles
// that count.
func (c *stages) estimate(id int, levels []float64, last func(*stages) (float64, error)) (float64, error) {
	if err := c.begin(id); err != nil {
		return 0, err
	}
	p := 1.0
	for _, level := range levels {
		reached, err := c.stage(level)
		if err != nil || len(reached.step) == 0 {
			return 0, err
		}
		p *= float64(len(reached.step)) / block
		c.resample(reached)
	}
	part, err := last(c)
	return p * part, err
}

// begin draws the initial law: all particles start at step 0.
func (c *stages) begin(id int) error {
	if err := c.start(id); err != nil {
		return err
	}
	c.starts = &entrances{step: make([]int, block), lost: make([]bool, block)}
	for _, x := range c.x {
		c.starts.x = append(c.starts.x, slices.Clone(x))
	}
	return nil
}

// resample draws as many starts as there are particles from entrances, each with the
// same expectation, by one random number (systematic resampling).
func (c *stages) resample(from *entrances) {
	n := len(from.step)
	offset, to := c.random.Float64(), &entrances{step: make([]int, block), lost: make([]bool, block)}
	for range from.x {
		to.x = append(to.x, make([]float64, block))
	}
	for i := range block {
		j := min(n-1, int((float64(i)+offset)*float64(n)/block))
		for k := range to.x {
			to.x[k][i] = from.x[k][j]
		}
		to.step[i], to.lost[i] = from.step[j], from.lost[j]
	}
	c.starts = to
}

// stage moves particles from their starts to the end and returns where each first
// reaches a level, if it does.
func (c *stages) stage(level float64) (*entrances, error) {
	out := &entrances{x: make([][]float64, len(c.x))}
	reached := make([]bool, block)
	err := c.through(func(step int) {
		for i, v := range c.level {
			if step < c.starts.step[i] || reached[i] || v < level {
				continue
			}
			reached[i] = true
			for k, x := range c.x {
				out.x[k] = append(out.x[k], x[i])
			}
			out.step, out.lost = append(out.step, step), append(out.lost, !c.alive[i])
			c.alive[i] = false // its way goes on in the next stage
		}
	})
	return out, err
}

// ending moves particles from their starts to the end and returns the part of them
// that is alive and in the set.
func (c *stages) ending() (float64, error) {
	if err := c.through(func(int) {}); err != nil {
		return 0, err
	}
	in := 0.0
	for i, v := range c.level {
		if c.alive[i] && v >= c.of.Target {
			in++
		}
	}
	return in / block, nil
}

// occupation moves particles from their starts to the end and returns the part of all
// steps at which they are alive and in the set.
func (c *stages) occupation() (float64, error) {
	in := 0.0
	err := c.through(func(step int) {
		for i, v := range c.level {
			if step > 0 && step >= c.starts.step[i] && c.alive[i] && v >= c.of.Target {
				in++
			}
		}
	})
	return in / block / float64(c.steps[0]), err
}

// through takes all steps. Particles wait where they start until their step; those
// that are lost are looked at once.
func (c *stages) through(look func(step int)) error {
	for k := range c.x {
		copy(c.x[k], c.starts.x[k])
	}
	c.settle()
	steps := c.steps[0]
	dt := c.end / float64(steps)
	for step := 0; ; step++ {
		t := c.end * float64(step) / float64(steps)
		for i, at := range c.starts.step {
			if at == step {
				c.alive[i] = !c.starts.lost[i]
			}
		}
		if c.Killing != nil {
			c.Killing(c.rate, c.x, t)
		}
		c.of.Level(c.level, c.x, t)
		look(step)
		if step == steps {
			return nil
		}
		if err := c.step(t, dt); err != nil {
			return err
		}
	}
}

// settle finds the rooms of particles at their starts and gives them new lives: an
// exponential one has no memory.
func (c *stages) settle() {
	for i := range block {
		c.alive[i] = false // until its step
		c.fuse[i] = c.random.ExpFloat64()
		for k, w := range c.walls {
			c.room[k][i] = w.find(c.x[k][i])
		}
	}
}

const (
	reaching   = 5   // one of so many particles, a trial wants to reach the next level
	mostLevels = 400 // of a trial: a probability of some 1e-280
)

// search finds levels that about a fifth of the particles reach from one to the next.
func (c *stages) search() ([]float64, error) {
	const apart = math.MaxUint32 // a block that no estimate uses
	if err := c.begin(apart); err != nil {
		return nil, err
	}
	var levels []float64
	for range mostLevels {
		for i := range c.most {
			c.most[i] = math.Inf(-1)
		}
		if err := c.through(func(step int) {
			for i, v := range c.level {
				if step >= c.starts.step[i] {
					c.most[i] = max(c.most[i], v)
				}
			}
		}); err != nil {
			return nil, err
		}
		sort.Float64s(c.most)
		next, ok := c.higher(levels)
		if !ok {
			return nil, fmt.Errorf("validate: splitting: %d particles at level %v do not come nearer to %v", block, levels[len(levels)-1], c.of.Target)
		}
		if next >= c.of.Target {
			return levels, nil
		}
		levels = append(levels, next)
		reached, err := c.stage(next)
		if err != nil {
			return nil, err
		}
		c.resample(reached)
	}
	return nil, fmt.Errorf("validate: splitting: level %v after %d levels, expected %v", levels[len(levels)-1], mostLevels, c.of.Target)
}

// higher returns the next level above the last one: what a fifth of the particles have
// reached, or what any has where more than that have come no farther, as copies of one
// that a long step has carried up.
func (c *stages) higher(levels []float64) (float64, bool) {
	next := c.most[block-block/reaching]
	if len(levels) == 0 || next > levels[len(levels)-1] {
		return next, true
	}
	last := levels[len(levels)-1]
	i := sort.Search(block, func(i int) bool { return c.most[i] > last })
	if i == block {
		return 0, false
	}
	return c.most[i], true
}
