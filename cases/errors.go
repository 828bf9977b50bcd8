package cases

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"fokker/grid"
	"fokker/operators"
	"fokker/solvers"
)

// readings are the figures of a run.
type readings struct {
	stationary      *Figures
	evolve          []Figures // one per output
	quasistationary *survival
	learner         *learner // nil without [learning]
	law             *solvers.Law
}

const (
	fewest   = 4     // cells of an axis on a coarser mesh
	rounding = 1e-12 // of a figure: sums over many cells of laws good to some roundings each
)

// errors estimates how far every figure is from that of the equation: what the
// mesh does to it by the same run on cells twice and four times as wide
// (Richardson 1911); what time steps, the solver and the box do by how far they
// move the law and by the figure's influence function.
func (r *run) errors() error {
	if !r.options.Errors || r.problem.WithoutErrors || !r.result.answers() {
		return nil
	}
	r.generator, r.chain = nil, nil // the coarser ones may need its memory
	// Of their work this part is that of the finer.
	wider := r.wider()
	most := 1 - 1/(1+math.Pow(wider, float64(r.grid.Dim())))
	half, err := r.coarse(r.everyAxis(wider), influencesToo, 0, most)
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	if err != nil {
		r.warn("the errors of the figures are not estimated: on half as many cells %v", err)
		return nil
	}
	r.beside = half.values()
	meshes := []*coarse{half}
	quarter, err := r.coarse(r.everyAxis(wider*wider), r.further(half), most, 1)
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	if err == nil { // without it no order is seen, and errors are larger
		meshes = append(meshes, quarter)
	}
	return r.estimate(meshes)
}

// further is what is read on the coarsest mesh. What the next does to laws in time less than
// steps may be out by has no order that is seen: of them that mesh has the start alone.
func (r *run) further(half *coarse) reads {
	out := r.result.Evolve
	if out == nil {
		return figuresAlone
	}
	for i, at := range out.Times {
		if at > 0 && r.inTime(i, []*coarse{half}).differs(r.seen.evolve[i]) {
			return figuresAlone
		}
	}
	return startAlone
}

// wider is how much wider cells are on a coarser mesh: twice, or half as much again by
// the fourth order along four axes, where twice as wide ones show nothing of a law for which
// those at hand are fine.
func (r *run) wider() float64 {
	if r.problem.Order == operators.Fourth && r.grid.Dim() == 4 {
		return 1.5
	}
	return 2
}

// coarse is a run on a coarser mesh.
type coarse struct {
	*run
	reads           reads
	width           float64 // of cells, over that on the mesh itself
	left            float64 // of the stationary law by iteration: L1
	walls           []wall
	stationary      map[string]sensitivity
	evolve          []map[string]sensitivity
	quasistationary map[string]sensitivity
	classes         []ClassResult
	learnt          LearntResult
}

// reads is what is read of laws on a coarser mesh: walls and influence functions, which
// cost about as much as figures do, are asked of one mesh only.
type reads int

const (
	figuresAlone reads = iota
	influencesToo
	startAlone // of laws in time, and the figures of others
)

func (r *run) everyAxis(factor float64) []float64 {
	return slices.Repeat([]float64{factor}, r.grid.Dim())
}

// coarse runs the tasks on a mesh with fewer cells by a factor for every axis, as
// the part of all progress between two fractions.
func (r *run) coarse(factors []float64, what reads, from, to float64) (*coarse, error) {
	g, err := r.problem.coarser(factors...)
	if err != nil {
		return nil, err
	}
	c := &coarse{run: &run{ctx: r.ctx, problem: r.alike(), workers: r.workers, grid: g, result: &Result{}}, reads: what}
	c.seen.learner, c.known = r.seen.learner, r.known
	if s := r.result.Stationary; s != nil && strings.HasPrefix(s.Method, "multigrid") {
		c.other = restricted(g, r.grid, s.Masses)
	}
	c.options.Progress = func(phase string, done float64) {
		if r.seen.stationary != nil && r.seen.evolve != nil {
			done /= 2
			if phase == "evolve" {
				done += 0.5
			}
		}
		r.options.Progress("errors", from+(to-from)*done)
	}
	least := fewest
	if r.problem.Order != 0 {
		least = operators.LeastCells
	}
	if c.width, err = widening(r.grid, g, least); err != nil {
		return nil, err
	}
	c.problem = c.problem.looser(c.width * c.width / 4)
	steps := []func() error{c.assemble, c.start}
	if what == influencesToo {
		steps = append(steps, c.findWalls)
	}
	if r.seen.stationary != nil {
		steps = append(steps, c.rest)
	}
	if r.seen.evolve != nil && what == startAlone {
		steps = append(steps, c.stay)
	} else if r.seen.evolve != nil {
		steps = append(steps, c.move)
	}
	if r.seen.quasistationary != nil {
		steps = append(steps, c.remain)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// alike returns the problem with the solver that the law took, which costs less than
// elimination would on a mesh that is not much coarser, unless its rows are long.
func (r *run) alike() *Problem {
	if s := r.result.Stationary; s == nil || !strings.HasPrefix(s.Method, "multigrid") || len(r.problem.coupled) > 0 {
		return r.problem
	}
	p, task := *r.problem, *r.problem.Stationary
	p.Stationary, task.Method = &task, "multigrid"
	return &p
}

// looser returns the problem with steps in time that may be out by more by a factor, as laws
// on wider cells are by its square: those on cells twice as wide are as good as the law.
func (p *Problem) looser(factor float64) *Problem {
	if p.Evolve == nil || factor <= 1 {
		return p
	}
	out, task := *p, *p.Evolve
	task.Tolerance *= factor
	out.Evolve = &task
	return &out
}

// widening returns how much wider cells are, a geometric mean over the axes, of which
// each has some at least.
func widening(fine, wide *grid.Grid, least int) (float64, error) {
	ratio, axes := 1.0, 0.0
	for k := range fine.Dim() {
		n, m := fine.Cells(k), wide.Cells(k)
		if n == 1 {
			continue
		}
		if m < least {
			return 0, fmt.Errorf("axis %q would have %d of them, fewer than %d", fine.Axis(k).Name, m, least)
		}
		ratio, axes = ratio*float64(n)/float64(m), axes+1
	}
	if axes == 0 {
		return 0, errors.New("there would be no fewer")
	}
	return math.Pow(ratio, 1/axes), nil
}

// rest reads the stationary law.
func (c *coarse) rest() error {
	law, err := c.law()
	if err != nil {
		return err
	}
	figures, err := c.figures.of(law.Mass, 0)
	if err != nil {
		return err
	}
	c.seen.stationary = &figures
	for _, one := range law.Classes {
		c.left += one.Error
		c.classes = append(c.classes, c.class(one))
	}
	if l := c.seen.learner; l != nil {
		c.learnt = l.on(c.run, law.Mass, figures)
	}
	c.stationary, err = c.weigh(law.Mass, 0, figures)
	return err
}

// weigh returns the influences of a law's figures, if they are read.
func (c *coarse) weigh(m []float64, t float64, f Figures) (map[string]sensitivity, error) {
	if c.reads != influencesToo {
		return nil, nil
	}
	c.look(m)
	return c.sensitivities(m, t, f)
}

// move reads the laws in time.
func (c *coarse) move() error {
	e, err := c.march()
	if err != nil {
		return err
	}
	for i := range c.walls {
		c.walls[i].beyond = 0 // of the stationary law
	}
	c.evolve = make([]map[string]sensitivity, len(e.Times))
	for i, m := range e.Masses {
		if c.evolve[i], err = c.weigh(m, e.Times[i], c.seen.evolve[i]); err != nil {
			return err
		}
	}
	return nil
}

// stay reads the initial law, where it is asked for.
func (c *coarse) stay() error {
	if c.problem.Evolve.Times[0] > 0 {
		return nil
	}
	first, err := c.figures.of(c.initial, 0)
	c.seen.evolve = []Figures{first}
	return err
}

// estimate writes the errors into the result.
func (r *run) estimate(meshes []*coarse) error {
	if s := r.result.Stationary; s != nil {
		e := r.newEstimate(s.Figures, meshes, r.problem.order(), func(c *coarse) Figures { return *c.seen.stationary })
		e.to, e.at, e.counted = meshes[0].stationary, "stationary", true
		e.left, e.atoms = meshes[0].left, r.onLines() || r.figures.rough(s.Masses) > atoms
		if !strings.Contains(s.Method, "gth") { // elimination is exact to rounding
			e.tolerance = r.problem.Stationary.Tolerance
		}
		var err error
		if e.cut, err = r.figures.cuts(s.Masses, 0); err != nil {
			return err
		}
		all := s.Figures.mapped(e.of)
		s.Error = &all
		e.ofClasses(s.Classes, meshes, r.result.Initial)
		e.ofLearning(meshes)
	}
	if r.result.Quasistationary != nil {
		if err := r.estimateSurvivors(meshes); err != nil {
			return err
		}
	}
	if r.result.Evolve != nil {
		return r.estimateSeries(r.result.Evolve, meshes)
	}
	return nil
}

// atoms is how much a law changes from cell to cell, over its mass, where its entropy is
// that of the cells: a Gaussian with a deviation of less than 0.8 of a cell does, and a point.
const atoms = 1 - 1e-9

func (r *run) estimateSeries(out *EvolveResult, meshes []*coarse) (err error) {
	out.Error = &EvolveErrors{}
	for i, at := range out.Times {
		e := r.inTime(i, meshes)
		if e.cut, err = r.figures.cuts(out.Masses[i], at); err != nil {
			return err
		}
		e.atoms = r.figures.rough(out.Masses[i]) > atoms
		out.Error.Add(r.seen.evolve[i].mapped(e.of))
	}
	out.Error.Lost = out.Error.Mass // mass + lost is kept
	return nil
}

// inTime is the estimate of the errors of an output, by the meshes that have it.
func (r *run) inTime(i int, meshes []*coarse) *estimate {
	highest := r.problem.order()
	if r.problem.Chain != nil { // its [initial] has the masses of cells, whose moments are of second order at centres
		highest = 2
	}
	if last := len(meshes) - 1; i >= len(meshes[last].seen.evolve) {
		meshes = meshes[:last]
	}
	at := r.result.Evolve.Times[i]
	e := r.newEstimate(r.seen.evolve[i], meshes, highest, func(c *coarse) Figures { return c.seen.evolve[i] })
	e.to, e.at = meshes[0].evolve[i], atTime(at)
	e.counted = at > 0 // before, [initial] states the law, and no equation is solved
	if at > 0 {
		e.tolerance = r.result.Evolve.TimeError
	}
	return e
}
