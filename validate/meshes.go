package validate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"fokker/cases"
	"fokker/grid"
	"fokker/operators"
)

const (
	fewestCells  = 8 // of an axis on the coarsest mesh
	fewestAround = 3 // of a periodic one
)

func times(cells []int) string {
	return strings.Join(strings.Fields(strings.Trim(fmt.Sprint(cells), "[]")), " × ")
}

// plan chooses the meshes.
func (c *Convergence) plan(p *cases.Problem, l Ladder) error {
	levels := cmp.Or(l.Levels, usualLevels)
	if levels < 2 {
		return fmt.Errorf("validate: %d meshes, expected at least 2", levels)
	}
	for k := range levels {
		factor := math.Ldexp(1, -k)
		if l.Finer {
			factor = math.Ldexp(1, levels-1-k)
		}
		cells, why := scaled(p, factor)
		if why != "" {
			c.warn("the ladder ends after %d of %d meshes: on the next %s", k, levels, why)
			break
		}
		c.Levels = append(c.Levels, Level{Label: times(cells), Cells: cells, change: onCells(cells)})
	}
	if len(c.Levels) < 2 {
		hint := "--cells gives it more, --finer climbs instead"
		if l.Finer {
			hint = "--levels asks for fewer meshes"
		}
		return &cases.Mistake{File: c.Case, Key: "axis.cells", Found: strings.Join(c.Warnings, ""), Hint: hint}
	}
	slices.Reverse(c.Levels)
	if c.Own = len(c.Levels) - 1; l.Finer {
		c.Own = 0
	}
	c.measure()
	return nil
}

// onCells is a case on other meshes.
func onCells(cells []int) func(*cases.Case) (*cases.Case, error) {
	return func(c *cases.Case) (*cases.Case, error) {
		for k, n := range cells {
			c.Problem.Axes[k].Cells = n
		}
		return c, nil
	}
}

// scaled returns the numbers of cells times the factor, or why there is no such
// mesh.
func scaled(p *cases.Problem, factor float64) (cells []int, why string) {
	all := 1.0
	for _, a := range p.Axes {
		exact := factor * float64(a.Cells)
		if all *= exact; all > grid.MaxCells {
			return nil, fmt.Sprintf("there would be %.3g cells, more than %d", all, grid.MaxCells)
		}
		n := int(math.Round(exact))
		if factor < 1 {
			why = tooFew(a, n, p.Order)
		}
		if why != "" {
			return nil, why
		}
		cells = append(cells, n)
	}
	return cells, ""
}

// tooFew says why an axis cannot have so few cells, "" if it can.
func tooFew(a cases.AxisSpec, n int, order operators.Order) string {
	least := fewestCells
	if a.Ends[0] == grid.Periodic {
		least = max(fewestAround, cases.FewestOf[order])
	}
	if n < least {
		return fmt.Sprintf("axis %q would have %d cells, fewer than %d", a.Name, n, least)
	}
	if _, _, err := a.Spacing.Edges(a.Lo, a.Hi, n, a.Faces...); err != nil {
		return fmt.Sprintf("axis %q would have %d cells, too few for its faces", a.Name, n)
	}
	return ""
}

// measure sets the widths h, the geometric mean over axes, and warns of meshes
// that are no multiples of each other.
func (c *Convergence) measure() {
	finest := c.Levels[len(c.Levels)-1].Cells
	uneven := false
	for k := range c.Levels {
		product := 1.0
		for axis, n := range c.Levels[k].Cells {
			product *= float64(finest[axis]) / float64(n)
			uneven = uneven || finest[axis]%n != 0
		}
		c.Levels[k].H = math.Pow(product, 1/float64(len(finest)))
	}
	if uneven {
		c.warn("the cells of the meshes do not divide each other: orders are approximate; a number of cells divisible by %d would do", 1<<(len(c.Levels)-1))
	}
}
