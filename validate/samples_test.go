package validate_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"fokker/cases"
	"fokker/validate"
)

// array writes an array as numpy.save does, in the order of C or of Fortran.
func array(descr string, fortran bool, shape []int, at func(index []int) float64) []byte {
	dims := strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ", "), "[]")
	if len(shape) == 1 {
		dims += ","
	}
	order := map[bool]string{false: "False", true: "True"}[fortran]
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }", descr, order, dims)
	text += strings.Repeat(" ", 63-(10+len(text))%64) + "\n"
	var b bytes.Buffer
	b.WriteString("\x93NUMPY\x01\x00")
	binary.Write(&b, binary.LittleEndian, uint16(len(text)))
	b.WriteString(text)
	index := make([]int, len(shape))
	var run func(k int)
	run = func(k int) {
		if k == len(shape) {
			var endian binary.ByteOrder = binary.LittleEndian
			if descr[0] == '>' {
				endian = binary.BigEndian
			}
			if v := at(index); strings.HasSuffix(descr, "f4") {
				binary.Write(&b, endian, float32(v))
			} else {
				binary.Write(&b, endian, v)
			}
			return
		}
		axis := k
		if fortran {
			axis = len(shape) - 1 - k
		}
		for index[axis] = 0; index[axis] < shape[axis]; index[axis]++ {
			run(k + 1)
		}
	}
	run(0)
	return b.Bytes()
}

// plane2 is a Gaussian in two dimensions, D = 1: covariance (1, 0; 0, 0.5).
const plane2 = `
[[axis]]
name = "x"
range = [-5, 5]
cells = 40
[[axis]]
name = "y"
range = [-4, 4]
cells = 40
[process]
drift = { x = "-x", y = "-2*y" }
diffusion = 1
[initial]
point = { x = 0, y = 0 }
[stationary]
[evolve]
times = [0.5, 1.0]
[validate]
at = [0.5, 1.0]
`

// held tests samples against a case without [evolve] or [stationary], as it needs.
func held(t *testing.T, text string, s validate.Samples) (*validate.Verdict, error) {
	t.Helper()
	c, err := cases.Parse("plane.toml", []byte(text), cases.Beside("."))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Times) > 0 {
		c.Problem.Stationary = nil
	} else {
		c.Problem.Evolve = nil
	}
	r, err := c.Run(context.Background(), cases.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return validate.VerifySamples(context.Background(), c, r, s, validate.Options{})
}

// gaussians draws rows of x and y to whole multiples of 2⁻¹⁶, which float32 holds.
func gaussians(n int, seed uint64) [][2]float64 {
	r, out := rand.New(rand.NewPCG(seed, 0)), make([][2]float64, n)
	round := func(v float64) float64 { return math.Round(v*(1<<16)) / (1 << 16) }
	for i := range out {
		out[i] = [2]float64{round(r.NormFloat64()), round(math.Sqrt(0.5) * r.NormFloat64())}
	}
	return out
}

// All ways to write the same samples give the same verdict.
func TestSamplesAreReadFromEveryFormat(t *testing.T) {
	const n = 5000
	z := gaussians(n, 1)
	at := func(i []int) float64 { return z[i[0]][i[1]] }
	var csv, headed bytes.Buffer
	headed.WriteString("y, w ,x\n")
	for _, p := range z {
		fmt.Fprintf(&csv, "%v,%v\n", p[0], p[1])
		fmt.Fprintf(&headed, "%v,1,%v\r\n", p[1], p[0])
	}
	weighted := func(i []int) float64 {
		switch i[1] {
		case 1:
			return 1
		case 2:
			return z[i[0]][1]
		}
		return z[i[0]][0]
	}
	shape := []int{n, 2}
	var want *validate.Verdict
	for _, c := range []struct {
		name    string
		file    []byte
		weights string
	}{
		{"float64", array("<f8", false, shape, at), ""},
		{"float32", array("<f4", false, shape, at), ""},
		{"big endian", array(">f8", false, shape, at), ""},
		{"Fortran", array("<f8", true, shape, at), ""},
		{"CSV", csv.Bytes(), ""},
		{"CSV with header", headed.Bytes(), ""},
		{"byte-order mark", append([]byte("\xef\xbb\xbf"), csv.Bytes()...), ""},
		{"CSV with weights", headed.Bytes(), "w"},
		{"weights in an array", array("<f8", true, []int{n, 3}, weighted), "1"},
	} {
		got, err := held(t, plane2, validate.Samples{Name: c.name, Reader: bytes.NewReader(c.file), Weights: c.weights})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if want == nil {
			if want = got; !got.Pass || got.Particles != n {
				t.Errorf("%d samples, found %+v", got.Particles, got.Tests)
			}
		}
		for i, test := range got.Tests {
			if test.P != want.Tests[i].P || test.Name != want.Tests[i].Name {
				t.Errorf("%s: %+v, want %+v", c.name, test, want.Tests[i])
			}
		}
	}
}

// The unit of weights does not matter, however large or small.
func TestWeightsHaveNoUnit(t *testing.T) {
	z := gaussians(5000, 8)
	var want *validate.Verdict
	for _, unit := range []float64{1, 1e300, 1e-300} {
		rows := csvOf("x,y,w", len(z), func(i int) []float64 { return []float64{z[i][0], z[i][1], unit * float64(1+i%2)} })
		got, err := held(t, plane2, validate.Samples{Name: "z", Reader: rows, Weights: "w"})
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			if want = got; !want.Pass || len(want.Tests) < 10 {
				t.Errorf("found %+v", want.Tests)
			}
		}
		for i, test := range got.Tests {
			if math.Abs(test.P-want.Tests[i].P) > 1e-9 || len(got.Tests) != len(want.Tests) {
				t.Errorf("in units of %v: %+v, want %+v", unit, test, want.Tests[i])
			}
		}
	}
}

// A tolerance does not make the law of another process that of the samples: Euler
// steps of 0.3 have the variances 1/(1 − 0.15) and 0.5/(1 − 0.3), far from twice
// those of the case.
func TestToleranceMakesNoOtherProcess(t *testing.T) {
	z := gaussians(20_000, 9)
	rows := csvOf("x,y", len(z), func(i int) []float64 { return []float64{z[i][0] / math.Sqrt(0.85), z[i][1] / math.Sqrt(0.7)} })
	v, err := held(t, plane2, validate.Samples{Name: "z", Reader: rows, Tolerance: 0.2})
	if err != nil {
		t.Fatal(err)
	}
	if said := strings.Join(v.Words, "; "); v.Pass || strings.Contains(said, "another process") {
		t.Errorf("pass %v, said %q", v.Pass, said)
	}
	rows = csvOf("x,y", len(z), func(i int) []float64 { return []float64{math.Sqrt2 * z[i][0], math.Sqrt2 * z[i][1]} })
	if v, err = held(t, plane2, validate.Samples{Name: "z", Reader: rows, Tolerance: 0.2}); err != nil {
		t.Fatal(err)
	}
	if said := strings.Join(v.Words, "; "); !strings.Contains(said, "with twice the diffusion") {
		t.Errorf("said %q of twice the diffusion", said)
	}
}

// One time may be the only one of an array with times.
func TestAnArrayOfOneTime(t *testing.T) {
	z := gaussians(2000, 10)
	file := array("<f8", false, []int{1, len(z), 2}, func(i []int) float64 {
		return z[i[1]][i[2]] * math.Sqrt(-math.Expm1(-float64(2*(1+i[2]))*0.5))
	})
	v, err := held(t, plane2, validate.Samples{Name: "z.npy", Reader: bytes.NewReader(file), Times: []float64{0.5}})
	if err != nil || !v.Pass || v.Particles != len(z) {
		t.Errorf("found %+v, error %v", v, err)
	}
}

// Samples at several times are held against the law of each: N(0, (1 − e^(−2θt))/θ).
func TestSamplesAtSeveralTimes(t *testing.T) {
	const n = 4000
	z := [][][2]float64{gaussians(n, 2), gaussians(n, 3)}
	for i, at := range []float64{0.5, 1} {
		for j := range z[i] {
			z[i][j][0] *= math.Sqrt(-math.Expm1(-2 * at))
			z[i][j][1] *= math.Sqrt(-math.Expm1(-4 * at))
		}
	}
	for _, fortran := range []bool{false, true} {
		file := array("<f8", fortran, []int{2, n, 2}, func(i []int) float64 { return z[i[0]][i[1]][i[2]] })
		v, err := held(t, plane2, validate.Samples{Name: "z.npy", Reader: bytes.NewReader(file), Times: []float64{0.5, 1}})
		if err != nil {
			t.Fatal(err)
		}
		if !v.Pass || v.Particles != 2*n {
			t.Errorf("found %+v", v.Tests)
		}
		z[0], z[1] = z[1], z[0] // the other way round
		file = array("<f8", fortran, []int{2, n, 2}, func(i []int) float64 { return z[i[0]][i[1]][i[2]] })
		if v, err = held(t, plane2, validate.Samples{Name: "z.npy", Reader: bytes.NewReader(file), Times: []float64{0.5, 1}}); err != nil || v.Pass {
			t.Errorf("samples of swapped times pass, error %v", err)
		}
		z[0], z[1] = z[1], z[0]
	}
}

func TestBadSamplesAreOneClearError(t *testing.T) {
	z := gaussians(100, 4)
	at := func(i []int) float64 { return z[i[0]][i[1]] }
	whole := array("<f8", false, []int{100, 2}, at)
	bad := slices.Clone(z)
	bad[16][1] = math.NaN()
	for _, c := range []struct {
		name, want string
		s          validate.Samples
	}{
		{"truncated", "it ends in row 80 of 100, expected as many as its header says", validate.Samples{Reader: bytes.NewReader(whole[:len(whole)-20*16-3])}},
		{"too long", "it goes on after its last row", validate.Samples{Reader: bytes.NewReader(append(slices.Clone(whole), 1))}},
		{"no number", "row 17: y is NaN", validate.Samples{Reader: bytes.NewReader(array("<f4", true, []int{100, 2}, func(i []int) float64 { return bad[i[0]][i[1]] }))}},
		{"three columns", "found 3 columns, expected 2, x, y", validate.Samples{Reader: bytes.NewReader(array("<f8", false, []int{100, 3}, func([]int) float64 { return 0 }))}},
		{"a line", "found an array of shape [100], expected (sample, axis)", validate.Samples{Reader: bytes.NewReader(array("<f8", false, []int{100}, func([]int) float64 { return 0 }))}},
		{"complex", `its elements are of type "<c16"`, validate.Samples{Reader: bytes.NewReader(array("<c16", false, []int{1, 2}, at))}},
		{"times", "shape [100 2], expected (time, sample, axis), 2 times", validate.Samples{Reader: bytes.NewReader(whole), Times: []float64{0.5, 1}}},
		{"header", "it has a broken header", validate.Samples{Reader: strings.NewReader("\x93NUMPY\x01\x00\xff\xffx")}},
		{"text", `line 3: y is "abc", expected a number`, validate.Samples{Reader: strings.NewReader("x,y\n1,2\n1,abc\n")}},
		{"ragged", "line 3", validate.Samples{Reader: strings.NewReader("x,y\n1,2\n1\n")}},
		{"other names", `found columns "u", "v", expected one called "x"`, validate.Samples{Reader: strings.NewReader("u,v\n1,2\n")}},
		{"no weights", `expected one called "w", of weights`, validate.Samples{Reader: strings.NewReader("x,y\n1,2\n"), Weights: "w"}},
		{"negative weights", "row 1: a weight of -1", validate.Samples{Reader: strings.NewReader("0,0,-1\n"), Weights: "2"}},
		{"empty", "it is empty", validate.Samples{Reader: strings.NewReader("")}},
		{"outside", "found 0 samples in the box and 2 outside, expected some more inside\n    hint: the box is x in [-5, 5], y in [-4, 4]", validate.Samples{Reader: strings.NewReader("9,9\n8,8\n")}},
		{"weightless", "all 2 samples in the box have weight 0", validate.Samples{Reader: strings.NewReader("0,0,0\n1,1,0\n9,9,1\n"), Weights: "2"}},
		{"CR alone", `found "x,y\r1,2" as the first line`, validate.Samples{Reader: strings.NewReader("x,y\r1,2\r")}},
		{"binary", `found "\x80\x00\x00`, validate.Samples{Reader: strings.NewReader("\x80" + strings.Repeat("\x00", 100000))}},
		{"savez", "it is a zip archive", validate.Samples{Reader: strings.NewReader("PK\x03\x04\x00\x00")}},
		{"UTF-16", "it is text in UTF-16", validate.Samples{Reader: strings.NewReader("\xff\xfex\x00\n\x00")}},
		{"two of a name", `found two columns called "x"`, validate.Samples{Reader: strings.NewReader("x,y,x\n1,2,3\n")}},
		{"two of weights", `found two columns called "w"`, validate.Samples{Reader: strings.NewReader("x,y,w,w\n1,2,3,4\n"), Weights: "w"}},
		{"short chain", "found a chain of 100 samples in the box, expected 128 at least", validate.Samples{Reader: bytes.NewReader(whole), Chain: true}},
	} {
		c.s.Name = "file"
		if _, err := held(t, plane2, c.s); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "file: ") || len(err.Error()) > 300 {
			t.Errorf("%s: error %v, want …%s…", c.name, err, c.want)
		}
	}
}

// csvOf writes rows with a header.
func csvOf(columns string, n int, row func(i int) []float64) io.Reader {
	var b bytes.Buffer
	b.WriteString(columns + "\n")
	for i := range n {
		for k, v := range row(i) {
			if k > 0 {
				b.WriteByte(',')
			}
			fmt.Fprint(&b, v)
		}
		b.WriteByte('\n')
	}
	return &b
}

// A bias below the tolerance passes, one above does not.
func TestToleranceLetsASmallBiasPass(t *testing.T) {
	z := gaussians(50_000, 5)
	shifted := func() io.Reader {
		return csvOf("x,y", len(z), func(i int) []float64 { return []float64{z[i][0] + 0.05, z[i][1]} })
	}
	for tolerance, want := range map[float64]bool{0: false, 0.02: false, 0.06: true} {
		v, err := held(t, plane2, validate.Samples{Name: "z", Reader: shifted(), Tolerance: tolerance})
		if err != nil {
			t.Fatal(err)
		}
		if v.Pass != want {
			t.Errorf("a shift of 0.05 deviations at a tolerance of %v: pass %v", tolerance, v.Pass)
		}
	}
}

// One path with a correlation time of some hundred steps is as good as fewer
// samples; without --chain it would be rejected.
func TestChainOfOnePath(t *testing.T) {
	path := func(seed uint64, from float64) func(int) []float64 {
		r, x, y := rand.New(rand.NewPCG(seed, 1)), from, 0.0
		return func(int) []float64 {
			const a, b = 0.99, 0.9801 // e^(−θdt), exact steps of dt = 0.01
			x = a*x + math.Sqrt(1-a*a)*r.NormFloat64()
			y = b*y + math.Sqrt((1-b*b)/2)*r.NormFloat64()
			return []float64{x, y}
		}
	}
	for chain, want := range map[bool]bool{true: true, false: false} {
		v, err := held(t, plane2, validate.Samples{Name: "z", Reader: csvOf("x,y", 200_000, path(6, 0)), Chain: chain})
		if err != nil {
			t.Fatal(err)
		}
		if v.Pass != want {
			t.Errorf("as a chain %v: pass %v, %+v", chain, v.Pass, v.Tests)
		}
	}
}

// A chain that began far away and was not cut is rejected, and the reason is said.
func TestChainThatWasNotAtRest(t *testing.T) {
	r, x := rand.New(rand.NewPCG(7, 1)), 4.9
	path := func(i int) []float64 {
		const a = 0.9995 // e^(−θdt): at rest after some thousand steps
		if i > 3000 {
			return []float64{r.NormFloat64(), math.Sqrt(0.5) * r.NormFloat64()}
		}
		x = a*x + math.Sqrt(1-a*a)*r.NormFloat64()*0.1
		return []float64{x, math.Sqrt(0.5) * r.NormFloat64()}
	}
	v, err := held(t, plane2, validate.Samples{Name: "z", Reader: csvOf("x,y", 30_000, path)})
	if err != nil || v.Pass {
		t.Fatalf("pass %v, error %v", v.Pass, err)
	}
	r, x = rand.New(rand.NewPCG(7, 1)), 4.9
	if v, err = held(t, plane2, validate.Samples{Name: "z", Reader: csvOf("x,y", 30_000, path), Chain: true}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%v %+v", v.Words, v.Tests)
	if said := strings.Join(v.Words, "; "); v.Pass || !strings.Contains(said, "it was not at rest when it began") {
		t.Errorf("pass %v, said %q", v.Pass, said)
	}
}
