package cases

import (
	"fmt"
	"strings"

	"fokker/cases/expr"
)

func (d *description) equation() {
	if optimiser := d.file.find("sgd"); optimiser != nil {
		d.optimiser(optimiser.value.(*table))
	}
	if eq := d.Problem.equation; eq != nil && d.Problem.Chain == nil {
		d.heading("equation: dX = b dt + σ dW in the sense of Itô, D = σσᵀ/2")
		d.coefficients(eq)
		d.calculus(eq)
	}
}

func (d *description) coefficients(eq *equation) {
	for k, axis := range eq.axes {
		d.line("b "+axis, eq.drift[k].String())
	}
	for k, axis := range eq.axes {
		d.line("D "+axis, eq.diffusion[k][k].String())
		for l := range k {
			if n := eq.diffusion[k][l]; !isZero(n) {
				d.line("D "+eq.axes[l]+","+axis, n.String())
			}
		}
	}
	for k, axis := range eq.axes {
		d.sigma(axis, k, eq.noise)
	}
	if eq.killing != nil {
		d.line("killing", eq.killing.String())
	}
	if d.Problem.Unsteady {
		d.line("time", "coefficients depend on t"+d.recurrence()+"; what follows looks at t = 0")
	}
	if g := eq.gibbs; g != nil {
		d.line("U", g.potential.String())
		for k, axis := range eq.axes {
			d.line("M "+axis, g.mobility[k].String())
			d.line("T "+axis, fmt.Sprintf("%g", g.temperature[k]))
		}
	}
}

func (d *description) recurrence() string {
	if d.Problem.Period == 0 {
		return ""
	}
	return fmt.Sprintf(" with period %g", d.Problem.Period)
}

// sigma writes a row of σ: one entry where noise is diagonal.
func (d *description) sigma(axis string, k int, noise [][]*expr.Node) {
	if noise == nil {
		d.line("σ "+axis, "the symmetric root of 2D")
		return
	}
	if isDiagonal(noise) {
		d.line("σ "+axis, noise[k][k].String())
		return
	}
	row := make([]string, len(noise[k]))
	for c, n := range noise[k] {
		row[c] = n.String()
	}
	d.line("σ "+axis, "["+strings.Join(row, ", ")+"]")
}

func isDiagonal(m [][]*expr.Node) bool {
	for k := range m {
		for l, n := range m[k] {
			if k != l && !isZero(n) || len(m[k]) != len(m) {
				return false
			}
		}
	}
	return true
}

func isZero(n *expr.Node) bool {
	v, number := n.Constant()
	return number && v == 0
}

// calculus says in which sense the process was given and what that added to the
// drift.
func (d *description) calculus(eq *equation) {
	if eq.calculus == "ito" {
		d.line("given", "in the sense of Itô: nothing was added to the drift")
		return
	}
	sense := map[string]string{"stratonovich": "Stratonovich", "isothermal": "Hänggi and Klimontovich (isothermal)"}[eq.calculus]
	d.line("given", "in the sense of "+sense+"; b above holds what this adds to Itô's drift:")
	for k, axis := range eq.axes {
		d.line("  + b "+axis, d.conversion(eq, k))
	}
}

// conversion returns the drift that reader.toIto added along axis k.
func (d *description) conversion(eq *equation, k int) string {
	var terms []*expr.Node
	process := d.file.find("process").value.(*table)
	byNoise := eq.calculus == "stratonovich" && process.find("noise") != nil
	for j, axis := range eq.axes {
		if !byNoise {
			terms = append(terms, slope(eq.diffusion[k][j], axis))
			continue
		}
		for c, s := range eq.noise[k] {
			terms = append(terms, expr.Mul(eq.noise[j][c], slope(s, axis)))
		}
	}
	sum := expr.Add(terms...)
	if eq.calculus == "isothermal" || isZero(sum) {
		return sum.String()
	}
	return "(" + sum.String() + ")/2"
}

// slope returns a derivative that the reader has formed before.
func slope(n *expr.Node, axis string) *expr.Node {
	d, err := n.Diff(axis)
	if err != nil {
		panic(err)
	}
	return d
}
