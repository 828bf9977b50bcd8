package rundir

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// written lists the names of all files that fokker leaves in a run directory,
// but for data. The next run replaces or removes them.
var written = []string{
	"case.toml", "summary.json", "result.nc",
	"stationary.png", "stationary-log.png", "final.png", "final-log.png",
	"quasistationary.png", "quasistationary-log.png", "evolution.png", "evolution-map.png", "current.png", "marginals.png", "observables.png",
	"converge-stationary.png", "converge-evolve.png", "validate.png", "learning.png", "influence.png", "influence.csv",
}

// Written reports whether a run writes a file of that name by itself.
func Written(name string) bool { return slices.Contains(written, name) }

// Replace makes the directory dir, whose parents it makes, of what fill writes
// into an empty directory. What stands there is replaced if it is a run
// directory or empty, and refused otherwise; files that no run wrote are taken
// over into the new directory. After an error dir is as it was.
func Replace(dir string, fill func(fresh string) error) (err error) {
	target, err := resolve(dir)
	if err != nil {
		return err
	}
	if err := replaceable(target); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
		return cannot(target, err)
	}
	temporary, err := sibling(target, "tmp")
	if err != nil {
		return cannot(target, err)
	}
	defer func() {
		if stranded := (*stranded)(nil); !errors.As(err, &stranded) {
			err = errors.Join(err, os.RemoveAll(temporary)) // nothing is there after the swap
		}
	}()
	if err := fill(temporary); err != nil {
		if path := (*fs.PathError)(nil); errors.As(err, &path) {
			return cannot(target, err)
		}
		return err
	}
	return swap(target, temporary)
}

// stranded says that files could not be brought back to their place; the hidden
// directories that hold them must stay.
type stranded struct {
	err    error
	places []string
}

func (s *stranded) Error() string {
	return fmt.Sprintf("%v; files of the former directory are in %s", s.err, strings.Join(s.places, " and "))
}

func (s *stranded) Unwrap() error { return s.err }

// swap puts fresh where target is. Should the process die between the renames,
// the old directory is found beside it as .NAME.run.old-….
func swap(target, fresh string) error {
	if err := replaceable(target); err != nil { // it may have changed during the run
		return err
	}
	aside, err := sibling(target, "old")
	if err != nil {
		return cannot(target, err)
	}
	old := filepath.Join(aside, "run")
	err = os.Rename(target, old)
	had := err == nil
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	var moved moves
	if had {
		err = moved.foreign(old, fresh)
	}
	if err == nil {
		err = os.Rename(fresh, target)
	}
	if err != nil && had {
		if back := errors.Join(moved.undo(), os.Rename(old, target)); back != nil {
			return &stranded{fmt.Errorf("%w; %w", cannot(target, err), back), []string{old, fresh}}
		}
	}
	if err != nil {
		err = cannot(target, err)
	}
	return errors.Join(err, os.RemoveAll(aside))
}

// moves are renames, which can be undone.
type moves [][2]string

// foreign moves what no run wrote from the old directory to the fresh one.
func (m *moves) foreign(old, fresh string) error {
	entries, err := os.ReadDir(old)
	if err != nil {
		return err
	}
	data := recorded(filepath.Join(old, "case.toml"))
	for _, e := range entries {
		from := filepath.Join(old, e.Name())
		if Written(e.Name()) || e.Type().IsRegular() && data[e.Name()] != "" && data[e.Name()] == checksum(from) {
			continue
		}
		to := unused(filepath.Join(fresh, e.Name()))
		if err := os.Rename(from, to); err != nil {
			return err
		}
		*m = append(*m, [2]string{from, to})
	}
	return nil
}

func (m moves) undo() (err error) {
	for _, move := range slices.Backward(m) {
		err = errors.Join(err, os.Rename(move[1], move[0]))
	}
	return err
}

// unused returns path, or with an ending that nothing else there has.
func unused(path string) string {
	free := path
	for i := 1; ; i++ {
		if _, err := os.Lstat(free); err != nil { // absent, or the move will say what is wrong
			return free
		}
		free = fmt.Sprintf("%s.old%d", path, i)
	}
}

var dataLine = regexp.MustCompile(`(?m)^# data (.+): \d+ examples, SHA-256 ([0-9a-f]{64})$`)

// recorded returns the checksums of the data, by name, that a case as run was
// run with; none if it cannot be read.
func recorded(path string) map[string]string {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	sums := map[string]string{}
	for _, found := range dataLine.FindAllSubmatch(text, -1) {
		sums[filepath.Base(string(found[1]))] = string(found[2])
	}
	return sums
}

// checksum returns the SHA-256 of a file, "" of one that cannot be read.
func checksum(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return ""
	}
	return hex.EncodeToString(hash.Sum(nil))
}
