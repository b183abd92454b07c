"""What figures are from: the machine, the commit and the command."""

import os
import platform
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures are from."""

    command: str
    commit: str
    cpu: str
    python: str


def this_machine(target: str, arguments: list[str]) -> Machine:
    """Return what a run of a target with these arguments is run on."""
    shown = re.sub(r"\s*--output[= ]\S+", "", shlex.join(arguments)).strip()
    command = f"tools/bazel run {target}" + (f" -- {shown}" if shown else "")
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*:\s*(.+)$", info, re.MULTILINE)
    name = model[1] if model else platform.machine()
    return Machine(command, _commit(), f"{name}, {os.cpu_count()} CPUs", platform.python_version())


def _commit() -> str:
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY", ".")
    try:
        commit = _git(workspace, "rev-parse", "--short=12", "HEAD")
        changed = _git(workspace, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}, with changes" if changed else commit


def _git(folder: str, *arguments: str) -> str:
    command = ["git", "-C", folder, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return done.stdout.strip()
