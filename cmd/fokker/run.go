package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"fokker/cases"
	"fokker/cases/rundir"
	"fokker/validate"
)

// running is the flags of `fokker run`.
type running struct {
	asked
	out       string
	workers   int
	resume    bool
	particles bool   // drawn whether or not the case asks for them
	ending    string // of the run directory's name
	so        best   // far
}

func runCommand() *cobra.Command {
	r := running{ending: ".run"}
	cmd := &cobra.Command{
		Use:   "run CASE",
		Short: "Run every task of a case",
		Long: `run solves what a case asks for, writes a run directory and prints a summary,
figures with their estimated errors. These take two runs on coarser meshes;
--set numerics.errors=false does without.
` + namesACase,
		Example: `  fokker run doublewell
  fokker run well.toml --set T=0.2 --set evolve.until=3
  fokker run well.toml --set accuracy=1e-5
  fokker run gyrator --cells 128 --out coarse.run
  sed 's/0.1/0.2/' well.toml | fokker run -`,
		Args:              one("one case"),
		ValidArgsFunction: completeCase,
		RunE: func(cmd *cobra.Command, args []string) error {
			r.name = args[0]
			return r.run(cmd)
		},
	}
	r.addFlags(cmd)
	cmd.Flags().StringVar(&r.out, "out", "", "run `DIR`ectory (default ./NAME.run, replaced)")
	cmd.Flags().IntVar(&r.workers, "workers", 0, "`N` goroutines at work (default: as many as the machine grants)")
	cmd.Flags().BoolVar(&r.resume, "resume", false, "")
	if err := cmd.Flags().MarkHidden("resume"); err != nil {
		panic(err) // the flag stands above
	}
	return cmd
}

func (r *running) run(cmd *cobra.Command) error {
	if err := r.check(cmd); err != nil {
		return err
	}
	ctx, bar := cmd.Context(), newProgress(cmd.ErrOrStderr())
	defer bar.stop()
	c, err := r.begin(cmd)
	if err != nil {
		return err
	}
	result, no := finish(ctx, func() (*cases.Result, error) { return r.solve(ctx, c, bar) })
	if errors.Is(no, context.Canceled) {
		result, no = r.so.far(no)
		ctx = context.WithoutCancel(ctx) // a second signal ends the process
	}
	if no != nil && result == nil {
		return no
	}
	if err := r.write(ctx, result, bar); err != nil {
		return err
	}
	warn(cmd, result.Warnings)
	text := summary(result, r.changed()...)
	if a, ok := result.Compare.(*validate.Approximations); ok {
		text += "\n" + approximations(a)
	}
	if v, ok := result.Validate.(*validate.Verdict); ok {
		text += "\n" + verdict(v)
	}
	if err := write(cmd, text+"\nwrote "+r.out+"\n"); err != nil {
		return err
	}
	return errors.Join(no, rejected(result)) // no: there is no stationary law, but the evolution was asked for as well
}

// best is the best that a search has had so far.
type best struct {
	mu     sync.Mutex
	result *cases.Result
	miss   error
}

func (b *best) keep(r *cases.Result, miss error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.result, b.miss = r, miss
}

// far returns it after an interrupt.
func (b *best) far(no error) (*cases.Result, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.result == nil {
		return nil, no
	}
	return b.result, &stoppedError{b.miss}
}

// stoppedError is an interrupt that leaves something to write.
type stoppedError struct{ miss error }

func (s *stoppedError) Error() string {
	if s.miss == nil {
		return "interrupted; what there was is written"
	}
	return "interrupted; the best mesh so far is written\n" + s.miss.Error()
}

func (s *stoppedError) Unwrap() error { return context.Canceled }

func (r *running) write(ctx context.Context, result *cases.Result, bar *progress) error {
	bar.report("write", 0)
	if err := result.Write(ctx, r.out); err != nil {
		if errors.Is(err, context.Canceled) {
			return err
		}
		return &written{notRundir(err)}
	}
	bar.stop()
	return nil
}

func (r *running) check(cmd *cobra.Command) error {
	if r.resume {
		return &usageError{found: "--resume is not available in this version"}
	}
	return checkWorkers(cmd, r.workers)
}

// begin reads the case and asks whether its result can be written. That makes a
// directory and removes it, so it is not left to work that may be abandoned.
func (r *running) begin(cmd *cobra.Command) (*cases.Case, error) {
	c, err := finish(cmd.Context(), func() (*cases.Case, error) { return r.read(cmd.InOrStdin()) })
	if err != nil {
		return nil, err
	}
	return c, r.place(c)
}

// solve does the tasks of a case.
func (r *running) solve(ctx context.Context, c *cases.Case, bar *progress) (*cases.Result, error) {
	begin := time.Now()
	result, no := c.Run(ctx, cases.Options{Workers: r.workers, Errors: true, Progress: bar.report, Best: r.so.keep})
	if no == nil && c.Problem.Compare != nil {
		limited, cancel := context.WithDeadline(ctx, c.Problem.Deadline(begin))
		defer cancel()
		a, err := validate.Approximate(limited, result.AsRun(), result, validate.Options{Workers: r.workers, Progress: bar.report})
		if err != nil {
			return nil, err
		}
		result.Compare, result.Beside = a, a.Picture()
	}
	if no != nil || !r.particles && c.Problem.Validate == nil {
		return result, no
	}
	v, err := validate.Verify(ctx, result.AsRun(), result, validate.Options{Workers: r.workers, Progress: bar.report})
	if err != nil {
		return nil, err
	}
	result.Validate, result.Comparison = v, v.Worst()
	return result, nil
}

// place chooses the run directory and asks whether it can be written.
func (r *running) place(c *cases.Case) error {
	if r.out == "" {
		r.out = c.Name + r.ending
	}
	if err := rundir.Free(r.out); err != nil {
		return &written{notRundir(err)}
	}
	return nil
}

// notRundir is an error of package rundir for a person.
func notRundir(err error) error {
	text := strings.TrimPrefix(err.Error(), "rundir: ")
	if place := (*rundir.CreateError)(nil); errors.As(err, &place) {
		text += elsewhere
	}
	return errors.New(text)
}

const elsewhere = "\n    hint: --out names another place"
