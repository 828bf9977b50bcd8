package cases

import (
	"context"
	"fmt"
	"math"

	"fokker/cases/rundir"
	"fokker/grid"
	"fokker/solvers"
)

// Version of the program, written into every summary.
const Version = "0.1.0"

// Result is what a run found. Its JSON is summary.json; numbers that are not
// finite become null.
type Result struct {
	Schema          int                    `json:"schema"`
	Case            string                 `json:"case"`
	Version         string                 `json:"version"`
	Cells           []int                  `json:"cells"`
	Initial         *InitialResult         `json:"initial,omitempty"`
	Chain           *ChainResult           `json:"chain,omitempty"`
	Stationary      *StationaryResult      `json:"stationary,omitempty"`
	Evolve          *EvolveResult          `json:"evolve,omitempty"`
	Quasistationary *QuasistationaryResult `json:"quasistationary,omitempty"`
	Learning        *LearningResult        `json:"learning,omitempty"`
	Influence       *InfluenceResult       `json:"influence,omitempty"`
	Validate        any                    `json:"validate,omitempty"` // set by who draws particles
	Compare         any                    `json:"compare,omitempty"`  // likewise
	Accuracy        *AccuracyResult        `json:"accuracy,omitempty"`
	Warnings        []string               `json:"warnings,omitempty"`

	Grid       *grid.Grid         `json:"-"`
	Comparison *rundir.Comparison `json:"-"` // goes into a picture
	Beside     *rundir.Beside     `json:"-"` // likewise
	measures   []measure          // of all figures with an error
	of         *Case
	gross      float64 // largest mass per unit time that leaves a cell, beside which a net current may be rounding
}

// InitialResult says how the initial law fits the box.
type InitialResult struct {
	Cut float64 `json:"cut"` // mass of a Gaussian that the walls cut off before normalisation
}

// StationaryResult is the stationary law and its figures.
type StationaryResult struct {
	Method     string   `json:"method"`
	Residual   float64  `json:"residual"`
	Iterations int      `json:"iterations"`
	WorkUnits  float64  `json:"work_units"`
	Seconds    float64  `json:"seconds"`
	Min        float64  `json:"min"`
	Moved      *float64 `json:"moved,omitempty"` // L1, by the projection on nonnegative laws
	WallMass   float64  `json:"wall_mass"`
	Figures
	Cross     *float64      `json:"cross_diffusion,omitempty"` // added by the mesh across coupled noise, over all diffusion, means over the law
	Error     *Figures      `json:"error,omitempty"`           // estimated distance of each figure from that of the equation; NaN: not known
	Classes   []ClassResult `json:"classes"`
	PeriodTwo *PeriodTwo    `json:"period_two,omitempty"` // of a chain that goes to and fro

	Masses  []float64   `json:"-"`
	Logs    []float64   `json:"-"` // of the masses where some are below the range of float64; otherwise nil
	Current [][]float64 `json:"-"` // per axis: mass per unit time through its faces
}

// ClassResult is a closed class of the stationary law.
type ClassResult struct {
	Probability float64            `json:"probability"` // of ending in it
	Mass        float64            `json:"mass"`        // in the mixture
	Cells       int                `json:"cells"`
	Mean        map[string]float64 `json:"mean"`
	Error       *ClassErrors       `json:"error,omitempty"` // where there are several, as many on coarser meshes
}

// ClassErrors are estimated distances from what the equation has.
type ClassErrors struct {
	Probability float64            `json:"probability"`
	Mean        map[string]float64 `json:"mean"`
}

// EvolveResult is the law in time and its figures, one entry per time.
type EvolveResult struct {
	Method    string    `json:"method"`
	Steps     int       `json:"steps"`
	Rejected  int       `json:"rejected"`
	Limited   int       `json:"limited"` // steps in which the flux limiter acted
	WorkUnits float64   `json:"work_units"`
	Seconds   float64   `json:"seconds"`
	TimeError float64   `json:"time_error"` // estimated L1 error in time on this mesh at the end
	Times     []float64 `json:"times"`
	Step      []float64 `json:"step,omitempty"` // of an optimiser
	Min       []float64 `json:"min"`
	Moved     []float64 `json:"moved,omitempty"` // L1, by the projection on nonnegative laws
	Lost      []float64 `json:"lost"`
	WallMass  []float64 `json:"wall_mass"`
	Series
	Cross *float64      `json:"cross_diffusion,omitempty"` // in the last law
	Error *EvolveErrors `json:"error,omitempty"`

	Masses  [][]float64 `json:"-"`
	Current [][]float64 `json:"-"` // at the last time
}

// Series are figures in time, one entry per output.
type Series struct {
	Mass         []float64               `json:"mass"`
	Mean         map[string][]float64    `json:"mean"`
	Covariance   map[string][]float64    `json:"covariance"`
	RawMoments   map[string][][5]float64 `json:"raw_moments"`
	CircularMean map[string][]float64    `json:"circular_mean,omitempty"`
	Entropy      []float64               `json:"entropy"`
	FreeEnergy   []float64               `json:"free_energy,omitempty"`
	Observables  map[string][]float64    `json:"observables"`
}

// EvolveErrors are estimated distances of figures from those of the equation,
// one entry per time; NaN: not known.
type EvolveErrors struct {
	Series
	Lost []float64 `json:"lost"`
}

// AsRun returns the case with what it left open as the run chose it.
func (r *Result) AsRun() *Case { return r.of }

// Write writes the run directory, whole or not at all.
func (r *Result) Write(ctx context.Context, dir string) error {
	out := &rundir.Result{
		Name: r.Case, Title: r.of.Title, Grid: r.Grid, CaseTOML: r.of.TOML(), Summary: r, Files: r.of.Files(),
	}
	for _, p := range r.of.Parameters {
		out.Parameters = append(out.Parameters, rundir.Parameter{Name: p.Name, Value: p.Value})
	}
	if s := r.Stationary; s != nil {
		out.Stationary, out.StationaryLog, out.StationaryCurrent = s.Masses, s.Logs, s.Current
	}
	if q := r.Quasistationary; q != nil {
		out.Quasistationary = q.Masses
	}
	out.CurrentScale, out.Comparison, out.Beside = r.gross, r.Comparison, r.Beside
	out.Learning, out.Influence = r.learningPicture(), r.influencePicture()
	if e := r.Evolve; e != nil {
		out.Times, out.Steps, out.Masses, out.FinalCurrent, out.Lost = e.Times, e.Step, e.Masses, e.Current, e.Lost
	}
	out.Series = r.series()
	return rundir.Write(ctx, dir, out)
}

func (r *Result) series() (out []rundir.Series) {
	for _, o := range r.of.Problem.Observables {
		s := rundir.Series{Name: o.Name}
		if r.Evolve != nil {
			s.Values = r.Evolve.Observables[o.Name]
		}
		if r.Stationary != nil {
			v := r.Stationary.Observables[o.Name]
			s.Stationary = &v
		}
		out = append(out, s)
	}
	return out
}

func newEvolveResult(e *solvers.Evolution, rate float64) *EvolveResult {
	out := &EvolveResult{
		Method: e.Method, Steps: e.Steps, Rejected: e.Rejected, Limited: e.Limited, WorkUnits: e.WorkUnits,
		TimeError: e.Error, Times: e.Times, Lost: e.Lost, Moved: e.Moved, Masses: e.Masses,
	}
	if rate > 0 {
		for _, t := range e.Times {
			out.Step = append(out.Step, t/rate)
		}
	}
	return out
}

// Add appends the figures at one more time.
func (s *Series) Add(f Figures) {
	s.Mass, s.Entropy = append(s.Mass, f.Mass), append(s.Entropy, f.Entropy)
	extend(&s.Mean, f.Mean)
	extend(&s.Covariance, f.Covariance)
	extend(&s.RawMoments, f.RawMoments)
	extend(&s.CircularMean, f.CircularMean)
	extend(&s.Observables, f.Observables)
	if f.FreeEnergy != nil {
		s.FreeEnergy = append(s.FreeEnergy, *f.FreeEnergy)
	}
}

func extend[T any](series *map[string][]T, values map[string]T) {
	if *series == nil && values != nil {
		*series = map[string][]T{}
	}
	for name, v := range values {
		(*series)[name] = append((*series)[name], v)
	}
}

// percent writes a fraction for a message.
func percent(x float64) string { return fmt.Sprintf("%.3g %%", 100*x) }

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
