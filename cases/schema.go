package cases

import (
	"fmt"
	"slices"
	"strings"
)

// keys lists what each table may hold. A table that is not listed has names of
// the user's.
var keys = map[string][]string{
	"":                {"title", "about", "accuracy", "parameters", "define", "axis", "process", "sgd", "initial", "stationary", "evolve", "quasistationary", "validate", "learning", "influence", "compare", "observables", "numerics"},
	"axis":            {"name", "range", "cells", "boundary", "walls", "spacing", "faces"},
	"process":         {"drift", "diffusion", "noise", "calculus", "potential", "mobility", "temperature", "killing", "period"},
	"sgd":             {"loss", "data", "columns", "standardize", "weights", "regularizer", "learning_rate", "lr", "batch_size", "sampling", "optimizer", "model", "equation", "noise", "batches", "covariance", "test_data", "test_loss"},
	"initial":         {"mean", "std", "covariance", "point", "density", "uniform"},
	"stationary":      {"method", "tolerance"},
	"quasistationary": {"within", "method", "tolerance"},
	"evolve":          {"until", "outputs", "times", "steps", "method", "tolerance"},
	"learning":        {"temperature", "temperatures", "basins"},
	"influence":       {"of", "law"},
	"compare":         {"models", "steps", "particles", "seed", "tolerance"},
	"validate":        {"particles", "step", "seed", "at", "level", "method", "sampling"},
	"numerics":        {"order", "nonnegative", "errors", "workers", "memory_limit", "time_limit"},

	"axis.spacing": {"finest", "ratio", "at", "width"},
}

// later lists keys and tables that this version refuses by name.
var later = map[string][]string{
	"":         {"modes", "passage", "balance", "correlation"},
	"process":  {"odd", "levy", "jump", "caputo"},
	"sgd":      {"fields", "velocity", "first_moment", "second_moment", "momentum", "dampening", "nesterov", "betas", "alpha", "eps", "weight_decay"},
	"initial":  {"file"},
	"numerics": {"engine"},
}

// checkKeys reports every unknown key, key that is not available yet, and key
// that belongs elsewhere.
func (r *reader) checkKeys(t *table, kind string) {
	known, closed := keys[kind]
	for _, e := range t.entries {
		path := join(t.path, e.key)
		switch {
		case slices.Contains(later[kind], e.key):
			r.fail(e.line, path, notAvailable(kind, e.key, e.value), "", "")
		case closed && !slices.Contains(known, e.key):
			r.fail(e.line, path, "unknown key", "", unknownHint(kind, e.key))
		default:
			r.checkBelow(e, join(kind, e.key))
		}
	}
}

func (r *reader) checkBelow(e entry, kind string) {
	switch v := e.value.(type) {
	case *table:
		r.checkKeys(v, kind)
	case []*table:
		for _, t := range v {
			r.checkKeys(t, kind)
		}
	}
}

func notAvailable(kind, key string, value any) string {
	name := fmt.Sprintf("%q", key)
	switch value.(type) {
	case *table:
		name = "[" + join(kind, key) + "]"
	case []*table:
		name = "[[" + join(kind, key) + "]]"
	}
	return name + " is not available in this version"
}

// unknownHint says where a key belongs, or which known one is near.
func unknownHint(kind, key string) string {
	here := append(slices.Clone(keys[kind]), later[kind]...)
	if n := nearest(key, here); n != "" {
		return fmt.Sprintf("did you mean %q?", n)
	}
	var homes []string
	for table, known := range keys {
		if table != kind && slices.Contains(known, key) {
			homes = append(homes, heading(table))
		}
	}
	slices.Sort(homes)
	if len(homes) > 0 {
		return fmt.Sprintf("%q belongs in %s", key, strings.Join(homes, " or "))
	}
	return "known keys: " + strings.Join(keys[kind], ", ")
}

func heading(table string) string {
	switch table {
	case "":
		return "the top of the file, above the first table"
	case "axis":
		return "[[axis]]"
	}
	return "[" + table + "]"
}
