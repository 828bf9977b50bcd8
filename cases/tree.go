package cases

import (
	"errors"
	"fmt"
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
	values := map[string]any{}
	if err := toml.Unmarshal(data, &values); err != nil {
		var d *toml.DecodeError
		if errors.As(err, &d) {
			line, _ := d.Position()
			return nil, &Mistake{Line: line, Found: strings.TrimPrefix(d.Error(), "toml: ")}
		}
		return nil, err
	}
	return order(values, "", places(data)), nil
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

// places returns where every key of the file stands first, by its path.
func places(data []byte) map[string]place {
	var p unstable.Parser
	p.Reset(data)
	at := map[string]place{}
	counts := map[string]int{}
	prefix := ""
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table:
			prefix = note(&p, at, "", e.Key(), counts)
		case unstable.ArrayTable:
			prefix = note(&p, at, "", e.Key(), counts)
			array := prefix
			prefix = join(array, strconv.Itoa(counts[array]))
			counts[array]++
			at[prefix] = lastKey(&p, e)
		case unstable.KeyValue:
			pair(&p, at, prefix, e, counts)
		}
	}
	return at
}

// lastKey returns where the last key of a heading stands.
func lastKey(p *unstable.Parser, heading *unstable.Node) (at place) {
	for it := heading.Key(); it.Next(); {
		start := p.Shape(it.Node().Raw).Start
		at = place{start.Line, start.Offset}
	}
	return at
}

// note records the keys of a dotted path and returns the path.
func note(p *unstable.Parser, at map[string]place, prefix string, keys unstable.Iterator, counts map[string]int) string {
	for keys.Next() {
		k := keys.Node()
		prefix = join(prefix, string(k.Data))
		if _, seen := at[prefix]; !seen {
			start := p.Shape(k.Raw).Start
			at[prefix] = place{start.Line, start.Offset}
		}
		if n := counts[prefix]; n > 0 && !keys.IsLast() {
			prefix += "." + strconv.Itoa(n-1) // a key below the newest table of an array
		}
	}
	return prefix
}

func pair(p *unstable.Parser, at map[string]place, prefix string, e *unstable.Node, counts map[string]int) {
	path := note(p, at, prefix, e.Key(), counts)
	inside(p, at, path, e.Value(), counts)
}

// inside notes the keys of tables in braces, also of those in a list.
func inside(p *unstable.Parser, at map[string]place, path string, v *unstable.Node, counts map[string]int) {
	switch v.Kind {
	case unstable.InlineTable:
		for it := v.Children(); it.Next(); {
			pair(p, at, path, it.Node(), counts)
		}
	case unstable.Array:
		i := 0
		for it := v.Children(); it.Next(); i++ {
			item := join(path, strconv.Itoa(i))
			at[item] = at[path]
			inside(p, at, item, it.Node(), counts)
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

func (t *table) set(key string, value any) {
	if e := t.find(key); e != nil {
		e.value = value
		return
	}
	t.entries = append(t.entries, entry{key: key, line: t.line, value: value})
}

func (t *table) remove(key string) {
	t.entries = slices.DeleteFunc(t.entries, func(e entry) bool { return e.key == key })
}
