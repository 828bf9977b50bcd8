package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"fokker/cases"
	"fokker/solvers"
)

// Exit codes.
const (
	success     = 0
	answerIsNo  = 1   // not converged, there is no such law, or particles have another one
	misuse      = 2   // of the command or of a case file, or a limit
	notWritten  = 3   // a result could not be written
	interrupted = 130 // by a signal
)

// run carries out a command line and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err != nil && err != errRejected { // which the verdict has said
		complain(stderr, err)
	}
	return exitCode(err)
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "fokker",
		Short: "Solve Fokker–Planck equations",
		Long:  "fokker solves the Fokker–Planck equation of a stochastic process that a case file states.",
		Example: `  fokker cases                         list the cases that come with the program
  fokker run doublewell                run one of them
  fokker check well.toml               what a case file says, without solving
  fokker run well.toml --set T=0.2     run it with another parameter
  fokker validate well.toml            test it against particles`,
		Version:       cases.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return &usageError{found: "no command", hint: "`fokker help` lists them"}
		},
	}
	root.SetVersionTemplate("fokker {{.Version}}\n")
	root.SetFlagErrorFunc(badFlag)
	root.SuggestionsMinimumDistance = 2
	root.AddCommand(runCommand(), checkCommand(), validateCommand(), convergeCommand(), casesCommand(), versionCommand())
	for _, name := range []string{"sweep", "gather", "report", "view"} {
		root.AddCommand(laterCommand(name))
	}
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return write(cmd, fmt.Sprintf("fokker %s\n", cases.Version))
		},
	}
}

// laterCommand refuses a command that this version has not.
func laterCommand(name string) *cobra.Command {
	return &cobra.Command{
		Use: name, Hidden: true, DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return &usageError{found: fmt.Sprintf("`fokker %s` is not available in this version", name)}
		},
	}
}

// usageError is a command line that cannot be carried out.
type usageError struct{ found, hint string }

func (e *usageError) Error() string {
	if e.hint == "" {
		return e.found
	}
	return e.found + "\n    hint: " + e.hint
}

func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "`fokker help` lists the commands"
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean `fokker %s`?", near[0])
	} else if isPath(args[0]) {
		hint = fmt.Sprintf("did you mean `fokker run %s`?", args[0])
	}
	return &usageError{fmt.Sprintf("no command is called %q", args[0]), hint}
}

// one asks for one argument, of which what is said.
func one(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return &usageError{
			fmt.Sprintf("%s: found %d arguments, expected %s", cmd.CommandPath(), len(args), what),
			fmt.Sprintf("`%s --help` has examples", cmd.CommandPath()),
		}
	}
}

// written marks an error of writing a result.
type written struct{ err error }

func (w *written) Error() string { return w.err.Error() }
func (w *written) Unwrap() error { return w.err }

// write writes to standard output.
func write(cmd *cobra.Command, text string) error {
	if _, err := io.WriteString(cmd.OutOrStdout(), text); err != nil {
		return &written{fmt.Errorf("standard output: %w", err)}
	}
	return nil
}

func exitCode(err error) int {
	var stuck *solvers.NotConverged
	var file *written
	var missed *cases.NotReached
	switch {
	case err == nil:
		return success
	case errors.Is(err, context.Canceled):
		return interrupted
	case errors.Is(err, cases.ErrNoLaw), errors.Is(err, cases.ErrUnconfined), errors.Is(err, errRejected), errors.Is(err, solvers.ErrRange), errors.As(err, &stuck), errors.As(err, &missed):
		return answerIsNo
	case errors.As(err, &file):
		return notWritten
	}
	return misuse
}

// listed is how many mistakes of one file are printed.
const listed = 20

// complain prints an error for a person.
func complain(w io.Writer, err error) {
	var all cases.Mistakes
	if errors.Is(err, context.Canceled) && !errors.As(err, new(*stoppedError)) {
		err = errors.New("interrupted; nothing was written")
	}
	if !errors.As(err, &all) {
		fmt.Fprintf(w, "fokker: %s\n", explain(err))
		return
	}
	for i, m := range all {
		if i == listed {
			fmt.Fprintf(w, "fokker: and %d more\n", len(all)-listed)
			return
		}
		fmt.Fprintf(w, "fokker: %s\n", m)
	}
}

// explain adds what may help to an error of a package that cannot know it.
func explain(err error) string {
	text := strings.TrimPrefix(err.Error(), "solvers: ")
	var stuck *solvers.NotConverged
	switch {
	case errors.Is(err, solvers.ErrShares):
		text += "\n    hint: `method = \"gth\"`, on fewer cells if there is no memory for so many, finds the shares of such wells"
	case errors.As(err, &stuck):
		text += "\n    hint: another `method` or a larger `tolerance` in the task's table may do"
	case errors.Is(err, solvers.ErrRange):
		text += "\n    hint: state a `range` that holds one well, ask for `[quasistationary]` `within` one, or raise the noise"
	}
	return text
}

// finish waits for the work, or for the end of ctx, whichever comes first: the
// process need not wait for work that nobody wants any more.
func finish[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		v, err := work()
		done <- outcome{v, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
