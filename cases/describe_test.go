package cases

import (
	"io"
	"strings"
	"testing"
)

func described(t *testing.T, text string) string {
	t.Helper()
	c, err := Parse("case.toml", []byte(text), Beside(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := c.Describe(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const shortAxis = "[[axis]]\nname = \"x\"\nrange = [-1, 1]\ncells = 20\n"

func TestDescriptionShowsWhatTheCalculusAdds(t *testing.T) {
	for _, c := range []struct{ process, want string }{
		{"noise = \"x\"", "nothing was added"},
		{"noise = \"x\"\ncalculus = \"stratonovich\"", "+ b x  (x)/2\n"},
		{"diffusion = \"x^2/2\"\ncalculus = \"stratonovich\"", "+ b x  (x)/2\n"},
		{"diffusion = \"x^2/2\"\ncalculus = \"isothermal\"", "+ b x  x\n"},
		{"potential = \"x^2\"\nmobility = \"1 + x^2\"\ntemperature = 0.5", "+ b x  x\n"},
	} {
		if got := described(t, shortAxis+"[process]\n"+c.process); !strings.Contains(got, c.want) {
			t.Errorf("%s\ngot %s\nexpected %q", c.process, got, c.want)
		}
	}
}

// |b|h > 2D counts with the distance to the cell that the drift points to: on
// 20 cells of width 0.1 with b = x, |b| > 0.5 in the ten outer ones.
func TestDescriptionCountsCoarseCells(t *testing.T) {
	got := described(t, shortAxis+"[process]\ndrift = { x = \"x\" }\ndiffusion = 0.025")
	for _, want := range []string{
		"|b|h > 2D in 50 % of the cells, |b|h/(2D) up to 1.9:",
		"lower wall of x, reflecting: the drift points outwards everywhere",
		"upper wall of x, reflecting: the drift points outwards everywhere",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s\nexpected %q", got, want)
		}
	}
}

// A large mesh is sampled: the shares are those of all cells.
func TestDescriptionSamplesLargeMeshes(t *testing.T) {
	const box = "[[axis]]\nname = \"x\"\nrange = [-1, 1]\ncells = 4000\n[[axis]]\nname = \"y\"\nrange = [-1, 1]\ncells = 4000\nfaces = [0]\n"
	got := described(t, box+"[process]\ndrift = { x = \"-x\", y = \"y\" }\ndiffusion = { x = 0.000125, y = \"y^2\" }")
	for _, want := range []string{"of 16000000 cells", "0 (closed)", "axis x: |b|h > 2D in 5"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s\nexpected %q", got, want)
		}
	}
}

func TestGalleryIsDescribed(t *testing.T) {
	for _, name := range Gallery() {
		c, err := FromGallery(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Describe(io.Discard); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
