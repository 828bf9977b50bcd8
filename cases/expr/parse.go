package expr

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// reader turns the library's tree into nodes.
type reader struct {
	scope  *Scope
	locals map[string]*Node // arguments of the function whose body it is
	done   map[ast.Node]*Node
	draws  *[]Draw // random numbers that were asked for; nil: none may be
}

// read parses a source; locals are the arguments if it is a function's body.
func (s *Scope) read(source string, locals map[string]*Node) (*Node, error) {
	return s.readDrawing(source, locals, nil)
}

// readDrawing parses a source that may draw random numbers if draws is not nil.
func (s *Scope) readDrawing(source string, locals map[string]*Node, draws *[]Draw) (*Node, error) {
	tree, err := parse(source)
	if err != nil {
		return nil, &Error{Source: source, Reason: remedied(err, source).Error()}
	}
	r := &reader{scope: s, locals: locals, done: map[ast.Node]*Node{}, draws: draws}
	n, err := r.node(tree)
	if _, placed := err.(*Error); err != nil && !placed {
		wrong := &Error{Source: source, Reason: err.Error()}
		if unknown := (*unknownName)(nil); errors.As(err, &unknown) {
			wrong.Unknown = unknown.name
		}
		return nil, wrong
	}
	return n, err
}

// parse returns the library's tree of a checked source.
func parse(source string) (tree ast.Node, err error) {
	// The library is fed with text from files; a bug of its parser must be an
	// error of the case, not the end of the program.
	defer func() {
		if r := recover(); r != nil {
			tree, err = nil, fmt.Errorf("the parser failed: %v", r)
		}
	}()
	s, err := rewrite(source)
	if err != nil {
		return nil, readable(err, nil)
	}
	if s.width == 0 {
		return nil, errors.New("empty, wanted an expression")
	}
	config := &conf.Config{Functions: conf.FunctionsTable{}}
	for name := range s.called {
		config.Functions[name] = &builtin.Function{Name: name} // else sum(x) would be the library's
	}
	t, err := parser.ParseWithConfig(s.out.String(), config)
	if err != nil {
		return nil, readable(err, s.columns)
	}
	return t.Node, nil
}

var tokenText = regexp.MustCompile(`token \w+\((".*")\)`)

// readable turns the library's message into one line about the source.
func readable(err error, columns map[int]int) error {
	var e *file.Error
	if !errors.As(err, &e) {
		return err
	}
	text := tokenText.ReplaceAllString(e.Message, "$1")
	if strings.Contains(text, "token EOF") {
		return errors.New("unexpected end")
	}
	column := e.From
	if columns != nil {
		column = columns[e.From]
	}
	return fmt.Errorf("%s at column %d", text, column+1)
}

// node converts a tree. A chain of operators leans to the left as far as the
// source is long, so its spine is walked in a loop.
func (r *reader) node(tree ast.Node) (*Node, error) {
	if n := r.done[tree]; n != nil {
		return n, nil
	}
	var spine []*ast.BinaryNode
	for {
		b, ok := tree.(*ast.BinaryNode)
		if !ok || r.done[tree] != nil {
			break
		}
		spine = append(spine, b)
		tree = b.Left
	}
	n, err := r.leaf(tree)
	for _, b := range slices.Backward(spine) {
		if err != nil {
			return nil, err
		}
		if n, err = r.binary(b, n); err == nil {
			r.done[b] = n
		}
	}
	return n, err
}

var binaryOps = map[string]op{
	"+": opAdd, "-": opSub, "*": opMul, "/": opDiv, "^": opPow, "**": opPow,
	"<": opLess, "<=": opLessEqual, ">": opGreater, ">=": opGreaterEqual, "==": opEqual, "!=": opNotEqual,
	"and": opAnd, "&&": opAnd, "or": opOr, "||": opOr,
}

func (r *reader) binary(b *ast.BinaryNode, left *Node) (*Node, error) {
	right, err := r.node(b.Right)
	if err != nil {
		return nil, err
	}
	o, known := binaryOps[b.Operator]
	if !known {
		return nil, fmt.Errorf("operator %q is not part of the language", b.Operator)
	}
	return binary(o, left, right), nil
}

// leaf converts everything but binary operators.
func (r *reader) leaf(tree ast.Node) (*Node, error) {
	if n := r.done[tree]; n != nil {
		return n, nil
	}
	switch t := tree.(type) {
	case *ast.IntegerNode:
		return r.scope.Number(float64(t.Value)), nil
	case *ast.FloatNode:
		return r.scope.Number(t.Value), nil
	case *ast.IdentifierNode:
		return r.name(t.Value)
	case *ast.UnaryNode:
		return r.unary(t)
	case *ast.ConditionalNode:
		n, err := r.nodes(t.Cond, t.Exp1, t.Exp2)
		if err != nil {
			return nil, err
		}
		return choice(n[0], n[1], n[2]), nil
	case *ast.CallNode:
		return r.call(t)
	}
	return nil, fmt.Errorf("%T is not part of the language", tree)
}

func (r *reader) nodes(trees ...ast.Node) ([]*Node, error) {
	list := make([]*Node, len(trees))
	for i, t := range trees {
		n, err := r.node(t)
		if err != nil {
			return nil, err
		}
		list[i] = n
	}
	return list, nil
}

func (r *reader) unary(t *ast.UnaryNode) (*Node, error) {
	n, err := r.node(t.Node)
	if err != nil {
		return nil, err
	}
	switch t.Operator {
	case "-":
		return Neg(n), nil
	case "+":
		return n, nil
	}
	return not(n), nil
}

// name looks a value up: arguments hide all else, the user's names hide pi and e.
func (r *reader) name(name string) (*Node, error) {
	s := r.scope
	if n := r.locals[name]; n != nil {
		return n, nil
	}
	if n := s.variables[name]; n != nil {
		return n, nil
	}
	if v, ok := s.constants[name]; ok {
		return s.Number(v), nil
	}
	if d := s.values[name]; d != nil {
		return s.resolve(d)
	}
	if v, ok := universal[name]; ok {
		return s.Number(v), nil
	}
	return nil, r.unknownValue(name)
}

func (r *reader) call(t *ast.CallNode) (*Node, error) {
	callee, ok := t.Callee.(*ast.IdentifierNode)
	if !ok {
		return nil, fmt.Errorf("a call of %T is not part of the language", t.Callee)
	}
	name := callee.Value
	if name == "diff" {
		return r.diff(t.Arguments)
	}
	d, f := r.scope.functions[name], functions[name]
	_, random := laws[name]
	random = random && r.draws != nil
	switch {
	case random:
	case d != nil && len(t.Arguments) != len(d.arguments):
		return nil, wrongCount(name, len(t.Arguments), plural(len(d.arguments)))
	case d == nil && f.build == nil:
		return nil, r.unknownFunction(name)
	case d == nil && (len(t.Arguments) < f.least || len(t.Arguments) > f.most):
		return nil, wrongCount(name, len(t.Arguments), f.wanted())
	}
	arguments, err := r.nodes(t.Arguments...)
	if err != nil {
		return nil, err
	}
	switch {
	case random:
		return r.draw(name, arguments)
	case d == nil:
		return f.build(arguments)
	}
	return r.inline(d, arguments)
}

func wrongCount(name string, found int, wanted string) error {
	return fmt.Errorf("%s: %s, wanted %s", name, plural(found), wanted)
}

func plural(n int) string {
	if n == 1 {
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", n)
}

// inline replaces a function's arguments by their values in its body.
func (r *reader) inline(d *definition, arguments []*Node) (*Node, error) {
	body, err := r.scope.resolve(d)
	if err != nil {
		return nil, err
	}
	if r.scope.exhausted() {
		return nil, errors.New(tooLarge)
	}
	values := map[*Node]*Node{}
	for i, formal := range d.formals {
		values[formal] = arguments[i]
	}
	return r.scope.substitute(body, values), nil
}

// diff reads diff(f, x): x is a variable, or an argument of the function whose
// body it stands in. The arguments of a function vary independently of each
// other; by a variable each of them is differentiated as what the call gives.
func (r *reader) diff(arguments []ast.Node) (*Node, error) {
	if len(arguments) != 2 {
		return nil, wrongCount("diff", len(arguments), "2 arguments, an expression and a variable")
	}
	id, ok := arguments[1].(*ast.IdentifierNode)
	if !ok {
		return nil, errors.New("diff: the second argument is an expression, wanted a variable's name")
	}
	f, err := r.node(arguments[0])
	if err != nil {
		return nil, err
	}
	v := r.locals[id.Value]
	if v == nil {
		if v, err = r.scope.differentiable(id.Value); err != nil {
			return nil, fmt.Errorf("diff: %w", err)
		}
	}
	if v.formal && f.formal && f.op == opVariable && f != v {
		return nil, fmt.Errorf("diff(%s, %s): the arguments of a function do not depend on each other", f.name, v.name)
	}
	return r.scope.diff(f, v), nil
}

// differentiable returns the variable of that name, or says what it is instead.
func (s *Scope) differentiable(name string) (*Node, error) {
	if v := s.variables[name]; v != nil {
		return v, nil
	}
	kind := s.kindOf(name)
	if _, ok := universal[name]; ok && kind == "" {
		kind = "constant"
	}
	if kind != "" {
		return nil, fmt.Errorf("%q is a %s, wanted a variable", name, kind)
	}
	return nil, fmt.Errorf("unknown variable %q%s", name, suggest(name, keys(s.variables)))
}
