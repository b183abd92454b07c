#!/bin/sh
# Print the values that stamped artifacts carry. Bazel runs it on each build, see .bazelrc.
# A checkout without git history (an unpacked archive) still builds: its commit is "unknown".

commit=$(git rev-parse HEAD 2>/dev/null) || commit=unknown
version=$(git describe --tags --always --dirty 2>/dev/null) || version=0.0.0-dev

echo "STABLE_GIT_COMMIT $commit"
echo "STABLE_GRANARY_VERSION $version"
