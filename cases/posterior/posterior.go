// Package posterior integrates the tempered posterior e^(−L/T)/Z of a loss on a
// box: −ln Z, mean and variance of the loss at any temperature, masses of the
// cells of a grid, and what their fall with the temperature says of the
// singularities of the loss.
//
// The one idea is a partition of the box that is refined where e^(−L/T) asks for
// it, at falling temperatures in turn, so that valleys are found while they are
// wide and followed as they become narrow. The package knows no cases, no noise
// and no laws other than this one.
package posterior

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"fokker/grid"
	"fokker/operators"
)

// Landscape is a loss on a box.
type Landscape struct {
	Lower, Upper []float64
	Loss         func(dst []float64, x [][]float64)
	Gradient     func(dst, x [][]float64)
	Hessian      func(dst, x [][]float64) // the lower triangle, row by row
	Workers      int                      // 0 is 1; results do not depend on it
	Most         int                      // values of the loss in a partition; 0 is 2e7
}

// Thermal is the posterior at a temperature.
type Thermal struct {
	Temperature  float64
	LogZ         float64 // ln ∫ e^(−L/T) dx
	Loss         float64 // ⟨L⟩
	HeatCapacity float64 // Var L / T²
	Error        float64 // estimated relative error of Z, of ⟨L − least L⟩ and of its square together
}

// Partition is the boxes into which the box is divided, with the values of the loss
// that are known.
type Partition struct {
	Landscape
	boxes []box
	rule  *rule
	known int // values of the loss
	low   float64
	at    float64 // the lowest temperature that it is refined for
}

// box is a part of the box and what its integrals at the present temperature are.
type box struct {
	lo, hi  [4]float64
	loss    []float64 // at the points of the rule
	moments [3]float64
	error   float64
	split   int // axis along which the integrand is roughest
	stale   bool
}

// first is the number of boxes along every axis, by dimension, with which it begins.
var first = [...]int{1: 32, 2: 12, 3: 6, 4: 4}

// New divides the box of a landscape evenly.
func New(ctx context.Context, l Landscape) (*Partition, error) {
	return l.divided(ctx, first[len(l.Lower)])
}

// divided makes n boxes along every axis.
func (l Landscape) divided(ctx context.Context, n int) (*Partition, error) {
	dim, count := len(l.Lower), 1
	p := &Partition{Landscape: l, rule: newRule(kronrod, dim), low: math.Inf(1), at: math.Inf(1)}
	if p.Most == 0 {
		p.Most = 2e7
	}
	for range dim {
		count *= n
	}
	for i := range count {
		b, rest := box{}, i
		for k := range dim {
			at, width := float64(rest%n), (l.Upper[k]-l.Lower[k])/float64(n)
			b.lo[k], b.hi[k] = l.Lower[k]+at*width, l.Lower[k]+(at+1)*width
			rest /= n
		}
		p.boxes = append(p.boxes, b)
	}
	return p, p.evaluate(ctx)
}

// evaluate fills in the loss in the boxes where it is not known.
func (p *Partition) evaluate(ctx context.Context) error {
	var boxes []*box
	for i := range p.boxes {
		if p.boxes[i].loss == nil {
			boxes = append(boxes, &p.boxes[i])
		}
	}
	nodes := p.rule.size()
	parts := grid.Range{Hi: len(boxes)}.Split(max(1, p.Workers))
	errs := make([]error, len(parts))
	grid.Range{Hi: len(parts)}.Each(len(parts), func(one grid.Range) {
		x := operators.Columns(len(p.Lower), nodes)
		for i := parts[one.Lo].Lo; i < parts[one.Lo].Hi; i++ {
			b := boxes[i]
			b.loss, b.stale = make([]float64, nodes), true
			p.rule.points(x, b.lo[:], b.hi[:])
			p.Loss(b.loss, x)
			if k := slices.IndexFunc(b.loss, notFinite); k >= 0 {
				errs[one.Lo] = &PointError{b.loss[k], pointAt(x, k)}
				return
			}
			if errs[one.Lo] = ctx.Err(); errs[one.Lo] != nil {
				return
			}
		}
	})
	p.known += nodes * len(boxes)
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	for _, b := range boxes {
		p.low = min(p.low, slices.Min(b.loss))
	}
	return nil
}

// PointError says that the loss has no usable value at a point.
type PointError struct {
	Value float64
	Point []float64
}

func (e *PointError) Error() string {
	return fmt.Sprintf("posterior: the loss is %v at %v, expected a finite number", e.Value, e.Point)
}

func notFinite(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

func pointAt(x [][]float64, i int) []float64 {
	out := make([]float64, len(x))
	for k := range x {
		out[k] = x[k][i]
	}
	return out
}

// ErrRough says that a temperature asks for a finer partition than may be.
var ErrRough = errors.New("posterior: the loss is too rough, or the temperature too low, for the values that may be taken")

// cooling is the factor by which the temperature falls at a time, and rough the
// accuracy on the way, which is enough to follow the valleys.
const (
	cooling = 4
	rough   = 1e-2
)

// At integrates at a temperature, to a relative tolerance. It refines the partition
// for it; temperatures are best asked for from high to low. With ErrRough come the
// integrals with the error that is left.
func (p *Partition) At(ctx context.Context, temperature, tolerance float64) (Thermal, error) {
	p.at = min(p.at, p.span())
	for ; temperature < p.at/cooling; p.at /= cooling {
		_, err := p.refine(ctx, p.at/cooling, rough)
		if errors.Is(err, ErrRough) {
			break // nor is any lower one followed
		}
		if err != nil {
			return Thermal{}, err
		}
	}
	p.at = min(p.at, temperature)
	out := Thermal{Temperature: temperature}
	var err error
	if out.Error, err = p.refine(ctx, temperature, tolerance); err != nil && !errors.Is(err, ErrRough) {
		return out, err
	}
	var m [3]float64
	for i := range p.boxes {
		for k, v := range p.boxes[i].moments {
			m[k] += v
		}
	}
	mean := m[1] / m[0]
	out.LogZ, out.Loss = math.Log(m[0])-p.low/temperature, p.low+temperature*mean
	out.HeatCapacity = m[2]/m[0] - mean*mean
	return out, err
}

// span is the difference of the largest and the smallest known loss.
func (p *Partition) span() float64 {
	high := p.low
	for i := range p.boxes {
		high = max(high, slices.Max(p.boxes[i].loss))
	}
	return high - p.low
}

// refine halves boxes until the estimated relative error is within the tolerance.
func (p *Partition) refine(ctx context.Context, temperature, tolerance float64) (float64, error) {
	for i := range p.boxes {
		p.boxes[i].stale = true
	}
	for {
		low := p.low
		p.integrate(temperature)
		total, wrong := 0.0, 0.0
		for i := range p.boxes {
			b := &p.boxes[i]
			total, wrong = total+b.moments[0]+b.moments[1]+b.moments[2], wrong+b.error
		}
		if total == 0 { // nothing but the least loss counts, which no box has at a node
			return math.Inf(1), ErrRough
		}
		if wrong <= tolerance*total {
			return wrong / total, nil
		}
		possible := max(tolerance, 16*roundoff*math.Abs(p.low)/temperature) // beyond that losses are not told apart
		if p.known > p.Most || wrong <= possible*total || possible >= 1 {
			return wrong / total, ErrRough
		}
		err := p.halve(ctx, possible*total/float64(len(p.boxes)))
		if errors.Is(err, ErrRough) {
			return wrong / total, err
		}
		if err != nil {
			return 0, err
		}
		if p.low < low {
			for i := range p.boxes {
				p.boxes[i].stale = true
			}
		}
	}
}

// roundoff is 2⁻⁵².
const roundoff = 0x1p-52

// halve divides the boxes whose error exceeds an even share and that rounding can
// divide; where there is none of them, ErrRough.
func (p *Partition) halve(ctx context.Context, share float64) error {
	fresh := len(p.boxes)
	for i := range fresh {
		b := &p.boxes[i]
		middle := b.lo[b.split] + (b.hi[b.split]-b.lo[b.split])/2
		if b.error <= share || middle == b.lo[b.split] || middle == b.hi[b.split] {
			continue
		}
		b.loss = nil
		upper := *b
		b.hi[b.split], upper.lo[b.split] = middle, middle
		p.boxes = append(p.boxes, upper)
	}
	if len(p.boxes) == fresh {
		return ErrRough
	}
	return p.evaluate(ctx)
}

// integrate computes the integrals of e^(−ℓ), ℓe^(−ℓ) and ℓ²e^(−ℓ), ℓ = (L − low)/T,
// over the boxes that are stale.
func (p *Partition) integrate(temperature float64) {
	grid.Range{Hi: len(p.boxes)}.Each(max(1, p.Workers), func(r grid.Range) {
		value := make([]float64, p.rule.size())
		for i := r.Lo; i < r.Hi; i++ {
			if b := &p.boxes[i]; b.stale {
				p.moments(b, value, temperature)
				b.stale = false
			}
		}
	})
}

// moments integrates over one box.
func (p *Partition) moments(b *box, value []float64, temperature float64) {
	volume := 1.0
	for k := range p.Lower {
		volume *= b.hi[k] - b.lo[k]
	}
	b.moments = [3]float64{}
	for j, loss := range b.loss {
		l := (loss - p.low) / temperature
		e := math.Exp(-l) * volume
		w := p.rule.weight[j] * e
		b.moments[0] += w
		b.moments[1] += w * l
		b.moments[2] += w * l * l
		value[j] = e * (1 + l*(1+l))
	}
	b.error, b.split = p.rule.error(value)
}
