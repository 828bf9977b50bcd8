// Package expr is the language of the expressions in a case: it parses them,
// differentiates them exactly and evaluates them over columns of points.
//
// The one idea: every expression of a Scope is a node of one graph in which
// equal subexpressions are the same node and numbers are folded as they meet.
// A derivative is then a walk over the graph, and a program evaluates each
// shared node once per point, in columns short enough to stay in the cache.
//
// The language has numbers, names, + − * /, ^ or ** (to the right; −x^2 is
// −(x^2)), comparisons and chains of them (0 < x < 1), and, or, not (also &&,
// ||, !), c ? a : b, the functions of Functions, and diff(f, x). "not" and "!"
// bind weaker than comparisons: not x > 2 is not (x > 2). A comparison is 1 or
// 0 and has the derivative 0. Values and functions have separate name spaces.
//
// It is not a programming language: no loops, no text, no recursion.
//
// A Scope and the nodes made in it belong to one goroutine at a time; a Program
// may be used by many.
package expr

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode"
)

// maxSteps bounds the work of one request in visits of nodes: about a second.
const maxSteps = 10_000_000

// Scope is the set of names an expression may use, and owns its expressions.
type Scope struct {
	constants   map[string]float64
	variables   map[string]*Node
	ordered     []*Node // variables and arguments, by their bit in varset
	values      map[string]*definition
	functions   map[string]*definition
	definitions []*definition // as declared
	open        []*definition // being resolved, outermost first

	nodes       []*Node
	table       map[key]*Node
	numbers     map[uint64]*Node
	derivatives map[pair]*Node
	full        bool // a node was refused
	steps       int  // work of the present request
}

// definition is a named expression, or a function if it has arguments.
type definition struct {
	name      string
	source    string
	arguments []string
	formals   []*Node // the arguments, as variables of the body
	body      *Node   // nil until resolved
	err       error
}

// Error is what is wrong with an expression.
type Error struct {
	Definition string // the definition it stands in, "" if in the expression asked for
	Source     string
	Reason     string
	Unknown    string // the name that stands for no value, "" if something else is wrong
}

func (e *Error) Error() string {
	if e.Definition == "" {
		return fmt.Sprintf("expr: %q: %s", shorten(e.Source), e.Reason)
	}
	return fmt.Sprintf("expr: definition %q = %q: %s", e.Definition, shorten(e.Source), e.Reason)
}

// shorten keeps a message to about a line.
func shorten(source string) string {
	const most = 80
	if r := []rune(source); len(r) > most {
		return string(r[:most]) + "…"
	}
	return source
}

// NewScope returns a scope with the functions of the language, pi and e.
func NewScope() *Scope {
	s := &Scope{
		constants:   map[string]float64{},
		variables:   map[string]*Node{},
		values:      map[string]*definition{},
		functions:   map[string]*definition{},
		table:       map[key]*Node{},
		numbers:     map[uint64]*Node{},
		derivatives: map[pair]*Node{},
	}
	s.Number(0) // the node that stands for what a full scope refuses
	return s
}

// Variable declares a column: an axis, the time, a column of data.
func (s *Scope) Variable(name string) error {
	if err := s.declare("variable", name); err != nil {
		return err
	}
	s.variables[name] = s.newVariable(name, false)
	return nil
}

func (s *Scope) newVariable(name string, formal bool) *Node {
	i := len(s.ordered)
	n := &Node{op: opVariable, order: i, name: name, uses: single(i), formal: formal}
	if m := s.add(n); m != n {
		return m
	}
	s.ordered = append(s.ordered, n)
	return n
}

// Constant declares a parameter.
func (s *Scope) Constant(name string, value float64) error {
	if err := s.declare("constant", name); err != nil {
		return err
	}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return fmt.Errorf("expr: constant %q: value %v, wanted a finite number", name, value)
	}
	s.constants[name] = value
	return nil
}

// Define declares a named expression, "U", or a function, "hill(z)". Its names
// are looked up when it is used, so definitions may stand in any order.
func (s *Scope) Define(name, src string) error {
	head, list, isFunction := strings.Cut(name, "(")
	head = strings.TrimSpace(head)
	d := &definition{name: head, source: src}
	if !isFunction {
		if err := s.declare("definition", head); err != nil {
			return err
		}
		s.values[head] = d
		s.definitions = append(s.definitions, d)
		return nil
	}
	if err := s.declareFunction(head); err != nil {
		return err
	}
	if err := d.takeArguments(name, list); err != nil {
		return err
	}
	s.functions[head] = d
	s.definitions = append(s.definitions, d)
	s.forget(0)
	return nil
}

// takeArguments reads "y, z)".
func (d *definition) takeArguments(name, list string) error {
	list, closed := strings.CutSuffix(strings.TrimSpace(list), ")")
	if !closed {
		return fmt.Errorf("expr: definition %q: no closing parenthesis", name)
	}
	for argument := range strings.SplitSeq(list, ",") {
		argument = strings.TrimSpace(argument)
		if reason := badName(argument); reason != "" {
			return fmt.Errorf("expr: definition %q: argument %q: %s", name, argument, reason)
		}
		for _, earlier := range d.arguments {
			if earlier == argument {
				return fmt.Errorf("expr: definition %q: two arguments %q", name, argument)
			}
		}
		d.arguments = append(d.arguments, argument)
	}
	return nil
}

func (s *Scope) declare(kind, name string) error {
	if reason := badName(name); reason != "" {
		return fmt.Errorf("expr: %s %q: %s", kind, name, reason)
	}
	if known := s.kindOf(name); known != "" {
		return fmt.Errorf("expr: %s %q: the name is already a %s", kind, name, known)
	}
	s.forget(0) // the new name may hide pi or e
	return nil
}

func (s *Scope) declareFunction(name string) error {
	if reason := badName(name); reason != "" {
		return fmt.Errorf("expr: function %q: %s", name, reason)
	}
	if _, known := functions[name]; known || name == "diff" {
		return fmt.Errorf("expr: function %q: the language has a function of this name", name)
	}
	if s.functions[name] != nil {
		return fmt.Errorf("expr: function %q: defined twice", name)
	}
	return nil
}

// kindOf says what a value's name stands for, "" if for nothing.
func (s *Scope) kindOf(name string) string {
	switch _, constant := s.constants[name]; {
	case constant:
		return "constant"
	case s.variables[name] != nil:
		return "variable"
	case s.values[name] != nil:
		return "definition"
	}
	return ""
}

// reserved lists the words that are no names.
var reserved = map[string]bool{
	"and": true, "or": true, "not": true, "in": true, "let": true, "if": true, "else": true,
	"matches": true, "contains": true, "startsWith": true, "endsWith": true,
	"true": true, "false": true, "nil": true,
}

// badName says what keeps name from being a name, "" if nothing does.
func badName(name string) string {
	if name == "" {
		return "empty, wanted a name"
	}
	if reserved[name] {
		return "a word of the language, wanted a name"
	}
	for i, r := range name {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return "wanted a letter or _, then letters, digits and _"
		}
	}
	return ""
}

// Name returns a declared variable as a node. It panics for another name.
func (s *Scope) Name(name string) *Node {
	n := s.variables[name]
	if n == nil {
		panic(fmt.Sprintf("expr: Name: %q is not a variable", name))
	}
	return n
}

// Check resolves every definition and reports all errors together, each once.
func (s *Scope) Check() error {
	var all []error
	reported := map[error]bool{}
	for _, d := range s.definitions {
		_, err := s.bounded(d.subject, func() (*Node, error) { return s.resolve(d) })
		if err != nil && !reported[err] {
			reported[err] = true
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

func (d *definition) subject() string { return d.source }

// Parse reads an expression.
func (s *Scope) Parse(src string) (*Node, error) {
	subject := func() string { return src }
	return s.bounded(subject, func() (*Node, error) { return s.read(src, nil) })
}

// Value returns the value of an expression in constants only.
func (s *Scope) Value(src string) (float64, error) {
	n, err := s.Parse(src)
	if err != nil {
		return 0, err
	}
	v, ok := n.Constant()
	switch {
	case !ok:
		found := strings.Join(n.Variables(), ", ")
		return 0, &Error{Source: src, Reason: "depends on " + found + ", wanted constants only"}
	case math.IsNaN(v) || math.IsInf(v, 0):
		return 0, &Error{Source: src, Reason: fmt.Sprintf("value %v, wanted a finite number", v)}
	}
	return v, nil
}

// exhausted says that the present request asks for too much.
func (s *Scope) exhausted() bool { return s.full || s.steps > maxSteps }

// bounded runs one request within the limits, and takes its nodes back if it
// exceeds them.
func (s *Scope) bounded(subject func() string, request func() (*Node, error)) (*Node, error) {
	mark, wasFull := len(s.nodes), s.full
	s.steps = 0
	n, err := request()
	if !s.exhausted() {
		return n, err
	}
	if err == nil {
		err = &Error{Source: subject(), Reason: tooLarge}
	}
	if !wasFull {
		s.forget(mark)
		s.full = false
	}
	return nil, err
}

const tooLarge = "expands to more than 200000 distinct operations, or takes too long to expand"

// forget takes back the nodes from mark on, and with mark 0 no node but all
// that is remembered about definitions.
func (s *Scope) forget(mark int) {
	clear(s.derivatives)
	for _, d := range s.definitions {
		if mark == 0 || d.body != nil && d.body.id >= mark {
			d.body, d.formals, d.err = nil, nil, nil
		}
	}
	if mark == 0 {
		return
	}
	for _, n := range s.nodes[mark:] {
		switch n.op {
		case opNumber:
			delete(s.numbers, math.Float64bits(n.value))
		case opVariable:
		default:
			delete(s.table, key{n.op, n.order, n.a, n.b, n.c})
		}
	}
	clear(s.nodes[mark:])
	s.nodes = s.nodes[:mark]
}

// resolve returns the body of a definition, reading it at the first use.
func (s *Scope) resolve(d *definition) (*Node, error) {
	if d.body != nil || d.err != nil {
		return d.body, d.err
	}
	for i, outer := range s.open {
		if outer == d {
			return nil, s.cycle(s.open[i:])
		}
	}
	s.open = append(s.open, d)
	d.body, d.err = s.readDefinition(d)
	s.open = s.open[:len(s.open)-1]
	return d.body, d.err
}

func (s *Scope) readDefinition(d *definition) (*Node, error) {
	if len(s.open) > maxNesting {
		return nil, &Error{Definition: d.name, Source: d.source, Reason: fmt.Sprintf("more than %d definitions deep", maxNesting)}
	}
	locals := map[string]*Node{}
	d.formals = nil
	for _, name := range d.arguments {
		locals[name] = s.newVariable(name, true)
		d.formals = append(d.formals, locals[name])
	}
	n, err := s.read(d.source, locals)
	if e, own := err.(*Error); own && e.Definition == "" {
		e.Definition = d.name
	}
	if err == nil && s.exhausted() {
		err = &Error{Definition: d.name, Source: d.source, Reason: tooLarge}
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

// cycle names the definitions that need each other.
func (s *Scope) cycle(ring []*definition) error {
	var names strings.Builder
	for _, d := range ring {
		names.WriteString(d.name + " → ")
	}
	first := ring[0]
	return &Error{Definition: first.name, Source: first.source, Reason: "definitions form a cycle: " + names.String() + first.name}
}
