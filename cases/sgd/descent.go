package sgd

import (
	"math/rand/v2"
	"sort"

	"fokker/operators"
)

// Sampling says how the examples of a batch are drawn.
type Sampling int

const (
	WithReplacement    Sampling = iota // each on its own, with a probability in proportion to its weight; the others know no weights
	WithoutReplacement                 // all different
	Epochs                             // the data in a random order, in a new one when all have been used; the last batch of an epoch may be shorter
)

// Descent is minibatch gradient descent itself: a step is
// θ ← θ − η (1/B Σ ∇ℓ + ∇R), the sum over the B examples of a batch.
type Descent struct {
	*Examples
	Batch    int // B
	Sampling Sampling
}

// Start returns a step of n points, each with batches of its own.
func (d *Descent) Start(n int, r *rand.Rand) func(x [][]float64) {
	dim, columns := len(d.Axes), len(d.Data.Columns)
	w := &walk{Descent: d, random: r, gradient: operators.Columns(dim, n), sum: operators.Columns(dim, n), examples: operators.Columns(columns, n)}
	w.batch = make([][]int32, d.Batch)
	for i := range w.batch {
		w.batch[i] = make([]int32, n)
	}
	if d.Data.Random != nil {
		w.fresh = d.Data.Random.Drawer(w.examples, r)
	}
	switch d.Sampling {
	case WithReplacement:
		w.sums = d.Data.sums()
	case WithoutReplacement:
		w.orders = [][]int32{inOrder(d.Data.Len())}
	case Epochs:
		for range n {
			w.orders = append(w.orders, inOrder(d.Data.Len()))
		}
	}
	w.inputs = append(make([][]float64, dim), w.examples...)
	return w.step
}

// sums returns the sums of the weights up to each example, nil without weights.
func (d *Data) sums() (out []float64) {
	sum := 0.0
	for _, w := range d.Weights {
		sum += w
		out = append(out, sum)
	}
	return out
}

func inOrder(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// walk is the state of some points on their way.
type walk struct {
	*Descent
	random           *rand.Rand
	orders           [][]int32 // of the data: of every point for epochs, one to draw from without replacement
	used             int       // examples of the present epoch
	sums             []float64 // of the weights, nil if all are equal
	fresh            func()    // draws random examples, nil if there are none
	batch            [][]int32 // batch[j][i] is example j of the batch of point i
	examples, inputs [][]float64
	gradient, sum    [][]float64
}

func (w *walk) step(x [][]float64) {
	size := w.draw()
	for k := range w.sum {
		clear(w.sum[k])
	}
	copy(w.inputs, x)
	for _, chosen := range w.batch[:size] {
		w.look(chosen)
		w.loss[1].Eval(w.gradient, w.inputs)
		for k, sum := range w.sum {
			for i, g := range w.gradient[k] {
				sum[i] += g / float64(size)
			}
		}
	}
	w.regularize(w.sum, 1, x)
	for k := range x {
		for i, g := range w.sum[k] {
			x[k][i] -= w.Rate * g
		}
	}
}

// look takes the examples chosen, or new ones where they are random.
func (w *walk) look(chosen []int32) {
	if w.fresh != nil {
		w.fresh()
		return
	}
	for c, values := range w.Data.Values {
		for i, example := range chosen {
			w.examples[c][i] = values[example]
		}
	}
}

// draw fills the batches and returns their size.
func (w *walk) draw() (size int) {
	n := w.Data.Len()
	if w.fresh != nil {
		return w.Batch
	}
	switch w.Sampling {
	case WithReplacement:
		for _, chosen := range w.batch {
			for i := range chosen {
				chosen[i] = w.one(n)
			}
		}
		return w.Batch
	case WithoutReplacement:
		order := w.orders[0]
		for i := range w.batch[0] {
			for j := range w.batch { // the beginning of a shuffle, from whatever order there is
				other := j + w.random.IntN(n-j)
				order[j], order[other] = order[other], order[j]
				w.batch[j][i] = order[j]
			}
		}
		return w.Batch
	}
	if w.used == 0 {
		for _, order := range w.orders {
			w.random.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
	}
	size = min(w.Batch, n-w.used)
	for j := range size {
		for i, order := range w.orders {
			w.batch[j][i] = order[w.used+j]
		}
	}
	w.used = (w.used + size) % n
	return size
}

// one draws an example in proportion to its weight.
func (w *walk) one(n int) int32 {
	if w.sums == nil {
		return int32(w.random.IntN(n))
	}
	at := w.random.Float64() * w.sums[n-1]
	return int32(sort.Search(n, func(i int) bool { return w.sums[i] > at }))
}
