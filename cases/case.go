// Package cases says what is asked: it reads a case file, builds the process it
// states, runs its tasks and leaves a run directory.
//
// A case file is TOML; its keys are those of the user's documentation and no
// others. Everything wrong with a file is reported together, with file, line,
// key, what was found and what was expected. Problem.Terms is the only place
// that chooses how a process is discretised.
//
// The package does not draw samples: tests of samples belong to package
// validate.
package cases

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"fokker/cases/expr"
	"fokker/cases/sgd"
)

// Case is a case file, read and checked.
type Case struct {
	Name, Title, About string
	Parameters         []Parameter
	Problem            *Problem
	Data, TestData     *sgd.Data // nil unless [sgd] reads them
	file               *table
	raw, testRaw       []byte // their files; nil if there is none, or it is too large to keep
	open               Open
}

// Parameter is a constant of a case.
type Parameter struct {
	Name  string
	Value float64
}

// Open opens a file that a case names, such as its data.
type Open func(name string) (io.ReadCloser, error)

// Beside opens files relative to a directory.
func Beside(dir string) Open {
	return func(name string) (io.ReadCloser, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		// A device or a pipe may never end.
		if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
			return nil, errors.New("it is no regular file")
		}
		return os.Open(name)
	}
}

// Read reads a case file. Overrides are "parameter=value", "table.key=value", or
// in short "--cells x=512".
func Read(path string, overrides ...string) (*Case, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &Mistake{File: path, Found: "cannot be opened: " + reason(err)}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, &Mistake{File: path, Found: "cannot be read: " + reason(err)}
	}
	return Parse(path, data, Beside(filepath.Dir(path)), overrides...)
}

// reason is the system's part of a file error.
func reason(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// Parse reads a case from memory; path names it in messages.
func Parse(path string, data []byte, open Open, overrides ...string) (*Case, error) {
	r := &reader{file: path, scope: expr.NewScope()}
	file, err := parse(data)
	if err != nil {
		var m *Mistake
		if errors.As(err, &m) {
			m.File = path
			return nil, m
		}
		return nil, &Mistake{File: path, Found: err.Error()}
	}
	r.implyAxes(file)
	for _, o := range overrides {
		r.override(file, o)
	}
	r.nameAxes(file)
	r.checkKeys(file, "")
	c := &Case{Name: nameOf(path), file: file, open: open}
	r.readCase(c, open)
	if len(r.mistakes) > 0 {
		return nil, r.mistakes.sorted()
	}
	return c, nil
}

// With returns the case as run, read again with more overrides.
func (c *Case) With(overrides ...string) (*Case, error) {
	kept := c.Files()
	open := func(name string) (io.ReadCloser, error) {
		if data, ok := kept[name]; ok {
			return io.NopCloser(bytes.NewReader(data)), nil
		}
		return c.open(name)
	}
	out, err := Parse(c.Problem.file, c.TOML(), open, overrides...)
	if err == nil {
		out.Name = c.Name
	}
	return out, err
}

func nameOf(path string) string {
	name := strings.TrimSuffix(filepath.Base(path), ".toml")
	if name == "-" || name == "" {
		return "case"
	}
	return name
}

func (r *reader) readCase(c *Case, open Open) {
	c.Title, c.About = r.text(c.file, "title", c.Name), r.text(c.file, "about", "")
	c.Parameters = r.readParameters(c.file)
	p := &Problem{file: r.file}
	c.Problem = p
	r.readAxes(c.file, p)
	if len(p.Axes) == 0 {
		return // without axes all else looks wrong
	}
	r.readAccuracy(c.file, p)
	names := p.names()
	process, optimiser := r.sub(c.file, "process"), r.sub(c.file, "sgd")
	if optimiser != nil {
		c.Data = r.readData(optimiser, open)
		c.raw = r.raw
	}
	r.declare(c.file)
	switch {
	case process != nil && optimiser != nil:
		r.fail(optimiser.line, "sgd", "found beside [process]", "one of the two", "")
	case process != nil:
		eq := r.readProcess(process, names)
		r.fill(process, "calculus", eq.calculus)
		r.finishEquation(p, eq, process)
	case optimiser != nil:
		r.readOptimiser(optimiser, c)
		r.readTest(optimiser, c, open)
	default:
		r.fail(0, "", "found neither [process] nor [sgd]", "one of them", "")
	}
	r.readNumerics(c.file, p)
	r.readStart(c.file, p)
	r.readTasks(c.file, p)
	r.readObservables(c.file, p)
	if t := r.sub(c.file, "quasistationary"); t != nil { // which knows the optimiser's observables
		r.readQuasistationary(t, p)
	}
	r.readLearning(c.file, p)
	r.readInfluence(c.file, p)
	r.checkSmooth(c.file, p)
	p.setOrder(p.Order)
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// reserved names mean something in expressions or result files.
var reserved = []string{"t", "time", "density", "stationary"}

func (r *reader) checkName(line int, path, name string) bool {
	switch {
	case !identifier.MatchString(name):
		r.fail(line, path, fmt.Sprintf("found the name %q", name), "letters, digits and _, not starting with a digit", "")
	case slices.Contains(reserved, name):
		r.fail(line, path, fmt.Sprintf("the name %q is reserved", name), "", "reserved: "+strings.Join(reserved, ", "))
	default:
		return true
	}
	return false
}

func (r *reader) readParameters(file *table) (out []Parameter) {
	t := r.sub(file, "parameters")
	if t == nil {
		return nil
	}
	for _, e := range t.entries {
		path := join(t.path, e.key)
		if !r.checkName(e.line, path, e.key) {
			continue
		}
		p := Parameter{e.key, r.value(e.line, path, e.value)}
		if !finite(p.Value) { // a mistake was reported; what uses it is none
			p.Value = 1
		}
		if err := r.scope.Constant(p.Name, p.Value); err != nil {
			r.failExpression(e.line, path, err)
		}
		out = append(out, p)
	}
	return out
}

// declare makes time and definitions known to expressions, after axes and
// columns of data.
func (r *reader) declare(file *table) {
	if err := r.scope.Variable("t"); err != nil {
		panic(err) // no other name is t: it is reserved
	}
	t := r.sub(file, "define")
	if t == nil {
		return
	}
	r.definitions = map[string]entry{}
	for _, e := range t.entries {
		path := join(t.path, e.key)
		name, _, _ := strings.Cut(e.key, "(")
		if name = strings.TrimSpace(name); !r.checkName(e.line, path, name) {
			continue
		}
		r.definitions[name] = e
		source, ok := e.value.(string)
		if !ok {
			source = fmt.Sprint(e.value)
		}
		if err := r.scope.Define(e.key, source); err != nil {
			r.failExpression(e.line, path, err)
		}
	}
	if err := r.scope.Check(); err != nil {
		r.failExpression(t.line, "define", err)
	}
}

// readStart reads [initial]. Where its tables have other axes than the case,
// that is all there is to say of it.
func (r *reader) readStart(file *table, p *Problem) {
	before := len(r.mistakes)
	if t, ok := file.at("initial"); ok {
		for _, key := range []string{"mean", "std", "point"} {
			if s, ok := t.at(key); ok {
				r.checkAxes(s, p.names())
			}
		}
	}
	if len(r.mistakes) > before {
		p.Initial = &Initial{}
		return
	}
	r.readInitial(file, p)
	if p.Initial != nil && p.Initial.Uniform && p.Open() {
		r.fail(p.Initial.line, "initial.uniform", "found with a range that is left open", "a `range` for every axis", "")
	}
}

// finest is the least accuracy: a hundred times the rounding of figures.
const finest = 100 * rounding

// standardAccuracy is what a case is solved to that leaves an axis open.
const standardAccuracy = 1e-3

// readAccuracy reads the wanted error of figures, which has a default where an
// axis is open.
func (r *reader) readAccuracy(file *table, p *Problem) {
	absent := 0.0
	if p.Open() {
		absent = standardAccuracy
		r.fill(file, "accuracy", absent)
	}
	p.Accuracy = r.positive(file, "accuracy", absent)
	switch {
	case math.IsInf(p.Accuracy, 0): // which is said already
	case p.Accuracy > 0 && p.Accuracy < finest:
		r.fail(lineOf(file, "accuracy"), "accuracy", fmt.Sprintf("found %v", p.Accuracy), fmt.Sprintf("at least %g", finest), "rounding of laws and figures allows no less")
	case p.Accuracy >= 1:
		r.fail(lineOf(file, "accuracy"), "accuracy", fmt.Sprintf("found %v", p.Accuracy), "a number between 0 and 1", "it is an error over the size of a figure")
	}
}

// checkAxes reports the names in a table that are none of axes or, if all are,
// the axes that it lacks.
func (r *reader) checkAxes(t *table, axes []string) {
	before := len(r.mistakes)
	for _, e := range t.entries {
		if !slices.Contains(axes, e.key) {
			r.failAxis(e, t.path, axes)
		}
	}
	for _, axis := range axes {
		if t.find(axis) == nil && len(r.mistakes) == before {
			r.fail(t.line, t.path, fmt.Sprintf("found no value for axis %q", axis), "one per axis", "")
		}
	}
}

// fill writes a default into the file, so that the case as run shows it.
func (r *reader) fill(t *table, key string, value any) {
	if t.find(key) == nil {
		t.set(key, value)
	}
}

func (r *reader) finishEquation(p *Problem, eq *equation, t *table) {
	if len(r.mistakes) > 0 {
		return
	}
	p.equation = eq
	if p.Chain == nil {
		p.coupled = p.coupling()
	}
	for _, key := range []string{"diffusion", "noise", "covariance"} {
		if e := t.find(key); e != nil && (key != "noise" || t.path == "process") {
			r.checkCoupling(p, e.line, join(t.path, key))
		}
	}
	if err := p.compile(); err != nil {
		r.failExpression(t.line, t.path, err)
		return
	}
	r.readPeriod(t, p)
}

func (r *reader) readNumerics(file *table, p *Problem) {
	t := r.sub(file, "numerics")
	if t == nil {
		return
	}
	r.readOrder(t, p)
	r.readNonnegative(t, p)
	p.WithoutErrors = t.find("errors") != nil && !r.flag(t, "errors")
	if p.Workers = r.whole(t, "workers", 0, 1); p.Workers > MostWorkers {
		r.fail(lineOf(t, "workers"), "numerics.workers", fmt.Sprintf("found %d", p.Workers), fmt.Sprintf("at most %d", MostWorkers), "the default is as many as the machine grants")
	}
	p.MemoryLimit, p.TimeLimit = r.positive(t, "memory_limit", 0), r.positive(t, "time_limit", 0)
	if p.Accuracy > 0 && p.WithoutErrors {
		r.fail(lineOf(t, "errors"), "numerics.errors", "found false beside an accuracy, which errors measure", "true", "")
	}
}
