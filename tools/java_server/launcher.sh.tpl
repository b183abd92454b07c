#!/usr/bin/env bash
# Start a server with the Java runtime and the jars of its runfiles.
# Run by people through `bazel run`, and by process.py.
set -euo pipefail

# Beside this script when it was built as the main target; around it when it is data of another.
if [[ -d "${BASH_SOURCE[0]}.runfiles" ]]; then
	runfiles=$(cd -- "${BASH_SOURCE[0]}.runfiles" && pwd)
else
	runfiles=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/{{TO_RUNFILES}}" && pwd)
fi
readonly runfiles

readonly jars=(
{{JARS}}
)
readonly flags=(
{{FLAGS}}
)
class_path=$runfiles/{{CLASSES}}
for jar in "${jars[@]}"; do
	class_path+=:$runfiles/$jar
done

# The folder that `bazel run` was called from is what a relative path in an option means.
cd -- "${BUILD_WORKING_DIRECTORY:-.}"

# C1 only and the serial collector: up in a second or so instead of 4, and faster for the few
# thousand requests of a test run than code that C2 still compiles.
exec "$runfiles/{{JAVA}}" \
	-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData \
	-Djava.io.tmpdir="${TEST_TMPDIR:-${TMPDIR:-/tmp}}" \
	"${flags[@]}" -cp "$class_path" {{MAIN_CLASS}} "$@"
