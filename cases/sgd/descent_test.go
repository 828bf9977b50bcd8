package sgd_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"fokker/cases/expr"
	"fokker/cases/sgd"
	"fokker/operators"
)

// descent is that on the loss ½(w − v)² of five values v: w ← (1 − η)w + ηv̄, v̄
// the mean of the batch.
func descent(t *testing.T, batch int, sampling sgd.Sampling) *sgd.Descent {
	t.Helper()
	s := expr.NewScope()
	for _, name := range []string{"w", "v"} {
		if err := s.Variable(name); err != nil {
			t.Fatal(err)
		}
	}
	loss, err := s.Parse("0.5*(w - v)^2")
	if err != nil {
		t.Fatal(err)
	}
	e := &sgd.Examples{Axes: []string{"w"}, Loss: loss, Rate: rate, Data: &sgd.Data{Columns: []string{"v"}, Values: [][]float64{values}}}
	if err := e.Compile(); err != nil {
		t.Fatal(err)
	}
	return &sgd.Descent{Examples: e, Batch: batch, Sampling: sampling}
}

var values = []float64{-3, -1, 0.5, 1, 4}

const rate = 0.2

// The stationary variance of w is η/(2 − η) that of the mean of a batch, σ²/B
// with replacement and σ²/B (n − B)/(n − 1) without, σ² with divisor n.
func TestDescentHasTheVarianceOfItsBatches(t *testing.T) {
	mean, variance := 0.3, 0.0
	for _, v := range values {
		variance += (v - mean) * (v - mean) / 5
	}
	weights := []float64{1, 0, 4, 2, 1}
	weighted, spread := 0.0, 0.0 // mean and variance
	for i, v := range values {
		weighted += weights[i] * v / 8
	}
	for i, v := range values {
		spread += weights[i] * (v - weighted) * (v - weighted) / 8
	}
	for _, c := range []struct {
		batch    int
		sampling sgd.Sampling
		want     float64
		weights  []float64
	}{
		{2, sgd.WithReplacement, spread / 2, weights},
		{1, sgd.WithReplacement, variance, nil},
		{3, sgd.WithReplacement, variance / 3, nil},
		{1, sgd.WithoutReplacement, variance, nil},
		{3, sgd.WithoutReplacement, variance / 3 * (5 - 3) / (5 - 1), nil},
		{5, sgd.WithoutReplacement, 0, nil},
		{5, sgd.Epochs, 0, nil},
	} {
		const n = 40000
		x, mean := operators.Columns(1, n), mean
		d := descent(t, c.batch, c.sampling)
		if d.Data.Weights = c.weights; c.weights != nil {
			mean = weighted
		}
		step := d.Start(n, rand.New(rand.NewPCG(1, 2)))
		for range 60 { // 0.8⁶⁰ = 2e-6
			step(x)
		}
		sum, square := 0.0, 0.0
		for _, w := range x[0] {
			sum += w / n
		}
		for _, w := range x[0] {
			square += (w - sum) * (w - sum) / n
		}
		want := c.want * rate / (2 - rate)
		// The variance of a variance is at most 2σ⁴/n times (kurtosis − 1)/2 ≤ 2.
		if math.Abs(sum-mean) > 4*math.Sqrt(want/n)+1e-5 || math.Abs(square-want) > 4*want*math.Sqrt(4.0/n)+1e-9 {
			t.Errorf("batches of %d, sampling %d: mean %v and variance %v, want %v and %v", c.batch, c.sampling, sum, square, mean, want)
		}
	}
}

// Over an epoch every example is used once: from 0 with a small rate the sum of
// all steps is η times the sum of the data over B, but for η².
func TestEpochUsesEveryExampleOnce(t *testing.T) {
	const tiny, n = 1e-7, 100
	d := descent(t, 2, sgd.Epochs)
	d.Rate = tiny
	step := d.Start(n, rand.New(rand.NewPCG(3, 4)))
	x := operators.Columns(1, n)
	for range 3 { // batches of 2, 2 and 1
		step(x)
	}
	seen := map[float64]bool{}
	for _, w := range x[0] {
		last := 2*w/tiny - 1.5 // that of the last batch, which counts twice
		i := slices.IndexFunc(values, func(v float64) bool { return math.Abs(v-last) < 1e-5 })
		if i < 0 {
			t.Fatalf("an epoch moves by %v η", w/tiny)
		}
		seen[values[i]] = true
	}
	if len(seen) != len(values) {
		t.Errorf("%d of %d examples came last in %d epochs", len(seen), len(values), n)
	}
}

// Regression on x ~ N(0, 1) and y ~ N(0, 1), batches of one: w has the variance
// η/(2 − 3η), for every example is new.
func TestDescentDrawsRandomExamples(t *testing.T) {
	s, law := expr.NewScope(), &sgd.Random{}
	for _, name := range []string{"w", "x", "y"} {
		if err := s.Variable(name); err != nil {
			t.Fatal(err)
		}
	}
	for _, column := range []string{"x", "y"} {
		value, draws, err := s.ParseRandom("normal(0, 1)")
		if err != nil {
			t.Fatal(err)
		}
		law.Columns, law.Values, law.Draws = append(law.Columns, column), append(law.Values, value), append(law.Draws, draws)
	}
	loss, err := s.Parse("0.5*(w*x - y)^2")
	if err != nil {
		t.Fatal(err)
	}
	const n, eta, want = 40000, .1, .1 / 1.7
	e := &sgd.Examples{Axes: []string{"w"}, Loss: loss, Rate: eta}
	if err := e.Integrate(law, [][]float64{{1}}); err != nil {
		t.Fatal(err)
	}
	x := operators.Columns(1, n)
	step := (&sgd.Descent{Examples: e, Batch: 1}).Start(n, rand.New(rand.NewPCG(1, 2)))
	for range 80 { // (1 − 1.7·0.1)⁸⁰ = 3e-7
		step(x)
	}
	square, fourth := 0.0, 0.0
	for _, w := range x[0] {
		square, fourth = square+w*w/n, fourth+w*w*w*w/n
	}
	if math.Abs(square-want) > 4*math.Sqrt((fourth-square*square)/n) {
		t.Errorf("variance %v, want %v", square, want)
	}
}
