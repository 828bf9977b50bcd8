package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fokker/cases"
)

// asked is a case as the command line names it.
type asked struct {
	name  string
	set   []string // parameter=value, table.key=value
	cells string   // x=512,y=512 or 512
	at    string   // --at T or --times T1,T2,…, of samples
}

// changed lists what --set changes, as the first line of a summary has it.
func (a *asked) changed() (out []string) {
	for _, assignment := range a.set {
		name, value, _ := strings.Cut(assignment, "=")
		out = append(out, strings.TrimSpace(name)+" = "+strings.TrimSpace(value))
	}
	return out
}

// addFlags adds what changes a case.
func (a *asked) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&a.set, "set", nil, "override a parameter, `k=v`, or a key, table.key=value; may be repeated")
	cmd.Flags().StringVar(&a.cells, "cells", "", "cells by axis, `x=512,y=512`, or one number for all axes")
}

// largest is more than any case file may have.
const largest = 8 << 20

// read reads the case.
func (a *asked) read(stdin io.Reader) (*cases.Case, error) {
	cells, err := cellOverrides(a.cells)
	if err != nil {
		return nil, err
	}
	overrides := append(append([]string(nil), a.set...), cells...)
	if a.at != "" {
		overrides = append(overrides, a.at)
	}
	switch {
	case a.name == "-":
		data, err := io.ReadAll(io.LimitReader(stdin, largest))
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		return cases.Parse("-", data, cases.Beside("."), overrides...)
	case isPath(a.name):
		return cases.Read(a.name, overrides...)
	}
	c, err := cases.FromGallery(a.name, overrides...)
	return c, misnamed(a.name, unlisted(a.name, err))
}

// unlisted says where names of the gallery are found.
func unlisted(name string, err error) error {
	var m *cases.Mistake
	if !errors.As(err, &m) || slices.Contains(cases.Gallery(), name) || strings.HasPrefix(m.Hint, "did you mean") {
		return err
	}
	m.Hint = "`fokker cases` lists them"
	return err
}

// misnamed says how a file is named that looks like a gallery case.
func misnamed(name string, err error) error {
	var m *cases.Mistake
	if !errors.As(err, &m) || slices.Contains(cases.Gallery(), name) {
		return err
	}
	switch {
	case isFile(name):
		m.Hint = "write ./" + name
	case isFile(name + ".toml"):
		m.Hint = "write " + name + ".toml"
	}
	return err
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// isPath reports whether an argument names a file rather than a gallery case.
func isPath(name string) bool {
	return strings.ContainsRune(name, '/') || strings.ContainsRune(name, filepath.Separator) || strings.HasSuffix(name, ".toml")
}

// completeCase completes a gallery name, or a file.
func completeCase(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return cases.Gallery(), cobra.ShellCompDirectiveDefault
}

const namesACase = `
CASE is a path if it contains / or ends in .toml, the name of a gallery case
otherwise, and - is standard input, whose data files are relative to the
current directory.`
