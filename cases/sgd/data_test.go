package sgd

import (
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestDataFilesAreReadAsTheyAreWritten(t *testing.T) {
	for _, c := range []struct {
		name, text string
		columns    []string
		values     [][]float64
	}{
		{"plain", "a,b\n1,2\n3,4\n", []string{"a", "b"}, [][]float64{{1, 3}, {2, 4}}},
		{"no newline at the end", "a,b\n1,2\n3,4", []string{"a", "b"}, [][]float64{{1, 3}, {2, 4}}},
		{"carriage returns", "a,b\r\n1,2\r\n3,4\r\n", []string{"a", "b"}, [][]float64{{1, 3}, {2, 4}}},
		{"byte order mark", "\ufeffa,b\n1,2\n", []string{"a", "b"}, [][]float64{{1}, {2}}},
		{"byte order mark and quotes", "\ufeff\"a\",\"b\"\n1,2\n", []string{"a", "b"}, [][]float64{{1}, {2}}},
		{"quotes", "\"a,b\",\"c \"\"d\"\"\"\n\"1\",\"2\"\n", []string{"a_b", "c__d_"}, [][]float64{{1}, {2}}},
		{"blanks", "a , b\n 1 , -2.5e-3 \n", []string{"a", "b"}, [][]float64{{1}, {-2.5e-3}}},
		{"other characters", "petal length (cm),µ\n1,2\n", []string{"petal_length__cm_", "_"}, [][]float64{{1}, {2}}},
		{"empty lines", "a\n\n1\n\n2\n", []string{"a"}, [][]float64{{1, 2}}},
		{"names that are numbers to some", "nan,inf\n1,2\n", []string{"nan", "inf"}, [][]float64{{1}, {2}}},
		{"one name that is a number", "1,b\n1,2\n", []string{"1", "b"}, [][]float64{{1}, {2}}},
		{"a huge line", strings.Repeat("x", 1<<20) + "\n7\n", []string{strings.Repeat("x", 1<<20)}, [][]float64{{7}}},
	} {
		d, err := ReadData("d.csv", strings.NewReader(c.text), nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !slices.Equal(d.Columns, c.columns) || !slices.EqualFunc(d.Values, c.values, slices.Equal[[]float64]) {
			t.Errorf("%s: columns %.40q of %v, want %.40q of %v", c.name, d.Columns, d.Values, c.columns, c.values)
		}
	}
}

func TestDataFilesThatAreNoneAreRefused(t *testing.T) {
	for _, c := range []struct{ name, text, part string }{
		{"empty", "", "found no header line"},
		{"header only", "a,b\n", "no example below the header"},
		{"text", "a,b\n1,2\n3,setosa\n", `d.csv:3: column "b": found "setosa", expected a finite number`},
		{"nothing in a field", "a,b\n1,\n", `d.csv:2: column "b": found ""`},
		{"NaN", "a\n1\nNaN\n", `d.csv:3: column "a": found "NaN"`},
		{"infinity", "a\ninf\n", `found "inf"`},
		{"too large a number", "a\n1e999\n", `found "1e999"`},
		{"ragged", "a,b\n1,2\n3\n", "d.csv:3: values: found 1, expected 2, as many as the header has names"},
		{"too long a row", "a,b\n1,2,3\n", "d.csv:2: values: found 3, expected 2"},
		{"lines that end in CR", "a,b\r1,2\r3,4\r", "d.csv:1: found a line that ends in CR alone"},
		{"open quote", "a\n\"1\n2\n", "d.csv:"},
		{"open quote in the header", "\"a\n1\n2\n", "d.csv:"},
		{"two columns of a name", "a b,a_b\n1,2\n", `two columns are called "a_b"`},
		{"semicolons", "a;b\n1;2\n", `d.csv:1: found "a;b" in one column: separate columns by commas`},
		{"tabs", "a\tb\n1\t2\n", "separate columns by commas"},
		{"no header", "1, 2.5\n3,4\n", "d.csv:1: found the numbers 1, 2.5: the first line must name the columns"},
		{"no header below blanks", "\n\n1\n2\n", "d.csv:3: found the numbers 1"},
		{"a huge field", "a\n" + strings.Repeat("x", 1<<16) + "\n", `column "a"`},
	} {
		_, err := ReadData("d.csv", strings.NewReader(c.text), nil)
		if err == nil || !strings.HasPrefix(err.Error(), "d.csv:") || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s: %v, want %q", c.name, err, c.part)
		}
	}
	broken := errors.New("broken")
	for _, file := range []io.Reader{iotest.ErrReader(broken), io.MultiReader(strings.NewReader("a\n1\n"), iotest.ErrReader(broken))} {
		if _, err := ReadData("d.csv", file, nil); !errors.Is(err, broken) {
			t.Errorf("%v, want that the file is broken", err)
		}
	}
}

func TestColumnsAreRenamed(t *testing.T) {
	text := "petal length (cm),b\n1,2\n"
	for _, c := range []struct {
		rename  map[string]string
		columns []string // nil: refused
	}{
		{map[string]string{"pl": "petal length (cm)"}, []string{"pl", "b"}},
		{map[string]string{"pl": "petal_length__cm_"}, []string{"pl", "b"}},
		{map[string]string{"b": "petal length (cm)", "c": "b"}, []string{"b", "c"}},
		{map[string]string{"b": "petal length (cm)"}, nil},
		{map[string]string{"p": "b", "q": "b"}, nil},
		{map[string]string{"p": "none"}, nil},
	} {
		for range 8 { // the order of a map may not matter
			d, err := ReadData("d.csv", strings.NewReader(text), c.rename)
			if c.columns == nil && err == nil || c.columns != nil && (err != nil || !slices.Equal(d.Columns, c.columns)) {
				t.Fatalf("%v: %v, %v, want %v", c.rename, d, err, c.columns)
			}
		}
	}
}

func TestStandardizeUsesTheDivisorN(t *testing.T) {
	d := &Data{Name: "d.csv", Columns: []string{"a", "same"}, Values: [][]float64{{1, 2, 3, 6}, {.1, .1, .1, .1}}}
	if err := d.Standardize("a"); err != nil {
		t.Fatal(err)
	}
	// mean 3, variance (4 + 1 + 0 + 9)/4
	for i, x := range []float64{-2, -1, 0, 3} {
		if got, want := d.Values[0][i], x/math.Sqrt(3.5); math.Abs(got-want) > 1e-15 {
			t.Errorf("value %d = %v, want %v", i, got, want)
		}
	}
	for _, name := range []string{"same", "none"} {
		if err := d.Standardize(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want a refusal that names it", name, err)
		}
	}
}
