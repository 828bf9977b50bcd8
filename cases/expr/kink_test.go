package expr

import "testing"

func TestKinksAreNamed(t *testing.T) {
	s := NewScope()
	for _, name := range []string{"x", "y"} {
		if err := s.Variable(name); err != nil {
			t.Fatal(err)
		}
	}
	for source, want := range map[string]string{
		"x^3 - sin(x)*exp(-y^2)":      "",
		"softplus(x) + sigmoid(y)":    "",
		"1 + x*abs(y)":                "abs",
		"diff(x*abs(x), x)":           "abs",
		"max(x, y)":                   "max",
		"relu(x)":                     "relu",
		"(x > 0)*x":                   "a comparison",
		"x > 0 ? x : -x":              "a comparison",
		"min(2, 3)*x + sign(-3) + pi": "",
	} {
		if got := Kink(parsed(t, s, source)); got != want {
			t.Errorf("%s: found %q, want %q", source, got, want)
		}
	}
}
