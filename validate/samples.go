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
	magic, err := buffered.Peek(len(npyMagic))
	if err == nil && string(magic) == npyMagic {
		return r, r.readNPY(buffered)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, r.fail(trimmedPath(err), "", "")
	}
	return r, r.readCSV(buffered)
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
		i := slices.Index(first, name)
		if i < 0 {
			return nil, 0, false, r.fail(fmt.Sprintf("found columns %s", strings.Join(first, ", ")), fmt.Sprintf("one called %q", name), "the header names the axes of the case")
		}
		axes = append(axes, i)
	}
	if name := r.source.Weights; name != "" {
		if weights = slices.Index(first, name); weights < 0 {
			return nil, 0, false, r.fail(fmt.Sprintf("found columns %s", strings.Join(first, ", ")), fmt.Sprintf("one called %q, of weights", name), "")
		}
	}
	return axes, weights, true, nil
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
			return 0, r.fail(fmt.Sprintf("line %d: %s is %q", line, name, fields[column]), "a number", "")
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
