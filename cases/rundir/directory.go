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

// resolve returns dir absolute and without symbolic links, so that a link to a
// run directory stays a link; parents are made.
func resolve(dir string) (string, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("rundir: %w", err)
	}
	parent, name := filepath.Split(path)
	if name == "" {
		return "", fmt.Errorf("rundir: %s is the root, expected a directory below it", dir)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real, nil
	}
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return "", fmt.Errorf("rundir: %w", err)
	}
	return path, nil
}

// replaceable returns nil if target is absent, empty, or a run directory.
func replaceable(target string) error {
	entries, err := os.ReadDir(target)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("rundir: %s exists and is no directory: %w", target, err)
	}
	var summary map[string]json.RawMessage
	text, err := os.ReadFile(filepath.Join(target, "summary.json"))
	if err == nil {
		err = json.Unmarshal(text, &summary)
	}
	if err != nil || summary["schema"] == nil {
		return fmt.Errorf("rundir: %s exists and is no run directory: it holds %s but no summary.json with a \"schema\"; name another directory or remove it", target, entries[0].Name())
	}
	return nil
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
