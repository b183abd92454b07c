"""Services as processes: Python programs that say on which port they listen, and answer /health."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

_START_SECONDS = 60
_STOP_SECONDS = 30
_POLL_SECONDS = 0.05
_SHOWN_OF_LOG = 2000

# As a service's own program does it (tools/build/python/service.bzl).
_SERVE = "import sys; from libs.service_kit.server import serve; sys.exit(serve({app!r}, port=0))"


class BenchmarkError(Exception):
    """The benchmark cannot be run; the message says why."""


@dataclass(frozen=True, slots=True)
class Service:
    """A running service."""

    pid: int
    url: str


def platform_service(name: str) -> Sequence[str]:
    """Return the arguments for Python that run a service of the platform."""
    return ("-c", _SERVE.format(app=f"services.{name}.app:app"))


def plain_service(app: str) -> Sequence[str]:
    """Return the arguments for Python that run a plain service; `app` is MODULE:APP."""
    return ("-m", "tools.bench.orders.plain.server", app)


def python_environment() -> dict[str, str]:
    """Return what a Python process needs of this one's environment, to find the same modules."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        # The folder that this is called from is no place for modules.
        "PYTHONSAFEPATH": "1",
    }


@asynccontextmanager
async def serving(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    cpus: set[int] | None = None,
) -> AsyncIterator[Service]:
    """Run a service while the context lasts, on `cpus`, else on those of this process.

    `arguments` are those for Python; its output goes to `log`, whose name is the service's.
    Raise BenchmarkError when it does not start.
    """
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        if cpus:
            os.sched_setaffinity(process.pid, cpus)
        try:
            async with asyncio.timeout(_START_SECONDS):
                url = f"http://127.0.0.1:{await _port(process, log)}"
                await _healthy(url, process, log)
        except TimeoutError as error:
            raise BenchmarkError(f"{log.stem} does not answer: {_end_of(log)}") from error
        yield Service(process.pid, url)
    finally:
        await _stop(process)


async def _port(process: Process, log: Path) -> int:
    """Return the port that the process says it listens on."""
    while (port := _said_port(log)) is None:
        _must_run(process, log)
        await asyncio.sleep(_POLL_SECONDS)
    return port


def _said_port(log: Path) -> int | None:
    for line in log.read_text(encoding="utf-8").splitlines(keepends=True):
        if '"listening"' in line and line.endswith("\n"):
            return int(json.loads(line)["port"])
    return None


async def _healthy(url: str, process: Process, log: Path) -> None:
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/health") as answer:
                    answer.raise_for_status()
                    return
            except aiohttp.ClientConnectionError:
                _must_run(process, log)
                await asyncio.sleep(_POLL_SECONDS)


def _must_run(process: Process, log: Path) -> None:
    if process.returncode is not None:
        raise BenchmarkError(f"{log.stem} ended with {process.returncode}: {_end_of(log)}")


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8")[-_SHOWN_OF_LOG:]


async def _stop(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
