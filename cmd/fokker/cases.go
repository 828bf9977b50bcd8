package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"fokker/cases"
)

func casesCommand() *cobra.Command {
	var out string
	var force bool
	cmd := &cobra.Command{
		Use:   "cases [NAME]",
		Short: "List the cases that come with the program, or copy one out",
		Long: `cases lists the gallery. With a name it copies that case and its data into the
current directory, to be read and changed.`,
		Example: `  fokker cases
  fokker cases gyrator
  fokker cases gyrator --out try`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return one("at most one name")(cmd, args)
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			names, _ := completeCase(cmd, args, typed)
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listCases(cmd)
			}
			return copyCase(cmd, args[0], out, force)
		},
	}
	cmd.Flags().StringVar(&out, "out", ".", "directory to copy into, `DIR`")
	cmd.Flags().BoolVar(&force, "force", false, "overwrite files that exist")
	return cmd
}

func listCases(cmd *cobra.Command) error {
	var text bytes.Buffer
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, name := range cases.Gallery() {
		c, err := cases.FromGallery(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", name, c.Title, firstSentence(c.About))
	}
	table.Flush()
	return write(cmd, text.String())
}

// firstSentence is what fits on a line about a case.
func firstSentence(about string) string {
	about = strings.Join(strings.Fields(about), " ")
	if end := strings.Index(about, ". "); end >= 0 {
		return about[:end+1]
	}
	return about
}

func copyCase(cmd *cobra.Command, name, dir string, force bool) error {
	files, err := cases.GalleryFiles(name)
	if err != nil {
		return unlisted(name, err)
	}
	names := slices.Sorted(maps.Keys(files))
	for _, file := range names {
		if _, err := os.Lstat(filepath.Join(dir, file)); err == nil && !force {
			return &usageError{filepath.Join(dir, file) + " exists already", "--force overwrites it, --out names another directory"}
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return cannotCreate(dir, err)
	}
	var text strings.Builder
	for _, file := range names {
		path := filepath.Join(dir, file)
		if err := writeFile(path, files[file], force); err != nil {
			return cannotCreate(path, err)
		}
		fmt.Fprintf(&text, "wrote %s\n", path)
	}
	return write(cmd, text.String())
}

// cannotCreate says what keeps a file or a directory from being made, without
// the names of temporary files.
func cannotCreate(path string, err error) error {
	var place *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &place):
		err = place.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return &written{fmt.Errorf("cannot create %s: %w%s", path, err, elsewhere)}
}

// writeFile writes a temporary file and gives it its name, which must be free
// unless force is set.
func writeFile(path string, data []byte, force bool) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	if force {
		return os.Rename(f.Name(), path)
	}
	if err := os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		return errors.New("it exists already")
	} else if err == nil {
		return nil
	}
	return os.Rename(f.Name(), path) // a file system without links
}
