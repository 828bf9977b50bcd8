package verification

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// report is all that the page shows.
type report struct {
	sections []section
	outcomes [][]*outcome // by section
	stepping []stepping
	settled  []settled
	refused  []refusal
	takes    []takes
}

const head = `# Verification

Every scheme, boundary and kind of process against laws that are known, on ladders
of meshes. ` + "`make verification`" + ` solves all of them and writes this page; ` + "`go test`" + `
solves the coarser meshes of the same ladders, and fails where an order is not met.

The error is the L1 distance Σ|mᵢ − Mᵢ| of the masses of all cells from the exact
ones, Mᵢ = ∫ p over cell i by Gauss–Legendre quadrature of the exact density. The law
is a closed form, or was chosen first and drift or killing made to have it (the
method of manufactured solutions, Roache 1998): with a density p, a tensor D, and a
flow J whose divergence is −∂p/∂t, the drift b = (∇·(Dp) + J)/p has the law p.
Derivatives in the case files are exact. The observed order is that between the
two finest meshes, log(e/e′)/log(n′/n); it passes if it is at least that of theory
less 0.2, or if the error is rounding. A figure, an expectation as the program
reports it, has its own column. Figures in all are in [known answers](known.md).

Walls that are far carry far less mass than the errors; the others carry much of it.

![Errors of all laws against the width of cells, both over those of the coarsest mesh, with slopes 1, 2 and 4](verification.png)

`

// solved counts the rows of the page that there are, and those that it has when none is
// left out by -run nor has failed before its end.
func (r *report) solved() (solved, rows int) {
	for i, s := range r.sections {
		solved, rows = solved+len(r.outcomes[i]), rows+len(s.problems)+s.paired()
	}
	for _, s := range r.stepping {
		if len(s.truth) == len(tolerances) {
			solved++
		}
	}
	return solved + len(r.settled) + len(r.takes), rows + len(r.stepping) + len(kinds())
}

// paired is how many problems are solved by elimination and by multigrid.
func (s section) paired() (n int) {
	for i := range s.problems {
		if s.problems[i].pair {
			n++
		}
	}
	return n
}

// write writes verification.md.
func (r *report) write(dir string) error {
	var b strings.Builder
	b.WriteString(head)
	r.summary(&b)
	for i, s := range r.sections {
		fmt.Fprintf(&b, "## %s\n\n", s.title)
		if s.about != "" {
			fmt.Fprintf(&b, "%s\n\n", s.about)
		}
		b.WriteString("| process | scheme | walls | law | cells an axis | L1 errors | order | theory | figure: error, order | verdict |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
		for _, o := range r.outcomes[i] {
			o.row(&b)
		}
		b.WriteString("\n")
	}
	r.writeRefused(&b)
	r.writeStepping(&b)
	r.writeSettled(&b)
	if err := r.draw(dir); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "verification.md"), []byte(strings.TrimRight(b.String(), "\n")+"\n"), 0o666)
}

func (o *outcome) row(b *strings.Builder) {
	var cells, errs []string
	for i, m := range o.on {
		cells, errs = append(cells, fmt.Sprint(o.cells[i])), append(errs, short(m.law))
	}
	order, _ := o.observed()
	figureOrder, figureError := o.finest(figure)
	verdict := "passes"
	if !o.passes() {
		verdict = "**fails**"
	}
	rate := fmt.Sprintf("%.2f", figureOrder)
	if figureError < exact {
		rate = "exact"
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %.2f | %g, %s | E %s: %s, %s | %s%s |\n", o.kind, o.scheme, o.walls, o.name,
		strings.Join(cells, ", "), strings.Join(errs, ", "), order, o.order, o.from, o.figure, short(figureError), rate, verdict, o.mark())
}

func (p *problem) mark() string {
	if p.note == "" {
		return ""
	}
	return "; " + p.note
}

func short(v float64) string { return strings.Replace(fmt.Sprintf("%.1e", v), "e-0", "e-", 1) }

// classes of walls and of processes, by a word of their descriptions.
var (
	ofWalls     = []string{"far", "reflecting", "absorbing", "periodic", "closed face", "axis|axes"}
	wallNames   = []string{"far", "reflecting", "absorbing", "periodic", "closed face", "uneven cells"}
	ofKind      = []string{"additive", "multiplicative|mobility", "Stratonovich", "isothermal|potential", "rotation|force|temperatures|driven|drift across|no noise", "killing", "in t", "optimiser"}
	kindNames   = []string{"additive", "multiplicative", "Stratonovich", "isothermal, potential", "driven round", "killing", "coefficients in t", "optimiser"}
	axisNames   = []string{"one axis", "two axes", "three axes", "four axes"}
	summarised  = "Lowest observed order, of as many problems as stand in brackets; what is of first order says why below, and what is refused, by what words, at the end. Where there are absorbing walls or killing there is no law at rest.\n\n"
	schemeOrder = []string{fitted, central, isothermal, selling, selling3, rank, upwind, streams, normal, batches, fourth, spectral}
)

// summary writes schemes against walls and against processes.
func (r *report) summary(b *strings.Builder) {
	b.WriteString("## Summary\n\n" + summarised)
	r.matrix(b, wallNames, ofWalls, func(o *outcome) string { return o.walls })
	r.matrix(b, kindNames, ofKind, func(o *outcome) string { return o.kind })
	r.matrix(b, axisNames, axisNames, func(o *outcome) string { return axisNames[strings.Count(o.text, "[[axis]]")-1] })
}

func (r *report) matrix(b *strings.Builder, names, words []string, of func(*outcome) string) {
	fmt.Fprintf(b, "| scheme | %s |\n|%s\n", strings.Join(names, " | "), strings.Repeat(" --- |", len(names)+1))
	for _, scheme := range schemeOrder {
		fmt.Fprintf(b, "| %s |", scheme)
		for i, word := range words {
			fmt.Fprintf(b, " %s |", cmp.Or(r.lowest(scheme, word, of), r.isRefused(scheme, names[i]), unlike[scheme][names[i]], "?"))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// lowest is the least order of a scheme's problems that one of the words describes.
func (r *report) lowest(scheme, words string, of func(*outcome) string) string {
	least, count := math.Inf(1), 0
	for _, outcomes := range r.outcomes {
		for _, o := range outcomes {
			hit := slices.ContainsFunc(strings.Split(words, "|"), func(w string) bool { return strings.Contains(of(o), w) })
			if order, _ := o.observed(); o.scheme == scheme && hit {
				least, count = min(least, order), count+1
			}
		}
	}
	if count == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f (%d)", least, count)
}

func (r *report) isRefused(scheme, column string) string {
	if slices.ContainsFunc(r.refused, func(no refusal) bool { return no.scheme == scheme && no.of == column }) {
		return "refused"
	}
	return ""
}

const aboutRefused = `## What is refused

In the program's words.

| scheme | of | answer |
| --- | --- | --- |
`

func (r *report) writeRefused(b *strings.Builder) {
	b.WriteString(aboutRefused)
	for _, no := range r.refused {
		fmt.Fprintf(b, "| %s | %s | %s |\n", no.scheme, no.of, no.said)
	}
	b.WriteString("\n")
}

const aboutStepping = `## Steps in time

The L1 error that a run reports for its integration in time, and the true one, on
small meshes: against exp(tQᵀ), dense, by scaling and squaring (Higham 2005), or
against the method itself, as accurate as rounding allows, where there is no matrix.
The true error must not exceed what was asked for, or what is reported if that is
more. The observed order is that of the true error in the number of steps, from 1e-5
to 1e-9; steps vary, as they do in every run. Orders with equal steps are asserted in
package solvers.

`

func (r *report) writeStepping(b *strings.Builder) {
	b.WriteString(aboutStepping)
	b.WriteString("| method | problem | theory | observed |")
	for _, tolerance := range tolerances {
		fmt.Fprintf(b, " %.0e: true, reported, steps |", tolerance)
	}
	fmt.Fprintf(b, " against |\n|%s\n", strings.Repeat(" --- |", 5+len(tolerances)))
	for _, s := range r.stepping {
		theory, observed := "exact, "+s.from, ""
		if s.order > 0 {
			theory, observed = fmt.Sprintf("%d, %s", s.order, s.from), fmt.Sprintf("%.1f", s.observed())
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |", s.method, s.problem, theory, observed)
		for i := range tolerances {
			fmt.Fprintf(b, " %s, %s, %d |", short(s.truth[i]), short(s.reported[i]), s.steps[i])
		}
		reference := s.reference
		if reference == itself {
			reference += ", ± " + short(s.uncertain)
		}
		fmt.Fprintf(b, " %s |\n", reference)
	}
	b.WriteString("\n")
	r.writeTakes(b)
}

const aboutSettled = `## Solvers of stationary laws

The L1 distance of multigrid, asked for 1e-8, from elimination (Grassmann, Taksar and
Heyman 1985), whose masses are right to rounding.

| problem | cells an axis | elimination | multigrid | distance |
| --- | --- | --- | --- | --- |
`

const sources = `
## Sources

Those of [references.md](references.md), and

* R. Cameron and W. Martin, The Wiener measure of Hilbert neighborhoods in the space
  of real continuous functions, J. Math. Phys. 23, 1944.
* R. Courant, E. Isaacson and M. Rees, On the solution of nonlinear hyperbolic
  differential equations by finite differences, Comm. Pure Appl. Math. 5, 1952.
* D. Cox and H. Miller, The Theory of Stochastic Processes, 1965.
* N. Higham, The scaling and squaring method for the matrix exponential revisited,
  SIAM J. Matrix Anal. Appl. 26, 2005.
* A. Jensen, Markoff chains as an aid in the study of Markoff processes, Skand.
  Aktuarietidskr. 36, 1953.
* P. Roache, Verification and Validation in Computational Science and Engineering,
  1998.
`

func (r *report) writeSettled(b *strings.Builder) {
	b.WriteString(aboutSettled)
	for _, s := range r.settled {
		fmt.Fprintf(b, "| %s | %d | %s | %s | %s |\n", s.name, s.cells, s.gth, s.mg, short(s.apart))
	}
	b.WriteString(sources)
}
