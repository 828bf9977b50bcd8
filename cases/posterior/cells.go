package posterior

import (
	"context"
	"errors"
	"math"
	"slices"

	"fokker/grid"
	"fokker/operators"
)

// Law is the posterior on the cells of a grid.
type Law struct {
	Temperature float64
	Log         []float64   // ln of the mass of every cell, Σ mass = 1
	Mass        []float64   // 0 where it is below the range of float64
	Loss        []float64   // mean of every cell, under the posterior there
	Means       [][]float64 // that of each function
	Error       float64     // estimated relative error of the masses, in the mean over the law
}

// cellTolerance is what errors of all cells together may be: far below what any
// mesh does to a law.
const cellTolerance = 1e-6

// Cells integrates the posterior at a temperature over the cells of a grid, by three
// points of Gauss along every axis and, where those are not enough, a partition of the
// cell, and takes means of functions in each.
func (l Landscape) Cells(ctx context.Context, g *grid.Grid, temperature float64, functions ...func(dst []float64, x [][]float64)) (*Law, error) {
	n := g.Size()
	w := &Law{Temperature: temperature, Log: make([]float64, n), Mass: make([]float64, n), Loss: make([]float64, n), Means: operators.Columns(len(functions), n)}
	wrong := make([]float64, n) // relative
	parts := grid.Range{Hi: n}.Split(max(1, l.Workers))
	errs := make([]error, len(parts))
	grid.Range{Hi: len(parts)}.Each(len(parts), func(one grid.Range) {
		errs[one.Lo] = l.cells(ctx, g, parts[one.Lo], w, wrong, functions)
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	all := w.normalize()
	if err := l.refine(ctx, g, w, all, wrong); err != nil {
		return nil, err
	}
	w.normalize()
	for i, m := range w.Mass {
		w.Error += m * wrong[i]
	}
	return w, nil
}

// cells integrates over the cells of a range.
func (l Landscape) cells(ctx context.Context, g *grid.Grid, r grid.Range, w *Law, wrong []float64, functions []func(dst []float64, x [][]float64)) error {
	dim := g.Dim()
	rule := newRule(gauss, dim)
	size, lo, hi := rule.size(), make([]float64, dim), make([]float64, dim)
	const chunk = 64 // cells
	x, loss, value := operators.Columns(dim, chunk*size), make([]float64, chunk*size), make([]float64, size)
	values := make([]float64, chunk*size)
	return r.Chunks(chunk, func(r grid.Range) error {
		points := part(x, 0, r.Len()*size)
		for i := r.Lo; i < r.Hi; i++ {
			bounds(lo, hi, g, i)
			from := (i - r.Lo) * size
			rule.points(part(points, from, from+size), lo, hi)
		}
		loss := loss[:r.Len()*size]
		l.Loss(loss, points)
		if k := slices.IndexFunc(loss, notFinite); k >= 0 {
			return &PointError{loss[k], pointAt(points, k)}
		}
		for i := r.Lo; i < r.Hi; i++ {
			own := loss[(i-r.Lo)*size : (i-r.Lo+1)*size]
			low, total := slices.Min(own), 0.0
			for j, v := range own {
				value[j] = math.Exp(-(v - low) / w.Temperature)
				total += rule.weight[j] * value[j]
			}
			bad, _ := rule.error(value)
			wrong[i] = bad / total
			w.Log[i] = math.Log(g.Volume(i)) + math.Log(total) - low/w.Temperature
		}
		w.average(w.Loss[r.Lo:r.Hi], loss, loss, rule)
		for f, phi := range functions {
			values := values[:len(loss)]
			phi(values, points)
			w.average(w.Means[f][r.Lo:r.Hi], values, loss, rule)
		}
		return ctx.Err()
	})
}

// average writes the means of values in cells whose points have these losses.
func (w *Law) average(dst, values, loss []float64, rule *rule) {
	size := rule.size()
	for i := range dst {
		own := loss[i*size : (i+1)*size]
		low, total, sum := slices.Min(own), 0.0, 0.0
		for j, v := range own {
			e := rule.weight[j] * math.Exp(-(v-low)/w.Temperature)
			total, sum = total+e, sum+e*values[i*size+j]
		}
		dst[i] = sum / total
	}
}

// refine integrates anew where the error counts; all is ln Z, by which masses have been
// divided.
func (l Landscape) refine(ctx context.Context, g *grid.Grid, w *Law, all float64, wrong []float64) error {
	share := cellTolerance / float64(g.Size())
	for i, m := range w.Mass {
		if m*wrong[i] <= share {
			continue
		}
		inner := l
		inner.Lower, inner.Upper, inner.Workers, inner.Most = make([]float64, g.Dim()), make([]float64, g.Dim()), 1, 1e5
		bounds(inner.Lower, inner.Upper, g, i)
		p, err := inner.divided(ctx, 1)
		if err != nil {
			return err
		}
		p.at = w.Temperature // no valleys are to be followed
		t, err := p.At(ctx, w.Temperature, cellTolerance)
		if err != nil && !errors.Is(err, ErrRough) {
			return err
		}
		if err == nil {
			w.Log[i], wrong[i] = t.LogZ-all, t.Error
		}
	}
	return nil
}

// normalize makes the masses sum to 1 and returns the logarithm of what they were
// divided by.
func (w *Law) normalize() (all float64) {
	top, total := slices.Max(w.Log), 0.0
	for _, v := range w.Log {
		total += math.Exp(v - top)
	}
	all = top + math.Log(total)
	for i := range w.Log {
		w.Log[i] -= all
		w.Mass[i] = math.Exp(w.Log[i])
	}
	return all
}

// bounds writes the lower and upper corner of a cell.
func bounds(lo, hi []float64, g *grid.Grid, cell int) {
	for k := range lo {
		edges, i := g.Axis(k).Edges, g.Along(k, cell)
		lo[k], hi[k] = edges[i], edges[i+1]
	}
}

func part(x [][]float64, lo, hi int) [][]float64 {
	out := make([][]float64, len(x))
	for k := range x {
		out[k] = x[k][lo:hi]
	}
	return out
}
