// Package solvers says how masses evolve and where they settle.
//
// A solver sees a generator and nothing else: no process, and geometry only
// through the optional interfaces of package operators. Laws are nonnegative
// and keep their mass by construction; no solver clips or rescales a result.
// An answer that did not converge is an error, not an answer.
package solvers

import (
	"context"
	"fmt"
	"time"

	"fokker/solvers/multigrid"
)

// Settings of a solver. Nil and the zero value mean the defaults.
type Settings struct {
	Method      string             // "" chooses by what the generator offers
	Tolerance   float64            // L1 on the mesh; 0 is 1e-8 for Stationary, 1e-5 over the run for Evolve
	Period      float64            // Evolve: of rates that recur in time, whose steps then see it; 0 if they do not
	Nonnegative bool               // of operators that are no generators: laws are projected on the nonnegative ones
	Workers     int                // 0 is GOMAXPROCS; results do not depend on it
	Initial     []float64          // Stationary: where mass starts, which decides between several closed classes
	Other       []float64          // Stationary by iteration: a law to compare with, Σ = 1; cycles begin with it, and an error of a small part of the distance from it is small enough
	Context     context.Context    // nil cannot be cancelled
	Progress    func(done float64) // called now and then with the fraction done, from one goroutine
}

// Report is what every answer says about itself.
type Report struct {
	Method     string
	Residual   float64 // ‖Qᵀm‖₁ / Σ mᵢ|Qᵢᵢ|, stationary laws
	Iterations int
	WorkUnits  float64 // applications of Qᵀ on the finest mesh, or work equal to that
	Elapsed    time.Duration
}

// Law is a stationary law. Where the process has several closed classes,
// Mass is their mixture by the probabilities of ending in each.
type Law struct {
	Report
	Mass     []float64
	Moved    float64   // by the projection on nonnegative laws, L1
	Negative float64   // masses below 0 before that
	Log      []float64 // ln Mass by elimination where some of it is below the range of float64; otherwise nil
	Classes  []Class
}

// Class is a set of cells that, once entered, is never left.
type Class struct {
	Cells       []int     // increasing
	Mass        []float64 // of these cells, Σ = 1
	Log         []float64 // as that of Law
	Error       float64   // L1, estimated, of an iteration; 0 where it is rounding alone
	Probability float64   // of ending here from Settings.Initial; NaN when it is needed and absent
}

// Evolution is the law at the asked times.
type Evolution struct {
	Report
	Times    []float64
	Masses   [][]float64 // one law per time
	Lost     []float64   // mass absorbed until each time: Σ mass + lost = Σ initial
	Moved    []float64   // by the projection on nonnegative laws, L1 over the mass; nil where that was not asked for
	Steps    int
	Rejected int
	Limited  int     // laws that the flux limiter had to make nonnegative
	Error    float64 // estimated L1 error in time at the last output
}

// ErrShares comes with NotConverged where wells exchange so little that iteration does not
// find how much each holds.
var ErrShares = multigrid.ErrShares

// NotConverged says how far an iteration came.
type NotConverged struct {
	Method     string
	Residual   float64
	Iterations int
}

func (e *NotConverged) Error() string {
	return fmt.Sprintf("solvers: %s did not converge: residual %.3g after %d iterations", e.Method, e.Residual, e.Iterations)
}
