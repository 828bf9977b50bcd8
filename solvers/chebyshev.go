package solvers

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/dsp/fourier"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"fokker/operators"
)

// byChebyshev is the series of the exponential of A = Qᵀ in Chebyshev's polynomials on
// an ellipse around its spectrum, with half axes a and b, that touches 0 from below (Tal-Ezer and
// Kosloff 1984 on an interval, Huisinga et al. 1999 on ellipses),
//
//	exp(tA) m = Σ c_k(t) S_k m,   S₁ = (A + a)/(a + b),   S_k+1 = 2 S₁ S_k − (a − b)/(a + b) S_k−1,
//
// where c₀, c₁/2, c₂/2, … are the coefficients of Fourier of exp(tλ) along the ellipse, λ(θ) =
// a (cos θ − 1) + i b sin θ: none of them is more than 1. About √(2(a + b)t ln(1/ε)) + bt
// products with A are an error of ε, at all times until t at once.
const byChebyshev = "chebyshev"

const (
	enclosing  = 40   // dimensions of the space in which the spectrum is seen
	wider      = 1.1  // than the spectrum there is the ellipse
	ellipses   = 16   // that are tried
	slow       = 0.02 // of the fastest decay is what may be outside the ellipse
	lengthy    = 1000 // products after which it is worth to see whether the law has come to rest
	shorter    = 16   // times is the time until then than that of all
	mostByName = 1e7  // products, beyond which any other method is better
	sampled    = 8    // products between looks at what is left of a series
)

// absorber is an operator that tells what it takes from the mass of every cell.
type absorber interface {
	operators.Generator
	Absorption() []float64
}

// chebyshev is an evolution under way. Errors are relative to the mass.
type chebyshev struct {
	Settings
	operator        absorber
	a, b            float64   // half axes of the ellipse
	m               []float64 // at the base, with one cell more for what is absorbed
	base, mass      float64
	spent           float64         // error of m
	last, now, next []float64       // S_k−1 m, S_k m, S_k+1 m
	longest         float64         // window in which rounding does not grow too much
	asked           []float64       // times to come
	limits          operators.Rowed // whose jumps make laws nonnegative; nil: of any sign
	limiter         *limiter        // nil until it is wanted
	out             *Evolution
}

// newChebyshev looks at the spectrum of an operator.
func newChebyshev(q absorber, m0, times []float64, set Settings) *chebyshev {
	n := len(m0) + 1
	c := &chebyshev{
		Settings: set, operator: q, mass: sum(m0), longest: math.Inf(1), asked: times,
		m: make([]float64, n), last: make([]float64, n), now: make([]float64, n), next: make([]float64, n),
		out: &Evolution{Report: Report{Method: byChebyshev}, Times: times},
	}
	copy(c.m, m0)
	c.enclose(times[len(times)-1])
	return c
}

// byProducts evolves the law of a generator.
func byProducts(q operators.Rowed, m0, times []float64, set Settings) (*Evolution, error) {
	if changes(q) {
		return nil, unsuited(byChebyshev)
	}
	c := newChebyshev(q, m0, times, set)
	c.limits = q
	return c.run()
}

// forward writes A x; the last cell gets what is absorbed.
func (c *chebyshev) forward(dst, x []float64) {
	n := len(x) - 1
	c.operator.Forward(dst[:n], x[:n])
	dst[n] = 0
	if lost := c.operator.Absorption(); lost != nil {
		dst[n] = dot(lost, x[:n])
	}
	c.out.WorkUnits++
}

// products returns about how many products with A are a series until a time.
func (c *chebyshev) products(t float64) float64 {
	digits := -math.Log(min(c.Tolerance/2, coarse))
	return c.b*t + math.Sqrt(2*(c.a+c.b)*t*digits) + digits
}

func (c *chebyshev) run() (*Evolution, error) {
	began := time.Now()
	if n := c.products(c.asked[len(c.asked)-1]); n > mostByName {
		return nil, fmt.Errorf("solvers: evolve: %s needs %.3g products, expected less than %.0g: use another method", byChebyshev, n, mostByName)
	}
	for len(c.asked) > 0 {
		var err error
		if c.asked[0] <= c.base || c.mass == 0 || c.rests() {
			err = c.answer(slices.Clone(c.m))
		} else {
			err = c.advance(c.window())
		}
		if err != nil {
			return nil, err
		}
	}
	c.out.Elapsed += time.Since(began)
	return c.out, nil
}

// window returns the length of the next series: to the end, or a part of that after
// which a long way may be over.
func (c *chebyshev) window() float64 {
	h := c.asked[len(c.asked)-1] - c.base
	for c.base == 0 && c.products(h) > lengthy {
		h /= shorter
	}
	if c.base > 0 {
		h = min(h, (shorter-1)*c.base)
	}
	if h > c.longest {
		h = h / math.Ceil(h/c.longest)
	}
	return h
}

// rests reports whether the law moves no more than the tolerance until the end, and
// counts that as an error; then it serves until the end.
func (c *chebyshev) rests() bool {
	end := c.asked[len(c.asked)-1]
	if c.base == 0 {
		return false
	}
	c.forward(c.next, c.m)
	motion := (end - c.base) * l1(c.next) / c.mass
	if !(c.spent+motion <= c.Tolerance) {
		return false
	}
	c.spent += motion
	c.base = end
	return true
}

// answer records a law at the next time asked for.
func (c *chebyshev) answer(law []float64) error {
	if debt := overdrawn(law); debt > 0 && c.limits != nil {
		if c.limiter == nil {
			c.limiter = newLimiter(c.limits)
		}
		if !c.limiter.settle(law) {
			return &NotConverged{"limiter", debt / c.mass, c.out.Steps}
		}
		c.out.Limited++
		c.out.Error = max(c.out.Error, c.spent+2*debt/c.mass)
	}
	c.out.Error = max(c.out.Error, c.spent)
	n := len(law) - 1
	c.out.Masses, c.out.Lost = append(c.out.Masses, law[:n]), append(c.out.Lost, law[n])
	c.asked = c.asked[1:]
	return nil
}

// advance answers what is asked for within a window and moves the base to its end; where
// rounding grows too much, the next window is shorter.
func (c *chebyshev) advance(h float64) error {
	end := c.base + h
	if !(end > c.base) || !(h >= shortest) {
		return &NotConverged{byChebyshev, h, c.out.Steps}
	}
	var at []float64
	for _, t := range c.asked {
		if t <= end {
			at = append(at, t-c.base)
		}
	}
	served := len(at)
	at = append(at, h)
	laws, found, ok, err := c.series(at)
	if err != nil {
		return err
	}
	if !ok {
		c.out.Rejected++
		c.longest = h / 2
		return nil
	}
	c.out.Steps++
	c.spent += found
	for _, law := range laws[:served] {
		if err := c.answer(law); err != nil {
			return err
		}
	}
	c.base, c.m = end, laws[served]
	return nil
}

// series returns the laws at times after the base, the last of them the latest, and their
// error; ok is false where rounding has grown to more than is allowed.
func (c *chebyshev) series(times []float64) (laws [][]float64, found float64, ok bool, err error) {
	allowed := c.Tolerance / 4 * times[len(times)-1] / c.out.Times[len(c.out.Times)-1]
	weights, largest := c.coefficients(times)
	laws = operators.Columns(len(times), len(c.m))
	left := slices.Repeat([]float64{1}, len(times)) // of what coefficients sum to at 0, where mass is
	ratio := (c.a - c.b) / (c.a + c.b)
	terms, highest := tail{digits: allowed * c.mass}, floats.MaxIdx(weights[len(weights)-1])
	for k := 0; ; k++ {
		c.term(k, ratio)
		if k > 0 && k%sampled == 0 {
			c.tell(times[len(times)-1], k)
			c.balance(c.now, atZero(ratio, k))
			c.balance(c.last, atZero(ratio, k-1))
		}
		for j, w := range weights {
			if k < len(w) {
				left[j] -= w[k] * atZero(ratio, k)
				addScaled(laws[j], w[k], c.now)
			}
		}
		size := l1(c.now)
		done := terms.add(largest[k] * size)
		terms.rough += size
		noise := roundoff * (float64(k+1)*terms.sum + terms.rough) / c.mass
		if !(noise <= max(allowed, quiet)) {
			return nil, noise, false, nil
		}
		whole := k == len(largest)-1
		if whole {
			terms.left = 0 // the noise has it
		}
		if whole || done && k > highest {
			return laws, terms.left/c.mass + c.complete(laws, left) + noise, true, nil
		}
		if err := c.Context.Err(); err != nil {
			return nil, 0, false, err
		}
	}
}

// complete adds to laws what a series that ends lacks of the mass, and returns the most that it is.
func (c *chebyshev) complete(laws [][]float64, left []float64) (lacking float64) {
	for j, part := range left {
		addScaled(laws[j], part, c.m)
		lacking = max(lacking, math.Abs(part))
	}
	return lacking
}

// tell reports how far a series over a time has come.
func (c *chebyshev) tell(h float64, k int) {
	if c.Progress != nil {
		c.Progress((c.base + h*min(1, float64(k)/c.products(h))) / c.out.Times[len(c.out.Times)-1])
	}
}

// term replaces S_k−1 m by S_k m.
func (c *chebyshev) term(k int, ratio float64) {
	if k == 0 {
		copy(c.now, c.m)
		return
	}
	c.forward(c.next, c.now)
	times, before := 2/(c.a+c.b), ratio
	if k == 1 {
		times, before = times/2, 0
	}
	for i, v := range c.now {
		c.next[i] = times*(c.next[i]+c.a*v) - before*c.last[i]
	}
	c.last, c.now, c.next = c.now, c.next, c.last
}

// atZero returns S_k where A is 0.
func atZero(ratio float64, k int) float64 {
	if k == 0 {
		return 1
	}
	return (1 + math.Pow(ratio, float64(k))) / 2
}

// balance takes off what rounding has added to the sum of S_k m, which the recurrence would add
// up: it is known.
func (c *chebyshev) balance(x []float64, known float64) {
	addScaled(x, known-sum(x)/sum(c.m), c.m)
}

// coefficients returns c_k at some times, without those at the end that are less than rounding,
// and the largest of each k.
func (c *chebyshev) coefficients(times []float64) (weights [][]float64, largest []float64) {
	last := times[len(times)-1]
	points := 64
	for float64(points) < 4*(c.b*last+math.Sqrt(2*(c.a+c.b)*last*-math.Log(roundoff))-math.Log(roundoff)) {
		points *= 2
	}
	fft, along := fourier.NewCmplxFFT(points), make([]complex128, points)
	for _, t := range times {
		for i := range along {
			sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(points))
			turnSin, turnCos := math.Sincos(t * c.b * sin)
			grown := math.Exp(t * c.a * (cos - 1))
			along[i] = complex(grown*turnCos, grown*turnSin)
		}
		fft.Coefficients(along, along)
		count := points / 2
		for count > 1 && 2*math.Abs(real(along[count-1])) < roundoff*float64(points) {
			count--
		}
		w := make([]float64, count)
		for k := range w {
			w[k] = 2 * real(along[k]) / float64(points)
		}
		w[0] /= 2
		weights = append(weights, w)
		for k, v := range w {
			if k == len(largest) {
				largest = append(largest, 0)
			}
			largest[k] = max(largest[k], math.Abs(v))
		}
	}
	return weights, largest
}

// tail watches terms fall and says what is left of their sum.
type tail struct {
	digits    float64 // that may be left
	sum, left float64
	rough     float64 // Σ ‖S_k m‖: by rounding a coefficient is wrong, or left out, by an ε of 1
	most, old float64 // largest of the terms since the last look, and before that
	count     int
}

// add takes the next term, and returns whether as little is left as may be. Terms fall
// faster and faster, being products of the coefficients, which do, and of
// polynomials, which grow as powers at most.
func (t *tail) add(term float64) (done bool) {
	t.sum += term
	t.most = max(t.most, term)
	if t.count++; t.count%sampled > 0 {
		return false
	}
	fall := t.most / t.old
	t.left = sampled * t.most * fall / (1 - fall)
	done = t.count > sampled && fall < 1 && t.left <= t.digits
	t.old, t.most = t.most, 0
	return done
}

// enclose finds the ellipse around Ritz's values in a space of Krylov's (Arnoldi 1951) from a
// law without order, with which the way to a time is the shortest: the eigenvalues at the edge of the
// spectrum come first. What decays slowly may be a little outside.
func (c *chebyshev) enclose(end float64) {
	values, left, up := ritzValues(c.forward, len(c.m), enclosing), 0., 0.
	for _, v := range values {
		left, up = max(left, -real(v)), max(up, math.Abs(imag(v)))
	}
	fewest := math.Inf(1)
	for try := range ellipses {
		ellipse := chebyshev{Settings: c.Settings, a: wider * max(left/2, up/ellipses, shortest) * math.Pow(1.25, float64(try))}
		for _, v := range values {
			if real(v) < -slow*left {
				x := max(-0.99, real(v)*wider/ellipse.a+1)
				ellipse.b = max(ellipse.b, wider*math.Abs(imag(v))/math.Sqrt(1-x*x))
			}
		}
		if n := ellipse.products(end); n < fewest {
			fewest, c.a, c.b = n, ellipse.a, ellipse.b
		}
	}
}

// ritzValues returns the eigenvalues of the projection of A on a space of Krylov's.
func ritzValues(apply func(dst, x []float64), size, dimensions int) []complex128 {
	random := rand.New(rand.NewPCG(0, 0))
	basis := [][]float64{make([]float64, size)}
	for i := range basis[0] {
		basis[0][i] = random.NormFloat64()
	}
	floats.Scale(1/math.Sqrt(dot(basis[0], basis[0])), basis[0])
	dimensions = min(dimensions, size)
	h, known := mat.NewDense(dimensions, dimensions, nil), 0
	for j := range dimensions {
		w := make([]float64, size)
		apply(w, basis[j])
		whole := math.Sqrt(dot(w, w))
		for i, v := range basis { // Gram and Schmidt, one after the other
			h.Set(i, j, dot(w, v))
			addScaled(w, -h.At(i, j), v)
		}
		known = j + 1
		norm := math.Sqrt(dot(w, w))
		if known == dimensions || !(norm > roundoff*float64(size)*whole) {
			break
		}
		h.Set(j+1, j, norm)
		floats.Scale(1/norm, w)
		basis = append(basis, w)
	}
	var eigen mat.Eigen
	eigen.Factorize(h.Slice(0, known, 0, known), mat.EigenNone)
	return eigen.Values(nil)
}
