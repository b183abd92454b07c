"""Rounds: both services in turn, each busy until it has used enough CPU time to tell."""

import asyncio
import math
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tools.bench.beside.bench import PLAIN, PLATFORM, AnswerError, Bench, Case
from tools.bench.orders.processes import apart, peak_mb, reset_peak, usage
from tools.bench.orders.serving import Service, python_environment, serving

_ANSWER_SECONDS = 300
_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Options:
    """How long is measured."""

    rounds: int = 5
    """Of each case, on each side."""
    cpu_seconds: float = 1.0
    """That a service uses in a round, at least; its clock ticks a hundred times a second."""
    only: str = ""
    """A part of the names of the cases that are measured."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one side did in one round."""

    records: int
    cpu_seconds: float
    """Of the service's process, in user and kernel mode."""
    seconds: float
    peak_mb: float
    """The most memory that it held in the round."""

    @property
    def rate(self) -> float:
        """Records a CPU second."""
        return self.records / self.cpu_seconds if self.cpu_seconds else math.nan

    @property
    def busy_percent(self) -> float:
        """CPU time in percent of one CPU."""
        return 100 * self.cpu_seconds / self.seconds


type Rounds = dict[str, list[Round]]
"""By side; those of one place in the lists ran one after the other."""


async def measure(
    bench: Bench, options: Options, *, folder: Path, say: Callable[[str], None]
) -> dict[str, Rounds]:
    """Return the rounds of each case by its name. `folder` takes the services' logs.

    Raise AnswerError when an answer is wrong or the two sides' differ, BenchmarkError when a
    service does not start.
    """
    allowed = os.sched_getaffinity(0)
    cpus, others = apart()
    os.sched_setaffinity(0, others)
    try:
        return await _measure(bench, options, folder=folder, cpus=cpus, say=say)
    finally:
        os.sched_setaffinity(0, allowed)


async def _measure(
    bench: Bench, options: Options, *, folder: Path, cpus: set[int], say: Callable[[str], None]
) -> dict[str, Rounds]:
    measured: dict[str, Rounds] = {}
    async with AsyncExitStack() as stack:
        services: dict[str, Service] = {}
        for name, side in bench.sides.items():
            environment = {
                **python_environment(),
                "HOST": "127.0.0.1",
                "PORT": "0",
                **side.environment,
            }
            services[name] = await stack.enter_async_context(
                serving(
                    side.arguments, environment=environment, log=folder / f"{name}.log", cpus=cpus
                )
            )
        session = await stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=_ANSWER_SECONDS),
            )
        )
        for case in bench.cases:
            if options.only not in case.name:
                continue
            ask = case.show or case.ask
            answers = {name: await ask(session, each.url) for name, each in services.items()}
            case.same(answers[PLATFORM], answers[PLAIN])
            del answers
            rounds: Rounds = {name: [] for name in services}
            for turn in range(1, options.rounds + 1):
                for name, service in services.items():
                    done = await _round(case, options, session, service)
                    rounds[name].append(done)
                    say(f"{case.name} {turn} {name:8} {done.rate:.0f} {bench.records} a CPU second")
            measured[case.name] = rounds
    return measured


async def _round(
    case: Case, options: Options, session: aiohttp.ClientSession, service: Service
) -> Round:
    """Keep a service busy for a round; the other one idles, which costs next to nothing."""
    asked = 0
    over = False
    reset_peak(service.pid)
    loop = asyncio.get_running_loop()
    started, before = loop.time(), usage(service.pid).cpu_seconds

    async def client() -> None:
        nonlocal asked
        while not over:
            await case.ask(session, service.url)
            asked += 1

    async def watch() -> None:
        nonlocal over
        while not over:
            await asyncio.sleep(_LOOK_SECONDS)
            over = usage(service.pid).cpu_seconds - before >= options.cpu_seconds

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(watch())
            for _ in range(case.clients):
                group.create_task(client())
    except* (AnswerError, aiohttp.ClientError, OSError) as errors:
        raise AnswerError(f"{case.name}: {errors.exceptions[0]}") from errors
    used = usage(service.pid).cpu_seconds - before
    seconds = loop.time() - started
    return Round(asked * case.records, used, seconds, peak_mb(service.pid))
