package verification

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"fokker/cases"
	"fokker/operators"
	"fokker/solvers"
)

// stepping is a method of evolve on a problem, at one tolerance after another.
type stepping struct {
	method, problem string
	order           int // of the table of methods; 0 where there are no steps
	from            string
	reference       string
	text            string

	uncertain       float64 // error of the reference
	reported, truth []float64
	steps           []int
}

// tolerances of stepping.
var tolerances = []float64{1e-3, 1e-5, 1e-7, 1e-9}

const (
	exponential = "matrix exponential"
	itself      = "itself"
)

func steppings() []stepping {
	plane := square(-4, 4, "cells = 14") + turnedDrift + "diffusion = { x = 1, y = 0.6 }\n[initial]\nmean = { x = 1, y = 0.5 }\nstd = { x = 0.7, y = 0.7 }\n[evolve]\ntimes = [1]\n"
	skewed := strings.Replace(plane, "{ x = 1, y = 0.6 }", "{ 'x,x' = 1, 'x,y' = 0.4, 'y,y' = 0.6 }", 1)
	single := axis("x", -4, 4, "cells = 60") + "[process]\ndrift = { x = 'x - x^3' }\ndiffusion = 0.5\n[initial]\nmean = { x = 0.5 }\nstd = { x = 0.4 }\n[evolve]\ntimes = [1]\n"
	pushed := strings.Replace(single, "x - x^3", "x - x^3 + sin(3*t)", 1)
	walls := square(0, 1, "cells = 14", absorbing) + "[process]\ndiffusion = { x = 0.2, y = 0.1 }\n[initial]\nmean = { x = 0.4, y = 0.5 }\nstd = { x = 0.2, y = 0.2 }\n[evolve]\ntimes = [1]\n"
	kinetic := axis("x", -4, 4, "cells = 32") + axis("v", -4, 4, "cells = 32") + "[process]\ndrift = { x = 'v', v = '-v - 2.25*x' }\ndiffusion = { v = 0.6 }\n[initial]\nmean = { x = 1, v = 0 }\nstd = { x = 0.6, v = 0.6 }\n[evolve]\ntimes = [1]\n"
	const hairer = "Hairer and Wanner 1996"
	return []stepping{
		{method: "adi", problem: "rotation, far walls", order: 6, from: "Peaceman and Rachford 1955, extrapolated", text: plane},
		{method: "adi", problem: "absorbing walls", order: 6, from: "Peaceman and Rachford 1955, extrapolated", text: walls},
		{method: "strang", problem: "kinetic oscillator", order: 2, from: "Strang 1968, extrapolated", reference: itself, text: kinetic},
		{method: "sdirk4-lines", problem: "two wells", order: 4, from: hairer, text: single},
		{method: "sdirk4-direct", problem: "rotation, far walls", order: 4, from: hairer, text: plane},
		{method: "sdirk4-split", problem: "rotation, far walls", order: 4, from: hairer, text: plane},
		{method: "sdirk4-sweeps", problem: "coupled noise", order: 4, from: hairer, text: skewed},
		{method: "sdirk4", problem: "two wells, pushed in time", order: 4, from: hairer, reference: itself, text: pushed},
		{method: "uniformisation", problem: "rotation, far walls", from: "Jensen 1953", text: plane},
		{method: "directions", problem: "coupled noise", order: 6, from: "Strang 1968, extrapolated", text: skewed},
		{method: "contour", problem: "coupled noise", from: "Weideman and Trefethen 2007", text: skewed},
		{method: "chebyshev", problem: "coupled noise", from: "Tal-Ezer and Kosloff 1984", text: skewed},
	}
}

// generator returns the rates of a case, its initial law and its time.
func generator(t *testing.T, text string) (operators.Generator, []float64, float64) {
	t.Helper()
	c, err := cases.Parse("stepping", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	g, err := c.Problem.Grid()
	if err != nil {
		t.Fatal(err)
	}
	q, err := c.Problem.Generator(g, 1)
	if err != nil {
		t.Fatal(err)
	}
	m0, _, err := c.Problem.Initial.Masses(g)
	if err != nil {
		t.Fatal(err)
	}
	return q, m0, c.Problem.Evolve.Times[0]
}

func (s *stepping) run(t *testing.T) {
	t.Helper()
	q, m0, end := generator(t, s.text)
	want := s.exact(t, q, m0, end)
	for _, tolerance := range tolerances {
		out, err := solvers.Evolve(q, m0, []float64{end}, &solvers.Settings{Method: s.method, Tolerance: tolerance, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		s.reported, s.truth, s.steps = append(s.reported, out.Error), append(s.truth, distance(out.Masses[0], want)), append(s.steps, out.Steps)
	}
}

// exact returns the law at the end.
func (s *stepping) exact(t *testing.T, q operators.Generator, m0 []float64, end float64) []float64 {
	t.Helper()
	if s.reference == itself {
		out, err := solvers.Evolve(q, m0, []float64{end}, &solvers.Settings{Method: s.method, Tolerance: 1e-12, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		s.uncertain = out.Error
		return out.Masses[0]
	}
	s.reference, s.uncertain = exponential, 1e-12
	n := q.Size()
	a, unit, column := mat.NewDense(n, n, nil), make([]float64, n), make([]float64, n)
	for i := range n {
		unit[i] = end
		q.Forward(column, unit)
		a.SetCol(i, column)
		unit[i] = 0
	}
	var power mat.Dense
	power.Exp(a)
	var out mat.VecDense
	out.MulVec(&power, mat.NewVecDense(n, m0))
	return out.RawVector().Data
}

func distance(a, b []float64) (sum float64) {
	for i := range a {
		sum += math.Abs(a[i] - b[i])
	}
	return sum
}

// observed is the order in the number of steps, from one tolerance to the last.
func (s *stepping) observed() float64 {
	last := len(s.truth) - 1
	return math.Log(s.truth[1]/s.truth[last]) / math.Log(float64(s.steps[last])/float64(s.steps[1]))
}

// check holds the reported error against the true one.
func (s *stepping) check(t *testing.T) {
	t.Helper()
	for i, tolerance := range tolerances {
		if most := max(tolerance, s.reported[i]); s.truth[i] > most+s.uncertain {
			t.Errorf("error %.2g, reported %.2g, asked for %.0g", s.truth[i], s.reported[i], tolerance)
		}
	}
}

// settled is a law at rest by two solvers.
type settled struct {
	name     string
	cells    int
	gth, mg  string // methods as reported
	apart    float64
	residual float64
}

// settle solves a problem at rest by elimination and by multigrid.
func settle(t *testing.T, p *problem, n int) settled {
	t.Helper()
	out, laws := settled{name: p.scheme + ", " + p.walls + ": " + p.name, cells: n}, [2][]float64{}
	for i, method := range []string{"gth", "multigrid"} {
		r := p.run(t, n, "method = '"+method+"'\n")
		laws[i] = r.Stationary.Masses
		if i == 0 {
			out.gth = r.Stationary.Method
			continue
		}
		out.mg, out.residual = r.Stationary.Method, r.Stationary.Residual
	}
	out.apart = distance(laws[0], laws[1])
	return out
}
