"""What a process costs, from /proc: CPU time and memory."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# Fields of /proc/<pid>/stat after the command in brackets, which may hold spaces (proc(5)).
_UTIME, _STIME = 11, 12


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process used so far."""

    cpu_seconds: float
    """Of all its threads, in user and kernel mode."""
    rss_mb: float
    """Memory that it holds now, in MB (10^6 bytes)."""


def apart() -> tuple[set[int], set[int]]:
    """Return the CPUs for what is measured and for all else, of those that this process may use.

    A database on the same CPU empties its caches between any two requests, which no database on
    another machine does. With one CPU there is no choice.
    """
    mine = sorted(os.sched_getaffinity(0))
    return ({mine[-1]}, set(mine[:-1])) if len(mine) > 1 else (set(mine), set(mine))


def usage(pid: int) -> Usage:
    """Return what the process `pid` used so far. Raise OSError when there is no such process."""
    folder = Path("/proc") / str(pid)
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[_UTIME]) + int(fields[_STIME])
    return Usage(ticks / _TICKS_A_SECOND, _megabytes(pid, "VmRSS"))


def peak_mb(pid: int) -> float:
    """Return the most memory that the process held since `reset_peak`, in MB (10^6 bytes).

    Raise OSError when there is no such process.
    """
    return _megabytes(pid, "VmHWM")


def reset_peak(pid: int) -> None:
    """Have `peak_mb` begin with what the process holds now. Raise OSError when it has ended."""
    Path("/proc", str(pid), "clear_refs").write_text("5")  # proc(5)


def _megabytes(pid: int, field: str) -> float:
    status = Path("/proc", str(pid), "status").read_text()
    found = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise ProcessLookupError(f"process {pid} has ended")
    return int(found[1]) * 1024 / 1e6
