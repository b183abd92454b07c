"""Run Bazel in a Debian root filesystem, for networks that reach package registries only.

The whole folder can be deleted: then tools/bazel knows the registry way alone.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bazel_launcher.errors import LauncherError
from registry_only import namespace, prepare, settings

# Debian's build carries no version label, and rule sets would take it for the newest Bazel.
BAZEL_VERSION = "7.7.1"

# The machine's own choice of tools means nothing inside, and some of it breaks Bazel there.
DROPPED_VARIABLES = ("BAZEL_REAL", "JAVA_HOME", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH")


def execute(arguments: list[str], workspace: Path, cache: Path) -> None:
    """Replace this process by Bazel in its root filesystem, made first if need be.

    Raises:
        LauncherError: it cannot be made or entered.
    """
    if sys.platform != "linux":
        raise LauncherError("the registry-only way needs Linux; GRANARY_BAZEL=registry is left")
    root = prepare.root_filesystem(cache)
    download_from = settings.addresses(root)
    rc_file = settings.write_rc_file(download_from, cache)
    namespace.enter(root, kept=(workspace, cache))
    environment = {k: v for k, v in os.environ.items() if k not in DROPPED_VARIABLES}
    environment.update(
        # For programs under `run`, such as those that re-lock.
        download_from,
        PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
        BAZEL_DEV_VERSION_OVERRIDE=BAZEL_VERSION,
    )
    environment.setdefault("USER", "root")
    command = [
        "/usr/bin/bazel",
        # Debian's system-wide settings override modules without a word.
        "--nosystem_rc",
        f"--bazelrc={rc_file}",
        *arguments,
    ]
    os.execve(command[0], command, environment)  # noqa: S606
