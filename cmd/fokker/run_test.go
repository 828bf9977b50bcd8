package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

const busy = `
[[axis]]
name = "x"
range = [-4, 4]
cells = 1000
[[axis]]
name = "y"
range = [-4, 4]
cells = 1000
[process]
drift = { x = "-x + y", y = "-y - x" }
diffusion = 0.5
[initial]
point = { x = 1, y = 1 }
[evolve]
until = 10
`

// A run that is interrupted, at whatever moment, returns soon and leaves
// nothing.
func TestInterruptedRunLeavesNothing(t *testing.T) {
	for _, after := range []time.Duration{0, 50 * time.Millisecond, 400 * time.Millisecond} {
		dir := t.TempDir()
		t.Chdir(dir)
		ctx, cancel := context.WithTimeoutCause(context.Background(), after, context.Canceled)
		defer cancel()
		stopped, stop := context.WithCancel(context.Background())
		context.AfterFunc(ctx, stop)
		var stderr bytes.Buffer
		start := time.Now()
		code := run(stopped, []string{"run", "-"}, strings.NewReader(busy), &bytes.Buffer{}, &stderr)
		// A fifth of a second is meant; a busy machine gets a whole one.
		if late := time.Since(start) - after; code != interrupted || late > time.Second {
			t.Errorf("after %v: exit code %d %v later, expected %d at once", after, code, late, interrupted)
		}
		if !strings.Contains(stderr.String(), "interrupted") {
			t.Errorf("said %q", stderr.String())
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left %v behind (%v)", left, err)
		}
	}
}

// A terminal gets a bar that is gone at the end.
func TestBarIsRemoved(t *testing.T) {
	var screen bytes.Buffer
	p := &progress{w: &screen}
	p.bar()
	p.draw("evolve", 0.25, 90*time.Second)
	if s := screen.String(); !strings.Contains(s, "evolve") || !strings.Contains(s, "25%") || !strings.Contains(s, "2 min left") {
		t.Errorf("drew %q", s)
	}
	p.clear()
	lines := strings.Split(screen.String(), "\r")
	if last := lines[len(lines)-1]; strings.TrimSpace(last) != "" {
		t.Errorf("left %q", last)
	}
}

// Elsewhere there is a line per phase, and not one per report.
func TestLinesArePerPhase(t *testing.T) {
	var out bytes.Buffer
	p := &progress{w: &out}
	p.lines()
	for _, done := range []float64{0, 0.1, 0.2} {
		p.draw("stationary", done, 0)
	}
	p.draw("evolve", 0.5, 10*time.Second)
	if got, want := out.String(), "fokker: stationary\nfokker: evolve 50 %, 10 s left\n"; got != want {
		t.Errorf("got %q, expected %q", got, want)
	}
}

// full is a device without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, os.ErrInvalid }

func TestUnwritableOutputIsTold(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{{"version"}, {"cases"}, {"check", "doublewell"}, {"run", "doublewell"}} {
		if code := run(context.Background(), args, strings.NewReader(""), full{}, &bytes.Buffer{}); code != notWritten {
			t.Errorf("%v: exit code %d, expected %d", args, code, notWritten)
		}
	}
}

// A bar stays on one line of its terminal.
func TestBarFitsItsTerminal(t *testing.T) {
	p := &progress{columns: 80}
	if s := p.fit("stationary on 144 × 144, x in [-1, 1]"); len([]rune(s)) != 24 || !strings.HasSuffix(s, "…") {
		t.Errorf("%q", s)
	}
	if s := p.fit("evolve"); s != "evolve" {
		t.Errorf("%q", s)
	}
}

// trigger is pulled when it has read a word.
type trigger struct {
	bytes.Buffer
	word string
	pull func()
}

func (t *trigger) Write(b []byte) (int, error) {
	n, err := t.Buffer.Write(b)
	if strings.Contains(t.String(), t.word) {
		t.pull()
	}
	return n, err
}

// A search for an accuracy that is interrupted writes its best mesh, and says what
// misses.
func TestInterruptedSearchWritesItsBestMesh(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	var stdout bytes.Buffer
	stderr := trigger{word: "so far", pull: cancel}
	const hard = "accuracy = 1e-10\n[process]\ndrift = { x = \"x - x^3 + y\", y = \"-y - x\" }\ndiffusion = 0.05\n"
	code := run(ctx, []string{"run", "-", "--set", "numerics.time_limit=60", "--out", "best.run"}, strings.NewReader(hard), &stdout, &stderr)
	said := stderr.String()
	if code != interrupted || !strings.Contains(said, "the best mesh so far is written") || !strings.Contains(said, "error") {
		t.Errorf("exit code %d, said %q", code, said)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 1 {
		t.Errorf("left %v (%v)", left, err)
	}
	if text, err := os.ReadFile("best.run/summary.json"); err != nil || !strings.Contains(string(text), `"wanted"`) || !strings.Contains(stdout.String(), "wrote best.run") {
		t.Errorf("%v: %s", err, stdout.String())
	}
}
