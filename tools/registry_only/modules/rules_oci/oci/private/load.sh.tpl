#!/bin/bash
# Gives an image to a container engine, through the loader.
set -o errexit -o nounset -o pipefail

export RUNFILES_DIR="${RUNFILES_DIR:-$0.runfiles}"
# An engine of the machine itself runs outside this root file system.
readonly host=/run/host

shims=$(mktemp --directory)
trap 'rm --recursive --force "$shims"' EXIT
for engine in docker podman; do
  if [[ -d "$host" ]] && ! command -v "$engine" >/dev/null &&
    chroot "$host" /bin/sh -c "command -v $engine" >/dev/null 2>&1; then
    printf '#!/bin/sh\nexec chroot %s %s "$@"\n' "$host" "$engine" >"$shims/$engine"
    chmod +x "$shims/$engine"
  fi
done

PATH="$PATH:$shims" "$RUNFILES_DIR/{{loader}}" load --input <(
  "$RUNFILES_DIR/{{archive}}" "$RUNFILES_DIR/{{image_dir}}" {{repo_tags}}
)
