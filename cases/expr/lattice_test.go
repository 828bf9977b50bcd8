package expr

import (
	"slices"
	"testing"
)

func TestLatticeEqualsProgramBitForBit(t *testing.T) {
	s := newScope(t)
	must(t, s.Variable("time"))
	all := everything(t, s)
	for _, src := range []string{"0", "x - x", "time", "time*x", "y", "y^2", "z*y", "time + z*y", "x*y*z", "x*y*z", "sin(x)*exp(y)", "cos(time)*x*z"} {
		all = append(all, parsed(t, s, src))
	}
	const nx, ny, nz, now = chunk + 9, 4, 3, 0.3
	at := [][]float64{columns(1, nx)[0], columns(1, ny)[0], columns(1, nz)[0]}
	at[1][1] = -0.7 // not all coordinates are those of x
	axes := []string{"x", "y", "z"}
	l, err := CompileLattice(axes, []string{"time"}, all...)
	must(t, err)
	p, err := Compile(append(axes, "time"), all...)
	must(t, err)
	lines, want := l.Lines(at, now), matrix(len(all), nx)
	for j := range ny * nz {
		from := []int{0, j % ny, j / ny}
		p.Eval(want, [][]float64{at[0], {at[1][from[1]]}, {at[2][from[2]]}, {now}})
		for _, cut := range []int{nx, 100} { // a line and its pieces
			for lo := 0; lo < nx; lo += cut {
				from[0] = lo
				n := min(cut, nx-lo)
				for k, got := range lines.Eval(from, n) {
					if got == nil {
						got = make([]float64, n)
					}
					for i := range n {
						if !identical(got[i], want[k][lo+i]) {
							t.Fatalf("%v at %d, %v: %v in a lattice, %v alone", all[k], lo+i, from[1:], got[i], want[k][lo+i])
						}
					}
				}
			}
		}
	}
}

// What depends on one axis is no work of a line: for two wells with noise that
// depends on the state there remain sums across the axes.
func TestLatticeLeavesLinesWhatCouplesAxes(t *testing.T) {
	s := newScope(t)
	l, err := CompileLattice([]string{"x", "y"}, nil,
		parsed(t, s, "x - x^3 - y/2"), parsed(t, s, "-y + (x^3 - x)/2 + 0.3*sin(x)"),
		parsed(t, s, "0.1*(1 + 0.25*x^2/(1 + x^2))"), parsed(t, s, "0.05*(1 + 0.5*exp(-y^2))"), parsed(t, s, "0"))
	must(t, err)
	if got := len(l.program.instructions); got != 3 {
		t.Errorf("%d instructions per point, want 3", got)
	}
	out := l.Lines([][]float64{{1, 2}, {3}}).Eval([]int{0, 0}, 2)
	if out[4] != nil {
		t.Errorf("zero is %v, want nil", out[4])
	}
	if want := []float64{-1.5, -7.5}; !slices.Equal(out[0], want) {
		t.Errorf("x − x³ − y/2 = %v, want %v", out[0], want)
	}
}

func TestLatticeNamesMissingVariables(t *testing.T) {
	s := newScope(t)
	if _, err := CompileLattice([]string{"x"}, nil, parsed(t, s, "x + y")); err == nil {
		t.Error("no error for a variable that is neither axis nor other")
	}
}

func TestLinesDoNotAllocate(t *testing.T) {
	s := newScope(t)
	l, err := CompileLattice([]string{"x", "y"}, nil, parsed(t, s, "x*y + exp(x)"), parsed(t, s, "y"))
	must(t, err)
	at, from := columns(2, 100), []int{0, 7}
	lines := l.Lines(at)
	if got := testing.AllocsPerRun(10, func() { lines.Eval(from, 100) }); got != 0 {
		t.Errorf("%v allocations per line, want 0", got)
	}
}
