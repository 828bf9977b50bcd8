package verification

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"fokker/cases"
)

// takes is what every method of evolve does with every kind of equation: the L1 distance
// from the law of tighter steps, or that it is refused.
type takes struct {
	kind    string
	answers []string // by method
}

// evolving are the names of methods.
var evolving = []string{"", "adi", "strang", "directions", "sdirk4", "sdirk4-lines", "sdirk4-direct", "sdirk4-split", "sdirk4-sweeps", "sdirk4-cycles", "uniformisation", "contour", "chebyshev"}

const asked = 1e-5 // of every method

func kinds() [][2]string {
	const (
		walls  = "cells = 12"
		start  = "[initial]\nmean = { x = 0.5 }\nstd = { x = 0.6 }\n"
		start2 = "[initial]\nmean = { x = 0.5, y = 0 }\nstd = { x = 0.6, y = 0.6 }\n"
		linear = "[process]\ndrift = { x = '-0.5*x - 0.5*y', y = '0.5*x - 0.5*y' }\n"
		along  = linear + "diffusion = { x = 1, y = 0.6 }\n"
	)
	line := axis("x", -4, 4, "cells = 40") + "[process]\ndrift = { x = 'x - x^3' }\ndiffusion = 0.5\n" + start
	return [][2]string{
		{"one axis", line},
		{"two axes", square(-2.5, 2.5, walls) + along + start2},
		{"noise that couples", square(-2.5, 2.5, walls) + linear + "diffusion = { 'x,x' = 1, 'x,y' = 0.4, 'y,y' = 0.6 }\n" + start2},
		{"coefficients in t", square(-2.5, 2.5, walls) + strings.Replace(along, "0.5*x - 0.5*y'", "0.5*x - 0.5*y + sin(3*t)'", 1) + start2},
		{"absorbing walls, killing", square(-2.5, 2.5, walls, absorbing) + along + "killing = 0.3\n" + start2},
		{"an axis without noise", square(-2.5, 2.5, walls) + linear + "diffusion = { y = 0.6 }\n" + start2},
		{"a ring, noise that couples", square(-2.5, 2.5, walls, periodic) + "[process]\ndrift = { x = 0.5 }\ndiffusion = { 'x,x' = 1, 'x,y' = 0.4, 'y,y' = 0.6 }\n" + start2},
		{"order 4", line + "[numerics]\norder = 4\n"},
	}
}

// evolved is the law at ½ of a case by a method.
func evolved(text, method string, tolerance float64) (*cases.EvolveResult, error) {
	task := "[evolve]\ntimes = [0.5]\ntolerance = " + literal(tolerance) + "\n"
	if method != "" {
		task += "method = '" + method + "'\n"
	}
	c, err := cases.Parse("case", []byte(text+task), nil)
	if err != nil {
		return nil, err
	}
	r, err := c.Run(context.Background(), cases.Options{Workers: 1})
	if err != nil {
		return nil, err
	}
	return r.Evolve, nil
}

// A method that takes an equation has the error that it reports and was asked for.
func methodsTake(t *testing.T) (out []takes) {
	for _, k := range kinds() {
		row := takes{kind: k[0]}
		for _, method := range evolving {
			got, err := evolved(k[1], method, asked)
			if err != nil {
				if method == "" || !strings.Contains(err.Error(), method) {
					t.Errorf("%s by %q: %v", k[0], method, err)
				}
				row.answers = append(row.answers, "refused")
				continue
			}
			want, err := evolved(k[1], method, 1e-9)
			if err != nil {
				t.Fatal(err)
			}
			off := distance(got.Masses[0], want.Masses[0])
			if off > max(asked, got.TimeError) {
				t.Errorf("%s by %q: error %.2g, reported %.2g", k[0], method, off, got.TimeError)
			}
			answer := short(off)
			if method == "" {
				answer += ", `" + got.Method + "`"
			}
			row.answers = append(row.answers, answer)
		}
		out = append(out, row)
	}
	return out
}

const aboutTakes = `What every method does with every kind of equation, asked for an L1 error of 1e-5: its
distance from its own law to 1e-9, on fewer cells than sdirk4-cycles takes.

`

func (r *report) writeTakes(b *strings.Builder) {
	b.WriteString(aboutTakes + "| method |")
	for _, k := range r.takes {
		fmt.Fprintf(b, " %s |", k.kind)
	}
	fmt.Fprintf(b, "\n|%s\n", strings.Repeat(" --- |", 1+len(r.takes)))
	for i, method := range evolving {
		name := "its own choice"
		if method != "" {
			name = "`" + method + "`"
		}
		fmt.Fprintf(b, "| %s |", name)
		for _, k := range r.takes {
			fmt.Fprintf(b, " %s |", k.answers[i])
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}
