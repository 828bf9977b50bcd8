// Package compare tests whether samples come from a law on a grid.
//
// Samples are counted in the cells of the grid, and every test looks at the
// counts alone: none knows more of a sample than its cell, so that nothing but
// the law decides what is expected. What the law itself may be wrong by, that of
// a mesh or of a step in time, is given as changes of the masses. It is part of
// the null hypothesis: every test allows for the most that these changes do.
//
// The package does not solve, does not draw paths and reads no files.
package compare

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"fokker/grid"
)

// Law is a law on a grid, conditional on survival: the masses sum to 1.
type Law struct {
	Grid      *grid.Grid
	Mass      []float64
	Changes   [][]float64 // by cell, each what one source of error may add to the masses
	Functions []Function  // whose expectations are tested

	// Rough is said of a law whose density the grid does not resolve, as on a curve:
	// its cells one by one, −ln p and energy distances are not tested. What the mesh
	// smears over a width w moves expectations and marginals by order w², but the energy
	// distance by w: there it would be most of what is found.
	Rough bool

	// Tolerance δ allows for any other law q with Σ(q − m)²/m ≤ δ². By Cauchy and
	// Schwarz it moves an expectation by δ standard deviations at most.
	Tolerance float64
}

// Function is a function of the state, by its value in every cell.
type Function struct {
	Name   string
	Values []float64
}

// Samples are counted in cells.
type Samples struct {
	Weight  []float64 // of all samples in every cell
	Squares float64   // Σw² of all: each of them counts for Σ²w/Σw² unweighted ones; 0: all weights are 1
	Chain   []int32   // their cells in order, if they are those of one long chain; nil: they are independent
}

// Test is one comparison. P is the probability of a statistic as large or larger
// if the law, changed by no more than is allowed for, has made the samples.
type Test struct {
	Name      string  `json:"name"`
	Statistic float64 `json:"statistic"`
	P         float64 `json:"p_value"`
	Pass      bool    `json:"pass"`

	// Of an expectation: that of the samples less that of the law, its standard
	// error, and what is allowed for.
	Bias    *float64 `json:"bias,omitempty"`
	Error   *float64 `json:"error,omitempty"`
	Allowed *float64 `json:"allowed,omitempty"`
}

// Result of all tests of samples.
type Result struct {
	Tests     []Test
	Effective float64 // independent samples that would tell as much
	Parts     *Parts
	Deviation []float64 // of the count of every part, in standard errors
	Skipped   []string  // functions that too few samples would show
}

// Run does all tests that the samples allow, without deciding.
func Run(l *Law, s *Samples) *Result {
	r := &runner{Law: l, samples: s, weight: s.Weight}
	r.count()
	r.functions()
	if s.Chain != nil {
		r.thin()
	}
	r.out.Effective = r.n
	r.divide()
	if !r.Rough {
		r.cells()
	}
	for k := range l.Grid.Dim() {
		r.marginal(k)
		for j := range k {
			if !r.Rough {
				r.plane(j, k)
			}
		}
	}
	return &r.out
}

// runner is the state of one comparison.
type runner struct {
	*Law
	samples *Samples
	weight  []float64 // of cells, of the samples that the tests of the whole law use
	total   float64
	n       float64   // effective number of samples
	slowest float64   // autocorrelation time of a chain, in samples
	counts  []float64 // of parts, effective
	out     Result
}

func (r *runner) count() {
	r.total = Sum(r.weight)
	r.n = r.total
	if r.samples.Squares > 0 {
		r.n = r.total * r.total / r.samples.Squares
	}
}

// Sum adds in blocks of fixed length.
func Sum(x []float64) (total float64) {
	for part := range slices.Chunk(x, 4096) {
		s := 0.0
		for _, v := range part {
			s += v
		}
		total += s
	}
	return total
}

// expect returns Σ aᵢφᵢ.
func expect(a, phi []float64) float64 {
	total := 0.0
	for lo := 0; lo < len(a); lo += 4096 {
		s := 0.0
		for i := lo; i < min(lo+4096, len(a)); i++ {
			s += a[i] * phi[i]
		}
		total += s
	}
	return total
}

const (
	// fewest is how many samples an expected count must have, and how many there
	// must be for each unit of a function's kurtosis, for a sum to be normal.
	fewest = 20
	// rounding is that of a sum over cells, of its scale.
	rounding = 1e-9
	// smallest stands for the mass of a cell that has none in float64: a sample
	// there is against the law.
	smallest = 5e-324
)

// functions tests expectations, that of −ln p last.
func (r *runner) functions() {
	for _, f := range r.Functions {
		r.function(f)
	}
	if r.Rough {
		return
	}
	information := make([]float64, len(r.Mass))
	for i, m := range r.Mass {
		information[i] = -math.Log(max(m, smallest) / r.Grid.Volume(i))
	}
	r.function(Function{"−ln p", information})
}

// moments are those of a function under the law.
type moments struct{ mean, variance, kurtosis float64 }

func (r *runner) moments(phi []float64) (m moments) {
	m.mean = expect(r.Mass, phi)
	fourth := 0.0
	for i, v := range phi {
		d := (v - m.mean) * (v - m.mean)
		m.variance += r.Mass[i] * d
		fourth += r.Mass[i] * d * d
	}
	if m.variance > 0 {
		m.kurtosis = fourth / (m.variance * m.variance)
	}
	return m
}

// function is a z-test: a chain's standard error comes from means of its batches,
// that of independent samples from the law.
func (r *runner) function(f Function) {
	law := r.moments(f.Values)
	scale := math.Abs(law.mean) + math.Sqrt(law.variance)
	value := expect(r.weight, f.Values) / r.total
	allowed := rounding*scale + r.Tolerance*math.Sqrt(law.variance)
	for _, c := range r.Changes {
		allowed += math.Abs(expect(c, f.Values))
	}
	bias, se, p := value-law.mean, math.Sqrt(law.variance/r.n), 0.0
	excess := max(0, math.Abs(bias)-allowed)
	certain := math.Sqrt(law.variance) <= rounding*scale
	switch {
	case certain && excess == 0:
		return // the same for all samples: nothing to test
	case certain:
		se = 0
	case r.n < fewest*law.kurtosis:
		r.out.Skipped = append(r.out.Skipped, f.Name)
		return
	case r.samples.Chain != nil:
		se = r.batches(f.Values, law)
		p = 2 * distuv.StudentsT{Sigma: 1, Nu: batches - 1}.Survival(excess/se)
	default:
		p = math.Erfc(excess / se / math.Sqrt2)
	}
	statistic := bias / se
	if se == 0 {
		statistic = math.Copysign(math.Inf(1), bias)
	}
	r.out.Tests = append(r.out.Tests, Test{Name: f.Name, Statistic: statistic, P: p, Bias: &bias, Error: &se, Allowed: &allowed})
}

// batches is into how many pieces the second half of a chain is cut.
const batches = 64

// ShortestChain is how many samples a chain has at least: one in each batch.
const ShortestChain = 2 * batches

// batches returns the standard error of a chain's mean from those of batches of its
// second half, so that one that was not at rest when it began is seen, and notes the
// autocorrelation time.
func (r *runner) batches(phi []float64, law moments) float64 {
	chain := r.samples.Chain
	half := chain[len(chain)/2:]
	means, n := make([]float64, batches), len(half)
	for b := range means {
		lo, hi := n*b/batches, n*(b+1)/batches
		for _, cell := range half[lo:hi] {
			means[b] += phi[cell] / float64(hi-lo)
		}
	}
	mean, square := Sum(means)/batches, 0.0
	for _, m := range means {
		square += (m - mean) * (m - mean)
	}
	variance := square / (batches - 1) / batches // of the mean of the half
	r.slowest = max(r.slowest, float64(n)*variance/law.variance)
	return math.Sqrt(variance * float64(n) / float64(len(chain)))
}

// apart is after how many autocorrelation times, 2/(1 − ρ) steps of a slowest
// correlation ρ, samples are taken for independent: e⁻⁶ of it is left.
const apart = 3

// thin leaves samples of a chain that are nearly independent.
func (r *runner) thin() {
	every := max(1, int(math.Ceil(apart*r.slowest)))
	if r.slowest <= 1.5 { // not to be told from independent ones: τ is known to a fifth
		every = 1
	}
	r.weight = make([]float64, len(r.Mass))
	for i := 0; i < len(r.samples.Chain); i += every {
		r.weight[r.samples.Chain[i]]++
	}
	r.total = Sum(r.weight)
	r.n = r.total
}

// Survival tests how many of n particles are left, alive, against the mass of a
// law.
func Survival(mass, allowed float64, alive, n int) Test {
	allowed += rounding
	bias := float64(alive)/float64(n) - mass
	se := math.Sqrt(mass * max(0, 1-mass) / float64(n))
	excess := max(0, math.Abs(bias)-allowed)
	out := Test{Name: "mass", Statistic: bias / se, P: math.Erfc(excess / se / math.Sqrt2), Bias: &bias, Error: &se, Allowed: &allowed}
	if se == 0 {
		out.Statistic, out.P = math.Copysign(math.Inf(1), bias), 0
		if excess == 0 {
			out.Statistic, out.P = 0, 1
		}
	}
	return out
}

// Decide marks the tests that pass at a level over all of them (Holm 1979), and
// reports whether all do.
func Decide(tests []Test, level float64) bool {
	order := make([]int, len(tests))
	for i := range order {
		order[i] = i
		tests[i].Pass = true
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case tests[a].P < tests[b].P:
			return -1
		case tests[a].P > tests[b].P:
			return 1
		}
		return 0
	})
	for rank, i := range order {
		if tests[i].P > level/float64(len(tests)-rank) {
			return rank == 0
		}
		tests[i].Pass = false
	}
	return len(tests) == 0
}
