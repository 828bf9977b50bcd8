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
// or a run directory. Otherwise the error is ErrOccupied or of the file
// system. Ask before a long run.
func Free(dir string) error {
	target, err := resolve(dir)
	if err != nil {
		return err
	}
	return replaceable(target)
}

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
		return fmt.Errorf("rundir: %w", err)
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
			return "", fmt.Errorf("rundir: %w", err)
		}
	}
}

// swap puts fresh where target is. Should the process die between the two
// renames, the old directory is found beside it as .NAME.run.old-….
func swap(target, fresh string) error {
	if err := replaceable(target); err != nil { // it may have changed during the run
		return err
	}
	aside, err := sibling(target, "old")
	if err != nil {
		return err
	}
	old := filepath.Join(aside, "run")
	err = os.Rename(target, old)
	if had := err == nil; had || errors.Is(err, fs.ErrNotExist) {
		err = os.Rename(fresh, target)
		if err != nil && had {
			if back := os.Rename(old, target); back != nil {
				return fmt.Errorf("rundir: %w; the former %s is now %s", errors.Join(err, back), target, old)
			}
		}
	}
	return errors.Join(err, os.RemoveAll(aside))
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
