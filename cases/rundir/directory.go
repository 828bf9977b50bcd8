package rundir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
)

// ErrOccupied says that something stands at the place which Write will not
// replace.
var ErrOccupied = errors.New("it is no run directory; name another place or remove it")

// Free returns nil if Write may write the directory dir: it is absent, empty
// or a run directory, and a directory can be made beside it. Otherwise the
// error is ErrOccupied or of the file system. Ask before a long run.
func Free(dir string) error {
	target, err := resolve(dir)
	if err != nil {
		return err
	}
	if err := replaceable(target); err != nil {
		return err
	}
	trial, err := sibling(filepath.Join(existing(filepath.Dir(target)), filepath.Base(target)), "tmp")
	if err != nil {
		return cannot(target, err)
	}
	if err := os.Remove(trial); err != nil {
		return cannot(target, err)
	}
	return nil
}

// existing returns the nearest of path and its parents that is there.
func existing(path string) string {
	for filepath.Dir(path) != path {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path
		}
		path = filepath.Dir(path)
	}
	return path
}

// cannot says that target cannot be made, in the system's words and without
// the names of hidden directories.
func cannot(target string, err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return &CreateError{target, err}
}

// CreateError says why a directory cannot be made or replaced.
type CreateError struct {
	Dir string
	Err error
}

func (e *CreateError) Error() string {
	return fmt.Sprintf("rundir: cannot create %s: %v", e.Dir, e.Err)
}
func (e *CreateError) Unwrap() error { return e.Err }

// resolve returns dir absolute and without symbolic links, so that a link to a
// run directory stays a link.
func resolve(dir string) (string, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("rundir: %w", err)
	}
	if filepath.Dir(path) == path {
		return "", fmt.Errorf("rundir: %s is the root, expected a directory below it", dir)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real, nil
	}
	return path, nil
}

// replaceable returns nil if target is absent, empty, or a run directory.
func replaceable(target string) error {
	info, err := os.Stat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return cannot(target, err)
	}
	if !info.IsDir() {
		return fmt.Errorf("rundir: %s is a file: %w", target, ErrOccupied)
	}
	entries, err := os.ReadDir(target)
	if err != nil {
		return fmt.Errorf("rundir: %w", err)
	}
	if len(entries) == 0 {
		return nil
	}
	summary, err := os.ReadFile(filepath.Join(target, "summary.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("rundir: %w", err)
	}
	if !ours(summary) {
		return fmt.Errorf("rundir: %s holds %s and no summary.json with a \"schema\": %w", target, entries[0].Name(), ErrOccupied)
	}
	return nil
}

// ours reports whether the text is the summary of a run.
func ours(summary []byte) bool {
	var keys map[string]json.RawMessage
	return json.Unmarshal(summary, &keys) == nil && keys["schema"] != nil
}

// sibling returns a path beside target for the purpose, hidden and unused, and
// makes a directory there.
func sibling(target, purpose string) (string, error) {
	parent, name := filepath.Split(target)
	for {
		path := filepath.Join(parent, fmt.Sprintf(".%s.run.%s-%08x", name, purpose, rand.Uint32()))
		err := os.Mkdir(path, 0o777)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
}

// together runs the jobs on all processors, in order of the list. The first
// error, or the end of ctx, stops what has not begun.
func together(ctx context.Context, jobs []func(context.Context) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(jobs)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(jobs) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if err := jobs[i](ctx); err != nil {
					stop(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}
