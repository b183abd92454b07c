#!/usr/bin/env bash
# Start DynamoDB Local with the Java runtime and the jars of its runfiles.
# Run by people through `bazel run //tools/dynamodb_local`, and by server.py.
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
class_path=$runfiles/{{CLASSES}}
for jar in "${jars[@]}"; do
	class_path+=:$runfiles/$jar
done

# The folder that `bazel run` was called from is what a relative --data-dir means.
cd -- "${BUILD_WORKING_DIRECTORY:-.}"

# C1 only and the serial collector: up in 1 s instead of 4, and faster for the few thousand
# requests of a test run than code that C2 still compiles. SQLite's library is unpacked to tmpdir.
exec "$runfiles/{{JAVA}}" \
	--enable-native-access=ALL-UNNAMED \
	-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx512m -XX:-UsePerfData \
	-Dorg.sqlite.tmpdir="${TEST_TMPDIR:-${TMPDIR:-/tmp}}" \
	-cp "$class_path" LoopbackServer "$@"
