package cases

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// widths returns the smallest and the largest cell of an axis.
func (s *survey) widths(k int) string {
	if s.grid == nil {
		return ""
	}
	least, most := math.Inf(1), 0.0
	for _, h := range s.grid.Widths(k) {
		least, most = min(least, h), max(most, h)
	}
	if most-least < 1e-6*most { // equal but for rounding
		return fmt.Sprintf("%.4g", most)
	}
	return fmt.Sprintf("%.4g to %.4g", least, most)
}

// faces lists the faces of an axis and says which nothing crosses.
func (s *survey) faces(k int, a AxisSpec) string {
	parts := make([]string, len(a.Faces))
	for i, f := range a.Faces {
		parts[i] = fmt.Sprintf("%g", f)
		if slices.Contains(s.closed[k], f) {
			parts[i] += " (closed)"
		}
	}
	return strings.Join(parts, ", ")
}

func (s *survey) warnings() (out []string) {
	p := s.problem
	if s.looked == 0 {
		return nil
	}
	if s.looked < p.size() {
		out = append(out, fmt.Sprintf("(from %d of %d cells)", s.looked, p.size()))
	}
	before := len(out)
	for k, a := range p.Axes {
		out = append(out, s.meshWarnings(a.Name, s.axis[k])...)
	}
	for k, a := range p.Axes {
		for side, name := range [2]string{"lower", "upper"} {
			out = append(out, s.axis[k].wall[side].warnings(name+" wall of "+a.Name)...)
		}
	}
	out = append(out, s.initialWarnings()...)
	if len(out) == before {
		return nil
	}
	return out
}

func (s *survey) meshWarnings(axis string, seen seen) (out []string) {
	if s.problem.Order != 0 || s.problem.Chain != nil { // its scheme has no rates
		return nil
	}
	share := func(cells int) string { return percent(float64(cells) / float64(s.looked)) }
	if seen.fitted > 0 {
		out = append(out, fmt.Sprintf("axis %s: |b|h > 2D in %s of the cells, |b|h/(2D) up to %.3g: %s; more cells help", axis, share(seen.fitted), seen.peclet, s.consequence()))
	}
	if seen.upwind > 0 {
		out = append(out, fmt.Sprintf("axis %s: drift without noise in %s of the cells: rates are upwind there, of first order", axis, share(seen.upwind)))
	}
	return out
}

// consequence is what a mesh does that does not resolve the drift.
func (s *survey) consequence() string {
	if s.problem.reversible != nil {
		return "a Gibbs law stays exact, other figures lose accuracy there"
	}
	return "rates are exponentially fitted there, of an order between 2 and 1"
}

func (w wallSeen) warnings(wall string) (out []string) {
	part := func(cells int) string {
		if cells == w.cells {
			return "everywhere"
		}
		return "in " + percent(float64(cells)/float64(w.cells)) + " of its cells"
	}
	if w.outwards > 0 {
		out = append(out, fmt.Sprintf("%s, reflecting: the drift points outwards %s, and mass that gets there piles up", wall, part(w.outwards)))
	}
	if w.still > 0 {
		out = append(out, fmt.Sprintf("%s, reflecting: noise without drift %s: only the wall confines the mass", wall, part(w.still)))
	}
	return out
}

// initialWarnings says where the initial law is narrower than a cell.
func (s *survey) initialWarnings() (out []string) {
	in := s.problem.Initial
	if in == nil || in.Std == nil {
		return nil
	}
	for k, a := range s.problem.Axes {
		i := min(max(0, searchEdge(s.grid.Axis(k).Edges, in.Mean[k])), a.Cells-1)
		if h := s.grid.Widths(k)[i]; in.Std[k] < h {
			out = append(out, fmt.Sprintf("axis %s: the standard deviation %g of the initial law is less than a cell, %.3g", a.Name, in.Std[k], h))
		}
	}
	return out
}
