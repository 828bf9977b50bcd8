package sgd

import (
	"math"
	"slices"

	"fokker/operators"
)

// Batches is one step of Descent as a choice among all batches that there are: with
// replacement those of n examples are multisets of B, each with its multinomial
// probability, without replacement subsets.
type Batches struct {
	*Descent
	weights []float64
	uses    [][]use // of every example
}

// use is how often an example is in a batch.
type use struct {
	batch int32
	times float64
}

// CountBatches returns how many different batches there are, +Inf for more than a
// float64 counts: C(n+B−1, B) with replacement, C(n, B) without.
func (d *Descent) CountBatches() float64 {
	n, b := float64(d.Data.Len()), float64(d.Batch)
	if d.Sampling == WithReplacement {
		n += b - 1
	}
	return math.Round(math.Exp(logChoose(n, b)))
}

func logChoose(n, k float64) float64 {
	a, _ := math.Lgamma(n + 1)
	b, _ := math.Lgamma(k + 1)
	c, _ := math.Lgamma(n - k + 1)
	return a - b - c
}

// Enumerate lists all batches. Epochs have none of their own.
func (d *Descent) Enumerate() *Batches {
	b := &Batches{Descent: d, uses: make([][]use, d.Data.Len())}
	b.list(0, d.Batch, nil, 0)
	total, most := 0.0, slices.Max(b.weights) // of logarithms, which all may be far below those of numbers
	for i, w := range b.weights {
		b.weights[i] = math.Exp(w - most)
		total += b.weights[i]
	}
	for i := range b.weights {
		b.weights[i] /= total // which without it is the same for all, n^B/B! or 1
	}
	return b
}

// list adds the batches that have some examples so far and want some more of those
// from one on. Their probabilities are as Π (pᵢᵏ/k!) to each other, of which the
// logarithm is that so far; pᵢ is the weight of example i, which is drawn k times.
func (b *Batches) list(from, more int, so []drawn, logarithm float64) {
	if more == 0 {
		for _, d := range so {
			b.uses[d.example] = append(b.uses[d.example], use{int32(len(b.weights)), d.times})
		}
		b.weights = append(b.weights, logarithm)
		return
	}
	if from == b.Data.Len() || b.Sampling != WithReplacement && more > b.Data.Len()-from {
		return
	}
	most, p := more, b.Data.Weight(from)/b.Data.Total()*float64(b.Data.Len())
	if b.Sampling != WithReplacement {
		most, p = 1, 1
	}
	for k := most; k >= 1 && p > 0; k-- {
		factorial, _ := math.Lgamma(float64(k) + 1)
		b.list(from+1, more-k, append(so, drawn{from, float64(k)}), logarithm+float64(k)*math.Log(p)-factorial)
	}
	b.list(from+1, more, so, logarithm)
}

// drawn is an example of a batch, and how often it is in it.
type drawn struct {
	example int
	times   float64
}

// Time returns the learning rate.
func (b *Batches) Time() float64 { return b.Rate }

// Weights returns the probability of every batch.
func (b *Batches) Weights() []float64 { return b.weights }

// Move writes θ − η(1/B Σ ∇ℓ + ∇R) for every batch, example by example.
func (b *Batches) Move(dst [][][]float64, x [][]float64) {
	dim, points := len(x), len(x[0])
	gradient, still := operators.Columns(dim, points), operators.Columns(dim, points)
	b.regularize(still, 1, x)
	for _, to := range dst {
		for k := range dim {
			for p := range points {
				to[k][p] = x[k][p] - b.Rate*still[k][p]
			}
		}
	}
	for example, uses := range b.uses {
		if len(uses) == 0 {
			continue
		}
		b.gradientOf(gradient, x, example)
		for _, u := range uses {
			step := b.Rate * u.times / float64(b.Batch)
			for k, g := range gradient {
				to := dst[u.batch][k]
				for p, v := range g {
					to[p] -= step * v
				}
			}
		}
	}
}
