package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
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
type validating struct {
	running
	file    string // of samples
	taken   string // at T
	times   string // T1,T2,…
	samples validate.Samples
}

func validateCommand() *cobra.Command {
	v := validating{running: running{particles: true, ending: ".validate"}}
	cmd := &cobra.Command{
		Use:   "validate CASE",
		Short: "Test whether particles have the laws of a case",
		Long: `validate runs a case, follows particles of the same process, for an optimiser on
data those of the optimiser as well, and tests whether they have its laws. The
run directory, NAME.validate, is as that of run, with the verdict in summary.json and
a picture of where the two differ. The table [validate] of the case says how many particles,
with what step and at which times.

With --samples it tests somebody else's samples instead: rows of a NumPy array or a
CSV, columns in the order of the axes or, where a CSV has a header, by their names.
They are held against the stationary law, or the law at the time of --at.
` + namesACase,
		Example: `  fokker validate doublewell
  fokker validate well.toml --set validate.particles=1000000
  fokker validate p2 --set validate.method=euler --set validate.step=0.1
  fokker validate well.toml --samples run.npy --at 2
  fokker validate well.toml --samples chain.csv --chain --tolerance 0.01`,
		Args:              one("one case"),
		ValidArgsFunction: completeCase,
		RunE: func(cmd *cobra.Command, args []string) error {
			v.name = args[0]
			return v.validate(cmd)
		},
	}
	v.addFlags(cmd)
	cmd.Flags().StringVar(&v.out, "out", "", "run `DIR`ectory (default ./NAME.validate, replaced)")
	cmd.Flags().IntVar(&v.workers, "workers", 0, "`N` goroutines at work (default: as many as the machine grants)")
	cmd.Flags().StringVar(&v.file, "samples", "", "`FILE` of samples, NPY or CSV; - is standard input")
	cmd.Flags().StringVar(&v.taken, "at", "", "time `T` of the samples (default: they are stationary)")
	cmd.Flags().StringVar(&v.times, "times", "", "times `T1,T2,…` of an array (time, sample, axis)")
	cmd.Flags().BoolVar(&v.samples.Chain, "chain", false, "the samples are one correlated run, in order")
	cmd.Flags().StringVar(&v.samples.Weights, "weights", "", "`COLUMN` with weights: its name, or its number from 0 where there are no names")
	cmd.Flags().Float64Var(&v.samples.Tolerance, "tolerance", 0, "a bias of `δ` standard deviations passes")
	return cmd
}

func (v *validating) validate(cmd *cobra.Command) error {
	if err := v.check(cmd); err != nil {
		return err
	}
	if err := v.checkSamples(cmd); err != nil {
		return err
	}
	ctx, bar := cmd.Context(), newProgress(cmd.ErrOrStderr())
	defer bar.stop()
	c, err := v.begin(cmd)
	if err != nil {
		return err
	}
	work := func() (*cases.Result, error) { return v.solve(ctx, c, bar) }
	if cmd.Flags().Changed("samples") {
		work = func() (*cases.Result, error) { return v.hold(ctx, c, cmd.InOrStdin(), bar) }
	}
	result, err := finish(ctx, work)
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

// checkSamples reads the flags that belong to samples.
func (v *validating) checkSamples(cmd *cobra.Command) error {
	for _, name := range []string{"at", "times", "chain", "weights", "tolerance"} {
		if !cmd.Flags().Changed("samples") && cmd.Flags().Changed(name) {
			return &usageError{found: fmt.Sprintf("--%s: found without --samples", name)}
		}
	}
	switch {
	case cmd.Flags().Changed("samples") && v.file == "":
		return &usageError{found: "--samples: found nothing, expected a file, or - for standard input"}
	case cmd.Flags().Changed("weights") && v.samples.Weights == "":
		return &usageError{found: "--weights: found nothing, expected a column"}
	case cmd.Flags().Changed("at") && cmd.Flags().Changed("times"):
		return &usageError{found: "--times: found beside --at, expected one of the two"}
	case v.samples.Chain && v.times != "":
		return &usageError{found: "--chain: found beside --times, expected the samples of one run in their order"}
	case v.file == "-" && v.name == "-":
		return &usageError{found: "found - for the case and for the samples", hint: "standard input is one of the two"}
	case !(v.samples.Tolerance >= 0) || math.IsInf(v.samples.Tolerance, 1):
		return &usageError{found: fmt.Sprintf("--tolerance: found %v, expected a finite number ≥ 0", v.samples.Tolerance)}
	}
	var err error
	switch {
	case cmd.Flags().Changed("times"):
		err = v.readTimes("--times", v.times, "times separated by commas", math.MaxInt)
	case cmd.Flags().Changed("at"):
		err = v.readTimes("--at", v.taken, "one time", 1)
	}
	return err
}

// readTimes reads the times of a flag, no more than so many, as an override has them:
// .5 is no number of TOML.
func (v *validating) readTimes(flag, text, expected string, most int) error {
	var numbers []string
	for part := range strings.SplitSeq(text, ",") {
		t, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || math.IsNaN(t) || math.IsInf(t, 0) || len(numbers) == most {
			return &usageError{found: fmt.Sprintf("%s: found %q, expected %s", flag, text, expected)}
		}
		v.samples.Times = append(v.samples.Times, t)
		numbers = append(numbers, strconv.FormatFloat(t, 'g', -1, 64))
	}
	v.at = flag + " " + strings.Join(numbers, ",")
	return nil
}

// hold reads the samples and holds them against the case. Tasks that they have
// nothing to do with are left out.
func (v *validating) hold(ctx context.Context, c *cases.Case, stdin io.Reader, bar *progress) (*cases.Result, error) {
	p := c.Problem
	if p.Validate != nil {
		p.Validate.Particles = 0 // none are drawn
	}
	p.LawsOnly()
	switch {
	case len(v.samples.Times) > 0:
		p.Stationary = nil
	case p.Stationary == nil:
		return nil, &usageError{"the case has no stationary law for the samples", "--at says at what time they were taken"}
	default:
		p.Evolve = nil
	}
	v.samples.Name, v.samples.Reader = v.file, stdin
	if v.file != "-" {
		f, err := os.Open(v.file)
		if err != nil {
			return nil, &cases.Mistake{File: v.file, Found: "cannot be opened: " + errors.Unwrap(err).Error()}
		}
		defer f.Close()
		v.samples.Reader = f
	}
	result, err := c.Run(ctx, cases.Options{Workers: v.workers, Progress: bar.report})
	if err != nil {
		return nil, err
	}
	found, err := validate.VerifySamples(ctx, c, result, v.samples, validate.Options{Workers: v.workers, Progress: bar.report})
	if err != nil {
		return nil, err
	}
	if !found.Pass && p.LearningRate > 0 {
		found.Words = append(found.Words, "[compare] says which approximation of the optimiser fails")
	}
	result.Validate, result.Comparison = found, found.Worst()
	return result, nil
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
	what := fmt.Sprintf("%d particles, %s, step %.3g", v.Particles, v.Method, v.Step)
	if v.Samples != "" {
		what = fmt.Sprintf("%d samples of %s", v.Particles, v.Samples)
	}
	fmt.Fprintf(&text, "validate: %s, level %g over all tests\n", what, v.Level)
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
// particles are from the law. All lines have as many fields, so that they align.
func line(t compare.Test) []string {
	word := "pass"
	if !t.Pass {
		word = "FAIL"
	}
	out := []string{word, fmt.Sprintf("p = %.2g", t.P)}
	if t.Bias == nil {
		return append(out, fmt.Sprintf("%.4g", t.Statistic), "")
	}
	allowed := ""
	if *t.Allowed > 0.1*math.Abs(*t.Error) {
		allowed = fmt.Sprintf("%.2g allowed", *t.Allowed)
	}
	return append(out, fmt.Sprintf("off by %.2g ± %.1g", *t.Bias, *t.Error), allowed)
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
		law, what, _ := strings.Cut(s.Name, ": ")
		fmt.Fprintf(&text, "the step in time alone moves %s of the particles by %.2g ± %.1g (%s)\n", what, s.Value, s.Error, law)
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
