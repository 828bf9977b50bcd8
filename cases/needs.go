package cases

import (
	"fmt"
	"math"

	"fokker/cases/sgd"
)

func (d *description) needs() {
	p := d.Problem
	d.heading("needs")
	if p.Open() {
		d.line("", d.search())
		return
	}
	memory := "about " + size(p.Memory())
	if free := availableMemory(); free > 0 {
		memory += " of " + size(free) + " available"
	}
	d.line("memory", memory)
	if p.Chain != nil {
		d.rows()
		return
	}
	d.line("time", "very roughly "+duration(p.seconds()))
}

// search says what a run chooses, and within which limits.
func (d *description) search() string {
	p := d.Problem
	within := duration(p.timeLimit())
	if memory := p.memoryLimit(); memory > 0 {
		within += " and " + size(memory)
	}
	return "as much as the accuracy asks for: a run chooses what is open, within " + within
}

func duration(seconds float64) string {
	switch {
	case seconds < 1:
		return "less than a second"
	case seconds < 120:
		return fmt.Sprintf("%.0f s", seconds)
	case seconds < 7200:
		return fmt.Sprintf("%.0f min", seconds/60)
	}
	return fmt.Sprintf("%.0f h", seconds/3600)
}

// Seconds per cell, and per cell and step, on one core of 2024, measured on the
// gallery; one axis is solved by recursion, more by elimination or multigrid.
const (
	lawOfLine, lawOfBox   = 3e-6, 1e-5
	stepOfLine, stepOfBox = 3e-7, 4e-6
	stepsOfRun            = 150  // at a tolerance of 1e-5; a method of order four needs ∝ tolerance^(−1/4)
	rowOfData             = 3e-7 // of coefficients and observables, per cell and row of data that every mean goes over
)

// seconds estimates the time of a run to a factor of several.
func (p *Problem) seconds() float64 {
	law, step := lawOfLine, stepOfLine
	if len(p.Axes) > 1 {
		law, step = lawOfBox, stepOfBox
	}
	perCell := rowOfData * p.rows()
	if p.Stationary != nil {
		perCell += law
	}
	if p.Learning != nil { // three points along every axis
		perCell += rowOfData * p.rows() * math.Pow(3, float64(len(p.Axes)))
	}
	if p.Influence != nil { // a mean, and every example beside it
		perCell += 4 * rowOfData * p.rows()
	}
	if e := p.Evolve; e != nil {
		perCell += step * stepsOfRun * math.Pow(1e-5/e.Tolerance, 0.25)
	}
	return float64(p.size()) * perCell
}

// size returns the number of cells.
func (p *Problem) size() int {
	n := 1
	for _, a := range p.Axes {
		n *= a.Cells
	}
	return n
}

// rows returns the number of examples that every coefficient is a sum over.
func (p *Problem) rows() float64 {
	if e, ok := p.Process.(*sgd.Examples); ok {
		return float64(e.Rows())
	}
	return 0
}
