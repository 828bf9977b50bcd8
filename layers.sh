#!/usr/bin/env bash
# Rooms in their order: a package imports only rooms before its own, or its own.
# Tests of a low room may import a higher one from an external test package,
# which `go list` does not count among the imports.
set -euo pipefail
cd "$(dirname "$0")"
go list -f '{{.ImportPath}} {{join .Imports " "}}' ./... | awk '
	BEGIN {
		n = split("grid operators fractional solvers cases validate cmd", rooms, " ")
		for (i = 1; i <= n; i++) place[rooms[i]] = i
	}
	function room(path, parts) { split(path, parts, "/"); return parts[2] }
	{
		own = room($1)
		if (!(own in place)) { print "layers: " $1 " is in no room"; bad = 1; next }
		for (i = 2; i <= NF; i++)
			if ($i ~ /^fokker\// && place[room($i)] > place[own]) {
				print "layers: " $1 " imports " $i " from a later room"; bad = 1
			}
	}
	END { exit bad }'
