"""The programs that an `up` runs, written down in its state folder for those who look for them.

    {"order_processor": {"pid": 4711, "started": "8812", "address": "http://127.0.0.1:8081"}, ...}

The file is there while `up` runs, and may outlast one that was killed. `started` tells a process
from a later one with its number: the field `starttime` of proc(5).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.dev.errors import DevError

PROGRAMS = "programs.json"
# Of /proc/PID/stat, counted after the command's name, which may hold spaces.
START_FIELD = 19


@dataclass(frozen=True)
class Program:
    """A program as `up` started it."""

    pid: int
    started: str
    address: str

    @classmethod
    def of(cls, pid: int, address: str) -> Program:
        """Return the program that the process is now."""
        return cls(pid, _started(pid), address)


def write_programs(folder: Path, programs: Mapping[str, Program]) -> None:
    """Write all programs down; a reader sees the old file or the new one."""
    text = json.dumps({name: asdict(program) for name, program in programs.items()}, indent=2)
    fresh = folder / f"{PROGRAMS}.new"
    fresh.write_text(text + "\n", encoding="utf-8")
    fresh.replace(folder / PROGRAMS)


def read_program(folder: Path, name: str) -> Program:
    """Return a program that an `up` with this state folder runs.

    Raises:
        DevError: none is written down there.
    """
    path = folder / PROGRAMS
    try:
        return Program(**json.loads(path.read_text(encoding="utf-8"))[name])
    except FileNotFoundError as error:
        raise DevError(f"no `up` runs with the state folder {folder}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DevError(f"{path} does not tell of {name}: {error!r}") from error


def kill_program(folder: Path, name: str, *, address: str) -> int:
    """End the program that listens at `address` by SIGKILL, and return its process id.

    Raises:
        DevError: it is not written down in the folder, listens elsewhere, has ended, or may not be
            signalled; then no process was touched.
    """
    program = read_program(folder, name)
    if program.address != address:
        raise DevError(f"the `up` of {folder} runs {name} at {program.address}, not at {address}")
    try:
        # Holds on to this very process, whatever becomes of its number meanwhile.
        handle = os.pidfd_open(program.pid)
    except OSError as error:
        raise DevError(f"process {program.pid} of {name}: {error.strerror}") from error
    try:
        if _started(program.pid) != program.started:
            raise DevError(f"process {program.pid} is not {name} any more")
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except OSError as error:
        raise DevError(f"process {program.pid} of {name}: {error.strerror}") from error
    finally:
        os.close(handle)
    return program.pid


def _started(pid: int) -> str:
    """Return when a process started, in clock ticks since boot; "" when there is none."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[START_FIELD]
    return ""
