package verification

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"fokker/cases"
)

// refusal is what the program says it does not do.
type refusal struct {
	scheme, of string // a column of the summary, or what else is refused
	reason     string // that it has to name
	text       string // a whole case

	said string // by the program
}

func refusals() []refusal {
	const (
		linear   = "[process]\ndrift = { x = '-x' }\ndiffusion = 1\n"
		well     = "[process]\npotential = 'x^2/2'\ntemperature = 1\n"
		rest     = "[stationary]\n"
		start    = "[initial]\nmean = { x = 0 }\nstd = { x = 0.5 }\n[evolve]\ntimes = [1]\n"
		stencils = "[numerics]\norder = 4\n"
		waves    = "[numerics]\norder = 'spectral'\n"
		descent  = "loss = 'x^2/2'\ncovariance = { 'x,x' = 1.0 }\nlearning_rate = 0.1\nbatch_size = 1\n"
	)
	line := func(more ...string) string { return axis("x", -5, 5, append(more, "cells = 40")...) }
	four := box(-5, 5, "cells = 8") + axis("w", -5, 5, "cells = 8")
	return []refusal{
		{fourth, "closed face", "faces on axis", line("faces = [0.0]") + linear + rest + stencils, ""},
		{spectral, "closed face", "faces on axis", line("faces = [0.0]") + linear + rest + waves, ""},
		{spectral, "absorbing", "absorbing end", line(absorbing) + linear + start + waves, ""},
		{spectral, "reflecting, equal cells", "carry mass", axis("x", -1, 1, "cells = 40") + linear + rest + waves, ""},
		{fourth, "coefficients that are not smooth", "abs in a coefficient", line() + "[process]\ndrift = { x = '-abs(x)*x' }\ndiffusion = 1\n" + rest + stencils, ""},
		{fourth, "a point at the start", "starts at a point", line() + linear + "[initial]\npoint = { x = 0.0 }\n[evolve]\ntimes = [1]\n" + stencils, ""},
		{isothermal, "Stratonovich", "beside `temperature`", line() + well + "calculus = 'stratonovich'\n" + rest, ""},
		{isothermal, "optimiser", "unknown key", line() + "[sgd]\n" + descent + "temperature = 1\n" + rest, ""},
		{streams, "coefficients in t", "rates that do not depend on time", line() + "[process]\ndrift = { x = 'cos(t) - x' }\n" + start + "method = 'strang'\n", ""},
		{normal, "order 4", "fourth order by themselves", line() + "[sgd]\nmodel = 'chain'\n" + descent + rest + stencils, ""},
		{normal, "killing", "unknown key", line() + "[sgd]\nmodel = 'chain'\nkilling = 1\n" + descent + rest, ""},
		{spectral, "four axes", "of which it takes 3", four + "[process]\ndrift = { x = '-x' }\ndiffusion = 1\n" + rest + waves, ""},
		{fitted, "jumps", "unknown key", line() + linear + "[jumps]\nalpha = 1.5\n" + rest, ""},
	}
}

// ask runs the case, which has to fail for a reason.
func (r *refusal) ask(t *testing.T) {
	t.Helper()
	c, err := cases.Parse("case", []byte(r.text), nil)
	if err == nil {
		_, err = c.Run(context.Background(), cases.Options{})
	}
	if err == nil || !strings.Contains(err.Error(), r.reason) {
		t.Errorf("%s, %s: %v, want a refusal that names %q", r.scheme, r.of, err, r.reason)
		return
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	r.said = place.ReplaceAllString(first, "")
}

// place is where a mistake stands in the case.
var place = regexp.MustCompile(`^(case(:\d+)?|solvers): `)

// unlike are combinations that there are not, or that would show nothing new.
var unlike = map[string]map[string]string{
	fitted:   each("one axis only", "two axes", "three axes", "four axes"),
	central:  each("fitted", "one axis"),
	selling:  each("nothing to couple", "one axis").and("Selling × central", "three axes", "four axes"),
	selling3: each("three axes only", "one axis", "two axes").and("Selling × central", "four axes"),
	rank:     each("nothing to couple", "one axis").and("as on two", "three axes", "four axes"),
	upwind:   each("no noise", "Stratonovich", "isothermal, potential").and("as on two", "three axes", "four axes"),
	streams:  each("as on two", "three axes", "four axes"),
	normal:   each("an atom", "reflecting").and("crossed", "closed face").and("an optimiser", kindNames[:7]...).and("as on two", "three axes", "four axes"),
	batches:  each("an atom", "reflecting").and("crossed", "closed face").and("an optimiser", kindNames[:7]...).and("as Gaussian", "absorbing", "periodic", "uneven cells", "two axes", "three axes", "four axes"),
}

// answers are those of columns.
type answers map[string]string

func each(answer string, columns ...string) answers { return answers{}.and(answer, columns...) }

func (a answers) and(answer string, columns ...string) answers {
	for _, c := range columns {
		if a[c] == "" {
			a[c] = answer
		}
	}
	return a
}

// No cell of the summary is without an answer.
func TestNoCombinationIsWithoutAnAnswer(t *testing.T) {
	r := &report{refused: refusals()}
	for _, s := range sections() {
		var all []*outcome
		for i := range s.problems {
			all = append(all, &outcome{problem: &s.problems[i], on: make([]measured, 2)})
		}
		r.outcomes = append(r.outcomes, all)
	}
	var b strings.Builder
	r.summary(&b)
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, "?") {
			t.Error(line)
		}
	}
}
