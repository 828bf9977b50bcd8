package cases

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// comparison is a figure whose value is known, as a run reports it.
type comparison struct {
	of                  known
	path                string
	got, want, estimate float64
}

const aboutKnown = `# Known answers

Figures of the program beside values that are known from elsewhere, on meshes coarse
enough to see a difference. "Computed" is what a run prints, with the error that it
estimates by itself; "ratio" is the true distance over that. ` + "`make verification`" + `
writes this page; TestErrorsHoldTheTruth in package cases asserts that 95 % of the
ratios are at most 3, and their median between 0.1 and 10. Distances below 1e-12 are
rounding.

| case | figure | known | from | computed | distance | ratio |
| --- | --- | --- | --- | --- | --- | --- |
`

// writeKnown writes known.md.
func writeKnown(t *testing.T, directory string, all []comparison) {
	t.Helper()
	var b strings.Builder
	b.WriteString(aboutKnown)
	for _, a := range all {
		truth, ratio := math.Abs(a.got-a.want), ""
		if truth > 1e-12 {
			ratio = fmt.Sprintf("%.2g", truth/a.estimate)
		}
		fmt.Fprintf(&b, "| %s | %s | %.9g | %s | %.9g ± %.1e | %.1e | %s |\n", a.of.name, strings.TrimPrefix(a.path, "observables."), a.want, strings.ReplaceAll(a.of.source, "|", `\|`), a.got, a.estimate, truth, ratio)
	}
	if err := os.WriteFile(filepath.Join(directory, "known.md"), []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
}
