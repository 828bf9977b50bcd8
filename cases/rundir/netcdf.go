package rundir

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
)

// NetCDF writes result.nc to path, in C order and double precision:
//
//	x(x), x_bounds(x, 2), x_face(x_face)   per axis: centres, edges by cell, edges
//	cell_volume(y, x)
//	stationary(y, x)                       density: mass over volume
//	quasistationary(y, x)                  the same, of what has not left a region
//	posterior(y, x)                        the same, of the tempered posterior
//	current_x(y, x_face)                   of the stationary law: flow over the face's area
//	final_current_x(y, x_face)             at the last time
//	time(time), step(time), lost(time)
//	NAME(time), NAME_stationary            observables
//	NAME                                   parameters, scalars
//	density(time, y, x)
//
// A name that is taken gets a suffix, in the order above: axes _axis,
// observables _observable, parameters _parameter, and then _2, _3, ….
// Density comes last because only the last variable may exceed 4 GiB.
func NetCDF(path string, r *Result) error {
	if err := r.check(); err != nil {
		return err
	}
	return netcdf(context.Background(), path, r)
}

func netcdf(ctx context.Context, path string, r *Result) error {
	b := &builder{r: r, taken: map[string]bool{}}
	for _, name := range []string{"time", "step", "density", "stationary", "quasistationary", "posterior", "cell_volume", "lost", "bound"} {
		b.taken[name] = true
	}
	b.attributes = []attribute{{"Conventions", "CF-1.8"}, {"title", r.title()}, {"source", "fokker"}}
	b.axes()
	b.laws()
	b.times()
	b.observables()
	b.parameters()
	b.density()
	return b.write(ctx, path)
}

// builder collects the dimensions and variables of a result.
type builder struct {
	dataset
	r     *Result
	taken map[string]bool
	names []string // of the axes
	axis  []int    // their dimensions
	face  []int    // and those of their faces
	time  int      // dimension
}

// free returns the name, made legal and with the suffix if it is taken.
func (b *builder) free(name, suffix string) string {
	name = strings.Map(func(c rune) rune {
		if c <= ' ' || c == '/' || c == 0x7f {
			return '_'
		}
		return c
	}, name)
	free := name
	for n := 1; b.taken[free] || free == ""; n++ {
		free = name + suffix
		if n > 1 {
			free = fmt.Sprintf("%s%s_%d", name, suffix, n)
		}
	}
	b.taken[free] = true
	return free
}

func (b *builder) dimension(name string, length int) int {
	b.dims = append(b.dims, dimension{name, length})
	return len(b.dims) - 1
}

// add adds a variable; attributes are pairs of name and text, after long_name
// and units.
func (b *builder) add(name, long string, dims []int, values func(dst []float64, at int), attributes ...attribute) {
	attributes = append([]attribute{{"long_name", long}, {"units", "1"}}, attributes...)
	b.variables = append(b.variables, variable{name, dims, attributes, values})
}

// held returns the values of an array.
func held(x []float64) func(dst []float64, at int) {
	return func(dst []float64, at int) { copy(dst, x[at:]) }
}

// coordinate returns a free name for an axis whose derived names are free too,
// and takes them.
func (b *builder) coordinate(name string) string {
	for {
		name = b.free(name, "_axis")
		derived := []string{name + "_face", name + "_bounds", "current_" + name, "final_current_" + name}
		if !slices.ContainsFunc(derived, func(d string) bool { return b.taken[d] }) {
			for _, d := range derived {
				b.taken[d] = true
			}
			return name
		}
	}
}

// axes adds the coordinates.
func (b *builder) axes() {
	g := b.r.Grid
	for _, a := range g.Axes() {
		name := b.coordinate(a.Name)
		b.names = append(b.names, name)
		b.axis = append(b.axis, b.dimension(name, a.Cells()))
	}
	for k, a := range g.Axes() {
		b.face = append(b.face, b.dimension(b.names[k]+"_face", a.Cells()+1))
	}
	bound := b.dimension("bound", 2)
	for k, a := range g.Axes() {
		name, edges := b.names[k], a.Edges
		spatial := []attribute{{"bounds", name + "_bounds"}}
		if k < 3 { // CF has no letter for a fourth
			spatial = append(spatial, attribute{"axis", "XYZ"[k : k+1]})
		}
		b.add(name, a.Name+", centres of cells", b.axis[k:k+1], held(g.Centers(k)), spatial...)
		b.add(name+"_bounds", a.Name+", bounds of cells", []int{b.axis[k], bound}, func(dst []float64, at int) {
			for i := range dst {
				dst[i] = edges[(at+i)/2+(at+i)%2]
			}
		})
		b.add(name+"_face", a.Name+", faces between cells", b.face[k:k+1], held(edges))
	}
}

// space returns the dimensions of a law in C order: the first axis is last.
func (b *builder) space() []int {
	dims := slices.Clone(b.axis)
	slices.Reverse(dims)
	return dims
}

// laws adds volumes, the stationary law and the currents.
func (b *builder) laws() {
	g := b.r.Grid
	b.add("cell_volume", "volume of cells", b.space(), func(dst []float64, at int) {
		volumes(dst, g.Widths, b.lengths(-1), -1, at)
	})
	if b.r.Stationary != nil {
		b.add("stationary", "stationary probability density", b.space(), b.divided(b.r.Stationary, -1))
	}
	if b.r.StationaryLog != nil {
		b.add("log_stationary", "natural logarithm of the stationary probability density", b.space(), b.logarithm(b.r.StationaryLog))
	}
	if l := b.r.Learning; l != nil {
		b.add("posterior", "probability density of the tempered posterior", b.space(), b.divided(l.Posterior, -1))
	}
	if b.r.Quasistationary != nil {
		b.add("quasistationary", "quasi-stationary probability density", b.space(), b.divided(b.r.Quasistationary, -1))
	}
	b.currents("current_", "stationary probability current density along ", b.r.StationaryCurrent)
	b.currents("final_current_", "probability current density at the last time along ", b.r.FinalCurrent)
}

func (b *builder) currents(prefix, long string, current [][]float64) {
	for k, c := range current {
		dims := slices.Clone(b.axis)
		dims[k] = b.face[k]
		slices.Reverse(dims)
		b.add(prefix+b.names[k], long+b.r.Grid.Axis(k).Name, dims, b.divided(c, k))
	}
}

// lengths returns the numbers of cells by axis, of faces along axis across.
func (b *builder) lengths(across int) []int {
	n := make([]int, b.r.Grid.Dim())
	for k := range n {
		n[k] = b.r.Grid.Cells(k) + btoi(k == across)
	}
	return n
}

// divided returns masses over the volumes of cells or, when across is an axis,
// flows over the areas of its faces.
func (b *builder) divided(x []float64, across int) func(dst []float64, at int) {
	lengths, widths := b.lengths(across), b.r.Grid.Widths
	return func(dst []float64, at int) {
		volumes(dst, widths, lengths, across, at)
		for i := range dst {
			dst[i] = x[at+i] / dst[i]
		}
	}
}

// logarithm returns logarithms of densities from those of masses.
func (b *builder) logarithm(x []float64) func(dst []float64, at int) {
	lengths, widths := b.lengths(-1), b.r.Grid.Widths
	return func(dst []float64, at int) {
		volumes(dst, widths, lengths, -1, at)
		for i, v := range dst {
			dst[i] = x[at+i] - math.Log(v)
		}
	}
}

// volumes writes the products of the widths of cells at, at+1, … of an array
// of the lengths; axis across, if any, does not count.
func volumes(dst []float64, widths func(k int) []float64, lengths []int, across, at int) {
	for i := 0; i < len(dst); {
		outer, rest := 1.0, (at+i)/lengths[0]
		for k := 1; k < len(lengths); k++ {
			if k != across {
				outer *= widths(k)[rest%lengths[k]]
			}
			rest /= lengths[k]
		}
		for j := (at + i) % lengths[0]; j < lengths[0] && i < len(dst); j++ {
			dst[i] = outer
			if across != 0 {
				dst[i] *= widths(0)[j]
			}
			i++
		}
	}
}

// times adds time, steps and the mass lost.
func (b *builder) times() {
	if len(b.r.Times) == 0 {
		return
	}
	b.time = b.dimension("time", len(b.r.Times))
	b.add("time", "time", []int{b.time}, held(b.r.Times), attribute{"axis", "T"})
	if b.r.Steps != nil {
		b.add("step", "step of the optimiser", []int{b.time}, held(b.r.Steps))
	}
	if b.r.Lost != nil {
		b.add("lost", "mass lost", []int{b.time}, held(b.r.Lost))
	}
}

func (b *builder) observables() {
	for _, s := range b.r.Series {
		name := b.free(s.Name, "_observable")
		if s.Values != nil && len(b.r.Times) > 0 {
			b.add(name, "expectation of "+s.Name, []int{b.time}, held(s.Values))
		}
		if s.Stationary != nil {
			b.add(b.free(name+"_stationary", "_observable"), "stationary expectation of "+s.Name, nil, held([]float64{*s.Stationary}))
		}
	}
}

func (b *builder) parameters() {
	for _, p := range b.r.Parameters {
		b.add(b.free(p.Name, "_parameter"), "parameter "+p.Name, nil, held([]float64{p.Value}))
	}
}

// density adds the laws in time.
func (b *builder) density() {
	if len(b.r.Masses) == 0 {
		return
	}
	n, g := b.r.Grid.Size(), b.r.Grid
	lengths := b.lengths(-1)
	b.add("density", "probability density", append([]int{b.time}, b.space()...), func(dst []float64, at int) {
		for len(dst) > 0 {
			t, cell := at/n, at%n
			part := dst[:min(len(dst), n-cell)]
			volumes(part, g.Widths, lengths, -1, cell)
			for i := range part {
				part[i] = b.r.Masses[t][cell+i] / part[i]
			}
			dst, at = dst[len(part):], at+len(part)
		}
	})
}
