package expr

import "testing"

// sin(2x + y) is the same for x + π; sin(x²) never is.
func TestAngles(t *testing.T) {
	for src, want := range map[string]bool{
		"y^2": true, "sin(x)": true, "y*cos(2*x + y^2) - 3*tan(x/2)": true, "sin(sin(x))": true, "exp(-sin(x)^2)": true,
		"x": false, "sin(x) + x": false, "sin(x^2)": false, "sin(x*y)": false, "x*sin(x)": false, "sinh(x)": false,
	} {
		if got := Angle("x", parsed(t, newScope(t), src)); got != want {
			t.Errorf("%s: %v, want %v", src, got, want)
		}
	}
}
