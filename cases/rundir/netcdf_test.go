package rundir

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/batchatco/go-native-netcdf/netcdf/api"
	"github.com/batchatco/go-native-netcdf/netcdf/cdf"

	"fokker/grid"
)

// array is what a variable is expected to be.
type array struct {
	Dims   []string  `json:"dims"`
	Values []float64 `json:"values"`
}

// expectedLaw divides masses by volumes the slow way.
func expectedLaw(g *grid.Grid, law []float64) []float64 {
	out := make([]float64, len(law))
	for c, m := range law {
		volume := 1.0
		for k := 1; k < g.Dim(); k++ {
			volume *= g.Widths(k)[g.Along(k, c)]
		}
		out[c] = m / (volume * g.Widths(0)[g.Along(0, c)])
	}
	return out
}

// threeAxes is a small result with everything in it, and names that collide.
func threeAxes(t *testing.T) (*Result, map[string]array) {
	g := newGrid(t,
		grid.Axis{Name: "x", Edges: []float64{0, 1, 3}},
		grid.Axis{Name: "y", Edges: []float64{-1, 0, 0.5, 4}},
		grid.Axis{Name: "time", Edges: []float64{1, 2, 4, 8, 16}},
	)
	n := g.Size()
	count := func(n int, from float64) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = from + float64(i)
		}
		return out
	}
	law := lawOf(g, func(x []float64) float64 { return 1 + x[0]*x[1]*x[1] + x[2] })
	flat := lawOf(g, func([]float64) float64 { return 1 })
	half := 0.5
	r := &Result{
		Name: "three", Grid: g, Stationary: law,
		StationaryCurrent: [][]float64{count(3*3*4, 1), count(2*4*4, 100), count(2*3*5, 200)},
		Times:             []float64{0, 0.5}, Steps: []float64{0, 50}, Masses: [][]float64{flat, law}, Lost: []float64{0, 0},
		Series:     []Series{{Name: "x", Values: []float64{1, 2}, Stationary: &half}, {Name: "energy", Values: []float64{3, 4}}},
		Parameters: []Parameter{{"x", 7}, {"energy", 8}, {"density", 9}, {"T/2", 10}},
		Learning:   &Learning{Posterior: flat, Law: law, Name: "law", Temperature: 1, Temperatures: []float64{1}, Lambda: []float64{0.5}},
	}
	volume := make([]float64, n)
	for c := range volume {
		volume[c] = g.Volume(c)
	}
	currentX := slices.Clone(r.StationaryCurrent[0])
	for i := range currentX {
		currentX[i] /= g.Widths(1)[i/3%3] * g.Widths(2)[i/9]
	}
	currentY := slices.Clone(r.StationaryCurrent[1])
	for i := range currentY {
		currentY[i] /= g.Widths(2)[i/8] * g.Widths(0)[i%2]
	}
	currentZ := slices.Clone(r.StationaryCurrent[2])
	for i := range currentZ {
		currentZ[i] /= g.Widths(1)[i/2%3] * g.Widths(0)[i%2]
	}
	space := []string{"time_axis", "y", "x"}
	return r, map[string]array{
		"x": {[]string{"x"}, []float64{0.5, 2}}, "y": {[]string{"y"}, []float64{-0.5, 0.25, 2.25}},
		"time_axis": {[]string{"time_axis"}, []float64{1.5, 3, 6, 12}},
		"x_bounds":  {[]string{"x", "bound"}, []float64{0, 1, 1, 3}}, "x_face": {[]string{"x_face"}, []float64{0, 1, 3}},
		"y_bounds": {[]string{"y", "bound"}, []float64{-1, 0, 0, 0.5, 0.5, 4}}, "y_face": {[]string{"y_face"}, []float64{-1, 0, 0.5, 4}},
		"time_axis_bounds": {[]string{"time_axis", "bound"}, []float64{1, 2, 2, 4, 4, 8, 8, 16}},
		"time_axis_face":   {[]string{"time_axis_face"}, []float64{1, 2, 4, 8, 16}},
		"cell_volume":      {space, volume}, "stationary": {space, expectedLaw(g, law)}, "posterior": {space, expectedLaw(g, flat)},
		"density": {append([]string{"time"}, space...), append(expectedLaw(g, flat), expectedLaw(g, law)...)},
		"time":    {[]string{"time"}, []float64{0, 0.5}}, "step": {[]string{"time"}, []float64{0, 50}}, "lost": {[]string{"time"}, []float64{0, 0}},
		"current_x":         {[]string{"time_axis", "y", "x_face"}, currentX},
		"current_y":         {[]string{"time_axis", "y_face", "x"}, currentY},
		"current_time_axis": {[]string{"time_axis_face", "y", "x"}, currentZ},
		"x_observable":      {[]string{"time"}, []float64{1, 2}}, "x_observable_stationary": {[]string{}, []float64{0.5}},
		"energy": {[]string{"time"}, []float64{3, 4}}, "x_parameter": {[]string{}, []float64{7}}, "energy_parameter": {[]string{}, []float64{8}},
		"density_parameter": {[]string{}, []float64{9}}, "T_2": {[]string{}, []float64{10}},
	}
}

// flattened returns the numbers of a scalar or of nested slices in order.
func flattened(v reflect.Value) []float64 {
	if v.Kind() != reflect.Slice {
		return []float64{v.Float()}
	}
	var out []float64
	for i := range v.Len() {
		out = append(out, flattened(v.Index(i))...)
	}
	return out
}

func TestNetCDFReadsBackByAnotherLibrary(t *testing.T) {
	r, want := threeAxes(t)
	path := filepath.Join(t.TempDir(), "result.nc")
	if err := NetCDF(path, r); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := cdf.New(f)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if found := file.ListVariables(); len(found) != len(want) {
		t.Errorf("found %d variables %v, want %d", len(found), found, len(want))
	}
	for name, w := range want {
		compare(t, file, name, w)
	}
}

func compare(t *testing.T, file api.Group, name string, want array) {
	t.Helper()
	v, err := file.GetVariable(name)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if !slices.Equal(v.Dimensions, want.Dims) {
		t.Errorf("%s: dimensions %v, want %v", name, v.Dimensions, want.Dims)
	}
	for i, x := range flattened(reflect.ValueOf(v.Values)) {
		if w := want.Values[i]; math.Abs(x-w) > 1e-15*math.Abs(w) { // volumes in another order: one rounding
			t.Errorf("%s[%d] = %v, want %v", name, i, x, w)
			return
		}
	}
	if units, _ := v.Attributes.Get("units"); units != "1" {
		t.Errorf("%s: units %v, want 1: xarray takes others for dates", name, units)
	}
}

// TestNetCDFOpensInXarray runs testdata/open.py with $FOKKER_PYTHON, or python3.
func TestNetCDFOpensInXarray(t *testing.T) {
	python := os.Getenv("FOKKER_PYTHON")
	if python == "" {
		python = "python3"
	}
	r, want := threeAxes(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "result.nc")
	if err := NetCDF(path, r); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{
		"variables": want, "title": "three", "coordinates": []string{"x", "y", "time_axis", "time", "x_face"},
	})
	if err != nil {
		t.Fatal(err)
	}
	expected := filepath.Join(dir, "expected.json")
	if err := os.WriteFile(expected, text, 0o666); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"testdata/open.py", path, expected}, strings.Fields(os.Getenv("FOKKER_XARRAY_ENGINES"))...)
	out, err := exec.Command(python, args...).CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		t.Skipf("no %s: not checked that xarray opens the file; set FOKKER_PYTHON to a Python with xarray and scipy", python)
	case errors.As(err, &exit) && exit.ExitCode() == 3:
		t.Skipf("%s has no xarray (%s): not checked that it opens the file; set FOKKER_PYTHON to one that has", python, strings.TrimSpace(string(out)))
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestNetCDFOfEveryDimension(t *testing.T) {
	for _, r := range []*Result{well(t, 30), gyrator(t, 12), ring(t, 3, 6), ring(t, 4, 4)} {
		path := filepath.Join(t.TempDir(), "result.nc")
		if err := NetCDF(path, r); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := cdf.New(f)
		if err != nil {
			t.Fatal(err)
		}
		space := []string{"speed", "z", "y", "x"}[4-r.Grid.Dim():]
		compare(t, file, "stationary", array{space, expectedLaw(r.Grid, r.Stationary)})
		var all []float64
		for _, law := range r.Masses {
			all = append(all, expectedLaw(r.Grid, law)...)
		}
		compare(t, file, "density", array{append([]string{"time"}, space...), all})
		file.Close()
	}
}

// Beyond 4 GiB only the last variable can be stored.
func TestNetCDFNamesWhatIsTooLarge(t *testing.T) {
	d := dataset{dims: []dimension{{"x", 1 << 15}, {"y", 1 << 15}}, variables: []variable{
		{name: "stationary", dims: []int{1, 0}}, {name: "density", dims: []int{1, 0}},
	}}
	err := d.check()
	if err == nil || !strings.Contains(err.Error(), `"stationary" needs 8589934592 bytes`) {
		t.Errorf("got %v, want an error that names the variable and its size", err)
	}
	d.variables = d.variables[1:]
	if err := d.check(); err != nil {
		t.Errorf("the last variable may be of any size, got %v", err)
	}
	if head := d.header(0); !strings.Contains(string(head), "\xff\xff\xff\xff") {
		t.Error("a size that does not fit must be written as 2³²−1")
	}
}
