package cases

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// table is a TOML table in the order of the file. Values are string, int64,
// float64, bool, []any, *table, []*table, or a date type that no key accepts.
type table struct {
	path    string // "process.drift", "" for the file itself
	line    int
	entries []entry
}

type entry struct {
	key   string
	line  int
	value any
}

// A case file is small; these bounds keep a hostile one from taking memory or
// stack in the TOML parser.
const (
	maxFile    = 4 << 20
	maxNesting = 100
)

// parse reads TOML into an ordered tree.
func parse(data []byte) (*table, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("the case file has %d bytes, expected at most %d", len(data), maxFile)
	}
	if deepest(data) > maxNesting {
		return nil, fmt.Errorf("brackets are nested more than %d deep", maxNesting)
	}
	at := locate(data)
	if at.deep > 0 {
		return nil, &Mistake{Line: at.deep, Found: fmt.Sprintf("a key has more than %d parts", maxNesting)}
	}
	values := map[string]any{}
	if err := toml.Unmarshal(data, &values); err != nil {
		var d *toml.DecodeError
		if errors.As(err, &d) {
			line, _ := d.Position()
			return nil, &Mistake{Line: line, Found: strings.TrimPrefix(d.Error(), "toml: "), Hint: quoting(data, line)}
		}
		return nil, err
	}
	return order(values, "", at.at), nil
}

var quoted = regexp.MustCompile(`"(\\.|[^"\\])*"|'[^']*'`)

// quoting says that expressions are texts, if a value in the line is neither
// a text nor any other value.
func quoting(data []byte, line int) string {
	lines := strings.Split(string(data), "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	text, _, _ := strings.Cut(quoted.ReplaceAllString(lines[line-1], `""`), "#")
	_, rest, _ := strings.Cut(text, "=")
	for rest != "" {
		i := strings.IndexAny(rest+",", "={}[],")
		value, isKey := strings.TrimSpace(rest[:i]), strings.HasPrefix(rest[i:], "=")
		if value != "" && !isKey && !isValue(value) {
			return "put expressions in quotes"
		}
		rest = rest[min(i+1, len(rest)):]
	}
	return ""
}

func isValue(text string) bool {
	var any map[string]any
	return toml.Unmarshal([]byte("v = "+text), &any) == nil
}

// deepest returns the deepest nesting of brackets and braces.
func deepest(data []byte) (most int) {
	depth := 0
	for _, c := range data {
		switch c {
		case '[', '{':
			depth++
			most = max(most, depth)
		case ']', '}':
			depth = max(0, depth-1)
		}
	}
	return most
}

// place is where a key stands.
type place struct{ line, offset int }

// places finds where every key of a file stands first, by its path.
type places struct {
	parser unstable.Parser
	lines  []int // offsets of the ends of lines
	at     map[string]place
	counts map[string]int // tables so far of each array of tables
	deep   int            // the line of a key of too many parts, 0 if there is none
}

func locate(data []byte) *places {
	p := &places{at: map[string]place{}, counts: map[string]int{}}
	for i, c := range data {
		if c == '\n' {
			p.lines = append(p.lines, i)
		}
	}
	p.parser.Reset(data)
	prefix := ""
	for p.deep == 0 && p.parser.NextExpression() {
		e := p.parser.Expression()
		switch e.Kind {
		case unstable.Table:
			prefix = p.note("", e.Key())
		case unstable.ArrayTable:
			array := p.note("", e.Key())
			prefix = join(array, strconv.Itoa(p.counts[array]))
			p.counts[array]++
			p.at[prefix] = p.last(e)
		case unstable.KeyValue:
			p.pair(prefix, e)
		}
	}
	return p
}

func (p *places) place(key *unstable.Node) place {
	offset := int(key.Raw.Offset)
	line, _ := slices.BinarySearch(p.lines, offset)
	return place{line + 1, offset}
}

// last returns where the last key of a heading stands.
func (p *places) last(heading *unstable.Node) (at place) {
	for it := heading.Key(); it.Next(); {
		at = p.place(it.Node())
	}
	return at
}

// note records the keys of a dotted path and returns the path.
func (p *places) note(prefix string, keys unstable.Iterator) string {
	for parts := 1; keys.Next(); parts++ {
		at := p.place(keys.Node())
		if parts > maxNesting {
			p.deep = at.line
			return prefix
		}
		prefix = join(prefix, string(keys.Node().Data))
		if _, seen := p.at[prefix]; !seen {
			p.at[prefix] = at
		}
		if n := p.counts[prefix]; n > 0 && !keys.IsLast() {
			prefix = join(prefix, strconv.Itoa(n-1)) // a key below the newest table of an array
		}
	}
	return prefix
}

func (p *places) pair(prefix string, e *unstable.Node) {
	path := p.note(prefix, e.Key())
	if p.deep == 0 {
		p.inside(path, e.Value())
	}
}

// inside notes the keys of tables in braces, also of those in a list.
func (p *places) inside(path string, v *unstable.Node) {
	switch v.Kind {
	case unstable.InlineTable:
		for it := v.Children(); it.Next(); {
			p.pair(path, it.Node())
		}
	case unstable.Array:
		i := 0
		for it := v.Children(); it.Next(); i++ {
			item := join(path, strconv.Itoa(i))
			p.at[item] = p.at[path]
			p.inside(item, it.Node())
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// order turns decoded values into a table in the order of the file.
func order(values map[string]any, path string, at map[string]place) *table {
	t := &table{path: path, line: at[path].line}
	for key := range values {
		t.entries = append(t.entries, entry{key: key, line: at[join(path, key)].line})
	}
	slices.SortFunc(t.entries, func(a, b entry) int {
		return at[join(path, a.key)].offset - at[join(path, b.key)].offset
	})
	for i := range t.entries {
		e := &t.entries[i]
		e.value = ordered(values[e.key], join(path, e.key), at)
	}
	return t
}

func ordered(v any, path string, at map[string]place) any {
	switch v := v.(type) {
	case map[string]any:
		return order(v, path, at)
	case []any:
		tables := make([]*table, 0, len(v))
		for i, item := range v {
			if m, ok := item.(map[string]any); ok {
				tables = append(tables, order(m, join(path, strconv.Itoa(i)), at))
			}
		}
		if len(tables) == len(v) && len(v) > 0 {
			return tables
		}
	}
	return v
}

func (t *table) find(key string) *entry {
	for i := range t.entries {
		if t.entries[i].key == key {
			return &t.entries[i]
		}
	}
	return nil
}

// at returns the table below t of that name.
func (t *table) at(key string) (*table, bool) {
	e := t.find(key)
	if e == nil {
		return nil, false
	}
	s, ok := e.value.(*table)
	return s, ok
}

// with returns t with another value of a key.
func (t *table) with(key string, value any) *table {
	out := &table{path: t.path, line: t.line, entries: slices.Clone(t.entries)}
	out.set(key, value)
	return out
}

// without returns t less some keys.
func (t *table) without(keys ...string) *table {
	out := &table{path: t.path, line: t.line, entries: slices.Clone(t.entries)}
	out.entries = slices.DeleteFunc(out.entries, func(e entry) bool { return slices.Contains(keys, e.key) })
	return out
}

func (t *table) set(key string, value any) {
	if e := t.find(key); e != nil {
		e.value = value
		return
	}
	t.entries = append(t.entries, entry{key: key, line: t.line, value: value})
}
