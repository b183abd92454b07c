#!/bin/bash
# run.sh BINDIR CHDIR STDOUT STDERR SILENT COMMAND...: one action of js_run_binary.
set -o errexit -o nounset -o pipefail

root=$PWD
bindir=$1 chdir=$2 stdout=$3 stderr=$4 silent=$5
shift 5

cd "$bindir"
# The entry point is named relative to the output tree, whatever folder it then runs in.
command=()
previous=
for word in "$@"; do
	if [ "$previous" = -- ]; then
		command+=("$PWD/$word")
		previous=passed
		continue
	fi
	command+=("$word")
	[ "$previous" = passed ] || previous=$word
done
cd "$chdir"

if [ -n "$stderr" ]; then
	exec 2>"$root/$stderr"
fi
if [ -n "$stdout" ]; then
	exec >"$root/$stdout"
fi
if [ -z "$silent" ] || { [ -n "$stdout" ] && [ -n "$stderr" ]; }; then
	exec "${command[@]}"
fi

said=$(mktemp)
trap 'rm -f "$said"' EXIT
if [ -n "$stdout" ]; then
	"${command[@]}" 2>"$said" || { status=$?; cat "$said" >&2; exit "$status"; }
else
	"${command[@]}" >"$said" 2>&1 || { status=$?; cat "$said" >&2; exit "$status"; }
fi
