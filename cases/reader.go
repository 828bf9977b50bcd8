package cases

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"fokker/cases/expr"
)

// reader turns the tree of a file into a case and collects every mistake.
type reader struct {
	file     string
	mistakes Mistakes
	scope    *expr.Scope

	saying      string            // the override at hand, "--set T=2"
	overridden  map[string]string // what said so, by the path of the key
	axes        []string          // names of [[axis]], "" where there is none of its own
	definitions map[string]entry
	columns     []string // of the data
	raw         []byte   // the data file, nil if it is too large to keep
}

func (r *reader) fail(line int, key, found, expected, hint string) {
	m := &Mistake{r.file, line, r.named(key), found, expected, hint}
	for path, said := range r.overridden {
		if rest, below := strings.CutPrefix(key, path); below && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			m.File, m.Line = said, 0
		}
	}
	r.mistakes = append(r.mistakes, m)
}

// named returns the path of a key with the name of an axis for its number.
func (r *reader) named(key string) string {
	for k, name := range r.axes {
		path := fmt.Sprintf("axis.%d", k)
		if rest, below := strings.CutPrefix(key, path+"."); below && name != "" {
			return "axis." + name + "." + rest
		}
	}
	return key
}

// describe names a value in a message.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		if len(v) > 60 {
			v = v[:57] + "..."
		}
		return fmt.Sprintf("found the text %q", v)
	case bool:
		return fmt.Sprintf("found %v", v)
	case int64, float64:
		return fmt.Sprintf("found the number %v", v)
	case []any:
		return fmt.Sprintf("found a list of %d", len(v))
	case *table:
		return "found a table"
	case []*table:
		return fmt.Sprintf("found a list of %d tables", len(v))
	}
	return fmt.Sprintf("found a %T", v)
}

func (r *reader) wrong(e *entry, path, expected string) {
	r.fail(e.line, path, describe(e.value), expected, "")
}

// sub returns a table below t, or nil.
func (r *reader) sub(t *table, key string) *table {
	e := t.find(key)
	if e == nil {
		return nil
	}
	s, ok := e.value.(*table)
	if !ok {
		r.fail(e.line, join(t.path, key), describe(e.value), "a table", r.asTable(e))
	}
	return s
}

// asTable shows how a value by axis is written, where one without an axis was
// found.
func (r *reader) asTable(e *entry) string {
	switch e.value.(type) {
	case string, int64, float64:
	default:
		return ""
	}
	if !slices.Contains([]string{"drift", "mean", "std", "point"}, e.key) {
		return ""
	}
	var parts []string
	for _, name := range r.axes {
		if name != "" {
			parts = append(parts, name+" = "+literalOf(e.value))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("%s = { %s }", e.key, strings.Join(parts, ", "))
}

func (r *reader) text(t *table, key, absent string) string {
	e := t.find(key)
	if e == nil {
		return absent
	}
	s, ok := e.value.(string)
	if !ok {
		r.wrong(e, join(t.path, key), "a text in quotes")
	}
	return s
}

// choice reads one of several words.
func (r *reader) choice(t *table, key, absent string, words ...string) string {
	s := r.text(t, key, absent)
	e := t.find(key)
	if e == nil {
		return absent
	}
	for _, w := range words {
		if s == w {
			return s
		}
	}
	if r.isText(t, key) {
		r.fail(e.line, join(t.path, key), fmt.Sprintf("found %q", s), `"`+strings.Join(words, `" or "`)+`"`, didYouMean(s, words))
	}
	return absent
}

func (r *reader) isText(t *table, key string) bool {
	_, ok := t.find(key).value.(string)
	return ok
}

func (r *reader) flag(t *table, key string) bool {
	e := t.find(key)
	if e == nil {
		return false
	}
	b, ok := e.value.(bool)
	if !ok {
		r.wrong(e, join(t.path, key), "true or false")
	}
	return b
}

// number reads a number or an expression in parameters.
func (r *reader) number(t *table, key string, absent float64) float64 {
	e := t.find(key)
	if e == nil {
		return absent
	}
	return r.value(e.line, join(t.path, key), e.value)
}

func (r *reader) value(line int, path string, v any) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			r.fail(line, path, describe(v), "a finite number", "")
		}
		return v
	case string:
		x, err := r.scope.Value(v)
		if err != nil {
			r.failExpression(line, path, err)
			return math.NaN()
		}
		if math.IsNaN(x) || math.IsInf(x, 0) {
			r.fail(line, path, fmt.Sprintf("found %q = %v", v, x), "a finite number", "")
		}
		return x
	}
	r.fail(line, path, describe(v), "a number or an expression in parameters", "")
	return math.NaN()
}

// failExpression reports what is wrong with an expression: at its definition,
// if that is where the mistake stands.
func (r *reader) failExpression(line int, path string, err error) {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range several.Unwrap() {
			r.failExpression(line, path, one)
		}
		return
	}
	hint := ""
	if wrong := (*expr.Error)(nil); errors.As(err, &wrong) {
		if e, known := r.definitions[wrong.Definition]; known {
			line, path = e.line, join("define", e.key)
			err = &expr.Error{Source: wrong.Source, Reason: wrong.Reason}
		}
		if wrong.Unknown != "" && len(r.columns) > 0 && strings.HasPrefix(path, "sgd.") {
			hint = "data columns: " + strings.Join(r.columns, ", ")
		}
	}
	r.fail(line, path, strings.TrimPrefix(err.Error(), "expr: "), "", hint)
}

// positive reads a number above 0.
func (r *reader) positive(t *table, key string, absent float64) float64 {
	before := len(r.mistakes)
	x := r.number(t, key, absent)
	if e := t.find(key); e != nil && !(x > 0) && len(r.mistakes) == before {
		r.fail(e.line, join(t.path, key), fmt.Sprintf("found %v", x), "a number above 0", "")
	}
	return x
}

// whole reads a whole number of at least least.
func (r *reader) whole(t *table, key string, absent, least int) int {
	e := t.find(key)
	if e == nil {
		return absent
	}
	before := len(r.mistakes)
	x := r.number(t, key, float64(absent))
	if len(r.mistakes) > before {
		return absent
	}
	if x != math.Trunc(x) || x < float64(least) || x > 1<<53 {
		r.fail(e.line, join(t.path, key), fmt.Sprintf("found %v", x), fmt.Sprintf("a whole number of at least %d", least), "")
		return absent
	}
	return int(x)
}

func (r *reader) numbers(t *table, key string) []float64 {
	e := t.find(key)
	if e == nil {
		return nil
	}
	list, ok := e.value.([]any)
	if !ok {
		r.wrong(e, join(t.path, key), "a list of numbers")
		return nil
	}
	out := make([]float64, len(list))
	for i, v := range list {
		out[i] = r.value(e.line, fmt.Sprintf("%s[%d]", join(t.path, key), i), v)
	}
	return out
}

// texts reads a list of texts.
func (r *reader) texts(t *table, key string) []string {
	e := t.find(key)
	if e == nil {
		return nil
	}
	list, ok := e.value.([]any)
	if !ok {
		r.wrong(e, join(t.path, key), "a list of texts")
		return nil
	}
	out := make([]string, 0, len(list))
	for i, v := range list {
		s, ok := v.(string)
		if !ok {
			r.fail(e.line, fmt.Sprintf("%s[%d]", join(t.path, key), i), describe(v), "a text in quotes", "")
			continue
		}
		out = append(out, s)
	}
	return out
}

// node reads an expression in a scope.
func (r *reader) node(scope *expr.Scope, line int, path string, v any) *expr.Node {
	switch v := v.(type) {
	case int64:
		return scope.Number(float64(v))
	case float64:
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			return scope.Number(v)
		}
	case string:
		n, err := scope.Parse(v)
		if err == nil {
			return n
		}
		r.failExpression(line, path, err)
		return scope.Number(0)
	case *table:
		if v.find("file") != nil {
			r.fail(line, path, "an array from a file is not available in this version", "a number or an expression", "")
			return scope.Number(0)
		}
	}
	r.fail(line, path, describe(v), "a number or an expression", "")
	return scope.Number(0)
}

// perAxis reads one expression per axis, from a table with the names of axes,
// or nil where one is left out.
func (r *reader) perAxis(t *table, axes []string) []*expr.Node {
	out := make([]*expr.Node, len(axes))
	for _, e := range t.entries {
		k := indexOf(axes, e.key)
		if k < 0 {
			r.failAxis(e, t.path, axes)
			continue
		}
		out[k] = r.node(r.scope, e.line, join(t.path, e.key), e.value)
	}
	return out
}

func (r *reader) failAxis(e entry, path string, axes []string) {
	hint := didYouMean(e.key, axes)
	if hint == "" {
		hint = "axes: " + strings.Join(axes, ", ")
	}
	if e.key == "file" {
		hint = "an array from a file is not available in this version"
	}
	r.fail(e.line, join(path, e.key), fmt.Sprintf("no axis is called %q", e.key), "", hint)
}

func indexOf(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}

// axisPair splits "x,y" into two axes, −1 where one is unknown.
func axisPair(key string, axes []string) (k, l int) {
	a, b, ok := strings.Cut(key, ",")
	if !ok {
		return -1, -1
	}
	return indexOf(axes, strings.TrimSpace(a)), indexOf(axes, strings.TrimSpace(b))
}

// matrix reads a symmetric matrix of expressions by "x,y"; "x" stands for
// "x,x" where single is allowed. Entries left out are nil.
func (r *reader) matrix(t *table, axes []string, single bool) [][]*expr.Node {
	out := make([][]*expr.Node, len(axes))
	for k := range out {
		out[k] = make([]*expr.Node, len(axes))
	}
	for _, e := range t.entries {
		k, l := axisPair(e.key, axes)
		if j := indexOf(axes, e.key); single && j >= 0 {
			k, l = j, j
		}
		if k < 0 || l < 0 {
			r.failAxis(e, t.path, axes)
			continue
		}
		if out[k][l] != nil {
			r.fail(e.line, join(t.path, e.key), "this entry was given before", "", "")
		}
		out[k][l] = r.node(r.scope, e.line, join(t.path, e.key), e.value)
		out[l][k] = out[k][l]
	}
	return out
}
