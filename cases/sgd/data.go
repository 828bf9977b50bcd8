// Package sgd makes a process of an optimiser: stochastic gradient descent on
// the loss of examples, with the exact mean and covariance of the minibatch
// gradient at every point of parameter space.
//
// The learning rate η is the time of a step, so t = η × step. To first order in
// η the law of the parameters θ is that of dθ = −∇L dt + √(η/B) C^½ dW in the
// sense of Itô, C being the covariance of one example's gradient and B the
// batch size (Mandt, Hoffman and Blei 2017; Li, Tai and E 2017).
package sgd

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/floats"

	"fokker/cases/expr"
)

// Data is a table of examples, one column per variable.
type Data struct {
	Name     string
	Columns  []string
	Values   [][]float64 // Values[c][i] is column c of example i
	Weights  []float64   // wᵢ ≥ 0 of example i in every mean over examples, Σ wᵢfᵢ/Σ wᵢ; nil: 1 each
	Checksum string      // SHA-256 of the file
	Random   *Random     // the law that examples are drawn from, rows and weights being nodes of a quadrature; nil: the rows are the examples

	standards []standard // in the order in which they were applied
}

// standard is how a column was shifted and scaled.
type standard struct {
	column          string
	mean, deviation float64
}

// maxData bounds the size of a data file in bytes.
const maxData = 1 << 30

// maxLine bounds a line of a data file in bytes: without it a file of another
// kind would be taken into memory whole as one line.
const maxLine = 1 << 20

// shortLines fails on a line longer than maxLine.
type shortLines struct {
	r    io.Reader
	line int // bytes since the last line end
}

func (s *shortLines) Read(p []byte) (int, error) {
	n, err := s.r.Read(p[:min(len(p), maxLine)])
	if last := bytes.LastIndexByte(p[:n], '\n'); last >= 0 {
		s.line = n - last - 1
	} else {
		s.line += n
	}
	if s.line > maxLine {
		return 0, fmt.Errorf("found a line of more than %d bytes", maxLine)
	}
	return n, err
}

var other = regexp.MustCompile(`[^A-Za-z0-9_]`)

// ReadData reads a CSV file with a header. Other characters than letters,
// digits and _ in column names become _; rename maps new names to names in the
// header.
func ReadData(name string, file io.Reader, rename map[string]string) (*Data, error) {
	hash := sha256.New()
	limited := &io.LimitedReader{R: io.TeeReader(file, hash), N: maxData + 1}
	text := bufio.NewReader(&shortLines{r: limited})
	if mark, _ := text.Peek(3); string(mark) == "\ufeff" { // a byte order mark, as spreadsheets write it
		_, _ = text.Discard(3) // of what was seen
	}
	in := csv.NewReader(text)
	in.TrimLeadingSpace = true
	header, err := in.Read()
	if err == io.EOF {
		return nil, fmt.Errorf("%s: found no header line, expected the names of the columns", name)
	}
	if err != nil {
		return nil, located(name, err)
	}
	if err := checkHeader(in, header); err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	d := &Data{Name: name, Values: make([][]float64, len(header))}
	if d.Columns, err = columnNames(name, header, rename); err != nil {
		return nil, err
	}
	if err := d.readRows(in); err != nil {
		return nil, err
	}
	if limited.N == 0 {
		return nil, fmt.Errorf("%s: found more than %d bytes", name, maxData)
	}
	if len(d.Values[0]) == 0 {
		return nil, fmt.Errorf("%s: found no example below the header", name)
	}
	d.Checksum = hex.EncodeToString(hash.Sum(nil))
	return d, nil
}

// checkHeader refuses a first line that shows a file of another form.
func checkHeader(in *csv.Reader, header []string) error {
	line, _ := in.FieldPos(0)
	if strings.Contains(strings.Join(header, ","), "\r") {
		return fmt.Errorf("%d: found a line that ends in CR alone: write LF or CR LF at the ends of lines", line)
	}
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t") {
		return fmt.Errorf("%d: found %q in one column: separate columns by commas", line, header[0])
	}
	for _, h := range header {
		if _, err := strconv.ParseFloat(strings.TrimSpace(h), 64); err != nil || !strings.ContainsAny(h, "0123456789") {
			return nil
		}
	}
	return fmt.Errorf("%d: found the numbers %s: the first line must name the columns", line, strings.Join(header, ", "))
}

// RenameError says what is wrong with renaming a column to To.
type RenameError struct{ To, reason string }

func (e *RenameError) Error() string { return e.reason }

// located names the line of an error in the form of the file.
func located(file string, err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fmt.Errorf("%s:%d: %w", file, p.Line, p.Err)
	}
	return fmt.Errorf("%s: %w", file, err)
}

func columnNames(file string, header []string, rename map[string]string) ([]string, error) {
	names, seen := make([]string, len(header)), map[string]bool{}
	for c, h := range header {
		plain := other.ReplaceAllString(strings.TrimSpace(h), "_")
		names[c] = plain
		for _, to := range slices.Sorted(maps.Keys(rename)) {
			from := rename[to]
			if from != strings.TrimSpace(h) && from != plain {
				continue
			}
			if names[c] != plain {
				return nil, &RenameError{to, fmt.Sprintf("%s: column %q is renamed twice", file, h)}
			}
			names[c] = to
		}
		if seen[names[c]] {
			return nil, fmt.Errorf("%s: two columns are called %q", file, names[c])
		}
		seen[names[c]] = true
	}
	for _, to := range slices.Sorted(maps.Keys(rename)) {
		if !seen[to] {
			return nil, &RenameError{to, fmt.Sprintf("%s: no column is called %q, found %s", file, rename[to], strings.Join(header, ", "))}
		}
	}
	return names, nil
}

func (d *Data) readRows(in *csv.Reader) error {
	for {
		row, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if errors.Is(err, csv.ErrFieldCount) {
			line, _ := in.FieldPos(0)
			return fmt.Errorf("%s:%d: values: found %d, expected %d, as many as the header has names", d.Name, line, len(row), len(d.Columns))
		}
		if err != nil {
			return located(d.Name, err)
		}
		for c, field := range row {
			v, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
			if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
				line, _ := in.FieldPos(c)
				return fmt.Errorf("%s:%d: column %q: found %q, expected a finite number", d.Name, line, d.Columns[c], field)
			}
			d.Values[c] = append(d.Values[c], v)
		}
	}
}

// Len returns the number of examples.
func (d *Data) Len() int { return len(d.Values[0]) }

// Column returns the values of a column, nil if there is none of that name.
func (d *Data) Column(name string) []float64 {
	for c, n := range d.Columns {
		if n == name {
			return d.Values[c]
		}
	}
	return nil
}

// Listed says whether the rows are all examples that there are, and no nodes of a
// quadrature over other ones.
func (d *Data) Listed() bool {
	return d.Random == nil || !slices.ContainsFunc(d.Random.all(), func(one expr.Draw) bool { return one.Kind != expr.Bernoulli })
}

// Weight returns the weight of example i.
func (d *Data) Weight(i int) float64 {
	if d.Weights == nil {
		return 1
	}
	return d.Weights[i]
}

// Total returns the sum of the weights.
func (d *Data) Total() float64 {
	total := 0.0
	for i := range d.Len() {
		total += d.Weight(i)
	}
	return total
}

// mostWeight of all examples leaves products of two weights finite.
const mostWeight = 1e150

// Weigh takes the weights from a column.
func (d *Data) Weigh(name string) error {
	w, err := d.known(name)
	if err != nil {
		return err
	}
	for i, v := range w {
		if v < 0 {
			return fmt.Errorf("column %q of %s is %v in row %d and cannot be a weight", name, d.Name, v, i+1)
		}
	}
	if total := floats.Sum(w); total > mostWeight {
		return fmt.Errorf("column %q of %s has a sum of %.3g, above %v", name, d.Name, total, mostWeight)
	}
	if slices.Max(w) == 0 {
		return fmt.Errorf("column %q of %s is 0 in every row: no example has a weight", name, d.Name)
	}
	d.Weights = slices.Clone(w)
	return nil
}

// known returns the values of a column that there must be.
func (d *Data) known(name string) ([]float64, error) {
	if x := d.Column(name); x != nil {
		return x, nil
	}
	return nil, fmt.Errorf("no column of %s is called %q, found %s", d.Name, name, strings.Join(d.Columns, ", "))
}

// Standardize shifts and scales a column to mean 0 and standard deviation 1
// under the weights, with divisor Σ wᵢ.
func (d *Data) Standardize(name string) error {
	x, err := d.known(name)
	if err != nil {
		return err
	}
	total, mean, square := d.Total(), 0.0, 0.0
	for i, v := range x {
		mean += d.Weight(i) * v / total
	}
	for i, v := range x {
		square += d.Weight(i) * (v - mean) * (v - mean) / total
	}
	if slices.Min(x) == slices.Max(x) || square == 0 {
		return fmt.Errorf("column %q of %s is constant and cannot be standardized", name, d.Name)
	}
	s := standard{name, mean, math.Sqrt(square)}
	s.apply(x)
	d.standards = append(d.standards, s)
	return nil
}

func (s standard) apply(x []float64) {
	for i := range x {
		x[i] = (x[i] - s.mean) / s.deviation
	}
}

// Like returns these examples with the columns of others, which they must have, in
// their order and shifted and scaled as they were.
func (d *Data) Like(other *Data) (*Data, error) {
	out := &Data{Name: d.Name, Columns: other.Columns, Weights: d.Weights, Checksum: d.Checksum, standards: other.standards}
	for _, name := range other.Columns {
		x, err := d.known(name)
		if err != nil {
			return nil, err
		}
		out.Values = append(out.Values, slices.Clone(x))
	}
	for _, s := range other.standards {
		s.apply(out.Column(s.column))
	}
	return out, nil
}
