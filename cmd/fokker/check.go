package main

import (
	"bytes"

	"github.com/spf13/cobra"
)

func checkCommand() *cobra.Command {
	var a asked
	cmd := &cobra.Command{
		Use:   "check CASE",
		Short: "Say what a case states, without solving it",
		Long: `check reads a case and says what it understood: the equation, the axes, the
tasks, what a run will need, and where mesh or walls may spoil the result.
` + namesACase,
		Example: `  fokker check doublewell
  fokker check well.toml --cells x=1000`,
		Args:              one("one case"),
		ValidArgsFunction: completeCase,
		RunE: func(cmd *cobra.Command, args []string) error {
			a.name = args[0]
			return check(cmd, &a)
		},
	}
	a.addFlags(cmd)
	return cmd
}

func check(cmd *cobra.Command, a *asked) error {
	var text bytes.Buffer
	_, err := finish(cmd.Context(), func() (struct{}, error) {
		c, err := a.read(cmd.InOrStdin())
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, c.Describe(&text)
	})
	if cmd.Context().Err() != nil {
		return cmd.Context().Err() // the description may still be under way
	}
	if failed := write(cmd, text.String()); failed != nil {
		return failed
	}
	return err
}
