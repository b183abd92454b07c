"""Measure a function's zip: sizes, import alone, cold start and warm invocation."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from tools.build.lambdas.checks.archive import Archive
from tools.lambda_local.runtime import Function, Invocation, RunningFunction, running


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A function to measure, with an event that it handles without anything outside."""

    name: str
    zip: Path
    handler: str
    runtime: str
    environment: Mapping[str, str] = field(default_factory=dict)
    event: Any = None


@dataclass(frozen=True)
class Figures:
    """Sizes in bytes, times in ms: the best start, the median of the rest."""

    name: str
    zipped_bytes: int
    unzipped_bytes: int
    init_ms: float
    first_ms: float
    warm_ms: float


class UnfitError(Exception):
    """A function failed on the event that it was measured with."""


@dataclass
class _Times:
    """What was measured of one function."""

    init: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)


async def measure(subjects: Sequence[Subject], *, starts: int, invocations: int) -> list[Figures]:
    """Start each function `starts` times and invoke it as often each time.

    The functions take turns, so that a change of the machine's load meets all of them. The first
    start of each is not counted: it reads the files from disk.

    Raises:
        UnfitError: an invocation failed.
    """
    times = [_Times() for _ in subjects]
    for start in range(starts + 1):
        for subject, one in zip(subjects, times, strict=True):
            await _start(subject, one if start else _Times(), invocations)
    return [_figures(subject, one) for subject, one in zip(subjects, times, strict=True)]


async def _start(subject: Subject, times: _Times, invocations: int) -> None:
    function = Function(
        zip=subject.zip,
        handler=subject.handler,
        runtime=subject.runtime,
        environment=subject.environment,
    )
    async with running(function) as ready:
        first = await _invoke(subject, ready)
        if first.init_ms is None:
            raise UnfitError(f"{subject.name}: the first event did not start it")
        times.init.append(first.init_ms)
        times.first.append(first.duration_ms)
        for _ in range(invocations):
            times.warm.append((await _invoke(subject, ready)).duration_ms)


async def _invoke(subject: Subject, ready: RunningFunction) -> Invocation:
    result = await ready.invoke(subject.event)
    if result.error:
        raise UnfitError(f"{subject.name}: {result.error}\n{result.log}")
    return result


def _figures(subject: Subject, times: _Times) -> Figures:
    archive = Archive.read(subject.zip)
    return Figures(
        name=subject.name,
        zipped_bytes=archive.zipped_bytes,
        unzipped_bytes=archive.unzipped_bytes,
        init_ms=min(times.init),
        first_ms=median(times.first),
        warm_ms=median(times.warm),
    )


def without_bytecode(source: Path, target: Path) -> None:
    """Copy a zip without the bytecode of its modules."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            if not entry.filename.endswith(".pyc"):
                new.writestr(entry, old.read(entry))


def variants(subject: Subject, folder: Path) -> list[Subject]:
    """Return the function, and for Python the same without bytecode."""
    if not subject.runtime.startswith("python"):
        return [subject]
    stripped = folder / f"{subject.name}_without_bytecode.zip"
    without_bytecode(subject.zip, stripped)
    return [
        subject,
        replace(subject, name=f"{subject.name}, without bytecode", zip=stripped),
    ]


async def measure_all(
    subjects: Sequence[Subject], *, starts: int, invocations: int
) -> list[Figures]:
    """Measure each function and its variants."""
    with tempfile.TemporaryDirectory() as folder:
        every = [one for subject in subjects for one in variants(subject, Path(folder))]
        return await measure(every, starts=starts, invocations=invocations)
