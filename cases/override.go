package cases

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// override applies "name=value", where name is a parameter or the path of a
// key, axes by their names or all by *: Ty=2, sgd.batch_size=8,
// axis.x.cells=512, axis.*.cells=64. "--cells x=512" and "--cells 64" are the
// last two in short; "--at 2" and "--times 1,2" are validate.at=[2] and [1,2].
func (r *reader) override(file *table, assignment string) {
	r.saying = "--set " + assignment
	if cells, short := strings.CutPrefix(assignment, "--cells "); short {
		r.saying = assignment
		axis, number, one := strings.Cut(cells, "=")
		if !one {
			axis, number = "*", cells
		}
		assignment = "axis." + axis + ".cells=" + number
	}
	for _, flag := range []string{"--at ", "--times "} {
		if times, short := strings.CutPrefix(assignment, flag); short {
			r.saying, assignment = assignment, "validate.at=["+times+"]"
		}
	}
	name, text, ok := strings.Cut(assignment, "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" {
		r.refuse(fmt.Sprintf("found %q", assignment), "name=value", "")
		return
	}
	value := literal(strings.TrimSpace(text))
	if parameter := strings.TrimPrefix(name, "parameters."); !strings.Contains(parameter, ".") {
		r.overrideParameter(file, parameter, value)
		return
	}
	path := strings.Split(name, ".")
	if len(path) == 3 && path[0] == "axis" && path[1] == "*" {
		r.overrideAxes(file, path[2], value)
		return
	}
	if t := r.descend(file, path[:len(path)-1]); t != nil {
		r.put(t, path[len(path)-1], value)
	}
}

// refuse reports the override at hand.
func (r *reader) refuse(found, expected, hint string) {
	r.mistakes = append(r.mistakes, &Mistake{File: r.saying, Found: found, Expected: expected, Hint: hint})
}

// put sets a key and remembers that the file does not say so.
func (r *reader) put(t *table, key string, value any) {
	t.set(key, value)
	t.find(key).line = 0
	if r.overridden == nil {
		r.overridden = map[string]string{}
	}
	r.overridden[join(t.path, key)] = r.saying
}

// literal reads a TOML value; what is none is a text.
func literal(text string) any {
	var v struct{ V any }
	if err := toml.Unmarshal([]byte("V = "+text), &v); err != nil || v.V == nil {
		return text
	}
	switch v.V.(type) {
	case string, int64, float64, bool, []any:
		return v.V
	}
	return text
}

func (r *reader) overrideParameter(file *table, name string, value any) {
	t := r.sub(file, "parameters")
	if t != nil && t.find(name) != nil {
		r.put(t, name, value)
		return
	}
	if name == "accuracy" {
		r.put(file, name, value)
		return
	}
	var known []string
	if t != nil {
		for _, e := range t.entries {
			known = append(known, e.key)
		}
	}
	hint := didYouMean(name, known)
	if d, ok := file.at("define"); ok && d.find(name) != nil {
		hint = "a definition is set by its path, define." + strings.TrimPrefix(r.saying, "--set ")
	}
	if hint == "" && len(known) > 0 {
		hint = "parameters: " + strings.Join(known, ", ")
	}
	if hint == "" {
		hint = "the case has no parameters; another key is set by its path, as in evolve.until=3"
	}
	r.refuse(fmt.Sprintf("no parameter is called %q", name), "", hint)
}

// overrideAxes sets a key of every axis.
func (r *reader) overrideAxes(file *table, key string, value any) {
	if e := file.find("axis"); e != nil {
		axes, _ := e.value.([]*table)
		for _, a := range axes {
			r.put(a, key, value)
		}
	}
}

// descend finds the table of a path and makes it where the case has none yet.
func (r *reader) descend(t *table, path []string) *table {
	for i := 0; i < len(path); i++ {
		key := path[i]
		e := t.find(key)
		switch {
		case e == nil && slices.Contains(keys[t.path], key):
			t.set(key, &table{path: join(t.path, key)})
			e = t.find(key)
		case e == nil:
			r.refuse(fmt.Sprintf("the case has no table %q", strings.Join(path[:i+1], ".")), "", "")
			return nil
		}
		switch v := e.value.(type) {
		case *table:
			t = v
		case []*table:
			i++
			if t = r.axisTable(v, path[min(i, len(path)):]); t == nil {
				return nil
			}
		default:
			r.refuse(fmt.Sprintf("%q is not a table", strings.Join(path[:i+1], ".")), "", "")
			return nil
		}
	}
	return t
}

// axisTable finds the axis that the rest of a path begins with.
func (r *reader) axisTable(axes []*table, path []string) *table {
	var known []string
	for _, a := range axes {
		if e := a.find("name"); e != nil {
			known = append(known, fmt.Sprint(e.value))
			if len(path) > 0 && e.value == path[0] {
				return a
			}
		}
	}
	r.refuse("found no such axis", "axis.NAME.key", "axes: "+strings.Join(known, ", "))
	return nil
}
