package expr

import (
	"errors"
	"fmt"
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

const (
	maxLength  = 64 << 10 // bytes of one expression
	maxNesting = 200      // operations that wait for an operand, and definitions within definitions
)

// refused names what the library's grammar has and this language has not.
var refused = map[string]string{
	"|": "a pipe", ";": "a sequence", "..": "a range", ".": "access to a member", "?.": "access to a member",
	"[": "an array or an index", "]": "an array or an index", "{": "a map or a block", "}": "a map or a block",
	"#": "a pointer", "::": "a name space", "??": "a default",
	"%": "a remainder", "&": "a single &, wanted && or and", "=": "an assignment, wanted ==",
	"let": "a declaration", "if": "a statement, wanted c ? a : b", "else": "a statement, wanted c ? a : b",
	"in": "membership", "matches": "a text operator", "contains": "a text operator",
	"startsWith": "a text operator", "endsWith": "a text operator",
	"true": "a truth value, wanted 1", "false": "a truth value, wanted 0", "nil": "an empty value",
}

// tokenKind says how a token bears on nesting and on what "not" extends over.
type tokenKind int

const (
	operand tokenKind = iota // a number or a name
	opening
	closing
	comma
	logic      // and, or
	condition  // ?
	branch     // :
	negation   // not
	comparison // <, ==, …
	arithmetic // + − * /
	power
)

var kinds = map[string]tokenKind{
	"(": opening, ")": closing, ",": comma,
	"and": logic, "or": logic, "&&": logic, "||": logic,
	"?": condition, ":": branch, "not": negation, "!": negation,
	"<": comparison, "<=": comparison, ">": comparison, ">=": comparison, "==": comparison, "!=": comparison,
	"+": arithmetic, "-": arithmetic, "*": arithmetic, "/": arithmetic, "^": power, "**": power,
}

// level is what waits within one pair of parentheses.
type level struct {
	nots        int // negations that are still open
	tight       int // signs and powers
	choices     int
	comparisons int
	equality    bool // one of the comparisons is == or !=
}

// scan checks a source before the parser recurses into it, and rewrites it where
// the parser's grammar differs from this language: "not" takes whole
// comparisons, long integers are numbers, and ?.5 is a choice.
type scan struct {
	levels   []level
	previous tokenKind
	out      strings.Builder
	width    int            // runes in out
	columns  map[int]int    // column in the source, by column in out
	called   map[string]any // names that stand before a parenthesis
}

// rewrite returns the checked and rewritten source.
func rewrite(source string) (*scan, error) {
	if len(source) > maxLength {
		return nil, fmt.Errorf("%d bytes long, at most %d are allowed", len(source), maxLength)
	}
	if strings.Contains(source, "//") || strings.Contains(source, "/*") {
		return nil, fmt.Errorf("a comment is not part of the language")
	}
	tokens, err := lexer.Lex(file.NewSource(source))
	if err != nil {
		return nil, err
	}
	s := &scan{levels: make([]level, 1), previous: opening, columns: map[int]int{}, called: map[string]any{}}
	for i := 0; i < len(tokens)-1; i++ {
		t, next := tokens[i], tokens[i+1]
		if t.Value == "?." && next.Kind == lexer.Number && t.To == next.From {
			t.Value, tokens[i+1].Value = "?", "0."+next.Value
		}
		if err := s.take(t, next); err != nil {
			return nil, fmt.Errorf("%w at column %d", err, t.From+1)
		}
	}
	s.closeNots()
	if len(s.levels) > 1 {
		return nil, errors.New("a closing ) is missing")
	}
	return s, nil
}

// take handles one token.
func (s *scan) take(t, next lexer.Token) error {
	if t.Kind == lexer.String || t.Kind == lexer.Bytes {
		return fmt.Errorf("text is not part of the language")
	}
	kind, known := kinds[t.Value]
	if name := refused[t.Value]; name != "" {
		return fmt.Errorf("%q is %s: not part of the language", t.Value, name)
	}
	if !known && (t.Kind == lexer.Operator || t.Kind == lexer.Bracket) {
		return fmt.Errorf("unknown operator %q", t.Value)
	}
	if t.Kind == lexer.Identifier && next.Is(lexer.Bracket, "(") {
		s.called[t.Value] = nil
	}
	if err := s.nest(kind, t, next); err != nil {
		return err
	}
	s.emit(decimal(t), t.From)
	if kind == negation {
		s.emit("(", t.From)
	}
	s.previous = kind
	return s.checkNesting()
}

// decimal returns the token's text; an integer too long for the parser becomes
// a decimal number.
func decimal(t lexer.Token) string {
	const safe = 15 // digits that every integer type and float64 hold
	if t.Kind == lexer.Number && len(t.Value) > safe && strings.Trim(t.Value, "0123456789") == "" {
		return t.Value + ".0"
	}
	return t.Value
}

// nest keeps account of what the token opens and closes.
func (s *scan) nest(kind tokenKind, t, next lexer.Token) error {
	top := &s.levels[len(s.levels)-1]
	switch kind {
	case opening:
		s.levels = append(s.levels, level{})
	case closing:
		return s.close()
	case comma:
		s.closeNots()
		*top = level{}
	case logic, condition, branch:
		s.closeNots()
		*top = level{choices: top.choices}
		if kind == condition {
			top.choices++
			if next.Is(lexer.Operator, ":") {
				return errors.New(`nothing stands between "?" and ":"`)
			}
		}
	case negation:
		if s.previous >= comparison || s.previous == operand || s.previous == closing {
			return fmt.Errorf("%q needs parentheses around it here", t.Value)
		}
		top.nots++
	case comparison:
		return top.compare(t.Value)
	case arithmetic:
		s.sign(top)
	case power:
		top.tight++
	}
	return nil
}

// sign counts a sign as waiting for its operand; an operation ends what waits.
func (s *scan) sign(top *level) {
	if s.previous == operand || s.previous == closing {
		top.tight = 0
		return
	}
	top.tight++
}

// compare refuses a == b < c, which is a chain to some readers and not to others.
func (l *level) compare(operator string) error {
	l.tight = 0
	l.comparisons++
	l.equality = l.equality || operator == "==" || operator == "!="
	if l.equality && l.comparisons > 1 {
		return fmt.Errorf("== or != beside another comparison needs parentheses")
	}
	return nil
}

func (s *scan) close() error {
	if len(s.levels) == 1 {
		return fmt.Errorf("%q closes nothing", ")")
	}
	if s.previous == comma {
		return fmt.Errorf("unexpected %q", ")") // the library's parser lets f(x,) pass
	}
	s.closeNots()
	s.levels = s.levels[:len(s.levels)-1]
	return nil
}

// closeNots ends the operands of the open negations.
func (s *scan) closeNots() {
	top := &s.levels[len(s.levels)-1]
	for ; top.nots > 0; top.nots-- {
		s.emit(")", -1)
	}
}

func (s *scan) emit(text string, from int) {
	if from >= 0 {
		s.columns[s.width] = from
	}
	s.out.WriteString(text)
	s.out.WriteByte(' ')
	s.width += len([]rune(text)) + 1
}

// checkNesting bounds what waits for an operand, in all open parentheses.
func (s *scan) checkNesting() error {
	if len(s.levels) > maxNesting {
		return errDeep
	}
	depth := 0
	for _, l := range s.levels {
		depth += 1 + l.nots + l.tight + l.choices
	}
	if depth > maxNesting {
		return errDeep
	}
	return nil
}

var errDeep = fmt.Errorf("nested deeper than %d", maxNesting)
