"""Pin a requirements.in into its lock: hashed, for Linux on x86_64 and arm64.

Usage: bazel run //:requirements.update [-- --upgrade | --upgrade-package NAME ...]

Arguments go to `uv pip compile`. Without any, pins that still fit are kept.
The targets that run this, each for its own lock, are made by `python_lock` in defs.bzl.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import uv

from tools.requirements.lock import INPUT_DIGEST_PREFIX, held, input_digest

# The package's own lookup expects an installed environment; Bazel lays wheels out as
# site-packages/ and bin/ side by side.
UV = Path(uv.__file__).parents[2] / "bin" / "uv"

HEADER = """\
# Made from requirements.in by `bazel run {target}`; do not edit.
{prefix}{digest}
#
"""


def main(arguments: list[str]) -> int:
    """Write the lock whole or not at all; return uv's exit code.

    What comes before the first `--` is from defs.bzl, the rest is for uv.
    """
    end = arguments.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("source", help="the requirements.in, from the workspace's root")
    parser.add_argument("lock")
    parser.add_argument("--target", required=True, help="what made the lock, for its header")
    parser.add_argument("--held-by", help="a lock whose versions hold for what source leaves open")
    settings = parser.parse_args(arguments[:end])
    workspace = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])
    source = (workspace / settings.source).read_text(encoding="utf-8")
    lock = workspace / settings.lock
    # uv runs in a folder that has nothing else, so that the lock's comments name no other place.
    with tempfile.TemporaryDirectory(dir=workspace, prefix=".requirements-") as name:
        folder = Path(name)
        (folder / "requirements.in").write_text(source, encoding="utf-8")
        made = folder / "requirements_lock.txt"
        if lock.exists():
            made.write_bytes(lock.read_bytes())
        constraints: list[str] = []
        if settings.held_by:
            main_lock = (workspace / settings.held_by).read_text(encoding="utf-8")
            pins = [f"{name}=={version}\n" for name, version in held(source, main_lock).items()]
            (folder / "held.txt").write_text("".join(pins), encoding="utf-8")
            constraints = ["--constraints=held.txt"]
        compiled = subprocess.run(  # noqa: S603
            [
                UV,
                "pip",
                "compile",
                "requirements.in",
                f"--output-file={made.name}",
                "--quiet",
                "--generate-hashes",
                "--no-header",
                # rules_python reads the wanted extras from the lock.
                "--no-strip-extras",
                "--python-version=3.13",
                "--universal",
                *constraints,
                *arguments[end + 1 :],
            ],
            cwd=folder,
            check=False,
        )
        if compiled.returncode != 0:
            return compiled.returncode
        digest = input_digest(source)
        header = HEADER.format(target=settings.target, prefix=INPUT_DIGEST_PREFIX, digest=digest)
        made.write_text(header + made.read_text(encoding="utf-8"), encoding="utf-8")
        made.replace(lock)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
