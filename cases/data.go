package cases

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"fokker/cases/sgd"
)

// readData reads the examples of [sgd] and makes their columns known to
// expressions.
func (r *reader) readData(t *table, open Open) *sgd.Data {
	e := t.find("data")
	random, drawn := t.at("data")
	if drawn {
		r.declareRandom(random)
	}
	if e == nil || drawn {
		for _, key := range []string{"columns", "standardize", "weights"} {
			if other := t.find(key); other != nil {
				r.fail(other.line, join(t.path, key), "found without a data file", "", "it says how to read the columns of a data file")
			}
		}
		return nil
	}
	name, ok := e.value.(string)
	if !ok {
		r.fail(e.line, "sgd.data", describe(e.value), "the name of a CSV file, or a table of columns drawn at random", `such as { x = "normal(0, 1)" }`)
		return nil
	}
	var data *sgd.Data
	if data, r.raw = r.loadData(t, e, name, open); data == nil {
		return nil
	}
	r.columns = data.Columns
	for _, column := range data.Columns {
		r.declareColumn(e.line, column)
	}
	if e := t.find("weights"); e != nil {
		column := r.text(t, "weights", "")
		if err := data.Weigh(column); err != nil && r.isText(t, "weights") {
			r.fail(e.line, "sgd.weights", err.Error(), "a column of numbers of at least 0", didYouMean(column, data.Columns))
		}
	}
	for _, column := range r.texts(t, "standardize") {
		if err := data.Standardize(column); err != nil {
			r.fail(lineOf(t, "standardize"), "sgd.standardize", err.Error(), "", didYouMean(column, data.Columns))
		}
	}
	return data
}

// loadData reads the file of a key, and returns its bytes, nil if they are too many to
// keep.
func (r *reader) loadData(t *table, e *entry, name string, open Open) (*sgd.Data, []byte) {
	path := join(t.path, e.key)
	rename := map[string]string{}
	if s := r.sub(t, "columns"); s != nil {
		for _, c := range s.entries {
			rename[c.key] = r.text(s, c.key, "")
		}
	}
	file, err := open(name)
	if err != nil {
		r.fail(e.line, path, fmt.Sprintf("%q cannot be opened: %s", name, reason(err)), "a file beside the case", "")
		return nil, nil
	}
	defer file.Close()
	var kept keeper
	data, err := sgd.ReadData(name, io.TeeReader(file, &kept), rename)
	var column *sgd.RenameError
	switch {
	case errors.As(err, &column):
		s := t.find("columns").value.(*table)
		r.fail(lineOf(s, column.To), join(s.path, column.To), err.Error(), "", "")
		return nil, nil
	case err != nil:
		r.failExpression(e.line, path, err)
		return nil, nil
	}
	return data, kept.all
}

// keeper keeps what is written to it, or nothing if that is more than mostKept.
type keeper struct {
	all  []byte
	full bool
}

// mostKept is the size of a data file that is copied into run directories.
const mostKept = 16 << 20

func (k *keeper) Write(p []byte) (int, error) {
	if k.full = k.full || len(k.all)+len(p) > mostKept; k.full {
		k.all = nil
	} else {
		k.all = append(k.all, p...)
	}
	return len(p), nil
}

func (r *reader) declareColumn(line int, name string) {
	const hint = "rename it with `columns`"
	switch {
	case !identifier.MatchString(name):
		r.fail(line, "sgd.data", fmt.Sprintf("found a column called %q", name), "letters, digits and _, not starting with a digit", hint)
	case slices.Contains(reserved, name):
		r.fail(line, "sgd.data", fmt.Sprintf("found a column called %q, which is reserved", name), "", hint)
	default:
		if err := r.scope.Variable(name); err != nil {
			r.fail(line, "sgd.data", "column: "+strings.TrimPrefix(err.Error(), "expr: "), "", hint)
		}
	}
}
