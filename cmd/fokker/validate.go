package main

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"fokker/cases"
	"fokker/validate"
	"fokker/validate/compare"
)

// errRejected says that particles or samples do not have the law of the case.
var errRejected = errors.New("rejected")

// validating is the flags of `fokker validate`.
type validating struct{ running }

func validateCommand() *cobra.Command {
	v := validating{running{particles: true}}
	cmd := &cobra.Command{
		Use:   "validate CASE",
		Short: "Test whether particles have the laws of a case",
		Long: `validate runs a case, follows particles of the same process, for an optimiser on
data those of the optimiser as well, and tests whether they have its laws. The
run directory is that of run, with the verdict in summary.json and a picture of
where the two differ. The table [validate] of the case says how many particles,
with what step and at which times.
` + namesACase,
		Example: `  fokker validate doublewell
  fokker validate well.toml --set validate.particles=1000000
  fokker validate p2 --set validate.method=euler --set validate.step=0.1`,
		Args:              one("one case"),
		ValidArgsFunction: completeCase,
		RunE: func(cmd *cobra.Command, args []string) error {
			v.name = args[0]
			return v.validate(cmd)
		},
	}
	v.addFlags(cmd)
	cmd.Flags().StringVar(&v.out, "out", "", "run `DIR`ectory (default ./NAME.run, replaced)")
	cmd.Flags().IntVar(&v.workers, "workers", 0, "`N` goroutines at work (default: as many as the machine grants)")
	return cmd
}

func (v *validating) validate(cmd *cobra.Command) error {
	if err := v.check(cmd); err != nil {
		return err
	}
	ctx, bar := cmd.Context(), newProgress(cmd.ErrOrStderr())
	defer bar.stop()
	result, err := finish(ctx, func() (*cases.Result, error) { return v.solve(ctx, cmd, bar) })
	if err != nil {
		return err
	}
	if err := v.write(ctx, result, bar); err != nil {
		return err
	}
	warn(cmd, result.Warnings)
	head := strings.Join(append([]string{result.Case}, v.changed()...), ", ")
	found := result.Validate.(*validate.Verdict)
	if err := write(cmd, head+"\n"+verdict(found)+"\nwrote "+v.out+"\n"); err != nil {
		return err
	}
	return rejected(result)
}

// rejected returns errRejected where a verdict is no.
func rejected(r *cases.Result) error {
	if v, ok := r.Validate.(*validate.Verdict); ok && !v.Pass {
		return errRejected
	}
	return nil
}

// verdict is what a person reads of one.
func verdict(v *validate.Verdict) string {
	var text strings.Builder
	fmt.Fprintf(&text, "validate: %d particles, %s, step %.3g, level %g over all tests\n", v.Particles, v.Method, v.Step, v.Level)
	law := ""
	var table *tabwriter.Writer
	for _, t := range v.Tests {
		name, test, _ := strings.Cut(t.Name, ": ")
		if name != law {
			if law = name; table != nil {
				table.Flush()
			}
			fmt.Fprintf(&text, "\n%s\n", law)
			table = tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
		}
		fmt.Fprintf(table, "  %s\t%s\n", test, strings.Join(line(t), "\t"))
	}
	if table != nil {
		table.Flush()
	}
	return trimmedLines(text.String()) + conclusion(v)
}

// line is a test: passed or not, how probable, and of an expectation how far
// particles are from the law.
func line(t compare.Test) []string {
	word := "pass"
	if !t.Pass {
		word = "FAIL"
	}
	out := []string{word, fmt.Sprintf("p = %.2g", t.P)}
	if t.Bias == nil {
		return append(out, fmt.Sprintf("%.4g", t.Statistic))
	}
	out = append(out, fmt.Sprintf("off by %.2g ± %.1g", *t.Bias, *t.Error))
	if *t.Allowed > 0.1*math.Abs(*t.Error) {
		out = append(out, fmt.Sprintf("%.2g allowed", *t.Allowed))
	}
	return out
}

func conclusion(v *validate.Verdict) string {
	var text strings.Builder
	failed := 0
	for _, t := range v.Tests {
		if !t.Pass {
			failed++
		}
	}
	fmt.Fprintln(&text)
	for _, s := range clearest(v.StepBias) {
		fmt.Fprintf(&text, "the step shifts %s by %.2g ± %.1g\n", s.Name, s.Value, s.Error)
	}
	for _, words := range v.Words {
		fmt.Fprintln(&text, words)
	}
	if failed > 0 {
		fmt.Fprintf(&text, "rejected: %d of %d tests fail\n", failed, len(v.Tests))
	} else {
		fmt.Fprintf(&text, "passed: all of %d tests\n", len(v.Tests))
	}
	return text.String()
}

// clearest returns the shift that is seen best, if it is seen at all.
func clearest(all []validate.Shift) []validate.Shift {
	const seen = 4 // standard errors
	best, at := seen, -1
	for i, s := range all {
		if s.Error > 0 && math.Abs(s.Value) > float64(best)*s.Error {
			best, at = int(math.Abs(s.Value)/s.Error), i
		}
	}
	if at < 0 {
		return nil
	}
	return all[at : at+1]
}
