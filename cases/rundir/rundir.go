// Package rundir writes what a run leaves behind: a directory with the case as
// run, the numbers, and the pictures a person would want first.
//
//	case.toml     the case as run
//	summary.json  every scalar, in full precision; what is not finite is null
//	result.nc     the laws, currents and observables: NetCDF-3, 64-bit offset, CF
//	*.png         pictures
//
// and the data of the case, so that it can be run again. The directory appears
// whole or not at all: everything is written into a hidden directory beside it,
// which is then renamed. Files that no run wrote stay when a run directory is
// replaced. The same result gives the same bytes.
//
// The package takes plain data. It knows neither cases nor solvers, computes
// no figure of its own and repairs none.
package rundir

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"fokker/grid"
)

// Parameter is a constant of the case.
type Parameter struct {
	Name  string
	Value float64
}

// Series is an expectation in time and in the stationary law.
type Series struct {
	Name       string
	Values     []float64 // one per time; nil without an evolution
	Stationary *float64  // nil without a stationary law
}

// Result is what a run leaves behind. What is nil is absent from the files.
// A law is the masses of all cells; a current lists, per axis, the net mass
// per unit time through each of its faces upwards: Cells(k)+1 faces along axis
// k, as many as cells along the others, first axis fastest.
type Result struct {
	Name, Title string // Title heads the pictures; Name does when it is empty
	Grid        *grid.Grid
	CaseTOML    []byte
	Files       map[string][]byte // what the case needs beside it, by base name
	Summary     any               // goes to summary.json, see Marshal
	Parameters  []Parameter

	Stationary        []float64
	StationaryLog     []float64 // its natural logarithm where some is below the range of float64; otherwise nil
	StationaryCurrent [][]float64

	Quasistationary []float64

	Times        []float64
	Steps        []float64 // of an optimiser, one per time
	Masses       [][]float64
	FinalCurrent [][]float64 // at the last time
	Series       []Series
	Lost         []float64 // mass lost up to each time

	// CurrentScale is the largest mass per unit time that crosses a face in
	// one direction. Net currents below 1e-10 of it are rounding noise and
	// not drawn. At 0, unknown, only zeros are noise.
	CurrentScale float64

	Learning   *Learning   // nil: not asked for
	Influence  *Influence  // nil: not asked for
	Comparison *Comparison // of samples with a law; nil: none
	Beside     *Beside     // descriptions of a law; nil: none
}

// title returns what heads the pictures.
func (r *Result) title() string {
	if r.Title != "" {
		return r.Title
	}
	return r.Name
}

func (r *Result) posterior() []float64 {
	if r.Learning == nil {
		return nil
	}
	return r.Learning.Posterior
}

// check returns an error that names the first array of a wrong length.
func (r *Result) check() error {
	if r.Grid == nil {
		return errors.New("rundir: no grid")
	}
	n, times := r.Grid.Size(), len(r.Times)
	arrays := []struct {
		name        string
		found, want int
		absent      bool
	}{
		{"stationary law", len(r.Stationary), n, r.Stationary == nil},
		{"quasi-stationary law", len(r.Quasistationary), n, r.Quasistationary == nil},
		{"laws", len(r.Masses), times, r.Masses == nil},
		{"steps", len(r.Steps), times, r.Steps == nil},
		{"posterior", len(r.posterior()), n, r.Learning == nil},
		{"lost", len(r.Lost), times, r.Lost == nil},
	}
	for _, a := range arrays {
		if !a.absent && a.found != a.want {
			return fmt.Errorf("rundir: %s: found %d numbers, expected %d", a.name, a.found, a.want)
		}
	}
	for name := range r.Files {
		if Written(name) || name != filepath.Base(name) || name == "." || name == ".." {
			return fmt.Errorf("rundir: found a file called %q, expected a name that no other file of a run has", name)
		}
	}
	for i, m := range r.Masses {
		if len(m) != n {
			return fmt.Errorf("rundir: law %d: found %d masses, expected %d", i, len(m), n)
		}
	}
	for _, s := range r.Series {
		if s.Values != nil && len(s.Values) != times {
			return fmt.Errorf("rundir: observable %q: found %d values, expected %d", s.Name, len(s.Values), times)
		}
	}
	if err := r.checkCurrent("stationary current", r.StationaryCurrent); err != nil {
		return err
	}
	return r.checkCurrent("final current", r.FinalCurrent)
}

func (r *Result) checkCurrent(name string, current [][]float64) error {
	if current == nil {
		return nil
	}
	if len(current) != r.Grid.Dim() {
		return fmt.Errorf("rundir: %s: found %d axes, expected %d", name, len(current), r.Grid.Dim())
	}
	for k, c := range current {
		if want := faces(r.Grid, k); len(c) != want {
			return fmt.Errorf("rundir: %s along %q: found %d faces, expected %d", name, r.Grid.Axis(k).Name, len(c), want)
		}
	}
	return nil
}

// faces returns the number of faces across axis k.
func faces(g *grid.Grid, k int) int { return g.Size() / g.Cells(k) * (g.Cells(k) + 1) }

// Write writes the run directory dir, whose parents it makes. What stands
// there is replaced if it is a run directory or empty, and refused otherwise;
// files in it that no run wrote are kept. After an error or a cancellation dir
// is as it was.
func Write(ctx context.Context, dir string, r *Result) error {
	if err := r.check(); err != nil {
		return err
	}
	return Replace(dir, func(fresh string) error { return fill(ctx, fresh, r) })
}

// fill writes all files into dir, pictures and numbers at the same time.
func fill(ctx context.Context, dir string, r *Result) error {
	return together(ctx, append([]func(context.Context) error{
		func(context.Context) error { return writeText(dir, r) },
		func(ctx context.Context) error { return netcdf(ctx, filepath.Join(dir, "result.nc"), r) },
	}, pictures(dir, r)...))
}

// writeText writes summary.json, case.toml and the files of the case.
func writeText(dir string, r *Result) error {
	summary, err := Marshal(r.Summary)
	if err != nil {
		return err
	}
	if !ours(summary) {
		return errors.New(`rundir: the summary has no "schema", by which a run directory is known`)
	}
	files := map[string][]byte{"summary.json": summary}
	if r.CaseTOML != nil {
		files["case.toml"] = r.CaseTOML
	}
	if r.Influence != nil {
		files["influence.csv"] = r.Influence.Table
	}
	maps.Copy(files, r.Files)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o666); err != nil {
			return fmt.Errorf("rundir: %w", err)
		}
	}
	return nil
}
