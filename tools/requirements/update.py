"""Pin requirements.in into requirements_lock.txt: hashed, for Linux on x86_64 and arm64.

Usage: bazel run //:requirements.update [-- --upgrade | --upgrade-package NAME ...]

Arguments go to `uv pip compile`. Without any, pins that still fit are kept.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import uv

from tools.requirements.lock import INPUT_DIGEST_PREFIX, input_digest

# The package's own lookup expects an installed environment; Bazel lays wheels out as
# site-packages/ and bin/ side by side.
UV = Path(uv.__file__).parents[2] / "bin" / "uv"

HEADER = """\
# Made from requirements.in by `bazel run //:requirements.update`; do not edit.
{prefix}{digest}
#
"""


def main(arguments: list[str]) -> int:
    """Write the lock whole or not at all; return uv's exit code."""
    workspace = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])
    source, lock = workspace / "requirements.in", workspace / "requirements_lock.txt"
    with tempfile.TemporaryDirectory(dir=workspace, prefix=".requirements-") as folder:
        made = Path(folder) / lock.name
        if lock.exists():
            made.write_bytes(lock.read_bytes())
        compiled = subprocess.run(  # noqa: S603
            [
                UV,
                "pip",
                "compile",
                "requirements.in",
                f"--output-file={made}",
                "--quiet",
                "--generate-hashes",
                "--no-header",
                # rules_python reads the wanted extras from the lock.
                "--no-strip-extras",
                "--python-version=3.13",
                "--universal",
                *arguments,
            ],
            cwd=workspace,
            check=False,
        )
        if compiled.returncode != 0:
            return compiled.returncode
        header = HEADER.format(prefix=INPUT_DIGEST_PREFIX, digest=input_digest(source.read_text()))
        made.write_text(header + made.read_text())
        made.replace(lock)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
