package rundir

import (
	"fmt"
	"math"
	"slices"
)

// Influence is what taking away each example of the data changes.
type Influence struct {
	Table   []byte // influence.csv
	Names   []string
	Removal [][]float64 // per name, of every example
}

const (
	mostInfluences = 6 // in one picture
	mostNamed      = 3 // examples of each whose numbers are written
)

// drawInfluence draws what taking away each example changes, and numbers those that
// change most.
func drawInfluence(r *Result) *page {
	in := r.Influence
	shown := min(len(in.Names), mostInfluences)
	pg := newPage(pageWidth, pageHeight)
	shows := "change foreseen, to first order, where an example is taken away"
	if shown < len(in.Names) {
		shows += "; other figures are in influence.csv"
	}
	pg.heading(r.title(), shows)
	columns := 1 + btoi(shown > 3)
	for i, b := range tiles(shown, columns, box{76, 52, 584, 436}, 76, 40) {
		removal := in.Removal[i]
		p := panel{pg, b, scale{0.5, float64(len(removal)) + 0.5, false}, around(removal)}
		p.curve([]float64{p.x.lo, p.x.hi}, []float64{0, 0}, 0.5, 0, black)
		for j, v := range removal {
			at := float64(j + 1)
			p.curve([]float64{at, at}, []float64{0, v}, thickness(len(removal)), 0, lineColor)
		}
		for _, l := range p.numbers(removal) {
			p.text(l.text, textSize, l.x, l.y, 0.5, black, false)
		}
		a := axes{noNumX: i+columns < shown, crowned: true}
		if !a.noNumX {
			a.x = "example"
		}
		p.frame(a)
		pg.text(italic(fitted(plain(in.Names[i]), textSize+1, b.x1-b.x0)), textSize+1, (b.x0+b.x1)/2, b.y1+5, 0.5, black, false)
	}
	return pg
}

// thickness of one of n bars, in points.
func thickness(n int) float64 { return max(0.4, min(3, 120/float64(n))) }

// barNumber is that of an example, above a place.
type barNumber struct {
	text string
	point
}

// numbers returns those of the examples that change most, at the ends of their bars: to
// one side of these where they would lie on another bar or number, and none where there
// is no room on either side.
func (p *panel) numbers(removal []float64) (out []barNumber) {
	half, taken := thickness(len(removal))/2, make([]box, 0, len(removal)+mostNamed)
	for j, v := range removal {
		a, b := p.place(float64(j+1), 0), p.place(float64(j+1), v)
		taken = append(taken, box{a.x - half, min(a.y, b.y), a.x + half, max(a.y, b.y)})
	}
	for _, j := range largest(removal, mostNamed) {
		if removal[j] == 0 {
			break
		}
		s, q := fmt.Sprint(j+1), p.place(float64(j+1), removal[j])
		q.y += 3
		if removal[j] < 0 {
			q.y -= 6 + textSize
		}
		_, width := pieces(s, textSize)
		for _, aside := range []float64{0, half - width/2, width/2 - half} {
			at := point{p.between(q.x+aside, width), q.y}
			b := box{at.x - width/2, at.y, at.x + width/2, at.y + 0.7*textSize} // digits are as high
			if !slices.ContainsFunc(taken, b.meets) {
				taken, out = append(taken, b), append(out, barNumber{s, at})
				break
			}
		}
	}
	return out
}

// meets reports whether two boxes share an area.
func (b box) meets(c box) bool { return b.x0 < c.x1 && c.x0 < b.x1 && b.y0 < c.y1 && c.y0 < b.y1 }

// around returns a scale that holds the values and 0, with room for numbers.
func around(values []float64) scale {
	lo, hi := min(0, slices.Min(values)), max(0, slices.Max(values))
	if lo == hi {
		return scale{-1, 1, false}
	}
	return scale{lo, hi, false}.padded(0.22)
}

// largest returns the places of so many values of the largest size.
func largest(values []float64, count int) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := math.Abs(values[a]), math.Abs(values[b]); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return order[:min(count, len(order))]
}
