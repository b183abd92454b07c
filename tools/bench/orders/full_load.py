"""The second part of a run: both variants as fast as they go, on a database that answers at once.

Nothing is stored, so nothing can be checked but the answers; the first part checks what is stored.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from tools.bench.orders.database import TABLES
from tools.bench.orders.figures import FullRound, cpu_between, full_round_of
from tools.bench.orders.load import Load
from tools.bench.orders.run import Measured, Options, Profile
from tools.bench.orders.serving import BenchmarkError, python_environment
from tools.bench.orders.variants import PLAIN, PLATFORM, Running, profiled, running

_PROFILE_ROUNDS = 2
"""Length of the load for a profile, in rounds: samples are few."""
_TABLE_NAMES = {name: name for name in TABLES}
_START_SECONDS = 60


async def measure_full_load(
    options: Options,
    measured: Measured,
    *,
    folder: Path,
    cpus: set[int],
    say: Callable[[str], None],
) -> None:
    """Run both variants side by side and load them in turn; then profile, when told to.

    `cpus` are the services'; the database gets those of this process.
    """
    async with instant_database() as endpoint:
        async with AsyncExitStack() as stack:
            systems = []
            for variant in (PLATFORM, PLAIN):
                system = await stack.enter_async_context(
                    running(variant, endpoint=endpoint, tables=_TABLE_NAMES, logs=folder, cpus=cpus)
                )
                systems.append((system, Load(system.url, options.orders())))
            for turn in range(1, options.rounds + 1):
                for system, load in systems:
                    name = system.variant.name
                    figures = await _round(options, system, load, measured)
                    measured.full_load.setdefault(name, []).append(figures)
                    say(f"full load {turn} {name:8} {_in_short(figures)}")
        if options.profile:
            say(f"profiling {options.profile}")
            measured.profile = await _profile(
                options, options.profile, measured, endpoint=endpoint, folder=folder, cpus=cpus
            )


@asynccontextmanager
async def instant_database() -> AsyncIterator[str]:
    """Run instant.py as a process, on the CPUs of this one; the value is its URL.

    Raise BenchmarkError when it does not start.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tools.bench.orders.instant",
        env=python_environment(),
        stdin=DEVNULL,
        stdout=PIPE,
    )
    try:
        yield f"http://127.0.0.1:{await _port(process.stdout)}"
    finally:
        with suppress(ProcessLookupError):
            process.kill()  # it has nothing to save
        await process.wait()


async def _port(output: asyncio.StreamReader | None) -> int:
    said = b""
    with suppress(TimeoutError):
        async with asyncio.timeout(_START_SECONDS):
            said = await output.readline() if output else b""
    word, _, port = said.decode().partition(" ")
    if word != "listening":
        raise BenchmarkError(f"the instant database does not start, and says {said!r}")
    return int(port)


async def _round(options: Options, system: Running, load: Load, measured: Measured) -> FullRound:
    """Load a variant once; the other one idles, which at full load is too little to subtract."""
    warm_up = await load.run_closed(options.clients, options.warm_up)
    before = system.usage()
    answers = await load.run_closed(options.clients, options.seconds)
    busy = cpu_between(before, system.usage())
    measured.problems += warm_up.problems + answers.problems
    return full_round_of(answers, busy=busy)


def _in_short(figures: FullRound) -> str:
    cpu = ", ".join(f"{service} {each:.2f} ms" for service, each in figures.cpu_ms.items())
    return f"{figures.rate:.0f} orders a second, CPU an order: {cpu}"


async def _profile(
    options: Options,
    service: str,
    measured: Measured,
    *,
    endpoint: str,
    folder: Path,
    cpus: set[int],
) -> Profile:
    """Load a platform of its own, whose `service` is sampled."""
    stacks = folder / "stacks.json"
    variant = profiled(service, stacks)
    async with running(
        variant, endpoint=endpoint, tables=_TABLE_NAMES, logs=folder, cpus=cpus
    ) as system:
        load = Load(system.url, options.orders())
        warm_up = await load.run_closed(options.clients, options.warm_up)
        pid = system.services[service].pid
        before = system.usage()
        os.kill(pid, signal.SIGUSR1)
        answers = await load.run_closed(options.clients, options.seconds * _PROFILE_ROUNDS)
        seconds = cpu_between(before, system.usage())[service]
        os.kill(pid, signal.SIGUSR2)
    measured.problems += warm_up.problems + answers.problems
    samples = json.loads(stacks.read_text(encoding="utf-8"))
    return Profile(service, 1000 * seconds / max(1, len(answers.latencies_ms)), samples)
