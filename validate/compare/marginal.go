package compare

import (
	"math"
	"math/rand/v2"

	"fokker/grid"
)

const (
	// groups is into how many equal numbers of cells an axis is cut at most.
	groups = 256
	// replicates of the null law of distances are drawn; a tail that fewer than
	// seen reach is bounded instead.
	replicates = 10000
	seen       = 10
)

// marginal tests the law of one axis by the largest difference of distribution
// functions (Kolmogorov 1933, Smirnov) and by the area between them, the distance
// W₁ of Wasserstein. Their null laws are those of a Brownian bridge at the values
// of the distribution function, drawn with a fixed seed. A law that may be wrong
// lies within the distances of its changes.
func (r *runner) marginal(k int) {
	line := newLine(r.Grid, k)
	law, found := line.along(r.Mass), line.along(r.weight)
	for i := range found {
		found[i] = found[i]/r.total - law[i]
	}
	if steps(law) < 2 {
		return
	}
	sup, area := line.distances(found)
	supAllowed, areaAllowed := r.Tolerance/2, r.Tolerance*line.spread(law) // the deviation of an indicator is at most ½
	for _, c := range r.Changes {
		s, a := line.distances(line.along(c))
		supAllowed, areaAllowed = supAllowed+s, areaAllowed+a
	}
	root := math.Sqrt(r.n)
	sups, areas := line.null(law)
	x := root * max(0, sup-supAllowed-rounding)
	kolmogorov := math.Min(1, 2*math.Exp(-2*x*x)) // of a continuous law, which lies above
	name := r.Grid.Axis(k).Name
	r.out.Tests = append(r.out.Tests, Test{Name: "KS " + name, Statistic: sup, P: level(x, sups, kolmogorov)})
	y := root * max(0, area-areaAllowed-rounding*line.spread(law))
	// A functional of a Gaussian process exceeds its mean by u with probability
	// exp(−u²/2σ²) at most (Borell 1975; Tsirelson, Ibragimov and Sudakov 1976);
	// a function that grows no faster than x has no more than the variance of x.
	u, bound := y-Sum(areas)/replicates, 1.0
	if u > 0 {
		bound = math.Exp(-u * u / (2 * line.spread(law) * line.spread(law)))
	}
	r.out.Tests = append(r.out.Tests, Test{Name: "W1 " + name, Statistic: area, P: level(y, areas, bound)})
}

// level returns how often draws of the null law are as large, or the bound of
// their tail.
func level(x float64, draws []float64, bound float64) float64 {
	count := 0.0
	for _, d := range draws {
		if d >= x {
			count++
		}
	}
	p := (count + 1) / (replicates + 1)
	if count < seen {
		return math.Min(p, bound)
	}
	return p
}

func steps(law []float64) (n int) {
	for _, m := range law {
		if m > 0 {
			n++
		}
	}
	return n
}

// line is an axis cut into groups of cells.
type line struct {
	grid   *grid.Grid
	axis   int
	group  []int     // of every cell along the axis
	center []float64 // of groups
}

func newLine(g *grid.Grid, k int) *line {
	n := g.Cells(k)
	parts := min(n, groups)
	l := &line{g, k, make([]int, n), make([]float64, parts)}
	count := make([]float64, parts)
	for i, x := range g.Centers(k) {
		j := i * parts / n
		l.group[i] = j
		l.center[j] += x
		count[j]++
	}
	for j := range l.center {
		l.center[j] /= count[j]
	}
	return l
}

// along sums numbers of cells by groups.
func (l *line) along(x []float64) []float64 {
	out := make([]float64, len(l.center))
	stride, n, at := l.grid.Stride(l.axis), l.grid.Cells(l.axis), 0
	for lo := 0; lo < len(x); lo += stride {
		for _, v := range x[lo : lo+stride] {
			out[l.group[at]] += v
		}
		if at++; at == n {
			at = 0
		}
	}
	return out
}

// distances returns the largest |Σ| up to a group, and the area below it.
func (l *line) distances(d []float64) (sup, area float64) {
	s := 0.0
	for i := range len(d) - 1 {
		s += d[i]
		sup = math.Max(sup, math.Abs(s))
		area += math.Abs(s) * (l.center[i+1] - l.center[i])
	}
	return sup, area
}

// spread is the standard deviation along the axis.
func (l *line) spread(law []float64) float64 {
	mean := expect(law, l.center)
	square := 0.0
	for i, m := range law {
		square += m * (l.center[i] - mean) * (l.center[i] - mean)
	}
	return math.Sqrt(square)
}

// null draws both distances of √n times the differences of counts.
func (l *line) null(law []float64) (sups, areas []float64) {
	sups, areas = make([]float64, replicates), make([]float64, replicates)
	r, d, root := rand.New(rand.NewPCG(1, 1)), make([]float64, len(law)), make([]float64, len(law))
	for i, m := range law {
		root[i] = math.Sqrt(m)
	}
	for j := range sups {
		total := 0.0
		for i := range d {
			d[i] = 0
			if root[i] > 0 {
				d[i] = root[i] * r.NormFloat64()
			}
			total += d[i]
		}
		for i, m := range law {
			d[i] -= m * total
		}
		sups[j], areas[j] = l.distances(d)
	}
	return sups, areas
}
