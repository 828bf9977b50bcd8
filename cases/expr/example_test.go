package expr_test

import (
	"fmt"

	"fokker/cases/expr"
)

func ExampleCompile() {
	s := expr.NewScope()
	for _, axis := range []string{"x", "y"} {
		if err := s.Variable(axis); err != nil {
			fmt.Println(err)
		}
	}
	if err := s.Define("U", "x^4/4 - x^2/2 + x*y"); err != nil {
		fmt.Println(err)
	}
	drift, err := s.Parse("-diff(U, x)")
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := expr.Compile([]string{"x", "y"}, drift)
	if err != nil {
		fmt.Println(err)
		return
	}
	values := [][]float64{make([]float64, 3)}
	p.Eval(values, [][]float64{{0, 1, 2}, {0.5}})
	fmt.Println(drift, values[0])
	// Output: -(x^3 - x + y) [-0.5 -0.5 -6.5]
}
