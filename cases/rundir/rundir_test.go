package rundir

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// contents reads all files of a directory tree by path.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, dir)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func equal(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %s differs", what, name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: found %s, want it absent", what, name)
		}
	}
}

func TestWriteReplacesARunDirectory(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "deep", "well.run")
	r := well(t, 20)
	r.CaseTOML = []byte("title = \"first\"\n")
	if err := Write(t.Context(), dir, r); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "current.png"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	r.CaseTOML = []byte("title = \"second\"\n")
	if err := Write(t.Context(), dir, r); err != nil {
		t.Fatal(err)
	}
	found := contents(t, parent)
	if got := found["/deep/well.run/case.toml"]; got != "title = \"second\"\n" {
		t.Errorf("case.toml holds %q, want the second", got)
	}
	if _, ok := found["/deep/well.run/current.png"]; ok {
		t.Error("a file of the old directory is left")
	}
	for name := range found {
		if strings.Contains(name, "/.") {
			t.Errorf("%s is left behind", name)
		}
	}
}

// What a user put into a run directory outlives the next run; data that a run
// left does not, unless they were changed.
func TestWriteKeepsWhatNoRunWrote(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "well.run")
	r := well(t, 20)
	r.Files = map[string][]byte{"a.csv": []byte("a\n1\n"), "b.csv": []byte("b\n1\n")}
	record := func() {
		r.CaseTOML = nil
		for name, data := range r.Files {
			r.CaseTOML = fmt.Appendf(r.CaseTOML, "# data sub/%s: 1 examples, SHA-256 %x\n", name, sha256.Sum256(data))
		}
	}
	record()
	if err := Write(t.Context(), dir, r); err != nil {
		t.Fatal(err)
	}
	users := map[string]string{"notes.txt": "x", "deep/plot.py": "y", "b.csv": "mine", "copy.csv": "a\n1\n", "c.csv": "mine too"}
	for name, text := range users {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	r.Files = map[string][]byte{"c.csv": []byte("c\n1\n")}
	record()
	for range 2 {
		if err := Write(t.Context(), dir, r); err != nil {
			t.Fatal(err)
		}
	}
	found := contents(t, parent)
	users["c.csv"], users["c.csv.old1"] = "c\n1\n", "mine too"
	for name, text := range users {
		if got := found["/well.run/"+name]; got != text {
			t.Errorf("%s holds %q, want %q", name, got, text)
		}
	}
	if _, there := found["/well.run/a.csv"]; there {
		t.Error("the data of the former run are left")
	}
	if entries, err := os.ReadDir(parent); err != nil || len(entries) != 1 {
		t.Errorf("found %v, want only the directory", entries)
	}
}

// A swap that fails half way brings every file back.
func TestSwapThatFailsLosesNothing(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "well.run")
	if err := Write(t.Context(), dir, well(t, 20)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	before := contents(t, parent)
	if err := swap(dir, filepath.Join(parent, "absent")); err == nil || !strings.Contains(err.Error(), "cannot create "+dir) {
		t.Errorf("got %v, want that the directory cannot be created", err)
	}
	equal(t, "after a swap that failed", contents(t, parent), before)
	file := filepath.Join(parent, "file")
	var moved moves
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := moved.foreign(dir, file); err == nil || len(moved) > 0 {
		t.Errorf("got %v after %v, want an error", err, moved)
	}
}

func TestFreeTriesTheDirectory(t *testing.T) {
	parent := t.TempDir()
	closed := filepath.Join(parent, "closed")
	if err := os.Mkdir(closed, 0o555); err != nil {
		t.Fatal(err)
	}
	places := []string{"/dev/null/well.run", filepath.Join(parent, strings.Repeat("n", 300))}
	if os.Getuid() != 0 { // whom no permission stops
		places = append(places, filepath.Join(closed, "well.run"), filepath.Join(closed, "deep", "well.run"))
	}
	for _, dir := range places {
		err := Free(dir)
		if err == nil || !strings.HasPrefix(err.Error(), "rundir: cannot create "+dir+": ") || strings.Contains(err.Error(), ".run.tmp") {
			t.Errorf("%s: got %v, want that it cannot be created", dir, err)
		}
		if err := Write(t.Context(), dir, well(t, 20)); err == nil || !strings.HasPrefix(err.Error(), "rundir: cannot create "+dir+": ") {
			t.Errorf("%s: Write: got %v, want that it cannot be created", dir, err)
		}
	}
	if err := Free(filepath.Join(parent, "a", "b")); err != nil {
		t.Error(err)
	}
	if left := contents(t, parent); len(left) > 0 {
		t.Errorf("left %v behind", left)
	}
}

func TestFilesMayNotHideThoseOfARun(t *testing.T) {
	for _, name := range []string{"case.toml", "current.png", "../a", "a/b", "", ".", ".."} {
		r := well(t, 20)
		r.Files = map[string][]byte{name: nil}
		if err := Write(t.Context(), filepath.Join(t.TempDir(), "a"), r); err == nil || !strings.Contains(err.Error(), "found a file called") {
			t.Errorf("%q: got %v, want a refusal", name, err)
		}
	}
}

func TestWriteGivesTheSameBytes(t *testing.T) {
	for _, r := range []*Result{gyrator(t, 16), well(t, 20), ring(t, 3, 6)} {
		parent := t.TempDir()
		for _, name := range []string{"a", "b"} {
			if err := Write(t.Context(), filepath.Join(parent, name), r); err != nil {
				t.Fatal(err)
			}
		}
		equal(t, r.Name, contents(t, filepath.Join(parent, "b")), contents(t, filepath.Join(parent, "a")))
	}
}

func TestWriteRefusesAForeignDirectory(t *testing.T) {
	foreign := map[string]func(dir string) error{
		"a thesis": func(dir string) error { return os.WriteFile(filepath.Join(dir, "thesis.tex"), []byte("x"), 0o666) },
		"a summary of something else": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "summary.json"), []byte(`{"total": 3}`), 0o666)
		},
		"a file": func(dir string) error {
			return errors.Join(os.Remove(dir), os.WriteFile(dir, []byte("x"), 0o666))
		},
	}
	for name, make := range foreign {
		parent := t.TempDir()
		dir := filepath.Join(parent, "d")
		if err := errors.Join(os.Mkdir(dir, 0o777), make(dir)); err != nil {
			t.Fatal(err)
		}
		before := contents(t, parent)
		if err := Write(t.Context(), dir, well(t, 20)); !errors.Is(err, ErrOccupied) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: got %v, want an error that names the directory", name, err)
		}
		if err := Free(dir); !errors.Is(err, ErrOccupied) {
			t.Errorf("%s: Free: got %v, want %v", name, err, ErrOccupied)
		}
		equal(t, name, contents(t, parent), before)
	}
	if err := Free(filepath.Join(t.TempDir(), "absent", "too")); err != nil {
		t.Errorf("an absent directory is free, got %v", err)
	}
	empty := t.TempDir()
	if err := Write(t.Context(), empty, well(t, 20)); err != nil {
		t.Errorf("an empty directory is free to take, got %v", err)
	}
}

// during is a summary that does something when it is written.
type during func() error

func (d during) MarshalJSON() ([]byte, error) { return []byte(`{"schema": 1}`), d() }

func TestWriteThatFailsLeavesTheOldDirectory(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "gyrator.run")
	if err := Write(t.Context(), dir, gyrator(t, 16)); err != nil {
		t.Fatal(err)
	}
	before := contents(t, parent)
	r := gyrator(t, 24)

	broken := errors.New("disk on fire")
	r.Summary = during(func() error { return broken })
	if err := Write(t.Context(), dir, r); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	equal(t, "after an error", contents(t, parent), before)

	ctx, cancel := context.WithCancel(t.Context())
	r.Summary = during(func() error { cancel(); return nil })
	if err := Write(ctx, dir, r); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	equal(t, "after a cancellation", contents(t, parent), before)

	other := filepath.Join(parent, "new.run")
	if err := Write(ctx, other, r); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	equal(t, "after a cancellation of a new one", contents(t, parent), before)
	if entries, err := os.ReadDir(parent); err != nil || len(entries) != 1 {
		t.Errorf("found %v, want only the old directory", entries)
	}
}

func TestWriteKeepsASymbolicLink(t *testing.T) {
	parent := t.TempDir()
	target, link := filepath.Join(parent, "target"), filepath.Join(parent, "link")
	if err := errors.Join(os.Mkdir(target, 0o777), os.Symlink(target, link)); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), link, well(t, 20)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced")
	}
	if _, err := os.Stat(filepath.Join(target, "result.nc")); err != nil {
		t.Error(err)
	}
}

func TestCheckNamesTheArray(t *testing.T) {
	r := gyrator(t, 12)
	r.FinalCurrent[1] = r.FinalCurrent[1][1:]
	err := Write(t.Context(), filepath.Join(t.TempDir(), "a"), r)
	if want := `rundir: final current along "y": found 155 faces, expected 156`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestMarshalWritesWhatIsNotFiniteAsNull(t *testing.T) {
	type inner struct {
		Mean map[string]float64 `json:"mean"`
	}
	type summary struct {
		Schema int       `json:"schema"`
		Bad    float64   `json:"bad"`
		Inf    []float64 `json:"inf"`
		Eigen  [][2]float64
		Absent *inner  `json:"absent,omitempty"`
		Inner  inner   `json:"inner"`
		List   []inner `json:"list"`
		hidden int
		Zero   float64 `json:"zero,omitempty"`
		Text   string  `json:"text"`
	}
	v := summary{
		Schema: 1, Bad: math.NaN(), Inf: []float64{1, math.Inf(1), 1.0 / 3}, Eigen: [][2]float64{{0, 0}, {-0.31, 1e-300}},
		Inner: inner{map[string]float64{"y": 1, "x": math.NaN()}}, List: []inner{{}}, hidden: 1, Text: "<é\n",
	}
	got, err := Marshal(&v)
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "schema": 1,
  "bad": null,
  "inf": [1, null, 0.3333333333333333],
  "Eigen": [[0, 0], [-0.31, 1e-300]],
  "inner": {
    "mean": {
      "x": null,
      "y": 1
    }
  },
  "list": [
    {
      "mean": null
    }
  ],
  "text": "\u003cé\n"
}
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var back any
	if err := json.Unmarshal(got, &back); err != nil {
		t.Error(err)
	}
}
