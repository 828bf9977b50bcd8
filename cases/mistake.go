package cases

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Mistake is something wrong with a case: where it stands, what was found, what
// was expected, and what may help.
type Mistake struct {
	File     string // or the override it came with, as the command line has it
	Line     int    // 0 where it stands nowhere
	Key      string
	Found    string
	Expected string
	Hint     string
}

func (m *Mistake) Error() string {
	var s strings.Builder
	s.WriteString(m.File)
	if m.Line > 0 {
		fmt.Fprintf(&s, ":%d", m.Line)
	}
	if m.Key != "" {
		fmt.Fprintf(&s, ": %s", m.Key)
	}
	fmt.Fprintf(&s, ": %s", m.Found)
	if m.Expected != "" {
		fmt.Fprintf(&s, ", expected %s", m.Expected)
	}
	if m.Hint != "" {
		fmt.Fprintf(&s, "\n    hint: %s", m.Hint)
	}
	return s.String()
}

// Mistakes is everything wrong with a case, in the order of the file.
type Mistakes []*Mistake

func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, one := range m {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the mistakes in the order of the file, each once.
func (m Mistakes) sorted() Mistakes {
	slices.SortStableFunc(m, func(a, b *Mistake) int { return a.Line - b.Line })
	seen := map[Mistake]bool{}
	return slices.DeleteFunc(m, func(one *Mistake) bool {
		again := seen[*one]
		seen[*one] = true
		return again
	})
}

// ErrNoLaw is an answer: the question was understood and the answer is no.
var ErrNoLaw = errors.New("there is no stationary law")

// ErrUnconfined is an answer: the mass leaves every box.
var ErrUnconfined = errors.New("the process does not confine, and no box would hold its law")

// nearest returns the known name closest to a wrong one, or "" if none is near.
func nearest(name string, known []string) string {
	best, least := "", 1+max(1, len(name)/3)
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is the number of insertions, deletions and substitutions between
// two words (Levenshtein 1966).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

func didYouMean(name string, known []string) string {
	if n := nearest(name, known); n != "" && n != name {
		return fmt.Sprintf("did you mean %q?", n)
	}
	return ""
}

// trimmed drops the package's name from an error's text.
func trimmed(err error, prefix string) error {
	return errors.New(strings.TrimPrefix(err.Error(), prefix))
}
