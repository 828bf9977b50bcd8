package cases

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// gallery holds the cases and data that come with the program.
//
//go:embed *.toml *.csv
var gallery embed.FS

// Gallery returns the names of the cases that come with the program.
func Gallery() []string {
	files, err := fs.Glob(gallery, "*.toml")
	if err != nil {
		panic(err) // the pattern is constant
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".toml")
	}
	slices.Sort(files)
	return files
}

// FromGallery reads a case that comes with the program.
func FromGallery(name string, overrides ...string) (*Case, error) {
	data, err := gallery.ReadFile(name + ".toml")
	if err != nil {
		hint := didYouMean(name, Gallery())
		if hint == "" {
			hint = "`fokker cases` lists them; a file is named with its ending, " + name + ".toml"
		}
		return nil, &Mistake{File: name, Found: "no case of this name comes with the program", Hint: hint}
	}
	open := func(name string) (io.ReadCloser, error) { return gallery.Open(name) }
	return Parse(name+".toml", data, open, overrides...)
}

// GalleryFiles returns a gallery case and the data it names.
func GalleryFiles(name string) (map[string][]byte, error) {
	c, err := FromGallery(name)
	if err != nil {
		return nil, err
	}
	names := []string{name + ".toml"}
	for _, d := range c.dataFiles() {
		names = append(names, d.data.Name)
	}
	out := map[string][]byte{}
	for _, n := range names {
		if out[n], err = gallery.ReadFile(n); err != nil {
			return nil, fmt.Errorf("cases: %w", err)
		}
	}
	return out, nil
}
