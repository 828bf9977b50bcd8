package rundir

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// appendNumber appends the shortest decimal that reads back as x, or null.
func appendNumber(b []byte, x float64) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, x, 'g', -1, 64)
}

// Marshal returns v as indented JSON, as encoding/json does but for two
// things: a float that is not finite is null, and an array of scalars, or of
// such arrays, stands on one line. Tags are read for name and omitempty;
// structs are written in the order of their fields, maps by key.
func Marshal(v any) ([]byte, error) {
	var w jsonWriter
	if err := w.value(reflect.ValueOf(v), 0); err != nil {
		return nil, err
	}
	w.WriteByte('\n')
	return w.Bytes(), nil
}

type jsonWriter struct{ bytes.Buffer }

// member is one name and value of an object.
type member struct {
	name  string
	value reflect.Value
}

func (w *jsonWriter) value(v reflect.Value, depth int) error {
	if !v.IsValid() {
		w.WriteString("null")
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			w.WriteString("null")
			return nil
		}
	}
	if _, ok := v.Interface().(json.Marshaler); ok {
		return w.other(v, depth)
	}
	if _, ok := v.Interface().(encoding.TextMarshaler); ok {
		return w.other(v, depth)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return w.value(v.Elem(), depth)
	case reflect.Float32, reflect.Float64:
		w.Write(appendNumber(nil, v.Float()))
		return nil
	case reflect.Struct:
		return w.object(fields(v), depth)
	case reflect.Map:
		if v.Type().Key().Kind() == reflect.String && !v.IsNil() {
			return w.object(entries(v), depth)
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() != reflect.Uint8 && (v.Kind() == reflect.Array || !v.IsNil()) {
			return w.array(v, depth)
		}
	}
	return w.other(v, depth)
}

// other writes what encoding/json writes.
func (w *jsonWriter) other(v reflect.Value, depth int) error {
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return fmt.Errorf("rundir: summary: %w", err)
	}
	return json.Indent(&w.Buffer, text, strings.Repeat("  ", depth), "  ")
}

func (w *jsonWriter) object(members []member, depth int) error {
	if len(members) == 0 {
		w.WriteString("{}")
		return nil
	}
	for i, m := range members {
		w.WriteByte(",{"[btoi(i == 0)])
		w.line(depth + 1)
		name, err := json.Marshal(m.name)
		if err != nil {
			return fmt.Errorf("rundir: summary: %w", err)
		}
		w.Write(name)
		w.WriteString(": ")
		if err := w.value(m.value, depth+1); err != nil {
			return err
		}
	}
	w.line(depth)
	w.WriteByte('}')
	return nil
}

func (w *jsonWriter) array(v reflect.Value, depth int) error {
	inline := true
	for i := range v.Len() {
		inline = inline && flat(v.Index(i))
	}
	w.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			w.WriteByte(',')
		}
		switch {
		case !inline:
			w.line(depth + 1)
		case i > 0:
			w.WriteByte(' ')
		}
		if err := w.value(v.Index(i), depth+1); err != nil {
			return err
		}
	}
	if !inline {
		w.line(depth)
	}
	w.WriteByte(']')
	return nil
}

func (w *jsonWriter) line(depth int) {
	w.WriteByte('\n')
	for range depth {
		w.WriteString("  ")
	}
}

// flat reports whether v is written without a line break.
func flat(v reflect.Value) bool {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Struct, reflect.Map:
		return false
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if !flat(v.Index(i)) {
				return false
			}
		}
	}
	return true
}

// fields lists the exported fields of a struct, those of embedded structs in
// their place.
func fields(v reflect.Value) []member {
	var out []member
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		omit := slices.Contains(strings.Split(options, ","), "omitempty") && empty(v.Field(i)) ||
			slices.Contains(strings.Split(options, ","), "omitzero") && v.Field(i).IsZero()
		switch {
		case f.Anonymous && tag == "" && f.Type.Kind() == reflect.Struct:
			out = append(out, fields(v.Field(i))...)
		case f.IsExported() && f.Tag.Get("json") != "-" && !omit:
			out = append(out, member{cmp.Or(tag, f.Name), v.Field(i)})
		}
	}
	return out
}

// empty is what omitempty means.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.Array, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// entries lists a map by key.
func entries(v reflect.Value) []member {
	var out []member
	for _, key := range v.MapKeys() {
		out = append(out, member{key.String(), v.MapIndex(key)})
	}
	slices.SortFunc(out, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return out
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
