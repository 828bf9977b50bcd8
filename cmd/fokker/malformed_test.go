//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// hostile is case files too long to write down: what the error must contain,
// and the text.
func hostile() map[string][2]string {
	const axis = "[[axis]]\nname = \"x\"\nrange = [-1, 1]\ncells = 10\n"
	process := func(drift string) string {
		return axis + "[process]\ndiffusion = 1\ndrift = { x = \"" + drift + "\" }\n"
	}
	var doubling, deep strings.Builder
	doubling.WriteString("[define]\nd0 = \"sin(x)\"\n")
	for i := range 200 {
		fmt.Fprintf(&doubling, "d%d = \"sin(d%d*x + 1)*cos(d%d + x)\"\n", i+1, i, i)
	}
	deep.WriteString("[define]\n\"f0(z)\" = \"z*sin(z)\"\n")
	for i := range 60 {
		fmt.Fprintf(&deep, "\"f%d(z)\" = \"f%d(z)*f%d(z + 1)\"\n", i+1, i, i)
	}
	random := make([]byte, 10000)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < len(random); i++ {
		random[i] = byte(r.Uint32())
	}
	return map[string][2]string{
		"long-expression":  {"bytes", process(strings.Repeat("x + ", 10<<20/4) + "x")},
		"long-product":     {"process.drift.x", process(strings.Repeat("x*", 1<<20) + "x")},
		"parentheses":      {"process.drift.x", process(strings.Repeat("(", 20000) + "x" + strings.Repeat(")", 20000))},
		"signs":            {"process.drift.x", process(strings.Repeat("-", 100000) + "x")},
		"powers":           {"process.drift.x", process(strings.Repeat("x^", 100000) + "x")},
		"questions":        {"process.drift.x", process(strings.Repeat("x>0?1:", 50000) + "x")},
		"functions":        {"is +Inf at x", deep.String() + process("f60(x)")},
		"derivatives":      {"process.drift.x", process(strings.Repeat("diff(", 40) + "exp(sin(x^3)*tanh(x))^x" + strings.Repeat(", x)", 40))},
		"diff-of-doubling": {"process.drift.x", doubling.String() + process(strings.Repeat("diff(", 12)+"d200"+strings.Repeat(", x)", 12))},
		"nested-lists":     {"nested", "a = " + strings.Repeat("[", 50000) + strings.Repeat("]", 50000)},
		"nested-keys":      {"", strings.Repeat("a.", 20000) + "a = 1\n"},
		"nested-tables":    {"nested", "a = " + strings.Repeat("{a = ", 20000) + "1" + strings.Repeat("}", 20000)},
		"nested-headings":  {"", "[" + strings.Repeat("a.", 20000) + "a]\n"},
		"binary":           {"binary", string(random)},
		"zeros":            {"zeros", strings.Repeat("\x00", 10000)},
		"many-mistakes":    {"and ", axis + "[process]\ndiffusion = 1\n" + manyKeys(10000)},
		"many-axes":        {"axes", strings.Repeat(axis, 5000)},
		"empty":            {"found no [[axis]]", ""},
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "key%d = %d\n", i, i)
	}
	return b.String()
}

func TestMalformedCasesAreRefused(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	archive, err := txtar.ParseFile(filepath.Join(source(t), "testdata", "malformed.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		save(t, f.Name, f.Data)
	}
	for _, f := range archive.Files {
		want, isCase := strings.CutPrefix(string(f.Data), "# want: ")
		if isCase {
			want, _, _ = strings.Cut(want, "\n")
			t.Run(f.Name, func(t *testing.T) { refused(t, f.Name, want) })
		}
	}
	for name, c := range hostile() {
		save(t, name+".toml", []byte(c[1]))
		t.Run(name, func(t *testing.T) { refused(t, name+".toml", c[0]) })
	}
	if err := os.Mkdir("directory.toml", 0o777); err != nil {
		t.Fatal(err)
	}
	t.Run("directory", func(t *testing.T) { refused(t, "directory.toml", "is a directory") })
	t.Run("device", func(t *testing.T) { refused(t, "/dev/zero", "bytes") })
}

// source returns the directory of this package.
func source(t *testing.T) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("no source file")
	}
	return filepath.Dir(file)
}

func save(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// Bounds of what a case that is refused may cost.
const (
	mostTime   = time.Second // of processors
	mostMemory = 300 << 20   // allocated in all
	mostText   = 8000        // printed: what a person may read
)

// refused runs a case and expects one clear error, soon and cheaply.
func refused(t *testing.T, path, want string) {
	var stdout, stderr bytes.Buffer
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := processors(t)
	code := run(context.Background(), []string{"run", path}, strings.NewReader(""), &stdout, &stderr)
	spent := processors(t) - start
	runtime.ReadMemStats(&after)
	text := stderr.String()
	if code != misuse {
		t.Errorf("exit code %d, expected %d", code, misuse)
	}
	if !strings.HasPrefix(text, "fokker: ") || !strings.Contains(text, want) || len(text) > mostText {
		t.Errorf("got %d bytes %.600q, expected them to contain %q", len(text), text, want)
	}
	if stdout.Len() > 0 {
		t.Errorf("printed %q", stdout.String())
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > mostMemory {
		t.Errorf("allocated %d MB, expected at most %d", used>>20, mostMemory>>20)
	}
	if spent > mostTime {
		t.Errorf("took %v, expected at most %v", spent, mostTime)
	}
	if left, _ := filepath.Glob("*.run"); left != nil {
		t.Errorf("left %v behind", left)
	}
}

// processors is the time that this process has had of them, which others that
// keep the machine busy do not lengthen.
func processors(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
