#!/bin/bash
# Starts Node.js on one file, in the runfiles of its target.
set -o errexit -o nounset -o pipefail

runfiles=${RUNFILES_DIR:-}
if [ -z "$runfiles" ]; then
	case $0 in
	*.runfiles/*) runfiles=${0%.runfiles/*}.runfiles ;;
	*) runfiles=$0.runfiles ;;
	esac
fi
case $runfiles in
/*) ;;
*) runfiles=$PWD/$runfiles ;;
esac
export JS_BINARY__RUNFILES=$runfiles
export JS_BINARY__WORKSPACE={{workspace}}
export JS_BINARY__BINDIR={{bindir}}

{{env}}

# As a tool of an action it runs in the output tree, else where Bazel has started it.
if [ -n "${BAZEL_BINDIR:-}" ]; then
	cd "$BAZEL_BINDIR"
fi
chdir='{{chdir}}'
if [ -n "$chdir" ]; then
	cd "$chdir"
fi

exec {{node}} --preserve-symlinks-main \
	--import="$runfiles/{{runfiles_hooks}}" \
	{{node_options}} -- "$runfiles/{{entry_point}}" {{fixed_args}} "$@"
