package validate

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"fokker/cases"
	"fokker/grid"
)

// Samples are somebody else's: rows of a file, an array of NumPy or a CSV.
type Samples struct {
	Name      string // of the file, for messages
	Reader    io.Reader
	Times     []float64 // one: of all rows; several: an array of (time, sample, axis); none: the stationary law
	Chain     bool      // rows follow each other in one run and are correlated
	Weights   string    // the column that holds weights: its name, or its number from 0 in an array; "": none
	Tolerance float64   // how far from the law they may be, see compare.Law
}

// rows are samples by their cells: −1 outside the box.
type rows struct {
	*grid.Grid
	source Samples
	cell   [][]int32   // by time
	weight [][]float64 // nil: all are 1
}

// readSamples reads a file of either kind.
func readSamples(g *grid.Grid, s Samples) (*rows, error) {
	r := &rows{Grid: g, source: s}
	buffered := bufio.NewReaderSize(s.Reader, 1<<20)
	start, err := buffered.Peek(len(npyMagic))
	switch begins := func(magic string) bool { return strings.HasPrefix(string(start), magic) }; {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, r.fail(trimmedPath(err), "", "")
	case begins(npyMagic):
		return r, r.readNPY(buffered)
	case begins("PK\x03\x04"):
		return nil, r.fail("it is a zip archive, as numpy.savez writes it", "an array as numpy.save writes it, or a CSV", "save one array, as .npy")
	case begins("\xff\xfe"), begins("\xfe\xff"):
		return nil, r.fail("it is text in UTF-16", "text in UTF-8", "")
	case begins(byteOrderMark):
		if _, err := buffered.Discard(len(byteOrderMark)); err != nil {
			return nil, r.fail(trimmedPath(err), "", "")
		}
	}
	return r, r.readCSV(buffered)
}

// byteOrderMark is what some programs begin a text in UTF-8 with.
const byteOrderMark = "\ufeff"

// shown is a text of a file as a message has it: in quotes, no longer than a line.
func shown(text string) string {
	const most = 40 // bytes
	if len(text) > most {
		return fmt.Sprintf("%q…", text[:most])
	}
	return fmt.Sprintf("%q", text)
}

// trimmedPath is an error of reading without the words of the packages it came
// through.
func trimmedPath(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 {
		return "cannot be read: " + text[i+2:]
	}
	return "cannot be read: " + text
}

func (r *rows) fail(found, expected, hint string) error {
	return &cases.Mistake{File: r.source.Name, Found: found, Expected: expected, Hint: hint}
}

func (r *rows) names() (names []string) {
	for _, a := range r.Axes() {
		names = append(names, a.Name)
	}
	return names
}

// put adds a coordinate to the cell of a row.
func (r *rows) put(time, row, axis int, v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		where := fmt.Sprintf("row %d", row+1)
		if len(r.cell) > 1 {
			where += fmt.Sprintf(" of time %d", time+1)
		}
		return r.fail(fmt.Sprintf("%s: %s is %v", where, r.Axis(axis).Name, v), "finite numbers", "")
	}
	cell := &r.cell[time][row]
	if *cell < 0 {
		return nil
	}
	at := along(r.Axis(axis), v)
	if at < 0 {
		*cell = -1
		return nil
	}
	*cell += int32(at * r.Stride(axis))
	return nil
}

// along returns the cell of an axis that holds v, −1 if none does.
func along(a grid.Axis, v float64) int {
	lo, hi := a.Edges[0], a.Edges[a.Cells()]
	if a.Ends[0] == grid.Periodic {
		v -= (hi - lo) * math.Floor((v-lo)/(hi-lo))
	}
	if !(v >= lo && v <= hi) {
		return -1
	}
	i, exact := slices.BinarySearch(a.Edges, v)
	if !exact {
		i--
	}
	return min(i, a.Cells()-1)
}

func (r *rows) putWeight(time, row int, v float64) error {
	if !(v >= 0) || math.IsInf(v, 1) {
		return r.fail(fmt.Sprintf("row %d: a weight of %v", row+1, v), "finite weights ≥ 0", "")
	}
	r.weight[time][row] = v
	return nil
}

// readCSV reads columns by the names of the axes where there is a header, in their
// order where there is none.
func (r *rows) readCSV(from io.Reader) error {
	if len(r.source.Times) > 1 {
		return r.fail("found a text file for several times", "an array of NumPy with dimensions (time, sample, axis)", "")
	}
	c := csv.NewReader(from)
	c.ReuseRecord, c.TrimLeadingSpace, c.FieldsPerRecord = true, true, 0
	first, err := c.Read()
	if err == io.EOF {
		return r.fail("it is empty", "one sample a row", "")
	}
	if err != nil {
		return r.fail(err.Error(), "numbers separated by commas, or an array of NumPy", "")
	}
	if text := strings.Join(first, ","); strings.Contains(text, "\r") {
		return r.fail("found "+shown(text)+" as the first line", "lines that end in LF, or CR LF", "lines of this file end in CR")
	} else if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		return r.fail("found "+shown(text)+" as the first line", "text: numbers separated by commas, or an array of NumPy", "")
	}
	columns, weights, header, err := r.columns(slices.Clone(first))
	if err != nil {
		return err
	}
	r.cell = [][]int32{nil}
	if weights >= 0 {
		r.weight = [][]float64{nil}
	}
	if !header {
		if err := r.record(c, first, columns, weights); err != nil {
			return err
		}
	}
	for {
		record, err := c.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return r.fail(err.Error(), "as many fields as in the first line", "")
		}
		if err := r.record(c, record, columns, weights); err != nil {
			return err
		}
	}
}

// columns finds the columns of axes and weights in the first line.
func (r *rows) columns(first []string) (axes []int, weights int, header bool, err error) {
	for _, field := range first {
		if _, err := strconv.ParseFloat(strings.TrimSpace(field), 64); err != nil {
			header = true
		}
	}
	weights = -1
	if !header {
		for k := range r.Dim() {
			axes = append(axes, k)
		}
		if r.source.Weights != "" {
			if weights, err = r.numbered(len(first)); err != nil {
				return nil, 0, false, err
			}
		}
		if want := r.Dim() + btoi(weights >= 0); len(first) != want {
			return nil, 0, false, r.wrongColumns(len(first))
		}
		return r.without(axes, weights), weights, false, nil
	}
	for i := range first {
		first[i] = strings.TrimSpace(first[i])
	}
	for _, name := range r.names() {
		i, err := r.named(first, name, fmt.Sprintf("one called %q", name), "the header names the axes of the case")
		if err != nil {
			return nil, 0, false, err
		}
		axes = append(axes, i)
	}
	if name := r.source.Weights; name != "" {
		if weights, err = r.named(first, name, fmt.Sprintf("one called %q, of weights", name), ""); err != nil {
			return nil, 0, false, err
		}
	}
	return axes, weights, true, nil
}

// named returns the one column of a name.
func (r *rows) named(first []string, name, expected, hint string) (int, error) {
	i := slices.Index(first, name)
	if i < 0 {
		var quoted []string
		for _, field := range first[:min(len(first), 20)] {
			quoted = append(quoted, shown(field))
		}
		return 0, r.fail(fmt.Sprintf("found columns %s", strings.Join(quoted, ", ")), expected, hint)
	}
	if slices.Contains(first[i+1:], name) {
		return 0, r.fail(fmt.Sprintf("found two columns called %q", name), "one", "")
	}
	return i, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// without moves the columns of axes past that of weights.
func (r *rows) without(axes []int, weights int) []int {
	for i := range axes {
		if weights >= 0 && axes[i] >= weights {
			axes[i]++
		}
	}
	return axes
}

// numbered returns the column of weights where columns have no names.
func (r *rows) numbered(columns int) (int, error) {
	i, err := strconv.Atoi(r.source.Weights)
	if err != nil || i < 0 || i >= columns {
		return 0, r.fail(fmt.Sprintf("found no column %q of weights", r.source.Weights), fmt.Sprintf("a number from 0 to %d: columns have no names", columns-1), "")
	}
	return i, nil
}

func (r *rows) wrongColumns(found int) error {
	want := fmt.Sprintf("%d, %s", r.Dim(), strings.Join(r.names(), ", "))
	if r.source.Weights != "" {
		want += ", and weights"
	}
	return r.fail(fmt.Sprintf("found %d columns", found), want, "")
}

func (r *rows) record(c *csv.Reader, fields []string, axes []int, weights int) error {
	row := len(r.cell[0])
	number := func(column int, name string) (float64, error) {
		v, err := strconv.ParseFloat(strings.TrimSpace(fields[column]), 64)
		if err != nil {
			line, _ := c.FieldPos(column)
			return 0, r.fail(fmt.Sprintf("line %d: %s is %s", line, name, shown(fields[column])), "a number", "")
		}
		return v, nil
	}
	r.cell[0] = append(r.cell[0], 0)
	for k, column := range axes {
		v, err := number(column, r.Axis(k).Name)
		if err == nil {
			err = r.put(0, row, k, v)
		}
		if err != nil {
			return err
		}
	}
	if weights < 0 {
		return nil
	}
	r.weight[0] = append(r.weight[0], 0)
	v, err := number(weights, "the weight")
	if err != nil {
		return err
	}
	return r.putWeight(0, row, v)
}
