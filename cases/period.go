package cases

import (
	"fmt"
	"math"

	"fokker/grid"
	"fokker/operators"
)

// readPeriod reads the period of the coefficients and refuses one with which
// they do not recur.
func (r *reader) readPeriod(t *table, p *Problem) {
	e := t.find("period")
	if e == nil {
		return
	}
	p.Period = r.positive(t, "period", 0)
	if len(r.mistakes) > 0 {
		return
	}
	if !p.Unsteady {
		r.fail(e.line, "process.period", fmt.Sprintf("found %v for coefficients that do not depend on t", p.Period), "no period", "")
		return
	}
	g, err := p.Grid()
	if err != nil {
		return // said where axes are read
	}
	if what, at, differs := p.recurs(g); differs {
		r.fail(e.line, "process.period", fmt.Sprintf("found %v, but the %s at t = %.4g and a period later differ", p.Period, what, at), "coefficients that recur", "for example period = \"2*pi/w\" for sin(w*t)")
	}
}

// mostPeriods may pass in [evolve]: each takes some twenty steps.
const mostPeriods = 1e6

// checkPeriods refuses a period that is far below all times that are asked for.
func (r *reader) checkPeriods(file *table, p *Problem) {
	times := p.Evolve.Times
	if p.Period == 0 || len(times) == 0 || times[len(times)-1] <= mostPeriods*p.Period {
		return
	}
	line := 0
	if t, ok := file.at("process"); ok {
		line = lineOf(t, "period")
	}
	r.fail(line, "process.period", fmt.Sprintf("found %v, of which %.3g pass until the end of [evolve]", p.Period, times[len(times)-1]/p.Period), fmt.Sprintf("at most %.0e", mostPeriods), "coefficients that change so fast act by their means over a period")
}

// phases of a period at which coefficients are compared, no simple fractions.
var phases = [...]float64{0, .1415926535, .4142135623, .7182818284}

// recurs compares the coefficients on a coarse set of cells with those a period
// later.
func (p *Problem) recurs(g *grid.Grid) (what string, at float64, differs bool) {
	x := someCells(g)
	for _, phase := range phases {
		at = phase * p.Period
		now, then := p.coefficientsAt(x, at), p.coefficientsAt(x, at+p.Period)
		for what, columns := range now {
			if !alike(columns, then[what]) {
				return what, at, true
			}
		}
	}
	return "", 0, false
}

// someCells returns the centres of some hundred cells.
func someCells(g *grid.Grid) [][]float64 {
	x, n := operators.Columns(g.Dim(), 1), min(g.Size(), 257)
	some := operators.Columns(g.Dim(), n)
	for i := range n {
		cell := i * (g.Size() / n)
		g.Points(x, grid.Range{Lo: cell, Hi: cell + 1})
		for k := range x {
			some[k][i] = x[k][0]
		}
	}
	return some
}

func (p *Problem) coefficientsAt(x [][]float64, t float64) map[string][][]float64 {
	dim, n := len(x), len(x[0])
	out := map[string][][]float64{"drift": operators.Columns(dim, n), "diffusion": operators.Columns(dim*dim, n)}
	p.Process.Drift(out["drift"], x, t)
	p.Process.(operators.Diffusive).Diffusion(out["diffusion"], x, t)
	if p.Killing != nil {
		out["killing"] = operators.Columns(1, n)
		p.Killing(out["killing"][0], x, t)
	}
	return out
}

// alike allows for the rounding of phases, of a period written with some digits.
func alike(a, b [][]float64) bool {
	largest, apart := 0., 0.
	for k := range a {
		for i, v := range a[k] {
			largest, apart = max(largest, math.Abs(v)), max(apart, math.Abs(v-b[k][i]))
		}
	}
	return apart <= 1e-6*largest
}
