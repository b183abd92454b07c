#!/bin/bash
# Pushes an image by digest, then names it with tags.
# Usage: push.sh [--repository REPOSITORY] [--tag TAG]...
set -o errexit -o nounset -o pipefail

readonly runfiles="${RUNFILES_DIR:-$0.runfiles}"
readonly image="$runfiles/{{image_dir}}"
readonly tags_file="{{tags_file}}"

die() {
  printf 'push: %s\n' "$1" >&2
  exit 1
}

repository="{{repository}}"
tags=()
while (($# > 0)); do
  case "$1" in
    --repository=* | --tag=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
    -r | --repository)
      repository="$2"
      shift 2
      ;;
    -t | --tag)
      tags+=("$2")
      shift 2
      ;;
    *) die "the stand-in of rules_oci does not know the argument $1" ;;
  esac
done
[[ -n "$repository" ]] || die "repository not set: pass --repository"
if [[ -n "$tags_file" ]]; then
  while read -r tag; do
    [[ -z "$tag" ]] || tags+=("$tag")
  done <"$runfiles/$tags_file"
fi

digest=$(sed --quiet 's/.*"digest":"\(sha256:[0-9a-f]*\)".*/\1/p' "$image/index.json")
[[ -n "$digest" ]] || die "no digest in $image/index.json"
crane push "$image" "$repository@$digest"
for tag in "${tags[@]}"; do
  crane tag "$repository@$digest" "$tag"
done
