"""Gives an image to the local container engine: the `loader` of rules_oci's oci_load.

Called as `loader load --input FILE`, where FILE may be a pipe. Takes docker, else podman; an engine
that is installed but does not run is passed over.

Exit codes: 0 loaded, 1 the engine refused, 3 no engine.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

_ENGINES = ("docker", "podman")
_NO_ENGINE = 3


def running_engine() -> str | None:
    """The first engine that answers."""
    for engine in _ENGINES:
        program = shutil.which(engine)
        if program is None:
            continue
        command = [program, "info"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:  # noqa: S603
            return program
    return None


def main() -> int:
    """Load the image through the engine's standard input."""
    parser = argparse.ArgumentParser(prog="load")
    parser.add_argument("command", choices=["load"])
    parser.add_argument("--input", type=Path, required=True)
    arguments = parser.parse_args()
    engine = running_engine()
    if engine is None:
        # rules_oci writes into a pipe, and would complain that nobody reads it.
        with arguments.input.open("rb") as archive, Path(os.devnull).open("wb") as nowhere:
            shutil.copyfileobj(archive, nowhere)
        sys.stderr.write(f"load: no container engine runs here: start {' or '.join(_ENGINES)}\n")
        return _NO_ENGINE
    # By standard input: the engine may see another file system than this program does.
    with arguments.input.open("rb") as archive:
        done = subprocess.run([engine, "load"], stdin=archive, check=False)  # noqa: S603
    return min(done.returncode, 1)


if __name__ == "__main__":
    sys.exit(main())
