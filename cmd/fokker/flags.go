package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fokker/cases"
)

// badFlag names the nearest flag in an error about an unknown one.
func badFlag(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("`%s --help` lists the flags", cmd.CommandPath())
	if wrong := (*pflag.InvalidValueError)(nil); errors.As(err, &wrong) {
		f := wrong.GetFlag()
		expected := map[string]string{"int": "a whole number", "float64": "a number", "bool": "true or false"}[f.Value.Type()]
		return &usageError{fmt.Sprintf("%s: --%s: found %q, expected %s", cmd.CommandPath(), f.Name, wrong.GetValue(), expected), hint}
	}
	if wrong := unknownFlag.FindStringSubmatch(err.Error()); wrong != nil {
		if near := nearestFlag(cmd, wrong[1]); near != "" {
			hint = fmt.Sprintf("did you mean --%s?", near)
		}
	}
	return &usageError{fmt.Sprintf("%s: %s", cmd.CommandPath(), err), hint}
}

var unknownFlag = regexp.MustCompile(`^unknown flag: --(\S+)$`)

// nearestFlag lets cobra compare names, which it does for commands only.
func nearestFlag(cmd *cobra.Command, name string) string {
	names := &cobra.Command{SuggestionsMinimumDistance: 2}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
		}
	})
	if near := names.SuggestionsFor(name); len(near) > 0 {
		return near[0]
	}
	return ""
}

// checkWorkers refuses a number of them that is none or stalls the machine.
func checkWorkers(cmd *cobra.Command, n int) error {
	if cmd.Flags().Changed("workers") && (n < 1 || n > cases.MostWorkers) {
		return &usageError{found: fmt.Sprintf("--workers: found %d, expected a whole number from 1 to %d", n, cases.MostWorkers)}
	}
	return nil
}

// cellOverrides turns "x=512,y=256", or one number for all axes, into
// overrides of a case, one per axis.
func cellOverrides(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	if _, err := strconv.Atoi(text); err == nil {
		return []string{"--cells " + text}, nil
	}
	var out, axes []string
	for part := range strings.SplitSeq(text, ",") {
		axis, cells, ok := strings.Cut(part, "=")
		if _, err := strconv.Atoi(strings.TrimSpace(cells)); !ok || err != nil {
			return nil, &usageError{fmt.Sprintf("--cells: found %q, expected axis=cells or one number of cells for all axes", part), "for example --cells x=512,y=256"}
		}
		axis = strings.TrimSpace(axis)
		if slices.Contains(axes, axis) {
			return nil, &usageError{fmt.Sprintf("--cells: found axis %q twice", axis), "for example --cells x=512,y=256"}
		}
		axes = append(axes, axis)
		out = append(out, fmt.Sprintf("--cells %s=%s", axis, strings.TrimSpace(cells)))
	}
	return out, nil
}

// warn prints what a result says against itself.
func warn(cmd *cobra.Command, warnings []string) {
	for _, w := range warnings {
		fmt.Fprintf(cmd.ErrOrStderr(), "fokker: warning: %s\n", w)
	}
}
