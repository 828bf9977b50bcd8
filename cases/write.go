package cases

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"fokker/cases/rundir"
	"fokker/cases/sgd"
)

// TOML returns the case as run: overrides applied, defaults written out, the
// data named by their checksum. It reads its data from the place of Files.
func (c *Case) TOML() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# as run by fokker %s\n", Version)
	for _, d := range []*sgd.Data{c.Data, c.TestData} {
		if d != nil {
			fmt.Fprintf(&b, "# data %s: %d examples, SHA-256 %s\n", d.Name, d.Len(), d.Checksum)
		}
	}
	file, files := c.file, c.Files()
	for _, d := range c.dataFiles() {
		if base := filepath.Base(d.data.Name); files[base] != nil {
			optimiser, _ := file.at("sgd") // which has the data
			file = file.with("sgd", optimiser.with(d.key, base))
		}
	}
	writeTable(&b, file)
	return []byte(b.String())
}

// dataFile is a file that [sgd] reads.
type dataFile struct {
	key  string
	data *sgd.Data
	raw  []byte
}

// dataFiles returns those that are kept, without a second one of the same name.
func (c *Case) dataFiles() (out []dataFile) {
	for _, d := range []dataFile{{"data", c.Data, c.raw}, {"test_data", c.TestData, c.testRaw}} {
		same := func(o dataFile) bool {
			return filepath.Base(o.data.Name) == filepath.Base(d.data.Name) && o.data.Checksum != d.data.Checksum
		}
		if d.raw != nil && !rundir.Written(filepath.Base(d.data.Name)) && !slices.ContainsFunc(out, same) {
			out = append(out, d)
		}
	}
	return out
}

// Files returns what the case as run needs beside it, by name: the data. They
// are left out, and TOML names their place, if they have more than 16 MiB or a
// name that a run directory uses otherwise.
func (c *Case) Files() map[string][]byte {
	var out map[string][]byte
	for _, d := range c.dataFiles() {
		if out == nil {
			out = map[string][]byte{}
		}
		out[filepath.Base(d.data.Name)] = d.raw
	}
	return out
}

// writeTable writes plain values first, then tables under their headings, as
// TOML wants it.
func writeTable(b *strings.Builder, t *table) {
	for _, e := range t.entries {
		switch e.value.(type) {
		case *table, []*table:
			continue
		}
		fmt.Fprintf(b, "%s = %s\n", quoteKey(e.key), literalOf(e.value))
	}
	for _, e := range t.entries {
		switch v := e.value.(type) {
		case *table:
			fmt.Fprintf(b, "\n[%s]\n", heads(t.path, e.key))
			writeTable(b, v)
		case []*table:
			for _, one := range v {
				fmt.Fprintf(b, "\n[[%s]]\n", heads(t.path, e.key))
				writeAxis(b, one)
			}
		}
	}
}

// writeAxis writes the tables of an array entry, whose paths have a number that
// headings do not, in braces.
func writeAxis(b *strings.Builder, t *table) {
	for _, e := range t.entries {
		fmt.Fprintf(b, "%s = %s\n", quoteKey(e.key), literalOf(e.value))
	}
}

func heads(path, key string) string {
	parts := []string{}
	if path != "" {
		parts = strings.Split(path, ".")
	}
	for i := range parts {
		parts[i] = quoteKey(parts[i])
	}
	return strings.Join(append(parts, quoteKey(key)), ".")
}

func quoteKey(key string) string {
	for _, c := range key {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return quoteText(key)
		}
	}
	if key == "" {
		return `""`
	}
	return key
}

func literalOf(v any) string {
	switch v := v.(type) {
	case string:
		return quoteText(v)
	case float64:
		if math.IsInf(v, 0) {
			return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, 64), "+"))
		}
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".en") {
			s += ".0"
		}
		return s
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = literalOf(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *table:
		parts := make([]string, len(v.entries))
		for i, e := range v.entries {
			parts[i] = quoteKey(e.key) + " = " + literalOf(e.value)
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	return fmt.Sprint(v)
}

// quoteText writes a TOML basic string.
func quoteText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < 0x20 || c == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
