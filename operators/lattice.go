package operators

import (
	"math"
	"slices"

	"fokker/grid"
)

// lattice is the centres of the cells of an axis as places that a step leads to.
// Beyond both walls it goes on with cells as wide as the last ones; what is farther
// than that counts at the places −1 and n.
type lattice struct {
	edges, centers, widths []float64
	ends                   [2]grid.Boundary
	even                   bool // cells are equal but for rounding
}

func newLattice(g *grid.Grid, k int) *lattice {
	l := &lattice{edges: g.Axis(k).Edges, centers: g.Centers(k), widths: g.Widths(k), ends: g.Axis(k).Ends}
	l.even = slices.Max(l.widths)-slices.Min(l.widths) < 1e-9*slices.Max(l.widths) // what this does to a mean is rounding
	return l
}

func (l *lattice) cells() int     { return len(l.centers) }
func (l *lattice) periodic() bool { return l.ends[0] == grid.Periodic }

// turn returns the cell of a place of a periodic axis, and how often it goes around.
func (l *lattice) turn(j int) (cell, turns int) {
	n := l.cells()
	turns = j / n
	if cell = j - turns*n; cell < 0 {
		cell, turns = cell+n, turns-1
	}
	return cell, turns
}

// mostTurns is how often a step may go around a periodic axis, by its mean, of which
// more turns leave less than seven digits, and by its standard deviation, whose places
// are counted one by one.
const (
	mostTurns = 1e9
	mostWound = 10
)

// winds reports whether a step goes around a periodic axis too often.
func (l *lattice) winds(mean, std float64) bool {
	return l.periodic() && (math.Abs(mean) > mostTurns*l.length() || std > mostWound*l.length())
}

func (l *lattice) length() float64 { return l.edges[l.cells()] - l.edges[0] }

func (l *lattice) center(j int) float64 {
	n := l.cells()
	switch {
	case j >= 0 && j < n:
		return l.centers[j]
	case l.periodic():
		cell, turns := l.turn(j)
		return l.centers[cell] + float64(turns)*l.length()
	case j < 0:
		return l.centers[0] + float64(j)*l.widths[0]
	}
	return l.centers[n-1] + float64(j-n+1)*l.widths[n-1]
}

// edge returns the lower edge of a place.
func (l *lattice) edge(j int) float64 {
	n := l.cells()
	switch {
	case j >= 0 && j <= n:
		return l.edges[j]
	case l.periodic():
		cell, turns := l.turn(j)
		return l.edges[cell] + float64(turns)*l.length()
	case j < 0:
		return l.edges[0] + float64(j)*l.widths[0]
	}
	return l.edges[n] + float64(j-n)*l.widths[n-1]
}

func (l *lattice) width(j int) float64 {
	if l.periodic() {
		j, _ = l.turn(j)
	}
	return l.widths[max(0, min(j, l.cells()-1))]
}

// find returns the place whose cell holds x, on axes that are not periodic between
// −1 and n: all that is farther counts there.
func (l *lattice) find(x float64) int {
	n := l.cells()
	turns := 0
	if l.periodic() {
		turns = int(math.Floor((x - l.edges[0]) / l.length()))
		x -= float64(turns) * l.length()
	}
	switch {
	case x < l.edges[0]:
		return turns*n - 1
	case x >= l.edges[n]:
		return turns*n + n
	}
	j, exact := slices.BinarySearch(l.edges, x)
	if !exact {
		j--
	}
	return turns*n + j
}

// beyond returns the place of x, which find has at place j, that is its own beyond a
// wall as well.
func (l *lattice) beyond(j int, x float64) int {
	switch n := l.cells(); {
	case l.periodic():
	case j < 0:
		return -1 - int((l.edges[0]-x)/l.widths[0])
	case j >= n:
		return n + int((x-l.edges[n])/l.widths[n-1])
	}
	return j
}

// share is a part of a step's law along one axis: the masses of consecutive places.
// Its mean and variance are those asked for, but where the variance is less than
// places allow.
type share struct {
	first    int       // place of mass[0]
	mass     []float64 // Σ = 1
	at       []float64 // where each stands
	mean     float64
	variance float64
	rest     float64 // of the variance: within what is beyond the walls
}

// Of a variance, in squares of the width of a cell: from manyPlaces on, a Gaussian's
// masses in cells are its law, below, three places are; from cellsFit on, what cells do
// to its moments is known (Sheppard 1898) up to e^(−2π²·1.42) < 1e-12.
const (
	manyPlaces = 0.5
	cellsFit   = 1.5
)

// normal spreads a Gaussian over places, up to so many standard deviations.
//
// The masses are those that a Gaussian has in cells. Standing at centres they would
// have h²/12 too much variance, so that the Gaussian has so much less (Sheppard
// 1898): what is left is of order h⁴. Where cells vary or are hardly narrower than
// it, mean and variance are corrected until those of the masses are right. A narrower
// one is put on three places with the mean and the variance, and where even two have
// more, on the two that keep the mean.
func (l *lattice) normal(s *share, mean, variance, reach float64) {
	j := l.find(mean)
	h := l.width(j)
	switch {
	case !l.periodic() && (j < 0 && mean < l.edges[0]-reach*math.Sqrt(variance)-h || j == l.cells() && mean > l.edges[j]+reach*math.Sqrt(variance)+h):
		s.point(j, mean)
	case variance < manyPlaces*h*h:
		l.narrow(s, l.beyond(j, mean), mean, variance)
	case l.even && variance >= cellsFit*h*h:
		l.integrate(s, mean, math.Sqrt(variance-h*h/12), reach)
		s.mean, s.variance = mean, variance
	default:
		l.match(s, mean, variance, reach)
	}
}

// point puts all on one place.
func (s *share) point(j int, mean float64) {
	s.first, s.mass, s.at = j, append(s.mass[:0], 1), append(s.at[:0], mean)
	s.mean, s.variance = mean, 0
}

// narrow puts a mean and a variance on the centre of place j and those beside it.
func (l *lattice) narrow(s *share, j int, mean, variance float64) {
	f := mean - l.center(j)
	if f == 0 && variance == 0 {
		s.point(j, mean)
		return
	}
	down, up := l.center(j)-l.center(j-1), l.center(j+1)-l.center(j)
	variance = max(variance, f*(up-f), -f*(down+f))
	square := f*f + variance
	below, above := (square-f*up)/(down*(up+down)), (square+f*down)/(up*(up+down))
	below, above = max(below, 0), max(above, 0) // of two places the third has rounding
	if j == 0 && l.ends[0] == grid.Absorbing {
		below = 0 // what is inside of the wall is not lost
	}
	if j == l.cells()-1 && l.ends[1] == grid.Absorbing {
		above = 0
	}
	s.first, s.mean, s.variance = j-1, mean, variance
	s.mass = append(s.mass[:0], below, 1-below-above, above)
	s.at = append(s.at[:0], l.center(j-1), l.center(j), l.center(j+1))
}

// least returns the variance that a Gaussian has on places: its own, or the least that
// keeps the mean.
func (l *lattice) least(mean, variance float64) float64 {
	j := l.find(mean)
	if h := l.width(j); variance >= manyPlaces*h*h {
		return variance
	}
	f, down, up := mean-l.center(j), l.center(j)-l.center(j-1), l.center(j+1)-l.center(j)
	return max(variance, f*(up-f), -f*(down+f))
}

// integrate writes the masses of a Gaussian in cells. The first and the last place
// have its tails.
func (l *lattice) integrate(s *share, mean, std, reach float64) {
	lo, hi := l.find(mean-reach*std), l.find(mean+reach*std)
	s.first, s.mass, s.at = lo, s.mass[:0], s.at[:0]
	inside := lo >= 0 && hi < l.cells() // as it is for most: places are cells
	if inside {
		s.at = append(s.at, l.centers[lo:hi+1]...)
	}
	scale := 1 / (math.Sqrt2 * std)
	before, below := 0.0, false // erfc|z| at the edge below, first −∞, and whether z > 0 there
	for j := lo; j <= hi; j++ {
		tail, above := 0.0, true // at ∞
		if j < hi {
			edge := 0.0
			if inside {
				edge = l.edges[j+1]
			} else {
				edge = l.edge(j + 1)
			}
			z := (edge - mean) * scale
			tail, above = math.Erfc(math.Abs(z)), z > 0
		}
		m := 0.0
		switch {
		case !above:
			m = (tail - before) / 2
		case below:
			m = (before - tail) / 2
		default:
			m = 1 - (before+tail)/2
		}
		s.mass = append(s.mass, m)
		if !inside {
			s.at = append(s.at, l.center(j))
		}
		before, below = tail, above
	}
	l.standTails(s, mean, std)
}

// standTails lets what is beyond the places −1 and n stand at its own mean, and notes
// its variance around that.
func (l *lattice) standTails(s *share, mean, std float64) {
	s.rest = 0
	if l.periodic() {
		return
	}
	last := len(s.mass) - 1
	if s.first == -1 && s.mass[0] > 0 {
		z := (mean - l.edges[0]) / std
		away := hazard(z)
		s.at[0] = mean - std*away
		s.rest += s.mass[0] * std * std * (1 + z*away - away*away)
	}
	if s.first+last == l.cells() && s.mass[last] > 0 {
		z := (l.edges[l.cells()] - mean) / std
		away := hazard(z)
		s.at[last] = mean + std*away
		s.rest += s.mass[last] * std * std * (1 + z*away - away*away)
	}
}

// hazard is φ(z)/(1 − Φ(z)), how far a normal number above z lies on average.
func hazard(z float64) float64 {
	if z > 30 {
		return z + 1/z // the error is less than z⁻³
	}
	return math.Exp(-z*z/2) / (math.Sqrt(math.Pi/2) * math.Erfc(z/math.Sqrt2))
}

// match corrects a Gaussian until its masses have the mean and the variance.
func (l *lattice) match(s *share, mean, variance, reach float64) {
	h := l.width(l.find(mean))
	at, square := mean, variance-h*h/12
	for range 30 {
		l.integrate(s, at, math.Sqrt(square), reach)
		s.measure()
		off, wide := mean-s.mean, variance-s.variance
		if math.Abs(off) <= 1e-13*h && math.Abs(wide) <= 1e-13*h*h {
			break
		}
		at, square = at+off, max(square+wide, variance/4)
	}
}

// measure takes mean and variance of the masses.
func (s *share) measure() {
	s.mean, s.variance = 0, 0
	from := s.at[len(s.at)/2]
	for i, m := range s.mass {
		s.mean += m * (s.at[i] - from)
	}
	for i, m := range s.mass {
		d := s.at[i] - from - s.mean
		s.variance += m * d * d
	}
	s.mean, s.variance = s.mean+from, s.variance+s.rest
}

// land returns the cell of a place, or that what goes there is lost. Beyond a wall
// that reflects it stays in the last cell, as an optimiser does that cannot leave.
func (l *lattice) land(j int) (cell int, lost bool) {
	n := l.cells()
	switch {
	case l.periodic():
		cell, _ = l.turn(j)
		return cell, false
	case j < 0:
		return 0, l.ends[0] == grid.Absorbing
	case j >= n:
		return n - 1, l.ends[1] == grid.Absorbing
	}
	return j, false
}
