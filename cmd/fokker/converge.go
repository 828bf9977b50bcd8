package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"fokker/cases/rundir"
	"fokker/validate"
)

// converging is the flags of `fokker converge`.
type converging struct {
	asked
	out    string
	ladder validate.Ladder
}

func convergeCommand() *cobra.Command {
	var c converging
	cmd := &cobra.Command{
		Use:   "converge CASE",
		Short: "Solve a case on a ladder of meshes, boxes, tolerances or orders",
		Long: `converge solves a case on several meshes, each with half the cells of the next
along every axis, and prints every figure with its observed order and the limit
that Richardson's extrapolation gives. The last mesh is the case's own, or with
--finer the first. Time is integrated to a hundredth of the case's tolerance;
figures of [evolve] are those at its last time.

--in box lets the walls move out from the case's own box, by an eighth of its
cells on each side, --in time goes from a hundred times the tolerance of [evolve]
to a tenth of it, and --in order puts the orders 2, 4 and spectral side by side,
each with the errors that it estimates.
` + namesACase,
		Example: `  fokker converge doublewell
  fokker converge p2 --cells 128 --out p2.converge
  fokker converge ou2d --in box
  fokker converge p2 --cells 64 --in order
  fokker converge well.toml --finer --levels 3`,
		Args:              one("one case"),
		ValidArgsFunction: completeCase,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.name = args[0]
			return c.converge(cmd)
		},
	}
	c.addFlags(cmd)
	cmd.Flags().StringVar(&c.ladder.In, "in", "cells", "`WHAT` differs: cells, box, time or order")
	cmd.Flags().IntVar(&c.ladder.Levels, "levels", 4, "`N` levels, at least 2; with fewer than 3 no order is observed")
	cmd.Flags().BoolVar(&c.ladder.Finer, "finer", false, "begin with the case's mesh and double its cells")
	cmd.Flags().IntVar(&c.ladder.Workers, "workers", 0, "`N` goroutines at work (default: as many as the machine grants)")
	cmd.Flags().StringVar(&c.out, "out", "", "`DIR`ectory for summary.json and pictures (default: none)")
	return cmd
}

func (c *converging) converge(cmd *cobra.Command) error {
	if err := c.check(cmd); err != nil {
		return err
	}
	ctx, bar := cmd.Context(), newProgress(cmd.ErrOrStderr())
	defer bar.stop()
	c.ladder.Progress = bar.report
	result, err := finish(ctx, func() (*validate.Convergence, error) { return c.solve(ctx, cmd) })
	if err != nil {
		return err
	}
	text := convergence(result)
	if c.out != "" {
		if err := result.Write(c.out); err != nil {
			return &written{notRundir(err)}
		}
		text += "\nwrote " + c.out + "\n"
	}
	bar.stop()
	warn(cmd, result.Warnings)
	return write(cmd, text)
}

func (c *converging) check(cmd *cobra.Command) error {
	ladders := []string{"cells", "box", "time", "order"}
	switch {
	case !slices.Contains(ladders, c.ladder.In):
		return &usageError{fmt.Sprintf("--in: found %q, expected %s", c.ladder.In, strings.Join(ladders, ", ")), ""}
	case c.ladder.Finer && c.ladder.In != "cells":
		return &usageError{fmt.Sprintf("--finer: found with --in %s, expected a ladder of meshes", c.ladder.In), ""}
	case cmd.Flags().Changed("levels") && c.ladder.In == "order":
		return &usageError{"--levels: found with --in order, of which there are three", ""}
	case c.ladder.Levels < 2:
		return &usageError{found: fmt.Sprintf("--levels: found %d, expected at least 2", c.ladder.Levels)}
	case c.ladder.In != "cells" && c.ladder.Levels > validate.MostLevels:
		return &usageError{found: fmt.Sprintf("--levels: found %d with --in %s, expected at most %d", c.ladder.Levels, c.ladder.In, validate.MostLevels)}
	}
	if err := checkWorkers(cmd, c.ladder.Workers); err != nil || c.out == "" {
		return err
	}
	if err := rundir.Free(c.out); err != nil {
		return &written{notRundir(err)}
	}
	return nil
}

func (c *converging) solve(ctx context.Context, cmd *cobra.Command) (*validate.Convergence, error) {
	read, err := c.read(cmd.InOrStdin())
	if err != nil {
		return nil, err
	}
	return validate.Converge(ctx, read, c.ladder)
}

// convergence is the table of a ladder, one part per task.
func convergence(c *validate.Convergence) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s, %s\n", c.Case, headed(c))
	for _, task := range validate.LadderTasks {
		table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
		first := true
		for _, f := range c.Figures {
			if f.Task != task || f.Label == "lost" && slices.Max(f.Values) == 0 {
				continue
			}
			if first {
				fmt.Fprintf(&text, "\n%s\n", heading(c, task))
				fmt.Fprintf(table, "  %s\t%s\n", c.In, strings.Join(levels(c), "\t"))
				first = false
			}
			line := append(figure(f, c), "", "", "")[:len(c.Levels)+3] // all lines have all columns, which align them
			fmt.Fprintf(table, "  %s\t%s\n", f.Label, strings.Join(line, "\t"))
		}
		table.Flush()
	}
	return trimmedLines(text.String())
}

// heading says how exactly the meshes were solved, or to what the tolerances lead.
func heading(c *validate.Convergence, task string) string {
	noise := c.Levels[len(c.Levels)-1].EvolveNoise
	for _, l := range c.Levels {
		if c.In != "time" {
			noise = max(noise, l.EvolveNoise)
		}
	}
	if task == "evolve" {
		return fmt.Sprintf("evolve: t = %s, error in time %.2g", number(c.Time), noise)
	}
	return task
}

// headed says what the ladder is of.
func headed(c *validate.Convergence) string {
	own := joined(c.Levels[c.Own].Cells, " × ") + " cells"
	switch c.In {
	case "box":
		return fmt.Sprintf("%d boxes, the case's own of %s first", len(c.Levels), own)
	case "time":
		return fmt.Sprintf("%d tolerances on %s, the case's own last but one", len(c.Levels), own)
	case "order":
		if len(c.Levels) == 1 {
			return "one order on " + own
		}
		return fmt.Sprintf("%d orders on %s", len(c.Levels), own)
	}
	return fmt.Sprintf("%d meshes", len(c.Levels))
}

func levels(c *validate.Convergence) (out []string) {
	for _, l := range c.Levels {
		label := l.Label
		if c.In == "order" {
			label += fmt.Sprintf(" (%.2g s)", l.Seconds)
		}
		out = append(out, label)
	}
	return out
}

// figure is a line of the table: values, the finest with its error, and the
// order and the limit, or why there are none; in other ladders how far the case's
// own value is from the last. Every order has its error.
func figure(f *validate.Figure, c *validate.Convergence) (line []string) {
	last := len(f.Values) - 1
	for k, v := range f.Values[:last] {
		if c.In == "order" {
			line = append(line, measured(v, f.Errors[k]))
			continue
		}
		if math.Abs(v) <= f.Noise {
			v = 0
		}
		line = append(line, number(v))
	}
	line = append(line, measured(f.Values[last], f.Error))
	switch {
	case c.In == "order":
		return line
	case c.In != "cells":
		return append(line, fmt.Sprintf("own off by %.1g", f.Errors[c.Own]), f.Note)
	case math.IsNaN(f.Order):
		return append(line, f.Note)
	}
	order := fmt.Sprintf("order %.2f", f.Order)
	if f.Note != "" {
		order, f.Note, _ = strings.Cut(f.Note, ":")
	}
	return append(line, order, "limit "+measured(f.Limit, f.LimitError), strings.TrimSpace(f.Note))
}
