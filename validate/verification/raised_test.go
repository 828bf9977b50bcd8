package verification

import "strings"

// higher are the orders of [numerics] beyond that of generators.
const (
	fourth   = "order 4"
	spectral = "spectral"
	barad    = "Barad and Colella 2005"
	orszag   = "Orszag 1972"
)

const chebyshev = `spacing = "chebyshev"`

// raised returns a problem with a higher order, on cells of its own.
func (p problem) raised(scheme string, cells ...int) problem {
	p.scheme, p.cells, p.judge, p.quick, p.pair, p.note, p.method = scheme, cells, byLaw, 0, false, "", ""
	p.order, p.from, p.tolerance = 4, barad, 1e-10
	order := "4"
	if scheme == spectral {
		p.order, p.from, p.judge, order = 6, orszag, byLadder, "'spectral'"
	}
	p.text += "[numerics]\norder = " + order + "\n"
	return p
}

// between gives a problem cells that shrink towards walls.
func (p problem) between() problem {
	p.text = strings.ReplaceAll(p.text, "]\n\n", "]\n"+chebyshev+"\n")
	p.walls += ", chebyshev axes"
	return p
}

// late is solved by make verification alone: its coarser meshes are slow, or too coarse.
func (p problem) late() problem {
	p.quick = whole
	return p
}

// boxed moves the walls.
func (p problem) boxed(from, to string) problem {
	p.text = strings.ReplaceAll(p.text, "["+from+"]", "["+to+"]")
	return p
}

// find returns the problem of a section by process, walls and law.
func (s section) find(kind, walls, name string) problem {
	for _, p := range s.problems {
		if p.kind == kind && p.walls == walls && p.name == name {
			return p
		}
	}
	panic("no problem " + kind + ", " + walls + ", " + name)
}

func higherOrders() section {
	rest, moves, plane, planeMoves, tensors, tensorMoves, solid := lineAtRest(), lineInTime(), planeAtRest(), planeInTime(), tensorsAtRest(), tensorsInTime(), space()
	out := section{
		title: "Higher orders",
		about: "Equations of fourth order, and those of all cells of an axis, whose error falls faster than any power: 6 is asked of it from the coarsest mesh to the finest. Their masses may be negative; the others never are.",
	}
	add := func(p ...problem) { out.problems = append(out.problems, p...) }
	add(
		rest.find("additive", "far", "Gaussian of a linear drift").raised(fourth, 30, 60, 120, 240),
		rest.find("additive", "reflecting", "the same cut by walls").raised(fourth, 10, 20, 40, 80),
		rest.find("multiplicative, Itô, driven", "periodic", "current around a circle").raised(fourth, 16, 32, 64, 128),
		rest.find("multiplicative, Stratonovich", "far", "Student's law").raised(fourth, 100, 200, 400),
		rest.find("multiplicative, Itô", "far, sinh axis", "Student's law").raised(fourth, 50, 100, 200, 400),
		moves.find("additive", "reflecting", "wave between walls").raised(fourth, 10, 20, 40),
		moves.find("additive", "absorbing", "sine that decays").raised(fourth, 10, 20, 40),
		moves.find("multiplicative, Itô, in t", "reflecting", "wave driven between walls").raised(fourth, 10, 20, 40),
		moves.find("killing", "far", "Gaussian killed at x²/2 (Cameron and Martin 1944)").raised(fourth, 40, 80, 160),
		plane.find("multiplicative, Itô, rotation", "periodic", "waves on a torus").raised(fourth, 12, 24, 48, 96),
		plane.find("multiplicative, Itô, rotation", "reflecting", "slope between walls").raised(fourth, 12, 24, 48),
		plane.find("multiplicative, Itô, rotation", "reflecting, graded axes", "slope between walls").raised(fourth, 12, 24, 48, 96),
		plane.find("additive, rotation", "far", "two wells and a current").raised(fourth, 32, 64, 128),
		planeMoves.find("additive", "absorbing × absorbing, reflecting", "sines that decay").raised(fourth, 8, 16, 32),
		tensors.find("multiplicative, Itô, rotation", "periodic", "waves on a torus, 10 : 1, turning").raised(fourth, 16, 32, 64, 128),
		tensors.find("multiplicative, Itô, rotation", "far", "bowl, 10 : 1, turning").raised(fourth, 32, 64, 128),
		tensors.find("multiplicative, Itô, rotation", "reflecting", "slope between walls, 10 : 1, turning").raised(fourth, 12, 24, 48, 96),
		tensorMoves.find("additive", "periodic", "wave that moves and decays").raised(fourth, 8, 16, 32),
		solid.find("multiplicative, Itô, rotation", "periodic", "waves on a torus, turning, at rest").raised(fourth, 10, 16, 24),
		rest.find("multiplicative, Itô, driven", "periodic", "current around a circle").raised(spectral, 8, 16, 24),
		rest.find("additive", "far", "two wells").raised(spectral, 64, 80, 96),
		rest.find("multiplicative, Itô", "reflecting", "Student's law cut by walls").between().raised(spectral, 6, 12, 24),
		moves.find("multiplicative, Itô, in t", "reflecting", "wave driven between walls").between().raised(spectral, 6, 9, 12),
		plane.find("multiplicative, Itô, rotation", "periodic", "waves on a torus").raised(spectral, 12, 18, 24),
		plane.find("multiplicative, Itô, rotation", "reflecting", "slope between walls").between().raised(spectral, 6, 9, 12),
		plane.find("multiplicative, Itô, rotation", "periodic × reflecting", "waves between walls").raised(fourth, 12, 24, 48),
		tensors.find("multiplicative, Itô, rotation", "periodic", "waves on a torus, 10 : 1, turning").raised(spectral, 12, 18, 24),
		solid.find("multiplicative, Itô, rotation", "periodic", "waves on a torus, turning, at rest").raised(spectral, 8, 12, 16),
		rest.find("potential", "far", "two wells").raised(fourth, 50, 100, 200),
		rest.find("potential", "far", "two wells").raised(spectral, 64, 80, 96),
		rest.find("potential, mobility", "reflecting", "part of a well").raised(fourth, 16, 32, 64),
		plane.find("multiplicative, Stratonovich", "far", "Gaussian under uneven noise").raised(fourth, 32, 64, 128),
		plane.find("multiplicative, Stratonovich", "far", "Gaussian under uneven noise").boxed("-6, 6", "-8, 8").raised(spectral, 40, 48, 56),
		plane.find("multiplicative, isothermal", "far", "Gaussian under uneven noise").boxed("-6, 6", "-8, 8").raised(spectral, 28, 34, 40),
		plane.find("multiplicative, Itô, rotation", "periodic × reflecting", "waves between walls").between().raised(spectral, 8, 12, 16),
		tensors.find("multiplicative, Itô, rotation", "reflecting", "slope between walls, 10 : 1, turning").between().raised(spectral, 8, 12, 16),
		tensors.find("multiplicative, Itô, rotation", "periodic, graded axes", "waves on a torus, 10 : 1, turning").raised(fourth, 48, 96, 192).late(),
		tensors.find("optimiser, rotation", "far", "Gaussian of SGD").raised(fourth, 32, 64, 128).late(),
		tensors.find("optimiser, rotation", "far", "Gaussian of SGD").raised(spectral, 32, 40, 48),
		tensors.find("multiplicative, Stratonovich, rotation", "periodic", "waves on a torus, noise of two columns").raised(fourth, 12, 24, 48),
		planeMoves.find("multiplicative, Itô, in t", "reflecting", "wave driven between walls").raised(fourth, 8, 16),
		moves.find("killing", "far", "Gaussian killed at x²/2 (Cameron and Martin 1944)").raised(spectral, 32, 40, 48),
		tensorMoves.find("additive, killing", "periodic", "wave killed").raised(fourth, 8, 16, 32),
		solid.find("additive", "reflecting", "slope between walls, at rest").raised(fourth, 8, 12, 16),
		solid.find("additive, rotation", "far, four axes", "Gaussian of a linear drift, at rest").raised(fourth, 12, 16, 20).late(),
		solid.find("multiplicative, isothermal", "periodic", "waves on a torus, turning, at rest").raised(fourth, 10, 16, 24).late(),
		solid.find("additive, killing", "periodic", "wave killed, in time").raised(fourth, 8, 12).late(),
		solid.find("additive", "absorbing × reflecting × periodic", "product of waves, in time").raised(fourth, 8, 12).late(),
	)
	return out
}
