"""Import a handler from an unpacked zip, in an interpreter that sees nothing else, and time it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

_SECONDS = 120
_TIMES = 3

# `-I -S`: no environment, no user's or system's site-packages, no folder of the script, so what is
# on the path is the standard library and what the program below puts there. `-B`: no bytecode is
# kept, as in Lambda.
_PYTHON = (sys.executable, "-I", "-S", "-B", "-W", "error::SyntaxWarning")

_ENVIRONMENT = {"AWS_DEFAULT_REGION": "us-east-1", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}

_PROGRAM = """\
import json, sys, time
sys.path[:0] = {path!r}
start = time.perf_counter()
import importlib
module = importlib.import_module({module!r})
seconds = time.perf_counter() - start
handler = getattr(module, {function!r}, None)
print(json.dumps({{"ms": seconds * 1000, "callable": callable(handler)}}))
"""

_IMPORT_TIME = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|(\s+)(\S+)")


@dataclass(frozen=True)
class Imported:
    """How an import went: `problem` if it failed, `ms` of each try, the slowest by themselves."""

    problem: str | None
    ms: tuple[float, ...] = ()
    slowest: tuple[tuple[str, float], ...] = ()

    @property
    def best_ms(self) -> float:
        """The time that the machine's other work disturbed least."""
        return min(self.ms)


def python_handler(
    folders: list[Path], handler: str, environment: Mapping[str, str] | None = None
) -> Imported:
    """Import `module.path.function` from `folders` in fresh interpreters."""
    module, _, function = handler.rpartition(".")
    program = _PROGRAM.format(path=[str(f) for f in folders], module=module, function=function)
    result = timed(
        lambda: _run(program, environment),
        module=module,
        missing=f"{module} has no function {function}",
    )
    if result.problem:
        return result
    return replace(result, slowest=_slowest(program, environment))


def timed(
    run: Callable[[], subprocess.CompletedProcess[str]], *, module: str, missing: str
) -> Imported:
    """Run a program that imports `module` some times, each in a process of its own.

    It writes `ms` and `callable` as JSON on its last line. The first try is not counted: it brings
    the files into memory, which says nothing about the zip. `missing` is the problem of a handler
    that is not there.
    """
    milliseconds = []
    for attempt in range(_TIMES + 1):
        ended = run()
        if ended.returncode != 0:
            return Imported(
                f"{module} cannot be imported from the zip alone:\n{brief(ended.stderr)}"
            )
        answer = json.loads(ended.stdout.splitlines()[-1])
        if not answer["callable"]:
            return Imported(missing)
        if attempt:
            milliseconds.append(float(answer["ms"]))
    return Imported(None, tuple(milliseconds))


def brief(stderr: str) -> str:
    """Return the end of what a program wrote; a line of minified code is long."""
    return "\n".join(line[:300] for line in stderr.splitlines()[-25:])


def _slowest(program: str, environment: Mapping[str, str] | None) -> tuple[tuple[str, float], ...]:
    """Return the five modules that took longest by themselves, in ms."""
    ended = _run(program, environment, "-X", "importtime")
    found = [
        (match.group(4), int(match.group(1)) / 1000)
        for match in _IMPORT_TIME.finditer(ended.stderr)
    ]
    return tuple(sorted(found, key=lambda pair: -pair[1])[:5])


def _run(
    program: str, environment: Mapping[str, str] | None, *options: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - this interpreter, on a program made here
        [*_PYTHON, *options, "-c", program],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
        env={**_ENVIRONMENT, **(environment or {})},
        cwd="/",
    )
